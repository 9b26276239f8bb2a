/* gateway/connector/mapping.h - private: dlopen() and what is checked after it
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONNECTOR_MAPPING_H
#define FL_GATEWAY_CONNECTOR_MAPPING_H

#include <fairlead/plugin.h>

#include "gateway/connector/check.h"

struct fl_mapping {
	void *handle;
	fairlead_plugin plugin; /* a copy, zero beyond what the connector has */
};

enum { FL_MAPPING_STUCK = 1 };
/* Maps the file, runs its constructors and its entry function on a thread that is given up after
 * `limit_ns`, then checks what it got: a mapping that was not there before, the build id that was
 * verified, a sound function table that agrees with the manifest. 0; -1 with load_* or abi_*;
 * FL_MAPPING_STUCK with load_timeout: a constructor hangs and holds the loader's lock, so nothing
 * can be loaded any more. [control] */
FL_MUST_USE int fl_mapping_open(const char *path, const struct fl_connector_file *file,
                                uint64_t limit_ns, struct fl_mapping *ret, struct fl_error *err);
/* `path` as it was opened. False: it is still mapped. Blocks on the connector's destructors. */
FL_MUST_USE bool fl_mapping_close(struct fl_mapping *mapping, const char *path);
/* Is a file mapped that was opened under this path? [any] */
bool fl_mapping_is_there(const char *path);

#endif
