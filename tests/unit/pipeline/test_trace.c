/* tests/unit/pipeline/test_trace.c - request ids, traceparent
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "gateway/pipeline/ids.h"
#include "gateway/pipeline/request.h"
#include "gateway/pipeline/trace.h"
#include "gateway/pipeline/worker.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

/* ---- the vectors of the specification and of its test suite ---- */

static const struct {
	const char *text;
	bool is_valid, is_sampled;
} vectors[] = {
    {"00-" TRACE "-" PARENT "-01", true, true},
    {"00-" TRACE "-" PARENT "-00", true, false},
    {"00-" TRACE "-" PARENT "-02", true, false}, /* flags it does not know */
    {"00-" TRACE "-" PARENT "-03", true, true},
    {"00-" TRACE "-" PARENT "-ff", true, true},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true, true},
    /* later versions: what is known of them */
    {"cc-" TRACE "-" PARENT "-01", true, true},
    {"cc-" TRACE "-" PARENT "-01-what-the-future-will-be-like", true, true},
    {"cc-" TRACE "-" PARENT "-01.what-the-future-will-not-be-like", false, false},
    {"01-" TRACE "-" PARENT "-01-", true, true},
    {"ff-" TRACE "-" PARENT "-01", false, false},  /* no version */
    {"00-" TRACE "-" PARENT "-01-", false, false}, /* version 00 ends here */
    {"00-" TRACE "-" PARENT "-01-x", false, false},
    {"00-" TRACE "-" PARENT "-011", false, false},
    {"00-00000000000000000000000000000000-" PARENT "-01", false, false},
    {"00-" TRACE "-0000000000000000-01", false, false},
    {"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01", false, false},
    {"00-" TRACE "-B7AD6B7169203331-01", false, false},
    {"00-" TRACE "-" PARENT "-0A", false, false},
    {"0A-" TRACE "-" PARENT "-01", false, false},
    {".0-" TRACE "-" PARENT "-01", false, false},
    {"0-" TRACE "-" PARENT "-01", false, false},
    {"000-" TRACE "-" PARENT "-01", false, false},
    {"00-" TRACE "-" PARENT "-1", false, false},
    {"00-" TRACE "-" PARENT "-.1", false, false},
    {"00-.af7651916cd43dd8448eb211c80319c-" PARENT "-01", false, false},
    {"00-" TRACE "-.7ad6b7169203331-01", false, false},
    {"00_" TRACE "-" PARENT "-01", false, false},
    {"00-" TRACE "_" PARENT "-01", false, false},
    {"00-" TRACE "-" PARENT "_01", false, false},
    {" 00-" TRACE "-" PARENT "-01", false, false},
    {"", false, false},
    {"00", false, false},
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(vectors); i++) {
		struct fl_traceparent parsed = {.is_sampled = false};

		if (fl_traceparent_parse(fl_str(vectors[i].text), &parsed) != vectors[i].is_valid)
			fail_msg("\"%s\"", vectors[i].text);
		if (vectors[i].is_valid)
			assert_int_equal(parsed.is_sampled, vectors[i].is_sampled);
	}
}

static void test_cut(void **state)
{
	struct fl_str whole = FL_STR("00-" TRACE "-" PARENT "-01");
	struct fl_traceparent parsed;

	(void)state;
	for (size_t n = 0; n < whole.n; n++) {
		char *cut = malloc(n + 1); /* so that a read behind its end is seen */

		assert_non_null(cut);
		memcpy(cut, whole.p, n);
		assert_false(fl_traceparent_parse(fl_str_n(cut, n), &parsed));
		free(cut);
	}
}

