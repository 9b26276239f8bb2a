/* tests/unit/plugin-api/test_http_connector.c - plugins/http
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include <fairlead/sdk/mock_host.h>

#define KV(k, v) sdk_kv(sdk_str(k), sdk_str(v))

static fairlead_str sent_header(const mock_op *op, const char *name)
{
	return sdk_find(op->http.headers, op->http.headers_n, name);
}

/* Sends one GET for `path`, answers it, and checks the URL that was asked for. */
static void expect_url(const char *config, const char *path, const char *url)
{
	mock_answer *a;
	mock_op *op;

	assert_int_equal(mock_open(config), FAIRLEAD_OK);
	mock.params[0] = KV("id", "a%2Fb");
	mock.params[1] = KV("**", "x/y");
	mock.params_n = 2;
	a = mock_send("GET", path, NULL, 0, "");
	op = mock_next_op(FAIRLEAD_EVENT_HTTP);
	if (!sdk_str_is(op->http.url, url))
		fail_msg("%s: %.*s, expected %s", path, (int)op->http.url.n, op->http.url.p, url);
	mock_http_answer(op, 200, NULL, 0, "");
	assert_int_equal(a->http_status, 200);
	assert_int_equal(mock_close(), 0);
}

static void urls(void **state)
{
	(void)state;
	expect_url("{\"base_url\":\"http://up:9000\"}", "/a/b?x=1&y=%20",
	           "http://up:9000/a/b?x=1&y=%20");
	expect_url("{\"base_url\":\"http://up/api/\"}", "/a", "http://up/api/a");
	expect_url("{\"base_url\":\"http://up\",\"rewrite\":{\"strip_prefix\":\"/proxy\"}}",
	           "/proxy/a", "http://up/a");
	expect_url("{\"base_url\":\"http://up\",\"rewrite\":{\"strip_prefix\":\"/proxy/\"}}",
	           "/proxy", "http://up/");
	expect_url("{\"base_url\":\"http://up\",\"rewrite\":{\"strip_prefix\":\"/proxy\"}}",
	           "/proxyx", "http://up/proxyx");
	expect_url(
	    "{\"base_url\":\"http://up\",\"rewrite\":{\"strip_prefix\":\"/p\",\"prefix\":\"/v2\"}}",
	    "/p/a?q", "http://up/v2/a?q");
	expect_url("{\"base_url\":\"http://up\",\"rewrite\":{\"path\":\"/n/{id}/z/{**}\"}}",
	           "/o?q=1", "http://up/n/a%2Fb/z/x/y?q=1");
}

static void bad_configurations(void **state)
{
	static const char *const rows[] = {
	    "{}",
	    "{\"base_url\":\"ftp://up\"}",
	    "{\"base_url\":\"http://\"}",
	    "{\"base_url\":\"http:///x\"}",
	    "{\"base_url\":\"http://u@up\"}",
	    "{\"base_url\":\"http://up?x\"}",
	    "{\"base_url\":\"http://up#x\"}",
	    "{\"base_url\":\"http://u p\"}",
	    "{\"base_url\":1}",
	    "{\"base_url\":\"http://a\",\"targets\":[{\"url\":\"http://b\"}]}",
	    "{\"targets\":[]}",
	    "{\"targets\":[{\"weight\":1}]}",
	    "{\"targets\":[{\"url\":\"http://a\",\"weight\":0}]}",
	    "{\"targets\":[{\"url\":\"http://a\",\"weight\":101}]}",
	    "{\"base_url\":\"http://a\",\"nope\":1}",
	    "{\"base_url\":\"http://a\",\"timeout\":5}",
	    "{\"base_url\":\"http://a\",\"rewrite\":{\"prefix\":\"x\"}}",
	    "{\"base_url\":\"http://a\",\"rewrite\":{\"path\":\"/{\"}}",
	    "{\"base_url\":\"http://a\",\"rewrite\":{\"path\":\"/{}\"}}",
	    "{\"base_url\":\"http://a\",\"rewrite\":{\"path\":\"/x\",\"prefix\":\"/y\"}}",
	    "{\"base_url\":\"http://a\",\"headers\":{\"set\":{\"a b\":\"1\"}}}",
	    "{\"base_url\":\"http://a\",\"headers\":{\"set\":{\"a\":\"1\\r\\nb: 2\"}}}",
	    "{\"base_url\":\"http://a\",\"headers\":{\"set\":{\"Transfer-Encoding\":\"x\"}}}",
	    "{\"base_url\":\"http://a\",\"headers\":{\"remove\":[\"Connection\"]}}",
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		if (mock_open(rows[i]) != FAIRLEAD_E_INVAL)
			fail_msg("accepted: %s", rows[i]);
		assert_true(mock.ready_detail.n != 0);
	}
	mock.denied = sdk_str(FAIRLEAD_EXT_HTTP);
	assert_int_equal(mock_open("{\"base_url\":\"http://a\"}"), FAIRLEAD_E_UNSUPPORTED);
	mock.denied = sdk_str_n(NULL, 0);
}

