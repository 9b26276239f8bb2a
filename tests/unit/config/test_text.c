/* tests/unit/config/test_text.c - what is text, what is YAML to us, and what comes out of ${...}
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/config/model.h"

#define V1 "apiVersion: fairlead/v1\n"
#define CONFIG(value) V1 "instances: { a: { connector: echo, config: { v: " value " } } }\n"

static struct fl_arena arena;
static struct fl_problems problems;

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64u << 20);
	(void)setenv("FL_TEST_BYTES", "\xff\xfe", 1);
	(void)setenv("FL_TEST_EMPTY", "", 1);
	(void)setenv("FL_TEST_MARK", "${env:FL_TEST_BYTES}", 1);
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
	return fl_config_load_text("f", text, "/", &problems);
}

/* ---- text ---- */

/* clang-format off */
static const struct {
	const char *name;
	struct fl_str text;
	unsigned line, column;
	const char *code, *pointer, *hint; /* of the first problem */
} refused[] = {
    {"UTF-16, little end first", FL_STR_INIT("\xff\xfe" "a\0"), 1, 1, "text_encoding", "", "save it as UTF-8"},
    {"UTF-16, big end first", FL_STR_INIT("\xfe\xff" "\0a"), 1, 1, "text_encoding", "", "save it as UTF-8"},
    {"a byte order mark", FL_STR_INIT("\xef\xbb\xbf" V1), 1, 1, "text_encoding", "", "save it as UTF-8 without BOM"},
    {"Latin-1", FL_STR_INIT(V1 "# caf\xe9\n"), 2, 6, "text_encoding", "", "save the file as UTF-8; it may be cut off or in another encoding"},
    {"cut within a character", FL_STR_INIT(V1 "# \xe2\x82"), 2, 3, "text_encoding", "", "save the file as UTF-8; it may be cut off or in another encoding"},
    {"a NUL after a character of two bytes", FL_STR_INIT(V1 "# \xc3\xa9\0\n"), 2, 4, "text_nul", "", "the file is damaged or not text; restore it"},
    {"an escape byte", FL_STR_INIT(V1 "# \x1b[31m\n"), 2, 3, "text_control", "", "remove it; in a string write it as an escape, such as \"\\x1b\""},
    {"a C1 control after lines that end in CR", FL_STR_INIT("a: 1\r# x\r\n# \xc2\x9b\n"), 3, 3, "text_control", "", "remove it; in a string write it as an escape, such as \"\\x1b\""},
    {"a byte order mark within", FL_STR_INIT(V1 "# \xef\xbb\xbf\n"), 2, 3, "text_control", "", "remove it; in a string write it as an escape, such as \"\\x1b\""},
    {"a NUL by an escape", FL_STR_INIT(CONFIG("\"a\\0\"")), 2, 49, "text_nul", "/instances/a/config/v", "remove it"},
    {"a NUL in a key by an escape", FL_STR_INIT(V1 "\"a\\0\": 1\n"), 2, 1, "text_nul", "", "remove it"},
    {"an anchor on a key", FL_STR_INIT(V1 "&a server: {}\n"), 2, 1, "yaml_key", "", "remove it"},
    {"an alias as a key", FL_STR_INIT("apiVersion: &a fairlead/v1\n*a : {}\n"), 2, 1, "yaml_key", "", "write it out"},
    {"a tag that changes a type", FL_STR_INIT(V1 "server: { workers: !!int 4 }\n"), 2, 20, "yaml_tag", "/server", "remove it"},
    {"a variable that is no text", FL_STR_INIT(CONFIG("\"${env:FL_TEST_BYTES}\"")), 2, 49, "value_not_text", "/instances/a/config/v", "values must be UTF-8 text"},
    {"a variable without a name", FL_STR_INIT(CONFIG("\"${env:}\"")), 2, 49, "substitution_invalid", "/instances/a/config/v", "write ${env:NAME} or ${env:NAME:-default}"},
    {"a file without a path", FL_STR_INIT(CONFIG("\"${file:}\"")), 2, 49, "substitution_invalid", "/instances/a/config/v", "write ${file:PATH}"},
    {"a secret with a version", FL_STR_INIT(CONFIG("\"${secret:a@2}\"")), 2, 49, "substitution_invalid", "/instances/a/config/v", "write ${secret:NAME}, as in secrets:"},
    {"a folder for a file", FL_STR_INIT(CONFIG("\"${file:.}\"")), 2, 49, "file_unreadable", "/instances/a/config/v", "relative paths start at the folder of the file that names them"},
};
/* clang-format on */

static void each_refusal(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(refused); i++) {
		struct fl_config *config = load(refused[i].text);
		const struct fl_problem *p = problems.first;

		if (config != NULL || p == NULL)
			fail_msg("%s: accepted", refused[i].name);
		if (strcmp(p->code, refused[i].code) != 0 || p->at.line != refused[i].line ||
		    p->at.column != refused[i].column || !fl_str_is(p->pointer, refused[i].pointer) ||
		    !fl_str_is(p->hint, refused[i].hint))
			fail_msg("%s: %u:%u %s %.*s [%.*s]", refused[i].name, (unsigned)p->at.line,
				 (unsigned)p->at.column, p->code, FL_STR_ARGS(p->pointer),
				 FL_STR_ARGS(p->hint));
	}
}

