/* tests/unit/authorize/test_decide.c - may this principal do this with that?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include "tests/unit/authorize/hand.h"

/* ---- one bundle, one request ---- */

static const struct fl_cfg_route routes[] = {
    {.name = FL_STR_INIT("list")},
    {.name = FL_STR_INIT("one")},
    {.name = FL_STR_INIT("audit")},
    {.name = FL_STR_INIT("keys")}, /* sensitivity 3 */
};

static struct fl_config config;
static struct fl_bundle *bundle;
static struct fl_arena scratch;
static struct fl_principal principal;
static struct fl_decide_request request;
static struct fl_str tenant;

static bool find_header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	(void)ctx;
	if (!tenant.p || !fl_str_is(name, "x-tenant"))
		return false;
	*ret = tenant;
	return true;
}

static int set_up(void **state)
{
	(void)state;
	config = (struct fl_config){.routes = routes, .routes_n = FL_ARRAY_LEN(routes)};
	principal = (struct fl_principal){.method = NULL};
	tenant = FL_STR_NULL;
	request = (struct fl_decide_request){
	    .principal = &principal,
	    .method = FL_METHOD_GET,
	    .wall_ns = UINT64_C(1795519063123456789),
	    .client = FL_STR("192.0.2.7"),
	    .method_name = FL_STR("GET"),
	    .host = FL_STR("api.example"),
	    .header = find_header,
	};
	fl_arena_init(&scratch, 8192, 65536);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bundle = hand_free(bundle);
	fl_arena_fini(&scratch);
	return 0;
}

static void load(const char *policies)
{
	bundle = hand_free(bundle);
	bundle = hand_bundle(&config, policies);
}

static struct fl_decision decide_in(enum fl_cedar_mode mode)
{
	struct fl_decision d;

	fl_arena_reset(&scratch);
	fl_decide(bundle, &request, mode, &scratch, &d);
	return d;
}

static struct fl_decision decide(void)
{
	return decide_in(FL_CEDAR_FAST);
}

/* By one policy. */
static bool allows(const char *policy)
{
	load(policy);
	return decide().is_allowed;
}

static void as(size_t consumer)
{
	principal.consumer = &hand_consumers[consumer];
	principal.method = "api_key";
}

/* ---- who, what, with what ---- */

static void nothing_permits(void **state)
{
	struct fl_decision d;

	(void)state;
	load("");
	d = decide();
	assert_false(d.is_allowed);
	assert_int_equal(d.answer.n_reasons, 0);
	assert_int_equal(d.answer.n_errors, 0);
}

static void a_consumer_is_itself(void **state)
{
	(void)state;
	as(0);
	assert_true(allows("permit(principal == Gw::Consumer::\"partner\", action, resource);"));
	assert_true(allows("permit(principal in Gw::Group::\"partners\", action, resource);"));
	assert_true(allows("permit(principal in Gw::Tenant::\"acme\", action, resource);"));
	assert_true(allows("permit(principal, action, resource) when { "
	                   "principal.getTag(\"scope\").contains(\"orders:read\") };"));
	assert_false(allows("permit(principal == Gw::Consumer::\"internal\", action, resource);"));
	assert_false(allows("permit(principal is Gw::Anonymous, action, resource);"));
}

static void nobody_is_anonymous(void **state)
{
	(void)state;
	assert_true(allows("permit(principal == Gw::Anonymous::\"anonymous\", action, resource);"));
	assert_false(allows("permit(principal is Gw::Consumer, action, resource);"));
}

static void claims_are_tags_and_labels_go_before(void **state)
{
	static const struct fl_str roles[] = {FL_STR_INIT("b"), FL_STR_INIT("a"), FL_STR_INIT("b")};
	static const struct fl_str forged[] = {FL_STR_INIT("orders:write")};
	static const struct fl_claim claims[] = {
	    {FL_STR_INIT("roles"), roles, 3},
	    {FL_STR_INIT("scope"), forged, 1},
	};

	(void)state;
	as(0);
	principal.claims = claims;
	principal.claims_n = 2;
	assert_true(allows("permit(principal, action, resource) when { "
	                   "principal.getTag(\"roles\") == [\"a\", \"b\"] };"));
	assert_true(allows("permit(principal, action, resource) when { "
	                   "principal.getTag(\"scope\") == [\"orders:read\"] };"));
	assert_true(allows("permit(principal in Gw::Tenant::\"acme\", action, resource) when "
	                   "{ !principal.suspended };"));
}

static void a_claim_that_is_there_twice_denies(void **state)
{
	static const struct fl_claim claims[] = {{.name = FL_STR_INIT("role")},
	                                         {.name = FL_STR_INIT("role")}};

	(void)state;
	as(0);
	principal.claims = claims;
	principal.claims_n = 2;
	assert_false(allows("permit(principal, action, resource);"));
}

