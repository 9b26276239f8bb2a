/* tests/unit/auth/test_basic.c - HTTP Basic: whose user and password are these?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <sodium.h>
#include <stdio.h>

#include "gateway/auth/basic.h"
#include "gateway/auth/credentials.h"

#define USER "Ärger"
#define WALL 1000u

static struct fl_arena arena;
static struct fl_problems problems;
static struct fl_auth_key auth_key;
static struct fl_credentials *credentials;
static struct fl_cfg_credential stored[3];
static struct fl_cfg_consumer consumer = {
    .name = FL_STR_INIT("reports"), .credentials = stored, .credentials_n = 3};
static struct fl_config config = {.consumers = &consumer, .consumers_n = 1};
static char password[FL_API_KEY_LEN + 1];
static void *state;

static struct fl_str pair(const char *user, const char *word)
{
	return fl_arena_printf(&arena, "%s:%s", user, word);
}

static struct fl_str hash_of(struct fl_str text)
{
	unsigned char hash[FL_API_KEY_HASH_BYTES];
	char out[FL_API_KEY_HASH_TEXT_LEN + 1];

	fl_api_key_hash(&auth_key, text, hash);
	fl_api_key_hash_text(&auth_key, hash, out);
	return fl_arena_str(&arena, fl_str(out));
}

static int set_up(void **unused)
{
	static const unsigned char bytes[FL_AUTH_KEY_BYTES] = {7};
	static const struct fl_cfg_auth_method method = {
	    .kind = FL_CFG_BY_BASIC, .by.basic = {.realm = FL_STR_INIT("a realm")}};
	unsigned char random[FL_API_KEY_RANDOM_BYTES] = {42};

	(void)unused;
	fl_arena_init(&arena, 4096, 1u << 20);
	fl_problems_init(&problems, &arena);
	fl_auth_key_init(bytes, &auth_key);
	fl_api_key_make(random, password);
	stored[0] = (struct fl_cfg_credential){.user = FL_STR(USER),
	                                       .hash = hash_of(pair(USER, password))};
	stored[1] = (struct fl_cfg_credential){.user = FL_STR("late"),
	                                       .hash = hash_of(pair("late", password)),
	                                       .expires_wall_ns = WALL};
	stored[2] = (struct fl_cfg_credential){.hash = hash_of(fl_str(password))}; /* an API key */
	credentials = fl_credentials_build(&config, &auth_key, &problems);
	fl_auth_basic.build(
	    &(struct fl_auth_parts){.config = &config, .credentials = credentials}, &method, &state,
	    &problems);
	return problems.errors + problems.warnings == 0 && state ? 0 : -1;
}

static int tear_down(void **unused)
{
	(void)unused;
	fl_auth_basic.destroy(state);
	fl_auth_basic.destroy(NULL);
	credentials = fl_credentials_destroy(credentials);
	fl_arena_fini(&arena);
	return 0;
}

static fairlead_kv header(const char *name, struct fl_str value)
{
	return (fairlead_kv){{name, strlen(name)}, {value.p, value.n}};
}

static struct fl_str encode(struct fl_str text)
{
	size_t n = sodium_base64_ENCODED_LEN(text.n, sodium_base64_VARIANT_ORIGINAL);
	char *out = fl_arena_alloc(&arena, n);

	(void)sodium_bin2base64(out, n, (const unsigned char *)text.p, text.n,
	                        sodium_base64_VARIANT_ORIGINAL);
	return fl_str(out);
}

static struct fl_str basic(struct fl_str text)
{
	return fl_arena_printf(&arena, "Basic %.*s", FL_STR_ARGS(encode(text)));
}

static struct fl_auth_attempt attempt;

static enum fl_auth_verdict look(const fairlead_kv *headers, size_t n)
{
	attempt = (struct fl_auth_attempt){
	    .headers = headers, .headers_n = n, .wall_ns = WALL, .arena = &arena};
	return fl_auth_basic.look(state, &attempt);
}

static void assert_refused(struct fl_str value)
{
	const fairlead_kv field = header("authorization", value);

	if (look(&field, 1) != FL_AUTH_REFUSED)
		fail_msg("\"%.*s\" is not refused", FL_STR_ARGS(value));
	assert_null(attempt.principal.consumer);
	assert_non_null(attempt.why);
	assert_true(fl_auth_is_hidden(&attempt, 0));
}

static void test_right(void **unused)
{
	const struct fl_str right = basic(pair(USER, password));
	const fairlead_kv fields[] = {
	    header("accept", FL_STR("*/*")),
	    header("authorization", right),
	};
	const fairlead_kv odd = header(
	    "authorization", fl_arena_printf(&arena, "bAsIC\t %.*s ", (int)right.n - 6, right.p + 6));

	(void)unused;
	assert_int_equal(look(fields, 2), FL_AUTH_ACCEPTED);
	assert_ptr_equal(attempt.principal.consumer, &consumer);
	assert_false(fl_auth_is_hidden(&attempt, 0));
	assert_true(fl_auth_is_hidden(&attempt, 1));
	assert_int_equal(look(&odd, 1), FL_AUTH_ACCEPTED);
}

