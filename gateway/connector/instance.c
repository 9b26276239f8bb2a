/* gateway/connector/instance.c - private: memory, references, blame
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/instance.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "gateway/connector/result.h"

#define MAX_CONCURRENT 1024u
#define SPEC_BYTES_MAX (5u << 20) /* FL_CFG_INSTANCE_BYTES_MAX, and names */
#define QUEUE_MAX 1024u

/* ---- making and freeing ---- */

static const struct fl_str *copy_strings(struct fl_arena *arena, const struct fl_str *from, size_t n)
{
	struct fl_str *to = fl_arena_array(arena, n, sizeof *to);

	for (size_t i = 0; to && i < n; i++)
		to[i] = fl_arena_str(arena, from[i]);
	return to;
}

/* Everything that `spec` points to is copied. */
static void copy_spec(struct fl_instance *instance, const struct fl_instance_spec *spec)
{
	struct fl_arena *arena = &instance->arena;
	struct fl_instance_spec *to = &instance->spec;

	*to = *spec;
	to->name = fl_arena_str(arena, spec->name);
	to->config_json = fl_arena_str(arena, spec->config_json);
	to->secrets = copy_strings(arena, spec->secrets, spec->secrets_n);
	to->egress.hosts = copy_strings(arena, spec->egress.hosts, spec->egress.hosts_n);
	if (spec->egress.ca_file)
		to->egress.ca_file = fl_arena_str(arena, fl_str(spec->egress.ca_file)).p;
	to->egress.pool = atomic_fetch_add(&instance->host->pools, 1) + 1;
}

static void set_limits(struct fl_instance *instance)
{
	const struct fl_instance_spec *spec = &instance->spec;
	bool is_serial = instance->manifest->threading == FL_THREADING_SERIAL;

	instance->max_concurrent = spec->max_concurrent ? spec->max_concurrent : MAX_CONCURRENT;
	instance->max_response_bytes = spec->egress.max_response_bytes
					   ? spec->egress.max_response_bytes
					   : FL_RESPONSE_BODY_MAX;
	instance->spec.egress.max_response_bytes = instance->max_response_bytes;
	instance->is_sharded = instance->manifest->threading == FL_THREADING_SHARDED;
	instance->is_inline = !is_serial && fl_module_is_inline_ok(instance->module);
	instance->lives_n = instance->is_sharded ? instance->host->workers_n : 1;
}

static int make_executors(struct fl_instance *instance, struct fl_life *life)
{
	bool is_parallel = instance->manifest->threading == FL_THREADING_PARALLEL;
	unsigned threads = is_parallel ? instance->host->workers_n : 1;
	int rc = 0;

	if (!instance->is_inline)
		rc = fl_executor_create(life, "fl-connector", threads, QUEUE_MAX, &life->executor);
	if (rc == 0 && instance->spec.exec_workers > 0)
		rc = fl_executor_create(life, "fl-exec", instance->spec.exec_workers, QUEUE_MAX,
					&life->pool);
	return rc;
}

