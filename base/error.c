/* base/error.c - how a failure is told to people, and the list of problems
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for strerrordesc_np() */

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

int fl_error_set(struct fl_error *err, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL || err->code != NULL)
		return -1;
	err->code = code;
	err->hint[0] = '\0';
	va_start(ap, fmt);
	(void)vsnprintf(err->message, sizeof err->message, fmt, ap);
	va_end(ap);
	return -1;
}

void fl_error_hint(struct fl_error *err, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
}

const char *fl_errno_text(int code)
{
	const char *text = strerrordesc_np(code);

	return text ? text : "unknown error";
}

void fl_problems_init(struct fl_problems *list, struct fl_arena *arena)
{
	*list = (struct fl_problems){.arena = arena};
	list->tail = &list->first;
}

struct fl_problem *fl_problems_add(struct fl_problems *list, const char *code,
				   struct fl_position at, struct fl_str pointer, const char *fmt,
				   ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct fl_problem *p = fl_problems_vadd(list, code, at, pointer, fmt, ap);

	va_end(ap);
	return p;
}

struct fl_problem *fl_problems_vadd(struct fl_problems *list, const char *code,
				    struct fl_position at, struct fl_str pointer, const char *fmt,
				    va_list ap)
{
	bool is_full = fl_problems_is_full(list);

	list->errors++;
	if (is_full)
		return NULL;
	struct fl_problem *p = fl_arena_zalloc(list->arena, sizeof *p);

	if (p == NULL)
		return NULL;
	p->code = code;
	p->at = at;
	if (at.file != NULL)
		p->at.file = fl_arena_str(list->arena, fl_str(at.file)).p;
	p->pointer = fl_arena_str(list->arena, pointer);
	p->detail = fl_arena_vprintf(list->arena, fmt, ap);
	*list->tail = p;
	list->tail = &p->next;
	return p;
}

void fl_problem_warn(struct fl_problems *list, struct fl_problem *p)
{
	list->errors--;
	list->warnings++;
	if (p != NULL)
		p->is_warning = true;
}

void fl_problem_hint(struct fl_problems *list, struct fl_problem *p, const char *fmt, ...)
{
	va_list ap;

	if (p == NULL)
		return;
	va_start(ap, fmt);
	p->hint = fl_arena_vprintf(list->arena, fmt, ap);
	va_end(ap);
}

static void print_position(const struct fl_problem *p, struct fl_buf *out)
{
	if (p->at.file != NULL)
		fl_buf_printf(out, "%s:", p->at.file);
	if (p->at.line != 0)
		fl_buf_printf(out, "%u:%u:", p->at.line, p->at.column);
	if (p->at.file != NULL || p->at.line != 0)
		fl_buf_add_char(out, ' ');
}

void fl_problems_print(const struct fl_problems *list, struct fl_buf *out)
{
	for (const struct fl_problem *p = list->first; p != NULL; p = p->next) {
		print_position(p, out);
		fl_buf_add_c(out, p->is_warning ? "warning: " : "error: ");
		fl_buf_add_printable(out, p->detail);
		fl_buf_printf(out, " [%s]", p->code);
		if (p->hint.n != 0) {
			fl_buf_add_c(out, " (");
			fl_buf_add_printable(out, p->hint);
			fl_buf_add_char(out, ')');
		}
		fl_buf_add_char(out, '\n');
	}
	if (list->errors + list->warnings > FL_PROBLEMS_MAX)
		fl_buf_printf(out, "... and %zu more\n",
			      list->errors + list->warnings - FL_PROBLEMS_MAX);
}

void fl_assert_failed(const char *cond, const char *file, int line, const char *func)
{
	char text[512];
	int n = snprintf(text, sizeof text, "fairlead: %s:%d: %s: broken invariant: %s\n", file,
			 line, func, cond);

	if (n > 0 && write(STDERR_FILENO, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1) < 0)
		abort();
	abort();
}
