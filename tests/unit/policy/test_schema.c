/* tests/unit/policy/test_schema.c - schemas, and data that is as they say or not
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tables' answers are the official engine's (4.12.0).
 */
#include "tests/unit/policy/fixture.h"

struct row {
	const char *text;
	bool is_good;
};

static const struct row schemas[] = {
    {"", true},
    {"entity A;", true},
    {"entity A, B;", true},
    {"entity A in B;", false},
    {"entity A in A;", true},
    {"entity A in [];", true},
    {"entity A in [A,];", false},
    {"entity A; entity A;", false},
    {"type T = Long; type T = Long;", false},
    {"entity T; type T = Long;", true},
    {"entity A {x: T};", false},
    {"type T = T;", false},
    {"type A = B; type B = A;", false},
    {"type A = Set<A>;", false},
    {"type Long = String;", false},
    {"type Bool = Long;", false},
    {"type Boolean = Long;", false},
    {"type Entity = Long;", false},
    {"type Record = Long;", false},
    {"type Set=Long;", false},
    {"type ipaddr = Long;", true},
    {"type String = Long;", false},
    {"type Extension=Long;", false},
    {"entity Long;", true},
    {"entity Long; entity A {x: Long};", true},
    {"entity Set {x: Long};", true},
    {"entity Set; entity A {x: Set};", true},
    {"entity A {x: Set<Long>, };", true},
    {"entity A = {x?: Long} tags String;", true},
    {"entity A tags Set<String>;", true},
    {"entity A {x: __cedar::Long};", true},
    {"entity A {x: __cedar::Foo};", false},
    {"entity A {x: ipaddr, y: decimal, z: datetime, w: duration};", true},
    {"entity A {x: __cedar::ipaddr};", true},
    {"entity A {x: Long, x: Long};", true},
    {"entity A {\"a b\": Long, \"x\": Long};", true},
    {"entity A {if: Long};", false},
    {"entity A {\"if\": Long};", true},
    {"entity A {in: Long, type: Long, entity: Long};", false},
    {"entity if;", false},
    {"entity in;", false},
    {"entity type;", true},
    {"entity A enum [\"a\"];", true},
    {"entity A enum [];", false},
    {"entity A enum [\"a\",\"a\"];", true},
    {"entity A enum [\"a\",];", false},
    {"entity A enum [\"a\"]; entity B in A;", true},
    {"entity A in B enum [\"a\"]; entity B;", false},
    {"action a;", true},
    {"action \"a b\", c;", true},
    {"action a; action a;", false},
    {"action a in b; action b;", true},
    {"action a in b;", false},
    {"action a in a;", false},
    {"action a in b; action b in a;", false},
    {"action a in [\"b\", Action::\"c\"]; action b, c;", true},
    {"action a in [];", false},
    {"action a in N::Action::\"b\"; namespace N { action b; }", true},
    {"namespace N { action a in b; } action b;", true},
    {"namespace N { action a in Action::\"b\"; action b; }", true},
    {"namespace N { action a in Action::\"b\"; } action b;", true},
    {"namespace N { action b; } namespace M { action a in Action::\"b\"; }", false},
    {"namespace N { action b; action a in b; } action b;", false},
    {"action a appliesTo {principal: A, resource: A}; entity A;", true},
    {"action a appliesTo {principal: [], resource: A}; entity A;", false},
    {"action a appliesTo {principal: A}; entity A;", false},
    {"action a appliesTo {}; entity A;", false},
    {"action a appliesTo {resource: A, principal: [A], context: {}}; entity A;", true},
    {"action a appliesTo {principal: A, resource: A, context: C}; entity A; type C = {x: Long};",
     true},
    {"action a appliesTo {principal: A, resource: A, context: C}; entity A; type C = Long;", false},
    {"action a appliesTo {principal: A, resource: A, context: C}; entity A; entity C {x:Long};",
     false},
    {"action a appliesTo {principal: A, principal: A, resource: A}; entity A;", false},
    {"action a appliesTo {principal: A, resource: A, context: {}, context: {}}; entity A;", false},
    {"action a appliesTo {principal: T, resource: A}; entity A; type T = A;", false},
    {"action a appliesTo {principal: A, resource: A,}; entity A;", true},
    {"action a appliesTo {principal: A, resource: A} attributes {}; entity A;", true},
    {"action a attributes {};", true},
    {"action a appliesTo {principal: [A,], resource: A}; entity A;", false},
    {"action a appliesTo {principal: [A, A], resource: A}; entity A;", true},
    {"action if;", false},
    {"action \"if\";", true},
    {"action __cedar;", true},
    {"action \"__cedar\";", true},
    {"namespace N { entity A; }", true},
    {"namespace N::M { entity A; } entity B {x: N::M::A};", true},
    {"namespace N { entity A; } namespace N { entity B; }", false},
    {"namespace N { entity A; } namespace N { entity A; }", false},
    {"namespace if { entity A; }", false},
    {"namespace __cedar { entity A; }", false},
    {"namespace N::__cedar { entity A; }", false},
    {"namespace N {entity A;} entity A;", false},
    {"namespace N {type A = Long;} entity A;", false},
    {"namespace N {entity A;} type A = Long;", false},
    {"namespace N {type A = Long;} type A = Long;", false},
    {"namespace N {action a;} action a;", false},
    {"namespace N { entity B {x: A}; } entity A;", true},
    {"namespace N { entity B {x: M::A}; namespace M {} }", false},
    {"namespace N { entity B {x: M::A}; } namespace N::M {entity A;}", false},
    {"namespace N { type T = Long; entity T; entity B {x: T}; }", true},
    {"@a(\"x\") @b entity A { @c x: Long };", true},
    {"@a @a entity A;", false},
    {"@a namespace N { @b action a; }", true},
    {"entity A { @c @c x: Long };", false},
    {"entity Action;", false},
    {"namespace N { entity Action; }", false},
    {"type Action = Long;", true},
    {"entity A {x: Action};", false},
    {"action a; entity A {x: Action};", true},
    {"entity A in Action; action a;", false},
    {"entity A { x: {y: {z?: Long}}};", true},
    {"entity A {x: [Long]};", false},
    {"entity A { x Long };", false},
    {"entity A", false},
    {"entity A { \"\\0\": Long };", true},
    {"entity A enum [\"\\u{41}\"];", true},
    {"entity __cedar;", false},
    {"entity A {__cedar: Long};", true},
    {"entity A {\"__cedar\": Long};", true},
    {"type __cedar = Long;", false},
    {"type if = Long;", false},
    {"entity A {x: if};", false},
    {"// c\nentity A; // d", true},
    {"entity A {x: Set};", false},
    {"entity A {x: Set<>};", false},
    {"action a, a;", false},
    {"entity A, A;", false},
    {"entity A in [B, B]; entity B;", true},
    {"entity A {x: String?};", false},
    {"entity A {x: Boolean};", false},
    {"entity A {x: Entity};", false},
    {"type T = {x: T};", false},
    {"type T = Set<U>; type U = {a: T};", false},
    {"type T = U; entity A {x: T}; type U = A;", true},
    {"entity A {x: N::T}; namespace N { type T = Long; }", true},
    {"action a appliesTo {principal: [N::A], resource: [N::A], context: N::C}; namespace N {entity "
     "A; type C = {};}",
     true},
    {"action a appliesTo {principal: [Action], resource: [Action]};", false},
    {"action a in Action; ", false},
    {"action a in \"b\" ; action b;", true},
    {"action a in Action::\"b\"; action b;", true},
    {"action a in A::\"b\"; entity A;", false},
    {"action a in [A::\"b\"]; action b;", false},
    {"entity A = ;", false},
    {"entity A {} ;", true},
    {"entity A = {};", true},
    {"action a appliesTo { context: {}, principal: A, resource: A, }; entity A;", true},
    {"action a appliesTo { principal: A, resource: A context: {} }; entity A;", false},
    {"entity E in [A]; type A = Long;", false},
    {"entity A tags Foo;", false},
    {"namespace A { entity B; } namespace A::B { entity C; }", true},
    {"type N = Long; namespace N { entity A {x: N}; }", true},
};