static void the_action_is_the_method(void **state)
{
	(void)state;
	for (unsigned m = 0; m < FL_METHOD_N; m++) {
		bool is_read = m == FL_METHOD_GET || m == FL_METHOD_HEAD;

		request.method = (enum fl_method)m;
		assert_true(
		    allows("permit(principal, action in Gw::Action::\"read\", resource);") ==
		    is_read);
	}
	request.method = FL_METHOD_DELETE;
	assert_true(allows("permit(principal, action == Gw::Action::\"DELETE\", resource);"));
}

static void the_action_of_the_connector_goes_before(void **state)
{
	const struct fl_cedar_uid *uid;

	(void)state;
	load("permit(principal, action == Gw::Action::\"orders.list\", resource);");
	assert_false(decide().is_allowed);
	uid = fl_cedar_uid_make(&bundle->arena, FL_STR("Gw::Action"), FL_STR("orders.list"));
	bundle->route_actions[0] = uid;
	assert_true(decide().is_allowed);
	request.route = 1;
	assert_false(decide().is_allowed);
}

static void the_resource_is_the_route(void **state)
{
	(void)state;
	request.route = 3;
	assert_true(allows("permit(principal, action, resource == Gw::Route::\"keys\") when "
	                   "{ resource.sensitivity == 3 };"));
	assert_true(allows("permit(principal, action, resource in Gw::Api::\"orders\");"));
	request.route = 2;
	assert_false(allows("permit(principal, action, resource == Gw::Route::\"keys\");"));
}

/* ---- context ---- */

#define WHEN(condition) "permit(principal, action, resource) when { " condition " };"

static void the_context_is_what_the_schema_says(void **state)
{
	(void)state;
	request.is_tls = true;
	request.content_length = 17;
	request.target_bytes = 18;
	request.header_bytes = 19;
	tenant = FL_STR("acme");
	assert_true(allows(WHEN("context == {"
	                        "now: datetime(\"2026-11-24T11:17:43.123Z\"), amr: context.amr, "
	                        "client: {ip: ip(\"192.0.2.7\"), tls: true}, "
	                        "req: {method: \"GET\", host: \"api.example\", contentLength: 17, "
	                        "targetBytes: 18, headerBytes: 19, hdr: {\"x-tenant\": \"acme\"}}} "
	                        "&& context.amr.isEmpty()")));
}

static void amr_is_how_the_caller_proved_who_it_is(void **state)
{
	(void)state;
	assert_true(allows(WHEN("context.amr == []")));
	as(0);
	assert_true(allows(WHEN("context.amr == [\"api_key\"]")));
}

static void headers_that_are_not_there_are_not_there(void **state)
{
	(void)state;
	assert_true(allows(WHEN("!(context.req.hdr has \"x-tenant\")")));
	assert_false(allows(WHEN("context.req.hdr[\"x-tenant\"] == \"acme\"")));
	tenant = FL_STR("");
	assert_true(allows(WHEN("context.req.hdr[\"x-tenant\"] == \"\"")));
}

static void addresses_of_both_families(void **state)
{
	(void)state;
	request.client = FL_STR("2001:db8::17");
	assert_true(allows(WHEN("context.client.ip.isInRange(ip(\"2001:db8::/32\"))")));
	request.client = FL_STR("not an address");
	assert_false(allows("permit(principal, action, resource);"));
}

static void sizes_beyond_a_long_are_the_largest_long(void **state)
{
	(void)state;
	request.content_length = UINT64_MAX;
	assert_true(allows(WHEN("context.req.contentLength == 9223372036854775807")));
}

/* ---- forbids that fail, modes ---- */

static const char failing[] =
    "permit(principal, action, resource);"
    "@id(\"fails\") forbid(principal, action, resource) when { context.req.hdr[\"x-tenant\"] == "
    "\"x\" };"
    "forbid(principal, action, resource) when { false };";

static void a_forbid_that_fails_denies(void **state)
{
	struct fl_decision d;

	(void)state;
	load(failing);
	for (int mode = FL_CEDAR_FULL; mode <= FL_CEDAR_LINEAR; mode++) {
		d = decide_in((enum fl_cedar_mode)mode);
		assert_false(d.is_allowed);
		assert_true(d.is_failed_closed);
		assert_int_equal(d.answer.n_errors, 1);
		assert_true(
		    fl_str_is(bundle->active.policies[d.answer.errors[0].row->index].id, "fails"));
	}
	tenant = FL_STR("y");
	assert_true(decide().is_allowed);
}

static void a_forbid_that_fails_may_be_skipped(void **state)
{
	struct fl_decision d;

	(void)state;
	config.policies.skips_failed_forbids = true;
	load(failing);
	d = decide();
	assert_true(d.is_allowed);
	assert_false(d.is_failed_closed);
	assert_int_equal(d.answer.n_errors, 1);
}

/* Whatever place it has among a hundred, and however many permits are satisfied before it. */
static void fast_never_misses_a_failing_forbid(void **state)
{
	struct fl_buf text;

	(void)state;
	fl_buf_init(&text, 65536);
	for (unsigned at = 0; at <= 100; at += 20) {
		fl_buf_clear(&text);
		for (unsigned i = 0; i < 100; i++) {
			if (i == at)
				fl_buf_add_c(&text,
				             "forbid(principal, action, resource in "
				             "Gw::Api::\"orders\") when { principal.none };");
			fl_buf_printf(&text, "%s(principal, action, resource) when { %s };",
			              i % 3 == 0 ? "forbid" : "permit",
			              i % 3 == 0 ? "false" : "true");
		}
		load(fl_buf_cstr(&text));
		assert_true(decide().is_failed_closed == (at < 100));
	}
	fl_buf_fini(&text);
}

