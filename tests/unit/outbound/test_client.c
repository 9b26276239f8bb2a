/* tests/unit/outbound/test_client.c - gateway/outbound/client.c, against a peer that misbehaves
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "tests/unit/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "gateway/outbound/client.h"
#include "tests/unit/outbound/peer.h"

/* ---- a resolver of our own: no DNS in tests, and one name whose server never answers ---- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_released;
	unsigned hanging;
} dns = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0};

static void hang_until_released(void)
{
	(void)pthread_mutex_lock(&dns.lock);
	dns.hanging++;
	while (!dns.is_released)
		(void)pthread_cond_wait(&dns.changed, &dns.lock);
	dns.hanging--;
	(void)pthread_cond_broadcast(&dns.changed);
	(void)pthread_mutex_unlock(&dns.lock);
}

static void release_hung(void)
{
	(void)pthread_mutex_lock(&dns.lock);
	dns.is_released = true;
	(void)pthread_cond_broadcast(&dns.changed);
	while (dns.hanging > 0)
		(void)pthread_cond_wait(&dns.changed, &dns.lock);
	(void)pthread_mutex_unlock(&dns.lock);
}

/* Takes the place of the C library's for libcurl, too. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
						       const struct addrinfo *hints,
						       struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo numeric = hints ? *hints : (struct addrinfo){.ai_flags = 0};

	memcpy(&real, &symbol, sizeof real);
	if (node && strcmp(node, "hang.test") == 0) {
		hang_until_released();
		return EAI_AGAIN;
	}
	if (node && strcmp(node, "inside.test") == 0) /* a public name for an inner address */
		node = "169.254.169.254";
	if (node && node[0] == 'h' && strstr(node, ".test")) /* h0.test, h1.test, ... */
		node = "127.0.0.1";
	if (node && strcmp(node, "inside6.test") == 0)
		node = "::ffff:a9fe:a9fe";
	numeric.ai_flags |= AI_NUMERICHOST;
	return real(node, service, &numeric, res);
}

/* ---- what the cases share ---- */

struct fixture {
	struct fl_loop *loop;
	struct fl_outbound *client;
	struct peer *peer;
	struct fl_outbound_policy policy;
	char url[256];
	bool is_sending;
};

static struct fixture f;

struct result {
	unsigned calls;
	enum fl_outbound_outcome outcome;
	unsigned status;
	bool was_sent;
	struct fl_buf headers, body; /* "name=value;" */
	char detail[300];
};

static void keep_result(void *ctx, const struct fl_outbound_response *response)
{
	struct result *r = ctx;

	assert_false(f.is_sending);
	r->calls++;
	r->outcome = response->outcome;
	r->status = response->http_status;
	r->was_sent = response->was_sent;
	(void)snprintf(r->detail, sizeof r->detail, "%s", response->detail);
	fl_buf_init(&r->headers, 1 << 20);
	fl_buf_init(&r->body, 1 << 24);
	for (size_t i = 0; i < response->headers_n; i++)
		fl_buf_printf(&r->headers, "%.*s=%.*s;", FL_STR_ARGS(response->headers[i].name),
			      FL_STR_ARGS(response->headers[i].value));
	fl_buf_add(&r->body, response->body);
	assert_true(response->elapsed_ns > 0 && response->elapsed_ns < 60 * FL_NS_PER_SEC);
}

static void drop_result(struct result *r)
{
	fl_buf_fini(&r->headers);
	fl_buf_fini(&r->body);
	*r = (struct result){.calls = 0};
}

