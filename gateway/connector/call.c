/* gateway/connector/call.c - one request handed to a connector instance
 * SPDX-License-Identifier: Apache-2.0
 *
 * The path of an inline call that is answered before handle() returns takes no lock, makes no
 * system call, and writes no cache line that another worker writes. Only calls that stay pending
 * are counted in common, so max_concurrent holds for those; it can be passed by as many calls as
 * there are workers, since each looks first and adds afterwards.
 */
#include "gateway/connector/call.h"

#include <stdlib.h>

#include "gateway/connector/debt.h"
#include "gateway/connector/op.h"
#include "gateway/connector/view.h"

/* ---- the end of a call ---- */

static enum fl_outcome outcome_of(const struct fl_debt *debt)
{
	static const enum fl_outcome outcomes[] = {
	    [FL_CALL_REPLIED] = FL_OUTCOME_REPLIED,
	    [FL_CALL_FAILED] = FL_OUTCOME_FAILED,
	    [FL_CALL_BROKEN] = FL_OUTCOME_BROKEN,
	};

	return debt->is_cancelled ? FL_OUTCOME_CANCELLED : outcomes[debt->call->result.kind];
}

static void drop_view(struct fl_instance *instance, struct fl_view *view)
{
	if (!view)
		return;
	if (fl_instance_may_call(instance)) {
		free(view);
		return;
	}
	/* A thread that hangs may still look at it. */
	(void)pthread_mutex_lock(&instance->lock);
	view->orphan.next = instance->orphans;
	instance->orphans = &view->orphan;
	(void)pthread_mutex_unlock(&instance->lock);
}

/* Nothing is owed any more: the id gets stale, and the call is the caller's again. */
static struct fl_call *release(struct fl_debt *debt)
{
	struct fl_worker *worker = debt->worker;
	struct fl_instance *instance = debt->life->instance;
	struct fl_call *call = debt->call;

	if (FL_LIKELY(call)) {
		fl_share_count(&instance->shares[worker->index], outcome_of(debt));
		call->is_owed = false;
	}
	drop_view(instance, debt->view);
	fl_slot_put(&worker->calls, &debt->slot);
	return call;
}

static void finish(struct fl_debt *debt)
{
	struct fl_instance *instance = debt->life->instance;
	bool is_cancelled = debt->is_cancelled, is_pending = debt->is_pending;
	struct fl_call *call = release(debt);

	if (is_cancelled)
		(void)atomic_fetch_sub(&instance->cancelled_owed, 1);
	if (is_pending)
		fl_instance_discount(instance, &instance->pending);
	if (call && is_cancelled)
		call->on_paid(call);
	else if (call)
		call->on_done(call);
}

void fl_worker_flush(struct fl_worker *worker)
{
	while (worker->answered) {
		struct fl_debt *debt = worker->answered;

		worker->answered = debt->next_answered;
		finish(debt);
	}
}

static void on_flush(struct fl_loop_task *task)
{
	struct fl_worker *worker = FL_CONTAINER_OF(task, struct fl_worker, flush_task);

	worker->is_flush_posted = false;
	fl_worker_flush(worker);
}

void fl_worker_flush_soon(struct fl_worker *worker)
{
	if (FL_LIKELY(!worker->answered) || worker->is_flush_posted)
		return;
	worker->is_flush_posted = true;
	worker->flush_task.on_task = on_flush;
	fl_loop_post(worker->loop, &worker->flush_task);
}

/* ---- the beginning ---- */

static void keep_pending(struct fl_debt *debt)
{
	debt->is_pending = true;
	debt->call->is_owed = true;
	(void)atomic_fetch_add(&debt->life->instance->pending, 1);
}

/* handle() returned and did not answer on this thread. */
static int conclude_unanswered(struct fl_debt *debt, fairlead_id id, fairlead_status status)
{
	struct fl_instance *instance = debt->life->instance;
	struct fl_call *call = debt->call;

	if (status == FAIRLEAD_PENDING ||
	    !fl_slot_move(&debt->slot, id, FL_DEBT_OPEN, FL_DEBT_ANSWERED)) {
		/* The second: another thread has answered, its message is on the way. */
		if (status < 0)
			fl_instance_blame(instance, id, "handle() refused what was answered");
		keep_pending(debt);
		return FL_CALL_PENDING;
	}
	if (status < 0) {
		fl_result_from_failure(call->arena, status, FL_STR_NULL, &call->result);
	} else {
		fl_result_broken(&call->result, FAIRLEAD_E_INTERNAL,
		                 "handle() returned and nothing was answered");
		fl_instance_blame(instance, id, "handle() returned and nothing was answered");
	}
	(void)release(debt);
	return FL_CALL_DONE;
}

