/* tests/unit/pipeline/test_authenticate.c - who calls, and what goes no further
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/pipeline/harness.h"

#include <stdio.h>

#include "gateway/auth/api_key.h"
#include "gateway/pipeline/worker.h"

/* ---- a configuration with consumers ---- */

static struct fl_auth_key auth_key;
static struct fl_replay *replay;
static char keys[3][FL_API_KEY_LEN + 1], hashes[2][FL_API_KEY_HASH_TEXT_LEN + 1];
static struct fl_cfg_credential credentials[2];
static struct fl_cfg_consumer consumer = {
    .name = FL_STR_INIT("partner"),
    .tenant = FL_STR_INIT("acme"),
    .credentials = credentials,
    .credentials_n = 2,
};

#define ROUTE(n, bits)                                                                             \
	{                                                                                          \
		.name = FL_STR_INIT(n), .path = FL_STR_INIT("/" n), .methods = FL_METHODS_ALL,     \
		.action = FL_STR_INIT("reply"), .auth = (bits)                                     \
	}
static const struct fl_cfg_secret secrets[] = {
    {.name = FL_STR_INIT("old"), .value = FL_STR_INIT("12345678901234567890123456789012")},
    {.name = FL_STR_INIT("new"), .value = FL_STR_INIT("It's a Secret to Everybody")},
};
static const struct fl_str secret_names[] = {FL_STR_INIT("old"), FL_STR_INIT("new")};
static const struct fl_cfg_auth_method methods[] = {
    {.name = FL_STR_INIT("hook"),
     .kind = FL_CFG_BY_WEBHOOK,
     .by.webhook = {.recipe = FL_STR_INIT("github"),
                    .secrets = {secret_names, 2},
                    .consumer = &consumer}},
    {.name = FL_STR_INIT("stranger"),
     .kind = FL_CFG_BY_WEBHOOK,
     .by.webhook = {.recipe = FL_STR_INIT("github"), .secrets = {secret_names, 2}}},
};
static const size_t first_method[] = {0}, second_method[] = {1};

#define SIGNED(n, bits, list)                                                                      \
	{                                                                                          \
		.name = FL_STR_INIT(n), .path = FL_STR_INIT("/" n), .methods = FL_METHODS_ALL,     \
		.action = FL_STR_INIT("reply"), .auth = (bits), .auth_methods = (list),            \
		.auth_methods_n = 1, .max_body_bytes = 100                                         \
	}
static const struct fl_cfg_route routes[] = {
    SIGNED("hook", 0, first_method),
    SIGNED("either", FL_CFG_AUTH_API_KEY, first_method),
    SIGNED("perhaps", FL_CFG_AUTH_NONE, second_method),
    ROUTE("closed", FL_CFG_AUTH_API_KEY),
    ROUTE("half", FL_CFG_AUTH_API_KEY | FL_CFG_AUTH_NONE),
    ROUTE("open", FL_CFG_AUTH_NONE),
};

static void make_key(unsigned char byte, char key[FL_API_KEY_LEN + 1])
{
	unsigned char random[FL_API_KEY_RANDOM_BYTES];

	memset(random, byte, sizeof random);
	fl_api_key_make(random, key);
}

/* keys[0] is good, keys[1] is over, keys[2] nobody has. */
static void make_credentials(void)
{
	static const unsigned char bytes[FL_AUTH_KEY_BYTES] = {42};
	unsigned char hash[FL_API_KEY_HASH_BYTES];

	fl_auth_key_init(bytes, &auth_key);
	for (unsigned char i = 0; i < 3; i++)
		make_key(i, keys[i]);
	for (unsigned i = 0; i < 2; i++) {
		fl_api_key_hash(&auth_key, fl_str(keys[i]), hash);
		fl_api_key_hash_text(&auth_key, hash, hashes[i]);
		credentials[i].hash = fl_str(hashes[i]);
	}
	credentials[1].expires_wall_ns = 1;
}

