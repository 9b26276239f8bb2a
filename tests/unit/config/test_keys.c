/* tests/unit/config/test_keys.c - each row of the table of keys: type, limits, spelling, default
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/config/load.h"

#include "base/clock.h"
#include "gateway/config/schema.h"

/* ---- one key in a configuration of its own ---- */

/* The key of row `i` with a value, in all that is above it: {"routes":{"n":{"match":{"path":V}}}}.
 * Other keys that are needed are not there; the cases look only at what is said of this one. */
static bool is_listed(const struct fl_cfg_key *key, size_t path_len)
{
	for (size_t i = 0; i < fl_cfg_keys_n; i++)
		if (strlen(fl_cfg_keys[i].path) == path_len &&
		    memcmp(fl_cfg_keys[i].path, key->path, path_len) == 0)
			return fl_cfg_keys[i].type == FL_CFG_TYPE_LISTED;
	return false;
}

static void put_key(const struct fl_cfg_key *key, const char *value, struct fl_buf *text,
                    char pointer[200])
{
	struct fl_str rest = fl_str(key->path);
	char ends[32];
	size_t depth = 0;

	fl_buf_init(text, 64u << 20);
	pointer[0] = '\0';
	for (; rest.p != NULL; depth++) {
		struct fl_str part = fl_str_split(rest, '.', &rest);
		bool is_item = fl_str_is(part, "*") &&
		               is_listed(key, (size_t)(part.p - key->path) - 1);
		size_t n = strlen(pointer);

		if (fl_str_is(part, "*"))
			part = is_item ? FL_STR("0") : FL_STR("n");
		if (is_item)
			fl_buf_add_char(text, '[');
		else
			fl_buf_printf(text, "{\"%.*s\":", FL_STR_ARGS(part));
		ends[depth] = is_item ? ']' : '}';
		(void)snprintf(pointer + n, 200 - n, "/%.*s", FL_STR_ARGS(part));
	}
	fl_buf_add_c(text, value);
	while (depth > 0)
		fl_buf_add_char(text, ends[--depth]);
}

static const struct fl_problem *problem_at(const char *pointer)
{
	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next)
		if (!p->is_warning && fl_str_is(p->pointer, pointer) &&
		    strcmp(p->code, "missing_key") != 0)
			return p;
	return NULL;
}

/* What is said of the key when it has this value; NULL: nothing. */
static const struct fl_problem *say(const struct fl_cfg_key *key, const char *value)
{
	struct fl_buf text;
	char pointer[200];

	put_key(key, value, &text, pointer);
	(void)fl_config_unref(load(fl_buf_str(&text)));
	fl_buf_fini(&text);
	return problem_at(pointer);
}

static const char *code_said(const struct fl_cfg_key *key, const char *value)
{
	const struct fl_problem *p = say(key, value);

	return p ? p->code : "";
}

/* ---- types ---- */

enum { NOTHING, BOOL, INT, FLOAT, STRING, LIST, MAP, KINDS };
static const char *const values[KINDS] = {"null", "true", "7", "7.5", "\"x\"", "[]", "{}"};

/* Bits of the kinds that a type takes. */
static const unsigned takes[FL_CFG_TYPE_N] = {
    [FL_CFG_TYPE_MAP] = 1u << MAP | 1u << NOTHING,
    [FL_CFG_TYPE_NAMED] = 1u << MAP | 1u << NOTHING,
    [FL_CFG_TYPE_STRING] = 1u << STRING,
    [FL_CFG_TYPE_STRINGS] = 1u << LIST,
    [FL_CFG_TYPE_BOOL] = 1u << BOOL,
    [FL_CFG_TYPE_COUNT] = 1u << INT,
    [FL_CFG_TYPE_SIZE] = 1u << INT | 1u << STRING,
    [FL_CFG_TYPE_DURATION] = 1u << STRING,
    [FL_CFG_TYPE_LISTED] = 1u << LIST | 1u << NOTHING,
    [FL_CFG_TYPE_RATE] = 1u << STRING,
    [FL_CFG_TYPE_TIME] = 1u << STRING,
    [FL_CFG_TYPE_WORDS] = 1u << LIST,
    [FL_CFG_TYPE_NODE] = 1u << MAP | 1u << NOTHING,
};

