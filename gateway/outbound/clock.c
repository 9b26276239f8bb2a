/* gateway/outbound/clock.c - one reading of the clock for one call into libcurl
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for RTLD_NEXT */

#include "gateway/outbound/clock.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "base/macros.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

void fl_outbound_clock_hold(void)
{
}

void fl_outbound_clock_release(void)
{
}

#else

typedef int (*clock_fn)(clockid_t id, struct timespec *ts);

static _Atomic(clock_fn) real_clock;
static _Thread_local struct timespec held;
static _Thread_local bool is_held;

static clock_fn find_clock(void)
{
	clock_fn found;

	*(void **)(void *)&found = dlsym(RTLD_NEXT, "clock_gettime");
	FL_ASSERT(found);
	atomic_store_explicit(&real_clock, found, memory_order_relaxed);
	return found;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ts)
{
	clock_fn real = atomic_load_explicit(&real_clock, memory_order_relaxed);

	if (is_held && id == CLOCK_MONOTONIC) {
		*ts = held;
		return 0;
	}
	return (FL_LIKELY(real) ? real : find_clock())(id, ts);
}

void fl_outbound_clock_hold(void)
{
	is_held = clock_gettime(CLOCK_MONOTONIC, &held) == 0;
}

void fl_outbound_clock_release(void)
{
	is_held = false;
}

#endif