static void weights(void **state)
{
	int counts[3] = {0, 0, 0};
	char order[9] = "";

	(void)state;
	assert_int_equal(
	    mock_open("{\"targets\":[{\"url\":\"http://a\",\"weight\":2},{\"url\":\"http://b\"},"
	              "{\"url\":\"http://c\",\"weight\":0}]}"),
	    FAIRLEAD_OK);
	for (int i = 0; i < 6; i++) {
		(void)mock_send("GET", "/", NULL, 0, "");
		mock_op *op = mock_next_op(FAIRLEAD_EVENT_HTTP);

		order[i] = op->http.url.p[7];
		counts[order[i] - 'a']++;
		mock_http_answer(op, 204, NULL, 0, "");
	}
	assert_int_equal(counts[0], 4);
	assert_int_equal(counts[1], 2);
	assert_int_equal(counts[2], 0);
	assert_string_equal(order, "abaaba");
	assert_int_equal(mock_close(), 0);
}

static void request_fields(void **state)
{
	const fairlead_kv headers[] = {
	    KV("accept", "*/*"),
	    KV("connection", "x"),
	    KV("te", "trailers"),
	    KV("transfer-encoding", "chunked"),
	    KV("content-length", "3"),
	    KV("host", "front.example"),
	    KV("expect", "100-continue"),
	    KV("x-forwarded-for", "9.9.9.9"),
	    KV("cookie", "c"),
	    KV("traceparent", "old"),
	    KV("x-keep", "1"),
	};
	fairlead_request req = {.method = sdk_str("POST"),
	                        .path = sdk_str("/x"),
	                        .body = sdk_str("abc"),
	                        .headers = headers,
	                        .headers_n = FL_ARRAY_LEN(headers),
	                        .client = sdk_str("10.0.0.7"),
	                        .scheme = sdk_str("https"),
	                        .host = sdk_str("front.example"),
	                        .traceparent = sdk_str("00-t")};
	mock_op *op;

	(void)state;
	assert_int_equal(
	    mock_open("{\"base_url\":\"http://up\",\"timeout\":\"2s\",\"headers\":{\"set\":"
	              "{\"Authorization\":\"Bearer ${secret:a/b}\"},\"remove\":[\"Cookie\"]}}"),
	    FAIRLEAD_OK);
	(void)mock_handle(&req);
	op = mock_next_op(FAIRLEAD_EVENT_HTTP);
	assert_true(sdk_str_is(op->http.method, "POST"));
	assert_true(sdk_str_is(op->http.body, "abc"));
	assert_int_equal(op->http.timeout_ms, 2000);
	assert_int_equal(op->http.headers_n, 7);
	assert_true(sdk_str_is(sent_header(op, "accept"), "*/*"));
	assert_true(sdk_str_is(sent_header(op, "x-keep"), "1"));
	assert_true(sdk_str_is(sent_header(op, "authorization"), "Bearer ${secret:a/b}"));
	assert_true(sdk_str_is(sent_header(op, "x-forwarded-for"), "9.9.9.9, 10.0.0.7"));
	assert_true(sdk_str_is(sent_header(op, "x-forwarded-proto"), "https"));
	assert_true(sdk_str_is(sent_header(op, "x-forwarded-host"), "front.example"));
	assert_true(sdk_str_is(sent_header(op, "traceparent"), "00-t"));
	mock_http_answer(op, 200, NULL, 0, "");
	assert_int_equal(mock_close(), 0);

	assert_int_equal(mock_open("{\"base_url\":\"http://up\",\"pass_host\":true,\"headers\":"
	                           "{\"remove\":[\"X-Forwarded-For\"]}}"),
	                 FAIRLEAD_OK);
	(void)mock_handle(&req);
	op = mock_next_op(FAIRLEAD_EVENT_HTTP);
	assert_true(sdk_str_is(sent_header(op, "host"), "front.example"));
	assert_int_equal(sent_header(op, "x-forwarded-for").n, 0);
	mock_http_answer(op, 200, NULL, 0, "");
	assert_int_equal(mock_close(), 0);
}

