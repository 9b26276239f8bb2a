/* gateway/pipeline/guess.c - callers that try one key or password after the other
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/guess.h"

#include <errno.h>

#include "base/log.h"
#include "base/map.h"
#include "gateway/auth/method.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

#define GUESS_SETS 4096u /* 65,536 addresses, 512 KiB */
#define PERIOD_NS (60 * FL_NS_PER_SEC)
#define LOGGED_PER_SEC 5u

/* ---- metrics ---- */

static const char *method_name(size_t i)
{
	return i == 0 ? "api_key" : fl_auth_kind_name((enum fl_cfg_auth_kind)(i - 1));
}

static void collect_failed(void *ctx, struct fl_buf *out)
{
	const struct fl_pipeline *pipeline = ctx;

	for (size_t i = 0; i < FL_GUESS_METHODS; i++) {
		const char *const labels[] = {"method", method_name(i), NULL};
		uint64_t n = 0;

		for (unsigned w = 0; w < pipeline->config.workers; w++)
			n += atomic_load_explicit(&pipeline->workers[w].guesses.failed[i],
			                          memory_order_relaxed);
		fl_metrics_sample(out, "fairlead_auth_failures_total", labels, n);
	}
}

static void collect_slowed(void *ctx, struct fl_buf *out)
{
	const struct fl_pipeline *pipeline = ctx;
	uint64_t n = 0;

	for (unsigned w = 0; w < pipeline->config.workers; w++)
		n += atomic_load_explicit(&pipeline->workers[w].guesses.slowed,
		                          memory_order_relaxed);
	fl_metrics_sample(out, "fairlead_auth_slowed_total", NULL, n);
}

/* ---- the table ---- */

int fl_guess_create(struct fl_pipeline *pipeline)
{
	struct fl_guess_table *table = &pipeline->guesses;
	int rc;

	if (pipeline->config.auth_failures > 0) {
		table->rate = (struct fl_bucket_rate){
		    .count = pipeline->config.auth_failures, .period_ns = PERIOD_NS};
		table->buckets = fl_buckets_create(GUESS_SETS);
		if (!table->buckets)
			return -ENOMEM;
	}
	rc = fl_metrics_register(pipeline->config.metrics, "fairlead_auth_failures_total",
	                         "counter", "Requests whose proof of who calls was refused.",
	                         collect_failed, pipeline);
	if (rc < 0)
		return rc;
	return fl_metrics_register(pipeline->config.metrics, "fairlead_auth_slowed_total",
	                           "counter",
	                           "Requests refused unseen because too many failed from their "
	                           "address.",
	                           collect_slowed, pipeline);
}

void fl_guess_destroy(struct fl_pipeline *pipeline)
{
	pipeline->guesses.buckets = fl_buckets_destroy(pipeline->guesses.buckets);
}

/* ---- requests ---- */

static bool may_log(struct fl_guess_counts *counts, uint64_t now_ns)
{
	if (now_ns - counts->second_ns >= FL_NS_PER_SEC) {
		counts->second_ns = now_ns;
		counts->logged = 0;
	}
	return counts->logged++ < LOGGED_PER_SEC;
}

static enum fl_request_verdict slow_down(struct fl_request *req, uint64_t now_ns, uint64_t retry_ns)
{
	struct fl_guess_counts *counts = &req->worker->guesses;
	struct fl_problem_type problem = *fl_problem_type(FL_PROBLEM_AUTH_SLOWED);

	fl_metric_add(&counts->slowed, 1);
	problem.retry_after_s = (uint32_t)((retry_ns + FL_NS_PER_SEC - 1) / FL_NS_PER_SEC);
	if (may_log(counts, now_ns))
		fl_log(FL_LOG_WARN, "auth.slowed", FL_LOG_STR("client", req->client),
		       FL_LOG_STR("route", fl_str_from(req->route->name)),
		       FL_LOG_U64("retry_after_s", problem.retry_after_s),
		       FL_LOG_STR("request_id", req->request_id));
	return fl_stage_refuse(req, &problem);
}

enum fl_request_verdict fl_guess_admit(struct fl_request *req)
{
	const struct fl_guess_table *table = &req->worker->pipeline->guesses;
	uint64_t now_ns = fl_loop_now_ns(req->worker->loop);
	struct fl_bucket_state state;

	if (FL_LIKELY(now_ns >= atomic_load_explicit(&table->quiet_ns, memory_order_relaxed)))
		return FL_REQUEST_CONTINUE;
	fl_bucket_look(table->buckets, fl_hash(fl_request_network(req)), &table->rate, now_ns,
	               &state);
	return state.retry_ns == 0 ? FL_REQUEST_CONTINUE : slow_down(req, now_ns, state.retry_ns);
}

void fl_guess_failed(struct fl_request *req, uint32_t methods, bool is_guess)
{
	struct fl_guess_table *table = &req->worker->pipeline->guesses;
	struct fl_guess_counts *counts = &req->worker->guesses;
	uint64_t now_ns = fl_loop_now_ns(req->worker->loop);
	struct fl_bucket_state state;

	for (size_t i = 0; i < FL_GUESS_METHODS; i++)
		if (methods & 1u << i)
			fl_metric_add(&counts->failed[i], 1);
	if (!is_guess || !table->buckets)
		return;
	(void)fl_bucket_take(table->buckets, fl_hash(fl_request_network(req)), &table->rate, now_ns,
	                     &state);
	/* Workers' clocks differ by less than a second; nothing is ahead by more than a period. */
	atomic_store_explicit(&table->quiet_ns, now_ns + PERIOD_NS + FL_NS_PER_SEC,
	                      memory_order_relaxed);
}
