/* gateway/outbound/guard.c - where connections may go
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/macros.h"

static const struct {
	uint32_t net; /* host byte order */
	unsigned bits;
	const char *reason;
} v4_ranges[] = {
    {0x00000000, 8, "unspecified"}, /* 0/8: "this network"; 0.0.0.0 reaches the own host */
    {0x0a000000, 8, "private"}, /* 10/8, RFC 1918 */
    {0x64400000, 10, "shared address space"}, /* 100.64/10, RFC 6598 */
    {0x7f000000, 8, "loopback"}, /* 127/8 */
    {0xa9fe0000, 16, "link-local"}, /* 169.254/16: cloud metadata lives here */
    {0xac100000, 12, "private"}, /* 172.16/12 */
    {0xc0000000, 24, "protocol assignments"}, /* 192.0.0/24, RFC 6890 */
    {0xc0000200, 24, "documentation"}, /* 192.0.2/24 */
    {0xc0586300, 24, "6to4 relay"}, /* 192.88.99/24, RFC 7526 */
    {0xc0a80000, 16, "private"}, /* 192.168/16 */
    {0xc6120000, 15, "benchmarking"}, /* 198.18/15, RFC 2544 */
    {0xc6336400, 24, "documentation"}, /* 198.51.100/24 */
    {0xcb007100, 24, "documentation"}, /* 203.0.113/24 */
    {0xe0000000, 4, "multicast"}, /* 224/4 */
    {0xf0000000, 4, "reserved"}, /* 240/4, with 255.255.255.255 */
};

static const char *refuse_v4(uint32_t address)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(v4_ranges); i++)
		if ((address ^ v4_ranges[i].net) >> (32 - v4_ranges[i].bits) == 0)
			return v4_ranges[i].reason;
	return NULL;
}

/* Prefixes inside and outside 2000::/3. The first match decides; `embedded` is where an IPv4
 * address lies that is judged instead, -1: refused as it is. */
static const struct {
	uint8_t prefix[16];
	unsigned bits;
	int embedded;
	const char *reason;
} v6_ranges[] = {
    {{0}, 128, -1, "unspecified"},
    {{[15] = 1}, 128, -1, "loopback"},
    {{[10] = 0xff, [11] = 0xff}, 96, 12, NULL}, /* ::ffff:0:0/96, mapped */
    {{0}, 96, -1, "IPv4-compatible"}, /* ::/96, deprecated: nothing public is there */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12, NULL}, /* 64:ff9b::/96, NAT64 */
    {{0xfe, 0x80}, 10, -1, "link-local"},
    {{0xfe, 0xc0}, 10, -1, "site-local"},
    {{0xfc}, 7, -1, "unique-local"},
    {{0xff}, 8, -1, "multicast"},
    {{0x20, 0x02}, 16, 2, NULL}, /* 2002::/16, 6to4 */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, -1, "documentation"},
    {{0x3f, 0xff}, 20, -1, "documentation"}, /* 3fff::/20, RFC 9637 */
    {{0x20, 0x01, 0x00, 0x02}, 48, -1, "benchmarking"}, /* RFC 5180 */
};

static bool has_prefix(const uint8_t a[16], const uint8_t prefix[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, prefix, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static uint32_t v4_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 2001:0:SERVER:flags:port:~CLIENT (RFC 4380 section 4): both addresses count. */
static const char *refuse_teredo(const uint8_t a[16])
{
	const char *reason = refuse_v4(v4_at(a + 4));

	return reason ? reason : refuse_v4(~v4_at(a + 12));
}

static const char *refuse_v6(const uint8_t a[16])
{
	static const uint8_t teredo[16] = {0x20, 0x01}, assigned[16] = {0x20, 0x01},
			     global[16] = {0x20};

	for (size_t i = 0; i < FL_ARRAY_LEN(v6_ranges); i++)
		if (has_prefix(a, v6_ranges[i].prefix, v6_ranges[i].bits))
			return v6_ranges[i].embedded < 0
				   ? v6_ranges[i].reason
				   : refuse_v4(v4_at(a + v6_ranges[i].embedded));
	if (has_prefix(a, teredo, 32))
		return refuse_teredo(a);
	if (has_prefix(a, assigned, 23)) /* 2001::/23, RFC 2928 */
		return "protocol assignments";
	return has_prefix(a, global, 3) ? NULL : "not global unicast"; /* 2000::/3 */
}

const char *fl_outbound_guard_address(const struct sockaddr *address, socklen_t bytes)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (bytes < (socklen_t)sizeof address->sa_family)
		return "no address";
	if (address->sa_family == AF_INET && bytes >= (socklen_t)sizeof v4) {
		memcpy(&v4, address, sizeof v4);
		return refuse_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6 && bytes >= (socklen_t)sizeof v6) {
		memcpy(&v6, address, sizeof v6);
		return refuse_v6(v6.sin6_addr.s6_addr);
	}
	return "not an internet address";
}

bool fl_outbound_guard_is_internal(struct fl_str host)
{
	static const struct fl_str local = FL_STR_INIT("localhost"), below = FL_STR_INIT(".localhost");
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	char text[INET6_ADDRSTRLEN];

	if (fl_str_eq(host, local) ||
	    (host.n > below.n &&
	     fl_str_eq(fl_str_n(host.p + host.n - below.n, below.n), below)))
		return true;
	if (host.n == 0 || host.n >= sizeof text)
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return fl_outbound_guard_address((const struct sockaddr *)&v4, sizeof v4) != NULL;
	return inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 &&
	       fl_outbound_guard_address((const struct sockaddr *)&v6, sizeof v6) != NULL;
}

static bool entry_matches(struct fl_str entry, struct fl_str host, uint16_t port)
{
	size_t colon = entry.n;
	uint64_t number;

	while (colon > 0 && entry.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || !fl_str_to_u64(fl_str_n(entry.p + colon, entry.n - colon), &number) ||
	    number != port)
		return false;
	entry.n = colon - 1;
	if (!fl_str_starts(entry, FL_STR("*.")))
		return entry.n > 0 && fl_str_eq_nocase(entry, host);
	entry = fl_str_n(entry.p + 1, entry.n - 1); /* ".suffix" */
	if (entry.n < 2 || host.n <= entry.n)
		return false;
	return fl_str_eq_nocase(fl_str_n(host.p + host.n - entry.n, entry.n), entry);
}

bool fl_outbound_guard_host(const struct fl_str *entries, size_t n, struct fl_str host,
			    uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (entry_matches(entries[i], host, port))
			return true;
	return false;
}
