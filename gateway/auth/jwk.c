/* gateway/auth/jwk.c - keys that tokens are checked with
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/jwk.h"

#include <gnutls/crypto.h>
#include <sodium.h>

#include "policy/json.h"

#define RSA_ALGORITHMS                                                                             \
	(FL_JWS_BIT(FL_JWS_RS256) | FL_JWS_BIT(FL_JWS_RS384) | FL_JWS_BIT(FL_JWS_RS512) |          \
	 FL_JWS_BIT(FL_JWS_PS256))

static const struct {
	const char *name;
	gnutls_ecc_curve_t curve;
	enum fl_jws_algorithm algorithm;
	size_t bytes; /* of a coordinate */
} curves[] = {
    {"P-256", GNUTLS_ECC_CURVE_SECP256R1, FL_JWS_ES256, 32},
    {"P-384", GNUTLS_ECC_CURVE_SECP384R1, FL_JWS_ES384, 48},
};

static gnutls_datum_t datum(struct fl_str s)
{
	union { /* GnuTLS only reads */
		const char *from;
		unsigned char *to;
	} u = {.from = s.p};

	return (gnutls_datum_t){u.to, (unsigned)s.n};
}

void fl_jwk_set_init(struct fl_jwk_set *set)
{
	*set = (struct fl_jwk_set){.n = 0};
	fl_arena_init(&set->arena, 1024, SIZE_MAX);
}

void fl_jwk_set_fini(struct fl_jwk_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->keys[i].public_key)
			gnutls_pubkey_deinit(set->keys[i].public_key);
	fl_arena_wipe(&set->arena);
	fl_arena_fini(&set->arena);
	set->n = 0;
}

/* ---- one key; each says what is wrong, or NULL, and leaves algorithms 0 when it is of no use ----
 */

static const char *check_rsa(struct fl_jwk *key)
{
	unsigned bits;

	if (gnutls_pubkey_get_pk_algorithm(key->public_key, &bits) != GNUTLS_PK_RSA)
		return "is no RSA key";
	if (bits < FL_JWK_RSA_BITS_MIN || bits > FL_JWK_RSA_BITS_MAX)
		return "is an RSA key of less than 2048 or more than 8192 bits";
	key->algorithms &= RSA_ALGORITHMS;
	return NULL;
}

static const char *read_rsa(struct fl_arena *scratch, const struct fl_cedar_json *from,
                            struct fl_jwk *key)
{
	struct fl_str m, e;
	gnutls_datum_t modulus, exponent;

	if (!fl_jws_decode(scratch, fl_cedar_json_str(fl_cedar_json_find(from, "n")), &m) ||
	    !fl_jws_decode(scratch, fl_cedar_json_str(fl_cedar_json_find(from, "e")), &e))
		return "has no \"n\" or \"e\" in base64url";
	if (e.n > 8 || !(e.p[e.n - 1] & 1) || (e.n == 1 && (unsigned char)e.p[0] < 3))
		return "has an exponent that no RSA key should have";
	modulus = datum(m);
	exponent = datum(e);
	if (gnutls_pubkey_init(&key->public_key) < 0 ||
	    gnutls_pubkey_import_rsa_raw(key->public_key, &modulus, &exponent) < 0)
		return "is no RSA key";
	return check_rsa(key);
}

static const char *read_ec(struct fl_arena *scratch, const struct fl_cedar_json *from,
                           struct fl_jwk *key)
{
	struct fl_str name = fl_cedar_json_str(fl_cedar_json_find(from, "crv")), x, y;
	gnutls_datum_t x_datum, y_datum;
	size_t i = 0;

	while (i < FL_ARRAY_LEN(curves) && !fl_str_is(name, curves[i].name))
		i++;
	if (i == FL_ARRAY_LEN(curves)) {
		key->algorithms = 0;
		return NULL;
	}
	if (!fl_jws_decode(scratch, fl_cedar_json_str(fl_cedar_json_find(from, "x")), &x) ||
	    !fl_jws_decode(scratch, fl_cedar_json_str(fl_cedar_json_find(from, "y")), &y) ||
	    x.n != curves[i].bytes || y.n != curves[i].bytes)
		return "has no \"x\" and \"y\" of its curve's size in base64url";
	x_datum = datum(x);
	y_datum = datum(y);
	if (gnutls_pubkey_init(&key->public_key) < 0 ||
	    gnutls_pubkey_import_ecc_raw(key->public_key, curves[i].curve, &x_datum, &y_datum) <
	        0 ||
	    gnutls_pubkey_verify_params(key->public_key) < 0)
		return "is no point of its curve";
	key->algorithms &= FL_JWS_BIT(curves[i].algorithm);
	return NULL;
}

