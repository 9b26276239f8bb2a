/* gateway/main.c - fairlead: the gateway, and the tools that work without one
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "gateway/cmd_policy.h"

static int version(void *ctx, int argc, char **argv)
{
	(void)ctx;
	if (argc == 2 && strcmp(argv[1], "--json") == 0)
		(void)printf("{\"name\":\"fairlead\",\"version\":\"%s\",\"abi\":1}\n", FL_VERSION);
	else if (argc == 1)
		(void)printf("fairlead %s\n", FL_VERSION);
	else
		return FL_COMMAND_USAGE;
	return 0;
}

static const struct fl_command key[] = {
    {"create", fl_cmd_key_create, .arguments = "[-c FILE] [--basic USER]",
     .what = "a new API key, or a password for HTTP Basic, and the hash of it for the configuration"},
    {"hash", fl_cmd_key_hash, .arguments = "[-c FILE] [--basic USER]",
     .what = "the hash of a key or password that standard input holds"},
    {.name = NULL},
};

static const struct fl_command commands[] = {
    {"run", fl_cmd_run, .arguments = "[-c FILE] [--watch] [--log-level LEVEL]",
     .what = "serve, in the foreground"},
    {"check", fl_cmd_check, .arguments = "FILE [--strict] [-o text|json] | --schema",
     .what = "everything that is wrong with a configuration"},
    {"init", fl_cmd_init, .arguments = "[DIR]", .what = "write a configuration to start from"},
    {"key", .below = key},
    {"policy", .below = fl_cmd_policy},
    {"version", version, .arguments = "[--json]", .what = "the version of this program"},
    {.name = NULL},
};

static const struct fl_command program = {"fairlead", .below = commands,
                                          .more = "see also: fairleadctl help, man fairlead\n"};

/* What was printed must have arrived: a full disk is no success. */
int main(int argc, char **argv)
{
	int status = fl_command_run(&program, NULL, argc, argv);

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	(void)fprintf(stderr, "fairlead: cannot write to standard output\n");
	return status == 0 ? FL_CMD_EXIT_FAILED : status;
}
