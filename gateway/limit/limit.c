/* gateway/limit/limit.c - the limits of a configuration, compiled
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/limit/limit.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"

struct fl_limits {
	struct fl_arena arena;
	const struct fl_limit_list **of_routes;
};

/* ---- keys ---- */

/* Depends on the order. Both are keyed hashes, or one is: outsiders know nothing of what comes out. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	return (a ^ b) * UINT64_C(0x9e3779b97f4a7c15) + (a >> 29);
}

struct fl_str fl_limit_network(struct fl_str address, unsigned ipv6_prefix, unsigned char buf[16])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */
	char text[INET6_ADDRSTRLEN];

	if (address.n == 0 || address.n >= sizeof text)
		return address;
	memcpy(text, address.p, address.n);
	text[address.n] = '\0';
	if (memchr(address.p, ':', address.n) == NULL)
		return inet_pton(AF_INET, text, buf) == 1 ? fl_str_n((const char *)buf, 4)
		                                          : address;
	if (inet_pton(AF_INET6, text, buf) != 1)
		return address;
	if (memcmp(buf, mapped, sizeof mapped) == 0)
		return fl_str_n((const char *)buf + sizeof mapped, 4);
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = ipv6_prefix > i * 8 ? ipv6_prefix - i * 8 : 0;

		if (kept < 8)
			buf[i] &= (unsigned char)(0xff00u >> kept);
	}
	return fl_str_n((const char *)buf, 16);
}

/* {NULL,0}: the request has none. */
static struct fl_str value_of(const struct fl_limit *limit, size_t part,
                              const struct fl_limit_subject *subject, unsigned char buf[16])
{
	struct fl_str header;

	switch (limit->config->parts[part].by) {
	case FL_CFG_LIMIT_CONSUMER:
		return subject->consumer;
	case FL_CFG_LIMIT_ADDRESS:
		return fl_limit_network(subject->address, (unsigned)limit->config->ipv6_prefix, buf);
	case FL_CFG_LIMIT_ROUTE:
		return subject->route;
	case FL_CFG_LIMIT_INSTANCE:
		return subject->instance;
	case FL_CFG_LIMIT_HEADER:
		break;
	}
	return subject->header(subject->ctx, limit->config->parts[part].header, &header)
	           ? header
	           : FL_STR_NULL;
}

uint64_t fl_limit_key(const struct fl_limit *limit, const struct fl_limit_subject *subject)
{
	uint64_t key = limit->id;
	unsigned char buf[16];

	for (size_t i = 0; i < limit->config->parts_n; i++) {
		struct fl_str value = value_of(limit, i, subject, buf);

		key = mix(key, value.p ? fl_hash(value) : 0);
	}
	return key;
}

/* ---- building ---- */

static uint64_t identity(const struct fl_cfg_limit *config)
{
	uint64_t id = mix(fl_hash(config->name), config->rate.period_ns);

	for (size_t i = 0; i < config->parts_n; i++) {
		id = mix(id, config->parts[i].by);
		if (config->parts[i].by == FL_CFG_LIMIT_HEADER)
			id = mix(id, fl_hash(config->parts[i].header));
		else if (config->parts[i].by == FL_CFG_LIMIT_ADDRESS)
			id = mix(id, config->ipv6_prefix);
	}
	return id;
}

static void build_limit(struct fl_limits *limits, const struct fl_cfg_limit *config,
                        struct fl_metrics *metrics, struct fl_limit *to)
{
	*to = (struct fl_limit){
	    .config = config,
	    .rate = {.count = config->rate.count,
	             .period_ns = config->rate.period_ns,
	             .burst = config->burst,
	             .cost = config->cost},
	    .id = identity(config),
	    .counts = fl_metrics_limit(metrics, config->name),
	    /* In requests: that is what callers count. */
	    .policy = fl_arena_printf(&limits->arena, "\"%.*s\";q=%llu;w=%llu",
	                              FL_STR_ARGS(config->name),
	                              (unsigned long long)(config->rate.count / config->cost),
	                              (unsigned long long)(config->rate.period_ns / FL_NS_PER_SEC)),
	};
	for (size_t i = 0; i < config->parts_n; i++)
		to->needs_consumer |= config->parts[i].by == FL_CFG_LIMIT_CONSUMER;
}

static void build_list(struct fl_limits *limits, const struct fl_cfg_route *route,
                       const struct fl_limit *items, const struct fl_limit_list **ret)
{
	struct fl_limit_list *list;

	if (route->limits_n == 0)
		return;
	list = fl_arena_zalloc(&limits->arena,
	                       sizeof *list + route->limits_n * sizeof list->items[0]);
	if (!list)
		return;
	for (size_t i = 0; i < route->limits_n; i++) {
		list->items[list->n++] = &items[route->limits[i]];
		list->is_any_enforced |= items[route->limits[i]].config->is_enforced;
	}
	*ret = list;
}

struct fl_limits *fl_limits_build(const struct fl_config *config, struct fl_metrics *metrics)
{
	struct fl_limits *limits = calloc(1, sizeof *limits);
	struct fl_limit *items;

	if (!limits)
		return NULL;
	fl_arena_init(&limits->arena, 4096, SIZE_MAX);
	if (config->limits_n == 0)
		return limits;
	items = fl_arena_array(&limits->arena, config->limits_n, sizeof *items);
	limits->of_routes =
	    fl_arena_array(&limits->arena, config->routes_n + 1, sizeof(*limits->of_routes));
	for (size_t i = 0; items && i < config->limits_n; i++)
		build_limit(limits, &config->limits[i], metrics, &items[i]);
	for (size_t i = 0; items && limits->of_routes && i < config->routes_n; i++)
		build_list(limits, &config->routes[i], items, &limits->of_routes[i]);
	return fl_arena_is_overflown(&limits->arena) ? fl_limits_destroy(limits) : limits;
}

struct fl_limits *fl_limits_destroy(struct fl_limits *limits)
{
	if (!limits)
		return NULL;
	fl_arena_fini(&limits->arena);
	free(limits);
	return NULL;
}

const struct fl_limit_list *fl_limits_of(const struct fl_limits *limits, size_t route)
{
	return limits->of_routes ? limits->of_routes[route] : NULL;
}
