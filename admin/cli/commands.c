/* admin/cli/commands.c - fairleadctl status, reload, instance ...
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/cli/cli.h"

#include <stdio.h>

static int get(struct fl_cli *cli, const char *path, json_t **ret)
{
	return fl_cli_call(cli, &(struct fl_cli_request){.method = "GET", .path = fl_str(path)},
	                   ret);
}

/* ---- status ---- */

static void print_faults(const char *title, const json_t *faults)
{
	static const struct fl_cli_column columns[] = {
	    {"CODE", "code"}, {"DETAIL", "detail"}, {"HINT", "hint"}};

	if (json_array_size(faults) == 0)
		return;
	(void)printf("\n%s\n", title);
	fl_cli_print_table(faults, columns, FL_ARRAY_LEN(columns));
}

static void print_status(const json_t *status)
{
	static const struct fl_cli_column fields[] = {
	    {"version", "version"},
	    {"ready", "ready"},
	    {"up, seconds", "uptime_s"},
	    {"configuration", "config.file"},
	    {"revision", "config.revision"},
	    {"live since", "config.since"},
	    {"last reload ok", "config.last_reload.ok"},
	    {"workers", "workers"},
	    {"connections", "connections"},
	    {"routes", "routes"},
	    {"snapshots alive", "snapshots_alive"},
	    {"instances", "instances_live"},
	    {"draining", "instances_draining"},
	    {"zombies", "zombies"},
	};
	static const struct fl_cli_column connectors[] = {{"CONNECTOR", "id"},
	                                                  {"ACTIVE", "active"},
	                                                  {"CONFIGURED", "configured"},
	                                                  {"INSTANCES", "used_by"}};
	const json_t *config = json_object_get(status, "config");

	fl_cli_print_fields(status, fields, FL_ARRAY_LEN(fields));
	(void)fputc('\n', stdout);
	fl_cli_print_table(json_object_get(status, "connectors"), connectors,
	                   FL_ARRAY_LEN(connectors));
	print_faults("last reload was refused:",
	             json_object_get(json_object_get(config, "last_reload"), "errors"));
	print_faults("warnings:", json_object_get(status, "warnings"));
}

int fl_cli_status(void *ctx, int argc, char **argv)
{
	struct fl_cli *cli = ctx;
	json_t *answer;
	int rc;

	(void)argv;
	if (argc != 1)
		return FL_COMMAND_USAGE;
	rc = get(cli, "/v1/status", &answer);
	if (rc != 0)
		return rc;
	if (cli->is_json)
		fl_cli_print_json(answer);
	else
		print_status(answer);
	json_decref(answer);
	return 0;
}

int fl_cli_reload(void *ctx, int argc, char **argv)
{
	struct fl_cli *cli = ctx;
	json_t *answer;
	int rc;

	(void)argv;
	if (argc != 1)
		return FL_COMMAND_USAGE;
	rc = fl_cli_call(
	    cli, &(struct fl_cli_request){.method = "POST", .path = FL_STR("/v1/config:reload")},
	    &answer);
	if (rc != 0)
		return rc;
	if (cli->is_json)
		fl_cli_print_json(answer);
	else
		(void)printf("revision %lld %s, in %.3f ms\n",
		             (long long)json_integer_value(json_object_get(answer, "revision")),
		             json_is_true(json_object_get(answer, "changed"))
		                 ? "is live"
		                 : "serves on, nothing changed",
		             json_number_value(json_object_get(answer, "live_in_ms")));
	json_decref(answer);
	return 0;
}

/* ---- instances ---- */

int fl_cli_instance_list(void *ctx, int argc, char **argv)
{
	struct fl_cli *cli = ctx;
	static const struct fl_cli_column columns[] = {
	    {"NAME", "name"},
	    {"CONNECTOR", "connector"},
	    {"VERSION", "version"},
	    {"STATE", "state"},
	    {"GENERATION", "generation"},
	    {"IN FLIGHT", "in_flight"},
	    {"CALLS", "calls_total"},
	    {"FAILURES", "failures_total"},
	    {"VIOLATIONS", "contract_violations_total"},
	};
	json_t *answer;
	int rc;

	(void)argv;
	if (argc != 1)
		return FL_COMMAND_USAGE;
	rc = get(cli, "/v1/instances", &answer);
	if (rc != 0)
		return rc;
	if (cli->is_json)
		fl_cli_print_json(answer);
	else
		fl_cli_print_table(json_object_get(answer, "items"), columns,
		                   FL_ARRAY_LEN(columns));
	json_decref(answer);
	return 0;
}

/* A name goes into a path: only what needs no escape there. */
static int make_path(char *out, size_t size, const char *name, const char *rest)
{
	static const char fine[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+";
	int n = snprintf(out, size, "/v1/instances/%s%s", name, rest);

	if (n > 0 && (size_t)n < size && name[0] != '\0' && name[strspn(name, fine)] == '\0')
		return 0;
	return fl_cli_complain(FL_CLI_USAGE, "\"%s\" cannot be the name of an instance", name);
}

int fl_cli_instance_generations(void *ctx, int argc, char **argv)
{
	struct fl_cli *cli = ctx;
	static const struct fl_cli_column columns[] = {
	    {"GENERATION", "generation"}, {"MODULE", "module_generation"},
	    {"VERSION", "version"},       {"STATE", "state"},
	    {"IN FLIGHT", "in_flight"},   {"OWED", "owed"},
	    {"CALLS", "calls_total"},     {"VIOLATIONS", "contract_violations_total"},
	    {"CLASS", "unload_class"},
	};
	char path[512];
	json_t *answer;
	int rc;

	if (argc != 2)
		return FL_COMMAND_USAGE;
	rc = make_path(path, sizeof path, argv[1], "/generations");
	if (rc == 0)
		rc = get(cli, path, &answer);
	if (rc != 0)
		return rc;
	if (cli->is_json)
		fl_cli_print_json(answer);
	else
		fl_cli_print_table(json_object_get(answer, "items"), columns,
		                   FL_ARRAY_LEN(columns));
	json_decref(answer);
	return 0;
}

int fl_cli_instance_reload(void *ctx, int argc, char **argv)
{
	struct fl_cli *cli = ctx;
	char path[512];
	json_t *answer;
	int rc;

	if (argc != 2)
		return FL_COMMAND_USAGE;
	rc = make_path(path, sizeof path, argv[1], ":reload");
	if (rc == 0)
		rc = fl_cli_call(
		    cli, &(struct fl_cli_request){.method = "POST", .path = fl_str(path)}, &answer);
	if (rc != 0)
		return rc;
	if (cli->is_json)
		fl_cli_print_json(answer);
	else
		(void)printf("%s: generation %lld is live, in %.3f ms\n", argv[1],
		             (long long)json_integer_value(json_object_get(answer, "generation")),
		             json_number_value(json_object_get(answer, "live_in_ms")));
	json_decref(answer);
	return 0;
}
