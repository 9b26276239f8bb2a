/* tests/unit/config/test_load.c - what is said about configurations that are wrong
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/config/load.h"

#include "base/clock.h"

/* ---- one mistake each ---- */

/* clang-format off */
static const struct {
	const char *name, *text;
	unsigned line, column;
	const char *code, *pointer, *hint; /* of the first problem */
} mistakes[] = {
    {"unknown key at the top", V1 "rutes: {}\n", 2, 1, "unknown_key", "/rutes", "did you mean \"routes\"?"},
    {"unknown key below", V1 "server: { lissten: [] }\n", 2, 11, "unknown_key", "/server/lissten", "did you mean \"listen\"?"},
    {"no apiVersion", "server: {}\n", 1, 1, "missing_key", "", "for example: apiVersion: fairlead/v1"},
    {"another apiVersion", "apiVersion: fairlead/v2\n", 1, 13, "bad_value", "/apiVersion", "did you mean \"fairlead/v1\"?"},
    {"duplicate key", V1 "server: {}\nserver: {}\n", 3, 1, "duplicate_key", "/server", "the first one is on line 2; remove one"},
    {"wrong type: string for map", V1 "server: yes\n", 2, 9, "wrong_type", "/server", ""},
    {"yes is a string", V1 "instances:\n  a: { connector: echo, grants: { private_addresses: yes } }\n", 3, 54, "wrong_type", "/instances/a/grants/private_addresses", "write true or false, without quotes"},
    {"bare number for a duration", V1 "server: { limits: { header_timeout: 10 } }\n", 2, 37, "duration_unit", "/server/limits/header_timeout", "say the unit: \"10ms\" or \"10s\""},
    {"no failures at all", V1 "server: { limits: { auth_failures: 0 } }\n", 2, 36, "out_of_range", "/server/limits/auth_failures", "it is 0"},
    {"too many failures", V1 "server: { limits: { auth_failures: 1000001 } }\n", 2, 36, "out_of_range", "/server/limits/auth_failures", "it is 1000001"},
    {"duration out of range", V1 "server: { limits: { header_timeout: 10h } }\n", 2, 37, "out_of_range", "/server/limits/header_timeout", "it is 10h"},
    {"bad size", V1 "server: { limits: { max_body: 1MB } }\n", 2, 31, "bad_value", "/server/limits/max_body", ""},
    {"size over the limit", V1 "server: { limits: { max_body: 1GiB } }\n", 2, 31, "out_of_range", "/server/limits/max_body", "it is 1GiB"},
    {"negative count", V1 "server: { workers: -1 }\n", 2, 20, "bad_value", "/server/workers", ""},
    {"count is not a number", V1 "server: { workers: many }\n", 2, 20, "wrong_type", "/server/workers", "write the number without quotes"},
    {"huge number", V1 "server: { workers: 99999999999999999999999 }\n", 2, 20, "bad_value", "/server/workers", ""},
    {"bad listen", V1 "server: { listen: [\"localhost\"] }\n", 2, 20, "bad_value", "/server/listen/0", ""},
    {"empty listen", V1 "server: { listen: [] }\n", 2, 19, "out_of_range", "/server/listen", "it has 0"},
    {"unknown instance", V1 "instances:\n  echo: { connector: echo }\nroutes:\n  a: { match: { path: /a }, to: { instance: ecco, action: reply } }\n", 5, 45, "reference_unknown", "/routes/a/to/instance", "did you mean \"echo\"?"},
    {"missing connector", V1 "instances:\n  echo: {}\n", 3, 3, "missing_key", "/instances/echo", "for example: connector: http"},
    {"missing match", V1 "instances: { echo: { connector: echo } }\nroutes:\n  a: { to: { instance: echo, action: reply } }\n", 4, 3, "missing_key", "/routes/a", "for example: match: { path: \"/v1/orders/{id}\" }"},
    {"bad method", V1 "instances: { echo: { connector: echo } }\nroutes:\n  a: { match: { path: /a, methods: [get] }, to: { instance: echo, action: reply } }\n", 4, 37, "bad_value", "/routes/a/match/methods/0", "did you mean \"GET\"?"},
    {"bad header condition", V1 "instances: { echo: { connector: echo } }\nroutes:\n  a: { match: { path: /a, headers: { x-a: [1] } }, to: { instance: echo, action: reply } }\n", 4, 43, "wrong_type", "/routes/a/match/headers/x-a", "for example: { x-tenant: acme, x-debug: { present: true } }"},
    {"path without slash", V1 "instances: { echo: { connector: echo } }\nroutes:\n  a: { match: { path: a }, to: { instance: echo, action: reply } }\n", 4, 23, "bad_value", "/routes/a/match/path", ""},
    {"bad name", V1 "instances: { \"a b\": { connector: echo } }\n", 2, 14, "bad_value", "/instances/a b", ""},
    {"bad mode", V1 "instances: { a: { connector: echo, mode: worker } }\n", 2, 42, "bad_value", "/instances/a/mode", "there is: inproc"},
    {"bad sha256", V1 "connectors: { echo: { sha256: abc } }\n", 2, 31, "bad_value", "/connectors/echo/sha256", ""},
    {"bad version", V1 "connectors: { echo: { version: latest } }\n", 2, 32, "bad_value", "/connectors/echo/version", ""},
    {"bad egress", V1 "instances: { a: { connector: echo, grants: { egress: [\"example.com\"] } } }\n", 2, 55, "bad_value", "/instances/a/grants/egress/0", ""},
    {"unset env", V1 "server: { data_dir: \"${env:FL_TEST_UNSET}\" }\n", 2, 21, "env_unset", "/server/data_dir", "set it, or give a default: ${env:NAME:-default}"},
    {"unclosed substitution", V1 "server: { data_dir: \"${env:HOME\" }\n", 2, 21, "substitution_invalid", "/server/data_dir", "close it with }, or write $${ for the characters themselves"},
    {"unknown substitution", V1 "server: { data_dir: \"${vault:x}\" }\n", 2, 21, "substitution_invalid", "/server/data_dir", "there are ${env:NAME}, ${env:NAME:-default}, ${file:PATH}, ${secret:NAME}; write $${ for the characters themselves"},
    {"secret in a plain field", V1 "server: { data_dir: \"${secret:x}\" }\n", 2, 21, "secret_misplaced", "/server/data_dir", "${secret:} is for the config: of an instance; here use ${env:} or ${file:}"},
    {"file without a folder", V1 "secrets: { a: \"${file:x}\" }\n", 2, 15, "file_denied", "/secrets/a", "use ${env:NAME}, or load the configuration from a file"},
    {"empty secret", V1 "secrets: { a: \"\" }\n", 2, 15, "secret_invalid", "/secrets/a", "it may have 1 to 65536 bytes"},
    {"unknown secret", V1 "instances: { a: { connector: http, config: { x: \"${secret:nope}\" } } }\n", 2, 49, "reference_unknown", "/instances/a/config/x", "define it under secrets:"},
    {"secret that is not granted", V1 "secrets: { a: \"${env:FL_TEST_SET}\" }\ninstances: { a: { connector: http, config: { x: \"${secret:a}\" } } }\n", 3, 49, "secret_not_granted", "/instances/a/config/x", "add it to its grants: { secrets: [\"a\"] }"},
    {"granted secret that is not there", V1 "instances: { a: { connector: http, grants: { secrets: [nope] } } }\n", 2, 56, "reference_unknown", "/instances/a/grants/secrets/0", "define it under secrets:"},
    {"tab", V1 "server:\n\tlisten: []\n", 3, 1, "yaml_syntax", "", "indent with spaces; YAML allows no tabs there"},
    {"cut off in a map", V1 "server: { listen: [\"127.0.0.1:80", 2, 33, "yaml_syntax", "/server/listen", "the text ends too early: a bracket or quote is not closed, or the file is cut off"},
    {"two documents", V1 "---\nserver: {}\n", 2, 1, "yaml_documents", "", "keep one; use include: for several files"},
    {"nothing", "", 1, 1, "yaml_empty", "", "`fairlead init` writes one to begin with"},
    {"a list", "- a\n", 1, 1, "wrong_type", "", "begin with \"apiVersion: fairlead/v1\""},
    {"an alias to nothing", V1 "server: *x\n", 2, 9, "yaml_alias", "", "write &name where the value stands, above this line"},
    {"an alias to itself", V1 "server: &x { listen: *x }\n", 2, 22, "yaml_alias", "/server", "write it out"},
    {"a tag", V1 "server: !!python/object {}\n", 2, 9, "yaml_tag", "", "remove it"},
    {"a merge key", V1 "server: { <<: {} }\n", 2, 11, "yaml_merge", "/server", "write the keys out, or give the whole map by an alias"},
    {"a tag on a string", V1 "server: { data_dir: !!binary eA== }\n", 2, 21, "yaml_tag", "/server", "remove it"},
    {"an anchor on a key", V1 "&k server: {}\n", 2, 1, "yaml_key", "", "remove it"},
    {"an alias for a key", V1 "server: &k {}\n*k : {}\n", 3, 1, "yaml_key", "", "write it out"},
    {"a duplicate key among many", V1 "instances:\n  a: { connector: x, config: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, m: 1, n: 1, o: 1, p: 1, q: 1, c: 1 } }\n", 3, 134, "duplicate_key", "/instances/a/config/c", "the first one is on line 3; remove one"},
    {"a duplicate route", V1 "routes:\n  a: {}\n  a: {}\n", 4, 3, "duplicate_key", "/routes/a", "the first one is on line 3; remove one"},
    {"a NUL as an escape", V1 "server: { data_dir: \"a\\0b\" }\n", 2, 21, "text_nul", "/server/data_dir", "remove it"},
    {"a NUL as an escape in a key", V1 "server: { \"a\\0b\": 1 }\n", 2, 11, "text_nul", "/server", "remove it"},
    {"a unit that is none", V1 "server: { limits: { idle_timeout: 5min } }\n", 2, 35, "bad_value", "/server/limits/idle_timeout", ""},
    {"a duration with a fraction", V1 "server: { limits: { idle_timeout: 1.5s } }\n", 2, 35, "bad_value", "/server/limits/idle_timeout", ""},
    {"a duration over 64 bits", V1 "server: { limits: { idle_timeout: 18446744073709551615h } }\n", 2, 35, "bad_value", "/server/limits/idle_timeout", ""},
    {"an unquoted colon", V1 "server: { data_dir: a: b }\n", 2, 22, "yaml_syntax", "/server", "look for wrong indentation, a missing \":\", \",\" or quote"},
    {"a string that holds a colon", V1 "server:\n  data_dir: a: b\n", 3, 14, "yaml_syntax", "/server", "quote a string that holds \": \""},
    {"a string that begins with a percent sign", V1 "server:\n  data_dir: %x\n", 3, 13, "yaml_syntax", "/server", "quote a string that begins with this character"},
    {"wrong indentation", V1 "server:\n    listen: []\n  admin: {}\n", 4, 3, "yaml_syntax", "", "look for wrong indentation, a missing \":\", \",\" or quote"},
    {"an include without files", V1 "include: [a.yaml]\n", 2, 11, "file_denied", "/include/0", "load the configuration from a file"},
    {"an item of a list that is no string", V1 "server: { listen: [8080] }\n", 2, 20, "wrong_type", "/server/listen/0", "quote it: \"8080\""},
    {"a secret that is no string", V1 "secrets: { a: 7 }\n", 2, 15, "wrong_type", "/secrets/a", "for example: { github/token: \"${file:github.token}\" }"},
    {"a name of a secret that is none", V1 "secrets: { \"a b\": x }\n", 2, 12, "bad_value", "/secrets/a b", ""},
    {"a secret by a name that is none", V1 "instances: { a: { connector: http, config: { x: \"${secret:a b}\" } } }\n", 2, 49, "substitution_invalid", "/instances/a/config/x", "write ${secret:NAME}, as in secrets:"},
    {"a variable without a name", V1 "server: { data_dir: \"${env:}\" }\n", 2, 21, "substitution_invalid", "/server/data_dir", "write ${env:NAME} or ${env:NAME:-default}"},
    {"a variable that is no text", V1 "server: { data_dir: \"${env:FL_TEST_BYTES}\" }\n", 2, 21, "value_not_text", "/server/data_dir", "values must be UTF-8 text"},
    {"an unset variable below config", V1 "instances: { a: { connector: http, config: { x: [1, \"${env:FL_TEST_UNSET}\"] } } }\n", 2, 53, "env_unset", "/instances/a/config/x/1", "set it, or give a default: ${env:NAME:-default}"},
    {"a pointer with characters that it escapes", V1 "instances: { a: { connector: http, config: { \"a/b~c\": .inf } } }\n", 2, 55, "number_too_large", "/instances/a/config/a~1b~0c", "whole numbers have 64 bits; quote it if it is meant as a string"},
    {"an address that is none", V1 "server: { listen: [\"127.0.0.256:80\"] }\n", 2, 20, "bad_value", "/server/listen/0", ""},
    {"a port that is none", V1 "server: { listen: [\"127.0.0.1:65536\"] }\n", 2, 20, "bad_value", "/server/listen/0", ""},
    {"a network that is none", V1 "server: { trusted_proxies: [\"10.0.0.0/33\"] }\n", 2, 29, "bad_value", "/server/trusted_proxies/0", ""},
    {"a path with a query", V1 "instances: { echo: { connector: echo } }\nroutes:\n  a: { match: { path: \"/a?b\" }, to: { instance: echo, action: reply } }\n", 4, 23, "bad_value", "/routes/a/match/path", ""},
    {"a header with an underscore", V1 "instances: { echo: { connector: echo } }\nroutes:\n  a: { match: { path: /a, headers: { x_a: b } }, to: { instance: echo, action: reply } }\n", 4, 38, "bad_value", "/routes/a/match/headers/x_a", ""},
    {"a map that is a list", V1 "routes: [ { match: { path: /a } } ]\n", 2, 9, "wrong_type", "/routes", ""},
    {"a route that is a string", V1 "routes: { a: echo }\n", 2, 14, "wrong_type", "/routes/a", "write its keys below it, or as { key: value }"},
    {"a complex key", V1 "? [a]\n: b\n", 2, 3, "yaml_key", "", "quote a key that holds \"{\", \"[\" or \"?\""},
};
/* clang-format on */

