/* gateway/http/internal.h - what the files of this folder share
 * SPDX-License-Identifier: Apache-2.0
 *
 * One struct fl_http serves one set of listeners: the data plane (http.c) or a service (service.c).
 * What is behind the door is a struct fl_http_app. Everything of a worker is touched only on its
 * loop, unless it says otherwise.
 *
 *	listen.c      sockets                      receive.c     libmicrohttpd's calls -> app
 *	accept.c      accept, admit, spread        respond.c     app's answer -> libmicrohttpd
 *	worker.c      thread, loop, daemon         reap.c        deadlines
 *	connection.c  one connection's books       drain.c       quiesce, close, stop
 *	kernel.c      libmicrohttpd's calls of the kernel
 */
#ifndef FL_GATEWAY_HTTP_INTERNAL_H
#define FL_GATEWAY_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "gateway/http/admit.h"
#include "gateway/http/guard.h"
#include "gateway/http/http.h"
#include "gateway/http/kernel.h"
#include "gateway/http/listen.h"
#include "gateway/http/peer.h"
#include "gateway/http/wire.h"

/* The calls of gateway/pipeline/request.h; a service has its own. */
struct fl_http_app {
	enum fl_request_verdict (*begin)(struct fl_request *req);
	enum fl_request_verdict (*dispatch)(struct fl_request *req);
	void (*refuse)(struct fl_request *req, uint32_t status, const char *code, const char *detail);
	void (*gone)(struct fl_request *req);
	void (*drain)(struct fl_request *req);
	void (*end)(struct fl_request *req, uint64_t bytes_out, bool was_sent);
};

enum fl_exchange_stage {
	FL_EXCHANGE_LINE, /* the request line came in; the head is not whole */
	FL_EXCHANGE_BODY, /* the app said CONTINUE; there may be no body */
	FL_EXCHANGE_WAIT, /* dispatched, suspended */
	FL_EXCHANGE_ANSWER, /* the response is to be queued at the next call */
	FL_EXCHANGE_SENDING, /* queued */
	FL_EXCHANGE_LEFT, /* nobody waits for an answer: the connection is closed at the next call */
};

/* A request and how far it got. Outlives its connection when a connector still owes. */
struct fl_exchange {
	struct fl_request req;
	struct fl_http_worker *worker;
	struct fl_connection *connection; /* NULL: it ended */
	struct fl_exchange *next; /* in the worker's list of free ones */
	void *app_data; /* NULL at first */
	enum fl_exchange_stage stage;
	bool is_known; /* to the app, which is owed an end() */
	bool must_close, has_body, is_overflown;
	const char *raw; /* where the target lies in libmicrohttpd's buffer */
	size_t used_bytes; /* of the connection's memory, for the head and notes on it */
	struct fl_str target; /* a copy of what was there */
	uint64_t max_body_bytes;
	struct fl_buf body;
};

enum fl_connection_phase {
	FL_CONNECTION_HEAD, /* a request may be coming in */
	FL_CONNECTION_BODY,
	FL_CONNECTION_WAIT, /* for the app */
	FL_CONNECTION_SEND,
	FL_CONNECTION_IDLE, /* kept alive */
	FL_CONNECTION_REAPED, /* shut down; libmicrohttpd will notice */
};

struct fl_connection {
	struct fl_connection *prev, *next; /* in the worker's ring */
	struct fl_http_worker *worker;
	struct MHD_Connection *mhd;
	struct fl_exchange *exchange; /* under way, or NULL */
	struct fl_loop_io io; /* its descriptor */
	struct fl_connection *next_ready; /* in the worker's list, when is_ready */
	uint32_t events; /* that the daemon has not been told of */
	bool is_ready, is_added; /* is_added: to the loop */
	bool has_left; /* the client closed its side, at least */
	bool has_input; /* there is more to read, as far as events told */
	bool is_surplus; /* over the soft limit */
	enum fl_connection_phase phase;
	uint64_t since_ns, deadline_ns; /* of the phase */
	struct fl_wire wire;
	struct fl_peer peer;
};

struct fl_acceptor {
	struct fl_loop_io io;
	struct fl_http_worker *worker;
	bool is_on;
};

struct fl_http_worker {
	struct fl_http *http;
	unsigned index;
	struct fl_loop *loop;
	struct MHD_Daemon *daemon; /* NULL once closed */
	struct fl_kernel_watch watch; /* the daemon's epoll set */
	struct fl_connection *ready; /* those with events */
	struct fl_outbound *outbound;
	struct fl_pipeline_worker *share;
	struct fl_acceptor *acceptors; /* one a listener */
	struct fl_loop_timer sweep, accept_again;
	bool must_run; /* the daemon has work that no descriptor tells of */
	bool is_quiescing, is_closing;
	uint64_t close_by_ns;
	struct fl_connection ring; /* head of the connections */
	struct fl_connection *arriving; /* while MHD_add_connection() runs */
	struct fl_connection **by_fd; /* by_fd_n of them */
	size_t by_fd_n;
	struct fl_exchange *spare;
	unsigned spare_n;
	struct fl_guard_field *fields; /* max_headers + 1 */
	size_t fields_n;
	uint64_t exchanges_n; /* not spare */
	pthread_t thread;
	bool is_running;
	struct fl_loop_task quiesce_task, close_task;
	/* written by this worker alone (connections_n by all), read by any thread */
	_Alignas(64) _Atomic uint64_t connections_n;
	_Atomic uint64_t requests_n, accepted_total, reaped_total;
};

