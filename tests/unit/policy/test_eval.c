/* tests/unit/policy/test_eval.c - what expressions evaluate to
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "policy/cedar.h"
#include "tests/unit/policy/naive.h"

/* So many that few are searched for in it. */
#define MANY "[23, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]"

static struct fl_arena arena;
static struct fl_problems problems;
static struct fl_cedar_entities *entities;
static struct fl_cedar_uid ann, view, doc;

static const char store[] =
    "[{\"uid\":{\"type\":\"U\",\"id\":\"ann\"},\"parents\":[{\"type\":\"G\",\"id\":\"a\"},"
    "{\"type\":\"G\",\"id\":\"absent\"}],"
    "\"attrs\":{\"age\":7,\"name\":\"Ann\",\"best\":{\"__entity\":{\"type\":\"U\",\"id\":\"bob\"}},"
    "\"gone\":{\"__entity\":{\"type\":\"U\",\"id\":\"gone\"}},\"r\":{\"x\":{\"y\":1}},"
    "\"ip\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"10.1.2.3\"}}},\"tags\":{\"t\":[1,2]}},"
    "{\"uid\":{\"type\":\"U\",\"id\":\"bob\"},\"parents\":[],\"attrs\":{}},"
    "{\"uid\":{\"type\":\"G\",\"id\":\"a\"},\"parents\":[{\"type\":\"G\",\"id\":\"b\"}],"
    "\"attrs\":{}},"
    "{\"uid\":{\"type\":\"G\",\"id\":\"b\"},\"parents\":[],\"attrs\":{}}]";

static int setup(void **state)
{
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	entities = fl_cedar_entities_create(1 << 20);
	ann = fl_cedar_uid(FL_STR("U"), FL_STR("ann"));
	view = fl_cedar_uid(FL_STR("Action"), FL_STR("view"));
	doc = fl_cedar_uid(FL_STR("Doc"), FL_STR("1"));
	return fl_cedar_entities_read(entities, fl_str(store), NULL, NULL, &problems) != 0 ||
	       fl_cedar_entities_finish(entities, &err) != 0;
}

static int teardown(void **state)
{
	(void)state;
	entities = fl_cedar_entities_destroy(entities);
	fl_arena_fini(&arena);
	return 0;
}

#define TYPE "!type"
#define ENTITY "!entity"
#define ATTR "!attr"
#define TAG "!tag"
#define OVERFLOWS "!overflow"
#define EXTENSION "!extension"

static const char *const faults[] = {
    [FL_CEDAR_FAULT_NONE] = "",
    [FL_CEDAR_FAULT_TYPE] = TYPE,
    [FL_CEDAR_FAULT_NO_ENTITY] = ENTITY,
    [FL_CEDAR_FAULT_NO_ATTR] = ATTR,
    [FL_CEDAR_FAULT_NO_TAG] = TAG,
    [FL_CEDAR_FAULT_OVERFLOW] = OVERFLOWS,
    [FL_CEDAR_FAULT_EXTENSION] = EXTENSION,
    [FL_CEDAR_FAULT_MEMORY] = "!memory",
};

