/* tests/unit/route/test_build.c - which rules make a table, and what is said about the others
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "gateway/route/table.h"
#include "tests/unit/test.h"

#include <stdio.h>

#define GET (1u << FL_METHOD_GET)
#define HEAD (1u << FL_METHOD_HEAD)
#define POST (1u << FL_METHOD_POST)

static const int target;

static struct fl_route_rule rule(const char *host, const char *path, uint32_t methods)
{
	return (struct fl_route_rule){.name = FL_STR("it"),
	                              .at = {.file = "f.yaml", .line = 7, .column = 3},
	                              .host = fl_str(host),
	                              .path = fl_str(path),
	                              .methods = methods,
	                              .target = &target};
}

/* The only problem's code, or "" for none. */
static const char *code_of(const struct fl_route_rule *rules, size_t n)
{
	static struct fl_arena arena;
	struct fl_problems problems;
	struct fl_route_table *table;

	fl_arena_fini(&arena);
	fl_arena_init(&arena, 4096, 1 << 20);
	fl_problems_init(&problems, &arena);
	table = fl_route_table_build(rules, n, &problems);
	assert_int_equal(table == NULL, problems.errors > 0);
	table = fl_route_table_destroy(table);
	assert_null(table);
	if (!problems.first)
		return "";
	assert_int_equal(problems.errors, 1);
	assert_int_equal(problems.first->at.line, 7);
	assert_true(problems.first->hint.n > 0);
	return problems.first->code;
}

