/* admin/plugin/plugin.h - the commands of fairlead-plugin, the tool for connector authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each command returns the exit status of the program: 0 done, 2 wrong usage or something could not
 * be read or written, 3 the connector or manifest has errors; or FL_COMMAND_USAGE. Nothing here
 * maps or runs a connector.
 */
#ifndef FL_ADMIN_PLUGIN_PLUGIN_H
#define FL_ADMIN_PLUGIN_PLUGIN_H

#include "base/command.h"
#include "base/error.h"

#define FL_PLUGIN_EXIT_USAGE 2
#define FL_PLUGIN_EXIT_REFUSED 3

fl_command_fn fl_plugin_new, fl_plugin_embed, fl_plugin_inspect;

/* "fairlead-plugin: ..." on standard error; returns FL_PLUGIN_EXIT_USAGE. */
int fl_plugin_complain(const char *fmt, ...) FL_PRINTF(1, 2);

#endif
