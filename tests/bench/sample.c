/* tests/bench/sample.c - times of single calls, and their calls for memory
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/bench/sample.h"

#include <stdlib.h>

#include "base/macros.h"
#include "base/sort.h"

#define PARTS 5u

/* ---- memory ---- */

static uint64_t n_allocations;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *p, size_t bytes);

void *malloc(size_t bytes)
{
	n_allocations++;
	return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
	n_allocations++;
	return __libc_calloc(n, bytes);
}

void *realloc(void *p, size_t bytes)
{
	n_allocations++;
	return __libc_realloc(p, bytes);
}

uint64_t bench_allocations(void)
{
	return n_allocations;
}

/* ---- time ---- */

static int compare_u32(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct bench_quantiles bench_quantiles(uint32_t *ns, size_t n)
{
	uint32_t p50[PARTS], p99[PARTS];
	size_t part_n = n / PARTS;

	FL_ASSERT(part_n >= 100);
	for (size_t i = 0; i < PARTS; i++) {
		uint32_t *part = ns + i * part_n;

		fl_sort(part, part_n, sizeof *part, compare_u32);
		p50[i] = part[part_n / 2];
		p99[i] = part[part_n * 99 / 100];
	}
	fl_sort(p50, PARTS, sizeof *p50, compare_u32);
	fl_sort(p99, PARTS, sizeof *p99, compare_u32);
	return (struct bench_quantiles){p50[PARTS / 2], p99[PARTS / 2]};
}
