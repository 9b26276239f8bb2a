/* tests/unit/auth/test_texts.c - templates, encodings, forms and members
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include "gateway/auth/form.h"
#include "gateway/auth/member.h"
#include "gateway/auth/recipe.h"

static void test_recipes(void **state)
{
	struct fl_recipe_part parts[FL_RECIPE_PARTS_MAX];

	(void)state;
	for (size_t i = 0; i + 1 < fl_recipes_n; i++) { /* the last: generic */
		const struct fl_recipe *r = &fl_recipes[i];

		assert_ptr_equal(fl_recipe_find(fl_str(r->name)), r);
		assert_true(r->field.n > 0);
		assert_true(fl_recipe_parse(r->template, parts) > 0);
	}
	assert_null(fl_recipe_find(FL_STR("githu")));
	assert_null(fl_recipe_find(FL_STR("")));
}

static void test_decode(void **state)
{
	static const struct {
		enum fl_recipe_encoding encoding;
		const char *text;
		size_t n; /* 0: refused */
	} cases[] = {
	    {FL_RECIPE_HEX, "00fF", 2},         {FL_RECIPE_HEX, "00f", 0},
	    {FL_RECIPE_HEX, "00 ff", 0},        {FL_RECIPE_HEX, "0x00", 0},
	    {FL_RECIPE_HEX, "", 0},             {FL_RECIPE_HEX, "0011223344", 0},
	    {FL_RECIPE_BASE64, "AAAA", 3},      {FL_RECIPE_BASE64, "AAA=", 2},
	    {FL_RECIPE_BASE64, "AA==", 1},      {FL_RECIPE_BASE64, "AAA", 0},
	    {FL_RECIPE_BASE64, "AB==", 0},      {FL_RECIPE_BASE64, "AA-_", 0},
	    {FL_RECIPE_BASE64, "AAAA=", 0},     {FL_RECIPE_BASE64, "AAAA\n", 0},
	    {FL_RECIPE_BASE64, "AAAAAAAA", 0},  {FL_RECIPE_BASE64URL, "AA-_", 3},
	    {FL_RECIPE_BASE64URL, "AAA", 2},    {FL_RECIPE_BASE64URL, "AAA=", 0},
	    {FL_RECIPE_BASE64URL, "AA+/", 0},   {FL_RECIPE_TEXT, "abc", 0},
	};
	unsigned char bytes[4];
	char every[] = "AAxA";

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++)
		if (fl_recipe_decode(cases[i].encoding, fl_str(cases[i].text), bytes,
		                     sizeof bytes) != cases[i].n)
			fail_msg("%s", cases[i].text);
	for (int c = -128; c < 0; c++) { /* no byte above 127 is a digit of anything */
		every[2] = (char)c;
		for (int e = FL_RECIPE_HEX; e <= FL_RECIPE_BASE64URL; e++)
			assert_int_equal(fl_recipe_decode((enum fl_recipe_encoding)e, fl_str(every),
			                                  bytes, sizeof bytes),
			                 0);
	}
}

static void test_forms(void **state)
{
	static const struct {
		const char *body, *sorted;
	} cases[] = {
	    {"", ""},
	    {"b=2&a=1", "a1b2"},
	    {"a=2&a=1&a=2", "a1a2"},
	    {"a=%2B+%41%zz%4&b", "a+ A%zz%4b"},
	    {"&&a==&", "a="},
	    {"aa=1&a=2", "a2aa1"},
	    {"a%3D=1", "a=1"},
	};
	static char many[2 * (FL_FORM_FIELDS_MAX + 1)];
	struct fl_arena arena;

	(void)state;
	fl_arena_init(&arena, 4096, 1u << 20);
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_str sorted = fl_form_sorted(&arena, fl_str(cases[i].body));

		if (!sorted.p || !fl_str_is(sorted, cases[i].sorted))
			fail_msg("%s: %.*s", cases[i].body, FL_STR_ARGS(sorted));
	}
	for (size_t i = 0; i < sizeof many; i += 2)
		memcpy(many + i, "a&", 2);
	assert_non_null(fl_form_sorted(&arena, fl_str_n(many, sizeof many - 2)).p);
	assert_null(fl_form_sorted(&arena, fl_str_n(many, sizeof many)).p);
	assert_true(fl_str_is(fl_form_raw_value(FL_STR("x=1&hash=%41&hash=2"), FL_STR("hash")),
	                      "%41"));
	assert_null(fl_form_raw_value(FL_STR("xhash=1"), FL_STR("hash")).p);
	fl_arena_fini(&arena);
}

static void test_members(void **state)
{
	static const struct {
		const char *json, *type; /* NULL: there is none */
	} cases[] = {
	    {"{\"type\":\"a\"}", "a"},
	    {" { \"x\" : [ {\"type\":\"b\"} , \"}\\\"{\" ] , \"type\" : \"a\" , \"y\":{} } ", "a"},
	    {"{\"type\":\"\"}", ""},
	    {"{\"a\":{\"type\":\"b\"}}", NULL},
	    {"{\"type\":\"a\",\"type\":\"b\"}", NULL}, /* which? */
	    {"{\"type\":\"a\\n\"}", NULL},
	    {"{\"type\":1}", NULL},
	    {"{\"typ\\u0065\":\"a\"}", NULL},
	    {"[\"type\",\"a\"]", NULL},
	    {"{\"type\":\"a\"", NULL},
	    {"{\"type\":\"a", NULL},
	    {"{\"type\"", NULL},
	    {"{type:\"a\"}", NULL},
	    {"{", NULL},
	    {"", NULL},
	    {"{\"x\":]}", NULL},
	};
	char deep[4 * FL_MEMBER_DEPTH_MAX];
	struct fl_str value;
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		bool is_there = fl_member_string(fl_str(cases[i].json), FL_STR("type"), &value);

		if (is_there != (cases[i].type != NULL) ||
		    (is_there && !fl_str_is(value, cases[i].type)))
			fail_msg("%s", cases[i].json);
	}
	assert_true(fl_member_number(FL_STR("{\"t\": 15 }"), FL_STR("t"), &number) && number == 15);
	assert_false(fl_member_number(FL_STR("{\"t\":1.5}"), FL_STR("t"), &number));
	assert_false(fl_member_number(FL_STR("{\"t\":\"1\"}"), FL_STR("t"), &number));
	for (unsigned n = FL_MEMBER_DEPTH_MAX; n <= FL_MEMBER_DEPTH_MAX + 1; n++) {
		const size_t at = 5;

		memcpy(deep, "{\"x\":", at);
		memset(deep + at, '[', n);
		memset(deep + at + n, ']', n);
		memcpy(deep + at + (size_t)2 * n, ",\"t\":1}", 8);
		assert_int_equal(fl_member_number(fl_str(deep), FL_STR("t"), &number),
		                 n <= FL_MEMBER_DEPTH_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("the recipes", test_recipes),
	    FL_CASE("encodings are strict", test_decode),
	    FL_CASE("forms as Twilio signs them", test_forms),
	    FL_CASE("members of a JSON object", test_members),
	};

	return cmocka_run_group_tests_name("auth texts", tests, NULL, NULL);
}
