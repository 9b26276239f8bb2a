/* gateway/connector/stage.h - private: copies of connectors that nobody else can change
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bytes that were checked are the bytes that are mapped: they are written to a file of their
 * own, under a path that no other mapping ever had, in a folder that only we may enter. All
 * [control]; block on the disk.
 */
#ifndef FL_GATEWAY_CONNECTOR_STAGE_H
#define FL_GATEWAY_CONNECTOR_STAGE_H

#include "base/error.h"
#include "base/macros.h"

/* Makes `gen_dir` (0700), empties it, and maps a page from it as code to see whether that works.
 * Codes: stage_unwritable, stage_full, stage_noexec. */
FL_MUST_USE int fl_stage_init(const char *gen_dir, struct fl_error *err);
/* Writes gen_dir/NAME/plugin.so; *ret_path is the caller's to free. Codes as above. */
FL_MUST_USE int fl_stage_put(const char *gen_dir, const char *name, struct fl_str bytes,
                             char **ret_path, struct fl_error *err);
/* Removes a copy and its folder. */
void fl_stage_drop(const char *path);

#endif
