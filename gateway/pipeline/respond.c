/* gateway/pipeline/respond.c - the stage that makes the response
 * SPDX-License-Identifier: Apache-2.0
 *
 * Either what the connector answered, or a problem document. Both carry x-request-id, and only the
 * gateway's. traceparent is not sent back: callers that trace know their trace, and no standard
 * gives it a meaning in a response.
 */
#include "gateway/pipeline/decided.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/stage.h"

/* What the client gets for fail() and for a negative return; all else is connector_failed. */
static const struct {
	fairlead_status status;
	enum fl_problem_id problem;
} failures[] = {
    {FAIRLEAD_E_TIMEOUT, FL_PROBLEM_CONNECTOR_TIMEOUT},
    {FAIRLEAD_E_AGAIN, FL_PROBLEM_CONNECTOR_BUSY},
    {FAIRLEAD_E_INVAL, FL_PROBLEM_CONNECTOR_REFUSED},
    {FAIRLEAD_E_TOO_LARGE, FL_PROBLEM_CONNECTOR_TOO_LARGE},
};

static enum fl_problem_id problem_of(const struct fl_call_result *result)
{
	if (result->kind == FL_CALL_BROKEN)
		return FL_PROBLEM_CONNECTOR_BROKEN;
	for (size_t i = 0; i < FL_ARRAY_LEN(failures); i++)
		if (failures[i].status == result->status)
			return failures[i].problem;
	return FL_PROBLEM_CONNECTOR_FAILED;
}

static struct fl_header *add(struct fl_header *at, struct fl_str name, struct fl_str value)
{
	*at = (struct fl_header){name, value};
	return at + 1;
}

/* ---- the connector's answer ---- */

/* The transport dates the answer; the request id is ours. Framing the host has dropped already. */
static bool is_ours(struct fl_str name)
{
	return (name.n == 4 && memcmp(name.p, "date", 4) == 0) ||
	       fl_str_eq(name, FL_STR("x-request-id"));
}

static bool answer(struct fl_request *req)
{
	const struct fl_call_result *result = &req->call.result;
	struct fl_header *headers, *at;

	FL_ASSERT(result->headers_n < FL_RESPONSE_HEADERS_MAX);
	headers = fl_arena_alloc(&req->arena, (result->headers_n + 1) * sizeof *headers);
	if (!headers)
		return false;
	at = headers;
	for (size_t i = 0; i < result->headers_n; i++) {
		struct fl_str name = fl_str_from(result->headers[i].k);

		if (!is_ours(name))
			at = add(at, name, fl_str_from(result->headers[i].v));
	}
	at = add(at, FL_STR("x-request-id"), req->request_id);
	req->response = (struct fl_response){
	    .status = result->http_status,
	    .headers = headers,
	    .headers_n = (size_t)(at - headers),
	    .body = result->body,
	};
	if (result->http_status == 204 || result->http_status == 304)
		req->response.body = FL_STR_NULL; /* RFC 9110: these have none */
	return true;
}

/* ---- problems ---- */

#define PROBLEM_HEADERS_MAX 6u

static struct fl_str allow_field(struct fl_request *req)
{
	uint32_t methods = req->match.allowed_methods;
	char text[FL_METHOD_N * sizeof "OPTIONS, "];
	size_t n = 0;

	if (methods & 1u << FL_METHOD_GET)
		methods |= 1u << FL_METHOD_HEAD;
	for (unsigned m = 0; m < FL_METHOD_N; m++) {
		const char *name = fl_method_name((enum fl_method)m);

		if (!(methods & 1u << m))
			continue;
		if (n > 0) {
			text[n++] = ',';
			text[n++] = ' ';
		}
		memcpy(text + n, name, strlen(name));
		n += strlen(name);
	}
	return fl_arena_str(&req->arena, fl_str_n(text, n));
}

/* Needs no memory. */
static void answer_without_memory(struct fl_request *req)
{
	static const struct fl_header headers[] = {
	    {FL_STR_INIT("content-type"), FL_STR_INIT("application/problem+json")},
	    {FL_STR_INIT("cache-control"), FL_STR_INIT("no-store")},
	};

	req->problem = *fl_problem_type(FL_PROBLEM_MEMORY);
	req->response = (struct fl_response){
	    .status = req->problem.status,
	    .headers = headers,
	    .headers_n = FL_ARRAY_LEN(headers),
	    .body = FL_STR("{\"type\":\"urn:fairlead:problem:request_memory\","
	                   "\"title\":\"Out of memory\",\"status\":500}\n"),
	    .must_close = true,
	};
}

static void answer_problem(struct fl_request *req)
{
	const struct fl_problem_type *problem = &req->problem;
	struct fl_header *headers =
	    fl_arena_alloc(&req->arena, PROBLEM_HEADERS_MAX * sizeof *headers);
	struct fl_header *at = headers;
	struct fl_str body =
	    fl_problem_json(&req->arena, problem, req->request_id, req->problem_members);

	if (!headers || !body.p) {
		answer_without_memory(req);
		return;
	}
	at = add(at, FL_STR("content-type"), FL_STR("application/problem+json"));
	at = add(at, FL_STR("cache-control"), FL_STR("no-store"));
	if (req->request_id.n > 0)
		at = add(at, FL_STR("x-request-id"), req->request_id);
	if (problem->retry_after_s)
		at = add(at, FL_STR("retry-after"),
		         fl_arena_printf(&req->arena, "%u", (unsigned)problem->retry_after_s));
	if (problem->challenge)
		at = add(at, FL_STR("www-authenticate"),
		         fl_arena_str(&req->arena, fl_str(problem->challenge)));
	if (problem->status == 405)
		at = add(at, FL_STR("allow"), allow_field(req));
	req->response = (struct fl_response){
	    .status = problem->status,
	    .headers = headers,
	    .headers_n = (size_t)(at - headers),
	    .body = body,
	    .must_close = problem->must_close,
	};
	if (fl_arena_is_overflown(&req->arena))
		answer_without_memory(req);
}

static void respond(struct fl_request *req)
{
	if (req->is_answered && !req->problem.code)
		return;
	if (!req->problem.code && req->call.result.kind != FL_CALL_REPLIED)
		req->problem = *fl_problem_type(problem_of(&req->call.result));
	if (!req->problem.code && !answer(req))
		req->problem = *fl_problem_type(FL_PROBLEM_MEMORY);
	if (!req->problem.code && !fl_fulfil_answer(req)) {
		req->decided->outcome = FL_METRIC_UNFULFILLED;
		req->problem = *fl_problem_type(FL_PROBLEM_OBLIGATION);
	}
	if (req->problem.code)
		answer_problem(req);
}

enum fl_request_verdict fl_stage_respond(struct fl_request *req)
{
	respond(req);
	fl_limit_tell(req);
	return FL_REQUEST_RESPOND;
}
