/* gateway/pipeline/request.c - the life of one request: its stages and its states
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/request.h"

#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/trace.h"
#include "gateway/pipeline/worker.h"

/* ---- stages ---- */

enum phase { HEAD, BODY, ANSWER, END };

/* The order in which a request goes through the gateway. Configuration chooses what a stage does,
 * never the order. Who signs the body is known when it is there: then authentication and
 * authorization come after it, else before anything of it is read. Validation will stand before
 * dispatch. */
static const struct {
	enum phase phase;
	fl_stage_fn run;
} stages[] = {
    {HEAD, fl_stage_guard},        /* one path, readable in one way only */
    {HEAD, fl_stage_route},        /* which route takes it */
    {HEAD, fl_stage_pre_limit},    /* how often, whoever calls */
    {HEAD, fl_stage_authenticate}, /* who calls */
    {HEAD, fl_stage_limit},        /* how often it does */
    {HEAD, fl_stage_authorize},    /* whether it may */
    {BODY, fl_stage_verify},       /* who calls, if that is a signature over the body */
    {BODY, fl_stage_limit},        /* then, how often it does */
    {BODY, fl_stage_authorize},    /* and, whether it may */
    {BODY, fl_stage_dispatch},     /* to a connector instance */
    {ANSWER, fl_stage_respond},    /* its answer, or a problem document */
    {END, fl_stage_settle},        /* a delivery that failed may come again */
    {END, fl_stage_record},        /* metrics, access log */
};

static enum fl_request_verdict run(struct fl_request *req, enum phase phase)
{
	enum fl_request_verdict verdict = FL_REQUEST_CONTINUE;

	for (size_t i = 0; i < FL_ARRAY_LEN(stages) && verdict == FL_REQUEST_CONTINUE; i++)
		if (stages[i].phase == phase)
			verdict = stages[i].run(req);
	return verdict;
}

/* ---- states ---- */

enum state {
	NEW,        /* what fl_request_reset() leaves */
	OPEN,       /* the head is accepted; the body is read */
	WAITING,    /* for the connector; the deadline is set */
	ANNOUNCING, /* there is a response; on_ready() is due in the next round */
	ANSWERED,   /* there is a response, and the transport knows */
	GONE,       /* the client left while the connector worked */
	ENDED,      /* recorded; the connector still owes */
	RELEASED,
	STATES,
};

#define TO(state) (1u << (state))
static const uint8_t moves[STATES] = {
    [NEW] = TO(OPEN) | TO(ANSWERED) | TO(ENDED),
    [OPEN] = TO(WAITING) | TO(ANSWERED) | TO(ENDED),
    [WAITING] = TO(ANNOUNCING) | TO(ANSWERED) | TO(GONE),
    [ANNOUNCING] = TO(ANSWERED) | TO(GONE),
    [ANSWERED] = TO(ANSWERED) | TO(ENDED),
    [GONE] = TO(ENDED),
    [ENDED] = TO(RELEASED),
};

static void move(struct fl_request *req, enum state to)
{
	FL_ASSERT(req->state < STATES && moves[req->state] & TO(to));
	req->state = (uint8_t)to;
}

static enum fl_request_verdict respond(struct fl_request *req)
{
	enum fl_request_verdict verdict = run(req, ANSWER);

	move(req, ANSWERED);
	return verdict;
}

static void release(struct fl_request *req)
{
	move(req, RELEASED);
	req->transport->on_released(req); /* it may be freed in there */
}

/* Answered and recorded: from here on only the connector's debt keeps the request. It does not keep
 * the snapshot, or an instance that never pays could never be retired. */
static void leave_snapshot(struct fl_request *req)
{
	if (req->snapshot)
		fl_worker_release(req->worker, req->snapshot);
	req->snapshot = NULL;
	req->route = NULL;
	req->decided = NULL;
	req->limited_by = FL_STR_NULL;
	req->principal = (struct fl_principal){.consumer = NULL};
}

/* The connector's time is over: nobody waits for it any more. */
static void stop_waiting(struct fl_request *req, uint32_t reason)
{
	struct fl_loop *loop = req->worker->loop;

	FL_ASSERT(req->state == WAITING && !req->is_owing);
	fl_loop_timer_cancel(loop, &req->deadline);
	req->connector_ns = fl_loop_now_ns(loop) - req->dispatched_ns;
	req->is_owing = fl_call_cancel(&req->call, reason);
}

/* ---- what happens while the connector works ---- */

