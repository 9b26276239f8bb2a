/* tests/unit/auth/test_replay.c - deliveries that have been let in
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include "tests/unit/folder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "gateway/auth/replay_file.h"

static struct fl_replay *replay;

static int set_up(void **state)
{
	struct fl_auth_key key;
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	fl_auth_key_init((const unsigned char[FL_AUTH_KEY_BYTES]){7}, &key);
	return fl_replay_create(&key, &replay, &err);
}

static int tear_down(void **state)
{
	(void)state;
	replay = fl_replay_destroy(replay);
	return 0;
}

#undef CASE
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

static struct fl_replay_hash hash_of(const char *source, const char *event)
{
	struct fl_replay_hash hash;

	fl_replay_hash(replay, fl_str(source), fl_str(event), &hash);
	return hash;
}

static void test_once(void **state)
{
	struct fl_replay_hash a = hash_of("a", "1"), b = hash_of("b", "1"), c = hash_of("", "a1");

	(void)state;
	assert_true(fl_replay_enter(replay, &a, 100, 110));
	assert_false(fl_replay_enter(replay, &a, 100, 110));
	assert_false(fl_replay_enter(replay, &a, 109, 200)); /* does not make it longer */
	assert_true(fl_replay_enter(replay, &a, 110, 120));
	assert_true(fl_replay_enter(replay, &b, 110, 120)); /* another source's */
	assert_true(fl_replay_enter(replay, &c, 110, 120)); /* not run together */
	fl_replay_leave(replay, &a);
	fl_replay_leave(replay, &a);
	assert_false(fl_replay_enter(replay, &b, 110, 120));
	assert_true(fl_replay_enter(replay, &a, 110, 120));
}

/* Hashes of one set: the first bytes say which. */
static struct fl_replay_hash make(uint32_t set, uint32_t i)
{
	struct fl_replay_hash hash = {{0}};

	memcpy(hash.bytes, &set, sizeof set);
	memcpy(hash.bytes + 8, &i, sizeof i);
	return hash;
}

static void test_crowded(void **state)
{
	enum { WAYS = 64 };
	struct fl_replay_hash hash;

	(void)state;
	for (uint32_t i = 0; i < WAYS; i++) {
		hash = make(5, i);
		assert_true(fl_replay_enter(replay, &hash, 100, 200 + i));
	}
	assert_int_equal(fl_replay_crowded(replay), 0);
	hash = make(5, WAYS);
	assert_true(fl_replay_enter(replay, &hash, 100, 300)); /* in the place of the first */
	assert_int_equal(fl_replay_crowded(replay), 1);
	for (uint32_t i = 1; i <= WAYS; i++) {
		hash = make(5, i);
		assert_false(fl_replay_enter(replay, &hash, 100, 300));
	}
	hash = make(6, 0);
	assert_true(fl_replay_enter(replay, &hash, 100, 300)); /* other sets have room */
	hash = make(5, 1000);
	assert_true(fl_replay_enter(replay, &hash, 250, 300)); /* what is over makes room */
	assert_int_equal(fl_replay_crowded(replay), 1);
}

/* ---- many at once ---- */

#define THREADS 8u
#define EVENTS 500u
static atomic_uint passed[EVENTS];

static void *enter_one(void *ctx)
{
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct fl_replay_hash hash = make(i, i);

		if (fl_replay_enter(replay, &hash, 100, 200))
			atomic_fetch_add(&passed[i], 1);
	}
	return ctx;
}

static void test_exactly_one(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	memset(passed, 0, sizeof passed);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, enter_one, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	for (uint32_t i = 0; i < EVENTS; i++)
		assert_int_equal(atomic_load(&passed[i]), 1);
}

/* ---- across a restart ---- */

static char folder[FOLDER_PATH_MAX], path[FOLDER_PATH_MAX + 16];
static struct fl_replay_file *file;
static uint64_t now_s;

