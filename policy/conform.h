/* policy/conform.h - is the data as the schema says?
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks of values, entities and requests, as the official engine makes them. Each says what is
 * wrong in *err (may be NULL). [any]
 */
#ifndef FL_POLICY_CONFORM_H
#define FL_POLICY_CONFORM_H

#include "policy/eval.h"
#include "policy/schema.h"

/* The value is of the type, and all entities that it names may be. */
bool fl_cedar_conforms(const struct fl_cedar_schema *schema, const struct fl_cedar_type *type,
                       struct fl_cedar_value v, struct fl_error *err);
/* Adds the schema's actions to a store that is not finished, unless they are there.
 * FL_CEDAR_E_LIMIT, FL_CEDAR_E_MEMORY. */
int fl_cedar_entities_add_actions(struct fl_cedar_entities *es,
                                  const struct fl_cedar_schema *schema, struct fl_error *err);
/* An entity of a finished store: declared type, attributes, tags, ancestors, id of an enumerated
 * type, an action as declared. FL_CEDAR_E_INVALID. */
int fl_cedar_entity_check(const struct fl_cedar_entity *e, const struct fl_cedar_schema *schema,
                          struct fl_error *err);
/* All of them, up to the first that is not as it should be. */
int fl_cedar_entities_check(const struct fl_cedar_entities *es,
                            const struct fl_cedar_schema *schema, struct fl_error *err);
/* The action is declared, applies to principal and resource, and the context is of its type.
 * FL_CEDAR_E_INVALID. */
int fl_cedar_request_check(const struct fl_cedar_request *request,
                           const struct fl_cedar_schema *schema, struct fl_error *err);

#endif
