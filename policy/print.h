/* policy/print.h - AST to policy text
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text parses back to the same AST (spans aside). One policy: annotations on a line each, scope,
 * clauses. [any]
 */
#ifndef FL_POLICY_PRINT_H
#define FL_POLICY_PRINT_H

#include "base/buf.h"
#include "policy/ast.h"

void fl_cedar_print_policy(struct fl_buf *out, const struct fl_cedar_policy *policy);
void fl_cedar_print_expr(struct fl_buf *out, const struct fl_cedar_expr *x);

/* `principal in Group::"staff"`; `name` is "principal", "action" or "resource". */
void fl_cedar_print_scope(struct fl_buf *out, const char *name, const struct fl_cedar_scope *s);

#endif
