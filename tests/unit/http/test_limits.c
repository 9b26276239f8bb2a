/* tests/unit/http/test_limits.c - every limit crossed; listening, draining, stopping
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/http/admit.h"
#include "gateway/http/listen.h"
#include "gateway/http/peer.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/fake.h"
#include "tests/unit/http/server.h"
#include "tests/unit/folder.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define SHORT_NS (80 * FL_NS_PER_MS)

/* Of a case: its server, limits for it to change, its clients and the last answer. */
static struct server server;
static struct fl_cfg_limits limits;
static struct client clients[64];
static unsigned clients_n;
static struct answer a;

static struct client *opened(void)
{
	assert_true(clients_n < FL_ARRAY_LEN(clients));
	clients[clients_n] = client_open(server.port);
	return &clients[clients_n++];
}

static void ask(struct client *c, const char *request)
{
	client_send(c, fl_str(request));
	client_read(c, false, &a);
}

static int prepare(void **state)
{
	(void)state;
	limits = server_limits;
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	while (clients_n > 0)
		client_close(&clients[--clients_n]);
	if (server.http)
		server_stop(&server);
	answer_fini(&a);
	return 0;
}

/* ---- time ---- */

static void test_header_deadline(void **state)
{
	struct client *silent, *trickling, *good;

	(void)state;
	limits.header_timeout_ns = SHORT_NS;
	server = server_start(&limits, 1, NULL);
	silent = opened();
	trickling = opened();
	good = opened();
	ask(good, GET("/fixed"));
	/* Each byte is news to libmicrohttpd, but the deadline is one for the whole head. One a
	 * millisecond, so that the head stays far below its limit however fast the machine is. */
	uint64_t began_ns = fl_clock_mono_ns();

	client_send(trickling, FL_STR("GET /fixed HTTP/1.1\r\nX-A: "));
	while (client_hears_nothing(trickling, 1)) {
		client_send(trickling, FL_STR("a"));
		assert_true(fl_clock_mono_ns() - began_ns < 5 * FL_NS_PER_SEC);
	}
	client_read(trickling, false, &a);
	assert_int_equal(a.status, 408);
	assert_non_null(strstr(a.body, "urn:fairlead:problem:request_timeout"));
	client_read(silent, false, &a);
	assert_int_equal(a.status, 408);
	assert_true(client_is_closed(silent));
	ask(good, GET("/fixed")); /* idle for longer than a head may take */
	assert_int_equal(a.status, 200);
	assert_int_equal(server_refusals(&server, "request_timeout"), 2);
	assert_int_equal(server_counts(&server).reaped_total, 2);
}

static void test_second_header_deadline(void **state)
{
	struct client *c;

	(void)state;
	limits.header_timeout_ns = SHORT_NS;
	server = server_start(&limits, 1, NULL);
	c = opened();
	ask(c, GET("/fixed"));
	client_send(c, FL_STR("GET /fixed HTTP/1.1\r\nHost: a\r\n"));
	client_read(c, false, &a);
	assert_int_equal(a.status, 408);
}