static void check_first(const char *name, unsigned line, unsigned column, const char *code,
                        const char *pointer, const char *hint)
{
	const struct fl_problem *p = problems.first;

	if (!p)
		fail_msg("%s: accepted", name);
	if (strcmp(p->code, code) != 0 || p->at.line != line || p->at.column != column ||
	    !fl_str_is(p->pointer, pointer) || !fl_str_is(p->hint, hint))
		fail_msg("%s: %u:%u %s %.*s [%.*s]", name, (unsigned)p->at.line,
		         (unsigned)p->at.column, p->code, FL_STR_ARGS(p->pointer),
		         FL_STR_ARGS(p->hint));
	assert_string_equal(p->at.file, "f");
	assert_true(p->detail.n > 0);
}

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(mistakes); i++) {
		assert_null(load(fl_str(mistakes[i].text)));
		check_first(mistakes[i].name, mistakes[i].line, mistakes[i].column,
		            mistakes[i].code, mistakes[i].pointer, mistakes[i].hint);
	}
}

/* clang-format off */
#define B(code, line, column, bytes) {code, line, column, FL_STR_INIT(bytes)}
static const struct {
	const char *code;
	unsigned line, column;
	struct fl_str text;
} bytes[] = {
    B("text_nul", 2, 11, V1 "server: {}\0\n"),
    B("text_nul", 3, 1, V1 "server: {}\n\0"),
    B("text_encoding", 2, 22, V1 "server: { data_dir: \"\xff\" }\n"),
    B("text_encoding", 2, 5, V1 "# \xc3\xa4 \xc3"), /* cut off in a character; columns count characters */
    B("text_encoding", 2, 3, V1 "# \xc0\x80\n"), /* a NUL in two bytes */
    B("text_encoding", 2, 3, V1 "# \xed\xa0\x80\n"), /* half of a surrogate pair */
    B("text_encoding", 2, 3, V1 "# \xf4\x90\x80\x80\n"), /* beyond Unicode */
    B("text_encoding", 1, 1, "\xef\xbb\xbf" V1), /* a byte order mark */
    B("text_encoding", 1, 1, "\xff\xfe" "a\0"), /* UTF-16 */
    B("text_encoding", 1, 1, "\xfe\xff\0a"),
    B("text_control", 2, 3, V1 "# \xef\xbb\xbf\n"),
    B("text_control", 2, 3, V1 "# \x1b[31m\n"),
    B("text_control", 2, 3, V1 "# \x7f\n"),
    B("text_control", 2, 3, V1 "# \xc2\x9b\n"),
    B("text_control", 3, 2, V1 "# \r\n#\x01\n"), /* one line feed */
    B("text_control", 3, 2, V1 "# \r#\x01\n"),
};
/* clang-format on */

