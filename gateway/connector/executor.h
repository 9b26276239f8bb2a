/* gateway/connector/executor.h - private: threads that belong to one life of a connector
 * SPDX-License-Identifier: Apache-2.0
 *
 * For callbacks that must not run on a worker's thread: one thread makes them serial, several do
 * not. Threads are started when there is work for them and joined before the connector is unloaded.
 * Jobs are embedded in what they are about; each is run exactly once, in order.
 */
#ifndef FL_GATEWAY_CONNECTOR_EXECUTOR_H
#define FL_GATEWAY_CONNECTOR_EXECUTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct fl_executor;
struct fl_life;
struct fl_place;

struct fl_job {
	struct fl_job *next;
	/* `place`: of the thread that runs it; NULL: the executor was given up, call nobody. */
	void (*run)(struct fl_job *job, struct fl_place *place);
	bool is_bounded; /* counts against the queue's limit */
};

FL_MUST_USE int fl_executor_create(struct fl_life *life, const char *name, unsigned threads,
				   unsigned queue_max, struct fl_executor **ret);
/* The queue is empty. Joins. Accepts NULL. [lifecycle] */
struct fl_executor *fl_executor_destroy(struct fl_executor *executor);
/* False: the job is bounded and the queue is full, or there is no thread at all. [any] */
FL_MUST_USE bool fl_executor_push(struct fl_executor *executor, struct fl_job *job);
/* Lets no job begin, and waits until none runs; false at the deadline. [lifecycle] */
FL_MUST_USE bool fl_executor_hold(struct fl_executor *executor, uint64_t deadline_ns);
void fl_executor_release(struct fl_executor *executor);
/* A thread hangs in the connector: jobs that wait, and those that come, are run with a NULL place. */
void fl_executor_abandon(struct fl_executor *executor);

#endif
