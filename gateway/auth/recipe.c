/* gateway/auth/recipe.c - how senders of webhooks sign, as data
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/recipe.h"

#include <sodium.h>

#define S(text) FL_STR_INIT(text)

/* In the order of FL_CFG_RECIPES. */
const struct fl_recipe fl_recipes[] = {
    /* https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
     * X-GitHub-Delivery is not signed, and no time is. */
    {.name = "github",
     .field = S("x-hub-signature-256"),
     .prefix = S("sha256="),
     .encoding = FL_RECIPE_HEX,
     .key = FL_RECIPE_TEXT,
     .template = S("{body}"),
     .is_secret_chosen = true},
    /* https://api.slack.com/authentication/verifying-requests-from-slack */
    {.name = "slack",
     .field = S("x-slack-signature"),
     .prefix = S("v0="),
     .encoding = FL_RECIPE_HEX,
     .key = FL_RECIPE_TEXT,
     .template = S("v0:{time}:{body}"),
     .time_field = S("x-slack-request-timestamp"),
     .handshake = FL_RECIPE_SLACK},
    /* https://docs.stripe.com/webhooks#verify-manually */
    {.name = "stripe",
     .field = S("stripe-signature"),
     .separator = FL_RECIPE_COMMAS,
     .prefix = S("v1="),
     .encoding = FL_RECIPE_HEX,
     .key = FL_RECIPE_TEXT,
     .template = S("{time}.{body}"),
     .time_item = S("t=")},
    /* https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
    {.name = "standard-webhooks",
     .field = S("webhook-signature"),
     .separator = FL_RECIPE_SPACES,
     .prefix = S("v1,"),
     .encoding = FL_RECIPE_BASE64,
     .key = FL_RECIPE_BASE64,
     .key_prefix = S("whsec_"),
     .template = S("{id}.{time}.{body}"),
     .time_field = S("webhook-timestamp"),
     .id_field = S("webhook-id"),
     .public_prefix = S("v1a,"),
     .public_key_prefix = S("whpk_")},
    /* https://docs.svix.com/receiving/verifying-payloads/how-manual */
    {.name = "svix",
     .field = S("svix-signature"),
     .separator = FL_RECIPE_SPACES,
     .prefix = S("v1,"),
     .encoding = FL_RECIPE_BASE64,
     .key = FL_RECIPE_BASE64,
     .key_prefix = S("whsec_"),
     .template = S("{id}.{time}.{body}"),
     .time_field = S("svix-timestamp"),
     .id_field = S("svix-id")},
    /* https://developer.pagerduty.com/docs/verifying-webhook-signatures */
    {.name = "pagerduty",
     .field = S("x-pagerduty-signature"),
     .separator = FL_RECIPE_COMMAS,
     .prefix = S("v1="),
     .encoding = FL_RECIPE_HEX,
     .key = FL_RECIPE_TEXT,
     .template = S("{body}")},
    /* https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin */
    {.name = "shopify",
     .field = S("x-shopify-hmac-sha256"),
     .encoding = FL_RECIPE_BASE64,
     .key = FL_RECIPE_TEXT,
     .template = S("{body}")},
    /* https://www.twilio.com/docs/usage/webhooks/webhooks-security */
    {.name = "twilio",
     .field = S("x-twilio-signature"),
     .encoding = FL_RECIPE_BASE64,
     .algorithm = FL_RECIPE_HMAC_SHA1,
     .key = FL_RECIPE_TEXT,
     .template = S("{url}{form}")},
    /* https://linear.app/developers/webhooks#securing-webhooks */
    {.name = "linear",
     .field = S("linear-signature"),
     .encoding = FL_RECIPE_HEX,
     .key = FL_RECIPE_TEXT,
     .template = S("{body}"),
     .time_member = S("webhookTimestamp")},
    /* https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
     */
    {.name = "sendgrid",
     .field = S("x-twilio-email-event-webhook-signature"),
     .encoding = FL_RECIPE_BASE64,
     .algorithm = FL_RECIPE_ECDSA_P256,
     .key = FL_RECIPE_BASE64,
     .template = S("{time}{body}"),
     .time_field = S("x-twilio-email-event-webhook-timestamp")},
    /* https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint */
    {.name = "discord",
     .field = S("x-signature-ed25519"),
     .encoding = FL_RECIPE_HEX,
     .algorithm = FL_RECIPE_ED25519,
     .key = FL_RECIPE_HEX,
     .template = S("{time}{body}"),
     .time_field = S("x-signature-timestamp"),
     .handshake = FL_RECIPE_DISCORD},
    {.name = "generic", .is_secret_chosen = true},
};
const size_t fl_recipes_n = FL_ARRAY_LEN(fl_recipes);

const struct fl_recipe *fl_recipe_find(struct fl_str name)
{
	for (size_t i = 0; i < fl_recipes_n; i++)
		if (fl_str_is(name, fl_recipes[i].name))
			return &fl_recipes[i];
	return NULL;
}

/* ---- templates ---- */

static const char *const part_names[FL_RECIPE_PARTS] = {
    [FL_RECIPE_TIME] = "{time}", [FL_RECIPE_ID] = "{id}",     [FL_RECIPE_BODY] = "{body}",
    [FL_RECIPE_URL] = "{url}",   [FL_RECIPE_FORM] = "{form}",
};

