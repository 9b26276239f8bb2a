/* tests/unit/authorize/test_obligation.c - annotations that mean something
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "base/clock.h"
#include "gateway/authorize/obligation.h"
#include "policy/parse.h"

static struct fl_arena arena;
static struct fl_problems problems;
static const struct fl_obligation *found;
static size_t found_n;
static bool is_shadow;

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64u << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

/* Reads the annotations of a policy with this effect; the code of what was told, or "". */
static const char *read(const char *annotation, const char *effect)
{
	struct fl_cedar_policies_ast ast;
	struct fl_str text;

	fl_arena_reset(&arena);
	fl_problems_init(&problems, &arena);
	text =
	    fl_arena_printf(&arena, "\n %s\n%s(principal, action, resource);", annotation, effect);
	assert_int_equal(fl_cedar_parse_policies(&arena, text, "f", NULL, &ast, &problems), 0);
	bool ok =
	    fl_obligations_read(ast.policies[0], &arena, &problems, &found, &found_n, &is_shadow);

	assert_true(ok == (problems.errors == 0));
	if (ok)
		return "";
	assert_string_equal(problems.first->at.file, "f");
	assert_int_equal(problems.first->at.line, 2);
	assert_int_equal(problems.first->at.column, 2);
	assert_true(problems.first->hint.n != 0);
	return problems.first->code;
}

#define MIN (60 * FL_NS_PER_SEC)

static const struct {
	const char *annotation, *effect;
	enum fl_obligation_kind kind;
	uint64_t number, period_ns;
	const char *name, *text;
} good[] = {
    {"@rate_limit(\"600/min\")", "permit", FL_OBLIGATION_RATE_LIMIT, 600, MIN, "", ""},
    {"@rate_limit(\"1/s\")", "permit", FL_OBLIGATION_RATE_LIMIT, 1, FL_NS_PER_SEC, "", ""},
    {"@rate_limit(\"2/h\")", "permit", FL_OBLIGATION_RATE_LIMIT, 2, 60 * MIN, "", ""},
    {"@rate_limit(\"1000000000/d\")", "permit", FL_OBLIGATION_RATE_LIMIT, 1000000000, 1440 * MIN,
     "", ""},
    {"@timeout(\"2s\")", "permit", FL_OBLIGATION_TIMEOUT, 2 * FL_NS_PER_SEC, 0, "", ""},
    {"@timeout(\"1h\")", "permit", FL_OBLIGATION_TIMEOUT, 60 * MIN, 0, "", ""},
    {"@max_body(\"64k\")", "permit", FL_OBLIGATION_MAX_BODY, 65536, 0, "", ""},
    {"@max_body(\"64KiB\")", "permit", FL_OBLIGATION_MAX_BODY, 65536, 0, "", ""},
    {"@max_body(\"256m\")", "permit", FL_OBLIGATION_MAX_BODY, 256u << 20, 0, "", ""},
    {"@max_body(\"0\")", "permit", FL_OBLIGATION_MAX_BODY, 0, 0, "", ""},
    {"@redact(\"body:/a/b~1c~0\")", "permit", FL_OBLIGATION_REDACT, 0, 0, "", "/a/b~1c~0"},
    {"@redact(\" header:set-cookie \")", "permit", FL_OBLIGATION_REDACT, 0, 0, "", "set-cookie"},
    {"@header_set(\"x-scope: a b\")", "permit", FL_OBLIGATION_HEADER_SET, 0, 0, "x-scope", "a b"},
    {"@header_set(\"x-url:http://h/\")", "permit", FL_OBLIGATION_HEADER_SET, 0, 0, "x-url",
     "http://h/"},
    {"@log(\"full\")", "permit", FL_OBLIGATION_LOG, 0, 0, "", ""},
    {"@advice(\"step_up:mfa\")", "forbid", FL_OBLIGATION_ADVICE, 0, 0, "", "step_up:mfa"},
    {"@status(\"402\")", "forbid", FL_OBLIGATION_STATUS, 402, 0, "", ""},
    {"@require_approval(\"2\")", "forbid", FL_OBLIGATION_REQUIRE_APPROVAL, 2, 0, "", ""},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(good); i++) {
		const char *other = strcmp(good[i].effect, "permit") == 0 ? "forbid" : "permit";

		if (*read(good[i].annotation, good[i].effect) != '\0')
			fail_msg("%s: %.*s", good[i].annotation,
			         FL_STR_ARGS(problems.first->detail));
		assert_int_equal(found_n, 1);
		if (found->kind != good[i].kind || found->number != good[i].number ||
		    found->period_ns != good[i].period_ns ||
		    !fl_str_is(found->name, good[i].name) || !fl_str_is(found->text, good[i].text))
			fail_msg("%s: read as kind %d, %llu, \"%.*s\"", good[i].annotation,
			         (int)found->kind, (unsigned long long)found->number,
			         FL_STR_ARGS(found->text));
		assert_int_equal(found->at.line, 2);
		assert_string_equal(read(good[i].annotation, other), "policy_annotation_misplaced");
	}
}

