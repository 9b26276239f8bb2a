/* tests/unit/pipeline/test_limit.c - the stages that count callers
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/pipeline/harness.h"

#include "gateway/auth/api_key.h"
#include "gateway/observe/limit_count.h"

#define HOUR (3600 * FL_NS_PER_SEC)

/* ---- a configuration with limits ---- */

static struct fl_auth_key auth_key;
static char key[FL_API_KEY_LEN + 1], hash[FL_API_KEY_HASH_TEXT_LEN + 1];
static struct fl_cfg_credential credential;
static const struct fl_cfg_consumer consumer = {
    .name = FL_STR_INIT("partner"), .credentials = &credential, .credentials_n = 1};
static const struct fl_str secret_name = FL_STR_INIT("new");
static const struct fl_cfg_secret secret = {
    .name = FL_STR_INIT("new"), .value = FL_STR_INIT("It's a Secret to Everybody")};
static const struct fl_cfg_auth_method method = {
    .name = FL_STR_INIT("hook"),
    .kind = FL_CFG_BY_WEBHOOK,
    .by.webhook = {
        .recipe = FL_STR_INIT("github"), .secrets = {&secret_name, 1}, .consumer = &consumer}};

#define LIMIT(n, what, often, enforced)                                                            \
	{                                                                                          \
		.name = FL_STR_INIT(n), .parts = {{.by = (what)}}, .parts_n = 1,                   \
		.rate = {(often), HOUR}, .burst = (often), .cost = 1, .ipv6_prefix = 64,           \
		.is_enforced = (enforced)                                                          \
	}
#define LONG_NAME(digit) "a-name-of-sixty-four-bytes-which-is-the-longest-that-there-may-" digit
#define LONGEST(digit) LIMIT(LONG_NAME(digit), FL_CFG_LIMIT_ROUTE, FL_CFG_RATE_MAX, true)
enum { ADDRESS, CONSUMER, SHADOW, TENANT, LIMITS };
static const struct fl_cfg_limit limits[] = {
    [ADDRESS] = LIMIT("address", FL_CFG_LIMIT_ADDRESS, 3, true),
    [CONSUMER] = LIMIT("consumer", FL_CFG_LIMIT_CONSUMER, 2, true),
    [SHADOW] = LIMIT("shadow", FL_CFG_LIMIT_INSTANCE, 1, false),
    [TENANT] = LIMIT("tenant", FL_CFG_LIMIT_ROUTE, 1, true),
    LONGEST("0"),
    LONGEST("1"),
    LONGEST("2"),
    LONGEST("3"),
    LONGEST("4"),
    LONGEST("5"),
    LONGEST("6"),
    LONGEST("7"),
};

static const size_t by_address[] = {ADDRESS}, by_consumer[] = {CONSUMER}, shadowed[] = {SHADOW},
                    both[] = {CONSUMER, ADDRESS, SHADOW}, once[] = {TENANT},
                    longest[] = {LIMITS,     LIMITS + 1, LIMITS + 2, LIMITS + 3,
                                 LIMITS + 4, LIMITS + 5, LIMITS + 6, LIMITS + 7},
                    first_method[] = {0};

#define ROUTE(n, bits, list)                                                                       \
	{                                                                                          \
		.name = FL_STR_INIT(n), .path = FL_STR_INIT("/" n), .methods = FL_METHODS_ALL,     \
		.action = FL_STR_INIT("reply"), .auth = (bits), .limits = (list),                  \
		.limits_n = FL_ARRAY_LEN(list), .max_body_bytes = 100                              \
	}
