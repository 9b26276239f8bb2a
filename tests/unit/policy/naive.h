/* tests/unit/policy/naive.h - a second evaluator, straight from the rules
 * SPDX-License-Identifier: Apache-2.0
 *
 * Slow and simple: no index, no folded constants, no order in sets, no hashes, ancestors looked for
 * parent by parent. It shares with policy/eval.c the AST and the representation of values, whose
 * invariants it neither needs nor keeps: what it returns is compared by naive_eq() only. The text
 * of extension values is read by policy/ext.h; what their methods do is done here again.
 */
#ifndef FL_TESTS_UNIT_POLICY_NAIVE_H
#define FL_TESTS_UNIT_POLICY_NAIVE_H

#include "policy/cedar.h"

/* False: the expression fails. Values live in the arena. */
bool naive_eval(const struct fl_cedar_request *request, const struct fl_cedar_expr *x,
                struct fl_arena *arena, struct fl_cedar_value *ret);
bool naive_eq(struct fl_cedar_value a, struct fl_cedar_value b);
/* What a policy makes of a request. */
enum fl_cedar_verdict naive_verdict(const struct fl_cedar_request *request,
                                    const struct fl_cedar_row *row, struct fl_arena *arena);
/* NULL when `answer`, of mode FULL or LINEAR, has the decision, the reasons and the errors that are
 * found here; or which of the three differs. */
const char *naive_differs(const struct fl_cedar_set *set, const struct fl_cedar_request *request,
                          const struct fl_cedar_answer *answer, struct fl_arena *arena);

#endif
