/* policy/lexer.c - tokens of policy text and of the Cedar schema syntax
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/lexer.h"

#include <stdio.h>

static bool is_ident_start(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_ident_char(unsigned char c)
{
	return is_ident_start(c) || is_digit(c);
}

/* The byte at `at`, 0 past the end. A NUL in the text is no token either, so they need no telling
 * apart. */
static unsigned char byte_at(const struct fl_cedar_lexer *lx, size_t at)
{
	return at < lx->text.n ? (unsigned char)lx->text.p[at] : 0;
}

/* Bytes of the Unicode White_Space character at `at` (at least U+0080), or 0. */
static uint32_t wide_space(const struct fl_cedar_lexer *lx, size_t at)
{
	static const char spaces[][4] = {
	    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
	    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
	    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
	    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	};
	struct fl_str rest = fl_str_n(lx->text.p + at, lx->text.n - at);

	for (size_t i = 0; i < FL_ARRAY_LEN(spaces); i++)
		if (fl_str_starts(rest, fl_str(spaces[i])))
			return (uint32_t)strlen(spaces[i]);
	return 0;
}

/* Moves over `n` bytes, counting lines and columns. */
static void advance(struct fl_cedar_lexer *lx, size_t n)
{
	for (size_t end = lx->at + n; lx->at < end; lx->at++) {
		unsigned char c = (unsigned char)lx->text.p[lx->at];

		if (c == '\n') {
			lx->line++;
			lx->column = 1;
		} else if ((c & 0xc0) != 0x80) {
			lx->column++;
		}
	}
}

static void skip_blanks(struct fl_cedar_lexer *lx)
{
	for (;;) {
		unsigned char c = byte_at(lx, lx->at);
		uint32_t n;

		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			advance(lx, 1);
		} else if (c == '/' && byte_at(lx, lx->at + 1u) == '/') {
			while (lx->at < lx->text.n && lx->text.p[lx->at] != '\n' &&
			       lx->text.p[lx->at] != '\r')
				advance(lx, 1);
		} else if (c >= 0x80 && (n = wide_space(lx, lx->at)) != 0) {
			advance(lx, n);
		} else {
			return;
		}
	}
}

/* Length of the string at `at`, quotes included; 0 when it is not closed. */
static size_t string_len(const struct fl_cedar_lexer *lx, size_t at)
{
	size_t i = at + 1;

	while (i < lx->text.n) {
		if (lx->text.p[i] == '"')
			return i + 1 - at;
		if (lx->text.p[i] == '\\') {
			if (i + 1 >= lx->text.n || lx->text.p[i + 1] == '\n')
				return 0;
			i++;
		}
		i++;
	}
	return 0;
}

static const struct mark {
	char text[3];
	uint8_t kind;
} marks[] = {
    /* two characters before their one-character beginnings */
    {"::", FL_CEDAR_T_PATH},  {"==", FL_CEDAR_T_EQ},      {"!=", FL_CEDAR_T_NE},
    {"<=", FL_CEDAR_T_LE},    {">=", FL_CEDAR_T_GE},      {"||", FL_CEDAR_T_OR},
    {"&&", FL_CEDAR_T_AND},   {"@", FL_CEDAR_T_AT},       {"?", FL_CEDAR_T_QUESTION},
    {"(", FL_CEDAR_T_LPAREN}, {")", FL_CEDAR_T_RPAREN},   {"{", FL_CEDAR_T_LBRACE},
    {"}", FL_CEDAR_T_RBRACE}, {"[", FL_CEDAR_T_LBRACKET}, {"]", FL_CEDAR_T_RBRACKET},
    {".", FL_CEDAR_T_DOT},    {",", FL_CEDAR_T_COMMA},    {";", FL_CEDAR_T_SEMICOLON},
    {":", FL_CEDAR_T_COLON},  {"=", FL_CEDAR_T_ASSIGN},   {"<", FL_CEDAR_T_LT},
    {">", FL_CEDAR_T_GT},     {"+", FL_CEDAR_T_PLUS},     {"-", FL_CEDAR_T_MINUS},
    {"*", FL_CEDAR_T_STAR},   {"/", FL_CEDAR_T_SLASH},    {"%", FL_CEDAR_T_PERCENT},
    {"!", FL_CEDAR_T_NOT},
};

/* Kind and length of the token at lx->at. */
static enum fl_cedar_token_kind scan(const struct fl_cedar_lexer *lx, size_t *ret_len)
{
	size_t at = lx->at;
	unsigned char c = byte_at(lx, at);

