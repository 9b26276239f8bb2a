/* gateway/pipeline/compiled.h - private: what a snapshot is made of
 * SPDX-License-Identifier: Apache-2.0
 *
 * Immutable but for the shares, each of which belongs to one worker.
 */
#ifndef FL_GATEWAY_PIPELINE_COMPILED_H
#define FL_GATEWAY_PIPELINE_COMPILED_H

#include <fairlead/plugin.h>
#include <stdatomic.h>

#include "gateway/auth/method.h"
#include "gateway/limit/limit.h"
#include "gateway/loop/loop.h"
#include "gateway/pipeline/snapshot.h"
#include "gateway/route/table.h"

#define FL_SNAPSHOT_NAME_NEAR 24u

/* What the request path needs of a route, looked up once. Two cache lines: of many routes, one that
 * is asked now and then is in no cache. */
struct fl_snapshot_route {
	_Alignas(128) fairlead_str name; /* in name_text when it fits */
	fairlead_str action; /* the manifest's, which the routes of a connector share */
	struct fl_str instance_name;
	struct fl_instance *instance; /* held by the snapshot */
	struct fl_metric_route_shard *metric; /* of worker 0: fl_metric_route_shard() */
	uint64_t max_body_bytes, timeout_ns; /* never 0 */
	bool allow_encoded_slash;
	uint8_t auth; /* bits of enum fl_cfg_auth */
	const struct fl_auth_list *methods; /* that it takes besides; NULL: none */
	const struct fl_limit_list *limits; /* NULL: none */
	char name_text[FL_SNAPSHOT_NAME_NEAR];
};

/* What one worker has to do with a snapshot. */
struct fl_snapshot_share {
	/* the worker's loop */
	_Alignas(64) uint64_t requests; /* that hold it */
	bool is_retired; /* no request will take it any more */
	/* immutable once published, but for the task, which is the loop's */
	struct fl_snapshot *snapshot;
	struct fl_pipeline_worker *worker;
	struct fl_loop_task retire;
};

struct fl_snapshot {
	struct fl_config *config; /* a reference */
	struct fl_instance **instances; /* references; config->instances_n, some NULL */
	struct fl_snapshot_route *routes; /* config->routes_n */
	struct fl_credentials *credentials; /* of the config's consumers */
	struct fl_auth *auth; /* methods of the config */
	struct fl_replay *replay; /* outlives it */
	struct fl_limits *limits; /* of the config */
	uint64_t newest_generation; /* of its instances */
	struct fl_bundle *bundle; /* a reference; NULL: no policies */
	struct fl_access_log *decision_log; /* a reference, or NULL */
	struct fl_route_table *table; /* a match's target is a struct fl_snapshot_route */
	/* once published */
	struct fl_snapshot_share *shares; /* one for each worker */
	_Atomic unsigned holders; /* workers that have not let go */
	uint64_t replaced_by; /* number of the publication that retires it */
	struct fl_snapshot *next_dead; /* guarded by the pipeline's lock */
};

/* `n` of them, zeroed, and one more, so that none is not "no memory"; free(). [any] */
struct fl_snapshot_route *fl_snapshot_make_routes(size_t n);
/* The table of the configuration's routes; the target of each is its own in `targets`. NULL when there
 * was an error. [any] */
struct fl_route_table *fl_snapshot_table(const struct fl_config *config,
					 const struct fl_snapshot_route *targets,
					 struct fl_problems *problems);

/* The worker of this share needs the snapshot no more; the last one hands it to the reaper. The
 * share is invalid afterwards. [loop of the worker] */
void fl_snapshot_let_go(struct fl_snapshot_share *share);

#endif
