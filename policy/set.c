/* policy/set.c - policy sets
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/set.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/parser.h"

#define FIRST_BYTES 8192u

/* What an id stands for. */
struct entry {
	struct fl_cedar_policy *policy;
	struct fl_cedar_row *row; /* NULL: a template */
};

struct fl_cedar_set *fl_cedar_set_create(const struct fl_cedar_limits *limits, size_t max_bytes)
{
	struct fl_cedar_set *set = calloc(1, sizeof *set);

	if (set == NULL)
		return NULL;
	fl_arena_init(&set->arena, FIRST_BYTES, max_bytes);
	fl_arena_init(&set->building, FIRST_BYTES, max_bytes);
	if (limits != NULL)
		set->limits = *limits;
	fl_map_init(&set->ids);
	return set;
}

struct fl_cedar_set *fl_cedar_set_destroy(struct fl_cedar_set *set)
{
	if (set == NULL)
		return NULL;
	fl_map_fini(&set->ids);
	fl_cedar_index_fini(&set->index);
	fl_arena_fini(&set->building);
	fl_arena_fini(&set->arena);
	free(set);
	return NULL;
}

static size_t max_policies(const struct fl_cedar_set *set)
{
	return set->limits.policies == 0 ? FL_CEDAR_POLICIES_MAX : set->limits.policies;
}

/* A row of its own in the set, not yet counted. */
static struct fl_cedar_row *make_row(struct fl_cedar_set *set, const struct fl_cedar_policy *policy,
                                     struct fl_str id)
{
	struct fl_cedar_row *row = fl_arena_zalloc(&set->arena, sizeof *row);

	set->rows = fl_cedar_grow(&set->building, set->rows, set->n_rows, sizeof(*set->rows));
	if (row == NULL || set->rows == NULL)
		return NULL;
	*row = (struct fl_cedar_row){.id = id, .policy = policy, .index = (uint32_t)set->n_rows};
	set->rows[set->n_rows++] = row;
	return row;
}

static int put_id(struct fl_cedar_set *set, struct fl_str id, struct fl_cedar_policy *policy,
                  struct fl_cedar_row *row)
{
	struct entry *entry = fl_arena_zalloc(&set->building, sizeof *entry);

	if (entry == NULL)
		return FL_CEDAR_E_MEMORY;
	*entry = (struct entry){.policy = policy, .row = row};
	return fl_map_put(&set->ids, id, entry, NULL) == 0 ? 0 : FL_CEDAR_E_MEMORY;
}

static int add_policy(struct fl_cedar_set *set, struct fl_cedar_policy *policy)
{
	struct fl_cedar_row *row = NULL;

	policy->id = fl_arena_printf(&set->arena, "policy%zu", set->n_policies);
	set->policies =
	    fl_cedar_grow(&set->building, set->policies, set->n_policies, sizeof(*set->policies));
	if (policy->id.p == NULL || set->policies == NULL)
		return FL_CEDAR_E_MEMORY;
	if (policy->slots == 0) {
		row = make_row(set, policy, policy->id);
		if (row == NULL)
			return FL_CEDAR_E_MEMORY;
	}
	set->policies[set->n_policies++] = policy;
	return put_id(set, policy->id, policy, row);
}

/* An id that a link or a renamed policy took already would be shadowed. */
static bool ids_are_free(struct fl_cedar_set *set, size_t n)
{
	char room[32];

	for (size_t i = 0; i < n; i++) {
		int len = snprintf(room, sizeof room, "policy%zu", set->n_policies + i);

		if (fl_map_find(&set->ids, fl_str_n(room, (size_t)len)) != NULL)
			return false;
	}
	return true;
}

/* Goes back to what was there before a text of which not all could be added. */
static void forget(struct fl_cedar_set *set, size_t n_policies, size_t n_rows)
{
	while (set->n_policies > n_policies)
		(void)fl_map_take(&set->ids, set->policies[--set->n_policies]->id);
	set->n_rows = n_rows;
}

