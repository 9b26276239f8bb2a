/* gateway/authorize/policies.c - the texts of policies become sets that decide
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/map.h"
#include "gateway/authorize/build.h"
#include "gateway/authorize/id.h"
#include "policy/links_json.h"
#include "policy/validate.h"

static struct fl_position position_of(const struct fl_cedar_policy *policy)
{
	return (struct fl_position){policy->file, policy->span.line, policy->span.column};
}

/* ---- sets ---- */

static bool link_all(struct fl_bundle_build *b, struct fl_cedar_set *set)
{
	const struct fl_cfg_texts *links = &b->config->policies.links;
	struct fl_problem **since = b->problems->tail;
	bool ok = true;

	for (size_t i = 0; i < links->n; i++)
		ok = fl_cedar_set_link_json(set, links->items[i].text, links->items[i].path.p,
		                            b->problems) == 0 &&
		     ok;
	fl_bundle_translate_links(since);
	return ok;
}

/* A set of all policies, not finished. *ret_is_good is false when something was told. */
static struct fl_cedar_set *make_set(struct fl_bundle_build *b, bool *ret_is_good)
{
	const struct fl_cfg_texts *texts = &b->config->policies.policies;
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, FL_BUNDLE_SET_BYTES_MAX);
	struct fl_problem **since = b->problems->tail;

	*ret_is_good = set != NULL;
	for (size_t i = 0; set != NULL && i < texts->n; i++)
		*ret_is_good = fl_cedar_set_add(set, texts->items[i].text, texts->items[i].path.p,
		                                b->problems) == 0 &&
		               *ret_is_good;
	fl_bundle_translate(b->problems, since);
	if (set != NULL)
		*ret_is_good = fl_policy_ids_use(set, b->problems) && *ret_is_good;
	if (set != NULL)
		*ret_is_good = link_all(b, set) && *ret_is_good;
	return set;
}

static size_t count(const struct fl_cedar_set *set)
{
	size_t n = 0;

	while (fl_cedar_set_policy(set, n) != NULL)
		n++;
	return n;
}

/* ---- what is known of each policy ---- */

struct read {
	struct fl_bundle_policy policy;
	bool is_shadow;
	size_t uses; /* rows: 1, or how many links a template has */
};

struct reading { /* of all policies of a set, by their place in it */
	struct fl_bundle_build *b;
	struct read *all;
	size_t n;
	struct fl_map ids; /* to place + 1 */
	bool has_shadows;
};

static struct read *find(const struct reading *r, const struct fl_cedar_policy *policy)
{
	size_t place = (size_t)(uintptr_t)fl_map_find(&r->ids, policy->id);

	FL_ASSERT(place != 0 && place <= r->n);
	return &r->all[place - 1];
}

static bool read_policy(struct reading *r, size_t i, const struct fl_cedar_policy *policy)
{
	struct read *ret = &r->all[i];
	bool ok = fl_obligations_read(policy, &r->b->bundle->arena, r->b->problems,
	                              &ret->policy.obligations, &ret->policy.obligations_n,
	                              &ret->is_shadow);

	ret->policy.line = policy->span.line;
	ret->policy.is_forbid = policy->is_forbid;
	r->has_shadows = r->has_shadows || ret->is_shadow;
	return fl_map_put(&r->ids, policy->id, (void *)(uintptr_t)(i + 1), NULL) == 0 && ok;
}

static bool refuse_unused(struct fl_bundle_build *b, const struct fl_cedar_policy *policy)
{
	struct fl_problem *p =
	    fl_problems_add(b->problems, "policy_template", position_of(policy),
	                    FL_STR_NULL, "a template decides nothing: no link fills its slots");

	fl_problem_hint(b->problems, p,
	                "link it in policies.links, or write an entity instead of the slot");
	return false;
}

