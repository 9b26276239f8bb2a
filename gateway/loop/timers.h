/* gateway/loop/timers.h - the timers of a loop, soonest first
 * SPDX-License-Identifier: Apache-2.0
 *
 * A heap of four children a node that keeps the deadlines beside the pointers: finding the way down
 * reads one cache line a level and no timer. It grows and never shrinks.
 */
#ifndef FL_GATEWAY_LOOP_TIMERS_H
#define FL_GATEWAY_LOOP_TIMERS_H

#include "gateway/loop/loop.h"

struct fl_timers_slot {
	uint64_t due_ns;
	struct fl_loop_timer *timer;
};

struct fl_timers { /* zeroed: empty */
	struct fl_timers_slot *slots;
	size_t n, cap;
};

void fl_timers_fini(struct fl_timers *timers);
/* Sets or moves; `due_ns` is what is waited for. -ENOMEM leaves all as it was. */
FL_MUST_USE int fl_timers_set(struct fl_timers *timers, struct fl_loop_timer *timer,
                              uint64_t due_ns);
/* Accepts a timer that is not set. */
void fl_timers_cancel(struct fl_timers *timers, struct fl_loop_timer *timer);
/* Takes out the soonest if it is due, or returns NULL. */
struct fl_loop_timer *fl_timers_take_due(struct fl_timers *timers, uint64_t now_ns);

/* When the soonest is due; UINT64_MAX: there is none. */
static inline uint64_t fl_timers_next_ns(const struct fl_timers *timers)
{
	return timers->n ? timers->slots[0].due_ns : UINT64_MAX;
}

#endif
