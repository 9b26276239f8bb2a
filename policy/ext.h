/* policy/ext.h - functions and methods of the language, and the extension types behind them
 * SPDX-License-Identifier: Apache-2.0
 *
 * One table row per function or method. A constructor takes one string; text that its type does not
 * accept is an error when it is evaluated, not when it is parsed.
 */
#ifndef FL_POLICY_EXT_H
#define FL_POLICY_EXT_H

#include "policy/value.h"

enum fl_cedar_fn_id {
	/* constructors */
	FL_CEDAR_FN_DECIMAL,
	FL_CEDAR_FN_IP,
	FL_CEDAR_FN_DATETIME,
	FL_CEDAR_FN_DURATION,
	/* core methods: a wrong number of arguments is a parse error */
	FL_CEDAR_FN_CONTAINS,
	FL_CEDAR_FN_CONTAINS_ALL,
	FL_CEDAR_FN_CONTAINS_ANY,
	FL_CEDAR_FN_IS_EMPTY,
	FL_CEDAR_FN_HAS_TAG,
	FL_CEDAR_FN_GET_TAG,
	/* extension methods: a wrong number of arguments is an error at run time */
	FL_CEDAR_FN_LESS_THAN,
	FL_CEDAR_FN_LESS_THAN_OR_EQUAL,
	FL_CEDAR_FN_GREATER_THAN,
	FL_CEDAR_FN_GREATER_THAN_OR_EQUAL,
	FL_CEDAR_FN_IS_IPV4,
	FL_CEDAR_FN_IS_IPV6,
	FL_CEDAR_FN_IS_LOOPBACK,
	FL_CEDAR_FN_IS_MULTICAST,
	FL_CEDAR_FN_IS_IN_RANGE,
	FL_CEDAR_FN_OFFSET,
	FL_CEDAR_FN_DURATION_SINCE,
	FL_CEDAR_FN_TO_DATE,
	FL_CEDAR_FN_TO_TIME,
	FL_CEDAR_FN_TO_MILLISECONDS,
	FL_CEDAR_FN_TO_SECONDS,
	FL_CEDAR_FN_TO_MINUTES,
	FL_CEDAR_FN_TO_HOURS,
	FL_CEDAR_FN_TO_DAYS,
	FL_CEDAR_FNS
};

struct fl_cedar_fn {
	const char *name;
	uint8_t arity; /* with the receiver of a method */
	bool is_method, is_core;
	/* Kinds of an extension function's arguments and result; core methods: not used. */
	enum fl_cedar_kind args[2], result;
};

/* [any] */
const struct fl_cedar_fn *fl_cedar_fn(enum fl_cedar_fn_id id);
/* False when there is no function (or no method) of this name. */
bool fl_cedar_fn_find(struct fl_str name, bool is_method, enum fl_cedar_fn_id *ret);
/* The constructor of an extension kind. */
enum fl_cedar_fn_id fl_cedar_fn_constructor(enum fl_cedar_kind kind);

/* Reads the text of an extension value: what `ip("...")` does. FL_CEDAR_E_VALUE: not of this type;
 * FL_CEDAR_E_MEMORY. `kind` is one of DECIMAL, DATETIME, DURATION, IP. [any] */
int fl_cedar_ext_parse(enum fl_cedar_kind kind, struct fl_str text, struct fl_arena *arena,
		       struct fl_cedar_value *ret);
/* Calls an extension method; kinds are checked. FL_CEDAR_E_VALUE: wrong kinds, wrong count or a
 * result out of range; *ret_why is a static sentence. */
int fl_cedar_ext_call(enum fl_cedar_fn_id id, const struct fl_cedar_value *args, size_t n,
		      struct fl_cedar_value *ret, const char **ret_why);
/* The expression that gives the same value: `ip("10.0.0.0/8")`. */
void fl_cedar_ext_print(struct fl_buf *out, struct fl_cedar_value v);

#endif
