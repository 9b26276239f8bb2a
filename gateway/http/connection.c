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
	w->by_fd[c->fd] = c;
}

static void unlink_from(struct fl_connection *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
	c->worker->by_fd[c->fd] = NULL;
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
	c->fd = fd;
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
	/* Else it would be closed while in the set, which ends it only if no child holds it. */
	if (c->is_kept)
		(void)epoll_ctl(w->daemon_io.fd, EPOLL_CTL_DEL, c->fd, NULL);
	unlink_from(c);
	forget(w, c);
}

/* ---- what libmicrohttpd asks the kernel ---- */

/* A descriptor that is none of ours is libcurl's. */
static struct fl_connection *find(struct fl_http_worker *w, int fd)
{
	return (size_t)fd < w->by_fd_n ? w->by_fd[fd] : NULL;
}

static bool is_waiting(const struct fl_connection *c)
{
	return c->exchange && c->exchange->stage == FL_EXCHANGE_WAIT;
}

/* It reads before it lets an answer be queued to a connection that was suspended. */
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

/* A connection that waits stays in the set. */
static bool is_needless(void *ctx, int op, int fd, uint32_t *events)
{
	struct fl_connection *c = find(ctx, fd);

	*events |= EPOLLRDHUP;
	if (!c)
		return false;
	if (op == EPOLL_CTL_DEL && is_waiting(c)) {
		c->is_kept = true;
		return true;
	}
	bool was_kept = c->is_kept;

	c->is_kept = false;
	return op == EPOLL_CTL_ADD && was_kept;
}

/* What happens to a suspended connection is noted here: to libmicrohttpd it would be an error. */
static bool is_ours(struct fl_http_worker *w, const struct epoll_event *event)
{
	if (!(event->events & EPOLLRDHUP) && w->waiting_n == 0)
		return false;
	struct fl_connection *c =
	    MHD_get_connection_info(event->data.ptr, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;

	if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->has_left = true;
	if (!is_waiting(c))
		return false;
	if (event->events & EPOLLIN)
		c->has_input = true;
	if (c->has_left)
		fl_receive_leave(c->exchange);
	return true;
}

static int on_events(void *ctx, struct epoll_event *events, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (!is_ours(ctx, &events[i]))
			events[kept++] = events[i];
	return kept;
}

void fl_connection_watch_kernel(struct fl_http_worker *w)
{
	w->watch = (struct fl_kernel_watch){
	    .ctx = w,
	    .epoll_fd = w->daemon_io.fd,
	    .is_dry = is_dry,
	    .on_bytes = on_bytes,
	    .is_needless = is_needless,
	    .on_events = on_events,
	};
	fl_kernel_watch(&w->watch);
}

void fl_connection_shut(struct fl_connection *c)
{
	c->phase = FL_CONNECTION_REAPED;
	c->deadline_ns = UINT64_MAX;
	(void)shutdown(c->fd, SHUT_RDWR);
}
