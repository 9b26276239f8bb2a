/* tests/bench/hot.c - what the parts of the request path cost by themselves
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench-hot [ECHO.so]
 *
 * With the template connector also what a call of it costs.
 * Prints one line of JSON a part: nanoseconds a call, the fastest of several runs.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <gnutls/crypto.h>

#include "base/clock.h"
#include "gateway/auth/webhook.h"
#include "gateway/connector/call.h"
#include "gateway/limit/limit.h"
#include "gateway/observe/access.h"
#include "gateway/observe/line.h"
#include "gateway/observe/metric.h"
#include "gateway/route/table.h"

#define RUNS 7
#define CALLS 200000u

typedef void (*part_fn)(unsigned i);

static uint64_t time_ns(part_fn part, unsigned calls)
{
	uint64_t start_ns = fl_clock_mono_ns();

	for (unsigned i = 0; i < calls; i++)
		part(i);
	return fl_clock_mono_ns() - start_ns;
}

static double fastest_ns(part_fn part)
{
	uint64_t best_ns = UINT64_MAX;

	for (int run = 0; run < RUNS; run++) {
		uint64_t took_ns = time_ns(part, CALLS);

		best_ns = took_ns < best_ns ? took_ns : best_ns;
	}
	return (double)best_ns / CALLS;
}

static void print(const char *part, double ns)
{
	(void)printf("{\"part\": \"%s\", \"ns\": %.1f}\n", part, ns);
}

/* ---- access log and metrics ---- */

static struct fl_access_record record = {
    .duration_ns = 1234567,
    .upstream_ns = 1034567,
    .client = FL_STR_INIT("192.0.2.17"),
    .method = FL_STR_INIT("GET"),
    .path = FL_STR_INIT("/v1/orders/8241/items"),
    .host = FL_STR_INIT("api.example.com"),
    .user_agent = FL_STR_INIT("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101"),
    .route = FL_STR_INIT("orders"),
    .instance = FL_STR_INIT("backend"),
    .consumer = FL_STR_INIT("mobile-app"),
    .request_id = FL_STR_INIT("4bf92f3577b34da6a3ce929d0e0e4736"),
    .trace_id = FL_STR_INIT("4bf92f3577b34da6a3ce929d0e0e4736"),
    .bytes_in = 120,
    .bytes_out = 4821,
    .status = 200};
static struct fl_access_clock access_clock;
static struct fl_access_log *access_log;
static struct fl_metric_route_shard *shard;

/* A new millisecond every tenth line, as at 10,000 requests a second. */
static void next_record(unsigned i)
{
	record.wall_ns = UINT64_C(1795519063) * FL_NS_PER_SEC + i * UINT64_C(100000);
	record.bytes_out = i;
}

static void format_line(unsigned i)
{
	char line[FL_ACCESS_LINE_MAX];

	next_record(i);
	(void)fl_access_line(line, &access_clock, &record);
	__asm__ volatile("" : : "r"(line) : "memory");
}

static void log_line(unsigned i)
{
	next_record(i);
	fl_access_log_add(access_log, 0, &record);
}

static void count_request(unsigned i)
{
	fl_metric_route_add(shard, 200, i * UINT64_C(977), 10, 20);
}

static void measure_observe(void)
{
	struct fl_metrics *metrics;

	print("access line", fastest_ns(format_line));
	if (fl_access_log_open("/dev/null", 1, 256 << 20, &access_log, NULL) == 0) {
		print("access line and ring, as fast as it goes", fastest_ns(log_line));
		(void)printf("{\"part\": \"lines dropped by that\", \"lines\": %" PRIu64
		             ", \"of\": %u}\n",
		             fl_access_log_dropped(access_log), RUNS * CALLS);
		access_log = fl_access_log_close(access_log);
	}
	if (fl_metrics_create(1, &metrics) == 0) {
		shard = fl_metric_route_shard(fl_metrics_route(metrics, FL_STR("r")), 0);
		print("metrics of a request", fastest_ns(count_request));
		metrics = fl_metrics_destroy(metrics);
	}
}

