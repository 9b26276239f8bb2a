/* gateway/config/value.c - durations, sizes and numbers as text
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* ---- YAML 1.2, 10.3.2: the core schema ---- */

static bool is_one_of(struct fl_str s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (fl_str_is(s, *words))
			return true;
	return false;
}

static size_t digits(struct fl_str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
		n++;
	return n;
}

static size_t sign(struct fl_str s, size_t at)
{
	return at < s.n && (s.p[at] == '-' || s.p[at] == '+');
}

static bool is_based(struct fl_str s)
{
	const char *set = s.n > 2 && s.p[0] == '0' && s.p[1] == 'x'   ? "0123456789abcdefABCDEF"
			  : s.n > 2 && s.p[0] == '0' && s.p[1] == 'o' ? "01234567"
								      : NULL;

	for (size_t i = 2; set != NULL && i < s.n; i++)
		if (strchr(set, s.p[i]) == NULL || s.p[i] == '\0')
			return false;
	return set != NULL;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_fraction(struct fl_str s)
{
	size_t at = sign(s, 0), whole = digits(s, at), part = 0;

	at += whole;
	if (at < s.n && s.p[at] == '.') {
		part = digits(s, at + 1);
		at += 1 + part;
	}
	if (whole + part == 0)
		return false;
	if (at < s.n && (s.p[at] | 0x20) == 'e') {
		at++;
		at += sign(s, at);
		size_t power = digits(s, at);

		if (power == 0)
			return false;
		at += power;
	}
	return at == s.n;
}

enum fl_cfg_kind fl_cfg_value_kind(struct fl_str s)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
	static const char *const odd[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL};

	if (is_one_of(s, nulls))
		return FL_CFG_NULL;
	if (is_one_of(s, bools))
		return FL_CFG_BOOL;
	size_t at = sign(s, 0), n = digits(s, at);

	if ((n != 0 && at + n == s.n) || is_based(s))
		return FL_CFG_INT;
	if (is_fraction(s) || is_one_of(fl_str_n(s.p + at, s.n - at), odd))
		return FL_CFG_FLOAT;
	return FL_CFG_STRING;
}

/* ---- times ---- */

/* Days from 1970-01-01; the year counts from March, so that a leap day is its last. */
static uint64_t days_to(unsigned year, unsigned month, unsigned day)
{
	unsigned y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return (uint64_t)365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static unsigned days_of(unsigned year, unsigned month)
{
	return (unsigned)(days_to(month == 12 ? year + 1 : year, month % 12 + 1, 1) -
			  days_to(year, month, 1));
}

bool fl_cfg_value_time(struct fl_str text, uint64_t *ret_wall_ns)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	unsigned parts[6] = {0}, part = 0;

	if (text.n != sizeof form - 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool is_digit = text.p[i] >= '0' && text.p[i] <= '9';

		if (form[i] == '0' ? !is_digit : text.p[i] != form[i])
			return false;
		if (is_digit)
			parts[part] = parts[part] * 10 + (unsigned)(text.p[i] - '0');
		else if (i + 1 < text.n)
			part++;
	}
	if (parts[0] < 1970 || parts[0] > 2500 || parts[1] < 1 || parts[1] > 12 || parts[2] < 1 ||
	    parts[2] > days_of(parts[0], parts[1]) || parts[3] > 23 || parts[4] > 59 || parts[5] > 59)
		return false;
	*ret_wall_ns = (days_to(parts[0], parts[1], parts[2]) * 86400 + parts[3] * 3600u +
			parts[4] * 60u + parts[5]) * FL_NS_PER_SEC;
	return true;
}

/* ---- with a unit ---- */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
    {"ms", FL_NS_PER_MS}, {"s", FL_NS_PER_SEC}, {"m", 60 * FL_NS_PER_SEC}, {"h", 3600 * FL_NS_PER_SEC}};
