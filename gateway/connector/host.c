/* gateway/connector/host.c - loading connectors, making instances of them, retiring both
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/host.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/connector/debt.h"
#include "gateway/connector/op.h"
#include "gateway/connector/report.h"

#define OR_DEFAULT(value, fallback) ((value) ? (value) : (fallback))

/* ---- life of the host ---- */

static void set_limits(struct fl_host_config *c)
{
	c->create_limit_ns = OR_DEFAULT(c->create_limit_ns, FL_NS_PER_SEC);
	c->ready_limit_ns = OR_DEFAULT(c->ready_limit_ns, 30 * FL_NS_PER_SEC);
	c->stop_limit_ns = OR_DEFAULT(c->stop_limit_ns, 5 * FL_NS_PER_SEC);
	c->destroy_limit_ns = OR_DEFAULT(c->destroy_limit_ns, FL_NS_PER_SEC);
	c->drain_limit_ns = OR_DEFAULT(c->drain_limit_ns, 30 * FL_NS_PER_SEC);
	c->stuck_limit_ns = OR_DEFAULT(c->stuck_limit_ns, 5 * FL_NS_PER_SEC);
}

static int make_workers(struct fl_host *host)
{
	size_t bytes = host->workers_n * sizeof *host->workers;

	host->workers = aligned_alloc(64, bytes);
	if (!host->workers)
		return -ENOMEM;
	memset(host->workers, 0, bytes);
	for (unsigned i = 0; i < host->workers_n; i++) {
		struct fl_worker *worker = &host->workers[i];

		worker->host = host;
		worker->index = i;
		worker->place.worker = worker;
		(void)pthread_mutex_init(&worker->foreign_lock, NULL);
		fl_slot_table_init(&worker->calls, i, FL_DEBT_BYTES);
		fl_slot_table_init(&worker->ops, FL_OPS_TABLE + i, FL_OP_BYTES);
		fl_slot_table_init(&worker->foreign_ops, FL_FOREIGN_OPS_TABLE + i, FL_OP_BYTES);
		fl_host_add_place(host, &worker->place);
	}
	return 0;
}

static void free_host(struct fl_host *host)
{
	for (unsigned i = 0; host->workers && i < host->workers_n; i++) {
		fl_slot_table_fini(&host->workers[i].calls);
		fl_slot_table_fini(&host->workers[i].ops);
		fl_slot_table_fini(&host->workers[i].foreign_ops);
		(void)pthread_mutex_destroy(&host->workers[i].foreign_lock);
	}
	for (size_t i = 0; i < host->stores_n; i++)
		(void)fl_kv_store_destroy(host->stores[i]);
	(void)pthread_cond_destroy(&host->changed);
	(void)pthread_mutex_destroy(&host->lock);
	free(host->workers);
	free(host);
}

static int no_memory(struct fl_error *err)
{
	return fl_error_set(err, "host_memory", "no memory, or no thread, for the connector host");
}

int fl_host_create(const struct fl_host_config *config, struct fl_host **ret, struct fl_error *err)
{
	struct fl_host *host = calloc(1, sizeof *host);

	FL_ASSERT(config->workers > 0 && config->workers <= FL_WORKERS_MAX);
	if (!host)
		return no_memory(err);
	host->config = *config;
	set_limits(&host->config);
	host->workers_n = config->workers;
	(void)pthread_mutex_init(&host->lock, NULL);
	fl_cond_init(&host->changed);
	if (fl_modules_init(&host->modules, config->state_dir, config->max_retained, err) != 0) {
		free_host(host);
		return -1;
	}
	host->config.state_dir = NULL; /* the caller's; nobody needs it any more */
	fl_lifecycle_init(&host->lifecycle);
	if (make_workers(host) != 0 || fl_reaper_start(host) != 0) {
		(void)fl_lifecycle_fini(&host->lifecycle);
		fl_modules_fini(&host->modules);
		free_host(host);
		return no_memory(err);
	}
	if (config->metrics)
		fl_host_register_metrics(host, config->metrics);
	*ret = host;
	return 0;
}

void fl_host_attach_worker(struct fl_host *host, unsigned index, struct fl_loop *loop,
                           struct fl_outbound *client)
{
	FL_ASSERT(index < host->workers_n && !host->workers[index].loop);
	host->workers[index].loop = loop;
	host->workers[index].client = client;
}

static bool is_idle_locked(const struct fl_host *host)
{
	return host->retiring_n == 0 && !host->retired;
}

bool fl_host_wait_idle(struct fl_host *host, uint64_t timeout_ns)
{
	uint64_t deadline_ns = fl_clock_mono_ns() + timeout_ns;
	bool is_idle, is_in_time = true;

	(void)pthread_mutex_lock(&host->lock);
	while (!(is_idle = is_idle_locked(host)) && is_in_time)
		is_in_time = fl_cond_wait_until(&host->changed, &host->lock, deadline_ns);
	(void)pthread_mutex_unlock(&host->lock);
	return is_idle;
}

static void do_nothing(struct fl_worker *worker, void *ctx)
{
	(void)worker;
	(void)ctx;
}

/* The next one that nobody retires yet. */
static struct fl_instance *next_live(struct fl_host *host)
{
	struct fl_instance *instance;

	(void)pthread_mutex_lock(&host->lock);
	for (instance = host->instances; instance && instance->is_retiring;)
		instance = instance->next;
	(void)pthread_mutex_unlock(&host->lock);
	return instance;
}

