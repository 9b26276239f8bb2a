/* tests/unit/http/fake.c - a pipeline that does what the path says
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/http/fake.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

#define WAITERS_MAX 4096

enum state { NEW, WAITING, READY, GONE, OWED };

struct fl_pipeline_worker {
	struct fl_loop *loop;
	unsigned index;
	struct fl_request *waiters[WAITERS_MAX];
	size_t waiters_n;
	struct fl_loop_task drain_task, soon_task;
	bool is_drain_posted, is_soon_posted;
};

struct fake_counts fake;
_Atomic uint64_t fake_max_body = 1 << 20;
static struct fl_pipeline_worker workers[16];

void fake_reset(void)
{
	memset(&fake, 0, sizeof fake);
	fake_max_body = 1 << 20;
}

struct fl_pipeline_worker *fl_pipeline_attach_worker(struct fl_pipeline *pipeline, unsigned index,
                                                     struct fl_loop *loop)
{
	(void)pipeline;
	workers[index] = (struct fl_pipeline_worker){.loop = loop, .index = index};
	return &workers[index];
}

static void answer(struct fl_request *req, uint32_t status, struct fl_str type, struct fl_str body)
{
	struct fl_header *h = fl_arena_array(&req->arena, 2, sizeof *h);

	h[0] = (struct fl_header){FL_STR("content-type"), type};
	h[1] = (struct fl_header){FL_STR("x-fake"), FL_STR("yes")};
	req->response =
	    (struct fl_response){.status = status, .headers = h, .headers_n = 2, .body = body};
}

static enum fl_request_verdict text(struct fl_request *req, uint32_t status, const char *body)
{
	answer(req, status, FL_STR("text/plain"), fl_str(body));
	return FL_REQUEST_RESPOND;
}

void fl_pipeline_refuse(struct fl_request *req, uint32_t status, const char *code,
                        const char *detail)
{
	atomic_fetch_add(&fake.refused, 1);
	answer(req, status, FL_STR("application/problem+json"),
	       fl_arena_printf(
		   &req->arena,
		   "{\"type\":\"urn:fairlead:problem:%s\",\"status\":%u,\"detail\":\"%s\"}\n", code,
		   status, detail));
	req->response.must_close = true;
}

enum fl_request_verdict fl_pipeline_begin(struct fl_request *req)
{
	atomic_fetch_add(&fake.begun, 1);
	atomic_fetch_add(&fake.by_worker[req->worker->index], 1);
	req->max_body_bytes = fake_max_body;
	if (fl_str_is(req->raw_path, "/early"))
		return text(req, 404, "no\n");
	return FL_REQUEST_CONTINUE;
}

static void show_line(struct fl_buf *out, const char *name, struct fl_str value)
{
	fl_buf_printf(out, "%s=%.*s\n", name, FL_STR_ARGS(value));
}

static enum fl_request_verdict show(struct fl_request *req)
{
	struct fl_buf out;

	fl_buf_init(&out, 1 << 20);
	show_line(&out, "method", req->method_name);
	show_line(&out, "path", req->raw_path);
	show_line(&out, "query", req->query);
	show_line(&out, "host", req->host);
	show_line(&out, "host_name", req->host_name);
	show_line(&out, "client", req->client);
	show_line(&out, "scheme", req->scheme);
	fl_buf_printf(&out, "trusted=%d\nbytes_in=%u\n", req->is_trusted_peer,
	              (unsigned)req->bytes_in);
	for (size_t i = 0; i < req->headers_n; i++)
		fl_buf_printf(&out, "%.*s: %.*s|\n", (int)req->headers[i].k.n, req->headers[i].k.p,
		              (int)req->headers[i].v.n, req->headers[i].v.p);
	answer(req, 200, FL_STR("text/plain"), fl_arena_str(&req->arena, fl_buf_str(&out)));
	fl_buf_fini(&out);
	return FL_REQUEST_RESPOND;
}

static enum fl_request_verdict big(struct fl_request *req)
{
	uint64_t n = strtoull(req->raw_path.p + 5, NULL, 10);
	char *p = fl_arena_alloc(&req->arena, n);

	memset(p, 'x', n);
	answer(req, 200, FL_STR("text/plain"), fl_str_n(p, n));
	return FL_REQUEST_RESPOND;
}

static enum fl_request_verdict headers(struct fl_request *req)
{
	uint64_t n = strtoull(req->raw_path.p + 9, NULL, 10);
	struct fl_header *h = fl_arena_array(&req->arena, n, sizeof *h);
	char *value = fl_arena_alloc(&req->arena, 1000);

	memset(value, 'v', 1000);
	for (uint64_t i = 0; i < n; i++)
		h[i] = (struct fl_header){FL_STR("set-cookie"), fl_str_n(value, 1000)};
	req->response = (struct fl_response){.status = 200, .headers = h, .headers_n = n};
	return FL_REQUEST_RESPOND;
}

static enum fl_request_verdict odd(struct fl_request *req)
{
	static const struct fl_header sets[][2] = {
	    {{FL_STR_INIT("x-odd"), FL_STR_INIT("a\r\nb: c")},
	     {FL_STR_INIT("x-b"), FL_STR_INIT("b")}},
	    {{FL_STR_INIT("x-b"), FL_STR_INIT("b")},
	     {FL_STR_INIT("x-odd"), FL_STR_INIT("a\nb: c")}},
	    {{FL_STR_INIT("x odd"), FL_STR_INIT("a")}, {FL_STR_INIT("x-b"), FL_STR_INIT("b")}},
	    {{FL_STR_INIT("x-b"), FL_STR_INIT("b")},
	     {FL_STR_INIT("content-length"), FL_STR_INIT("9")}},
	    {{FL_STR_INIT("transfer-encoding"), FL_STR_INIT("chunked")},
	     {FL_STR_INIT("b"), FL_STR_INIT("b")}},
	    {{FL_STR_INIT("x-b"), FL_STR_INIT("b")}, {FL_STR_INIT("Date"), FL_STR_INIT("now")}},
	    {{FL_STR_INIT("x-b"), FL_STR_INIT("b")}, {FL_STR_INIT(""), FL_STR_INIT("c")}},
	    {{FL_STR_INIT("x-a"), FL_STR_INIT("")}, {FL_STR_INIT("x-b"), FL_STR_INIT("b")}},
	    {{FL_STR_INIT("x-a"), FL_STR_INIT("a")}, {FL_STR_INIT("x-b"), FL_STR_INIT("")}},
	    {{FL_STR_INIT("x-a"), FL_STR_INIT("a\tb")}, {FL_STR_INIT("x-b"), FL_STR_INIT("\xff")}},
	};
	uint64_t i = strtoull(req->raw_path.p + 5, NULL, 10);

	req->response = (struct fl_response){.status = 200, .headers = sets[i], .headers_n = 2};
	return FL_REQUEST_RESPOND;
}

static void remove_waiter(struct fl_request *req)
{
	struct fl_pipeline_worker *w = req->worker;

	for (size_t i = 0; i < w->waiters_n; i++)
		if (w->waiters[i] == req) {
			w->waiters[i] = w->waiters[--w->waiters_n];
			return;
		}
}

static void ready(struct fl_request *req, uint32_t status)
{
	(void)text(req, status, status == 200 ? "waited\n" : "drained\n");
	req->state = READY;
	atomic_fetch_sub(&fake.waiting, 1);
	if (!fl_str_is(req->raw_path, "/owe"))
		remove_waiter(req);
	req->transport->on_ready(req);
}

static void on_soon(struct fl_loop_task *task)
{
	struct fl_pipeline_worker *w = FL_CONTAINER_OF(task, struct fl_pipeline_worker, soon_task);

	w->is_soon_posted = false;
	for (size_t i = w->waiters_n; i-- > 0;)
		if (w->waiters[i]->state == WAITING && fl_str_is(w->waiters[i]->raw_path, "/soon"))
			ready(w->waiters[i], 200);
}

static enum fl_request_verdict wait_for_it(struct fl_request *req)
{
	struct fl_pipeline_worker *w = req->worker;

	req->state = WAITING;
	w->waiters[w->waiters_n++] = req;
	atomic_fetch_add(&fake.waiting, 1);
	if (fl_str_is(req->raw_path, "/soon") && !w->is_soon_posted) {
		w->is_soon_posted = true;
		w->soon_task.on_task = on_soon;
		fl_loop_post(w->loop, &w->soon_task);
	}
	return FL_REQUEST_WAIT;
}

enum fl_request_verdict fl_pipeline_dispatch(struct fl_request *req)
{
	atomic_fetch_add(&fake.dispatched, 1);
	if (fl_str_is(req->raw_path, "/show"))
		return show(req);
	if (fl_str_starts(req->raw_path, FL_STR("/big/")))
		return big(req);
	if (fl_str_starts(req->raw_path, FL_STR("/headers/")))
		return headers(req);
	if (fl_str_starts(req->raw_path, FL_STR("/odd/")))
		return odd(req);
	if (fl_str_is(req->raw_path, "/echo")) {
		answer(req, 200, FL_STR("text/plain"), req->body);
		return FL_REQUEST_RESPOND;
	}
	if (fl_str_is(req->raw_path, "/wait") || fl_str_is(req->raw_path, "/owe") ||
	    fl_str_is(req->raw_path, "/soon"))
		return wait_for_it(req);
	(void)text(req, 200, "hello\n");
	req->response.must_close = fl_str_is(req->raw_path, "/close");
	return FL_REQUEST_RESPOND;
}

void fl_pipeline_gone(struct fl_request *req)
{
	atomic_fetch_add(&fake.gone, 1);
	if (req->state == WAITING)
		atomic_fetch_sub(&fake.waiting, 1);
	req->state = GONE;
}

static void on_drain(struct fl_loop_task *task)
{
	struct fl_pipeline_worker *w = FL_CONTAINER_OF(task, struct fl_pipeline_worker, drain_task);

	w->is_drain_posted = false;
	for (size_t i = w->waiters_n; i-- > 0;)
		if (w->waiters[i]->state == WAITING)
			ready(w->waiters[i], 503);
}

void fl_pipeline_drain(struct fl_request *req)
{
	struct fl_pipeline_worker *w = req->worker;

	atomic_fetch_add(&fake.drained, 1);
	if (w->is_drain_posted)
		return;
	w->is_drain_posted = true;
	w->drain_task.on_task = on_drain;
	fl_loop_post(w->loop, &w->drain_task);
}

void fl_pipeline_end(struct fl_request *req, uint64_t bytes_out, bool was_sent)
{
	(void)bytes_out;
	atomic_store(&fake.last_status, req->response.status);
	atomic_fetch_add(&fake.ended, 1);
	if (was_sent)
		atomic_fetch_add(&fake.sent, 1);
	if (fl_str_is(req->raw_path, "/owe") && req->state != NEW) {
		req->state = OWED;
		atomic_fetch_add(&fake.owed, 1);
		return;
	}
	remove_waiter(req);
	req->transport->on_released(req);
}

/* ---- from the test's thread ---- */

