/* policy/conform.c - is the data as the schema says?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/conform.h"

#define CODE "policy_schema"
#define UID "%.*s::\"%.*s\""
#define UID_ARGS(uid) FL_STR_ARGS((uid)->type), FL_STR_ARGS((uid)->id)

/* An entity that data names: one of an enumerated type has one of its ids; an action is declared.
 */
static bool may_be(const struct fl_cedar_schema *schema, const struct fl_cedar_entity_type *type,
                   const struct fl_cedar_uid *uid, struct fl_error *err)
{
	bool is_known = !type->is_enum;

	for (size_t i = 0; i < type->n_choices && !is_known; i++)
		is_known = fl_str_eq(type->choices[i], uid->id);
	if (!is_known) {
		(void)fl_error_set(err, CODE, UID " is none of the entities that its type has",
		                   UID_ARGS(uid));
		return false;
	}
	if (type->is_action && fl_cedar_schema_action(schema, uid) == NULL) {
		(void)fl_error_set(err, CODE, "the action " UID " is not declared", UID_ARGS(uid));
		return false;
	}
	return true;
}

static bool mismatch(const struct fl_cedar_type *type, struct fl_cedar_value v,
                     struct fl_error *err)
{
	struct fl_buf text;

	fl_buf_init(&text, 4096);
	fl_cedar_type_print(&text, type);
	(void)fl_error_set(err, CODE, "expected %.200s, got %s", fl_buf_cstr(&text),
	                   fl_cedar_kind_name((enum fl_cedar_kind)v.kind));
	fl_buf_fini(&text);
	return false;
}

static bool entity_conforms(const struct fl_cedar_schema *schema, const struct fl_cedar_type *type,
                            struct fl_cedar_value v, struct fl_error *err)
{
	if (v.kind != FL_CEDAR_ENTITY)
		return mismatch(type, v, err);
	if (!fl_str_eq(v.u.uid->type, type->u.entity->name)) {
		(void)fl_error_set(err, CODE, "expected an entity of type %.*s, got " UID,
		                   FL_STR_ARGS(type->u.entity->name), UID_ARGS(v.u.uid));
		return false;
	}
	return may_be(schema, type->u.entity, v.u.uid, err);
}

static bool record_conforms(const struct fl_cedar_schema *schema, const struct fl_cedar_type *type,
                            struct fl_cedar_value v, struct fl_error *err)
{
	if (v.kind != FL_CEDAR_RECORD)
		return mismatch(type, v, err);
	for (uint32_t i = 0; i < v.n; i++) {
		const struct fl_cedar_field *f = &v.u.fields[i];
		const struct fl_cedar_attr *attr = fl_cedar_type_attr(type, f->name);
		struct fl_error inner = FL_ERROR_INIT;

		if (attr == NULL) {
			(void)fl_error_set(err, CODE, "the attribute `%.*s` is not declared",
			                   FL_STR_ARGS(fl_cedar_name_str(f->name)));
			return false;
		}
		if (fl_cedar_conforms(schema, attr->type, f->value, &inner))
			continue;
		(void)fl_error_set(err, CODE, "in the attribute `%.*s`: %.300s",
		                   FL_STR_ARGS(fl_cedar_name_str(f->name)), inner.message);
		return false;
	}
	for (uint32_t i = 0; i < type->n; i++) {
		const struct fl_cedar_attr *attr = &type->u.attrs[i];

		if (!attr->is_required || fl_cedar_record_find(v, attr->name) != NULL)
			continue;
		(void)fl_error_set(err, CODE, "the attribute `%.*s` is missing",
		                   FL_STR_ARGS(fl_cedar_name_str(attr->name)));
		return false;
	}
	return true;
}

static bool set_conforms(const struct fl_cedar_schema *schema, const struct fl_cedar_type *type,
                         struct fl_cedar_value v, struct fl_error *err)
{
	if (v.kind != FL_CEDAR_SET)
		return mismatch(type, v, err);
	for (uint32_t i = 0; i < v.n; i++)
		if (!fl_cedar_conforms(schema, type->u.element, v.u.items[i], err))
			return false;
	return true;
}

