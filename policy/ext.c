/* policy/ext.c - functions and methods of the language, and the extension types behind them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/ext.h"

#include <inttypes.h>

#include "policy/ext_text.h"

#define CONSTRUCTOR(id, text, of)                                                                  \
	[FL_CEDAR_FN_##id] = {.name = text, .arity = 1, .args = {FL_CEDAR_STRING}, .result = of}
#define CORE(id, text, n)                                                                          \
	[FL_CEDAR_FN_##id] = {.name = text, .arity = n, .is_method = true, .is_core = true}
#define METHOD1(id, text, on, of)                                                                  \
	[FL_CEDAR_FN_##                                                                            \
	    id] = {.name = text, .arity = 1, .is_method = true, .args = {on}, .result = of}
#define METHOD2(id, text, on, with, of)                                                            \
	[FL_CEDAR_FN_##                                                                            \
	    id] = {.name = text, .arity = 2, .is_method = true, .args = {on, with}, .result = of}

static const struct fl_cedar_fn functions[FL_CEDAR_FNS] = {
    CONSTRUCTOR(DECIMAL, "decimal", FL_CEDAR_DECIMAL),
    CONSTRUCTOR(IP, "ip", FL_CEDAR_IP),
    CONSTRUCTOR(DATETIME, "datetime", FL_CEDAR_DATETIME),
    CONSTRUCTOR(DURATION, "duration", FL_CEDAR_DURATION),
    CORE(CONTAINS, "contains", 2),
    CORE(CONTAINS_ALL, "containsAll", 2),
    CORE(CONTAINS_ANY, "containsAny", 2),
    CORE(IS_EMPTY, "isEmpty", 1),
    CORE(HAS_TAG, "hasTag", 2),
    CORE(GET_TAG, "getTag", 2),
    METHOD2(LESS_THAN, "lessThan", FL_CEDAR_DECIMAL, FL_CEDAR_DECIMAL, FL_CEDAR_BOOL),
    METHOD2(LESS_THAN_OR_EQUAL, "lessThanOrEqual", FL_CEDAR_DECIMAL, FL_CEDAR_DECIMAL,
            FL_CEDAR_BOOL),
    METHOD2(GREATER_THAN, "greaterThan", FL_CEDAR_DECIMAL, FL_CEDAR_DECIMAL, FL_CEDAR_BOOL),
    METHOD2(GREATER_THAN_OR_EQUAL, "greaterThanOrEqual", FL_CEDAR_DECIMAL, FL_CEDAR_DECIMAL,
            FL_CEDAR_BOOL),
    METHOD1(IS_IPV4, "isIpv4", FL_CEDAR_IP, FL_CEDAR_BOOL),
    METHOD1(IS_IPV6, "isIpv6", FL_CEDAR_IP, FL_CEDAR_BOOL),
    METHOD1(IS_LOOPBACK, "isLoopback", FL_CEDAR_IP, FL_CEDAR_BOOL),
    METHOD1(IS_MULTICAST, "isMulticast", FL_CEDAR_IP, FL_CEDAR_BOOL),
    METHOD2(IS_IN_RANGE, "isInRange", FL_CEDAR_IP, FL_CEDAR_IP, FL_CEDAR_BOOL),
    METHOD2(OFFSET, "offset", FL_CEDAR_DATETIME, FL_CEDAR_DURATION, FL_CEDAR_DATETIME),
    METHOD2(DURATION_SINCE, "durationSince", FL_CEDAR_DATETIME, FL_CEDAR_DATETIME,
            FL_CEDAR_DURATION),
    METHOD1(TO_DATE, "toDate", FL_CEDAR_DATETIME, FL_CEDAR_DATETIME),
    METHOD1(TO_TIME, "toTime", FL_CEDAR_DATETIME, FL_CEDAR_DURATION),
    METHOD1(TO_MILLISECONDS, "toMilliseconds", FL_CEDAR_DURATION, FL_CEDAR_LONG),
    METHOD1(TO_SECONDS, "toSeconds", FL_CEDAR_DURATION, FL_CEDAR_LONG),
    METHOD1(TO_MINUTES, "toMinutes", FL_CEDAR_DURATION, FL_CEDAR_LONG),
    METHOD1(TO_HOURS, "toHours", FL_CEDAR_DURATION, FL_CEDAR_LONG),
    METHOD1(TO_DAYS, "toDays", FL_CEDAR_DURATION, FL_CEDAR_LONG),
};

const struct fl_cedar_fn *fl_cedar_fn(enum fl_cedar_fn_id id)
{
	FL_ASSERT((unsigned)id < FL_CEDAR_FNS);
	return &functions[id];
}

bool fl_cedar_fn_find(struct fl_str name, bool is_method, enum fl_cedar_fn_id *ret)
{
	for (unsigned i = 0; i < FL_CEDAR_FNS; i++) {
		if (functions[i].is_method != is_method || !fl_str_is(name, functions[i].name))
			continue;
		*ret = (enum fl_cedar_fn_id)i;
		return true;
	}
	return false;
}

enum fl_cedar_fn_id fl_cedar_fn_constructor(enum fl_cedar_kind kind)
{
	return kind == FL_CEDAR_DECIMAL    ? FL_CEDAR_FN_DECIMAL
	       : kind == FL_CEDAR_IP       ? FL_CEDAR_FN_IP
	       : kind == FL_CEDAR_DATETIME ? FL_CEDAR_FN_DATETIME
	                                   : FL_CEDAR_FN_DURATION;
}

int fl_cedar_ext_parse(enum fl_cedar_kind kind, struct fl_str text, struct fl_arena *arena,
                       struct fl_cedar_value *ret)
{
	int64_t number = 0;
	struct fl_cedar_ip ip;
	bool is_read = false;

	switch ((int)kind) {
	case FL_CEDAR_DECIMAL:
		is_read = fl_cedar_decimal_read(text, &number);
		break;
	case FL_CEDAR_DATETIME:
		is_read = fl_cedar_datetime_read(text, &number);
		break;
	case FL_CEDAR_DURATION:
		is_read = fl_cedar_duration_read(text, &number);
		break;
	case FL_CEDAR_IP:
		is_read = fl_cedar_ip_read(text, &ip);
		break;
	default:
		FL_ASSERT(!"an extension type");
	}
	if (!is_read)
		return FL_CEDAR_E_VALUE;
	*ret = fl_cedar_number(kind, number);
	if (kind == FL_CEDAR_IP) {
		struct fl_cedar_ip *copy = fl_arena_alloc(arena, sizeof *copy);

		if (copy == NULL)
			return FL_CEDAR_E_MEMORY;
		*copy = ip;
		ret->u.ip = copy;
	}
	return 0;
}

/* The first `bits` of both are the same. */
static bool same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0;
}

