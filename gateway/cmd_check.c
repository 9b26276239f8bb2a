/* gateway/cmd_check.c - fairlead check: everything that is wrong with a configuration
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads the configuration, compiles routes and policies, looks for the connectors and their
 * actions. Starts nothing, changes nothing, and runs no code of a connector.
 */
#include "gateway/cmd.h"

#include <getopt.h>
#include <stdio.h>

#include "base/json.h"
#include "gateway/config/describe.h"
#include "gateway/config/model.h"
#include "gateway/connector/config_check.h"
#include "gateway/known.h"
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

static int check_all(struct fl_config *config, struct fl_problems *problems)
{
	struct fl_known known;
	struct fl_error err = FL_ERROR_INIT;
	int rc = fl_known_init(&known, config, problems, &err);

	if (rc == 0) {
		const struct fl_manifest *const *manifests =
		    (const struct fl_manifest *const *)known.manifests;

		fl_snapshot_check(config, manifests, problems);
		for (size_t i = 0; i < config->instances_n; i++)
			if (manifests[config->instances[i].connector])
				(void)fl_connector_config_check(
				    manifests[config->instances[i].connector],
				    &config->instances[i], problems);
		(void)fl_bundle_unref(fl_bundle_build(config, known.connectors, NULL, problems));
	} else {
		(void)fprintf(stderr, "fairlead check: %s\n", err.message);
	}
	fl_known_fini(&known);
	return rc;
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