int fl_cedar_set_add(struct fl_cedar_set *set, struct fl_str text, const char *file,
                     struct fl_problems *problems)
{
	struct fl_cedar_policies_ast ast;
	struct fl_str copy = fl_arena_str(&set->arena, text);
	struct fl_str name = fl_arena_str(&set->arena, fl_str(file == NULL ? "" : file));
	struct fl_cedar_limits limits = set->limits;
	struct fl_position start = {.file = file, .line = 1, .column = 1};

	FL_ASSERT(!set->is_finished);
	if (copy.p == NULL || name.p == NULL)
		return FL_CEDAR_E_MEMORY;
	limits.policies = max_policies(set) - set->n_policies;
	if (limits.policies == 0) {
		(void)fl_problems_add(problems, "policy_limit", start, FL_STR_NULL,
		                      "the set is full with %zu policies", set->n_policies);
		return FL_CEDAR_E_LIMIT;
	}
	int r = fl_cedar_parse_policies(&set->arena, copy, file == NULL ? NULL : name.p, &limits,
	                                &ast, problems);

	if (r != 0)
		return r;
	if (!ids_are_free(set, ast.n)) {
		(void)fl_problems_add(
		    problems, "policy_duplicate", start, FL_STR_NULL,
		    "an id of this text (policy0, policy1, ...) is taken already");
		return FL_CEDAR_E_DUPLICATE;
	}
	size_t n_policies = set->n_policies, n_rows = set->n_rows;

	for (size_t i = 0; i < ast.n && r == 0; i++)
		r = add_policy(set, ast.policies[i]);
	if (r != 0)
		forget(set, n_policies, n_rows);
	return r;
}

static int taken(struct fl_str id, struct fl_error *err)
{
	(void)fl_error_set(err, "policy_duplicate", "the policy id `%.*s` is taken already",
	                   FL_STR_ARGS(id));
	return FL_CEDAR_E_DUPLICATE;
}

static int no_memory(struct fl_error *err)
{
	(void)fl_error_set(err, "policy_memory", "the policy set needs more memory than allowed");
	return FL_CEDAR_E_MEMORY;
}

int fl_cedar_set_rename(struct fl_cedar_set *set, size_t i, struct fl_str id, struct fl_error *err)
{
	struct entry *entry, *old;

	FL_ASSERT(!set->is_finished && i < set->n_policies);
	if (fl_str_eq(id, set->policies[i]->id))
		return 0;
	if (fl_map_find(&set->ids, id) != NULL)
		return taken(id, err);
	id = fl_arena_str(&set->arena, id);
	if (id.p == NULL)
		return no_memory(err);
	old = fl_map_find(&set->ids, set->policies[i]->id);
	if (put_id(set, id, old->policy, old->row) != 0)
		return no_memory(err);
	entry = fl_map_take(&set->ids, set->policies[i]->id);
	entry->policy->id = id;
	if (entry->row != NULL)
		entry->row->id = id;
	return 0;
}

/* The arena's copy of a slot's entity. */
static bool fill_slot(struct fl_cedar_set *set, const struct fl_cedar_uid *from,
                      const struct fl_cedar_uid **ret)
{
	if (from == NULL)
		return true;
	*ret = fl_cedar_uid_make(&set->arena, from->type, from->id);
	return *ret != NULL;
}

int fl_cedar_set_link(struct fl_cedar_set *set, struct fl_str template_id, struct fl_str id,
                      const struct fl_cedar_uid *principal, const struct fl_cedar_uid *resource,
                      struct fl_error *err)
{
	const struct entry *entry = fl_map_find(&set->ids, template_id);
	unsigned given = (principal == NULL ? 0u : FL_CEDAR_SLOT_PRINCIPAL) |
	                 (resource == NULL ? 0u : FL_CEDAR_SLOT_RESOURCE);

