/* tests/unit/limit/test_limit.c - whom a limit counts apart
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "base/clock.h"
#include "gateway/limit/limit.h"

static struct fl_metrics *metrics;
static struct fl_limits *limits;
static struct fl_cfg_limit config_limit;
static size_t first[] = {0};
static struct fl_cfg_route route = {.name = FL_STR_INIT("r"), .limits = first, .limits_n = 1};
static struct fl_config config = {
    .limits = &config_limit, .limits_n = 1, .routes = &route, .routes_n = 1};

static int set_up(void **state)
{
	(void)state;
	config_limit = (struct fl_cfg_limit){
	    .name = FL_STR_INIT("l"),
	    .parts = {{.by = FL_CFG_LIMIT_CONSUMER}},
	    .parts_n = 1,
	    .rate = {10, FL_NS_PER_SEC},
	    .burst = 10,
	    .cost = 1,
	    .ipv6_prefix = 64,
	    .is_enforced = true,
	};
	return fl_metrics_create(1, &metrics);
}

static int tear_down(void **state)
{
	(void)state;
	limits = fl_limits_destroy(limits);
	metrics = fl_metrics_destroy(metrics);
	return 0;
}

/* The limit as it is configured now. */
static const struct fl_limit *limit(void)
{
	(void)fl_limits_destroy(limits);
	limits = fl_limits_build(&config, metrics);
	assert_non_null(limits);
	return fl_limits_of(limits, 0)->items[0];
}

static const char *header_value;

static bool header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	(void)ctx;
	*ret = fl_str(header_value);
	return header_value != NULL && fl_str_is(name, "x-a");
}

static uint64_t key(const char *consumer, const char *address)
{
	const struct fl_limit_subject subject = {.consumer = fl_str(consumer),
	                                         .address = fl_str(address),
	                                         .route = FL_STR("r"),
	                                         .instance = FL_STR("i"),
	                                         .header = header};

	return fl_limit_key(limit(), &subject);
}

static void each_value_has_its_key(void **state)
{
	uint64_t nobody = key(NULL, "192.0.2.1");

	(void)state;
	assert_true(key("a", "192.0.2.1") != key("b", "192.0.2.1"));
	assert_true(key("a", "192.0.2.1") == key("a", "192.0.2.2"));
	assert_true(nobody == key(NULL, "192.0.2.2"));
	assert_true(nobody != key("", "192.0.2.1") && nobody != key("none", "192.0.2.1"));
	assert_true(limit()->needs_consumer);
}

static void several_parts_are_one_key(void **state)
{
	(void)state;
	config_limit.parts[1].by = FL_CFG_LIMIT_ADDRESS;
	config_limit.parts_n = 2;
	assert_true(limit()->needs_consumer);
	assert_true(key("a", "192.0.2.1") != key("a", "192.0.2.2"));
	assert_true(key("a", "192.0.2.1") != key("b", "192.0.2.1"));
	assert_true(key("a", "192.0.2.1") == key("a", "192.0.2.1"));
}

static void headers_of_any_length_are_told_apart(void **state)
{
	static char longest[8193];
	uint64_t none, one;

	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	config_limit.parts[0].by = FL_CFG_LIMIT_HEADER;
	config_limit.parts[0].header = FL_STR("x-a");
	assert_false(limit()->needs_consumer);
	header_value = NULL;
	none = key("a", "");
	header_value = longest;
	one = key("a", "");
	longest[8191] = 'y';
	assert_true(one != none && one != key("a", "") && none != key("a", ""));
	header_value = "";
	assert_true(key("a", "") != none);
	config_limit.parts[0].header = FL_STR("x-b");
	assert_true(key("a", "") != none); /* there is none, but of another name */
	header_value = NULL;
}

static void what_is_kept_over_a_change(void **state)
{
	uint64_t before = key("a", "");

	(void)state;
	config_limit.rate.count = 20;
	config_limit.burst = 5;
	config_limit.cost = 2;
	config_limit.is_enforced = false;
	assert_true(key("a", "") == before);
	config_limit.rate.period_ns *= 2;
	assert_true(key("a", "") != before);
	config_limit.rate.period_ns /= 2;
	config_limit.name = FL_STR("m");
	assert_true(key("a", "") != before);
	config_limit.name = FL_STR("l");
	config_limit.parts[0].by = FL_CFG_LIMIT_ROUTE;
	assert_true(key("a", "") != before);
}

