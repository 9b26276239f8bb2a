/* gateway/auth/basic.h - HTTP Basic (RFC 7617), for tools that can do nothing else
 * SPDX-License-Identifier: Apache-2.0
 *
 * Passwords are not chosen: `fairlead key create --basic USER` makes one of 256 random bits, in the
 * form of an API key, so that people and leak scanners recognise it. What is kept is a keyed
 * BLAKE2b of "USER:PASSWORD", as of API keys. A slow hash would add nothing to 256 bits of chance,
 * and one such as Argon2 takes tens of milliseconds, which whoever sends wrong passwords could
 * have all workers spend.
 */
#ifndef FL_GATEWAY_AUTH_BASIC_H
#define FL_GATEWAY_AUTH_BASIC_H

#include "gateway/auth/api_key.h"
#include "gateway/auth/method.h"

#define FL_BASIC_USER_MAX 128u /* bytes */
#define FL_BASIC_PAIR_MAX (FL_BASIC_USER_MAX + 1 + FL_API_KEY_LEN)

extern const struct fl_auth_kind fl_auth_basic;

/* Can it be a user: 1 to FL_BASIC_USER_MAX bytes of UTF-8 without ":" and control characters? */
bool fl_basic_is_user(struct fl_str user);

#endif
