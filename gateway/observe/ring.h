/* gateway/observe/ring.h - whole lines from one thread to another
 * SPDX-License-Identifier: Apache-2.0
 *
 * One producer, one consumer. Both positions count bytes for ever; what is written is published
 * line by line, so the consumer never sees half a line.
 */
#ifndef FL_GATEWAY_OBSERVE_RING_H
#define FL_GATEWAY_OBSERVE_RING_H

#include <stdatomic.h>
#include <sys/uio.h>

#include "gateway/observe/line.h"

struct fl_access_ring {
	/* producer */
	_Alignas(64) _Atomic size_t head; /* where the next line goes; the consumer reads it */
	size_t known_tail;                /* not further than the tail */
	size_t mask;
	char *bytes;
	_Atomic uint64_t dropped;
	struct fl_access_clock clock;
	char scratch[FL_ACCESS_LINE_MAX]; /* where a line is made that may not fit in one piece */

	/* consumer */
	_Alignas(64) _Atomic size_t tail; /* the producer reads it */
};

/* `size_bytes` is a power of two. -ENOMEM. */
FL_MUST_USE int fl_access_ring_init(struct fl_access_ring *ring, size_t size_bytes);
void fl_access_ring_fini(struct fl_access_ring *ring);
/* [producer] Adds the line that `format` makes of the record; false: it was dropped and counted.
 * *ret_is_half_full: it has just become so. */
bool fl_access_ring_add(struct fl_access_ring *ring, fl_access_line_fn format, const void *record,
                        bool *ret_is_half_full);
/* [consumer] What is there, in at most two pieces; returns how many. *ret_head is for take(). */
int fl_access_ring_peek(const struct fl_access_ring *ring, struct iovec pieces[2],
                        size_t *ret_head);
/* [consumer] Gives the room up to `head` back. */
void fl_access_ring_take(struct fl_access_ring *ring, size_t head);

#endif