/* ---- routes ---- */

#define ROUTES_MAX 10000u

static char paths[ROUTES_MAX][32], requests[ROUTES_MAX][32];
static struct fl_route_rule rules[ROUTES_MAX];
static struct fl_route_table *table;
static unsigned routes_n;

static void find_route(unsigned i)
{
	unsigned n = (i * 7919u) % routes_n;
	struct fl_route_query query = {.path = fl_str(requests[n]), .host = FL_STR("localhost")};
	struct fl_route_match match;

	if (fl_route_table_find(table, &query, &match) != FL_ROUTE_FOUND ||
	    match.target != &rules[n])
		abort();
}

static void find_one_route(unsigned i)
{
	(void)i;
	find_route(0);
}

static void measure_routes(unsigned n)
{
	struct fl_arena arena;
	struct fl_problems problems;
	char part[64];

	routes_n = n;
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(paths[i], sizeof paths[i], "/v1/r%u/{id}", i);
		(void)snprintf(requests[i], sizeof requests[i], "/v1/r%u/%u", i, i * 31);
		rules[i] = (struct fl_route_rule){.name = fl_str(paths[i] + 1),
		                                  .path = fl_str(paths[i]),
		                                  .methods = FL_METHODS_ALL,
		                                  .target = &rules[i]};
	}
	fl_arena_init(&arena, 4096, 1 << 20);
	fl_problems_init(&problems, &arena);
	struct mallinfo2 before = mallinfo2();
	uint64_t start_ns = fl_clock_mono_ns();

	table = fl_route_table_build(rules, n, &problems);
	uint64_t took_ns = fl_clock_mono_ns() - start_ns;
	struct mallinfo2 after = mallinfo2();

	if (!table)
		abort();
	(void)printf("{\"part\": \"build %u routes\", \"ns\": %.0f, \"bytes\": %zu}\n", n,
	             (double)took_ns,
	             after.uordblks + after.hblkhd - before.uordblks - before.hblkhd);
	(void)snprintf(part, sizeof part, "find, any of %u routes", n);
	print(part, fastest_ns(find_route));
	(void)snprintf(part, sizeof part, "find, one of %u routes", n);
	print(part, fastest_ns(find_one_route));
	table = fl_route_table_destroy(table);
	fl_arena_fini(&arena);
}

/* ---- a signature over 10 KB, and the bare hash ---- */

#define HOOK_BYTES 10240u

static char hook_body[HOOK_BYTES], hook_signature[] =
    "sha256=0000000000000000000000000000000000000000000000000000000000000000";
static const fairlead_kv hook_headers[] = {
    {{"host", 4}, {"127.0.0.1", 9}},
    {{"user-agent", 10}, {"GitHub-Hookshot/044aadd", 23}},
    {{"content-type", 12}, {"application/json", 16}},
    {{"x-github-event", 14}, {"push", 4}},
    {{"x-github-delivery", 17}, {"72d3162e-cc78-11e3-81ab-4c9367dc0958", 36}},
    {{"x-hub-signature-256", 19}, {hook_signature, sizeof hook_signature - 1}},
};
static const struct fl_str hook_secret = FL_STR_INIT("0123456789abcdef0123456789abcdef");
static struct fl_arena hook_arena;
static struct fl_replay *hook_replay;
static void *hook_state;

static void hash_body(unsigned i)
{
	unsigned char mac[32];

	(void)i;
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, hook_secret.p, hook_secret.n, hook_body,
	                     sizeof hook_body, mac) != 0)
		abort();
	__asm__ volatile("" : : "r"(mac) : "memory");
}

/* From the head, with the body, and out again: so that the next one is no copy. */
static void check_hook(unsigned i)
{
	struct fl_auth_attempt attempt = {.headers = hook_headers,
	                                  .headers_n = FL_ARRAY_LEN(hook_headers),
	                                  .method = FL_STR("POST"),
	                                  .path = FL_STR("/hooks/github"),
	                                  .wall_ns = i + FL_NS_PER_SEC,
	                                  .arena = &hook_arena};

	if (fl_auth_webhook.look(hook_state, &attempt) != FL_AUTH_NEEDS_BODY)
		abort();
	attempt.body = fl_str_n(hook_body, sizeof hook_body);
	if (fl_auth_webhook.check_body(hook_state, &attempt) != FL_AUTH_ACCEPTED)
		abort();
	fl_replay_leave(hook_replay, &attempt.principal.delivery);
}

