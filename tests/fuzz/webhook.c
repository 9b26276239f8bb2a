/* tests/fuzz/webhook.c - what senders of webhooks, and who pretends to be one, may write
 * SPDX-License-Identifier: Apache-2.0
 *
 *	RECIPE [TEMPLATE]
 *	name: value		any number of these
 *	(empty line)
 *	body
 *
 * A claim keeps its limits, templates fall into parts that make them up again, and what is decoded
 * is written in one way only. Nobody here can sign, but for what the corpus has from vendors.
 */
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/auth/form.h"
#include "gateway/auth/member.h"
#include "gateway/auth/recipe.h"
#include "gateway/auth/webhook.h"

#define HEADERS_MAX 8u

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static const char *secret_of(struct fl_str recipe)
{
	static const char *const secrets[][2] = {
	    {"github", "It's a Secret to Everybody"},
	    {"slack", "8f742231b10e8888abcd99yyyzzz85a5"},
	    {"standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	    {"svix", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	    {"twilio", "12345"},
	    {"sendgrid", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1"
			 "flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="},
	    {"discord", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(secrets); i++)
		if (fl_str_is(recipe, secrets[i][0]))
			return secrets[i][1];
	return "0123456789abcdef0123456789abcdef";
}

static size_t take_headers(struct fl_str *rest, fairlead_kv *headers)
{
	size_t n = 0;

	while (rest->p) {
		struct fl_str value, line = fl_str_split(*rest, '\n', rest);
		struct fl_str name = fl_str_split(line, ':', &value);

		if (line.n == 0)
			break;
		value = fl_str_trim(value);
		if (n < HEADERS_MAX)
			headers[n++] = (fairlead_kv){{name.p, name.n},
						     {value.p ? value.p : "", value.n}};
	}
	return n;
}

static void check_template(struct fl_str template)
{
	static const size_t lengths[FL_RECIPE_PARTS] = {0, 6, 4, 6, 5, 6};
	struct fl_recipe_part parts[FL_RECIPE_PARTS_MAX];
	size_t n = fl_recipe_parse(template, parts), length = 0;

	require(n <= FL_RECIPE_PARTS_MAX);
	for (size_t i = 0; i < n; i++)
		length += parts[i].kind == FL_RECIPE_LITERAL ? parts[i].text.n
							     : lengths[parts[i].kind];
	require(n == 0 || length == template.n);
}

static void check_decoded(struct fl_str text)
{
	unsigned char bytes[80];
	char again[200];
	size_t n = fl_recipe_decode(FL_RECIPE_BASE64, text, bytes, sizeof bytes);

	require(n <= sizeof bytes);
	if (n > 0) {
		(void)sodium_bin2base64(again, sizeof again, bytes, n,
					sodium_base64_VARIANT_ORIGINAL);
		require(fl_str_is(text, again));
	}
	n = fl_recipe_decode(FL_RECIPE_HEX, text, bytes, sizeof bytes);
	require(n <= sizeof bytes && (n == 0 || text.n == 2 * n));
	n = fl_recipe_decode(FL_RECIPE_BASE64URL, text, bytes, sizeof bytes);
	require(n <= sizeof bytes);
	if (n > 0) {
		(void)sodium_bin2base64(again, sizeof again, bytes, n,
					sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		require(fl_str_is(text, again));
	}
}

static void check_texts(struct fl_arena *arena, struct fl_str text)
{
	struct fl_str value, form = fl_form_sorted(arena, text);
	uint64_t number;

	require(!form.p || form.n <= text.n);
	if (fl_member_string(text, FL_STR("type"), &value))
		require(value.p > text.p && value.p + value.n < text.p + text.n);
	(void)fl_member_number(text, FL_STR("webhookTimestamp"), &number);
	value = fl_form_raw_value(text, FL_STR("bodySHA256"));
	require(!value.p || (value.p >= text.p && value.p + value.n <= text.p + text.n));
}

static void check_claim(const struct fl_recipe *recipe, const struct fl_auth_attempt *attempt)
{
	struct fl_recipe_claim claim;

	(void)fl_recipe_read(recipe, attempt->headers, attempt->headers_n, &claim);
	require(claim.n <= FL_RECIPE_SIGNATURES_MAX);
	for (size_t i = 0; i < claim.n; i++)
		check_decoded(claim.signatures[i]);
}

static void attempt_it(const struct fl_cfg_auth_method *method, struct fl_auth_attempt *attempt,
		       struct fl_str body)
{
	const struct fl_cfg_secret secret = {.name = FL_STR("s"),
					     .value = fl_str(secret_of(method->by.webhook.recipe))};
	const struct fl_config config = {.secrets = &secret, .secrets_n = 1};
	struct fl_problems problems;
	void *state;

	fl_problems_init(&problems, attempt->arena);
	fl_auth_webhook.build(&(struct fl_auth_parts){.config = &config}, method, &state,
			      &problems);
	if (problems.errors == 0 && fl_auth_webhook.look(state, attempt) == FL_AUTH_NEEDS_BODY) {
		attempt->body = body;
		require(fl_auth_webhook.check_body(state, attempt) != FL_AUTH_NEEDS_BODY);
	}
	fl_auth_webhook.destroy(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fl_str names[] = {FL_STR_INIT("s")};
	struct fl_str rest = fl_str_n((const char *)data, size), template;
	struct fl_str name = fl_str_split(fl_str_split(rest, '\n', &rest), ' ', &template);
	const struct fl_recipe *recipe = fl_recipe_find(name);
	fairlead_kv headers[HEADERS_MAX];
	struct fl_arena arena;

	if (!recipe)
		return 0;
	struct fl_cfg_auth_method method = {
	    .name = FL_STR("m"),
	    .by.webhook = {.recipe = fl_str(recipe->name),
			   .secrets = {names, 1},
			   .tolerance_ns = 300 * FL_NS_PER_SEC,
			   .header = FL_STR("x-s"),
			   .time_header = FL_STR(""),
			   .id_header = FL_STR(""),
			   .prefix = FL_STR(""),
			   .encoding = FL_STR("base64url"),
			   .algorithm = FL_STR("hmac-sha1"),
			   .separator = FL_STR("comma"),
			   .key = FL_STR("text"),
			   .signed_text = template.p ? template : FL_STR("")}};

	fl_arena_init(&arena, 4096, 16u << 20);
	struct fl_auth_attempt attempt = {.headers = headers,
					  .headers_n = take_headers(&rest, headers),
					  .method = FL_STR("POST"),
					  .path = FL_STR("/myapp.php"),
					  .query = FL_STR("foo=1&bar=2"),
					  .host = FL_STR("mycompany.com"),
					  .scheme = FL_STR("https"),
					  .wall_ns = 1531420618 * FL_NS_PER_SEC,
					  .arena = &arena};
	struct fl_str body = rest.p ? rest : FL_STR("");

	check_template(template);
	check_claim(recipe, &attempt);
	check_texts(&arena, body);
	attempt_it(&method, &attempt, body);
	fl_arena_fini(&arena);
	return 0;
}
