/* gateway/connector/slot.h - private: tables of things that connectors know by an id
 * SPDX-License-Identifier: Apache-2.0
 *
 * An id is epoch << 32 | table number << 20 | index. Memory of a table is type-stable: it is never
 * given back before the table ends, so any thread may look an id up at any time. What it finds is
 * decided by one word per slot, epoch << 32 | state: it is compared and exchanged with the epoch of
 * the id, so an id that is finished, foreign or invented changes nothing. One thread, the owner,
 * takes and puts slots, without a lock or an atomic read-modify-write.
 *
 * An epoch comes back after 2^32 uses of one slot; epochs begin at a random number.
 *
 *	struct thing { struct fl_slot slot; ... };
 *	struct thing *t = (void *)fl_slot_take(&table);	// then fill it in
 *	id = fl_slot_open(&t->slot, THING_OPEN);	// from here on others may find it
 *	if (fl_slot_move(&t->slot, id, THING_OPEN, THING_DONE))	// one of many wins
 *		fl_slot_put(&table, &t->slot);		// the id is stale now
 */
#ifndef FL_GATEWAY_CONNECTOR_SLOT_H
#define FL_GATEWAY_CONNECTOR_SLOT_H

#include <fairlead/plugin.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/macros.h"

#define FL_SLOT_INDEX_BITS 20u
#define FL_SLOT_TABLES_MAX (1u << (32u - FL_SLOT_INDEX_BITS))
#define FL_SLOT_CHUNK 64u /* slots that are allocated at once */
#define FL_SLOT_CHUNKS_MAX 1024u
#define FL_SLOTS_MAX (FL_SLOT_CHUNK * FL_SLOT_CHUNKS_MAX)

#define FL_SLOT_FREE 0u /* also what a stale id sees; other states are the users' */

struct fl_slot { /* first member of what the table holds */
	_Atomic uint64_t word;
	uint32_t place; /* the id's lower half */
	struct fl_slot *next_free;
};

struct fl_slot_table {
	_Atomic(char *) chunks[FL_SLOT_CHUNKS_MAX];
	struct fl_slot *free;
	size_t item_bytes;
	uint32_t number, chunks_n;
};

/* `item_bytes`: a multiple of 64. Allocates nothing yet. */
void fl_slot_table_init(struct fl_slot_table *table, uint32_t number, size_t item_bytes);
/* Nobody uses it any more. Accepts a zeroed struct. */
void fl_slot_table_fini(struct fl_slot_table *table);
/* Adds a chunk to the free list; false at FL_SLOTS_MAX or without memory. [owner] */
bool fl_slot_table_grow(struct fl_slot_table *table);
/* Every slot that was ever used, also free ones: for (i = 0; (s = fl_slot_at(t, i)); i++). [owner] */
struct fl_slot *fl_slot_at(const struct fl_slot_table *table, size_t i);

static inline uint32_t fl_slot_table_of(fairlead_id id)
{
	return (uint32_t)id >> FL_SLOT_INDEX_BITS;
}

/* A free slot, zero beyond struct fl_slot the first time only; NULL: full. [owner] */
static inline struct fl_slot *fl_slot_take(struct fl_slot_table *table)
{
	struct fl_slot *slot = table->free;

	if (FL_UNLIKELY(!slot)) {
		if (!fl_slot_table_grow(table))
			return NULL;
		slot = table->free;
	}
	table->free = slot->next_free;
	return slot;
}

/* The id that a slot just taken has once it is opened. [owner] */
static inline fairlead_id fl_slot_id(const struct fl_slot *slot)
{
	return (atomic_load_explicit(&slot->word, memory_order_relaxed) >> 32 << 32) | slot->place;
}

/* What was written into the slot before is seen by whoever finds it in this state. [owner] */
static inline void fl_slot_open(struct fl_slot *slot, fairlead_id id, uint32_t state)
{
	atomic_store_explicit(&slot->word, (id >> 32 << 32) | state, memory_order_release);
}

/* Makes the id stale. Not for slots that others may still move. [owner] */
static inline void fl_slot_put(struct fl_slot_table *table, struct fl_slot *slot)
{
	uint64_t epoch = atomic_load_explicit(&slot->word, memory_order_relaxed) >> 32;

	epoch = epoch == UINT32_MAX ? 1 : epoch + 1;
	atomic_store_explicit(&slot->word, epoch << 32, memory_order_release);
	slot->next_free = table->free;
	table->free = slot;
}

/* Where the id points to, if anywhere; says nothing about its epoch. [any] */
static inline struct fl_slot *fl_slot_find(const struct fl_slot_table *table, fairlead_id id)
{
	uint32_t index = (uint32_t)id & ((1u << FL_SLOT_INDEX_BITS) - 1u);
	char *chunk;

	if (index >= FL_SLOTS_MAX)
		return NULL;
	chunk = atomic_load_explicit(&table->chunks[index / FL_SLOT_CHUNK], memory_order_acquire);
	return chunk ? (struct fl_slot *)(void *)(chunk + index % FL_SLOT_CHUNK * table->item_bytes)
		     : NULL;
}

/* The state that the id is in; FL_SLOT_FREE when it is stale. [any] */
static inline uint32_t fl_slot_state(const struct fl_slot *slot, fairlead_id id)
{
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);

	return word >> 32 == id >> 32 ? (uint32_t)word : FL_SLOT_FREE;
}

/* Exactly one of those who try to leave a state succeeds. [any] */
static inline bool fl_slot_move(struct fl_slot *slot, fairlead_id id, uint32_t from, uint32_t to)
{
	uint64_t epoch = id >> 32 << 32, expected = epoch | from;

	return atomic_compare_exchange_strong_explicit(&slot->word, &expected, epoch | to,
						       memory_order_acq_rel, memory_order_acquire);
}

#endif
