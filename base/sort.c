/* base/sort.c - sorting without memory
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/sort.h"

#include <string.h>

#include "base/macros.h"

/* Up to here moving items along is cheaper than a heap. */
#define INSERTION_MAX 12u

struct sort {
	char *items;
	size_t bytes;
	fl_sort_compare compare;
};

static char *at(const struct sort *s, size_t i)
{
	return s->items + i * s->bytes;
}

static void insertion(const struct sort *s, size_t n)
{
	char item[FL_SORT_ITEM_BYTES_MAX];

	for (size_t i = 1; i < n; i++) {
		size_t to = i;

		while (to > 0 && s->compare(at(s, to - 1), at(s, i)) > 0)
			to--;
		if (to == i)
			continue;
		memcpy(item, at(s, i), s->bytes);
		memmove(at(s, to + 1), at(s, to), (i - to) * s->bytes);
		memcpy(at(s, to), item, s->bytes);
	}
}

/* Lets `item` sink from `i` until no child is larger. */
static void sink(const struct sort *s, size_t i, size_t n, const char *item)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && s->compare(at(s, child), at(s, child + 1)) < 0)
			child++;
		if (s->compare(item, at(s, child)) >= 0)
			break;
		memcpy(at(s, i), at(s, child), s->bytes);
	}
	memcpy(at(s, i), item, s->bytes);
}

static void heap(const struct sort *s, size_t n)
{
	char item[FL_SORT_ITEM_BYTES_MAX];

	for (size_t i = n / 2; i-- > 0;) {
		memcpy(item, at(s, i), s->bytes);
		sink(s, i, n, item);
	}
	while (n-- > 1) {
		memcpy(item, at(s, n), s->bytes);
		memcpy(at(s, n), at(s, 0), s->bytes);
		sink(s, 0, n, item);
	}
}

void fl_sort(void *items, size_t n, size_t item_bytes, fl_sort_compare compare)
{
	const struct sort s = {.items = items, .bytes = item_bytes, .compare = compare};

	FL_ASSERT(item_bytes <= FL_SORT_ITEM_BYTES_MAX);
	if (n < 2)
		return;
	if (n <= INSERTION_MAX)
		insertion(&s, n);
	else
		heap(&s, n);
}
