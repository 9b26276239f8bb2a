/* tests/mock/mock.c - a connector that misbehaves in the way its configuration names
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"mode": "..."}: one row of the tables below; what is not listed behaves. Compiled several times,
 * with manifests that differ in threading and in what they ask for.
 */
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>

#include <fairlead/ext/exec.h>
#include <fairlead/ext/http.h>
#include <fairlead/ext/kv.h>
#include <fairlead/ext/metric.h>
#include <fairlead/ext/timer.h>
#include <fairlead/note.h>

FAIRLEAD_NOTE(FAIRLEAD_CONNECTOR_ID, FAIRLEAD_CONNECTOR_VERSION);

struct fairlead_inst {
	const fairlead_host *host;
	fairlead_id self;
	char mode[32];
	char url[128];
	const fairlead_timer *timer;
	const fairlead_exec *exec;
	const fairlead_kv_store *kv;
	const fairlead_metric *metric;
	const fairlead_http *http;
	fairlead_id pending; /* the request that is not answered yet */
	int step;
};

static fairlead_str str(const char *s)
{
	return (fairlead_str){s, strlen(s)};
}

static int is(const fairlead_inst *inst, const char *mode)
{
	return strcmp(inst->mode, mode) == 0;
}

static void hang(void)
{
	const struct timespec hour = {3600, 0};

	for (;;)
		(void)thrd_sleep(&hour, NULL);
}

static fairlead_status reply(fairlead_inst *inst, fairlead_id req, fairlead_str body)
{
	const fairlead_response r = {.struct_size = sizeof r, .http_status = 200, .body = body};

	return inst->host->reply(inst->self, req, &r);
}

/* The value of a string member of flat JSON. */
static void read_member(fairlead_str json, const char *member, char *out, size_t size)
{
	size_t n = strlen(member), at = 0;

	out[0] = '\0';
	while (at + n + 4 < json.n && memcmp(json.p + at, member, n) != 0)
		at++;
	if (at + n + 4 >= json.n)
		return;
	at += n + 3; /* ":" and quotes */
	for (size_t i = 0; at < json.n && json.p[at] != '"' && i + 1 < size; i++) {
		out[i] = json.p[at++];
		out[i + 1] = '\0';
	}
}

/* ---- lifecycle ---- */

static fairlead_status create(const fairlead_host *host, const fairlead_create *args,
                              fairlead_inst **out)
{
	fairlead_inst *inst = calloc(1, sizeof *inst);

	if (inst == NULL)
		return FAIRLEAD_E_INTERNAL;
	inst->host = host;
	inst->self = args->self;
	read_member(args->config_json, "mode", inst->mode, sizeof inst->mode);
	read_member(args->config_json, "url", inst->url, sizeof inst->url);
	if (is(inst, "create_hangs"))
		hang();
	if (is(inst, "create_refuses")) {
		(void)host->ready(args->self, FAIRLEAD_E_INVAL, str("the colour is wrong"));
		free(inst);
		return FAIRLEAD_E_INVAL;
	}
	inst->timer = host->get_ext(args->self, FAIRLEAD_EXT_TIMER);
	inst->exec = host->get_ext(args->self, FAIRLEAD_EXT_EXEC);
	inst->kv = host->get_ext(args->self, FAIRLEAD_EXT_KV);
	inst->metric = host->get_ext(args->self, FAIRLEAD_EXT_METRIC);
	inst->http = host->get_ext(args->self, FAIRLEAD_EXT_HTTP);
	*out = inst;
	return FAIRLEAD_OK;
}

static fairlead_status start(fairlead_inst *inst)
{
	fairlead_id op;

	if (is(inst, "start_hangs"))
		hang();
	if (is(inst, "start_fails"))
		return FAIRLEAD_E_UPSTREAM;
	if (is(inst, "never_ready"))
		return FAIRLEAD_OK;
	if (is(inst, "not_ready"))
		(void)inst->host->ready(inst->self, FAIRLEAD_E_UPSTREAM,
		                        str("no route to the database"));
	else if (is(inst, "ready_later"))
		return inst->timer->set(inst->self, 0, 1000000, &op) == FAIRLEAD_PENDING
		           ? FAIRLEAD_OK
		           : FAIRLEAD_E_INTERNAL;
	else
		(void)inst->host->ready(inst->self, FAIRLEAD_OK, str(""));
	return FAIRLEAD_OK;
}

static void quiesce(fairlead_inst *inst, uint64_t deadline_ns)
{
	(void)deadline_ns;
	if (is(inst, "quiesce_hangs"))
		hang();
	if (!is(inst, "never_drained"))
		(void)inst->host->drained(inst->self);
}

static void stop(fairlead_inst *inst)
{
	if (is(inst, "stop_hangs"))
		hang();
}

static void destroy(fairlead_inst *inst)
{
	if (is(inst, "destroy_hangs"))
		hang();
	free(inst);
}

/* ---- requests: one function a behaviour ---- */

