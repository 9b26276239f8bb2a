/* tests/unit/auth/test_jwt.c - tokens that are right, and every way in which one is not
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <gnutls/crypto.h>
#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "gateway/auth/jwk.h"
#include "gateway/auth/jwt.h"
#include "gateway/auth/jwt_cache.h"
#include "gateway/config/schema.h"

static struct fl_arena arena;
static struct fl_problems problems;

static int set_up(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64u << 20);
	fl_problems_init(&problems, &arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

#undef CASE
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

/* ---- published tokens ---- */

#define PAYLOAD                                                                                    \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
	"cnVlfQ"
#define RSA_N                                                                                      \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt" \
	"0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX" \
	"ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5" \
	"IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" RSA_N "\"}"
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}"
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}"
#define RS256                                                                                      \
	"eyJhbGciOiJSUzI1NiJ9." PAYLOAD                                                            \
	".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8" \
	"W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"                                  \
	"nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS"                                                       \
	"jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"                                  \
	"eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvW"                                                       \
	"h6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define ES256                                                                                      \
	"eyJhbGciOiJFUzI1NiJ9." PAYLOAD                                                            \
	".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define EDDSA                                                                                      \
	"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."                                \
	"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
#define HS256                                                                                      \
	"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD                                        \
	".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define HS256_KEY                                                                                  \
	"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"

static bool fits(const struct fl_jwk_set *set, const char *token)
{
	struct fl_jws jws;
	const char *wrong = fl_jws_parse(&arena, fl_str(token), 16384, &jws);

	if (wrong)
		fail_msg("%s: %s", token, wrong);
	return fl_jwk_set_fits(set, &jws);
}

static void test_published(void **state)
{
	static const struct {
		const char *key, *token;
	} cases[] = {{RSA, RS256}, {EC, ES256}, {ED, EDDSA}, {NULL, HS256}};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_jwk_set set;
		struct fl_str secret;

		fl_jwk_set_init(&set);
		if (cases[i].key) {
			assert_null(
			    fl_jwk_set_read(&set, fl_str(cases[i].key), FL_JWS_ALL, &arena).p);
		} else {
			assert_true(fl_jws_decode(&arena, FL_STR(HS256_KEY), &secret));
			assert_null(fl_jwk_set_add_secret(&set, secret).p);
		}
		for (size_t k = 0; k < FL_ARRAY_LEN(cases); k++)
			assert_int_equal(fits(&set, cases[k].token), i == k); /* and no other's */
		fl_jwk_set_fini(&set);
	}
}

static void test_changed(void **state)
{
	static const char *const tokens[] = {RS256, ES256, EDDSA};
	struct fl_jwk_set set;
	char *copy;

	(void)state;
	fl_jwk_set_init(&set);
	assert_null(
	    fl_jwk_set_read(&set, FL_STR("{\"keys\":[" RSA "," EC "," ED "]}"), FL_JWS_ALL, &arena)
		.p);
	assert_int_equal(set.n, 3);
	for (size_t i = 0; i < FL_ARRAY_LEN(tokens); i++) {
		struct fl_str text = fl_arena_str(&arena, fl_str(tokens[i]));
		struct fl_jws jws;

		assert_true(fits(&set, tokens[i]));
		copy = fl_arena_alloc(&arena, text.n + 1);
		memcpy(copy, text.p, text.n + 1);
		for (size_t at = 0; at < text.n; at += 5) { /* one letter */
			copy[at] = copy[at] == 'A' ? 'B' : 'A';
			if (!fl_jws_parse(&arena, fl_str(copy), 16384, &jws))
				assert_false(fl_jwk_set_fits(&set, &jws));
			copy[at] = text.p[at];
		}
	}
	fl_jwk_set_fini(&set);
}

static void test_kid(void **state)
{
	struct fl_jws jws;
	struct fl_jwk_set set;

	(void)state;
	fl_jwk_set_init(&set);
	assert_null(fl_jwk_set_read(&set,
	                            FL_STR("{\"keys\":[{\"kid\":\"a\",\"kty\":\"OKP\",\"crv\":"
	                                   "\"Ed25519\",\"x\":\"" ED_X "\"}]}"),
	                            FL_JWS_ALL, &arena)
	                .p);
	assert_null(fl_jws_parse(&arena, FL_STR(EDDSA), 16384, &jws));
	assert_true(fl_jwk_set_fits(&set, &jws)); /* names none */
	jws.kid = FL_STR("a");
	assert_true(fl_jwk_set_fits(&set, &jws));
	static const char *const others[] = {"A", "", "a ", "../a", "a' OR '1'='1"};
	for (size_t i = 0; i < FL_ARRAY_LEN(others); i++) {
		jws.kid = fl_str(others[i]);
		assert_false(fl_jwk_set_fits(&set, &jws));
	}
	fl_jwk_set_fini(&set);
}

