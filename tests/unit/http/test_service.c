/* tests/unit/http/test_service.c - the service of the admin API over real sockets
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/http/service.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server.h"
#include "tests/unit/folder.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct fl_service *service;
static struct client c;
static struct answer a;
static char folder[FOLDER_PATH_MAX], unix_listen[64];

/* Calls that the handler passed to another thread. */
static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct fl_service_call *calls[256];
	size_t n;
	atomic_uint held;
	bool is_open, is_ending;
} later = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void reply_text(struct fl_service_call *call, uint32_t status, struct fl_str body)
{
	static const struct fl_header h[] = {
	    {FL_STR_INIT("content-type"), FL_STR_INIT("text/plain")},
	    {FL_STR_INIT("etag"), FL_STR_INIT("\"1\"")},
	};
	const struct fl_service_reply reply = {
	    .status = status, .headers = h, .headers_n = 2, .body = body};

	fl_service_reply(call, &reply);
}

static void *answer_later(void *arg)
{
	(void)arg;
	(void)pthread_mutex_lock(&later.lock);
	while (!later.is_ending) {
		while (later.is_open && later.n > 0) {
			struct fl_service_call *call = later.calls[--later.n];

			reply_text(
			    call, 202,
			    fl_arena_printf(call->arena, "later %.*s\n", FL_STR_ARGS(call->path)));
		}
		(void)pthread_cond_wait(&later.changed, &later.lock);
	}
	(void)pthread_mutex_unlock(&later.lock);
	return NULL;
}

static void set_later(bool is_open, bool is_ending)
{
	(void)pthread_mutex_lock(&later.lock);
	later.is_open = is_open;
	later.is_ending = is_ending;
	(void)pthread_cond_broadcast(&later.changed);
	(void)pthread_mutex_unlock(&later.lock);
}

static void handle(void *ctx, struct fl_service_call *call)
{
	assert_ptr_equal(ctx, &later);
	if (fl_str_starts(call->path, FL_STR("/later"))) {
		(void)pthread_mutex_lock(&later.lock);
		later.calls[later.n++] = call;
		atomic_fetch_add(&later.held, 1);
		(void)pthread_cond_broadcast(&later.changed);
		(void)pthread_mutex_unlock(&later.lock);
	} else if (fl_str_is(call->path, "/echo")) {
		reply_text(call, 200, call->body);
	} else {
		reply_text(call, 200,
		           fl_arena_printf(call->arena,
		                           "%s %.*s ? %.*s host=%.*s client=%.*s unix=%d uid=%u "
		                           "x=%.*s auth=%.*s\n",
		                           fl_method_name(call->method), FL_STR_ARGS(call->path),
		                           FL_STR_ARGS(call->query), FL_STR_ARGS(call->host),
		                           FL_STR_ARGS(call->client), call->is_unix, call->peer_uid,
		                           FL_STR_ARGS(fl_service_header(call, "x-test")),
		                           FL_STR_ARGS(fl_service_header(call, "authorization"))));
	}
}

static int start(void **state)
{
	struct fl_str listen[2] = {FL_STR("127.0.0.1:0"), fl_str(unix_listen)};
	const struct fl_cfg_strings strings = {listen, 2};
	const struct fl_service_config config = {.listen = &strings,
	                                         .max_body_bytes = 100000,
	                                         .max_connections = 40,
	                                         .handler = handle,
	                                         .ctx = &later};
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	later.n = 0;
	later.is_open = later.is_ending = false;
	later.held = 0;
	assert_int_equal(pthread_create(&later.thread, NULL, answer_later, NULL), 0);
	if (fl_service_create(&config, &service, &err) != 0 || fl_service_start(service, &err) != 0)
		fail_msg("%s: %s", err.code, err.message);
	assert_int_equal(fl_service_port(service, 1), 0);
	c = client_open(fl_service_port(service, 0));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	client_close(&c);
	answer_fini(&a);
	set_later(true, false);
	set_later(true, true);
	(void)pthread_join(later.thread, NULL);
	fl_service_stop(service);
	service = fl_service_destroy(service);
	assert_int_equal(access(unix_listen + 5, F_OK), -1);
	return 0;
}

static void ask(const char *request)
{
	client_send(&c, fl_str(request));
	client_read(&c, false, &a);
}

static void test_call(void **state)
{
	(void)state;
	ask("POST /v1/x?a=b HTTP/1.1\r\nHost: a:1\r\nX-Test: y\r\nAuthorization: Bearer t\r\n"
	    "Content-Length: 2\r\n\r\nhi");
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "POST /v1/x ? a=b host=a:1 client=127.0.0.1 unix=0 "
	                            "uid=4294967295 x=y auth=Bearer t\n");
	assert_true(fl_str_is(answer_header(&a, "etag"), "\"1\""));
}

