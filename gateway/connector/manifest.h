/* gateway/connector/manifest.h - what a connector says about itself
 * SPDX-License-Identifier: Apache-2.0
 *
 * Read from the JSON text of the section .fairlead.manifest, without running the connector. All that
 * is wrong is told at once. Unknown members are ignored and listed in `unknown`, so that a manifest
 * may be newer than the host. Everything in the struct lives as long as it, and nothing changes after
 * parsing: [any] may read.
 */
#ifndef FL_GATEWAY_CONNECTOR_MANIFEST_H
#define FL_GATEWAY_CONNECTOR_MANIFEST_H

#include "base/error.h"

#define FL_MANIFEST_MAX_BYTES (1u << 20)
#define FL_MANIFEST_ID_MAX 128u
#define FL_MANIFEST_VERSION_MAX 64u
#define FL_MANIFEST_ACTIONS_MAX 1000u
#define FL_MANIFEST_METRICS_MAX 32u
#define FL_MANIFEST_METRIC_NAME_MAX 64u
#define FL_MANIFEST_LIST_MAX 256u /* items of any other list */

enum fl_manifest_threading {
	FL_THREADING_SERIAL, FL_THREADING_SHARDED, FL_THREADING_PARALLEL,
};
enum fl_manifest_retry {
	FL_RETRY_UNSAFE, FL_RETRY_IDEMPOTENT, FL_RETRY_SAFE,
};

struct fl_manifest_strings {
	const struct fl_str *items;
	size_t n;
};

struct fl_manifest_action {
	struct fl_str name, title, description;
	struct fl_str input_json, output_json; /* JSON Schema as compact JSON; empty: none */
	enum fl_manifest_retry retry;
	uint64_t timeout_ns; /* 0: the instance's */
};

struct fl_manifest_event {
	struct fl_str type, schema_json;
};

struct fl_manifest_metric {
	struct fl_str name, help;
	bool is_gauge;
};

struct fl_manifest {
	struct fl_str id, version;
	uint64_t abi_major, abi_min_minor;
	struct fl_manifest_strings required, optional; /* extension ids */
	enum fl_manifest_threading threading;
	bool may_inproc, may_worker;
	uint64_t max_instances; /* 0: no limit */
	struct fl_str config_schema_json; /* empty: anything goes */
	const struct fl_manifest_action *actions;
	size_t actions_n;
	const struct fl_manifest_event *events;
	size_t events_n;
	const struct fl_manifest_metric *metrics;
	size_t metrics_n;
	struct { /* what it wants; the operator grants */
		struct fl_manifest_strings egress, secrets;
		uint64_t kv_quota, exec_workers; /* 0: the default */
		bool threads;
	} permissions;
	uint64_t state_schema; /* 0: exports no state */
	const uint64_t *state_accepts; /* schemas that it can import */
	size_t state_accepts_n;
	uint64_t limit_mem, limit_cpu_ms, limit_fds; /* 0: none asked for */
	struct fl_str webhooks_json; /* verification recipes, as compact JSON; empty: none */
	struct fl_str maintainer, license, source, docs;
	struct fl_manifest_strings unknown; /* JSON Pointers of members that were ignored */
	struct fl_arena arena;
};

/* Fills *ret when the text is a JSON object at all, as far as it goes; NULL otherwise (then there is
 * a problem). Use it for more than showing only when `problems` got no error. */
struct fl_manifest *fl_manifest_parse(struct fl_str json, struct fl_problems *problems);
struct fl_manifest *fl_manifest_destroy(struct fl_manifest *manifest);
/* The index of an action, or -1. */
int fl_manifest_action_index(const struct fl_manifest *manifest, struct fl_str name);
/* Does it ask for this extension, in `requires` or `optional`? Only then is it granted. */
bool fl_manifest_asks_for(const struct fl_manifest *manifest, struct fl_str extension);
/* Lower-case letters, digits, "-" and "_" in parts joined by dots, each beginning with a letter. */
bool fl_manifest_is_id(struct fl_str id);

#endif
