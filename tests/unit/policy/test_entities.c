/* tests/unit/policy/test_entities.c - entities and values from JSON, the hierarchy
 * SPDX-License-Identifier: Apache-2.0
 *
 * Acceptance is as the official engine 4.12.0 has it.
 */
#include "tests/unit/policy/fixture.h"

#include <stdio.h>

static const struct {
	const char *json, *value; /* NULL: refused */
} values[] = {
    {"1", "1"},
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"9223372036854775808", NULL},
    {"-9223372036854775809", NULL},
    {"1.0", NULL},
    {"-0", NULL},
    {"1e0", NULL},
    {"01", NULL},
    {"null", NULL},
    {"[null]", NULL},
    {"{\"a\":null}", NULL},
    {"[1,1,\"a\"]", "[1, \"a\"]"},
    {"{\"\":1}", "{\"\": 1}"},
    {"{\"a\":1,\"a\":1}", NULL},
    {"{\"a\":{\"b\":1,\"b\":1}}", NULL},
    {"\"\\u0000\"", "\"\\0\""},
    {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
    {"\"\\ud800\"", NULL},
    {"\"\\udc00\"", NULL},
    {"\"\\ud800\\u0041\"", NULL},
    {"\"\\x\"", NULL},
    {"\"a\nb\"", NULL},
    {"\"a", NULL},
    {"[1,]", NULL},
    {"{\"a\":1,}", NULL},
    {"[1] 2", NULL},
    {"tru", NULL},
    {"", NULL},
    {"{\"__entity\":{\"type\":\"U\",\"id\":\"b\"}}", "U::\"b\""},
    {"{\"__entity\":{\"type\":\"U::V\",\"id\":\"b\",\"z\":null}}", "U::V::\"b\""},
    /* with something beside it, it is no escape */
    {"{\"__entity\":{\"type\":\"U\",\"id\":\"b\"},\"z\":1}",
     "{z: 1, __entity: {id: \"b\", type: \"U\"}}"},
    {"{\"__entity\":{\"type\":\"U\",\"id\":\"b\"},\"z\":null}", NULL},
    {"{\"__entity\":{\"type\":\"U\",\"id\":\"b\"},\"__expr\":\"1\"}",
     "{__expr: \"1\", __entity: {id: \"b\", type: \"U\"}}"},
    /* numbers are Longs even where nothing reads them */
    {"{\"__entity\":{\"type\":\"U\",\"id\":\"b\",\"z\":[{\"a\":1.5}]}}", NULL},
    {"{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\",\"z\":-0}}", NULL},
    {"{\"__entity\":5}", "{__entity: 5}"},
    {"{\"__entity\":{\"type\":\"U\"}}", "{__entity: {type: \"U\"}}"},
    {"{\"__entity\":{\"type\":\"a b\",\"id\":\"b\"}}", NULL},
    {"{\"__entity\":{\"type\":\"U :: V\",\"id\":\"b\"}}", NULL},
    {"{\"__entity\":{\"type\":\"__cedar::V\",\"id\":\"b\"}}", NULL},
    {"{\"__entity\":{\"type\":\"if\",\"id\":\"b\"}}", NULL},
    {"{\"__entity\":{\"type\":\"\",\"id\":\"b\"}}", NULL},
    {"{\"__entity\":{\"type\":\"A:\",\"id\":\"b\"}}", NULL},
    {"{\"__entity\":{\"type\":\"A::\",\"id\":\"b\"}}", NULL},
    {"{\"type\":\"U\",\"id\":\"b\"}", "{id: \"b\", type: \"U\"}"},
    {"{\"__extn\":{\"fn\":\"ip\",\"arg\":\"1.2.3.4\"}}", "ip(\"1.2.3.4\")"},
    {"{\"__extn\":{\"fn\":\"ip\",\"args\":[\"1.2.3.4\"],\"y\":1}}", "ip(\"1.2.3.4\")"},
    {"{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"},\"y\":1}",
     "{y: 1, __extn: {fn: \"ip\", arg: \"::1\"}}"},
    {"{\"__extn\":{\"fn\":\"ip\",\"arg\":\"x\"}}", NULL},
    {"{\"__extn\":{\"fn\":\"ip\",\"arg\":1}}", NULL},
    {"{\"__extn\":{\"fn\":\"ip\",\"args\":[]}}", NULL},
    {"{\"__extn\":{\"fn\":\"foo\",\"arg\":\"x\"}}", NULL},
    {"{\"__extn\":{\"fn\":\"contains\",\"args\":[[1],1]}}", NULL},
    {"{\"__extn\":{\"fn\":\"ip\"}}", "{__extn: {fn: \"ip\"}}"},
    {"{\"__extn\":{\"fn\":\"toDays\",\"args\":[{\"__extn\":{\"fn\":\"duration\",\"arg\":\"25h\"}}"
     "]}}",
     "1"},
    {"{\"__extn\":{\"fn\":\"lessThan\",\"args\":[1]}}", NULL},
    {"{\"__expr\":\"1\"}", NULL},
    {"{\"__expr\":\"1\",\"a\":2}", "{a: 2, __expr: \"1\"}"},
    {"{\"__expr\":5}", "{__expr: 5}"},
};

