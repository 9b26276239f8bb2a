/* plugins/github/action.c - calls of GitHub's REST API
 * SPDX-License-Identifier: Apache-2.0
 *
 * An action takes a JSON object. The fields that belong to the path are taken out of it, the rest
 * is checked by kind and sent on as it came. What GitHub answers to a call that went well is passed
 * on; what went wrong becomes a problem that says whose turn it is.
 */
#include "plugins/github/github.h"

#include <stdlib.h>

#define FIELDS_MAX 16u

enum where { IN_BODY, OWNER, REPO, NUMBER, WHERE_COUNT };

struct field {
	const char *name; /* NULL ends the list */
	char kind;        /* first character of its JSON: " [ {, or 0 for a whole number */
	char is_required;
	enum where where;
};

struct action {
	const char *name;
	const char *before_number, *after; /* of the path, after owner and repo */
	struct field fields[FIELDS_MAX];
};

static const struct action actions[] = {
    {"create_issue",
     "/issues",
     "",
     {{"owner", '"', 1, OWNER},
      {"repo", '"', 1, REPO},
      {"title", '"', 1, IN_BODY},
      {"body", '"', 0, IN_BODY},
      {"labels", '[', 0, IN_BODY},
      {"assignees", '[', 0, IN_BODY},
      {"milestone", 0, 0, IN_BODY},
      {"type", '"', 0, IN_BODY}}},
    {"add_comment",
     "/issues/",
     "/comments",
     {{"owner", '"', 1, OWNER},
      {"repo", '"', 1, REPO},
      {"issue_number", 0, 1, NUMBER},
      {"body", '"', 1, IN_BODY}}},
    {"create_check_run",
     "/check-runs",
     "",
     {{"owner", '"', 1, OWNER},
      {"repo", '"', 1, REPO},
      {"name", '"', 1, IN_BODY},
      {"head_sha", '"', 1, IN_BODY},
      {"status", '"', 0, IN_BODY},
      {"conclusion", '"', 0, IN_BODY},
      {"started_at", '"', 0, IN_BODY},
      {"completed_at", '"', 0, IN_BODY},
      {"details_url", '"', 0, IN_BODY},
      {"external_id", '"', 0, IN_BODY},
      {"output", '{', 0, IN_BODY},
      {"actions", '[', 0, IN_BODY}}},
};

static const struct action *find_action(fairlead_str name)
{
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (sdk_str_is(name, actions[i].name))
			return &actions[i];
	return NULL;
}

int github_is_action(fairlead_str name)
{
	return find_action(name) != NULL;
}

/* ---- input ---- */

struct input {
	sdk_text body;                   /* for GitHub */
	fairlead_str where[WHERE_COUNT]; /* raw values for the path */
	uint32_t seen, reserved0;
	sdk_text why;
	char why_memory[256];
};

static int bad(struct input *in, const char *field, const char *what)
{
	if (in->why.n == 0) {
		sdk_add_c(&in->why, field);
		sdk_add_c(&in->why, what);
	}
	return 0;
}

/* Owner and repository: what GitHub allows in names, so nothing can climb out of the path. */
static int is_path_name(fairlead_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') && strchr("-_.", s.p[i]) == NULL)
			return 0;
	return s.n != 0 && s.n <= 100 && !sdk_str_is(s, ".") && !sdk_str_is(s, "..");
}

static int read_path_field(struct input *in, const struct field *f, sdk_json *j)
{
	fairlead_str *value = &in->where[f->where];
	uint64_t number;
	const char *start;

	if (f->where == NUMBER) {
		(void)sdk_json_peek(j);
		start = j->at;
		if (!sdk_json_u64(j, &number))
			return bad(in, f->name, ": a whole number is expected");
		*value = sdk_str_n(start, (size_t)(j->at - start));
		return 1;
	}
	if (!sdk_json_string(j, value) || !is_path_name(*value))
		return bad(in, f->name, ": letters, digits, \"-\", \"_\" and \".\" are expected");
	return 1;
}

static int read_body_field(struct input *in, const struct field *f, sdk_json *j)
{
	char c = sdk_json_peek(j);
	fairlead_str value;

	if (c == 'n' && !f->is_required)
		c = f->kind; /* null stands for any kind; the reader checks that it is null */
	else if (c >= '0' && c <= '9')
		c = 0;
	if (c != f->kind)
		return bad(in, f->name,
		           f->kind == '"'   ? ": a string is expected"
		           : f->kind == '[' ? ": an array is expected"
		           : f->kind == '{' ? ": an object is expected"
		                            : ": a whole number is expected");
	if (!sdk_json_skip(j, &value))
		return 0;
	sdk_add_c(&in->body, in->body.n == 1 ? "\"" : ",\"");
	sdk_add_c(&in->body, f->name);
	sdk_add_c(&in->body, "\":");
	sdk_add(&in->body, value);
	return 1;
}

