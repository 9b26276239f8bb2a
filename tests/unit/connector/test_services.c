/* tests/unit/connector/test_services.c - what the host does for connectors, and what it refuses
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/connector/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/outbound/peer.h"

static struct peer *peer;
static char config[256];
static struct fl_str egress[1], secrets[1];

static int setup(void **state)
{
	peer = peer_start();
	return world_setup(state);
}

static int setup_two(void **state)
{
	peer = peer_start();
	return world_setup_two(state);
}

static int teardown(void **state)
{
	int rc = world_teardown(state);

	peer_stop(peer);
	return rc;
}

/* An instance that may ask the peer and everybody; `change` may take that back. */
struct asked {
	const char *mode, *path, *header;
	void (*change)(struct fl_instance_spec *spec);
};
static const struct asked *asked;

static void prepare(struct fl_instance_spec *spec)
{
	unsigned port = asked->path[0] == '/' ? peer_port(peer) : 1;

	(void)snprintf(config, sizeof config,
	               "{\"mode\":\"%s\",\"url\":\"http://127.0.0.1:%u%s\",\"header\":\"%s\"}",
	               asked->mode, port, asked->path, asked->header);
	spec->config_json = fl_str(config);
	spec->egress.allow_private = true;
	spec->egress.allow_any_host = true;
	secrets[0] = FL_STR("mock/token");
	spec->secrets = secrets;
	spec->secrets_n = 1;
	if (asked->change)
		asked->change(spec);
}

static struct fl_instance *make(const char *name, const struct asked *what)
{
	struct fl_instance *instance;

	asked = what;
	instance = world_create(name, what->mode, prepare);
	if (!instance)
		fail_msg("%s, %s: %s", name, what->mode, world_error.message);
	return instance;
}

/* ---- fairlead.http/1 ---- */

static void no_secrets(struct fl_instance_spec *spec)
{
	spec->secrets_n = 0;
}

static void other_secret(struct fl_instance_spec *spec)
{
	secrets[0] = FL_STR("mock/toke");
	(void)spec;
}

static void all_secrets(struct fl_instance_spec *spec)
{
	secrets[0] = FL_STR("mock/*");
	(void)spec;
}

static void no_private(struct fl_instance_spec *spec)
{
	spec->egress.allow_private = false;
}

static void other_host(struct fl_instance_spec *spec)
{
	egress[0] = FL_STR("127.0.0.1:9");
	spec->egress.allow_any_host = false;
	spec->egress.hosts = egress;
	spec->egress.hosts_n = 1;
}

static void small_responses(struct fl_instance_spec *spec)
{
	spec->egress.max_response_bytes = 1000;
}

static void short_timeout(struct fl_instance_spec *spec)
{
	spec->egress.timeout_ms = 50;
}

#define TOKEN "Bearer ${secret:mock/token}"

static const struct {
	struct asked asked;
	const char *says; /* in the body; "E04": refused at once, "e04": by the event */
} https[] = {
    {{"http", "/ok", "", NULL}, "hello"},
    {{"http", "/echo", TOKEN, NULL}, "authorization: Bearer s3cret\r\n"},
    {{"http", "/echo", TOKEN, all_secrets}, "authorization: Bearer s3cret\r\n"},
    {{"http", "/echo", "${secret:mock/token}-${secret:mock/token}", NULL}, ": s3cret-s3cret\r\n"},
    {{"http", "/echo", "$secret:mock/token}", NULL}, ": $secret:mock/token}\r\n"},
    {{"http", "/echo", TOKEN, no_secrets}, "E04"},
    {{"http", "/echo", TOKEN, other_secret}, "E04"},
    {{"http", "/echo", "${secret:mock/none}", all_secrets}, "E04"},
    {{"http", "/echo", "${secret:}", all_secrets}, "E04"},
    {{"http", "/echo", "${secret:mock/token", NULL}, "E01"},
    {{"http", "/echo", "a\r\nx: y", NULL}, "E01"},
    {{"http", "/a b", "", NULL}, "E01"},
    {{"http", "/echo", "", other_host}, "E04"},
    {{"http", "/echo", "", no_private}, "e04"},
    {{"http", "", "", NULL}, "e07"}, /* nobody listens */
    {{"http", "/short", "", NULL}, "e07"},
    {{"http", "/reset", "", NULL}, "e07"},
    {{"http", "/garbage", "", NULL}, "e07"},
    {{"http", "/huge", "", small_responses}, "e10"},
    {{"http", "/hang", "", short_timeout}, "e06"},
    {{"http_small", "/ok", "", NULL}, "e10"},
    {{"http_soon", "/hang", "", NULL}, "e06"},
    {{"http_cancel", "/hang", "", NULL}, "e09"},
    {{"http_invalid", "/ok", "", NULL}, "refused"},
};

