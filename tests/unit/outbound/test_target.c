/* tests/unit/outbound/test_target.c - where a request goes is asked for as it was understood
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "gateway/outbound/client.h"

static struct fl_loop *loop;
static struct fl_outbound *client;
static const struct fl_outbound_policy policy = {
    .allow_private = true, .allow_any_host = true, .max_response_bytes = 1024, .pool = 1};

static struct fl_outbound_target target;
static char host[300];
static unsigned asked;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(fl_loop_create(&loop), 0);
	assert_int_equal(fl_outbound_create(loop, &client), 0);
	asked = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	client = fl_outbound_destroy(client);
	loop = fl_loop_destroy(loop);
	return 0;
}

static bool refuse(void *ctx, const struct fl_outbound_target *where)
{
	(void)ctx;
	target = *where;
	(void)snprintf(host, sizeof host, "%.*s", FL_STR_ARGS(where->host));
	asked++;
	return false;
}

static void never(void *ctx, const struct fl_outbound_response *response)
{
	(void)ctx;
	(void)response;
	fail_msg("a refused request came to an end");
}

static const char *send_to(const char *url)
{
	static struct fl_error err;
	struct fl_outbound_request *request;
	const struct fl_outbound_args args = {.policy = &policy,
	                                      .method = FL_STR("GET"),
	                                      .url = fl_str(url),
	                                      .may = refuse,
	                                      .on_done = never};

	err = FL_ERROR_INIT;
	assert_int_equal(fl_outbound_send(client, &args, &request, &err), -1);
	return err.code;
}

static void test_understood(void **state)
{
	static const struct {
		const char *url, *host;
		uint16_t port;
		bool is_internal;
	} rows[] = {
	    {"http://EXAMPLE.test/", "example.test", 80, false},
	    {"https://example.test?x", "example.test", 443, false},
	    {"http://example.test.:8080/x", "example.test", 8080, false},
	    {"http://0x7f.1/", "127.0.0.1", 80, true},
	    {"http://2130706433:81/", "127.0.0.1", 81, true},
	    {"http://0177.0.0.1/", "127.0.0.1", 80, true},
	    {"http://%6cocalhost/", "localhost", 80, true},
	    {"http://localhost./", "localhost", 80, true},
	    {"http://[::1]:8080/", "::1", 8080, true},
	    {"http://[0:0:0:0:0:0:0:1]/", "::1", 80, true},
	    {"http://[FE80::1%25eth0]/", "fe80::1", 80, true},
	    {"http://[2606:4700::1111]/", "2606:4700::1111", 80, false},
	};

	(void)state;
	for (size_t i = 0; i < 2 * FL_ARRAY_LEN(rows); i++) { /* the second time it is known */
		size_t row = i / 2;
		const char *code = send_to(rows[row].url);

		if (strcmp(code, "outbound_denied") != 0 || strcmp(host, rows[row].host) != 0 ||
		    target.port != rows[row].port || target.is_internal != rows[row].is_internal)
			fail_msg("%s: %s %s:%u", rows[row].url, code, host, (unsigned)target.port);
	}
	assert_int_equal(asked, 2 * FL_ARRAY_LEN(rows));
}

/* Nobody is asked about what cannot be sent. */
static void test_invalid(void **state)
{
	(void)state;
	assert_string_equal(send_to("ftp://example.test/"), "outbound_invalid");
	assert_string_equal(send_to("http://user@example.test/"), "outbound_invalid");
	assert_int_equal(asked, 0);
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("host and port are those that will be connected to", test_understood),
	    CASE("what is invalid is not asked for", test_invalid),
	};

	return cmocka_run_group_tests_name("outbound target", tests, NULL, NULL);
}
