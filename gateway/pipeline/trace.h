/* gateway/pipeline/trace.h - what ties a request to what others know of it
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two names: the request id (one per request, in the answer, the log and what connectors see) and
 * the trace (W3C Trace Context, level 1: https://www.w3.org/TR/trace-context-1/).
 *
 * From a trusted peer (server.trusted_proxies) both are continued: a valid traceparent keeps its
 * trace id and its sampled flag and gets a new parent id, tracestate is passed on, an X-Request-Id
 * that is a plain token is taken over. From anybody else the trace is restarted, which section 4.1
 * of the specification allows ("restart trace") and its section 6.2 advises at a border of trust: a
 * stranger must not choose ids under which an operator looks for things, nor make others record.
 * What does not parse, or comes twice, counts as absent. New traces carry the sampled flag: services
 * behind the gateway that follow their parent would record nothing otherwise.
 */
#ifndef FL_GATEWAY_PIPELINE_TRACE_H
#define FL_GATEWAY_PIPELINE_TRACE_H

#include "base/str.h"

#define FL_TRACEPARENT_LEN 55u

struct fl_traceparent {
	struct fl_str trace_id; /* 32 digits, of the parsed text */
	bool is_sampled;
};

struct fl_request;

/* True and *ret when it is valid, also of a later version than 00. */
bool fl_traceparent_parse(struct fl_str text, struct fl_traceparent *ret);
/* At most FL_REQUEST_ID_MAX letters, digits and "-_.~:/+=@". */
bool fl_request_id_is_sane(struct fl_str text);
/* Fills request_id, traceparent, is_trace_continued, user_agent. Both ids stay empty when the arena
 * is full. Reads the headers once. */
void fl_trace_begin(struct fl_request *req);
/* Is this header one that the gateway speaks of itself, so that connectors must not see it twice? */
bool fl_trace_is_own_header(const struct fl_request *req, struct fl_str lower_name);

#endif