static int set_up_consumers(void **state)
{
	struct fl_instance *instances[] = {&f.first, &f.second};
	struct fl_config *config = fake_config();
	struct fl_error err = FL_ERROR_INIT;
	struct fl_snapshot *snapshot;
	struct fl_problems problems;
	struct fl_arena arena;

	make_credentials();
	if (fl_replay_create(&auth_key, &replay, &err) != 0)
		return -1;
	config->routes = routes;
	config->routes_n = FL_ARRAY_LEN(routes);
	config->secrets = secrets;
	config->secrets_n = FL_ARRAY_LEN(secrets);
	config->auth = methods;
	config->auth_n = FL_ARRAY_LEN(methods);
	config->consumers = &consumer;
	config->consumers_n = 1;
	if (set_up_empty(state) != 0)
		return -1;
	fl_arena_init(&arena, 4096, 65536);
	fl_problems_init(&problems, &arena);
	snapshot = fl_snapshot_build(&(struct fl_snapshot_parts){.config = config,
	                                                         .instances = instances,
	                                                         .metrics = f.metrics,
	                                                         .auth_key = &auth_key,
	                                                         .replay = replay},
	                             &problems);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.warnings, 2); /* the secret of GitHub's example is short, twice */
	fl_arena_fini(&arena);
	(void)fl_config_unref(config);
	return snapshot ? fl_pipeline_publish(f.pipeline, snapshot, 0) : -1;
}

static int tear_down_consumers(void **state)
{
	int rc = tear_down(state);

	replay = fl_replay_destroy(replay);
	return rc;
}

#undef CASE
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up_consumers, tear_down_consumers)

/* ---- requests ---- */

#define FIELDS_MAX 4u
struct field {
	const char *name, *before; /* "Bearer " and the like */
	const char *key;           /* behind it; NULL: nothing */
};

static struct fl_request *ask(const char *path, const struct field *fields, size_t n)
{
	static fairlead_kv kv[FIELDS_MAX + 1];
	static char values[FIELDS_MAX][FL_API_KEY_LEN + 32];
	struct fl_request *req = make(FL_METHOD_GET, path);

	assert_in_range(n, 0, FIELDS_MAX);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(values[i], sizeof values[i], "%s%s", fields[i].before,
		               fields[i].key ? fields[i].key : "");
		kv[i] = (fairlead_kv){{fields[i].name, strlen(fields[i].name)},
		                      {values[i], strlen(values[i])}};
	}
	kv[n] = (fairlead_kv)HEADER("accept", "*/*");
	req->headers = kv;
	req->headers_n = n + 1;
	return req;
}

static bool has_header(const char *name)
{
	const struct fl_call *call = f.first.last;

	for (size_t i = 0; i < call->view.headers_n; i++)
		if (fl_str_is(fl_str_n(call->view.headers[i].k.p, call->view.headers[i].k.n), name))
			return true;
	return false;
}

/* NULL: nobody, but let in. */
static void assert_in(struct fl_request *req, const char *name)
{
	const fairlead_request *view;

	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_true(name ? fl_str_is(fl_str(req->principal.method), "api_key") : !req->principal.method);
	assert_ptr_equal(req->principal.consumer, name ? &consumer : NULL);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_int_equal(req->response.status, 200);
	view = &((struct fl_call *)f.first.last)->view;
	assert_str(fl_str_n(view->principal.p, view->principal.n), name ? name : "");
	assert_str(fl_str_n(view->tenant.p, view->tenant.n), name ? "acme" : "");
	assert_true(has_header("accept") && has_header("x-request-id"));
	finish(req);
	assert_str(f.log.last.consumer, name ? name : "");
}

/* Returns the body without what differs between two requests. */
static const char *assert_out(struct fl_request *req, const char *code)
{
	static char body[1024];
	char *id;

	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_RESPOND);
	assert_problem(req, 401, code);
	assert_str(fake_header(&req->response, "www-authenticate", NULL), "Bearer");
	assert_false(req->response.must_close);
	(void)snprintf(body, sizeof body, "%.*s", FL_STR_ARGS(req->response.body));
	id = strstr(body, "\"request_id\"");
	assert_non_null(id);
	*id = '\0';
	assert_int_equal(f.first.calls, 0);
	finish(req);
	assert_string_equal(f.log.last.error, code);
	assert_str(f.log.last.consumer, "");
	return body;
}

#define ASK(path, ...)                                                                             \
	ask(path, (const struct field[]){__VA_ARGS__},                                             \
	    sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field))
#define KEY(key)                                                                                   \
	{                                                                                          \
		"x-api-key", "", key                                                               \
	}
#define BEARER(key)                                                                                \
	{                                                                                          \
		"authorization", "Bearer ", key                                                    \
	}
#define BASIC                                                                                      \
	{                                                                                          \
		"authorization", "Basic QTpC", NULL                                                \
	}

static void test_right(void **state)
{
	(void)state;
	assert_in(ASK("/closed", KEY(keys[0])), "partner");
	assert_false(has_header("x-api-key"));
	assert_in(ASK("/closed", BEARER(keys[0])), "partner");
	assert_false(has_header("authorization"));
	assert_in(ASK("/closed", {"authorization", "bEARER \t ", keys[0]}), "partner");
	assert_in(ASK("/half", KEY(keys[0])), "partner");
}

