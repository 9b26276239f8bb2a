/* gateway/cmd_policy.c - fairlead policy: the commands and their options
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/cmd_policy.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

const struct fl_command fl_cmd_policy[] = {
    {"check", fl_cmd_policy_check, .arguments = "[--schema FILE] FILE... | -c CONFIG  [--json]",
     .what = "what is wrong with policies, annotations too"},
    {"validate", fl_cmd_policy_validate, .arguments = "--policies FILE --schema FILE [--json]",
     .what = "strict validation against a schema"},
    {"authorize", fl_cmd_policy_authorize,
     .arguments = "--policies FILE ... | -c CONFIG  --requests FILE ...",
     .what = "decide requests"},
    {"explain", fl_cmd_policy_explain,
     .arguments = "--policies FILE ... | -c CONFIG  --requests FILE ...",
     .what = "the same, and why each policy counts or not"},
    {"test", fl_cmd_policy_test, .arguments = "[--root DIR] [--mode MODE] PATH...",
     .what = "run tests in Cedar's own format"},
    {"schema", fl_cmd_policy_schema, .arguments = "CONFIG",
     .what = "the schema that policies of a configuration are written for"},
    {.name = NULL},
};

/* ---- options ---- */

bool fl_policy_add_path(struct fl_policy_paths *paths, const char *path)
{
	if (paths->n == FL_POLICY_FILES_MAX) {
		(void)fprintf(stderr, "fairlead policy: more than %u files of one kind\n",
		              FL_POLICY_FILES_MAX);
		return false;
	}
	paths->at[paths->n++] = path;
	return true;
}

static bool set_mode(struct fl_policy_options *o, const char *word)
{
	static const char *const words[] = {
	    [FL_CEDAR_FULL] = "full", [FL_CEDAR_FAST] = "fast", [FL_CEDAR_LINEAR] = "linear"};

	for (size_t i = 0; i < FL_ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0) {
			o->mode = (enum fl_cedar_mode)i;
			return true;
		}
	(void)fprintf(stderr, "fairlead policy: --mode is full, fast or linear, not %s\n", word);
	return false;
}

enum option_id {
	POLICIES,
	SCHEMA,
	ENTITIES,
	LINKS,
	USE_IDS,
	REQUESTS,
	PRINCIPAL,
	ACTION,
	RESOURCE,
	CONTEXT,
	MODE,
	ROOT,
	JSON,
	CONFIG
};

static const struct option longs[] = {
    {"policies", required_argument, NULL, POLICIES},
    {"schema", required_argument, NULL, SCHEMA},
    {"entities", required_argument, NULL, ENTITIES},
    {"links", required_argument, NULL, LINKS},
    {"use-ids", no_argument, NULL, USE_IDS},
    {"requests", required_argument, NULL, REQUESTS},
    {"principal", required_argument, NULL, PRINCIPAL},
    {"action", required_argument, NULL, ACTION},
    {"resource", required_argument, NULL, RESOURCE},
    {"context", required_argument, NULL, CONTEXT},
    {"mode", required_argument, NULL, MODE},
    {"root", required_argument, NULL, ROOT},
    {"json", no_argument, NULL, JSON},
    {"config", required_argument, NULL, CONFIG},
    {NULL, 0, NULL, 0},
};

static const unsigned groups[] = {
    [POLICIES] = FL_POLICY_OPT_POLICIES, [SCHEMA] = FL_POLICY_OPT_SCHEMA,
    [ENTITIES] = FL_POLICY_OPT_DATA,     [LINKS] = FL_POLICY_OPT_DATA,
    [USE_IDS] = FL_POLICY_OPT_DATA,      [REQUESTS] = FL_POLICY_OPT_REQUEST,
    [PRINCIPAL] = FL_POLICY_OPT_REQUEST, [ACTION] = FL_POLICY_OPT_REQUEST,
    [RESOURCE] = FL_POLICY_OPT_REQUEST,  [CONTEXT] = FL_POLICY_OPT_REQUEST,
    [MODE] = FL_POLICY_OPT_MODE,         [ROOT] = FL_POLICY_OPT_ROOT,
    [JSON] = FL_POLICY_OPT_JSON,         [CONFIG] = FL_POLICY_OPT_CONFIG,
};

