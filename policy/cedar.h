/* policy/cedar.h - Cedar policies: load, link, decide
 * SPDX-License-Identifier: Apache-2.0
 *
 * libfairlead-cedar is the Cedar policy language (4.5) as a library: no I/O, no clock, no threads,
 * no globals but a random key of its hash tables. It needs nothing beyond base/. This header is what
 * a program includes; policy/example.c is a whole program.
 *
 *	1. Policies   fl_cedar_set_create(), _add() for each text, _link() for each use of a
 *	              template, _finish(). From then on the set is only read.
 *	2. Entities   fl_cedar_entities_create(), fl_cedar_entities_read() (JSON) or _add() (C),
 *	              _finish(). From then on the store is only read.
 *	3. Decisions  fl_cedar_authorize(), from any number of threads, each with an arena of its
 *	              own.
 *	4. The end    fl_cedar_set_destroy(), fl_cedar_entities_destroy(), when no thread decides.
 *
 * Ownership: create/destroy pairs own their memory; what they are given is copied, what they hand
 * out lives as long as they do. struct fl_str is borrowed text with a length: ids and attribute
 * names may hold NUL bytes, and no function looks for one. A decision's answer lives in the caller's
 * arena.
 *
 * Errors: 0 is done; a positive enum fl_cedar_outcome is for the caller to handle; texts for people
 * are in struct fl_problems (many, with positions) or struct fl_error (one). A function that fails
 * changes nothing that can be seen, unless it says so.
 *
 * Hostile input: every limit stands in policy/limits.h. Policies, entities and requests may come
 * from outsiders; they cost bounded stack and no more memory than the caller's arena and limits
 * allow.
 */
#ifndef FL_POLICY_CEDAR_H
#define FL_POLICY_CEDAR_H

#include "policy/ast.h"
#include "policy/conform.h"
#include "policy/entities.h"
#include "policy/entities_json.h"
#include "policy/eval.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "policy/schema.h"

/* ---- Policy sets ---- */

struct fl_cedar_set;

/* A policy in force: a static policy, or a template with its slots filled. Immutable. */
struct fl_cedar_row {
	struct fl_str id;
	const struct fl_cedar_policy *policy;
	const struct fl_cedar_uid *principal, *resource; /* what the slots stand for, or NULL */
	uint32_t index;                                  /* in the set, from 0 */
};

/* An empty set. `limits` may be NULL: all of policy/limits.h. `max_bytes` bounds the memory of the
 * whole set. NULL when out of memory. */
struct fl_cedar_set *fl_cedar_set_create(const struct fl_cedar_limits *limits, size_t max_bytes);
/* NULL is fine. Returns NULL. */
struct fl_cedar_set *fl_cedar_set_destroy(struct fl_cedar_set *set);

/* Adds the policies and templates of a text. Ids are "policy0", "policy1", ... counted over all
 * texts of the set, in the order written. `file` is for messages, may be NULL and is copied.
 * Returns: 0; FL_CEDAR_E_SYNTAX, FL_CEDAR_E_LIMIT (`problems` says where), FL_CEDAR_E_MEMORY:
 * nothing of the text was added. [before finish] */
int fl_cedar_set_add(struct fl_cedar_set *set, struct fl_str text, const char *file,
                     struct fl_problems *problems);
/* Gives the template or policy at `i` (of fl_cedar_set_policy()) another id, e.g. its @id
 * annotation. FL_CEDAR_E_DUPLICATE, FL_CEDAR_E_MEMORY. [before finish and before links to it] */
int fl_cedar_set_rename(struct fl_cedar_set *set, size_t i, struct fl_str id, struct fl_error *err);
/* Adds a use of a template: `id` is the new policy's. A slot that the template has must be filled,
 * one that it has not must be NULL. FL_CEDAR_E_NOT_FOUND: no such template; FL_CEDAR_E_DUPLICATE:
 * the id is taken; FL_CEDAR_E_INVALID: the slots are not those of the template; FL_CEDAR_E_LIMIT;
 * FL_CEDAR_E_MEMORY. [before finish] */