static const struct fl_cfg_route routes[] = {
    ROUTE("closed", FL_CFG_AUTH_API_KEY, by_address),
    ROUTE("half", FL_CFG_AUTH_API_KEY | FL_CFG_AUTH_NONE, by_consumer),
    ROUTE("both", FL_CFG_AUTH_API_KEY | FL_CFG_AUTH_NONE, both),
    ROUTE("shadow", FL_CFG_AUTH_NONE, shadowed),
    ROUTE("once", FL_CFG_AUTH_NONE, once),
    ROUTE("longest", FL_CFG_AUTH_NONE, longest),
    {.name = FL_STR_INIT("free"),
     .path = FL_STR_INIT("/free"),
     .methods = FL_METHODS_ALL,
     .action = FL_STR_INIT("reply"),
     .auth = FL_CFG_AUTH_NONE},
    {.name = FL_STR_INIT("hook"),
     .path = FL_STR_INIT("/hook"),
     .methods = FL_METHODS_ALL,
     .action = FL_STR_INIT("reply"),
     .auth_methods = first_method,
     .auth_methods_n = 1,
     .limits = both,
     .limits_n = FL_ARRAY_LEN(both),
     .max_body_bytes = 100},
};

static void make_credential(void)
{
	static const unsigned char bytes[FL_AUTH_KEY_BYTES] = {42};
	unsigned char random[FL_API_KEY_RANDOM_BYTES] = {7}, raw[FL_API_KEY_HASH_BYTES];

	fl_auth_key_init(bytes, &auth_key);
	fl_api_key_make(random, key);
	fl_api_key_hash(&auth_key, fl_str(key), raw);
	fl_api_key_hash_text(&auth_key, raw, hash);
	credential.hash = fl_str(hash);
}

static int publish(void)
{
	struct fl_instance *instances[] = {&f.first, &f.second};
	struct fl_config *config = fake_config();
	struct fl_snapshot *snapshot;
	struct fl_problems problems;
	struct fl_arena arena;

	config->routes = routes;
	config->routes_n = FL_ARRAY_LEN(routes);
	config->limits = limits;
	config->limits_n = FL_ARRAY_LEN(limits);
	config->secrets = &secret;
	config->secrets_n = 1;
	config->auth = &method;
	config->auth_n = 1;
	config->consumers = &consumer;
	config->consumers_n = 1;
	fl_arena_init(&arena, 4096, 65536);
	fl_problems_init(&problems, &arena);
	snapshot = fl_snapshot_build(&(struct fl_snapshot_parts){.config = config,
	                                                         .instances = instances,
	                                                         .metrics = f.metrics,
	                                                         .auth_key = &auth_key},
	                             &problems);
	assert_int_equal(problems.errors, 0);
	fl_arena_fini(&arena);
	(void)fl_config_unref(config);
	return snapshot ? fl_pipeline_publish(f.pipeline, snapshot, 0) : -1;
}

static int set_up_limits(void **state)
{
	make_credential();
	return set_up_empty(state) == 0 ? publish() : -1;
}

#undef CASE
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up_limits, tear_down)

/* ---- requests ---- */

static struct fl_request *ask(const char *path, const char *with_key)
{
	static fairlead_kv kv[2];
	struct fl_request *req = make(FL_METHOD_GET, path);

	kv[0] = (fairlead_kv)HEADER("accept", "*/*");
	if (with_key)
		kv[1] = (fairlead_kv){{"x-api-key", 9}, {with_key, strlen(with_key)}};
	req->headers = kv;
	req->headers_n = with_key ? 2 : 1;
	return req;
}

/* The whole of one request: its status. */
static uint32_t send(struct fl_request *req)
{
	if (fl_pipeline_begin(req) == FL_REQUEST_CONTINUE)
		assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	return req->response.status;
}

static uint32_t status_of(const char *path, const char *with_key)
{
	struct fl_request *req = ask(path, with_key);
	uint32_t status = send(req);

	finish(req);
	return status;
}

static void assert_field(const char *name, const char *value)
{
	size_t n;
	struct fl_str found = fake_header(&f.req.response, name, &n);

	assert_int_equal(n, value != NULL);
	if (value)
		assert_str(found, value);
}

