/* gateway/config/compile_limits.c - limits, and which of them routes list
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/compile.h"

#include "base/clock.h"

#define PAID_OFF_MAX_NS (86400 * FL_NS_PER_SEC)

/* Each part once, in the order of the file. */
static void compile_parts(struct compile *c, struct fl_cfg_strings by, struct fl_cfg_limit *to)
{
	static const char *const words[] = {"consumer", "address", "route", "instance"};
	static const size_t prefix = sizeof "header:" - 1;

	for (size_t i = 0; i < by.n && i < FL_CFG_LIMIT_PARTS_MAX; i++) {
		size_t word = 0, before = 0;

		while (before < i && !fl_str_eq(by.items[before], by.items[i]))
			before++;
		if (before < i)
			continue;
		while (word < FL_ARRAY_LEN(words) && !fl_str_is(by.items[i], words[word]))
			word++;
		to->parts[to->parts_n].by = (enum fl_cfg_limit_by)word;
		if (word == FL_CFG_LIMIT_HEADER)
			to->parts[to->parts_n].header = keep(
			    c, fl_str_n(by.items[i].p + prefix, by.items[i].n - prefix));
		to->parts_n++;
	}
}

/* Rounded up as the limiter rounds, so that it never counts more ahead than a day. */
static bool pays_off(const struct fl_cfg_limit *l)
{
	uint64_t each_us = (l->rate.period_ns / 1000 + l->rate.count - 1) / l->rate.count;

	return l->burst <= PAID_OFF_MAX_NS / 1000 / each_us;
}

static void check_burst(struct compile *c, const struct fl_cfg_raw_limit *from,
                        const struct fl_cfg_limit *l)
{
	const struct fl_cfg_node *burst = fl_cfg_node_find(from->item.node, "burst");
	const struct fl_cfg_node *cost = fl_cfg_node_find(from->item.node, "cost");

	if (l->rate.count == 0)
		return; /* told by check.c */
	if (burst != NULL && !pays_off(l))
		fl_cfg_hint(c->load,
		            fl_cfg_bad(c->load, burst, "limit_burst",
		                       "a burst of %llu is not paid off within 24h",
		                       (unsigned long long)l->burst),
		            "make it smaller, or the rate higher");
	if (cost != NULL && l->cost > l->burst)
		fl_cfg_hint(c->load,
		            fl_cfg_bad(c->load, cost, "limit_cost",
		                       "a request costs more than may come at once: none would pass"),
		            "it may be at most %llu here, or say a larger burst",
		            (unsigned long long)l->burst);
}

void fl_cfg_compile_limits(struct compile *c)
{
	const struct fl_cfg_raw_limit *from = c->raw->limits.items;
	size_t n = c->raw->limits.n;
	struct fl_cfg_limit *to = fl_arena_array(&c->config->arena, n, sizeof *to);

	for (size_t i = 0; to != NULL && i < n; i++) {
		to[i] = from[i].l;
		to[i].name = keep(c, from[i].item.name);
		to[i].at = keep_position(c, fl_cfg_at_key(from[i].item.node));
		if (to[i].burst == 0)
			to[i].burst = to[i].rate.count;
		compile_parts(c, from[i].by, &to[i]);
		check_burst(c, &from[i], &to[i]);
		add_name(&c->limit_names, to[i].name, i);
	}
	c->config->limits = to;
	c->config->limits_n = to ? n : 0;
}

/* ---- routes ---- */

static void add_limit(struct compile *c, const struct fl_cfg_node *at, struct fl_cfg_route *to,
                      size_t *limits)
{
	size_t index;

	if (!fl_cfg_find_name(c, &c->limit_names, at, at->text, "limit", "limits", &index))
		return;
	for (size_t i = 0; i < to->limits_n; i++)
		if (limits[i] == index)
			return;
	limits[to->limits_n++] = index;
}

void fl_cfg_compile_route_limits(struct compile *c, const struct fl_cfg_raw_route *from,
                                 struct fl_cfg_route *to)
{
	const struct fl_cfg_node *node = fl_cfg_node_find(from->item.node, "limits");
	size_t n = node != NULL && node->kind == FL_CFG_LIST ? node->n : 0;
	size_t *limits;

	if (node == NULL || n > FL_CFG_ROUTE_LIMITS_MAX) /* told by check.c */
		return;
	limits = fl_arena_array(&c->config->arena, n + 1, sizeof *limits);
	to->limits = limits;
	if (limits == NULL)
		return;
	if (node->kind == FL_CFG_STRING && from->limits.n == 1)
		add_limit(c, node, to, limits);
	for (const struct fl_cfg_node *item = node->first; item != NULL; item = item->next)
		if (item->kind == FL_CFG_STRING)
			add_limit(c, item, to, limits);
}