	FL_ASSERT(!set->is_finished);
	if (entry == NULL || entry->policy->slots == 0) {
		(void)fl_error_set(err, "policy_not_found", "there is no template `%.*s`",
		                   FL_STR_ARGS(template_id));
		return FL_CEDAR_E_NOT_FOUND;
	}
	if (given != entry->policy->slots) {
		(void)fl_error_set(err, "policy_slots",
		                   "the template `%.*s` has other slots than those filled",
		                   FL_STR_ARGS(template_id));
		return FL_CEDAR_E_INVALID;
	}
	if (fl_map_find(&set->ids, id) != NULL)
		return taken(id, err);
	if (set->n_rows >= max_policies(set)) {
		(void)fl_error_set(err, "policy_limit", "more than %zu policies",
		                   max_policies(set));
		return FL_CEDAR_E_LIMIT;
	}
	struct fl_cedar_row filled = {0};
	struct fl_str copy = fl_arena_str(&set->arena, id);

	if (copy.p == NULL || !fill_slot(set, principal, &filled.principal) ||
	    !fill_slot(set, resource, &filled.resource))
		return no_memory(err);
	struct fl_cedar_row *row = make_row(set, entry->policy, copy);

	if (row == NULL)
		return no_memory(err);
	row->principal = filled.principal;
	row->resource = filled.resource;
	if (put_id(set, copy, entry->policy, row) == 0)
		return 0;
	set->n_rows--;
	return no_memory(err);
}

void fl_cedar_set_exclude(struct fl_cedar_set *set, size_t i)
{
	const struct entry *entry;

	FL_ASSERT(!set->is_finished && i < set->n_policies);
	entry = fl_map_find(&set->ids, set->policies[i]->id);
	if (entry->row != NULL) {
		set->rows[entry->row->index] = NULL;
		return;
	}
	for (size_t k = 0; k < set->n_rows; k++)
		if (set->rows[k] != NULL && set->rows[k]->policy == set->policies[i])
			set->rows[k] = NULL;
}

/* Closes the gaps that excluded policies leave. */
static void close_gaps(struct fl_cedar_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n_rows; i++) {
		if (set->rows[i] == NULL)
			continue;
		set->rows[i]->index = (uint32_t)n;
		set->rows[n++] = set->rows[i];
	}
	set->n_rows = n;
}

/* A list that no longer grows, in the set's own memory. */
static void *settle(struct fl_cedar_set *set, const void *list, size_t n, size_t item_bytes)
{
	void *copy = fl_arena_alloc(&set->arena, n * item_bytes);

	if (copy != NULL && n != 0)
		memcpy(copy, list, n * item_bytes);
	return copy;
}

int fl_cedar_set_finish(struct fl_cedar_set *set)
{
	FL_ASSERT(!set->is_finished);
	close_gaps(set);
	set->is_finished = true;
	set->policies = settle(set, set->policies, set->n_policies, sizeof(*set->policies));
	set->rows = settle(set, set->rows, set->n_rows, sizeof(*set->rows));
	fl_map_fini(&set->ids);
	fl_arena_fini(&set->building);
	if (set->policies == NULL || set->rows == NULL) {
		set->n_policies = set->n_rows = 0;
		return FL_CEDAR_E_MEMORY;
	}
	return fl_cedar_index_build(&set->index, set->rows, set->n_rows);
}

const struct fl_cedar_policy *fl_cedar_set_policy(const struct fl_cedar_set *set, size_t i)
{
	return i < set->n_policies ? set->policies[i] : NULL;
}

const struct fl_cedar_row *fl_cedar_set_row(const struct fl_cedar_set *set, size_t i)
{
	return i < set->n_rows ? set->rows[i] : NULL;
}

size_t fl_cedar_set_bytes(const struct fl_cedar_set *set)
{
	return set->arena.used_bytes - (size_t)(set->arena.end - set->arena.at) +
	       set->building.used_bytes + set->ids.cap * sizeof *set->ids.entries +
	       fl_cedar_index_bytes(&set->index) + sizeof *set;
}
