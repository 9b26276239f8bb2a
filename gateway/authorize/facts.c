/* gateway/authorize/facts.c - the entities that policies speak of
 * SPDX-License-Identifier: Apache-2.0
 *
 * Callers, routes, instances and secrets come from the configuration. Groups, tenants, APIs, zones
 * and hosts are only named there: the operator's JSON may say what they are in. So each type has
 * one home, and nothing overrides anything.
 */
#include "gateway/authorize/build.h"

/* ---- making ---- */

struct maker {
	struct fl_bundle_build *b;
	struct fl_cedar_entities *es;
	struct fl_arena *arena; /* of the store */
	struct fl_error err;
	bool is_failed;
};

/* Copies: the store outlives the configuration's text nowhere, but must not depend on it. */
static const struct fl_cedar_uid *name(struct maker *m, const char *type, struct fl_str id)
{
	const struct fl_cedar_uid *uid = fl_cedar_entities_uid(m->es, fl_str(type), id);

	m->is_failed = m->is_failed || uid == NULL;
	return uid;
}

static struct fl_cedar_field field(const char *key, struct fl_cedar_value value)
{
	return (struct fl_cedar_field){fl_cedar_name(fl_str(key)), value};
}

static struct fl_cedar_value string(struct maker *m, struct fl_str s)
{
	struct fl_str copy = fl_arena_str(m->arena, s.p == NULL ? FL_STR("") : s);

	m->is_failed = m->is_failed || copy.p == NULL;
	return fl_cedar_string(copy);
}

/* Takes `fields` over. */
static struct fl_cedar_value record(struct maker *m, const struct fl_cedar_field *fields, size_t n)
{
	struct fl_cedar_value ret = fl_cedar_record_empty();
	struct fl_cedar_field *kept = fl_arena_array(m->arena, n, sizeof *kept);

	if (kept == NULL) {
		m->is_failed = true;
		return ret;
	}
	memcpy(kept, fields, n * sizeof *kept);
	m->is_failed = fl_cedar_record_make(kept, n, &ret, NULL) != 0 || m->is_failed;
	return ret;
}

static void add(struct maker *m, const struct fl_cedar_uid *uid, struct fl_cedar_value attrs,
                const struct fl_cedar_uid *const *parents, size_t n, struct fl_cedar_value tags)
{
	m->is_failed = m->is_failed ||
	               fl_cedar_entities_add(m->es, uid, attrs, parents, n, tags, &m->err) != 0;
}

/* Room in the bundle for names; NULL: none. */
static const struct fl_cedar_uid **names(struct maker *m, size_t n)
{
	const struct fl_cedar_uid **list =
	    fl_arena_array(&m->b->bundle->arena, n + 1, sizeof(*list));

	m->is_failed = m->is_failed || list == NULL;
	return list;
}

/* ---- callers ---- */

/* Tags are sets: claims of a token, which become tags as well, may have several values. */
static struct fl_cedar_value labels(struct maker *m, const struct fl_cfg_consumer *c)
{
	struct fl_cedar_value ret = fl_cedar_record_empty();
	struct fl_cedar_field *fields = fl_arena_array(m->arena, c->labels_n, sizeof *fields);
	struct fl_cedar_value *values = fl_arena_array(m->arena, c->labels_n, sizeof *values);

	for (size_t i = 0; fields != NULL && values != NULL && i < c->labels_n; i++) {
		values[i] = string(m, c->labels[i].value);
		fields[i] = (struct fl_cedar_field){
		    fl_cedar_name(fl_cedar_text(string(m, c->labels[i].name))),
		    fl_cedar_set_make(&values[i], 1)};
	}
	m->is_failed = m->is_failed || fields == NULL || values == NULL ||
	               fl_cedar_record_make(fields, c->labels_n, &ret, NULL) != 0;
	return ret;
}

