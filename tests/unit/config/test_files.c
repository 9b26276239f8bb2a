/* tests/unit/config/test_files.c - what a configuration reads besides itself, and examples
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for memmem() */

#include "tests/unit/config/files.h"

#include <fcntl.h>
#include <glob.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/limits.h"

static void put(const char *name, const char *text)
{
	put_bytes(name, fl_str(text));
}

static struct fl_config *load_main(void)
{
	return load_file(path_of("main.yaml"));
}

/* main.yaml is refused for one reason: this code, in this file, there. */
static void refused(const char *code, const char *file, unsigned line, unsigned column,
                    const char *pointer)
{
	const struct fl_problem *p;

	assert_null(load_main());
	p = problems.first;
	if (strcmp(p->code, code) != 0 || strcmp(p->at.file, path_of(file)) != 0 ||
	    p->at.line != line || p->at.column != column || !fl_str_is(p->pointer, pointer) ||
	    p->hint.n == 0)
		fail_msg("%s", said());
}

/* ---- includes ---- */

#define A "instances: { a: { connector: echo } }\n"
#define R "routes: { r: { match: { path: /r }, to: { instance: a, action: reply } } }\n"

static void test_includes(void **state)
{
	struct fl_config *config;

	(void)state;
	assert_int_equal(mkdir(path_of("sub"), 0700), 0);
	put("main.yaml", V1 "include: [\"part-*.yaml\", sub/more.yaml, \"none-*.yaml\"]\n"
	                    "secrets: { k: \"${file:key}\" }\nserver: { data_dir: data }\n");
	put("key", "of main\n");
	put("part-a.yaml", A);
	put("part-b.yaml", V1 R);
	put("sub/more.yaml",
	    "include: [\"${env:FL_TEST_UNSET:-last}.yaml\"]\nsecrets: { l: \"${file:key}\" }\n");
	put("sub/last.yaml",
	    "routes: { s: { match: { path: /s }, to: { instance: a, action: reply } } }\n");
	put("sub/key", "of sub\n");
	config = load_main();
	if (!config)
		fail_msg("%s", said());
	assert_int_equal(config->routes_n, 2);
	/* Paths start at the folder of the file that names them; positions name that file. */
	assert_true(fl_str_is(config->secrets[0].value, "of main"));
	assert_true(fl_str_is(config->secrets[1].value, "of sub"));
	assert_string_equal(config->routes[1].at.file, path_of("sub/last.yaml"));
	assert_true(fl_str_is(config->server.data_dir, path_of("data")));
	(void)fl_config_unref(config);
}

static void test_include_mistakes(void **state)
{
	static const struct {
		const char *part, *code, *file;
		unsigned line, column;
		const char *pointer;
	} cases[] = {
	    {"instances: { a: { connector: http } }\n", "duplicate_key", "part.yaml", 1, 14,
	     "/instances/a"},
	    {"server: []\n", "duplicate_key", "part.yaml", 1, 1, "/server"},
	    {"apiVersion: fairlead/v2\n", "duplicate_key", "part.yaml", 1, 1, "/apiVersion"},
	    {"include: [main.yaml]\n", "include_repeated", "part.yaml", 1, 11, "/include/0"},
	    {"include: [part.yaml]\n", "include_repeated", "part.yaml", 1, 11, "/include/0"},
	    {"include: [link.yaml]\n", "include_repeated", "part.yaml", 1, 11, "/include/0"},
	    {"include: [gone.yaml]\n", "file_unreadable", "part.yaml", 1, 11, "/include/0"},
	    {"include: [.]\n", "file_unreadable", "part.yaml", 1, 11, "/include/0"},
	    {"include: [\"${env:FL_TEST_UNSET}\"]\n", "env_unset", "part.yaml", 1, 11,
	     "/include/0"},
	    {"server: {}\nbad: {\n", "yaml_syntax", "part.yaml", 3, 1, "/bad"},
	    {"rutes: {}\n", "unknown_key", "part.yaml", 1, 1, "/rutes"},
	    {"", "yaml_empty", "part.yaml", 1, 1, ""},
	    {"\xff", "text_encoding", "part.yaml", 1, 1, ""},
	};

	(void)state;
	put("main.yaml", V1 "include: [part.yaml]\nserver: {}\n" A);
	assert_int_equal(symlink("main.yaml", path_of("link.yaml")), 0);
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		put("part.yaml", cases[i].part);
		refused(cases[i].code, cases[i].file, cases[i].line, cases[i].column,
		        cases[i].pointer);
	}
}

