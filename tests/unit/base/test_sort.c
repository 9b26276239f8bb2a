/* tests/unit/base/test_sort.c - sorting without memory
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include "base/sort.h"

struct item {
	uint64_t key;
	uint64_t check; /* moves with its key */
	char pad[FL_SORT_ITEM_BYTES_MAX - 16];
};

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static int compare_bytes(const void *a, const void *b)
{
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

static uint64_t next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static void test_sizes(void **state)
{
	static const uint64_t ranges[] = {1, 3, 1u << 30}; /* all equal, many equal, few equal */
	static struct item items[300];
	uint64_t random = 1;

	(void)state;
	for (size_t n = 0; n <= FL_ARRAY_LEN(items); n += n < 30 ? 1 : 45)
		for (size_t r = 0; r < FL_ARRAY_LEN(ranges); r++) {
			uint64_t sum = 0;

			for (size_t i = 0; i < n; i++) {
				items[i].key = next(&random) % ranges[r];
				items[i].check = ~items[i].key;
				sum += items[i].key;
			}
			fl_sort(items, n, sizeof *items, compare_items);
			for (size_t i = 0; i < n; i++) {
				assert_true(i == 0 || items[i - 1].key <= items[i].key);
				assert_true(items[i].check == ~items[i].key);
				sum -= items[i].key;
			}
			assert_true(sum == 0);
		}
}

static void test_orders(void **state)
{
	char up[] = "abcdefghijklmnopqrstuvwxyz", down[] = "zyxwvutsrqponmlkjihgfedcba", none = 'x';

	(void)state;
	fl_sort(down, 26, 1, compare_bytes);
	assert_string_equal(down, up);
	fl_sort(up, 26, 1, compare_bytes);
	assert_string_equal(down, up);
	fl_sort(&none, 0, 1, compare_bytes);
	assert_int_equal(none, 'x');
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE("any number of items, equal or not, comes out in order and whole", test_sizes),
	    FL_CASE("ascending, descending and nothing", test_orders),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
