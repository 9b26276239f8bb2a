/* gateway/pipeline/decided.c - what policies said of a request: counters and the decision log
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/decided.h"

#include "base/buf.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

/* ---- the question ---- */

static bool is_named(const fairlead_kv *field, struct fl_str name)
{
	return fl_str_eq(fl_str_from(field->k), name);
}

/* The values of the fields of this name from the first on, joined. */
static struct fl_str join(struct fl_request *req, size_t first, struct fl_str name)
{
	struct fl_str value = fl_str_from(req->headers[first].v);
	size_t bytes = value.n, n = 1;
	char *p, *at;

	for (size_t i = first + 1; i < req->headers_n; i++)
		if (is_named(&req->headers[i], name)) {
			bytes += 2 + req->headers[i].v.n;
			n++;
		}
	if (n == 1)
		return value;
	at = p = fl_arena_alloc(&req->arena, bytes);
	for (size_t i = first; p && i < req->headers_n; i++) {
		value = fl_str_from(req->headers[i].v);
		if (!is_named(&req->headers[i], name))
			continue;
		if (at > p) {
			*at++ = ',';
			*at++ = ' ';
		}
		memcpy(at, value.p, value.n);
		at += value.n;
	}
	return fl_str_n(p, p ? bytes : 0);
}

/* Several of a name are one, as RFC 9110 (5.3) has it. An arena that is full remembers it. */
static bool find_header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	struct fl_request *req = ((const struct fl_question *)ctx)->req;

	for (size_t i = 0; i < req->headers_n; i++) {
		if (!is_named(&req->headers[i], name))
			continue;
		*ret = join(req, i, name);
		return true;
	}
	return false;
}

void fl_decided_ask(struct fl_request *req, struct fl_question *ret)
{
	bool is_chunked = req->content_length == UINT64_MAX;

	ret->req = req;
	ret->as_policies_see_it = (struct fl_decide_request){
	    .principal = &req->principal,
	    .route = (size_t)(req->route - req->snapshot->routes),
	    .method = req->method,
	    .wall_ns = fl_worker_wall_ns(req->worker, req->started_ns),
	    .client = req->client,
	    .is_tls = fl_str_eq(req->scheme, FL_STR("https")),
	    .method_name = req->method_name,
	    .host = req->host_name,
	    .content_length = is_chunked ? req->max_body_bytes : req->content_length,
	    .target_bytes = req->target_bytes,
	    .header_bytes = req->head_bytes,
	    .header = find_header,
	    .ctx = ret,
	};
}

/* ---- counters ---- */

static const char *const shadow_names[FL_SHADOWS] = {
    [FL_SHADOW_SAME] = "same",
    [FL_SHADOW_TO_DENY] = "allow_to_deny",
    [FL_SHADOW_TO_ALLOW] = "deny_to_allow",
    [FL_SHADOW_ERROR] = "error",
};

static bool is_forbidden(const struct fl_cedar_answer *answer)
{
	return !answer->is_allowed && answer->n_reasons > 0;
}

/* As if both sets were one: any forbid denies, then any permit allows. */
static enum fl_shadow shadow_of(const struct fl_decision *d)
{
	bool would_allow = !is_forbidden(&d->answer) && !is_forbidden(&d->shadow) &&
	                   !d->is_failed_closed && (d->answer.is_allowed || d->shadow.is_allowed);

	if (d->shadow.n_errors > 0)
		return FL_SHADOW_ERROR;
	if (would_allow == d->is_allowed)
		return FL_SHADOW_SAME;
	return would_allow ? FL_SHADOW_TO_ALLOW : FL_SHADOW_TO_DENY;
}

