/* fairlead/sdk/json.h - reading and writing JSON without allocating
 * SPDX-License-Identifier: Apache-2.0
 *
 * Compiled into a connector; no part of the ABI. A strict pull reader (RFC 8259, UTF-8 checked, no
 * byte-order mark, at most SDK_JSON_DEPTH_MAX levels) over text that stays in place: what it
 * returns are pieces of that text. The first error latches: every later call returns 0, and the
 * reader asks once at the end, with sdk_json_done().
 *
 *	sdk_json j = sdk_json_over(config);
 *	fairlead_str key, url = {NULL, 0};
 *	uint64_t retries = 0;
 *
 *	sdk_json_object(&j);
 *	while (sdk_json_key(&j, &key))
 *		if (sdk_json_is(key, "url"))
 *			sdk_json_string(&j, &url);	// raw: without quotes, escapes still in
 *		else if (sdk_json_is(key, "retries"))
 *			sdk_json_u64(&j, &retries);
 *		else
 *			sdk_json_skip(&j, NULL);
 *	if (!sdk_json_done(&j))
 *		return refuse(j.error);
 *
 * Duplicate keys are the caller's to refuse: it sees every key.
 */
#ifndef FAIRLEAD_SDK_JSON_H
#define FAIRLEAD_SDK_JSON_H

#include "str.h"

#define SDK_JSON_DEPTH_MAX 32u

typedef struct sdk_json {
	const char *begin, *at, *end;
	const char *error; /* static text; NULL: none yet */
	uint32_t depth;
	uint32_t is_object; /* bit per level: { or [ */
	uint32_t has_item;  /* bit per level: a comma must come before the next item */
	uint32_t reserved0;
} sdk_json;

static inline sdk_json sdk_json_over(fairlead_str text)
{
	sdk_json j;

	memset(&j, 0, sizeof j);
	j.begin = j.at = text.p == NULL ? "" : text.p;
	j.end = j.begin + text.n;
	return j;
}

static inline int sdk_json_fail(sdk_json *j, const char *why)
{
	if (j->error == NULL)
		j->error = why;
	return 0;
}

/* Bytes of the well-formed UTF-8 character at `p` (RFC 3629), or 0. */
static inline size_t sdk_utf8_len(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t room = (size_t)(end - p), n;
	unsigned char low = 0x80, high = 0xbf;

	if (room == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] <= 0xdf) {
		n = 2;
	} else if (u[0] >= 0xe0 && u[0] <= 0xef) {
		n = 3;
		low = u[0] == 0xe0 ? 0xa0 : 0x80;
		high = u[0] == 0xed ? 0x9f : 0xbf;
	} else if (u[0] >= 0xf0 && u[0] <= 0xf4) {
		n = 4;
		low = u[0] == 0xf0 ? 0x90 : 0x80;
		high = u[0] == 0xf4 ? 0x8f : 0xbf;
	} else {
		return 0;
	}
	if (room < n || u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (u[i] < 0x80 || u[i] > 0xbf)
			return 0;
	return n;
}

static inline int sdk_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four hexadecimal digits at `p`, or -1. */
static inline int32_t sdk_json_hex4(const char *p, const char *end)
{
	int32_t v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = sdk_hex_digit(p[i]);

		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* Decodes the character at *at, an escape or a plain one, into out[4]; returns its bytes and moves
 * *at past it, or 0 when it is malformed. Lone surrogates are malformed. */
static inline size_t sdk_json_char(const char **at, const char *end, char out[4])
{
	static const char plain[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	const char *p = *at;
	int32_t c, low;

	if (*p != '\\') {
		size_t n = (unsigned char)*p < 0x20 || *p == '"' ? 0 : sdk_utf8_len(p, end);

		memcpy(out, p, n);
		*at = p + n;
		return n;
	}
	if (end - p < 2)
		return 0;
	for (size_t i = 0; i + 1 < sizeof plain; i += 2) {
		if (p[1] == plain[i]) {
			out[0] = plain[i + 1];
			*at = p + 2;
			return 1;
		}
	}
	c = p[1] == 'u' ? sdk_json_hex4(p + 2, end) : -1;
	if (c < 0 || (c >= 0xdc00 && c <= 0xdfff))
		return 0;
	p += 6;
	if (c >= 0xd800 && c <= 0xdbff) {
		low = end - p >= 2 && p[0] == '\\' && p[1] == 'u' ? sdk_json_hex4(p + 2, end) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return 0;
		c = 0x10000 + (c - 0xd800) * 0x400 + (low - 0xdc00);
		p += 6;
	}
	*at = p;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | (c >> 12));
		out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18));
	out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Skips white space; the next byte, or 0 at the end of the text and after an error. */
