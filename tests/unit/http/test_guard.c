/* tests/unit/http/test_guard.c - the guard by itself: every refusal, and what must pass
 * SPDX-License-Identifier: Apache-2.0
 *
 * Over sockets: tests/conformance/http. Against a strict parser, by chance: tests/fuzz/guard.c.
 */
#include <stdio.h>

#include "base/buf.h"
#include "gateway/http/wire.h"
#include "tests/unit/http/lay.h"
#include "tests/unit/test.h"

#define H "Host: a\r\n"
#define END "\r\n"

static const struct fl_guard_limits limits = {1024, 10, 64};

static enum fl_refusal judge(struct fl_str bytes, struct fl_guard_request *ret)
{
	struct lay l;
	enum fl_refusal refusal = FL_REFUSAL_LIBRARY;

	*ret = (struct fl_guard_request){.method = FL_METHOD_N};
	if (lay_request(&l, bytes) == LAY_HEAD)
		refusal = fl_guard_check(&l.head, &limits, ret);
	lay_free(&l);
	return refusal;
}

/* clang-format off */
static const struct row {
	struct fl_str bytes;
	enum fl_refusal refusal;
} rows[] = {
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H END), FL_REFUSAL_NONE},
	{FL_STR_INIT("GET / HTTP/1.0\r\n" END), FL_REFUSAL_NONE},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A:\r\nB: \t \r\nC:x\r\n" END), FL_REFUSAL_NONE},
	{FL_STR_INIT("GET  / HTTP/1.1\r\n" H END), FL_REFUSAL_REQUEST_LINE},
	{FL_STR_INIT("GE\0T / HTTP/1.1\r\n" H END), FL_REFUSAL_REQUEST_LINE},
	{FL_STR_INIT("GET /\0 HTTP/1.1\r\n" H END), FL_REFUSAL_REQUEST_LINE},
	{FL_STR_INIT("GET / HTTP/1.2\r\n" H END), FL_REFUSAL_VERSION},
	{FL_STR_INIT("GET / HTTP/1.9\r\n" H END), FL_REFUSAL_VERSION},
	{FL_STR_INIT("G,T / HTTP/1.1\r\n" H END), FL_REFUSAL_METHOD},
	{FL_STR_INIT(" / HTTP/1.1\r\n" H END), FL_REFUSAL_METHOD},
	{FL_STR_INIT("TRACE / HTTP/1.1\r\n" H END), FL_REFUSAL_METHOD_DENIED},
	{FL_STR_INIT("CONNECT a:1 HTTP/1.1\r\n" H END), FL_REFUSAL_METHOD_DENIED},
	{FL_STR_INIT("GETS / HTTP/1.1\r\n" H END), FL_REFUSAL_METHOD_UNKNOWN},
	{FL_STR_INIT("GET /a b HTTP/1.1\r\n" H END), FL_REFUSAL_TARGET},
	{FL_STR_INIT("GET /\x7f HTTP/1.1\r\n" H END), FL_REFUSAL_TARGET},
	{FL_STR_INIT("GET /\x80 HTTP/1.1\r\n" H END), FL_REFUSAL_TARGET},
	{FL_STR_INIT("GET /# HTTP/1.1\r\n" H END), FL_REFUSAL_TARGET},
	{FL_STR_INIT("GET a HTTP/1.1\r\n" H END), FL_REFUSAL_TARGET},
	{FL_STR_INIT("GET ?a HTTP/1.1\r\n" H END), FL_REFUSAL_TARGET},
	{FL_STR_INIT("GET http:a HTTP/1.1\r\n" H END), FL_REFUSAL_TARGET},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n" END), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\n d\r\n" END), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A: b\0\r\n" END), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A: \0b\r\n" END), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A:\0b\r\n" END), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H ": b\r\n" END), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\n" H END), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\r\nHost: a\n" END), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "\n"), FL_REFUSAL_HEAD},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A b: c\r\n" END), FL_REFUSAL_FIELD_NAME},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A_b: c\r\n" END), FL_REFUSAL_FIELD_NAME},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A\x80: c\r\n" END), FL_REFUSAL_FIELD_NAME},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A: b\rc\r\n" END), FL_REFUSAL_FIELD_VALUE},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A: 12345678\x1f 123456789\r\n" END), FL_REFUSAL_FIELD_VALUE},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A: 1234567\x7f\r\n" END), FL_REFUSAL_FIELD_VALUE},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "A: 12345678\t\xff 12345678\r\n" END), FL_REFUSAL_NONE},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" END), FL_REFUSAL_HOST_MISSING},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "hOST: a\r\n" END), FL_REFUSAL_HOST_REPEATED},
	{FL_STR_INIT("GET / HTTP/1.1\r\nHost: a,b\r\n" END), FL_REFUSAL_HOST},
	{FL_STR_INIT("GET http://b/ HTTP/1.1\r\n" H END), FL_REFUSAL_HOST_DIFFERS},
	{FL_STR_INIT("GET http:/// HTTP/1.1\r\n" H END), FL_REFUSAL_HOST_DIFFERS},
	{FL_STR_INIT("GET HTTPS://A?b HTTP/1.1\r\n" H END), FL_REFUSAL_NONE},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n" END), FL_REFUSAL_LENGTH_REPEATED},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n" END), FL_REFUSAL_LENGTH},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Content-Length: 1 \r\n" END), FL_REFUSAL_LENGTH},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Content-Length:\r\n" END), FL_REFUSAL_LENGTH},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Content-Length: 18446744073709551616\r\n" END), FL_REFUSAL_LENGTH},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Content-Length: 18446744073709551615\r\n" END), FL_REFUSAL_NONE},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n" END), FL_REFUSAL_FRAMING},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n" END), FL_REFUSAL_CODING_REPEATED},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n" END), FL_REFUSAL_CODING},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\t\r\n" END), FL_REFUSAL_CODING},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n" END), FL_REFUSAL_CODING},
	{FL_STR_INIT("PUT / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n" END), FL_REFUSAL_CODING_10},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Expect: x\r\nContent-Length: 1\r\n" END), FL_REFUSAL_EXPECT},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n" END), FL_REFUSAL_EXPECT},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 0\r\n" END), FL_REFUSAL_EXPECT_EMPTY},
	{FL_STR_INIT("PUT / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n" END), FL_REFUSAL_NONE},
	{FL_STR_INIT("GET /123456789012345678901234567890123456789012345678901234567890123 HTTP/1.1\r\n" H END), FL_REFUSAL_NONE},
	{FL_STR_INIT("GET /1234567890123456789012345678901234567890123456789012345678901234 HTTP/1.1\r\n" H END), FL_REFUSAL_TARGET_LONG},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "a:1\r\nb:1\r\nc:1\r\nd:1\r\ne:1\r\nf:1\r\ng:1\r\nh:1\r\ni:1\r\n" END), FL_REFUSAL_NONE},
	{FL_STR_INIT("GET / HTTP/1.1\r\n" H "a:1\r\nb:1\r\nc:1\r\nd:1\r\ne:1\r\nf:1\r\ng:1\r\nh:1\r\ni:1\r\nj:1\r\n" END), FL_REFUSAL_FIELDS},
};
/* clang-format on */

