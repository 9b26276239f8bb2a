/* tests/bench/authenticate.c - what the authenticate stage adds to a request, and what its time tells
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench_authenticate [SAMPLES]
 *
 * Prints lines of JSON. First what a request pays: nanoseconds of the thread's own clock, the fastest
 * of several runs, over the same stage on a route that asks for nothing. Then whether the time of a
 * refusal tells why: requests with unknown, mistyped and expired keys go through the stage in random
 * order, each timed for itself; of each kind the median, the mean without the slowest hundredth, and
 * Welch's t against unknown ones. "unknown again" is other keys of the same kind: what it differs by
 * is chance. The keys of a kind are many, and spread over the table of 100,000 consumers as the
 * others' are, so that caches help none.
 */
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sort.h"
#include "gateway/auth/basic.h"
#include "gateway/auth/credentials.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

#define RUNS 7
#define CALLS 200000u
#define CONSUMERS 100000u
#define KEYS 4096u /* of a kind; a power of two */
#define SAMPLES 1000000u
#define ARENA_BYTES 8192u
#define BASIC_MAX 128u

enum { OPEN, KEY, BASIC, ROUTES };
enum kind { UNKNOWN, UNKNOWN_TOO, MISTYPED, EXPIRED, KINDS };
static const char *const kind_names[KINDS] = {"unknown", "unknown again", "mistyped", "expired"};

static struct fl_auth_key auth_key;
static struct fl_arena texts;
static struct fl_cfg_consumer consumers[CONSUMERS];
static struct fl_cfg_credential credentials[CONSUMERS][3]; /* a key, an expired one, a password */
/* Side by side, whoever's they are: it is not the way to a text that is timed. */
static char good[KEYS][FL_API_KEY_LEN], refused[KINDS][KEYS][FL_API_KEY_LEN];
static char basics[KEYS][BASIC_MAX];
static const size_t first_method[] = {0};
static const struct fl_cfg_auth_method method = {
    .kind = FL_CFG_BY_BASIC, .by.basic = {.realm = FL_STR_INIT("bench")}};
static const struct fl_cfg_route routes[ROUTES] = {
    [OPEN] = {.name = FL_STR_INIT("open"), .auth = FL_CFG_AUTH_NONE},
    [KEY] = {.name = FL_STR_INIT("key"), .auth = FL_CFG_AUTH_API_KEY},
    [BASIC] = {.name = FL_STR_INIT("basic"), .auth_methods = first_method, .auth_methods_n = 1},
};
static struct fl_snapshot_route targets[ROUTES];
static struct fl_config config;
static struct fl_snapshot snapshot;
static struct fl_request req;

static void must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	(void)fprintf(stderr, "bench_authenticate: %s failed\n", what);
	exit(1);
}

/* ---- who is there ---- */

static struct fl_str make_key(void)
{
	unsigned char random[FL_API_KEY_RANDOM_BYTES];
	char text[FL_API_KEY_LEN + 1];

	randombytes_buf(random, sizeof random);
	fl_api_key_make(random, text);
	return fl_arena_str(&texts, fl_str(text));
}

static struct fl_str hash_of(struct fl_str text)
{
	unsigned char hash[FL_API_KEY_HASH_BYTES];
	char out[FL_API_KEY_HASH_TEXT_LEN + 1];

	fl_api_key_hash(&auth_key, text, hash);
	fl_api_key_hash_text(&auth_key, hash, out);
	return fl_arena_str(&texts, fl_str(out));
}

static void put(char to[FL_API_KEY_LEN], struct fl_str key)
{
	memcpy(to, key.p, FL_API_KEY_LEN);
}

static void put_mistyped(char to[FL_API_KEY_LEN], struct fl_str key)
{
	put(to, key);
	to[20] = to[20] == 'x' ? 'y' : 'x';
}

static void put_basic(char to[BASIC_MAX], struct fl_str pair)
{
	memcpy(to, "Basic ", 6);
	(void)sodium_bin2base64(to + 6, BASIC_MAX - 6, (const unsigned char *)pair.p, pair.n,
	                        sodium_base64_VARIANT_ORIGINAL);
}

