/* policy/ext_text.h - the texts of the extension types
 * SPDX-License-Identifier: Apache-2.0
 *
 * The grammars are the official engine's: policy/ext.h says what they are for. False: not of this
 * type, or out of range.
 */
#ifndef FL_POLICY_EXT_TEXT_H
#define FL_POLICY_EXT_TEXT_H

#include "policy/value.h"

#define FL_CEDAR_MS_PER_DAY INT64_C(86400000)

/* [-]digits.d{1,4}, in ten-thousandths */
bool fl_cedar_decimal_read(struct fl_str s, int64_t *ret);
/* YYYY-MM-DD[Thh:mm:ss[.SSS](Z|(+|-)hhmm)], in milliseconds since the epoch */
bool fl_cedar_datetime_read(struct fl_str s, int64_t *ret);
/* [-][Nd][Nh][Nm][Ns][Nms], at least one, in milliseconds */
bool fl_cedar_duration_read(struct fl_str s, int64_t *ret);
/* An address with or without a prefix length */
bool fl_cedar_ip_read(struct fl_str s, struct fl_cedar_ip *ret);

void fl_cedar_decimal_write(struct fl_buf *out, int64_t v);
/* False, nothing written, outside the years 0000 to 9999. */
bool fl_cedar_datetime_write(struct fl_buf *out, int64_t v);
void fl_cedar_ip_write(struct fl_buf *out, const struct fl_cedar_ip *ip);

/* The start of the day that `ms` is in. False when it is out of range. */
bool fl_cedar_day_floor(int64_t ms, int64_t *ret);

#endif
