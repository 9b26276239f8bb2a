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

/* A byte of a field name (RFC 9110 section 5.6.2) in lower case; 0: not allowed there. */
static const char token_lower[256] = {
    ['!'] = '!', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&', ['\''] = '\'', ['*'] = '*',
    ['+'] = '+', ['-'] = '-', ['.'] = '.', ['^'] = '^', ['_'] = '_', ['`'] = '`',   ['|'] = '|',
    ['~'] = '~', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',   ['5'] = '5',
    ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b',   ['C'] = 'c',
    ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',   ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p',   ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w',   ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',   ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k',   ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',   ['s'] = 's',
    ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',   ['z'] = 'z',
};

/* What can be seen without looking at every byte. *ret_head: bytes of names and values. */
static const char *check_sizes(const fairlead_response *r, size_t max_body, size_t *ret_head,
                               fairlead_status *status)
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
		const fairlead_kv *f = &r->headers[i];

		if ((!f->k.p && f->k.n) || (!f->v.p && f->v.n))
			return "a header with a length and no bytes";
		if (f->k.n > FL_RESPONSE_HEAD_MAX - head ||
		    f->v.n > FL_RESPONSE_HEAD_MAX - head - f->k.n)
			return "headers of over 32 KiB";
		head += f->k.n + f->v.n;
	}
	*ret_head = head;
	*status = FAIRLEAD_E_TOO_LARGE;
	return r->body.n > max_body ? "a body over the instance's max_response_bytes" : NULL;
}

/* Copies and checks in one go. */
static bool copy_name(char *to, fairlead_str name)
{
	char is_token = (char)(name.n > 0);

	for (size_t i = 0; i < name.n; i++) {
		to[i] = token_lower[(unsigned char)name.p[i]];
		if (to[i] == 0)
			is_token = 0;
	}
	return is_token;
}

static const char *copy_field(const fairlead_kv *from, char **at, fairlead_kv *to)
{
	char *p = *at;

	if (!copy_name(p, from->k))
		return "a header name that is no token";
	to->k = (fairlead_str){p, from->k.n};
	p += from->k.n;
	if (from->v.n > 0)
		memcpy(p, from->v.p, from->v.n);
	to->v = (fairlead_str){p, from->v.n};
	if (!fl_outbound_field_is_value(str_of(to->v))) /* the copy: nobody else can change it */
		return "a header value with control bytes";
	*at = p + from->v.n;
	return NULL;
}

/* Without those that a Connection field of the same response names (RFC 9110 section 7.6.1). */
static size_t drop_nominated(fairlead_kv *fields, size_t n, struct fl_str connection)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!fl_outbound_field_is_listed(connection, str_of(fields[i].k)))
			fields[kept++] = fields[i];
	return kept;
}

static const char *copy_fields(const fairlead_response *r, char *at, fairlead_kv *fields,
                               size_t *ret_n)
{
	struct fl_str connections[FL_RESPONSE_FIELDS_MAX] FL_UNINITIALIZED;
	size_t n = 0, connections_n = 0;

	for (size_t i = 0; i < r->headers_n; i++) {
		const char *what = copy_field(&r->headers[i], &at, &fields[n]);

		if (what)
			return what;
		if (FL_LIKELY(!fl_outbound_field_is_hop(str_of(fields[n].k))))
			n++;
		else if (fl_str_is(str_of(fields[n].k), "connection"))
			connections[connections_n++] = str_of(fields[n].v);
	}
	for (size_t i = 0; i < connections_n; i++)
		n = drop_nominated(fields, n, connections[i]);
	*ret_n = n;
	return NULL;
}

static fairlead_status broken(struct fl_call_result *ret, fairlead_status status, const char *what,
                              const char **ret_what)
{
	fl_result_broken(ret, status, what);
	*ret_what = what;
	return status;
}

fairlead_status fl_result_from_response(struct fl_arena *arena, const fairlead_response *r,
                                        size_t max_body, struct fl_call_result *ret,
                                        const char **ret_what)
{
	fairlead_status status;
	size_t head = 0, n = 0;
	const char *what = check_sizes(r, max_body, &head, &status);
	fairlead_kv *fields;
	char *bytes;

	if (what)
		return broken(ret, status, what, ret_what);
	fields = fl_arena_alloc(arena, r->headers_n * sizeof *fields + head + r->body.n + 1);
	if (!fields)
		return broken(ret, FAIRLEAD_E_TOO_LARGE,
		              "a response over the room that its request has", ret_what);
	bytes = (char *)(fields + r->headers_n);
	what = copy_fields(r, bytes, fields, &n);
	if (what)
		return broken(ret, FAIRLEAD_E_INVAL, what, ret_what);
	if (r->body.n > 0)
		memcpy(bytes + head, r->body.p, r->body.n);
	*ret = (struct fl_call_result){
	    .kind = FL_CALL_REPLIED,
	    .http_status = r->http_status,
	    .error_class = r->error_class,
	    .headers = fields,
	    .headers_n = n,
	    .body = fl_str_n(bytes + head, r->body.n),
	};
	*ret_what = NULL;
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
