/* gateway/pipeline/dispatch.c - the stage that hands the request to its connector instance
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/decided.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/trace.h"
#include "gateway/pipeline/worker.h"

/* The caller's headers but those that the gateway speaks of itself, then those that policies set,
 * and the request id: a connector that passes headers on carries it to the next log. The trace is
 * not among them: it is a field of the request. */
static bool add_headers(struct fl_request *req)
{
	size_t room = req->headers_n + fl_fulfil_headers_n(req) + 1, n = 0;
	fairlead_kv *headers = fl_arena_alloc(&req->arena, room * sizeof *headers);

	if (!headers)
		return false;
	if (!req->has_own_headers) {
		n = req->headers_n;
		if (n > 0)
			memcpy(headers, req->headers, n * sizeof *headers);
	} else {
		for (size_t i = 0; i < req->headers_n; i++)
			if (!fl_trace_is_own_header(req, fl_str_from(req->headers[i].k)))
				headers[n++] = req->headers[i];
	}
	n = fl_fulfil_headers(req, headers, n);
	headers[n].k = fl_str_to(FL_STR("x-request-id"));
	headers[n++].v = fl_str_to(req->request_id);
	req->call.view.headers = headers;
	req->call.view.headers_n = n;
	return true;
}

/* A connector that owes may look at the view when the snapshot is long gone: what is the snapshot's
 * is copied. */
static fairlead_str keep(struct fl_request *req, fairlead_str s)
{
	return fl_str_to(fl_arena_str(&req->arena, fl_str_from(s)));
}

static bool add_params(struct fl_request *req)
{
	const struct fl_route_match *match = &req->match;
	fairlead_kv *params;

	if (match->params_n == 0)
		return true;
	params = fl_arena_alloc(&req->arena, match->params_n * sizeof *params);
	if (!params)
		return false;
	for (size_t i = 0; i < match->params_n; i++) {
		params[i].k = keep(req, fl_str_to(match->params[i].name));
		params[i].v = fl_str_to(match->params[i].value);
	}
	req->call.view.params = params;
	req->call.view.params_n = match->params_n;
	return true;
}

static bool fill_view(struct fl_request *req)
{
	const struct fl_snapshot_route *route = req->route;

	req->dispatched_ns = fl_loop_now_ns(req->worker->loop);
	req->call.view = (fairlead_request){
	    .struct_size = sizeof(fairlead_request),
	    .route = keep(req, route->name),
	    .action = keep(req, route->action),
	    .method = fl_str_to(req->method_name),
	    .path = fl_str_to(req->path),
	    .query = fl_str_to(req->query),
	    .body = fl_str_to(req->body),
	    .traceparent = fl_str_to(req->traceparent),
	    .deadline_ns = req->dispatched_ns + req->timeout_ns,
	    .attempt = 1,
	    .client = fl_str_to(req->client),
	    .scheme = fl_str_to(req->scheme),
	    .host = fl_str_to(req->host),
	};
	if (req->principal.consumer) {
		req->call.view.principal = keep(req, fl_str_to(req->principal.consumer->name));
		req->call.view.tenant = keep(req, fl_str_to(req->principal.consumer->tenant));
	}
	return add_headers(req) && add_params(req);
}

enum fl_request_verdict fl_stage_dispatch(struct fl_request *req)
{
	FL_ASSERT(req->is_authorized && req->unproved == 0);
	FL_ASSERT(req->is_authorized && req->body.n <= req->max_body_bytes);
	if (!fill_view(req) || fl_arena_is_overflown(&req->arena))
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
	req->call.arena = &req->arena;
	req->call.on_done = fl_request_on_done;
	req->call.on_paid = fl_request_on_paid;
	switch (fl_call_start(&req->call, req->route->instance, req->worker->index)) {
	case FL_CALL_DONE:
		return FL_REQUEST_RESPOND;
	case FL_CALL_PENDING:
		return FL_REQUEST_WAIT;
	case FL_CALL_E_BUSY:
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_INSTANCE_BUSY));
	default:
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_INSTANCE_UNAVAILABLE));
	}
}
