/* policy/validate.h - are policies sound by the schema?
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cedar's strict validation: each policy is typed once for each kind of request that the schema
 * allows and the policy's scope does not exclude. A policy that passes can fail at run time only by
 * integer overflow or for entities that are absent. Problems carry the kind of error as their code,
 * the policy's id as their pointer ("/policy0") and the place in its text:
 *
 *	unrecognized_entity_type	a type that the schema has not
 *	unrecognized_action_id		an action that the schema has not
 *	invalid_enum_entity		an id that its enumerated type has not
 *	no_applicable_action		no request can be in the scope
 *	unexpected_type			an operand of another type than the operation takes
 *	incompatible_types		values of different types that must be of one
 *	unknown_attribute		an attribute that the type has not
 *	unsafe_optional_attribute	one that may be absent, without `has` before
 *	unsafe_tag			getTag() without hasTag() before
 *	no_tags				tags of a type that has none
 *	wrong_number_of_arguments	of an extension function
 *	bad_extension_literal		ip("x") and the like
 *	non_literal_constructor		ip(context.x): its type cannot be checked
 *	empty_set			[]: the type of its members is not known
 *	limit				typing takes more memory than FL_CEDAR_TYPING_BYTES_MAX
 * and warnings:
 *	impossible_policy		it is false for every request
 */
#ifndef FL_POLICY_VALIDATE_H
#define FL_POLICY_VALIDATE_H

#include "policy/cedar.h"

/* 0, or FL_CEDAR_E_INVALID when there are errors; warnings alone are 0; FL_CEDAR_E_MEMORY. Each
 * error of a place is told once. [any] */
int fl_cedar_validate_policy(const struct fl_cedar_schema *schema,
                             const struct fl_cedar_policy *policy, struct fl_problems *problems);
/* All policies, templates and links of a set. */
int fl_cedar_validate(const struct fl_cedar_schema *schema, const struct fl_cedar_set *set,
                      struct fl_problems *problems);

#endif