static const struct row {
	const char *text, *value; /* printed, or the fault */
} rows[] = {
    /* logic */
    {"true && false", "false"},
    {"false && 1", "false"},
    {"true && 1", TYPE},
    {"1 && true", TYPE},
    {"true && true && 1", TYPE},
    {"true || 1", "true"},
    {"false || 1", TYPE},
    {"principal.nope || true", ATTR},
    {"!1", TYPE},
    {"!true", "false"},
    {"if true then 1 else principal.nope", "1"},
    {"if 1 then 1 else 2", TYPE},
    {"if false then principal.nope else \"x\"", "\"x\""},
    /* equality is total */
    {"1 == \"1\"", "false"},
    {"1 != true", "true"},
    {"[1, 2, 2] == [2, 1]", "true"},
    {"[1, [2]] == [[2], 1, 1]", "true"},
    {"{a: 1, b: 2} == {b: 2, a: 1}", "true"},
    {"{a: 1} == {a: 1, b: 2}", "false"},
    {"U::\"ann\" == principal", "true"},
    {"V::\"ann\" == principal", "false"},
    {"decimal(\"1.0\") == decimal(\"1.0000\")", "true"},
    {"ip(\"10.0.0.1/8\") == ip(\"10.0.0.0/8\")", "false"},
    {"ip(\"1.2.3.4\") == ip(\"1.2.3.4/32\")", "true"},
    {"[] == {}", "false"},
    /* order and arithmetic */
    {"1 < 2", "true"},
    {"2 <= 2", "true"},
    {"1 > 2", "false"},
    {"2 >= 3", "false"},
    {"1 < \"2\"", TYPE},
    {"\"1\" < 2", TYPE},
    {"decimal(\"1.0\") < decimal(\"2.0\")", TYPE},
    {"duration(\"1s\") < duration(\"1m\")", "true"},
    {"datetime(\"2024-01-01\") > datetime(\"2023-12-31T23:59:59Z\")", "true"},
    {"datetime(\"2024-01-01\") > duration(\"1s\")", TYPE},
    {"9223372036854775807 + 1", OVERFLOWS},
    {"-9223372036854775808 - 1", OVERFLOWS},
    {"4611686018427387904 * 2", OVERFLOWS},
    {"--9223372036854775808", OVERFLOWS},
    {"-(1) + 2 * 3 - 4", "1"},
    {"1 + true", TYPE},
    {"duration(\"1s\") + duration(\"1s\")", TYPE},
    {"-\"a\"", TYPE},
    /* hierarchy */
    {"principal in U::\"ann\"", "true"},
    {"principal in G::\"a\"", "true"},
    {"principal in G::\"b\"", "true"},
    {"principal in G::\"absent\"", "true"},
    {"principal in G::\"c\"", "false"},
    {"U::\"gone\" in U::\"gone\"", "true"},
    {"U::\"gone\" in G::\"a\"", "false"},
    {"principal in []", "false"},
    {"principal in [G::\"c\", G::\"b\"]", "true"},
    {"principal in [G::\"b\", 1]", TYPE},
    {"principal in [G::\"b\", [G::\"b\"]]", TYPE},
    {"principal in 1", TYPE},
    {"1 in principal", TYPE},
    {"1 in []", TYPE},
    {"principal is U", "true"},
    {"principal is G", "false"},
    {"1 is U", TYPE},
    {"principal is U in G::\"b\"", "true"},
    {"principal is G in 1", "false"},
    {"principal is U in 1", TYPE},
    /* attributes and tags */
    {"principal.age", "7"},
    {"principal[\"age\"]", "7"},
    {"principal.nope", ATTR},
    {"principal.gone.x", ENTITY},
    {"resource.x", ENTITY},
    {"principal.age.x", TYPE},
    {"principal.r.x.y", "1"},
    {"principal.r.nope", ATTR},
    {"context.n", "5"},
    {"principal has age", "true"},
    {"principal has nope", "false"},
    {"resource has x", "false"},
    {"principal has r.x.y", "true"},
    {"principal has r.z.y", "false"},
    {"principal has age.x", TYPE},
    {"principal has gone.x.y", "false"},
    {"1 has a", TYPE},
    {"{} has \"\"", "false"},
    {"{\"\": 1} has \"\"", "true"},
    {"{\"a\\0b\": 1}[\"a\\0b\"]", "1"},
    {"principal.hasTag(\"t\")", "true"},
    {"principal.hasTag(\"u\")", "false"},
    {"resource.hasTag(\"t\")", "false"},
    {"principal.getTag(\"t\")", "[1, 2]"},
    {"principal.getTag(\"u\")", TAG},
    {"resource.getTag(\"t\")", ENTITY},
    {"principal.hasTag(1)", TYPE},
    {"1.hasTag(\"t\")", TYPE},
    /* sets */
    {"[1, 2].contains(2)", "true"},
    {"[1, 2].contains([2])", "false"},
    {"[1, \"a\", [2]].contains([2, 2])", "true"},
    {"1.contains(1)", TYPE},
    {"[1, 2].containsAll([])", "true"},
    {"[1, 2].containsAll([2, 1, 1])", "true"},
    {"[1, 2].containsAll([1, 3])", "false"},
    {"[1].containsAny([])", "false"},
    {"[1, 2].containsAny([3, 2])", "true"},
    {"[1].containsAny([3])", "false"},
    {MANY ".containsAll([7, 1])", "true"},
    {MANY ".containsAll([23, 8])", "false"},
    {MANY ".containsAny([9, 22])", "true"},
    {MANY ".containsAny([0, 24])", "false"},
    {"[1].containsAll(1)", TYPE},
    {"1.containsAny([1])", TYPE},
    {"[].isEmpty()", "true"},
    {"[1].isEmpty()", "false"},
    {"1.isEmpty()", TYPE},
    {"[principal.age, 7, context.n].containsAll([5])", "true"},
    /* like */
    {"\"abc\" like \"abc\"", "true"},
    {"\"abc\" like \"a*c\"", "true"},
    {"\"ac\" like \"a*c\"", "true"},
    {"\"aa\" like \"aa*a\"", "false"},
    {"\"abcabc\" like \"*b*b*\"", "true"},
    {"\"abc\" like \"*b*b*\"", "false"},
    {"\"\" like \"\"", "true"},
    {"\"\" like \"*\"", "true"},
    {"\"\" like \"**\"", "true"},
    {"\"a\" like \"\"", "false"},
    {"\"a*b\" like \"a\\*b\"", "true"},
    {"\"axb\" like \"a\\*b\"", "false"},
    {"\"axb\" like \"a\\u{2a}b\"", "true"},
    {"\"a\\0b\" like \"*\\0b\"", "true"},
    {"1 like \"*\"", TYPE},
    /* extensions */
    {"decimal()", EXTENSION},
    {"decimal(1)", EXTENSION},
    {"decimal(\"1\")", EXTENSION},
    {"ip(\"1.1.1.1\", \"2.2.2.2\")", EXTENSION},
    {"decimal(\"-1.5\").lessThan(decimal(\"0.0\"))", "true"},
    {"decimal(\"1.0\").lessThanOrEqual(decimal(\"1.0\"))", "true"},
    {"decimal(\"1.0\").greaterThan(decimal(\"1.0\"))", "false"},
    {"decimal(\"1.0\").greaterThanOrEqual(decimal(\"1.1\"))", "false"},
    {"decimal(\"1.0\").lessThan(1)", EXTENSION},
    {"1.lessThan()", EXTENSION},
    {"1.lessThan(1, 2, 3)", EXTENSION},
    {"principal.ip.isInRange(ip(\"10.0.0.0/8\"))", "true"},
    {"principal.ip.isInRange(ip(\"11.0.0.0/8\"))", "false"},
    {"ip(\"10.0.0.0/7\").isInRange(ip(\"10.0.0.0/8\"))", "false"},
    {"ip(\"1.1.1.1\").isInRange(ip(\"::/0\"))", "false"},
    {"ip(\"127.0.0.1\").isLoopback()", "true"},
    {"ip(\"127.0.0.1/7\").isLoopback()", "false"},
    {"ip(\"::1\").isLoopback()", "true"},
    {"ip(\"::1/127\").isLoopback()", "false"},
    {"ip(\"224.0.0.1\").isMulticast()", "true"},
    {"ip(\"239.255.0.0/3\").isMulticast()", "false"},
    {"ip(\"ff02::1\").isMulticast()", "true"},
    {"ip(\"::1\").isIpv4()", "false"},
    {"ip(\"::1\").isIpv6()", "true"},
    {"1.isIpv4()", EXTENSION},
    {"duration(\"-90061001ms\").toDays()", "-1"},
    {"duration(\"-90061001ms\").toHours()", "-25"},
    {"duration(\"-90061001ms\").toMinutes()", "-1501"},
    {"duration(\"-90061001ms\").toSeconds()", "-90061"},
    {"duration(\"1d2h3m4s5ms\").toMilliseconds()", "93784005"},
    {"datetime(\"1969-12-31T23:00:00Z\").toDate()", "datetime(\"1969-12-31T00:00:00.000Z\")"},
    {"datetime(\"1969-12-31T23:00:00Z\").toTime()", "duration(\"82800000ms\")"},
    {"datetime(\"2024-02-29\").offset(duration(\"1d\"))", "datetime(\"2024-03-01T00:00:00.000Z\")"},
    {"datetime(\"2024-01-01\").offset(duration(\"9223372036854775807ms\"))", EXTENSION},
    {"datetime(\"2024-01-02\").durationSince(datetime(\"2024-01-01\"))",
     "duration(\"86400000ms\")"},
    {"datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\")).toDate()", EXTENSION},
    {"datetime(\"9999-12-31\").offset(duration(\"1d\"))",
     "datetime(\"1970-01-01\").offset(duration(\"253402300800000ms\"))"},
    {"decimal(\"-0.5\")", "decimal(\"-0.5\")"},
    {"ip(\"1:0:0:2:0:0:0:3/64\")", "ip(\"1:0:0:2::3/64\")"},
    {"ip(\"::\")", "ip(\"::\")"},
    {"ip(\"1::\")", "ip(\"1::\")"},
    {"ip(\"10.0.0.1/8\")", "ip(\"10.0.0.1/8\")"},
};

