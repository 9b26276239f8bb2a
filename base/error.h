/* base/error.h - how a failure is told to people, and the list of problems
 * SPDX-License-Identifier: Apache-2.0
 *
 * Functions return int: 0 done; positive: an outcome that their header lists and the caller must
 * handle; negative: unexpected, forward unchanged (mostly -errno). The text for people goes into a
 * last argument, struct fl_error, filled once, where the fact is known. A message says what is
 * wrong; the hint says how to mend it.
 *
 * struct fl_problems collects many (configuration, manifests, policies): each with a stable code
 * and, where known, file, line, column (from 1) and JSON Pointer.
 */
#ifndef FL_BASE_ERROR_H
#define FL_BASE_ERROR_H

#include "base/arena.h"

struct fl_error {
	const char *code; /* stable, lower_snake, static storage; NULL: no error */
	char message[400];
	char hint[240];
};

#define FL_ERROR_INIT ((struct fl_error){.code = NULL})

/* Fills *err (may be NULL) unless it is filled already: the first text wins. Returns -1 so that
 * `return fl_error_set(...)` reads well. Text over the size is cut. */
int fl_error_set(struct fl_error *err, const char *code, const char *fmt, ...) FL_PRINTF(3, 4);
/* Adds how to mend it. */
void fl_error_hint(struct fl_error *err, const char *fmt, ...) FL_PRINTF(2, 3);

/* What an errno means; never NULL. Static storage. [any] */
const char *fl_errno_text(int code);

struct fl_position {
	const char *file; /* NULL: unknown; borrowed from whoever parsed it */
	uint32_t line, column; /* from 1; 0: unknown */
};

struct fl_problem {
	struct fl_problem *next;
	const char *code; /* stable, lower_snake, static storage */
	struct fl_position at;
	struct fl_str pointer; /* RFC 6901; empty: the whole */
	struct fl_str detail, hint; /* hint may be empty */
	bool is_warning;
};

/* At most FL_PROBLEMS_MAX are kept; more are counted. Memory comes from the arena given at init and
 * lives as long as it. */
#define FL_PROBLEMS_MAX 200u
struct fl_problems {
	struct fl_arena *arena;
	struct fl_problem *first, **tail;
	size_t errors, warnings; /* counts, also of those not kept */
};

void fl_problems_init(struct fl_problems *list, struct fl_arena *arena);
/* Nothing more is kept: what only serves a message need not be made. */
static inline bool fl_problems_is_full(const struct fl_problems *list)
{
	return list->errors + list->warnings >= FL_PROBLEMS_MAX;
}
/* Adds an error. Copies pointer, file and message. Returns the problem
 * to add a hint to, or NULL when the list is full. */
struct fl_problem *fl_problems_add(struct fl_problems *list, const char *code,
				   struct fl_position at, struct fl_str pointer, const char *fmt,
				   ...) FL_PRINTF(5, 6);
/* The same for functions that take a format themselves. */
struct fl_problem *fl_problems_vadd(struct fl_problems *list, const char *code,
				    struct fl_position at, struct fl_str pointer, const char *fmt,
				    va_list ap) FL_PRINTF(5, 0);
/* Turns what was just added into a warning. `p` may be NULL, as fl_problems_add() returned it. */
void fl_problem_warn(struct fl_problems *list, struct fl_problem *p);
/* `p` may be NULL. */
void fl_problem_hint(struct fl_problems *list, struct fl_problem *p, const char *fmt, ...)
    FL_PRINTF(3, 4);

struct fl_buf;
/* One line a problem: "file:line:column: error: detail [code] (hint)". A quoted
 * name may hold control characters: see fl_buf_add_printable(). */
void fl_problems_print(const struct fl_problems *list, struct fl_buf *out);

#endif
