/* plugins/github/receive.c - a webhook of GitHub becomes a CloudEvent
 * SPDX-License-Identifier: Apache-2.0
 *
 * CloudEvents 1.0, structured mode (JSON event format): what GitHub sent is `data`, byte for byte.
 */
#include "plugins/github/github.h"

#include <stdlib.h>
#include <time.h>

/* ---- facts of a payload ---- */

enum {
	FACT_ACTION,
	FACT_REPOSITORY,
	FACT_ORGANIZATION,
	FACT_ENTERPRISE,
	FACT_ACCOUNT,
	FACT_SENDER,
	FACT_SUBJECT,
	FACTS_COUNT
};

struct fact {
	const char *path; /* keys with "/" between; NULL: not wanted */
	fairlead_str raw; /* of a string: without quotes, escapes in; of a number: as written */
};

/* What each event is about; others have no subject. */
static const struct {
	const char *event, *path;
} subjects[] = {
    {"branch_protection_rule", "rule/name"},
    {"check_run", "check_run/id"},
    {"check_suite", "check_suite/id"},
    {"code_scanning_alert", "alert/number"},
    {"commit_comment", "comment/id"},
    {"create", "ref"},
    {"delete", "ref"},
    {"dependabot_alert", "alert/number"},
    {"deploy_key", "key/id"},
    {"deployment", "deployment/id"},
    {"deployment_status", "deployment/id"},
    {"discussion", "discussion/number"},
    {"discussion_comment", "discussion/number"},
    {"fork", "forkee/full_name"},
    {"issue_comment", "issue/number"},
    {"issues", "issue/number"},
    {"label", "label/name"},
    {"member", "member/login"},
    {"membership", "member/login"},
    {"merge_group", "merge_group/head_ref"},
    {"milestone", "milestone/number"},
    {"package", "package/name"},
    {"page_build", "build/commit"},
    {"ping", "hook_id"},
    {"project", "project/id"},
    {"project_card", "project_card/id"},
    {"project_column", "project_column/id"},
    {"projects_v2_item", "projects_v2_item/id"},
    {"pull_request", "pull_request/number"},
    {"pull_request_review", "pull_request/number"},
    {"pull_request_review_comment", "pull_request/number"},
    {"pull_request_review_thread", "pull_request/number"},
    {"push", "ref"},
    {"registry_package", "registry_package/name"},
    {"release", "release/tag_name"},
    {"repository_vulnerability_alert", "alert/id"},
    {"secret_scanning_alert", "alert/number"},
    {"security_advisory", "security_advisory/ghsa_id"},
    {"status", "sha"},
    {"team", "team/slug"},
    {"team_add", "team/slug"},
    {"workflow_dispatch", "workflow"},
    {"workflow_job", "workflow_job/id"},
    {"workflow_run", "workflow_run/id"},
};

static const char *subject_path(fairlead_str event)
{
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
		if (sdk_str_is(event, subjects[i].event))
			return subjects[i].path;
	return NULL;
}

/* If `raw` is the first key of `path`: the rest of the path ("" when it ends there), else NULL. */
static const char *step(const char *path, fairlead_str raw)
{
	size_t n = path == NULL ? 0 : strcspn(path, "/");

	if (n == 0 || raw.n != n || memcmp(path, raw.p, n) != 0)
		return NULL;
	return path[n] == '/' ? path + n + 1 : path + n;
}

static void take_scalar(sdk_json *j, fairlead_str *raw)
{
	char c = sdk_json_peek(j);

	if (c == '"')
		(void)sdk_json_string(j, raw);
	else if (c == '-' || (c >= '0' && c <= '9'))
		(void)sdk_json_number(j, raw);
	else
		(void)sdk_json_skip(j, NULL);
}

/* One object of the payload; paths[i] is what is left of facts[i].path here. No path has more than
 * three keys, so this goes three levels deep. */
static void scan(sdk_json *j, struct fact facts[FACTS_COUNT], const char *const paths[FACTS_COUNT])
{
	fairlead_str key;

	(void)sdk_json_object(j);
	while (sdk_json_key(j, &key)) {
		const char *rest[FACTS_COUNT];
		fairlead_str *here = NULL;
		int is_deeper = 0;

		for (size_t i = 0; i < FACTS_COUNT; i++) {
			rest[i] = step(paths[i], key);
			is_deeper |= rest[i] != NULL && *rest[i] != '\0';
			if (rest[i] != NULL && *rest[i] == '\0')
				here = &facts[i].raw;
		}
		if (here != NULL)
			take_scalar(j, here);
		else if (is_deeper && sdk_json_peek(j) == '{')
			scan(j, facts, rest);
		else
			(void)sdk_json_skip(j, NULL);
	}
}