static void test_rows(void **state)
{
	struct fl_cedar_field fields[] = {{fl_cedar_name(FL_STR("n")), fl_cedar_long(5)}};
	struct fl_cedar_request request = {
	    .principal = &ann, .action = &view, .resource = &doc, .entities = entities};
	struct fl_cedar_eval ev;
	struct fl_cedar_expr *x;
	struct fl_cedar_value v, naive;
	struct fl_buf out;

	(void)state;
	fl_buf_init(&out, 1 << 16);
	assert_int_equal(fl_cedar_record_make(fields, 1, &request.context, NULL), 0);
	fl_cedar_eval_init(&ev, &request, &arena);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		fl_buf_clear(&out);
		assert_int_equal(
		    fl_cedar_parse_expr(&arena, fl_str(rows[i].text), NULL, &x, &problems), 0);
		bool has_value = naive_eval(&request, x, &arena, &naive);

		if (fl_cedar_eval(&ev, x, &v)) {
			assert_true(has_value && naive_eq(v, naive));
			fl_cedar_value_print(&out, v);
		} else {
			assert_false(has_value);
			fl_buf_add_c(&out, faults[ev.fault.kind]);
			assert_non_null(ev.fault.at);
		}
		if (!fl_str_is(fl_buf_str(&out), rows[i].value))
			fail_msg("%s gave %s, not %s", rows[i].text, fl_buf_cstr(&out),
			         rows[i].value);
	}
	fl_buf_fini(&out);
}

