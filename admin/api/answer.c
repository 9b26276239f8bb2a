/* admin/api/answer.c - JSON answers and problems (RFC 9457)
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#include <stdio.h>

#include "base/clock.h"

void fl_api_header(struct fl_api_call *call, const char *lower_name, struct fl_str value)
{
	FL_ASSERT(call->headers_n < FL_API_HEADERS_MAX);
	call->headers[call->headers_n++] = (struct fl_header){fl_str(lower_name), value};
}

void fl_api_begin(struct fl_api_call *call, uint32_t status, struct fl_json *ret)
{
	fl_buf_clear(&call->body);
	call->status = status;
	call->content_type = "application/json";
	fl_json_init(ret, &call->body);
}

void fl_api_object(struct fl_api_call *call, uint32_t status, struct fl_json *ret)
{
	fl_api_begin(call, status, ret);
	fl_json_object(ret, NULL);
}

static const char *title_of(uint32_t status)
{
	static const struct {
		uint32_t status;
		const char *title;
	} rows[] = {
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {409, "Conflict"},
	    {413, "Content Too Large"},
	    {415, "Unsupported Media Type"},
	    {421, "Misdirected Request"},
	    {422, "Unprocessable Content"},
	    {500, "Internal Server Error"},
	    {503, "Service Unavailable"},
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		if (rows[i].status == status)
			return rows[i].title;
	return "Problem";
}

/* Leaves the object open. */
static void begin_problem(struct fl_api_call *call, struct fl_json *j, uint32_t status,
                          const char *code, struct fl_str detail, struct fl_str hint)
{
	fl_api_object(call, status, j);
	call->content_type = "application/problem+json";
	fl_json_add(j, "type", fl_arena_printf(call->http->arena, "urn:fairlead:problem:%s", code));
	fl_json_add_c(j, "title", title_of(status));
	fl_json_add_u64(j, "status", status);
	fl_json_add(j, "detail", detail);
	if (hint.n != 0)
		fl_json_add(j, "hint", hint);
	fl_json_add_c(j, "request_id", call->request_id);
}

void fl_api_problem(struct fl_api_call *call, uint32_t status, const char *code, const char *hint,
                    const char *fmt, ...)
{
	struct fl_str detail;
	struct fl_json j;
	va_list ap;

	va_start(ap, fmt);
	detail = fl_arena_vprintf(call->http->arena, fmt, ap);
	va_end(ap);
	begin_problem(call, &j, status, code, detail, fl_str(hint));
	fl_json_end(&j);
}

void fl_api_error(struct fl_api_call *call, uint32_t status, const struct fl_error *err)
{
	fl_api_problem(call, status, err->code, err->hint, "%s", err->message);
}

void fl_api_problems(struct fl_api_call *call, uint32_t status, const struct fl_problems *list)
{
	const struct fl_problem *first = list->first;
	struct fl_str detail;
	struct fl_json j;

	while (first != NULL && first->is_warning)
		first = first->next;
	FL_ASSERT(first != NULL);
	detail = list->errors == 1
	             ? first->detail
	             : fl_arena_printf(call->http->arena, "%zu problems; the first: %.*s",
	                               list->errors, FL_STR_ARGS(first->detail));
	begin_problem(call, &j, status, first->code, detail, first->hint);
	fl_json_add_problems(&j, "errors", list, FL_JSON_ERRORS);
	fl_json_end(&j);
}

struct fl_live *fl_api_serving(struct fl_api_call *call)
{
	struct fl_live *live = fl_control_live(call->api->parts.control);

	if (live == NULL)
		fl_api_problem(call, 503, "not_ready", NULL, "the gateway starts or stops");
	return live;
}

void fl_api_add_time(struct fl_json *j, const char *key, uint64_t wall_ns)
{
	char text[FL_CLOCK_ISO_SIZE];

	if (wall_ns != 0)
		fl_clock_iso(wall_ns, text);
	fl_json_add_c(j, key, wall_ns == 0 ? NULL : text);
}

void fl_api_add_ms(struct fl_json *j, const char *key, uint64_t ns)
{
	char text[40];
	int n = snprintf(text, sizeof text, "%.3f", (double)ns / 1e6);

	fl_json_add_raw(j, key, fl_str_n(text, (size_t)n));
}
