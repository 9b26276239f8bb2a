/* gateway/auth/credentials.c - whose API key is this?
 * SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing at a load of at most a half. The place of a hash is its first bytes, which nobody
 * outside can choose.
 */
#include "gateway/auth/credentials.h"

#include <sodium.h>
#include <stdlib.h>

#define FOREIGN_TOLD 20u

struct entry {
	const struct fl_cfg_consumer *consumer; /* NULL: free */
	const struct fl_cfg_credential *credential;
	uint64_t expires_wall_ns; /* 0: never */
	unsigned char hash[FL_API_KEY_HASH_BYTES];
};

struct fl_credentials {
	const struct fl_auth_key *key;
	size_t mask; /* entries - 1 */
	struct entry entries[];
};

static size_t place_of(const struct fl_credentials *c, const unsigned char *hash)
{
	uint64_t first;

	memcpy(&first, hash, sizeof first);
	return (size_t)first & c->mask;
}

static void add(struct fl_credentials *c, const struct fl_cfg_consumer *consumer,
                const struct fl_cfg_credential *from, const unsigned char *hash)
{
	size_t at = place_of(c, hash);

	while (c->entries[at].consumer != NULL)
		at = (at + 1) & c->mask;
	c->entries[at].consumer = consumer;
	c->entries[at].credential = from;
	c->entries[at].expires_wall_ns = from->expires_wall_ns;
	memcpy(c->entries[at].hash, hash, FL_API_KEY_HASH_BYTES);
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
				add(c, consumer, &consumer->credentials[k], hash);
			else if (++foreign <= FOREIGN_TOLD)
				tell_foreign(problems, consumer, k);
	}
}

struct fl_credentials *fl_credentials_build(const struct fl_config *config,
                                            const struct fl_auth_key *key,
                                            struct fl_problems *problems)
{
	size_t n = 0, room = 2;
	struct fl_credentials *c;

	for (size_t i = 0; i < config->consumers_n; i++)
		n += config->consumers[i].credentials_n;
	while (room < 2 * n)
		room *= 2;
	c = calloc(1, sizeof *c + room * sizeof c->entries[0]);
	if (c == NULL) {
		(void)fl_problems_add(problems, "out_of_memory", (struct fl_position){.file = NULL},
		                      FL_STR_NULL, "no memory for %zu credentials", n);
		return NULL;
	}
	c->key = key;
	c->mask = room - 1;
	add_all(c, config, problems);
	return c;
}

struct fl_credentials *fl_credentials_destroy(struct fl_credentials *credentials)
{
	free(credentials);
	return NULL;
}

/* `user`: of HTTP Basic; empty: an API key, which is none of its pairs. A free place is compared as
 * the others are: what is known and over takes no longer than what is not known. */
static const struct fl_cfg_consumer *find(const struct fl_credentials *c, struct fl_str text,
                                          struct fl_str user, uint64_t wall_ns)
{
	unsigned char hash[FL_API_KEY_HASH_BYTES];
	const struct entry *e;
	bool is_it;

	fl_api_key_hash(c->key, text, hash);
	for (size_t at = place_of(c, hash);; at = (at + 1) & c->mask) {
		e = &c->entries[at];
		is_it = sodium_memcmp(e->hash, hash, sizeof hash) == 0;
		if (is_it || e->consumer == NULL)
			break;
	}
	if (!is_it || (e->expires_wall_ns != 0 && wall_ns >= e->expires_wall_ns) ||
	    e->consumer == NULL || !fl_str_eq(e->credential->user, user))
		return NULL;
	return e->consumer;
}

const struct fl_cfg_consumer *fl_credentials_find(const struct fl_credentials *c,
                                                  struct fl_str api_key, uint64_t wall_ns)
{
	/* No checksum: one that is wrong is not in the table, and reckoning it takes as long as the
	 * hash. */
	if (c->key == NULL || api_key.n != FL_API_KEY_LEN || !fl_api_key_is_alike(api_key))
		return NULL;
	return find(c, api_key, FL_STR(""), wall_ns);
}

const struct fl_cfg_consumer *fl_credentials_find_basic(const struct fl_credentials *c,
                                                        struct fl_str pair, uint64_t wall_ns)
{
	const char *colon = pair.n > 0 ? memchr(pair.p, ':', pair.n) : NULL;

	if (c->key == NULL || colon == NULL || colon == pair.p)
		return NULL;
	return find(c, pair, fl_str_n(pair.p, (size_t)(colon - pair.p)), wall_ns);
}