static void test_not_offered(void **unused)
{
	static const char *const others[] = {"", "Basic", "Basically QTpC", "Bearer QTpC", "QTpC"};

	(void)unused;
	for (size_t i = 0; i < FL_ARRAY_LEN(others); i++) {
		const fairlead_kv field = header("authorization", fl_str(others[i]));

		assert_int_equal(look(&field, 1), FL_AUTH_NOT_OFFERED);
		assert_false(fl_auth_is_hidden(&attempt, 0));
	}
	assert_int_equal(look(NULL, 0), FL_AUTH_NOT_OFFERED);
}

static void test_wrong(void **unused)
{
	char other[sizeof password];

	(void)unused;
	memcpy(other, password, sizeof other);
	other[10] = other[10] == 'a' ? 'b' : 'a';
	const struct fl_str wrong[] = {
	    basic(pair(USER, other)),
	    basic(pair("nobody", password)),
	    basic(pair("late", password)), /* from that nanosecond on */
	    basic(pair("", password)),
	    basic(fl_str(password)), /* an API key is no password, and has no colon */
	    basic(pair(USER, "")),
	    basic(FL_STR(USER)),
	    basic(FL_STR(":")),
	    basic(pair(USER, fl_arena_printf(&arena, "%s\n", password).p)),
	    basic(fl_arena_printf(&arena, "%0200d:%s", 0, password)), /* too long */
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(wrong); i++)
		assert_refused(wrong[i]);
	const fairlead_kv two[] = {
	    header("authorization", basic(pair(USER, password))),
	    header("authorization", basic(pair(USER, password))),
	};

	assert_int_equal(look(two, 2), FL_AUTH_REFUSED);
	assert_true(fl_auth_is_hidden(&attempt, 0) && fl_auth_is_hidden(&attempt, 1));
}

/* Two texts for one pair would be two ways to look at it. */
static void test_base64(void **unused)
{
	struct fl_str right = basic(pair(USER, password)), text;
	char *odd;

	(void)unused;
	assert_int_equal((6 + 1 + FL_API_KEY_LEN) % 3, 1); /* there are two "=" and four spare bits */
	assert_true(right.p[right.n - 1] == '=' && right.p[right.n - 2] == '=');
	assert_refused(fl_str_n(right.p, right.n - 1));
	assert_refused(fl_str_n(right.p, right.n - 2));
	assert_refused(fl_arena_printf(&arena, "%.*s=", FL_STR_ARGS(right)));
	assert_refused(fl_arena_printf(&arena, "%.*s AAAA", FL_STR_ARGS(right)));
	assert_refused(fl_arena_printf(&arena, "Basic =%.*s", (int)right.n - 6, right.p + 6));
	text = fl_arena_str(&arena, right);
	odd = fl_arena_alloc(&arena, text.n);
	memcpy(odd, text.p, text.n);
	odd[text.n - 3]++; /* bits that no byte takes */
	assert_refused(fl_str_n(odd, text.n));
	odd[text.n - 3]--;
	odd[10] = '-'; /* of base64url */
	assert_refused(fl_str_n(odd, text.n));
	odd[10] = '\xff';
	assert_refused(fl_str_n(odd, text.n));
	odd[10] = ' ';
	assert_refused(fl_str_n(odd, text.n));
}

static void test_limit(void **unused)
{
	char user[FL_BASIC_USER_MAX + 2];

	(void)unused;
	memset(user, 'u', sizeof user);
	assert_true(fl_basic_is_user(fl_str_n(user, FL_BASIC_USER_MAX)));
	assert_false(fl_basic_is_user(fl_str_n(user, FL_BASIC_USER_MAX + 1)));
	assert_false(fl_basic_is_user(FL_STR("")));
	assert_false(fl_basic_is_user(FL_STR("a:b")));
	assert_false(fl_basic_is_user(FL_STR("a\nb")));
	assert_false(fl_basic_is_user(FL_STR("a\x7f")));
	assert_false(fl_basic_is_user(FL_STR("\xff")));
	assert_true(fl_basic_is_user(FL_STR(USER)));
	user[FL_BASIC_USER_MAX] = '\0';
	stored[0].user = fl_str(user);
	stored[0].hash = hash_of(pair(user, password));
	credentials = fl_credentials_destroy(credentials);
	credentials = fl_credentials_build(&config, &auth_key, &problems);
	assert_ptr_equal(fl_credentials_find_basic(credentials, pair(user, password), WALL),
	                 &consumer);
	/* a hash that was made for another user is in nobody's hands */
	stored[0].user = FL_STR("other");
	assert_null(fl_credentials_find_basic(credentials, pair(user, password), WALL));
	assert_null(fl_credentials_find_basic(credentials, pair("other", password), WALL));
	/* and a pair is no key */
	assert_null(fl_credentials_find(credentials, pair(user, password), WALL));
	assert_ptr_equal(fl_credentials_find(credentials, fl_str(password), WALL), &consumer);
	assert_null(fl_credentials_find_basic(credentials, fl_str(password), WALL));
}

static void test_challenge(void **unused)
{
	(void)unused;
	assert_string_equal(fl_auth_basic.challenge(state),
	                    "Basic realm=\"a realm\", charset=\"UTF-8\"");
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("the right pair is let in, whatever its scheme looks like", test_right),
	    CASE("other schemes are passed over", test_not_offered),
	    CASE("unknown users, wrong and old passwords, two at once", test_wrong),
	    CASE("base64 that another reader would take otherwise", test_base64),
	    CASE("the longest user, and what is none", test_limit),
	    CASE("the challenge names the realm", test_challenge),
	};

	return cmocka_run_group_tests_name("basic", tests, NULL, NULL);
}