static int make_lives(struct fl_instance *instance)
{
	instance->lives = calloc(instance->lives_n, sizeof *instance->lives);
	if (!instance->lives)
		return -ENOMEM;
	for (uint32_t i = 0; i < instance->lives_n; i++) {
		struct fl_life *life = &instance->lives[i];

		life->instance = instance;
		life->index = i;
		life->plugin = *fl_module_plugin(instance->module);
		if (make_executors(instance, life) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int make_parts(struct fl_instance *instance)
{
	size_t workers_n = instance->host->workers_n, metrics_n = instance->manifest->metrics_n;

	instance->shares = aligned_alloc(64, workers_n * sizeof *instance->shares);
	if (!instance->shares)
		return -ENOMEM;
	memset(instance->shares, 0, workers_n * sizeof *instance->shares);
	instance->metrics = calloc(metrics_n ? metrics_n : 1, sizeof *instance->metrics);
	if (!instance->metrics || fl_arena_is_overflown(&instance->arena))
		return -ENOMEM;
	return make_lives(instance);
}

static int no_memory(const struct fl_instance_spec *spec, struct fl_error *err)
{
	(void)fl_error_set(err, "instance_memory", "no memory for instance %.*s",
			   FL_STR_ARGS(spec->name));
	fl_error_hint(err, "give the gateway more memory (MemoryMax=), or fewer instances");
	return -1;
}

int fl_instance_make(struct fl_host *host, struct fl_module *module,
		     const struct fl_instance_spec *spec, struct fl_instance **ret,
		     struct fl_error *err)
{
	struct fl_instance *instance = aligned_alloc(64, sizeof *instance);

	if (!instance)
		return no_memory(spec, err);
	memset(instance, 0, sizeof *instance);
	instance->host = host;
	instance->module = fl_module_ref(module);
	instance->manifest = fl_module_manifest(module);
	instance->generation = atomic_fetch_add(&host->generations, 1) + 1;
	(void)pthread_mutex_init(&instance->lock, NULL);
	fl_cond_init(&instance->changed);
	instance->held_tail = &instance->held;
	fl_arena_init(&instance->arena, 1024, SPEC_BYTES_MAX);
	copy_spec(instance, spec);
	set_limits(instance);
	if (make_parts(instance) != 0) {
		fl_instance_free(instance);
		return no_memory(spec, err);
	}
	*ret = instance;
	return 0;
}

void fl_instance_free(struct fl_instance *instance)
{
	for (uint32_t i = 0; instance->lives && i < instance->lives_n; i++) {
		struct fl_life *life = &instance->lives[i];

		fl_self_remove(life->self);
		life->executor = fl_executor_destroy(life->executor);
		life->pool = fl_executor_destroy(life->pool);
	}
	while (instance->orphans) {
		struct fl_orphan *orphan = instance->orphans;

		instance->orphans = orphan->next;
		free(orphan); /* the first member of what was allocated */
	}
	(void)fl_module_unref(instance->module);
	fl_arena_fini(&instance->arena);
	(void)pthread_cond_destroy(&instance->changed);
	(void)pthread_mutex_destroy(&instance->lock);
	free(instance->metrics);
	free(instance->shares);
	free(instance->lives);
	free(instance);
}

/* ---- references ---- */

struct fl_instance *fl_instance_ref(struct fl_instance *instance)
{
	(void)atomic_fetch_add_explicit(&instance->refs, 1, memory_order_relaxed);
	return instance;
}

struct fl_instance *fl_instance_unref(struct fl_instance *instance)
{
	if (instance &&
	    atomic_fetch_sub_explicit(&instance->refs, 1, memory_order_acq_rel) == 1)
		fl_instance_retire(instance);
	return NULL;
}

uint64_t fl_instance_generation(const struct fl_instance *instance)
{
	return instance->generation;
}

const char *fl_instance_name(const struct fl_instance *instance)
{
	return instance->spec.name.p;
}

struct fl_module *fl_instance_module(const struct fl_instance *instance)
{
	return instance->module;
}

/* ---- state ---- */

void fl_instance_set_state(struct fl_instance *instance, enum fl_instance_state state)
{
	struct fl_host *host = instance->host;

	(void)pthread_mutex_lock(&host->lock);
	instance->state = state;
	(void)pthread_mutex_unlock(&host->lock);
}

void fl_instance_signal(struct fl_instance *instance)
{
	(void)pthread_mutex_lock(&instance->lock);
	(void)pthread_cond_broadcast(&instance->changed);
	(void)pthread_mutex_unlock(&instance->lock);
}

/* Sequentially consistent, as is the other side: it sets is_draining and looks at the counters
 * afterwards. So one of the two sees the other. */
void fl_instance_discount(struct fl_instance *instance, _Atomic uint64_t *counter)
{
	if (atomic_fetch_sub(counter, 1) == 1 && atomic_load(&instance->is_draining))
		fl_instance_signal(instance);
}

bool fl_instance_hold_back(struct fl_instance *instance, struct fl_later *later)
{
	bool is_held;

	if (FL_LIKELY(!atomic_load_explicit(&instance->is_held, memory_order_acquire)))
		return false;
	(void)pthread_mutex_lock(&instance->lock);
	is_held = atomic_load(&instance->is_held);
	if (is_held) {
		later->next = NULL;
		*instance->held_tail = later;
		instance->held_tail = &later->next;
	}
	(void)pthread_mutex_unlock(&instance->lock);
	return is_held;
}

/* ---- blame ---- */

void fl_instance_blame(struct fl_instance *instance, fairlead_id req, const char *what)
{
	uint64_t second = fl_clock_mono_ns() / FL_NS_PER_SEC;

	(void)atomic_fetch_add_explicit(&instance->violations, 1, memory_order_relaxed);
	if (atomic_exchange_explicit(&instance->blamed_second, second, memory_order_relaxed) ==
	    second)
		return; /* counted; one line a second says enough */
	fl_log(FL_LOG_WARN, "connector.contract_broken", FL_LOG_STR("instance", instance->spec.name),
	       FL_LOG_STR("connector", instance->manifest->id),
	       FL_LOG_STR("version", instance->manifest->version), FL_LOG_U64("request", req),
	       FL_LOG_C("what", what),
	       FL_LOG_C("hint", "a fault of the connector: tell its maintainer"));
}
