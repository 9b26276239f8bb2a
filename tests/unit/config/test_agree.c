/* tests/unit/config/test_agree.c - the table of keys agrees with other tables and with the manual
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "gateway/config/schema.h"
#include "gateway/route/table.h"
#include "gateway/secret/secret.h"

#define V1 "apiVersion: fairlead/v1\n"

static struct fl_arena arena;
static struct fl_problems problems;

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64u << 20);
	(void)setenv("FL_TEST_SET", "v", 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

/* ---- what other folders' tables say ---- */

static const struct fl_cfg_key *row(const char *path)
{
	for (size_t i = 0; i < fl_cfg_keys_n; i++)
		if (strcmp(fl_cfg_keys[i].path, path) == 0)
			return &fl_cfg_keys[i];
	fail_msg("no row %s", path);
	return NULL;
}

static void other_tables(void **state)
{
	char name[FL_SECRET_NAME_MAX + 1];

	(void)state;
	assert_int_equal(FL_CFG_METHODS_N, FL_METHOD_N);
	for (unsigned m = 0; m < FL_METHOD_N; m++)
		assert_string_equal(fl_cfg_methods[m], fl_method_name((enum fl_method)m));
	assert_int_equal(row("routes.*.match.headers")->max, FL_ROUTE_HEADERS_MAX);
	assert_int_equal(row("secrets")->max, FL_SECRETS_MAX);
	assert_int_equal(FL_CFG_VALUE_MAX, FL_SECRET_VALUE_MAX);
	memset(name, 'n', sizeof name);
	assert_true(fl_cfg_format_is_secret_name(fl_str_n(name, FL_SECRET_NAME_MAX)));
	assert_false(fl_cfg_format_is_secret_name(fl_str_n(name, FL_SECRET_NAME_MAX + 1)));
}

/* ---- what the manual shows ---- */

static void check_example(const char *file, struct fl_str yaml)
{
	struct fl_buf text;

	fl_buf_init(&text, 1u << 20);
	if (!fl_str_starts(yaml, FL_STR("apiVersion:")))
		fl_buf_add_c(&text, V1 "secrets: { github/token: \"${env:FL_TEST_SET}\", "
				       "orders/token: \"${env:FL_TEST_SET}\" }\n");
	fl_buf_add(&text, yaml);
	fl_arena_reset(&arena);
	fl_problems_init(&problems, &arena);
	(void)fl_config_unref(fl_config_load_text(file, fl_buf_str(&text), NULL, &problems));
	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next)
		if (strcmp(p->code, "file_denied") != 0)
			fail_msg("%s: %u: %.*s", file, (unsigned)p->at.line, FL_STR_ARGS(p->detail));
	fl_buf_fini(&text);
}

static void each_example(void **state)
{
	static const char *const files[] = {"docs/configuration.md", "docs/connector-guide.md",
					    "plugins/http/http.md", "plugins/github/github.md"};
	const char *top = getenv("top_srcdir");

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(files); i++) {
		struct fl_error err = FL_ERROR_INIT;
		char path[4096];
		const char *end;
		struct fl_str whole;
		unsigned n = 0;

		(void)snprintf(path, sizeof path, "%s/%s", top ? top : ".", files[i]);
		assert_int_equal(fl_file_read(path, 1u << 20, &whole, &err), 0);
		for (const char *p = whole.p; (p = strstr(p, "```yaml\n")) != NULL; p = end, n++) {
			p += strlen("```yaml\n");
			end = strstr(p, "```");
			assert_non_null(end);
			check_example(files[i], fl_str_n(p, (size_t)(end - p)));
		}
		assert_true(n > 0);
		free((char *)(uintptr_t)whole.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE_SETUP("methods and limits agree with those of routes and secrets", other_tables, setup,
			  teardown),
	    FL_CASE_SETUP("the configurations that the manual shows are accepted", each_example, setup,
			  teardown),
	};

	return cmocka_run_group_tests_name("config agrees", tests, NULL, NULL);
}
