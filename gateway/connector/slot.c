/* gateway/connector/slot.c - private: tables of things that connectors know by an id
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/slot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CACHE_LINE 64u

void fl_slot_table_init(struct fl_slot_table *table, uint32_t number, size_t item_bytes)
{
	FL_ASSERT(number < FL_SLOT_TABLES_MAX && item_bytes % CACHE_LINE == 0);
	memset(table, 0, sizeof *table);
	table->number = number;
	table->item_bytes = item_bytes;
}

void fl_slot_table_fini(struct fl_slot_table *table)
{
	for (uint32_t i = 0; i < table->chunks_n; i++)
		free(atomic_load_explicit(&table->chunks[i], memory_order_relaxed));
	table->chunks_n = 0;
	table->free = NULL;
}

/* So that an id cannot be known by having seen those of another slot or run. */
static void draw_epochs(uint32_t epochs[FL_SLOT_CHUNK])
{
	size_t bytes = FL_SLOT_CHUNK * sizeof *epochs;

	if (getrandom(epochs, bytes, GRND_NONBLOCK) != (ssize_t)bytes)
		memset(epochs, 1, bytes); /* early at boot */
	for (uint32_t i = 0; i < FL_SLOT_CHUNK; i++)
		if (epochs[i] == 0)
			epochs[i] = 1;
}

bool fl_slot_table_grow(struct fl_slot_table *table)
{
	size_t bytes = FL_SLOT_CHUNK * table->item_bytes;
	uint32_t epochs[FL_SLOT_CHUNK];
	char *chunk;

	if (table->chunks_n == FL_SLOT_CHUNKS_MAX)
		return false;
	chunk = aligned_alloc(CACHE_LINE, bytes);
	if (!chunk)
		return false;
	memset(chunk, 0, bytes);
	draw_epochs(epochs);
	for (uint32_t i = FL_SLOT_CHUNK; i-- > 0;) {
		struct fl_slot *slot = (struct fl_slot *)(void *)(chunk + i * table->item_bytes);

		slot->place = table->number << FL_SLOT_INDEX_BITS |
			      (table->chunks_n * FL_SLOT_CHUNK + i);
		atomic_init(&slot->word, (uint64_t)epochs[i] << 32);
		slot->next_free = table->free;
		table->free = slot;
	}
	atomic_store_explicit(&table->chunks[table->chunks_n++], chunk, memory_order_release);
	return true;
}

struct fl_slot *fl_slot_at(const struct fl_slot_table *table, size_t i)
{
	return i < (size_t)table->chunks_n * FL_SLOT_CHUNK ? fl_slot_find(table, i) : NULL;
}