static void check_says(const char *name, const struct asked *what, const char *says)
{
	struct fl_instance *instance = make(name, what);
	struct world_call c;
	struct fl_str body;

	world_start(&c, instance, "hello");
	world_wait(&c);
	body = c.call.result.body;
	if (c.call.result.kind != FL_CALL_REPLIED || !fl_arena_str(&c.arena, body).p ||
	    !strstr(fl_arena_str(&c.arena, body).p, says))
		fail_msg("%s, %s %s: %.*s, not %s", name, what->mode, what->path, FL_STR_ARGS(body),
		         says);
	world_finish(&c);
	world_drop(instance);
}

/* What is refused at once on a worker's thread is told by the event to all others. */
static void check_https(const char *name, bool is_inline, const char *mode)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(https); i++) {
		struct asked what = https[i].asked;
		char says[64];

		if (mode && strcmp(what.mode, "http") != 0)
			continue;
		if (mode)
			what.mode = mode;
		(void)snprintf(says, sizeof says, "%s", https[i].says);
		if (says[0] == 'E' && !is_inline)
			says[0] = 'e';
		check_says(name, &what, says);
	}
}

static void test_http_parallel(void **state)
{
	(void)state;
	check_https("mock-parallel", true, NULL);
}

static void test_http_serial(void **state)
{
	(void)state;
	check_https("mock-serial", false, NULL);
}

static void test_http_exec(void **state)
{
	(void)state;
	check_https("mock-parallel", false, "exec_http");
	check_https("mock-serial", false, "exec_http");
	check_https("mock-sharded", false, "exec_http");
}

/* ---- may it? ---- */

static struct {
	struct fl_host_deed deed; /* the last one of a host */
	char host[64];
	unsigned hosts, secrets;
	bool is_on_loop;
	bool forbids_hosts, forbids_secrets;
} seen;

static bool look(const struct fl_host_deed *deed)
{
	seen.is_on_loop = pthread_equal(pthread_self(), w.workers[deed->worker].thread) != 0;
	if (deed->target == NULL) {
		assert_true(fl_str_is(deed->secret, "mock/token"));
		seen.secrets++;
		return !seen.forbids_secrets;
	}
	seen.deed = *deed;
	(void)snprintf(seen.host, sizeof seen.host, "%.*s", FL_STR_ARGS(deed->target->host));
	seen.hosts++;
	return !seen.forbids_hosts;
}

/* Asked on the worker's loop, whatever thread it came from, and told of the request if it is one's.
 */
static void check_may(const char *name, const char *mode, bool has_request, const char *refused)
{
	const struct asked what = {mode, "/echo", TOKEN, NULL};
	struct fl_instance *instance;
	struct world_call c;

	memset(&seen, 0, sizeof seen);
	w.may = look;
	instance = make(name, &what);
	world_start(&c, instance, "hello");
	world_wait(&c);
	assert_int_equal(c.call.result.kind, FL_CALL_REPLIED);
	assert_int_equal(seen.hosts, 1);
	assert_int_equal(seen.secrets, 1);
	assert_true(seen.is_on_loop);
	assert_string_equal(seen.host, "127.0.0.1");
	assert_string_equal(seen.deed.instance, fl_instance_name(instance));
	assert_int_equal(seen.deed.generation, fl_instance_generation(instance));
	if (seen.deed.call != (has_request ? &c.call : NULL))
		fail_msg("%s, %s: the wrong request", name, mode);
	assert_true(seen.deed.bytes >= 5);
	world_finish(&c);
	seen.forbids_hosts = true;
	check_says(name, &what, refused);
	seen.forbids_hosts = false;
	seen.forbids_secrets = true;
	check_says(name, &what, refused);
	assert_int_equal(seen.hosts, 2); /* no secret, no request */
	assert_int_equal(seen.secrets, 3);
	world_drop(instance);
}