static void sign_hook(void)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char mac[32];

	memset(hook_body, 'x', sizeof hook_body);
	(void)gnutls_hmac_fast(GNUTLS_MAC_SHA256, hook_secret.p, hook_secret.n, hook_body,
	                       sizeof hook_body, mac);
	for (size_t i = 0; i < sizeof mac; i++) {
		hook_signature[7 + 2 * i] = digits[mac[i] >> 4];
		hook_signature[8 + 2 * i] = digits[mac[i] & 15];
	}
}

/* In turns and in short runs: what disturbs the machine disturbs both. */
static void compare_with_hash(void)
{
	enum { TURNS = 500, TURN_CALLS = 100 };
	uint64_t bare_ns = UINT64_MAX, whole_ns = UINT64_MAX;

	for (int turn = 0; turn < TURNS; turn++) {
		uint64_t bare = time_ns(hash_body, TURN_CALLS);
		uint64_t whole = time_ns(check_hook, TURN_CALLS);

		bare_ns = bare < bare_ns ? bare : bare_ns;
		whole_ns = whole < whole_ns ? whole : whole_ns;
	}
	print("HMAC-SHA256 of 10 KB", (double)bare_ns / TURN_CALLS);
	print("webhook of 10 KB, recipe github", (double)whole_ns / TURN_CALLS);
	(void)printf("{\"part\": \"the same in ratio\", \"ratio\": %.3f}\n",
	             (double)whole_ns / (double)bare_ns);
}

static void measure_webhook(void)
{
	const struct fl_cfg_secret secret = {.name = FL_STR("s"), .value = hook_secret};
	const struct fl_config config = {.secrets = &secret, .secrets_n = 1};
	const struct fl_cfg_auth_method method = {
	    .name = FL_STR("hook"),
	    .by.webhook = {.recipe = FL_STR("github"),
	                   .secrets = {&secret.name, 1},
	                   .tolerance_ns = 300 * FL_NS_PER_SEC}};
	struct fl_auth_key key = {.bytes = {1}};
	struct fl_error err = FL_ERROR_INIT;
	struct fl_problems problems;

	fl_arena_init(&hook_arena, 4096, 1 << 20);
	fl_problems_init(&problems, &hook_arena);
	sign_hook();
	if (fl_replay_create(&key, &hook_replay, &err) != 0)
		abort();
	fl_auth_webhook.build(
	    &(struct fl_auth_parts){.config = &config, .replay = hook_replay}, &method,
	    &hook_state, &problems);
	compare_with_hash();
	fl_auth_webhook.destroy(hook_state);
	hook_replay = fl_replay_destroy(hook_replay);
	fl_arena_fini(&hook_arena);
}

/* ---- a call of a connector ---- */

static struct fl_instance *echo;
static struct fl_arena call_arena;
static struct fl_call call;

/* The arena and the view are the request's, made once for each; here only the call counts. */
static void call_echo(unsigned i)
{
	(void)i;
	fl_arena_reset(&call_arena);
	if (fl_call_start(&call, echo, 0) != FL_CALL_DONE)
		abort();
}

