/* tests/unit/pipeline/test_request.c - requests that are answered at once, or refused
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/pipeline/harness.h"

/* ---- answers at once ---- */

static void test_inline(void **state)
{
	struct fl_request *req = make(FL_METHOD_POST, "/echo");
	const struct fl_response *response = &req->response;
	size_t n;

	(void)state;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_int_equal(req->max_body_bytes, 100);
	req->body = FL_STR("hello");
	req->bytes_in = 5;
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_int_equal(response->status, 200);
	assert_str(response->body, "ok\n");
	assert_false(response->must_close);
	/* the connector's, in order, but what is the gateway's */
	assert_int_equal(response->headers_n, 4);
	assert_str(response->headers[0].name, "content-type");
	assert_str(fake_header(response, "set-cookie", &n), "b=2");
	assert_int_equal(n, 2);
	assert_true(fl_str_eq(fake_header(response, "x-request-id", &n), req->request_id));
	assert_int_equal(n, 1);
	assert_int_equal(f.released, 0);
	fl_pipeline_end(req, 3, true);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.ready, 0);
	assert_int_equal(counted("echo", 2), 1);
}

static void test_record(void **state)
{
	struct fl_request *req = make(FL_METHOD_POST, "/%65cho");
	uint64_t wall_ns = fl_clock_wall_ns();
	const struct fl_access_record *r = &f.log.last;

	(void)state;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	req->bytes_in = 5;
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	fl_pipeline_end(req, 3, true);
	assert_int_equal(f.log.lines, 1);
	assert_in_range(r->wall_ns, wall_ns - FL_NS_PER_SEC, wall_ns + FL_NS_PER_SEC);
	assert_in_range(r->duration_ns, 1, FL_NS_PER_SEC);
	assert_int_equal(r->upstream_ns, 0);
	assert_str(r->client, "192.0.2.7");
	assert_str(r->method, "POST");
	assert_str(r->path, "/echo");
	assert_str(r->host, "API.example:8080");
	assert_str(r->user_agent, "test/1");
	assert_str(r->route, "echo");
	assert_str(r->instance, "first");
	assert_true(fl_str_eq(r->request_id, req->request_id));
	assert_int_equal(r->trace_id.n, 32);
	assert_memory_equal(r->trace_id.p, req->traceparent.p + 3, 32);
	assert_int_equal(r->bytes_in, 5);
	assert_int_equal(r->bytes_out, 3);
	assert_int_equal(r->status, 200);
	assert_null(r->error);
}

static void test_view(void **state)
{
	static const fairlead_kv headers[] = {
	    HEADER("accept", "*/*"),
	    HEADER("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
	    HEADER("tracestate", "a=1"),
	    HEADER("x-request-id", "callers"),
	    HEADER("x-other", "1"),
	};
	struct fl_request *req = make(FL_METHOD_GET, "/v1/items/a%20b/parts/7");
	const fairlead_request *view = &req->call.view;

	(void)state;
	req->headers = headers;
	req->headers_n = FL_ARRAY_LEN(headers);
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	req->body = FL_STR("body");
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_ptr_equal(f.first.last, &req->call);
	assert_int_equal(view->struct_size, sizeof *view);
	assert_kv(&(fairlead_kv){view->route, view->action}, "item", "forward");
	assert_kv(&(fairlead_kv){view->method, view->path}, "GET", "/v1/items/a%20b/parts/7");
	assert_kv(&(fairlead_kv){view->query, view->body}, "a=1&b=%20", "body");
	assert_kv(&(fairlead_kv){view->client, view->scheme}, "192.0.2.7", "http");
	assert_kv(&(fairlead_kv){view->host, view->principal}, "API.example:8080", "");
	assert_ptr_equal(view->traceparent.p, req->traceparent.p);
	assert_int_equal(view->attempt, 1);
	/* the route says nothing: the instance's 7 s */
	assert_int_equal(view->deadline_ns, fl_loop_now_ns(f.loop) + 7 * FL_NS_PER_SEC);
	assert_int_equal(view->params_n, 2);
	assert_kv(&view->params[0], "id", "a%20b");
	assert_kv(&view->params[1], "part", "7");
	/* a stranger's trace and ids are not passed on */
	assert_int_equal(view->headers_n, 3);
	assert_kv(&view->headers[0], "accept", "*/*");
	assert_kv(&view->headers[1], "x-other", "1");
	assert_str(fl_str_n(view->headers[2].k.p, view->headers[2].k.n), "x-request-id");
	assert_ptr_equal(view->headers[2].v.p, req->request_id.p);
	finish(req);

	req = make(FL_METHOD_GET, "/echo");
	req->headers = headers;
	req->headers_n = FL_ARRAY_LEN(headers);
	req->is_trusted_peer = true;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_int_equal(view->headers_n, 4);
	assert_kv(&view->headers[1], "tracestate", "a=1");
	assert_kv(&view->headers[3], "x-request-id", "callers");
	assert_int_equal(view->params_n, 0);
	finish(req);
}

static void test_defaults(void **state)
{
	struct fl_request *req = make(FL_METHOD_GET, "/second");

	(void)state;
	req->host_name = FL_STR("h2.example");
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_int_equal(req->max_body_bytes, 1u << 20);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_int_equal(f.second.calls, 1);
	assert_int_equal(req->call.view.deadline_ns,
	                 fl_loop_now_ns(f.loop) + FL_SNAPSHOT_TIMEOUT_NS);
	finish(req);
}

static void test_no_body_statuses(void **state)
{
	static const uint32_t statuses[] = {204, 304};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(statuses); i++) {
		struct fl_request *req = make(FL_METHOD_GET, "/echo");

		f.first.result.http_status = statuses[i];
		assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
		assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
		assert_int_equal(req->response.status, statuses[i]);
		assert_int_equal(req->response.body.n, 0);
		finish(req);
	}
}

