/* base/clock.h - the two clocks
 * SPDX-License-Identifier: Apache-2.0
 *
 * Monotonic nanoseconds for deadlines and durations; wall-clock for what people and peers read.
 */
#ifndef FL_BASE_CLOCK_H
#define FL_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define FL_NS_PER_MS UINT64_C(1000000)
#define FL_NS_PER_SEC UINT64_C(1000000000)

static inline uint64_t fl_clock_ns(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * FL_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline uint64_t fl_clock_mono_ns(void)
{
	return fl_clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t fl_clock_wall_ns(void)
{
	return fl_clock_ns(CLOCK_REALTIME);
}

/* "2026-11-24T11:17:43.123Z" (24 bytes and a NUL) from wall-clock nanoseconds. */
#define FL_CLOCK_ISO_SIZE 25
void fl_clock_iso(uint64_t wall_ns, char out[FL_CLOCK_ISO_SIZE]);

#endif
