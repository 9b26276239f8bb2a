/* tests/fuzz/cedar_entities.c - entities as JSON, with a schema and without
 * SPDX-License-Identifier: Apache-2.0
 *
 * What checks against the schema reads without it, too, where it has escapes.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "policy/cedar.h"

static const char schema_text[] =
    "entity G; entity U in [G] {a: Long, b?: ipaddr, c?: Set<U>, d?: {e?: decimal}} tags "
    "Set<String>;"
    "entity C enum [\"x\"]; action v in [w] appliesTo {principal: U, resource: G}; action w;";

static void read_store(struct fl_str text, const struct fl_cedar_schema *schema,
                       struct fl_problems *problems)
{
	struct fl_cedar_entities *es = fl_cedar_entities_create(64 << 20);
	struct fl_error err = FL_ERROR_INIT;
	int r = fl_cedar_entities_read(es, text, NULL, schema, problems);

	if (r == 0 && schema != NULL)
		r = fl_cedar_entities_add_actions(es, schema, &err);
	if (r == 0)
		r = fl_cedar_entities_finish(es, &err);
	if (r == 0 && schema != NULL)
		(void)fl_cedar_entities_check(es, schema, &err);
	for (size_t i = 0; r == 0 && i < fl_cedar_entities_count(es); i++) {
		const struct fl_cedar_entity *e = fl_cedar_entities_at(es, i);

		if (fl_cedar_entities_find(es, e->uid) != e ||
		    fl_cedar_entity_has_ancestor(e, e->uid))
			abort();
	}
	(void)fl_cedar_entities_destroy(es);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str text = fl_str_n((const char *)data, size);
	struct fl_cedar_schema *schema = fl_cedar_schema_create(1 << 20);
	struct fl_arena arena;
	struct fl_problems problems;

	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	if (fl_cedar_schema_add(schema, fl_str(schema_text), NULL, &problems) != 0 ||
	    fl_cedar_schema_finish(schema, &problems) != 0)
		abort();
	read_store(text, NULL, &problems);
	read_store(text, schema, &problems);
	(void)fl_cedar_schema_destroy(schema);
	fl_arena_fini(&arena);
	return 0;
}
