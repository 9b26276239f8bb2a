/* gateway/connector/op.c - private: host operations, and the one event that ends each
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/op.h"

#include <stdlib.h>

#include "gateway/connector/debt.h"

/* ---- slots ---- */

static uint32_t kind_of(const struct fl_op *op)
{
	return atomic_load_explicit(&op->kind, memory_order_relaxed);
}

static bool is_on(const struct fl_worker *worker)
{
	return fl_inside.worker == worker;
}

/* The worker that carries it: the one we are on, the request's, or any. What leaves the gateway for a
 * request is decided as that request's, which only its own worker may look at. */
static struct fl_worker *choose_worker(struct fl_life *life, fairlead_id req, uint32_t kind)
{
	struct fl_host *host = life->instance->host;
	uint32_t table = fl_slot_table_of(req);

	bool has_request = req != 0 && table < host->workers_n;

	if (fl_inside.worker && fl_inside.worker->host == host &&
	    (kind != FAIRLEAD_EVENT_HTTP || !has_request || life->instance->is_sharded))
		return fl_inside.worker;
	if (life->instance->is_sharded)
		return &host->workers[life->index];
	return &host->workers[has_request ? table : 0];
}

static struct fl_op *take_slot(struct fl_worker *worker, bool is_foreign)
{
	struct fl_slot *slot;

	if (!is_foreign)
		return (struct fl_op *)(void *)fl_slot_take(&worker->ops);
	(void)pthread_mutex_lock(&worker->foreign_lock);
	slot = fl_slot_take(&worker->foreign_ops);
	(void)pthread_mutex_unlock(&worker->foreign_lock);
	return (struct fl_op *)(void *)slot;
}

static void put_slot(struct fl_op *op)
{
	struct fl_worker *worker = op->worker;

	if (!op->is_foreign) {
		fl_slot_put(&worker->ops, &op->slot);
		return;
	}
	(void)pthread_mutex_lock(&worker->foreign_lock);
	fl_slot_put(&worker->foreign_ops, &op->slot);
	(void)pthread_mutex_unlock(&worker->foreign_lock);
}

/* Counted first, looked at afterwards: a retirement closes first and looks at the count then. */
static bool count_in(struct fl_life *life)
{
	struct fl_instance *instance = life->instance;

	(void)atomic_fetch_add(&instance->ops, 1);
	if (fl_instance_may_call(instance))
		return true;
	fl_instance_discount(instance, &instance->ops);
	return false;
}

struct fl_op *fl_op_take(struct fl_life *life, fairlead_id req, uint32_t kind)
{
	struct fl_worker *worker = choose_worker(life, req, kind);
	bool is_foreign = !is_on(worker);
	struct fl_op *op;

	if (!worker->loop || !count_in(life)) /* not attached: nobody would deliver */
		return NULL;
	op = take_slot(worker, is_foreign);
	if (!op) {
		fl_instance_discount(life->instance, &life->instance->ops);
		return NULL;
	}
	/* What stands before `life` is looked at by whoever has an old id. */
	memset((char *)op + offsetof(struct fl_op, life), 0,
	       sizeof *op - offsetof(struct fl_op, life));
	atomic_store_explicit(&op->self, life->self, memory_order_relaxed);
	atomic_store_explicit(&op->kind, kind, memory_order_relaxed);
	op->life = life;
	op->worker = worker;
	op->is_foreign = is_foreign;
	op->req = req;
	op->id = fl_slot_id(&op->slot);
	return op;
}

void fl_op_put_back(struct fl_op *op)
{
	struct fl_instance *instance = op->life->instance;

	free(op->memory);
	put_slot(op);
	fl_instance_discount(instance, &instance->ops);
}

/* Where an id points to, whatever its epoch; *ret is the worker whose it is. */
static struct fl_op *find(struct fl_host *host, fairlead_id id, struct fl_worker **ret)
{
	uint32_t table = fl_slot_table_of(id), index = table % FL_WORKERS_MAX;
	struct fl_worker *worker;

	if (table < FL_OPS_TABLE || index >= host->workers_n)
		return NULL;
	worker = *ret = &host->workers[index];
	if (table >= FL_FOREIGN_OPS_TABLE + FL_WORKERS_MAX)
		return NULL;
	return (struct fl_op *)(void *)fl_slot_find(
	    table < FL_FOREIGN_OPS_TABLE ? &worker->ops : &worker->foreign_ops, id);
}

/* ---- beginning ---- */

void fl_op_open(struct fl_op *op, fairlead_id *ret_id)
{
	*ret_id = op->id;
	fl_slot_open(&op->slot, op->id, FL_OP_RUNNING);
}

