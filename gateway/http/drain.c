/* gateway/http/drain.c - quiesce, close, stop
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "gateway/http/internal.h"

#include <errno.h>
#include <sys/socket.h>

/* How long the last answers may take to leave after fl_http_close(). */
#define CLOSE_NS FL_NS_PER_SEC

/* ---- on the worker ---- */

/* Nothing was received that would go unanswered. */
static bool is_quiet(const struct fl_connection *c)
{
	char byte;

	return c->phase == FL_CONNECTION_IDLE &&
	       recv(c->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void fl_drain_on_quiesce(struct fl_loop_task *task)
{
	struct fl_http_worker *w = FL_CONTAINER_OF(task, struct fl_http_worker, quiesce_task);

	w->is_quiescing = true;
	fl_accept_stop(w);
	for (struct fl_connection *c = w->ring.next; c != &w->ring; c = c->next)
		if (is_quiet(c))
			fl_connection_shut(c);
	fl_drain_note(w);
}

void fl_drain_note(struct fl_http_worker *w)
{
	(void)pthread_mutex_lock(&w->http->lock);
	(void)pthread_cond_broadcast(&w->http->changed);
	(void)pthread_mutex_unlock(&w->http->lock);
}

void fl_drain_on_close(struct fl_loop_task *task)
{
	struct fl_http_worker *w = FL_CONTAINER_OF(task, struct fl_http_worker, close_task);

	w->is_quiescing = true;
	fl_accept_stop(w);
	w->is_closing = true;
	w->close_by_ns = fl_loop_now_ns(w->loop) + CLOSE_NS;
	for (struct fl_connection *c = w->ring.next; c != &w->ring; c = c->next)
		if (c->exchange && c->exchange->stage == FL_EXCHANGE_WAIT)
			w->http->app->drain(&c->exchange->req);
	/* Brings the loop round when an answer does not leave. */
	fl_loop_timer_cancel(w->loop, &w->sweep);
	(void)!fl_loop_timer_set(w->loop, &w->sweep, w->close_by_ns);
}

void fl_drain_try_close(struct fl_http_worker *w)
{
	uint64_t requests_n = atomic_load_explicit(&w->requests_n, memory_order_relaxed);

	if (!w->daemon || (requests_n > 0 && fl_loop_now_ns(w->loop) < w->close_by_ns))
		return;
	/* libmicrohttpd aborts the process when it is stopped with suspended connections. */
	for (struct fl_connection *c = w->ring.next; c != &w->ring; c = c->next)
		if (c->exchange && c->exchange->stage == FL_EXCHANGE_WAIT)
			fl_receive_leave(c->exchange);
	MHD_stop_daemon(w->daemon);
	w->daemon = NULL;
	w->must_run = false;
	FL_ASSERT(w->ring.next == &w->ring);
	fl_loop_timer_cancel(w->loop, &w->sweep);
	(void)pthread_mutex_lock(&w->http->lock);
	w->http->closed_n++;
	(void)pthread_cond_broadcast(&w->http->changed);
	(void)pthread_mutex_unlock(&w->http->lock);
}

/* ---- from the control thread ---- */

void fl_http_quiesce(struct fl_http *http)
{
	for (unsigned i = 0; i < http->workers_n; i++) {
		struct fl_http_worker *w = &http->workers[i];

		w->quiesce_task.on_task = fl_drain_on_quiesce;
		fl_loop_post(w->loop, &w->quiesce_task);
	}
}

static uint64_t requests_under_way(const struct fl_http *http)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < http->workers_n; i++)
		n += atomic_load_explicit(&http->workers[i].requests_n, memory_order_relaxed);
	return n;
}

bool fl_http_wait_drained(struct fl_http *http, uint64_t timeout_ns)
{
	uint64_t until_ns = fl_clock_mono_ns() + timeout_ns;
	struct timespec until = {.tv_sec = (time_t)(until_ns / FL_NS_PER_SEC),
	                         .tv_nsec = (long)(until_ns % FL_NS_PER_SEC)};
	int r = 0;

	(void)pthread_mutex_lock(&http->lock);
	while (requests_under_way(http) > 0 && r == 0)
		r = pthread_cond_timedwait(&http->changed, &http->lock, &until);
	bool is_drained = requests_under_way(http) == 0;

	(void)pthread_mutex_unlock(&http->lock);
	return is_drained;
}

void fl_http_close(struct fl_http *http)
{
	for (unsigned i = 0; i < http->workers_n; i++) {
		struct fl_http_worker *w = &http->workers[i];

		w->close_task.on_task = fl_drain_on_close;
		fl_loop_post(w->loop, &w->close_task);
	}
	(void)pthread_mutex_lock(&http->lock);
	while (http->closed_n < http->workers_n)
		(void)pthread_cond_wait(&http->changed, &http->lock);
	(void)pthread_mutex_unlock(&http->lock);
	for (size_t i = 0; i < http->listeners_n; i++)
		fl_listen_close(&http->listeners[i]);
}

void fl_http_stop(struct fl_http *http)
{
	for (unsigned i = 0; i < http->workers_n; i++) {
		struct fl_http_worker *w = &http->workers[i];

		if (!w->is_running)
			continue;
		fl_loop_stop(w->loop);
		(void)pthread_join(w->thread, NULL);
		w->is_running = false;
	}
}
