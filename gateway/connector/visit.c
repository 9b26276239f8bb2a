/* gateway/connector/visit.c - private: something to do on every worker's loop
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "gateway/connector/instance.h"

struct visit { /* freed by the last who has a share in it */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned left, shares;
	fl_visit_fn fn;
	void *ctx;
	struct stop {
		struct fl_loop_task task;
		struct visit *visit;
		struct fl_worker *worker;
	} stops[];
};

static void drop_share(struct visit *visit)
{
	bool is_last = --visit->shares == 0;

	(void)pthread_mutex_unlock(&visit->lock);
	if (!is_last)
		return;
	(void)pthread_cond_destroy(&visit->changed);
	(void)pthread_mutex_destroy(&visit->lock);
	free(visit);
}

static void on_stop(struct fl_loop_task *task)
{
	struct stop *stop = FL_CONTAINER_OF(task, struct stop, task);
	struct visit *visit = stop->visit;

	visit->fn(stop->worker, visit->ctx);
	(void)pthread_mutex_lock(&visit->lock);
	if (--visit->left == 0)
		(void)pthread_cond_signal(&visit->changed);
	drop_share(visit);
}

/* NULL: no memory. The caller has a share. */
static struct visit *begin(struct fl_host *host, fl_visit_fn fn, void *ctx)
{
	struct visit *visit = calloc(1, sizeof *visit + host->workers_n * sizeof visit->stops[0]);
	unsigned n = 0;

	if (!visit)
		return NULL;
	(void)pthread_mutex_init(&visit->lock, NULL);
	fl_cond_init(&visit->changed);
	visit->fn = fn;
	visit->ctx = ctx;
	for (unsigned i = 0; i < host->workers_n; i++)
		if (host->workers[i].loop)
			visit->stops[n++] = (struct stop){
			    .task.on_task = on_stop, .visit = visit, .worker = &host->workers[i]};
	visit->left = n;
	visit->shares = n + 1;
	for (unsigned i = 0; i < n; i++)
		fl_loop_post(visit->stops[i].worker->loop, &visit->stops[i].task);
	return visit;
}

bool fl_host_visit(struct fl_host *host, fl_visit_fn fn, void *ctx, uint64_t deadline_ns)
{
	struct visit *visit = begin(host, fn, ctx);
	bool is_in_time = true, is_done;

	if (!visit)
		return false;
	(void)pthread_mutex_lock(&visit->lock);
	while (visit->left > 0 && is_in_time)
		is_in_time = fl_cond_wait_until(&visit->changed, &visit->lock, deadline_ns);
	is_done = visit->left == 0;
	drop_share(visit);
	return is_done;
}

void fl_host_visit_later(struct fl_host *host, fl_visit_fn fn, void *ctx)
{
	struct visit *visit = begin(host, fn, ctx);

	if (!visit)
		return;
	(void)pthread_mutex_lock(&visit->lock);
	drop_share(visit);
}
