/* tests/unit/connector/world.c - a connector host with its workers, for tests
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/connector/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define WAIT_S 20

struct world w;
struct fl_error world_error;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool append_secret(void *ctx, struct fl_str name, struct fl_buf *out)
{
	(void)ctx;
	if (!fl_str_is(name, "mock/token"))
		return false;
	fl_buf_add_c(out, "s3cret");
	return true;
}

static bool may(void *ctx, const struct fl_host_deed *deed)
{
	(void)ctx;
	return w.may == NULL || w.may(deed);
}

static void *run_loop(void *loop)
{
	fl_loop_run(loop);
	return NULL;
}

static void start_worker(unsigned i)
{
	struct world_worker *worker = &w.workers[i];

	assert_int_equal(fl_loop_create(&worker->loop), 0);
	assert_int_equal(fl_outbound_create(worker->loop, &worker->client), 0);
	fl_host_attach_worker(w.host, i, worker->loop, worker->client);
	assert_int_equal(pthread_create(&worker->thread, NULL, run_loop, worker->loop), 0);
}

static void set_up(unsigned workers_n, uint64_t limit_ns)
{
	struct fl_host_config config = {
	    .state_dir = w.dir,
	    .workers = workers_n,
	    .secret = append_secret,
	    .may = may,
	    .create_limit_ns = limit_ns,
	    .ready_limit_ns = limit_ns,
	    .stop_limit_ns = limit_ns,
	    .destroy_limit_ns = limit_ns,
	    .drain_limit_ns = limit_ns,
	    .stuck_limit_ns = limit_ns,
	};

	folder_make(w.dir, "connector");
	assert_int_equal(fl_metrics_create(workers_n, &w.metrics), 0);
	config.metrics = w.metrics;
	world_error = FL_ERROR_INIT;
	if (fl_host_create(&config, &w.host, &world_error) != 0)
		fail_msg("%s", world_error.message);
	w.workers_n = workers_n;
	w.may = NULL;
	w.on = 0;
	for (unsigned i = 0; i < workers_n; i++)
		start_worker(i);
}

int world_setup(void **state)
{
	(void)state;
	set_up(1, 300 * FL_NS_PER_MS);
	return 0;
}

int world_setup_two(void **state)
{
	(void)state;
	set_up(2, 0);
	return 0;
}

int world_teardown(void **state)
{
	(void)state;
	w.host = fl_host_destroy(w.host);
	for (unsigned i = 0; i < w.workers_n; i++) {
		struct world_worker *worker = &w.workers[i];

		fl_loop_stop(worker->loop);
		(void)pthread_join(worker->thread, NULL);
		worker->client = fl_outbound_destroy(worker->client);
		worker->loop = fl_loop_destroy(worker->loop);
	}
	w.metrics = fl_metrics_destroy(w.metrics);
	(void)folder_drop(w.dir); /* zombies keep their copy */
	return 0;
}

/* ---- instances ---- */

struct fl_module *world_load(const char *name)
{
	const char *build = getenv("top_builddir");
	struct fl_module *module = NULL;
	char path[512];

	world_error = FL_ERROR_INIT;
	(void)snprintf(path, sizeof path, "%s/%s/%s.so", build ? build : ".",
	               strncmp(name, "mock", 4) == 0    ? "tests/mock"
	               : strncmp(name, "echo-", 5) == 0 ? "tests/e2e"
	                                                : "connectors",
	               name);
	if (fl_module_load(w.host, path, &module, &world_error) != 0)
		return NULL;
	return module;
}

struct fl_instance *world_create(const char *name, const char *mode,
                                 void (*change)(struct fl_instance_spec *spec))
{
	struct fl_module *module = world_load(name);
	struct fl_instance *instance = NULL;
	struct fl_instance_spec spec;
	char config[64];

	if (!module)
		fail_msg("%s: %s", name, world_error.message);
	(void)snprintf(config, sizeof config, "{\"mode\":\"%s\"}", mode);
	spec = (struct fl_instance_spec){
	    .name = fl_str(mode), .config_json = fl_str(config), .exec_workers = 2};
	if (change)
		change(&spec);
	if (fl_instance_create(w.host, module, &spec, &instance, &world_error) != 0)
		instance = NULL;
	(void)fl_module_unref(module);
	return instance;
}

void world_drop(struct fl_instance *instance)
{
	(void)fl_instance_unref(instance);
	assert_true(fl_host_wait_idle(w.host, WAIT_S * FL_NS_PER_SEC));
}

/* ---- calls ---- */

struct errand { /* something to do on the loop, waited for */
	struct fl_loop_task task;
	void (*run)(struct world_call *c, void *arg);
	struct world_call *c;
	void *arg;
	bool is_done;
};

