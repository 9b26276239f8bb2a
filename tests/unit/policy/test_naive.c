/* tests/unit/policy/test_naive.c - the library against a second, naive evaluator
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/policy/fixture.h"

#include "policy/explain.h"
#include "tests/unit/policy/gen.h"
#include "tests/unit/policy/naive.h"

#define EXPRESSIONS 100000u
#define ROUNDS 200u
#define POLICIES 25u
#define REQUESTS 12u

static struct fl_cedar_entities *make_entities(struct gen *g)
{
	struct fl_cedar_entities *es = fl_cedar_entities_create(16 << 20);
	struct fl_error err = FL_ERROR_INIT;
	struct fl_buf text;

	fl_buf_init(&text, 1 << 20);
	gen_entities(g, &text);
	assert_int_equal(fl_cedar_entities_read(es, fl_buf_str(&text), NULL, NULL, &problems), 0);
	assert_int_equal(fl_cedar_entities_finish(es, &err), 0);
	fl_buf_fini(&text);
	return es;
}

static struct fl_cedar_set *make_set(struct gen *g)
{
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, 64 << 20);
	struct gen_policy *p = fl_arena_alloc(&arena, sizeof *p);
	struct fl_buf text;

	fl_buf_init(&text, 1 << 20);
	for (unsigned i = 0; i < POLICIES; i++) {
		fl_buf_clear(&text);
		gen_policy(g, p);
		fl_buf_add_c(&text, p->scope);
		for (unsigned k = 0; k < p->n_clauses; k++)
			fl_buf_printf(&text, " %s { %s }",
			              p->clauses[k].is_unless ? "unless" : "when", p->clauses[k].a);
		fl_buf_add_c(&text, ";");
		if (fl_cedar_set_add(set, fl_buf_str(&text), NULL, &problems) != 0)
			fail_msg("refused: %s", fl_buf_cstr(&text));
	}
	assert_int_equal(fl_cedar_set_finish(set), 0);
	fl_buf_fini(&text);
	return set;
}

/* A value prints as an expression that is it again. */
static void check_print(const struct fl_cedar_request *request, struct fl_cedar_value v,
                        struct fl_arena *scratch)
{
	struct fl_cedar_expr *x;
	struct fl_cedar_value again;
	struct fl_buf out;

	/* Of datetimes and durations the printed form is a call, not a constant. */
	fl_buf_init(&out, 1 << 16);
	fl_cedar_value_print(&out, v);
	if (fl_cedar_parse_expr(scratch, fl_buf_str(&out), NULL, &x, &problems) != 0)
		fail_msg("refused: %s", fl_buf_cstr(&out));
	if (!naive_eval(request, x, scratch, &again) || !naive_eq(v, again))
		fail_msg("another value: %s", fl_buf_cstr(&out));
	fl_buf_fini(&out);
}

static void test_expressions(void **state)
{
	struct gen g = {.seed = UINT64_C(0x0123456789abcdef)};
	struct fl_cedar_entities *es = make_entities(&g);
	struct fl_cedar_request request;
	size_t values = 0, faults = 0;
	struct fl_arena scratch;
	struct fl_buf text;

	(void)state;
	fl_arena_init(&scratch, 65536, 64 << 20);
	fl_buf_init(&text, 1 << 20);
	for (unsigned i = 0; i < EXPRESSIONS; i++) {
		struct fl_cedar_value ours, theirs;
		struct fl_cedar_eval ev;
		struct fl_cedar_expr *x;

		fl_arena_reset(&scratch);
		fl_buf_clear(&text);
		gen_expr(&g, &text);
		gen_request(&g, es, &scratch, &request);
		if (fl_cedar_parse_expr(&scratch, fl_buf_str(&text), NULL, &x, &problems) != 0)
			fail_msg("refused: %s", fl_buf_cstr(&text));
		fl_cedar_eval_init(&ev, &request, &scratch);
		bool is_ours = fl_cedar_eval(&ev, x, &ours);
		bool is_theirs = naive_eval(&request, x, &scratch, &theirs);

		if (is_ours != is_theirs || (is_ours && !naive_eq(ours, theirs)))
			fail_msg("%s", fl_buf_cstr(&text));
		if (is_ours)
			check_print(&request, ours, &scratch);
		values += is_ours;
		faults += !is_ours;
	}
	assert_true(values > EXPRESSIONS / 4 && faults > EXPRESSIONS / 10);
	(void)fl_cedar_entities_destroy(es);
	fl_arena_fini(&scratch);
	fl_buf_fini(&text);
}

/* An explanation says of each policy what the policy made of the request. */
static void check_explanation(const struct fl_cedar_set *set,
                              const struct fl_cedar_request *request,
                              const struct fl_cedar_answer *answer, struct fl_arena *scratch)
{
	struct fl_cedar_explanation why;
	size_t step = 0;

	assert_int_equal(fl_cedar_explain(set, request, scratch, &why), 0);
	assert_int_equal(why.answer.is_allowed, answer->is_allowed);
	assert_int_equal(why.answer.n_reasons, answer->n_reasons);
	assert_int_equal(why.answer.n_errors, answer->n_errors);
	for (size_t i = 0; fl_cedar_set_row(set, i) != NULL; i++) {
		const struct fl_cedar_row *row = fl_cedar_set_row(set, i);
		enum fl_cedar_verdict verdict = naive_verdict(request, row, scratch);

		if (step < why.n_steps && why.steps[step].row == row)
			assert_int_equal(why.steps[step++].verdict, verdict);
		else
			assert_int_equal(verdict, FL_CEDAR_OUT_OF_SCOPE);
	}
	assert_int_equal(step, why.n_steps);
}

static void test_sets(void **state)
{
	struct gen g = {.seed = UINT64_C(0xfedcba9876543210)};
	size_t allowed = 0, forbidden = 0, errors = 0;
	struct fl_arena scratch;

	(void)state;
	fl_arena_init(&scratch, 65536, 64 << 20);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct fl_cedar_entities *es = make_entities(&g);
		struct fl_cedar_set *set = make_set(&g);

		for (unsigned i = 0; i < REQUESTS; i++) {
			struct fl_cedar_request request;
			struct fl_cedar_answer answer;
			const char *what;

			fl_arena_reset(&scratch);
			gen_request(&g, es, &scratch, &request);
			assert_int_equal(
			    fl_cedar_authorize(set, &request, FL_CEDAR_FULL, &scratch, &answer), 0);
			what = naive_differs(set, &request, &answer, &scratch);
			if (what != NULL)
				fail_msg("%s, round %u, request %u", what, round, i);
			check_explanation(set, &request, &answer, &scratch);
			allowed += answer.is_allowed;
			forbidden += !answer.is_allowed && answer.n_reasons > 0;
			errors += answer.n_errors;
		}
		(void)fl_cedar_set_destroy(set);
		(void)fl_cedar_entities_destroy(es);
		fl_arena_reset(&arena);
	}
	/* All kinds of answers came up. */
	assert_true(allowed > 100 && forbidden > 100 && errors > 1000);
	fl_arena_fini(&scratch);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("100,000 expressions have the value that a naive evaluator finds",
	         test_expressions),
	    CASE("60,000 policies decide as a naive authorizer does, and explain it", test_sets),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
