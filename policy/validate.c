/* policy/validate.c - are policies sound by the schema?
 * SPDX-License-Identifier: Apache-2.0
 *
 * What does not depend on the environment (names, whether any action applies) is looked at once;
 * then the scope is decided for each environment, and the clauses are typed where it may hold.
 */
#include "policy/validate.h"

#include <stdio.h>

#include "policy/set.h"
#include "policy/typecheck.h"

struct fl_cedar_reported {
	struct fl_cedar_reported *next;
	const char *code;
	uint32_t at, len;
};

#define NEAREST_MAX 1000u /* names that are looked at for a hint */

struct fl_problem *fl_cedar_report(struct fl_cedar_report *r, const char *code,
                                   struct fl_cedar_span span, const char *fmt, ...)
{
	struct fl_position at = {.file = r->policy->file, .line = span.line, .column = span.column};
	struct fl_cedar_reported *mark;
	char text[512], pointer[256];
	va_list ap;

	if (fl_arena_is_overflown(r->typing))
		return NULL;
	for (mark = r->first; mark != NULL; mark = mark->next)
		if (strcmp(mark->code, code) == 0 && mark->at == span.at && mark->len == span.len)
			return NULL;
	r->errors++;
	mark = fl_arena_alloc(r->arena, sizeof *mark);
	if (mark != NULL) {
		*mark = (struct fl_cedar_reported){
		    .next = r->first, .code = code, .at = span.at, .len = span.len};
		r->first = mark;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)snprintf(pointer, sizeof pointer, "/%.*s", FL_STR_ARGS(r->policy->id));
	return fl_problems_add(r->problems, code, at, fl_str(pointer), "%s", text);
}

void fl_cedar_report_nearest(struct fl_cedar_report *r, struct fl_problem *p,
                             const struct fl_nearest *nearest)
{
	if (nearest->best.p != NULL)
		fl_problem_hint(r->problems, p, "did you mean `%.*s`?", FL_STR_ARGS(nearest->best));
}

struct validation {
	const struct fl_cedar_schema *schema;
	const struct fl_cedar_policy *policy;
	struct fl_cedar_report *report;
	struct fl_arena *scratch;                        /* of one environment */
	const struct fl_cedar_uid *principal, *resource; /* what the slots stand for, or NULL */
	bool is_possible;
};

/* ---- names ---- */

static void check_type_name(struct validation *v, struct fl_str type, struct fl_cedar_span span)
{
	if (fl_cedar_is_action_type(type) || fl_cedar_schema_type(v->schema, type) != NULL)
		return;
	struct fl_problem *p = fl_cedar_report(v->report, "unrecognized_entity_type", span,
	                                       "there is no entity type `%.*s`", FL_STR_ARGS(type));
	const struct fl_cedar_entity_type *known;
	struct fl_nearest nearest;

	fl_nearest_init(&nearest, type);
	for (size_t i = 0; p != NULL && i < NEAREST_MAX; i++) {
		known = fl_cedar_schema_type_at(v->schema, i);
		if (known == NULL)
			break;
		fl_nearest_try(&nearest, known->name);
	}
	fl_cedar_report_nearest(v->report, p, &nearest);
}

static void report_action(struct validation *v, const struct fl_cedar_uid *uid,
                          struct fl_cedar_span span)
{
	struct fl_problem *p =
	    fl_cedar_report(v->report, "unrecognized_action_id", span,
	                    "there is no action %.*s::\"%.*s\"", FL_STR_ARGS(uid->type),
	                    FL_STR_ARGS(uid->id));
	const struct fl_cedar_action *known;
	struct fl_nearest nearest;

	fl_nearest_init(&nearest, uid->id);
	for (size_t i = 0; p != NULL && i < NEAREST_MAX; i++) {
		known = fl_cedar_schema_action_at(v->schema, i);
		if (known == NULL)
			break;
		if (fl_str_eq(known->uid->type, uid->type))
			fl_nearest_try(&nearest, known->uid->id);
	}
	fl_cedar_report_nearest(v->report, p, &nearest);
}