static const struct fl_cedar_uid *add_consumer(struct maker *m, const struct fl_cfg_consumer *c)
{
	const struct fl_cedar_uid *uid = name(m, "Gw::Consumer", c->name);
	const struct fl_cedar_uid **parents =
	    fl_arena_array(m->arena, c->groups.n + 1, sizeof(*parents));
	size_t n = 0;

	if (parents == NULL) {
		m->is_failed = true;
		return uid;
	}
	for (size_t i = 0; i < c->groups.n; i++)
		parents[n++] = name(m, "Gw::Group", c->groups.items[i]);
	if (c->tenant.n != 0)
		parents[n++] = name(m, "Gw::Tenant", c->tenant);
	const struct fl_cedar_field attrs[] = {
	    field("tier", string(m, c->tier)),
	    field("suspended", fl_cedar_bool(c->is_suspended)),
	};
	struct fl_cedar_value tags = labels(m, c);

	add(m, uid, record(m, attrs, FL_ARRAY_LEN(attrs)), parents, n, tags);
	return uid;
}

static void add_consumers(struct maker *m)
{
	const struct fl_config *config = m->b->config;
	const struct fl_cedar_uid **list = names(m, config->consumers_n);

	m->b->bundle->anonymous = name(m, "Gw::Anonymous", FL_STR("anonymous"));
	add(m, m->b->bundle->anonymous, fl_cedar_record_empty(), NULL, 0, fl_cedar_record_empty());
	m->b->bundle->consumers = list;
	for (size_t i = 0; !m->is_failed && i < config->consumers_n; i++)
		list[i] = add_consumer(m, &config->consumers[i]);
}

/* ---- routes ---- */

static const struct fl_cedar_uid *add_route(struct maker *m, const struct fl_cfg_route *r)
{
	const struct fl_cedar_uid *uid = name(m, "Gw::Route", r->name), *parents[2];
	struct fl_cedar_field attrs[2] = {
	    field("sensitivity", fl_cedar_long((int64_t)r->sensitivity))};
	size_t parents_n = 0, n = 1;

	if (r->owner.n != 0)
		attrs[n++] = field("owner", fl_cedar_entity(name(m, "Gw::Group", r->owner)));
	if (r->api.n != 0)
		parents[parents_n++] = name(m, "Gw::Api", r->api);
	if (r->tenant.n != 0)
		parents[parents_n++] = name(m, "Gw::Tenant", r->tenant);
	add(m, uid, record(m, attrs, n), parents, parents_n, fl_cedar_record_empty());
	return uid;
}

static const struct fl_cedar_uid *action_of(struct maker *m, const struct fl_cfg_route *r)
{
	struct fl_str id = fl_bundle_action_name(m->b->config, r, m->arena);

	m->is_failed = m->is_failed || id.p == NULL;
	return m->is_failed ? NULL : name(m, "Gw::Action", id);
}

static void add_routes(struct maker *m)
{
	const struct fl_config *config = m->b->config;
	const struct fl_cedar_uid **list = names(m, config->routes_n);
	const struct fl_cedar_uid **actions = names(m, config->routes_n);

	m->b->bundle->routes = list;
	m->b->bundle->route_actions = actions;
	for (size_t i = 0; !m->is_failed && i < config->routes_n; i++) {
		list[i] = add_route(m, &config->routes[i]);
		if (config->routes[i].is_decided_by_action)
			actions[i] = action_of(m, &config->routes[i]);
	}
	for (int i = 0; i < FL_METHOD_N; i++)
		m->b->bundle->methods[i] =
		    name(m, "Gw::Action", fl_str(fl_method_name((enum fl_method)i)));
}

/* ---- connectors ---- */

static const struct fl_cedar_uid *add_connector(struct maker *m, const struct fl_cfg_instance *in)
{
	const struct fl_cfg_connector *c = &m->b->config->connectors[in->connector];
	const struct fl_bundle_connector unknown = {.sha256 = c->sha256},
					 *known = m->b->connectors == NULL
	                                              ? &unknown
	                                              : &m->b->connectors[in->connector];
	const struct fl_cedar_uid *uid = name(m, "Conn::Connector", in->name);
	const struct fl_cedar_uid *trust =
	    name(m, "Conn::Trust", fl_str(known->is_shipped ? "core" : "community"));
	const struct fl_cedar_field attrs[] = {
	    field("connector", string(m, c->id)),
	    field("signer", string(m, FL_STR(""))),
	    field("sha256", string(m, known->sha256)),
	};

	add(m, uid, record(m, attrs, FL_ARRAY_LEN(attrs)), &trust, 1, fl_cedar_record_empty());
	return uid;
}