static uint64_t read_count(const _Atomic uint64_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

static void shadows(void *ctx, struct fl_buf *out)
{
	const struct fl_pipeline *pipeline = ctx;

	for (size_t i = 0; i < FL_SHADOWS; i++) {
		const char *const labels[] = {"outcome", shadow_names[i], NULL};
		uint64_t n = 0;

		for (unsigned w = 0; w < pipeline->config.workers; w++)
			n += read_count(&pipeline->workers[w].policies.shadow[i]);
		fl_metrics_sample(out, "fairlead_policy_shadow_total", labels, n);
	}
}

static void errors(void *ctx, struct fl_buf *out)
{
	const struct fl_pipeline *pipeline = ctx;
	uint64_t n = 0;

	for (unsigned w = 0; w < pipeline->config.workers; w++)
		n += read_count(&pipeline->workers[w].policies.errors);
	fl_metrics_sample(out, "fairlead_policy_errors_total", NULL, n);
}

static void full(void *ctx, struct fl_buf *out)
{
	const struct fl_pipeline *pipeline = ctx;

	fl_metrics_sample(out, "fairlead_rate_limit_table_full_total", NULL,
	                  fl_buckets_full(pipeline->buckets));
}

int fl_decided_register(struct fl_pipeline *pipeline)
{
	static const struct {
		const char *name, *help;
		fl_metrics_collect_fn collect;
	} rows[] = {
	    {"fairlead_policy_shadow_total",
	     "Requests by what the shadowed policies would have changed.", shadows},
	    {"fairlead_policy_errors_total",
	     "Policies that could not be evaluated for a request, shadowed ones included.", errors},
	    {"fairlead_rate_limit_table_full_total",
	     "Requests of new callers refused because too many callers are being counted.", full},
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		int rc = fl_metrics_register(pipeline->config.metrics, rows[i].name, "counter",
		                             rows[i].help, rows[i].collect, pipeline);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- the decision log ---- */

static struct fl_str print_uid(struct fl_arena *arena, const struct fl_cedar_uid *uid)
{
	return fl_arena_printf(arena, "%.*s::\"%.*s\"", FL_STR_ARGS(uid->type),
	                       FL_STR_ARGS(uid->id));
}

static struct fl_str escape(struct fl_arena *arena, struct fl_str s)
{
	char *p = fl_arena_alloc(arena, s.n * 6 + 1);

	return p ? fl_str_n(p, fl_json_escape(p, s)) : FL_STR_NULL;
}

/* The declared headers that there are, as members. */
static struct fl_str print_headers(struct fl_request *req, const struct fl_decide_request *q)
{
	const struct fl_cfg_strings *names = &req->snapshot->config->policies.headers;
	struct fl_str text = FL_STR_NULL, value;

	for (size_t i = 0; i < names->n && text.n < FL_DECISION_CONTEXT_MAX; i++) {
		if (!q->header(q->ctx, names->items[i], &value))
			continue;
		value = escape(&req->arena, fl_str_cut(value, FL_DECISION_CONTEXT_MAX));
		text = fl_arena_printf(&req->arena, "%.*s%s\"%.*s\":\"%.*s\"", FL_STR_ARGS(text),
		                       text.n > 0 ? "," : "", FL_STR_ARGS(names->items[i]),
		                       FL_STR_ARGS(value));
	}
	return text;
}

/* As the schema has it; `now` is the time of the line. */
static struct fl_str print_context(struct fl_request *req, const struct fl_decide_request *q)
{
	struct fl_str host = escape(&req->arena, fl_str_cut(q->host, 256));
	struct fl_str headers = print_headers(req, q);
	const char *proof = q->principal->method;

	return fl_arena_printf(
	    &req->arena,
	    "{\"client\":{\"ip\":\"%.*s\",\"tls\":%s},\"req\":{\"method\":\"%.*s\",\"host\":\"%.*"
	    "s\","
	    "\"contentLength\":%llu,\"targetBytes\":%llu,\"headerBytes\":%llu,\"hdr\":{%.*s}},"
	    "\"amr\":[%s%s%s]}",
	    FL_STR_ARGS(q->client), q->is_tls ? "true" : "false", FL_STR_ARGS(q->method_name),
	    FL_STR_ARGS(host), (unsigned long long)q->content_length,
	    (unsigned long long)q->target_bytes, (unsigned long long)q->header_bytes,
	    FL_STR_ARGS(headers), proof ? "\"" : "", proof ? proof : "", proof ? "\"" : "");
}

/* Ids of the first policies of a list: more do not go into a line. */
struct ids {
	struct fl_str items[FL_DECISION_IDS_MAX + 1];
	size_t n;
};

static void add_id(struct ids *ids, const struct fl_bundle_set *set, const struct fl_cedar_row *row)
{
	if (ids->n < FL_ARRAY_LEN(ids->items))
		ids->items[ids->n++] = set->policies[row->index].id;
}

static void log_line(struct fl_request *req)
{
	const struct fl_decided *decided = req->decided;
	const struct fl_bundle *bundle = req->snapshot->bundle;
	const struct fl_cedar_answer *active = &decided->decision.answer;
	const struct fl_cedar_answer *shadow = &decided->decision.shadow;
	enum fl_shadow difference = shadow_of(&decided->decision);
	struct ids reasons = {.n = 0}, failed = {.n = 0};
	struct fl_question asked;
	const struct fl_decide_request *q = &asked.as_policies_see_it;
	struct fl_cedar_request rq;

	fl_decided_ask(req, &asked);
	if (!fl_decide_make_request(bundle, q, &req->arena, &rq))
		return;
	for (size_t i = 0; i < active->n_reasons; i++)
		add_id(&reasons, &bundle->active, active->reasons[i]);
	for (size_t i = 0; i < active->n_errors; i++)
		add_id(&failed, &bundle->active, active->errors[i].row);
	for (size_t i = 0; i < shadow->n_errors; i++)
		add_id(&failed, &bundle->shadow, shadow->errors[i].row);
	fl_decision_log_add(
	    req->snapshot->decision_log, req->worker->index,
	    &(struct fl_decision_record){
		.wall_ns = q->wall_ns,
		.request_id = req->request_id,
		.route = fl_str_from(req->route->name),
		.principal = print_uid(&req->arena, rq.principal),
		.action = print_uid(&req->arena, rq.action),
		.resource = print_uid(&req->arena, rq.resource),
		.decision = fl_metric_decision_name(decided->outcome),
		.shadow = difference == FL_SHADOW_SAME ? NULL : shadow_names[difference],
		.reasons = reasons.items,
		.reasons_n = reasons.n,
		.errors = failed.items,
		.errors_n = failed.n,
		.context_json = decided->is_whole ? print_context(req, q) : FL_STR_NULL,
	    });
}

void fl_decided_record(struct fl_request *req, struct fl_metric_route_shard *shard)
{
	const struct fl_decided *decided = req->decided;
	const struct fl_decision *d = &decided->decision;
	struct fl_policy_counts *counts = &req->worker->policies;

	fl_metric_add(&shard->decisions[decided->outcome], 1);
	if (d->answer.n_errors + d->shadow.n_errors > 0)
		fl_metric_add(&counts->errors, d->answer.n_errors + d->shadow.n_errors);
	if (req->snapshot->bundle->shadow.set)
		fl_metric_add(&counts->shadow[shadow_of(d)], 1);
	if (req->snapshot->decision_log &&
	    (decided->is_logged || decided->outcome != FL_METRIC_ALLOW))
		log_line(req);
}