static int read_field(struct input *in, const struct action *action, fairlead_str key, sdk_json *j)
{
	size_t i;

	for (i = 0; i < FIELDS_MAX && action->fields[i].name != NULL; i++)
		if (sdk_json_is(key, action->fields[i].name))
			break;
	if (i == FIELDS_MAX || action->fields[i].name == NULL) {
		sdk_add_c(&in->why, "no such field: ");
		sdk_add(&in->why, key.n > 64 ? sdk_str_n(key.p, 64) : key);
		return 0;
	}
	if ((in->seen & (1u << i)) != 0)
		return bad(in, action->fields[i].name, ": is there twice");
	in->seen |= 1u << i;
	return action->fields[i].where == IN_BODY ? read_body_field(in, &action->fields[i], j)
	                                          : read_path_field(in, &action->fields[i], j);
}

static int read_input(struct input *in, const struct action *action, fairlead_str text)
{
	sdk_json j = sdk_json_over(text);
	fairlead_str key;

	sdk_add_c(&in->body, "{");
	(void)sdk_json_object(&j);
	while (sdk_json_key(&j, &key))
		if (!read_field(in, action, key, &j))
			break;
	if (in->why.n == 0 && !sdk_json_done(&j))
		return bad(in, "the input is not JSON: ", j.error);
	for (size_t i = 0; in->why.n == 0 && i < FIELDS_MAX && action->fields[i].name != NULL; i++)
		if (action->fields[i].is_required && (in->seen & (1u << i)) == 0)
			return bad(in, action->fields[i].name, ": is missing");
	sdk_add_c(&in->body, "}");
	return in->why.n == 0;
}

/* ---- the call ---- */

static fairlead_status send_call(fairlead_inst *inst, const fairlead_request *req,
                                 const struct action *action, const struct input *in)
{
	char url_memory[GITHUB_URL_MAX];
	sdk_text url = sdk_text_in(url_memory, sizeof url_memory);
	fairlead_kv headers[] = {
	    {sdk_str("accept"), sdk_str("application/vnd.github+json")},
	    {sdk_str("content-type"), sdk_str("application/json; charset=utf-8")},
	    {sdk_str("user-agent"), sdk_str("fairlead-github/" FAIRLEAD_CONNECTOR_VERSION)},
	    {sdk_str("x-github-api-version"), sdk_str("2022-11-28")},
	    {sdk_str("authorization"), inst->authorization},
	    {sdk_str(NULL), sdk_str(NULL)},
	};
	fairlead_http_request send = {.struct_size = sizeof send, .timeout_ms = inst->timeout_ms};
	fairlead_status status;
	fairlead_id op;

	sdk_add(&url, inst->api);
	sdk_add_c(&url, "/repos/");
	sdk_add(&url, in->where[OWNER]);
	sdk_add_c(&url, "/");
	sdk_add(&url, in->where[REPO]);
	sdk_add_c(&url, action->before_number);
	sdk_add(&url, in->where[NUMBER]);
	sdk_add_c(&url, action->after);
	send.headers_n = inst->authorization.n == 0 ? 4 : 5;
	if (req->traceparent.n != 0)
		headers[send.headers_n++] = sdk_kv(sdk_str("traceparent"), req->traceparent);
	send.method = sdk_str("POST");
	send.url = sdk_text_str(&url);
	send.headers = headers;
	send.body = sdk_text_str(&in->body);
	if (url.is_full || in->body.is_full)
		return sdk_fail(inst->self, req->id, FAIRLEAD_E_TOO_LARGE, "the call is too long");
	if (!github_calls_put(inst, req->id))
		return sdk_fail(inst->self, req->id, FAIRLEAD_E_AGAIN, "too many calls under way");
	status = inst->http->send(inst->self.id, req->id, &send, &op);
	if (status == FAIRLEAD_PENDING)
		return FAIRLEAD_PENDING;
	(void)github_calls_take(inst, req->id);
	return sdk_fail(inst->self, req->id,
	                status == FAIRLEAD_E_AGAIN ? status : FAIRLEAD_E_UPSTREAM,
	                "the host did not start the call");
}

fairlead_status github_action(fairlead_inst *inst, const fairlead_request *req)
{
	const struct action *action = find_action(req->action);
	struct input in = {.seen = 0};
	/* Names without escapes are not longer than they came; braces and a comma may be added. */
	size_t cap = req->body.n + 64;
	char *memory = malloc(cap);
	fairlead_status status;

	if (memory == NULL)
		return sdk_fail(inst->self, req->id, FAIRLEAD_E_AGAIN, "out of memory");
	in.body = sdk_text_in(memory, cap);
	in.why = sdk_text_in(in.why_memory, sizeof in.why_memory);
	status = read_input(&in, action, req->body)
	             ? send_call(inst, req, action, &in)
	             : github_bad_request(inst, req->id, sdk_text_str(&in.why));
	free(memory);
	return status;
}

