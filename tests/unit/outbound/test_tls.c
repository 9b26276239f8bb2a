/* tests/unit/outbound/test_tls.c - the outbound client over TLS: certificates, HTTP/2, HTTP/1.1
 * SPDX-License-Identifier: Apache-2.0
 *
 * The peer is a node program; without node the cases are skipped.
 */
#include "config.h"

#include "tests/unit/test.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "gateway/outbound/client.h"

/* Every name is the peer's. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
						       const struct addrinfo *hints,
						       struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

	(void)node;
	memcpy(&real, &symbol, sizeof real);
	return real("127.0.0.1", service, hints, res);
}

static struct {
	struct fl_loop *loop;
	struct fl_outbound *client;
	struct fl_outbound_policy policy;
	char ca_file[4096];
	pid_t peer;
	int peer_in;
	unsigned port_2, port_1;
} f;

struct result {
	unsigned calls;
	enum fl_outbound_outcome outcome;
	bool was_sent;
	char version[8], sessions[8], host[64], detail[300];
	bool has_length;
	struct fl_buf body;
};

static void copy_if(const struct fl_header *h, const char *name, char *out, size_t size)
{
	if (fl_str_is(h->name, name))
		(void)snprintf(out, size, "%.*s", FL_STR_ARGS(h->value));
}

static void keep_result(void *ctx, const struct fl_outbound_response *response)
{
	struct result *r = ctx;

	r->calls++;
	r->outcome = response->outcome;
	r->was_sent = response->was_sent;
	(void)snprintf(r->detail, sizeof r->detail, "%s", response->detail);
	for (size_t i = 0; i < response->headers_n; i++) {
		copy_if(&response->headers[i], "x-version", r->version, sizeof r->version);
		copy_if(&response->headers[i], "x-sessions", r->sessions, sizeof r->sessions);
		copy_if(&response->headers[i], "x-host", r->host, sizeof r->host);
		r->has_length |= fl_str_is(response->headers[i].name, "content-length");
	}
	fl_buf_init(&r->body, 1 << 24);
	fl_buf_add(&r->body, response->body);
}

static void send_to(const char *host, unsigned port, const char *path, struct fl_str body,
		    struct result *r)
{
	struct fl_outbound_args args = {.policy = &f.policy, .method = FL_STR("POST"), .body = body,
					.on_done = keep_result, .ctx = r};
	struct fl_outbound_request *request;
	char url[128];

	*r = (struct result){.calls = 0};
	(void)snprintf(url, sizeof url, "https://%s:%u%s", host, port, path);
	args.url = fl_str(url);
	assert_int_equal(fl_outbound_send(f.client, &args, &request, NULL), 0);
}

static void wait_for(const struct result *r)
{
	while (r->calls == 0)
		fl_loop_run_once(f.loop, FL_NS_PER_SEC);
}

static void ask(const char *host, unsigned port, const char *path, struct fl_str body,
		struct result *r)
{
	send_to(host, port, path, body, r);
	wait_for(r);
}

static void verifies_the_peer(void **state)
{
	struct result r;

	if (!f.peer)
		skip();
	(void)state;
	f.policy.ca_file = NULL; /* the system's authorities do not know it */
	ask("h2.test", f.port_2, "/", FL_STR(""), &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_CONNECT_FAILED);
	assert_false(r.was_sent);
	assert_true(r.detail[0] != '\0');
	fl_buf_fini(&r.body);
	f.policy.ca_file = f.ca_file; /* it is known, but not by this name */
	ask("other.test", f.port_2, "/", FL_STR(""), &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_CONNECT_FAILED);
	assert_false(r.was_sent);
	fl_buf_fini(&r.body);
	ask("h2.test", f.port_2, "/", FL_STR(""), &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_OK);
	fl_buf_fini(&r.body);
	f.policy.ca_file = "/nowhere.pem";
	f.policy.pool++;
	ask("h2.test", f.port_2, "/", FL_STR(""), &r);
	assert_int_equal(r.outcome, FL_OUTBOUND_CONNECT_FAILED);
	fl_buf_fini(&r.body);
}

