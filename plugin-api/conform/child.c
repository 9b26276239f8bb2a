/* plugin-api/conform/child.c - hosts one connector in a process of its own
 * SPDX-License-Identifier: Apache-2.0
 *
 * Usage: conform_child CONNECTOR.so, with a stream socket as file descriptor 3. It offers the same
 * fairlead_host as the gateway does; each call becomes a frame. That this is possible without a
 * line changed in any connector is what "remotable by construction" means. No sandbox: this is the
 * proof, not the worker.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fairlead/ext/http.h>

#include "plugin-api/conform/wire.h"

#define FD 3
#define SELF UINT64_C(0xc41d000000000001)
#define OWED_MAX 256u

/* A request that the connector must still answer. Its view stays until then: it is freed when the
 * callback that made the terminal call has returned. */
struct debt {
	fairlead_request view;
	fairlead_kv headers[WIRE_KV_MAX], params[WIRE_KV_MAX];
	struct wire_in in;
	int is_paid;
};

static struct {
	const fairlead_plugin *plugin;
	fairlead_inst *inst;
	struct debt *debts[OWED_MAX]; /* NULL: free */
	fairlead_id next_op;
} child;

/* The parent is gone or breaks the protocol: there is nobody to tell. */
static _Noreturn void give_up(const char *why)
{
	(void)fprintf(stderr, "conform_child: %s\n", why);
	exit(3);
}

static void send_frame(struct wire_out *out, enum wire_type type, uint64_t id)
{
	if (wire_send(out, FD, type, id) != 0)
		give_up("cannot send a frame");
}

/* ---- the host, as frames ---- */

/* Marks the debt for `req` as paid; 0 when there is none. */
static int pay(fairlead_id self, fairlead_id req)
{
	for (size_t i = 0; i < OWED_MAX; i++) {
		struct debt *debt = child.debts[i];

		if (debt == NULL || debt->view.id != req || debt->is_paid || self != SELF)
			continue;
		debt->is_paid = 1;
		return 1;
	}
	return 0;
}

static void free_paid(void)
{
	for (size_t i = 0; i < OWED_MAX; i++) {
		if (child.debts[i] == NULL || !child.debts[i]->is_paid)
			continue;
		wire_free(&child.debts[i]->in);
		free(child.debts[i]);
		child.debts[i] = NULL;
	}
}

static fairlead_status FAIRLEAD_CALL reply(fairlead_id self, fairlead_id req,
                                           const fairlead_response *r)
{
	struct wire_out out;

	if (!pay(self, req))
		return FAIRLEAD_E_STALE;
	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_REQ, req);
	wire_put_u64(&out, WIRE_K_HTTP_STATUS, r->http_status);
	wire_put_u64(&out, WIRE_K_CLASS, r->error_class);
	wire_put_kv(&out, WIRE_K_HEADERS, r->headers, r->headers_n);
	wire_put_str(&out, WIRE_K_BODY, r->body);
	send_frame(&out, WIRE_REPLY, 0);
	return FAIRLEAD_OK;
}

static fairlead_status FAIRLEAD_CALL fail(fairlead_id self, fairlead_id req, fairlead_status code,
                                          fairlead_str detail)
{
	struct wire_out out;

	if (!pay(self, req))
		return FAIRLEAD_E_STALE;
	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_REQ, req);
	wire_put_i32(&out, WIRE_K_STATUS, code);
	wire_put_str(&out, WIRE_K_DETAIL, detail);
	send_frame(&out, WIRE_FAIL, 0);
	return FAIRLEAD_OK;
}

static void FAIRLEAD_CALL log_line(fairlead_id self, uint32_t level, fairlead_id req,
                                   fairlead_str msg, const fairlead_kv *fields, size_t fields_n)
{
	struct wire_out out;

	if (self != SELF)
		return;
	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_REQ, req);
	wire_put_u64(&out, WIRE_K_LEVEL, level);
	wire_put_str(&out, WIRE_K_DETAIL, msg);
	wire_put_kv(&out, WIRE_K_HEADERS, fields, fields_n);
	send_frame(&out, WIRE_LOG, 0);
}

static fairlead_status FAIRLEAD_CALL ready(fairlead_id self, fairlead_status status,
                                           fairlead_str detail)
{
	struct wire_out out;

	if (self != SELF)
		return FAIRLEAD_E_STALE;
	wire_begin(&out);
	wire_put_i32(&out, WIRE_K_STATUS, status);
	wire_put_str(&out, WIRE_K_DETAIL, detail);
	send_frame(&out, WIRE_READY, 0);
	return FAIRLEAD_OK;
}