static void check_kind(const struct fl_cfg_key *key, unsigned kind)
{
	bool is_taken = takes[key->type] & 1u << kind ||
	                (key->flags & FL_CFG_TAKES_ONE && kind == STRING);
	const char *expected = is_taken                                           ? ""
	                       : key->type == FL_CFG_TYPE_DURATION && kind == INT ? "duration_unit"
	                                                                          : "wrong_type";
	const struct fl_problem *p = say(key, values[kind]);
	bool is_said =
	    p && (strcmp(p->code, "wrong_type") == 0 || strcmp(p->code, "duration_unit") == 0);

	if (is_taken ? is_said : !p || strcmp(p->code, expected) != 0)
		fail_msg("%s: %s: expected \"%s\", got \"%s\"", key->path, values[kind], expected,
		         p ? p->code : "");
	if (is_taken)
		return;
	assert_int_equal(p->at.line, 1); /* of the value: behind all that is above */
	assert_true(p->at.column > strlen(key->path));
	if (kind == NOTHING)
		assert_true(fl_str_is(p->hint, "give it a value or remove the key"));
}

static void test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < fl_cfg_keys_n; i++)
		for (unsigned kind = 0; kind < KINDS; kind++)
			check_kind(&fl_cfg_keys[i], kind);
}

/* ---- limits ---- */

static const char *const items[FL_CFG_FORMAT_N] = {
    [FL_CFG_FORMAT_ANY] = "x",
    [FL_CFG_FORMAT_FILE] = "x",
    [FL_CFG_FORMAT_LISTEN] = "127.0.0.1:1",
    [FL_CFG_FORMAT_ADMIN_LISTEN] = "unix:/x",
    [FL_CFG_FORMAT_NETWORK] = "10.0.0.0/8",
    [FL_CFG_FORMAT_EGRESS] = "x:1",
    [FL_CFG_FORMAT_SECRET] = "x",
    [FL_CFG_FORMAT_HEADER] = "x",
    [FL_CFG_FORMAT_NAME] = "x",
    [FL_CFG_FORMAT_LIMIT_BY] = "header:x",
    [FL_CFG_FORMAT_SECRET_REF] = "${secret:x}",
};

static const char *first_word(const struct fl_cfg_key *key)
{
	static char word[32];
	struct fl_str rest, first = fl_str_split(fl_str(key->words), '|', &rest);

	(void)snprintf(word, sizeof word, "%.*s", FL_STR_ARGS(first));
	return word;
}

static void add_maps(struct fl_buf *out, uint64_t n)
{
	fl_buf_add_char(out, '[');
	for (uint64_t i = 0; i < n; i++)
		fl_buf_add_c(out, i ? ",{}" : "{}");
	fl_buf_add_char(out, ']');
}

static void add_items(struct fl_buf *out, const struct fl_cfg_key *key, uint64_t n)
{
	const char *item = key->type == FL_CFG_TYPE_WORDS ? first_word(key) : items[key->format];

	assert_non_null(item);
	fl_buf_add_char(out, '[');
	for (uint64_t i = 0; i < n; i++)
		fl_buf_printf(out, "%s\"%s\"", i ? "," : "", item);
	fl_buf_add_char(out, ']');
}

static void add_entries(struct fl_buf *out, const struct fl_cfg_key *key, uint64_t n)
{
	const char *entry = key->type == FL_CFG_TYPE_NAMED ? "{}" : "\"x\"";

	fl_buf_add_char(out, '{');
	for (uint64_t i = 0; i < n; i++)
		fl_buf_printf(out, "%s\"n%llu\":%s", i ? "," : "", (unsigned long long)i, entry);
	fl_buf_add_char(out, '}');
}

/* A value that measures `v` in what the row's limits measure. */
static const char *value_of(struct fl_buf *out, const struct fl_cfg_key *key, uint64_t v)
{
	fl_buf_clear(out);
	if (key->type == FL_CFG_TYPE_COUNT || key->type == FL_CFG_TYPE_SIZE)
		fl_buf_add_u64(out, v);
	else if (key->type == FL_CFG_TYPE_DURATION)
		fl_buf_printf(out, "\"%llums\"", (unsigned long long)v);
	else if (key->type == FL_CFG_TYPE_STRING)
		fl_buf_printf(out, "\"%.*d\"", (int)v, 0);
	else if (key->type == FL_CFG_TYPE_STRINGS || key->type == FL_CFG_TYPE_WORDS)
		add_items(out, key, v);
	else if (key->type == FL_CFG_TYPE_LISTED)
		add_maps(out, v);
	else
		add_entries(out, key, v);
	return fl_buf_cstr(out);
}

