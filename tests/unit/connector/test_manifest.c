/* tests/unit/connector/test_manifest.c - gateway/connector/manifest.h, semver.h
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "base/buf.h"
#include "gateway/connector/manifest.h"
#include "gateway/connector/semver.h"

#define HEAD "{\"id\":\"com.example.x\",\"version\":\"1.2.3\",\"abi\":{\"major\":1,\"min_minor\":0}"

static struct fl_arena arena;
static struct fl_problems problems;

static int set_up(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 1u << 20);
	fl_problems_init(&problems, &arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

static void assert_str(struct fl_str s, const char *expected)
{
	if (!fl_str_is(s, expected))
		fail_msg("\"%.*s\", expected \"%s\"", FL_STR_ARGS(s), expected);
}

static void reads_everything(void **state)
{
	struct fl_manifest *m = fl_manifest_parse(
	    FL_STR(HEAD ",\"requires\":[\"fairlead.http/1\"],\"optional\":[\"fairlead.kv/1\"],"
			"\"threading\":\"sharded\",\"modes\":[\"worker\"],\"max_instances\":3,"
			"\"config_schema\":{\"type\": \"object\"},"
			"\"actions\":[{\"name\":\"a\",\"title\":\"T\",\"description\":\"D\","
			"\"input\":{\"type\":\"object\"},\"output\":true,\"retry\":\"safe\",\"timeout\":"
			"\"500ms\"},{\"name\":\"b\"}],\"events\":[{\"type\":\"e\",\"schema\":{}}],"
			"\"webhooks\":[{\"header\":\"x\"}],\"permissions\":{\"egress\":[\"*\"],"
			"\"secrets\":[\"s/*\"],\"kv_quota\":9,\"threads\":true,\"exec_workers\":2},"
			"\"metrics\":[{\"name\":\"hits\",\"type\":\"counter\",\"help\":\"H\"},"
			"{\"name\":\"size\",\"type\":\"gauge\"}],\"state\":{\"schema\":2,\"accepts\":[1,2]},"
			"\"limits\":{\"mem\":1,\"cpu_ms\":2,\"fds\":3},\"maintainer\":\"M\","
			"\"license\":\"L\",\"source\":\"S\",\"docs\":\"U\",\"later\":1,"
			"\"x/y\":{}}"),
	    &problems);

	(void)state;
	assert_int_equal(problems.errors, 0);
	assert_non_null(m);
	assert_str(m->id, "com.example.x");
	assert_str(m->version, "1.2.3");
	assert_int_equal(m->abi_major, 1);
	assert_true(fl_manifest_asks_for(m, FL_STR("fairlead.http/1")));
	assert_true(fl_manifest_asks_for(m, FL_STR("fairlead.kv/1")));
	assert_false(fl_manifest_asks_for(m, FL_STR("fairlead.exec/1")));
	assert_int_equal(m->threading, FL_THREADING_SHARDED);
	assert_false(m->may_inproc);
	assert_true(m->may_worker);
	assert_int_equal(m->max_instances, 3);
	assert_str(m->config_schema_json, "{\"type\":\"object\"}");
	assert_int_equal(fl_manifest_action_index(m, FL_STR("b")), 1);
	assert_int_equal(fl_manifest_action_index(m, FL_STR("c")), -1);
	assert_str(m->actions[0].title, "T");
	assert_str(m->actions[0].description, "D");
	assert_str(m->actions[0].input_json, "{\"type\":\"object\"}");
	assert_str(m->actions[0].output_json, "true");
	assert_int_equal(m->actions[0].retry, FL_RETRY_SAFE);
	assert_int_equal(m->actions[0].timeout_ns, 500000000);
	assert_int_equal(m->actions[1].retry, FL_RETRY_UNSAFE);
	assert_str(m->events[0].type, "e");
	assert_str(m->webhooks_json, "[{\"header\":\"x\"}]");
	assert_str(m->permissions.egress.items[0], "*");
	assert_str(m->permissions.secrets.items[0], "s/*");
	assert_int_equal(m->permissions.kv_quota, 9);
	assert_true(m->permissions.threads);
	assert_int_equal(m->permissions.exec_workers, 2);
	assert_int_equal(m->metrics_n, 2);
	assert_false(m->metrics[0].is_gauge);
	assert_true(m->metrics[1].is_gauge);
	assert_int_equal(m->state_schema, 2);
	assert_int_equal(m->state_accepts[1], 2);
	assert_int_equal(m->limit_fds, 3);
	assert_str(m->docs, "U");
	assert_int_equal(m->unknown.n, 2);
	assert_str(m->unknown.items[0], "/later");
	assert_str(m->unknown.items[1], "/x~1y");
	assert_null(fl_manifest_destroy(m));
}

static void has_defaults(void **state)
{
	struct fl_manifest *m = fl_manifest_parse(FL_STR(HEAD "}"), &problems);

	(void)state;
	assert_int_equal(problems.errors, 0);
	assert_int_equal(m->threading, FL_THREADING_SERIAL);
	assert_true(m->may_inproc && m->may_worker);
	assert_int_equal(m->actions_n, 0);
	assert_int_equal(m->unknown.n, 0);
	(void)fl_manifest_destroy(m);
	assert_null(fl_manifest_destroy(NULL));
}

static void wrong_members(void **state)
{
	static const struct {
		const char *rest, *code, *pointer;
	} rows[] = {
	    {",\"threading\":\"fast\"}", "manifest_value", "/threading"},
	    {",\"threading\":1}", "manifest_value", "/threading"},
	    {",\"modes\":[]}", "manifest_type", "/modes"},
	    {",\"modes\":[\"inproc\",\"cloud\"]}", "manifest_value", "/modes/1"},
	    {",\"max_instances\":-1}", "manifest_type", "/max_instances"},
	    {",\"max_instances\":1.5}", "manifest_type", "/max_instances"},
	    {",\"max_instances\":4294967296}", "manifest_limit", "/max_instances"},
	    {",\"requires\":\"fairlead.http/1\"}", "manifest_type", "/requires"},
	    {",\"requires\":[1]}", "manifest_type", "/requires/0"},
	    {",\"requires\":[\"fairlead.http\"]}", "manifest_value", "/requires/0"},
	    {",\"config_schema\":[]}", "manifest_type", "/config_schema"},
	    {",\"actions\":{}}", "manifest_type", "/actions"},
	    {",\"actions\":[{}]}", "manifest_missing", "/actions/0/name"},
	    {",\"actions\":[{\"name\":\"\"}]}", "manifest_value", "/actions/0"},
	    {",\"actions\":[{\"name\":\"a/b\"}]}", "manifest_value", "/actions/0"},
	    {",\"actions\":[{\"name\":\"a\"},{\"name\":\"a\"}]}", "manifest_duplicate", "/actions/1"},
	    {",\"actions\":[{\"name\":\"a\",\"retry\":\"maybe\"}]}", "manifest_value",
	     "/actions/0/retry"},
	    {",\"actions\":[{\"name\":\"a\",\"timeout\":\"5\"}]}", "manifest_value",
	     "/actions/0/timeout"},
	    {",\"actions\":[{\"name\":\"a\",\"timeout\":\"2h\"}]}", "manifest_value",
	     "/actions/0/timeout"},
	    {",\"actions\":[{\"name\":\"a\",\"timeout\":5}]}", "manifest_value",
	     "/actions/0/timeout"},
	    {",\"events\":[{\"schema\":{}}]}", "manifest_missing", "/events/0/type"},
	    {",\"webhooks\":{}}", "manifest_type", "/webhooks"},
	    {",\"permissions\":{\"threads\":1}}", "manifest_type", "/permissions/threads"},
	    {",\"permissions\":[]}", "manifest_type", "/permissions"},
	    {",\"metrics\":[{\"name\":\"a\"}]}", "manifest_missing", "/metrics/0/type"},
	    {",\"metrics\":[{\"name\":\"A\",\"type\":\"gauge\"}]}", "manifest_value", "/metrics/0"},
	    {",\"metrics\":[{\"name\":\"a\",\"type\":\"gauge\"},{\"name\":\"a\",\"type\":\"gauge\"}]}",
	     "manifest_duplicate", "/metrics/1"},
	    {",\"state\":{}}", "manifest_missing", "/state/schema"},
	    {",\"state\":{\"schema\":1,\"accepts\":[\"x\"]}}", "manifest_type", "/state/accepts/0"},
	    {",\"limits\":{\"mem\":\"1G\"}}", "manifest_type", "/limits/mem"},
	    {",\"maintainer\":[]}", "manifest_type", "/maintainer"},
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		char text[512];

		(void)snprintf(text, sizeof text, "%s%s", HEAD, rows[i].rest);
		(void)set_up(state);
		(void)fl_manifest_destroy(fl_manifest_parse(fl_str(text), &problems));
		if (problems.errors != 1 || strcmp(problems.first->code, rows[i].code) != 0 ||
		    !fl_str_is(problems.first->pointer, rows[i].pointer))
			fail_msg("%s: %zu problems, %s at %.*s", rows[i].rest, problems.errors,
				 problems.first ? problems.first->code : "none",
				 FL_STR_ARGS(problems.first ? problems.first->pointer : FL_STR_NULL));
		assert_true(problems.first->hint.n != 0);
		(void)tear_down(state);
	}
	(void)set_up(state);
}

static void all_at_once(void **state)
{
	struct fl_manifest *m = fl_manifest_parse(
	    FL_STR("{\"id\":\"Bad\",\"version\":\"one\",\"abi\":{\"major\":2},\"threading\":0}"),
	    &problems);

	(void)state;
	assert_int_equal(problems.errors, 4);
	(void)fl_manifest_destroy(m);
	m = fl_manifest_parse(FL_STR("{}"), &problems);
	assert_int_equal(problems.errors, 7);
	(void)fl_manifest_destroy(m);
}

static void no_object(void **state)
{
	static const char *const texts[] = {"",	    "{",  "[]", "null", "\"x\"", "{\"id\":\"a\",\"id\":\"b\"}",
					    "{} {}", "\xff"};

	for (size_t i = 0; i < FL_ARRAY_LEN(texts); i++) {
		assert_null(fl_manifest_parse(fl_str(texts[i]), &problems));
		assert_int_equal(problems.errors, i + 1);
	}
	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next)
		assert_string_equal(p->code, "manifest_json");
	(void)state;
}

/* head, `n` times before-number-after, tail */
static void repeat(struct fl_buf *out, const char *const parts[4], size_t n)
{
	fl_buf_clear(out);
	fl_buf_add_c(out, parts[0]);
	for (size_t i = 0; i < n; i++)
		fl_buf_printf(out, "%s%s%zu%s", i == 0 ? "" : ",", parts[1], i, parts[2]);
	fl_buf_add_c(out, parts[3]);
}

