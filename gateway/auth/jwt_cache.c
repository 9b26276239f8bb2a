/* gateway/auth/jwt_cache.c - what tokens said that were checked not long ago
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/auth/jwt_cache.h"

#include <stdlib.h>

#define SETS (FL_JWT_CACHE_ENTRIES / FL_JWT_CACHE_WAYS)

struct entry {
	unsigned char hash[FL_JWT_HASH_BYTES];
	struct fl_jwt_facts facts; /* until_s 0: free */
};

struct fl_jwt_cache {
	struct entry entries[SETS][FL_JWT_CACHE_WAYS];
};

struct fl_jwt_cache *fl_jwt_cache_create(void)
{
	return calloc(1, sizeof(struct fl_jwt_cache));
}

struct fl_jwt_cache *fl_jwt_cache_destroy(struct fl_jwt_cache *cache)
{
	free(cache);
	return NULL;
}

/* Hashes are as good as random: the first bytes are. */
static size_t set_of(const unsigned char *hash)
{
	return (hash[0] | (size_t)hash[1] << 8) % SETS;
}

const struct fl_jwt_facts *fl_jwt_cache_find(const struct fl_jwt_cache *cache,
                                             const unsigned char hash[FL_JWT_HASH_BYTES],
                                             uint64_t now_s)
{
	const struct entry *set = cache->entries[set_of(hash)];

	for (unsigned i = 0; i < FL_JWT_CACHE_WAYS; i++)
		if (now_s >= set[i].facts.from_s && now_s < set[i].facts.until_s &&
		    memcmp(set[i].hash, hash, FL_JWT_HASH_BYTES) == 0)
			return &set[i].facts;
	return NULL;
}

void fl_jwt_cache_put(struct fl_jwt_cache *cache, const unsigned char hash[FL_JWT_HASH_BYTES],
                      const struct fl_jwt_facts *facts)
{
	struct entry *set = cache->entries[set_of(hash)], *to = &set[0];

	for (unsigned i = 1; i < FL_JWT_CACHE_WAYS; i++)
		if (set[i].facts.until_s < to->facts.until_s)
			to = &set[i];
	for (unsigned i = 0; i < FL_JWT_CACHE_WAYS; i++)
		if (memcmp(set[i].hash, hash, FL_JWT_HASH_BYTES) == 0)
			to = &set[i];
	memcpy(to->hash, hash, FL_JWT_HASH_BYTES);
	to->facts.from_s = facts->from_s;
	to->facts.until_s = facts->until_s;
	to->facts.consumer = facts->consumer;
	to->facts.n = facts->n;
	memcpy(to->facts.claims, facts->claims, facts->n);
}
