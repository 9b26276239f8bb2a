/* admin/api/instances.c - instances and their generations
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#include <stdlib.h>

#include "base/clock.h"

/* ---- what the host says ---- */

struct gather {
	struct fl_arena *arena;
	struct fl_api_instances *ret;
	size_t cap;
};

static const char *keep(struct fl_arena *arena, const char *text)
{
	struct fl_str copy = fl_arena_str(arena, fl_str(text));

	return copy.p == NULL ? "" : copy.p;
}

static void gather(void *ctx, const struct fl_instance_info *info)
{
	struct gather *g = ctx;
	struct fl_instance_info *at;

	if (g->ret->n == g->cap) {
		size_t cap = g->cap == 0 ? 16 : g->cap * 2;
		struct fl_instance_info *more = fl_arena_array(g->arena, cap, sizeof *more);

		if (more == NULL)
			return;
		if (g->ret->n != 0)
			memcpy(more, g->ret->items, g->ret->n * sizeof *more);
		g->ret->items = more;
		g->cap = cap;
	}
	at = &g->ret->items[g->ret->n++];
	*at = *info;
	at->name = keep(g->arena, info->name);
	at->connector_id = keep(g->arena, info->connector_id);
	at->connector_version = keep(g->arena, info->connector_version);
	at->digest = keep(g->arena, info->digest);
}

static int newest_first(const void *a, const void *b)
{
	const struct fl_instance_info *x = a, *y = b;
	int by_name = strcmp(x->name, y->name);

	if (by_name != 0)
		return by_name;
	return x->generation < y->generation ? 1 : x->generation > y->generation ? -1 : 0;
}

void fl_api_instances(struct fl_api_call *call, struct fl_api_instances *ret)
{
	struct gather g = {.arena = call->http->arena, .ret = ret};

	*ret = (struct fl_api_instances){.n = 0};
	fl_host_each_instance(call->api->parts.host, gather, &g);
	if (ret->n != 0)
		qsort(ret->items, ret->n, sizeof *ret->items, newest_first);
}

const struct fl_instance_info *fl_api_newest(const struct fl_api_instances *all, struct fl_str name)
{
	for (size_t i = 0; i < all->n; i++)
		if (fl_str_is(name, all->items[i].name))
			return &all->items[i];
	return NULL;
}

static const char *state_name(enum fl_instance_state state)
{
	static const char *const names[] = {
	    [FL_INSTANCE_STARTING] = "starting",   [FL_INSTANCE_RUNNING] = "running",
	    [FL_INSTANCE_QUIESCING] = "quiescing", [FL_INSTANCE_STOPPING] = "stopping",
	    [FL_INSTANCE_GONE] = "gone",           [FL_INSTANCE_FAULTED] = "faulted",
	    [FL_INSTANCE_ZOMBIE] = "zombie",
	};

	return names[state];
}

/* ---- as JSON ---- */

static void add_life(struct fl_json *j, const struct fl_instance_info *info)
{
	fl_json_add_u64(j, "generation", info->generation);
	fl_json_add_u64(j, "module_generation", info->module_generation);
	fl_json_add_c(j, "version", info->connector_version);
	fl_json_add_c(j, "sha256", info->digest);
	fl_json_add_c(j, "state", state_name(info->state));
	fl_json_add_bool(j, "is_inline", info->is_inline);
	fl_json_add(j, "unload_class", fl_str_n(&info->class_letter, 1));
	fl_json_add_u64(j, "in_flight", info->in_flight);
	fl_json_add_u64(j, "owed", info->owed);
	fl_json_add_u64(j, "calls_total", info->calls_total);
	fl_json_add_u64(j, "failures_total", info->failures_total);
	fl_json_add_u64(j, "contract_violations_total", info->contract_violations_total);
	fl_json_add_u64(j, "late_replies_total", info->late_replies_total);
	fl_json_add_u64(j, "cancelled_total", info->cancelled_total);
	fl_json_add_u64(j, "log_dropped_total", info->log_dropped_total);
}

static void add_routes(struct fl_json *j, const struct fl_config *config, size_t instance)
{
	fl_json_array(j, "routes");
	for (size_t i = 0; i < config->routes_n; i++)
		if (config->routes[i].instance == instance)
			fl_json_add(j, NULL, config->routes[i].name);
	fl_json_end(j);
}

