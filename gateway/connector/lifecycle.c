/* gateway/connector/lifecycle.c - private: threads for calls that may never come back
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/lifecycle.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/thread.h"

#define IDLE_MAX 4u

struct fl_lifecycle_thread {
	struct fl_lifecycle *pool;
	struct fl_lifecycle_thread *next;
	pthread_t thread;
	pthread_cond_t changed;
	/* guarded by pool->lock */
	fl_lifecycle_fn fn; /* NULL: nothing to do */
	void *arg;
	bool is_waited_for, is_abandoned;
	bool must_end;   /* and is joined */
	bool must_leave; /* by itself */
};

void fl_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

bool fl_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline_ns)
{
	struct timespec at = {.tv_sec = (time_t)(deadline_ns / FL_NS_PER_SEC),
	                      .tv_nsec = (long)(deadline_ns % FL_NS_PER_SEC)};

	return pthread_cond_timedwait(cond, lock, &at) != ETIMEDOUT;
}

void fl_lifecycle_init(struct fl_lifecycle *pool)
{
	*pool = (struct fl_lifecycle){.idle = NULL};
	(void)pthread_mutex_init(&pool->lock, NULL);
	fl_cond_init(&pool->idle_changed);
}

/* ---- the threads ---- */

static void free_thread(struct fl_lifecycle_thread *t)
{
	(void)pthread_cond_destroy(&t->changed);
	free(t);
}

/* The call is over. True: the thread may take another one. */
static bool conclude_locked(struct fl_lifecycle *pool, struct fl_lifecycle_thread *t)
{
	t->fn = NULL;
	if (t->is_abandoned) {
		pool->abandoned_n--;
		return false;
	}
	pool->busy_n--;
	(void)pthread_cond_broadcast(&pool->idle_changed);
	if (t->is_waited_for) {
		(void)pthread_cond_signal(&t->changed);
		return true; /* who waited puts it back */
	}
	if (pool->idle_n == IDLE_MAX)
		return false;
	t->next = pool->idle;
	pool->idle = t;
	pool->idle_n++;
	return true;
}

static void *run_thread(void *arg)
{
	struct fl_lifecycle_thread *t = arg;
	struct fl_lifecycle *pool = t->pool;
	bool goes_on = true, is_joined;

	(void)pthread_mutex_lock(&pool->lock);
	while (goes_on) {
		while (!t->fn && !t->must_end && !t->must_leave)
			(void)pthread_cond_wait(&t->changed, &pool->lock);
		if (!t->fn)
			break;
		(void)pthread_mutex_unlock(&pool->lock);
		t->fn(t->arg);
		(void)pthread_mutex_lock(&pool->lock);
		goes_on = conclude_locked(pool, t);
	}
	is_joined = t->must_end;
	if (!is_joined)
		(void)pthread_detach(t->thread);
	(void)pthread_mutex_unlock(&pool->lock);
	if (!is_joined)
		free_thread(t);
	return NULL;
}

static struct fl_lifecycle_thread *create_thread_locked(struct fl_lifecycle *pool)
{
	struct fl_lifecycle_thread *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->pool = pool;
	fl_cond_init(&t->changed);
	if (fl_thread_create(&t->thread, "fl-lifecycle", run_thread, t) == 0)
		return t;
	free_thread(t);
	return NULL;
}

static struct fl_lifecycle_thread *give_locked(struct fl_lifecycle *pool, fl_lifecycle_fn fn,
                                               void *arg)
{
	struct fl_lifecycle_thread *t = pool->idle;

	if (t) {
		pool->idle = t->next;
		pool->idle_n--;
	} else {
		t = create_thread_locked(pool);
		if (!t)
			return NULL;
	}
	pool->busy_n++;
	t->fn = fn;
	t->arg = arg;
	(void)pthread_cond_signal(&t->changed);
	return t;
}

/* ---- calls ---- */

/* Ends it when there are enough; the thread is idle and nobody else knows it. */
static void put_back_locked(struct fl_lifecycle *pool, struct fl_lifecycle_thread *t)
{
	t->is_waited_for = false;
	if (pool->idle_n == IDLE_MAX) {
		t->must_leave = true;
		(void)pthread_cond_signal(&t->changed);
		return;
	}
	t->next = pool->idle;
	pool->idle = t;
	pool->idle_n++;
}

int fl_lifecycle_call(struct fl_lifecycle *pool, fl_lifecycle_fn fn, void *arg, uint64_t limit_ns)
{
	uint64_t deadline_ns = fl_clock_mono_ns() + limit_ns;
	struct fl_lifecycle_thread *t;
	bool is_late = false;

	(void)pthread_mutex_lock(&pool->lock);
	t = give_locked(pool, fn, arg);
	if (t) {
		t->is_waited_for = true;
		while (t->fn && !is_late)
			is_late = !fl_cond_wait_until(&t->changed, &pool->lock, deadline_ns);
		is_late = t->fn != NULL;
		if (is_late) {
			t->is_abandoned = true;
			pool->busy_n--;
			pool->abandoned_n++;
		} else {
			put_back_locked(pool, t);
		}
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return t ? (is_late ? FL_LIFECYCLE_ABANDONED : 0) : -EAGAIN;
}

int fl_lifecycle_spawn(struct fl_lifecycle *pool, fl_lifecycle_fn fn, void *arg)
{
	struct fl_lifecycle_thread *t;

	(void)pthread_mutex_lock(&pool->lock);
	t = give_locked(pool, fn, arg);
	(void)pthread_mutex_unlock(&pool->lock);
	return t ? 0 : -EAGAIN;
}

bool fl_lifecycle_fini(struct fl_lifecycle *pool)
{
	struct fl_lifecycle_thread *t;
	bool is_clean;

	(void)pthread_mutex_lock(&pool->lock);
	while (pool->busy_n > 0)
		(void)pthread_cond_wait(&pool->idle_changed, &pool->lock);
	while ((t = pool->idle)) {
		pool->idle = t->next;
		pool->idle_n--;
		t->must_end = true;
		(void)pthread_cond_signal(&t->changed);
		(void)pthread_mutex_unlock(&pool->lock);
		(void)pthread_join(t->thread, NULL);
		free_thread(t);
		(void)pthread_mutex_lock(&pool->lock);
	}
	is_clean = pool->abandoned_n == 0;
	(void)pthread_mutex_unlock(&pool->lock);
	if (!is_clean)
		return false;
	(void)pthread_cond_destroy(&pool->idle_changed);
	(void)pthread_mutex_destroy(&pool->lock);
	return true;
}
