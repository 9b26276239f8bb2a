/* gateway/outbound/url.c - is this URL one that a policy lets us ask for?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/url.h"

#include <curl/curl.h>

#include "gateway/outbound/guard.h"

static int invalid(struct fl_error *err, const char *what)
{
	(void)fl_error_set(err, "outbound_invalid", "URL: %s", what);
	fl_error_hint(err, "use an absolute http or https URL of at most %u bytes, percent-encoded, "
			   "without user or fragment", FL_OUTBOUND_URL_MAX);
	return -1;
}

static bool is_printable(struct fl_str url)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= 0x20 || url.p[i] >= 0x7f || url.p[i] == '#')
			return false;
	return true;
}

/* Up to the path or query: where libcurl's parser ends the authority, too. */
static struct fl_str origin_of(struct fl_str url)
{
	size_t i = fl_str_starts(url, FL_STR("https://")) ? 8 : 7;

	if (!fl_str_starts(url, FL_STR("http://")) && i == 7)
		return FL_STR_NULL;
	while (i < url.n && url.p[i] != '/' && url.p[i] != '?')
		i++;
	return fl_str_n(url.p, i);
}

static void cleanup_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void free_text(char **text)
{
	curl_free(*text);
}

static int check_host(CURLU *parsed, const struct fl_outbound_policy *policy, struct fl_error *err)
{
	FL_CLEANUP(free_text) char *host = NULL;
	FL_CLEANUP(free_text) char *port = NULL;
	uint64_t number;

	if (curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
	    !fl_str_to_u64(fl_str(port), &number) || number == 0 || number > 65535)
		return invalid(err, "no host or no port");
	if (policy->allow_any_host || fl_outbound_guard_host(policy->hosts, policy->hosts_n,
							     fl_str(host), (uint16_t)number))
		return 0;
	(void)fl_error_set(err, "outbound_denied", "%s:%s is not among the allowed targets", host,
			   port);
	fl_error_hint(err, "add \"%s:%s\" to the instance's grants.egress", host, port);
	return -1;
}

static int check_origin(const struct fl_outbound_policy *policy, struct fl_str origin,
			struct fl_error *err)
{
	FL_CLEANUP(cleanup_url) CURLU *parsed = curl_url();
	char text[FL_OUTBOUND_ORIGIN_MAX];

	if (origin.n >= sizeof text)
		return invalid(err, "the host is too long");
	memcpy(text, origin.p, origin.n);
	text[origin.n] = '\0';
	if (!parsed || curl_url_set(parsed, CURLUPART_URL, text, CURLU_DISALLOW_USER) != CURLUE_OK)
		return invalid(err, "cannot be parsed");
	return check_host(parsed, policy, err);
}

int fl_outbound_url_check(struct fl_outbound_origin *seen, const struct fl_outbound_policy *policy,
			  struct fl_str url, struct fl_error *err)
{
	struct fl_str origin = origin_of(url);

	if (url.n > FL_OUTBOUND_URL_MAX)
		return invalid(err, "too long");
	if (!is_printable(url))
		return invalid(err, "a blank, control byte, byte above 126 or fragment");
	if (origin.n == 0)
		return invalid(err, "not http:// or https://");
	if (seen->policy == policy && fl_str_eq(fl_str_n(seen->text, seen->n), origin))
		return 0;
	if (check_origin(policy, origin, err) != 0)
		return -1;
	seen->policy = policy;
	seen->n = origin.n;
	memcpy(seen->text, origin.p, origin.n);
	return 0;
}
