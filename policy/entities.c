/* policy/entities.c - the entities a decision looks at
 * SPDX-License-Identifier: Apache-2.0
 *
 * One open-addressing table of uids; each uid has its entity, or none while only others name it.
 */
#include "policy/entities.h"

#include <stdlib.h>

#include "base/sort.h"

#define FIRST_BYTES 4096u
#define TABLE_FIRST 64u

struct node {
	struct fl_cedar_uid uid; /* first: a uid of the store is a node */
	struct fl_cedar_entity *entity;
};

struct fl_cedar_entities {
	struct fl_arena arena;
	struct node **table; /* NULL: free */
	size_t cap, n_nodes;
	struct fl_cedar_entity **list;
	size_t n, list_cap;
	bool is_finished;
};

/* How far finish() is with an entity: marks. */
static char open_mark, done_mark;

struct fl_cedar_entities *fl_cedar_entities_create(size_t max_bytes)
{
	struct fl_cedar_entities *es = calloc(1, sizeof *es);

	if (es == NULL)
		return NULL;
	fl_arena_init(&es->arena, FIRST_BYTES, max_bytes);
	return es;
}

struct fl_cedar_entities *fl_cedar_entities_destroy(struct fl_cedar_entities *es)
{
	if (es == NULL)
		return NULL;
	free(es->table);
	free(es->list);
	fl_arena_fini(&es->arena);
	free(es);
	return NULL;
}

struct fl_arena *fl_cedar_entities_arena(struct fl_cedar_entities *es)
{
	return &es->arena;
}

static struct node **probe(const struct fl_cedar_entities *es, const struct fl_cedar_uid *uid)
{
	for (size_t i = uid->hash & (es->cap - 1);; i = (i + 1) & (es->cap - 1)) {
		struct node **slot = &es->table[i];

		if (*slot == NULL || fl_cedar_uid_eq(&(*slot)->uid, uid))
			return slot;
	}
}

static bool grow_table(struct fl_cedar_entities *es)
{
	size_t cap = es->cap == 0 ? TABLE_FIRST : es->cap * 2;
	struct node **old = es->table;
	size_t old_cap = es->cap;

	es->table = calloc(cap, sizeof(*es->table));
	if (es->table == NULL) {
		es->table = old;
		return false;
	}
	es->cap = cap;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i] != NULL)
			*probe(es, &old[i]->uid) = old[i];
	free(old);
	return true;
}

const struct fl_cedar_uid *fl_cedar_entities_uid(struct fl_cedar_entities *es, struct fl_str type,
                                                 struct fl_str id)
{
	struct fl_cedar_uid uid = fl_cedar_uid(type, id);

	FL_ASSERT(!es->is_finished);
	if (es->n_nodes * 2 >= es->cap && !grow_table(es))
		return NULL;
	struct node **slot = probe(es, &uid);

	if (*slot != NULL)
		return &(*slot)->uid;
	struct node *node = fl_arena_zalloc(&es->arena, sizeof *node);

	uid.type = fl_arena_str(&es->arena, type);
	uid.id = fl_arena_str(&es->arena, id);
	if (node == NULL || uid.type.p == NULL || uid.id.p == NULL)
		return NULL;
	node->uid = uid;
	*slot = node;
	es->n_nodes++;
	return &node->uid;
}

static struct node *find_node(const struct fl_cedar_entities *es, const struct fl_cedar_uid *uid)
{
	return es->cap == 0 ? NULL : *probe(es, uid);
}

const struct fl_cedar_entity *fl_cedar_entities_find(const struct fl_cedar_entities *es,
                                                     const struct fl_cedar_uid *uid)
{
	const struct node *node = find_node(es, uid);

	return node == NULL ? NULL : node->entity;
}

size_t fl_cedar_entities_count(const struct fl_cedar_entities *es)
{
	return es->n;
}

const struct fl_cedar_entity *fl_cedar_entities_at(const struct fl_cedar_entities *es, size_t i)
{
	return i < es->n ? es->list[i] : NULL;
}

static int no_memory(struct fl_error *err)
{
	(void)fl_error_set(err, "entities_memory", "the entities need more memory than allowed");
	return FL_CEDAR_E_MEMORY;
}

static int compare_uids(const void *a, const void *b)
{
	const struct fl_cedar_uid *const *x = a, *const *y = b;

	if (*x == *y)
		return 0;
	if ((*x)->hash != (*y)->hash)
		return (*x)->hash < (*y)->hash ? -1 : 1;
	return fl_cedar_uid_cmp(*x, *y);
}

