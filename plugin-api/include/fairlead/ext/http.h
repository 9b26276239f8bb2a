/* fairlead/ext/http.h - fairlead.http/1: HTTP requests made by the host
 * SPDX-License-Identifier: Apache-2.0
 *
 * The host owns sockets, TLS, proxies, connection reuse and the rules on where an instance may
 * connect. A header value may contain "${secret:NAME}": the host puts the secret in when it sends,
 * the connector never sees it. Manifest: "requires": ["fairlead.http/1"] and permissions.egress.
 */
#ifndef FAIRLEAD_EXT_HTTP_H
#define FAIRLEAD_EXT_HTTP_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FAIRLEAD_EXT_HTTP "fairlead.http/1"

typedef struct fairlead_http_request {
	uint32_t struct_size;
	uint32_t flags; /* none defined yet */
	fairlead_str method;
	fairlead_str url; /* absolute, http or https, at most 8 KiB */
	const fairlead_kv *headers; /* at most 100; framing and hop-by-hop fields are dropped;
				     * "host" replaces the name in the url for the peer to
				     * see, not where the host connects to */
	size_t headers_n;
	fairlead_str body;
	uint64_t max_response_bytes; /* 0: the instance's limit; never above it */
	uint32_t connect_timeout_ms; /* 0: the instance's limit; never above it */
	uint32_t timeout_ms; /* in total; 0: what is left of the request's deadline */
} fairlead_http_request;

/* Payload of FAIRLEAD_EVENT_HTTP when status is FAIRLEAD_OK: whatever the peer answered, any code.
 * Redirects are not followed. Borrowed for the call of on_event(). */
typedef struct fairlead_http_response {
	uint32_t struct_size;
	uint32_t http_status;
	const fairlead_kv *headers; /* names in lower case; framing and hop-by-hop fields removed */
	size_t headers_n;
	fairlead_str body;
	uint64_t elapsed_ns;
} fairlead_http_response;

typedef struct fairlead_http {
	uint32_t struct_size;
	uint32_t reserved0;
	/* Starts a request; all arguments are copied. FAIRLEAD_PENDING and *ret_op: exactly one
	 * FAIRLEAD_EVENT_HTTP will come, never before the current callback returned; with status
	 * FAIRLEAD_OK, FAIRLEAD_E_TIMEOUT, FAIRLEAD_E_UPSTREAM (could not connect, broke off),
	 * FAIRLEAD_E_DENIED (address refused), FAIRLEAD_E_TOO_LARGE or FAIRLEAD_E_CANCELLED.
	 * < 0: not started, no event: E_INVAL, E_STALE, E_DENIED, E_AGAIN (concurrency). On some
	 * threads the host finds that out only later: then it is the event's status.
	 * `req`: the request this is for (see on_cancel() for when nobody waits for it), or 0.
	 * [any & starting, running or quiescing] */
	fairlead_status(FAIRLEAD_CALL *send)(fairlead_id self, fairlead_id req,
					     const fairlead_http_request *args, fairlead_id *ret_op);
	/* Asks to withdraw; the one event still comes. FAIRLEAD_E_STALE: it is over.
	 * [any & starting, running or quiescing] */
	fairlead_status(FAIRLEAD_CALL *cancel)(fairlead_id self, fairlead_id op);
} fairlead_http;

#ifdef __cplusplus
}
#endif
#endif
