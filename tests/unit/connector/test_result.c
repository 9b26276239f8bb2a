/* tests/unit/connector/test_result.c - nothing of a connector's response is believed
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "gateway/connector/result.h"

#define ROOM (256u << 10)
#define BODY_MAX 100u

static struct fl_arena arena;
static struct fl_call_result result;
static const char *what;

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, ROOM);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

static fairlead_kv kv(const char *name, const char *value)
{
	return (fairlead_kv){{name, strlen(name)}, {value, strlen(value)}};
}

static fairlead_response good(void)
{
	return (fairlead_response){.struct_size = sizeof(fairlead_response),
	                           .http_status = 200,
	                           .error_class = FAIRLEAD_CLASS_NONE,
	                           .body = {"body", 4}};
}

static fairlead_status take(const fairlead_response *r)
{
	return fl_result_from_response(&arena, r, BODY_MAX, &result, &what);
}

static void assert_refused(const fairlead_response *r, fairlead_status status, const char *says)
{
	assert_int_equal(take(r), status);
	assert_int_equal(result.kind, FL_CALL_BROKEN);
	assert_int_equal(result.http_status, 502);
	assert_int_equal(result.status, status);
	assert_int_equal(result.headers_n, 0);
	assert_non_null(strstr(what, says));
	assert_true(fl_str_is(result.detail, what));
}

static void test_copied(void **state)
{
	char name[] = "X-Name", value[] = "Some Value", body[] = "body";
	const fairlead_kv headers[] = {kv(name, value), kv("content-type", "")};
	fairlead_response r = good();

	(void)state;
	r.http_status = 418;
	r.error_class = FAIRLEAD_CLASS_PERMANENT;
	r.headers = headers;
	r.headers_n = 2;
	r.body = (fairlead_str){body, 4};
	assert_int_equal(take(&r), FAIRLEAD_OK);
	memset(name, '?', sizeof name);
	memset(value, '?', sizeof value);
	memset(body, '?', sizeof body);
	assert_null(what);
	assert_int_equal(result.kind, FL_CALL_REPLIED);
	assert_int_equal(result.http_status, 418);
	assert_int_equal(result.error_class, FAIRLEAD_CLASS_PERMANENT);
	assert_int_equal(result.headers_n, 2);
	assert_true(fl_str_is(fl_str_n(result.headers[0].k.p, result.headers[0].k.n), "x-name"));
	assert_true(
	    fl_str_is(fl_str_n(result.headers[0].v.p, result.headers[0].v.n), "Some Value"));
	assert_int_equal(result.headers[1].v.n, 0);
	assert_true(fl_str_is(result.body, "body"));
}

static void test_hop_fields_are_dropped(void **state)
{
	const fairlead_kv headers[] = {
	    kv("X-One", "1"),   kv("Transfer-Encoding", "chunked"), kv("Content-Length", "7"),
	    kv("X-Two", "2"),   kv("Connection", "close, x-one"),   kv("Keep-Alive", "1"),
	    kv("x-three", "3"), kv("CONNECTION", "X-Three"),
	};
	fairlead_response r = good();

	(void)state;
	r.headers = headers;
	r.headers_n = FL_ARRAY_LEN(headers);
	assert_int_equal(take(&r), FAIRLEAD_OK);
	assert_int_equal(result.headers_n, 1);
	assert_true(fl_str_is(fl_str_n(result.headers[0].k.p, result.headers[0].k.n), "x-two"));
}

static void test_status(void **state)
{
	static const struct {
		uint32_t status;
		bool may;
	} cases[] = {{0, false},  {100, false}, {199, false},       {200, true},
	             {599, true}, {600, false}, {UINT32_MAX, false}};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		fairlead_response r = good();

		r.http_status = cases[i].status;
		if (cases[i].may)
			assert_int_equal(take(&r), FAIRLEAD_OK);
		else
			assert_refused(&r, FAIRLEAD_E_INVAL, "status");
	}
}

static void test_struct(void **state)
{
	fairlead_response r = good();

	(void)state;
	assert_refused(NULL, FAIRLEAD_E_INVAL, "struct_size");
	r.struct_size = 0;
	assert_refused(&r, FAIRLEAD_E_INVAL, "struct_size");
	r.struct_size = offsetof(fairlead_response, body) + sizeof r.body - 1;
	assert_refused(&r, FAIRLEAD_E_INVAL, "struct_size");
	r.struct_size = UINT32_MAX; /* of a newer version */
	assert_int_equal(take(&r), FAIRLEAD_OK);
}

