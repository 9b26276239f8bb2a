/* tests/unit/auth/test_credentials.c - whose API key is this?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "gateway/auth/credentials.h"

#define CONSUMERS 1000u

static struct fl_arena arena;
static struct fl_problems problems;
static struct fl_auth_key auth_key;
static struct fl_config config;
static struct fl_cfg_consumer consumers[CONSUMERS];
static struct fl_cfg_credential stored[CONSUMERS][2];

static struct fl_str key_of(unsigned number)
{
	unsigned char random[FL_API_KEY_RANDOM_BYTES] = {(unsigned char)number,
	                                                 (unsigned char)(number >> 8)};
	char text[FL_API_KEY_LEN + 1];

	fl_api_key_make(random, text);
	return fl_arena_str(&arena, fl_str(text));
}

static struct fl_str hash_of(const struct fl_auth_key *with, unsigned number)
{
	unsigned char hash[FL_API_KEY_HASH_BYTES];
	char text[FL_API_KEY_HASH_TEXT_LEN + 1];

	fl_api_key_hash(with, key_of(number), hash);
	fl_api_key_hash_text(with, hash, text);
	return fl_arena_str(&arena, fl_str(text));
}

/* Consumer i has the keys i and CONSUMERS + i; the second ends at i + 1 nanoseconds. */
static int set_up(void **state)
{
	static const unsigned char bytes[FL_AUTH_KEY_BYTES] = {1, 2, 3};

	(void)state;
	fl_arena_init(&arena, 4096, 8u << 20);
	fl_problems_init(&problems, &arena);
	fl_auth_key_init(bytes, &auth_key);
	for (unsigned i = 0; i < CONSUMERS; i++) {
		stored[i][0] = (struct fl_cfg_credential){.hash = hash_of(&auth_key, i)};
		stored[i][1] = (struct fl_cfg_credential){.hash = hash_of(&auth_key, CONSUMERS + i),
		                                          .expires_wall_ns = i + 1};
		consumers[i] = (struct fl_cfg_consumer){
		    .name = fl_arena_printf(&arena, "c%u", i),
		    .credentials = stored[i],
		    .credentials_n = 2,
		};
	}
	config = (struct fl_config){.consumers = consumers, .consumers_n = CONSUMERS};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

static void test_find(void **state)
{
	struct fl_credentials *c = fl_credentials_build(&config, &auth_key, &problems);

	(void)state;
	assert_non_null(c);
	assert_int_equal(problems.warnings + problems.errors, 0);
	for (unsigned i = 0; i < CONSUMERS; i++) {
		assert_ptr_equal(fl_credentials_find(c, key_of(i), UINT64_MAX), &consumers[i]);
		assert_ptr_equal(fl_credentials_find(c, key_of(CONSUMERS + i), i), &consumers[i]);
		/* From that nanosecond on. */
		assert_null(fl_credentials_find(c, key_of(CONSUMERS + i), i + 1));
		assert_null(fl_credentials_find(c, key_of(2 * CONSUMERS + i), 0));
	}
	assert_null(fl_credentials_find(c, FL_STR("fl_live_x"), 0));
	assert_null(fl_credentials_find(c, FL_STR_NULL, 0));
	(void)fl_credentials_destroy(c);
}

static void test_none(void **state)
{
	struct fl_credentials *c;

	(void)state;
	config.consumers_n = 0;
	c = fl_credentials_build(&config, &auth_key, &problems);
	assert_null(fl_credentials_find(c, key_of(0), 0));
	(void)fl_credentials_destroy(c);
}

static void test_foreign(void **state)
{
	static const unsigned char bytes[FL_AUTH_KEY_BYTES] = {9};
	struct fl_auth_key other;
	struct fl_credentials *c;

	(void)state;
	fl_auth_key_init(bytes, &other);
	config.consumers_n = 2;
	stored[1][0].hash = hash_of(&other, 1);
	c = fl_credentials_build(&config, &auth_key, &problems);
	assert_null(fl_credentials_find(c, key_of(1), 0));
	assert_ptr_equal(fl_credentials_find(c, key_of(CONSUMERS + 1), 0), &consumers[1]);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.warnings, 1);
	assert_string_equal(problems.first->code, "credential_foreign");
	assert_true(fl_str_is(problems.first->pointer, "/consumers/c1/credentials/0/api_key/hash"));
	(void)fl_credentials_destroy(c);
	/* All of them: no more are told than leave room for others. */
	fl_problems_init(&problems, &arena);
	config.consumers_n = CONSUMERS;
	c = fl_credentials_build(&config, &other, &problems);
	assert_int_equal(problems.warnings, 20);
	assert_null(fl_credentials_find(c, key_of(0), 0));
	(void)fl_credentials_destroy(c);
}

static void test_no_key(void **state)
{
	struct fl_credentials *c = fl_credentials_build(&config, NULL, &problems);

	(void)state;
	assert_null(fl_credentials_find(c, key_of(0), 0));
	(void)fl_credentials_destroy(c);
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("every key finds its consumer until it expires, and no other", test_find),
	    CASE("without consumers nobody is known", test_none),
	    CASE("a hash of another auth.key is told and never taken", test_foreign),
	    CASE("without auth.key nobody is known", test_no_key),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
