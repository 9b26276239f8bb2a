/* tests/fuzz/jwt.c - tokens and keys
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text as a token, as keys, and, cut at the first line, as header and claims that are signed
 * rightly: what is accepted is accepted again from memory, with as many claims.
 */
#include "tests/fuzz/fuzz.h"

#include <gnutls/crypto.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/auth/jwk.h"
#include "gateway/auth/jwt.h"
#include "gateway/auth/jwt_cache.h"

#define NOW_S UINT64_C(1700000000)
#define SECRET "0123456789abcdef0123456789abcdef"
#define BYTES_MAX (16u << 10)

static const struct fl_str tags[] = {FL_STR_INIT("scope"), FL_STR_INIT("roles")};
static const struct fl_str audience = FL_STR_INIT("a"), name = FL_STR_INIT("s");
static const struct fl_cfg_consumer consumer = {.name = FL_STR_INIT("c")};
static const struct fl_cfg_secret secret = {.name = FL_STR_INIT("s"), .value = FL_STR_INIT(SECRET)};
static const struct fl_config config = {
    .secrets = &secret, .secrets_n = 1, .consumers = &consumer, .consumers_n = 1};
static const struct fl_cfg_auth_method method = {
    .name = FL_STR_INIT("m"),
    .by.jwt = {.issuer = FL_STR_INIT("i"),
               .audience = {&audience, 1},
               .algorithms = FL_JWS_ALL,
               .secrets = {&name, 1},
               .max_token_bytes = BYTES_MAX,
               .consumer_claim = FL_STR_INIT("sub"),
               .tags = {tags, 2}},
};

static struct fl_jwt_cache *cache;

static void *make_method(struct fl_arena *arena)
{
	struct fl_problems problems;
	void *state;

	fl_problems_init(&problems, arena);
	fl_auth_jwt.build(&(struct fl_auth_parts){.config = &config}, &method, &state, &problems);
	if (problems.errors > 0)
		abort();
	return state;
}

static struct fl_str encode(struct fl_arena *arena, struct fl_str text)
{
	const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
	size_t n = sodium_base64_encoded_len(text.n, variant);
	char *to = fl_arena_alloc(arena, n);

	if (!to || !sodium_bin2base64(to, n, (const unsigned char *)text.p, text.n, variant))
		abort();
	return fl_str(to);
}

static struct fl_str sign(struct fl_arena *arena, struct fl_str header, struct fl_str claims)
{
	struct fl_str h = encode(arena, header), c = encode(arena, claims);
	struct fl_str m = fl_arena_printf(arena, "%.*s.%.*s", FL_STR_ARGS(h), FL_STR_ARGS(c));
	char mac[32];

	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, SECRET, 32, m.p, m.n, mac) != 0)
		abort();
	h = encode(arena, fl_str_n(mac, sizeof mac));
	return fl_arena_printf(arena, "%.*s.%.*s", FL_STR_ARGS(m), FL_STR_ARGS(h));
}

static enum fl_auth_verdict show(const void *state, struct fl_arena *arena, struct fl_str token,
                                 size_t *claims)
{
	struct fl_str value = fl_arena_printf(arena, "Bearer %.*s", FL_STR_ARGS(token));
	const fairlead_kv header = {{"authorization", 13}, {value.p, value.n}};
	struct fl_auth_attempt a = {.headers = &header,
	                            .headers_n = 1,
	                            .wall_ns = NOW_S * FL_NS_PER_SEC,
	                            .arena = arena,
	                            .tokens = cache};
	enum fl_auth_verdict verdict = fl_auth_jwt.look(state, &a);

	*claims = a.principal.claims_n;
	if (*claims > 2 || (verdict == FL_AUTH_REFUSED && !a.why))
		abort();
	return verdict;
}

static void read_keys(struct fl_arena *arena, struct fl_str text)
{
	struct fl_jwk_set set;

	fl_jwk_set_init(&set);
	(void)fl_jwk_set_read(&set, text, FL_JWS_ALL, arena);
	for (size_t i = 0; i < set.n; i++)
		if (set.keys[i].algorithms == 0 ||
		    set.keys[i].algorithms & FL_JWS_BIT(FL_JWS_HS256))
			abort();
	fl_jwk_set_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *state;
	struct fl_str text = fl_str_n((const char *)data, size), header, claims, token;
	struct fl_arena arena;
	struct fl_jws jws;
	size_t first, again;

	fl_arena_init(&arena, 4096, 64 << 20);
	if (!cache)
		cache = fl_jwt_cache_create();
	if (!state)
		state = make_method(&arena);
	if (size > 0) {
		(void)fl_jws_parse(&arena, text, BYTES_MAX, &jws);
		read_keys(&arena, text);
		header = fl_str_split(text, '\n', &claims);
		token = sign(&arena, header, claims.p ? claims : FL_STR(""));
		if (show(state, &arena, token, &first) == FL_AUTH_ACCEPTED &&
		    (show(state, &arena, token, &again) != FL_AUTH_ACCEPTED || first != again))
			abort();
	}
	fl_arena_fini(&arena);
	return 0;
}