int fl_cedar_set_link(struct fl_cedar_set *set, struct fl_str template_id, struct fl_str id,
                      const struct fl_cedar_uid *principal, const struct fl_cedar_uid *resource,
                      struct fl_error *err);
/* Leaves the policy at `i`, or all links of the template, out of what decides: it has no row then. It
 * stays in fl_cedar_set_policy(), and its id stays taken. [before finish, after links to it] */
void fl_cedar_set_exclude(struct fl_cedar_set *set, size_t i);
/* No more changes: the set may be shared from now on. FL_CEDAR_E_MEMORY: destroy the set. */
int fl_cedar_set_finish(struct fl_cedar_set *set);

/* All policies and templates as they were written, in order; NULL behind the last. [any] */
const struct fl_cedar_policy *fl_cedar_set_policy(const struct fl_cedar_set *set, size_t i);
/* What decides: static policies and links, in the order added; NULL behind the last. [any, after
 * finish] */
const struct fl_cedar_row *fl_cedar_set_row(const struct fl_cedar_set *set, size_t i);
/* Bytes that the set holds. [any] */
size_t fl_cedar_set_bytes(const struct fl_cedar_set *set);

/* ---- Decisions ---- */

/* How a decision is looked for. All give the same decision. */
enum fl_cedar_mode {
	FL_CEDAR_FULL,  /* through the index; all reasons and all errors */
	FL_CEDAR_FAST,  /* through the index; stops as soon as the decision stands: at most one
	                 * reason. Forbids come first, so an allow lists every forbid that failed;
	                 * the list of permits that did is not complete */
	FL_CEDAR_LINEAR /* every policy in turn; all reasons and all errors */
};

struct fl_cedar_policy_error {
	const struct fl_cedar_row *row;
	struct fl_cedar_fault fault; /* fl_cedar_fault_print() */
};

struct fl_cedar_answer {
	bool is_allowed;
	/* What determined the decision: the satisfied forbids of a deny, the satisfied permits of
	 * an allow; none when nothing permits. In the order of the set. */
	const struct fl_cedar_row **reasons;
	size_t n_reasons;
	/* The policies that could not be evaluated, and so did not count. Look here for forbids:
	 * one that fails forbids nothing. */
	struct fl_cedar_policy_error *errors;
	size_t n_errors;
};

/* Decides: deny unless a permit is satisfied and no forbid is.
 * Owns:    nothing; `scratch` holds values on the way and the answer's lists, and may be reset once
 *          the answer is done with. A few KiB are enough for most policies.
 * Threads: [any], each with its own `scratch`; never blocks, no system call; allocates only what
 *          the arena asks for, so an arena with room (fl_arena_reset() keeps its first block) allocates
 *          nothing.
 * Returns: 0; FL_CEDAR_E_MEMORY: the arena is full. Even then *ret is filled: a deny. */
FL_MUST_USE int fl_cedar_authorize(const struct fl_cedar_set *set,
                                   const struct fl_cedar_request *request, enum fl_cedar_mode mode,
                                   struct fl_arena *scratch, struct fl_cedar_answer *ret);

/* What one policy makes of a request: for explanations, see policy/explain.h. */
enum fl_cedar_verdict {
	FL_CEDAR_OUT_OF_SCOPE,
	FL_CEDAR_NOT_SATISFIED, /* *ret_clause: the clause that turned it down */
	FL_CEDAR_SATISFIED,
	FL_CEDAR_ERROR /* ev->fault; *ret_clause: where */
};
enum fl_cedar_verdict fl_cedar_row_eval(const struct fl_cedar_row *row, struct fl_cedar_eval *ev,
                                        size_t *ret_clause);
/* Does the policy's constraint on `part` (not FL_CEDAR_CONTEXT) hold? All three: it is in scope. */
bool fl_cedar_row_matches(const struct fl_cedar_row *row, const struct fl_cedar_eval *ev,
                          enum fl_cedar_var part);

#endif
