/* gateway/config/value.h - durations, sizes and numbers as text
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pure. The parsers return false, *ret untouched, for anything that is not wholly what they read.
 */
#ifndef FL_GATEWAY_CONFIG_VALUE_H
#define FL_GATEWAY_CONFIG_VALUE_H

#include "base/buf.h"
#include "gateway/config/model.h"
#include "gateway/config/tree.h"

/* What a plain scalar is in YAML 1.2's core schema. */
enum fl_cfg_kind fl_cfg_value_kind(struct fl_str text);
/* "250ms", "5s", "1m", "1h" to nanoseconds. */
bool fl_cfg_value_duration(struct fl_str text, uint64_t *ret_ns);
/* "4096", "512B", "64KiB", "1MiB", "1GiB" to bytes. */
bool fl_cfg_value_size(struct fl_str text, uint64_t *ret_bytes);
/* A whole number that is not negative; also 0x and 0o. */
bool fl_cfg_value_count(struct fl_str text, uint64_t *ret);
/* "2027-01-01T00:00:00Z" (RFC 3339, in UTC, whole seconds, 1970 to 2500) to nanoseconds since 1970. */
bool fl_cfg_value_time(struct fl_str text, uint64_t *ret_wall_ns);
/* "100/1m", or "600/min" with s, min, h or d: a count from 1 to a thousand million, and whole seconds
 * from 1s to 24h. */
bool fl_cfg_value_rate(struct fl_str text, struct fl_cfg_rate *ret);
/* The largest unit that leaves no rest: "90s", "1MiB". */
void fl_cfg_value_add_duration(struct fl_buf *out, uint64_t ns);
void fl_cfg_value_add_size(struct fl_buf *out, uint64_t bytes);
/* A number of the core schema as a JSON number; false when JSON has none for it: infinity, not a
 * number, a whole number beyond 64 bits, a fraction beyond a double. */
bool fl_cfg_value_add_number(struct fl_buf *out, enum fl_cfg_kind kind, struct fl_str text);

#endif
