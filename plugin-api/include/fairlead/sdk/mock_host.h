/* fairlead/sdk/mock_host.h - a host for unit tests of a connector, with virtual time
 * SPDX-License-Identifier: Apache-2.0
 *
 * One header, no library: include it in one test file and link the connector's own sources. It
 * plays the host for one instance, keeps the books, and notes every broken promise in mock.faults.
 * Nothing happens by itself: the test sends requests, answers HTTP operations and moves the clock.
 *
 *	assert(mock_open("{\"base_url\":\"http://up\"}") == FAIRLEAD_OK);
 *	mock_answer *a = mock_send("GET", "/x", NULL, 0, "");
 *	mock_op *op = mock_next_op(FAIRLEAD_EVENT_HTTP);	// what it asked the host to do
 *	mock_http_answer(op, 200, NULL, 0, "hello");		// on_event() runs now
 *	assert(a->http_status == 200);
 *	assert(mock_close() == 0);				// no debts, no faults
 *
 * Lifetime: everything lives until the next mock_open(). One thread.
 */
#ifndef FAIRLEAD_SDK_MOCK_HOST_H
#define FAIRLEAD_SDK_MOCK_HOST_H

#include <stdio.h>
#include <stdlib.h>

#include "../ext/exec.h"
#include "../ext/http.h"
#include "../ext/kv.h"
#include "../ext/metric.h"
#include "../ext/timer.h"
#include "json.h"

#define MOCK_MAX 256u /* requests, operations, keys, log lines of one instance */
#define MOCK_SELF UINT64_C(0x5e1f000000000001)
#define MOCK_REQUEST_ID UINT64_C(0x4e90000000000000)
#define MOCK_OP_ID UINT64_C(0x0900000000000000)

typedef struct mock_answer { /* to one request */
	fairlead_id id;
	int is_done, is_cancelled;
	fairlead_status code; /* of fail(), or what handle() returned < 0; else 0 */
	uint32_t http_status, error_class, headers_n;
	fairlead_kv headers[64];
	fairlead_str body, detail;
} mock_answer;

typedef struct mock_op { /* a host operation that the connector started */
	fairlead_id id, req;
	uint32_t kind; /* FAIRLEAD_EVENT_* */
	int is_done;
	fairlead_http_request http; /* kind HTTP: a copy */
	uint64_t at_ns, work;       /* kind TIMER; kind EXEC */
	fairlead_status status;     /* kind KV: its result */
	uint32_t is_cancelled;
	fairlead_kv_result kv;
} mock_op;

typedef struct mock_entry {
	fairlead_str key, value;
	uint64_t version, until_ns;
} mock_entry;

typedef struct mock_state {
	const fairlead_plugin *plugin;
	fairlead_inst *inst;
	uint64_t now_ns;                           /* virtual; moved by mock_advance() */
	fairlead_status ready_status, refuse_http; /* refuse_http < 0: send() returns it */
	int is_ready, is_drained, is_alive, depth;
	uint32_t answers_n, ops_n, entries_n, faults, logs_n, reserved0;
	fairlead_str ready_detail, last_log,
	    denied; /* denied: one extension id that is not granted */
	mock_answer answers[MOCK_MAX];
	mock_op ops[MOCK_MAX];
	mock_entry entries[MOCK_MAX];
	void *memory;          /* list of copies */
	fairlead_kv params[8]; /* path parameters of the next requests, set by the test */
	size_t params_n;
} mock_state;

static mock_state mock;

static inline void mock_fault(const char *what)
{
	mock.faults++;
	(void)fprintf(stderr, "# mock host: contract broken: %s\n", what);
}

static inline void *mock_alloc(size_t n)
{
	void **p = (void **)calloc(1, sizeof(void *) + n);

	if (p == NULL)
		abort();
	*p = mock.memory;
	mock.memory = p;
	return p + 1;
}

static inline fairlead_str mock_copy(fairlead_str s)
{
	char *p = (char *)mock_alloc(s.n + 1);

	if (s.n != 0)
		memcpy(p, s.p, s.n);
	return sdk_str_n(p, s.n);
}

