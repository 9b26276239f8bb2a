/* gateway/auth/basic.c - HTTP Basic (RFC 7617), for tools that can do nothing else
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/basic.h"

#include <sodium.h>
#include <stdlib.h>

#include "gateway/auth/credentials.h"

#define CHALLENGE_MAX 128u

struct basic {
	const struct fl_credentials *credentials;
	char challenge[CHALLENGE_MAX];
};

bool fl_basic_is_user(struct fl_str user)
{
	if (user.n == 0 || user.n > FL_BASIC_USER_MAX || !fl_str_is_utf8(user))
		return false;
	for (size_t i = 0; i < user.n; i++)
		if ((unsigned char)user.p[i] < ' ' || user.p[i] == 0x7f || user.p[i] == ':')
			return false;
	return true;
}

/* ---- building ---- */

static void build(const struct fl_auth_parts *parts, const struct fl_cfg_auth_method *method,
                  void **ret, struct fl_problems *problems)
{
	struct basic *b = calloc(1, sizeof *b);
	int n;

	*ret = b;
	if (!b) {
		(void)fl_problems_add(problems, "out_of_memory", method->at, FL_STR_NULL,
		                      "no memory for the method \"%.*s\" of auth",
		                      FL_STR_ARGS(method->name));
		return;
	}
	b->credentials = parts->credentials;
	n = snprintf(b->challenge, sizeof b->challenge, "Basic realm=\"%.*s\", charset=\"UTF-8\"",
	             FL_STR_ARGS(method->by.basic.realm));
	FL_ASSERT(n > 0 && (size_t)n < sizeof b->challenge); /* the realm has its limit */
}

static void destroy(void *state)
{
	free(state);
}

static const char *challenge(const void *state)
{
	return ((const struct basic *)state)->challenge;
}

/* ---- asking ---- */

static bool take_basic(const fairlead_kv *field, struct fl_str *ret)
{
	static const struct fl_str name = FL_STR_INIT("authorization");
	static const struct fl_str scheme = FL_STR_INIT("basic");
	struct fl_str value = {field->v.p, field->v.n};

	if (field->k.n != name.n || memcmp(field->k.p, name.p, name.n) != 0 ||
	    value.n <= scheme.n || !fl_str_eq_nocase(fl_str_n(value.p, scheme.n), scheme) ||
	    (value.p[scheme.n] != ' ' && value.p[scheme.n] != '\t'))
		return false;
	*ret = fl_str_trim(fl_str_n(value.p + scheme.n, value.n - scheme.n));
	return true;
}

static const char *verify(const struct basic *b, struct fl_str text,
                          struct fl_auth_attempt *attempt)
{
	unsigned char pair[FL_BASIC_PAIR_MAX];
	const char *why = NULL;
	size_t n = 0;

	/* Padded, no other characters, no bits left over. */
	if (sodium_base642bin(pair, sizeof pair, text.p, text.n, NULL, &n, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) != 0)
		why = "it is no base64, or too long";
	else
		attempt->principal.consumer = fl_credentials_find_basic(
		    b->credentials, fl_str_n((const char *)pair, n), attempt->wall_ns);
	if (!why && !attempt->principal.consumer)
		why = "user and password are not known, or not valid any more";
	sodium_memzero(pair, sizeof pair);
	return why;
}

static enum fl_auth_verdict look(const void *state, struct fl_auth_attempt *attempt)
{
	struct fl_str value, text = FL_STR_NULL;
	unsigned n = 0;

	for (size_t i = 0; i < attempt->headers_n; i++) {
		if (!take_basic(&attempt->headers[i], &value))
			continue;
		fl_auth_hide(attempt, i);
		text = value;
		n++;
	}
	if (n == 0)
		return FL_AUTH_NOT_OFFERED;
	attempt->why = n > 1 ? "there are two" : verify(state, text, attempt);
	return attempt->why ? FL_AUTH_REFUSED : FL_AUTH_ACCEPTED;
}

const struct fl_auth_kind fl_auth_basic = {
    .name = "basic",
    .scheme = "Basic",
    .challenge = challenge,
    .build = build,
    .destroy = destroy,
    .look = look,
};
