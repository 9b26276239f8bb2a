/* gateway/limit/bucket.h - so many requests in so much time, for many callers at once
 * SPDX-License-Identifier: Apache-2.0
 *
 * The generic cell rate algorithm: `burst` requests may come at once; after them one each
 * period / count. Per caller it needs one time, that at which all of its past is paid off; a
 * request is refused when that time would move further from now than a burst takes to pay off.
 *
 * A table has a fixed number of words of 64 bits, each a tag of its caller and that time. To decide
 * and to charge is one compare-and-swap of one word, from any thread. A caller's word is one of the
 * FL_BUCKET_WAYS of its set. A caller that is new takes a word whose time has passed: it says no
 * more than a word that is not there, so nothing is ever forgotten that still counts. Where no
 * such word is left the newcomer is refused: some FL_BUCKET_WAYS callers of that set are being
 * counted, which takes several hundred thousand at once.
 *
 * Two callers share a word when 20 bits of their keyed hashes agree and they meet in one set: about
 * one in 100,000 while the table is half full. Outsiders cannot aim at it.
 */
#ifndef FL_GATEWAY_LIMIT_BUCKET_H
#define FL_GATEWAY_LIMIT_BUCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#define FL_BUCKET_WAYS 16u
#define FL_BUCKET_SETS                                                                             \
	65536u /* of the gateway's table: 8 MiB, of which only what is used is there */
#define FL_BUCKET_PERIOD_MAX_NS (UINT64_C(86400) * 1000000000u)

struct fl_buckets;

struct fl_bucket_rate {
	uint64_t count;     /* at least 1; beyond a million a second it is a million a second */
	uint64_t period_ns; /* at most FL_BUCKET_PERIOD_MAX_NS */
	uint64_t burst;     /* paid off within FL_BUCKET_PERIOD_MAX_NS; 0: as many as `count` */
	uint64_t cost;      /* of a request, at most the burst; 0: 1 */
};

struct fl_bucket_state {
	uint64_t retry_ns; /* until a request would pass; 0: it passes now */
	uint64_t full_ns;  /* until all of the burst is there again */
	uint64_t left;     /* of the burst, now */
};

/* `sets` is a power of two. NULL: no memory. */
struct fl_buckets *fl_buckets_create(uint32_t sets);
/* Nobody takes any more. Accepts NULL; returns NULL. */
struct fl_buckets *fl_buckets_destroy(struct fl_buckets *buckets);
/* May one more request of this caller pass now? If so it is charged. *ret is how it stands after
 * that. `key` is a keyed hash (fl_hash()) of the caller and of what limits it: who is limited twice
 * has two. Times are those of one monotonic clock; threads whose clocks differ a little charge the
 * same. [any]; no lock, no system call */
bool fl_bucket_take(struct fl_buckets *buckets, uint64_t key, const struct fl_bucket_rate *rate,
                    uint64_t now_ns, struct fl_bucket_state *ret);
/* Takes one charge back, of a request that passed and was refused elsewhere. Of what was charged and
 * not given back no more than a burst ever passes at one time. A window of time that begins between
 * the charge and its return may let pass, beyond its own, what that time pays off: at most the cost
 * of what was given back. [any]; no lock, no system call */
void fl_bucket_give_back(struct fl_buckets *buckets, uint64_t key,
                         const struct fl_bucket_rate *rate, uint64_t now_ns);
/* How it stands; charges nothing. [any]; no lock, no system call */
void fl_bucket_look(const struct fl_buckets *buckets, uint64_t key,
                    const struct fl_bucket_rate *rate, uint64_t now_ns,
                    struct fl_bucket_state *ret);
/* Newcomers that were refused because their set was full. [any] */
uint64_t fl_buckets_full(const struct fl_buckets *buckets);

#endif
