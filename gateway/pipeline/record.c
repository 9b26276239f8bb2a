/* gateway/pipeline/record.c - the last stage: what remains of a request
 * SPDX-License-Identifier: Apache-2.0
 *
 * A request whose answer did not reach the kernel as a whole counts as status 0.
 */
#include "gateway/pipeline/decided.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

#define TRACE_ID_AT 3u
#define TRACE_ID_LEN 32u

static struct fl_str trace_id(const struct fl_request *req)
{
	return req->traceparent.n ? fl_str_n(req->traceparent.p + TRACE_ID_AT, TRACE_ID_LEN)
	                          : FL_STR_NULL;
}

static const char *error_of(const struct fl_request *req)
{
	if (req->problem.code)
		return req->problem.code;
	return req->was_sent ? NULL : "client_gone";
}

static const char *decision_of(const struct fl_request *req)
{
	return req->decided ? fl_metric_decision_name(req->decided->outcome) : NULL;
}

static void add_line(const struct fl_request *req, uint32_t status, uint64_t duration_ns)
{
	struct fl_pipeline_worker *worker = req->worker;
	const struct fl_access_record record = {
	    .wall_ns = fl_worker_wall_ns(worker, req->started_ns),
	    .duration_ns = duration_ns,
	    .upstream_ns = req->connector_ns,
	    .client = req->client,
	    .method = req->method_name,
	    .path = req->path.n ? req->path : req->raw_path,
	    .host = req->host,
	    .user_agent = req->user_agent,
	    .route = req->route ? fl_str_from(req->route->name) : FL_STR_NULL,
	    .instance = req->route ? req->route->instance_name : FL_STR_NULL,
	    .consumer = req->principal.consumer ? req->principal.consumer->name : FL_STR_NULL,
	    .request_id = req->request_id,
	    .trace_id = trace_id(req),
	    .bytes_in = req->bytes_in,
	    .bytes_out = req->bytes_out,
	    .status = status,
	    .decision = decision_of(req),
	    .auth = req->principal.method,
	    .auth_refused = req->principal.method ? NULL : req->auth_refused,
	    .limit = req->limited_by,
	    .error = error_of(req),
	};

	fl_access_log_add(worker->access_log, worker->index, &record);
}

enum fl_request_verdict fl_stage_record(struct fl_request *req)
{
	struct fl_pipeline_worker *worker = req->worker;
	uint64_t duration_ns = fl_clock_mono_ns() - req->started_ns;
	uint32_t status = req->was_sent ? req->response.status : 0;
	struct fl_metric_route_shard *shard =
	    req->route ? fl_metric_route_shard(req->route->metric, worker->index)
		       : worker->unrouted;

	fl_metric_route_add(shard, status, duration_ns, req->bytes_in, req->bytes_out);
	if (req->decided)
		fl_decided_record(req, shard);
	if (worker->access_log)
		add_line(req, status, duration_ns);
	return FL_REQUEST_CONTINUE;
}
