/* gateway/http/service.c - a small HTTP service on a thread and daemon of its own
 * SPDX-License-Identifier: Apache-2.0
 *
 * One worker of the same kind as the data plane's; what is behind its door is a handler instead of
 * the pipeline. A call and its arena are the handler's from dispatch to reply: until the reply's
 * message has come to the loop, the loop does not touch them, also when the client is gone.
 */
#include "gateway/http/service.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/http/internal.h"
#include "gateway/pipeline/path.h"

#define HEADERS_MAX 100u
#define HEAD_BYTES 32768u
#define TARGET_BYTES 8192u
#define HEAD_NS (10 * FL_NS_PER_SEC)
#define BODY_NS (120 * FL_NS_PER_SEC) /* a connector to upload may be large */
#define IDLE_NS (60 * FL_NS_PER_SEC)
#define BODY_RATE 1024u

struct fl_service {
	struct fl_http *http;
	uint64_t max_body_bytes;
	fl_service_handler_fn handler;
	void *ctx;
};

struct entry { /* a call and where it stands; in the request's arena */
	struct fl_service_call call;
	struct fl_request *req;
	struct fl_loop *loop;
	struct fl_loop_task replied;
	/* loop thread */
	bool is_in_handler, is_answered, is_gone, is_ended;
};

static struct fl_exchange *exchange_of(struct fl_request *req)
{
	return FL_CONTAINER_OF(req, struct fl_exchange, req);
}

static struct fl_service *service_of(struct fl_request *req)
{
	return exchange_of(req)->worker->http->app_ctx;
}

/* ---- the app ---- */

static void refuse(struct fl_request *req, uint32_t status, const char *code, const char *detail)
{
	static const struct fl_header type = {FL_STR_INIT("content-type"),
	                                      FL_STR_INIT("application/problem+json")};
	const struct fl_problem_type problem = {.code = code,
	                                        .title = fl_problem_title(status),
	                                        .detail = detail,
	                                        .status = (uint16_t)status};

	req->is_refused = true;
	req->response = (struct fl_response){
	    .status = status,
	    .headers = &type,
	    .headers_n = 1,
	    .body = fl_problem_json(&req->arena, &problem, FL_STR_NULL, FL_STR_NULL),
	    .must_close = true,
	};
}

static enum fl_request_verdict begin(struct fl_request *req)
{
	struct fl_path path;
	enum fl_path_fault fault = fl_path_canonical(&req->arena, req->raw_path, &path);

	if (fault != FL_PATH_OK || !fl_str_eq(path.text, req->raw_path)) {
		refuse(req, 400, "path_not_canonical",
		       "Write the path without empty or dot segments and with as few escapes as "
		       "can be.");
		return FL_REQUEST_RESPOND;
	}
	req->max_body_bytes = service_of(req)->max_body_bytes;
	return FL_REQUEST_CONTINUE;
}

static bool fill(struct entry *e, struct fl_request *req)
{
	const struct fl_peer *peer = &exchange_of(req)->connection->peer;
	struct fl_header *headers =
	    fl_arena_array(&req->arena, req->headers_n + 1, sizeof *headers);

	if (!headers)
		return false;
	for (size_t i = 0; i < req->headers_n; i++)
		headers[i] = (struct fl_header){fl_str_n(req->headers[i].k.p, req->headers[i].k.n),
		                                fl_str_n(req->headers[i].v.p, req->headers[i].v.n)};
	e->req = req;
	e->loop = exchange_of(req)->worker->loop;
	e->call = (struct fl_service_call){
	    .service = service_of(req),
	    .arena = &req->arena,
	    .method = req->method,
	    .path = req->raw_path,
	    .query = req->query,
	    .host = req->host,
	    .headers = headers,
	    .headers_n = req->headers_n,
	    .body = req->body,
	    .client = req->client,
	    .is_unix = peer->is_unix,
	    .peer_uid = peer->uid,
	};
	return true;
}

static enum fl_request_verdict dispatch(struct fl_request *req)
{
	struct entry *e = fl_arena_zalloc(&req->arena, sizeof *e);

	if (!e || !fill(e, req)) {
		refuse(req, 503, "out_of_memory", "The server is out of memory.");
		return FL_REQUEST_RESPOND;
	}
	exchange_of(req)->app_data = e;
	e->is_in_handler = true;
	e->call.service->handler(e->call.service->ctx, &e->call);
	e->is_in_handler = false;
	return e->is_answered ? FL_REQUEST_RESPOND : FL_REQUEST_WAIT;
}

