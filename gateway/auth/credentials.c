/* gateway/auth/credentials.c - whose API key is this?
 * SPDX-License-Identifier: Apache-2.0
 *
 * A hash chooses a set of SLOTS credentials by its first bytes, which nobody outside can choose, and
 * is known there by its last sixteen: 128 bits of chance. All slots of the set are compared, whether
 * one fits or not, and the times they end stand beside them: a key that is known and over takes the
 * same way through the same memory as one that is not known. Where a set is full the next one holds
 * the rest; with at most as many credentials as sets that is one in 300.
 */
#include "config.h" /* _GNU_SOURCE */

#include "gateway/auth/credentials.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>

#define FOREIGN_TOLD 20u
#define LARGE_PAGE ((size_t)2 << 20)
#define SLOTS 4u
#define NTH_BITS 4u /* of a consumer's credentials */
#define CONSUMERS_MAX (UINT32_C(1) << 26)

struct slot_id { /* in 32 bits; 0: free */
	uint32_t is_taken : 1, is_pair : 1, nth : NTH_BITS, consumer : 26;
};

struct set {
	_Alignas(128) uint64_t tags[SLOTS][2];
	uint64_t expires_wall_ns[SLOTS]; /* 0: never */
	struct slot_id ids[SLOTS];
};

struct fl_credentials {
	const struct fl_auth_key *key;
	const struct fl_cfg_consumer *consumers; /* the configuration's */
	size_t mask; /* sets - 1 */
	struct set *sets;
};

struct print { /* of a hash */
	uint64_t place, tag[2];
};

_Static_assert(sizeof(struct slot_id) == sizeof(uint32_t), "it is taken as one number");
_Static_assert(sizeof(struct set) == 128, "two cache lines that are fetched together");
_Static_assert(FL_API_KEY_HASH_BYTES == 32, "a place and a tag have room");

static struct print print_of(const unsigned char hash[FL_API_KEY_HASH_BYTES])
{
	struct print print;

	memcpy(&print.place, hash, sizeof print.place);
	memcpy(print.tag, hash + 16, sizeof print.tag);
	return print;
}

/* The last slot is taken last. */
static bool is_full(const struct set *set)
{
	return set->ids[SLOTS - 1].is_taken;
}

static void add(struct fl_credentials *c, size_t consumer, size_t nth, const unsigned char *hash)
{
	const struct fl_cfg_credential *from = &c->consumers[consumer].credentials[nth];
	const struct print print = print_of(hash);
	size_t at = (size_t)print.place & c->mask, i = 0;
	struct set *set;

	while (is_full(&c->sets[at]))
		at = (at + 1) & c->mask;
	set = &c->sets[at];
	while (set->ids[i].is_taken)
		i++;
	FL_ASSERT(consumer < CONSUMERS_MAX && nth < 1u << NTH_BITS);
	set->ids[i] = (struct slot_id){.is_taken = 1,
	                               .is_pair = from->user.n > 0,
	                               .nth = (uint32_t)nth & ((1u << NTH_BITS) - 1),
	                               .consumer = (uint32_t)consumer & (CONSUMERS_MAX - 1)};
	set->expires_wall_ns[i] = from->expires_wall_ns;
	memcpy(set->tags[i], print.tag, sizeof print.tag);
}

static void tell_foreign(struct fl_problems *problems, const struct fl_cfg_consumer *consumer,
                         size_t i)
{
	struct fl_str pointer =
	    fl_arena_printf(problems->arena, "/consumers/%.*s/credentials/%zu/%s/hash",
	                    FL_STR_ARGS(consumer->name), i,
	                    consumer->credentials[i].user.n > 0 ? "basic" : "api_key");
	struct fl_problem *p = fl_problems_add(
	    problems, "credential_foreign", consumer->credentials[i].at, pointer,
	    "a key of the consumer \"%.*s\" was made with another auth.key and is never "
	    "taken",
	    FL_STR_ARGS(consumer->name));

	fl_problem_hint(problems, p,
	                "restore data_dir/auth.key, or make a new key with fairlead key create");
	fl_problem_warn(problems, p);
}

static void add_all(struct fl_credentials *c, const struct fl_config *config,
                    struct fl_problems *problems)
{
	unsigned char hash[FL_API_KEY_HASH_BYTES];
	size_t foreign = 0;

	for (size_t i = 0; i < config->consumers_n; i++) {
		const struct fl_cfg_consumer *consumer = &config->consumers[i];

		for (size_t k = 0; k < consumer->credentials_n; k++)
			if (c->key != NULL &&
			    fl_api_key_hash_parse(c->key, consumer->credentials[k].hash, hash))
				add(c, i, k, hash);
			else if (++foreign <= FOREIGN_TOLD)
				tell_foreign(problems, consumer, k);
	}
}