static int set_up(void **state)
{
	(void)state;
	memset(&f, 0, sizeof f);
	f.policy = (struct fl_outbound_policy){.allow_private = true, .allow_any_host = true,
					       .timeout_ms = 10000, .max_concurrent = 1000,
					       .max_response_bytes = 1 << 20, .pool = 1};
	f.peer = peer_start();
	assert_int_equal(fl_loop_create(&f.loop), 0);
	assert_int_equal(fl_outbound_create(f.loop, &f.client), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	f.client = fl_outbound_destroy(f.client);
	f.loop = fl_loop_destroy(f.loop);
	peer_stop(f.peer);
	return 0;
}

static struct fl_str url_of(const char *path)
{
	(void)snprintf(f.url, sizeof f.url, "http://127.0.0.1:%u%s", peer_port(f.peer), path);
	return fl_str(f.url);
}

static int send_args(struct fl_outbound_args args, struct result *r,
		     struct fl_outbound_request **ret, struct fl_error *err)
{
	struct fl_outbound_request *request;
	int rc;

	if (!args.policy)
		args.policy = &f.policy;
	if (!args.method.p)
		args.method = FL_STR("GET");
	args.on_done = keep_result;
	args.ctx = r;
	f.is_sending = true;
	rc = fl_outbound_send(f.client, &args, ret ? ret : &request, err);
	f.is_sending = false;
	return rc;
}

/* Every case ends by itself or by alarm(): nothing waits for a guessed time. */
static void run_until_done(const struct result *r)
{
	while (r->calls == 0)
		fl_loop_run_once(f.loop, FL_NS_PER_SEC);
	assert_int_equal(r->calls, 1);
}

static void ask_args(struct fl_outbound_args args, struct result *r)
{
	struct fl_error err = FL_ERROR_INIT;

	if (send_args(args, r, NULL, &err) != 0)
		fail_msg("%s: %s", err.code, err.message);
	run_until_done(r);
}

static void ask(const char *method, const char *path, const char *body, struct result *r)
{
	ask_args((struct fl_outbound_args){.method = fl_str(method), .url = url_of(path),
					   .body = fl_str(body)}, r);
}

/* ---- cases ---- */

static void takes_answers(void **state)
{
	static const struct {
		const char *method, *path;
		unsigned status;
		const char *headers, *body;
	} rows[] = {
	    {"GET", "/ok", 200, "x-some-name=Va Lue;server=;", "hello"},
	    {"GET", "/empty", 204, "", ""},
	    {"HEAD", "/head", 200, "etag=\"1\";", ""},
	    {"GET", "/chunked", 200, "", "abcde"},
	    {"GET", "/early", 404, "", "x"},
	    {"GET", "/redirect", 302, "location=/ok;set-cookie=a=b;", ""},
	    {"POST", "/ok", 200, "x-some-name=Va Lue;server=;", "hello"},
	};
	struct result r = {.calls = 0};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		ask(rows[i].method, rows[i].path, "", &r);
		assert_int_equal(r.outcome, FL_OUTBOUND_OK);
		assert_int_equal(r.status, rows[i].status);
		assert_string_equal(fl_buf_cstr(&r.headers), rows[i].headers);
		assert_string_equal(fl_buf_cstr(&r.body), rows[i].body);
		assert_string_equal(r.detail, "");
		assert_true(r.was_sent);
		drop_result(&r);
	}
	assert_int_equal(peer_counts(f.peer)->connections, 1);
}

static void builds_the_request_anew(void **state)
{
	static const struct fl_header headers[] = {
	    {FL_STR_INIT("X-Kept"), FL_STR_INIT(" v ")},
	    {FL_STR_INIT("X-Empty"), FL_STR_INIT("")},
	    {FL_STR_INIT("Content-Length"), FL_STR_INIT("7")},
	    {FL_STR_INIT("Transfer-Encoding"), FL_STR_INIT("chunked")},
	    {FL_STR_INIT("Connection"), FL_STR_INIT("close, X-Named")},
	    {FL_STR_INIT("x-named"), FL_STR_INIT("1")},
	    {FL_STR_INIT("Keep-Alive"), FL_STR_INIT("1")},
	    {FL_STR_INIT("TE"), FL_STR_INIT("trailers")},
	    {FL_STR_INIT("Trailer"), FL_STR_INIT("x")},
	    {FL_STR_INIT("Upgrade"), FL_STR_INIT("h2c")},
	    {FL_STR_INIT("HTTP2-Settings"), FL_STR_INIT("x")},
	    {FL_STR_INIT("Proxy-Connection"), FL_STR_INIT("x")},
	    {FL_STR_INIT("Proxy-Authorization"), FL_STR_INIT("x")},
	    {FL_STR_INIT("Expect"), FL_STR_INIT("100-continue")},
	};
	static const struct fl_header host = {FL_STR_INIT("host"),
					      FL_STR_INIT("other.example:81")};
	char expected[300];
	struct result r = {.calls = 0};

	(void)state;
	ask_args((struct fl_outbound_args){.method = FL_STR("POST"), .url = url_of("/echo?a/../b"),
					   .headers = headers, .headers_n = FL_ARRAY_LEN(headers),
					   .body = FL_STR("body")}, &r);
	(void)snprintf(expected, sizeof expected,
		       "POST /echo?a/../b HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nX-Kept: v\r\n"
		       "X-Empty:\r\nContent-Length: 4\r\n\r\nbody", peer_port(f.peer));
	assert_string_equal(fl_buf_cstr(&r.body), expected);
	drop_result(&r);
	ask_args((struct fl_outbound_args){.url = url_of("/echo"), .headers = &host,
					   .headers_n = 1}, &r);
	assert_string_equal(fl_buf_cstr(&r.body),
			    "GET /echo HTTP/1.1\r\nHost: other.example:81\r\n\r\n");
	drop_result(&r);
	ask("GET", "/echo?%2F%2f/.././/?a=b&c", "", &r); /* nobody rewrites it */
	assert_non_null(strstr(fl_buf_cstr(&r.body), "GET /echo?%2F%2f/.././/?a=b&c HTTP/1.1\r\n"));
	drop_result(&r);
}