static void a_permit_that_fails_only_does_not_permit(void **state)
{
	struct fl_decision d;

	(void)state;
	load("permit(principal, action, resource) when { principal.none };");
	d = decide();
	assert_false(d.is_allowed);
	assert_false(d.is_failed_closed);
	assert_int_equal(d.answer.n_errors, 1);
}

static void a_deny_has_all_its_reasons(void **state)
{
	struct fl_decision d;

	(void)state;
	as(2);
	request.route = 3;
	load("permit(principal, action, resource);"
	     "@advice(\"account_suspended\") forbid(principal, action, resource) when { "
	     "principal.suspended };"
	     "@advice(\"step_up:mfa\") forbid(principal, action, resource) when { "
	     "resource.sensitivity >= 3 };");
	d = decide();
	assert_false(d.is_allowed);
	assert_int_equal(d.answer.n_reasons, 2);
	assert_int_equal(d.answer.reasons[0]->index, 1);
	assert_int_equal(d.answer.reasons[1]->index, 2);
}

static void permits_with_obligations_are_all_found(void **state)
{
	(void)state;
	load("permit(principal, action, resource);permit(principal, action, resource);");
	assert_int_equal(decide().answer.n_reasons, 1);
	load("permit(principal, action, resource);"
	     "@rate_limit(\"1/s\") permit(principal, action, resource);");
	assert_int_equal(decide().answer.n_reasons, 2);
	assert_int_equal(decide_in(FL_CEDAR_FULL).answer.n_reasons, 2);
}

/* ---- shadow ---- */

static void shadowed_policies_decide_nothing(void **state)
{
	struct fl_decision d;

	(void)state;
	load("permit(principal, action, resource);"
	     "@id(\"s\") @mode(\"shadow\") forbid(principal, action, resource);");
	d = decide();
	assert_true(d.is_allowed);
	assert_false(d.shadow.is_allowed);
	assert_int_equal(d.shadow.n_reasons, 1);
	assert_true(fl_str_is(bundle->shadow.policies[d.shadow.reasons[0]->index].id, "s"));
	load("@mode(\"shadow\") permit(principal, action, resource);");
	d = decide();
	assert_false(d.is_allowed);
	assert_true(d.shadow.is_allowed);
}

/* ---- memory ---- */

static void a_full_arena_denies(void **state)
{
	struct fl_decision d;

	(void)state;
	load("permit(principal, action, resource);");
	for (size_t bytes = 0; bytes < 4096; bytes += 16) {
		struct fl_arena small;

		fl_arena_init(&small, 16, bytes);
		fl_decide(bundle, &request, FL_CEDAR_FAST, &small, &d);
		assert_true(d.is_allowed == !fl_arena_is_overflown(&small));
		fl_arena_fini(&small);
	}
	assert_true(d.is_allowed);
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("what nothing permits is denied", nothing_permits),
	    CASE("a consumer is itself, in its groups, with its labels", a_consumer_is_itself),
	    CASE("a request of nobody is anonymous", nobody_is_anonymous),
	    CASE("claims are tags, and labels go before them",
	         claims_are_tags_and_labels_go_before),
	    CASE("a claim that is there twice denies", a_claim_that_is_there_twice_denies),
	    CASE("the action is the method", the_action_is_the_method),
	    CASE("the action of the connector goes before the method",
	         the_action_of_the_connector_goes_before),
	    CASE("the resource is the route", the_resource_is_the_route),
	    CASE("the context is what the schema says", the_context_is_what_the_schema_says),
	    CASE("amr is how the caller proved who it is", amr_is_how_the_caller_proved_who_it_is),
	    CASE("headers that are not there are not there",
	         headers_that_are_not_there_are_not_there),
	    CASE("addresses of both families are addresses", addresses_of_both_families),
	    CASE("sizes beyond a Long are the largest", sizes_beyond_a_long_are_the_largest_long),
	    CASE("a forbid that fails denies, in every mode", a_forbid_that_fails_denies),
	    CASE("a forbid that fails may be skipped", a_forbid_that_fails_may_be_skipped),
	    CASE("FAST never misses a failing forbid", fast_never_misses_a_failing_forbid),
	    CASE("a permit that fails does not permit", a_permit_that_fails_only_does_not_permit),
	    CASE("a deny has all its reasons", a_deny_has_all_its_reasons),
	    CASE("permits with obligations are all found", permits_with_obligations_are_all_found),
	    CASE("shadowed policies decide nothing", shadowed_policies_decide_nothing),
	    CASE("a full arena denies", a_full_arena_denies),
	};

	return cmocka_run_group_tests_name("authorize/decide", cases, NULL, NULL);
}