static void test_may(void **state)
{
	(void)state;
	check_may("mock-parallel", "http", true, "E04");
	check_may("mock-serial", "http", true, "e04");
	check_may("mock-sharded", "http", true, "E04");
	check_may("mock-parallel", "exec_http", true, "e04");
	check_may("mock-parallel", "timer_http", false, "e04");
	check_may("mock-serial", "timer_http", false, "e04");
}

/* A worker is asked about a request of its own only, so it is the request's that is asked. */
static void test_may_of_others(void **state)
{
	static const struct asked what = {"http_other", "/echo", "", NULL};
	struct fl_instance *instance;
	struct world_call first, second;

	(void)state;
	memset(&seen, 0, sizeof seen);
	w.may = look;
	instance = make("mock-parallel", &what);
	w.on = 1;
	world_start(&first, instance, "");
	assert_int_equal(first.rc, FL_CALL_PENDING);
	w.on = 0;
	world_start(&second, instance, "hello");
	world_wait(&second);
	assert_true(fl_str_is(second.call.result.body, "sent"));
	world_wait(&first);
	assert_int_equal(first.call.result.kind, FL_CALL_REPLIED);
	assert_int_equal(seen.deed.worker, 1);
	assert_true(seen.is_on_loop);
	assert_ptr_equal(seen.deed.call, &first.call);
	world_finish(&second);
	world_finish(&first);
	world_drop(instance);
}

/* What the grants refuse is not asked. */
static void test_may_not(void **state)
{
	static const struct asked no_secret = {"http", "/echo", TOKEN, no_secrets},
				  no_host = {"http", "/echo", "", other_host};

	(void)state;
	memset(&seen, 0, sizeof seen);
	w.may = look;
	check_says("mock-parallel", &no_secret, "E04");
	check_says("mock-parallel", &no_host, "E04");
	assert_int_equal(seen.hosts + seen.secrets, 0);
}

static void check_deadline(const char *name)
{
	static const struct asked what = {"http", "/hang", "", NULL};
	struct fl_instance *instance = make(name, &what);
	uint64_t now_ns = fl_clock_mono_ns();
	struct world_call c;

	world_start_until(&c, instance, "", now_ns + 100 * FL_NS_PER_MS);
	world_wait(&c);
	assert_true(fl_str_is(c.call.result.body, "e06"));
	assert_in_range(fl_clock_mono_ns() - now_ns, 100 * FL_NS_PER_MS, 5 * FL_NS_PER_SEC);
	world_finish(&c);
	world_drop(instance);
}

static void test_deadline(void **state)
{
	(void)state;
	check_deadline("mock-parallel");
	check_deadline("mock-serial");
}

/* The drain limit passes: the operation is withdrawn, the call answered in its place. */
static void check_retirement(const char *name)
{
	static const struct asked what = {"http", "/hang", "", NULL};
	struct fl_instance *instance = make(name, &what);
	struct fl_host_counts counts;
	struct world_call c;

	world_start(&c, instance, "");
	assert_int_equal(c.rc, FL_CALL_PENDING);
	world_drop(instance);
	world_wait(&c);
	if (c.call.result.kind == FL_CALL_REPLIED)
		assert_true(fl_str_is(c.call.result.body, "e09"));
	else
		assert_int_equal(c.call.result.status, FAIRLEAD_E_CANCELLED);
	world_finish(&c);
	fl_host_counts(w.host, &counts);
	assert_int_equal(counts.zombies, 0);
}

static void test_retirement(void **state)
{
	(void)state;
	check_retirement("mock-parallel");
	check_retirement("mock-serial");
	check_retirement("mock-sharded");
}