static bool refuse_link_id(struct fl_bundle_build *b, const struct fl_cedar_row *row)
{
	struct fl_problem *p = fl_problems_add(
	    b->problems, "policy_link", position_of(row->policy), FL_STR_NULL,
	    "a link of this template cannot have the id \"%.*s\"",
	    FL_STR_ARGS(fl_str_cut(row->id, 80)));

	fl_problem_hint(b->problems, p, "one line of at most %u bytes, not \"policy\" and a number",
	                FL_POLICY_ID_MAX);
	return false;
}

static bool check_uses(struct reading *r, const struct fl_cedar_set *set)
{
	const struct fl_cedar_policy *policy;
	const struct fl_cedar_row *row;
	bool ok = true;

	for (size_t i = 0; (row = fl_cedar_set_row(set, i)) != NULL; i++) {
		find(r, row->policy)->uses++;
		if (row->policy->slots != 0 && !fl_policy_id_is_good(row->id))
			ok = refuse_link_id(r->b, row);
	}
	for (size_t i = 0; (policy = fl_cedar_set_policy(set, i)) != NULL; i++)
		if (r->all[i].uses == 0)
			ok = refuse_unused(r->b, policy);
	return ok;
}

static bool read_all(struct reading *r, const struct fl_cedar_set *set)
{
	bool ok = true;

	r->n = count(set);
	r->all = fl_arena_array(&r->b->bundle->arena, r->n + 1, sizeof *r->all);
	if (r->all == NULL)
		return false;
	for (size_t i = 0; i < r->n; i++)
		ok = read_policy(r, i, fl_cedar_set_policy(set, i)) && ok;
	return (r->ids.count < r->n || check_uses(r, set)) && ok;
}

/* ---- what decides, and what is watched ---- */

/* Finishes the set without the policies that are shadowed, or without the others. */
static bool finish_set(const struct reading *r, struct fl_cedar_set *set, bool is_shadow,
                       struct fl_bundle_set *ret)
{
	const struct fl_cedar_row *row;
	struct fl_bundle_policy *policies;
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->all[i].is_shadow != is_shadow)
			fl_cedar_set_exclude(set, i);
	if (fl_cedar_set_finish(set) != 0)
		return false;
	while (fl_cedar_set_row(set, n) != NULL)
		n++;
	policies = fl_arena_array(&r->b->bundle->arena, n + 1, sizeof *policies);
	for (size_t i = 0; policies != NULL && i < n; i++) {
		row = fl_cedar_set_row(set, i);
		policies[i] = find(r, row->policy)->policy;
		policies[i].id = row->id; /* of this set: it lives as long */
		policies[i].file = row->policy->file;
	}
	*ret = (struct fl_bundle_set){.set = set, .policies = policies, .policies_n = n};
	return policies != NULL;
}

/* The same texts once more: what they say wrongly has been told. */
static bool make_shadow(const struct reading *r)
{
	struct fl_bundle_set *shadow = &r->b->bundle->shadow;
	bool ok;

	shadow->set = make_set(r->b, &ok);
	return ok && finish_set(r, shadow->set, true, shadow);
}

static bool validate(struct fl_bundle_build *b)
{
	struct fl_problem **since = b->problems->tail;
	int r = fl_cedar_validate(b->bundle->schema, b->bundle->active.set, b->problems);

	fl_bundle_translate(b->problems, since);
	return r == 0;
}

static bool make_all(struct reading *r, bool has_schema)
{
	bool ok;
	struct fl_bundle_set *active = &r->b->bundle->active;

	active->set = make_set(r->b, &ok);
	if (active->set == NULL)
		return false;
	ok = read_all(r, active->set) && ok;
	if (has_schema)
		ok = validate(r->b) && ok;
	return ok && finish_set(r, active->set, false, active) &&
	       (!r->has_shadows || make_shadow(r));
}

bool fl_bundle_make_policies(struct fl_bundle_build *b, bool has_schema)
{
	struct reading r = {.b = b};
	bool ok;

	fl_map_init(&r.ids);
	ok = make_all(&r, has_schema);
	fl_map_fini(&r.ids);
	return ok;
}
