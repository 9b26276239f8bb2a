/* admin/api/explain_read.c - the request that POST /v1/explain is asked about
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/explain.h"

#include <string.h>

#include "gateway/http/guard.h"
#include "gateway/outbound/field.h"
#include "policy/ext.h"
#include "policy/json.h"

struct reader {
	struct fl_api_call *call;
	const struct fl_config *config;
	struct fl_explain_ask *ask;
};

#define refuse(r, hint, ...)                                                                       \
	(fl_api_problem((r)->call, 400, "explain_invalid", (hint), __VA_ARGS__), false)

static bool read_text(struct reader *r, const struct fl_cedar_json *json, const char *name,
                      struct fl_str *ret)
{
	*ret = fl_cedar_json_str(json);
	return ret->p != NULL || refuse(r, NULL, "\"%s\" must be a string", name);
}

/* ---- members ---- */

static bool read_method(struct reader *r, const struct fl_cedar_json *json)
{
	struct fl_str name;

	if (!read_text(r, json, "method", &name))
		return false;
	r->ask->method = fl_method_parse(name);
	return r->ask->method != FL_METHOD_N ||
	       refuse(r, "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS",
	              "\"%.*s\" is no method that the gateway takes",
	              FL_STR_ARGS(fl_str_cut(name, 40)));
}

static char *lower(struct fl_arena *arena, struct fl_str s)
{
	char *copy = fl_arena_alloc(arena, s.n + 1);

	for (size_t i = 0; copy != NULL && i < s.n; i++)
		copy[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
	return copy;
}

static bool read_url(struct reader *r, const struct fl_cedar_json *json)
{
	static const char form[] = "for example: http://api.example.com/v1/orders?page=2";
	struct fl_str url, rest, name, target;
	const char *end;

	if (!read_text(r, json, "url", &url))
		return false;
	r->ask->url = url;
	r->ask->is_tls = fl_str_starts(url, FL_STR("https://"));
	if (!r->ask->is_tls && !fl_str_starts(url, FL_STR("http://")))
		return refuse(r, form, "\"url\" must begin with http:// or https://");
	rest = fl_str_n(url.p + (r->ask->is_tls ? 8 : 7), url.n - (r->ask->is_tls ? 8 : 7));
	end = rest.p;
	while (end < rest.p + rest.n && *end != '/' && *end != '?')
		end++;
	if (!fl_guard_split_host(fl_str_n(rest.p, (size_t)(end - rest.p)), &name) || name.n == 0)
		return refuse(r, form, "\"url\" has no host, or one that is none");
	target = fl_str_n(end, rest.n - (size_t)(end - rest.p));
	r->ask->host = fl_str_n(lower(r->call->http->arena, name), name.n);
	if (r->ask->host.p == NULL)
		return refuse(r, NULL, "no memory for the question");
	r->ask->target_bytes = target.n == 0 ? 1 : target.n;
	r->ask->head_bytes += strlen("Host: \r\n") + (size_t)(end - rest.p);
	r->ask->path = fl_str_split(target, '?', &rest);
	if (r->ask->path.n == 0)
		r->ask->path = FL_STR("/");
	return true;
}

/* Keys are for callers: who calls is said by name here. */
static bool is_credential(struct fl_str name)
{
	return fl_str_is(name, "authorization") || fl_str_is(name, "x-api-key");
}

static bool read_header(struct reader *r, const struct fl_cedar_json_member *m)
{
	struct fl_decide_header *to = &r->ask->headers[r->ask->headers_n];

	if (r->ask->headers_n == FL_ARRAY_LEN(r->ask->headers))
		return refuse(r, NULL, "more than %zu headers", FL_ARRAY_LEN(r->ask->headers));
	to->name = fl_str_n(lower(r->call->http->arena, m->key), m->key.n);
	if (!read_text(r, &m->value, "headers", &to->value))
		return false;
	if (to->name.p == NULL || is_credential(to->name))
		return refuse(r, "say who calls with \"consumer\"", "\"%.*s\" is a credential",
		              FL_STR_ARGS(to->name));
	if (fl_outbound_field_is_dropped(to->name))
		return refuse(r, "say \"client\", or the host in \"url\"",
		              "the gateway drops the header \"%.*s\" of requests",
		              FL_STR_ARGS(fl_str_cut(to->name, 80)));
	for (size_t i = 0; i < r->ask->headers_n; i++)
		if (fl_str_eq(r->ask->headers[i].name, to->name))
			return refuse(r, "join values by \", \"",
			              "the header \"%.*s\" is there twice", FL_STR_ARGS(to->name));
	r->ask->head_bytes += to->name.n + to->value.n + 4; /* ": " and the line's end */
	r->ask->headers_n++;
	return true;
}

static bool read_headers(struct reader *r, const struct fl_cedar_json *json)
{
	if (json->kind != FL_CEDAR_JSON_OBJECT)
		return refuse(r, "{\"x-tenant\": \"acme\"}", "\"headers\" must be an object");
	for (uint32_t i = 0; i < json->n; i++)
		if (!read_header(r, &json->u.members[i]))
			return false;
	return true;
}

static bool read_consumer(struct reader *r, const struct fl_cedar_json *json)
{
	struct fl_str name;

	if (!read_text(r, json, "consumer", &name))
		return false;
	for (size_t i = 0; i < r->config->consumers_n; i++)
		if (fl_str_eq(r->config->consumers[i].name, name))
			r->ask->consumer = &r->config->consumers[i];
	return r->ask->consumer != NULL ||
	       refuse(r, "leave it out for a caller that nobody knows",
	              "there is no consumer \"%.*s\"", FL_STR_ARGS(fl_str_cut(name, 80)));
}

static bool read_client(struct reader *r, const struct fl_cedar_json *json)
{
	struct fl_cedar_value ip;

	if (!read_text(r, json, "client", &r->ask->client))
		return false;
	return (memchr(r->ask->client.p, '/', r->ask->client.n) == NULL &&
	        fl_cedar_ext_parse(FL_CEDAR_IP, r->ask->client, r->call->http->arena, &ip) == 0) ||
	       refuse(r, NULL, "\"client\" must be an address");
}

static bool read_length(struct reader *r, const struct fl_cedar_json *json)
{
	if (json->kind != FL_CEDAR_JSON_LONG || json->u.number < 0)
		return refuse(r, NULL, "\"content_length\" must be a whole number, not negative");
	r->ask->content_length = (uint64_t)json->u.number;
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct reader *r, const struct fl_cedar_json *json);
	bool is_needed;
} members[] = {
    {"method", read_method, true},    {"url", read_url, true},
    {"headers", read_headers, false}, {"consumer", read_consumer, false},
    {"client", read_client, false},   {"content_length", read_length, false},
};

