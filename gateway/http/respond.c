/* gateway/http/respond.c - from the app's answer to libmicrohttpd's
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "gateway/http/internal.h"

#include <stdio.h>
#include <sys/socket.h>

/* And Date, Connection, Content-Length. */
#define STATUS_LINE_BYTES 256u

/* libmicrohttpd wants C strings; it copies them. */
static bool add_header(struct fl_exchange *x, struct MHD_Response *reply, struct fl_header h)
{
	struct fl_str name = fl_arena_str(&x->req.arena, h.name);
	struct fl_str value = fl_arena_str(&x->req.arena, h.value);

	return name.p && value.p && strlen(value.p) == value.n &&
	       MHD_add_response_header(reply, name.p, value.p) == MHD_YES;
}

static struct MHD_Response *make(struct fl_exchange *x, bool must_close)
{
	const struct fl_response *response = &x->req.response;
	/* The body stays where it is until fl_receive_on_completed(). */
	struct MHD_Response *reply = MHD_create_response_from_buffer(
	    response->body.n, (void *)(uintptr_t)response->body.p, MHD_RESPMEM_PERSISTENT);

	if (!reply)
		return NULL;
	bool is_good = !must_close || MHD_add_response_header(reply, MHD_HTTP_HEADER_CONNECTION,
	                                                      "close") == MHD_YES;

	for (size_t i = 0; is_good && i < response->headers_n; i++)
		is_good = add_header(x, reply, response->headers[i]);
	if (is_good)
		return reply;
	MHD_destroy_response(reply);
	return NULL;
}

/* Is there room for the head of the answer in the connection's memory, beside the head of the
 * request and those that wait behind it? Without, libmicrohttpd closes without a word. */
static bool has_room(const struct fl_exchange *x)
{
	const struct fl_response *response = &x->req.response;
	uint64_t need = STATUS_LINE_BYTES + x->used_bytes + x->connection->wire.ahead_n;

	for (size_t i = 0; i < response->headers_n; i++)
		need += response->headers[i].name.n + response->headers[i].value.n + 4;
	return need <= x->worker->http->memory_bytes;
}

/* Time to take the answer: what a body of its size may take to come in. */
static uint64_t send_time_ns(const struct fl_cfg_limits *limits, size_t n)
{
	uint64_t rate = limits->min_body_rate_bytes_per_sec;
	uint64_t extra_s = rate ? n / rate : 0;

	return limits->body_timeout_ns + extra_s * FL_NS_PER_SEC;
}

enum MHD_Result fl_respond(struct fl_exchange *x, struct MHD_Connection *mhd)
{
	struct fl_http *http = x->worker->http;
	const struct fl_response *response = &x->req.response;
	bool must_close = x->must_close || response->must_close || x->worker->is_quiescing;
	struct MHD_Response *reply = has_room(x) ? make(x, must_close) : NULL;
	enum MHD_Result r;

	x->stage = FL_EXCHANGE_SENDING;
	fl_connection_enter(x->connection, FL_CONNECTION_SEND, fl_loop_now_ns(x->worker->loop),
	                    send_time_ns(&http->limits, response->body.n));
	if (!reply)
		return MHD_queue_response(mhd, MHD_HTTP_INTERNAL_SERVER_ERROR, http->failure);
	r = MHD_queue_response(mhd, response->status, reply);
	MHD_destroy_response(reply);
	return r;
}

void fl_respond_raw(struct fl_connection *c, enum fl_refusal refusal)
{
	const struct fl_refusal_row *row = fl_refusal_of(refusal);
	char body[512], text[1024];
	int body_n, n;

	body_n =
	    snprintf(body, sizeof body,
	             "{\"type\":\"urn:fairlead:problem:%s\",\"title\":\"%s\",\"status\":%u,"
	             "\"detail\":\"%s\"}\n",
	             row->code, MHD_get_reason_phrase_for(row->status), row->status, row->detail);
	n = snprintf(text, sizeof text,
	             "HTTP/1.1 %u %s\r\nConnection: close\r\n"
	             "Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%s",
	             row->status, MHD_get_reason_phrase_for(row->status), body_n, body);
	/* What does not fit into the socket's buffer now is not worth waiting for. */
	(void)!send(c->io.fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}
