/* gateway/connector/service_http.c - private: fairlead.http/1
 * SPDX-License-Identifier: Apache-2.0
 *
 * A thread that is no worker's cannot use a worker's client: its arguments are copied and sent to
 * the worker, secrets unresolved. Values of secrets exist here only in a buffer that is wiped, and
 * in the client. begin() is always on the loop of the operation's worker, so that is where it is
 * decided whether the request may leave and may hold its secrets.
 */
#include "config.h" /* _GNU_SOURCE, for memmem() */

#include <sodium.h>
#include <stdlib.h>

#include "gateway/connector/op.h"

#define HEADERS_MAX 100u
#define SECRET_OPEN "${secret:"
#define RESOLVED_MAX (64u << 10) /* bytes of all values that hold secrets */

_Static_assert(sizeof(struct fl_header) == sizeof(fairlead_kv) &&
                   offsetof(struct fl_header, value) == offsetof(fairlead_kv, v),
               "the same layout");

static struct fl_str str_of(fairlead_str s)
{
	return fl_str_n(s.p, s.n);
}

/* ---- may it? ---- */

static bool may(const struct fl_op *op, struct fl_host_deed deed)
{
	const struct fl_instance *instance = op->life->instance;
	const struct fl_host_config *config = &instance->host->config;

	if (!config->may)
		return true;
	deed.worker = op->worker->index;
	deed.instance = fl_instance_name(instance);
	deed.generation = instance->generation;
	deed.bytes = op->http.body_bytes;
	deed.call = fl_op_request_call(op);
	return config->may(config->may_ctx, &deed);
}

static bool may_send(void *ctx, const struct fl_outbound_target *target)
{
	return may(ctx, (struct fl_host_deed){.target = target});
}

/* ---- secrets ---- */

static bool is_granted(const struct fl_instance *instance, struct fl_str name)
{
	const struct fl_instance_spec *spec = &instance->spec;

	for (size_t i = 0; i < spec->secrets_n; i++) {
		struct fl_str s = spec->secrets[i];

		if (s.n > 0 && s.p[s.n - 1] == '*' ? fl_str_starts(name, fl_str_n(s.p, s.n - 1))
		                                   : fl_str_eq(s, name))
			return true;
	}
	return false;
}

/* Where "${secret:" begins, or NULL. */
static const char *find_open(struct fl_str s)
{
	return s.n == 0 ? NULL : memmem(s.p, s.n, SECRET_OPEN, sizeof SECRET_OPEN - 1);
}

/* Appends the value with its secrets put in. */
static fairlead_status resolve(const struct fl_op *op, struct fl_str value, struct fl_buf *out)
{
	const struct fl_instance *instance = op->life->instance;
	const struct fl_host_config *config = &instance->host->config;
	const char *open, *close;

	while ((open = find_open(value))) {
		struct fl_str rest =
		    fl_str_n(open + sizeof SECRET_OPEN - 1,
		             value.n - (size_t)(open - value.p) - (sizeof SECRET_OPEN - 1));
		struct fl_str name;

		close = rest.n == 0 ? NULL : memchr(rest.p, '}', rest.n);
		if (!close)
			return FAIRLEAD_E_INVAL;
		name = fl_str_n(rest.p, (size_t)(close - rest.p));
		if (!is_granted(instance, name) || !config->secret ||
		    !may(op, (struct fl_host_deed){.secret = name}))
			return FAIRLEAD_E_DENIED;
		fl_buf_add(out, fl_str_n(value.p, (size_t)(open - value.p)));
		if (!config->secret(config->secret_ctx, name, out))
			return FAIRLEAD_E_DENIED;
		value = fl_str_n(close + 1, rest.n - name.n - 1);
	}
	fl_buf_add(out, value);
	return fl_buf_is_overflown(out) ? FAIRLEAD_E_TOO_LARGE : FAIRLEAD_OK;
}

/* `out` gets all its room at once: growing would leave a copy behind in freed memory. */
static fairlead_status resolve_all(const struct fl_op *op, struct fl_header *headers, size_t n,
                                   struct fl_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		size_t start = out->len;
		fairlead_status status;

		if (FL_LIKELY(!find_open(headers[i].value)))
			continue;
		if (out->cap == 0 && !fl_buf_reserve(out, RESOLVED_MAX))
			return FAIRLEAD_E_AGAIN;
		status = resolve(op, headers[i].value, out);
		if (status != FAIRLEAD_OK)
			return status;
		headers[i].value = fl_str_n(out->p + start, out->len - start);
	}
	return FAIRLEAD_OK;
}

/* ---- the response ---- */

static fairlead_status status_of(enum fl_outbound_outcome outcome)
{
	static const fairlead_status statuses[] = {
	    [FL_OUTBOUND_OK] = FAIRLEAD_OK,
	    [FL_OUTBOUND_CONNECT_FAILED] = FAIRLEAD_E_UPSTREAM,
	    [FL_OUTBOUND_DENIED] = FAIRLEAD_E_DENIED,
	    [FL_OUTBOUND_BROKEN] = FAIRLEAD_E_UPSTREAM,
	    [FL_OUTBOUND_TIMEOUT] = FAIRLEAD_E_TIMEOUT,
	    [FL_OUTBOUND_TOO_LARGE] = FAIRLEAD_E_TOO_LARGE,
	    [FL_OUTBOUND_CANCELLED] = FAIRLEAD_E_CANCELLED,
	};

	return statuses[outcome];
}

