/* gateway/connector/host.h - loading connectors, making instances of them, retiring both
 * SPDX-License-Identifier: Apache-2.0
 *
 * The only folder that includes libdl. Two counters: a *module* is one mapping of connector code
 * (module generation); an *instance* is one configured life (instance generation) on a module. New
 * configuration makes a new instance on the same module; only new bytes cause a dlopen.
 * Control-plane calls are [control]: one control thread, may block within the stated limits.
 * The request path is in call.h.
 */
#ifndef FL_GATEWAY_CONNECTOR_HOST_H
#define FL_GATEWAY_CONNECTOR_HOST_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "gateway/loop/loop.h"
#include "gateway/observe/metric.h"
#include "gateway/outbound/client.h"

struct fl_host;
struct fl_module;
struct fl_instance;
struct fl_manifest; /* manifest.h */

/* Appends a secret's value at send time; false when there is none of that name. The buffer is wiped
 * by whoever owns it. [any] */
typedef bool (*fl_host_secret_fn)(void *ctx, struct fl_str name, struct fl_buf *out);

/* What an instance is about to do that leaves the gateway, inside what its manifest asks for and the
 * operator grants. All is borrowed for the call. */
struct fl_call;
struct fl_host_deed {
	unsigned worker; /* whose loop asks */
	const char *instance;
	uint64_t generation; /* of the instance: newer ones have larger numbers */
	const struct fl_outbound_target *target; /* an HTTP request to it; NULL: */
	struct fl_str secret; /* this secret is put into one */
	uint64_t bytes; /* of the request's body */
	/* The request that it works on, on this worker and not cancelled; NULL: none (a timer's, one from
	 * start()), or one that is over. */
	const struct fl_call *call;
};
/* May it? Always on the loop of a worker, whatever thread the connector called from: what is asked for
 * from another thread is decided when it has come to its worker. Never blocks. False: the connector is
 * told FAIRLEAD_E_DENIED; whoever says so logs why. [loop] */
typedef bool (*fl_host_may_fn)(void *ctx, const struct fl_host_deed *deed);

struct fl_host_config {
	const char *state_dir; /* private copies of connectors go to state_dir/gen; made 0700 */
	unsigned workers;
	struct fl_metrics *metrics;
	fl_host_secret_fn secret;
	void *secret_ctx;
	fl_host_may_fn may; /* NULL: all that is granted */
	void *may_ctx;
	/* 0: 1 s, 30 s, 5 s, 1 s, 30 s; a callback that is inside for 5 s is stuck */
	uint64_t create_limit_ns, ready_limit_ns, stop_limit_ns, destroy_limit_ns, drain_limit_ns,
	    stuck_limit_ns;
	unsigned max_retained; /* class P mappings per connector id; 0: 8 */
};

FL_MUST_USE int fl_host_create(const struct fl_host_config *config, struct fl_host **ret,
			       struct fl_error *err);
/* Retires everything first; what will not stop is left as a zombie. */
struct fl_host *fl_host_destroy(struct fl_host *host);
/* Tells the host about worker `index`'s loop and outbound client, before the first dispatch.
 * The worker must outlive every instance (detach: fl_host_destroy). [control, before traffic] */
void fl_host_attach_worker(struct fl_host *host, unsigned index, struct fl_loop *loop,
			   struct fl_outbound *client);

/* ---- modules ---- */

/* Checks the file without running it, copies it to a private place, maps it, checks again. The same
 * bytes as a live module: that module, one reference more. Error codes: see connector docs (elf_*,
 * manifest_*, abi_*, stage_*, load_*). */
FL_MUST_USE int fl_module_load(struct fl_host *host, const char *path, struct fl_module **ret,
			       struct fl_error *err);
struct fl_module *fl_module_ref(struct fl_module *module);
/* The last reference (instances hold one each) unloads: class U is unmapped and proven gone. */
struct fl_module *fl_module_unref(struct fl_module *module);
const struct fl_manifest *fl_module_manifest(const struct fl_module *module);
const char *fl_module_digest(const struct fl_module *module); /* SHA-256, hex */

/* ---- instances ---- */

struct fl_instance_spec { /* copied */
	struct fl_str name, config_json;
	uint64_t timeout_ns; /* default deadline of a call */
	uint32_t max_concurrent; /* calls at once over all workers; 0: 1024 */
	struct fl_outbound_policy egress; /* its pool number is set by the host */
	const struct fl_str *secrets; /* names it may reference */
	size_t secrets_n;
	uint32_t exec_workers, max_timers;
	size_t kv_quota_bytes;
};

/* create() and start() until ready, within the limits. On error nothing is left behind. The first
 * reference is the caller's. Error codes instance_* with what the connector said. */
FL_MUST_USE int fl_instance_create(struct fl_host *host, struct fl_module *module,
				   const struct fl_instance_spec *spec, struct fl_instance **ret,
				   struct fl_error *err);
/* create() and destroy() only, with mode PROBE: does this configuration work with this code? */
FL_MUST_USE int fl_instance_probe(struct fl_host *host, struct fl_module *module,
				  const struct fl_instance_spec *spec, struct fl_error *err);
/* References are held by the control plane and by each snapshot that routes to it. [any] */
struct fl_instance *fl_instance_ref(struct fl_instance *instance);
/* The last reference starts the retirement, in the background: quiesce, wait until nothing is owed
 * (drain limit), stop, destroy, join executors, module unref. Never blocks. [any] */
struct fl_instance *fl_instance_unref(struct fl_instance *instance);
const char *fl_instance_name(const struct fl_instance *instance);
uint64_t fl_instance_generation(const struct fl_instance *instance); /* counts instances, from 1 */
struct fl_module *fl_instance_module(const struct fl_instance *instance);

/* ---- what is there ---- */

enum fl_instance_state {
	FL_INSTANCE_STARTING, FL_INSTANCE_RUNNING, FL_INSTANCE_QUIESCING, FL_INSTANCE_STOPPING,
	FL_INSTANCE_GONE, FL_INSTANCE_FAULTED, FL_INSTANCE_ZOMBIE,
};

/* "running", ... as the admin API and metrics call it. */
const char *fl_instance_state_name(enum fl_instance_state state);

struct fl_instance_info { /* borrowed for the callback */
	const char *name, *connector_id, *connector_version, *digest;
	uint64_t generation, module_generation;
	enum fl_instance_state state;
	uint64_t in_flight, owed, calls_total, failures_total, contract_violations_total,
	    late_replies_total, cancelled_total, log_dropped_total;
	bool is_inline;
	char class_letter; /* 'U' or 'P' */
};
typedef void (*fl_instance_info_fn)(void *ctx, const struct fl_instance_info *info);
void fl_host_each_instance(struct fl_host *host, fl_instance_info_fn fn, void *ctx); /* [any] */

struct fl_host_counts {
	uint64_t modules_live, modules_pinned, instances_live, instances_draining, zombies;
	uint64_t loads_total, load_failures_total, unloads_total;
};
void fl_host_counts(struct fl_host *host, struct fl_host_counts *ret); /* [any] */
/* Waits until no retirement is under way; false on timeout. For shutdown and tests. [control] */
bool fl_host_wait_idle(struct fl_host *host, uint64_t timeout_ns);

#endif