static uint64_t decided(const char *limit, enum fl_limit_decision decision)
{
	return fl_metrics_limit(f.metrics, fl_str(limit))->decisions[decision];
}

/* ---- who is counted when ---- */

static void addresses_are_counted_before_credentials(void **state)
{
	struct fl_request *req;

	(void)state;
	assert_int_equal(status_of("/closed", NULL), 401);
	assert_int_equal(status_of("/closed", "fl_live_guess"), 401);
	assert_int_equal(status_of("/closed", key), 200);
	req = ask("/closed", key);
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_RESPOND);
	assert_problem(req, 429, "rate_limited");
	assert_null(req->principal.method); /* nobody looked */
	assert_field("retry-after", "1200");
	assert_field("ratelimit-policy", "\"address\";q=3;w=3600");
	finish(req);
	assert_str(f.log.last.limit, "address");
	assert_string_equal(f.log.last.error, "rate_limited");
	assert_int_equal(f.first.calls, 1);
	req = ask("/closed", key);
	req->client = FL_STR("192.0.2.8");
	assert_int_equal(send(req), 200);
	finish(req);
	assert_int_equal(f.log.last.limit.n, 0);
}

static void consumers_are_counted_when_they_are_known(void **state)
{
	(void)state;
	assert_int_equal(status_of("/half", "fl_live_guess"), 401); /* not charged to anybody */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(status_of("/half", NULL), 200);
		assert_int_equal(status_of("/half", key), 200);
	}
	assert_int_equal(status_of("/half", NULL), 429);
	assert_int_equal(status_of("/half", key), 429);
	assert_int_equal(decided("consumer", FL_LIMIT_PASS), 4);
	assert_int_equal(decided("consumer", FL_LIMIT_REFUSE), 2);
}

#define BODY "Hello, World!"
#define SIGNATURE "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

static uint32_t deliver(void)
{
	static const fairlead_kv fields[] = {HEADER("x-hub-signature-256", SIGNATURE)};
	struct fl_request *req = make(FL_METHOD_POST, "/hook");

	req->headers = fields;
	req->headers_n = 1;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_false(req->is_limited);
	req->body = FL_STR(BODY);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_true(req->is_limited);
	uint32_t status = req->response.status;

	finish(req);
	return status;
}

static void who_signs_the_body_is_counted_after_it(void **state)
{
	(void)state;
	assert_int_equal(deliver(), 200);
	assert_int_equal(deliver(), 200);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(deliver(), 429);
	assert_str(f.log.last.limit, "consumer");
	assert_int_equal(decided("address", FL_LIMIT_GIVE_BACK), 5);
	assert_int_equal(status_of("/closed", key), 200); /* the third of the address */
	assert_int_equal(status_of("/closed", key), 429);
}

/* ---- several ---- */

static void none_is_charged_when_one_refuses(void **state)
{
	struct fl_request *req;

	(void)state;
	assert_int_equal(status_of("/both", key), 200);
	assert_int_equal(status_of("/both", key), 200);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(status_of("/both", key), 429);
	req = ask("/both", NULL); /* of the same address, and not that consumer */
	assert_int_equal(send(req), 200);
	assert_field("ratelimit-policy", "\"consumer\";q=2;w=3600, \"address\";q=3;w=3600");
	assert_field("ratelimit", "\"consumer\";r=1;t=1800, \"address\";r=0;t=3600");
	finish(req);
	req = ask("/both", NULL);
	assert_int_equal(send(req), 429);
	assert_field("ratelimit", "\"address\";r=0;t=3600"); /* the one that refused */
	finish(req);
	assert_int_equal(decided("address", FL_LIMIT_PASS), 13);
	assert_int_equal(decided("address", FL_LIMIT_GIVE_BACK), 10);
	assert_int_equal(decided("address", FL_LIMIT_REFUSE), 1);
}