static void limits(void **state)
{
	static const struct {
		const char *parts[4];
		size_t max;
	} rows[] = {
	    {{HEAD ",\"actions\":[", "{\"name\":\"a", "\"}", "]}"}, FL_MANIFEST_ACTIONS_MAX},
	    {{HEAD ",\"metrics\":[", "{\"type\":\"gauge\",\"name\":\"a", "\"}", "]}"},
	     FL_MANIFEST_METRICS_MAX},
	    {{HEAD ",\"optional\":[", "\"a/", "\"", "]}"}, FL_MANIFEST_LIST_MAX},
	    {{HEAD ",\"state\":{\"schema\":1,\"accepts\":[", "", "", "]}}"}, FL_MANIFEST_LIST_MAX},
	};
	struct fl_buf text;

	fl_buf_init(&text, 1u << 20);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		for (size_t over = 0; over < 2; over++) {
			repeat(&text, rows[i].parts, rows[i].max + over);
			(void)fl_manifest_destroy(
			    fl_manifest_parse(fl_buf_str(&text), &problems));
			assert_int_equal(problems.errors, i + over);
		}
	fl_buf_fini(&text);
	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next)
		assert_string_equal(p->code, "manifest_limit");
	(void)state;
}

static void too_large(void **state)
{
	static char text[FL_MANIFEST_MAX_BYTES + 1];

	(void)state;
	memset(text, ' ', sizeof text);
	memcpy(text, HEAD "}", strlen(HEAD "}"));
	(void)fl_manifest_destroy(fl_manifest_parse(fl_str_n(text, sizeof text - 1), &problems));
	assert_int_equal(problems.errors, 0);
	assert_null(fl_manifest_parse(fl_str_n(text, sizeof text), &problems));
	assert_string_equal(problems.first->code, "manifest_too_large");
}