/* Consumers that are not asked for have keys that nobody kept. */
static void make_consumer(unsigned i, unsigned asked)
{
	struct fl_str user = fl_arena_printf(&texts, "user%u", i);
	struct fl_str key = make_key(), old = make_key();
	struct fl_str pair = fl_arena_printf(&texts, "%s:%s", user.p, make_key().p);

	credentials[i][0] = (struct fl_cfg_credential){.hash = hash_of(key)};
	credentials[i][1] = (struct fl_cfg_credential){.hash = hash_of(old), .expires_wall_ns = 1};
	credentials[i][2] = (struct fl_cfg_credential){.hash = hash_of(pair), .user = user};
	consumers[i] = (struct fl_cfg_consumer){
	    .name = user, .credentials = credentials[i], .credentials_n = 3};
	for (unsigned k = i; k < KEYS; k += asked) {
		put(good[k], key);
		put_basic(basics[k], pair);
		put(refused[EXPIRED][k], old);
		put_mistyped(refused[MISTYPED][k], key);
	}
}

static void make_world(unsigned n)
{
	struct fl_arena arena;
	struct fl_problems problems;

	fl_arena_init(&texts, (size_t)1 << 20, (size_t)1 << 30);
	for (unsigned i = 0; i < n; i++)
		make_consumer(i, n < KEYS ? n : KEYS);
	for (unsigned i = 0; i < KEYS; i++) {
		put(refused[UNKNOWN][i], make_key());
		put(refused[UNKNOWN_TOO][i], make_key());
	}
	config = (struct fl_config){.refs = 1,
	                            .consumers = consumers,
	                            .consumers_n = n,
	                            .auth = &method,
	                            .auth_n = 1,
	                            .routes = routes,
	                            .routes_n = ROUTES};
	fl_arena_init(&arena, 4096, 65536);
	fl_problems_init(&problems, &arena);
	snapshot = (struct fl_snapshot){.config = &config, .routes = targets};
	snapshot.credentials = fl_credentials_build(&config, &auth_key, &problems);
	must(snapshot.credentials != NULL, "a table");
	snapshot.auth = fl_auth_build(
	    &(struct fl_auth_parts){.config = &config, .credentials = snapshot.credentials},
	    &problems);
	must(snapshot.auth != NULL && problems.errors + problems.warnings == 0, "methods");
	fl_arena_fini(&arena);
	for (size_t i = 0; i < ROUTES; i++) {
		targets[i].name = fl_str_to(routes[i].name);
		targets[i].auth = (uint8_t)routes[i].auth;
		targets[i].methods = fl_auth_list(snapshot.auth, i);
	}
}

static void end_world(void)
{
	snapshot.auth = fl_auth_destroy(snapshot.auth);
	snapshot.credentials = fl_credentials_destroy(snapshot.credentials);
	fl_arena_fini(&texts);
}

/* ---- one request ---- */

#define HEADER(name, value)                                                                        \
	{                                                                                          \
		{name, sizeof name - 1},                                                           \
		{                                                                                  \
			value, sizeof value - 1                                                    \
		}                                                                                  \
	}