static void test_no_file(void **state)
{
	(void)state;
	assert_null(load_main());
	assert_string_equal(problems.first->code, "file_unreadable");
	assert_string_equal(problems.first->at.file, path_of("main.yaml"));
	assert_int_equal(problems.first->at.line, 0);
	assert_null(load_file(dir));
	assert_string_equal(problems.first->code, "file_unreadable");
}

/* ---- ${file:} ---- */

static void test_values(void **state)
{
	static const struct {
		const char *bytes, *value;
	} cases[] = {
	    {"a", "a"},     {"a\n", "a"},   {"a\r\n", "a"},           {"a\n\n", "a\n"},
	    {"a\r", "a\r"}, {"\na", "\na"}, {"${env:X}", "${env:X}"}, /* is not looked at again */
	};

	(void)state;
	put("main.yaml", V1 "secrets: { s: \"${file:value}\" }\n");
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_config *config;

		put("value", cases[i].bytes);
		config = load_main();
		assert_non_null(config);
		assert_true(fl_str_is(config->secrets[0].value, cases[i].value));
		(void)fl_config_unref(config);
	}
}

static void test_value_mistakes(void **state)
{
	(void)state;
	put("main.yaml", V1 "secrets: { s: \"${file:value}\" }\n");
	refused("file_unreadable", "main.yaml", 2, 15, "/secrets/s"); /* is not there */
	put("value", "\n");
	refused("secret_invalid", "main.yaml", 2, 15, "/secrets/s"); /* empty */
	put_bytes("value", FL_STR("a\0b"));
	refused("value_not_text", "main.yaml", 2, 15, "/secrets/s");
	put("value", "\xc3");
	refused("value_not_text", "main.yaml", 2, 15, "/secrets/s");
	assert_int_equal(unlink(path_of("value")), 0);
	assert_int_equal(mkfifo(path_of("value"), 0600), 0); /* would wait for ever */
	refused("file_unreadable", "main.yaml", 2, 15, "/secrets/s");
	assert_int_equal(unlink(path_of("value")), 0);
	assert_int_equal(symlink("value", path_of("value")), 0);
	refused("file_unreadable", "main.yaml", 2, 15, "/secrets/s");
	assert_int_equal(unlink(path_of("value")), 0);
	assert_int_equal(mkdir(path_of("value"), 0700), 0);
	refused("file_unreadable", "main.yaml", 2, 15, "/secrets/s");
	put("main.yaml", V1 "secrets: { s: \"${file:}\" }\n");
	refused("substitution_invalid", "main.yaml", 2, 15, "/secrets/s");
	put("main.yaml", V1 "secrets: { s: \"${file:/proc/self/stat}\" }\n"); /* tells no size */
	refused("file_unreadable", "main.yaml", 2, 15, "/secrets/s");
}

/* ---- no copy of a secret stays in memory ---- */

#define MASK 0x55
#define SECRET_BYTES 48u

/* The secret itself is never in this program's memory but where the loader puts it. */
static char masked(size_t i)
{
	return (char)(('A' + (char)(i * 7 % 26)) ^ MASK);
}

static void put_secret(void)
{
	int fd = open(path_of("key"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char bytes[SECRET_BYTES];

	for (size_t i = 0; i < SECRET_BYTES; i++)
		bytes[i] = (char)(masked(i) ^ MASK);
	assert_int_equal(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
	sodium_memzero(bytes, sizeof bytes);
	assert_int_equal(close(fd), 0);
}

static bool is_secret(const char *p)
{
	for (size_t i = 0; i < SECRET_BYTES; i++)
		if ((char)(p[i] ^ MASK) != masked(i))
			return false;
	return true;
}

static size_t count_in(int mem, uintptr_t from, uintptr_t to)
{
	static char chunk[1 << 16];
	size_t n = 0;

	while (from + SECRET_BYTES <= to) {
		size_t want = to - from < sizeof chunk ? to - from : sizeof chunk;
		ssize_t len = pread(mem, chunk, want, (off_t)from);

		if (len < (ssize_t)SECRET_BYTES)
			break; /* not readable */
		for (size_t i = 0; i + SECRET_BYTES <= (size_t)len; i++)
			n += is_secret(chunk + i);
		from += (size_t)len - SECRET_BYTES + 1;
	}
	sodium_memzero(chunk, sizeof chunk);
	return n;
}

/* Copies of the secret in all memory that this process can write. */
static size_t count_secrets(void)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512], mode[5];
	size_t n = 0;

	assert_true(mem >= 0 && maps);
	while (fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r' ||
		    mode[1] != 'w' || to - from > 256u << 20) /* a sanitizer's shadow */
			continue;
		n += count_in(mem, from, to);
	}
	(void)fclose(maps);
	(void)close(mem);
	return n;
}