static void test_values(void **state)
{
	struct fl_buf out;

	(void)state;
	fl_buf_init(&out, 4096);
	for (size_t i = 0; i < FL_ARRAY_LEN(values); i++) {
		struct fl_cedar_json json;
		struct fl_cedar_value v;
		struct fl_str text = fl_str(values[i].json);
		struct fl_cedar_json_source source = {.text = text, .problems = &problems};

		fl_problems_init(&problems, &arena);
		int r = fl_cedar_json_parse(&arena, text, NULL, &json, &problems);

		if (r == 0)
			r = fl_cedar_value_from_json(&json, &source, NULL, &arena, &v);
		if ((r == 0) != (values[i].value != NULL))
			fail_msg("wrong: %s", values[i].json);
		if (r != 0) {
			assert_int_equal(problems.errors, 1);
			assert_int_not_equal(problems.first->at.line, 0);
			continue;
		}
		fl_buf_clear(&out);
		fl_cedar_value_print(&out, v);
		assert_string_equal(fl_buf_cstr(&out), values[i].value);
	}
	fl_buf_fini(&out);
}

#define UA "\"uid\":{\"type\":\"U\",\"id\":\"a\"}"
#define NONE "\"attrs\":{},\"parents\":[]"
#define IN_B "\"attrs\":{},\"parents\":[{\"type\":\"U\",\"id\":\"b\"}]"

static const struct {
	const char *json;
	int outcome;
} stores[] = {
    {"[]", 0},
    {"[{" UA "," NONE "}]", 0},
    {"[{\"uid\":{\"__entity\":{\"type\":\"U\",\"id\":\"a\"}}," NONE "}]", 0},
    {"[{\"uid\":{\"__entity\":{\"type\":\"U\",\"id\":\"a\"},\"z\":1.5}," NONE "}]", 0},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\",\"__expr\":\"1\"}," NONE "}]", FL_CEDAR_E_INVALID},
    {"[{" UA "," NONE ",\"zz\":null,\"yy\":1.5}]", 0},
    {"[{" UA "," NONE ",\"tags\":{\"t\":1}}]", 0},
    {"[{" UA "," IN_B "}]", 0},
    {"[{" UA "," NONE "},{" UA "," NONE "}]", 0},
    {"[{" UA ",\"attrs\":{\"__entity\":{\"type\":\"U\",\"id\":\"b\"}},\"parents\":[]}]", 0},
    {"[{\"uid\":{\"type\":\"Action\",\"id\":\"a\"},\"attrs\":{\"x\":1},\"parents\":[]}]", 0},
    {"{}", FL_CEDAR_E_INVALID},
    {"null", FL_CEDAR_E_INVALID},
    {"[1]", FL_CEDAR_E_INVALID},
    {"[{}]", FL_CEDAR_E_INVALID},
    {"[{" UA ",\"parents\":[]}]", FL_CEDAR_E_INVALID},
    {"[{" UA ",\"attrs\":{}}]", FL_CEDAR_E_INVALID},
    {"[{" UA ",\"attrs\":[],\"parents\":[]}]", FL_CEDAR_E_INVALID},
    {"[{" UA ",\"attrs\":{},\"parents\":{}}]", FL_CEDAR_E_INVALID},
    {"[{" UA "," NONE ",\"tags\":[]}]", FL_CEDAR_E_INVALID},
    {"[{" UA "," NONE ",\"tags\":null}]", FL_CEDAR_E_INVALID},
    {"[{\"uid\":\"U::\\\"a\\\"\"," NONE "}]", FL_CEDAR_E_INVALID},
    {"[{\"uid\":{\"type\":\"U\",\"id\":5}," NONE "}]", FL_CEDAR_E_INVALID},
    {"[{" UA ",\"attrs\":{},\"parents\":[\"b\"]}]", FL_CEDAR_E_INVALID},
    {"[{\"uid\":{\"type\":\"N::Action\",\"id\":\"a\"}," IN_B "}]", FL_CEDAR_E_INVALID},
    {"[{" UA "," NONE ",\"attrs\":{}}]", FL_CEDAR_E_DUPLICATE},
    {"[{" UA "," NONE "},{" UA "," IN_B "}]", FL_CEDAR_E_DUPLICATE},
    {"[{" UA "," NONE "},{" UA "," NONE ",\"tags\":{\"t\":1}}]", FL_CEDAR_E_DUPLICATE},
    {"[{" UA ",\"attrs\":{},\"parents\":[{\"type\":\"U\",\"id\":\"a\"}]}]", FL_CEDAR_E_CYCLE},
    {"[{" UA "," IN_B "},{\"uid\":{\"type\":\"U\",\"id\":\"b\"},\"attrs\":{},\"parents\":[{"
     "\"type\":\"U\",\"id\":\"a\"}]}]",
     FL_CEDAR_E_CYCLE},
    {"[{", FL_CEDAR_E_SYNTAX},
};

