/* tests/unit/config/test_consumers.c - consumers, their credentials, and routes that ask for them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/config/load.h"

#include "base/clock.h"
#include "gateway/config/value.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define HASH "blake2b:0123abcd:" ZEROS
#define ROUTES                                                                                     \
	"instances: { echo: { connector: echo } }\n"                                               \
	"routes:\n"                                                                                \
	"  r: { match: { path: /r }, to: { instance: echo, action: reply }"

static void test_all(void **state)
{
	static const char text[] =
	    V1 "consumers:\n"
	       "  a:\n"
	       "    groups: [partners, eu]\n"
	       "    tenant: acme\n"
	       "    tier: gold\n"
	       "    suspended: true\n"
	       "    labels: { plan: p, area: \"${env:FL_TEST_SET}\" }\n"
	       "    credentials:\n"
	       "      - { api_key: { hash: \"BLAKE2B\" }, description: d }\n"
	       "      - { api_key: { hash: \"blake2b:0123ABCD:" ZEROS "\" }, description: laptop,\n"
	       "          expires: 2027-01-01T00:00:00Z }\n"
	       "  b:\n";
	struct fl_config *config = load(FL_STR(text));
	struct fl_buf good;

	(void)state;
	assert_null(config);
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.first->code, "bad_value");
	assert_true(fl_str_is(problems.first->pointer, "/consumers/a/credentials/0/api_key/hash"));

	fl_buf_init(&good, 4096);
	fl_buf_add(&good, fl_str_n(text, (size_t)(strstr(text, "      - { api_key") - text)));
	fl_buf_add_c(&good, strstr(text, "      - { api_key: { hash: \"blake"));
	config = load(fl_buf_str(&good));
	if (config == NULL)
		fail_msg("%s", said());
	assert_int_equal(config->consumers_n, 2);
	const struct fl_cfg_consumer *a = &config->consumers[0], *b = &config->consumers[1];

	assert_true(fl_str_is(a->name, "a") && a->at.line == 3);
	assert_int_equal(a->groups.n, 2);
	assert_true(fl_str_is(a->groups.items[1], "eu"));
	assert_true(fl_str_is(a->tenant, "acme") && fl_str_is(a->tier, "gold"));
	assert_true(a->is_suspended);
	assert_int_equal(a->labels_n, 2); /* sorted */
	assert_true(fl_str_is(a->labels[0].name, "area") && fl_str_is(a->labels[0].value, "v4lue"));
	assert_true(fl_str_is(a->labels[1].name, "plan"));
	assert_int_equal(a->credentials_n, 1);
	assert_true(fl_str_is(a->credentials[0].hash, HASH));
	assert_true(fl_str_is(a->credentials[0].description, "laptop"));
	assert_int_equal(a->credentials[0].expires_wall_ns, 1798761600 * FL_NS_PER_SEC);
	assert_true(fl_str_is(b->name, "b") && fl_str_is(b->tenant, "") && fl_str_is(b->tier, ""));
	assert_true(!b->is_suspended && b->groups.n == 0 && b->labels_n == 0 &&
	            b->credentials_n == 0);
	(void)fl_config_unref(config);
	fl_buf_fini(&good);
}

static void test_duplicate(void **state)
{
	(void)state;
	assert_null(
	    load(FL_STR(V1 "consumers:\n"
	                   "  first: { credentials: [{ api_key: { hash: \"" HASH "\" } }] }\n"
	                   "  second: { credentials: [{ api_key: { hash: \"" HASH "\" } }] }\n")));
	assert_string_equal(problems.first->code, "credential_duplicate");
	assert_int_equal(problems.first->at.line, 4);
	assert_true(fl_str_is(problems.first->detail,
	                      "the consumers \"first\" and \"second\" have the same key"));
}

