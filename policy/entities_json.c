/* policy/entities_json.c - entities, contexts and names from JSON
 * SPDX-License-Identifier: Apache-2.0
 *
 * What counts as an escape is decided as the official engine does. A value: an object of one
 * member,
 * "__entity" or "__extn", of the right shape; with anything beside it, or of another shape, it is
 * an ordinary record. A name: "__entity" of the right shape, or else "type" and "id", whatever
 * stands beside them. No number but a Long may stand anywhere in a value, not even where nothing
 * reads it.
 */
#include "policy/entities_json.h"

#include "policy/ext.h"
#include "policy/lexer.h"

struct converter {
	const struct fl_cedar_json_source *source;
	struct fl_arena *arena;
	struct fl_cedar_entities *es;         /* interns names; NULL: names are copied */
	const struct fl_cedar_schema *schema; /* or NULL */
};

static int invalid(const struct fl_cedar_json_source *source, const struct fl_cedar_json *at,
                   const char *fmt, ...) FL_PRINTF(3, 4);

static int invalid(const struct fl_cedar_json_source *source, const struct fl_cedar_json *at,
                   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fl_problems_vadd(source->problems, "entities_invalid",
	                       fl_cedar_json_position(source->text, source->file, at->at),
	                       FL_STR_NULL, fmt, ap);
	va_end(ap);
	return FL_CEDAR_E_INVALID;
}

bool fl_cedar_is_type_name(struct fl_str s)
{
	while (s.n != 0) {
		size_t n = 0;

		while (n < s.n && s.p[n] != ':')
			n++;
		if (!fl_cedar_is_ident(fl_str_n(s.p, n)))
			return false;
		if (n == s.n)
			return true;
		if (s.n - n < 2 || s.p[n + 1] != ':')
			return false;
		s = fl_str_n(s.p + n + 2, s.n - n - 2);
	}
	return false;
}

/* {"type": string, "id": string} */
static bool is_name(const struct fl_cedar_json *json)
{
	return json != NULL && fl_cedar_json_str(fl_cedar_json_find(json, "type")).p != NULL &&
	       fl_cedar_json_str(fl_cedar_json_find(json, "id")).p != NULL;
}

/* {"fn": string, "arg": value} or {"fn": string, "args": array} */
static bool is_call(const struct fl_cedar_json *json)
{
	if (json == NULL || fl_cedar_json_str(fl_cedar_json_find(json, "fn")).p == NULL)
		return false;
	const struct fl_cedar_json *args = fl_cedar_json_find(json, "args");

	return fl_cedar_json_find(json, "arg") != NULL ||
	       (args != NULL && args->kind == FL_CEDAR_JSON_ARRAY);
}

/* The member `key` of an object that has no other; NULL: it is no such object. */
static const struct fl_cedar_json *only_member(const struct fl_cedar_json *json, const char *key)
{
	return json->n == 1 ? fl_cedar_json_find(json, key) : NULL;
}

/* A number beyond Long, or NULL: in what an escape holds beside its own members. */
static const struct fl_cedar_json *find_number(const struct fl_cedar_json *json)
{
	const struct fl_cedar_json *found = NULL;

	if (json->kind == FL_CEDAR_JSON_NUMBER)
		return json;
	if (json->kind == FL_CEDAR_JSON_ARRAY)
		for (uint32_t i = 0; i < json->n && found == NULL; i++)
			found = find_number(&json->u.items[i]);
	if (json->kind == FL_CEDAR_JSON_OBJECT)
		for (uint32_t i = 0; i < json->n && found == NULL; i++)
			found = find_number(&json->u.members[i].value);
	return found;
}

static int no_value(const struct converter *c, const struct fl_cedar_json *json)
{
	return invalid(c->source, json, "%s is no Cedar value", fl_cedar_json_describe(json));
}

static int no_expr(const struct converter *c, const struct fl_cedar_json *json)
{
	return invalid(c->source, json,
	               "the escape `__expr` is no longer supported: write the value itself");
}

