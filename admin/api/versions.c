/* admin/api/versions.c - one version of a connector: upload, look into, activate
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "gateway/connector/check.h"

/* params[0] and params[1]; when there is no such version 404 is filled in. */
static bool find(struct fl_api_call *call, struct fl_catalogue_entry *ret)
{
	struct fl_catalogue_want want = {.id = call->params[0], .version = call->params[1]};
	struct fl_error err = FL_ERROR_INIT;

	if (fl_catalogue_resolve(fl_control_catalogue(call->api->parts.control), &want,
	                         call->http->arena, ret, &err) == 0 &&
	    fl_str_eq(ret->version, call->params[1]))
		return true;
	if (err.code == NULL) /* "1.x" found one, but names none */
		(void)fl_error_set(&err, "connector_version_unknown", "\"%.*s\" is not a version",
		                   FL_STR_ARGS(call->params[1]));
	fl_api_error(call, 404, &err);
	return false;
}

void fl_api_version_get(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);
	struct fl_catalogue_entry entry;
	struct fl_json j;

	if (live == NULL)
		return;
	if (find(call, &entry)) {
		fl_api_begin(call, 200, &j);
		fl_api_add_version(&j, live, &entry, true);
	}
	(void)fl_live_unref(live);
}

/* ---- upload ---- */

static void refuse_taken(struct fl_api_call *call, const struct fl_catalogue_entry *entry)
{
	fl_api_problem(
	    call, 409, "version_taken",
	    "raise the version in the manifest; what serves is never replaced under its name",
	    "%.*s %.*s is there already, with SHA-256 %.*s", FL_STR_ARGS(entry->id),
	    FL_STR_ARGS(entry->version), FL_STR_ARGS(entry->sha256));
}

/* A version that serves keeps its bytes: what /v1/instances says of it must stay true. */
static bool may_replace(const struct fl_live *live, struct fl_str id, struct fl_str version)
{
	const struct fl_live_connector *c = fl_live_connector(live, id);

	return c == NULL || c->used_by == 0 || !fl_str_eq(c->found.version, version);
}

static void put(struct fl_api_call *call, const struct fl_live *live)
{
	struct fl_catalogue_entry entry;
	struct fl_problems problems;
	struct fl_json j;
	int rc;

	fl_problems_init(&problems, call->http->arena);
	rc = fl_catalogue_put(fl_control_catalogue(call->api->parts.control), call->params[0],
	                      call->params[1], call->http->body,
	                      may_replace(live, call->params[0], call->params[1]),
	                      call->http->arena, &entry, &problems);
	if (rc < 0) {
		fl_api_problems(call, 422, &problems);
		return;
	}
	if (rc == FL_CATALOGUE_E_TAKEN) {
		refuse_taken(call, &entry);
		return;
	}
	fl_api_begin(call, rc == FL_CATALOGUE_SAME ? 200 : 201, &j);
	fl_api_add_version(&j, live, &entry, true);
	if (rc == FL_CATALOGUE_SAME)
		return;
	fl_api_header(call, "location", call->http->path);
	fl_log(FL_LOG_INFO, "connector.installed", FL_LOG_STR("connector", entry.id),
	       FL_LOG_STR("version", entry.version), FL_LOG_STR("sha256", entry.sha256),
	       FL_LOG_STR("client", call->http->client));
}

void fl_api_version_put(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);

	if (live == NULL)
		return;
	put(call, live);
	(void)fl_live_unref(live);
}

/* ---- inspect ---- */

static void add_inspection(struct fl_api_call *call, const struct fl_catalogue_entry *entry,
                           struct fl_str file)
{
	struct fl_connector_file parts;
	struct fl_problems problems;
	struct fl_json j;

	fl_problems_init(&problems, call->http->arena);
	fl_connector_file_read(file, NULL, &parts, &problems);
	fl_api_object(call, 200, &j);
	fl_json_add(&j, "id", entry->id);
	fl_json_add(&j, "version", entry->version);
	fl_json_add(&j, "sha256", entry->sha256);
	fl_json_add_bool(&j, "loadable", problems.errors == 0);
	fl_json_add_bool(&j, "starts_threads", parts.starts_threads);
	fl_json_add_raw(&j, "manifest", entry->manifest_json);
	fl_json_add_problems(&j, "errors", &problems, FL_JSON_ERRORS);
	fl_json_add_problems(&j, "warnings", &problems, FL_JSON_WARNINGS);
	fl_json_end(&j);
	fl_connector_file_fini(&parts);
}

void fl_api_version_inspect(struct fl_api_call *call)
{
	struct fl_catalogue_entry entry;
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str file;

	if (!find(call, &entry))
		return;
	if (fl_file_read(entry.path.p, FL_CONNECTOR_MAX_BYTES, &file, &err) < 0) {
		fl_api_error(call, 500, &err);
		return;
	}
	add_inspection(call, &entry, file);
	free((void *)(uintptr_t)file.p);
}

/* ---- activate ---- */

/* The instances of the connector with the generation that serves now. */
static uint64_t add_generations(struct fl_api_call *call, struct fl_json *j,
                                const struct fl_live *live, const struct fl_live_connector *c)
{
	struct fl_api_instances all;
	uint64_t newest = 0;

	fl_api_instances(call, &all);
	fl_json_array(j, "instances");
	for (size_t i = 0; i < live->config->instances_n; i++) {
		const struct fl_instance_info *info =
		    fl_api_newest(&all, live->config->instances[i].name);

		if (&live->connectors[live->config->instances[i].connector] != c || info == NULL)
			continue;
		fl_json_object(j, NULL);
		fl_json_add_c(j, "name", info->name);
		fl_json_add_u64(j, "generation", info->generation);
		fl_json_end(j);
		if (info->generation > newest)
			newest = info->generation;
	}
	fl_json_end(j);
	return newest;
}

static void add_activation(struct fl_api_call *call, const struct fl_live *live,
                           const struct fl_control_outcome *outcome)
{
	const struct fl_live_connector *c = fl_live_connector(live, call->params[0]);
	struct fl_json j;

	FL_ASSERT(c != NULL);
	fl_api_object(call, 200, &j);
	fl_json_add(&j, "id", c->found.id);
	fl_json_add(&j, "version", c->found.version);
	fl_json_add(&j, "sha256", c->found.sha256);
	fl_json_add_u64(&j, "generation", add_generations(call, &j, live, c));
	fl_json_add_bool(&j, "changed", outcome->is_changed);
	fl_json_add_bool(&j, "late", outcome->is_late);
	fl_json_add_u64(&j, "revision", outcome->revision);
	fl_api_add_ms(&j, "live_in_ms", fl_clock_mono_ns() - call->begin_ns);
	fl_json_end(&j);
}

void fl_api_version_activate(struct fl_api_call *call)
{
	struct fl_control_outcome outcome;
	struct fl_catalogue_entry entry;
	struct fl_problems problems;
	struct fl_live *live;
	int rc;

	if (!find(call, &entry))
		return;
	fl_problems_init(&problems, call->http->arena);
	rc = fl_control_activate(call->api->parts.control, call->params[0], call->params[1],
	                         &problems, &outcome);
	if (rc != 0) {
		fl_api_problems(call, rc == FL_CONTROL_E_NOT_FOUND ? 404 : 422, &problems);
		return;
	}
	live = fl_api_serving(call);
	if (live != NULL)
		add_activation(call, live, &outcome);
	(void)fl_live_unref(live);
}