/* A table of many is asked anywhere: with large pages the way to it is half as long. */
static struct set *make_sets(size_t room)
{
	size_t bytes = room * sizeof(struct set);
	size_t align = bytes < LARGE_PAGE ? _Alignof(struct set) : LARGE_PAGE;
	struct set *sets = aligned_alloc(align, bytes);

	if (sets != NULL && align == LARGE_PAGE)
		(void)madvise(sets, bytes, MADV_HUGEPAGE); /* if the system has them */
	return sets;
}

struct fl_credentials *fl_credentials_build(const struct fl_config *config,
                                            const struct fl_auth_key *key,
                                            struct fl_problems *problems)
{
	size_t n = 0, room = 2;
	struct fl_credentials *c = calloc(1, sizeof *c);

	for (size_t i = 0; i < config->consumers_n; i++)
		n += config->consumers[i].credentials_n;
	while (room < n)
		room *= 2;
	if (c != NULL)
		c->sets = make_sets(room);
	if (c == NULL || c->sets == NULL) {
		(void)fl_problems_add(problems, "out_of_memory", (struct fl_position){.file = NULL},
		                      FL_STR_NULL, "no memory for %zu credentials", n);
		return fl_credentials_destroy(c);
	}
	memset(c->sets, 0, room * sizeof c->sets[0]);
	c->key = key;
	c->consumers = config->consumers;
	c->mask = room - 1;
	add_all(c, config, problems);
	return c;
}

struct fl_credentials *fl_credentials_destroy(struct fl_credentials *credentials)
{
	if (credentials != NULL)
		free(credentials->sets);
	free(credentials);
	return NULL;
}

/* The credential of this print in the set, or none, and when it ends. All slots are compared, and what
 * is chosen of them is chosen without a branch, which would be foreseen wrongly for the rarer kind of
 * refusal. */
static struct slot_id look_into(const struct set *set, const struct print *print, uint64_t *ret_ends)
{
	struct slot_id found;
	uint32_t id, all = 0;

	*ret_ends = 0;
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t differs =
		    (set->tags[i][0] ^ print->tag[0]) | (set->tags[i][1] ^ print->tag[1]);
		uint64_t fits = ((differs | (0 - differs)) >> 63) - 1; /* all bits, or none */

		memcpy(&id, &set->ids[i], sizeof id);
		all |= id & (uint32_t)fits;
		*ret_ends |= set->expires_wall_ns[i] & fits;
	}
	memcpy(&found, &all, sizeof found);
	return found;
}

static const struct fl_cfg_consumer *find(const struct fl_credentials *c, struct fl_str text,
                                          uint64_t wall_ns, struct slot_id *ret)
{
	unsigned char hash[FL_API_KEY_HASH_BYTES];
	struct print print;
	uint64_t ends;
	size_t at;

	fl_api_key_hash(c->key, text, hash);
	print = print_of(hash);
	at = (size_t)print.place & c->mask;
	*ret = look_into(&c->sets[at], &print, &ends);
	while (FL_UNLIKELY((unsigned)is_full(&c->sets[at]) & !ret->is_taken)) {
		at = (at + 1) & c->mask;
		*ret = look_into(&c->sets[at], &print, &ends);
	}
	return ret->is_taken & ((ends == 0) | (wall_ns < ends)) ? &c->consumers[ret->consumer]
	                                                        : NULL;
}

const struct fl_cfg_consumer *fl_credentials_find(const struct fl_credentials *c,
                                                  struct fl_str api_key, uint64_t wall_ns)
{
	const struct fl_cfg_consumer *consumer;
	struct slot_id id;

	/* No checksum: one that is wrong is not in the table, and reckoning it takes as long as the
	 * hash. */
	if (c->key == NULL || api_key.n != FL_API_KEY_LEN || !fl_api_key_is_alike(api_key))
		return NULL;
	consumer = find(c, api_key, wall_ns, &id);
	return id.is_pair ? NULL : consumer;
}

const struct fl_cfg_consumer *fl_credentials_find_basic(const struct fl_credentials *c,
                                                        struct fl_str pair, uint64_t wall_ns)
{
	const char *colon = pair.n > 0 ? memchr(pair.p, ':', pair.n) : NULL;
	const struct fl_cfg_consumer *consumer;
	struct slot_id id;

	if (c->key == NULL || colon == NULL)
		return NULL;
	consumer = find(c, pair, wall_ns, &id);
	/* Hashes are made for one user: one that stands with another is nobody's. */
	return consumer != NULL && id.is_pair &&
	               fl_str_eq(consumer->credentials[id.nth].user,
	                         fl_str_n(pair.p, (size_t)(colon - pair.p)))
	           ? consumer
	           : NULL;
}