static const struct unit sizes[] = {
    {"", 1}, {"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};

static bool parse_unit(struct fl_str s, const struct unit *units, size_t n, uint64_t *ret)
{
	size_t len = digits(s, 0);
	uint64_t v;

	if (!fl_str_to_u64(fl_str_n(s.p, len), &v))
		return false;
	for (size_t i = 0; i < n; i++)
		if (fl_str_is(fl_str_n(s.p + len, s.n - len), units[i].name))
			return !__builtin_mul_overflow(v, units[i].factor, ret);
	return false;
}

bool fl_cfg_value_duration(struct fl_str text, uint64_t *ret_ns)
{
	uint64_t v;

	if (!parse_unit(text, durations, FL_ARRAY_LEN(durations), &v))
		return false;
	*ret_ns = v;
	return true;
}

bool fl_cfg_value_rate(struct fl_str text, struct fl_cfg_rate *ret)
{
	static const struct unit periods[] = {
	    {"s", FL_NS_PER_SEC},
	    {"min", 60 * FL_NS_PER_SEC},
	    {"h", 3600 * FL_NS_PER_SEC},
	    {"d", 86400 * FL_NS_PER_SEC},
	};
	struct fl_str period, count = fl_str_split(text, '/', &period);
	struct fl_cfg_rate rate = {.count = 0};

	for (size_t i = 0; i < FL_ARRAY_LEN(periods); i++)
		if (fl_str_is(period, periods[i].name))
			rate.period_ns = periods[i].factor;
	if (rate.period_ns == 0 && !fl_cfg_value_duration(period, &rate.period_ns))
		return false;
	if (rate.period_ns < FL_NS_PER_SEC || rate.period_ns > 86400 * FL_NS_PER_SEC ||
	    rate.period_ns % FL_NS_PER_SEC != 0 || !fl_str_to_u64(count, &rate.count) ||
	    rate.count == 0 || rate.count > FL_CFG_RATE_MAX)
		return false;
	*ret = rate;
	return true;
}

bool fl_cfg_value_size(struct fl_str text, uint64_t *ret_bytes)
{
	uint64_t v;

	if (!parse_unit(text, sizes, FL_ARRAY_LEN(sizes), &v))
		return false;
	*ret_bytes = v;
	return true;
}

static void add_unit(struct fl_buf *out, uint64_t v, const struct unit *units, size_t n)
{
	while (n > 1 && (v == 0 || v % units[n - 1].factor != 0))
		n--;
	fl_buf_add_u64(out, v / units[n - 1].factor);
	fl_buf_add_c(out, units[n - 1].name);
}

void fl_cfg_value_add_duration(struct fl_buf *out, uint64_t ns)
{
	add_unit(out, ns, durations, FL_ARRAY_LEN(durations));
}

void fl_cfg_value_add_size(struct fl_buf *out, uint64_t bytes)
{
	add_unit(out, bytes, sizes, FL_ARRAY_LEN(sizes));
}

/* ---- numbers ---- */

static bool parse_based(struct fl_str s, uint64_t *ret)
{
	uint64_t base = s.p[1] == 'x' ? 16 : 8, v = 0;

	for (size_t i = 2; i < s.n; i++) {
		char c = s.p[i];
		uint64_t digit = (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);

		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v))
			return false;
	}
	*ret = v;
	return true;
}

bool fl_cfg_value_count(struct fl_str s, uint64_t *ret)
{
	if (is_based(s))
		return parse_based(s, ret);
	if (s.n != 0 && s.p[0] == '+')
		s = fl_str_n(s.p + 1, s.n - 1);
	return fl_str_to_u64(s, ret);
}

static bool add_int(struct fl_buf *out, struct fl_str s)
{
	bool is_negative = s.p[0] == '-';
	uint64_t v;

	if (is_negative)
		s = fl_str_n(s.p + 1, s.n - 1);
	if (!fl_cfg_value_count(s, &v) || (is_negative && v > (uint64_t)INT64_MAX + 1))
		return false;
	if (is_negative && v != 0)
		fl_buf_add_char(out, '-');
	fl_buf_add_u64(out, v);
	return true;
}

static bool add_float(struct fl_buf *out, struct fl_str s)
{
	char text[FL_CFG_NUMBER_MAX + 1];

	if (s.n > FL_CFG_NUMBER_MAX || !is_fraction(s))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	double v = strtod(text, NULL); /* nobody calls setlocale(): the point is a point */

	if (!isfinite(v))
		return false;
	if (v == 0)
		v = 0; /* no -0 */
	/* The shortest form that reads back as the same number. */
	for (int precision = 15; precision <= 17; precision++) {
		(void)snprintf(text, sizeof text, "%.*g", precision, v);
		if (precision == 17 || strtod(text, NULL) == v)
			break;
	}
	fl_buf_add_c(out, text);
	if (strpbrk(text, ".e") == NULL)
		fl_buf_add_c(out, ".0"); /* stays a fraction for typed readers */
	return true;
}

bool fl_cfg_value_add_number(struct fl_buf *out, enum fl_cfg_kind kind, struct fl_str text)
{
	return kind == FL_CFG_INT ? add_int(out, text) : add_float(out, text);
}