static int load(struct fl_cedar_schema *s, struct fl_str text)
{
	fl_problems_init(&problems, &arena);
	int r = fl_cedar_schema_add(s, text, "t.cedarschema", &problems);

	return r != 0 ? r : fl_cedar_schema_finish(s, &problems);
}

static void test_schemas(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(schemas); i++) {
		struct fl_cedar_schema *s = fl_cedar_schema_create(1 << 20);
		int r = load(s, fl_str(schemas[i].text));

		if ((r == 0) != schemas[i].is_good)
			fail_msg("%d: %s", r, schemas[i].text);
		if (r != 0) {
			assert_true(problems.errors > 0);
			assert_true(problems.first->at.line > 0);
		}
		(void)fl_cedar_schema_destroy(s);
	}
}

static const char data_schema[] =
    "entity G; entity C enum [\"x\"];\n"
    "entity U in [G, C] {n: Long, o?: String, ip?: ipaddr, e?: U, s?: Set<G>,\n"
    "  r?: {a: Bool, b?: decimal}, c?: C} tags Set<String>;\n"
    "action v in [w] appliesTo {principal: U, resource: [G, C],\n"
    "  context: {ip: ipaddr, when?: datetime, who?: U}}; action w;";

static const struct row stores[] = {
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[]}]", true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":\"1\"},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"zz\":1},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"o\":\"x\"},\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"o\":1},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":\"1.1.1.1\"},\"parents\":[]"
     "}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":\"x\"},\"parents\":[]}]",
     false},
    /* where an extension value is called for, nothing reads what stands beside its escape */
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":{\"__extn\":{\"fn\":\"ip\","
     "\"arg\":\"::1\"},\"z\":1.5}},\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":{\"__extn\":{\"fn\":\"ip\","
     "\"arg\":\"::1\"},\"__expr\":\"1\"}},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":{\"fn\":\"ip\"}},\"parents\":[]}"
     "]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":{\"fn\":\"ip\",\"arg\":\"1."
     "1.1.1\"}},\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":{\"__extn\":{\"fn\":\"ip\","
     "\"arg\":\"1.1.1.1\"}}},\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":{\"__extn\":{\"fn\":"
     "\"decimal\",\"arg\":\"1.1\"}}},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"ip\":1},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"e\":{\"type\":\"U\",\"id\":"
     "\"b\"}},\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"e\":{\"__entity\":{\"type\":"
     "\"U\",\"id\":\"b\"}}},\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"e\":{\"type\":\"G\",\"id\":"
     "\"b\"}},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"e\":\"b\"},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"s\":[{\"type\":\"G\",\"id\":"
     "\"b\"}]},\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"s\":[]},\"parents\":[]}]", true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"s\":[1]},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"s\":1},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"r\":{\"a\":true}},\"parents\":[]"
     "}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"r\":{}},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"r\":{\"a\":true,\"b\":\"1.0\"}},"
     "\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"r\":{\"a\":true,\"c\":1}},"
     "\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"r\":1},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"c\":{\"type\":\"C\",\"id\":"
     "\"x\"}},\"parents\":[]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"c\":{\"type\":\"C\",\"id\":"
     "\"y\"}},\"parents\":[]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":null},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[{\"type\":\"G\","
     "\"id\":\"g\"}]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[{\"type\":\"C\","
     "\"id\":\"x\"}]}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[{\"type\":\"C\","
     "\"id\":\"y\"}]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[{\"type\":\"U\","
     "\"id\":\"b\"}]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[{\"type\":\"Z\","
     "\"id\":\"b\"}]}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[],\"tags\":{\"t\":["
     "\"a\"]}}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[],\"tags\":{\"t\":[]"
     "}}]",
     true},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[],\"tags\":{\"t\":"
     "\"a\"}}]",
     false},
    {"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":[],\"tags\":{\"t\":["
     "1]}}]",
     false},
    {"[{\"uid\":{\"type\":\"Z\",\"id\":\"a\"},\"attrs\":{},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"C\",\"id\":\"x\"},\"attrs\":{},\"parents\":[]}]", true},
    {"[{\"uid\":{\"type\":\"C\",\"id\":\"y\"},\"attrs\":{},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"C\",\"id\":\"x\"},\"attrs\":{\"q\":1},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"C\",\"id\":\"x\"},\"attrs\":{},\"parents\":[{\"type\":\"G\",\"id\":"
     "\"g\"}]}]",
     false},
    {"[{\"uid\":{\"type\":\"G\",\"id\":\"x\"},\"attrs\":{},\"parents\":[],\"tags\":{\"t\":[\"a\"]}}"
     "]",
     false},
    {"[{\"uid\":{\"type\":\"Action\",\"id\":\"v\"},\"attrs\":{},\"parents\":[{\"type\":\"Action\","
     "\"id\":\"w\"}]}]",
     true},
    {"[{\"uid\":{\"type\":\"Action\",\"id\":\"v\"},\"attrs\":{},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"Action\",\"id\":\"w\"},\"attrs\":{},\"parents\":[]}]", true},
    {"[{\"uid\":{\"type\":\"Action\",\"id\":\"w\"},\"attrs\":{\"x\":1},\"parents\":[]}]", false},
    {"[{\"uid\":{\"type\":\"Action\",\"id\":\"z\"},\"attrs\":{},\"parents\":[]}]", false},
};

static void test_stores(void **state)
{
	struct fl_cedar_schema *s = fl_cedar_schema_create(1 << 20);

	(void)state;
	assert_int_equal(load(s, fl_str(data_schema)), 0);
	for (size_t i = 0; i < FL_ARRAY_LEN(stores); i++) {
		struct fl_cedar_entities *es = fl_cedar_entities_create(1 << 20);
		struct fl_error err = FL_ERROR_INIT;

		fl_problems_init(&problems, &arena);
		int r = fl_cedar_entities_read(es, fl_str(stores[i].text), NULL, s, &problems);

		if (r == 0)
			r = fl_cedar_entities_add_actions(es, s, &err);
		if (r == 0)
			r = fl_cedar_entities_finish(es, &err);
		if (r == 0)
			r = fl_cedar_entities_check(es, s, &err);
		if ((r == 0) != stores[i].is_good)
			fail_msg("%d: %s", r, stores[i].text);
		assert_true(r == 0 || problems.errors == 1 || err.code != NULL);
		if (r == 0) {
			struct fl_cedar_uid v = fl_cedar_uid(FL_STR("Action"), FL_STR("v"));
			struct fl_cedar_uid w = fl_cedar_uid(FL_STR("Action"), FL_STR("w"));

			assert_true(
			    fl_cedar_entity_has_ancestor(fl_cedar_entities_find(es, &v), &w));
		}
		(void)fl_cedar_entities_destroy(es);
	}
	(void)fl_cedar_schema_destroy(s);
}

static const struct row requests[] = {
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"1.1.1.1\"}}",
     true},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"C\",\"id\":\"x\"},\"context\":{\"ip\":\"1.1.1.1\"}}",
     true},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"C\",\"id\":\"y\"},\"context\":{\"ip\":\"1.1.1.1\"}}",
     false},
    {"{\"principal\":{\"type\":\"G\",\"id\":\"g\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"1.1.1.1\"}}",
     false},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"U\",\"id\":\"a\"},\"context\":{\"ip\":\"1.1.1.1\"}}",
     false},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"w\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{}}",
     false},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"z\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{}}",
     false},
    {"{\"principal\":{\"type\":\"Z\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"1.1.1.1\"}}",
     false},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{}}",
     false},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"x\"}}",
     false},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"1.1.1.1\",\"z\":1}}",
     false},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"1.1.1.1\",\"when\":\"2024-"
     "01-01\"}}",
     true},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"1.1.1.1\",\"when\":{\"__"
     "extn\":{\"fn\":\"datetime\",\"arg\":\"2024-01-01\"}}}}",
     true},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"1.1.1.1\",\"who\":{\"type\":"
     "\"U\",\"id\":\"z\"}}}",
     true},
    {"{\"principal\":{\"type\":\"U\",\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"v\"},"
     "\"resource\":{\"type\":\"G\",\"id\":\"g\"},\"context\":{\"ip\":\"1.1.1.1\",\"who\":{\"type\":"
     "\"G\",\"id\":\"z\"}}}",
     false},
};

