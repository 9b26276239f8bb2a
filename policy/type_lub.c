/* policy/type_lub.c - the least type that two types are of
 * SPDX-License-Identifier: Apache-2.0
 *
 * Strict: records of the same attributes, entities of the same type; only Bools have a type above
 * them that is not themselves.
 */
#include "policy/typecheck.h"

static const struct fl_cedar_type ty_bool = {.kind = FL_CEDAR_TY_BOOL};

bool fl_cedar_type_is_bool(const struct fl_cedar_type *type)
{
	return type->kind == FL_CEDAR_TY_BOOL || type->kind == FL_CEDAR_TY_TRUE ||
	       type->kind == FL_CEDAR_TY_FALSE;
}

static const struct fl_cedar_type *
lub_records(struct fl_arena *arena, const struct fl_cedar_type *a, const struct fl_cedar_type *b)
{
	struct fl_cedar_attr *attrs;
	struct fl_cedar_type *t;

	if (a->n != b->n)
		return NULL;
	attrs = fl_arena_array(arena, a->n, sizeof *attrs);
	t = fl_arena_zalloc(arena, sizeof *t);
	if (attrs == NULL || t == NULL)
		return NULL;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct fl_cedar_attr *x = &a->u.attrs[i], *y = &b->u.attrs[i];

		attrs[i] = *x;
		if (!fl_cedar_name_eq(x->name, y->name) || x->is_required != y->is_required)
			return NULL;
		attrs[i].type = fl_cedar_type_lub(arena, x->type, y->type);
		if (attrs[i].type == NULL)
			return NULL;
	}
	*t = (struct fl_cedar_type){.kind = FL_CEDAR_TY_RECORD, .n = a->n, .u.attrs = attrs};
	return t;
}

const struct fl_cedar_type *fl_cedar_type_lub(struct fl_arena *arena, const struct fl_cedar_type *a,
                                              const struct fl_cedar_type *b)
{
	if (a == b || b->kind == FL_CEDAR_TY_NEVER)
		return a;
	if (a->kind == FL_CEDAR_TY_NEVER)
		return b;
	if (fl_cedar_type_is_bool(a) && fl_cedar_type_is_bool(b))
		return a->kind == b->kind ? a : &ty_bool;
	if (a->kind != b->kind)
		return NULL;
	switch ((int)a->kind) {
	case FL_CEDAR_TY_EXTENSION:
		return a->extension == b->extension ? a : NULL;
	case FL_CEDAR_TY_ENTITY:
		return a->u.entity == b->u.entity ? a : NULL;
	case FL_CEDAR_TY_RECORD:
		return lub_records(arena, a, b);
	case FL_CEDAR_TY_SET: {
		const struct fl_cedar_type *e =
		    fl_cedar_type_lub(arena, a->u.element, b->u.element);
		struct fl_cedar_type *t = e == NULL ? NULL : fl_arena_zalloc(arena, sizeof *t);

		if (t != NULL)
			*t = (struct fl_cedar_type){.kind = FL_CEDAR_TY_SET, .u.element = e};
		return t;
	}
	default:
		return a;
	}
}