/* More origins than are kept, several times around. */
static void knows_many_origins(void **state)
{
	char url[64], host[64];
	struct result r = {.calls = 0};

	(void)state;
	for (int i = 0; i < 60; i++) {
		(void)snprintf(host, sizeof host, "\r\nHost: h%d.test:%u\r\n", i % 20,
			       peer_port(f.peer));
		(void)snprintf(url, sizeof url, "http://h%d.test:%u/echo", i % 20,
			       peer_port(f.peer));
		ask_args((struct fl_outbound_args){.url = fl_str(url)}, &r);
		assert_non_null(strstr(fl_buf_cstr(&r.body), host));
		drop_result(&r);
	}
	assert_int_equal(peer_counts(f.peer)->connections, 20);
}

static void sends_methods(void **state)
{
	static const struct {
		const char *method, *body, *line, *length;
	} rows[] = {
	    {"GET", "", "GET /echo ", NULL}, {"POST", "", "POST /echo ", "Content-Length: 0\r\n"},
	    {"PUT", "ab", "PUT /echo ", "Content-Length: 2\r\n"},
	    {"PATCH", "", "PATCH /echo ", "Content-Length: 0\r\n"},
	    {"DELETE", "", "DELETE /echo ", NULL},
	    {"DELETE", "abc", "DELETE /echo ", "Content-Length: 3\r\n"},
	    {"GET", "q", "GET /echo ", "Content-Length: 1\r\n"}, {"GET", "", "GET /echo ", NULL},
	    {"OPTIONS", "", "OPTIONS /echo ", NULL}, {"PROPFIND", "", "PROPFIND /echo ", NULL},
	    {"POST", "x", "POST /echo ", "Content-Length: 1\r\n"},
	};
	struct result r = {.calls = 0};

	(void)state;
	ask("HEAD", "/head", "", &r);
	drop_result(&r);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		ask(rows[i].method, "/echo", rows[i].body, &r);
		const char *text = fl_buf_cstr(&r.body), *end = strstr(text, "\r\n\r\n");

		assert_int_equal(strncmp(text, rows[i].line, strlen(rows[i].line)), 0);
		assert_string_equal(end + 4, rows[i].body);
		if (rows[i].length)
			assert_non_null(strstr(text, rows[i].length));
		else
			assert_null(strstr(text, "Content-Length"));
		drop_result(&r);
	}
}

static void sends_big_bodies(void **state)
{
	static char big[60000];
	struct result r = {.calls = 0};

	(void)state;
	memset(big, 'b', sizeof big - 1);
	for (int i = 0; i < 3; i++) {
		ask("POST", "/echo", big, &r);
		assert_int_equal(r.outcome, FL_OUTBOUND_OK);
		assert_null(strstr(fl_buf_cstr(&r.body), "Expect"));
		assert_string_equal(strstr(fl_buf_cstr(&r.body), "\r\n\r\n") + 4, big);
		drop_result(&r);
	}
	assert_int_equal(peer_counts(f.peer)->connections, 1);
}

