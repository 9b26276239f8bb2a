/* gateway/connector/executor.c - private: threads that belong to one life of a connector
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/executor.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "gateway/connector/instance.h"

struct executor_thread {
	struct fl_executor *executor;
	pthread_t thread;
	struct fl_place place;
};

struct fl_executor {
	struct fl_life *life;
	const char *name;
	unsigned threads_max, queue_max;
	pthread_mutex_t lock;
	pthread_cond_t work, quiet;
	/* guarded by lock */
	struct fl_job *first, **tail;
	unsigned queued_n, bounded_n, threads_n, idle_n, inside_n;
	bool is_held, is_ending, is_abandoned;
	struct executor_thread threads[];
};

int fl_executor_create(struct fl_life *life, const char *name, unsigned threads, unsigned queue_max,
		       struct fl_executor **ret)
{
	struct fl_executor *e = calloc(1, sizeof *e + threads * sizeof e->threads[0]);

	if (!e)
		return -ENOMEM;
	e->life = life;
	e->name = name;
	e->threads_max = threads;
	e->queue_max = queue_max;
	e->tail = &e->first;
	(void)pthread_mutex_init(&e->lock, NULL);
	fl_cond_init(&e->work);
	fl_cond_init(&e->quiet);
	*ret = e;
	return 0;
}

struct fl_executor *fl_executor_destroy(struct fl_executor *e)
{
	if (!e)
		return NULL;
	(void)pthread_mutex_lock(&e->lock);
	FL_ASSERT(!e->first);
	e->is_ending = true;
	(void)pthread_cond_broadcast(&e->work);
	(void)pthread_mutex_unlock(&e->lock);
	for (unsigned i = 0; i < e->threads_n; i++)
		(void)pthread_join(e->threads[i].thread, NULL);
	(void)pthread_cond_destroy(&e->work);
	(void)pthread_cond_destroy(&e->quiet);
	(void)pthread_mutex_destroy(&e->lock);
	free(e);
	return NULL;
}

static struct fl_job *take_locked(struct fl_executor *e)
{
	struct fl_job *job = e->first;

	e->first = job->next;
	if (!e->first)
		e->tail = &e->first;
	e->queued_n--;
	e->bounded_n -= job->is_bounded;
	return job;
}

static void *run_thread(void *arg)
{
	struct executor_thread *t = arg;
	struct fl_executor *e = t->executor;

	fl_host_add_place(e->life->instance->host, &t->place);
	(void)pthread_mutex_lock(&e->lock);
	while (!e->is_ending) {
		struct fl_job *job;

		if (!e->first || e->is_held) {
			e->idle_n++;
			(void)pthread_cond_wait(&e->work, &e->lock);
			e->idle_n--;
			continue;
		}
		job = take_locked(e);
		e->inside_n++;
		(void)pthread_mutex_unlock(&e->lock);
		job->run(job, &t->place);
		(void)pthread_mutex_lock(&e->lock);
		if (--e->inside_n == 0)
			(void)pthread_cond_broadcast(&e->quiet);
	}
	(void)pthread_mutex_unlock(&e->lock);
	fl_host_remove_place(e->life->instance->host, &t->place);
	return NULL;
}

/* Work waits, and every thread there is has some. False: there is no thread at all. */
static bool add_thread_locked(struct fl_executor *e)
{
	struct executor_thread *t = &e->threads[e->threads_n];

	t->executor = e;
	if (fl_thread_create(&t->thread, e->name, run_thread, t) == 0)
		e->threads_n++;
	return e->threads_n > 0;
}

bool fl_executor_push(struct fl_executor *e, struct fl_job *job)
{
	bool is_abandoned, is_taken = true;

	job->next = NULL;
	(void)pthread_mutex_lock(&e->lock);
	is_abandoned = e->is_abandoned;
	if (!is_abandoned) {
		if (job->is_bounded && e->bounded_n >= e->queue_max)
			is_taken = false;
		else if (e->queued_n >= e->idle_n && e->threads_n < e->threads_max)
			is_taken = add_thread_locked(e);
		if (is_taken) {
			e->queued_n++;
			e->bounded_n += job->is_bounded;
			*e->tail = job;
			e->tail = &job->next;
			(void)pthread_cond_signal(&e->work);
		}
	}
	(void)pthread_mutex_unlock(&e->lock);
	if (is_abandoned)
		job->run(job, NULL);
	return is_taken;
}

bool fl_executor_hold(struct fl_executor *e, uint64_t deadline_ns)
{
	bool is_quiet = true;

	(void)pthread_mutex_lock(&e->lock);
	e->is_held = true;
	while (e->inside_n > 0 && is_quiet)
		is_quiet = fl_cond_wait_until(&e->quiet, &e->lock, deadline_ns);
	is_quiet = e->inside_n == 0;
	(void)pthread_mutex_unlock(&e->lock);
	return is_quiet;
}

void fl_executor_release(struct fl_executor *e)
{
	(void)pthread_mutex_lock(&e->lock);
	e->is_held = false;
	(void)pthread_cond_broadcast(&e->work);
	(void)pthread_mutex_unlock(&e->lock);
}

void fl_executor_abandon(struct fl_executor *e)
{
	struct fl_job *job;

	(void)pthread_mutex_lock(&e->lock);
	e->is_abandoned = true;
	job = e->first;
	e->first = NULL;
	e->tail = &e->first;
	e->queued_n = e->bounded_n = 0;
	(void)pthread_mutex_unlock(&e->lock);
	while (job) {
		struct fl_job *next = job->next;

		job->run(job, NULL);
		job = next;
	}
}