static int convert_name(const struct converter *c, const struct fl_cedar_json *json,
                        const struct fl_cedar_uid **ret)
{
	const struct fl_cedar_json *type = fl_cedar_json_find(json, "type");
	struct fl_str id = fl_cedar_json_str(fl_cedar_json_find(json, "id"));
	struct fl_str name = fl_cedar_json_str(type);

	if (!fl_cedar_is_type_name(name))
		return invalid(c->source, type, "`%.*s` is not the name of a type",
		               FL_STR_ARGS(name));
	*ret = c->es != NULL ? fl_cedar_entities_uid(c->es, name, id)
	                     : fl_cedar_uid_make(c->arena, name, id);
	return *ret == NULL ? FL_CEDAR_E_MEMORY : 0;
}

/* A name, escaped or not. */
static int convert_uid(const struct converter *c, const struct fl_cedar_json *json,
                       const struct fl_cedar_uid **ret)
{
	const struct fl_cedar_json *escaped = fl_cedar_json_find(json, "__entity");

	if (fl_cedar_json_str(fl_cedar_json_find(json, "__expr")).p != NULL)
		return no_expr(c, json);
	if (is_name(escaped))
		return convert_name(c, escaped, ret);
	if (is_name(json))
		return convert_name(c, json, ret);
	return invalid(c->source, json,
	               "expected the name of an entity, {\"type\": ..., \"id\": ...}, found %s",
	               fl_cedar_json_describe(json));
}

/* `type` is what the schema says, NULL when it says nothing. It decides how to read what could be
 * several things; whether the value is of the type is checked elsewhere (policy/conform.h). */
static int convert(const struct converter *c, const struct fl_cedar_json *json,
                   const struct fl_cedar_type *type, struct fl_cedar_value *ret);

static int convert_items(const struct converter *c, const struct fl_cedar_json *items, uint32_t n,
                         const struct fl_cedar_type *type, struct fl_cedar_value **ret)
{
	struct fl_cedar_value *values = fl_arena_array(c->arena, n, sizeof *values);

	if (values == NULL)
		return FL_CEDAR_E_MEMORY;
	for (uint32_t i = 0; i < n; i++) {
		int r = convert(c, &items[i], type, &values[i]);

		if (r != 0)
			return r;
	}
	*ret = values;
	return 0;
}

/* A constructor over its text, or a method over its arguments. */
static int convert_call(const struct converter *c, const struct fl_cedar_json *json,
                        struct fl_cedar_value *ret)
{
	const struct fl_cedar_json *arg = fl_cedar_json_find(json, "arg"), *items = arg;
	struct fl_str name = fl_cedar_json_str(fl_cedar_json_find(json, "fn"));
	struct fl_cedar_value *args;
	enum fl_cedar_fn_id fn;
	const char *why = "the text is not of this type";
	uint32_t n = 1;

	if ((!fl_cedar_fn_find(name, false, &fn) && !fl_cedar_fn_find(name, true, &fn)) ||
	    fl_cedar_fn(fn)->is_core)
		return invalid(c->source, json, "there is no extension function `%.*s`",
		               FL_STR_ARGS(name));
	if (arg == NULL) {
		items = fl_cedar_json_find(json, "args");
		n = items->n;
		items = items->u.items;
	}
	int r = convert_items(c, items, n, NULL, &args);

	if (r != 0)
		return r;
	if (fl_cedar_fn(fn)->is_method)
		r = fl_cedar_ext_call(fn, args, n, ret, &why);
	else if (n != 1 || args[0].kind != FL_CEDAR_STRING)
		return invalid(c->source, json, "`%.*s` takes one string", FL_STR_ARGS(name));
	else
		r = fl_cedar_ext_parse(fl_cedar_fn(fn)->result, fl_cedar_text(args[0]), c->arena,
		                       ret);
	return r == FL_CEDAR_E_VALUE
	           ? invalid(c->source, json, "`%.*s`: %s", FL_STR_ARGS(name), why)
	           : r;
}

