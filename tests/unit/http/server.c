/* tests/unit/http/server.c - the transport with the fake pipeline behind it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/http/server.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/http/fake.h"
#include "tests/unit/test.h"

#define WAIT_NS (10 * FL_NS_PER_SEC)

const struct fl_cfg_limits server_limits = {
    .max_header_bytes = 32768,
    .max_headers = 100,
    .max_target_bytes = 8192,
    .max_body_bytes = 1 << 20,
    .header_timeout_ns = 20 * FL_NS_PER_SEC,
    .body_timeout_ns = 20 * FL_NS_PER_SEC,
    .idle_timeout_ns = 20 * FL_NS_PER_SEC,
    .min_body_rate_bytes_per_sec = 0,
    .max_connections = 1000,
    .max_connections_per_address = 1000,
    .drain_timeout_ns = FL_NS_PER_SEC,
};

struct server server_start(const struct fl_cfg_limits *limits, unsigned workers,
                           const struct fl_cfg_strings *trusted)
{
	static const struct fl_str listen = FL_STR_INIT("127.0.0.1:0");
	static char pipeline; /* the fake one does not look at it */
	struct fl_cfg_server config = {.listen = {&listen, 1}, .limits = *limits};
	struct fl_error err = FL_ERROR_INIT;
	struct server s = {.workers = workers};

	if (trusted)
		config.trusted_proxies = *trusted;
	const struct fl_http_config http = {
	    .server = &config, .workers = workers, .pipeline = (void *)&pipeline};

	fake_reset();
	if (fl_http_create(&http, &s.http, &err) != 0 || fl_http_start(s.http, &err) != 0) {
		print_error("%s: %s (%s)\n", err.code, err.message, err.hint);
		abort();
	}
	s.port = fl_http_port(s.http, 0);
	assert_true(s.port != 0);
	return s;
}

void server_end(struct server *s)
{
	fl_http_stop(s->http);
	s->http = fl_http_destroy(s->http);
}

void server_stop(struct server *s)
{
	fl_http_quiesce(s->http);
	fl_http_close(s->http);
	server_end(s);
}

void server_await(atomic_uint *counter, unsigned n)
{
	uint64_t until_ns = fl_clock_mono_ns() + WAIT_NS;

	while (atomic_load(counter) < n) {
		assert_true(fl_clock_mono_ns() < until_ns);
		(void)sched_yield();
	}
}

struct fl_http_counts server_counts(const struct server *s)
{
	struct fl_http_counts counts;

	fl_http_counts(s->http, &counts);
	return counts;
}

void server_await_connections(const struct server *s, uint64_t n)
{
	uint64_t until_ns = fl_clock_mono_ns() + WAIT_NS;

	while (server_counts(s).connections != n) {
		assert_true(fl_clock_mono_ns() < until_ns);
		(void)sched_yield();
	}
}

unsigned server_refusals(const struct server *s, const char *code)
{
	struct fl_buf out;
	char key[96];

	fl_buf_init(&out, 1 << 16);
	fl_http_collect_refusals(s->http, &out);
	(void)snprintf(key, sizeof key, "code=\"%s\"} ", code);
	const char *at = strstr(fl_buf_cstr(&out), key);

	assert_non_null(at);
	unsigned n = (unsigned)strtoul(at + strlen(key), NULL, 10);

	fl_buf_fini(&out);
	return n;
}
