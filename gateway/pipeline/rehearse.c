/* gateway/pipeline/rehearse.c - what the stages before the decision would say to a request
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/rehearse.h"

#include <stdlib.h>

#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/path.h"

static void refuse(struct fl_rehearsed *ret, enum fl_problem_id id)
{
	ret->refused = fl_problem_type(id);
}

static bool find(const struct fl_config *config, const struct fl_route_query *query,
                 struct fl_arena *arena, struct fl_rehearsed *ret)
{
	struct fl_snapshot_route *targets = fl_snapshot_make_routes(config->routes_n);
	struct fl_problems ignored; /* it serves, so it has none */
	struct fl_route_table *table;
	struct fl_route_match match;

	if (!targets)
		return false;
	fl_problems_init(&ignored, arena);
	table = fl_snapshot_table(config, targets, &ignored);
	if (table) {
		int found = fl_route_table_find(table, query, &match);

		if (found == FL_ROUTE_METHOD)
			refuse(ret, FL_PROBLEM_METHOD_NOT_ALLOWED);
		else if (found != FL_ROUTE_FOUND)
			refuse(ret, FL_PROBLEM_ROUTE_NOT_FOUND);
		else
			ret->route =
			    &config
				 ->routes[(const struct fl_snapshot_route *)match.target - targets];
	}
	(void)fl_route_table_destroy(table);
	free(targets);
	return table != NULL;
}

/* As fl_stage_authenticate() does with an API key that is good. What a method of `auth` would say is
 * not known here: whoever is named is taken for known by the first of them. */
static void authenticate(const struct fl_config *config, const struct fl_rehearsal *ask,
                         struct fl_rehearsed *ret)
{
	const struct fl_cfg_route *route = ret->route;
	uint32_t auth = route->auth;

	if (ask->consumer && (auth & FL_CFG_AUTH_API_KEY || route->auth_methods_n > 0)) {
		ret->principal.method = auth & FL_CFG_AUTH_API_KEY
		                            ? "api_key"
		                            : fl_auth_kind_name(config->auth[route->auth_methods[0]].kind);
		ret->principal.consumer = ask->consumer;
	} else if (!(auth & FL_CFG_AUTH_NONE)) {
		refuse(ret, FL_PROBLEM_CREDENTIALS_MISSING);
	}
}

bool fl_rehearse(const struct fl_config *config, const struct fl_rehearsal *ask,
                 struct fl_arena *arena, struct fl_rehearsed *ret)
{
	struct fl_path path = {.text = ask->path};
	enum fl_path_fault fault = fl_path_canonical(arena, ask->path, &path);

	*ret = (struct fl_rehearsed){.path = ask->path};
	if (fault == FL_PATH_E_MEMORY)
		return false;
	if (fault != FL_PATH_OK) {
		ret->refused = fl_path_problem(fault);
		return true;
	}
	ret->path = path.text;
	if (!find(config,
	          &(struct fl_route_query){.method = ask->method,
	                                   .host = ask->host,
	                                   .path = path.text,
	                                   .header = ask->header,
	                                   .ctx = ask->ctx},
	          arena, ret))
		return false;
	if (!ret->route)
		return true;
	if (path.has_encoded_slash && !ret->route->allow_encoded_slash)
		refuse(ret, FL_PROBLEM_ENCODED_SLASH);
	else
		authenticate(config, ask, ret);
	return true;
}