static void gone(struct fl_request *req)
{
	struct entry *e = exchange_of(req)->app_data;

	e->is_gone = true;
}

/* Who holds the call answers it before the service is stopped. */
static void drain(struct fl_request *req)
{
	(void)req;
}

static void end(struct fl_request *req, uint64_t bytes_out, bool was_sent)
{
	struct entry *e = exchange_of(req)->app_data;

	(void)bytes_out;
	(void)was_sent;
	if (e && !e->is_answered)
		e->is_ended = true;
	else
		req->transport->on_released(req);
}

static const struct fl_http_app app = {
    .begin = begin,
    .dispatch = dispatch,
    .refuse = refuse,
    .gone = gone,
    .drain = drain,
    .end = end,
};

/* ---- replies ---- */

static void on_replied(struct fl_loop_task *task)
{
	struct entry *e = FL_CONTAINER_OF(task, struct entry, replied);
	struct fl_request *req = e->req;

	e->is_answered = true;
	if (e->is_ended)
		req->transport->on_released(req);
	else if (!e->is_gone)
		req->transport->on_ready(req);
}

static void copy(struct fl_request *req, const struct fl_service_reply *reply)
{
	struct fl_header *headers =
	    fl_arena_array(&req->arena, reply->headers_n + 1, sizeof *headers);
	struct fl_str body = fl_arena_str(&req->arena, reply->body);

	for (size_t i = 0; headers && i < reply->headers_n; i++)
		headers[i] = (struct fl_header){fl_arena_str(&req->arena, reply->headers[i].name),
		                                fl_arena_str(&req->arena, reply->headers[i].value)};
	req->response = (struct fl_response){
	    .status = reply->status,
	    .headers = headers,
	    .headers_n = reply->headers_n,
	    .body = body,
	};
	if (fl_arena_is_overflown(&req->arena))
		req->response = (struct fl_response){.status = 503, .must_close = true};
}

void fl_service_reply(struct fl_service_call *call, const struct fl_service_reply *reply)
{
	struct entry *e = FL_CONTAINER_OF(call, struct entry, call);

	copy(e->req, reply);
	if (fl_loop_is_mine(e->loop) && e->is_in_handler) {
		e->is_answered = true;
		return;
	}
	e->replied.on_task = on_replied;
	fl_loop_post(e->loop, &e->replied);
}

struct fl_str fl_service_header(const struct fl_service_call *call, const char *lower_name)
{
	for (size_t i = 0; i < call->headers_n; i++)
		if (fl_str_is(call->headers[i].name, lower_name))
			return call->headers[i].value;
	return FL_STR_NULL;
}

/* ---- life ---- */

int fl_service_create(const struct fl_service_config *config, struct fl_service **ret,
                      struct fl_error *err)
{
	struct fl_service *s = calloc(1, sizeof *s);
	const struct fl_http_options options = {
	    .app = &app,
	    .app_ctx = s,
	    .listen = config->listen,
	    .may_be_unix = true,
	    .limits = {.max_header_bytes = HEAD_BYTES,
	               .max_headers = HEADERS_MAX,
	               .max_target_bytes = TARGET_BYTES,
	               .max_body_bytes = config->max_body_bytes,
	               .header_timeout_ns = HEAD_NS,
	               .body_timeout_ns = BODY_NS,
	               .idle_timeout_ns = IDLE_NS,
	               .min_body_rate_bytes_per_sec = BODY_RATE,
	               .max_connections = config->max_connections},
	    .workers = 1,
	};

	if (!s)
		return -ENOMEM;
	s->max_body_bytes = config->max_body_bytes;
	s->handler = config->handler;
	s->ctx = config->ctx;
	int r = fl_http_open(&options, &s->http, err);

	if (r < 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int fl_service_start(struct fl_service *service, struct fl_error *err)
{
	return fl_http_start(service->http, err);
}

uint16_t fl_service_port(const struct fl_service *service, size_t i)
{
	return fl_http_port(service->http, i);
}

void fl_service_stop(struct fl_service *service)
{
	fl_http_quiesce(service->http);
	fl_http_close(service->http);
	fl_http_stop(service->http);
}

struct fl_service *fl_service_destroy(struct fl_service *service)
{
	if (!service)
		return NULL;
	service->http = fl_http_destroy(service->http);
	free(service);
	return NULL;
}
