/* gateway/pipeline/limit.c - the stages that count callers, and what callers are told of it
 * SPDX-License-Identifier: Apache-2.0
 *
 * Limits that need not know who calls are asked before authentication, so that guessing keys is
 * counted; those by consumer behind it. Each is charged as it is asked; when one refuses, what the
 * others charged is given back. A limit that is not enforced is asked and charged like any other,
 * only that it never refuses. A request that fails later - no credentials, no permission - stays
 * charged.
 */
#include "gateway/limit/limit.h"

#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

#define FIELD_MAX 128u /* bytes of one limit in a field: a name of 64 and two numbers */
#define FIELDS 2u

enum outcome { NOT_ASKED, CHARGED, SHADOW_REFUSED, REFUSED };

struct fl_request_limit { /* one for each of the route's, in that order */
	uint64_t key;
	struct fl_bucket_state state;
	enum outcome outcome;
};

static bool find_header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	const struct fl_request *req = ctx;

	for (size_t i = 0; i < req->headers_n; i++) {
		*ret = fl_str_from(req->headers[i].v);
		if (fl_str_eq(fl_str_from(req->headers[i].k), name))
			return true;
	}
	return false;
}

static struct fl_limit_subject subject_of(const struct fl_request *req)
{
	return (struct fl_limit_subject){
	    .consumer =
	        req->principal.consumer ? req->principal.consumer->name : FL_STR_NULL,
	    .address = req->client,
	    .route = fl_str_from(req->route->name),
	    .instance = req->route->instance_name,
	    .header = find_header,
	    .ctx = req,
	};
}

static void count(const struct fl_request *req, const struct fl_limit *limit,
                  enum fl_limit_decision decision)
{
	if (limit->counts)
		fl_metric_add(&limit->counts[req->worker->index].decisions[decision], 1);
}

static enum outcome ask(struct fl_request *req, const struct fl_limit *limit,
                        const struct fl_limit_subject *subject, struct fl_request_limit *ret)
{
	bool passes;

	ret->key = fl_limit_key(limit, subject);
	passes = fl_bucket_take(req->worker->pipeline->buckets, ret->key, &limit->rate,
	                        fl_loop_now_ns(req->worker->loop), &ret->state);
	if (passes)
		count(req, limit, FL_LIMIT_PASS);
	else
		count(req, limit,
		      limit->config->is_enforced ? FL_LIMIT_REFUSE : FL_LIMIT_WOULD_REFUSE);
	return passes ? CHARGED : limit->config->is_enforced ? REFUSED : SHADOW_REFUSED;
}

static void give_back(struct fl_request *req)
{
	const struct fl_limit_list *list = req->route->limits;

	for (size_t i = 0; i < list->n; i++) {
		if (req->limits[i].outcome != CHARGED)
			continue;
		fl_bucket_give_back(req->worker->pipeline->buckets, req->limits[i].key,
		                    &list->items[i]->rate, fl_loop_now_ns(req->worker->loop));
		req->limits[i].outcome = NOT_ASKED;
		count(req, list->items[i], FL_LIMIT_GIVE_BACK);
	}
}

static uint64_t seconds(uint64_t ns)
{
	return (ns + FL_NS_PER_SEC - 1) / FL_NS_PER_SEC;
}

static enum fl_request_verdict refuse(struct fl_request *req, size_t i)
{
	struct fl_problem_type problem = *fl_problem_type(FL_PROBLEM_RATE_LIMITED);

	give_back(req);
	req->limited_by = req->route->limits->items[i]->config->name;
	problem.retry_after_s = (uint32_t)seconds(req->limits[i].state.retry_ns);
	return fl_stage_refuse(req, &problem);
}

static enum fl_request_verdict ask_all(struct fl_request *req, bool needs_consumer)
{
	const struct fl_limit_list *list = req->route->limits;
	const struct fl_limit_subject subject = subject_of(req);

	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i]->needs_consumer != needs_consumer)
			continue;
		req->limits[i].outcome = ask(req, list->items[i], &subject, &req->limits[i]);
		if (req->limits[i].outcome == REFUSED)
			return refuse(req, i);
	}
	return FL_REQUEST_CONTINUE;
}

