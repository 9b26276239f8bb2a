/* admin/api/config.c - the configuration that serves, and its reload
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#include "base/clock.h"

void fl_api_config_get(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);

	if (live == NULL)
		return;
	call->status = 200;
	call->content_type = "application/json";
	fl_buf_add(&call->body, live->config->canonical_json);
	fl_api_header(call, "etag",
	              fl_arena_printf(call->http->arena, "\"%s\"", live->config->digest));
	(void)fl_live_unref(live);
}

void fl_api_config_reload(struct fl_api_call *call)
{
	struct fl_control_outcome outcome;
	struct fl_problems problems;
	struct fl_json j;

	fl_problems_init(&problems, call->http->arena);
	if (fl_control_reload(call->api->parts.control, &problems, &outcome) != 0) {
		fl_api_problems(call, 422, &problems);
		return;
	}
	fl_api_object(call, 200, &j);
	fl_json_add_u64(&j, "revision", outcome.revision);
	fl_json_add_bool(&j, "changed", outcome.is_changed);
	fl_json_add_bool(&j, "late", outcome.is_late);
	fl_api_add_ms(&j, "live_in_ms", fl_clock_mono_ns() - call->begin_ns);
	fl_json_add_problems(&j, "warnings", &problems, FL_JSON_WARNINGS);
	fl_json_end(&j);
}
