/* tests/unit/route/test_find.c - which route takes a request
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/route/table.h"
#include "tests/unit/route/oracle.h"
#include "tests/unit/test.h"

#include <stdio.h>

#define GET (1u << FL_METHOD_GET)
#define HEAD (1u << FL_METHOD_HEAD)
#define POST (1u << FL_METHOD_POST)

static struct fl_arena arena;

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, (size_t)256 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

static struct fl_route_table *build(struct fl_route_rule *rules, size_t n)
{
	struct fl_problems problems;
	struct fl_route_table *table;

	fl_problems_init(&problems, &arena);
	table = fl_route_table_build(rules, n, &problems);
	assert_non_null(table);
	return table;
}

static bool header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	const struct fl_str *pair = ctx;

	if (!pair || !fl_str_eq(pair[0], name))
		return false;
	*ret = pair[1];
	return true;
}

static struct fl_route_query query(enum fl_method method, const char *host, const char *path)
{
	return (struct fl_route_query){
	    .method = method, .host = fl_str(host), .path = fl_str(path), .header = header};
}

/* A small API; the target is the name. */
static const struct {
	const char *name, *host, *path;
	uint32_t methods;
} api[] = {
    {"root", "", "/", GET},
    {"orders", "", "/orders", GET | POST},
    {"order", "", "/orders/{id}", GET},
    {"order head", "", "/orders/{id}", HEAD},
    {"new order", "", "/orders/new", GET},
    {"order write", "", "/orders/{id}", POST},
    {"lines", "", "/orders/{id}/lines/{line}", GET},
    {"files", "", "/files/**", GET},
    {"file slash", "", "/files/", POST},
    {"host", "api.example.com", "/orders", GET},
    {"wild", "*.example.com", "/orders", GET},
    {"deep wild", "*.eu.example.com", "/orders", GET},
    {"deep files", "", "/files/{a}/x", GET},
};

static const struct {
	const char *method, *host, *path, *name, *params; /* "a=1 b=2 " */
} requests[] = {
    {"GET", "x", "/", "root", ""},
    {"GET", "x", "/orders", "orders", ""},
    {"POST", "x", "/orders", "orders", ""},
    {"HEAD", "x", "/orders", "orders", ""},
    {"PUT", "x", "/orders", "405", ""},
    {"GET", "x", "/orders/", "404", ""},
    {"GET", "x", "/orders/7", "order", "id=7 "},
    {"HEAD", "x", "/orders/7", "order head", "id=7 "},
    {"POST", "x", "/orders/7", "order write", "id=7 "},
    {"GET", "x", "/orders/new", "new order", ""},
    {"POST", "x", "/orders/new", "order write", "id=new "}, /* the literal one takes no POST */
    {"DELETE", "x", "/orders/new", "405", ""},
    {"GET", "x", "/orders/7/lines/%2B", "lines", "id=7 line=%2B "},
    {"GET", "x", "/orders/7/lines/", "404", ""},
    {"GET", "x", "/files", "files", "**= "},
    {"GET", "x", "/files/", "files", "**= "},
    {"POST", "x", "/files/", "file slash", ""},
    {"GET", "x", "/files/a/b/c", "files", "**=a/b/c "},
    {"GET", "x", "/files/a/x", "deep files", "a=a "},
    {"GET", "x", "/files/a/y", "files", "**=a/y "},
    {"GET", "x", "/nowhere", "404", ""},
    {"GET", "", "/orders", "orders", ""},
    {"GET", "api.example.com", "/orders", "host", ""},
    {"POST", "api.example.com", "/orders", "orders", ""}, /* the host's route takes no POST */
    {"GET", "api.example.com", "/orders/7", "order", "id=7 "},
    {"GET", "www.example.com", "/orders", "wild", ""},
    {"GET", "a.b.example.com", "/orders", "wild", ""},
    {"GET", "a.eu.example.com", "/orders", "deep wild", ""},
    {"GET", "eu.example.com", "/orders", "wild", ""},
    {"GET", "example.com", "/orders", "orders", ""},
    {"GET", ".example.com", "/orders", "orders", ""}, /* no host, and no key of the table */
};

