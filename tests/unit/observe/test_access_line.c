/* tests/unit/observe/test_access_line.c - gateway/observe/: one line of the access log
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/observe/line.h"

/* 2026-11-24T11:17:43.123Z */
#define NOON_NS (UINT64_C(1795519063) * FL_NS_PER_SEC + 123456789)

static const struct fl_access_record full = {
    .wall_ns = NOON_NS,
    .duration_ns = 1234567,
    .upstream_ns = 999,
    .client = FL_STR_INIT("192.0.2.1"),
    .method = FL_STR_INIT("POST"),
    .path = FL_STR_INIT("/hooks/github"),
    .host = FL_STR_INIT("api.example.com"),
    .user_agent = FL_STR_INIT("curl/8"),
    .route = FL_STR_INIT("hooks"),
    .instance = FL_STR_INIT("github-prod"),
    .consumer = FL_STR_INIT("ci"),
    .request_id = FL_STR_INIT("r1"),
    .trace_id = FL_STR_INIT("4bf9"),
    .bytes_in = 10,
    .bytes_out = UINT64_MAX,
    .status = 502,
    .decision = "allow",
    .error = "connector_failed",
};

static const char *line_of(const struct fl_access_record *r, size_t *ret_n)
{
	static char line[FL_ACCESS_LINE_MAX + 1];
	struct fl_access_clock clock = {0};

	memset(line, '#', sizeof line);
	*ret_n = fl_access_line(line, &clock, r);
	assert_true(*ret_n <= FL_ACCESS_LINE_MAX);
	assert_int_equal(line[*ret_n], '#');
	line[*ret_n] = '\0';
	return line;
}

static void a_full_record_has_every_field(void **state)
{
	size_t n;

	(void)state;
	assert_string_equal(
	    line_of(&full, &n),
	    "{\"time\":\"2026-11-24T11:17:43.123Z\",\"request_id\":\"r1\",\"trace_id\":\"4bf9\","
	    "\"client\":\"192.0.2.1\",\"method\":\"POST\",\"host\":\"api.example.com\","
	    "\"path\":\"/hooks/github\",\"status\":502,\"bytes_in\":10,"
	    "\"bytes_out\":18446744073709551615,\"duration_ms\":1.234,\"upstream_ms\":0.000,"
	    "\"route\":\"hooks\",\"instance\":\"github-prod\",\"consumer\":\"ci\","
	    "\"user_agent\":\"curl/8\",\"decision\":\"allow\",\"error\":\"connector_failed\"}\n");
}

static void an_empty_record_has_what_is_always_there(void **state)
{
	static const struct fl_access_record empty = {.wall_ns = 0};
	size_t n;

	(void)state;
	assert_string_equal(line_of(&empty, &n),
	                    "{\"time\":\"1970-01-01T00:00:00.000Z\",\"status\":0,\"bytes_in\":0,"
	                    "\"bytes_out\":0,\"duration_ms\":0.000}\n");
}

/* The cached text against one made anew, over times that go back and forth. */
static void the_time_is_right_whatever_was_before(void **state)
{
	static const uint64_t times_ms[] = {0,
	                                    999,
	                                    1000,
	                                    1001,
	                                    1000,
	                                    0,
	                                    59999,
	                                    60000,
	                                    60000,
	                                    59999,
	                                    1795519063123,
	                                    1795519063999,
	                                    1795519064000,
	                                    1795519063123,
	                                    0};
	struct fl_access_clock clock = {0};
	struct fl_access_record r = {.status = 200};
	char line[FL_ACCESS_LINE_MAX], expected[FL_CLOCK_ISO_SIZE];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(times_ms); i++) {
		r.wall_ns = times_ms[i] * FL_NS_PER_MS + 999999;
		fl_clock_iso(r.wall_ns, expected);
		assert_true(fl_access_line(line, &clock, &r) > 40);
		assert_memory_equal(line + strlen("{\"time\":\""), expected, FL_CLOCK_ISO_SIZE - 1);
	}
}

static json_t *parsed(const struct fl_access_record *r)
{
	size_t n;
	const char *line = line_of(r, &n);
	/* As real numbers: jansson's integers end at 2^63. */
	const size_t flags = JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL;
	json_t *json = json_loadb(line, n, flags, NULL);

	if (json == NULL)
		fail_msg("not JSON: %s", line);
	assert_ptr_equal(memchr(line, '\n', n), line + n - 1);
	return json;
}

static void assert_value(struct fl_str sent, const char *expected, size_t n)
{
	struct fl_access_record r = {.path = sent, .user_agent = sent, .status = 200};
	json_t *json = parsed(&r);

	for (int i = 0; i < 2; i++) {
		json_t *value = json_object_get(json, i ? "user_agent" : "path");

		assert_int_equal(json_string_length(value), n);
		assert_memory_equal(json_string_value(value), expected, n);
	}
	json_decref(json);
}

