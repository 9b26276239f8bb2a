/* gateway/policy_input.c - policies, schema and entities of the offline policy tools
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/policy_input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "gateway/authorize/id.h"
#include "gateway/cmd.h"
#include "gateway/config/load.h"
#include "gateway/known.h"
#include "policy/links_json.h"

void fl_policy_input_init(struct fl_policy_input *in)
{
	*in = (struct fl_policy_input){.set = NULL};
	fl_arena_init(&in->arena, 4096, FL_POLICY_STORE_MAX);
	fl_problems_init(&in->problems, &in->arena);
}

void fl_policy_input_fini(struct fl_policy_input *in)
{
	if (in->bundle == NULL) {
		(void)fl_cedar_set_destroy(in->set);
		(void)fl_cedar_schema_destroy(in->schema);
		(void)fl_cedar_entities_destroy(in->entities);
	}
	(void)fl_bundle_unref(in->bundle);
	fl_arena_fini(&in->arena);
}

int fl_policy_input_status(const struct fl_policy_input *in)
{
	if (in->is_refused)
		return FL_CMD_EXIT_FAILED;
	return in->problems.errors > 0 ? FL_CMD_EXIT_CONFIG : 0;
}

bool fl_policy_input_fail(struct fl_policy_input *in, const char *code, const char *file,
                          const char *message)
{
	const struct fl_position at = {.file = file};

	(void)fl_problems_add(&in->problems, code, at, FL_STR_NULL, "%s", message);
	return false;
}

static bool fail_error(struct fl_policy_input *in, const char *file, const struct fl_error *err)
{
	const struct fl_position at = {.file = file};
	const char *code = err->code == NULL ? "no_memory" : err->code;
	struct fl_problem *p = fl_problems_add(&in->problems, code, at, FL_STR_NULL, "%s",
	                                       err->code == NULL ? "out of memory" : err->message);

	if (err->hint[0] != '\0')
		fl_problem_hint(&in->problems, p, "%s", err->hint);
	return false;
}

/* The library has told in `problems` what was wrong, unless it was memory. */
static bool told(struct fl_policy_input *in, int r, const char *file)
{
	if (r == 0)
		return true;
	if (r < 0 || r == FL_CEDAR_E_MEMORY) {
		in->is_refused = true;
		(void)fl_policy_input_fail(in, "no_memory", file,
		                           "takes more memory than is allowed: split the file");
	}
	return false;
}

/* ---- texts ---- */

bool fl_policy_input_text(struct fl_policy_input *in, const char *root, const char *path,
                          size_t max_bytes, struct fl_str *ret)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str text, full = fl_str(path);
	bool is_stdin = root == NULL && strcmp(path, "-") == 0;
	int r;

	if (is_stdin && in->is_stdin_used)
		return fl_policy_input_fail(in, "usage", path,
		                            "standard input can be read once: name a file");
	in->is_stdin_used |= is_stdin;
	if (root != NULL)
		full = fl_arena_printf(&in->arena, "%s/%s", root, path);
	if (is_stdin)
		r = fl_file_read_stream(STDIN_FILENO, "standard input", max_bytes, &text, &err);
	else
		r = full.p == NULL ? -ENOMEM : fl_file_read(full.p, max_bytes, &text, &err);
	if (r != 0) {
		in->is_refused = true;
		return fail_error(in, NULL, &err);
	}
	*ret = fl_arena_str(&in->arena, text);
	free((void *)(uintptr_t)text.p);
	return told(in, ret->p == NULL ? FL_CEDAR_E_MEMORY : 0, path);
}

/* Does a text that is a schema or a test begin as JSON does? Cedar's own syntax never does. */
static bool is_json(struct fl_str text)
{
	text = fl_str_trim(text);
	while (text.n > 0 &&
	       (*text.p == '\n' || *text.p == '\r' || *text.p == ' ' || *text.p == '\t'))
		text = fl_str_n(text.p + 1, text.n - 1);
	return text.n > 0 && *text.p == '{';
}

static bool read_schemas(struct fl_policy_input *in, const struct fl_policy_files *files)
{
	const struct fl_policy_paths *paths = &files->schemas;
	struct fl_str text;

	if (paths->n == 0)
		return true;
	in->schema = fl_cedar_schema_create(FL_POLICY_STORE_MAX);
	if (in->schema == NULL)
		return told(in, FL_CEDAR_E_MEMORY, NULL);
	for (size_t i = 0; i < paths->n; i++) {
		if (!fl_policy_input_text(in, files->root, paths->at[i], FL_POLICY_JSON_MAX, &text))
			return false;
		int r = (is_json(text) ? fl_cedar_schema_add_json : fl_cedar_schema_add)(
		    in->schema, text, paths->at[i], &in->problems);

		if (!told(in, r, paths->at[i]))
			return false;
	}
	return told(in, fl_cedar_schema_finish(in->schema, &in->problems), paths->at[0]);
}

