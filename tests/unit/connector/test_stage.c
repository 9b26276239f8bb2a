/* tests/unit/connector/test_stage.c - the folder of private copies
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/stage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/folder.h"

static char dir[FOLDER_PATH_MAX], gen[FOLDER_PATH_MAX + 16];
static struct fl_error err;

static int setup(void **state)
{
	(void)state;
	err = FL_ERROR_INIT;
	folder_make(dir, "stage");
	(void)snprintf(gen, sizeof gen, "%s/gen", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)rmdir(gen);
	(void)unlink(gen);
	return (int)folder_drop(dir);
}

static const char *below(const char *name)
{
	static char path[160];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static bool is_there(const char *name)
{
	struct stat st;

	return lstat(below(name), &st) == 0;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_modes(void **state)
{
	char *path;

	(void)state;
	assert_int_equal(mkdir(gen, 0777), 0);
	assert_int_equal(chmod(gen, 0777), 0); /* whatever it was */
	assert_int_equal(fl_stage_init(gen, &err), 0);
	assert_int_equal(mode_of(gen), 0700);
	assert_int_equal(fl_stage_put(gen, "a-1", FL_STR("bytes"), &path, &err), 0);
	assert_string_equal(path, below("gen/a-1/plugin.so"));
	assert_int_equal(mode_of(path), 0400);
	assert_int_equal(mode_of(below("gen/a-1")), 0700);
	fl_stage_drop(path);
	assert_false(is_there("gen/a-1"));
	free(path);
}

/* A path is never used twice: what is mapped from it must not change. */
static void test_never_twice(void **state)
{
	char *path, *second = NULL;
	struct fl_str bytes;

	(void)state;
	assert_int_equal(fl_stage_init(gen, &err), 0);
	assert_int_equal(fl_stage_put(gen, "a-1", FL_STR("first"), &path, &err), 0);
	assert_int_equal(fl_stage_put(gen, "a-1", FL_STR("second"), &second, &err), -1);
	assert_string_equal(err.code, "stage_unwritable");
	assert_null(second);
	assert_int_equal(fl_file_read(path, 100, &bytes, &err), 0);
	assert_true(fl_str_is(bytes, "first"));
	free((char *)(uintptr_t)bytes.p);
	fl_stage_drop(path);
	free(path);
}

static void put_file(const char *name)
{
	assert_int_equal(fl_file_replace(below(name), FL_STR("x"), 0600, &err), 0);
}

/* Links are removed, not followed. */
static void test_emptied(void **state)
{
	(void)state;
	assert_int_equal(mkdir(gen, 0700), 0);
	assert_int_equal(mkdir(below("gen/old-1"), 0700), 0);
	put_file("gen/old-1/plugin.so");
	assert_int_equal(mkdir(below("gen/empty-2"), 0700), 0);
	put_file("gen/file");
	assert_int_equal(mkdir(below("kept"), 0700), 0);
	put_file("kept/file");
	assert_int_equal(symlink("../kept", below("gen/link")), 0);
	assert_int_equal(fl_stage_init(gen, &err), 0);
	assert_false(is_there("gen/old-1"));
	assert_false(is_there("gen/empty-2"));
	assert_false(is_there("gen/file"));
	assert_false(is_there("gen/link"));
	assert_true(is_there("kept/file"));
	assert_int_equal(unlink(below("kept/file")), 0);
	assert_int_equal(rmdir(below("kept")), 0);
}

static void test_unwritable(void **state)
{
	(void)state;
	assert_int_equal(fl_stage_init(below("nowhere/gen"), &err), -1);
	assert_string_equal(err.code, "stage_unwritable");
	put_file("gen");
	assert_int_equal(fl_stage_init(gen, &err), -1);
	assert_string_equal(err.code, "stage_unwritable");
	assert_non_null(strstr(err.hint, "data_dir"));
}

static void test_full(void **state)
{
	const struct rlimit few = {16, RLIM_INFINITY};
	char *path = NULL, big[64] = {0};
	struct rlimit before;
	int rc;

	(void)state;
	assert_int_equal(fl_stage_init(gen, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	rc = fl_stage_put(gen, "a-1", fl_str_n(big, sizeof big), &path, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -1);
	assert_string_equal(err.code, "stage_full");
	assert_non_null(strstr(err.hint, "free room"));
	assert_null(path);
	assert_false(is_there("gen/a-1")); /* not half of it either */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	    CASE("only the gateway may enter, and nobody may write", test_modes),
	    CASE("a path is never used twice", test_never_twice),
	    CASE("what was there is removed at start, links as links", test_emptied),
	    CASE("a place that cannot be is refused", test_unwritable),
	    CASE("a full disk is told, and leaves nothing behind", test_full),
	};

	return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
