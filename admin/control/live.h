/* admin/control/live.h - what serves: a configuration with the connectors that run it
 * SPDX-License-Identifier: Apache-2.0
 *
 * Immutable and shared by reference, so the admin API reads it without waiting for the control
 * thread. The next one is built beside it; what did not change is taken over: an instance whose
 * module and settings are the same stays the generation that it is, a module with the same bytes is
 * not loaded again. A build that fails leaves nothing behind.
 */
#ifndef FL_ADMIN_CONTROL_LIVE_H
#define FL_ADMIN_CONTROL_LIVE_H

#include "admin/control/active.h"
#include "gateway/authorize/bundle.h"
#include "gateway/observe/decision.h"
#include "gateway/config/model.h"
#include "gateway/connector/catalogue.h"
#include "gateway/connector/host.h"

struct fl_live_connector { /* one for each of config->connectors, in that order */
	const struct fl_cfg_connector *wanted;
	struct fl_catalogue_entry found; /* empty: nothing, and nobody uses it */
	size_t used_by;                  /* instances */
	bool is_activated;               /* by hand, instead of the configured version */
};

struct fl_live_instance { /* one for each of config->instances, in that order */
	struct fl_instance *instance;
	unsigned char digest[32]; /* of all that create() was given */
	bool is_new;              /* made by this build, not taken over */
};

struct fl_live {
	_Atomic unsigned refs;
	struct fl_arena arena;
	struct fl_config *config;
	struct fl_live_connector *connectors;
	struct fl_live_instance *instances;
	struct fl_bundle *bundle; /* of the configuration's policies; NULL: it has none */
	struct fl_access_log *decision_log; /* the old one's when the path is the same; or NULL */
	uint64_t revision, since_wall_ns;
	struct fl_str warnings_json; /* an array of problems */
};

struct fl_live_parts { /* all borrowed for the build */
	struct fl_host *host;
	struct fl_catalogue *catalogue;
	struct fl_pipeline *pipeline; /* told of the policies before instances start */
	struct fl_live *old; /* NULL at start */
	struct fl_config *config;
	const struct fl_activations *activations;
	struct fl_str renew; /* this instance gets a new generation in any case; empty: none */
	uint64_t revision;
	unsigned workers;
};

/* Resolves versions, loads modules, compiles the policies, probes every new instance, creates them. All
 * problems at once.
 * 0, or -1 with problems. [control], blocks for what connectors take */
FL_MUST_USE int fl_live_build(const struct fl_live_parts *parts, struct fl_live **ret,
                              struct fl_problems *problems);
/* What was warned of on the way, for GET /v1/status; before anybody else has `live`. False: no memory.
 * [control] */
FL_MUST_USE bool fl_live_keep_warnings(struct fl_live *live, const struct fl_problems *problems);
struct fl_live *fl_live_ref(struct fl_live *live); /* [any] */
/* The last one lets go of the instances, which retires those that nobody else holds. [any] */
struct fl_live *fl_live_unref(struct fl_live *live);
/* NULL when there is none of that name. */
const struct fl_live_connector *fl_live_connector(const struct fl_live *live, struct fl_str id);

#endif