static enum fl_request_verdict ask(unsigned route, const char *name, struct fl_str value)
{
	fairlead_kv headers[] = {
	    HEADER("accept", "application/json"),
	    HEADER("accept-encoding", "gzip, br"),
	    HEADER("user-agent", "orders-client/2.4"),
	    {{name, strlen(name)}, {value.p, value.n}},
	    HEADER("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
	    HEADER("content-type", "application/json"),
	};

	fl_arena_reset(&req.arena);
	req.headers = headers;
	req.headers_n = FL_ARRAY_LEN(headers);
	req.route = &targets[route];
	req.principal = (struct fl_principal){.consumer = NULL};
	return fl_stage_authenticate(&req);
}

static void ask_open(unsigned i)
{
	must(ask(OPEN, "x-other-key", fl_str_n(good[i % KEYS], FL_API_KEY_LEN)) == FL_REQUEST_CONTINUE, "open");
}

static void ask_key(unsigned i)
{
	must(ask(KEY, "x-api-key", fl_str_n(good[i % KEYS], FL_API_KEY_LEN)) == FL_REQUEST_CONTINUE, "a key");
}

static void ask_basic(unsigned i)
{
	must(ask(BASIC, "authorization", fl_str(basics[i % KEYS])) == FL_REQUEST_CONTINUE, "a password");
}

/* ---- what it costs ---- */

static double fastest_ns(void (*part)(unsigned i))
{
	uint64_t best_ns = UINT64_MAX;

	for (int run = 0; run < RUNS; run++) {
		uint64_t start_ns = fl_clock_ns(CLOCK_THREAD_CPUTIME_ID), took_ns;

		for (unsigned i = 0; i < CALLS; i++)
			part(i * 7919u);
		took_ns = fl_clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
		best_ns = took_ns < best_ns ? took_ns : best_ns;
	}
	return (double)best_ns / CALLS;
}

static void measure(unsigned n)
{
	double open_ns;

	make_world(n);
	open_ns = fastest_ns(ask_open);
	(void)printf("{\"consumers\": %u, \"open_ns\": %.0f, \"api_key_adds_ns\": %.0f, "
	             "\"basic_adds_ns\": %.0f}\n",
	             n, open_ns, fastest_ns(ask_key) - open_ns, fastest_ns(ask_basic) - open_ns);
	(void)fflush(stdout);
}

/* ---- what it tells ---- */

struct sample {
	double mean, variance;
	uint32_t median;
	size_t n;
};

static int compare_u32(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static struct sample summarize(uint32_t *ns, size_t n)
{
	struct sample s = {.n = n * 99 / 100};
	double sum = 0, squares = 0;

	fl_sort(ns, n, sizeof *ns, compare_u32);
	for (size_t i = 0; i < s.n; i++)
		sum += ns[i];
	s.mean = sum / (double)s.n;
	for (size_t i = 0; i < s.n; i++)
		squares += ((double)ns[i] - s.mean) * ((double)ns[i] - s.mean);
	s.variance = squares / (double)(s.n - 1);
	s.median = ns[n / 2];
	return s;
}

static double welch(const struct sample *a, const struct sample *b)
{
	return (a->mean - b->mean) / sqrt(a->variance / (double)a->n + b->variance / (double)b->n);
}

static void collect(uint32_t *times[KINDS], size_t n)
{
	size_t at[KINDS] = {0};
	size_t left = n * KINDS;

	while (left > 0) {
		enum kind kind = (enum kind)randombytes_uniform(KINDS);
		char key[FL_API_KEY_LEN];
		uint64_t start_ns;

		if (at[kind] == n)
			continue;
		memcpy(key, refused[kind][randombytes_uniform(KEYS)], sizeof key);
		start_ns = fl_clock_mono_ns();
		must(ask(KEY, "x-api-key", fl_str_n(key, sizeof key)) == FL_REQUEST_RESPOND,
		     "a refusal");
		times[kind][at[kind]++] = (uint32_t)(fl_clock_mono_ns() - start_ns);
		left--;
	}
}

static void tell_apart(size_t n)
{
	uint32_t *times[KINDS];
	struct sample samples[KINDS];

	for (size_t i = 0; i < KINDS; i++) {
		times[i] = calloc(n, sizeof *times[i]);
		must(times[i] != NULL, "memory");
	}
	collect(times, n);
	for (size_t i = 0; i < KINDS; i++)
		samples[i] = summarize(times[i], n);
	for (size_t i = 0; i < KINDS; i++)
		(void)printf("{\"key\": \"%s\", \"samples\": %zu, \"median_ns\": %" PRIu32
		             ", \"mean_ns\": %.2f, \"welch_t\": %.2f}\n",
		             kind_names[i], n, samples[i].median, samples[i].mean,
		             welch(&samples[i], &samples[UNKNOWN]));
	for (size_t i = 0; i < KINDS; i++)
		free(times[i]);
}

/* ---- what a request stands on ---- */

int main(int argc, char **argv)
{
	static const unsigned char bytes[FL_AUTH_KEY_BYTES] = {1, 2, 3};
	struct fl_pipeline_config parts = {.workers = 1};
	struct fl_pipeline *pipeline;
	struct fl_loop *loop;
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : SAMPLES;

	must(n >= 1000, "SAMPLES of 1000 or more");
	must(sodium_init() >= 0, "libsodium");
	must(fl_metrics_create(1, &parts.metrics) == 0 && fl_loop_create(&loop) == 0, "a loop");
	must(fl_pipeline_create(&parts, &pipeline) == 0, "a pipeline");
	fl_auth_key_init(bytes, &auth_key);
	fl_arena_init(&req.arena, ARENA_BYTES, ARENA_BYTES);
	req.worker = fl_pipeline_attach_worker(pipeline, 0, loop);
	req.snapshot = &snapshot;
	req.method_name = FL_STR("GET");
	req.client = FL_STR("192.0.2.17");
	measure(10);
	end_world();
	measure(CONSUMERS);
	tell_apart(n);
	end_world();
	fl_arena_fini(&req.arena);
	(void)fl_loop_destroy(loop);
	(void)fl_pipeline_destroy(pipeline);
	(void)fl_metrics_destroy(parts.metrics);
	return 0;
}