static void what_is_not_enforced_refuses_nobody_and_is_not_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct fl_request *req = ask("/shadow", NULL);

		assert_int_equal(send(req), 200);
		assert_field("ratelimit", NULL);
		assert_field("ratelimit-policy", NULL);
		finish(req);
	}
	assert_int_equal(decided("shadow", FL_LIMIT_PASS), 1);
	assert_int_equal(decided("shadow", FL_LIMIT_WOULD_REFUSE), 4);
}

static void the_count_goes_on_with_another_snapshot(void **state)
{
	(void)state;
	assert_int_equal(status_of("/once", NULL), 200);
	assert_int_equal(publish(), 0);
	assert_int_equal(status_of("/once", NULL), 429);
}

/* ---- what is told ---- */

static void an_upstreams_own_fields_are_replaced(void **state)
{
	static const fairlead_kv fields[] = {
	    HEADER("ratelimit", "\"theirs\";r=1"),
	    HEADER("x-other", "1"),
	    HEADER("ratelimit-policy", "\"theirs\";q=1"),
	};
	struct fl_request *req;

	(void)state;
	f.first.result.headers = fields;
	f.first.result.headers_n = FL_ARRAY_LEN(fields);
	req = ask("/half", NULL);
	assert_int_equal(send(req), 200);
	assert_field("ratelimit", "\"consumer\";r=1;t=1800");
	assert_field("ratelimit-policy", "\"consumer\";q=2;w=3600");
	assert_field("x-other", "1");
	finish(req);
	req = ask("/free", NULL);
	assert_int_equal(send(req), 200);
	assert_field("ratelimit", "\"theirs\";r=1");
	finish(req);
}

static void the_longest_fields_fit(void **state)
{
	struct fl_request *req = ask("/longest", NULL);
	struct fl_str policy;

	(void)state;
	assert_int_equal(send(req), 200);
	policy = fake_header(&req->response, "ratelimit-policy", NULL);
	assert_true(fl_str_starts(policy, FL_STR("\"" LONG_NAME("0") "\";q=1000000000;w=3600, ")));
	assert_int_equal(policy.n, 8 * (66 + 20) + 7 * 2);
	assert_true(holds(fake_header(&req->response, "ratelimit", NULL),
	                  FL_STR("\"" LONG_NAME("7") "\";r=999999999;t=1")));
	finish(req);
}

/* The limit is used up: whatever the memory, nobody passes any more. */
static void too_little_memory_never_lets_pass(void **state)
{
	bool was_limited = false, was_short = false;

	(void)state;
	assert_int_equal(status_of("/once", NULL), 200);
	for (size_t bytes = 0; bytes < 4096; bytes += 16) {
		struct fl_request *req;
		uint32_t status;

		fl_arena_fini(&f.req.arena);
		fl_arena_init(&f.req.arena, bytes, bytes);
		req = ask("/once", NULL);
		status = send(req);
		assert_true(status == 429 || status == 500);
		was_limited |= status == 429;
		was_short |= status == 500;
		finish(req);
	}
	assert_true(was_limited && was_short);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("addresses are counted before credentials", addresses_are_counted_before_credentials),
	    CASE("consumers are counted when they are known",
	         consumers_are_counted_when_they_are_known),
	    CASE("who signs the body is counted after it", who_signs_the_body_is_counted_after_it),
	    CASE("none is charged when one refuses", none_is_charged_when_one_refuses),
	    CASE("what is not enforced refuses nobody and is not told",
	         what_is_not_enforced_refuses_nobody_and_is_not_told),
	    CASE("the count goes on with another snapshot", the_count_goes_on_with_another_snapshot),
	    CASE("an upstream's own fields are replaced", an_upstreams_own_fields_are_replaced),
	    CASE("the longest fields fit", the_longest_fields_fit),
	    CASE("too little memory never lets pass", too_little_memory_never_lets_pass),
	};

	return cmocka_run_group_tests_name("pipeline/limit", cases, NULL, NULL);
}