static bool is_inside(const struct fl_cedar_ip *ip, const struct fl_cedar_ip *range)
{
	return ip->is_v6 == range->is_v6 && ip->prefix_bits >= range->prefix_bits &&
	       same_prefix(ip->bytes, range->bytes, range->prefix_bits);
}

/* Loopback and multicast, IPv4 and IPv6. */
static const struct fl_cedar_ip loopback[] = {
    {.bytes = {127}, .prefix_bits = 8},
    {.bytes = {[15] = 1}, .prefix_bits = 128, .is_v6 = true},
};
static const struct fl_cedar_ip multicast[] = {
    {.bytes = {224}, .prefix_bits = 4},
    {.bytes = {0xff}, .prefix_bits = 8, .is_v6 = true},
};

static int call_ip(enum fl_cedar_fn_id id, const struct fl_cedar_value *args,
                   struct fl_cedar_value *ret)
{
	const struct fl_cedar_ip *ip = args[0].u.ip;
	bool b = false;

	switch ((int)id) {
	case FL_CEDAR_FN_IS_IPV4:
		b = !ip->is_v6;
		break;
	case FL_CEDAR_FN_IS_IPV6:
		b = ip->is_v6;
		break;
	case FL_CEDAR_FN_IS_LOOPBACK:
		b = is_inside(ip, &loopback[ip->is_v6]);
		break;
	case FL_CEDAR_FN_IS_MULTICAST:
		b = is_inside(ip, &multicast[ip->is_v6]);
		break;
	case FL_CEDAR_FN_IS_IN_RANGE:
		b = is_inside(ip, args[1].u.ip);
		break;
	default:
		FL_ASSERT(!"a method of addresses");
	}
	*ret = fl_cedar_bool(b);
	return 0;
}