static void test_stores(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(stores); i++) {
		struct fl_cedar_entities *es = fl_cedar_entities_create(1 << 20);
		struct fl_error err = FL_ERROR_INIT;

		fl_problems_init(&problems, &arena);
		int r = fl_cedar_entities_read(es, fl_str(stores[i].json), NULL, NULL, &problems);

		if (r == 0)
			r = fl_cedar_entities_finish(es, &err);
		if (r != stores[i].outcome)
			fail_msg("%d: %s", r, stores[i].json);
		assert_true(r == 0 || problems.errors == 1 || err.code != NULL);
		(void)fl_cedar_entities_destroy(es);
	}
}

static const struct fl_cedar_uid *node(struct fl_cedar_entities *es, unsigned i)
{
	char id[16];
	int n = snprintf(id, sizeof id, "%u", i);

	return fl_cedar_entities_uid(es, FL_STR("N"), fl_str_n(id, (size_t)n));
}

#define CHAIN 2000u

static void test_long_chain(void **state)
{
	struct fl_cedar_entities *es = fl_cedar_entities_create(256 << 20);
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	for (unsigned i = 0; i < CHAIN; i++) {
		const struct fl_cedar_uid *up[] = {node(es, i + 1), node(es, i + 1)};

		assert_int_equal(fl_cedar_entities_add(es, node(es, i), fl_cedar_record_empty(), up,
		                                       2, fl_cedar_record_empty(), &err),
		                 0);
	}
	const struct fl_cedar_uid *bottom = node(es, 0), *top = node(es, CHAIN);
	const struct fl_cedar_uid *beside = node(es, CHAIN + 1);

	assert_int_equal(fl_cedar_entities_finish(es, &err), 0);
	assert_int_equal(fl_cedar_entities_count(es), CHAIN);
	const struct fl_cedar_entity *e = fl_cedar_entities_find(es, bottom);

	assert_int_equal(e->n_parents, 1);
	assert_int_equal(e->n_ancestors, CHAIN);
	assert_true(fl_cedar_entity_has_ancestor(e, top));
	assert_false(fl_cedar_entity_has_ancestor(e, bottom));
	assert_false(fl_cedar_entity_has_ancestor(e, beside));
	assert_null(fl_cedar_entities_find(es, top));
	assert_ptr_equal(fl_cedar_entities_at(es, 0), e);
	assert_null(fl_cedar_entities_at(es, CHAIN));
	(void)fl_cedar_entities_destroy(es);
}

