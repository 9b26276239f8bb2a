/* gateway/pipeline/snapshot.h - what the workers read: desired state, compiled
 * SPDX-License-Identifier: Apache-2.0
 *
 * Immutable. Built by the control thread from a checked configuration and running instances;
 * published through fl_pipeline_publish(). When the last worker has let go of it, it is freed, which
 * drops its references to instances.
 */
#ifndef FL_GATEWAY_PIPELINE_SNAPSHOT_H
#define FL_GATEWAY_PIPELINE_SNAPSHOT_H

#include "gateway/auth/auth_key.h"
#include "gateway/authorize/bundle.h"
#include "gateway/config/model.h"
#include "gateway/connector/host.h"
#include "gateway/observe/decision.h"
#include "gateway/observe/metric.h"

#define FL_SNAPSHOT_TIMEOUT_NS (30 * FL_NS_PER_SEC) /* where neither route nor instance says */

struct fl_snapshot;

struct fl_snapshot_parts {
	struct fl_config *config; /* the snapshot takes a reference of its own */
	/* One for each of config->instances, in that order; the snapshot takes references of its
	 * own. An entry may be NULL when no route leads to it. */
	struct fl_instance *const *instances;
	struct fl_metrics *metrics;
	/* Outlives the snapshot; NULL: nobody can be known. */
	const struct fl_auth_key *auth_key;
	/* Outlives the snapshot; NULL: deliveries of webhooks may come twice. */
	struct fl_replay *replay;
	/* Policies of `config`, a reference is taken. NULL: whoever is let in by its route is allowed. */
	struct fl_bundle *bundle;
	/* NULL: decisions are not logged. The snapshot takes a reference. */
	struct fl_access_log *decision_log;
};

/* Compiles the route table, resolves actions. Problems: route_* (see route/table.h),
 * action_unknown (with "did you mean"), route_path_refused; and the warning credential_foreign. NULL when there was an error.
 * [control] */
struct fl_snapshot *fl_snapshot_build(const struct fl_snapshot_parts *parts,
				      struct fl_problems *problems);
/* The same problems without anything loaded: `manifests` has one for each of config->connectors, NULL
 * where it is not known (its actions are not checked then). [any] */
void fl_snapshot_check(const struct fl_config *config, const struct fl_manifest *const *manifests,
                       struct fl_problems *problems);
/* For one that was never published. Accepts NULL. [control] */
struct fl_snapshot *fl_snapshot_destroy(struct fl_snapshot *snapshot);
const struct fl_config *fl_snapshot_config(const struct fl_snapshot *snapshot);

#endif
