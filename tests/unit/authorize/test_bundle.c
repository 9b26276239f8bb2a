/* tests/unit/authorize/test_bundle.c - from a configuration to policies that can decide
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "gateway/authorize/bundle.h"
#include "gateway/authorize/decide.h"
#include "gateway/authorize/id.h"
#include "gateway/connector/manifest.h"
#include "policy/conform.h"

static struct fl_arena arena;
static struct fl_problems problems;
static char dir[32];

static void forget(void)
{
	fl_arena_reset(&arena);
	fl_problems_init(&problems, &arena);
}

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64u << 20);
	fl_problems_init(&problems, &arena);
	(void)snprintf(dir, sizeof dir, "/tmp/fl-bundle-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static const char *path_of(const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static const char *const files[] = {"main.yaml", "a.cedar", "b.cedar", "own.cedarschema",
                                    "own.json"};

static int teardown(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	for (size_t i = 0; i < FL_ARRAY_LEN(files); i++)
		(void)remove(path_of(files[i]));
	return rmdir(dir);
}

static void put(const char *name, const char *text)
{
	struct fl_error err = FL_ERROR_INIT;

	assert_int_equal(fl_file_replace(path_of(name), fl_str(text), 0600, &err), 0);
}

#define V1 "apiVersion: fairlead/v1\n"
#define ROUTES                                                                                     \
	"secrets: { s/one: \"${env:FL_TEST_S}\", s/two: \"${env:FL_TEST_S}\" }\n"                  \
	"connectors: { http: { sha256: "                                                           \
	"00000000000000000000000000000000000000000000000000000000000000aa } }\n"                   \
	"instances:\n"                                                                             \
	"  web: { connector: http, grants: { secrets: [s/one, s/two] } }\n"                        \
	"  hub: { connector: github, grants: { secrets: [s/two] } }\n"                             \
	"consumers:\n"                                                                             \
	"  ann: { groups: [staff, ops], tenant: acme, tier: gold, labels: { team: blue } }\n"      \
	"  bob: { suspended: true }\n"                                                             \
	"routes:\n"                                                                                \
	"  orders: { match: { path: /o }, to: { instance: web, action: forward }, api: shop,\n"    \
	"    tenant: acme, owner: staff, sensitivity: 3 }\n"                                       \
	"  issues: { match: { path: /i }, to: { instance: hub, action: list }, decide_by: action " \
	"}\n"                                                                                      \
	"  issue: { match: { path: /n }, to: { instance: hub, action: create }, decide_by: "       \
	"action }\n"
#define POLICIES                                                                                   \
	"policies: { include: [\"*.cedar\"], schema: [own.cedarschema], entities: [own.json],\n"   \
	"  headers: [x-tenant, x-purpose] }\n"

static struct fl_config *load(const char *text)
{
	struct fl_config *config;

	forget();
	(void)setenv("FL_TEST_S", "v", 1);
	put("main.yaml", text);
	config = fl_config_load_file(path_of("main.yaml"), &problems);
	if (config == NULL)
		fail_msg("%s:%u %s: %.*s", problems.first->at.file, problems.first->at.line,
		         problems.first->code, FL_STR_ARGS(problems.first->detail));
	forget(); /* warnings */
	return config;
}

/* The files that POLICIES names. */
static void put_policies(const char *a, const char *b)
{
	put("a.cedar", a);
	put("b.cedar", b);
	put("own.cedarschema", "namespace App { entity Plan; }");
	put("own.json", "[]");
}

/* ---- what is made of a configuration ---- */

static struct fl_manifest *github(void)
{
	struct fl_problems ignored;

	fl_problems_init(&ignored, &arena);
	return fl_manifest_parse(
	    FL_STR("{\"id\":\"github\",\"version\":\"1.0.0\",\"abi\":{\"major\":1,\"min_minor\":0},"
	           "\"actions\":[{\"name\":\"list\",\"retry\":\"safe\"},"
	           "{\"name\":\"create\",\"retry\":\"unsafe\"}]}"),
	    &ignored);
}

#define APPLIES                                                                                    \
	"    appliesTo { principal: [Consumer, Anonymous], resource: [Route], context: Ctx };\n"

static const char schema_part[] = "  type Headers = {\n"
				  "    \"x-tenant\"?: String,\n"
				  "    \"x-purpose\"?: String,\n"
				  "  };\n";
