/* gateway/http/reap.c - deadlines of connections
 * SPDX-License-Identifier: Apache-2.0
 *
 * libmicrohttpd's own timeout starts anew with each byte and does not see suspended connections. So
 * each connection has a phase with a total deadline, and one timer a worker looks at all of them
 * now and then: a request only stores two numbers.
 */
#include "gateway/http/internal.h"

/* A body that has come for longer than a head may take must have come at the minimum rate. */
static bool is_too_slow(const struct fl_connection *c, uint64_t now_ns)
{
	const struct fl_cfg_limits *limits = &c->worker->http->limits;
	uint64_t took_ns = now_ns - c->since_ns;

	if (c->phase != FL_CONNECTION_BODY || !c->exchange || took_ns < limits->header_timeout_ns)
		return false;
	return c->exchange->req.bytes_in <
	       took_ns / FL_NS_PER_MS * limits->min_body_rate_bytes_per_sec / 1000;
}

static void reap(struct fl_connection *c)
{
	enum fl_refusal refusal = c->phase == FL_CONNECTION_HEAD   ? FL_REFUSAL_HEAD_SLOW
	                          : c->phase == FL_CONNECTION_BODY ? FL_REFUSAL_BODY_SLOW
	                                                           : FL_REFUSAL_NONE;

	if (refusal != FL_REFUSAL_NONE) {
		fl_http_count_refusal(c->worker->http, refusal);
		fl_respond_raw(c, refusal);
	}
	fl_counter_add(&c->worker->reaped_total, 1);
	fl_connection_shut(c);
}

void fl_reap_on_sweep(struct fl_loop_timer *timer)
{
	struct fl_http_worker *w = FL_CONTAINER_OF(timer, struct fl_http_worker, sweep);
	uint64_t now_ns = fl_loop_now_ns(w->loop);

	for (struct fl_connection *c = w->ring.next; c != &w->ring; c = c->next)
		if (now_ns >= c->deadline_ns || is_too_slow(c, now_ns))
			reap(c);
	if (w->ring.next != &w->ring)
		(void)!fl_loop_timer_set(w->loop, timer, now_ns + w->http->sweep_ns);
}