static void test_missing(void **state)
{
	(void)state;
	(void)assert_out(ask("/closed", NULL, 0), "credentials_missing");
	(void)assert_out(ASK("/closed", BASIC), "credentials_missing");
	(void)assert_out(ASK("/closed", {"authorization", "Bearer", NULL}), "credentials_missing");
	(void)assert_out(ASK("/closed", {"authorization", "Bearer1 ", keys[0]}),
	                 "credentials_missing");
}

static void test_wrong(void **state)
{
	char mistyped[FL_API_KEY_LEN + 1], expected[1024];

	(void)state;
	memcpy(mistyped, keys[0], sizeof mistyped);
	mistyped[20] = mistyped[20] == 'x' ? 'y' : 'x';
	(void)snprintf(expected, sizeof expected, "%s",
	               assert_out(ASK("/closed", KEY(keys[2])), "credentials_invalid"));
	/* expired, mistyped, nothing like it, empty, two: all the same to the caller */
	const struct field wrong[][2] = {
	    {KEY(keys[1])},
	    {KEY(mistyped)},
	    {KEY("x")},
	    {KEY("")},
	    {BEARER(keys[1])},
	    {BEARER("eyJhbGciOiJIUzI1NiJ9.e30.x")},
	    {BEARER("")},
	    {KEY(keys[0]), KEY(keys[0])},
	    {KEY(keys[0]), BEARER(keys[0])},
	    {BEARER(keys[0]), BEARER(keys[0])},
	    {BEARER(keys[0]), KEY("x")},
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(wrong); i++)
		for (unsigned half = 0; half < 2; half++)
			assert_string_equal(assert_out(ask(half ? "/half" : "/closed", wrong[i],
			                                   wrong[i][1].name ? 2 : 1),
			                               "credentials_invalid"),
			                    expected);
}

static void test_nobody(void **state)
{
	(void)state;
	assert_in(ask("/half", NULL, 0), NULL);
	assert_in(ask("/open", NULL, 0), NULL);
	/* What is no credential of ours is the upstream's affair. */
	assert_in(ASK("/half", BASIC), NULL);
	assert_true(has_header("authorization"));
	assert_in(ASK("/open", {"authorization", "Bearer ", "token"}, KEY("theirs")), NULL);
	assert_true(has_header("authorization") && has_header("x-api-key"));
}

static void test_both(void **state)
{
	(void)state;
	/* The key in X-API-Key, a token for the upstream beside it. */
	assert_in(ASK("/closed", KEY(keys[0]), BEARER("token")), "partner");
	assert_false(has_header("x-api-key"));
	assert_true(has_header("authorization"));
	assert_in(ASK("/closed", BASIC, KEY(keys[0])), "partner");
	assert_true(has_header("authorization"));
}

/* A caller may send its key everywhere: a route that asks for none does not pass it on. */
static void test_not_asked(void **state)
{
	(void)state;
	assert_in(ASK("/open", KEY(keys[0]), BEARER(keys[2])), NULL);
	assert_false(has_header("x-api-key") || has_header("authorization"));
	assert_in(ASK("/open", KEY("fl_live_x")), NULL);
	assert_false(has_header("x-api-key"));
	/* As no proof: another scheme, none, or something around it. */
	for (size_t i = 0; i < 4; i++) {
		static const char *const before[] = {"Token ", "", "Bearer  , ", "Key key="};

		assert_in(ASK("/open", {"authorization", before[i], keys[0]}), NULL);
		assert_false(has_header("authorization"));
	}
	assert_in(ASK("/half", {"authorization", "Token ", keys[0]}), NULL);
	assert_false(has_header("authorization"));
}

/* ---- a signature over the body ---- */

/* GitHub's own example. */
#define BODY "Hello, World!"
#define SIGNATURE "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define SIGN(signature)                                                                            \
	{                                                                                          \
		"x-hub-signature-256", "sha256=", signature                                        \
	}

static void test_signed(void **state)
{
	struct fl_request *req = ASK("/hook", SIGN(SIGNATURE));

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
		assert_null(req->principal.method); /* not before the body */
		req->body = FL_STR(BODY);
		assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
		assert_int_equal(req->response.status, 200);
		assert_string_equal(req->principal.method, "webhook");
		assert_true(has_header("x-hub-signature-256"));
		finish(req);
		assert_str(f.log.last.consumer, i == 0 ? "partner" : "");
		assert_string_equal(f.log.last.auth, "webhook");
		req = ASK("/perhaps", SIGN(SIGNATURE));
	}
}

