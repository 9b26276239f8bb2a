/* tests/bench/decide.c - how long the gateway takes to authorize one request
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench-decide [--policies N]
 *
 * From a configuration with consumers, routes and files of policies to fl_decide(): naming who
 * calls and what for, building the context, deciding. Prints lines of JSON as bench-policy does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "gateway/authorize/decide.h"
#include "tests/bench/policy_worlds.h"
#include "tests/bench/sample.h"

#define THINGS 200u /* consumers, and routes */
#define DECISIONS 200000u
#define BYTES_MAX ((size_t)256 << 20)

static void must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	(void)fprintf(stderr, "bench-decide: %s failed\n", what);
	exit(1);
}

/* ---- a configuration ---- */

static char folder[] = "/tmp/fairlead-bench-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[64];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void put(const char *name, struct fl_str text)
{
	struct fl_error err = FL_ERROR_INIT;

	must(fl_file_replace(path_of(name), text, 0600, &err) == 0, name);
}

static const char forbids[] =
    "forbid (principal is Gw::Consumer, action, resource) when { principal.suspended };\n"
    "forbid (principal, action, resource is Gw::Route) when { resource.sensitivity >= 3 }\n"
    "unless { context.client.ip.isInRange(ip(\"10.0.0.0/8\")) };\n"
    "forbid (principal, action in Gw::Action::\"write\", resource)\n"
    "when { context.req.contentLength > 65536 };\n"
    "permit (principal, action, resource is Gw::Route) when { context.req.hdr has \"x-purpose\" "
    "&&\n"
    "  context.req.hdr[\"x-purpose\"] == \"audit\" };\n";

static void write_policies(unsigned n)
{
	const struct bench_draw d = {.policies = n};
	struct fl_buf text;

	fl_buf_init(&text, BYTES_MAX);
	bench_gateway.add_policies(&text, &d);
	put("permits.cedar", fl_buf_str(&text));
	put("forbids.cedar", fl_str(forbids));
	fl_buf_fini(&text);
}

static void write_config(unsigned n)
{
	struct fl_buf text;

	fl_buf_init(&text, BYTES_MAX);
	fl_buf_add_c(&text, "apiVersion: fairlead/v1\nconnectors: { http: {} }\n"
	                    "instances: { web: { connector: http } }\nconsumers:\n");
	for (unsigned i = 0; i < THINGS; i++)
		fl_buf_printf(&text,
		              "  c%u: { groups: [g%u], tenant: acme, tier: gold, suspended: %s, "
		              "labels: { scope: s%u } }\n",
		              i, i % (n / 4 + 1), i % 50 == 0 ? "true" : "false", i % 3);
	fl_buf_add_c(&text, "routes:\n");
	for (unsigned i = 0; i < THINGS; i++)
		fl_buf_printf(
		    &text,
		    "  r%u: { match: { path: /r%u }, to: { instance: web, action: forward "
		    "}, api: a%u, sensitivity: %u }\n",
		    i, i, i % (n / 7 + 1), i % 4);
	fl_buf_add_c(&text,
	             "policies: { include: [\"*.cedar\"], headers: [x-tenant, x-purpose] }\n");
	put("main.yaml", fl_buf_str(&text));
	fl_buf_fini(&text);
}

static void print_problems(const struct fl_problems *problems)
{
	struct fl_buf text;

	fl_buf_init(&text, BYTES_MAX);
	fl_problems_print(problems, &text);
	(void)fputs(fl_buf_cstr(&text), stderr);
	fl_buf_fini(&text);
}

static struct fl_bundle *load(unsigned n)
{
	struct fl_arena arena;
	struct fl_problems problems;

	must(mkdtemp(folder) != NULL, "a folder");
	write_policies(n);
	write_config(n);
	fl_arena_init(&arena, 65536, BYTES_MAX);
	fl_problems_init(&problems, &arena);
	struct fl_config *config = fl_config_load_file(path_of("main.yaml"), &problems);
	struct fl_bundle *bundle =
	    config == NULL ? NULL : fl_bundle_build(config, NULL, NULL, &problems);

	if (bundle == NULL)
		print_problems(&problems);
	must(bundle != NULL, "the configuration");
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	(void)unlink(path_of("main.yaml"));
	(void)unlink(path_of("permits.cedar"));
	(void)unlink(path_of("forbids.cedar"));
	(void)rmdir(folder);
	return bundle;
}

/* ---- requests ---- */

