/* gateway/auth/webhook.c - the sender signs what it sends
 * SPDX-License-Identifier: Apache-2.0
 *
 * GitHub: HMAC-SHA256 of the raw body, in hex, as "X-Hub-Signature-256: sha256=..."
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
#include "gateway/auth/webhook.h"

#include <gnutls/crypto.h>
#include <sodium.h>
#include <stdlib.h>

#define MAC_BYTES 32u

static const struct fl_str header = FL_STR_INIT("x-hub-signature-256");
static const struct fl_str prefix = FL_STR_INIT("sha256=");

struct webhook {
	const struct fl_cfg_webhook *config;
	struct fl_str secrets[8]; /* values: the configuration's */
	size_t secrets_n;
};

static struct fl_str value_of(const struct fl_config *config, struct fl_str name)
{
	for (size_t i = 0; i < config->secrets_n; i++)
		if (fl_str_eq(config->secrets[i].name, name))
			return config->secrets[i].value;
	return FL_STR_NULL;
}

static void build(const struct fl_auth_parts *parts, const struct fl_cfg_auth_method *method,
                  void **ret, struct fl_problems *problems)
{
	const struct fl_cfg_webhook *config = &method->by.webhook;
	struct webhook *w = calloc(1, sizeof *w);

	*ret = w;
	if (!w) {
		(void)fl_problems_add(problems, "out_of_memory", method->at, FL_STR_NULL,
		                      "no memory for \"%.*s\"", FL_STR_ARGS(method->name));
		return;
	}
	FL_ASSERT(config->secrets.n <= FL_ARRAY_LEN(w->secrets));
	w->config = config;
	for (size_t i = 0; i < config->secrets.n; i++)
		w->secrets[w->secrets_n++] = value_of(parts->config, config->secrets.items[i]);
}

static bool is_signature(const fairlead_kv *field)
{
	return field->k.n == header.n && memcmp(field->k.p, header.p, header.n) == 0;
}

/* How many there are; the last in *ret. */
static unsigned find(const struct fl_auth_attempt *attempt, struct fl_str *ret)
{
	unsigned n = 0;

	for (size_t i = 0; i < attempt->headers_n; i++) {
		if (!is_signature(&attempt->headers[i]))
			continue;
		*ret = fl_str_n(attempt->headers[i].v.p, attempt->headers[i].v.n);
		n++;
	}
	return n;
}

static enum fl_auth_verdict refuse(struct fl_auth_attempt *attempt, const char *why)
{
	attempt->why = why;
	return FL_AUTH_REFUSED;
}

static enum fl_auth_verdict look(const void *state, struct fl_auth_attempt *attempt)
{
	struct fl_str ignored;
	unsigned n = find(attempt, &ignored);

	(void)state;
	if (n > 1)
		return refuse(attempt, "there are two signature fields");
	return n == 0 ? FL_AUTH_NOT_OFFERED : FL_AUTH_NEEDS_BODY;
}

static bool parse(struct fl_str text, unsigned char ret[MAC_BYTES])
{
	size_t n = 0;

	return fl_str_starts(text, prefix) && text.n == prefix.n + (size_t)MAC_BYTES * 2 &&
	       sodium_hex2bin(ret, MAC_BYTES, text.p + prefix.n, text.n - prefix.n, NULL, &n,
	                      NULL) == 0 &&
	       n == MAC_BYTES;
}

static enum fl_auth_verdict check_body(const void *state, struct fl_auth_attempt *attempt)
{
	const struct webhook *w = state;
	unsigned char given[MAC_BYTES], made[MAC_BYTES];
	struct fl_str text = FL_STR_NULL;
	bool is_right = false;

	(void)find(attempt, &text);
	if (!parse(text, given))
		return refuse(attempt, "the signature is not sha256= and 64 hex digits");
	for (size_t i = 0; i < w->secrets_n; i++)
		if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, w->secrets[i].p, w->secrets[i].n,
		                     attempt->body.p, attempt->body.n, made) == 0)
			is_right |= sodium_memcmp(given, made, sizeof made) == 0;
	if (!is_right)
		return refuse(attempt, "the signature is none of this body and these secrets");
	attempt->principal.consumer = w->config->consumer;
	return FL_AUTH_ACCEPTED;
}

const struct fl_auth_kind fl_auth_webhook = {
    .name = "webhook",
    .scheme = "Webhook-Signature",
    .build = build,
    .destroy = free,
    .look = look,
    .check_body = check_body,
};
