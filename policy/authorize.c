/* policy/authorize.c - decisions
 * SPDX-License-Identifier: Apache-2.0
 *
 * A policy's scope cannot fail and is looked at first; its clauses follow in order and stop at the
 * first that turns the policy down or fails. Lists grow in the caller's arena.
 */
#include "base/sort.h"
#include "policy/parser.h"
#include "policy/set.h"

static bool in_scope(const struct fl_cedar_scope *s, const struct fl_cedar_uid *slot,
                     const struct fl_cedar_uid *uid, const struct fl_cedar_entity *entity)
{
	const struct fl_cedar_uid *target = s->is_slot ? slot : s->n_uids > 0 ? s->uids[0] : NULL;

	switch ((enum fl_cedar_scope_kind)s->kind) {
	case FL_CEDAR_SCOPE_ANY:
		return true;
	case FL_CEDAR_SCOPE_EQ:
		return fl_cedar_uid_eq(uid, target);
	case FL_CEDAR_SCOPE_IN:
		return fl_cedar_eval_in(uid, entity, target);
	case FL_CEDAR_SCOPE_IS:
		return fl_cedar_uid_is_type(uid, s->type);
	case FL_CEDAR_SCOPE_IS_IN:
		return fl_cedar_uid_is_type(uid, s->type) && fl_cedar_eval_in(uid, entity, target);
	case FL_CEDAR_SCOPE_IN_LIST:
		break;
	}
	for (size_t i = 0; i < s->n_uids; i++)
		if (fl_cedar_eval_in(uid, entity, s->uids[i]))
			return true;
	return false;
}

bool fl_cedar_row_matches(const struct fl_cedar_row *row, const struct fl_cedar_eval *ev,
                          enum fl_cedar_var part)
{
	const struct fl_cedar_policy *p = row->policy;
	const struct fl_cedar_request *rq = ev->request;

	switch (part) {
	case FL_CEDAR_PRINCIPAL:
		return in_scope(&p->principal, row->principal, rq->principal, ev->vars[part]);
	case FL_CEDAR_ACTION:
		return in_scope(&p->action, NULL, rq->action, ev->vars[part]);
	case FL_CEDAR_RESOURCE:
		return in_scope(&p->resource, row->resource, rq->resource, ev->vars[part]);
	case FL_CEDAR_CONTEXT:
		break;
	}
	FL_ASSERT(!"a part of a scope");
	return false;
}

enum fl_cedar_verdict fl_cedar_row_eval(const struct fl_cedar_row *row, struct fl_cedar_eval *ev,
                                        size_t *ret_clause)
{
	const struct fl_cedar_policy *p = row->policy;

	if (!fl_cedar_row_matches(row, ev, FL_CEDAR_PRINCIPAL) ||
	    !fl_cedar_row_matches(row, ev, FL_CEDAR_ACTION) ||
	    !fl_cedar_row_matches(row, ev, FL_CEDAR_RESOURCE))
		return FL_CEDAR_OUT_OF_SCOPE;
	for (size_t i = 0; i < p->n_clauses; i++) {
		bool b;

		*ret_clause = i;
		if (!fl_cedar_eval_bool(ev, p->clauses[i].body, &b))
			return FL_CEDAR_ERROR;
		if (b == p->clauses[i].is_unless)
			return FL_CEDAR_NOT_SATISFIED;
	}
	return FL_CEDAR_SATISFIED;
}

struct decision {
	struct fl_cedar_eval ev;
	const struct fl_cedar_row **permits, **forbids;
	size_t n_permits, n_forbids;
	struct fl_cedar_policy_error *errors;
	size_t n_errors;
	bool stops;   /* at the first satisfied policy */
	bool is_full; /* the arena */
};

static void push(struct decision *d, const struct fl_cedar_row ***list, size_t *n,
                 const struct fl_cedar_row *row)
{
	const struct fl_cedar_row **more = fl_cedar_grow(d->ev.scratch, *list, *n, sizeof(*more));

	if (more == NULL) {
		d->is_full = true;
		return;
	}
	more[(*n)++] = row;
	*list = more;
}

