/* gateway/pipeline/snapshot.c - what the workers read: desired state, compiled
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/snapshot.h"

#include <stdlib.h>

#include "gateway/auth/credentials.h"
#include "gateway/connector/call.h"
#include "gateway/connector/manifest.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/path.h"

static fairlead_str public_str(struct fl_str s)
{
	return (fairlead_str){s.p, s.n};
}

/* ---- actions ---- */

static const char *nearest_action(struct fl_problems *problems, const struct fl_manifest *manifest,
                                  struct fl_str action)
{
	const char **names = fl_arena_alloc(problems->arena, manifest->actions_n * sizeof *names);

	if (!names)
		return NULL;
	for (size_t i = 0; i < manifest->actions_n; i++) {
		names[i] = fl_arena_str(problems->arena, manifest->actions[i].name).p;
		if (!names[i])
			return NULL;
	}
	return fl_str_nearest(action, names, manifest->actions_n);
}

/* One route's worth of "it has: a, b, c". */
static struct fl_str list_actions(struct fl_arena *arena, const struct fl_manifest *manifest)
{
	struct fl_str list = FL_STR("");

	for (size_t i = 0; i < manifest->actions_n && list.n < 160; i++)
		list = fl_arena_printf(arena, "%.*s%s%.*s", FL_STR_ARGS(list), i ? ", " : "",
		                       FL_STR_ARGS(manifest->actions[i].name));
	return list;
}

static void check_action(struct fl_problems *problems, const struct fl_config *config,
                         const struct fl_cfg_route *route, const struct fl_manifest *manifest)
{
	if (fl_manifest_action_index(manifest, route->action) >= 0)
		return;
	struct fl_str instance = config->instances[route->instance].name;
	const char *nearest = nearest_action(problems, manifest, route->action);
	struct fl_str pointer =
	    fl_arena_printf(problems->arena, "/routes/%.*s/to/action", FL_STR_ARGS(route->name));
	struct fl_problem *problem = fl_problems_add(
	    problems, "action_unknown", route->at, pointer,
	    "route \"%.*s\": connector %.*s (instance \"%.*s\") has no action \"%.*s\"",
	    FL_STR_ARGS(route->name), FL_STR_ARGS(manifest->id), FL_STR_ARGS(instance),
	    FL_STR_ARGS(route->action));

	if (nearest) {
		fl_problem_hint(problems, problem, "did you mean \"%s\"?", nearest);
	} else {
		struct fl_str list = list_actions(problems->arena, manifest);

		fl_problem_hint(problems, problem, "it has: %.*s", FL_STR_ARGS(list));
	}
}

/* ---- routes ---- */

static fairlead_str near_name(struct fl_snapshot_route *to, struct fl_str name)
{
	if (name.n > sizeof to->name_text)
		return public_str(name);
	memcpy(to->name_text, name.p, name.n);
	return (fairlead_str){to->name_text, name.n};
}

/* The manifest's own text of it. */
static fairlead_str shared_action(const struct fl_manifest *manifest, struct fl_str action)
{
	int i = fl_manifest_action_index(manifest, action);

	return public_str(i < 0 ? action : manifest->actions[i].name);
}