static void assert_unsigned(struct fl_request *req, const char *body, const char *challenge)
{
	if (fl_pipeline_begin(req) == FL_REQUEST_CONTINUE) {
		req->body = fl_str(body);
		assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	}
	assert_problem(req, 401, "credentials_invalid");
	assert_str(fake_header(&req->response, "www-authenticate", NULL), challenge);
	assert_int_equal(f.first.calls, 0);
	finish(req);
	assert_non_null(f.log.last.auth_refused);
	assert_null(f.log.last.auth);
}

static void test_signed_wrong(void **state)
{
	static const char *const bodies[] = {"Hello, World! ", "hello, World!", ""};
	static const char *const signatures[] = {
	    "", "757107", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18",
	    SIGNATURE "00", "zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bodies); i++)
		assert_unsigned(ASK("/hook", SIGN(SIGNATURE)), bodies[i], "Webhook-Signature");
	for (size_t i = 0; i < FL_ARRAY_LEN(signatures); i++) {
		assert_unsigned(ASK("/hook", SIGN(signatures[i])), BODY, "Webhook-Signature");
		assert_unsigned(ASK("/perhaps", SIGN(signatures[i])), BODY, "Webhook-Signature");
	}
	assert_unsigned(ASK("/hook", SIGN(SIGNATURE), SIGN(SIGNATURE)), BODY, "Webhook-Signature");
	assert_unsigned(ASK("/either", SIGN("00"), KEY("x")), BODY, "Bearer, Webhook-Signature");
}

/* Any one suffices, and what is known from the head is known then. */
static void test_signed_or_key(void **state)
{
	struct fl_request *req = ASK("/either", SIGN("00"), KEY(keys[0]));

	(void)state;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_string_equal(req->principal.method, "api_key");
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_int_equal(req->response.status, 200);
	finish(req);
	assert_null(f.log.last.auth_refused);
	req = ASK("/either", SIGN(SIGNATURE), KEY("x"));
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	req->body = FL_STR(BODY);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_int_equal(req->response.status, 200);
	assert_false(has_header("x-api-key"));
	finish(req);
	req = ask("/hook", NULL, 0);
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_RESPOND);
	assert_problem(req, 401, "credentials_missing");
	finish(req);
	assert_in(ask("/perhaps", NULL, 0), NULL);
}

/* Its sender will send it again, and that is no copy. */
static void test_failed(void **state)
{
	static const uint32_t statuses[] = {502, 404, 301, 200};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(statuses); i++) {
		struct fl_request *req = ASK("/hook", SIGN(SIGNATURE));

		f.first.result.http_status = statuses[i];
		assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
		req->body = FL_STR(BODY);
		assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
		assert_int_equal(req->response.status, statuses[i]);
		finish(req);
	}
	f.first.calls = 0;
	assert_unsigned(ASK("/hook", SIGN(SIGNATURE)), BODY, "Webhook-Signature");
	assert_string_equal(f.log.last.auth_refused, "it was let in before");
}

/* ---- who guesses ---- */

static int set_up_slowing(void **state)
{
	int rc;

	auth_failures = 3;
	rc = set_up_consumers(state);
	auth_failures = 0;
	return rc;
}

static struct fl_request *from(const char *client, struct fl_request *req)
{
	req->client = fl_str(client);
	return req;
}

static void assert_slowed(struct fl_request *req)
{
	unsigned calls = (unsigned)f.first.calls;

	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_RESPOND);
	assert_problem(req, 429, "auth_slowed");
	assert_str(fake_header(&req->response, "retry-after", NULL), "20"); /* a third of a minute */
	assert_int_equal(fake_header(&req->response, "www-authenticate", NULL).n, 0);
	assert_int_equal(f.first.calls, calls);
	finish(req);
	assert_string_equal(f.log.last.error, "auth_slowed");
	assert_str(f.log.last.consumer, "");
}

static void assert_metric(const char *line)
{
	struct fl_buf out;

	fl_buf_init(&out, 1u << 20);
	fl_metrics_render(f.metrics, &out);
	assert_false(fl_buf_is_overflown(&out));
	if (!holds(fl_buf_str(&out), fl_str(line)))
		fail_msg("no \"%s\"", line);
	fl_buf_fini(&out);
}

