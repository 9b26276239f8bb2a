/* policy/typecheck.h - types of expressions
 * SPDX-License-Identifier: Apache-2.0
 *
 * The inside of the validator. An expression is typed for one environment: an action, a type of
 * principal and a type of resource. Beside its type it has capabilities: what attributes and tags
 * are there when it is true.
 */
#ifndef FL_POLICY_TYPECHECK_H
#define FL_POLICY_TYPECHECK_H

#include "base/error.h"
#include "policy/ast.h"
#include "policy/schema.h"

/* An expression, followed by attributes names[0..n). */
struct fl_cedar_access {
	const struct fl_cedar_expr *x;
	const struct fl_cedar_name *names;
	size_t n;
};

/* `on` has the attribute `attr`, or (tag != NULL) the tag that `tag` evaluates to. */
struct fl_cedar_capability {
	const struct fl_cedar_capability *next;
	struct fl_cedar_access on;
	struct fl_cedar_name attr;
	const struct fl_cedar_expr *tag;
};

struct fl_cedar_typed {
	const struct fl_cedar_type *type; /* NULL: not known, which was an error */
	bool is_ok;
	const struct fl_cedar_capability *caps;
};

/* What was reported already, so that it is told once for all environments. */
struct fl_cedar_report {
	struct fl_problems *problems;
	const struct fl_cedar_policy *policy;
	struct fl_arena *arena;
	const struct fl_arena *typing; /* once it is full nothing is known, and nothing is told */
	struct fl_cedar_reported *first;
	size_t errors;
};

/* The problem, to add a hint to; NULL: it is told already, or too many are. */
struct fl_problem *fl_cedar_report(struct fl_cedar_report *r, const char *code,
                                   struct fl_cedar_span span, const char *fmt, ...) FL_PRINTF(4, 5);
/* "did you mean `name`?" `p` may be NULL, and none may be near. */
void fl_cedar_report_nearest(struct fl_cedar_report *r, struct fl_problem *p,
                             const struct fl_nearest *nearest);

struct fl_cedar_checker {
	const struct fl_cedar_schema *schema;
	struct fl_cedar_report *report;
	struct fl_arena *arena; /* for types and capabilities; overflown: give up */
	const struct fl_cedar_action *action;
	const struct fl_cedar_entity_type *principal, *resource;
};

struct fl_cedar_typed fl_cedar_typecheck(struct fl_cedar_checker *c,
                                         const struct fl_cedar_capability *prior,
                                         const struct fl_cedar_expr *x);
/* The same, where anything but a Bool is an error. */
struct fl_cedar_typed fl_cedar_typecheck_bool(struct fl_cedar_checker *c,
                                              const struct fl_cedar_capability *prior,
                                              const struct fl_cedar_expr *x);
/* All of both. */
const struct fl_cedar_capability *fl_cedar_caps_union(struct fl_cedar_checker *c,
                                                      const struct fl_cedar_capability *a,
                                                      const struct fl_cedar_capability *b);
/* The least type of which both are, or NULL. */
const struct fl_cedar_type *fl_cedar_type_lub(struct fl_arena *arena, const struct fl_cedar_type *a,
                                              const struct fl_cedar_type *b);
/* Bool, or one that is known. */
bool fl_cedar_type_is_bool(const struct fl_cedar_type *type);
bool fl_cedar_type_is_false(const struct fl_cedar_type *type);
/* `Action` in any namespace. */
bool fl_cedar_is_action_type(struct fl_str type);

/* The literal that an expression is, or the action where it is the variable; false: neither. */
bool fl_cedar_literal(const struct fl_cedar_action *action, const struct fl_cedar_expr *x,
                      struct fl_cedar_value *ret);

#endif