static int set_up_folder(void **state)
{
	folder_make(folder, "replay");
	(void)snprintf(path, sizeof path, "%s/deliveries", folder);
	now_s = fl_clock_wall_ns() / FL_NS_PER_SEC;
	return set_up(state);
}

static int tear_down_folder(void **state)
{
	(void)folder_drop(folder);
	return tear_down(state);
}

static void start(void)
{
	struct fl_error err = FL_ERROR_INIT;

	if (fl_replay_file_open(folder, replay, &file, &err) != 0)
		fail_msg("%s", err.message);
}

/* As another process: nothing is in memory. */
static void restart(void)
{
	file = fl_replay_file_close(file);
	replay = fl_replay_destroy(replay);
	assert_int_equal(set_up(NULL), 0);
	start();
}

static bool enter(uint32_t set, uint32_t i, uint64_t until_s)
{
	struct fl_replay_hash hash = make(set, i);

	return fl_replay_enter(replay, &hash, now_s, until_s);
}

static size_t file_size(void)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str bytes;

	assert_int_equal(fl_file_read(path, 1u << 20, &bytes, &err), 0);
	free((void *)(uintptr_t)bytes.p);
	return bytes.n;
}

static void test_restart(void **state)
{
	struct fl_replay_hash left = make(2, 2);

	(void)state;
	start();
	for (uint32_t i = 0; i < 100; i++)
		assert_true(enter(i % 3, i, now_s + 1000));
	fl_replay_leave(replay, &left);
	assert_true(enter(9, 9, now_s)); /* over when it is read */
	for (unsigned times = 0; times < 2; times++) {
		restart();
		for (uint32_t i = 0; i < 100; i++)
			if (i != 2)
				assert_false(enter(i % 3, i, now_s + 1000));
		assert_int_equal(file_size(), 24 * 100); /* a head, and 99 */
	}
	assert_true(enter(2, 2, now_s + 1000));
	assert_true(enter(9, 9, now_s + 1000));
	file = fl_replay_file_close(file);
}

static void test_cut(void **state)
{
	(void)state;
	start();
	for (uint32_t i = 0; i < 10; i++)
		assert_true(enter(0, i, now_s + 1000));
	file = fl_replay_file_close(file);
	assert_int_equal(truncate(path, 24 * 6 + 7), 0);
	replay = fl_replay_destroy(replay);
	assert_int_equal(set_up(NULL), 0);
	start();
	unsigned known = 0;

	for (uint32_t i = 0; i < 10; i++)
		known += !enter(0, i, now_s + 1000);
	assert_int_equal(known, 5);
	file = fl_replay_file_close(file);
	/* Something else under this name, and nothing at all. */
	for (unsigned n = 0; n <= 30; n += 30) {
		assert_int_equal(truncate(path, 0), 0);
		assert_int_equal(truncate(path, n), 0);
		replay = fl_replay_destroy(replay);
		assert_int_equal(set_up(NULL), 0);
		start();
		assert_true(enter(0, 0, now_s + 1000));
		file = fl_replay_file_close(file);
		assert_int_equal(file_size(), 24 * 2);
	}
}

static void test_unwritable(void **state)
{
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(fl_replay_file_open(folder, replay, &file, &err), -1);
	assert_string_equal(err.code, "file_unreadable");
	assert_null(fl_replay_file_close(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("once for each source, until its time is over", test_once),
	    CASE("where there is no room the oldest goes first, and is counted", test_crowded),
	    CASE("of many threads one gets each", test_exactly_one),
	    FL_CASE_SETUP("what came before a restart is known", test_restart, set_up_folder,
	                  tear_down_folder),
	    FL_CASE_SETUP("a file that is cut off, or none", test_cut, set_up_folder,
	                  tear_down_folder),
	    FL_CASE_SETUP("a file that cannot be", test_unwritable, set_up_folder,
	                  tear_down_folder),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