static int measure_call(const char *path)
{
	static const fairlead_kv headers[] = {{{"host", 4}, {"127.0.0.1", 9}},
	                                      {{"user-agent", 10}, {"bench", 5}},
	                                      {{"content-type", 12}, {"text/plain", 10}}};
	const struct fl_instance_spec spec = {.name = FL_STR("echo"), .config_json = FL_STR("{}")};
	char dir[] = "/tmp/fl-bench-XXXXXX", gen[64];
	const struct fl_host_config config = {.state_dir = mkdtemp(dir), .workers = 1};
	struct fl_error err = FL_ERROR_INIT;
	struct fl_module *module;
	struct fl_host *host;

	if (!config.state_dir || fl_host_create(&config, &host, &err) != 0 ||
	    fl_module_load(host, path, &module, &err) != 0 ||
	    fl_instance_create(host, module, &spec, &echo, &err) != 0) {
		(void)fprintf(stderr, "bench-hot: %s\n", err.message);
		return 1;
	}
	(void)fl_module_unref(module);
	fl_arena_init(&call_arena, 4096, 1u << 20);
	call.arena = &call_arena;
	call.view = (fairlead_request){.method = {"POST", 4},
	                               .path = {"/echo", 5},
	                               .action = {"reply", 5},
	                               .headers = headers,
	                               .headers_n = FL_ARRAY_LEN(headers),
	                               .body = {"hello", 5},
	                               .deadline_ns = UINT64_MAX};
	print("inline call of echo", fastest_ns(call_echo));
	fl_arena_fini(&call_arena);
	(void)fl_instance_unref(echo);
	(void)fl_host_destroy(host);
	(void)snprintf(gen, sizeof gen, "%s/gen", dir);
	(void)rmdir(gen);
	(void)rmdir(dir);
	return 0;
}

/* ---- limits ---- */

#define CALLERS 1000u

static struct fl_buckets *buckets;
static const struct fl_limit *limit;
static char consumers[CALLERS][16], addresses[CALLERS][40];
static uint64_t limit_now_ns, limit_passed;

static void check_limit(unsigned i)
{
	const struct fl_limit_subject subject = {.consumer = fl_str(consumers[i % CALLERS]),
	                                         .address = fl_str(addresses[i % CALLERS])};
	struct fl_bucket_state state;

	limit_passed += fl_bucket_take(buckets, fl_limit_key(limit, &subject), &limit->rate,
	                               limit_now_ns + i, &state);
}

static void measure_limit(const char *part, enum fl_cfg_limit_by by, uint64_t count)
{
	static const size_t first[] = {0};
	const struct fl_cfg_limit items[] = {{.name = FL_STR_INIT("per-caller"),
	                                      .parts = {{.by = by}},
	                                      .parts_n = 1,
	                                      .rate = {count, 60 * FL_NS_PER_SEC},
	                                      .burst = count,
	                                      .cost = 1,
	                                      .ipv6_prefix = 64}};
	const struct fl_cfg_route route = {.limits = first, .limits_n = 1};
	const struct fl_config config = {
	    .limits = items, .limits_n = 1, .routes = &route, .routes_n = 1};
	struct fl_metrics *metrics;
	struct fl_limits *limits;

	if (fl_metrics_create(1, &metrics) != 0)
		abort();
	limits = fl_limits_build(&config, metrics);
	if (!limits)
		abort();
	limit = fl_limits_of(limits, 0)->items[0];
	print(part, fastest_ns(check_limit));
	(void)fl_limits_destroy(limits);
	(void)fl_metrics_destroy(metrics);
}

static void measure_limits(void)
{
	buckets = fl_buckets_create(FL_BUCKET_SETS);
	if (!buckets)
		abort();
	for (unsigned i = 0; i < CALLERS; i++) {
		(void)snprintf(consumers[i], sizeof consumers[i], "partner-%u", i);
		(void)snprintf(addresses[i], sizeof addresses[i], "2001:db8:%x::17", i);
	}
	limit_now_ns = fl_clock_mono_ns();
	measure_limit("limit: a consumer passes", FL_CFG_LIMIT_CONSUMER, 1000000);
	measure_limit("limit: a consumer is refused", FL_CFG_LIMIT_CONSUMER, 1);
	measure_limit("limit: an IPv6 address passes", FL_CFG_LIMIT_ADDRESS, 1000000);
	buckets = fl_buckets_destroy(buckets);
}

int main(int argc, char **argv)
{
	measure_observe();
	measure_limits();
	measure_routes(10);
	measure_routes(ROUTES_MAX);
	measure_webhook();
	return argc > 1 ? measure_call(argv[1]) : 0;
}
