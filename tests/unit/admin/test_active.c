/* tests/unit/admin/test_active.c - admin/control/active
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/control/active.h"
#include "base/file.h"

static char dir[FOLDER_PATH_MAX], path[FOLDER_PATH_MAX + 16];

static int make_folder(void **state)
{
	(void)state;
	folder_make(dir, "active");
	(void)snprintf(path, sizeof path, "%s/active.json", dir);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	assert_int_equal(folder_drop(dir), 0);
	return 0;
}

static struct fl_activation item(const char *id, const char *version, const char *entry)
{
	struct fl_activation ret = {.id = ""};

	(void)snprintf(ret.id, sizeof ret.id, "%s", id);
	(void)snprintf(ret.version, sizeof ret.version, "%s", version);
	(void)snprintf(ret.sha256, sizeof ret.sha256, "%064d", 7);
	(void)snprintf(ret.entry, sizeof ret.entry, "%s", entry);
	return ret;
}

static void round_trip(void **state)
{
	struct fl_activation one = item("com.example.orders", "1.2.0-rc.1+b", "e1"),
			     two = item("echo", "2.0.0", "e2"), again = item("echo", "3.0.0", "e3");
	struct fl_activations list = {.n = 0}, back;
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	assert_int_equal(fl_activations_load(path, &back, &err), 0);
	assert_int_equal(back.n, 0);
	assert_int_equal(fl_activations_put(&list, &one), 0);
	assert_int_equal(fl_activations_put(&list, &two), 0);
	assert_int_equal(fl_activations_put(&list, &again), 0);
	assert_int_equal(list.n, 2);
	assert_int_equal(fl_activations_save(path, &list, &err), 0);
	assert_int_equal(fl_activations_load(path, &back, &err), 0);
	assert_int_equal(back.n, 2);
	assert_string_equal(fl_activations_find(&back, FL_STR("echo"))->version, "3.0.0");
	assert_string_equal(fl_activations_find(&back, FL_STR("com.example.orders"))->entry, "e1");
	assert_null(fl_activations_find(&back, FL_STR("ech")));
	fl_activations_fini(&list);
	fl_activations_fini(&back);
}

static void is_bounded(void **state)
{
	struct fl_activations list = {.n = 0}, copy;
	struct fl_error err = FL_ERROR_INIT;
	char id[16];

	(void)state;
	for (unsigned i = 0; i < FL_ACTIVATIONS_MAX; i++) {
		(void)snprintf(id, sizeof id, "c%u", i);
		struct fl_activation one = item(id, "1.0.0", "e");

		assert_int_equal(fl_activations_put(&list, &one), 0);
	}
	struct fl_activation more = item("more", "1.0.0", "e"), there = item("c7", "2.0.0", "e");

	assert_int_equal(fl_activations_put(&list, &more), -E2BIG);
	assert_int_equal(fl_activations_put(&list, &there), 0);
	assert_int_equal(fl_activations_copy(&list, &copy), 0);
	assert_int_equal(copy.n, FL_ACTIVATIONS_MAX);
	assert_int_equal(fl_activations_save(path, &list, &err),
	                 0); /* the largest list fits the file */
	fl_activations_fini(&copy);
	assert_int_equal(fl_activations_load(path, &copy, &err), 0);
	assert_int_equal(copy.n, FL_ACTIVATIONS_MAX);
	fl_activations_fini(&copy);
	fl_activations_fini(&list);
}

static void bad_files(void **state)
{
	static const char *const texts[] = {
	    "",
	    "{",
	    "[]",
	    "{}",
	    "{\"activations\": {}}",
	    "{\"activations\": [7]}",
	    "{\"activations\": [{\"id\": \"echo\", \"version\": \"1\", \"sha256\": \"a\"}]}",
	    "{\"activations\": [{\"id\": \"\", \"version\": \"1\", \"sha256\": \"a\", \"entry\": "
	    "\"e\"}]}",
	    "{\"activations\": [{\"id\": \"a\\u0000b\", \"version\": \"1\", \"sha256\": \"a\", "
	    "\"entry\": \"e\"}]}",
	    "{\"activations\": [], \"activations\": []}",
	    "{\"activations\": [{\"id\": \"echo\", \"version\": "
	    "\"1111111111111111111111111111111111111111111111111111111111111111111111\", "
	    "\"sha256\": \"a\", \"entry\": \"e\"}]}",
	};
	struct fl_activations list;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(texts); i++) {
		struct fl_error err = FL_ERROR_INIT;

		assert_int_equal(fl_file_replace(path, fl_str(texts[i]), 0600, &err), 0);
		assert_int_equal(fl_activations_load(path, &list, &err), -1);
		assert_string_equal(err.code, "activations_unreadable");
		assert_non_null(strstr(err.hint, "remove the file"));
	}
}

static void prunes(void **state)
{
	const struct fl_cfg_connector connectors[] = {
	    {.id = FL_STR_INIT("echo"), .version = FL_STR_INIT("1.x")},
	    {.id = FL_STR_INIT("http"), .version = FL_STR_INIT("1.x")},
	};
	const struct fl_config config = {.connectors = connectors, .connectors_n = 2};
	struct fl_activations list = {.n = 0};
	char entry[65], other[65];

	(void)state;
	fl_activation_entry(&connectors[0], entry);
	fl_activation_entry(
	    &(struct fl_cfg_connector){.version = FL_STR("1."), .sha256 = FL_STR("x")}, other);
	assert_string_not_equal(entry, other);
	struct fl_activation holds = item("echo", "1.1.0", entry),
			     edited = item("http", "1.1.0", other),
			     gone = item("github", "1.1.0", entry);

	assert_int_equal(fl_activations_put(&list, &edited), 0);
	assert_int_equal(fl_activations_put(&list, &holds), 0);
	assert_int_equal(fl_activations_put(&list, &gone), 0);
	assert_true(fl_activations_prune(&list, &config));
	assert_int_equal(list.n, 1);
	assert_string_equal(list.items[0].id, "echo");
	assert_false(fl_activations_prune(&list, &config));
	fl_activations_fini(&list);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    FL_CASE_SETUP("what is saved is loaded", round_trip, make_folder, remove_folder),
	    FL_CASE_SETUP("the list is bounded, and the longest one fits its file", is_bounded,
	                  make_folder, remove_folder),
	    FL_CASE_SETUP("a file that is not whole is refused with the way out", bad_files,
	                  make_folder, remove_folder),
	    FL_CASE("an activation goes when the configuration speaks differently", prunes),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