void fl_op_link(struct fl_op *op)
{
	struct fl_share *share = &op->life->instance->shares[op->worker->index];

	op->next = share->ops;
	op->prev = &share->ops;
	if (op->next)
		op->next->prev = &op->next;
	share->ops = op;
}

static void unlink_op(struct fl_op *op)
{
	if (!op->prev)
		return;
	*op->prev = op->next;
	if (op->next)
		op->next->prev = op->prev;
	op->prev = NULL;
}

static void on_start(struct fl_loop_task *task)
{
	struct fl_op *op = FL_CONTAINER_OF(task, struct fl_op, task);

	op->start(op);
}

void fl_op_send(struct fl_op *op)
{
	op->task.on_task = on_start;
	fl_loop_post(op->worker->loop, &op->task);
}

/* ---- the event ---- */

/* The event was delivered, or there is nobody to deliver it to. [loop] */
static void conclude(struct fl_op *op)
{
	fl_op_put_back(op);
}

static void call_on_event(struct fl_op *op, struct fl_place *place)
{
	struct fl_life *life = op->life;
	const fairlead_event event = {
	    .struct_size = sizeof event,
	    .kind = kind_of(op),
	    .op = op->id,
	    .req = op->req,
	    .status = op->status,
	    .payload = op->payload,
	};

	if (!life->plugin.on_event || !fl_instance_may_call(life->instance))
		return;
	fl_place_enter(place, life);
	life->plugin.on_event(life->inst, &event);
	fl_place_leave(place);
}

static void on_delivered(struct fl_loop_task *task)
{
	conclude(FL_CONTAINER_OF(task, struct fl_op, task));
}

static void run_event(struct fl_job *job, struct fl_place *place)
{
	struct fl_op *op = FL_CONTAINER_OF(job, struct fl_op, job);

	if (place)
		call_on_event(op, place);
	op->task.on_task = on_delivered;
	fl_loop_post(op->worker->loop, &op->task);
}

static void keep(struct fl_op *op)
{
	if (op->keep)
		op->keep(op);
	op->keep = NULL;
}

/* No connector is on the stack. */
static void deliver(struct fl_op *op)
{
	struct fl_life *life = op->life;
	struct fl_worker *worker = op->worker;

	if (life->executor) {
		keep(op);
		op->job.run = run_event;
		op->job.is_bounded = false;
		if (!fl_executor_push(life->executor, &op->job))
			conclude(op); /* no thread could be started at all */
		return;
	}
	if (fl_instance_hold_back(life->instance, &op->later)) {
		keep(op); /* it comes back through this loop, so not before we return */
		return;
	}
	call_on_event(op, &worker->place);
	conclude(op);
	fl_worker_flush(worker);
}

static void on_later(struct fl_loop_task *task)
{
	struct fl_later *later = FL_CONTAINER_OF(task, struct fl_later, task);

	deliver(FL_CONTAINER_OF(later, struct fl_op, later));
}

static void on_end(struct fl_loop_task *task)
{
	struct fl_op *op = FL_CONTAINER_OF(task, struct fl_op, task);

	fl_op_end(op, op->status);
}

void fl_op_end(struct fl_op *op, fairlead_status status)
{
	bool was_running = fl_slot_move(&op->slot, op->id, FL_OP_RUNNING, FL_OP_ENDED) ||
	                   fl_slot_move(&op->slot, op->id, FL_OP_WITHDRAWN, FL_OP_ENDED);

	FL_ASSERT(was_running);
	unlink_op(op);
	op->status = status;
	op->later.worker = op->worker;
	op->later.task.on_task = on_later;
	deliver(op);
}

void fl_op_end_later(struct fl_op *op, fairlead_status status)
{
	op->status = status;
	op->task.on_task = on_end;
	fl_loop_post(op->worker->loop, &op->task);
}

/* ---- cancelling ---- */

struct cancel_note {
	struct fl_loop_task task;
	struct fl_worker *worker;
	fairlead_id id;
};

/* One that was not started yet ends when it comes to its worker, see fl_op_is_withdrawn(). */
static void cancel_now(struct fl_op *op)
{
	void (*cancel)(struct fl_op * op) = op->cancel;

	op->cancel = NULL;
	if (cancel)
		cancel(op);
}

static void on_cancel_note(struct fl_loop_task *task)
{
	struct cancel_note *note = FL_CONTAINER_OF(task, struct cancel_note, task);
	struct fl_worker *worker;
	struct fl_op *op = find(note->worker->host, note->id, &worker);

	/* On its worker: it cannot end meanwhile. */
	if (op && fl_slot_state(&op->slot, note->id) == FL_OP_WITHDRAWN)
		cancel_now(op);
	free(note);
}