static void test_tries(void **state)
{
	struct fl_str secret;
	struct fl_jwk_set set;
	char text[33];

	(void)state;
	fl_jwk_set_init(&set);
	assert_true(fl_jws_decode(&arena, FL_STR(HS256_KEY), &secret));
	for (unsigned i = 0; i < FL_JWK_MAX; i++) {
		(void)snprintf(text, sizeof text, "%032u", i);
		assert_null(
		    fl_jwk_set_add_secret(&set, i == 7 || i == 30 ? secret : fl_str(text)).p);
	}
	assert_non_null(fl_jwk_set_add_secret(&set, secret).p); /* one too many */
	assert_true(fits(&set, HS256));                         /* the eighth */
	set.keys[7].bytes = FL_STR("0123456789abcdef0123456789abcdef");
	assert_false(fits(&set, HS256)); /* the 31st is not tried */
	fl_jwk_set_fini(&set);
}

/* ---- keys that are no good ---- */

#define SHORT_N "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"

static void test_keys_refused(void **state)
{
	static const struct {
		const char *text, *says; /* NULL: passed over */
	} cases[] = {
	    {"", "neither"},
	    {"[]", "neither"},
	    {"{", "neither"},
	    {"{\"keys\":1}", "no list"},
	    {"{\"keys\":[1]}", "kty"},
	    {"{\"keys\":[{}]}", "kty"},
	    {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", "secrets"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\",\"d\":\"AA\"}", "private"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}", "32 bytes"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "=\"}", "base64url"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":1,\"x\":\"" ED_X "\"}", "kid"},
	    {"{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" SHORT_N "\"}", "2048"},
	    {"{\"kty\":\"RSA\",\"e\":\"AQ\",\"n\":\"" RSA_N "\"}", "exponent"},
	    {"{\"kty\":\"RSA\",\"e\":\"AQAA\",\"n\":\"" RSA_N "\"}", "exponent"},
	    {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}", "base64url"},
	    {"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}", "size"},
	    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X "\"}",
	     "no point"},
	    {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "PEM"},
	    {"-----BEGIN PRIVATE "
	     "KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
	     "-----END PRIVATE KEY-----\n",
	     "PEM"},
	    {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}", NULL},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"enc\",\"x\":\"" ED_X "\"}", NULL},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"key_ops\":[\"sign\"],\"x\":\"" ED_X "\"}",
	     NULL},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"ES256\",\"x\":\"" ED_X "\"}", NULL},
	    {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}", NULL},
	    {"{\"kty\":\"EC\",\"alg\":\"none\",\"crv\":\"P-256\"}", NULL},
	    {"{\"kty\":\"new\"}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_jwk_set set;
		struct fl_str said;

		fl_jwk_set_init(&set);
		said = fl_jwk_set_read(&set, fl_str(cases[i].text), FL_JWS_ALL, &arena);
		if (set.n != 0)
			fail_msg("taken: %s", cases[i].text);
		if (!said.p != !cases[i].says || (said.p && !strstr(said.p, cases[i].says)))
			fail_msg("%s: %s", cases[i].text, said.p ? said.p : "no problem");
		fl_jwk_set_fini(&set);
	}
}

/* ---- tokens of a secret that the test knows ---- */

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW 1700000000u

static const struct fl_str secret_name = FL_STR_INIT("s");
static const struct fl_str audiences[] = {FL_STR_INIT("api"), FL_STR_INIT("other")};
static const struct fl_str tags[] = {FL_STR_INIT("scope"), FL_STR_INIT("roles")};
static const struct fl_cfg_consumer consumers[] = {{.name = FL_STR_INIT("alice")},
                                                   {.name = FL_STR_INIT("staff")}};

struct door {
	struct fl_cfg_secret secret;
	struct fl_config config;
	struct fl_cfg_auth_method method;
	struct fl_jwt_cache *cache;
	void *state;
};

static struct door *open_with(const char *keys, const struct fl_cfg_jwt *more)
{
	struct door *d = fl_arena_zalloc(&arena, sizeof *d);
	struct fl_cfg_jwt *j = &d->method.by.jwt;