static void check_params(const struct fl_route_match *match, const char *expected)
{
	char text[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < match->params_n; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%.*s=%.*s ",
		                      FL_STR_ARGS(match->params[i].name),
		                      FL_STR_ARGS(match->params[i].value));
	assert_string_equal(text, expected);
}

static void test_api(void **state)
{
	struct fl_route_rule rules[FL_ARRAY_LEN(api)];
	struct fl_route_table *table;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(api); i++)
		rules[i] = (struct fl_route_rule){.name = fl_str(api[i].name),
		                                  .host = fl_str(api[i].host),
		                                  .path = fl_str(api[i].path),
		                                  .methods = api[i].methods,
		                                  .target = api[i].name};
	table = build(rules, FL_ARRAY_LEN(api));
	for (size_t i = 0; i < FL_ARRAY_LEN(requests); i++) {
		struct fl_route_query q = query(fl_method_parse(fl_str(requests[i].method)),
		                                requests[i].host, requests[i].path);
		struct fl_route_match match;
		int rc = fl_route_table_find(table, &q, &match);
		const char *got = rc == FL_ROUTE_NONE     ? "404"
		                  : rc == FL_ROUTE_METHOD ? "405"
		                                          : (const char *)match.target;

		assert_string_equal(got, requests[i].name);
		check_params(&match, requests[i].params);
	}
	table = fl_route_table_destroy(table);
}

static void test_allowed(void **state)
{
	struct fl_route_rule rules[] = {
	    {.name = FL_STR("a"), .path = FL_STR("/a"), .methods = GET, .target = "a"},
	    {.name = FL_STR("b"), .path = FL_STR("/{x}"), .methods = POST, .target = "b"},
	};
	struct fl_route_table *table = build(rules, 2);
	struct fl_route_query q = query(FL_METHOD_PUT, "", "/a");
	struct fl_route_match match;

	(void)state;
	assert_int_equal(fl_route_table_find(table, &q, &match), FL_ROUTE_METHOD);
	assert_int_equal(match.allowed_methods, GET | POST);
	assert_null(match.target);
	table = fl_route_table_destroy(table);
}

static void test_headers(void **state)
{
	static const struct fl_route_header_rule one = {.name = FL_STR_INIT("x-a"),
	                                                .value = FL_STR_INIT("1")};
	static const struct fl_route_header_rule two = {.name = FL_STR_INIT("x-a"),
	                                                .value = FL_STR_INIT("2")};
	struct fl_route_rule rules[] = {
	    {.name = FL_STR("none"), .path = FL_STR("/a"), .methods = GET, .target = "none"},
	    {.name = FL_STR("one"),
	     .path = FL_STR("/a"),
	     .methods = GET,
	     .headers = &one,
	     .headers_n = 1,
	     .target = "one"},
	    {.name = FL_STR("two"),
	     .path = FL_STR("/a"),
	     .methods = POST,
	     .headers = &two,
	     .headers_n = 1,
	     .target = "two"},
	};
	static const struct {
		struct fl_str pair[2];
		enum fl_method method;
		int rc;
		const char *name;
	} cases[] = {
	    {{FL_STR_INIT("x-b"), FL_STR_INIT("1")}, FL_METHOD_GET, FL_ROUTE_FOUND, "none"},
	    {{FL_STR_INIT("x-a"), FL_STR_INIT("1")}, FL_METHOD_GET, FL_ROUTE_FOUND, "one"},
	    {{FL_STR_INIT("x-a"), FL_STR_INIT("2")}, FL_METHOD_GET, FL_ROUTE_FOUND, "none"},
	    {{FL_STR_INIT("x-a"), FL_STR_INIT("2")}, FL_METHOD_POST, FL_ROUTE_FOUND, "two"},
	    {{FL_STR_INIT("x-a"), FL_STR_INIT("1")}, FL_METHOD_HEAD, FL_ROUTE_FOUND, "one"},
	    {{FL_STR_INIT("x-a"), FL_STR_INIT("3")}, FL_METHOD_POST, FL_ROUTE_METHOD, NULL},
	};
	struct fl_route_table *table = build(rules, 3);

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_route_query q = query(cases[i].method, "", "/a");
		struct fl_route_match match;

		q.ctx = cases[i].pair;
		assert_int_equal(fl_route_table_find(table, &q, &match), cases[i].rc);
		if (cases[i].name)
			assert_string_equal((const char *)match.target, cases[i].name);
	}
	table = fl_route_table_destroy(table);
}

