/* policy/ast.h - policies and expressions as they were written
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made by the parser (policy/parse.h) in the caller's arena, immutable afterwards: the validator,
 * the printer, the index and the evaluator read it.
 *
 * Names of types are joined without blanks ("App::User"). Chains of && and || are one node with n
 * operands, evaluated left to right like the nested form. `x has a.b` and `x is T in y` are one
 * node each, so that x is evaluated once. No tree is higher than FL_CEDAR_HEIGHT_MAX.
 *
 * This is also the form that is evaluated: literals, sets and records of constants, and constructor
 * calls over literals that their type accepts carry their value (is_const); a constructor call that
 * its type refuses is left as it is and fails each time it is evaluated, as the language has it.
 */
#ifndef FL_POLICY_AST_H
#define FL_POLICY_AST_H

#include "policy/ext.h"
#include "policy/lexer.h"
#include "policy/value.h"

enum fl_cedar_expr_kind {
	FL_CEDAR_X_LITERAL, /* value: bool, long, string, entity */
	FL_CEDAR_X_VAR,     /* var */
	FL_CEDAR_X_NOT,     /* args[0] */
	FL_CEDAR_X_NEG,
	FL_CEDAR_X_AND, /* args[0..n), n >= 2 */
	FL_CEDAR_X_OR,
	FL_CEDAR_X_EQ, /* args[0], args[1] */
	FL_CEDAR_X_NE,
	FL_CEDAR_X_LT,
	FL_CEDAR_X_LE,
	FL_CEDAR_X_GT,
	FL_CEDAR_X_GE,
	FL_CEDAR_X_IN,
	FL_CEDAR_X_ADD,
	FL_CEDAR_X_SUB,
	FL_CEDAR_X_MUL,
	FL_CEDAR_X_IF,     /* condition, then, else */
	FL_CEDAR_X_GET,    /* args[0] . names[0] */
	FL_CEDAR_X_HAS,    /* args[0] has names[0].names[1]... */
	FL_CEDAR_X_LIKE,   /* args[0] like names[0] * names[1] * ... */
	FL_CEDAR_X_IS,     /* args[0] is type; n == 2: in args[1] */
	FL_CEDAR_X_SET,    /* args[0..n) */
	FL_CEDAR_X_RECORD, /* names[i]: args[i], in the order written */
	FL_CEDAR_X_CALL,   /* fn(args[0..n)); a method's receiver is args[0] */
	FL_CEDAR_X_KINDS
};

enum fl_cedar_var { FL_CEDAR_PRINCIPAL, FL_CEDAR_ACTION, FL_CEDAR_RESOURCE, FL_CEDAR_CONTEXT };
#define FL_CEDAR_VARS 4u
/* As they are written. */
extern const char *const fl_cedar_var_names[FL_CEDAR_VARS];

/* A set of 10,000 policies has more than 100,000 of these, so a node is one block: its operands
 * stand behind it, and a single name in it. */
struct fl_cedar_expr {
	uint8_t kind; /* enum fl_cedar_expr_kind */
	union {
		uint8_t var; /* enum fl_cedar_var */
		uint8_t fn;  /* enum fl_cedar_fn_id */
	};
	uint16_t height; /* a leaf has 1 */
	uint32_t n, n_names;
	struct fl_cedar_span span;
	bool is_const;               /* `value` is what this evaluates to, whatever the request */
	struct fl_cedar_name *names; /* often just `name` */
	union {
		struct fl_str type; /* FL_CEDAR_X_IS */
		struct fl_cedar_value value;
		struct fl_cedar_name name; /* the only one of a GET, a HAS or a LIKE */
	};
	struct fl_cedar_expr *args[];
};

enum fl_cedar_scope_kind {
	FL_CEDAR_SCOPE_ANY,
	FL_CEDAR_SCOPE_EQ,     /* == uids[0], or the slot */
	FL_CEDAR_SCOPE_IN,     /* in uids[0], or the slot */
	FL_CEDAR_SCOPE_IS,     /* is type */
	FL_CEDAR_SCOPE_IS_IN,  /* is type in uids[0], or the slot */
	FL_CEDAR_SCOPE_IN_LIST /* actions: in [uids...], perhaps none */
};

struct fl_cedar_scope {
	uint8_t kind; /* enum fl_cedar_scope_kind */
	bool is_slot;
	uint32_t n_uids;
	struct fl_str type;
	const struct fl_cedar_uid **uids;
	struct fl_cedar_span span;       /* the whole constraint */
	struct fl_cedar_span type_span;  /* of `type` */
	struct fl_cedar_span *uid_spans; /* of each uid */
};

struct fl_cedar_annotation {
	struct fl_str key, value;
	bool has_value; /* `@key` alone counts as "" */
	struct fl_cedar_span span;
};

struct fl_cedar_clause {
	bool is_unless;
	struct fl_cedar_expr *body;
	struct fl_cedar_span span;
};

enum fl_cedar_slots { FL_CEDAR_SLOT_PRINCIPAL = 1, FL_CEDAR_SLOT_RESOURCE = 2 };

struct fl_cedar_policy {
	struct fl_str id; /* "policy0", ...; given by whoever collects policies */
	bool is_forbid;
	unsigned slots; /* enum fl_cedar_slots; not 0: a template */
	struct fl_cedar_scope principal, action, resource;
	struct fl_cedar_annotation *annotations;
	size_t n_annotations;
	struct fl_cedar_clause *clauses;
	size_t n_clauses;
	struct fl_cedar_span span;
	const char *file;     /* for messages; may be NULL */
	struct fl_str source; /* the text of this policy, from annotations to `;` */
};

/* The value of an annotation, or NULL. */
const struct fl_str *fl_cedar_policy_annotation(const struct fl_cedar_policy *policy,
                                                const char *key);

#endif