/* ---- what is refused ---- */

static void test_no_route(void **state)
{
	struct fl_request *req = make(FL_METHOD_GET, "/nowhere");

	(void)state;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_RESPOND);
	assert_problem(req, 404, "route_not_found");
	assert_true(fl_str_eq(fake_header(&req->response, "x-request-id", NULL), req->request_id));
	assert_false(req->response.must_close);
	finish(req);
	assert_int_equal(counted("", 4), 1);
	assert_string_equal(f.log.last.error, "route_not_found");
	assert_str(f.log.last.route, "");
}

static void test_method(void **state)
{
	struct fl_request *req = make(FL_METHOD_DELETE, "/echo");

	(void)state;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_RESPOND);
	assert_problem(req, 405, "method_not_allowed");
	assert_str(fake_header(&req->response, "allow", NULL), "GET, HEAD, POST");
	finish(req);
}

static void test_paths(void **state)
{
	static const struct {
		const char *path, *code; /* NULL: taken */
	} cases[] = {
	    {"echo", "path_relative"},
	    {"/ec ho", "path_character"},
	    {"/echo;x", "path_semicolon"},
	    {"/a\\b", "path_backslash"},
	    {"/a%5Cb", "path_backslash"},
	    {"/%4", "path_escape"},
	    {"/%00", "path_control"},
	    {"/%c0%af", "path_utf8"},
	    {"//echo", "path_empty_segment"},
	    {"/any/../echo", "path_dot_segment"},
	    {"/any/%2e%2e%2fecho", "path_dot_segment"},
	    {"/v1/items/a%2Fb/parts/1", "path_encoded_slash"},
	    {"/any/a%2fb", NULL},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_request *req = make(FL_METHOD_GET, cases[i].path);

		if (!cases[i].code) {
			assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
			assert_str(req->path, "/any/a%2Fb");
			fl_pipeline_end(req, 0, false);
			continue;
		}
		assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_RESPOND);
		assert_problem(req, 400, cases[i].code);
		assert_true(req->response.must_close);
		finish(req);
		assert_str(f.log.last.path, cases[i].path);
	}
}

static void test_no_snapshot(void **state)
{
	struct fl_request *req = make(FL_METHOD_GET, "/echo");

	(void)state;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_RESPOND);
	assert_problem(req, 503, "no_configuration");
	assert_str(fake_header(&req->response, "retry-after", NULL), "1");
	finish(req);
}

static void test_refuse(void **state)
{
	struct fl_request *req = make(FL_METHOD_POST, "/echo");

	(void)state;
	fl_pipeline_refuse(req, 400, "host_missing", "Send a Host field.");
	assert_problem(req, 400, "host_missing");
	assert_true(req->response.must_close && req->is_refused);
	assert_true(fl_str_eq(fake_header(&req->response, "x-request-id", NULL), req->request_id));
	finish(req);
	assert_string_equal(f.log.last.error, "host_missing");
	assert_int_equal(counted("", 4), 1);

	req = make(FL_METHOD_POST, "/echo");
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	fl_pipeline_refuse(req, 413, "body_too_large", "Send at most 100 bytes.");
	assert_problem(req, 413, "body_too_large");
	finish(req);
	assert_int_equal(counted("echo", 4), 1);
	assert_int_equal(f.first.calls, 0);

	/* also in place of an answer that cannot be sent */
	req = make(FL_METHOD_GET, "/echo");
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	fl_pipeline_refuse(req, 502, "response_invalid", "A header is not valid.");
	assert_problem(req, 502, "response_invalid");
	finish(req);
}

