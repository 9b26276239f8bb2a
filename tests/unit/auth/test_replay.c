/* tests/unit/auth/test_replay.c - deliveries that have been let in
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/auth/replay.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("once for each source, until its time is over", test_once),
	    CASE("where there is no room the oldest goes first, and is counted", test_crowded),
	    CASE("of many threads one gets each", test_exactly_one),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
