/* gateway/pipeline/fulfil.c - what the permits that allow a request ask for
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of times and sizes the strictest holds; of rates each must be kept, and is charged in the order
 * of the files until one refuses. Headers that are set and members that are redacted add up.
 */
#include "base/map.h"
#include "gateway/authorize/redact.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/decided.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

/* ---- the head ---- */

/* Whom a rate counts: the consumer, of strangers the address. */
static struct fl_str counted(struct fl_request *req)
{
	return req->principal.consumer ? req->principal.consumer->name : fl_request_network(req);
}

/* A rate that is changed counts anew. */
static bool make_key(struct fl_request *req, const struct fl_bundle_policy *policy,
                     const struct fl_obligation *o, uint64_t *ret)
{
	struct fl_str who = counted(req);
	uint64_t head[] = {req->principal.consumer != NULL, policy->id.n, o->number, o->period_ns};
	size_t n = sizeof head + policy->id.n + who.n;
	char *key = fl_arena_alloc(&req->arena, n);

	if (!key)
		return false;
	memcpy(key, head, sizeof head);
	memcpy(key + sizeof head, policy->id.p, policy->id.n);
	memcpy(key + sizeof head + policy->id.n, who.p, who.n);
	*ret = fl_hash(fl_str_n(key, n));
	return true;
}

static enum fl_request_verdict out_of_memory(struct fl_request *req)
{
	req->decided->outcome = FL_METRIC_UNFULFILLED;
	return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
}

static enum fl_request_verdict charge(struct fl_request *req, const struct fl_bundle_policy *policy,
                                      const struct fl_obligation *o)
{
	const struct fl_bucket_rate rate = {.count = o->number, .period_ns = o->period_ns};
	struct fl_problem_type problem = *fl_problem_type(FL_PROBLEM_RATE_LIMITED);
	struct fl_bucket_state state;
	uint64_t key;

	if (!make_key(req, policy, o, &key))
		return out_of_memory(req);
	if (fl_bucket_take(req->worker->pipeline->buckets, key, &rate,
	                   fl_loop_now_ns(req->worker->loop), &state))
		return FL_REQUEST_CONTINUE;
	req->decided->outcome = FL_METRIC_RATE_LIMITED;
	problem.retry_after_s = (uint32_t)((state.retry_ns + FL_NS_PER_SEC - 1) / FL_NS_PER_SEC);
	return fl_stage_refuse(req, &problem);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static enum fl_request_verdict fulfil(struct fl_request *req, const struct fl_bundle_policy *policy,
                                      const struct fl_obligation *o)
{
	struct fl_decided *decided = req->decided;

	switch ((int)o->kind) {
	case FL_OBLIGATION_RATE_LIMIT:
		return charge(req, policy, o);
	case FL_OBLIGATION_TIMEOUT:
		req->timeout_ns = least(req->timeout_ns, o->number);
		break;
	case FL_OBLIGATION_MAX_BODY:
		req->max_body_bytes = least(req->max_body_bytes, o->number);
		break;
	case FL_OBLIGATION_LOG:
		decided->is_logged = decided->is_whole = true;
		break;
	case FL_OBLIGATION_REDACT:
	case FL_OBLIGATION_HEADER_SET:
		decided->duties[decided->duties_n++] = o;
		break;
	default:
		FL_ASSERT(!"an obligation of a permit");
	}
	return FL_REQUEST_CONTINUE;
}

static const struct fl_bundle_policy *reason(const struct fl_request *req, size_t i)
{
	const struct fl_cedar_row *row = req->decided->decision.answer.reasons[i];

	return &req->snapshot->bundle->active.policies[row->index];
}

enum fl_request_verdict fl_fulfil_head(struct fl_request *req)
{
	struct fl_decided *decided = req->decided;
	size_t reasons_n = decided->decision.answer.n_reasons, n = 0;
	enum fl_request_verdict verdict = FL_REQUEST_CONTINUE;

	for (size_t i = 0; i < reasons_n; i++)
		n += reason(req, i)->obligations_n;
	if (n == 0)
		return FL_REQUEST_CONTINUE;
	decided->duties = fl_arena_alloc(&req->arena, n * sizeof(*decided->duties));
	if (!decided->duties)
		return out_of_memory(req);
	for (size_t i = 0; i < reasons_n; i++) {
		const struct fl_bundle_policy *policy = reason(req, i);

		for (size_t k = 0; k < policy->obligations_n && verdict == FL_REQUEST_CONTINUE; k++)
			verdict = fulfil(req, policy, &policy->obligations[k]);
	}
	return verdict;
}

/* ---- the request that goes out ---- */

size_t fl_fulfil_headers_n(const struct fl_request *req)
{
	return req->decided ? req->decided->duties_n : 0;
}

static size_t without(fairlead_kv *headers, size_t n, struct fl_str name)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!fl_str_eq(fl_str_from(headers[i].k), name))
			headers[kept++] = headers[i];
	return kept;
}

static fairlead_kv field(struct fl_str name, struct fl_str value)
{
	return (fairlead_kv){fl_str_to(name), fl_str_to(value)};
}

static bool redacts_body(const struct fl_request *req)
{
	for (size_t i = 0; i < fl_fulfil_headers_n(req); i++)
		if (req->decided->duties[i]->kind == FL_OBLIGATION_REDACT &&
		    !req->decided->duties[i]->is_header)
			return true;
	return false;
}

