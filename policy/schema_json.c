/* policy/schema_json.c - schemas in JSON syntax
 * SPDX-License-Identifier: Apache-2.0
 *
 *	{"ns": {"commonTypes": {name: type}, "entityTypes": {name: {...}}, "actions": {id: {...}}}}
 *
 * A type is {"type": "Long" | "String" | "Boolean" | "Set" | "Record" | "Entity" | "Extension" |
 * "EntityOrCommon" | the name of a common type}. Unknown keys are refused.
 */
#include "policy/entities_json.h"
#include "policy/schema_raw.h"

struct json_reader {
	struct fl_cedar_schema *schema;
	struct fl_problems *problems;
	struct fl_str text, ns;
	const char *file;
	unsigned depth;
	struct fl_cedar_span seen; /* how far lines were counted */
	int code;
};

static bool fail(struct json_reader *r, int code, uint32_t at, const char *fmt, ...)
    FL_PRINTF(4, 5);

static bool fail(struct json_reader *r, int code, uint32_t at, const char *fmt, ...)
{
	va_list ap;

	if (r->code != 0)
		return false;
	r->code = code;
	va_start(ap, fmt);
	(void)fl_problems_vadd(r->problems, "schema_syntax",
	                       fl_cedar_json_position(r->text, r->file, at), FL_STR_NULL, fmt, ap);
	va_end(ap);
	return false;
}

static bool no_memory(struct json_reader *r)
{
	if (r->code == 0)
		r->code = FL_CEDAR_E_MEMORY;
	return false;
}

/* Places are asked for in about the order of the text, so lines are counted on from the last. */
static struct fl_cedar_place place(struct json_reader *r, uint32_t at)
{
	struct fl_cedar_span *seen = &r->seen;

	if (seen->line == 0 || at < seen->at)
		*seen = (struct fl_cedar_span){.line = 1, .column = 1};
	for (; seen->at < at; seen->at++) {
		if (r->text.p[seen->at] == '\n') {
			seen->line++;
			seen->column = 1;
		} else if (((unsigned char)r->text.p[seen->at] & 0xc0) != 0x80) {
			seen->column++;
		}
	}
	return (struct fl_cedar_place){.file = r->file, .span = *seen};
}

/* `json` is an object with no keys but these (a NULL-terminated list). */
static bool is_object(struct json_reader *r, const struct fl_cedar_json *json,
                      const char *const *keys)
{
	if (json->kind != FL_CEDAR_JSON_OBJECT)
		return fail(r, FL_CEDAR_E_SYNTAX, json->at, "expected an object, found %s",
		            fl_cedar_json_describe(json));
	for (uint32_t i = 0; i < json->n && keys != NULL; i++) {
		const char *const *k = keys;

		while (*k != NULL && !fl_str_is(json->u.members[i].key, *k))
			k++;
		if (*k == NULL)
			return fail(r, FL_CEDAR_E_SYNTAX, json->u.members[i].at,
			            "unknown key `%.*s`", FL_STR_ARGS(json->u.members[i].key));
	}
	return true;
}

/* The member as a string, an array or an object; NULL when it is absent; *ret_ok: it is of the
 * kind. */
static const struct fl_cedar_json *member(struct json_reader *r, const struct fl_cedar_json *json,
                                          const char *key, enum fl_cedar_json_kind kind,
                                          bool *ret_ok)
{
	const struct fl_cedar_json *m = fl_cedar_json_find(json, key);

	if (m != NULL && m->kind != kind)
		*ret_ok =
		    fail(r, FL_CEDAR_E_SYNTAX, m->at, "`%s` is %s", key, fl_cedar_json_describe(m));
	return m;
}

/* A name that the namespace is looked up for, `__cedar::` allowed in front. */
static bool is_type_name(struct fl_str s)
{
	struct fl_str prefix = FL_STR("__cedar::");

	if (fl_str_starts(s, prefix))
		s = fl_str_n(s.p + prefix.n, s.n - prefix.n);
	return fl_cedar_is_type_name(s);
}

/* What may be annotated: an object of identifiers, each with a string or null. They mean nothing.
 */