static const char actions_part[] =
    "  action read, write;\n"
    "  action \"GET\", \"HEAD\", \"OPTIONS\" in [read]\n" APPLIES
    "  action \"POST\", \"PUT\", \"PATCH\", \"DELETE\" in [write]\n" APPLIES
    "  action \"github/create\" in [write]\n" APPLIES "  action \"github/list\" in [read]\n" APPLIES
    "}\n";

static void test_schema_text(void **state)
{
	struct fl_manifest *manifest = github();
	struct fl_buf text;

	(void)state;
	assert_non_null(manifest);
	assert_int_equal(manifest->actions_n, 2);
	put_policies("", "");
	struct fl_config *config = load(V1 ROUTES POLICIES);
	struct fl_bundle_connector known[2] = {{.manifest = NULL}, {.manifest = manifest}};
	struct fl_cedar_schema *schema = fl_cedar_schema_create(1u << 20);

	fl_buf_init(&text, 1u << 20);
	fl_bundle_schema_text(config, known, &text);
	assert_non_null(strstr(fl_buf_cstr(&text), schema_part));
	if (strstr(fl_buf_cstr(&text), actions_part) == NULL)
		fail_msg("%s", fl_buf_cstr(&text));
	assert_int_equal(fl_cedar_schema_add(schema, fl_buf_str(&text), NULL, &problems), 0);
	assert_int_equal(fl_cedar_schema_finish(schema, &problems), 0);
	(void)fl_cedar_schema_destroy(schema);
	fl_buf_clear(&text);
	fl_bundle_schema_text(config, NULL, &text); /* what is not known may change something */
	assert_non_null(strstr(fl_buf_cstr(&text), "action \"github/list\" in [write]\n"));
	fl_buf_fini(&text);
	(void)fl_config_unref(config);
	(void)fl_manifest_destroy(manifest);
}

static const struct fl_cedar_entity *entity(const struct fl_bundle *bundle, const char *type,
                                            const char *id)
{
	struct fl_cedar_uid uid = fl_cedar_uid(fl_str(type), fl_str(id));

	return fl_cedar_entities_find(bundle->entities, &uid);
}

static const char *print(struct fl_cedar_value v)
{
	static char text[400];
	struct fl_buf out;

	fl_buf_init(&out, sizeof text - 1);
	fl_cedar_value_print(&out, v);
	(void)snprintf(text, sizeof text, "%s", fl_buf_cstr(&out));
	fl_buf_fini(&out);
	return text;
}

static bool is_in(const struct fl_cedar_entity *e, const char *type, const char *id)
{
	struct fl_cedar_uid uid = fl_cedar_uid(fl_str(type), fl_str(id));

	return fl_cedar_entity_has_ancestor(e, &uid);
}