/* Sorts and drops repetitions. All are uids of the store, so pointers tell them apart. */
static size_t sort_uids(const struct fl_cedar_uid **uids, size_t n)
{
	size_t kept = n == 0 ? 0 : 1;

	if (n > 1)
		qsort(uids, n, sizeof(*uids), compare_uids);
	for (size_t i = 1; i < n; i++)
		if (uids[i] != uids[kept - 1])
			uids[kept++] = uids[i];
	return kept;
}

/* The entity of one of the store's own uids. */
static struct fl_cedar_entity *entity_of(const struct fl_cedar_uid *uid)
{
	const void *node = uid;

	return ((const struct node *)node)->entity;
}

static bool is_same(const struct fl_cedar_entity *e, struct fl_cedar_value attrs,
                    const struct fl_cedar_uid *const *parents, size_t n, struct fl_cedar_value tags)
{
	return e->n_parents == n &&
	       (n == 0 || memcmp(e->parents, parents, n * sizeof(*parents)) == 0) &&
	       fl_cedar_value_eq(e->attrs, attrs) && fl_cedar_value_eq(e->tags, tags);
}

static bool keep(struct fl_cedar_entities *es, struct fl_cedar_entity *e)
{
	if (es->n == es->list_cap) {
		size_t cap = es->list_cap == 0 ? 16 : es->list_cap * 2;
		struct fl_cedar_entity **list = realloc(es->list, cap * sizeof(*list));

		if (list == NULL)
			return false;
		es->list = list;
		es->list_cap = cap;
	}
	es->list[es->n++] = e;
	return true;
}

int fl_cedar_entities_add(struct fl_cedar_entities *es, const struct fl_cedar_uid *uid,
                          struct fl_cedar_value attrs, const struct fl_cedar_uid *const *parents,
                          size_t n_parents, struct fl_cedar_value tags, struct fl_error *err)
{
	struct node *node = find_node(es, uid);
	const struct fl_cedar_uid **copy = fl_arena_array(&es->arena, n_parents, sizeof(*copy));

	FL_ASSERT(!es->is_finished && node != NULL && &node->uid == uid);
	if (copy == NULL)
		return no_memory(err);
	if (n_parents != 0)
		memcpy(copy, parents, n_parents * sizeof(*copy));
	n_parents = sort_uids(copy, n_parents);
	if (node->entity != NULL) {
		if (is_same(node->entity, attrs, copy, n_parents, tags))
			return 0;
		(void)fl_error_set(err, "entities_duplicate",
		                   "the entity %.*s::\"%.*s\" is there twice, and differs",
		                   FL_STR_ARGS(uid->type), FL_STR_ARGS(uid->id));
		return FL_CEDAR_E_DUPLICATE;
	}
	if (es->n >= FL_CEDAR_ENTITIES_MAX) {
		(void)fl_error_set(err, "entities_limit", "more than %u entities",
		                   FL_CEDAR_ENTITIES_MAX);
		return FL_CEDAR_E_LIMIT;
	}
	struct fl_cedar_entity *e = fl_arena_zalloc(&es->arena, sizeof *e);

	if (e == NULL || !keep(es, e))
		return no_memory(err);
	*e = (struct fl_cedar_entity){
	    .uid = uid, .attrs = attrs, .tags = tags, .parents = copy, .n_parents = n_parents};
	node->entity = e;
	return 0;
}

/* The closure: depth first with a stack of our own, so that a long chain costs no C stack. */
struct closing {
	struct fl_cedar_entities *es;
	struct frame {
		struct fl_cedar_entity *e;
		size_t next; /* the parent to look at */
	} * frames;
	size_t n;
	const struct fl_cedar_uid **room; /* to gather ancestors in */
	size_t room_cap, total;
};

/* All parents are closed: gathers theirs. */
static int close_one(struct closing *c, struct fl_cedar_entity *e, struct fl_error *err)
{
	size_t n = e->n_parents;

	for (size_t i = 0; i < e->n_parents; i++) {
		const struct fl_cedar_entity *p = entity_of(e->parents[i]);

		n += p == NULL ? 0 : p->n_ancestors;
	}
	if (n > c->room_cap) {
		const struct fl_cedar_uid **room = realloc(c->room, 2 * n * sizeof(*room));

		if (room == NULL)
			return no_memory(err);
		c->room = room;
		c->room_cap = 2 * n;
	}
	n = 0;
	for (size_t i = 0; i < e->n_parents; i++) {
		const struct fl_cedar_entity *p = entity_of(e->parents[i]);

		c->room[n++] = e->parents[i];
		for (size_t k = 0; p != NULL && k < p->n_ancestors; k++)
			c->room[n++] = p->ancestors[k];
	}
	n = sort_uids(c->room, n);
	c->total += n;
	if (c->total > FL_CEDAR_ANCESTORS_MAX) {
		(void)fl_error_set(err, "entities_limit", "more than %u ancestors in all",
		                   FL_CEDAR_ANCESTORS_MAX);
		return FL_CEDAR_E_LIMIT;
	}
	e->ancestors = fl_arena_array(&c->es->arena, n, sizeof(*e->ancestors));
	if (e->ancestors == NULL)
		return no_memory(err);
	if (n != 0)
		memcpy(e->ancestors, c->room, n * sizeof(*e->ancestors));
	e->n_ancestors = n;
	e->mark = &done_mark;
	return 0;
}

