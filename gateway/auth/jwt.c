/* gateway/auth/jwt.c - who calls has a token that somebody else signed
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bearer tokens (RFC 6750) that are JWTs (RFC 7519): first the signature, then what it says. What
 * is wrong goes to the log only. A token that was right is known by its hash until it ends.
 */
#include "gateway/auth/jwt.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "gateway/auth/api_key.h"
#include "gateway/auth/jwk.h"
#include "gateway/auth/jwt_cache.h"
#include "policy/json.h"

struct jwt {
	const struct fl_cfg_auth_method *method;
	const struct fl_cfg_jwt *config;
	struct fl_jwk_set keys;
	struct fl_map consumers; /* of the configuration, if a claim may name one */
	unsigned char hash_key[crypto_generichash_KEYBYTES];
	uint64_t skew_s, max_age_s;
};

/* ---- what the configuration says ---- */

static struct fl_problem *tell(const struct jwt *j, const char *key, struct fl_problems *problems,
                               const char *code, struct fl_str what)
{
	struct fl_str pointer =
	    fl_arena_printf(problems->arena, "/auth/%.*s/jwt%s%s", FL_STR_ARGS(j->method->name),
	                    key ? "/" : "", key ? key : "");

	return fl_problems_add(problems, code, j->method->at, pointer, "the jwt \"%.*s\": %.*s",
	                       FL_STR_ARGS(j->method->name), FL_STR_ARGS(what));
}

static void read_keys(struct jwt *j, struct fl_problems *problems)
{
	struct fl_str wrong;

	if (j->config->keys.n == 0)
		return;
	wrong = fl_jwk_set_read(&j->keys, j->config->keys, j->config->algorithms, problems->arena);
	if (wrong.p)
		fl_problem_hint(problems, tell(j, "keys", problems, "keys_invalid", wrong),
		                "give a JWK set, a JWK or a PEM of public keys: keys: "
		                "\"${file:jwks.json}\"");
}

static void read_secret(struct jwt *j, const struct fl_config *config, struct fl_str name,
                        struct fl_problems *problems)
{
	for (size_t i = 0; i < config->secrets_n; i++) {
		struct fl_str wrong;

		if (!fl_str_eq(config->secrets[i].name, name))
			continue;
		wrong = fl_jwk_set_add_secret(&j->keys, config->secrets[i].value);
		if (!wrong.p)
			continue;
		wrong = fl_arena_printf(problems->arena, "the secret \"%.*s\" %.*s",
		                        FL_STR_ARGS(name), FL_STR_ARGS(wrong));
		fl_problem_hint(problems, tell(j, "secrets", problems, "secret_weak", wrong),
		                "make one: openssl rand -hex 32");
	}
}

static void check_tags(const struct jwt *j, struct fl_problems *problems)
{
	const struct fl_cfg_strings *tags = &j->config->tags;

	for (size_t i = 1; i < tags->n; i++)
		for (size_t k = 0; k < i; k++)
			if (fl_str_eq(tags->items[i], tags->items[k]))
				fl_problem_hint(problems,
				                tell(j, "claims/tags", problems, "bad_value",
				                     FL_STR("a claim is listed twice")),
				                "leave one out");
}

static void map_consumers(struct jwt *j, const struct fl_config *config,
                          struct fl_problems *problems)
{
	if (j->config->consumer_claim.n == 0)
		return;
	for (size_t i = 0; i < config->consumers_n; i++) {
		union { /* the map's values are nobody's to change here */
			const struct fl_cfg_consumer *from;
			void *to;
		} u = {.from = &config->consumers[i]};

		if (fl_map_put(&j->consumers, u.from->name, u.to, NULL) != 0) {
			(void)tell(j, NULL, problems, "out_of_memory", FL_STR("no memory"));
			return;
		}
	}
}

