/* gateway/auth/member.c - one member of a JSON object, without reading the rest into memory
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/member.h"

struct scan {
	struct fl_str rest;
};

static char peek(const struct scan *s)
{
	return s->rest.n > 0 ? s->rest.p[0] : '\0';
}

static void skip(struct scan *s, size_t n)
{
	s->rest = fl_str_n(s->rest.p + n, s->rest.n - n);
}

static void skip_blanks(struct scan *s)
{
	while (s->rest.n > 0 && strchr(" \t\r\n", s->rest.p[0]) && s->rest.p[0] != '\0')
		skip(s, 1);
}

/* From its quote on; *ret is what is between. */
static bool take_string(struct scan *s, struct fl_str *ret)
{
	size_t n = 1;

	if (peek(s) != '"')
		return false;
	while (n < s->rest.n && s->rest.p[n] != '"')
		n += s->rest.p[n] == '\\' ? 2 : 1;
	if (n >= s->rest.n)
		return false;
	*ret = fl_str_n(s->rest.p + 1, n - 1);
	skip(s, n + 1);
	return true;
}

/* A value as a whole, with what is nested in it. */
static bool take_value(struct scan *s, struct fl_str *ret)
{
	const char *begin = s->rest.p;
	struct fl_str ignored;
	unsigned depth = 0;

	while (s->rest.n > 0) {
		char c = peek(s);

		if (depth == 0 && (c == ',' || c == '}'))
			break;
		if (c == '"') {
			if (!take_string(s, &ignored))
				return false;
			continue;
		}
		if ((c == '{' || c == '[') && ++depth > FL_MEMBER_DEPTH_MAX)
			return false;
		if ((c == '}' || c == ']') && depth-- == 0)
			return false;
		skip(s, 1);
	}
	*ret = fl_str_n(begin, (size_t)(s->rest.p - begin));
	while (ret->n > 0 && strchr(" \t\r\n", ret->p[ret->n - 1]))
		ret->n--;
	return s->rest.n > 0;
}

static bool find(struct fl_str json, struct fl_str name, struct fl_str *ret)
{
	struct scan s = {json};
	struct fl_str key, value;
	unsigned found = 0;
	char c;

	skip_blanks(&s);
	if (peek(&s) != '{')
		return false;
	do {
		skip(&s, 1);
		skip_blanks(&s);
		if (!take_string(&s, &key))
			return false;
		skip_blanks(&s);
		if (peek(&s) != ':')
			return false;
		skip(&s, 1);
		skip_blanks(&s);
		if (!take_value(&s, &value))
			return false;
		if (fl_str_eq(key, name)) {
			*ret = value;
			found++;
		}
		c = peek(&s);
	} while (c == ',');
	return found == 1 && c == '}';
}

bool fl_member_string(struct fl_str json, struct fl_str name, struct fl_str *ret)
{
	struct fl_str value;

	if (!find(json, name, &value) || value.n < 2 || value.p[0] != '"' ||
	    value.p[value.n - 1] != '"')
		return false;
	value = fl_str_n(value.p + 1, value.n - 2);
	if (value.n > 0 && (memchr(value.p, '\\', value.n) || memchr(value.p, '"', value.n)))
		return false;
	*ret = value;
	return true;
}

bool fl_member_number(struct fl_str json, struct fl_str name, uint64_t *ret)
{
	struct fl_str value;

	return find(json, name, &value) && fl_str_to_u64(value, ret);
}
