/* gateway/connector/op.h - private: host operations, and the one event that ends each
 * SPDX-License-Identifier: Apache-2.0
 *
 * An operation belongs to one worker: it starts, ends and is delivered on that worker's loop. A
 * thread that is no worker's sends it there. Its event is never delivered from inside the call that
 * started it, nor beside a lifecycle call.
 *
 *	started on its worker ----------------------------> running ---> ended ---> delivered
 *	started elsewhere ---> message to the worker ------^                 (loop or executor)
 */
#ifndef FL_GATEWAY_CONNECTOR_OP_H
#define FL_GATEWAY_CONNECTOR_OP_H

#include <fairlead/ext/exec.h>
#include <fairlead/ext/http.h>
#include <fairlead/ext/kv.h>
#include <fairlead/ext/metric.h>
#include <fairlead/ext/timer.h>

#include "gateway/connector/instance.h"
#include "gateway/connector/kv.h"

enum { /* states of an operation's slot, beside FL_SLOT_FREE */
       FL_OP_RUNNING = 1,
       FL_OP_WITHDRAWN = 2, /* cancelled; what it was about ends as soon as it can */
       FL_OP_ENDED = 3,
};

struct fl_op_http { /* arguments on their way to another thread, and what makes the request */
	struct fl_outbound_policy policy; /* when the arguments are narrower than the instance's */
	uint64_t body_bytes;
	struct fl_outbound_request *request; /* NULL: not started, or done */
};

struct fl_op {
	struct fl_slot slot;
	/* whose it is, and FAIRLEAD_EVENT_*: read by any thread that has the id */
	_Atomic uint64_t self;
	_Atomic uint32_t kind;
	struct fl_life *life;
	struct fl_worker *worker;
	bool is_foreign; /* its slot is of worker->foreign_ops */
	fairlead_id id, req;
	fairlead_status status;
	void (*start)(struct fl_op *op);  /* on its worker, when it was started elsewhere */
	void (*cancel)(struct fl_op *op); /* on its worker; NULL: cannot be */
	void (*keep)(struct fl_op *op);   /* makes the payload outlive the call; NULL: it does */
	struct fl_loop_task task;         /* to the worker: begin, or end */
	struct fl_later later;            /* the event, held back */
	struct fl_job job;                /* the event, or run(), on an executor */
	void *memory;                     /* the payload's or the arguments', to free() */
	const void *payload;              /* of the event */
	struct fl_op *next, **prev;       /* in the share's list */
	union {
		struct fl_op_http http;
		struct {
			struct fl_loop_timer timer;
			uint64_t deadline_ns;
		} timer;
		uint64_t work; /* exec */
		fairlead_kv_result kv;
	};
};

#define FL_OP_BYTES ((sizeof(struct fl_op) + 63u) / 64u * 64u)

/* A new operation of this life, not begun: NULL when there is no room, or when the instance has
 * been closed. Counted from here on; whoever takes it opens it or puts it back. [any] */
struct fl_op *fl_op_take(struct fl_life *life, fairlead_id req, uint32_t kind);
/* It did not come to be; for one that was opened too, while nobody else can end it. */
void fl_op_put_back(struct fl_op *op);
/* It is under way: its id is valid from here on, and its event will come. Fills *ret_id. [any] */
void fl_op_open(struct fl_op *op, fairlead_id *ret_id);
/* Puts it among those that a retirement can cancel. [loop] */
void fl_op_link(struct fl_op *op);
/* Has op->start called on its worker. [any] */
void fl_op_send(struct fl_op *op);
/* It is over: delivers the event, with no connector on the stack. [loop] */
void fl_op_end(struct fl_op *op, fairlead_status status);
/* The same when the worker's loop comes round. [any] */
void fl_op_end_later(struct fl_op *op, fairlead_status status);
/* Asks its worker to cancel, once. FAIRLEAD_OK, FAIRLEAD_E_STALE or FAIRLEAD_E_AGAIN. [any] */
fairlead_status fl_op_cancel(struct fl_life *life, fairlead_id id, uint32_t kind);

/* Was it cancelled before it came to its worker? Then op->start ends it. [loop] */
bool fl_op_is_withdrawn(const struct fl_op *op);

/* fl_visit_fn; ctx: an instance. Cancels its timers, or all that can be, on this worker. */
void fl_ops_cancel_timers(struct fl_worker *worker, void *instance);
void fl_ops_cancel_all(struct fl_worker *worker, void *instance);
/* Withdraws what was asked of others for one request. [loop] */
void fl_ops_cancel_request(struct fl_worker *worker, const struct fl_instance *instance,
                           fairlead_id req);

/* The deadline of a request that this life owes; 0: none, or not its own. [any] */
uint64_t fl_op_request_deadline(const struct fl_life *life, fairlead_id req);

/* The request that the operation is for: NULL when there is none, when it is not its life's own, not
 * this worker's, answered or cancelled. Valid until the loop does something else. [loop] */
const struct fl_call *fl_op_request_call(const struct fl_op *op);

/* The tables of the extensions, for host_table.c. */
extern const fairlead_http fl_service_http;
extern const fairlead_timer fl_service_timer;
extern const fairlead_exec fl_service_exec;
extern const fairlead_kv_store fl_service_kv;
extern const fairlead_metric fl_service_metric;
void fl_service_log(fairlead_id self, uint32_t level, fairlead_id req, fairlead_str msg,
                    const fairlead_kv *fields, size_t fields_n);

/* Whoever calls with this id may use this extension now: the life, to leave with fl_self_leave();
 * or NULL and the status to answer. `until` is the last phase in which it may. [any] */
struct fl_life *fl_service_enter(fairlead_id self, const char *extension, enum fl_phase until,
                                 fairlead_status *ret_status);
/* The cancel() of an extension: of an operation whose event is of this kind. [any] */
fairlead_status fl_service_cancel(fairlead_id self, const char *extension, fairlead_id op,
                                  uint32_t kind);

#endif
