/* gateway/authorize/id.c - what a policy is called
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/authorize/id.h"

static struct fl_position position_of(const struct fl_cedar_policy *policy,
                                      const struct fl_cedar_span *span)
{
	return (struct fl_position){policy->file, span->line, span->column};
}

static const struct fl_cedar_annotation *find_id(const struct fl_cedar_policy *policy)
{
	for (size_t i = 0; i < policy->n_annotations; i++)
		if (fl_str_is(policy->annotations[i].key, "id"))
			return &policy->annotations[i];
	return NULL;
}

/* What is given to policies without an id. */
static bool is_counted(struct fl_str id)
{
	uint64_t n;

	return fl_str_starts(id, FL_STR("policy")) &&
	       fl_str_to_u64(fl_str_n(id.p + 6, id.n - 6), &n);
}

bool fl_policy_id_is_good(struct fl_str id)
{
	for (size_t i = 0; i < id.n; i++)
		if ((unsigned char)id.p[i] < ' ' || id.p[i] == 0x7f)
			return false;
	return id.n != 0 && id.n <= FL_POLICY_ID_MAX && !is_counted(id);
}

static void tell_duplicate(struct fl_problems *problems, const struct fl_cedar_set *set,
                           const struct fl_cedar_policy *policy,
                           const struct fl_cedar_annotation *id)
{
	struct fl_problem *p = fl_problems_add(
	    problems, "policy_duplicate_id", position_of(policy, &id->span), FL_STR_NULL,
	    "another policy has the id \"%.*s\"", FL_STR_ARGS(id->value));
	const struct fl_cedar_policy *other;

	for (size_t i = 0; (other = fl_cedar_set_policy(set, i)) != NULL; i++)
		if (fl_str_eq(other->id, id->value)) {
			fl_problem_hint(problems, p, "the other one is at %s:%u", other->file,
			                other->span.line);
			return;
		}
}

/* The policy is known by its @id. */
static bool take_id(struct fl_cedar_set *set, size_t i, struct fl_problems *problems)
{
	const struct fl_cedar_policy *policy = fl_cedar_set_policy(set, i);
	const struct fl_cedar_annotation *id = find_id(policy);

	if (id == NULL)
		return true;
	if (!fl_policy_id_is_good(id->value)) {
		struct fl_problem *p = fl_problems_add(
		    problems, "policy_annotation_invalid", position_of(policy, &id->span),
		    FL_STR_NULL, "@id cannot be \"%.*s\"", FL_STR_ARGS(fl_str_cut(id->value, 80)));

		fl_problem_hint(problems, p,
		                "one line of at most %u bytes, not \"policy\" and a number",
		                FL_POLICY_ID_MAX);
		return false;
	}
	switch (fl_cedar_set_rename(set, i, id->value, NULL)) {
	case 0:
		return true;
	case FL_CEDAR_E_DUPLICATE:
		tell_duplicate(problems, set, policy, id);
		return false;
	default:
		return false; /* out of memory: told by whoever finds no problem */
	}
}

bool fl_policy_ids_use(struct fl_cedar_set *set, struct fl_problems *problems)
{
	bool is_good = true;

	for (size_t i = 0; fl_cedar_set_policy(set, i) != NULL; i++)
		is_good = take_id(set, i, problems) && is_good;
	return is_good;
}