static void push_error(struct decision *d, const struct fl_cedar_row *row)
{
	struct fl_cedar_policy_error *more =
	    fl_cedar_grow(d->ev.scratch, d->errors, d->n_errors, sizeof *more);

	if (more == NULL || d->ev.fault.kind == FL_CEDAR_FAULT_MEMORY) {
		d->is_full = true;
		return;
	}
	more[d->n_errors++] = (struct fl_cedar_policy_error){.row = row, .fault = d->ev.fault};
	d->errors = more;
}

/* True: enough is known. */
static bool consider(struct decision *d, const struct fl_cedar_row *row)
{
	size_t clause;

	switch (fl_cedar_row_eval(row, &d->ev, &clause)) {
	case FL_CEDAR_SATISFIED:
		if (row->policy->is_forbid)
			push(d, &d->forbids, &d->n_forbids, row);
		else
			push(d, &d->permits, &d->n_permits, row);
		return d->stops || d->is_full;
	case FL_CEDAR_ERROR:
		push_error(d, row);
		return d->is_full;
	case FL_CEDAR_OUT_OF_SCOPE:
	case FL_CEDAR_NOT_SATISFIED:
		break;
	}
	return false;
}

/* A policy with a list of actions hangs at each of them: only the first that the action is in
 * counts. */
static bool visit(void *ctx, const struct fl_cedar_index_item *item)
{
	struct decision *d = ctx;
	const struct fl_cedar_scope *s = &item->row->policy->action;

	for (uint32_t i = 0; i < item->list_at; i++)
		if (fl_cedar_eval_in(d->ev.request->action, d->ev.vars[FL_CEDAR_ACTION],
		                     s->uids[i]))
			return false;
	return consider(d, item->row);
}

static void walk(struct decision *d, const struct fl_cedar_index *index)
{
	struct fl_cedar_probes probes;

	if (!fl_cedar_index_probes(index, &d->ev, &probes)) {
		d->is_full = true;
		return;
	}
	if (!fl_cedar_index_walk(index, &probes, true, visit, d))
		(void)fl_cedar_index_walk(index, &probes, false, visit, d);
}

static int compare_rows(const void *a, const void *b)
{
	const struct fl_cedar_row *const *x = a, *const *y = b;

	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

static int compare_errors(const void *a, const void *b)
{
	const struct fl_cedar_policy_error *x = a, *y = b;

	return (x->row->index > y->row->index) - (x->row->index < y->row->index);
}

/* The index gives no order; answers are in that of the set. */
static void answer(const struct decision *d, struct fl_cedar_answer *ret)
{
	ret->is_allowed = d->n_forbids == 0 && d->n_permits > 0;
	ret->reasons = d->n_forbids > 0 ? d->forbids : d->permits;
	ret->n_reasons = d->n_forbids > 0 ? d->n_forbids : d->n_permits;
	ret->errors = d->errors;
	ret->n_errors = d->n_errors;
	fl_sort(ret->reasons, ret->n_reasons, sizeof(*ret->reasons), compare_rows);
	fl_sort(ret->errors, ret->n_errors, sizeof *ret->errors, compare_errors);
}

int fl_cedar_authorize(const struct fl_cedar_set *set, const struct fl_cedar_request *request,
                       enum fl_cedar_mode mode, struct fl_arena *scratch,
                       struct fl_cedar_answer *ret)
{
	struct decision d = {.stops = mode == FL_CEDAR_FAST};

	FL_ASSERT(set->is_finished && request->context.kind == FL_CEDAR_RECORD);
	fl_cedar_eval_init(&d.ev, request, scratch);
	if (mode != FL_CEDAR_LINEAR)
		walk(&d, &set->index);
	else
		for (size_t i = 0; i < set->n_rows && !d.is_full; i++)
			(void)consider(&d, set->rows[i]);
	*ret = (struct fl_cedar_answer){.is_allowed = false};
	if (d.is_full)
		return FL_CEDAR_E_MEMORY;
	answer(&d, ret);
	return 0;
}