static bool is_granted(const struct fl_cfg_instance *in, struct fl_str secret)
{
	for (size_t i = 0; i < in->grants.secrets.n; i++)
		if (fl_str_eq(in->grants.secrets.items[i], secret))
			return true;
	return false;
}

/* A secret that one instance alone is granted is that instance's own. */
static const struct fl_cedar_uid *owner_of(struct maker *m, struct fl_str secret)
{
	const struct fl_config *config = m->b->config;
	const struct fl_cedar_uid *owner = NULL;
	size_t n = 0;

	for (size_t i = 0; i < config->instances_n && n < 2; i++)
		if (is_granted(&config->instances[i], secret)) {
			owner = m->b->bundle->connectors[i];
			n++;
		}
	return n == 1 ? owner : NULL;
}

static const struct fl_cedar_uid *add_secret(struct maker *m, struct fl_str id)
{
	const struct fl_cedar_uid *uid = name(m, "Conn::Secret", id), *owner = owner_of(m, id);
	struct fl_cedar_field attr = {.value = fl_cedar_bool(false)};

	if (owner != NULL)
		attr = field("owner", fl_cedar_entity(owner));
	add(m, uid, owner == NULL ? fl_cedar_record_empty() : record(m, &attr, 1), NULL, 0,
	    fl_cedar_record_empty());
	return uid;
}

static void add_connectors(struct maker *m)
{
	const struct fl_config *config = m->b->config;
	struct fl_bundle *bundle = m->b->bundle;
	const struct fl_cedar_uid **connectors = names(m, config->instances_n);
	const struct fl_cedar_uid **secrets = names(m, config->secrets_n);

	bundle->connectors = connectors;
	bundle->secrets = secrets;
	for (size_t i = 0; !m->is_failed && i < config->instances_n; i++)
		connectors[i] = add_connector(m, &config->instances[i]);
	for (size_t i = 0; !m->is_failed && i < config->secrets_n; i++)
		secrets[i] = add_secret(m, config->secrets[i].name);
	bundle->egress = name(m, "Conn::Action", FL_STR("http.egress"));
	bundle->secret_read = name(m, "Conn::Action", FL_STR("secret.read"));
}

/* ---- the operator's own ---- */

/* Where entities of a type come from; the operator's file may hold all others. */
static const struct {
	const char *type, *home;
} homes[] = {
    {"Gw::Consumer", "they are made of consumers:, with groups, tenant, tier and labels"},
    {"Gw::Anonymous", "it has no attributes"},
    {"Gw::Route", "they are made of routes:, with api, tenant, owner and sensitivity"},
    {"Gw::Action", "actions are made of methods and routes"},
    {"Conn::Connector", "they are made of instances:"},
    {"Conn::Secret", "they are made of secrets:"},
    {"Conn::Trust", "it has no attributes"},
    {"Conn::Action", "there are no more"},
};

/* Says what is wrong with the entity of that name, in *err; its code is NULL when nothing is. */
typedef void (*judge_fn)(const struct fl_bundle_build *b, const struct fl_cedar_uid *uid,
                         struct fl_error *err);

static void judge_home(const struct fl_bundle_build *b, const struct fl_cedar_uid *uid,
                       struct fl_error *err)
{
	(void)b;
	for (size_t i = 0; i < FL_ARRAY_LEN(homes); i++)
		if (fl_cedar_uid_is_type(uid, fl_str(homes[i].type))) {
			(void)fl_error_set(err, "policy_entity_taken",
			                   "%s entities come from the configuration",
			                   homes[i].type);
			fl_error_hint(err, "%s", homes[i].home);
		}
}

static void judge_shape(const struct fl_bundle_build *b, const struct fl_cedar_uid *uid,
                        struct fl_error *err)
{
	const struct fl_cedar_entity *e = fl_cedar_entities_find(b->bundle->entities, uid);
	struct fl_error inner = FL_ERROR_INIT;

