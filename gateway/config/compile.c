/* gateway/config/compile.c - checked structs become a configuration
 * SPDX-License-Identifier: Apache-2.0
 *
 * References become indexes, what was left out is inherited, and everything moves into the
 * configuration's own arena.
 */
#include "config.h" /* _GNU_SOURCE */

#include "gateway/config/compile.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool fl_cfg_find_name(struct compile *c, const struct fl_map *map, const struct fl_cfg_node *at,
		      struct fl_str name, const char *what, const char *section, size_t *ret)
{
	size_t found = (size_t)(uintptr_t)fl_map_find(map, name);

	if (found != 0) {
		*ret = found - 1;
		return true;
	}
	/* A substituted value may be private: it is quoted as it was written. */
	bool is_substituted = at->written.p != NULL && fl_str_eq(name, at->text);
	struct fl_problem *p =
	    fl_cfg_bad(c->load, at, "reference_unknown", "there is no %s \"%.*s\"", what,
		       FL_STR_ARGS(fl_str_cut(is_substituted ? at->written : name, 128)));

	if (p == NULL)
		return false; /* enough are noted */
	const char **names = fl_arena_array(&c->load->scratch, map->count + 1, sizeof *names);
	const struct fl_map_entry *e;
	size_t n = 0;

	for (size_t i = 0; names != NULL && (e = fl_map_next(map, &i)) != NULL;) {
		struct fl_str copy = fl_arena_str(&c->load->scratch, e->key);

		if (copy.p != NULL)
			names[n++] = copy.p;
	}
	qsort(names, n, sizeof *names, by_text); /* a map has no order, a message shall have one */
	const char *near = fl_str_nearest(name, names, n);

	if (near != NULL)
		fl_cfg_hint(c->load, p, "did you mean \"%s\"?", near);
	else
		fl_cfg_hint(c->load, p, "define it under %s:", section);
	return false;
}

/* ---- server ---- */

static bool add_build_tree(struct compile *c, struct fl_str *ret)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 20);

	if (n <= 0)
		return false;
	path[n] = '\0';
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return false;
	memcpy(slash, "/connectors", sizeof "/connectors");
	if (access(path, R_OK | X_OK) != 0)
		return false;
	*ret = keep(c, fl_str(path));
	return true;
}

static struct fl_cfg_strings default_dirs(struct compile *c)
{
	struct fl_str *dirs = fl_arena_array(&c->config->arena, 2, sizeof *dirs);
	size_t n = 0;

	if (dirs == NULL)
		return (struct fl_cfg_strings){NULL, 0};
	if (add_build_tree(c, &dirs[n]))
		n++;
	dirs[n++] = FL_STR(FL_CONNECTOR_DIR);
	return (struct fl_cfg_strings){dirs, n};
}

/* systemd gives a list, separated by colons. */
static struct fl_str default_data_dir(struct compile *c)
{
	struct fl_str rest, first = fl_str_split(fl_str(getenv("STATE_DIRECTORY")), ':', &rest);

	return keep(c, first.n != 0 && first.p[0] == '/' ? first : FL_STR("/var/lib/fairlead"));
}

static void compile_server(struct compile *c)
{
	const struct fl_cfg_server *from = &c->raw->server;
	struct fl_cfg_server *to = &c->config->server;

	*to = *from;
	to->listen = keep_list(c, from->listen);
	to->admin_listen = keep_list(c, from->admin_listen);
	to->trusted_proxies = keep_list(c, from->trusted_proxies);
	to->access_log = keep(c, from->access_log);
	to->data_dir = from->data_dir.p ? keep(c, from->data_dir) : default_data_dir(c);
	to->connector_dirs =
	    from->connector_dirs.items ? keep_list(c, from->connector_dirs) : default_dirs(c);
}

/* ---- secrets ---- */

static void compile_secrets(struct compile *c)
{
	const struct fl_cfg_node *map = c->raw->secrets;
	struct fl_cfg_secret *secrets =
	    fl_arena_array(&c->config->arena, map ? map->n : 0, sizeof *secrets);
	size_t n = 0;

	if (secrets == NULL || map == NULL)
		return;
	for (const struct fl_cfg_node *node = map->first; node != NULL; node = node->next, n++) {
		secrets[n] = (struct fl_cfg_secret){
		    .name = keep(c, node->key),
		    .value = keep(c, node->text),
		    .reference = keep(c, node->written), /* "" for a literal */
		    .at = keep_position(c, fl_cfg_at_key(node)),
		};
		add_name(&c->secret_names, secrets[n].name, n);
	}
	c->config->secrets = secrets;
	c->config->secrets_n = n;
}

/* ---- connectors ---- */

