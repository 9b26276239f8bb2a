/* policy/typecheck.c - types of expressions
 * SPDX-License-Identifier: Apache-2.0
 *
 * Follows the official validator's strict mode rule for rule, so that both accept the same
 * policies. Typing goes on behind an error, with what is known: one run shows several.
 */
#include "policy/capability.h"

#include "policy/ext.h"

typedef const struct fl_cedar_capability *caps;

static const struct fl_cedar_type ty_false = {.kind = FL_CEDAR_TY_FALSE};
static const struct fl_cedar_type ty_true = {.kind = FL_CEDAR_TY_TRUE};
static const struct fl_cedar_type ty_bool = {.kind = FL_CEDAR_TY_BOOL};
static const struct fl_cedar_type ty_long = {.kind = FL_CEDAR_TY_LONG};
static const struct fl_cedar_type ty_string = {.kind = FL_CEDAR_TY_STRING};
static const struct fl_cedar_type ty_extensions[] = {
    [FL_CEDAR_DECIMAL] = {.kind = FL_CEDAR_TY_EXTENSION, .extension = FL_CEDAR_DECIMAL},
    [FL_CEDAR_DATETIME] = {.kind = FL_CEDAR_TY_EXTENSION, .extension = FL_CEDAR_DATETIME},
    [FL_CEDAR_DURATION] = {.kind = FL_CEDAR_TY_EXTENSION, .extension = FL_CEDAR_DURATION},
    [FL_CEDAR_IP] = {.kind = FL_CEDAR_TY_EXTENSION, .extension = FL_CEDAR_IP},
};

static struct fl_cedar_typed success(const struct fl_cedar_type *type)
{
	return (struct fl_cedar_typed){.type = type, .is_ok = true};
}

static struct fl_cedar_typed failure(const struct fl_cedar_type *type)
{
	return (struct fl_cedar_typed){.type = type};
}

/* What follows from operands of which some failed. */
static struct fl_cedar_typed given(bool is_ok, struct fl_cedar_typed t)
{
	if (!is_ok) {
		t.is_ok = false;
		t.caps = NULL;
	}
	return t;
}

static const struct fl_cedar_type *singleton(bool b)
{
	return b ? &ty_true : &ty_false;
}

bool fl_cedar_type_is_false(const struct fl_cedar_type *type)
{
	return type != NULL && type->kind == FL_CEDAR_TY_FALSE;
}

static bool is_true(const struct fl_cedar_type *type)
{
	return type != NULL && type->kind == FL_CEDAR_TY_TRUE;
}

/* ---- what operations take ---- */

enum wanted { W_BOOL, W_LONG, W_STRING, W_ENTITY, W_ATTRIBUTES, W_SET, W_IN, W_EXTENSION };

static const char *const wanted_names[] = {
    [W_BOOL] = "Bool",
    [W_LONG] = "Long",
    [W_STRING] = "String",
    [W_ENTITY] = "an entity",
    [W_ATTRIBUTES] = "an entity or a record",
    [W_SET] = "a set",
    [W_IN] = "an entity or a set of entities",
    [W_EXTENSION] = "an extension value",
};

static bool is_wanted(const struct fl_cedar_type *t, enum wanted w)
{
	switch (w) {
	case W_BOOL:
		return fl_cedar_type_is_bool(t);
	case W_LONG:
		return t->kind == FL_CEDAR_TY_LONG;
	case W_STRING:
		return t->kind == FL_CEDAR_TY_STRING;
	case W_ENTITY:
		return t->kind == FL_CEDAR_TY_ENTITY;
	case W_ATTRIBUTES:
		return t->kind == FL_CEDAR_TY_ENTITY || t->kind == FL_CEDAR_TY_RECORD;
	case W_SET:
		return t->kind == FL_CEDAR_TY_SET;
	case W_IN:
		return t->kind == FL_CEDAR_TY_ENTITY ||
		       (t->kind == FL_CEDAR_TY_SET && t->u.element->kind == FL_CEDAR_TY_ENTITY);
	case W_EXTENSION:
		break;
	}
	return false;
}