static void pools_share_no_connection(void **state)
{
	struct fl_outbound_policy other = f.policy;
	struct result r = {.calls = 0};

	(void)state;
	other.pool = 2;
	for (int i = 0; i < 10; i++) {
		ask_args((struct fl_outbound_args){.url = url_of("/ok"),
						   .policy = i % 2 ? &other : &f.policy}, &r);
		assert_int_equal(r.outcome, FL_OUTBOUND_OK);
		drop_result(&r);
	}
	assert_int_equal(peer_counts(f.peer)->connections, 2);
	fl_outbound_drop_pool(f.client, 2);
	fl_outbound_drop_pool(f.client, 3);
	while (peer_counts(f.peer)->open > 1)
		fl_loop_run_once(f.loop, FL_NS_PER_MS);
	ask("GET", "/ok", "", &r);
	drop_result(&r);
	assert_int_equal(peer_counts(f.peer)->connections, 2);
}

static void tells_how_it_failed(void **state)
{
	static const struct {
		const char *path;
		enum fl_outbound_outcome outcome;
	} rows[] = {
	    {"/short", FL_OUTBOUND_BROKEN}, {"/cut-head", FL_OUTBOUND_BROKEN},
	    {"/cut-chunk", FL_OUTBOUND_BROKEN}, {"/silent", FL_OUTBOUND_BROKEN},
	    {"/reset", FL_OUTBOUND_BROKEN}, {"/reset-later", FL_OUTBOUND_BROKEN},
	    {"/garbage", FL_OUTBOUND_BROKEN}, {"/http09", FL_OUTBOUND_BROKEN},
	    {"/fold", FL_OUTBOUND_BROKEN}, {"/bad-name", FL_OUTBOUND_BROKEN},
	    {"/bad-value", FL_OUTBOUND_BROKEN}, {"/switch", FL_OUTBOUND_BROKEN},
	    {"/huge", FL_OUTBOUND_TOO_LARGE}, {"/many-fields", FL_OUTBOUND_TOO_LARGE},
	    {"/long-fields", FL_OUTBOUND_TOO_LARGE}, {"/endless-1xx", FL_OUTBOUND_TOO_LARGE},
	};
	struct result r = {.calls = 0};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		ask("POST", rows[i].path, "x", &r);
		if (r.outcome != rows[i].outcome)
			fail_msg("%s: outcome %d: %s", rows[i].path, (int)r.outcome, r.detail);
		assert_int_equal(r.body.len + r.headers.len, 0);
		assert_true(r.was_sent);
		assert_true(r.detail[0] != '\0');
		drop_result(&r);
		ask("GET", "/ok", "", &r); /* and the client is none the worse */
		assert_int_equal(r.outcome, FL_OUTBOUND_OK);
		drop_result(&r);
	}
}

static void the_body_limit_is_exact(void **state)
{
	struct result r = {.calls = 0};

	(void)state;
	f.policy.max_response_bytes = 5;
	ask("GET", "/ok", "", &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_OK);
	drop_result(&r);
	f.policy.max_response_bytes = 4;
	ask("GET", "/ok", "", &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_TOO_LARGE);
	drop_result(&r);
}

static void times_out(void **state)
{
	static const char *const paths[] = {"/hang", "/trickle"};
	struct result r = {.calls = 0};

	(void)state;
	f.policy.timeout_ms = 50;
	for (size_t i = 0; i < FL_ARRAY_LEN(paths); i++) {
		ask("GET", paths[i], "", &r);
		assert_int_equal(r.outcome, FL_OUTBOUND_TIMEOUT);
		assert_true(r.was_sent);
		drop_result(&r);
	}
	f.policy.timeout_ms = 0; /* the default is longer than the deadline */
	ask_args((struct fl_outbound_args){.url = url_of("/hang"),
					   .deadline_ns = fl_clock_mono_ns() + 50 * FL_NS_PER_MS}, &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_TIMEOUT);
	drop_result(&r);
	ask_args((struct fl_outbound_args){.url = url_of("/ok"), .deadline_ns = 1}, &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_TIMEOUT);
	assert_false(r.was_sent);
	drop_result(&r);
}

