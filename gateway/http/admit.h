/* gateway/http/admit.h - how many connections there may be, in total and from one address
 * SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the workers; taken once a connection, never for a request. [any]; takes a lock.
 */
#ifndef FL_GATEWAY_HTTP_ADMIT_H
#define FL_GATEWAY_HTTP_ADMIT_H

#include "gateway/http/peer.h"

struct fl_admission;

enum fl_admit {
	FL_ADMIT_YES,
	FL_ADMIT_SURPLUS, /* over nine tenths: may come in to be told 503 */
	FL_ADMIT_NO,
};

/* 0 as `max_per_address`: no such limit. */
FL_MUST_USE int fl_admission_create(uint64_t max, uint64_t max_per_address,
				    struct fl_admission **ret);
struct fl_admission *fl_admission_destroy(struct fl_admission *admission);
/* Trusted proxies and Unix peers count in total only; IPv6 addresses by their /64, which is what a
 * single host has. Every YES and SURPLUS owes a leave. */
enum fl_admit fl_admission_enter(struct fl_admission *admission, const struct fl_peer *peer);
void fl_admission_leave(struct fl_admission *admission, const struct fl_peer *peer);
uint64_t fl_admission_count(struct fl_admission *admission);

#endif
