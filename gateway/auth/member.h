/* gateway/auth/member.h - one member of a JSON object, without reading the rest into memory
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_AUTH_MEMBER_H
#define FL_GATEWAY_AUTH_MEMBER_H

#include "base/str.h"

#define FL_MEMBER_DEPTH_MAX 64u

/* The value of the member of this name, as it stands there; of a string without its quotes, and only
 * if it holds no escape. False: the text is no object, has none or two of that name, or is nested
 * deeper than FL_MEMBER_DEPTH_MAX. A name that is written with escapes is another name. For text
 * whose sender is known: what is between values is not checked. [any] no memory */
bool fl_member_string(struct fl_str json, struct fl_str name, struct fl_str *ret);
bool fl_member_number(struct fl_str json, struct fl_str name, uint64_t *ret);

#endif
