/* gateway/http/worker.c - a worker: thread, loop, libmicrohttpd daemon, outbound client
 * SPDX-License-Identifier: Apache-2.0
 *
 * The daemon has no thread and no listening socket, and its epoll set is the loop's (kernel.h). It
 * runs in the loop's hook: first what came in and what was resumed, then answers of resumed
 * connections, which libmicrohttpd writes one turn later.
 */
#include "config.h"

#include "gateway/http/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

#define TURNS_A_ROUND 4
/* libmicrohttpd deadlocks at its own limit: ours is reached before. */
#define LIBRARY_CONNECTIONS (UINT32_C(1) << 24)
#define MEMORY_MIN_BYTES (8u << 10)
#define SWEEP_MIN_NS (5 * FL_NS_PER_MS)
#define SWEEP_MAX_NS FL_NS_PER_SEC

/* ---- the loop's side ---- */

static bool has_more(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG left_ms;

	return MHD_get_timeout(daemon, &left_ms) == MHD_YES && left_ms == 0;
}

static bool before_wait(void *ctx)
{
	struct fl_http_worker *w = ctx;

	for (unsigned i = 0; w->must_run && i < TURNS_A_ROUND; i++) {
		w->must_run = false;
		(void)MHD_run(w->daemon);
		if (has_more(w->daemon))
			w->must_run = true;
	}
	if (w->is_closing)
		fl_drain_try_close(w);
	return w->must_run;
}

/* ---- making one ---- */

/* Escapes are undone by whoever may: the path's canonical form. */
static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *s)
{
	(void)cls;
	(void)mhd;
	return strlen(s);
}

static int start_daemon(struct fl_http_worker *w, struct fl_error *err)
{
	const unsigned flags =
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	const union MHD_DaemonInfo *info;

	w->daemon = MHD_start_daemon(
	    flags, 0, NULL, NULL, fl_receive_on_request, w, MHD_OPTION_EXTERNAL_LOGGER,
	    fl_library_log, w->http, MHD_OPTION_URI_LOG_CALLBACK, fl_receive_on_line, w,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED,
	    fl_receive_on_completed, w, MHD_OPTION_NOTIFY_CONNECTION, fl_connection_on_notify, w,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, w->http->memory_bytes, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)LIBRARY_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_END);
	if (!w->daemon)
		return fl_error_set(err, "http_library", "cannot start libmicrohttpd");
	info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	fl_connection_init_watch(w, info->epoll_fd);
	return 0;
}

/* Setting a timer again cannot fail once there was room for it. */
static int reserve_timers(struct fl_http_worker *w)
{
	int r = fl_loop_timer_set(w->loop, &w->sweep, UINT64_MAX);

	if (r == 0)
		r = fl_loop_timer_set(w->loop, &w->accept_again, UINT64_MAX);
	fl_loop_timer_cancel(w->loop, &w->accept_again);
	fl_loop_timer_cancel(w->loop, &w->sweep);
	return r;
}

static int init_loop(struct fl_http_worker *w, const struct fl_http_options *options)
{
	int r = fl_loop_create(&w->loop);

	if (r < 0)
		return r;
	r = reserve_timers(w);
	if (r < 0)
		return r;
	fl_loop_set_before_wait(w->loop, before_wait, w);
	if (!options->pipeline)
		return 0;
	w->share = fl_pipeline_attach_worker(options->pipeline, w->index, w->loop);
	return fl_outbound_create(w->loop, &w->outbound);
}

int fl_http_worker_init(struct fl_http_worker *w, struct fl_http *http, unsigned index,
                        const struct fl_http_options *options, struct fl_error *err)
{
	int r;

	w->http = http;
	w->index = index;
	w->ring.prev = w->ring.next = &w->ring;
	w->sweep.on_expire = fl_reap_on_sweep;
	w->acceptors = calloc(http->listeners_n, sizeof *w->acceptors);
	w->fields = calloc(http->guard_limits.max_fields + 1, sizeof *w->fields);
	if (!w->acceptors || !w->fields)
		return -ENOMEM;
	r = init_loop(w, options);
	if (r < 0)
		return r;
	r = start_daemon(w, err);
	return r < 0 ? r : fl_accept_start(w);
}

void fl_http_worker_fini(struct fl_http_worker *w)
{
	if (w->loop) {
		fl_accept_stop(w);
		if (w->daemon) {
			w->close_by_ns = 0;
			fl_drain_try_close(w);
		}
		w->outbound = fl_outbound_destroy(w->outbound);
		w->loop = fl_loop_destroy(w->loop);
	}
	FL_ASSERT(w->exchanges_n == 0);
	fl_exchange_free_spare(w);
	free(w->acceptors);
	free(w->fields);
	free(w->by_fd);
}

/* ---- all of them ---- */

