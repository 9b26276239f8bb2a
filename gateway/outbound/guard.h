/* gateway/outbound/guard.h - where connections may go
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two questions, asked at two moments. The host of a URL is compared with a list when a request is
 * made. The address it resolved to is checked when a socket is about to connect: names, spellings
 * and DNS answers are the other side's to choose, the address that the kernel gets is not.
 *
 * Pure; all calls [any].
 */
#ifndef FL_GATEWAY_OUTBOUND_GUARD_H
#define FL_GATEWAY_OUTBOUND_GUARD_H

#include <sys/socket.h>

#include "base/str.h"

/* Why the address is not one of the public internet ("loopback", "private", ...), or NULL when it
 * is. Everything that is not positively global unicast has a reason: the ranges of the IANA
 * special-purpose registries (RFC 6890), multicast, and IPv6 forms that carry such an IPv4 address
 * (mapped and compatible RFC 4291, NAT64 RFC 6052, 6to4 RFC 3056, Teredo RFC 4380). */
const char *fl_outbound_guard_address(const struct sockaddr *address, socklen_t bytes);

/* Is host:port in the list? Entries are "host:port" or "*.suffix:port" (one label or more before
 * the suffix, never the suffix itself); IPv6 hosts are in brackets. `host` is what the URL parser
 * made of it, not the text of the URL. Letters match without case. */
bool fl_outbound_guard_host(const struct fl_str *entries, size_t n, struct fl_str host,
			    uint16_t port);

/* Is the host one that is not public as it is written: an address that fl_outbound_guard_address()
 * has a reason for, "localhost" or a name below it (RFC 6761)? In lower case, without brackets. What a
 * name resolves to is not asked. */
bool fl_outbound_guard_is_internal(struct fl_str host);

#endif