/* Room for those that only instances name. */
static void compile_connectors(struct compile *c)
{
	const struct fl_cfg_raw_connector *from = c->raw->connectors.items;
	size_t n = c->raw->connectors.n;

	c->connectors = fl_arena_array(&c->config->arena, n + c->raw->instances.n, sizeof *c->connectors);
	for (size_t i = 0; c->connectors != NULL && i < n; i++) {
		c->connectors[i] = (struct fl_cfg_connector){
		    .id = keep(c, from[i].item.name),
		    .version = keep(c, from[i].c.version),
		    .sha256 = keep(c, from[i].c.sha256),
		    .file = keep(c, from[i].c.file),
		    .at = keep_position(c, fl_cfg_at_key(from[i].item.node)),
		};
		add_name(&c->connector_ids, c->connectors[i].id, i);
	}
	c->config->connectors = c->connectors;
	c->config->connectors_n = c->connectors ? n : 0;
}

/* A connector that is not listed is wanted in its newest version. */
static size_t connector_index(struct compile *c, const struct fl_cfg_raw_instance *from)
{
	size_t found = (size_t)(uintptr_t)fl_map_find(&c->connector_ids, from->connector);
	size_t n = c->config->connectors_n;

	if (found != 0)
		return found - 1;
	if (from->connector.p == NULL || c->connectors == NULL)
		return 0; /* told by check.c */
	c->connectors[n] = (struct fl_cfg_connector){
	    .id = keep(c, from->connector),
	    .version = FL_STR(""),
	    .sha256 = FL_STR(""),
	    .file = FL_STR(""),
	    .at = keep_position(c, fl_cfg_at(fl_cfg_node_find(from->item.node, "connector"))),
	};
	add_name(&c->connector_ids, c->connectors[n].id, n);
	c->config->connectors_n = n + 1;
	return n;
}

/* ---- instances ---- */

struct secret_use {
	struct compile *c;
	const struct fl_cfg_raw_instance *instance;
	const struct fl_cfg_node *node;
};

static void check_secret_use(void *ctx, struct fl_str name)
{
	struct secret_use *use = ctx;
	const struct fl_cfg_strings *granted = &use->instance->i.grants.secrets;
	size_t index;

	for (size_t i = 0; i < granted->n; i++)
		if (fl_str_eq(granted->items[i], name))
			return; /* that it exists is checked where it is granted */
	if (!fl_cfg_find_name(use->c, &use->c->secret_names, use->node, name, "secret", "secrets", &index))
		return;
	struct fl_problem *p =
	    fl_cfg_bad(use->c->load, use->node, "secret_not_granted",
		       "the secret \"%.*s\" is not granted to this instance", FL_STR_ARGS(name));

	fl_cfg_hint(use->c->load, p, "add it to its grants: { secrets: [\"%.*s\"] }", FL_STR_ARGS(name));
}

/* Notes the place of every value, so that what is said about it later can name its line. */
static void walk_config(struct secret_use *use, const struct fl_cfg_node *node,
			struct fl_cfg_place *places, size_t *n)
{
	struct compile *c = use->c;

	if (fl_arena_is_overflown(&c->config->arena))
		return; /* told at the end */
	use->node = node;
	if (node->kind == FL_CFG_STRING)
		fl_cfg_each_secret(node->text, check_secret_use, use);
	if (places != NULL)
		places[*n] = (struct fl_cfg_place){
		    keep(c, fl_cfg_pointer(c->load, node, use->instance->config)),
		    keep_position(c, fl_cfg_at(node)),
		};
	++*n;
	for (const struct fl_cfg_node *child = node->first; child != NULL; child = child->next)
		walk_config(use, child, places, n);
}

static size_t count_below(const struct fl_cfg_node *node)
{
	size_t n = 1;

	for (const struct fl_cfg_node *child = node->first; child != NULL; child = child->next)
		n += count_below(child);
	return n;
}

static void compile_config(struct compile *c, const struct fl_cfg_raw_instance *from,
			   struct fl_cfg_instance *to)
{
	struct secret_use use = {c, from, NULL};
	struct fl_buf json;

	to->config_json = FL_STR("{}");
	if (from->config == NULL)
		return;
	struct fl_cfg_place *places =
	    fl_arena_array(&c->config->arena, count_below(from->config), sizeof *places);

	walk_config(&use, from->config, places, &to->places_n);
	to->places = places;
	fl_buf_init(&json, 16u * FL_CFG_BYTES_MAX);
	if (fl_cfg_canon(c->load, from->config, &json)) {
		if (json.len > FL_CFG_INSTANCE_BYTES_MAX)
			fl_cfg_hint(c->load,
				    fl_cfg_bad(c->load, from->config, "config_too_large",
					       "the configuration of an instance is over %u MiB as JSON",
					       FL_CFG_INSTANCE_BYTES_MAX >> 20),
				    "let the connector fetch what is so large");
		else
			to->config_json = keep(c, fl_buf_str(&json));
	}
	if (json.p != NULL)
		sodium_memzero(json.p, json.cap);
	fl_buf_fini(&json);
}

