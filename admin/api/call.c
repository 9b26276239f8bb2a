/* admin/api/call.c - the way of one call: admit, route, run, answer
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

int fl_api_create(const struct fl_api_parts *parts, struct fl_api **ret, struct fl_error *err)
{
	struct fl_api *api = calloc(1, sizeof *api);

	if (api == NULL)
		return fl_error_set(err, "out_of_memory", "no memory for the admin API");
	api->parts = *parts;
	FL_ASSERT(strlen(parts->token) == FL_API_TOKEN_LEN);
	memcpy(api->token, parts->token, sizeof api->token);
	api->parts.token = NULL;
	api->started_wall_ns = fl_clock_wall_ns();
	api->started_mono_ns = fl_clock_mono_ns();
	if (fl_api_register_metrics(api) < 0) {
		(void)fl_api_destroy(api);
		return fl_error_set(err, "out_of_memory", "no memory for the admin API");
	}
	*ret = api;
	return 0;
}

struct fl_api *fl_api_destroy(struct fl_api *api)
{
	if (api == NULL)
		return NULL;
	sodium_memzero(api->token, sizeof api->token);
	free(api);
	return NULL;
}

void fl_api_set_ready(struct fl_api *api, bool is_ready)
{
	atomic_store_explicit(&api->is_ready, is_ready, memory_order_release);
}

/* ---- the answer ---- */

static void send_answer(struct fl_api_call *call)
{
	struct fl_api *api = call->api;
	struct fl_live *live = fl_control_live(api->parts.control);
	uint64_t revision = live == NULL ? 0 : live->revision;

	(void)fl_live_unref(live);
	if (fl_buf_is_overflown(&call->body))
		fl_api_problem(call, 500, "answer_too_large", NULL,
		               "the answer does not fit in memory");
	fl_api_header(call, "content-type", fl_str(call->content_type));
	fl_api_header(call, "cache-control", FL_STR("no-store"));
	fl_api_header(call, "x-content-type-options", FL_STR("nosniff"));
	fl_api_header(call, "x-request-id", fl_str(call->request_id));
	fl_api_header(call, "fairlead-revision",
	              fl_arena_printf(call->http->arena, "%llu", (unsigned long long)revision));
	struct fl_buf body = call->body;

	/* The call lives in the arena of the service's: gone with the reply. */
	fl_service_reply(call->http, &(struct fl_service_reply){.status = call->status,
	                                                        .headers = call->headers,
	                                                        .headers_n = call->headers_n,
	                                                        .body = fl_buf_str(&body)});
	fl_buf_fini(&body);
}

static void run_job(struct fl_control *control, struct fl_control_job *job, bool is_stopping)
{
	struct fl_api_call *call = FL_CONTAINER_OF(job, struct fl_api_call, job);

	(void)control;
	if (is_stopping)
		fl_api_problem(call, 503, "stopping", "ask again when it is back",
		               "the gateway is stopping");
	else
		call->operation->handle(call);
	send_answer(call);
}

/* ---- routing ---- */

static void refuse_path(struct fl_api_call *call, uint32_t allowed)
{
	struct fl_buf list;

	if (allowed == 0) {
		fl_api_problem(call, 404, "not_found", "GET /openapi.json lists what there is",
		               "there is no %.*s", FL_STR_ARGS(call->http->path));
		return;
	}
	fl_buf_init(&list, 100);
	for (unsigned m = 0; m < FL_METHOD_N; m++) {
		if ((allowed & (1u << m)) == 0)
			continue;
		if (list.len != 0)
			fl_buf_add_c(&list, ", ");
		fl_buf_add_c(&list, fl_method_name((enum fl_method)m));
	}
	fl_api_problem(call, 405, "method_not_allowed", NULL, "this path has: %s",
	               fl_buf_cstr(&list));
	fl_api_header(call, "allow", fl_arena_str(call->http->arena, fl_buf_str(&list)));
	fl_buf_fini(&list);
}

static bool check_json(struct fl_api_call *call, struct fl_str type)
{
	struct fl_str parameters, media = fl_str_trim(fl_str_split(type, ';', &parameters));

	if (!fl_str_eq_nocase(media, FL_STR("application/json"))) {
		fl_api_problem(call, 415, "media_type", "send Content-Type: application/json",
		               "this operation takes JSON, not \"%.*s\"", FL_STR_ARGS(type));
		return false;
	}
	if (call->http->body.n <= FL_API_JSON_MAX)
		return true;
	fl_api_problem(call, 413, "body_too_large", NULL, "at most %u bytes", FL_API_JSON_MAX);
	return false;
}

/* What an operation does not know is refused: a "?dry_run=true" that is passed over would be the
 * worst of surprises. */
static bool check_input(struct fl_api_call *call)
{
	struct fl_str type = fl_service_header(call->http, "content-type");

	if (call->http->query.n != 0) {
		fl_api_problem(call, 400, "query_unknown", NULL, "this operation takes no query");
		return false;
	}
	if ((call->operation->flags & FL_OP_JSON) != 0)
		return check_json(call, type);
	if ((call->operation->flags & FL_OP_UPLOAD) == 0) {
		if (call->http->body.n == 0)
			return true;
		fl_api_problem(call, 400, "body_unexpected", NULL, "this operation takes no body");
		return false;
	}
	if (type.n == 0 || fl_str_eq_nocase(type, FL_STR("application/octet-stream")))
		return true;
	fl_api_problem(call, 415, "media_type", "send Content-Type: application/octet-stream",
	               "a connector is uploaded as it is, not as \"%.*s\"", FL_STR_ARGS(type));
	return false;
}

static bool route(struct fl_api_call *call)
{
	uint32_t allowed = 0;

	call->operation =
	    fl_operation_find(call->http->method, call->http->path, call->params, &allowed);
	if (!fl_api_admit(call))
		return false;
	if (call->operation != NULL)
		return check_input(call);
	refuse_path(call, allowed);
	return false;
}

void fl_api_handle(void *ctx, struct fl_service_call *http)
{
	struct fl_api *api = ctx;
	struct fl_api_call *call = fl_arena_zalloc(http->arena, sizeof *call);
	unsigned char id[16];

	if (call == NULL) {
		fl_service_reply(http, &(struct fl_service_reply){.status = 503});
		return;
	}
	atomic_fetch_add_explicit(&api->requests_total, 1, memory_order_relaxed);
	call->api = api;
	call->http = http;
	call->begin_ns = fl_clock_mono_ns();
	call->job.run = run_job;
	randombytes_buf(id, sizeof id);
	(void)sodium_bin2hex(call->request_id, sizeof call->request_id, id, sizeof id);
	fl_buf_init(&call->body, FL_API_BODY_MAX);
	if (!route(call)) {
		send_answer(call);
	} else if ((call->operation->flags & FL_OP_CONTROL) == 0) {
		call->operation->handle(call);
		send_answer(call);
	} else if (!fl_control_post(api->parts.control, &call->job)) {
		fl_api_problem(call, 503, "busy", NULL,
		               "too many changes wait, or the gateway stops");
		fl_api_header(call, "retry-after", FL_STR("1"));
		send_answer(call);
	}
}
