/* gateway/config/compile_auth.c - ways to prove who calls, and what routes take of them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/compile.h"

/* Behind the methods in c->auth_names. */
enum { NAME_NONE, NAME_API_KEY, NAMES };

static const struct {
	const char *name;
	enum fl_cfg_auth bit;
} words[NAMES] = {
    [NAME_NONE] = {"none", FL_CFG_AUTH_NONE},
    [NAME_API_KEY] = {"api_key", FL_CFG_AUTH_API_KEY},
};

/* ---- methods ---- */

/* Of few methods: a map of all consumers would be large. NULL: none is given, or it is not there,
 * which is noted. */
static const struct fl_cfg_consumer *find_consumer(struct compile *c, const struct fl_cfg_node *at,
                                                   struct fl_str name)
{
	struct fl_map names;
	size_t index = 0;
	bool is_found;

	if (at == NULL || name.n == 0)
		return NULL;
	for (size_t i = 0; i < c->config->consumers_n; i++)
		if (fl_str_eq(c->config->consumers[i].name, name))
			return &c->config->consumers[i];
	fl_map_init(&names);
	for (size_t i = 0; i < c->config->consumers_n; i++)
		add_name(&names, c->config->consumers[i].name, i);
	is_found = fl_cfg_find_name(c, &names, at, name, "consumer", "consumers", &index);
	FL_ASSERT(!is_found);
	fl_map_fini(&names);
	return NULL;
}

static void check_secrets(struct compile *c, const struct fl_cfg_node *list)
{
	size_t index;

	for (const struct fl_cfg_node *n = list ? list->first : NULL; n != NULL; n = n->next)
		if (n->kind == FL_CFG_STRING && n->written.p != NULL)
			(void)fl_cfg_find_name(c, &c->secret_names, n, n->text, "secret", "secrets",
			                       &index);
}

/* What recipes say: of `generic` the configuration does. */
static const char *const recipe_keys[] = {"header",    "signed",    "prefix",      "separator",
                                          "encoding",  "algorithm", "key",         "time_header",
                                          "id_header"};
#define RECIPE_KEYS_NEEDED 2u

static void check_recipe_keys(struct compile *c, const struct fl_cfg_node *node,
                              struct fl_str recipe)
{
	const bool is_generic = fl_str_is(recipe, "generic");

	for (size_t i = 0; recipe.p && i < FL_ARRAY_LEN(recipe_keys); i++) {
		const struct fl_cfg_node *key = fl_cfg_node_find(node, recipe_keys[i]);

		if (is_generic && !key && i < RECIPE_KEYS_NEEDED)
			fl_cfg_hint(c->load,
			            fl_cfg_bad_key(c->load, node, "missing_key",
			                           "the key \"%s\" is missing", recipe_keys[i]),
			            "say how the sender signs, or name its recipe");
		else if (!is_generic && key)
			fl_cfg_hint(c->load,
			            fl_cfg_bad_key(c->load, key, "recipe_fixed",
			                           "the recipe \"%.*s\" says by itself what "
			                           "\"%s\" is",
			                           FL_STR_ARGS(recipe), recipe_keys[i]),
			            "leave it out, or say recipe: generic");
	}
}

static void keep_webhook(struct compile *c, struct fl_cfg_webhook *w)
{
	struct fl_str *texts[] = {&w->recipe,      &w->public_url, &w->header,   &w->prefix,
	                          &w->signed_text, &w->encoding,   &w->algorithm, &w->separator,
	                          &w->key,         &w->time_header, &w->id_header};

	for (size_t i = 0; i < FL_ARRAY_LEN(texts); i++)
		*texts[i] = keep(c, *texts[i]);
	w->secrets = keep_list(c, w->secrets);
	w->origins = keep_list(c, w->origins);
}

static void compile_webhook(struct compile *c, const struct fl_cfg_raw_auth *from,
                            const struct fl_cfg_node *node, struct fl_cfg_auth_method *to)
{
	struct fl_cfg_webhook *w = &to->by.webhook;

	*w = from->webhook.w;
	check_recipe_keys(c, node, w->recipe);
	keep_webhook(c, w);
	check_secrets(c, fl_cfg_node_find(node, "secrets"));
	w->consumer =
	    find_consumer(c, fl_cfg_node_find(node, "consumer"), from->webhook.consumer);
}

static void compile_basic(struct compile *c, const struct fl_cfg_raw_auth *from,
                          const struct fl_cfg_node *node, struct fl_cfg_auth_method *to)
{
	(void)node;
	to->by.basic.realm = keep(c, from->basic.realm);
}