static void ids(void **state)
{
	static const char *const good[] = {"a", "com.example.x", "a-b_c9.d"};
	static const char *const bad[] = {"", "A", "1a", "a..b", ".a", "a.", "a b", "a/b", "../x", "a.1"};
	char text[FL_MANIFEST_ID_MAX + 1];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(good); i++)
		assert_true(fl_manifest_is_id(fl_str(good[i])));
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++)
		assert_false(fl_manifest_is_id(fl_str(bad[i])));
	memset(text, 'a', sizeof text);
	assert_true(fl_manifest_is_id(fl_str_n(text, sizeof text - 1)));
	assert_false(fl_manifest_is_id(fl_str_n(text, sizeof text)));
}

/* ---- versions ---- */

static void versions_in_order(void **state)
{
	static const char *const order[] = {
	    "0.0.1", "0.1.0", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1",
	    "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1",
	    "1.9.0", "1.10.0", "2.0.0"};
	struct fl_semver a, b;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(order); i++)
		for (size_t k = 0; k < FL_ARRAY_LEN(order); k++) {
			int expected = i < k ? -1 : i > k;

			assert_true(fl_semver_parse(fl_str(order[i]), &a));
			assert_true(fl_semver_parse(fl_str(order[k]), &b));
			if ((fl_semver_cmp(&a, &b) > 0) - (fl_semver_cmp(&a, &b) < 0) != expected)
				fail_msg("%s and %s", order[i], order[k]);
		}
	assert_true(fl_semver_parse(FL_STR("1.0.0+a"), &a) && fl_semver_parse(FL_STR("1.0.0"), &b));
	assert_int_equal(fl_semver_cmp(&a, &b), 0);
}