/* ---- writing ---- */

/* The civil date of a day count (proleptic Gregorian), then the time. */
static void add_time(sdk_text *t, const struct timespec *now)
{
	uint64_t seconds = (uint64_t)now->tv_sec, z = seconds / 86400u + 719468u;
	uint64_t era = z / 146097u, doe = z % 146097u;
	uint64_t yoe = (doe - doe / 1460u + doe / 36524u - doe / 146096u) / 365u;
	uint64_t doy = doe - (365u * yoe + yoe / 4u - yoe / 100u), mp = (5u * doy + 2u) / 153u;
	uint64_t parts[] = {yoe + era * 400u + (mp >= 10),
	                    mp < 10 ? mp + 3u : mp - 9u,
	                    doy - (153u * mp + 2u) / 5u + 1u,
	                    seconds / 3600u % 24u,
	                    seconds / 60u % 60u,
	                    seconds % 60u,
	                    (uint64_t)now->tv_nsec / 1000000u};
	static const char *const before[] = {"", "-", "-", "T", ":", ":", "."};

	for (size_t i = 0; i < 7; i++) {
		sdk_add_c(t, before[i]);
		if (i == 6 && parts[i] < 100)
			sdk_add_c(t, "0");
		if (parts[i] < 10)
			sdk_add_c(t, "0");
		sdk_add_u64(t, parts[i]);
	}
	sdk_add_c(t, "Z");
}

/* A raw JSON string as a part of a URI: all but unreserved characters and "/" percent-encoded. */
static void add_uri(sdk_text *t, fairlead_str raw)
{
	static const char hex[] = "0123456789ABCDEF";
	char memory[512];
	sdk_text s = sdk_text_in(memory, sizeof memory);

	sdk_json_decode(&s, raw);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c != 0 && strchr("-._~/", c) != NULL))
			sdk_add_n(t, s.p + i, 1);
		else
			sdk_add_n(t, escaped, 3);
	}
}

static void add_source(sdk_text *t, const fairlead_inst *inst, const struct fact *facts)
{
	static const struct {
		int fact;
		const char *before;
	} order[] = {
	    {FACT_REPOSITORY, "/"}, {FACT_ORGANIZATION, "/"}, {FACT_ENTERPRISE, "/enterprises/"},
	    {FACT_ACCOUNT, "/"},    {FACT_SENDER, "/"},
	};

	sdk_add_c(t, ",\"source\":\"");
	sdk_add_json_raw(t, inst->web);
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		if (facts[order[i].fact].raw.n == 0)
			continue;
		sdk_add_c(t, order[i].before);
		add_uri(t, facts[order[i].fact].raw);
		break;
	}
	sdk_add_c(t, "\"");
}

/* A bound on everything but `data`: id, source and action (three bytes each), subject, web. */
#define ENVELOPE_BYTES 8192u
#define SUBJECT_MAX 512u

static fairlead_str write_event(char *memory, size_t cap, const fairlead_inst *inst,
                                const fairlead_request *req, fairlead_str event,
                                fairlead_str delivery, const struct fact *facts)
{
	sdk_text t = sdk_text_in(memory, cap);
	struct timespec now = {0, 0};

	(void)timespec_get(&now, TIME_UTC);
	sdk_add_c(&t, "{\"specversion\":\"1.0\",\"id\":");
	sdk_add_json(&t, delivery);
	add_source(&t, inst, facts);
	sdk_add_c(&t, ",\"type\":\"com.github.");
	sdk_add(&t, event);
	if (facts[FACT_ACTION].raw.n != 0) {
		/* Of repository_dispatch it is whatever somebody chose. */
		sdk_add_c(&t, ".");
		add_uri(&t, facts[FACT_ACTION].raw);
	}
	if (facts[FACT_SUBJECT].raw.n != 0 && facts[FACT_SUBJECT].raw.n <= SUBJECT_MAX) {
		sdk_add_c(&t, "\",\"subject\":\"");
		sdk_add(&t, facts[FACT_SUBJECT].raw);
	}
	sdk_add_c(&t, "\",\"time\":\"");
	add_time(&t, &now);
	sdk_add_c(&t, "\",\"datacontenttype\":\"application/json\",\"data\":");
	sdk_add(&t, req->body);
	sdk_add_c(&t, "}");
	return t.is_full ? sdk_str_n(NULL, 0) : sdk_text_str(&t);
}

