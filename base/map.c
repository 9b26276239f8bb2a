/* base/map.c - a hash map from bytes to a pointer
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/map.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

static unsigned char g_key[crypto_shorthash_KEYBYTES];
static pthread_once_t g_key_once = PTHREAD_ONCE_INIT;

static void make_key(void)
{
	randombytes_buf(g_key, sizeof g_key);
}

uint64_t fl_hash(struct fl_str s)
{
	uint64_t h;

	(void)pthread_once(&g_key_once, make_key);
	(void)crypto_shorthash((unsigned char *)&h, (const unsigned char *)(s.p ? s.p : ""), s.n, g_key);
	return h;
}

void fl_map_init(struct fl_map *m)
{
	*m = (struct fl_map){0};
}

void fl_map_fini(struct fl_map *m)
{
	free(m->entries);
	*m = (struct fl_map){0};
}

/* A slot that was never used has key.p NULL; a removed one keeps its key and has value NULL. */
static struct fl_map_entry *probe(const struct fl_map *m, struct fl_str key, uint64_t hash)
{
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct fl_map_entry *e = &m->entries[i];

		if (e->key.p == NULL || (e->hash == hash && fl_str_eq(e->key, key)))
			return e;
	}
}

static int grow(struct fl_map *m)
{
	struct fl_map bigger = {.cap = m->count * 4 < 16 ? 16 : 1};

	while (bigger.cap < m->count * 4)
		bigger.cap *= 2;
	bigger.entries = calloc(bigger.cap, sizeof *bigger.entries);
	if (bigger.entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++) {
		struct fl_map_entry *e = &m->entries[i];

		if (e->value == NULL)
			continue;
		*probe(&bigger, e->key, e->hash) = *e;
		bigger.count++;
		bigger.filled++;
	}
	free(m->entries);
	*m = bigger;
	return 0;
}

void *fl_map_find(const struct fl_map *m, struct fl_str key)
{
	return m->count == 0 ? NULL : probe(m, key, fl_hash(key))->value;
}

int fl_map_put(struct fl_map *m, struct fl_str key, void *value, void **ret_old)
{
	FL_ASSERT(value != NULL);
	if ((m->filled + 1) * 4 > m->cap * 3) {
		int r = grow(m);

		if (r < 0)
			return r;
	}
	if (key.p == NULL)
		key.p = "";
	uint64_t hash = fl_hash(key);
	struct fl_map_entry *e = probe(m, key, hash);

	if (ret_old != NULL)
		*ret_old = e->value;
	m->filled += e->key.p == NULL;
	m->count += e->value == NULL;
	*e = (struct fl_map_entry){.key = key, .value = value, .hash = hash};
	return 0;
}

void *fl_map_take(struct fl_map *m, struct fl_str key)
{
	if (m->count == 0)
		return NULL;
	struct fl_map_entry *e = probe(m, key, fl_hash(key));
	void *value = e->value;

	if (value == NULL)
		return NULL;
	/* The key may die with the value; the slot stays a tombstone that matches nothing. */
	*e = (struct fl_map_entry){.key = FL_STR("\1removed"), .hash = 0};
	m->count--;
	return value;
}

const struct fl_map_entry *fl_map_next(const struct fl_map *m, size_t *at)
{
	while (*at < m->cap) {
		const struct fl_map_entry *e = &m->entries[(*at)++];

		if (e->value != NULL)
			return e;
	}
	return NULL;
}
