/* gateway/http/kernel.c - what libmicrohttpd asks the kernel
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "gateway/http/kernel.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local const struct fl_kernel_watch *watch;

void fl_kernel_watch(const struct fl_kernel_watch *w)
{
	watch = w;
}

/* Under other names for the compiler, so that the C library's inline wrappers are not meant. */
#define IN_PLACE_OF(name) __asm__(name) __attribute__((visibility("default")))

ssize_t fl_kernel_recv(int fd, void *p, size_t n, int flags) IN_PLACE_OF("recv");
int fl_kernel_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event)
    IN_PLACE_OF("epoll_ctl");
int fl_kernel_epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout_ms)
    IN_PLACE_OF("epoll_wait");

ssize_t fl_kernel_recv(int fd, void *p, size_t n, int flags)
{
	ssize_t got;

	if (watch && watch->is_dry && watch->is_dry(watch->ctx, fd)) {
		errno = EAGAIN;
		return -1;
	}
	got = recvfrom(fd, p, n, flags, NULL, NULL);
	if (got > 0 && watch && watch->on_bytes)
		watch->on_bytes(watch->ctx, fd, p, (size_t)got, n);
	return got;
}

int fl_kernel_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event)
{
	if (watch && watch->change && watch->epoll_fd == epoll_fd)
		return watch->change(watch->ctx, op, fd, event ? event->events : 0);
	return (int)syscall(SYS_epoll_ctl, epoll_fd, op, fd, event);
}

int fl_kernel_epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout_ms)
{
	if (watch && watch->take && watch->epoll_fd == epoll_fd)
		return watch->take(watch->ctx, events, max);
	return epoll_pwait(epoll_fd, events, max, timeout_ms, NULL);
}
