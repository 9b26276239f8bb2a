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
	w->by_fd[c->watch.fd] = c;
}

static void unlink_from(struct fl_connection *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
	c->worker->by_fd[c->watch.fd] = NULL;
}

static void forget(struct fl_http_worker *w, struct fl_connection *c)
{
	fl_admission_leave(w->http->admission, &c->peer);
	atomic_fetch_sub_explicit(&w->connections_n, 1, memory_order_relaxed);
	free(c);
}

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
	c->watch.fd = fd;
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
	if (c->is_watched)
		fl_loop_io_del(w->loop, &c->watch);
	unlink_from(c);
	forget(w, c);
}

/* A descriptor that is none of ours is libcurl's. */
void fl_connection_on_bytes(void *worker, int fd, const char *p, size_t n)
{
	struct fl_http_worker *w = worker;

	if ((size_t)fd < w->by_fd_n && w->by_fd[fd])
		fl_wire_feed(&w->by_fd[fd]->wire, p, n);
}

/* While a request waits, libmicrohttpd does not look at the connection. */
static void on_left(struct fl_loop_io *io, uint32_t events)
{
	struct fl_connection *c = FL_CONTAINER_OF(io, struct fl_connection, watch);

	(void)events;
	c->has_left = true;
	if (c->exchange && c->exchange->stage == FL_EXCHANGE_WAIT)
		fl_receive_leave(c->exchange);
}

bool fl_connection_watch(struct fl_connection *c)
{
	if (!c->is_watched) {
		c->watch.on_event = on_left;
		/* Edge-triggered and without EPOLLIN: costs nothing while requests come. */
		if (fl_loop_io_add(c->worker->loop, &c->watch, EPOLLRDHUP | EPOLLET) == 0)
			c->is_watched = true;
	}
	return !c->has_left;
}

void fl_connection_shut(struct fl_connection *c)
{
	c->phase = FL_CONNECTION_REAPED;
	c->deadline_ns = UINT64_MAX;
	(void)shutdown(c->watch.fd, SHUT_RDWR);
}