static void response_fields(void **state)
{
	const fairlead_kv headers[] = {KV("content-type", "text/x"),
	                               KV("connection", "close"),
	                               KV("transfer-encoding", "chunked"),
	                               KV("server", "up"),
	                               KV("set-cookie", "a"),
	                               KV("set-cookie", "b")};
	fairlead_kv many[65];
	mock_answer *a;

	(void)state;
	assert_int_equal(
	    mock_open("{\"base_url\":\"http://up\",\"response_headers\":{\"remove\":[\"server\"],"
	              "\"set\":{\"x-via\":\"f\"}}}"),
	    FAIRLEAD_OK);
	a = mock_send("GET", "/", NULL, 0, "");
	mock_http_answer(mock_next_op(0), 418, headers, FL_ARRAY_LEN(headers), "teapot");
	assert_int_equal(a->http_status, 418);
	assert_true(sdk_str_is(a->body, "teapot"));
	assert_int_equal(a->headers_n, 4);
	assert_true(sdk_str_is(mock_header(a, "x-via"), "f"));
	for (size_t i = 0; i < FL_ARRAY_LEN(many); i++)
		many[i] = KV("x-a", "b");
	a = mock_send("GET", "/", NULL, 0, "");
	mock_http_answer(mock_next_op(0), 200, many, FL_ARRAY_LEN(many), "");
	assert_int_equal(a->http_status, 502);
	a = mock_send("GET", "/", NULL, 0, "");
	mock_http_answer(mock_next_op(0), 101, NULL, 0, "");
	assert_int_equal(a->http_status, 502);
	assert_int_equal(mock_close(), 0);
}

static void upstream_failures(void **state)
{
	static const struct {
		fairlead_status status;
		uint32_t http_status;
	} rows[] = {
	    {FAIRLEAD_E_TIMEOUT, 504},   {FAIRLEAD_E_UPSTREAM, 502}, {FAIRLEAD_E_DENIED, 502},
	    {FAIRLEAD_E_TOO_LARGE, 502}, {FAIRLEAD_E_AGAIN, 503},    {FAIRLEAD_E_INVAL, 502},
	};
	mock_answer *a;

	(void)state;
	assert_int_equal(mock_open("{\"base_url\":\"http://up\"}"), FAIRLEAD_OK);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		a = mock_send("GET", "/", NULL, 0, "");
		mock_complete(mock_next_op(0), rows[i].status, NULL);
		assert_int_equal(a->http_status, rows[i].http_status);
		assert_true(a->detail.n != 0);
	}
	a = mock_send("GET", "/", NULL, 0, "");
	mock_cancel(a, FAIRLEAD_CANCEL_CLIENT_GONE);
	mock_http_answer(mock_next_op(0), 200, NULL, 0, "late");
	assert_true(a->is_done);
	mock.refuse_http = FAIRLEAD_E_AGAIN;
	a = mock_send("GET", "/", NULL, 0, "");
	assert_int_equal(a->http_status, 503);
	mock.refuse_http = FAIRLEAD_OK;
	assert_int_equal(mock_close(), 0);
}

static void limits(void **state)
{
	static char path[9000];
	fairlead_kv many[101];
	mock_answer *a;

	(void)state;
	memset(path, 'a', sizeof path - 1);
	path[0] = '/';
	assert_int_equal(mock_open("{\"base_url\":\"http://up\"}"), FAIRLEAD_OK);
	a = mock_send("GET", path, NULL, 0, "");
	assert_int_equal(a->http_status, 414);
	for (size_t i = 0; i < FL_ARRAY_LEN(many); i++)
		many[i] = KV("x-a", "b");
	a = mock_send("GET", "/", many, FL_ARRAY_LEN(many), "");
	assert_int_equal(a->http_status, 431);
	assert_int_equal(mock_close(), 0);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE("path and query are rewritten as configured", urls),
	    FL_CASE("a bad configuration is refused with its reason", bad_configurations),
	    FL_CASE("targets are chosen in proportion to their weights", weights),
	    FL_CASE("request fields: framing dropped, own ones set", request_fields),
	    FL_CASE("response fields: framing dropped, configured ones set", response_fields),
	    FL_CASE("an upstream that fails is never the caller's fault", upstream_failures),
	    FL_CASE("addresses and fields over the limit are refused", limits),
	};

	return cmocka_run_group_tests_name("http connector", cases, NULL, NULL);
}
