/* policy/schema_parse.c - schemas in Cedar syntax
 * SPDX-License-Identifier: Apache-2.0
 *
 *	schema    = { { annotation } ( "namespace" path "{" { decl } "}" | decl ) }
 *	entity    = "entity" names [ "in" types ] [ [ "=" ] record ] [ "tags" type ] ";"
 *	          | "entity" names "enum" "[" strings "]" ";"
 *	action    = "action" names [ "in" refs ] [ "appliesTo" "{" parts "}" ]
 *	            [ "attributes" "{" "}" ] ";"
 *	type decl = "type" name "=" type ";"
 *	type      = path | "Set" "<" type ">" | "{" [ attrs ] "}"
 */
#include <stdlib.h>

#include "policy/schema_raw.h"

struct schema_parser {
	struct fl_cedar_parser p;
	struct fl_cedar_schema *schema;
	struct fl_str ns;
	struct fl_map seen; /* namespaces of this text */
};

static struct fl_cedar_place place(const struct schema_parser *s, struct fl_cedar_span start)
{
	return (struct fl_cedar_place){.file = s->p.file,
	                               .span = fl_cedar_parser_span(&s->p, start)};
}

static bool no_memory(struct schema_parser *s)
{
	(void)fl_cedar_parser_no_memory(&s->p);
	return false;
}

static bool duplicate(struct schema_parser *s, struct fl_cedar_span span, const char *what,
                      struct fl_str name)
{
	(void)fl_cedar_parser_fail(&s->p, FL_CEDAR_E_DUPLICATE, span,
	                           "the %s `%.*s` is there twice", what, FL_STR_ARGS(name));
	return false;
}

static bool accept_word(struct schema_parser *s, const char *word)
{
	if (!fl_cedar_lexer_is(&s->p.lx, word))
		return false;
	fl_cedar_parser_next(&s->p);
	return true;
}

/* An identifier or a string. `__cedar` is a name like others here. */
static bool name(struct schema_parser *s, const char *what, struct fl_str *ret)
{
	if (s->p.lx.token.kind == FL_CEDAR_T_STRING)
		return fl_cedar_parser_string(&s->p, what, ret);
	if (!fl_cedar_lexer_is(&s->p.lx, "__cedar"))
		return fl_cedar_parser_ident(&s->p, what, ret);
	*ret = s->p.lx.token.text;
	fl_cedar_parser_next(&s->p);
	return true;
}

/* A path, which may be in the namespace __cedar. */
static bool type_path(struct schema_parser *s, struct fl_str *ret)
{
	struct fl_str rest;

	if (!fl_cedar_lexer_is(&s->p.lx, "__cedar"))
		return fl_cedar_parser_path(&s->p, "the name of a type", ret);
	fl_cedar_parser_next(&s->p);
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_PATH, "`::`") ||
	    !fl_cedar_parser_path(&s->p, "the name of a type", &rest))
		return false;
	*ret = fl_cedar_qualify(s->p.arena, FL_STR("__cedar"), rest);
	return ret->p != NULL || no_memory(s);
}

/* Annotations say nothing to us, but must be well-formed and unique. */
static bool annotations(struct schema_parser *s)
{
	struct fl_map keys;
	bool is_ok = true;

	fl_map_init(&keys);
	while (is_ok && s->p.lx.token.kind == FL_CEDAR_T_AT) {
		struct fl_cedar_span start = s->p.lx.token.span;
		struct fl_str key, value;
		void *old = NULL;

		fl_cedar_parser_next(&s->p);
		key = s->p.lx.token.text;
		is_ok = fl_cedar_parser_expect(&s->p, FL_CEDAR_T_IDENT, "the key of an annotation");
		if (is_ok && fl_cedar_parser_accept(&s->p, FL_CEDAR_T_LPAREN))
			is_ok = fl_cedar_parser_string(
				    &s->p, "the value of the annotation, a string", &value) &&
			        fl_cedar_parser_expect(&s->p, FL_CEDAR_T_RPAREN, "`)`");
		if (is_ok && fl_map_put(&keys, key, s, &old) != 0)
			is_ok = no_memory(s);
		if (is_ok && old != NULL)
			is_ok = duplicate(s, start, "annotation", key);
	}
	fl_map_fini(&keys);
	return is_ok;
}

