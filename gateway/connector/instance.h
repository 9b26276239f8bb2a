/* gateway/connector/instance.h - private: the host's view of its parts
 * SPDX-License-Identifier: Apache-2.0
 *
 * host      one per process
 * worker    one per event loop: slot tables that only it takes from
 * instance  one configured life: counted references, limits, counters
 * life      one create() ... destroy() of the connector: an instance has one, or with "threading":
 *           "sharded" one per worker
 *
 * Lock order: host->lock, instance->lock, an executor's lock. No lock is held while a connector, a
 * loop or the outbound client is called.
 */
#ifndef FL_GATEWAY_CONNECTOR_INSTANCE_H
#define FL_GATEWAY_CONNECTOR_INSTANCE_H

#include <pthread.h>

#include "base/thread.h"
#include "gateway/connector/call.h"
#include "gateway/connector/executor.h"
#include "gateway/connector/lifecycle.h"
#include "gateway/connector/module.h"
#include "gateway/connector/place.h"
#include "gateway/connector/slot.h"

/* Slot tables: calls of worker w at w, its operations at w + 1024 and w + 2048. */
#define FL_WORKERS_MAX 1024u
#define FL_OPS_TABLE FL_WORKERS_MAX
#define FL_FOREIGN_OPS_TABLE (2u * FL_WORKERS_MAX)
#define FL_KV_STORES_MAX 1024u /* connector ids that ever had an instance with fairlead.kv/1 */

struct fl_debt;
struct fl_kv_store;
struct fl_op;

struct fl_worker {
	_Alignas(64) struct fl_host *host;
	struct fl_loop *loop; /* NULL: not attached */
	struct fl_outbound *client;
	uint32_t index;
	/* the worker's own */
	struct fl_place place;
	struct fl_debt *running; /* whose handle() runs on this thread */
	struct fl_debt *answered; /* on this thread, on_done not called yet */
	struct fl_loop_task flush_task;
	bool is_flush_posted;
	struct fl_slot_table calls, ops;

	pthread_mutex_t foreign_lock; /* guards: */
	struct fl_slot_table foreign_ops; /* started by threads that are no worker's */
};

/* A callback that has to wait: until the loop comes round, or until a lifecycle call is over. */
struct fl_later {
	struct fl_loop_task task;
	struct fl_worker *worker;
	struct fl_later *next;
};

enum fl_outcome { /* of a call, for the counters */
	FL_OUTCOME_REPLIED, FL_OUTCOME_FAILED, FL_OUTCOME_BROKEN, FL_OUTCOME_CANCELLED,
	FL_OUTCOME_BUSY, FL_OUTCOME_N,
};

struct fl_share { /* an instance on one worker: written by that worker only */
	_Alignas(64) _Atomic uint64_t calls[FL_OUTCOME_N];
	struct fl_op *ops; /* started and not complete */
};

enum fl_phase { /* of a life: how far it went, never back */
	FL_PHASE_NEW, FL_PHASE_CREATED, FL_PHASE_STARTING, FL_PHASE_RUNNING, FL_PHASE_QUIESCING,
	FL_PHASE_QUIESCED, FL_PHASE_STOPPED, FL_PHASE_DEAD,
};

struct fl_life {
	/* constant after create() */
	struct fl_instance *instance;
	fairlead_plugin plugin; /* a copy: one cache miss less than through the module */
	fairlead_inst *inst;
	fairlead_id self;
	uint32_t index;
	struct fl_executor *executor; /* NULL: callbacks run on the workers' own threads */
	struct fl_executor *pool; /* for run(); NULL: none granted */

	_Atomic uint32_t phase;
	_Atomic uint32_t timers; /* live */
	unsigned pins; /* self.c's */
	uint32_t mode; /* of the lifecycle call under way */
	uint64_t quiesce_deadline_ns;
	fairlead_status returned; /* by the last lifecycle call */
	/* guarded by instance->lock */
	bool is_ready, is_drained;
	fairlead_status ready_status;
	char ready_detail[256];
};

struct fl_orphan { /* memory that a thread stuck in the connector may still look at */
	struct fl_orphan *next;
};