static int refuse_cycle(const struct fl_cedar_entity *e, struct fl_error *err)
{
	(void)fl_error_set(err, "entities_cycle", "the entity %.*s::\"%.*s\" is its own ancestor",
	                   FL_STR_ARGS(e->uid->type), FL_STR_ARGS(e->uid->id));
	return FL_CEDAR_E_CYCLE;
}

/* Closes `root` and all above it. */
static int close_from(struct closing *c, struct fl_cedar_entity *root, struct fl_error *err)
{
	root->mark = &open_mark;
	c->frames[0] = (struct frame){.e = root};
	c->n = 1;
	while (c->n > 0) {
		struct frame *f = &c->frames[c->n - 1];
		struct fl_cedar_entity *parent = NULL;

		while (f->next < f->e->n_parents && parent == NULL) {
			parent = entity_of(f->e->parents[f->next++]);
			if (parent != NULL && parent->mark == &open_mark)
				return refuse_cycle(parent, err);
			if (parent != NULL && parent->mark == &done_mark)
				parent = NULL;
		}
		if (parent != NULL) {
			parent->mark = &open_mark;
			c->frames[c->n++] = (struct frame){.e = parent};
			continue;
		}
		int r = close_one(c, f->e, err);

		if (r != 0)
			return r;
		c->n--;
	}
	return 0;
}

int fl_cedar_entities_finish(struct fl_cedar_entities *es, struct fl_error *err)
{
	struct closing c = {.es = es, .frames = calloc(es->n + 1, sizeof *c.frames)};
	int r = c.frames == NULL ? no_memory(err) : 0;

	FL_ASSERT(!es->is_finished);
	for (size_t i = 0; i < es->n && r == 0; i++)
		if (es->list[i]->mark != &done_mark)
			r = close_from(&c, es->list[i], err);
	for (size_t i = 0; i < es->n; i++)
		es->list[i]->mark = NULL;
	es->is_finished = r == 0;
	free(c.frames);
	free(c.room);
	return r;
}

int fl_cedar_entities_derive(const struct fl_cedar_entities *es, const struct fl_cedar_uid *uid,
                             struct fl_cedar_value attrs, const struct fl_cedar_uid *const *parents,
                             size_t n_parents, struct fl_cedar_value tags, struct fl_arena *arena,
                             struct fl_cedar_entity *ret)
{
	const struct fl_cedar_uid **up;
	size_t n = n_parents, kept = 0;

	FL_ASSERT(es->is_finished);
	for (size_t i = 0; i < n_parents; i++) {
		const struct fl_cedar_entity *p = fl_cedar_entities_find(es, parents[i]);

		n += p == NULL ? 0 : p->n_ancestors;
	}
	up = fl_arena_alloc(arena, n * sizeof(*up));
	if (up == NULL)
		return FL_CEDAR_E_MEMORY;
	n = 0;
	for (size_t i = 0; i < n_parents; i++) {
		const struct fl_cedar_entity *p = fl_cedar_entities_find(es, parents[i]);

		up[n++] = parents[i];
		for (size_t k = 0; p != NULL && k < p->n_ancestors; k++)
			up[n++] = p->ancestors[k];
	}
	fl_sort(up, n, sizeof(*up), compare_uids);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !fl_cedar_uid_eq(up[kept - 1], up[i]))
			up[kept++] = up[i];
	*ret = (struct fl_cedar_entity){
	    .uid = uid, .attrs = attrs, .tags = tags, .ancestors = up, .n_ancestors = kept};
	return 0;
}

bool fl_cedar_entity_has_ancestor(const struct fl_cedar_entity *e,
                                  const struct fl_cedar_uid *ancestor)
{
	size_t lo = 0, hi = e->n_ancestors;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (e->ancestors[mid]->hash < ancestor->hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < e->n_ancestors && e->ancestors[lo]->hash == ancestor->hash; lo++)
		if (fl_cedar_uid_eq(e->ancestors[lo], ancestor))
			return true;
	return false;
}
