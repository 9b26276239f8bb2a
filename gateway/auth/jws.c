/* gateway/auth/jws.c - a signed token, taken apart
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/jws.h"

#include <sodium.h>

#include "policy/json.h"

static const char *const names[FL_JWS_N] = {
    [FL_JWS_RS256] = "RS256", [FL_JWS_RS384] = "RS384", [FL_JWS_RS512] = "RS512",
    [FL_JWS_PS256] = "PS256", [FL_JWS_ES256] = "ES256", [FL_JWS_ES384] = "ES384",
    [FL_JWS_EDDSA] = "EdDSA", [FL_JWS_HS256] = "HS256",
};

enum fl_jws_algorithm fl_jws_algorithm(struct fl_str name)
{
	unsigned i = 0;

	while (i < FL_JWS_N && !fl_str_is(name, names[i]))
		i++;
	return (enum fl_jws_algorithm)i;
}

bool fl_jws_decode(struct fl_arena *arena, struct fl_str text, struct fl_str *ret)
{
	size_t n, most = text.n / 4 * 3 + 3;
	unsigned char *bytes = text.n > 0 ? fl_arena_alloc(arena, most) : NULL;

	/* libsodium's is strict: nothing is passed over, and bits left over must be zero. */
	if (!bytes || sodium_base642bin(bytes, most, text.p, text.n, NULL, &n, NULL,
	                                sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return false;
	*ret = fl_str_n((const char *)bytes, n);
	return true;
}

/* ---- the header ---- */

static const char *const refused[] = {"crit", "b64", "jwk", "jku", "x5u",
                                      "x5c",  "zip", "enc", "cty"};

/* RFC 7519, 5.1, and RFC 9068, 2.1: "application/" may be left out, and case says nothing. */
static bool is_token_type(struct fl_str type)
{
	static const struct fl_str known[] = {FL_STR_INIT("jwt"), FL_STR_INIT("at+jwt"),
	                                      FL_STR_INIT("application/jwt"),
	                                      FL_STR_INIT("application/at+jwt")};

	for (size_t i = 0; i < FL_ARRAY_LEN(known); i++)
		if (fl_str_eq_nocase(type, known[i]))
			return true;
	return false;
}

static bool is_text_or_none(const struct fl_cedar_json *json)
{
	return !json || json->kind == FL_CEDAR_JSON_STRING;
}

static const char *read_header(const struct fl_cedar_json *header, struct fl_jws *ret)
{
	const struct fl_cedar_json *type = fl_cedar_json_find(header, "typ");
	const struct fl_cedar_json *kid = fl_cedar_json_find(header, "kid");

	if (header->kind != FL_CEDAR_JSON_OBJECT)
		return "the header is no object";
	for (size_t i = 0; i < FL_ARRAY_LEN(refused); i++)
		if (fl_cedar_json_find(header, refused[i]))
			return "the header says what no token may say of itself";
	ret->algorithm = fl_jws_algorithm(fl_cedar_json_str(fl_cedar_json_find(header, "alg")));
	if (ret->algorithm == FL_JWS_N)
		return "the algorithm is none that is known";
	if (!is_text_or_none(kid) || !is_text_or_none(type))
		return "the header has a number or worse where a text belongs";
	if (type && !is_token_type(fl_cedar_json_str(type)))
		return "the type is no access token's";
	ret->kid = fl_cedar_json_str(kid);
	return NULL;
}

/* ---- the parts ---- */

static bool split(struct fl_str text, struct fl_str parts[3])
{
	const char *end = text.p + text.n, *at = text.p;

	for (unsigned i = 0; i < 3; i++) {
		const char *dot = memchr(at, '.', (size_t)(end - at));

		if ((dot == NULL) != (i == 2))
			return false;
		parts[i] = fl_str_n(at, (size_t)((dot ? dot : end) - at));
		if (dot)
			at = dot + 1;
	}
	return true;
}

const char *fl_jws_parse(struct fl_arena *arena, struct fl_str text, size_t bytes_max,
                         struct fl_jws *ret)
{
	struct fl_problems problems;
	struct fl_str parts[3], json;
	struct fl_cedar_json header;

	*ret = (struct fl_jws){.kid = FL_STR_NULL};
	if (text.n == 0 || text.n > bytes_max)
		return text.n ? "the token is too long" : "there is no token";
	if (!split(text, parts))
		return "the token has not three parts";
	if (parts[0].n > FL_JWS_HEADER_BYTES_MAX)
		return "the header is too long";
	if (!fl_jws_decode(arena, parts[0], &json) ||
	    !fl_jws_decode(arena, parts[2], &ret->signature) || parts[1].n == 0)
		return "a part is no base64url, or empty";
	fl_problems_init(&problems, arena);
	if (fl_cedar_json_parse(arena, json, NULL, &header, &problems) != 0)
		return "the header is no JSON, or has a name twice";
	ret->message = fl_str_n(text.p, parts[0].n + 1 + parts[1].n);
	ret->payload = parts[1];
	return read_header(&header, ret);
}
