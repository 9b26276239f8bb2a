/* admin/plugin/main.c - fairlead-plugin, the tool for connector authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/plugin/plugin.h"

#include <stdio.h>

static int help(int argc, char **argv);

static int version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf("fairlead-plugin %s\n", FL_VERSION);
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *what;
} commands[] = {
    {"new", fl_plugin_new, "[-I INCLUDE-DIR] [-d FOLDER] ID", "write a connector to start from"},
    {"embed", fl_plugin_embed, "[-o OUT.so] FILE.so MANIFEST.json",
     "put a manifest into a connector"},
    {"inspect", fl_plugin_inspect, "[-o json] FILE.so",
     "what it is and what is wrong; runs nothing"},
    {"version", version, "", "the version of this program"},
    {"help", help, "", "this list"},
};

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf("usage: fairlead-plugin COMMAND ...\n");
	for (size_t i = 0; i < FL_ARRAY_LEN(commands); i++) {
		char line[80];

		(void)snprintf(line, sizeof line, "%s %s", commands[i].name, commands[i].arguments);
		(void)printf("  %-44s %s\n", line, commands[i].what);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *names[FL_ARRAY_LEN(commands)], *near;

	if (argc < 2) {
		(void)help(argc, argv);
		return FL_PLUGIN_EXIT_USAGE;
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(commands); i++) {
		names[i] = commands[i].name;
		if (strcmp(argv[1], names[i]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	near = fl_str_nearest(fl_str(argv[1]), names, FL_ARRAY_LEN(names));
	return fl_plugin_complain("no command \"%s\"; %s%s%s", argv[1],
	                          near == NULL ? "see fairlead-plugin help" : "did you mean \"",
	                          near == NULL ? "" : near, near == NULL ? "" : "\"?");
}
