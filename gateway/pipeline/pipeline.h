/* gateway/pipeline/pipeline.h - the pipeline of all workers, and publishing snapshots to them
 * SPDX-License-Identifier: Apache-2.0
 *
 * One per process. A worker's share (struct fl_pipeline_worker) is touched only on its loop. The
 * published snapshot is one atomic pointer; that it was replaced reaches each worker as a message. A
 * worker counts its requests per snapshot without atomics. What nobody holds any more is destroyed by
 * a thread of the pipeline's own, the reaper.
 */
#ifndef FL_GATEWAY_PIPELINE_PIPELINE_H
#define FL_GATEWAY_PIPELINE_PIPELINE_H

#include "gateway/observe/access.h"
#include "gateway/pipeline/request.h"
#include "gateway/pipeline/snapshot.h"

struct fl_pipeline;

struct fl_pipeline_config {
	unsigned workers;
	struct fl_metrics *metrics;
	struct fl_access_log *access_log; /* may be NULL */
	uint64_t auth_failures; /* server.limits.auth_failures */
};

FL_MUST_USE int fl_pipeline_create(const struct fl_pipeline_config *config, struct fl_pipeline **ret);
/* No request is left, and the loops have run what was posted to them (fl_loop_destroy() does).
 * Accepts NULL. */
struct fl_pipeline *fl_pipeline_destroy(struct fl_pipeline *pipeline);
/* The share of worker `index`, which runs on `loop`. [control, before that loop runs] */
struct fl_pipeline_worker *fl_pipeline_attach_worker(struct fl_pipeline *pipeline, unsigned index,
						     struct fl_loop *loop);

/* Hands the snapshot over to every worker and waits until each serves it: requests that begin after
 * the return see it. 0; FL_PIPELINE_LATE when a worker did not say so within `timeout_ns` (it will
 * serve it as soon as it comes round); -ENOMEM: nothing was done, it remains the caller's. NULL takes
 * the present one away: every request is answered 503. Before the loops run it only stores.
 * [control] */
enum { FL_PIPELINE_LATE = 1 };
FL_MUST_USE int fl_pipeline_publish(struct fl_pipeline *pipeline, struct fl_snapshot *snapshot,
				    uint64_t timeout_ns);
/* Waits until every snapshot that was replaced or taken away is freed, and what it held is let go:
 * then no instance is held by a request any more. False on timeout. For the stop. [control] */
bool fl_pipeline_wait_freed(struct fl_pipeline *pipeline, uint64_t timeout_ns);
/* The policies that instances are decided with which are newer than those of the published snapshot, or
 * when there is none: told before they start, and when nothing became of them. NULL: there are none. Takes
 * a reference. [control] */
void fl_pipeline_expect(struct fl_pipeline *pipeline, struct fl_bundle *bundle);
/* A fl_host_may_fn; ctx: a struct fl_pipeline. Without policies all is allowed that is granted. [loop] */
bool fl_pipeline_may(void *ctx, const struct fl_host_deed *deed);
/* Samples of fairlead_connector_decisions_total. [any] */
void fl_pipeline_collect_deeds(const struct fl_pipeline *pipeline, struct fl_buf *out);
/* Snapshots not freed yet: the published one and those that requests still hold. [any] */
uint64_t fl_pipeline_snapshots_alive(const struct fl_pipeline *pipeline);

#endif
