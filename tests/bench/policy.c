/* tests/bench/policy.c - how long a decision of policy/ takes
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench-policy [--policies N] [--freeze DIR]
 *
 * Prints a line of JSON for each measurement: policy.mjs makes the table. Each world has a process
 * of its own, so that what it holds can be read off the process. With --freeze, schema, policies,
 * entities, requests and our answers go to files that another engine can be asked with.
 */
#include "config.h" /* _GNU_SOURCE, for malloc_trim() */

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy/validate.h"
#include "tests/bench/policy_worlds.h"
#include "tests/bench/sample.h"

#define SEED 20241022u
#define MEMORY ((size_t)4096 << 20)
#define REQUESTS 4096u /* that are drawn for a set of policies */
#define DECISIONS 200000u
#define HIERARCHIES 200u /* of an example application, and requests for each */
#define APP_REQUESTS 500u
#define HARD_REQUESTS 16u
#define FROZEN_MAX 1000u /* requests in a file */

static void must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	(void)fprintf(stderr, "bench-policy: %s failed\n", what);
	exit(1);
}

/* ---- loading ---- */

struct loaded {
	struct fl_arena arena; /* messages, requests */
	struct fl_problems problems;
	struct fl_cedar_schema *schema;
	struct fl_cedar_set *set;
	struct fl_cedar_entities *store;
	double parse_ms, validate_ms, index_ms;
	size_t n, resident_bytes; /* policies, and what the process grew by */
	/* Of decisions. The thread's own costs more to read than a short decision takes. */
	clockid_t clock;
};

/* CPU time: what else the machine does is not loading. */
static double ms_since(uint64_t *start)
{
	uint64_t now = fl_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	double ms = (double)(now - *start) / 1e6;

	*start = now;
	return ms;
}

static size_t resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	must(f != NULL && fscanf(f, "%*u %lu", &pages) == 1, "reading /proc/self/statm");
	(void)fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void load_schema(struct loaded *l, const char *text)
{
	fl_arena_init(&l->arena, 1 << 20, MEMORY);
	fl_problems_init(&l->problems, &l->arena);
	l->schema = fl_cedar_schema_create(MEMORY);
	must(fl_cedar_schema_add(l->schema, fl_str(text), NULL, &l->problems) == 0 &&
	         fl_cedar_schema_finish(l->schema, &l->problems) == 0,
	     "schema");
}

static void load_policies(struct loaded *l, struct fl_str text)
{
	const struct fl_cedar_limits limits = {.text_bytes = 1u << 30};
	size_t before = resident();
	uint64_t start = fl_clock_ns(CLOCK_THREAD_CPUTIME_ID);

	l->set = fl_cedar_set_create(&limits, MEMORY);
	must(fl_cedar_set_add(l->set, text, NULL, &l->problems) == 0, "policies");
	l->parse_ms = ms_since(&start);
	must(fl_cedar_validate(l->schema, l->set, &l->problems) == 0, "validation");
	l->validate_ms = ms_since(&start);
	must(fl_cedar_set_finish(l->set) == 0, "index");
	l->index_ms = ms_since(&start);
	(void)malloc_trim(0);
	l->resident_bytes = resident() - before;
	while (fl_cedar_set_row(l->set, l->n) != NULL)
		l->n++;
}

static void load_entities(struct loaded *l, struct fl_str text)
{
	struct fl_error err = FL_ERROR_INIT;

	l->store = fl_cedar_entities_create(MEMORY);
	must(fl_cedar_entities_read(l->store, text, NULL, l->schema, &l->problems) == 0 &&
	         fl_cedar_entities_add_actions(l->store, l->schema, &err) == 0 &&
	         fl_cedar_entities_finish(l->store, &err) == 0 &&
	         fl_cedar_entities_check(l->store, l->schema, &err) == 0,
	     "entities");
}

/* All is borrowed from the text and the arena. */
static struct fl_cedar_request load_request(struct loaded *l, struct fl_str text)
{
	const struct fl_cedar_json_source source = {.text = text, .problems = &l->problems};
	struct fl_cedar_request rq = {.entities = l->store};
	struct fl_cedar_json json;

