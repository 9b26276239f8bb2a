/* gateway/http/refusal.c - what a refused client is told
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/http/guard.h"

#include "base/macros.h"

/* clang-format off */
static const struct fl_refusal_row rows[FL_REFUSAL_N] = {
	[FL_REFUSAL_NONE] = {200, "none", ""},
	[FL_REFUSAL_REQUEST_LINE] = {400, "request_line_invalid",
		"The request line must be METHOD SP TARGET SP HTTP/1.1, with single spaces and no NUL."},
	[FL_REFUSAL_VERSION] = {505, "version_unsupported", "Speak HTTP/1.1 or HTTP/1.0."},
	[FL_REFUSAL_METHOD] = {400, "method_invalid", "The method is not a token."},
	[FL_REFUSAL_METHOD_DENIED] = {405, "method_denied", "CONNECT and TRACE are not served."},
	[FL_REFUSAL_METHOD_UNKNOWN] = {501, "method_unknown",
		"Use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS."},
	[FL_REFUSAL_TARGET] = {400, "target_invalid",
		"The request target must be a path that begins with \"/\", percent-encoded, without "
		"fragment; or an http URL of it."},
	[FL_REFUSAL_TARGET_LONG] = {414, "target_too_long", "The request target is over the limit."},
	[FL_REFUSAL_HEAD] = {400, "head_invalid",
		"The head has a folded line, a NUL, a line that does not end in CRLF, or a field without "
		"a name."},
	[FL_REFUSAL_HEAD_LARGE] = {431, "head_too_large", "The head is over the limit."},
	[FL_REFUSAL_FIELDS] = {431, "too_many_fields", "The head has more fields than the limit."},
	[FL_REFUSAL_FIELD_NAME] = {400, "field_name_invalid",
		"A field name must be a token without \"_\", directly followed by \":\"."},
	[FL_REFUSAL_FIELD_VALUE] = {400, "field_value_invalid",
		"A field value has a control character."},
	[FL_REFUSAL_HOST_MISSING] = {400, "host_missing", "An HTTP/1.1 request needs a Host field."},
	[FL_REFUSAL_HOST_REPEATED] = {400, "host_repeated", "There is more than one Host field."},
	[FL_REFUSAL_HOST] = {400, "host_invalid", "The Host field must be a host and an optional port."},
	[FL_REFUSAL_HOST_DIFFERS] = {400, "host_differs",
		"The authority in the request target is not that of the Host field."},
	[FL_REFUSAL_LENGTH_REPEATED] = {400, "content_length_repeated",
		"There is more than one Content-Length field."},
	[FL_REFUSAL_LENGTH] = {400, "content_length_invalid",
		"Content-Length must be a decimal number."},
	[FL_REFUSAL_FRAMING] = {400, "framing_ambiguous",
		"Send either Content-Length or Transfer-Encoding."},
	[FL_REFUSAL_CODING_REPEATED] = {400, "transfer_encoding_repeated",
		"There is more than one Transfer-Encoding field."},
	[FL_REFUSAL_CODING] = {501, "transfer_encoding_unsupported",
		"The only transfer coding that is understood is \"chunked\"."},
	[FL_REFUSAL_CODING_10] = {400, "transfer_encoding_http10",
		"HTTP/1.0 has no transfer codings."},
	[FL_REFUSAL_EXPECT] = {417, "expectation_unsupported",
		"The only expectation that is understood is \"100-continue\"."},
	[FL_REFUSAL_EXPECT_EMPTY] = {400, "expectation_without_body",
		"Expect: 100-continue needs a body to go on with."},
	[FL_REFUSAL_BODY_LARGE] = {413, "body_too_large", "The body is over the limit."},
	[FL_REFUSAL_HEAD_SLOW] = {408, "request_timeout", "The head did not come in time."},
	[FL_REFUSAL_BODY_SLOW] = {408, "body_timeout", "The body came too slowly."},
	[FL_REFUSAL_BUSY] = {503, "too_many_connections",
		"The server has nearly as many connections as it may have. Try again later."},
	[FL_REFUSAL_NO_MEMORY] = {503, "out_of_memory", "The server is out of memory."},
	[FL_REFUSAL_LIBRARY] = {400, "request_malformed", "The request is not HTTP/1.1."},
};
/* clang-format on */

const struct fl_refusal_row *fl_refusal_of(enum fl_refusal refusal)
{
	FL_ASSERT(refusal < FL_REFUSAL_N);
	return &rows[refusal];
}
