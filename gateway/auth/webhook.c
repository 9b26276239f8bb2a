/* gateway/auth/webhook.c - the sender signs what it sends
 * SPDX-License-Identifier: Apache-2.0
 *
 * From the head: are the fields there, is the time near? With the body: does a signature fit one of
 * the secrets, and is the delivery new? What is wrong goes to the log only.
 */
#include "gateway/auth/webhook.h"

#include <stdlib.h>

#include "base/clock.h"
#include "gateway/auth/form.h"
#include "gateway/auth/member.h"
#include "gateway/auth/signature.h"
#include "gateway/config/schema.h"

#define SECRETS_MAX 8u
/* Of keys for HMAC, in bytes. A vendor's own are what they are. */
#define WEAK_BYTES 16u
#define WEAK_BYTES_CHOSEN 32u
#define MAC_TEXT_MAX 128u /* of a SHA-256 in hex in a query */

struct webhook {
	const struct fl_cfg_auth_method *method;
	const struct fl_cfg_webhook *config;
	struct fl_replay *replay; /* NULL: nothing is remembered, only checked */
	struct fl_recipe recipe;  /* a copy: of `generic` it is filled */
	struct fl_recipe_part parts[FL_RECIPE_PARTS_MAX];
	size_t parts_n;
	struct fl_signature_key keys[SECRETS_MAX];
	size_t keys_n;
	uint64_t window_s;
};

/* ---- what the configuration says ---- */

static struct fl_problem *tell(const struct fl_cfg_auth_method *method, const char *key,
                               struct fl_problems *problems, const char *code, const char *what)
{
	struct fl_str pointer = fl_arena_printf(problems->arena, "/auth/%.*s/webhook/%s",
	                                        FL_STR_ARGS(method->name), key);

	return fl_problems_add(problems, code, method->at, pointer, "the webhook \"%.*s\": %s",
	                       FL_STR_ARGS(method->name), what);
}

static unsigned word_index(const char *words, struct fl_str text)
{
	struct fl_cfg_key row = {.words = words};

	return (unsigned)fl_cfg_key_word_index(&row, text);
}

static void fill_generic(const struct fl_cfg_webhook *from, struct fl_recipe *to)
{
	to->field = from->header;
	to->prefix = from->prefix;
	to->template = from->signed_text;
	to->time_field = from->time_header;
	to->id_field = from->id_header;
	to->separator = word_index(FL_CFG_RECIPE_SEPARATORS, from->separator);
	to->encoding = word_index(FL_CFG_RECIPE_ENCODINGS, from->encoding);
	to->algorithm = word_index(FL_CFG_RECIPE_ALGORITHMS, from->algorithm);
	to->key = word_index(FL_CFG_RECIPE_KEYS, from->key);
}

static bool has_part(const struct webhook *w, enum fl_recipe_part_kind kind)
{
	for (size_t i = 0; i < w->parts_n; i++)
		if (w->parts[i].kind == kind)
			return true;
	return false;
}

/* The time and the id count only if they are signed, and can be signed only if they are sent. */
static const char *fault_of(const struct webhook *w)
{
	const struct fl_recipe *r = &w->recipe;

	if (w->parts_n == 0)
		return "\"signed\" has other braces than {body}, {time}, {id}, {url}, {form}, or "
		       "too many parts";
	if (!has_part(w, FL_RECIPE_BODY) && !has_part(w, FL_RECIPE_FORM))
		return "\"signed\" has no {body}: anybody could change it";
	if (has_part(w, FL_RECIPE_TIME) != (r->time_field.n > 0 || r->time_item.n > 0))
		return "{time} in \"signed\" and \"time_header\" belong together";
	if (has_part(w, FL_RECIPE_ID) != (r->id_field.n > 0))
		return "{id} in \"signed\" and \"id_header\" belong together";
	return NULL;
}

static void compile_recipe(struct webhook *w, struct fl_problems *problems)
{
	const struct fl_recipe *row = fl_recipe_find(w->config->recipe);
	const char *fault;

	FL_ASSERT(row); /* the table of keys has the same names */
	w->recipe = *row;
	if (fl_str_is(w->config->recipe, "generic"))
		fill_generic(w->config, &w->recipe);
	w->parts_n = fl_recipe_parse(w->recipe.template, w->parts);
	fault = fault_of(w);
	if (fault)
		fl_problem_hint(problems, tell(w->method, "signed", problems, "bad_value", fault),
		                "for example: signed: \"{time}.{body}\", time_header: x-timestamp");
}

