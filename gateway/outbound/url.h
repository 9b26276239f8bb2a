/* gateway/outbound/url.h - is this URL one that a policy lets us ask for?
 * SPDX-License-Identifier: Apache-2.0
 *
 * A URL is its origin (scheme, host, port) and the request target (path and query). Origins are
 * parsed and judged once and kept, in libcurl's own parsed form: most instances know one upstream
 * or a few, and parsing costs more than a microsecond twice, here and in libcurl. The target is
 * passed on byte by byte. Private to this folder; all calls [loop].
 */
#ifndef FL_GATEWAY_OUTBOUND_URL_H
#define FL_GATEWAY_OUTBOUND_URL_H

#include <curl/curl.h>

#include "gateway/outbound/client.h"

#define FL_OUTBOUND_ORIGIN_MAX 272u /* "https://", a host of 253 bytes, ":65535" */
#define FL_OUTBOUND_ORIGINS_MAX 16u /* kept at once; as many targets as the http connector may have */

struct fl_outbound_origin {
	unsigned refs; /* the table and each request that was last sent there */
	const struct fl_outbound_policy *policy; /* that allowed it */
	CURLU *parsed;
	struct fl_outbound_target target;
	char host[FL_OUTBOUND_ORIGIN_MAX]; /* of the target */
	size_t n;
	char text[FL_OUTBOUND_ORIGIN_MAX]; /* with a NUL */
};

/* Zero-initialise. */
struct fl_outbound_origins {
	struct fl_outbound_origin *slots[FL_OUTBOUND_ORIGINS_MAX];
	unsigned next; /* the slot that is taken over when all are used */
};

/* Absolute http or https, printable ASCII, no user, no fragment, host allowed by the policy.
 * *ret_origin is borrowed; *ret_target begins with '/' or '?', or is empty. 0, or -1 with
 * "outbound_invalid" or "outbound_denied". */
FL_MUST_USE int fl_outbound_url_check(struct fl_outbound_origins *origins,
				      const struct fl_outbound_policy *policy, struct fl_str url,
				      struct fl_outbound_origin **ret_origin,
				      struct fl_str *ret_target, struct fl_error *err);
/* Accept NULL. */
struct fl_outbound_origin *fl_outbound_origin_ref(struct fl_outbound_origin *origin);
struct fl_outbound_origin *fl_outbound_origin_unref(struct fl_outbound_origin *origin);
void fl_outbound_origins_fini(struct fl_outbound_origins *origins);

#endif