static void test_rows(void **state)
{
	struct fl_guard_request request;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		enum fl_refusal refusal = judge(rows[i].bytes, &request);

		if (refusal != rows[i].refusal)
			fail_msg("row %zu (%.*s): want %s, got %s", i, FL_STR_ARGS(rows[i].bytes),
			         fl_refusal_of(rows[i].refusal)->code,
			         fl_refusal_of(refusal)->code);
	}
}

static void test_head_size(void **state)
{
	struct fl_guard_request request;
	struct fl_buf bytes;

	(void)state;
	for (size_t want = 1023; want <= 1025; want++) {
		fl_buf_init(&bytes, 2048);
		fl_buf_add_c(&bytes, "GET / HTTP/1.1\r\n" H "A: ");
		while (bytes.len + 4 < want)
			fl_buf_add_char(&bytes, 'a');
		fl_buf_add_c(&bytes, "\r\n\r\n");
		assert_int_equal(judge(fl_buf_str(&bytes), &request),
		                 want > 1024 ? FL_REFUSAL_HEAD_LARGE : FL_REFUSAL_NONE);
		fl_buf_fini(&bytes);
	}
}

static void test_what_it_says(void **state)
{
	struct fl_guard_request r;

	(void)state;
	assert_int_equal(
	    judge(FL_STR("PATCH /a/b?c?d HTTP/1.1\r\nHost:  A.b:80 \r\nConnection: x\r\n"
	                 "Content-Length: 42\r\nconnection: y\r\nExpect: 100-continue\r\n"
	                 "\r\n"),
	          &r),
	    FL_REFUSAL_NONE);
	assert_int_equal(r.method, FL_METHOD_PATCH);
	assert_false(r.is_http10);
	assert_true(r.has_length && r.expects_continue && !r.is_chunked);
	assert_int_equal(r.content_length, 42);
	assert_int_equal(r.connections_n, 2);
	assert_int_equal(
	    judge(FL_STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), &r),
	    FL_REFUSAL_NONE);
	assert_true(r.is_chunked && !r.has_length);
	assert_int_equal(r.content_length, 0);
}

