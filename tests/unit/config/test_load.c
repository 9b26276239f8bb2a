/* tests/unit/config/test_load.c - what is said about configurations that are wrong
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "gateway/config/limits.h"
#include "gateway/config/schema.h"

static struct fl_arena arena;
static struct fl_problems problems;

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64u << 20);
	fl_problems_init(&problems, &arena);
	(void)setenv("FL_TEST_SET", "v4lue", 1);
	(void)unsetenv("FL_TEST_UNSET");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

static struct fl_config *load(struct fl_str text)
{
	fl_arena_reset(&arena);
	fl_problems_init(&problems, &arena);
	return fl_config_load_text("f", text, NULL, &problems);
}

/* ---- one mistake each ---- */

#define V1 "apiVersion: fairlead/v1\n"

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

static void test_bytes(void **state)
{
	(void)state;
	assert_null(load(FL_STR(V1 "server: {}\n\0")));
	assert_string_equal(problems.first->code, "text_nul");
	assert_null(load(FL_STR(V1 "server: { data_dir: \"\xff\" }\n")));
	assert_string_equal(problems.first->code, "text_encoding");
	assert_null(load(FL_STR("\xef\xbb\xbf" V1)));
	assert_string_equal(problems.first->code, "text_encoding");
}

static void test_all_at_once(void **state)
{
	static const char text[] = V1 "server: { lissten: [] , workers: -1 }\n"
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
    V1 "server:\n  listen: [\"127.0.0.1:0\", \"[::1]:0\"]\n  limits: { max_body: 2MiB, idle_timeout: 90s }\n"
       "secrets:\n  t/a: \"${env:FL_TEST_SET}\"\n"
       "connectors:\n  http: { version: \"1.x\" }\n"
       "instances:\n"
       "  up:\n    connector: http\n    owner: me\n    timeout: 5s\n"
       "    config: { base_url: \"http://x\", n: 1.50, b: true, z: ~, s: \"${secret:t/a}\", plain: \"$${x}\" }\n"
       "    grants: { egress: [\"x:80\"], secrets: [t/a], private_addresses: true }\n"
       "  echo: { connector: echo }\n"
       "routes:\n"
       "  one: { match: { host: API.example.com, path: \"/a/{id}\", methods: [GET, PUT], headers: { X-A: b } },\n"
       "         request: { max_body: 64KiB, timeout: 250ms }, to: { instance: up, action: forward } }\n"
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
	assert_true(fl_str_is(up->config_json, "{\"b\":true,\"base_url\":\"http://x\",\"n\":1.5,"
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
	    {"yes", "\"yes\""}, {"no", "\"no\""},     {"on", "\"on\""},	   {"True", "true"},
	    {"~", "null"},	{"", "null"},	      {"0o17", "15"},	   {"0x1F", "31"},
	    {"017", "17"},	{".5", "0.5"},	      {"1e3", "1000.0"},   {"1_000", "\"1_000\""},
	    {"12:30", "\"12:30\""}, {"2026-11-25", "\"2026-11-25\""}, {"'1'", "\"1\""}, {"-0", "0"},
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
	struct fl_config *a = load(FL_STR(V1 "instances: { x: { connector: echo }, y: { connector: echo } }\n"));
	struct fl_config *b = load(FL_STR("{\"instances\":{\"y\":{\"connector\":\"echo\"},\"x\":{\"connector\":\"echo\"}},"
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

static void test_cut_off(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof full - 1; n++) {
		struct fl_config *config = load(fl_str_n(full, n));

		if (!config)
			assert_true(problems.errors > 0 && problems.first->detail.n > 0);
		(void)fl_config_unref(config);
	}
}

/* ---- limits ---- */

static const char *code_of(struct fl_buf *text)
{
	struct fl_config *config = load(fl_buf_str(text));
	const char *code = config ? "" : problems.first->code;

	(void)fl_config_unref(config);
	fl_buf_fini(text);
	return code;
}

static void begin(struct fl_buf *text)
{
	fl_buf_init(text, 64u << 20);
	fl_buf_add_c(text, V1);
}

static void test_size(void **state)
{
	struct fl_buf text;

	(void)state;
	for (int over = 0; over < 2; over++) {
		begin(&text);
		fl_buf_add_c(&text, "#");
		while (text.len < FL_CFG_BYTES_MAX + (size_t)over)
			fl_buf_add_char(&text, 'x');
		assert_string_equal(code_of(&text), over ? "file_too_large" : "");
	}
}

static void test_depth(void **state)
{
	/* The root, instances, a and config are the first four. */
	const unsigned most = FL_CFG_DEPTH_MAX - 4;
	struct fl_buf text;

	(void)state;
	for (unsigned lists = most; lists <= most + 1; lists++) {
		begin(&text);
		fl_buf_add_c(&text, "instances: { a: { connector: echo, config: { v: ");
		for (unsigned i = 0; i < lists; i++)
			fl_buf_add_char(&text, '[');
		for (unsigned i = 0; i < lists; i++)
			fl_buf_add_char(&text, ']');
		fl_buf_add_c(&text, " } } }\n");
		assert_string_equal(code_of(&text), lists > most ? "too_deep" : "");
	}
}

static void test_aliases(void **state)
{
	struct fl_buf text;

	(void)state;
	begin(&text);
	fl_buf_add_c(&text, "instances:\n  i:\n    connector: echo\n    config:\n      a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 12; i++)
		fl_buf_printf(&text, "      a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
			      i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_string_equal(code_of(&text), "too_many_aliases");
}

static void test_nodes(void **state)
{
	struct fl_buf text;

	(void)state;
	begin(&text);
	fl_buf_add_c(&text, "instances: { a: { connector: echo, config: { v: [");
	for (unsigned i = 0; i < FL_CFG_NODES_MAX; i++)
		fl_buf_add_c(&text, "1,");
	fl_buf_add_c(&text, "] } } }\n");
	assert_string_equal(code_of(&text), "too_many_nodes");
}

static void test_many_routes(void **state)
{
	struct fl_buf text;
	struct fl_config *config;

	(void)state;
	begin(&text);
	fl_buf_add_c(&text, "instances: { echo: { connector: echo } }\nroutes:\n");
	for (unsigned i = 0; i < 10000; i++)
		fl_buf_printf(&text, "  r%u: { match: { path: \"/v1/r%u/{id}\" }, to: { instance: echo, action: reply } }\n",
			      i, i);
	config = load(fl_buf_str(&text));
	assert_non_null(config);
	assert_int_equal(config->routes_n, 10000);
	(void)fl_config_unref(config);
	fl_buf_fini(&text);
}

/* ---- files ---- */

static struct fl_config *load_file(const char *path)
{
	fl_arena_reset(&arena);
	fl_problems_init(&problems, &arena);
	return fl_config_load_file(path, &problems);
}

static void put(const char *dir, const char *name, const char *text)
{
	struct fl_error err = FL_ERROR_INIT;
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(fl_file_replace(path, fl_str(text), 0600, &err), 0);
}

static void test_includes(void **state)
{
	char dir[] = "/tmp/fl-config-XXXXXX", path[64];
	struct fl_config *config;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/main.yaml", dir);
	put(dir, "main.yaml", V1 "include: [\"part-*.yaml\"]\nsecrets: { k: \"${file:key}\" }\n"
				 "server: { data_dir: data }\n");
	put(dir, "key", "from a file\n");
	put(dir, "part-a.yaml", "instances: { a: { connector: echo } }\n");
	put(dir, "part-b.yaml", "routes: { r: { match: { path: /r }, to: { instance: a, action: reply } } }\n");
	config = load_file(path);
	if (!config)
		fail_msg("%.*s", FL_STR_ARGS(problems.first->detail));
	assert_int_equal(config->routes_n, 1);
	assert_true(fl_str_is(config->secrets[0].value, "from a file"));
	assert_true(fl_str_starts(config->server.data_dir, fl_str(dir)));
	(void)fl_config_unref(config);

	put(dir, "part-b.yaml", "instances: { a: { connector: http } }\n");
	assert_null(load_file(path));
	assert_string_equal(problems.first->code, "duplicate_key");
	put(dir, "part-b.yaml", "include: [main.yaml]\n");
	assert_null(load_file(path));
	assert_string_equal(problems.first->code, "include_repeated");
	put(dir, "part-b.yaml", "include: [gone.yaml]\n");
	assert_null(load_file(path));
	assert_string_equal(problems.first->code, "file_unreadable");
	put(dir, "part-b.yaml", "server: {}\nbad: {\n");
	assert_null(load_file(path));
	assert_non_null(strstr(problems.first->at.file, "part-b.yaml"));
	(void)snprintf(path, sizeof path, "%s/nowhere.yaml", dir);
	assert_null(load_file(path));
	assert_string_equal(problems.first->code, "file_unreadable");
	for (size_t i = 0; i < 4; i++) {
		static const char *const names[] = {"main.yaml", "key", "part-a.yaml", "part-b.yaml"};

		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

/* Which of the examples are there to be wrong. */
static void test_examples(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	const struct dirent *e;
	unsigned n = 0;
	DIR *dir;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/docs/examples", top ? top : ".");
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir))) {
		bool is_broken = strcmp(e->d_name, "broken.yaml") == 0;
		struct fl_config *config;

		if (!strstr(e->d_name, ".yaml"))
			continue;
		(void)setenv("GITHUB_TOKEN", "x", 1);
		(void)snprintf(path, sizeof path, "%s/docs/examples/%s", top ? top : ".", e->d_name);
		config = load_file(path);
		if ((config == NULL) != is_broken)
			fail_msg("%s: %.*s", e->d_name,
				 FL_STR_ARGS(problems.first ? problems.first->detail : FL_STR("accepted")));
		if (is_broken)
			assert_true(problems.errors >= 8);
		(void)fl_config_unref(config);
		n++;
	}
	(void)closedir(dir);
	assert_true(n >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	    CASE("each mistake has its code, place, pointer and hint", test_mistakes),
	    CASE("what is no text is refused", test_bytes),
	    CASE("all mistakes are told at once", test_all_at_once),
	    CASE("a secret in the file warns, and no value is shown", test_literal_secret_warns),
	    CASE("a configuration with everything", test_full),
	    CASE("scalars are those of YAML 1.2's core schema", test_core_schema),
	    CASE("the digest is of the content, not of how it is written", test_digest),
	    CASE("a text cut off anywhere is refused or whole", test_cut_off),
	    CASE("the limit on bytes", test_size),
	    CASE("the limit on depth", test_depth),
	    CASE("the limit on aliases", test_aliases),
	    CASE("the limit on nodes", test_nodes),
	    CASE("10,000 routes are read", test_many_routes),
	    CASE("included files and values from files", test_includes),
	    CASE("the examples are what they are meant to be", test_examples),
	};

	return cmocka_run_group_tests_name("config load", tests, NULL, NULL);
}
