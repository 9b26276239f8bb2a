/* plugins/http/config.c - what the http connector is told to do
 * SPDX-License-Identifier: Apache-2.0
 */
#include "plugins/http/config.h"

/* RFC 9110 section 7.6.1 and framing; the next peer's are its own business. */
static const char *const hop_by_hop[] = {
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
};

const char *const http_own_names[HTTP_OWN_COUNT] = {
    [HTTP_OWN_HOST] = "host",
    [HTTP_OWN_FORWARDED_FOR] = "x-forwarded-for",
    [HTTP_OWN_FORWARDED_PROTO] = "x-forwarded-proto",
    [HTTP_OWN_FORWARDED_HOST] = "x-forwarded-host",
    [HTTP_OWN_TRACEPARENT] = "traceparent",
};

static struct http_config *target_of(sdk_config *c)
{
	return c->target;
}

static int drop(sdk_config *c, struct http_drops *d, fairlead_str name)
{
	if (d->n == HTTP_DROPS_MAX)
		return sdk_config_bad(c, "too many header fields");
	d->names[d->n++] = name;
	d->mask |= UINT64_C(1) << ((name.n * 7u + (unsigned char)name.p[0]) & 63u);
	return 1;
}

/* ---- targets ---- */

static int check_url(sdk_config *c, fairlead_str *url)
{
	fairlead_str rest = *url;

	if (sdk_str_starts(rest, sdk_str("http://")))
		rest = sdk_str_n(rest.p + 7, rest.n - 7);
	else if (sdk_str_starts(rest, sdk_str("https://")))
		rest = sdk_str_n(rest.p + 8, rest.n - 8);
	else
		return sdk_config_bad(c, "must begin with http:// or https://");
	if (rest.n == 0 || rest.p[0] == '/' || rest.n > 1024)
		return sdk_config_bad(c, "names no host, or is over 1024 bytes long");
	for (size_t i = 0; i < rest.n; i++)
		if ((unsigned char)rest.p[i] <= ' ' || (unsigned char)rest.p[i] >= 0x7f ||
		    strchr("?#@\\\"<>", rest.p[i]) != NULL)
			return sdk_config_bad(
			    c, "must not hold a query, fragment, user name, blank or "
			       "character beyond ASCII");
	while (url->p[url->n - 1] == '/')
		url->n--;
	return 1;
}

static int read_target_url(sdk_config *c)
{
	struct http_config *config = target_of(c);
	fairlead_str *url = &config->targets[config->targets_n - 1].url;

	return sdk_config_string(c, url) && check_url(c, url);
}

static int read_target_weight(sdk_config *c)
{
	struct http_config *config = target_of(c);
	uint64_t weight;

	if (!sdk_json_u64(&c->json, &weight) || weight > HTTP_WEIGHT_MAX)
		return sdk_config_bad(c, "a whole number from 0 to 100 is expected");
	config->targets[config->targets_n - 1].weight = (uint32_t)weight;
	return 1;
}

static int add_target(sdk_config *c)
{
	struct http_config *config = target_of(c);

	if (config->targets_n == HTTP_TARGETS_MAX)
		return sdk_config_bad(c, "at most 16 targets");
	config->targets[config->targets_n++].weight = 1;
	return 1;
}

static int read_base_url(sdk_config *c)
{
	if (target_of(c)->targets_n != 0)
		return sdk_config_bad(c, "either base_url or targets");
	return add_target(c) && read_target_url(c);
}

static int read_targets(sdk_config *c)
{
	static const sdk_config_key keys[] = {
	    {"url", read_target_url},
	    {"weight", read_target_weight},
	};
	struct http_config *config = target_of(c);

	if (config->targets_n != 0)
		return sdk_config_bad(c, "either base_url or targets");
	if (!sdk_json_array(&c->json))
		return 0;
	while (sdk_json_item(&c->json)) {
		if (!add_target(c) || !sdk_config_keys(c, keys, 2))
			return 0;
		if (config->targets[config->targets_n - 1].url.n == 0)
			return sdk_config_bad(c, "a target needs its url");
	}
	return c->json.error == NULL;
}