	d->secret = (struct fl_cfg_secret){.name = secret_name, .value = FL_STR(SECRET)};
	d->config.secrets = &d->secret;
	d->config.secrets_n = 1;
	d->config.consumers = consumers;
	d->config.consumers_n = FL_ARRAY_LEN(consumers);
	d->method.name = FL_STR("m");
	if (more)
		*j = *more;
	j->issuer = FL_STR("https://idp");
	j->audience = (struct fl_cfg_strings){audiences, FL_ARRAY_LEN(audiences)};
	j->algorithms = FL_JWS_ALL;
	j->keys = fl_str(keys);
	j->secrets = (struct fl_cfg_strings){&secret_name, 1};
	j->skew_ns = 60 * FL_NS_PER_SEC;
	j->max_token_bytes = 16384;
	j->tags = (struct fl_cfg_strings){tags, FL_ARRAY_LEN(tags)};
	fl_auth_jwt.build(&(struct fl_auth_parts){.config = &d->config}, &d->method, &d->state,
	                  &problems);
	return d;
}

static void close_door(struct door *d)
{
	fl_auth_jwt.destroy(d->state);
	(void)fl_jwt_cache_destroy(d->cache);
}

static struct fl_str encode(struct fl_str text)
{
	size_t n = sodium_base64_ENCODED_LEN(text.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *to = fl_arena_alloc(&arena, n);

	sodium_bin2base64(to, n, (const unsigned char *)text.p, text.n,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return fl_str(to);
}

static struct fl_str sign(struct fl_str header, struct fl_str claims)
{
	struct fl_str h = encode(header), c = encode(claims);
	struct fl_str m = fl_arena_printf(&arena, "%.*s.%.*s", FL_STR_ARGS(h), FL_STR_ARGS(c));
	char mac[32];

	assert_int_equal(gnutls_hmac_fast(GNUTLS_MAC_SHA256, SECRET, 32, m.p, m.n, mac), 0);
	h = encode(fl_str_n(mac, sizeof mac));
	return fl_arena_printf(&arena, "%.*s.%.*s", FL_STR_ARGS(m), FL_STR_ARGS(h));
}

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"
#define WHO "\"iss\":\"https://idp\",\"aud\":\"api\""
#define GOOD "{" WHO ",\"exp\":1700000100,\"sub\":\"alice\"}"

static enum fl_auth_verdict show(const struct door *d, const char *before, struct fl_str token,
                                 uint64_t now_s, struct fl_auth_attempt *a)
{
	struct fl_str value = fl_arena_printf(&arena, "%s%.*s", before, FL_STR_ARGS(token));
	fairlead_kv *header = fl_arena_zalloc(&arena, sizeof *header);

	*header = (fairlead_kv){{"authorization", 13}, {value.p, value.n}};
	*a = (struct fl_auth_attempt){
	    .headers = header,
	    .headers_n = 1,
	    .wall_ns = now_s * FL_NS_PER_SEC,
	    .arena = &arena,
	    .tokens = d->cache,
	};
	return fl_auth_jwt.look(d->state, a);
}

static void test_headers(void **state)
{
	static const struct {
		const char *header;
		bool is_good;
	} cases[] = {
	    {HEADER, true},
	    {"{\"alg\":\"HS256\"}", true},
	    {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"any\",\"more\":{}}", true},
	    {"{\"alg\":\"HS256\",\"typ\":\"application/AT+jwt\"}", true},
	    {"{\"alg\":\"none\"}", false},
	    {"{\"alg\":\"None\"}", false},
	    {"{\"alg\":\"NONE\"}", false},
	    {"{\"alg\":\"nOnE\"}", false},
	    {"{\"alg\":\"\"}", false},
	    {"{\"alg\":null}", false},
	    {"{\"alg\":[\"HS256\"]}", false},
	    {"{\"alg\":\"hs256\"}", false},
	    {"{\"alg\":\"HS256 \"}", false},
	    {"{\"alg\":\"HS256\\u0000\"}", false},
	    {"{\"alg\":\"HS512\"}", false},
	    {"{\"alg\":\"RS256\"}", false}, /* no key of that kind fits */
	    {"{}", false},
	    {"[]", false},
	    {"\"HS256\"", false},
	    {"{\"alg\":\"HS256\"", false},
	    {"{\"alg\":\"HS256\"} x", false},
	    {"{\"alg\":\"RS256\",\"alg\":\"HS256\"}", false},
	    {"{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\"}", false},
	    {"{\"alg\":\"HS256\",\"typ\":\"JWE\"}", false},
	    {"{\"alg\":\"HS256\",\"typ\":1}", false},
	    {"{\"alg\":\"HS256\",\"kid\":1}", false},
	    {"{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", false},
	    {"{\"alg\":\"HS256\",\"crit\":[]}", false},
	    {"{\"alg\":\"HS256\",\"b64\":false}", false},
	    {"{\"alg\":\"HS256\",\"b64\":true}", false},
	    {"{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", false},
	    {"{\"alg\":\"HS256\",\"jku\":\"https://evil\"}", false},
	    {"{\"alg\":\"HS256\",\"x5u\":\"https://evil\"}", false},
	    {"{\"alg\":\"HS256\",\"x5c\":[\"AAAA\"]}", false},
	    {"{\"alg\":\"HS256\",\"cty\":\"JWT\"}", false},
	    {"{\"alg\":\"HS256\",\"zip\":\"DEF\"}", false},
	    {"{\"alg\":\"HS256\",\"enc\":\"A128GCM\"}", false},
	    {"{\"alg\":\"HS256\",\"x\":\"\xff\"}", false},
	};
	struct door *d = open_with("", NULL);
	struct fl_auth_attempt a;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_str token = sign(fl_str(cases[i].header), FL_STR(GOOD));
		enum fl_auth_verdict verdict = show(d, "Bearer ", token, NOW, &a);

		if (verdict != (cases[i].is_good ? FL_AUTH_ACCEPTED : FL_AUTH_REFUSED))
			fail_msg("%s: %d, %s", cases[i].header, verdict, a.why ? a.why : "");
		assert_true(cases[i].is_good || a.why);
		assert_true(fl_auth_is_hidden(&a, 0));
	}
	close_door(d);
}

static void test_claims(void **state)
{
	static const struct {
		const char *claims, *says; /* NULL: good */
	} cases[] = {
	    {GOOD, NULL},
	    {"{\"iss\":\"https://idp\",\"aud\":[\"x\",\"other\"],\"exp\":1700000100}", NULL},
	    {"{\"iss\":\"https://idp/\",\"aud\":\"api\",\"exp\":1700000100}", "issuer"},
	    {"{\"iss\":[\"https://idp\"],\"aud\":\"api\",\"exp\":1700000100}", "issuer"},
	    {"{\"aud\":\"api\",\"exp\":1700000100}", "issuer"},
	    {"{\"iss\":\"https://idp\",\"exp\":1700000100}", "audience"},
	    {"{\"iss\":\"https://idp\",\"aud\":[],\"exp\":1700000100}", "audience"},
	    {"{\"iss\":\"https://idp\",\"aud\":\"API\",\"exp\":1700000100}", "audience"},
	    {"{\"iss\":\"https://idp\",\"aud\":[\"api\",1],\"exp\":1700000100}", "audience"},
	    {"{\"iss\":\"https://idp\",\"aud\":{\"api\":1},\"exp\":1700000100}", "audience"},
	    {"{" WHO "}", "time"},
	    {"{" WHO ",\"exp\":null}", "time"},
	    {"{" WHO ",\"exp\":\"1700000100\"}", "time"},
	    {"{" WHO ",\"exp\":1700000100.0}", "time"},
	    {"{" WHO ",\"exp\":1.7e9}", "time"},
	    {"{" WHO ",\"exp\":-1}", "time"},
	    {"{" WHO ",\"exp\":9223372036854775807}", NULL},
	    {"{" WHO ",\"exp\":9223372036854775808}", "time"},
	    {"{" WHO ",\"exp\":1699999941}", NULL}, /* skew: 60 s */
	    {"{" WHO ",\"exp\":1699999940}", "any more"},
	    {"{" WHO ",\"exp\":0}", "any more"},
	    {"{" WHO ",\"exp\":1800000000,\"nbf\":1700000060}", NULL},
	    {"{" WHO ",\"exp\":1800000000,\"nbf\":1700000061}", "yet"},
	    {"{" WHO ",\"exp\":1800000000,\"nbf\":1.5}", "time"},
	    {"{" WHO ",\"exp\":1800000000,\"iat\":1700000060}", NULL},
	    {"{" WHO ",\"exp\":1800000000,\"iat\":1700000061}", "yet"},
	    {"{" WHO ",\"exp\":1800000000,\"iat\":\"now\"}", "time"},
	    {"{" WHO ",\"exp\":1800000000,\"exp\":1800000000}", "twice"},
	    {"[]", "no JSON object"},
	    {"{" WHO ",\"exp\":1800000000", "no JSON object"},
	    {"{" WHO ",\"exp\":1800000000,\"x\":\"\xc0\x80\"}", "no JSON object"},
	    {"{" WHO ",\"exp\":1800000000,\"roles\":1}", "tag"},
	    {"{" WHO ",\"exp\":1800000000,\"roles\":[1]}", "tag"},
	    {"{" WHO ",\"exp\":1800000000,\"roles\":{}}", "tag"},
	    {"{" WHO ",\"exp\":1800000000,\"roles\":[\"\"],\"scope\":\"\"}", NULL},
	};
	struct door *d = open_with("", NULL);
	struct fl_auth_attempt a;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_str token = sign(FL_STR(HEADER), fl_str(cases[i].claims));
		enum fl_auth_verdict verdict = show(d, "Bearer ", token, NOW, &a);

		if (verdict != (cases[i].says ? FL_AUTH_REFUSED : FL_AUTH_ACCEPTED) ||
		    (cases[i].says && !strstr(a.why, cases[i].says)))
			fail_msg("%s: %d, %s", cases[i].claims, verdict, a.why ? a.why : "");
	}
	close_door(d);
}

