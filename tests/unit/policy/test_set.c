/* tests/unit/policy/test_set.c - policy sets, templates and decisions
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "policy/cedar.h"
#include "tests/unit/policy/naive.h"

static struct fl_arena arena;
static struct fl_problems problems;
static struct fl_cedar_uid ann, bob, view, doc;

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	ann = fl_cedar_uid(FL_STR("U"), FL_STR("ann"));
	bob = fl_cedar_uid(FL_STR("U"), FL_STR("bob"));
	view = fl_cedar_uid(FL_STR("Action"), FL_STR("view"));
	doc = fl_cedar_uid(FL_STR("Doc"), FL_STR("1"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

static struct fl_cedar_set *set_of(const char *text)
{
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, 16 << 20);

	assert_int_equal(fl_cedar_set_add(set, fl_str(text), NULL, &problems), 0);
	return set;
}

/* "allow policy1 ! policy2": decision, reasons, errors */
static const char *decide(const struct fl_cedar_set *set, const struct fl_cedar_uid *principal,
                          enum fl_cedar_mode mode)
{
	static char text[256];
	struct fl_cedar_request request = {.principal = principal,
	                                   .action = &view,
	                                   .resource = &doc,
	                                   .context = fl_cedar_record_empty()};
	struct fl_cedar_answer a;
	size_t n;

	assert_int_equal(fl_cedar_authorize(set, &request, mode, &arena, &a), 0);
	if (mode != FL_CEDAR_FAST)
		assert_null(naive_differs(set, &request, &a, &arena));
	n = (size_t)snprintf(text, sizeof text, "%s", a.is_allowed ? "allow" : "deny");
	for (size_t i = 0; i < a.n_reasons; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, " %.*s",
		                      FL_STR_ARGS(a.reasons[i]->id));
	for (size_t i = 0; i < a.n_errors; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, " !%.*s",
		                      FL_STR_ARGS(a.errors[i].row->id));
	return text;
}

#define ALL "(principal,action,resource)"

static const struct {
	const char *policies, *answer;
} decisions[] = {
    {"", "deny"},
    {"permit" ALL ";", "allow policy0"},
    {"permit" ALL ";permit" ALL ";", "allow policy0 policy1"},
    {"permit" ALL ";forbid" ALL ";", "deny policy1"},
    {"forbid" ALL " when {false};permit" ALL ";", "allow policy1"},
    {"permit" ALL " when {1 + 1};", "deny !policy0"},
    {"permit" ALL " when {principal.x};permit" ALL ";", "allow policy1 !policy0"},
    {"forbid" ALL " when {principal.x};permit" ALL ";", "allow policy1 !policy0"},
    {"permit" ALL " when {true} unless {true} when {principal.x};", "deny"},
    {"permit" ALL " unless {false} when {true};", "allow policy0"},
    {"permit(principal == U::\"ann\",action,resource);", "allow policy0"},
    {"permit(principal == U::\"bob\",action,resource) when {principal.x};", "deny"},
    {"permit(principal is U,action,resource is Doc);", "allow policy0"},
    {"permit(principal is V,action,resource);", "deny"},
    {"permit(principal in U::\"ann\",action,resource);", "allow policy0"},
    {"permit(principal is U in U::\"ann\",action,resource);", "allow policy0"},
    {"permit(principal,action in [],resource);", "deny"},
    {"permit(principal,action in [Action::\"x\",Action::\"view\"],resource);", "allow policy0"},
    {"permit(principal,action == Action::\"view\",resource == Doc::\"2\");", "deny"},
};

static void test_decisions(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(decisions); i++) {
		struct fl_cedar_set *set = set_of(decisions[i].policies);

		assert_int_equal(fl_cedar_set_finish(set), 0);
		if (strcmp(decide(set, &ann, FL_CEDAR_FULL), decisions[i].answer) != 0 ||
		    strcmp(decide(set, &ann, FL_CEDAR_LINEAR), decisions[i].answer) != 0)
			fail_msg("%s: %s", decisions[i].policies, decide(set, &ann, FL_CEDAR_FULL));
		assert_int_equal(decide(set, &ann, FL_CEDAR_FAST)[0], decisions[i].answer[0]);
		(void)fl_cedar_set_destroy(set);
	}
}