static bool set(struct fl_policy_options *o, enum option_id id, const char *value)
{
	switch (id) {
	case POLICIES:
		return fl_policy_add_path(&o->files.policies, value);
	case SCHEMA:
		return fl_policy_add_path(&o->files.schemas, value);
	case ENTITIES:
		return fl_policy_add_path(&o->files.entities, value);
	case LINKS:
		return fl_policy_add_path(&o->files.links, value);
	case USE_IDS:
		o->files.uses_ids = true;
		return true;
	case REQUESTS:
		o->requests = value;
		return true;
	case PRINCIPAL:
	case ACTION:
	case RESOURCE:
		o->uids[id - PRINCIPAL] = value;
		return true;
	case CONTEXT:
		o->context = value;
		return true;
	case MODE:
		return set_mode(o, value);
	case ROOT:
		o->root = value;
		return true;
	case JSON:
		o->is_json = true;
		return true;
	case CONFIG:
		o->config = value;
		return true;
	}
	return false;
}

static bool check_request(const struct fl_policy_options *o)
{
	unsigned n = 0;

	for (size_t i = 0; i < FL_ARRAY_LEN(o->uids); i++)
		n += o->uids[i] != NULL;

	if (o->requests != NULL && n == 0 && o->context == NULL)
		return true;
	if (o->requests == NULL && n == FL_ARRAY_LEN(o->uids))
		return true;
	(void)fprintf(stderr, "fairlead policy: say which request: --requests FILE, or "
	                      "--principal, --action and --resource\n");
	return false;
}

bool fl_policy_options_parse(int argc, char **argv, unsigned allowed, struct fl_policy_options *ret)
{
	struct fl_policy_options o = {.mode = FL_CEDAR_FULL};
	int c, at = 0;

	while ((c = getopt_long(argc, argv, "c:", longs, &at)) != -1) {
		if (c == 'c')
			c = CONFIG;
		if (c < 0 || (size_t)c >= FL_ARRAY_LEN(groups))
			return false; /* getopt has said it */
		if ((groups[c] & allowed) == 0) {
			(void)fprintf(stderr, "fairlead policy %s: takes no --%s\n", argv[0],
			              longs[c].name);
			return false;
		}
		if (!set(&o, (enum option_id)c, optarg))
			return false;
	}
	if ((allowed & FL_POLICY_OPT_REQUEST) != 0 && !check_request(&o))
		return false;
	o.rest = argv + optind;
	o.n_rest = argc - optind;
	*ret = o;
	return true;
}

bool fl_policy_options_name_policies(const struct fl_policy_options *o)
{
	const struct fl_policy_files *f = &o->files;

	if (o->config == NULL)
		return f->policies.n > 0;
	return f->policies.n + f->schemas.n + f->entities.n + f->links.n == 0 && !f->uses_ids;
}

/* ---- output ---- */

void fl_policy_put(struct fl_buf *out)
{
	if (fl_buf_is_overflown(out))
		(void)fprintf(stderr, "fairlead policy: the output is over %u bytes and was cut\n",
		              FL_POLICY_OUTPUT_MAX);
	(void)fwrite(out->len == 0 ? "" : out->p, 1, out->len, stdout);
	fl_buf_clear(out);
}

void fl_policy_tell(const struct fl_problems *problems)
{
	struct fl_buf out;

	fl_buf_init(&out, FL_POLICY_OUTPUT_MAX);
	fl_problems_print(problems, &out);
	(void)fwrite(out.len == 0 ? "" : out.p, 1, out.len, stderr);
	fl_buf_fini(&out);
}