static void test_no_bytes(void **state)
{
	fairlead_response r = good();
	fairlead_kv header = kv("x", "y");

	(void)state;
	r.headers_n = 1;
	assert_refused(&r, FAIRLEAD_E_INVAL, "no bytes");
	r.headers = &header;
	header.v.p = NULL;
	assert_refused(&r, FAIRLEAD_E_INVAL, "no bytes");
	header.v.n = 0; /* empty is not missing */
	assert_int_equal(take(&r), FAIRLEAD_OK);
	header.k.p = NULL;
	assert_refused(&r, FAIRLEAD_E_INVAL, "no bytes");
	r = good();
	r.body.p = NULL;
	assert_refused(&r, FAIRLEAD_E_INVAL, "no bytes");
}

static void test_fields(void **state)
{
	static const struct {
		const char *name, *value, *says; /* NULL: passes */
	} cases[] = {
	    {"x-a", "b", NULL},
	    {"x-a", "tab\tand \xc3\xa4", NULL},
	    {"!#$%&'*+-.^_`|~09azAZ", "", NULL},
	    {"", "b", "name"},
	    {"x a", "b", "name"},
	    {"x-a:", "b", "name"},
	    {"x-a\r\nx-b", "c", "name"},
	    {"x-\xc3\xa4", "b", "name"},
	    {"x-a", "b\r\nx-c: d", "value"},
	    {"x-a", "b\n", "value"},
	    {"x-a", "a long value, and the DEL at its end \x7f", "value"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		const fairlead_kv header = kv(cases[i].name, cases[i].value);
		fairlead_response r = good();

		r.headers = &header;
		r.headers_n = 1;
		if (!cases[i].says)
			assert_int_equal(take(&r), FAIRLEAD_OK);
		else
			assert_refused(&r, FAIRLEAD_E_INVAL, cases[i].says);
	}
}

static void test_nul_in_value(void **state)
{
	const fairlead_kv header = {{"x", 1}, {"a\0b", 3}};
	fairlead_response r = good();

	(void)state;
	r.headers = &header;
	r.headers_n = 1;
	assert_refused(&r, FAIRLEAD_E_INVAL, "value");
}

static void test_limits(void **state)
{
	static char long_value[FL_RESPONSE_HEAD_MAX + 1];
	fairlead_kv headers[FL_RESPONSE_FIELDS_MAX + 1];
	char body[BODY_MAX + 1] = "";
	fairlead_response r = good();

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(headers); i++)
		headers[i] = kv("x", "y");
	memset(long_value, 'v', sizeof long_value);
	r.headers = headers;
	r.headers_n = FL_RESPONSE_FIELDS_MAX;
	r.body = (fairlead_str){body, BODY_MAX};
	assert_int_equal(take(&r), FAIRLEAD_OK);
	assert_int_equal(result.headers_n, FL_RESPONSE_FIELDS_MAX);
	r.body.n++;
	assert_refused(&r, FAIRLEAD_E_TOO_LARGE, "max_response_bytes");
	r.body.n = 0;
	r.headers_n++;
	assert_refused(&r, FAIRLEAD_E_INVAL, "64 headers");
	r.headers_n = 1;
	headers[0].v = (fairlead_str){long_value, FL_RESPONSE_HEAD_MAX - 1};
	assert_int_equal(take(&r), FAIRLEAD_OK);
	headers[0].v.n++;
	assert_refused(&r, FAIRLEAD_E_INVAL, "32 KiB");
	headers[0].v.n = SIZE_MAX;
	assert_refused(&r, FAIRLEAD_E_INVAL, "32 KiB");
}

