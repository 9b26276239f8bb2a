/* gateway/http/connection.c - one connection's books
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "gateway/http/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for a connection's place in by_fd. */
static bool make_room(struct fl_http_worker *w, int fd)
{
	size_t n = (size_t)fd + 1;

	if (n <= w->by_fd_n)
		return true;
	n = n < 64 ? 64 : n * 2;
	struct fl_connection **by_fd = reallocarray(w->by_fd, n, sizeof *by_fd);

	if (!by_fd)
		return false;
	memset(by_fd + w->by_fd_n, 0, (n - w->by_fd_n) * sizeof *by_fd);
	w->by_fd = by_fd;
	w->by_fd_n = n;
	return true;
}

static void link_in(struct fl_http_worker *w, struct fl_connection *c)
{
	c->next = &w->ring;
	c->prev = w->ring.prev;
	c->prev->next = c;
	w->ring.prev = c;
	w->by_fd[c->io.fd] = c;
}

static void unlink_from(struct fl_connection *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
	c->worker->by_fd[c->io.fd] = NULL;
}

static void forget(struct fl_http_worker *w, struct fl_connection *c)
{
	fl_admission_leave(w->http->admission, &c->peer);
	atomic_fetch_sub_explicit(&w->connections_n, 1, memory_order_relaxed);
	free(c);
}

/* ---- the daemon's epoll set ---- */

/* A descriptor that is none of ours is libcurl's. */
static struct fl_connection *find(struct fl_http_worker *w, int fd)
{
	return (size_t)fd < w->by_fd_n ? w->by_fd[fd] : NULL;
}

static bool is_waiting(const struct fl_connection *c)
{
	return c->exchange && c->exchange->stage == FL_EXCHANGE_WAIT;
}

/* The library reads before it lets an answer be queued to a connection that was suspended. */
static bool is_dry(void *ctx, int fd)
{
	const struct fl_connection *c = find(ctx, fd);

	return c && !c->has_input && c->exchange && c->exchange->stage == FL_EXCHANGE_ANSWER;
}

static void on_bytes(void *ctx, int fd, const char *p, size_t n, size_t room)
{
	struct fl_connection *c = find(ctx, fd);

	if (!c)
		return;
	c->has_input = n == room;
	fl_wire_feed(&c->wire, p, n);
}

/* What happens while a request waits is noted here: the library takes it for an error of its own
 * to hear of a suspended connection. */
static void on_event(struct fl_loop_io *io, uint32_t events)
{
	struct fl_connection *c = FL_CONTAINER_OF(io, struct fl_connection, io);
	struct fl_http_worker *w = c->worker;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->has_left = true;
	if (is_waiting(c)) {
		if (events & EPOLLIN)
			c->has_input = true;
		if (c->has_left)
			fl_receive_leave(c->exchange);
		return;
	}
	c->events |= events;
	w->must_run = true;
	if (c->is_ready)
		return;
	c->is_ready = true;
	c->next_ready = w->ready;
	w->ready = c;
}

/* The library takes a connection out when it suspends it, and puts it back some time after it was
 * resumed: it stays. */
static int change(void *ctx, int op, int fd, uint32_t events)
{
	struct fl_http_worker *w = ctx;
	struct fl_connection *c = find(w, fd);

	if (op != EPOLL_CTL_ADD || !c || c->is_added)
		return 0; /* fl_connection_on_notify() takes it out */
	int r = fl_loop_io_add(w->loop, &c->io, events | EPOLLRDHUP);

	if (r < 0) {
		errno = -r;
		return -1;
	}
	c->is_added = true;
	return 0;
}

static int take(void *ctx, struct epoll_event *events, int max)
{
	struct fl_http_worker *w = ctx;
	int n = 0;

	for (; w->ready && n < max; n++) {
		struct fl_connection *c = w->ready;

		w->ready = c->next_ready;
		events[n].events = c->events;
		events[n].data.ptr = c->mhd;
		c->is_ready = false;
		c->events = 0;
	}
	return n;
}

void fl_connection_init_watch(struct fl_http_worker *w, int epoll_fd)
{
	w->watch = (struct fl_kernel_watch){
	    .ctx = w,
	    .epoll_fd = epoll_fd,
	    .is_dry = is_dry,
	    .on_bytes = on_bytes,
	    .change = change,
	    .take = take,
	};
}

static void take_out(struct fl_connection *c)
{
	struct fl_connection **at = &c->worker->ready;

	if (c->is_added)
		fl_loop_io_del(c->worker->loop, &c->io);
	if (!c->is_ready)
		return;
	while (*at != c)
		at = &(*at)->next_ready;
	*at = c->next_ready;
}

/* ---- life ---- */

/* libmicrohttpd wants the address only for a limit that is not set. */
static enum MHD_Result add(struct fl_http_worker *w, int fd, const struct fl_peer *peer)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};

	memcpy(&address.sin6_addr, peer->address.bytes, sizeof address.sin6_addr);
	if (peer->is_unix)
		address.sin6_family = AF_UNIX;
	return MHD_add_connection(w->daemon, fd, (const struct sockaddr *)&address, sizeof address);
}

void fl_connection_adopt(struct fl_http_worker *w, int fd, const struct fl_peer *peer,
                         bool is_surplus)
{
	bool is_wanted = !w->is_quiescing && make_room(w, fd);
	struct fl_connection *c = is_wanted ? calloc(1, sizeof *c) : NULL;

	if (!c) {
		fl_admission_leave(w->http->admission, peer);
		atomic_fetch_sub_explicit(&w->connections_n, 1, memory_order_relaxed);
		(void)close(fd);
		return;
	}
	c->worker = w;
	c->io = (struct fl_loop_io){.fd = fd, .on_event = on_event};
	c->peer = *peer;
	c->is_surplus = is_surplus;
	w->arriving = c;
	/* Closes the descriptor when it fails; fl_connection_on_notify() has run for both, or for
	 * neither, of beginning and end. */
	if (add(w, fd, peer) != MHD_YES && w->arriving == c)
		forget(w, c);
	w->arriving = NULL;
}

void fl_connection_on_notify(void *cls, struct MHD_Connection *mhd, void **context,
                             enum MHD_ConnectionNotificationCode what)
{
	struct fl_http_worker *w = cls;
	struct fl_connection *c;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		c = w->arriving;
		w->arriving = NULL;
		*context = c;
		c->mhd = mhd;
		link_in(w, c);
		fl_connection_enter(c, FL_CONNECTION_HEAD, fl_loop_now_ns(w->loop),
		                    w->http->limits.header_timeout_ns);
		if (w->sweep.at == 0)
			(void)!fl_loop_timer_set(w->loop, &w->sweep,
			                         fl_loop_now_ns(w->loop) + w->http->sweep_ns);
		return;
	}
	c = *context;
	FL_ASSERT(!c->exchange);
	take_out(c);
	unlink_from(c);
	forget(w, c);
}

void fl_connection_shut(struct fl_connection *c)
{
	c->phase = FL_CONNECTION_REAPED;
	c->deadline_ns = UINT64_MAX;
	(void)shutdown(c->io.fd, SHUT_RDWR);
}
