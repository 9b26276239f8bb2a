/* admin/api/metrics.c - what the control plane tells Prometheus
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#include <stdatomic.h>

#include "base/clock.h"

static const struct fl_api *of(void *ctx)
{
	return ctx;
}

static void build_info(void *ctx, struct fl_buf *out)
{
	const char *const labels[] = {"version", FL_VERSION, NULL};

	(void)ctx;
	fl_metrics_sample(out, "fairlead_build_info", labels, 1);
}

static void start_time(void *ctx, struct fl_buf *out)
{
	fl_metrics_sample(out, "fairlead_start_time_seconds", NULL,
	                  of(ctx)->started_wall_ns / FL_NS_PER_SEC);
}

static void ready(void *ctx, struct fl_buf *out)
{
	fl_metrics_sample(out, "fairlead_ready", NULL, atomic_load(&of(ctx)->is_ready));
}

static void snapshots(void *ctx, struct fl_buf *out)
{
	fl_metrics_sample(out, "fairlead_snapshots_alive", NULL,
	                  fl_pipeline_snapshots_alive(of(ctx)->parts.pipeline));
}

static void revision(void *ctx, struct fl_buf *out)
{
	struct fl_live *live = fl_control_live(of(ctx)->parts.control);

	fl_metrics_sample(out, "fairlead_config_revision", NULL, live == NULL ? 0 : live->revision);
	(void)fl_live_unref(live);
}

static struct fl_control_reload_info last_reload(void *ctx)
{
	struct fl_control_reload_info last;
	struct fl_arena arena;

	fl_arena_init(&arena, 0, 0); /* the text of the errors is not needed */
	fl_control_last_reload(of(ctx)->parts.control, &arena, &last);
	fl_arena_fini(&arena);
	return last;
}

static void reloads(void *ctx, struct fl_buf *out)
{
	struct fl_control_reload_info last = last_reload(ctx);
	const char *const ok[] = {"result", "ok", NULL}, *const refused[] = {"result", "refused",
	                                                                     NULL};

	fl_metrics_sample(out, "fairlead_config_reloads_total", ok, last.ok_total);
	fl_metrics_sample(out, "fairlead_config_reloads_total", refused, last.failed_total);
}

static void reload_ok(void *ctx, struct fl_buf *out)
{
	struct fl_control_reload_info last = last_reload(ctx);

	fl_metrics_sample(out, "fairlead_config_last_reload_successful", NULL,
	                  last.at_wall_ns == 0 || last.is_ok);
}

static void auth_failures(void *ctx, struct fl_buf *out)
{
	fl_metrics_sample(out, "fairlead_admin_auth_failures_total", NULL,
	                  atomic_load(&of(ctx)->auth_failures_total));
}

static void admin_requests(void *ctx, struct fl_buf *out)
{
	fl_metrics_sample(out, "fairlead_admin_requests_total", NULL,
	                  atomic_load(&of(ctx)->requests_total));
}

static void log_dropped(void *ctx, struct fl_buf *out)
{
	fl_metrics_sample(out, "fairlead_access_log_dropped_total", NULL,
	                  fl_access_log_dropped(of(ctx)->parts.access_log));
}

static void decisions_dropped(void *ctx, struct fl_buf *out)
{
	struct fl_live *live = fl_control_live(of(ctx)->parts.control);

	fl_metrics_sample(out, "fairlead_decision_log_dropped_total", NULL,
	                  live == NULL ? 0 : fl_access_log_dropped(live->decision_log));
	(void)fl_live_unref(live);
}

static void connections(void *ctx, struct fl_buf *out)
{
	struct fl_http_counts counts;

	fl_http_counts(of(ctx)->parts.http, &counts);
	fl_metrics_sample(out, "fairlead_connections", NULL, counts.connections);
}

static void connections_total(void *ctx, struct fl_buf *out)
{
	const char *const accepted[] = {"result", "accepted", NULL};
	const char *const refused[] = {"result", "refused", NULL};
	const char *const reaped[] = {"result", "reaped", NULL};
	struct fl_http_counts counts;

	fl_http_counts(of(ctx)->parts.http, &counts);
	fl_metrics_sample(out, "fairlead_connections_total", accepted, counts.accepted_total);
	fl_metrics_sample(out, "fairlead_connections_total", refused,
	                  counts.refused_connections_total);
	fl_metrics_sample(out, "fairlead_connections_total", reaped, counts.reaped_total);
}

static void refusals(void *ctx, struct fl_buf *out)
{
	fl_http_collect_refusals(of(ctx)->parts.http, out);
}

static void connector_decisions(void *ctx, struct fl_buf *out)
{
	fl_pipeline_collect_deeds(of(ctx)->parts.pipeline, out);
}

static const struct {
	const char *name, *type, *help;
	fl_metrics_collect_fn collect;
	bool is_http; /* only with listeners */
} rows[] = {
    {"fairlead_build_info", "gauge", "The version that runs.", build_info, false},
    {"fairlead_start_time_seconds", "gauge", "When it was started, Unix time.", start_time, false},
    {"fairlead_ready", "gauge", "1 when it takes requests.", ready, false},
    {"fairlead_snapshots_alive", "gauge", "Compiled configurations that a request still holds.",
     snapshots, false},
    {"fairlead_config_revision", "gauge", "The configuration that serves, counted from the start.",
     revision, false},
    {"fairlead_config_reloads_total", "counter", "Reloads by result.", reloads, false},
    {"fairlead_config_last_reload_successful", "gauge", "0 when the last reload was refused.",
     reload_ok, false},
    {"fairlead_admin_requests_total", "counter", "Requests to the admin API.", admin_requests,
     false},
    {"fairlead_admin_auth_failures_total", "counter", "Admin requests without a valid token.",
     auth_failures, false},
    {"fairlead_access_log_dropped_total", "counter", "Access log lines that had no room.",
     log_dropped, false},
    {"fairlead_decision_log_dropped_total", "counter", "Decision log lines that had no room.",
     decisions_dropped, false},
    {"fairlead_connections", "gauge", "Open connections of callers.", connections, true},
    {"fairlead_connections_total", "counter", "Connections of callers, by what became of them.",
     connections_total, true},
    {"fairlead_connector_decisions_total", "counter",
     "What policies said of requests and secrets of connectors themselves.", connector_decisions,
     false},
    {"fairlead_http_refusals_total", "counter", "Requests refused before routing, by code.",
     refusals, true},
};

int fl_api_register_metrics(struct fl_api *api)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		if (rows[i].is_http && api->parts.http == NULL)
			continue;
		if (fl_metrics_register(api->parts.metrics, rows[i].name, rows[i].type,
		                        rows[i].help, rows[i].collect, api) < 0)
			return -1;
	}
	return 0;
}