static void test_entities(void **state)
{
	struct fl_manifest *manifest = github();
	struct fl_bundle_connector known[2] = {{.sha256 = FL_STR("aa"), .is_shipped = true},
	                                       {.manifest = manifest, .sha256 = FL_STR("bb")}};
	const struct fl_cedar_entity *e;
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	put_policies("", "");
	put("own.json",
	    "[{\"uid\":{\"type\":\"Gw::Group\",\"id\":\"staff\"},\"attrs\":{},\"parents\":"
	    "[{\"type\":\"Gw::Group\",\"id\":\"all\"}]}]");
	struct fl_config *config = load(V1 ROUTES POLICIES);
	struct fl_bundle *bundle = fl_bundle_build(config, known, NULL, &problems);

	if (bundle == NULL)
		fail_msg("%.*s", FL_STR_ARGS(problems.first->detail));
	assert_int_equal(fl_cedar_entities_check(bundle->entities, bundle->schema, &err), 0);
	e = entity(bundle, "Gw::Consumer", "ann");
	assert_ptr_equal(e->uid, bundle->consumers[0]);
	assert_string_equal(print(e->attrs), "{tier: \"gold\", suspended: false}");
	assert_string_equal(print(e->tags), "{team: [\"blue\"]}");
	assert_true(is_in(e, "Gw::Group", "staff") && is_in(e, "Gw::Group", "ops") &&
	            is_in(e, "Gw::Tenant", "acme") && is_in(e, "Gw::Group", "all"));
	e = entity(bundle, "Gw::Consumer", "bob");
	assert_string_equal(print(e->attrs), "{tier: \"\", suspended: true}");
	e = entity(bundle, "Gw::Route", "orders");
	assert_ptr_equal(e->uid, bundle->routes[0]);
	assert_string_equal(print(e->attrs), "{owner: Gw::Group::\"staff\", sensitivity: 3}");
	assert_true(is_in(e, "Gw::Api", "shop") && is_in(e, "Gw::Tenant", "acme"));
	e = entity(bundle, "Conn::Connector", "web");
	assert_string_equal(print(e->attrs), "{sha256: \"aa\", signer: \"\", connector: \"http\"}");
	assert_true(is_in(e, "Conn::Trust", "core"));
	assert_true(is_in(entity(bundle, "Conn::Connector", "hub"), "Conn::Trust", "community"));
	/* one instance alone has it, so it is its own */
	assert_string_equal(print(entity(bundle, "Conn::Secret", "s/one")->attrs),
	                    "{owner: Conn::Connector::\"web\"}");
	assert_string_equal(print(entity(bundle, "Conn::Secret", "s/two")->attrs), "{}");
	assert_null(bundle->route_actions[0]);
	assert_true(fl_str_is(bundle->route_actions[1]->id, "github/list"));
	assert_non_null(entity(bundle, "Gw::Action", "github/list"));
	assert_true(is_in(entity(bundle, "Gw::Action", "github/list"), "Gw::Action", "read"));
	assert_true(fl_str_is(bundle->methods[FL_METHOD_PUT]->id, "PUT"));
	assert_non_null(fl_cedar_schema_action(bundle->schema, bundle->egress));
	assert_non_null(fl_cedar_schema_action(bundle->schema, bundle->secret_read));
	(void)fl_bundle_unref(bundle);
	(void)fl_config_unref(config);
	(void)fl_manifest_destroy(manifest);
}

#define ALL "(principal, action, resource is Gw::Route)"

static void test_policies(void **state)
{
	(void)state;
	put_policies("@id(\"first\") @timeout(\"2s\")\npermit" ALL
	             ";\n@mode(\"shadow\") @id(\"seen\")\n"
	             "forbid" ALL ";",
	             "forbid" ALL " when { principal has x };\n@mode(\"shadow\") @advice(\"a\") "
	             "forbid" ALL ";");
	put("b.cedar", "// nothing\n\nforbid" ALL " when { context.req.host == \"x\" };\n"
	               "@mode(\"shadow\") @advice(\"a\") forbid" ALL ";");
	struct fl_config *config = load(V1 ROUTES POLICIES);
	struct fl_bundle *b = fl_bundle_build(config, NULL, NULL, &problems);

	if (b == NULL)
		fail_msg("%.*s", FL_STR_ARGS(problems.first->detail));
	assert_int_equal(b->active.policies_n, 2);
	assert_int_equal(b->shadow.policies_n, 2);
	assert_true(fl_str_is(b->active.policies[0].id, "first"));
	assert_int_equal(b->active.policies[0].obligations_n, 1);
	assert_true(fl_str_is(b->active.policies[1].id, "policy2"));
	assert_true(b->active.policies[1].is_forbid);
	assert_int_equal(b->active.policies[1].line, 3);
	assert_string_equal(b->active.policies[1].file, path_of("b.cedar"));
	assert_true(fl_str_is(b->shadow.policies[0].id, "seen"));
	assert_true(fl_str_is(b->shadow.policies[1].id, "policy3"));
	assert_int_equal(b->shadow.policies[1].obligations_n, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_true(
		    fl_str_eq(fl_cedar_set_row(b->active.set, i)->id, b->active.policies[i].id));
		assert_true(
		    fl_str_eq(fl_cedar_set_row(b->shadow.set, i)->id, b->shadow.policies[i].id));
	}
	assert_null(fl_cedar_set_row(b->active.set, 2));
	assert_null(fl_cedar_set_row(b->shadow.set, 2));
	(void)fl_bundle_unref(b);
	(void)fl_config_unref(config);
}

/* ---- templates ---- */

