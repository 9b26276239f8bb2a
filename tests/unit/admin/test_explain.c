/* tests/unit/admin/test_explain.c - the question of POST /v1/explain, and what the stages say to it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "admin/api/explain.h"
#include "gateway/pipeline/rehearse.h"

static const char text[] =
    "apiVersion: fairlead/v1\n"
    "instances: { echo: { connector: echo } }\n"
    "consumers: { ann: {}, bob: {} }\n"
    "routes:\n"
    "  any: { match: { path: \"/a/{x}\" }, to: { instance: echo, action: reply }, auth: [api_key, "
    "none] }\n"
    "  key: { match: { path: /k, host: h.example, methods: [GET] }, auth: [api_key],\n"
    "    to: { instance: echo, action: reply } }\n"
    "  tenant: { match: { path: /t, headers: { x-t: acme } }, to: { instance: echo, action: reply "
    "},\n"
    "    auth: [none] }\n"
    "  slash: { match: { path: \"/s/{x}\" }, request: { allow_encoded_slash: true }, auth: "
    "[none],\n"
    "    to: { instance: echo, action: reply } }\n";

static struct fl_arena arena;
static struct fl_config *config;
static struct fl_service_call http;
static struct fl_api_call call;
static struct fl_explain_ask asked;

static int set_up(void **state)
{
	struct fl_problems problems;

	(void)state;
	fl_arena_init(&arena, 65536, 8u << 20);
	fl_problems_init(&problems, &arena);
	config = fl_config_load_text("f", FL_STR(text), NULL, &problems);
	return config == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	config = fl_config_unref(config);
	fl_arena_fini(&arena);
	return 0;
}

/* The status of the refusal, 0 when it was read. */
static unsigned read(struct fl_str body)
{
	bool ok;

	fl_arena_reset(&arena);
	http = (struct fl_service_call){.arena = &arena, .body = body};
	call = (struct fl_api_call){.http = &http};
	fl_buf_init(&call.body, 1u << 20);
	ok = fl_explain_read(&call, config, &asked);
	fl_buf_fini(&call.body);
	assert_true(ok == (call.status == 0));
	return call.status;
}

#define WHOLE                                                                                      \
	"{\"method\":\"POST\",\"url\":\"https://Api.Example.com:8443/a/"                           \
	"b?c=d\",\"consumer\":\"bob\","                                                            \
	"\"headers\":{\"X-One\":\"1\",\"x-two\":\"\"},\"client\":\"::1\",\"content_length\":12}"

static void reads(void **state)
{
	(void)state;
	assert_int_equal(read(FL_STR(WHOLE)), 0);
	assert_int_equal(asked.method, FL_METHOD_POST);
	assert_true(asked.is_tls);
	assert_true(fl_str_is(asked.host, "api.example.com"));
	assert_true(fl_str_is(asked.path, "/a/b"));
	assert_int_equal(asked.target_bytes, strlen("/a/b?c=d"));
	assert_ptr_equal(asked.consumer, &config->consumers[1]);
	assert_int_equal(asked.headers_n, 2);
	assert_true(fl_str_is(asked.headers[0].name, "x-one"));
	assert_true(fl_str_is(asked.headers[0].value, "1"));
	assert_int_equal(asked.head_bytes,
	                 strlen("POST /a/b?c=d HTTP/1.1\r\nHost: Api.Example.com:8443\r\n"
	                        "x-one: 1\r\nx-two: \r\n\r\n"));
	assert_true(fl_str_is(asked.client, "::1"));
	assert_int_equal(asked.content_length, 12);
	assert_int_equal(read(FL_STR("{\"method\":\"GET\",\"url\":\"http://h\"}")), 0);
	assert_false(asked.is_tls);
	assert_true(fl_str_is(asked.path, "/") && asked.target_bytes == 1);
	assert_null(asked.consumer);
	assert_true(fl_str_is(asked.client, "127.0.0.1"));
	assert_int_equal(read(FL_STR("{\"method\":\"GET\",\"url\":\"http://[::1]:80?x\"}")), 0);
	assert_true(fl_str_is(asked.host, "[::1]") && fl_str_is(asked.path, "/"));
}