static size_t put_str(char *at, fairlead_str *s)
{
	if (s->n > 0)
		memcpy(at, s->p, s->n);
	s->p = at;
	return s->n;
}

/* One allocation: the response, its fields, all their bytes. */
static void keep_response(struct fl_op *op)
{
	const fairlead_http_response *from = op->payload;
	size_t bytes, n;
	fairlead_http_response *to;
	fairlead_kv *headers;
	char *at;

	if (!from)
		return;
	n = from->headers_n;
	bytes = sizeof *to + n * sizeof *headers + from->body.n;
	for (size_t i = 0; i < n; i++)
		bytes += from->headers[i].k.n + from->headers[i].v.n;
	to = malloc(bytes);
	op->memory = to;
	op->payload = to;
	if (!to) {
		op->status = FAIRLEAD_E_UPSTREAM;
		return;
	}
	*to = *from;
	headers = (fairlead_kv *)(void *)(to + 1);
	at = (char *)(headers + n);
	for (size_t i = 0; i < n; i++) {
		headers[i] = from->headers[i];
		at += put_str(at, &headers[i].k);
		at += put_str(at, &headers[i].v);
	}
	to->headers = headers;
	(void)put_str(at, &to->body);
}

static void on_done(void *ctx, const struct fl_outbound_response *r)
{
	struct fl_op *op = ctx;
	const fairlead_http_response response = {
	    .struct_size = sizeof response,
	    .http_status = r->http_status,
	    .headers = (const fairlead_kv *)(const void *)r->headers,
	    .headers_n = r->headers_n,
	    .body = {r->body.p, r->body.n},
	    .elapsed_ns = r->elapsed_ns,
	};

	op->http.request = NULL;
	op->cancel = NULL;
	if (r->outcome == FL_OUTBOUND_OK) {
		op->payload = &response;
		op->keep = keep_response;
	}
	fl_op_end(op, status_of(r->outcome));
}

/* ---- the request ---- */

static fairlead_status check(const fairlead_http_request *args)
{
	if (!args || !FAIRLEAD_HAS(args, fairlead_http_request, timeout_ms) ||
	    args->headers_n > HEADERS_MAX || (args->headers_n > 0 && !args->headers) ||
	    (args->body.n > 0 && !args->body.p) || args->method.n == 0 || !args->method.p ||
	    args->url.n == 0 || !args->url.p || args->url.n > FL_OUTBOUND_URL_MAX)
		return FAIRLEAD_E_INVAL;
	for (size_t i = 0; i < args->headers_n; i++)
		if (!args->headers[i].k.p || (args->headers[i].v.n > 0 && !args->headers[i].v.p))
			return FAIRLEAD_E_INVAL;
	return FAIRLEAD_OK;
}

/* The instance's policy, or a narrower copy. */
static const struct fl_outbound_policy *policy_of(struct fl_op *op,
                                                  const fairlead_http_request *args)
{
	const struct fl_outbound_policy *all = &op->life->instance->spec.egress;
	uint32_t connect_ms =
	    all->connect_timeout_ms ? all->connect_timeout_ms : FL_OUTBOUND_CONNECT_TIMEOUT_MS;
	bool is_smaller = args->max_response_bytes != 0 &&
	                  args->max_response_bytes < op->life->instance->max_response_bytes;
	bool is_sooner = args->connect_timeout_ms != 0 && args->connect_timeout_ms < connect_ms;

	if (FL_LIKELY(!is_smaller && !is_sooner))
		return all;
	op->http.policy = *all;
	if (is_smaller)
		op->http.policy.max_response_bytes = (size_t)args->max_response_bytes;
	if (is_sooner)
		op->http.policy.connect_timeout_ms = args->connect_timeout_ms;
	return &op->http.policy;
}

static uint64_t deadline_of(const struct fl_op *op, const fairlead_http_request *args)
{
	if (args->timeout_ms == 0)
		return op->req ? fl_op_request_deadline(op->life, op->req) : 0;
	return fl_clock_mono_ns() + args->timeout_ms * FL_NS_PER_MS;
}

static void cancel_request(struct fl_op *op)
{
	if (op->http.request)
		fl_outbound_cancel(op->http.request);
}

static fairlead_status code_of(const struct fl_error *err)
{
	if (strcmp(err->code, "outbound_denied") == 0)
		return FAIRLEAD_E_DENIED;
	return strcmp(err->code, "outbound_busy") == 0 ? FAIRLEAD_E_AGAIN : FAIRLEAD_E_INVAL;
}

