/* base/log.h - the operator's log: one JSON or text line per message on standard error
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edges log once, with fields; base and policy never log above debug. A field's value is capped at
 * 256 bytes and escaped. Never pass a secret or a body. Lines are written with one write(2); the
 * caller's thread does it, so the request path does not log (it counts, and fills the access log).
 *
 *	fl_log(FL_LOG_WARN, "connector.load_failed", FL_LOG_STR("connector", id), FL_LOG_ERROR(&err));
 */
#ifndef FL_BASE_LOG_H
#define FL_BASE_LOG_H

#include "base/error.h"
#include "base/str.h"

enum fl_log_level { FL_LOG_DEBUG, FL_LOG_INFO, FL_LOG_WARN, FL_LOG_ERROR_LEVEL };

struct fl_log_field {
	const char *key; /* NULL ends the list */
	struct fl_str text;
	uint64_t number;
	bool is_number;
};

#define FL_LOG_STR(k, s) ((struct fl_log_field){.key = (k), .text = (s)})
#define FL_LOG_C(k, cstr) ((struct fl_log_field){.key = (k), .text = fl_str(cstr)})
#define FL_LOG_U64(k, v) ((struct fl_log_field){.key = (k), .number = (uint64_t)(v), .is_number = true})
#define FL_LOG_ERROR(err)                                                                          \
	FL_LOG_C("code", (err)->code), FL_LOG_C("error", (err)->message), FL_LOG_C("hint", (err)->hint)

/* Lowest level that is written; default info. [any] */
void fl_log_set_level(enum fl_log_level level);
enum fl_log_level fl_log_level(void);
/* Text lines for people at a terminal instead of JSON. Call before threads start. */
void fl_log_set_text(bool is_text);
/* Where lines go instead of standard error (tests). Call before threads start. */
void fl_log_set_fd(int fd);
/* "debug" | "info" | "warn" | "error"; false, *ret untouched, for anything else. */
bool fl_log_level_parse(struct fl_str name, enum fl_log_level *ret);

void fl_log_fields(enum fl_log_level level, const char *event, const struct fl_log_field *fields);

/* `event` is a stable "part.what_happened"; fields follow. [any]; may block on the terminal or pipe */
#define fl_log(level, event, ...)                                                                  \
	fl_log_fields(level, event, (const struct fl_log_field[]){__VA_ARGS__, {.key = NULL}})

#endif