static void check_limits(const struct fl_cfg_key *key)
{
	uint64_t unit = key->type == FL_CFG_TYPE_DURATION ? FL_NS_PER_MS : 1;
	const struct {
		uint64_t v;
		const char *code;
	} cases[] = {
	    {key->max / unit, ""},
	    {key->max / unit + 1, "out_of_range"},
	    {key->min / unit, ""},
	    {key->min / unit - 1, "out_of_range"}, /* not when it is 0 */
	};
	struct fl_buf value;

	fl_buf_init(&value, 16u << 20);
	for (size_t i = 0; i < FL_ARRAY_LEN(cases) - (key->min == 0); i++) {
		const char *code = code_said(key, value_of(&value, key, cases[i].v));

		if (strcmp(code, cases[i].code) != 0)
			fail_msg("%s with %llu: expected \"%s\", got \"%s\"", key->path,
			         (unsigned long long)cases[i].v, cases[i].code, code);
	}
	fl_buf_fini(&value);
}

static void test_limits(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < fl_cfg_keys_n; i++) {
		if (fl_cfg_keys[i].max == 0)
			continue;
		check_limits(&fl_cfg_keys[i]);
		n++;
	}
	assert_true(n > 30);
}

/* ---- spelling ---- */

/* A key with one letter too many is told, where it stands, with the right one. */
static void test_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < fl_cfg_keys_n; i++) {
		struct fl_cfg_key wrong = fl_cfg_keys[i];
		char path[100], hint[100];
		const struct fl_problem *p;

		(void)snprintf(path, sizeof path, "%sx", fl_cfg_keys[i].path);
		(void)snprintf(hint, sizeof hint, "did you mean \"%s\"?",
		               fl_cfg_key_name(&fl_cfg_keys[i]));
		wrong.path = path;
		p = say(&wrong, "{}");
		if (!p || strcmp(p->code, "unknown_key") != 0 || !fl_str_is(p->hint, hint))
			fail_msg("%s: %s", path, said());
	}
}

static void test_unlike(void **state)
{
	(void)state;
	assert_null(load(FL_STR(V1 "connectors: { echo: { qwertyuiop: 1 } }\n")));
	assert_true(fl_str_is(problems.first->hint, "there is: version, sha256, file"));
}

/* ---- what the table says of itself ---- */

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < fl_cfg_keys_n; i++) {
		const struct fl_cfg_key *key = &fl_cfg_keys[i];

		assert_true(key->help && key->help[0]);
		if (key->flags & FL_CFG_IS_NEEDED)
			assert_true(key->example && !key->fallback);
		if (key->only_words)
			assert_non_null(key->words);
		/* Both ends are good values; a default is within them. */
		assert_true(key->min <= key->max);
	}
}

/* ---- defaults ---- */

static void test_defaults_of_server(void **state)
{
	struct fl_config *config = load(FL_STR(V1));
	const struct fl_cfg_server *s = &config->server;
	const struct fl_cfg_limits *l = &s->limits;

	(void)state;
	assert_int_equal(s->listen.n, 1);
	assert_true(fl_str_is(s->listen.items[0], "127.0.0.1:8080"));
	assert_int_equal(s->admin_listen.n, 1);
	assert_true(fl_str_is(s->admin_listen.items[0], "127.0.0.1:8901"));
	assert_true(fl_str_is(s->connector_dirs.items[s->connector_dirs.n - 1], FL_CONNECTOR_DIR));
	assert_int_equal(s->admin_max_body_bytes, 16 << 20);
	assert_int_equal(s->workers, 0);
	assert_true(fl_str_is(s->access_log, "stdout"));
	assert_int_equal(s->trusted_proxies.n, 0);
	assert_int_equal(l->max_header_bytes, 16384);
	assert_int_equal(l->max_headers, 100);
	assert_int_equal(l->max_target_bytes, 8192);
	assert_int_equal(l->max_body_bytes, 1048576);
	assert_int_equal(l->header_timeout_ns, 10 * FL_NS_PER_SEC);
	assert_int_equal(l->body_timeout_ns, 60 * FL_NS_PER_SEC);
	assert_int_equal(l->min_body_rate_bytes_per_sec, 1024);
	assert_int_equal(l->idle_timeout_ns, 75 * FL_NS_PER_SEC);
	assert_int_equal(l->max_connections, 4096);
	assert_int_equal(l->max_connections_per_address, 1024);
	assert_int_equal(l->auth_failures, 20);
	assert_int_equal(l->drain_timeout_ns, 30 * FL_NS_PER_SEC);
	(void)fl_config_unref(config);
}