/* Smooth weighted round-robin, laid out once: each target appears `weight` times, well spread. */
static int lay_out_order(sdk_config *c, struct http_config *config)
{
	int32_t credit[HTTP_TARGETS_MAX] = {0}, total = 0;

	for (size_t i = 0; i < config->targets_n; i++)
		total += (int32_t)config->targets[i].weight;
	if (total == 0)
		return sdk_config_bad(
		    c, "base_url or targets must name an upstream with a weight over 0");
	while (config->order_n < (size_t)total) {
		size_t best = 0;

		for (size_t i = 0; i < config->targets_n; i++) {
			credit[i] += (int32_t)config->targets[i].weight;
			if (credit[i] > credit[best])
				best = i;
		}
		credit[best] -= total;
		config->order[config->order_n++] = (uint8_t)best;
	}
	return 1;
}

/* ---- rewrite ---- */

static int check_path(sdk_config *c, fairlead_str s)
{
	if (s.n == 0 || s.p[0] != '/' || s.n > 1024)
		return sdk_config_bad(c, "must begin with \"/\" and be at most 1024 bytes long");
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f ||
		    s.p[i] == '?' || s.p[i] == '#')
			return sdk_config_bad(c,
			                      "a path has no query, fragment, blank or character "
			                      "beyond ASCII");
	return 1;
}

static int read_prefix_into(sdk_config *c, fairlead_str *s)
{
	if (!sdk_config_string(c, s) || !check_path(c, *s))
		return 0;
	while (s->n != 0 && s->p[s->n - 1] == '/')
		s->n--;
	return 1;
}

static int read_strip_prefix(sdk_config *c)
{
	return read_prefix_into(c, &target_of(c)->strip_prefix);
}

static int read_prefix(sdk_config *c)
{
	return read_prefix_into(c, &target_of(c)->prefix);
}

static int add_piece(sdk_config *c, const char *p, size_t n, int is_param)
{
	struct http_config *config = target_of(c);

	if (config->pieces_n == HTTP_PIECES_MAX)
		return sdk_config_bad(c, "at most 32 pieces");
	if (n != 0 || is_param)
		config->pieces[config->pieces_n++] =
		    (struct http_piece){sdk_str_n(p, n), (size_t)is_param};
	return 1;
}

static int read_path(sdk_config *c)
{
	fairlead_str s;

	if (!sdk_config_string(c, &s) || !check_path(c, s))
		return 0;
	for (const char *p = s.p, *end = s.p + s.n; p < end;) {
		const char *open = memchr(p, '{', (size_t)(end - p));
		const char *close = open == NULL ? NULL : memchr(open, '}', (size_t)(end - open));

		if (open != NULL && (close == NULL || close == open + 1))
			return sdk_config_bad(c,
			                      "\"{\" needs the name of a path parameter and \"}\"");
		if (!add_piece(c, p, (size_t)((open == NULL ? end : open) - p), 0))
			return 0;
		if (open == NULL)
			break;
		if (!add_piece(c, open + 1, (size_t)(close - open - 1), 1))
			return 0;
		p = close + 1;
	}
	return 1;
}

static int read_rewrite(sdk_config *c)
{
	static const sdk_config_key keys[] = {
	    {"strip_prefix", read_strip_prefix},
	    {"prefix", read_prefix},
	    {"path", read_path},
	};
	struct http_config *config = target_of(c);

	if (!sdk_config_keys(c, keys, 3))
		return 0;
	if (config->pieces_n != 0 && (config->strip_prefix.n != 0 || config->prefix.n != 0))
		return sdk_config_bad(
		    c, "\"path\" replaces the whole path: leave out strip_prefix and prefix");
	return 1;
}

/* ---- header fields ---- */