static struct fl_cedar_raw_type *type(struct schema_parser *s);

static bool attr(struct schema_parser *s, struct fl_cedar_raw_type *record)
{
	struct fl_cedar_raw_attr a = {0};

	if (!annotations(s) || !name(s, "the name of an attribute or `}`", &a.name))
		return false;
	a.is_required = !fl_cedar_parser_accept(&s->p, FL_CEDAR_T_QUESTION);
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_COLON, "`:` or `?:`"))
		return false;
	a.type = type(s);
	if (a.type == NULL)
		return false;
	record->attrs =
	    fl_cedar_grow(s->p.arena, record->attrs, record->n_attrs, sizeof *record->attrs);
	if (record->attrs == NULL)
		return no_memory(s);
	record->attrs[record->n_attrs++] = a;
	return true;
}

/* From `{` to `}`. */
static struct fl_cedar_raw_type *record(struct schema_parser *s)
{
	struct fl_cedar_span start = s->p.lx.token.span;
	struct fl_cedar_raw_type *t = fl_arena_zalloc(s->p.arena, sizeof *t);

	if (t == NULL)
		return fl_cedar_parser_no_memory(&s->p);
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_LBRACE, "`{`"))
		return NULL;
	while (s->p.lx.token.kind != FL_CEDAR_T_RBRACE) {
		if (!attr(s, t))
			return NULL;
		if (!fl_cedar_parser_accept(&s->p, FL_CEDAR_T_COMMA))
			break;
	}
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_RBRACE, "`,` or `}`"))
		return NULL;
	t->kind = FL_CEDAR_RAW_RECORD;
	t->place = place(s, start);
	return t;
}

static struct fl_cedar_raw_type *set_or_name(struct schema_parser *s)
{
	struct fl_cedar_span start = s->p.lx.token.span;
	bool is_set =
	    fl_cedar_lexer_is(&s->p.lx, "Set") && fl_cedar_lexer_peek(&s->p.lx) == FL_CEDAR_T_LT;
	struct fl_cedar_raw_type *t = fl_arena_zalloc(s->p.arena, sizeof *t);

	if (t == NULL)
		return fl_cedar_parser_no_memory(&s->p);
	if (is_set) {
		fl_cedar_parser_next(&s->p);
		fl_cedar_parser_next(&s->p);
		t->kind = FL_CEDAR_RAW_SET;
		t->element = type(s);
		if (t->element == NULL || !fl_cedar_parser_expect(&s->p, FL_CEDAR_T_GT, "`>`"))
			return NULL;
	} else if (!type_path(s, &t->name)) {
		return NULL;
	}
	t->place = place(s, start);
	return t;
}

static struct fl_cedar_raw_type *type(struct schema_parser *s)
{
	struct fl_cedar_raw_type *t;

	if (!fl_cedar_parser_enter(&s->p))
		return NULL;
	t = s->p.lx.token.kind == FL_CEDAR_T_LBRACE ? record(s) : set_or_name(s);
	fl_cedar_parser_leave(&s->p);
	return t;
}

static bool push_ref(struct schema_parser *s, struct fl_cedar_raw_refs *list,
                     struct fl_cedar_raw_ref ref)
{
	list->refs = fl_cedar_grow(s->p.arena, list->refs, list->n, sizeof *list->refs);
	if (list->refs == NULL)
		return no_memory(s);
	list->refs[list->n++] = ref;
	return true;
}

/* path | "[" [ path { "," path } ] "]" */
static bool entity_types(struct schema_parser *s, struct fl_cedar_raw_refs *ret)
{
	bool is_list = fl_cedar_parser_accept(&s->p, FL_CEDAR_T_LBRACKET);

	if (is_list && fl_cedar_parser_accept(&s->p, FL_CEDAR_T_RBRACKET))
		return true;
	do {
		struct fl_cedar_span start = s->p.lx.token.span;
		struct fl_cedar_raw_ref ref = {0};

		if (!type_path(s, &ref.type))
			return false;
		ref.place = place(s, start);
		if (!push_ref(s, ret, ref))
			return false;
	} while (is_list && fl_cedar_parser_accept(&s->p, FL_CEDAR_T_COMMA));
	return !is_list || fl_cedar_parser_expect(&s->p, FL_CEDAR_T_RBRACKET, "`,` or `]`");
}

