/* tests/unit/authorize/test_redact.c - takes members out of a JSON text
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "gateway/authorize/redact.h"

static struct fl_arena arena;

static int set_up(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 1u << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

/* Pointers with a blank between. */
static struct fl_str redact(const char *json, const char *pointers)
{
	struct fl_str list[8], rest = fl_str(pointers), result = FL_STR_NULL;
	size_t n = 0;

	while (rest.n > 0)
		list[n++] = fl_str_split(rest, ' ', &rest);
	/* In memory of its own length, for the address sanitizer. */
	char *text = malloc(strlen(json) + 1);

	assert_non_null(text);
	memcpy(text, json, strlen(json));
	if (fl_redact(fl_str_n(text, strlen(json)), list, n, &arena, &result))
		result = fl_arena_str(&arena, result);
	free(text);
	return result;
}

static void members_are_gone_and_the_rest_stands(void **state)
{
	static const struct {
		const char *json, *pointers, *expected;
	} rows[] = {
	    {"{\"a\":1,\"b\":2}", "/a", "{\"b\":2}"},
	    {"{\"a\":1,\"b\":2}", "/b", "{\"a\":1}"},
	    {"{\"a\":1,\"b\":2}", "/a /b", "{}"},
	    {"{\"a\":1,\"b\":2}", "/c /a/x /b/0", "{\"a\":1,\"b\":2}"},
	    {" {\"a\" : {\"b\": 1.0e5 , \"c\":[1, 2]}, \"d\":null} ", "/a/b",
	     "{\"a\" : {\"c\":[1, 2]},\"d\":null}"},
	    {"{\"a\":{\"b\":1,\"c\":2}}", "/a /a/b", "{}"},
	    {"{\"a\":{\"b\":1,\"c\":2}}", "/a/b /a/c", "{\"a\":{}}"},
	    {"[1,{\"a\":1},3]", "/1/a /2", "[1,{}]"},
	    {"[0,1,2,3,4,5,6,7,8,9,10,11]", "/10 /01 /-", "[0,1,2,3,4,5,6,7,8,9,11]"},
	    {"{\"a/b\":1,\"m~n\":2,\"~1\":3}", "/a~1b /m~0n /~01", "{}"},
	    {"{\"\":{\"\":1,\"x\":2}}", "//", "{\"\":{\"x\":2}}"},
	    {"{\"\\u0073sn\":1,\"x\":\"\\u0073\"}", "/ssn", "{\"x\":\"\\u0073\"}"},
	    {"{\"a\":1,\"ab\":2,\"A\":3}", "/a", "{\"ab\":2,\"A\":3}"},
	    {"\"text\"", "/a", "\"text\""},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_str result = redact(rows[i].json, rows[i].pointers);

		if (!fl_str_is(result, rows[i].expected))
			fail_msg("%s without %s is \"%.*s\"", rows[i].json, rows[i].pointers,
			         FL_STR_ARGS(result));
	}
}

static void what_readers_could_differ_on_is_not_redacted(void **state)
{
	static const char *const texts[] = {
	    "",
	    "{",
	    "{\"a\":1} x",
	    "{\"a\":1,}",
	    "{'a':1}",
	    "{\"a\":1,\"a\":2}",
	    "{\"a\":1,\"\\u0061\":2}",
	    "{\"a\":\"\xff\"}",
	    "\xef\xbb\xbf{\"a\":1}",
	    "{\"a\":01}",
	    "{\"a\":NaN}",
	    "{\"a\":1}{\"a\":2}",
	    "/**/{\"a\":1}",
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(texts); i++)
		if (redact(texts[i], "/a").p)
			fail_msg("%s was redacted", texts[i]);
}

static void levels_are_limited(void **state)
{
	char text[300];

	(void)state;
	for (size_t depth = 126; depth <= 129; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		text[2 * depth] = '\0';
		assert_true((redact(text, "/0/0").p != NULL) == (depth < 128));
	}
}

static void a_full_arena_redacts_nothing(void **state)
{
	static const struct fl_str pointers[] = {FL_STR_INIT("/a/b"), FL_STR_INIT("/a/c")};
	struct fl_str json = FL_STR("{\"a\":{\"b\":1,\"c\":[1,2,3]},\"d\":5}"), result;
	struct fl_arena small;
	bool is_done = false;

	(void)state;
	for (size_t bytes = 0; bytes < 4096; bytes += 16) {
		fl_arena_init(&small, 16, bytes);
		is_done = fl_redact(json, pointers, 2, &small, &result);
		if (is_done)
			assert_true(fl_str_is(result, "{\"a\":{},\"d\":5}"));
		fl_arena_fini(&small);
	}
	assert_true(is_done);
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("members are gone and the rest stands", members_are_gone_and_the_rest_stands),
	    CASE("what readers could differ on is not redacted",
	         what_readers_could_differ_on_is_not_redacted),
	    CASE("levels are limited", levels_are_limited),
	    CASE("a full arena redacts nothing", a_full_arena_redacts_nothing),
	};

	return cmocka_run_group_tests_name("authorize/redact", cases, NULL, NULL);
}