static void build(const struct fl_auth_parts *parts, const struct fl_cfg_auth_method *method,
                  void **ret, struct fl_problems *problems)
{
	struct jwt *j = calloc(1, sizeof *j);
	size_t errors = problems->errors;

	*ret = j;
	if (!j) {
		(void)tell(&(struct jwt){.method = method}, NULL, problems, "out_of_memory",
		           FL_STR("no memory"));
		return;
	}
	j->method = method;
	j->config = &method->by.jwt;
	j->skew_s = j->config->skew_ns / FL_NS_PER_SEC;
	j->max_age_s = j->config->max_age_ns / FL_NS_PER_SEC;
	fl_jwk_set_init(&j->keys);
	fl_map_init(&j->consumers);
	randombytes_buf(j->hash_key, sizeof j->hash_key);
	read_keys(j, problems);
	for (size_t i = 0; i < j->config->secrets.n; i++)
		read_secret(j, parts->config, j->config->secrets.items[i], problems);
	if (j->keys.n == 0 && problems->errors == errors)
		fl_problem_hint(problems,
		                tell(j, NULL, problems, "keys_missing",
		                     FL_STR("no key fits any of its algorithms")),
		                "give public keys in \"keys\", or secrets of HS256 in \"secrets\"");
	check_tags(j, problems);
	map_consumers(j, parts->config, problems);
}

static void destroy(void *state)
{
	struct jwt *j = state;

	if (!j)
		return;
	fl_jwk_set_fini(&j->keys);
	fl_map_fini(&j->consumers);
	sodium_memzero(j->hash_key, sizeof j->hash_key);
	free(j);
}

/* ---- times ---- */

/* A time that is there must be one: seconds since 1970, in plain digits. */
static bool read_time(const struct fl_cedar_json *claims, const char *name, bool is_needed,
                      uint64_t *ret)
{
	const struct fl_cedar_json *json = fl_cedar_json_find(claims, name);

	*ret = 0;
	if (!json)
		return !is_needed;
	if (json->kind != FL_CEDAR_JSON_LONG || json->u.number < 0)
		return false;
	*ret = (uint64_t)json->u.number;
	return true;
}

static uint64_t latest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier_by(uint64_t time_s, uint64_t by_s)
{
	return time_s > by_s ? time_s - by_s : 0;
}

/* Sums stay below 2^64: what is read has 63 bits, and durations are short. */
static const char *read_times(const struct jwt *j, const struct fl_cedar_json *claims,
                              struct fl_jwt_facts *ret)
{
	uint64_t exp, nbf, iat;

	if (!read_time(claims, "exp", true, &exp) || !read_time(claims, "nbf", false, &nbf) ||
	    !read_time(claims, "iat", j->max_age_s > 0, &iat))
		return "a time is missing, or no whole number of seconds";
	ret->from_s = earlier_by(latest(nbf, iat), j->skew_s);
	ret->until_s = exp + j->skew_s;
	if (j->max_age_s > 0 && iat + j->max_age_s + j->skew_s < ret->until_s)
		ret->until_s = iat + j->max_age_s + j->skew_s;
	return NULL;
}

static const char *check_now(const struct fl_jwt_facts *facts, uint64_t now_s)
{
	if (now_s < facts->from_s)
		return "the token is not good yet";
	return now_s < facts->until_s ? NULL : "the token is not good any more";
}

/* ---- who and for whom ---- */

static bool is_one_of(const struct fl_cfg_strings *list, struct fl_str text)
{
	for (size_t i = 0; text.p && i < list->n; i++)
		if (fl_str_eq(list->items[i], text))
			return true;
	return false;
}

static bool is_for_us(const struct jwt *j, const struct fl_cedar_json *aud)
{
	bool is_ours = false;

	if (!aud || aud->kind != FL_CEDAR_JSON_ARRAY)
		return is_one_of(&j->config->audience, fl_cedar_json_str(aud));
	if (aud->n > FL_JWT_AUDIENCES_MAX)
		return false;
	for (size_t i = 0; i < aud->n; i++) {
		struct fl_str one = fl_cedar_json_str(&aud->u.items[i]);

		if (!one.p)
			return false;
		is_ours = is_ours || is_one_of(&j->config->audience, one);
	}
	return is_ours;
}

static const char *read_identity(const struct jwt *j, const struct fl_cedar_json *claims,
                                 struct fl_jwt_facts *ret)
{
	struct fl_str name = j->config->consumer_claim;

	if (!fl_str_eq(fl_cedar_json_str(fl_cedar_json_find(claims, "iss")), j->config->issuer))
		return "another issuer made the token";
	if (!is_for_us(j, fl_cedar_json_find(claims, "aud")))
		return "the token is for another audience";
	ret->consumer = j->config->consumer;
	if (name.n > 0) {
		struct fl_str text = fl_cedar_json_str(fl_cedar_json_find(claims, name.p));
		const struct fl_cfg_consumer *named =
		    text.p ? fl_map_find(&j->consumers, text) : NULL;

		if (named)
			ret->consumer = named;
	}
	return NULL;
}

