/* plugins/github/github.h - what the parts of the github connector share
 * SPDX-License-Identifier: Apache-2.0
 *
 * Webhooks come in and go to a sink as CloudEvents (receive.c); actions call GitHub's REST API
 * (action.c). "parallel": all is immutable after create() but for the table of API calls under way,
 * which is lock-free.
 */
#ifndef FL_PLUGINS_GITHUB_GITHUB_H
#define FL_PLUGINS_GITHUB_GITHUB_H

#include <stdatomic.h>

#include <fairlead/ext/http.h>
#include <fairlead/sdk/reply.h>

/* API calls at once; a power of two. The default concurrency of an instance is the same. */
#define GITHUB_CALLS_MAX 1024u
#define GITHUB_URL_MAX 2048u

struct fairlead_inst {
	sdk_self self;
	const fairlead_http *http;
	fairlead_str sink, api, web; /* URLs without their last "/"; sink may be empty */
	fairlead_str authorization;  /* "Bearer ..."; empty: no token */
	uint32_t timeout_ms, reserved0;
	_Atomic fairlead_id calls[GITHUB_CALLS_MAX]; /* requests that wait for the API; 0: free */
	char text[];                                 /* strings of the configuration */
};

/* receive.c: a webhook of GitHub. */
fairlead_status github_receive(fairlead_inst *inst, const fairlead_request *req);
/* The sink answered. */
void github_receive_done(fairlead_inst *inst, fairlead_id req, const fairlead_http_response *r);

/* action.c: true when `name` is one of the actions that call the API. */
int github_is_action(fairlead_str name);
fairlead_status github_action(fairlead_inst *inst, const fairlead_request *req);
/* GitHub answered. */
void github_action_done(fairlead_inst *inst, fairlead_id req, const fairlead_http_response *r);

/* Was `req` waiting for the API? Forgets it. */
int github_calls_take(fairlead_inst *inst, fairlead_id req);
/* 0: the table is full. */
int github_calls_put(fairlead_inst *inst, fairlead_id req);

static inline fairlead_status github_bad_request(fairlead_inst *inst, fairlead_id req,
                                                 fairlead_str detail)
{
	return sdk_reply_problem(inst->self, req, 400, "Bad Request", detail);
}

#endif