static void unexpected(struct fl_cedar_checker *c, const struct fl_cedar_expr *x, const char *what,
                       const struct fl_cedar_type *got)
{
	struct fl_buf text;

	fl_buf_init(&text, 1 << 12);
	fl_cedar_type_print(&text, got);
	fl_cedar_report(c->report, "unexpected_type", x->span, "expected %s, got %.200s", what,
	                fl_buf_cstr(&text));
	fl_buf_fini(&text);
}

static struct fl_cedar_typed want(struct fl_cedar_checker *c, caps prior,
                                  const struct fl_cedar_expr *x, enum wanted w)
{
	struct fl_cedar_typed t = fl_cedar_typecheck(c, prior, x);

	if (t.type == NULL)
		return failure(NULL);
	if (is_wanted(t.type, w))
		return t;
	unexpected(c, x, wanted_names[w], t.type);
	return failure(NULL);
}

struct fl_cedar_typed fl_cedar_typecheck_bool(struct fl_cedar_checker *c, caps prior,
                                              const struct fl_cedar_expr *x)
{
	return want(c, prior, x, W_BOOL);
}

static void incompatible(struct fl_cedar_checker *c, const struct fl_cedar_expr *x,
                         const struct fl_cedar_type *a, const struct fl_cedar_type *b)
{
	struct fl_buf one, two;

	fl_buf_init(&one, 1 << 12);
	fl_buf_init(&two, 1 << 12);
	fl_cedar_type_print(&one, a);
	fl_cedar_type_print(&two, b);
	fl_cedar_report(c->report, "incompatible_types", x->span,
	                "the types %.150s and %.150s do not go together", fl_buf_cstr(&one),
	                fl_buf_cstr(&two));
	fl_buf_fini(&one);
	fl_buf_fini(&two);
}

/* Both types are known to be compatible, or that is an error. */
static bool compatible(struct fl_cedar_checker *c, const struct fl_cedar_expr *x,
                       const struct fl_cedar_type *a, const struct fl_cedar_type *b)
{
	if (a == NULL || b == NULL || fl_cedar_type_lub(c->arena, a, b) != NULL)
		return true;
	incompatible(c, x, a, b);
	return false;
}

/* ---- logic ---- */

/* `left` is true before `right` is looked at. */
static struct fl_cedar_typed both(struct fl_cedar_checker *c, struct fl_cedar_typed left,
                                  struct fl_cedar_typed right)
{
	struct fl_cedar_typed t = {.is_ok = left.is_ok && right.is_ok};

	if (left.type == NULL || right.type == NULL)
		return failure(&ty_bool);
	if (fl_cedar_type_is_false(right.type)) {
		t.type = &ty_false;
		return t;
	}
	t.type = is_true(right.type) ? left.type : is_true(left.type) ? right.type : &ty_bool;
	/* As the official validator does: a left side that is always true leaves nothing. */
	t.caps = is_true(left.type) && !is_true(right.type)
	             ? right.caps
	             : fl_cedar_caps_union(c, left.caps, right.caps);
	return given(t.is_ok, t);
}

static struct fl_cedar_typed check_and(struct fl_cedar_checker *c, caps prior,
                                       const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed t = want(c, prior, x->args[0], W_BOOL);

	for (uint32_t i = 1; i < x->n && !fl_cedar_type_is_false(t.type); i++)
		t = both(c, t, want(c, fl_cedar_caps_union(c, prior, t.caps), x->args[i], W_BOOL));
	if (fl_cedar_type_is_false(t.type))
		t.caps = NULL;
	return t;
}

static struct fl_cedar_typed either(struct fl_cedar_checker *c, struct fl_cedar_typed left,
                                    struct fl_cedar_typed right)
{
	struct fl_cedar_typed t = {.is_ok = left.is_ok && right.is_ok};

	if (left.type == NULL || right.type == NULL)
		return failure(&ty_bool);
	if (is_true(right.type)) {
		t.type = &ty_true;
		t.caps = right.caps;
	} else if (fl_cedar_type_is_false(right.type)) {
		t.type = left.type;
		t.caps = left.caps;
	} else if (fl_cedar_type_is_false(left.type)) {
		t.type = right.type;
		t.caps = right.caps;
	} else {
		t.type = &ty_bool;
		t.caps = fl_cedar_caps_both(c->arena, right.caps, left.caps);
	}
	return given(t.is_ok, t);
}