static void check_grants(struct compile *c, const struct fl_cfg_raw_instance *from)
{
	const struct fl_cfg_node *list =
	    fl_cfg_node_find(fl_cfg_node_find(from->item.node, "grants"), "secrets");
	size_t index;

	if (list == NULL || list->kind != FL_CFG_LIST)
		return;
	for (const struct fl_cfg_node *n = list->first; n != NULL; n = n->next)
		if (n->kind == FL_CFG_STRING && fl_cfg_format_is_secret_name(n->text))
			(void)fl_cfg_find_name(c, &c->secret_names, n, n->text, "secret", "secrets", &index);
}

static void compile_instances(struct compile *c)
{
	const struct fl_cfg_raw_instance *from = c->raw->instances.items;
	size_t n = c->raw->instances.n;

	c->instances = fl_arena_array(&c->config->arena, n, sizeof *c->instances);
	for (size_t i = 0; c->instances != NULL && i < n; i++) {
		struct fl_cfg_instance *to = &c->instances[i];

		*to = from[i].i;
		to->name = keep(c, from[i].item.name);
		to->owner = keep(c, to->owner);
		to->mode = keep(c, to->mode);
		to->connector = connector_index(c, &from[i]);
		to->grants.egress_any = to->grants.egress.items == NULL;
		to->grants.egress = keep_list(c, to->grants.egress);
		to->grants.secrets = keep_list(c, to->grants.secrets);
		to->at = keep_position(c, fl_cfg_at_key(from[i].item.node));
		check_grants(c, &from[i]);
		compile_config(c, &from[i], to);
		add_name(&c->instance_names, to->name, i);
	}
	c->config->instances = c->instances;
	c->config->instances_n = c->instances ? n : 0;
}

/* ---- routes ---- */

static void compile_headers(struct compile *c, const struct fl_cfg_node *map, struct fl_cfg_route *to)
{
	struct fl_cfg_header_match *headers =
	    fl_arena_array(&c->config->arena, map ? map->n : 0, sizeof *headers);
	size_t n = 0;

	if (map == NULL || headers == NULL)
		return;
	for (const struct fl_cfg_node *node = map->first; node != NULL; node = node->next)
		headers[n++] = (struct fl_cfg_header_match){
		    .name = keep(c, node->key),
		    .value = node->kind == FL_CFG_MAP ? FL_STR("") : keep(c, node->text),
		    .is_present = node->kind == FL_CFG_MAP,
		};
	to->headers = headers;
	to->headers_n = n;
}

static void compile_target(struct compile *c, const struct fl_cfg_raw_route *from,
			   struct fl_cfg_route *to)
{
	const struct fl_cfg_node *at =
	    fl_cfg_node_find(fl_cfg_node_find(from->item.node, "to"), "instance");

	if (from->instance.p == NULL || at == NULL)
		return; /* told by check.c */
	if (fl_cfg_find_name(c, &c->instance_names, at, from->instance, "instance", "instances", &to->instance) &&
	    to->timeout_ns == 0)
		to->timeout_ns = c->instances[to->instance].timeout_ns;
}

static void compile_routes(struct compile *c)
{
	const struct fl_cfg_raw_route *from = c->raw->routes.items;
	size_t n = c->raw->routes.n;

	c->routes = fl_arena_array(&c->config->arena, n, sizeof *c->routes);
	for (size_t i = 0; c->routes != NULL && i < n; i++) {
		struct fl_cfg_route *to = &c->routes[i];
		const struct fl_cfg_node *request = fl_cfg_node_find(from[i].item.node, "request");

		*to = from[i].r;
		to->name = keep(c, from[i].item.name);
		to->host = keep(c, to->host);
		to->path = keep(c, to->path);
		to->action = keep(c, to->action);
		to->api = keep(c, to->api);
		to->tenant = keep(c, to->tenant);
		to->owner = keep(c, to->owner);
		to->is_decided_by_action = fl_str_is(from[i].decide_by, "action");
		to->at = keep_position(c, fl_cfg_at_key(from[i].item.node));
		if (to->methods == 0)
			to->methods = (1u << FL_CFG_METHODS_N) - 1u;
		if (fl_cfg_node_find(request, "max_body") == NULL)
			to->max_body_bytes = c->raw->server.limits.max_body_bytes;
		compile_headers(c, from[i].headers, to);
		compile_target(c, &from[i], to);
		fl_cfg_compile_route_auth(c, &from[i], to);
		fl_cfg_compile_route_limits(c, &from[i], to);
	}
	c->config->routes = c->routes;
	c->config->routes_n = c->routes ? n : 0;
}