static void check_uid(struct validation *v, const struct fl_cedar_uid *uid,
                      struct fl_cedar_span span)
{
	const struct fl_cedar_entity_type *type = fl_cedar_schema_type(v->schema, uid->type);
	bool is_known = type == NULL || !type->is_enum;

	check_type_name(v, uid->type, span);
	if (fl_cedar_is_action_type(uid->type)) {
		if (fl_cedar_schema_action(v->schema, uid) == NULL)
			report_action(v, uid, span);
		return;
	}
	for (size_t i = 0; type != NULL && i < type->n_choices && !is_known; i++)
		is_known = fl_str_eq(type->choices[i], uid->id);
	if (!is_known)
		fl_cedar_report(v->report, "invalid_enum_entity", span,
		                "`%.*s` is none of the entities that %.*s has",
		                FL_STR_ARGS(uid->id), FL_STR_ARGS(uid->type));
}

static void check_names(struct validation *v, const struct fl_cedar_expr *x)
{
	if (x->kind == FL_CEDAR_X_LITERAL && x->value.kind == FL_CEDAR_ENTITY)
		check_uid(v, x->value.u.uid, x->span);
	if (x->kind == FL_CEDAR_X_IS)
		check_type_name(v, x->type, x->span);
	for (uint32_t i = 0; i < x->n; i++)
		check_names(v, x->args[i]);
}

static void check_scope_names(struct validation *v, const struct fl_cedar_scope *s)
{
	if (s->type.n != 0)
		check_type_name(v, s->type, s->type_span);
	for (size_t i = 0; i < s->n_uids; i++)
		check_uid(v, s->uids[i], s->uid_spans[i]);
}

/* ---- whether any action applies ---- */

/* May an entity of `type` be in the scope, going by types alone? */
static bool type_in_scope(const struct validation *v, const struct fl_cedar_scope *s,
                          const struct fl_cedar_uid *slot, const struct fl_cedar_entity_type *type)
{
	const struct fl_cedar_uid *uid = s->is_slot ? slot : s->n_uids > 0 ? s->uids[0] : NULL;
	const struct fl_cedar_entity_type *target =
	    uid == NULL ? NULL : fl_cedar_schema_type(v->schema, uid->type);
	bool is_type = s->type.n == 0 || fl_str_eq(s->type, type->name);

	switch ((enum fl_cedar_scope_kind)s->kind) {
	case FL_CEDAR_SCOPE_ANY:
	case FL_CEDAR_SCOPE_IS:
		return is_type;
	case FL_CEDAR_SCOPE_EQ:
		return uid == NULL || fl_str_eq(uid->type, type->name);
	case FL_CEDAR_SCOPE_IN:
	case FL_CEDAR_SCOPE_IS_IN:
		return is_type &&
		       (uid == NULL || (target != NULL && fl_cedar_entity_type_in(type, target)));
	case FL_CEDAR_SCOPE_IN_LIST:
		break;
	}
	return false;
}

/* Is the action in the scope? *ret_known false: the scope names one that is not declared. */
static bool action_in_scope(const struct validation *v, const struct fl_cedar_scope *s,
                            const struct fl_cedar_action *a, bool *ret_known)
{
	bool is_in = s->kind == FL_CEDAR_SCOPE_ANY;

	*ret_known = true;
	for (size_t i = 0; i < s->n_uids; i++) {
		const struct fl_cedar_action *up = fl_cedar_schema_action(v->schema, s->uids[i]);

		if (up == NULL)
			*ret_known = false;
		else if (s->kind == FL_CEDAR_SCOPE_EQ)
			is_in = is_in || up == a;
		else
			is_in = is_in || fl_cedar_action_in(a, up);
	}
	return is_in;
}

static bool any_in_scope(const struct validation *v, const struct fl_cedar_scope *s,
                         const struct fl_cedar_uid *slot,
                         const struct fl_cedar_entity_type *const *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (type_in_scope(v, s, slot, types[i]))
			return true;
	return false;
}

