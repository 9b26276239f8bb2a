/* policy/schema.h - what entities and actions there are, and what types their data has
 * SPDX-License-Identifier: Apache-2.0
 *
 * A schema is made of texts in Cedar or JSON syntax, finished once, then only read: any number of
 * threads may share it. Names are resolved as the language says: in the own namespace, then in the
 * empty one, common types before entity types, built-in types last.
 *
 *	struct fl_cedar_schema *s = fl_cedar_schema_create(max_bytes);
 *	r = fl_cedar_schema_add(s, text, "app.cedarschema", &problems);
 *	r = fl_cedar_schema_finish(s, &problems);
 *	fl_cedar_schema_destroy(s);
 */
#ifndef FL_POLICY_SCHEMA_H
#define FL_POLICY_SCHEMA_H

#include "base/error.h"
#include "policy/entities.h"
#include "policy/lexer.h"

enum fl_cedar_type_kind {
	FL_CEDAR_TY_NEVER, /* of nothing: the element of [] */
	FL_CEDAR_TY_FALSE, /* a Bool that is known */
	FL_CEDAR_TY_TRUE,
	FL_CEDAR_TY_BOOL,
	FL_CEDAR_TY_LONG,
	FL_CEDAR_TY_STRING,
	FL_CEDAR_TY_SET,       /* u.element */
	FL_CEDAR_TY_RECORD,    /* u.attrs[0..n), sorted by name; no other attributes */
	FL_CEDAR_TY_ENTITY,    /* u.entity */
	FL_CEDAR_TY_EXTENSION, /* extension */
	FL_CEDAR_TY_KINDS
};

struct fl_cedar_type {
	uint8_t kind;      /* enum fl_cedar_type_kind */
	uint8_t extension; /* enum fl_cedar_kind */
	uint32_t n;
	union {
		const struct fl_cedar_type *element;
		const struct fl_cedar_attr *attrs;
		const struct fl_cedar_entity_type *entity;
	} u;
};

struct fl_cedar_attr {
	struct fl_cedar_name name;
	bool is_required;
	const struct fl_cedar_type *type;
};

struct fl_cedar_entity_type {
	struct fl_str name;                /* "App::User" */
	uint32_t index;                    /* fl_cedar_schema_type_at() */
	bool is_action;                    /* the type of a namespace's actions */
	bool is_enum;                      /* only the ids in `choices` */
	const struct fl_cedar_type *shape; /* a record */
	const struct fl_cedar_type *tags;  /* of each tag; NULL: no tags */
	const struct fl_str *choices;
	size_t n_choices;
	/* Types that an entity of this type may be in, directly or not; not itself unless it says
	 * so. */
	const struct fl_cedar_entity_type **ancestors;
	size_t n_ancestors;
	struct fl_cedar_type self; /* the type of a reference to it */
	struct fl_cedar_span span; /* where it is declared */
	const char *file;
};

struct fl_cedar_action {
	const struct fl_cedar_uid *uid;
	uint32_t index; /* fl_cedar_schema_action_at() */
	const struct fl_cedar_entity_type *type;
	const struct fl_cedar_action **parents, **ancestors;
	size_t n_parents, n_ancestors;
	/* What it applies to; none for a mere group. */
	const struct fl_cedar_entity_type **principals, **resources;
	size_t n_principals, n_resources;
	const struct fl_cedar_type *context; /* a record */
	struct fl_cedar_span span;
	const char *file;
};

struct fl_cedar_schema;

/* NULL when out of memory. All that the schema holds counts against `max_bytes`. */
struct fl_cedar_schema *fl_cedar_schema_create(size_t max_bytes);
struct fl_cedar_schema *fl_cedar_schema_destroy(struct fl_cedar_schema *schema);
/* Adds a text in Cedar syntax, at most FL_CEDAR_TEXT_BYTES_MAX, which is copied, as is `file` (for
 * messages, may be NULL). FL_CEDAR_E_SYNTAX, FL_CEDAR_E_LIMIT, FL_CEDAR_E_DUPLICATE: `problems`
 * says where; FL_CEDAR_E_MEMORY. After an error the schema can only be destroyed. [before finish]
 */
int fl_cedar_schema_add(struct fl_cedar_schema *schema, struct fl_str text, const char *file,
                        struct fl_problems *problems);
/* The same for a text in JSON syntax. Texts of both may be in one schema. */
int fl_cedar_schema_add_json(struct fl_cedar_schema *schema, struct fl_str text, const char *file,
                             struct fl_problems *problems);
/* Resolves all names. FL_CEDAR_E_INVALID: an unknown name, a cycle, a shadowed name, a context that
 * is no record: `problems` says which and where; FL_CEDAR_E_LIMIT; FL_CEDAR_E_MEMORY. */
int fl_cedar_schema_finish(struct fl_cedar_schema *schema, struct fl_problems *problems);

/* The type or action, or NULL. Action types are found by name too. [any, after finish] */
const struct fl_cedar_entity_type *fl_cedar_schema_type(const struct fl_cedar_schema *schema,
                                                        struct fl_str name);
const struct fl_cedar_action *fl_cedar_schema_action(const struct fl_cedar_schema *schema,
                                                     const struct fl_cedar_uid *uid);
/* All of them, NULL behind the last. */
const struct fl_cedar_entity_type *fl_cedar_schema_type_at(const struct fl_cedar_schema *schema,
                                                           size_t i);
const struct fl_cedar_action *fl_cedar_schema_action_at(const struct fl_cedar_schema *schema,
                                                        size_t i);

/* `type` is `ancestor` or may be in it. */
bool fl_cedar_entity_type_in(const struct fl_cedar_entity_type *type,
                             const struct fl_cedar_entity_type *ancestor);
/* `action` is `ancestor` or in it. */
bool fl_cedar_action_in(const struct fl_cedar_action *action,
                        const struct fl_cedar_action *ancestor);
/* The attribute, or NULL; also when the type is neither entity nor record. */
const struct fl_cedar_attr *fl_cedar_type_attr(const struct fl_cedar_type *type,
                                               struct fl_cedar_name name);
/* In schema syntax. */
void fl_cedar_type_print(struct fl_buf *out, const struct fl_cedar_type *type);

#endif
