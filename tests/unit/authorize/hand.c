/* tests/unit/authorize/hand.c - a bundle made by hand: policies as they are, no schema
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/authorize/hand.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX ((size_t)256 << 20)

static const struct fl_str partners[] = {FL_STR_INIT("partners")};

const struct fl_cfg_consumer hand_consumers[3] = {
    {.name = FL_STR_INIT("partner"), .groups = {partners, 1}, .tenant = FL_STR_INIT("acme")},
    {.name = FL_STR_INIT("internal")},
    {.name = FL_STR_INIT("bad"), .is_suspended = true},
};

static const struct fl_str hand_headers[] = {FL_STR_INIT("x-tenant"), FL_STR_INIT("x-purpose")};

static void check(struct fl_problems *problems)
{
	struct fl_buf text;

	if (problems->errors == 0)
		return;
	fl_buf_init(&text, 65536);
	fl_problems_print(problems, &text);
	(void)fprintf(stderr, "%s", fl_buf_cstr(&text));
	abort();
}

/* ---- entities ---- */

static void add_entities(struct fl_bundle *b, struct fl_problems *problems)
{
	static const char fixed[] =
	    "{\"uid\":{\"type\":\"Gw::Anonymous\",\"id\":\"anonymous\"},\"attrs\":{},\"parents\":[]"
	    "},"
	    "{\"uid\":{\"type\":\"Gw::Tenant\",\"id\":\"acme\"},\"attrs\":{},\"parents\":[]},"
	    "{\"uid\":{\"type\":\"Gw::Api\",\"id\":\"orders\"},\"attrs\":{},\"parents\":[]},"
	    "{\"uid\":{\"type\":\"Gw::Group\",\"id\":\"partners\"},\"attrs\":{},\"parents\":["
	    "{\"type\":\"Gw::Tenant\",\"id\":\"acme\"}]},"
	    "{\"uid\":{\"type\":\"Gw::Consumer\",\"id\":\"partner\"},\"attrs\":{\"suspended\":"
	    "false},"
	    "\"parents\":[{\"type\":\"Gw::Group\",\"id\":\"partners\"}],"
	    "\"tags\":{\"scope\":[\"orders:read\"]}},"
	    "{\"uid\":{\"type\":\"Gw::Consumer\",\"id\":\"internal\"},\"attrs\":{\"suspended\":"
	    "false},"
	    "\"parents\":[]},"
	    "{\"uid\":{\"type\":\"Gw::Consumer\",\"id\":\"bad\"},\"attrs\":{\"suspended\":true},"
	    "\"parents\":[]},"
	    "{\"uid\":{\"type\":\"Gw::Action\",\"id\":\"read\"},\"attrs\":{},\"parents\":[]},"
	    "{\"uid\":{\"type\":\"Gw::Action\",\"id\":\"write\"},\"attrs\":{},\"parents\":[]}";
	struct fl_buf text;

	fl_buf_init(&text, BYTES_MAX);
	fl_buf_printf(&text, "[%s", fixed);
	for (unsigned m = 0; m < FL_METHOD_N; m++)
		fl_buf_printf(&text,
		              ",{\"uid\":{\"type\":\"Gw::Action\",\"id\":\"%s\"},\"attrs\":{},"
		              "\"parents\":[{\"type\":\"Gw::Action\",\"id\":\"%s\"}]}",
		              fl_method_name((enum fl_method)m),
		              m == FL_METHOD_GET || m == FL_METHOD_HEAD ? "read" : "write");
	for (size_t i = 0; i < b->config->routes_n; i++)
		fl_buf_printf(&text,
		              ",{\"uid\":{\"type\":\"Gw::Route\",\"id\":\"%.*s\"},"
		              "\"attrs\":{\"sensitivity\":%zu},"
		              "\"parents\":[{\"type\":\"Gw::Api\",\"id\":\"orders\"}]}",
		              FL_STR_ARGS(b->config->routes[i].name), i);
	fl_buf_add_c(&text, "]");
	b->entities = fl_cedar_entities_create(BYTES_MAX);
	FL_ASSERT(b->entities != NULL && !fl_buf_is_overflown(&text));
	(void)!fl_cedar_entities_read(b->entities, fl_buf_str(&text), "hand", NULL, problems);
	check(problems);
	fl_buf_fini(&text);
}

