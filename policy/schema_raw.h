/* policy/schema_raw.h - a schema as it was written, before names are resolved
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made by the parser of the Cedar syntax, read by schema.c.
 */
#ifndef FL_POLICY_SCHEMA_RAW_H
#define FL_POLICY_SCHEMA_RAW_H

#include "base/map.h"
#include "policy/parser.h"
#include "policy/schema.h"

/* Where something was written. */
struct fl_cedar_place {
	const char *file;
	struct fl_cedar_span span;
};

enum fl_cedar_raw_kind { FL_CEDAR_RAW_NAME, FL_CEDAR_RAW_SET, FL_CEDAR_RAW_RECORD };

/* What a name may stand for. Cedar syntax leaves it open. */
enum fl_cedar_raw_lookup {
	FL_CEDAR_LOOKUP_ANY,    /* a common type, an entity type, a built-in type: in this order */
	FL_CEDAR_LOOKUP_COMMON, /* or built-in */
	FL_CEDAR_LOOKUP_ENTITY,
	FL_CEDAR_LOOKUP_BUILTIN
};

struct fl_cedar_raw_type {
	enum fl_cedar_raw_kind kind;
	enum fl_cedar_raw_lookup lookup;
	struct fl_cedar_place place;
	struct fl_str name;
	struct fl_cedar_raw_type *element;
	struct fl_cedar_raw_attr *attrs; /* of one name the last counts */
	size_t n_attrs;
};

struct fl_cedar_raw_attr {
	struct fl_str name;
	bool is_required;
	struct fl_cedar_raw_type *type;
};

/* A name with its place, to be looked up in the namespace it stands in. */
struct fl_cedar_raw_ref {
	struct fl_str type; /* of an action: may be empty */
	struct fl_str id;   /* of an action */
	struct fl_cedar_place place;
};

struct fl_cedar_raw_refs {
	struct fl_cedar_raw_ref *refs;
	size_t n;
};

struct fl_cedar_raw_entity {
	struct fl_str ns, full;
	struct fl_cedar_place place;
	struct fl_cedar_raw_refs parents;
	struct fl_cedar_raw_type *shape, *tags; /* or NULL */
	struct fl_str *choices;
	size_t n_choices;
	struct fl_cedar_entity_type *resolved;
};

struct fl_cedar_raw_common {
	struct fl_str ns, full;
	struct fl_cedar_place place;
	struct fl_cedar_raw_type *type;
	const struct fl_cedar_type *resolved;
	bool is_open; /* being resolved: met again, it is a cycle */
};

struct fl_cedar_raw_action {
	struct fl_str ns, id;
	struct fl_cedar_place place;
	struct fl_cedar_raw_refs parents;
	bool has_applies;
	struct fl_cedar_raw_refs principals, resources;
	struct fl_cedar_raw_type *context; /* or NULL */
	struct fl_cedar_action *resolved;
};

struct fl_cedar_schema {
	struct fl_arena arena;
	/* as written */
	struct fl_cedar_raw_entity **entities;
	struct fl_cedar_raw_common **commons;
	struct fl_cedar_raw_action **actions;
	size_t n_entities, n_commons, n_actions;
	struct fl_map entity_names, common_names, action_names; /* full names to the above */
	/* resolved */
	struct fl_map type_names; /* to struct fl_cedar_entity_type */
	struct fl_cedar_entity_type **types;
	size_t n_types;
	struct fl_cedar_action **by_hash; /* sorted */
	bool is_finished;
};

/* "ns::name", or "name" in the empty namespace. p is NULL when memory is full. */
struct fl_str fl_cedar_qualify(struct fl_arena *arena, struct fl_str ns, struct fl_str name);
/* The key of an action: `ns::Action::id`, told apart by lengths. */
struct fl_str fl_cedar_action_key(struct fl_arena *arena, struct fl_str type, struct fl_str id);

/* The word means something in schemas, so that no common type can be called so. */
bool fl_cedar_schema_is_word(struct fl_str name);
/* Add a declaration. FL_CEDAR_E_DUPLICATE: its name is there; FL_CEDAR_E_MEMORY. */
int fl_cedar_schema_keep_entity(struct fl_cedar_schema *schema, struct fl_cedar_raw_entity *e);
int fl_cedar_schema_keep_common(struct fl_cedar_schema *schema, struct fl_cedar_raw_common *c);
int fl_cedar_schema_keep_action(struct fl_cedar_schema *schema, struct fl_cedar_raw_action *a);

/* Declarations of one text go into the schema: policy/schema_parse.c, policy/schema_json.c. */
int fl_cedar_schema_parse(struct fl_cedar_schema *schema, struct fl_str text, const char *file,
                          struct fl_problems *problems);
int fl_cedar_schema_parse_json(struct fl_cedar_schema *schema, struct fl_str text, const char *file,
                               struct fl_problems *problems);

#endif
