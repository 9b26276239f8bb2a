/* gateway/outbound/request.c - one request and its response, and the libcurl handle for them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/request.h"

#include <errno.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/outbound/field.h"
#include "gateway/outbound/guard.h"

/* A body buffer that grew over this is given back after its request. */
#define KEPT_BODY_BYTES (64u << 10)
/* A transfer slower than LOW_SPEED_BYTES a second for LOW_SPEED_S seconds ends. Only for timeouts
 * longer than that: shorter ones end it anyway, and the check would cost a timer a second. */
#define LOW_SPEED_BYTES 1L
#define LOW_SPEED_S 120L
#define KEEPALIVE_S 60L /* TCP probes on idle connections */
#define MAX_IDLE_S 55L /* older ones are not used again: common servers close after 60 or 75 */

/* ---- libcurl's callbacks around connecting ---- */

static void note_denied(struct fl_outbound_request *r, const struct curl_sockaddr *a,
			const char *reason)
{
	char host[INET6_ADDRSTRLEN + 20];

	r->denied++;
	if (getnameinfo(&a->addr, a->addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
		(void)snprintf(host, sizeof host, "?");
	(void)snprintf(r->denied_text, sizeof r->denied_text, "target address %s refused: %s", host, reason);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fl_outbound_request *r = ctx;
	const char *reason = fl_outbound_guard_address(&address->addr, address->addrlen);
	curl_socket_t fd;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	if (address->family != AF_INET && address->family != AF_INET6)
		return CURL_SOCKET_BAD;
	if (reason && !r->policy->allow_private) {
		note_denied(r, address, reason);
		return CURL_SOCKET_BAD;
	}
	fd = fl_outbound_pool_open_socket(r->pool, address);
	r->opened_fds[r->opened++ % FL_ARRAY_LEN(r->opened_fds)] = fd;
	return fd;
}

static bool was_sent(struct fl_outbound_request *r)
{
	long bytes = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &bytes);
	return bytes > 0;
}

/* Before each try to send: libcurl tries again when a kept connection turns out to be dead. */
static int before_request(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
	struct fl_outbound_request *r = ctx;

	(void)ip, (void)local_ip, (void)port, (void)local_port;
	if (r->attempts++ > 0 && !r->is_idempotent && was_sent(r))
		return CURL_PREREQFUNC_ABORT;
	r->pool->is_careful = false;
	/* Attempts that lost the race for the connection are closed by now. */
	for (unsigned i = 0; i < r->opened && i < FL_ARRAY_LEN(r->opened_fds); i++)
		fl_outbound_pool_prove_socket(r->pool, r->opened_fds[i]);
	return CURL_PREREQFUNC_OK;
}

/* ---- the handle ---- */

static bool set_once(struct fl_outbound_request *r)
{
	CURL *e = r->easy;
	CURLcode rc = CURLE_OK;

#define SET(option, value) rc = rc != CURLE_OK ? rc : curl_easy_setopt(e, option, value)
	SET(CURLOPT_PRIVATE, r);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* or a hung resolver thread would be joined, with the loop */
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_PIPEWAIT, 0L);
	SET(CURLOPT_MAXCONNECTS, (long)FL_OUTBOUND_IDLE_CONNECTIONS);
	SET(CURLOPT_MAXAGE_CONN, MAX_IDLE_S);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	SET(CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
	SET(CURLOPT_ERRORBUFFER, r->curl_text);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, r);
	/* Connections outlive requests, so closing them is the pool's. */
	SET(CURLOPT_CLOSESOCKETFUNCTION, fl_outbound_pool_close_socket);
	SET(CURLOPT_CLOSESOCKETDATA, r->pool);
	SET(CURLOPT_PREREQFUNCTION, before_request);
	SET(CURLOPT_PREREQDATA, r);
	SET(CURLOPT_HEADERFUNCTION, fl_outbound_response_on_line);
	SET(CURLOPT_HEADERDATA, r);
	SET(CURLOPT_WRITEFUNCTION, fl_outbound_response_on_body);
	SET(CURLOPT_WRITEDATA, r);
	SET(CURLOPT_HTTPGET, 1L);
#undef SET
	return rc == CURLE_OK;
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

static void destroy_request(struct fl_outbound_request *r)
{
	curl_easy_cleanup(r->easy);
	(void)fl_outbound_origin_unref(r->origin);
	fl_arena_fini(&r->arena);
	fl_buf_fini(&r->body);
	fl_buf_fini(&r->response_body);
	free(r);
}

static int create_request(struct fl_outbound_pool *pool, struct fl_outbound_request **ret)
{
	/* Not calloc: the head's 32 KiB need no zeroes, nor pages before they are used. */
	struct fl_outbound_request *r = malloc(sizeof *r);

	if (!r)
		return -ENOMEM;
	memset(r, 0, offsetof(struct fl_outbound_request, headers));
	r->pool = pool;
	fl_arena_init(&r->arena, 4096, FL_OUTBOUND_URL_MAX + FL_OUTBOUND_HEAD_MAX +
				     FL_OUTBOUND_FIELDS_MAX * 64u);
	fl_buf_init(&r->body, SIZE_MAX / 2); /* limited by whoever made the body */
	fl_buf_init(&r->response_body, SIZE_MAX / 2); /* limited by the policy */
	r->easy = curl_easy_init();
	if (!r->easy || !set_once(r)) {
		destroy_request(r);
		return -ENOMEM;
	}
	set_authorities(r, NULL);
	*ret = r;
	return 0;
}

int fl_outbound_request_take(struct fl_outbound_pool *pool, const struct fl_outbound_policy *policy,
			     struct fl_outbound_request **ret)
{
	struct fl_outbound_request *r = pool->spares;

	if (r) {
		pool->spares = r->next;
		pool->spares_n--;
	} else if (create_request(pool, &r) != 0) {
		return -ENOMEM;
	}
	r->policy = policy;
	r->is_done = r->is_too_large = r->is_malformed = r->is_head_whole = r->has_nominated = false;
	r->attempts = r->opened = r->denied = 0;
	r->head_n = 0;
	r->response = (struct fl_outbound_response){.detail = ""};
	fl_buf_clear(&r->response_body);
	*ret = r;
	return 0;
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

/* They may hold credentials. */
static void wipe_fields(struct fl_outbound_request *r)
{
	const struct curl_slist *end = no_defaults(false), *other_end = no_defaults(true);

	for (struct curl_slist *f = r->fields; f && f != end && f != other_end; f = f->next)
		sodium_memzero(f->data, strlen(f->data));
	r->fields = NULL;
}

static void shrink(struct fl_buf *b)
{
	if (b->cap > KEPT_BODY_BYTES)
		fl_buf_fini(b);
	else
		fl_buf_clear(b);
}

void fl_outbound_request_put(struct fl_outbound_request *r)
{
	struct fl_outbound_pool *pool = r->pool;

	wipe_fields(r);
	fl_arena_reset(&r->arena);
	shrink(&r->body);
	shrink(&r->response_body);
	if (pool->spares_n >= FL_OUTBOUND_SPARES_MAX) {
		destroy_request(r);
		return;
	}
	r->next = pool->spares;
	pool->spares = r;
	pool->spares_n++;
}

void fl_outbound_request_free_spares(struct fl_outbound_pool *pool)
{
	while (pool->spares) {
		struct fl_outbound_request *r = pool->spares;

		pool->spares = r->next;
		destroy_request(r);
	}
	pool->spares_n = 0;
}

/* ---- what is sent ---- */

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

/* ---- how it went ---- */

static enum fl_outbound_outcome outcome_of(struct fl_outbound_request *r, CURLcode rc)
{
	if (r->is_too_large)
		return FL_OUTBOUND_TOO_LARGE;
	if (r->is_malformed)
		return FL_OUTBOUND_BROKEN;
	if (rc == CURLE_OK) /* libcurl takes a head that was cut off for a whole one */
		return r->is_head_whole ? FL_OUTBOUND_OK : FL_OUTBOUND_BROKEN;
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return FL_OUTBOUND_TIMEOUT;
	if (r->response.was_sent)
		return FL_OUTBOUND_BROKEN;
	return r->denied && !r->opened ? FL_OUTBOUND_DENIED : FL_OUTBOUND_CONNECT_FAILED;
}

static const char *detail_of(const struct fl_outbound_request *r,
			     enum fl_outbound_outcome outcome, CURLcode rc)
{
	if (outcome == FL_OUTBOUND_OK || r->is_too_large || r->is_malformed)
		return r->response.detail;
	if (outcome == FL_OUTBOUND_DENIED)
		return r->denied_text;
	if (rc == CURLE_OK)
		return "the response's head was cut off";
	return r->curl_text[0] ? r->curl_text : curl_easy_strerror(rc);
}

static void complete(struct fl_outbound_request *r, CURLcode rc)
{
	enum fl_outbound_outcome outcome;
	long status = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	r->response.http_status = status > 0 ? (uint32_t)status : 0;
	r->response.was_sent = was_sent(r);
	outcome = outcome_of(r, rc);
	if (outcome == FL_OUTBOUND_OK)
		fl_outbound_response_complete(r);
	fl_outbound_request_finish(r, outcome, detail_of(r, outcome, rc));
}

void fl_outbound_request_collect(struct fl_outbound_pool *pool)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode rc = message->data.result;
		char *private = NULL;

		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
		fl_outbound_pool_stop(pool, easy); /* `message` is gone after this */
		complete((struct fl_outbound_request *)(void *)private, rc);
	}
}

void fl_outbound_request_finish(struct fl_outbound_request *r, enum fl_outbound_outcome outcome,
				const char *detail)
{
	if (r->is_done)
		return;
	if (outcome != FL_OUTBOUND_OK)
		r->response = (struct fl_outbound_response){.was_sent = r->response.was_sent};
	r->response.outcome = outcome;
	r->response.detail = detail;
	r->response.elapsed_ns = fl_clock_mono_ns() - r->started_ns;
	r->is_done = true;
	fl_outbound_request_completed(r);
}
