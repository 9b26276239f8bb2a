/* policy/eval.h - what an expression evaluates to
 * SPDX-License-Identifier: Apache-2.0
 *
 * Evaluates over one request and the entities at hand, exactly as the language says: total
 * equality, short circuits, checked integers, absent entities. Sets, records and extension values
 * that come up on the way live in the caller's scratch arena; nothing else is allocated. Stack: one
 * frame of about 200 bytes for each level of the tree (at most FL_CEDAR_HEIGHT_MAX). [any]
 */
#ifndef FL_POLICY_EVAL_H
#define FL_POLICY_EVAL_H

#include "policy/ast.h"
#include "policy/entities.h"

/* Who wants to do what with what. All is borrowed. */
struct fl_cedar_request {
	const struct fl_cedar_uid *principal, *action, *resource;
	struct fl_cedar_value context; /* a record */
	/* The entities; may be NULL. Those in `own` go before those of the same name in `entities`:
	 * what is known of this request only, e.g. the principal with its claims as tags. */
	const struct fl_cedar_entities *entities;
	const struct fl_cedar_entity *const *own;
	size_t n_own;
};

enum fl_cedar_fault_kind {
	FL_CEDAR_FAULT_NONE,
	FL_CEDAR_FAULT_TYPE,      /* `got` is not of the type that the operation takes */
	FL_CEDAR_FAULT_NO_ENTITY, /* the entity `got` is not there */
	FL_CEDAR_FAULT_NO_ATTR,   /* `got` has no attribute `name` */
	FL_CEDAR_FAULT_NO_TAG,    /* `got` has no tag `name` */
	FL_CEDAR_FAULT_OVERFLOW,  /* of a Long */
	FL_CEDAR_FAULT_EXTENSION, /* a constructor or method refused: `why` */
	FL_CEDAR_FAULT_MEMORY     /* the scratch arena is full */
};

/* Why there is no value. Points into the policy, the request and the scratch arena. */
struct fl_cedar_fault {
	enum fl_cedar_fault_kind kind;
	const struct fl_cedar_expr *at; /* the expression that failed */
	const char *why;                /* what was expected, or why it was refused; static */
	struct fl_cedar_value got;
	struct fl_str name;
};

struct fl_cedar_eval {
	const struct fl_cedar_request *request;
	struct fl_arena *scratch;
	struct fl_cedar_fault fault; /* set when a function below returns false */
	/* What the request's three names stand for, looked up once; NULL: absent. */
	const struct fl_cedar_entity *vars[3];
};

/* Looks up the entities of the request. */
void fl_cedar_eval_init(struct fl_cedar_eval *ev, const struct fl_cedar_request *request,
                        struct fl_arena *scratch);
bool fl_cedar_eval(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                   struct fl_cedar_value *ret);
/* The same where only a Bool will do. */
bool fl_cedar_eval_bool(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x, bool *ret);
/* The entity, or NULL. */
const struct fl_cedar_entity *fl_cedar_eval_entity(const struct fl_cedar_eval *ev,
                                                   const struct fl_cedar_uid *uid);
/* `uid` is `ancestor` or below it. `entity` is uid's, or NULL. */
bool fl_cedar_eval_in(const struct fl_cedar_uid *uid, const struct fl_cedar_entity *entity,
                      const struct fl_cedar_uid *ancestor);
/* Does the pattern parts[0] * parts[1] * ... match the whole of `s`? */
bool fl_cedar_like(struct fl_str s, const struct fl_cedar_name *parts, size_t n);

/* "the entity User::"ann" has no attribute `age`" */
void fl_cedar_fault_print(struct fl_buf *out, const struct fl_cedar_fault *fault);

#endif
