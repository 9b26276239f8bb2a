/* gateway/connector/pointer.c - a JSON Pointer (RFC 6901) that grows and shrinks during a walk
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/pointer.h"

#include <stdio.h>

static void add(struct fl_pointer *at, const char *p, size_t n)
{
	if (n <= sizeof at->text - at->n) {
		memcpy(at->text + at->n, p, n);
		at->n += n;
	}
}

size_t fl_pointer_push(struct fl_pointer *at, struct fl_str member)
{
	size_t mark = at->n;

	add(at, "/", 1);
	for (size_t i = 0; i < member.n; i++) {
		if (member.p[i] == '~')
			add(at, "~0", 2);
		else if (member.p[i] == '/')
			add(at, "~1", 2);
		else
			add(at, member.p + i, 1);
	}
	return mark;
}

size_t fl_pointer_push_index(struct fl_pointer *at, size_t index)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%zu", index);

	return fl_pointer_push(at, fl_str_n(text, (size_t)n));
}
