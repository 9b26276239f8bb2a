/* gateway/observe/limit_count.h - what limits decided, counted
 * SPDX-License-Identifier: Apache-2.0
 *
 * As the counters of routes: one shard a worker, found by name when a snapshot is compiled, kept for
 * the life of the process.
 */
#ifndef FL_GATEWAY_OBSERVE_LIMIT_COUNT_H
#define FL_GATEWAY_OBSERVE_LIMIT_COUNT_H

#include "gateway/observe/metric.h"

#define FL_LIMIT_COUNTS_MAX 4000u /* names; later ones are not counted */

enum fl_limit_decision {
	FL_LIMIT_PASS,         /* and charged */
	FL_LIMIT_REFUSE,
	FL_LIMIT_WOULD_REFUSE, /* but is not enforced */
	FL_LIMIT_GIVE_BACK,    /* a charge, as another limit refused */
	FL_LIMIT_DECISIONS,
};

struct fl_limit_count { /* one limit on one worker */
	_Alignas(64) _Atomic uint64_t decisions[FL_LIMIT_DECISIONS];
};

/* Finds or creates: one for each worker. NULL: no memory, or too many. [any]; takes a lock */
struct fl_limit_count *fl_metrics_limit(struct fl_metrics *metrics, struct fl_str limit);
/* What all workers counted so far; all 0 for a name that nobody asked for. [any]; takes a lock */
void fl_metrics_limit_sum(struct fl_metrics *metrics, struct fl_str limit,
                          uint64_t ret[FL_LIMIT_DECISIONS]);
/* "pass", "refuse", ... */
const char *fl_limit_decision_name(enum fl_limit_decision decision);
/* Private, for metric.c and exposition.c. */
void fl_limit_counts_render(struct fl_metrics *metrics, struct fl_buf *out);
void fl_limit_counts_destroy(struct fl_metrics *metrics);

#endif
