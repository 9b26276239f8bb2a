/* tests/fuzz/cedar_schema.c - schema text: JSON when it starts with a brace, else Cedar syntax
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "policy/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char policy[] =
	    "permit(principal, action, resource) when { principal has a.b && principal.a.b == 1 "
	    "&& context.x.contains(principal) && principal.hasTag(\"t\") && "
	    "principal.getTag(\"t\") "
	    "== resource || [principal, resource].contains(action) };";
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_cedar_schema *schema = fl_cedar_schema_create(64 << 20);
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, 1 << 20);

	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	if (fl_cedar_set_add(set, fl_str(policy), NULL, &problems) != 0)
		abort();
	struct fl_str text = fl_str_n((const char *)data, size);
	int r = size > 0 && data[0] == '{' ? fl_cedar_schema_add_json(schema, text, NULL, &problems)
	                                   : fl_cedar_schema_add(schema, text, NULL, &problems);

	if (r == 0)
		r = fl_cedar_schema_finish(schema, &problems);
	if ((r == 0) != (problems.errors == 0))
		abort();
	if (r == 0)
		(void)fl_cedar_validate(schema, set, &problems);
	(void)fl_cedar_schema_destroy(schema);
	(void)fl_cedar_set_destroy(set);
	fl_arena_fini(&arena);
	return 0;
}
