/* policy/schema_resolve.c - resolving a schema's names
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/schema_raw.h"

#include <stdlib.h>

#define EXTENSION(k)                                                                               \
	{                                                                                          \
		.kind = FL_CEDAR_TY_EXTENSION, .extension = (k)                                    \
	}

static const struct builtin {
	const char *name;
	struct fl_cedar_type type;
} builtins[] = {
    {"Bool", {.kind = FL_CEDAR_TY_BOOL}},       {"Long", {.kind = FL_CEDAR_TY_LONG}},
    {"String", {.kind = FL_CEDAR_TY_STRING}},   {"decimal", EXTENSION(FL_CEDAR_DECIMAL)},
    {"ipaddr", EXTENSION(FL_CEDAR_IP)},         {"datetime", EXTENSION(FL_CEDAR_DATETIME)},
    {"duration", EXTENSION(FL_CEDAR_DURATION)},
};

static const struct fl_cedar_type empty_record = {.kind = FL_CEDAR_TY_RECORD};

struct resolver {
	struct fl_cedar_schema *s;
	struct fl_problems *problems;
	unsigned depth; /* of types now */
	int code;
};

static bool invalid(struct resolver *r, const struct fl_cedar_place *at, const char *fmt, ...)
    FL_PRINTF(3, 4);

static bool invalid(struct resolver *r, const struct fl_cedar_place *at, const char *fmt, ...)
{
	struct fl_position pos = {
	    .file = at->file, .line = at->span.line, .column = at->span.column};
	va_list ap;

	va_start(ap, fmt);
	(void)fl_problems_vadd(r->problems, "schema_invalid", pos, FL_STR_NULL, fmt, ap);
	va_end(ap);
	if (r->code == 0)
		r->code = FL_CEDAR_E_INVALID;
	return false;
}

static bool no_memory(struct resolver *r)
{
	r->code = FL_CEDAR_E_MEMORY;
	return false;
}

static bool is_qualified(struct fl_str name)
{
	return name.n != 0 && memchr(name.p, ':', name.n) != NULL;
}

/* The names that `name` may stand for, the nearest first; at most two. */
static unsigned candidates(struct resolver *r, struct fl_str ns, struct fl_str name,
                           struct fl_str ret[2])
{
	unsigned n = 0;

	if (ns.n != 0 && !is_qualified(name)) {
		ret[n] = fl_cedar_qualify(&r->s->arena, ns, name);
		if (ret[n].p == NULL)
			(void)no_memory(r);
		else
			n++;
	}
	ret[n++] = name;
	return n;
}

static const struct fl_cedar_type *resolve(struct resolver *r, struct fl_str ns,
                                           const struct fl_cedar_raw_type *raw);

static const struct fl_cedar_type *resolve_common(struct resolver *r, struct fl_cedar_raw_common *c)
{
	if (c->resolved != NULL)
		return c->resolved;
	if (c->is_open) {
		(void)invalid(r, &c->place, "the type `%.*s` refers to itself",
		              FL_STR_ARGS(c->full));
		return NULL;
	}
	c->is_open = true;
	c->resolved = resolve(r, c->ns, c->type);
	c->is_open = false;
	return c->resolved;
}

static const struct fl_cedar_type *builtin(struct fl_str name)
{
	struct fl_str prefix = FL_STR("__cedar::");

	if (fl_str_starts(name, prefix))
		name = fl_str_n(name.p + prefix.n, name.n - prefix.n);
	for (size_t i = 0; i < FL_ARRAY_LEN(builtins); i++)
		if (fl_str_is(name, builtins[i].name))
			return &builtins[i].type;
	return NULL;
}

