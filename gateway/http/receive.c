/* gateway/http/receive.c - from libmicrohttpd's calls to the app's
 * SPDX-License-Identifier: Apache-2.0
 *
 *	fl_receive_on_line()       the request line is there: an exchange is made
 *	fl_receive_on_request()    once when the head is whole, once for each piece of body, once at
 *	                           the end, once more after a request has waited
 *	fl_receive_on_completed()  answered, or broken off: the exchange ends
 *
 * libmicrohttpd takes an answer at the first call (it then closes the connection, as it will not
 * read the body) and at the last.
 */
#include "gateway/http/internal.h"

/* How much of a body that is too large is read and thrown away, in the hope that the client ends it
 * and reads why. */
#define DRAIN_BYTES (64u << 10)
/* What libmicrohttpd notes of a field, at most. */
#define FIELD_BYTES 112u
#define FIRST_BODY_BYTES (64u << 10)

void *fl_receive_on_line(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct fl_http_worker *w = cls;
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct fl_connection *c = info->socket_context;
	struct fl_exchange *x = uri ? fl_exchange_take(w) : NULL;

	if (!x)
		return NULL;
	x->connection = c;
	c->exchange = x;
	x->raw = uri;
	x->req.started_ns = fl_clock_mono_ns();
	/* libmicrohttpd cuts the query up as soon as this returns. */
	x->target = fl_arena_str(&x->req.arena, fl_str(uri));
	if (c->phase == FL_CONNECTION_IDLE)
		fl_connection_enter(c, FL_CONNECTION_HEAD, x->req.started_ns,
		                    w->http->limits.header_timeout_ns);
	fl_counter_add(&w->requests_n, 1);
	return x;
}

/* ---- refusing ---- */

static void refuse(struct fl_exchange *x, enum fl_refusal refusal)
{
	const struct fl_refusal_row *row = fl_refusal_of(refusal);

	fl_http_count_refusal(x->worker->http, refusal);
	x->is_known = true;
	x->must_close = true;
	x->worker->http->app->refuse(&x->req, row->status, row->code, row->detail);
}

/* ---- the head ---- */

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_n, const char *value, size_t value_n)
{
	struct fl_http_worker *w = cls;

	(void)kind;
	if (w->fields_n > w->http->guard_limits.max_fields)
		return MHD_NO;
	w->fields[w->fields_n++] =
	    (struct fl_guard_field){fl_str_n(name, name_n), fl_str_n(value, value_n)};
	return MHD_YES;
}

static void read_head(struct fl_exchange *x, struct MHD_Connection *mhd, const char *method,
                      const char *version, struct fl_guard_head *ret)
{
	struct fl_http_worker *w = x->worker;
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	w->fields_n = 0;
	(void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, add_field, w);
	*ret = (struct fl_guard_head){
	    .method = method,
	    .version = version,
	    .raw = x->raw,
	    .target = x->target,
	    .head_bytes = info->header_size,
	    .fields = w->fields,
	    .fields_n = w->fields_n,
	};
}

/* The head as the request of the app; FL_REFUSAL_NONE, or why it goes no further. */
static enum fl_refusal take_head(struct fl_exchange *x, const struct fl_guard_head *head,
                                 struct fl_guard_request *seen)
{
	struct fl_wire *wire = &x->connection->wire;
	enum fl_refusal refusal = fl_guard_check(head, &x->worker->http->guard_limits, seen);

	if (refusal == FL_REFUSAL_NONE && (wire->is_bad || !wire->is_past_head))
		refusal = FL_REFUSAL_HEAD;
	/* What follows was received already, and is another head when there is no body. */
	wire->is_ended = wire->is_ended || seen->is_chunked || refusal != FL_REFUSAL_NONE;
	fl_wire_next(wire, head->method + head->head_bytes, seen->content_length);

	x->req.method = seen->method; /* the access log names it also when refused */
	x->req.method_name =
	    seen->method == FL_METHOD_N ? FL_STR("-") : fl_str(fl_method_name(seen->method));
	x->req.client = fl_str_n(x->connection->peer.text, x->connection->peer.text_n);
	x->req.scheme = FL_STR("http");
	if (refusal != FL_REFUSAL_NONE)
		return refusal;
	if (x->connection->is_surplus)
		return FL_REFUSAL_BUSY;
	return fl_head_take(x, head, seen) ? FL_REFUSAL_NONE : FL_REFUSAL_NO_MEMORY;
}

static enum MHD_Result answer_at_once(struct fl_exchange *x, struct MHD_Connection *mhd)
{
	x->stage = FL_EXCHANGE_ANSWER;
	return fl_respond(x, mhd);
}

static enum MHD_Result refuse_at_once(struct fl_exchange *x, struct MHD_Connection *mhd,
                                      enum fl_refusal refusal)
{
	refuse(x, refusal);
	return answer_at_once(x, mhd);
}

static enum MHD_Result expect_body(struct fl_exchange *x, struct MHD_Connection *mhd,
                                   const struct fl_guard_request *seen)
{
	const struct fl_cfg_limits *limits = &x->worker->http->limits;

	x->stage = FL_EXCHANGE_BODY;
	if (!x->has_body)
		return MHD_YES;
	x->max_body_bytes = x->req.max_body_bytes;
	if (seen->content_length > x->max_body_bytes)
		return refuse_at_once(x, mhd, FL_REFUSAL_BODY_LARGE);
	(void)fl_buf_reserve(&x->body, seen->content_length < FIRST_BODY_BYTES
	                                   ? (size_t)seen->content_length
	                                   : FIRST_BODY_BYTES);
	fl_connection_enter(x->connection, FL_CONNECTION_BODY, fl_loop_now_ns(x->worker->loop),
	                    limits->body_timeout_ns);
	return MHD_YES;
}

