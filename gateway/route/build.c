/* gateway/route/build.c - from rules to a table
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "gateway/route/node.h"
#include "gateway/route/template.h"

#define BLOCK_BYTES (64u << 10)
#define TABLE_BYTES_MAX ((size_t)1 << 30)

/* ---- hosts ---- */

static struct fl_route_host *host_of(struct fl_route_table *table, struct fl_str pattern)
{
	struct fl_str key = pattern;
	struct fl_route_host *host;

	if (pattern.n == 0)
		return &table->any;
	if (pattern.p[0] == '*') {
		key = fl_str_n(pattern.p + 1, pattern.n - 1);
		table->has_wildcards = true;
	}
	host = fl_map_find(&table->hosts, key);
	if (host)
		return host;
	host = fl_arena_zalloc(&table->arena, sizeof *host);
	if (!host)
		return NULL;
	host->pattern = fl_arena_str(&table->arena, key);
	return host->pattern.p && fl_map_put(&table->hosts, host->pattern, host, NULL) == 0 ? host
	                                                                                    : NULL;
}

/* ---- nodes ---- */

/* Zeroed, at the start of a cache line: a request for one of many routes finds none of this in the
 * cache, and each line that it reads costs as much as a hash. */
static void *alloc_aligned(struct fl_arena *arena, size_t bytes)
{
	char *p = fl_arena_zalloc(arena, bytes + FL_ROUTE_ALIGN - 1);

	return p ? p + (-(uintptr_t)p & (FL_ROUTE_ALIGN - 1)) : NULL;
}

static struct fl_route_node *make_node(struct fl_route_table *table, struct fl_str segment)
{
	struct fl_route_node *node = alloc_aligned(&table->arena, sizeof *node + segment.n);

	if (!node)
		return NULL;
	char *text = (char *)(node + 1);

	if (segment.n > 0)
		memcpy(text, segment.p, segment.n);
	node->segment = fl_str_n(text, segment.n);
	return node;
}

static bool add_literal(struct fl_route_table *table, struct fl_route_node *node,
                        struct fl_route_node *child)
{
	if (!node->only) {
		node->only = child;
		return true;
	}
	if (!node->literals)
		node->literals = fl_arena_zalloc(&table->arena, sizeof *node->literals);
	return node->literals && fl_map_put(node->literals, child->segment, child, NULL) == 0;
}

static struct fl_route_node *literal_child(struct fl_route_table *table, struct fl_route_node *node,
                                           struct fl_str segment)
{
	struct fl_route_node *child = fl_route_node_literal(node, segment);

	if (child)
		return child;
	child = make_node(table, segment);
	return child && add_literal(table, node, child) ? child : NULL;
}

static struct fl_route_node *param_child(struct fl_route_table *table, struct fl_route_node *node)
{
	if (!node->param)
		node->param = make_node(table, FL_STR(""));
	return node->param;
}

/* The list that the template ends in, or NULL without memory. */
static struct fl_route_entry **place(struct fl_route_table *table, struct fl_route_node *node,
                                     const struct fl_route_template *t, const void *target)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct fl_route_segment *s = &t->segments[i];

		if (s->kind == FL_SEGMENT_REST)
			return &node->rest;
		node = s->kind == FL_SEGMENT_PARAM ? param_child(table, node)
		                                   : literal_child(table, node, s->text);
		if (!node)
			return NULL;
		if (!node->likely)
			node->likely = target;
	}
	return &node->here;
}

/* ---- entries ---- */

/* Do they ask for different values of one header, so that no request meets both? */
static bool exclude_each_other(const struct fl_route_entry *a, const struct fl_route_entry *b)
{
	for (size_t i = 0; i < a->headers_n; i++)
		for (size_t k = 0; k < b->headers_n; k++) {
			const struct fl_route_header_rule *x = &a->headers[i], *y = &b->headers[k];

			if (!x->is_present && !y->is_present && fl_str_eq(x->name, y->name) &&
			    !fl_str_eq(x->value, y->value))
				return true;
		}
	return false;
}

/* Same place, so same host and path: only methods and headers can tell them apart. */
static bool is_ambiguous(const struct fl_route_entry *a, const struct fl_route_entry *b)
{
	return (a->methods & b->methods) != 0 && a->headers_n == b->headers_n &&
	       !exclude_each_other(a, b);
}

static void report_ambiguous(const struct fl_route_rule *rule, const struct fl_route_entry *other,
                             struct fl_problems *problems)
{
	struct fl_problem *p = fl_route_problem(
	    rule, problems, "route_ambiguous", "path",
	    "matches the same requests as route \"%.*s\" (%s:%u)", FL_STR_ARGS(other->name),
	    other->at.file ? other->at.file : "", (unsigned)other->at.line);

	fl_problem_hint(problems, p,
	                "remove one, or make them differ in host, path, methods or headers");
}

static bool copy_headers(struct fl_arena *arena, const struct fl_route_rule *rule,
                         struct fl_route_entry *entry)
{
	struct fl_route_header_rule *headers;