static const struct fl_cedar_type *resolve_name(struct resolver *r, struct fl_str ns,
                                                const struct fl_cedar_raw_type *raw)
{
	enum fl_cedar_raw_lookup look = raw->lookup;
	struct fl_str names[2];
	unsigned n = look == FL_CEDAR_LOOKUP_BUILTIN ? 0 : candidates(r, ns, raw->name, names);

	for (unsigned i = 0; i < n; i++) {
		struct fl_cedar_raw_common *c = fl_map_find(&r->s->common_names, names[i]);
		const struct fl_cedar_entity_type *e = fl_map_find(&r->s->type_names, names[i]);

		if (c != NULL && look != FL_CEDAR_LOOKUP_ENTITY)
			return resolve_common(r, c);
		if (e != NULL && look != FL_CEDAR_LOOKUP_COMMON)
			return &e->self;
	}
	const struct fl_cedar_type *t = look == FL_CEDAR_LOOKUP_ENTITY ? NULL : builtin(raw->name);

	if (t == NULL)
		(void)invalid(r, &raw->place, "there is no type `%.*s`", FL_STR_ARGS(raw->name));
	return t;
}

static int compare_attrs(const void *a, const void *b)
{
	const struct fl_cedar_attr *x = a, *y = b;

	return fl_cedar_name_cmp(x->name, y->name);
}

static const struct fl_cedar_type *resolve_record(struct resolver *r, struct fl_str ns,
                                                  const struct fl_cedar_raw_type *raw)
{
	struct fl_cedar_type *t = fl_arena_zalloc(&r->s->arena, sizeof *t);
	struct fl_cedar_attr *attrs = fl_arena_array(&r->s->arena, raw->n_attrs, sizeof *attrs);
	struct fl_map seen;
	uint32_t n = 0;
	bool is_ok = t != NULL && attrs != NULL;

	/* Of attributes with one name the last counts: so go from the end. */
	fl_map_init(&seen);
	for (size_t i = raw->n_attrs; is_ok && i-- > 0;) {
		const struct fl_cedar_raw_attr *a = &raw->attrs[i];
		const struct fl_cedar_type *type = resolve(r, ns, a->type);
		void *old = NULL;

		if (type == NULL) {
			fl_map_fini(&seen);
			return NULL;
		}
		is_ok = fl_map_put(&seen, a->name, t, &old) == 0;
		if (old == NULL)
			attrs[n++] = (struct fl_cedar_attr){.name = fl_cedar_name(a->name),
			                                    .is_required = a->is_required,
			                                    .type = type};
	}
	fl_map_fini(&seen);
	if (!is_ok) {
		(void)no_memory(r);
		return NULL;
	}
	if (n > 1)
		qsort(attrs, n, sizeof *attrs, compare_attrs);
	*t = (struct fl_cedar_type){.kind = FL_CEDAR_TY_RECORD, .n = n, .u.attrs = attrs};
	return t;
}

static const struct fl_cedar_type *resolve_set(struct resolver *r, struct fl_str ns,
                                               const struct fl_cedar_raw_type *raw)
{
	const struct fl_cedar_type *element = resolve(r, ns, raw->element);
	struct fl_cedar_type *t = fl_arena_zalloc(&r->s->arena, sizeof *t);

	if (element == NULL)
		return NULL;
	if (t == NULL) {
		(void)no_memory(r);
		return NULL;
	}
	*t = (struct fl_cedar_type){.kind = FL_CEDAR_TY_SET, .u.element = element};
	return t;
}

static const struct fl_cedar_type *resolve(struct resolver *r, struct fl_str ns,
                                           const struct fl_cedar_raw_type *raw)
{
	const struct fl_cedar_type *t;

	/* Names of types that stand for types with names: nested like braces. */
	if (r->depth >= FL_CEDAR_NESTING_MAX) {
		(void)invalid(r, &raw->place, "types nest deeper than %u levels",
		              FL_CEDAR_NESTING_MAX);
		r->code = FL_CEDAR_E_LIMIT;
		return NULL;
	}
	r->depth++;
	t = raw->kind == FL_CEDAR_RAW_NAME  ? resolve_name(r, ns, raw)
	    : raw->kind == FL_CEDAR_RAW_SET ? resolve_set(r, ns, raw)
	                                    : resolve_record(r, ns, raw);
	r->depth--;
	return t;
}

/* ---- entity types ---- */

