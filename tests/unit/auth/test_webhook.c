/* tests/unit/auth/test_webhook.c - each recipe with what its vendor publishes, and what is refused
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "base/clock.h"
#include "gateway/auth/webhook.h"

static struct fl_arena arena;
static struct fl_problems problems;
static struct fl_replay *replay;

static int set_up(void **state)
{
	struct fl_auth_key key;
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	fl_auth_key_init((const unsigned char[FL_AUTH_KEY_BYTES]){7}, &key);
	fl_arena_init(&arena, 4096, 64u << 20);
	fl_problems_init(&problems, &arena);
	return fl_replay_create(&key, &replay, &err);
}

static int tear_down(void **state)
{
	(void)state;
	replay = fl_replay_destroy(replay);
	fl_arena_fini(&arena);
	return 0;
}

#undef CASE
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

/* ---- a delivery ---- */

#define HEADERS_MAX 6u
struct delivery {
	const char *recipe, *secret;
	uint64_t now_s; /* the gateway's clock */
	const char *headers[HEADERS_MAX][2];
	const char *body, *path, *query, *public_url, *method;
	struct fl_cfg_webhook config; /* the rest of it */
};

struct outcome {
	enum fl_auth_verdict verdict;
	const char *why;
	struct fl_auth_answer answer;
	struct fl_principal principal;
};

static const struct fl_str names[] = {FL_STR_INIT("old"), FL_STR_INIT("secret")};

/* Takes it through look() and check_body() of a method of its own; `replays` may be NULL. */
static struct outcome send(const struct delivery *d, struct fl_replay *replays)
{
	const struct fl_cfg_secret secrets[] = {
	    {.name = names[0], .value = FL_STR("0123456789abcdef0123456789abcdef")},
	    {.name = names[1], .value = fl_str(d->secret)}};
	struct fl_config config = {.secrets = secrets, .secrets_n = 2};
	struct fl_cfg_auth_method method = {.name = FL_STR("m"), .by.webhook = d->config};
	struct fl_cfg_webhook *w = &method.by.webhook;
	fairlead_kv headers[HEADERS_MAX];
	struct fl_auth_attempt attempt = {
	    .headers = headers,
	    .method = fl_str(d->method ? d->method : "POST"),
	    .path = fl_str(d->path ? d->path : "/hook"),
	    .query = fl_str(d->query ? d->query : ""),
	    .host = FL_STR("example.com"),
	    .scheme = FL_STR("https"),
	    .wall_ns = d->now_s * FL_NS_PER_SEC,
	    .arena = &arena,
	};
	struct outcome ret = {.verdict = FL_AUTH_NOT_OFFERED};
	void *state;

	w->recipe = fl_str(d->recipe);
	if (w->secrets.n == 0)
		w->secrets = (struct fl_cfg_strings){&names[1], 1};
	w->public_url = fl_str(d->public_url ? d->public_url : "");
	if (w->tolerance_ns == 0)
		w->tolerance_ns = 300 * FL_NS_PER_SEC;
	for (; attempt.headers_n < HEADERS_MAX && d->headers[attempt.headers_n][0];
	     attempt.headers_n++) {
		const char *const *h = d->headers[attempt.headers_n];

		headers[attempt.headers_n] =
		    (fairlead_kv){{h[0], strlen(h[0])}, {h[1], strlen(h[1])}};
	}
	fl_auth_webhook.build(&(struct fl_auth_parts){.config = &config, .replay = replays},
	                      &method, &state, &problems);
	if (problems.errors > 0) {
		fl_auth_webhook.destroy(state);
		return ret;
	}
	ret.verdict = fl_auth_webhook.look(state, &attempt);
	if (ret.verdict == FL_AUTH_NEEDS_BODY) {
		attempt.body = fl_str(d->body);
		ret.verdict = fl_auth_webhook.check_body(state, &attempt);
	}
	ret.why = attempt.why;
	ret.answer = attempt.answer;
	ret.principal = attempt.principal;
	fl_auth_webhook.destroy(state);
	return ret;
}

/* ---- what vendors publish, or made with OpenSSL where they do not ---- */

