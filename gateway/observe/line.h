/* gateway/observe/line.h - one line of the access log, and one of the decision log
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_OBSERVE_LINE_H
#define FL_GATEWAY_OBSERVE_LINE_H

#include "base/clock.h"
#include "gateway/observe/decision.h"

/* The text of the last time that was printed: most lines share its second, many its millisecond. */
struct fl_access_clock {              /* zeroed: 1970 has not been printed yet */
	uint64_t second, millisecond; /* since 1970 */
	char text[FL_CLOCK_ISO_SIZE];
};

/* Writes the line of a record and its line feed at `out`, which has room for FL_ACCESS_LINE_MAX
 * bytes; returns how many. */
typedef size_t (*fl_access_line_fn)(char *out, struct fl_access_clock *clock, const void *record);

size_t fl_access_line(char *out, struct fl_access_clock *clock, const void *access_record);
size_t fl_decision_line(char *out, struct fl_access_clock *clock, const void *decision_record);

#endif