	must(fl_cedar_json_parse(&l->arena, text, NULL, &json, &l->problems) == 0 &&
	         fl_cedar_uid_from_json(fl_cedar_json_find(&json, "principal"), &source, &l->arena,
	                                &rq.principal) == 0 &&
	         fl_cedar_uid_from_json(fl_cedar_json_find(&json, "action"), &source, &l->arena,
	                                &rq.action) == 0 &&
	         fl_cedar_uid_from_json(fl_cedar_json_find(&json, "resource"), &source, &l->arena,
	                                &rq.resource) == 0 &&
	         fl_cedar_context_from_json(fl_cedar_json_find(&json, "context"), &source, NULL,
	                                    &l->arena, &rq.context) == 0,
	     "request");
	return rq;
}

static void unload_entities(struct loaded *l)
{
	l->store = fl_cedar_entities_destroy(l->store);
}

/* ---- deciding ---- */

static const struct mode {
	const char *name;
	enum fl_cedar_mode mode;
} modes[] = {{"indexed", FL_CEDAR_FULL}, {"fast", FL_CEDAR_FAST}, {"linear", FL_CEDAR_LINEAR}};

struct measured {
	uint32_t *ns; /* of each decision */
	size_t n, n_allowed;
	uint64_t n_allocations;
};

/* A name of the request as a gateway has it: text that was just read. */
struct text {
	char p[64];
	size_t n;
};

static struct text text_of(struct fl_str s)
{
	struct text t = {.n = s.n};

	must(s.n <= sizeof t.p, "a name");
	memcpy(t.p, s.p, s.n);
	return t;
}

static struct fl_cedar_uid name(const struct text *type, const struct text *id)
{
	return fl_cedar_uid(fl_str_n(type->p, type->n), fl_str_n(id->p, id->n));
}

/* One decision from the names, which are hashed, to the answer. */
static uint32_t decide(const struct loaded *l, const struct fl_cedar_request *from,
                       enum fl_cedar_mode mode, struct fl_arena *scratch, bool *ret_allowed)
{
	const struct fl_cedar_uid *uids[] = {from->principal, from->action, from->resource};
	struct text texts[3][2];
	struct fl_cedar_request rq = *from;
	struct fl_cedar_answer answer;

	for (size_t i = 0; i < FL_ARRAY_LEN(uids); i++) {
		texts[i][0] = text_of(uids[i]->type);
		texts[i][1] = text_of(uids[i]->id);
	}
	uint64_t start = fl_clock_ns(l->clock);
	struct fl_cedar_uid p = name(&texts[0][0], &texts[0][1]);
	struct fl_cedar_uid a = name(&texts[1][0], &texts[1][1]);
	struct fl_cedar_uid r = name(&texts[2][0], &texts[2][1]);

	rq.principal = &p;
	rq.action = &a;
	rq.resource = &r;
	must(fl_cedar_authorize(l->set, &rq, mode, scratch, &answer) == 0, "authorize");
	fl_arena_reset(scratch);
	*ret_allowed = answer.is_allowed;
	return (uint32_t)(fl_clock_ns(l->clock) - start);
}

static void measure(const struct loaded *l, const struct fl_cedar_request *requests,
                    size_t n_requests, enum fl_cedar_mode mode, size_t n, struct measured *m)
{
	struct fl_arena scratch;
	bool is_allowed;

	fl_arena_init(&scratch, 1 << 20, 1 << 20);
	for (size_t i = 0; i < n_requests; i++) /* warm, and the arena's only block is there */
		(void)decide(l, &requests[i], mode, &scratch, &is_allowed);
	uint64_t before = bench_allocations();

	for (size_t i = 0; i < n; i++) {
		m->ns[m->n++] = decide(l, &requests[i % n_requests], mode, &scratch, &is_allowed);
		m->n_allowed += is_allowed;
	}
	m->n_allocations += bench_allocations() - before;
	fl_arena_fini(&scratch);
}

/* What is measured of a world. */
struct run {
	const struct bench_world *world;
	unsigned policies;
	size_t requests, decisions,
	    linear;         /* requests in turn; how many decisions, how many linear */
	const char *freeze; /* a folder, or NULL */
};

static void print(const struct run *run, const struct loaded *l, const char *mode,
                  struct measured *m)
{
	const struct bench_quantiles q = bench_quantiles(m->ns, m->n);

