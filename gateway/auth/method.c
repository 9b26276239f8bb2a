/* gateway/auth/method.c - the kinds of methods, and what a configuration makes of them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/method.h"

#include <stdlib.h>

#include "gateway/auth/basic.h"
#include "gateway/auth/webhook.h"

/* In the order of enum fl_cfg_auth_kind. */
static const struct fl_auth_kind *const kinds[FL_CFG_BY_N] = {
    [FL_CFG_BY_WEBHOOK] = &fl_auth_webhook,
    [FL_CFG_BY_BASIC] = &fl_auth_basic,
};

const char *fl_auth_kind_name(enum fl_cfg_auth_kind kind)
{
	FL_ASSERT(kind < FL_CFG_BY_N);
	return kinds[kind]->name;
}

struct fl_auth {
	struct fl_arena arena;
	size_t n;
	struct fl_authenticator *methods; /* config->auth_n */
	const struct fl_auth_list **lists; /* config->routes_n */
};

static const char *challenge_of(const struct fl_authenticator *a)
{
	return a->kind->challenge && a->state ? a->kind->challenge(a->state) : a->kind->scheme;
}

/* "Bearer, Basic realm=...": each once. */
static const char *make_challenge(struct fl_arena *arena, const struct fl_cfg_route *route,
                                  const struct fl_auth_list *list)
{
	const bool takes_keys = route->auth & FL_CFG_AUTH_API_KEY;
	struct fl_str text = takes_keys ? FL_STR("Bearer") : FL_STR("");

	for (size_t i = 0; i < list->n; i++) {
		const char *scheme = challenge_of(list->items[i]);
		bool is_told = takes_keys && strcmp(scheme, "Bearer") == 0;

		for (size_t k = 0; k < i && !is_told; k++)
			is_told = strcmp(challenge_of(list->items[k]), scheme) == 0;
		if (!is_told)
			text = fl_arena_printf(arena, "%.*s%s%s", FL_STR_ARGS(text),
			                       text.n > 0 ? ", " : "", scheme);
	}
	return text.p;
}

static void make_list(struct fl_auth *auth, const struct fl_cfg_route *route,
                      const struct fl_auth_list **ret)
{
	struct fl_auth_list *list;

	if (route->auth_methods_n == 0)
		return;
	FL_ASSERT(route->auth_methods_n <= FL_AUTH_ROUTE_MAX);
	list = fl_arena_zalloc(&auth->arena, sizeof *list);
	if (!list)
		return;
	list->n = route->auth_methods_n;
	for (size_t i = 0; i < list->n; i++)
		list->items[i] = &auth->methods[route->auth_methods[i]];
	list->challenge = make_challenge(&auth->arena, route, list);
	*ret = list;
}

static void out_of_memory(struct fl_problems *problems)
{
	(void)fl_problems_add(problems, "out_of_memory", (struct fl_position){.file = NULL},
	                      FL_STR_NULL, "no memory for the methods of auth");
}

static void build_methods(struct fl_auth *auth, const struct fl_auth_parts *parts,
                          struct fl_problems *problems)
{
	for (size_t i = 0; i < parts->config->auth_n; i++) {
		struct fl_authenticator *a = &auth->methods[i];

		a->config = &parts->config->auth[i];
		a->kind = kinds[a->config->kind];
		auth->n = i + 1;
		a->kind->build(parts, a->config, &a->state, problems);
	}
}

struct fl_auth *fl_auth_build(const struct fl_auth_parts *parts, struct fl_problems *problems)
{
	const struct fl_config *config = parts->config;
	struct fl_auth *auth = calloc(1, sizeof *auth);
	size_t errors = problems->errors;

	if (!auth) {
		out_of_memory(problems);
		return NULL;
	}
	fl_arena_init(&auth->arena, 1024, SIZE_MAX);
	auth->methods =
	    fl_arena_zalloc(&auth->arena, (config->auth_n + 1) * sizeof *auth->methods);
	auth->lists =
	    fl_arena_zalloc(&auth->arena, (config->routes_n + 1) * sizeof(auth->lists[0]));
	if (auth->methods && auth->lists) {
		build_methods(auth, parts, problems);
		for (size_t i = 0; i < config->routes_n; i++)
			make_list(auth, &config->routes[i], &auth->lists[i]);
	}
	if (fl_arena_is_overflown(&auth->arena))
		out_of_memory(problems);
	return problems->errors > errors ? fl_auth_destroy(auth) : auth;
}

struct fl_auth *fl_auth_destroy(struct fl_auth *auth)
{
	if (!auth)
		return NULL;
	for (size_t i = 0; i < auth->n; i++)
		auth->methods[i].kind->destroy(auth->methods[i].state);
	fl_arena_fini(&auth->arena);
	free(auth);
	return NULL;
}

const struct fl_auth_list *fl_auth_list(const struct fl_auth *auth, size_t route)
{
	return auth->lists[route];
}
