/* tests/unit/base/test_command.c - the commands of a program as a table
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/command.h"

struct seen {
	const char *command;
	int argc;
	char **argv;
};

static int take(void *ctx, const char *command, int argc, char **argv)
{
	*(struct seen *)ctx = (struct seen){command, argc, argv};
	return argc > 2 ? FL_COMMAND_USAGE : 7;
}

static int show(void *ctx, int argc, char **argv)
{
	return take(ctx, "show", argc, argv);
}

static int list(void *ctx, int argc, char **argv)
{
	return take(ctx, "list", argc, argv);
}

static const struct fl_command item[] = {
    {"list", list, .what = "all"},
    {"show", show, .arguments = "NAME", .what = "one"},
    {.name = NULL},
};
static const struct fl_command commands[] = {
    {"show", show, .arguments = "[NAME]", .what = "everything"},
    {"item", .below = item, .more = "an item is a thing\n"},
    {.name = NULL},
};
static const struct fl_command program = {
    "tool", .below = commands, .arguments = "[OPTION...] COMMAND ...", .more = "see also\n"};

#define LIST                                                                                       \
	"usage: tool [OPTION...] COMMAND ...\n"                                                    \
	"  show [NAME]     everything\n"                                                           \
	"  item list       all\n"                                                                  \
	"  item show NAME  one\n"                                                                  \
	"  help            this list\n"                                                            \
	"see also\n"
#define ITEM_LIST                                                                                  \
	"usage: tool item COMMAND ...\n"                                                           \
	"  list       all\n"                                                                       \
	"  show NAME  one\n"                                                                       \
	"  help       this list\n"                                                                 \
	"an item is a thing\n"

static const struct row {
	const char *what;
	int status;
	const char *out, *err, *command; /* NULL: none of it */
	const char *argv[5];
} rows[] = {
    {"a command", 7, NULL, NULL, "show", {"tool", "show"}},
    {"its arguments", 7, NULL, NULL, "show", {"tool", "show", "-x"}},
    {"a table below", 7, NULL, NULL, "list", {"tool", "item", "list"}},
    {"a name that is on both levels", 7, NULL, NULL, "show", {"tool", "item", "show", "help"}},
    {"nothing", 2, NULL, LIST, NULL, {"tool"}},
    {"nothing below", 2, NULL, ITEM_LIST, NULL, {"tool", "item"}},
    {"help", 0, LIST, NULL, NULL, {"tool", "help"}},
    {"--help", 0, LIST, NULL, NULL, {"tool", "--help", "item"}},
    {"help below", 0, ITEM_LIST, NULL, NULL, {"tool", "item", "help"}},
    {"--help below", 0, ITEM_LIST, NULL, NULL, {"tool", "item", "--help"}},
    {"near", 2, NULL, "tool: no command \"shov\"; did you mean \"show\"?\n", NULL, {"tool", "shov"}},
    {"near help", 2, NULL, "tool: no command \"hlep\"; did you mean \"help\"?\n", NULL, {"tool", "hlep"}},
    {"near below", 2, NULL, "tool: no command \"lst\"; did you mean \"list\"?\n", NULL, {"tool", "item", "lst"}},
    {"far", 2, NULL, "tool: no command \"\"; see tool help\n", NULL, {"tool", ""}},
    {"far below", 2, NULL, "tool: no command \"elsewhere\"; see tool item help\n", NULL, {"tool", "item", "elsewhere"}},
    {"wrong usage", 2, NULL, "usage: tool show [NAME]\n", "show", {"tool", "show", "a", "b"}},
    {"wrong usage, no arguments", 2, NULL, "usage: tool item list\n", "list", {"tool", "item", "list", "a", "b"}},
};

static void run_row(const struct row *row)
{
	FILE *real_out = stdout, *real_err = stderr;
	char *out, *err, *argv[6] = {NULL};
	struct seen seen = {NULL, 0, NULL};
	size_t out_len, err_len;
	int argc = 0, status;

	for (; argc < 5 && row->argv[argc] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)row->argv[argc];
	stdout = open_memstream(&out, &out_len);
	stderr = open_memstream(&err, &err_len);
	status = fl_command_run(&program, &seen, argc, argv);
	(void)fclose(stdout);
	(void)fclose(stderr);
	stdout = real_out;
	stderr = real_err;

	if (status != row->status || strcmp(out, row->out == NULL ? "" : row->out) != 0 ||
	    strcmp(err, row->err == NULL ? "" : row->err) != 0)
		fail_msg("%s: status %d, \"%s\" and \"%s\"", row->what, status, out, err);
	if (row->command == NULL) {
		assert_null(seen.command);
	} else {
		assert_string_equal(seen.command, row->command);
		assert_string_equal(seen.argv[0], row->command);
		assert_ptr_equal(seen.argv + seen.argc, argv + argc);
	}
	free(out);
	free(err);
}

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		run_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE("a command is found, helped, guessed, and told how it is used", every_row),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
