/* policy/index.c - which policies can concern a request
 * SPDX-License-Identifier: Apache-2.0
 *
 * Anchors are hashes that are keyed for this process (base/map.h). Two that collide only make the
 * walk visit more.
 */
#include "policy/index.h"

#include <stdlib.h>

enum dimension { ACTION, RESOURCE, PRINCIPAL, DIMENSIONS };

/* The first nodes are the roots: of permits, of forbids. */
#define EFFECTS 2u

struct fl_cedar_index_slot {
	uint64_t anchor;
	uint32_t node, child; /* child 0: free */
};

struct fl_cedar_index_node {
	union {
		uint64_t filter; /* a bit for each child's anchor: most lookups end here */
		struct {
			uint32_t first, n;
		} leaf; /* below all three anchors: items[first .. first + n) */
	};
};

#define NOT_LAID UINT32_MAX /* leaf.first, while building */

#define ANY UINT64_C(0x616e79)

static uint64_t uid_anchor(const struct fl_cedar_uid *uid)
{
	return uid->hash;
}

static uint64_t type_anchor(uint64_t type_hash)
{
	return type_hash ^ UINT64_C(0x74797065);
}

/* Spreads an anchor over all bits; the upper ones are the best. */
static uint64_t mix(uint64_t anchor)
{
	return anchor * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t filter_bit(uint64_t anchor)
{
	return UINT64_C(1) << (mix(anchor) >> 58);
}

static size_t home(const struct fl_cedar_index *index, uint32_t node, uint64_t anchor)
{
	return (size_t)(mix(anchor + node) >> 32) & (index->cap - 1);
}

static struct fl_cedar_index_slot *probe(const struct fl_cedar_index *index, uint32_t node,
                                         uint64_t anchor)
{
	for (size_t i = home(index, node, anchor);; i = (i + 1) & (index->cap - 1)) {
		struct fl_cedar_index_slot *s = &index->slots[i];

		if (s->child == 0 || (s->anchor == anchor && s->node == node))
			return s;
	}
}

static bool grow(struct fl_cedar_index *index)
{
	struct fl_cedar_index bigger = {.cap = index->cap == 0 ? 64 : index->cap * 2};

	bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
	if (bigger.slots == NULL)
		return false;
	for (size_t i = 0; i < index->cap; i++)
		if (index->slots[i].child != 0)
			*probe(&bigger, index->slots[i].node, index->slots[i].anchor) =
			    index->slots[i];
	free(index->slots);
	index->slots = bigger.slots;
	index->cap = bigger.cap;
	return true;
}

static bool add_node(struct fl_cedar_index *index)
{
	if (index->n_nodes == index->nodes_cap) {
		size_t cap = index->nodes_cap == 0 ? 16 : index->nodes_cap * 2;
		struct fl_cedar_index_node *nodes = realloc(index->nodes, cap * sizeof *nodes);

		if (nodes == NULL)
			return false;
		index->nodes = nodes;
		index->nodes_cap = cap;
	}
	index->nodes[index->n_nodes++] = (struct fl_cedar_index_node){.filter = 0};
	return true;
}

/* The child of `node` by this anchor, made when absent; 0: out of memory. */
static uint32_t child_of(struct fl_cedar_index *index, uint32_t node, uint64_t anchor)
{
	if (index->n_slots * 2 >= index->cap && !grow(index))
		return 0;
	struct fl_cedar_index_slot *s = probe(index, node, anchor);

	if (s->child != 0)
		return s->child;
	if (!add_node(index))
		return 0;
	*s = (struct fl_cedar_index_slot){
	    .anchor = anchor, .node = node, .child = (uint32_t)(index->n_nodes - 1)};
	index->nodes[node].filter |= filter_bit(anchor);
	index->n_slots++;
	return s->child;
}

static uint64_t scope_anchor(const struct fl_cedar_scope *s, const struct fl_cedar_uid *slot)
{
	const struct fl_cedar_uid *uid = s->is_slot ? slot : s->n_uids > 0 ? s->uids[0] : NULL;

	return s->kind == FL_CEDAR_SCOPE_ANY  ? ANY
	       : s->kind == FL_CEDAR_SCOPE_IS ? type_anchor(fl_cedar_type_hash(s->type))
	                                      : uid_anchor(uid);
}

/* How often the row hangs in the tree, and by what. */
static uint32_t n_places(const struct fl_cedar_row *row)
{
	const struct fl_cedar_scope *action = &row->policy->action;

	return action->kind == FL_CEDAR_SCOPE_IN_LIST ? action->n_uids : 1;
}

static uint64_t action_anchor(const struct fl_cedar_row *row, uint32_t k)
{
	const struct fl_cedar_scope *action = &row->policy->action;

	return action->kind == FL_CEDAR_SCOPE_IN_LIST ? uid_anchor(action->uids[k])
	                                              : scope_anchor(action, NULL);
}

static void place_anchors(const struct fl_cedar_row *row, uint32_t k, uint64_t ret[DIMENSIONS])
{
	ret[ACTION] = action_anchor(row, k);
	ret[RESOURCE] = scope_anchor(&row->policy->resource, row->resource);
	ret[PRINCIPAL] = scope_anchor(&row->policy->principal, row->principal);
}

/* The node at the end of the anchors, made when absent; 0: out of memory. */
static uint32_t leaf_of(struct fl_cedar_index *index, const uint64_t anchors[DIMENSIONS],
                        bool is_forbid)
{
	uint32_t node = is_forbid;
	size_t n_nodes = index->n_nodes;

	for (uint32_t i = 0; i < DIMENSIONS; i++) {
		node = child_of(index, node, anchors[i]);
		if (node == 0)
			return 0;
	}
	if (index->n_nodes > n_nodes)
		index->nodes[node].leaf.first = NOT_LAID;
	return node;
}

/* Finds the leaf of each place, and counts how many items each leaf has. */
static bool find_leaves(struct fl_cedar_index *index, struct fl_cedar_row *const *rows, size_t n,
                        uint32_t *leaves)
{
	size_t at = 0;
	bool has_room = grow(index);

	for (unsigned i = 0; i < EFFECTS && has_room; i++)
		has_room = add_node(index);
	for (size_t i = 0; i < n && has_room; i++)
		for (uint32_t k = 0; k < n_places(rows[i]) && has_room; k++) {
			uint64_t anchors[DIMENSIONS];

			place_anchors(rows[i], k, anchors);
			leaves[at] = leaf_of(index, anchors, rows[i]->policy->is_forbid);
			has_room = leaves[at] != 0;
			if (has_room)
				index->nodes[leaves[at++]].leaf.n++;
		}
	return has_room;
}

/* Lays the items of each leaf side by side, in the order of the rows. */
static void fill_leaves(struct fl_cedar_index *index, struct fl_cedar_row *const *rows, size_t n,
                        const uint32_t *leaves)
{
	uint32_t end = 0;
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n_places(rows[i]); k++) {
			struct fl_cedar_index_node *node = &index->nodes[leaves[at++]];

			if (node->leaf.first == NOT_LAID) {
				node->leaf.first = end;
				end += node->leaf.n;
				node->leaf.n = 0; /* counts up again */
			}
			index->items[node->leaf.first + node->leaf.n++] =
			    (struct fl_cedar_index_item){.row = rows[i], .list_at = k};
		}
}