	entry->headers_n = rule->headers_n;
	if (rule->headers_n == 0)
		return true;
	headers = fl_arena_array(arena, rule->headers_n, sizeof *headers);
	for (size_t i = 0; headers && i < rule->headers_n; i++) {
		headers[i] = rule->headers[i];
		headers[i].name = fl_arena_str(arena, rule->headers[i].name);
		headers[i].value = fl_arena_str(arena, rule->headers[i].value);
	}
	entry->headers = headers;
	return headers != NULL;
}

static bool copy_params(struct fl_arena *arena, const struct fl_route_template *t,
                        struct fl_route_entry *entry)
{
	struct fl_str *params;

	if (t->params_n == 0)
		return true;
	params = fl_arena_array(arena, t->params_n, sizeof *params);
	for (size_t i = 0; params && i < t->n; i++)
		if (t->segments[i].kind != FL_SEGMENT_LITERAL)
			params[entry->params_n++] = fl_arena_str(arena, t->segments[i].text);
	entry->params = params;
	return params != NULL;
}

static struct fl_route_entry *make_entry(struct fl_arena *arena, const struct fl_route_rule *rule,
                                         const struct fl_route_template *t)
{
	struct fl_route_entry *entry = alloc_aligned(arena, sizeof *entry);
	const uint32_t get = 1u << FL_METHOD_GET, head = 1u << FL_METHOD_HEAD;

	if (!entry)
		return NULL;
	entry->target = rule->target;
	entry->at = rule->at;
	entry->methods = rule->methods;
	entry->has_implied_head = (rule->methods & (get | head)) == get;
	if (!copy_params(arena, t, entry) || !copy_headers(arena, rule, entry))
		return NULL;
	entry->name = fl_arena_str(arena, rule->name);
	return entry->name.p ? entry : NULL;
}

/* Most header conditions first, otherwise in the order given. */
static void insert(struct fl_route_entry **list, struct fl_route_entry *entry)
{
	while (*list && (*list)->headers_n >= entry->headers_n)
		list = &(*list)->next;
	entry->next = *list;
	*list = entry;
}

/* False only without memory; problems are counted in the list. */
static bool add_rule(struct fl_route_table *table, const struct fl_route_rule *rule,
                     struct fl_problems *problems)
{
	struct fl_route_template t;
	struct fl_route_host *host;
	struct fl_route_entry **list, *entry;

	FL_ASSERT(rule->methods != 0 && (rule->methods & ~FL_METHODS_ALL) == 0);
	if (!fl_route_host_check(rule, problems) || !fl_route_headers_check(rule, problems) ||
	    !fl_route_template_parse(rule, problems, &t))
		return true;
	host = host_of(table, rule->host);
	list = host ? place(table, &host->root, &t, rule->target) : NULL;
	entry = list ? make_entry(&table->arena, rule, &t) : NULL;
	if (!entry)
		return false;
	for (const struct fl_route_entry *other = *list; other; other = other->next)
		if (is_ambiguous(entry, other)) {
			report_ambiguous(rule, other, problems);
			break;
		}
	insert(list, entry);
	return true;
}

/* ---- the table ---- */

struct fl_route_table *fl_route_table_build(const struct fl_route_rule *rules, size_t n,
                                            struct fl_problems *problems)
{
	struct fl_route_table *table = calloc(1, sizeof *table);
	size_t errors_before = problems->errors;
	bool has_memory = table != NULL;

	if (table) {
		fl_arena_init(&table->arena, BLOCK_BYTES, TABLE_BYTES_MAX);
		fl_map_init(&table->hosts);
	}
	for (size_t i = 0; has_memory && i < n; i++)
		has_memory = add_rule(table, &rules[i], problems);
	if (!has_memory || fl_arena_is_overflown(&table->arena))
		(void)fl_problems_add(problems, "out_of_memory", (struct fl_position){.file = NULL},
		                      FL_STR_NULL, "no memory for a table of %zu routes", n);
	return problems->errors == errors_before ? table : fl_route_table_destroy(table);
}

/* Depth is bounded by FL_ROUTE_SEGMENTS_MAX. */
static void fini_node(struct fl_route_node *node)
{
	const struct fl_map_entry *e;

	if (!node)
		return;
	for (size_t i = 0; node->literals && (e = fl_map_next(node->literals, &i));)
		fini_node(e->value);
	if (node->literals)
		fl_map_fini(node->literals);
	fini_node(node->only);
	fini_node(node->param);
}

struct fl_route_table *fl_route_table_destroy(struct fl_route_table *table)
{
	const struct fl_map_entry *e;

	if (!table)
		return NULL;
	for (size_t i = 0; (e = fl_map_next(&table->hosts, &i));)
		fini_node(&((struct fl_route_host *)e->value)->root);
	fl_map_fini(&table->hosts);
	fini_node(&table->any.root);
	fl_arena_fini(&table->arena);
	free(table);
	return NULL;
}
