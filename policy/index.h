/* policy/index.h - which policies can concern a request
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each policy hangs in a tree below its effect by three anchors: of its action, its resource and
 * its principal. An anchor is an entity (`==`, `in`), a type (`is`) or anything. A request walks
 * down all branches whose anchor is its entity, one above it, or its type. A policy's scope cannot
 * fail, so leaving out those that cannot match changes no decision, no reason and no error. What is
 * found is only likely to match: scopes are looked at again.
 */
#ifndef FL_POLICY_INDEX_H
#define FL_POLICY_INDEX_H

#include "policy/cedar.h"

struct fl_cedar_index_item {
	const struct fl_cedar_row *row;
	uint32_t list_at; /* which of the actions in [...] led here */
};

struct fl_cedar_index_slot;

struct fl_cedar_index {
	struct fl_cedar_index_slot *slots; /* (node, anchor) to node */
	size_t cap, n_slots;
	struct fl_cedar_index_node *nodes;
	size_t n_nodes, nodes_cap;
	uint64_t *known; /* a bit for each anchor that some policy has; several may share one */
	size_t known_bits;
	struct fl_cedar_index_item *items; /* those of one node side by side */
	size_t n_items;
};

/* Builds it over all rows. A zeroed struct is empty. FL_CEDAR_E_MEMORY: only fini is left. */
int fl_cedar_index_build(struct fl_cedar_index *index, struct fl_cedar_row *const *rows, size_t n);
void fl_cedar_index_fini(struct fl_cedar_index *index);
size_t fl_cedar_index_bytes(const struct fl_cedar_index *index);

/* The anchors of a request, filtered to those that some policy of the effect has. Lists live in the
 * scratch arena. */
struct fl_cedar_probes {
	struct fl_cedar_probe_list {
		const uint64_t *anchors;
		size_t n;
	} lists[2][3]; /* permits, forbids: action, resource, principal */
};

/* False: the arena is full. */
bool fl_cedar_index_probes(const struct fl_cedar_index *index, const struct fl_cedar_eval *ev,
                           struct fl_cedar_probes *ret);
/* Calls `visit` for each policy of the effect that may match, in no order, until it says true; says
 * whether it did. */
bool fl_cedar_index_walk(const struct fl_cedar_index *index, const struct fl_cedar_probes *probes,
                         bool is_forbid,
                         bool (*visit)(void *ctx, const struct fl_cedar_index_item *item),
                         void *ctx);

#endif