static void a_hung_resolver_stalls_nobody(void **state)
{
	struct result hung = {.calls = 0}, abandoned = {.calls = 0}, r = {.calls = 0};
	struct fl_outbound_request *request;

	(void)state;
	f.policy.timeout_ms = 300;
	assert_int_equal(send_args((struct fl_outbound_args){.url = FL_STR("http://hang.test/")},
				   &hung, NULL, NULL), 0);
	assert_int_equal(send_args((struct fl_outbound_args){.url = FL_STR("http://hang.test:81/")},
				   &abandoned, &request, NULL), 0);
	f.policy.timeout_ms = 10000;
	ask("GET", "/ok", "", &r); /* others go on meanwhile */
	assert_int_equal(r.outcome, FL_OUTBOUND_OK);
	assert_int_equal(hung.calls, 0);
	drop_result(&r);
	fl_outbound_cancel(request);
	run_until_done(&abandoned);
	assert_int_equal(abandoned.outcome, FL_OUTBOUND_CANCELLED);
	run_until_done(&hung);
	assert_int_equal(hung.outcome, FL_OUTBOUND_TIMEOUT);
	assert_false(hung.was_sent);
	drop_result(&hung);
	drop_result(&abandoned);
	/* Nor does closing the client wait for the resolver. */
	assert_int_equal(send_args((struct fl_outbound_args){.url = FL_STR("http://hang.test/")},
				   &hung, NULL, NULL), 0);
	f.client = fl_outbound_destroy(f.client);
	assert_int_equal(hung.outcome, FL_OUTBOUND_CANCELLED);
	drop_result(&hung);
	release_hung();
}

static void cannot_connect(void **state)
{
	struct peer *gone = peer_start();
	char url[64];
	struct result r = {.calls = 0};

	(void)state;
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", peer_port(gone));
	peer_stop(gone);
	ask_args((struct fl_outbound_args){.url = fl_str(url)}, &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_CONNECT_FAILED);
	assert_false(r.was_sent);
	drop_result(&r);
	ask_args((struct fl_outbound_args){.url = FL_STR("http://no-such-name.test/")}, &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_CONNECT_FAILED);
	drop_result(&r);
	(void)snprintf(url, sizeof url, "https://127.0.0.1:%u/silent", peer_port(f.peer));
	f.policy.timeout_ms = 200; /* TLS to a peer that waits for an end of line */
	ask_args((struct fl_outbound_args){.url = fl_str(url)}, &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_TIMEOUT);
	assert_false(r.was_sent);
	drop_result(&r);
}

static void refuses_every_spelling(void **state)
{
	/* Loopback and the cloud's metadata address, as people have written them. */
	static const char *const hosts[] = {
	    "127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7f.0.0.1", "0x7f000001", "0177.0.0.1",
	    "017700000001", "2130706433", "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "0", "0.0.0.0", "0x0",
	    "127.255.255.254", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
	    "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]",
	    "[2002:7f00:1::]", "[::ffff:a9fe:a9fe]", "169.254.169.254", "0xa9fea9fe", "2852039166",
	    "0251.0376.0251.0376", "169.254.43518", "[fe80::1]", "[fd00:ec2::254]", "10.0.0.1",
	    "192.168.1.1", "172.16.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255",
	    "inside.test", "inside6.test",
	};
	struct result r = {.calls = 0};
	char url[100];

	(void)state;
	f.policy.allow_private = false;
	for (size_t i = 0; i < FL_ARRAY_LEN(hosts); i++) {
		(void)snprintf(url, sizeof url, "http://%s:%u/ok", hosts[i], peer_port(f.peer));
		ask_args((struct fl_outbound_args){.url = fl_str(url)}, &r);
		if (r.outcome != FL_OUTBOUND_DENIED)
			fail_msg("%s: outcome %d: %s", hosts[i], (int)r.outcome, r.detail);
		assert_non_null(strstr(r.detail, "refused"));
		drop_result(&r);
	}
	assert_int_equal(peer_counts(f.peer)->connections, 0);
}

