/* gateway/auth/jwk.h - keys that tokens are checked with
 * SPDX-License-Identifier: Apache-2.0
 *
 * Public keys come as a JWK set, one JWK (RFC 7517), or one PEM of a SubjectPublicKeyInfo; secrets of
 * HS256 as their bytes. What a key is says what it may check: no token can have a public key taken
 * for a secret. GnuTLS checks RSA and ECDSA, libsodium Ed25519.
 */
#ifndef FL_GATEWAY_AUTH_JWK_H
#define FL_GATEWAY_AUTH_JWK_H

#include <gnutls/abstract.h>

#include "gateway/auth/jws.h"

#define FL_JWK_MAX 64u
#define FL_JWK_RSA_BITS_MIN 2048u
#define FL_JWK_RSA_BITS_MAX 8192u /* checking costs by the square */
#define FL_JWK_SECRET_BYTES_MIN 32u /* RFC 7518, 3.2 */
/* Keys tried for a token that names none. */
#define FL_JWK_TRIES_MAX 8u

struct fl_jwk {
	unsigned algorithms; /* FL_JWS_BIT() */
	struct fl_str kid; /* {NULL,0}: it has no name */
	gnutls_pubkey_t public_key; /* of RSA and ECDSA */
	struct fl_str bytes; /* of Ed25519 and HS256 */
};

struct fl_jwk_set {
	struct fl_arena arena; /* wiped by fini */
	struct fl_jwk keys[FL_JWK_MAX];
	size_t n;
};

void fl_jwk_set_init(struct fl_jwk_set *set);
void fl_jwk_set_fini(struct fl_jwk_set *set);
/* Adds the keys of a text, those that can check one of `algorithms`; others, and those of kinds that
 * are not known, are passed over. {NULL,0}: fine; else what is wrong, in `scratch`: then some may
 * have been added. [control] */
struct fl_str fl_jwk_set_read(struct fl_jwk_set *set, struct fl_str text, unsigned algorithms,
			      struct fl_arena *scratch);
/* The same for a secret of HS256. */
struct fl_str fl_jwk_set_add_secret(struct fl_jwk_set *set, struct fl_str secret);
/* Does the signature fit one of the keys? Those of the token's kid, and those without a name.
 * [any] no lock; GnuTLS allocates */
bool fl_jwk_set_fits(const struct fl_jwk_set *set, const struct fl_jws *jws);

#endif
