/* gateway/cmd_check.c - fairlead check: everything that is wrong with a configuration
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads the configuration, compiles routes and policies, looks for the connectors and their
 * actions. Starts nothing, changes nothing, and runs no code of a connector.
 */
#include "gateway/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "gateway/authorize/bundle.h"
#include "gateway/config/describe.h"
#include "gateway/config/model.h"
#include "gateway/connector/catalogue.h"
#include "gateway/connector/config_check.h"
#include "gateway/pipeline/snapshot.h"

#define PROBLEM_BYTES (8u << 20)
#define OUTPUT_BYTES (16u << 20)

struct options {
	const char *path;
	bool is_strict, is_json, wants_schema;
};

static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option longs[] = {{"strict", no_argument, NULL, 's'},
	                                      {"schema", no_argument, NULL, 'S'},
	                                      {"output", required_argument, NULL, 'o'},
	                                      {NULL, 0, NULL, 0}};
	int c;

	*ret = (struct options){.path = NULL};
	while ((c = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
		if (c == 's')
			ret->is_strict = true;
		else if (c == 'S')
			ret->wants_schema = true;
		else if (c == 'o' && (strcmp(optarg, "json") == 0 || strcmp(optarg, "text") == 0))
			ret->is_json = strcmp(optarg, "json") == 0;
		else
			return FL_COMMAND_USAGE;
	}
	if (optind + !ret->wants_schema != argc)
		return FL_COMMAND_USAGE;
	ret->path = argv[optind]; /* NULL behind the last */
	return 0;
}

/* ---- connectors ---- */

struct connectors {
	const struct fl_config *config;
	struct fl_problems *problems;
	struct fl_catalogue *catalogue;
	/* one for each of config->connectors; NULL: not known */
	struct fl_manifest **manifests;
	struct fl_bundle_connector *known; /* the same, for policies */
};

static void tell(struct connectors *c, const struct fl_cfg_connector *wanted,
                 const struct fl_error *err)
{
	struct fl_str pointer =
	    fl_arena_printf(c->problems->arena, "/connectors/%.*s", FL_STR_ARGS(wanted->id));
	struct fl_problem *p =
	    fl_problems_add(c->problems, err->code, wanted->at, pointer, "%s", err->message);

	if (err->hint[0] != '\0')
		fl_problem_hint(c->problems, p, "%s", err->hint);
}

/* Problems of the file itself are told when it is inspected or loaded; here its actions count. */
static struct fl_manifest *read_manifest(struct fl_str json)
{
	struct fl_arena arena;
	struct fl_problems ignored;
	struct fl_manifest *manifest;

	fl_arena_init(&arena, 1024, PROBLEM_BYTES);
	fl_problems_init(&ignored, &arena);
	manifest = fl_manifest_parse(json, &ignored);
	fl_arena_fini(&arena);
	return manifest;
}

static void find_connector(struct connectors *c, size_t i)
{
	const struct fl_cfg_connector *wanted = &c->config->connectors[i];
	const struct fl_catalogue_want want = {wanted->id, wanted->version, wanted->sha256,
	                                       wanted->file};
	struct fl_error err = FL_ERROR_INIT;
	struct fl_catalogue_entry entry;
	struct fl_arena arena;

	fl_arena_init(&arena, 1024, 2u * FL_MANIFEST_MAX_BYTES);
	if (fl_catalogue_resolve(c->catalogue, &want, &arena, &entry, &err) == 0) {
		c->manifests[i] = read_manifest(entry.manifest_json);
		c->known[i] = (struct fl_bundle_connector){
		    .manifest = c->manifests[i],
		    .sha256 = fl_arena_str(c->problems->arena, entry.sha256),
		    .is_shipped = entry.origin == FL_CATALOGUE_SHIPPED,
		};
	} else {
		tell(c, wanted, &err);
	}
	fl_arena_fini(&arena);
}

/* Uploads are looked at where there are some; no folder is made. */
static int open_catalogue(struct connectors *c)
{
	const struct fl_cfg_server *server = &c->config->server;
	struct fl_str path =
	    fl_arena_printf(c->problems->arena, "%.*s/connectors", FL_STR_ARGS(server->data_dir));
	bool has_uploads = path.p && access(path.p, R_OK | X_OK) == 0;
	struct fl_error err = FL_ERROR_INIT;

	if (fl_catalogue_open(has_uploads ? server->data_dir.p : NULL, &server->connector_dirs,
	                      &c->catalogue, &err) == 0)
		return 0;
	(void)fprintf(stderr, "fairlead check: %s\n", err.message);
	return -1;
}

