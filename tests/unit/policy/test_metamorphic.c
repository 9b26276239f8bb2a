/* tests/unit/policy/test_metamorphic.c - what must not change a decision does not
 * SPDX-License-Identifier: Apache-2.0
 *
 * A set of policies from a seed is written down in several ways that mean the same, and its
 * entities too; decision, reasons and errors of each request are compared by the policies' numbers.
 */
#include "tests/unit/policy/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/policy/gen.h"

#define ROUNDS 150u
#define POLICIES 20u
#define REQUESTS 15u

/* How a set is written down. */
enum form {
	PLAIN,
	SHUFFLED,
	PADDED,  /* between the policies others that never match */
	SPLIT,   /* when { a } when { b } for when { a && b } */
	NEGATED, /* when { !(x) } for unless { x }, and the other way round */
	PRINTED, /* printed and parsed again */
	FORMS
};

struct written {
	struct fl_cedar_set *set;
	int numbers[POLICIES * 4]; /* of each row; -1: one of those that never match */
};

static void add_clause(struct fl_buf *out, const struct gen_policy *p, unsigned i, enum form form)
{
	const char *a = p->clauses[i].a, *b = p->clauses[i].b;
	bool is_unless = p->clauses[i].is_unless;

	if (form == SPLIT && !is_unless)
		fl_buf_printf(out, " when { %s } when { %s }", a, b);
	else if (form == NEGATED)
		fl_buf_printf(out, " %s { !((%s) && (%s)) }", is_unless ? "when" : "unless", a, b);
	else
		fl_buf_printf(out, " %s { (%s) && (%s) }", is_unless ? "unless" : "when", a, b);
}

static void add_text(struct written *w, size_t *n, struct fl_str text, int number)
{
	if (fl_cedar_set_add(w->set, text, NULL, &problems) != 0)
		fail_msg("refused: %.*s", FL_STR_ARGS(text));
	assert_true(*n < FL_ARRAY_LEN(w->numbers));
	w->numbers[(*n)++] = number;
}

static void add_policy(struct written *w, size_t *n, const struct gen_policy *p, int number,
                       enum form form)
{
	struct fl_cedar_policies_ast ast;
	struct fl_buf text, printed;

	fl_buf_init(&text, 1 << 20);
	fl_buf_init(&printed, 1 << 20);
	fl_buf_add_c(&text, p->scope);
	for (unsigned i = 0; i < p->n_clauses; i++)
		add_clause(&text, p, i, form);
	fl_buf_add_c(&text, ";");
	if (form == PRINTED) {
		assert_int_equal(
		    fl_cedar_parse_policies(&arena, fl_buf_str(&text), NULL, NULL, &ast, &problems),
		    0);
		fl_cedar_print_policy(&printed, ast.policies[0]);
	}
	add_text(w, n, fl_buf_str(form == PRINTED ? &printed : &text), number);
	fl_buf_fini(&text);
	fl_buf_fini(&printed);
}

static void add_idle(struct gen *g, struct written *w, size_t *n)
{
	static const char *const idle[] = {
	    "permit(principal == Nobody::\"x\", action, resource);",
	    "forbid(principal in Nobody::\"x\", action, resource);",
	    "forbid(principal, action in [], resource);",
	    "forbid(principal is Nobody, action, resource) when { 1 + true };",
	    "permit(principal, action, resource) when { false };",
	    "forbid(principal, action, resource) unless { true } when { 1 };",
	    "forbid(principal, action == Action::\"none\", resource);",
	    "forbid(principal, action, resource is U in Nobody::\"x\");",
	};

	add_text(w, n, fl_str(idle[gen_pick(g, FL_ARRAY_LEN(idle))]), -1);
}

static struct written write_down(struct gen *g, const struct gen_policy *policies, enum form form)
{
	struct written w = {.set = fl_cedar_set_create(NULL, 64 << 20)};
	int order[POLICIES];
	size_t n = 0;

	for (int i = 0; i < (int)POLICIES; i++) {
		int at = form == SHUFFLED ? (int)gen_pick(g, (unsigned)i + 1) : i;

		order[i] = order[at];
		order[at] = i;
	}
	for (unsigned i = 0; i < POLICIES; i++) {
		if (form == PADDED && gen_pick(g, 2) == 0)
			add_idle(g, &w, &n);
		add_policy(&w, &n, &policies[order[i]], order[i], form);
	}
	assert_int_equal(fl_cedar_set_finish(w.set), 0);
	return w;
}

/* ---- Entities ---- */

static struct fl_cedar_entities *read_entities(struct fl_str text)
{
	struct fl_cedar_entities *es = fl_cedar_entities_create(16 << 20);
	struct fl_error err = FL_ERROR_INIT;

	assert_int_equal(fl_cedar_entities_read(es, text, NULL, NULL, &problems), 0);
	assert_int_equal(fl_cedar_entities_finish(es, &err), 0);
	return es;
}

