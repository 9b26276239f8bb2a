/* base/arena.h - memory that lives and dies together
 * SPDX-License-Identifier: Apache-2.0
 *
 * An arena has a cap; when it is reached every later allocation returns NULL and
 * fl_arena_is_overflown() stays true, so a request checks once at the end. Memory is uninitialised
 * unless the name says zalloc. Not thread-safe: one owner at a time.
 *
 *	struct fl_arena a;
 *	fl_arena_init(&a, 4096, 1 << 20);
 *	char *p = fl_arena_alloc(&a, 100);
 *	fl_arena_reset(&a);	// keeps the first block for reuse
 *	fl_arena_fini(&a);
 */
#ifndef FL_BASE_ARENA_H
#define FL_BASE_ARENA_H

#include <stdarg.h>

#include "base/macros.h"
#include "base/str.h"

struct fl_arena_block;

struct fl_arena {
	char *at, *end; /* free room in the newest block */
	struct fl_arena_block *blocks; /* newest first; the oldest is kept by reset */
	size_t first_bytes, max_bytes, used_bytes;
	bool overflown;
};

/* Allocates nothing yet. `first_bytes`: size of the first block; `max_bytes`: cap over all. */
void fl_arena_init(struct fl_arena *a, size_t first_bytes, size_t max_bytes);
void fl_arena_fini(struct fl_arena *a);
/* Overwrites what is or was allocated, for secrets; fini or reset follows. */
void fl_arena_wipe(struct fl_arena *a);
/* Frees all but the first block and clears the overflow mark. */
void fl_arena_reset(struct fl_arena *a);
/* Aligned for pointers and 64-bit numbers; NULL when over the cap or out of memory (both latch the overflow mark). */
void *fl_arena_alloc_slow(struct fl_arena *a, size_t bytes);
void *fl_arena_zalloc(struct fl_arena *a, size_t bytes);
/* An array of `n` zeroed items; checks the multiplication. */
void *fl_arena_array(struct fl_arena *a, size_t n, size_t item_bytes);
/* Copies; the copy is NUL-terminated (not counted). {NULL,0} on overflow. */
struct fl_str fl_arena_str(struct fl_arena *a, struct fl_str s);
struct fl_str fl_arena_printf(struct fl_arena *a, const char *fmt, ...) FL_PRINTF(2, 3);
struct fl_str fl_arena_vprintf(struct fl_arena *a, const char *fmt, va_list ap) FL_PRINTF(2, 0);

static inline bool fl_arena_is_overflown(const struct fl_arena *a)
{
	return a->overflown;
}

/* Nothing that lives in arenas needs more; with 16 many small things would be larger. */
#define FL_ARENA_ALIGN 8u

/* As much as `bytes` take; 0 when that is too much. */
static inline size_t fl_arena_round(size_t bytes)
{
	return (bytes + FL_ARENA_ALIGN - 1) & ~(size_t)(FL_ARENA_ALIGN - 1);
}

static inline void *fl_arena_alloc(struct fl_arena *a, size_t bytes)
{
	size_t need = fl_arena_round(bytes);

	if (FL_LIKELY(need >= bytes && (size_t)(a->end - a->at) >= need && need != 0)) {
		void *p = a->at;

		a->at += need;
		return p;
	}
	return fl_arena_alloc_slow(a, bytes);
}

#endif
