/* gateway/cmd.h - the subcommands of fairlead
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each returns the exit status of the program: 0 done, 1 the machine refuses (port, disk,
 * permission), 2 wrong usage, 3 invalid configuration; or FL_COMMAND_USAGE.
 * Standard output is data, standard error is words.
 */
#ifndef FL_GATEWAY_CMD_H
#define FL_GATEWAY_CMD_H

#include "base/command.h"

#define FL_CMD_EXIT_FAILED 1
#define FL_CMD_EXIT_CONFIG 3

fl_command_fn fl_cmd_run, fl_cmd_check, fl_cmd_init, fl_cmd_key_create, fl_cmd_key_hash;

#endif
