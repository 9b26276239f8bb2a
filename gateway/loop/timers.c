/* gateway/loop/timers.c - the timers of a loop, soonest first
 * SPDX-License-Identifier: Apache-2.0
 *
 * Children of slot i: 4i + 1 .. 4i + 4. A timer knows its slot (`at` is index + 1).
 */
#include "gateway/loop/timers.h"

#include <errno.h>
#include <stdlib.h>

#define CHILDREN 4u
#define FIRST_CAP 64u

void fl_timers_fini(struct fl_timers *timers)
{
	free(timers->slots);
	*timers = (struct fl_timers){0};
}

static void put(struct fl_timers *timers, size_t i, struct fl_timers_slot slot)
{
	timers->slots[i] = slot;
	slot.timer->at = i + 1;
}

/* Puts `slot` at the free place `i` or above it. */
static void sift_up(struct fl_timers *timers, size_t i, struct fl_timers_slot slot)
{
	while (i > 0) {
		size_t parent = (i - 1) / CHILDREN;

		if (timers->slots[parent].due_ns <= slot.due_ns)
			break;
		put(timers, i, timers->slots[parent]);
		i = parent;
	}
	put(timers, i, slot);
}

/* Puts `slot` at the free place `i` or below it. */
static void sift_down(struct fl_timers *timers, size_t i, struct fl_timers_slot slot)
{
	for (;;) {
		size_t first = i * CHILDREN + 1, soonest = first;

		if (first >= timers->n)
			break;
		for (size_t c = first + 1; c < first + CHILDREN && c < timers->n; c++)
			if (timers->slots[c].due_ns < timers->slots[soonest].due_ns)
				soonest = c;
		if (timers->slots[soonest].due_ns >= slot.due_ns)
			break;
		put(timers, i, timers->slots[soonest]);
		i = soonest;
	}
	put(timers, i, slot);
}

/* Puts `slot` at the free place `i`, or wherever it belongs. */
static void settle(struct fl_timers *timers, size_t i, struct fl_timers_slot slot)
{
	if (i > 0 && timers->slots[(i - 1) / CHILDREN].due_ns > slot.due_ns)
		sift_up(timers, i, slot);
	else
		sift_down(timers, i, slot);
}

static int grow(struct fl_timers *timers)
{
	size_t cap = timers->cap ? timers->cap * 2 : FIRST_CAP;
	struct fl_timers_slot *slots = reallocarray(timers->slots, cap, sizeof *slots);

	if (!slots)
		return -ENOMEM;
	timers->slots = slots;
	timers->cap = cap;
	return 0;
}

int fl_timers_set(struct fl_timers *timers, struct fl_loop_timer *timer, uint64_t due_ns)
{
	struct fl_timers_slot slot = {due_ns, timer};

	if (timer->at != 0) {
		settle(timers, timer->at - 1, slot);
		return 0;
	}
	if (timers->n == timers->cap) {
		int r = grow(timers);

		if (r < 0)
			return r;
	}
	sift_up(timers, timers->n++, slot);
	return 0;
}

void fl_timers_cancel(struct fl_timers *timers, struct fl_loop_timer *timer)
{
	if (timer->at == 0)
		return;
	size_t i = timer->at - 1;

	FL_ASSERT(i < timers->n && timers->slots[i].timer == timer);
	timer->at = 0;
	timers->n--;
	if (i < timers->n)
		settle(timers, i, timers->slots[timers->n]);
}

struct fl_loop_timer *fl_timers_take_due(struct fl_timers *timers, uint64_t now_ns)
{
	if (timers->n == 0 || timers->slots[0].due_ns > now_ns)
		return NULL;
	struct fl_loop_timer *timer = timers->slots[0].timer;

	fl_timers_cancel(timers, timer);
	return timer;
}
