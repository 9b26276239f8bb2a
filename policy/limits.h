/* policy/limits.h - every limit of the library, and its outcome codes
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each limit bounds memory, time or stack for input that an outsider may have written. Crossing one
 * is an error with a position, never a crash.
 */
#ifndef FL_POLICY_LIMITS_H
#define FL_POLICY_LIMITS_H

/* What the functions of the library answer beside 0 (done) and negative values (unexpected). */
enum fl_cedar_outcome {
	FL_CEDAR_E_SYNTAX = 1,	/* text is not in the language; problems say where and why */
	FL_CEDAR_E_LIMIT,	/* a limit below was crossed */
	FL_CEDAR_E_MEMORY,	/* the arena is full or malloc failed */
	FL_CEDAR_E_DUPLICATE,	/* the name, id or key is there already */
	FL_CEDAR_E_CYCLE,	/* an entity would be its own ancestor */
	FL_CEDAR_E_NOT_FOUND,	/* no policy, template, entity or type of that name */
	FL_CEDAR_E_INVALID,	/* well-formed but against the schema or the rules of the call */
	FL_CEDAR_E_VALUE	/* an extension literal that its type does not accept */
};

/* Nesting of parentheses, sets, records, calls and `if` in policy text; braces in schemas. Bounds
 * the stack of the parsers: about 5 frames of 150 bytes a level. */
#define FL_CEDAR_NESTING_MAX 128u
/* Height of an expression tree, where `a.b.c` and `a + b + c` add one a step (&& and || chains add
 * one in all). Bounds the stack of evaluator, validator and printer. */
#define FL_CEDAR_HEIGHT_MAX 512u
/* Nesting of JSON, as the official engine has it. */
#define FL_CEDAR_JSON_DEPTH_MAX 128u
/* One policy, and one file of policies or one schema: defaults, see struct fl_cedar_limits. */
#define FL_CEDAR_POLICY_BYTES_MAX (10u << 10)
#define FL_CEDAR_TEXT_BYTES_MAX (1u << 20)
/* Entities in one store, and ancestors over all entities of a store: the closure of a chain grows
 * with its square. */
#define FL_CEDAR_ENTITIES_MAX 4000000u
#define FL_CEDAR_ANCESTORS_MAX 64000000u
/* Types and capabilities while one policy is validated for one kind of request. */
#define FL_CEDAR_TYPING_BYTES_MAX (4u << 20)
/* Policies in one set. */
#define FL_CEDAR_POLICIES_MAX 1000000u

#endif
