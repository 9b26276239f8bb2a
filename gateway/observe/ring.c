/* gateway/observe/ring.c - whole lines from one thread to another
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/observe/ring.h"

#include <errno.h>
#include <stdlib.h>

int fl_access_ring_init(struct fl_access_ring *ring, size_t size_bytes)
{
	*ring = (struct fl_access_ring){.bytes = malloc(size_bytes), .mask = size_bytes - 1};
	return ring->bytes ? 0 : -ENOMEM;
}

void fl_access_ring_fini(struct fl_access_ring *ring)
{
	free(ring->bytes);
	ring->bytes = NULL;
}

static size_t used(struct fl_access_ring *ring, size_t head)
{
	return head - ring->known_tail;
}

static void look_at_tail(struct fl_access_ring *ring)
{
	ring->known_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
}

/* Copies a line that was made beside the ring, round its end if need be. */
static void put(struct fl_access_ring *ring, size_t head, const char *line, size_t n)
{
	size_t at = head & ring->mask, first = ring->mask + 1 - at;

	if (first > n)
		first = n;
	memcpy(ring->bytes + at, line, first);
	memcpy(ring->bytes, line + first, n - first);
}

bool fl_access_ring_add(struct fl_access_ring *ring, fl_access_line_fn format, const void *record,
                        bool *ret_is_half_full)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	size_t size = ring->mask + 1, at = head & ring->mask, n;

	if (used(ring, head) + FL_ACCESS_LINE_MAX > size / 2)
		look_at_tail(ring);
	if (size - at >= FL_ACCESS_LINE_MAX && size - used(ring, head) >= FL_ACCESS_LINE_MAX) {
		n = format(ring->bytes + at, &ring->clock, record);
	} else {
		n = format(ring->scratch, &ring->clock, record);
		if (n > size - used(ring, head)) {
			uint64_t dropped =
			    atomic_load_explicit(&ring->dropped, memory_order_relaxed);

			atomic_store_explicit(&ring->dropped, dropped + 1, memory_order_relaxed);
			return false;
		}
		put(ring, head, ring->scratch, n);
	}
	*ret_is_half_full = used(ring, head) < size / 2 && used(ring, head + n) >= size / 2;
	/* In one order with the consumer's going to sleep: see access.c. */
	atomic_store_explicit(&ring->head, head + n, memory_order_seq_cst);
	return true;
}

int fl_access_ring_peek(const struct fl_access_ring *ring, struct iovec pieces[2], size_t *ret_head)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	size_t head = atomic_load_explicit(&ring->head, memory_order_seq_cst);
	size_t n = head - tail, at = tail & ring->mask, first = ring->mask + 1 - at;

	*ret_head = head;
	if (n == 0)
		return 0;
	if (first > n)
		first = n;
	pieces[0] = (struct iovec){ring->bytes + at, first};
	if (first == n)
		return 1;
	pieces[1] = (struct iovec){ring->bytes, n - first};
	return 2;
}

void fl_access_ring_take(struct fl_access_ring *ring, size_t head)
{
	atomic_store_explicit(&ring->tail, head, memory_order_release);
}
