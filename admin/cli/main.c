/* admin/cli/main.c - fairleadctl: its commands and options
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"

static const struct command {
	const char *noun, *verb; /* verb NULL: the noun says it all */
	int (*run)(struct fl_cli *cli, int argc, char **argv);
	const char *arguments, *what;
} commands[] = {
    {"status", NULL, fl_cli_status, "", "one page of truth"},
    {"reload", NULL, fl_cli_reload, "", "read the configuration file again"},
    {"connector", "list", fl_cli_connector_list, "", "what may run"},
    {"connector", "inspect", fl_cli_connector_inspect, "FILE.so | ID VERSION",
     "what it is and what is wrong; runs nothing"},
    {"connector", "install", fl_cli_connector_install, "FILE.so [--no-activate]",
     "upload, and activate when instances use it"},
    {"connector", "activate", fl_cli_connector_activate, "ID VERSION", "swap while it serves"},
    {"instance", "list", fl_cli_instance_list, "", "connectors with a name and a configuration"},
    {"instance", "generations", fl_cli_instance_generations, "NAME", "the lives of an instance"},
    {"instance", "reload", fl_cli_instance_reload, "NAME", "a new generation of the same"},
};

static void print_help(FILE *to)
{
	(void)fprintf(to, "usage: fairleadctl [OPTION...] COMMAND ...\n");
	for (size_t i = 0; i < FL_ARRAY_LEN(commands); i++) {
		char line[80];

		(void)snprintf(line, sizeof line, "%s%s%s %s", commands[i].noun,
		               commands[i].verb == NULL ? "" : " ",
		               commands[i].verb == NULL ? "" : commands[i].verb,
		               commands[i].arguments);
		(void)fprintf(to, "  %-46s %s\n", line, commands[i].what);
	}
	(void)fprintf(to, "  %-46s the version of this program\n", "version");
	(void)fprintf(to,
	              "options, anywhere\n"
	              "  --server URL         http://HOST:PORT or unix:/PATH; else "
	              "$FAIRLEAD_SERVER, else %s\n"
	              "  --token-file FILE    else $FAIRLEAD_TOKEN_FILE\n"
	              "  -o table|json        how to print\n"
	              "  -v                   print the equivalent curl command\n",
	              FL_CLI_SERVER_DEFAULT);
}

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

int fl_cli_usage(const char *what)
{
	(void)fprintf(stderr, "usage: fairleadctl %s\n", what);
	return FL_CLI_USAGE;
}

/* ---- options ---- */

static int take_value(int argc, char **argv, int *i, const char **ret)
{
	if (*i + 1 >= argc)
		return fl_cli_complain(FL_CLI_USAGE, "%s needs a value", argv[*i]);
	*ret = argv[++*i];
	return 0;
}

/* Takes the options out of argv, wherever they stand; what is left is in argv[0..*ret_argc). */
static int take_options(struct fl_cli *cli, int argc, char **argv, int *ret_argc)
{
	const char *output = "table";
	int left = 0, rc = 0;

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

static int read_token(struct fl_cli *cli)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str text;
	size_t n;

	if (cli->token_file == NULL)
		return 0;
	if (fl_file_read(cli->token_file, sizeof cli->token - 1, &text, &err) < 0)
		return fl_cli_complain(FL_CLI_USAGE, "%s", err.message);
	n = strcspn(text.p, " \t\r\n");
	memcpy(cli->token, text.p, n);
	sodium_memzero((void *)(uintptr_t)text.p, text.n);
	free((void *)(uintptr_t)text.p);
	return n != 0 ? 0
	              : fl_cli_complain(FL_CLI_USAGE, "%s does not hold a token", cli->token_file);
}

/* ---- commands ---- */

static bool is_noun(const char *word)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(commands); i++)
		if (commands[i].verb != NULL && strcmp(commands[i].noun, word) == 0)
			return true;
	return false;
}

static int no_such_command(int argc, char **argv)
{
	const char *words[FL_ARRAY_LEN(commands)], *wrong, *near;
	bool has_verb = argc > 1 && is_noun(argv[0]);
	size_t n = 0;

	if (argc == 1 && is_noun(argv[0]))
		return fl_cli_complain(FL_CLI_USAGE, "%s what? see fairleadctl help", argv[0]);
	wrong = has_verb ? argv[1] : argv[0];
	for (size_t i = 0; i < FL_ARRAY_LEN(commands); i++) {
		if (!has_verb)
			words[n++] = commands[i].noun;
		else if (commands[i].verb != NULL && strcmp(commands[i].noun, argv[0]) == 0)
			words[n++] = commands[i].verb;
	}
	near = fl_str_nearest(fl_str(wrong), words, n);
	if (near == NULL)
		return fl_cli_complain(FL_CLI_USAGE, "no command \"%s\"; see fairleadctl help",
		                       wrong);
	return fl_cli_complain(FL_CLI_USAGE, "no command \"%s\"; did you mean \"%s\"?", wrong,
	                       near);
}

static int run(struct fl_cli *cli, int argc, char **argv)
{
	if (argc == 0) {
		print_help(stderr);
		return FL_CLI_USAGE;
	}
	if (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[0], "version") == 0) {
		(void)printf("fairleadctl %s\n", FL_VERSION);
		return 0;
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(commands); i++) {
		int words = commands[i].verb == NULL ? 1 : 2, rc;

		if (argc < words || strcmp(argv[0], commands[i].noun) != 0 ||
		    (words == 2 && strcmp(argv[1], commands[i].verb) != 0))
			continue;
		rc = read_token(cli);
		return rc != 0 ? rc : commands[i].run(cli, argc - words + 1, argv + words - 1);
	}
	return no_such_command(argc, argv);
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
		rc = run(&cli, argc, argv);
	sodium_memzero(cli.token, sizeof cli.token);
	return rc;
}
