/* gateway/outbound/url.c - is this URL one that a policy lets us ask for?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/url.h"

#include <stdlib.h>

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

static void free_text(char **text)
{
	curl_free(*text);
}

/* "[FE80::1%25eth0]" is fe80::1, "Example.COM." is example.com. */
static struct fl_str plain_host(const char *host, char out[FL_OUTBOUND_ORIGIN_MAX])
{
	size_t n = 0;

	for (host += *host == '['; *host && *host != ']' && *host != '%' &&
				   n + 1 < FL_OUTBOUND_ORIGIN_MAX; host++)
		out[n++] = (char)(*host >= 'A' && *host <= 'Z' ? *host | 0x20 : *host);
	if (n > 0 && out[n - 1] == '.')
		n--;
	return fl_str_n(out, n);
}

static void take_target(struct fl_outbound_origin *origin, const char *host, uint64_t port)
{
	origin->target.host = plain_host(host, origin->host);
	origin->target.port = (uint16_t)port;
	origin->target.is_internal = fl_outbound_guard_is_internal(origin->target.host);
}

static int check_host(struct fl_outbound_origin *origin, const struct fl_outbound_policy *policy,
		      struct fl_error *err)
{
	FL_CLEANUP(free_text) char *host = NULL;
	FL_CLEANUP(free_text) char *port = NULL;
	uint64_t number;

	CURLU *parsed = origin->parsed;

	if (curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
	    !fl_str_to_u64(fl_str(port), &number) || number == 0 || number > 65535)
		return invalid(err, "no host or no port");
	take_target(origin, host, number);
	if (policy->allow_any_host || fl_outbound_guard_host(policy->hosts, policy->hosts_n,
							     fl_str(host), (uint16_t)number))
		return 0;
	(void)fl_error_set(err, "outbound_denied", "%s:%s is not among the allowed targets", host,
			   port);
	fl_error_hint(err, "add \"%s:%s\" to the instance's grants.egress", host, port);
	return -1;
}

static void unref_later(struct fl_outbound_origin **origin)
{
	(void)fl_outbound_origin_unref(*origin);
}

static int make_origin(const struct fl_outbound_policy *policy, struct fl_str text,
		       struct fl_outbound_origin **ret, struct fl_error *err)
{
	FL_CLEANUP(unref_later) struct fl_outbound_origin *origin = NULL;

	if (text.n >= sizeof origin->text)
		return invalid(err, "the host is too long");
	origin = calloc(1, sizeof *origin);
	if (!origin)
		return invalid(err, "no memory to parse it");
	origin->refs = 1;
	origin->policy = policy;
	origin->n = text.n;
	memcpy(origin->text, text.p, text.n);
	origin->parsed = curl_url();
	if (!origin->parsed || curl_url_set(origin->parsed, CURLUPART_URL, origin->text,
					    CURLU_DISALLOW_USER) != CURLUE_OK)
		return invalid(err, "cannot be parsed");
	if (check_host(origin, policy, err) != 0)
		return -1;
	*ret = origin;
	origin = NULL;
	return 0;
}

static struct fl_outbound_origin *find_origin(const struct fl_outbound_origins *origins,
					      const struct fl_outbound_policy *policy,
					      struct fl_str text)
{
	for (size_t i = 0; i < FL_OUTBOUND_ORIGINS_MAX && origins->slots[i]; i++) {
		struct fl_outbound_origin *o = origins->slots[i];

		if (o->policy == policy && fl_str_eq(fl_str_n(o->text, o->n), text))
			return o;
	}
	return NULL;
}

int fl_outbound_url_check(struct fl_outbound_origins *origins,
			  const struct fl_outbound_policy *policy, struct fl_str url,
			  struct fl_outbound_origin **ret_origin, struct fl_str *ret_target,
			  struct fl_error *err)
{
	struct fl_str text = origin_of(url);
	struct fl_outbound_origin *origin, **slot;

	if (url.n > FL_OUTBOUND_URL_MAX)
		return invalid(err, "too long");
	if (!is_printable(url))
		return invalid(err, "a blank, control byte, byte above 126 or fragment");
	if (text.n == 0)
		return invalid(err, "not http:// or https://");
	origin = find_origin(origins, policy, text);
	if (!origin) {
		if (make_origin(policy, text, &origin, err) != 0)
			return -1;
		slot = &origins->slots[origins->next++ % FL_OUTBOUND_ORIGINS_MAX];
		(void)fl_outbound_origin_unref(*slot);
		*slot = origin;
	}
	*ret_origin = origin;
	*ret_target = fl_str_n(url.p + text.n, url.n - text.n);
	return 0;
}

struct fl_outbound_origin *fl_outbound_origin_ref(struct fl_outbound_origin *origin)
{
	if (origin)
		origin->refs++;
	return origin;
}

struct fl_outbound_origin *fl_outbound_origin_unref(struct fl_outbound_origin *origin)
{
	if (origin && --origin->refs == 0) {
		curl_url_cleanup(origin->parsed);
		free(origin);
	}
	return NULL;
}

void fl_outbound_origins_fini(struct fl_outbound_origins *origins)
{
	for (size_t i = 0; i < FL_OUTBOUND_ORIGINS_MAX; i++)
		origins->slots[i] = fl_outbound_origin_unref(origins->slots[i]);
}
