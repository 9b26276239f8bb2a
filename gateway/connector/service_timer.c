/* gateway/connector/service_timer.c - private: fairlead.timer/1
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/op.h"

#define TIMERS_MAX 1024u /* of one instance, unless the operator says otherwise */

static void end_timer(struct fl_op *op)
{
	(void)atomic_fetch_sub(&op->life->timers, 1);
}

static void on_expire(struct fl_loop_timer *timer)
{
	struct fl_op *op = FL_CONTAINER_OF(timer, struct fl_op, timer.timer);

	end_timer(op);
	fl_op_end(op, FAIRLEAD_OK);
}

static void cancel_timer(struct fl_op *op)
{
	fl_loop_timer_cancel(op->worker->loop, &op->timer.timer);
	end_timer(op);
	fl_op_end_later(op, FAIRLEAD_E_CANCELLED);
}

static void start_timer(struct fl_op *op)
{
	op->timer.timer.on_expire = on_expire;
	op->cancel = cancel_timer;
	fl_op_link(op);
	if (fl_op_is_withdrawn(op) ||
	    fl_life_phase(op->life) >= FL_PHASE_QUIESCING || /* it was on its way meanwhile */
	    fl_loop_timer_set(op->worker->loop, &op->timer.timer, op->timer.deadline_ns) != 0) {
		op->cancel = NULL;
		cancel_timer(op);
	}
}

static bool take_place(struct fl_life *life)
{
	uint32_t max = life->instance->spec.max_timers, n = atomic_load(&life->timers);

	if (max == 0)
		max = TIMERS_MAX;
	while (n < max)
		if (atomic_compare_exchange_weak(&life->timers, &n, n + 1))
			return true;
	return false;
}

static fairlead_status set(struct fl_life *life, fairlead_id req, uint64_t delay_ns,
                           fairlead_id *ret_op)
{
	uint64_t now_ns = fl_clock_mono_ns();
	struct fl_op *op;

	if (!take_place(life))
		return FAIRLEAD_E_AGAIN;
	op = fl_op_take(life, req, FAIRLEAD_EVENT_TIMER);
	if (!op) {
		(void)atomic_fetch_sub(&life->timers, 1);
		return FAIRLEAD_E_AGAIN;
	}
	op->timer.deadline_ns = delay_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + delay_ns;
	op->start = start_timer;
	fl_op_open(op, ret_op);
	if (op->is_foreign)
		fl_op_send(op);
	else
		start_timer(op);
	return FAIRLEAD_PENDING;
}

static fairlead_status FAIRLEAD_CALL service_set(fairlead_id self, fairlead_id req,
                                                 uint64_t delay_ns, fairlead_id *ret_op)
{
	fairlead_status status;
	FL_SELF_LEAVE struct fl_life *life =
	    fl_service_enter(self, FAIRLEAD_EXT_TIMER, FL_PHASE_RUNNING, &status);

	if (!life)
		return status;
	return ret_op ? set(life, req, delay_ns, ret_op) : FAIRLEAD_E_INVAL;
}

static fairlead_status FAIRLEAD_CALL service_cancel(fairlead_id self, fairlead_id id)
{
	return fl_service_cancel(self, FAIRLEAD_EXT_TIMER, id, FAIRLEAD_EVENT_TIMER);
}

static uint64_t FAIRLEAD_CALL service_now(fairlead_id self)
{
	(void)self;
	return fl_clock_mono_ns();
}

const fairlead_timer fl_service_timer = {
    .struct_size = sizeof fl_service_timer,
    .set = service_set,
    .cancel = service_cancel,
    .now_ns = service_now,
};