static fairlead_status reply_twice(fairlead_inst *inst, const fairlead_request *req)
{
	(void)reply(inst, req->id, str("first"));
	(void)reply(inst, req->id, str("second"));
	return FAIRLEAD_OK;
}

static fairlead_status no_reply(fairlead_inst *inst, const fairlead_request *req)
{
	(void)inst;
	(void)req;
	return FAIRLEAD_OK;
}

static fairlead_status never(fairlead_inst *inst, const fairlead_request *req)
{
	inst->pending = req->id;
	return FAIRLEAD_PENDING;
}

static fairlead_status forge(fairlead_inst *inst, const fairlead_request *req)
{
	static const uint64_t others[] = {0, 1, UINT64_MAX, UINT64_C(1) << 32,
	                                  UINT64_C(0xfff) << 20};

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		(void)reply(inst, req->id ^ others[i] ? req->id + others[i] + (others[i] == 0) : 1,
		            str("forged"));
	return reply(inst, req->id, str("mine"));
}

static fairlead_status zero_response(fairlead_inst *inst, const fairlead_request *req)
{
	static const fairlead_response zero;

	(void)inst->host->reply(inst->self, req->id, &zero);
	return FAIRLEAD_OK;
}

static fairlead_status bad_header(fairlead_inst *inst, const fairlead_request *req)
{
	const fairlead_kv header = {str("x-a"), str("1\r\nx-consumer: admin")};
	const fairlead_response r = {
	    .struct_size = sizeof r, .http_status = 200, .headers = &header, .headers_n = 1};

	(void)inst->host->reply(inst->self, req->id, &r);
	return FAIRLEAD_OK;
}

static fairlead_status huge_body(fairlead_inst *inst, const fairlead_request *req)
{
	size_t n = (size_t)17 << 20;
	char *p = calloc(1, n);

	(void)reply(inst, req->id, (fairlead_str){p, n});
	free(p);
	return FAIRLEAD_OK;
}

static fairlead_status fails(fairlead_inst *inst, const fairlead_request *req)
{
	(void)inst->host->fail(inst->self, req->id, FAIRLEAD_E_TIMEOUT, str("too slow"));
	return FAIRLEAD_OK;
}

static fairlead_status refuses(fairlead_inst *inst, const fairlead_request *req)
{
	(void)inst;
	(void)req;
	return FAIRLEAD_E_AGAIN;
}

static fairlead_status handle_hangs(fairlead_inst *inst, const fairlead_request *req)
{
	(void)inst;
	(void)req;
	hang();
	return FAIRLEAD_OK;
}

static fairlead_status logs(fairlead_inst *inst, const fairlead_request *req)
{
	const fairlead_kv field = {str("colour"), str("green\n\"\\")};

	for (int i = 0; i < 150; i++)
		inst->host->log(inst->self, FAIRLEAD_LOG_WARN, req->id, str("a line"), &field, 1);
	return reply(inst, req->id, str("logged"));
}

/* ---- requests that need the host ---- */

/* What a service answered when it was refused, as the body. */
static fairlead_status tell(fairlead_inst *inst, const fairlead_request *req,
                            fairlead_status status)
{
	char text[8] = {'E', (char)('0' + (-status) / 10), (char)('0' + (-status) % 10), '\0'};

	if (status == FAIRLEAD_PENDING)
		return FAIRLEAD_PENDING;
	return reply(inst, req->id, str(text));
}

static fairlead_status timer(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	return tell(inst, req, inst->timer->set(inst->self, req->id, 1000000, &op));
}

static fairlead_status timer_cancel(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	if (inst->timer->set(inst->self, req->id, UINT64_C(3600000000000), &op) != FAIRLEAD_PENDING)
		return FAIRLEAD_E_INTERNAL;
	if (inst->timer->cancel(inst->self, op + 1) != FAIRLEAD_E_STALE ||
	    inst->timer->cancel(inst->self, op) != FAIRLEAD_OK)
		return FAIRLEAD_E_INTERNAL;
	return FAIRLEAD_PENDING;
}

static fairlead_status timer_leak(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	(void)inst->timer->set(inst->self, 0, UINT64_C(3600000000000), &op);
	return reply(inst, req->id, str("set"));
}

static fairlead_status timers_many(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_status status = FAIRLEAD_PENDING;
	fairlead_id op;

	while (status == FAIRLEAD_PENDING)
		status = inst->timer->set(inst->self, 0, UINT64_C(3600000000000), &op);
	return tell(inst, req, status);
}

static fairlead_status exec(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	return tell(inst, req, inst->exec->submit(inst->self, req->id, req->id, &op));
}

static fairlead_status kv(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	inst->step = 0;
	return tell(inst, req, inst->kv->put(inst->self, req->id, str("key"), req->body, 0, &op));
}

static fairlead_status kv_get(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	inst->step = 1;
	return tell(inst, req, inst->kv->get(inst->self, req->id, str("key"), &op));
}