static int check_request(const struct fl_cedar_schema *s, struct fl_str text)
{
	static const char *const keys[] = {"principal", "action", "resource"};
	struct fl_cedar_json json;
	struct fl_cedar_json_source source = {.text = text, .problems = &problems};
	const struct fl_cedar_uid *uids[3];
	struct fl_cedar_request rq = {.entities = NULL};
	struct fl_error err = FL_ERROR_INIT;

	fl_problems_init(&problems, &arena);
	assert_int_equal(fl_cedar_json_parse(&arena, text, NULL, &json, &problems), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fl_cedar_uid_from_json(fl_cedar_json_find(&json, keys[i]), &source,
		                                        &arena, &uids[i]),
		                 0);
	const struct fl_cedar_action *a = fl_cedar_schema_action(s, uids[1]);
	int r = fl_cedar_context_from_json(fl_cedar_json_find(&json, "context"), &source,
	                                   a == NULL ? NULL : a->context, &arena, &rq.context);

	rq.principal = uids[0];
	rq.action = uids[1];
	rq.resource = uids[2];
	return r != 0 ? r : fl_cedar_request_check(&rq, s, &err);
}

static void test_requests(void **state)
{
	struct fl_cedar_schema *s = fl_cedar_schema_create(1 << 20);

	(void)state;
	assert_int_equal(load(s, fl_str(data_schema)), 0);
	for (size_t i = 0; i < FL_ARRAY_LEN(requests); i++)
		if ((check_request(s, fl_str(requests[i].text)) == 0) != requests[i].is_good)
			fail_msg("wrong: %s", requests[i].text);
	(void)fl_cedar_schema_destroy(s);
}

