/* tests/unit/pipeline/harness.h - one worker, one request, and what happened to it
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_UNIT_PIPELINE_HARNESS_H
#define FL_TESTS_UNIT_PIPELINE_HARNESS_H

#include "tests/unit/test.h"
#include "tests/unit/pipeline/fake.h"

struct fixture {
	struct fl_loop *loop;
	struct fl_metrics *metrics;
	struct fl_access_log log;
	struct fl_pipeline *pipeline;
	struct fl_pipeline_worker *worker;
	struct fl_instance first, second;
	struct fl_request req;
	unsigned ready, released;
};

extern struct fixture f;

/* server.limits.auth_failures of the next pipeline; 0 unless a test says otherwise. */
extern uint64_t auth_failures;
/* With a snapshot of fake_config() published. */
int set_up(void **state);
/* Without. */
int set_up_empty(void **state);
int tear_down(void **state);
/* f.req, as the transport fills it. */
struct fl_request *make(enum fl_method method, const char *path);
/* One whose connector has not answered yet. */
struct fl_request *wait_on(const char *path);
/* Sends what there is, and checks that nothing is left. */
void finish(struct fl_request *req);
/* Requests of a route ("": none) that ended with a status of this class. */
uint64_t counted(const char *route, unsigned class);
bool holds(struct fl_str s, struct fl_str part);
void assert_str(struct fl_str s, const char *expected);
void assert_kv(const fairlead_kv *kv, const char *name, const char *value);
void assert_problem(const struct fl_request *req, uint32_t status, const char *code);

#define HEADER(name, value) {{name, sizeof name - 1}, {value, sizeof value - 1}}
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

#endif