static struct fl_cedar_typed check_or(struct fl_cedar_checker *c, caps prior,
                                      const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed t = want(c, prior, x->args[0], W_BOOL);

	for (uint32_t i = 1; i < x->n && !is_true(t.type); i++)
		t = either(c, t, want(c, prior, x->args[i], W_BOOL));
	return t;
}

static struct fl_cedar_typed check_if(struct fl_cedar_checker *c, caps prior,
                                      const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed test = want(c, prior, x->args[0], W_BOOL), yes, no, t;

	if (is_true(test.type)) {
		t = fl_cedar_typecheck(c, fl_cedar_caps_union(c, prior, test.caps), x->args[1]);
		t.caps = fl_cedar_caps_union(c, t.caps, test.caps);
		return given(test.is_ok && t.is_ok, t);
	}
	if (fl_cedar_type_is_false(test.type))
		return given(test.is_ok, fl_cedar_typecheck(c, prior, x->args[2]));
	yes = fl_cedar_typecheck(c, fl_cedar_caps_union(c, prior, test.caps), x->args[1]);
	if (yes.is_ok)
		yes.caps = fl_cedar_caps_union(c, yes.caps, test.caps);
	no = fl_cedar_typecheck(c, prior, x->args[2]);
	t.is_ok = test.is_ok && yes.is_ok && no.is_ok;
	if (yes.type == NULL || no.type == NULL)
		return failure(NULL);
	t.type = fl_cedar_type_lub(c->arena, yes.type, no.type);
	t.caps = fl_cedar_caps_both(c->arena, no.caps, yes.caps);
	if (t.type == NULL) {
		incompatible(c, x, yes.type, no.type);
		return failure(NULL);
	}
	return given(t.is_ok, t);
}

static struct fl_cedar_typed check_not(struct fl_cedar_checker *c, caps prior,
                                       const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed t = want(c, prior, x->args[0], W_BOOL);

	if (t.type == NULL)
		return failure(&ty_bool);
	return given(t.is_ok, success(is_true(t.type)                  ? &ty_false
	                              : fl_cedar_type_is_false(t.type) ? &ty_true
	                                                               : &ty_bool));
}

/* ---- equality and order ---- */

static const struct fl_cedar_type *type_of_eq(const struct fl_cedar_checker *c,
                                              const struct fl_cedar_expr *const *args,
                                              const struct fl_cedar_type *a,
                                              const struct fl_cedar_type *b)
{
	struct fl_cedar_value x, y;

	if (a != NULL && b != NULL && a->kind == FL_CEDAR_TY_ENTITY &&
	    b->kind == FL_CEDAR_TY_ENTITY && a->u.entity != b->u.entity)
		return &ty_false;
	if (fl_cedar_literal(c->action, args[0], &x) && fl_cedar_literal(c->action, args[1], &y))
		return singleton(fl_cedar_value_eq(x, y));
	return &ty_bool;
}

static struct fl_cedar_typed check_eq(struct fl_cedar_checker *c, caps prior,
                                      const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed a = fl_cedar_typecheck(c, prior, x->args[0]);
	struct fl_cedar_typed b = fl_cedar_typecheck(c, prior, x->args[1]);
	const struct fl_cedar_expr *const args[] = {x->args[0], x->args[1]};
	const struct fl_cedar_type *t = type_of_eq(c, args, a.type, b.type);
	bool is_ok = a.is_ok && b.is_ok;

	if (t == &ty_bool && !compatible(c, x, a.type, b.type))
		is_ok = false;
	if (x->kind == FL_CEDAR_X_NE && t != &ty_bool)
		t = singleton(t == &ty_false);
	return given(is_ok, success(t));
}

static bool is_ordered(const struct fl_cedar_type *t)
{
	return t->kind == FL_CEDAR_TY_LONG ||
	       (t->kind == FL_CEDAR_TY_EXTENSION &&
	        (t->extension == FL_CEDAR_DATETIME || t->extension == FL_CEDAR_DURATION));
}