static int start_inline(struct fl_debt *debt, fairlead_id id)
{
	struct fl_worker *worker = debt->worker;
	struct fl_life *life = debt->life;
	fairlead_status status;

	fl_slot_open(&debt->slot, id, FL_DEBT_OPEN);
	worker->running = debt;
	fl_place_enter(&worker->place, life);
	status = life->plugin.handle(life->inst, &debt->call->view);
	fl_place_leave(&worker->place);
	worker->running = NULL;
	fl_worker_flush_soon(worker); /* it may have answered others */
	if (FL_UNLIKELY(!debt->is_answered))
		return conclude_unanswered(debt, id, status);
	if (FL_UNLIKELY(status < 0))
		fl_instance_blame(life->instance, id, "handle() refused what was answered");
	(void)release(debt);
	return FL_CALL_DONE;
}

/* On the executor's thread. From OPEN on the debt may end, and its slot be used anew, at any time.
 */
static void run_queued(struct fl_job *job, struct fl_place *place)
{
	struct fl_debt *debt = FL_CONTAINER_OF(job, struct fl_debt, job);
	struct fl_life *life = debt->life;
	struct fl_view *view = debt->view;
	fairlead_id id = fl_slot_id(&debt->slot);
	fairlead_status status;

	if (!place || !fl_instance_may_call(life->instance) ||
	    !fl_slot_move(&debt->slot, id, FL_DEBT_QUEUED, FL_DEBT_OPEN)) {
		if (fl_slot_move(&debt->slot, id, FL_DEBT_QUEUED, FL_DEBT_ANSWERED) ||
		    fl_slot_move(&debt->slot, id, FL_DEBT_DROPPED, FL_DEBT_ANSWERED))
			fl_debt_post(debt, NULL);
		return;
	}
	fl_place_enter(place, life);
	status = life->plugin.handle(life->inst, &view->request);
	fl_place_leave(place);
	if (status != FAIRLEAD_PENDING)
		fl_answer_returned(life, debt, id, status);
}

static int start_queued(struct fl_debt *debt, fairlead_id id)
{
	struct fl_executor *executor = debt->life->executor;

	debt->view = fl_view_copy(&debt->call->view);
	if (!debt->view)
		goto refuse;
	debt->job.run = run_queued;
	debt->job.is_bounded = true;
	fl_slot_open(&debt->slot, id, FL_DEBT_QUEUED);
	keep_pending(debt);
	if (fl_executor_push(executor, &debt->job))
		return FL_CALL_PENDING;
	fl_instance_discount(debt->life->instance, &debt->life->instance->pending);
refuse:
	debt->call->is_owed = false;
	free(debt->view);
	fl_slot_put(&debt->worker->calls, &debt->slot);
	return FL_CALL_E_BUSY;
}

int fl_call_start(struct fl_call *call, struct fl_instance *instance, unsigned index)
{
	struct fl_worker *worker = &instance->host->workers[index];
	struct fl_share *share = &instance->shares[index];
	struct fl_debt *debt;
	fairlead_id id;
	int rc;

	if (FL_UNLIKELY(!atomic_load_explicit(&instance->is_open, memory_order_acquire)))
		return FL_CALL_E_FAULTED;
	if (FL_UNLIKELY(atomic_load_explicit(&instance->pending, memory_order_relaxed) >=
	                instance->max_concurrent)) {
		fl_share_count(share, FL_OUTCOME_BUSY);
		return FL_CALL_E_BUSY;
	}
	debt = (struct fl_debt *)(void *)fl_slot_take(&worker->calls);
	if (FL_UNLIKELY(!debt)) {
		fl_share_count(share, FL_OUTCOME_BUSY);
		return FL_CALL_E_BUSY;
	}
	id = fl_slot_id(&debt->slot);
	call->view.struct_size = sizeof call->view;
	call->view.id = id;
	if (call->view.deadline_ns == 0 && instance->spec.timeout_ns != 0 && worker->loop)
		call->view.deadline_ns = fl_loop_now_ns(worker->loop) + instance->spec.timeout_ns;
	call->instance = instance;
	call->slot = debt->slot.place;
	call->worker = index;
	call->is_owed = false;
	debt->life = &instance->lives[instance->is_sharded ? index : 0];
	debt->worker = worker;
	debt->call = call;
	debt->view = NULL;
	debt->message = NULL;
	debt->is_answered = debt->is_cancelled = debt->is_drained = debt->is_pending = false;
	atomic_store_explicit(&debt->self, debt->life->self, memory_order_relaxed);
	atomic_store_explicit(&debt->deadline_ns, call->view.deadline_ns, memory_order_relaxed);
	if (FL_LIKELY(!debt->life->executor))
		return start_inline(debt, id);
	rc = start_queued(debt, id);
	if (rc != FL_CALL_PENDING)
		fl_share_count(share, FL_OUTCOME_BUSY);
	return rc;
}

/* ---- cancelling ---- */

struct cancel_note { /* on_cancel() that has to wait */
	struct fl_later later;
	struct fl_job job;
	struct fl_life *life;
	fairlead_id req;
	uint32_t reason;
};

static void tell(struct fl_life *life, struct fl_place *place, const struct fl_debt *debt,
                 fairlead_id req, uint32_t reason)
{
	if (fl_slot_state(&debt->slot, req) != FL_DEBT_CANCELLED ||
	    !fl_instance_may_call(life->instance))
		return;
	fl_place_enter(place, life);
	life->plugin.on_cancel(life->inst, req, reason);
	fl_place_leave(place);
}

