/* base/clock.c - the two clocks
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"

#include <stdio.h>

void fl_clock_iso(uint64_t wall_ns, char out[FL_CLOCK_ISO_SIZE])
{
	time_t sec = (time_t)(wall_ns / FL_NS_PER_SEC);
	struct tm tm;
	char text[64];

	(void)gmtime_r(&sec, &tm);
	(void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900,
		       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		       (unsigned)(wall_ns / FL_NS_PER_MS % 1000));
	(void)snprintf(out, FL_CLOCK_ISO_SIZE, "%.24s", text);
}