static void test_links(void **state)
{
	struct fl_cedar_set *set =
	    set_of("permit(principal == ?principal,action,resource in ?resource);"
	           "permit(principal,action,resource) when {false};");
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str t = FL_STR("policy0");

	(void)state;
	assert_int_equal(fl_cedar_set_link(set, t, FL_STR("l1"), &ann, &doc, &err), 0);
	assert_int_equal(fl_cedar_set_link(set, t, FL_STR("l1"), &bob, &doc, &err),
	                 FL_CEDAR_E_DUPLICATE);
	assert_int_equal(fl_cedar_set_link(set, t, FL_STR("policy1"), &bob, &doc, &err),
	                 FL_CEDAR_E_DUPLICATE);
	assert_int_equal(fl_cedar_set_link(set, t, FL_STR("l2"), &bob, NULL, &err),
	                 FL_CEDAR_E_INVALID);
	assert_int_equal(fl_cedar_set_link(set, FL_STR("policy1"), FL_STR("l2"), &bob, &doc, &err),
	                 FL_CEDAR_E_NOT_FOUND);
	assert_int_equal(fl_cedar_set_link(set, FL_STR("none"), FL_STR("l2"), &bob, &doc, &err),
	                 FL_CEDAR_E_NOT_FOUND);
	assert_int_equal(fl_cedar_set_finish(set), 0);
	assert_string_equal(decide(set, &ann, FL_CEDAR_FULL), "allow l1");
	assert_string_equal(decide(set, &bob, FL_CEDAR_FULL), "deny");
	assert_non_null(fl_cedar_set_policy(set, 1));
	assert_null(fl_cedar_set_policy(set, 2));
	assert_true(fl_str_is(fl_cedar_set_row(set, 1)->id, "l1"));
	assert_null(fl_cedar_set_row(set, 2));
	assert_true(fl_cedar_set_bytes(set) > 0);
	(void)fl_cedar_set_destroy(set);
}

static void test_ids(void **state)
{
	struct fl_cedar_set *set = set_of("permit" ALL ";forbid" ALL " when {false};");
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	assert_int_equal(fl_cedar_set_rename(set, 0, FL_STR("open"), &err), 0);
	assert_int_equal(fl_cedar_set_rename(set, 0, FL_STR("open"), &err), 0);
	assert_int_equal(fl_cedar_set_rename(set, 1, FL_STR("open"), &err), FL_CEDAR_E_DUPLICATE);
	assert_int_equal(fl_cedar_set_rename(set, 1, FL_STR("policy2"), &err), 0);
	assert_int_equal(fl_cedar_set_add(set, FL_STR("permit" ALL ";"), "b", &problems),
	                 FL_CEDAR_E_DUPLICATE);
	assert_int_equal(fl_cedar_set_rename(set, 1, FL_STR("policy0"), &err), 0);
	assert_int_equal(fl_cedar_set_add(set, FL_STR("permit" ALL ";"), "b", &problems), 0);
	assert_string_equal(fl_cedar_set_policy(set, 2)->file, "b");
	assert_int_equal(fl_cedar_set_finish(set), 0);
	assert_string_equal(decide(set, &ann, FL_CEDAR_FULL), "allow open policy2");
	(void)fl_cedar_set_destroy(set);
}

static void test_bad_text_adds_nothing(void **state)
{
	struct fl_cedar_limits limits = {.policies = 2};
	struct fl_cedar_set *set = fl_cedar_set_create(&limits, 1 << 20);
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	assert_int_equal(fl_cedar_set_add(set, FL_STR("permit" ALL "; permit"), "a", &problems),
	                 FL_CEDAR_E_SYNTAX);
	assert_null(fl_cedar_set_policy(set, 0));
	assert_int_equal(
	    fl_cedar_set_add(set,
	                     FL_STR("permit" ALL ";permit(principal==?principal,action,resource);"),
	                     "a", &problems),
	    0);
	assert_int_equal(fl_cedar_set_add(set, FL_STR("permit" ALL ";"), "a", &problems),
	                 FL_CEDAR_E_LIMIT);
	assert_int_equal(fl_cedar_set_link(set, FL_STR("policy1"), FL_STR("x"), &ann, NULL, &err),
	                 0);
	assert_int_equal(fl_cedar_set_link(set, FL_STR("policy1"), FL_STR("y"), &ann, NULL, &err),
	                 FL_CEDAR_E_LIMIT);
	(void)fl_cedar_set_destroy(set);
	set = fl_cedar_set_create(NULL, 64);
	assert_int_equal(fl_cedar_set_add(set, FL_STR("permit" ALL ";"), "a", &problems),
	                 FL_CEDAR_E_MEMORY);
	(void)fl_cedar_set_destroy(set);
	assert_null(fl_cedar_set_destroy(NULL));
}