static void hostile_bytes_are_escaped(void **state)
{
	static const struct {
		const char *sent;
		size_t n;
		const char *read;
	} rows[] = {
	    {"a\nb", 3, NULL},
	    {"\"},{\"status\":200,\"x\":\"", 21, NULL},
	    {"\\", 1, NULL},
	    {"\0", 1, NULL},
	    {"\x1b[2J", 4, NULL},
	    {"\x7f", 1, NULL},
	    {"caf\xc3\xa9 \xf0\x9f\x98\x80", 10, NULL},
	    {"12345678\"", 9, NULL},
	    {"1234567\x01", 8, NULL},
	    {"!\x1f!!!!!!!!", 10, NULL},
	    {"\xff", 1, "\xef\xbf\xbd"},
	    {"a\xc3", 2, "a\xef\xbf\xbd"},
	    {"\xed\xa0\x80!", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		const char *read = rows[i].read ? rows[i].read : rows[i].sent;

		assert_value(fl_str_n(rows[i].sent, rows[i].n), read,
		             rows[i].read ? strlen(read) : rows[i].n);
	}
	for (int c = 0; c < 128; c++) { /* each byte at each place of a word of eight */
		for (int at = 0; at < 10; at++) {
			char text[10];

			memset(text, 'x', sizeof text);
			text[at] = (char)c;
			assert_value(fl_str_n(text, sizeof text), text, sizeof text);
		}
	}
}

/* What is cut ends in dots and is a beginning of what was sent. */
static void assert_cut(char fill, size_t printed, size_t n, size_t max, const char *key)
{
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, fill, n);
	struct fl_access_record r = {.path = {text, n}, .host = {text, n}, .route = {text, n}};
	json_t *json = parsed(&r);
	struct fl_str got = fl_str(json_string_value(json_object_get(json, key)));

	if (n * printed > max) {
		assert_true(got.n > max / printed - 12 && got.n * printed <= max + 3 * printed);
		assert_memory_equal(got.p + got.n - 3, "...", 3);
		got.n -= 3;
	} else {
		assert_true(got.n == n || memcmp(got.p + got.n - 3, "...", 3) == 0);
	}
	for (size_t i = 0; i < got.n && got.p[i] != '.'; i++)
		assert_int_equal(got.p[i], fill);
	json_decref(json);
	free(text);
}

static void long_values_are_cut(void **state)
{
	static const struct {
		const char *key;
		size_t max;
	} rows[] = {{"path", 1024}, {"host", 256}, {"route", 128}};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		for (size_t n = rows[i].max - 20; n < rows[i].max + 20; n++) {
			assert_cut('a', 1, n, rows[i].max, rows[i].key);
			assert_cut('"', 2, n / 2, rows[i].max, rows[i].key);
			assert_cut('\x02', 6, n / 6, rows[i].max, rows[i].key);
		}
		assert_cut('a', 1, 100000, rows[i].max, rows[i].key);
	}
	size_t n;
	struct fl_access_record exact = {.request_id = FL_STR_NULL};
	char text[128];

	memset(text, 'i', sizeof text);
	exact.request_id = fl_str_n(text, sizeof text); /* the longest id there is stays whole */
	assert_null(strstr(line_of(&exact, &n), "..."));
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static struct fl_str random_text(uint64_t *seed, char *room, size_t max)
{
	static const char *const pieces[] = {
	    "a",        "\"",         "\\", "\x01", "\xc3\xa9", "\xff", "\xf0\x9f\x98\x80",
	    "\xe2\x82", "plain text", "\n"};
	size_t n = 0,
	       wanted = next_random(seed) % 3 ? next_random(seed) % 40 : next_random(seed) % max;

	while (n < wanted) {
		const char *piece = pieces[next_random(seed) % FL_ARRAY_LEN(pieces)];

		memcpy(room + n, piece, strlen(piece));
		n += strlen(piece);
	}
	return fl_str_n(room, n);
}

static void every_line_is_json_and_fits(void **state)
{
	static char room[11][4200];
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct fl_access_record r = {.wall_ns = next_random(&seed) << 30,
		                             .duration_ns = next_random(&seed) << 30,
		                             .bytes_in = UINT64_MAX,
		                             .status = (uint32_t)next_random(&seed)};
		struct fl_str *texts[] = {&r.client,     &r.method,  &r.path,     &r.host,
		                          &r.user_agent, &r.route,   &r.instance, &r.consumer,
		                          &r.request_id, &r.trace_id};

		for (size_t t = 0; t < FL_ARRAY_LEN(texts); t++)
			*texts[t] = random_text(&seed, room[t], 4100);
		json_decref(parsed(&r));
	}
}

/* ---- the decision log ---- */

static const struct fl_str ids[] = {FL_STR_INIT("one"), FL_STR_INIT("two"),  FL_STR_INIT("three"),
                                    FL_STR_INIT("4"),   FL_STR_INIT("five"), FL_STR_INIT("six")};