bool fl_cedar_conforms(const struct fl_cedar_schema *schema, const struct fl_cedar_type *type,
                       struct fl_cedar_value v, struct fl_error *err)
{
	bool is_ok = false;

	switch ((enum fl_cedar_type_kind)type->kind) {
	case FL_CEDAR_TY_TRUE:
	case FL_CEDAR_TY_FALSE:
	case FL_CEDAR_TY_BOOL:
		is_ok = v.kind == FL_CEDAR_BOOL;
		break;
	case FL_CEDAR_TY_LONG:
		is_ok = v.kind == FL_CEDAR_LONG;
		break;
	case FL_CEDAR_TY_STRING:
		is_ok = v.kind == FL_CEDAR_STRING;
		break;
	case FL_CEDAR_TY_EXTENSION:
		is_ok = v.kind == type->extension;
		break;
	case FL_CEDAR_TY_SET:
		return set_conforms(schema, type, v, err);
	case FL_CEDAR_TY_RECORD:
		return record_conforms(schema, type, v, err);
	case FL_CEDAR_TY_ENTITY:
		return entity_conforms(schema, type, v, err);
	case FL_CEDAR_TY_NEVER:
	case FL_CEDAR_TY_KINDS:
		break;
	}
	return is_ok || mismatch(type, v, err);
}

int fl_cedar_entities_add_actions(struct fl_cedar_entities *es,
                                  const struct fl_cedar_schema *schema, struct fl_error *err)
{
	const struct fl_cedar_action *a;

	for (size_t i = 0; (a = fl_cedar_schema_action_at(schema, i)) != NULL; i++) {
		struct fl_arena *arena = fl_cedar_entities_arena(es);
		const struct fl_cedar_uid **parents =
		    fl_arena_array(arena, a->n_parents, sizeof(*parents));
		const struct fl_cedar_uid *uid =
		    fl_cedar_entities_uid(es, a->uid->type, a->uid->id);
		bool has_room = parents != NULL && uid != NULL;

		for (size_t k = 0; has_room && k < a->n_parents; k++) {
			parents[k] = fl_cedar_entities_uid(es, a->parents[k]->uid->type,
			                                   a->parents[k]->uid->id);
			has_room = parents[k] != NULL;
		}
		if (!has_room) {
			(void)fl_error_set(err, "entities_memory",
			                   "the entities need more memory than allowed");
			return FL_CEDAR_E_MEMORY;
		}
		if (fl_cedar_entities_find(es, uid) != NULL)
			continue;
		int r = fl_cedar_entities_add(es, uid, fl_cedar_record_empty(), parents,
		                              a->n_parents, fl_cedar_record_empty(), err);

		if (r != 0)
			return r;
	}
	return 0;
}

static int invalid(const struct fl_cedar_entity *e, struct fl_error *err, const char *what)
{
	(void)fl_error_set(err, CODE, "the entity " UID ": %s", UID_ARGS(e->uid), what);
	return FL_CEDAR_E_INVALID;
}

static int check_action(const struct fl_cedar_entity *e, const struct fl_cedar_schema *schema,
                        struct fl_error *err)
{
	const struct fl_cedar_action *a = fl_cedar_schema_action(schema, e->uid);

	if (a == NULL)
		return invalid(e, err, "the action is not declared");
	bool is_same = e->attrs.n == 0 && e->tags.n == 0 && e->n_ancestors == a->n_ancestors;

	for (size_t i = 0; is_same && i < a->n_ancestors; i++)
		is_same = fl_cedar_entity_has_ancestor(e, a->ancestors[i]->uid);
	return is_same ? 0 : invalid(e, err, "the action differs from its declaration");
}

static int check_tags(const struct fl_cedar_entity *e, const struct fl_cedar_entity_type *type,
                      const struct fl_cedar_schema *schema, struct fl_error *err)
{
	struct fl_error inner = FL_ERROR_INIT;

	if (e->tags.n != 0 && type->tags == NULL)
		return invalid(e, err, "its type has no tags");
	for (uint32_t i = 0; i < e->tags.n; i++)
		if (!fl_cedar_conforms(schema, type->tags, e->tags.u.fields[i].value, &inner))
			return invalid(e, err, inner.message);
	return 0;
}

