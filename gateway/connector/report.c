/* gateway/connector/report.c - what the host tells about itself: lists, counts, metrics
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/connector/instance.h"

/* Of connectors' own metrics only; those of the host begin otherwise, so neither takes the other's
 * name. */
#define OWN_PREFIX "fairlead_connector_"

static uint64_t sum(const struct fl_instance *instance, enum fl_outcome outcome)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < instance->host->workers_n; w++)
		n +=
		    atomic_load_explicit(&instance->shares[w].calls[outcome], memory_order_relaxed);
	return n;
}

static void fill(const struct fl_instance *instance, struct fl_instance_info *ret)
{
	uint64_t failures = sum(instance, FL_OUTCOME_FAILED) + sum(instance, FL_OUTCOME_BROKEN);
	uint64_t cancelled = sum(instance, FL_OUTCOME_CANCELLED);
	uint64_t owed = atomic_load(&instance->pending);
	uint64_t unwaited = atomic_load(&instance->cancelled_owed);

	*ret = (struct fl_instance_info){
	    .name = instance->spec.name.p,
	    .connector_id = instance->manifest->id.p,
	    .connector_version = instance->manifest->version.p,
	    .digest = fl_module_digest(instance->module),
	    .generation = instance->generation,
	    .module_generation = fl_module_generation(instance->module),
	    .state = instance->state,
	    .in_flight = owed > unwaited ? owed - unwaited : 0,
	    .owed = owed,
	    .calls_total = sum(instance, FL_OUTCOME_REPLIED) + failures + cancelled,
	    .failures_total = failures,
	    .contract_violations_total = atomic_load(&instance->violations),
	    .late_replies_total = atomic_load(&instance->late_replies),
	    .cancelled_total = cancelled,
	    .log_dropped_total = atomic_load(&instance->log_dropped),
	    .is_inline = instance->is_inline,
	    .class_letter = fl_module_class(instance->module),
	};
}

void fl_host_each_instance(struct fl_host *host, fl_instance_info_fn fn, void *ctx)
{
	struct fl_instance_info info;

	(void)pthread_mutex_lock(&host->lock);
	for (const struct fl_instance *i = host->instances; i; i = i->next) {
		fill(i, &info);
		fn(ctx, &info);
	}
	(void)pthread_mutex_unlock(&host->lock);
}

void fl_host_counts(struct fl_host *host, struct fl_host_counts *ret)
{
	*ret = (struct fl_host_counts){0};
	fl_modules_counts(&host->modules, ret);
	(void)pthread_mutex_lock(&host->lock);
	for (const struct fl_instance *i = host->instances; i; i = i->next)
		ret->instances_live += !i->is_retiring && i->state != FL_INSTANCE_ZOMBIE;
	ret->instances_draining = host->retiring_n;
	ret->zombies += host->zombies;
	(void)pthread_mutex_unlock(&host->lock);
}

/* ---- metrics ---- */

static const char *const outcome_names[FL_OUTCOME_N] = {
    [FL_OUTCOME_REPLIED] = "replied", [FL_OUTCOME_FAILED] = "failed",
    [FL_OUTCOME_BROKEN] = "broken",   [FL_OUTCOME_CANCELLED] = "cancelled",
    [FL_OUTCOME_BUSY] = "busy",
};

/* Several generations of one instance share a series; a sum over those that are there would fall
 * when one goes, so each generation has its own. */
struct labels {
	char generation[24];
	const char *pairs[7];
};

static const char *const *labels_of(struct labels *l, const struct fl_instance *instance,
                                    const char *key, const char *value)
{
	(void)snprintf(l->generation, sizeof l->generation, "%llu",
	               (unsigned long long)instance->generation);
	l->pairs[0] = "instance";
	l->pairs[1] = instance->spec.name.p;
	l->pairs[2] = "generation";
	l->pairs[3] = l->generation;
	l->pairs[4] = key;
	l->pairs[5] = value;
	l->pairs[6] = NULL;
	return l->pairs;
}

typedef void (*sample_fn)(const struct fl_instance *instance, struct fl_buf *out);

static void each(struct fl_host *host, struct fl_buf *out, sample_fn fn)
{
	(void)pthread_mutex_lock(&host->lock);
	for (const struct fl_instance *i = host->instances; i; i = i->next)
		fn(i, out);
	(void)pthread_mutex_unlock(&host->lock);
}

