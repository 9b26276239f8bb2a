/* tests/unit/policy/test_parse.c - what is policy text and what is not
 * SPDX-License-Identifier: Apache-2.0
 *
 * Acceptance is as the official engine 4.12.0 has it.
 */
#include "tests/unit/policy/fixture.h"

#include <stdio.h>

#include "policy/parse.h"
#include "policy/print.h"

static int parse(struct fl_str text, struct fl_cedar_policies_ast *ret)
{
	fl_problems_init(&problems, &arena);
	return fl_cedar_parse_policies(&arena, text, "t.cedar", NULL, ret, &problems);
}

static const char *const good_conditions[] = {
    "principal has a",
    "principal has \"a b\"",
    "principal has a.b.c",
    "principal has principal",
    "{principal: 1} == 1",
    "{a:1,}.a == 1",
    "{\"a\":1}[\"a\"]==1",
    "[1,]==1",
    "[] == {}",
    "principal[\"a\"]",
    "principal.permit",
    "principal.hasTag",
    "principal.a[\"b\"].c",
    "principal.contains(1,)",
    "principal is User::Foo",
    "principal is User in (User::\"a\")",
    "principal is User in [User::\"a\"]",
    "(principal is User) == true",
    "ip::\"a\" == 1",
    "permit::\"a\"==principal",
    "decimal()",
    "1.lessThan()",
    "ip(\"a\",\"b\")",
    "ip(principal.x)",
    "-(-1) == 1",
    "1 - -1 == 1",
    "1 -1==1",
    "- 1==1",
    "-9223372036854775808 == 1",
    "--9223372036854775808 == 1",
    "----1 == 1",
    "!!!!true",
    "-1.foo",
    "true.foo",
    "\"a\".foo",
    "if true then 1 else 2 == 3",
    "(if true then true else false) && true",
    "principal like \"\\*\"",
    "principal like \"*a*\\u{2a}\\x2a\"",
    "\"\\x7f\\u{1_1}\\u{1_}\\0\\'\\\"\\\\\\n\\r\\t\"==\"a\"",
    "principal has a && principal",
    "1 * 2 + 3 - 4 * 5 == 6 || true && false || (true || false) && (1 < 2)",
    "User :: \"a\" == 1",
    "A::B ::C :: \"x\" == 1",
    "principal.a // a comment\n == 1",
    "context\xc2\xa0.\xe3\x80\x80"
    "a",
};

static const char *const bad_conditions[] = {
    "",
    "principal has \"a\".b",
    "principal has (a)",
    "principal has a[\"b\"]",
    "principal has if",
    "principal has a.if",
    "principal has -a",
    "principal has a::b",
    "principal has \"\\*\"",
    "principal has a has b",
    "principal has a == true",
    "principal has a.b().c",
    "principal like (\"a\")",
    "principal like \"a\" + \"b\"",
    "principal like \"*\" == true",
    "principal is (User)",
    "principal is \"User\"",
    "principal is User == true",
    "{if: 1} == 1",
    "{like: 1} == 1",
    "{\"a\":1,a:2}==1",
    "{(a):1}==1",
    "{a::b:1}==1",
    "principal[(\"a\")]",
    "principal[a]",
    "principal[\"a\" + \"b\"]",
    "principal[\"\\*\"]",
    "[1,2][0]",
    "principal.if",
    "principal.__cedar",
    "principal.foo(1)",
    "principal[\"contains\"](1)",
    "principal.a::b",
    "foo::bar(1)",
    "ip",
    "permit",
    "principal(1)",
    "(ip)(\"a\")",
    "\"x\".ip()",
    "contains([1],1)",
    "lessThan(1, 2)",
    "[].contains()",
    "principal.getTag(\"a\",\"b\")",
    "principal.isEmpty(1)",
    "!-1 == 1",
    "-!true",
    "!!!!!true",
    "-----1 == 1",
    "-(9223372036854775808)==1",
    "9223372036854775808==1",
    "-9223372036854775809==1",
    "99999999999999999999999==1",
    "true && if true then true else false",
    "1 + if true then 1 else 2",
    "if true then 1",
    "User::{id:\"a\"} == 1",
    "?principal == principal",
    "__cedar::ip(\"a\")",
    "__cedar::User::\"a\"==principal",
    "if::\"a\"==principal",
    "principal::\"a\"::\"b\"",
    "\"\\x80\"==\"a\"",
    "\"\\u{}\"==\"a\"",
    "\"\\u{_1}\"==\"a\"",
    "\"\\u{0000001}\"==\"a\"",
    "\"\\u{d800}\"==\"a\"",
    "\"\\u{110000}\"==\"a\"",
    "\"\\u{1\"==\"a\"",
    "\"\\q\"==\"a\"",
    "\"\\\n\"==\"a\"",
    "\"abc",
    "1<2<3",
    "1==1==true",
    "1 = 1",
    "1/2 == 1",
    "1%2 == 1",
    "()",
    "a.b",
    "if a.b then 1 else 2",
    "User :: /* */ \"a\" == 1",
    "principal $ action",
    "\xef\xbb\xbftrue",
};

