/* admin/control/active.h - which connector versions were activated by hand
 * SPDX-License-Identifier: Apache-2.0
 *
 * An activation through the API holds over restarts and over the version that the configuration
 * asks for, until the configuration's entry for that connector changes: so a reload of an unchanged
 * file never undoes an activation, and an edited file always counts. Kept in
 * data_dir/connectors/active.json, replaced as a whole by rename(2).
 */
#ifndef FL_ADMIN_CONTROL_ACTIVE_H
#define FL_ADMIN_CONTROL_ACTIVE_H

#include "gateway/config/model.h"
#include "gateway/connector/manifest.h"

#define FL_ACTIVATIONS_MAX 1024u

struct fl_activation {
	char id[FL_MANIFEST_ID_MAX + 1], version[FL_MANIFEST_VERSION_MAX + 1];
	char sha256[65]; /* hex */
	char entry[65];  /* fl_activation_entry() when it was made */
};

struct fl_activations { /* a zeroed struct is an empty list */
	struct fl_activation *items;
	size_t n;
};

/* Stands for what the configuration says about a connector: hex, changes when that does. */
void fl_activation_entry(const struct fl_cfg_connector *connector, char ret[65]);
/* Reads the file; none is an empty list. -1: activations_unreadable, file_*. [control], blocks */
FL_MUST_USE int fl_activations_load(const char *path, struct fl_activations *ret,
                                    struct fl_error *err);
/* Durable when it returns 0; else (file_unwritable) the old file is as it was. [control], blocks */
FL_MUST_USE int fl_activations_save(const char *path, const struct fl_activations *list,
                                    struct fl_error *err);
/* Deep. */
FL_MUST_USE int fl_activations_copy(const struct fl_activations *from, struct fl_activations *ret);
/* Adds, or replaces the one of the same id. -ENOMEM or -E2BIG leave the list as it was. */
FL_MUST_USE int fl_activations_put(struct fl_activations *list, const struct fl_activation *item);
/* Drops those whose connector the configuration now speaks of differently, or not at all; true when
 * there was one. */
bool fl_activations_prune(struct fl_activations *list, const struct fl_config *config);
/* NULL when there is none. */
const struct fl_activation *fl_activations_find(const struct fl_activations *list,
                                                struct fl_str id);
void fl_activations_fini(struct fl_activations *list);

#endif
