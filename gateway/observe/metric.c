/* gateway/observe/metric.c - counters and histograms of the routes
 * SPDX-License-Identifier: Apache-2.0
 *
 * Shards come from slabs, each the same routes for every worker one after the other. A slab is
 * zeroed by the kernel, so pages of routes that nobody asks are never made.
 */
#include "gateway/observe/metric.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "gateway/observe/limit_count.h"
#include "gateway/observe/series.h"

struct fl_metric_slab {
	struct fl_metric_slab *next;
	size_t bytes;
	unsigned used;
	struct fl_metric_route_shard shards[]; /* [worker][FL_METRIC_STRIDE] */
};

#define BOUND(arg, ns, text) UINT64_C(ns),
#define IS_BELOW(k, ns, text) +(UINT64_C(ns) < UINT64_C(1) << (k))
#define BELOW(k) FL_METRIC_BOUNDS(IS_BELOW, k)
#define BELOW_4(k) BELOW(k), BELOW(k + 1), BELOW(k + 2), BELOW(k + 3)

static const uint64_t bounds_ns[FL_METRIC_BUCKETS] = {FL_METRIC_BOUNDS(BOUND, ) UINT64_MAX};

/* How many bounds are below 2^k. Between 2^k and 2^(k + 1) lies at most one bound more. */
static const uint8_t below[64] = {
    BELOW_4(0),  BELOW_4(4),  BELOW_4(8),  BELOW_4(12), BELOW_4(16), BELOW_4(20),
    BELOW_4(24), BELOW_4(28), BELOW_4(32), BELOW_4(36), BELOW_4(40), BELOW_4(44),
    BELOW_4(48), BELOW_4(52), BELOW_4(56), BELOW_4(60),
};

/* The first bucket whose upper bound is not below the duration. */
static size_t bucket(uint64_t duration_ns)
{
	size_t i = below[63 - __builtin_clzll(duration_ns | 1)];

	return i + (duration_ns > bounds_ns[i]);
}

void fl_metric_route_add(struct fl_metric_route_shard *shard, unsigned status, uint64_t duration_ns,
                         uint64_t bytes_in, uint64_t bytes_out)
{
	unsigned class = status / 100;

	fl_metric_add(&shard->by_class[class < FL_ARRAY_LEN(shard->by_class) ? class : 0], 1);
	fl_metric_add(&shard->duration_ns_sum, duration_ns);
	fl_metric_add(&shard->bytes_in, bytes_in);
	fl_metric_add(&shard->bytes_out, bytes_out);
	fl_metric_add(&shard->buckets[bucket(duration_ns)], 1);
}

static struct fl_metric_slab *make_slab(unsigned workers)
{
	size_t bytes = sizeof(struct fl_metric_slab) +
	               (size_t)workers * FL_METRIC_STRIDE * sizeof(struct fl_metric_route_shard);
	struct fl_metric_slab *slab =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (slab == MAP_FAILED)
		return NULL;
	slab->bytes = bytes;
	return slab;
}

static int take_shards_locked(struct fl_metrics *metrics, struct fl_metric_route_shard **ret)
{
	struct fl_metric_slab *slab = metrics->slabs;

	if (slab == NULL || slab->used == FL_METRIC_STRIDE) {
		slab = make_slab(metrics->workers);
		if (slab == NULL)
			return -ENOMEM;
		slab->next = metrics->slabs;
		metrics->slabs = slab;
	}
	*ret = &slab->shards[slab->used++];
	return 0;
}

static struct fl_metric_route *make_route(struct fl_str name)
{
	struct fl_metric_route *route = NULL;
	struct fl_buf label;

	fl_buf_init(&label, name.n * 2);
	fl_metric_add_label(&label, name);
	if (!fl_buf_is_overflown(&label))
		route = malloc(sizeof *route + name.n + label.len);
	if (route) {
		*route = (struct fl_metric_route){.name = {route->text, name.n},
		                                  .label = {route->text + name.n, label.len}};
		if (name.n)
			memcpy(route->text, name.p, name.n);
		if (label.len)
			memcpy(route->text + name.n, label.p, label.len);
	}
	fl_buf_fini(&label);
	return route;
}

static struct fl_metric_route *add_route_locked(struct fl_metrics *metrics, struct fl_str name)
{
	struct fl_metric_route *route = make_route(name);

	if (route == NULL)
		return NULL;
	route->workers = metrics->workers;
	if (take_shards_locked(metrics, &route->shards) < 0 ||
	    fl_map_put(&metrics->by_name, route->name, route, NULL) < 0) {
		free(route); /* its shards stay unused: memory has run out anyway */
		return NULL;
	}
	*metrics->tail = route;
	metrics->tail = &route->next;
	metrics->routes_n++;
	return route;
}

struct fl_metric_route_shard *fl_metrics_route(struct fl_metrics *metrics, struct fl_str name)
{
	(void)pthread_mutex_lock(&metrics->lock);
	struct fl_metric_route *route = fl_map_find(&metrics->by_name, name);

	if (route == NULL && metrics->routes_n <= FL_METRIC_ROUTES_MAX) /* "other" is one more */
		route = add_route_locked(metrics, name);
	if (route == NULL)
		route = metrics->first;
	(void)pthread_mutex_unlock(&metrics->lock);
	return route->shards;
}

int fl_metrics_create(unsigned workers, struct fl_metrics **ret)
{
	FL_ASSERT(workers > 0);
	struct fl_metrics *metrics = calloc(1, sizeof *metrics);

	if (metrics == NULL)
		return -ENOMEM;
	metrics->workers = workers;
	metrics->tail = &metrics->first;
	metrics->families_tail = &metrics->families;
	(void)pthread_mutex_init(&metrics->lock, NULL);
	if (add_route_locked(metrics, FL_STR("other")) == NULL) {
		(void)fl_metrics_destroy(metrics);
		return -ENOMEM;
	}
	*ret = metrics;
	return 0;
}

struct fl_metrics *fl_metrics_destroy(struct fl_metrics *metrics)
{
	if (metrics == NULL)
		return NULL;
	while (metrics->first) {
		struct fl_metric_route *route = metrics->first;

		metrics->first = route->next;
		free(route);
	}
	while (metrics->families) {
		struct fl_metric_family *family = metrics->families;

		metrics->families = family->next;
		free(family);
	}
	fl_limit_counts_destroy(metrics);
	while (metrics->slabs) {
		struct fl_metric_slab *slab = metrics->slabs;

		metrics->slabs = slab->next;
		(void)munmap(slab, slab->bytes);
	}
	fl_map_fini(&metrics->by_name);
	(void)pthread_mutex_destroy(&metrics->lock);
	free(metrics);
	return NULL;
}

int fl_metrics_register(struct fl_metrics *metrics, const char *name, const char *type,
                        const char *help, fl_metrics_collect_fn collect, void *ctx)
{
	for (const struct fl_metric_family *f = metrics->families; f; f = f->next)
		if (strcmp(f->name, name) == 0)
			return -EEXIST;
	struct fl_metric_family *family = malloc(sizeof *family);

	if (family == NULL)
		return -ENOMEM;
	*family = (struct fl_metric_family){NULL, name, type, help, collect, ctx};
	*metrics->families_tail = family;
	metrics->families_tail = &family->next;
	return 0;
}
