/* tests/unit/connector/test_kv.c - the key-value store of connectors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/kv.h"
#include "tests/unit/connector/world.h"

#include "base/clock.h"

static struct fl_kv_store *store;
static uint64_t version;
static struct fl_buf value;

static int setup(void **state)
{
	(void)state;
	store = fl_kv_store_create(FL_STR("mock"));
	assert_non_null(store);
	fl_buf_init(&value, FL_KV_VALUE_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store = fl_kv_store_destroy(store);
	fl_buf_fini(&value);
	return 0;
}

static fairlead_status run(struct fl_kv_args args)
{
	if (args.quota_bytes == 0)
		args.quota_bytes = FL_KV_QUOTA_DEFAULT;
	fl_buf_clear(&value);
	return fl_kv_run(store, &args, &version, &value);
}

#define GET(k) run((struct fl_kv_args){.verb = FL_KV_GET, .key = FL_STR(k)})
#define PUT(k, v) run((struct fl_kv_args){.verb = FL_KV_PUT, .key = FL_STR(k), .value = FL_STR(v)})
#define REMOVE(k) run((struct fl_kv_args){.verb = FL_KV_REMOVE, .key = FL_STR(k)})
#define CAS(k, n, v)                                                                               \
	run((struct fl_kv_args){                                                                   \
	    .verb = FL_KV_CAS, .key = FL_STR(k), .version = (n), .value = FL_STR(v)})

static void test_put_and_get(void **state)
{
	uint64_t first;

	(void)state;
	assert_int_equal(GET("a"), FAIRLEAD_E_NOT_FOUND);
	assert_int_equal(version, 0);
	assert_int_equal(PUT("a", "1"), FAIRLEAD_OK);
	first = version;
	assert_true(first > 0);
	assert_int_equal(PUT("a", "22"), FAIRLEAD_OK);
	assert_true(version > first);
	assert_int_equal(GET("a"), FAIRLEAD_OK);
	assert_true(fl_str_is(fl_buf_str(&value), "22"));
	assert_int_equal(REMOVE("a"), FAIRLEAD_OK);
	assert_int_equal(REMOVE("a"), FAIRLEAD_E_NOT_FOUND);
	assert_int_equal(PUT("a", ""), FAIRLEAD_OK);
	assert_true(version > first + 1); /* versions do not come back */
	assert_int_equal(GET("a"), FAIRLEAD_OK);
	assert_int_equal(value.len, 0);
}

static void test_cas(void **state)
{
	uint64_t known;

	(void)state;
	assert_int_equal(CAS("a", 7, "x"), FAIRLEAD_E_CONFLICT);
	assert_int_equal(version, 0);
	assert_int_equal(CAS("a", 0, "x"), FAIRLEAD_OK);
	known = version;
	assert_int_equal(CAS("a", 0, "y"), FAIRLEAD_E_CONFLICT);
	assert_int_equal(version, known);
	assert_true(fl_str_is(fl_buf_str(&value), "x"));
	assert_int_equal(CAS("a", known, "y"), FAIRLEAD_OK);
	assert_int_equal(CAS("a", known, "z"), FAIRLEAD_E_CONFLICT);
}

static void test_ttl(void **state)
{
	struct fl_kv_args args = {
	    .verb = FL_KV_PUT, .key = FL_STR("a"), .value = FL_STR("1"), .ttl_ns = 1};

	(void)state;
	assert_int_equal(run(args), FAIRLEAD_OK);
	assert_int_equal(GET("a"), FAIRLEAD_E_NOT_FOUND); /* a nanosecond is over */
	assert_int_equal(store->used_bytes, 0);
	args.ttl_ns = UINT64_MAX;
	assert_int_equal(run(args), FAIRLEAD_OK);
	assert_int_equal(GET("a"), FAIRLEAD_OK);
}