static struct fl_cedar_entity_type *add_type(struct resolver *r, struct fl_str name,
                                             const struct fl_cedar_place *place)
{
	struct fl_cedar_schema *s = r->s;
	struct fl_cedar_entity_type *e = fl_arena_zalloc(&s->arena, sizeof *e);

	s->types = fl_cedar_grow(&s->arena, s->types, s->n_types, sizeof(*s->types));
	if (e == NULL || s->types == NULL || fl_map_put(&s->type_names, name, e, NULL) != 0) {
		(void)no_memory(r);
		return NULL;
	}
	e->name = name;
	e->shape = &empty_record;
	e->span = place->span;
	e->file = place->file;
	e->self = (struct fl_cedar_type){.kind = FL_CEDAR_TY_ENTITY, .u.entity = e};
	e->index = (uint32_t)s->n_types;
	s->types[s->n_types++] = e;
	return e;
}

static bool declare_types(struct resolver *r)
{
	struct fl_cedar_schema *s = r->s;

	for (size_t i = 0; i < s->n_entities; i++) {
		struct fl_cedar_raw_entity *raw = s->entities[i];
		struct fl_cedar_entity_type *e = add_type(r, raw->full, &raw->place);

		if (e == NULL)
			return false;
		e->is_enum = raw->n_choices != 0;
		e->choices = raw->choices;
		e->n_choices = raw->n_choices;
		raw->resolved = e;
	}
	for (size_t i = 0; i < s->n_actions; i++) {
		struct fl_str name =
		    fl_cedar_qualify(&s->arena, s->actions[i]->ns, FL_STR("Action"));

		if (name.p == NULL)
			return no_memory(r);
		if (fl_map_find(&s->type_names, name) != NULL)
			continue;
		struct fl_cedar_entity_type *e = add_type(r, name, &s->actions[i]->place);

		if (e == NULL)
			return false;
		e->is_action = true;
	}
	return true;
}

/* A name in a namespace must not be one of the empty namespace, too. */
static bool no_shadows(struct resolver *r)
{
	struct fl_cedar_schema *s = r->s;
	bool is_ok = true;

	for (size_t i = 0; i < s->n_entities + s->n_commons; i++) {
		bool is_entity = i < s->n_entities;
		struct fl_str ns =
		    is_entity ? s->entities[i]->ns : s->commons[i - s->n_entities]->ns;
		struct fl_str full =
		    is_entity ? s->entities[i]->full : s->commons[i - s->n_entities]->full;
		const struct fl_cedar_place *at =
		    is_entity ? &s->entities[i]->place : &s->commons[i - s->n_entities]->place;

		if (ns.n == 0)
			continue;
		struct fl_str bare = fl_str_n(full.p + ns.n + 2, full.n - ns.n - 2);

		if (fl_map_find(&s->entity_names, bare) != NULL ||
		    fl_map_find(&s->common_names, bare) != NULL)
			is_ok = invalid(r, at, "`%.*s` shadows `%.*s`: rename one of them",
			                FL_STR_ARGS(full), FL_STR_ARGS(bare));
	}
	for (size_t i = 0; i < s->n_actions; i++) {
		const struct fl_cedar_raw_action *a = s->actions[i];
		struct fl_str key = fl_cedar_action_key(&s->arena, FL_STR("Action"), a->id);

		if (key.p == NULL)
			return no_memory(r);
		if (a->ns.n != 0 && fl_map_find(&s->action_names, key) != NULL)
			is_ok = invalid(r, &a->place,
			                "the action `%.*s` shadows one of the empty namespace: "
			                "rename one of them",
			                FL_STR_ARGS(a->id));
	}
	return is_ok;
}

static const struct fl_cedar_entity_type *find_entity(struct resolver *r, struct fl_str ns,
                                                      const struct fl_cedar_raw_ref *ref)
{
	struct fl_str names[2];
	unsigned n = candidates(r, ns, ref->type, names);

	for (unsigned i = 0; i < n; i++) {
		const struct fl_cedar_raw_entity *e = fl_map_find(&r->s->entity_names, names[i]);

		if (e != NULL)
			return e->resolved;
	}
	(void)invalid(r, &ref->place, "there is no entity type `%.*s`", FL_STR_ARGS(ref->type));
	return NULL;
}

