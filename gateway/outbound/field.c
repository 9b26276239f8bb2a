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

bool fl_outbound_field_is_value(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
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
	    FL_STR_INIT("te"), FL_STR_INIT("trailer"), FL_STR_INIT("upgrade"),
	    FL_STR_INIT("connection"), FL_STR_INIT("keep-alive"), FL_STR_INIT("content-length"),
	    FL_STR_INIT("http2-settings"), FL_STR_INIT("proxy-connection"),
	    FL_STR_INIT("transfer-encoding"), FL_STR_INIT("proxy-authenticate"),
	    FL_STR_INIT("proxy-authorization"), FL_STR_INIT("proxy-authentication-info"),
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(hop); i++)
		if (hop[i].n == name.n && fl_str_eq_nocase(hop[i], name))
			return true;
	return false;
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