static void sample_calls(const struct fl_instance *instance, struct fl_buf *out)
{
	struct labels l;

	for (unsigned o = 0; o < FL_OUTCOME_N; o++)
		fl_metrics_sample(out, "fairlead_instance_calls_total",
		                  labels_of(&l, instance, "outcome", outcome_names[o]),
		                  sum(instance, (enum fl_outcome)o));
}

static void sample_owed(const struct fl_instance *instance, struct fl_buf *out)
{
	struct labels l;

	fl_metrics_sample(out, "fairlead_instance_owed", labels_of(&l, instance, NULL, NULL),
	                  atomic_load(&instance->pending));
}

static void sample_violations(const struct fl_instance *instance, struct fl_buf *out)
{
	struct labels l;

	fl_metrics_sample(out, "fairlead_instance_contract_violations_total",
	                  labels_of(&l, instance, NULL, NULL), atomic_load(&instance->violations));
}

static void sample_late(const struct fl_instance *instance, struct fl_buf *out)
{
	struct labels l;

	fl_metrics_sample(out, "fairlead_instance_late_replies_total",
	                  labels_of(&l, instance, NULL, NULL),
	                  atomic_load(&instance->late_replies));
}

static void sample_log_dropped(const struct fl_instance *instance, struct fl_buf *out)
{
	struct labels l;

	fl_metrics_sample(out, "fairlead_instance_log_dropped_total",
	                  labels_of(&l, instance, NULL, NULL), atomic_load(&instance->log_dropped));
}