static bool find_header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	(void)ctx;
	if (!fl_str_is(name, "x-tenant"))
		return false;
	*ret = FL_STR("acme");
	return true;
}

static const struct fl_str scopes[] = {FL_STR_INIT("s0"), FL_STR_INIT("s2")};
static const struct fl_str subject[] = {FL_STR_INIT("2f1c7a8e-6c1b-4b4f-9f5e-0d2f1f3d9c11")};
static const struct fl_claim claims[] = {
    {FL_STR_INIT("roles"), scopes, FL_ARRAY_LEN(scopes)},
    {FL_STR_INIT("sub"), subject, FL_ARRAY_LEN(subject)},
};

/* Who calls how: an API key's consumer is known; a token's claims become tags of this request. */
static const struct caller {
	const char *name;
	bool is_known;
	size_t claims_n;
} callers[] = {{"nobody", false, 0}, {"a key", true, 0}, {"a token", true, FL_ARRAY_LEN(claims)}};

struct asked {
	unsigned consumer, route;
	enum fl_method method;
};

/* Every second one is what some policy speaks of. */
static struct asked ask_of(struct bench_draw *draw, unsigned n)
{
	unsigned policy = bench_draw(draw, n);
	struct asked a = {policy % (n / 4 + 1) % THINGS, policy % (n / 7 + 1) % THINGS,
	                  policy % 2 == 0 ? FL_METHOD_GET : FL_METHOD_POST};

	if (bench_draw(draw, 2) == 0)
		a = (struct asked){bench_draw(draw, THINGS), bench_draw(draw, THINGS), a.method};
	return a;
}

static void measure(const struct fl_bundle *bundle, const struct caller *caller, unsigned n)
{
	uint32_t *ns = calloc(DECISIONS, sizeof *ns);
	struct bench_draw draw = {.random = 1};
	struct fl_arena scratch;
	size_t allowed = 0;

	must(ns != NULL, "memory");
	fl_arena_init(&scratch, 1 << 20, 1 << 20);
	(void)fl_arena_alloc(&scratch, 16); /* the block is there */
	uint64_t before = bench_allocations();

	for (size_t i = 0; i < DECISIONS; i++) {
		struct asked a = ask_of(&draw, n);
		const struct fl_principal principal = {
		    .consumer = caller->is_known ? &bundle->config->consumers[a.consumer] : NULL,
		    .method = caller->is_known ? "api_key" : NULL,
		    .claims = claims,
		    .claims_n = caller->claims_n,
		};
		const struct fl_decide_request request = {
		    .principal = &principal,
		    .route = a.route,
		    .method = a.method,
		    .wall_ns = UINT64_C(1795519063123456789) + i,
		    .client = FL_STR("10.0.2.7"),
		    .is_tls = true,
		    .method_name = fl_str(fl_method_name(a.method)),
		    .host = FL_STR("api.example"),
		    .header = find_header,
		};
		struct fl_decision decision;
		uint64_t start = fl_clock_mono_ns();

		fl_decide(bundle, &request, FL_CEDAR_FAST, &scratch, &decision);
		fl_arena_reset(&scratch);
		ns[i] = (uint32_t)(fl_clock_mono_ns() - start);
		allowed += decision.is_allowed;
	}
	uint64_t allocations = bench_allocations() - before;
	struct bench_quantiles q = bench_quantiles(ns, DECISIONS);

	(void)printf("{\"world\":\"request\",\"size\":%u,\"policies\":%zu,\"mode\":\"%s\","
	             "\"decisions\":%u,\"allowed\":%zu,\"p50_ns\":%" PRIu32 ",\"p99_ns\":%" PRIu32
	             ",\"allocations\":%" PRIu64 "}\n",
	             n, bundle->active.policies_n, caller->name, DECISIONS, allowed, q.p50, q.p99,
	             allocations);
	fl_arena_fini(&scratch);
	free(ns);
}

int main(int argc, char **argv)
{
	uint64_t n = 1000;

	must(argc == 1 || (argc == 3 && fl_str_is(fl_str(argv[1]), "--policies") &&
	                   fl_str_to_u64(fl_str(argv[2]), &n) && n > 0 && n <= 4000),
	     "reading the options");
	struct fl_bundle *bundle = load((unsigned)n);

	for (size_t i = 0; i < FL_ARRAY_LEN(callers); i++)
		measure(bundle, &callers[i], (unsigned)n);
	(void)fl_bundle_unref(bundle);
	return 0;
}