static bool annotations(struct json_reader *r, const struct fl_cedar_json *json)
{
	bool is_ok = true;
	const struct fl_cedar_json *list =
	    member(r, json, "annotations", FL_CEDAR_JSON_OBJECT, &is_ok);

	for (uint32_t i = 0; is_ok && list != NULL && i < list->n; i++) {
		const struct fl_cedar_json_member *m = &list->u.members[i];

		if (!fl_cedar_is_any_ident(m->key))
			is_ok =
			    fail(r, FL_CEDAR_E_SYNTAX, m->at,
			         "`%.*s` cannot be the key of an annotation: it is no identifier",
			         FL_STR_ARGS(m->key));
		else if (m->value.kind != FL_CEDAR_JSON_STRING &&
		         m->value.kind != FL_CEDAR_JSON_NULL)
			is_ok = fail(r, FL_CEDAR_E_SYNTAX, m->value.at,
			             "an annotation is a string or null, not %s",
			             fl_cedar_json_describe(&m->value));
	}
	return is_ok;
}

/* Where a type stands: only attributes say whether they are required, and only they and common
 * types are annotated. */
enum type_use { TYPE_INNER, TYPE_COMMON, TYPE_ATTR };

static struct fl_cedar_raw_type *type(struct json_reader *r, const struct fl_cedar_json *json,
                                      enum type_use use);

static struct fl_cedar_raw_type *named(struct json_reader *r, struct fl_cedar_raw_type *t,
                                       struct fl_str name, enum fl_cedar_raw_lookup lookup)
{
	if (name.p == NULL || !is_type_name(name)) {
		(void)fail(r, FL_CEDAR_E_SYNTAX, t->place.span.at,
		           "`%.*s` is not the name of a type", FL_STR_ARGS(name));
		return NULL;
	}
	t->name = name;
	t->lookup = lookup;
	return t;
}

static struct fl_cedar_raw_type *record(struct json_reader *r, const struct fl_cedar_json *json,
                                        struct fl_cedar_raw_type *t)
{
	bool is_ok = true;
	const struct fl_cedar_json *attrs =
	    member(r, json, "attributes", FL_CEDAR_JSON_OBJECT, &is_ok);
	const struct fl_cedar_json *open =
	    member(r, json, "additionalAttributes", FL_CEDAR_JSON_BOOL, &is_ok);

	if (is_ok && attrs == NULL)
		is_ok = fail(r, FL_CEDAR_E_SYNTAX, json->at, "a record needs `attributes`");
	if (is_ok && open != NULL && open->u.boolean)
		is_ok = fail(r, FL_CEDAR_E_SYNTAX, open->at, "records are closed");
	if (!is_ok)
		return NULL;
	t->kind = FL_CEDAR_RAW_RECORD;
	t->n_attrs = attrs->n;
	t->attrs = fl_arena_array(&r->schema->arena, attrs->n, sizeof *t->attrs);
	if (t->attrs == NULL) {
		(void)no_memory(r);
		return NULL;
	}
	for (uint32_t i = 0; i < attrs->n; i++) {
		const struct fl_cedar_json_member *m = &attrs->u.members[i];
		const struct fl_cedar_json *required =
		    member(r, &m->value, "required", FL_CEDAR_JSON_BOOL, &is_ok);

		t->attrs[i] = (struct fl_cedar_raw_attr){
		    .name = m->key,
		    .is_required = !is_ok || required == NULL || required->u.boolean,
		    .type = is_ok ? type(r, &m->value, TYPE_ATTR) : NULL,
		};
		if (t->attrs[i].type == NULL)
			return NULL;
	}
	return t;
}

static const struct type_form {
	const char *word;
	const char *keys[6]; /* beside "type" and, of attributes, "required" */
} forms[] = {
    {"Set", {"element"}},         {"Record", {"attributes", "additionalAttributes"}},
    {"Entity", {"name"}},         {"Extension", {"name"}},
    {"EntityOrCommon", {"name"}}, {NULL, {NULL}},
};

static bool has_form(struct json_reader *r, const struct fl_cedar_json *json,
                     const struct type_form *form, enum type_use use)
{
	const char *keys[8] = {"type"};
	size_t n = 1;

	if (use != TYPE_INNER)
		keys[n++] = "annotations";
	if (use == TYPE_ATTR)
		keys[n++] = "required";
	for (size_t i = 0; form->keys[i] != NULL; i++)
		keys[n++] = form->keys[i];
	return is_object(r, json, keys) && annotations(r, json);
}

static struct fl_cedar_raw_type *typed(struct json_reader *r, const struct fl_cedar_json *json,
                                       enum type_use use)
{
	struct fl_cedar_raw_type *t = fl_arena_zalloc(&r->schema->arena, sizeof *t);
	struct fl_str word = fl_cedar_json_str(fl_cedar_json_find(json, "type"));
	struct fl_str name = fl_cedar_json_str(fl_cedar_json_find(json, "name"));
	const struct fl_cedar_json *element = fl_cedar_json_find(json, "element");
	const struct type_form *form = forms;