static bool find_entities(struct resolver *r, struct fl_str ns,
                          const struct fl_cedar_raw_refs *refs,
                          const struct fl_cedar_entity_type ***ret, size_t *ret_n)
{
	const struct fl_cedar_entity_type **list =
	    fl_arena_array(&r->s->arena, refs->n, sizeof(*list));

	if (list == NULL)
		return no_memory(r);
	for (size_t i = 0; i < refs->n; i++) {
		list[i] = find_entity(r, ns, &refs->refs[i]);
		if (list[i] == NULL)
			return false;
	}
	*ret = list;
	*ret_n = refs->n;
	return true;
}

static bool resolve_types(struct resolver *r)
{
	struct fl_cedar_schema *s = r->s;
	bool is_ok = true;

	for (size_t i = 0; i < s->n_commons; i++)
		is_ok = resolve_common(r, s->commons[i]) != NULL && is_ok;
	for (size_t i = 0; i < s->n_entities; i++) {
		struct fl_cedar_raw_entity *raw = s->entities[i];
		struct fl_cedar_entity_type *e = raw->resolved;

		if (!find_entities(r, raw->ns, &raw->parents, &e->ancestors, &e->n_ancestors))
			is_ok = false;
		if (raw->shape != NULL)
			e->shape = resolve(r, raw->ns, raw->shape);
		if (e->shape != NULL && e->shape->kind != FL_CEDAR_TY_RECORD)
			is_ok = invalid(r, &raw->shape->place, "the shape of `%.*s` is no record",
			                FL_STR_ARGS(raw->full));
		if (raw->tags != NULL)
			e->tags = resolve(r, raw->ns, raw->tags);
		is_ok = is_ok && e->shape != NULL && (raw->tags == NULL || e->tags != NULL);
	}
	return is_ok;
}

/* ---- hierarchies ---- */

/* Nodes and what is right above each, by their numbers. */
struct graph {
	size_t n;
	size_t **parents, *n_parents;
	/* of the walk at hand */
	size_t *found, n_found;
	size_t *stamp; /* the walk that found the node last, from 1 */
};

static bool graph_init(struct resolver *r, struct graph *g, size_t n)
{
	*g = (struct graph){
	    .n = n,
	    .parents = fl_arena_array(&r->s->arena, n, sizeof(*g->parents)),
	    .n_parents = fl_arena_array(&r->s->arena, n, sizeof *g->n_parents),
	    .found = fl_arena_array(&r->s->arena, n, sizeof *g->found),
	    .stamp = fl_arena_array(&r->s->arena, n, sizeof *g->stamp),
	};
	return (g->parents != NULL && g->n_parents != NULL && g->found != NULL &&
	        g->stamp != NULL) ||
	       no_memory(r);
}

static bool graph_room(struct resolver *r, struct graph *g, size_t node, size_t n)
{
	g->parents[node] = fl_arena_array(&r->s->arena, n, sizeof(**g->parents));
	return g->parents[node] != NULL || no_memory(r);
}

static void graph_visit(struct graph *g, size_t node, size_t walk)
{
	for (size_t i = 0; i < g->n_parents[node]; i++) {
		size_t parent = g->parents[node][i];

		if (g->stamp[parent] == walk)
			continue;
		g->stamp[parent] = walk;
		g->found[g->n_found++] = parent;
	}
}

/* Finds all above `start`, which is among them when it is above itself. */
static void graph_walk(struct graph *g, size_t start)
{
	g->n_found = 0;
	graph_visit(g, start, start + 1);
	for (size_t next = 0; next < g->n_found; next++)
		graph_visit(g, g->found[next], start + 1);
}

static bool graph_has(const struct graph *g, size_t node)
{
	for (size_t i = 0; i < g->n_found; i++)
		if (g->found[i] == node)
			return true;
	return false;
}

