/* base/log.c - the operator's log
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define FIELD_MAX 256u
#define LINE_MAX_BYTES 8192u

static _Atomic int g_level = FL_LOG_INFO;
static bool g_is_text;
static int g_fd = STDERR_FILENO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void fl_log_set_level(enum fl_log_level level)
{
	atomic_store_explicit(&g_level, (int)level, memory_order_relaxed);
}

enum fl_log_level fl_log_level(void)
{
	return (enum fl_log_level)atomic_load_explicit(&g_level, memory_order_relaxed);
}

void fl_log_set_text(bool is_text)
{
	g_is_text = is_text;
}

void fl_log_set_fd(int fd)
{
	g_fd = fd;
}

bool fl_log_level_parse(struct fl_str name, enum fl_log_level *ret)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(level_names); i++) {
		if (fl_str_is(name, level_names[i])) {
			*ret = (enum fl_log_level)i;
			return true;
		}
	}
	return false;
}

static void add_value(struct fl_buf *line, const struct fl_log_field *f)
{
	if (f->is_number)
		fl_buf_add_u64(line, f->number);
	else
		fl_buf_add_json(line, fl_str_n(f->text.p, f->text.n < FIELD_MAX ? f->text.n : FIELD_MAX));
}

static void format_json(struct fl_buf *line, const char *time, enum fl_log_level level,
			const char *event, const struct fl_log_field *fields)
{
	fl_buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", time,
		      level_names[level], event);
	for (const struct fl_log_field *f = fields; f->key != NULL; f++) {
		if (!f->is_number && f->text.n == 0)
			continue;
		fl_buf_printf(line, ",\"%s\":", f->key);
		add_value(line, f);
	}
	fl_buf_add_c(line, "}\n");
}

static void format_text(struct fl_buf *line, const char *time, enum fl_log_level level,
			const char *event, const struct fl_log_field *fields)
{
	fl_buf_printf(line, "%.8s %-5s %s", time + 11, level_names[level], event);
	for (const struct fl_log_field *f = fields; f->key != NULL; f++) {
		if (!f->is_number && f->text.n == 0)
			continue;
		fl_buf_printf(line, " %s=", f->key);
		add_value(line, f);
	}
	fl_buf_add_char(line, '\n');
}

void fl_log_fields(enum fl_log_level level, const char *event, const struct fl_log_field *fields)
{
	char time[FL_CLOCK_ISO_SIZE];
	struct fl_buf line;

	if (level < fl_log_level())
		return;
	fl_clock_iso(fl_clock_wall_ns(), time);
	fl_buf_init(&line, LINE_MAX_BYTES);
	(g_is_text ? format_text : format_json)(&line, time, level, event, fields);
	/* A log that cannot be written must not stop the gateway. */
	if (!fl_buf_is_overflown(&line) && write(g_fd, line.p, line.len) < 0) {
		fl_buf_fini(&line);
		return;
	}
	fl_buf_fini(&line);
}