/* ---- the answer ---- */

/* GitHub's "message", decoded into `memory`; empty when there is none. */
static fairlead_str message_of(fairlead_str body, char *memory, size_t cap)
{
	sdk_json j = sdk_json_over(body);
	sdk_text t = sdk_text_in(memory, cap);
	fairlead_str key, raw;

	(void)sdk_json_object(&j);
	while (sdk_json_key(&j, &key)) {
		if (sdk_json_is(key, "message") && sdk_json_peek(&j) == '"' &&
		    sdk_json_string(&j, &raw))
			sdk_json_decode(&t, raw);
		else
			(void)sdk_json_skip(&j, NULL);
	}
	return sdk_text_str(&t);
}

/* 403 is also how GitHub says "slow down" (primary and secondary rate limits). */
static int is_rate_limit(const fairlead_http_response *r)
{
	return r->http_status == 429 ||
	       (r->http_status == 403 &&
	        (sdk_find(r->headers, r->headers_n, "retry-after").n != 0 ||
	         sdk_str_is(sdk_find(r->headers, r->headers_n, "x-ratelimit-remaining"), "0")));
}

static const struct answer {
	uint32_t from, to, status, error_class;
	const char *title;
} answers[] = {
    /* 404 is the caller's as much as a missing permission: GitHub does not tell them apart. */
    {400, 400, 400, FAIRLEAD_CLASS_NONE, "GitHub refused the input"},
    {401, 401, 502, FAIRLEAD_CLASS_AUTH, "GitHub refused the credential"},
    {403, 403, 502, FAIRLEAD_CLASS_AUTH, "GitHub refused permission"},
    {404, 404, 404, FAIRLEAD_CLASS_NONE, "GitHub does not know it, or does not show it"},
    {409, 409, 409, FAIRLEAD_CLASS_NONE, "GitHub saw a conflict"},
    {410, 410, 410, FAIRLEAD_CLASS_NONE, "Gone, or issues are disabled"},
    {422, 422, 422, FAIRLEAD_CLASS_NONE, "GitHub refused the input"},
    {503, 503, 503, FAIRLEAD_CLASS_TRANSIENT, "GitHub is not available"},
    {500, 599, 502, FAIRLEAD_CLASS_TRANSIENT, "GitHub failed"},
    {0, UINT32_MAX, 502, FAIRLEAD_CLASS_PERMANENT, "GitHub answered something unexpected"},
};

static void reply_problem(fairlead_inst *inst, fairlead_id req, const struct answer *answer,
                          const fairlead_http_response *r)
{
	char message_memory[256], body_memory[2048];
	sdk_text t = sdk_text_in(body_memory, sizeof body_memory);
	fairlead_str retry_after = sdk_find(r->headers, r->headers_n, "retry-after");
	fairlead_kv headers[] = {
	    {sdk_str("content-type"), sdk_str("application/problem+json")},
	    {sdk_str("retry-after"), retry_after},
	};
	fairlead_response response = {
	    .struct_size = sizeof response,
	    .http_status = answer->status,
	    .error_class = answer->error_class,
	    .headers = headers,
	    .headers_n = answer->status == 503 && retry_after.n != 0 ? 2 : 1,
	};

	sdk_add_c(&t, "{\"type\":\"about:blank\",\"title\":");
	sdk_add_json(&t, sdk_str(answer->title));
	sdk_add_c(&t, ",\"status\":");
	sdk_add_u64(&t, answer->status);
	sdk_add_c(&t, ",\"upstream_status\":");
	sdk_add_u64(&t, r->http_status);
	sdk_add_c(&t, ",\"detail\":");
	sdk_add_json(&t, message_of(r->body, message_memory, sizeof message_memory));
	sdk_add_c(&t, "}\n");
	response.body = sdk_text_str(&t);
	(void)inst->self.host->reply(inst->self.id, req, &response);
}

void github_action_done(fairlead_inst *inst, fairlead_id req, const fairlead_http_response *r)
{
	static const struct answer slow_down = {0, 0, 503, FAIRLEAD_CLASS_TRANSIENT,
	                                        "GitHub's rate limit is reached"};
	const struct answer *answer = answers;

	if (r->http_status >= 200 && r->http_status <= 299) {
		fairlead_kv headers[] = {
		    {sdk_str("content-type"), sdk_str("application/json; charset=utf-8")},
		    {sdk_str("location"), sdk_find(r->headers, r->headers_n, "location")},
		};

		(void)sdk_reply(inst->self, req, r->http_status, headers,
		                headers[1].v.n == 0 ? 1 : 2, r->body);
		return;
	}
	while (r->http_status < answer->from || r->http_status > answer->to)
		answer++;
	reply_problem(inst, req, is_rate_limit(r) ? &slow_down : answer, r);
}
