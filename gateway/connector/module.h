/* gateway/connector/module.h - private: mappings of connector code, for the rest of the host
 * SPDX-License-Identifier: Apache-2.0
 *
 * A module is one mapping of connector code that passed every check. Its bytes were copied to a
 * private file first, so nothing that happens to the original can reach the mapping. The registry
 * is embedded in struct fl_host, whose fl_module_load() is fl_modules_load().
 *
 * What the loading half promises to the running half: fl_module_plugin() is a private copy of the
 * connector's table, zero beyond what the connector has, whose mandatory slots are not NULL; it and
 * the manifest stay as long as a reference does. What it asks for: the last unref comes when no
 * thread can be inside the connector any more (executors joined), and not from the request path; it
 * may block for the time that the connector's destructors take.
 */
#ifndef FL_GATEWAY_CONNECTOR_MODULE_H
#define FL_GATEWAY_CONNECTOR_MODULE_H

#include <fairlead/plugin.h>
#include <pthread.h>

#include "gateway/connector/host.h"
#include "gateway/connector/manifest.h"

struct fl_modules {
	/* constant after init */
	char *gen_dir; /* state_dir/gen: the private copies */
	unsigned max_retained;
	uint64_t load_limit_ns;
	bool keeps_mappings; /* FAIRLEAD_NO_DLCLOSE=1: sanitizers need the symbols at exit */
	/* guarded by lock */
	pthread_mutex_t lock;
	struct fl_module *live; /* referenced, or pinned: kept for ever */
	uint64_t generations;   /* the newest module's */
	uint64_t loads_total, load_failures_total, unloads_total;
	bool is_stuck; /* a constructor never came back: it holds the loader's lock */
};

/* Empties state_dir/gen (made 0700) and tries whether code can be mapped from there (stage_noexec).
 * max_retained 0: 8. [control] */
FL_MUST_USE int fl_modules_init(struct fl_modules *modules, const char *state_dir,
                                unsigned max_retained, struct fl_error *err);
/* Nobody may hold a reference any more, except zombies: what is still mapped stays so. Accepts a
 * zeroed struct. */
void fl_modules_fini(struct fl_modules *modules);
/* See fl_module_load(). [control]; blocks on the disk and on the connector's constructors, at most
 * load_limit_ns (2 s). */
FL_MUST_USE int fl_modules_load(struct fl_modules *modules, const char *path,
                                struct fl_module **ret, struct fl_error *err);
/* Fills the modules_*, loads_*, load_* and unloads_* members. [any] */
void fl_modules_counts(struct fl_modules *modules, struct fl_host_counts *ret);

/* All: constant while a reference is held. [any] */
const fairlead_plugin *fl_module_plugin(const struct fl_module *module);
uint64_t fl_module_generation(const struct fl_module *module); /* counts mappings, from 1 */
/* 'U': unmapped when the last reference goes; 'P': stays mapped, because it starts threads of its
 * own (then the same bytes are taken up again) or could not be unmapped (then they are mapped
 * anew). */
char fl_module_class(const struct fl_module *module);
/* Request callbacks may run on a worker's own thread: threading is not "serial", and nothing in the
 * file leaves something behind in a thread that outlives the module, or starts one. When false,
 * every callback belongs on threads that are joined before the last unref. */
bool fl_module_is_inline_ok(const struct fl_module *module);

#endif
