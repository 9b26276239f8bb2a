/* tests/unit/auth/test_api_key.c - what an API key looks like, and what is kept of it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include "gateway/auth/api_key.h"

static struct fl_str key_of(unsigned char byte)
{
	static char text[FL_API_KEY_LEN + 1];
	unsigned char random[FL_API_KEY_RANDOM_BYTES];

	memset(random, byte, sizeof random);
	fl_api_key_make(random, text);
	return fl_str(text);
}

static struct fl_auth_key auth_key(unsigned char byte)
{
	unsigned char bytes[FL_AUTH_KEY_BYTES];
	struct fl_auth_key key;

	memset(bytes, byte, sizeof bytes);
	fl_auth_key_init(bytes, &key);
	return key;
}

/* Computed apart from the code: base 62 of the number, CRC-32 of zlib. */
static void known_keys(void **state)
{
	(void)state;
	assert_true(
	    fl_str_is(key_of(0), "fl_live_000000000000000000000000000000000000000000013B4g2"));
	assert_true(
	    fl_str_is(key_of(0xff), "fl_live_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp12gnklK"));
	assert_true(
	    fl_str_is(key_of(0x5a), "fl_live_LQNUGZHT5u543eF8cvF8tKdPlcVkNSYQAq1KIqZ6f740Awrjf"));
}

static void whole(void **state)
{
	struct fl_str good = key_of(7);
	char text[FL_API_KEY_LEN + 2];

	(void)state;
	assert_int_equal(good.n, FL_API_KEY_LEN);
	assert_true(fl_api_key_is_whole(good) && fl_api_key_is_alike(good));
	assert_false(fl_api_key_is_whole(FL_STR("")));
	assert_false(fl_api_key_is_whole(FL_STR_NULL));
	assert_false(fl_api_key_is_whole(fl_str_n(good.p, good.n - 1)));
	memcpy(text, good.p, good.n);
	text[good.n] = '0';
	assert_false(fl_api_key_is_whole(fl_str_n(text, good.n + 1)));
	/* Every place counts; a CRC-32 tells every change of one digit. */
	for (size_t i = 0; i < good.n; i++)
		for (const char *c = "0Zz_ \n"; *c != '\0'; c++) {
			memcpy(text, good.p, good.n);
			text[i] = *c;
			assert_true(fl_api_key_is_whole(fl_str_n(text, good.n)) ==
			            (*c == good.p[i]));
		}
}

static void alike(void **state)
{
	(void)state;
	assert_true(fl_api_key_is_alike(FL_STR("fl_live_")));
	assert_true(fl_api_key_is_alike(FL_STR("fl_live_x y")));
	assert_false(fl_api_key_is_alike(FL_STR("fl_live")));
	assert_false(fl_api_key_is_alike(FL_STR("FL_LIVE_x")));
}

static void hashes(void **state)
{
	struct fl_auth_key one = auth_key(1), other = auth_key(2);
	unsigned char a[FL_API_KEY_HASH_BYTES], b[FL_API_KEY_HASH_BYTES];
	char text[FL_API_KEY_HASH_TEXT_LEN + 1];

	(void)state;
	fl_api_key_hash(&one, key_of(7), a);
	fl_api_key_hash(&one, key_of(8), b);
	assert_memory_not_equal(a, b, sizeof a);
	fl_api_key_hash(&other, key_of(7), b);
	assert_memory_not_equal(a, b, sizeof a);
	fl_api_key_hash_text(&one, a, text);
	/* hashlib.blake2b(key, key=bytes, digest_size=32) */
	assert_string_equal(
	    text,
	    "blake2b:f0483a0b:55ebec6548cc638932f6d877753c4a1c627f948229b2f59df58ea5507885efb0");
	assert_int_equal(strlen(text), FL_API_KEY_HASH_TEXT_LEN);
	assert_true(fl_api_key_hash_parse(&one, fl_str(text), b));
	assert_memory_equal(a, b, sizeof a);
	assert_false(fl_api_key_hash_parse(&other, fl_str(text), b));
	assert_false(fl_api_key_hash_parse(&one, fl_str_n(text, strlen(text) - 1), b));
	assert_false(fl_api_key_hash_parse(&one, FL_STR_NULL, b));
	text[FL_API_KEY_HASH_TEXT_LEN - 1] = 'g';
	assert_false(fl_api_key_hash_parse(&one, fl_str(text), b));
	text[0] = 'B';
	assert_false(fl_api_key_hash_parse(&one, fl_str(text), b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("keys that were computed elsewhere", known_keys),
	    FL_CASE("a key with one wrong digit is none", whole),
	    FL_CASE("what begins as a key does", alike),
	    FL_CASE("a hash hangs on the key and on auth.key", hashes),
	};

	return cmocka_run_group_tests_name("API keys", tests, NULL, NULL);
}
