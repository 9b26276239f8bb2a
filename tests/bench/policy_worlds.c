/* tests/bench/policy_worlds.c - a gateway's policies, and hard ones
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/bench/policy_worlds.h"

#include <stdio.h>

/* splitmix64 */
unsigned bench_draw(struct bench_draw *d, unsigned below)
{
	uint64_t z = d->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ z >> 31) % below);
}

/* ---- a gateway ---- */

#define CONSUMERS 1000u

static const char gateway_schema[] =
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

static const char gateway_forbids[] =
    "forbid (principal is Gw::Consumer, action, resource) when { principal.suspended };\n"
    "forbid (principal, action, resource is Gw::Route) when { resource.sensitivity >= 3 }\n"
    "unless { context.client.ip.isInRange(ip(\"10.0.0.0/8\")) && context.amr.contains(\"mfa\") };\n"
    "forbid (principal, action in Gw::Action::\"write\", resource) when { context.bytes > 65536 "
    "};\n";

static unsigned n_groups(const struct bench_draw *d)
{
	return d->policies / 4 + 1;
}

static unsigned n_apis(const struct bench_draw *d)
{
	return d->policies / 7 + 1;
}

static void add_gateway_policies(struct fl_buf *out, const struct bench_draw *d)
{
	for (unsigned i = 0; i < d->policies; i++)
		fl_buf_printf(
		    out,
		    "@id(\"p%u\") permit (principal in Gw::Group::\"g%u\", action in "
		    "Gw::Action::\"%s\", resource in Gw::Api::\"a%u\")\n"
		    "when { principal.hasTag(\"scope\") && "
		    "principal.getTag(\"scope\").contains(\"s%u\") && context.client.tls };\n",
		    i, i % n_groups(d), i % 2 == 0 ? "read" : "write", i % n_apis(d), i % 3);
}

static void add_gateway_entities(struct fl_buf *out, const struct bench_world *w,
                                 struct bench_draw *d)
{
	(void)w;
	fl_buf_add_char(out, '[');
	for (unsigned i = 0; i < CONSUMERS; i++)
		fl_buf_printf(
		    out,
		    "%s{\"uid\":{\"type\":\"Gw::Consumer\",\"id\":\"c%u\"},\"attrs\":{\"tier\":"
		    "\"gold\",\"suspended\":%s},\"parents\":[{\"type\":\"Gw::Group\",\"id\":"
		    "\"g%u\"}],\"tags\":{\"scope\":[\"s0\",\"s1\"]}},"
		    "{\"uid\":{\"type\":\"Gw::Route\",\"id\":\"r%u\"},\"attrs\":{\"sensitivity\":"
		    "%u},\"parents\":[{\"type\":\"Gw::Api\",\"id\":\"a%u\"}]}",
		    i == 0 ? "" : ",", i, i % 50 == 0 ? "true" : "false", i % n_groups(d), i, i % 4,
		    i % n_apis(d));
	fl_buf_add_char(out, ']');
}

/* Every second one asks for the route of a policy of the consumer's group, else most would meet no
 * condition. */
static void add_gateway_request(struct fl_buf *out, const struct bench_world *w,
                                struct bench_draw *d)
{
	unsigned policy = bench_draw(d, d->policies), consumer = policy % n_groups(d) % CONSUMERS,
		 route = policy % n_apis(d) % CONSUMERS;

	(void)w;
	if (bench_draw(d, 2) == 0) {
		consumer = bench_draw(d, CONSUMERS);
		route = bench_draw(d, CONSUMERS);
	}
	fl_buf_printf(out,
	              "{\"principal\":{\"type\":\"Gw::Consumer\",\"id\":\"c%u\"},"
	              "\"action\":{\"type\":\"Gw::Action\",\"id\":\"%s\"},"
	              "\"resource\":{\"type\":\"Gw::Route\",\"id\":\"r%u\"},\"context\":{"
	              "\"now\":{\"__extn\":{\"fn\":\"datetime\",\"arg\":\"2026-01-01\"}},"
	              "\"client\":{\"ip\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"%s.1.2.3\"}},"
	              "\"tls\":%s},\"bytes\":%u,\"amr\":[%s]}}",
	              consumer, policy % 2 == 0 ? "GET" : "POST", route,
	              bench_draw(d, 4) == 0 ? "192" : "10",
	              bench_draw(d, 8) == 0 ? "false" : "true", bench_draw(d, 70000),
	              bench_draw(d, 2) == 0 ? "\"pwd\"" : "\"mfa\",\"pwd\"");
}