static void test_sane_ids(void **state)
{
	char text[FL_REQUEST_ID_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof text);
	assert_true(fl_request_id_is_sane(fl_str_n(text, FL_REQUEST_ID_MAX)));
	assert_false(fl_request_id_is_sane(fl_str_n(text, FL_REQUEST_ID_MAX + 1)));
	assert_false(fl_request_id_is_sane(FL_STR("")));
	assert_true(fl_request_id_is_sane(FL_STR("Root=1-67891233:AZaz09._~/+@-")));
	assert_false(fl_request_id_is_sane(FL_STR("a b")));
	assert_false(fl_request_id_is_sane(FL_STR("a\"b")));
	assert_false(fl_request_id_is_sane(FL_STR("a\nb")));
	assert_false(fl_request_id_is_sane(FL_STR("a\0b")));
	assert_false(fl_request_id_is_sane(FL_STR("\xc3\xa9")));
	assert_false(fl_request_id_is_sane(FL_STR("${jndi:x}")));
}

/* ---- numbers ---- */

static void test_uuid(void **state)
{
	static const uint64_t wall_ms = UINT64_C(0x0123456789ab);
	struct fl_ids ids;
	char one[FL_IDS_UUID_LEN], two[FL_IDS_UUID_LEN];

	(void)state;
	assert_int_equal(fl_ids_init(&ids), 0);
	for (int i = 0; i < 1000; i++) {
		fl_ids_uuid(&ids, wall_ms, one);
		fl_ids_uuid(&ids, wall_ms, two);
		assert_memory_equal(one, "01234567-89ab-7", 15);
		assert_true(one[18] == '-' && strchr("89ab", one[19]) && one[23] == '-');
		for (size_t c = 0; c < sizeof one; c++)
			assert_non_null(memchr("0123456789abcdef-", one[c], 17));
		assert_memory_not_equal(one, two, sizeof one);
	}
}

static void test_hex(void **state)
{
	char text[16];

	(void)state;
	assert_ptr_equal(fl_ids_hex(text, UINT64_C(0x0123456789abcdef)), text + 16);
	assert_memory_equal(text, "0123456789abcdef", 16);
	(void)fl_ids_hex(text, UINT64_C(0xfedcba9876543210));
	assert_memory_equal(text, "fedcba9876543210", 16);
}

/* The reference output of xoshiro256++ for the state 1, 2, 3, 4. */
static void test_generator(void **state)
{
	static const uint64_t expected[] = {
	    UINT64_C(41943041),
	    UINT64_C(58720359),
	    UINT64_C(3588806011781223),
	    UINT64_C(3591011842654386),
	    UINT64_C(9228616714210784205),
	};
	struct fl_ids ids = {{1, 2, 3, 4}};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(expected); i++)
		assert_int_equal(fl_ids_next(&ids), expected[i]);
}

/* ---- whose ids ---- */

static struct fl_pipeline_worker worker;

#define HEADER(name, value)                                                                        \
	{                                                                                          \
		{name, sizeof name - 1},                                                           \
		{                                                                                  \
			value, sizeof value - 1                                                    \
		}                                                                                  \
	}
#define VALID HEADER("traceparent", "00-" TRACE "-" PARENT "-00")

static const fairlead_kv valid[] = {
    HEADER("accept", "*/*"),     HEADER("user-agent", "test/1"),       VALID,
    HEADER("tracestate", "a=1"), HEADER("x-request-id", "callers-id"),
};
static const fairlead_kv invalid[] = {
    HEADER("traceparent", "00-" TRACE "-" PARENT "-0"),
    HEADER("tracestate", "a=1"),
    HEADER("x-request-id", "not sane"),
};
static const fairlead_kv twice[] = {
    VALID,
    VALID,
    HEADER("x-request-id", "one"),
    HEADER("x-request-id", "two"),
};

static void begin(struct fl_request *req, const fairlead_kv *headers, size_t n, bool is_trusted)
{
	fl_request_reset(req);
	req->worker = &worker;
	req->headers = headers;
	req->headers_n = n;
	req->is_trusted_peer = is_trusted;
	fl_trace_begin(req);
}

static bool has_own_trace(const struct fl_request *req)
{
	struct fl_traceparent parsed;

	assert_int_equal(req->traceparent.n, FL_TRACEPARENT_LEN);
	assert_true(fl_traceparent_parse(req->traceparent, &parsed));
	assert_memory_equal(req->traceparent.p, "00-", 3);
	assert_memory_not_equal(req->traceparent.p + 36, PARENT, 16);
	return memcmp(parsed.trace_id.p, TRACE, 32) != 0;
}