/* ---- policies ---- */

static bool use_ids(struct fl_policy_input *in)
{
	size_t told_before = in->problems.errors;

	if (fl_policy_ids_use(in->set, &in->problems))
		return true;
	return told(in, in->problems.errors == told_before ? FL_CEDAR_E_MEMORY : FL_CEDAR_E_INVALID,
	            NULL);
}

static bool read_policies(struct fl_policy_input *in, const struct fl_policy_files *files)
{
	const struct fl_policy_paths *paths = &files->policies;
	bool is_ok = true;
	struct fl_str text;

	for (size_t i = 0; i < paths->n; i++)
		is_ok &= fl_policy_input_text(in, files->root, paths->at[i], FL_POLICY_JSON_MAX,
		                              &text) &&
		         told(in, fl_cedar_set_add(in->set, text, paths->at[i], &in->problems),
		              paths->at[i]);
	return (!files->uses_ids || use_ids(in)) && is_ok;
}

/* ---- links of templates ---- */

static bool read_links(struct fl_policy_input *in, const struct fl_policy_files *files)
{
	bool is_ok = true;
	struct fl_str text;

	for (size_t i = 0; i < files->links.n; i++)
		is_ok &=
		    fl_policy_input_text(in, files->root, files->links.at[i], FL_POLICY_JSON_MAX,
		                         &text) &&
		    told(in,
		         fl_cedar_set_link_json(in->set, text, files->links.at[i], &in->problems),
		         files->links.at[i]);
	return is_ok;
}

/* ---- entities ---- */

static bool read_entities(struct fl_policy_input *in, const struct fl_policy_files *files)
{
	const struct fl_policy_paths *paths = &files->entities;
	const char *file = paths->n == 1 ? paths->at[0] : NULL; /* for what concerns all of them */
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str text;

	for (size_t i = 0; i < paths->n; i++)
		if (!fl_policy_input_text(in, files->root, paths->at[i], FL_POLICY_JSON_MAX,
		                          &text) ||
		    !told(in,
		          fl_cedar_entities_read(in->entities, text, paths->at[i], in->schema,
		                                 &in->problems),
		          paths->at[i]))
			return false;
	if (in->schema != NULL &&
	    fl_cedar_entities_add_actions(in->entities, in->schema, &err) != 0)
		return fail_error(in, file, &err);
	if (fl_cedar_entities_finish(in->entities, &err) != 0)
		return fail_error(in, file, &err);
	if (in->schema != NULL && fl_cedar_entities_check(in->entities, in->schema, &err) != 0)
		return fail_error(in, file, &err);
	return true;
}

bool fl_policy_input_load(struct fl_policy_input *in, const struct fl_policy_files *files)
{
	in->set = fl_cedar_set_create(NULL, FL_POLICY_STORE_MAX);
	in->entities = fl_cedar_entities_create(FL_POLICY_STORE_MAX);
	if (in->set == NULL || in->entities == NULL)
		return told(in, FL_CEDAR_E_MEMORY, NULL);
	bool has_schema = read_schemas(in, files);
	bool is_ok = read_policies(in, files) && read_links(in, files) &&
	             told(in, fl_cedar_set_finish(in->set), NULL);

	/* Without its schema data cannot be understood: what would be said of it may be wrong. */
	return has_schema && read_entities(in, files) && is_ok;
}

/* ---- a configuration ---- */

static bool make_bundle(struct fl_policy_input *in, struct fl_config *config, const char *path)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_known known;

	if (fl_known_init(&known, config, &in->problems, &err) == 0)
		in->bundle = fl_bundle_build(config, known.connectors, NULL, &in->problems);
	else
		in->is_refused = true;
	fl_known_fini(&known);
	if (in->is_refused)
		return fail_error(in, NULL, &err);
	if (in->bundle == NULL && in->problems.errors == 0)
		return fl_policy_input_fail(in, "policy_none", path,
		                            "there is no `policies`: whoever is authenticated is "
		                            "allowed everything");
	return in->bundle != NULL;
}

bool fl_policy_input_config(struct fl_policy_input *in, const char *path)
{
	struct fl_config *config = fl_config_load_file(path, &in->problems);
	bool is_made = config != NULL && make_bundle(in, config, path);

	(void)fl_config_unref(config);
	if (!is_made)
		return false;
	in->set = in->bundle->active.set;
	in->schema = in->bundle->schema;
	in->entities = in->bundle->entities;
	return true;
}
