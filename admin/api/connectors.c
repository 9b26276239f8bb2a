/* admin/api/connectors.c - what may run
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

struct listing {
	struct fl_json *j;
	const struct fl_live *live;
	struct fl_str id; /* of the object that is open; empty: none */
	bool is_open;
};

static void add_users(struct fl_json *j, const struct fl_live *live,
                      const struct fl_live_connector *c)
{
	fl_json_array(j, "used_by");
	for (size_t i = 0; c != NULL && i < live->config->instances_n; i++)
		if (&live->connectors[live->config->instances[i].connector] == c)
			fl_json_add(j, NULL, live->config->instances[i].name);
	fl_json_end(j);
}

void fl_api_add_version(struct fl_json *j, const struct fl_live *live,
                        const struct fl_catalogue_entry *entry, bool has_manifest)
{
	static const char *const origins[] = {
	    [FL_CATALOGUE_SHIPPED] = "shipped",
	    [FL_CATALOGUE_UPLOADED] = "uploaded",
	    [FL_CATALOGUE_FILE] = "file",
	};
	const struct fl_live_connector *c = fl_live_connector(live, entry->id);
	bool is_active = c != NULL && fl_str_eq(c->found.sha256, entry->sha256);

	fl_json_object(j, NULL);
	fl_json_add(j, "id", entry->id);
	fl_json_add(j, "version", entry->version);
	fl_json_add(j, "sha256", entry->sha256);
	fl_json_add_c(j, "origin", origins[entry->origin]);
	fl_json_add_bool(j, "is_active", is_active);
	add_users(j, live, is_active ? c : NULL);
	if (has_manifest)
		fl_json_add_raw(j, "manifest", entry->manifest_json);
	fl_json_end(j);
}

/* Opens the object of a connector, up to its list of versions. */
static void open_connector(struct listing *l, struct fl_str id)
{
	const struct fl_live_connector *c = fl_live_connector(l->live, id);

	fl_json_object(l->j, NULL);
	fl_json_add(l->j, "id", id);
	fl_json_add(l->j, "configured", c == NULL ? FL_STR("") : c->wanted->version);
	fl_json_add(l->j, "active", c == NULL ? FL_STR("") : c->found.version);
	fl_json_add_bool(l->j, "is_activated", c != NULL && c->is_activated);
	add_users(l->j, l->live, c);
	fl_json_array(l->j, "versions");
	/* A file that the configuration names is in no catalogue. */
	if (c != NULL && c->found.sha256.n != 0 && c->found.origin == FL_CATALOGUE_FILE)
		fl_api_add_version(l->j, l->live, &c->found, false);
	l->id = id;
	l->is_open = true;
}

static void close_connector(struct listing *l)
{
	if (!l->is_open)
		return;
	fl_json_end(l->j);
	fl_json_end(l->j);
	l->is_open = false;
}

static void add_entry(void *ctx, const struct fl_catalogue_entry *entry)
{
	struct listing *l = ctx;

	if (!l->is_open || !fl_str_eq(l->id, entry->id)) {
		close_connector(l);
		open_connector(l, entry->id);
	}
	fl_api_add_version(l->j, l->live, entry, false);
}

static void count_entry(void *ctx, const struct fl_catalogue_entry *entry)
{
	(void)entry;
	(*(size_t *)ctx)++;
}

static bool is_in_catalogue(struct fl_catalogue *catalogue, struct fl_str id)
{
	size_t n = 0;

	fl_catalogue_each(catalogue, id, count_entry, &n);
	return n != 0;
}

void fl_api_connectors_list(struct fl_api_call *call)
{
	struct fl_catalogue *catalogue = fl_control_catalogue(call->api->parts.control);
	struct fl_live *live = fl_api_serving(call);
	struct listing l = {.live = live};
	struct fl_json j;

	if (live == NULL)
		return;
	fl_api_object(call, 200, &j);
	l.j = &j;
	fl_json_array(&j, "items");
	fl_catalogue_each(catalogue, FL_STR(""), add_entry, &l);
	close_connector(&l);
	for (size_t i = 0; i < live->config->connectors_n; i++) {
		if (is_in_catalogue(catalogue, live->connectors[i].wanted->id))
			continue;
		open_connector(&l, live->connectors[i].wanted->id);
		close_connector(&l);
	}
	fl_json_end(&j);
	fl_json_add_u64(&j, "revision", live->revision);
	fl_json_end(&j);
	(void)fl_live_unref(live);
}

void fl_api_connector_get(struct fl_api_call *call)
{
	struct fl_catalogue *catalogue = fl_control_catalogue(call->api->parts.control);
	struct fl_live *live = fl_api_serving(call);
	struct listing l = {.live = live};
	struct fl_json j;

	if (live == NULL)
		return;
	if (!is_in_catalogue(catalogue, call->params[0]) &&
	    fl_live_connector(live, call->params[0]) == NULL) {
		fl_api_problem(call, 404, "connector_unknown", "GET /v1/connectors lists them",
		               "there is no connector \"%.*s\"", FL_STR_ARGS(call->params[0]));
	} else {
		fl_api_begin(call, 200, &j);
		l.j = &j;
		open_connector(&l, call->params[0]);
		fl_catalogue_each(catalogue, call->params[0], add_entry, &l);
		close_connector(&l);
	}
	(void)fl_live_unref(live);
}
