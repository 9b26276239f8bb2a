/* gateway/http/kernel.h - what libmicrohttpd asks the kernel
 * SPDX-License-Identifier: Apache-2.0
 *
 * The library calls recv(), epoll_ctl() and epoll_wait() through the dynamic linker, where the
 * program's own definitions win (as outbound/poll.h does for libcurl). So the bytes of a head can be
 * looked at before they are changed, and a request that waits costs no system call more than one
 * that does not: by itself the library takes a suspended connection out of its epoll set and puts
 * it back, reads once for nothing, and does not see the client leave meanwhile.
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
	/* May the change of the daemon's epoll set be left undone? *events may be amended. */
	bool (*is_needless)(void *ctx, int op, int fd, uint32_t *events);
	/* The daemon's events; returns how many are left. */
	int (*on_events)(void *ctx, struct epoll_event *events, int n);
};

/* For this thread from now on; NULL: no more. Borrowed. */
void fl_kernel_watch(const struct fl_kernel_watch *watch);

#endif
