/* tests/unit/plugin-api/test_github_connector.c - plugins/github
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include <fairlead/sdk/mock_host.h>

#define KV(k, v) sdk_kv(sdk_str(k), sdk_str(v))
#define CONFIG                                                                                     \
	"{\"sink\":\"http://sink/in\",\"api\":\"https://api.example/"                              \
	"\",\"token\":\"${secret:github/token}\"}"

static mock_answer *act(const char *action, const fairlead_kv *headers, size_t n, const char *body)
{
	fairlead_request req = {.method = sdk_str("POST"),
	                        .path = sdk_str("/"),
	                        .action = sdk_str(action),
	                        .headers = headers,
	                        .headers_n = n,
	                        .body = sdk_str(body),
	                        .traceparent = sdk_str("00-t")};

	return mock_handle(&req);
}

static mock_answer *hook(const char *event, const char *body)
{
	const fairlead_kv headers[] = {
	    KV("content-type", "application/json"),
	    KV("x-github-delivery", "d-1"),
	    KV("x-github-event", event),
	};

	return act("receive", headers, 3, body);
}

static void expect_event(const char *event, const char *body, const char *expected_prefix,
                         const char *expected_subject)
{
	mock_answer *a = hook(event, body);
	mock_op *op = mock_next_op(FAIRLEAD_EVENT_HTTP);
	char tail[512], text[2048];

	assert_true(sdk_str_is(op->http.url, "http://sink/in"));
	assert_true(
	    sdk_str_is(op->http.headers[0].v, "application/cloudevents+json; charset=utf-8"));
	(void)snprintf(text, sizeof text, "%.*s", (int)op->http.body.n, op->http.body.p);
	if (strncmp(text, expected_prefix, strlen(expected_prefix)) != 0)
		fail_msg("%s\ndoes not begin with\n%s", text, expected_prefix);
	if (expected_subject != NULL && strstr(text, expected_subject) == NULL)
		fail_msg("%s\nhas no %s", text, expected_subject);
	if (expected_subject == NULL)
		assert_null(strstr(text, "\"subject\""));
	(void)snprintf(tail, sizeof tail, "\"datacontenttype\":\"application/json\",\"data\":%s}",
	               body);
	assert_string_equal(text + strlen(text) - strlen(tail), tail);
	sdk_json j = sdk_json_over(op->http.body);
	assert_true(sdk_json_skip(&j, NULL) && sdk_json_done(&j));
	mock_http_answer(op, 204, NULL, 0, "");
	assert_int_equal(a->http_status, 202);
}

static void events(void **state)
{
	(void)state;
	assert_int_equal(mock_open(CONFIG), FAIRLEAD_OK);
	expect_event(
	    "issues",
	    "{\"action\":\"opened\",\"issue\":{\"number\":7,\"user\":{\"number\":8}},"
	    "\"repository\":{\"id\":1,\"full_name\":\"Codertocat/Hello-World\"},"
	    "\"organization\":{\"login\":\"o\"}}",
	    "{\"specversion\":\"1.0\",\"id\":\"d-1\",\"source\":\"https://github.com/Codertocat/"
	    "Hello-World\",\"type\":\"com.github.issues.opened\"",
	    "\"subject\":\"7\"");
	expect_event(
	    "push", "{\"ref\":\"refs/heads/\\u00e9\",\"repository\":{\"full_name\":\"a/b\"}}",
	    "{\"specversion\":\"1.0\",\"id\":\"d-1\",\"source\":\"https://github.com/a/b\","
	    "\"type\":\"com.github.push\"",
	    "\"subject\":\"refs/heads/\\u00e9\"");
	expect_event(
	    "organization", "{\"action\":\"renamed\",\"organization\":{\"login\":\"Octo\"}}",
	    "{\"specversion\":\"1.0\",\"id\":\"d-1\",\"source\":\"https://github.com/Octo\","
	    "\"type\":\"com.github.organization.renamed\"",
	    NULL);
	expect_event(
	    "installation",
	    "{\"installation\":{\"account\":{\"login\":\"x y\"}},\"repository\":null}",
	    "{\"specversion\":\"1.0\",\"id\":\"d-1\",\"source\":\"https://github.com/x%20y\","
	    "\"type\":\"com.github.installation\"",
	    NULL);
	expect_event(
	    "repository_dispatch",
	    "{\"action\":\"Deploy \\\"now\\\"\",\"repository\":{\"full_name\":\"a/b\"}}",
	    "{\"specversion\":\"1.0\",\"id\":\"d-1\",\"source\":\"https://github.com/a/b\","
	    "\"type\":\"com.github.repository_dispatch.Deploy%20%22now%22\"",
	    NULL);
	expect_event("ping", "{\"zen\":\"z\",\"hook_id\":5}",
	             "{\"specversion\":\"1.0\",\"id\":\"d-1\",\"source\":\"https://github.com\","
	             "\"type\":\"com.github.ping\"",
	             "\"subject\":\"5\"");
	assert_int_equal(mock_close(), 0);
}

static void bad_hooks(void **state)
{
	const fairlead_kv all[] = {
	    KV("content-type", "application/json"),
	    KV("x-github-event", "push"),
	    KV("x-github-delivery", "d"),
	};
	const fairlead_kv form[] = {
	    KV("content-type", "application/x-www-form-urlencoded"),
	    KV("x-github-event", "push"),
	    KV("x-github-delivery", "d"),
	};

	(void)state;
	assert_int_equal(mock_open(CONFIG), FAIRLEAD_OK);
	assert_int_equal(act("receive", all, 2, "{}")->http_status, 400);
	assert_int_equal(act("receive", all + 1, 1, "{}")->http_status, 400);
	assert_int_equal(act("receive", form, 3, "{}")->http_status, 415);
	assert_int_equal(act("receive", all, 3, "[]")->http_status, 400);
	assert_int_equal(act("receive", all, 3, "{\"a\":")->http_status, 400);
	assert_int_equal(hook("p\"ush", "{}")->http_status, 400);
	assert_int_equal(act("nothing", all, 3, "{}")->http_status, 502);
	assert_int_equal(mock_ops_open(0), 0);
	assert_int_equal(mock_close(), 0);
	assert_int_equal(mock_open("{}"), FAIRLEAD_OK);
	assert_int_equal(hook("push", "{}")->http_status, 501);
	assert_int_equal(mock_close(), 0);
}

static void sink_failures(void **state)
{
	static const struct {
		uint32_t sink, caller;
	} rows[] = {{200, 202}, {299, 202}, {302, 502}, {400, 502},
	            {500, 502}, {503, 503}, {429, 503}};
	mock_answer *a;

	(void)state;
	assert_int_equal(mock_open(CONFIG), FAIRLEAD_OK);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		a = hook("push", "{}");
		mock_http_answer(mock_next_op(0), rows[i].sink, NULL, 0, "");
		assert_int_equal(a->http_status, rows[i].caller);
	}
	a = hook("push", "{}");
	mock_complete(mock_next_op(0), FAIRLEAD_E_TIMEOUT, NULL);
	assert_int_equal(a->http_status, 504);
	mock.refuse_http = FAIRLEAD_E_AGAIN;
	assert_int_equal(hook("push", "{}")->http_status, 503);
	mock.refuse_http = FAIRLEAD_OK;
	assert_int_equal(mock_close(), 0);
}

static void expect_call(const char *action, const char *input, const char *url, const char *body)
{
	const fairlead_kv location = KV("location", "https://api.example/1");
	mock_answer *a = act(action, NULL, 0, input);
	mock_op *op = mock_next_op(0);

	assert_true(sdk_str_is(op->http.url, url));
	assert_true(sdk_str_is(op->http.body, body));
	assert_true(sdk_str_is(sdk_find(op->http.headers, op->http.headers_n, "authorization"),
	                       "Bearer ${secret:github/token}"));
	mock_http_answer(op, 201, &location, 1, "{\"id\":1}");
	assert_int_equal(a->http_status, 201);
	assert_true(sdk_str_is(a->body, "{\"id\":1}"));
	assert_true(sdk_str_is(mock_header(a, "location"), "https://api.example/1"));
}

static void calls(void **state)
{
	(void)state;
	assert_int_equal(mock_open(CONFIG), FAIRLEAD_OK);
	expect_call("create_issue",
	            "{\"title\":\"a \\\"b\\\"\",\"owner\":\"o\",\"labels\":[\"x\", "
	            "{}],\"repo\":\"r.x\",\"milestone\":null}",
	            "https://api.example/repos/o/r.x/issues",
	            "{\"title\":\"a \\\"b\\\"\",\"labels\":[\"x\", {}],\"milestone\":null}");
	expect_call("add_comment",
	            "{\"owner\":\"o\",\"repo\":\"r\",\"issue_number\":12,\"body\":\"hi\"}",
	            "https://api.example/repos/o/r/issues/12/comments", "{\"body\":\"hi\"}");
	expect_call("create_check_run",
	            "{\"owner\":\"o\",\"repo\":\"r\",\"name\":\"ci\",\"head_sha\":\"abc\","
	            "\"output\":{\"title\":\"t\"}}",
	            "https://api.example/repos/o/r/check-runs",
	            "{\"name\":\"ci\",\"head_sha\":\"abc\",\"output\":{\"title\":\"t\"}}");
	assert_int_equal(mock_close(), 0);
}

static void bad_input(void **state)
{
	static const struct {
		const char *input, *detail;
	} rows[] = {
	    {"", "the input is not JSON: an object is expected"},
	    {"{}", "owner: is missing"},
	    {"{\"owner\":\"o\",\"repo\":\"r\"}", "title: is missing"},
	    {"{\"owner\":\"..\",\"repo\":\"r\",\"title\":\"t\"}", "owner: letters"},
	    {"{\"owner\":\"a/b\",\"repo\":\"r\",\"title\":\"t\"}", "owner: letters"},
	    {"{\"owner\":\"o\",\"repo\":\"\\u002e\",\"title\":\"t\"}", "repo: letters"},
	    {"{\"owner\":\"o\",\"repo\":\"r\",\"title\":1}", "title: a string is expected"},
	    {"{\"owner\":\"o\",\"repo\":\"r\",\"title\":null}", "title: a string is expected"},
	    {"{\"owner\":\"o\",\"owner\":\"o\"}", "owner: is there twice"},
	    {"{\"titel\":\"t\"}", "no such field: titel"},
	    {"{\"owner\":\"o\",\"repo\":\"r\",\"title\":\"t\"} x", "the input is not JSON"},
	};

	(void)state;
	assert_int_equal(mock_open(CONFIG), FAIRLEAD_OK);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		mock_answer *a = act("create_issue", NULL, 0, rows[i].input);
		char text[1024];

		(void)snprintf(text, sizeof text, "%.*s", (int)a->body.n, a->body.p);
		assert_int_equal(a->http_status, 400);
		if (strstr(text, rows[i].detail) == NULL)
			fail_msg("%s: %s", rows[i].input, text);
	}
	assert_int_equal(act("add_comment", NULL, 0,
	                     "{\"owner\":\"o\",\"repo\":\"r\",\"issue_number\":-1,\"body\":\"b\"}")
	                     ->http_status,
	                 400);
	assert_int_equal(mock_ops_open(0), 0);
	assert_int_equal(mock_close(), 0);
}

static void api_failures(void **state)
{
	static const struct {
		uint32_t github, caller, error_class;
	} rows[] = {
	    {401, 502, FAIRLEAD_CLASS_AUTH},      {403, 502, FAIRLEAD_CLASS_AUTH},
	    {404, 404, FAIRLEAD_CLASS_NONE},      {422, 422, FAIRLEAD_CLASS_NONE},
	    {429, 503, FAIRLEAD_CLASS_TRANSIENT}, {500, 502, FAIRLEAD_CLASS_TRANSIENT},
	    {503, 503, FAIRLEAD_CLASS_TRANSIENT}, {302, 502, FAIRLEAD_CLASS_PERMANENT},
	};
	static const char input[] = "{\"owner\":\"o\",\"repo\":\"r\",\"title\":\"t\"}";
	const fairlead_kv limited[] = {KV("retry-after", "60")};
	mock_answer *a;

	(void)state;
	assert_int_equal(mock_open(CONFIG), FAIRLEAD_OK);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		a = act("create_issue", NULL, 0, input);
		mock_http_answer(mock_next_op(0), rows[i].github, NULL, 0,
		                 "{\"message\":\"Validation \\\"Failed\\\"\"}");
		assert_int_equal(a->http_status, rows[i].caller);
		assert_int_equal(a->error_class, rows[i].error_class);
		assert_true(sdk_str_is(mock_header(a, "content-type"), "application/problem+json"));
		sdk_json j = sdk_json_over(a->body);
		assert_true(sdk_json_skip(&j, NULL) && sdk_json_done(&j));
	}
	a = act("create_issue", NULL, 0, input);
	mock_http_answer(mock_next_op(0), 403, limited, 1, "<html>");
	assert_int_equal(a->http_status, 503);
	assert_true(sdk_str_is(mock_header(a, "retry-after"), "60"));
	a = act("create_issue", NULL, 0, input);
	mock_complete(mock_next_op(0), FAIRLEAD_E_UPSTREAM, NULL);
	assert_int_equal(a->http_status, 502);
	assert_int_equal(mock_close(), 0);
}

static void bad_configurations(void **state)
{
	static const char *const rows[] = {
	    "{\"sink\":\"x\"}", "{\"sink\":\"http://a b\"}", "{\"api\":\"http://a?b\"}",
	    "{\"token\":\"\"}", "{\"token\":\"a\\nb\"}",     "{\"web\":\"\"}",
	    "{\"x\":1}",
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		if (mock_open(rows[i]) != FAIRLEAD_E_INVAL || mock.ready_detail.n == 0)
			fail_msg("accepted: %s", rows[i]);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE("a webhook becomes a CloudEvent", events),
	    FL_CASE("a webhook without what it needs is refused", bad_hooks),
	    FL_CASE("a webhook is accepted only when the sink took it", sink_failures),
	    FL_CASE("actions call the API with the token by reference", calls),
	    FL_CASE("bad input names the field", bad_input),
	    FL_CASE("failures of GitHub become problems that say whose turn it is", api_failures),
	    FL_CASE("a bad configuration is refused with its reason", bad_configurations),
	};

	return cmocka_run_group_tests_name("github connector", cases, NULL, NULL);
}
