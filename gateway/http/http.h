/* gateway/http/http.h - the data plane's listeners and worker threads
 * SPDX-License-Identifier: Apache-2.0
 *
 * The only folder that includes libmicrohttpd. N workers, each with a loop, a libmicrohttpd daemon
 * in external-epoll mode, an outbound client and a share of the pipeline. Sockets are bound here,
 * once; a configuration change never touches them. Strict HTTP is in guard.h.
 *
 *	create -> start -> (serve) -> quiesce -> wait_drained -> close -> (control retires all
 *	instances) -> stop -> destroy
 */
#ifndef FL_GATEWAY_HTTP_HTTP_H
#define FL_GATEWAY_HTTP_HTTP_H

#include "gateway/config/model.h"
#include "gateway/outbound/client.h"
#include "gateway/pipeline/pipeline.h"

struct fl_http;

struct fl_http_config {
	const struct fl_cfg_server *server; /* copied where needed */
	unsigned workers;
	struct fl_pipeline *pipeline;
};

/* Runs the guard's self-test, binds, makes loops, clients and daemons. Errors name the fix:
 * listen_in_use, listen_denied, listen_invalid, guard_self_test, http_library. [control] */
FL_MUST_USE int fl_http_create(const struct fl_http_config *config, struct fl_http **ret,
			       struct fl_error *err);
struct fl_loop *fl_http_loop(const struct fl_http *http, unsigned worker);
struct fl_outbound *fl_http_outbound(const struct fl_http *http, unsigned worker);
/* The port that listener `i` got (port 0 in the configuration: the kernel chose). */
uint16_t fl_http_port(const struct fl_http *http, size_t i);
/* Starts the threads; connections are accepted from now on. */
FL_MUST_USE int fl_http_start(struct fl_http *http, struct fl_error *err);
/* No new connections; every answer says Connection: close; idle connections are closed. [control] */
void fl_http_quiesce(struct fl_http *http);
/* Until no request is under way; false on timeout. [control], blocks */
bool fl_http_wait_drained(struct fl_http *http, uint64_t timeout_ns);
/* Answers 503 to what still waits, then closes every connection and stops the daemons. The loops go
 * on running: connectors may still owe. [control], blocks briefly */
void fl_http_close(struct fl_http *http);
/* Stops the loops, joins the threads. Nothing is owed any more. */
void fl_http_stop(struct fl_http *http);
struct fl_http *fl_http_destroy(struct fl_http *http);

struct fl_http_counts {
	uint64_t connections, requests_active; /* now */
	uint64_t accepted_total, refused_connections_total, reaped_total;
};
void fl_http_counts(const struct fl_http *http, struct fl_http_counts *ret); /* [any] */
/* Requests refused by the guard, by code: prints samples for fl_metrics_register(). `ctx` is the
 * struct fl_http. */
void fl_http_collect_refusals(void *ctx, struct fl_buf *out);

#endif