static struct fl_str value_of(const struct fl_config *config, struct fl_str name)
{
	for (size_t i = 0; i < config->secrets_n; i++)
		if (fl_str_eq(config->secrets[i].name, name))
			return config->secrets[i].value;
	return FL_STR_NULL;
}

static void warn_if_weak(const struct webhook *w, const struct fl_signature_key *key,
                         struct fl_problems *problems)
{
	const size_t least = w->recipe.is_secret_chosen ? WEAK_BYTES_CHOSEN : WEAK_BYTES;
	struct fl_problem *p;

	if (key->algorithm > FL_RECIPE_HMAC_SHA1 || key->n >= least)
		return;
	p = tell(w->method, "secrets", problems, "secret_weak",
	         "a secret is so short that it can be guessed");
	fl_problem_hint(problems, p, "use %zu bytes or more, for example of openssl rand -hex 32",
	                least);
	fl_problem_warn(problems, p);
}

static void compile_keys(struct webhook *w, const struct fl_config *config,
                         struct fl_problems *problems)
{
	const struct fl_cfg_strings *names = &w->config->secrets;

	FL_ASSERT(names->n <= SECRETS_MAX);
	for (size_t i = 0; i < names->n; i++) {
		struct fl_signature_key *key = &w->keys[w->keys_n];
		const char *wrong = fl_signature_key_init(
		    &w->recipe, value_of(config, names->items[i]), key);

		if (!wrong) {
			w->keys_n++;
			warn_if_weak(w, key, problems);
			continue;
		}
		struct fl_str what =
		    fl_arena_printf(problems->arena, "the secret \"%.*s\" %s",
		                    FL_STR_ARGS(names->items[i]), wrong);

		fl_problem_hint(problems,
		                tell(w->method, "secrets", problems, "secret_invalid",
		                     what.p ? what.p : wrong),
		                "copy it as the sender shows it, without what is around it");
	}
}

static void build(const struct fl_auth_parts *parts, const struct fl_cfg_auth_method *method,
                  void **ret, struct fl_problems *problems)
{
	struct webhook *w = calloc(1, sizeof *w);
	uint64_t window_ns;

	*ret = w;
	if (!w) {
		(void)tell(method, "", problems, "out_of_memory", "no memory");
		return;
	}
	w->method = method;
	w->config = &method->by.webhook;
	w->replay = parts->replay;
	window_ns = w->config->replay_window_ns;
	if (window_ns < 2 * w->config->tolerance_ns)
		window_ns = 2 * w->config->tolerance_ns;
	w->window_s = (window_ns + FL_NS_PER_SEC - 1) / FL_NS_PER_SEC;
	compile_recipe(w, problems);
	compile_keys(w, parts->config, problems);
}

static void destroy(void *state)
{
	struct webhook *w = state;

	for (size_t i = 0; w && i < w->keys_n; i++)
		fl_signature_key_fini(&w->keys[i]);
	free(w);
}

/* ---- the head ---- */

static enum fl_auth_verdict refuse(struct fl_auth_attempt *attempt, const char *why)
{
	attempt->why = why;
	return FL_AUTH_REFUSED;
}

static bool is_near(const struct webhook *w, const struct fl_auth_attempt *attempt,
                    uint64_t time_ns)
{
	uint64_t now_ns = attempt->wall_ns;

	return (time_ns > now_ns ? time_ns - now_ns : now_ns - time_ns) <= w->config->tolerance_ns;
}

static const char *check_time(const struct webhook *w, const struct fl_auth_attempt *attempt,
                              struct fl_str text, uint64_t unit_ns)
{
	uint64_t time;

	if (text.n > 20 || !fl_str_to_u64(text, &time) || time > UINT64_MAX / unit_ns)
		return "the time is no number";
	return is_near(w, attempt, time * unit_ns) ? NULL
	                                           : "the time is too far from the clock's";
}

/* CloudEvents, HTTP 1.1 Web Hooks, 4.1: may this origin send here?
 * https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md */
