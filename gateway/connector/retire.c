/* gateway/connector/retire.c - private: the end of an instance, and the thread that sees to it
 * SPDX-License-Identifier: Apache-2.0
 *
 *	quiesce -> nothing owed any more, or the drain limit -> stop -> destroy -> settle -> unload
 *
 * Each retirement runs on a lifecycle thread of its own, so one that takes its time holds up no
 * other. The reaper thread hands them out and is the watchdog's. What does not come back is buried
 * alive: it stays mapped, is never called again, and is counted.
 */
#include "base/log.h"
#include "gateway/connector/debt.h"
#include "gateway/connector/op.h"

#define GRACE_NS FL_NS_PER_SEC /* after the drain limit: for what was cancelled then */

/* False: the watchdog has found it hanging meanwhile, and deals with it. */
static bool forget(struct fl_instance *instance)
{
	struct fl_host *host = instance->host;
	bool is_stuck;

	(void)pthread_mutex_lock(&host->lock);
	is_stuck = instance->is_stuck;
	if (!is_stuck) {
		*instance->prev = instance->next;
		if (instance->next)
			instance->next->prev = instance->prev;
	}
	(void)pthread_mutex_unlock(&host->lock);
	return !is_stuck;
}

static void tell(const struct fl_instance *instance, enum fl_log_level level, const char *event,
                 const char *what)
{
	fl_log(level, event, FL_LOG_STR("instance", instance->spec.name),
	       FL_LOG_STR("connector", instance->manifest->id),
	       FL_LOG_STR("version", instance->manifest->version),
	       FL_LOG_U64("generation", instance->generation), FL_LOG_C("what", what));
}

/* ---- zombies ---- */

void fl_instance_fault(struct fl_instance *instance)
{
	atomic_store(&instance->is_open, false);
	atomic_store(&instance->is_closed, true);
	for (uint32_t i = 0; i < instance->lives_n; i++) {
		struct fl_life *life = &instance->lives[i];

		if (life->executor)
			fl_executor_abandon(life->executor);
		if (life->pool)
			fl_executor_abandon(life->pool);
	}
	fl_host_visit_later(instance->host, fl_debts_settle, instance);
}

void fl_instance_bury_alive(struct fl_instance *instance, const char *why)
{
	struct fl_host *host = instance->host;

	fl_instance_fault(instance);
	tell(instance, FL_LOG_ERROR_LEVEL, "connector.zombie", why);
	(void)pthread_mutex_lock(&host->lock);
	instance->state = FL_INSTANCE_ZOMBIE;
	host->zombies++;
	if (instance->is_retiring)
		host->retiring_n--;
	(void)pthread_cond_broadcast(&host->changed);
	(void)pthread_mutex_unlock(&host->lock);
}

/* ---- waiting until nothing is owed ---- */

static bool is_drained_locked(const struct fl_instance *instance, bool must_say_so)
{
	for (uint32_t i = 0; must_say_so && i < instance->lives_n; i++)
		if (fl_life_phase(&instance->lives[i]) == FL_PHASE_QUIESCING &&
		    !instance->lives[i].is_drained)
			return false;
	return atomic_load(&instance->pending) == 0 && atomic_load(&instance->ops) == 0;
}

static bool wait_drained(struct fl_instance *instance, bool must_say_so, uint64_t deadline_ns)
{
	bool is_in_time = true, is_drained;

	(void)pthread_mutex_lock(&instance->lock);
	while (!(is_drained = is_drained_locked(instance, must_say_so)) && is_in_time)
		is_in_time = fl_cond_wait_until(&instance->changed, &instance->lock, deadline_ns);
	(void)pthread_mutex_unlock(&instance->lock);
	return is_drained;
}

static bool wait_ops(struct fl_instance *instance, uint64_t deadline_ns)
{
	bool is_in_time = true, is_done;

	(void)pthread_mutex_lock(&instance->lock);
	while (!(is_done = atomic_load(&instance->ops) == 0) && is_in_time)
		is_in_time = fl_cond_wait_until(&instance->changed, &instance->lock, deadline_ns);
	(void)pthread_mutex_unlock(&instance->lock);
	return is_done;
}

/* The limit has passed: everything owed is withdrawn. Operations end then; requests that are not
 * paid for even now stay as they are until destroy() has returned, since until then the connector
 * may look at them. */
static bool force(struct fl_instance *instance)
{
	struct fl_host *host = instance->host;
	uint64_t deadline_ns = fl_clock_mono_ns() + GRACE_NS;

	tell(instance, FL_LOG_WARN, "connector.drain_limit",
	     "it did not finish in time; what it owes is withdrawn");
	if (!fl_host_visit(host, fl_debts_cancel, instance, deadline_ns) ||
	    !fl_host_visit(host, fl_ops_cancel_all, instance, deadline_ns))
		return false;
	(void)wait_drained(instance, false, deadline_ns);
	return atomic_load(&instance->ops) == 0;
}

/* ---- one retirement ---- */