static const char *keep_ed25519(struct fl_arena *arena, struct fl_str x, struct fl_jwk *key)
{
	if (x.n != crypto_sign_PUBLICKEYBYTES)
		return "is no public key of Ed25519: that has 32 bytes";
	key->bytes = fl_arena_str(arena, x);
	key->algorithms &= FL_JWS_BIT(FL_JWS_EDDSA);
	return key->bytes.p ? NULL : "cannot be read: no memory";
}

static const char *read_okp(struct fl_jwk_set *set, struct fl_arena *scratch,
                            const struct fl_cedar_json *from, struct fl_jwk *key)
{
	struct fl_str x;

	if (!fl_str_is(fl_cedar_json_str(fl_cedar_json_find(from, "crv")), "Ed25519")) {
		key->algorithms = 0;
		return NULL;
	}
	if (!fl_jws_decode(scratch, fl_cedar_json_str(fl_cedar_json_find(from, "x")), &x))
		return "has no \"x\" in base64url";
	return keep_ed25519(&set->arena, x, key);
}

/* "use" and "key_ops" say what else a key is for. */
static bool is_for_signatures(const struct fl_cedar_json *from)
{
	const struct fl_cedar_json *use = fl_cedar_json_find(from, "use");
	const struct fl_cedar_json *ops = fl_cedar_json_find(from, "key_ops");

	if (use && !fl_str_is(fl_cedar_json_str(use), "sig"))
		return false;
	if (!ops)
		return true;
	for (size_t i = 0; ops->kind == FL_CEDAR_JSON_ARRAY && i < ops->n; i++)
		if (fl_str_is(fl_cedar_json_str(&ops->u.items[i]), "verify"))
			return true;
	return false;
}

static const char *read_jwk(struct fl_jwk_set *set, struct fl_arena *scratch,
                            const struct fl_cedar_json *from, struct fl_jwk *key)
{
	struct fl_str kind = fl_cedar_json_str(fl_cedar_json_find(from, "kty"));
	const struct fl_cedar_json *alg = fl_cedar_json_find(from, "alg");
	const struct fl_cedar_json *kid = fl_cedar_json_find(from, "kid");

	if (!kind.p)
		return "has no \"kty\"";
	if (fl_str_is(kind, "oct"))
		return "is a secret: that belongs under \"secrets\"";
	if (fl_cedar_json_find(from, "d"))
		return "is a private key: only its public half belongs here";
	if (kid && !fl_cedar_json_str(kid).p)
		return "has a \"kid\" that is no text";
	if (kid)
		key->kid = fl_arena_str(&set->arena, fl_cedar_json_str(kid));
	if (alg) {
		enum fl_jws_algorithm only = fl_jws_algorithm(fl_cedar_json_str(alg));

		key->algorithms &= only < FL_JWS_N ? FL_JWS_BIT(only) : 0;
	}
	if (!is_for_signatures(from))
		key->algorithms = 0;
	if (key->algorithms == 0)
		return NULL;
	if (fl_str_is(kind, "RSA"))
		return read_rsa(scratch, from, key);
	if (fl_str_is(kind, "EC"))
		return read_ec(scratch, from, key);
	if (fl_str_is(kind, "OKP"))
		return read_okp(set, scratch, from, key);
	key->algorithms = 0;
	return NULL;
}

