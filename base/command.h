/* base/command.h - the commands of a program as a table: finding, help, usage
 * SPDX-License-Identifier: Apache-2.0
 *
 *	static const struct fl_command instance[] = {
 *	    {"list", .run = list, .what = "all of them"},
 *	    {"reload", .run = reload, .arguments = "NAME", .what = "a new generation"},
 *	    {.name = NULL},
 *	};
 *	static const struct fl_command commands[] = {
 *	    {"instance", .below = instance},
 *	    {"status", .run = status, .what = "one page of truth"},
 *	    {.name = NULL},
 *	};
 *	static const struct fl_command program = {"fairleadctl", .below = commands};
 *
 *	return fl_command_run(&program, &cli, argc, argv);
 *
 * The program itself is a command with a table below; so "help" and "--help" work at each level.
 * Asked for help goes to standard output; what is wrong goes to standard error, and the status is
 * FL_COMMAND_EXIT_USAGE.
 */
#ifndef FL_BASE_COMMAND_H
#define FL_BASE_COMMAND_H

#include "base/macros.h"

#define FL_COMMAND_EXIT_USAGE 2
/* What a command returns when its arguments are wrong: its usage is printed from its row. */
#define FL_COMMAND_USAGE (-1)
#define FL_COMMAND_TABLE_MAX 32u /* rows of one table */
#define FL_COMMAND_LINE_MAX 160u /* bytes: all words and arguments of a command */

/* argv[0] is the command's own (last) word. Returns the exit status, or FL_COMMAND_USAGE. */
typedef int fl_command_fn(void *ctx, int argc, char **argv);

/* Static, never copied. Either `run` or `below` is there. */
struct fl_command {
	const char *name;
	fl_command_fn *run;
	const struct fl_command *below; /* ends with a row without name */
	const char *arguments;          /* NULL: none; "COMMAND ..." when there is a table below */
	const char *what; /* a few words for the list; not of a command with `below` */
	const char *more; /* lines behind the list of what is below, or NULL */
};

/* Runs the command that argv[1], argv[2] ... name, with `ctx`; returns the exit status. */
FL_MUST_USE int fl_command_run(const struct fl_command *program, void *ctx, int argc, char **argv);

#endif
