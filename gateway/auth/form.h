/* gateway/auth/form.h - the fields of a form as Twilio signs them
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_AUTH_FORM_H
#define FL_GATEWAY_AUTH_FORM_H

#include "base/arena.h"
#include "base/str.h"

#define FL_FORM_FIELDS_MAX 1024u

/* Names and values of an application/x-www-form-urlencoded body, decoded, sorted by name and value, one
 * behind the other; a field that is there twice with the same value counts once. {NULL,0}: too many
 * fields, or no memory. [any] */
struct fl_str fl_form_sorted(struct fl_arena *arena, struct fl_str body);
/* The value of a field of a query, as it stands there; {NULL,0}: there is none. [any] no memory */
struct fl_str fl_form_raw_value(struct fl_str query, struct fl_str name);

#endif