static void test_no_room(void **state)
{
	static char body[2 * ROOM];
	fairlead_response r = good();

	(void)state;
	r.body = (fairlead_str){body, sizeof body};
	assert_int_equal(fl_result_from_response(&arena, &r, sizeof body, &result, &what),
	                 FAIRLEAD_E_TOO_LARGE);
	assert_int_equal(result.kind, FL_CALL_BROKEN);
	assert_non_null(strstr(what, "room"));
}

/* ---- failures ---- */

static void test_failures(void **state)
{
	static const struct {
		fairlead_status given, status;
		uint32_t http_status, error_class;
	} cases[] = {
	    {FAIRLEAD_E_TIMEOUT, FAIRLEAD_E_TIMEOUT, 504, FAIRLEAD_CLASS_TIMEOUT},
	    {FAIRLEAD_E_AGAIN, FAIRLEAD_E_AGAIN, 503, FAIRLEAD_CLASS_TRANSIENT},
	    {FAIRLEAD_E_INVAL, FAIRLEAD_E_INVAL, 400, FAIRLEAD_CLASS_NONE},
	    {FAIRLEAD_E_TOO_LARGE, FAIRLEAD_E_TOO_LARGE, 413, FAIRLEAD_CLASS_NONE},
	    {FAIRLEAD_E_UPSTREAM, FAIRLEAD_E_UPSTREAM, 502, FAIRLEAD_CLASS_TRANSIENT},
	    {FAIRLEAD_E_DENIED, FAIRLEAD_E_DENIED, 502, FAIRLEAD_CLASS_PERMANENT},
	    {-1000, -1000, 502, FAIRLEAD_CLASS_PERMANENT},
	    {FAIRLEAD_OK, FAIRLEAD_E_INTERNAL, 502, FAIRLEAD_CLASS_PERMANENT},
	};
	char detail[FL_DETAIL_MAX + 1];

	(void)state;
	memset(detail, 'd', sizeof detail);
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		fl_result_from_failure(&arena, cases[i].given, fl_str_n(detail, sizeof detail),
		                       &result);
		assert_int_equal(result.kind, FL_CALL_FAILED);
		assert_int_equal(result.status, cases[i].status);
		assert_int_equal(result.http_status, cases[i].http_status);
		assert_int_equal(result.error_class, cases[i].error_class);
		assert_int_equal(result.detail.n, FL_DETAIL_MAX); /* the rest is cut */
	}
}

static void test_copy(void **state)
{
	const fairlead_kv header = kv("X-A", "b");
	fairlead_response r = good();
	struct fl_call_result copy;
	struct fl_arena other;

	(void)state;
	r.headers = &header;
	r.headers_n = 1;
	assert_int_equal(take(&r), FAIRLEAD_OK);
	fl_arena_init(&other, 256, ROOM);
	fl_result_copy(&other, &result, &copy);
	fl_arena_fini(&arena);
	assert_int_equal(copy.kind, FL_CALL_REPLIED);
	assert_true(fl_str_is(copy.body, "body"));
	assert_true(fl_str_is(fl_str_n(copy.headers[0].k.p, copy.headers[0].k.n), "x-a"));
	fl_arena_fini(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	    CASE("a response is copied, names in lower case", test_copied),
	    CASE("framing, hop-by-hop and nominated fields are dropped",
	         test_hop_fields_are_dropped),
	    CASE("a status is from 200 to 599", test_status),
	    CASE("a response says how much of it there is", test_struct),
	    CASE("a length without bytes is refused", test_no_bytes),
	    CASE("names are tokens, values have no control bytes", test_fields),
	    CASE("a value with a NUL is refused", test_nul_in_value),
	    CASE("64 fields, 32 KiB of them, and the body's limit; not one more", test_limits),
	    CASE("a response that its request has no room for is refused", test_no_room),
	    CASE("each failure has its status and class", test_failures),
	    CASE("a result is copied whole", test_copy),
	};

	return cmocka_run_group_tests_name("results", tests, NULL, NULL);
}