static inline void mock_copy_kv(fairlead_kv *to, const fairlead_kv *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = sdk_kv(mock_copy(from[i].k), mock_copy(from[i].v));
}

/* ---- the core table ---- */

static inline mock_answer *mock_owed(fairlead_id self, fairlead_id req)
{
	uint64_t i = req - MOCK_REQUEST_ID - 1;

	if (self != MOCK_SELF || i >= mock.answers_n) {
		mock_fault("an id that was never given out");
		return NULL;
	}
	if (mock.answers[i].is_done) {
		mock_fault("a second terminal call for one request");
		return NULL;
	}
	return &mock.answers[i];
}

static fairlead_status FAIRLEAD_CALL mock_reply(fairlead_id self, fairlead_id req,
                                                const fairlead_response *r)
{
	mock_answer *a = mock_owed(self, req);

	if (a == NULL)
		return FAIRLEAD_E_STALE;
	a->is_done = 1;
	if (a->is_cancelled)
		return FAIRLEAD_E_STALE;
	if (r->struct_size < sizeof *r || r->http_status < 200 || r->http_status > 599 ||
	    r->headers_n > 64) {
		mock_fault("a response that cannot be sent");
		a->http_status = 502;
		return FAIRLEAD_E_INVAL;
	}
	a->http_status = r->http_status;
	a->error_class = r->error_class;
	a->headers_n = (uint32_t)r->headers_n;
	mock_copy_kv(a->headers, r->headers, r->headers_n);
	a->body = mock_copy(r->body);
	return FAIRLEAD_OK;
}

static fairlead_status FAIRLEAD_CALL mock_fail(fairlead_id self, fairlead_id req,
                                               fairlead_status code, fairlead_str detail)
{
	mock_answer *a = mock_owed(self, req);

	if (a == NULL)
		return FAIRLEAD_E_STALE;
	a->is_done = 1;
	if (a->is_cancelled)
		return FAIRLEAD_E_STALE;
	if (code >= 0)
		mock_fault("fail() with a status that is no error");
	a->code = code;
	a->http_status = code == FAIRLEAD_E_TIMEOUT     ? 504
	                 : code == FAIRLEAD_E_AGAIN     ? 503
	                 : code == FAIRLEAD_E_INVAL     ? 400
	                 : code == FAIRLEAD_E_TOO_LARGE ? 413
	                                                : 502;
	a->detail = mock_copy(detail);
	return FAIRLEAD_OK;
}

static void FAIRLEAD_CALL mock_log(fairlead_id self, uint32_t level, fairlead_id req,
                                   fairlead_str msg, const fairlead_kv *fields, size_t fields_n)
{
	(void)req;
	(void)fields;
	if (self != MOCK_SELF || level > FAIRLEAD_LOG_ERROR || fields_n > 16)
		mock_fault("log() with a bad argument");
	mock.logs_n++;
	mock.last_log = mock_copy(msg);
}

static fairlead_status FAIRLEAD_CALL mock_ready(fairlead_id self, fairlead_status status,
                                                fairlead_str detail)
{
	if (self != MOCK_SELF || mock.is_ready)
		mock_fault("ready() twice or by a stranger");
	mock.is_ready = 1;
	mock.ready_status = status;
	mock.ready_detail = mock_copy(detail);
	return FAIRLEAD_OK;
}

static fairlead_status FAIRLEAD_CALL mock_drained(fairlead_id self)
{
	if (self != MOCK_SELF || mock.is_drained)
		mock_fault("drained() twice or by a stranger");
	mock.is_drained = 1;
	return FAIRLEAD_OK;
}

/* ---- operations ---- */

static inline mock_op *mock_op_new(uint32_t kind, fairlead_id req, fairlead_id *ret_op)
{
	mock_op *op = mock.ops_n < MOCK_MAX ? &mock.ops[mock.ops_n++] : NULL;

	if (op == NULL)
		return NULL;
	memset(op, 0, sizeof *op);
	op->id = MOCK_OP_ID + mock.ops_n;
	op->req = req;
	op->kind = kind;
	*ret_op = op->id;
	return op;
}

