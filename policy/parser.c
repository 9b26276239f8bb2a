/* policy/parser.c - what the parsers of policies and of schemas share
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/parser.h"

#include <stdio.h>

void *fl_cedar_parser_fail(struct fl_cedar_parser *p, int code, struct fl_cedar_span span,
                           const char *fmt, ...)
{
	char text[320];
	struct fl_position at = {.file = p->file, .line = span.line, .column = span.column};
	va_list ap;

	if (p->code != 0)
		return NULL;
	p->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)fl_problems_add(p->problems,
	                      code == FL_CEDAR_E_LIMIT ? "policy_limit" : "policy_syntax", at,
	                      FL_STR_NULL, "%s", text);
	return NULL;
}

void *fl_cedar_parser_expected(struct fl_cedar_parser *p, const char *what)
{
	char room[80];

	return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span, "expected %s, found %s",
	                            what, fl_cedar_token_describe(&p->lx.token, room, sizeof room));
}

void *fl_cedar_parser_no_memory(struct fl_cedar_parser *p)
{
	if (p->code == 0)
		p->code = FL_CEDAR_E_MEMORY;
	return NULL;
}

void fl_cedar_parser_next(struct fl_cedar_parser *p)
{
	p->end = p->lx.token.span.at + p->lx.token.span.len;
	fl_cedar_lexer_next(&p->lx);
}

bool fl_cedar_parser_accept(struct fl_cedar_parser *p, enum fl_cedar_token_kind kind)
{
	if (p->lx.token.kind != kind)
		return false;
	fl_cedar_parser_next(p);
	return true;
}

bool fl_cedar_parser_expect(struct fl_cedar_parser *p, enum fl_cedar_token_kind kind,
                            const char *what)
{
	if (fl_cedar_parser_accept(p, kind))
		return true;
	(void)fl_cedar_parser_expected(p, what);
	return false;
}

struct fl_cedar_span fl_cedar_parser_span(const struct fl_cedar_parser *p,
                                          struct fl_cedar_span start)
{
	start.len = p->end > start.at ? p->end - start.at : 0;
	return start;
}

bool fl_cedar_parser_enter(struct fl_cedar_parser *p)
{
	if (++p->depth <= FL_CEDAR_NESTING_MAX)
		return true;
	(void)fl_cedar_parser_fail(p, FL_CEDAR_E_LIMIT, p->lx.token.span,
	                           "nested deeper than %u levels", FL_CEDAR_NESTING_MAX);
	p->depth--;
	return false;
}

void fl_cedar_parser_leave(struct fl_cedar_parser *p)
{
	p->depth--;
}

bool fl_cedar_parser_string(struct fl_cedar_parser *p, const char *what, struct fl_str *ret)
{
	const char *why = NULL;
	size_t at = 0;

	if (p->lx.token.kind != FL_CEDAR_T_STRING) {
		(void)fl_cedar_parser_expected(p, what);
		return false;
	}
	int r = fl_cedar_unescape(p->arena, p->lx.token.text, ret, &why, &at);

	if (r == FL_CEDAR_E_MEMORY)
		(void)fl_cedar_parser_no_memory(p);
	else if (r != 0)
		(void)fl_cedar_parser_fail(p, r, p->lx.token.span, "%s, at byte %zu of the string",
		                           why, at);
	else
		fl_cedar_parser_next(p);
	return r == 0;
}

bool fl_cedar_parser_ident(struct fl_cedar_parser *p, const char *what, struct fl_str *ret)
{
	if (p->lx.token.kind != FL_CEDAR_T_IDENT) {
		(void)fl_cedar_parser_expected(p, what);
		return false;
	}
	if (fl_cedar_is_reserved(p->lx.token.text)) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
		                           "expected %s, found the reserved word `%.*s`", what,
		                           FL_STR_ARGS(p->lx.token.text));
		return false;
	}
	*ret = p->lx.token.text;
	fl_cedar_parser_next(p);
	return true;
}

bool fl_cedar_parser_path(struct fl_cedar_parser *p, const char *what, struct fl_str *ret)
{
	struct fl_str part, path;

	if (!fl_cedar_parser_ident(p, what, &path))
		return false;
	while (p->lx.token.kind == FL_CEDAR_T_PATH &&
	       fl_cedar_lexer_peek(&p->lx) == FL_CEDAR_T_IDENT) {
		fl_cedar_parser_next(p);
		if (!fl_cedar_parser_ident(p, what, &part))
			return false;
		if (part.p == path.p + path.n + 2) {
			path.n = (size_t)(part.p + part.n - path.p);
			continue;
		}
		/* Blanks or comments stand between; the name has none. */
		path =
		    fl_arena_printf(p->arena, "%.*s::%.*s", FL_STR_ARGS(path), FL_STR_ARGS(part));
		if (path.p == NULL) {
			(void)fl_cedar_parser_no_memory(p);
			return false;
		}
	}
	*ret = path;
	return true;
}

const struct fl_cedar_uid *fl_cedar_parser_uid(struct fl_cedar_parser *p,
                                               struct fl_cedar_span start, struct fl_str type,
                                               struct fl_str id)
{
	struct fl_str written = fl_str_n(p->lx.text.p + start.at, p->end - start.at);
	struct fl_cedar_uid *uid = fl_map_find(&p->uids, written);

	if (uid != NULL)
		return uid;
	uid = fl_arena_alloc(p->arena, sizeof *uid);
	if (uid == NULL || fl_map_put(&p->uids, written, uid, NULL) != 0)
		return fl_cedar_parser_no_memory(p);
	*uid = fl_cedar_uid(type, id);
	return uid;
}

void *fl_cedar_grow(struct fl_arena *arena, void *array, size_t n, size_t item_bytes)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return array;
	void *more = fl_arena_array(arena, n == 0 ? 1 : 2 * n, item_bytes);

	if (more != NULL && n != 0)
		memcpy(more, array, n * item_bytes);
	return more;
}

void *fl_cedar_parser_grow(struct fl_cedar_parser *p, void *array, size_t n, size_t item_bytes)
{
	void *more = fl_cedar_grow(&p->scratch, array, n, item_bytes);

	return more != NULL ? more : fl_cedar_parser_no_memory(p);
}

void *fl_cedar_parser_keep(struct fl_cedar_parser *p, const void *array, size_t n,
                           size_t item_bytes)
{
	void *copy = n == 0 ? NULL : fl_arena_alloc(p->arena, n * item_bytes);

	if (n == 0)
		return NULL;
	if (copy == NULL)
		return fl_cedar_parser_no_memory(p);
	memcpy(copy, array, n * item_bytes);
	return copy;
}
