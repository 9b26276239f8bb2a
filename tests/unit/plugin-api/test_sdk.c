/* tests/unit/plugin-api/test_sdk.c - the helpers that are compiled into connectors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include <fairlead/sdk/config.h>

static int is_json(const char *text)
{
	sdk_json j = sdk_json_over(sdk_str(text));

	return sdk_json_skip(&j, NULL) && sdk_json_done(&j);
}

static void json_grammar(void **state)
{
	static const struct {
		const char *text;
		int ok;
	} rows[] = {
	    {"{}", 1},
	    {" [ ] ", 1},
	    {"[[],{}]", 1},
	    {"{\"a\":[1,{\"b\":null}],\"c\":\"\\u00e9\\ud83d\\ude00\\/\"}", 1},
	    {"-0.5e+10", 1},
	    {"\"\"", 1},
	    {"true", 1},
	    {"", 0},
	    {"1 2", 0},
	    {"[1,]", 0},
	    {"[,1]", 0},
	    {"{\"a\":1,}", 0},
	    {"{\"a\"}", 0},
	    {"{\"a\" 1}", 0},
	    {"{a:1}", 0},
	    {"{1:1}", 0},
	    {"[1}", 0},
	    {"{]", 0},
	    {"[", 0},
	    {"{\"a\":", 0},
	    {"01", 0},
	    {"1.", 0},
	    {"1e", 0},
	    {"-", 0},
	    {"+1", 0},
	    {".5", 0},
	    {"tru", 0},
	    {"nul", 0},
	    {"'a'", 0},
	    {"\"a", 0},
	    {"\"\\x\"", 0},
	    {"\"\\u12\"", 0},
	    {"\"\\ud800\"", 0},
	    {"\"\\udc00\"", 0},
	    {"\"\\ud800\\u0041\"", 0},
	    {"\"\n\"", 0},
	    {"\"\xff\"", 0},
	    {"\"\xc0\x80\"", 0},
	    {"\xef\xbb\xbf{}", 0},
	    {"[1]]", 0},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		if (is_json(rows[i].text) != rows[i].ok)
			fail_msg("%s: expected %d", rows[i].text, rows[i].ok);
}

static void json_depth(void **state)
{
	char text[2 * SDK_JSON_DEPTH_MAX + 3] = "";
	size_t n = SDK_JSON_DEPTH_MAX;

	(void)state;
	memset(text, '[', n);
	memset(text + n, ']', n);
	text[2 * n] = '\0';
	assert_true(is_json(text));
	memset(text, '[', n + 1);
	memset(text + n + 1, ']', n + 1);
	text[2 * n + 2] = '\0';
	assert_false(is_json(text));
}

static void json_pull(void **state)
{
	sdk_json j = sdk_json_over(sdk_str("{\"n\":18446744073709551615,\"\\u0073\":"
	                                   "\"a\\n\\u00e9\",\"x\":[true,{}],\"o\":{\"k\":1}}"));
	fairlead_str key, s = {NULL, 0}, raw = {NULL, 0};
	char memory[8];
	sdk_text t = sdk_text_in(memory, sizeof memory);
	uint64_t n = 0;

	(void)state;
	assert_true(sdk_json_object(&j));
	while (sdk_json_key(&j, &key)) {
		if (sdk_json_is(key, "n"))
			assert_true(sdk_json_u64(&j, &n));
		else if (sdk_json_is(key, "s"))
			assert_true(sdk_json_string(&j, &s));
		else if (sdk_json_is(key, "x"))
			assert_true(sdk_json_skip(&j, &raw));
		else
			assert_true(sdk_json_skip(&j, NULL));
	}
	assert_true(sdk_json_done(&j));
	assert_true(n == UINT64_MAX);
	assert_true(sdk_str_is(raw, "[true,{}]"));
	sdk_json_decode(&t, s);
	assert_true(sdk_str_is(sdk_text_str(&t), "a\n\xc3\xa9"));
	j = sdk_json_over(sdk_str("18446744073709551616"));
	assert_false(sdk_json_u64(&j, &n));
	j = sdk_json_over(sdk_str("-1"));
	assert_false(sdk_json_u64(&j, &n));
}

static void json_latches(void **state)
{
	sdk_json j = sdk_json_over(sdk_str("[1,x]"));
	fairlead_str raw;
	int b = 7;

	(void)state;
	assert_true(sdk_json_array(&j));
	assert_true(sdk_json_item(&j));
	assert_false(sdk_json_bool(&j, &b));
	assert_string_equal(j.error, "true or false is expected");
	assert_int_equal(b, 7);
	assert_false(sdk_json_item(&j));
	assert_false(sdk_json_skip(&j, &raw));
	assert_false(sdk_json_done(&j));
	assert_string_equal(j.error, "true or false is expected");
	j = sdk_json_over(sdk_str("{}"));
	assert_false(sdk_json_item(&j));
}

static void json_writing(void **state)
{
	char memory[64];
	sdk_text t = sdk_text_in(memory, sizeof memory);

	(void)state;
	sdk_add_json(&t, sdk_str_n("a\"\\\n\0\xff\xc3\xa9", 8));
	assert_true(
	    sdk_str_is(sdk_text_str(&t), "\"a\\\"\\\\\\u000a\\u0000\xef\xbf\xbd\xc3\xa9\""));
	t = sdk_text_in(memory, 4);
	sdk_add_c(&t, "abc");
	sdk_add_u64(&t, 10);
	sdk_add_c(&t, "d");
	assert_true(t.is_full);
	assert_int_equal(t.n, 3);
}

struct cfg {
	uint32_t ms, reserved0;
	fairlead_str name;
};

static int read_ms(sdk_config *c)
{
	return sdk_config_duration_ms(c, &((struct cfg *)c->target)->ms);
}

static int read_name(sdk_config *c)
{
	return sdk_config_string(c, &((struct cfg *)c->target)->name);
}

static int read_sub(sdk_config *c)
{
	static const sdk_config_key keys[] = {{"name", read_name}};

	return sdk_config_keys(c, keys, 1);
}

static const char *config_problem(const char *text)
{
	static const sdk_config_key keys[] = {{"timeout", read_ms}, {"sub", read_sub}};
	static char why[600];
	char memory[200];
	struct cfg cfg = {0, 0, {NULL, 0}};
	sdk_config c;

	sdk_config_over(&c, sdk_str(text), &cfg, memory, sizeof memory);
	if (sdk_config_keys(&c, keys, 2) && sdk_config_done(&c))
		return NULL;
	(void)snprintf(why, sizeof why, "%.*s", (int)c.why.n, c.why.p);
	return why;
}

static void config_problems(void **state)
{
	(void)state;
	assert_null(config_problem("{\"timeout\":\"250ms\",\"sub\":{\"name\":\"x\"}}"));
	assert_null(config_problem("{}"));
	assert_string_equal(config_problem("{\"timeut\":\"5s\"}"), "config /timeut: no such key");
	assert_string_equal(config_problem("{\"sub\":{\"name\":1}}"),
	                    "config /sub/name: a string is expected");
	assert_string_equal(config_problem("{\"sub\":{\"name\":\"\\u0000\"}}"),
	                    "config /sub/name: a NUL byte has no place here");
	assert_string_equal(config_problem("{\"sub\":{},\"sub\":{}}"),
	                    "config /sub: the key is there twice");
	assert_non_null(config_problem("[]"));
	assert_non_null(config_problem("{} x"));
	assert_non_null(config_problem("{\"sub\":{}"));
	for (const char *const *p =
	         (const char *const[]){"5", "\"5\"", "\"0s\"", "\"2h\"", "\"5 s\"", "\"-5s\"",
	                               "\"99999999s\"", "\"s\"", NULL};
	     *p != NULL; p++) {
		char text[64];

		(void)snprintf(text, sizeof text, "{\"timeout\":%s}", *p);
		assert_non_null(config_problem(text));
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE("the reader takes RFC 8259 and nothing else", json_grammar),
	    FL_CASE("nesting has a limit", json_depth),
	    FL_CASE("values are pulled out of objects and arrays", json_pull),
	    FL_CASE("the first error latches", json_latches),
	    FL_CASE("written strings are escaped and a full text latches", json_writing),
	    FL_CASE("configuration problems name their place", config_problems),
	};

	return cmocka_run_group_tests_name("sdk", cases, NULL, NULL);
}