	(void)printf(
	    "{\"world\":\"%s\",\"size\":%u,\"policies\":%zu,\"mode\":\"%s\",\"decisions\":%zu,"
	    "\"allowed\":%zu,\"p50_ns\":%" PRIu32 ",\"p99_ns\":%" PRIu32 ",\"allocations\":%" PRIu64
	    ",\"parse_ms\":%.3f,\"validate_ms\":%.3f,"
	    "\"index_ms\":%.3f,\"bytes\":%zu,\"resident_bytes\":%zu}\n",
	    run->world->name, run->policies, l->n, mode, m->n, m->n_allowed, q.p50, q.p99,
	    m->n_allocations, l->parse_ms, l->validate_ms, l->index_ms, fl_cedar_set_bytes(l->set),
	    l->resident_bytes);
	(void)fflush(stdout);
}

/* ---- files for other engines ---- */

static FILE *open_in(const char *folder, const char *name, const char *suffix)
{
	char path[512];
	FILE *f;

	if (folder == NULL)
		return NULL;
	(void)snprintf(path, sizeof path, "%s/%s.%s", folder, name, suffix);
	f = fopen(path, "w");
	must(f != NULL, path);
	return f;
}

static void write_file(const char *folder, const char *name, const char *suffix, struct fl_str text)
{
	FILE *f = open_in(folder, name, suffix);

	if (f == NULL)
		return;
	must(fwrite(text.p, 1, text.n, f) == text.n && fclose(f) == 0, "writing");
}

/* The request with our answer behind its keys. */
static void freeze_request(FILE *f, const struct loaded *l, struct fl_str text,
                           const struct fl_cedar_request *rq)
{
	struct fl_arena scratch;
	struct fl_cedar_answer answer;

	fl_arena_init(&scratch, 65536, 1 << 20);
	must(fl_cedar_authorize(l->set, rq, FL_CEDAR_FULL, &scratch, &answer) == 0, "authorize");
	(void)fprintf(f, "%.*s,\"decision\":\"%s\",\"reason\":[", (int)text.n - 1, text.p,
	              answer.is_allowed ? "allow" : "deny");
	for (size_t i = 0; i < answer.n_reasons; i++)
		(void)fprintf(f, "%s\"%.*s\"", i == 0 ? "" : ",",
		              FL_STR_ARGS(answer.reasons[i]->id));
	(void)fprintf(f, "],\"errors\":%zu}\n", answer.n_errors);
	fl_arena_fini(&scratch);
}

/* ---- worlds ---- */

/* Requests with the texts they borrow from. */
static struct fl_cedar_request *draw_requests(struct loaded *l, const struct run *run,
                                              struct bench_draw *d, FILE *frozen, size_t n_frozen)
{
	struct fl_cedar_request *requests = calloc(run->requests, sizeof *requests);
	struct fl_buf text;

	must(requests != NULL, "memory");
	fl_buf_init(&text, 1 << 20);
	for (size_t i = 0; i < run->requests; i++) {
		fl_buf_clear(&text);
		run->world->add_request(&text, run->world, d);
		struct fl_str copy = fl_arena_str(&l->arena, fl_buf_str(&text));

		requests[i] = load_request(l, copy);
		if (frozen != NULL && i < n_frozen)
			freeze_request(frozen, l, copy, &requests[i]);
	}
	fl_buf_fini(&text);
	return requests;
}

static void draw_entities(struct loaded *l, const struct run *run, struct bench_draw *d,
                          FILE *frozen)
{
	struct fl_buf text;

	fl_buf_init(&text, 64 << 20);
	run->world->add_entities(&text, run->world, d);
	load_entities(l, fl_buf_str(&text));
	if (frozen != NULL)
		(void)fprintf(frozen, "{\"entities\":%.*s}\n", (int)text.len, text.p);
	fl_buf_fini(&text);
}

/* One store and its requests, in each mode. */
static void run_set(struct loaded *l, const struct run *run, struct bench_draw *d, FILE *frozen)
{
	struct measured m = {.ns = calloc(run->decisions, sizeof *m.ns)};
	struct fl_cedar_request *requests;

	must(m.ns != NULL, "memory");
	draw_entities(l, run, d, frozen);
	requests = draw_requests(l, run, d, frozen, FROZEN_MAX);
	for (size_t i = 0; i < FL_ARRAY_LEN(modes); i++) {
		size_t n = modes[i].mode == FL_CEDAR_LINEAR ? run->linear : run->decisions;

		if (n == 0)
			continue;
		m.n = m.n_allowed = 0;
		m.n_allocations = 0;
		measure(l, requests, run->requests < n ? run->requests : n, modes[i].mode, n, &m);
		print(run, l, modes[i].name, &m);
	}
	free(requests);
	free(m.ns);
	unload_entities(l);
}