static int check_ancestors(const struct fl_cedar_entity *e, const struct fl_cedar_entity_type *type,
                           const struct fl_cedar_schema *schema, struct fl_error *err)
{
	struct fl_error inner = FL_ERROR_INIT;

	for (size_t i = 0; i < e->n_ancestors; i++) {
		const struct fl_cedar_entity_type *up =
		    fl_cedar_schema_type(schema, e->ancestors[i]->type);
		bool is_allowed = false;

		for (size_t k = 0; k < type->n_ancestors && !is_allowed; k++)
			is_allowed = type->ancestors[k] == up;
		if (!is_allowed)
			return invalid(e, err,
			               "it is in an entity whose type its own cannot be in");
		if (!may_be(schema, up, e->ancestors[i], &inner))
			return invalid(e, err, inner.message);
	}
	return 0;
}

int fl_cedar_entity_check(const struct fl_cedar_entity *e, const struct fl_cedar_schema *schema,
                          struct fl_error *err)
{
	const struct fl_cedar_entity_type *type = fl_cedar_schema_type(schema, e->uid->type);
	struct fl_error inner = FL_ERROR_INIT;

	if (type == NULL)
		return invalid(e, err, "its type is not declared");
	if (type->is_action)
		return check_action(e, schema, err);
	if (!may_be(schema, type, e->uid, &inner) ||
	    !fl_cedar_conforms(schema, type->shape, e->attrs, &inner))
		return invalid(e, err, inner.message);
	int r = check_tags(e, type, schema, err);

	return r != 0 ? r : check_ancestors(e, type, schema, err);
}

int fl_cedar_entities_check(const struct fl_cedar_entities *es,
                            const struct fl_cedar_schema *schema, struct fl_error *err)
{
	for (size_t i = 0; i < fl_cedar_entities_count(es); i++) {
		int r = fl_cedar_entity_check(fl_cedar_entities_at(es, i), schema, err);

		if (r != 0)
			return r;
	}
	return 0;
}

static bool is_among(const struct fl_cedar_entity_type *const *types, size_t n,
                     const struct fl_cedar_entity_type *type)
{
	for (size_t i = 0; i < n; i++)
		if (types[i] == type)
			return true;
	return false;
}

/* One side of a request: its type is declared, has the entity and is one the action applies to. */
static int check_side(const struct fl_cedar_schema *schema, const struct fl_cedar_uid *uid,
                      const struct fl_cedar_entity_type *const *types, size_t n, const char *side,
                      struct fl_error *err)
{
	const struct fl_cedar_entity_type *type = fl_cedar_schema_type(schema, uid->type);

	if (type == NULL) {
		(void)fl_error_set(err, CODE, "the type of the %s " UID " is not declared", side,
		                   UID_ARGS(uid));
		return FL_CEDAR_E_INVALID;
	}
	if (!may_be(schema, type, uid, err))
		return FL_CEDAR_E_INVALID;
	if (is_among(types, n, type))
		return 0;
	(void)fl_error_set(err, CODE, "the action does not apply to the %s " UID, side,
	                   UID_ARGS(uid));
	return FL_CEDAR_E_INVALID;
}

int fl_cedar_request_check(const struct fl_cedar_request *rq, const struct fl_cedar_schema *schema,
                           struct fl_error *err)
{
	const struct fl_cedar_action *a = fl_cedar_schema_action(schema, rq->action);
	struct fl_error inner = FL_ERROR_INIT;

	if (a == NULL) {
		(void)fl_error_set(err, CODE, "the action " UID " is not declared",
		                   UID_ARGS(rq->action));
		return FL_CEDAR_E_INVALID;
	}
	int r = check_side(schema, rq->principal, a->principals, a->n_principals, "principal", err);

	if (r == 0)
		r = check_side(schema, rq->resource, a->resources, a->n_resources, "resource", err);
	if (r != 0)
		return r;
	if (fl_cedar_conforms(schema, a->context, rq->context, &inner))
		return 0;
	(void)fl_error_set(err, CODE, "the context: %.300s", inner.message);
	return FL_CEDAR_E_INVALID;
}
