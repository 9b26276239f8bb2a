/* gateway/pipeline/problem.c - what a client is told when the gateway itself answers
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/problem.h"

#include "base/buf.h"

#define CLOSE .must_close = true
#define RETRY_AFTER(seconds) .retry_after_s = (seconds)

static const struct fl_problem_type types[FL_PROBLEMS] = {
	[FL_PROBLEM_NO_CONFIGURATION] = {"no_configuration", "Not ready", "The gateway has no "
		"configuration yet. Try again; if it stays so, its log and GET /healthz/ready of its "
		"admin listener say why.", 503, RETRY_AFTER(1)},
	[FL_PROBLEM_ROUTE_NOT_FOUND] = {"route_not_found", "No route matches", "No route matches host, "
		"path and headers of this request. Compare them with \"match\" of the routes in the "
		"configuration; the path is matched as it stands in the access log.", 404},
	[FL_PROBLEM_METHOD_NOT_ALLOWED] = {"method_not_allowed", "Method not allowed", "There is a "
		"route for this host and path, but not for this method. The Allow field lists those "
		"that there are.", 405},
	[FL_PROBLEM_ENCODED_SLASH] = {"path_encoded_slash", "Ambiguous path", "The path holds an "
		"escaped \"/\" (%2F), which some readers take for a separator. Send it in the query, or "
		"set allow_encoded_slash on the route.", 400, CLOSE},
	[FL_PROBLEM_CREDENTIALS_MISSING] = {"credentials_missing", "Not authenticated", "This route asks "
		"who calls. Send what proves it; WWW-Authenticate names the schemes that it takes. An API "
		"key goes as \"X-API-Key: fl_live_...\" or \"Authorization: Bearer fl_live_...\".", 401,
		.challenge = "Bearer"},
	/* Never says which of them, or what is wrong with it. */
	[FL_PROBLEM_CREDENTIALS_INVALID] = {"credentials_invalid", "Not authenticated", "What was sent to "
		"prove who calls is not known, not right, not valid any more, or there are two. Send one "
		"that is, or ask the operator for a new one.", 401, .challenge = "Bearer"},
	[FL_PROBLEM_AUTH_SLOWED] = {"auth_slowed", "Too many failed attempts", "Too many requests from "
		"your address came with what was not right, so what proves who calls is not looked at for "
		"a while. Send what is right after the seconds of Retry-After.", 429},
	[FL_PROBLEM_BODY_LARGE] = {"body_too_large", "Body too large", "The body is over the limit that "
		"policies set for you. Send less at once.", 413},
	/* Never which policy: ids are for the log. */
	[FL_PROBLEM_FORBIDDEN] = {"forbidden", "Not allowed", "The policies of this gateway do not allow "
		"this request. Where there is \"advice\" it says what would; else ask the operator, "
		"whose decision log has the reason under this request id.", 403},
	[FL_PROBLEM_RATE_LIMITED] = {"rate_limited", "Too many requests", "More requests than you are "
		"allowed to send in this time. Try again after the seconds of Retry-After.", 429},
	[FL_PROBLEM_OBLIGATION] = {"obligation_unfulfilled", "Not allowed", "The answer may be given only "
		"without some of its members, and they could not be taken out: it is not plain JSON. "
		"The request may have taken effect. Ask the operator.", 403},
	[FL_PROBLEM_INSTANCE_BUSY] = {"instance_busy", "Too many requests at once", "The connector "
		"instance already works on as many requests as its concurrency limit allows. Try "
		"again, or raise the limit.", 503, RETRY_AFTER(1)},
	[FL_PROBLEM_INSTANCE_UNAVAILABLE] = {"instance_unavailable", "Connector unavailable", "The "
		"connector instance does not run. Its state and the reason are in GET /v1/instances "
		"of the admin API.", 503, RETRY_AFTER(5)},
	[FL_PROBLEM_DEADLINE] = {"deadline_exceeded", "No answer in time", "The connector gave no "
		"answer within the time limit of the route. It is not known whether the request took "
		"effect. Raise the route's timeout if the work takes that long.", 504},
	[FL_PROBLEM_SHUTTING_DOWN] = {"shutting_down", "Shutting down", "The gateway stops and could "
		"not wait longer for the answer. It is not known whether the request took effect. Try "
		"again on a new connection.", 503, RETRY_AFTER(1), CLOSE},
	[FL_PROBLEM_CONNECTOR_TIMEOUT] = {"connector_timeout", "No answer in time", "The connector's "
		"peer gave no answer in time. It is not known whether the request took effect.", 504},
	[FL_PROBLEM_CONNECTOR_BUSY] = {"connector_busy", "Connector busy", "The connector is at a limit "
		"of its own. Try again later.", 503, RETRY_AFTER(1)},
	[FL_PROBLEM_CONNECTOR_REFUSED] = {"connector_refused", "Bad request", "The connector does not "
		"accept this request. Compare it with what the action's documentation asks for.", 400},
	[FL_PROBLEM_CONNECTOR_TOO_LARGE] = {"connector_too_large", "Too large", "The request, or what "
		"it leads to, is over a size limit of the connector. Send less at once.", 413},
	[FL_PROBLEM_CONNECTOR_FAILED] = {"connector_failed", "Connector failed", "The connector, or "
		"the peer that it speaks to, failed. The gateway's log tells the reason under this "
		"request id.", 502},
	[FL_PROBLEM_CONNECTOR_BROKEN] = {"connector_broken", "Connector broken", "The connector gave "
		"no valid answer. This is a defect of the connector; the gateway's log tells more.", 502},
	[FL_PROBLEM_MEMORY] = {"request_memory", "Out of memory", "The request and its answer need "
		"more memory than one request may use. Send or ask for less at once.", 500},
};