static void test_fault_texts(void **state)
{
	static const struct row texts[] = {
	    {"1 + true", "expected a Long, got Bool true"},
	    {"principal.nope", "the entity U::\"ann\" has no attribute \"nope\""},
	    {"{a: 1}.b", "the record {a: 1} has no attribute \"b\""},
	    {"principal.getTag(\"x\")", "the entity U::\"ann\" has no tag \"x\""},
	    {"resource.x", "the entity Doc::\"1\" does not exist"},
	    {"9223372036854775807 + 1", "the result does not fit a Long"},
	    {"ip(\"x\")", "`ip` failed: the text is not of this type"},
	};
	struct fl_cedar_request request = {.principal = &ann,
	                                   .action = &view,
	                                   .resource = &doc,
	                                   .context = fl_cedar_record_empty(),
	                                   .entities = entities};
	struct fl_cedar_eval ev;
	struct fl_cedar_expr *x;
	struct fl_cedar_value v;
	struct fl_buf out;

	(void)state;
	fl_buf_init(&out, 4096);
	fl_cedar_eval_init(&ev, &request, &arena);
	for (size_t i = 0; i < FL_ARRAY_LEN(texts); i++) {
		fl_buf_clear(&out);
		assert_int_equal(
		    fl_cedar_parse_expr(&arena, fl_str(texts[i].text), NULL, &x, &problems), 0);
		assert_false(fl_cedar_eval(&ev, x, &v));
		fl_cedar_fault_print(&out, &ev.fault);
		assert_string_equal(fl_buf_cstr(&out), texts[i].value);
	}
	fl_buf_fini(&out);
}

