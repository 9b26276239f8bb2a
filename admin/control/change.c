/* admin/control/change.c - the changes that can be asked for: reload, activate, renew
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/control/private.h"

#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

/* Problems are also written to the log; more of them than this are only counted. */
#define LOGGED_MAX 20u
#define ERRORS_BYTES_MAX (1u << 20)

static struct fl_position nowhere(void)
{
	return (struct fl_position){.file = NULL};
}

static void log_problems(const struct fl_problems *problems)
{
	size_t n = 0;

	for (const struct fl_problem *p = problems->first; p != NULL && n < LOGGED_MAX;
	     p = p->next, n++)
		fl_log(p->is_warning ? FL_LOG_WARN : FL_LOG_ERROR_LEVEL,
		       p->is_warning ? "config.warning" : "config.error", FL_LOG_C("code", p->code),
		       FL_LOG_STR("detail", p->detail), FL_LOG_STR("pointer", p->pointer),
		       FL_LOG_C("file", p->at.file == NULL ? "" : p->at.file),
		       FL_LOG_U64("line", p->at.line), FL_LOG_U64("column", p->at.column),
		       FL_LOG_STR("hint", p->hint));
}

/* ---- reload ---- */

static void note_reload(struct fl_control *control, bool is_ok, const struct fl_problems *problems)
{
	struct fl_buf text, old;
	struct fl_json j;

	fl_buf_init(&text, ERRORS_BYTES_MAX);
	fl_json_init(&j, &text);
	if (!is_ok)
		fl_json_add_problems(&j, NULL, problems, FL_JSON_ERRORS);
	(void)pthread_mutex_lock(&control->lock);
	old = control->last.errors_json;
	control->last.errors_json = text;
	control->last.at_wall_ns = fl_clock_wall_ns();
	control->last.is_ok = is_ok;
	if (is_ok)
		control->last.ok_total++;
	else
		control->last.failed_total++;
	(void)pthread_mutex_unlock(&control->lock);
	fl_buf_fini(&old);
}

/* What stands under "server:" is read at start only: say so when it was edited. */
static void warn_of_server(const struct fl_config *started, const struct fl_config *now,
                           struct fl_problems *problems)
{
	json_t *a = json_loadb(started->canonical_json.p, started->canonical_json.n, 0, NULL);
	json_t *b = json_loadb(now->canonical_json.p, now->canonical_json.n, 0, NULL);
	json_t *server_a = json_object_get(a, "server"), *server_b = json_object_get(b, "server");
	bool is_same = server_a == server_b || json_equal(server_a, server_b);
	struct fl_problem *p;

	json_decref(a);
	json_decref(b);
	if (is_same)
		return;
	p = fl_problems_add(problems, "server_needs_restart", nowhere(), FL_STR("/server"),
	                    "the server section changed; it is read only at start");
	fl_problem_warn(problems, p);
	fl_problem_hint(problems, p, "restart fairlead for it to count");
}

/* Whoever wrote whole lines before would do so again. */
static bool is_cut_off(const struct fl_config *serving, const struct fl_config *now,
                       struct fl_problems *problems)
{
	struct fl_problem *p;

	if (!now->ends_midline || serving->ends_midline)
		return false;
	p = fl_problems_add(problems, "cut_off", nowhere(), FL_STR(""),
	                    "the last line was ended before and is not any more: a file is cut off");
	fl_problem_hint(problems, p, "write it whole; if it is, end it with a newline");
	return true;
}

static int apply_config(struct fl_control *control, struct fl_config *config,
                        struct fl_problems *problems, struct fl_control_outcome *ret)
{
	struct fl_activations activations;
	struct fl_change change = {.config = config, .activations = &activations};
	int rc;

	if (fl_activations_copy(&control->activations, &activations) < 0)
		return -1;
	change.is_saved = fl_activations_prune(&activations, config);
	rc = fl_control_apply(control, &change, problems, ret);
	fl_activations_fini(&activations);
	return rc;
}

int fl_control_reload(struct fl_control *control, struct fl_problems *problems,
                      struct fl_control_outcome *ret)
{
	uint64_t begin = fl_clock_mono_ns();
	struct fl_config *config = fl_config_load_file(control->config_path, problems);
	int rc = -1;

	if (config != NULL) {
		warn_of_server(control->parts.config, config, problems);
		if (!is_cut_off(control->config, config, problems))
			rc = apply_config(control, config, problems, ret);
	}
	(void)fl_config_unref(config);
	note_reload(control, rc == 0, problems);
	log_problems(problems);
	if (rc < 0) {
		fl_log(FL_LOG_ERROR_LEVEL, "config.refused", FL_LOG_C("file", control->config_path),
		       FL_LOG_U64("errors", problems->errors),
		       FL_LOG_U64("serving_revision", control->revision));
		return FL_CONTROL_E_INVALID;
	}
	fl_log(FL_LOG_INFO, "config.live", FL_LOG_U64("revision", ret->revision),
	       FL_LOG_C("changed", ret->is_changed ? "yes" : "no"),
	       FL_LOG_U64("us", (fl_clock_mono_ns() - begin) / 1000));
	return 0;
}

