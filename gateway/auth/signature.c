/* gateway/auth/signature.c - does a signature fit a message and a key?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/signature.h"

#include <gnutls/crypto.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdlib.h>

_Static_assert(FL_SIGNATURE_PRINT_BYTES == SHA256_DIGEST_SIZE, "a print is a hash");

static const uint8_t *octets(struct fl_str s)
{
	return (const uint8_t *)(s.p ? s.p : "");
}

/* ---- keys ---- */

static const char *init_ecdsa(struct fl_signature_key *key)
{
	gnutls_datum_t der = {key->bytes, (unsigned)key->n};
	gnutls_ecc_curve_t curve;

	if (gnutls_pubkey_init(&key->public_key) < 0)
		return "cannot be read: no memory";
	if (gnutls_pubkey_import(key->public_key, &der, GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_pubkey_export_ecc_raw2(key->public_key, &curve, NULL, NULL, 0) == 0 &&
	    curve == GNUTLS_ECC_CURVE_SECP256R1)
		return NULL;
	gnutls_pubkey_deinit(key->public_key);
	key->public_key = NULL;
	return "is no public key of P-256 (SubjectPublicKeyInfo in DER, as base64)";
}

static struct fl_str without(struct fl_str s, struct fl_str prefix)
{
	return fl_str_starts(s, prefix) ? fl_str_n(s.p + prefix.n, s.n - prefix.n) : s;
}

static const char *init_bytes(const struct fl_recipe *recipe, struct fl_str secret,
                              struct fl_signature_key *key)
{
	key->bytes = malloc(secret.n + 1);
	if (!key->bytes)
		return "cannot be read: no memory";
	if (recipe->key == FL_RECIPE_TEXT) {
		memcpy(key->bytes, octets(secret), secret.n);
		key->n = secret.n;
	} else {
		key->n = fl_recipe_decode(recipe->key, secret, key->bytes, secret.n);
	}
	return key->n > 0 ? NULL : "is not written as it should be: base64 or hex";
}

const char *fl_signature_key_init(const struct fl_recipe *recipe, struct fl_str secret,
                                  struct fl_signature_key *ret)
{
	const char *wrong;

	*ret = (struct fl_signature_key){.algorithm = recipe->algorithm, .prefix = recipe->prefix};
	if (recipe->public_key_prefix.n > 0 && fl_str_starts(secret, recipe->public_key_prefix)) {
		secret = without(secret, recipe->public_key_prefix);
		ret->algorithm = FL_RECIPE_ED25519;
		ret->prefix = recipe->public_prefix;
	}
	wrong = init_bytes(recipe, without(secret, recipe->key_prefix), ret);
	if (!wrong && ret->algorithm == FL_RECIPE_ED25519 && ret->n != crypto_sign_PUBLICKEYBYTES)
		wrong = "is no public key of Ed25519: that has 32 bytes";
	if (!wrong && ret->algorithm == FL_RECIPE_ECDSA_P256)
		wrong = init_ecdsa(ret);
	if (wrong)
		fl_signature_key_fini(ret);
	return wrong;
}

void fl_signature_key_fini(struct fl_signature_key *key)
{
	if (key->bytes)
		sodium_memzero(key->bytes, key->n);
	free(key->bytes);
	if (key->public_key)
		gnutls_pubkey_deinit(key->public_key);
	*key = (struct fl_signature_key){.bytes = NULL};
}

/* ---- hashes ---- */

static void hmac_sha256(const struct fl_signature_key *key, const struct fl_signed *m,
                        unsigned char *ret)
{
	struct hmac_sha256_ctx ctx;

	if (m->n == 1 && gnutls_hmac_fast(GNUTLS_MAC_SHA256, key->bytes, key->n,
	                                  octets(m->pieces[0]), m->pieces[0].n, ret) == 0)
		return;
	hmac_sha256_set_key(&ctx, key->n, key->bytes);
	for (size_t i = 0; i < m->n; i++)
		hmac_sha256_update(&ctx, m->pieces[i].n, octets(m->pieces[i]));
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, ret);
	sodium_memzero(&ctx, sizeof ctx);
}

