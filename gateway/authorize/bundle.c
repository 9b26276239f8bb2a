/* gateway/authorize/bundle.c - the policies of a configuration, compiled
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/authorize/bundle.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/authorize/build.h"
#include "gateway/authorize/decide.h"
#include "policy/validate.h"

#define ID_MAX 128u

/* ---- ids ---- */

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

static bool is_id(struct fl_str id)
{
	for (size_t i = 0; i < id.n; i++)
		if ((unsigned char)id.p[i] < ' ' || id.p[i] == 0x7f)
			return false;
	return id.n != 0 && id.n <= ID_MAX && !is_counted(id);
}

static void tell_duplicate(struct fl_bundle_build *b, const struct fl_cedar_set *set,
                           const struct fl_cedar_policy *policy,
                           const struct fl_cedar_annotation *id)
{
	struct fl_problem *p = fl_problems_add(
	    b->problems, "policy_duplicate_id", position_of(policy, &id->span), FL_STR_NULL,
	    "another policy has the id \"%.*s\"", FL_STR_ARGS(id->value));
	const struct fl_cedar_policy *other;

	for (size_t i = 0; (other = fl_cedar_set_policy(set, i)) != NULL; i++)
		if (fl_str_eq(other->id, id->value)) {
			fl_problem_hint(b->problems, p, "the other one is at %s:%u", other->file,
			                other->span.line);
			return;
		}
}

/* The policy is known by its @id. */
static bool take_id(struct fl_bundle_build *b, struct fl_cedar_set *set, size_t i)
{
	const struct fl_cedar_policy *policy = fl_cedar_set_policy(set, i);
	const struct fl_cedar_annotation *id = find_id(policy);

	if (id == NULL)
		return true;
	if (!is_id(id->value)) {
		struct fl_problem *p = fl_problems_add(
		    b->problems, "policy_annotation_invalid", position_of(policy, &id->span),
		    FL_STR_NULL, "@id cannot be \"%.*s\"", FL_STR_ARGS(fl_str_cut(id->value, 80)));

		fl_problem_hint(b->problems, p,
		                "one line of at most %u bytes, not \"policy\" and a number",
		                ID_MAX);
		return false;
	}
	switch (fl_cedar_set_rename(set, i, id->value, NULL)) {
	case 0:
		return true;
	case FL_CEDAR_E_DUPLICATE:
		tell_duplicate(b, set, policy, id);
		return false;
	default:
		return false; /* out of memory: told by whoever finds no problem */
	}
}

/* ---- sets ---- */

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
	for (size_t i = 0; set != NULL && fl_cedar_set_policy(set, i) != NULL; i++)
		*ret_is_good = take_id(b, set, i) && *ret_is_good;
	return set;
}

static size_t count(const struct fl_cedar_set *set)
{
	size_t n = 0;

	while (fl_cedar_set_policy(set, n) != NULL)
		n++;
	return n;
}

struct read { /* what is known of a policy of a set, by its place there */
	struct fl_bundle_policy policy;
	bool is_shadow;
};

static bool read_policy(struct fl_bundle_build *b, const struct fl_cedar_policy *policy,
                        struct read *ret)
{
	bool ok =
	    fl_obligations_read(policy, &b->bundle->arena, b->problems, &ret->policy.obligations,
	                        &ret->policy.obligations_n, &ret->is_shadow);

	ret->policy.id = policy->id;
	ret->policy.file = policy->file;
	ret->policy.line = policy->span.line;
	ret->policy.is_forbid = policy->is_forbid;
	if (policy->slots == 0)
		return ok;
	struct fl_problem *p =
	    fl_problems_add(b->problems, "policy_template", position_of(policy, &policy->span),
	                    FL_STR_NULL, "a template decides nothing: its slots are never filled");

	fl_problem_hint(b->problems, p, "write an entity instead of ?principal or ?resource");
	return false;
}

/* Finishes the set without the policies that are shadowed, or without the others. */
static bool finish_set(struct fl_bundle_build *b, struct fl_cedar_set *set, const struct read *all,
                       bool is_shadow, struct fl_bundle_set *ret)
{
	size_t n = count(set), kept = 0;
	struct fl_bundle_policy *policies =
	    fl_arena_array(&b->bundle->arena, n + 1, sizeof *policies);

	if (policies == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct fl_cedar_policy *policy = fl_cedar_set_policy(set, i);

		if (all[i].is_shadow != is_shadow) {
			fl_cedar_set_exclude(set, i);
			continue;
		}
		policies[kept] = all[i].policy;
		policies[kept].id = policy->id; /* of this set: it lives as long */
		policies[kept++].file = policy->file;
	}
	*ret = (struct fl_bundle_set){.set = set, .policies = policies, .policies_n = kept};
	return fl_cedar_set_finish(set) == 0;
}

static bool has_shadows(const struct read *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].is_shadow)
			return true;
	return false;
}

/* The same texts once more: what they say wrongly has been told. */
static bool make_shadow(struct fl_bundle_build *b, const struct read *all)
{
	bool ok;

	b->bundle->shadow.set = make_set(b, &ok);
	return ok && finish_set(b, b->bundle->shadow.set, all, true, &b->bundle->shadow);
}