static void test_max_age(void **state)
{
	struct door *d = open_with("", &(struct fl_cfg_jwt){.max_age_ns = 300 * FL_NS_PER_SEC});
	struct fl_auth_attempt a;
	struct fl_str token;

	(void)state;
	token = sign(FL_STR(HEADER), FL_STR("{" WHO ",\"exp\":1800000000,\"iat\":1699999641}"));
	assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_ACCEPTED);
	assert_int_equal(show(d, "Bearer ", token, NOW + 1, &a), FL_AUTH_REFUSED);
	token = sign(FL_STR(HEADER), FL_STR("{" WHO ",\"exp\":1800000000}"));
	assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_REFUSED);
	close_door(d);
}

/* ---- what a token looks like ---- */

static void test_shapes(void **state)
{
	struct door *d = open_with(EC, NULL);
	struct fl_str good = sign(FL_STR(HEADER), FL_STR(GOOD)), es = FL_STR(ES256), bad;
	struct fl_auth_attempt a;
	char last[] = "X";
	char *large;

	(void)state;
	assert_int_equal(show(d, "Bearer ", good, NOW, &a), FL_AUTH_ACCEPTED);
	assert_int_equal(show(d, "bearer \t ", good, NOW, &a), FL_AUTH_ACCEPTED);
	assert_int_equal(show(d, "Basic ", good, NOW, &a), FL_AUTH_NOT_OFFERED);
	assert_int_equal(show(d, "", good, NOW, &a), FL_AUTH_NOT_OFFERED);
	assert_int_equal(show(d, "Bearer ", FL_STR("fl_live_x"), NOW, &a), FL_AUTH_NOT_OFFERED);
	/* bits left over: the last letter of 32 bytes says 4 of 6 */
	last[0] = (char)(good.p[good.n - 1] + 1);
	const struct fl_str cut = fl_str_n(good.p, good.n - 1);
	const struct {
		struct fl_str a, b;
	} shapes[] = {
	    {FL_STR(""), FL_STR("")},
	    {FL_STR("."), FL_STR(".")},
	    {FL_STR(".."), FL_STR("")},
	    {FL_STR("a.b.c"), FL_STR("")},
	    {good, FL_STR("=")},
	    {good, FL_STR(".")},
	    {good, FL_STR(".x")},
	    {good, FL_STR("A")},
	    {good, FL_STR("AA")},
	    {good, FL_STR("%3D")},
	    {FL_STR("."), good},
	    {cut, FL_STR("")},
	    {cut, FL_STR("+")},
	    {cut, FL_STR("\n")},
	    {cut, fl_str(last)},
	    {fl_str_n(es.p, es.n - 2), FL_STR("")}, /* short */
	    {fl_str_n(es.p, es.n - 44), FL_STR("")},
	    {fl_str_n(es.p, es.n - 86), FL_STR("")}, /* none */
	    {fl_str_n(es.p, es.n - 86),
	     FL_STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	            "AAAAAAAAAAAAAAAAAAAAAAAAAAA")}, /* r = s = 0 */
	};
	for (size_t i = 0; i < FL_ARRAY_LEN(shapes); i++) {
		bad = fl_arena_printf(&arena, "%.*s%.*s", FL_STR_ARGS(shapes[i].a),
		                      FL_STR_ARGS(shapes[i].b));
		if (show(d, "Bearer ", bad, NOW, &a) != FL_AUTH_REFUSED)
			fail_msg("taken: %s", bad.p);
	}
	large = fl_arena_alloc(&arena, 65536);
	memset(large, 'A', 65536);
	memcpy(large, good.p, good.n);
	assert_int_equal(show(d, "Bearer ", fl_str_n(large, 65536), NOW, &a), FL_AUTH_REFUSED);
	assert_string_equal(a.why, "the token is too long");
	close_door(d);
}

