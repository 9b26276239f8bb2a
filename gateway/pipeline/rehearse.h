/* gateway/pipeline/rehearse.h - what the stages before the decision would say to a request
 * SPDX-License-Identifier: Apache-2.0
 *
 * For explanations: no worker, no connection, no snapshot, and nothing is counted. The answer is
 * that of the stages path, route and authenticate, for a caller who has proved who it is.
 */
#ifndef FL_GATEWAY_PIPELINE_REHEARSE_H
#define FL_GATEWAY_PIPELINE_REHEARSE_H

#include "gateway/auth/principal.h"
#include "gateway/pipeline/problem.h"
#include "gateway/route/table.h"

struct fl_rehearsal { /* all borrowed */
	enum fl_method method;
	struct fl_str host; /* lower case, without port */
	struct fl_str path; /* as the request has it, without query */
	const struct fl_cfg_consumer *consumer; /* who calls; NULL: nobody that is known */
	fl_route_header_fn header;
	const void *ctx;
};

struct fl_rehearsed {
	const struct fl_problem_type *refused; /* NULL: it would come to the decision */
	const struct fl_cfg_route *route; /* of the configuration; NULL: none */
	struct fl_principal principal; /* nobody on a route that asks for nothing */
	struct fl_str path; /* canonical; in the arena, or as it was given */
};

/* Builds the table of routes for this one question: for people, not for the request path. False: out
 * of memory. [any] */
FL_MUST_USE bool fl_rehearse(const struct fl_config *config, const struct fl_rehearsal *ask,
			     struct fl_arena *arena, struct fl_rehearsed *ret);

#endif
