/* base/map.h - a hash map from bytes to a pointer
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys are borrowed: they must outlive the entry (keep them inside the value). Hashing is keyed
 * with a random secret (SipHash-2-4), so outsiders cannot make collisions. Open addressing; not
 * thread-safe; a map that nobody changes may be read by many threads.
 */
#ifndef FL_BASE_MAP_H
#define FL_BASE_MAP_H

#include "base/macros.h"
#include "base/str.h"

struct fl_map_entry {
	struct fl_str key;
	void *value; /* NULL: free or removed */
	uint64_t hash;
};

struct fl_map {
	struct fl_map_entry *entries;
	size_t count, filled, cap;
};

/* Allocates nothing yet; a zeroed struct is the same. */
void fl_map_init(struct fl_map *m);
/* Frees the table, not keys or values. */
void fl_map_fini(struct fl_map *m);
/* The value, or NULL. */
void *fl_map_find(const struct fl_map *m, struct fl_str key);
/* Adds or replaces; *ret_old (may be NULL) is the value that was there. -ENOMEM leaves all as it was. */
FL_MUST_USE int fl_map_put(struct fl_map *m, struct fl_str key, void *value, void **ret_old);
/* Removes and returns the value, or NULL. */
void *fl_map_take(struct fl_map *m, struct fl_str key);
/* Iterates: for (size_t i = 0; (e = fl_map_next(m, &i)) != NULL;). Order is arbitrary. */
const struct fl_map_entry *fl_map_next(const struct fl_map *m, size_t *at);
/* The keyed hash itself, for tables of other shapes. */
uint64_t fl_hash(struct fl_str s);

#endif
