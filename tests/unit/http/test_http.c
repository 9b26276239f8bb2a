/* tests/unit/http/test_http.c - the transport over real sockets: requests, bodies, waiting
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>

#include "tests/unit/http/client.h"
#include "tests/unit/http/fake.h"
#include "tests/unit/http/server.h"
#include "tests/unit/test.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct server server;
static struct client c;
static struct answer a;

static int start(void **state)
{
	(void)state;
	server = server_start(&server_limits, 1, NULL);
	c = client_open(server.port);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	client_close(&c);
	server_stop(&server);
	answer_fini(&a);
	return 0;
}

static void ask(const char *request)
{
	client_send(&c, fl_str(request));
	client_read(&c, strncmp(request, "HEAD", 4) == 0, &a);
}

static void assert_kept(void)
{
	ask(GET("/fixed"));
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "hello\n");
}

/* ---- heads ---- */

static void test_head(void **state)
{
	(void)state;
	ask("PUT /show?a=b&c HTTP/1.1\r\nHOST: API.example.com:8080\r\nX-Foo: \t Bar \t\r\n"
	    "Content-Length: 2\r\nx-foo: second\r\nEmpty:\r\n\r\nhi");
	assert_string_equal(a.body, "method=PUT\npath=/show\nquery=a=b&c\n"
	                            "host=API.example.com:8080\nhost_name=api.example.com\n"
	                            "client=127.0.0.1\nscheme=http\ntrusted=0\nbytes_in=2\n"
	                            "x-foo: Bar|\nx-foo: second|\nempty: |\n");
	assert_true(fl_str_is(answer_header(&a, "x-fake"), "yes"));
	assert_true(answer_header(&a, "date").n == 29);
	assert_kept();
}

static void test_head_without_host(void **state)
{
	(void)state;
	ask("GET /show HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(a.body, "\nhost=\nhost_name=\n"));
	assert_true(client_is_closed(&c));
}

static void test_dropped_fields(void **state)
{
	(void)state;
	ask("GET /show HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Drop ,authorization\r\n"
	    "Connection: X-Consumer-Id,x-more\r\nX-Drop: 1\r\nAuthorization: secret\r\nX-More: "
	    "1\r\n"
	    "Keep-Alive: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Connection: close\r\n"
	    "X-Fairlead-Id: 1\r\nX-Consumer-Id: admin\r\nX-Forwarded-For: 1.2.3.4\r\n"
	    "X-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n"
	    "X-Keep: this\r\nX-Forwarded: that\r\n\r\n");
	const char *end = strstr(a.body, "bytes_in=0\n");

	assert_non_null(end);
	assert_string_equal(end, "bytes_in=0\nx-keep: this|\nx-forwarded: that|\n");
	assert_non_null(strstr(a.body, "client=127.0.0.1\nscheme=http\ntrusted=0\n"));
}

static void test_trusted_proxy(void **state)
{
	static const struct fl_str items[] = {FL_STR_INIT("127.0.0.0/8"), FL_STR_INIT("10.0.0.1"),
	                                      FL_STR_INIT("2001:db8::/32")};
	static const struct fl_cfg_strings trusted = {items, FL_ARRAY_LEN(items)};
	static const struct {
		const char *fields, *client, *scheme;
	} rows[] = {
	    {"", "127.0.0.1", "http"},
	    {"X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7", "http"},
	    {"X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.0.0.1\r\n", "192.0.2.7", "http"},
	    {"X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 192.0.2.7:99 ,10.0.0.1\r\n", "192.0.2.7",
	     "http"},
	    {"X-Forwarded-For: junk, 10.0.0.1\r\n", "10.0.0.1", "http"},
	    {"X-Forwarded-For: 10.0.0.1, junk\r\n", "127.0.0.1", "http"},
	    {"X-Forwarded-For: \r\n", "127.0.0.1", "http"},
	    {"X-Forwarded-For: ,\r\n", "127.0.0.1", "http"},
	    {"X-Forwarded-For: [2001:db8::5]:443\r\nX-Forwarded-Proto: https\r\n", "2001:db8::5",
	     "https"},
	    {"X-Forwarded-For: 2001:db9::5, 2001:db8::5\r\nX-Forwarded-Proto: ftp\r\n",
	     "2001:db9::5", "http"},
	    {"X-Forwarded-For: ::ffff:192.0.2.7\r\n", "192.0.2.7", "http"},
	};
	char request[512], want[128];

	(void)state;
	server_stop(&server);
	client_close(&c);
	server = server_start(&server_limits, 1, &trusted);
	c = client_open(server.port);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		(void)snprintf(request, sizeof request, "GET /show HTTP/1.1\r\nHost: a\r\n%s\r\n",
		               rows[i].fields);
		(void)snprintf(want, sizeof want, "\nclient=%s\nscheme=%s\ntrusted=1\nbytes_in=0\n",
		               rows[i].client, rows[i].scheme);
		ask(request);
		if (!strstr(a.body, want))
			fail_msg("row %zu: want %s, got %s", i, want, a.body);
		assert_null(strstr(a.body, "forwarded"));
	}
}

