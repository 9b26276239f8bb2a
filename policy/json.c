/* policy/json.c - an exact JSON reader
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/json.h"

#include <stdlib.h>

#include "policy/parser.h"

struct reader {
	struct fl_arena *arena;
	struct fl_str text;
	size_t at;
	unsigned depth;
	const char *file;
	struct fl_problems *problems;
	int code;
};

struct fl_position fl_cedar_json_position(struct fl_str text, const char *file, uint32_t at)
{
	struct fl_position pos = {.file = file, .line = 1, .column = 1};

	for (size_t i = 0; i < at && i < text.n; i++) {
		if (text.p[i] == '\n') {
			pos.line++;
			pos.column = 1;
		} else if (((unsigned char)text.p[i] & 0xc0) != 0x80) {
			pos.column++;
		}
	}
	return pos;
}

static bool fail(struct reader *r, int code, size_t at, const char *fmt, ...) FL_PRINTF(4, 5);

static bool fail(struct reader *r, int code, size_t at, const char *fmt, ...)
{
	va_list ap;

	if (r->code != 0)
		return false;
	r->code = code;
	va_start(ap, fmt);
	(void)fl_problems_vadd(r->problems, code == FL_CEDAR_E_LIMIT ? "json_limit" : "json_syntax",
	                       fl_cedar_json_position(r->text, r->file, (uint32_t)at), FL_STR_NULL,
	                       fmt, ap);
	va_end(ap);
	return false;
}

static bool no_memory(struct reader *r)
{
	if (r->code == 0)
		r->code = FL_CEDAR_E_MEMORY;
	return false;
}

/* The next byte, 0 at the end (a NUL is no JSON either). */
static char peek(const struct reader *r)
{
	return r->at < r->text.n ? r->text.p[r->at] : '\0';
}

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\n' || peek(r) == '\t' || peek(r) == '\r')
		r->at++;
}

static bool accept(struct reader *r, char c)
{
	skip_blanks(r);
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

static bool hex4(struct reader *r, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++, r->at++) {
		char c = peek(r);
		uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
		             : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
		             : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
		                                    : 16;

		if (d == 16)
			return fail(r, FL_CEDAR_E_SYNTAX, r->at,
			            "expected four hexadecimal digits behind `\\u`");
		v = v * 16 + d;
	}
	*ret = v;
	return true;
}

static char *put_utf8(char *out, uint32_t c)
{
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};

	*out++ = (char)(lead[more] | c >> (6 * more));
	while (more-- > 0)
		*out++ = (char)(0x80 | (c >> (6 * more) & 0x3f));
	return out;
}