static void test_wiped(void **state)
{
	struct fl_config *config;

	(void)state;
	put_secret();
	put("plain", "p");
	put("main.yaml", V1 "secrets: { s: \"${file:key}\" }\n"
	                    "instances: { a: { connector: http, config: { t: \"Bearer "
	                    "${secret:s}\", o: \"${file:plain}\" },\n"
	                    "  grants: { secrets: [s] } } }\n");
	config = load_main();
	assert_non_null(config);
	assert_true(is_secret(config->secrets[0].value.p));
	assert_true(count_secrets() > 0); /* it can be found where it is */
	assert_true(
	    fl_str_is(config->canonical_json,
	              "{\"apiVersion\":\"fairlead/"
	              "v1\",\"instances\":{\"a\":{\"config\":{\"o\":\"${file:plain}\","
	              "\"t\":\"Bearer "
	              "${secret:s}\"},\"connector\":\"http\",\"grants\":{\"secrets\":[\"s\"]}}},"
	              "\"secrets\":{\"s\":\"${file:key}\"}}"));
	assert_null(fl_config_unref(config));
	assert_int_equal(count_secrets(), 0);
}

static void test_wiped_when_refused(void **state)
{
	(void)state;
	put_secret();
	put("main.yaml", V1
	    "secrets: { s: \"${file:key}\", t: \"${file:key}${env:FL_TEST_UNSET}\" }\nrutes: {}\n");
	assert_null(load_main());
	assert_int_equal(problems.errors, 2);
	assert_int_equal(count_secrets(), 0);
}

/* ---- what is committed ---- */

static const char *top(const char *name)
{
	static char path[512];
	const char *dir_of_sources = getenv("top_srcdir");

	(void)snprintf(path, sizeof path, "%s/%s", dir_of_sources ? dir_of_sources : ".", name);
	return path;
}

static void test_examples(void **state)
{
	static const char *const names[] = {"demo", "github"};
	glob_t found;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(names); i++) {
		char name[64];
		struct fl_config *config;

		(void)snprintf(name, sizeof name, "docs/examples/%s.yaml", names[i]);
		config = load_file(top(name));
		if (!config || problems.warnings != 0)
			fail_msg("%s", said());
		(void)fl_config_unref(config);
	}
	/* All there are: these, and broken.yaml. */
	assert_int_equal(glob(top("docs/examples/*.yaml"), 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, FL_ARRAY_LEN(names) + 1);
	globfree(&found);
}

/* Each mistake in it teaches something; all are told, and nothing else is. */
static void test_broken(void **state)
{
	static const struct {
		unsigned line, column;
		const char *code, *pointer;
	} expected[] = {
	    {18, 3, "duplicate_key", "/routes/orders"},
	    {4, 3, "unknown_key", "/server/lissten"},
	    {5, 12, "wrong_type", "/server/workers"},
	    {6, 29, "duration_unit", "/server/limits/header_timeout"},
	    {6, 43, "bad_value", "/server/limits/max_body"},
	    {8, 17, "env_unset", "/secrets/github~1token"},
	    {12, 24, "bad_value", "/instances/orders/grants/egress/0"},
	    {12, 66, "wrong_type", "/instances/orders/grants/private_addresses"},
	    {14, 5, "unknown_key", "/instances/github/conector"},
	    {13, 3, "missing_key", "/instances/github"},
	    {17, 28, "bad_value", "/routes/orders/match/path"},
	    {17, 46, "bad_value", "/routes/orders/match/methods/0"},
	    {15, 22, "secret_not_granted", "/instances/github/config/token"},
	    {17, 70, "reference_unknown", "/routes/orders/to/instance"},
	};
	const struct fl_problem *p;
	size_t n = 0;

	(void)state;
	assert_null(load_file(top("docs/examples/broken.yaml")));
	for (p = problems.first; p; p = p->next, n++)
		if (n == FL_ARRAY_LEN(expected) || p->at.line != expected[n].line ||
		    p->at.column != expected[n].column || strcmp(p->code, expected[n].code) != 0 ||
		    !fl_str_is(p->pointer, expected[n].pointer))
			fail_msg("problem %zu: %u:%u %s %.*s", n, p->at.line, p->at.column, p->code,
			         FL_STR_ARGS(p->pointer));
	assert_int_equal(n, FL_ARRAY_LEN(expected));
}