static void drop_pool(struct fl_worker *worker, void *arg)
{
	const struct fl_instance *instance = arg;

	if (worker->client)
		fl_outbound_drop_pool(worker->client, instance->spec.egress.pool);
}

/* NULL: it is quiet; else why it must be buried alive. */
static const char *drain(struct fl_instance *instance)
{
	struct fl_host *host = instance->host;
	uint64_t limit_ns = host->config.drain_limit_ns;
	uint64_t deadline_ns = fl_clock_mono_ns() + limit_ns;

	if (!fl_instance_hold(instance, deadline_ns))
		return "a callback does not return";
	if (!fl_instance_quiesce(instance, deadline_ns))
		return "it did not return from quiesce() in time";
	fl_instance_release(instance);
	if (!fl_host_visit(host, fl_ops_cancel_timers, instance, deadline_ns))
		return "a worker does not come round";
	if (!wait_drained(instance, true, deadline_ns) && !force(instance))
		return "it owes answers or operations that cannot be ended";
	return NULL;
}

/* No callback runs, and none begins any more: who still asks for something gets E_STALE. */
static bool close_down(struct fl_instance *instance, uint64_t deadline_ns)
{
	if (!fl_instance_hold(instance, deadline_ns))
		return false;
	fl_instance_close(instance);
	fl_instance_release(instance);
	return wait_ops(instance, deadline_ns);
}

/* What is owed still is settled in its place. Whoever came round has no more to do with it. */
static bool settle(struct fl_instance *instance, uint64_t deadline_ns)
{
	return fl_host_visit(instance->host, fl_debts_settle, instance, deadline_ns) &&
	       wait_drained(instance, false, deadline_ns) &&
	       fl_host_visit(instance->host, drop_pool, instance, deadline_ns);
}

static const char *end(struct fl_instance *instance)
{
	uint64_t limit_ns = instance->host->config.stop_limit_ns;

	fl_instance_set_state(instance, FL_INSTANCE_STOPPING);
	if (!close_down(instance, fl_clock_mono_ns() + limit_ns))
		return "a callback does not return";
	if (!fl_instance_stop(instance))
		return "it did not return from stop() in time";
	if (!fl_instance_destroy(instance))
		return "it did not return from destroy() in time";
	if (!settle(instance, fl_clock_mono_ns() + limit_ns))
		return "a worker does not come round";
	return forget(instance) ? NULL : "it hangs and was given up";
}

static void bury(struct fl_instance *instance)
{
	struct fl_host *host = instance->host;

	fl_instance_free(instance);
	(void)pthread_mutex_lock(&host->lock);
	host->retiring_n--;
	(void)pthread_cond_broadcast(&host->changed);
	(void)pthread_mutex_unlock(&host->lock);
}

static void retire(void *arg)
{
	struct fl_instance *instance = arg;
	const char *why = NULL;

	if (!fl_instance_may_call(instance))
		why = "it hangs and was given up";
	if (!why) {
		atomic_store(&instance->is_open, false);
		atomic_store(&instance->is_draining, true);
		why = drain(instance);
	}
	if (!why)
		why = end(instance);
	if (why)
		fl_instance_bury_alive(instance, why);
	else
		bury(instance);
}

void fl_instance_retire(struct fl_instance *instance)
{
	struct fl_host *host = instance->host;

	(void)pthread_mutex_lock(&host->lock);
	if (!instance->is_retiring) {
		instance->is_retiring = true;
		instance->state = FL_INSTANCE_QUIESCING;
		host->retiring_n++;
		instance->next_retired = host->retired;
		host->retired = instance;
		(void)pthread_cond_broadcast(&host->changed);
	}
	(void)pthread_mutex_unlock(&host->lock);
}

/* ---- the reaper ---- */

static void *run_reaper(void *arg)
{
	struct fl_host *host = arg;

	(void)pthread_mutex_lock(&host->lock);
	for (;;) {
		struct fl_instance *instance = host->retired;
		uint64_t look_ns;

		if (instance) {
			host->retired = instance->next_retired;
			(void)pthread_mutex_unlock(&host->lock);
			if (fl_lifecycle_spawn(&host->lifecycle, retire, instance) != 0)
				retire(instance); /* no thread for it: here, one after the other */
			(void)pthread_mutex_lock(&host->lock);
			continue;
		}
		if (host->is_ending)
			break;
		look_ns = fl_watchdog_look_locked(host, fl_clock_mono_ns());
		(void)fl_cond_wait_until(&host->changed, &host->lock, look_ns);
	}
	(void)pthread_mutex_unlock(&host->lock);
	return NULL;
}

int fl_reaper_start(struct fl_host *host)
{
	return fl_thread_create(&host->reaper, "fl-connectors", run_reaper, host);
}

void fl_reaper_stop(struct fl_host *host)
{
	(void)pthread_mutex_lock(&host->lock);
	host->is_ending = true;
	(void)pthread_cond_broadcast(&host->changed);
	(void)pthread_mutex_unlock(&host->lock);
	(void)pthread_join(host->reaper, NULL);
}