static void test_proxies_invalid(void **state)
{
	static const char *const bad[] = {"10.0.0.0/33", "::/129",   "10.0.0", "",
	                                  "a/b",         "10.0.0.1/"};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++) {
		struct fl_str item = fl_str(bad[i]), listen = FL_STR("127.0.0.1:0");
		struct fl_cfg_server config = {
		    .listen = {&listen, 1}, .trusted_proxies = {&item, 1}, .limits = server_limits};
		const struct fl_http_config http = {.server = &config, .workers = 1};
		struct fl_error err = FL_ERROR_INIT;
		struct fl_http *none;

		assert_true(fl_http_create(&http, &none, &err) < 0);
		assert_string_equal(err.code, "listen_invalid");
	}
}

/* ---- answers ---- */

static void test_head_method(void **state)
{
	(void)state;
	ask("HEAD /fixed HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(a.status, 200);
	assert_true(fl_str_is(answer_header(&a, "content-length"), "6"));
	assert_kept();
}

static void test_odd_headers(void **state)
{
	char request[64];

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(request, sizeof request, "GET /odd/%u HTTP/1.1\r\nHost: a\r\n\r\n",
		               i);
		ask(request);
		if (a.status != (i < 7 ? 500 : 200))
			fail_msg("set %u: %u", i, a.status);
		assert_int_equal(a.body_n, 0);
	}
	assert_non_null(strstr(a.head, "\r\nx-a: a\tb\r\nx-b: \xff\r\n"));
	ask(GET("/odd/7"));
	assert_non_null(strstr(a.head, "\r\nx-a: \r\nx-b: b\r\n"));
	ask(GET("/odd/8"));
	assert_non_null(strstr(a.head, "\r\nx-a: a\r\nx-b: \r\n"));
	assert_kept();
}

static void test_big_heads(void **state)
{
	struct fl_buf request;

	(void)state;
	ask(GET("/headers/30"));
	assert_int_equal(a.status, 200);
	assert_true(strlen(a.head) > 30000);
	server_await(&fake.ended, 1);
	assert_int_equal(fake.last_status, 200);
	ask(GET("/headers/33"));
	assert_int_equal(a.status, 500);
	server_await(&fake.ended, 2);
	assert_int_equal(fake.last_status, 500); /* what is recorded is what was sent */
	/* What the request takes up is not there for the answer. */
	fl_buf_init(&request, 1 << 20);
	fl_buf_add_c(&request, "GET /headers/4 HTTP/1.1\r\nHost: a\r\nX: ");
	for (int i = 0; i < 28000; i++)
		fl_buf_add_char(&request, 'x');
	fl_buf_add_c(&request, "\r\n\r\n");
	ask(fl_buf_cstr(&request));
	assert_int_equal(a.status, 200);
	request.p[strlen("GET /headers/")] = '5';
	ask(fl_buf_cstr(&request));
	assert_int_equal(a.status, 500);
	fl_buf_fini(&request);
	assert_kept();
}

static void test_asks_to_close(void **state)
{
	(void)state;
	ask(GET("/close"));
	assert_int_equal(a.status, 200);
	assert_true(a.says_close);
	assert_true(client_is_closed(&c));
}

