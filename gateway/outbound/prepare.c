/* gateway/outbound/prepare.c - what is sent: checked, copied, and told to libcurl
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "gateway/outbound/field.h"
#include "gateway/outbound/request.h"

/* A transfer slower than LOW_SPEED_BYTES a second for LOW_SPEED_S seconds ends. Only for timeouts
 * longer than that: shorter ones end it anyway, and the check would cost a timer a second. */
#define LOW_SPEED_BYTES 1L
#define LOW_SPEED_S 120L

static int invalid(struct fl_error *err, const char *what, struct fl_str name, const char *hint)
{
	(void)fl_error_set(err, "outbound_invalid", "%s \"%.*s\"", what,
			   (int)(name.n > 64 ? 64 : name.n), name.p ? name.p : "");
	fl_error_hint(err, "%s", hint);
	return -1;
}

/* "Name: value"; "Name;" is libcurl's way to write a field without a value. */
static char *field_line(struct fl_outbound_request *r, struct fl_str name, struct fl_str value)
{
	char *line = fl_arena_alloc(&r->arena, name.n + value.n + 3);

	if (!line)
		return NULL;
	memcpy(line, name.p, name.n);
	if (value.n == 0) {
		memcpy(line + name.n, ";", 2);
		return line;
	}
	memcpy(line + name.n, ": ", 2);
	memcpy(line + name.n + 2, value.p, value.n);
	line[name.n + 2 + value.n] = '\0';
	return line;
}

static bool is_made_here(struct fl_str name)
{
	return (name.n == 6 && fl_str_eq_nocase(name, FL_STR("expect"))) ||
	       fl_outbound_field_is_hop(name);
}

/* At most one Host, and one that no server can misread. */
static bool is_bad_host(struct fl_str name, struct fl_str value, bool *has_host)
{
	if (name.n != 4 || !fl_str_eq_nocase(name, FL_STR("host")))
		return false;
	if (*has_host || !fl_outbound_field_is_host(value))
		return true;
	*has_host = true;
	return false;
}

static bool has_connection(const struct fl_outbound_args *a)
{
	for (size_t i = 0; i < a->headers_n; i++)
		if (a->headers[i].name.n == 10 &&
		    fl_str_eq_nocase(a->headers[i].name, FL_STR("connection")))
			return true;
	return false;
}

/* The end of each list, shared by all: turns off what libcurl would add by itself. Accept stands
 * first; the others matter with a body only, and each line costs a comparison per field that
 * libcurl knows. */
static struct curl_slist *no_defaults(bool has_body)
{
	static char accept[] = "Accept:", expect[] = "Expect:", type[] = "Content-Type:";
	static struct curl_slist without[] = {{accept, NULL}},
				 with[] = {{accept, &with[1]}, {expect, &with[2]}, {type, NULL}};

	return has_body ? with : without;
}

void fl_outbound_request_wipe(struct fl_outbound_request *r)
{
	const struct curl_slist *end = no_defaults(false), *other_end = no_defaults(true);

	for (struct curl_slist *f = r->fields; f && f != end && f != other_end; f = f->next)
		sodium_memzero(f->data, strlen(f->data));
	r->fields = NULL;
}

static int copy_fields(struct fl_outbound_request *r, const struct fl_outbound_args *a,
		       struct fl_error *err)
{
	struct curl_slist **tail = &r->fields;
	bool nominates = has_connection(a), has_host = false;
	size_t bytes = 0;

	for (size_t i = 0; i < a->headers_n; i++) {
		struct fl_str name = a->headers[i].name, value = fl_str_trim(a->headers[i].value);
		struct curl_slist *node;

		if (!fl_outbound_field_is_token(name) || !fl_outbound_field_is_value(value) ||
		    is_bad_host(name, value, &has_host))
			return invalid(err, "malformed header field", name,
				       "a name is a token, a value has no control bytes, Host is "
				       "there once");
		if (is_made_here(name) ||
		    (nominates && fl_outbound_field_is_nominated(a->headers, a->headers_n, name)))
			continue;
		bytes += name.n + value.n;
		if (i >= FL_OUTBOUND_FIELDS_MAX || bytes > FL_OUTBOUND_HEAD_MAX)
			return invalid(err, "too many or too long header fields at", name,
				       "send at most 128 fields and 32 KiB");
		node = fl_arena_alloc(&r->arena, sizeof *node);
		if (!node || !(node->data = field_line(r, name, value)))
			return -ENOMEM;
		*tail = node;
		tail = &node->next;
		*tail = NULL;
	}
	*tail = no_defaults(r->method == FL_OUTBOUND_BODY);
	return 0;
}

