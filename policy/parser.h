/* policy/parser.h - what the parsers of policies and of schemas share
 * SPDX-License-Identifier: Apache-2.0
 *
 * A recursive descent over the lexer. The first error of a statement is reported with its position
 * and latches `code`; functions then return NULL or false up to whoever resynchronises.
 */
#ifndef FL_POLICY_PARSER_H
#define FL_POLICY_PARSER_H

#include "base/error.h"
#include "base/map.h"
#include "policy/ast.h"

struct fl_cedar_parser {
	struct fl_cedar_lexer lx;
	struct fl_arena *arena;
	/* Lists grow here and are copied when their length is known: an arena cannot take back. */
	struct fl_arena scratch;
	struct fl_map uids; /* as written: struct fl_cedar_uid */
	struct fl_problems *problems;
	const char *file;
	uint32_t end;   /* just behind the last token taken */
	unsigned depth; /* of nesting now */
	int code;       /* enum fl_cedar_outcome of the first error, or 0 */
};

/* Reports at `span` and latches; returns NULL. `code` is FL_CEDAR_E_SYNTAX or FL_CEDAR_E_LIMIT. */
void *fl_cedar_parser_fail(struct fl_cedar_parser *p, int code, struct fl_cedar_span span,
                           const char *fmt, ...) FL_PRINTF(4, 5);
/* "expected `what`, found ..." at the current token. */
void *fl_cedar_parser_expected(struct fl_cedar_parser *p, const char *what);
void *fl_cedar_parser_no_memory(struct fl_cedar_parser *p);
/* Takes the current token. */
void fl_cedar_parser_next(struct fl_cedar_parser *p);
/* Takes the current token when it is of this kind. */
bool fl_cedar_parser_accept(struct fl_cedar_parser *p, enum fl_cedar_token_kind kind);
/* The same, or reports that `what` was expected. */
bool fl_cedar_parser_expect(struct fl_cedar_parser *p, enum fl_cedar_token_kind kind,
                            const char *what);
/* From `start` to the last token taken. */
struct fl_cedar_span fl_cedar_parser_span(const struct fl_cedar_parser *p,
                                          struct fl_cedar_span start);
/* One more level of nesting; every true is followed by a leave. */
bool fl_cedar_parser_enter(struct fl_cedar_parser *p);
void fl_cedar_parser_leave(struct fl_cedar_parser *p);
/* Takes a string token and gives its value. */
bool fl_cedar_parser_string(struct fl_cedar_parser *p, const char *what, struct fl_str *ret);
/* Takes an identifier that is not reserved. */
bool fl_cedar_parser_ident(struct fl_cedar_parser *p, const char *what, struct fl_str *ret);
/* Takes IDENT { :: IDENT }, joined without blanks, and stops before a `::` that a string follows.
 */
bool fl_cedar_parser_path(struct fl_cedar_parser *p, const char *what, struct fl_str *ret);

/* The uid that was written from `start` to the last token taken, over slices of the text; one for
 * all places that write it alike. NULL when memory is full, which latches. */
const struct fl_cedar_uid *fl_cedar_parser_uid(struct fl_cedar_parser *p,
                                               struct fl_cedar_span start, struct fl_str type,
                                               struct fl_str id);

/* The array with room for one more item behind its `n`: it doubles in the arena. NULL when full. */
void *fl_cedar_grow(struct fl_arena *arena, void *array, size_t n, size_t item_bytes);
/* The same for a list of this policy in p->scratch; NULL latches. */
void *fl_cedar_parser_grow(struct fl_cedar_parser *p, void *array, size_t n, size_t item_bytes);
/* Copies such a list to where the AST lives. NULL when it is empty, or memory is full, which
 * latches. */
void *fl_cedar_parser_keep(struct fl_cedar_parser *p, const void *array, size_t n,
                           size_t item_bytes);

/* policy/parse_expr.c */
struct fl_cedar_expr *fl_cedar_parser_expr(struct fl_cedar_parser *p);

#endif
