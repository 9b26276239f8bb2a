/* gateway/route/find.c - from a request to its route
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/route/node.h"

struct search {
	const struct fl_route_query *query;
	struct fl_route_match *match;
	size_t params_n; /* values found on the way to the node at hand */
};

/* ---- at the end of a template ---- */

static bool meets_headers(const struct fl_route_entry *entry, const struct fl_route_query *query)
{
	for (size_t i = 0; i < entry->headers_n; i++) {
		const struct fl_route_header_rule *rule = &entry->headers[i];
		struct fl_str value;

		if (!query->header(query->ctx, rule->name, &value) ||
		    (!rule->is_present && !fl_str_eq(value, rule->value)))
			return false;
	}
	return true;
}

static bool take(struct search *s, const struct fl_route_entry *entry)
{
	FL_ASSERT(entry->params_n == s->params_n);
	for (size_t i = 0; i < entry->params_n; i++)
		s->match->params[i].name = entry->params[i];
	s->match->params_n = entry->params_n;
	s->match->target = entry->target;
	return true;
}

static bool try_entries(struct search *s, const struct fl_route_entry *list)
{
	uint32_t bit = 1u << s->query->method;
	const struct fl_route_entry *implied = NULL;

	for (const struct fl_route_entry *e = list; e; e = e->next) {
		if (!meets_headers(e, s->query))
			continue;
		if (e->methods & bit)
			return take(s, e);
		if (e->has_implied_head && s->query->method == FL_METHOD_HEAD && !implied)
			implied = e;
		s->match->allowed_methods |= e->methods;
	}
	return implied ? take(s, implied) : false;
}

/* ---- down the trie ---- */

/* The room for one more value; templates have no more parameters than there is room for, and a
 * param child exists only where a template has one. */
static void push(struct search *s, struct fl_str value)
{
	FL_ASSERT(s->params_n < FL_ROUTE_PARAMS_MAX);
	s->match->params[s->params_n++].value = value;
}

static bool try_rest(struct search *s, const struct fl_route_node *node, struct fl_str rest)
{
	if (!node->rest)
		return false;
	push(s, rest);
	if (try_entries(s, node->rest))
		return true;
	s->params_n--;
	return false;
}

/* `rest`: the path behind the "/" after this node; p is NULL when the path ends here. Recursion is
 * bounded by the depth of the trie, FL_ROUTE_SEGMENTS_MAX. */
static bool descend(struct search *s, const struct fl_route_node *node, struct fl_str rest)
{
	const struct fl_route_node *child;
	struct fl_str segment, tail;

	if (!rest.p)
		return try_entries(s, node->here) || try_rest(s, node, FL_STR(""));
	segment = fl_str_split(rest, '/', &tail);
	child = fl_route_node_literal(node, segment);
	if (child)
		fl_route_prefetch(child);
	if (child && descend(s, child, tail))
		return true;
	if (node->param && segment.n > 0) {
		push(s, segment);
		if (descend(s, node->param, tail))
			return true;
		s->params_n--;
	}
	return try_rest(s, node, rest);
}

static bool try_host(struct search *s, const struct fl_route_host *host)
{
	struct fl_str path = s->query->path;

	s->params_n = 0;
	return host && descend(s, &host->root, fl_str_n(path.p + 1, path.n - 1));
}

/* Exact, then the longest "*." suffix first. */
static bool try_named_hosts(const struct fl_route_table *table, struct search *s)
{
	struct fl_str host = s->query->host;

	if (try_host(s, fl_map_find(&table->hosts, host)))
		return true;
	for (size_t i = 1; table->has_wildcards && i < host.n; i++)
		if (host.p[i] == '.' &&
		    try_host(s, fl_map_find(&table->hosts, fl_str_n(host.p + i, host.n - i))))
			return true;
	return false;
}

int fl_route_table_find(const struct fl_route_table *table, const struct fl_route_query *query,
                        struct fl_route_match *ret)
{
	struct search s = {.query = query, .match = ret};

	FL_ASSERT(query->path.n > 0 && query->path.p[0] == '/' && query->method < FL_METHOD_N);
	ret->target = NULL;
	ret->allowed_methods = 0;
	ret->params_n = 0;
	if (table->hosts.count > 0 && query->host.n > 0 && query->host.p[0] != '.' &&
	    try_named_hosts(table, &s))
		return FL_ROUTE_FOUND;
	if (try_host(&s, &table->any))
		return FL_ROUTE_FOUND;
	return ret->allowed_methods ? FL_ROUTE_METHOD : FL_ROUTE_NONE;
}