/* Members of an open object. */
static void add_instance(struct fl_json *j, const struct fl_live *live, size_t i,
                         const struct fl_api_instances *all)
{
	const struct fl_cfg_instance *cfg = &live->config->instances[i];
	const struct fl_instance_info *info = fl_api_newest(all, cfg->name);

	fl_json_add(j, "name", cfg->name);
	fl_json_add(j, "connector", live->config->connectors[cfg->connector].id);
	fl_json_add(j, "owner", cfg->owner);
	fl_json_add(j, "mode", cfg->mode);
	if (info != NULL)
		add_life(j, info);
}

void fl_api_instances_list(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);
	struct fl_api_instances all;
	struct fl_json j;

	if (live == NULL)
		return;
	fl_api_instances(call, &all);
	fl_api_object(call, 200, &j);
	fl_json_array(&j, "items");
	for (size_t i = 0; i < live->config->instances_n; i++) {
		fl_json_object(&j, NULL);
		add_instance(&j, live, i, &all);
		fl_json_end(&j);
	}
	fl_json_end(&j);
	fl_json_add_u64(&j, "revision", live->revision);
	fl_json_end(&j);
	(void)fl_live_unref(live);
}

/* The index of params[0]; when there is none, 404 is filled in and SIZE_MAX returned. */
static size_t find(struct fl_api_call *call, const struct fl_live *live)
{
	for (size_t i = 0; i < live->config->instances_n; i++)
		if (fl_str_eq(live->config->instances[i].name, call->params[0]))
			return i;
	fl_api_problem(call, 404, "instance_unknown", "GET /v1/instances lists them",
	               "there is no instance \"%.*s\"", FL_STR_ARGS(call->params[0]));
	return SIZE_MAX;
}

void fl_api_instance_get(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);
	struct fl_api_instances all;
	struct fl_json j;
	size_t i;

	if (live == NULL)
		return;
	i = find(call, live);
	if (i != SIZE_MAX) {
		fl_api_instances(call, &all);
		fl_api_object(call, 200, &j);
		add_instance(&j, live, i, &all);
		add_routes(&j, live->config, i);
		fl_json_end(&j);
	}
	(void)fl_live_unref(live);
}

/* Also of an instance that the configuration has no more, as long as a generation is there. */
void fl_api_instance_generations(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);
	struct fl_api_instances all;
	struct fl_json j;

	if (live == NULL)
		return;
	fl_api_instances(call, &all);
	if (fl_api_newest(&all, call->params[0]) != NULL || find(call, live) != SIZE_MAX) {
		fl_api_object(call, 200, &j);
		fl_json_array(&j, "items");
		for (size_t i = 0; i < all.n; i++) {
			if (!fl_str_is(call->params[0], all.items[i].name))
				continue;
			fl_json_object(&j, NULL);
			add_life(&j, &all.items[i]);
			fl_json_end(&j);
		}
		fl_json_end(&j);
		fl_json_add_u64(&j, "revision", live->revision);
		fl_json_end(&j);
	}
	(void)fl_live_unref(live);
}

void fl_api_instance_reload(struct fl_api_call *call)
{
	const struct fl_instance_info *info;
	struct fl_control_outcome outcome;
	struct fl_api_instances all;
	struct fl_problems problems;
	struct fl_json j;
	int rc;

	fl_problems_init(&problems, call->http->arena);
	rc = fl_control_renew(call->api->parts.control, call->params[0], &problems, &outcome);
	if (rc != 0) {
		fl_api_problems(call, rc == FL_CONTROL_E_NOT_FOUND ? 404 : 422, &problems);
		return;
	}
	fl_api_instances(call, &all);
	info = fl_api_newest(&all, call->params[0]);
	fl_api_object(call, 200, &j);
	fl_json_add(&j, "name", call->params[0]);
	fl_json_add_u64(&j, "generation", info == NULL ? 0 : info->generation);
	fl_json_add_u64(&j, "revision", outcome.revision);
	fl_json_add_bool(&j, "late", outcome.is_late);
	fl_api_add_ms(&j, "live_in_ms", fl_clock_mono_ns() - call->begin_ns);
	fl_json_end(&j);
}