#define COLLECT(name)                                                                              \
	static void collect_##name(void *ctx, struct fl_buf *out)                                  \
	{                                                                                          \
		each(ctx, out, sample_##name);                                                     \
	}
COLLECT(calls)
COLLECT(owed)
COLLECT(violations)
COLLECT(late)
COLLECT(log_dropped)

/* ---- what connectors count themselves ---- */

struct own { /* one metric of one instance */
	const struct fl_instance *instance;
	size_t index;
	size_t order;
};

static const struct fl_manifest_metric *metric_of(const struct own *own)
{
	return &own->instance->manifest->metrics[own->index];
}

static int compare_own(const void *a, const void *b)
{
	const struct own *x = a, *y = b;
	int rc = strcmp(metric_of(x)->name.p, metric_of(y)->name.p);

	return rc != 0 ? rc : (x->order > y->order) - (x->order < y->order);
}

static struct own *list_own_locked(const struct fl_host *host, size_t *ret_n)
{
	struct own *all;
	size_t n = 0;

	for (const struct fl_instance *i = host->instances; i; i = i->next)
		n += i->manifest->metrics_n;
	all = n == 0 ? NULL : calloc(n, sizeof *all);
	*ret_n = 0;
	for (const struct fl_instance *i = host->instances; all && i; i = i->next)
		for (size_t m = 0; m < i->manifest->metrics_n; m++, (*ret_n)++)
			all[*ret_n] = (struct own){i, m, *ret_n};
	if (all)
		qsort(all, n, sizeof *all, compare_own);
	return all;
}

/* Connectors that do not agree on what a metric is have one family all the same. */
static const char *type_of(const struct own *first, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (metric_of(&first[i])->is_gauge != metric_of(first)->is_gauge)
			return "untyped";
	return metric_of(first)->is_gauge ? "gauge" : "counter";
}

static void add_family(const struct own *first, size_t n, struct fl_buf *out)
{
	const char *help = metric_of(first)->help.p;
	char name[sizeof OWN_PREFIX + FL_MANIFEST_METRIC_NAME_MAX];

	(void)snprintf(name, sizeof name, OWN_PREFIX "%s", metric_of(first)->name.p);
	fl_metrics_head(out, name, type_of(first, n), help ? help : "");
	for (size_t i = 0; i < n; i++) {
		const struct fl_instance *instance = first[i].instance;
		struct labels l;

		fl_metrics_sample_signed(
		    out, name, labels_of(&l, instance, NULL, NULL),
		    atomic_load_explicit(&instance->metrics[first[i].index].value,
		                         memory_order_relaxed));
	}
}

static void collect_own(void *ctx, struct fl_buf *out)
{
	struct fl_host *host = ctx;
	struct own *all;
	size_t n, family;

	(void)pthread_mutex_lock(&host->lock);
	all = list_own_locked(host, &n);
	for (size_t i = 0; i < n; i += family) {
		for (family = 1; i + family < n; family++)
			if (strcmp(metric_of(&all[i])->name.p,
			           metric_of(&all[i + family])->name.p) != 0)
				break;
		add_family(&all[i], family, out);
	}
	(void)pthread_mutex_unlock(&host->lock);
	free(all);
}

/* ---- the host's own ---- */

static const char *const state_names[] = {
    [FL_INSTANCE_STARTING] = "starting",   [FL_INSTANCE_RUNNING] = "running",
    [FL_INSTANCE_QUIESCING] = "quiescing", [FL_INSTANCE_STOPPING] = "stopping",
    [FL_INSTANCE_GONE] = "gone",           [FL_INSTANCE_FAULTED] = "faulted",
    [FL_INSTANCE_ZOMBIE] = "zombie",
};

const char *fl_instance_state_name(enum fl_instance_state state)
{
	return state_names[state];
}

static void collect_generations(void *ctx, struct fl_buf *out)
{
	struct fl_host *host = ctx;
	uint64_t n[FL_ARRAY_LEN(state_names)] = {0};

	(void)pthread_mutex_lock(&host->lock);
	for (const struct fl_instance *i = host->instances; i; i = i->next)
		n[i->state]++;
	(void)pthread_mutex_unlock(&host->lock);
	for (size_t s = 0; s < FL_ARRAY_LEN(n); s++) {
		const char *labels[] = {"state", state_names[s], NULL};

		if (s != FL_INSTANCE_GONE)
			fl_metrics_sample(out, "fairlead_instance_generations", labels, n[s]);
	}
}

static void collect_modules(void *ctx, struct fl_buf *out)
{
	static const char *const live[] = {"state", "live", NULL};
	static const char *const pinned[] = {"state", "pinned", NULL};
	struct fl_host_counts counts;

	fl_host_counts(ctx, &counts);
	fl_metrics_sample(out, "fairlead_modules", live, counts.modules_live);
	fl_metrics_sample(out, "fairlead_modules", pinned, counts.modules_pinned);
}

static void collect_loads(void *ctx, struct fl_buf *out)
{
	static const char *const done[] = {"result", "loaded", NULL};
	static const char *const failed[] = {"result", "failed", NULL};
	static const char *const unloaded[] = {"result", "unloaded", NULL};
	struct fl_host_counts counts;

	fl_host_counts(ctx, &counts);
	fl_metrics_sample(out, "fairlead_module_loads_total", done, counts.loads_total);
	fl_metrics_sample(out, "fairlead_module_loads_total", failed, counts.load_failures_total);
	fl_metrics_sample(out, "fairlead_module_loads_total", unloaded, counts.unloads_total);
}

static void collect_zombies(void *ctx, struct fl_buf *out)
{
	static const char *const none[] = {NULL};
	struct fl_host_counts counts;

	fl_host_counts(ctx, &counts);
	fl_metrics_sample(out, "fairlead_zombies", none, counts.zombies);
}

static const struct {
	const char *name, *type, *help;
	fl_metrics_collect_fn collect;
} metrics_table[] = {
    {"fairlead_instance_calls_total", "counter", "Calls of a connector instance by outcome.",
     collect_calls},
    {"fairlead_instance_owed", "gauge", "Answers that an instance owes, cancelled calls included.",
     collect_owed},
    {"fairlead_instance_contract_violations_total", "counter",
     "Times an instance broke the connector contract.", collect_violations},
    {"fairlead_instance_late_replies_total", "counter",
     "Answers to calls that nobody waited for any more.", collect_late},
    {"fairlead_instance_log_dropped_total", "counter",
     "Log lines of an instance over its rate limit.", collect_log_dropped},
    {OWN_PREFIX, NULL, NULL, collect_own},
    {"fairlead_instance_generations", "gauge", "Instance generations by state.",
     collect_generations},
    {"fairlead_modules", "gauge", "Mappings of connector code.", collect_modules},
    {"fairlead_module_loads_total", "counter", "Connector files mapped, refused and unmapped.",
     collect_loads},
    {"fairlead_zombies", "gauge", "Instances that would not stop: mapped for ever, never called.",
     collect_zombies},
};

void fl_host_register_metrics(struct fl_host *host, struct fl_metrics *metrics)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(metrics_table); i++) {
		int rc = fl_metrics_register(metrics, metrics_table[i].name, metrics_table[i].type,
		                             metrics_table[i].help, metrics_table[i].collect, host);

		(void)rc; /* no memory at start: one family less on the page */
	}
}