/* name | path "::" STRING */
static bool action_ref(struct schema_parser *s, struct fl_cedar_raw_refs *ret)
{
	struct fl_cedar_span start = s->p.lx.token.span;
	enum fl_cedar_token_kind behind = fl_cedar_lexer_peek(&s->p.lx);
	struct fl_cedar_raw_ref ref = {0};

	if (s->p.lx.token.kind != FL_CEDAR_T_STRING && behind == FL_CEDAR_T_PATH) {
		if (!type_path(s, &ref.type) ||
		    !fl_cedar_parser_expect(&s->p, FL_CEDAR_T_PATH, "`::` and a string") ||
		    !fl_cedar_parser_string(&s->p, "the id of an action, a string", &ref.id))
			return false;
	} else if (!name(s, "an action", &ref.id)) {
		return false;
	}
	ref.place = place(s, start);
	return push_ref(s, ret, ref);
}

static bool action_refs(struct schema_parser *s, struct fl_cedar_raw_refs *ret)
{
	bool is_list = fl_cedar_parser_accept(&s->p, FL_CEDAR_T_LBRACKET);

	do {
		if (!action_ref(s, ret))
			return false;
	} while (is_list && fl_cedar_parser_accept(&s->p, FL_CEDAR_T_COMMA));
	return !is_list || fl_cedar_parser_expect(&s->p, FL_CEDAR_T_RBRACKET, "`,` or `]`");
}

static bool kept(struct schema_parser *s, int code, struct fl_cedar_span span, const char *what,
                 struct fl_str name)
{
	if (code == 0)
		return true;
	return code == FL_CEDAR_E_MEMORY ? no_memory(s) : duplicate(s, span, what, name);
}

static bool keep_entity(struct schema_parser *s, const struct fl_cedar_raw_entity *shared,
                        struct fl_cedar_raw_ref name)
{
	struct fl_cedar_raw_entity *e = fl_arena_alloc(s->p.arena, sizeof *e);

	if (e == NULL)
		return no_memory(s);
	*e = *shared;
	e->ns = s->ns;
	e->place = name.place;
	e->full = fl_cedar_qualify(s->p.arena, s->ns, name.type);
	if (fl_str_is(name.type, "Action")) {
		(void)fl_cedar_parser_fail(
		    &s->p, FL_CEDAR_E_SYNTAX, name.place.span,
		    "`Action` is the type of actions and cannot be declared");
		return false;
	}
	return kept(s, fl_cedar_schema_keep_entity(s->schema, e), name.place.span, "entity type",
	            e->full);
}

static bool choices(struct schema_parser *s, struct fl_cedar_raw_entity *e)
{
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_LBRACKET, "`[`"))
		return false;
	do {
		struct fl_str id;

		if (!fl_cedar_parser_string(&s->p, "the id of an entity, a string", &id))
			return false;
		e->choices =
		    fl_cedar_grow(s->p.arena, e->choices, e->n_choices, sizeof *e->choices);
		if (e->choices == NULL)
			return no_memory(s);
		e->choices[e->n_choices++] = id;
	} while (fl_cedar_parser_accept(&s->p, FL_CEDAR_T_COMMA));
	return fl_cedar_parser_expect(&s->p, FL_CEDAR_T_RBRACKET, "`,` or `]`");
}

static bool entity(struct schema_parser *s)
{
	struct fl_cedar_raw_entity e = {0};
	struct fl_cedar_raw_refs names = {0};

	do {
		struct fl_cedar_span start = s->p.lx.token.span;
		struct fl_cedar_raw_ref name = {0};

		if (!fl_cedar_parser_ident(&s->p, "the name of an entity type", &name.type))
			return false;
		name.place = place(s, start);
		if (!push_ref(s, &names, name))
			return false;
	} while (fl_cedar_parser_accept(&s->p, FL_CEDAR_T_COMMA));
	if (accept_word(s, "enum")) {
		if (!choices(s, &e))
			return false;
	} else {
		if (accept_word(s, "in") && !entity_types(s, &e.parents))
			return false;
		if (fl_cedar_parser_accept(&s->p, FL_CEDAR_T_ASSIGN) ||
		    s->p.lx.token.kind == FL_CEDAR_T_LBRACE) {
			e.shape = record(s);
			if (e.shape == NULL)
				return false;
		}
		if (accept_word(s, "tags")) {
			e.tags = type(s);
			if (e.tags == NULL)
				return false;
		}
	}
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_SEMICOLON, "`;`"))
		return false;
	for (size_t i = 0; i < names.n; i++)
		if (!keep_entity(s, &e, names.refs[i]))
			return false;
	return true;
}

