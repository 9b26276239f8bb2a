/* policy/schema.c - schemas: making them and asking them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/schema_raw.h"

#include <stdlib.h>

#define FIRST_BYTES 8192u

struct fl_str fl_cedar_qualify(struct fl_arena *arena, struct fl_str ns, struct fl_str name)
{
	return ns.n == 0 ? fl_arena_str(arena, name)
	                 : fl_arena_printf(arena, "%.*s::%.*s", FL_STR_ARGS(ns), FL_STR_ARGS(name));
}

struct fl_str fl_cedar_action_key(struct fl_arena *arena, struct fl_str type, struct fl_str id)
{
	char *key = fl_arena_alloc(arena, type.n + id.n + 3);

	if (key == NULL)
		return FL_STR_NULL;
	memcpy(key, type.p, type.n);
	memcpy(key + type.n, "::", 3); /* the NUL, too: no type holds one */
	if (id.n != 0)
		memcpy(key + type.n + 3, id.p, id.n);
	return fl_str_n(key, type.n + id.n + 3);
}

bool fl_cedar_schema_is_word(struct fl_str name)
{
	static const char *const words[] = {"Bool", "Boolean", "Entity", "Extension",
	                                    "Long", "Record",  "Set",    "String"};

	for (size_t i = 0; i < FL_ARRAY_LEN(words); i++)
		if (fl_str_is(name, words[i]))
			return true;
	return false;
}

/* Puts `item` into the map; *ret_list has room for it behind its `n`. */
static int keep(struct fl_cedar_schema *s, struct fl_map *names, struct fl_str key, void *item,
                void *list, size_t n, size_t item_bytes, void **ret_list)
{
	void *old = NULL;

	*ret_list = fl_cedar_grow(&s->arena, list, n, item_bytes);
	if (*ret_list == NULL || key.p == NULL || fl_map_put(names, key, item, &old) != 0)
		return FL_CEDAR_E_MEMORY;
	return old == NULL ? 0 : FL_CEDAR_E_DUPLICATE;
}

int fl_cedar_schema_keep_entity(struct fl_cedar_schema *s, struct fl_cedar_raw_entity *e)
{
	void *list;
	int r = keep(s, &s->entity_names, e->full, e, s->entities, s->n_entities,
	             sizeof(*s->entities), &list);

	if (r != 0)
		return r;
	s->entities = list;
	s->entities[s->n_entities++] = e;
	return 0;
}

int fl_cedar_schema_keep_common(struct fl_cedar_schema *s, struct fl_cedar_raw_common *c)
{
	void *list;
	int r = keep(s, &s->common_names, c->full, c, s->commons, s->n_commons, sizeof(*s->commons),
	             &list);

	if (r != 0)
		return r;
	s->commons = list;
	s->commons[s->n_commons++] = c;
	return 0;
}

int fl_cedar_schema_keep_action(struct fl_cedar_schema *s, struct fl_cedar_raw_action *a)
{
	struct fl_str type = fl_cedar_qualify(&s->arena, a->ns, FL_STR("Action"));
	void *list;
	int r = type.p == NULL
	            ? FL_CEDAR_E_MEMORY
	            : keep(s, &s->action_names, fl_cedar_action_key(&s->arena, type, a->id), a,
	                   s->actions, s->n_actions, sizeof(*s->actions), &list);

	if (r != 0)
		return r;
	s->actions = list;
	s->actions[s->n_actions++] = a;
	return 0;
}

struct fl_cedar_schema *fl_cedar_schema_create(size_t max_bytes)
{
	struct fl_cedar_schema *s = calloc(1, sizeof *s);

	if (s != NULL)
		fl_arena_init(&s->arena, FIRST_BYTES, max_bytes);
	return s;
}

struct fl_cedar_schema *fl_cedar_schema_destroy(struct fl_cedar_schema *s)
{
	if (s == NULL)
		return NULL;
	fl_map_fini(&s->entity_names);
	fl_map_fini(&s->common_names);
	fl_map_fini(&s->action_names);
	fl_map_fini(&s->type_names);
	fl_arena_fini(&s->arena);
	free(s);
	return NULL;
}

static int
add(struct fl_cedar_schema *s, struct fl_str text, const char *file, struct fl_problems *problems,
    int (*parse)(struct fl_cedar_schema *, struct fl_str, const char *, struct fl_problems *))
{
	struct fl_position start = {.file = file, .line = 1, .column = 1};

	FL_ASSERT(!s->is_finished);
	if (text.n > FL_CEDAR_TEXT_BYTES_MAX) {
		(void)fl_problems_add(problems, "schema_limit", start, FL_STR_NULL,
		                      "the text has %zu bytes; at most %u are read", text.n,
		                      FL_CEDAR_TEXT_BYTES_MAX);
		return FL_CEDAR_E_LIMIT;
	}
	if (!fl_str_is_utf8(text)) {
		(void)fl_problems_add(problems, "schema_syntax", start, FL_STR_NULL,
		                      "the text is not UTF-8");
		return FL_CEDAR_E_SYNTAX;
	}
	struct fl_str copy = fl_arena_str(&s->arena, text);
	struct fl_str name = fl_arena_str(&s->arena, fl_str(file == NULL ? "" : file));

	if (copy.p == NULL || name.p == NULL)
		return FL_CEDAR_E_MEMORY;
	return parse(s, copy, file == NULL ? NULL : name.p, problems);
}