/* Many small stores, a few requests of each. */
static void run_app(struct loaded *l, const struct run *run, struct bench_draw *d, FILE *frozen)
{
	struct measured m = {.ns = calloc((size_t)HIERARCHIES * APP_REQUESTS, sizeof *m.ns)};

	must(m.ns != NULL, "memory");
	for (unsigned i = 0; i < HIERARCHIES; i++) {
		struct fl_cedar_request *requests;

		draw_entities(l, run, d, frozen);
		requests = draw_requests(l, run, d, frozen, FROZEN_MAX / HIERARCHIES);
		measure(l, requests, APP_REQUESTS, FL_CEDAR_FULL, APP_REQUESTS, &m);
		free(requests);
		unload_entities(l);
		fl_arena_reset(&l->arena);
	}
	print(run, l, "indexed", &m);
	free(m.ns);
}

static void run_world(const struct run *run)
{
	const struct bench_world *w = run->world;
	struct bench_draw d = {.random = SEED, .policies = run->policies};
	struct loaded l = {.clock = w->is_long ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC};
	struct fl_buf text;
	char name[64];
	FILE *frozen;

	(void)snprintf(name, sizeof name, "%s-%u", w->name, run->policies);
	fl_buf_init(&text, 1u << 30);
	fl_buf_add_c(&text, w->policies);
	if (w->add_policies != NULL)
		w->add_policies(&text, &d);
	load_schema(&l, w->schema);
	load_policies(&l, fl_buf_str(&text));
	write_file(run->freeze, name, "cedarschema", fl_str(w->schema));
	write_file(run->freeze, name, "cedar", fl_buf_str(&text));
	fl_buf_fini(&text);
	frozen = open_in(run->freeze, name, "jsonl");
	if (w->app != NULL)
		run_app(&l, run, &d, frozen);
	else
		run_set(&l, run, &d, frozen);
	if (frozen != NULL)
		must(fclose(frozen) == 0, "writing");
	(void)fl_cedar_set_destroy(l.set);
	(void)fl_cedar_schema_destroy(l.schema);
	fl_arena_fini(&l.arena);
}

static void run_apart(const struct run *run)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		run_world(run);
		exit(0);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, run->world->name);
}

int main(int argc, char **argv)
{
	static const struct run runs[] = {
	    {&bench_gateway, 10, REQUESTS, DECISIONS, DECISIONS, NULL},
	    {&bench_gateway, 1000, REQUESTS, DECISIONS, 5000, NULL},
	    {&bench_gateway, 10000, REQUESTS, DECISIONS, 0, NULL},
	    {&bench_gateway, 100000, REQUESTS, DECISIONS, 0, NULL},
	    {&bench_gdrive, 0, APP_REQUESTS, APP_REQUESTS, 0, NULL},
	    {&bench_github, 0, APP_REQUESTS, APP_REQUESTS, 0, NULL},
	    {&bench_tinytodo, 0, APP_REQUESTS, APP_REQUESTS, 0, NULL},
	    {&bench_hard, 0, HARD_REQUESTS, 5000, 0, NULL},
	    {&bench_worst, 0, HARD_REQUESTS, 500, 0, NULL},
	};
	const char *freeze = NULL;
	uint64_t only = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (fl_str_is(fl_str(argv[i]), "--freeze"))
			freeze = argv[i + 1];
		else
			must(fl_str_is(fl_str(argv[i]), "--policies") &&
			         fl_str_to_u64(fl_str(argv[i + 1]), &only) && only > 0 &&
			         only <= FL_CEDAR_POLICIES_MAX,
			     "reading the options");
	}
	if (only != 0) {
		const struct run one = {&bench_gateway, (unsigned)only, REQUESTS, DECISIONS, 0,
		                        freeze};

		run_world(&one);
		return 0;
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(runs); i++) {
		struct run run = runs[i];

		run.freeze = run.policies > 10000 ? NULL : freeze;
		run_apart(&run);
	}
	return 0;
}