/* RFC 9110 section 5.6.2: token; made lower case in place. */
static int check_name(sdk_config *c, fairlead_str name)
{
	if (name.n == 0 || name.n > 128)
		return sdk_config_bad(c, "a header name has 1 to 128 characters");
	for (size_t i = 0; i < name.n; i++) {
		unsigned char ch = (unsigned char)name.p[i];

		if (ch <= ' ' || ch >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", ch) != NULL)
			return sdk_config_bad(c, "a header name holds a character that it may not");
	}
	for (size_t i = 0; i < sizeof hop_by_hop / sizeof hop_by_hop[0]; i++)
		if (sdk_str_is_nocase(name, hop_by_hop[i]))
			return sdk_config_bad(c, "framing and hop-by-hop fields are the gateway's");
	return 1;
}

/* A string into c->strings, in lower case. */
static int keep_name(sdk_config *c, fairlead_str raw, fairlead_str *ret)
{
	size_t start = c->strings.n;

	sdk_json_decode(&c->strings, raw);
	if (c->strings.is_full)
		return 0;
	for (size_t i = start; i < c->strings.n; i++)
		if (c->strings.p[i] >= 'A' && c->strings.p[i] <= 'Z')
			c->strings.p[i] = (char)(c->strings.p[i] - 'A' + 'a');
	*ret = sdk_str_n(c->strings.p + start, c->strings.n - start);
	return check_name(c, *ret);
}

static int read_set(sdk_config *c, struct http_edit *edit)
{
	fairlead_str key;

	if (!sdk_json_object(&c->json))
		return 0;
	while (sdk_json_key(&c->json, &key)) {
		fairlead_kv *kv = &edit->set[edit->set_n];

		if (edit->set_n == HTTP_EDITS_MAX)
			return sdk_config_bad(c, "at most 32 fields");
		if (!keep_name(c, key, &kv->k) || !sdk_config_string(c, &kv->v))
			return 0;
		for (size_t i = 0; i < kv->v.n; i++)
			if (((unsigned char)kv->v.p[i] < ' ' && kv->v.p[i] != '\t') ||
			    kv->v.p[i] == 0x7f)
				return sdk_config_bad(c,
				                      "a header value holds a control character");
		edit->set_n++;
		if (!drop(c, &edit->drops, kv->k))
			return 0;
	}
	return c->json.error == NULL;
}

static int read_remove(sdk_config *c, struct http_edit *edit)
{
	fairlead_str raw, name;
	size_t n = 0;

	if (!sdk_json_array(&c->json))
		return 0;
	while (sdk_json_item(&c->json)) {
		if (++n > HTTP_EDITS_MAX)
			return sdk_config_bad(c, "at most 32 fields");
		if (!sdk_json_string(&c->json, &raw) || !keep_name(c, raw, &name) ||
		    !drop(c, &edit->drops, name))
			return 0;
	}
	return c->json.error == NULL;
}

static int read_request_set(sdk_config *c)
{
	return read_set(c, &target_of(c)->request);
}

static int read_request_remove(sdk_config *c)
{
	return read_remove(c, &target_of(c)->request);
}

static int read_response_set(sdk_config *c)
{
	return read_set(c, &target_of(c)->response);
}

static int read_response_remove(sdk_config *c)
{
	return read_remove(c, &target_of(c)->response);
}

static int read_headers(sdk_config *c)
{
	static const sdk_config_key keys[] = {
	    {"set", read_request_set},
	    {"remove", read_request_remove},
	};

	return sdk_config_keys(c, keys, 2);
}

static int read_response_headers(sdk_config *c)
{
	static const sdk_config_key keys[] = {
	    {"set", read_response_set},
	    {"remove", read_response_remove},
	};

	return sdk_config_keys(c, keys, 2);
}

/* ---- the whole ---- */

static int read_pass_host(sdk_config *c)
{
	return sdk_json_bool(&c->json, &target_of(c)->pass_host);
}

static int read_timeout(sdk_config *c)
{
	return sdk_config_duration_ms(c, &target_of(c)->timeout_ms);
}

int http_config_read(struct http_config *config, fairlead_str json, char *memory, sdk_config *c)
{
	static const sdk_config_key keys[] = {
	    {"base_url", read_base_url},
	    {"targets", read_targets},
	    {"rewrite", read_rewrite},
	    {"headers", read_headers},
	    {"response_headers", read_response_headers},
	    {"pass_host", read_pass_host},
	    {"timeout", read_timeout},
	};

	memset(config, 0, sizeof *config);
	sdk_config_over(c, json, config, memory, json.n);
	for (size_t i = 0; i < sizeof hop_by_hop / sizeof hop_by_hop[0]; i++)
		if (!drop(c, &config->request.drops, sdk_str(hop_by_hop[i])) ||
		    !drop(c, &config->response.drops, sdk_str(hop_by_hop[i])))
			return 0;
	if (!sdk_config_keys(c, keys, sizeof keys / sizeof keys[0]) || !sdk_config_done(c))
		return 0;
	for (size_t i = 0; i < HTTP_OWN_COUNT; i++) {
		fairlead_str name = sdk_str(http_own_names[i]);

		config->is_own[i] = !http_drops_has(&config->request.drops, name);
		if (config->is_own[i] && !drop(c, &config->request.drops, name))
			return 0;
	}
	return lay_out_order(c, config);
}
