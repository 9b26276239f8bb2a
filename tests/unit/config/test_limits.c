/* tests/unit/config/test_limits.c - every limit of limits.h, reached and crossed
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/config/files.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define CONFIG_OF_A "instances: { a: { connector: echo, config: { v: "
#define END_OF_A " } } }\n"

static void add_chars(struct fl_buf *out, char c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fl_buf_add_char(out, c);
}

static void test_bytes(void **state)
{
	struct fl_buf text;

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		begin(&text);
		fl_buf_add_char(&text, '#');
		add_chars(&text, 'x', FL_CFG_BYTES_MAX + over - text.len - 1);
		fl_buf_add_char(&text, '\n');
		assert_string_equal(code_of(&text), over ? "file_too_large" : "");
	}
}

static void test_instance(void **state)
{
	struct fl_buf text;

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		begin(&text);
		fl_buf_add_c(&text, "instances: { a: { connector: echo, config: { d: \"");
		add_chars(&text, 'x', FL_CFG_INSTANCE_BYTES_MAX - sizeof "{\"d\":\"\"}" + 1 + over);
		fl_buf_add_c(&text, "\" } } }\n");
		assert_string_equal(code_of(&text), over ? "config_too_large" : "");
	}
	assert_true(fl_str_is(problems.first->pointer, "/instances/a/config"));
}

static void test_depth(void **state)
{
	/* The root, instances, a and config are the first four. */
	const unsigned most = FL_CFG_DEPTH_MAX - 4;
	struct fl_buf text;

	(void)state;
	for (unsigned lists = most; lists <= most + 1; lists++) {
		begin(&text);
		fl_buf_add_c(&text, CONFIG_OF_A);
		add_chars(&text, '[', lists);
		add_chars(&text, ']', lists);
		fl_buf_add_c(&text, END_OF_A);
		assert_string_equal(code_of(&text), lists > most ? "too_deep" : "");
	}
}

/* An alias stands for as many levels as what it refers to. */
static void test_depth_of_aliases(void **state)
{
	const unsigned below = 10, most = FL_CFG_DEPTH_MAX - 4 - below;
	struct fl_buf text;

	(void)state;
	for (unsigned lists = most; lists <= most + 1; lists++) {
		begin(&text);
		fl_buf_add_c(&text, "instances: { a: { connector: echo, config: { d: &d ");
		add_chars(&text, '[', below);
		add_chars(&text, ']', below);
		fl_buf_add_c(&text, ", v: ");
		add_chars(&text, '[', lists);
		fl_buf_add_c(&text, "*d ");
		add_chars(&text, ']', lists);
		fl_buf_add_c(&text, END_OF_A);
		assert_string_equal(code_of(&text), lists > most ? "too_deep" : "");
	}
}

static void test_nodes(void **state)
{
	/* The root, apiVersion, instances, a, connector, config and v come first. */
	const unsigned most = FL_CFG_NODES_MAX - 7;
	struct fl_buf text;

	(void)state;
	for (unsigned n = most; n <= most + 1; n++) {
		begin(&text);
		fl_buf_add_c(&text, CONFIG_OF_A "[");
		for (unsigned i = 0; i < n; i++)
			fl_buf_add_c(&text, "1,");
		fl_buf_add_c(&text, "]" END_OF_A);
		assert_string_equal(code_of(&text), n > most ? "too_many_nodes" : "");
	}
}

static void test_aliases(void **state)
{
	struct fl_buf text;

	(void)state;
	for (unsigned n = FL_CFG_ALIAS_MAX; n <= FL_CFG_ALIAS_MAX + 1; n++) {
		begin(&text);
		fl_buf_add_c(&text, CONFIG_OF_A "[ &x 1");
		for (unsigned i = 0; i < n; i++)
			fl_buf_add_c(&text, ",*x ");
		fl_buf_add_c(&text, "]" END_OF_A);
		assert_string_equal(code_of(&text), n > FL_CFG_ALIAS_MAX ? "too_many_aliases" : "");
	}
}

/* Text counts, too: each alias to 99 * 64 bytes counts as 100. */
static void test_text_of_aliases(void **state)
{
	const unsigned most = FL_CFG_ALIAS_MAX / 100;
	struct fl_buf text;

	(void)state;
	for (unsigned n = most; n <= most + 1; n++) {
		begin(&text);
		fl_buf_add_c(&text, CONFIG_OF_A "[ &x ");
		add_chars(&text, 'x', (size_t)99 * FL_CFG_ALIAS_BYTES);
		for (unsigned i = 0; i < n; i++) {
			if (i == n / 2) /* too much for one instance */
				fl_buf_add_c(&text, "] } }, b: { connector: echo, config: { v: [ 1");
			fl_buf_add_c(&text, ",*x ");
		}
		fl_buf_add_c(&text, "]" END_OF_A);
		assert_string_equal(code_of(&text), n > most ? "too_many_aliases" : "");
	}
}

