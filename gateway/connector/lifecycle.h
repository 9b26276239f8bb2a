/* gateway/connector/lifecycle.h - private: threads for calls that may never come back
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lifecycle callbacks (create, start, quiesce, stop, destroy) run on these, one call at a time, so
 * that whoever waits for one can give it up: the thread is left to itself then, and ends when the
 * call comes back after all. Idle threads are kept for the next call.
 */
#ifndef FL_GATEWAY_CONNECTOR_LIFECYCLE_H
#define FL_GATEWAY_CONNECTOR_LIFECYCLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct fl_lifecycle_thread;

struct fl_lifecycle {
	pthread_mutex_t lock;
	pthread_cond_t idle_changed;
	/* guarded by lock */
	struct fl_lifecycle_thread *idle;
	unsigned idle_n, busy_n, abandoned_n;
};

typedef void (*fl_lifecycle_fn)(void *arg);
enum { FL_LIFECYCLE_ABANDONED = 1 };

void fl_lifecycle_init(struct fl_lifecycle *pool);
/* Ends the idle threads; returns false when some were abandoned and are still inside a call: then
 * the pool must stay. Nobody waits for a call any more. */
bool fl_lifecycle_fini(struct fl_lifecycle *pool);
/* Calls fn(arg) on a thread and waits. 0; FL_LIFECYCLE_ABANDONED when it did not return within
 * `limit_ns` (arg must stay for ever); -errno when there is no thread. [any]; blocks */
FL_MUST_USE int fl_lifecycle_call(struct fl_lifecycle *pool, fl_lifecycle_fn fn, void *arg,
				  uint64_t limit_ns);
/* Calls fn(arg) on a thread and does not wait. [any] */
FL_MUST_USE int fl_lifecycle_spawn(struct fl_lifecycle *pool, fl_lifecycle_fn fn, void *arg);

/* pthread_cond_t with the monotonic clock, and waiting on it until a deadline; false: it passed. */
void fl_cond_init(pthread_cond_t *cond);
bool fl_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline_ns);

#endif