static int call_decimal(enum fl_cedar_fn_id id, const struct fl_cedar_value *args,
                        struct fl_cedar_value *ret)
{
	int64_t a = args[0].u.number, b = args[1].u.number;

	*ret = fl_cedar_bool(id == FL_CEDAR_FN_LESS_THAN            ? a < b
	                     : id == FL_CEDAR_FN_LESS_THAN_OR_EQUAL ? a <= b
	                     : id == FL_CEDAR_FN_GREATER_THAN       ? a > b
	                                                            : a >= b);
	return 0;
}

static int call_datetime(enum fl_cedar_fn_id id, const struct fl_cedar_value *args,
                         struct fl_cedar_value *ret)
{
	int64_t a = args[0].u.number, v = 0;
	bool fits = true;

	switch ((int)id) {
	case FL_CEDAR_FN_OFFSET:
		fits = !__builtin_add_overflow(a, args[1].u.number, &v);
		break;
	case FL_CEDAR_FN_DURATION_SINCE:
		fits = !__builtin_sub_overflow(a, args[1].u.number, &v);
		break;
	case FL_CEDAR_FN_TO_DATE:
		fits = fl_cedar_day_floor(a, &v);
		break;
	case FL_CEDAR_FN_TO_TIME:
		v = a % FL_CEDAR_MS_PER_DAY;
		if (v < 0)
			v += FL_CEDAR_MS_PER_DAY;
		break;
	default:
		FL_ASSERT(!"a method of datetimes");
	}
	*ret = fl_cedar_number(functions[id].result, v);
	return fits ? 0 : FL_CEDAR_E_VALUE;
}

static int call_duration(enum fl_cedar_fn_id id, const struct fl_cedar_value *args,
                         struct fl_cedar_value *ret)
{
	static const int64_t units[] = {1, 1000, 60000, 3600000, FL_CEDAR_MS_PER_DAY};

	*ret = fl_cedar_long(args[0].u.number / units[id - FL_CEDAR_FN_TO_MILLISECONDS]);
	return 0;
}

int fl_cedar_ext_call(enum fl_cedar_fn_id id, const struct fl_cedar_value *args, size_t n,
                      struct fl_cedar_value *ret, const char **ret_why)
{
	const struct fl_cedar_fn *fn = fl_cedar_fn(id);
	struct fl_cedar_value v;
	int r;

	FL_ASSERT(fn->is_method && !fn->is_core);
	if (n != fn->arity) {
		*ret_why = "the number of arguments is wrong";
		return FL_CEDAR_E_VALUE;
	}
	for (size_t i = 0; i < n; i++) {
		if (args[i].kind == fn->args[i])
			continue;
		*ret_why = "an argument is not of the type that the method takes";
		return FL_CEDAR_E_VALUE;
	}
	switch ((int)fn->args[0]) {
	case FL_CEDAR_IP:
		r = call_ip(id, args, &v);
		break;
	case FL_CEDAR_DECIMAL:
		r = call_decimal(id, args, &v);
		break;
	case FL_CEDAR_DATETIME:
		r = call_datetime(id, args, &v);
		break;
	default:
		r = call_duration(id, args, &v);
	}
	if (r == 0)
		*ret = v;
	else
		*ret_why = "the result is out of range";
	return r;
}

void fl_cedar_ext_print(struct fl_buf *out, struct fl_cedar_value v)
{
	switch ((int)v.kind) {
	case FL_CEDAR_DECIMAL:
		fl_buf_add_c(out, "decimal(\"");
		fl_cedar_decimal_write(out, v.u.number);
		break;
	case FL_CEDAR_DATETIME:
		fl_buf_add_c(out, "datetime(\"");
		if (fl_cedar_datetime_write(out, v.u.number))
			break;
		fl_buf_printf(out, "1970-01-01\").offset(duration(\"%" PRId64 "ms\"))", v.u.number);
		return;
	case FL_CEDAR_DURATION:
		fl_buf_printf(out, "duration(\"%" PRId64 "ms", v.u.number);
		break;
	case FL_CEDAR_IP:
		fl_buf_add_c(out, "ip(\"");
		fl_cedar_ip_write(out, v.u.ip);
		break;
	default:
		FL_ASSERT(!"an extension value");
	}
	fl_buf_add_c(out, "\")");
}
