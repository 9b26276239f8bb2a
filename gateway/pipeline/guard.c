/* gateway/pipeline/guard.c - the first stage: one path, readable in one way only
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rest of strict HTTP was done by the transport before the pipeline saw the request.
 */
#include "gateway/pipeline/path.h"
#include "gateway/pipeline/stage.h"

enum fl_request_verdict fl_stage_guard(struct fl_request *req)
{
	struct fl_path path;
	enum fl_path_fault fault = fl_path_canonical(&req->arena, req->raw_path, &path);

	if (fault != FL_PATH_OK)
		return fl_stage_refuse(req, fl_path_problem(fault));
	req->path = path.text;
	req->has_encoded_slash = path.has_encoded_slash;
	return FL_REQUEST_CONTINUE;
}