static const char *read_curve(struct fl_jwk_set *set, struct fl_jwk *key)
{
	gnutls_datum_t x = {NULL, 0}, y = {NULL, 0};
	gnutls_ecc_curve_t curve;
	const char *wrong = NULL;

	if (gnutls_pubkey_export_ecc_raw2(key->public_key, &curve, &x, &y, 0) < 0)
		return "is of a kind that is not known";
	if (curve == GNUTLS_ECC_CURVE_ED25519) {
		wrong = keep_ed25519(&set->arena, fl_str_n((const char *)x.data, x.size), key);
	} else {
		unsigned may = 0;

		for (size_t i = 0; i < FL_ARRAY_LEN(curves); i++)
			if (curves[i].curve == curve)
				may = FL_JWS_BIT(curves[i].algorithm);
		key->algorithms &= may;
		if (gnutls_pubkey_verify_params(key->public_key) < 0)
			wrong = "is no point of its curve";
	}
	gnutls_free(x.data);
	gnutls_free(y.data);
	return wrong;
}

static const char *read_pem(struct fl_jwk_set *set, struct fl_str text, struct fl_jwk *key)
{
	gnutls_datum_t pem = datum(text);

	if (gnutls_pubkey_init(&key->public_key) < 0 ||
	    gnutls_pubkey_import(key->public_key, &pem, GNUTLS_X509_FMT_PEM) < 0)
		return "is no public key in PEM (\"BEGIN PUBLIC KEY\")";
	if (gnutls_pubkey_get_pk_algorithm(key->public_key, NULL) == GNUTLS_PK_RSA)
		return check_rsa(key);
	return read_curve(set, key);
}

/* ---- all ---- */

/* Keeps what read() made, or says what is wrong with it. */
static const char *conclude(struct fl_jwk_set *set, struct fl_jwk *key, const char *wrong)
{
	if (!wrong && key->algorithms != 0 && set->n == FL_JWK_MAX)
		wrong = "is one too many: there may be 64";
	if (!wrong && key->algorithms != 0)
		set->keys[set->n++] = *key;
	else if (key->public_key)
		gnutls_pubkey_deinit(key->public_key);
	return wrong;
}

static struct fl_str read_jwks(struct fl_jwk_set *set, struct fl_str text, unsigned algorithms,
                               struct fl_arena *scratch)
{
	const struct fl_cedar_json *keys;
	struct fl_cedar_json json;
	struct fl_problems problems;
	size_t n = 1;

	fl_problems_init(&problems, scratch);
	if (fl_cedar_json_parse(scratch, text, NULL, &json, &problems) != 0 ||
	    json.kind != FL_CEDAR_JSON_OBJECT)
		return FL_STR("the keys are neither a JWK set nor a PEM");
	keys = fl_cedar_json_find(&json, "keys");
	if (keys && keys->kind != FL_CEDAR_JSON_ARRAY)
		return FL_STR("\"keys\" of the JWK set is no list");
	if (keys)
		n = keys->n;
	for (size_t i = 0; i < n; i++) {
		struct fl_jwk key = {.algorithms = algorithms & ~FL_JWS_BIT(FL_JWS_HS256)};
		const struct fl_cedar_json *from = keys ? &keys->u.items[i] : &json;
		const char *wrong = conclude(set, &key, read_jwk(set, scratch, from, &key));

		if (wrong)
			return fl_arena_printf(scratch, "key %zu of the keys %s", i + 1, wrong);
	}
	return FL_STR_NULL;
}

struct fl_str fl_jwk_set_read(struct fl_jwk_set *set, struct fl_str text, unsigned algorithms,
                              struct fl_arena *scratch)
{
	struct fl_jwk key = {.algorithms = algorithms & ~FL_JWS_BIT(FL_JWS_HS256)};
	const char *wrong;

	text = fl_str_trim(text);
	if (!fl_str_starts(text, FL_STR("-----BEGIN")))
		return read_jwks(set, text, algorithms, scratch);
	wrong = conclude(set, &key, read_pem(set, text, &key));
	return wrong ? fl_arena_printf(scratch, "the key %s", wrong) : FL_STR_NULL;
}

struct fl_str fl_jwk_set_add_secret(struct fl_jwk_set *set, struct fl_str secret)
{
	struct fl_jwk key = {.algorithms = FL_JWS_BIT(FL_JWS_HS256)};