struct fl_http {
	const struct fl_http_app *app;
	void *app_ctx;
	struct fl_cfg_limits limits;
	struct fl_guard_limits guard_limits;
	size_t memory_bytes; /* of a connection: its head, and the head of the answer */
	uint64_t sweep_ns;
	struct fl_trusted *trusted;
	struct fl_admission *admission;
	struct fl_listener *listeners;
	size_t listeners_n;
	struct fl_http_worker *workers;
	unsigned workers_n;
	struct MHD_Response *failure; /* what is sent when no response can be made */
	_Atomic uint64_t refusals[FL_REFUSAL_N], refused_connections;
	pthread_mutex_t lock; /* with changed: for those who wait in drain.c */
	pthread_cond_t changed;
	unsigned closed_n;
};

struct fl_http_options {
	const struct fl_http_app *app;
	void *app_ctx;
	struct fl_pipeline *pipeline; /* NULL: no share, no outbound client */
	const struct fl_cfg_strings *listen;
	bool may_be_unix; /* listen may have "unix:" */
	const struct fl_cfg_strings *trusted_proxies; /* may be NULL */
	struct fl_cfg_limits limits;
	unsigned workers;
};

/* worker.c */
FL_MUST_USE int fl_http_open(const struct fl_http_options *options, struct fl_http **ret,
			     struct fl_error *err);
FL_MUST_USE int fl_http_worker_init(struct fl_http_worker *w, struct fl_http *http, unsigned index,
				    const struct fl_http_options *options, struct fl_error *err);
void fl_http_worker_fini(struct fl_http_worker *w);

/* accept.c */
FL_MUST_USE int fl_accept_start(struct fl_http_worker *w);
void fl_accept_stop(struct fl_http_worker *w);

/* connection.c; `fd` and the admission become the connection's, also on failure */
void fl_connection_adopt(struct fl_http_worker *w, int fd, const struct fl_peer *peer,
			 bool is_surplus);
void fl_connection_on_notify(void *cls, struct MHD_Connection *mhd, void **context,
			     enum MHD_ConnectionNotificationCode what);
/* What w->watch is made of. */
void fl_connection_init_watch(struct fl_http_worker *w, int epoll_fd);
void fl_connection_shut(struct fl_connection *c);

static inline void fl_connection_enter(struct fl_connection *c, enum fl_connection_phase phase,
				       uint64_t now_ns, uint64_t length_ns)
{
	if (c->phase == FL_CONNECTION_REAPED)
		return;
	c->phase = phase;
	c->since_ns = now_ns;
	c->deadline_ns = length_ns == UINT64_MAX ? UINT64_MAX : now_ns + length_ns;
}

/* receive.c */
void *fl_receive_on_line(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result fl_receive_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				      const char *method, const char *version, const char *data,
				      size_t *data_n, void **context);
void fl_receive_on_completed(void *cls, struct MHD_Connection *mhd, void **context,
			     enum MHD_RequestTerminationCode why);
/* The client is gone, or the connection is about to be closed by us: the app is told, the
 * connection resumed. */
void fl_receive_leave(struct fl_exchange *x);
/* exchange.c: the lists of them */
struct fl_exchange *fl_exchange_take(struct fl_http_worker *w);
void fl_exchange_on_released(struct fl_request *req);
void fl_exchange_free_spare(struct fl_http_worker *w);

/* head.c: fills the request's head from what the guard let pass. False: the arena is full. */
bool fl_head_take(struct fl_exchange *x, const struct fl_guard_head *head,
		  const struct fl_guard_request *seen);

/* respond.c: queues req->response. MHD_NO: the connection must be closed. */
enum MHD_Result fl_respond(struct fl_exchange *x, struct MHD_Connection *mhd);
/* Writes a whole answer past libmicrohttpd, to a connection on which it has none under way and that
 * is about to be shut down. */
void fl_respond_raw(struct fl_connection *c, enum fl_refusal refusal);

/* reap.c */
void fl_reap_on_sweep(struct fl_loop_timer *timer);

/* drain.c */
void fl_drain_on_quiesce(struct fl_loop_task *task);
void fl_drain_on_close(struct fl_loop_task *task);
/* [loop] A request ended: wakes whoever waits for that. */
void fl_drain_note(struct fl_http_worker *w);
/* [loop, in the hook] Closes when all is answered or the time is up. */
void fl_drain_try_close(struct fl_http_worker *w);

/* library.c: what libmicrohttpd needs before the first daemon; -1 for a version nobody looked at */
FL_MUST_USE int fl_library_check(struct fl_error *err);
void fl_library_log(void *cls, const char *format, va_list ap) FL_PRINTF(2, 0);

/* selftest.c */
FL_MUST_USE int fl_guard_self_test(struct fl_error *err);

static inline void fl_http_count_refusal(struct fl_http *http, enum fl_refusal refusal)
{
	atomic_fetch_add_explicit(&http->refusals[refusal], 1, memory_order_relaxed);
}

/* A counter with one writer. */
static inline void fl_counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

#endif