struct fl_host *fl_host_destroy(struct fl_host *host)
{
	const struct fl_host_config *c;
	struct fl_instance *instance;
	bool is_clean;

	if (!host)
		return NULL;
	c = &host->config;
	while ((instance = next_live(host)))
		fl_instance_retire(instance);
	is_clean = fl_host_wait_idle(host, c->drain_limit_ns + c->stop_limit_ns * 2 +
	                                       c->destroy_limit_ns + 5 * FL_NS_PER_SEC);
	if (!is_clean)
		return NULL; /* something stands still: its threads still use the host */
	fl_reaper_stop(host);
	/* What was left to the workers without waiting (fl_host_visit_later) has run after this. */
	is_clean = host->zombies == 0 && !host->modules.is_stuck &&
	           fl_host_visit(host, do_nothing, NULL, fl_clock_mono_ns() + 5 * FL_NS_PER_SEC);
	if (!fl_lifecycle_fini(&host->lifecycle) || !is_clean)
		return NULL;
	fl_modules_fini(&host->modules);
	free_host(host);
	return NULL;
}

/* ---- modules ---- */

int fl_module_load(struct fl_host *host, const char *path, struct fl_module **ret,
                   struct fl_error *err)
{
	return fl_modules_load(&host->modules, path, ret, err);
}

/* ---- instances ---- */

static void remember(struct fl_instance *instance)
{
	struct fl_host *host = instance->host;

	(void)pthread_mutex_lock(&host->lock);
	instance->state = FL_INSTANCE_STARTING;
	instance->next = host->instances;
	instance->prev = &host->instances;
	if (instance->next)
		instance->next->prev = &instance->next;
	host->instances = instance;
	(void)pthread_mutex_unlock(&host->lock);
}

static void forget(struct fl_instance *instance)
{
	struct fl_host *host = instance->host;

	(void)pthread_mutex_lock(&host->lock);
	*instance->prev = instance->next;
	if (instance->next)
		instance->next->prev = instance->prev;
	(void)pthread_mutex_unlock(&host->lock);
	fl_instance_free(instance);
}

/* The connector's store, made when the first instance asks for it. [control] */
static int find_store(struct fl_instance *instance, struct fl_error *err)
{
	struct fl_host *host = instance->host;
	struct fl_str id = instance->manifest->id;
	struct fl_kv_store *store;

	if (!fl_manifest_asks_for(instance->manifest, FL_STR(FAIRLEAD_EXT_KV)))
		return 0;
	for (size_t i = 0; i < host->stores_n; i++)
		if (fl_str_is(id, host->stores[i]->id)) {
			instance->store = host->stores[i];
			return 0;
		}
	if (host->stores_n == FL_KV_STORES_MAX) {
		(void)fl_error_set(err, "instance_too_many",
		                   "%u connectors have used fairlead.kv/1 since the start",
		                   FL_KV_STORES_MAX);
		fl_error_hint(err,
		              "start the gateway again: stores of connectors that are gone go");
		return -1;
	}
	store = fl_kv_store_create(id);
	if (!store) {
		(void)fl_error_set(err, "instance_memory",
		                   "no memory for the key-value store of %.*s", FL_STR_ARGS(id));
		fl_error_hint(err, "give the gateway more memory (MemoryMax=)");
		return -1;
	}
	host->stores[host->stores_n++] = store;
	instance->store = store;
	return 0;
}

int fl_instance_create(struct fl_host *host, struct fl_module *module,
                       const struct fl_instance_spec *spec, struct fl_instance **ret,
                       struct fl_error *err)
{
	struct fl_instance *instance;

	if (fl_instance_make(host, module, spec, &instance, err) != 0)
		return -1;
	if (find_store(instance, err) != 0) {
		fl_instance_free(instance);
		return -1;
	}
	atomic_store(&instance->refs, 1);
	remember(instance);
	switch (fl_instance_bring_up(instance, FAIRLEAD_MODE_INPROC, err)) {
	case FL_UP:
		fl_instance_set_state(instance, FL_INSTANCE_RUNNING);
		*ret = instance;
		return 0;
	case FL_UP_FAILED:
		forget(instance);
		break;
	case FL_UP_RETIRE:
		fl_instance_retire(instance);
		break;
	case FL_UP_HUNG:
		fl_instance_bury_alive(instance, err ? err->message : "it hangs");
		break;
	}
	return -1;
}

int fl_instance_probe(struct fl_host *host, struct fl_module *module,
                      const struct fl_instance_spec *spec, struct fl_error *err)
{
	struct fl_instance *instance;
	enum fl_up up;

	if (fl_instance_make(host, module, spec, &instance, err) != 0)
		return -1;
	remember(instance);
	up = fl_instance_bring_up(instance, FAIRLEAD_MODE_PROBE, err);
	if (up == FL_UP_HUNG) {
		if (err && !err->code) { /* else it hung before */
			(void)fl_error_set(err, "instance_destroy_timeout",
			                   "instance %s: it did not return from destroy() in time",
			                   fl_instance_name(instance));
			fl_error_hint(
			    err, "destroy() must not block; its code stays mapped until a restart");
		}
		fl_instance_bury_alive(instance, "it hung when it was tried");
	} else {
		forget(instance);
	}
	return up == FL_UP ? 0 : -1;
}