struct fl_metric_cell {
	_Atomic int64_t value;
};

struct fl_instance {
	/* constant after create */
	struct fl_host *host;
	struct fl_module *module;
	const struct fl_manifest *manifest;
	uint64_t generation;
	uint32_t max_concurrent, lives_n;
	bool is_sharded, is_inline;
	size_t max_response_bytes;
	struct fl_arena arena; /* of the copied spec */
	struct fl_instance_spec spec;
	struct fl_metric_cell *metrics; /* one for each of the manifest's */
	struct fl_kv_store *store; /* NULL: does not ask for fairlead.kv/1 */
	struct fl_share *shares; /* one for each worker */
	struct fl_life *lives;

	/* read by every call, seldom written */
	_Alignas(64) _Atomic bool is_open; /* calls may start */
	_Atomic bool is_closed; /* never called again: faulted, or about to be stopped */
	_Atomic bool is_held; /* a lifecycle call runs: other callbacks wait */
	_Atomic bool is_draining; /* somebody waits for pending and ops to get 0 */

	/* written by many; an inline call that is answered at once touches none of them */
	_Alignas(64) _Atomic uint64_t pending; /* calls that owe beyond fl_call_start() */
	_Atomic uint64_t ops; /* operations whose event was not delivered */
	_Atomic uint64_t refs;
	_Atomic uint64_t cancelled_owed; /* of pending: cancelled ones */
	_Atomic uint64_t violations, late_replies, log_dropped;
	_Atomic uint64_t log_second, log_lines, blamed_second; /* windows of a second */

	/* guarded by host->lock */
	struct fl_instance *next, **prev;
	struct fl_instance *next_retired;
	enum fl_instance_state state;
	bool is_retiring, is_stuck;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock */
	struct fl_later *held, **held_tail;
	struct fl_orphan *orphans;
};

struct fl_host {
	/* constant after create */
	struct fl_host_config config;
	unsigned workers_n;
	struct fl_worker *workers;
	struct fl_modules modules;

	struct fl_lifecycle lifecycle;
	pthread_t reaper;
	_Atomic uint64_t generations, pools;
	_Atomic uint64_t stale_total; /* host calls by nobody that is known */

	pthread_mutex_t lock;
	pthread_cond_t changed; /* a retirement was asked for or has ended, or the host ends */
	/* guarded by lock */
	struct fl_instance *instances; /* all, also retiring and zombies */
	struct fl_instance *retired; /* waiting for the reaper */
	struct fl_place *places;
	uint64_t retiring_n, zombies;
	bool is_ending;
	struct fl_kv_store *stores[FL_KV_STORES_MAX]; /* one for each connector id */
	size_t stores_n;
};

/* ---- instance.c ---- */

/* Memory, limits, copies; no connector code runs. */
FL_MUST_USE int fl_instance_make(struct fl_host *host, struct fl_module *module,
				 const struct fl_instance_spec *spec, struct fl_instance **ret,
				 struct fl_error *err);
/* Drops the module; nothing may refer to it any more. */
void fl_instance_free(struct fl_instance *instance);
void fl_instance_set_state(struct fl_instance *instance, enum fl_instance_state state);
/* Wakes whoever waits for the instance to change. [any] */
void fl_instance_signal(struct fl_instance *instance);
/* One that was counted in `counter` (pending, ops) is no more. On a worker's loop, or between
 * fl_self_enter() and _leave(): a retirement waits for both before it frees the instance. */
void fl_instance_discount(struct fl_instance *instance, _Atomic uint64_t *counter);
/* Counts a broken contract, and logs what is wrong at most once a second. [any] */
void fl_instance_blame(struct fl_instance *instance, fairlead_id req, const char *what);

static inline bool fl_instance_may_call(const struct fl_instance *instance)
{
	return !atomic_load_explicit(&instance->is_closed, memory_order_acquire);
}

