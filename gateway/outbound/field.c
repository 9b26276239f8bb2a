/* gateway/outbound/field.c - which header fields may pass, and in what form
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/field.h"

#include "base/macros.h"

/* One bit per byte value: ALPHA, DIGIT and !#$%&'*+-.^_`|~ */
static const uint64_t token_bits[4] = {UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe)};

bool fl_outbound_field_is_token(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!(token_bits[c >> 6] >> (c & 63) & 1))
			return false;
	}
	return s.n > 0;
}

static bool has_control(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* May any of the eight bytes be below 0x20 or 0x7f? Never no when one is. */
static bool is_suspect(const char *p)
{
	uint64_t w, del;

	memcpy(&w, p, sizeof w);
	del = w ^ EACH_BYTE(0x7f);
	return (((w - EACH_BYTE(0x20)) & ~w) | ((del - EACH_BYTE(1)) & ~del)) & EACH_BYTE(0x80);
}

bool fl_outbound_field_is_value(struct fl_str s)
{
	bool is_clear = true;

	if (s.n < 8)
		return !has_control(s);
	for (size_t i = 0; i + 8 <= s.n && is_clear; i += 8)
		is_clear = !is_suspect(s.p + i);
	return (is_clear && !is_suspect(s.p + s.n - 8)) || !has_control(s);
}

bool fl_outbound_field_is_host(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || !strchr("-._~:[]", c)))
			return false;
	}
	return s.n > 0 && s.n <= 262;
}

bool fl_outbound_field_is_hop(struct fl_str name)
{
	static const struct fl_str hop[] = {
	    FL_STR_INIT("te"),
	    FL_STR_INIT("trailer"),
	    FL_STR_INIT("upgrade"),
	    FL_STR_INIT("connection"),
	    FL_STR_INIT("keep-alive"),
	    FL_STR_INIT("content-length"),
	    FL_STR_INIT("http2-settings"),
	    FL_STR_INIT("proxy-connection"),
	    FL_STR_INIT("transfer-encoding"),
	    FL_STR_INIT("proxy-authenticate"),
	    FL_STR_INIT("proxy-authorization"),
	    FL_STR_INIT("proxy-authentication-info"),
	};
	/* Bit n: there is one of that length, or with that letter first. Most fields end here. */
	static const uint32_t lengths = 1u << 2 | 1u << 7 | 1u << 10 | 1u << 14 | 1u << 16 |
	                                1u << 17 | 1u << 18 | 1u << 19 | 1u << 25;
	static const uint32_t letters = 1u << ('c' & 31) | 1u << ('h' & 31) | 1u << ('k' & 31) |
	                                1u << ('p' & 31) | 1u << ('t' & 31) | 1u << ('u' & 31);

	if (name.n == 0 || name.n >= 32 || !(lengths >> name.n & letters >> (name.p[0] & 31) & 1u))
		return false;
	for (size_t i = 0; i < FL_ARRAY_LEN(hop); i++)
		if (hop[i].n == name.n && fl_str_eq_nocase(hop[i], name))
			return true;
	return false;
}

static bool is_spoofable(struct fl_str name)
{
	static const struct fl_str prefixes[] = {
	    FL_STR_INIT("x-fairlead-"),
	    FL_STR_INIT("x-consumer-"),
	    FL_STR_INIT("x-forwarded-"),
	};

	if (name.n < 9 || (name.p[0] != 'x' && name.p[0] != 'f'))
		return false;
	for (size_t i = 0; i < FL_ARRAY_LEN(prefixes); i++)
		if (fl_str_starts(name, prefixes[i]))
			return true;
	return fl_str_eq(name, FL_STR("forwarded")) || fl_str_eq(name, FL_STR("x-real-ip"));
}

bool fl_outbound_field_is_dropped(struct fl_str name)
{
	return fl_outbound_field_is_hop(name) || fl_str_eq(name, FL_STR("host")) ||
	       fl_str_eq(name, FL_STR("expect")) || is_spoofable(name);
}

bool fl_outbound_field_is_listed(struct fl_str connection, struct fl_str name)
{
	while (connection.p) {
		struct fl_str rest, item = fl_str_trim(fl_str_split(connection, ',', &rest));

		if (item.n == name.n && fl_str_eq_nocase(item, name))
			return true;
		connection = rest;
	}
	return false;
}

bool fl_outbound_field_is_nominated(const struct fl_header *fields, size_t n, struct fl_str name)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i].name.n == 10 &&
		    fl_str_eq_nocase(fields[i].name, FL_STR("connection")) &&
		    fl_outbound_field_is_listed(fields[i].value, name))
			return true;
	return false;
}