static inline fairlead_status mock_op_cancel(fairlead_id id)
{
	uint64_t i = id - MOCK_OP_ID - 1;

	if (i >= mock.ops_n || mock.ops[i].is_done || mock.ops[i].is_cancelled)
		return FAIRLEAD_E_STALE;
	mock.ops[i].is_cancelled = 1;
	return FAIRLEAD_OK;
}

static fairlead_status FAIRLEAD_CALL mock_http_send(fairlead_id self, fairlead_id req,
                                                    const fairlead_http_request *args,
                                                    fairlead_id *ret_op)
{
	fairlead_kv *headers;
	mock_op *op;

	if (self != MOCK_SELF || args->struct_size < sizeof *args || args->url.n == 0 ||
	    args->url.n > 8192 || args->method.n == 0 || args->headers_n > 100) {
		mock_fault("http send() with a bad argument");
		return FAIRLEAD_E_INVAL;
	}
	if (mock.refuse_http < 0)
		return mock.refuse_http;
	op = mock_op_new(FAIRLEAD_EVENT_HTTP, req, ret_op);
	if (op == NULL)
		return FAIRLEAD_E_AGAIN;
	headers = (fairlead_kv *)mock_alloc(args->headers_n * sizeof *headers);
	mock_copy_kv(headers, args->headers, args->headers_n);
	op->http = *args;
	op->http.method = mock_copy(args->method);
	op->http.url = mock_copy(args->url);
	op->http.body = mock_copy(args->body);
	op->http.headers = headers;
	return FAIRLEAD_PENDING;
}

static fairlead_status FAIRLEAD_CALL mock_cancel_op(fairlead_id self, fairlead_id op)
{
	return self == MOCK_SELF ? mock_op_cancel(op) : FAIRLEAD_E_STALE;
}

static fairlead_status FAIRLEAD_CALL mock_timer_set(fairlead_id self, fairlead_id req,
                                                    uint64_t delay_ns, fairlead_id *ret_op)
{
	mock_op *op = mock_op_new(FAIRLEAD_EVENT_TIMER, req, ret_op);

	(void)self;
	if (op == NULL)
		return FAIRLEAD_E_AGAIN;
	op->at_ns = mock.now_ns + delay_ns;
	return FAIRLEAD_PENDING;
}

static uint64_t FAIRLEAD_CALL mock_now(fairlead_id self)
{
	(void)self;
	return mock.now_ns;
}

static fairlead_status FAIRLEAD_CALL mock_submit(fairlead_id self, fairlead_id req, uint64_t work,
                                                 fairlead_id *ret_op)
{
	mock_op *op = mock_op_new(FAIRLEAD_EVENT_EXEC, req, ret_op);

	(void)self;
	if (op == NULL)
		return FAIRLEAD_E_AGAIN;
	op->work = work;
	return FAIRLEAD_PENDING;
}

static fairlead_status FAIRLEAD_CALL mock_metric(fairlead_id self, fairlead_str name, int64_t value)
{
	(void)name;
	(void)value;
	return self == MOCK_SELF ? FAIRLEAD_OK : FAIRLEAD_E_STALE;
}

static inline mock_entry *mock_entry_find(fairlead_str key)
{
	for (uint32_t i = 0; i < mock.entries_n; i++) {
		mock_entry *e = &mock.entries[i];

		if (!sdk_str_eq(e->key, key))
			continue;
		if (e->until_ns != 0 && e->until_ns <= mock.now_ns)
			e->value = sdk_str_n(NULL, 0);
		return e;
	}
	return NULL;
}

#define MOCK_KV_ANY UINT64_MAX

