/* gateway/outbound/request.c - one request and its response, and the libcurl handle for them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/request.h"

#include <errno.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/outbound/guard.h"

/* A body buffer that grew over this is given back after its request. */
#define KEPT_BODY_BYTES (64u << 10)
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
	r->ca_file = ""; /* none yet: no policy has this pointer */
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

	fl_outbound_request_wipe(r);
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
