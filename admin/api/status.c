/* admin/api/status.c - health, metrics, and one page of truth
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#include <sodium.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"

void fl_api_live(struct fl_api_call *call)
{
	struct fl_json j;

	fl_api_object(call, 200, &j);
	fl_json_add_c(&j, "status", "live");
	fl_json_end(&j);
}

void fl_api_ready(struct fl_api_call *call)
{
	bool is_ready = atomic_load_explicit(&call->api->is_ready, memory_order_acquire);
	struct fl_json j;

	if (!is_ready) {
		fl_api_problem(call, 503, "not_ready", NULL, "the gateway starts or stops");
		fl_api_header(call, "retry-after", FL_STR("1"));
		return;
	}
	fl_api_object(call, 200, &j);
	fl_json_add_c(&j, "status", "ready");
	fl_json_end(&j);
}

void fl_api_metrics(struct fl_api_call *call)
{
	call->status = 200;
	call->content_type = "text/plain; version=0.0.4; charset=utf-8";
	fl_metrics_render(call->api->parts.metrics, &call->body);
}

/* ---- status ---- */

static void add_config(struct fl_api_call *call, struct fl_json *j, const struct fl_live *live)
{
	struct fl_control_reload_info last;

	fl_control_last_reload(call->api->parts.control, call->http->arena, &last);
	fl_json_object(j, "config");
	fl_json_add_c(j, "file", call->api->parts.config_path);
	fl_json_add_c(j, "digest", live->config->digest);
	fl_json_add_u64(j, "revision", live->revision);
	fl_api_add_time(j, "since", live->since_wall_ns);
	fl_json_object(j, "last_reload");
	fl_api_add_time(j, "at", last.at_wall_ns);
	fl_json_add_bool(j, "ok", last.at_wall_ns == 0 || last.is_ok);
	fl_json_add_raw(j, "errors", last.errors_json);
	fl_json_end(j);
	fl_json_add_u64(j, "reloads_total", last.ok_total);
	fl_json_add_u64(j, "reloads_refused_total", last.failed_total);
	fl_json_end(j);
}

static void add_http(struct fl_api_call *call, struct fl_json *j)
{
	struct fl_http_counts counts;

	if (call->api->parts.http == NULL)
		return;
	fl_http_counts(call->api->parts.http, &counts);
	fl_json_add_u64(j, "connections", counts.connections);
	fl_json_add_u64(j, "requests_active", counts.requests_active);
}

static void add_host(struct fl_api_call *call, struct fl_json *j)
{
	struct fl_host_counts counts;

	fl_host_counts(call->api->parts.host, &counts);
	fl_json_add_u64(j, "snapshots_alive",
	                fl_pipeline_snapshots_alive(call->api->parts.pipeline));
	fl_json_add_u64(j, "modules_live", counts.modules_live);
	fl_json_add_u64(j, "modules_pinned", counts.modules_pinned);
	fl_json_add_u64(j, "instances_live", counts.instances_live);
	fl_json_add_u64(j, "instances_draining", counts.instances_draining);
	fl_json_add_u64(j, "zombies", counts.zombies);
}

static void add_connectors(struct fl_json *j, const struct fl_live *live)
{
	fl_json_array(j, "connectors");
	for (size_t i = 0; i < live->config->connectors_n; i++) {
		const struct fl_live_connector *c = &live->connectors[i];

		fl_json_object(j, NULL);
		fl_json_add(j, "id", c->wanted->id);
		fl_json_add(j, "configured", c->wanted->version);
		fl_json_add(j, "active", c->found.version);
		fl_json_add_bool(j, "is_activated", c->is_activated);
		fl_json_add_u64(j, "used_by", c->used_by);
		fl_json_end(j);
	}
	fl_json_end(j);
}

static void add_policies(struct fl_json *j, const struct fl_live *live)
{
	const struct fl_bundle *bundle = live->bundle;
	char digest[2 * sizeof bundle->digest + 1];

	fl_json_object(j, "policies");
	fl_json_add_bool(j, "configured", bundle != NULL);
	if (bundle == NULL) {
		fl_json_add_c(j, "note", "every authenticated request is allowed");
	} else {
		(void)sodium_bin2hex(digest, sizeof digest, bundle->digest, sizeof bundle->digest);
		fl_json_add_c(j, "digest", digest);
		fl_api_add_time(j, "since", bundle->since_wall_ns);
		fl_json_add_u64(j, "files", live->config->policies.policies.n);
		fl_json_add_u64(j, "deciding", bundle->active.policies_n);
		fl_json_add_u64(j, "shadowed", bundle->shadow.policies_n);
		fl_json_add_u64(j, "entities", fl_cedar_entities_count(bundle->entities));
	}
	fl_json_end(j);
}

static void add_all(struct fl_api_call *call, struct fl_json *j, const struct fl_live *live)
{
	struct fl_api *api = call->api;

	fl_json_add_c(j, "version", FL_VERSION);
	fl_json_add_u64(j, "pid", (uint64_t)getpid());
	fl_api_add_time(j, "started", api->started_wall_ns);
	fl_json_add_u64(j, "uptime_s", (call->begin_ns - api->started_mono_ns) / FL_NS_PER_SEC);
	fl_json_add_bool(j, "ready", atomic_load_explicit(&api->is_ready, memory_order_acquire));
	add_config(call, j, live);
	fl_json_add_u64(j, "workers", api->parts.workers);
	add_http(call, j);
	add_host(call, j);
	fl_json_add_u64(j, "routes", live->config->routes_n);
	add_policies(j, live);
	add_connectors(j, live);
	fl_json_object(j, "admin");
	fl_json_add_u64(j, "requests_total", atomic_load(&api->requests_total));
	fl_json_add_u64(j, "auth_failures_total", atomic_load(&api->auth_failures_total));
	fl_json_add_u64(j, "jobs_waiting", fl_control_jobs_waiting(api->parts.control));
	fl_json_end(j);
	fl_json_add_raw(j, "warnings", live->warnings_json);
}

void fl_api_status(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);
	struct fl_json j;

	if (live == NULL)
		return;
	fl_api_object(call, 200, &j);
	add_all(call, &j, live);
	fl_json_end(&j);
	(void)fl_live_unref(live);
}
