/* tests/fuzz/bundle.c - policies, a schema, entities and links of an operator, up to a decision
 * SPDX-License-Identifier: Apache-2.0
 *
 * The input is four texts with a line "%%" between them; later ones may be missing. What is not
 * told to be wrong makes a bundle that decides, the same in every mode, with obligations that hold
 * what obligation.h says of them.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "gateway/authorize/decide.h"
#include "gateway/outbound/field.h"

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static struct fl_config *load(void)
{
	static const char text[] =
	    "apiVersion: fairlead/v1\n"
	    "instances: { echo: { connector: echo } }\n"
	    "consumers: { ann: { groups: [staff], tenant: acme, labels: { scope: read } } }\n"
	    "routes:\n"
	    "  r: { match: { path: /r }, to: { instance: echo, action: reply }, api: shop }\n"
	    "  s: { match: { path: /s }, to: { instance: echo, action: reply }, decide_by: action "
	    "}\n"
	    "policies: { headers: [x-tenant] }\n";
	struct fl_problems problems;
	struct fl_arena arena;
	struct fl_config *config;

	fl_arena_init(&arena, 4096, 1 << 20);
	fl_problems_init(&problems, &arena);
	config = fl_config_load_text("f", FL_STR(text), NULL, &problems);
	fl_arena_fini(&arena);
	require(config != NULL);
	return config;
}

/* The text before the next line of "%%"; *rest is what follows. */
static struct fl_str next_text(struct fl_str *rest)
{
	struct fl_str all = *rest;

	for (size_t i = 0; i + 4 <= all.n; i++)
		if (memcmp(all.p + i, "\n%%\n", 4) == 0) {
			*rest = fl_str_n(all.p + i + 4, all.n - i - 4);
			return fl_str_n(all.p, i + 1);
		}
	*rest = FL_STR_NULL;
	return all;
}

static void check_obligation(const struct fl_obligation *o)
{
	require(o->kind < FL_OBLIGATION_KINDS);
	switch ((int)o->kind) {
	case FL_OBLIGATION_RATE_LIMIT:
		require(o->number > 0 && o->period_ns > 0);
		break;
	case FL_OBLIGATION_STATUS:
		require(o->number >= 400 && o->number <= 499);
		break;
	case FL_OBLIGATION_REDACT:
		require(o->is_header ? fl_outbound_field_is_token(o->text)
		                     : o->text.n > 1 && o->text.p[0] == '/');
		break;
	case FL_OBLIGATION_HEADER_SET:
		require(fl_outbound_field_is_token(o->name) && fl_outbound_field_is_value(o->text));
		require(!fl_outbound_field_is_hop(o->name));
		break;
	}
}

static void check_set(const struct fl_bundle_set *set)
{
	require(set->set != NULL || set->policies_n == 0);
	for (size_t i = 0; i < set->policies_n; i++) {
		require(fl_str_eq(set->policies[i].id, fl_cedar_set_row(set->set, i)->id));
		for (size_t k = 0; k < set->policies[i].obligations_n; k++)
			check_obligation(&set->policies[i].obligations[k]);
	}
	require(set->set == NULL || fl_cedar_set_row(set->set, set->policies_n) == NULL);
}

static bool no_header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	(void)ctx;
	(void)name;
	(void)ret;
	return false;
}

static void decide(const struct fl_bundle *bundle, const struct fl_principal *principal,
                   size_t route)
{
	const struct fl_decide_request request = {
	    .principal = principal,
	    .route = route,
	    .method = FL_METHOD_GET,
	    .client = FL_STR("127.0.0.1"),
	    .method_name = FL_STR("GET"),
	    .host = FL_STR("h"),
	    .header = no_header,
	};
	struct fl_decision full, fast;
	struct fl_arena scratch;

	fl_arena_init(&scratch, 65536, 64u << 20);
	fl_decide(bundle, &request, FL_CEDAR_FULL, &scratch, &full);
	fl_decide(bundle, &request, FL_CEDAR_FAST, &scratch, &fast);
	require(full.answer.is_allowed == fast.answer.is_allowed ||
	        fl_arena_is_overflown(&scratch));
	fl_arena_fini(&scratch);
}

static void use(const struct fl_bundle *bundle)
{
	const struct fl_principal ann = {.consumer = bundle->config->consumers,
	                                 .method = "api_key"},
				  nobody = {.method = NULL};

	check_set(&bundle->active);
	check_set(&bundle->shadow);
	for (size_t route = 0; route < bundle->config->routes_n; route++) {
		decide(bundle, &ann, route);
		decide(bundle, &nobody, route);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str rest = fl_str_n((const char *)data, size);
	struct fl_cfg_text texts[4] = {{FL_STR("p"), FL_STR_NULL},
	                               {FL_STR("s"), FL_STR_NULL},
	                               {FL_STR("e"), FL_STR_NULL},
	                               {FL_STR("l"), FL_STR_NULL}};
	struct fl_config *config = load();
	struct fl_problems problems;
	struct fl_bundle *bundle;
	struct fl_arena arena;
	size_t n = 0;

	while (n < FL_ARRAY_LEN(texts) && rest.p != NULL)
		texts[n++].text = next_text(&rest);
	config->policies.policies = (struct fl_cfg_texts){texts, n > 0};
	config->policies.schemas = (struct fl_cfg_texts){texts + 1, n > 1};
	config->policies.entities = (struct fl_cfg_texts){texts + 2, n > 2};
	config->policies.links = (struct fl_cfg_texts){texts + 3, n > 3};
	fl_arena_init(&arena, 4096, 64u << 20);
	fl_problems_init(&problems, &arena);
	bundle = fl_bundle_build(config, NULL, NULL, &problems);
	require((bundle == NULL) == (problems.errors != 0));
	if (bundle != NULL)
		use(bundle);
	(void)fl_bundle_unref(bundle);
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	return 0;
}