static void run_note(struct fl_job *job, struct fl_place *place)
{
	struct cancel_note *note = FL_CONTAINER_OF(job, struct cancel_note, job);

	if (place)
		tell(note->life, place, fl_debt_find(note->life->instance->host, note->req),
		     note->req, note->reason);
	free(note);
}

static void on_note(struct fl_loop_task *task)
{
	struct fl_later *later = FL_CONTAINER_OF(task, struct fl_later, task);
	struct cancel_note *note = FL_CONTAINER_OF(later, struct cancel_note, later);
	struct fl_worker *worker = later->worker;

	if (fl_instance_hold_back(note->life->instance, later))
		return;
	run_note(&note->job, &worker->place);
	fl_worker_flush(worker);
}

/* The debt is CANCELLED. A connector that does not want to be told has its requests to others
 * withdrawn, so that it pays soon and nobody works for nothing. Without memory for a note the
 * connector is not told, which it may not rely on. */
static void tell_connector(struct fl_debt *debt, fairlead_id req, uint32_t reason)
{
	struct fl_life *life = debt->life;
	struct cancel_note *note;

	if (!life->plugin.on_cancel) {
		fl_ops_cancel_request(debt->worker, life->instance, req);
		return;
	}
	if (!life->executor &&
	    !atomic_load_explicit(&life->instance->is_held, memory_order_acquire)) {
		tell(life, &debt->worker->place, debt, req, reason);
		fl_worker_flush_soon(debt->worker);
		return;
	}
	note = calloc(1, sizeof *note);
	if (!note)
		return;
	note->later.worker = debt->worker;
	note->later.task.on_task = on_note;
	note->job.run = run_note;
	note->life = life;
	note->req = req;
	note->reason = reason;
	if (!life->executor)
		fl_loop_post(debt->worker->loop, &note->later.task);
	else if (!fl_executor_push(life->executor, &note->job))
		free(note);
}

bool fl_call_cancel(struct fl_call *call, uint32_t reason)
{
	struct fl_instance *instance = call->instance;
	fairlead_id id = call->view.id;
	struct fl_debt *debt = fl_debt_find(instance->host, id);

	if (!call->is_owed || debt->is_cancelled)
		return call->is_owed;
	if (debt->is_answered) { /* on this thread; on_done would have come next */
		call->is_owed = false;
		debt->call = NULL;
		return false;
	}
	debt->is_cancelled = true;
	(void)atomic_fetch_add(&instance->cancelled_owed, 1);
	if (fl_slot_move(&debt->slot, id, FL_DEBT_OPEN, FL_DEBT_CANCELLED))
		tell_connector(debt, id, reason);
	else
		(void)fl_slot_move(&debt->slot, id, FL_DEBT_QUEUED, FL_DEBT_DROPPED);
	/* Neither: the answer is on its way, and its copy may be under way. */
	return true;
}

/* ---- on behalf of a retirement or a fault ---- */

static struct fl_debt *debt_at(struct fl_worker *worker, size_t i)
{
	return (struct fl_debt *)(void *)fl_slot_at(&worker->calls, i);
}

static bool owes(const struct fl_debt *debt, fairlead_id id, const struct fl_instance *instance)
{
	return fl_slot_state(&debt->slot, id) != FL_SLOT_FREE && debt->is_pending &&
	       debt->life->instance == instance;
}

void fl_debts_settle(struct fl_worker *worker, void *instance)
{
	struct fl_debt *debt;

	for (size_t i = 0; (debt = debt_at(worker, i)); i++) {
		fairlead_id id = fl_slot_id(&debt->slot);

		if (!owes(debt, id, instance) ||
		    (!fl_slot_move(&debt->slot, id, FL_DEBT_OPEN, FL_DEBT_ANSWERED) &&
		     !fl_slot_move(&debt->slot, id, FL_DEBT_CANCELLED, FL_DEBT_ANSWERED)))
			continue;
		if (!debt->is_cancelled && !debt->is_drained)
			fl_result_broken(&debt->call->result, FAIRLEAD_E_INTERNAL,
			                 "the instance ended and the call was never answered");
		finish(debt);
	}
}

void fl_debts_cancel(struct fl_worker *worker, void *instance)
{
	struct fl_debt *debt;

	for (size_t i = 0; (debt = debt_at(worker, i)); i++) {
		fairlead_id id = fl_slot_id(&debt->slot);

		if (!owes(debt, id, instance) ||
		    !fl_slot_move(&debt->slot, id, FL_DEBT_OPEN, FL_DEBT_CANCELLED))
			continue;
		debt->is_drained = true;
		fl_result_from_failure(debt->call->arena, FAIRLEAD_E_CANCELLED,
		                       FL_STR("the instance is being retired"),
		                       &debt->call->result);
		tell_connector(debt, id, FAIRLEAD_CANCEL_DRAIN);
	}
	fl_worker_flush(worker);
}

int fl_instance_action(const struct fl_instance *instance, struct fl_str name)
{
	return fl_manifest_action_index(instance->manifest, name);
}