static void test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bytes); i++) {
		char name[40];

		assert_null(load(bytes[i].text));
		(void)snprintf(name, sizeof name, "bytes %zu", i);
		if (strcmp(problems.first->code, bytes[i].code) != 0 ||
		    problems.first->at.line != bytes[i].line ||
		    problems.first->at.column != bytes[i].column || problems.first->hint.n == 0)
			fail_msg("%s: %s", name, said());
	}
	(void)fl_config_unref(load(FL_STR(V1 "# tab:\t nbsp:\xc2\xa0 nel:\xc2\x85\n")));
	assert_int_equal(problems.errors, 0);
}

static void test_all_at_once(void **state)
{
	static const char text[] =
	    V1 "server: { lissten: [] , workers: -1 }\n"
	       "instances: { a: { conector: echo } }\n"
	       "routes: { r: { match: { path: x }, to: { instance: b, action: c } } }\n";

	(void)state;
	assert_null(load(FL_STR(text)));
	assert_int_equal(problems.errors, 6);
}

static void test_literal_secret_warns(void **state)
{
	struct fl_config *config;

	(void)state;
	config = load(FL_STR(V1 "secrets: { a: hunter2, b: \"${env:FL_TEST_SET}\" }\n"));
	assert_non_null(config);
	assert_int_equal(problems.warnings, 1);
	assert_string_equal(problems.first->code, "secret_literal");
	assert_int_equal(config->secrets_n, 2);
	assert_true(fl_str_is(config->secrets[1].value, "v4lue"));
	assert_true(fl_str_is(config->secrets[1].reference, "${env:FL_TEST_SET}"));
	/* Neither value is in what is shown. */
	assert_null(strstr(config->canonical_json.p, "hunter2"));
	assert_null(strstr(config->canonical_json.p, "v4lue"));
	(void)fl_config_unref(config);
}