static void refuses_halves(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof WHOLE - 1; n++) { /* exact room, for sanitizers */
		char *half = malloc(n + 1);

		assert_non_null(half);
		memcpy(half, WHOLE, n);
		assert_int_equal(read(fl_str_n(half, n)), 400);
		free(half);
	}
}

/* ---- what the stages say ---- */

static bool find_header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	*ret = FL_STR("acme");
	return ctx != NULL && fl_str_is(name, "x-t");
}

static const struct {
	const char *path, *host;
	enum fl_method method;
	bool has_header, has_consumer;
	const char *code, *route, *consumer; /* of the answer */
} cases[] = {
    {"/a/b", "x", FL_METHOD_GET, false, true, "", "any", "ann"},
    {"/a/b", "x", FL_METHOD_GET, false, false, "", "any", ""},
    {"/a/%7eb", "x", FL_METHOD_GET, false, false, "", "any", ""},
    {"/a/b%2Fc", "x", FL_METHOD_GET, false, false, "path_encoded_slash", "any", ""},
    {"/s/b%2Fc", "x", FL_METHOD_GET, false, true, "", "slash", ""},
    {"/a/..", "x", FL_METHOD_GET, false, false, "path_dot_segment", "", ""},
    {"/k", "h.example", FL_METHOD_GET, false, true, "", "key", "ann"},
    {"/k", "h.example", FL_METHOD_HEAD, false, true, "", "key", "ann"},
    {"/k", "h.example", FL_METHOD_GET, false, false, "credentials_missing", "key", ""},
    {"/k", "h.example", FL_METHOD_PUT, false, true, "method_not_allowed", "", ""},
    {"/k", "x", FL_METHOD_GET, false, true, "route_not_found", "", ""},
    {"/t", "x", FL_METHOD_GET, true, true, "", "tenant", ""},
    {"/t", "x", FL_METHOD_GET, false, true, "route_not_found", "", ""},
};

static void rehearses(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		const struct fl_rehearsal ask = {
		    .method = cases[i].method,
		    .host = fl_str(cases[i].host),
		    .path = fl_str(cases[i].path),
		    .consumer = cases[i].has_consumer ? &config->consumers[0] : NULL,
		    .header = find_header,
		    .ctx = cases[i].has_header ? &cases[i] : NULL,
		};
		struct fl_rehearsed told;

		assert_true(fl_rehearse(config, &ask, &arena, &told));
		const struct fl_cfg_consumer *who = told.principal.consumer;
		struct fl_str route = told.route == NULL ? FL_STR("") : told.route->name;
		const char *code = told.refused == NULL ? "" : told.refused->code;

		if (strcmp(code, cases[i].code) != 0 || !fl_str_is(route, cases[i].route) ||
		    !fl_str_is(who == NULL ? FL_STR("") : who->name, cases[i].consumer))
			fail_msg("case %zu, %s: \"%s\", route \"%.*s\"", i, cases[i].path, code,
			         FL_STR_ARGS(route));
	}
}

static void memory_is_bounded(void **state)
{
	const struct fl_rehearsal ask = {.path = FL_STR("/a/%7eb"), .header = find_header};
	struct fl_rehearsed told;
	struct fl_arena none;

	(void)state;
	fl_arena_init(&none, 0, 0);
	assert_false(fl_rehearse(config, &ask, &none, &told));
	fl_arena_fini(&none);
}

int main(void)
{
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE("a question is read whole", reads),
	    CASE("a question cut off anywhere is refused", refuses_halves),
	    CASE("path, route and authentication say what they would to a request", rehearses),
	    CASE("no memory is told", memory_is_bounded),
	};

	return cmocka_run_group_tests_name("admin explain", tests, NULL, NULL);
}
