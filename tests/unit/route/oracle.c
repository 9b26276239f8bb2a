/* tests/unit/route/oracle.c - the order of table.h, tried out on every rule
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/route/oracle.h"

#include "base/macros.h"

/* Each segment of a template: 0 literal, 1 parameter, 2 the rest. */
static int kind_of(struct fl_str segment)
{
	if (fl_str_eq(segment, FL_STR("**")))
		return 2;
	return segment.n > 0 && segment.p[0] == '{' ? 1 : 0;
}

static struct fl_str without_slash(struct fl_str path)
{
	return fl_str_n(path.p + 1, path.n - 1);
}

bool oracle_matches(const struct fl_route_rule *rule, const struct fl_route_query *query)
{
	struct fl_str t = without_slash(rule->path), p = without_slash(query->path);
	struct fl_str host = rule->host;

	if (host.n > 0 && host.p[0] == '*') {
		size_t n = host.n - 1;

		if (query->host.n <= n ||
		    memcmp(query->host.p + query->host.n - n, host.p + 1, n) != 0)
			return false;
	} else if (host.n > 0 && !fl_str_eq(host, query->host)) {
		return false;
	}
	while (t.p) {
		struct fl_str t_rest, p_rest, segment = fl_str_split(t, '/', &t_rest);

		if (kind_of(segment) == 2)
			return true;
		if (!p.p)
			return false;
		struct fl_str piece = fl_str_split(p, '/', &p_rest);

		if (kind_of(segment) == 1 ? piece.n == 0 : !fl_str_eq(segment, piece))
			return false;
		t = t_rest;
		p = p_rest;
	}
	return !p.p;
}

/* < 0: a is more specific. Both match. */
static int compare(const struct fl_route_rule *a, const struct fl_route_rule *b,
                   enum fl_method method)
{
	struct fl_str s = without_slash(a->path), t = without_slash(b->path);
	bool is_exact_a = a->host.n > 0 && a->host.p[0] != '*';
	bool is_exact_b = b->host.n > 0 && b->host.p[0] != '*';
	uint32_t bit = 1u << method;

	if (is_exact_a != is_exact_b)
		return is_exact_a ? -1 : 1;
	if (a->host.n != b->host.n)
		return a->host.n > b->host.n ? -1 : 1;
	while (s.p && t.p) {
		int x = kind_of(fl_str_split(s, '/', &s)), y = kind_of(fl_str_split(t, '/', &t));

		if (x != y)
			return x - y;
	}
	if ((s.p != NULL) != (t.p != NULL))
		return s.p ? 1 : -1; /* the longer one ends with "**" that stands for nothing */
	return ((a->methods & bit) != 0) == ((b->methods & bit) != 0) ? 0
	       : (a->methods & bit)                                   ? -1
	                                                              : 1;
}

const struct fl_route_rule *oracle_find(const struct fl_route_rule *rules, size_t n,
                                        const struct fl_route_query *query)
{
	const struct fl_route_rule *best = NULL;
	const uint32_t get = 1u << FL_METHOD_GET, head = 1u << FL_METHOD_HEAD;

	for (size_t i = 0; i < n; i++) {
		uint32_t methods =
		    rules[i].methods & get ? rules[i].methods | head : rules[i].methods;

		if ((methods & 1u << query->method) && oracle_matches(&rules[i], query) &&
		    (!best || compare(&rules[i], best, query->method) < 0))
			best = &rules[i];
	}
	return best;
}