static void fail_thrice(const char *client)
{
	(void)assert_out(from(client, ASK("/closed", KEY("x"))), "credentials_invalid");
	(void)assert_out(from(client, ASK("/half", BEARER(keys[1]))), "credentials_invalid");
	(void)assert_out(from(client, ASK("/closed", KEY(keys[0]), KEY(keys[0]))),
	                 "credentials_invalid");
}

static void test_slowed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) { /* these are no failures */
		(void)assert_out(ask("/closed", NULL, 0), "credentials_missing");
		(void)assert_out(ASK("/closed", BASIC), "credentials_missing");
	}
	fail_thrice("192.0.2.7");
	for (unsigned i = 0; i < 10; i++) { /* the right one is not looked at, either */
		assert_slowed(ASK("/closed", KEY(keys[0])));
		assert_slowed(ASK("/half", BEARER(keys[0])));
		assert_slowed(ASK("/either", KEY("x"), SIGN(SIGNATURE)));
	}
	assert_metric("fairlead_auth_failures_total{method=\"api_key\"} 3\n");
	assert_metric("fairlead_auth_slowed_total 30\n");
	/* without credentials, or none that the route takes, and from elsewhere */
	(void)assert_out(ask("/closed", NULL, 0), "credentials_missing");
	assert_in(ask("/half", NULL, 0), NULL);
	assert_in(ASK("/open", KEY(keys[0])), NULL);
	assert_in(ASK("/open", BEARER("theirs")), NULL);
	assert_in(from("192.0.2.8", ASK("/closed", KEY(keys[0]))), "partner");
	/* until nothing counts any more */
	atomic_store(&f.pipeline->guesses.quiet_ns, 0);
	assert_in(ASK("/closed", KEY(keys[0])), "partner");
}

static void test_slowed_networks(void **state)
{
	(void)state;
	fail_thrice("2001:db8:0:1::1");
	assert_slowed(from("2001:db8:0:1:ffff::2", ASK("/closed", KEY(keys[0]))));
	assert_in(from("2001:db8:0:2::1", ASK("/closed", KEY(keys[0]))), "partner");
	assert_in(from("192.0.2.7", ASK("/closed", KEY(keys[0]))), "partner");
}

/* All customers of a service send from the same addresses. */
static void test_signatures_slow_nobody(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_unsigned(ASK("/hook", SIGN("00")), BODY, "Webhook-Signature");
	assert_metric("fairlead_auth_failures_total{method=\"webhook\"} 5\n");
	assert_metric("fairlead_auth_slowed_total 0\n");
	/* but a key that is tried beside a signature is a key that is tried */
	for (unsigned i = 0; i < 3; i++)
		assert_unsigned(ASK("/either", SIGN(SIGNATURE), KEY("x")), "other", "Bearer, Webhook-Signature");
	assert_slowed(ASK("/closed", KEY(keys[0])));
}

/* The consumer is the snapshot's, and the connector may owe longer. */
static void test_owing(void **state)
{
	struct fl_request *req = ASK("/closed", KEY(keys[0]));

	(void)state;
	f.first.start_result = FL_CALL_PENDING;
	f.first.owes = true;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_WAIT);
	fl_pipeline_gone(req);
	fl_pipeline_end(req, 0, false);
	assert_str(f.log.last.consumer, "partner");
	assert_int_equal(f.released, 0);
	assert_null(req->principal.consumer);
	assert_ptr_not_equal(req->call.view.principal.p, consumer.name.p);
	fake_paid(f.first.last);
	assert_int_equal(f.released, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("the right key, in either field", test_right),
	    CASE("no key", test_missing),
	    CASE("whatever is wrong with a key, the answer is the same", test_wrong),
	    CASE("nobody, where nobody is let in", test_nobody),
	    CASE("a key beside credentials of the upstream", test_both),
	    CASE("a key that was not asked for goes no further", test_not_asked),
	    CASE("a signature over the body is looked at after it", test_signed),
	    CASE("a signature that is not right", test_signed_wrong),
	    CASE("a signature or a key", test_signed_or_key),
	    CASE("a delivery that failed may come again", test_failed),
	    FL_CASE_SETUP("who guesses is slowed, and nobody else", test_slowed, set_up_slowing,
	                  tear_down_consumers),
	    FL_CASE_SETUP("who guesses from a network of IPv6", test_slowed_networks,
	                  set_up_slowing, tear_down_consumers),
	    FL_CASE_SETUP("wrong signatures slow nobody", test_signatures_slow_nobody,
	                  set_up_slowing, tear_down_consumers),
	    CASE("the consumer of a request whose connector owes", test_owing),
	};

	return cmocka_run_group_tests_name("authenticate", tests, NULL, NULL);
}