static void test_limit(void **state)
{
	struct fl_str token = sign(FL_STR(HEADER), FL_STR(GOOD));
	struct fl_jws jws;

	(void)state;
	assert_null(fl_jws_parse(&arena, token, token.n, &jws));
	assert_non_null(fl_jws_parse(&arena, token, token.n - 1, &jws));
	/* 1,536 bytes are 2,048 letters */
	token = fl_arena_printf(&arena, "{\"alg\":\"HS256\",\"x\":\"%01514u\"}", 0u);
	assert_int_equal(encode(token).n, FL_JWS_HEADER_BYTES_MAX);
	assert_null(fl_jws_parse(&arena, sign(token, FL_STR(GOOD)), 16384, &jws));
	token = fl_arena_printf(&arena, "%.*s ", FL_STR_ARGS(token));
	assert_string_equal(fl_jws_parse(&arena, sign(token, FL_STR(GOOD)), 16384, &jws),
	                    "the header is too long");
}

/* The public key's text as a secret of HS256: what a gateway that lets the token choose would take.
 */
static void test_confusion(void **state)
{
	struct fl_jwk_set set;
	struct fl_str h = encode(FL_STR("{\"alg\":\"HS256\"}")), c = encode(FL_STR(GOOD)), m;
	char mac[32];

	(void)state;
	m = fl_arena_printf(&arena, "%.*s.%.*s", FL_STR_ARGS(h), FL_STR_ARGS(c));
	(void)gnutls_hmac_fast(GNUTLS_MAC_SHA256, RSA, strlen(RSA), m.p, m.n, mac);
	c = encode(fl_str_n(mac, sizeof mac));
	m = fl_arena_printf(&arena, "%.*s.%.*s", FL_STR_ARGS(m), FL_STR_ARGS(c));
	fl_jwk_set_init(&set);
	assert_null(fl_jwk_set_read(&set, FL_STR(RSA), FL_JWS_ALL, &arena).p);
	assert_false(fits(&set, m.p));
	fl_jwk_set_fini(&set);
}