/* Files of somebody else's machine - secrets, keys, policies - cannot be read here. */
static bool is_fine(const struct fl_config *config)
{
	for (const struct fl_problem *p = problems.first; p; p = p->next)
		if (strcmp(p->code, "file_unreadable") != 0)
			return false;
	return config || problems.errors > 0;
}

/* Where a document leaves out the hash of a key, one is put in. */
static void add_block(struct fl_buf *out, struct fl_str block)
{
	static const char left_out[] = "blake2b:...";
	const char *at = block.p, *end = block.p + block.n, *found;

	while ((found = memmem(at, (size_t)(end - at), left_out, sizeof left_out - 1)) != NULL) {
		fl_buf_add(out, fl_str_n(at, (size_t)(found - at)));
		fl_buf_printf(out, "blake2b:%08d:%064d", 1, 1);
		at = found + sizeof left_out - 1;
	}
	fl_buf_add(out, fl_str_n(at, (size_t)(end - at)));
}

/* Loads the blocks of a document that are configurations; counts them. */
static unsigned check_document(const char *path)
{
	static const char open[] = "\n```yaml\n", close_[] = "\n```\n";
	struct fl_error err = FL_ERROR_INIT;
	const char *at, *end;
	struct fl_str whole;
	unsigned n = 0;

	assert_int_equal(fl_file_read(path, 1 << 20, &whole, &err), 0);
	for (at = strstr(whole.p, open); at; at = strstr(end, open)) {
		struct fl_str block;
		struct fl_config *config;
		struct fl_buf text;

		at += strlen(open);
		end = strstr(at, close_);
		assert_non_null(end);
		block = fl_str_n(at, (size_t)(end + 1 - at));
		if (!memmem(block.p, block.n, "instances:", strlen("instances:")))
			continue;
		fl_buf_init(&text, 1 << 20);
		if (!fl_str_starts(block, FL_STR("apiVersion:")))
			fl_buf_add_c(&text, V1);
		add_block(&text, block);
		put_bytes("main.yaml", fl_buf_str(&text));
		fl_buf_fini(&text);
		config = load_main();
		if (!is_fine(config))
			fail_msg("%s: %s", path, said());
		(void)fl_config_unref(config);
		n++;
	}
	free((char *)(uintptr_t)whole.p);
	return n;
}

static void test_documents(void **state)
{
	static const char *const patterns[] = {"README.md", "docs/*.md", "plugins/*/*.md",
	                                       "plugin-api/template/*.md"};
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(patterns); i++) {
		glob_t found;

		assert_int_equal(glob(top(patterns[i]), 0, NULL, &found), 0);
		for (size_t k = 0; k < found.gl_pathc; k++)
			n += check_document(found.gl_pathv[k]);
		globfree(&found);
	}
	assert_true(n >= 5); /* configuration, connector guide, http, github, echo */
}

/* ---- files of policies ---- */

#define P "permit (principal, action, resource);"

static bool is_text(const struct fl_cfg_text *text, const char *name, const char *bytes)
{
	return fl_str_is(text->path, path_of(name)) && fl_str_is(text->text, bytes);
}

