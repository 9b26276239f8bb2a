/* base/arena.c - memory that lives and dies together
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/arena.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct fl_arena_block {
	struct fl_arena_block *older;
	size_t bytes; /* room in data */
	_Alignas(FL_ARENA_ALIGN) char data[];
};

void fl_arena_init(struct fl_arena *a, size_t first_bytes, size_t max_bytes)
{
	*a = (struct fl_arena){.first_bytes = first_bytes, .max_bytes = max_bytes};
}

void fl_arena_fini(struct fl_arena *a)
{
	while (a->blocks != NULL) {
		struct fl_arena_block *b = a->blocks;

		a->blocks = b->older;
		free(b);
	}
	a->at = a->end = NULL;
	a->used_bytes = 0;
}

void fl_arena_wipe(struct fl_arena *a)
{
	for (struct fl_arena_block *b = a->blocks; b != NULL; b = b->older)
		sodium_memzero(b->data, b->bytes);
}

void fl_arena_reset(struct fl_arena *a)
{
	a->overflown = false;
	if (a->blocks == NULL)
		return;
	while (a->blocks->older != NULL) {
		struct fl_arena_block *b = a->blocks;

		a->blocks = b->older;
		a->used_bytes -= b->bytes;
		free(b);
	}
	a->at = a->blocks->data;
	a->end = a->at + a->blocks->bytes;
}

static void *refuse(struct fl_arena *a)
{
	a->overflown = true;
	return NULL;
}

void *fl_arena_alloc_slow(struct fl_arena *a, size_t bytes)
{
	size_t need = bytes == 0 ? FL_ARENA_ALIGN : fl_arena_round(bytes);
	size_t room = a->blocks == NULL ? a->first_bytes : a->blocks->bytes * 2;

	if (need < bytes || a->overflown)
		return refuse(a);
	if ((size_t)(a->end - a->at) >= need) {
		void *p = a->at;

		a->at += need;
		return p;
	}
	if (room < need)
		room = need;
	if (room > a->max_bytes - a->used_bytes)
		room = a->max_bytes - a->used_bytes;
	if (room < need)
		return refuse(a);
	struct fl_arena_block *b = malloc(sizeof *b + room);

	if (b == NULL)
		return refuse(a);
	b->older = a->blocks;
	b->bytes = room;
	a->blocks = b;
	a->used_bytes += room;
	a->at = b->data + need;
	a->end = b->data + room;
	return b->data;
}

void *fl_arena_zalloc(struct fl_arena *a, size_t bytes)
{
	void *p = fl_arena_alloc(a, bytes);

	if (p != NULL)
		memset(p, 0, bytes);
	return p;
}

void *fl_arena_array(struct fl_arena *a, size_t n, size_t item_bytes)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, item_bytes, &bytes))
		return refuse(a);
	return fl_arena_zalloc(a, bytes);
}

struct fl_str fl_arena_str(struct fl_arena *a, struct fl_str s)
{
	char *p = s.n == SIZE_MAX ? refuse(a) : fl_arena_alloc(a, s.n + 1);

	if (p == NULL)
		return FL_STR_NULL;
	if (s.n != 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return fl_str_n(p, s.n);
}

struct fl_str fl_arena_vprintf(struct fl_arena *a, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);

	va_end(again);
	if (n < 0)
		return FL_STR_NULL;
	char *p = fl_arena_alloc(a, (size_t)n + 1);

	if (p == NULL)
		return FL_STR_NULL;
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	return fl_str_n(p, (size_t)n);
}

struct fl_str fl_arena_printf(struct fl_arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct fl_str s = fl_arena_vprintf(a, fmt, ap);

	va_end(ap);
	return s;
}
