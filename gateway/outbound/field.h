/* gateway/outbound/field.h - which header fields may pass, and in what form
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pure; all calls [any].
 */
#ifndef FL_GATEWAY_OUTBOUND_FIELD_H
#define FL_GATEWAY_OUTBOUND_FIELD_H

#include "base/str.h"
#include "gateway/outbound/client.h"

/* A token (RFC 9110 section 5.6.2): method or field name. */
bool fl_outbound_field_is_token(struct fl_str s);
/* A field value: no control bytes but HTAB (RFC 9110 section 5.5). */
bool fl_outbound_field_is_value(struct fl_str s);
/* uri-host [":" port] as far as its bytes go (RFC 9110 section 7.2), not empty. */
bool fl_outbound_field_is_host(struct fl_str s);
/* Belongs to one connection or to the framing of one message (RFC 9110 section 7.6.1), so it is
 * made anew on each side and never copied. Any case. */
bool fl_outbound_field_is_hop(struct fl_str name);
/* Goes no further when a caller sends it: a hop's, Host, Expect, and those by which a caller could
 * pretend to be the gateway or a proxy. `name` is in lower case. */
bool fl_outbound_field_is_dropped(struct fl_str name);
/* Is `name` one of the comma-separated names in a Connection field's value? Any case. */
bool fl_outbound_field_is_listed(struct fl_str connection, struct fl_str name);
/* Is `name` listed in any Connection field among these? */
bool fl_outbound_field_is_nominated(const struct fl_header *fields, size_t n, struct fl_str name);

#endif