static void test_policies(void **state)
{
	struct fl_config *config;
	char digest[65];

	(void)state;
	assert_int_equal(mkdir(path_of("p"), 0700), 0);
	put("main.yaml", V1 "policies: { include: [\"p/*.cedar\"], schema: [s.cedarschema],\n"
	                    "  links: [l.json], entities: [e.json], headers: [X-Tenant], "
	                    "on_forbid_error: skip }\n");
	put("p/b.cedar", P);
	put("p/a.cedar", P " " P);
	put("s.cedarschema", "entity A;");
	put("e.json", "[]");
	put("l.json", "[ ]");
	assert_non_null(config = load_main());
	assert_true(config->policies.is_given && config->policies.skips_failed_forbids);
	assert_int_equal(config->policies.policies.n, 2);
	assert_true(is_text(&config->policies.policies.items[0], "p/a.cedar", P " " P));
	assert_true(is_text(&config->policies.policies.items[1], "p/b.cedar", P));
	assert_true(is_text(&config->policies.schemas.items[0], "s.cedarschema", "entity A;"));
	assert_true(is_text(&config->policies.entities.items[0], "e.json", "[]"));
	assert_true(is_text(&config->policies.links.items[0], "l.json", "[ ]"));
	assert_true(fl_str_is(config->policies.headers.items[0], "x-tenant"));
	assert_true(fl_str_is(config->policies.decision_log, "off"));
	assert_int_equal(config->policies.sample, 100);
	(void)snprintf(digest, sizeof digest, "%s", config->digest);
	(void)fl_config_unref(config);
	put("p/b.cedar", P "\n"); /* a changed policy is a changed configuration */
	assert_non_null(config = load_main());
	assert_string_not_equal(config->digest, digest);
	(void)fl_config_unref(config);
	put("main.yaml", V1);
	assert_non_null(config = load_main());
	assert_false(config->policies.is_given);
	(void)fl_config_unref(config);
}

static void test_policies_from_an_included_file(void **state)
{
	struct fl_config *config;

	(void)state;
	assert_int_equal(mkdir(path_of("p"), 0700), 0);
	put("main.yaml", V1 "include: [p/policies.yaml]\n");
	put("p/policies.yaml", "policies: { include: [a.cedar] }\n");
	put("p/a.cedar", P);
	assert_non_null(config = load_main());
	assert_true(is_text(&config->policies.policies.items[0], "p/a.cedar", P));
	(void)fl_config_unref(config);
}

static void put_zeros(const char *name, size_t n)
{
	char *zeros = calloc(1, n);

	assert_non_null(zeros);
	put_bytes(name, fl_str_n(zeros, n));
	free(zeros);
}

static void test_policies_refused(void **state)
{
	(void)state;
	put("main.yaml", V1 "policies: { include: [\"*.cedar\"] }\n");
	refused("file_unreadable", "main.yaml", 2, 23, "/policies/include/0"); /* no match */
	put("main.yaml", V1 "policies: { schema: [no.cedarschema] }\n");
	refused("file_unreadable", "main.yaml", 2, 22, "/policies/schema/0");
	put("a.cedar", P);
	put("main.yaml", V1 "policies: { include: [a.cedar, \"*.cedar\"] }\n");
	refused("include_repeated", "main.yaml", 2, 32, "/policies/include/1");
	put("main.yaml", V1 "policies: { headers: [x-a, X-A] }\n");
	refused("bad_value", "main.yaml", 2, 28, "/policies/headers/1");
	put("main.yaml", V1 "policies: { headers: [Cookie] }\n");
	refused("bad_value", "main.yaml", 2, 23, "/policies/headers/0");
	put("main.yaml", V1 "policies: { include: [b.cedar] }\n");
	put_zeros("b.cedar", FL_CEDAR_TEXT_BYTES_MAX + 1);
	refused("file_too_large", "main.yaml", 2, 23, "/policies/include/0");
	put("main.yaml", V1 "policies: { entities: [a.json, b.json, c.json] }\n");
	put_zeros("a.json", FL_CFG_ENTITIES_BYTES_MAX);
	put_zeros("b.json", FL_CFG_ENTITIES_BYTES_MAX);
	put("c.json", "["); /* over the limit of all */
	refused("file_too_large", "main.yaml", 2, 40, "/policies/entities/2");
	put("c.json", "");
	(void)fl_config_unref(load_main());
	assert_int_equal(problems.errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FILES("included files are read as if they stood there", test_includes),
	    FILES("mistakes in and about included files", test_include_mistakes),
	    FILES("a configuration that cannot be read", test_no_file),
	    FILES("values from files, without their last newline", test_values),
	    FILES("values from files that are none", test_value_mistakes),
	    FILES("a secret is shown nowhere, and no copy outlives the configuration", test_wiped),
	    FILES("a refused configuration leaves no copy either", test_wiped_when_refused),
	    CASE("the examples load without a warning", test_examples),
	    CASE("the broken example is broken as it is meant to be", test_broken),
	    FILES("the configurations in documents load", test_documents),
	    FILES("files of policies are read with the configuration and count in its digest",
	          test_policies),
	    FILES("they start at the folder of the file that names them",
	          test_policies_from_an_included_file),
	    FILES("files of policies that are not there, too large or named twice",
	          test_policies_refused),
	};

	return cmocka_run_group_tests_name("config files", tests, NULL, NULL);
}
