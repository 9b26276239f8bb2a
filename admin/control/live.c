/* admin/control/live.c - what serves: a configuration with the connectors that run it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/control/live.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/json.h"
#include "gateway/connector/config_check.h"
#include "gateway/pipeline/pipeline.h"

#define LIVE_BYTES_MAX (64u << 20)
#define WARNINGS_BYTES_MAX (1u << 20)

struct build {
	const struct fl_live_parts *parts;
	struct fl_live *live;
	struct fl_module **modules; /* for each of live->connectors; a reference, or NULL */
	struct fl_problems *problems;
};

static struct fl_str pointer_to(struct build *b, const char *kind, struct fl_str name)
{
	return fl_arena_printf(b->problems->arena, "/%s/%.*s", kind, FL_STR_ARGS(name));
}

/* Adds what `err` says about an object of the configuration. */
static void tell(struct build *b, const char *kind, struct fl_str name, struct fl_position at,
                 const struct fl_error *err, bool is_warning)
{
	struct fl_problem *p = fl_problems_add(b->problems, err->code, at,
	                                       pointer_to(b, kind, name), "%s", err->message);

	if (err->hint[0] != '\0')
		fl_problem_hint(b->problems, p, "%s", err->hint);
	if (is_warning)
		fl_problem_warn(b->problems, p);
}

/* ---- which file each connector is ---- */

static void count_users(struct fl_live *live)
{
	for (size_t i = 0; i < live->config->instances_n; i++)
		live->connectors[live->config->instances[i].connector].used_by++;
}

static int resolve(struct build *b, struct fl_live_connector *c)
{
	const struct fl_activation *activated =
	    fl_activations_find(b->parts->activations, c->wanted->id);
	struct fl_catalogue_want want = {c->wanted->id, c->wanted->version, c->wanted->sha256,
	                                 c->wanted->file};
	struct fl_error err = FL_ERROR_INIT;

	if (activated != NULL) {
		c->is_activated = true;
		want.version = fl_str(activated->version);
		want.sha256 = fl_str(activated->sha256);
		want.file = FL_STR_NULL;
	}
	if (fl_catalogue_resolve(b->parts->catalogue, &want, &b->live->arena, &c->found, &err) == 0)
		return 0;
	c->found = (struct fl_catalogue_entry){.id = c->wanted->id};
	tell(b, "connectors", c->wanted->id, c->wanted->at, &err, c->used_by == 0);
	return c->used_by == 0 ? 0 : -1;
}

/* The module that the connector has now, when the file is the same. */
static struct fl_module *module_of_old(const struct fl_live *old, const struct fl_live_connector *c)
{
	const struct fl_live_connector *was =
	    old == NULL ? NULL : fl_live_connector(old, c->wanted->id);
	size_t at = was == NULL ? 0 : (size_t)(was - old->connectors);

	if (was == NULL || !fl_str_eq(was->found.sha256, c->found.sha256))
		return NULL;
	for (size_t i = 0; i < old->config->instances_n; i++)
		if (old->config->instances[i].connector == at)
			return fl_instance_module(old->instances[i].instance);
	return NULL;
}

/* The file is read twice, by the catalogue and by the host: it must be the same. */
static int check_digest(struct build *b, size_t i)
{
	const struct fl_live_connector *c = &b->live->connectors[i];
	struct fl_error err = FL_ERROR_INIT;

	if (fl_str_is(c->found.sha256, fl_module_digest(b->modules[i])))
		return 0;
	(void)fl_error_set(&err, "connector_digest", "%s changed while it was loaded",
	                   c->found.path.p);
	fl_error_hint(&err,
	              "replace connectors by renaming, not by writing into them; then reload");
	tell(b, "connectors", c->wanted->id, c->wanted->at, &err, false);
	return -1;
}

static int load(struct build *b, size_t i)
{
	struct fl_live_connector *c = &b->live->connectors[i];
	struct fl_module *module = module_of_old(b->parts->old, c);
	struct fl_error err = FL_ERROR_INIT;

	if (module != NULL) {
		b->modules[i] = fl_module_ref(module);
		return 0;
	}
	if (fl_module_load(b->parts->host, c->found.path.p, &b->modules[i], &err) == 0)
		return check_digest(b, i);
	tell(b, "connectors", c->wanted->id, c->wanted->at, &err, false);
	return -1;
}