/* ---- against the oracle ---- */

static uint32_t random_state = 20261125;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

#define PIECE(array) array[random_below(FL_ARRAY_LEN(array))]

static void random_path(char *out, size_t size, bool is_template)
{
	static const char *const in_templates[] = {"a", "b", "c", "{x}"};
	static const char *const in_paths[] = {"a", "b", "c", "d"};
	size_t n = 0, segments = 1 + random_below(5);

	for (size_t i = 0; i < segments; i++) {
		const char *piece = is_template ? PIECE(in_templates) : PIECE(in_paths);

		if (piece[0] == '{')
			n += (size_t)snprintf(out + n, size - n, "/{p%zu}", i);
		else
			n += (size_t)snprintf(out + n, size - n, "/%s", piece);
	}
	if (random_below(4) == 0)
		(void)snprintf(out + n, size - n, is_template && random_below(2) ? "/**" : "/");
}

#define RULES 60u
#define PATHS 400u

static void test_against_oracle(void **state)
{
	static const char *const hosts[] = {"", "", "a.x", "*.x", "*.a.x"};
	static const char *const asked[] = {"", "a.x", "b.x", "b.a.x", "y"};
	static char templates[RULES][64], path[64];
	unsigned found = 0;

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		struct fl_route_rule rules[RULES];
		struct fl_route_table *table;
		size_t n = 0;

		for (size_t i = 0; i < RULES; i++) { /* only what makes a table */
			struct fl_problems problems;

			random_path(templates[n], sizeof templates[n], true);
			rules[n] =
			    (struct fl_route_rule){.name = FL_STR("r"),
			                           .host = fl_str(PIECE(hosts)),
			                           .path = fl_str(templates[n]),
			                           .methods = 1u + random_below(FL_METHODS_ALL),
			                           .target = &rules[n]};
			fl_problems_init(&problems, &arena);
			table = fl_route_table_build(rules, n + 1, &problems);
			n += table != NULL;
			table = fl_route_table_destroy(table);
		}
		table = build(rules, n);
		for (unsigned k = 0; k < PATHS; k++) {
			struct fl_route_query q =
			    query((enum fl_method)random_below(FL_METHOD_N), PIECE(asked), path);
			struct fl_route_match match;
			const struct fl_route_rule *best;
			bool is_known = false;

			random_path(path, sizeof path, false);
			q.path = fl_str(path);
			best = oracle_find(rules, n, &q);
			for (size_t i = 0; i < n; i++)
				is_known |= oracle_matches(&rules[i], &q);
			assert_int_equal(fl_route_table_find(table, &q, &match),
			                 best       ? FL_ROUTE_FOUND
			                 : is_known ? FL_ROUTE_METHOD
			                            : FL_ROUTE_NONE);
			assert_ptr_equal(match.target, best);
			found += best != NULL;
		}
		table = fl_route_table_destroy(table);
	}
	assert_true(found > 1000);
}

/* ---- size ---- */

