/* tests/unit/pipeline/fake.h - what the pipeline stands on, doing as it is told
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connector instances without a connector, an access log that keeps its last record, and
 * configurations by hand. Loop, metrics and route table are the real ones.
 */
#ifndef FL_TESTS_UNIT_PIPELINE_FAKE_H
#define FL_TESTS_UNIT_PIPELINE_FAKE_H

#include <stdatomic.h>

#include "gateway/connector/call.h"
#include "gateway/connector/manifest.h"
#include "gateway/observe/access.h"
#include "gateway/pipeline/pipeline.h"

struct fl_instance {
	const char *name;
	atomic_int refs;
	uint64_t generation;
	/* the script */
	int start_result; /* of fl_call_start() */
	struct fl_call_result result; /* for FL_CALL_DONE */
	bool owes; /* what fl_call_cancel() returns */
	/* what happened */
	atomic_uint calls, cancels;
	_Atomic uint32_t reason;
	_Atomic(struct fl_call *) last;
};

struct fl_access_log {
	unsigned lines;
	struct fl_access_record last; /* texts as borrowed */
	char decision[FL_ACCESS_LINE_MAX + 1];
};

/* An instance whose calls are answered at once with status 200, a header and "ok\n". It has the
 * actions "reply" and "forward". */
struct fl_instance fake_instance(const char *name);
/* The connector answers a pending call. */
void fake_done(struct fl_call *call, const struct fl_call_result *result);
/* It pays for a cancelled one. */
void fake_paid(struct fl_call *call);
struct fl_call_result fake_reply(void);

/* Routes of fake_config(), all to instance 0 unless said otherwise:
 *	echo	GET, POST /echo			reply	timeout 5 s, body 100
 *	item	GET /v1/items/{id}/parts/{part}	forward
 *	any	everything below /any		reply	encoded slashes allowed
 *	short	/short				reply	timeout 1 ms
 *	second	host h2.example, /second	reply	instance 1, everything by default */
struct fl_config *fake_config(void);
unsigned fake_configs_alive(void);
/* A snapshot of fake_config() with these two instances. */
struct fl_snapshot *fake_snapshot(struct fl_metrics *metrics, struct fl_instance *const *instances);

/* The value of a response header, or {NULL,0}; *ret_n (may be NULL): how many there are. */
struct fl_str fake_header(const struct fl_response *response, const char *name, size_t *ret_n);

#endif