static void compile_route(struct fl_snapshot *snapshot, const struct fl_snapshot_parts *parts,
                          size_t i, struct fl_problems *problems)
{
	const struct fl_config *config = snapshot->config;
	const struct fl_cfg_route *from = &config->routes[i];
	const struct fl_cfg_instance *instance = &config->instances[from->instance];
	struct fl_snapshot_route *to = &snapshot->routes[i];
	uint64_t timeout_ns = from->timeout_ns ? from->timeout_ns : instance->timeout_ns;

	*to = (struct fl_snapshot_route){
	    .instance_name = instance->name,
	    .instance = snapshot->instances[from->instance],
	    .metric = fl_metrics_route(parts->metrics, from->name),
	    .max_body_bytes =
		from->max_body_bytes ? from->max_body_bytes : config->server.limits.max_body_bytes,
	    .timeout_ns = timeout_ns ? timeout_ns : FL_SNAPSHOT_TIMEOUT_NS,
	    .allow_encoded_slash = from->allow_encoded_slash,
	    .auth = (uint8_t)from->auth,
	    .methods = fl_auth_list(snapshot->auth, i),
	    .limits = fl_limits_of(snapshot->limits, i),
	};
	FL_ASSERT(to->instance != NULL && (to->auth != 0 || to->methods != NULL));
	const struct fl_manifest *manifest = fl_module_manifest(fl_instance_module(to->instance));

	to->name = near_name(to, from->name);
	to->action = shared_action(manifest, from->action);
	check_action(problems, config, from, manifest);
}

static void out_of_memory(struct fl_problems *problems)
{
	(void)fl_problems_add(problems, "out_of_memory", (struct fl_position){.file = NULL},
	                      FL_STR_NULL, "no memory to compile the routes");
}

/* ---- paths ---- */

/* What a template may hold and a path may not. */
static struct fl_str without_braces(struct fl_arena *arena, struct fl_str template)
{
	char *p = fl_arena_alloc(arena, template.n + 1);

	for (size_t i = 0; p && i < template.n; i++)
		p[i] = template.p[i] == '{' || template.p[i] == '}' ? 'x' : template.p[i];
	return p ? fl_str_n(p, template.n) : FL_STR_NULL;
}

static void report_path(struct fl_problems *problems, const struct fl_cfg_route *route,
                        const char *how_to_mend)
{
	struct fl_str pointer =
	    fl_arena_printf(problems->arena, "/routes/%.*s/match/path", FL_STR_ARGS(route->name));
	struct fl_problem *problem =
	    fl_problems_add(problems, "route_path_refused", route->at, pointer,
	                    "route \"%.*s\": requests with the path \"%.*s\" are refused",
	                    FL_STR_ARGS(route->name), FL_STR_ARGS(route->path));

	fl_problem_hint(problems, problem, "%s", how_to_mend);
}

/* The table takes templates in canonical form. Some of those are refused in requests all the same,
 * or for this route: it would be dead without a word. */
static void check_path(struct fl_arena *scratch, const struct fl_cfg_route *route,
                       struct fl_problems *problems)
{
	struct fl_str text = without_braces(scratch, route->path);
	struct fl_path path = {.text = FL_STR_NULL};
	enum fl_path_fault fault =
	    text.p ? fl_path_canonical(scratch, text, &path) : FL_PATH_E_MEMORY;

	if (fault == FL_PATH_E_MEMORY)
		out_of_memory(problems);
	else if (fault != FL_PATH_OK)
		report_path(problems, route, fl_path_problem(fault)->detail);
	else if (path.has_encoded_slash && !route->allow_encoded_slash)
		report_path(problems, route, "set allow_encoded_slash on the route");
}

static void check_paths(const struct fl_config *config, struct fl_problems *problems)
{
	struct fl_arena scratch;

	fl_arena_init(&scratch, 4096, SIZE_MAX);
	for (size_t i = 0; i < config->routes_n; i++) {
		check_path(&scratch, &config->routes[i], problems);
		fl_arena_reset(&scratch);
	}
	fl_arena_fini(&scratch);
}

/* ---- the whole ---- */

static void take_instance(struct fl_snapshot *snapshot, size_t i, struct fl_instance *instance)
{
	uint64_t generation = fl_instance_generation(instance);

	snapshot->instances[i] = fl_instance_ref(instance);
	if (generation > snapshot->newest_generation)
		snapshot->newest_generation = generation;
}

struct fl_snapshot *fl_snapshot_build(const struct fl_snapshot_parts *parts,
                                      struct fl_problems *problems)
{
	const struct fl_config *config = parts->config;
	struct fl_snapshot *snapshot = calloc(1, sizeof *snapshot);
	size_t errors = problems->errors;