static bool twice(struct schema_parser *s, struct fl_cedar_span at, const char *what)
{
	(void)fl_cedar_parser_fail(&s->p, FL_CEDAR_E_SYNTAX, at, "`%s` is there twice", what);
	return false;
}

static bool applies_types(struct schema_parser *s, const char *what, struct fl_cedar_span at,
                          struct fl_cedar_raw_refs *ret)
{
	if (ret->n != 0)
		return twice(s, at, what);
	if (!entity_types(s, ret))
		return false;
	if (ret->n == 0)
		(void)fl_cedar_parser_fail(
		    &s->p, FL_CEDAR_E_SYNTAX, at,
		    "`%s` is empty: leave `appliesTo` out for an action that "
		    "applies to nothing",
		    what);
	return ret->n != 0;
}

static bool applies_part(struct schema_parser *s, struct fl_cedar_raw_action *a)
{
	struct fl_cedar_span at = s->p.lx.token.span;
	bool is_principal = fl_cedar_lexer_is(&s->p.lx, "principal");
	bool is_resource = fl_cedar_lexer_is(&s->p.lx, "resource");

	if (!is_principal && !is_resource && !fl_cedar_lexer_is(&s->p.lx, "context")) {
		(void)fl_cedar_parser_expected(&s->p, "`principal`, `resource` or `context`");
		return false;
	}
	fl_cedar_parser_next(&s->p);
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_COLON, "`:`"))
		return false;
	if (is_principal)
		return applies_types(s, "principal", at, &a->principals);
	if (is_resource)
		return applies_types(s, "resource", at, &a->resources);
	if (a->context != NULL)
		return twice(s, at, "context");
	if (s->p.lx.token.kind == FL_CEDAR_T_LBRACE) {
		a->context = record(s);
	} else {
		a->context = fl_arena_zalloc(s->p.arena, sizeof *a->context);
		if (a->context == NULL)
			return no_memory(s);
		at = s->p.lx.token.span;
		if (!type_path(s, &a->context->name))
			return false;
		a->context->place = place(s, at);
	}
	return a->context != NULL;
}

static bool applies_to(struct schema_parser *s, struct fl_cedar_raw_action *a)
{
	struct fl_cedar_span at = s->p.lx.token.span;

	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_LBRACE, "`{`"))
		return false;
	do {
		if (!applies_part(s, a))
			return false;
	} while (fl_cedar_parser_accept(&s->p, FL_CEDAR_T_COMMA) &&
	         s->p.lx.token.kind != FL_CEDAR_T_RBRACE);
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_RBRACE, "`,` or `}`"))
		return false;
	a->has_applies = true;
	if (a->principals.n != 0 && a->resources.n != 0)
		return true;
	(void)fl_cedar_parser_fail(&s->p, FL_CEDAR_E_SYNTAX, at,
	                           "`appliesTo` needs both `principal` and `resource`");
	return false;
}

static bool keep_action(struct schema_parser *s, const struct fl_cedar_raw_action *shared,
                        struct fl_cedar_raw_ref name)
{
	struct fl_cedar_raw_action *a = fl_arena_alloc(s->p.arena, sizeof *a);

	if (a == NULL)
		return no_memory(s);
	*a = *shared;
	a->ns = s->ns;
	a->id = name.id;
	a->place = name.place;
	return kept(s, fl_cedar_schema_keep_action(s->schema, a), name.place.span, "action",
	            name.id);
}

