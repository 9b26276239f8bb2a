/* gateway/auth/signature.h - does a signature fit a message and a key?
 * SPDX-License-Identifier: Apache-2.0
 *
 * HMAC-SHA256 of one piece is GnuTLS's, which was the fastest for 10 KB; of several pieces, and the
 * other hashes, Nettle's, which needs no memory for them. Ed25519 is libsodium's, ECDSA GnuTLS's.
 */
#ifndef FL_GATEWAY_AUTH_SIGNATURE_H
#define FL_GATEWAY_AUTH_SIGNATURE_H

#include <gnutls/abstract.h>

#include "base/arena.h"
#include "gateway/auth/recipe.h"

#define FL_SIGNATURE_BYTES_MAX 80u /* of ECDSA P-256 in DER; Ed25519: 64, HMAC: 32 */
#define FL_SIGNATURE_PRINT_BYTES 32u

struct fl_signature_key {
	enum fl_recipe_algorithm algorithm;
	struct fl_str prefix; /* of the signatures that it is for */
	unsigned char *bytes; /* of HMAC and Ed25519; wiped by fini */
	size_t n;
	gnutls_pubkey_t public_key; /* of ECDSA */
};

/* `secret` as the recipe writes it. NULL: fine; else what is wrong with it, in words: then there is
 * nothing to fini. [control] */
const char *fl_signature_key_init(const struct fl_recipe *recipe, struct fl_str secret,
                                  struct fl_signature_key *ret);
void fl_signature_key_fini(struct fl_signature_key *key);

struct fl_signed { /* a message in pieces */
	struct fl_str pieces[FL_RECIPE_PARTS_MAX];
	size_t n;
};

/* Does any of the signatures fit? `print` becomes what names message and key, whichever signature
 * was sent: the same message has no second one. Takes the same time whatever differs. [any] no
 * memory but, for Ed25519, the message in one piece in `arena`; ECDSA allocates */
bool fl_signature_fits(const struct fl_signature_key *key, enum fl_recipe_encoding encoding,
                       const struct fl_signed *message, const struct fl_recipe_claim *claim,
                       struct fl_arena *arena, unsigned char print[FL_SIGNATURE_PRINT_BYTES]);
/* [any] no memory */
void fl_signature_sha256(struct fl_str text, unsigned char ret[32]);

#endif
