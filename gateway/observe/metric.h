/* gateway/observe/metric.h - counters, histograms and their Prometheus text
 * SPDX-License-Identifier: Apache-2.0
 *
 * Per-request figures are kept in one shard per worker, written only by that worker (relaxed
 * atomics, no lock, no shared cache line) and summed when somebody reads. A series is found by name
 * when a snapshot is compiled, never on the request path, and lives as long as the process; at most
 * FL_METRIC_ROUTES_MAX routes get one of their own, later ones share "other". A route that was never
 * asked costs no memory worth counting and is not printed.
 */
#ifndef FL_GATEWAY_OBSERVE_METRIC_H
#define FL_GATEWAY_OBSERVE_METRIC_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/str.h"

#define FL_METRIC_ROUTES_MAX 20000u
#define FL_METRIC_STRIDE 64u /* shards from one worker's of a route to the next one's */
#define FL_METRIC_BUCKETS 16u /* upper bounds: metric.c; the last is +Inf */

enum fl_metric_decision { /* what became of a request at the policies */
	FL_METRIC_ALLOW,
	FL_METRIC_DENY,
	FL_METRIC_DENY_ERROR,   /* a forbid could not be evaluated, or there was no memory to decide */
	FL_METRIC_RATE_LIMITED, /* allowed, but too often */
	FL_METRIC_UNFULFILLED,  /* allowed, but what the policies ask for could not be done */
	FL_METRIC_DECISIONS,
};

struct fl_metrics;

struct fl_metric_route_shard { /* one route's requests on one worker */
	_Alignas(64) _Atomic uint64_t by_class[6]; /* 1xx..5xx at [1..5]; [0]: no answer was sent */
	_Atomic uint64_t duration_ns_sum, bytes_in, bytes_out;
	_Atomic uint64_t buckets[FL_METRIC_BUCKETS];
	_Atomic uint64_t decisions[FL_METRIC_DECISIONS];
};

FL_MUST_USE int fl_metrics_create(unsigned workers, struct fl_metrics **ret);
struct fl_metrics *fl_metrics_destroy(struct fl_metrics *metrics);
/* Finds or creates; "other" also when out of memory. The shard of worker 0. [any]; takes a lock.
 * Never NULL. */
struct fl_metric_route_shard *fl_metrics_route(struct fl_metrics *metrics, struct fl_str route);
/* The shard of one worker, one that the metrics were made for: write to it only from that worker's
 * thread. A route's shards stand so far apart that no memory of the route itself is needed here. */
static inline struct fl_metric_route_shard *
fl_metric_route_shard(struct fl_metric_route_shard *first, unsigned worker)
{
	return first + (size_t)worker * FL_METRIC_STRIDE;
}
/* The shard has one writer: a load and a store are enough, no bus lock. */
static inline void fl_metric_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
	                      memory_order_relaxed);
}

/* "allow", "deny", ... */
const char *fl_metric_decision_name(enum fl_metric_decision decision);
/* Adds one request. [loop of that worker] */
void fl_metric_route_add(struct fl_metric_route_shard *shard, unsigned status, uint64_t duration_ns,
			 uint64_t bytes_in, uint64_t bytes_out);

/* Anything else: a callback that prints samples when somebody reads. `collect` adds lines with
 * fl_metrics_sample(), on the reader's thread. The texts are borrowed for the life of `metrics`;
 * `type` is "counter" or "gauge"; NULL: `collect` begins each of its families by itself, with
 * fl_metrics_head(). -EEXIST: that name is taken; -ENOMEM. Register before reading starts.
 * [control] */
typedef void (*fl_metrics_collect_fn)(void *ctx, struct fl_buf *out);
FL_MUST_USE int fl_metrics_register(struct fl_metrics *metrics, const char *name, const char *type,
				    const char *help, fl_metrics_collect_fn collect, void *ctx);
/* name{label="value",...} value; `labels` are key, value pairs ended by NULL, escaped here. */
void fl_metrics_sample(struct fl_buf *out, const char *name, const char *const *labels,
		       uint64_t value);
void fl_metrics_sample_signed(struct fl_buf *out, const char *name, const char *const *labels,
			      int64_t value);
/* The HELP and TYPE lines of a family; `help` may be any text. */
void fl_metrics_head(struct fl_buf *out, const char *name, const char *type, const char *help);
/* The whole page, Prometheus text format 0.0.4. [any]; takes a lock for a moment; does not disturb
 * the workers. */
void fl_metrics_render(struct fl_metrics *metrics, struct fl_buf *out);

#endif