/* Without on_cancel() the host withdraws what was asked for the request. */
static void test_untold(void **state)
{
	static const struct asked what = {"http", "/hang", "", NULL};
	struct fl_instance *instance = make("mock-untold", &what);
	struct fl_instance_info info;
	struct world_call c;

	(void)state;
	world_start(&c, instance, "");
	assert_int_equal(c.rc, FL_CALL_PENDING);
	assert_true(world_cancel(&c, FAIRLEAD_CANCEL_CLIENT_GONE));
	world_wait_paid(&c); /* long before any time-out */
	assert_true(world_info("http", &info));
	assert_int_equal(info.contract_violations_total, 0);
	assert_int_equal(info.cancelled_total, 1);
	world_finish(&c);
	world_drop(instance);
}

static void one_at_a_time(struct fl_instance_spec *spec)
{
	spec->egress.max_concurrent = 1;
}

static void test_concurrency(void **state)
{
	static const struct asked what = {"http", "/hang", "", one_at_a_time};
	struct fl_instance *instance = make("mock-untold", &what);
	struct world_call c;
	char text[64];

	(void)state;
	world_start(&c, instance, "");
	assert_int_equal(c.rc, FL_CALL_PENDING);
	assert_int_equal(world_ask(instance, "", text), FL_CALL_REPLIED);
	assert_string_equal(text, "E05");
	assert_true(world_cancel(&c, FAIRLEAD_CANCEL_CLIENT_GONE));
	world_drop(instance);
	world_wait_paid(&c);
	world_finish(&c);
}

/* ---- the others ---- */

static void no_pool(struct fl_instance_spec *spec)
{
	spec->exec_workers = 0;
}

static void three_timers(struct fl_instance_spec *spec)
{
	spec->max_timers = 3;
}

static void tiny_quota(struct fl_instance_spec *spec)
{
	spec->kv_quota_bytes = 130;
}

static void test_limits(void **state)
{
	static const struct {
		struct asked asked;
		const char *says;
	} cases[] = {
	    {{"exec", "/", "", no_pool}, "E04"},
	    {{"exec_full", "/", "", NULL}, "E05 after 10"}, /* 1,024, and those that run */
	    {{"timers_many", "/", "", NULL}, "E05 after 1024"},
	    {{"timers_many", "/", "", three_timers}, "E05 after 3"},
	    {{"kv", "/", "", tiny_quota}, "e10"},
	    {{"kv_get", "/", "", NULL}, "not found"}, /* nothing of it was kept */
	    {{"kv_cas", "/", "", NULL}, "e12"},       /* absent: version 0 */
	    {{"kv", "/", "", NULL}, "hello"},
	    {{"kv_cas", "/", "", NULL}, "hello"},
	    {{"kv_remove", "/", "", NULL}, "done"},
	    {{"kv_remove", "/", "", NULL}, "not found"},
	    {{"kv_get", "/", "", NULL}, "not found"},
	    {{"kv_invalid", "/", "", NULL}, "refused"},
	    {{"foreign", "/", "", NULL}, "refused"},
	    {{"early", "/", "", NULL}, "hello"}, /* create() saw that it may not use them yet */
	};
	static const char *const names[] = {"mock-parallel", "mock-serial", "mock-sharded"};

	(void)state;
	for (size_t n = 0; n < FL_ARRAY_LEN(names); n++)
		for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++)
			check_says(names[n], &cases[i].asked, cases[i].says);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	    CASE("http/1 of a connector on the worker's thread", test_http_parallel),
	    CASE("http/1 of a connector on a thread of its own", test_http_serial),
	    CASE("http/1 from the threads of exec/1", test_http_exec),
	    CASE("a request to others ends with the deadline of the one it is for", test_deadline),
	    CASE("a retirement withdraws what was asked of others", test_retirement),
	    CASE("what nobody waits for is withdrawn for those who are not told", test_untold),
	    CASE("one request to others too many at once is refused", test_concurrency),
	    CASE("whatever thread asks, a worker is asked whether it may", test_may),
	    FL_CASE_SETUP("the worker of the request is asked", test_may_of_others, setup_two,
	                  teardown),
	    CASE("what is not granted is not asked", test_may_not),
	    CASE("the limits of exec/1, timer/1 and kv/1, and who may use them", test_limits),
	};

	return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
