/* gateway/auth/api_key.c - what an API key looks like, and what is kept of it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/api_key.h"

#include <sodium.h>
#include <stdio.h>

#define PREFIX_LEN (sizeof FL_API_KEY_PREFIX - 1)
#define RANDOM_DIGITS 43u /* 62^43 > 2^256 */
#define CHECK_DIGITS 6u   /* 62^6 > 2^32 */
#define CHECKED_LEN (FL_API_KEY_LEN - CHECK_DIGITS)
#define HASH_PREFIX "blake2b:"

_Static_assert(PREFIX_LEN + RANDOM_DIGITS + CHECK_DIGITS == FL_API_KEY_LEN, "the parts of a key");
_Static_assert(sizeof HASH_PREFIX - 1 + FL_AUTH_KEY_ID_LEN + 1 + FL_API_KEY_HASH_BYTES * 2 ==
                   FL_API_KEY_HASH_TEXT_LEN,
               "the parts of a hash");

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* CRC-32 as of IEEE 802.3, four bits at a time. */
static uint32_t crc32(const char *p, size_t n)
{
	static const uint32_t table[16] = {
	    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
	    0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
	    0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned char)p[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static void add_check(char *key)
{
	uint32_t crc = crc32(key, CHECKED_LEN);

	for (size_t i = FL_API_KEY_LEN; i > CHECKED_LEN; i--) {
		key[i - 1] = digits[crc % 62];
		crc /= 62;
	}
}

void fl_api_key_make(const unsigned char random[FL_API_KEY_RANDOM_BYTES],
                     char ret[FL_API_KEY_LEN + 1])
{
	unsigned char number[FL_API_KEY_RANDOM_BYTES];

	memcpy(number, random, sizeof number);
	memcpy(ret, FL_API_KEY_PREFIX, PREFIX_LEN);
	for (size_t i = RANDOM_DIGITS; i > 0; i--) { /* long division by 62 */
		unsigned rest = 0;

		for (size_t k = 0; k < sizeof number; k++) {
			rest = rest << 8 | number[k];
			number[k] = (unsigned char)(rest / 62);
			rest %= 62;
		}
		ret[PREFIX_LEN + i - 1] = digits[rest];
	}
	sodium_memzero(number, sizeof number);
	add_check(ret);
	ret[FL_API_KEY_LEN] = '\0';
}

bool fl_api_key_is_alike(struct fl_str text)
{
	return fl_str_starts(text, FL_STR(FL_API_KEY_PREFIX));
}

bool fl_api_key_is_whole(struct fl_str text)
{
	char expected[FL_API_KEY_LEN];

	if (text.n != FL_API_KEY_LEN || !fl_api_key_is_alike(text))
		return false;
	/* Digits that are none do not give their own checksum but by chance; then no hash is
	 * theirs. */
	memcpy(expected, text.p, CHECKED_LEN);
	add_check(expected);
	return memcmp(expected + CHECKED_LEN, text.p + CHECKED_LEN, CHECK_DIGITS) == 0;
}

void fl_api_key_hash(const struct fl_auth_key *key, struct fl_str text,
                     unsigned char ret[FL_API_KEY_HASH_BYTES])
{
	int rc = crypto_generichash(ret, FL_API_KEY_HASH_BYTES, (const unsigned char *)text.p,
	                            text.n, key->bytes, sizeof key->bytes);

	FL_ASSERT(rc == 0);
}

void fl_api_key_hash_text(const struct fl_auth_key *key,
                          const unsigned char hash[FL_API_KEY_HASH_BYTES],
                          char ret[FL_API_KEY_HASH_TEXT_LEN + 1])
{
	char hex[FL_API_KEY_HASH_BYTES * 2 + 1];

	(void)sodium_bin2hex(hex, sizeof hex, hash, FL_API_KEY_HASH_BYTES);
	(void)snprintf(ret, FL_API_KEY_HASH_TEXT_LEN + 1, HASH_PREFIX "%s:%s", key->id, hex);
}

bool fl_api_key_hash_parse(const struct fl_auth_key *key, struct fl_str text,
                           unsigned char ret[FL_API_KEY_HASH_BYTES])
{
	const size_t at = sizeof HASH_PREFIX - 1;
	size_t n;

	return text.n == FL_API_KEY_HASH_TEXT_LEN && memcmp(text.p, HASH_PREFIX, at) == 0 &&
	       memcmp(text.p + at, key->id, FL_AUTH_KEY_ID_LEN) == 0 &&
	       text.p[at + FL_AUTH_KEY_ID_LEN] == ':' &&
	       sodium_hex2bin(ret, FL_API_KEY_HASH_BYTES, text.p + at + FL_AUTH_KEY_ID_LEN + 1,
	                      (size_t)FL_API_KEY_HASH_BYTES * 2, NULL, &n, NULL) == 0 &&
	       n == FL_API_KEY_HASH_BYTES;
}