/* ---- tags: for each claim that is there its index, the number of its values, and each value
 * behind its length ---- */

static bool put(struct fl_jwt_facts *facts, const void *bytes, size_t n)
{
	if (n > sizeof facts->claims - facts->n)
		return false;
	if (n > 0)
		memcpy(facts->claims + facts->n, bytes, n);
	facts->n = (uint16_t)(facts->n + n);
	return true;
}

static bool put_value(struct fl_jwt_facts *facts, struct fl_str value, unsigned char *count)
{
	uint16_t n = (uint16_t)value.n;

	if (*count == FL_JWT_VALUES_MAX || value.n > sizeof facts->claims)
		return false;
	(*count)++;
	return put(facts, &n, sizeof n) && put(facts, value.p, n);
}

/* RFC 8693, 4.2: scopes stand in one text, with blanks between them. */
static bool put_scopes(struct fl_jwt_facts *facts, struct fl_str text, unsigned char *count)
{
	while (text.p && text.n > 0) {
		struct fl_str one = fl_str_split(text, ' ', &text);

		if (one.n > 0 && !put_value(facts, one, count))
			return false;
	}
	return true;
}

static bool put_tag(struct fl_jwt_facts *facts, unsigned char index, struct fl_str name,
                    const struct fl_cedar_json *json)
{
	const unsigned char begin[2] = {index, 0};
	unsigned char count = 0;
	size_t at = facts->n;
	bool fits = put(facts, begin, sizeof begin);

	if (json->kind == FL_CEDAR_JSON_STRING && fl_str_is(name, "scope"))
		fits = fits && put_scopes(facts, fl_cedar_json_str(json), &count);
	else if (json->kind == FL_CEDAR_JSON_STRING)
		fits = fits && put_value(facts, fl_cedar_json_str(json), &count);
	else if (json->kind != FL_CEDAR_JSON_ARRAY)
		return false;
	for (size_t i = 0; json->kind == FL_CEDAR_JSON_ARRAY && i < json->n && fits; i++)
		fits = json->u.items[i].kind == FL_CEDAR_JSON_STRING &&
		       put_value(facts, fl_cedar_json_str(&json->u.items[i]), &count);
	if (fits)
		facts->claims[at + 1] = (char)count;
	return fits;
}

static const char *read_tags(const struct jwt *j, const struct fl_cedar_json *claims,
                             struct fl_jwt_facts *ret)
{
	const struct fl_cfg_strings *tags = &j->config->tags;

	FL_ASSERT(tags->n <= FL_JWT_TAGS_MAX);
	ret->n = 0;
	for (size_t i = 0; i < tags->n; i++) {
		const struct fl_cedar_json *json = fl_cedar_json_find(claims, tags->items[i].p);

		if (json && !put_tag(ret, (unsigned char)i, tags->items[i], json))
			return "a claim for a tag is neither text nor texts, or too large";
	}
	return NULL;
}

static struct fl_str take(const char **at, size_t n)
{
	const char *from = *at;

	*at += n;
	return fl_str_n(from, n);
}

/* What put_tag() wrote, in the request's memory. */
static bool tell_tags(const struct jwt *j, const struct fl_jwt_facts *facts,
                      struct fl_auth_attempt *attempt)
{
	struct fl_claim *claims;
	struct fl_str copy;
	const char *at;
	size_t n = 0;

	if (facts->n == 0)
		return true;
	copy = fl_arena_str(attempt->arena, fl_str_n(facts->claims, facts->n));
	claims = fl_arena_alloc(attempt->arena, j->config->tags.n * sizeof *claims);
	if (!copy.p || !claims)
		return false;
	for (at = copy.p; at < copy.p + copy.n; n++) {
		struct fl_str head = take(&at, 2);
		unsigned char index = (unsigned char)head.p[0], count = (unsigned char)head.p[1];
		struct fl_str *values =
		    fl_arena_alloc(attempt->arena, (count + 1u) * sizeof *values);
		uint16_t length;

		if (!values)
			return false;
		for (unsigned char i = 0; i < count; i++) {
			memcpy(&length, take(&at, sizeof length).p, sizeof length);
			values[i] = take(&at, length);
		}
		claims[n] = (struct fl_claim){j->config->tags.items[index], values, count};
	}
	attempt->principal.claims = claims;
	attempt->principal.claims_n = n;
	return true;
}

