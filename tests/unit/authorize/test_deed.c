/* tests/unit/authorize/test_deed.c - may a connector do this by itself?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/authorize/decide.h"
#include "gateway/connector/manifest.h"

static const char text[] =
    "apiVersion: fairlead/v1\n"
    "secrets: { own: \"${env:FL_TEST_S}\", shared: \"${env:FL_TEST_S}\" }\n"
    "connectors: { http: { sha256: "
    "00000000000000000000000000000000000000000000000000000000000000aa } }\n"
    "instances:\n"
    "  proxy: { connector: http, grants: { secrets: [own, shared] } }\n"
    "  hub: { connector: github, grants: { secrets: [shared] } }\n"
    "consumers: { ann: { groups: [staff] } }\n"
    "routes:\n"
    "  orders: { match: { path: /o }, auth: none, to: { instance: proxy, action: forward } }\n";

/* What the operator says of hosts and zones. */
static const char entities[] =
    "[{\"uid\":{\"type\":\"Conn::Host\",\"id\":\"db.example.com:5432\"},"
    "\"attrs\":{\"port\":1},\"parents\":[{\"type\":\"Conn::Zone\",\"id\":\"prod\"}]}]";

static struct fl_arena arena, scratch;
static struct fl_config *config;
static struct fl_bundle *bundle;
static struct fl_decide_deed deed;