/* Length of the part at the beginning; 0: it is none. */
static size_t take_part(struct fl_str rest, struct fl_recipe_part *ret)
{
	size_t n = 0;

	for (int k = FL_RECIPE_LITERAL + 1; rest.p[0] == '{' && k < FL_RECIPE_PARTS; k++)
		if (fl_str_starts(rest, fl_str(part_names[k]))) {
			*ret = (struct fl_recipe_part){.kind = (enum fl_recipe_part_kind)k};
			return strlen(part_names[k]);
		}
	while (n < rest.n && rest.p[n] != '{' && rest.p[n] != '}')
		n++;
	*ret = (struct fl_recipe_part){FL_RECIPE_LITERAL, fl_str_n(rest.p, n)};
	return n;
}

size_t fl_recipe_parse(struct fl_str template, struct fl_recipe_part ret[FL_RECIPE_PARTS_MAX])
{
	size_t n = 0;

	while (template.n > 0) {
		size_t len = n < FL_RECIPE_PARTS_MAX ? take_part(template, &ret[n]) : 0;

		if (len == 0)
			return 0;
		template = fl_str_n(template.p + len, template.n - len);
		n++;
	}
	return n;
}

/* ---- what a request says ---- */

/* How many there are of the name; the last in *ret. */
static unsigned find(const fairlead_kv *headers, size_t n, struct fl_str name, struct fl_str *ret)
{
	unsigned found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!fl_str_eq(fl_str_n(headers[i].k.p, headers[i].k.n), name))
			continue;
		*ret = fl_str_n(headers[i].v.p, headers[i].v.n);
		found++;
	}
	return found;
}

static const char *read_time_item(const struct fl_recipe *recipe, struct fl_str item,
                                  struct fl_recipe_claim *ret)
{
	if (ret->time.p)
		return "there are two times";
	ret->time = fl_str_n(item.p + recipe->time_item.n, item.n - recipe->time_item.n);
	return NULL;
}

static const char *read_items(const struct fl_recipe *recipe, struct fl_str rest,
                              struct fl_recipe_claim *ret)
{
	const char separator = recipe->separator == FL_RECIPE_COMMAS ? ',' : ' ';
	const char *wrong = NULL;

	while (rest.p && !wrong) {
		struct fl_str item = fl_str_trim(fl_str_split(rest, separator, &rest));

		if (recipe->time_item.n > 0 && fl_str_starts(item, recipe->time_item))
			wrong = read_time_item(recipe, item, ret);
		else if (ret->n == FL_RECIPE_SIGNATURES_MAX)
			wrong = "there are too many signatures";
		else
			ret->signatures[ret->n++] = item;
	}
	return wrong;
}

const char *fl_recipe_read(const struct fl_recipe *recipe, const fairlead_kv *headers,
                           size_t headers_n, struct fl_recipe_claim *ret)
{
	struct fl_str text = FL_STR_NULL;
	unsigned found = find(headers, headers_n, recipe->field, &text);
	const char *wrong = NULL;

	*ret = (struct fl_recipe_claim){.n = 0};
	if (found == 0)
		return NULL;
	if (recipe->separator == FL_RECIPE_ONE)
		ret->signatures[ret->n++] = text;
	else
		wrong = read_items(recipe, text, ret);
	if (ret->n == 0)
		ret->signatures[ret->n++] = FL_STR("");
	if (found > 1)
		return "there are two fields of signatures";
	if (!wrong && recipe->time_field.n > 0 &&
	    find(headers, headers_n, recipe->time_field, &ret->time) != 1)
		wrong = "the field of the time is missing, or there are two";
	if (!wrong && recipe->time_item.n > 0 && !ret->time.p)
		wrong = "the time is missing";
	if (!wrong && recipe->id_field.n > 0 &&
	    (find(headers, headers_n, recipe->id_field, &ret->id) != 1 || ret->id.n == 0))
		wrong = "the field of the id is missing, or there are two";
	return wrong;
}

/* sodium_base642bin() of 1.0.18 takes some bytes above 127 for digits. */
static bool is_ascii(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 0x7f)
			return false;
	return true;
}

size_t fl_recipe_decode(enum fl_recipe_encoding encoding, struct fl_str text, unsigned char *ret,
                        size_t max)
{
	const char *end = NULL;
	size_t n = 0;
	int rc = -1;

	if (text.n == 0 || !is_ascii(text))
		return 0;
	switch (encoding) {
	case FL_RECIPE_HEX:
		rc = sodium_hex2bin(ret, max, text.p, text.n, NULL, &n, &end);
		break;
	case FL_RECIPE_BASE64:
		rc = sodium_base642bin(ret, max, text.p, text.n, NULL, &n, &end,
		                       sodium_base64_VARIANT_ORIGINAL);
		break;
	case FL_RECIPE_BASE64URL:
		rc = sodium_base642bin(ret, max, text.p, text.n, NULL, &n, &end,
		                       sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		break;
	case FL_RECIPE_TEXT:
		break;
	}
	return rc == 0 && end == text.p + text.n ? n : 0;
}