/* ---- the whole ---- */

static bool check_names(struct reader *r, const struct fl_cedar_json *json)
{
	for (uint32_t i = 0; i < json->n; i++) {
		size_t k = 0;

		while (k < FL_ARRAY_LEN(members) &&
		       !fl_str_is(json->u.members[i].key, members[k].name))
			k++;
		if (k == FL_ARRAY_LEN(members))
			return refuse(r, "method, url, headers, consumer, client, content_length",
			              "there is no member \"%.*s\"",
			              FL_STR_ARGS(fl_str_cut(json->u.members[i].key, 80)));
	}
	return true;
}

static bool read_object(struct reader *r, const struct fl_cedar_json *json)
{
	if (json->kind != FL_CEDAR_JSON_OBJECT)
		return refuse(r, "{\"method\": \"GET\", \"url\": \"http://host/path\"}",
		              "the body must be an object");
	if (!check_names(r, json))
		return false;
	for (size_t i = 0; i < FL_ARRAY_LEN(members); i++) {
		const struct fl_cedar_json *value = fl_cedar_json_find(json, members[i].name);

		if (value == NULL && members[i].is_needed)
			return refuse(r, NULL, "\"%s\" is missing", members[i].name);
		if (value != NULL && !members[i].read(r, value))
			return false;
	}
	r->ask->head_bytes += strlen(fl_method_name(r->ask->method)) +
	                      strlen("  HTTP/1.1\r\n\r\n") + r->ask->target_bytes;
	return true;
}

bool fl_explain_read(struct fl_api_call *call, const struct fl_config *config,
                     struct fl_explain_ask *ret)
{
	struct reader r = {call, config, ret};
	struct fl_problems problems;
	struct fl_cedar_json json;

	*ret = (struct fl_explain_ask){.client = FL_STR("127.0.0.1")};
	fl_problems_init(&problems, call->http->arena);
	if (fl_cedar_json_parse(call->http->arena, call->http->body, NULL, &json, &problems) == 0)
		return read_object(&r, &json);
	if (problems.errors == 0)
		return refuse(&r, NULL, "no memory for the question");
	fl_api_problems(call, 400, &problems);
	return false;
}