#define LINK(template, id, slot, type, entity)                                                     \
	"{\"templateId\":\"" template "\",\"newId\":\"" id "\",\"values\":{\"" slot                \
				      "\":{\"type\":\"" type "\",\"id\":\"" entity "\"}}}"
#define LINKED(text) text "policies: { include: [\"*.cedar\"], links: [own.json] }\n"
#define OWNER                                                                                      \
	"@id(\"owner\") @timeout(\"1s\")\npermit(principal in ?principal, action, resource is "    \
	"Gw::Route);\n"

static void test_links(void **state)
{
	(void)state;
	put_policies("@id(\"first\") permit" ALL ";\n" OWNER "@id(\"t\") @mode(\"shadow\") forbid"
	             "(principal, action, resource == ?resource);",
	             "");
	put("own.json",
	    "[" LINK("owner", "a", "?principal", "Gw::Group", "staff") ",\n" LINK(
		"t", "b", "?resource", "Gw::Route",
		"orders") ",\n" LINK("owner", "c", "?principal", "Gw::Consumer", "ann") "]");
	struct fl_config *config = load(V1 LINKED(ROUTES));
	struct fl_bundle *b = fl_bundle_build(config, NULL, NULL, &problems);

	if (b == NULL)
		fail_msg("%.*s", FL_STR_ARGS(problems.first->detail));
	assert_int_equal(b->active.policies_n, 3);
	assert_true(fl_str_is(b->active.policies[0].id, "first"));
	assert_true(fl_str_is(b->active.policies[1].id, "a"));
	assert_true(fl_str_is(b->active.policies[2].id, "c"));
	assert_int_equal(b->active.policies[2].line, 2);
	assert_int_equal(b->active.policies[2].obligations_n, 1); /* of its template */
	assert_int_equal(b->active.policies[0].obligations_n, 0);
	assert_int_equal(b->shadow.policies_n, 1);
	assert_true(fl_str_is(b->shadow.policies[0].id, "b") && b->shadow.policies[0].is_forbid);
	for (size_t i = 0; i < 3; i++)
		assert_true(
		    fl_str_eq(fl_cedar_set_row(b->active.set, i)->id, b->active.policies[i].id));
	(void)fl_bundle_unref(b);
	(void)fl_config_unref(config);
}

static const struct {
	const char *links, *code, *file;
	unsigned line, column;
} bad_links[] = {
    {"[", "policy_link", "own.json", 1, 2},
    {"{}", "policy_link", "own.json", 1, 1},
    {"[\n{}]", "policy_link", "own.json", 2, 1},
    {"[" LINK("nobody", "a", "?principal", "Gw::Group", "g") "]", "policy_link", "own.json", 1, 2},
    {"[" LINK("owner", "a", "?resource", "Gw::Route", "g") "]", "policy_link", "own.json", 1, 2},
    {"[" LINK("owner", "a", "?other", "Gw::Route", "g") "]", "policy_link", "own.json", 1, 55},
    {"[" LINK("owner", "owner", "?principal", "Gw::Group", "g") "]", "policy_link", "own.json", 1,
     2},
    {"[" LINK("owner", "policy9", "?principal", "Gw::Group", "g") "]", "policy_link", "a.cedar", 1,
     1},
    {"[" LINK("owner", "", "?principal", "Gw::Group", "g") "]", "policy_link", "a.cedar", 1, 1},
    {"[" LINK("owner", "a", "?principal", "App::Ghost", "g") "]", "policy_unknown_type", "a.cedar",
     2, 8},
    {"[]", "policy_template", "a.cedar", 1, 1},
};

static void test_bad_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bad_links); i++) {
		put_policies(OWNER, "");
		put("own.json", bad_links[i].links);
		struct fl_config *config = load(V1 LINKED(ROUTES));
		const struct fl_problem *p;

		assert_null(fl_bundle_build(config, NULL, NULL, &problems));
		p = problems.first;
		if (p == NULL || strcmp(p->code, bad_links[i].code) != 0 || p->at.file == NULL ||
		    strcmp(p->at.file, path_of(bad_links[i].file)) != 0 ||
		    p->at.line != bad_links[i].line || p->at.column != bad_links[i].column)
			fail_msg("%s: %s %s %u:%u %.*s", bad_links[i].links,
			         p ? p->code : "nothing", p && p->at.file ? p->at.file : "",
			         p ? p->at.line : 0, p ? p->at.column : 0,
			         FL_STR_ARGS(p ? p->detail : FL_STR("")));
		(void)fl_config_unref(config);
	}
}

