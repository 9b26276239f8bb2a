/* gateway/connector/watchdog.c - private: callbacks that do not return
 * SPDX-License-Identifier: Apache-2.0
 *
 * Looks at every place (place.h) a few times within the limit. Who is still inside the same
 * callback then is stuck: its instance is never called again, and what it owes is settled. On an
 * executor's thread that is all there is to it; on a worker's thread that worker stands still,
 * which can only be told.
 */
#include "base/log.h"
#include "gateway/connector/instance.h"

#define LOOKS 4u /* within the limit */

void fl_host_add_place(struct fl_host *host, struct fl_place *place)
{
	(void)pthread_mutex_lock(&host->lock);
	place->next = host->places;
	place->prev = &host->places;
	if (place->next)
		place->next->prev = &place->next;
	host->places = place;
	(void)pthread_mutex_unlock(&host->lock);
}

void fl_host_remove_place(struct fl_host *host, struct fl_place *place)
{
	(void)pthread_mutex_lock(&host->lock);
	*place->prev = place->next;
	if (place->next)
		place->next->prev = place->prev;
	(void)pthread_mutex_unlock(&host->lock);
}

/* With host->lock: fl_instance_fault() takes executors' locks and posts, which is in order. */
static void report_locked(struct fl_place *place)
{
	struct fl_life *life = atomic_load_explicit(&place->life, memory_order_acquire);
	struct fl_instance *instance;

	/* It may have left just now. If not, the instance stays until we let go of the lock, see
	 * forget(), and then it is marked. */
	if (atomic_load_explicit(&place->seq, memory_order_relaxed) != place->seen_seq)
		return;
	instance = life->instance;
	place->is_reported = true;
	if (instance->is_stuck)
		return;
	instance->is_stuck = true;
	if (instance->state == FL_INSTANCE_RUNNING)
		instance->state = FL_INSTANCE_FAULTED;
	fl_log(FL_LOG_ERROR_LEVEL, "connector.stuck", FL_LOG_STR("instance", instance->spec.name),
	       FL_LOG_STR("connector", instance->manifest->id),
	       FL_LOG_STR("version", instance->manifest->version),
	       FL_LOG_U64("generation", instance->generation),
	       FL_LOG_C("where", place->worker ? "on a worker: it serves nothing until this returns"
	                                       : "on a thread of its own"),
	       FL_LOG_C("hint", "it is not called any more; go back to the version before and tell "
	                        "its maintainer"));
	fl_instance_fault(instance);
}

uint64_t fl_watchdog_look_locked(struct fl_host *host, uint64_t now_ns)
{
	uint64_t limit_ns = host->config.stuck_limit_ns;

	for (struct fl_place *p = host->places; p; p = p->next) {
		uint64_t seq = atomic_load_explicit(&p->seq, memory_order_acquire);

		if (seq != p->seen_seq || seq % 2 == 0) {
			p->seen_seq = seq;
			p->seen_ns = now_ns;
			p->is_reported = false;
		} else if (!p->is_reported && now_ns - p->seen_ns >= limit_ns) {
			report_locked(p);
		}
	}
	return now_ns + limit_ns / LOOKS;
}