/* ---- what is not wrong ---- */

static const char full[] =
    V1 "server:\n  listen: [\"127.0.0.1:0\", \"[::1]:0\"]\n  limits: { max_body: 2MiB, "
       "idle_timeout: 90s }\n"
       "secrets:\n  t/a: \"${env:FL_TEST_SET}\"\n"
       "connectors:\n  http: { version: \"1.x\" }\n"
       "instances:\n"
       "  up:\n    connector: http\n    owner: me\n    timeout: 5s\n"
       "    config: { base_url: \"http://x\", n: 1.50, b: true, z: ~, s: \"${secret:t/a}\", plain: "
       "\"$${x}\" }\n"
       "    grants: { egress: [\"x:80\"], secrets: [t/a], private_addresses: true }\n"
       "  echo: { connector: echo }\n"
       "routes:\n"
       "  one: { match: { host: API.example.com, path: \"/a/{id}\", methods: [GET, PUT], headers: "
       "{ X-A: b } },\n"
       "         request: { max_body: 64KiB, timeout: 250ms }, to: { instance: up, action: forward "
       "} }\n"
       "  two: { match: { path: \"/b/**\" }, to: { instance: echo, action: reply } }\n";

static void test_full(void **state)
{
	const struct fl_cfg_instance *up;
	const struct fl_cfg_route *one;
	struct fl_config *config;

	(void)state;
	config = load(FL_STR(full));
	if (!config)
		fail_msg("%.*s", FL_STR_ARGS(problems.first->detail));
	assert_int_equal(problems.warnings, 0);
	assert_int_equal(config->server.listen.n, 2);
	assert_int_equal(config->server.limits.max_body_bytes, 2u << 20);
	assert_int_equal(config->server.limits.idle_timeout_ns, 90 * FL_NS_PER_SEC);
	assert_int_equal(config->connectors_n, 2); /* echo is not listed, and there */
	up = &config->instances[0];
	assert_true(fl_str_is(up->config_json,
	                      "{\"b\":true,\"base_url\":\"http://x\",\"n\":1.5,"
	                      "\"plain\":\"${x}\",\"s\":\"${secret:t/a}\",\"z\":null}"));
	assert_true(up->grants.private_addresses);
	assert_int_equal(up->timeout_ns, 5 * FL_NS_PER_SEC);
	one = &config->routes[0];
	assert_true(fl_str_is(one->host, "api.example.com"));
	assert_int_equal(one->methods, 1u << 0 | 1u << 3);
	assert_true(fl_str_is(one->headers[0].name, "x-a"));
	assert_int_equal(one->max_body_bytes, 64u << 10);
	assert_int_equal(one->timeout_ns, 250 * FL_NS_PER_MS);
	assert_int_equal(config->routes[1].max_body_bytes, 2u << 20);
	assert_int_equal(config->routes[1].methods, 0x7f);
	(void)fl_config_unref(config);
}

