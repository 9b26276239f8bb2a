/* admin/plugin/plugin.h - the commands of fairlead-plugin, the tool for connector authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each command gets its own arguments (argv[0] is its name) and returns the exit status of the
 * program: 0 done, 2 wrong usage or something could not be read or written, 3 the connector or
 * manifest has errors. Nothing here maps or runs a connector.
 */
#ifndef FL_ADMIN_PLUGIN_PLUGIN_H
#define FL_ADMIN_PLUGIN_PLUGIN_H

#include "base/error.h"

#define FL_PLUGIN_EXIT_USAGE 2
#define FL_PLUGIN_EXIT_REFUSED 3

int fl_plugin_new(int argc, char **argv);
int fl_plugin_embed(int argc, char **argv);
int fl_plugin_inspect(int argc, char **argv);

/* "fairlead-plugin: ..." on standard error; returns FL_PLUGIN_EXIT_USAGE. */
int fl_plugin_complain(const char *fmt, ...) FL_PRINTF(1, 2);

#endif
