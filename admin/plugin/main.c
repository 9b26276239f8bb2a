/* admin/plugin/main.c - fairlead-plugin, the tool for connector authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/plugin/plugin.h"

#include <stdio.h>

static int version(void *ctx, int argc, char **argv)
{
	(void)ctx;
	(void)argv;
	if (argc != 1)
		return FL_COMMAND_USAGE;
	(void)printf("fairlead-plugin %s\n", FL_VERSION);
	return 0;
}

static const struct fl_command commands[] = {
    {"new", fl_plugin_new, .arguments = "[-I INCLUDE-DIR] [-d FOLDER] ID",
     .what = "write a connector to start from"},
    {"embed", fl_plugin_embed, .arguments = "[-o OUT.so] FILE.so MANIFEST.json",
     .what = "put a manifest into a connector"},
    {"inspect", fl_plugin_inspect, .arguments = "[-o text|json] FILE.so",
     .what = "what it is and what is wrong; runs nothing"},
    {"version", version, .what = "the version of this program"},
    {.name = NULL},
};

static const struct fl_command program = {"fairlead-plugin", .below = commands};

int main(int argc, char **argv)
{
	return fl_command_run(&program, NULL, argc, argv);
}