static fairlead_status metric(fairlead_inst *inst, const fairlead_request *req)
{
	if (inst->metric->add(inst->self, str("seen_total"), 2) != FAIRLEAD_OK ||
	    inst->metric->set(inst->self, str("level"), -3) != FAIRLEAD_OK ||
	    inst->metric->add(inst->self, str("seen_total"), -1) != FAIRLEAD_E_INVAL ||
	    inst->metric->set(inst->self, str("seen_total"), 1) != FAIRLEAD_E_INVAL ||
	    inst->metric->add(inst->self, str("other"), 1) != FAIRLEAD_E_NOT_FOUND)
		return FAIRLEAD_E_INTERNAL;
	return reply(inst, req->id, str("counted"));
}

static fairlead_status http(fairlead_inst *inst, const fairlead_request *req)
{
	const fairlead_kv header = {str("authorization"), str("Bearer ${secret:mock/token}")};
	const fairlead_http_request out = {
	    .struct_size = sizeof out,
	    .method = str("POST"),
	    .url = str(inst->url),
	    .headers = &header,
	    .headers_n = 1,
	    .body = req->body,
	};
	fairlead_id op;

	inst->pending = req->id;
	return tell(inst, req, inst->http->send(inst->self, req->id, &out, &op));
}

static const struct {
	const char *mode;
	fairlead_status (*handle)(fairlead_inst *inst, const fairlead_request *req);
} behaviours[] = {
    {"reply_twice", reply_twice},
    {"no_reply", no_reply},
    {"never", never},
    {"late", never},
    {"forge", forge},
    {"zero_response", zero_response},
    {"bad_header", bad_header},
    {"huge_body", huge_body},
    {"fails", fails},
    {"refuses", refuses},
    {"handle_hangs", handle_hangs},
    {"logs", logs},
    {"timer", timer},
    {"timer_cancel", timer_cancel},
    {"timer_leak", timer_leak},
    {"timers_many", timers_many},
    {"exec", exec},
    {"exec_reply", exec},
    {"kv", kv},
    {"kv_get", kv_get},
    {"metric", metric},
    {"http", http},
    {"exec_http", exec},
};

static fairlead_status handle(fairlead_inst *inst, const fairlead_request *req)
{
	for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++)
		if (is(inst, behaviours[i].mode))
			return behaviours[i].handle(inst, req);
	return reply(inst, req->id, req->body);
}

/* ---- what comes later ---- */

static fairlead_status run(fairlead_inst *inst, uint64_t work)
{
	if (is(inst, "exec_reply"))
		return reply(inst, work, str("from the pool"));
	if (is(inst, "exec_http")) {
		const fairlead_http_request out = {
		    .struct_size = sizeof out, .method = str("GET"), .url = str(inst->url)};
		fairlead_id op;

		return inst->http->send(inst->self, work, &out, &op);
	}
	return FAIRLEAD_OK;
}

static void on_http(fairlead_inst *inst, const fairlead_event *event)
{
	const fairlead_http_response *r = event->payload;

	(void)reply(inst, inst->pending, r != NULL ? r->body : str("no answer"));
}

static void on_kv(fairlead_inst *inst, const fairlead_event *event)
{
	const fairlead_kv_result *r = event->payload;
	fairlead_id op;

	if (inst->step++ == 0)
		(void)inst->kv->get(inst->self, inst->pending, str("key"), &op);
	else
		(void)reply(inst, inst->pending,
		            event->status == FAIRLEAD_OK ? r->value : str("not found"));
}

static void on_event(fairlead_inst *inst, const fairlead_event *event)
{
	if (is(inst, "ready_later") && inst->pending == 0) {
		(void)inst->host->ready(inst->self, FAIRLEAD_OK, str(""));
		return;
	}
	if (event->kind == FAIRLEAD_EVENT_HTTP)
		on_http(inst, event);
	else if (event->kind == FAIRLEAD_EVENT_KV)
		on_kv(inst, event);
	else if (inst->pending != 0 && !is(inst, "exec_reply") && !is(inst, "exec_http"))
		(void)reply(inst, inst->pending,
		            event->status == FAIRLEAD_E_CANCELLED ? str("cancelled") : str("done"));
}

static void on_cancel(fairlead_inst *inst, fairlead_id req, uint32_t reason)
{
	(void)reason;
	if (is(inst, "late"))
		(void)reply(inst, req, str("too late"));
}

const fairlead_plugin *fairlead_plugin_entry_v1(void)
{
	static const fairlead_plugin plugin = {
	    .struct_size = sizeof plugin,
	    .abi_minor = FAIRLEAD_ABI_MINOR,
	    .id = FAIRLEAD_CONNECTOR_ID,
	    .version = FAIRLEAD_CONNECTOR_VERSION,
	    .create = create,
	    .start = start,
	    .handle = handle,
	    .on_event = on_event,
	    .on_cancel = on_cancel,
	    .run = run,
	    .quiesce = quiesce,
	    .stop = stop,
	    .destroy = destroy,
	};

	return &plugin;
}
