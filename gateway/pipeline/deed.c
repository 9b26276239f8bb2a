/* gateway/pipeline/deed.c - may an instance do this by itself? The policies that serve decide
 * SPDX-License-Identifier: Apache-2.0
 *
 * On the loop of the worker that would carry it, so the published snapshot can be held as by a
 * request. An instance that is not in that snapshot yet - it starts, and may want the network for
 * it - is decided by the policies that it will be published with: those the control thread has told
 * of, under a lock that nobody else wants. Refusals are counted; of those of one worker at most
 * LOGGED_PER_SEC a second are logged.
 */
#include "base/log.h"
#include "gateway/authorize/decide.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

#define LOGGED_PER_SEC 10u
#define SCRATCH_BLOCK 8192u
#define SCRATCH_BYTES 65536u

void fl_deeds_init(struct fl_deeds *deeds)
{
	fl_arena_init(&deeds->scratch, SCRATCH_BLOCK, SCRATCH_BYTES);
}

void fl_deeds_fini(struct fl_deeds *deeds)
{
	fl_arena_fini(&deeds->scratch);
}

void fl_pipeline_expect(struct fl_pipeline *pipeline, struct fl_bundle *bundle)
{
	struct fl_bundle *old;

	if (bundle)
		bundle = fl_bundle_ref(bundle);
	(void)pthread_mutex_lock(&pipeline->lock);
	old = pipeline->expected;
	pipeline->expected = bundle;
	(void)pthread_mutex_unlock(&pipeline->lock);
	(void)fl_bundle_unref(old);
}

static struct fl_bundle *take_expected(struct fl_pipeline *pipeline)
{
	struct fl_bundle *bundle;

	(void)pthread_mutex_lock(&pipeline->lock);
	bundle = pipeline->expected ? fl_bundle_ref(pipeline->expected) : NULL;
	(void)pthread_mutex_unlock(&pipeline->lock);
	return bundle;
}

/* ---- the question ---- */

static const struct fl_request *request_of(const struct fl_host_deed *deed)
{
	const char *call = (const char *)deed->call;

	return call ? (const void *)(call - offsetof(struct fl_request, call)) : NULL;
}

static void fill(struct fl_pipeline_worker *worker, const struct fl_host_deed *from,
                 struct fl_decide_deed *ret)
{
	const struct fl_request *req = request_of(from);

	*ret = (struct fl_decide_deed){
	    .kind = from->target ? FL_DEED_EGRESS : FL_DEED_SECRET,
	    .instance = fl_str(from->instance),
	    .secret = from->secret,
	    .wall_ns = fl_worker_wall_ns(worker, fl_loop_now_ns(worker->loop)),
	    .bytes = from->bytes,
	};
	if (from->target) {
		ret->host = from->target->host;
		ret->port = from->target->port;
		ret->is_internal = from->target->is_internal;
	}
	if (req && req->route)
		ret->route = fl_str_from(req->route->name);
	if (req && req->principal.consumer)
		ret->consumer = req->principal.consumer->name;
}

/* ---- the answer ---- */

static bool may_log(struct fl_deeds *deeds, uint64_t now_ns)
{
	if (now_ns - deeds->second_ns >= FL_NS_PER_SEC) {
		deeds->second_ns = now_ns;
		deeds->logged = 0;
	}
	return deeds->logged++ < LOGGED_PER_SEC;
}

/* The policy that decided: one that forbids, one that could not be evaluated, or one that permits
 * and asks for what nobody does here. Empty: nothing permits it. */
static struct fl_str culprit(const struct fl_bundle *bundle, const struct fl_decision *d)
{
	const struct fl_cedar_row *row = NULL;

	if (d->is_failed_closed)
		for (size_t i = 0; i < d->answer.n_errors && !row; i++)
			row = d->answer.errors[i].row->policy->is_forbid ? d->answer.errors[i].row
			                                                 : NULL;
	else if (d->answer.n_reasons > 0)
		row = d->answer.reasons[0];
	return row ? bundle->active.policies[row->index].id : FL_STR("");
}