/* On the operation's worker. FAIRLEAD_OK: on_done() comes. */
static fairlead_status begin(struct fl_op *op, const fairlead_http_request *args)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_header headers[HEADERS_MAX] FL_UNINITIALIZED;
	struct fl_outbound_args out = {
	    .policy = policy_of(op, args),
	    .method = str_of(args->method),
	    .url = str_of(args->url),
	    .headers = headers,
	    .headers_n = args->headers_n,
	    .body = str_of(args->body),
	    .deadline_ns = deadline_of(op, args),
	    .may = may_send,
	    .on_done = on_done,
	    .ctx = op,
	};
	struct fl_buf resolved;
	fairlead_status status;

	for (size_t i = 0; i < args->headers_n; i++)
		headers[i] =
		    (struct fl_header){str_of(args->headers[i].k), str_of(args->headers[i].v)};
	op->http.body_bytes = args->body.n;
	fl_buf_init(&resolved, RESOLVED_MAX);
	status = resolve_all(op, headers, args->headers_n, &resolved);
	if (status == FAIRLEAD_OK &&
	    fl_outbound_send(op->worker->client, &out, &op->http.request, &err) != 0)
		status = code_of(&err);
	if (resolved.p)
		sodium_memzero(resolved.p, resolved.cap);
	fl_buf_fini(&resolved);
	if (status == FAIRLEAD_OK) {
		op->cancel = cancel_request;
		fl_op_link(op);
	}
	return status;
}

/* ---- from other threads ---- */

static void copy_str(fairlead_str *to, fairlead_str from, char **at)
{
	to->n = from.n;
	to->p = *at;
	*at += put_str(*at, &from);
}

/* One allocation with the arguments and all their bytes. */
static fairlead_http_request *copy_args(const fairlead_http_request *from)
{
	size_t n = from->headers_n;
	size_t bytes =
	    sizeof *from + n * sizeof *from->headers + from->method.n + from->url.n + from->body.n;
	fairlead_http_request *to;
	fairlead_kv *headers;
	char *at;

	for (size_t i = 0; i < n; i++)
		bytes += from->headers[i].k.n + from->headers[i].v.n;
	to = malloc(bytes);
	if (!to)
		return NULL;
	memcpy(to, from, sizeof *to);
	headers = (fairlead_kv *)(void *)(to + 1);
	at = (char *)(headers + n);
	for (size_t i = 0; i < n; i++) {
		copy_str(&headers[i].k, from->headers[i].k, &at);
		copy_str(&headers[i].v, from->headers[i].v, &at);
	}
	to->headers = headers;
	copy_str(&to->method, from->method, &at);
	copy_str(&to->url, from->url, &at);
	copy_str(&to->body, from->body, &at);
	return to;
}

/* What cannot be started is told by the event. */
static void start_sent(struct fl_op *op)
{
	fairlead_http_request *args = op->memory;
	fairlead_status status;

	op->memory = NULL;
	status = fl_op_is_withdrawn(op) ? FAIRLEAD_E_CANCELLED : begin(op, args);
	free(args);
	if (status != FAIRLEAD_OK)
		fl_op_end(op, status);
}

static fairlead_status send_elsewhere(struct fl_op *op, const fairlead_http_request *args,
                                      fairlead_id *ret_op)
{
	op->memory = copy_args(args);
	if (!op->memory) {
		fl_op_put_back(op);
		return FAIRLEAD_E_AGAIN;
	}
	op->start = start_sent;
	fl_op_open(op, ret_op);
	fl_op_send(op);
	return FAIRLEAD_PENDING;
}

/* ---- the table ---- */

static fairlead_status send_here(struct fl_op *op, const fairlead_http_request *args,
                                 fairlead_id *ret_op)
{
	fairlead_status status;

	fl_op_open(op, ret_op);
	status = begin(op, args);
	if (FL_LIKELY(status == FAIRLEAD_OK))
		return FAIRLEAD_PENDING;
	fl_op_put_back(op);
	return status;
}

static fairlead_status send(struct fl_life *life, fairlead_id req,
                            const fairlead_http_request *args, fairlead_id *ret_op)
{
	fairlead_status status = ret_op ? check(args) : FAIRLEAD_E_INVAL;
	struct fl_op *op;

	if (status != FAIRLEAD_OK)
		return status;
	op = fl_op_take(life, req, FAIRLEAD_EVENT_HTTP);
	if (!op)
		return FAIRLEAD_E_AGAIN;
	return op->is_foreign ? send_elsewhere(op, args, ret_op) : send_here(op, args, ret_op);
}

static fairlead_status FAIRLEAD_CALL service_send(fairlead_id self, fairlead_id req,
                                                  const fairlead_http_request *args,
                                                  fairlead_id *ret_op)
{
	fairlead_status status;
	FL_SELF_LEAVE struct fl_life *life =
	    fl_service_enter(self, FAIRLEAD_EXT_HTTP, FL_PHASE_QUIESCING, &status);

	return life ? send(life, req, args, ret_op) : status;
}

static fairlead_status FAIRLEAD_CALL service_cancel(fairlead_id self, fairlead_id id)
{
	return fl_service_cancel(self, FAIRLEAD_EXT_HTTP, id, FAIRLEAD_EVENT_HTTP);
}

const fairlead_http fl_service_http = {
    .struct_size = sizeof fl_service_http,
    .send = service_send,
    .cancel = service_cancel,
};
