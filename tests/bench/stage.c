/* tests/bench/stage.c - what the authorize stage adds to a request
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench_stage
 *
 * bench_decide times the decision alone; this is the whole stage as a request walks through it: its
 * headers are looked through, the context is built, it is decided, permits are fulfilled; then what
 * the record stage counts of it. Prints one line of JSON a part: nanoseconds a request, the fastest
 * of several runs by the thread's own clock, and what a request took of its arena, which allocates
 * nothing beyond its first block.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/decided.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"
#include "tests/bench/sample.h"
#include "tests/unit/authorize/hand.h"

#define RUNS 7
#define CALLS 100000u
#define ROUTES 1000u
#define ARENA_BYTES 8192u /* the transport's first block */

#define HEADER(name, value)                                                                        \
	{                                                                                          \
		{name, sizeof name - 1},                                                           \
		{                                                                                  \
			value, sizeof value - 1                                                    \
		}                                                                                  \
	}

static const fairlead_kv headers[] = {
    HEADER("accept", "application/json"),
    HEADER("accept-encoding", "gzip, br"),
    HEADER("user-agent", "orders-client/2.4"),
    HEADER("x-tenant", "acme"),
    HEADER("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    HEADER("content-type", "application/json"),
};

static struct fl_cfg_route routes[ROUTES];
static struct fl_snapshot_route targets[ROUTES];
static char names[ROUTES][16];
static struct fl_config config;
static struct fl_snapshot snapshot;
static struct fl_metric_route_shard *shard;
static struct fl_request req;
static size_t used_bytes;
static size_t consumer; /* 0: one whom a policy allows; 1: one whom none does */

static void must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	(void)fprintf(stderr, "bench_stage: %s failed\n", what);
	exit(1);
}

/* ---- one request ---- */

static void begin(unsigned i)
{
	unsigned route = (i * 7919u) % ROUTES;

	fl_arena_reset(&req.arena);
	req.route = &targets[route];
	req.principal = (struct fl_principal){.consumer = &hand_consumers[consumer],
	                                      .method = "api_key"};
	req.started_ns = req.worker->wall_checked_ns + i;
	req.is_authorized = false;
	req.decided = NULL;
	req.timeout_ns = FL_NS_PER_SEC;
	req.max_body_bytes = 1 << 20;
}

static void nothing(unsigned i)
{
	begin(i);
}

static void authorize(unsigned i)
{
	char *before;

	begin(i);
	before = req.arena.at;
	(void)fl_stage_authorize(&req);
	used_bytes = (size_t)(req.arena.at - before);
	fl_decided_record(&req, shard);
}

static double fastest_ns(void (*part)(unsigned i))
{
	uint64_t best_ns = UINT64_MAX;

	for (int run = 0; run < RUNS; run++) {
		uint64_t start_ns = fl_clock_ns(CLOCK_THREAD_CPUTIME_ID);

		for (unsigned i = 0; i < CALLS; i++)
			part(i);
		uint64_t took_ns = fl_clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;

		best_ns = took_ns < best_ns ? took_ns : best_ns;
	}
	return (double)best_ns / CALLS;
}

/* ---- policies ---- */

static const char forbids[] =
    "@advice(\"account_suspended\") forbid(principal is Gw::Consumer, action, resource)"
    " when { principal.suspended };\n"
    "@advice(\"step_up:mfa\") forbid(principal, action, resource is Gw::Route)"
    " when { resource.sensitivity >= 2000 } unless { context.amr.contains(\"mfa\") };\n"
    "forbid(principal, action in Gw::Action::\"write\", resource)"
    " when { context.req.contentLength > 65536 };\n";

/* One for each route, then for each route and another group.
 */