static void check_application(struct validation *v)
{
	const struct fl_cedar_policy *p = v->policy;
	const struct fl_cedar_action *a;
	bool is_known;

	for (size_t i = 0; (a = fl_cedar_schema_action_at(v->schema, i)) != NULL; i++)
		if (action_in_scope(v, &p->action, a, &is_known) && is_known &&
		    any_in_scope(v, &p->principal, v->principal, a->principals, a->n_principals) &&
		    any_in_scope(v, &p->resource, v->resource, a->resources, a->n_resources))
			return;
	fl_cedar_report(
	    v->report, "no_applicable_action", p->span,
	    "no action of the schema applies to the principals and resources of the scope");
}

/* ---- types ---- */

/* A list of actions is a set: of one type, and not empty. */
static void check_action_list(struct validation *v)
{
	const struct fl_cedar_scope *s = &v->policy->action;

	if (s->kind != FL_CEDAR_SCOPE_IN_LIST)
		return;
	if (s->n_uids == 0)
		fl_cedar_report(v->report, "empty_set", s->span,
		                "the type of an empty set's members is not known");
	for (size_t i = 1; i < s->n_uids; i++)
		if (!fl_str_eq(s->uids[i]->type, s->uids[0]->type) &&
		    fl_cedar_schema_action(v->schema, s->uids[i]) != NULL &&
		    fl_cedar_schema_action(v->schema, s->uids[0]) != NULL)
			fl_cedar_report(v->report, "incompatible_types", s->uid_spans[i],
			                "the types %.*s and %.*s do not go together",
			                FL_STR_ARGS(s->uids[0]->type),
			                FL_STR_ARGS(s->uids[i]->type));
}

/* Clauses nest to the right: each may use what those before it make sure of. */
static void check_clauses(struct validation *v, struct fl_cedar_checker *c)
{
	const struct fl_cedar_capability *prior = NULL;
	bool is_false = false;

	for (size_t i = 0; i < v->policy->n_clauses && !is_false; i++) {
		const struct fl_cedar_clause *cl = &v->policy->clauses[i];
		struct fl_cedar_typed t = fl_cedar_typecheck_bool(c, prior, cl->body);

		if (cl->is_unless)
			is_false = t.type != NULL && t.type->kind == FL_CEDAR_TY_TRUE;
		else
			is_false = fl_cedar_type_is_false(t.type);
		if (!cl->is_unless)
			prior = fl_cedar_caps_union(c, prior, t.caps);
	}
	v->is_possible = v->is_possible || !is_false;
}

static void check_environment(struct validation *v, const struct fl_cedar_action *a,
                              const struct fl_cedar_entity_type *principal,
                              const struct fl_cedar_entity_type *resource)
{
	struct fl_cedar_checker c = {
	    .schema = v->schema,
	    .report = v->report,
	    .arena = v->scratch,
	    .action = a,
	    .principal = principal,
	    .resource = resource,
	};

	check_clauses(v, &c);
	bool is_full = fl_arena_is_overflown(v->scratch);

	fl_arena_reset(v->scratch);
	if (is_full)
		fl_cedar_report(v->report, "limit", v->policy->span,
		                "typing takes more than %u bytes", FL_CEDAR_TYPING_BYTES_MAX);
}

/* An entity whose type is not declared leaves its side of the scope undecided, unless the type that
 * `is` asks for decides it. */
static bool side_is_open(const struct validation *v, const struct fl_cedar_scope *s,
                         const struct fl_cedar_entity_type *type)
{
	if (s->n_uids > 0 && fl_cedar_schema_type(v->schema, s->uids[0]->type) == NULL)
		return s->type.n == 0 || fl_str_eq(s->type, type->name);
	return type_in_scope(v, s, NULL, type);
}

/* The same of an action: an unknown one is not this one, but this one may be in it. */
static bool action_is_open(const struct validation *v, const struct fl_cedar_action *a)
{
	const struct fl_cedar_scope *s = &v->policy->action;
	bool is_known, is_in = action_in_scope(v, s, a, &is_known);

	return is_in || (!is_known && s->kind != FL_CEDAR_SCOPE_EQ) ||
	       (s->kind == FL_CEDAR_SCOPE_IN_LIST && s->n_uids == 0);
}