static int set_method(struct fl_outbound_request *r, struct fl_str method, struct fl_error *err)
{
	static const char *const idempotent[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
	enum fl_outbound_method kind = FL_OUTBOUND_PLAIN;
	bool custom = false, wants_body = fl_str_is(method, "POST") || fl_str_is(method, "PUT") ||
					  fl_str_is(method, "PATCH");

	if (!fl_outbound_field_is_token(method) || method.n > 32 || fl_str_is(method, "CONNECT"))
		return invalid(err, "cannot send the method", method,
			       "use a token of at most 32 bytes, not CONNECT");
	if (fl_str_is(method, "HEAD")) {
		if (r->body.len > 0)
			return invalid(err, "no body with", method, "send HEAD without a body");
		kind = FL_OUTBOUND_HEAD;
	} else if (wants_body || r->body.len > 0) {
		kind = FL_OUTBOUND_BODY;
		custom = !fl_str_is(method, "POST");
	} else {
		custom = !fl_str_is(method, "GET");
	}
	r->is_idempotent = false;
	for (size_t i = 0; i < FL_ARRAY_LEN(idempotent); i++)
		r->is_idempotent |= fl_str_is(method, idempotent[i]);
	if (kind != r->method)
		(void)curl_easy_setopt(r->easy,
				       kind == FL_OUTBOUND_HEAD	  ? CURLOPT_NOBODY
				       : kind == FL_OUTBOUND_BODY ? CURLOPT_POST
								  : CURLOPT_HTTPGET, 1L);
	r->method = kind;
	if (custom || r->has_custom_method)
		(void)curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST,
				       custom ? fl_arena_str(&r->arena, method).p : NULL);
	r->has_custom_method = custom;
	return 0;
}

/* Each new TLS connection reads the authorities again, on the loop. The system's folder of single
 * files costs some 15 ms; the bundle has the same in 5 ms, a file of one's own takes less than 1. */
static void set_authorities(struct fl_outbound_request *r, const char *ca_file)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

	if (ca_file || (curl->cainfo && access(curl->cainfo, R_OK) == 0))
		(void)curl_easy_setopt(r->easy, CURLOPT_CAPATH, NULL);
	(void)curl_easy_setopt(r->easy, CURLOPT_CAINFO, ca_file ? ca_file : curl->cainfo);
	r->ca_file = ca_file;
}

static void set_timeouts(struct fl_outbound_request *r, long timeout_ms)
{
	long connect_ms = r->policy->connect_timeout_ms ? (long)r->policy->connect_timeout_ms
							: (long)FL_OUTBOUND_CONNECT_TIMEOUT_MS;
	bool is_long = timeout_ms > LOW_SPEED_S * 1000;

	if (timeout_ms != r->timeout_ms) {
		(void)curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
		(void)curl_easy_setopt(r->easy, CURLOPT_LOW_SPEED_LIMIT,
				       is_long ? LOW_SPEED_BYTES : 0L);
		(void)curl_easy_setopt(r->easy, CURLOPT_LOW_SPEED_TIME, is_long ? LOW_SPEED_S : 0L);
	}
	if (connect_ms != r->connect_timeout_ms)
		(void)curl_easy_setopt(r->easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	r->timeout_ms = timeout_ms;
	r->connect_timeout_ms = connect_ms;
}

/* libcurl parses the text only when it sends again on a new connection. */
static void set_origin(struct fl_outbound_request *r, struct fl_outbound_origin *origin)
{
	if (r->origin == origin)
		return;
	(void)curl_easy_setopt(r->easy, CURLOPT_URL, origin->text);
	(void)curl_easy_setopt(r->easy, CURLOPT_CURLU, origin->parsed);
	(void)fl_outbound_origin_ref(origin);
	(void)fl_outbound_origin_unref(r->origin);
	r->origin = origin;
}

/* As it is: the path was made canonical once, and nobody rewrites it here. */
static void set_target(struct fl_outbound_request *r, struct fl_str target)
{
	const char *text = target.n > 0 && target.p[0] == '/'
			       ? fl_arena_str(&r->arena, target).p
			       : fl_arena_printf(&r->arena, "/%.*s", FL_STR_ARGS(target)).p;

	(void)curl_easy_setopt(r->easy, CURLOPT_REQUEST_TARGET, text);
}

int fl_outbound_request_prepare(struct fl_outbound_request *r, const struct fl_outbound_args *a,
				struct fl_outbound_origin *origin, struct fl_str target,
				long timeout_ms, struct fl_error *err)
{
	int rc;

	r->on_done = a->on_done;
	r->ctx = a->ctx;
	fl_buf_clear(&r->body);
	fl_buf_add(&r->body, a->body);
	rc = set_method(r, a->method, err);
	if (rc == 0)
		rc = copy_fields(r, a, err);
	if (rc != 0)
		return rc;
	if (r->method == FL_OUTBOUND_BODY) {
		(void)curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->body.p ? r->body.p : "");
		(void)curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				       (curl_off_t)r->body.len);
	}
	(void)curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->fields);
	set_origin(r, origin);
	set_target(r, target);
	if (a->policy->ca_file != r->ca_file)
		set_authorities(r, a->policy->ca_file);
	set_timeouts(r, timeout_ms);
	return fl_arena_is_overflown(&r->arena) || fl_buf_is_overflown(&r->body) ? -ENOMEM : 0;
}
