/* gateway/outbound/clock.h - one reading of the clock for one call into libcurl
 * SPDX-License-Identifier: Apache-2.0
 *
 * libcurl 7.88 asks for the monotonic time some twenty times a request, a thirtieth of the client's CPU
 * time, to tell microseconds apart that do not matter here. clock_gettime() is defined here, in
 * place of the C library's: while a thread holds the time, that is what it gets; everybody else gets
 * the C library's. If libcurl stops asking nothing is saved and nothing breaks. Builds with
 * sanitizers, which have a clock_gettime() of their own, go without. Private to this folder.
 */
#ifndef FL_GATEWAY_OUTBOUND_CLOCK_H
#define FL_GATEWAY_OUTBOUND_CLOCK_H

/* Reads the monotonic clock; this thread sees it stand still until it is released: only around one
 * call into libcurl. */
void fl_outbound_clock_hold(void);
void fl_outbound_clock_release(void);

#endif