static void test_many(void **state)
{
	enum { N = 10000 };
	struct fl_route_rule *rules = fl_arena_array(&arena, N, sizeof *rules);
	struct fl_route_table *table;

	(void)state;
	assert_non_null(rules);
	for (size_t i = 0; i < N; i++)
		rules[i] =
		    (struct fl_route_rule){.name = FL_STR("r"),
		                           .path = fl_arena_printf(&arena, "/v1/r%zu/{id}", i),
		                           .methods = GET,
		                           .target = &rules[i]};
	table = build(rules, N);
	for (size_t i = 0; i < N; i++) {
		char path[64];
		struct fl_route_query q = query(FL_METHOD_GET, "", path);
		struct fl_route_match match;

		(void)snprintf(path, sizeof path, "/v1/r%zu/42", i);
		q.path = fl_str(path);
		assert_int_equal(fl_route_table_find(table, &q, &match), FL_ROUTE_FOUND);
		assert_ptr_equal(match.target, &rules[i]);
	}
	table = fl_route_table_destroy(table);
}

static size_t header_asks;

static bool absent_header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	(void)ctx;
	(void)name;
	(void)ret;
	header_asks++;
	return false;
}

/* Every template of DEPTH segments, each "a" or a parameter, then "x", or "**" at the end; and a
 * path that all of them match until the last condition fails. Each route is looked at once: the
 * cost of going back is bounded by the number of routes that begin alike. */
static void test_going_back(void **state)
{
	enum { DEPTH = 10, N = 2 << DEPTH };
	struct fl_route_rule *rules = fl_arena_array(&arena, N, sizeof *rules);
	const struct fl_route_header_rule condition = {.name = FL_STR("x-absent"),
	                                               .is_present = true};
	struct fl_route_query q = query(FL_METHOD_GET, "", "/a/a/a/a/a/a/a/a/a/a/x");
	struct fl_route_table *table;
	struct fl_route_match match;

	(void)state;
	assert_non_null(rules);
	for (unsigned i = 0; i < N; i++) {
		struct fl_str path = FL_STR("");

		for (unsigned d = 0; d < DEPTH; d++)
			path = i >> d & 1
			           ? fl_arena_printf(&arena, "%.*s/{p%u}", FL_STR_ARGS(path), d)
			           : fl_arena_printf(&arena, "%.*s/a", FL_STR_ARGS(path));
		path =
		    fl_arena_printf(&arena, "%.*s/%s", FL_STR_ARGS(path), i >> DEPTH ? "**" : "x");
		rules[i] = (struct fl_route_rule){.name = path,
		                                  .path = path,
		                                  .methods = GET,
		                                  .headers = &condition,
		                                  .headers_n = 1,
		                                  .target = &rules[i]};
	}
	table = build(rules, N);
	q.header = absent_header;
	header_asks = 0;
	assert_int_equal(fl_route_table_find(table, &q, &match), FL_ROUTE_NONE);
	assert_int_equal(header_asks, N);
	header_asks = 0;
	q.path = FL_STR("/a/a/a/a/a/a/a/a/a/b/x"); /* the last segment can only be a parameter */
	assert_int_equal(fl_route_table_find(table, &q, &match), FL_ROUTE_NONE);
	assert_int_equal(header_asks, N / 2);
	table = fl_route_table_destroy(table);
}

static void test_methods(void **state)
{
	(void)state;
	for (unsigned m = 0; m < FL_METHOD_N; m++)
		assert_int_equal(fl_method_parse(fl_str(fl_method_name((enum fl_method)m))), m);
	assert_int_equal(fl_method_parse(FL_STR("get")), FL_METHOD_N);
	assert_int_equal(fl_method_parse(FL_STR("TRACE")), FL_METHOD_N);
	assert_int_equal(fl_method_parse(FL_STR_NULL), FL_METHOD_N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE_SETUP("the most specific route takes the request", test_api, setup, teardown),
	    FL_CASE_SETUP("405 names the methods of all routes of the path", test_allowed, setup,
	                  teardown),
	    FL_CASE_SETUP("header conditions", test_headers, setup, teardown),
	    FL_CASE_SETUP("random tables agree with the rules tried one by one",
	                  test_against_oracle, setup, teardown),
	    FL_CASE_SETUP("going back looks at no route twice", test_going_back, setup, teardown),
	    FL_CASE_SETUP("10,000 templates are all found", test_many, setup, teardown),
	    FL_CASE("methods by name", test_methods),
	};

	return cmocka_run_group_tests_name("route find", tests, NULL, NULL);
}
