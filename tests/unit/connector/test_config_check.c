/* tests/unit/connector/test_config_check.c - gateway/connector/config_check
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "base/buf.h"
#include "gateway/connector/config_check.h"

static struct fl_arena arena;

/* "pointer: detail; ..." with what stands in all of them taken off. */
static const char *judge(const char *schema, const char *config)
{
	static const struct fl_cfg_place places[] = {
	    {FL_STR_INIT(""), {"f.yaml", 2, 1}},
	    {FL_STR_INIT("/a"), {"f.yaml", 3, 5}},
	    {FL_STR_INIT("/a/b"), {"f.yaml", 4, 9}},
	};
	const struct fl_manifest manifest = {.config_schema_json = fl_str(schema)};
	const struct fl_cfg_instance instance = {.name = FL_STR("i"),
	                                         .config_json = fl_str(config),
	                                         .places = places,
	                                         .places_n = FL_ARRAY_LEN(places),
	                                         .at = {"f.yaml", 1, 1}};
	struct fl_problems problems;
	struct fl_buf out;
	const char *ret;
	bool fits;

	fl_arena_reset(&arena);
	fl_problems_init(&problems, &arena);
	fits = fl_connector_config_check(&manifest, &instance, &problems);
	assert_int_equal(fits, problems.errors == 0);
	fl_buf_init(&out, 8192);
	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next) {
		assert_string_equal(p->code, p->is_warning ? "secret_literal" : "config_invalid");
		assert_true(fl_str_starts(p->pointer, FL_STR("/instances/i/config")));
		assert_true(fl_str_starts(p->detail, FL_STR("instance \"i\": ")));
		fl_buf_printf(&out, "%s%u %.*s%s%.*s", out.len == 0 ? "" : "; ", p->at.line,
		              (int)p->detail.n - 14, p->detail.p + 14, p->hint.n == 0 ? "" : " ",
		              FL_STR_ARGS(p->hint));
	}
	ret = fl_arena_str(&arena, fl_buf_str(&out)).p;
	fl_buf_fini(&out);
	return ret;
}

