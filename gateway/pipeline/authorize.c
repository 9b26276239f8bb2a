/* gateway/pipeline/authorize.c - the stage that says whether the caller may
 * SPDX-License-Identifier: Apache-2.0
 *
 * Decided from the head; before the body is read, unless its signature says who calls. Once policies
 * are configured, what none permits is denied. A caller who is denied hears what the forbids advise,
 * never which they are.
 */
#include "base/buf.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/decided.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

/* ---- what the caller of a denied request is told ---- */

struct advice { /* of all forbids that apply */
	const struct fl_obligation **items;
	size_t n, bytes;
	uint64_t approvals, status; /* 0: none says */
};

static bool has_advice(const struct advice *advice, struct fl_str text)
{
	for (size_t i = 0; i < advice->n; i++)
		if (fl_str_eq(advice->items[i]->text, text))
			return true;
	return false;
}

static void take(struct advice *advice, const struct fl_obligation *o)
{
	switch ((int)o->kind) {
	case FL_OBLIGATION_ADVICE:
		if (has_advice(advice, o->text))
			return;
		advice->items[advice->n++] = o;
		advice->bytes += o->text.n;
		break;
	case FL_OBLIGATION_STATUS: /* the first, in the order of the files */
		if (advice->status == 0)
			advice->status = o->number;
		break;
	case FL_OBLIGATION_REQUIRE_APPROVAL:
		if (advice->approvals < o->number)
			advice->approvals = o->number;
		break;
	}
}

static bool collect(struct fl_request *req, struct advice *ret)
{
	const struct fl_bundle_set *set = &req->snapshot->bundle->active;
	const struct fl_cedar_answer *answer = &req->decided->decision.answer;
	size_t most = 0;

	*ret = (struct advice){.n = 0};
	if (answer->is_allowed) /* they are permits: a forbid failed */
		return true;
	for (size_t i = 0; i < answer->n_reasons; i++)
		most += set->policies[answer->reasons[i]->index].obligations_n;
	ret->items = fl_arena_alloc(&req->arena, (most + 1) * sizeof(*ret->items));
	if (!ret->items)
		return false;
	for (size_t i = 0; i < answer->n_reasons; i++) {
		const struct fl_bundle_policy *policy = &set->policies[answer->reasons[i]->index];

		for (size_t k = 0; k < policy->obligations_n; k++)
			take(ret, &policy->obligations[k]);
	}
	return true;
}

static char *add(char *at, struct fl_str s)
{
	memcpy(at, s.p, s.n);
	return at + s.n;
}

/* ,"advice":["a","b"],"approvals_required":2 */
static struct fl_str print(struct fl_arena *arena, const struct advice *advice)
{
	struct fl_str approvals = FL_STR_NULL;
	char *p = fl_arena_alloc(arena, advice->bytes * 6 + advice->n * 3 + 64), *at = p;

	if (advice->approvals != 0)
		approvals = fl_arena_printf(arena, ",\"approvals_required\":%u",
		                            (unsigned)advice->approvals);
	if (!p)
		return FL_STR_NULL;
	for (size_t i = 0; i < advice->n; i++) {
		at = add(at, i == 0 ? FL_STR(",\"advice\":[\"") : FL_STR(",\""));
		at += fl_json_escape(at, advice->items[i]->text);
		*at++ = '"';
	}
	if (advice->n > 0)
		*at++ = ']';
	if (approvals.n > 0)
		at = add(at, approvals);
	return fl_str_n(p, (size_t)(at - p));
}

static enum fl_request_verdict deny(struct fl_request *req)
{
	struct fl_problem_type problem = *fl_problem_type(FL_PROBLEM_FORBIDDEN);
	struct advice advice;

	if (collect(req, &advice))
		req->problem_members = print(&req->arena, &advice);
	if (fl_arena_is_overflown(&req->arena))
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
	if (advice.status != 0) {
		problem.status = (uint16_t)advice.status;
		problem.title = fl_problem_title(problem.status);
	}
	return fl_stage_refuse(req, &problem);
}

/* ---- the stage ---- */

static bool is_sampled(struct fl_request *req)
{
	uint64_t one_of = req->snapshot->config->policies.sample;

	return req->snapshot->decision_log && one_of != 0 &&
	       req->worker->policies.seen++ % one_of == 0;
}

static void decide(struct fl_request *req, struct fl_decided *decided)
{
	struct fl_question question;

	fl_decided_ask(req, &question);
	decided->is_logged = is_sampled(req);
	fl_decide(req->snapshot->bundle, &question.as_policies_see_it,
	          decided->is_logged ? FL_CEDAR_FULL : FL_CEDAR_FAST, &req->arena,
	          &decided->decision);
	decided->outcome = decided->decision.is_allowed         ? FL_METRIC_ALLOW
	                   : decided->decision.is_failed_closed ? FL_METRIC_DENY_ERROR
	                                                        : FL_METRIC_DENY;
}

static enum fl_request_verdict authorize(struct fl_request *req)
{
	if (!req->snapshot->bundle)
		return req->snapshot->config->policies.is_given
		           ? fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_FORBIDDEN))
		           : FL_REQUEST_CONTINUE;
	req->decided = fl_arena_zalloc(&req->arena, sizeof *req->decided);
	if (!req->decided)
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
	decide(req, req->decided);
	if (fl_arena_is_overflown(&req->arena)) {
		req->decided->outcome = FL_METRIC_DENY_ERROR;
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
	}
	return req->decided->decision.is_allowed ? fl_fulfil_head(req) : deny(req);
}

/* Runs once: in the phase in which it is known who calls. */
enum fl_request_verdict fl_stage_authorize(struct fl_request *req)
{
	enum fl_request_verdict verdict;

	if (req->unproved != 0 || req->is_authorized)
		return FL_REQUEST_CONTINUE;
	verdict = authorize(req);
	if (verdict != FL_REQUEST_CONTINUE)
		return verdict;
	if (req->body.n > req->max_body_bytes) /* a policy's limit, and the body is there */
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_BODY_LARGE));
	req->is_authorized = true;
	return FL_REQUEST_CONTINUE;
}
