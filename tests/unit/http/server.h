/* tests/unit/http/server.h - the transport with the fake pipeline behind it
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_UNIT_HTTP_SERVER_H
#define FL_TESTS_UNIT_HTTP_SERVER_H

#include "gateway/http/http.h"

struct server {
	struct fl_http *http;
	uint16_t port;
	unsigned workers;
};

/* Generous limits, for a test to change before server_start(). */
extern const struct fl_cfg_limits server_limits;

/* Listens on an ephemeral port; `trusted` may be NULL. */
struct server server_start(const struct fl_cfg_limits *limits, unsigned workers,
                           const struct fl_cfg_strings *trusted);
/* Quiesces, closes, stops. Not after server_close(). */
void server_stop(struct server *s);
/* The last steps of it, for tests that take the first ones themselves. */
void server_end(struct server *s);
/* Waits for `counter` to reach `n`. */
void server_await(atomic_uint *counter, unsigned n);
struct fl_http_counts server_counts(const struct server *s);
/* Waits until there are `n` connections. */
void server_await_connections(const struct server *s, uint64_t n);
/* How often a code was counted. */
unsigned server_refusals(const struct server *s, const char *code);

#endif