static void test_basic(void **state)
{
	static const struct {
		const char *credential, *code;
	} cases[] = {
	    {"{ basic: { user: reports, hash: \"" HASH "\" } }", ""},
	    {"{ basic: { user: \"a:b\", hash: \"" HASH "\" } }", "bad_value"},
	    {"{ basic: { user: \"\", hash: \"" HASH "\" } }", "bad_value"},
	    {"{ basic: { user: \"a\\tb\", hash: \"" HASH "\" } }", "bad_value"},
	    {"{ basic: { hash: \"" HASH "\" } }", "missing_key"},
	    {"{ basic: { user: reports } }", "missing_key"},
	    {"{ basic: { user: reports, hash: hunter2 } }", "bad_value"},
	    {"{ basic: { user: a, hash: \"" HASH "\" }, api_key: { hash: \"" HASH "\" } }",
	     "credential_kind"},
	    {"{ basic: { user: a, hash: \"" HASH "\" } }, { api_key: { hash: \"" HASH "\" } }",
	     "credential_duplicate"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_config *config;
		struct fl_buf text;

		begin(&text);
		fl_buf_printf(&text, "consumers: { c: { credentials: [%s] } }\n",
		              cases[i].credential);
		config = load(fl_buf_str(&text));
		fl_buf_fini(&text);
		if (strcmp(problems.errors ? problems.first->code : "", cases[i].code) != 0)
			fail_msg("%s: %s", cases[i].credential, said());
		if (config) {
			assert_true(fl_str_is(config->consumers[0].credentials[0].user, "reports"));
			assert_true(fl_str_is(config->consumers[0].credentials[0].hash, HASH));
		}
		(void)fl_config_unref(config);
	}
}

static void test_credential_of_nothing(void **state)
{
	(void)state;
	assert_null(load(FL_STR(V1 "consumers: { a: { credentials: [{ description: x }] } }\n")));
	assert_string_equal(problems.first->code, "missing_key");
	assert_true(fl_str_is(problems.first->pointer, "/consumers/a/credentials/0"));
	assert_null(load(FL_STR(V1 "consumers: { a: { credentials: [x] } }\n")));
	assert_string_equal(problems.first->code, "wrong_type");
	assert_true(
	    fl_str_is(problems.first->detail, "\"credentials\" must be a map, not a string"));
}

static void test_labels(void **state)
{
	struct fl_buf text;

	(void)state;
	for (unsigned n = FL_CFG_LABEL_MAX; n <= FL_CFG_LABEL_MAX + 1; n++) {
		begin(&text);
		fl_buf_printf(&text, "consumers: { a: { labels: { l: \"%0*d\" } } }\n", (int)n, 0);
		assert_string_equal(code_of(&text), n > FL_CFG_LABEL_MAX ? "out_of_range" : "");
	}
	begin(&text);
	fl_buf_add_c(&text, "consumers: { a: { labels: { l: 1 } } }\n");
	assert_string_equal(code_of(&text), "wrong_type");
}

static void test_auth(void **state)
{
	static const struct {
		const char *written;
		uint32_t bits; /* 0: refused */
	} cases[] = {
	    {"", FL_CFG_AUTH_NONE},
	    {", auth: none", FL_CFG_AUTH_NONE},
	    {", auth: [none]", FL_CFG_AUTH_NONE},
	    {", auth: api_key", FL_CFG_AUTH_API_KEY},
	    {", auth: [api_key]", FL_CFG_AUTH_API_KEY},
	    {", auth: [api_key, none]", FL_CFG_AUTH_API_KEY | FL_CFG_AUTH_NONE},
	    {", auth: []", 0},
	    {", auth: api-key", 0},
	    {", auth: [none, jwt]", 0},
	    {", auth: null", 0},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_config *config;
		struct fl_buf text;

		begin(&text);
		fl_buf_printf(&text, ROUTES "%s }\n", cases[i].written);
		config = load(fl_buf_str(&text));
		fl_buf_fini(&text);
		if ((config != NULL ? config->routes[0].auth : 0) != cases[i].bits)
			fail_msg("\"%s\": %s", cases[i].written, said());
		(void)fl_config_unref(config);
	}
}

static unsigned count_open(void)
{
	unsigned n = 0;

	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next)
		n += p->is_warning && strcmp(p->code, "route_open") == 0;
	return n;
}

