/* gateway/connector/call.h - one request handed to a connector instance
 * SPDX-License-Identifier: Apache-2.0
 *
 * struct fl_call is embedded in the caller's request object and lives on one worker. After
 * fl_call_start() the caller gets the result exactly once - as the return value FL_CALL_DONE or
 * later through on_done - unless it cancels. The memory of the call, and everything call->view
 * points to, must stay until the debt is paid: on FL_CALL_DONE and on_done it is; after
 * fl_call_cancel() returned true it is not, and on_paid tells when.
 *
 *	call->view = (fairlead_request){...};  // id is filled in by fl_call_start
 *	switch (fl_call_start(call, instance, worker)) {
 *	case FL_CALL_DONE:    respond(call->result); break;
 *	case FL_CALL_PENDING: suspend(); break;       // on_done follows, on this loop
 *	default:              respond_503(); break;
 *	}
 */
#ifndef FL_GATEWAY_CONNECTOR_CALL_H
#define FL_GATEWAY_CONNECTOR_CALL_H

#include <fairlead/plugin.h>

#include "base/arena.h"
#include "gateway/connector/host.h"

enum fl_call_kind {
	FL_CALL_REPLIED, /* http_status, headers, body are the connector's */
	FL_CALL_FAILED, /* fail() or a negative return: status says what */
	FL_CALL_BROKEN, /* it broke the contract: no reply, invalid reply, fault */
};

struct fl_call_result {
	enum fl_call_kind kind;
	fairlead_status status;
	uint32_t http_status, error_class;
	const fairlead_kv *headers; /* framing and hop-by-hop already dropped; names lower case */
	size_t headers_n;
	struct fl_str body;
	struct fl_str detail; /* for the log, never for clients */
};

struct fl_call {
	/* set by the caller */
	fairlead_request view;
	struct fl_arena *arena; /* the request's; results are copied into it */
	void (*on_done)(struct fl_call *call); /* call->result is set; on the worker's loop */
	void (*on_paid)(struct fl_call *call); /* only after a cancel that returned true */
	/* set by the host */
	struct fl_call_result result; /* lives as long as the arena */
	struct fl_instance *instance;
	uint32_t slot; /* the host's */
	uint32_t worker;
	bool is_owed;
};

enum {
	FL_CALL_DONE = 0,
	FL_CALL_PENDING = 1,
	FL_CALL_E_BUSY = 2, /* max_concurrent of the instance, or the slot table is full */
	FL_CALL_E_FAULTED = 3, /* the instance is faulted or retired */
};

/* [loop of worker `worker`] Runs the connector inline when it qualifies, else queues the call to
 * the instance's executors. The caller holds the instance (through its snapshot) until it
 * has a result or has cancelled; what is owed then keeps the instance by itself, until its
 * retirement's drain limit. */
FL_MUST_USE int fl_call_start(struct fl_call *call, struct fl_instance *instance, unsigned worker);
/* [loop] The caller has answered by itself (deadline, client gone, drain). on_done will not come.
 * True: the connector was told and still owes; keep everything until on_paid. False: nothing owed,
 * all may be freed now. `reason`: FAIRLEAD_CANCEL_*. */
FL_MUST_USE bool fl_call_cancel(struct fl_call *call, uint32_t reason);
/* The index of an action in the instance's manifest, or -1. [any] */
int fl_instance_action(const struct fl_instance *instance, struct fl_str name);

#endif
