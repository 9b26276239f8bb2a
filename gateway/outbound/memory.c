/* gateway/outbound/memory.c - libcurl's memory, kept for the next request
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/memory.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

int fl_outbound_memory_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

void fl_outbound_memory_keep(void)
{
}

size_t fl_outbound_memory_kept(void)
{
	return 0;
}

#else

/* Sizes: 64, 128, ... 1024, then 2, 4, 8, 16 and 32 KiB (libcurl's buffers are a little over 16).
 */
#define STEP 64u
#define STEPS 16u
#define SIZES (STEPS + 5u)
#define NONE SIZES      /* larger: from the C library, and back to it */
/* Kept of each size, a thread, in bytes: what 64 requests at once need. A request takes some twenty
 * blocks of the smallest size and one of the largest. */
#define KEPT_SMALL ((size_t)256 << 10)
#define KEPT_LARGE ((size_t)2 << 20)

union head { /* before each block */
	size_t size;
	max_align_t align;
};

struct block { /* while it is kept */
	struct block *next;
};

struct shelf {
	struct block *first;
	size_t room; /* for blocks */
};

struct shelves {
	struct shelf sizes[SIZES];
};

static _Thread_local struct shelves *mine;
static pthread_key_t key;

static size_t size_index(size_t bytes)
{
	size_t i = STEPS, size = 2 * STEP * STEPS;

	if (bytes <= STEP * STEPS)
		return bytes == 0 ? 0 : (bytes - 1) / STEP;
	for (; i < SIZES && size < bytes; size *= 2)
		i++;
	return i;
}

static size_t size_bytes(size_t i)
{
	return i < STEPS ? (i + 1) * STEP : (2 * (size_t)STEP * STEPS) << (i - STEPS);
}

static size_t kept_most(size_t i)
{
	return (i < STEPS ? KEPT_SMALL : KEPT_LARGE) / size_bytes(i);
}

static void *take(size_t bytes)
{
	size_t i = size_index(bytes);
	struct shelf *shelf = mine && i < SIZES ? &mine->sizes[i] : NULL;
	union head *head;

	if (FL_LIKELY(shelf && shelf->first)) {
		struct block *block = shelf->first;

		shelf->first = block->next;
		shelf->room++;
		return block;
	}
	if (bytes > SIZE_MAX - sizeof *head)
		return NULL;
	head = malloc(sizeof *head + (i < SIZES ? size_bytes(i) : bytes));
	if (!head)
		return NULL;
	head->size = i;
	return head + 1;
}

static void give(void *p)
{
	struct block *block = p;
	struct shelf *shelf;
	union head *head;

	if (!p)
		return;
	head = (union head *)p - 1;
	shelf = mine && head->size < SIZES ? &mine->sizes[head->size] : NULL;
	if (FL_UNLIKELY(!shelf || shelf->room == 0)) {
		free(head);
		return;
	}
	block->next = shelf->first;
	shelf->first = block;
	shelf->room--;
}

static void *take_zeroed(size_t n, size_t bytes)
{
	void *p;

	if (bytes != 0 && n > SIZE_MAX / bytes)
		return NULL;
	p = take(n * bytes);
	if (p)
		memset(p, 0, n * bytes);
	return p;
}

/* What a block of ours holds is known; larger ones the C library resizes. */
static void *resize(void *old, size_t bytes)
{
	union head *head;
	size_t held;
	void *p;

	if (!old)
		return take(bytes);
	head = (union head *)old - 1;
	if (head->size >= SIZES && size_index(bytes) >= SIZES && bytes <= SIZE_MAX - sizeof *head) {
		head = realloc(head, sizeof *head + bytes);
		return head ? head + 1 : NULL;
	}
	held = head->size < SIZES ? size_bytes(head->size) : SIZE_MAX;
	if (head->size < SIZES && bytes <= held)
		return old;
	p = take(bytes);
	if (!p)
		return NULL;
	memcpy(p, old, held < bytes ? held : bytes);
	give(old);
	return p;
}

static char *copy(const char *text)
{
	size_t n = strlen(text) + 1;
	char *p = take(n);

	return p ? memcpy(p, text, n) : NULL;
}

/* ---- life ---- */

static void empty(void *ctx)
{
	struct shelves *shelves = ctx;

	mine = NULL;
	for (size_t i = 0; i < SIZES; i++) {
		struct block *block = shelves->sizes[i].first;

		while (block) {
			struct block *next = block->next;

			free((union head *)(void *)block - 1);
			block = next;
		}
	}
	free(shelves);
}

int fl_outbound_memory_init(void)
{
	if (pthread_key_create(&key, empty) != 0)
		return -1;
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, give, resize, copy, take_zeroed) ==
	               CURLE_OK
	           ? 0
	           : -1;
}

void fl_outbound_memory_keep(void)
{
	struct shelves *shelves;

	if (FL_LIKELY(mine))
		return;
	shelves = calloc(1, sizeof *shelves);
	for (size_t i = 0; shelves && i < SIZES; i++)
		shelves->sizes[i].room = kept_most(i);
	if (shelves && pthread_setspecific(key, shelves) == 0)
		mine = shelves;
	else
		free(shelves);
}

size_t fl_outbound_memory_kept(void)
{
	size_t bytes = 0;

	for (size_t i = 0; mine && i < SIZES; i++)
		bytes += (kept_most(i) - mine->sizes[i].room) * size_bytes(i);
	return bytes;
}

#endif
