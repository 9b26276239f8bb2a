/* policy/index.c - which policies can concern a request
 * SPDX-License-Identifier: Apache-2.0
 *
 * Anchors are hashes that are keyed for this process (base/map.h). Two that collide only make the
 * walk visit more.
 */
#include "policy/index.h"

#include <stdlib.h>

enum dimension { ACTION, RESOURCE, PRINCIPAL, DIMENSIONS };

/* Nodes 0 and 1 are the roots; 2, 3, 4 hold what anchors there are in each dimension. */
#define ROOT_PERMIT 0u
#define ROOT_FORBID 1u
#define KNOWN 2u
#define FIRST_NODE (KNOWN + DIMENSIONS)

struct fl_cedar_index_slot {
	uint64_t anchor;
	uint32_t node, child; /* child 0: free */
};

/* Below all three anchors: items[first .. first + n). */
struct fl_cedar_index_node {
	uint32_t first, n;
};

#define ANY UINT64_C(0x616e79)

static uint64_t uid_anchor(const struct fl_cedar_uid *uid)
{
	return uid->hash;
}

static uint64_t type_anchor(uint64_t type_hash)
{
	return type_hash ^ UINT64_C(0x74797065);
}

static size_t home(const struct fl_cedar_index *index, uint32_t node, uint64_t anchor)
{
	uint64_t h = (anchor + node) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(h >> 32) & (index->cap - 1);
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
	index->nodes[index->n_nodes++] = (struct fl_cedar_index_node){.n = 0};
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

/* The node that the row hangs at by this action, made when absent; 0: out of memory. */
static uint32_t leaf_of(struct fl_cedar_index *index, const struct fl_cedar_row *row,
                        uint64_t action)
{
	const uint64_t anchors[DIMENSIONS] = {
	    [ACTION] = action,
	    [RESOURCE] = scope_anchor(&row->policy->resource, row->resource),
	    [PRINCIPAL] = scope_anchor(&row->policy->principal, row->principal),
	};
	uint32_t node = row->policy->is_forbid ? ROOT_FORBID : ROOT_PERMIT;

	for (uint32_t i = 0; i < DIMENSIONS; i++) {
		node = child_of(index, node, anchors[i]);
		if (node == 0 || child_of(index, KNOWN + i, anchors[i]) == 0)
			return 0;
	}
	return node;
}

/* How often the row hangs in the tree, and by what. */
static uint32_t n_places(const struct fl_cedar_row *row)
{
	const struct fl_cedar_scope *action = &row->policy->action;

	return action->kind == FL_CEDAR_SCOPE_IN_LIST ? action->n_uids : 1;
}

static uint64_t place_anchor(const struct fl_cedar_row *row, uint32_t k)
{
	const struct fl_cedar_scope *action = &row->policy->action;

	return action->kind == FL_CEDAR_SCOPE_IN_LIST ? uid_anchor(action->uids[k])
	                                              : scope_anchor(action, NULL);
}

/* Finds the leaf of each place, and counts how many items each leaf has. */
static bool find_leaves(struct fl_cedar_index *index, struct fl_cedar_row *const *rows, size_t n,
                        uint32_t *leaves)
{
	size_t at = 0;
	bool has_room = grow(index);

	for (unsigned i = 0; i < FIRST_NODE && has_room; i++)
		has_room = add_node(index);
	for (size_t i = 0; i < n && has_room; i++)
		for (uint32_t k = 0; k < n_places(rows[i]) && has_room; k++) {
			uint32_t leaf = leaf_of(index, rows[i], place_anchor(rows[i], k));

			has_room = leaf != 0;
			if (has_room)
				index->nodes[leaf].n++;
			leaves[at++] = leaf;
		}
	return has_room;
}

/* Lays the items of each leaf side by side, in the order of the rows. */
static void fill_leaves(struct fl_cedar_index *index, struct fl_cedar_row *const *rows, size_t n,
                        const uint32_t *leaves)
{
	uint32_t first = 0;
	size_t at = 0;

	for (size_t i = 0; i < index->n_nodes; i++) {
		index->nodes[i].first = first;
		first += index->nodes[i].n;
		index->nodes[i].n = 0; /* counts up again below */
	}
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n_places(rows[i]); k++) {
			struct fl_cedar_index_node *leaf = &index->nodes[leaves[at++]];

			index->items[leaf->first + leaf->n++] =
			    (struct fl_cedar_index_item){.row = rows[i], .list_at = k};
		}
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
	has_room = leaves != NULL && index->items != NULL && find_leaves(index, rows, n, leaves);
	if (has_room)
		fill_leaves(index, rows, n, leaves);
	free(leaves);
	return has_room ? 0 : FL_CEDAR_E_MEMORY;
}

void fl_cedar_index_fini(struct fl_cedar_index *index)
{
	free(index->slots);
	free(index->nodes);
	free(index->items);
	*index = (struct fl_cedar_index){.cap = 0};
}

size_t fl_cedar_index_bytes(const struct fl_cedar_index *index)
{
	return index->cap * sizeof *index->slots + index->nodes_cap * sizeof *index->nodes +
	       index->n_items * sizeof *index->items;
}

static void add_known(const struct fl_cedar_index *index, uint32_t dimension, uint64_t anchor,
                      uint64_t *list, size_t *n)
{
	if (probe(index, KNOWN + dimension, anchor)->child != 0)
		list[(*n)++] = anchor;
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
		size_t above = entities[i] == NULL ? 0 : entities[i]->n_ancestors, n = 0;
		uint64_t *list = fl_arena_alloc(ev->scratch, (above + 3) * sizeof *list);

		if (list == NULL)
			return false;
		add_known(index, i, ANY, list, &n);
		add_known(index, i, type_anchor(uids[i]->type_hash), list, &n);
		add_known(index, i, uid_anchor(uids[i]), list, &n);
		for (size_t k = 0; k < above; k++)
			add_known(index, i, uid_anchor(entities[i]->ancestors[k]), list, &n);
		ret->lists[i] = (struct fl_cedar_probe_list){.anchors = list, .n = n};
	}
	return true;
}

struct walk {
	const struct fl_cedar_index *index;
	const struct fl_cedar_probes *probes;
	bool (*visit)(void *ctx, const struct fl_cedar_index_item *item);
	void *ctx;
};

static bool walk_leaf(const struct walk *w, uint32_t node)
{
	const struct fl_cedar_index_node *leaf = &w->index->nodes[node];

	for (uint32_t i = 0; i < leaf->n; i++)
		if (w->visit(w->ctx, &w->index->items[leaf->first + i]))
			return true;
	return false;
}

static bool walk_node(const struct walk *w, uint32_t node, uint32_t dimension)
{
	const struct fl_cedar_probe_list *list = &w->probes->lists[dimension];

	for (size_t i = 0; i < list->n; i++) {
		uint32_t child = probe(w->index, node, list->anchors[i])->child;

		if (child != 0 &&
		    (dimension + 1 == DIMENSIONS ? walk_leaf(w, child)
		                                 : walk_node(w, child, dimension + 1)))
			return true;
	}
	return false;
}

bool fl_cedar_index_walk(const struct fl_cedar_index *index, const struct fl_cedar_probes *probes,
                         bool is_forbid,
                         bool (*visit)(void *ctx, const struct fl_cedar_index_item *item),
                         void *ctx)
{
	const struct walk w = {.index = index, .probes = probes, .visit = visit, .ctx = ctx};

	return walk_node(&w, is_forbid ? ROOT_FORBID : ROOT_PERMIT, ACTION);
}
