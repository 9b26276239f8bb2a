/* gateway/http/wire.h - the bytes of a connection, before libmicrohttpd changes them
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the layout of a parsed head cannot show (guard.h): a line that begins with a NUL is skipped
 * unseen, and "\0\n" leaves the same two NULs as CRLF. So the heads are looked at as they come in:
 * no NUL, and every LF after a CR. (A CR that no LF follows stays in the head, where the guard
 * finds it.) Bodies are stepped over; after a chunked one nothing is looked at, since the
 * connection is closed. Pure; all calls [any].
 */
#ifndef FL_GATEWAY_HTTP_WIRE_H
#define FL_GATEWAY_HTTP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_wire {           /* all zero at first */
	bool is_bad;       /* for good */
	bool is_past_head; /* of the request at hand; fl_wire_next() says where its body ends */
	bool is_ended;     /* nothing is looked at any more */
	bool has_line, is_after_cr; /* within the head */
	uint64_t line_n;            /* bytes of the line so far */
	uint64_t ahead_n;           /* bytes that came after the head at hand */
	uint64_t body_n;            /* bytes of body still to come */
};

/* These bytes came in. */
void fl_wire_feed(struct fl_wire *wire, const char *p, size_t n);
/* The head at hand has been read; a body of `body_n` bytes follows it. `after` is where the bytes
 * after the head lie now: as many of them as have come in are looked at. */
void fl_wire_next(struct fl_wire *wire, const char *after, uint64_t body_n);

#endif
