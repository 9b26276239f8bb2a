/* tests/bench/policy.c - how long a decision of policy/ takes
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench-policy [--policies N]...
 *
 * A gateway's bundle: permits of groups on APIs with conditions, and a few forbids over all. Prints
 * a line for each size: loading, memory, and the time of a decision in the modes full and fast.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "policy/validate.h"

#define MEMORY (2048u << 20)
#define DECISIONS 200000u
#define CONSUMERS 1000u

static const char schema_text[] =
    "namespace Gw {\n"
    "  type Ctx = { now: datetime, client: { ip: ipaddr, tls: Bool }, bytes: Long, amr: "
    "Set<String> };\n"
    "  entity Tenant; entity Group in [Group, Tenant];\n"
    "  entity Consumer in [Group, Tenant] { tier: String, suspended: Bool } tags Set<String>;\n"
    "  entity Api in [Tenant]; entity Route in [Api, Tenant] { sensitivity: Long };\n"
    "  action read, write;\n"
    "  action \"GET\" in [read] appliesTo { principal: Consumer, resource: Route, context: Ctx };\n"
    "  action \"POST\" in [write] appliesTo { principal: Consumer, resource: Route, context: Ctx "
    "};\n"
    "}\n";

static const char forbids[] =
    "forbid (principal is Gw::Consumer, action, resource) when { principal.suspended };\n"
    "forbid (principal, action, resource is Gw::Route) when { resource.sensitivity >= 3 }\n"
    "unless { context.client.ip.isInRange(ip(\"10.0.0.0/8\")) && context.amr.contains(\"mfa\") };\n"
    "forbid (principal, action in Gw::Action::\"write\", resource) when { context.bytes > 65536 "
    "};\n";

static void must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	(void)fprintf(stderr, "bench-policy: %s failed\n", what);
	exit(1);
}

static void make_policies(struct fl_buf *out, unsigned n)
{
	fl_buf_add_c(out, forbids);
	for (unsigned i = 0; i < n; i++)
		fl_buf_printf(
		    out,
		    "@id(\"p%u\") permit (principal in Gw::Group::\"g%u\", action in "
		    "Gw::Action::\"%s\", resource in Gw::Api::\"a%u\")\n"
		    "when { principal.hasTag(\"scope\") && "
		    "principal.getTag(\"scope\").contains(\"s%u\") && context.client.tls };\n",
		    i, i % (n / 4 + 1), i % 2 == 0 ? "read" : "write", i % (n / 7 + 1), i % 3);
}

static void make_entities(struct fl_buf *out, unsigned n)
{
	fl_buf_add_char(out, '[');
	for (unsigned i = 0; i < CONSUMERS; i++)
		fl_buf_printf(
		    out,
		    "%s{\"uid\":{\"type\":\"Gw::Consumer\",\"id\":\"c%u\"},\"attrs\":{\"tier\":"
		    "\"gold\",\"suspended\":%s},\"parents\":[{\"type\":\"Gw::Group\",\"id\":\"g%"
		    "u\"}"
		    "],\"tags\":{\"scope\":[\"s0\",\"s1\"]}},"
		    "{\"uid\":{\"type\":\"Gw::Route\",\"id\":\"r%u\"},\"attrs\":{\"sensitivity\":%"
		    "u},"
		    "\"parents\":[{\"type\":\"Gw::Api\",\"id\":\"a%u\"}]}",
		    i == 0 ? "" : ",", i, i % 50 == 0 ? "true" : "false", i % (n / 4 + 1), i, i % 4,
		    i % (n / 7 + 1));
	fl_buf_add_char(out, ']');
}

struct bundle {
	struct fl_cedar_schema *schema;
	struct fl_cedar_set *set;
	struct fl_cedar_entities *store;
	double parse_ms, validate_ms, index_ms;
};

static double ms_since(uint64_t *start)
{
	uint64_t now = fl_clock_mono_ns();
	double ms = (double)(now - *start) / 1e6;

	*start = now;
	return ms;
}

static void load(struct bundle *b, unsigned n, struct fl_arena *arena)
{
	struct fl_cedar_limits limits = {.text_bytes = 1u << 30};
	struct fl_problems problems;
	struct fl_error err = FL_ERROR_INIT;
	struct fl_buf text;
	uint64_t start;

	fl_buf_init(&text, 1u << 30);
	fl_problems_init(&problems, arena);
	b->schema = fl_cedar_schema_create(MEMORY);
	b->set = fl_cedar_set_create(&limits, MEMORY);
	b->store = fl_cedar_entities_create(MEMORY);
	must(fl_cedar_schema_add(b->schema, fl_str(schema_text), NULL, &problems) == 0 &&
	         fl_cedar_schema_finish(b->schema, &problems) == 0,
	     "schema");
	make_policies(&text, n);
	start = fl_clock_mono_ns();
	must(fl_cedar_set_add(b->set, fl_buf_str(&text), NULL, &problems) == 0, "policies");
	b->parse_ms = ms_since(&start);
	must(fl_cedar_validate(b->schema, b->set, &problems) == 0, "validation");
	b->validate_ms = ms_since(&start);
	must(fl_cedar_set_finish(b->set) == 0, "index");
	b->index_ms = ms_since(&start);
	fl_buf_clear(&text);
	make_entities(&text, n);
	must(fl_cedar_entities_read(b->store, fl_buf_str(&text), NULL, b->schema, &problems) == 0 &&
	         fl_cedar_entities_add_actions(b->store, b->schema, &err) == 0 &&
	         fl_cedar_entities_finish(b->store, &err) == 0 &&
	         fl_cedar_entities_check(b->store, b->schema, &err) == 0,
	     "entities");
	fl_buf_fini(&text);
}

static struct fl_cedar_value make_context(struct fl_arena *arena)
{
	struct fl_cedar_field *client = fl_arena_array(arena, 2, sizeof *client);
	struct fl_cedar_field *fields = fl_arena_array(arena, 4, sizeof *fields);
	struct fl_cedar_value *amr = fl_arena_array(arena, 1, sizeof *amr), v, ip;

	must(fl_cedar_ext_parse(FL_CEDAR_IP, FL_STR("10.1.2.3"), arena, &ip) == 0, "ip");
	client[0] = (struct fl_cedar_field){fl_cedar_name(FL_STR("ip")), ip};
	client[1] = (struct fl_cedar_field){fl_cedar_name(FL_STR("tls")), fl_cedar_bool(true)};
	must(fl_cedar_record_make(client, 2, &v, NULL) == 0, "client");
	amr[0] = fl_cedar_string(FL_STR("mfa"));
	fields[0] = (struct fl_cedar_field){fl_cedar_name(FL_STR("client")), v};
	fields[1] = (struct fl_cedar_field){fl_cedar_name(FL_STR("bytes")), fl_cedar_long(512)};
	fields[2] =
	    (struct fl_cedar_field){fl_cedar_name(FL_STR("amr")), fl_cedar_set_make(amr, 1)};
	fields[3] = (struct fl_cedar_field){fl_cedar_name(FL_STR("now")),
	                                    fl_cedar_number(FL_CEDAR_DATETIME, 0)};
	must(fl_cedar_record_make(fields, 4, &v, NULL) == 0, "context");
	return v;
}

static int compare_u32(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Prints p50 and p99 in ns. Names are hashed for each request, as a gateway does. */
static void measure(const struct bundle *b, enum fl_cedar_mode mode, struct fl_arena *arena,
                    uint32_t *times)
{
	struct fl_cedar_request rq = {.context = make_context(arena), .entities = b->store};
	struct fl_cedar_answer answer;
	struct fl_arena scratch;
	size_t allowed = 0;

	fl_arena_init(&scratch, 65536, 1 << 20);
	for (uint32_t i = 0; i < DECISIONS; i++) {
		char ids[2][16];
		int n = snprintf(ids[0], sizeof ids[0], "c%u", i * 7919u % CONSUMERS);
		int m = snprintf(ids[1], sizeof ids[1], "r%u", i * 104729u % CONSUMERS);
		uint64_t start = fl_clock_mono_ns();
		struct fl_cedar_uid p =
		    fl_cedar_uid(FL_STR("Gw::Consumer"), fl_str_n(ids[0], (size_t)n));
		struct fl_cedar_uid a =
		    fl_cedar_uid(FL_STR("Gw::Action"), i % 3 == 0 ? FL_STR("POST") : FL_STR("GET"));
		struct fl_cedar_uid r =
		    fl_cedar_uid(FL_STR("Gw::Route"), fl_str_n(ids[1], (size_t)m));

		rq.principal = &p;
		rq.action = &a;
		rq.resource = &r;
		must(fl_cedar_authorize(b->set, &rq, mode, &scratch, &answer) == 0, "authorize");
		allowed += answer.is_allowed;
		fl_arena_reset(&scratch);
		times[i] = (uint32_t)(fl_clock_mono_ns() - start);
	}
	fl_arena_fini(&scratch);
	qsort(times, DECISIONS, sizeof *times, compare_u32);
	(void)printf("  p50 %5" PRIu32 "  p99 %5" PRIu32, times[DECISIONS / 2],
	             times[DECISIONS / 100 * 99]);
	(void)allowed;
}