static void test_reuse(void **state)
{
	struct fl_bundle_connector known[2] = {{.sha256 = FL_STR("aa")}, {.manifest = NULL}};

	(void)state;
	put_policies("permit" ALL ";", "");
	struct fl_config *config = load(V1 ROUTES POLICIES), *again;
	struct fl_bundle *first = fl_bundle_build(config, known, NULL, &problems), *next;

	assert_non_null(first);
	assert_null(first->shadow.set);
	assert_ptr_equal(next = fl_bundle_build(config, known, first, &problems), first);
	(void)fl_bundle_unref(next);
	known[0].sha256 = FL_STR("ab"); /* another file of the same connector */
	assert_non_null(next = fl_bundle_build(config, known, first, &problems));
	assert_ptr_not_equal(next, first);
	assert_memory_not_equal(next->digest, first->digest, 32);
	(void)fl_bundle_unref(next);
	known[0].sha256 = FL_STR("aa");
	again = load(V1 ROUTES POLICIES); /* read again: the same policies, other indexes */
	assert_non_null(next = fl_bundle_build(again, known, first, &problems));
	assert_ptr_not_equal(next, first);
	assert_memory_equal(next->digest, first->digest, 32);
	assert_int_equal(next->since_wall_ns, first->since_wall_ns);
	(void)fl_bundle_unref(next);
	(void)fl_bundle_unref(first);
	(void)fl_config_unref(again);
	(void)fl_config_unref(config);
	config = load(V1 ROUTES);
	assert_null(fl_bundle_build(config, NULL, NULL, &problems));
	assert_int_equal(problems.errors, 0);
	(void)fl_config_unref(config);
}

/* ---- what is refused ---- */

static const struct {
	const char *policy, *code;
	unsigned line, column;
} bad[] = {
    {"permit" ALL, "policy_syntax", 1, 49},
    {"permit" ALL " when { context.x == 1 };", "policy_unknown_attribute", 1, 57},
    {"permit" ALL "\nwhen { context.req.hdr[\"x-other\"] == \"\" };", "policy_unknown_attribute", 2,
     8},
    {"permit" ALL "\nwhen { context.req.hdr[\"x-tenant\"] == \"\" };", "policy_unsafe_attribute", 2,
     8},
    {"permit(principal is Gw::Consumer, action, resource)\nwhen { principal.tier == 1 };",
     "policy_type", 2, 8},
    {"permit(principal is Gw::Consumer, action, resource)\nwhen { principal.tier + 1 == 1 };",
     "policy_type", 2, 8},
    {"permit(principal is Gw::Consumer, action, resource is Gw::Route)\n"
     "when { principal.getTag(\"a\").contains(\"b\") };",
     "policy_unsafe_tag", 2, 8},
    {"permit(principal is Gw::Nobody, action, resource);", "policy_unknown_type", 1, 21},
    {"permit(principal, action == Gw::Action::\"LOOK\", resource);", "policy_unknown_action", 1,
     29},
    {"permit(principal == Gw::Anonymous::\"bob\", action, resource);", "policy_unknown_entity", 1,
     21},
    {"permit(principal is Gw::Group, action, resource);", "policy_no_action", 1, 1},
    {"permit" ALL "\nwhen { context.client.ip == ip(\"x\") };", "policy_literal", 2, 29},
    {"permit" ALL "\nwhen { context.client.ip == ip(context.req.host) };", "policy_literal", 2, 29},
    {"permit" ALL "\nwhen { context.amr.containsAll([]) };", "policy_empty_set", 2, 32},
    {"permit" ALL "\nwhen { context.client.ip.isInRange() };", "policy_arguments", 2, 8},
    {"permit(principal == ?principal, action, resource);", "policy_template", 1, 1},
    {"@timeot(\"1s\")\npermit" ALL ";", "policy_annotation_unknown", 1, 1},
    {"@timeout(\"1\")\npermit" ALL ";", "policy_annotation_invalid", 1, 1},
    {"@timeout(\"1s\")\nforbid" ALL ";", "policy_annotation_misplaced", 1, 1},
    {"@id(\"policy7\")\npermit" ALL ";", "policy_annotation_invalid", 1, 1},
    {"@id(\"\")\npermit" ALL ";", "policy_annotation_invalid", 1, 1},
    {"@id(\"other\") permit" ALL ";", "policy_duplicate_id", 1, 1},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bad); i++) {
		put_policies("@id(\"other\") permit" ALL ";", bad[i].policy);
		struct fl_config *config = load(V1 ROUTES POLICIES);
		const struct fl_problem *p;

		assert_null(fl_bundle_build(config, NULL, NULL, &problems));
		p = problems.first;
		if (p == NULL || strcmp(p->code, bad[i].code) != 0 ||
		    strcmp(p->at.file, path_of("b.cedar")) != 0 || p->at.line != bad[i].line ||
		    p->at.column != bad[i].column)
			fail_msg("%s: %s %u:%u %.*s", bad[i].policy, p ? p->code : "nothing",
			         p ? p->at.line : 0, p ? p->at.column : 0,
			         FL_STR_ARGS(p ? p->detail : FL_STR("")));
		(void)fl_config_unref(config);
	}
}

