/* gateway/connector/result.c - private: what came out of a call, checked and copied
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/result.h"

#include "gateway/outbound/field.h"

static struct fl_str str_of(fairlead_str s)
{
	return fl_str_n(s.p, s.n);
}

/* ---- replies ---- */

static const char *check_field(const fairlead_kv *field, size_t *head)
{
	if ((!field->k.p && field->k.n) || (!field->v.p && field->v.n))
		return "a header with a length and no bytes";
	if (field->k.n > FL_RESPONSE_HEAD_MAX - *head ||
	    field->v.n > FL_RESPONSE_HEAD_MAX - *head - field->k.n)
		return "headers of over 32 KiB";
	*head += field->k.n + field->v.n;
	if (!fl_outbound_field_is_token(str_of(field->k)))
		return "a header name that is no token";
	if (!fl_outbound_field_is_value(str_of(field->v)))
		return "a header value with control bytes";
	return NULL;
}

static const char *check(const fairlead_response *r, size_t max_body, fairlead_status *status)
{
	size_t head = 0;

	*status = FAIRLEAD_E_INVAL;
	if (!r || !FAIRLEAD_HAS(r, fairlead_response, body))
		return "a response without struct_size";
	if (r->http_status < 200 || r->http_status > 599)
		return "a response without a status from 200 to 599";
	if (r->headers_n > FL_RESPONSE_FIELDS_MAX)
		return "a response with over 64 headers";
	if ((r->headers_n > 0 && !r->headers) || (r->body.n > 0 && !r->body.p))
		return "a response with a length and no bytes";
	for (size_t i = 0; i < r->headers_n; i++) {
		const char *what = check_field(&r->headers[i], &head);

		if (what)
			return what;
	}
	*status = FAIRLEAD_E_TOO_LARGE;
	return r->body.n > max_body ? "a body over the instance's max_response_bytes" : NULL;
}

/* Named in a Connection field of the same response (RFC 9110 section 7.6.1)? */
static bool is_nominated(const fairlead_response *r, struct fl_str name)
{
	for (size_t i = 0; i < r->headers_n; i++)
		if (r->headers[i].k.n == 10 &&
		    fl_str_eq_nocase(str_of(r->headers[i].k), FL_STR("connection")) &&
		    fl_outbound_field_is_listed(str_of(r->headers[i].v), name))
			return true;
	return false;
}

/* ASCII letters only; names are tokens. */
static void copy_lower(char *to, fairlead_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		to[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
	}
}

static size_t copy_fields(const fairlead_response *r, char *at, fairlead_kv *to)
{
	size_t n = 0;

	for (size_t i = 0; i < r->headers_n; i++) {
		const fairlead_kv *from = &r->headers[i];
		struct fl_str name = str_of(from->k);

		if (fl_outbound_field_is_hop(name) || is_nominated(r, name))
			continue;
		copy_lower(at, from->k);
		to[n].k = (fairlead_str){at, from->k.n};
		at += from->k.n;
		if (from->v.n > 0)
			memcpy(at, from->v.p, from->v.n);
		to[n++].v = (fairlead_str){at, from->v.n};
		at += from->v.n;
	}
	return n;
}

fairlead_status fl_result_from_response(struct fl_arena *arena, const fairlead_response *r,
					size_t max_body, struct fl_call_result *ret,
					const char **ret_what)
{
	fairlead_status status;
	size_t head = 0;
	fairlead_kv *fields;
	char *bytes;

	*ret_what = check(r, max_body, &status);
	if (*ret_what) {
		fl_result_broken(ret, status, *ret_what);
		return status;
	}
	for (size_t i = 0; i < r->headers_n; i++)
		head += r->headers[i].k.n + r->headers[i].v.n;
	fields = fl_arena_alloc(arena, r->headers_n * sizeof *fields + head + r->body.n + 1);
	if (!fields) {
		*ret_what = "a response over the room that its request has";
		fl_result_broken(ret, FAIRLEAD_E_TOO_LARGE, *ret_what);
		return FAIRLEAD_E_TOO_LARGE;
	}
	bytes = (char *)(fields + r->headers_n);
	if (r->body.n > 0)
		memcpy(bytes + head, r->body.p, r->body.n);
	*ret = (struct fl_call_result){
	    .kind = FL_CALL_REPLIED,
	    .http_status = r->http_status,
	    .error_class = r->error_class,
	    .headers = fields,
	    .headers_n = copy_fields(r, bytes, fields),
	    .body = fl_str_n(bytes + head, r->body.n),
	};
	return FAIRLEAD_OK;
}

/* ---- failures ---- */

static const struct {
	fairlead_status status;
	uint32_t http_status, error_class;
} failures[] = {
    {FAIRLEAD_E_TIMEOUT, 504, FAIRLEAD_CLASS_TIMEOUT},
    {FAIRLEAD_E_AGAIN, 503, FAIRLEAD_CLASS_TRANSIENT},
    {FAIRLEAD_E_INVAL, 400, FAIRLEAD_CLASS_NONE},
    {FAIRLEAD_E_TOO_LARGE, 413, FAIRLEAD_CLASS_NONE},
    {FAIRLEAD_E_UPSTREAM, 502, FAIRLEAD_CLASS_TRANSIENT},
    {FAIRLEAD_E_CANCELLED, 502, FAIRLEAD_CLASS_TRANSIENT},
};

void fl_result_from_failure(struct fl_arena *arena, fairlead_status status, struct fl_str detail,
			    struct fl_call_result *ret)
{
	*ret = (struct fl_call_result){
	    .kind = FL_CALL_FAILED,
	    .status = status < 0 ? status : FAIRLEAD_E_INTERNAL,
	    .http_status = 502,
	    .error_class = FAIRLEAD_CLASS_PERMANENT,
	};
	for (size_t i = 0; i < FL_ARRAY_LEN(failures); i++)
		if (failures[i].status == status) {
			ret->http_status = failures[i].http_status;
			ret->error_class = failures[i].error_class;
		}
	if (detail.p)
		ret->detail = fl_arena_str(
		    arena, fl_str_n(detail.p, detail.n < FL_DETAIL_MAX ? detail.n : FL_DETAIL_MAX));
}

void fl_result_broken(struct fl_call_result *ret, fairlead_status status, const char *what)
{
	*ret = (struct fl_call_result){
	    .kind = FL_CALL_BROKEN,
	    .status = status,
	    .http_status = 502,
	    .error_class = FAIRLEAD_CLASS_PERMANENT,
	    .detail = fl_str(what),
	};
}

void fl_result_copy(struct fl_arena *arena, const struct fl_call_result *from,
		    struct fl_call_result *ret)
{
	fairlead_response r = {.struct_size = sizeof r,
			       .http_status = from->http_status,
			       .error_class = from->error_class,
			       .headers = from->headers,
			       .headers_n = from->headers_n,
			       .body = {from->body.p, from->body.n}};
	const char *what;

	if (from->kind == FL_CALL_REPLIED) {
		(void)fl_result_from_response(arena, &r, from->body.n, ret, &what);
		return;
	}
	*ret = *from;
	ret->detail = from->detail.p ? fl_arena_str(arena, from->detail) : FL_STR_NULL;
}