/* All four at once: put with `version` MOCK_KV_ANY, remove with value.p NULL. */
static inline fairlead_status mock_kv_do(fairlead_id req, fairlead_str key, int is_get,
                                         uint64_t version, fairlead_str value, uint64_t ttl_ns,
                                         fairlead_id *ret_op)
{
	mock_op *op = mock_op_new(FAIRLEAD_EVENT_KV, req, ret_op);
	mock_entry *e = mock_entry_find(key);
	uint64_t present = e == NULL || e->value.p == NULL ? 0 : e->version;

	if (op == NULL)
		return FAIRLEAD_E_AGAIN;
	op->kv.struct_size = sizeof op->kv;
	if (!is_get && version != MOCK_KV_ANY && version != present) {
		op->status = FAIRLEAD_E_CONFLICT;
	} else if (!is_get && (value.p != NULL || present != 0)) {
		if (e == NULL) {
			if (mock.entries_n == MOCK_MAX)
				abort();
			e = &mock.entries[mock.entries_n++];
			memset(e, 0, sizeof *e);
			e->key = mock_copy(key);
		}
		e->version++;
		e->value = value.p == NULL ? value : mock_copy(value);
		e->until_ns = ttl_ns == 0 ? 0 : mock.now_ns + ttl_ns;
		present = value.p == NULL ? 0 : e->version;
	} else if (present == 0) {
		op->status = FAIRLEAD_E_NOT_FOUND;
	}
	op->kv.version = present;
	if (present != 0)
		op->kv.value = e->value;
	return FAIRLEAD_PENDING;
}

static fairlead_status FAIRLEAD_CALL mock_kv_get(fairlead_id self, fairlead_id req,
                                                 fairlead_str key, fairlead_id *ret_op)
{
	(void)self;
	return mock_kv_do(req, key, 1, MOCK_KV_ANY, sdk_str_n(NULL, 0), 0, ret_op);
}

static fairlead_status FAIRLEAD_CALL mock_kv_put(fairlead_id self, fairlead_id req,
                                                 fairlead_str key, fairlead_str value,
                                                 uint64_t ttl_ns, fairlead_id *ret_op)
{
	(void)self;
	return mock_kv_do(req, key, 0, MOCK_KV_ANY, value.p == NULL ? sdk_str("") : value, ttl_ns,
	                  ret_op);
}

static fairlead_status FAIRLEAD_CALL mock_kv_cas(fairlead_id self, fairlead_id req,
                                                 fairlead_str key, uint64_t version,
                                                 fairlead_str value, uint64_t ttl_ns,
                                                 fairlead_id *ret_op)
{
	(void)self;
	return mock_kv_do(req, key, 0, version, value.p == NULL ? sdk_str("") : value, ttl_ns,
	                  ret_op);
}

static fairlead_status FAIRLEAD_CALL mock_kv_remove(fairlead_id self, fairlead_id req,
                                                    fairlead_str key, fairlead_id *ret_op)
{
	(void)self;
	return mock_kv_do(req, key, 0, MOCK_KV_ANY, sdk_str_n(NULL, 0), 0, ret_op);
}

static const void *FAIRLEAD_CALL mock_get_ext(fairlead_id self, const char *id)
{
	static const fairlead_http http = {sizeof http, 0, mock_http_send, mock_cancel_op};
	static const fairlead_timer timer = {sizeof timer, 0, mock_timer_set, mock_cancel_op,
	                                     mock_now};
	static const fairlead_exec exec = {sizeof exec, 0, mock_submit};
	static const fairlead_metric metric = {sizeof metric, 0, mock_metric, mock_metric};
	static const fairlead_kv_store kv = {sizeof kv,   0,           mock_kv_get,
	                                     mock_kv_put, mock_kv_cas, mock_kv_remove};

	if (self != MOCK_SELF || sdk_str_is(mock.denied, id))
		return NULL;
	if (strcmp(id, FAIRLEAD_EXT_HTTP) == 0)
		return &http;
	if (strcmp(id, FAIRLEAD_EXT_TIMER) == 0)
		return &timer;
	if (strcmp(id, FAIRLEAD_EXT_EXEC) == 0)
		return &exec;
	if (strcmp(id, FAIRLEAD_EXT_METRIC) == 0)
		return &metric;
	return strcmp(id, FAIRLEAD_EXT_KV) == 0 ? &kv : NULL;
}

/* ---- what a test calls ---- */

/* Forgets the last instance, then create() and start(). FAIRLEAD_OK: ready for requests. The fields
 * `denied` and `refuse_http` of `mock` are kept, the rest is new. */