static void test_id_limit(void **state)
{
	char text[FL_POLICY_ID_MAX + 100];

	(void)state;
	for (int n = FL_POLICY_ID_MAX; n <= (int)FL_POLICY_ID_MAX + 1; n++) {
		(void)snprintf(text, sizeof text, "@id(\"%0*d\") permit" ALL ";", n, 1);
		put_policies(text, "");
		struct fl_config *config = load(V1 ROUTES POLICIES);
		struct fl_bundle *bundle = fl_bundle_build(config, NULL, NULL, &problems);

		assert_int_equal(bundle != NULL, n == FL_POLICY_ID_MAX);
		(void)fl_bundle_unref(bundle);
		(void)fl_config_unref(config);
	}
	assert_string_equal(problems.first->code, "policy_annotation_invalid");
}

/* A forbid that looks at one would forbid nothing. */
static void test_dropped_headers(void **state)
{
	static const struct {
		const char *headers, *pointer; /* NULL: policies see them all */
	} rows[] = {
	    {"x-tenant, X-Forwarded-For", "/policies/headers/1"},
	    {"x-real-ip", "/policies/headers/0"},
	    {"forwarded", "/policies/headers/0"},
	    {"host", "/policies/headers/0"},
	    {"content-length", "/policies/headers/0"},
	    {"x-consumer-id", "/policies/headers/0"},
	    {"content-type, x-forwarded, x-request-id, user-agent", NULL},
	};
	char text[4096];

	(void)state;
	put("a.cedar", "permit" ALL ";");
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		(void)snprintf(text, sizeof text,
		               V1 ROUTES "policies: { include: [a.cedar], headers: [%s] }\n",
		               rows[i].headers);
		struct fl_config *config = load(text);
		struct fl_bundle *bundle = fl_bundle_build(config, NULL, NULL, &problems);

		assert_int_equal(bundle != NULL, rows[i].pointer == NULL);
		if (rows[i].pointer != NULL) {
			assert_string_equal(problems.first->code, "policy_header_dropped");
			assert_true(fl_str_is(problems.first->pointer, rows[i].pointer));
			assert_int_equal(problems.errors, 1);
		}
		(void)fl_bundle_unref(bundle);
		(void)fl_config_unref(config);
	}
}

/* One policy may have FL_CEDAR_POLICY_BYTES_MAX bytes. */
static void test_limit(void **state)
{
	static const char front[] = "permit" ALL " when { context.req.host == \"", end[] = "\" };";
	char text[FL_CEDAR_POLICY_BYTES_MAX + 2];
	struct fl_bundle *b;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		size_t n = FL_CEDAR_POLICY_BYTES_MAX + more;

		memset(text, 'x', n);
		memcpy(text, front, sizeof front - 1);
		memcpy(text + n - (sizeof end - 1), end, sizeof end);
		put_policies("", text);
		struct fl_config *config = load(V1 ROUTES POLICIES);

		b = fl_bundle_build(config, NULL, NULL, &problems);
		assert_true((b == NULL) == (more != 0));
		if (more != 0)
			assert_string_equal(problems.first->code, "policy_limit");
		(void)fl_bundle_unref(b);
		(void)fl_config_unref(config);
	}
}

