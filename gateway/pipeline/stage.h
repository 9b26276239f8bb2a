/* gateway/pipeline/stage.h - private: the stages; their order is in request.c
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stage reads and fills the request and says how it goes on. To end it with a problem a stage
 * returns fl_stage_refuse(); the document is made by the respond stage.
 */
#ifndef FL_GATEWAY_PIPELINE_STAGE_H
#define FL_GATEWAY_PIPELINE_STAGE_H

#include "gateway/pipeline/request.h"

typedef enum fl_request_verdict (*fl_stage_fn)(struct fl_request *req);

enum fl_request_verdict fl_stage_guard(struct fl_request *req);
enum fl_request_verdict fl_stage_pre_limit(struct fl_request *req);
enum fl_request_verdict fl_stage_limit(struct fl_request *req);
enum fl_request_verdict fl_stage_authenticate(struct fl_request *req);
enum fl_request_verdict fl_stage_verify(struct fl_request *req);
enum fl_request_verdict fl_stage_authorize(struct fl_request *req);
enum fl_request_verdict fl_stage_route(struct fl_request *req);
enum fl_request_verdict fl_stage_dispatch(struct fl_request *req);
enum fl_request_verdict fl_stage_respond(struct fl_request *req);
enum fl_request_verdict fl_stage_settle(struct fl_request *req);
enum fl_request_verdict fl_stage_record(struct fl_request *req);

static inline enum fl_request_verdict fl_stage_refuse(struct fl_request *req,
						      const struct fl_problem_type *problem)
{
	req->problem = *problem;
	return FL_REQUEST_RESPOND;
}

/* RateLimit and RateLimit-Policy, into the response that is there: limit.c. */
void fl_limit_tell(struct fl_request *req);

/* What the dispatch stage gives to fl_call_start(). */
void fl_request_on_done(struct fl_call *call);
void fl_request_on_paid(struct fl_call *call);

/* The client's address: four bytes, or the first eight of IPv6; what is none, as it is. In the
 * request's arena. */
struct fl_str fl_request_network(struct fl_request *req);

static inline struct fl_str fl_str_from(fairlead_str s)
{
	return fl_str_n(s.p, s.n);
}

static inline fairlead_str fl_str_to(struct fl_str s)
{
	return (fairlead_str){s.p, s.n};
}

#endif