static int find_modules(struct build *b)
{
	int rc = 0;

	for (size_t i = 0; i < b->live->config->connectors_n; i++) {
		struct fl_live_connector *c = &b->live->connectors[i];

		if (resolve(b, c) < 0 || (c->used_by != 0 && load(b, i) < 0))
			rc = -1;
	}
	return rc;
}

/* ---- policies ---- */

static void know(const struct build *b, struct fl_bundle_connector *known)
{
	for (size_t i = 0; i < b->live->config->connectors_n; i++) {
		const struct fl_live_connector *c = &b->live->connectors[i];

		known[i] = (struct fl_bundle_connector){
		    .manifest = b->modules[i] == NULL ? NULL : fl_module_manifest(b->modules[i]),
		    .sha256 = c->found.sha256,
		    .is_shipped = c->found.sha256.n != 0 && c->found.origin == FL_CATALOGUE_SHIPPED,
		};
	}
}

static int compile_policies(struct build *b)
{
	struct fl_bundle *old = b->parts->old == NULL ? NULL : b->parts->old->bundle;
	struct fl_bundle_connector *known =
	    calloc(b->live->config->connectors_n + 1, sizeof *known);
	size_t errors = b->problems->errors;

	if (known == NULL)
		return -1;
	know(b, known);
	b->live->bundle = fl_bundle_build(b->live->config, known, old, b->problems);
	free(known);
	return b->problems->errors == errors ? 0 : -1;
}

static struct fl_str decision_log_path(const struct fl_config *config)
{
	return config->policies.is_given ? config->policies.decision_log : FL_STR("off");
}

static int open_decision_log(struct build *b)
{
	const struct fl_config *config = b->live->config;
	const struct fl_live *old = b->parts->old;
	struct fl_str path = decision_log_path(config);
	struct fl_error err = FL_ERROR_INIT;
	struct fl_problem *p;

	if (path.n == 0 || fl_str_is(path, "off"))
		return 0;
	if (old != NULL && fl_str_eq(decision_log_path(old->config), path)) {
		b->live->decision_log = fl_decision_log_ref(old->decision_log);
		return 0;
	}
	if (fl_decision_log_open(path.p, b->parts->workers, &b->live->decision_log, &err) == 0)
		return 0;
	p = fl_problems_add(b->problems, err.code, config->policies.at,
	                    FL_STR("/policies/decision_log"), "%s", err.message);
	if (err.hint[0] != '\0')
		fl_problem_hint(b->problems, p, "%s", err.hint);
	return -1;
}

/* ---- instances ---- */

