/* gateway/config/describe.h - the table of keys, for people and for editors
 * SPDX-License-Identifier: Apache-2.0
 *
 * docs/configuration.md and docs/man/fairlead.conf.5 hold what the first two print; a test
 * compares. Pure; all calls [any].
 */
#ifndef FL_GATEWAY_CONFIG_DESCRIBE_H
#define FL_GATEWAY_CONFIG_DESCRIBE_H

#include "base/buf.h"

/* A table in Markdown: key, meaning, default. */
void fl_cfg_describe_markdown(struct fl_buf *out);
/* A list in mdoc(7). */
void fl_cfg_describe_man(struct fl_buf *out);
/* A JSON Schema (2020-12) for editors. It says less than the checks do. */
void fl_cfg_describe_schema(struct fl_buf *out);

#endif