static bool has_own_id(const struct fl_request *req)
{
	return req->request_id.n == FL_IDS_UUID_LEN && req->request_id.p[14] == '7';
}

static void test_trusted(void **state)
{
	struct fl_request req;

	(void)state;
	fl_arena_init(&req.arena, 4096, 4096);
	begin(&req, valid, FL_ARRAY_LEN(valid), true);
	assert_false(has_own_trace(&req));
	assert_memory_equal(req.traceparent.p + 52, "-00", 3); /* the caller's choice */
	assert_true(req.is_trace_continued);
	assert_true(fl_str_is(req.request_id, "callers-id"));
	assert_true(fl_str_is(req.user_agent, "test/1"));
	assert_true(fl_trace_is_own_header(&req, FL_STR("traceparent")));
	assert_true(fl_trace_is_own_header(&req, FL_STR("x-request-id")));
	assert_false(fl_trace_is_own_header(&req, FL_STR("tracestate")));
	assert_false(fl_trace_is_own_header(&req, FL_STR("accept")));
	fl_arena_fini(&req.arena);
}

static void test_strangers(void **state)
{
	static const struct {
		const fairlead_kv *headers;
		size_t n;
		bool is_trusted;
	} cases[] = {
	    {valid, FL_ARRAY_LEN(valid), false},
	    {invalid, FL_ARRAY_LEN(invalid), true},
	    {twice, FL_ARRAY_LEN(twice), true},
	    {valid, 2, true}, /* none at all */
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_request req;

		fl_arena_init(&req.arena, 4096, 4096);
		begin(&req, cases[i].headers, cases[i].n, cases[i].is_trusted);
		assert_true(has_own_trace(&req));
		assert_memory_equal(req.traceparent.p + 52, "-01", 3);
		assert_false(req.is_trace_continued);
		assert_true(has_own_id(&req));
		assert_true(fl_trace_is_own_header(&req, FL_STR("tracestate")));
		assert_int_equal(req.has_own_headers, cases[i].n > 2);
		fl_arena_fini(&req.arena);
	}
}

static void test_fresh(void **state)
{
	struct fl_request one, two;

	(void)state;
	fl_arena_init(&one.arena, 4096, 4096);
	fl_arena_init(&two.arena, 4096, 4096);
	begin(&one, NULL, 0, false);
	begin(&two, NULL, 0, false);
	assert_memory_not_equal(one.traceparent.p + 3, two.traceparent.p + 3, 32);
	assert_memory_not_equal(one.traceparent.p + 36, two.traceparent.p + 36, 16);
	assert_false(fl_str_eq(one.request_id, two.request_id));
	fl_arena_fini(&one.arena);
	fl_arena_fini(&two.arena);
}

static void test_memory(void **state)
{
	struct fl_request req;

	(void)state;
	fl_arena_init(&req.arena, 16, 16);
	begin(&req, valid, FL_ARRAY_LEN(valid), true);
	assert_int_equal(req.request_id.n, 0);
	assert_int_equal(req.traceparent.n, 0);
	assert_true(fl_arena_is_overflown(&req.arena));
	fl_arena_fini(&req.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("traceparent is read as the specification says", test_vectors),
	    FL_CASE("a traceparent cut off anywhere is none", test_cut),
	    FL_CASE("a request id is taken over when it is a plain token", test_sane_ids),
	    FL_CASE("a fresh request id is a UUID of version 7", test_uuid),
	    FL_CASE("hexadecimal digits stand in order", test_hex),
	    FL_CASE("the generator is xoshiro256++", test_generator),
	    FL_CASE("a trusted peer's trace and request id are continued", test_trusted),
	    FL_CASE("ids of strangers, broken or doubled ones are replaced", test_strangers),
	    FL_CASE("two requests get different ids", test_fresh),
	    FL_CASE("a full arena leaves the ids empty", test_memory),
	};

	if (fl_ids_init(&worker.ids) != 0)
		return 1;
	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
