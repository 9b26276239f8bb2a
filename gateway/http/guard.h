/* gateway/http/guard.h - refuse what two parsers could read in two ways
 * SPDX-License-Identifier: Apache-2.0
 *
 * libmicrohttpd 0.9.75 keeps a request's head in one buffer and replaces separators by NULs in
 * place, so that where its pointers lie shows what the client sent. A head that was written as RFC
 * 9112 wants it lies like this, without gaps:
 *
 *	METHOD \0 TARGET \0 HTTP/1.1 \0\0 Name \0 blanks value \0\0 ... \0\0
 *
 * A folded line is moved elsewhere, a NUL or an empty name leaves a gap, a bare LF is one byte
 * short: each breaks the pattern. The guard reads nothing outside method[0..head_bytes). Pure; all
 * calls [any].
 */
#ifndef FL_GATEWAY_HTTP_GUARD_H
#define FL_GATEWAY_HTTP_GUARD_H

#include "base/str.h"
#include "gateway/route/table.h"

/* Why a request is refused; the rows of fl_refusal_of(). The last ones are not found by the guard
 * but by who reads the body, answers or counts connections. */
enum fl_refusal {
	FL_REFUSAL_NONE,
	FL_REFUSAL_REQUEST_LINE, FL_REFUSAL_VERSION, FL_REFUSAL_METHOD, FL_REFUSAL_METHOD_DENIED,
	FL_REFUSAL_METHOD_UNKNOWN, FL_REFUSAL_TARGET, FL_REFUSAL_TARGET_LONG, FL_REFUSAL_HEAD,
	FL_REFUSAL_HEAD_LARGE, FL_REFUSAL_FIELDS, FL_REFUSAL_FIELD_NAME, FL_REFUSAL_FIELD_VALUE,
	FL_REFUSAL_HOST_MISSING, FL_REFUSAL_HOST_REPEATED, FL_REFUSAL_HOST, FL_REFUSAL_HOST_DIFFERS,
	FL_REFUSAL_LENGTH_REPEATED, FL_REFUSAL_LENGTH, FL_REFUSAL_FRAMING, FL_REFUSAL_CODING_REPEATED,
	FL_REFUSAL_CODING, FL_REFUSAL_CODING_10, FL_REFUSAL_EXPECT, FL_REFUSAL_EXPECT_EMPTY,
	FL_REFUSAL_BODY_LARGE, FL_REFUSAL_HEAD_SLOW, FL_REFUSAL_BODY_SLOW, FL_REFUSAL_BUSY,
	FL_REFUSAL_NO_MEMORY, FL_REFUSAL_LIBRARY,
	FL_REFUSAL_N,
};

struct fl_refusal_row {
	uint32_t status;
	const char *code, *detail; /* of the problem that is answered */
};
const struct fl_refusal_row *fl_refusal_of(enum fl_refusal refusal);

struct fl_guard_field { /* as libmicrohttpd reports it */
	struct fl_str name, value; /* the value may end in blanks */
};

struct fl_guard_head { /* all borrowed for the call */
	const char *method; /* NUL-terminated; the first byte of the head */
	const char *version; /* NUL-terminated */
	const char *raw; /* where the target lies in the head ... */
	struct fl_str target; /* ... and a copy of what lay there before the library cut it up */
	size_t head_bytes; /* from method to the end of the empty line */
	const struct fl_guard_field *fields;
	size_t fields_n;
};

struct fl_guard_limits {
	size_t max_head_bytes, max_fields, max_target_bytes;
};

struct fl_guard_request { /* what a request that may pass says; strings as in the head */
	enum fl_method method;
	bool is_http10, is_chunked, has_length, expects_continue;
	uint64_t content_length; /* 0 without a body */
	struct fl_str path; /* up to "?"; "/" when an absolute target has none */
	struct fl_str query; /* without "?" */
	struct fl_str host; /* without blanks; empty on HTTP/1.0 without one */
	struct fl_str connection; /* of the only Connection field; see connections_n */
	size_t connections_n;
};

/* FL_REFUSAL_NONE and *ret, or why not (*ret->method may be used all the same). */
enum fl_refusal fl_guard_check(const struct fl_guard_head *head, const struct fl_guard_limits *limits,
			       struct fl_guard_request *ret);
/* By the target alone, as soon as the request line is there. */
bool fl_guard_is_target(struct fl_str target);
/* The lower-case form of a byte of a field name that may pass; 0 for all others ("_" too). */
extern const unsigned char fl_guard_lower[256];
/* uri-host [":" port] of RFC 9110 section 7.2; *name is the part before the port. */
bool fl_guard_split_host(struct fl_str host, struct fl_str *name);

#endif