static void test_two(void **state)
{
	struct door *d = open_with("", NULL);
	struct fl_auth_attempt a;
	fairlead_kv two[2];

	(void)state;
	(void)show(d, "Bearer ", sign(FL_STR(HEADER), FL_STR(GOOD)), NOW, &a);
	two[0] = two[1] = a.headers[0];
	a.headers = two;
	a.headers_n = 2;
	assert_int_equal(fl_auth_jwt.look(d->state, &a), FL_AUTH_REFUSED);
	assert_true(fl_auth_is_hidden(&a, 0) && fl_auth_is_hidden(&a, 1));
	close_door(d);
}

/* ---- who it is ---- */

static void test_principal(void **state)
{
	static const struct {
		const char *sub;
		bool has_claim, has_consumer;
		const struct fl_cfg_consumer *is;
	} cases[] = {
	    {"alice", true, false, &consumers[0]},
	    {"alice", true, true, &consumers[0]},
	    {"bob", true, false, NULL},
	    {"bob", true, true, &consumers[1]},
	    {"alice", false, false, NULL},
	    {"alice", false, true, &consumers[1]},
	};
	struct fl_auth_attempt a;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct door *d = open_with(
		    "",
		    &(struct fl_cfg_jwt){.consumer_claim = fl_str(cases[i].has_claim ? "sub" : ""),
		                         .consumer = cases[i].has_consumer ? &consumers[1] : NULL});
		struct fl_str claims = fl_arena_printf(
		    &arena, "{" WHO ",\"exp\":1800000000,\"sub\":\"%s\"}", cases[i].sub);

		assert_int_equal(show(d, "Bearer ", sign(FL_STR(HEADER), claims), NOW, &a),
		                 FL_AUTH_ACCEPTED);
		assert_ptr_equal(a.principal.consumer, cases[i].is);
		close_door(d);
	}
}