	if (t == NULL) {
		(void)no_memory(r);
		return NULL;
	}
	while (form->word != NULL && !fl_str_is(word, form->word))
		form++;
	t->place = place(r, json->at);
	if (!has_form(r, json, form, use))
		return NULL;
	if (word.p == NULL) {
		(void)fail(r, FL_CEDAR_E_SYNTAX, json->at, "a type needs `type`, a string");
		return NULL;
	}
	if (fl_str_is(word, "Record"))
		return record(r, json, t);
	if (fl_str_is(word, "Entity"))
		return named(r, t, name, FL_CEDAR_LOOKUP_ENTITY);
	if (fl_str_is(word, "Extension"))
		return named(r, t, name, FL_CEDAR_LOOKUP_BUILTIN);
	if (fl_str_is(word, "EntityOrCommon"))
		return named(r, t, name, FL_CEDAR_LOOKUP_ANY);
	if (fl_str_is(word, "Boolean"))
		return named(r, t, FL_STR("Bool"), FL_CEDAR_LOOKUP_BUILTIN);
	if (fl_str_is(word, "Long") || fl_str_is(word, "String"))
		return named(r, t, word, FL_CEDAR_LOOKUP_BUILTIN);
	if (!fl_str_is(word, "Set"))
		return named(r, t, word, FL_CEDAR_LOOKUP_COMMON);
	if (element == NULL) {
		(void)fail(r, FL_CEDAR_E_SYNTAX, json->at, "a set needs `element`");
		return NULL;
	}
	t->kind = FL_CEDAR_RAW_SET;
	t->element = type(r, element, TYPE_INNER);
	return t->element == NULL ? NULL : t;
}

static struct fl_cedar_raw_type *type(struct json_reader *r, const struct fl_cedar_json *json,
                                      enum type_use use)
{
	struct fl_cedar_raw_type *t;

	/* JSON nests about twice as deep as the types it says. */
	if (r->depth >= FL_CEDAR_NESTING_MAX) {
		(void)fail(r, FL_CEDAR_E_LIMIT, json->at, "nested deeper than %u levels",
		           FL_CEDAR_NESTING_MAX);
		return NULL;
	}
	r->depth++;
	t = typed(r, json, use);
	r->depth--;
	return t;
}

/* An array of names of types. */
static bool types(struct json_reader *r, const struct fl_cedar_json *array,
                  struct fl_cedar_raw_refs *ret)
{
	ret->n = array->n;
	ret->refs = fl_arena_array(&r->schema->arena, array->n, sizeof *ret->refs);
	if (ret->refs == NULL)
		return no_memory(r);
	for (uint32_t i = 0; i < array->n; i++) {
		struct fl_str name = fl_cedar_json_str(&array->u.items[i]);

		if (name.p == NULL || !is_type_name(name))
			return fail(r, FL_CEDAR_E_SYNTAX, array->u.items[i].at,
			            "expected the name of an entity type");
		ret->refs[i] = (struct fl_cedar_raw_ref){.type = name,
		                                         .place = place(r, array->u.items[i].at)};
	}
	return true;
}

static bool choices(struct json_reader *r, const struct fl_cedar_json *array,
                    struct fl_cedar_raw_entity *e)
{
	if (array->n == 0)
		return fail(r, FL_CEDAR_E_SYNTAX, array->at, "`enum` is empty");
	e->n_choices = array->n;
	e->choices = fl_arena_array(&r->schema->arena, array->n, sizeof *e->choices);
	if (e->choices == NULL)
		return no_memory(r);
	for (uint32_t i = 0; i < array->n; i++) {
		e->choices[i] = fl_cedar_json_str(&array->u.items[i]);
		if (e->choices[i].p == NULL)
			return fail(r, FL_CEDAR_E_SYNTAX, array->u.items[i].at,
			            "the ids of entities are strings");
	}
	return true;
}

static bool keep(struct json_reader *r, int code, uint32_t at, struct fl_str name)
{
	return code == 0 || (code == FL_CEDAR_E_MEMORY
	                         ? no_memory(r)
	                         : fail(r, code, at, "`%.*s` is there twice", FL_STR_ARGS(name)));
}