static const char *explain(const struct fl_decision *d)
{
	if (d->is_failed_closed)
		return "a policy that may forbid it could not be evaluated";
	if (d->answer.is_allowed)
		return "a policy permits it with an obligation that is for requests only";
	if (d->answer.n_reasons > 0)
		return "a policy forbids it";
	return "no policy permits it: permit (principal == Conn::Connector::\"INSTANCE\", action, "
	       "resource)";
}

static void tell(struct fl_pipeline_worker *worker, const struct fl_bundle *bundle,
                 const struct fl_host_deed *from, const struct fl_decide_deed *deed,
                 const struct fl_decision *d)
{
	const struct fl_request *req = request_of(from);
	bool is_egress = deed->kind == FL_DEED_EGRESS;

	if (!may_log(&worker->deeds, fl_loop_now_ns(worker->loop)))
		return;
	fl_log(FL_LOG_WARN, "connector.forbidden", FL_LOG_STR("instance", deed->instance),
	       FL_LOG_C("action", is_egress ? "http.egress" : "secret.read"),
	       FL_LOG_STR(is_egress ? "host" : "secret", is_egress ? deed->host : deed->secret),
	       FL_LOG_U64("port", deed->port), FL_LOG_STR("policy", culprit(bundle, d)),
	       FL_LOG_C("detail", explain(d)),
	       FL_LOG_STR("request_id", req ? req->request_id : FL_STR("")));
}

static bool decide(struct fl_pipeline_worker *worker, const struct fl_bundle *bundle,
                   const struct fl_host_deed *from)
{
	struct fl_deeds *deeds = &worker->deeds;
	struct fl_decide_deed deed;
	struct fl_decision d;
	_Atomic uint64_t *n;

	fill(worker, from, &deed);
	fl_arena_reset(&deeds->scratch);
	fl_decide_deed(bundle, &deed, &deeds->scratch, &d);
	n = &deeds->n[deed.kind][d.is_allowed];
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
	                      memory_order_relaxed);
	if (!d.is_allowed)
		tell(worker, bundle, from, &deed, &d);
	return d.is_allowed;
}

bool fl_pipeline_may(void *ctx, const struct fl_host_deed *deed)
{
	struct fl_pipeline *pipeline = ctx;
	struct fl_pipeline_worker *worker;
	const struct fl_snapshot *snapshot;
	bool may;

	FL_ASSERT(deed->worker < pipeline->config.workers);
	worker = &pipeline->workers[deed->worker];
	snapshot = fl_worker_hold(worker);
	if (FL_LIKELY(snapshot && deed->generation <= snapshot->newest_generation)) {
		may = !snapshot->bundle || decide(worker, snapshot->bundle, deed);
	} else {
		struct fl_bundle *bundle = take_expected(pipeline);

		may = !bundle || decide(worker, bundle, deed);
		(void)fl_bundle_unref(bundle);
	}
	if (snapshot)
		fl_worker_release(worker, snapshot);
	return may;
}

/* ---- counting ---- */

static uint64_t sum(const struct fl_pipeline *pipeline, enum fl_deed_kind kind, bool is_allowed)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < pipeline->config.workers; i++)
		n += atomic_load_explicit(&pipeline->workers[i].deeds.n[kind][is_allowed],
		                          memory_order_relaxed);
	return n;
}

void fl_pipeline_collect_deeds(const struct fl_pipeline *pipeline, struct fl_buf *out)
{
	static const char *const actions[] = {
	    [FL_DEED_EGRESS] = "http.egress", [FL_DEED_SECRET] = "secret.read"};

	for (unsigned kind = 0; kind < FL_ARRAY_LEN(actions); kind++)
		for (unsigned is_allowed = 0; is_allowed < 2; is_allowed++) {
			const char *labels[] = {"action", actions[kind], "decision",
			                        is_allowed ? "allow" : "deny", NULL};

			fl_metrics_sample(out, "fairlead_connector_decisions_total", labels,
			                  sum(pipeline, (enum fl_deed_kind)kind, is_allowed));
		}
}