static bool action(struct schema_parser *s)
{
	struct fl_cedar_raw_action a = {0};
	struct fl_cedar_raw_refs names = {0};

	do {
		struct fl_cedar_span start = s->p.lx.token.span;
		struct fl_cedar_raw_ref ref = {0};

		if (!name(s, "the name of an action", &ref.id))
			return false;
		ref.place = place(s, start);
		if (!push_ref(s, &names, ref))
			return false;
	} while (fl_cedar_parser_accept(&s->p, FL_CEDAR_T_COMMA));
	if (accept_word(s, "in") && !action_refs(s, &a.parents))
		return false;
	if (accept_word(s, "appliesTo") && !applies_to(s, &a))
		return false;
	if (accept_word(s, "attributes") &&
	    (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_LBRACE, "`{}`") ||
	     !fl_cedar_parser_expect(&s->p, FL_CEDAR_T_RBRACE, "`}`: actions have no attributes")))
		return false;
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_SEMICOLON, "`;`"))
		return false;
	for (size_t i = 0; i < names.n; i++)
		if (!keep_action(s, &a, names.refs[i]))
			return false;
	return true;
}

static bool common_type(struct schema_parser *s)
{
	struct fl_cedar_span start = s->p.lx.token.span;
	struct fl_cedar_raw_common *c = fl_arena_zalloc(s->p.arena, sizeof *c);
	struct fl_str name;

	if (c == NULL)
		return no_memory(s);
	if (!fl_cedar_parser_ident(&s->p, "the name of a type", &name))
		return false;
	if (fl_cedar_schema_is_word(name)) {
		(void)fl_cedar_parser_fail(
		    &s->p, FL_CEDAR_E_SYNTAX, start,
		    "`%.*s` is a word of schemas; give the type another name", FL_STR_ARGS(name));
		return false;
	}
	c->ns = s->ns;
	c->place = place(s, start);
	c->full = fl_cedar_qualify(s->p.arena, s->ns, name);
	if (!fl_cedar_parser_expect(&s->p, FL_CEDAR_T_ASSIGN, "`=`"))
		return false;
	c->type = type(s);
	if (c->type == NULL || !fl_cedar_parser_expect(&s->p, FL_CEDAR_T_SEMICOLON, "`;`"))
		return false;
	return kept(s, fl_cedar_schema_keep_common(s->schema, c), start, "common type", c->full);
}

static bool decl(struct schema_parser *s)
{
	if (accept_word(s, "entity"))
		return entity(s);
	if (accept_word(s, "action"))
		return action(s);
	if (accept_word(s, "type"))
		return common_type(s);
	(void)fl_cedar_parser_expected(&s->p, s->ns.n != 0
	                                          ? "`entity`, `action`, `type` or `}`"
	                                          : "`namespace`, `entity`, `action` or `type`");
	return false;
}

static bool namespace(struct schema_parser *s)
{
	struct fl_cedar_span start = s->p.lx.token.span;
	void *old = NULL;
	bool is_ok = true;

	if (!fl_cedar_parser_path(&s->p, "the name of a namespace", &s->ns) ||
	    !fl_cedar_parser_expect(&s->p, FL_CEDAR_T_LBRACE, "`{`"))
		return false;
	if (fl_map_put(&s->seen, s->ns, s, &old) != 0)
		return no_memory(s);
	if (old != NULL)
		return duplicate(s, start, "namespace", s->ns);
	while (is_ok && s->p.lx.token.kind != FL_CEDAR_T_RBRACE)
		is_ok = annotations(s) && decl(s);
	s->ns = FL_STR_NULL;
	return is_ok && fl_cedar_parser_expect(&s->p, FL_CEDAR_T_RBRACE, "`}`");
}

int fl_cedar_schema_parse(struct fl_cedar_schema *schema, struct fl_str text, const char *file,
                          struct fl_problems *problems)
{
	struct schema_parser s = {
	    .p = {.arena = &schema->arena, .problems = problems, .file = file},
	    .schema = schema,
	};
	bool is_ok = true;

	fl_map_init(&s.seen);
	fl_cedar_lexer_init(&s.p.lx, text);
	while (is_ok && s.p.lx.token.kind != FL_CEDAR_T_END)
		is_ok =
		    annotations(&s) && (accept_word(&s, "namespace") ? namespace(&s) : decl(&s));
	fl_map_fini(&s.seen);
	return s.p.code;
}