static void test_full_arena_denies(void **state)
{
	struct fl_cedar_set *set = set_of("permit" ALL ";permit" ALL ";permit" ALL
	                                  " when {[principal].contains(principal)};");
	struct fl_cedar_request request = {.principal = &ann,
	                                   .action = &view,
	                                   .resource = &doc,
	                                   .context = fl_cedar_record_empty()};
	struct fl_cedar_answer answer = {.is_allowed = true};
	int r = -1;

	(void)state;
	assert_int_equal(fl_cedar_set_finish(set), 0);
	for (size_t max = 16; r != 0; max += 16) {
		struct fl_arena small;

		fl_arena_init(&small, 16, max);
		r = fl_cedar_authorize(set, &request, FL_CEDAR_FULL, &small, &answer);
		assert_true(r == 0 || r == FL_CEDAR_E_MEMORY);
		assert_int_equal(answer.is_allowed, r == 0);
		assert_int_equal(answer.n_reasons, r == 0 ? 3 : 0);
		fl_arena_fini(&small);
	}
	(void)fl_cedar_set_destroy(set);
}

static void test_verdicts(void **state)
{
	static const struct {
		const char *policy;
		enum fl_cedar_verdict verdict;
		size_t clause;
	} rows[] = {
	    {"permit(principal is V,action,resource);", FL_CEDAR_OUT_OF_SCOPE, 9},
	    {"permit" ALL " when {true} unless {true};", FL_CEDAR_NOT_SATISFIED, 1},
	    {"permit" ALL " when {true} when {1 < true};", FL_CEDAR_ERROR, 1},
	    {"permit" ALL ";", FL_CEDAR_SATISFIED, 9},
	};
	struct fl_cedar_request request = {.principal = &ann,
	                                   .action = &view,
	                                   .resource = &doc,
	                                   .context = fl_cedar_record_empty()};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_cedar_set *set = set_of(rows[i].policy);
		struct fl_cedar_eval ev;
		size_t clause = 9;

		assert_int_equal(fl_cedar_set_finish(set), 0);
		fl_cedar_eval_init(&ev, &request, &arena);
		assert_int_equal(fl_cedar_row_eval(fl_cedar_set_row(set, 0), &ev, &clause),
		                 rows[i].verdict);
		assert_int_equal(clause, rows[i].clause);
		(void)fl_cedar_set_destroy(set);
	}
}

/* ---- policies that are left out ---- */

