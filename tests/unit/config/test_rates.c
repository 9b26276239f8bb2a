/* tests/unit/config/test_rates.c - `limits`, and routes that list them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/config/load.h"

#include "base/clock.h"
#include "gateway/config/value.h"

#define ROUTE(limits)                                                                              \
	"instances: { echo: { connector: echo } }\n"                                               \
	"routes: { r: { match: { path: /r }, limits: " limits                                      \
	", to: { instance: echo, action: reply } } }\n"

static void test_all(void **state)
{
	struct fl_config *config = load(FL_STR(
	    V1 "limits:\n"
	       "  a: { by: consumer, rate: 100/1m }\n"
	       "  b: { by: [header:X-Tenant, address, route, instance, address], rate: 5/h, burst: 7,"
	       " cost: 3, enforce: false, ipv6_prefix: 48 }\n" ROUTE("[b, a, b]")));

	(void)state;
	/* Five parts are too many, whatever they are. */
	assert_null(config);
	assert_string_equal(problems.first->code, "out_of_range");
	config = load(FL_STR(
	    V1 "limits:\n"
	       "  a: { by: consumer, rate: 100/1m }\n"
	       "  b: { by: [header:X-Tenant, address, route, address], rate: 5/h, burst: 7,"
	       " cost: 3, enforce: false, ipv6_prefix: 48 }\n" ROUTE("[b, a, b]")));
	if (config == NULL)
		fail_msg("%s", said());
	const struct fl_cfg_limit *a = &config->limits[0], *b = &config->limits[1];

	assert_int_equal(config->limits_n, 2);
	assert_true(fl_str_is(a->name, "a") && a->at.line == 3);
	assert_true(a->parts_n == 1 && a->parts[0].by == FL_CFG_LIMIT_CONSUMER);
	assert_true(a->rate.count == 100 && a->rate.period_ns == 60 * FL_NS_PER_SEC);
	assert_true(a->burst == 100 && a->cost == 1 && a->is_enforced && a->ipv6_prefix == 64);
	assert_int_equal(b->parts_n, 3); /* each once */
	assert_int_equal(b->parts[0].by, FL_CFG_LIMIT_HEADER);
	assert_true(fl_str_is(b->parts[0].header, "x-tenant"));
	assert_int_equal(b->parts[1].by, FL_CFG_LIMIT_ADDRESS);
	assert_int_equal(b->parts[2].by, FL_CFG_LIMIT_ROUTE);
	assert_true(b->burst == 7 && b->cost == 3 && !b->is_enforced && b->ipv6_prefix == 48);
	assert_int_equal(config->routes[0].limits_n, 2); /* once each, in the order of the file */
	assert_int_equal(config->routes[0].limits[0], 1);
	assert_int_equal(config->routes[0].limits[1], 0);
	(void)fl_config_unref(config);
}

static void test_refused(void **state)
{
	static const struct {
		const char *limit, *route, *code, *hint;
	} cases[] = {
	    {"per-address: { by: address, rate: 1/1s }", "[per-adress]", "reference_unknown",
	     "did you mean \"per-address\"?"},
	    {"a: { by: address, rate: 1/1s }", "[qwertyuiop]", "reference_unknown",
	     "define it under limits:"},
	    {"a: { by: address, rate: 1/1s }", "qwertyuiop", "reference_unknown",
	     "define it under limits:"},
	    {"a: { by: address }", "[a]", "missing_key", "for example: rate: 100/1m"},
	    {"a: { rate: 1/1s }", "[a]", "missing_key",
	     "for example: by: [consumer, header:x-tenant]"},
	    {"a: { by: caller, rate: 1/1s }", "[a]", "bad_value", NULL},
	    {"a: { by: \"header:\", rate: 1/1s }", "[a]", "bad_value", NULL},
	    {"a: { by: \"header:x_y\", rate: 1/1s }", "[a]", "bad_value", NULL},
	    {"a: { by: [], rate: 1/1s }", "[a]", "out_of_range", NULL},
	    {"a: { by: address, rate: 100 }", "[a]", "wrong_type", "for example: 100/1m"},
	    {"a: { by: address, rate: 1/1s, burst: 86401 }", "[a]", "limit_burst",
	     "make it smaller, or the rate higher"},
	    {"a: { by: address, rate: 3/1s, cost: 4 }", "[a]", "limit_cost",
	     "it may be at most 3 here, or say a larger burst"},
	    {"a: { by: address, rate: 9/1s, burst: 3, cost: 4 }", "[a]", "limit_cost",
	     "it may be at most 3 here, or say a larger burst"},
	    {"a: { by: address, rate: 1/1s }", "[a, a, a, a, a, a, a, a, a]", "out_of_range", NULL},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_buf text;

		fl_buf_init(&text, 4096);
		fl_buf_printf(&text, V1 "limits: { %s }\n" ROUTE("%s"), cases[i].limit,
		              cases[i].route);
		(void)fl_config_unref(load(fl_buf_str(&text)));
		fl_buf_fini(&text);
		if (problems.errors != 1 || strcmp(problems.first->code, cases[i].code) != 0)
			fail_msg("%s %s: %s", cases[i].limit, cases[i].route, said());
		if (cases[i].hint && !fl_str_is(problems.first->hint, cases[i].hint))
			fail_msg("%s %s: %s", cases[i].limit, cases[i].route, said());
	}
}

static void test_largest_burst(void **state)
{
	struct fl_config *config = load(
	    FL_STR(V1 "limits: { a: { by: address, rate: 1/1s, burst: 86400, cost: 86400 } }\n"));

	(void)state;
	assert_non_null(config);
	(void)fl_config_unref(config);
}

static void test_rates(void **state)
{
	static const struct {
		const char *text;
		uint64_t count, seconds;
	} good[] = {
	    {"1/1s", 1, 1},       {"100/1m", 100, 60},    {"100/60s", 100, 60}, {"7/24h", 7, 86400},
	    {"600/min", 600, 60}, {"5/2000ms", 5, 2},     {"9/s", 9, 1},        {"9/h", 9, 3600},
	    {"9/d", 9, 86400},    {"1000000000/1s", 1000000000, 1},
	};
	static const char *const bad[] = {
	    "",     "/",       "1",      "/1s",     "1/",     "0/1s",          "-1/1s",
	    "1/0s", "1/999ms", "1/25h",  "1/1500ms", "1/1 s", "1000000001/1s", "1/1s/1s",
	    "1/m",  "1.5/1s",  " 1/1s", "1/99999999999999999999h",
	};
	struct fl_cfg_rate rate;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(good); i++)
		if (!fl_cfg_value_rate(fl_str(good[i].text), &rate) || rate.count != good[i].count ||
		    rate.period_ns != good[i].seconds * FL_NS_PER_SEC)
			fail_msg("%s", good[i].text);
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++)
		if (fl_cfg_value_rate(fl_str(bad[i]), &rate))
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("limits, and a route that lists several", test_all),
	    CASE("what is not right is told with what is", test_refused),
	    CASE("the largest burst is a day's", test_largest_burst),
	    CASE("rates", test_rates),
	};

	return cmocka_run_group_tests_name("config rates", tests, NULL, NULL);
}
