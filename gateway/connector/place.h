/* gateway/connector/place.h - private: where a thread says that it is inside a connector
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each thread that calls connectors has a place. Entering and leaving are stores; the watchdog
 * (watchdog.c) looks from outside. fl_inside tells the host functions, which get no more than an
 * id, on whose behalf the calling thread runs.
 */
#ifndef FL_GATEWAY_CONNECTOR_PLACE_H
#define FL_GATEWAY_CONNECTOR_PLACE_H

#include <stdatomic.h>

#include "base/macros.h"

struct fl_life;
struct fl_worker;

struct fl_place {
	_Atomic uint64_t seq;           /* odd: inside a callback; written by the thread itself */
	_Atomic(struct fl_life *) life; /* of that callback */
	struct fl_worker *worker;       /* whose loop the thread runs, or NULL */
	/* guarded by host->lock */
	struct fl_place *next, **prev;
	uint64_t seen_seq, seen_ns; /* the watchdog's */
	bool is_reported;
};

struct fl_inside {
	struct fl_life *life;     /* NULL: outside */
	struct fl_worker *worker; /* NULL: not a worker's thread */
};

extern _Thread_local struct fl_inside fl_inside;

static inline void fl_place_enter(struct fl_place *place, struct fl_life *life)
{
	uint64_t seq = atomic_load_explicit(&place->seq, memory_order_relaxed);

	FL_ASSERT(!fl_inside.life); /* no re-entry */
	fl_inside = (struct fl_inside){life, place->worker};
	/* Release: who sees this life sees that the callback before is over. */
	atomic_store_explicit(&place->life, life, memory_order_release);
	atomic_store_explicit(&place->seq, seq + 1, memory_order_release);
}

static inline void fl_place_leave(struct fl_place *place)
{
	uint64_t seq = atomic_load_explicit(&place->seq, memory_order_relaxed);

	atomic_store_explicit(&place->seq, seq + 1, memory_order_release);
	fl_inside = (struct fl_inside){NULL, NULL};
}

#endif