static fairlead_status FAIRLEAD_CALL drained(fairlead_id self)
{
	struct wire_out out;

	if (self != SELF)
		return FAIRLEAD_E_STALE;
	wire_begin(&out);
	send_frame(&out, WIRE_DRAINED, 0);
	return FAIRLEAD_OK;
}

static fairlead_status FAIRLEAD_CALL http_send(fairlead_id self, fairlead_id req,
                                               const fairlead_http_request *args,
                                               fairlead_id *ret_op)
{
	struct wire_out out;

	if (self != SELF)
		return FAIRLEAD_E_STALE;
	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_OP, ++child.next_op);
	wire_put_u64(&out, WIRE_K_REQ, req);
	wire_put_str(&out, WIRE_K_METHOD, args->method);
	wire_put_str(&out, WIRE_K_URL, args->url);
	wire_put_kv(&out, WIRE_K_HEADERS, args->headers, args->headers_n);
	wire_put_str(&out, WIRE_K_BODY, args->body);
	wire_put_u64(&out, WIRE_K_MAX_BYTES, args->max_response_bytes);
	wire_put_u64(&out, WIRE_K_CONNECT_TIMEOUT, args->connect_timeout_ms);
	wire_put_u64(&out, WIRE_K_TIMEOUT, args->timeout_ms);
	send_frame(&out, WIRE_HTTP_SEND, 0);
	*ret_op = child.next_op;
	return FAIRLEAD_PENDING;
}

static fairlead_status FAIRLEAD_CALL http_cancel(fairlead_id self, fairlead_id op)
{
	struct wire_out out;

	if (self != SELF || op == 0 || op > child.next_op)
		return FAIRLEAD_E_STALE;
	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_OP, op);
	send_frame(&out, WIRE_HTTP_CANCEL, 0);
	return FAIRLEAD_OK;
}

static const void *FAIRLEAD_CALL get_ext(fairlead_id self, const char *id)
{
	static const fairlead_http http = {sizeof http, 0, http_send, http_cancel};

	return self == SELF && strcmp(id, FAIRLEAD_EXT_HTTP) == 0 ? &http : NULL;
}

/* ---- the callbacks, from frames ---- */

static fairlead_status do_create(const struct wire_in *in)
{
	static const fairlead_host host = {sizeof host, FAIRLEAD_ABI_MINOR, get_ext, reply,
	                                   fail,        log_line,           ready,   drained};
	fairlead_create args = {
	    .struct_size = sizeof args,
	    .mode = FAIRLEAD_MODE_WORKER,
	    .self = SELF,
	    .generation = wire_u64(in, WIRE_K_GENERATION),
	    .instance = wire_str(in, WIRE_K_INSTANCE),
	    .config_json = wire_str(in, WIRE_K_CONFIG),
	    .host_version = {"conform", 7},
	};

	if (child.inst != NULL)
		give_up("a second create");
	return child.plugin->create(&host, &args, &child.inst);
}

/* Takes over the frame. */
static fairlead_status do_handle(struct wire_in *in)
{
	struct debt *debt = calloc(1, sizeof *debt);
	fairlead_status status;
	size_t slot = 0;

	while (slot < OWED_MAX && child.debts[slot] != NULL)
		slot++;
	if (debt == NULL || slot == OWED_MAX || wire_u64(in, WIRE_K_REQ) == 0)
		give_up("too many requests, or one without an id");
	child.debts[slot] = debt;
	debt->in = *in;
	in->bytes = NULL;
	in = &debt->in;
	debt->view = (fairlead_request){
	    .struct_size = sizeof debt->view,
	    .id = wire_u64(in, WIRE_K_REQ),
	    .route = wire_str(in, WIRE_K_ROUTE),
	    .action = wire_str(in, WIRE_K_ACTION),
	    .method = wire_str(in, WIRE_K_METHOD),
	    .path = wire_str(in, WIRE_K_PATH),
	    .query = wire_str(in, WIRE_K_QUERY),
	    .body = wire_str(in, WIRE_K_BODY),
	    .headers = debt->headers,
	    .headers_n = wire_kv(in, WIRE_K_HEADERS, debt->headers),
	    .principal = wire_str(in, WIRE_K_PRINCIPAL),
	    .tenant = wire_str(in, WIRE_K_TENANT),
	    .traceparent = wire_str(in, WIRE_K_TRACEPARENT),
	    .deadline_ns = wire_u64(in, WIRE_K_DEADLINE),
	    .attempt = (uint32_t)wire_u64(in, WIRE_K_ATTEMPT),
	    .params = debt->params,
	    .params_n = wire_kv(in, WIRE_K_PARAMS, debt->params),
	    .client = wire_str(in, WIRE_K_CLIENT),
	    .scheme = wire_str(in, WIRE_K_SCHEME),
	    .host = wire_str(in, WIRE_K_HOST),
	};
	status = child.plugin->handle(child.inst, &debt->view);
	if (status < 0)
		debt->is_paid = 1;
	return status;
}

