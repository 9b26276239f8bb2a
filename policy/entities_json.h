/* policy/entities_json.h - entities, contexts and names from JSON
 * SPDX-License-Identifier: Apache-2.0
 *
 * The format of the official engine: an array of {"uid", "attrs", "parents"[, "tags"]}, names as
 * {"type", "id"}, references as {"__entity": {"type", "id"}}, extension values as
 * {"__extn": {"fn", "arg"}}. Problems are collected with their positions. [any]
 */
#ifndef FL_POLICY_ENTITIES_JSON_H
#define FL_POLICY_ENTITIES_JSON_H

#include "policy/entities.h"
#include "policy/json.h"
#include "policy/schema.h"

/* Adds all entities of the text to a store that is not finished. With a schema, which may be NULL,
 * names and extension values may be written without escapes where their type is known; nothing is
 * checked against it: that is fl_cedar_entities_check(), after finish. FL_CEDAR_E_SYNTAX: no JSON;
 * FL_CEDAR_E_INVALID: not entities; FL_CEDAR_E_DUPLICATE, FL_CEDAR_E_LIMIT, FL_CEDAR_E_MEMORY. */
int fl_cedar_entities_read(struct fl_cedar_entities *es, struct fl_str text, const char *file,
                           const struct fl_cedar_schema *schema, struct fl_problems *problems);

/* A text that was parsed, for messages. */
struct fl_cedar_json_source {
	struct fl_str text;
	const char *file;
	struct fl_problems *problems;
};

/* {"type", "id"} or {"__entity": the same}. Copies into the arena. FL_CEDAR_E_INVALID,
 * FL_CEDAR_E_MEMORY. */
int fl_cedar_uid_from_json(const struct fl_cedar_json *json,
                           const struct fl_cedar_json_source *source, struct fl_arena *arena,
                           const struct fl_cedar_uid **ret);
/* A value, read as one of `type` unless that is NULL. FL_CEDAR_E_INVALID, FL_CEDAR_E_MEMORY. */
int fl_cedar_value_from_json(const struct fl_cedar_json *json,
                             const struct fl_cedar_json_source *source,
                             const struct fl_cedar_type *type, struct fl_arena *arena,
                             struct fl_cedar_value *ret);
/* A context: a value that must be a record. `type` is the action's context type, or NULL. */
int fl_cedar_context_from_json(const struct fl_cedar_json *json,
                               const struct fl_cedar_json_source *source,
                               const struct fl_cedar_type *type, struct fl_arena *arena,
                               struct fl_cedar_value *ret);

/* `App::User`: identifiers joined by `::`, no blanks, none reserved. */
bool fl_cedar_is_type_name(struct fl_str s);

#endif
