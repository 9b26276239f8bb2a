/* admin/cli/print.c - tables and fields for people, JSON for programs
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

#define CELL_MAX ((size_t)64 << 10)

void fl_cli_print_json(const json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	(void)fputc('\n', stdout);
}

static const json_t *member(const json_t *object, const char *path)
{
	const char *dot = strchr(path, '.');
	char key[64] = "";

	if (dot == NULL)
		return json_object_get(object, path);
	(void)snprintf(key, sizeof key, "%.*s", (int)(dot - path), path);
	return member(json_object_get(object, key), dot + 1);
}

static void add_text(struct fl_buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		fl_buf_add_char(out, (unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

static void add_value(struct fl_buf *out, const json_t *value)
{
	if (json_is_string(value)) {
		add_text(out, json_string_value(value)[0] == '\0' ? "-" : json_string_value(value));
	} else if (json_is_integer(value)) {
		fl_buf_printf(out, "%lld", (long long)json_integer_value(value));
	} else if (json_is_real(value)) {
		fl_buf_printf(out, "%.3f", json_real_value(value));
	} else if (json_is_boolean(value)) {
		fl_buf_add_c(out, json_is_true(value) ? "yes" : "no");
	} else if (json_is_array(value) && json_array_size(value) != 0) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			if (i != 0)
				fl_buf_add_char(out, ',');
			add_value(out, json_array_get(value, i));
		}
	} else {
		fl_buf_add_char(out, '-');
	}
}

/* How many columns a terminal needs for it: code points, which is right for most. */
static size_t width_of(struct fl_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static void print_cell(struct fl_str text, size_t width, bool is_last)
{
	size_t pad = width - width_of(text);

	(void)printf("%.*s%*s", FL_STR_ARGS(text), is_last ? 0 : (int)pad + 2, "");
	if (is_last)
		(void)fputc('\n', stdout);
}

void fl_cli_print_table(const json_t *rows, const struct fl_cli_column *columns, size_t n)
{
	size_t *widths = calloc(n, sizeof *widths), count = json_array_size(rows);
	struct fl_buf cell;

	if (widths == NULL)
		return;
	fl_buf_init(&cell, CELL_MAX);
	for (size_t i = 0; i < n; i++)
		widths[i] = strlen(columns[i].title);
	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < n; i++) {
			fl_buf_clear(&cell);
			add_value(&cell, member(json_array_get(rows, row), columns[i].member));
			if (width_of(fl_buf_str(&cell)) > widths[i])
				widths[i] = width_of(fl_buf_str(&cell));
		}
	for (size_t i = 0; i < n; i++)
		print_cell(fl_str(columns[i].title), widths[i], i + 1 == n);
	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < n; i++) {
			fl_buf_clear(&cell);
			add_value(&cell, member(json_array_get(rows, row), columns[i].member));
			print_cell(fl_buf_str(&cell), widths[i], i + 1 == n);
		}
	fl_buf_fini(&cell);
	free(widths);
}

void fl_cli_print_fields(const json_t *object, const struct fl_cli_column *columns, size_t n)
{
	size_t width = 0;
	struct fl_buf value;

	fl_buf_init(&value, CELL_MAX);
	for (size_t i = 0; i < n; i++)
		if (strlen(columns[i].title) > width)
			width = strlen(columns[i].title);
	for (size_t i = 0; i < n; i++) {
		fl_buf_clear(&value);
		add_value(&value, member(object, columns[i].member));
		(void)printf("%-*s  %s\n", (int)width, columns[i].title, fl_buf_cstr(&value));
	}
	fl_buf_fini(&value);
}

int fl_cli_show(struct fl_cli *cli, const char *method, const char *path,
                const struct fl_cli_view *view)
{
	json_t *answer;
	int rc = fl_cli_call(cli, &(struct fl_cli_request){.method = method, .path = fl_str(path)},
	                     &answer);

	if (rc != 0)
		return rc;
	if (cli->is_json)
		fl_cli_print_json(answer);
	else if (view->print != NULL)
		view->print(answer);
	else
		fl_cli_print_table(json_object_get(answer, "items"), view->columns,
		                   view->columns_n);
	json_decref(answer);
	return 0;
}
