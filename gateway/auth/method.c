/* gateway/auth/method.c - the kinds of methods, and what a configuration makes of them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/method.h"

#include <stdlib.h>

#include "gateway/auth/basic.h"
#include "gateway/auth/jwt.h"
#include "gateway/auth/webhook.h"

/* In the order of enum fl_cfg_auth_kind. */
static const struct fl_auth_kind *const kinds[FL_CFG_BY_N] = {
    [FL_CFG_BY_WEBHOOK] = &fl_auth_webhook,
    [FL_CFG_BY_BASIC] = &fl_auth_basic,
    [FL_CFG_BY_JWT] = &fl_auth_jwt,
};

const char *fl_auth_kind_name(enum fl_cfg_auth_kind kind)
{
	FL_ASSERT(kind < FL_CFG_BY_N);
	return kinds[kind]->name;
}

struct fl_auth {
	struct fl_arena arena;
	size_t n;
	struct fl_authenticator *methods;  /* config->auth_n */
	const struct fl_auth_list **lists; /* config->routes_n */
};

bool fl_auth_bearer(const fairlead_kv *field, struct fl_str *ret)
{
	static const struct fl_str scheme = FL_STR_INIT("bearer");
	struct fl_str value = fl_str_n(field->v.p, field->v.n);
	const size_t n = scheme.n;

	if (!fl_str_is(fl_str_n(field->k.p, field->k.n), "authorization") || value.n <= n ||
	    !fl_str_eq_nocase(fl_str_n(value.p, n), scheme) ||
	    (value.p[n] != ' ' && value.p[n] != '\t'))
		return false;
	*ret = fl_str_trim(fl_str_n(value.p + n, value.n - n));
	return true;
}

static const char *challenge_of(const struct fl_authenticator *a)
{
	return a->kind->challenge && a->state ? a->kind->challenge(a->state) : a->kind->scheme;
}

/* What the first method with this challenge says of what was wrong. */
static const char *fault_of(const struct fl_auth_list *list, const char *challenge)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->kind->fault &&
		    strcmp(challenge_of(list->items[i]), challenge) == 0)
			return list->items[i]->kind->fault;
	return NULL;
}

/* "Bearer, Basic realm=...": each once, with its fault where that is asked for. */
static const char *make_challenge(struct fl_arena *arena, const struct fl_cfg_route *route,
                                  const struct fl_auth_list *list, bool is_wrong)
{
	const char *all[FL_AUTH_ROUTE_MAX + 1];
	struct fl_str text = FL_STR("");
	size_t n = 0, k;

	if (route->auth & FL_CFG_AUTH_API_KEY)
		all[n++] = "Bearer";
	for (size_t i = 0; i < list->n; i++) {
		all[n] = challenge_of(list->items[i]);
		for (k = 0; strcmp(all[k], all[n]) != 0;)
			k++;
		n += k == n;
	}
	for (size_t i = 0; i < n; i++) {
		const char *fault = is_wrong ? fault_of(list, all[i]) : NULL;

		text = fl_arena_printf(arena, "%.*s%s%s%s%s", FL_STR_ARGS(text),
		                       text.n > 0 ? ", " : "", all[i], fault ? " " : "",
		                       fault ? fault : "");
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
	list->challenge = make_challenge(&auth->arena, route, list, false);
	list->challenge_wrong = make_challenge(&auth->arena, route, list, true);
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
	auth->methods = fl_arena_zalloc(&auth->arena, (config->auth_n + 1) * sizeof *auth->methods);
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
