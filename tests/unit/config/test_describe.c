/* tests/unit/config/test_describe.c - documents say what the table of keys says
 * SPDX-License-Identifier: Apache-2.0
 *
 * With --write it puts the table into the documents (make config-docs).
 */
#include "tests/unit/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "gateway/config/describe.h"
#include "gateway/config/limits.h"

static const struct document {
	const char *path, *begin, *end;
	void (*describe)(struct fl_buf *out);
} documents[] = {
    {"docs/configuration.md", "<!-- keys: made by make config-docs -->\n", "<!-- end of keys -->\n",
     fl_cfg_describe_markdown},
    {"docs/man/fairlead.conf.5", ".\\\" keys: made by make config-docs\n", ".\\\" end of keys\n",
     fl_cfg_describe_man},
};

static const char *path_of(const struct document *d)
{
	static char path[512];
	const char *top = getenv("top_srcdir");

	(void)snprintf(path, sizeof path, "%s/%s", top ? top : ".", d->path);
	return path;
}

/* The document in three parts; `whole` is to be freed. */
static void take_apart(const struct document *d, struct fl_str *whole, struct fl_str parts[3])
{
	struct fl_error err = FL_ERROR_INIT;
	const char *begin, *end;

	if (fl_file_read(path_of(d), 1 << 20, whole, &err) != 0)
		fail_msg("%s", err.message);
	begin = strstr(whole->p, d->begin);
	end = strstr(whole->p, d->end);
	if (!begin || !end || end < begin)
		fail_msg("%s has no place for the table", d->path);
	begin += strlen(d->begin);
	parts[0] = fl_str_n(whole->p, (size_t)(begin - whole->p));
	parts[1] = fl_str_n(begin, (size_t)(end - begin));
	parts[2] = fl_str_n(end, whole->n - (size_t)(end - whole->p));
}

static void test_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(documents); i++) {
		struct fl_str whole, parts[3];
		struct fl_buf out;

		take_apart(&documents[i], &whole, parts);
		fl_buf_init(&out, 1 << 20);
		documents[i].describe(&out);
		assert_false(fl_buf_is_overflown(&out));
		if (!fl_str_eq(fl_buf_str(&out), parts[1]))
			fail_msg("%s differs from the table of keys: make config-docs",
			         documents[i].path);
		fl_buf_fini(&out);
		free((char *)(uintptr_t)whole.p);
	}
}

/* Line breaks may stand between any two words. */
static bool says(struct fl_str text, const char *words)
{
	for (size_t at = 0; at < text.n; at++) {
		size_t i = at, k = 0;

		while (i < text.n && words[k] != '\0' &&
		       (text.p[i] == words[k] || (text.p[i] == '\n' && words[k] == ' ')))
			i++, k++;
		if (words[k] == '\0')
			return true;
	}
	return false;
}

static void test_limits(void **state)
{
	static const struct {
		const char *before;
		unsigned value;
		const char *after;
	} limits[] = {
	    {"", FL_CFG_BYTES_MAX >> 20, " MiB in all files"},
	    {" ", FL_CFG_FILES_MAX, " files"},
	    {" ", FL_CFG_NODES_MAX, " values, "},
	    {" ", FL_CFG_DEPTH_MAX, " levels"},
	    {"keys of ", FL_CFG_KEY_MAX, " bytes"},
	    {"numbers of ", FL_CFG_NUMBER_MAX, " characters"},
	    {"add ", FL_CFG_ALIAS_MAX, " values"},
	    {"reads ", FL_CFG_VALUE_MAX >> 10, " KiB"},
	    {"at most ", FL_CFG_INSTANCE_BYTES_MAX >> 20, " MiB as JSON"},
	    {"at most ", FL_CFG_MEMORY_MAX >> 20, " MiB of memory"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(documents); i++) {
		struct fl_str whole, parts[3];

		take_apart(&documents[i], &whole, parts);
		for (size_t k = 0; k < FL_ARRAY_LEN(limits); k++) {
			char words[60];

			(void)snprintf(words, sizeof words, "%s%u%s", limits[k].before,
			               limits[k].value, limits[k].after);
			if (!says(whole, words))
				fail_msg("%s does not say \"%s\"", documents[i].path, words);
		}
		free((char *)(uintptr_t)whole.p);
	}
}

static const json_t *at(const json_t *schema, const char *const *path)
{
	for (; *path; path++)
		schema = json_object_get(schema, *path);
	return schema;
}

static void test_schema(void **state)
{
	static const char *const timeout[] = {"properties", "routes",  "additionalProperties",
	                                      "properties", "request", "properties",
	                                      "timeout",    "anyOf",   NULL};
	static const char *const required[] = {"properties", "instances", "additionalProperties",
	                                       "required", NULL};
	struct fl_buf out;
	json_t *schema;

	(void)state;
	fl_buf_init(&out, 1 << 20);
	fl_cfg_describe_schema(&out);
	schema = json_loadb(out.p, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(schema);
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(at(schema, timeout), 0), "pattern")),
	    "\\$\\{|^[0-9]+(ms|s|m|h)$");
	assert_int_equal(json_array_size(at(schema, required)), 1);
	json_decref(schema);
	fl_buf_fini(&out);
}

static void write_document(const struct document *d)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str whole, parts[3];
	struct fl_buf out;

	take_apart(d, &whole, parts);
	fl_buf_init(&out, 1 << 20);
	fl_buf_add(&out, parts[0]);
	d->describe(&out);
	fl_buf_add(&out, parts[2]);
	if (fl_file_replace(path_of(d), fl_buf_str(&out), 0644, &err) != 0)
		fail_msg("%s", err.message);
	fl_buf_fini(&out);
	free((char *)(uintptr_t)whole.p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("documents hold the table of keys as it is", test_documents),
	    FL_CASE("documents tell the limits as they are", test_limits),
	    FL_CASE("the schema for editors is JSON and nests as the keys do", test_schema),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		for (size_t i = 0; i < FL_ARRAY_LEN(documents); i++)
			write_document(&documents[i]);
		return 0;
	}
	return cmocka_run_group_tests_name("config describe", tests, NULL, NULL);
}