int fl_cedar_schema_add(struct fl_cedar_schema *s, struct fl_str text, const char *file,
                        struct fl_problems *problems)
{
	return add(s, text, file, problems, fl_cedar_schema_parse);
}

int fl_cedar_schema_add_json(struct fl_cedar_schema *s, struct fl_str text, const char *file,
                             struct fl_problems *problems)
{
	return add(s, text, file, problems, fl_cedar_schema_parse_json);
}

const struct fl_cedar_entity_type *fl_cedar_schema_type(const struct fl_cedar_schema *s,
                                                        struct fl_str name)
{
	return fl_map_find(&s->type_names, name);
}

const struct fl_cedar_action *fl_cedar_schema_action(const struct fl_cedar_schema *s,
                                                     const struct fl_cedar_uid *uid)
{
	size_t lo = 0, hi = s->n_actions;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->by_hash[mid]->uid->hash < uid->hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < s->n_actions && s->by_hash[lo]->uid->hash == uid->hash; lo++)
		if (fl_cedar_uid_eq(s->by_hash[lo]->uid, uid))
			return s->by_hash[lo];
	return NULL;
}

const struct fl_cedar_entity_type *fl_cedar_schema_type_at(const struct fl_cedar_schema *s,
                                                           size_t i)
{
	return i < s->n_types ? s->types[i] : NULL;
}

const struct fl_cedar_action *fl_cedar_schema_action_at(const struct fl_cedar_schema *s, size_t i)
{
	return i < s->n_actions ? s->actions[i]->resolved : NULL;
}

bool fl_cedar_entity_type_in(const struct fl_cedar_entity_type *type,
                             const struct fl_cedar_entity_type *ancestor)
{
	if (type == ancestor)
		return true;
	for (size_t i = 0; i < type->n_ancestors; i++)
		if (type->ancestors[i] == ancestor)
			return true;
	return false;
}

bool fl_cedar_action_in(const struct fl_cedar_action *action,
                        const struct fl_cedar_action *ancestor)
{
	if (action == ancestor)
		return true;
	for (size_t i = 0; i < action->n_ancestors; i++)
		if (action->ancestors[i] == ancestor)
			return true;
	return false;
}

const struct fl_cedar_attr *fl_cedar_type_attr(const struct fl_cedar_type *type,
                                               struct fl_cedar_name name)
{
	uint32_t lo = 0, hi;

	if (type->kind == FL_CEDAR_TY_ENTITY)
		type = type->u.entity->shape;
	if (type->kind != FL_CEDAR_TY_RECORD)
		return NULL;
	hi = type->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int d = fl_cedar_name_cmp(type->u.attrs[mid].name, name);

		if (d == 0)
			return &type->u.attrs[mid];
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

void fl_cedar_type_print(struct fl_buf *out, const struct fl_cedar_type *t)
{
	switch ((enum fl_cedar_type_kind)t->kind) {
	case FL_CEDAR_TY_NEVER:
		fl_buf_add_c(out, "nothing");
		break;
	case FL_CEDAR_TY_FALSE:
	case FL_CEDAR_TY_TRUE:
	case FL_CEDAR_TY_BOOL:
		fl_buf_add_c(out, "Bool");
		break;
	case FL_CEDAR_TY_LONG:
		fl_buf_add_c(out, "Long");
		break;
	case FL_CEDAR_TY_STRING:
		fl_buf_add_c(out, "String");
		break;
	case FL_CEDAR_TY_SET:
		fl_buf_add_c(out, "Set<");
		fl_cedar_type_print(out, t->u.element);
		fl_buf_add_char(out, '>');
		break;
	case FL_CEDAR_TY_RECORD:
		fl_buf_add_char(out, '{');
		for (uint32_t i = 0; i < t->n; i++) {
			fl_buf_add_c(out, i == 0 ? "" : ", ");
			fl_cedar_print_string(out, fl_cedar_name_str(t->u.attrs[i].name));
			fl_buf_add_c(out, t->u.attrs[i].is_required ? ": " : "?: ");
			fl_cedar_type_print(out, t->u.attrs[i].type);
		}
		fl_buf_add_char(out, '}');
		break;
	case FL_CEDAR_TY_ENTITY:
		fl_buf_add(out, t->u.entity->name);
		break;
	case FL_CEDAR_TY_EXTENSION:
		fl_buf_add_c(out, fl_cedar_kind_name((enum fl_cedar_kind)t->extension));
		break;
	case FL_CEDAR_TY_KINDS:
		break;
	}
}