static void name_things(struct fl_bundle *b)
{
	struct fl_arena *arena = &b->arena;
	struct fl_error err = FL_ERROR_INIT;

	b->anonymous = fl_cedar_uid_make(arena, FL_STR("Gw::Anonymous"), FL_STR("anonymous"));
	b->routes = fl_arena_array(arena, b->config->routes_n, sizeof(*b->routes));
	b->route_actions = fl_arena_array(arena, b->config->routes_n, sizeof(*b->route_actions));
	for (size_t i = 0; i < b->config->routes_n; i++)
		b->routes[i] =
		    fl_cedar_uid_make(arena, FL_STR("Gw::Route"), b->config->routes[i].name);
	for (unsigned m = 0; m < FL_METHOD_N; m++)
		b->methods[m] = fl_cedar_uid_make(arena, FL_STR("Gw::Action"),
		                                  fl_str(fl_method_name((enum fl_method)m)));
	FL_ASSERT(fl_cedar_entities_finish(b->entities, &err) == 0);
}

/* ---- policies ---- */

static struct fl_str id_of(const struct fl_cedar_policy *policy)
{
	const struct fl_str *id = fl_cedar_policy_annotation(policy, "id");

	return id ? *id : policy->id;
}

/* The policies of the text that are, or are not, shadowed. */
static void add_set(struct fl_bundle *b, struct fl_bundle_set *set, struct fl_str text,
                    bool is_shadow, struct fl_problems *problems)
{
	const struct fl_cedar_limits limits = {
	    .policy_bytes = FL_CEDAR_POLICY_BYTES_MAX,
	    .text_bytes = BYTES_MAX,
	    .policies = FL_CEDAR_POLICIES_MAX,
	};
	const struct fl_cedar_policy *policy;
	struct fl_bundle_policy *policies;
	size_t n = 0;
	bool is_other;

	set->set = fl_cedar_set_create(&limits, BYTES_MAX);
	FL_ASSERT(set->set != NULL);
	(void)!fl_cedar_set_add(set->set, text, "hand", problems);
	check(problems);
	while (fl_cedar_set_policy(set->set, n))
		n++;
	policies = fl_arena_array(&b->arena, n, sizeof *policies);
	for (size_t i = 0; (policy = fl_cedar_set_policy(set->set, i)) != NULL; i++) {
		struct fl_bundle_policy *to = &policies[set->policies_n];

		*to = (struct fl_bundle_policy){
		    .id = id_of(policy), .file = "hand", .is_forbid = policy->is_forbid};
		(void)fl_obligations_read(policy, &b->arena, problems, &to->obligations,
		                          &to->obligations_n, &is_other);
		check(problems);
		if (is_other == is_shadow)
			set->policies_n++;
		else
			fl_cedar_set_exclude(set->set, i);
	}
	set->policies = policies;
	FL_ASSERT(fl_cedar_set_finish(set->set) == 0);
	if (set->policies_n == 0)
		set->set = fl_cedar_set_destroy(set->set);
}

struct fl_bundle *hand_bundle(struct fl_config *config, const char *text)
{
	struct fl_bundle *b = calloc(1, sizeof *b);
	struct fl_problems problems;

	FL_ASSERT(b != NULL);
	fl_arena_init(&b->arena, 65536, BYTES_MAX);
	fl_problems_init(&problems, &b->arena);
	b->refs = 1;
	b->config = config;
	config->consumers = hand_consumers;
	config->consumers_n = FL_ARRAY_LEN(hand_consumers);
	config->policies.is_given = true;
	config->policies.headers = (struct fl_cfg_strings){hand_headers, 2};
	add_entities(b, &problems);
	name_things(b);
	add_set(b, &b->active, fl_str(text), false, &problems);
	add_set(b, &b->shadow, fl_str(text), true, &problems);
	FL_ASSERT(fl_decide_prepare(b));
	return b;
}

struct fl_bundle *hand_free(struct fl_bundle *b)
{
	if (!b)
		return NULL;
	(void)fl_cedar_set_destroy(b->active.set);
	(void)fl_cedar_set_destroy(b->shadow.set);
	(void)fl_cedar_entities_destroy(b->entities);
	fl_arena_fini(&b->arena);
	free(b);
	return NULL;
}