/* The request's own entities go before those of the store. */
static void test_own(void **state)
{
	struct fl_cedar_field tags[] = {{fl_cedar_name(FL_STR("t")), fl_cedar_long(9)}};
	struct fl_cedar_entity own = {.uid = &ann, .attrs = fl_cedar_record_empty()};
	const struct fl_cedar_entity *list[] = {&own};
	struct fl_cedar_request request = {.principal = &ann,
	                                   .action = &view,
	                                   .resource = &doc,
	                                   .context = fl_cedar_record_empty(),
	                                   .entities = entities,
	                                   .own = list,
	                                   .n_own = 1};
	struct fl_cedar_eval ev;
	struct fl_cedar_expr *x;
	bool b;

	(void)state;
	assert_int_equal(fl_cedar_record_make(tags, 1, &own.tags, NULL), 0);
	assert_int_equal(
	    fl_cedar_parse_expr(&arena,
	                        FL_STR("U::\"ann\".getTag(\"t\") == 9 && "
	                               "!(principal has age) && U::\"bob\" has x == false"),
	                        NULL, &x, &problems),
	    FL_CEDAR_E_SYNTAX);
	assert_int_equal(
	    fl_cedar_parse_expr(&arena,
	                        FL_STR("U::\"ann\".getTag(\"t\") == 9 && "
	                               "!(principal has age) && !(principal in G::\"a\")"),
	                        NULL, &x, &problems),
	    0);
	fl_cedar_eval_init(&ev, &request, &arena);
	assert_true(fl_cedar_eval_bool(&ev, x, &b));
	assert_true(b);
}

/* A request's entity stands where its parents put it in the store. */
static void test_derived(void **state)
{
	struct fl_cedar_uid carl = fl_cedar_uid(FL_STR("U"), FL_STR("carl"));
	struct fl_cedar_uid a = fl_cedar_uid(FL_STR("G"), FL_STR("a"));
	struct fl_cedar_uid b = fl_cedar_uid(FL_STR("G"), FL_STR("b"));
	struct fl_cedar_uid none = fl_cedar_uid(FL_STR("G"), FL_STR("none"));
	const struct fl_cedar_uid *parents[] = {&b, &a, &none, &a};
	struct fl_cedar_entity e;
	struct fl_arena small;

	(void)state;
	assert_int_equal(fl_cedar_entities_derive(entities, &carl, fl_cedar_record_empty(), parents,
	                                          4, fl_cedar_record_empty(), &arena, &e),
	                 0);
	assert_int_equal(e.n_ancestors, 3);
	assert_true(fl_cedar_entity_has_ancestor(&e, &a));
	assert_true(fl_cedar_entity_has_ancestor(&e, &b));
	assert_true(fl_cedar_entity_has_ancestor(&e, &none));
	assert_false(fl_cedar_entity_has_ancestor(&e, &carl));
	fl_arena_init(&small, 16, 16);
	assert_int_equal(fl_cedar_entities_derive(entities, &carl, fl_cedar_record_empty(), parents,
	                                          4, fl_cedar_record_empty(), &small, &e),
	                 FL_CEDAR_E_MEMORY);
	fl_arena_fini(&small);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE_SETUP("each operation gives its value or its fault", test_rows, setup,
	                  teardown),
	    FL_CASE_SETUP("a fault says what was wrong", test_fault_texts, setup, teardown),
	    FL_CASE_SETUP("an entity made for one request has its parents' ancestors", test_derived,
	                  setup, teardown),
	    FL_CASE_SETUP("a request's own entities go before the store's", test_own, setup,
	                  teardown),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
