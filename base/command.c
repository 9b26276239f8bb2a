/* base/command.c - the commands of a program as a table: finding, help, usage
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/command.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

static const struct fl_command help = {"help", .what = "this list"};

/* "words more", or the one of them that is there. */
static void join(char out[static FL_COMMAND_LINE_MAX], const char *words, const char *more)
{
	bool is_both = words[0] != '\0' && more != NULL;
	int n = snprintf(out, FL_COMMAND_LINE_MAX, "%s%s%s", words, is_both ? " " : "",
	                 more == NULL ? "" : more);

	FL_ASSERT(n >= 0 && (size_t)n < FL_COMMAND_LINE_MAX);
}

/* ---- help ---- */

/* All that is below `table`, one line each; without `to`, only the longest is measured. */
static int print_rows(FILE *to, int width, const char *words, const struct fl_command *table)
{
	char name[FL_COMMAND_LINE_MAX], line[FL_COMMAND_LINE_MAX];

	for (const struct fl_command *c = table; c->name != NULL; c++) {
		join(name, words, c->name);
		if (c->below != NULL) {
			width = print_rows(to, width, name, c->below);
			continue;
		}
		join(line, name, c->arguments);
		if (to == NULL)
			width = (int)strlen(line) > width ? (int)strlen(line) : width;
		else
			(void)fprintf(to, "  %-*s  %s\n", width, line, c->what);
	}
	return width;
}

/* `words` led to `group`, whose name is their last. */
static void print_help(FILE *to, const char *words, const struct fl_command *group)
{
	const struct fl_command rows[] = {help, {.name = NULL}};
	int width = print_rows(NULL, (int)strlen(help.name), "", group->below);

	(void)fprintf(to, "usage: %s %s\n", words,
	              group->arguments == NULL ? "COMMAND ..." : group->arguments);
	(void)print_rows(to, width, "", group->below);
	(void)print_rows(to, width, "", rows);
	if (group->more != NULL)
		(void)fputs(group->more, to);
}

/* ---- finding ---- */

static bool is_help(const char *word)
{
	return strcmp(word, help.name) == 0 || strcmp(word, "--help") == 0;
}

static const struct fl_command *find(const struct fl_command *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static int no_such_command(const char *program, const char *words, const struct fl_command *table,
                           const char *wrong)
{
	const char *names[FL_COMMAND_TABLE_MAX + 1] = {help.name}, *near;
	size_t n = 1;

	for (; table->name != NULL; table++) {
		FL_ASSERT(n < FL_ARRAY_LEN(names));
		names[n++] = table->name;
	}
	near = fl_str_nearest(fl_str(wrong), names, n);
	if (near == NULL)
		(void)fprintf(stderr, "%s: no command \"%s\"; see %s help\n", program, wrong,
		              words);
	else
		(void)fprintf(stderr, "%s: no command \"%s\"; did you mean \"%s\"?\n", program,
		              wrong, near);
	return FL_COMMAND_EXIT_USAGE;
}

/* `words`, the last of which is argv[0], led to `command`. */
static int run(const char *program, const char *words, const struct fl_command *command, void *ctx,
               int argc, char **argv)
{
	char line[FL_COMMAND_LINE_MAX];
	const struct fl_command *next;
	int status;

	if (command->below == NULL) {
		status = command->run(ctx, argc, argv);
		if (status != FL_COMMAND_USAGE)
			return status;
		join(line, words, command->arguments);
		(void)fprintf(stderr, "usage: %s\n", line);
		return FL_COMMAND_EXIT_USAGE;
	}
	if (argc < 2) {
		print_help(stderr, words, command);
		return FL_COMMAND_EXIT_USAGE;
	}
	if (is_help(argv[1])) {
		print_help(stdout, words, command);
		return 0;
	}
	next = find(command->below, argv[1]);
	if (next == NULL)
		return no_such_command(program, words, command->below, argv[1]);
	join(line, words, next->name);
	return run(program, line, next, ctx, argc - 1, argv + 1);
}

int fl_command_run(const struct fl_command *program, void *ctx, int argc, char **argv)
{
	return run(program->name, program->name, program, ctx, argc, argv);
}