static bool close_types(struct resolver *r)
{
	struct fl_cedar_schema *s = r->s;
	struct graph g;

	if (!graph_init(r, &g, s->n_types))
		return false;
	for (size_t i = 0; i < s->n_types; i++) {
		const struct fl_cedar_entity_type *e = s->types[i];

		if (!graph_room(r, &g, i, e->n_ancestors))
			return false;
		for (size_t k = 0; k < e->n_ancestors; k++)
			g.parents[i][g.n_parents[i]++] = e->ancestors[k]->index;
	}
	for (size_t i = 0; i < s->n_types; i++) {
		struct fl_cedar_entity_type *e = s->types[i];

		graph_walk(&g, i);
		e->ancestors = fl_arena_array(&s->arena, g.n_found, sizeof(*e->ancestors));
		if (e->ancestors == NULL)
			return no_memory(r);
		for (size_t k = 0; k < g.n_found; k++)
			e->ancestors[k] = s->types[g.found[k]];
		e->n_ancestors = g.n_found;
	}
	return true;
}

/* ---- actions ---- */

static const struct fl_cedar_raw_action *find_action(struct resolver *r, struct fl_str ns,
                                                     const struct fl_cedar_raw_ref *ref)
{
	struct fl_str names[2];
	unsigned n = candidates(r, ns, ref->type.n == 0 ? FL_STR("Action") : ref->type, names);

	for (unsigned i = 0; i < n; i++) {
		struct fl_str key = fl_cedar_action_key(&r->s->arena, names[i], ref->id);
		const struct fl_cedar_raw_action *a =
		    key.p == NULL ? NULL : fl_map_find(&r->s->action_names, key);

		if (a != NULL)
			return a;
	}
	(void)invalid(r, &ref->place, "there is no action `%.*s`", FL_STR_ARGS(ref->id));
	return NULL;
}

static bool resolve_context(struct resolver *r, struct fl_cedar_raw_action *raw)
{
	struct fl_cedar_action *a = raw->resolved;
	struct fl_str names[2];
	unsigned n;

	a->context = &empty_record;
	if (raw->context == NULL)
		return true;
	if (raw->context->kind == FL_CEDAR_RAW_RECORD) {
		a->context = resolve(r, raw->ns, raw->context);
		return a->context != NULL;
	}
	n = candidates(r, raw->ns, raw->context->name, names);
	for (unsigned i = 0; i < n; i++) {
		struct fl_cedar_raw_common *c = fl_map_find(&r->s->common_names, names[i]);

		if (c == NULL)
			continue;
		a->context = resolve_common(r, c);
		return a->context != NULL &&
		       (a->context->kind == FL_CEDAR_TY_RECORD ||
		        invalid(r, &raw->context->place, "the context of `%.*s` is no record",
		                FL_STR_ARGS(raw->id)));
	}
	return invalid(r, &raw->context->place, "there is no common type `%.*s`",
	               FL_STR_ARGS(raw->context->name));
}

static bool declare_action(struct resolver *r, struct fl_cedar_raw_action *raw, size_t index)
{
	struct fl_cedar_schema *s = r->s;
	struct fl_cedar_action *a = fl_arena_zalloc(&s->arena, sizeof *a);
	struct fl_str type = fl_cedar_qualify(&s->arena, raw->ns, FL_STR("Action"));

	if (a == NULL || type.p == NULL)
		return no_memory(r);
	a->index = (uint32_t)index;
	a->span = raw->place.span;
	a->file = raw->place.file;
	a->type = fl_map_find(&s->type_names, type);
	a->uid = fl_cedar_uid_make(&s->arena, type, raw->id);
	raw->resolved = a;
	return (a->uid != NULL || no_memory(r)) &&
	       find_entities(r, raw->ns, &raw->principals, &a->principals, &a->n_principals) &&
	       find_entities(r, raw->ns, &raw->resources, &a->resources, &a->n_resources) &&
	       resolve_context(r, raw);
}

