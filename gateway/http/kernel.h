/* gateway/http/kernel.h - what libmicrohttpd asks the kernel
 * SPDX-License-Identifier: Apache-2.0
 *
 * The library calls recv(), epoll_ctl() and epoll_wait() through the dynamic linker, where the
 * program's own definitions win (as outbound/poll.h does for libcurl). So
 *
 *	the bytes of a head are looked at before the library changes them (wire.h)
 *	the library's epoll set is the loop's: there is one epoll_wait() a round, not two
 *	a request that waits stays in the set and is read from only when there is something to
 *	read, which by itself would cost two epoll_ctl() and a recv(); and its client is seen to leave
 *
 * All other callers of these functions get what the kernel says.
 */
#ifndef FL_GATEWAY_HTTP_KERNEL_H
#define FL_GATEWAY_HTTP_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

struct fl_kernel_watch { /* functions may be NULL */
	void *ctx;
	int epoll_fd; /* of the daemon */
	/* Is it known that there is nothing to read? Then recv() says EAGAIN without asking. */
	bool (*is_dry)(void *ctx, int fd);
	/* `n` bytes came in; there was room for `room`. */
	void (*on_bytes)(void *ctx, int fd, const char *p, size_t n, size_t room);
	/* epoll_ctl() on `epoll_fd`, with its results; `events` is 0 for EPOLL_CTL_DEL. */
	int (*change)(void *ctx, int op, int fd, uint32_t events);
	/* epoll_wait() on it, without waiting. */
	int (*take)(void *ctx, struct epoll_event *events, int max);
};

/* For this thread from now on; NULL: no more. Borrowed. */
void fl_kernel_watch(const struct fl_kernel_watch *watch);

#endif
