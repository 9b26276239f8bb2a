/* gateway/http/wire.c - the bytes of a connection, before libmicrohttpd changes them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/http/wire.h"

#include <string.h>

/* A line ends at `lf`; `n` of its bytes are before it. True: it was the empty one after a head. */
static bool end_line(struct fl_wire *wire, const char *lf, size_t n)
{
	bool has_cr = n > 0 ? lf[-1] == '\r' : wire->is_after_cr;
	uint64_t length = wire->line_n + n - has_cr;
	bool is_end = length == 0 && wire->has_line;

	if (!has_cr)
		wire->is_bad = true;
	wire->has_line = !is_end && (wire->has_line || length > 0);
	wire->line_n = 0;
	wire->is_after_cr = false;
	return is_end;
}

/* Returns how many of the bytes are of the head. */
static size_t read_head(struct fl_wire *wire, const char *p, size_t n)
{
	const char *at = p, *end = p + n, *lf;

	while (at < end && (lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		bool is_end = end_line(wire, lf, (size_t)(lf - at));

		at = lf + 1;
		if (is_end) {
			wire->is_past_head = true;
			return (size_t)(at - p);
		}
	}
	if (at < end) {
		wire->line_n += (uint64_t)(end - at);
		wire->is_after_cr = end[-1] == '\r';
	}
	return n;
}

static void feed_head(struct fl_wire *wire, const char *p, size_t n)
{
	size_t head_n = read_head(wire, p, n);

	if (memchr(p, '\0', head_n))
		wire->is_bad = true;
	if (wire->is_past_head)
		wire->ahead_n = n - head_n;
}

void fl_wire_feed(struct fl_wire *wire, const char *p, size_t n)
{
	if (wire->is_ended || n == 0)
		return;
	if (wire->is_past_head) {
		wire->ahead_n += n;
		return;
	}
	if (wire->body_n >= n) {
		wire->body_n -= n;
		return;
	}
	size_t body_n = (size_t)wire->body_n;

	wire->body_n = 0;
	feed_head(wire, p + body_n, n - body_n);
}

void fl_wire_next(struct fl_wire *wire, const char *after, uint64_t body_n)
{
	uint64_t ahead_n = wire->ahead_n;

	wire->is_past_head = false;
	wire->ahead_n = 0;
	wire->body_n = body_n;
	fl_wire_feed(wire, after, (size_t)ahead_n);
}