static void test_impossible(void **state)
{
	(void)state;
	put_policies("permit" ALL " when { false };", "");
	struct fl_config *config = load(V1 ROUTES POLICIES);
	struct fl_bundle *b = fl_bundle_build(config, NULL, NULL, &problems);

	assert_non_null(b);
	assert_int_equal(problems.warnings, 1);
	assert_string_equal(problems.first->code, "policy_impossible");
	(void)fl_bundle_unref(b);
	(void)fl_config_unref(config);
}

#define UID(t, i) "\"uid\":{\"type\":\"" t "\",\"id\":\"" i "\"}"

static const struct {
	const char *file, *text, *code;
	unsigned line, column;
} bad_files[] = {
    {"own.cedarschema", "namespace App {", "policy_schema", 1, 16},
    {"own.cedarschema", "\nentity A in [Nowhere];", "policy_schema", 2, 14},
    {"own.cedarschema", "namespace Gw {\n  entity Consumer;\n}", "policy_schema", 2, 10},
    {"own.json", "[", "policy_entities", 1, 2},
    {"own.json", "{}", "policy_entities", 1, 1},
    {"own.json", "[\n{}]", "policy_entities", 2, 1},
    {"own.json", "[{" UID("Gw::Consumer", "ann") ",\"attrs\":{},\"parents\":[]}]",
     "policy_entity_taken", 1, 9},
    {"own.json", "[{" UID("Gw::Route", "new") ",\"attrs\":{},\"parents\":[]}]",
     "policy_entity_taken", 1, 9},
    {"own.json", "[{" UID("Gw::Group", "g") ",\"attrs\":{\"a\":1},\"parents\":[]}]",
     "policy_entities", 1, 9},
    {"own.json", "[\n{" UID("App::Ghost", "g") ",\"attrs\":{},\"parents\":[]}]", "policy_entities",
     2, 8},
};

static void test_bad_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(bad_files); i++) {
		put_policies("permit" ALL ";", "");
		put(bad_files[i].file, bad_files[i].text);
		struct fl_config *config = load(V1 ROUTES POLICIES);
		const struct fl_problem *p;

		assert_null(fl_bundle_build(config, NULL, NULL, &problems));
		p = problems.first;
		if (p == NULL || strcmp(p->code, bad_files[i].code) != 0 || p->at.file == NULL ||
		    strcmp(p->at.file, path_of(bad_files[i].file)) != 0 ||
		    p->at.line != bad_files[i].line || p->at.column != bad_files[i].column)
			fail_msg("%s: %s %s %u:%u %.*s", bad_files[i].text, p ? p->code : "nothing",
			         p && p->at.file ? p->at.file : "", p ? p->at.line : 0,
			         p ? p->at.column : 0, FL_STR_ARGS(p ? p->detail : FL_STR("")));
		(void)fl_config_unref(config);
	}
}

/* What no file alone is to blame for is told where the files are named. */
static void test_cycle(void **state)
{
	(void)state;
	put_policies("permit" ALL ";", "");
	put("own.json",
	    "[{" UID("Gw::Group",
	             "a") ",\"attrs\":{},\"parents\":[{\"type\":\"Gw::Group\","
	                  "\"id\":\"b\"}]},{" UID("Gw::Group",
	                                          "b") ",\"attrs\":{},\"parents\":"
	                                               "[{\"type\":\"Gw::Group\",\"id\":\"a\"}]}]");
	struct fl_config *config = load(V1 ROUTES POLICIES);

	assert_null(fl_bundle_build(config, NULL, NULL, &problems));
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.first->code, "policy_entities");
	assert_string_equal(problems.first->at.file, path_of("main.yaml"));
	assert_true(fl_str_is(problems.first->pointer, "/policies"));
	assert_true(problems.first->hint.n != 0);
	(void)fl_config_unref(config);
}

