/* gateway/cmd.h - the subcommands of fairlead
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each gets its own arguments (argv[0] is its name) and returns the exit status of the program:
 * 0 done, 1 the machine refuses (port, disk, permission), 2 wrong usage, 3 invalid configuration.
 * Standard output is data, standard error is words.
 */
#ifndef FL_GATEWAY_CMD_H
#define FL_GATEWAY_CMD_H

#define FL_CMD_EXIT_FAILED 1
#define FL_CMD_EXIT_USAGE 2
#define FL_CMD_EXIT_CONFIG 3

int fl_cmd_run(int argc, char **argv);
int fl_cmd_check(int argc, char **argv);
int fl_cmd_init(int argc, char **argv);

#endif
