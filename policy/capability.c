/* policy/capability.c - what attributes and tags are known to be there
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/capability.h"

static bool same_names(const struct fl_cedar_expr *a, const struct fl_cedar_expr *b)
{
	if (a->n_names != b->n_names)
		return false;
	for (uint32_t i = 0; i < a->n_names; i++)
		if (!fl_cedar_name_eq(a->names[i], b->names[i]))
			return false;
	return true;
}

static bool same_expr(const struct fl_cedar_expr *a, const struct fl_cedar_expr *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->n != b->n || !same_names(a, b))
		return false;
	if (a->kind == FL_CEDAR_X_LITERAL)
		return fl_cedar_value_eq(a->value, b->value);
	if ((a->kind == FL_CEDAR_X_VAR && a->var != b->var) ||
	    (a->kind == FL_CEDAR_X_CALL && a->fn != b->fn) ||
	    (a->kind == FL_CEDAR_X_IS && !fl_str_eq(a->type, b->type)))
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!same_expr(a->args[i], b->args[i]))
			return false;
	return true;
}

/* Takes the last attribute off. False when there is none: it is the bare expression then. */
static bool last_attr(struct fl_cedar_access *a, struct fl_cedar_name *ret)
{
	if (a->n > 0) {
		*ret = a->names[--a->n];
		return true;
	}
	if (a->x->kind != FL_CEDAR_X_GET)
		return false;
	*ret = a->x->names[0];
	a->x = a->x->args[0];
	return true;
}

static bool same_access(struct fl_cedar_access a, struct fl_cedar_access b)
{
	struct fl_cedar_name x = {0}, y = {0};

	for (;;) {
		bool has_x = last_attr(&a, &x), has_y = last_attr(&b, &y);

		if (has_x != has_y)
			return false;
		if (!has_x)
			return same_expr(a.x, b.x);
		if (!fl_cedar_name_eq(x, y))
			return false;
	}
}

static bool same(const struct fl_cedar_capability *a, const struct fl_cedar_capability *b)
{
	if ((a->tag == NULL) != (b->tag == NULL))
		return false;
	return (a->tag == NULL ? fl_cedar_name_eq(a->attr, b->attr) : same_expr(a->tag, b->tag)) &&
	       same_access(a->on, b->on);
}

bool fl_cedar_caps_have(const struct fl_cedar_capability *caps,
                        const struct fl_cedar_capability *wanted)
{
	for (; caps != NULL; caps = caps->next)
		if (same(caps, wanted))
			return true;
	return false;
}

const struct fl_cedar_capability *fl_cedar_caps_add(struct fl_arena *arena,
                                                    const struct fl_cedar_capability *caps,
                                                    struct fl_cedar_capability cap)
{
	struct fl_cedar_capability *more;

	if (fl_cedar_caps_have(caps, &cap))
		return caps;
	more = fl_arena_alloc(arena, sizeof *more);
	if (more == NULL)
		return caps;
	*more = cap;
	more->next = caps;
	return more;
}

const struct fl_cedar_capability *fl_cedar_caps_union(struct fl_cedar_checker *c,
                                                      const struct fl_cedar_capability *a,
                                                      const struct fl_cedar_capability *b)
{
	if (b == NULL || a == b)
		return a;
	if (a == NULL)
		return b;
	for (; b != NULL; b = b->next)
		a = fl_cedar_caps_add(c->arena, a, *b);
	return a;
}

const struct fl_cedar_capability *fl_cedar_caps_both(struct fl_arena *arena,
                                                     const struct fl_cedar_capability *a,
                                                     const struct fl_cedar_capability *b)
{
	const struct fl_cedar_capability *both = NULL;

	for (; a != NULL; a = a->next)
		if (fl_cedar_caps_have(b, a))
			both = fl_cedar_caps_add(arena, both, *a);
	return both;
}
