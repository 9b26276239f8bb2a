/* gateway/outbound/pool.h - the connections of one target policy on one loop
 * SPDX-License-Identifier: Apache-2.0
 *
 * A libcurl multi handle, tied to the loop. Descriptors stay registered while their connection
 * lives: what libcurl no longer wants to hear is taken off the loop only when it is heard, so that
 * requests on a kept connection cost no epoll_ctl. Private to this folder; all calls [loop].
 */
#ifndef FL_GATEWAY_OUTBOUND_POOL_H
#define FL_GATEWAY_OUTBOUND_POOL_H

#include <curl/curl.h>

#include "gateway/outbound/client.h"
#include "gateway/outbound/url.h"

#define FL_OUTBOUND_SPARES_MAX 256u /* idle request objects kept for the next requests */
#define FL_OUTBOUND_IDLE_CONNECTIONS 256 /* kept open per pool; more are closed when they fall idle */

struct fl_outbound_socket;

/* Descriptor -> registration; one table a client, since descriptors are numbers of the process. */
struct fl_outbound_sockets {
	struct fl_outbound_socket **by_fd;
	size_t n;
};

struct fl_outbound_pool {
	struct fl_outbound *client;
	struct fl_loop *loop;
	struct fl_outbound_sockets *sockets;
	uint64_t id;
	CURLM *multi;
	struct fl_outbound_origins origins;
	struct fl_outbound_request *running, *spares;
	size_t running_n, spares_n;
	uint64_t used_ns; /* when the last request ended */
	bool is_dropped; /* closes when nothing runs */
	struct fl_loop_timer timer;
	uint64_t due_ns; /* when libcurl wants to be called; UINT64_MAX: not */
	bool is_pumping, is_careful; /* in libcurl; while it looks for a connection, see is_quiet() */
};

FL_MUST_USE int fl_outbound_pool_create(struct fl_outbound *client, struct fl_loop *loop,
					struct fl_outbound_sockets *sockets, uint64_t id,
					struct fl_outbound_pool **ret);
/* Nothing may run. Closes the connections. */
void fl_outbound_pool_destroy(struct fl_outbound_pool *pool);
/* Puts a prepared request on its way: what can be done without waiting is done now. */
FL_MUST_USE int fl_outbound_pool_start(struct fl_outbound_pool *pool, CURL *easy,
				       bool is_idempotent);
/* Ends a transfer early. */
void fl_outbound_pool_stop(struct fl_outbound_pool *pool, CURL *easy);

/* libcurl's callbacks to make and close a connection's socket; the pool is their context. */
curl_socket_t fl_outbound_pool_open_socket(struct fl_outbound_pool *pool,
					   const struct curl_sockaddr *address);
/* If it is still open it has become a connection: a request is about to be sent on it. */
void fl_outbound_pool_prove_socket(struct fl_outbound_pool *pool, curl_socket_t fd);
int fl_outbound_pool_close_socket(void *pool, curl_socket_t fd);

#endif