static const char *decision_of(const struct fl_decision_record *r, size_t *ret_n)
{
	static char line[FL_ACCESS_LINE_MAX + 1];
	struct fl_access_clock clock = {0};

	memset(line, '#', sizeof line);
	*ret_n = fl_decision_line(line, &clock, r);
	assert_true(*ret_n <= FL_ACCESS_LINE_MAX);
	assert_int_equal(line[*ret_n], '#');
	line[*ret_n] = '\0';
	return line;
}

static void a_full_decision_has_every_field(void **state)
{
	const struct fl_decision_record r = {
	    .wall_ns = NOON_NS,
	    .request_id = FL_STR("r1"),
	    .route = FL_STR("orders"),
	    .principal = FL_STR("Gw::Consumer::\"p\""),
	    .action = FL_STR("a"),
	    .resource = FL_STR("b"),
	    .decision = "deny",
	    .shadow = "deny_to_allow",
	    .reasons = ids,
	    .reasons_n = 2,
	    .errors = ids + 2,
	    .errors_n = 1,
	    .context_json = FL_STR("{\"now\":1}"),
	};
	size_t n;

	(void)state;
	assert_string_equal(
	    decision_of(&r, &n),
	    "{\"time\":\"2026-11-24T11:17:43.123Z\",\"request_id\":\"r1\",\"route\":\"orders\","
	    "\"principal\":\"Gw::Consumer::\\\"p\\\"\",\"action\":\"a\",\"resource\":\"b\","
	    "\"decision\":\"deny\",\"reasons\":[\"one\",\"two\"],\"errors\":[\"three\"],"
	    "\"shadow\":\"deny_to_allow\",\"context\":{\"now\":1}}\n");
}

static void what_is_empty_in_a_decision_is_left_out(void **state)
{
	const struct fl_decision_record r = {.wall_ns = NOON_NS, .decision = "allow"};
	size_t n;

	(void)state;
	assert_string_equal(decision_of(&r, &n),
	                    "{\"time\":\"2026-11-24T11:17:43.123Z\",\"decision\":\"allow\"}\n");
}

static void more_ids_than_there_is_room_for_end_in_dots(void **state)
{
	struct fl_decision_record r = {.decision = "allow", .reasons = ids, .reasons_n = 5};
	size_t n;

	(void)state;
	assert_non_null(strstr(decision_of(&r, &n), "[\"one\",\"two\",\"three\",\"4\",\"five\"]"));
	r.reasons_n = 6;
	assert_non_null(strstr(decision_of(&r, &n), "[\"one\",\"two\",\"three\",\"4\",\"...\"]"));
}

static void the_longest_decision_fits(void **state)
{
	static char long_text[3000], context[FL_DECISION_CONTEXT_MAX + 1];
	struct fl_str text = {long_text, sizeof long_text}, many[FL_DECISION_IDS_MAX + 1];
	struct fl_decision_record r = {
	    .wall_ns = NOON_NS,
	    .request_id = text,
	    .route = text,
	    .principal = text,
	    .action = text,
	    .resource = text,
	    .decision = "rate_limited",
	    .shadow = "allow_to_deny",
	    .reasons = many,
	    .errors = many,
	    .reasons_n = FL_DECISION_IDS_MAX,
	    .errors_n = FL_DECISION_IDS_MAX,
	    .context_json = {context, FL_DECISION_CONTEXT_MAX},
	};
	json_error_t error;
	size_t n;

	(void)state;
	memset(long_text, 1, sizeof long_text); /* \u0001 each */
	memset(context, ' ', sizeof context);
	context[0] = '{';
	context[FL_DECISION_CONTEXT_MAX - 1] = '}';
	for (size_t i = 0; i < FL_ARRAY_LEN(many); i++)
		many[i] = text;
	json_t *json = json_loads(decision_of(&r, &n), 0, &error);

	assert_non_null(json);
	json_decref(json);
	r.context_json.n++;
	assert_non_null(strstr(decision_of(&r, &n), "\"context\":\"too long\"}"));
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    FL_CASE("a full record has every field", a_full_record_has_every_field),
	    FL_CASE("an empty record has what is always there",
	            an_empty_record_has_what_is_always_there),
	    FL_CASE("the time is right whatever was printed before",
	            the_time_is_right_whatever_was_before),
	    FL_CASE("hostile bytes are escaped and read back", hostile_bytes_are_escaped),
	    FL_CASE("long values are cut and say so", long_values_are_cut),
	    FL_CASE("every line is JSON and fits", every_line_is_json_and_fits),
	    FL_CASE("a full decision has every field", a_full_decision_has_every_field),
	    FL_CASE("what is empty in a decision is left out",
	            what_is_empty_in_a_decision_is_left_out),
	    FL_CASE("more ids than there is room for end in dots",
	            more_ids_than_there_is_room_for_end_in_dots),
	    FL_CASE("the longest decision fits", the_longest_decision_fits),
	};

	return cmocka_run_group_tests_name("access line", cases, NULL, NULL);
}
