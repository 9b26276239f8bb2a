/* gateway/authorize/build.h - private: how a bundle is made
 * SPDX-License-Identifier: Apache-2.0
 *
 *	schema.c	configuration -> schema text; with the operator's own -> schema
 *	facts.c		configuration and the operator's JSON -> entities
 *	policies.c	policies, links, obligations -> sets
 *	mute.c		who could not speak under these policies
 *	bundle.c	the whole
 *
 * Each step tells all that is wrong with it and goes on as far as it makes sense.
 */
#ifndef FL_GATEWAY_AUTHORIZE_BUILD_H
#define FL_GATEWAY_AUTHORIZE_BUILD_H

#include "gateway/authorize/bundle.h"

/* Memory of a schema, of the entities, of the bundle's own and of each set of policies: a bundle
 * comes from somebody else, too. Texts are bounded by gateway/config/limits.h. */
#define FL_BUNDLE_SCHEMA_BYTES_MAX ((size_t)64 << 20)
#define FL_BUNDLE_ENTITIES_BYTES_MAX ((size_t)512 << 20)
#define FL_BUNDLE_BYTES_MAX ((size_t)256 << 20)
#define FL_BUNDLE_SET_BYTES_MAX ((size_t)1 << 30)

struct fl_bundle_build {
	struct fl_bundle *bundle; /* so far */
	const struct fl_config *config;
	const struct fl_bundle_connector *connectors; /* NULL: nothing is known of any */
	struct fl_problems *problems;
};

/* The id of Gw::Action for the connector's action of a route: "connector/action". */
struct fl_str fl_bundle_action_name(const struct fl_config *config,
                                    const struct fl_cfg_route *route, struct fl_arena *arena);
/* False, and told. */
bool fl_bundle_make_schema(struct fl_bundle_build *b);
bool fl_bundle_make_entities(struct fl_bundle_build *b);
/* Without a schema they are not validated. */
bool fl_bundle_make_policies(struct fl_bundle_build *b, bool has_schema);

/* Warns (policy_no_egress) of instances whose connector may ask the network for something, and no permit
 * would ever let it. */
void fl_bundle_tell_mute(struct fl_bundle_build *b);

/* Problems that the language library told since `*since` was problems->tail get the code that the
 * gateway knows them by, and how to mend them. */
void fl_bundle_translate(struct fl_problems *problems, struct fl_problem **since);
/* The same for what was told of schemas; of links. */
void fl_bundle_translate_schema(struct fl_problem **since);
void fl_bundle_translate_links(struct fl_problem **since);

#endif