static void hmac_sha1(const struct fl_signature_key *key, const struct fl_signed *m,
                      unsigned char *ret)
{
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, key->n, key->bytes);
	for (size_t i = 0; i < m->n; i++)
		hmac_sha1_update(&ctx, m->pieces[i].n, octets(m->pieces[i]));
	hmac_sha1_digest(&ctx, SHA1_DIGEST_SIZE, ret);
	sodium_memzero(&ctx, sizeof ctx);
}

static void sha256(const struct fl_signed *m, unsigned char *ret)
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	for (size_t i = 0; i < m->n; i++)
		sha256_update(&ctx, m->pieces[i].n, octets(m->pieces[i]));
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, ret);
}

void fl_signature_sha256(struct fl_str text, unsigned char ret[32])
{
	sha256(&(struct fl_signed){.pieces = {text}, .n = 1}, ret);
}

/* ---- fits ---- */

static bool in_one_piece(const struct fl_signed *m, struct fl_arena *arena, struct fl_str *ret)
{
	size_t n = 0;
	char *p, *at;

	for (size_t i = 0; i < m->n; i++)
		n += m->pieces[i].n;
	p = at = fl_arena_alloc(arena, n + 1);
	for (size_t i = 0; p && i < m->n; at += m->pieces[i++].n)
		memcpy(at, octets(m->pieces[i]), m->pieces[i].n);
	*ret = fl_str_n(p, p ? n : 0);
	return p != NULL;
}

struct check {
	const struct fl_signature_key *key;
	struct fl_str message;        /* Ed25519 */
	const unsigned char *print;   /* HMAC: what the signature must be; ECDSA: the hash */
	size_t print_n;
};

static bool is_ecdsa(const struct check *c, const unsigned char *signature, size_t n)
{
	unsigned char hash[SHA256_DIGEST_SIZE], copy[FL_SIGNATURE_BYTES_MAX];
	gnutls_datum_t digest = {hash, sizeof hash}, sig = {copy, (unsigned)n};

	memcpy(hash, c->print, sizeof hash);
	memcpy(copy, signature, n);
	return gnutls_pubkey_verify_hash2(c->key->public_key, GNUTLS_SIGN_ECDSA_SHA256, 0, &digest,
	                                  &sig) >= 0;
}

static bool is_right(const struct check *c, const unsigned char *signature, size_t n)
{
	switch (c->key->algorithm) {
	case FL_RECIPE_HMAC_SHA256:
	case FL_RECIPE_HMAC_SHA1:
		return n == c->print_n && sodium_memcmp(signature, c->print, n) == 0;
	case FL_RECIPE_ED25519:
		return n == crypto_sign_BYTES &&
		       crypto_sign_verify_detached(signature, octets(c->message), c->message.n,
		                                   c->key->bytes) == 0;
	case FL_RECIPE_ECDSA_P256:
		return n > 0 && is_ecdsa(c, signature, n);
	}
	return false;
}

bool fl_signature_fits(const struct fl_signature_key *key, enum fl_recipe_encoding encoding,
                       const struct fl_signed *message, const struct fl_recipe_claim *claim,
                       struct fl_arena *arena, unsigned char print[FL_SIGNATURE_PRINT_BYTES])
{
	struct check c = {.key = key, .print = print, .print_n = SHA256_DIGEST_SIZE};
	unsigned char bytes[FL_SIGNATURE_BYTES_MAX];
	bool fits = false;

	memset(print, 0, FL_SIGNATURE_PRINT_BYTES);
	if (key->algorithm == FL_RECIPE_HMAC_SHA256) {
		hmac_sha256(key, message, print);
	} else if (key->algorithm == FL_RECIPE_HMAC_SHA1) {
		hmac_sha1(key, message, print);
		c.print_n = SHA1_DIGEST_SIZE;
	} else {
		sha256(message, print);
	}
	if (key->algorithm == FL_RECIPE_ED25519 && !in_one_piece(message, arena, &c.message))
		return false;
	for (size_t i = 0; i < claim->n; i++) {
		struct fl_str text = claim->signatures[i];

		if (!fl_str_starts(text, key->prefix))
			continue;
		text = without(text, key->prefix);
		fits |= is_right(&c, bytes, fl_recipe_decode(encoding, text, bytes, sizeof bytes));
	}
	return fits;
}
