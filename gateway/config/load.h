/* gateway/config/load.h - one file of a load, from its path to its tree
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONFIG_LOAD_H
#define FL_GATEWAY_CONFIG_LOAD_H

#include "gateway/config/tree.h"

/* Reads and parses `path`, which messages call `name`. `from` is the value that names it, NULL for
 * the first file. NULL, and noted, when it cannot be; a file that was read already is noted too. */
struct fl_cfg_node *fl_cfg_load_one(struct fl_cfg_load *load, const char *path, const char *name,
				    const struct fl_cfg_node *from);

#endif
