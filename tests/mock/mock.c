/* tests/mock/mock.c - a connector that misbehaves in the way its configuration names
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"mode": "..."}: one row of the tables below; what is not listed behaves. Compiled several times,
 * with manifests that differ in threading and in what they ask for.
 */
#include <stdio.h>
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
	char header[128];
	const fairlead_timer *timer;
	const fairlead_exec *exec;
	const fairlead_kv_store *kv;
	const fairlead_metric *metric;
	const fairlead_http *http;
	fairlead_id pending; /* the request that is not answered yet */
	const fairlead_request *kept;
	int step, is_starting;
	mtx_t busy; /* held while run() shall wait */
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

/* What the services answer to one who may not use them. */
static int is_refused(const fairlead_inst *inst, fairlead_id self)
{
	const fairlead_http_request out = {
	    .struct_size = sizeof out, .method = str("GET"), .url = str("http://127.0.0.1/")};
	fairlead_id op;

	return inst->timer->set(self, 0, 1, &op) == FAIRLEAD_E_STALE &&
	       inst->timer->cancel(self, 1) == FAIRLEAD_E_STALE &&
	       inst->exec->submit(self, 0, 0, &op) == FAIRLEAD_E_STALE &&
	       inst->http->send(self, 0, &out, &op) == FAIRLEAD_E_STALE &&
	       inst->http->cancel(self, 1) == FAIRLEAD_E_STALE &&
	       inst->kv->get(self, 0, str("key"), &op) == FAIRLEAD_E_STALE &&
	       inst->kv->put(self, 0, str("key"), str(""), 0, &op) == FAIRLEAD_E_STALE &&
	       inst->kv->cas(self, 0, str("key"), 0, str(""), 0, &op) == FAIRLEAD_E_STALE &&
	       inst->kv->remove(self, 0, str("key"), &op) == FAIRLEAD_E_STALE;
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
	read_member(args->config_json, "header", inst->header, sizeof inst->header);
	(void)mtx_init(&inst->busy, mtx_plain);
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
	if (is(inst, "early") && !is_refused(inst, args->self)) {
		free(inst);
		return FAIRLEAD_E_INTERNAL;
	}
	*out = inst;
	return FAIRLEAD_OK;
}