static uint64_t known_bit(const struct fl_cedar_index *index, bool is_forbid, uint32_t dimension,
                          uint64_t anchor)
{
	return mix(anchor + 2 * dimension + is_forbid) >> 20 & (index->known_bits - 1);
}

/* 8 to 16 bits for each anchor: few are taken for known that are not. */
static bool note_known(struct fl_cedar_index *index, struct fl_cedar_row *const *rows, size_t n)
{
	index->known_bits = index->cap * 4;
	index->known = calloc(index->known_bits / 64, sizeof *index->known);
	for (size_t i = 0; i < n && index->known != NULL; i++)
		for (uint32_t k = 0; k < n_places(rows[i]); k++) {
			uint64_t anchors[DIMENSIONS];

			place_anchors(rows[i], k, anchors);
			for (uint32_t d = 0; d < DIMENSIONS; d++) {
				uint64_t bit =
				    known_bit(index, rows[i]->policy->is_forbid, d, anchors[d]);

				index->known[bit / 64] |= UINT64_C(1) << bit % 64;
			}
		}
	return index->known != NULL;
}

int fl_cedar_index_build(struct fl_cedar_index *index, struct fl_cedar_row *const *rows, size_t n)
{
	uint32_t *leaves;
	bool has_room;

	for (size_t i = 0; i < n; i++)
		index->n_items += n_places(rows[i]);
	if (index->n_items > UINT32_MAX)
		return FL_CEDAR_E_MEMORY;
	leaves = calloc(index->n_items + 1, sizeof *leaves);
	index->items = calloc(index->n_items + 1, sizeof *index->items);
	has_room = leaves != NULL && index->items != NULL && find_leaves(index, rows, n, leaves) &&
	           note_known(index, rows, n);
	if (has_room)
		fill_leaves(index, rows, n, leaves);
	free(leaves);
	return has_room ? 0 : FL_CEDAR_E_MEMORY;
}