static void run(unsigned n)
{
	struct bundle b;
	struct fl_arena arena;
	uint32_t *times = calloc(DECISIONS, sizeof *times);

	must(times != NULL, "memory");
	fl_arena_init(&arena, 1 << 20, MEMORY);
	load(&b, n, &arena);
	(void)printf("%7u  parse %7.1f  validate %7.1f  index %6.1f ms  %5zu bytes each ", n,
	             b.parse_ms, b.validate_ms, b.index_ms, fl_cedar_set_bytes(b.set) / n);
	(void)printf("  full");
	measure(&b, FL_CEDAR_FULL, &arena, times);
	(void)printf("  fast");
	measure(&b, FL_CEDAR_FAST, &arena, times);
	(void)printf(" ns\n");
	free(times);
	(void)fl_cedar_set_destroy(b.set);
	(void)fl_cedar_entities_destroy(b.store);
	(void)fl_cedar_schema_destroy(b.schema);
	fl_arena_fini(&arena);
}

int main(int argc, char **argv)
{
	static const unsigned sizes[] = {10, 1000, 10000, 100000};
	uint64_t n;

	if (argc == 3 && fl_str_is(fl_str(argv[1]), "--policies") &&
	    fl_str_to_u64(fl_str(argv[2]), &n) && n > 0 && n <= FL_CEDAR_POLICIES_MAX) {
		run((unsigned)n);
		return 0;
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(sizes); i++)
		run(sizes[i]);
	return 0;
}