static inline fairlead_status mock_open_plugin(const fairlead_plugin *plugin,
                                               const char *config_json)
{
	static const fairlead_host host = {sizeof host, FAIRLEAD_ABI_MINOR, mock_get_ext,
	                                   mock_reply,  mock_fail,          mock_log,
	                                   mock_ready,  mock_drained};
	fairlead_str denied = mock.denied;
	fairlead_status status, refuse_http = mock.refuse_http;
	fairlead_create args;

	while (mock.memory != NULL) {
		void **p = (void **)mock.memory;

		mock.memory = *p;
		free(p);
	}
	memset(&mock, 0, sizeof mock);
	mock.denied = denied;
	mock.refuse_http = refuse_http;
	mock.now_ns = UINT64_C(1000000000);
	mock.plugin = plugin;
	memset(&args, 0, sizeof args);
	args.struct_size = sizeof args;
	args.mode = FAIRLEAD_MODE_INPROC;
	args.self = MOCK_SELF;
	args.generation = 1;
	args.instance = sdk_str("test");
	args.config_json = sdk_str(config_json);
	args.host_version = sdk_str("mock");
	status = mock.plugin->create(&host, &args, &mock.inst);
	if (status != FAIRLEAD_OK)
		return status;
	if (mock.is_ready)
		mock_fault("ready() in a create() that succeeded");
	mock.is_alive = 1;
	if (mock.plugin->start == NULL)
		return FAIRLEAD_OK;
	status = mock.plugin->start(mock.inst);
	return status < 0 ? status : mock.ready_status;
}

/* The same with the connector that this program is linked with. */
static inline fairlead_status mock_open(const char *config_json)
{
	return mock_open_plugin(fairlead_plugin_entry_v1(), config_json);
}

/* Sends a request as the caller filled it in; sets id, sizes and, if 0, the deadline (30 s). */
static inline mock_answer *mock_handle(fairlead_request *req)
{
	mock_answer *a = &mock.answers[mock.answers_n++];
	fairlead_status status;

	if (mock.answers_n > MOCK_MAX || !mock.is_alive)
		abort();
	memset(a, 0, sizeof *a);
	a->id = req->id = MOCK_REQUEST_ID + mock.answers_n;
	req->struct_size = sizeof *req;
	req->attempt = 1;
	if (req->deadline_ns == 0)
		req->deadline_ns = mock.now_ns + UINT64_C(30000000000);
	status = mock.plugin->handle(mock.inst, req);
	if (status < 0) {
		if (a->is_done)
			mock_fault("handle() refused after its terminal call");
		(void)mock_fail(MOCK_SELF, a->id, status, sdk_str("refused by handle()"));
	} else if (status == FAIRLEAD_OK && !a->is_done) {
		mock_fault("handle() returned FAIRLEAD_OK without a terminal call");
	}
	return a;
}

/* The short form. `path` may have a query after "?". Headers in lower case. */
static inline mock_answer *mock_send(const char *method, const char *path,
                                     const fairlead_kv *headers, size_t headers_n, const char *body)
{
	fairlead_request req;
	const char *query = strchr(path, '?');

	memset(&req, 0, sizeof req);
	req.route = sdk_str("test");
	req.method = sdk_str(method);
	req.path = query == NULL ? sdk_str(path) : sdk_str_n(path, (size_t)(query - path));
	req.query = query == NULL ? sdk_str("") : sdk_str(query + 1);
	req.headers = headers;
	req.headers_n = headers_n;
	req.body = sdk_str(body);
	req.params = mock.params;
	req.params_n = mock.params_n;
	return mock_handle(&req);
}

/* Tells the connector that nobody waits for the request any more. */
static inline void mock_cancel(mock_answer *a, uint32_t reason)
{
	if (a->is_done || a->is_cancelled)
		return;
	a->is_cancelled = 1;
	if (mock.plugin->on_cancel != NULL)
		mock.plugin->on_cancel(mock.inst, a->id, reason);
}

/* How many operations of this kind (0: any) are not complete. */
static inline uint32_t mock_ops_open(uint32_t kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < mock.ops_n; i++)
		n += !mock.ops[i].is_done && (kind == 0 || mock.ops[i].kind == kind);
	return n;
}

/* The oldest operation of this kind (0: any) that is not complete. There must be one. */
static inline mock_op *mock_next_op(uint32_t kind)
{
	for (uint32_t i = 0; i < mock.ops_n; i++)
		if (!mock.ops[i].is_done && (kind == 0 || mock.ops[i].kind == kind))
			return &mock.ops[i];
	(void)fprintf(stderr, "# mock host: the connector started no such operation\n");
	abort();
}

