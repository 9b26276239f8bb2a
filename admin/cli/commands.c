/* admin/cli/commands.c - fairleadctl status, reload, instance ...
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/cli/cli.h"

#include <stdio.h>

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
	    {"policies configured", "policies.configured"},
	    {"policies deciding", "policies.deciding"},
	    {"policies shadowed", "policies.shadowed"},
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
	static const struct fl_cli_view view = {.print = print_status};

	(void)argv;
	return argc == 1 ? fl_cli_show(ctx, "GET", "/v1/status", &view) : FL_COMMAND_USAGE;
}

static void print_reload(const json_t *answer)
{
	(void)printf("revision %lld %s, in %.3f ms\n",
	             (long long)json_integer_value(json_object_get(answer, "revision")),
	             json_is_true(json_object_get(answer, "changed"))
	                 ? "is live"
	                 : "serves on, nothing changed",
	             json_number_value(json_object_get(answer, "live_in_ms")));
}

int fl_cli_reload(void *ctx, int argc, char **argv)
{
	static const struct fl_cli_view view = {.print = print_reload};

	(void)argv;
	return argc == 1 ? fl_cli_show(ctx, "POST", "/v1/config:reload", &view) : FL_COMMAND_USAGE;
}

/* ---- instances ---- */

int fl_cli_instance_list(void *ctx, int argc, char **argv)
{
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
	static const struct fl_cli_view view = {.columns = columns,
	                                        .columns_n = FL_ARRAY_LEN(columns)};

	(void)argv;
	return argc == 1 ? fl_cli_show(ctx, "GET", "/v1/instances", &view) : FL_COMMAND_USAGE;
}

/* Asks for /v1/instances/NAME and `rest`, where NAME is the one argument. */
static int show_one(struct fl_cli *cli, int argc, char **argv, const char *method, const char *rest,
                    const struct fl_cli_view *view)
{
	char path[512];
	int n;

	if (argc != 2)
		return FL_COMMAND_USAGE;
	n = snprintf(path, sizeof path, "/v1/instances/%s%s", argv[1], rest);
	if (n < 0 || (size_t)n >= sizeof path || !fl_cli_is_plain(fl_str(argv[1])))
		return fl_cli_complain(FL_CLI_USAGE, "\"%s\" cannot be the name of an instance",
		                       argv[1]);
	return fl_cli_show(cli, method, path, view);
}

int fl_cli_instance_generations(void *ctx, int argc, char **argv)
{
	static const struct fl_cli_column columns[] = {
	    {"GENERATION", "generation"}, {"MODULE", "module_generation"},
	    {"VERSION", "version"},       {"STATE", "state"},
	    {"IN FLIGHT", "in_flight"},   {"OWED", "owed"},
	    {"CALLS", "calls_total"},     {"VIOLATIONS", "contract_violations_total"},
	    {"CLASS", "unload_class"},
	};
	static const struct fl_cli_view view = {.columns = columns,
	                                        .columns_n = FL_ARRAY_LEN(columns)};

	return show_one(ctx, argc, argv, "GET", "/generations", &view);
}

static void print_generation(const json_t *answer)
{
	(void)printf("%s: generation %lld is live, in %.3f ms\n",
	             json_string_value(json_object_get(answer, "name")),
	             (long long)json_integer_value(json_object_get(answer, "generation")),
	             json_number_value(json_object_get(answer, "live_in_ms")));
}

int fl_cli_instance_reload(void *ctx, int argc, char **argv)
{
	static const struct fl_cli_view view = {.print = print_generation};

	return show_one(ctx, argc, argv, "POST", ":reload", &view);
}

/* ---- limits ---- */

int fl_cli_limit_list(void *ctx, int argc, char **argv)
{
	static const struct fl_cli_column columns[] = {
	    {"NAME", "name"},
	    {"BY", "by"},
	    {"RATE", "rate"},
	    {"BURST", "burst"},
	    {"COST", "cost"},
	    {"ENFORCED", "enforce"},
	    {"PASS", "decisions.pass"},
	    {"REFUSE", "decisions.refuse"},
	    {"WOULD REFUSE", "decisions.would_refuse"},
	    {"GIVE BACK", "decisions.give_back"},
	};
	static const struct fl_cli_view view = {.columns = columns,
	                                        .columns_n = FL_ARRAY_LEN(columns)};

	(void)argv;
	return argc == 1 ? fl_cli_show(ctx, "GET", "/v1/limits", &view) : FL_COMMAND_USAGE;
}