/* ---- the request ---- */

/* Event names: lower-case letters, digits, "_" and "-". */
static int is_name(fairlead_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    s.p[i] != '_' && s.p[i] != '-')
			return 0;
	return s.n <= 64;
}

static int is_delivery_id(fairlead_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return 0;
	return s.n != 0 && s.n <= 128;
}

static fairlead_status send_event(fairlead_inst *inst, const fairlead_request *req,
                                  fairlead_str event)
{
	const fairlead_kv headers[] = {
	    {sdk_str("content-type"), sdk_str("application/cloudevents+json; charset=utf-8")},
	    {sdk_str("traceparent"), req->traceparent},
	};
	fairlead_http_request send = {
	    .struct_size = sizeof send,
	    .method = sdk_str("POST"),
	    .url = inst->sink,
	    .headers = headers,
	    .headers_n = req->traceparent.n == 0 ? 1 : 2,
	    .body = event,
	    .timeout_ms = inst->timeout_ms,
	};
	fairlead_id op;
	fairlead_status status = inst->http->send(inst->self.id, req->id, &send, &op);

	if (status == FAIRLEAD_PENDING)
		return FAIRLEAD_PENDING;
	return sdk_fail(inst->self, req->id,
	                status == FAIRLEAD_E_AGAIN ? status : FAIRLEAD_E_UPSTREAM,
	                "the host did not start the request to the sink");
}

fairlead_status github_receive(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_str event = sdk_header(req, "x-github-event");
	fairlead_str delivery = sdk_header(req, "x-github-delivery");
	struct fact facts[FACTS_COUNT] = {
	    [FACT_ACTION] = {"action", {NULL, 0}},
	    [FACT_REPOSITORY] = {"repository/full_name", {NULL, 0}},
	    [FACT_ORGANIZATION] = {"organization/login", {NULL, 0}},
	    [FACT_ENTERPRISE] = {"enterprise/slug", {NULL, 0}},
	    [FACT_ACCOUNT] = {"installation/account/login", {NULL, 0}},
	    [FACT_SENDER] = {"sender/login", {NULL, 0}},
	    [FACT_SUBJECT] = {subject_path(event), {NULL, 0}},
	};
	const char *paths[FACTS_COUNT];
	sdk_json j = sdk_json_over(req->body);
	fairlead_status status;
	char *memory;

	if (inst->sink.n == 0)
		return sdk_reply_problem(
		    inst->self, req->id, 501, "Not Implemented",
		    sdk_str("this instance has no \"sink\" in its configuration"));
	if (event.n == 0 || !is_name(event))
		return github_bad_request(inst, req->id,
		                          sdk_str("X-GitHub-Event is missing or malformed"));
	if (!is_delivery_id(delivery))
		return github_bad_request(inst, req->id,
		                          sdk_str("X-GitHub-Delivery is missing or malformed"));
	if (!sdk_str_starts(sdk_header(req, "content-type"), sdk_str("application/json")))
		return sdk_reply_problem(
		    inst->self, req->id, 415, "Unsupported Media Type",
		    sdk_str("set the webhook's content type to application/json"));
	for (size_t i = 0; i < FACTS_COUNT; i++)
		paths[i] = facts[i].path;
	scan(&j, facts, paths);
	if (!sdk_json_done(&j))
		return github_bad_request(
		    inst, req->id, sdk_str("the body is not a JSON object as GitHub sends them"));
	memory = malloc(req->body.n + ENVELOPE_BYTES);
	if (memory == NULL)
		return sdk_fail(inst->self, req->id, FAIRLEAD_E_AGAIN, "out of memory");
	status = send_event(
	    inst, req,
	    write_event(memory, req->body.n + ENVELOPE_BYTES, inst, req, event, delivery, facts));
	free(memory);
	return status;
}

void github_receive_done(fairlead_inst *inst, fairlead_id req, const fairlead_http_response *r)
{
	char memory[64];
	sdk_text t = sdk_text_in(memory, sizeof memory);

	if (r->http_status >= 200 && r->http_status <= 299) {
		(void)sdk_reply(inst->self, req, 202, NULL, 0, sdk_str_n(NULL, 0));
		return;
	}
	sdk_add_c(&t, "the sink answered ");
	sdk_add_u64(&t, r->http_status);
	(void)inst->self.host->fail(
	    inst->self.id, req,
	    r->http_status == 429 || r->http_status == 503 ? FAIRLEAD_E_AGAIN : FAIRLEAD_E_UPSTREAM,
	    sdk_text_str(&t));
}