/* Completes an operation: on_event() runs before this returns. */
static inline void mock_complete(mock_op *op, fairlead_status status, const void *payload)
{
	fairlead_event event;

	if (op->is_done)
		abort();
	op->is_done = 1;
	memset(&event, 0, sizeof event);
	event.struct_size = sizeof event;
	event.kind = op->kind;
	event.op = op->id;
	event.req = op->req;
	event.status = op->is_cancelled ? FAIRLEAD_E_CANCELLED : status;
	event.payload = event.status < 0 && op->kind != FAIRLEAD_EVENT_KV ? NULL : payload;
	mock.plugin->on_event(mock.inst, &event);
}

static inline void mock_http_answer(mock_op *op, uint32_t http_status, const fairlead_kv *headers,
                                    size_t headers_n, const char *body)
{
	fairlead_http_response r;

	memset(&r, 0, sizeof r);
	r.struct_size = sizeof r;
	r.http_status = http_status;
	r.headers = headers;
	r.headers_n = headers_n;
	r.body = sdk_str(body);
	mock_complete(op, FAIRLEAD_OK, &r);
}

/* Completes what needs no answer from the test: KV operations, submitted work, cancelled ones. */
static inline void mock_run(void)
{
	for (uint32_t i = 0; i < mock.ops_n; i++) {
		mock_op *op = &mock.ops[i];

		if (op->is_done)
			continue;
		if (op->is_cancelled)
			mock_complete(op, FAIRLEAD_E_CANCELLED, NULL);
		else if (op->kind == FAIRLEAD_EVENT_KV)
			mock_complete(op, op->status, &op->kv);
		else if (op->kind == FAIRLEAD_EVENT_EXEC)
			mock_complete(op, mock.plugin->run(mock.inst, op->work), NULL);
	}
}

/* Moves the clock and fires, in order, the timers that are due. */
static inline void mock_advance(uint64_t ns)
{
	uint64_t until = mock.now_ns + ns;

	for (;;) {
		mock_op *next = NULL;

		for (uint32_t i = 0; i < mock.ops_n; i++) {
			mock_op *op = &mock.ops[i];

			if (op->kind == FAIRLEAD_EVENT_TIMER && !op->is_done &&
			    op->at_ns <= until && (next == NULL || op->at_ns < next->at_ns))
				next = op;
		}
		if (next == NULL)
			break;
		if (next->at_ns > mock.now_ns)
			mock.now_ns = next->at_ns;
		mock_complete(next, FAIRLEAD_OK, NULL);
	}
	mock.now_ns = until;
}

/* quiesce(), cancelled timers, stop(), destroy(). Returns the number of broken promises: faults so
 * far, and requests that are still owed a terminal call. */
static inline uint32_t mock_close(void)
{
	if (!mock.is_alive)
		return mock.faults;
	if (mock.plugin->quiesce != NULL)
		mock.plugin->quiesce(mock.inst, mock.now_ns + UINT64_C(30000000000));
	for (uint32_t i = 0; i < mock.ops_n; i++)
		if (mock.ops[i].kind == FAIRLEAD_EVENT_TIMER)
			(void)mock_op_cancel(mock.ops[i].id);
	mock_run();
	for (uint32_t i = 0; i < mock.answers_n; i++)
		if (!mock.answers[i].is_done)
			mock_fault("a request never got its terminal call");
	if (mock.plugin->quiesce != NULL && !mock.is_drained)
		mock_fault("quiesce() without drained()");
	if (mock.plugin->stop != NULL)
		mock.plugin->stop(mock.inst);
	mock.plugin->destroy(mock.inst);
	mock.is_alive = 0;
	return mock.faults;
}

/* For answers: the value of a header, whatever the case of its name; empty when absent. */
static inline fairlead_str mock_header(const mock_answer *a, const char *lower_name)
{
	for (uint32_t i = 0; i < a->headers_n; i++)
		if (sdk_str_is_nocase(a->headers[i].k, lower_name))
			return a->headers[i].v;
	return sdk_str("");
}

#endif