static void do_event(const struct wire_in *in)
{
	fairlead_kv headers[WIRE_KV_MAX];
	fairlead_http_response response = {
	    .struct_size = sizeof response,
	    .http_status = (uint32_t)wire_u64(in, WIRE_K_HTTP_STATUS),
	    .headers = headers,
	    .headers_n = wire_kv(in, WIRE_K_HEADERS, headers),
	    .body = wire_str(in, WIRE_K_BODY),
	    .elapsed_ns = wire_u64(in, WIRE_K_ELAPSED),
	};
	fairlead_event event = {
	    .struct_size = sizeof event,
	    .kind = (uint32_t)wire_u64(in, WIRE_K_KIND),
	    .op = wire_u64(in, WIRE_K_OP),
	    .req = wire_u64(in, WIRE_K_REQ),
	    .status = wire_i32(in, WIRE_K_STATUS),
	};

	if (event.kind == FAIRLEAD_EVENT_HTTP && event.status == FAIRLEAD_OK)
		event.payload = &response;
	if (child.plugin->on_event != NULL)
		child.plugin->on_event(child.inst, &event);
}

/* Runs the callback that a frame stands for; what it returned, or 0 when it returns nothing. */
static fairlead_status run_command(struct wire_in *in)
{
	const fairlead_plugin *p = child.plugin;

	if (in->type != WIRE_CREATE && child.inst == NULL)
		give_up("a command without an instance");
	switch (in->type) {
	case WIRE_CREATE:
		return do_create(in);
	case WIRE_START:
		return p->start == NULL ? FAIRLEAD_OK : p->start(child.inst);
	case WIRE_HANDLE:
		return do_handle(in);
	case WIRE_EVENT:
		do_event(in);
		return FAIRLEAD_OK;
	case WIRE_CANCEL:
		if (p->on_cancel != NULL)
			p->on_cancel(child.inst, wire_u64(in, WIRE_K_REQ),
			             (uint32_t)wire_u64(in, WIRE_K_REASON));
		return FAIRLEAD_OK;
	case WIRE_RUN:
		return p->run == NULL ? FAIRLEAD_E_UNSUPPORTED
		                      : p->run(child.inst, wire_u64(in, WIRE_K_WORK));
	case WIRE_QUIESCE:
		if (p->quiesce != NULL)
			p->quiesce(child.inst, wire_u64(in, WIRE_K_DEADLINE));
		return FAIRLEAD_OK;
	case WIRE_STOP:
		if (p->stop != NULL)
			p->stop(child.inst);
		return FAIRLEAD_OK;
	case WIRE_DESTROY:
		p->destroy(child.inst);
		child.inst = NULL;
		return FAIRLEAD_OK;
	default:
		give_up("a frame of an unknown type");
	}
}

static const fairlead_plugin *load(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	fairlead_plugin_entry_fn entry;
	const fairlead_plugin *p;

	if (lib == NULL)
		give_up(dlerror());
	*(void **)&entry = dlsym(lib, "fairlead_plugin_entry_v1");
	p = entry == NULL ? NULL : entry();
	if (p == NULL || !FAIRLEAD_HAS(p, fairlead_plugin, destroy) || p->create == NULL ||
	    p->handle == NULL || p->destroy == NULL)
		give_up("not a connector");
	return p;
}

int main(int argc, char **argv)
{
	struct wire_in in;
	struct wire_out out;
	int result;

	if (argc != 2)
		give_up("usage: conform_child CONNECTOR.so");
	child.plugin = load(argv[1]);
	while ((result = wire_receive(FD, &in)) == 0) {
		uint64_t id = in.id;
		fairlead_status status = run_command(&in);

		if (in.bytes != NULL)
			wire_free(&in);
		free_paid();
		wire_begin(&out);
		wire_put_i32(&out, WIRE_K_STATUS, status);
		send_frame(&out, WIRE_RESULT, id);
	}
	if (result < 0)
		give_up("a frame that is cut off or over a limit");
	return 0;
}
