/* policy/lexer.h - tokens of policy text and of the Cedar schema syntax
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tokens are slices of the text, which must be valid UTF-8 and outlive them. The lexer holds one
 * token; it never allocates. Whitespace is Unicode White_Space, comments are `//` to the end of the
 * line. An unknown character or an unclosed string gives FL_CEDAR_T_BAD and stays there.
 *
 *	struct fl_cedar_lexer lx;
 *	fl_cedar_lexer_init(&lx, text);
 *	while (lx.token.kind != FL_CEDAR_T_END)
 *		fl_cedar_lexer_next(&lx);
 */
#ifndef FL_POLICY_LEXER_H
#define FL_POLICY_LEXER_H

#include "base/arena.h"
#include "base/str.h"
#include "policy/limits.h"

/* Where something stands in its text. Lines and columns count from 1; columns count characters. */
struct fl_cedar_span {
	uint32_t at, len; /* bytes */
	uint32_t line, column;
};

enum fl_cedar_token_kind {
	FL_CEDAR_T_END,
	FL_CEDAR_T_BAD,
	FL_CEDAR_T_IDENT,  /* keywords too */
	FL_CEDAR_T_NUMBER, /* digits */
	FL_CEDAR_T_STRING, /* with its quotes; see fl_cedar_unescape() */
	FL_CEDAR_T_AT,
	FL_CEDAR_T_QUESTION,
	FL_CEDAR_T_LPAREN,
	FL_CEDAR_T_RPAREN,
	FL_CEDAR_T_LBRACE,
	FL_CEDAR_T_RBRACE,
	FL_CEDAR_T_LBRACKET,
	FL_CEDAR_T_RBRACKET,
	FL_CEDAR_T_DOT,
	FL_CEDAR_T_COMMA,
	FL_CEDAR_T_SEMICOLON,
	FL_CEDAR_T_COLON,
	FL_CEDAR_T_PATH, /* :: */
	FL_CEDAR_T_ASSIGN,
	FL_CEDAR_T_EQ,
	FL_CEDAR_T_NE,
	FL_CEDAR_T_LT,
	FL_CEDAR_T_LE,
	FL_CEDAR_T_GT,
	FL_CEDAR_T_GE,
	FL_CEDAR_T_OR,
	FL_CEDAR_T_AND,
	FL_CEDAR_T_PLUS,
	FL_CEDAR_T_MINUS,
	FL_CEDAR_T_STAR,
	FL_CEDAR_T_SLASH,
	FL_CEDAR_T_PERCENT,
	FL_CEDAR_T_NOT
};

struct fl_cedar_token {
	enum fl_cedar_token_kind kind;
	struct fl_str text;
	struct fl_cedar_span span;
};

struct fl_cedar_lexer {
	struct fl_cedar_token token; /* the current one */
	struct fl_str text;
	uint32_t at, line, column; /* just behind the token */
};

/* Stands on the first token. At most 4 GiB of text. */
void fl_cedar_lexer_init(struct fl_cedar_lexer *lx, struct fl_str text);
void fl_cedar_lexer_next(struct fl_cedar_lexer *lx);
/* The kind of the token behind the current one. */
enum fl_cedar_token_kind fl_cedar_lexer_peek(const struct fl_cedar_lexer *lx);
/* The current token is this identifier. */
bool fl_cedar_lexer_is(const struct fl_cedar_lexer *lx, const char *word);
/* For messages: "`==`", "the identifier `foo`", "the end of the text", ... `room` of 80 is ample. */
const char *fl_cedar_token_describe(const struct fl_cedar_token *token, char *room, size_t size);

/* true false if then else in like has is __cedar: never names. */
bool fl_cedar_is_reserved(struct fl_str ident);
/* [_A-Za-z][_A-Za-z0-9]* and not reserved. */
bool fl_cedar_is_ident(struct fl_str s);
/* The same, reserved or not: keys of annotations. */
bool fl_cedar_is_any_ident(struct fl_str s);

/* The value of a string token (quotes included in `raw`). FL_CEDAR_E_SYNTAX: *ret_why says what is
 * wrong and *ret_at where, in bytes from the start of `raw`. FL_CEDAR_E_MEMORY. */
int fl_cedar_unescape(struct fl_arena *arena, struct fl_str raw, struct fl_str *ret,
		      const char **ret_why, size_t *ret_at);
/* The same for the right side of `like`, where `*` is a wildcard and `\*` the character. *ret_parts
 * are the texts between the wildcards: n wildcards make n + 1 parts, some of them empty. */
int fl_cedar_unescape_pattern(struct fl_arena *arena, struct fl_str raw, struct fl_str **ret_parts,
			      size_t *ret_n, const char **ret_why, size_t *ret_at);

#endif
