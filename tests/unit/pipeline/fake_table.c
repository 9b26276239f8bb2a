/* tests/unit/pipeline/fake_table.c - a route table that looks at one route after the other
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "gateway/route/table.h"
#include "base/macros.h"

struct fl_route_table {
	size_t n;
	struct fl_route_rule rules[];
};

static const char *const names[FL_METHOD_N] = {"GET",   "HEAD",   "POST",   "PUT",
                                               "PATCH", "DELETE", "OPTIONS"};

const char *fl_method_name(enum fl_method method)
{
	return names[method];
}

struct fl_route_table *fl_route_table_build(const struct fl_route_rule *rules, size_t n,
                                            struct fl_problems *problems)
{
	struct fl_route_table *table = calloc(1, sizeof *table + n * sizeof *rules);

	(void)problems;
	table->n = n;
	memcpy(table->rules, rules, n * sizeof *rules);
	return table;
}

struct fl_route_table *fl_route_table_destroy(struct fl_route_table *table)
{
	free(table);
	return NULL;
}

static bool match_path(struct fl_str template, struct fl_str path, struct fl_route_match *ret)
{
	ret->params_n = 0;
	while (template.n && path.n) {
		struct fl_str t, p, t_rest, p_rest;

		template.p++, template.n--, path.p++, path.n--;
		t = fl_str_split(template, '/', &t_rest);
		if (fl_str_is(t, "**")) {
			ret->params[ret->params_n++] = (struct fl_route_param){t, path};
			return true;
		}
		p = fl_str_split(path, '/', &p_rest);
		if (t.n && t.p[0] == '{')
			ret->params[ret->params_n++] =
			    (struct fl_route_param){fl_str_n(t.p + 1, t.n - 2), p};
		else if (!fl_str_eq(t, p))
			return false;
		template = t_rest.p ? fl_str_n(t_rest.p - 1, t_rest.n + 1) : t_rest;
		path = p_rest.p ? fl_str_n(p_rest.p - 1, p_rest.n + 1) : p_rest;
	}
	return template.n == path.n;
}

int fl_route_table_find(const struct fl_route_table *table, const struct fl_route_query *query,
                        struct fl_route_match *ret)
{
	ret->allowed_methods = 0;
	for (size_t i = 0; i < table->n; i++) {
		const struct fl_route_rule *rule = &table->rules[i];
		uint32_t methods = rule->methods | (rule->methods & 1) << FL_METHOD_HEAD;

		if ((rule->host.n && !fl_str_eq(rule->host, query->host)) ||
		    !match_path(rule->path, query->path, ret))
			continue;
		ret->allowed_methods |= methods;
		ret->target = rule->target;
		if (methods & 1u << query->method)
			return FL_ROUTE_FOUND;
	}
	ret->target = NULL;
	return ret->allowed_methods ? FL_ROUTE_METHOD : FL_ROUTE_NONE;
}
