/* tests/unit/config/test_auth.c - methods of `auth`, and routes that list them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/config/load.h"

#define HEAD                                                                                       \
	V1 "secrets: { gh: \"${env:FL_TEST_SET}\" }\n"                                             \
	   "consumers: { github: }\n"
#define ROUTE(auth)                                                                                \
	"instances: { echo: { connector: echo } }\n"                                               \
	"routes: { r: { match: { path: /r }, auth: " auth                                          \
	", to: { instance: echo, action: reply } } }\n"
#define JWT(more) "jwt: { issuer: i, audience: a" more " }"
#define HOOK "webhook: { recipe: github, secrets: [\"${secret:gh}\"] }"

static void test_all(void **state)
{
	struct fl_config *config =
	    load(FL_STR(HEAD "auth:\n"
	                     "  a: { webhook: { recipe: github, secrets: [\"${secret:gh}\"], "
	                     "consumer: github } }\n"
	                     "  b: { " HOOK " }\n" ROUTE("[b, api_key, a, b, none]")));

	(void)state;
	if (config == NULL)
		fail_msg("%s", said());
	assert_int_equal(config->auth_n, 2);
	const struct fl_cfg_auth_method *a = &config->auth[0], *b = &config->auth[1];
	const struct fl_cfg_route *route = &config->routes[0];

	assert_true(fl_str_is(a->name, "a") && a->at.line == 5);
	assert_int_equal(a->kind, FL_CFG_BY_WEBHOOK);
	assert_true(fl_str_is(a->by.webhook.recipe, "github"));
	assert_int_equal(a->by.webhook.secrets.n, 1);
	assert_true(fl_str_is(a->by.webhook.secrets.items[0], "gh"));
	assert_ptr_equal(a->by.webhook.consumer, &config->consumers[0]);
	assert_null(b->by.webhook.consumer);
	assert_int_equal(route->auth, FL_CFG_AUTH_API_KEY | FL_CFG_AUTH_NONE);
	assert_int_equal(route->auth_methods_n, 2); /* once each, in the order of the file */
	assert_int_equal(route->auth_methods[0], 1);
	assert_int_equal(route->auth_methods[1], 0);
	assert_non_null(strstr(config->canonical_json.p, "${secret:gh}")); /* as written */
	assert_null(strstr(config->canonical_json.p, "v4lue"));
	(void)fl_config_unref(config);
}

static void test_jwt(void **state)
{
	struct fl_config *config = load(
	    FL_STR(HEAD "auth:\n"
	                "  a: { jwt: { issuer: i, audience: x, algorithms: [ES256, HS256], keys: k, "
	                "secrets: [\"${secret:gh}\"], consumer: github, max_age: 1h, "
	                "claims: { consumer: sub, tags: [scope] } } }\n"
	                "  b: { jwt: { issuer: i, audience: [x, y] } }\n" ROUTE("[a, b]")));

	(void)state;
	if (config == NULL)
		fail_msg("%s", said());
	const struct fl_cfg_jwt *a = &config->auth[0].by.jwt, *b = &config->auth[1].by.jwt;

	assert_int_equal(config->auth[1].kind, FL_CFG_BY_JWT);
	assert_true(fl_str_is(a->issuer, "i") && fl_str_is(a->keys, "k"));
	assert_int_equal(a->algorithms, 1u << 4 | 1u << 7);
	assert_int_equal(a->audience.n, 1);
	assert_true(fl_str_is(a->secrets.items[0], "gh"));
	assert_true(fl_str_is(a->consumer_claim, "sub") && fl_str_is(a->tags.items[0], "scope"));
	assert_ptr_equal(a->consumer, &config->consumers[0]);
	assert_int_equal(a->max_age_ns / 1000000000u, 3600);
	assert_int_equal(b->algorithms, 255);
	assert_int_equal(b->audience.n, 2);
	assert_int_equal(b->skew_ns / 1000000000u, 60);
	assert_int_equal(b->max_age_ns, 0);
	assert_int_equal(b->max_token_bytes, 16384);
	assert_int_equal(b->consumer_claim.n + b->tags.n + b->keys.n + b->secrets.n, 0);
	(void)fl_config_unref(config);
}

