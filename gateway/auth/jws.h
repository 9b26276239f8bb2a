/* gateway/auth/jws.h - a signed token, taken apart
 * SPDX-License-Identifier: Apache-2.0
 *
 * JWS in compact form (RFC 7515, 7.1), strictly: three parts in base64url without padding and without
 * bits left over, a header that is an object without a name twice. What would let the token say how
 * it is to be checked (jwk, jku, x5c, x5u), or change what is signed (crit, b64, zip), is refused.
 * The payload is not looked at: that is for after the signature.
 */
#ifndef FL_GATEWAY_AUTH_JWS_H
#define FL_GATEWAY_AUTH_JWS_H

#include "base/arena.h"

/* Of the header, as it is written: it is read before anything is proved, into the request's memory. */
#define FL_JWS_HEADER_BYTES_MAX 2048u

/* In the order of FL_CFG_JWT_ALGORITHMS. */
enum fl_jws_algorithm {
	FL_JWS_RS256,
	FL_JWS_RS384,
	FL_JWS_RS512,
	FL_JWS_PS256,
	FL_JWS_ES256,
	FL_JWS_ES384,
	FL_JWS_EDDSA,
	FL_JWS_HS256,
	FL_JWS_N,
};
#define FL_JWS_BIT(algorithm) (1u << (algorithm))
#define FL_JWS_ALL (FL_JWS_BIT(FL_JWS_N) - 1)

struct fl_jws {
	enum fl_jws_algorithm algorithm; /* what it says; a key has to agree */
	struct fl_str kid; /* {NULL,0}: it names no key */
	struct fl_str message; /* what is signed: a slice of the text */
	struct fl_str payload; /* in base64url: a slice */
	struct fl_str signature; /* bytes, in the arena */
};

/* NULL: fine; else what is wrong with it, static. Longer than `bytes_max`: refused before anything is
 * read. [any] */
const char *fl_jws_parse(struct fl_arena *arena, struct fl_str text, size_t bytes_max,
			 struct fl_jws *ret);
/* Base64url without padding, every bit of it. Empty is none. [any] */
bool fl_jws_decode(struct fl_arena *arena, struct fl_str text, struct fl_str *ret);
/* FL_JWS_N: it is none of them, whatever it resembles. [any] */
enum fl_jws_algorithm fl_jws_algorithm(struct fl_str name);

#endif