static pthread_cond_t errand_done = PTHREAD_COND_INITIALIZER;

static void on_errand(struct fl_loop_task *task)
{
	struct errand *e = FL_CONTAINER_OF(task, struct errand, task);

	e->run(e->c, e->arg);
	(void)pthread_mutex_lock(&lock);
	e->is_done = true;
	(void)pthread_cond_broadcast(&errand_done);
	(void)pthread_mutex_unlock(&lock);
}

static void wait_for(const bool *what, pthread_cond_t *changed)
{
	struct timespec until;
	int rc = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	(void)pthread_mutex_lock(&lock);
	while (!*what && rc == 0)
		rc = pthread_cond_timedwait(changed, &lock, &until);
	(void)pthread_mutex_unlock(&lock);
	if (rc != 0)
		fail_msg("nothing happened for %d s", WAIT_S);
}

/* On the loop of the call's worker. */
static void on_loop(struct world_call *c, void (*run)(struct world_call *c, void *arg), void *arg)
{
	struct errand e = {.task.on_task = on_errand, .run = run, .c = c, .arg = arg};

	fl_loop_post(w.workers[c->worker].loop, &e.task);
	wait_for(&e.is_done, &errand_done);
}

static void note(struct world_call *c, bool *what)
{
	(void)pthread_mutex_lock(&lock);
	assert_false(*what);
	*what = true;
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&lock);
}

static void on_done(struct fl_call *call)
{
	struct world_call *c = FL_CONTAINER_OF(call, struct world_call, call);

	c->call.view.path.n = 0; /* from here on it is the caller's again */
	note(c, &c->is_done);
}

static void on_paid(struct fl_call *call)
{
	struct world_call *c = FL_CONTAINER_OF(call, struct world_call, call);

	c->call.view.path.n = 0;
	note(c, &c->is_paid);
}

static void start(struct world_call *c, void *instance)
{
	c->rc = fl_call_start(&c->call, instance, c->worker);
	if (c->rc != FL_CALL_PENDING)
		note(c, &c->is_done);
}

void world_start(struct world_call *c, struct fl_instance *instance, const char *body)
{
	world_start_until(c, instance, body, 0);
}

void world_start_until(struct world_call *c, struct fl_instance *instance, const char *body,
                       uint64_t deadline_ns)
{
	*c = (struct world_call){.worker = w.on};
	(void)pthread_cond_init(&c->changed, NULL);
	fl_arena_init(&c->arena, 4096, 32u << 20);
	c->call.view = (fairlead_request){.method = {"POST", 4},
	                                  .path = {"/", 1},
	                                  .action = {"do", 2},
	                                  .body = {body, strlen(body)},
	                                  .deadline_ns = deadline_ns};
	c->call.arena = &c->arena;
	c->call.on_done = on_done;
	c->call.on_paid = on_paid;
	on_loop(c, start, instance);
}

void world_wait(struct world_call *c)
{
	wait_for(&c->is_done, &c->changed);
}

void world_wait_paid(struct world_call *c)
{
	wait_for(&c->is_paid, &c->changed);
}

static void cancel(struct world_call *c, void *reason)
{
	c->is_owed = fl_call_cancel(&c->call, *(uint32_t *)reason);
}

bool world_cancel(struct world_call *c, uint32_t reason)
{
	on_loop(c, cancel, &reason);
	return c->is_owed;
}

void world_finish(struct world_call *c)
{
	fl_arena_fini(&c->arena);
	(void)pthread_cond_destroy(&c->changed);
}

enum fl_call_kind world_ask(struct fl_instance *instance, const char *body, char text[64])
{
	struct world_call c;
	struct fl_str said;
	enum fl_call_kind kind;

	world_start(&c, instance, body);
	world_wait(&c);
	assert_in_range(c.rc, FL_CALL_DONE, FL_CALL_PENDING);
	kind = c.call.result.kind;
	said = kind == FL_CALL_REPLIED ? c.call.result.body : c.call.result.detail;
	(void)snprintf(text, 64, "%.*s", FL_STR_ARGS(said));
	world_finish(&c);
	return kind;
}

/* ---- looking ---- */

struct look {
	const char *name;
	struct fl_instance_info *ret;
	bool is_found;
};

static void on_info(void *ctx, const struct fl_instance_info *info)
{
	struct look *look = ctx;

	if (strcmp(info->name, look->name) != 0)
		return;
	*look->ret = *info;
	look->is_found = true;
}

bool world_info(const char *name, struct fl_instance_info *ret)
{
	struct look look = {name, ret, false};

	fl_host_each_instance(w.host, on_info, &look);
	return look.is_found;
}
