/* gateway/connector/life.c - private: each step of a life, within its limit
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lifecycle callbacks run on threads that can be given up (lifecycle.h), never beside another
 * callback of the instance. While one runs the instance is held: events wait.
 */
#include <stdio.h>

#include "base/log.h"
#include "gateway/connector/instance.h"

/* ---- phases ---- */

void fl_life_set_phase(struct fl_life *life, enum fl_phase phase)
{
	FL_ASSERT(phase > fl_life_phase(life));
	atomic_store_explicit(&life->phase, phase, memory_order_release);
}

enum fl_phase fl_life_phase(const struct fl_life *life)
{
	return (enum fl_phase)atomic_load_explicit(&life->phase, memory_order_acquire);
}

/* ---- what the connector says ---- */

fairlead_status fl_life_ready(struct fl_life *life, fairlead_status status, fairlead_str detail)
{
	struct fl_instance *instance = life->instance;
	enum fl_phase phase = fl_life_phase(life);
	bool is_first;

	/* A create() that refuses may say why. */
	if (phase != FL_PHASE_STARTING && phase != FL_PHASE_NEW)
		return FAIRLEAD_E_STALE;
	(void)pthread_mutex_lock(&instance->lock);
	is_first = !life->is_ready;
	if (is_first) {
		size_t n = detail.p ? detail.n : 0;

		n = n < sizeof life->ready_detail ? n : sizeof life->ready_detail - 1;
		if (n > 0)
			memcpy(life->ready_detail, detail.p, n);
		life->ready_detail[n] = '\0';
		life->ready_status = status;
		life->is_ready = phase == FL_PHASE_STARTING;
		(void)pthread_cond_broadcast(&instance->changed);
	}
	(void)pthread_mutex_unlock(&instance->lock);
	return is_first ? FAIRLEAD_OK : FAIRLEAD_E_STALE;
}

fairlead_status fl_life_drained(struct fl_life *life)
{
	struct fl_instance *instance = life->instance;
	bool is_first;

	if (fl_life_phase(life) != FL_PHASE_QUIESCING)
		return FAIRLEAD_E_STALE;
	(void)pthread_mutex_lock(&instance->lock);
	is_first = !life->is_drained;
	life->is_drained = true;
	(void)pthread_cond_broadcast(&instance->changed);
	(void)pthread_mutex_unlock(&instance->lock);
	return is_first ? FAIRLEAD_OK : FAIRLEAD_E_STALE;
}

/* ---- holding callbacks back ---- */

static void do_nothing(struct fl_worker *worker, void *ctx)
{
	(void)worker;
	(void)ctx;
}

/* `deadline_ns` is looked at only when something runs. */
static bool hold_executors(struct fl_life *life, uint64_t deadline_ns)
{
	return (!life->executor || fl_executor_hold(life->executor, deadline_ns)) &&
	       (!life->pool || fl_executor_hold(life->pool, deadline_ns));
}

bool fl_instance_hold(struct fl_instance *instance, uint64_t deadline_ns)
{
	bool is_quiet = true;

	atomic_store(&instance->is_held, true);
	for (uint32_t i = 0; i < instance->lives_n; i++)
		is_quiet = hold_executors(&instance->lives[i], deadline_ns) && is_quiet;
	/* Whoever comes round has left the connector, will see is_held, and is done with everything
	 * that it did for this instance before: what it counted off last was the end of it. */
	is_quiet = fl_host_visit(instance->host, do_nothing, NULL, deadline_ns) && is_quiet;
	return is_quiet;
}

void fl_instance_release(struct fl_instance *instance)
{
	struct fl_later *later;

	for (uint32_t i = 0; i < instance->lives_n; i++) {
		struct fl_life *life = &instance->lives[i];

		if (life->executor)
			fl_executor_release(life->executor);
		if (life->pool)
			fl_executor_release(life->pool);
	}
	(void)pthread_mutex_lock(&instance->lock);
	atomic_store(&instance->is_held, false);
	later = instance->held;
	instance->held = NULL;
	instance->held_tail = &instance->held;
	(void)pthread_mutex_unlock(&instance->lock);
	while (later) {
		struct fl_later *next = later->next;

		fl_loop_post(later->worker->loop, &later->task);
		later = next;
	}
}

/* ---- one lifecycle call ---- */

static void enter(struct fl_life *life, void (*fn)(struct fl_life *life))
{
	struct fl_place place = {.worker = NULL};

	fl_place_enter(&place, life);
	fn(life);
	fl_place_leave(&place);
}

