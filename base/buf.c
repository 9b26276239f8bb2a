/* base/buf.c - a growing buffer with a cap
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

void fl_buf_init(struct fl_buf *b, size_t max_bytes)
{
	*b = (struct fl_buf){.max = max_bytes};
}

void fl_buf_fini(struct fl_buf *b)
{
	free(b->p);
	*b = (struct fl_buf){.max = b->max};
}

void fl_buf_clear(struct fl_buf *b)
{
	b->len = 0;
	b->overflown = false;
}

char *fl_buf_reserve(struct fl_buf *b, size_t n)
{
	if (b->overflown)
		return NULL;
	if (b->cap - b->len >= n && b->p != NULL)
		return b->p + b->len;
	if (n > b->max - b->len) {
		b->overflown = true;
		return NULL;
	}
	size_t cap = b->cap < 128 ? 256 : b->cap * 2;

	if (cap < b->len + n)
		cap = b->len + n;
	if (cap > b->max)
		cap = b->max;
	char *p = realloc(b->p, cap + 1); /* one more for fl_buf_cstr */

	if (p == NULL) {
		b->overflown = true;
		return NULL;
	}
	b->p = p;
	b->cap = cap;
	return b->p + b->len;
}

void fl_buf_add(struct fl_buf *b, struct fl_str s)
{
	char *at = fl_buf_reserve(b, s.n);

	if (at == NULL || s.n == 0)
		return;
	memcpy(at, s.p, s.n);
	b->len += s.n;
}

void fl_buf_add_c(struct fl_buf *b, const char *cstr)
{
	fl_buf_add(b, fl_str(cstr));
}

void fl_buf_add_char(struct fl_buf *b, char c)
{
	fl_buf_add(b, fl_str_n(&c, 1));
}

void fl_buf_add_u64(struct fl_buf *b, uint64_t v)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	fl_buf_add(b, fl_str_n(digits + n, sizeof digits - n));
}

void fl_buf_vprintf(struct fl_buf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);

	va_end(again);
	char *at = n < 0 ? NULL : fl_buf_reserve(b, (size_t)n);

	if (at == NULL)
		return;
	(void)vsnprintf(at, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void fl_buf_printf(struct fl_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fl_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *fl_buf_cstr(struct fl_buf *b)
{
	if (fl_buf_reserve(b, 0) == NULL && b->p == NULL)
		return "";
	b->p[b->len] = '\0';
	return b->p;
}

static size_t utf8_len(const unsigned char *p, size_t n)
{
	for (size_t len = 2; len <= 4 && len <= n; len++)
		if (fl_str_is_utf8(fl_str_n((const char *)p, len)))
			return len;
	return 0;
}

static size_t escape_control(char *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char names[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

	out[0] = '\\';
	if (names[c] != 0) {
		out[1] = names[c];
		return 2;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = hex[c >> 4];
	out[5] = hex[c & 15];
	return 6;
}

size_t fl_json_escape(char *out, struct fl_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	char *at = out;

	for (size_t i = 0; i < s.n;) {
		unsigned char c = p[i];

		if (FL_LIKELY(c >= 0x20 && c < 0x80 && c != '"' && c != '\\')) {
			*at++ = (char)c;
			i++;
		} else if (c < 0x20) {
			at += escape_control(at, c);
			i++;
		} else if (c < 0x80) {
			*at++ = '\\';
			*at++ = (char)c;
			i++;
		} else {
			size_t len = utf8_len(p + i, s.n - i);

			if (len == 0) {
				memcpy(at, "�", 3);
				at += 3;
				i++;
			} else {
				memcpy(at, p + i, len);
				at += len;
				i += len;
			}
		}
	}
	return (size_t)(at - out);
}

void fl_buf_add_json(struct fl_buf *b, struct fl_str s)
{
	char *at = s.n > SIZE_MAX / 8 ? NULL : fl_buf_reserve(b, s.n * 6 + 2);

	if (at == NULL) {
		b->overflown = true;
		return;
	}
	at[0] = '"';
	size_t n = fl_json_escape(at + 1, s);

	at[n + 1] = '"';
	b->len += n + 2;
}

/* C0, DEL and, in UTF-8, C1. */
static bool is_control(struct fl_str s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];

	return c < 0x20 || c == 0x7f ||
	       (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0);
}

void fl_buf_add_printable(struct fl_buf *b, struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_control(s, i)) {
			fl_buf_add_char(b, s.p[i]);
			continue;
		}
		if ((unsigned char)s.p[i] == 0xc2)
			i++; /* U+0080 to U+009F are their last byte */
		fl_buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
	}
}