static void refuse(struct fl_outbound_args args, const char *code)
{
	struct fl_error err = FL_ERROR_INIT;
	struct result r = {.calls = 0};

	if (send_args(args, &r, NULL, &err) == 0)
		fail_msg("accepted: %.*s", FL_STR_ARGS(args.url));
	assert_string_equal(err.code, code);
	assert_true(err.message[0] != '\0' && err.hint[0] != '\0');
	assert_int_equal(r.calls, 0);
}

static void refuses_bad_requests(void **state)
{
	static const char *const urls[] = {
	    "", "/", "ftp://127.0.0.1/", "file:///etc/passwd", "HTTP:/127.0.0.1", "http://",
	    "http://user:pw@127.0.0.1/", "http://user@127.0.0.1/", "http://127.0.0.1/#x",
	    "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1:0/",
	    "http://127.0.0.1:65536/", "http://127.0.0.1:x/", "http://a b/",
	    /* full-width digits and dots */
	    "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97\xef\xbc\x8e\xef\xbc\x90.0.1/",
	    "http://[::1/", "gopher://127.0.0.1/", "http://127.0.0.1\\@example.com/",
	};
	static const char *const methods[] = {"", "CONNECT", "GE T", "GET\r\n", "G\xc3\x89T",
					      "A23456789012345678901234567890123"};
	static const struct fl_header bad[] = {
	    {FL_STR_INIT("a b"), FL_STR_INIT("c")}, {FL_STR_INIT(""), FL_STR_INIT("c")},
	    {FL_STR_INIT("a:"), FL_STR_INIT("c")}, {FL_STR_INIT("a"), FL_STR_INIT("b\r\nc: d")},
	    {FL_STR_INIT("a"), FL_STR_INIT("b\0c")}, {FL_STR_INIT("a\n"), FL_STR_INIT("c")},
	    {FL_STR_INIT("Host"), FL_STR_INIT("")}, {FL_STR_INIT("host"), FL_STR_INIT("a b")},
	    {FL_STR_INIT("host"), FL_STR_INIT("a/b")}, {FL_STR_INIT("host"), FL_STR_INIT("u@b")},
	};
	static const struct fl_header twice[] = {{FL_STR_INIT("host"), FL_STR_INIT("a")},
						 {FL_STR_INIT("Host"), FL_STR_INIT("a")}};
	static char url[FL_OUTBOUND_URL_MAX + 2] = "http://127.0.0.1/";

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(urls); i++)
		refuse((struct fl_outbound_args){.url = fl_str(urls[i])}, "outbound_invalid");
	for (size_t i = 0; i < FL_ARRAY_LEN(methods); i++)
		refuse((struct fl_outbound_args){.url = url_of("/ok"), .method = fl_str(methods[i])},
		       "outbound_invalid");
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++)
		refuse((struct fl_outbound_args){.url = url_of("/ok"), .headers = &bad[i],
						 .headers_n = 1}, "outbound_invalid");
	refuse((struct fl_outbound_args){.url = url_of("/ok"), .headers = twice, .headers_n = 2},
	       "outbound_invalid");
	refuse((struct fl_outbound_args){.url = url_of("/ok"), .method = FL_STR("HEAD"),
					 .body = FL_STR("x")}, "outbound_invalid");
	memset(url + strlen(url), 'p', sizeof url - 1 - strlen(url));
	refuse((struct fl_outbound_args){.url = fl_str(url)}, "outbound_invalid");
}

static void refuses_long_heads(void **state)
{
	static struct fl_header many[FL_OUTBOUND_FIELDS_MAX + 1];
	static char value[FL_OUTBOUND_HEAD_MAX];
	struct fl_header one = {FL_STR("a"), fl_str_n(value, sizeof value)};
	struct result r = {.calls = 0};

	(void)state;
	memset(value, 'v', sizeof value);
	for (size_t i = 0; i < FL_ARRAY_LEN(many); i++)
		many[i] = (struct fl_header){FL_STR("a"), FL_STR("b")};
	refuse((struct fl_outbound_args){.url = url_of("/ok"), .headers = many,
					 .headers_n = FL_ARRAY_LEN(many)}, "outbound_invalid");
	refuse((struct fl_outbound_args){.url = url_of("/ok"), .headers = &one, .headers_n = 1},
	       "outbound_invalid");
	one.value.n--;
	ask_args((struct fl_outbound_args){.url = url_of("/ok"), .headers = &one, .headers_n = 1}, &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_OK);
	drop_result(&r);
	ask_args((struct fl_outbound_args){.url = url_of("/ok"), .headers = many,
					   .headers_n = FL_ARRAY_LEN(many) - 1}, &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_OK);
	drop_result(&r);
}

