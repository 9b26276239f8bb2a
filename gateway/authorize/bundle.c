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
#include "gateway/outbound/field.h"

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

/* A forbid that looks at a header which never comes would forbid nothing. */
static bool check_headers(const struct fl_bundle_build *b)
{
	const struct fl_cfg_strings *headers = &b->config->policies.headers;
	bool ok = true;

	for (size_t i = 0; i < headers->n; i++) {
		if (!fl_outbound_field_is_dropped(headers->items[i]))
			continue;
		struct fl_problem *p = fl_problems_add(
		    b->problems, "policy_header_dropped", b->config->policies.at,
		    fl_arena_printf(b->problems->arena, "/policies/headers/%zu", i),
		    "the gateway drops the header \"%.*s\" of requests, so policies cannot see it",
		    FL_STR_ARGS(headers->items[i]));

		fl_problem_hint(b->problems, p,
		                "context.client.ip, context.client.tls and context.req.host are "
		                "what such headers say");
		ok = false;
	}
	return ok;
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

	ok = check_headers(&b) && ok;
	ok = fl_bundle_make_policies(&b, has_schema) && ok;
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
