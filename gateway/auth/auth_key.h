/* gateway/auth/auth_key.h - data_dir/auth.key: what hashes of credentials are keyed with
 * SPDX-License-Identifier: Apache-2.0
 *
 * 32 random bytes as 64 hexadecimal digits, mode 0600; made when it is first needed, by `fairlead
 * run` or `fairlead key create`. Hashes hold the first digits of its id, so that one that was made
 * with another key is told instead of never matching. Who loses it makes new API keys for all;
 * gateways that share a configuration share this file.
 */
#ifndef FL_GATEWAY_AUTH_AUTH_KEY_H
#define FL_GATEWAY_AUTH_AUTH_KEY_H

#include "base/error.h"

#define FL_AUTH_KEY_BYTES 32u
#define FL_AUTH_KEY_ID_LEN 8u

struct fl_auth_key { /* wiped by whoever has it */
	unsigned char bytes[FL_AUTH_KEY_BYTES];
	char id[FL_AUTH_KEY_ID_LEN + 1]; /* hex; says nothing of the bytes */
};

void fl_auth_key_init(const unsigned char bytes[FL_AUTH_KEY_BYTES],
                      struct fl_auth_key *ret); /* [any] */
/* Reads data_dir/auth.key, or makes it; two that make it at once get the same. Root gives it to the
 * owner of data_dir. Codes: auth_key_unreadable, auth_key_exposed (others may read it),
 * file_unwritable, no_random. [any], blocks on the disk */
FL_MUST_USE int fl_auth_key_load(const char *data_dir, struct fl_auth_key *ret,
                                 struct fl_error *err);

#endif
