/* gateway/outbound/client.h - HTTP requests to other servers, on the loop of one worker
 * SPDX-License-Identifier: Apache-2.0
 *
 * The only door out of the gateway and the only folder that includes libcurl. One client per loop;
 * connections are reused, never shared between tenants' pools. Every resolved address is checked by
 * the target guard (guard.h) before connect(). Redirects, proxies from the environment, cookies and
 * netrc are off.
 *
 * Each pool is a libcurl multi handle of its own: what it would share (connections, DNS answers, TLS
 * sessions) then cannot leave the pool by any path. A pool that was not used for
 * FL_OUTBOUND_POOL_IDLE_NS is closed.
 *
 * A request that reached a peer on a reused connection and got no answer is sent once more by
 * libcurl; this is prevented for methods that are not idempotent (RFC 9110 section 9.2.2).
 *
 * Limits, each for the memory of a hostile or broken side: the FL_OUTBOUND_* numbers below.
 */
#ifndef FL_GATEWAY_OUTBOUND_CLIENT_H
#define FL_GATEWAY_OUTBOUND_CLIENT_H

#include "base/error.h"
#include "base/str.h"
#include "gateway/loop/loop.h"

#define FL_OUTBOUND_URL_MAX 8192u
#define FL_OUTBOUND_FIELDS_MAX 128u /* header fields, each way */
#define FL_OUTBOUND_HEAD_MAX (32u << 10) /* bytes of names and values, each way */
#define FL_OUTBOUND_POOL_IDLE_NS (60 * FL_NS_PER_SEC)
/* What 0 in a policy means. */
#define FL_OUTBOUND_CONNECT_TIMEOUT_MS 5000u
#define FL_OUTBOUND_TIMEOUT_MS 30000u
#define FL_OUTBOUND_MAX_CONCURRENT 1024u

struct fl_outbound;

struct fl_header {
	struct fl_str name, value;
};

enum fl_outbound_outcome {
	FL_OUTBOUND_OK, /* any HTTP answer */
	FL_OUTBOUND_CONNECT_FAILED, /* resolve or connect; nothing was sent */
	FL_OUTBOUND_DENIED, /* the target guard refused every address */
	FL_OUTBOUND_BROKEN, /* sent, then no whole answer */
	FL_OUTBOUND_TIMEOUT,
	FL_OUTBOUND_TOO_LARGE, /* response over max_response_bytes, or its head over the limits */
	FL_OUTBOUND_CANCELLED,
};

/* Where a pool of connections may go. Immutable; owned by whoever made it, outlives its requests.
 * One per connector instance: connections are reused only within one target policy. */
struct fl_outbound_policy {
	bool allow_private; /* private, loopback, link-local, unique-local, ... addresses */
	bool allow_any_host; /* else: only the pairs below */
	const struct fl_str *hosts; /* "api.example.com:443", "*.example.com:443" */
	size_t hosts_n;
	uint32_t connect_timeout_ms, timeout_ms; /* 0: default */
	uint32_t max_concurrent; /* requests at once on one loop; 0: default */
	size_t max_response_bytes;
	uint64_t pool; /* unique number of the connection pool */
	const char *ca_file; /* PEM, the only authorities that count; NULL: the system's */
};

struct fl_outbound_response {
	enum fl_outbound_outcome outcome;
	uint32_t http_status; /* when OK */
	const struct fl_header *headers; /* names in lower case; hop-by-hop and framing removed */
	size_t headers_n;
	struct fl_str body;
	uint64_t elapsed_ns;
	bool was_sent; /* request bytes may have reached the peer */
	const char *detail; /* for the log, never for clients; "" when OK */
};

struct fl_outbound_request;
/* Exactly once per started request, on the client's loop, never inside fl_outbound_send().
 * The response is borrowed for the call. */
typedef void (*fl_outbound_done_fn)(void *ctx, const struct fl_outbound_response *response);

struct fl_outbound_target { /* where a request goes, as libcurl understood the URL */
	/* lower case, without brackets, zone id and dot at its end; lives as long as the call */
	struct fl_str host;
	uint16_t port;
	bool is_internal; /* not public as it is written: fl_outbound_guard_is_internal() */
};
/* May this request go there? Asked inside fl_outbound_send(), after the policy. [loop] */
typedef bool (*fl_outbound_may_fn)(void *ctx, const struct fl_outbound_target *target);

struct fl_outbound_args { /* everything is copied by fl_outbound_send() but policy and ctx */
	const struct fl_outbound_policy *policy;
	struct fl_str method, url;
	/* Framing and hop-by-hop fields and Expect are dropped. Host is the URL's unless one is
	 * here; it names a virtual host there, and does not change where the request goes. */
	const struct fl_header *headers;
	size_t headers_n;
	struct fl_str body;
	uint64_t deadline_ns; /* monotonic; 0: policy->timeout_ms from now; the earlier counts */
	fl_outbound_may_fn may; /* NULL: it may */
	fl_outbound_done_fn on_done;
	void *ctx;
};

FL_MUST_USE int fl_outbound_create(struct fl_loop *loop, struct fl_outbound **ret);
/* Cancels what runs (on_done is called for each). Not from inside on_done. Accepts NULL. */
struct fl_outbound *fl_outbound_destroy(struct fl_outbound *client);
/* [loop] 0 and *ret (for fl_outbound_cancel; invalid once on_done was called), or -1 and err with
 * code "outbound_busy" (max_concurrent), "outbound_denied" (host not allowed, or `may` said no),
 * "outbound_invalid" (method, URL or header). on_done is not called then. */
FL_MUST_USE int fl_outbound_send(struct fl_outbound *client, const struct fl_outbound_args *args,
				 struct fl_outbound_request **ret, struct fl_error *err);
/* on_done comes later, with FL_OUTBOUND_CANCELLED unless it was complete. [loop] */
void fl_outbound_cancel(struct fl_outbound_request *request);
/* Closes a pool's connections now, or when its last request ends: for policies that go away. [loop] */
void fl_outbound_drop_pool(struct fl_outbound *client, uint64_t pool);

#endif
