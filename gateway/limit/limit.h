/* gateway/limit/limit.h - the limits of a configuration, compiled
 * SPDX-License-Identifier: Apache-2.0
 *
 * A limit counts in the words of gateway/limit/bucket.h. The key of a word is a keyed hash of the
 * limit's name, of what it counts by and its window, and of the caller's values: so the count goes on
 * when a configuration changes the rate's count, the burst or the cost, and begins anew when it
 * changes what is counted or in which time. What a request has not (nobody is known, no such header)
 * counts as one value, "none". Immutable once built.
 */
#ifndef FL_GATEWAY_LIMIT_LIMIT_H
#define FL_GATEWAY_LIMIT_LIMIT_H

#include "gateway/config/model.h"
#include "gateway/limit/bucket.h"
#include "gateway/observe/limit_count.h"

struct fl_limit {
	const struct fl_cfg_limit *config;
	struct fl_bucket_rate rate;
	uint64_t id; /* keyed hash: in every key */
	struct fl_limit_count *counts; /* of worker 0, the others behind it; NULL: not counted */
	struct fl_str policy; /* "NAME";q=100;w=60 */
	bool needs_consumer;
};

struct fl_limit_list { /* of one route */
	size_t n;
	bool is_any_enforced;
	const struct fl_limit *items[];
};

struct fl_limit_subject { /* of a request; borrowed */
	struct fl_str consumer; /* p NULL: nobody is known */
	struct fl_str address, route, instance;
	/* Of the first such field; false: there is none. `name` is in lower case. */
	bool (*header)(const void *ctx, struct fl_str name, struct fl_str *ret);
	const void *ctx;
};

struct fl_limits;

/* `config` outlives it. NULL: no memory. [control] */
struct fl_limits *fl_limits_build(const struct fl_config *config, struct fl_metrics *metrics);
/* Accepts NULL; returns NULL. */
struct fl_limits *fl_limits_destroy(struct fl_limits *limits);
/* What a route lists; NULL: nothing. */
const struct fl_limit_list *fl_limits_of(const struct fl_limits *limits, size_t route);

/* For fl_bucket_take(). [any] */
uint64_t fl_limit_key(const struct fl_limit *limit, const struct fl_limit_subject *subject);
/* The network that an address counts as: an IPv4 address itself, as 4 bytes, of an IPv6 address its
 * first `ipv6_prefix` bits, as 16. Any other text is itself. Lies in `buf`, or is `address`. */
struct fl_str fl_limit_network(struct fl_str address, unsigned ipv6_prefix, unsigned char buf[16]);

#endif