static void speaks_http_2(void **state)
{
	static char big[300000];
	struct result r[20];
	char host[64], first[8];

	if (!f.peer)
		skip();
	(void)state;
	memset(big, 'b', sizeof big);
	(void)snprintf(host, sizeof host, "h2.test:%u", f.port_2);
	ask("h2.test", f.port_2, "/", fl_str_n(big, sizeof big), &r[0]);
	assert_int_equal(r[0].outcome, FL_OUTBOUND_OK);
	assert_string_equal(r[0].version, "2.0");
	assert_string_equal(r[0].host, host);
	assert_false(r[0].has_length);
	assert_true(fl_str_eq(fl_buf_str(&r[0].body), fl_str_n(big, sizeof big)));
	(void)snprintf(first, sizeof first, "%s", r[0].sessions);
	fl_buf_fini(&r[0].body);
	for (size_t i = 0; i < FL_ARRAY_LEN(r); i++)
		send_to("h2.test", f.port_2, "/", FL_STR("hello"), &r[i]);
	for (size_t i = 0; i < FL_ARRAY_LEN(r); i++) {
		wait_for(&r[i]);
		assert_int_equal(r[i].outcome, FL_OUTBOUND_OK);
		assert_string_equal(r[i].sessions, first); /* all on the one connection */
		assert_string_equal(fl_buf_cstr(&r[i].body), "hello");
		fl_buf_fini(&r[i].body);
	}
}

static void http_2_streams_fail_alone(void **state)
{
	struct result hanging, reset, good;

	if (!f.peer)
		skip();
	(void)state;
	f.policy.timeout_ms = 300;
	send_to("h2.test", f.port_2, "/hang", FL_STR(""), &hanging);
	f.policy.timeout_ms = 10000;
	send_to("h2.test", f.port_2, "/reset", FL_STR(""), &reset);
	send_to("h2.test", f.port_2, "/", FL_STR("x"), &good);
	wait_for(&good);
	wait_for(&reset);
	wait_for(&hanging);
	assert_int_equal(good.outcome, FL_OUTBOUND_OK);
	assert_int_equal(reset.outcome, FL_OUTBOUND_BROKEN);
	assert_true(reset.was_sent);
	assert_int_equal(hanging.outcome, FL_OUTBOUND_TIMEOUT);
	fl_buf_fini(&good.body);
	fl_buf_fini(&reset.body);
	fl_buf_fini(&hanging.body);
}

static void falls_back_to_http_1(void **state)
{
	struct result r;

	if (!f.peer)
		skip();
	(void)state;
	for (int i = 0; i < 5; i++) {
		ask("h1.test", f.port_1, "/", FL_STR("hello"), &r);
		assert_int_equal(r.outcome, FL_OUTBOUND_OK);
		assert_string_equal(r.version, "1.1");
		assert_string_equal(fl_buf_cstr(&r.body), "hello");
		fl_buf_fini(&r.body);
	}
}

/* ---- the peer ---- */

static void run_node(int in, int out)
{
	char script[4200];

	(void)dup2(in, 0);
	(void)dup2(out, 1);
	(void)snprintf(script, sizeof script, "%s/tests/unit/outbound/tls/peer.mjs",
		       getenv("top_srcdir"));
	(void)execlp("node", "node", script, (char *)NULL);
	_exit(127);
}

static void start_peer(void)
{
	int in[2], out[2];
	FILE *ports;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	f.peer = fork();
	if (f.peer == 0) {
		(void)close(in[1]);
		run_node(in[0], out[1]);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	f.peer_in = in[1];
	ports = fdopen(out[0], "r");
	if (fscanf(ports, "%u %u", &f.port_2, &f.port_1) != 2) {
		(void)waitpid(f.peer, NULL, 0);
		f.peer = 0; /* no node */
	}
	(void)fclose(ports);
}

static int set_up(void **state)
{
	(void)state;
	f.policy = (struct fl_outbound_policy){.allow_private = true, .allow_any_host = true,
					       .timeout_ms = 10000, .ca_file = f.ca_file,
					       .max_response_bytes = 1 << 20, .pool = 1};
	assert_int_equal(fl_loop_create(&f.loop), 0);
	assert_int_equal(fl_outbound_create(f.loop, &f.client), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	f.client = fl_outbound_destroy(f.client);
	f.loop = fl_loop_destroy(f.loop);
	return 0;
}

#define CASE(sentence, fn) FL_CASE_SETUP("outbound TLS: " sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("the peer's certificate and name are verified", verifies_the_peer),
	    CASE("HTTP/2 where the peer speaks it, many requests on one connection", speaks_http_2),
	    CASE("a stream of HTTP/2 fails without the others", http_2_streams_fail_alone),
	    CASE("HTTP/1.1 where the peer does not", falls_back_to_http_1),
	};
	int failed;

	(void)alarm(60);
	if (!getenv("top_srcdir"))
		return 77;
	(void)snprintf(f.ca_file, sizeof f.ca_file, "%s/tests/unit/outbound/tls/peer.pem",
		       getenv("top_srcdir"));
	start_peer();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)close(f.peer_in);
	if (f.peer)
		(void)waitpid(f.peer, NULL, 0);
	return failed;
}