static void test_core_schema(void **state)
{
	static const struct {
		const char *written, *json;
	} cases[] = {
	    {"yes", "\"yes\""},     {"no", "\"no\""},
	    {"on", "\"on\""},       {"True", "true"},
	    {"~", "null"},          {"", "null"},
	    {"0o17", "15"},         {"0x1F", "31"},
	    {"017", "17"},          {".5", "0.5"},
	    {"1e3", "1000.0"},      {"1_000", "\"1_000\""},
	    {"12:30", "\"12:30\""}, {"2026-11-25", "\"2026-11-25\""},
	    {"'1'", "\"1\""},       {"-0", "0"},
	    {"off", "\"off\""},     {"No", "\"No\""},
	    {"NULL", "null"},       {"nULL", "\"nULL\""},
	    {"+12", "12"},          {"0o8", "\"0o8\""},
	    {"0b1", "\"0b1\""},     {"1.", "1.0"},
	    {"-.5e-1", "-0.05"},    {".", "\".\""},
	    {"1e", "\"1e\""},       {"\"~\"", "\"~\""},
	    {"!!str 12", "\"12\""}, {"'tRUE'", "\"tRUE\""},
	    {"tRUE", "\"tRUE\""},   {"FALSE", "false"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_str text = fl_arena_printf(
		    &arena, V1 "instances:\n  a:\n    connector: echo\n    config:\n      v: %s\n",
		    cases[i].written);
		char copy[200], expected[80];
		struct fl_config *config;

		(void)snprintf(copy, sizeof copy, "%.*s", FL_STR_ARGS(text));
		(void)snprintf(expected, sizeof expected, "{\"v\":%s}", cases[i].json);
		config = load(fl_str(copy));
		assert_non_null(config);
		if (!fl_str_is(config->instances[0].config_json, expected))
			fail_msg("%s became %.*s", cases[i].written,
			         FL_STR_ARGS(config->instances[0].config_json));
		(void)fl_config_unref(config);
	}
}

static void test_digest(void **state)
{
	struct fl_config *a =
	    load(FL_STR(V1 "instances: { x: { connector: echo }, y: { connector: echo } }\n"));
	struct fl_config *b = load(
	    FL_STR("{\"instances\":{\"y\":{\"connector\":\"echo\"},\"x\":{\"connector\":\"echo\"}},"
	           "\"apiVersion\":\"fairlead/v1\"}"));
	struct fl_config *c = load(FL_STR(V1 "instances: { x: { connector: echo } }\n"));

	(void)state;
	assert_string_equal(a->digest, b->digest);
	assert_string_not_equal(a->digest, c->digest);
	assert_true(fl_str_eq(a->canonical_json, b->canonical_json));
	(void)fl_config_unref(a);
	(void)fl_config_unref(b);
	(void)fl_config_unref(c);
}

static bool has_warning(const char *code)
{
	for (const struct fl_problem *p = problems.first; p; p = p->next)
		if (p->is_warning && strcmp(p->code, code) == 0)
			return true;
	return false;
}

static bool is_between_lines(size_t n)
{
	while (full[n - 1] == ' ')
		n--;
	return full[n - 1] == '\n';
}

static void test_cut_off(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof full - 1; n++) {
		struct fl_config *config = load(fl_str_n(full, n));

		if (!config)
			assert_true(problems.errors > 0 && problems.first->detail.n > 0);
		else /* between two lines nothing tells that there were more */
			assert_int_equal(config->ends_midline, !is_between_lines(n));
		if (config && config->ends_midline)
			assert_true(has_warning("cut_off"));
		(void)fl_config_unref(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("each mistake has its code, place, pointer and hint", test_mistakes),
	    CASE("what is no text is refused", test_bytes),
	    CASE("all mistakes are told at once", test_all_at_once),
	    CASE("a secret in the file warns, and no value is shown", test_literal_secret_warns),
	    CASE("a configuration with everything", test_full),
	    CASE("scalars are those of YAML 1.2's core schema", test_core_schema),
	    CASE("the digest is of the content, not of how it is written", test_digest),
	    CASE("a text cut off in the middle of a line is refused, or warned of", test_cut_off),
	};

	return cmocka_run_group_tests_name("config load", tests, NULL, NULL);
}