static void test_quota(void **state)
{
	struct fl_kv_args args = {.verb = FL_KV_PUT, .value = FL_STR("1234567890")};

	(void)state;
	args.quota_bytes = 2 * (FL_KV_ENTRY_BYTES + 1 + 10);
	args.key = FL_STR("a");
	args.ttl_ns = 1;
	assert_int_equal(run(args), FAIRLEAD_OK);
	args.ttl_ns = 0;
	args.key = FL_STR("b");
	assert_int_equal(run(args), FAIRLEAD_OK);
	args.key = FL_STR("c"); /* in the place of what has expired */
	assert_int_equal(run(args), FAIRLEAD_OK);
	args.key = FL_STR("d");
	assert_int_equal(run(args), FAIRLEAD_E_TOO_LARGE);
	assert_int_equal(GET("d"), FAIRLEAD_E_NOT_FOUND);
	args.key = FL_STR("c"); /* what is replaced makes room for itself */
	assert_int_equal(run(args), FAIRLEAD_OK);
	assert_int_equal(REMOVE("b"), FAIRLEAD_OK);
	args.key = FL_STR("d");
	assert_int_equal(run(args), FAIRLEAD_OK);
}

/* ---- from several threads ---- */

#define THREADS 4u
#define ROUNDS 20000u

static pthread_barrier_t all_are_there;

/* Adds one to a shared number by CAS, ROUNDS times; NULL when all went well. */
static void *count_up(void *arg)
{
	struct fl_kv_args args = {.key = FL_STR("n"), .quota_bytes = FL_KV_QUOTA_DEFAULT};
	struct fl_buf seen;
	void *failed = NULL;

	fl_buf_init(&seen, FL_KV_VALUE_MAX);
	(void)pthread_barrier_wait(&all_are_there);
	for (unsigned done = 0; done < ROUNDS && failed == NULL;) {
		uint64_t n = 0, at;
		fairlead_status status;

		args.verb = FL_KV_GET;
		fl_buf_clear(&seen);
		status = fl_kv_run(store, &args, &at, &seen);
		if (status == FAIRLEAD_OK)
			memcpy(&n, fl_buf_str(&seen).p, sizeof n);
		n++;
		args.verb = FL_KV_CAS;
		args.version = at;
		args.value = fl_str_n((const char *)&n, sizeof n);
		status = fl_kv_run(store, &args, &at, &seen);
		done += status == FAIRLEAD_OK;
		if (status != FAIRLEAD_OK && status != FAIRLEAD_E_CONFLICT)
			failed = arg;
	}
	fl_buf_fini(&seen);
	return failed;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	void *failed;
	uint64_t n;

	(void)state;
	assert_int_equal(pthread_barrier_init(&all_are_there, NULL, THREADS), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, store), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	(void)pthread_barrier_destroy(&all_are_there);
	assert_int_equal(GET("n"), FAIRLEAD_OK);
	assert_int_equal(value.len, sizeof n);
	memcpy(&n, fl_buf_str(&value).p, sizeof n);
	assert_int_equal(n, THREADS * ROUNDS);
}

/* ---- through a connector ---- */

static void test_survives_generations(void **state)
{
	struct fl_instance *instance;
	char text[64];

	(void)state;
	instance = world_create("mock-parallel", "kv", NULL);
	assert_non_null(instance);
	assert_int_equal(world_ask(instance, "kept", text), FL_CALL_REPLIED);
	assert_string_equal(text, "kept");
	world_drop(instance);
	instance = world_create("mock-parallel", "kv_get", NULL);
	assert_non_null(instance);
	assert_int_equal(world_ask(instance, "", text), FL_CALL_REPLIED);
	assert_string_equal(text, "kept");
	world_drop(instance);
	instance = world_create("mock-serial", "kv_get", NULL); /* another id, another store */
	assert_non_null(instance);
	assert_int_equal(world_ask(instance, "", text), FL_CALL_REPLIED);
	assert_string_equal(text, "not found");
	world_drop(instance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	    CASE("what is put is got, and versions rise", test_put_and_get),
	    CASE("compare and swap", test_cas),
	    CASE("entries expire", test_ttl),
	    CASE("the quota counts keys, values and entries", test_quota),
	    CASE("no change of several threads is lost", test_threads),
	    FL_CASE_SETUP("a store is the connector's, whatever generation",
	                  test_survives_generations, world_setup, world_teardown),
	};

	return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