static void test_paths(void **state)
{
	static const struct {
		const char *path, *code;
	} cases[] = {
	    {"/", ""},
	    {"/**", ""},
	    {"/a/{id}/b/**", ""},
	    {"/a/", ""},
	    {"/{a}/{b}/{c}", ""},
	    {"/caf%C3%A9", ""},
	    {"/a:b@c;", "route_path_invalid"},
	    {"", "route_path_invalid"},
	    {"a", "route_path_invalid"},
	    {"//", "route_path_invalid"},
	    {"/a//b", "route_path_invalid"},
	    {"/a/./b", "route_path_invalid"},
	    {"/a/..", "route_path_invalid"},
	    {"/**/a", "route_path_invalid"},
	    {"/a*", "route_path_invalid"},
	    {"/a{b}", "route_path_invalid"},
	    {"/{b}c", "route_path_invalid"},
	    {"/%7Euser", "route_path_invalid"},
	    {"/%c3%a9", "route_path_invalid"},
	    {"/%C", "route_path_invalid"},
	    {"/\xc3\xa9", "route_path_invalid"},
	    {"/a?b", "route_path_invalid"},
	    {"/{}", "route_param_invalid"},
	    {"/{a b}", "route_param_invalid"},
	    {"/{a}/{a}", "route_param_repeated"},
	    {"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}", ""},
	    {"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/**",
	     "route_params_too_many"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_route_rule r = rule("", cases[i].path, GET);

		assert_string_equal(code_of(&r, 1), cases[i].code);
	}
}

static void test_long_paths(void **state)
{
	char path[2100];
	struct fl_route_rule r;

	(void)state;
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[2048] = '\0';
	r = rule("", path, GET);
	assert_string_equal(code_of(&r, 1), "");
	path[2048] = 'a';
	path[2049] = '\0';
	r = rule("", path, GET);
	assert_string_equal(code_of(&r, 1), "route_path_invalid");
	for (size_t i = 0; i < 2 * 64; i += 2)
		memcpy(path + i, "/x", 2);
	path[2 * 64] = '\0';
	r = rule("", path, GET);
	assert_string_equal(code_of(&r, 1), "");
	memcpy(path + 2 * 64, "/x", 3);
	r = rule("", path, GET);
	assert_string_equal(code_of(&r, 1), "route_path_invalid");
}

static void test_hosts(void **state)
{
	static const struct {
		const char *host, *code;
	} cases[] = {
	    {"", ""},
	    {"api.example.com", ""},
	    {"*.example.com", ""},
	    {"[2001:db8::1]", ""},
	    {"API.example.com", "route_host_invalid"},
	    {"api.example.com:80", "route_host_invalid"},
	    {"*", "route_host_invalid"},
	    {"*.", "route_host_invalid"},
	    {"a.*.com", "route_host_invalid"},
	    {".a", "route_host_invalid"},
	    {"a..b", "route_host_invalid"},
	    {"a.", "route_host_invalid"},
	    {"[::g]", "route_host_invalid"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_route_rule r = rule(cases[i].host, "/a", GET);

		assert_string_equal(code_of(&r, 1), cases[i].code);
	}
}

static void test_headers(void **state)
{
	struct fl_route_header_rule many[FL_ROUTE_HEADERS_MAX + 1];
	char names[FL_ROUTE_HEADERS_MAX + 1][4];
	struct fl_route_header_rule upper = {.name = FL_STR("X-A"), .is_present = true};
	struct fl_route_header_rule twice[] = {{.name = FL_STR("x-a"), .is_present = true},
	                                       {.name = FL_STR("x-a"), .value = FL_STR("1")}};
	struct fl_route_rule r = rule("", "/a", GET);

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(many); i++) {
		(void)snprintf(names[i], sizeof names[i], "x-%zu", i);
		many[i] =
		    (struct fl_route_header_rule){.name = fl_str(names[i]), .is_present = true};
	}
	r.headers = many;
	r.headers_n = FL_ROUTE_HEADERS_MAX;
	assert_string_equal(code_of(&r, 1), "");
	r.headers_n++;
	assert_string_equal(code_of(&r, 1), "route_headers_too_many");
	r.headers = &upper;
	r.headers_n = 1;
	assert_string_equal(code_of(&r, 1), "route_header_invalid");
	r.headers = twice;
	r.headers_n = 2;
	assert_string_equal(code_of(&r, 1), "route_header_invalid");
}

static void test_ambiguous(void **state)
{
	static const struct fl_route_header_rule one = {.name = FL_STR_INIT("x-a"),
	                                                .value = FL_STR_INIT("1")};
	static const struct fl_route_header_rule two = {.name = FL_STR_INIT("x-a"),
	                                                .value = FL_STR_INIT("2")};
	static const struct fl_route_header_rule any = {.name = FL_STR_INIT("x-a"),
	                                                .is_present = true};
	static const struct fl_route_header_rule other = {.name = FL_STR_INIT("x-b"),
	                                                  .value = FL_STR_INIT("1")};
	static const struct {
		const char *host_a, *path_a;
		uint32_t methods_a;
		const struct fl_route_header_rule *header_a;
		const char *host_b, *path_b;
		uint32_t methods_b;
		const struct fl_route_header_rule *header_b;
		bool is_ambiguous;
	} cases[] = {
	    {"", "/a", GET, NULL, "", "/a", GET, NULL, true},
	    {"", "/a", GET | POST, NULL, "", "/a", POST, NULL, true},
	    {"", "/a", GET, NULL, "", "/a", POST, NULL, false},
	    {"", "/a", GET, NULL, "", "/a", HEAD, NULL, false},
	    {"", "/{x}", GET, NULL, "", "/{y}", GET, NULL, true},
	    {"", "/{x}", GET, NULL, "", "/a", GET, NULL, false},
	    {"", "/{x}/b", GET, NULL, "", "/a/{y}", GET, NULL, false},
	    {"", "/a/**", GET, NULL, "", "/a", GET, NULL, false},
	    {"", "/a/**", GET, NULL, "", "/a/**", GET, NULL, true},
	    {"h.x", "/a", GET, NULL, "", "/a", GET, NULL, false},
	    {"h.x", "/a", GET, NULL, "*.x", "/a", GET, NULL, false},
	    {"*.x", "/a", GET, NULL, "*.x", "/a", GET, NULL, true},
	    {"", "/a", GET, &one, "", "/a", GET, NULL, false},
	    {"", "/a", GET, &one, "", "/a", GET, &two, false},
	    {"", "/a", GET, &one, "", "/a", GET, &one, true},
	    {"", "/a", GET, &one, "", "/a", GET, &any, true},
	    {"", "/a", GET, &one, "", "/a", GET, &other, true},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_route_rule r[] = {
		    rule(cases[i].host_a, cases[i].path_a, cases[i].methods_a),
		    rule(cases[i].host_b, cases[i].path_b, cases[i].methods_b)};

		r[0].headers = cases[i].header_a;
		r[0].headers_n = cases[i].header_a != NULL;
		r[1].headers = cases[i].header_b;
		r[1].headers_n = cases[i].header_b != NULL;
		assert_string_equal(code_of(r, 2), cases[i].is_ambiguous ? "route_ambiguous" : "");
	}
}

static void test_ambiguous_names_both(void **state)
{
	struct fl_route_rule r[] = {rule("", "/a", GET), rule("", "/a", GET)};
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_buf text;

	(void)state;
	r[0].name = FL_STR("first");
	r[1].name = FL_STR("se/cond~");
	fl_arena_init(&arena, 4096, 1 << 20);
	fl_problems_init(&problems, &arena);
	assert_null(fl_route_table_build(r, 2, &problems));
	fl_buf_init(&text, 4096);
	fl_buf_add(&text, problems.first->detail);
	assert_string_equal(fl_buf_cstr(&text), "route \"se/cond~\": matches the same requests as "
	                                        "route \"first\" (f.yaml:7)");
	assert_true(fl_str_is(problems.first->pointer, "/routes/se~1cond~0/match/path"));
	fl_buf_fini(&text);
	fl_arena_fini(&arena);
}

static void test_all_problems(void **state)
{
	struct fl_route_rule r[] = {rule("", "a", GET), rule("A", "/a", GET), rule("", "/{}", GET)};
	struct fl_arena arena;
	struct fl_problems problems;

	(void)state;
	fl_arena_init(&arena, 4096, 1 << 20);
	fl_problems_init(&problems, &arena);
	assert_null(fl_route_table_build(r, 3, &problems));
	assert_int_equal(problems.errors, 3);
	fl_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("path templates", test_paths),
	    FL_CASE("the limits of a template", test_long_paths),
	    FL_CASE("host patterns", test_hosts),
	    FL_CASE("header conditions", test_headers),
	    FL_CASE("two routes for the same requests are refused, and only those", test_ambiguous),
	    FL_CASE("the message names both routes and the place", test_ambiguous_names_both),
	    FL_CASE("all problems are told at once", test_all_problems),
	};

	return cmocka_run_group_tests_name("route build", tests, NULL, NULL);
}
