/* gateway/pipeline/trace.c - what ties a request to what others know of it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/trace.h"

#include "gateway/pipeline/request.h"
#include "gateway/pipeline/worker.h"

/* traceparent: VV-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT-PPPPPPPPPPPPPPPP-FF */
enum { TRACE_AT = 3, TRACE_LEN = 32, PARENT_AT = 36, PARENT_LEN = 16, FLAGS_AT = 53 };
#define FLAG_SAMPLED 1

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Only lower-case digits; *ret_any: one of them is not 0. */
static bool is_hex(struct fl_str text, size_t at, size_t n, bool *ret_any)
{
	*ret_any = false;
	for (size_t i = at; i < at + n; i++) {
		int value = hex_value(text.p[i]);

		if (value < 0)
			return false;
		*ret_any |= value != 0;
	}
	return true;
}

bool fl_traceparent_parse(struct fl_str text, struct fl_traceparent *ret)
{
	bool has_version, has_trace, has_parent, has_flags;

	if (text.n < FL_TRACEPARENT_LEN || text.p[2] != '-' || text.p[PARENT_AT - 1] != '-' ||
	    text.p[FLAGS_AT - 1] != '-')
		return false;
	if (!is_hex(text, 0, 2, &has_version) || !is_hex(text, TRACE_AT, TRACE_LEN, &has_trace) ||
	    !is_hex(text, PARENT_AT, PARENT_LEN, &has_parent) ||
	    !is_hex(text, FLAGS_AT, 2, &has_flags))
		return false;
	if (!has_trace || !has_parent || (text.p[0] == 'f' && text.p[1] == 'f'))
		return false;
	/* A later version may go on after another "-"; version 00 may not. */
	if (text.n > FL_TRACEPARENT_LEN && (!has_version || text.p[FL_TRACEPARENT_LEN] != '-'))
		return false;
	ret->trace_id = fl_str_n(text.p + TRACE_AT, TRACE_LEN);
	ret->is_sampled = hex_value(text.p[FLAGS_AT + 1]) & FLAG_SAMPLED;
	return true;
}

bool fl_request_id_is_sane(struct fl_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool is_alnum =
		    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_alnum && (c == '\0' || !strchr("-_.~:/+=@", c)))
			return false;
	}
	return text.n > 0 && text.n <= FL_REQUEST_ID_MAX;
}

/* The headers that this file cares about. */
struct found {
	struct fl_str traceparent, request_id;
	unsigned traceparents, request_ids;
};

static void look_at(struct fl_request *req, struct found *found, const fairlead_kv *header)
{
	struct fl_str name = fl_str_n(header->k.p, header->k.n);
	struct fl_str value = fl_str_n(header->v.p, header->v.n);

	/* Most headers are none of these: the length alone says so. */
	if (name.n < sizeof "user-agent" - 1 || name.n > sizeof "x-request-id" - 1)
		return;
	if (fl_str_eq(name, FL_STR("user-agent"))) {
		req->user_agent = value;
	} else if (fl_str_eq(name, FL_STR("traceparent"))) {
		found->traceparent = value;
		found->traceparents++;
	} else if (fl_str_eq(name, FL_STR("x-request-id"))) {
		found->request_id = value;
		found->request_ids++;
	} else if (fl_str_eq(name, FL_STR("tracestate"))) {
		req->has_own_headers = true;
	}
}

static void begin_trace(struct fl_request *req, const struct found *found, char *out)
{
	struct fl_ids *ids = &req->worker->ids;
	struct fl_traceparent parent = {.is_sampled = true};

	req->is_trace_continued = req->is_trusted_peer && found->traceparents == 1 &&
	                          fl_traceparent_parse(found->traceparent, &parent);
	memcpy(out, "00-", TRACE_AT);
	if (req->is_trace_continued)
		memcpy(out + TRACE_AT, parent.trace_id.p, TRACE_LEN);
	else
		(void)fl_ids_hex(fl_ids_hex(out + TRACE_AT, fl_ids_next(ids)),
		                 fl_ids_next_nonzero(ids));
	out[PARENT_AT - 1] = '-';
	(void)fl_ids_hex(out + PARENT_AT, fl_ids_next_nonzero(ids));
	memcpy(out + FLAGS_AT - 1, parent.is_sampled ? "-01" : "-00", 3);
	req->traceparent = fl_str_n(out, FL_TRACEPARENT_LEN);
}

void fl_trace_begin(struct fl_request *req)
{
	struct found found = {.traceparents = 0};
	char *text;

	for (size_t i = 0; i < req->headers_n; i++)
		look_at(req, &found, &req->headers[i]);
	req->has_own_headers |= found.traceparents + found.request_ids > 0;
	text = fl_arena_alloc(&req->arena, FL_TRACEPARENT_LEN + FL_IDS_UUID_LEN);
	if (!text)
		return;
	begin_trace(req, &found, text);
	if (req->is_trusted_peer && found.request_ids == 1 &&
	    fl_request_id_is_sane(found.request_id)) {
		req->request_id = found.request_id;
		return;
	}
	text += FL_TRACEPARENT_LEN;
	fl_ids_uuid(&req->worker->ids,
	            fl_worker_wall_ns(req->worker, req->started_ns) / FL_NS_PER_MS, text);
	req->request_id = fl_str_n(text, FL_IDS_UUID_LEN);
}

bool fl_trace_is_own_header(const struct fl_request *req, struct fl_str lower_name)
{
	return fl_str_eq(lower_name, FL_STR("traceparent")) ||
	       fl_str_eq(lower_name, FL_STR("x-request-id")) ||
	       (!req->is_trace_continued && fl_str_eq(lower_name, FL_STR("tracestate")));
}
