/* base/json.c - writing JSON
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"

void fl_json_init(struct fl_json *j, struct fl_buf *out)
{
	*j = (struct fl_json){.out = out};
}

static void begin(struct fl_json *j, const char *key)
{
	FL_ASSERT(j->depth == 0 || (j->closers[j->depth - 1] == '}') == (key != NULL));
	if (j->has_items)
		fl_buf_add_char(j->out, ',');
	j->has_items = true;
	if (key == NULL)
		return;
	fl_buf_add_json(j->out, fl_str(key));
	fl_buf_add_char(j->out, ':');
}

static void open_with(struct fl_json *j, const char *key, char opener, char closer)
{
	FL_ASSERT(j->depth < FL_JSON_DEPTH_MAX);
	begin(j, key);
	fl_buf_add_char(j->out, opener);
	j->closers[j->depth++] = closer;
	j->has_items = false;
}

void fl_json_object(struct fl_json *j, const char *key)
{
	open_with(j, key, '{', '}');
}

void fl_json_array(struct fl_json *j, const char *key)
{
	open_with(j, key, '[', ']');
}

void fl_json_end(struct fl_json *j)
{
	FL_ASSERT(j->depth > 0);
	fl_buf_add_char(j->out, j->closers[--j->depth]);
	j->has_items = true;
}

void fl_json_add(struct fl_json *j, const char *key, struct fl_str value)
{
	begin(j, key);
	fl_buf_add_json(j->out, value);
}

void fl_json_add_c(struct fl_json *j, const char *key, const char *value)
{
	begin(j, key);
	if (value == NULL)
		fl_buf_add_c(j->out, "null");
	else
		fl_buf_add_json(j->out, fl_str(value));
}

void fl_json_add_u64(struct fl_json *j, const char *key, uint64_t value)
{
	begin(j, key);
	fl_buf_add_u64(j->out, value);
}

void fl_json_add_bool(struct fl_json *j, const char *key, bool value)
{
	begin(j, key);
	fl_buf_add_c(j->out, value ? "true" : "false");
}

void fl_json_add_raw(struct fl_json *j, const char *key, struct fl_str json)
{
	begin(j, key);
	fl_buf_add(j->out, json);
}

static void add_problem(struct fl_json *j, const struct fl_problem *p)
{
	fl_json_object(j, NULL);
	fl_json_add_c(j, "code", p->code);
	fl_json_add(j, "detail", p->detail);
	fl_json_add(j, "pointer", p->pointer);
	if (p->hint.n != 0)
		fl_json_add(j, "hint", p->hint);
	if (p->at.file != NULL)
		fl_json_add_c(j, "file", p->at.file);
	if (p->at.line != 0) {
		fl_json_add_u64(j, "line", p->at.line);
		fl_json_add_u64(j, "column", p->at.column);
	}
	fl_json_end(j);
}

void fl_json_add_problems(struct fl_json *j, const char *key, const struct fl_problems *list,
                          enum fl_json_problems which)
{
	fl_json_array(j, key);
	for (const struct fl_problem *p = list->first; p != NULL; p = p->next)
		if (p->is_warning == (which == FL_JSON_WARNINGS))
			add_problem(j, p);
	fl_json_end(j);
}