static struct fl_str in_policy(const char *condition)
{
	return fl_arena_printf(&arena, "permit(principal,action,resource) when { %s };", condition);
}

static void test_conditions(void **state)
{
	(void)state;
	struct fl_cedar_policies_ast ast;

	for (size_t i = 0; i < FL_ARRAY_LEN(bad_conditions); i++) {
		int r = parse(in_policy(bad_conditions[i]), &ast);

		if (r != FL_CEDAR_E_SYNTAX || problems.errors == 0 || problems.first->at.line == 0)
			fail_msg("accepted: %s", bad_conditions[i]);
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(good_conditions); i++) {
		int r = parse(in_policy(good_conditions[i]), &ast);

		if (r != 0)
			fail_msg("refused: %s: %.*s", good_conditions[i],
			         FL_STR_ARGS(problems.first->detail));
	}
}

static const struct {
	const char *text;
	int outcome;
} policies[] = {
    {"", 0},
    {"// nothing", 0},
    {"permit(principal,action,resource,);", 0},
    {"permit(principal is User in User::\"a\",action,resource);", 0},
    {"permit(principal == (User::\"a\"),action,resource);", 0},
    {"permit(principal is principal,action,resource);", 0},
    {"permit(principal == principal::\"a\",action,resource);", 0},
    {"permit(principal,action in [(Action::\"a\")],resource);", 0},
    {"permit(principal,action in [],resource);", 0},
    {"permit(principal,action in [Action::\"a\",],resource);", 0},
    {"permit(principal,action in ([Action::\"a\"]),resource);", 0},
    {"permit(principal,action == A::Action::\"a\",resource);", 0},
    {"permit(principal in ?principal,action,resource == ?resource);", 0},
    {"permit(principal is User in ?principal,action,resource);", 0},
    {"@if(\"x\") @__cedar(\"x\") @a permit(principal,action,resource);", 0},
    {"permit(principal,action,resource) when {true} unless {false} when{true};", 0},
    {"forbid(principal,action,resource);permit(principal,action,resource);", 0},
    {";", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action,resource)", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action);", FL_CEDAR_E_SYNTAX},
    {"permit(action,principal,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(if,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal:User,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal is User == User::\"a\",action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal is (User),action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal is if,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal is User::\"a\",action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal is __cedar::A,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal is User in [User::\"a\"],action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal < User::\"a\",action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal = User::\"a\",action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal == User::\"a\" || true,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal == \"a\",action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal == principal,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal == ip(\"a\"),action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal == ?resource,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action == ?action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action == [Action::\"a\"],resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action in [[Action::\"a\"]],resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action == A::\"a\",resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action in [A::\"a\"],resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action is Action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action,resource in [User::\"a\"]);", FL_CEDAR_E_SYNTAX},
    {"@a @a permit(principal,action,resource);", FL_CEDAR_E_SYNTAX},
    {"@a() permit(principal,action,resource);", FL_CEDAR_E_SYNTAX},
    {"@a(\"\\q\") permit(principal,action,resource);", FL_CEDAR_E_SYNTAX},
    {"@a(\"x\",) permit(principal,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action,resource) when {};", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action,resource) while {true};", FL_CEDAR_E_SYNTAX},
    {"allow(principal,action,resource);", FL_CEDAR_E_SYNTAX},
    {"permit(principal,action,resource) when { \"\xff\" == 1 };", FL_CEDAR_E_SYNTAX},
};

static void test_policies(void **state)
{
	(void)state;
	struct fl_cedar_policies_ast ast;

	for (size_t i = 0; i < FL_ARRAY_LEN(policies); i++)
		if (parse(fl_str(policies[i].text), &ast) != policies[i].outcome)
			fail_msg("wrong outcome: %s", policies[i].text);
}

static void test_positions(void **state)
{
	(void)state;
	struct fl_cedar_policies_ast ast;
	struct fl_str text = FL_STR("permit(principal,action,resource);\n"
	                            "// \xc3\xa9\n"
	                            "permit(principal, action, resource)\n"
	                            "when { \"\xc3\xa9\" = 1 };\n"
	                            "permit(principal);\n"
	                            "forbid(principal,action,resource);");

	assert_int_equal(parse(text, &ast), FL_CEDAR_E_SYNTAX);
	assert_int_equal(problems.errors, 2);
	const struct fl_problem *first = problems.first, *second = first->next;

	assert_int_equal(first->at.line, 4);
	assert_int_equal(first->at.column, 12);
	assert_string_equal(first->at.file, "t.cedar");
	assert_string_equal(first->detail.p, "`=` is no operator; equality is `==`");
	assert_int_equal(second->at.line, 5);
	assert_int_equal(second->at.column, 17);
	assert_string_equal(second->detail.p, "expected `,`, `==`, `in` or `is`, found `)`");
}

