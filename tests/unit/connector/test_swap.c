/* tests/unit/connector/test_swap.c - connectors are replaced while they are called
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/connector/world.h"

#include <semaphore.h>
#include <stdio.h>

#ifdef __SANITIZE_THREAD__ /* keeps every mapping, and looks through all of them at each load */
#define SWAPS 400u
#else
#define SWAPS 2000u
#endif
#define WORKERS 2u
#define CALLERS (8u * WORKERS)

/* Each takes over from the one before; some have calls, timers and work under way then. */
static const struct kind {
	const char *name, *mode;
	const char *says; /* NULL: what it was sent */
} kinds[] = {
    {"echo", "good", NULL},             /* on the worker's thread */
    {"mock-parallel", "timer", "done"}, /* there, but later */
    {"mock-serial", "good", NULL},      /* on a thread of its own */
    {"echo-2", "good", NULL},
    {"mock-sharded", "exec", "done"}, /* one life for each worker, with a pool */
    {"mock-serial", "timer", "done"},
    {"mock-parallel", "exec_reply", "from the pool"}, /* answered by another thread */
};

/* What serves now, as a snapshot would have it: whoever calls holds a reference meanwhile. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fl_instance *current;
static const struct kind *current_kind;
static atomic_bool is_over;

struct caller { /* a call after the other, without a pause */
	struct fl_loop_task task;
	struct fl_call call;
	struct fl_arena arena;
	struct fl_instance *instance;
	const struct kind *kind;
	unsigned worker;
	char body[32];
	uint64_t started, answered, refused, wrong, later;
	sem_t is_done;
};

static void finish(struct caller *c)
{
	const struct fl_call_result *r = &c->call.result;

	if (r->kind == FL_CALL_REPLIED && r->http_status == 200 &&
	    fl_str_is(r->body, c->kind->says ? c->kind->says : c->body))
		c->answered++;
	else
		c->wrong++;
	fl_arena_reset(&c->arena);
	c->instance = fl_instance_unref(c->instance);
	fl_loop_post(w.workers[c->worker].loop, &c->task);
}

static void on_done(struct fl_call *call)
{
	struct caller *c = FL_CONTAINER_OF(call, struct caller, call);

	c->later++;
	finish(c);
}

static void call_once(struct fl_loop_task *task)
{
	struct caller *c = FL_CONTAINER_OF(task, struct caller, task);

	if (atomic_load(&is_over)) {
		(void)sem_post(&c->is_done);
		return;
	}
	(void)pthread_mutex_lock(&current_lock);
	c->instance = fl_instance_ref(current);
	c->kind = current_kind;
	(void)pthread_mutex_unlock(&current_lock);
	(void)snprintf(c->body, sizeof c->body, "%u %llu", c->worker,
	               (unsigned long long)c->started++);
	c->call = (struct fl_call){.view = {.method = {"POST", 4},
	                                    .path = {"/", 1},
	                                    .action = {"do", 2},
	                                    .body = {c->body, strlen(c->body)}},
	                           .arena = &c->arena,
	                           .on_done = on_done};
	switch (fl_call_start(&c->call, c->instance, c->worker)) {
	case FL_CALL_DONE:
		finish(c);
		break;
	case FL_CALL_PENDING:
		break;
	default:
		c->refused++;
		c->instance = fl_instance_unref(c->instance);
		fl_loop_post(w.workers[c->worker].loop, &c->task);
	}
}

/* Loads, creates, swaps, lets the old one go; no waiting for it. */
static void swap(unsigned i)
{
	const struct kind *kind = &kinds[i % FL_ARRAY_LEN(kinds)];
	struct fl_module *module = world_load(kind->name);
	struct fl_instance_spec spec = {.name = FL_STR("swapped"), .exec_workers = 1};
	struct fl_instance *instance, *old;
	char config[64];

	(void)snprintf(config, sizeof config, "{\"mode\":\"%s\"}", kind->mode);
	spec.config_json = fl_str(config);
	if (!module || fl_instance_create(w.host, module, &spec, &instance, &world_error) != 0)
		fail_msg("swap %u: %s", i, world_error.message);
	(void)fl_module_unref(module);
	(void)pthread_mutex_lock(&current_lock);
	old = current;
	current = instance;
	current_kind = kind;
	(void)pthread_mutex_unlock(&current_lock);
	(void)fl_instance_unref(old);
}

static void start_callers(struct caller callers[CALLERS])
{
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){.task.on_task = call_once, .worker = i % WORKERS};
		fl_arena_init(&callers[i].arena, 4096, 1u << 20);
		assert_int_equal(sem_init(&callers[i].is_done, 0, 0), 0);
		fl_loop_post(w.workers[i % WORKERS].loop, &callers[i].task);
	}
}

static void stop_callers(struct caller callers[CALLERS])
{
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < CALLERS; i++)
		while (sem_wait(&callers[i].is_done) != 0)
			;
}

static void test_swap(void **state)
{
	static struct caller callers[CALLERS];
	uint64_t started = 0, later = 0;
	struct fl_host_counts counts;

	(void)state;
	swap(0);
	start_callers(callers);
	for (unsigned i = 1; i <= SWAPS; i++) {
		swap(i);
		/* So that the same bytes are seldom there still when they are loaded again. */
		if (i % 3 == 0)
			assert_true(fl_host_wait_idle(w.host, 20 * FL_NS_PER_SEC));
	}
	stop_callers(callers);
	current = fl_instance_unref(current);
	assert_true(fl_host_wait_idle(w.host, 20 * FL_NS_PER_SEC));
	for (unsigned i = 0; i < CALLERS; i++) {
		const struct caller *c = &callers[i];

		started += c->started;
		later += c->later;
		assert_int_equal(c->refused, 0);
		assert_int_equal(c->wrong, 0);
		assert_int_equal(c->answered, c->started);
		fl_arena_fini(&callers[i].arena);
		(void)sem_destroy(&callers[i].is_done);
	}
	print_message("%u swaps: %llu calls, %llu of them answered later\n", SWAPS,
	              (unsigned long long)started, (unsigned long long)later);
	assert_true(started > SWAPS);
	assert_true(later > 0 && later < started);
	fl_host_counts(w.host, &counts);
	assert_in_range(counts.loads_total, SWAPS / 2, SWAPS + 1);
	assert_int_equal(counts.unloads_total, counts.loads_total);
	assert_int_equal(counts.modules_live, 0);
	assert_int_equal(counts.modules_pinned, 0);
	assert_int_equal(counts.instances_live, 0);
	assert_int_equal(counts.instances_draining, 0);
	assert_int_equal(counts.zombies, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE_SETUP("generations take over from each other and no call is lost", test_swap,
	                  world_setup_two, world_teardown),
	};

	return cmocka_run_group_tests_name("swap", tests, NULL, NULL);
}