void fl_request_on_done(struct fl_call *call)
{
	struct fl_request *req = FL_CONTAINER_OF(call, struct fl_request, call);
	struct fl_loop *loop = req->worker->loop;

	FL_ASSERT(req->state == WAITING);
	fl_loop_timer_cancel(loop, &req->deadline);
	req->connector_ns = fl_loop_now_ns(loop) - req->dispatched_ns;
	(void)respond(req);
	req->transport->on_ready(req);
}

void fl_request_on_paid(struct fl_call *call)
{
	struct fl_request *req = FL_CONTAINER_OF(call, struct fl_request, call);

	FL_ASSERT(req->is_owing);
	req->is_owing = false;
	if (req->state == ENDED)
		release(req);
}

static void on_deadline(struct fl_loop_timer *timer)
{
	struct fl_request *req = FL_CONTAINER_OF(timer, struct fl_request, deadline);

	stop_waiting(req, FAIRLEAD_CANCEL_DEADLINE);
	(void)fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_DEADLINE));
	(void)respond(req);
	req->transport->on_ready(req);
}

static void on_announce(struct fl_loop_timer *timer)
{
	struct fl_request *req = FL_CONTAINER_OF(timer, struct fl_request, deadline);

	move(req, ANSWERED);
	req->transport->on_ready(req);
}

static enum fl_request_verdict wait(struct fl_request *req)
{
	uint64_t deadline_ns = req->call.view.deadline_ns;

	move(req, WAITING);
	req->deadline.on_expire = on_deadline;
	if (fl_loop_timer_set(req->worker->loop, &req->deadline, deadline_ns) == 0)
		return FL_REQUEST_WAIT;
	/* No memory for a timer: without a deadline it must not wait. */
	stop_waiting(req, FAIRLEAD_CANCEL_OPERATOR);
	(void)fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
	return respond(req);
}

/* ---- what the transport calls ---- */

enum fl_request_verdict fl_pipeline_begin(struct fl_request *req)
{
	FL_ASSERT(req->state == NEW && req->method < FL_METHOD_N);
	fl_trace_begin(req);
	req->snapshot = fl_worker_hold(req->worker);
	if (run(req, HEAD) == FL_REQUEST_RESPOND)
		return respond(req);
	move(req, OPEN);
	return FL_REQUEST_CONTINUE;
}

enum fl_request_verdict fl_pipeline_dispatch(struct fl_request *req)
{
	FL_ASSERT(req->state == OPEN);
	return run(req, BODY) == FL_REQUEST_WAIT ? wait(req) : respond(req);
}

void fl_pipeline_refuse(struct fl_request *req, uint32_t status, const char *code,
                        const char *detail)
{
	FL_ASSERT(req->state == NEW || req->state == OPEN || req->state == ANSWERED);
	if (req->request_id.n == 0)
		fl_trace_begin(req);
	req->is_refused = true;
	req->problem = (struct fl_problem_type){
	    .code = code,
	    .title = fl_problem_title(status),
	    .detail = detail,
	    .status = (uint16_t)status,
	    .must_close = true,
	};
	(void)respond(req);
}

void fl_pipeline_gone(struct fl_request *req)
{
	FL_ASSERT(req->state < ENDED);
	if (req->state == WAITING)
		stop_waiting(req, FAIRLEAD_CANCEL_CLIENT_GONE);
	else if (req->state == ANNOUNCING)
		fl_loop_timer_cancel(req->worker->loop, &req->deadline);
	else
		return;
	move(req, GONE);
}

void fl_pipeline_drain(struct fl_request *req)
{
	int rc;

	if (req->state != WAITING)
		return;
	stop_waiting(req, FAIRLEAD_CANCEL_DRAIN);
	(void)fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_SHUTTING_DOWN));
	(void)run(req, ANSWER);
	move(req, ANNOUNCING);
	req->deadline.on_expire = on_announce;
	rc = fl_loop_timer_set(req->worker->loop, &req->deadline, 0);
	FL_ASSERT(rc == 0); /* the deadline's place in the heap has just become free */
}

void fl_pipeline_end(struct fl_request *req, uint64_t bytes_out, bool was_sent)
{
	fl_pipeline_gone(req); /* in case it still waits */
	req->bytes_out = bytes_out;
	req->was_sent = was_sent;
	(void)run(req, END);
	move(req, ENDED);
	leave_snapshot(req);
	if (!req->is_owing)
		release(req);
}