const struct bench_world bench_gateway = {
    .name = "gateway",
    .schema = gateway_schema,
    .policies = gateway_forbids,
    .add_policies = add_gateway_policies,
    .add_entities = add_gateway_entities,
    .add_request = add_gateway_request,
};

/* ---- hard policies ---- */

#define POLICY_BYTES 10200u /* the limit is 10 KiB */
#define DEPTH 64u
#define MEMBERS 1000u

static const char hard_schema[] = "entity User;\n"
				  "action go appliesTo { principal: User, resource: User, context: "
				  "{ n: Long, all: Set<String>, same: Set<String> } };\n";

static void add_hard_policies(struct fl_buf *out, const struct bench_draw *d)
{
	size_t end = out->len + POLICY_BYTES;

	(void)d;
	fl_buf_add_c(out, "permit (principal, action, resource) when { "
	                  "context.all.containsAll(context.same) && ");
	for (unsigned i = 0; i < DEPTH; i++)
		fl_buf_add_c(out, "(1 + ");
	fl_buf_add_c(out, "context.n");
	for (unsigned i = 0; i < DEPTH; i++)
		fl_buf_add_char(out, ')');
	fl_buf_add_c(out, " > 0");
	for (unsigned i = 0; out->len + 40 < end; i++)
		fl_buf_printf(out, " && context.n != %u", 1000000 + i);
	fl_buf_add_c(out, " };\n");
}

static void add_worst_policies(struct fl_buf *out, const struct bench_draw *d)
{
	size_t end = out->len + POLICY_BYTES;

	(void)d;
	fl_buf_add_c(out, "permit (principal, action, resource) when { true");
	while (out->len + 60 < end)
		fl_buf_add_c(out, " && context.all.containsAll(context.same)");
	fl_buf_add_c(out, " };\n");
}

static void add_hard_entities(struct fl_buf *out, const struct bench_world *w, struct bench_draw *d)
{
	(void)w;
	(void)d;
	fl_buf_add_c(out,
	             "[{\"uid\":{\"type\":\"User\",\"id\":\"ann\"},\"attrs\":{},\"parents\":[]}]");
}

static void add_members(struct fl_buf *out)
{
	for (unsigned i = 0; i < MEMBERS; i++)
		fl_buf_printf(out, "%s\"member-%04u\"", i == 0 ? "[" : ",", i);
	fl_buf_add_char(out, ']');
}

static void add_hard_request(struct fl_buf *out, const struct bench_world *w, struct bench_draw *d)
{
	(void)w;
	fl_buf_printf(out,
	              "{\"principal\":{\"type\":\"User\",\"id\":\"ann\"},"
	              "\"action\":{\"type\":\"Action\",\"id\":\"go\"},"
	              "\"resource\":{\"type\":\"User\",\"id\":\"ann\"},\"context\":{\"n\":%u,"
	              "\"all\":",
	              bench_draw(d, 1000));
	add_members(out);
	fl_buf_add_c(out, ",\"same\":");
	add_members(out);
	fl_buf_add_c(out, "}}");
}

const struct bench_world bench_hard = {
    .name = "hard",
    .is_long = true,
    .schema = hard_schema,
    .policies = "",
    .add_policies = add_hard_policies,
    .add_entities = add_hard_entities,
    .add_request = add_hard_request,
};

const struct bench_world bench_worst = {
    .name = "worst",
    .is_long = true,
    .schema = hard_schema,
    .policies = "",
    .add_policies = add_worst_policies,
    .add_entities = add_hard_entities,
    .add_request = add_hard_request,
};