static void test_resolved(void **state)
{
	struct fl_cedar_schema *s = fl_cedar_schema_create(1 << 20);
	struct fl_buf out;

	(void)state;
	fl_buf_init(&out, 4096);
	assert_int_equal(
	    fl_cedar_schema_add(s,
	                        FL_STR("namespace A { type T = {x?: B::E, y: Set<ip>};"
	                               "type ip = ipaddr; entity F in [F, B::E] T2; }"),
	                        NULL, &problems),
	    FL_CEDAR_E_SYNTAX);
	(void)fl_cedar_schema_destroy(s);
	s = fl_cedar_schema_create(1 << 20);
	assert_int_equal(
	    fl_cedar_schema_add(s,
	                        FL_STR("namespace A { type T = {x?: B::E, y: Set<ip>};"
	                               "type ip = ipaddr; entity F in [F, B::E] {t: T};"
	                               "action a in [B::Action::\"b\"]; }"),
	                        NULL, &problems),
	    0);
	assert_int_equal(fl_cedar_schema_add(s,
	                                     FL_STR("namespace B { entity E in D; entity D;"
	                                            "action b in c; action c; } entity H;"),
	                                     NULL, &problems),
	                 0);
	assert_int_equal(fl_cedar_schema_finish(s, &problems), 0);
	const struct fl_cedar_entity_type *f = fl_cedar_schema_type(s, FL_STR("A::F"));
	const struct fl_cedar_entity_type *d = fl_cedar_schema_type(s, FL_STR("B::D"));
	struct fl_cedar_uid a = fl_cedar_uid(FL_STR("A::Action"), FL_STR("a"));
	struct fl_cedar_uid c = fl_cedar_uid(FL_STR("B::Action"), FL_STR("c"));

	fl_cedar_type_print(&out, f->shape);
	assert_string_equal(fl_buf_cstr(&out), "{\"t\": {\"x\"?: B::E, \"y\": Set<ipaddr>}}");
	assert_int_equal(f->n_ancestors, 3);
	assert_true(fl_cedar_entity_type_in(f, d));
	assert_false(fl_cedar_entity_type_in(d, f));
	assert_true(
	    fl_cedar_action_in(fl_cedar_schema_action(s, &a), fl_cedar_schema_action(s, &c)));
	assert_false(
	    fl_cedar_action_in(fl_cedar_schema_action(s, &c), fl_cedar_schema_action(s, &a)));
	assert_true(fl_cedar_entity_type_in(fl_cedar_schema_type(s, FL_STR("A::Action")),
	                                    fl_cedar_schema_type(s, FL_STR("B::Action"))));
	assert_null(fl_cedar_schema_type(s, FL_STR("A::T")));
	assert_null(fl_cedar_schema_type_at(s, 6));
	assert_non_null(fl_cedar_schema_type_at(s, 5));
	assert_null(fl_cedar_schema_action_at(s, 3));
	fl_buf_fini(&out);
	(void)fl_cedar_schema_destroy(s);
}