struct order {
	struct fl_loop_task task;
	struct fl_loop *loop;
};

static struct fl_pipeline_worker *worker_of(const struct fl_loop *loop)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(workers); i++)
		if (workers[i].loop == loop)
			return &workers[i];
	abort();
}

static void on_finish(struct fl_loop_task *task)
{
	struct order *order = FL_CONTAINER_OF(task, struct order, task);
	struct fl_pipeline_worker *w = worker_of(order->loop);

	for (size_t i = w->waiters_n; i-- > 0;)
		if (w->waiters[i]->state == WAITING)
			ready(w->waiters[i], 200);
	free(order);
}

static void on_pay(struct fl_loop_task *task)
{
	struct order *order = FL_CONTAINER_OF(task, struct order, task);
	struct fl_pipeline_worker *w = worker_of(order->loop);

	for (size_t i = w->waiters_n; i-- > 0;) {
		struct fl_request *req = w->waiters[i];

		if (req->state != OWED)
			continue;
		remove_waiter(req);
		atomic_fetch_sub(&fake.owed, 1);
		req->transport->on_released(req);
	}
	free(order);
}

static void post(struct fl_loop *loop, void (*on_task)(struct fl_loop_task *))
{
	struct order *order = calloc(1, sizeof *order);

	if (!order)
		abort();
	order->loop = loop;
	order->task.on_task = on_task;
	fl_loop_post(loop, &order->task);
}

void fake_finish(struct fl_loop *loop)
{
	post(loop, on_finish);
}

void fake_pay(struct fl_loop *loop)
{
	post(loop, on_pay);
}
