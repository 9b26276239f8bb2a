/* gateway/pipeline/worker.h - private: the pipeline of one worker, and what all share
 * SPDX-License-Identifier: Apache-2.0
 *
 * A snapshot is published in one atomic pointer. A request takes it in fl_worker_hold(), which
 * counts on the worker's own share of the snapshot, and gives it back in fl_worker_release(). A
 * snapshot that was replaced is retired by a message to each worker: after it no request of that
 * worker can take it any more, and when none holds it the worker lets go. The last of them wakes
 * the reaper, a thread that only destroys snapshots: that can take milliseconds, and workers have
 * requests to serve.
 */
#ifndef FL_GATEWAY_PIPELINE_WORKER_H
#define FL_GATEWAY_PIPELINE_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/auth/jwt_cache.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/limit/bucket.h"
#include "gateway/pipeline/decided.h"
#include "gateway/pipeline/guess.h"
#include "gateway/pipeline/ids.h"
#include "gateway/pipeline/pipeline.h"

/* What instances do by themselves on one worker: deed.c. */
struct fl_deeds {
	/* the worker's loop */
	struct fl_arena scratch;
	uint64_t second_ns; /* monotonic: when the window of `logged` began */
	unsigned logged;
	/* written by the worker, read by any */
	_Atomic uint64_t n[2][2]; /* by enum fl_deed_kind, and whether it was allowed */
};
void fl_deeds_init(struct fl_deeds *deeds);
void fl_deeds_fini(struct fl_deeds *deeds);

struct fl_pipeline_worker {
	_Alignas(64) struct fl_pipeline *pipeline;
	struct fl_loop *loop;
	unsigned index;
	/* the worker's loop */
	struct fl_ids ids;
	uint64_t wall_offset_ns; /* wall clock - monotonic clock */
	uint64_t wall_checked_ns; /* monotonic */
	struct fl_access_log *access_log;
	struct fl_deeds deeds;
	struct fl_jwt_cache *tokens; /* or NULL */
	struct fl_metric_route_shard *unrouted; /* requests that no route took */
	struct fl_policy_counts policies;
	struct fl_guess_counts guesses;
	/* any thread */
	struct fl_loop_task hello;
	atomic_bool is_running; /* its loop has come round once */
	uint64_t served; /* guarded by pipeline->lock: the last publication that it knows of */
};

struct fl_pipeline {
	_Alignas(64) _Atomic(struct fl_snapshot *) published;

	_Alignas(64) struct fl_pipeline_config config; /* immutable */
	struct fl_buckets *buckets; /* of all callers that policies limit */
	struct fl_guess_table guesses;
	pthread_t reaper;
	_Atomic uint64_t alive; /* snapshots published and not destroyed yet */
	uint64_t publications; /* control thread */
	pthread_mutex_t lock;
	pthread_cond_t served, reapable, reaped;
	/* guarded by lock */
	struct fl_snapshot *dead; /* for the reaper */
	bool is_stopping;
	struct fl_bundle *expected; /* a reference, or NULL: no policies */

	struct fl_pipeline_worker workers[];
};

/* [loop of the worker] NULL: none is published. */
static inline const struct fl_snapshot *fl_worker_hold(const struct fl_pipeline_worker *worker)
{
	const struct fl_snapshot *snapshot =
	    atomic_load_explicit(&worker->pipeline->published, memory_order_acquire);

	if (snapshot)
		snapshot->shares[worker->index].requests++;
	return snapshot;
}

/* [loop of the worker] */
static inline void fl_worker_release(const struct fl_pipeline_worker *worker,
				     const struct fl_snapshot *snapshot)
{
	struct fl_snapshot_share *share = &snapshot->shares[worker->index];

	FL_ASSERT(share->requests > 0);
	if (--share->requests == 0 && FL_UNLIKELY(share->is_retired))
		fl_snapshot_let_go(share);
}

/* The wall clock at a monotonic time, without reading a clock more than once a second.
 * [loop of the worker] */
static inline uint64_t fl_worker_wall_ns(struct fl_pipeline_worker *worker, uint64_t mono_ns)
{
	int64_t age_ns = (int64_t)(mono_ns - worker->wall_checked_ns); /* < 0: an older request */

	if (FL_UNLIKELY(age_ns > (int64_t)FL_NS_PER_SEC)) {
		worker->wall_checked_ns = mono_ns;
		worker->wall_offset_ns = fl_clock_wall_ns() - fl_clock_mono_ns();
	}
	return mono_ns + worker->wall_offset_ns;
}

#endif