static enum fl_auth_verdict answer_origin(const struct webhook *w, struct fl_auth_attempt *attempt)
{
	static const struct fl_str name = FL_STR_INIT("webhook-request-origin");
	struct fl_str origin = FL_STR_NULL;

	for (size_t i = 0; i < attempt->headers_n; i++)
		if (fl_str_eq(fl_str_n(attempt->headers[i].k.p, attempt->headers[i].k.n), name))
			origin = fl_str_n(attempt->headers[i].v.p, attempt->headers[i].v.n);
	for (size_t i = 0; origin.p && i < w->config->origins.n; i++) {
		if (!fl_str_eq_nocase(origin, w->config->origins.items[i]))
			continue;
		attempt->answer = (struct fl_auth_answer){
		    .status = 200,
		    .headers = {{{"webhook-allowed-origin", 22}, {origin.p, origin.n}},
		                {{"allow", 5}, {"POST", 4}}},
		    .headers_n = 2,
		};
		return FL_AUTH_ANSWER;
	}
	return FL_AUTH_NOT_OFFERED;
}

static enum fl_auth_verdict look(const void *state, struct fl_auth_attempt *attempt)
{
	const struct webhook *w = state;
	struct fl_recipe_claim claim;
	const char *wrong =
	    fl_recipe_read(&w->recipe, attempt->headers, attempt->headers_n, &claim);

	if (claim.n == 0)
		return fl_str_is(attempt->method, "OPTIONS") ? answer_origin(w, attempt)
		                                             : FL_AUTH_NOT_OFFERED;
	if (!wrong && claim.time.p)
		wrong = check_time(w, attempt, claim.time, FL_NS_PER_SEC);
	return wrong ? refuse(attempt, wrong) : FL_AUTH_NEEDS_BODY;
}

/* ---- what is signed ---- */

static struct fl_str make_url(const struct webhook *w, const struct fl_auth_attempt *attempt)
{
	const struct fl_str base = w->config->public_url;
	const bool has_query = attempt->query.n > 0;

	if (base.n > 0)
		return fl_arena_printf(attempt->arena, "%.*s%.*s%s%.*s", FL_STR_ARGS(base),
		                       FL_STR_ARGS(attempt->path), has_query ? "?" : "",
		                       FL_STR_ARGS(attempt->query));
	return fl_arena_printf(attempt->arena, "%.*s://%.*s%.*s%s%.*s",
	                       FL_STR_ARGS(attempt->scheme), FL_STR_ARGS(attempt->host),
	                       FL_STR_ARGS(attempt->path), has_query ? "?" : "",
	                       FL_STR_ARGS(attempt->query));
}

/* Twilio signs a body that is no form by its SHA-256 in the query, so in the URL. */
static struct fl_str make_form(const struct fl_auth_attempt *attempt)
{
	struct fl_str hash = fl_form_raw_value(attempt->query, FL_STR("bodySHA256"));
	unsigned char said[32], made[32];

	if (!hash.p)
		return fl_form_sorted(attempt->arena, attempt->body);
	fl_signature_sha256(attempt->body, made);
	if (hash.n > MAC_TEXT_MAX ||
	    fl_recipe_decode(FL_RECIPE_HEX, hash, said, sizeof said) != sizeof said ||
	    memcmp(said, made, sizeof made) != 0)
		return FL_STR_NULL;
	return FL_STR("");
}

static bool make_message(const struct webhook *w, const struct fl_auth_attempt *attempt,
                         const struct fl_recipe_claim *claim, struct fl_signed *ret)
{
	const struct fl_str empty = FL_STR("");

	ret->n = w->parts_n;
	for (size_t i = 0; i < w->parts_n; i++) {
		const struct fl_recipe_part *part = &w->parts[i];
		struct fl_str piece = part->text;

		if (part->kind == FL_RECIPE_TIME)
			piece = claim->time;
		else if (part->kind == FL_RECIPE_ID)
			piece = claim->id;
		else if (part->kind == FL_RECIPE_BODY)
			piece = attempt->body.p ? attempt->body : empty;
		else if (part->kind == FL_RECIPE_URL)
			piece = make_url(w, attempt);
		else if (part->kind == FL_RECIPE_FORM)
			piece = make_form(attempt);
		if (!piece.p)
			return false;
		ret->pieces[i] = piece;
	}
	return true;
}

/* ---- the body ---- */