static void test_parts(void **state)
{
	(void)state;
	struct fl_cedar_policies_ast ast;
	struct fl_str text = FL_STR(" @id(\"a\\0b\") @x\n"
	                            "forbid(principal is U in ?principal, action in "
	                            "[Action::\"r\", N::Action::\"w\"], resource)\n"
	                            "unless { context.a }; ");

	assert_int_equal(parse(text, &ast), 0);
	const struct fl_cedar_policy *p = ast.policies[0];

	assert_int_equal(ast.n, 1);
	assert_true(p->is_forbid);
	assert_int_equal(p->slots, FL_CEDAR_SLOT_PRINCIPAL);
	assert_int_equal(p->principal.kind, FL_CEDAR_SCOPE_IS_IN);
	assert_true(p->principal.is_slot);
	assert_int_equal(p->action.n_uids, 2);
	assert_true(fl_str_is(p->action.uids[1]->type, "N::Action"));
	assert_int_equal(p->resource.kind, FL_CEDAR_SCOPE_ANY);
	assert_true(p->clauses[0].is_unless);
	assert_true(fl_str_eq(*fl_cedar_policy_annotation(p, "id"), FL_STR("a\0b")));
	assert_int_equal(fl_cedar_policy_annotation(p, "x")->n, 0);
	assert_null(fl_cedar_policy_annotation(p, "y"));
	assert_int_equal(p->source.n, text.n - 2);
}

/* `open` n times, `core`, `close` n times */
static struct fl_str nest(const char *open, const char *core, const char *close, size_t n)
{
	struct fl_buf out;

	fl_buf_init(&out, 1 << 20);
	for (size_t i = 0; i < n; i++)
		fl_buf_add_c(&out, open);
	fl_buf_add_c(&out, core);
	for (size_t i = 0; i < n; i++)
		fl_buf_add_c(&out, close);
	struct fl_str copy = fl_arena_str(&arena, fl_buf_str(&out));

	fl_buf_fini(&out);
	return copy;
}

static int parse_expr(struct fl_str text)
{
	struct fl_cedar_expr *x;

	fl_problems_init(&problems, &arena);
	return fl_cedar_parse_expr(&arena, text, NULL, &x, &problems);
}

static void test_limits(void **state)
{
	(void)state;
	static const struct {
		const char *open, *core, *close;
		size_t most;
	} bombs[] = {
	    {"(", "1", ")", FL_CEDAR_NESTING_MAX - 1},
	    {"[", "1", "]", FL_CEDAR_NESTING_MAX - 1},
	    {"{a:", "1", "}", FL_CEDAR_NESTING_MAX - 1},
	    {"ip(", "1", ")", FL_CEDAR_NESTING_MAX - 1},
	    {"if true then 1 else ", "1", "", FL_CEDAR_NESTING_MAX - 1},
	    {"", "principal", ".a", FL_CEDAR_HEIGHT_MAX - 1},
	    {"", "1", "+1", FL_CEDAR_HEIGHT_MAX - 1},
	};
	struct fl_cedar_limits limits = {.policy_bytes = 100, .text_bytes = 500, .policies = 3};
	struct fl_str one = FL_STR("permit(principal,action,resource);");
	struct fl_cedar_policies_ast ast;

	for (size_t i = 0; i < FL_ARRAY_LEN(bombs); i++) {
		const char *o = bombs[i].open, *c = bombs[i].core, *e = bombs[i].close;

		assert_int_equal(parse_expr(nest(o, c, e, bombs[i].most)), 0);
		assert_int_equal(parse_expr(nest(o, c, e, bombs[i].most + 1)), FL_CEDAR_E_LIMIT);
		assert_int_equal(parse_expr(nest(o, c, e, 50000)), FL_CEDAR_E_LIMIT);
	}
	assert_int_equal(parse_expr(nest("", "true", "&&true", 10000)), 0);
	assert_int_equal(parse(nest("permit(principal == ((((", "", "", 9999), &ast),
	                 FL_CEDAR_E_SYNTAX);
	assert_int_equal(parse(nest("", "permit(principal == ", "(", 9999), &ast),
	                 FL_CEDAR_E_LIMIT);
	for (size_t n = 3; n <= 4; n++) {
		fl_problems_init(&problems, &arena);
		assert_int_equal(fl_cedar_parse_policies(&arena, nest(one.p, "", "", n), NULL,
		                                         &limits, &ast, &problems),
		                 n == 3 ? 0 : FL_CEDAR_E_LIMIT);
	}
	fl_problems_init(&problems, &arena);
	assert_int_equal(
	    fl_cedar_parse_policies(&arena, nest(" ", "", "", 501), NULL, &limits, &ast, &problems),
	    FL_CEDAR_E_LIMIT);
	fl_problems_init(&problems, &arena);
	assert_int_equal(
	    fl_cedar_parse_policies(
		&arena, nest("", "permit(principal,action,resource) when { true", " && true", 10),
		NULL, &limits, &ast, &problems),
	    FL_CEDAR_E_SYNTAX);
	assert_int_equal(
	    fl_cedar_parse_policies(
		&arena,
		fl_arena_printf(
		    &arena, "%.*s};",
		    FL_STR_ARGS(
			nest("", "permit(principal,action,resource) when { true", " && true", 10))),
		NULL, &limits, &ast, &problems),
	    FL_CEDAR_E_LIMIT);
}