static void assert_value(const char *written, const char *json)
{
	char text[300], expected[200];

	(void)snprintf(text, sizeof text, CONFIG("%s"), written);
	(void)snprintf(expected, sizeof expected, "{\"v\":%s}", json);
	struct fl_config *config = load(fl_str(text));

	if (config == NULL)
		fail_msg("%s: %.*s", written, FL_STR_ARGS(problems.first->detail));
	if (!fl_str_is(config->instances[0].config_json, expected))
		fail_msg("%s became %.*s", written, FL_STR_ARGS(config->instances[0].config_json));
	(void)fl_config_unref(config);
}

static void substitution(void **state)
{
	(void)state;
	assert_value("!!str 7", "\"7\"");
	assert_value("\"a${env:FL_TEST_EMPTY}b\"", "\"ab\"");
	assert_value("\"${env:FL_TEST_EMPTY:-x:-y}\"", "\"x:-y\"");
	assert_value("\"${env:FL_TEST_NONE:-}\"", "\"\"");
	assert_value("\"$${env:X} $ $$ {}\"", "\"${env:X} $ $$ {}\"");
	/* What comes out is not looked at again, and has no structure. */
	assert_value("\"${env:FL_TEST_MARK}\"", "\"${env:FL_TEST_BYTES}\"");
	assert_value("\"${env:FL_TEST_NONE:-[1, 2]}\"", "\"[1, 2]\"");
}

/* ---- JSON ---- */

/* clang-format off */
#define JSON(value) "{\"apiVersion\":\"fairlead/v1\",\"instances\":{\"a\":{\"connector\":\"echo\",\"config\":" value "}}}"

static void pairs_of_escapes(void **state)
{
	static const struct {
		struct fl_str text;
		const char *json; /* NULL: refused */
	} rows[] = {
	    {FL_STR_INIT(JSON("{\"v\":\"\\ud83d\\ude00\"}")), "{\"v\":\"\xf0\x9f\x98\x80\"}"},
	    {FL_STR_INIT(JSON("{\"v\":\"a\\uD834\\uDD1Eb\\\"\\uDBFF\\uDFFF\"}")), "{\"v\":\"a\xf0\x9d\x84\x9e" "b\\\"\xf4\x8f\xbf\xbf\"}"},
	    {FL_STR_INIT(JSON("{\"\\ud83d\\ude00\" : [1, true, null, -1e3, \"\\ud83d\\ude00\"]}")), "{\"\xf0\x9f\x98\x80\":[1,true,null,-1000.0,\"\xf0\x9f\x98\x80\"]}"},
	    {FL_STR_INIT(JSON("{\"v\":\"\\\\ud83d\\\\ude00 \\u00e9\"}")), "{\"v\":\"\\\\ud83d\\\\ude00 \xc3\xa9\"}"},
	    {FL_STR_INIT(JSON("{\"v\":\"\\ud83d\"}")), NULL},       /* half of one */
	    {FL_STR_INIT(JSON("{\"v\":\"\\ude00\\ud83d\"}")), NULL}, /* the wrong way round */
	    {FL_STR_INIT(JSON("{\"v\":\"\\ud83d\\ude0")), NULL},
	    {FL_STR_INIT(JSON("{\"v\":\"\\ud83d\\u")), NULL},
	    /* No JSON: what looks like a pair need not be one. */
	    {FL_STR_INIT(JSON("{\"v\":'\\ud83d\\ude00'}")), "{\"v\":\"\\\\ud83d\\\\ude00\"}"},
	    {FL_STR_INIT(JSON("{\"v\": x\"\\ud83d\\ude00\"}")), "{\"v\":\"x\\\"\\\\ud83d\\\\ude00\\\"\"}"},
	    {FL_STR_INIT(JSON("{\"v\": 1\"\\ud83d\\ude00\"}")), "{\"v\":\"1\\\"\\\\ud83d\\\\ude00\\\"\"}"},
	    {FL_STR_INIT(CONFIG("\"\\ud83d\\ude00\"")), NULL},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_config *config = load(rows[i].text);
		struct fl_str json = config ? config->instances[0].config_json : FL_STR_NULL;

		if (!(rows[i].json ? fl_str_is(json, rows[i].json) : config == NULL))
			fail_msg("row %zu: %.*s", i, FL_STR_ARGS(json));
		(void)fl_config_unref(config);
	}
}

/* Columns behind a pair are those of the text. */
static void place_behind_a_pair(void **state)
{
	static const char text[] = JSON("{\"v\":\"\\ud83d\\ude00\"},\"nope\":1");

	(void)state;
	assert_null(load(FL_STR(text)));
	assert_string_equal(problems.first->code, "unknown_key");
	assert_int_equal(problems.first->at.column, strstr(text, "\"nope\"") - text + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE_SETUP("what cannot be read is refused at its place", each_refusal, setup, teardown),
	    FL_CASE_SETUP("substitution is done once, within one value", substitution, setup, teardown),
	    FL_CASE_SETUP("a character that JSON writes as two escapes is one", pairs_of_escapes, setup, teardown),
	    FL_CASE_SETUP("what stands behind it keeps its column", place_behind_a_pair, setup, teardown),
	};

	return cmocka_run_group_tests_name("config text", tests, NULL, NULL);
}
