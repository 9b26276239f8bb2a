/* gateway/pipeline/problem.h - what a client is told when the gateway itself answers
 * SPDX-License-Identifier: Apache-2.0
 *
 * RFC 9457 documents. The codes here are those of the pipeline; the transport has its own (strict
 * HTTP, limits) and those of paths are in path.c. A detail says what to change, never what is
 * inside: what connectors say of their failures goes to the log only.
 */
#ifndef FL_GATEWAY_PIPELINE_PROBLEM_H
#define FL_GATEWAY_PIPELINE_PROBLEM_H

#include "base/arena.h"

struct fl_problem_type { /* all static */
	const char *code; /* type is "urn:fairlead:problem:" and this; NULL: no problem */
	const char *title, *detail;
	uint16_t status;
	uint32_t retry_after_s; /* 0: no such field */
	const char *challenge; /* lives as long as the snapshot; WWW-Authenticate (RFC 9110, 11.6.1); NULL: no such field */
	bool must_close; /* the connection cannot be used any more */
};

enum fl_problem_id {
	FL_PROBLEM_NO_CONFIGURATION,
	FL_PROBLEM_ROUTE_NOT_FOUND,
	FL_PROBLEM_METHOD_NOT_ALLOWED,
	FL_PROBLEM_ENCODED_SLASH,
	FL_PROBLEM_CREDENTIALS_MISSING,
	FL_PROBLEM_CREDENTIALS_INVALID,
	FL_PROBLEM_AUTH_SLOWED,
	FL_PROBLEM_BODY_LARGE,
	FL_PROBLEM_FORBIDDEN,
	FL_PROBLEM_RATE_LIMITED,
	FL_PROBLEM_OBLIGATION,
	FL_PROBLEM_INSTANCE_BUSY,
	FL_PROBLEM_INSTANCE_UNAVAILABLE,
	FL_PROBLEM_DEADLINE,
	FL_PROBLEM_SHUTTING_DOWN,
	FL_PROBLEM_CONNECTOR_TIMEOUT,
	FL_PROBLEM_CONNECTOR_BUSY,
	FL_PROBLEM_CONNECTOR_REFUSED,
	FL_PROBLEM_CONNECTOR_TOO_LARGE,
	FL_PROBLEM_CONNECTOR_FAILED,
	FL_PROBLEM_CONNECTOR_BROKEN,
	FL_PROBLEM_MEMORY,
	FL_PROBLEMS,
};

const struct fl_problem_type *fl_problem_type(enum fl_problem_id id);
/* A title for a problem that is not in the table: the status in words. */
const char *fl_problem_title(uint32_t status);
/* {"type":...,"title":...,"status":...,"detail":...,"request_id":...} and a newline; without
 * request_id when that is empty. `members` are extension members as JSON, each with a comma before
 * it; or empty. {NULL,0} when the arena is full. */
struct fl_str fl_problem_json(struct fl_arena *arena, const struct fl_problem_type *type,
			      struct fl_str request_id, struct fl_str members);

#endif