/* A few lines that mean 10^11 values. */
static void test_alias_bomb(void **state)
{
	struct fl_buf text;

	(void)state;
	begin(&text);
	fl_buf_add_c(&text, "instances:\n  i:\n    connector: echo\n    config:\n"
	                    "      a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 12; i++) {
		fl_buf_printf(&text, "      a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			fl_buf_printf(&text, "*a%d ,", i - 1);
		fl_buf_add_c(&text, "]\n");
	}
	assert_string_equal(code_of(&text), "too_many_aliases");
}

/* Written with "?": without, libyaml ends keys at the same length. */
static void test_key(void **state)
{
	struct fl_buf text;

	(void)state;
	for (unsigned n = FL_CFG_KEY_MAX; n <= FL_CFG_KEY_MAX + 1; n++) {
		begin(&text);
		fl_buf_add_c(&text, "instances: { a: { connector: echo, config: { ? ");
		add_chars(&text, 'k', n);
		fl_buf_add_c(&text, " : 1" END_OF_A);
		assert_string_equal(code_of(&text), n > FL_CFG_KEY_MAX ? "key_too_long" : "");
	}
}

static void test_number(void **state)
{
	struct fl_buf text;

	(void)state;
	for (unsigned n = FL_CFG_NUMBER_MAX; n <= FL_CFG_NUMBER_MAX + 1; n++) {
		begin(&text);
		fl_buf_add_c(&text, CONFIG_OF_A "0.");
		add_chars(&text, '3', n - 2);
		fl_buf_add_c(&text, END_OF_A);
		assert_string_equal(code_of(&text), n > FL_CFG_NUMBER_MAX ? "number_too_long" : "");
	}
}

static void test_number_that_json_lacks(void **state)
{
	static const struct {
		const char *written;
		bool is_held;
	} cases[] = {
	    {"18446744073709551615", true},
	    {"18446744073709551616", false},
	    {"-9223372036854775808", true},
	    {"-9223372036854775809", false},
	    {"0xffffffffffffffff", true},
	    {"0x10000000000000000", false},
	    {"1e308", true},
	    {"1e309", false},
	    {".inf", false},
	    {".nan", false},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_buf text;

		begin(&text);
		fl_buf_printf(&text, CONFIG_OF_A "%s" END_OF_A, cases[i].written);
		if (strcmp(code_of(&text), cases[i].is_held ? "" : "number_too_large") != 0)
			fail_msg("%s: %s", cases[i].written, said());
	}
}

/* ---- files ---- */

static void put_chars(const char *name, const char *before, size_t n)
{
	struct fl_buf text;

	fl_buf_init(&text, 64u << 20);
	fl_buf_add_c(&text, before);
	add_chars(&text, 'x', n);
	if (before[0] != '\0')
		text.p[text.len - 1] = '\n';
	put_bytes(name, fl_buf_str(&text));
	fl_buf_fini(&text);
}

static const char *code_of_main(void)
{
	struct fl_config *config = load_file(path_of("main.yaml"));
	const char *code = config ? "" : problems.first->code;

	(void)fl_config_unref(config);
	return code;
}

static void test_bytes_of_all_files(void **state)
{
	static const char begin_of_main[] = V1 "include: [part.yaml]\n#";
	const size_t half = FL_CFG_BYTES_MAX / 2;

	(void)state;
	put_chars("main.yaml", begin_of_main, half - strlen(begin_of_main));
	for (unsigned over = 0; over < 2; over++) {
		put_chars("part.yaml", "server: {}\n#", half + over - strlen("server: {}\n#"));
		assert_string_equal(code_of_main(), over ? "file_too_large" : "");
	}
	assert_true(fl_str_is(problems.first->pointer, "/include/0"));
}

static void test_files(void **state)
{
	char name[32];

	(void)state;
	put_bytes("main.yaml", FL_STR(V1 "include: [\"part*.yaml\"]\n"));
	for (unsigned i = 1; i < FL_CFG_FILES_MAX; i++) { /* main.yaml is one of them */
		(void)snprintf(name, sizeof name, "part%u.yaml", i);
		put_bytes(name, FL_STR("routes: {}\n"));
	}
	assert_string_equal(code_of_main(), "");
	put_bytes("part-one-more.yaml", FL_STR("routes: {}\n"));
	assert_string_equal(code_of_main(), "too_many_files");
}

static void test_value(void **state)
{
	(void)state;
	put_bytes("main.yaml", FL_STR(V1 "secrets: { s: \"${file:value}\" }\n"));
	put_chars("value", "", FL_CFG_VALUE_MAX);
	assert_string_equal(code_of_main(), "");
	put_chars("value", "", FL_CFG_VALUE_MAX + 1);
	assert_string_equal(code_of_main(), "file_too_large");
	/* Two together are too long for a secret. */
	put_bytes("main.yaml", FL_STR(V1 "secrets: { s: \"${file:value}${env:FL_TEST_SET}\" }\n"));
	put_chars("value", "", FL_CFG_VALUE_MAX - 4);
	assert_string_equal(code_of_main(), "secret_invalid");
}

/* `n` values, each of them `times` a file of the most bytes. */
static void put_values(unsigned n, unsigned times)
{
	struct fl_buf text;

	put_chars("value", "", FL_CFG_VALUE_MAX);
	begin(&text);
	fl_buf_add_c(&text, CONFIG_OF_A "[");
	for (unsigned i = 0; i < n; i++) {
		fl_buf_add_char(&text, '"');
		for (unsigned k = 0; k < times; k++)
			fl_buf_add_c(&text, "${file:value}");
		fl_buf_add_c(&text, "\",");
	}
	fl_buf_add_c(&text, "]" END_OF_A);
	put_bytes("main.yaml", fl_buf_str(&text));
	fl_buf_fini(&text);
}

static void test_value_of_many(void **state)
{
	const unsigned most = FL_CFG_BYTES_MAX / FL_CFG_VALUE_MAX;

	(void)state;
	put_values(1, most); /* is read, and then too much for an instance */
	assert_string_equal(code_of_main(), "config_too_large");
	put_values(1, most + 1);
	assert_string_equal(code_of_main(), "value_too_long");
}

static void test_memory(void **state)
{
	(void)state;
	put_values(FL_CFG_MEMORY_MAX / FL_CFG_BYTES_MAX + 1, FL_CFG_BYTES_MAX / FL_CFG_VALUE_MAX);
	assert_string_equal(code_of_main(), "out_of_memory");
}

/* ---- what must fit ---- */

/* User time of this process, so that a busy machine does not count. */
static uint64_t cpu_ns(void)
{
	struct rusage used;

	assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
	return (uint64_t)used.ru_utime.tv_sec * FL_NS_PER_SEC +
	       (uint64_t)used.ru_utime.tv_usec * 1000;
}

static void test_many_routes(void **state)
{
	struct fl_buf text;
	struct fl_config *config;
	uint64_t before;

	(void)state;
	begin(&text);
	fl_buf_add_c(&text, "instances: { echo: { connector: echo } }\nroutes:\n");
	for (unsigned i = 0; i < 10000; i++)
		fl_buf_printf(
		    &text,
		    "  r%u:\n    match: { host: h%u.example.com, path: \"/v1/r%u/{id}\", "
		    "methods: [GET, PUT, DELETE],\n      headers: { x-a: b, x-c: { present: "
		    "true } } }\n    request: { max_body: 64KiB, timeout: 10s, "
		    "allow_encoded_slash: true }\n    to: { instance: echo, action: reply }\n",
		    i, i, i);
	before = cpu_ns();
	config = load(fl_buf_str(&text));
	if (!config)
		fail_msg("%s", said());
	print_message("# 10,000 routes with every key: %zu KiB of text, %llu ms\n", text.len >> 10,
	              (unsigned long long)((cpu_ns() - before) / FL_NS_PER_MS));
	assert_int_equal(config->routes_n, 10000);
	(void)fl_config_unref(config);
	fl_buf_fini(&text);
}

/* Long keys above many values: each problem would repeat all of them. */
static void test_long_pointers(void **state)
{
	struct fl_buf text;

	(void)state;
	begin(&text);
	fl_buf_add_c(&text, "instances: { a: { connector: echo, config: { ");
	for (unsigned depth = 0; depth < 20; depth++) {
		fl_buf_add_c(&text, "? ");
		add_chars(&text, 'k', FL_CFG_KEY_MAX);
		fl_buf_add_c(&text, " : { ");
	}
	fl_buf_add_c(&text, "v: [");
	for (unsigned i = 0; i < 100000; i++)
		fl_buf_add_c(&text, "\"${x}\",");
	fl_buf_add_char(&text, ']');
	add_chars(&text, '}', 23);
	fl_buf_add_char(&text, '\n');
	assert_null(load(fl_buf_str(&text)));
	assert_int_equal(problems.errors, 100001); /* one of them: no memory to note all places */
	assert_string_equal(problems.first->code, "substitution_invalid");
	fl_buf_fini(&text);
}

#define FILES(sentence, fn) FL_CASE_SETUP(sentence, fn, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("bytes", test_bytes),
	    CASE("the configuration of an instance", test_instance),
	    CASE("depth", test_depth),
	    CASE("depth of what aliases stand for", test_depth_of_aliases),
	    CASE("values", test_nodes),
	    CASE("what aliases add", test_aliases),
	    CASE("the text that aliases add", test_text_of_aliases),
	    CASE("aliases of aliases", test_alias_bomb),
	    CASE("a key", test_key),
	    CASE("the digits of a number", test_number),
	    CASE("numbers that JSON has no form for", test_number_that_json_lacks),
	    FILES("bytes of all files together", test_bytes_of_all_files),
	    FILES("files", test_files),
	    FILES("a value from a file, and a secret", test_value),
	    FILES("a value of many files", test_value_of_many),
	    FILES("memory", test_memory),
	    CASE("10,000 routes with every key are read", test_many_routes),
	    CASE("long keys above many values cost no more than memory", test_long_pointers),
	};

	return cmocka_run_group_tests_name("config limits", tests, NULL, NULL);
}
