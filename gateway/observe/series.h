/* gateway/observe/series.h - how metric.c keeps series and exposition.c prints them
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_OBSERVE_SERIES_H
#define FL_GATEWAY_OBSERVE_SERIES_H

#include <pthread.h>

#include "base/map.h"
#include "gateway/observe/metric.h"

/* Upper bounds of the duration buckets, in ns and as printed in seconds; the last is +Inf. Each is
 * at least twice the one before it: the choice of a bucket in metric.c counts on that. */
#define FL_METRIC_BOUNDS(X, arg)                                                                   \
	X(arg, 100000, "0.0001")                                                                   \
	X(arg, 250000, "0.00025")                                                                  \
	X(arg, 500000, "0.0005")                                                                   \
	X(arg, 1000000, "0.001")                                                                   \
	X(arg, 2500000, "0.0025")                                                                  \
	X(arg, 5000000, "0.005")                                                                   \
	X(arg, 10000000, "0.01")                                                                   \
	X(arg, 25000000, "0.025")                                                                  \
	X(arg, 50000000, "0.05")                                                                   \
	X(arg, 100000000, "0.1")                                                                   \
	X(arg, 250000000, "0.25")                                                                  \
	X(arg, 500000000, "0.5")                                                                   \
	X(arg, 1000000000, "1")                                                                    \
	X(arg, 2500000000, "2.5")                                                                  \
	X(arg, 10000000000, "10")

struct fl_metric_route { /* immutable but for `next`, which fl_metrics.lock guards */
	struct fl_metric_route *next;
	struct fl_str name;
	struct fl_str label; /* the name, escaped */
	unsigned workers;
	struct fl_metric_route_shard *shards; /* the first worker's */
	char text[]; /* name and label */
};

struct fl_metric_family { /* what fl_metrics_register() was told */
	struct fl_metric_family *next;
	const char *name, *type, *help;
	fl_metrics_collect_fn collect;
	void *ctx;
};

struct fl_limit_counts; /* limit_count.c */
struct fl_metric_slab;

struct fl_metrics {
	unsigned workers;
	struct fl_metric_family *families, **families_tail; /* immutable once reading starts */
	pthread_mutex_t lock;
	/* guarded by lock */
	struct fl_map by_name;
	struct fl_metric_route *first, **tail; /* the first is "other" */
	size_t routes_n;
	struct fl_limit_counts *limits;
	struct fl_metric_slab *slabs; /* the newest has room */
};

/* Appends a label value without its quotes. What is not UTF-8 becomes "?". */
void fl_metric_add_label(struct fl_buf *out, struct fl_str value);

#endif