static void test_open_routes(void **state)
{
	struct fl_config *config;
	struct fl_buf text;

	(void)state;
	config = load(FL_STR(V1 ROUTES " }\n"));
	assert_non_null(config);
	assert_int_equal(problems.warnings, 0); /* nobody is known, so nobody can be let in */
	(void)fl_config_unref(config);
	config = load(FL_STR(V1 "consumers: { a: }\n" ROUTES " }\n"));
	assert_non_null(config);
	assert_int_equal(count_open(), 1);
	assert_true(fl_str_is(problems.first->pointer, "/routes/r"));
	(void)fl_config_unref(config);
	config = load(FL_STR(V1 "consumers: { a: }\n" ROUTES ", auth: none }\n"));
	assert_non_null(config);
	assert_int_equal(problems.warnings, 0);
	(void)fl_config_unref(config);
	/* No more of them than leave room for others. */
	begin(&text);
	fl_buf_add_c(&text, "consumers: { a: }\n" ROUTES " }\n");
	for (unsigned i = 0; i < 100; i++)
		fl_buf_printf(
		    &text,
		    "  r%u: { match: { path: /r%u }, to: { instance: echo, action: reply } }\n", i,
		    i);
	config = load(fl_buf_str(&text));
	assert_non_null(config);
	assert_int_equal(count_open(), 20);
	(void)fl_config_unref(config);
	fl_buf_fini(&text);
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds; /* UINT64_MAX: refused */
	} cases[] = {
	    {"1970-01-01T00:00:00Z", 0},          {"1970-01-01T00:00:01Z", 1},
	    {"2000-02-29T12:34:56Z", 951827696},  {"2024-02-29T00:00:00Z", 1709164800},
	    {"2026-12-31T23:59:59Z", 1798761599}, {"2500-12-31T23:59:59Z", 16756761599},
	    {"2501-01-01T00:00:00Z", UINT64_MAX}, {"1969-12-31T23:59:59Z", UINT64_MAX},
	    {"2100-02-29T00:00:00Z", UINT64_MAX}, /* no leap year */
	    {"2023-02-29T00:00:00Z", UINT64_MAX}, {"2027-04-31T00:00:00Z", UINT64_MAX},
	    {"2027-00-01T00:00:00Z", UINT64_MAX}, {"2027-13-01T00:00:00Z", UINT64_MAX},
	    {"2027-01-00T00:00:00Z", UINT64_MAX}, {"2027-01-01T24:00:00Z", UINT64_MAX},
	    {"2027-01-01T00:60:00Z", UINT64_MAX}, {"2027-01-01T00:00:60Z", UINT64_MAX},
	    {"2027-01-01T00:00:00", UINT64_MAX},  {"2027-01-01T00:00:00z", UINT64_MAX},
	    {"2027-01-01 00:00:00Z", UINT64_MAX}, {"2027-01-01T00:00:00+01:00", UINT64_MAX},
	    {"2027-01-01", UINT64_MAX},           {"", UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		uint64_t ns = 0;
		bool ok = fl_cfg_value_time(fl_str(cases[i].text), &ns);

		if (ok != (cases[i].seconds != UINT64_MAX) ||
		    (ok && ns != cases[i].seconds * FL_NS_PER_SEC))
			fail_msg("%s: %llu", cases[i].text,
			         (unsigned long long)(ns / FL_NS_PER_SEC));
	}
}

/* As many as there may be, each with a group and a key. */
static void test_many(void **state)
{
	struct fl_config *config;
	struct fl_buf text;

	(void)state;
	begin(&text);
	fl_buf_add_c(&text, "consumers:\n");
	for (unsigned i = 0; i < 100000; i++)
		fl_buf_printf(&text,
		              "  c%u: { groups: [g], credentials: [{ api_key: { hash: "
		              "\"blake2b:0123abcd:%064x\" } }] }\n",
		              i, i);
	config = load(fl_buf_str(&text));
	if (config == NULL)
		fail_msg("%s", said());
	assert_int_equal(config->consumers_n, 100000);
	(void)fl_config_unref(config);
	fl_buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("all that can be said of a consumer", test_all),
	    CASE("one key of two consumers names both", test_duplicate),
	    CASE("users and passwords of HTTP Basic", test_basic),
	    CASE("a credential must be something", test_credential_of_nothing),
	    CASE("labels are short texts", test_labels),
	    CASE("what a route asks for", test_auth),
	    CASE("routes that say nothing are told once there are consumers", test_open_routes),
	    CASE("times", test_times),
	    CASE("100,000 consumers with a key each are read", test_many),
	};

	return cmocka_run_group_tests_name("config consumers", tests, NULL, NULL);
}