static struct fl_cedar_typed check_order(struct fl_cedar_checker *c, caps prior,
                                         const struct fl_cedar_expr *x)
{
	static const char any[] = "Long, datetime or duration";
	struct fl_cedar_typed a = fl_cedar_typecheck(c, prior, x->args[0]);
	struct fl_cedar_typed b = fl_cedar_typecheck(c, prior, x->args[1]);

	if (a.type == NULL || b.type == NULL)
		return failure(&ty_bool);
	if (is_ordered(a.type) && fl_cedar_type_lub(c->arena, a.type, b.type) != NULL)
		return given(a.is_ok && b.is_ok, success(&ty_bool));
	if (is_ordered(a.type)) {
		unexpected(c, x->args[1], "a value of the left side's type", b.type);
	} else {
		unexpected(c, x->args[0], any, a.type);
		if (!is_ordered(b.type))
			unexpected(c, x->args[1], any, b.type);
	}
	return failure(&ty_bool);
}

static struct fl_cedar_typed check_arithmetic(struct fl_cedar_checker *c, caps prior,
                                              const struct fl_cedar_expr *x)
{
	bool is_ok = true;

	for (uint32_t i = 0; i < x->n; i++)
		is_ok = want(c, prior, x->args[i], W_LONG).is_ok && is_ok;
	return given(is_ok, success(&ty_long));
}

/* ---- hierarchy ---- */

bool fl_cedar_is_action_type(struct fl_str type)
{
	static const struct fl_str tail = FL_STR_INIT("::Action");

	return fl_str_is(type, "Action") ||
	       (type.n > tail.n && fl_str_eq(fl_str_n(type.p + type.n - tail.n, tail.n), tail));
}

/* The i-th of the entities that the right side of `in` names literally. */
static bool nth_literal(const struct fl_cedar_checker *c, const struct fl_cedar_expr *x, uint32_t i,
                        const struct fl_cedar_uid **ret)
{
	struct fl_cedar_value v;

	if (x->kind == FL_CEDAR_X_SET)
		x = x->args[i];
	if (!fl_cedar_literal(c->action, x, &v) || v.kind != FL_CEDAR_ENTITY)
		return false;
	*ret = v.u.uid;
	return true;
}

/* An action in entities that are all named: known from the schema. Entities that are no actions
 * hold no action. */
static struct fl_cedar_typed action_in(struct fl_cedar_checker *c, const struct fl_cedar_uid *left,
                                       const struct fl_cedar_expr *right)
{
	const struct fl_cedar_action *a = fl_cedar_schema_action(c->schema, left);
	uint32_t n = right->kind == FL_CEDAR_X_SET ? right->n : 1;
	bool is_in = false, is_known = true;

	for (uint32_t i = 0; i < n; i++) {
		const struct fl_cedar_uid *uid = NULL;

		if (!nth_literal(c, right, i, &uid) || !fl_cedar_is_action_type(uid->type))
			continue;
		const struct fl_cedar_action *up = fl_cedar_schema_action(c->schema, uid);

		is_known = is_known && up != NULL;
		is_in = is_in || (a != NULL && up != NULL && fl_cedar_action_in(a, up));
	}
	return is_known ? success(singleton(is_in)) : failure(&ty_bool);
}

static bool are_literals(const struct fl_cedar_checker *c, const struct fl_cedar_expr *x)
{
	const struct fl_cedar_uid *uid;
	uint32_t n = x->kind == FL_CEDAR_X_SET ? x->n : 1;

	for (uint32_t i = 0; i < n; i++)
		if (!nth_literal(c, x, i, &uid))
			return false;
	return true;
}

static struct fl_cedar_typed type_of_in(struct fl_cedar_checker *c,
                                        const struct fl_cedar_expr *left,
                                        const struct fl_cedar_expr *right,
                                        const struct fl_cedar_type *a,
                                        const struct fl_cedar_type *b)
{
	struct fl_cedar_value v;

	if (fl_cedar_literal(c->action, left, &v) && v.kind == FL_CEDAR_ENTITY &&
	    fl_cedar_is_action_type(v.u.uid->type) && are_literals(c, right))
		return action_in(c, v.u.uid, right);
	const struct fl_cedar_type *up = b->kind == FL_CEDAR_TY_SET ? b->u.element : b;

	return success(fl_cedar_entity_type_in(a->u.entity, up->u.entity) ? &ty_bool : &ty_false);
}

