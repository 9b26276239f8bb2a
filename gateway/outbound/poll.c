/* gateway/outbound/poll.c - what libcurl asks the kernel and the loop knows already
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "gateway/outbound/poll.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

static _Thread_local struct {
	fl_outbound_poll_fn is_quiet;
	void *ctx;
} answer;

void fl_outbound_poll_answer(fl_outbound_poll_fn is_quiet, void *ctx)
{
	answer.is_quiet = is_quiet;
	answer.ctx = ctx;
}

/* Under another name for the compiler, so that the C library's inline wrapper is not meant. */
int fl_outbound_poll(struct pollfd *fds, nfds_t n, int timeout_ms) __asm__("poll")
    __attribute__((visibility("default")));

int fl_outbound_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	if (n == 1 && timeout_ms == 0 && !(fds->events & (POLLOUT | POLLWRNORM)) &&
	    answer.is_quiet && answer.is_quiet(answer.ctx, fds->fd)) {
		fds->revents = 0;
		return 0;
	}
	struct timespec timeout = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000L};

	return ppoll(fds, n, timeout_ms < 0 ? NULL : &timeout, NULL);
}
