/* tests/unit/connector/test_slot.c - ids of calls and operations
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdlib.h>

#include "gateway/connector/slot.h"

#define NUMBER 3u
#define ROUNDS 20000u

enum { OPEN = 1, DONE = 2 };

struct thing {
	struct fl_slot slot;
	char filler[128 - sizeof(struct fl_slot)];
};

static struct fl_slot_table table;

static int setup(void **state)
{
	(void)state;
	fl_slot_table_init(&table, NUMBER, sizeof(struct thing));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_slot_table_fini(&table);
	return 0;
}

static struct fl_slot *take(void)
{
	struct fl_slot *slot = fl_slot_take(&table);

	if (!slot) {
		fail_msg("no slot");
		abort(); /* the compiler does not know that fail_msg() does not return */
	}
	return slot;
}

static struct fl_slot *open_one(fairlead_id *ret_id)
{
	struct fl_slot *slot = take();

	*ret_id = fl_slot_id(slot);
	fl_slot_open(slot, *ret_id, OPEN);
	return slot;
}

static void test_id_leads_to_its_slot(void **state)
{
	fairlead_id id;
	struct fl_slot *slot = open_one(&id);

	(void)state;
	assert_true(id != 0);
	assert_int_equal(fl_slot_table_of(id), NUMBER);
	assert_ptr_equal(fl_slot_find(&table, id), slot);
	assert_int_equal(fl_slot_state(slot, id), OPEN);
}

static void test_stale_id(void **state)
{
	fairlead_id id, next;
	struct fl_slot *slot = open_one(&id);

	(void)state;
	fl_slot_put(&table, slot);
	assert_int_equal(fl_slot_state(slot, id), FL_SLOT_FREE);
	assert_false(fl_slot_move(slot, id, OPEN, DONE));
	assert_ptr_equal(open_one(&next), slot); /* the same place, another id */
	assert_true(next != id);
	assert_int_equal(fl_slot_state(slot, id), FL_SLOT_FREE);
	assert_false(fl_slot_move(slot, id, OPEN, DONE));
	assert_int_equal(fl_slot_state(slot, next), OPEN);
}

static void test_forged_id(void **state)
{
	static const uint64_t flips[] = {1, UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_C(0xfffff),
	                                 UINT64_C(0xffffffff)};
	fairlead_id id;

	(void)state;
	(void)open_one(&id);
	for (size_t i = 0; i < FL_ARRAY_LEN(flips); i++) {
		fairlead_id forged = id ^ flips[i];
		struct fl_slot *slot = fl_slot_find(&table, forged);

		/* Whatever is there, nobody opened it under this id. */
		if (slot)
			assert_false(fl_slot_move(slot, forged, OPEN, DONE));
	}
	assert_null(fl_slot_find(&table, FL_SLOT_CHUNK)); /* never used */
	assert_null(fl_slot_find(&table, FL_SLOTS_MAX));  /* out of the table */
}

static void test_epoch_wraps_past_zero(void **state)
{
	struct fl_slot *slot = take();
	fairlead_id id;

	(void)state;
	atomic_store(&slot->word, (uint64_t)UINT32_MAX << 32);
	id = fl_slot_id(slot);
	fl_slot_open(slot, id, OPEN);
	fl_slot_put(&table, slot);
	id = fl_slot_id(take());
	assert_int_equal(id >> 32, 1); /* 0 as an epoch would make the id 0 */
}

static void test_table_is_bounded(void **state)
{
	fairlead_id id, first = 0;
	struct fl_slot *slot;

	(void)state;
	for (size_t i = 0; i < FL_SLOTS_MAX; i++) {
		slot = open_one(&id);
		assert_ptr_equal(fl_slot_at(&table, (uint32_t)id & 0xfffff), slot);
		if (i == 0)
			first = id;
	}
	assert_null(fl_slot_take(&table));
	fl_slot_put(&table, fl_slot_find(&table, first));
	assert_non_null(fl_slot_take(&table));
	assert_null(fl_slot_at(&table, FL_SLOTS_MAX));
}

/* ---- two threads ---- */

static _Atomic uint64_t published; /* an id, or 1: the end */
static uint64_t won_by_other;      /* the other thread's, read after the join */

static void *race(void *arg)
{
	fairlead_id seen = 0, id;

	(void)arg;
	while ((id = atomic_load_explicit(&published, memory_order_acquire)) != 1) {
		if (id == seen)
			continue;
		seen = id;
		if (id != 0 && fl_slot_move(fl_slot_find(&table, id), id, OPEN, DONE))
			won_by_other++;
	}
	return NULL;
}

static void test_one_of_two_wins(void **state)
{
	uint64_t won = 0, lost = 0;
	pthread_t other;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, race, NULL), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		fairlead_id id;
		struct fl_slot *slot = open_one(&id);

		atomic_store_explicit(&published, id, memory_order_release);
		if (fl_slot_move(slot, id, OPEN, DONE))
			won++;
		else
			lost++;
		fl_slot_put(&table, slot);
	}
	atomic_store(&published, 1);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(won + lost, ROUNDS);
	assert_int_equal(lost, won_by_other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	    CASE("an id leads to its slot", test_id_leads_to_its_slot),
	    CASE("an id is stale once its slot was put back, also when that is used again",
	         test_stale_id),
	    CASE("a forged id changes nothing", test_forged_id),
	    CASE("an epoch is never zero", test_epoch_wraps_past_zero),
	    CASE("a full table gives no slot, and one when one was put back",
	         test_table_is_bounded),
	    CASE("one of two threads that leave a state succeeds", test_one_of_two_wins),
	};

	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