static struct fl_cedar_typed check_in(struct fl_cedar_checker *c, caps prior,
                                      const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed a = want(c, prior, x->args[0], W_ENTITY);
	struct fl_cedar_typed b = want(c, prior, x->args[1], W_IN);

	if (!a.is_ok || !b.is_ok)
		return failure(&ty_bool);
	return type_of_in(c, x->args[0], x->args[1], a.type, b.type);
}

static struct fl_cedar_typed check_is(struct fl_cedar_checker *c, caps prior,
                                      const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed a = want(c, prior, x->args[0], W_ENTITY), b, is;

	if (a.type == NULL)
		return failure(&ty_bool);
	is = given(a.is_ok, success(singleton(fl_str_eq(a.type->u.entity->name, x->type))));
	if (x->n == 1 || fl_cedar_type_is_false(is.type))
		return is;
	b = want(c, prior, x->args[1], W_IN);
	if (!a.is_ok || !b.is_ok)
		return failure(&ty_bool);
	return both(c, is, type_of_in(c, x->args[0], x->args[1], a.type, b.type));
}

/* ---- attributes and tags ---- */

static void report_attr(struct fl_cedar_checker *c, const struct fl_cedar_expr *at,
                        const struct fl_cedar_type *type, struct fl_cedar_name name)
{
	struct fl_problem *p = fl_cedar_report(c->report, "unknown_attribute", at->span,
	                                       "the attribute `%.*s` is not declared",
	                                       FL_STR_ARGS(fl_cedar_name_str(name)));
	const struct fl_cedar_type *record =
	    type->kind == FL_CEDAR_TY_ENTITY ? type->u.entity->shape : type;
	struct fl_nearest nearest;

	fl_nearest_init(&nearest, fl_cedar_name_str(name));
	for (uint32_t i = 0; p != NULL && record->kind == FL_CEDAR_TY_RECORD && i < record->n; i++)
		fl_nearest_try(&nearest, fl_cedar_name_str(record->u.attrs[i].name));
	fl_cedar_report_nearest(c->report, p, &nearest);
}

static struct fl_cedar_typed get_attr(struct fl_cedar_checker *c, caps prior,
                                      const struct fl_cedar_expr *at, struct fl_cedar_access on,
                                      const struct fl_cedar_type *type, struct fl_cedar_name name)
{
	const struct fl_cedar_attr *attr = fl_cedar_type_attr(type, name);
	struct fl_cedar_capability cap = {.on = on, .attr = name};

	if (attr == NULL) {
		report_attr(c, at, type, name);
		return failure(NULL);
	}
	if (attr->is_required || fl_cedar_caps_have(prior, &cap))
		return success(attr->type);
	fl_cedar_report(c->report, "unsafe_optional_attribute", at->span,
	                "the attribute `%.*s` may be absent: test it with `has` before",
	                FL_STR_ARGS(fl_cedar_name_str(name)));
	return failure(attr->type);
}

static struct fl_cedar_typed check_get(struct fl_cedar_checker *c, caps prior,
                                       const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed on = want(c, prior, x->args[0], W_ATTRIBUTES);

	if (on.type == NULL)
		return failure(NULL);
	return given(on.is_ok, get_attr(c, prior, x, (struct fl_cedar_access){.x = x->args[0]},
	                                on.type, x->names[0]));
}

static struct fl_cedar_typed has_attr(struct fl_cedar_checker *c, caps prior,
                                      struct fl_cedar_access on, const struct fl_cedar_type *type,
                                      struct fl_cedar_name name)
{
	const struct fl_cedar_attr *attr = fl_cedar_type_attr(type, name);
	struct fl_cedar_capability cap = {.on = on, .attr = name};

	if (attr == NULL)
		return success(&ty_false);
	/* An entity may be absent, and then has nothing. */
	bool is_sure = (attr->is_required && type->kind == FL_CEDAR_TY_RECORD) ||
	               fl_cedar_caps_have(prior, &cap);

	return (struct fl_cedar_typed){
	    .type = is_sure ? &ty_true : &ty_bool,
	    .is_ok = true,
	    .caps = fl_cedar_caps_add(c->arena, NULL, cap),
	};
}

