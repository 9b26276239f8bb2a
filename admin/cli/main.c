/* admin/cli/main.c - fairleadctl: its commands and options
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

static int version(void *ctx, int argc, char **argv)
{
	(void)ctx;
	(void)argv;
	if (argc != 1)
		return FL_COMMAND_USAGE;
	(void)printf("fairleadctl %s\n", FL_VERSION);
	return 0;
}

static const struct fl_command connector[] = {
    {"list", fl_cli_connector_list, .what = "what may run"},
    {"inspect", fl_cli_connector_inspect, .arguments = "FILE.so | ID VERSION",
     .what = "what it is and what is wrong; runs nothing"},
    {"install", fl_cli_connector_install, .arguments = "FILE.so [--no-activate]",
     .what = "upload, and activate when instances use it"},
    {"activate", fl_cli_connector_activate, .arguments = "ID VERSION",
     .what = "swap while it serves"},
    {.name = NULL},
};

static const struct fl_command instance[] = {
    {"list", fl_cli_instance_list, .what = "connectors with a name and a configuration"},
    {"generations", fl_cli_instance_generations, .arguments = "NAME",
     .what = "the lives of an instance"},
    {"reload", fl_cli_instance_reload, .arguments = "NAME", .what = "a new generation of the same"},
    {.name = NULL},
};

static const struct fl_command limit[] = {
    {"list", fl_cli_limit_list, .what = "how many in how much time, and how requests fared"},
    {.name = NULL},
};

static const struct fl_command commands[] = {
    {"status", fl_cli_status, .what = "one page of truth"},
    {"reload", fl_cli_reload, .what = "read the configuration file again"},
    {"explain", fl_cli_explain,
     .arguments = "'[METHOD] URL' [-H 'NAME: VALUE']... [--consumer NAME] [--client ADDRESS]",
     .what = "what would happen to a request, and why"},
    {"connector", .below = connector},
    {"instance", .below = instance},
    {"limit", .below = limit},
    {"version", version, .what = "the version of this program"},
    {.name = NULL},
};

static const struct fl_command program = {
    "fairleadctl",
    .below = commands,
    .arguments = "[OPTION...] COMMAND ...",
    .more = "options, anywhere\n"
	    "  --server URL         http://HOST:PORT or unix:/PATH; else $FAIRLEAD_SERVER, "
	    "else " FL_CLI_SERVER_DEFAULT "\n"
	    "  --token-file FILE    else $FAIRLEAD_TOKEN_FILE\n"
	    "  -o table|json        how to print\n"
	    "  -v                   print the equivalent curl command\n",
};

int fl_cli_complain(int status, const char *fmt, ...)
{
	va_list ap;

	(void)fputs("fairleadctl: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return status;
}

/* ---- options ---- */

static int take_value(int argc, char **argv, int *i, const char **ret)
{
	if (*i + 1 >= argc)
		return fl_cli_complain(FL_CLI_USAGE, "%s needs a value", argv[*i]);
	*ret = argv[++*i];
	return 0;
}

/* Takes the options out of argv, wherever they stand; what is left is argv[0..*ret_argc). */
static int take_options(struct fl_cli *cli, int argc, char **argv, int *ret_argc)
{
	const char *output = "table";
	int left = 1, rc = 0;

	for (int i = 1; i < argc && rc == 0; i++) {
		if (strcmp(argv[i], "--server") == 0)
			rc = take_value(argc, argv, &i, &cli->server);
		else if (strcmp(argv[i], "--token-file") == 0)
			rc = take_value(argc, argv, &i, &cli->token_file);
		else if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0)
			rc = take_value(argc, argv, &i, &output);
		else if (strcmp(argv[i], "-v") == 0)
			cli->is_verbose = true;
		else
			argv[left++] = argv[i];
	}
	if (rc == 0 && strcmp(output, "json") != 0 && strcmp(output, "table") != 0)
		rc = fl_cli_complain(FL_CLI_USAGE, "-o takes table or json, not \"%s\"", output);
	cli->is_json = strcmp(output, "json") == 0;
	*ret_argc = left;
	return rc;
}

int main(int argc, char **argv)
{
	struct fl_cli cli = {.server = getenv("FAIRLEAD_SERVER"),
	                     .token_file = getenv("FAIRLEAD_TOKEN_FILE")};
	int rc = take_options(&cli, argc, argv, &argc);

	if (cli.server == NULL || cli.server[0] == '\0')
		cli.server = FL_CLI_SERVER_DEFAULT;
	if (cli.token_file != NULL && cli.token_file[0] == '\0')
		cli.token_file = NULL;
	if (rc == 0)
		rc = fl_command_run(&program, &cli, argc, argv);
	sodium_memzero(cli.token, sizeof cli.token);
	return rc;
}