static void test_refused(void **state)
{
	static const struct {
		const char *auth, *route, *code, *hint;
	} cases[] = {
	    {"a: { " HOOK " }", "[b]", "reference_unknown", "did you mean \"a\"?"},
	    {"a: { " HOOK " }", "api-key", "reference_unknown", "did you mean \"api_key\"?"},
	    {"a: { " HOOK " }", "[nobody-knows-this]", "reference_unknown", "define it under auth:"},
	    {"a: { }", "[a]", "auth_kind", NULL},
	    {"none: { " HOOK " }", "[api_key]", "bad_value", "choose another name"},
	    {"api_key: { " HOOK " }", "[api_key]", "bad_value", "choose another name"},
	    {"a: { webhook: { recipe: githab, secrets: [\"${secret:gh}\"] } }", "[a]", "bad_value",
	     "did you mean \"github\"?"},
	    {"a: { webhook: { recipe: github, secrets: [\"${secret:g}\"] } }", "[a]",
	     "reference_unknown", "did you mean \"gh\"?"},
	    {"a: { webhook: { recipe: github, secrets: [hunter2] } }", "[a]", "bad_value", NULL},
	    {"a: { webhook: { recipe: github, secrets: [\"${env:FL_TEST_SET}\"] } }", "[a]",
	     "bad_value", NULL},
	    {"a: { webhook: { recipe: github, secrets: [] } }", "[a]", "out_of_range", NULL},
	    {"a: { webhook: { recipe: github } }", "[a]", "missing_key", NULL},
	    {"a: { webhook: { recipe: github, secrets: [\"${secret:gh}\"], consumer: gitub } }",
	     "[a]", "reference_unknown", "did you mean \"github\"?"},
	    {"a: { webhook: { recipe: github, secrets: [\"${secret:gh}\"], prefix: x } }", "[a]",
	     "recipe_fixed", "leave it out, or say recipe: generic"},
	    {"a: { webhook: { recipe: generic, secrets: [\"${secret:gh}\"], header: x-s } }", "[a]",
	     "missing_key", NULL},
	    {"a: { webhook: { recipe: generic, secrets: [\"${secret:gh}\"], signed: \"{body}\" } }",
	     "[a]", "missing_key", NULL},
	    {"a: { webhook: { recipe: twilio, secrets: [\"${secret:gh}\"], public_url: "
	     "\"https://a/b\" } }",
	     "[a]", "bad_value", NULL},
	    {"a: { " HOOK ", basic: { } }", "[a]", "auth_kind", NULL},
	    {"a: { basic: { realm: \"a\\\"b\" } }", "[a]", "bad_value", NULL},
	    {"a: { basic: { realm: \"\" } }", "[a]", "bad_value", NULL},
	    {"a: { basic: { realm: "
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa } }",
	     "[a]", "bad_value", NULL},
	    {"a: { jwt: { audience: a } }", "[a]", "missing_key", NULL},
	    {"a: { jwt: { issuer: i } }", "[a]", "missing_key", NULL},
	    {"a: { jwt: { issuer: i, audience: [] } }", "[a]", "out_of_range", NULL},
	    {"a: { " JWT(", algorithms: [none]") " }", "[a]", "bad_value", NULL},
	    {"a: { " JWT(", algorithms: [ES265]") " }", "[a]", "bad_value", "did you mean \"ES256\"?"},
	    {"a: { " JWT(", secrets: [hunter2]") " }", "[a]", "bad_value", NULL},
	    {"a: { " JWT(", secrets: [\"${secret:g}\"]") " }", "[a]", "reference_unknown",
	     "did you mean \"gh\"?"},
	    {"a: { " JWT(", consumer: gitub") " }", "[a]", "reference_unknown",
	     "did you mean \"github\"?"},
	    {"a: { " JWT(", skew: 11m") " }", "[a]", "out_of_range", NULL},
	    {"a: { " JWT(", max_age: 0s") " }", "[a]", "out_of_range", NULL},
	    {"a: { " JWT(", max_token: 33KiB") " }", "[a]", "out_of_range", NULL},
	    {"a: { " JWT("") ", " HOOK " }", "[a]", "auth_kind", NULL},
	    {"a: { " HOOK " }", "[a, a, a, a, a, a, a, a, a]", "out_of_range", NULL},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_buf text;

		fl_buf_init(&text, 4096);
		fl_buf_printf(&text, HEAD "auth: { %s }\n" ROUTE("%s"), cases[i].auth,
		              cases[i].route);
		(void)fl_config_unref(load(fl_buf_str(&text)));
		fl_buf_fini(&text);
		if (problems.errors == 0 || strcmp(problems.first->code, cases[i].code) != 0)
			fail_msg("%s %s: %s", cases[i].auth, cases[i].route, said());
		if (cases[i].hint)
			assert_true(fl_str_is(problems.first->hint, cases[i].hint));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("methods, and a route that takes several", test_all),
	    CASE("a method for tokens, and its defaults", test_jwt),
	    CASE("what is not right is told with what is", test_refused),
	};

	return cmocka_run_group_tests_name("config auth", tests, NULL, NULL);
}
