/* gateway/outbound/poll.h - what libcurl asks the kernel and the loop knows already
 * SPDX-License-Identifier: Apache-2.0
 *
 * libcurl 7.88 calls poll(fd, POLLIN, 0) twice a request on a kept connection: is it still alive,
 * before it is used again; and is there an answer, right after the request was sent. The descriptor
 * is in the loop's level-triggered epoll all the time, which reports both without being asked.
 * These two calls are a twentieth of the client's CPU time, so poll() is defined here, in place of
 * the C library's: with a function set it answers "nothing there" for descriptors which that
 * function knows to be quiet, and in all other cases asks the kernel. If libcurl stops calling
 * poll() nothing is saved and nothing breaks.
 */
#ifndef FL_GATEWAY_OUTBOUND_POLL_H
#define FL_GATEWAY_OUTBOUND_POLL_H

#include <stdbool.h>

/* Is it known that there is nothing to read, as far as the loop was told? */
typedef bool (*fl_outbound_poll_fn)(void *ctx, int fd);

/* For this thread, until it is called with NULL: only around calls into libcurl. */
void fl_outbound_poll_answer(fl_outbound_poll_fn is_quiet, void *ctx);

#endif