static void test_full_store(void **state)
{
	static const char text[] =
	    "[{" UA
	    ",\"attrs\":{\"x\":[1,{\"y\":\"z\"}]},\"parents\":[{\"type\":\"U\",\"id\":\"b\"}"
	    "]}]";

	(void)state;
	for (size_t max = 64;; max += 64) {
		struct fl_cedar_entities *es = fl_cedar_entities_create(max);
		struct fl_error err = FL_ERROR_INIT;

		fl_problems_init(&problems, &arena);
		int r = fl_cedar_entities_read(es, fl_str(text), NULL, NULL, &problems);

		if (r == 0)
			r = fl_cedar_entities_finish(es, &err);
		(void)fl_cedar_entities_destroy(es);
		if (r == 0)
			break;
		assert_int_equal(r, FL_CEDAR_E_MEMORY);
	}
}

static void test_deep_json(void **state)
{
	char text[2 * FL_CEDAR_JSON_DEPTH_MAX + 1];
	struct fl_cedar_json json;

	(void)state;
	for (unsigned n = FL_CEDAR_JSON_DEPTH_MAX - 1; n <= FL_CEDAR_JSON_DEPTH_MAX; n++) {
		memset(text, '[', n);
		memset(text + n, ']', n);
		fl_problems_init(&problems, &arena);
		assert_int_equal(
		    fl_cedar_json_parse(&arena, fl_str_n(text, 2 * n), NULL, &json, &problems),
		    n < FL_CEDAR_JSON_DEPTH_MAX ? 0 : FL_CEDAR_E_LIMIT);
	}
}

static void test_positions(void **state)
{
	static const char text[] =
	    "[{" UA "," NONE "},\n  {" UA ",\"attrs\":{\"\xc3\xa9\": null},\"parents\":[]}]";
	struct fl_cedar_entities *es = fl_cedar_entities_create(1 << 20);

	(void)state;
	fl_problems_init(&problems, &arena);
	assert_int_equal(fl_cedar_entities_read(es, fl_str(text), "e.json", NULL, &problems),
	                 FL_CEDAR_E_INVALID);
	assert_int_equal(problems.first->at.line, 2);
	assert_int_equal(problems.first->at.column, 46);
	assert_string_equal(problems.first->detail.p, "null is no Cedar value");
	(void)fl_cedar_entities_destroy(es);
}

static void test_copies(void **state)
{
	static const char text[] = "{\"a\":[1,\"x\",{\"__entity\":{\"type\":\"U\",\"id\":\"b\"}}],"
				   "\"b\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"}}}";
	struct fl_cedar_json json;
	struct fl_cedar_json_source source = {.text = fl_str(text), .problems = &problems};
	struct fl_cedar_value v, copy;
	struct fl_arena other;

	(void)state;
	fl_problems_init(&problems, &arena);
	fl_arena_init(&other, 64, 1 << 20);
	assert_int_equal(fl_cedar_json_parse(&other, fl_str(text), NULL, &json, &problems), 0);
	assert_int_equal(fl_cedar_value_from_json(&json, &source, NULL, &other, &v), 0);
	assert_int_equal(fl_cedar_value_copy(&arena, v, &copy), 0);
	assert_true(fl_cedar_value_eq(v, copy));
	fl_arena_fini(&other);
	assert_int_equal(fl_cedar_record_find(copy, fl_cedar_name(FL_STR("a")))->n, 3);
	struct fl_cedar_value deep = fl_cedar_long(1);

	for (unsigned i = 1; i <= FL_CEDAR_JSON_DEPTH_MAX; i++) {
		struct fl_cedar_value *item = fl_arena_alloc(&arena, sizeof *item);

		assert_int_equal(fl_cedar_value_copy(&arena, deep, &copy), 0);
		*item = deep;
		deep = fl_cedar_set_make(item, 1);
	}
	assert_int_equal(fl_cedar_value_copy(&arena, deep, &copy), FL_CEDAR_E_LIMIT);
	fl_arena_init(&other, 16, 64);
	assert_int_equal(fl_cedar_value_copy(&other, copy, &deep), FL_CEDAR_E_MEMORY);
	fl_arena_fini(&other);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("values come from JSON as in the official engine", test_values),
	    CASE("stores are taken and refused likewise", test_stores),
	    CASE("a long chain of parents is closed", test_long_chain),
	    CASE("a full store is an outcome", test_full_store),
	    CASE("JSON nests to its limit and not beyond", test_deep_json),
	    CASE("a problem stands at its line and column", test_positions),
	    CASE("a copy borrows nothing", test_copies),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
