/* tests/unit/policy/gen.h - policies, entities and requests from a seed
 * SPDX-License-Identifier: Apache-2.0
 *
 * One hierarchy with absent entities and absent parents; typed expressions over it, one policy in
 * five with operands of other types here and there. The same seed gives the same, everywhere.
 */
#ifndef FL_TESTS_UNIT_POLICY_GEN_H
#define FL_TESTS_UNIT_POLICY_GEN_H

#include "policy/cedar.h"

#define GEN_NAMES 20u  /* entities a request may name; some are absent */
#define GEN_ACTIONS 6u /* actions likewise */
#define GEN_CLAUSES 3u
#define GEN_TEXT 4096u

struct gen {
	uint64_t seed;
	unsigned breaks; /* of 100 operands so many are of another type */
};

/* A policy in parts, to be put together in several ways. */
struct gen_policy {
	char scope[GEN_TEXT / 8]; /* "permit(principal, action, resource)" */
	struct {
		bool is_unless;
		char a[GEN_TEXT], b[GEN_TEXT]; /* the condition is a && b */
	} clauses[GEN_CLAUSES];
	unsigned n_clauses;
};

/* From 0 to n - 1. */
unsigned gen_pick(struct gen *g, unsigned n);
void gen_policy(struct gen *g, struct gen_policy *ret);
/* The entities' array as JSON. */
void gen_entities(struct gen *g, struct fl_buf *out);
/* A request over them; its context and names live in the arena. */
void gen_request(struct gen *g, const struct fl_cedar_entities *entities, struct fl_arena *arena,
                 struct fl_cedar_request *ret);
/* An expression of a type chosen at random. */
void gen_expr(struct gen *g, struct fl_buf *out);

#endif
