/* gateway/auth/api_key.h - what an API key looks like, and what is kept of it
 * SPDX-License-Identifier: Apache-2.0
 *
 *	fl_live_ + 43 digits (256 random bits) + 6 digits (CRC-32 of all before)
 *
 * Digits are of base 62: 0-9 A-Z a-z. The beginning lets people and leak scanners recognise a key;
 * the checksum tells a mistyped one, or a look-alike, without a look-up. Nothing of a key is stored
 * but a BLAKE2b-256 of it, keyed with data_dir/auth.key (auth_key.h), so that neither the
 * configuration nor its copies give anything away. A key has 256 bits of chance: a slow hash would
 * add nothing.
 */
#ifndef FL_GATEWAY_AUTH_API_KEY_H
#define FL_GATEWAY_AUTH_API_KEY_H

#include <stdbool.h>

#include "base/str.h"
#include "gateway/auth/auth_key.h"

#define FL_API_KEY_PREFIX "fl_live_"
#define FL_API_KEY_LEN 57u
#define FL_API_KEY_RANDOM_BYTES 32u
#define FL_API_KEY_HASH_BYTES 32u
#define FL_API_KEY_HASH_TEXT_LEN                                                                   \
	81u /* "blake2b:", 8 hex digits of the auth.key's id, ":", 64 of the hash */

/* The key that these random bytes give. The caller wipes both. [any] */
void fl_api_key_make(const unsigned char random[FL_API_KEY_RANDOM_BYTES],
                     char ret[FL_API_KEY_LEN + 1]);
/* Begins as keys do: never to be logged or passed on, whether it is one or not. [any] */
bool fl_api_key_is_alike(struct fl_str text);
/* Could it be a key? For people and scanners; the request path asks the table at once. [any] */
bool fl_api_key_is_whole(struct fl_str text);
/* [any] no memory, no lock. */
void fl_api_key_hash(const struct fl_auth_key *key, struct fl_str text,
                     unsigned char ret[FL_API_KEY_HASH_BYTES]);
/* What stands in the configuration as `hash`. [any] */
void fl_api_key_hash_text(const struct fl_auth_key *key,
                          const unsigned char hash[FL_API_KEY_HASH_BYTES],
                          char ret[FL_API_KEY_HASH_TEXT_LEN + 1]);
/* False: `text` is none, or was made with another auth.key. [any] */
bool fl_api_key_hash_parse(const struct fl_auth_key *key, struct fl_str text,
                           unsigned char ret[FL_API_KEY_HASH_BYTES]);

#endif