/* `event` becomes what names the delivery: its id where that is signed, else what the first secret
 * makes of the message. */
static bool fits(const struct webhook *w, struct fl_auth_attempt *attempt,
                 const struct fl_recipe_claim *claim, const struct fl_signed *message,
                 unsigned char event[FL_SIGNATURE_PRINT_BYTES])
{
	unsigned char print[FL_SIGNATURE_PRINT_BYTES];
	bool is_right = false;

	for (size_t i = 0; i < w->keys_n && !is_right; i++) {
		is_right = fl_signature_fits(&w->keys[i], w->recipe.encoding, message, claim,
		                             attempt->arena, print);
		if (i == 0)
			memcpy(event, print, sizeof print);
	}
	return is_right;
}

static bool is_new(const struct webhook *w, struct fl_auth_attempt *attempt, struct fl_str event)
{
	const uint64_t now_s = attempt->wall_ns / FL_NS_PER_SEC;

	if (!w->replay)
		return true;
	fl_replay_hash(w->replay, w->method->name, event, &attempt->principal.delivery);
	attempt->principal.has_delivery = fl_replay_enter(
	    w->replay, &attempt->principal.delivery, now_s, now_s + w->window_s + 1);
	return attempt->principal.has_delivery;
}

static enum fl_auth_verdict answer_text(struct fl_auth_attempt *attempt, const char *type,
                                        struct fl_str text)
{
	attempt->answer = (struct fl_auth_answer){
	    .status = 200,
	    .headers = {{{"content-type", 12}, {type, strlen(type)}}},
	    .headers_n = 1,
	    .body = text,
	};
	return FL_AUTH_ANSWER;
}

static enum fl_auth_verdict conclude(const struct webhook *w, struct fl_auth_attempt *attempt)
{
	struct fl_str text;
	uint64_t number;

	if (w->recipe.handshake == FL_RECIPE_SLACK &&
	    fl_member_string(attempt->body, FL_STR("type"), &text) &&
	    fl_str_is(text, "url_verification") &&
	    fl_member_string(attempt->body, FL_STR("challenge"), &text))
		return answer_text(attempt, "text/plain; charset=utf-8", text);
	if (w->recipe.handshake == FL_RECIPE_DISCORD &&
	    fl_member_number(attempt->body, FL_STR("type"), &number) && number == 1)
		return answer_text(attempt, "application/json", FL_STR("{\"type\":1}"));
	attempt->principal.consumer = w->config->consumer;
	return FL_AUTH_ACCEPTED;
}

static const char *check_member(const struct webhook *w, const struct fl_auth_attempt *attempt)
{
	uint64_t time_ms;

	if (w->recipe.time_member.n == 0)
		return NULL;
	if (!fl_member_number(attempt->body, w->recipe.time_member, &time_ms) ||
	    time_ms > UINT64_MAX / FL_NS_PER_MS)
		return "the body has no time";
	return is_near(w, attempt, time_ms * FL_NS_PER_MS) ? NULL
	                                                   : "the time is too far from the clock's";
}

static enum fl_auth_verdict check_body(const void *state, struct fl_auth_attempt *attempt)
{
	const struct webhook *w = state;
	unsigned char print[FL_SIGNATURE_PRINT_BYTES];
	struct fl_recipe_claim claim;
	struct fl_signed message;
	const char *wrong;

	/* The fields were read before, and are the same. */
	if (fl_recipe_read(&w->recipe, attempt->headers, attempt->headers_n, &claim) != NULL)
		return refuse(attempt, "the fields of the signature changed");
	if (!make_message(w, attempt, &claim, &message))
		return refuse(attempt, "the body cannot be what was signed");
	if (!fits(w, attempt, &claim, &message, print))
		return refuse(attempt, "no signature fits the body and the secrets");
	wrong = check_member(w, attempt);
	if (wrong)
		return refuse(attempt, wrong);
	if (!is_new(w, attempt,
	            claim.id.p ? claim.id : fl_str_n((const char *)print, sizeof print)))
		return refuse(attempt, "it was let in before");
	return conclude(w, attempt);
}

const struct fl_auth_kind fl_auth_webhook = {
    .name = "webhook",
    .scheme = "Webhook-Signature",
    .build = build,
    .destroy = destroy,
    .look = look,
    .check_body = check_body,
};