	if (secret.n < FL_JWK_SECRET_BYTES_MIN)
		return FL_STR("is shorter than the 32 bytes that HS256 asks for");
	key.bytes = fl_arena_str(&set->arena, secret);
	if (!key.bytes.p)
		return FL_STR("cannot be read: no memory");
	return fl_str(conclude(set, &key, NULL));
}

/* ---- does it fit? ---- */

static const gnutls_sign_algorithm_t gnutls_names[FL_JWS_N] = {
    [FL_JWS_RS256] = GNUTLS_SIGN_RSA_SHA256,   [FL_JWS_RS384] = GNUTLS_SIGN_RSA_SHA384,
    [FL_JWS_RS512] = GNUTLS_SIGN_RSA_SHA512,   [FL_JWS_PS256] = GNUTLS_SIGN_RSA_PSS_RSAE_SHA256,
    [FL_JWS_ES256] = GNUTLS_SIGN_ECDSA_SHA256, [FL_JWS_ES384] = GNUTLS_SIGN_ECDSA_SHA384,
};

static bool fits_public(const struct fl_jwk *key, const struct fl_jws *jws, struct fl_str signature)
{
	gnutls_datum_t message = datum(jws->message), sig = datum(signature);

	return gnutls_pubkey_verify_data2(key->public_key, gnutls_names[jws->algorithm], 0,
	                                  &message, &sig) >= 0;
}

/* In a JWS r and s stand side by side, each as long as the curve's numbers; GnuTLS wants DER. */
static bool fits_ecdsa(const struct fl_jwk *key, const struct fl_jws *jws)
{
	const size_t n = curves[jws->algorithm == FL_JWS_ES256 ? 0 : 1].bytes;
	gnutls_datum_t r, s, der;
	bool fits;

	if (jws->signature.n != 2 * n)
		return false;
	r = datum(fl_str_n(jws->signature.p, n));
	s = datum(fl_str_n(jws->signature.p + n, n));
	if (gnutls_encode_rs_value(&der, &r, &s) < 0)
		return false;
	fits = fits_public(key, jws, fl_str_n((const char *)der.data, der.size));
	gnutls_free(der.data);
	return fits;
}

static const unsigned char *octets(struct fl_str s)
{
	return (const unsigned char *)s.p;
}

static bool fits_hmac(const struct fl_jwk *key, const struct fl_jws *jws)
{
	unsigned char mac[32];

	return jws->signature.n == sizeof mac &&
	       gnutls_hmac_fast(GNUTLS_MAC_SHA256, key->bytes.p, key->bytes.n, jws->message.p,
	                        jws->message.n, mac) == 0 &&
	       sodium_memcmp(mac, jws->signature.p, sizeof mac) == 0;
}

static bool fits_ed25519(const struct fl_jwk *key, const struct fl_jws *jws)
{
	return jws->signature.n == crypto_sign_BYTES &&
	       crypto_sign_verify_detached(octets(jws->signature), octets(jws->message),
	                                   jws->message.n, octets(key->bytes)) == 0;
}

static bool fits_rsa(const struct fl_jwk *key, const struct fl_jws *jws)
{
	return fits_public(key, jws, jws->signature);
}

static bool (*const fits[FL_JWS_N])(const struct fl_jwk *key, const struct fl_jws *jws) = {
    [FL_JWS_RS256] = fits_rsa,     [FL_JWS_RS384] = fits_rsa,   [FL_JWS_RS512] = fits_rsa,
    [FL_JWS_PS256] = fits_rsa,     [FL_JWS_ES256] = fits_ecdsa, [FL_JWS_ES384] = fits_ecdsa,
    [FL_JWS_EDDSA] = fits_ed25519, [FL_JWS_HS256] = fits_hmac,
};

bool fl_jwk_set_fits(const struct fl_jwk_set *set, const struct fl_jws *jws)
{
	unsigned tries = 0;

	for (size_t i = 0; i < set->n && tries < FL_JWK_TRIES_MAX; i++) {
		const struct fl_jwk *key = &set->keys[i];

		if (!(key->algorithms & FL_JWS_BIT(jws->algorithm)))
			continue;
		if (jws->kid.p && key->kid.p && !fl_str_eq(jws->kid, key->kid))
			continue;
		if (fits[jws->algorithm](key, jws))
			return true;
		tries++;
	}
	return false;
}
