/* gateway/auth/replay.c - deliveries that have been let in
 * SPDX-License-Identifier: Apache-2.0
 *
 * A hash belongs to one set; nobody outside can choose which. With half of all entries taken one set
 * in ten millions is full.
 */
#include "gateway/auth/replay.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#define WAYS 64u
#define SETS (FL_REPLAY_ENTRIES / WAYS)
#define LOCKS 256u /* apart from the sets: those that are not used take no memory */

struct entry {
	struct fl_replay_hash hash;
	uint64_t until_s : 63; /* 0: free */
	uint64_t is_new : 1;   /* fl_replay_changes() has not told of it */
};

struct set {
	struct entry entries[WAYS];
};

struct fl_replay {
	unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
	_Atomic uint64_t crowded;
	pthread_mutex_t locks[LOCKS];
	atomic_bool is_changed[SETS]; /* an entry of the set is new; apart, as are the locks */
	struct set sets[SETS];
};

int fl_replay_create(const struct fl_auth_key *key, struct fl_replay **ret, struct fl_error *err)
{
	static const char what[] = "fairlead deliveries";
	struct fl_replay *replay = calloc(1, sizeof *replay);

	if (!replay)
		return fl_error_set(err, "out_of_memory", "no memory for the ids of deliveries");
	(void)crypto_generichash(replay->key, sizeof replay->key, (const unsigned char *)what,
	                         sizeof what - 1, key->bytes, sizeof key->bytes);
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_init(&replay->locks[i], NULL);
	*ret = replay;
	return 0;
}

struct fl_replay *fl_replay_destroy(struct fl_replay *replay)
{
	if (!replay)
		return NULL;
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_destroy(&replay->locks[i]);
	sodium_memzero(replay->key, sizeof replay->key);
	free(replay);
	return NULL;
}

void fl_replay_hash(const struct fl_replay *replay, struct fl_str source, struct fl_str event,
                    struct fl_replay_hash *ret)
{
	/* The hash of the event, behind it that of the source: neither runs into the other. */
	unsigned char both[2 * FL_REPLAY_HASH_BYTES];

	(void)crypto_shorthash_siphashx24(both, (const unsigned char *)event.p, event.n,
	                                  replay->key);
	(void)crypto_shorthash_siphashx24(both + FL_REPLAY_HASH_BYTES,
	                                  (const unsigned char *)source.p, source.n, replay->key);
	(void)crypto_shorthash_siphashx24(ret->bytes, both, sizeof both, replay->key);
}

static size_t place_of(const struct fl_replay_hash *hash)
{
	uint32_t first;

	memcpy(&first, hash->bytes, sizeof first);
	return first % SETS;
}

static bool is_same(const struct entry *e, const struct fl_replay_hash *hash)
{
	return memcmp(e->hash.bytes, hash->bytes, sizeof hash->bytes) == 0;
}

/* Where it goes; NULL: it is there. */
static struct entry *find_room(struct set *set, const struct fl_replay_hash *hash, uint64_t now_s)
{
	struct entry *first = &set->entries[0];

	for (size_t i = 0; i < WAYS; i++) {
		struct entry *e = &set->entries[i];

		if (e->until_s > now_s && is_same(e, hash))
			return NULL;
		if (e->until_s < first->until_s)
			first = e;
	}
	return first;
}

bool fl_replay_enter(struct fl_replay *replay, const struct fl_replay_hash *hash, uint64_t now_s,
                     uint64_t until_s)
{
	const size_t place = place_of(hash);
	struct entry *e;

	(void)pthread_mutex_lock(&replay->locks[place % LOCKS]);
	e = find_room(&replay->sets[place], hash, now_s);
	if (e) {
		if (e->until_s > now_s)
			atomic_fetch_add_explicit(&replay->crowded, 1, memory_order_relaxed);
		*e = (struct entry){.hash = *hash, .until_s = until_s & INT64_MAX, .is_new = 1};
		atomic_store_explicit(&replay->is_changed[place], true, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&replay->locks[place % LOCKS]);
	return e != NULL;
}

void fl_replay_leave(struct fl_replay *replay, const struct fl_replay_hash *hash)
{
	const size_t place = place_of(hash);
	struct set *set = &replay->sets[place];

	(void)pthread_mutex_lock(&replay->locks[place % LOCKS]);
	for (size_t i = 0; i < WAYS; i++)
		if (set->entries[i].until_s != 0 && is_same(&set->entries[i], hash)) {
			set->entries[i].until_s = 0;
			set->entries[i].is_new = 1;
			atomic_store_explicit(&replay->is_changed[place], true,
			                      memory_order_relaxed);
		}
	(void)pthread_mutex_unlock(&replay->locks[place % LOCKS]);
}

static void tell_set(struct set *set, bool of_all, fl_replay_fn tell, void *ctx)
{
	for (size_t i = 0; i < WAYS; i++) {
		struct entry *e = &set->entries[i];

		if (e->is_new || (of_all && e->until_s != 0))
			tell(ctx, &e->hash, e->until_s);
		if (e->is_new) /* a page that nobody wrote to takes no memory */
			e->is_new = 0;
	}
}

void fl_replay_changes(struct fl_replay *replay, bool of_all, fl_replay_fn tell, void *ctx)
{
	for (size_t i = 0; i < SETS; i++) {
		if (!of_all &&
		    !atomic_load_explicit(&replay->is_changed[i], memory_order_relaxed))
			continue;
		(void)pthread_mutex_lock(&replay->locks[i % LOCKS]);
		atomic_store_explicit(&replay->is_changed[i], false, memory_order_relaxed);
		tell_set(&replay->sets[i], of_all, tell, ctx);
		(void)pthread_mutex_unlock(&replay->locks[i % LOCKS]);
	}
}

uint64_t fl_replay_crowded(const struct fl_replay *replay)
{
	return atomic_load_explicit(&replay->crowded, memory_order_relaxed);
}
