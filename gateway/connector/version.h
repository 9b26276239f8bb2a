/* gateway/connector/version.h - private: the symbol versions that a connector needs and defines
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONNECTOR_VERSION_H
#define FL_GATEWAY_CONNECTOR_VERSION_H

#include "gateway/connector/elf.h"

struct fl_versions {
	uint64_t known[512]; /* a bit an index that a symbol may name */
};

/* A version that it needs ("GLIBC_2.34") of a library. */
typedef void (*fl_version_fn)(void *ctx, struct fl_str library, struct fl_str name);
/* False when a list is not all there, or not as the loader expects it: it looks at nothing. */
FL_MUST_USE bool fl_versions_read(const struct fl_elf *elf, struct fl_versions *ret,
                                  fl_version_fn fn, void *ctx);
bool fl_versions_has(const struct fl_versions *versions, uint16_t index);

#endif