	if (!snapshot) {
		out_of_memory(problems);
		return NULL;
	}
	snapshot->config = fl_config_ref(parts->config);
	snapshot->decision_log = fl_decision_log_ref(parts->decision_log);
	if (parts->bundle) {
		FL_ASSERT(parts->bundle->config == parts->config); /* indexes are the same */
		snapshot->bundle = fl_bundle_ref(parts->bundle);
	}
	/* One more, so that none is not "no memory". */
	snapshot->instances = calloc(config->instances_n + 1, sizeof(struct fl_instance *));
	snapshot->routes = fl_snapshot_make_routes(config->routes_n);
	if (!snapshot->instances || !snapshot->routes) {
		out_of_memory(problems);
		return fl_snapshot_destroy(snapshot);
	}
	for (size_t i = 0; i < config->instances_n; i++)
		if (parts->instances[i])
			take_instance(snapshot, i, parts->instances[i]);
	snapshot->replay = parts->replay;
	snapshot->credentials = fl_credentials_build(config, parts->auth_key, problems);
	snapshot->auth = fl_auth_build(&(struct fl_auth_parts){.config = config,
	                                                       .replay = parts->replay,
	                                                       .credentials = snapshot->credentials},
	                               problems);
	if (!snapshot->auth)
		return fl_snapshot_destroy(snapshot);
	snapshot->limits = fl_limits_build(config, parts->metrics);
	if (!snapshot->limits) {
		out_of_memory(problems);
		return fl_snapshot_destroy(snapshot);
	}
	for (size_t i = 0; i < config->routes_n; i++)
		compile_route(snapshot, parts, i, problems);
	snapshot->table = fl_snapshot_table(config, snapshot->routes, problems);
	if (snapshot->table) /* it has told of paths that are none */
		check_paths(config, problems);
	if (problems->errors > errors || !snapshot->credentials || !snapshot->table)
		return fl_snapshot_destroy(snapshot);
	return snapshot;
}

void fl_snapshot_check(const struct fl_config *config, const struct fl_manifest *const *manifests,
                       struct fl_problems *problems)
{
	struct fl_snapshot_route *routes = fl_snapshot_make_routes(config->routes_n);
	struct fl_route_table *table;

	if (!routes) {
		out_of_memory(problems);
		return;
	}
	for (size_t i = 0; i < config->routes_n; i++) {
		const struct fl_cfg_route *route = &config->routes[i];
		const struct fl_manifest *manifest =
		    manifests[config->instances[route->instance].connector];

		if (manifest)
			check_action(problems, config, route, manifest);
	}
	(void)fl_auth_destroy(fl_auth_build(&(struct fl_auth_parts){.config = config}, problems));
	table = fl_snapshot_table(config, routes, problems);
	if (table)
		check_paths(config, problems);
	(void)fl_route_table_destroy(table);
	free(routes);
}

struct fl_snapshot *fl_snapshot_destroy(struct fl_snapshot *snapshot)
{
	if (!snapshot)
		return NULL;
	(void)fl_route_table_destroy(snapshot->table);
	(void)fl_credentials_destroy(snapshot->credentials);
	(void)fl_auth_destroy(snapshot->auth);
	(void)fl_limits_destroy(snapshot->limits);
	for (size_t i = 0; snapshot->instances && i < snapshot->config->instances_n; i++)
		if (snapshot->instances[i])
			(void)fl_instance_unref(snapshot->instances[i]);
	free(snapshot->instances);
	free(snapshot->routes);
	free(snapshot->shares);
	(void)fl_decision_log_unref(snapshot->decision_log);
	(void)fl_bundle_unref(snapshot->bundle);
	(void)fl_config_unref(snapshot->config);
	free(snapshot);
	return NULL;
}

const struct fl_config *fl_snapshot_config(const struct fl_snapshot *snapshot)
{
	return snapshot->config;
}
