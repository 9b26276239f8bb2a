/* base/sort.h - sorting without memory
 * SPDX-License-Identifier: Apache-2.0
 *
 * qsort() of the C library takes memory for larger arrays, so it has no place where a request is
 * answered. This one works in place: few items by insertion, many by a heap, n log n at worst, and
 * no recursion. Not stable.
 */
#ifndef FL_BASE_SORT_H
#define FL_BASE_SORT_H

#include <stddef.h>

/* The largest item that can be sorted. */
#define FL_SORT_ITEM_BYTES_MAX 128u

/* <0, 0, >0, as for qsort(). */
typedef int (*fl_sort_compare)(const void *a, const void *b);

/* [any] */
void fl_sort(void *items, size_t n, size_t item_bytes, fl_sort_compare compare);

#endif