static void compile_jwt(struct compile *c, const struct fl_cfg_raw_auth *from,
                        const struct fl_cfg_node *node, struct fl_cfg_auth_method *to)
{
	struct fl_cfg_jwt *j = &to->by.jwt;

	*j = from->jwt.j;
	if (j->algorithms == 0)
		j->algorithms = (1u << FL_CFG_JWT_ALGORITHMS_N) - 1;
	j->issuer = keep(c, j->issuer);
	j->keys = keep(c, j->keys);
	j->consumer_claim = keep(c, j->consumer_claim);
	j->audience = keep_list(c, j->audience);
	j->secrets = keep_list(c, j->secrets);
	j->tags = keep_list(c, j->tags);
	check_secrets(c, fl_cfg_node_find(node, "secrets"));
	j->consumer = find_consumer(c, fl_cfg_node_find(node, "consumer"), from->jwt.consumer);
}

static const struct {
	const char *key;
	void (*compile)(struct compile *c, const struct fl_cfg_raw_auth *from,
	                const struct fl_cfg_node *node, struct fl_cfg_auth_method *to);
} kinds[FL_CFG_BY_N] = {
    [FL_CFG_BY_WEBHOOK] = {"webhook", compile_webhook},
    [FL_CFG_BY_BASIC] = {"basic", compile_basic},
    [FL_CFG_BY_JWT] = {"jwt", compile_jwt},
};

static void refuse_kinds(struct compile *c, const struct fl_cfg_raw_auth *from, unsigned given)
{
	struct fl_problem *p = fl_cfg_bad_key(
	    c->load, from->item.node, "auth_kind",
	    given == 0 ? "\"%.*s\" does not say what it looks at" : "\"%.*s\" looks at two things",
	    FL_STR_ARGS(from->item.name));

	fl_cfg_hint(c->load, p,
	            "give it one key such as webhook:, and other methods names of their own");
}

static void compile_method(struct compile *c, const struct fl_cfg_raw_auth *from,
                           struct fl_cfg_auth_method *to)
{
	unsigned given = 0;

	to->name = keep(c, from->item.name);
	to->at = keep_position(c, fl_cfg_at_key(from->item.node));
	for (size_t i = 0; i < FL_ARRAY_LEN(kinds); i++) {
		const struct fl_cfg_node *node = fl_cfg_node_find(from->item.node, kinds[i].key);

		if (node == NULL || ++given != 1)
			continue;
		to->kind = (enum fl_cfg_auth_kind)i;
		kinds[i].compile(c, from, node, to);
	}
	if (given != 1)
		refuse_kinds(c, from, given);
}

static void check_word(struct compile *c, const struct fl_cfg_item *item)
{
	for (size_t i = 0; i < NAMES; i++)
		if (fl_str_is(item->name, words[i].name))
			fl_cfg_hint(c->load,
			            fl_cfg_bad_key(c->load, item->node, "bad_value",
			                           "\"%s\" has a meaning of its own in a route's auth",
			                           words[i].name),
			            "choose another name");
}

void fl_cfg_compile_auth(struct compile *c)
{
	const struct fl_cfg_raw_auth *from = c->raw->auth.items;
	size_t n = c->raw->auth.n;
	struct fl_cfg_auth_method *to = fl_arena_array(&c->config->arena, n, sizeof *to);

	for (size_t i = 0; to != NULL && i < n; i++) {
		check_word(c, &from[i].item);
		compile_method(c, &from[i], &to[i]);
		add_name(&c->auth_names, to[i].name, i);
	}
	c->config->auth = to;
	c->config->auth_n = to ? n : 0;
	for (size_t i = 0; i < NAMES; i++)
		add_name(&c->auth_names, fl_str(words[i].name), c->config->auth_n + i);
}

/* ---- routes ---- */

static void add_method(struct compile *c, const struct fl_cfg_node *at, struct fl_str name,
                       struct fl_cfg_route *to, size_t *methods)
{
	size_t index, n = c->config->auth_n;

	if (!fl_cfg_find_name(c, &c->auth_names, at, name, "method", "auth", &index))
		return;
	if (index >= n) {
		to->auth |= words[index - n].bit;
		return;
	}
	for (size_t i = 0; i < to->auth_methods_n; i++)
		if (methods[i] == index)
			return;
	methods[to->auth_methods_n++] = index;
}

void fl_cfg_compile_route_auth(struct compile *c, const struct fl_cfg_raw_route *from,
                               struct fl_cfg_route *to)
{
	const struct fl_cfg_node *node = fl_cfg_node_find(from->item.node, "auth");
	size_t n = node != NULL && node->kind == FL_CFG_LIST ? node->n : 0;
	size_t *methods = fl_arena_array(&c->config->arena, n + 1, sizeof *methods);

	to->auth = node == NULL ? FL_CFG_AUTH_NONE : 0;
	to->auth_methods = methods;
	if (node == NULL || methods == NULL)
		return;
	if (node->kind == FL_CFG_STRING && from->auth.n == 1)
		add_method(c, node, node->text, to, methods);
	for (const struct fl_cfg_node *item = node->first; item != NULL; item = item->next)
		if (item->kind == FL_CFG_STRING && n <= from->auth.n) /* else told by check.c */
			add_method(c, item, item->text, to, methods);
}
