/* gateway/connector/semver.c - versions of connectors (semver.org 2.0.0)
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/semver.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_number(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n != 0;
}

/* No leading zero. */
static bool to_number(struct fl_str s, uint64_t *ret)
{
	return (s.n == 1 || (s.n != 0 && s.p[0] != '0')) && fl_str_to_u64(s, ret);
}

/* Identifiers joined by dots: letters, digits, "-", none empty. */
static bool are_identifiers(struct fl_str s)
{
	size_t run = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '.'
		        ? run == 0
		        : !is_digit(c) && c != '-' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z'))
			return false;
		run = c == '.' ? 0 : run + 1;
	}
	return run != 0;
}

bool fl_semver_parse(struct fl_str text, struct fl_semver *ret)
{
	struct fl_semver v = {.major = 0};
	struct fl_str build, rest, core = fl_str_split(text, '+', &build);

	if (build.p != NULL && !are_identifiers(build))
		return false;
	core = fl_str_split(core, '-', &v.pre);
	if (v.pre.p != NULL && !are_identifiers(v.pre))
		return false;
	if (!to_number(fl_str_split(core, '.', &rest), &v.major) ||
	    !to_number(fl_str_split(rest, '.', &rest), &v.minor) || !to_number(rest, &v.patch))
		return false;
	*ret = v;
	return true;
}

static int cmp_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Numbers by value and before texts; texts by bytes. */
static int cmp_identifier(struct fl_str a, struct fl_str b)
{
	uint64_t x, y;

	if (!is_number(a) || !is_number(b))
		return is_number(a) != is_number(b) ? (is_number(a) ? -1 : 1) : fl_str_cmp(a, b);
	if (fl_str_to_u64(a, &x) && fl_str_to_u64(b, &y))
		return cmp_u64(x, y);
	return a.n != b.n ? cmp_u64(a.n, b.n) : fl_str_cmp(a, b);
}

static int cmp_pre(struct fl_str a, struct fl_str b)
{
	if (a.n == 0 || b.n == 0)
		return cmp_u64(a.n == 0, b.n == 0); /* the release is the later one */
	while (a.p != NULL && b.p != NULL) {
		struct fl_str rest_a, rest_b;
		int order =
		    cmp_identifier(fl_str_split(a, '.', &rest_a), fl_str_split(b, '.', &rest_b));

		if (order != 0)
			return order;
		a = rest_a;
		b = rest_b;
	}
	return cmp_u64(a.p != NULL, b.p != NULL);
}

int fl_semver_cmp(const struct fl_semver *a, const struct fl_semver *b)
{
	int order = cmp_u64(a->major, b->major);

	if (order == 0)
		order = cmp_u64(a->minor, b->minor);
	if (order == 0)
		order = cmp_u64(a->patch, b->patch);
	return order != 0 ? order : cmp_pre(a->pre, b->pre);
}

/* "1.x" or "1.2.x"; *ret_minor is UINT64_MAX for the first. */
static bool parse_range(struct fl_str pattern, uint64_t *ret_major, uint64_t *ret_minor)
{
	struct fl_str rest;

	*ret_minor = UINT64_MAX;
	if (!to_number(fl_str_split(pattern, '.', &rest), ret_major))
		return false;
	if (fl_str_is(rest, "x"))
		return true;
	return to_number(fl_str_split(rest, '.', &rest), ret_minor) && fl_str_is(rest, "x");
}

bool fl_semver_is_pattern(struct fl_str pattern)
{
	struct fl_semver version;
	uint64_t major, minor;

	return pattern.n == 0 || fl_semver_parse(pattern, &version) ||
	       parse_range(pattern, &major, &minor);
}

bool fl_semver_matches(struct fl_str pattern, struct fl_str version)
{
	struct fl_semver v;
	uint64_t major, minor;

	if (fl_str_eq(pattern, version))
		return true;
	if (!fl_semver_parse(version, &v) || v.pre.n != 0)
		return false;
	if (pattern.n == 0)
		return true;
	return parse_range(pattern, &major, &minor) && v.major == major &&
	       (minor == UINT64_MAX || v.minor == minor);
}
