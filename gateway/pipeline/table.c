/* gateway/pipeline/table.c - the table of a configuration's routes
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/compiled.h"

#include <stdlib.h>

struct fl_snapshot_route *fl_snapshot_make_routes(size_t n)
{
	size_t bytes = (n + 1) * sizeof(struct fl_snapshot_route);
	struct fl_snapshot_route *routes = aligned_alloc(_Alignof(struct fl_snapshot_route), bytes);

	if (routes)
		memset(routes, 0, bytes);
	return routes;
}

static const struct fl_route_header_rule *header_rules(struct fl_arena *arena,
                                                       const struct fl_cfg_route *route)
{
	struct fl_route_header_rule *rules = fl_arena_array(arena, route->headers_n, sizeof *rules);

	for (size_t i = 0; rules && i < route->headers_n; i++)
		rules[i] = (struct fl_route_header_rule){
		    .name = route->headers[i].name,
		    .value = route->headers[i].value,
		    .is_present = route->headers[i].is_present,
		};
	return rules;
}

struct fl_route_table *fl_snapshot_table(const struct fl_config *config,
                                         const struct fl_snapshot_route *targets,
                                         struct fl_problems *problems)
{
	struct fl_route_table *table = NULL;
	struct fl_route_rule *rules;
	struct fl_arena scratch;

	fl_arena_init(&scratch, 16384, SIZE_MAX);
	rules = fl_arena_array(&scratch, config->routes_n, sizeof *rules);
	for (size_t i = 0; rules && i < config->routes_n; i++) {
		const struct fl_cfg_route *route = &config->routes[i];

		rules[i] = (struct fl_route_rule){
		    .name = route->name,
		    .at = route->at,
		    .host = route->host,
		    .path = route->path,
		    .methods = route->methods,
		    .headers = header_rules(&scratch, route),
		    .headers_n = route->headers_n,
		    .target = &targets[i],
		};
	}
	if (fl_arena_is_overflown(&scratch))
		(void)fl_problems_add(problems, "out_of_memory", (struct fl_position){.file = NULL},
		                      FL_STR_NULL, "no memory to compile the routes");
	else
		table = fl_route_table_build(rules, config->routes_n, problems);
	fl_arena_fini(&scratch);
	return table;
}