static void test_body_deadline(void **state)
{
	struct client *c;

	(void)state;
	limits.body_timeout_ns = SHORT_NS;
	server = server_start(&limits, 1, NULL);
	c = opened();
	client_send(c, FL_STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"));
	while (client_is_open(c))
		client_send(c, FL_STR("a"));
	client_read(c, false, &a);
	assert_int_equal(a.status, 408);
	assert_non_null(strstr(a.body, "urn:fairlead:problem:body_timeout"));
	server_await(&fake.ended, 1);
	assert_int_equal(fake.dispatched, 0);
}

static void test_minimum_rate(void **state)
{
	struct client *c;

	(void)state;
	limits.header_timeout_ns = SHORT_NS; /* from then on the rate counts */
	limits.min_body_rate_bytes_per_sec = 1 << 20;
	server = server_start(&limits, 1, NULL);
	c = opened();
	client_send(c,
	            FL_STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc"));
	client_read(c, false, &a);
	assert_int_equal(a.status, 408);
	assert_non_null(strstr(a.body, "body_timeout"));
}

static void test_idle_deadline(void **state)
{
	struct client *c;

	(void)state;
	limits.idle_timeout_ns = SHORT_NS;
	server = server_start(&limits, 1, NULL);
	c = opened();
	ask(c, GET("/fixed"));
	assert_true(client_is_closed(c)); /* without a word */
	server_await_connections(&server, 0);
}

static void test_waiting_has_no_deadline(void **state)
{
	struct client *waiting, *idle;

	(void)state;
	limits.idle_timeout_ns = limits.header_timeout_ns = limits.body_timeout_ns = SHORT_NS;
	server = server_start(&limits, 1, NULL);
	waiting = opened();
	client_send(waiting, FL_STR(GET("/wait")));
	server_await(&fake.waiting, 1);
	idle = opened(); /* tells when the time is up */
	ask(idle, GET("/fixed"));
	assert_true(client_is_closed(idle));
	assert_true(client_is_open(waiting));
	fake_finish(fl_http_loop(server.http, 0));
	client_read(waiting, false, &a);
	assert_int_equal(a.status, 200);
}

static void test_slow_reader(void **state)
{
	struct client *c;

	(void)state;
	limits.body_timeout_ns = SHORT_NS;
	server = server_start(&limits, 1, NULL);
	c = opened();
	client_send(c, FL_STR(GET("/big/50000000")));
	server_await(&fake.ended, 1); /* nothing is read meanwhile */
	assert_int_equal(fake.sent, 0);
	assert_int_equal(server_counts(&server).reaped_total, 1);
}

/* libmicrohttpd does not see every client that leaves in the middle of a request; the deadlines do.
 */
static void test_cut_off(void **state)
{
	static const char whole[] = "POST /echo?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
				    "X-A: b\r\n\r\nhello";
	struct client *c;

	(void)state;
	limits.header_timeout_ns = limits.body_timeout_ns = SHORT_NS;
	server = server_start(&limits, 1, NULL);
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		struct client cut = client_open(server.port);

		client_send(&cut, fl_str_n(whole, n));
		client_close(&cut);
	}
	c = opened();
	ask(c, GET("/fixed")); /* by now all of them were accepted */
	assert_int_equal(a.status, 200);
	server_await_connections(&server, 1);
	assert_int_equal(fake.dispatched, 1);
	assert_int_equal(fake.begun, fake.ended);
}

/* ---- numbers ---- */

static void test_small_heads(void **state)
{
	char request[2048];
	struct client *c;

	(void)state;
	limits.max_header_bytes = 1024;
	server = server_start(&limits, 1, NULL);
	c = opened();
	(void)snprintf(request, sizeof request, "GET /fixed HTTP/1.1\r\nHost: a\r\nX: %0*d\r\n\r\n",
	               1024 - 37, 0);
	assert_int_equal(strlen(request), 1024);
	ask(c, request);
	assert_int_equal(a.status, 200);
	(void)snprintf(request, sizeof request, "GET /fixed HTTP/1.1\r\nHost: a\r\nX: %0*d\r\n\r\n",
	               1025 - 37, 0);
	ask(c, request);
	assert_int_equal(a.status, 431);
	assert_non_null(strstr(a.body, "urn:fairlead:problem:head_too_large"));
}

/* Descriptors used up: clients wait in the backlog, and are served when there are some again. */
static void test_no_descriptors(void **state)
{
	struct rlimit before, few;
	struct client *one, *two;

	(void)state;
	fl_log_set_level(FL_LOG_ERROR_LEVEL + 1);
	server = server_start(&limits, 1, NULL);
	one = opened();
	ask(one, GET("/fixed"));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	/* Room for the client's end, which takes the lowest number, and no more. */
	int lowest = dup(0);

	assert_int_equal(close(lowest), 0);
	few.rlim_cur = (rlim_t)lowest + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	two = opened();
	client_send(two, FL_STR(GET("/fixed")));
	ask(one, GET("/fixed"));
	assert_int_equal(a.status, 200);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	client_read(two, false, &a);
	assert_int_equal(a.status, 200);
	fl_log_set_level(FL_LOG_INFO);
}

static void test_connections(void **state)
{
	struct client *c[21];
	unsigned served = 0, busy = 0, closed = 0;

	(void)state;
	limits.max_connections = 20;
	server = server_start(&limits, 1, NULL);
	for (int i = 0; i < 21; i++)
		c[i] = opened();
	for (int i = 0; i < 21; i++) {
		ask(c[i], GET("/fixed"));
		served += a.status == 200;
		closed += a.status == 0;
		if (a.status == 503) {
			busy++;
			assert_non_null(strstr(a.body, "too_many_connections"));
			assert_true(client_is_closed(c[i]));
		}
	}
	assert_int_equal(served, 18);
	assert_int_equal(busy, 2);
	assert_int_equal(closed, 1);
	assert_int_equal(server_counts(&server).refused_connections_total, 1);
	for (int i = 0; i < 21; i++)
		client_close(c[i]);
	server_await_connections(&server, 0);
	c[0] = opened();
	ask(c[0], GET("/fixed"));
	assert_int_equal(a.status, 200);
}

static void test_connections_of_an_address(void **state)
{
	struct client *c[4];

	(void)state;
	limits.max_connections_per_address = 3;
	server = server_start(&limits, 2, NULL);
	for (int i = 0; i < 3; i++) {
		c[i] = opened();
		ask(c[i], GET("/fixed"));
		assert_int_equal(a.status, 200);
	}
	c[3] = opened();
	assert_true(client_is_closed(c[3]));
	client_close(c[3]);
	client_close(c[0]);
	server_await_connections(&server, 2);
	c[0] = opened();
	ask(c[0], GET("/fixed"));
	assert_int_equal(a.status, 200);
}

static void test_trusted_proxies_are_not_counted(void **state)
{
	static const struct fl_str item = FL_STR_INIT("127.0.0.1");
	static const struct fl_cfg_strings trusted = {&item, 1};
	struct client *c[4];

	(void)state;
	limits.max_connections_per_address = 1;
	server = server_start(&limits, 1, &trusted);
	for (int i = 0; i < 4; i++) {
		c[i] = opened();
		ask(c[i], GET("/fixed"));
		assert_int_equal(a.status, 200);
	}
}

static void test_six_by_block(void **state)
{
	struct fl_admission *admission;
	struct fl_peer peer = {.address.bytes = {0x20, 1, 0xd, 0xb8}};

	(void)state;
	assert_int_equal(fl_admission_create(100, 2, &admission), 0);
	peer.address.bytes[15] = 1;
	assert_int_equal(fl_admission_enter(admission, &peer), FL_ADMIT_YES);
	peer.address.bytes[15] = 2;
	assert_int_equal(fl_admission_enter(admission, &peer), FL_ADMIT_YES);
	peer.address.bytes[8] = 3; /* the same /64 */
	assert_int_equal(fl_admission_enter(admission, &peer), FL_ADMIT_NO);
	peer.address.bytes[7] = 1; /* another */
	assert_int_equal(fl_admission_enter(admission, &peer), FL_ADMIT_YES);
	assert_int_equal(fl_admission_count(admission), 3);
	fl_admission_leave(admission, &peer);
	peer.address.bytes[7] = 0;
	fl_admission_leave(admission, &peer);
	assert_int_equal(fl_admission_enter(admission, &peer), FL_ADMIT_YES);
	admission = fl_admission_destroy(admission);
}

static void test_spread(void **state)
{
	struct client *c[40];

	(void)state;
	server = server_start(&limits, 4, NULL);
	for (int i = 0; i < 40; i++)
		c[i] = opened();
	for (int i = 0; i < 40; i++) {
		ask(c[i], GET("/fixed"));
		assert_int_equal(a.status, 200);
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(fake.by_worker[i], 8, 12);
}

/* ---- listening ---- */

static void test_listen_errors(void **state)
{
	static const struct {
		const char *listen, *code;
	} rows[] = {
	    {"", "listen_invalid"},
	    {"8080", "listen_invalid"},
	    {"127.0.0.1", "listen_invalid"},
	    {"127.0.0.1:", "listen_invalid"},
	    {"127.0.0.1:65536", "listen_invalid"},
	    {"127.0.0.1:-1", "listen_invalid"},
	    {"localhost:8080", "listen_invalid"},
	    {"::1:8080", "listen_invalid"},
	    {"[::1:8080", "listen_invalid"},
	    {"192.0.2.1:0", "listen_invalid"},
	    {"unix:relative", "listen_invalid"},
	    {"unix:", "listen_invalid"},
	    {"unix:/nonexistent/folder/socket", "listen_invalid"},
	    {"unix:/proc/socket", "listen_denied"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_error err = FL_ERROR_INIT;
		struct fl_listener listener;

		assert_true(fl_listen_open(fl_str(rows[i].listen), true, &listener, &err) < 0);
		if (strcmp(err.code, rows[i].code) != 0 &&
		    strcmp(rows[i].listen, "unix:/proc/socket") != 0)
			fail_msg("%s: %s, %s", rows[i].listen, err.code, err.message);
		assert_true(err.hint[0] != '\0');
		assert_int_equal(listener.fd, -1);
	}
	struct fl_error err = FL_ERROR_INIT;
	struct fl_listener listener;

	assert_true(fl_listen_open(FL_STR("unix:/tmp/x"), false, &listener, &err) < 0);
	assert_string_equal(err.code, "listen_invalid");
}

static void test_listen_in_use(void **state)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_listener one, two;
	char text[64];

	(void)state;
	assert_int_equal(fl_listen_open(FL_STR("127.0.0.1:0"), false, &one, &err), 0);
	(void)snprintf(text, sizeof text, "127.0.0.1:%u", one.port);
	assert_true(fl_listen_open(fl_str(text), false, &two, &err) < 0);
	assert_string_equal(err.code, "listen_in_use");
	assert_non_null(strstr(err.message, text));
	assert_non_null(strstr(err.hint, "another port"));
	fl_listen_close(&one);
	err = FL_ERROR_INIT;
	assert_int_equal(fl_listen_open(fl_str(text), false, &two, &err), 0);
	fl_listen_close(&two);
}

static void test_unix_sockets(void **state)
{
	char folder[FOLDER_PATH_MAX], text[FOLDER_PATH_MAX + 16];
	struct fl_error err = FL_ERROR_INIT;
	struct fl_listener one, two;

	(void)state;
	folder_make(folder, "limits");
	(void)snprintf(text, sizeof text, "unix:%s/socket", folder);
	assert_int_equal(fl_listen_open(fl_str(text), true, &one, &err), 0);
	assert_true(fl_listen_open(fl_str(text), true, &two, &err) < 0);
	assert_string_equal(err.code, "listen_in_use");
	assert_int_equal(access(text + 5, F_OK), 0);
	(void)close(one.fd); /* as if the process had died */
	assert_int_equal(fl_listen_open(fl_str(text), true, &two, &err), 0);
	fl_listen_close(&two);
	assert_int_equal(access(text + 5, F_OK), -1);
	/* A file that is no socket is nobody's to remove. */
	FILE *f = fopen(text + 5, "w");

	assert_non_null(f);
	(void)fclose(f);
	assert_true(fl_listen_open(fl_str(text), true, &two, &err) < 0);
	assert_int_equal(unlink(text + 5), 0);
	assert_int_equal(folder_drop(folder), 0);
}

static void test_six(void **state)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_listener one;

	(void)state;
	if (fl_listen_open(FL_STR("[::1]:0"), false, &one, &err) < 0) {
		assert_string_equal(err.code, "listen_invalid"); /* a host without IPv6 */
		return;
	}
	assert_true(one.port != 0);
	fl_listen_close(&one);
}

/* ---- draining, stopping ---- */

static void test_drain(void **state)
{
	struct client *waiting, *idle, *late;

	(void)state;
	server = server_start(&limits, 2, NULL);
	waiting = opened();
	idle = opened();
	late = opened();
	ask(idle, GET("/fixed"));
	client_send(waiting, FL_STR(GET("/wait")));
	server_await(&fake.waiting, 1);
	fl_http_quiesce(server.http);
	assert_true(client_is_closed(idle));
	assert_false(fl_http_wait_drained(server.http, 10 * FL_NS_PER_MS));
	/* A connection that never asked anything may ask once. */
	ask(late, GET("/fixed"));
	assert_int_equal(a.status, 200);
	assert_true(a.says_close);
	for (unsigned i = 0; i < 2; i++)
		fake_finish(fl_http_loop(server.http, i));
	assert_true(fl_http_wait_drained(server.http, 10 * FL_NS_PER_SEC));
	client_read(waiting, false, &a);
	assert_int_equal(a.status, 200);
	assert_true(a.says_close);
	assert_true(client_is_closed(waiting));
	fl_http_close(server.http);
	server_end(&server);
}

static void test_close_answers_what_waits(void **state)
{
	enum { N = 50 };
	struct client *c[N];

	(void)state;
	server = server_start(&limits, 2, NULL);
	for (int i = 0; i < N; i++) {
		c[i] = opened();
		client_send(c[i], FL_STR(GET("/wait")));
	}
	server_await(&fake.waiting, N);
	fl_http_close(server.http);
	assert_int_equal(fake.drained, N);
	for (int i = 0; i < N; i++) {
		client_read(c[i], false, &a);
		assert_int_equal(a.status, 503);
		assert_true(a.says_close);
		client_close(c[i]);
	}
	server_end(&server);
	assert_int_equal(fake.ended, N);
	assert_int_equal(fake.sent, N);
}

static void test_close_with_debts(void **state)
{
	struct client *c;

	(void)state;
	server = server_start(&limits, 1, NULL);
	c = opened();
	client_send(c, FL_STR(GET("/owe")));
	server_await(&fake.waiting, 1);
	fl_http_close(server.http);
	client_read(c, false, &a);
	assert_int_equal(a.status, 503);
	assert_int_equal(fake.owed, 1);
	fake_pay(fl_http_loop(server.http, 0)); /* the loop goes on until stop */
	server_end(&server);
	assert_int_equal(fake.owed, 0);
}

static void test_close_in_the_middle(void **state)
{
	struct client *head, *body, *reading;

	(void)state;
	server = server_start(&limits, 1, NULL);
	head = opened();
	body = opened();
	reading = opened();
	(void)opened(); /* says nothing */
	client_send(head, FL_STR("GET /fixed HTTP/1.1\r\nHost"));
	client_send(body, FL_STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"));
	client_send(reading, FL_STR(GET("/big/50000000")));
	server_await(&fake.begun, 2);
	server_await_connections(&server, 4);
	fl_http_close(server.http); /* gives up after a second */
	assert_int_equal(server_counts(&server).connections, 0);
	server_end(&server);
	assert_int_equal(fake.ended, 2);
	assert_int_equal(fake.sent, 0);
}

static void test_never_started(void **state)
{
	struct fl_str listen[2] = {FL_STR("127.0.0.1:0"), FL_STR("127.0.0.1:0")};
	struct fl_cfg_server config = {.listen = {listen, 2}, .limits = server_limits};
	const struct fl_http_config http = {.server = &config, .workers = 3};
	struct fl_error err = FL_ERROR_INIT;
	struct fl_http *it;

	(void)state;
	assert_int_equal(fl_http_create(&http, &it, &err), 0);
	assert_true(fl_http_port(it, 0) != fl_http_port(it, 1));
	it = fl_http_destroy(it);
	assert_null(it);
}

int main(void)
{
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, prepare, clean_up)
	const struct CMUnitTest tests[] = {
	    CASE("a head has one deadline, however it trickles", test_header_deadline),
	    CASE("so has the head of a later request", test_second_header_deadline),
	    CASE("a body has one deadline", test_body_deadline),
	    CASE("a body has a minimum rate", test_minimum_rate),
	    CASE("an idle connection is closed", test_idle_deadline),
	    CASE("a waiting request is not the reaper's", test_waiting_has_no_deadline),
	    CASE("a client that does not read is cut off", test_slow_reader),
	    CASE("a request cut off after any byte reaches nobody and keeps nothing", test_cut_off),
	    CASE("a small limit of heads is kept to the byte", test_small_heads),
	    CASE("without descriptors clients wait", test_no_descriptors),
	    CASE("connections are limited: some are told, then none is taken", test_connections),
	    CASE("an address may have only so many", test_connections_of_an_address),
	    CASE("trusted proxies count in total only", test_trusted_proxies_are_not_counted),
	    CASE("IPv6 addresses count by their /64", test_six_by_block),
	    CASE("connections spread over the workers", test_spread),
	    CASE("what cannot be listened on is told with a hint", test_listen_errors),
	    CASE("a port in use is named", test_listen_in_use),
	    CASE("a stale Unix socket is replaced, a live one is not", test_unix_sockets),
	    CASE("IPv6 addresses are understood", test_six),
	    CASE("draining answers what is under way and closes", test_drain),
	    CASE("closing answers 503 to all that waits", test_close_answers_what_waits),
	    CASE("a debt may be paid after closing", test_close_with_debts),
	    CASE("closing does not wait for slow clients", test_close_in_the_middle),
	    CASE("one that never started can be destroyed", test_never_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