static void test_hosts(void **state)
{
	static const struct {
		const char *host, *name; /* name NULL: invalid */
	} hosts[] = {
	    {"a", "a"},
	    {"A-b.c_d~e:8080", "A-b.c_d~e"},
	    {"127.0.0.1:0", "127.0.0.1"},
	    {"[::1]", "[::1]"},
	    {"[2001:db8::1.2.3.4]:65535", "[2001:db8::1.2.3.4]"},
	    {"", NULL},
	    {":80", NULL},
	    {"a:", NULL},
	    {"a:65536", NULL},
	    {"a:123456", NULL},
	    {"a:+1", NULL},
	    {"a b", NULL},
	    {"a/b", NULL},
	    {"a%2e", NULL},
	    {"u@a", NULL},
	    {"[]", NULL},
	    {"[::1", NULL},
	    {"[::1]a", NULL},
	    {"[::g]", NULL},
	    {"::1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(hosts); i++) {
		struct fl_str name = FL_STR_NULL;
		bool is_valid = fl_guard_split_host(fl_str(hosts[i].host), &name);

		if (is_valid != (hosts[i].name != NULL) ||
		    (is_valid && !fl_str_is(name, hosts[i].name)))
			fail_msg("%s", hosts[i].host);
	}
}

static void test_refusal_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FL_REFUSAL_N; i++) {
		const struct fl_refusal_row *row = fl_refusal_of(i);

		assert_non_null(row->code);
		assert_non_null(row->detail);
		assert_in_range(row->status, 200, 599);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(row->code, fl_refusal_of(k)->code);
	}
}

/* Three requests in a row, the second with a body that would be bad in a head. */
static void test_wire(void **state)
{
	static const struct fl_str heads[] = {
	    FL_STR_INIT("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	    FL_STR_INIT("PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"),
	    FL_STR_INIT("GET / HTTP/1.1\r\n\r\n"),
	};
	static const uint64_t bodies[] = {0, 9, 0};
	static const char body[] = "\n\0\r\n\r\n\n\0\n";
	char bytes[256];
	size_t n = 0, begins[4];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		memcpy(bytes + n, heads[i].p, heads[i].n);
		n += heads[i].n;
		begins[i] = n; /* of what follows the head */
		memcpy(bytes + n, body, (size_t)bodies[i]);
		n += (size_t)bodies[i];
	}
	for (size_t step = 1; step <= n; step++) {
		struct fl_wire wire = {.is_bad = false};
		size_t head = 0;

		for (size_t at = 0; at < n; at += step) {
			fl_wire_feed(&wire, bytes + at, n - at < step ? n - at : step);
			while (wire.is_past_head && head < 3) {
				assert_int_equal(wire.ahead_n,
				                 (at + step < n ? at + step : n) - begins[head]);
				fl_wire_next(&wire, bytes + begins[head], bodies[head]);
				head++;
			}
		}
		assert_int_equal(head, 3);
		assert_false(wire.is_bad);
	}
}

static void test_wire_bad(void **state)
{
	static const struct fl_str bad[] = {
	    FL_STR_INIT("\0GET / HTTP/1.1\r\n\r\n"),
	    FL_STR_INIT("\nGET / HTTP/1.1\r\n\r\n"),
	    FL_STR_INIT("GET / HTTP/1.1\nA: b\r\n\r\n"),
	    FL_STR_INIT("GET / HTTP/1.1\r\nA: b\0\r\n\r\n"),
	    FL_STR_INIT("GET / HTTP/1.1\r\nA: b\r\n\n"),
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++)
		for (size_t step = 1; step <= bad[i].n; step++) {
			struct fl_wire wire = {.is_bad = false};

			for (size_t at = 0; at < bad[i].n; at += step)
				fl_wire_feed(&wire, bad[i].p + at,
				             bad[i].n - at < step ? bad[i].n - at : step);
			assert_true(wire.is_bad);
			assert_true(wire.is_past_head);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("each forgery is refused for its reason", test_rows),
	    FL_CASE("a head may be as large as its limit", test_head_size),
	    FL_CASE("what passes says what it is", test_what_it_says),
	    FL_CASE("hosts are names, addresses and ports", test_hosts),
	    FL_CASE("each refusal has a code of its own", test_refusal_table),
	    FL_CASE("heads are looked at in any pieces, bodies are not", test_wire),
	    FL_CASE("bytes that the library would hide are seen in any pieces", test_wire_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