static void write_policies(struct fl_buf *text, unsigned n, const char *obligation)
{
	fl_buf_add_c(text, forbids);
	for (unsigned i = 0; i < n; i++) {
		fl_buf_printf(text, "%s permit(principal in Gw::Group::\"%s", obligation,
		              i < ROUTES ? "partners" : "g");
		if (i >= ROUTES)
			fl_buf_add_u64(text, i / ROUTES);
		fl_buf_printf(
		    text,
		    "\", action in Gw::Action::\"read\", resource == Gw::Route::\"r%u\") "
		    "when { context.req.hdr has \"x-tenant\" && context.req.hdr[\"x-tenant\"]"
		    " == \"acme\" && principal.hasTag(\"scope\") && "
		    "principal.getTag(\"scope\").contains(\"orders:read\") };\n",
		    i % ROUTES);
	}
}

static void print(const char *part, unsigned n, double ns, uint64_t allocations)
{
	(void)printf("{\"part\": \"%s\", \"policies\": %u, \"ns\": %.0f, \"arena_bytes\": %zu, "
	             "\"allocations\": %" PRIu64 "}\n",
	             part, n, ns, used_bytes, allocations);
}

static void measure(const char *part, unsigned n, const char *obligation, size_t who)
{
	struct fl_bundle *bundle;
	struct fl_buf text;
	uint64_t before;
	double ns;

	fl_buf_init(&text, (size_t)64 << 20);
	write_policies(&text, n, obligation);
	bundle = hand_bundle(&config, fl_buf_cstr(&text));
	fl_buf_fini(&text);
	snapshot.bundle = bundle;
	consumer = who;
	before = bench_allocations();
	ns = fastest_ns(authorize) - fastest_ns(nothing);
	print(part, n, ns, bench_allocations() - before);
	snapshot.bundle = hand_free(bundle);
	must(!fl_arena_is_overflown(&req.arena), "the arena");
}

/* ---- what a request stands on ---- */

static void set_up(struct fl_pipeline **ret, struct fl_metrics **ret_metrics,
                   struct fl_loop **ret_loop)
{
	struct fl_pipeline_config parts = {.workers = 1};

	must(fl_metrics_create(1, ret_metrics) == 0 && fl_loop_create(ret_loop) == 0, "a loop");
	parts.metrics = *ret_metrics;
	must(fl_pipeline_create(&parts, ret) == 0, "a pipeline");
	for (unsigned i = 0; i < ROUTES; i++) {
		(void)snprintf(names[i], sizeof names[i], "r%u", i);
		routes[i] = (struct fl_cfg_route){.name = fl_str(names[i])};
		targets[i].name = fl_str_to(fl_str(names[i]));
	}
	config = (struct fl_config){.refs = 1, .routes = routes, .routes_n = ROUTES};
	snapshot = (struct fl_snapshot){.config = &config, .routes = targets};
	shard = fl_metrics_route(*ret_metrics, FL_STR("r"));
	fl_arena_init(&req.arena, ARENA_BYTES, ARENA_BYTES);
	(void)fl_arena_alloc(&req.arena, 16); /* the block is there */
	req.worker = fl_pipeline_attach_worker(*ret, 0, *ret_loop);
	req.snapshot = &snapshot;
	req.method = FL_METHOD_GET;
	req.method_name = FL_STR("GET");
	req.host_name = FL_STR("api.example.com");
	req.client = FL_STR("192.0.2.17");
	req.scheme = FL_STR("http");
	req.headers = headers;
	req.headers_n = FL_ARRAY_LEN(headers);
}

int main(void)
{
	static const unsigned sizes[] = {1000, 10000};
	struct fl_pipeline *pipeline;
	struct fl_metrics *metrics;
	struct fl_loop *loop;

	set_up(&pipeline, &metrics, &loop);
	for (size_t i = 0; i < FL_ARRAY_LEN(sizes); i++) {
		measure("allow", sizes[i], "", 0);
		measure("allow, and charge a rate", sizes[i], "@rate_limit(\"1000000000/s\")", 0);
		measure("allow, and set a header and a time", sizes[i],
		        "@header_set(\"x-scope: partner\") @timeout(\"2s\")", 0);
		measure("deny", sizes[i], "", 1);
	}
	fl_arena_fini(&req.arena);
	(void)fl_loop_destroy(loop);
	(void)fl_pipeline_destroy(pipeline);
	(void)fl_metrics_destroy(metrics);
	return 0;
}