static void test_full_arena(void **state)
{
	(void)state;
	struct fl_str text =
	    in_policy("[1, {a: \"\\n\"}, U::\"x\", ip(\"1.1.1.1\")] == principal.b");
	struct fl_cedar_policies_ast ast;

	for (size_t max = 64;; max += 64) {
		struct fl_arena small;

		fl_arena_init(&small, 64, max);
		fl_problems_init(&problems, &arena);
		int r = fl_cedar_parse_policies(&small, text, NULL, NULL, &ast, &problems);

		fl_arena_fini(&small);
		if (r == 0)
			break;
		assert_int_equal(r, FL_CEDAR_E_MEMORY);
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	static const char *const more[] = {
	    "-(5) == --5",
	    "(-5).foo == 1",
	    "!(!true)",
	    "(1 + 2) * 3 - (4 - 5) == 1",
	    "(true && false) && true",
	    "true || (false || true)",
	    "(if true then 1 else 2) + 1 == 2",
	    "datetime(\"2024-01-01\") < x.y",
	    "({a: 1}).a == 1",
	};
	struct fl_cedar_policies_ast ast;
	struct fl_buf first, second;
	size_t n = FL_ARRAY_LEN(good_conditions);

	fl_buf_init(&first, 1 << 20);
	fl_buf_init(&second, 1 << 20);
	for (size_t i = 0; i < n + FL_ARRAY_LEN(policies) + FL_ARRAY_LEN(more); i++) {
		struct fl_str text = i < n ? in_policy(good_conditions[i])
		                     : i < n + FL_ARRAY_LEN(more)
		                         ? in_policy(more[i - n])
		                         : fl_str(policies[i - n - FL_ARRAY_LEN(more)].text);

		if (parse(text, &ast) != 0)
			continue;
		fl_buf_clear(&first);
		fl_buf_clear(&second);
		for (size_t k = 0; k < ast.n; k++)
			fl_cedar_print_policy(&first, ast.policies[k]);
		if (parse(fl_buf_str(&first), &ast) != 0)
			fail_msg("printed what does not parse: %s", fl_buf_cstr(&first));
		for (size_t k = 0; k < ast.n; k++)
			fl_cedar_print_policy(&second, ast.policies[k]);
		assert_string_equal(fl_buf_cstr(&first), fl_buf_cstr(&second));
	}
	fl_buf_fini(&first);
	fl_buf_fini(&second);
}

static void test_printed(void **state)
{
	(void)state;
	struct fl_cedar_policies_ast ast;
	struct fl_buf out;

	fl_buf_init(&out, 4096);
	assert_int_equal(
	    parse(FL_STR("@id(\"a\\\"b\")permit(principal in ?principal,action in[Action::\"x\"],"
	                 "resource is R)when{-(5)==--5&&!(principal has a.b)}unless{x::\"y\".z"
	                 "[\"a b\"]like\"\\*a*\\0\"};"),
	          &ast),
	    0);
	fl_cedar_print_policy(&out, ast.policies[0]);
	assert_string_equal(
	    fl_buf_cstr(&out),
	    "@id(\"a\\\"b\")\n"
	    "permit (principal in ?principal, action in [Action::\"x\"], resource is R)\n"
	    "when { -(5) == -(-5) && !(principal has a.b) }\n"
	    "unless { x::\"y\".z[\"a b\"] like \"\\*a*\\0\" };\n");
	fl_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("conditions are taken and refused as by the official engine", test_conditions),
	    CASE("scopes, annotations and clauses likewise", test_policies),
	    CASE("each policy's first problem has a position and says what was expected", test_positions),
	    CASE("the parts of a policy are where the AST says", test_parts),
	    CASE("each limit holds, one below it does not", test_limits),
	    CASE("a full arena is an outcome", test_full_arena),
	    CASE("printed text parses to what prints the same", test_round_trip),
	    CASE("policies are printed as people write them", test_printed),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
