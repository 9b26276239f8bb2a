/* tests/unit/pipeline/test_problem.c - problem documents, byte by byte
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <jansson.h>

#include "gateway/pipeline/problem.h"

static const struct fl_problem_type sample = {
    .code = "sample_code",
    .title = "A \"title\"",
    .detail = "Line\nwith \\ and \x01.",
    .status = 409,
};

static void test_bytes(void **state)
{
	struct fl_arena arena;

	(void)state;
	fl_arena_init(&arena, 4096, 4096);
	assert_true(fl_str_is(fl_problem_json(&arena, &sample, FL_STR("id-1"), FL_STR_NULL),
	                      "{\"type\":\"urn:fairlead:problem:sample_code\","
	                      "\"title\":\"A \\\"title\\\"\",\"status\":409,"
	                      "\"detail\":\"Line\\nwith \\\\ and \\u0001.\","
	                      "\"request_id\":\"id-1\"}\n"));
	assert_true(fl_str_is(fl_problem_json(&arena, &sample, FL_STR_NULL, FL_STR_NULL),
	                      "{\"type\":\"urn:fairlead:problem:sample_code\","
	                      "\"title\":\"A \\\"title\\\"\",\"status\":409,"
	                      "\"detail\":\"Line\\nwith \\\\ and \\u0001.\"}\n"));
	assert_true(fl_str_is(fl_problem_json(&arena, &sample, FL_STR("i"), FL_STR(",\"a\":[1]")),
	                      "{\"type\":\"urn:fairlead:problem:sample_code\","
	                      "\"title\":\"A \\\"title\\\"\",\"status\":409,"
	                      "\"detail\":\"Line\\nwith \\\\ and \\u0001.\","
	                      "\"request_id\":\"i\",\"a\":[1]}\n"));
	fl_arena_fini(&arena);
}

static void test_memory(void **state)
{
	struct fl_arena arena;

	(void)state;
	fl_arena_init(&arena, 64, 64);
	assert_null(fl_problem_json(&arena, &sample, FL_STR_NULL, FL_STR_NULL).p);
	fl_arena_fini(&arena);
}

static bool is_code(const char *code)
{
	return *code && strspn(code, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(code);
}

static void test_table(void **state)
{
	(void)state;
	for (unsigned id = 0; id < FL_PROBLEMS; id++) {
		const struct fl_problem_type *type = fl_problem_type((enum fl_problem_id)id);
		struct fl_arena arena;
		struct fl_str text;
		json_t *json;

		assert_non_null(type->code);
		assert_true(is_code(type->code));
		assert_in_range(type->status, 400, 599);
		for (unsigned other = 0; other < id; other++)
			assert_string_not_equal(type->code,
			                        fl_problem_type((enum fl_problem_id)other)->code);
		fl_arena_init(&arena, 8192, 8192);
		text = fl_problem_json(&arena, type, FL_STR("x"), FL_STR_NULL);
		json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(json);
		assert_string_equal(json_string_value(json_object_get(json, "detail")),
		                    type->detail);
		assert_int_equal(json_integer_value(json_object_get(json, "status")), type->status);
		json_decref(json);
		fl_arena_fini(&arena);
	}
}

static void test_titles(void **state)
{
	(void)state;
	assert_string_equal(fl_problem_title(413), "Body too large");
	assert_string_equal(fl_problem_title(418), "Request refused");
	assert_string_equal(fl_problem_title(599), "Request failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("a document has its members in order, escaped", test_bytes),
	    FL_CASE("a full arena gives no document", test_memory),
	    FL_CASE("each problem of the table has a code of its own and reads back", test_table),
	    FL_CASE("a status without a row has a title all the same", test_titles),
	};

	return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