/* What is redacted must come whole and as it is: a part of it, or a difference to what the caller
 * has, tells nothing of where it stood. There is room for one field: that of the duty. */
static size_t ask_for_the_whole(fairlead_kv *headers, size_t n)
{
	static const struct fl_str asks_otherwise[] = {
	    FL_STR_INIT("range"),
	    FL_STR_INIT("if-range"),
	    FL_STR_INIT("a-im"),
	    FL_STR_INIT("accept-encoding"),
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(asks_otherwise); i++)
		n = without(headers, n, asks_otherwise[i]);
	headers[n] = field(FL_STR("accept-encoding"), FL_STR("identity"));
	return n + 1;
}

/* A connector that owes may look at them when the snapshot is gone. */
size_t fl_fulfil_headers(struct fl_request *req, fairlead_kv *headers, size_t n)
{
	for (size_t i = 0; i < fl_fulfil_headers_n(req); i++) {
		const struct fl_obligation *o = req->decided->duties[i];

		if (o->kind != FL_OBLIGATION_HEADER_SET)
			continue;
		n = without(headers, n, o->name);
		headers[n++] =
		    field(fl_arena_str(&req->arena, o->name), fl_arena_str(&req->arena, o->text));
	}
	return redacts_body(req) ? ask_for_the_whole(headers, n) : n;
}

/* ---- the answer that comes in ---- */

struct redaction {
	struct fl_str *pointers;
	const struct fl_str **headers;
	size_t pointers_n, headers_n;
};

/* Tell of a body what is not in it any more. */
static const struct fl_str digests[] = {
    FL_STR_INIT("etag"),           FL_STR_INIT("content-md5"), FL_STR_INIT("digest"),
    FL_STR_INIT("content-digest"), FL_STR_INIT("repr-digest"),
};

static bool collect(struct fl_request *req, struct redaction *ret)
{
	size_t most = fl_fulfil_headers_n(req);

	*ret = (struct redaction){.pointers_n = 0};
	if (most == 0)
		return true;
	ret->pointers = fl_arena_alloc(&req->arena, most * sizeof *ret->pointers);
	ret->headers =
	    fl_arena_alloc(&req->arena, (most + FL_ARRAY_LEN(digests)) * sizeof(*ret->headers));
	if (!ret->pointers || !ret->headers)
		return false;
	for (size_t i = 0; i < most; i++) {
		const struct fl_obligation *o = req->decided->duties[i];

		if (o->kind != FL_OBLIGATION_REDACT)
			continue;
		if (o->is_header)
			ret->headers[ret->headers_n++] = &o->text;
		else
			ret->pointers[ret->pointers_n++] = o->text;
	}
	for (size_t i = 0; ret->pointers_n > 0 && i < FL_ARRAY_LEN(digests); i++)
		ret->headers[ret->headers_n++] = &digests[i];
	return true;
}

/* application/json or .../...+json, with or without parameters. */
static bool is_json(struct fl_str type)
{
	struct fl_str rest, name = fl_str_trim(fl_str_split(type, ';', &rest));
	static const struct fl_str suffix = FL_STR_INIT("+json");

	return fl_str_eq_nocase(name, FL_STR("application/json")) ||
	       (name.n > suffix.n &&
	        fl_str_eq_nocase(fl_str_n(name.p + name.n - suffix.n, suffix.n), suffix));
}

/* Statuses of answers whose body is not what their type says (RFC 9110 and 3229). */
enum { PARTIAL_CONTENT = 206, IM_USED = 226 };

/* One type, which is JSON, no coding, and all of it: what there is can be read as it stands. */
static bool is_plain_json(const struct fl_response *response)
{
	size_t types_n = 0;

	if (response->status == PARTIAL_CONTENT || response->status == IM_USED)
		return false;
	for (size_t i = 0; i < response->headers_n; i++) {
		const struct fl_header *h = &response->headers[i];

		if (fl_str_eq(h->name, FL_STR("content-encoding")) ||
		    fl_str_eq(h->name, FL_STR("content-range")))
			return false;
		if (!fl_str_eq(h->name, FL_STR("content-type")))
			continue;
		types_n++;
		if (!is_json(h->value))
			return false;
	}
	return types_n == 1;
}

static bool drop_headers(struct fl_request *req, const struct redaction *r)
{
	struct fl_response *response = &req->response;
	struct fl_header *kept =
	    fl_arena_alloc(&req->arena, (response->headers_n + 1) * sizeof *kept);
	size_t n = 0;

	if (!kept)
		return false;
	for (size_t i = 0; i < response->headers_n; i++) {
		bool is_dropped = false;

		for (size_t k = 0; k < r->headers_n && !is_dropped; k++)
			is_dropped = fl_str_eq(response->headers[i].name, *r->headers[k]);
		if (!is_dropped)
			kept[n++] = response->headers[i];
	}
	response->headers = kept;
	response->headers_n = n;
	return true;
}

bool fl_fulfil_answer(struct fl_request *req)
{
	struct fl_response *response = &req->response;
	struct redaction r;

	if (!collect(req, &r))
		return false;
	if (r.pointers_n > 0 && response->body.n > 0 &&
	    (!is_plain_json(response) ||
	     !fl_redact(response->body, r.pointers, r.pointers_n, &req->arena, &response->body)))
		return false;
	return r.headers_n == 0 || drop_headers(req, &r);
}
