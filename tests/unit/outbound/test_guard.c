/* tests/unit/outbound/test_guard.c - gateway/outbound/guard.c
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "gateway/outbound/guard.h"

static const char *judge(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return fl_outbound_guard_address((struct sockaddr *)&v4, sizeof v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return fl_outbound_guard_address((struct sockaddr *)&v6, sizeof v6);
}

static void refuses_special_addresses(void **state)
{
	/* First and last address of each range. */
	static const struct {
		const char *address, *reason;
	} rows[] = {
	    {"0.0.0.0", "unspecified"}, {"0.255.255.255", "unspecified"},
	    {"10.0.0.0", "private"}, {"10.255.255.255", "private"},
	    {"100.64.0.0", "shared address space"}, {"100.127.255.255", "shared address space"},
	    {"127.0.0.1", "loopback"}, {"127.255.255.255", "loopback"},
	    {"169.254.0.0", "link-local"}, {"169.254.169.254", "link-local"},
	    {"169.254.255.255", "link-local"}, {"172.16.0.0", "private"},
	    {"172.31.255.255", "private"}, {"192.0.0.0", "protocol assignments"},
	    {"192.0.0.255", "protocol assignments"}, {"192.0.2.1", "documentation"},
	    {"192.88.99.1", "6to4 relay"}, {"192.168.0.0", "private"},
	    {"192.168.255.255", "private"}, {"198.18.0.0", "benchmarking"},
	    {"198.19.255.255", "benchmarking"}, {"198.51.100.7", "documentation"},
	    {"203.0.113.7", "documentation"}, {"224.0.0.1", "multicast"},
	    {"239.255.255.255", "multicast"}, {"240.0.0.0", "reserved"},
	    {"255.255.255.255", "reserved"}, {"::", "unspecified"}, {"::1", "loopback"},
	    {"::2", "IPv4-compatible"}, {"::127.0.0.1", "IPv4-compatible"},
	    {"::8.8.8.8", "IPv4-compatible"}, {"::ffff:127.0.0.1", "loopback"},
	    {"::ffff:a9fe:a9fe", "link-local"}, {"::ffff:10.1.2.3", "private"},
	    {"::ffff:0:127.0.0.1", "not global unicast"}, {"64:ff9b::127.0.0.1", "loopback"},
	    {"64:ff9b::a9fe:a9fe", "link-local"}, {"64:ff9b:1::808:808", "not global unicast"},
	    {"100::1", "not global unicast"}, {"fc00::1", "unique-local"},
	    {"fdff:ffff::1", "unique-local"}, {"fe80::1", "link-local"},
	    {"febf:ffff::1", "link-local"}, {"fec0::1", "site-local"}, {"ff02::1", "multicast"},
	    {"4000::1", "not global unicast"}, {"1fff::1", "not global unicast"},
	    {"5f00::1", "not global unicast"}, {"2001:db8::1", "documentation"},
	    {"3fff:fff::1", "documentation"}, {"2001:2::1", "benchmarking"},
	    {"2001:10::1", "protocol assignments"}, {"2001:1ff::1", "protocol assignments"},
	    {"2002:7f00:1::1", "loopback"}, {"2002:a9fe:a9fe::", "link-local"},
	    {"2002:c0a8:101::1", "private"},
	    /* Teredo: a private server; a public server with a client that is ~10.0.0.1 */
	    {"2001:0:a00:1::f7f7:f7f7", "private"}, {"2001:0:808:808:0:0:f5ff:fffe", "private"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		const char *reason = judge(rows[i].address);

		if (!reason)
			fail_msg("%s was let through", rows[i].address);
		assert_string_equal(reason, rows[i].reason);
	}
}

static void allows_public_addresses(void **state)
{
	/* The neighbours of the ranges, and embeddings of a public address. */
	static const char *const rows[] = {
	    "1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
	    "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
	    "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.167.255.255",
	    "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
	    "2606:4700::1111", "2001:200::1", "2001:db7::1", "2001:db9::1", "2003::1",
	    "3fff:1000::1", "3ffe::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
	    "2001:0:808:808::f7f7:f7f7",
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		if (judge(rows[i]))
			fail_msg("%s was refused: %s", rows[i], judge(rows[i]));
}

static void refuses_other_families(void **state)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct sockaddr_in cut = {.sin_family = AF_INET, .sin_addr = {htonl(0x08080808)}};

	(void)state;
	assert_non_null(fl_outbound_guard_address((struct sockaddr *)&local, sizeof local));
	assert_non_null(fl_outbound_guard_address((struct sockaddr *)&cut, 4));
	assert_non_null(fl_outbound_guard_address((struct sockaddr *)&cut, 0));
}

static void matches_hosts(void **state)
{
	static const struct fl_str list[] = {
	    FL_STR_INIT("api.example.com:443"), FL_STR_INIT("*.svc.example.com:8443"),
	    FL_STR_INIT("[2606:4700::1111]:443"), FL_STR_INIT("*.:443"), FL_STR_INIT("nothing"),
	    FL_STR_INIT(":443"),
	};
	static const struct {
		const char *host;
		uint16_t port;
		bool ok;
	} rows[] = {
	    {"api.example.com", 443, true}, {"API.Example.COM", 443, true},
	    {"api.example.com", 80, false}, {"api.example.com.", 443, false},
	    {"xapi.example.com", 443, false}, {"example.com", 443, false},
	    {"a.svc.example.com", 8443, true}, {"a.b.svc.example.com", 8443, true},
	    {"svc.example.com", 8443, false}, {".svc.example.com", 8443, false},
	    {"evilsvc.example.com", 8443, false}, {"[2606:4700::1111]", 443, true},
	    {"nothing", 443, false}, {"", 443, false}, {"x.", 443, false},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		if (fl_outbound_guard_host(list, FL_ARRAY_LEN(list), fl_str(rows[i].host),
					   rows[i].port) != rows[i].ok)
			fail_msg("%s:%u", rows[i].host, rows[i].port);
	assert_false(fl_outbound_guard_host(NULL, 0, FL_STR("api.example.com"), 443));
}

static void tells_internal_hosts(void **state)
{
	static const struct {
		const char *host;
		bool is_internal;
	} rows[] = {
	    {"127.0.0.1", true}, {"10.1.2.3", true}, {"192.168.0.1", true}, {"169.254.169.254", true},
	    {"0.0.0.0", true}, {"::1", true}, {"fd00::1", true}, {"fe80::1", true},
	    {"::ffff:10.0.0.1", true}, {"64:ff9b::a00:1", true}, {"localhost", true},
	    {"a.localhost", true}, {"8.8.8.8", false}, {"2606:4700::1111", false},
	    {"api.example.com", false}, {"notlocalhost", false}, {"localhost.example.com", false},
	    {"10.example.com", false}, {"", false}, {".localhost", false},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		if (fl_outbound_guard_is_internal(fl_str(rows[i].host)) != rows[i].is_internal)
			fail_msg("%s", rows[i].host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("guard: addresses that are not public unicast are refused", refuses_special_addresses),
	    FL_CASE("guard: public addresses are let through", allows_public_addresses),
	    FL_CASE("guard: other address families are refused", refuses_other_families),
	    FL_CASE("guard: a host is matched with its port, suffixes by whole labels", matches_hosts),
	    FL_CASE("guard: what is not public as it is written", tells_internal_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