static bool validate(struct fl_bundle_build *b)
{
	struct fl_problem **since = b->problems->tail;
	int r = fl_cedar_validate(b->bundle->schema, b->bundle->active.set, b->problems);

	fl_bundle_translate(b->problems, since);
	return r == 0;
}

static bool make_policies(struct fl_bundle_build *b, bool has_schema)
{
	bool ok;
	struct fl_cedar_set *set = b->bundle->active.set = make_set(b, &ok);
	size_t n = set == NULL ? 0 : count(set);
	struct read *all = fl_arena_array(&b->bundle->arena, n + 1, sizeof *all);

	if (set == NULL || all == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		ok = read_policy(b, fl_cedar_set_policy(set, i), &all[i]) && ok;
	if (has_schema)
		ok = validate(b) && ok;
	return ok && finish_set(b, set, all, false, &b->bundle->active) &&
	       (!has_shadows(all, n) || make_shadow(b, all));
}

/* ---- the whole ---- */

static void hash_str(crypto_generichash_state *state, struct fl_str s)
{
	(void)crypto_generichash_update(state, (const void *)&s.n, sizeof s.n);
	if (s.n != 0)
		(void)crypto_generichash_update(state, (const void *)s.p, s.n);
}

/* The configuration's digest covers its files; the rest is what was learned of connectors, which
 * shows in the schema and in three attributes. */
static void make_digest(const struct fl_bundle_build *b, unsigned char ret[32])
{
	crypto_generichash_state state;
	struct fl_buf schema;

	fl_buf_init(&schema, FL_BUNDLE_SCHEMA_BYTES_MAX);
	fl_bundle_schema_text(b->config, b->connectors, &schema);
	(void)crypto_generichash_init(&state, NULL, 0, 32);
	hash_str(&state, fl_str(b->config->digest));
	hash_str(&state, fl_buf_str(&schema));
	for (size_t i = 0; b->connectors != NULL && i < b->config->connectors_n; i++) {
		hash_str(&state, b->connectors[i].sha256);
		hash_str(&state, b->connectors[i].is_shipped ? FL_STR("core") : FL_STR(""));
	}
	(void)crypto_generichash_final(&state, ret, 32);
	fl_buf_fini(&schema);
}

static struct fl_bundle *create(struct fl_config *config)
{
	struct fl_bundle *bundle = calloc(1, sizeof *bundle);

	if (bundle == NULL)
		return NULL;
	atomic_init(&bundle->refs, 1);
	fl_arena_init(&bundle->arena, 4096, FL_BUNDLE_BYTES_MAX);
	bundle->config = fl_config_ref(config);
	bundle->since_wall_ns = fl_clock_wall_ns();
	return bundle;
}

static void tell_memory(struct fl_bundle_build *b)
{
	(void)fl_problems_add(b->problems, "out_of_memory", b->config->policies.at,
	                      FL_STR("/policies"), "no memory for the policies");
}

struct fl_bundle *fl_bundle_build(struct fl_config *config,
                                  const struct fl_bundle_connector *connectors,
                                  struct fl_bundle *old, struct fl_problems *problems)
{
	struct fl_bundle_build b = {
	    .config = config, .connectors = connectors, .problems = problems};
	size_t errors = problems->errors;
	unsigned char digest[32];

	if (!config->policies.is_given)
		return NULL;
	make_digest(&b, digest);
	bool is_same = old != NULL && memcmp(old->digest, digest, sizeof digest) == 0;

	if (is_same && old->config == config) /* others' indexes would not be its */
		return fl_bundle_ref(old);
	b.bundle = create(config);
	if (b.bundle == NULL) {
		tell_memory(&b);
		return NULL;
	}
	memcpy(b.bundle->digest, digest, sizeof digest);
	if (is_same)
		b.bundle->since_wall_ns = old->since_wall_ns;
	bool has_schema = fl_bundle_make_schema(&b);
	bool ok = has_schema && fl_bundle_make_entities(&b);

	ok = make_policies(&b, has_schema) && ok;
	if (ok && fl_decide_prepare(b.bundle) && !fl_arena_is_overflown(&b.bundle->arena)) {
		fl_bundle_tell_mute(&b);
		return b.bundle;
	}
	if (problems->errors == errors)
		tell_memory(&b);
	return fl_bundle_unref(b.bundle);
}

struct fl_bundle *fl_bundle_ref(struct fl_bundle *bundle)
{
	unsigned before = atomic_fetch_add_explicit(&bundle->refs, 1, memory_order_relaxed);

	FL_ASSERT(before > 0);
	return bundle;
}

struct fl_bundle *fl_bundle_unref(struct fl_bundle *bundle)
{
	if (bundle == NULL || atomic_fetch_sub_explicit(&bundle->refs, 1, memory_order_acq_rel) > 1)
		return NULL;
	(void)fl_cedar_set_destroy(bundle->active.set);
	(void)fl_cedar_set_destroy(bundle->shadow.set);
	(void)fl_cedar_entities_destroy(bundle->entities);
	(void)fl_cedar_schema_destroy(bundle->schema);
	fl_arena_fini(&bundle->arena);
	(void)fl_config_unref(bundle->config);
	free(bundle);
	return NULL;
}
