/* gateway/config/glob.h - the files that a value names
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONFIG_GLOB_H
#define FL_GATEWAY_CONFIG_GLOB_H

#include "gateway/config/tree.h"

typedef void (*fl_cfg_file_fn)(void *ctx, struct fl_cfg_node *item, struct fl_str path);

/* Calls `fn` for each path that matches the pattern in `item`, in the order of names; for what is
 * no pattern once, whether the file is there or not. Relative ones start at the folder of the file
 * that holds `item`. Returns how many; 0: a pattern without a match. Where files may not be read
 * that is noted, and counts as one. [control] */
size_t fl_cfg_each_file(struct fl_cfg_load *load, struct fl_cfg_node *item, fl_cfg_file_fn fn,
                        void *ctx);
/* Messages name the file as the one that names it is named: relative stays relative. In scratch. */
struct fl_str fl_cfg_shown_name(struct fl_cfg_load *load, const struct fl_cfg_node *item,
                                struct fl_str path);

#endif