enum fl_request_verdict fl_stage_pre_limit(struct fl_request *req)
{
	const struct fl_limit_list *list = req->route->limits;

	if (!list)
		return FL_REQUEST_CONTINUE;
	req->limits = fl_arena_zalloc(&req->arena, list->n * sizeof *req->limits);
	return req->limits ? ask_all(req, false)
	                   : fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
}

/* Runs once: in the phase in which it is known who calls. */
enum fl_request_verdict fl_stage_limit(struct fl_request *req)
{
	if (!req->limits || req->unproved != 0 || req->is_limited)
		return FL_REQUEST_CONTINUE;
	req->is_limited = true;
	return ask_all(req, true);
}

/* ---- what the caller is told ---- */

static char *put(char *at, struct fl_str s)
{
	memcpy(at, s.p, s.n);
	return at + s.n;
}

static char *put_u64(char *at, uint64_t v)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	return put(at, fl_str_n(digits + n, sizeof digits - n));
}

/* "a";q=100;w=60, "b";q=5;w=1 */
static struct fl_str policy_field(struct fl_request *req)
{
	const struct fl_limit_list *list = req->route->limits;
	char *p = fl_arena_alloc(&req->arena, list->n * FIELD_MAX), *at = p;

	for (size_t i = 0; p && i < list->n; i++) {
		if (!list->items[i]->config->is_enforced)
			continue;
		at = put(put(at, at == p ? FL_STR("") : FL_STR(", ")), list->items[i]->policy);
	}
	return fl_str_n(p, p ? (size_t)(at - p) : 0);
}

/* "a";r=50;t=30: of the limits that let it pass, or of the one that did not. */
static struct fl_str state_field(struct fl_request *req)
{
	const struct fl_limit_list *list = req->route->limits;
	char *p = fl_arena_alloc(&req->arena, list->n * FIELD_MAX), *at = p;

	for (size_t i = 0; p && i < list->n; i++) {
		const struct fl_cfg_limit *config = list->items[i]->config;
		const struct fl_request_limit *l = &req->limits[i];

		if (!config->is_enforced || l->outcome == NOT_ASKED)
			continue;
		at = put(at, at == p ? FL_STR("\"") : FL_STR(", \""));
		at = put(put(at, config->name), FL_STR("\";r="));
		at = put_u64(at, l->state.left / config->cost);
		at = put_u64(put(at, FL_STR(";t=")), seconds(l->state.full_ns));
	}
	return fl_str_n(p, p ? (size_t)(at - p) : 0);
}

/* Of other gateways behind this one: what they allow is not what this one does. */
static bool is_ours(struct fl_str name)
{
	return fl_str_eq(name, FL_STR("ratelimit")) || fl_str_eq(name, FL_STR("ratelimit-policy"));
}

void fl_limit_tell(struct fl_request *req)
{
	struct fl_response *response = &req->response;
	struct fl_header *headers;
	struct fl_str policy, state;
	size_t n = 0;

	if (!req->limits || !req->route->limits->is_any_enforced)
		return;
	policy = policy_field(req);
	state = state_field(req);
	headers = fl_arena_alloc(&req->arena, (response->headers_n + FIELDS) * sizeof *headers);
	if (!policy.p || !state.p || !headers)
		return; /* the answer is as good without */
	for (size_t i = 0; i < response->headers_n; i++)
		if (!is_ours(response->headers[i].name))
			headers[n++] = response->headers[i];
	headers[n++] = (struct fl_header){FL_STR("ratelimit-policy"), policy};
	if (state.n > 0)
		headers[n++] = (struct fl_header){FL_STR("ratelimit"), state};
	response->headers = headers;
	response->headers_n = n;
}