static void test_limits(void **state)
{
	struct fl_buf text;

	(void)state;
	fl_buf_init(&text, 4 << 20);
	/* A chain of names is as deep as braces; a cycle of entity types is none. */
	for (unsigned n = 100; n <= 200; n += 100) {
		struct fl_cedar_schema *s = fl_cedar_schema_create(16 << 20);

		fl_buf_clear(&text);
		for (unsigned i = 0; i < n; i++)
			fl_buf_printf(&text, "type T%u = T%u; ", i, i + 1);
		fl_buf_printf(&text, "type T%u = Long;", n);
		assert_int_equal(load(s, fl_buf_str(&text)), n == 100 ? 0 : FL_CEDAR_E_LIMIT);
		(void)fl_cedar_schema_destroy(s);
		s = fl_cedar_schema_create(16 << 20);
		fl_buf_clear(&text);
		fl_buf_add_c(&text, "type T = ");
		for (unsigned i = 0; i < n; i++)
			fl_buf_add_c(&text, "Set<");
		fl_buf_add_c(&text, "Long");
		for (unsigned i = 0; i < n; i++)
			fl_buf_add_c(&text, ">");
		fl_buf_add_c(&text, ";");
		assert_int_equal(load(s, fl_buf_str(&text)), n == 100 ? 0 : FL_CEDAR_E_LIMIT);
		(void)fl_cedar_schema_destroy(s);
	}
	struct fl_cedar_schema *s = fl_cedar_schema_create(16 << 20);

	fl_buf_clear(&text);
	while (text.len <= FL_CEDAR_TEXT_BYTES_MAX)
		fl_buf_add_c(&text, "                                                            ");
	assert_int_equal(load(s, fl_buf_str(&text)), FL_CEDAR_E_LIMIT);
	assert_int_equal(load(s, FL_STR("\xff")), FL_CEDAR_E_SYNTAX);
	(void)fl_cedar_schema_destroy(s);
	fl_buf_fini(&text);
	for (size_t max = 64;; max += 256) {
		s = fl_cedar_schema_create(max);
		int r = load(s, fl_str(data_schema));

		(void)fl_cedar_schema_destroy(s);
		if (r == 0)
			break;
		assert_int_equal(r, FL_CEDAR_E_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("schemas are taken and refused as by the official engine", test_schemas),
	    CASE("entities are read and checked by the schema likewise", test_stores),
	    CASE("requests likewise", test_requests),
	    CASE("names are found over namespaces and texts", test_resolved),
	    CASE("each limit holds", test_limits),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