#define GITHUB_SECRET "It's a Secret to Everybody"
static const struct delivery github = {
    .recipe = "github",
    .secret = GITHUB_SECRET,
    .headers = {{"x-hub-signature-256",
		 "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
    .body = "Hello, World!",
};
/* The example of Slack's page. */
static const struct delivery slack = {
    .recipe = "slack",
    .secret = "8f742231b10e8888abcd99yyyzzz85a5",
    .now_s = 1531420618,
    .headers = {{"x-slack-signature",
		 "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
		{"x-slack-request-timestamp", "1531420618"}},
    .body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
	    "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
	    "collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"
	    "2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
	    "803a0bc887a14d10d2c447fce8b6703c",
};
/* The example of Standard Webhooks' libraries. */
static const struct delivery standard = {
    .recipe = "standard-webhooks",
    .secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    .now_s = 1614265330,
    .headers = {{"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		{"webhook-timestamp", "1614265330"},
		{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"}},
    .body = "{\"test\": 2432232314}",
};
/* The example of Twilio's page. */
static const struct delivery twilio = {
    .recipe = "twilio",
    .secret = "12345",
    .headers = {{"x-twilio-signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8="}},
    .public_url = "https://mycompany.com",
    .path = "/myapp.php",
    .query = "foo=1&bar=2",
    .body = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%"
	    "2B18005551212",
};

static const struct delivery *const published[] = {&github, &slack, &standard, &twilio};

static void test_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(published); i++) {
		struct outcome o = send(published[i], replay);

		if (o.verdict != FL_AUTH_ACCEPTED)
			fail_msg("%s: %s", published[i]->recipe, o.why ? o.why : "");
	}
}

static void assert_refused(const struct delivery *d, const char *why)
{
	struct outcome o = send(d, replay);

	if (o.verdict != FL_AUTH_REFUSED || !o.why || !strstr(o.why, why))
		fail_msg("%s: expected \"%s\", got %d \"%s\"", d->recipe, why, o.verdict,
		         o.why ? o.why : "");
}

static void test_changed_body(void **state)
{
	static char body[1024];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(published); i++) {
		struct delivery d = *published[i];
		size_t n = strlen(d.body);

		memcpy(body, d.body, n + 1);
		d.body = body;
		body[n / 2] ^= 1;
		assert_refused(&d, "no signature fits");
		body[n / 2] ^= 1;
		body[n] = 'x';
		body[n + 1] = '\0';
		assert_refused(&d, "no signature fits");
		d.body = "";
		assert_refused(&d, "no signature fits");
		d = *published[i];
		d.secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSz";
		assert_refused(&d, "no signature fits");
	}
}

static void test_time(void **state)
{
	static const struct {
		int64_t off_s;
		bool is_taken;
	} cases[] = {{300, true}, {301, false}, {-300, true}, {-301, false}, {-1000000, false}};
	static const char *const times[] = {"",   "-1",  "1531420618 ", "1531420618.0", "0x5b47a24a",
					    "99999999999999999999", "18446744073709551615",
					    "1531420618000"};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct delivery d = slack;

		d.now_s = (uint64_t)((int64_t)d.now_s + cases[i].off_s);
		if (cases[i].is_taken)
			assert_int_equal(send(&d, NULL).verdict, FL_AUTH_ACCEPTED);
		else
			assert_refused(&d, "too far");
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(times); i++) {
		struct delivery d = slack;

		d.headers[1][1] = times[i];
		assert_refused(&d, "time");
	}
}

static void test_missing(void **state)
{
	struct delivery d = standard;

	(void)state;
	d.headers[2][0] = NULL;
	assert_refused(&d, "id is missing");
	d = standard;
	d.headers[1][0] = "x-other";
	assert_refused(&d, "time is missing");
	d = standard;
	d.headers[0][0] = "x-other";
	assert_int_equal(send(&d, replay).verdict, FL_AUTH_NOT_OFFERED);
	/* Each of them twice. */
	for (size_t i = 0; i < 3; i++) {
		d = standard;
		d.headers[3][0] = d.headers[i][0];
		d.headers[3][1] = d.headers[i][1];
		assert_refused(&d, "there are two");
	}
}

static void test_several(void **state)
{
	static const char right[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
	static const struct {
		const char *format, *why; /* NULL: taken */
	} cases[] = {
	    {"v1,AAAA %s", NULL},
	    {"%s v1,AAAA", NULL},
	    {"v1a,AAAA v2,AAAA  %s", NULL},
	    {"1 2 3 4 5 6 7 %s", NULL},
	    {"1 2 3 4 5 6 7 8 %s", "too many"},
	    {"v1,AAAA", "no signature fits"},
	    {"", "no signature fits"},
	    {"%s,", "no signature fits"},
	    {"V%s", "no signature fits"},
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct delivery d = standard;
		const char *at = strstr(cases[i].format, "%s");

		(void)snprintf(text, sizeof text, "%.*s%s%s",
		               (int)(at ? at - cases[i].format : (long)strlen(cases[i].format)),
		               cases[i].format, at ? right : "", at ? at + 2 : "");
		d.headers[0][1] = text;
		if (cases[i].why)
			assert_refused(&d, cases[i].why);
		else
			assert_int_equal(send(&d, NULL).verdict, FL_AUTH_ACCEPTED);
	}
}

/* A signature that is written in another way is none: one byte more, other case of a prefix, blanks,
 * base64 with spare bits or without padding. */
static void test_written(void **state)
{
	static const char *const hex[] = {
	    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
	    "SHA256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
	    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e",
	    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1700",
	    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
	    "sha256= 757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
	    "sha256=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=",
	};
	static const char *const base64[] = {
	    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
	    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
	    "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(hex); i++) {
		struct delivery d = github;

		d.headers[0][1] = hex[i];
		assert_refused(&d, "no signature fits");
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(base64); i++) {
		struct delivery d = standard;

		d.headers[0][1] = base64[i];
		assert_refused(&d, "no signature fits");
	}
}

static void test_rotation(void **state)
{
	struct delivery d = github;

	(void)state;
	d.config.secrets = (struct fl_cfg_strings){names, 2};
	assert_int_equal(send(&d, replay).verdict, FL_AUTH_ACCEPTED);
	assert_refused(&d, "before"); /* the copy is known whichever secret fits */
}

static void test_replay(void **state)
{
	struct delivery d = standard;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(published); i++) {
		assert_int_equal(send(published[i], replay).verdict, FL_AUTH_ACCEPTED);
		assert_refused(published[i], "it was let in before");
	}
	/* Hex in other letters is the same signature. */
	d = github;
	d.headers[0][1] = "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17";
	assert_refused(&d, "it was let in before");
	/* As long as its time is good it is known; GitHub signs none, so later a copy passes. */
	d = slack;
	d.now_s += 300;
	assert_refused(&d, "it was let in before");
	d = github;
	d.now_s += 601;
	d.config.replay_window_ns = 600 * FL_NS_PER_SEC;
	assert_int_equal(send(&d, replay).verdict, FL_AUTH_ACCEPTED);
}

static void test_failed(void **state)
{
	struct outcome o = send(&github, replay);

	(void)state;
	assert_true(o.principal.has_delivery);
	fl_replay_leave(replay, &o.principal.delivery);
	assert_int_equal(send(&github, replay).verdict, FL_AUTH_ACCEPTED);
	assert_refused(&github, "before");
}

static void test_handshakes(void **state)
{
	static const struct fl_str origins[] = {FL_STR_INIT("events.example.com")};
	/* openssl dgst -sha256 -hmac 8f742231b10e8888abcd99yyyzzz85a5 over "v0:1531420618:" and the body */
	struct delivery d = slack;
	struct outcome o;

	(void)state;
	d.body = "{\"token\":\"t\",\"challenge\":\"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P\","
		 "\"type\":\"url_verification\"}";
	d.headers[0][1] = "v0=9815b856719f49294457425f6c73f1ccbe3172750a83b6066a7f04c0fdcabec4";
	o = send(&d, replay);
	assert_int_equal(o.verdict, FL_AUTH_ANSWER);
	assert_int_equal(o.answer.status, 200);
	assert_true(fl_str_is(o.answer.body,
			      "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"));
	d.headers[0][1] = slack.headers[0][1]; /* of another body */
	assert_refused(&d, "no signature fits");

	d = (struct delivery){.recipe = "github",
			      .secret = GITHUB_SECRET,
			      .method = "OPTIONS",
			      .headers = {{"webhook-request-origin", "events.example.com"}},
			      .config.origins = {origins, 1}};
	o = send(&d, replay);
	assert_int_equal(o.verdict, FL_AUTH_ANSWER);
	assert_memory_equal(o.answer.headers[0].k.p, "webhook-allowed-origin", 22);
	assert_memory_equal(o.answer.headers[0].v.p, "events.example.com", 18);
	d.headers[0][1] = "evil.example.com";
	assert_int_equal(send(&d, replay).verdict, FL_AUTH_NOT_OFFERED);
	d.headers[0][1] = "events.example.com";
	d.method = "POST";
	assert_int_equal(send(&d, replay).verdict, FL_AUTH_NOT_OFFERED);
}

/* ---- what the configuration says ---- */

static void test_secrets(void **state)
{
	static const struct {
		const char *recipe, *secret, *code; /* "": fine */
		bool is_error;
	} cases[] = {
	    {"github", "0123456789abcdef0123456789abcde", "secret_weak", false},
	    {"github", "0123456789abcdef0123456789abcdef", "", false},
	    {"slack", "0123456789abcde", "secret_weak", false},
	    {"slack", "0123456789abcdef", "", false},
	    {"standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "", false},
	    {"standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "secret_invalid", true},
	    {"standard-webhooks", "whsec_", "secret_invalid", true},
	    {"standard-webhooks", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret_invalid", true},
	    {"discord", "00", "secret_invalid", true},
	    {"discord", "zz", "secret_invalid", true},
	    {"sendgrid", "MFkwEwYHKoZIzj0=", "secret_invalid", true},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct delivery d = {.recipe = cases[i].recipe, .secret = cases[i].secret};

		fl_problems_init(&problems, &arena);
		(void)send(&d, NULL);
		const struct fl_problem *p = problems.first;

		if (strcmp(p ? p->code : "", cases[i].code) != 0 ||
		    (problems.errors > 0) != cases[i].is_error)
			fail_msg("%s %s: %s", cases[i].recipe, cases[i].secret, p ? p->code : "");
	}
}

static struct delivery make_generic(const char *signed_text)
{
	struct delivery d = {
	    .recipe = "generic",
	    .secret = GITHUB_SECRET,
	    .headers = {{"x-sign", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
	    .body = "Hello, World!",
	    .config = {.header = FL_STR("x-sign"),
		       .prefix = FL_STR(""),
		       .time_header = FL_STR(""),
		       .id_header = FL_STR(""),
		       .encoding = FL_STR("hex"),
		       .algorithm = FL_STR("hmac-sha256"),
		       .separator = FL_STR("none"),
		       .key = FL_STR("text")},
	};

	d.config.signed_text = fl_str(signed_text);
	return d;
}

static void test_generic(void **state)
{
	static const struct {
		const char *signed_text, *time_header, *id_header;
		bool is_fine;
	} cases[] = {
	    {"{body}", "", "", true},
	    {"x{body}y", "", "", true},
	    {"{time}.{body}", "x-t", "", true},
	    {"{id}{time}{body}", "x-t", "x-i", true},
	    {"{url}{form}", "", "", true},
	    {"{time}", "x-t", "", false},
	    {"", "", "", false},
	    {"{body", "", "", false},
	    {"body}", "", "", false},
	    {"{date}{body}", "", "", false},
	    {"{body}{time}", "", "", false},
	    {"{body}", "x-t", "", false},
	    {"{body}", "", "x-i", false},
	    {"{id}{body}", "", "", false},
	    {"{body}a{body}b{body}c{body}d", "", "", true},
	    {"{body}a{body}b{body}c{body}d{body}", "", "", false},
	};
	struct delivery d = make_generic("{body}");

	(void)state;
	assert_int_equal(send(&d, replay).verdict, FL_AUTH_ACCEPTED);
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		d = make_generic(cases[i].signed_text);
		d.config.time_header = fl_str(cases[i].time_header);
		d.config.id_header = fl_str(cases[i].id_header);
		fl_problems_init(&problems, &arena);
		(void)send(&d, NULL);
		if ((problems.errors == 0) != cases[i].is_fine)
			fail_msg("%s", cases[i].signed_text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("what vendors publish is taken", test_published),
	    CASE("a changed body, or another secret, is not", test_changed_body),
	    CASE("the time may be off by the tolerance, both ways", test_time),
	    CASE("what is missing or there twice", test_missing),
	    CASE("several signatures in one field", test_several),
	    CASE("a signature that is written in another way", test_written),
	    CASE("any of the secrets", test_rotation),
	    CASE("a copy is refused", test_replay),
	    CASE("what failed may come again", test_failed),
	    CASE("handshakes", test_handshakes),
	    CASE("secrets that are weak or no keys", test_secrets),
	    CASE("a recipe of the configuration's own", test_generic),
	};

	return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
