/* gateway/http/http.c - the data plane's listeners and worker threads
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/http/internal.h"

#include "gateway/observe/metric.h"

static const struct fl_http_app pipeline_app = {
    .begin = fl_pipeline_begin,
    .dispatch = fl_pipeline_dispatch,
    .refuse = fl_pipeline_refuse,
    .gone = fl_pipeline_gone,
    .drain = fl_pipeline_drain,
    .end = fl_pipeline_end,
};

int fl_http_create(const struct fl_http_config *config, struct fl_http **ret, struct fl_error *err)
{
	const struct fl_http_options options = {
	    .app = &pipeline_app,
	    .pipeline = config->pipeline,
	    .listen = &config->server->listen,
	    .trusted_proxies = &config->server->trusted_proxies,
	    .limits = config->server->limits,
	    .workers = config->workers,
	};

	return fl_http_open(&options, ret, err);
}

struct fl_loop *fl_http_loop(const struct fl_http *http, unsigned worker)
{
	FL_ASSERT(worker < http->workers_n);
	return http->workers[worker].loop;
}

struct fl_outbound *fl_http_outbound(const struct fl_http *http, unsigned worker)
{
	FL_ASSERT(worker < http->workers_n);
	return http->workers[worker].outbound;
}

uint16_t fl_http_port(const struct fl_http *http, size_t i)
{
	FL_ASSERT(i < http->listeners_n);
	return http->listeners[i].port;
}

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void fl_http_counts(const struct fl_http *http, struct fl_http_counts *ret)
{
	*ret =
	    (struct fl_http_counts){.refused_connections_total = get(&http->refused_connections)};
	for (unsigned i = 0; i < http->workers_n; i++) {
		const struct fl_http_worker *w = &http->workers[i];

		ret->connections += get(&w->connections_n);
		ret->requests_active += get(&w->requests_n);
		ret->accepted_total += get(&w->accepted_total);
		ret->reaped_total += get(&w->reaped_total);
	}
}

void fl_http_collect_refusals(void *ctx, struct fl_buf *out)
{
	const struct fl_http *http = ctx;

	for (unsigned i = FL_REFUSAL_NONE + 1; i < FL_REFUSAL_N; i++) {
		const char *labels[] = {"code", fl_refusal_of(i)->code, NULL};

		fl_metrics_sample(out, "fairlead_http_refusals_total", labels,
		                  get(&http->refusals[i]));
	}
}