	if (at >= lx->text.n) {
		*ret_len = 0;
		return FL_CEDAR_T_END;
	}
	if (is_ident_start(c)) {
		while (is_ident_char(byte_at(lx, ++at)))
			;
		*ret_len = at - lx->at;
		return FL_CEDAR_T_IDENT;
	}
	if (is_digit(c)) {
		while (is_digit(byte_at(lx, ++at)))
			;
		*ret_len = at - lx->at;
		return FL_CEDAR_T_NUMBER;
	}
	if (c == '"') {
		*ret_len = string_len(lx, at);
		return *ret_len == 0 ? FL_CEDAR_T_BAD : FL_CEDAR_T_STRING;
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(marks); i++) {
		const struct mark *m = &marks[i];

		if ((unsigned char)m->text[0] == c &&
		    (m->text[1] == '\0' || (unsigned char)m->text[1] == byte_at(lx, at + 1))) {
			*ret_len = m->text[1] == '\0' ? 1 : 2;
			return (enum fl_cedar_token_kind)m->kind;
		}
	}
	*ret_len = 0;
	return FL_CEDAR_T_BAD;
}

void fl_cedar_lexer_next(struct fl_cedar_lexer *lx)
{
	struct fl_cedar_token *t = &lx->token;
	size_t len;

	skip_blanks(lx);
	t->span = (struct fl_cedar_span){.at = lx->at, .line = lx->line, .column = lx->column};
	t->kind = scan(lx, &len);
	t->span.len = (uint32_t)len;
	t->text = fl_str_n(lx->text.p + lx->at, len);
	if (t->kind == FL_CEDAR_T_STRING) {
		advance(lx, len);
	} else {
		lx->at += (uint32_t)len;
		lx->column += (uint32_t)len;
	}
}

void fl_cedar_lexer_init(struct fl_cedar_lexer *lx, struct fl_str text)
{
	FL_ASSERT(text.n < UINT32_MAX);
	*lx = (struct fl_cedar_lexer){.text = text, .line = 1, .column = 1};
	if (lx->text.p == NULL)
		lx->text.p = "";
	fl_cedar_lexer_next(lx);
}

enum fl_cedar_token_kind fl_cedar_lexer_peek(const struct fl_cedar_lexer *lx)
{
	struct fl_cedar_lexer ahead = *lx;

	fl_cedar_lexer_next(&ahead);
	return ahead.token.kind;
}

bool fl_cedar_lexer_is(const struct fl_cedar_lexer *lx, const char *word)
{
	return lx->token.kind == FL_CEDAR_T_IDENT && fl_str_is(lx->token.text, word);
}

const char *fl_cedar_token_describe(const struct fl_cedar_token *token, char *room, size_t size)
{
	struct fl_str text = token->text;
	const char *dots = "";

	if (token->kind == FL_CEDAR_T_END)
		return "the end of the text";
	if (token->kind == FL_CEDAR_T_BAD)
		return "a character that starts no token, or a string that is not closed";
	if (text.n > 32) {
		text.n = 32;
		while (text.n > 0 && ((unsigned char)text.p[text.n] & 0xc0) == 0x80)
			text.n--;
		dots = "...";
	}
	const char *what = token->kind == FL_CEDAR_T_IDENT    ? "the identifier "
	                   : token->kind == FL_CEDAR_T_NUMBER ? "the number "
	                   : token->kind == FL_CEDAR_T_STRING ? "the string "
	                                                      : "";

	(void)snprintf(room, size, "%s`%.*s%s`", what, FL_STR_ARGS(text), dots);
	return room;
}

bool fl_cedar_is_reserved(struct fl_str ident)
{
	static const char *const words[] = {"true", "false", "if",  "then", "else",
	                                    "in",   "like",  "has", "is",   "__cedar"};

	for (size_t i = 0; i < FL_ARRAY_LEN(words); i++)
		if (fl_str_is(ident, words[i]))
			return true;
	return false;
}

bool fl_cedar_is_any_ident(struct fl_str s)
{
	if (s.n == 0 || !is_ident_start((unsigned char)s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!is_ident_char((unsigned char)s.p[i]))
			return false;
	return true;
}

bool fl_cedar_is_ident(struct fl_str s)
{
	return fl_cedar_is_any_ident(s) && !fl_cedar_is_reserved(s);
}