/* The same text twice over, then entities that nothing else names. */
static struct fl_cedar_entities *read_more(struct fl_str text)
{
	static const char more[] =
	    ",{\"uid\":{\"type\":\"Nobody\",\"id\":\"y\"},\"attrs\":{\"b\":true},"
	    "\"parents\":[{\"type\":\"U\",\"id\":\"0\"},{\"type\":\"Nobody\",\"id\":\"z\"}]},"
	    "{\"uid\":{\"type\":\"V\",\"id\":\"0\"},\"attrs\":{},\"parents\":[]}]";
	struct fl_buf twice;

	fl_buf_init(&twice, 1 << 20);
	fl_buf_add(&twice, fl_str_n(text.p, text.n - 1));
	fl_buf_add_c(&twice, ",");
	fl_buf_add(&twice, fl_str_n(text.p + 1, text.n - 2));
	fl_buf_add_c(&twice, more);
	struct fl_cedar_entities *es = read_entities(fl_buf_str(&twice));

	fl_buf_fini(&twice);
	return es;
}

/* ---- Answers ---- */

struct summary {
	bool is_allowed, is_reason[POLICIES], is_error[POLICIES];
};

static void mark(const struct written *w, const struct fl_cedar_row *row, bool *list)
{
	int number = w->numbers[row->index];

	assert_true(number >= 0 && !list[number]);
	list[number] = true;
}

static void decide(const struct written *w, const struct fl_cedar_request *request,
                   enum fl_cedar_mode mode, struct fl_arena *scratch, struct summary *ret)
{
	struct fl_cedar_answer answer;

	memset(ret, 0, sizeof *ret);
	assert_int_equal(fl_cedar_authorize(w->set, request, mode, scratch, &answer), 0);
	ret->is_allowed = answer.is_allowed;
	for (size_t i = 0; i < answer.n_reasons; i++)
		mark(w, answer.reasons[i], ret->is_reason);
	for (size_t i = 0; i < answer.n_errors; i++)
		mark(w, answer.errors[i].row, ret->is_error);
}

static void check(const struct written *w, struct fl_cedar_request request,
                  const struct fl_cedar_entities *entities, const struct summary *want,
                  const char *what)
{
	struct fl_arena scratch;
	struct summary got;

	fl_arena_init(&scratch, 65536, 16 << 20);
	request.entities = entities;
	decide(w, &request, FL_CEDAR_FULL, &scratch, &got);
	if (memcmp(&got, want, sizeof got) != 0)
		fail_msg("another answer: %s", what);
	decide(w, &request, FL_CEDAR_LINEAR, &scratch, &got);
	if (memcmp(&got, want, sizeof got) != 0)
		fail_msg("another answer, one policy in turn: %s", what);
	decide(w, &request, FL_CEDAR_FAST, &scratch, &got);
	if (got.is_allowed != want->is_allowed)
		fail_msg("another decision, fast: %s", what);
	for (size_t i = 0; i < POLICIES; i++)
		if (got.is_reason[i] && !want->is_reason[i])
			fail_msg("another reason, fast: %s", what);
	fl_arena_fini(&scratch);
}

static void test_forms(void **state)
{
	static const char *const names[] = {"plain", "shuffled", "padded",
	                                    "split", "negated",  "printed"};
	struct gen g = {.seed = UINT64_C(0x5eed0fcafe5eed01)};
	struct gen_policy *policies = calloc(POLICIES, sizeof *policies);
	struct fl_arena scratch;
	size_t allowed = 0, errors = 0;

	(void)state;
	assert_non_null(policies);
	fl_arena_init(&scratch, 65536, 16 << 20);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct written forms[FORMS];
		struct fl_buf text;

		fl_buf_init(&text, 1 << 20);
		gen_entities(&g, &text);
		for (unsigned i = 0; i < POLICIES; i++)
			gen_policy(&g, &policies[i]);
		for (int form = PLAIN; form < FORMS; form++)
			forms[form] = write_down(&g, policies, (enum form)form);
		struct fl_cedar_entities *es = read_entities(fl_buf_str(&text));
		struct fl_cedar_entities *more = read_more(fl_buf_str(&text));

		for (unsigned i = 0; i < REQUESTS; i++) {
			struct fl_cedar_request request;
			struct summary want;

			fl_arena_reset(&scratch);
			gen_request(&g, es, &scratch, &request);
			decide(&forms[PLAIN], &request, FL_CEDAR_FULL, &scratch, &want);
			for (int form = PLAIN; form < FORMS; form++)
				check(&forms[form], request, es, &want, names[form]);
			check(&forms[PLAIN], request, more, &want, "entities twice, and others");
			allowed += want.is_allowed;
			for (unsigned k = 0; k < POLICIES; k++)
				errors += want.is_error[k];
		}
		for (int form = PLAIN; form < FORMS; form++)
			(void)fl_cedar_set_destroy(forms[form].set);
		(void)fl_cedar_entities_destroy(es);
		(void)fl_cedar_entities_destroy(more);
		fl_buf_fini(&text);
		fl_arena_reset(&arena);
	}
	assert_true(allowed > 100 && errors > 1000);
	fl_arena_fini(&scratch);
	free(policies);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("order, idle policies, clauses and printing change no decision", test_forms),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