static uint64_t min3(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static int init_parts(struct fl_http *http, const struct fl_http_options *options,
                      struct fl_error *err)
{
	const struct fl_cfg_limits *limits = &options->limits;
	uint64_t sweep_ns =
	    min3(limits->header_timeout_ns, limits->body_timeout_ns, limits->idle_timeout_ns) / 8;
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&http->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&http->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	http->app = options->app;
	http->app_ctx = options->app_ctx;
	http->limits = *limits;
	http->guard_limits = (struct fl_guard_limits){
	    .max_head_bytes = limits->max_header_bytes,
	    .max_fields = limits->max_headers,
	    .max_target_bytes = limits->max_target_bytes,
	};
	/* All of it is zeroed after each request, so no more than asked for. */
	http->memory_bytes = limits->max_header_bytes < MEMORY_MIN_BYTES
	                         ? MEMORY_MIN_BYTES
	                         : (size_t)limits->max_header_bytes;
	http->sweep_ns = sweep_ns < SWEEP_MIN_NS   ? SWEEP_MIN_NS
	                 : sweep_ns > SWEEP_MAX_NS ? SWEEP_MAX_NS
	                                           : sweep_ns;
	http->failure = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (!http->failure)
		return -ENOMEM;
	int r = fl_trusted_create(options->trusted_proxies, &http->trusted, err);

	return r < 0 ? r
	             : fl_admission_create(limits->max_connections,
	                                   limits->max_connections_per_address, &http->admission);
}

static int open_listeners(struct fl_http *http, const struct fl_http_options *options,
                          struct fl_error *err)
{
	http->listeners = calloc(options->listen->n + 1, sizeof *http->listeners);
	if (!http->listeners)
		return -ENOMEM;
	for (size_t i = 0; i < options->listen->n; i++) {
		int r = fl_listen_open(options->listen->items[i], options->may_be_unix,
		                       &http->listeners[i], err);

		if (r < 0)
			return r;
		http->listeners_n++;
	}
	return 0;
}

static int init_workers(struct fl_http *http, const struct fl_http_options *options,
                        struct fl_error *err)
{
	http->workers = aligned_alloc(64, options->workers * sizeof *http->workers);
	if (!http->workers)
		return -ENOMEM;
	memset(http->workers, 0, options->workers * sizeof *http->workers);
	for (unsigned i = 0; i < options->workers; i++) {
		http->workers_n++;
		int r = fl_http_worker_init(&http->workers[i], http, i, options, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int fl_http_open(const struct fl_http_options *options, struct fl_http **ret, struct fl_error *err)
{
	struct fl_http *http;
	int r;

	if (fl_library_check(err) < 0 || fl_guard_self_test(err) < 0)
		return -1;
	http = calloc(1, sizeof *http);
	if (!http)
		return -ENOMEM;
	r = init_parts(http, options, err);
	if (r == 0)
		r = open_listeners(http, options, err);
	if (r == 0)
		r = init_workers(http, options, err);
	if (r < 0) {
		(void)fl_http_destroy(http);
		(void)fl_error_set(err, "http_library", "cannot set up the workers: error %d", -r);
		return r;
	}
	*ret = http;
	return 0;
}

static void *run(void *arg)
{
	struct fl_http_worker *w = arg;

	fl_kernel_watch(&w->watch);
	fl_loop_run(w->loop);
	return NULL;
}

int fl_http_start(struct fl_http *http, struct fl_error *err)
{
	sigset_t all, before;
	int r = 0;

	/* Signals are for the control thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < http->workers_n && r == 0; i++) {
		struct fl_http_worker *w = &http->workers[i];
		char name[16];

		r = pthread_create(&w->thread, NULL, run, w);
		w->is_running = r == 0;
		(void)snprintf(name, sizeof name, "fl-http-%u", i);
		if (r == 0)
			(void)pthread_setname_np(w->thread, name);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		return 0;
	(void)fl_error_set(err, "http_thread", "cannot start a worker thread: %s",
	                   strerrorname_np(r));
	fl_error_hint(err, "raise TasksMax or ulimit -u, or lower server.workers");
	return -r;
}

struct fl_http *fl_http_destroy(struct fl_http *http)
{
	if (!http)
		return NULL;
	for (unsigned i = 0; i < http->workers_n; i++) {
		FL_ASSERT(!http->workers[i].is_running);
		fl_http_worker_fini(&http->workers[i]);
	}
	free(http->workers);
	for (size_t i = 0; i < http->listeners_n; i++)
		fl_listen_close(&http->listeners[i]);
	free(http->listeners);
	http->admission = fl_admission_destroy(http->admission);
	http->trusted = fl_trusted_destroy(http->trusted);
	if (http->failure)
		MHD_destroy_response(http->failure);
	(void)pthread_cond_destroy(&http->changed);
	(void)pthread_mutex_destroy(&http->lock);
	free(http);
	return NULL;
}
