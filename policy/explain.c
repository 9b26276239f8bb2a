/* policy/explain.c - one request, and what each policy made of it
 * SPDX-License-Identifier: Apache-2.0
 *
 * The decision is asked of fl_cedar_authorize() and the verdicts of fl_cedar_row_eval(): what is
 * explained is what decides. Only the way from a clause to the part that turned it down is walked
 * here.
 */
#include "policy/explain.h"

#include <stdlib.h>

#include "policy/parser.h"
#include "policy/set.h"

/* ---- the policies that may concern the request ---- */

struct candidates {
	struct fl_arena *arena;
	const struct fl_cedar_row **rows;
	size_t n;
	bool is_full;
};

static bool collect(void *ctx, const struct fl_cedar_index_item *item)
{
	struct candidates *c = ctx;
	const struct fl_cedar_row **more = fl_cedar_grow(c->arena, c->rows, c->n, sizeof(*more));

	if (more == NULL) {
		c->is_full = true;
		return true;
	}
	more[c->n++] = item->row;
	c->rows = more;
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct fl_cedar_row *const *x = a, *const *y = b;

	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

/* In the order of the set, each once: one with a list of actions hangs at each of them. */
static bool find_candidates(struct candidates *c, const struct fl_cedar_index *index,
                            const struct fl_cedar_eval *ev)
{
	struct fl_cedar_probes probes;
	size_t n = 0;

	if (!fl_cedar_index_probes(index, ev, &probes))
		return false;
	for (int is_forbid = 0; is_forbid <= 1; is_forbid++)
		(void)fl_cedar_index_walk(index, &probes, is_forbid != 0, collect, c);
	if (c->n > 1)
		qsort(c->rows, c->n, sizeof(*c->rows), compare);
	for (size_t i = 0; i < c->n; i++)
		if (n == 0 || c->rows[n - 1] != c->rows[i])
			c->rows[n++] = c->rows[i];
	c->n = n;
	return !c->is_full;
}

/* ---- one policy ---- */

/* The operand of an && that is false, or of an || that is true: the first. NULL: there is none, all
 * of them together made the value. */
static const struct fl_cedar_expr *deciding_operand(struct fl_cedar_eval *ev,
                                                    const struct fl_cedar_expr *x)
{
	bool decides = x->kind == FL_CEDAR_X_OR, value;

	if (x->kind != FL_CEDAR_X_AND && x->kind != FL_CEDAR_X_OR)
		return NULL;
	for (uint32_t i = 0; i < x->n; i++) {
		if (!fl_cedar_eval_bool(ev, x->args[i], &value))
			return NULL;
		if (value == decides)
			return x->args[i];
	}
	return NULL;
}

static void add_values(struct fl_cedar_eval *ev, struct fl_cedar_step *step)
{
	const struct fl_cedar_expr *x = step->part;

	if (x->kind == FL_CEDAR_X_AND || x->kind == FL_CEDAR_X_OR || x->kind == FL_CEDAR_X_IF)
		return;
	for (uint32_t i = 0; i < x->n && step->n_values < FL_CEDAR_STEP_VALUES; i++) {
		struct fl_cedar_step_value *v = &step->values[step->n_values];

		if (!x->args[i]->is_const && x->args[i]->kind != FL_CEDAR_X_LITERAL &&
		    x->args[i]->kind != FL_CEDAR_X_VAR &&
		    fl_cedar_eval(ev, x->args[i], &v->value)) {
			v->expr = x->args[i];
			step->n_values++;
		}
	}
}

/* From the clause that turned the policy down to the smallest part of it that did. */
static void find_part(struct fl_cedar_eval *ev, struct fl_cedar_step *step)
{
	const struct fl_cedar_clause *clause = &step->row->policy->clauses[step->clause];
	const struct fl_cedar_expr *x = clause->body, *next;
	bool is_true = clause->is_unless;

	while ((next = x->kind == FL_CEDAR_X_NOT ? x->args[0] : deciding_operand(ev, x)) != NULL) {
		is_true = is_true != (x->kind == FL_CEDAR_X_NOT);
		x = next;
	}
	step->part = x;
	step->part_is_true = is_true;
	add_values(ev, step);
}

static enum fl_cedar_var failing_scope(const struct fl_cedar_row *row,
                                       const struct fl_cedar_eval *ev)
{
	if (!fl_cedar_row_matches(row, ev, FL_CEDAR_PRINCIPAL))
		return FL_CEDAR_PRINCIPAL;
	return fl_cedar_row_matches(row, ev, FL_CEDAR_ACTION) ? FL_CEDAR_RESOURCE : FL_CEDAR_ACTION;
}

/* False: the arena is full. */
static bool explain_row(struct fl_cedar_eval *ev, const struct fl_cedar_row *row,
                        struct fl_cedar_step *step)
{
	*step = (struct fl_cedar_step){.row = row};
	step->verdict = fl_cedar_row_eval(row, ev, &step->clause);
	switch (step->verdict) {
	case FL_CEDAR_OUT_OF_SCOPE:
		step->scope = failing_scope(row, ev);
		break;
	case FL_CEDAR_NOT_SATISFIED:
		find_part(ev, step);
		break;
	case FL_CEDAR_ERROR:
		step->fault = ev->fault;
		step->part = ev->fault.at;
		break;
	case FL_CEDAR_SATISFIED:
		break;
	}
	return !fl_arena_is_overflown(ev->scratch);
}

int fl_cedar_explain(const struct fl_cedar_set *set, const struct fl_cedar_request *request,
                     struct fl_arena *scratch, struct fl_cedar_explanation *ret)
{
	struct candidates found = {.arena = scratch};
	struct fl_cedar_explanation why = {.steps = NULL};
	struct fl_cedar_eval ev;
	struct fl_cedar_step *steps;

	if (fl_cedar_authorize(set, request, FL_CEDAR_FULL, scratch, &why.answer) != 0)
		return FL_CEDAR_E_MEMORY;
	fl_cedar_eval_init(&ev, request, scratch);
	if (!find_candidates(&found, &set->index, &ev))
		return FL_CEDAR_E_MEMORY;
	steps = fl_arena_array(scratch, found.n + 1, sizeof *steps);
	if (steps == NULL)
		return FL_CEDAR_E_MEMORY;
	for (size_t i = 0; i < found.n; i++)
		if (!explain_row(&ev, found.rows[i], &steps[i]))
			return FL_CEDAR_E_MEMORY;
	why.steps = steps;
	why.n_steps = found.n;
	why.n_others = set->n_rows - found.n;
	*ret = why;
	return 0;
}
