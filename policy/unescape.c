/* policy/unescape.c - values of string tokens and of patterns
 * SPDX-License-Identifier: Apache-2.0
 *
 * Escapes are Rust's: \" \\ \' \n \r \t \0 \x00-\x7f \u{1 to 6 hex digits}; patterns add \*.
 * An escaped asterisk of another spelling (\x2a) is a wildcard in a pattern, as in the official
 * engine.
 */
#include "policy/lexer.h"

struct unescaper {
	const char *p, *end; /* what is left */
	const char *why;
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Behind `\x`. */
static bool escape_byte(struct unescaper *u, uint32_t *ret)
{
	int hi = u->end - u->p >= 2 ? hex(u->p[0]) : -1;
	int lo = hi >= 0 ? hex(u->p[1]) : -1;

	if (lo < 0 || hi > 7) {
		u->why = "`\\x` needs two hexadecimal digits, at most 7f";
		return false;
	}
	*ret = (uint32_t)(hi * 16 + lo);
	u->p += 2;
	return true;
}

/* Behind `\u`. Underscores between digits are allowed, as in Rust. */
static bool escape_unicode(struct unescaper *u, uint32_t *ret)
{
	uint32_t c = 0;
	unsigned digits = 0;

	u->why = "`\\u` needs one to six hexadecimal digits in braces that name a character";
	if (u->p == u->end || *u->p++ != '{')
		return false;
	for (; u->p < u->end && *u->p != '}'; u->p++) {
		if (*u->p == '_' && digits > 0)
			continue;
		int h = hex(*u->p);

		if (h < 0 || ++digits > 6)
			return false;
		c = c * 16 + (uint32_t)h;
	}
	if (u->p == u->end || digits == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	u->p++;
	u->why = NULL;
	*ret = c;
	return true;
}

/* Behind the backslash. */
static bool escape(struct unescaper *u, uint32_t *ret)
{
	static const char from[] = "\"\\'nrt0", to[] = "\"\\'\n\r\t\0";
	char c = u->p < u->end ? *u->p++ : '\0';
	const char *known = c == '\0' ? NULL : strchr(from, c);

	if (known != NULL) {
		*ret = (unsigned char)to[known - from];
		return true;
	}
	if (c == 'x')
		return escape_byte(u, ret);
	if (c == 'u')
		return escape_unicode(u, ret);
	u->why = "an unknown escape; known are \\\" \\\\ \\' \\n \\r \\t \\0 \\x7f \\u{10ffff}";
	return false;
}

static char *put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

static struct unescaper over(struct fl_str raw)
{
	FL_ASSERT(raw.n >= 2);
	return (struct unescaper){.p = raw.p + 1, .end = raw.p + raw.n - 1};
}

int fl_cedar_unescape(struct fl_arena *arena, struct fl_str raw, struct fl_str *ret,
                      const char **ret_why, size_t *ret_at)
{
	struct unescaper u = over(raw);

	if (memchr(u.p, '\\', (size_t)(u.end - u.p)) == NULL) {
		*ret = fl_str_n(u.p, (size_t)(u.end - u.p));
		return 0;
	}
	char *start = fl_arena_alloc(arena, raw.n), *out = start;

	if (start == NULL)
		return FL_CEDAR_E_MEMORY;
	while (u.p < u.end) {
		const char *at = u.p;
		uint32_t c;

		if (*u.p != '\\') {
			*out++ = *u.p++;
			continue;
		}
		u.p++;
		if (!escape(&u, &c)) {
			*ret_why = u.why;
			*ret_at = (size_t)(at - raw.p);
			return FL_CEDAR_E_SYNTAX;
		}
		out = put_utf8(out, c);
	}
	*ret = fl_str_n(start, (size_t)(out - start));
	return 0;
}

/* Each part but the last ends in a star, or in an escape that is one. */
static size_t parts_at_most(struct fl_str raw)
{
	size_t n = 1;

	for (size_t i = 0; i < raw.n; i++)
		n += raw.p[i] == '*' || raw.p[i] == '\\';
	return n;
}

int fl_cedar_unescape_pattern(struct fl_arena *arena, struct fl_str raw, struct fl_str **ret_parts,
                              size_t *ret_n, const char **ret_why, size_t *ret_at)
{
	struct unescaper u = over(raw);
	char *out = fl_arena_alloc(arena, raw.n), *part = out;
	struct fl_str *parts = fl_arena_array(arena, parts_at_most(raw), sizeof *parts);
	size_t n = 0;

	if (out == NULL || parts == NULL)
		return FL_CEDAR_E_MEMORY;
	while (u.p < u.end) {
		const char *at = u.p;
		uint32_t c = (unsigned char)*u.p++;
		bool is_star = c == '*';

		if (c >= 0x80) {
			*out++ = (char)c;
			continue;
		}
		if (c == '\\' && u.p < u.end && *u.p == '*') {
			c = (unsigned char)*u.p++;
		} else if (c == '\\') {
			if (!escape(&u, &c)) {
				*ret_why = u.why;
				*ret_at = (size_t)(at - raw.p);
				return FL_CEDAR_E_SYNTAX;
			}
			is_star = c == '*';
		}
		if (is_star) {
			parts[n++] = fl_str_n(part, (size_t)(out - part));
			part = out;
		} else {
			out = put_utf8(out, c);
		}
	}
	parts[n++] = fl_str_n(part, (size_t)(out - part));
	*ret_parts = parts;
	*ret_n = n;
	return 0;
}