static int check_all(struct fl_config *config, struct fl_problems *problems)
{
	struct connectors c = {.config = config, .problems = problems};
	const struct fl_manifest *const *manifests;

	c.manifests = calloc(config->connectors_n + 1, sizeof(struct fl_manifest *));
	c.known = calloc(config->connectors_n + 1, sizeof *c.known);
	if (!c.manifests || !c.known || open_catalogue(&c) != 0) {
		free(c.manifests);
		free(c.known);
		return -1;
	}
	for (size_t i = 0; i < config->connectors_n; i++)
		find_connector(&c, i);
	manifests = (const struct fl_manifest *const *)c.manifests;
	fl_snapshot_check(config, manifests, problems);
	for (size_t i = 0; i < config->instances_n; i++)
		if (manifests[config->instances[i].connector])
			(void)fl_connector_config_check(manifests[config->instances[i].connector],
			                                &config->instances[i], problems);
	(void)fl_bundle_unref(fl_bundle_build(config, c.known, NULL, problems));
	for (size_t i = 0; i < config->connectors_n; i++)
		(void)fl_manifest_destroy(c.manifests[i]);
	free(c.manifests);
	free(c.known);
	(void)fl_catalogue_close(c.catalogue);
	return 0;
}

/* ---- telling ---- */

static void print_json(const struct options *o, const struct fl_config *config,
                       const struct fl_problems *problems, struct fl_buf *out)
{
	struct fl_json j;

	fl_json_init(&j, out);
	fl_json_object(&j, NULL);
	fl_json_add_c(&j, "file", o->path);
	fl_json_add_bool(&j, "valid", problems->errors == 0);
	fl_json_add_c(&j, "digest", config ? config->digest : NULL);
	fl_json_add_problems(&j, "errors", problems, FL_JSON_ERRORS);
	fl_json_add_problems(&j, "warnings", problems, FL_JSON_WARNINGS);
	fl_json_end(&j);
	fl_buf_add_char(out, '\n');
}

static void print(const struct options *o, const struct fl_config *config,
                  const struct fl_problems *problems)
{
	struct fl_buf out;

	fl_buf_init(&out, OUTPUT_BYTES);
	if (o->is_json)
		print_json(o, config, problems, &out);
	else
		fl_problems_print(problems, &out);
	(void)fwrite(out.p ? out.p : "", 1, out.len, o->is_json ? stdout : stderr);
	fl_buf_fini(&out);
	if (o->is_json)
		return;
	if (problems->errors == 0)
		(void)printf("%s: valid, %zu routes, %zu instances%s\n", o->path,
		             config ? config->routes_n : 0, config ? config->instances_n : 0,
		             problems->warnings ? ", with warnings" : "");
	else
		(void)fprintf(stderr, "%s: %zu errors, %zu warnings\n", o->path, problems->errors,
		              problems->warnings);
}

static int print_schema(void)
{
	struct fl_buf out;

	fl_buf_init(&out, OUTPUT_BYTES);
	fl_cfg_describe_schema(&out);
	(void)fwrite(out.p ? out.p : "", 1, out.len, stdout);
	fl_buf_fini(&out);
	return 0;
}

int fl_cmd_check(void *ctx, int argc, char **argv)
{
	struct options o;
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_config *config;
	int rc = parse_options(argc, argv, &o);

	(void)ctx;
	if (rc != 0)
		return rc;
	if (o.wants_schema)
		return print_schema();
	fl_arena_init(&arena, 4096, PROBLEM_BYTES);
	fl_problems_init(&problems, &arena);
	config = fl_config_load_file(o.path, &problems);
	if (config && check_all(config, &problems) != 0)
		rc = FL_CMD_EXIT_FAILED; /* and nobody knows whether it is valid */
	else
		print(&o, config, &problems);
	if (rc == 0 && (problems.errors > 0 || (o.is_strict && problems.warnings > 0)))
		rc = FL_CMD_EXIT_CONFIG;
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	return rc;
}
