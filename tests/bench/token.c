/* tests/bench/token.c - what a token costs: remembered, checked anew, and its signature by itself
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench_token
 *
 * Prints one line of JSON a part: nanoseconds a call, the fastest of several runs.
 */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/auth/jwk.h"
#include "gateway/auth/jwt.h"
#include "gateway/auth/jwt_cache.h"

#define RUNS 100 /* short ones: most of a busy machine pass undisturbed */
#define NOW_S UINT64_C(1700000000)
#define HEADER "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"2023-11-key-of-the-issuer\"}"
#define CLAIMS                                                                                     \
	"{\"iss\":\"https://idp.example.com\",\"aud\":\"api\",\"exp\":1700003600,"                 \
	"\"iat\":1700000000,\"sub\":\"6f1c3d0e-4c4c-4c0a-9d2e-0a4f6f1c3d0e\","                     \
	"\"jti\":\"2b7a9c1e-7d55-4f0b-8a31-5b1f2b7a9c1e\",\"scope\":\"orders:read orders:write\"}"

static struct fl_arena arena;
static struct fl_str token, bearer;
static gnutls_pubkey_t public_key;
static gnutls_datum_t message, signature;
static struct fl_jwt_cache *cache;
static void *method;

static void need(bool is_so, const char *what)
{
	if (is_so)
		return;
	(void)fprintf(stderr, "bench_token: %s failed\n", what);
	exit(1);
}

static struct fl_str encode(const void *bytes, size_t n)
{
	const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
	size_t room = sodium_base64_encoded_len(n, variant);
	char *to = fl_arena_alloc(&arena, room);

	need(to && sodium_bin2base64(to, room, bytes, n, variant), "base64url");
	return fl_str(to);
}

/* A number of DER in as many bytes as the curve's have. */
static void put_number(const gnutls_datum_t *from, unsigned char to[32])
{
	size_t skip = from->size > 32 ? from->size - 32 : 0, n = from->size - skip;

	memset(to, 0, 32);
	memcpy(to + 32 - n, from->data + skip, n);
}

static struct fl_str make_pem(gnutls_privkey_t key)
{
	gnutls_datum_t pem;
	struct fl_str text;

	need(gnutls_pubkey_init(&public_key) == 0 &&
	         gnutls_pubkey_import_privkey(public_key, key, 0, 0) == 0 &&
	         gnutls_pubkey_export2(public_key, GNUTLS_X509_FMT_PEM, &pem) == 0,
	     "the public key");
	text = fl_arena_str(&arena, fl_str_n((const char *)pem.data, pem.size));
	gnutls_free(pem.data);
	return text;
}

static struct fl_str make_token(void)
{
	struct fl_str h = encode(HEADER, strlen(HEADER)), c = encode(CLAIMS, strlen(CLAIMS)), pem;
	gnutls_privkey_t key;
	gnutls_datum_t r, s;
	unsigned char raw[64];
	char *text;

	need(gnutls_privkey_init(&key) == 0 &&
	         gnutls_privkey_generate(key, GNUTLS_PK_ECDSA,
	                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) == 0,
	     "a key");
	pem = make_pem(key);
	token = fl_arena_printf(&arena, "%.*s.%.*s", FL_STR_ARGS(h), FL_STR_ARGS(c));
	text = fl_arena_alloc(&arena, token.n);
	memcpy(text, token.p, token.n);
	message = (gnutls_datum_t){(unsigned char *)text, (unsigned)token.n};
	need(gnutls_privkey_sign_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &message, &signature) ==
	             0 &&
	         gnutls_decode_rs_value(&signature, &r, &s) == 0,
	     "a signature");
	put_number(&r, raw);
	put_number(&s, raw + 32);
	h = encode(raw, sizeof raw);
	token = fl_arena_printf(&arena, "%.*s.%.*s", FL_STR_ARGS(token), FL_STR_ARGS(h));
	bearer = fl_arena_printf(&arena, "Bearer %.*s", FL_STR_ARGS(token));
	gnutls_free(r.data);
	gnutls_free(s.data);
	gnutls_privkey_deinit(key);
	return pem;
}

static void make_method(struct fl_str pem)
{
	static const struct fl_str audience = FL_STR_INIT("api"), tag = FL_STR_INIT("scope");
	static const struct fl_config config = {.secrets_n = 0};
	static struct fl_cfg_auth_method m = {
	    .name = FL_STR_INIT("m"),
	    .by.jwt = {.issuer = FL_STR_INIT("https://idp.example.com"),
	               .audience = {&audience, 1},
	               .algorithms = FL_JWS_ALL,
	               .max_token_bytes = 16384,
	               .tags = {&tag, 1}},
	};
	struct fl_problems problems;

	m.by.jwt.keys = pem;
	fl_problems_init(&problems, &arena);
	fl_auth_jwt.build(&(struct fl_auth_parts){.config = &config}, &m, &method, &problems);
	need(problems.errors == 0, "the method");
}

/* ---- parts ---- */

static void look(struct fl_jwt_cache *tokens)
{
	const fairlead_kv header = {{"authorization", 13}, {bearer.p, bearer.n}};
	static struct fl_arena own; /* as a worker's: reset, not freed */
	struct fl_auth_attempt a = {.headers = &header,
	                            .headers_n = 1,
	                            .wall_ns = NOW_S * FL_NS_PER_SEC,
	                            .arena = &own,
	                            .tokens = tokens};

	if (own.max_bytes == 0)
		fl_arena_init(&own, 16384, 1 << 20);
	need(fl_auth_jwt.look(method, &a) == FL_AUTH_ACCEPTED && a.principal.claims_n == 1,
	     "the token");
	fl_arena_reset(&own);
}

static void look_remembered(void)
{
	look(cache);
}

static void look_anew(void)
{
	look(NULL);
}

static void verify_bare(void)
{
	need(gnutls_pubkey_verify_data2(public_key, GNUTLS_SIGN_ECDSA_SHA256, 0, &message,
	                                &signature) >= 0,
	     "the signature");
}

static void measure(const char *part, void (*run)(void), unsigned calls)
{
	uint64_t best_ns = UINT64_MAX;

	for (int i = 0; i < RUNS; i++) {
		uint64_t start_ns = fl_clock_mono_ns(), took_ns;

		for (unsigned k = 0; k < calls; k++)
			run();
		took_ns = fl_clock_mono_ns() - start_ns;
		best_ns = took_ns < best_ns ? took_ns : best_ns;
	}
	(void)printf("{\"part\": \"%s\", \"ns\": %.1f}\n", part, (double)best_ns / calls);
}

int main(void)
{
	need(sodium_init() >= 0, "libsodium");
	fl_arena_init(&arena, 65536, 1 << 20);
	make_method(make_token());
	cache = fl_jwt_cache_create();
	need(cache != NULL, "memory");
	(void)printf("{\"part\": \"bytes of the token\", \"n\": %zu}\n", token.n);
	measure("remembered", look_remembered, 2000);
	measure("ES256 anew", look_anew, 20);
	measure("ES256 by GnuTLS itself", verify_bare, 20);
	fl_auth_jwt.destroy(method);
	(void)fl_jwt_cache_destroy(cache);
	gnutls_pubkey_deinit(public_key);
	gnutls_free(signature.data);
	fl_arena_fini(&arena);
	return 0;
}