/* Behind `\u`: one code point, of one unit or two. */
static bool escape_unicode(struct reader *r, char **out)
{
	size_t at = r->at - 2;
	uint32_t c, low;

	if (!hex4(r, &c))
		return false;
	if (c >= 0xd800 && c <= 0xdbff && peek(r) == '\\' && r->at + 1 < r->text.n &&
	    r->text.p[r->at + 1] == 'u') {
		r->at += 2;
		if (!hex4(r, &low))
			return false;
		if (low >= 0xdc00 && low <= 0xdfff)
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	if (c >= 0xd800 && c <= 0xdfff)
		return fail(r, FL_CEDAR_E_SYNTAX, at, "half of a surrogate pair");
	*out = put_utf8(*out, c);
	return true;
}

static bool escape(struct reader *r, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = r->at + 1 < r->text.n ? r->text.p[r->at + 1] : '\0';
	const char *known = c == '\0' ? NULL : strchr(from, c);

	r->at += 2;
	if (known != NULL) {
		*(*out)++ = to[known - from];
		return true;
	}
	if (c == 'u')
		return escape_unicode(r, out);
	return fail(r, FL_CEDAR_E_SYNTAX, r->at - 2, "an unknown escape");
}

/* Finds the closing quote; *ret_escapes: a backslash stands before it. */
static bool string_end(struct reader *r, size_t *ret_end, bool *ret_escapes)
{
	*ret_escapes = false;
	for (size_t i = r->at; i < r->text.n; i++) {
		unsigned char c = (unsigned char)r->text.p[i];

		if (c == '"') {
			*ret_end = i;
			return true;
		}
		if (c < 0x20)
			return fail(r, FL_CEDAR_E_SYNTAX, i, "a control character in a string");
		if (c == '\\') {
			*ret_escapes = true;
			i++;
		}
	}
	return fail(r, FL_CEDAR_E_SYNTAX, r->text.n, "expected `\"`, found the end of the text");
}

static bool string(struct reader *r, struct fl_str *ret)
{
	size_t end, start;
	bool escapes;

	if (!accept(r, '"'))
		return fail(r, FL_CEDAR_E_SYNTAX, r->at, "expected a string");
	start = r->at;
	if (!string_end(r, &end, &escapes))
		return false;
	if (!escapes) {
		r->at = end + 1;
		*ret = fl_str_n(r->text.p + start, end - start);
		return true;
	}
	char *text = fl_arena_alloc(r->arena, end - start), *out = text;

	if (text == NULL)
		return no_memory(r);
	while (r->at < end)
		if (peek(r) != '\\')
			*out++ = r->text.p[r->at++];
		else if (!escape(r, &out))
			return false;
	r->at = end + 1;
	*ret = fl_str_n(text, (size_t)(out - text));
	return true;
}

static size_t skip_digits(struct reader *r)
{
	size_t start = r->at;

	while (peek(r) >= '0' && peek(r) <= '9')
		r->at++;
	return r->at - start;
}

static bool number(struct reader *r, struct fl_cedar_json *ret)
{
	size_t start = r->at;
	bool is_negative = peek(r) == '-', is_whole = true;
	uint64_t v = 0;

	if (is_negative)
		r->at++;
	size_t first = r->at, n = skip_digits(r);

	if (n == 0 || (n > 1 && r->text.p[first] == '0'))
		return fail(r, FL_CEDAR_E_SYNTAX, start, "a malformed number");
	struct fl_str whole = fl_str_n(r->text.p + first, n);

	if (peek(r) == '.') {
		is_whole = false;
		r->at++;
		if (skip_digits(r) == 0)
			return fail(r, FL_CEDAR_E_SYNTAX, start, "a malformed number");
	}
	if (peek(r) == 'e' || peek(r) == 'E') {
		is_whole = false;
		r->at++;
		if (peek(r) == '+' || peek(r) == '-')
			r->at++;
		if (skip_digits(r) == 0)
			return fail(r, FL_CEDAR_E_SYNTAX, start, "a malformed number");
	}
	is_whole = is_whole && fl_str_to_u64(whole, &v) && !(is_negative && v == 0) &&
	           v <= (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
	if (is_whole) {
		ret->kind = FL_CEDAR_JSON_LONG;
		ret->u.number = is_negative ? (int64_t)(0 - v) : (int64_t)v;
	} else {
		ret->kind = FL_CEDAR_JSON_NUMBER;
		ret->u.text = r->text.p + start;
		ret->n = (uint32_t)(r->at - start);
	}
	return true;
}

static bool value(struct reader *r, struct fl_cedar_json *ret);

static bool array(struct reader *r, struct fl_cedar_json *ret)
{
	struct fl_cedar_json *items = NULL;
	uint32_t n = 0;

	r->at++;
	if (!accept(r, ']')) {
		do {
			items = fl_cedar_grow(r->arena, items, n, sizeof *items);
			if (items == NULL)
				return no_memory(r);
			if (!value(r, &items[n]))
				return false;
			n++;
		} while (accept(r, ','));
		if (!accept(r, ']'))
			return fail(r, FL_CEDAR_E_SYNTAX, r->at, "expected `,` or `]`");
	}
	ret->kind = FL_CEDAR_JSON_ARRAY;
	ret->n = n;
	ret->u.items = items;
	return true;
}

static int compare_members(const void *a, const void *b)
{
	const struct fl_cedar_json_member *const *x = a, *const *y = b;
	int d = fl_str_cmp((*x)->key, (*y)->key);

	return d != 0 ? d : ((*x)->at > (*y)->at) - ((*x)->at < (*y)->at);
}

static bool keys_are_unique(struct reader *r, const struct fl_cedar_json_member *members,
                            uint32_t n)
{
	if (n < 2)
		return true;
	const struct fl_cedar_json_member **sorted = fl_arena_array(r->arena, n, sizeof *sorted);

	if (sorted == NULL)
		return no_memory(r);
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = &members[i];
	qsort(sorted, n, sizeof *sorted, compare_members);
	for (uint32_t i = 1; i < n; i++)
		if (fl_str_eq(sorted[i]->key, sorted[i - 1]->key))
			return fail(r, FL_CEDAR_E_DUPLICATE, sorted[i]->at,
			            "the key `%.*s` is twice in one object",
			            FL_STR_ARGS(sorted[i]->key));
	return true;
}

static bool object(struct reader *r, struct fl_cedar_json *ret)
{
	struct fl_cedar_json_member *members = NULL;
	uint32_t n = 0;

	r->at++;
	if (!accept(r, '}')) {
		do {
			members = fl_cedar_grow(r->arena, members, n, sizeof *members);
			if (members == NULL)
				return no_memory(r);
			skip_blanks(r);
			members[n].at = (uint32_t)r->at;
			if (!string(r, &members[n].key))
				return false;
			if (!accept(r, ':'))
				return fail(r, FL_CEDAR_E_SYNTAX, r->at, "expected `:`");
			if (!value(r, &members[n].value))
				return false;
			n++;
		} while (accept(r, ','));
		if (!accept(r, '}'))
			return fail(r, FL_CEDAR_E_SYNTAX, r->at, "expected `,` or `}`");
	}
	ret->kind = FL_CEDAR_JSON_OBJECT;
	ret->n = n;
	ret->u.members = members;
	return keys_are_unique(r, members, n);
}

static bool word(struct reader *r, struct fl_cedar_json *ret)
{
	static const struct {
		struct fl_str text;
		uint8_t kind;
		bool boolean;
	} words[] = {
	    {FL_STR_INIT("null"), FL_CEDAR_JSON_NULL, false},
	    {FL_STR_INIT("true"), FL_CEDAR_JSON_BOOL, true},
	    {FL_STR_INIT("false"), FL_CEDAR_JSON_BOOL, false},
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(words); i++) {
		if (!fl_str_starts(fl_str_n(r->text.p + r->at, r->text.n - r->at), words[i].text))
			continue;
		r->at += words[i].text.n;
		ret->kind = words[i].kind;
		ret->u.boolean = words[i].boolean;
		return true;
	}
	return fail(r, FL_CEDAR_E_SYNTAX, r->at, "expected a value");
}

static bool value_here(struct reader *r, struct fl_cedar_json *ret)
{
	struct fl_str s;
	bool is_read;

	switch (peek(r)) {
	case '{':
	case '[':
		if (++r->depth >= FL_CEDAR_JSON_DEPTH_MAX)
			return fail(r, FL_CEDAR_E_LIMIT, r->at, "nested %u levels or deeper",
			            FL_CEDAR_JSON_DEPTH_MAX);
		is_read = peek(r) == '{' ? object(r, ret) : array(r, ret);
		r->depth--;
		return is_read;
	case '"':
		if (!string(r, &s))
			return false;
		ret->kind = FL_CEDAR_JSON_STRING;
		ret->n = (uint32_t)s.n;
		ret->u.text = s.p;
		return true;
	default:
		return peek(r) == '-' || (peek(r) >= '0' && peek(r) <= '9') ? number(r, ret)
		                                                            : word(r, ret);
	}
}

static bool value(struct reader *r, struct fl_cedar_json *ret)
{
	skip_blanks(r);
	*ret = (struct fl_cedar_json){.at = (uint32_t)r->at};
	if (!value_here(r, ret))
		return false;
	ret->end = (uint32_t)r->at;
	return true;
}

int fl_cedar_json_parse(struct fl_arena *arena, struct fl_str text, const char *file,
                        struct fl_cedar_json *ret, struct fl_problems *problems)
{
	struct reader r = {.arena = arena, .text = text, .file = file, .problems = problems};
	struct fl_cedar_json json;

	if (text.n >= UINT32_MAX) {
		(void)fail(&r, FL_CEDAR_E_LIMIT, 0, "the text has 4 GiB or more");
		return r.code;
	}
	if (!fl_str_is_utf8(text)) {
		(void)fail(&r, FL_CEDAR_E_SYNTAX, 0, "the text is not UTF-8");
		return r.code;
	}
	if (value(&r, &json)) {
		skip_blanks(&r);
		if (r.at != text.n)
			(void)fail(&r, FL_CEDAR_E_SYNTAX, r.at, "expected the end of the text");
	}
	if (r.code == 0)
		*ret = json;
	return r.code;
}

const struct fl_cedar_json *fl_cedar_json_find(const struct fl_cedar_json *json, const char *key)
{
	if (json->kind != FL_CEDAR_JSON_OBJECT)
		return NULL;
	for (uint32_t i = 0; i < json->n; i++)
		if (fl_str_is(json->u.members[i].key, key))
			return &json->u.members[i].value;
	return NULL;
}

struct fl_str fl_cedar_json_str(const struct fl_cedar_json *json)
{
	return json == NULL || json->kind != FL_CEDAR_JSON_STRING ? FL_STR_NULL
	                                                          : fl_str_n(json->u.text, json->n);
}

const char *fl_cedar_json_describe(const struct fl_cedar_json *json)
{
	static const char *const names[] = {
	    [FL_CEDAR_JSON_NULL] = "null",
	    [FL_CEDAR_JSON_BOOL] = "a boolean",
	    [FL_CEDAR_JSON_LONG] = "an integer",
	    [FL_CEDAR_JSON_NUMBER] = "a number that is no 64-bit integer in plain digits",
	    [FL_CEDAR_JSON_STRING] = "a string",
	    [FL_CEDAR_JSON_ARRAY] = "an array",
	    [FL_CEDAR_JSON_OBJECT] = "an object",
	};

	return json == NULL ? "nothing" : names[json->kind];
}