static const struct {
	const char *annotation, *effect, *code;
} bad[] = {
    {"@rate_limit(\"600\")", "permit", "policy_annotation_invalid"},
    {"@rate_limit(\"0/s\")", "permit", "policy_annotation_invalid"},
    {"@rate_limit(\"1000000001/s\")", "permit", "policy_annotation_invalid"},
    {"@rate_limit(\"1/year\")", "permit", "policy_annotation_invalid"},
    {"@rate_limit(\"1/s/s\")", "permit", "policy_annotation_invalid"},
    {"@rate_limit", "permit", "policy_annotation_invalid"},
    {"@timeout(\"2\")", "permit", "policy_annotation_invalid"},
    {"@timeout(\"0ms\")", "permit", "policy_annotation_invalid"},
    {"@timeout(\"2h\")", "permit", "policy_annotation_invalid"},
    {"@max_body(\"-1\")", "permit", "policy_annotation_invalid"},
    {"@max_body(\"257m\")", "permit", "policy_annotation_invalid"},
    {"@max_body(\"18014398509481985k\")", "permit", "policy_annotation_invalid"},
    {"@max_body(\"k\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"body:\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"body:/a,\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"body:a\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"body:/a~2\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"body:/a~\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"query:/a\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"header:X-A\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"header:content-length\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"x-a\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"x-a:\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"x a: b\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"x-a: b\\r\\nx-c: d\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"connection: x-b\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"transfer-encoding: x\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"host: x\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"x-request-id: x\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"traceparent: x\")", "permit", "policy_annotation_invalid"},
    {"@redact(\"header:x-request-id\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"authorization: x\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"cookie: x\")", "permit", "policy_annotation_invalid"},
    {"@header_set(\"x-api-key: x\")", "permit", "policy_annotation_invalid"},
    {"@log(\"some\")", "permit", "policy_annotation_invalid"},
    {"@advice(\"\")", "forbid", "policy_annotation_invalid"},
    {"@advice(\"a\\nb\")", "forbid", "policy_annotation_invalid"},
    {"@status(\"200\")", "forbid", "policy_annotation_invalid"},
    {"@status(\"500\")", "forbid", "policy_annotation_invalid"},
    {"@require_approval(\"0\")", "forbid", "policy_annotation_invalid"},
    {"@require_approval(\"11\")", "forbid", "policy_annotation_invalid"},
    {"@mode(\"shadowy\")", "permit", "policy_annotation_invalid"},
    {"@ratelimit(\"1/s\")", "permit", "policy_annotation_unknown"},
    {"@something", "permit", "policy_annotation_unknown"},
    {"@xy", "forbid", "policy_annotation_unknown"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++)
		if (strcmp(read(bad[i].annotation, bad[i].effect), bad[i].code) != 0)
			fail_msg("%s: %s", bad[i].annotation,
			         read(bad[i].annotation, bad[i].effect));
	(void)read("@ratelimit(\"1/s\")", "permit");
	assert_true(fl_str_is(problems.first->hint, "did you mean @rate_limit?"));
}

static void test_metadata(void **state)
{
	(void)state;
	assert_string_equal(
	    read("@id(\"a\") @owner(\"b\") @severity(\"c\") @ticket(\"d\") @x_own(\"e\")",
	         "permit"),
	    "");
	assert_int_equal(found_n, 0);
	assert_false(is_shadow);
	assert_string_equal(read("@mode(\"shadow\") @advice(\"later\")", "forbid"), "");
	assert_true(is_shadow);
	assert_int_equal(found_n, 1);
}

static void test_lists(void **state)
{
	char text[1200];
	size_t n = 0;

	(void)state;
	assert_string_equal(read("@redact(\"body:/a, header:x-b\") @log(\"full\")", "permit"), "");
	assert_int_equal(found_n, 3);
	assert_false(found[0].is_header);
	assert_true(found[1].is_header && fl_str_is(found[1].text, "x-b"));
	assert_int_equal(found[2].kind, FL_OBLIGATION_LOG);
	n = (size_t)snprintf(text, sizeof text, "@redact(\"body:/a");
	for (unsigned i = 1; i < 32; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, ",body:/%u", i);
	(void)snprintf(text + n, sizeof text - n, "\")");
	assert_string_equal(read(text, "permit"), "");
	assert_int_equal(found_n, 32);
	(void)snprintf(text + n, sizeof text - n, ",body:/x\")");
	assert_string_equal(read(text, "permit"), "policy_annotation_invalid");
	(void)snprintf(text, sizeof text, "@header_set(\"x: %01021d\")", 1);
	assert_string_equal(read(text, "permit"), "");
	(void)snprintf(text, sizeof text, "@header_set(\"x: %01022d\")", 1);
	assert_string_equal(read(text, "permit"), "policy_annotation_invalid");
	(void)snprintf(text, sizeof text, "@advice(\"%0200d\")", 1);
	assert_string_equal(read(text, "forbid"), "");
	(void)snprintf(text, sizeof text, "@advice(\"%0201d\")", 1);
	assert_string_equal(read(text, "forbid"), "policy_annotation_invalid");
	(void)snprintf(text, sizeof text, "@redact(\"header:%0128d\")", 1);
	assert_string_equal(read(text, "permit"), "");
	(void)snprintf(text, sizeof text, "@redact(\"header:%0129d\")", 1);
	assert_string_equal(read(text, "permit"), "policy_annotation_invalid");
}

int main(void)
{
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE("each obligation is read, and stands on its kind of policy only", test_good),
	    CASE("malformed and unknown ones are refused with how to mend them", test_bad),
	    CASE("metadata and one's own are not looked at", test_metadata),
	    CASE("lists and limits", test_lists),
	};

	return cmocka_run_group_tests_name("authorize obligation", tests, NULL, NULL);
}
