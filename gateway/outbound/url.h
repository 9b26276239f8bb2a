/* gateway/outbound/url.h - is this URL one that a policy lets us ask for?
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_OUTBOUND_URL_H
#define FL_GATEWAY_OUTBOUND_URL_H

#include "gateway/outbound/client.h"

#define FL_OUTBOUND_ORIGIN_MAX 272u /* "https://", a host of 253 bytes, ":65535" */

/* The last origin that was let through, for one policy at a time: most instances know one upstream
 * and the URL parser costs a microsecond. Zero-initialise. */
struct fl_outbound_origin {
	const struct fl_outbound_policy *policy;
	size_t n;
	char text[FL_OUTBOUND_ORIGIN_MAX];
};

/* Absolute http or https, printable ASCII, no user, no fragment, host allowed by the policy.
 * 0, or -1 with "outbound_invalid" or "outbound_denied". [any] */
int fl_outbound_url_check(struct fl_outbound_origin *seen, const struct fl_outbound_policy *policy,
			  struct fl_str url, struct fl_error *err);

#endif