static void check_environments(struct validation *v)
{
	const struct fl_cedar_policy *p = v->policy;
	const struct fl_cedar_action *a;

	for (size_t i = 0; (a = fl_cedar_schema_action_at(v->schema, i)) != NULL; i++) {
		if (!action_is_open(v, a))
			continue;
		for (size_t k = 0; k < a->n_principals; k++) {
			if (!side_is_open(v, &p->principal, a->principals[k]))
				continue;
			for (size_t m = 0; m < a->n_resources; m++)
				if (side_is_open(v, &p->resource, a->resources[m]))
					check_environment(v, a, a->principals[k], a->resources[m]);
		}
	}
}

static void check_policy(struct validation *v)
{
	const struct fl_cedar_policy *p = v->policy;
	struct fl_position at = {.file = p->file, .line = p->span.line, .column = p->span.column};
	char pointer[256];

	check_scope_names(v, &p->principal);
	check_scope_names(v, &p->action);
	check_scope_names(v, &p->resource);
	for (size_t i = 0; i < p->n_clauses; i++)
		check_names(v, p->clauses[i].body);
	check_application(v);
	check_action_list(v);
	check_environments(v);
	if (v->is_possible)
		return;
	(void)snprintf(pointer, sizeof pointer, "/%.*s", FL_STR_ARGS(p->id));
	fl_problem_warn(v->report->problems,
	                fl_problems_add(v->report->problems, "impossible_policy", at,
	                                fl_str(pointer), "the policy is false for every request"));
}

struct room {
	struct fl_arena reports, scratch;
};

static void room_init(struct room *room)
{
	fl_arena_init(&room->reports, 4096, FL_CEDAR_TYPING_BYTES_MAX);
	fl_arena_init(&room->scratch, 16384, FL_CEDAR_TYPING_BYTES_MAX);
}

static void room_fini(struct room *room)
{
	fl_arena_fini(&room->reports);
	fl_arena_fini(&room->scratch);
}

/* The policy itself, or (row not NULL) what filling its slots adds. */
static size_t validate_one(const struct fl_cedar_schema *schema,
                           const struct fl_cedar_policy *policy, const struct fl_cedar_row *row,
                           struct room *room, struct fl_problems *problems)
{
	struct fl_cedar_report report = {.problems = problems,
	                                 .policy = policy,
	                                 .arena = &room->reports,
	                                 .typing = &room->scratch};
	struct validation v = {
	    .schema = schema, .policy = policy, .report = &report, .scratch = &room->scratch};

	if (row == NULL) {
		check_policy(&v);
	} else {
		v.principal = row->principal;
		v.resource = row->resource;
		if (v.principal != NULL)
			check_type_name(&v, v.principal->type, policy->principal.span);
		if (v.resource != NULL)
			check_type_name(&v, v.resource->type, policy->resource.span);
		check_application(&v);
	}
	fl_arena_reset(&room->reports);
	return report.errors;
}

int fl_cedar_validate_policy(const struct fl_cedar_schema *schema,
                             const struct fl_cedar_policy *policy, struct fl_problems *problems)
{
	struct room room;

	room_init(&room);
	size_t errors = validate_one(schema, policy, NULL, &room, problems);

	room_fini(&room);
	return errors == 0 ? 0 : FL_CEDAR_E_INVALID;
}

int fl_cedar_validate(const struct fl_cedar_schema *schema, const struct fl_cedar_set *set,
                      struct fl_problems *problems)
{
	const struct fl_cedar_policy *policy;
	const struct fl_cedar_row *row;
	struct room room;
	size_t errors = 0;

	room_init(&room);
	for (size_t i = 0; (policy = fl_cedar_set_policy(set, i)) != NULL; i++)
		errors += validate_one(schema, policy, NULL, &room, problems);
	for (size_t i = 0; (row = fl_cedar_set_row(set, i)) != NULL; i++)
		if (row->policy->slots != 0)
			errors += validate_one(schema, row->policy, row, &room, problems);
	room_fini(&room);
	return errors == 0 ? 0 : FL_CEDAR_E_INVALID;
}