static void test_early_answer(void **state)
{
	(void)state;
	ask(GET("/early"));
	assert_int_equal(a.status, 404);
	assert_false(a.says_close);
	assert_kept();
	server_await(&fake.ended, 2);
	assert_int_equal(fake.dispatched, 1);
}

static void test_big_answer(void **state)
{
	(void)state;
	ask(GET("/big/5000000"));
	assert_int_equal(a.status, 200);
	assert_int_equal(a.body_n, 5000000);
	assert_kept();
	server_await(&fake.sent, 2);
}

/* ---- bodies ---- */

static void test_body_in_pieces(void **state)
{
	static char request[300000];
	int head_n = snprintf(request, sizeof request,
	                      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");

	(void)state;
	for (int i = 0; i < 200000; i++)
		request[head_n + i] = (char)('a' + i % 26);
	client_send_pieces(&c, fl_str_n(request, (size_t)head_n + 200000), 1999);
	client_read(&c, false, &a);
	assert_int_equal(a.body_n, 200000);
	assert_memory_equal(a.body, request + head_n, 200000);
	assert_kept();
}

static void test_continue(void **state)
{
	(void)state;
	ask("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	assert_int_equal(a.status, 100);
	ask("hello");
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "hello");
	/* Refused by the app, or by size: no invitation to send. */
	ask("POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	assert_int_equal(a.status, 404);
	assert_true(client_is_closed(&c));
}

static void test_body_too_large(void **state)
{
	(void)state;
	fake_max_body = 4;
	ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nfour");
	assert_int_equal(a.status, 200);
	ask("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	assert_int_equal(a.status, 413);
	assert_non_null(strstr(a.body, "body_too_large"));
	assert_true(client_is_closed(&c));
	assert_int_equal(server_refusals(&server, "body_too_large"), 1);
}

static void test_chunks_too_large(void **state)
{
	(void)state;
	fake_max_body = 4;
	ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "abcd");
	assert_true(a.says_close);
	client_close(&c);
	c = client_open(server.port);
	ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	assert_int_equal(a.status, 413);
	assert_true(client_is_closed(&c));
	assert_int_equal(fake.dispatched, 1);
}

static void test_endless_chunks(void **state)
{
	static char chunk[4096 + 8];
	int n = snprintf(chunk, sizeof chunk, "1000\r\n");

	(void)state;
	memset(chunk + n, 'x', 4096);
	memcpy(chunk + n + 4096, "\r\n", 2);
	fake_max_body = 4;
	client_send(&c,
	            FL_STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
	for (int i = 0; i < 18; i++)
		client_send(&c, fl_str_n(chunk, (size_t)n + 4098));
	client_read(&c, false, &a);
	assert_int_equal(a.status, 413);
	assert_non_null(strstr(a.body, "urn:fairlead:problem:body_too_large"));
	assert_true(client_is_closed(&c));
	server_await(&fake.ended, 1);
	assert_int_equal(fake.sent, 0);
}

static void test_body_cut_off(void **state)
{
	(void)state;
	client_send(&c, FL_STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"));
	server_await(&fake.begun, 1);
	client_close(&c);
	server_await(&fake.ended, 1);
	assert_int_equal(fake.dispatched, 0);
	assert_int_equal(fake.sent, 0);
}

/* ---- waiting ---- */

static void test_wait(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 20; i++) {
		client_send(&c, FL_STR(GET("/wait")));
		server_await(&fake.waiting, 1);
		fake_finish(fl_http_loop(server.http, 0));
		client_read(&c, false, &a);
		assert_int_equal(a.status, 200);
		assert_string_equal(a.body, "waited\n");
	}
	assert_kept();
	assert_int_equal(fake.gone, 0);
}

static void test_wait_then_next(void **state)
{
	(void)state;
	client_send(&c, FL_STR(GET("/wait") GET("/fixed") GET("/wait")));
	server_await(&fake.waiting, 1);
	assert_int_equal(fake.begun, 1);
	fake_finish(fl_http_loop(server.http, 0));
	client_read(&c, false, &a);
	assert_string_equal(a.body, "waited\n");
	client_read(&c, false, &a);
	assert_string_equal(a.body, "hello\n");
	server_await(&fake.waiting, 1);
	fake_finish(fl_http_loop(server.http, 0));
	client_read(&c, false, &a);
	assert_string_equal(a.body, "waited\n");
}

/* Has the worker looked at everything that was sent before? */
static void come_round(void)
{
	struct client other = client_open(server.port);

	client_send(&other, FL_STR(GET("/fixed")));
	client_read(&other, false, &a);
	client_close(&other);
}

static void test_next_comes_while_waiting(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		client_send(&c, FL_STR(GET("/wait")));
		server_await(&fake.waiting, 1);
		client_send(&c, FL_STR(GET("/fixed")));
		come_round();
		fake_finish(fl_http_loop(server.http, 0));
		client_read(&c, false, &a);
		assert_string_equal(a.body, "waited\n");
		client_read(&c, false, &a);
		assert_string_equal(a.body, "hello\n");
	}
}

struct hold { /* keeps the loop from going on */
	struct fl_loop_task task;
	sem_t is_held, may_go;
};

static void on_hold(struct fl_loop_task *task)
{
	struct hold *hold = FL_CONTAINER_OF(task, struct hold, task);

	(void)sem_post(&hold->is_held);
	(void)sem_wait(&hold->may_go);
}

/* All is there before the first byte is read, so that no event tells of the rest again; and the
 * read buffer is full when the first request waits. */
static void test_much_is_there_while_waiting(void **state)
{
	enum { N = 700 };
	struct hold hold = {.task.on_task = on_hold};
	struct fl_buf many;

	(void)state;
	fl_buf_init(&many, 1 << 20);
	fl_buf_add_c(&many, GET("/wait"));
	for (int i = 0; i < N; i++)
		fl_buf_add_c(&many, GET("/fixed"));
	(void)sem_init(&hold.is_held, 0, 0);
	(void)sem_init(&hold.may_go, 0, 0);
	fl_loop_post(fl_http_loop(server.http, 0), &hold.task);
	(void)sem_wait(&hold.is_held);
	client_send(&c, fl_buf_str(&many));
	(void)sem_post(&hold.may_go);
	server_await(&fake.waiting, 1);
	come_round();
	fake_finish(fl_http_loop(server.http, 0));
	client_read(&c, false, &a);
	assert_string_equal(a.body, "waited\n");
	for (int i = 0; i < N; i++) {
		client_read(&c, false, &a);
		assert_string_equal(a.body, "hello\n");
	}
	fl_buf_fini(&many);
	(void)sem_destroy(&hold.is_held);
	(void)sem_destroy(&hold.may_go);
}

static void test_many_in_pieces(void **state)
{
	static const struct {
		const char *request, *body;
	} kinds[] = {
	    {GET("/soon"), "waited\n"},
	    {GET("/fixed"), "hello\n"},
	    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "abc"},
	    {"POST /soon HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "waited\n"},
	};
	enum { N = 300 };
	struct fl_buf many;
	unsigned char order[N];
	unsigned dice = 1;

	(void)state;
	for (size_t step = 1; step < 4000; step = step * 3 + 1) {
		fl_buf_init(&many, 1 << 20);
		for (unsigned i = 0; i < N; i++) {
			dice = dice * 1103515245u + 12345u;
			order[i] = dice >> 16 & 3;
			fl_buf_add_c(&many, kinds[order[i]].request);
		}
		client_send_pieces(&c, fl_buf_str(&many), step);
		fl_buf_fini(&many);
		for (unsigned i = 0; i < N; i++) {
			client_read(&c, false, &a);
			assert_string_equal(a.body, kinds[order[i]].body);
		}
	}
}

static void test_leaves_while_waiting(void **state)
{
	(void)state;
	client_send(&c, FL_STR(GET("/wait")));
	server_await(&fake.waiting, 1);
	client_close(&c);
	server_await(&fake.gone, 1);
	server_await(&fake.ended, 1);
	server_await_connections(&server, 0);
	assert_int_equal(fake.sent, 0);
}

static void test_left_before_waiting(void **state)
{
	(void)state;
	/* The descriptor is watched since the first request; the end comes with the second. */
	client_send(&c, FL_STR(GET("/wait")));
	server_await(&fake.waiting, 1);
	fake_finish(fl_http_loop(server.http, 0));
	client_read(&c, false, &a);
	client_send(&c, FL_STR(GET("/wait")));
	(void)shutdown(c.fd, SHUT_WR);
	server_await(&fake.gone, 1);
	server_await(&fake.ended, 2);
	assert_true(client_is_closed(&c));
}

static void test_resets_while_waiting(void **state)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	(void)state;
	client_send(&c, FL_STR(GET("/wait")));
	server_await(&fake.waiting, 1);
	(void)setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	client_close(&c);
	server_await(&fake.gone, 1);
	server_await(&fake.ended, 1);
	server_await_connections(&server, 0);
}

static void test_owes_after_connection(void **state)
{
	(void)state;
	client_send(&c, FL_STR(GET("/owe")));
	server_await(&fake.waiting, 1);
	client_close(&c);
	server_await(&fake.owed, 1);
	server_await_connections(&server, 0);
	/* Others are served by other objects meanwhile. */
	c = client_open(server.port);
	assert_kept();
	fake_pay(fl_http_loop(server.http, 0));
	client_send(&c, FL_STR(GET("/owe")));
	server_await(&fake.waiting, 1);
	fake_finish(fl_http_loop(server.http, 0));
	client_read(&c, false, &a);
	assert_string_equal(a.body, "waited\n");
	assert_kept();
	fake_pay(fl_http_loop(server.http, 0));
}

static void test_many_wait(void **state)
{
	enum { N = 200 };
	struct client many[N];

	(void)state;
	for (int i = 0; i < N; i++) {
		many[i] = client_open(server.port);
		client_send(&many[i], FL_STR(GET("/wait")));
	}
	server_await(&fake.waiting, N);
	for (int i = 0; i < N; i += 2)
		client_close(&many[i]);
	server_await(&fake.gone, N / 2);
	fake_finish(fl_http_loop(server.http, 0));
	for (int i = 1; i < N; i += 2) {
		client_read(&many[i], false, &a);
		assert_int_equal(a.status, 200);
		client_close(&many[i]);
	}
	server_await(&fake.ended, N);
}

int main(void)
{
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, start, stop)
	const struct CMUnitTest tests[] = {
	    CASE("the app sees the head as it was sent, names in lower case", test_head),
	    CASE("HTTP/1.0 needs no host", test_head_without_host),
	    CASE("hop-by-hop, nominated and spoofable fields are dropped", test_dropped_fields),
	    CASE("a trusted proxy says for whom it asks", test_trusted_proxy),
	    FL_CASE("a trusted proxy must be an address", test_proxies_invalid),
	    CASE("HEAD gets the length and no body", test_head_method),
	    CASE("an answer with an impossible header becomes 500", test_odd_headers),
	    CASE("an answer whose head has no room becomes 500", test_big_heads),
	    CASE("an answer may close the connection", test_asks_to_close),
	    CASE("an answer before the body keeps the connection when there is none",
	         test_early_answer),
	    CASE("a big answer arrives whole", test_big_answer),
	    CASE("a body in pieces arrives whole", test_body_in_pieces),
	    CASE("100 Continue comes only when the body is wanted", test_continue),
	    CASE("a body over the limit is refused before it is sent", test_body_too_large),
	    CASE("chunks over the limit are refused at their end", test_chunks_too_large),
	    CASE("chunks without end are cut off", test_endless_chunks),
	    CASE("a body that is cut off never reaches the app", test_body_cut_off),
	    CASE("a request waits and is answered", test_wait),
	    CASE("pipelined requests wait their turn", test_wait_then_next),
	    CASE("what comes while a request waits is answered after it",
	         test_next_comes_while_waiting),
	    CASE("however much it is", test_much_is_there_while_waiting),
	    CASE("all kinds of requests in pieces of any size", test_many_in_pieces),
	    CASE("a client that leaves while it waits is noticed", test_leaves_while_waiting),
	    CASE("a client that left before it waits is noticed", test_left_before_waiting),
	    CASE("a client that resets while it waits is noticed", test_resets_while_waiting),
	    CASE("a request outlives its connection while the connector owes",
	         test_owes_after_connection),
	    CASE("two hundred wait, half of them leave", test_many_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
