/* policy/literal.c - what an expression is known to be without a request
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/typecheck.h"

/* A Bool literal; && and || of nothing but such are one to the language, too. */
static bool is_bool_literal(const struct fl_cedar_expr *x, bool *ret)
{
	bool is_or = x->kind == FL_CEDAR_X_OR, b, result = !is_or;

	if (x->kind == FL_CEDAR_X_LITERAL && x->value.kind == FL_CEDAR_BOOL) {
		*ret = x->value.u.boolean;
		return true;
	}
	if (x->kind != FL_CEDAR_X_AND && x->kind != FL_CEDAR_X_OR)
		return false;
	for (uint32_t i = 0; i < x->n; i++) {
		if (!is_bool_literal(x->args[i], &b))
			return false;
		result = is_or ? result || b : result && b;
	}
	*ret = result;
	return true;
}

bool fl_cedar_literal(const struct fl_cedar_action *action, const struct fl_cedar_expr *x,
                      struct fl_cedar_value *ret)
{
	bool b;

	if (is_bool_literal(x, &b))
		*ret = fl_cedar_bool(b);
	else if (x->kind == FL_CEDAR_X_LITERAL)
		*ret = x->value;
	else if (x->kind == FL_CEDAR_X_VAR && x->var == FL_CEDAR_ACTION)
		*ret = fl_cedar_entity(action->uid);
	else
		return false;
	return true;
}