static fairlead_status cancel_elsewhere(struct fl_op *op, struct fl_worker *worker, fairlead_id id)
{
	struct cancel_note *note = malloc(sizeof *note);

	if (!note)
		return FAIRLEAD_E_AGAIN;
	if (!fl_slot_move(&op->slot, id, FL_OP_RUNNING, FL_OP_WITHDRAWN)) {
		free(note);
		return FAIRLEAD_E_STALE;
	}
	*note = (struct cancel_note){.task.on_task = on_cancel_note, .worker = worker, .id = id};
	fl_loop_post(worker->loop, &note->task);
	return FAIRLEAD_OK;
}

fairlead_status fl_op_cancel(struct fl_life *life, fairlead_id id, uint32_t kind)
{
	struct fl_worker *worker;
	struct fl_op *op = find(life->instance->host, id, &worker);

	if (!op || atomic_load_explicit(&op->self, memory_order_relaxed) != life->self ||
	    kind_of(op) != kind)
		return FAIRLEAD_E_STALE;
	if (!is_on(worker))
		return cancel_elsewhere(op, worker, id);
	if (!fl_slot_move(&op->slot, id, FL_OP_RUNNING, FL_OP_WITHDRAWN))
		return FAIRLEAD_E_STALE;
	cancel_now(op);
	return FAIRLEAD_OK;
}

bool fl_op_is_withdrawn(const struct fl_op *op)
{
	return fl_slot_state(&op->slot, op->id) == FL_OP_WITHDRAWN;
}

static void withdraw(struct fl_op *op)
{
	if (fl_slot_move(&op->slot, op->id, FL_OP_RUNNING, FL_OP_WITHDRAWN))
		cancel_now(op);
}

static void cancel_each(struct fl_worker *worker, const struct fl_instance *instance, uint32_t kind)
{
	struct fl_op *op = instance->shares[worker->index].ops, *next;

	for (; op; op = next) {
		next = op->next;
		if (kind == 0 || kind_of(op) == kind)
			withdraw(op);
	}
}

void fl_ops_cancel_timers(struct fl_worker *worker, void *instance)
{
	cancel_each(worker, instance, FAIRLEAD_EVENT_TIMER);
}

void fl_ops_cancel_all(struct fl_worker *worker, void *instance)
{
	cancel_each(worker, instance, 0);
}

void fl_ops_cancel_request(struct fl_worker *worker, const struct fl_instance *instance,
                           fairlead_id req)
{
	struct fl_op *op = instance->shares[worker->index].ops, *next;

	for (; op; op = next) {
		next = op->next;
		if (kind_of(op) == FAIRLEAD_EVENT_HTTP && op->req == req)
			withdraw(op);
	}
}

/* ---- who may ---- */

uint64_t fl_op_request_deadline(const struct fl_life *life, fairlead_id req)
{
	const struct fl_debt *debt = fl_debt_find(life->instance->host, req);

	if (!debt || fl_slot_state(&debt->slot, req) == FL_SLOT_FREE ||
	    atomic_load_explicit(&debt->self, memory_order_relaxed) != life->self)
		return 0;
	return atomic_load_explicit(&debt->deadline_ns, memory_order_relaxed);
}

const struct fl_call *fl_op_request_call(const struct fl_op *op)
{
	const struct fl_debt *debt = fl_debt_find(op->life->instance->host, op->req);

	/* Another thread may answer it meanwhile; it is released on this loop only. */
	if (op->req == 0 || !debt || debt->worker != op->worker ||
	    fl_slot_state(&debt->slot, op->req) != FL_DEBT_OPEN ||
	    atomic_load_explicit(&debt->self, memory_order_relaxed) != op->life->self)
		return NULL;
	return debt->call;
}

struct fl_life *fl_service_enter(fairlead_id self, const char *extension, enum fl_phase until,
                                 fairlead_status *ret_status)
{
	struct fl_life *life = fl_self_enter(self);
	enum fl_phase phase;

	*ret_status = FAIRLEAD_E_STALE;
	if (!life)
		return NULL;
	phase = fl_life_phase(life);
	if (!fl_manifest_asks_for(life->instance->manifest, fl_str(extension)))
		*ret_status = FAIRLEAD_E_DENIED;
	else if (phase >= FL_PHASE_STARTING && phase <= until &&
	         fl_instance_may_call(life->instance))
		return life;
	fl_self_leave(life);
	return NULL;
}

fairlead_status fl_service_cancel(fairlead_id self, const char *extension, fairlead_id op,
                                  uint32_t kind)
{
	fairlead_status status;
	FL_SELF_LEAVE struct fl_life *life =
	    fl_service_enter(self, extension, FL_PHASE_QUIESCING, &status);

	return life ? fl_op_cancel(life, op, kind) : status;
}
