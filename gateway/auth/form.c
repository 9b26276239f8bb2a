/* gateway/auth/form.c - the fields of a form as Twilio signs them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/form.h"

#include "base/sort.h"

struct field {
	struct fl_str name, value;
};

static int digit(char c)
{
	char lower = (char)(c | 0x20);

	return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* "+" is a blank; an escape that is none stands for itself. */
static struct fl_str decode(struct fl_arena *arena, struct fl_str s)
{
	char *p = fl_arena_alloc(arena, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; p && i < s.n; i++) {
		bool is_escape = s.p[i] == '%' && i + 2 < s.n && digit(s.p[i + 1]) >= 0 &&
		                 digit(s.p[i + 2]) >= 0;

		if (is_escape)
			p[n++] = (char)(digit(s.p[i + 1]) << 4 | digit(s.p[i + 2]));
		else
			p[n++] = (char)(s.p[i] == '+' ? ' ' : s.p[i]);
		i += is_escape ? 2 : 0;
	}
	return p ? fl_str_n(p, n) : FL_STR_NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int order = fl_str_cmp(x->name, y->name);

	return order ? order : fl_str_cmp(x->value, y->value);
}

static char *add(char *at, struct fl_str s)
{
	memcpy(at, s.p, s.n);
	return at + s.n;
}

static struct fl_str join(struct fl_arena *arena, const struct field *fields, size_t n, size_t room)
{
	char *p = fl_arena_alloc(arena, room + 1), *at = p;

	for (size_t i = 0; p && i < n; i++)
		if (i == 0 || by_name(&fields[i - 1], &fields[i]) != 0)
			at = add(add(at, fields[i].name), fields[i].value);
	return p ? fl_str_n(p, (size_t)(at - p)) : FL_STR_NULL;
}

struct fl_str fl_form_sorted(struct fl_arena *arena, struct fl_str body)
{
	struct field *fields = fl_arena_alloc(arena, FL_FORM_FIELDS_MAX * sizeof *fields);
	struct fl_str rest = body;
	size_t n = 0;

	if (!fields)
		return FL_STR_NULL;
	while (rest.p) {
		struct fl_str value, item = fl_str_split(rest, '&', &rest);
		struct fl_str name = fl_str_split(item, '=', &value);

		if (item.n == 0)
			continue;
		if (n == FL_FORM_FIELDS_MAX)
			return FL_STR_NULL;
		fields[n] = (struct field){decode(arena, name), decode(arena, value)};
		if (!fields[n].name.p || !fields[n++].value.p)
			return FL_STR_NULL;
	}
	fl_sort(fields, n, sizeof *fields, by_name);
	return join(arena, fields, n, body.n);
}

struct fl_str fl_form_raw_value(struct fl_str query, struct fl_str name)
{
	while (query.p) {
		struct fl_str value, item = fl_str_split(query, '&', &query);

		if (fl_str_eq(fl_str_split(item, '=', &value), name))
			return value;
	}
	return FL_STR_NULL;
}