static void test_unix(void **state)
{
	char want[128];
	struct stat st;

	(void)state;
	assert_int_equal(stat(unix_listen + 5, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	client_close(&c);
	c = client_open_unix(unix_listen + 5);
	ask(GET("/v1"));
	(void)snprintf(want, sizeof want, "client=unix unix=1 uid=%u ", (unsigned)getuid());
	assert_non_null(strstr(a.body, want));
	ask(GET("/v1"));
	assert_int_equal(a.status, 200);
}

static void test_path(void **state)
{
	static const char *const bad[] = {"/a//b", "/a/../b", "/a/./b", "/%61",      "/a%2",
	                                  "/a;b",  "/a%00",   "/a\\b",  "/a%2e%2e/b"};
	char request[128];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++) {
		(void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
		               bad[i]);
		ask(request);
		if (a.status != 400)
			fail_msg("%s: %u", bad[i], a.status);
		assert_non_null(strstr(a.body, "urn:fairlead:problem:path_not_canonical"));
		client_close(&c);
		c = client_open(fl_service_port(service, 0));
	}
	ask(GET("/a%20b/c"));
	assert_int_equal(a.status, 200);
}

static void test_guarded(void **state)
{
	(void)state;
	ask("GET / HTTP/1.1\r\nHost: a\r\nX_A: b\r\n\r\n");
	assert_int_equal(a.status, 400);
	assert_non_null(strstr(a.body, "field_name_invalid"));
	assert_true(client_is_closed(&c));
}

static void test_body_limit(void **state)
{
	static char body[100001];
	char head[128];

	(void)state;
	memset(body, 'b', sizeof body);
	ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
	assert_int_equal(a.status, 413);
	assert_true(client_is_closed(&c));
	client_close(&c);
	c = client_open(fl_service_port(service, 0));
	(void)snprintf(head, sizeof head,
	               "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 100000);
	client_send(&c, fl_str(head));
	client_send(&c, fl_str_n(body, 100000));
	client_read(&c, false, &a);
	assert_int_equal(a.status, 200);
	assert_int_equal(a.body_n, 100000);
}

static void test_later(void **state)
{
	(void)state;
	set_later(true, false);
	for (int i = 0; i < 50; i++) {
		ask(GET("/later/x"));
		assert_int_equal(a.status, 202);
		assert_string_equal(a.body, "later /later/x\n");
	}
}

static void test_many(void **state)
{
	enum { N = 30 };
	struct client many[N];

	(void)state;
	for (int i = 0; i < N; i++) {
		many[i] = client_open(fl_service_port(service, 0));
		client_send(&many[i], FL_STR(GET("/later")));
	}
	server_await(&later.held, N);
	ask(GET("/v1")); /* held calls are in nobody's way */
	assert_int_equal(a.status, 200);
	set_later(true, false);
	for (int i = 0; i < N; i++) {
		client_read(&many[i], false, &a);
		assert_int_equal(a.status, 202);
		client_close(&many[i]);
	}
}

static void test_too_many(void **state)
{
	enum { N = 40 };
	struct client many[N];
	unsigned busy = 0, closed = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		many[i] = client_open(fl_service_port(service, 0));
	for (int i = 0; i < N; i++) {
		client_send(&many[i], FL_STR(GET("/v1")));
		client_read(&many[i], false, &a);
		busy += a.status == 503;
		closed += a.status == 0;
		assert_true(a.status == 200 || a.status == 503 || a.status == 0);
	}
	assert_int_equal(busy, 4);
	assert_int_equal(closed, 1); /* one more is open: c */
	for (int i = 0; i < N; i++)
		client_close(&many[i]);
}

static void test_leaves(void **state)
{
	(void)state;
	client_send(&c, FL_STR(GET("/later")));
	server_await(&later.held, 1);
	client_close(&c);
	c = client_open(fl_service_port(service, 0));
	ask(GET("/v1")); /* after it the loop knows */
	set_later(true, false);
	ask(GET("/later"));
	assert_int_equal(a.status, 202);
}

static int make_folder(void **state)
{
	(void)state;
	folder_make(folder, "service");
	(void)snprintf(unix_listen, sizeof unix_listen, "unix:%s/admin", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return (int)folder_drop(folder);
}

int main(void)
{
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, start, stop)
	const struct CMUnitTest tests[] = {
	    CASE("the handler sees the whole request", test_call),
	    CASE("a Unix socket says who is at the other end", test_unix),
	    CASE("only canonical paths pass", test_path),
	    CASE("the guard is the data plane's", test_guarded),
	    CASE("a body over the limit is refused", test_body_limit),
	    CASE("another thread may reply", test_later),
	    CASE("held calls do not hold up others", test_many),
	    CASE("connections are bounded", test_too_many),
	    CASE("a reply to a client that left goes nowhere", test_leaves),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
