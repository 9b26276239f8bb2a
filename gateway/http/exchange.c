/* gateway/http/exchange.c - request objects, used again
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/http/internal.h"

#include <stdlib.h>

#define ARENA_FIRST_BYTES 8192u
/* A safety net: what a request may hold is bounded by who puts it there. */
#define ARENA_MAX_BYTES (256u << 20)
#define SPARE_MAX 256u
#define SPARE_BODY_BYTES (64u << 10)

static const struct fl_request_transport transport;

struct fl_exchange *fl_exchange_take(struct fl_http_worker *w)
{
	struct fl_exchange *x = w->spare;

	if (x) {
		w->spare = x->next;
		w->spare_n--;
	} else {
		x = calloc(1, sizeof *x);
		if (!x)
			return NULL;
		fl_arena_init(&x->req.arena, ARENA_FIRST_BYTES, ARENA_MAX_BYTES);
		fl_buf_init(&x->body, SIZE_MAX);
		x->worker = w;
	}
	w->exchanges_n++;
	fl_request_reset(&x->req);
	x->stage = FL_EXCHANGE_LINE;
	x->app_data = NULL;
	x->is_known = x->must_close = x->has_body = x->is_overflown = false;
	x->req.worker = w->share;
	x->req.transport = &transport;
	return x;
}

static void free_one(struct fl_exchange *x)
{
	fl_arena_fini(&x->req.arena);
	fl_buf_fini(&x->body);
	free(x);
}

void fl_exchange_on_released(struct fl_request *req)
{
	struct fl_exchange *x = FL_CONTAINER_OF(req, struct fl_exchange, req);
	struct fl_http_worker *w = x->worker;

	FL_ASSERT(!x->connection);
	w->exchanges_n--;
	if (w->spare_n >= SPARE_MAX) {
		free_one(x);
		return;
	}
	fl_arena_reset(&req->arena);
	if (x->body.cap > SPARE_BODY_BYTES)
		fl_buf_fini(&x->body);
	fl_buf_clear(&x->body);
	x->next = w->spare;
	w->spare = x;
	w->spare_n++;
}

static void on_ready(struct fl_request *req)
{
	struct fl_exchange *x = FL_CONTAINER_OF(req, struct fl_exchange, req);

	FL_ASSERT(x->stage == FL_EXCHANGE_WAIT && x->connection);
	x->stage = FL_EXCHANGE_ANSWER;
	MHD_resume_connection(x->connection->mhd);
	x->worker->must_run = true;
}

static const struct fl_request_transport transport = {
    .on_ready = on_ready,
    .on_released = fl_exchange_on_released,
};

void fl_exchange_free_spare(struct fl_http_worker *w)
{
	while (w->spare) {
		struct fl_exchange *x = w->spare;

		w->spare = x->next;
		free_one(x);
	}
	w->spare_n = 0;
}