static void test_auth_failures(void **state)
{
	static const struct {
		const char *value;
		uint64_t expected;
	} cases[] = {{"off", 0}, {"1", 1}, {"1000000", 1000000}};
	struct fl_config *config;
	char text[100];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		(void)snprintf(text, sizeof text, V1 "server: { limits: { auth_failures: %s } }\n",
			       cases[i].value);
		config = load(fl_str(text));
		assert_int_equal(config->server.limits.auth_failures, cases[i].expected);
		(void)fl_config_unref(config);
	}
}

static void test_data_dir(void **state)
{
	static const struct {
		const char *env, *expected;
	} cases[] = {
	    {NULL, "/var/lib/fairlead"},
	    {"/var/lib/one:/var/lib/two", "/var/lib/one"},
	    {"relative", "/var/lib/fairlead"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_config *config;

		(void)unsetenv("STATE_DIRECTORY");
		if (cases[i].env)
			(void)setenv("STATE_DIRECTORY", cases[i].env, 1);
		config = load(FL_STR(V1));
		assert_true(fl_str_is(config->server.data_dir, cases[i].expected));
		(void)fl_config_unref(config);
	}
	(void)unsetenv("STATE_DIRECTORY");
}

static void test_defaults_of_instance(void **state)
{
	struct fl_config *config = load(FL_STR(V1 "instances: { a: { connector: echo } }\n"));
	const struct fl_cfg_instance *a = &config->instances[0];
	const struct fl_cfg_connector *echo = &config->connectors[a->connector];

	(void)state;
	assert_true(fl_str_is(echo->id, "echo") && echo->version.n == 0 && echo->sha256.n == 0 &&
	            echo->file.n == 0);
	assert_true(fl_str_is(a->owner, ""));
	assert_true(fl_str_is(a->mode, "inproc"));
	assert_true(fl_str_is(a->config_json, "{}"));
	assert_int_equal(a->timeout_ns, 30 * FL_NS_PER_SEC);
	assert_int_equal(a->connect_timeout_ns, 3 * FL_NS_PER_SEC);
	assert_int_equal(a->max_response_bytes, 8u << 20);
	assert_int_equal(a->max_concurrent, 1024);
	assert_true(a->grants.egress_any && a->grants.egress.n == 0);
	assert_false(a->grants.private_addresses);
	assert_int_equal(a->grants.secrets.n, 0);
	assert_int_equal(a->grants.exec_workers, 4);
	assert_int_equal(a->grants.kv_quota_bytes, 1u << 20);
	assert_int_equal(a->grants.max_timers, 1024);
	(void)fl_config_unref(config);
}

static void test_defaults_of_route(void **state)
{
	struct fl_config *config = load(
	    FL_STR(V1 "server: { limits: { max_body: 7KiB } }\n"
	              "instances: { a: { connector: echo, timeout: 9s } }\n"
	              "routes:\n  r: { match: { path: /r }, to: { instance: a, action: reply } }\n"
	              "  s: { match: { path: /s }, request: { max_body: 0 }, to: { instance: a, "
	              "action: reply } }\n"));
	const struct fl_cfg_route *r = &config->routes[0];

	(void)state;
	assert_true(fl_str_is(r->host, ""));
	assert_int_equal(r->methods, 0x7f);
	assert_int_equal(r->headers_n, 0);
	assert_int_equal(r->max_body_bytes, 7u << 10);      /* the server's */
	assert_int_equal(r->timeout_ns, 9 * FL_NS_PER_SEC); /* the instance's */
	assert_false(r->allow_encoded_slash);
	assert_int_equal(config->routes[1].max_body_bytes, 0);
	(void)fl_config_unref(config);
}

/* An empty list is not the same as none. */
static void test_no_egress(void **state)
{
	struct fl_config *config =
	    load(FL_STR(V1 "instances: { a: { connector: echo, grants: { egress: [] } } }\n"));

	(void)state;
	assert_false(config->instances[0].grants.egress_any);
	(void)fl_config_unref(config);
}

/* ---- substitution gives every type ---- */

static void test_substituted(void **state)
{
	static const char text[] =
	    V1 "server: { workers: \"${env:FL_TEST_UNSET:-3}\", limits: { max_body: "
	       "\"${env:FL_TEST_UNSET:-2MiB}\",\n"
	       "  idle_timeout: \"${env:FL_TEST_UNSET:-5s}\" }, listen: "
	       "[\"${env:FL_TEST_UNSET:-127.0.0.1}:80\"] }\n"
	       "instances: { a: { connector: \"${env:FL_TEST_UNSET:-echo}\", owner: \"$${env:X} "
	       "${env:FL_TEST_SET}!\",\n"
	       "  grants: { private_addresses: \"${env:FL_TEST_EMPTY:-true}\" } } }\n";
	struct fl_config *config = load(FL_STR(text));

	(void)state;
	if (!config)
		fail_msg("%s", said());
	assert_int_equal(config->server.workers, 3);
	assert_int_equal(config->server.limits.max_body_bytes, 2u << 20);
	assert_int_equal(config->server.limits.idle_timeout_ns, 5 * FL_NS_PER_SEC);
	assert_true(fl_str_is(config->server.listen.items[0], "127.0.0.1:80"));
	assert_true(fl_str_is(config->connectors[0].id, "echo"));
	assert_true(fl_str_is(config->instances[0].owner, "${env:X} v4lue!"));
	assert_true(config->instances[0].grants.private_addresses);
	(void)fl_config_unref(config);
}

/* What a variable holds may be private: messages quote what is written. */
static void test_substituted_is_not_told(void **state)
{
	static const char *const keys[] = {"include",
	                                   "server.listen",
	                                   "server.workers",
	                                   "server.limits.max_body",
	                                   "server.limits.idle_timeout",
	                                   "instances.*.connector",
	                                   "instances.*.mode",
	                                   "instances.*.grants.private_addresses",
	                                   "instances.*.grants.secrets",
	                                   "routes.*.match.path",
	                                   "routes.*.match.methods",
	                                   "routes.*.to.instance",
	                                   "secrets"};

	(void)state;
	(void)setenv("FL_TEST_PRIVATE", "hunter2 hunter2", 1);
	for (size_t i = 0; i < FL_ARRAY_LEN(keys); i++)
		for (unsigned as_item = 0; as_item < 2; as_item++) {
			const struct fl_cfg_key key = {.path = keys[i]};
			const char *value =
			    as_item ? "[\"${env:FL_TEST_PRIVATE}\"]" : "\"${env:FL_TEST_PRIVATE}\"";
			struct fl_buf out;

			(void)say(&key, value);
			fl_buf_init(&out, 1u << 20);
			fl_problems_print(&problems, &out);
			assert_true(problems.errors > 0);
			if (strstr(fl_buf_cstr(&out), "hunter2"))
				fail_msg("%s: %s", keys[i], fl_buf_cstr(&out));
			fl_buf_fini(&out);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("every key takes its type and no other", test_types),
	    CASE("both limits of every key that has some", test_limits),
	    CASE("a misspelt key is told with the right one", test_spelling),
	    CASE("a key that is like none is told with all", test_unlike),
	    CASE("every row has a help, and an example where it is needed", test_rows),
	    CASE("defaults of the server", test_defaults_of_server),
	    CASE("failures that are looked at, or all", test_auth_failures),
	    CASE("the data folder of systemd", test_data_dir),
	    CASE("defaults of an instance", test_defaults_of_instance),
	    CASE("a route inherits", test_defaults_of_route),
	    CASE("no egress at all", test_no_egress),
	    CASE("a substituted value is read as what its key wants", test_substituted),
	    CASE("a substituted value is in no message", test_substituted_is_not_told),
	};

	return cmocka_run_group_tests_name("config keys", tests, NULL, NULL);
}