/* The fields are of `type`'s attributes, or all of `each`; both may be NULL. */
static int convert_record(const struct converter *c, const struct fl_cedar_json *json,
                          const struct fl_cedar_type *type, const struct fl_cedar_type *each,
                          struct fl_cedar_value *ret)
{
	struct fl_cedar_field *fields = fl_arena_array(c->arena, json->n, sizeof *fields);

	if (fields == NULL)
		return FL_CEDAR_E_MEMORY;
	for (uint32_t i = 0; i < json->n; i++) {
		const struct fl_cedar_json_member *m = &json->u.members[i];
		struct fl_str key = fl_arena_str(c->arena, m->key);

		if (key.p == NULL)
			return FL_CEDAR_E_MEMORY;
		fields[i].name = fl_cedar_name(key);
		const struct fl_cedar_attr *attr =
		    type == NULL ? NULL : fl_cedar_type_attr(type, fields[i].name);
		int r = convert(c, &m->value, attr == NULL ? each : attr->type, &fields[i].value);

		if (r != 0)
			return r;
	}
	return fl_cedar_record_make(fields, json->n, ret, NULL);
}

static int convert_entity_value(const struct converter *c, const struct fl_cedar_json *json,
                                struct fl_cedar_value *ret)
{
	const struct fl_cedar_uid *uid;
	int r = convert_uid(c, json, &uid);

	if (r == 0)
		*ret = fl_cedar_entity(uid);
	return r;
}

static int convert_object(const struct converter *c, const struct fl_cedar_json *json,
                          struct fl_cedar_value *ret)
{
	const struct fl_cedar_json *call = only_member(json, "__extn");
	const struct fl_cedar_json *name = only_member(json, "__entity"), *number;
	bool is_escape = is_name(name) || is_call(call);

	if (fl_cedar_json_str(only_member(json, "__expr")).p != NULL)
		return no_expr(c, json);
	if (is_escape && (number = find_number(json)) != NULL)
		return no_value(c, number);
	return is_name(name)   ? convert_entity_value(c, json, ret)
	       : is_call(call) ? convert_call(c, call, ret)
	                       : convert_record(c, json, NULL, NULL, ret);
}

static int convert_text(const struct converter *c, const struct fl_cedar_json *json,
                        struct fl_cedar_value *ret)
{
	struct fl_str text = fl_arena_str(c->arena, fl_cedar_json_str(json));

	*ret = fl_cedar_string(text);
	return text.p == NULL ? FL_CEDAR_E_MEMORY : 0;
}

/* An extension value is called for: what stands beside the escape is not read, as in names. */
static int convert_typed_call(const struct converter *c, const struct fl_cedar_json *json,
                              const struct fl_cedar_type *type, struct fl_cedar_value *ret)
{
	const struct fl_cedar_json *call = fl_cedar_json_find(json, "__extn");

	if (fl_cedar_json_str(fl_cedar_json_find(json, "__expr")).p != NULL)
		return no_expr(c, json);
	if (is_call(call))
		return convert_call(c, call, ret);
	if (is_call(json))
		return convert_call(c, json, ret);
	return invalid(c->source, json, "the object is no %s: it has no `fn` with `arg` or `args`",
	               fl_cedar_kind_name((enum fl_cedar_kind)type->extension));
}

/* What only the schema makes of it: names without an escape, extension values as bare strings or
 * calls, records with typed attributes. False: nothing special; it is read like anything else. */
static bool convert_typed(const struct converter *c, const struct fl_cedar_json *json,
                          const struct fl_cedar_type *type, struct fl_cedar_value *ret, int *ret_r)
{
	if (type->kind == FL_CEDAR_TY_ENTITY) {
		*ret_r = convert_entity_value(c, json, ret);
	} else if (type->kind == FL_CEDAR_TY_RECORD && json->kind == FL_CEDAR_JSON_OBJECT) {
		*ret_r = convert_record(c, json, type, NULL, ret);
	} else if (type->kind == FL_CEDAR_TY_EXTENSION && json->kind == FL_CEDAR_JSON_STRING) {
		enum fl_cedar_kind kind = (enum fl_cedar_kind)type->extension;

		*ret_r = fl_cedar_ext_parse(kind, fl_cedar_json_str(json), c->arena, ret);
		if (*ret_r == FL_CEDAR_E_VALUE)
			*ret_r =
			    invalid(c->source, json, "the text is no %s", fl_cedar_kind_name(kind));
	} else if (type->kind == FL_CEDAR_TY_EXTENSION && json->kind == FL_CEDAR_JSON_OBJECT) {
		*ret_r = convert_typed_call(c, json, type, ret);
	} else {
		return false;
	}
	return true;
}

