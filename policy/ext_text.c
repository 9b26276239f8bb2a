/* policy/ext_text.c - the texts of decimal, datetime and duration
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/ext_text.h"

#include <inttypes.h>
#include <stdio.h>

#define DECIMAL_DIGITS 4u
#define DECIMAL_ONE 10000

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many digits stand at `at`. */
static size_t digits(struct fl_str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && is_digit(s.p[at + n]))
		n++;
	return n;
}

/* Subtracts `n` digits, times `unit`, from *sum: numbers are gathered below zero, where one more
 * fits. */
static bool subtract(const char *p, size_t n, int64_t unit, int64_t *sum)
{
	int64_t v = 0;

	for (size_t i = 0; i < n; i++)
		if (__builtin_mul_overflow(v, (int64_t)10, &v) ||
		    __builtin_sub_overflow(v, (int64_t)(p[i] - '0'), &v))
			return false;
	return !__builtin_mul_overflow(v, unit, &v) && !__builtin_add_overflow(*sum, v, sum);
}

/* `sum` is at most 0. */
static bool signed_result(int64_t sum, bool is_negative, int64_t *ret)
{
	if (is_negative)
		*ret = sum;
	else if (__builtin_sub_overflow((int64_t)0, sum, ret))
		return false;
	return true;
}

bool fl_cedar_decimal_read(struct fl_str s, int64_t *ret)
{
	static const int64_t units[DECIMAL_DIGITS + 1] = {0, 1000, 100, 10, 1};
	bool is_negative = s.n > 0 && s.p[0] == '-';
	size_t at = is_negative ? 1 : 0, whole = digits(s, at), dot = at + whole;
	int64_t sum = 0;

	if (whole == 0 || dot >= s.n || s.p[dot] != '.')
		return false;
	size_t part = digits(s, dot + 1);

	return part > 0 && part <= DECIMAL_DIGITS && dot + 1 + part == s.n &&
	       subtract(s.p + at, whole, DECIMAL_ONE, &sum) &&
	       subtract(s.p + dot + 1, part, units[part], &sum) &&
	       signed_result(sum, is_negative, ret);
}

bool fl_cedar_duration_read(struct fl_str s, int64_t *ret)
{
	static const struct unit {
		struct fl_str name;
		int64_t ms;
	} units[] = {
	    {FL_STR_INIT("d"), FL_CEDAR_MS_PER_DAY},
	    {FL_STR_INIT("h"), 3600000},
	    {FL_STR_INIT("m"), 60000},
	    {FL_STR_INIT("s"), 1000},
	    {FL_STR_INIT("ms"), 1},
	};
	bool is_negative = s.n > 0 && s.p[0] == '-';
	size_t at = is_negative ? 1 : 0, unit = 0;
	int64_t sum = 0;

	if (at == s.n)
		return false;
	while (at < s.n) {
		size_t n = digits(s, at);
		struct fl_str name = fl_str_n(s.p + at + n, 0);

		while (at + n + name.n < s.n && !is_digit(name.p[name.n]))
			name.n++;
		while (unit < FL_ARRAY_LEN(units) && !fl_str_eq(units[unit].name, name))
			unit++;
		if (n == 0 || unit == FL_ARRAY_LEN(units) ||
		    !subtract(s.p + at, n, units[unit].ms, &sum))
			return false;
		unit++;
		at += n + name.n;
	}
	return signed_result(sum, is_negative, ret);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years are counted from March, so that
 * the leap day is the last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t month_days(int64_t year, int64_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/* Reads exactly `n` digits at *at and moves over them. */
static bool fixed(struct fl_str s, size_t *at, size_t n, int64_t *ret)
{
	int64_t v = 0;

	if (*at > s.n || s.n - *at < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(s.p[*at + i]))
			return false;
		v = v * 10 + (s.p[*at + i] - '0');
	}
	*at += n;
	*ret = v;
	return true;
}

static bool is_char(struct fl_str s, size_t *at, char c)
{
	if (*at >= s.n || s.p[*at] != c)
		return false;
	(*at)++;
	return true;
}

static bool read_date(struct fl_str s, size_t *at, int64_t *ret_days)
{
	int64_t year, month, day;

	if (!fixed(s, at, 4, &year) || !is_char(s, at, '-') || !fixed(s, at, 2, &month) ||
	    !is_char(s, at, '-') || !fixed(s, at, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return false;
	*ret_days = days_of(year, month, day);
	return true;
}

/* "Z", "+hhmm" or "-hhmm", in minutes. */
static bool read_offset(struct fl_str s, size_t *at, int64_t *ret)
{
	int64_t hours, minutes;

	*ret = 0;
	if (is_char(s, at, 'Z'))
		return true;
	bool is_west = is_char(s, at, '-');

	if (!is_west && !is_char(s, at, '+'))
		return false;
	if (!fixed(s, at, 2, &hours) || !fixed(s, at, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = (hours * 60 + minutes) * (is_west ? -1 : 1);
	return true;
}

bool fl_cedar_datetime_read(struct fl_str s, int64_t *ret)
{
	int64_t days, hour, minute, second, ms = 0, offset;
	size_t at = 0;

	if (!read_date(s, &at, &days))
		return false;
	if (at == s.n) {
		*ret = days * FL_CEDAR_MS_PER_DAY;
		return true;
	}
	if (!is_char(s, &at, 'T') || !fixed(s, &at, 2, &hour) || !is_char(s, &at, ':') ||
	    !fixed(s, &at, 2, &minute) || !is_char(s, &at, ':') || !fixed(s, &at, 2, &second))
		return false;
	if (is_char(s, &at, '.') && !fixed(s, &at, 3, &ms))
		return false;
	if (!read_offset(s, &at, &offset) || at != s.n || hour > 23 || minute > 59 || second > 59)
		return false;
	*ret = days * FL_CEDAR_MS_PER_DAY + (((hour * 60 + minute - offset) * 60) + second) * 1000 +
	       ms;
	return true;
}

bool fl_cedar_day_floor(int64_t ms, int64_t *ret)
{
	int64_t over = ms % FL_CEDAR_MS_PER_DAY;

	if (over < 0)
		over += FL_CEDAR_MS_PER_DAY;
	return !__builtin_sub_overflow(ms, over, ret);
}

void fl_cedar_decimal_write(struct fl_buf *out, int64_t v)
{
	uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	unsigned part = (unsigned)(magnitude % DECIMAL_ONE), width = DECIMAL_DIGITS;

	while (width > 1 && part % 10 == 0) {
		part /= 10;
		width--;
	}
	fl_buf_printf(out, "%s%" PRIu64 ".%0*u", v < 0 ? "-" : "", magnitude / DECIMAL_ONE,
	              (int)width, part);
}

bool fl_cedar_datetime_write(struct fl_buf *out, int64_t v)
{
	int64_t start, year, month = 1;

	if (v < days_of(0, 1, 1) * FL_CEDAR_MS_PER_DAY ||
	    v >= days_of(10000, 1, 1) * FL_CEDAR_MS_PER_DAY || !fl_cedar_day_floor(v, &start))
		return false;
	int64_t days = start / FL_CEDAR_MS_PER_DAY, ms = v - start;

	/* A year has 365.2425 days on average, so the guess is off by one at most. */
	year = 1970 + days * 400 / 146097;
	while (days_of(year, 1, 1) > days)
		year--;
	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	fl_buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)year, (int)month,
	              (int)(days - days_of(year, month, 1) + 1), (int)(ms / 3600000),
	              (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
	return true;
}