/* x has a.b.c is x has a && x.a has b && x.a.b has c. */
static struct fl_cedar_typed check_has(struct fl_cedar_checker *c, caps prior,
                                       const struct fl_cedar_expr *x)
{
	struct fl_cedar_access on = {.x = x->args[0], .names = x->names};
	struct fl_cedar_typed base = want(c, prior, x->args[0], W_ATTRIBUTES), t;

	if (base.type == NULL)
		return failure(&ty_bool);
	t = has_attr(c, prior, on, base.type, x->names[0]);
	for (uint32_t i = 1; i < x->n_names && !fl_cedar_type_is_false(t.type); i++) {
		caps known = fl_cedar_caps_union(c, prior, t.caps);
		struct fl_cedar_typed next = get_attr(c, known, x, on, base.type, x->names[i - 1]);

		if (next.type != NULL && !is_wanted(next.type, W_ATTRIBUTES)) {
			unexpected(c, x, wanted_names[W_ATTRIBUTES], next.type);
			next = failure(NULL);
		}
		if (next.type == NULL)
			return failure(&ty_bool);
		base = next;
		on.n = i;
		t = both(c, t, has_attr(c, known, on, base.type, x->names[i]));
	}
	return given(base.is_ok, t);
}

static struct fl_cedar_typed check_tag(struct fl_cedar_checker *c, caps prior,
                                       const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed on = want(c, prior, x->args[0], W_ENTITY);
	struct fl_cedar_typed key = want(c, prior, x->args[1], W_STRING);
	struct fl_cedar_capability cap = {.on = {.x = x->args[0]}, .tag = x->args[1]};
	bool is_ok = on.is_ok && key.is_ok, is_has = x->fn == FL_CEDAR_FN_HAS_TAG;

	if (on.type == NULL)
		return failure(is_has ? &ty_bool : NULL);
	const struct fl_cedar_type *tags = on.type->u.entity->tags;
	bool is_known = fl_cedar_caps_have(prior, &cap);

	if (is_has) {
		struct fl_cedar_typed t = success(tags == NULL ? &ty_false
		                                  : is_known   ? &ty_true
		                                               : &ty_bool);

		t.caps = fl_cedar_caps_add(c->arena, NULL, cap);
		return given(is_ok, t);
	}
	if (!is_known) {
		fl_cedar_report(c->report, "unsafe_tag", x->span,
		                "the tag may be absent: test it with `hasTag` before");
		return failure(NULL);
	}
	if (tags == NULL) {
		fl_cedar_report(c->report, "no_tags", x->span, "entities of type %.*s have no tags",
		                FL_STR_ARGS(on.type->u.entity->name));
		return failure(NULL);
	}
	return given(is_ok, success(tags));
}

/* ---- sets, records, calls ---- */

static struct fl_cedar_typed check_set(struct fl_cedar_checker *c, caps prior,
                                       const struct fl_cedar_expr *x)
{
	struct fl_cedar_type *set = fl_arena_zalloc(c->arena, sizeof *set);
	const struct fl_cedar_type *element = NULL;
	bool is_ok = true, is_known = true;

	for (uint32_t i = 0; i < x->n; i++) {
		struct fl_cedar_typed t = fl_cedar_typecheck(c, prior, x->args[i]);
		const struct fl_cedar_type *lub =
		    t.type == NULL || element == NULL || !is_known
			? t.type
			: fl_cedar_type_lub(c->arena, element, t.type);

		if (t.type != NULL && lub == NULL)
			incompatible(c, x, element, t.type);
		is_ok = is_ok && t.is_ok;
		is_known = is_known && lub != NULL;
		element = lub;
	}
	if (x->n == 0)
		fl_cedar_report(c->report, "empty_set", x->span,
		                "the type of an empty set's members is not known");
	if (x->n == 0 || !is_known || set == NULL)
		return failure(NULL);
	*set = (struct fl_cedar_type){.kind = FL_CEDAR_TY_SET, .u.element = element};
	return given(is_ok, success(set));
}

