/* gateway/http/accept.c - accept connections, admit them, spread them over the workers
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every worker waits on the same listening sockets with EPOLLEXCLUSIVE, so that a connection wakes
 * one of them: mostly the same one. It hands the connection to the worker that has the fewest.
 */
#include "config.h"

#include "gateway/http/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

#define ACCEPTS_A_ROUND 32
#define PAUSE_NS (100 * FL_NS_PER_MS)

struct handover { /* a connection on its way to another worker */
	struct fl_loop_task task;
	struct fl_http_worker *to;
	struct fl_peer peer;
	bool is_surplus;
	int fd;
};

static void on_handover(struct fl_loop_task *task)
{
	struct handover *h = FL_CONTAINER_OF(task, struct handover, task);

	fl_connection_adopt(h->to, h->fd, &h->peer, h->is_surplus);
	free(h);
}

static uint64_t load_of(struct fl_http_worker *w)
{
	return atomic_load_explicit(&w->connections_n, memory_order_relaxed);
}

static struct fl_http_worker *least_loaded(struct fl_http_worker *self)
{
	struct fl_http_worker *best = self;

	for (unsigned i = 0; i < self->http->workers_n; i++)
		if (load_of(&self->http->workers[i]) < load_of(best))
			best = &self->http->workers[i];
	return best;
}

static void place(struct fl_http_worker *self, int fd, const struct fl_peer *peer, bool is_surplus)
{
	struct fl_http_worker *to = least_loaded(self);
	struct handover *h = to == self ? NULL : calloc(1, sizeof *h);

	if (!h)
		to = self;
	/* At once, so that the next one is not sent there as well. */
	atomic_fetch_add_explicit(&to->connections_n, 1, memory_order_relaxed);
	if (to == self) {
		fl_connection_adopt(self, fd, peer, is_surplus);
		return;
	}
	h->task.on_task = on_handover;
	h->to = to;
	h->peer = *peer;
	h->is_surplus = is_surplus;
	h->fd = fd;
	fl_loop_post(to->loop, &h->task);
}

static void take(struct fl_http_worker *w, int fd, const struct sockaddr *address)
{
	struct fl_peer peer;
	enum fl_admit admit;

	fl_peer_read(fd, address, w->http->trusted, &peer);
	admit = fl_admission_enter(w->http->admission, &peer);
	if (admit == FL_ADMIT_NO) {
		atomic_fetch_add_explicit(&w->http->refused_connections, 1, memory_order_relaxed);
		(void)close(fd);
		return;
	}
	fl_counter_add(&w->accepted_total, 1);
	place(w, fd, &peer, admit == FL_ADMIT_SURPLUS);
}

static void stop_one(struct fl_acceptor *a)
{
	if (!a->is_on)
		return;
	fl_loop_io_del(a->worker->loop, &a->io);
	a->is_on = false;
}

/* Descriptors or memory are used up: leaves the clients in the backlog for a moment. */
static void pause_all(struct fl_http_worker *w, int number)
{
	fl_log(FL_LOG_ERROR_LEVEL, "http.accept_paused", FL_LOG_C("error", strerrorname_np(number)),
	       FL_LOG_C("hint", "raise LimitNOFILE, or lower server.limits.max_connections"));
	for (size_t i = 0; i < w->http->listeners_n; i++)
		stop_one(&w->acceptors[i]);
	(void)!fl_loop_timer_set(w->loop, &w->accept_again, fl_loop_now_ns(w->loop) + PAUSE_NS);
}

static void on_connection(struct fl_loop_io *io, uint32_t events)
{
	struct fl_acceptor *a = FL_CONTAINER_OF(io, struct fl_acceptor, io);

	(void)events;
	for (unsigned i = 0; i < ACCEPTS_A_ROUND && a->is_on; i++) {
		struct sockaddr_storage address;
		socklen_t size = sizeof address;
		int fd = accept4(io->fd, (struct sockaddr *)&address, &size,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			take(a->worker, fd, (const struct sockaddr *)&address);
		else if (errno == EAGAIN)
			return;
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_all(a->worker, errno);
		/* Any other error is of a connection that is gone already. */
	}
}

static void on_again(struct fl_loop_timer *timer)
{
	struct fl_http_worker *w = FL_CONTAINER_OF(timer, struct fl_http_worker, accept_again);

	if (w->is_quiescing)
		return;
	if (fl_accept_start(w) != 0)
		(void)!fl_loop_timer_set(w->loop, timer, fl_loop_now_ns(w->loop) + PAUSE_NS);
}

int fl_accept_start(struct fl_http_worker *w)
{
	w->accept_again.on_expire = on_again;
	for (size_t i = 0; i < w->http->listeners_n; i++) {
		struct fl_acceptor *a = &w->acceptors[i];

		if (a->is_on)
			continue;
		a->worker = w;
		a->io =
		    (struct fl_loop_io){.fd = w->http->listeners[i].fd, .on_event = on_connection};
		int r = fl_loop_io_add(w->loop, &a->io, EPOLLIN | EPOLLEXCLUSIVE);

		if (r < 0)
			return r;
		a->is_on = true;
	}
	return 0;
}

void fl_accept_stop(struct fl_http_worker *w)
{
	for (size_t i = 0; i < w->http->listeners_n; i++)
		stop_one(&w->acceptors[i]);
	fl_loop_timer_cancel(w->loop, &w->accept_again);
}