static uint32_t ms_of(uint64_t ns)
{
	uint64_t ms = (ns + FL_NS_PER_MS - 1) / FL_NS_PER_MS;

	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static uint32_t cut32(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static void fill_spec(const struct fl_cfg_instance *from, const struct fl_live_connector *connector,
                      struct fl_instance_spec *ret)
{
	/* Without a list of its own only what is shipped with fairlead may go anywhere. */
	bool is_any = from->grants.egress_any && connector->found.origin == FL_CATALOGUE_SHIPPED;

	*ret = (struct fl_instance_spec){
	    .name = from->name,
	    .config_json = from->config_json,
	    .timeout_ns = from->timeout_ns,
	    .max_concurrent = cut32(from->max_concurrent),
	    .egress = {.allow_private = from->grants.private_addresses,
	               .allow_any_host = is_any,
	               .hosts = from->grants.egress.items,
	               .hosts_n = from->grants.egress.n,
	               .connect_timeout_ms = ms_of(from->connect_timeout_ns),
	               .timeout_ms = ms_of(from->timeout_ns),
	               .max_response_bytes = from->max_response_bytes},
	    .secrets = from->grants.secrets.items,
	    .secrets_n = from->grants.secrets.n,
	    .exec_workers = cut32(from->grants.exec_workers),
	    .max_timers = cut32(from->grants.max_timers),
	    .kv_quota_bytes = from->grants.kv_quota_bytes,
	};
}

static void hash_bytes(crypto_generichash_state *state, const void *p, size_t n)
{
	(void)crypto_generichash_update(state, (const unsigned char *)&n, sizeof n);
	if (n != 0)
		(void)crypto_generichash_update(state, p, n);
}

static void hash_strings(crypto_generichash_state *state, const struct fl_str *items, size_t n)
{
	hash_bytes(state, &n, sizeof n);
	for (size_t i = 0; i < n; i++)
		hash_bytes(state, items[i].p, items[i].n);
}

static void digest_of(const struct fl_instance_spec *spec, unsigned char ret[32])
{
	const uint64_t numbers[] = {
	    spec->timeout_ns,
	    spec->max_concurrent,
	    spec->egress.allow_private,
	    spec->egress.allow_any_host,
	    spec->egress.timeout_ms,
	    spec->egress.connect_timeout_ms,
	    spec->egress.max_response_bytes,
	    spec->exec_workers,
	    spec->max_timers,
	    spec->kv_quota_bytes,
	};
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, 32);
	hash_bytes(&state, spec->name.p, spec->name.n);
	hash_bytes(&state, spec->config_json.p, spec->config_json.n);
	hash_bytes(&state, numbers, sizeof numbers);
	hash_strings(&state, spec->egress.hosts, spec->egress.hosts_n);
	hash_strings(&state, spec->secrets, spec->secrets_n);
	(void)crypto_generichash_final(&state, ret, 32);
}

static const struct fl_live_instance *find_old(const struct fl_live *old, struct fl_str name)
{
	for (size_t i = 0; old != NULL && i < old->config->instances_n; i++)
		if (fl_str_eq(old->config->instances[i].name, name))
			return &old->instances[i];
	return NULL;
}

/* Takes the generation over that serves now, when nothing about it changed. */
static bool take_over(struct build *b, size_t i)
{
	const struct fl_cfg_instance *cfg = &b->live->config->instances[i];
	const struct fl_live_instance *was = find_old(b->parts->old, cfg->name);

	if (was == NULL || fl_instance_module(was->instance) != b->modules[cfg->connector] ||
	    memcmp(was->digest, b->live->instances[i].digest, sizeof was->digest) != 0 ||
	    (b->parts->renew.n != 0 && fl_str_eq(b->parts->renew, cfg->name)))
		return false;
	b->live->instances[i].instance = fl_instance_ref(was->instance);
	return true;
}

/* Connectors say "config /rewrite/prefix: must begin with /": then that is the place. */
static void tell_instance(struct build *b, const struct fl_cfg_instance *cfg,
                          const struct fl_error *err)
{
	const char *at = strstr(err->message, "config /");
	struct fl_str pointer = at == NULL ? FL_STR("") : fl_str(at + strlen("config "));
	struct fl_str whole;
	struct fl_problem *p;

	pointer.n = pointer.n == 0 ? 0 : strcspn(pointer.p, ": ");
	for (size_t i = 0; pointer.n != 0 && i < cfg->places_n; i++) {
		if (!fl_str_eq(cfg->places[i].pointer, pointer))
			continue;
		whole = fl_arena_printf(b->problems->arena, "/instances/%.*s/config%.*s",
		                        FL_STR_ARGS(cfg->name), FL_STR_ARGS(pointer));
		p = fl_problems_add(b->problems, err->code, cfg->places[i].at, whole, "%s",
		                    err->message);
		if (err->hint[0] != '\0')
			fl_problem_hint(b->problems, p, "%s", err->hint);
		return;
	}
	tell(b, "instances", cfg->name, cfg->at, err, false);
}

/* First against the schema, which tells everything at once and where; then by the connector. */
static bool fits(struct build *b, const struct fl_cfg_instance *cfg,
                 const struct fl_instance_spec *spec)
{
	struct fl_module *module = b->modules[cfg->connector];
	struct fl_error err = FL_ERROR_INIT;

	if (!fl_connector_config_check(fl_module_manifest(module), cfg, b->problems))
		return false;
	if (fl_instance_probe(b->parts->host, module, spec, &err) == 0)
		return true;
	tell_instance(b, cfg, &err);
	return false;
}

static int probe_instances(struct build *b)
{
	int rc = 0;

	for (size_t i = 0; i < b->live->config->instances_n; i++) {
		const struct fl_cfg_instance *cfg = &b->live->config->instances[i];
		struct fl_instance_spec spec;

		fill_spec(cfg, &b->live->connectors[cfg->connector], &spec);
		digest_of(&spec, b->live->instances[i].digest);
		if (!take_over(b, i) && !fits(b, cfg, &spec))
			rc = -1;
	}
	return rc;
}

static int create_instances(struct build *b)
{
	for (size_t i = 0; i < b->live->config->instances_n; i++) {
		const struct fl_cfg_instance *cfg = &b->live->config->instances[i];
		struct fl_live_instance *made = &b->live->instances[i];
		struct fl_error err = FL_ERROR_INIT;
		struct fl_instance_spec spec;

		if (made->instance != NULL)
			continue;
		fill_spec(cfg, &b->live->connectors[cfg->connector], &spec);
		if (fl_instance_create(b->parts->host, b->modules[cfg->connector], &spec,
		                       &made->instance, &err) < 0) {
			tell_instance(b, cfg, &err);
			return -1; /* later ones are not started for nothing */
		}
		made->is_new = true;
	}
	return 0;
}

/* ---- the whole ---- */

static struct fl_live *create(const struct fl_live_parts *parts)
{
	struct fl_live *live = calloc(1, sizeof *live);

	if (live == NULL)
		return NULL;
	atomic_init(&live->refs, 1);
	fl_arena_init(&live->arena, 4096, LIVE_BYTES_MAX);
	live->config = fl_config_ref(parts->config);
	live->revision = parts->revision;
	live->since_wall_ns = fl_clock_wall_ns();
	live->connectors =
	    fl_arena_array(&live->arena, live->config->connectors_n + 1, sizeof *live->connectors);
	live->instances =
	    fl_arena_array(&live->arena, live->config->instances_n + 1, sizeof *live->instances);
	if (live->connectors == NULL || live->instances == NULL)
		return fl_live_unref(live);
	for (size_t i = 0; i < live->config->connectors_n; i++)
		live->connectors[i].wanted = &live->config->connectors[i];
	count_users(live);
	return live;
}

bool fl_live_keep_warnings(struct fl_live *live, const struct fl_problems *problems)
{
	struct fl_buf text;
	struct fl_json j;

	fl_buf_init(&text, WARNINGS_BYTES_MAX);
	fl_json_init(&j, &text);
	fl_json_add_problems(&j, NULL, problems, FL_JSON_WARNINGS);
	live->warnings_json = fl_arena_str(
	    &live->arena, fl_buf_is_overflown(&text) ? FL_STR("[]") : fl_buf_str(&text));
	fl_buf_fini(&text);
	return live->warnings_json.p != NULL;
}

static int build(struct build *b)
{
	b->modules = calloc(b->live->config->connectors_n + 1, sizeof(struct fl_module *));
	if (b->modules == NULL)
		return -1;
	bool has_modules = find_modules(b) == 0, has_policies = compile_policies(b) == 0;

	if (!has_modules || probe_instances(b) < 0 || !has_policies || open_decision_log(b) < 0)
		return -1;
	fl_pipeline_expect(b->parts->pipeline, b->live->bundle);
	if (create_instances(b) < 0)
		return -1;
	return fl_arena_is_overflown(&b->live->arena) ? -1 : 0;
}

int fl_live_build(const struct fl_live_parts *parts, struct fl_live **ret,
                  struct fl_problems *problems)
{
	struct build b = {.parts = parts, .live = create(parts), .problems = problems};
	int rc = b.live == NULL ? -1 : build(&b);

	if (rc < 0 && problems->errors == 0)
		(void)fl_problems_add(problems, "out_of_memory", (struct fl_position){.file = NULL},
		                      FL_STR(""), "no memory for the configuration");
	for (size_t i = 0; b.modules != NULL && i < parts->config->connectors_n; i++)
		(void)fl_module_unref(b.modules[i]);
	free(b.modules);
	if (rc < 0)
		b.live = fl_live_unref(b.live);
	else
		*ret = b.live;
	return rc;
}

struct fl_live *fl_live_ref(struct fl_live *live)
{
	atomic_fetch_add_explicit(&live->refs, 1, memory_order_relaxed);
	return live;
}

struct fl_live *fl_live_unref(struct fl_live *live)
{
	if (live == NULL || atomic_fetch_sub_explicit(&live->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	for (size_t i = 0; live->instances != NULL && i < live->config->instances_n; i++)
		(void)fl_instance_unref(live->instances[i].instance);
	(void)fl_decision_log_unref(live->decision_log);
	(void)fl_bundle_unref(live->bundle);
	(void)fl_config_unref(live->config);
	fl_arena_fini(&live->arena);
	free(live);
	return NULL;
}

const struct fl_live_connector *fl_live_connector(const struct fl_live *live, struct fl_str id)
{
	for (size_t i = 0; i < live->config->connectors_n; i++)
		if (fl_str_eq(live->connectors[i].wanted->id, id))
			return &live->connectors[i];
	return NULL;
}