static fairlead_status start(fairlead_inst *inst)
{
	fairlead_id op;

	if (is(inst, "start_hangs"))
		hang();
	if (is(inst, "event_in_start")) {
		const struct timespec while_ns = {0, 20000000};

		inst->is_starting = 1;
		(void)inst->timer->set(inst->self, 0, 0, &op);
		(void)thrd_sleep(&while_ns, NULL); /* it could fire now */
		inst->is_starting = 0;
	}
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
	if (inst->kept != NULL && inst->kept->path.n == 0)
		abort(); /* a request lives until it was answered, or until now */
	mtx_destroy(&inst->busy);
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

static fairlead_status keeps(fairlead_inst *inst, const fairlead_request *req)
{
	inst->kept = req;
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

/* "E05" when a service refused, "e05" when its event says so. */
static void name_status(char kind, fairlead_status status, char text[4])
{
	text[0] = kind;
	text[1] = (char)('0' + -status / 10);
	text[2] = (char)('0' + -status % 10);
	text[3] = '\0';
}

static fairlead_status tell(fairlead_inst *inst, const fairlead_request *req,
                            fairlead_status status)
{
	char text[4];

	if (status == FAIRLEAD_PENDING)
		return FAIRLEAD_PENDING;
	name_status('E', status, text);
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
	    inst->timer->cancel(inst->self, op) != FAIRLEAD_OK ||
	    inst->timer->cancel(inst->self, op) != FAIRLEAD_E_STALE)
		return FAIRLEAD_E_INTERNAL;
	return FAIRLEAD_PENDING;
}

static fairlead_status timer_leak(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	(void)inst->timer->set(inst->self, 0, UINT64_C(3600000000000), &op);
	return reply(inst, req->id, str("set"));
}

/* How often it went well, as the body. */
static fairlead_status tell_count(fairlead_inst *inst, const fairlead_request *req,
                                  fairlead_status status, unsigned n)
{
	char text[32];

	name_status('E', status, text);
	(void)snprintf(text + 3, sizeof text - 3, " after %u", n);
	return reply(inst, req->id, str(text));
}

static fairlead_status timers_many(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_status status;
	fairlead_id op;
	unsigned n = 0;

	while ((status = inst->timer->set(inst->self, 0, UINT64_C(3600000000000), &op)) ==
	       FAIRLEAD_PENDING)
		n++;
	return tell_count(inst, req, status, n);
}

static fairlead_status exec_full(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_status status;
	fairlead_id op;
	unsigned n = 0;

	(void)mtx_lock(&inst->busy);
	while ((status = inst->exec->submit(inst->self, 0, 0, &op)) == FAIRLEAD_PENDING)
		n++;
	(void)mtx_unlock(&inst->busy);
	return tell_count(inst, req, status, n);
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

/* Keys and values that are none. */
static fairlead_status kv_invalid(fairlead_inst *inst, const fairlead_request *req)
{
	static const char big[65537];
	const fairlead_str no_key = {"k", 0}, long_key = {big, 513}, big_value = {big, sizeof big},
			   null_key = {NULL, 3}, null_value = {NULL, 3};
	const fairlead_kv_store *store = inst->kv;
	fairlead_id op;

	if (store->get(inst->self, 0, no_key, &op) != FAIRLEAD_E_INVAL ||
	    store->get(inst->self, 0, long_key, &op) != FAIRLEAD_E_INVAL ||
	    store->get(inst->self, 0, null_key, &op) != FAIRLEAD_E_INVAL ||
	    store->get(inst->self, 0, str("key"), NULL) != FAIRLEAD_E_INVAL ||
	    store->put(inst->self, 0, str("key"), big_value, 0, &op) != FAIRLEAD_E_INVAL ||
	    store->put(inst->self, 0, str("key"), null_value, 0, &op) != FAIRLEAD_E_INVAL)
		return FAIRLEAD_E_INTERNAL;
	return reply(inst, req->id, str("refused"));
}

/* That it may not be there shows the version and the value that are. */
static fairlead_status kv_cas(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	inst->step = 2;
	return tell(
	    inst, req,
	    inst->kv->cas(inst->self, req->id, str("key"), UINT64_MAX, str("other"), 0, &op));
}

static fairlead_status kv_remove(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	inst->step = 2;
	return tell(inst, req, inst->kv->remove(inst->self, req->id, str("key"), &op));
}

static fairlead_status http_send(fairlead_inst *inst, fairlead_id req, fairlead_str body,
                                 fairlead_id *op)
{
	const fairlead_kv header = {str("authorization"), str(inst->header)};
	const fairlead_http_request out = {
	    .struct_size = sizeof out,
	    .method = str("POST"),
	    .url = str(inst->url),
	    .headers = &header,
	    .headers_n = inst->header[0] != '\0',
	    .body = body,
	    .max_response_bytes = is(inst, "http_small") ? 3 : 0,
	    .timeout_ms = is(inst, "http_soon") ? 50 : 0,
	    .connect_timeout_ms = is(inst, "http_soon") ? 40 : 0,
	};

	return inst->http->send(inst->self, req, &out, op);
}

static fairlead_status http(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	return tell(inst, req, http_send(inst, req->id, req->body, &op));
}

static fairlead_status http_cancel(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	inst->pending = req->id;
	if (http_send(inst, req->id, req->body, &op) != FAIRLEAD_PENDING ||
	    inst->http->cancel(inst->self, op + 1) != FAIRLEAD_E_STALE ||
	    inst->timer->cancel(inst->self, op) != FAIRLEAD_E_STALE ||
	    inst->http->cancel(inst->self, op) != FAIRLEAD_OK)
		return FAIRLEAD_E_INTERNAL;
	return FAIRLEAD_PENDING;
}

/* The first request waits until a second one, from whatever thread, asks in its name. */
static fairlead_status http_other(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_id op;

	if (inst->pending == 0) {
		inst->pending = req->id;
		return FAIRLEAD_PENDING;
	}
	return http_send(inst, inst->pending, req->body, &op) == FAIRLEAD_PENDING
	           ? reply(inst, req->id, str("sent"))
	           : FAIRLEAD_E_INTERNAL;
}

static fairlead_status http_invalid(fairlead_inst *inst, const fairlead_request *req)
{
	static const fairlead_kv headers[101];
	const fairlead_http_request good = {
	    .struct_size = sizeof good, .method = str("GET"), .url = str(inst->url)};
	fairlead_http_request out[8];
	fairlead_id op;

	for (size_t i = 0; i < sizeof out / sizeof out[0]; i++)
		out[i] = good;
	out[0].struct_size = 4;
	out[1].method.n = 0;
	out[2].url.n = 0;
	out[3].url.p = NULL;
	out[4].headers_n = 1;
	out[5].headers_n = sizeof headers / sizeof headers[0];
	out[5].headers = headers;
	out[6].body.n = 1;
	out[7].url.n = 8193;
	for (size_t i = 0; i < sizeof out / sizeof out[0]; i++)
		if (inst->http->send(inst->self, req->id, &out[i], &op) != FAIRLEAD_E_INVAL)
			return FAIRLEAD_E_INTERNAL;
	if (inst->http->send(inst->self, req->id, NULL, &op) != FAIRLEAD_E_INVAL ||
	    inst->http->send(inst->self, req->id, &good, NULL) != FAIRLEAD_E_INVAL)
		return FAIRLEAD_E_INTERNAL;
	return reply(inst, req->id, str("refused"));
}

/* In the name of somebody else, and what nobody offers. */
static fairlead_status foreign(fairlead_inst *inst, const fairlead_request *req)
{
	if (!is_refused(inst, inst->self + 1) || !is_refused(inst, 0) ||
	    inst->metric->add(inst->self + 1, str("seen_total"), 1) != FAIRLEAD_E_STALE ||
	    inst->host->get_ext(inst->self, "fairlead.nothing/1") != NULL ||
	    inst->host->get_ext(inst->self + 1, FAIRLEAD_EXT_HTTP) != NULL)
		return FAIRLEAD_E_INTERNAL;
	return reply(inst, req->id, str("refused"));
}

static const struct {
	const char *mode;
	fairlead_status (*handle)(fairlead_inst *inst, const fairlead_request *req);
} behaviours[] = {
    {"reply_twice", reply_twice},
    {"no_reply", no_reply},
    {"never", never},
    {"late", never},
    {"keeps", keeps},
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
    {"timer_http", timer}, /* asks for no request */
    {"timer_leak", timer_leak},
    {"timers_many", timers_many},
    {"exec", exec},
    {"exec_reply", exec},
    {"exec_timer", exec},
    {"kv", kv},
    {"exec_full", exec_full},
    {"kv_get", kv_get},
    {"kv_invalid", kv_invalid},
    {"kv_cas", kv_cas},
    {"kv_remove", kv_remove},
    {"metric", metric},
    {"foreign", foreign},
    {"http", http},
    {"http_small", http},
    {"http_soon", http},
    {"http_cancel", http_cancel},
    {"http_other", http_other},
    {"http_invalid", http_invalid},
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
	if (is(inst, "exec_timer")) {
		fairlead_id op;

		if (inst->timer->set(inst->self, work, UINT64_C(3600000000000), &op) < 0)
			return FAIRLEAD_E_INTERNAL;
		return inst->timer->cancel(inst->self, op);
	}
	if (is(inst, "exec_http")) {
		fairlead_id op;

		return http_send(inst, work, str("from the pool"), &op);
	}
	if (is(inst, "exec_full")) {
		(void)mtx_lock(&inst->busy);
		(void)mtx_unlock(&inst->busy);
	}
	return FAIRLEAD_OK;
}

static void reply_status(fairlead_inst *inst, fairlead_status status)
{
	char text[4];

	name_status('e', status, text);
	(void)reply(inst, inst->pending, str(text));
}

static void on_http(fairlead_inst *inst, const fairlead_event *event)
{
	const fairlead_http_response *r = event->payload;

	if (r != NULL)
		(void)reply(inst, inst->pending, r->body);
	else
		reply_status(inst, event->status);
}

static void on_timer_http(fairlead_inst *inst)
{
	fairlead_id op;
	fairlead_status status = http_send(inst, 0, str("from a timer"), &op);

	if (status < 0)
		reply_status(inst, status);
}

static void on_kv(fairlead_inst *inst, const fairlead_event *event)
{
	const fairlead_kv_result *r = event->payload;
	fairlead_id op;

	if (event->status == FAIRLEAD_E_CONFLICT && r->version != 0)
		(void)reply(inst, inst->pending, r->value);
	else if (event->status == FAIRLEAD_E_NOT_FOUND)
		(void)reply(inst, inst->pending, str("not found"));
	else if (event->status != FAIRLEAD_OK)
		reply_status(inst, event->status);
	else if (inst->step == 0) {
		inst->step = 1;
		(void)inst->kv->get(inst->self, inst->pending, str("key"), &op);
	} else
		(void)reply(inst, inst->pending, inst->step == 2 ? str("done") : r->value);
}

static void on_event(fairlead_inst *inst, const fairlead_event *event)
{
	if (is(inst, "ready_later") && inst->pending == 0) {
		(void)inst->host->ready(inst->self, FAIRLEAD_OK, str(""));
		return;
	}
	if (inst->is_starting)
		abort(); /* no callback runs beside start() */
	if (event->kind == FAIRLEAD_EVENT_EXEC && is(inst, "exec_timer"))
		return; /* its timer answers */
	if (event->kind == FAIRLEAD_EVENT_TIMER && is(inst, "timer_http"))
		on_timer_http(inst);
	else if (event->kind == FAIRLEAD_EVENT_HTTP)
		on_http(inst, event);
	else if (event->kind == FAIRLEAD_EVENT_KV)
		on_kv(inst, event);
	else if (is(inst, "exec_http") && event->status < 0)
		reply_status(inst, event->status);
	else if (event->req != 0 && !is(inst, "exec_reply") && !is(inst, "exec_http"))
		(void)reply(inst, event->req,
		            event->status == FAIRLEAD_E_CANCELLED ? str("cancelled") : str("done"));
}

#ifndef WITHOUT_ON_CANCEL
static void on_cancel(fairlead_inst *inst, fairlead_id req, uint32_t reason)
{
	(void)reason;
	if (is(inst, "late"))
		(void)reply(inst, req, str("too late"));
}
#endif

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
#ifndef WITHOUT_ON_CANCEL
	    .on_cancel = on_cancel,
#endif
	    .run = run,
	    .quiesce = quiesce,
	    .stop = stop,
	    .destroy = destroy,
	};

	return &plugin;
}
