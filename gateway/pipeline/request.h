/* gateway/pipeline/request.h - the life of one request
 * SPDX-License-Identifier: Apache-2.0
 *
 * A request is made by the transport (gateway/http), lives and dies on one worker's loop, and is
 * walked through the stages by the functions below. All calls are [loop of that worker]. The order
 * of the stages stands in request.c.
 *
 *	head complete      fl_pipeline_begin()     CONTINUE: read the body, at most max_body_bytes
 *	                                           RESPOND: send req->response, read no body
 *	body complete      fl_pipeline_dispatch()  RESPOND: send req->response
 *	                                           WAIT: transport->on_ready() comes later, once
 *	client left        fl_pipeline_gone()      on_ready() will not come any more
 *	answered, or not   fl_pipeline_end()       records; transport->on_released() is called once,
 *	                                           now or when the connector has paid what it owes
 *
 * fl_pipeline_end() is called exactly once for each request on which any other of these functions
 * was called, also when nothing was sent. Until on_released() the request and its arena stay.
 */
#ifndef FL_GATEWAY_PIPELINE_REQUEST_H
#define FL_GATEWAY_PIPELINE_REQUEST_H

#include "gateway/auth/principal.h"
#include "gateway/connector/call.h"
#include "gateway/loop/loop.h"
#include "gateway/outbound/client.h"
#include "gateway/pipeline/problem.h"
#include "gateway/route/table.h"

#define FL_REQUEST_ID_MAX 128u /* longest X-Request-Id that is taken over from a trusted caller */
#define FL_RESPONSE_HEADERS_MAX 96u

struct fl_decided;
struct fl_pipeline_worker;
struct fl_request;
struct fl_request_limit;
struct fl_snapshot;
struct fl_snapshot_route;

struct fl_request_transport {
	/* The response is ready; the transport sends it. Never from inside fl_pipeline_*(). */
	void (*on_ready)(struct fl_request *req);
	/* Nothing refers to the request any more: free or reuse it. */
	void (*on_released)(struct fl_request *req);
};

struct fl_response { /* lives in the request's arena */
	uint32_t status; /* 200..599 */
	const struct fl_header *headers; /* lower-case names; no framing, no Date, no Connection */
	size_t headers_n;
	struct fl_str body;
	bool must_close; /* say Connection: close, whatever the transport thinks */
};

struct fl_request { /* fl_request_reset() first */
	struct fl_arena arena; /* capped; the transport's to init, reset and fini */

	/* ---- set by the transport before fl_pipeline_begin(); strings live in `arena` ---- */
	struct fl_pipeline_worker *worker;
	const struct fl_request_transport *transport;
	uint64_t started_ns; /* monotonic; when the request line came in */
	enum fl_method method;
	struct fl_str method_name;
	struct fl_str raw_path; /* as received, up to "?" */
	struct fl_str query; /* as received, without "?" */
	struct fl_str host; /* as received, with port; empty on HTTP/1.0 without one */
	struct fl_str host_name; /* lower case, without port */
	struct fl_str client; /* address as text, without port; behind trusted proxies: theirs */
	struct fl_str scheme; /* "http" or "https" */
	const fairlead_kv *headers; /* lower-case names; hop-by-hop, nominated and spoofable fields
				     * are already gone, trusted proxies' and Host included */
	size_t headers_n;
	uint64_t content_length; /* as declared, 0 without a body; UINT64_MAX: it comes in chunks */
	uint32_t target_bytes, head_bytes; /* path with query; request line and fields, as received */
	bool is_trusted_peer; /* ids and traceparent of the caller are continued, not replaced */
	bool is_refused; /* set by fl_pipeline_refuse() */

	/* ---- set by the transport before fl_pipeline_dispatch() ---- */
	struct fl_str body;
	uint64_t bytes_in; /* of the body */

	/* ---- for the transport to read ---- */
	uint64_t max_body_bytes; /* after CONTINUE */
	struct fl_response response; /* after RESPOND or on_ready */

	/* ---- the pipeline's own ---- */
	uint8_t state; /* enum in request.c */
	bool is_owing; /* the connector was told that nobody waits, and has not paid yet */
	bool is_trace_continued;
	bool has_own_headers; /* some that the gateway speaks of itself: trace.h */
	bool has_encoded_slash; /* in the path */
	bool was_sent;
	bool is_authorized; /* the stage of that name has let it through */
	bool is_limited; /* the limits by consumer were asked */
	bool is_answered; /* by a method of authentication: `response` is set */
	uint8_t unproved; /* bits: methods of the route that wait for the body */
	const char *auth_refused; /* what was wrong with a proof: for the log only; static, or NULL */
	const struct fl_snapshot *snapshot; /* held; NULL: none was published */
	const struct fl_snapshot_route *route; /* NULL: none matched */
	struct fl_principal principal; /* with the snapshot */
	struct fl_request_limit *limits; /* as many as the route has; NULL: none were asked */
	struct fl_str limited_by; /* the limit that refused; lives with the snapshot */
	struct fl_decided *decided; /* what policies say; NULL: none were asked */
	uint64_t timeout_ns; /* for the connector; the route's, or less */
	struct fl_str path; /* canonical; empty: it could not be */
	struct fl_str request_id, traceparent, user_agent;
	struct fl_problem_type problem; /* what is answered; code NULL: what the connector said */
	struct fl_str problem_members; /* of its own: fl_problem_json() */
	struct fl_loop_timer deadline;
	uint64_t dispatched_ns, connector_ns, bytes_out;

	/* ---- not reset; set before it is read ---- */
	struct fl_call call;
	struct fl_route_match match;
};

/* For a new request, or to use one again after on_released(): all zero but the arena, which is the
 * transport's to init or reset. */
static inline void fl_request_reset(struct fl_request *req)
{
	memset((char *)req + sizeof req->arena, 0,
	       offsetof(struct fl_request, call) - sizeof req->arena);
}

enum fl_request_verdict { FL_REQUEST_CONTINUE, FL_REQUEST_RESPOND, FL_REQUEST_WAIT };

/* guard of the path, route, limits, authentication and authorization: all that can be decided from
 * the head. A signature over the body cannot; then it and the authorization come after the body. FL_REQUEST_CONTINUE or FL_REQUEST_RESPOND. */
enum fl_request_verdict fl_pipeline_begin(struct fl_request *req);
/* What of authentication and authorization needs the body; validate and dispatch. FL_REQUEST_RESPOND or FL_REQUEST_WAIT. */
enum fl_request_verdict fl_pipeline_dispatch(struct fl_request *req);
/* Sets req->response to application/problem+json (RFC 9457): for what the transport refuses (strict
 * HTTP, body over the limit, ...). Before or after begin; never while waiting. `code` is static;
 * type is "urn:fairlead:problem:CODE"; `detail` names the fix. The connection closes after it. */
void fl_pipeline_refuse(struct fl_request *req, uint32_t status, const char *code,
			const char *detail);
/* The client is gone, or the connection will be closed: cancels a call under way. */
void fl_pipeline_gone(struct fl_request *req);
/* The gateway stops: a waiting request is answered 503 now (on_ready comes later, once). No effect
 * on one that does not wait. */
void fl_pipeline_drain(struct fl_request *req);
/* `bytes_out`: of the body; `was_sent`: the whole answer went to the kernel. */
void fl_pipeline_end(struct fl_request *req, uint64_t bytes_out, bool was_sent);

#endif