static void call_create(struct fl_life *life)
{
	const struct fl_instance *instance = life->instance;
	const fairlead_create args = {
	    .struct_size = sizeof args,
	    .mode = life->mode,
	    .self = life->self,
	    .generation = instance->generation,
	    .instance = {instance->spec.name.p, instance->spec.name.n},
	    .config_json = {instance->spec.config_json.p, instance->spec.config_json.n},
	    .host_version = {FL_VERSION, sizeof FL_VERSION - 1},
	};

	life->returned = life->plugin.create(&fl_host_table, &args, &life->inst);
}

static void call_start(struct fl_life *life)
{
	life->returned = life->plugin.start(life->inst);
}

static void call_quiesce(struct fl_life *life)
{
	life->plugin.quiesce(life->inst, life->quiesce_deadline_ns);
}

static void call_stop(struct fl_life *life)
{
	life->plugin.stop(life->inst);
}

static void call_destroy(struct fl_life *life)
{
	life->plugin.destroy(life->inst);
}

#define STEP(name)                                                                                 \
	static void run_##name(void *arg)                                                          \
	{                                                                                          \
		enter(arg, call_##name);                                                           \
	}
STEP(create)
STEP(start)
STEP(quiesce)
STEP(stop)
STEP(destroy)

/* 0, or what fl_lifecycle_call() says. */
static int step(struct fl_life *life, fl_lifecycle_fn fn, uint64_t limit_ns)
{
	return fl_lifecycle_call(&life->instance->host->lifecycle, fn, life, limit_ns);
}

/* ---- up ---- */

static const char *detail_of(const struct fl_life *life)
{
	return life->ready_detail[0] ? life->ready_detail : "it gave no reason";
}

static enum fl_up refuse(const struct fl_life *life, struct fl_error *err, const char *code,
                         const char *what, enum fl_up result)
{
	const struct fl_instance *instance = life->instance;

	(void)fl_error_set(err, code, "instance %s: connector %.*s %.*s %s", instance->spec.name.p,
	                   FL_STR_ARGS(instance->manifest->id),
	                   FL_STR_ARGS(instance->manifest->version), what);
	return result;
}

static enum fl_up refuse_with_detail(const struct fl_life *life, struct fl_error *err,
                                     const char *code, const char *what, enum fl_up result)
{
	char text[320];

	(void)snprintf(text, sizeof text, "%s: %s", what, detail_of(life));
	(void)refuse(life, err, code, text, result);
	fl_error_hint(err, "mend the instance's \"config:\", or go back to the version before");
	return result;
}

static enum fl_up no_thread(const struct fl_life *life, struct fl_error *err, enum fl_up result)
{
	(void)refuse(life, err, "instance_thread", "could not be called: no thread can be started",
	             result);
	fl_error_hint(err, "raise the limit on threads (ulimit -u, TasksMax=)");
	return result;
}

static enum fl_up create(struct fl_life *life, uint32_t mode, struct fl_error *err)
{
	int rc;

	if (fl_self_add(life) == 0) {
		(void)refuse(life, err, "instance_too_many",
		             "cannot be added: too many instances, or no memory", FL_UP_FAILED);
		fl_error_hint(err, "have fewer instances, or give the gateway more memory");
		return FL_UP_FAILED;
	}
	life->mode = mode;
	rc = step(life, run_create, life->instance->host->config.create_limit_ns);
	if (rc == FL_LIFECYCLE_ABANDONED) {
		(void)refuse(life, err, "instance_create_timeout",
		             "did not return from create() in time", FL_UP_HUNG);
		fl_error_hint(err,
		              "create() must not block; its code stays mapped until a restart");
		return FL_UP_HUNG;
	}
	if (rc != 0)
		return no_thread(life, err, FL_UP_FAILED);
	if (life->returned != FAIRLEAD_OK)
		return refuse_with_detail(life, err, "instance_create_refused",
		                          "refuses the configuration", FL_UP_FAILED);
	fl_life_set_phase(life, FL_PHASE_CREATED);
	life->ready_detail[0] = '\0';
	return FL_UP;
}

static bool wait_until_ready(struct fl_life *life, uint64_t deadline_ns)
{
	struct fl_instance *instance = life->instance;
	bool is_in_time = true;

	(void)pthread_mutex_lock(&instance->lock);
	while (!life->is_ready && is_in_time)
		is_in_time = fl_cond_wait_until(&instance->changed, &instance->lock, deadline_ns);
	is_in_time = life->is_ready;
	(void)pthread_mutex_unlock(&instance->lock);
	return is_in_time;
}

static enum fl_up start(struct fl_life *life, struct fl_error *err)
{
	struct fl_instance *instance = life->instance;
	uint64_t limit_ns = instance->host->config.ready_limit_ns;
	uint64_t deadline_ns = fl_clock_mono_ns() + limit_ns;
	int rc;

	fl_life_set_phase(life, FL_PHASE_STARTING);
	if (!life->plugin.start)
		return FL_UP;
	rc = step(life, run_start, limit_ns);
	if (rc == FL_LIFECYCLE_ABANDONED) {
		(void)refuse(life, err, "instance_start_timeout",
		             "did not return from start() in time", FL_UP_HUNG);
		fl_error_hint(err, "start() must not block; its code stays mapped until a restart");
		return FL_UP_HUNG;
	}
	if (rc != 0)
		return no_thread(life, err, FL_UP_RETIRE);
	if (life->returned < 0)
		return refuse_with_detail(life, err, "instance_start_failed", "failed in start()",
		                          FL_UP_RETIRE);
	fl_instance_release(instance); /* what start() began may complete */
	if (!wait_until_ready(life, deadline_ns)) {
		(void)refuse(life, err, "instance_ready_timeout",
		             "was started and did not say that it is ready", FL_UP_RETIRE);
		fl_error_hint(err,
		              "it waits for something, a server perhaps; look at its log lines");
		return FL_UP_RETIRE;
	}
	if (life->ready_status < 0)
		return refuse_with_detail(life, err, "instance_not_ready", "cannot get ready",
		                          FL_UP_RETIRE);
	return FL_UP;
}

/* Those that were created and never started. */
static enum fl_up destroy_created(struct fl_instance *instance, enum fl_up result)
{
	return fl_instance_destroy(instance) ? result : FL_UP_HUNG;
}

enum fl_up fl_instance_bring_up(struct fl_instance *instance, uint32_t mode, struct fl_error *err)
{
	enum fl_up up = FL_UP;

	for (uint32_t i = 0; up == FL_UP && i < instance->lives_n; i++)
		up = create(&instance->lives[i], mode, err);
	if (up == FL_UP_FAILED || (up == FL_UP && mode == FAIRLEAD_MODE_PROBE))
		return destroy_created(instance, up);
	for (uint32_t i = 0; up == FL_UP && i < instance->lives_n; i++) {
		/* Nothing of this life runs yet, so there is nobody to wait for. */
		atomic_store(&instance->is_held, true);
		(void)hold_executors(&instance->lives[i], 0);
		up = start(&instance->lives[i], err);
		fl_instance_release(instance);
	}
	for (uint32_t i = 0; up == FL_UP && i < instance->lives_n; i++)
		fl_life_set_phase(&instance->lives[i], FL_PHASE_RUNNING);
	if (up == FL_UP)
		atomic_store_explicit(&instance->is_open, true, memory_order_release);
	return up;
}

/* ---- down ---- */

bool fl_instance_quiesce(struct fl_instance *instance, uint64_t deadline_ns)
{
	for (uint32_t i = 0; i < instance->lives_n; i++) {
		struct fl_life *life = &instance->lives[i];
		uint64_t now_ns = fl_clock_mono_ns();

		if (fl_life_phase(life) != FL_PHASE_RUNNING)
			continue;
		life->quiesce_deadline_ns = deadline_ns;
		fl_life_set_phase(life, FL_PHASE_QUIESCING);
		if (!life->plugin.quiesce)
			(void)fl_life_drained(life);
		else if (step(life, run_quiesce, deadline_ns > now_ns ? deadline_ns - now_ns : 0) !=
		         0)
			return false;
	}
	return true;
}

void fl_instance_close(struct fl_instance *instance)
{
	atomic_store(&instance->is_closed, true);
	for (uint32_t i = 0; i < instance->lives_n; i++) {
		struct fl_life *life = &instance->lives[i];

		if (fl_life_phase(life) >= FL_PHASE_STARTING)
			fl_life_set_phase(life, FL_PHASE_QUIESCED);
		if (life->executor)
			fl_executor_abandon(life->executor);
		if (life->pool)
			fl_executor_abandon(life->pool);
	}
}

bool fl_instance_stop(struct fl_instance *instance)
{
	for (uint32_t i = 0; i < instance->lives_n; i++) {
		struct fl_life *life = &instance->lives[i];

		if (fl_life_phase(life) < FL_PHASE_STARTING)
			continue;
		if (life->plugin.stop &&
		    step(life, run_stop, instance->host->config.stop_limit_ns) != 0)
			return false;
		fl_life_set_phase(life, FL_PHASE_STOPPED);
	}
	return true;
}

bool fl_instance_destroy(struct fl_instance *instance)
{
	for (uint32_t i = 0; i < instance->lives_n; i++) {
		struct fl_life *life = &instance->lives[i];

		if (fl_life_phase(life) < FL_PHASE_CREATED)
			continue;
		if (step(life, run_destroy, instance->host->config.destroy_limit_ns) != 0)
			return false;
		fl_life_set_phase(life, FL_PHASE_DEAD);
	}
	return true;
}