static void addresses_count_as_their_network(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned prefix;
		bool is_same;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1", 1, true},
	    {"192.0.2.1", "192.0.2.2", 1, false},
	    {"192.0.2.1", "::ffff:192.0.2.1", 64, true},
	    {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", 64, true},
	    {"2001:db8::1", "2001:db8:0:1::1", 64, false},
	    {"2001:db8:0:0::1", "2001:db8:0:1::1", 63, true},
	    {"2001:db8:0:0::1", "2001:db8:0:2::1", 63, false},
	    {"2001:db8::1", "2001:db8::2", 128, false},
	    {"2001:db8::2", "2001:db8::3", 127, true},
	    {"2001:db8::1", "3fff::1", 1, true},
	    {"2001:db8::1", "8001::1", 1, false},
	    {"unknown", "unknown", 64, true},
	    {"unknown", "_hidden", 64, false},
	    {"", "unknown", 64, false},
	};
	unsigned char a[16], b[16];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++)
		if (fl_str_eq(fl_limit_network(fl_str(cases[i].a), cases[i].prefix, a),
		              fl_limit_network(fl_str(cases[i].b), cases[i].prefix, b)) !=
		    cases[i].is_same)
			fail_msg("%s %s /%u", cases[i].a, cases[i].b, cases[i].prefix);
	config_limit.parts[0].by = FL_CFG_LIMIT_ADDRESS;
	assert_true(key("a", "2001:db8::1") == key("b", "2001:db8::2"));
	config_limit.ipv6_prefix = 128;
	assert_true(key("a", "2001:db8::1") != key("a", "2001:db8::2"));
}

static void what_callers_are_told_of_it(void **state)
{
	(void)state;
	assert_true(fl_str_is(limit()->policy, "\"l\";q=10;w=1"));
	config_limit.cost = 3;
	assert_true(fl_str_is(limit()->policy, "\"l\";q=3;w=1"));
	config_limit.rate.count = 1;
	config_limit.burst = 3;
	assert_true(fl_str_is(limit()->policy, "\"l\";q=0;w=1"));
}

static void routes_without_limits_have_none(void **state)
{
	struct fl_config without = {.routes = &route, .routes_n = 1};

	(void)state;
	limits = fl_limits_build(&without, metrics);
	assert_null(fl_limits_of(limits, 0));
}

/* ---- counts ---- */

static void counts_are_kept_by_name(void **state)
{
	struct fl_limit_count *a = fl_metrics_limit(metrics, FL_STR("a"));
	struct fl_buf out;

	(void)state;
	assert_ptr_equal(fl_metrics_limit(metrics, FL_STR("a")), a);
	assert_ptr_not_equal(fl_metrics_limit(metrics, FL_STR("b")), a);
	fl_metric_add(&a->decisions[FL_LIMIT_WOULD_REFUSE], 3);
	fl_buf_init(&out, 1 << 20);
	fl_metrics_render(metrics, &out);
	assert_non_null(strstr(fl_buf_cstr(&out), "\nfairlead_limit_decisions_total{limit=\"a\","
	                                          "decision=\"would_refuse\"} 3\n"));
	fl_buf_fini(&out);
}

static void names_beyond_the_most_are_not_counted(void **state)
{
	char name[16];

	(void)state;
	for (unsigned i = 0; i < FL_LIMIT_COUNTS_MAX; i++) {
		(void)snprintf(name, sizeof name, "l%u", i);
		assert_non_null(fl_metrics_limit(metrics, fl_str(name)));
	}
	assert_null(fl_metrics_limit(metrics, FL_STR("more")));
	assert_non_null(fl_metrics_limit(metrics, FL_STR("l0")));
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("each value has its key", each_value_has_its_key),
	    CASE("several parts are one key", several_parts_are_one_key),
	    CASE("headers of any length are told apart", headers_of_any_length_are_told_apart),
	    CASE("what is kept over a change", what_is_kept_over_a_change),
	    CASE("addresses count as their network", addresses_count_as_their_network),
	    CASE("what callers are told of it", what_callers_are_told_of_it),
	    CASE("routes without limits have none", routes_without_limits_have_none),
	    CASE("counts are kept by name", counts_are_kept_by_name),
	    CASE("names beyond the most are not counted", names_beyond_the_most_are_not_counted),
	};

	return cmocka_run_group_tests_name("limit/limit", cases, NULL, NULL);
}
