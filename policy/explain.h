/* policy/explain.h - why a request is allowed or denied
 * SPDX-License-Identifier: Apache-2.0
 *
 * A decision names the policies that determined it. What people ask is mostly the opposite: why did
 * that other policy not apply? An explanation has one step for each policy that the index could not
 * rule out, in the order of the set: out of its scope, turned down by a clause, satisfied, or
 * failed. Where a clause turned it down the step goes on to the smallest part that did: of
 * `a && b && c` the first operand that was false, with the values that it was made of.
 *
 *	struct fl_cedar_explanation why;
 *
 *	fl_arena_reset(&scratch);
 *	if (fl_cedar_explain(set, &request, &scratch, &why) == 0)
 *		fl_cedar_explanation_print(&out, &why);
 *
 *	deny: no policy permits
 *	  orders.read  permit  orders.cedar:1:1  not satisfied
 *	    when, clause 1: `principal.tier == "gold"` is false (orders.cedar:2:24)
 *	      `principal.tier` is "free"
 *	  orders.admin  permit  orders.cedar:4:1  out of scope
 *	    `principal in Group::"admins"` does not hold (orders.cedar:4:9)
 *	  and 41 policies that cannot concern this request
 *
 * Cost: that of a full decision, plus the clause that turned a policy down once more for each level
 * of && and || in it. Meant for people, not for the request path; the request itself decides what
 * values are shown, so show an explanation only to who may see the request and the policies.
 */
#ifndef FL_POLICY_EXPLAIN_H
#define FL_POLICY_EXPLAIN_H

#include "base/json.h"
#include "policy/cedar.h"

/* Operands that are shown of one part: no operation but a call with a wrong number of arguments has
 * more. */
#define FL_CEDAR_STEP_VALUES 2u

/* An operand that is neither a literal nor a variable, and what it was. */
struct fl_cedar_step_value {
	const struct fl_cedar_expr *expr;
	struct fl_cedar_value value;
};

/* What one policy made of the request. */
struct fl_cedar_step {
	const struct fl_cedar_row *row;
	enum fl_cedar_verdict verdict;
	/* FL_CEDAR_OUT_OF_SCOPE: the first constraint that does not hold; FL_CEDAR_PRINCIPAL,
	 * FL_CEDAR_ACTION or FL_CEDAR_RESOURCE. */
	enum fl_cedar_var scope;
	/* FL_CEDAR_NOT_SATISFIED, FL_CEDAR_ERROR: the clause, counted from 0. */
	size_t clause;
	/* FL_CEDAR_NOT_SATISFIED: the smallest part of the clause that turned the policy down, and
	 * what it evaluated to. FL_CEDAR_ERROR: the expression that failed. Else NULL. */
	const struct fl_cedar_expr *part;
	bool part_is_true;
	struct fl_cedar_step_value values[FL_CEDAR_STEP_VALUES];
	size_t n_values;
	struct fl_cedar_fault fault; /* FL_CEDAR_ERROR: fl_cedar_fault_print() */
};

struct fl_cedar_explanation {
	struct fl_cedar_answer answer; /* as fl_cedar_authorize() gives it in FL_CEDAR_FULL */
	const struct fl_cedar_step *steps;
	size_t n_steps;
	size_t n_others; /* policies of the set that cannot concern the request */
};

/* Explains one decision.
 * Owns:    nothing; *ret lives in `scratch` and points into set and request.
 * Threads: [any], each with its own `scratch`; never blocks.
 * Returns: 0; FL_CEDAR_E_MEMORY: the arena is full, *ret untouched. */
FL_MUST_USE int fl_cedar_explain(const struct fl_cedar_set *set,
                                 const struct fl_cedar_request *request, struct fl_arena *scratch,
                                 struct fl_cedar_explanation *ret);

/* "out_of_scope", "not_satisfied", "satisfied", "error". Static. [any] */
const char *fl_cedar_verdict_name(enum fl_cedar_verdict verdict);

/* {"decision": "deny", "reason": [ID...], "errors": [ID...]} [any] */
void fl_cedar_answer_json(struct fl_json *j, const char *key, const struct fl_cedar_answer *answer);

/* For people: the lines above. Policies' texts and values are printed in Cedar syntax on one line
 * each, control characters escaped. [any] */
void fl_cedar_explanation_print(struct fl_buf *out, const struct fl_cedar_explanation *why);
/* For programs: what fl_cedar_answer_json() writes, with two more members:
 *
 *	{"policies": [{"policy": ID, "effect": "permit", "verdict": "not_satisfied",
 *	              "file": NAME, "line": 1, "column": 1,
 *	              "scope": {"text", "line", "column"},                    out_of_scope
 *	              "clause": {"index": 0, "kind": "when", "line", "column"},
 *	              "part": {"text", "is_true", "line", "column"},          not_satisfied, error
 *	              "values": [{"text", "value"}...],                       not_satisfied
 *	              "message": TEXT}...],                                   error
 *	 "not_concerned": 41}
 *
 * Each item of "policies" has those members that its verdict has. [any] */
void fl_cedar_explanation_json(struct fl_json *j, const char *key,
                               const struct fl_cedar_explanation *why);

#endif