static inline void fl_share_count(struct fl_share *share, enum fl_outcome outcome)
{
	_Atomic uint64_t *n = &share->calls[outcome];

	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* While a lifecycle call runs no other callback may: then keeps `later`, which is posted to its
 * worker afterwards, and returns true. [loop] */
bool fl_instance_hold_back(struct fl_instance *instance, struct fl_later *later);

/* ---- life.c: each step of a life, within its limit ---- */

enum fl_up { FL_UP, FL_UP_FAILED, FL_UP_RETIRE, FL_UP_HUNG };
/* create(), then start() until ready, for every life; with FAIRLEAD_MODE_PROBE create() and
 * destroy() only. FL_UP_FAILED: nothing is left to do but to free it; FL_UP_RETIRE: something was
 * started; FL_UP_HUNG: a thread is inside the connector for ever. All three fill err. */
FL_MUST_USE enum fl_up fl_instance_bring_up(struct fl_instance *instance, uint32_t mode,
					    struct fl_error *err);
/* Keeps callbacks from running beside a lifecycle call, waits for those that run; false at the
 * deadline. Ends with fl_instance_release(). [lifecycle] */
FL_MUST_USE bool fl_instance_hold(struct fl_instance *instance, uint64_t deadline_ns);
void fl_instance_release(struct fl_instance *instance);
/* Held: from now on no callback is called, and nothing is begun on its behalf. [lifecycle] */
void fl_instance_close(struct fl_instance *instance);
/* The steps of a retirement; false: it did not come back. [lifecycle] */
FL_MUST_USE bool fl_instance_quiesce(struct fl_instance *instance, uint64_t deadline_ns);
FL_MUST_USE bool fl_instance_stop(struct fl_instance *instance);
FL_MUST_USE bool fl_instance_destroy(struct fl_instance *instance);
void fl_life_set_phase(struct fl_life *life, enum fl_phase phase);
enum fl_phase fl_life_phase(const struct fl_life *life);
fairlead_status fl_life_ready(struct fl_life *life, fairlead_status status, fairlead_str detail);
fairlead_status fl_life_drained(struct fl_life *life);

/* ---- self.c: who calls ---- */

/* 0 when there are too many. */
fairlead_id fl_self_add(struct fl_life *life);
/* Its id is stale from now on; waits for host calls under way on its behalf. Accepts 0. */
void fl_self_remove(fairlead_id self);
/* NULL when the id is stale; the life stays until fl_self_leave(). No lock on a thread that is
 * inside a callback of that life. [any] */
struct fl_life *fl_self_enter(fairlead_id self);
void fl_self_leave(struct fl_life *life);

static inline void fl_self_leave_at_end(struct fl_life **life)
{
	if (*life)
		fl_self_leave(*life);
}
/* FL_SELF_LEAVE struct fl_life *life = fl_self_enter(self): is left at the end of the scope. */
#define FL_SELF_LEAVE FL_CLEANUP(fl_self_leave_at_end)

/* ---- retire.c, watchdog.c ---- */

FL_MUST_USE int fl_reaper_start(struct fl_host *host);
void fl_reaper_stop(struct fl_host *host);
/* Hands the instance to the reaper, once. [any] */
void fl_instance_retire(struct fl_instance *instance);
/* Never call it again: settles what it owes. [any] */
void fl_instance_fault(struct fl_instance *instance);
/* Keeps it, and its module, for ever. [reaper] */
void fl_instance_bury_alive(struct fl_instance *instance, const char *why);
/* Looks at every place; returns when to look again. With host->lock. */
uint64_t fl_watchdog_look_locked(struct fl_host *host, uint64_t now_ns);
void fl_host_add_place(struct fl_host *host, struct fl_place *place);
void fl_host_remove_place(struct fl_host *host, struct fl_place *place);

/* Runs fn on every attached worker's loop and waits until all have; false: not all had by the
 * deadline, they will when they come round. [any but a loop] */
typedef void (*fl_visit_fn)(struct fl_worker *worker, void *ctx);
FL_MUST_USE bool fl_host_visit(struct fl_host *host, fl_visit_fn fn, void *ctx,
			       uint64_t deadline_ns);
/* The same without waiting. [any] */
void fl_host_visit_later(struct fl_host *host, fl_visit_fn fn, void *ctx);

/* The one table that every connector gets (host_table.c). */
extern const fairlead_host fl_host_table;

#endif
