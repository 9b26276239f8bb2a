/* gateway/authorize/context.c - the `context` of a request to the data plane
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/authorize/context.h"

#include "base/clock.h"
#include "policy/ext.h"

/* Fields in the order of fl_cedar_name_cmp(): by length, then bytes. */
enum { AMR, NOW, REQ, CLIENT, CONTEXT_N };
enum { IP, TLS, CLIENT_N };
enum { HDR, HOST, METHOD, HEADER_BYTES, TARGET_BYTES, CONTENT_LENGTH, REQ_N };

static const struct fl_str context_names[CONTEXT_N] = {
    [AMR] = FL_STR_INIT("amr"),
    [NOW] = FL_STR_INIT("now"),
    [REQ] = FL_STR_INIT("req"),
    [CLIENT] = FL_STR_INIT("client"),
};
static const struct fl_str client_names[CLIENT_N] = {
    [IP] = FL_STR_INIT("ip"),
    [TLS] = FL_STR_INIT("tls"),
};
static const struct fl_str req_names[REQ_N] = {
    [HDR] = FL_STR_INIT("hdr"),
    [HOST] = FL_STR_INIT("host"),
    [METHOD] = FL_STR_INIT("method"),
    [HEADER_BYTES] = FL_STR_INIT("headerBytes"),
    [TARGET_BYTES] = FL_STR_INIT("targetBytes"),
    [CONTENT_LENGTH] = FL_STR_INIT("contentLength"),
};

struct frame {
	struct fl_cedar_field context[CONTEXT_N], client[CLIENT_N], req[REQ_N];
};

struct fl_context {
	struct frame frame;                   /* names, and no values */
	const struct fl_cedar_field *headers; /* the same */
	size_t headers_n;
};

static void name_fields(struct fl_cedar_field *fields, const struct fl_str *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fields[i] = (struct fl_cedar_field){.name = fl_cedar_name(names[i])};
		FL_ASSERT(i == 0 || fl_cedar_name_cmp(fields[i - 1].name, fields[i].name) < 0);
	}
}

const struct fl_context *fl_context_prepare(const struct fl_cfg_strings *headers,
                                            struct fl_arena *arena)
{
	struct fl_context *context = fl_arena_zalloc(arena, sizeof *context);
	struct fl_cedar_field *fields = fl_arena_array(arena, headers->n, sizeof *fields);
	struct fl_cedar_value record;
	int rc;

	if (!context || (!fields && headers->n != 0))
		return NULL;
	name_fields(context->frame.context, context_names, CONTEXT_N);
	name_fields(context->frame.client, client_names, CLIENT_N);
	name_fields(context->frame.req, req_names, REQ_N);
	for (size_t i = 0; i < headers->n; i++)
		fields[i].name = fl_cedar_name(headers->items[i]);
	rc = fl_cedar_record_make(fields, headers->n, &record, NULL);
	FL_ASSERT(rc == 0); /* the configuration names none twice */
	context->headers = fields;
	context->headers_n = headers->n;
	return context;
}

static struct fl_cedar_value record(const struct fl_cedar_field *fields, size_t n)
{
	return (struct fl_cedar_value){
	    .kind = FL_CEDAR_RECORD, .n = (uint32_t)n, .u.fields = fields};
}

static struct fl_cedar_value count(uint64_t n)
{
	return fl_cedar_long(n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

/* How the caller proved who it is: a set of one, or empty. */
static bool make_proofs(const struct fl_principal *principal, struct fl_arena *scratch,
                        struct fl_cedar_value *ret)
{
	struct fl_cedar_value *item;

	*ret = (struct fl_cedar_value){.kind = FL_CEDAR_SET};
	if (!principal->method)
		return true;
	item = fl_arena_alloc(scratch, sizeof *item);
	if (!item)
		return false;
	*item = (struct fl_cedar_value){.kind = FL_CEDAR_STRING,
	                                .n = (uint32_t)strlen(principal->method),
	                                .u.text = principal->method};
	ret->n = 1;
	ret->u.items = item;
	return true;
}

/* The declared headers that the request has: they stay in order. */
static bool make_headers(const struct fl_context *frame, const struct fl_decide_request *request,
                         struct fl_arena *scratch, struct fl_cedar_value *ret)
{
	struct fl_cedar_field *fields;
	struct fl_str value;
	size_t n = 0;

	*ret = fl_cedar_record_empty();
	if (frame->headers_n == 0)
		return true;
	fields = fl_arena_alloc(scratch, frame->headers_n * sizeof *fields);
	if (!fields)
		return false;
	for (size_t i = 0; i < frame->headers_n; i++) {
		struct fl_cedar_name name = frame->headers[i].name;

		if (request->header(request->ctx, fl_cedar_name_str(name), &value))
			fields[n++] = (struct fl_cedar_field){name, fl_cedar_string(value)};
	}
	*ret = record(fields, n);
	return true;
}

bool fl_context_make(const struct fl_context *context, const struct fl_decide_request *request,
                     struct fl_arena *scratch, struct fl_cedar_value *ret)
{
	struct frame *f = fl_arena_alloc(scratch, sizeof *f);

	if (!f)
		return false;
	*f = context->frame;
	if (!make_headers(context, request, scratch, &f->req[HDR].value) ||
	    !make_proofs(request->principal, scratch, &f->context[AMR].value) ||
	    fl_cedar_ext_parse(FL_CEDAR_IP, request->client, scratch, &f->client[IP].value) != 0)
		return false;
	f->client[TLS].value = fl_cedar_bool(request->is_tls);
	f->req[HOST].value = fl_cedar_string(request->host);
	f->req[METHOD].value = fl_cedar_string(request->method_name);
	f->req[HEADER_BYTES].value = count(request->header_bytes);
	f->req[TARGET_BYTES].value = count(request->target_bytes);
	f->req[CONTENT_LENGTH].value = count(request->content_length);
	f->context[NOW].value =
	    fl_cedar_number(FL_CEDAR_DATETIME, (int64_t)(request->wall_ns / FL_NS_PER_MS));
	f->context[REQ].value = record(f->req, REQ_N);
	f->context[CLIENT].value = record(f->client, CLIENT_N);
	*ret = record(f->context, CONTEXT_N);
	return true;
}