static int convert(const struct converter *c, const struct fl_cedar_json *json,
                   const struct fl_cedar_type *type, struct fl_cedar_value *ret)
{
	struct fl_cedar_value *items;
	int r;

	if (type != NULL && convert_typed(c, json, type, ret, &r))
		return r;
	switch ((enum fl_cedar_json_kind)json->kind) {
	case FL_CEDAR_JSON_BOOL:
		*ret = fl_cedar_bool(json->u.boolean);
		return 0;
	case FL_CEDAR_JSON_LONG:
		*ret = fl_cedar_long(json->u.number);
		return 0;
	case FL_CEDAR_JSON_STRING:
		return convert_text(c, json, ret);
	case FL_CEDAR_JSON_ARRAY:
		r = convert_items(
		    c, json->u.items, json->n,
		    type != NULL && type->kind == FL_CEDAR_TY_SET ? type->u.element : NULL, &items);
		if (r == 0)
			*ret = fl_cedar_set_make(items, json->n);
		return r;
	case FL_CEDAR_JSON_OBJECT:
		return convert_object(c, json, ret);
	case FL_CEDAR_JSON_NULL:
	case FL_CEDAR_JSON_NUMBER:
		break;
	}
	return no_value(c, json);
}

int fl_cedar_uid_from_json(const struct fl_cedar_json *json,
                           const struct fl_cedar_json_source *source, struct fl_arena *arena,
                           const struct fl_cedar_uid **ret)
{
	struct converter c = {.source = source, .arena = arena};

	return convert_uid(&c, json, ret);
}

int fl_cedar_value_from_json(const struct fl_cedar_json *json,
                             const struct fl_cedar_json_source *source,
                             const struct fl_cedar_type *type, struct fl_arena *arena,
                             struct fl_cedar_value *ret)
{
	struct converter c = {.source = source, .arena = arena};

	return convert(&c, json, type, ret);
}

int fl_cedar_context_from_json(const struct fl_cedar_json *json,
                               const struct fl_cedar_json_source *source,
                               const struct fl_cedar_type *type, struct fl_arena *arena,
                               struct fl_cedar_value *ret)
{
	struct fl_cedar_value v;
	int r = fl_cedar_value_from_json(json, source, type, arena, &v);

	if (r == 0 && v.kind != FL_CEDAR_RECORD)
		return invalid(source, json, "the context is no record");
	if (r == 0)
		*ret = v;
	return r;
}

/* The member of an entity, of the kind it must have; *ret NULL when it is absent and may be. */
static int member(const struct converter *c, const struct fl_cedar_json *json, const char *key,
                  enum fl_cedar_json_kind kind, bool is_optional, const struct fl_cedar_json **ret)
{
	*ret = fl_cedar_json_find(json, key);
	if (*ret == NULL)
		return is_optional ? 0 : invalid(c->source, json, "the entity has no `%s`", key);
	if ((*ret)->kind != kind)
		return invalid(c->source, *ret, "`%s` is %s, not %s", key,
		               fl_cedar_json_describe(*ret),
		               kind == FL_CEDAR_JSON_ARRAY ? "an array" : "an object");
	return 0;
}

static bool is_action(const struct fl_cedar_uid *uid)
{
	static const struct fl_str tail = FL_STR_INIT("::Action");

	return fl_str_is(uid->type, "Action") ||
	       (uid->type.n > tail.n &&
	        fl_str_eq(fl_str_n(uid->type.p + uid->type.n - tail.n, tail.n), tail));
}