const struct fl_problem_type *fl_problem_type(enum fl_problem_id id)
{
	FL_ASSERT(id < FL_PROBLEMS);
	return &types[id];
}

static const struct {
	uint16_t status;
	const char *title;
} titles[] = {
    {400, "Bad request"},
    {401, "Not authenticated"},
    {403, "Not allowed"},
    {404, "Not found"},
    {405, "Method not allowed"},
    {408, "Request too slow"},
    {411, "Length required"},
    {413, "Body too large"},
    {414, "Request target too long"},
    {417, "Expectation failed"},
    {429, "Too many requests"},
    {431, "Header fields too large"},
    {500, "Internal error"},
    {501, "Not implemented"},
    {503, "Unavailable"},
    {505, "HTTP version not supported"},
};

const char *fl_problem_title(uint32_t status)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status < 500 ? "Request refused" : "Request failed";
}

static char *add(char *at, struct fl_str s)
{
	memcpy(at, s.p, s.n);
	return at + s.n;
}

static char *add_status(char *at, uint16_t status)
{
	*at++ = (char)('0' + status / 100 % 10);
	*at++ = (char)('0' + status / 10 % 10);
	*at++ = (char)('0' + status % 10);
	return at;
}

struct fl_str fl_problem_json(struct fl_arena *arena, const struct fl_problem_type *type,
			      struct fl_str request_id, struct fl_str members)
{
	static const char frame[] = "{'type':'urn:fairlead:problem:','title':'','status':000,"
				    "'detail':'','request_id':''}\n";
	struct fl_str code = fl_str(type->code), title = fl_str(type->title);
	struct fl_str detail = fl_str(type->detail);
	size_t text = code.n + title.n + detail.n + request_id.n;
	/* \u00XX: 6 for one */
	char *p = fl_arena_alloc(arena, sizeof frame + text * 6 + members.n), *at = p;

	if (!p)
		return FL_STR_NULL;
	at = add(at, FL_STR("{\"type\":\"urn:fairlead:problem:"));
	at += fl_json_escape(at, code);
	at = add(at, FL_STR("\",\"title\":\""));
	at += fl_json_escape(at, title);
	at = add_status(add(at, FL_STR("\",\"status\":")), type->status);
	at = add(at, FL_STR(",\"detail\":\""));
	at += fl_json_escape(at, detail);
	if (request_id.n > 0) {
		at = add(at, FL_STR("\",\"request_id\":\""));
		at += fl_json_escape(at, request_id);
	}
	*at++ = '"';
	if (members.n > 0)
		at = add(at, members);
	at = add(at, FL_STR("}\n"));
	return fl_str_n(p, (size_t)(at - p));
}