static struct fl_cedar_typed check_record(struct fl_cedar_checker *c, caps prior,
                                          const struct fl_cedar_expr *x)
{
	struct fl_cedar_type *record = fl_arena_zalloc(c->arena, sizeof *record);
	struct fl_cedar_field *order = fl_arena_array(c->arena, x->n, sizeof *order);
	struct fl_cedar_attr *attrs = fl_arena_array(c->arena, x->n, sizeof *attrs);
	const struct fl_cedar_type **types = fl_arena_array(c->arena, x->n, sizeof(*types));
	struct fl_cedar_value sorted;
	bool is_ok = true, is_known = true;

	if (record == NULL || order == NULL || attrs == NULL || types == NULL)
		return failure(NULL);
	for (uint32_t i = 0; i < x->n; i++) {
		struct fl_cedar_typed t = fl_cedar_typecheck(c, prior, x->args[i]);

		types[i] = t.type;
		is_ok = is_ok && t.is_ok;
		is_known = is_known && t.type != NULL;
		order[i] = (struct fl_cedar_field){.name = x->names[i], .value = fl_cedar_long(i)};
	}
	int r = fl_cedar_record_make(order, x->n, &sorted, NULL);

	FL_ASSERT(r == 0);
	for (uint32_t i = 0; i < x->n; i++)
		attrs[i] = (struct fl_cedar_attr){.name = order[i].name,
		                                  .is_required = true,
		                                  .type = types[order[i].value.u.number]};
	*record = (struct fl_cedar_type){.kind = FL_CEDAR_TY_RECORD, .n = x->n, .u.attrs = attrs};
	return is_known ? given(is_ok, success(record)) : failure(NULL);
}

static struct fl_cedar_typed check_set_call(struct fl_cedar_checker *c, caps prior,
                                            const struct fl_cedar_expr *x)
{
	struct fl_cedar_typed a = want(c, prior, x->args[0], W_SET), b;
	bool is_one = x->fn == FL_CEDAR_FN_CONTAINS;

	if (x->fn == FL_CEDAR_FN_IS_EMPTY)
		return given(a.is_ok, success(&ty_bool));
	b = is_one ? fl_cedar_typecheck(c, prior, x->args[1]) : want(c, prior, x->args[1], W_SET);
	bool is_ok =
	    compatible(c, x, a.type == NULL || !is_one ? a.type : a.type->u.element, b.type);

	return given(is_ok && a.is_ok && b.is_ok, success(&ty_bool));
}

static const struct fl_cedar_type *type_of_kind(enum fl_cedar_kind kind)
{
	return kind == FL_CEDAR_BOOL     ? &ty_bool
	       : kind == FL_CEDAR_LONG   ? &ty_long
	       : kind == FL_CEDAR_STRING ? &ty_string
	                                 : &ty_extensions[kind];
}

/* A constructor over anything but a literal that its type accepts. */
static bool constructor_is_ok(struct fl_cedar_checker *c, const struct fl_cedar_expr *x,
                              const struct fl_cedar_fn *fn)
{
	bool is_ok = true;

	for (uint32_t i = 0; i < x->n; i++)
		is_ok = is_ok && x->args[i]->kind == FL_CEDAR_X_LITERAL;
	if (!is_ok) {
		fl_cedar_report(c->report, "non_literal_constructor", x->span,
		                "`%s` needs a literal: what it makes of other text is not known",
		                fn->name);
		return false;
	}
	if (x->n == 1 && x->args[0]->value.kind == FL_CEDAR_STRING && !x->is_const) {
		fl_cedar_report(c->report, "bad_extension_literal", x->span,
		                "the text is not one that `%s` takes", fn->name);
		return false;
	}
	return true;
}

static struct fl_cedar_typed check_extension(struct fl_cedar_checker *c, caps prior,
                                             const struct fl_cedar_expr *x,
                                             const struct fl_cedar_fn *fn)
{
	bool is_ok = x->n == fn->arity;

	if (!is_ok)
		fl_cedar_report(c->report, "wrong_number_of_arguments", x->span,
		                "`%s` takes %u, got %u", fn->name, fn->arity, x->n);
	if (!fn->is_method)
		is_ok = constructor_is_ok(c, x, fn) && is_ok;
	for (uint32_t i = 0; i < x->n; i++) {
		struct fl_cedar_typed t = fl_cedar_typecheck(c, prior, x->args[i]);
		const struct fl_cedar_type *wanted =
		    i < fn->arity ? type_of_kind(fn->args[i]) : t.type;

		if (is_ok && t.type != NULL &&
		    fl_cedar_type_lub(c->arena, t.type, wanted) == NULL) {
			unexpected(c, x->args[i], fl_cedar_kind_name(fn->args[i]), t.type);
			t.is_ok = false;
		}
		is_ok = is_ok && t.is_ok;
	}
	return given(is_ok, success(type_of_kind(fn->result)));
}

