/* gateway/http/recv.c - what libmicrohttpd receives
 * SPDX-License-Identifier: Apache-2.0
 *
 * The library calls recv() through the dynamic linker, and the program's own definition wins. Other
 * callers (libcurl) get what they ask for.
 */
#include "config.h"

#include "gateway/http/wire.h"

#include <sys/socket.h>

static _Thread_local struct {
	fl_recv_fn on_bytes;
	void *ctx;
} watcher;

void fl_recv_watch(fl_recv_fn on_bytes, void *ctx)
{
	watcher.on_bytes = on_bytes;
	watcher.ctx = ctx;
}

/* Under another name for the compiler, so that the C library's inline wrapper is not meant. */
ssize_t fl_http_recv(int fd, void *p, size_t n, int flags) __asm__("recv")
    __attribute__((visibility("default")));

ssize_t fl_http_recv(int fd, void *p, size_t n, int flags)
{
	ssize_t got = recvfrom(fd, p, n, flags, NULL, NULL);

	if (got > 0 && watcher.on_bytes)
		watcher.on_bytes(watcher.ctx, fd, p, (size_t)got);
	return got;
}
