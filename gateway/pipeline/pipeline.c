/* gateway/pipeline/pipeline.c - the pipeline of all workers, and publishing snapshots to them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/thread.h"
#include "gateway/pipeline/worker.h"

/* ---- the reaper ---- */

static struct fl_snapshot *take_dead_locked(struct fl_pipeline *pipeline)
{
	struct fl_snapshot *dead = pipeline->dead;

	if (dead)
		pipeline->dead = dead->next_dead;
	return dead;
}

static void *reap(void *arg)
{
	struct fl_pipeline *pipeline = arg;
	struct fl_snapshot *dead;

	(void)pthread_mutex_lock(&pipeline->lock);
	for (;;) {
		dead = take_dead_locked(pipeline);
		if (!dead && pipeline->is_stopping)
			break;
		if (!dead) {
			(void)pthread_cond_wait(&pipeline->reapable, &pipeline->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&pipeline->lock);
		(void)fl_snapshot_destroy(dead);
		(void)pthread_mutex_lock(&pipeline->lock);
		atomic_fetch_sub_explicit(&pipeline->alive, 1, memory_order_release);
		(void)pthread_cond_signal(&pipeline->reaped);
	}
	(void)pthread_mutex_unlock(&pipeline->lock);
	return NULL;
}

void fl_snapshot_let_go(struct fl_snapshot_share *share)
{
	struct fl_snapshot *snapshot = share->snapshot;
	struct fl_pipeline *pipeline = share->worker->pipeline;

	if (atomic_fetch_sub_explicit(&snapshot->holders, 1, memory_order_acq_rel) > 1)
		return;
	(void)pthread_mutex_lock(&pipeline->lock);
	snapshot->next_dead = pipeline->dead;
	pipeline->dead = snapshot;
	(void)pthread_cond_signal(&pipeline->reapable);
	(void)pthread_mutex_unlock(&pipeline->lock);
}

/* ---- workers ---- */

static void on_hello(struct fl_loop_task *task)
{
	struct fl_pipeline_worker *worker = FL_CONTAINER_OF(task, struct fl_pipeline_worker, hello);

	atomic_store_explicit(&worker->is_running, true, memory_order_relaxed);
}

struct fl_pipeline_worker *fl_pipeline_attach_worker(struct fl_pipeline *pipeline, unsigned index,
                                                     struct fl_loop *loop)
{
	FL_ASSERT(index < pipeline->config.workers);
	struct fl_pipeline_worker *worker = &pipeline->workers[index];

	FL_ASSERT(!worker->loop);
	worker->loop = loop;
	worker->hello.on_task = on_hello;
	fl_loop_post(loop, &worker->hello);
	return worker;
}

static int init_worker(struct fl_pipeline *pipeline, unsigned index,
                       struct fl_metric_route_shard *unrouted)
{
	struct fl_pipeline_worker *worker = &pipeline->workers[index];

	worker->pipeline = pipeline;
	worker->index = index;
	fl_deeds_init(&worker->deeds);
	worker->tokens = fl_jwt_cache_create();
	worker->access_log = pipeline->config.access_log;
	worker->unrouted = fl_metric_route_shard(unrouted, index);
	worker->wall_checked_ns = fl_clock_mono_ns();
	worker->wall_offset_ns = fl_clock_wall_ns() - worker->wall_checked_ns;
	return fl_ids_init(&worker->ids);
}

/* ---- the whole ---- */

static void init_lock(struct fl_pipeline *pipeline)
{
	pthread_condattr_t monotonic;

	(void)pthread_mutex_init(&pipeline->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&pipeline->served, &monotonic);
	(void)pthread_cond_init(&pipeline->reaped, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	(void)pthread_cond_init(&pipeline->reapable, NULL);
}

static struct fl_pipeline *release(struct fl_pipeline *pipeline)
{
	(void)fl_bundle_unref(pipeline->expected);
	for (unsigned i = 0; i < pipeline->config.workers; i++) {
		fl_deeds_fini(&pipeline->workers[i].deeds);
		(void)fl_jwt_cache_destroy(pipeline->workers[i].tokens);
	}
	(void)pthread_cond_destroy(&pipeline->reapable);
	(void)pthread_cond_destroy(&pipeline->reaped);
	(void)pthread_cond_destroy(&pipeline->served);
	(void)pthread_mutex_destroy(&pipeline->lock);
	(void)fl_buckets_destroy(pipeline->buckets);
	fl_guess_destroy(pipeline);
	free(pipeline);
	return NULL;
}

int fl_pipeline_create(const struct fl_pipeline_config *config, struct fl_pipeline **ret)
{
	struct fl_metric_route_shard *unrouted = fl_metrics_route(config->metrics, FL_STR(""));
	size_t bytes =
	    sizeof(struct fl_pipeline) + config->workers * sizeof(struct fl_pipeline_worker);
	struct fl_pipeline *pipeline = aligned_alloc(64, bytes);
	int rc = 0;

	if (!pipeline)
		return -ENOMEM;
	memset(pipeline, 0, bytes);
	pipeline->config = *config;
	init_lock(pipeline);
	for (unsigned i = 0; rc == 0 && i < config->workers; i++)
		rc = init_worker(pipeline, i, unrouted);
	pipeline->buckets = fl_buckets_create(FL_BUCKET_SETS);
	if (rc == 0 && !pipeline->buckets)
		rc = -ENOMEM;
	if (rc == 0)
		rc = fl_decided_register(pipeline);
	if (rc == 0)
		rc = fl_guess_create(pipeline);
	if (rc == 0)
		rc = fl_thread_create(&pipeline->reaper, "fl-reaper", reap, pipeline);
	if (rc != 0) {
		(void)release(pipeline);
		return rc;
	}
	*ret = pipeline;
	return 0;
}

static uint64_t count_alive(const struct fl_pipeline *pipeline)
{
	return atomic_load_explicit(&pipeline->alive, memory_order_acquire);
}

struct fl_pipeline *fl_pipeline_destroy(struct fl_pipeline *pipeline)
{
	struct fl_snapshot *published;

	if (!pipeline)
		return NULL;
	(void)pthread_mutex_lock(&pipeline->lock);
	pipeline->is_stopping = true;
	(void)pthread_cond_signal(&pipeline->reapable);
	(void)pthread_mutex_unlock(&pipeline->lock);
	(void)pthread_join(pipeline->reaper, NULL);
	published = atomic_load_explicit(&pipeline->published, memory_order_acquire);
	/* Replaced ones are gone: no request is left, and each loop got the message. */
	FL_ASSERT(count_alive(pipeline) == (published ? 1 : 0));
	(void)fl_snapshot_destroy(published);
	return release(pipeline);
}

uint64_t fl_pipeline_snapshots_alive(const struct fl_pipeline *pipeline)
{
	return count_alive(pipeline);
}

/* ---- publishing ---- */

static void on_retire(struct fl_loop_task *task)
{
	struct fl_snapshot_share *share = FL_CONTAINER_OF(task, struct fl_snapshot_share, retire);
	struct fl_pipeline_worker *worker = share->worker;
	struct fl_pipeline *pipeline = worker->pipeline;
	uint64_t replaced_by = share->snapshot->replaced_by;

	share->is_retired = true;
	if (share->requests == 0)
		fl_snapshot_let_go(share);
	(void)pthread_mutex_lock(&pipeline->lock);
	worker->served = replaced_by;
	(void)pthread_cond_signal(&pipeline->served);
	(void)pthread_mutex_unlock(&pipeline->lock);
}

static int share_out(struct fl_pipeline *pipeline, struct fl_snapshot *snapshot)
{
	unsigned n = pipeline->config.workers;

	FL_ASSERT(!snapshot->shares);
	snapshot->shares = aligned_alloc(64, n * sizeof *snapshot->shares);
	if (!snapshot->shares)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		snapshot->shares[i] = (struct fl_snapshot_share){
		    .snapshot = snapshot,
		    .worker = &pipeline->workers[i],
		    .retire.on_task = on_retire,
		};
	atomic_store_explicit(&snapshot->holders, n, memory_order_relaxed);
	return 0;
}

static bool is_served_locked(const struct fl_pipeline *pipeline)
{
	for (unsigned i = 0; i < pipeline->config.workers; i++) {
		const struct fl_pipeline_worker *worker = &pipeline->workers[i];

		if (worker->served < pipeline->publications &&
		    atomic_load_explicit(&worker->is_running, memory_order_relaxed))
			return false;
	}
	return true;
}

static struct timespec after(uint64_t timeout_ns)
{
	uint64_t now_ns = fl_clock_mono_ns();
	uint64_t until_ns = timeout_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + timeout_ns;

	return (struct timespec){.tv_sec = (time_t)(until_ns / FL_NS_PER_SEC),
	                         .tv_nsec = (long)(until_ns % FL_NS_PER_SEC)};
}

static int wait_served(struct fl_pipeline *pipeline, uint64_t timeout_ns)
{
	const struct timespec until = after(timeout_ns);
	int rc = 0;
	bool is_served;

	(void)pthread_mutex_lock(&pipeline->lock);
	while (!(is_served = is_served_locked(pipeline)) && rc == 0)
		rc = pthread_cond_timedwait(&pipeline->served, &pipeline->lock, &until);
	(void)pthread_mutex_unlock(&pipeline->lock);
	return is_served ? 0 : FL_PIPELINE_LATE;
}

static void retire(struct fl_pipeline *pipeline, struct fl_snapshot *old)
{
	old->replaced_by = ++pipeline->publications;
	for (unsigned i = 0; i < pipeline->config.workers; i++) {
		FL_ASSERT(pipeline->workers[i].loop);
		fl_loop_post(pipeline->workers[i].loop, &old->shares[i].retire);
	}
}

int fl_pipeline_publish(struct fl_pipeline *pipeline, struct fl_snapshot *snapshot,
                        uint64_t timeout_ns)
{
	struct fl_snapshot *old;

	if (snapshot) {
		int rc = share_out(pipeline, snapshot);

		if (rc != 0)
			return rc;
		atomic_fetch_add_explicit(&pipeline->alive, 1, memory_order_relaxed);
	}
	old = atomic_exchange_explicit(&pipeline->published, snapshot, memory_order_acq_rel);
	if (!old) /* the first: workers take it with their next request */
		return 0;
	retire(pipeline, old);
	return wait_served(pipeline, timeout_ns);
}

bool fl_pipeline_wait_freed(struct fl_pipeline *pipeline, uint64_t timeout_ns)
{
	uint64_t left = atomic_load_explicit(&pipeline->published, memory_order_acquire) ? 1 : 0;
	const struct timespec until = after(timeout_ns);
	bool is_freed;
	int rc = 0;

	(void)pthread_mutex_lock(&pipeline->lock);
	while (!(is_freed = count_alive(pipeline) == left) && rc == 0)
		rc = pthread_cond_timedwait(&pipeline->reaped, &pipeline->lock, &until);
	(void)pthread_mutex_unlock(&pipeline->lock);
	return is_freed;
}