static void asks_only_listed_hosts(void **state)
{
	char entry[32];
	struct fl_str list[1];
	struct result r = {.calls = 0};

	(void)state;
	(void)snprintf(entry, sizeof entry, "127.0.0.1:%u", peer_port(f.peer));
	list[0] = fl_str(entry);
	f.policy.allow_any_host = false;
	refuse((struct fl_outbound_args){.url = url_of("/ok")}, "outbound_denied");
	f.policy.hosts = list;
	f.policy.hosts_n = 1;
	ask("GET", "/ok", "", &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_OK);
	drop_result(&r);
	ask("GET", "/ok", "", &r);
	drop_result(&r);
	/* What follows is another origin, also for whoever remembers the last one. */
	refuse((struct fl_outbound_args){.url = FL_STR("http://127.0.0.1/ok")}, "outbound_denied");
	refuse((struct fl_outbound_args){.url = url_of("0/ok")}, "outbound_invalid");
	refuse((struct fl_outbound_args){.url = url_of(".evil.example/ok")}, "outbound_invalid");
	refuse((struct fl_outbound_args){.url = url_of("@evil.example/ok")}, "outbound_invalid");
}

static void is_busy_at_the_limit(void **state)
{
	struct result first = {.calls = 0}, second = {.calls = 0};
	struct fl_outbound_request *request;

	(void)state;
	f.policy.max_concurrent = 1;
	assert_int_equal(send_args((struct fl_outbound_args){.url = url_of("/hang")}, &first,
				   &request, NULL), 0);
	refuse((struct fl_outbound_args){.url = url_of("/ok")}, "outbound_busy");
	fl_outbound_cancel(request);
	run_until_done(&first);
	ask("GET", "/ok", "", &second);
	assert_int_equal(second.outcome, FL_OUTBOUND_OK);
	drop_result(&first);
	drop_result(&second);
}

static void cancels(void **state)
{
	struct result r = {.calls = 0};
	struct fl_outbound_request *request;

	(void)state;
	assert_int_equal(send_args((struct fl_outbound_args){.url = url_of("/hang")}, &r, &request,
				   NULL), 0);
	f.is_sending = true; /* keep_result() fails when it is called in here */
	fl_outbound_cancel(request);
	fl_outbound_cancel(request);
	f.is_sending = false;
	assert_int_equal(r.calls, 0);
	run_until_done(&r);
	assert_int_equal(r.outcome, FL_OUTBOUND_CANCELLED);
	drop_result(&r);
	assert_int_equal(send_args((struct fl_outbound_args){.url = url_of("/hang")}, &r, &request,
				   NULL), 0);
	while (peer_counts(f.peer)->requests < 1)
		fl_loop_run_once(f.loop, FL_NS_PER_MS);
	fl_outbound_cancel(request);
	run_until_done(&r);
	assert_int_equal(r.outcome, FL_OUTBOUND_CANCELLED);
	assert_true(r.was_sent);
	drop_result(&r);
}

static void destroy_cancels_all(void **state)
{
	struct result r[3] = {{.calls = 0}};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(r); i++)
		assert_int_equal(send_args((struct fl_outbound_args){.url = url_of("/hang")}, &r[i],
					   NULL, NULL), 0);
	f.client = fl_outbound_destroy(f.client);
	for (size_t i = 0; i < FL_ARRAY_LEN(r); i++) {
		assert_int_equal(r[i].calls, 1);
		assert_int_equal(r[i].outcome, FL_OUTBOUND_CANCELLED);
		drop_result(&r[i]);
	}
	assert_null(fl_outbound_destroy(NULL));
}

/* The peer answers the first request of a connection and closes on the second: libcurl would send
 * it again on a new connection. */