static int set_up(void **state)
{
	struct fl_problems problems;

	(void)state;
	(void)setenv("FL_TEST_S", "v", 1);
	fl_arena_init(&arena, 4096, 1u << 20);
	fl_arena_init(&scratch, 8192, 65536);
	fl_problems_init(&problems, &arena);
	config = fl_config_load_text("f", FL_STR(text), NULL, &problems);
	assert_non_null(config);
	deed = (struct fl_decide_deed){
	    .kind = FL_DEED_EGRESS,
	    .instance = FL_STR("proxy"),
	    .host = FL_STR("api.example.com"),
	    .port = 443,
	    .wall_ns = UINT64_C(1795519063123456789), /* 2026-11-24 */
	    .bytes = 10,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bundle = fl_bundle_unref(bundle);
	config = fl_config_unref(config);
	fl_arena_fini(&scratch);
	fl_arena_fini(&arena);
	return 0;
}

static size_t warnings; /* of the last load */
static const struct fl_problem *warning;
static const struct fl_bundle_connector *known; /* NULL: nothing is known of any */

static void load(const char *policies)
{
	static struct fl_cfg_text policy,
	    entity = {FL_STR_INIT("own.json"), {entities, sizeof entities - 1}};
	struct fl_problems problems;

	fl_problems_init(&problems, &arena);
	policy = (struct fl_cfg_text){FL_STR("p.cedar"), fl_str(policies)};
	config->policies.is_given = true;
	config->policies.policies = (struct fl_cfg_texts){&policy, 1};
	config->policies.entities = (struct fl_cfg_texts){&entity, 1};
	bundle = fl_bundle_unref(bundle);
	bundle = fl_bundle_build(config, known, NULL, &problems);
	warnings = problems.warnings;
	warning = problems.first;
	if (bundle == NULL)
		fail_msg("%s: %.*s", problems.first->code, FL_STR_ARGS(problems.first->detail));
}

/* The id of the policy that decided, "" for none; NULL when the decision is not as expected. */
static const char *decide(bool is_allowed)
{
	static char id[64];
	struct fl_decision d;

	fl_arena_reset(&scratch);
	fl_decide_deed(bundle, &deed, &scratch, &d);
	if (d.is_allowed != is_allowed)
		return NULL;
	if (d.answer.n_reasons == 0)
		return "";
	(void)snprintf(id, sizeof id, "%.*s",
	               FL_STR_ARGS(bundle->active.policies[d.answer.reasons[0]->index].id));
	return id;
}

#define ALLOW(by) assert_string_equal(decide(true), by)
#define DENY(by) assert_string_equal(decide(false), by)

static void test_default(void **state)
{
	(void)state;
	load("@id(\"r\") permit (principal == Conn::Connector::\"hub\", action, resource);");
	DENY("");
	load("@id(\"all\") permit (principal, action, resource);\n"
	     "@mode(\"shadow\") permit (principal is Conn::Connector, action, resource);");
	ALLOW("all");
	deed.kind = FL_DEED_SECRET;
	deed.secret = FL_STR("own");
	ALLOW("all");
}

/* Policies that speak of requests only leave connectors to their grants. */
static void test_grants_alone(void **state)
{
	(void)state;
	load("");
	ALLOW("");
	load("@id(\"r\") permit (principal is Gw::Consumer, action, resource);");
	ALLOW("");
	load("@id(\"p\") @rate_limit(\"1/min\") permit (principal, action, resource);");
	ALLOW("p"); /* requests are meant */
	load("@mode(\"shadow\") permit (principal is Conn::Connector, action, resource);");
	ALLOW("");
	load("@id(\"f\") forbid (principal, action, resource);");
	DENY("f");
	load("@id(\"f\") forbid (principal, action, resource) unless { principal has tier };\n"
	     "permit (principal, action == Gw::Action::\"GET\", resource);");
	DENY("f");
	load("permit (principal, action in Conn::Action::\"data\", resource);");
	DENY("");
}

static void test_zones(void **state)
{
	static const struct {
		const char *zone, *host;
		bool is_internal, is_in;
	} cases[] = {
	    {"api.example.com", "api.example.com", false, true},
	    {"example.com", "api.example.com", false, true},
	    {"com", "api.example.com", false, true},
	    {"example.com", "example.com", false, true},
	    {"example.com", "badexample.com", false, false},
	    {"api.example.com", "example.com", false, false},
	    {"example.com", "example.com.evil.org", false, false},
	    {"internal", "api.example.com", false, false},
	    {"internal", "10.0.0.7", true, true},
	    {"10.0.0.7", "10.0.0.7", true, true},
	    {"0.0.7", "10.0.0.7", true, false}, /* no domain above an address */
	    {"::1", "::1", true, true},
	    {"internal", "::1", true, true},
	    {"prod", "db.example.com", false, false}, /* not at this port */
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_str policy = fl_arena_printf(
		    &arena,
		    "@id(\"in\") permit (principal, action == Conn::Action::\"http.egress\", "
		    "resource in Conn::Zone::\"%s\");",
		    cases[i].zone);

		load(policy.p);
		deed.host = fl_str(cases[i].host);
		deed.is_internal = cases[i].is_internal;
		if (decide(cases[i].is_in) == NULL)
			fail_msg("%s in %s", cases[i].host, cases[i].zone);
	}
}

static void test_hosts(void **state)
{
	(void)state;
	load("@id(\"h\") permit (principal == Conn::Connector::\"proxy\", action in "
	     "Conn::Action::\"net\", resource == Conn::Host::\"api.example.com:443\") when { "
	     "resource.port == 443 && context has port && context.port == 443 };");
	ALLOW("h");
	deed.port = 444;
	DENY("");
	deed.port = 443;
	deed.instance = FL_STR("hub");
	DENY("");
	/* The operator's entity: its zones count, its port is the real one. */
	load("@id(\"db\") permit (principal, action, resource in Conn::Zone::\"prod\") when { "
	     "resource is Conn::Host && resource.port == 5432 && resource in "
	     "Conn::Zone::\"example.com\" };");
	deed.host = FL_STR("db.example.com");
	deed.port = 5432;
	ALLOW("db");
	load("@id(\"v6\") permit (principal, action, resource == Conn::Host::\"[::1]:80\");");
	deed.host = FL_STR("::1");
	deed.port = 80;
	ALLOW("v6");
}

static void test_secrets(void **state)
{
	(void)state;
	load(
	    "@id(\"own\") permit (principal is Conn::Connector, action == "
	    "Conn::Action::\"secret.read\", resource is Conn::Secret) when { resource has owner && "
	    "resource.owner == principal };");
	deed.kind = FL_DEED_SECRET;
	deed.secret = FL_STR("own");
	ALLOW("own");
	deed.secret = FL_STR("shared");
	DENY("");
	deed.secret = FL_STR("own");
	deed.instance = FL_STR("hub");
	DENY("");
	deed.instance = FL_STR("gone"); /* not of this configuration */
	DENY("");
}

static void test_context(void **state)
{
	(void)state;
	load("@id(\"for-ann\") permit (principal, action == Conn::Action::\"http.egress\", "
	     "resource) "
	     "when { context has onBehalfOf && context.onBehalfOf in Gw::Group::\"staff\" && "
	     "context has route && context.route == Gw::Route::\"orders\" };");
	DENY(""); /* a timer's, say */
	deed.route = FL_STR("orders");
	DENY("");
	deed.consumer = FL_STR("ann");
	ALLOW("for-ann");
	deed.route = FL_STR("other");
	DENY("");
	load("@id(\"now\") permit (principal, action, resource) when { context.now < "
	     "datetime(\"2026-11-25\") && context.now > datetime(\"2026-11-24\") };\n"
	     "@id(\"big\") forbid (principal, action == Conn::Action::\"http.egress\", resource) "
	     "when { context has bytes && context.bytes > 10 };");
	ALLOW("now");
	deed.bytes = 11;
	DENY("big");
	deed.bytes = UINT64_MAX;
	DENY("big");
}

static void test_obligations(void **state)
{
	(void)state;
	load("@id(\"p\") @log(\"full\") permit (principal is Conn::Connector, action, resource);");
	ALLOW("p");
	load("@id(\"p\") @rate_limit(\"1/min\") permit (principal is Conn::Connector, action, "
	     "resource);");
	DENY("p"); /* nobody counts here */
	load("@id(\"q\") permit (principal is Conn::Connector, action, resource);\n"
	     "@id(\"p\") @timeout(\"1s\") permit (principal, action, resource);");
	DENY("q"); /* those of all that permit hold */
}

static void test_failed_forbid(void **state)
{
	static const char policies[] =
	    "@id(\"p\") permit (principal, action, resource);\n"
	    "@id(\"f\") forbid (principal, action == Conn::Action::\"http.egress\", resource) when "
	    "{ "
	    "context has bytes && context.bytes + 9223372036854775807 > 0 };";

	(void)state;
	load(policies);
	DENY("p"); /* it overflows */
	config->policies.skips_failed_forbids = true;
	load(policies);
	ALLOW("p");
}

static void test_shadow(void **state)
{
	struct fl_decision d;

	(void)state;
	load("@id(\"p\") permit (principal, action, resource);\n"
	     "@id(\"s\") @mode(\"shadow\") forbid (principal, action, resource);");
	ALLOW("p");
	fl_decide_deed(bundle, &deed, &scratch, &d);
	assert_int_equal(d.shadow.n_reasons, 1);
}

/* 127 labels, and no more memory than that needs; then less. */
static void test_long_host(void **state)
{
	char host[254];
	struct fl_decision d;
	struct fl_arena small;

	(void)state;
	for (size_t i = 0; i < 253; i++)
		host[i] = i % 2 ? '.' : 'a';
	load("@id(\"a\") permit (principal, action, resource in Conn::Zone::\"a\");");
	deed.host = fl_str_n(host, 253);
	ALLOW("a");
	for (size_t room = 64; room < 2048; room += 64) {
		fl_arena_init(&small, 64, room);
		fl_decide_deed(bundle, &deed, &small, &d);
		assert_false(d.is_allowed);
		fl_arena_fini(&small);
	}
}

static struct fl_manifest *manifest(const char *id, const char *requires)
{
	struct fl_problems problems;

	fl_problems_init(&problems, &arena);
	return fl_manifest_parse(
	    fl_arena_printf(&arena,
	                    "{\"id\":\"%s\",\"version\":\"1.0.0\",\"abi\":{\"major\":1,"
	                    "\"min_minor\":0},\"requires\":[%s],\"actions\":[{\"name\":\"a\"}]}",
	                    id, requires),
	    &problems);
}

/* Whoever may ask the network, and is never let. */
static void test_mute(void **state)
{
	static const struct {
		const char *policies;
		bool is_told;
	} cases[] = {
	    {"", false},
	    {"permit (principal, action, resource is Gw::Route);", false},
	    {"permit (principal, action, resource == Gw::Route::\"orders\");", false},
	    {"permit (principal, action, resource is Conn::Host in Conn::Zone::\"a\");", false},
	    {"permit (principal, action, resource in Conn::Zone::\"a\");", false},
	    {"permit (principal, action, resource == Conn::Host::\"a:1\");", false},
	    {"permit (principal is Gw::Consumer, action, resource);", false},
	    {"permit (principal, action in Gw::Action::\"read\", resource);", false},
	    {"permit (principal, action == Conn::Action::\"secret.read\", resource);", true},
	    {"permit (principal is Gw::Consumer, action, resource);\n"
	     "forbid (principal in Conn::Trust::\"signed\", action, resource);",
	     true},
	    {"permit (principal == Conn::Connector::\"hub\", action, resource);", true},
	    {"forbid (principal, action, resource);", false},
	    {"@mode(\"shadow\") permit (principal, action, resource);", false},
	    {"permit (principal, action, resource);", false},
	    {"permit (principal == Conn::Connector::\"proxy\", action, resource);", false},
	    {"permit (principal, action in Conn::Action::\"net\", resource);", false},
	    {"permit (principal in Conn::Trust::\"core\", action, resource);", false},
	    {"permit (principal in Conn::Trust::\"signed\", action, resource);", true},
	};
	struct fl_manifest *http = manifest("http", "\"fairlead.http/1\"");
	struct fl_manifest *github = manifest("github", ""); /* never asks */
	const struct fl_bundle_connector both[] = {{.manifest = http, .is_shipped = true},
	                                           {.manifest = github}};

	(void)state;
	assert_true(http != NULL && github != NULL);
	known = both;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		load(cases[i].policies);
		if (warnings != cases[i].is_told)
			fail_msg("%s: %zu warnings", cases[i].policies, warnings);
		if (warnings == 0)
			continue;
		assert_string_equal(warning->code, "policy_no_egress");
		assert_true(fl_str_is(warning->pointer, "/instances/proxy"));
	}
	known = NULL;
	bundle = fl_bundle_unref(bundle);
	(void)fl_manifest_destroy(http);
	(void)fl_manifest_destroy(github);
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("what nothing permits is denied, once a policy names connectors", test_default),
	    CASE("policies of requests leave connectors to their grants", test_grants_alone),
	    CASE("a host is in the zones of its domains", test_zones),
	    CASE("hosts by name and port, and what the operator says of them", test_hosts),
	    CASE("secrets and their owners", test_secrets),
	    CASE("on whose behalf", test_context),
	    CASE("an obligation that nobody fulfils denies", test_obligations),
	    CASE("a forbid that fails denies, unless it is skipped", test_failed_forbid),
	    CASE("a shadowed policy is asked and does not count", test_shadow),
	    CASE("an instance that nothing lets out is told", test_mute),
	    CASE("the longest host, and too little memory", test_long_host),
	};

	return cmocka_run_group_tests_name("deeds", tests, NULL, NULL);
}
