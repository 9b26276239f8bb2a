/* gateway/outbound/request.h - one request and its response, and the libcurl handle for them
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests belong to a pool and are used again and again with their handle, buffers and options;
 * only what differs is set anew. Life: spare -> running (the handle is in the pool's multi) ->
 * done (in the client's list) -> spare. Private to this folder; all calls [loop].
 */
#ifndef FL_GATEWAY_OUTBOUND_REQUEST_H
#define FL_GATEWAY_OUTBOUND_REQUEST_H

#include <curl/curl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "gateway/outbound/pool.h"

enum fl_outbound_method { /* how libcurl is told; see set_method() */
	FL_OUTBOUND_PLAIN, /* no body */
	FL_OUTBOUND_HEAD,
	FL_OUTBOUND_BODY,
};

struct fl_outbound_request {
	struct fl_outbound_pool *pool;
	struct fl_outbound_request *next, *prev; /* in the pool's or the client's list */
	CURL *easy;
	const struct fl_outbound_policy *policy;
	fl_outbound_done_fn on_done;
	void *ctx;
	uint64_t started_ns;
	bool is_done;

	/* what is sent */
	struct fl_arena arena; /* target, method and field lines; the lines are wiped after use */
	struct fl_buf body;
	struct curl_slist *fields;
	bool is_idempotent;
	/* what the handle is set to */
	struct fl_outbound_origin *origin;
	const char *ca_file;
	enum fl_outbound_method method;
	bool has_custom_method;
	long timeout_ms, connect_timeout_ms;

	/* how it went */
	unsigned attempts, opened, denied;
	curl_socket_t opened_fds[4]; /* the newest ones */
	bool is_too_large, is_malformed, is_head_whole, has_nominated;
	struct fl_outbound_response response;
	struct fl_buf response_body;
	size_t head_n; /* bytes used in head */
	struct fl_header headers[FL_OUTBOUND_FIELDS_MAX];
	char denied_text[128]; /* which address was refused, and why */
	char curl_text[CURL_ERROR_SIZE];
	char head[FL_OUTBOUND_HEAD_MAX];
};

/* A spare or new one, with nothing set but pool and policy. */
FL_MUST_USE int fl_outbound_request_take(struct fl_outbound_pool *pool,
					 const struct fl_outbound_policy *policy,
					 struct fl_outbound_request **ret);
/* prepare.c: copies the arguments in and sets the handle; the URL was checked and taken apart. */
FL_MUST_USE int fl_outbound_request_prepare(struct fl_outbound_request *r,
					    const struct fl_outbound_args *args,
					    struct fl_outbound_origin *origin, struct fl_str target,
					    long timeout_ms, struct fl_error *err);
/* The field lines: they may hold credentials. */
void fl_outbound_request_wipe(struct fl_outbound_request *r);
/* Wipes, and keeps it for the next one. */
void fl_outbound_request_put(struct fl_outbound_request *r);
void fl_outbound_request_free_spares(struct fl_outbound_pool *pool);
/* Moves what libcurl has completed to the client's done list. */
void fl_outbound_request_collect(struct fl_outbound_pool *pool);
/* Ends it in this way, unless it is done already. */
void fl_outbound_request_finish(struct fl_outbound_request *r, enum fl_outbound_outcome outcome,
				const char *detail);
/* Calls on_done for what is in the done list now. In client.c. */
void fl_outbound_request_deliver(struct fl_outbound *client);
/* Puts it into the done list. In client.c. */
void fl_outbound_request_completed(struct fl_outbound_request *r);

/* response.c: libcurl's callbacks while an answer comes in */
size_t fl_outbound_response_on_line(char *line, size_t size, size_t n, void *request);
size_t fl_outbound_response_on_body(char *bytes, size_t size, size_t n, void *request);
/* Drops what the peer's Connection field named; sets headers and body. */
void fl_outbound_response_complete(struct fl_outbound_request *r);

#endif
