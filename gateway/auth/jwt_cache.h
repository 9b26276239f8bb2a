/* gateway/auth/jwt_cache.h - what tokens said that were checked not long ago
 * SPDX-License-Identifier: Apache-2.0
 *
 * One for each worker, so that it needs no lock. A token is known by its keyed hash, never by its
 * text. The key is the method's, new with every snapshot: what another snapshot learned is never
 * found again, and is overwritten in time. Room is for FL_JWT_CACHE_ENTRIES tokens, in sets of
 * FL_JWT_CACHE_WAYS; in a full set the one that ends first goes.
 */
#ifndef FL_GATEWAY_AUTH_JWT_CACHE_H
#define FL_GATEWAY_AUTH_JWT_CACHE_H

#include "gateway/config/model.h"

#define FL_JWT_CACHE_ENTRIES 512u
#define FL_JWT_CACHE_WAYS 4u
#define FL_JWT_CLAIMS_BYTES 2000u
#define FL_JWT_HASH_BYTES 32u

struct fl_jwt_facts {
	uint64_t from_s, until_s; /* good from, and no longer from; since 1970 */
	const struct fl_cfg_consumer *consumer; /* NULL: nobody that is known */
	uint16_t n;
	char claims[FL_JWT_CLAIMS_BYTES]; /* as jwt.c writes them: n bytes */
};

struct fl_jwt_cache;

/* NULL: no memory. About 1 MiB, of which only what is used is touched. [control] */
struct fl_jwt_cache *fl_jwt_cache_create(void);
struct fl_jwt_cache *fl_jwt_cache_destroy(struct fl_jwt_cache *cache); /* accepts NULL */
/* NULL: not known, or not good now. Valid until the next put. [loop of the worker] no memory */
const struct fl_jwt_facts *fl_jwt_cache_find(const struct fl_jwt_cache *cache,
					     const unsigned char hash[FL_JWT_HASH_BYTES],
					     uint64_t now_s);
void fl_jwt_cache_put(struct fl_jwt_cache *cache, const unsigned char hash[FL_JWT_HASH_BYTES],
		      const struct fl_jwt_facts *facts);

#endif
