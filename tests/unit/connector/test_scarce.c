/* tests/unit/connector/test_scarce.c - no memory, no thread, no room for another instance
 * SPDX-License-Identifier: Apache-2.0
 *
 * The linker leads allocations and pthread_create() of the gateway's code here (--wrap), where the
 * n-th one of this thread fails: each n in turn, until one is past the last.
 */
#include "tests/unit/connector/world.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/connector/instance.h"
#include "gateway/connector/kv.h"

enum kind { MEMORY, THREADS };

static _Thread_local struct {
	bool is_on;
	enum kind kind;
	unsigned left; /* that succeed */
	bool has_failed;
} scarce;

static bool fails(enum kind kind)
{
	if (!scarce.is_on || scarce.kind != kind || scarce.has_failed)
		return false;
	scarce.has_failed = scarce.left == 0;
	scarce.left--;
	return scarce.has_failed;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
int __real_pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);

void *__wrap_malloc(size_t n)
{
	return fails(MEMORY) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails(MEMORY) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails(MEMORY) ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
	return fails(MEMORY) ? NULL : __real_aligned_alloc(alignment, n);
}

int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
	return fails(THREADS) ? EAGAIN : __real_pthread_create(ret, attr, run, arg);
}

/* ---- creating an instance ---- */

static struct fl_instance *create(struct fl_module *module)
{
	const struct fl_instance_spec spec = {.name = FL_STR("scarce"),
	                                      .config_json = FL_STR("{\"mode\":\"good\"}"),
	                                      .exec_workers = 1};
	struct fl_instance *instance = NULL;

	world_error = FL_ERROR_INIT;
	if (fl_instance_create(w.host, module, &spec, &instance, &world_error) != 0)
		assert_null(instance);
	return instance;
}

static struct fl_instance *create_with_few(struct fl_module *module, enum kind kind, unsigned n)
{
	struct fl_instance *instance;

	scarce.kind = kind;
	scarce.left = n;
	scarce.has_failed = false;
	scarce.is_on = true;
	instance = create(module);
	scarce.is_on = false;
	return instance;
}

static bool is_expected(enum kind kind, const char *code)
{
	/* A thread needs memory as well; so does the register of instances. */
	return strcmp(code, "instance_thread") == 0 ||
	       (kind == MEMORY &&
	        (strcmp(code, "instance_memory") == 0 || strcmp(code, "instance_too_many") == 0));
}

/* Returns how many could fail. */
static unsigned fail_each(const char *name, enum kind kind)
{
	struct fl_module *module = world_load(name);
	struct fl_instance *instance;
	struct fl_instance_info info;
	unsigned n = 0;

	assert_non_null(module);
	for (;; n++) {
		instance = create_with_few(module, kind, n);
		if (!scarce.has_failed)
			break;
		if (instance) { /* what failed could be done without */
			world_drop(instance);
			continue;
		}
		if (!is_expected(kind, world_error.code))
			fail_msg("%s, %u: %s", name, n, world_error.code);
		assert_true(world_error.message[0] != '\0' && world_error.hint[0] != '\0');
		assert_true(fl_host_wait_idle(w.host, 20 * FL_NS_PER_SEC));
		assert_false(world_info("scarce", &info)); /* nothing is left */
	}
	assert_non_null(instance);
	world_drop(instance);
	(void)fl_module_unref(module);
	return n;
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(fail_each("mock-parallel", MEMORY) >= 5);
	assert_true(fail_each("mock-serial", MEMORY) >= 5);
	assert_true(fail_each("mock-sharded", MEMORY) >= 5);
}

/* Threads that make lifecycle calls are kept: only the first instance starts one. */
static void test_threads(void **state)
{
	(void)state;
	assert_true(fail_each("mock-parallel", THREADS) >= 1);
}

static void test_stores(void **state)
{
	struct fl_module *module = world_load("mock-parallel");
	struct fl_kv_store *other = fl_kv_store_create(FL_STR("other"));
	struct fl_instance *instance;
	struct fl_instance_info info;

	(void)state;
	assert_non_null(module);
	assert_int_equal(w.host->stores_n, 0);
	for (size_t i = 0; i < FL_KV_STORES_MAX; i++)
		w.host->stores[i] = other;
	w.host->stores_n = FL_KV_STORES_MAX;
	assert_null(create(module));
	assert_string_equal(world_error.code, "instance_too_many");
	assert_true(world_error.hint[0] != '\0');
	assert_false(world_info("scarce", &info));
	w.host->stores_n = 1;
	instance = create(module);
	assert_non_null(instance);
	world_drop(instance);
	(void)fl_module_unref(module);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, world_setup, world_teardown)
	    CASE("whatever memory is missing, an instance fails alone, and says so", test_memory),
	    CASE("so it does without a thread", test_threads),
	    CASE("one store of keys and values too many is refused", test_stores),
	};

	return cmocka_run_group_tests_name("scarce", tests, NULL, NULL);
}
