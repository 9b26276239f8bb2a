/* admin/api/explain.h - private: the request that POST /v1/explain is asked about
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_ADMIN_API_EXPLAIN_H
#define FL_ADMIN_API_EXPLAIN_H

#include "admin/api/private.h"
#include "gateway/authorize/decide.h"

#define FL_EXPLAIN_HEADERS_MAX 64u

struct fl_explain_ask { /* in the arena of the call, or of its body */
	enum fl_method method;
	struct fl_str url;
	bool is_tls;
	struct fl_str host; /* lower case, without port */
	struct fl_str path; /* as it was given, without query */
	size_t target_bytes;
	size_t head_bytes; /* request line and fields, as a request with no more fields has them */
	struct fl_decide_header headers[FL_EXPLAIN_HEADERS_MAX];
	size_t headers_n;
	const struct fl_cfg_consumer *consumer; /* NULL: nobody that is known */
	struct fl_str client;
	uint64_t content_length;
};

/* Reads the call's body. False: the refusal is filled in. */
FL_MUST_USE bool fl_explain_read(struct fl_api_call *call, const struct fl_config *config,
                                 struct fl_explain_ask *ret);

#endif