/* Everything at once: nobody wants to mend one thing, run again, and see the next. */
static void test_all_at_once(void **state)
{
	static const char *const codes[] = {"policy_entity_taken", "policy_syntax",
	                                    "policy_annotation_unknown",
	                                    "policy_unknown_attribute"};

	(void)state;
	put_policies("permit" ALL " when { 1 = 1 };",
	             "@timeot(\"1s\") permit" ALL "; permit" ALL " when { context.y };");
	put("own.json", "[{" UID("Gw::Consumer", "x") ",\"attrs\":{},\"parents\":[]}]");
	struct fl_config *config = load(V1 ROUTES POLICIES);

	assert_null(fl_bundle_build(config, NULL, NULL, &problems));
	for (size_t i = 0; i < FL_ARRAY_LEN(codes); i++) {
		const struct fl_problem *p = problems.first;

		while (p != NULL && strcmp(p->code, codes[i]) != 0)
			p = p->next;
		if (p == NULL)
			fail_msg("%s is not told", codes[i]);
	}
	(void)fl_config_unref(config);
}

/* ---- what is asked ---- */

static bool find_every_header(const void *ctx, struct fl_str name, struct fl_str *ret)
{
	(void)name;
	*ret = FL_STR("x");
	return *(const bool *)ctx;
}

static void check_request(const struct fl_bundle *bundle, const struct fl_decide_request *request)
{
	struct fl_cedar_request asked;
	struct fl_error err = FL_ERROR_INIT;

	assert_true(fl_decide_make_request(bundle, request, &arena, &asked));
	if (fl_cedar_request_check(&asked, bundle->schema, &err) != 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < asked.n_own; i++)
		if (fl_cedar_entity_check(asked.own[i], bundle->schema, &err) != 0)
			fail_msg("%s", err.message);
}

/* Every route, method and kind of caller, with and without the declared headers. */
static void test_requests(void **state)
{
	static const struct fl_str role = FL_STR_INIT("admin");
	static const struct fl_claim claims[] = {{FL_STR_INIT("role"), &role, 1}};
	struct fl_manifest *manifest = github();
	struct fl_bundle_connector known[2] = {{.manifest = NULL}, {.manifest = manifest}};

	(void)state;
	put_policies("", "");
	struct fl_config *config = load(V1 ROUTES POLICIES);
	struct fl_bundle *bundle = fl_bundle_build(config, known, NULL, &problems);

	assert_non_null(bundle);
	for (unsigned i = 0; i < config->routes_n * FL_METHOD_N * 3 * 2; i++) {
		const unsigned who = i / 2 % 3;
		const bool has_headers = i % 2;
		const struct fl_principal principal = {
		    .consumer = who == 0 ? NULL : &config->consumers[who - 1],
		    .method = who == 0 ? NULL : "api_key",
		    .claims = claims,
		    .claims_n = who == 2 ? 1 : 0,
		};
		const enum fl_method method = (enum fl_method)(i / 6 % FL_METHOD_N);

		check_request(bundle, &(struct fl_decide_request){
					  .principal = &principal,
					  .route = i / 6 / FL_METHOD_N,
					  .method = method,
					  .wall_ns = UINT64_C(1795519063123456789),
					  .client = FL_STR("2001:db8::1"),
					  .method_name = fl_str(fl_method_name(method)),
					  .host = FL_STR("api.example"),
					  .header = find_every_header,
					  .ctx = &has_headers,
				      });
	}
	(void)fl_bundle_unref(bundle);
	(void)fl_config_unref(config);
	(void)fl_manifest_destroy(manifest);
}

int main(void)
{
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE("the schema is made of headers, routes and manifests", test_schema_text),
	    CASE("entities are made of the configuration, and are as the schema says",
	         test_entities),
	    CASE("what is asked of each request is as the schema says", test_requests),
	    CASE("policies are known by their @id; shadowed ones are kept apart", test_policies),
	    CASE("templates decide through their links", test_links),
	    CASE("each mistake in links has its code and place", test_bad_links),
	    CASE("the same is not made again, and never for another configuration", test_reuse),
	    CASE("each mistake in a policy has its code and place", test_refused),
	    CASE("an id may be so long, and no longer", test_id_limit),
	    CASE("a header that the gateway drops is not for policies", test_dropped_headers),
	    CASE("a policy may be so long, and no longer", test_limit),
	    CASE("a policy that is never true is a warning", test_impossible),
	    CASE("each mistake in schemas and entities has its code and place", test_bad_files),
	    CASE("groups that are in each other are refused", test_cycle),
	    CASE("everything that is wrong is told at once", test_all_at_once),
	};

	return cmocka_run_group_tests_name("authorize bundle", tests, NULL, NULL);
}
