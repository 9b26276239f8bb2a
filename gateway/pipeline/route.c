/* gateway/pipeline/route.c - the second stage: which route takes the request
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

static bool find_header(const void *ctx, struct fl_str lower_name, struct fl_str *ret)
{
	const struct fl_request *req = ctx;

	for (size_t i = 0; i < req->headers_n; i++) {
		if (!fl_str_eq(fl_str_from(req->headers[i].k), lower_name))
			continue;
		*ret = fl_str_from(req->headers[i].v);
		return true;
	}
	return false;
}

enum fl_request_verdict fl_stage_route(struct fl_request *req)
{
	const struct fl_route_query query = {
	    .method = req->method,
	    .host = req->host_name,
	    .path = req->path,
	    .header = find_header,
	    .ctx = req,
	};
	int found;

	if (!req->snapshot)
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_NO_CONFIGURATION));
	found = fl_route_table_find(req->snapshot->table, &query, &req->match);
	if (found == FL_ROUTE_METHOD)
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_METHOD_NOT_ALLOWED));
	if (found != FL_ROUTE_FOUND)
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_ROUTE_NOT_FOUND));
	req->route = req->match.target;
	__builtin_prefetch(fl_metric_route_shard(req->route->metric, req->worker->index), 1);
	req->max_body_bytes = req->route->max_body_bytes;
	req->timeout_ns = req->route->timeout_ns;
	if (req->has_encoded_slash && !req->route->allow_encoded_slash)
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_ENCODED_SLASH));
	return FL_REQUEST_CONTINUE;
}