	if (e == NULL || fl_cedar_entity_check(e, b->bundle->schema, &inner) == 0)
		return;
	(void)fl_error_set(err, "policy_entities", "%s", inner.message);
	fl_error_hint(err, "correct it, or the schema in policies.schema");
}

static void tell(const struct fl_cedar_json_source *source, const struct fl_cedar_json *at,
                 const struct fl_error *err)
{
	struct fl_problem *p = fl_problems_add(
	    source->problems, err->code, fl_cedar_json_position(source->text, source->file, at->at),
	    FL_STR_NULL, "%s", err->message);

	fl_problem_hint(source->problems, p, "%s", err->hint);
}

/* Judges each entity of a file where it stands. */
static bool judge_file(struct fl_bundle_build *b, const struct fl_cfg_text *file, judge_fn judge)
{
	struct fl_cedar_json_source source = {file->text, file->path.p, b->problems};
	size_t before = b->problems->errors;
	struct fl_cedar_json json = {.n = 0};
	struct fl_arena arena;

	fl_arena_init(&arena, 65536, FL_BUNDLE_ENTITIES_BYTES_MAX);
	int r = fl_cedar_json_parse(&arena, source.text, source.file, &json, b->problems);

	if (json.kind != FL_CEDAR_JSON_ARRAY)
		json.n = 0; /* reading it tells */
	for (uint32_t i = 0; r == 0 && i < json.n && !fl_problems_is_full(b->problems); i++) {
		const struct fl_cedar_json *name = fl_cedar_json_find(&json.u.items[i], "uid");
		struct fl_error err = FL_ERROR_INIT;
		const struct fl_cedar_uid *uid = NULL;

		if (name == NULL)
			continue;
		r = fl_cedar_uid_from_json(name, &source, &arena, &uid);
		if (r == 0)
			judge(b, uid, &err);
		if (err.code != NULL)
			tell(&source, name, &err);
	}
	fl_arena_fini(&arena);
	return r == 0 && b->problems->errors == before;
}

static bool read_files(struct fl_bundle_build *b)
{
	const struct fl_cfg_texts *files = &b->config->policies.entities;
	struct fl_problem **since = b->problems->tail;
	bool ok = true;

	for (size_t i = 0; i < files->n; i++)
		ok = judge_file(b, &files->items[i], judge_home) &&
		     fl_cedar_entities_read(b->bundle->entities, files->items[i].text,
		                            files->items[i].path.p, b->bundle->schema,
		                            b->problems) == 0 &&
		     ok;
	fl_bundle_translate(b->problems, since);
	return ok;
}

static bool check_files(struct fl_bundle_build *b)
{
	const struct fl_cfg_texts *files = &b->config->policies.entities;
	bool ok = true;

	for (size_t i = 0; i < files->n; i++)
		ok = judge_file(b, &files->items[i], judge_shape) && ok;
	return ok;
}

/* ---- the whole ---- */

static bool refuse(struct fl_bundle_build *b, const struct fl_error *err)
{
	struct fl_problem *p = fl_problems_add(
	    b->problems, "policy_entities", b->config->policies.at, FL_STR("/policies"), "%s",
	    err->code == NULL ? "no memory for the entities" : err->message);

	fl_problem_hint(b->problems, p, "look at policies.entities and at the groups of consumers");
	return false;
}

bool fl_bundle_make_entities(struct fl_bundle_build *b)
{
	struct maker m = {.b = b, .err = FL_ERROR_INIT};

	m.es = b->bundle->entities = fl_cedar_entities_create(FL_BUNDLE_ENTITIES_BYTES_MAX);
	if (m.es == NULL)
		return refuse(b, &m.err);
	m.arena = fl_cedar_entities_arena(m.es);
	add_consumers(&m);
	add_routes(&m);
	add_connectors(&m);
	if (m.is_failed)
		return refuse(b, &m.err);
	if (!read_files(b))
		return false;
	if (fl_cedar_entities_add_actions(m.es, b->bundle->schema, &m.err) != 0 ||
	    fl_cedar_entities_finish(m.es, &m.err) != 0)
		return refuse(b, &m.err);
	return check_files(b);
}