static bool action_graph(struct resolver *r, struct graph *g)
{
	struct fl_cedar_schema *s = r->s;

	if (!graph_init(r, g, s->n_actions))
		return false;
	for (size_t i = 0; i < s->n_actions; i++) {
		const struct fl_cedar_raw_action *raw = s->actions[i];

		if (!graph_room(r, g, i, raw->parents.n))
			return false;
		for (size_t k = 0; k < raw->parents.n; k++) {
			const struct fl_cedar_raw_action *up =
			    find_action(r, raw->ns, &raw->parents.refs[k]);

			if (up == NULL)
				return false;
			g->parents[i][g->n_parents[i]++] = up->resolved->index;
		}
	}
	return true;
}

/* The actions with these numbers. */
static const struct fl_cedar_action **actions_of(struct resolver *r, const size_t *numbers,
                                                 size_t n)
{
	const struct fl_cedar_action **list = fl_arena_array(&r->s->arena, n, sizeof(*list));

	if (list == NULL) {
		(void)no_memory(r);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = r->s->actions[numbers[i]]->resolved;
	return list;
}

/* An action in one of another namespace makes its type one below that namespace's. */
static bool add_type_ancestor(struct resolver *r, struct fl_cedar_entity_type *type,
                              const struct fl_cedar_entity_type *up)
{
	if (fl_cedar_entity_type_in(type, up))
		return true;
	type->ancestors = fl_cedar_grow(&r->s->arena, type->ancestors, type->n_ancestors,
	                                sizeof(*type->ancestors));
	if (type->ancestors == NULL)
		return no_memory(r);
	type->ancestors[type->n_ancestors++] = up;
	return true;
}

static bool close_actions(struct resolver *r)
{
	struct fl_cedar_schema *s = r->s;
	struct graph g;

	if (!action_graph(r, &g))
		return false;
	for (size_t i = 0; i < s->n_actions; i++) {
		struct fl_cedar_action *a = s->actions[i]->resolved;

		graph_walk(&g, i);
		if (graph_has(&g, i))
			return invalid(r, &s->actions[i]->place, "the action `%.*s` is in itself",
			               FL_STR_ARGS(s->actions[i]->id));
		a->parents = actions_of(r, g.parents[i], g.n_parents[i]);
		a->n_parents = g.n_parents[i];
		a->ancestors = actions_of(r, g.found, g.n_found);
		a->n_ancestors = g.n_found;
		if (a->parents == NULL || a->ancestors == NULL)
			return false;
		for (size_t k = 0; k < a->n_ancestors; k++)
			if (!add_type_ancestor(r, s->types[a->type->index], a->ancestors[k]->type))
				return false;
	}
	return true;
}

static int compare_actions(const void *a, const void *b)
{
	const struct fl_cedar_action *const *x = a, *const *y = b;

	return ((*x)->uid->hash > (*y)->uid->hash) - ((*x)->uid->hash < (*y)->uid->hash);
}

static bool resolve_actions(struct resolver *r)
{
	struct fl_cedar_schema *s = r->s;

	for (size_t i = 0; i < s->n_actions; i++)
		if (!declare_action(r, s->actions[i], i))
			return false;
	if (!close_actions(r))
		return false;
	s->by_hash = fl_arena_array(&s->arena, s->n_actions, sizeof(*s->by_hash));
	if (s->by_hash == NULL)
		return no_memory(r);
	for (size_t i = 0; i < s->n_actions; i++)
		s->by_hash[i] = s->actions[i]->resolved;
	if (s->n_actions > 1)
		qsort(s->by_hash, s->n_actions, sizeof(*s->by_hash), compare_actions);
	return true;
}

int fl_cedar_schema_finish(struct fl_cedar_schema *s, struct fl_problems *problems)
{
	struct resolver r = {.s = s, .problems = problems};

	FL_ASSERT(!s->is_finished);
	s->is_finished = declare_types(&r) && no_shadows(&r) && resolve_types(&r) &&
	                 close_types(&r) && resolve_actions(&r);
	FL_ASSERT(s->is_finished == (r.code == 0));
	return r.code;
}