static void versions_refused(void **state)
{
	static const char *const bad[] = {"",	   "1",	     "1.2",	"1.2.3.4", "01.2.3", "1.02.3",
					  "1.2.03", "v1.2.3", "1.2.3-", "1.2.3+",  "1.2.3-a..b",
					  "1.2.3-a_b", "1.2.x", "a.b.c", "1.2.3 ", "1..3",
					  "18446744073709551616.0.0"};
	struct fl_semver v;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++)
		if (fl_semver_parse(fl_str(bad[i]), &v))
			fail_msg("\"%s\" passes", bad[i]);
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *version;
		bool fits;
	} rows[] = {
	    {"", "1.2.3", true},	 {"", "1.2.3-rc.1", false},   {"1.x", "1.9.0", true},
	    {"1.x", "2.0.0", false},	 {"1.2.x", "1.2.9", true},    {"1.2.x", "1.3.0", false},
	    {"1.x", "1.2.3-rc.1", false}, {"1.2.3", "1.2.3", true},   {"1.2.3", "1.2.4", false},
	    {"1.2.3-rc.1", "1.2.3-rc.1", true},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		if (fl_semver_matches(fl_str(rows[i].pattern), fl_str(rows[i].version)) != rows[i].fits)
			fail_msg("%s and %s", rows[i].pattern, rows[i].version);
	assert_true(fl_semver_is_pattern(FL_STR("")) && fl_semver_is_pattern(FL_STR("1.x")) &&
		    fl_semver_is_pattern(FL_STR("1.2.x")) && fl_semver_is_pattern(FL_STR("1.2.3")));
	assert_false(fl_semver_is_pattern(FL_STR("x")) || fl_semver_is_pattern(FL_STR("1")) ||
		     fl_semver_is_pattern(FL_STR("1.x.x")) || fl_semver_is_pattern(FL_STR("^1.2")));
}

#define WITH_PROBLEMS(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PROBLEMS("manifest: every field is read", reads_everything),
	    WITH_PROBLEMS("manifest: what may be left out has a default", has_defaults),
	    WITH_PROBLEMS("manifest: each wrong member is told with its place", wrong_members),
	    WITH_PROBLEMS("manifest: all problems are told at once", all_at_once),
	    WITH_PROBLEMS("manifest: what is no JSON object is refused", no_object),
	    WITH_PROBLEMS("manifest: lists have a limit", limits),
	    WITH_PROBLEMS("manifest: over 1 MiB is refused", too_large),
	    FL_CASE("manifest: ids are lower-case parts joined by dots", ids),
	    FL_CASE("semver: versions have an order", versions_in_order),
	    FL_CASE("semver: what is no version is refused", versions_refused),
	    FL_CASE("semver: patterns choose releases", patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