static int convert_parents(const struct converter *c, const struct fl_cedar_json *json,
                           const struct fl_cedar_uid *uid, const struct fl_cedar_uid ***ret)
{
	const struct fl_cedar_uid **parents = fl_arena_array(c->arena, json->n, sizeof(*parents));

	if (parents == NULL)
		return FL_CEDAR_E_MEMORY;
	for (uint32_t i = 0; i < json->n; i++) {
		int r = convert_uid(c, &json->u.items[i], &parents[i]);

		if (r != 0)
			return r;
		if (is_action(uid) && !is_action(parents[i]))
			return invalid(c->source, &json->u.items[i],
			               "the parents of an action are actions");
	}
	*ret = parents;
	return 0;
}

static int convert_entity(const struct converter *c, const struct fl_cedar_json *json)
{
	const struct fl_cedar_json *name = fl_cedar_json_find(json, "uid"), *attrs, *parents, *tags;
	struct fl_cedar_value attrs_value, tags_value = fl_cedar_record_empty();
	const struct fl_cedar_uid *uid, **above = NULL;
	struct fl_error err = FL_ERROR_INIT;
	int r;

	if (json->kind != FL_CEDAR_JSON_OBJECT)
		return invalid(c->source, json, "expected an entity, an object, found %s",
		               fl_cedar_json_describe(json));
	if (name == NULL)
		return invalid(c->source, json, "the entity has no `uid`");
	if ((r = convert_uid(c, name, &uid)) != 0)
		return r;
	const struct fl_cedar_entity_type *type =
	    c->schema == NULL ? NULL : fl_cedar_schema_type(c->schema, uid->type);

	if ((r = member(c, json, "attrs", FL_CEDAR_JSON_OBJECT, false, &attrs)) != 0 ||
	    (r = member(c, json, "parents", FL_CEDAR_JSON_ARRAY, false, &parents)) != 0 ||
	    (r = member(c, json, "tags", FL_CEDAR_JSON_OBJECT, true, &tags)) != 0 ||
	    (r = convert_parents(c, parents, uid, &above)) != 0 ||
	    (r = convert_record(c, attrs, type == NULL ? NULL : type->shape, NULL, &attrs_value)) !=
	        0)
		return r;
	if (tags != NULL &&
	    (r = convert_record(c, tags, NULL, type == NULL ? NULL : type->tags, &tags_value)) != 0)
		return r;
	r = fl_cedar_entities_add(c->es, uid, attrs_value, above, parents->n, tags_value, &err);
	if (r != 0)
		(void)invalid(c->source, json, "%s", err.message);
	return r;
}

static int convert_entities(const struct converter *c, const struct fl_cedar_json *json)
{
	if (json->kind != FL_CEDAR_JSON_ARRAY)
		return invalid(c->source, json, "expected an array of entities, found %s",
		               fl_cedar_json_describe(json));
	for (uint32_t i = 0; i < json->n; i++) {
		int r = convert_entity(c, &json->u.items[i]);

		if (r != 0)
			return r;
	}
	return 0;
}

/* The parsed text needs about so many bytes for each of its own; more is no honest input. */
#define TREE_FACTOR 64u

int fl_cedar_entities_read(struct fl_cedar_entities *es, struct fl_str text, const char *file,
                           const struct fl_cedar_schema *schema, struct fl_problems *problems)
{
	struct fl_cedar_json_source source = {.text = text, .file = file, .problems = problems};
	struct converter c = {
	    .source = &source, .arena = fl_cedar_entities_arena(es), .es = es, .schema = schema};
	struct fl_cedar_json json;
	struct fl_arena tree;

	fl_arena_init(&tree, 4096,
	              text.n > SIZE_MAX / TREE_FACTOR - 4096 ? SIZE_MAX
	                                                     : 4096 + text.n * TREE_FACTOR);
	int r = fl_cedar_json_parse(&tree, text, file, &json, problems);

	if (r == 0)
		r = convert_entities(&c, &json);
	fl_arena_fini(&tree);
	return r;
}