/* ---- the token ---- */

static const char *check_claims(const struct jwt *j, struct fl_arena *arena, struct fl_str payload,
                                struct fl_jwt_facts *ret)
{
	struct fl_problems problems;
	struct fl_cedar_json claims;
	const char *wrong;
	struct fl_str json;

	fl_problems_init(&problems, arena);
	if (!fl_jws_decode(arena, payload, &json) ||
	    fl_cedar_json_parse(arena, json, NULL, &claims, &problems) != 0 ||
	    claims.kind != FL_CEDAR_JSON_OBJECT)
		return "the claims are no JSON object, or have a name twice";
	wrong = read_identity(j, &claims, ret);
	if (!wrong)
		wrong = read_times(j, &claims, ret);
	return wrong ? wrong : read_tags(j, &claims, ret);
}

static const char *verify(const struct jwt *j, const struct fl_auth_attempt *attempt,
                          struct fl_str token, struct fl_jwt_facts *ret)
{
	struct fl_jws jws;
	const char *wrong = fl_jws_parse(attempt->arena, token, j->config->max_token_bytes, &jws);

	if (wrong)
		return wrong;
	if (!fl_jwk_set_fits(&j->keys, &jws))
		return "no key fits the signature";
	wrong = check_claims(j, attempt->arena, jws.payload, ret);
	return wrong ? wrong : check_now(ret, attempt->wall_ns / FL_NS_PER_SEC);
}

static enum fl_auth_verdict refuse(struct fl_auth_attempt *attempt, const char *why)
{
	attempt->why = why;
	return FL_AUTH_REFUSED;
}

static enum fl_auth_verdict accept(const struct jwt *j, const struct fl_jwt_facts *facts,
                                   struct fl_auth_attempt *attempt)
{
	if (!tell_tags(j, facts, attempt))
		return refuse(attempt, "no memory for the claims");
	attempt->principal.consumer = facts->consumer;
	return FL_AUTH_ACCEPTED;
}

static enum fl_auth_verdict check(const struct jwt *j, struct fl_auth_attempt *attempt,
                                  struct fl_str token)
{
	struct fl_jwt_cache *cache = attempt->tokens;
	const struct fl_jwt_facts *known = NULL;
	unsigned char hash[FL_JWT_HASH_BYTES];
	struct fl_jwt_facts facts;
	const char *wrong;

	if (cache && token.n > 0 && token.n <= j->config->max_token_bytes) {
		(void)crypto_generichash(hash, sizeof hash, (const unsigned char *)token.p, token.n,
		                         j->hash_key, sizeof j->hash_key);
		known = fl_jwt_cache_find(cache, hash, attempt->wall_ns / FL_NS_PER_SEC);
	}
	if (known)
		return accept(j, known, attempt);
	wrong = verify(j, attempt, token, &facts);
	if (wrong)
		return refuse(attempt, wrong);
	if (cache)
		fl_jwt_cache_put(cache, hash, &facts);
	return accept(j, &facts, attempt);
}

static enum fl_auth_verdict look(const void *state, struct fl_auth_attempt *attempt)
{
	const struct jwt *j = state;
	struct fl_str token = FL_STR_NULL;
	unsigned n = 0;

	for (size_t i = 0; i < attempt->headers_n; i++) {
		struct fl_str value;

		if (!fl_auth_bearer(&attempt->headers[i], &value) || fl_api_key_is_alike(value))
			continue;
		fl_auth_hide(attempt, i);
		token = value;
		n++;
	}
	if (n == 0)
		return FL_AUTH_NOT_OFFERED;
	return n == 1 ? check(j, attempt, token)
	              : refuse(attempt, "there are two tokens: who is it?");
}

const struct fl_auth_kind fl_auth_jwt = {
    .name = "jwt",
    .scheme = "Bearer",
    .fault = "error=\"invalid_token\"", /* RFC 6750, 3.1 */
    .build = build,
    .destroy = destroy,
    .look = look,
};
