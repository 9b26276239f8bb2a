/* tests/unit/policy/test_schema_json.c - schemas in JSON syntax
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table's answers are the official engine's (4.12.0).
 */
#include "tests/unit/policy/fixture.h"

struct row {
	const char *text;
	bool is_good;
};

static const struct row schemas[] = {
    {"{}", true},
    /* annotations: identifiers, each with a string or null, where something may be annotated */
    {"{\"N\":{\"annotations\":{\"if\":null},\"entityTypes\":{},\"actions\":{}}}", true},
    {"{\"N\":{\"annotations\":{\"a\":1},\"entityTypes\":{},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"annotations\":{\"if\":null}}},\"actions\":{}}"
     "}",
     true},
    {"{\"\":{\"entityTypes\":{\"E\":{\"annotations\":{\"a\":1}}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{},\"actions\":{\"a\":{\"annotations\":{\"if\":null}}}}"
     "}",
     true},
    {"{\"\":{\"entityTypes\":{},\"actions\":{\"a\":{\"annotations\":{\"a\":1}}}}}", false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Long\",\"annotations\":{\"if\":null}"
     "}},\"entityTypes\":{},\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Long\",\"annotations\":{\"a\":1}}},"
     "\"entityTypes\":{},\"actions\":{}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"shape\":{\"type\":\"Record\",\"attributes\":{"
     "\"x\":{\"type\":\"Long\",\"annotations\":{\"if\":null}}}}}},\"actions\":{}}}",
     true},
    {"{\"\":{\"entityTypes\":{\"E\":{\"shape\":{\"type\":\"Record\",\"attributes\":{"
     "\"x\":{\"type\":\"Long\",\"annotations\":{\"a\":1}}}}}},\"actions\":{}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"annotations\":\"x\"}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"annotations\":{\"a b\":\"x\"}}},\"actions\":{"
     "}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"shape\":{\"type\":\"Record\",\"attributes\":{"
     "},\"annotations\":{}}}},\"actions\":{}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"tags\":{\"type\":\"Long\",\"annotations\":{}}"
     "}},\"actions\":{}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"shape\":{\"type\":\"Record\",\"attributes\":{\"x\":{\"type\":"
     "\"Long\",\"required\":\"no\"}}}}},\"actions\":{}}}",
     false},
    /* the type of an action above */
    {"{\"N\":{\"entityTypes\":{},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"b\",\"t"
     "ype\":\"Action\"}]},\"b\":{}}}}",
     true},
    {"{\"N\":{\"entityTypes\":{},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"b\",\"t"
     "ype\":\"N::Action\"}]},\"b\":{}}}}",
     true},
    {"{\"N\":{\"entityTypes\":{},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"b\",\"t"
     "ype\":null}]},\"b\":{}}}}",
     true},
    {"{\"N\":{\"entityTypes\":{},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"b\",\"t"
     "ype\":1}]},\"b\":{}}}}",
     false},
    {"{\"N\":{\"entityTypes\":{},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"b\",\"t"
     "ype\":\"\"}]},\"b\":{}}}}",
     false},
    {"{\"N\":{\"entityTypes\":{},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"b\",\"t"
     "ype\":\"M::Action\"}]},\"b\":{}}}}",
     false},
    {"[]", false},
    {"null", false},
    {"{\"\":{}}", false},
    {"{\"\":{\"entityTypes\":{}}}", false},
    {"{\"\":{\"entityTypes\":{},\"actions\":{}}}", true},
    {"{\"N\":{\"entityTypes\":{},\"actions\":{}},\"N::M\":{\"entityTypes\":{},\"actions\":{}}}",
     true},
    {"{\"if\":{\"entityTypes\":{},\"actions\":{}}}", false},
    {"{\"__cedar\":{\"entityTypes\":{},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{},\"actions\":{},\"zz\":1}}", false},
    {"{\"\":{\"entityTypes\":{},\"actions\":{},\"annotations\":{\"a\":\"b\"}}}", false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{}}"
     "}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"String\"}},\"entityTypes\":{\"E\":{}},\"actions\":{"
     "}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Boolean\"}},\"entityTypes\":{\"E\":{}},\"actions\":"
     "{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Bool\"}},\"entityTypes\":{\"E\":{}},\"actions\":{}}"
     "}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Set\",\"element\":{\"type\":\"Long\"}}},"
     "\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Set\"}},\"entityTypes\":{\"E\":{}},\"actions\":{}}"
     "}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Set\",\"element\":{\"type\":\"Long\"},\"zz\":1}},"
     "\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Record\",\"attributes\":{\"a\":{\"type\":\"Long\"},"
     "\"b\":{\"type\":\"Long\",\"required\":false}}}},\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Record\"}},\"entityTypes\":{\"E\":{}},\"actions\":{"
     "}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Record\",\"attributes\":{},"
     "\"additionalAttributes\":false}},\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Record\",\"attributes\":{},"
     "\"additionalAttributes\":true}},\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Entity\",\"name\":\"E\"}},\"entityTypes\":{\"E\":{}"
     "},\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Entity\",\"name\":\"Zz\"}},\"entityTypes\":{\"E\":{"
     "}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Entity\"}},\"entityTypes\":{\"E\":{}},\"actions\":{"
     "}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Extension\",\"name\":\"ipaddr\"}},\"entityTypes\":{"
     "\"E\":{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Extension\",\"name\":\"foo\"}},\"entityTypes\":{"
     "\"E\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"ipaddr\"}},\"entityTypes\":{\"E\":{}},\"actions\":{"
     "}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"EntityOrCommon\",\"name\":\"E\"}},\"entityTypes\":{"
     "\"E\":{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"EntityOrCommon\",\"name\":\"Long\"}},"
     "\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"E\"}},\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"U\"}},\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"T\"}},\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"__cedar::Long\"}},\"entityTypes\":{\"E\":{}},"
     "\"actions\":{}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"T\":{}},\"entityTypes\":{\"E\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Long\",\"required\":true}},\"entityTypes\":{\"E\":{"
     "}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":5}},\"entityTypes\":{\"E\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"T\":\"Long\"},\"entityTypes\":{\"E\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Long\",\"annotations\":{}}},\"entityTypes\":{\"E\":"
     "{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"entityTypes\":{\"E\":{\"memberOfTypes\":[\"F\"]},\"F\":{}},\"actions\":{}}}", true},
    {"{\"\":{\"entityTypes\":{\"E\":{\"memberOfTypes\":[\"Zz\"]},\"F\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"memberOfTypes\":\"F\"},\"F\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"memberOfTypes\":[1]},\"F\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"shape\":{\"type\":\"Record\",\"attributes\":{}}},\"F\":{}},"
     "\"actions\":{}}}",
     true},
    {"{\"\":{\"entityTypes\":{\"E\":{\"shape\":{\"type\":\"Long\"}},\"F\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"tags\":{\"type\":\"Long\"}},\"F\":{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"entityTypes\":{\"E\":{\"enum\":[\"a\"]},\"F\":{}},\"actions\":{}}}", true},
    {"{\"\":{\"entityTypes\":{\"E\":{\"enum\":[]},\"F\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"enum\":[\"a\"],\"shape\":{\"type\":\"Record\","
     "\"attributes\":{}}},\"F\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"enum\":[1]},\"F\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"zz\":1},\"F\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"annotations\":{\"a\":\"b\"}},\"F\":{}},\"actions\":{}}}",
     true},
    {"{\"\":{\"entityTypes\":{\"E\":5,\"F\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"E\":{\"shape\":{\"type\":\"E\"}},\"F\":{}},\"actions\":{}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"b\"}]},"
     "\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"b\","
     "\"type\":\"Action\"}]},\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"zz\"}]},"
     "\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"a\"}]},"
     "\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"memberOf\":null},\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"memberOf\":[{}]},\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"memberOf\":5},\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":{\"principalTypes\":["
     "\"E\"],\"resourceTypes\":[\"E\"]}},\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":{\"principalTypes\":["
     "],\"resourceTypes\":[\"E\"]}},\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":{\"principalTypes\":["
     "\"E\"]}},\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":null},\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":{\"principalTypes\":["
     "\"E\"],\"resourceTypes\":[\"E\"],\"context\":{\"type\":\"C\"}}},\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":{\"principalTypes\":["
     "\"E\"],\"resourceTypes\":[\"E\"],\"context\":{\"type\":\"L\"}}},\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":{\"principalTypes\":["
     "\"E\"],\"resourceTypes\":[\"E\"],\"context\":{\"type\":\"Record\",\"attributes\":{\"x\":{"
     "\"type\":\"Long\"}}}}},\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":{\"principalTypes\":["
     "\"E\"],\"resourceTypes\":[\"E\"],\"context\":{\"type\":\"EntityOrCommon\",\"name\":\"C\"}}},"
     "\"b\":{}}}}",
     true},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"appliesTo\":{\"principalTypes\":["
     "\"Zz\"],\"resourceTypes\":[\"E\"]}},\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"attributes\":{}},\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"attributes\":{\"x\":1}},\"b\":{}}"
     "}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":{\"zz\":1},\"b\":{}}}}",
     false},
    {"{\"\":{\"commonTypes\":{\"C\":{\"type\":\"Record\",\"attributes\":{}},\"L\":{\"type\":"
     "\"Long\"}},\"entityTypes\":{\"E\":{}},\"actions\":{\"a\":null,\"b\":{}}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"A\":{},\"A\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"if\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"entityTypes\":{\"Action\":{}},\"actions\":{}}}", false},
    {"{\"\":{\"commonTypes\":{\"Long\":{\"type\":\"String\"}},\"entityTypes\":{},\"actions\":{}}}",
     false},
    {"{\"\":{\"entityTypes\":{\"A\":{}},\"actions\":{}},\"N\":{\"entityTypes\":{\"A\":{}},"
     "\"actions\":{}}}",
     false},
    {"{\"N\":{\"entityTypes\":{\"A\":{\"shape\":{\"type\":\"Record\",\"attributes\":{\"x\":{"
     "\"type\":\"Entity\",\"name\":\"A\"}}}}},\"actions\":{\"v\":{\"appliesTo\":{"
     "\"principalTypes\":[\"A\"],\"resourceTypes\":[\"N::A\"]}}}}}",
     true},
};

static void test_schemas(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(schemas); i++) {
		struct fl_cedar_schema *s = fl_cedar_schema_create(1 << 20);

		fl_problems_init(&problems, &arena);
		int r = fl_cedar_schema_add_json(s, fl_str(schemas[i].text), NULL, &problems);

		if (r == 0)
			r = fl_cedar_schema_finish(s, &problems);
		if ((r == 0) != schemas[i].is_good)
			fail_msg("%d: %s", r, schemas[i].text);
		assert_true(r == 0 || problems.first->at.line > 0);
		(void)fl_cedar_schema_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("schemas in JSON syntax are taken and refused as by the official engine",
	         test_schemas),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