void fl_cedar_index_fini(struct fl_cedar_index *index)
{
	free(index->slots);
	free(index->nodes);
	free(index->known);
	free(index->items);
	*index = (struct fl_cedar_index){.cap = 0};
}

size_t fl_cedar_index_bytes(const struct fl_cedar_index *index)
{
	return index->cap * sizeof *index->slots + index->nodes_cap * sizeof *index->nodes +
	       index->known_bits / 8 + index->n_items * sizeof *index->items;
}

/* Appends the anchor to the list of each effect that may have it. */
static void add_known(const struct fl_cedar_index *index, uint32_t dimension, uint64_t anchor,
                      uint64_t *const lists[EFFECTS], size_t n[EFFECTS])
{
	for (unsigned effect = 0; effect < EFFECTS; effect++) {
		uint64_t bit = known_bit(index, effect, dimension, anchor);

		if (index->known[bit / 64] >> bit % 64 & 1)
			lists[effect][n[effect]++] = anchor;
	}
}

bool fl_cedar_index_probes(const struct fl_cedar_index *index, const struct fl_cedar_eval *ev,
                           struct fl_cedar_probes *ret)
{
	const struct fl_cedar_uid *uids[DIMENSIONS] = {
	    [ACTION] = ev->request->action,
	    [RESOURCE] = ev->request->resource,
	    [PRINCIPAL] = ev->request->principal,
	};
	const struct fl_cedar_entity *entities[DIMENSIONS] = {
	    [ACTION] = ev->vars[FL_CEDAR_ACTION],
	    [RESOURCE] = ev->vars[FL_CEDAR_RESOURCE],
	    [PRINCIPAL] = ev->vars[FL_CEDAR_PRINCIPAL],
	};

	for (uint32_t i = 0; i < DIMENSIONS; i++) {
		size_t above = entities[i] == NULL ? 0 : entities[i]->n_ancestors;
		size_t room = above + 3, n[EFFECTS] = {0};
		uint64_t *list = fl_arena_alloc(ev->scratch, EFFECTS * room * sizeof *list);
		uint64_t *const lists[EFFECTS] = {list, list + room};

		if (list == NULL)
			return false;
		add_known(index, i, ANY, lists, n);
		add_known(index, i, type_anchor(uids[i]->type_hash), lists, n);
		add_known(index, i, uid_anchor(uids[i]), lists, n);
		for (size_t k = 0; k < above; k++)
			add_known(index, i, uid_anchor(entities[i]->ancestors[k]), lists, n);
		for (unsigned effect = 0; effect < EFFECTS; effect++)
			ret->lists[effect][i] =
			    (struct fl_cedar_probe_list){.anchors = lists[effect], .n = n[effect]};
	}
	return true;
}

struct walk {
	const struct fl_cedar_index *index;
	const struct fl_cedar_probe_list *lists; /* by dimension */
	bool (*visit)(void *ctx, const struct fl_cedar_index_item *item);
	void *ctx;
};

static bool walk_leaf(const struct walk *w, const struct fl_cedar_index_node *node)
{
	for (uint32_t i = 0; i < node->leaf.n; i++)
		if (w->visit(w->ctx, &w->index->items[node->leaf.first + i]))
			return true;
	return false;
}

static bool walk_node(const struct walk *w, uint32_t at, uint32_t dimension)
{
	const struct fl_cedar_index_node *node = &w->index->nodes[at];
	const struct fl_cedar_probe_list *list = &w->lists[dimension];

	if (dimension == DIMENSIONS)
		return walk_leaf(w, node);
	for (size_t i = 0; i < list->n; i++) {
		if ((node->filter & filter_bit(list->anchors[i])) == 0)
			continue;
		uint32_t child = probe(w->index, at, list->anchors[i])->child;

		if (child != 0 && walk_node(w, child, dimension + 1))
			return true;
	}
	return false;
}

bool fl_cedar_index_walk(const struct fl_cedar_index *index, const struct fl_cedar_probes *probes,
                         bool is_forbid,
                         bool (*visit)(void *ctx, const struct fl_cedar_index_item *item),
                         void *ctx)
{
	const struct walk w = {
	    .index = index, .lists = probes->lists[is_forbid], .visit = visit, .ctx = ctx};

	return walk_node(&w, is_forbid, 0);
}