static bool entity(struct json_reader *r, const struct fl_cedar_json_member *m)
{
	static const char *const plain[] = {"memberOfTypes", "shape", "tags", "annotations", NULL};
	static const char *const enumerated[] = {"enum", "annotations", NULL};
	struct fl_cedar_raw_entity *e = fl_arena_zalloc(&r->schema->arena, sizeof *e);
	bool is_enum = fl_cedar_json_find(&m->value, "enum") != NULL, is_ok = true;

	if (e == NULL)
		return no_memory(r);
	if (!is_object(r, &m->value, is_enum ? enumerated : plain) || !annotations(r, &m->value))
		return false;
	if (!fl_cedar_is_ident(m->key) || fl_str_is(m->key, "Action"))
		return fail(r, FL_CEDAR_E_SYNTAX, m->at, "`%.*s` cannot be the name of a type",
		            FL_STR_ARGS(m->key));
	const struct fl_cedar_json *ids = member(r, &m->value, "enum", FL_CEDAR_JSON_ARRAY, &is_ok);
	const struct fl_cedar_json *parents =
	    member(r, &m->value, "memberOfTypes", FL_CEDAR_JSON_ARRAY, &is_ok);
	const struct fl_cedar_json *shape = fl_cedar_json_find(&m->value, "shape");
	const struct fl_cedar_json *tags = fl_cedar_json_find(&m->value, "tags");

	e->ns = r->ns;
	e->place = place(r, m->at);
	e->full = fl_cedar_qualify(&r->schema->arena, r->ns, m->key);
	if (!is_ok || (ids != NULL && !choices(r, ids, e)) ||
	    (parents != NULL && !types(r, parents, &e->parents)))
		return false;
	if (shape != NULL && (e->shape = type(r, shape, TYPE_INNER)) == NULL)
		return false;
	if (tags != NULL && (e->tags = type(r, tags, TYPE_INNER)) == NULL)
		return false;
	return keep(r, fl_cedar_schema_keep_entity(r->schema, e), m->at, m->key);
}

static bool common_type(struct json_reader *r, const struct fl_cedar_json_member *m)
{
	struct fl_cedar_raw_common *c = fl_arena_zalloc(&r->schema->arena, sizeof *c);

	if (c == NULL)
		return no_memory(r);
	if (!fl_cedar_is_ident(m->key) || fl_cedar_schema_is_word(m->key))
		return fail(r, FL_CEDAR_E_SYNTAX, m->at, "`%.*s` cannot be the name of a type",
		            FL_STR_ARGS(m->key));
	c->ns = r->ns;
	c->place = place(r, m->at);
	c->full = fl_cedar_qualify(&r->schema->arena, r->ns, m->key);
	c->type = type(r, &m->value, TYPE_COMMON);
	return c->type != NULL && keep(r, fl_cedar_schema_keep_common(r->schema, c), m->at, m->key);
}

/* [{"id": string, "type": string or absent}] */
static bool action_parents(struct json_reader *r, const struct fl_cedar_json *array,
                           struct fl_cedar_raw_refs *ret)
{
	static const char *const keys[] = {"id", "type", NULL};

	ret->n = array->n;
	ret->refs = fl_arena_array(&r->schema->arena, array->n, sizeof *ret->refs);
	if (ret->refs == NULL)
		return no_memory(r);
	for (uint32_t i = 0; i < array->n; i++) {
		const struct fl_cedar_json *item = &array->u.items[i];
		struct fl_cedar_raw_ref ref = {.place = place(r, item->at)};

		if (!is_object(r, item, keys))
			return false;
		const struct fl_cedar_json *type = fl_cedar_json_find(item, "type");

		ref.id = fl_cedar_json_str(fl_cedar_json_find(item, "id"));
		ref.type = fl_cedar_json_str(type);
		if (ref.id.p == NULL)
			return fail(r, FL_CEDAR_E_SYNTAX, item->at, "an action needs an `id`");
		if (type != NULL && type->kind != FL_CEDAR_JSON_NULL &&
		    !fl_cedar_is_type_name(ref.type))
			return fail(r, FL_CEDAR_E_SYNTAX, type->at,
			            "the type of an action is a name like `App::Action`");
		ret->refs[i] = ref;
	}
	return true;
}

static bool applies_to(struct json_reader *r, const struct fl_cedar_json *json,
                       struct fl_cedar_raw_action *a)
{
	static const char *const keys[] = {"principalTypes", "resourceTypes", "context", NULL};
	bool is_ok = true;

	if (!is_object(r, json, keys))
		return false;
	const struct fl_cedar_json *principals =
	    member(r, json, "principalTypes", FL_CEDAR_JSON_ARRAY, &is_ok);
	const struct fl_cedar_json *resources =
	    member(r, json, "resourceTypes", FL_CEDAR_JSON_ARRAY, &is_ok);
	const struct fl_cedar_json *context = fl_cedar_json_find(json, "context");

