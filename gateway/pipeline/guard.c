/* gateway/pipeline/guard.c - the first stage: one path, readable in one way only
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rest of strict HTTP was done by the transport before the pipeline saw the request.
 */
#include "gateway/pipeline/path.h"
#include "gateway/pipeline/stage.h"

#define REFUSED .title = "Ambiguous path", .status = 400, .must_close = true

static const struct fl_problem_type problems[FL_PATH_FAULTS] = {
	[FL_PATH_E_RELATIVE] = {"path_relative", REFUSED, .detail =
		"The path does not begin with \"/\"."},
	[FL_PATH_E_CHARACTER] = {"path_character", REFUSED, .detail =
		"The path holds a byte that no path may hold. Percent-encode it as UTF-8."},
	[FL_PATH_E_SEMICOLON] = {"path_semicolon", REFUSED, .detail =
		"The path holds \";\", at which some readers cut it. Send it as \"%3B\"."},
	[FL_PATH_E_BACKSLASH] = {"path_backslash", REFUSED, .detail =
		"The path holds \"\\\", raw or escaped, which some readers take for \"/\"."},
	[FL_PATH_E_ESCAPE] = {"path_escape", REFUSED, .detail =
		"The path holds a \"%\" without two hexadecimal digits after it. A \"%\" itself is "
		"sent as \"%25\"."},
	[FL_PATH_E_CONTROL] = {"path_control", REFUSED, .detail =
		"The path holds an escaped control byte (%00 to %1F, %7F)."},
	[FL_PATH_E_UTF8] = {"path_utf8", REFUSED, .detail =
		"The escaped bytes of the path are not well-formed UTF-8."},
	[FL_PATH_E_EMPTY_SEGMENT] = {"path_empty_segment", REFUSED, .detail =
		"The path holds \"//\", which some readers take for \"/\". Send one."},
	[FL_PATH_E_DOT_SEGMENT] = {"path_dot_segment", REFUSED, .detail =
		"The path holds \".\" or \"..\" as a segment. Send the path that it leads to."},
};

enum fl_request_verdict fl_stage_guard(struct fl_request *req)
{
	struct fl_path path;
	enum fl_path_fault fault = fl_path_canonical(&req->arena, req->raw_path, &path);

	if (fault == FL_PATH_E_MEMORY)
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
	if (fault != FL_PATH_OK)
		return fl_stage_refuse(req, &problems[fault]);
	req->path = path.text;
	req->has_encoded_slash = path.has_encoded_slash;
	return FL_REQUEST_CONTINUE;
}