static void check_tags(const struct fl_principal *p)
{
	assert_int_equal(p->claims_n, 2);
	assert_true(fl_str_is(p->claims[0].name, "scope"));
	assert_int_equal(p->claims[0].values_n, 2);
	assert_true(fl_str_is(p->claims[0].values[0], "read"));
	assert_true(fl_str_is(p->claims[0].values[1], "write"));
	assert_true(fl_str_is(p->claims[1].name, "roles"));
	assert_int_equal(p->claims[1].values_n, 3);
	assert_true(fl_str_is(p->claims[1].values[0], "a b"));
	assert_true(fl_str_is(p->claims[1].values[1], ""));
	assert_true(fl_str_is(p->claims[1].values[2], "\xc3\xa9"));
}

static struct fl_str many_roles(unsigned n, unsigned bytes)
{
	struct fl_str text = FL_STR("");

	for (unsigned i = 0; i < n; i++)
		text = fl_arena_printf(&arena, "%.*s%s\"%0*u\"", FL_STR_ARGS(text), i ? "," : "",
		                       (int)bytes, i);
	return fl_arena_printf(&arena, "{" WHO ",\"exp\":1800000000,\"roles\":[%.*s]}",
	                       FL_STR_ARGS(text));
}

static void test_tags(void **state)
{
	struct door *d = open_with("", NULL);
	struct fl_str token =
	    sign(FL_STR(HEADER),
	         FL_STR("{" WHO ",\"exp\":1800000000,\"roles\":[\"a b\",\"\",\"\\u00e9\"],"
	                "\"scope\":\" read  write\",\"other\":\"x\"}"));
	struct fl_auth_attempt a;

	(void)state;
	d->cache = fl_jwt_cache_create();
	for (unsigned i = 0; i < 2; i++) { /* read, and remembered */
		assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_ACCEPTED);
		check_tags(&a.principal);
	}
	token = sign(FL_STR(HEADER), many_roles(FL_JWT_VALUES_MAX, 8));
	assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_ACCEPTED);
	assert_int_equal(a.principal.claims[0].values_n, FL_JWT_VALUES_MAX);
	token = sign(FL_STR(HEADER), many_roles(FL_JWT_VALUES_MAX + 1, 8));
	assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_REFUSED);
	token = sign(FL_STR(HEADER), many_roles(2, FL_JWT_CLAIMS_BYTES / 2 - 3));
	assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_ACCEPTED);
	token = sign(FL_STR(HEADER), many_roles(2, FL_JWT_CLAIMS_BYTES / 2 - 2));
	assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_REFUSED);
	close_door(d);
}

/* ---- what is remembered ---- */

static void test_cache(void **state)
{
	struct door *d = open_with("", NULL), *other;
	struct fl_str token = sign(FL_STR(HEADER), FL_STR("{" WHO ",\"exp\":1700000100,\"nbf\":"
	                                                  "1700000000}"));
	struct fl_auth_attempt a;

	(void)state;
	d->cache = fl_jwt_cache_create();
	assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_ACCEPTED);
	d->method.by.jwt.issuer = FL_STR("x"); /* now only what is remembered can be right */
	assert_int_equal(show(d, "Bearer ", token, NOW, &a), FL_AUTH_ACCEPTED);
	assert_int_equal(show(d, "Bearer ", token, NOW + 159, &a), FL_AUTH_ACCEPTED);
	assert_int_equal(show(d, "Bearer ", token, NOW + 160, &a), FL_AUTH_REFUSED);
	assert_int_equal(show(d, "Bearer ", token, NOW - 60, &a), FL_AUTH_ACCEPTED);
	assert_int_equal(show(d, "Bearer ", token, NOW - 61, &a),
	                 FL_AUTH_REFUSED); /* clocks jump */
	/* another snapshot: the same worker's memory says nothing to it */
	other = open_with("", NULL);
	other->cache = d->cache;
	other->method.by.jwt.issuer = FL_STR("x");
	assert_int_equal(show(other, "Bearer ", token, NOW, &a), FL_AUTH_REFUSED);
	other->cache = NULL;
	close_door(other);
	close_door(d);
}

