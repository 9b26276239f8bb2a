/* gateway/authorize/redact.h - takes members out of a JSON text
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_AUTHORIZE_REDACT_H
#define FL_GATEWAY_AUTHORIZE_REDACT_H

#include "base/arena.h"

/* What the pointers (RFC 6901, not "") lead to is not in *ret; all else is, byte for byte but for
 * blanks beside what was taken out. A pointer that leads nowhere takes nothing. False, *ret
 * untouched: the text is no JSON in the strict sense of policy/json.h (UTF-8, no key twice in an
 * object, at most FL_CEDAR_JSON_DEPTH_MAX levels), so that readers could differ on what is in it;
 * or the arena, in which all is done, is full. Takes about 50 bytes a value. [any] */
bool fl_redact(struct fl_str json, const struct fl_str *pointers, size_t pointers_n,
               struct fl_arena *arena, struct fl_str *ret);

#endif
