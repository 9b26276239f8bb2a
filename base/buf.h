/* base/buf.h - a growing buffer with a cap
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes its maximum at init. Overflow and out of memory latch: later appends do nothing and
 * fl_buf_is_overflown() stays true, so a writer checks once at the end.
 */
#ifndef FL_BASE_BUF_H
#define FL_BASE_BUF_H

#include <stdarg.h>

#include "base/macros.h"
#include "base/str.h"

struct fl_buf {
	char *p;
	size_t len, cap, max;
	bool overflown;
};

/* Allocates nothing yet. */
void fl_buf_init(struct fl_buf *b, size_t max_bytes);
/* Accepts a zeroed struct; leaves it empty and reusable. */
void fl_buf_fini(struct fl_buf *b);
/* Keeps the memory, drops the contents and the overflow mark. */
void fl_buf_clear(struct fl_buf *b);
void fl_buf_add(struct fl_buf *b, struct fl_str s);
void fl_buf_add_c(struct fl_buf *b, const char *cstr);
void fl_buf_add_char(struct fl_buf *b, char c);
void fl_buf_add_u64(struct fl_buf *b, uint64_t v);
void fl_buf_printf(struct fl_buf *b, const char *fmt, ...) FL_PRINTF(2, 3);
void fl_buf_vprintf(struct fl_buf *b, const char *fmt, va_list ap) FL_PRINTF(2, 0);
/* A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void fl_buf_add_json(struct fl_buf *b, struct fl_str s);
/* For terminals and lines of text: control characters (C0, DEL, C1) become \xNN. */
void fl_buf_add_printable(struct fl_buf *b, struct fl_str s);
/* Room for `n` more bytes at b->p + b->len, or NULL; the caller adds to b->len what it wrote. */
char *fl_buf_reserve(struct fl_buf *b, size_t n);
/* A NUL after the last byte (not counted); "" when nothing could be allocated. */
const char *fl_buf_cstr(struct fl_buf *b);

static inline struct fl_str fl_buf_str(const struct fl_buf *b)
{
	return fl_str_n(b->p, b->len);
}

static inline bool fl_buf_is_overflown(const struct fl_buf *b)
{
	return b->overflown;
}

/* Writes the escaped form of `s` without quotes at `out` (room for 6 bytes per byte of `s` is
 * enough); returns how many bytes were written. */
size_t fl_json_escape(char *out, struct fl_str s);

#endif
