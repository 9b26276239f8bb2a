/* gateway/connector/debt.h - private: one accepted call, and the one terminal call it is owed
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who moves the slot to ANSWERED has won the right to say how the call ended; all others get
 * FAIRLEAD_E_STALE. On the worker's own thread the winner writes into the caller's result. On any
 * other thread it leaves a message and posts the debt to the worker's loop; the debt cannot be
 * released before that arrives.
 *
 *	QUEUED --> OPEN ------> ANSWERED --> (free)
 *	   |         |             ^
 *	   v         v             |
 *	DROPPED   CANCELLED -------+
 */
#ifndef FL_GATEWAY_CONNECTOR_DEBT_H
#define FL_GATEWAY_CONNECTOR_DEBT_H

#include "gateway/connector/instance.h"
#include "gateway/connector/result.h"

enum {
	FL_DEBT_QUEUED = 1, /* waits for an executor; the connector does not know the id */
	FL_DEBT_OPEN = 2,
	FL_DEBT_CANCELLED = 3, /* the caller does not wait; the connector was told, and owes */
	FL_DEBT_DROPPED = 4, /* cancelled while queued; the executor pays in its place */
	FL_DEBT_ANSWERED = 5,
};

struct fl_message { /* how a call ended, on its way to the worker */
	struct fl_arena arena;
	struct fl_call_result result;
};

struct fl_debt {
	struct fl_slot slot;
	_Atomic uint64_t self; /* who owes: read by any thread before it tries to answer */
	_Atomic uint64_t deadline_ns; /* of the request */
	/* the worker's */
	struct fl_life *life;
	struct fl_worker *worker;
	struct fl_call *call; /* NULL: nobody cares */
	struct fl_debt *next_answered;
	struct fl_view *view; /* queued calls: a copy that outlives the caller's */
	bool is_answered; /* on the worker's thread; call->result is set */
	bool is_cancelled; /* by the caller */
	bool is_drained; /* by the retirement; call->result is set */
	bool is_pending; /* counted in instance->pending */
	/* the winner's, then the worker's */
	struct fl_message *message;
	struct fl_loop_task task;
	struct fl_job job;
};

#define FL_DEBT_BYTES ((sizeof(struct fl_debt) + 63u) / 64u * 64u)

/* The debt that an id points to, not looking at its epoch; NULL: no such place. [any] */
struct fl_debt *fl_debt_find(const struct fl_host *host, fairlead_id id);
/* The caller has moved the debt to ANSWERED: sends the message to the worker. NULL: nothing to say,
 * since nobody waits, or there was no memory. [any] */
void fl_debt_post(struct fl_debt *debt, struct fl_message *message);
/* handle() returned `status`, not FAIRLEAD_PENDING, on an executor's thread. */
void fl_answer_returned(struct fl_life *life, struct fl_debt *debt, fairlead_id id,
			fairlead_status status);
/* Calls on_done and on_paid for what was answered on this thread. [loop, outside connectors] */
void fl_worker_flush(struct fl_worker *worker);
/* The same when the loop comes round; no effect when nothing was answered. [loop] */
void fl_worker_flush_soon(struct fl_worker *worker);
/* fl_visit_fn; ctx: an instance. Ends with FL_CALL_BROKEN what it owes on this worker. */
void fl_debts_settle(struct fl_worker *worker, void *instance);
/* fl_visit_fn; ctx: an instance. Tells it FAIRLEAD_CANCEL_DRAIN for what it owes on this worker. */
void fl_debts_cancel(struct fl_worker *worker, void *instance);

/* The terminal calls of the host table. [any] */
fairlead_status fl_answer_reply(struct fl_life *life, fairlead_id req,
				const fairlead_response *response);
fairlead_status fl_answer_fail(struct fl_life *life, fairlead_id req, fairlead_status code,
			       struct fl_str detail);

#endif