static struct fl_cedar_typed check_call(struct fl_cedar_checker *c, caps prior,
                                        const struct fl_cedar_expr *x)
{
	const struct fl_cedar_fn *fn = fl_cedar_fn((enum fl_cedar_fn_id)x->fn);

	if (!fn->is_core)
		return check_extension(c, prior, x, fn);
	return x->fn == FL_CEDAR_FN_HAS_TAG || x->fn == FL_CEDAR_FN_GET_TAG
	           ? check_tag(c, prior, x)
	           : check_set_call(c, prior, x);
}

static struct fl_cedar_typed check_like(struct fl_cedar_checker *c, caps prior,
                                        const struct fl_cedar_expr *x)
{
	return given(want(c, prior, x->args[0], W_STRING).is_ok, success(&ty_bool));
}

static struct fl_cedar_typed check_literal(struct fl_cedar_checker *c, caps prior,
                                           const struct fl_cedar_expr *x)
{
	const struct fl_cedar_entity_type *type;

	(void)prior;
	switch ((int)x->value.kind) {
	case FL_CEDAR_BOOL:
		return success(singleton(x->value.u.boolean));
	case FL_CEDAR_LONG:
		return success(&ty_long);
	case FL_CEDAR_STRING:
		return success(&ty_string);
	default:
		break;
	}
	/* An unknown one is reported by policy/validate.c, once for the policy. */
	type = fl_cedar_schema_type(c->schema, x->value.u.uid->type);
	if (type == NULL ||
	    (type->is_action && fl_cedar_schema_action(c->schema, x->value.u.uid) == NULL))
		return failure(NULL);
	return success(&type->self);
}

static struct fl_cedar_typed check_var(struct fl_cedar_checker *c, caps prior,
                                       const struct fl_cedar_expr *x)
{
	(void)prior;
	switch ((enum fl_cedar_var)x->var) {
	case FL_CEDAR_PRINCIPAL:
		return success(&c->principal->self);
	case FL_CEDAR_ACTION:
		return success(&c->action->type->self);
	case FL_CEDAR_RESOURCE:
		return success(&c->resource->self);
	case FL_CEDAR_CONTEXT:
		break;
	}
	return success(c->action->context);
}

struct fl_cedar_typed fl_cedar_typecheck(struct fl_cedar_checker *c, caps prior,
                                         const struct fl_cedar_expr *x)
{
	static struct fl_cedar_typed (*const checks[])(struct fl_cedar_checker *, caps,
	                                               const struct fl_cedar_expr *) = {
	    [FL_CEDAR_X_LITERAL] = check_literal, [FL_CEDAR_X_VAR] = check_var,
	    [FL_CEDAR_X_NOT] = check_not,         [FL_CEDAR_X_NEG] = check_arithmetic,
	    [FL_CEDAR_X_AND] = check_and,         [FL_CEDAR_X_OR] = check_or,
	    [FL_CEDAR_X_EQ] = check_eq,           [FL_CEDAR_X_NE] = check_eq,
	    [FL_CEDAR_X_LT] = check_order,        [FL_CEDAR_X_LE] = check_order,
	    [FL_CEDAR_X_GT] = check_order,        [FL_CEDAR_X_GE] = check_order,
	    [FL_CEDAR_X_IN] = check_in,           [FL_CEDAR_X_ADD] = check_arithmetic,
	    [FL_CEDAR_X_SUB] = check_arithmetic,  [FL_CEDAR_X_MUL] = check_arithmetic,
	    [FL_CEDAR_X_IF] = check_if,           [FL_CEDAR_X_GET] = check_get,
	    [FL_CEDAR_X_HAS] = check_has,         [FL_CEDAR_X_LIKE] = check_like,
	    [FL_CEDAR_X_IS] = check_is,           [FL_CEDAR_X_SET] = check_set,
	    [FL_CEDAR_X_RECORD] = check_record,   [FL_CEDAR_X_CALL] = check_call,
	};

	return checks[x->kind](c, prior, x);
}
