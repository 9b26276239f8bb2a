/* tests/unit/policy/test_ext.c - the texts of the extension types
 * SPDX-License-Identifier: Apache-2.0
 *
 * Answers are the official engine's.
 */
#include "tests/unit/test.h"

#include "policy/ext.h"

static const struct row {
	const char *text;
	bool is_read;
	int64_t value;
} decimals[] =
    {
	{"0.0", true, 0},
	{"-0.0", true, 0},
	{"1.2345", true, 12345},
	{"001.10", true, 11000},
	{"-1.5", true, -15000},
	{"922337203685477.5807", true, INT64_MAX},
	{"-922337203685477.5808", true, INT64_MIN},
	{"922337203685477.5808", false, 0},
	{"-922337203685477.5809", false, 0},
	{"99999999999999999999.0", false, 0},
	{"1", false, 0},
	{"1.", false, 0},
	{".5", false, 0},
	{"+1.0", false, 0},
	{"1.00000", false, 0},
	{"1.0 ", false, 0},
	{" 1.0", false, 0},
	{"1e3", false, 0},
	{"-", false, 0},
	{"", false, 0},
	{"--1.0", false, 0},
	{"1.-1", false, 0},
},
  durations[] =
      {
	  {"0ms", true, 0},
	  {"1d2h3m4s5ms", true, 93784005},
	  {"-1d", true, -86400000},
	  {"1h1ms", true, 3600001},
	  {"0001s", true, 1000},
	  {"9223372036854775807ms", true, INT64_MAX},
	  {"-9223372036854775808ms", true, INT64_MIN},
	  {"9223372036854775808ms", false, 0},
	  {"106751991168d", false, 0},
	  {"1s1m", false, 0},
	  {"1s1s", false, 0},
	  {"1ms1s", false, 0},
	  {"1D", false, 0},
	  {"+1s", false, 0},
	  {"1", false, 0},
	  {"-", false, 0},
	  {"", false, 0},
	  {"d", false, 0},
	  {"1.5s", false, 0},
	  {"1s ", false, 0},
	  {"--1s", false, 0},
	  {"1m s", false, 0},
},
  datetimes[] = {
      {"1970-01-01", true, 0},
      {"1970-01-01T00:00:00Z", true, 0},
      {"1970-01-01T00:00:00.001Z", true, 1},
      {"1969-12-31T23:59:59.999Z", true, -1},
      {"1970-01-01T01:00:00+0100", true, 0},
      {"1970-01-01T00:00:00-0130", true, 5400000},
      {"2024-02-29", true, INT64_C(1709164800000)},
      {"2000-02-29", true, INT64_C(951782400000)},
      {"0000-01-01", true, INT64_C(-62167219200000)},
      {"9999-12-31T23:59:59.999Z", true, INT64_C(253402300799999)},
      {"1970-01-01T00:00:00+2359", true, -86340000},
      {"2023-02-29", false, 0},
      {"1900-02-29", false, 0},
      {"2024-13-01", false, 0},
      {"2024-00-01", false, 0},
      {"2024-01-00", false, 0},
      {"2024-04-31", false, 0},
      {"2024-1-01", false, 0},
      {"24-01-01", false, 0},
      {"2024-01-01T", false, 0},
      {"2024-01-01T00:00:00", false, 0},
      {"2024-01-01t00:00:00Z", false, 0},
      {"2024-01-01T00:00:00z", false, 0},
      {"2024-01-01T24:00:00Z", false, 0},
      {"2024-01-01T00:60:00Z", false, 0},
      {"2024-01-01T00:00:60Z", false, 0},
      {"2024-01-01T00:00:00.1Z", false, 0},
      {"2024-01-01T00:00:00.0001Z", false, 0},
      {"2024-01-01T00:00:00+01:00", false, 0},
      {"2024-01-01T00:00:00+2400", false, 0},
      {"2024-01-01T00:00:00+0060", false, 0},
      {"2024-01-01T00:00Z", false, 0},
      {"+2024-01-01", false, 0},
      {"2024-01-01 ", false, 0},
      {"", false, 0},
};