/* ---- activate ---- */

static const struct fl_cfg_connector *find_connector(const struct fl_config *config,
                                                     struct fl_str id)
{
	for (size_t i = 0; i < config->connectors_n; i++)
		if (fl_str_eq(config->connectors[i].id, id))
			return &config->connectors[i];
	return NULL;
}

static void copy_text(char *out, size_t size, struct fl_str s)
{
	(void)snprintf(out, size, "%.*s", FL_STR_ARGS(s));
}

/* Finds the version in the catalogue; fills the activation. */
static int want_version(struct fl_control *control, struct fl_str id, struct fl_str version,
                        struct fl_activation *ret, struct fl_problems *problems)
{
	const struct fl_cfg_connector *configured = find_connector(control->config, id);
	struct fl_catalogue_want want = {.id = id, .version = version};
	struct fl_catalogue_entry found;
	struct fl_error err = FL_ERROR_INIT;
	struct fl_problem *p;

	*ret = (struct fl_activation){.id = ""};
	if (fl_catalogue_resolve(control->parts.catalogue, &want, problems->arena, &found, &err) <
	    0) {
		p = fl_problems_add(problems, err.code, nowhere(), FL_STR(""), "%s", err.message);
		fl_problem_hint(problems, p, "%s", err.hint);
		return FL_CONTROL_E_NOT_FOUND;
	}
	if (configured == NULL) {
		p = fl_problems_add(problems, "connector_not_configured", nowhere(), FL_STR(""),
		                    "the configuration does not mention connector \"%.*s\"",
		                    FL_STR_ARGS(id));
		fl_problem_hint(problems, p, "give it an instance, or list it under connectors:");
		return FL_CONTROL_E_INVALID;
	}
	copy_text(ret->id, sizeof ret->id, id);
	copy_text(ret->version, sizeof ret->version, found.version);
	copy_text(ret->sha256, sizeof ret->sha256, found.sha256);
	fl_activation_entry(configured, ret->entry);
	return 0;
}

static bool is_active(const struct fl_control *control, const struct fl_activation *item)
{
	const struct fl_activation *now =
	    fl_activations_find(&control->activations, fl_str(item->id));

	return now != NULL && memcmp(now, item, sizeof *now) == 0;
}

static int apply_activation(struct fl_control *control, const struct fl_activation *item,
                            struct fl_problems *problems, struct fl_control_outcome *ret)
{
	struct fl_activations activations;
	struct fl_change change = {
	    .config = control->config, .activations = &activations, .is_saved = true};
	int rc;

	if (fl_activations_copy(&control->activations, &activations) < 0)
		return -1;
	rc = fl_activations_put(&activations, item);
	if (rc < 0)
		(void)fl_problems_add(problems, "activations_full", nowhere(), FL_STR(""),
		                      "at most %u connectors can be activated by hand",
		                      FL_ACTIVATIONS_MAX);
	else
		rc = fl_control_apply(control, &change, problems, ret);
	fl_activations_fini(&activations);
	return rc;
}

int fl_control_activate(struct fl_control *control, struct fl_str id, struct fl_str version,
                        struct fl_problems *problems, struct fl_control_outcome *ret)
{
	uint64_t begin = fl_clock_mono_ns();
	struct fl_activation item;
	int rc = want_version(control, id, version, &item, problems);

	if (rc != 0)
		return rc;
	if (is_active(control, &item)) {
		*ret = (struct fl_control_outcome){.revision = control->revision};
		return 0;
	}
	if (apply_activation(control, &item, problems, ret) < 0) {
		fl_log(FL_LOG_ERROR_LEVEL, "connector.activation_refused",
		       FL_LOG_STR("connector", id), FL_LOG_STR("version", version),
		       FL_LOG_U64("errors", problems->errors));
		log_problems(problems);
		return FL_CONTROL_E_INVALID;
	}
	fl_log(FL_LOG_INFO, "connector.activated", FL_LOG_STR("connector", id),
	       FL_LOG_C("version", item.version), FL_LOG_C("sha256", item.sha256),
	       FL_LOG_U64("us", (fl_clock_mono_ns() - begin) / 1000));
	return 0;
}

/* ---- renew ---- */

int fl_control_renew(struct fl_control *control, struct fl_str instance,
                     struct fl_problems *problems, struct fl_control_outcome *ret)
{
	struct fl_change change = {
	    .config = control->config, .activations = &control->activations, .renew = instance};

	for (size_t i = 0; i < control->config->instances_n; i++) {
		if (!fl_str_eq(control->config->instances[i].name, instance))
			continue;
		if (fl_control_apply(control, &change, problems, ret) < 0) {
			log_problems(problems);
			return FL_CONTROL_E_INVALID;
		}
		fl_log(FL_LOG_INFO, "instance.renewed", FL_LOG_STR("instance", instance));
		return 0;
	}
	(void)fl_problems_add(problems, "instance_unknown", nowhere(), FL_STR(""),
	                      "there is no instance \"%.*s\"", FL_STR_ARGS(instance));
	return FL_CONTROL_E_NOT_FOUND;
}