static void test_excluded(void **state)
{
	static const enum fl_cedar_mode modes[] = {FL_CEDAR_FULL, FL_CEDAR_FAST, FL_CEDAR_LINEAR};
	struct fl_cedar_set *set = set_of("forbid" ALL ";permit" ALL ";permit" ALL " when {1 + 1};"
	                                  "forbid(principal == ?principal,action,resource);"
	                                  "permit" ALL ";");

	(void)state;
	assert_int_equal(
	    fl_cedar_set_link(set, FL_STR("policy3"), FL_STR("link"), &ann, NULL, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		if (i != 1)
			fl_cedar_set_exclude(set, i); /* the template: with its link */
	fl_cedar_set_exclude(set, 0);                 /* again is fine */
	assert_int_equal(fl_cedar_set_rename(set, 4, FL_STR("link"), NULL), FL_CEDAR_E_DUPLICATE);
	assert_int_equal(fl_cedar_set_finish(set), 0);
	assert_int_equal(fl_cedar_set_row(set, 0)->index, 0);
	assert_int_equal(fl_cedar_set_row(set, 1)->index, 1);
	assert_true(fl_str_is(fl_cedar_set_row(set, 1)->id, "policy4"));
	assert_null(fl_cedar_set_row(set, 2));
	assert_non_null(fl_cedar_set_policy(set, 4));
	for (size_t i = 0; i < FL_ARRAY_LEN(modes); i++)
		assert_string_equal(decide(set, &ann, modes[i]), modes[i] == FL_CEDAR_FAST
		                                                     ? "allow policy1"
		                                                     : "allow policy1 policy4");
	(void)fl_cedar_set_destroy(set);
}

/* What a policy of a gateway's size may hold in memory once the set is finished: its text, its
 * tree, its row and its share of the index. */
static void test_memory(void **state)
{
	enum { POLICIES = 2000, BYTES_EACH = 2048 };
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, 64 << 20);
	struct fl_buf text;

	(void)state;
	fl_buf_init(&text, 4 << 20);
	for (unsigned i = 0; i < POLICIES; i++)
		fl_buf_printf(
		    &text,
		    "@id(\"p%u\") permit (principal in Gw::Group::\"g%u\", action in "
		    "Gw::Action::\"read\", resource in Gw::Api::\"a%u\")\n"
		    "when { principal.hasTag(\"scope\") && "
		    "principal.getTag(\"scope\").contains(\"s\") && context.client.tls };\n",
		    i, i % 500, i % 300);
	assert_int_equal(fl_cedar_set_add(set, fl_buf_str(&text), NULL, &problems), 0);
	assert_int_equal(fl_cedar_set_finish(set), 0);
	assert_true(fl_cedar_set_bytes(set) <= (size_t)POLICIES * BYTES_EACH);
	/* Policies that write an entity alike share it. */
	assert_ptr_equal(fl_cedar_set_policy(set, 0)->principal.uids[0],
	                 fl_cedar_set_policy(set, 500)->principal.uids[0]);
	fl_buf_fini(&text);
	(void)fl_cedar_set_destroy(set);
}

/* Wherever memory ends, nothing of a text stays behind and nothing else breaks. */
static void test_memory_ends(void **state)
{
	static const char text[] = "@a(\"1\") @b permit(principal in U::\"g\", action in "
				   "[Action::\"view\", Action::\"edit\"], resource)"
				   "when { {a: 1, b: principal} has a && [1, 2].contains(1) }"
				   "unless { resource.x like \"*a*b\" };";
	int r = FL_CEDAR_E_MEMORY;

	(void)state;
	for (size_t max = 64; r != 0; max += 48) {
		struct fl_cedar_set *set = fl_cedar_set_create(NULL, max);

		assert_true(max < 16384);
		r = fl_cedar_set_add(set, fl_str(text), NULL, &problems);
		if (r != 0)
			assert_null(fl_cedar_set_policy(set, 0));
		else
			r = fl_cedar_set_finish(set);
		assert_true(r == 0 || r == FL_CEDAR_E_MEMORY);
		(void)fl_cedar_set_destroy(set);
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE_SETUP("a forbid wins, nothing permits by itself, errors are told",
	                  test_decisions, setup, teardown),
	    FL_CASE_SETUP("a template decides through its links", test_links, setup, teardown),
	    FL_CASE_SETUP("ids are counted, may be changed and never collide", test_ids, setup,
	                  teardown),
	    FL_CASE_SETUP("what is left out decides nothing", test_excluded, setup, teardown),
	    FL_CASE_SETUP("a bad text adds nothing; limits hold", test_bad_text_adds_nothing, setup,
	                  teardown),
	    FL_CASE_SETUP("a full arena denies", test_full_arena_denies, setup, teardown),
	    FL_CASE_SETUP("10,000 policies are 20 MiB at most", test_memory, setup, teardown),
	    FL_CASE_SETUP("memory that ends anywhere breaks nothing", test_memory_ends, setup,
	                  teardown),
	    FL_CASE_SETUP("a policy tells which clause turned a request down", test_verdicts, setup,
	                  teardown),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