static inline char sdk_json_peek(sdk_json *j)
{
	if (j->error != NULL)
		return 0;
	while (j->at < j->end &&
	       (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r'))
		j->at++;
	return j->at < j->end ? *j->at : '\0';
}

/* ---- objects and arrays ---- */

static inline int sdk_json_enter(sdk_json *j, char bracket)
{
	uint32_t bit;

	if (sdk_json_peek(j) != bracket)
		return sdk_json_fail(j, bracket == '{' ? "an object is expected"
		                                       : "an array is expected");
	if (j->depth == SDK_JSON_DEPTH_MAX)
		return sdk_json_fail(j, "nested too deeply");
	bit = (uint32_t)1 << j->depth++;
	j->is_object = bracket == '{' ? j->is_object | bit : j->is_object & ~bit;
	j->has_item &= ~bit;
	j->at++;
	return 1;
}

/* Enters an object; then sdk_json_key() until it returns 0. */
static inline int sdk_json_object(sdk_json *j)
{
	return sdk_json_enter(j, '{');
}

/* Enters an array; then sdk_json_item() until it returns 0. */
static inline int sdk_json_array(sdk_json *j)
{
	return sdk_json_enter(j, '[');
}

/* 1: another item stands next. 0: the bracket closed (and was left), or an error. */
static inline int sdk_json_more(sdk_json *j, char bracket)
{
	char c = sdk_json_peek(j);
	uint32_t bit;

	if (j->error != NULL || j->depth == 0)
		return sdk_json_fail(j, "not inside an object or array");
	bit = (uint32_t)1 << (j->depth - 1);
	if (((j->is_object & bit) != 0) != (bracket == '}'))
		return sdk_json_fail(j, "objects have keys, arrays have items");
	if (c == bracket) {
		j->at++;
		j->depth--;
		return 0;
	}
	if ((j->has_item & bit) != 0) {
		if (c != ',')
			return sdk_json_fail(j, "a comma or the closing bracket is expected");
		j->at++;
		c = sdk_json_peek(j);
	}
	if (c == '\0' || c == '}' || c == ']' || c == ',')
		return sdk_json_fail(j, "a value is expected");
	j->has_item |= bit;
	return 1;
}

static inline int sdk_json_item(sdk_json *j)
{
	return sdk_json_more(j, ']');
}

/* ---- strings ---- */

/* The string that stands next, raw: without its quotes, escapes checked but still in. */
static inline int sdk_json_string(sdk_json *j, fairlead_str *ret_raw)
{
	const char *p;
	char out[4];

	if (sdk_json_peek(j) != '"')
		return sdk_json_fail(j, "a string is expected");
	for (p = j->at + 1; p < j->end && *p != '"';)
		if (sdk_json_char(&p, j->end, out) == 0)
			return sdk_json_fail(j, "a string holds a bad escape, control character or "
			                        "byte that is not UTF-8");
	if (p >= j->end)
		return sdk_json_fail(j, "a string has no end");
	*ret_raw = sdk_str_n(j->at + 1, (size_t)(p - j->at - 1));
	j->at = p + 1;
	return 1;
}

/* The next key of the object; 0 at its end. */
static inline int sdk_json_key(sdk_json *j, fairlead_str *ret_raw)
{
	if (!sdk_json_more(j, '}') || !sdk_json_string(j, ret_raw))
		return 0;
	if (sdk_json_peek(j) != ':')
		return sdk_json_fail(j, "a colon is expected after a key");
	j->at++;
	return 1;
}

/* Appends a raw string, decoded. */
static inline void sdk_json_decode(sdk_text *t, fairlead_str raw)
{
	char out[4];

	for (const char *p = raw.p; p != NULL && p < raw.p + raw.n;) {
		size_t n = sdk_json_char(&p, raw.p + raw.n, out);

		if (n == 0) {
			t->is_full = 1; /* not a raw string of this reader */
			return;
		}
		sdk_add_n(t, out, n);
	}
}

/* Is a raw string, decoded, `cstr`? */
static inline int sdk_json_is(fairlead_str raw, const char *cstr)
{
	size_t at = 0, len = strlen(cstr);
	char out[4];

	if (raw.n == 0 || memchr(raw.p, '\\', raw.n) == NULL)
		return sdk_str_is(raw, cstr);
	for (const char *p = raw.p; p < raw.p + raw.n;) {
		size_t n = sdk_json_char(&p, raw.p + raw.n, out);

		if (n == 0 || n > len - at || memcmp(out, cstr + at, n) != 0)
			return 0;
		at += n;
	}
	return at == len;
}

/* ---- other values ---- */

static inline int sdk_json_word(sdk_json *j, const char *word)
{
	size_t n = strlen(word);

	if (sdk_json_peek(j) != word[0] || (size_t)(j->end - j->at) < n ||
	    memcmp(j->at, word, n) != 0)
		return 0;
	j->at += n;
	return 1;
}

static inline int sdk_json_bool(sdk_json *j, int *ret)
{
	if (sdk_json_word(j, "true"))
		*ret = 1;
	else if (sdk_json_word(j, "false"))
		*ret = 0;
	else
		return sdk_json_fail(j, "true or false is expected");
	return 1;
}

static inline int sdk_json_is_digit(const sdk_json *j, const char *p)
{
	return p < j->end && *p >= '0' && *p <= '9';
}

/* A number as it is written (RFC 8259 section 6). */
static inline int sdk_json_number(sdk_json *j, fairlead_str *ret)
{
	const char *p = sdk_json_peek(j) == '-' ? j->at + 1 : j->at;
	const char *start = p;

	if (j->error != NULL || !sdk_json_is_digit(j, p))
		return sdk_json_fail(j, "a number is expected");
	while (sdk_json_is_digit(j, p))
		p++;
	if (*start == '0' && p - start > 1)
		return sdk_json_fail(j, "a number has a leading zero");
	if (p < j->end && *p == '.') {
		if (!sdk_json_is_digit(j, ++p))
			return sdk_json_fail(j, "a number ends with its point");
		while (sdk_json_is_digit(j, p))
			p++;
	}
	if (p < j->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < j->end && (*p == '+' || *p == '-'))
			p++;
		if (!sdk_json_is_digit(j, p))
			return sdk_json_fail(j, "a number has no exponent");
		while (sdk_json_is_digit(j, p))
			p++;
	}
	*ret = sdk_str_n(j->at, (size_t)(p - j->at));
	j->at = p;
	return 1;
}

/* A whole number from 0 that fits. */
static inline int sdk_json_u64(sdk_json *j, uint64_t *ret)
{
	fairlead_str text;
	uint64_t v = 0;

	if (!sdk_json_number(j, &text))
		return 0;
	for (size_t i = 0; i < text.n; i++) {
		uint64_t digit = (uint64_t)(unsigned char)text.p[i] - '0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10u)
			return sdk_json_fail(j, "a whole number from 0 is expected");
		v = v * 10u + digit;
	}
	*ret = v;
	return 1;
}

static inline int sdk_json_scalar(sdk_json *j)
{
	fairlead_str text;
	char c = sdk_json_peek(j);

	if (c == '"')
		return sdk_json_string(j, &text);
	if (c == '-' || (c >= '0' && c <= '9'))
		return sdk_json_number(j, &text);
	if (sdk_json_word(j, "true") || sdk_json_word(j, "false") || sdk_json_word(j, "null"))
		return 1;
	return sdk_json_fail(j, "a value is expected");
}

/* Skips any value and checks it; *ret_raw (may be NULL) is its text. */
static inline int sdk_json_skip(sdk_json *j, fairlead_str *ret_raw)
{
	uint32_t outer = j->depth;
	const char *start;
	fairlead_str key;
	int is_inside;
	char c;

	(void)sdk_json_peek(j);
	start = j->at;
	do { /* one value, or its opening bracket; then on to the next place for a value */
		c = sdk_json_peek(j);
		if (c == '{' || c == '[' ? !sdk_json_enter(j, c) : !sdk_json_scalar(j))
			return 0;
		for (is_inside = 0; j->depth > outer && !is_inside && j->error == NULL;) {
			int is_object = (j->is_object >> (j->depth - 1)) & 1u ? 1 : 0;

			is_inside = is_object ? sdk_json_key(j, &key) : sdk_json_item(j);
		}
	} while (is_inside && j->error == NULL);
	if (j->error != NULL)
		return 0;
	if (ret_raw != NULL)
		*ret_raw = sdk_str_n(start, (size_t)(j->at - start));
	return 1;
}

/* 1: everything was read, nothing follows, no error. */
static inline int sdk_json_done(sdk_json *j)
{
	if (j->error == NULL && (sdk_json_peek(j) != '\0' || j->at != j->end || j->depth != 0))
		return sdk_json_fail(j, "more text follows the value");
	return j->error == NULL;
}

/* ---- writing ---- */

/* The escaped form without quotes; a byte that is not UTF-8 becomes U+FFFD. */
static inline void sdk_add_json_raw(sdk_text *t, fairlead_str s)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = s.p, *end = s.n == 0 ? s.p : s.p + s.n;

	while (p != end) {
		const char *run = p;
		size_t n = 0;

		while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
		       (n = sdk_utf8_len(p, end)) != 0)
			p += n;
		sdk_add_n(t, run, (size_t)(p - run));
		if (p == end)
			break;
		if (*p == '"' || *p == '\\') {
			sdk_add_n(t, "\\", 1);
			sdk_add_n(t, p, 1);
		} else if ((unsigned char)*p >= 0x80) {
			sdk_add_n(t, "\xef\xbf\xbd", 3);
		} else {
			char u[6] = {'\\', 'u', '0', '0', hex[(*p >> 4) & 0xf], hex[*p & 0xf]};

			sdk_add_n(t, u, sizeof u);
		}
		p++;
	}
}

/* A JSON string with its quotes. */
static inline void sdk_add_json(sdk_text *t, fairlead_str s)
{
	sdk_add_n(t, "\"", 1);
	sdk_add_json_raw(t, s);
	sdk_add_n(t, "\"", 1);
}

#endif
