/* gateway/outbound/response.c - taking in an answer: bounded, framing removed, names in lower case
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/field.h"
#include "gateway/outbound/request.h"

/* Returning anything but the number of bytes makes libcurl end the transfer. */
static size_t stop_too_large(struct fl_outbound_request *r, const char *what)
{
	r->is_too_large = true;
	r->response.detail = what;
	return 0;
}

static size_t stop_malformed(struct fl_outbound_request *r, const char *what)
{
	r->is_malformed = true;
	r->response.detail = what;
	return 0;
}

static struct fl_str keep(struct fl_outbound_request *r, struct fl_str s)
{
	struct fl_str copy = {r->head + r->head_n, s.n};

	memcpy(r->head + r->head_n, s.p, s.n);
	r->head_n += s.n;
	return copy;
}

static void lower(struct fl_str s, char *at)
{
	for (size_t i = 0; i < s.n; i++)
		if (at[i] >= 'A' && at[i] <= 'Z')
			at[i] = (char)(at[i] | 0x20);
}

/* Connection is kept until the head is whole: what it names goes, too. */
static bool is_unwanted(struct fl_outbound_request *r, struct fl_str name)
{
	if (!fl_outbound_field_is_hop(name))
		return false;
	if (name.n != 10 || !fl_str_eq_nocase(name, FL_STR("connection")))
		return true;
	r->has_nominated = true;
	return false;
}

static size_t take_field(struct fl_outbound_request *r, struct fl_str line, size_t all)
{
	struct fl_str value, name = fl_str_split(line, ':', &value);
	struct fl_header *h;

	value = fl_str_trim(value);
	if (!value.p || !fl_outbound_field_is_token(name) || !fl_outbound_field_is_value(value))
		return stop_malformed(r, "malformed header field in the response");
	if (is_unwanted(r, name))
		return all;
	if (r->response.headers_n == FL_OUTBOUND_FIELDS_MAX)
		return stop_too_large(r, "too many header fields in the response");
	h = &r->headers[r->response.headers_n++];
	h->name = keep(r, name);
	lower(h->name, r->head + (h->name.p - r->head));
	h->value = keep(r, value);
	return all;
}

/* One line of the head, with its line end: status line, field or the empty line; also trailers. */
size_t fl_outbound_response_on_line(char *bytes, size_t size, size_t n, void *ctx)
{
	struct fl_outbound_request *r = ctx;
	struct fl_str line = {bytes, size * n};
	size_t all = line.n;

	if (r->is_head_whole)
		return all; /* a trailer (RFC 9110 section 6.5.1: may be discarded) */
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	/* Counts what is thrown away as well: an endless row of 1xx answers ends here. */
	if (all > sizeof r->head - r->head_n)
		return stop_too_large(r, "the response's head is too large");
	if (line.n == 0) {
		long status = 0;

		(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
		r->is_head_whole = status >= 200;
		return all;
	}
	if (fl_str_starts(line, FL_STR("HTTP/"))) { /* after a 1xx: the next answer's head */
		r->response.headers_n = 0;
		r->head_n += line.n;
		return all;
	}
	if (line.p[0] == ' ' || line.p[0] == '\t') /* RFC 9112 section 5.2: refuse or unfold */
		return stop_malformed(r, "folded header field in the response");
	return take_field(r, line, all);
}

size_t fl_outbound_response_on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct fl_outbound_request *r = ctx;

	if (size * n > r->policy->max_response_bytes - r->response_body.len)
		return stop_too_large(r, "the response's body is over max_response_bytes");
	fl_buf_add(&r->response_body, fl_str_n(bytes, size * n));
	if (fl_buf_is_overflown(&r->response_body))
		return stop_too_large(r, "no memory for the response's body");
	return size * n;
}

static void drop_nominated(struct fl_outbound_request *r)
{
	size_t kept = 0, n = r->response.headers_n;
	struct fl_str nominated[8]; /* Connection fields; more of them than this is nonsense */
	size_t nominated_n = 0;

	for (size_t i = 0; i < n; i++)
		if (fl_str_is(r->headers[i].name, "connection") &&
		    nominated_n < FL_ARRAY_LEN(nominated))
			nominated[nominated_n++] = r->headers[i].value;
	for (size_t i = 0; i < n; i++) {
		bool drop = fl_str_is(r->headers[i].name, "connection");

		for (size_t j = 0; j < nominated_n && !drop; j++)
			drop = fl_outbound_field_is_listed(nominated[j], r->headers[i].name);
		if (!drop)
			r->headers[kept++] = r->headers[i];
	}
	r->response.headers_n = kept;
}

void fl_outbound_response_complete(struct fl_outbound_request *r)
{
	if (r->has_nominated)
		drop_nominated(r);
	r->response.headers = r->headers;
	r->response.body = fl_buf_str(&r->response_body);
}
