/* gateway/authorize/bundle.h - the policies of a configuration, compiled
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bundle is the schema (made from configuration and manifests, and the operator's own), the
 * policies, the entities that do not change with a request, and the obligations. Immutable; shared
 * by reference between the live set and the snapshots that decide with it.
 */
#ifndef FL_GATEWAY_AUTHORIZE_BUNDLE_H
#define FL_GATEWAY_AUTHORIZE_BUNDLE_H

#include "gateway/authorize/obligation.h"
#include "gateway/config/model.h"
#include "gateway/route/table.h"
#include "policy/cedar.h"

struct fl_context;
struct fl_manifest;

struct fl_bundle_connector { /* what is known of one of config->connectors; all borrowed */
	const struct fl_manifest *manifest; /* NULL: not known */
	struct fl_str sha256; /* of its file, in hex; "": not known */
	bool is_shipped; /* with fairlead */
};

struct fl_bundle_policy { /* what the gateway knows of a policy, beside what Cedar does */
	struct fl_str id; /* its @id, else policyN */
	const char *file;
	uint32_t line;
	bool is_forbid;
	const struct fl_obligation *obligations;
	size_t obligations_n;
};

struct fl_bundle_set { /* policies that are looked at together */
	struct fl_cedar_set *set; /* NULL: there are none */
	const struct fl_bundle_policy *policies; /* by fl_cedar_row.index */
	size_t policies_n;
	bool has_duties; /* some permit has obligations; fl_decide_prepare() */
	bool names_connectors; /* some scope names a type of Conn; fl_decide_prepare() */
};

struct fl_bundle {
	_Atomic unsigned refs;
	struct fl_arena arena; /* of all that is below */
	unsigned char digest[32]; /* of all that it was made from */
	uint64_t since_wall_ns; /* since when policies of this digest decide */
	struct fl_config *config; /* a reference: indexes below are its */
	struct fl_cedar_schema *schema;
	struct fl_cedar_entities *entities;
	struct fl_bundle_set active, shadow; /* @mode("shadow") is never decided with */
	const struct fl_context *context; /* fl_decide_prepare() */

	/* names of what a request can be about; in `entities` */
	const struct fl_cedar_uid *anonymous; /* Gw::Anonymous::"anonymous" */
	const struct fl_cedar_uid **consumers; /* Gw::Consumer, by config->consumers */
	const struct fl_cedar_uid **routes; /* Gw::Route, by config->routes */
	/* Gw::Action of the connector's action, by route; NULL: it is decided by method */
	const struct fl_cedar_uid **route_actions;
	const struct fl_cedar_uid *methods[FL_METHOD_N]; /* Gw::Action; NULL: no such action */
	const struct fl_cedar_uid **connectors; /* Conn::Connector of that name, by config->instances */
	const struct fl_cedar_uid **secrets; /* Conn::Secret, by config->secrets */
	const struct fl_cedar_uid *egress, *secret_read; /* Conn::Action */
};

/* Makes it from config->policies. `connectors` has one for each of config->connectors; NULL: nothing
 * is known of any. `old` (may be NULL) is returned with one more reference when it was made from the
 * same: this very configuration, and connectors that do not differ in what policies see. Problems: policy_* with file, line and column; all at once. NULL when there was an error, or
 * when config->policies is not given (then without a problem). [control] */
struct fl_bundle *fl_bundle_build(struct fl_config *config,
				  const struct fl_bundle_connector *connectors,
				  struct fl_bundle *old, struct fl_problems *problems);
/* The schema that is made of the configuration, in Cedar syntax; the operator's own are not in it.
 * [any] */
void fl_bundle_schema_text(const struct fl_config *config,
			   const struct fl_bundle_connector *connectors, struct fl_buf *out);
struct fl_bundle *fl_bundle_ref(struct fl_bundle *bundle); /* [any] */
struct fl_bundle *fl_bundle_unref(struct fl_bundle *bundle); /* accepts NULL; returns NULL. [any] */

#endif