static void test_cache_full(void **state)
{
	struct fl_jwt_cache *cache = fl_jwt_cache_create();
	struct fl_jwt_facts *facts = fl_arena_zalloc(&arena, sizeof *facts);
	unsigned char hash[FL_JWT_HASH_BYTES] = {0};

	(void)state;
	for (unsigned i = 0; i <= FL_JWT_CACHE_WAYS; i++) { /* one more than fit into a set */
		hash[31] = (unsigned char)i;
		facts->until_s = 100 + (i * 3) % 5; /* 100, 103, 101, 104, 102 */
		fl_jwt_cache_put(cache, hash, facts);
	}
	for (unsigned i = 0; i <= FL_JWT_CACHE_WAYS; i++) {
		hash[31] = (unsigned char)i;
		assert_int_equal(fl_jwt_cache_find(cache, hash, 1) == NULL, i == 0);
	}
	(void)fl_jwt_cache_destroy(cache);
}

/* ---- what the configuration says ---- */

static void test_configured(void **state)
{
	static const struct {
		const char *keys, *secret;
		const char *tag;
		const char *code; /* NULL: fine */
	} cases[] = {
	    {EC, SECRET, "a", NULL},
	    {"", SECRET, "a", NULL},
	    {"", "0123456789abcdef0123456789abcde", "a", "secret_weak"}, /* 31 bytes */
	    {"{\"keys\":[]}", NULL, "a", "keys_missing"},
	    {"", NULL, "a", "keys_missing"},
	    {"{\"kty\":\"oct\"}", NULL, "a", "keys_invalid"},
	    {EC, NULL, "scope", "bad_value"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_str list[] = {FL_STR("scope"), fl_str(cases[i].tag)};
		struct fl_cfg_secret secret = {.name = secret_name,
		                               .value = fl_str(cases[i].secret)};
		struct fl_config config = {.secrets = &secret, .secrets_n = 1};
		struct fl_cfg_auth_method method = {
		    .name = FL_STR("m"),
		    .by.jwt = {.algorithms = FL_JWS_ALL,
		               .keys = fl_str(cases[i].keys),
		               .secrets = {&secret_name, cases[i].secret ? 1 : 0},
		               .tags = {list, 2}},
		};
		void *built;

		fl_problems_init(&problems, &arena);
		fl_auth_jwt.build(&(struct fl_auth_parts){.config = &config}, &method, &built,
		                  &problems);
		assert_int_equal(problems.errors, cases[i].code ? 1 : 0);
		if (cases[i].code)
			assert_string_equal(problems.first->code, cases[i].code);
		fl_auth_jwt.destroy(built);
	}
}

static void test_agrees(void **state)
{
	struct fl_cfg_key row = {.words = FL_CFG_JWT_ALGORITHMS};

	(void)state;
	assert_int_equal(fl_cfg_key_words(&row), FL_JWS_N);
	assert_int_equal(FL_CFG_JWT_ALGORITHMS_N, FL_JWS_N);
	for (unsigned i = 0; i < FL_JWS_N; i++) {
		struct fl_str name = fl_str_n(FL_CFG_JWT_ALGORITHMS + 6 * i, 5);

		assert_int_equal(fl_jws_algorithm(name), i);
		assert_int_equal(fl_cfg_key_word_index(&row, name), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("tokens of RFC 7515 and RFC 8037 fit their keys and no others", test_published),
	    CASE("a token with a letter changed fits nothing", test_changed),
	    CASE("a key is found by its exact name", test_kid),
	    CASE("only so many keys are tried", test_tries),
	    CASE("keys that are no good are told or passed over", test_keys_refused),
	    CASE("headers that say too much, too little or none", test_headers),
	    CASE("claims: issuer, audience, times and tags", test_claims),
	    CASE("a token can be too old by its iat", test_max_age),
	    CASE("parts, base64url, signatures and sizes that are not right", test_shapes),
	    CASE("a token of the limit is read, one byte more is not", test_limit),
	    CASE("a public key is no secret", test_confusion),
	    CASE("two tokens are none", test_two),
	    CASE("the consumer is the claim's, else the method's", test_principal),
	    CASE("claims become tags, remembered or not, within limits", test_tags),
	    CASE("a token is remembered while it is good, by its own snapshot only", test_cache),
	    CASE("in a full set the one that ends first goes", test_cache_full),
	    CASE("keys are needed, and good ones", test_configured),
	    CASE("algorithms are those of the table of keys", test_agrees),
	};

	return cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
}
