/* gateway/connector/pointer.h - a JSON Pointer (RFC 6901) that grows and shrinks during a walk
 * SPDX-License-Identifier: Apache-2.0
 *
 *	size_t mark = fl_pointer_push(&at, FL_STR("actions"));
 *	...				// at.text is "/actions"
 *	fl_pointer_pop(&at, mark);
 */
#ifndef FL_GATEWAY_CONNECTOR_POINTER_H
#define FL_GATEWAY_CONNECTOR_POINTER_H

#include "base/str.h"

struct fl_pointer { /* a zeroed one is the whole document; what is too long is cut */
	char text[512];
	size_t n;
};

/* Returns the mark to pop to. */
size_t fl_pointer_push(struct fl_pointer *at, struct fl_str member);
size_t fl_pointer_push_index(struct fl_pointer *at, size_t index);

static inline void fl_pointer_pop(struct fl_pointer *at, size_t mark)
{
	at->n = mark;
}

static inline struct fl_str fl_pointer_str(const struct fl_pointer *at)
{
	return fl_str_n(at->text, at->n);
}

#endif
