/* gateway/connector/import.h - functions of libc that a connector may not use
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONNECTOR_IMPORT_H
#define FL_GATEWAY_CONNECTOR_IMPORT_H

#include "base/str.h"

enum fl_import_kind {
	FL_IMPORT_FORBIDDEN,
	FL_IMPORT_THREADS,      /* only with permissions.threads */
	FL_IMPORT_MARKS_THREAD, /* leaves something behind in the thread that calls it */
};

struct fl_import_rule {
	enum fl_import_kind kind;
	const char *why, *hint;
};

/* NULL: it may be used. */
const struct fl_import_rule *fl_import_rule(struct fl_str function);
/* "2.36"; NULL where the C library is not glibc. */
const char *fl_host_libc_version(void);

#endif
