/* tests/unit/connector/world.h - a connector host with its workers, for tests
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each worker's loop runs on a thread of its own, as in the gateway. Calls are made and cancelled on
 * it by world_call() and world_cancel(), which wait there and back.
 */
#ifndef FL_TESTS_UNIT_CONNECTOR_WORLD_H
#define FL_TESTS_UNIT_CONNECTOR_WORLD_H

#include <pthread.h>

#include "gateway/connector/call.h"
#include "tests/unit/folder.h"

struct world {
	struct fl_host *host;
	struct fl_metrics *metrics;
	struct world_worker {
		struct fl_loop *loop;
		struct fl_outbound *client;
		pthread_t thread;
	} workers[2];
	unsigned workers_n;
	char dir[FOLDER_PATH_MAX];
	unsigned on; /* the worker of the next calls */
	bool (*may)(const struct fl_host_deed *deed); /* NULL: all; set before instances are made */
};

extern struct world w;
/* One worker; limits of a fraction of a second. */
int world_setup(void **state);
/* Two workers; the host's own limits. */
int world_setup_two(void **state);
int world_teardown(void **state);

/* "echo", "echo-2", "mock-parallel", ... of the build folder. */
struct fl_module *world_load(const char *name);
/* An instance of it with {"mode": mode}; NULL when it could not be made, then world_error says why.
 * `change` (may be NULL) may alter the spec. */
extern struct fl_error world_error;
struct fl_instance *world_create(const char *name, const char *mode,
                                 void (*change)(struct fl_instance_spec *spec));
/* Drops it and waits until nothing retires any more. */
void world_drop(struct fl_instance *instance);

struct world_call {
	struct fl_call call;
	struct fl_arena arena;
	unsigned worker;
	int rc; /* of fl_call_start() */
	bool is_done, is_paid, is_owed;
	pthread_cond_t changed;
};

/* Starts a call with this body on the worker; *c is uninitialised memory. */
void world_start(struct world_call *c, struct fl_instance *instance, const char *body);
/* The same with a deadline; it is the test that must keep it. */
void world_start_until(struct world_call *c, struct fl_instance *instance, const char *body,
                       uint64_t deadline_ns);
/* Waits until it is done; fails the test after 20 s. */
void world_wait(struct world_call *c);
/* Cancels, and says whether it is owed still. */
bool world_cancel(struct world_call *c, uint32_t reason);
void world_wait_paid(struct world_call *c);
void world_finish(struct world_call *c);
/* All of the above for a call that ends by itself; the body or detail is in *text. */
enum fl_call_kind world_ask(struct fl_instance *instance, const char *body, char text[64]);

/* The instance of this name that is there; false when there is none. */
bool world_info(const char *name, struct fl_instance_info *ret);

#endif
