/* policy/parse.h - policy text to AST
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads a file of policies and templates. The AST lives in the caller's arena; strings that need no
 * unescaping are slices of the text, which must live as long as it. What is needed only while reading
 * is given back before the functions return, and is at most a few times the size of the text. After an error the parser
 * goes on behind the next `;`, so that one run shows the problems of several policies.
 */
#ifndef FL_POLICY_PARSE_H
#define FL_POLICY_PARSE_H

#include "base/error.h"
#include "policy/ast.h"

/* 0 means the default in policy/limits.h. */
struct fl_cedar_limits {
	size_t policy_bytes; /* one policy */
	size_t text_bytes;   /* one text */
	size_t policies;     /* policies in one set */
};

struct fl_cedar_policies_ast {
	struct fl_cedar_policy **policies; /* in the order written; ids are not set */
	size_t n;
};

/* FL_CEDAR_E_SYNTAX and FL_CEDAR_E_LIMIT: `problems` says where; FL_CEDAR_E_MEMORY. `file` is for
 * messages, may be NULL and is borrowed. [any] */
int fl_cedar_parse_policies(struct fl_arena *arena, struct fl_str text, const char *file,
			    const struct fl_cedar_limits *limits, struct fl_cedar_policies_ast *ret,
			    struct fl_problems *problems);
/* One expression and nothing behind it. */
int fl_cedar_parse_expr(struct fl_arena *arena, struct fl_str text, const char *file,
			struct fl_cedar_expr **ret, struct fl_problems *problems);

#endif