static void check(enum fl_cedar_kind kind, const struct row *rows, size_t n)
{
	struct fl_arena arena;
	struct fl_cedar_value v, again;
	struct fl_buf out;

	fl_arena_init(&arena, 4096, 1 << 20);
	fl_buf_init(&out, 4096);
	for (size_t i = 0; i < n; i++) {
		bool is_read = fl_cedar_ext_parse(kind, fl_str(rows[i].text), &arena, &v) == 0;

		if (is_read != rows[i].is_read || (is_read && v.u.number != rows[i].value))
			fail_msg("wrong: %s", rows[i].text);
		if (!is_read)
			continue;
		/* What is printed reads back: the text between the quotes. */
		fl_buf_clear(&out);
		fl_cedar_ext_print(&out, v);
		const char *open = strchr(fl_buf_cstr(&out), '"') + 1;

		assert_int_equal(
		    fl_cedar_ext_parse(kind, fl_str_n(open, (size_t)(strchr(open, '"') - open)),
		                       &arena, &again),
		    0);
		assert_int_equal(again.u.number, v.u.number);
	}
	fl_buf_fini(&out);
	fl_arena_fini(&arena);
}

static void test_decimals(void **state)
{
	(void)state;
	check(FL_CEDAR_DECIMAL, decimals, FL_ARRAY_LEN(decimals));
}

static void test_durations(void **state)
{
	(void)state;
	check(FL_CEDAR_DURATION, durations, FL_ARRAY_LEN(durations));
}

static void test_datetimes(void **state)
{
	(void)state;
	check(FL_CEDAR_DATETIME, datetimes, FL_ARRAY_LEN(datetimes));
}

static void test_addresses(void **state)
{
	static const char *const good[] = {
	    "0.0.0.0",
	    "255.255.255.255/32",
	    "1.2.3.4/0",
	    "::",
	    "::1",
	    "1::",
	    "1:2:3:4:5:6:7:8",
	    "1:2:3:4:5:6:7::",
	    "::2:3:4:5:6:7:8",
	    "ABCD:ef01::/128",
	    "1::2/0",
	};
	static const char *const bad[] = {
	    "",
	    "1.2.3",
	    "1.2.3.4.5",
	    "1.2.3.256",
	    "01.2.3.4",
	    "1.2.3.4/",
	    "1.2.3.4/33",
	    "1.2.3.4/08",
	    "1.2.3.4/-1",
	    "1.2.3.4 ",
	    "1.2.3.4/1/1",
	    ":",
	    ":::",
	    "1::2::3",
	    "1:2:3:4:5:6:7",
	    "1:2:3:4:5:6:7:8:9",
	    "1:2:3:4::5:6:7:8",
	    "12345::",
	    "g::",
	    "::1/129",
	    "::ffff:1.2.3.4",
	    "[::1]",
	    "fe80::1%eth0",
	    "1:",
	    ":1",
	    "::1/",
	    "1.2.3.4/+1",
	    "1.2.3.4/001",
	    "::1/0128",
	    "1..2.3",
	};
	struct fl_arena arena;
	struct fl_cedar_value v;

	(void)state;
	fl_arena_init(&arena, 4096, 1 << 20);
	for (size_t i = 0; i < FL_ARRAY_LEN(good); i++)
		if (fl_cedar_ext_parse(FL_CEDAR_IP, fl_str(good[i]), &arena, &v) != 0)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++)
		if (fl_cedar_ext_parse(FL_CEDAR_IP, fl_str(bad[i]), &arena, &v) != FL_CEDAR_E_VALUE)
			fail_msg("accepted: %s", bad[i]);
	fl_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE("decimals have one to four fraction digits and fit", test_decimals),
	    FL_CASE("durations name each unit once, in order", test_durations),
	    FL_CASE("datetimes are on the calendar, in one of the forms", test_datetimes),
	    FL_CASE("addresses have one spelling of each number", test_addresses),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
