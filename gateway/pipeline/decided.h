/* gateway/pipeline/decided.h - private: what policies said of a request, and what becomes of it
 * SPDX-License-Identifier: Apache-2.0
 *
 * The authorize stage decides and fulfils what permits ask of the head; dispatch and respond fulfil
 * what is theirs; the record stage counts and logs. An obligation that cannot be fulfilled turns
 * the decision into a deny, in whatever stage that is.
 */
#ifndef FL_GATEWAY_PIPELINE_DECIDED_H
#define FL_GATEWAY_PIPELINE_DECIDED_H

#include <stdatomic.h>

#include "gateway/authorize/decide.h"
#include "gateway/observe/metric.h"
#include "gateway/pipeline/request.h"

/* How a request would have fared if the shadowed policies were in force. */
enum fl_shadow {
	FL_SHADOW_SAME,
	FL_SHADOW_TO_DENY,
	FL_SHADOW_TO_ALLOW,
	FL_SHADOW_ERROR,
	FL_SHADOWS
};

struct fl_policy_counts { /* of one worker, which alone writes them */
	uint64_t seen;    /* for sampling */
	_Atomic uint64_t shadow[FL_SHADOWS];
	_Atomic uint64_t errors; /* policies that could not be evaluated */
};

struct fl_question { /* stays where it is */
	struct fl_decide_request as_policies_see_it;
	struct fl_request *req;
};

struct fl_pipeline;

struct fl_decided { /* in the request's arena */
	struct fl_decision decision;
	enum fl_metric_decision outcome;
	bool is_logged, is_whole; /* with its context */
	/* Of the permits that allow it: what is due when the request goes out and its answer comes
	 * in. Borrowed from the snapshot. */
	const struct fl_obligation **duties;
	size_t duties_n;
};

/* The request as policies see it. All is borrowed from the request; its arena is used. */
void fl_decided_ask(struct fl_request *req, struct fl_question *ret);
/* Counts and logs; req->decided is there. [loop of the worker] */
void fl_decided_record(struct fl_request *req, struct fl_metric_route_shard *shard);
/* Tells Prometheus of the policies; once a process. */
FL_MUST_USE int fl_decided_register(struct fl_pipeline *pipeline);

/* What permits ask of the head: rate, time, size of the body; the rest becomes due. RESPOND: the
 * request ends with a problem. */
enum fl_request_verdict fl_fulfil_head(struct fl_request *req);
/* Room that fl_fulfil_headers() needs. */
size_t fl_fulfil_headers_n(const struct fl_request *req);
/* Replaces and adds what permits set among `n` headers; returns how many there are. */
size_t fl_fulfil_headers(struct fl_request *req, fairlead_kv *headers, size_t n);
/* Takes out of req->response what permits redact. False: it cannot be done. */
bool fl_fulfil_answer(struct fl_request *req);

#endif