static void sends_unsafe_requests_once(void **state)
{
	struct result r = {.calls = 0};

	(void)state;
	ask("POST", "/second-dies", "", &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_OK);
	drop_result(&r);
	ask("POST", "/second-dies", "", &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_BROKEN);
	assert_true(r.was_sent);
	drop_result(&r);
	assert_int_equal(peer_counts(f.peer)->requests, 2);
	ask("GET", "/second-dies", "", &r);
	drop_result(&r);
	ask("GET", "/second-dies", "", &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_OK);
	drop_result(&r);
	assert_int_equal(peer_counts(f.peer)->requests, 5);
}

static void idle_connections_may_close(void **state)
{
	struct result r = {.calls = 0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		ask("POST", "/idle-close", "", &r);
		assert_int_equal(r.outcome, FL_OUTBOUND_OK);
		drop_result(&r);
		while (peer_counts(f.peer)->open > 0)
			fl_loop_run_once(f.loop, FL_NS_PER_MS);
		/* The end of the connection is heard once, then the loop sleeps. */
		fl_loop_run_once(f.loop, FL_NS_PER_SEC);
		uint64_t before = fl_clock_mono_ns();

		fl_loop_run_once(f.loop, 20 * FL_NS_PER_MS);
		assert_true(fl_clock_mono_ns() - before >= 15 * FL_NS_PER_MS);
	}
	assert_int_equal(peer_counts(f.peer)->connections, 3);
}

static struct {
	unsigned left, running, ok;
} chain;

static void send_next(void *ctx, const struct fl_outbound_response *response)
{
	struct fl_outbound_args args = {.policy = &f.policy, .method = FL_STR("GET"),
					.url = url_of("/ok"), .on_done = send_next};
	struct fl_outbound_request *request;

	(void)ctx;
	if (response) {
		chain.running--;
		chain.ok += response->outcome == FL_OUTBOUND_OK && response->body.n == 5;
	}
	if (chain.left == 0)
		return;
	chain.left--;
	chain.running++;
	assert_int_equal(fl_outbound_send(f.client, &args, &request, NULL), 0);
}

static void many_at_once(void **state)
{
	(void)state;
	chain.left = 2000;
	for (int i = 0; i < 100; i++)
		send_next(NULL, NULL);
	while (chain.running > 0)
		fl_loop_run_once(f.loop, FL_NS_PER_SEC);
	assert_int_equal(chain.ok, 2000);
	assert_true(peer_counts(f.peer)->connections <= 100);
}

#define CASE(sentence, fn) FL_CASE_SETUP("outbound: " sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("an answer arrives without framing and hop-by-hop fields", takes_answers),
	    CASE("the request is built anew; framing is never copied", builds_the_request_anew),
	    CASE("many origins are kept apart", knows_many_origins),
	    CASE("each method goes out with or without a body", sends_methods),
	    CASE("a big body goes out without Expect", sends_big_bodies),
	    CASE("a connection is reused in its pool and never in another", pools_share_no_connection),
	    CASE("a broken or hostile answer has its outcome", tells_how_it_failed),
	    CASE("the limit of the body is exact", the_body_limit_is_exact),
	    CASE("a silent or trickling peer runs into the deadline", times_out),
	    CASE("a hung resolver stalls neither loop nor close", a_hung_resolver_stalls_nobody),
	    CASE("refused connections, unknown names and hung handshakes", cannot_connect),
	    CASE("every spelling of a forbidden address is denied", refuses_every_spelling),
	    CASE("malformed URLs, methods and fields are refused", refuses_bad_requests),
	    CASE("too many and too long fields are refused", refuses_long_heads),
	    CASE("only listed hosts are asked", asks_only_listed_hosts),
	    CASE("one request over the limit is refused as busy", is_busy_at_the_limit),
	    CASE("a cancelled request is done once, later", cancels),
	    CASE("destroy cancels what runs", destroy_cancels_all),
	    CASE("a request that is not idempotent is never sent twice", sends_unsafe_requests_once),
	    CASE("the peer may close idle connections", idle_connections_may_close),
	    CASE("two thousand requests, each sent from the last one's answer", many_at_once),
	};

	(void)alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
