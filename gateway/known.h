/* gateway/known.h - what is known of a configuration's connectors without loading them
 * SPDX-License-Identifier: Apache-2.0
 *
 * For commands that look and do not serve. Manifests are read out of the files; no code of a
 * connector is run, no folder is made.
 */
#ifndef FL_GATEWAY_KNOWN_H
#define FL_GATEWAY_KNOWN_H

#include "gateway/authorize/bundle.h"
#include "gateway/connector/catalogue.h"

struct fl_known {
	struct fl_catalogue *catalogue;
	size_t n; /* of config->connectors */
	/* one for each of them; NULL: not known */
	struct fl_manifest **manifests;
	struct fl_bundle_connector *connectors; /* the same, for policies */
};

/* Connectors that are not found are told in `problems`, whose arena `known` borrows from. -1: the
 * folders of connectors cannot be read, or no memory; *err says which. fini is due either way.
 * Blocks. */
FL_MUST_USE int fl_known_init(struct fl_known *known, const struct fl_config *config,
                              struct fl_problems *problems, struct fl_error *err);
void fl_known_fini(struct fl_known *known);

#endif
