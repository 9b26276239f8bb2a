/* admin/api/auth.c - who may use the admin API
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bearer token, compared in constant time; on a Unix socket the peer's user may stand for it,
 * since whoever is the gateway's user or root can read the token anyway. Before that, two checks
 * against web pages that a browser on this machine was lured to: a page that had its name point to
 * our address (DNS rebinding) sends that name as Host, so Host must be an address or "localhost";
 * and a page from anywhere else sends an Origin that is not ours.
 */
#include "admin/api/private.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

/* "[::1]:8901" -> "::1", "name:80" -> "name" */
static struct fl_str without_port(struct fl_str host)
{
	const char *end;

	if (host.n != 0 && host.p[0] == '[') {
		end = memchr(host.p, ']', host.n);
		return end == NULL ? FL_STR_NULL : fl_str_n(host.p + 1, (size_t)(end - host.p) - 1);
	}
	end = memchr(host.p, ':', host.n);
	return end == NULL ? host : fl_str_n(host.p, (size_t)(end - host.p));
}

static bool is_address(struct fl_str name)
{
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN];

	if (name.n == 0 || name.n >= sizeof text)
		return false;
	(void)snprintf(text, sizeof text, "%.*s", FL_STR_ARGS(name));
	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static bool is_our_host(struct fl_str host)
{
	struct fl_str name = host.n == 0 ? host : without_port(host);

	return is_address(name) || fl_str_eq_nocase(name, FL_STR("localhost"));
}

static bool is_our_origin(struct fl_str origin, struct fl_str host)
{
	const struct fl_str http = FL_STR("http://"), https = FL_STR("https://");
	struct fl_str rest = origin;

	if (fl_str_starts(origin, http))
		rest = fl_str_n(origin.p + http.n, origin.n - http.n);
	else if (fl_str_starts(origin, https))
		rest = fl_str_n(origin.p + https.n, origin.n - https.n);
	else
		return false;
	return fl_str_eq_nocase(rest, host);
}

static bool has_token(const struct fl_api *api, const struct fl_service_call *http)
{
	struct fl_str field = fl_service_header(http, "authorization"), rest;
	struct fl_str scheme = fl_str_split(field, ' ', &rest);

	if (!fl_str_eq_nocase(scheme, FL_STR("bearer")))
		return false;
	rest = fl_str_trim(rest);
	return rest.n == FL_API_TOKEN_LEN && sodium_memcmp(rest.p, api->token, rest.n) == 0;
}

static bool is_trusted_peer(const struct fl_service_call *http)
{
	return http->is_unix && (http->peer_uid == 0 || http->peer_uid == (uint32_t)geteuid());
}

static void refuse(struct fl_api_call *call)
{
	uint64_t n =
	    atomic_fetch_add_explicit(&call->api->auth_failures_total, 1, memory_order_relaxed) + 1;

	fl_api_problem(call, 401, "token_required",
	               "send Authorization: Bearer with the content of data_dir/admin.token",
	               "no valid bearer token");
	fl_api_header(call, "www-authenticate", FL_STR("Bearer realm=\"fairlead admin\""));
	if ((n & (n - 1)) ==
	    0) /* the first, second, fourth, ...: seldom, whoever tries how often */
		fl_log(FL_LOG_WARN, "admin.token_refused", FL_LOG_STR("client", call->http->client),
		       FL_LOG_U64("times", n));
}

bool fl_api_admit(struct fl_api_call *call)
{
	const struct fl_service_call *http = call->http;
	struct fl_str origin = fl_service_header(http, "origin");

	if (call->operation != NULL && (call->operation->flags & FL_OP_PUBLIC) != 0)
		return true;
	if (!http->is_unix && !is_our_host(http->host)) {
		fl_api_problem(call, 421, "host_refused",
		               "use the address of server.admin.listen, or localhost",
		               "the admin API is not \"%.*s\"", FL_STR_ARGS(http->host));
		return false;
	}
	if (origin.n != 0 && !is_our_origin(origin, http->host)) {
		fl_api_problem(call, 403, "origin_refused", NULL,
		               "pages of \"%.*s\" may not use the admin API", FL_STR_ARGS(origin));
		return false;
	}
	if (is_trusted_peer(http) || has_token(call->api, http))
		return true;
	refuse(call);
	return false;
}
