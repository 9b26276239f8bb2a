/* gateway/connector/answer.c - private: terminal calls, from any thread
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "gateway/connector/debt.h"

#define MESSAGE_BYTES 1024u /* first block of a message's arena */
#define MESSAGE_ROOM (FL_RESPONSE_HEAD_MAX + 8192u) /* beyond the body */

struct fl_debt *fl_debt_find(const struct fl_host *host, fairlead_id id)
{
	uint32_t table = fl_slot_table_of(id);

	return table < host->workers_n ? (struct fl_debt *)(void *)fl_slot_find(
					     &host->workers[table].calls, id)
				       : NULL;
}

/* ---- messages to the worker ---- */

static struct fl_message *create_message(size_t body_bytes)
{
	struct fl_message *message = malloc(sizeof *message);

	if (!message)
		return NULL;
	fl_arena_init(&message->arena, MESSAGE_BYTES, body_bytes + MESSAGE_ROOM);
	return message;
}

static void free_message(struct fl_message *message)
{
	if (!message)
		return;
	fl_arena_fini(&message->arena);
	free(message);
}

static void add_answered(struct fl_debt *debt)
{
	debt->next_answered = debt->worker->answered;
	debt->worker->answered = debt;
}

static void on_posted(struct fl_loop_task *task)
{
	struct fl_debt *debt = FL_CONTAINER_OF(task, struct fl_debt, task);
	struct fl_worker *worker = debt->worker;
	struct fl_message *message = debt->message;

	if (!debt->is_cancelled && !debt->is_drained) {
		if (message)
			fl_result_copy(debt->call->arena, &message->result, &debt->call->result);
		else
			fl_result_broken(&debt->call->result, FAIRLEAD_E_INTERNAL,
					 fl_instance_may_call(debt->life->instance)
					     ? "no memory for the answer"
					     : "the instance hangs and is not called any more");
	}
	debt->message = NULL;
	free_message(message);
	add_answered(debt);
	fl_worker_flush(worker);
}

void fl_debt_post(struct fl_debt *debt, struct fl_message *message)
{
	debt->message = message;
	debt->task.on_task = on_posted;
	fl_loop_post(debt->worker->loop, &debt->task);
}

/* ---- who may answer ---- */

enum claim { WON, LATE, REFUSED };

/* Only one who knows a live id of its own gets past here, once. */
static enum claim claim(struct fl_life *life, fairlead_id req, struct fl_debt **ret)
{
	struct fl_debt *debt = fl_debt_find(life->instance->host, req);

	if (!debt || atomic_load_explicit(&debt->self, memory_order_relaxed) != life->self)
		return REFUSED;
	*ret = debt;
	if (fl_slot_move(&debt->slot, req, FL_DEBT_OPEN, FL_DEBT_ANSWERED))
		return WON;
	return fl_slot_move(&debt->slot, req, FL_DEBT_CANCELLED, FL_DEBT_ANSWERED) ? LATE : REFUSED;
}

/* Is this thread the one whose loop the call lives on? */
static bool is_local(const struct fl_life *life, fairlead_id req)
{
	const struct fl_worker *worker = fl_inside.worker;

	return worker && worker->host == life->instance->host &&
	       worker->index == fl_slot_table_of(req);
}

static void settle_local(struct fl_debt *debt)
{
	debt->is_answered = true;
	if (debt != debt->worker->running)
		add_answered(debt); /* flushed when the callback has returned */
}

/* A late answer: it pays, and that is all. */
static fairlead_status pay_late(struct fl_life *life, struct fl_debt *debt, fairlead_id req)
{
	(void)atomic_fetch_add_explicit(&life->instance->late_replies, 1, memory_order_relaxed);
	if (is_local(life, req))
		settle_local(debt);
	else
		fl_debt_post(debt, NULL);
	return FAIRLEAD_E_STALE;
}

static fairlead_status refuse(struct fl_life *life, fairlead_id req)
{
	fl_instance_blame(life->instance, req,
			  "a terminal call for a request that owes nothing, or is not its own");
	return FAIRLEAD_E_STALE;
}

/* ---- reply and fail ---- */

fairlead_status fl_answer_reply(struct fl_life *life, fairlead_id req, const fairlead_response *r)
{
	size_t max_body = life->instance->max_response_bytes, body_n;
	fairlead_status status;
	struct fl_message *message;
	struct fl_debt *debt;
	const char *what = NULL;
	enum claim won = claim(life, req, &debt);

	if (FL_UNLIKELY(won != WON))
		return won == LATE ? pay_late(life, debt, req) : refuse(life, req);
	if (FL_LIKELY(is_local(life, req))) {
		struct fl_call *call = debt->call;

		status = fl_result_from_response(call->arena, r, max_body, &call->result, &what);
		settle_local(debt);
	} else {
		body_n = r && FAIRLEAD_HAS(r, fairlead_response, body) ? r->body.n : 0;
		message = create_message(body_n < max_body ? body_n : max_body);
		status = message ? fl_result_from_response(&message->arena, r, max_body,
							   &message->result, &what)
				 : FAIRLEAD_E_INTERNAL;
		fl_debt_post(debt, message);
	}
	if (FL_UNLIKELY(what))
		fl_instance_blame(life->instance, req, what);
	return status;
}

static struct fl_message *failure_message(fairlead_status status, struct fl_str detail)
{
	struct fl_message *message = create_message(0);

	if (message)
		fl_result_from_failure(&message->arena, status, detail, &message->result);
	return message;
}

fairlead_status fl_answer_fail(struct fl_life *life, fairlead_id req, fairlead_status code,
			       struct fl_str detail)
{
	struct fl_debt *debt;
	enum claim won = claim(life, req, &debt);

	if (won != WON)
		return won == LATE ? pay_late(life, debt, req) : refuse(life, req);
	if (code >= 0)
		fl_instance_blame(life->instance, req, "fail() with a status that is no error");
	if (is_local(life, req)) {
		fl_result_from_failure(debt->call->arena, code, detail, &debt->call->result);
		settle_local(debt);
	} else {
		fl_debt_post(debt, failure_message(code, detail));
	}
	return FAIRLEAD_OK;
}

void fl_answer_returned(struct fl_life *life, struct fl_debt *debt, fairlead_id id,
			fairlead_status status)
{
	static const char *const missing = "handle() returned and nothing was answered";
	struct fl_message *message;

	if (fl_slot_move(&debt->slot, id, FL_DEBT_OPEN, FL_DEBT_ANSWERED)) {
		message = failure_message(status, FL_STR_NULL);
		if (message && status >= 0)
			fl_result_broken(&message->result, FAIRLEAD_E_INTERNAL, missing);
		fl_debt_post(debt, message);
	} else if (fl_slot_move(&debt->slot, id, FL_DEBT_CANCELLED, FL_DEBT_ANSWERED)) {
		fl_debt_post(debt, NULL);
	} else {
		if (status < 0)
			fl_instance_blame(life->instance, id,
					  "handle() refused what was answered");
		return;
	}
	if (status >= 0)
		fl_instance_blame(life->instance, id, missing);
}