static enum MHD_Result on_head(struct fl_exchange *x, struct MHD_Connection *mhd,
                               const char *method, const char *version)
{
	struct fl_guard_request seen;
	struct fl_guard_head head;
	enum fl_refusal refusal;

	read_head(x, mhd, method, version, &head);
	x->used_bytes = head.head_bytes + head.fields_n * FIELD_BYTES;
	refusal = take_head(x, &head, &seen);
	if (refusal != FL_REFUSAL_NONE)
		return refuse_at_once(x, mhd, refusal);
	x->req.content_length = seen.is_chunked ? UINT64_MAX : seen.content_length;
	x->req.target_bytes = (uint32_t)x->target.n;
	x->req.head_bytes = (uint32_t)head.head_bytes;
	x->has_body = seen.is_chunked || seen.content_length > 0;
	x->must_close = seen.is_chunked; /* how the chunks were framed cannot be seen */
	x->is_known = true;
	if (x->worker->http->app->begin(&x->req) == FL_REQUEST_CONTINUE)
		return expect_body(x, mhd, &seen);
	if (x->has_body)
		return answer_at_once(x, mhd);
	/* Without a body to skip the connection can be kept: the last call comes at once. */
	x->stage = FL_EXCHANGE_ANSWER;
	return MHD_YES;
}

/* ---- the body ---- */

static enum MHD_Result on_body(struct fl_exchange *x, const char *data, size_t *data_n)
{
	size_t n = *data_n;

	*data_n = 0; /* what is left in its buffer stalls libmicrohttpd */
	x->req.bytes_in += n;
	if (!x->is_overflown && x->body.len + n > x->max_body_bytes)
		x->is_overflown = true;
	if (x->is_overflown) {
		if (x->req.bytes_in <= x->max_body_bytes + DRAIN_BYTES)
			return MHD_YES;
		fl_http_count_refusal(x->worker->http, FL_REFUSAL_BODY_LARGE);
		fl_respond_raw(x->connection, FL_REFUSAL_BODY_LARGE);
		return MHD_NO;
	}
	fl_buf_add(&x->body, fl_str_n(data, n));
	return MHD_YES;
}

static enum MHD_Result on_end(struct fl_exchange *x, struct MHD_Connection *mhd)
{
	struct fl_connection *c = x->connection;

	if (x->is_overflown)
		return refuse_at_once(x, mhd, FL_REFUSAL_BODY_LARGE);
	if (fl_buf_is_overflown(&x->body))
		return refuse_at_once(x, mhd, FL_REFUSAL_NO_MEMORY);
	x->req.body = fl_buf_str(&x->body);
	/* The phase is entered first: the app may take its time. */
	if (x->worker->http->app->dispatch(&x->req) == FL_REQUEST_RESPOND)
		return answer_at_once(x, mhd);
	x->stage = FL_EXCHANGE_WAIT;
	fl_connection_enter(c, FL_CONNECTION_WAIT, fl_loop_now_ns(x->worker->loop), UINT64_MAX);
	if (c->has_left) {
		x->worker->http->app->gone(&x->req);
		x->stage = FL_EXCHANGE_LEFT;
		return MHD_NO;
	}
	MHD_suspend_connection(mhd);
	return MHD_YES;
}

void fl_receive_leave(struct fl_exchange *x)
{
	x->worker->http->app->gone(&x->req);
	x->stage = FL_EXCHANGE_LEFT;
	MHD_resume_connection(x->connection->mhd);
	x->worker->must_run = true;
}

enum MHD_Result fl_receive_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                      const char *method, const char *version, const char *data,
                                      size_t *data_n, void **context)
{
	struct fl_exchange *x = *context;

	(void)cls;
	(void)url;
	if (!x)
		return MHD_NO;
	switch (x->stage) {
	case FL_EXCHANGE_LINE:
		return on_head(x, mhd, method, version);
	case FL_EXCHANGE_BODY:
		return *data_n > 0 ? on_body(x, data, data_n) : on_end(x, mhd);
	case FL_EXCHANGE_ANSWER:
		return fl_respond(x, mhd);
	case FL_EXCHANGE_SENDING:
		*data_n = 0;
		return MHD_YES;
	case FL_EXCHANGE_WAIT:
	case FL_EXCHANGE_LEFT:
	default:
		return MHD_NO;
	}
}

/* ---- the end ---- */

void fl_receive_on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                             enum MHD_RequestTerminationCode why)
{
	struct fl_http_worker *w = cls;
	struct fl_exchange *x = *context;

	(void)mhd;
	if (!x)
		return;
	*context = NULL;
	struct fl_connection *c = x->connection;
	bool was_sent =
	    why == MHD_REQUEST_TERMINATED_COMPLETED_OK && x->stage == FL_EXCHANGE_SENDING;

	FL_ASSERT(x->stage != FL_EXCHANGE_WAIT); /* it is suspended then */
	c->exchange = NULL;
	x->connection = NULL;
	fl_connection_enter(c, FL_CONNECTION_IDLE, fl_loop_now_ns(w->loop),
	                    w->http->limits.idle_timeout_ns);
	fl_counter_add(&w->requests_n, UINT64_MAX);
	if (x->is_known)
		w->http->app->end(
		    &x->req,
		    was_sent && x->req.method != FL_METHOD_HEAD ? x->req.response.body.n : 0,
		    was_sent);
	else
		fl_exchange_on_released(&x->req);
	if (w->is_quiescing)
		fl_drain_note(w);
}