#define OPEN_ROUTES_TOLD 20u

/* Once there are consumers, a route that says nothing is more likely forgotten than meant. */
static void warn_of_open_routes(struct compile *c)
{
	const struct fl_cfg_raw_route *routes = c->raw->routes.items;
	struct fl_problem *p = NULL;
	size_t n = 0;

	for (size_t i = 0; c->raw->consumers.n != 0 && i < c->raw->routes.n; i++) {
		if (fl_cfg_node_find(routes[i].item.node, "auth") != NULL || ++n > OPEN_ROUTES_TOLD)
			continue;
		p = fl_cfg_bad_key(c->load, routes[i].item.node, "route_open",
				   "the route \"%.*s\" lets everybody in",
				   FL_STR_ARGS(routes[i].item.name));
		fl_cfg_hint(c->load, p, "say auth: [api_key], or auth: none if that is meant");
		fl_problem_warn(c->load->problems, p);
	}
	if (n > OPEN_ROUTES_TOLD)
		fl_cfg_hint(c->load, p, "say auth: [api_key], or auth: none if that is meant; so do %zu more",
			    n - OPEN_ROUTES_TOLD);
}

/* ---- policies ---- */

/* Policies are told who calls, not by what proof; and what they see may be logged. */
static bool is_credential(struct fl_str header)
{
	static const char *const names[] = {"authorization", "cookie", "proxy-authorization", "x-api-key"};

	for (size_t i = 0; i < FL_ARRAY_LEN(names); i++)
		if (fl_str_is(header, names[i]))
			return true;
	return false;
}

/* A name that is there twice could not be told apart in the schema. */
static bool is_before(const struct fl_cfg_node *list, const struct fl_cfg_node *item)
{
	for (const struct fl_cfg_node *n = list->first; n != item; n = n->next)
		if (fl_str_eq(n->text, item->text))
			return true;
	return false;
}

static void check_policy_headers(struct compile *c, const struct fl_cfg_node *list)
{
	for (const struct fl_cfg_node *n = list ? list->first : NULL; n != NULL; n = n->next) {
		if (is_credential(n->text))
			fl_cfg_hint(c->load,
				    fl_cfg_bad(c->load, n, "bad_value",
					       "the header \"%.*s\" holds credentials", FL_STR_ARGS(n->text)),
				    "policies see who calls as `principal`");
		else if (is_before(list, n))
			fl_cfg_hint(c->load,
				    fl_cfg_bad(c->load, n, "bad_value",
					       "the header \"%.*s\" is listed twice", FL_STR_ARGS(n->text)),
				    "name it once");
	}
}

static void compile_policies(struct compile *c)
{
	const struct fl_cfg_raw_policies *from = &c->raw->policies;
	const struct fl_cfg_node *node = fl_cfg_node_find(c->load->root, "policies");
	struct fl_cfg_policies *to = &c->config->policies;

	*to = from->p;
	to->headers = keep_list(c, from->p.headers);
	to->decision_log = keep(c, from->p.decision_log);
	to->skips_failed_forbids = fl_str_is(from->on_forbid_error, "skip");
	if (node == NULL)
		return;
	to->is_given = true;
	to->at = keep_position(c, fl_cfg_at_key(node));
	check_policy_headers(c, fl_cfg_node_find(node, "headers"));
	fl_cfg_read_policies(c->load, c->config);
}

struct fl_config *fl_cfg_compile(struct fl_cfg_load *load, const struct fl_cfg_raw *raw)
{
	struct compile c = {.load = load, .raw = raw, .config = calloc(1, sizeof *c.config)};
	const struct fl_cfg_node *root = load->root;

	if (c.config == NULL)
		return NULL;
	fl_arena_init(&c.config->arena, 4096, FL_CFG_MEMORY_MAX);
	atomic_init(&c.config->refs, 1);
	c.config->ends_midline = load->ends_midline;
	compile_server(&c);
	compile_secrets(&c);
	compile_connectors(&c);
	compile_instances(&c);
	fl_cfg_compile_consumers(&c);
	fl_cfg_compile_auth(&c);
	fl_cfg_compile_limits(&c);
	compile_routes(&c);
	compile_policies(&c);
	warn_of_open_routes(&c);
	if (!fl_cfg_digest(load, root, &c.config->policies, c.config->digest) ||
	    !fl_cfg_export(load, root, &c.config->arena, &c.config->canonical_json) || fl_arena_is_overflown(&c.config->arena))
		load->scratch.overflown |= load->problems->errors == 0;
	fl_map_fini(&c.connector_ids);
	fl_map_fini(&c.instance_names);
	fl_map_fini(&c.secret_names);
	fl_map_fini(&c.auth_names);
	fl_map_fini(&c.limit_names);
	fl_map_fini(&c.files);
	return c.config;
}