static void keywords(void **state)
{
	static const struct {
		const char *schema, *config, *said;
	} rows[] = {
	    {"", "{}", ""},
	    {"true", "{\"a\":1}", ""},
	    {"false", "{}", "2 config may not be here"},
	    {"{\"type\":\"object\"}", "{}", ""},
	    {"{\"type\":\"array\"}", "{}", "2 config must be of type array"},
	    {"{\"type\":[\"array\",\"object\"]}", "{}", ""},
	    {"{\"type\":[\"array\",\"null\"]}", "{}", "2 config must be of type array or null"},
	    {"{\"required\":[\"a\"]}", "{}", "2 config needs the key \"a\""},
	    {"{\"additionalProperties\":false}", "{\"a\":1}", "2 config has no key \"a\""},
	    {"{\"additionalProperties\":false,\"properties\":{\"base_url\":{}}}",
	     "{\"base_ulr\":1}", "2 config has no key \"base_ulr\" did you mean \"base_url\"?"},
	    {"{\"additionalProperties\":{\"type\":\"string\"}}", "{\"a\":1}",
	     "3 /a must be of type string"},
	    {"{\"minProperties\":1}", "{}", "2 config must have at least 1 keys"},
	    {"{\"maxProperties\":0}", "{\"a\":1}", "2 config must have at most 0 keys"},
	    {"{\"properties\":{\"a\":{\"enum\":[\"x\",2]}}}", "{\"a\":3}",
	     "3 /a must be one of [\"x\",2]"},
	    {"{\"properties\":{\"a\":{\"enum\":[\"x\",2]}}}", "{\"a\":2}", ""},
	    {"{\"properties\":{\"a\":{\"const\":\"x\"}}}", "{\"a\":\"y\"}", "3 /a must be \"x\""},
	    {"{\"properties\":{\"a\":{\"minimum\":2}}}", "{\"a\":1.5}", "3 /a must be at least 2"},
	    {"{\"properties\":{\"a\":{\"maximum\":2}}}", "{\"a\":3}", "3 /a must be at most 2"},
	    {"{\"properties\":{\"a\":{\"exclusiveMinimum\":2}}}", "{\"a\":2}",
	     "3 /a must be more than 2"},
	    {"{\"properties\":{\"a\":{\"exclusiveMaximum\":2}}}", "{\"a\":2}",
	     "3 /a must be less than 2"},
	    {"{\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"a\":2.5}",
	     "3 /a must be of type integer"},
	    {"{\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"a\":2.0}", ""},
    {"{\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"a\":1e300}", ""},
	    {"{\"properties\":{\"a\":{\"type\":\"number\"}}}", "{\"a\":2}", ""},
	    {"{\"properties\":{\"a\":{\"minLength\":3}}}", "{\"a\":\"\xc3\xa9\xc3\xa9\"}",
	     "3 /a must have at least 3 characters"},
	    {"{\"properties\":{\"a\":{\"maxLength\":2}}}", "{\"a\":\"\xc3\xa9\xc3\xa9\"}", ""},
	    {"{\"properties\":{\"a\":{\"maxLength\":1}}}", "{\"a\":\"xy\"}",
	     "3 /a must have at most 1 characters"},
	    {"{\"properties\":{\"a\":{\"minItems\":1}}}", "{\"a\":[]}",
	     "3 /a must have at least 1 items"},
	    {"{\"properties\":{\"a\":{\"maxItems\":1}}}", "{\"a\":[1,2]}",
	     "3 /a must have at most 1 items"},
	    {"{\"properties\":{\"a\":{\"uniqueItems\":true}}}", "{\"a\":[1,{},1]}",
	     "3 /a has the same item twice"},
	    {"{\"properties\":{\"a\":{\"items\":{\"type\":\"string\"}}}}", "{\"a\":[\"x\",7]}",
	     "3 /a/1 must be of type string"},
	    {"{\"allOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}", "{\"b\":1}",
	     "2 config needs the key \"a\""},
	    {"{\"properties\":{\"a\":{\"x-fairlead-secret\":true}}}", "{\"a\":\"hunter2\"}",
	     "3 /a is a secret, written out define it under secrets:, grant it, and write "
	     "${secret:NAME}"},
	    {"{\"properties\":{\"a\":{\"x-fairlead-secret\":true}}}", "{\"a\":\"Bearer ${secret:x}\"}",
	     ""},
	    {"{\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"a\":1e300}", ""},
	    {"{\"pattern\":\"^x\",\"format\":\"uri\",\"x-fairlead-secret\":true}", "{}", ""},
	    {"{\"type\":7,\"required\":{},\"enum\":{},\"properties\":[],\"items\":3,\"allOf\":1}",
	     "{}", ""},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		assert_string_equal(judge(rows[i].schema, rows[i].config), rows[i].said);
}

static void all_at_once(void **state)
{
	(void)state;
	assert_string_equal(judge("{\"required\":[\"c\"],\"additionalProperties\":false,"
	                          "\"properties\":{\"a\":{\"required\":[\"d\"],"
	                          "\"properties\":{\"b\":{\"type\":\"string\"}}},\"c\":{}}}",
	                          "{\"a\":{\"b\":1},\"zebra\":2}"),
	                    "2 config needs the key \"c\"; 3 /a needs the key \"d\"; 4 /a/b must "
	                    "be of type string; "
	                    "2 config has no key \"zebra\"");
}

/* Schemas come with connectors: a deep one must end. */
static void deep(void **state)
{
	struct fl_buf schema, config;

	(void)state;
	fl_buf_init(&schema, 1u << 16);
	fl_buf_init(&config, 1u << 16);
	for (unsigned i = 0; i < 500; i++) {
		fl_buf_add_c(&schema, "{\"properties\":{\"a\":");
		fl_buf_add_c(&config, "{\"a\":");
	}
	fl_buf_add_c(&schema, "false");
	fl_buf_add_c(&config, "1");
	for (unsigned i = 0; i < 500; i++) {
		fl_buf_add_c(&schema, "}}");
		fl_buf_add_c(&config, "}");
	}
	assert_string_equal(judge(fl_buf_cstr(&schema), fl_buf_cstr(&config)), "");
	fl_buf_fini(&schema);
	fl_buf_fini(&config);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    FL_CASE("each keyword says what does not fit, and where", keywords),
	    FL_CASE("everything is told at once", all_at_once),
	    FL_CASE("what is nested too deep is left to the connector", deep),
	};
	int failed;

	fl_arena_init(&arena, 4096, 4u << 20);
	failed = cmocka_run_group_tests(cases, NULL, NULL);
	fl_arena_fini(&arena);
	return failed;
}
