/* tests/unit/outbound/test_field.c - which header fields may pass
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <ctype.h>

#include "gateway/outbound/field.h"

#define LONGEST 20u

/* The definition, byte by byte (RFC 9110 section 5.5). */
static bool may_stand_in_value(unsigned c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static void test_value(void **state)
{
	char text[LONGEST];

	(void)state;
	assert_true(fl_outbound_field_is_value(FL_STR_NULL));
	for (size_t n = 1; n <= LONGEST; n++)
		for (size_t at = 0; at < n; at++)
			for (unsigned c = 0; c < 256; c++) {
				memset(text, 'v', sizeof text);
				text[at] = (char)c;
				assert_int_equal(fl_outbound_field_is_value(fl_str_n(text, n)),
				                 may_stand_in_value(c));
				text[n - 1] = '\t'; /* looked at closer, and then passed */
				if (at != n - 1)
					assert_int_equal(
					    fl_outbound_field_is_value(fl_str_n(text, n)),
					    may_stand_in_value(c));
			}
}

static void test_token(void **state)
{
	(void)state;
	assert_false(fl_outbound_field_is_token(FL_STR_NULL));
	for (unsigned c = 0; c < 256; c++) {
		char text[] = {'x', (char)c};
		bool is_token =
		    c < 128 && (isalnum((int)c) || (c && strchr("!#$%&'*+-.^_`|~", (int)c)));

		assert_int_equal(fl_outbound_field_is_token(fl_str_n(text, 2)), is_token);
	}
}

static void test_hop(void **state)
{
	static const char *const dropped[] = {
	    "te",
	    "Trailer",
	    "UPGRADE",
	    "connection",
	    "Keep-Alive",
	    "content-length",
	    "HTTP2-Settings",
	    "proxy-connection",
	    "Transfer-Encoding",
	    "proxy-authenticate",
	    "Proxy-Authorization",
	    "proxy-authentication-info",
	};
	/* Of the same length, or with the same letter first, or both. */
	static const char *const kept[] = {
	    "x",
	    "ta",
	    "tt",
	    "trailed",
	    "upgrada",
	    "connectiom",
	    "content-type",
	    "content-lengtt",
	    "cache-control",
	    "x-echo-version",
	    "proxy-connectiom",
	    "transfer-encodinh",
	    "a-header-name-that-is-longer-than-any-of-the-list",
	    "-te",
	    "te-",
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(dropped); i++)
		assert_true(fl_outbound_field_is_hop(fl_str(dropped[i])));
	for (size_t i = 0; i < FL_ARRAY_LEN(kept); i++)
		assert_false(fl_outbound_field_is_hop(fl_str(kept[i])));
	assert_false(fl_outbound_field_is_hop(FL_STR_NULL));
}

static void test_listed(void **state)
{
	static const struct {
		const char *connection, *name;
		bool is_listed;
	} cases[] = {
	    {"close", "close", true},  {"keep-alive, X-Secret", "x-secret", true},
	    {" , ,x-a,", "x-a", true}, {"x-ab", "x-a", false},
	    {"", "x-a", false},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		const struct fl_header fields[] = {
		    {FL_STR("accept"), FL_STR("*/*")},
		    {FL_STR("Connection"), fl_str(cases[i].connection)}};

		assert_int_equal(
		    fl_outbound_field_is_listed(fl_str(cases[i].connection), fl_str(cases[i].name)),
		    cases[i].is_listed);
		assert_int_equal(fl_outbound_field_is_nominated(fields, 2, fl_str(cases[i].name)),
		                 cases[i].is_listed);
	}
}

static void test_dropped(void **state)
{
	static const char *const dropped[] = {
	    "host",          "expect",         "connection",      "transfer-encoding",
	    "forwarded",     "x-real-ip",      "x-forwarded-for", "x-forwarded-x",
	    "x-consumer-id", "x-fairlead-any", "x-fairlead-",
	};
	static const char *const kept[] = {"accept",      "x-forwarded", "x-real-ips",   "hosts",
	                                   "x-consumers", "x-fairlead",  "content-type", ""};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(dropped); i++)
		assert_true(fl_outbound_field_is_dropped(fl_str(dropped[i])));
	for (size_t i = 0; i < FL_ARRAY_LEN(kept); i++)
		assert_false(fl_outbound_field_is_dropped(fl_str(kept[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("no control byte passes in a value, wherever it stands", test_value),
	    FL_CASE("a token is made of token bytes", test_token),
	    FL_CASE("hop-by-hop fields are known in any case, and nothing else is", test_hop),
	    FL_CASE("what a caller must not say goes no further", test_dropped),
	    FL_CASE("Connection names fields of one hop", test_listed),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