	if (is_ok && (principals == NULL || resources == NULL))
		return fail(r, FL_CEDAR_E_SYNTAX, json->at,
		            "`appliesTo` needs both `principalTypes` and `resourceTypes`");
	if (!is_ok || !types(r, principals, &a->principals) || !types(r, resources, &a->resources))
		return false;
	if (context != NULL)
		a->context = type(r, context, TYPE_INNER);
	return context == NULL || a->context != NULL;
}

static bool action(struct json_reader *r, const struct fl_cedar_json_member *m)
{
	static const char *const keys[] = {"memberOf", "appliesTo", "attributes", "annotations",
	                                   NULL};
	struct fl_cedar_raw_action *a = fl_arena_zalloc(&r->schema->arena, sizeof *a);
	const struct fl_cedar_json *parents, *applies, *attributes;

	if (a == NULL)
		return no_memory(r);
	if (!is_object(r, &m->value, keys) || !annotations(r, &m->value))
		return false;
	parents = fl_cedar_json_find(&m->value, "memberOf");
	applies = fl_cedar_json_find(&m->value, "appliesTo");
	attributes = fl_cedar_json_find(&m->value, "attributes");
	a->ns = r->ns;
	a->id = m->key;
	a->place = place(r, m->at);
	if (attributes != NULL && attributes->kind != FL_CEDAR_JSON_NULL)
		return fail(r, FL_CEDAR_E_SYNTAX, attributes->at, "actions have no attributes");
	/* null is the same as absent */
	if (parents != NULL && parents->kind != FL_CEDAR_JSON_NULL &&
	    (parents->kind != FL_CEDAR_JSON_ARRAY
	         ? !fail(r, FL_CEDAR_E_SYNTAX, parents->at, "`memberOf` is no array")
	         : !action_parents(r, parents, &a->parents)))
		return false;
	if (applies != NULL && applies->kind != FL_CEDAR_JSON_NULL && !applies_to(r, applies, a))
		return false;
	return keep(r, fl_cedar_schema_keep_action(r->schema, a), m->at, m->key);
}

static bool all(struct json_reader *r, const struct fl_cedar_json *ns, const char *key,
                bool (*read)(struct json_reader *, const struct fl_cedar_json_member *))
{
	bool is_ok = true;
	const struct fl_cedar_json *list = member(r, ns, key, FL_CEDAR_JSON_OBJECT, &is_ok);

	for (uint32_t i = 0; is_ok && list != NULL && i < list->n; i++)
		is_ok = read(r, &list->u.members[i]);
	return is_ok;
}

static bool namespaces(struct json_reader *r, const struct fl_cedar_json *json)
{
	const char *keys[] = {"commonTypes", "entityTypes", "actions", NULL, NULL};

	if (!is_object(r, json, NULL))
		return false;
	for (uint32_t i = 0; i < json->n; i++) {
		const struct fl_cedar_json_member *ns = &json->u.members[i];

		if (ns->key.n != 0 && !fl_cedar_is_type_name(ns->key))
			return fail(r, FL_CEDAR_E_SYNTAX, ns->at, "`%.*s` is not a namespace",
			            FL_STR_ARGS(ns->key));
		r->ns = ns->key;
		/* Annotations are a namespace's, and the empty one is none. */
		keys[3] = ns->key.n == 0 ? NULL : "annotations";
		if (!is_object(r, &ns->value, keys) || !annotations(r, &ns->value))
			return false;
		if (fl_cedar_json_find(&ns->value, "entityTypes") == NULL ||
		    fl_cedar_json_find(&ns->value, "actions") == NULL)
			return fail(r, FL_CEDAR_E_SYNTAX, ns->value.at,
			            "a namespace needs `entityTypes` and `actions`");
		if (!all(r, &ns->value, "commonTypes", common_type) ||
		    !all(r, &ns->value, "entityTypes", entity) ||
		    !all(r, &ns->value, "actions", action))
			return false;
	}
	return true;
}

int fl_cedar_schema_parse_json(struct fl_cedar_schema *schema, struct fl_str text, const char *file,
                               struct fl_problems *problems)
{
	struct json_reader r = {.schema = schema, .problems = problems, .text = text, .file = file};
	struct fl_cedar_json json;
	int code = fl_cedar_json_parse(&schema->arena, text, file, &json, problems);

	if (code != 0)
		return code;
	(void)namespaces(&r, &json);
	return r.code;
}
