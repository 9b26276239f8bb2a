/* gateway/main.c - fairlead: the gateway, and the tools that work without one
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"

static int help(int argc, char **argv);

static int version(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--json") == 0)
		(void)printf("{\"name\":\"fairlead\",\"version\":\"%s\",\"abi\":1}\n", FL_VERSION);
	else if (argc == 1)
		(void)printf("fairlead %s\n", FL_VERSION);
	else
		return (void)fprintf(stderr, "usage: fairlead version [--json]\n"),
		       FL_CMD_EXIT_USAGE;
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *what;
} commands[] = {
    {"run", fl_cmd_run, "[-c FILE] [--watch] [--log-level LEVEL]", "serve, in the foreground"},
    {"check", fl_cmd_check, "FILE [--strict] [-o text|json]",
     "everything that is wrong with a configuration"},
    {"init", fl_cmd_init, "[DIR]", "write a configuration to start from"},
    {"version", version, "[--json]", "the version of this program"},
    {"help", help, "", "this list"},
};

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf("usage: fairlead COMMAND ...\n");
	for (size_t i = 0; i < FL_ARRAY_LEN(commands); i++) {
		char line[80];

		(void)snprintf(line, sizeof line, "%s %s", commands[i].name, commands[i].arguments);
		(void)printf("  %-48s %s\n", line, commands[i].what);
	}
	(void)printf("see also: fairleadctl help, man fairlead\n");
	return 0;
}

int main(int argc, char **argv)
{
	const char *names[FL_ARRAY_LEN(commands)], *near;

	if (argc < 2) {
		(void)help(argc, argv);
		return FL_CMD_EXIT_USAGE;
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(commands); i++) {
		names[i] = commands[i].name;
		if (strcmp(argv[1], names[i]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	near = fl_str_nearest(fl_str(argv[1]), names, FL_ARRAY_LEN(names));
	(void)fprintf(stderr, "fairlead: no command \"%s\"; %s%s%s\n", argv[1],
	              near == NULL ? "see fairlead help" : "did you mean \"",
	              near == NULL ? "" : near, near == NULL ? "" : "\"?");
	return FL_CMD_EXIT_USAGE;
}
