/* gateway/connector/service_exec.c - private: fairlead.exec/1
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/op.h"

static void run_work(struct fl_job *job, struct fl_place *place)
{
	struct fl_op *op = FL_CONTAINER_OF(job, struct fl_op, job);
	struct fl_life *life = op->life;
	fairlead_status status = FAIRLEAD_E_CANCELLED;

	if (place && fl_instance_may_call(life->instance)) {
		fl_place_enter(place, life);
		status = life->plugin.run(life->inst, op->work);
		fl_place_leave(place);
	}
	fl_op_end_later(op, status);
}

static fairlead_status submit(struct fl_life *life, fairlead_id req, uint64_t work,
                              fairlead_id *ret_op)
{
	struct fl_op *op;

	if (!life->pool || !life->plugin.run)
		return FAIRLEAD_E_DENIED; /* no threads were granted */
	op = fl_op_take(life, req, FAIRLEAD_EVENT_EXEC);
	if (!op)
		return FAIRLEAD_E_AGAIN;
	op->work = work;
	op->job.run = run_work;
	op->job.is_bounded = true;
	fl_op_open(op, ret_op); /* before others can end it */
	if (!fl_executor_push(life->pool, &op->job)) {
		fl_op_put_back(op);
		return FAIRLEAD_E_AGAIN;
	}
	return FAIRLEAD_PENDING;
}

static fairlead_status FAIRLEAD_CALL service_submit(fairlead_id self, fairlead_id req,
                                                    uint64_t work, fairlead_id *ret_op)
{
	fairlead_status status;
	FL_SELF_LEAVE struct fl_life *life =
	    fl_service_enter(self, FAIRLEAD_EXT_EXEC, FL_PHASE_QUIESCING, &status);

	if (!life)
		return status;
	return ret_op ? submit(life, req, work, ret_op) : FAIRLEAD_E_INVAL;
}

const fairlead_exec fl_service_exec = {
    .struct_size = sizeof fl_service_exec,
    .submit = service_submit,
};