static void test_instance_refuses(void **state)
{
	static const struct {
		int start_result;
		const char *code, *retry_after;
	} cases[] = {
	    {FL_CALL_E_BUSY, "instance_busy", "1"},
	    {FL_CALL_E_FAULTED, "instance_unavailable", "5"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_request *req = make(FL_METHOD_GET, "/echo");

		f.first.start_result = cases[i].start_result;
		assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
		assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
		assert_problem(req, 503, cases[i].code);
		assert_str(fake_header(&req->response, "retry-after", NULL), cases[i].retry_after);
		finish(req);
		assert_int_equal(f.first.cancels, 0);
	}
}

static void test_failures(void **state)
{
	static const struct {
		enum fl_call_kind kind;
		fairlead_status failure;
		uint32_t status;
		const char *code;
	} cases[] = {
	    {FL_CALL_FAILED, FAIRLEAD_E_TIMEOUT, 504, "connector_timeout"},
	    {FL_CALL_FAILED, FAIRLEAD_E_AGAIN, 503, "connector_busy"},
	    {FL_CALL_FAILED, FAIRLEAD_E_INVAL, 400, "connector_refused"},
	    {FL_CALL_FAILED, FAIRLEAD_E_TOO_LARGE, 413, "connector_too_large"},
	    {FL_CALL_FAILED, FAIRLEAD_E_UPSTREAM, 502, "connector_failed"},
	    {FL_CALL_FAILED, FAIRLEAD_E_INTERNAL, 502, "connector_failed"},
	    {FL_CALL_FAILED, FAIRLEAD_E_UNSUPPORTED, 502, "connector_failed"},
	    {FL_CALL_FAILED, FAIRLEAD_E_STALE, 502, "connector_failed"},
	    {FL_CALL_FAILED, FAIRLEAD_E_DENIED, 502, "connector_failed"},
	    {FL_CALL_FAILED, FAIRLEAD_E_CANCELLED, 502, "connector_failed"},
	    {FL_CALL_FAILED, FAIRLEAD_E_NOT_FOUND, 502, "connector_failed"},
	    {FL_CALL_FAILED, FAIRLEAD_E_CONFLICT, 502, "connector_failed"},
	    {FL_CALL_FAILED, -12345, 502, "connector_failed"},
	    {FL_CALL_BROKEN, FAIRLEAD_E_TIMEOUT, 502, "connector_broken"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_request *req = make(FL_METHOD_GET, "/echo");

		f.first.result = (struct fl_call_result){
		    .kind = cases[i].kind, .status = cases[i].failure, .detail = FL_STR("SECRET")};
		assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
		assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
		assert_problem(req, cases[i].status, cases[i].code);
		assert_false(holds(req->response.body, FL_STR("SECRET")));
		finish(req);
		assert_string_equal(f.log.last.error, cases[i].code);
	}
}

/* ---- memory ---- */

/* Every size of arena, from one that holds nothing to one that holds all: a clean answer each time.
 */
static void test_small_arenas(void **state)
{
	bool has_failed = false, has_worked = false;

	(void)state;
	for (size_t bytes = 16; bytes <= 4096; bytes += 16) {
		struct fl_request *req = make(FL_METHOD_GET, "/v1/items/%61/parts/7");

		fl_arena_fini(&req->arena);
		fl_arena_init(&req->arena, bytes, bytes);
		if (fl_pipeline_begin(req) == FL_REQUEST_CONTINUE)
			assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
		if (req->response.status == 200) {
			has_worked = true;
		} else {
			assert_problem(req, 500, "request_memory");
			has_failed = true;
		}
		finish(req);
	}
	assert_true(has_failed && has_worked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("an inline answer goes out with the gateway's request id", test_inline),
	    CASE("a request leaves a line in the access log", test_record),
	    CASE("the connector sees the request in canonical form", test_view),
	    CASE("a route that says nothing has the defaults of instance and server",
	         test_defaults),
	    CASE("statuses without a body lose it", test_no_body_statuses),
	    CASE("without a route the client is told how to see why", test_no_route),
	    CASE("a wrong method is told the right ones", test_method),
	    CASE("ambiguous paths are refused with a code each, and the connection closes",
	         test_paths),
	    FL_CASE_SETUP("without a configuration every request is told to come back",
	                  test_no_snapshot, set_up_empty, tear_down),
	    CASE("the transport can refuse at any time before the answer is sent", test_refuse),
	    CASE("a busy or faulted instance is a 503", test_instance_refuses),
	    CASE("each failure of a connector has its status, and its detail stays inside",
	         test_failures),
	    CASE("whatever the arena cannot hold, the client gets a clean answer",
	         test_small_arenas),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
