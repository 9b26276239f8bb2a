/* tests/fuzz/cedar_value.c - values, contexts and names as JSON, with a type and without
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is read prints as an expression that is the same value. A context that the schema takes
 * reads as the same without the schema, or is refused there.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "policy/cedar.h"
#include "tests/unit/policy/naive.h"

static const char schema_text[] =
    "entity U, G; entity C enum [\"x\"]; type T = {a?: Long, b?: Set<{c: decimal}>, u?: U, k?: C,"
    "ip?: ipaddr, t?: datetime, d?: duration, r?: {s?: String, r?: {b?: Bool}}, n?: Set<Set<U>>};"
    "action v appliesTo {principal: U, resource: G, context: T};";

static struct fl_cedar_schema *schema;
static struct fl_cedar_uid u, g, v;

static void prepare(struct fl_problems *problems)
{
	schema = fl_cedar_schema_create(1 << 20);
	if (fl_cedar_schema_add(schema, fl_str(schema_text), NULL, problems) != 0 ||
	    fl_cedar_schema_finish(schema, problems) != 0)
		abort();
	u = fl_cedar_uid(FL_STR("U"), FL_STR("u"));
	g = fl_cedar_uid(FL_STR("G"), FL_STR("g"));
	v = fl_cedar_uid(FL_STR("Action"), FL_STR("v"));
}

static void check_print(struct fl_cedar_value value, struct fl_arena *arena)
{
	struct fl_cedar_request request = {
	    .principal = &u, .action = &v, .resource = &g, .context = fl_cedar_record_empty()};
	struct fl_problems problems;
	struct fl_cedar_value again;
	struct fl_cedar_expr *x;
	struct fl_buf out;

	fl_buf_init(&out, 16 << 20);
	fl_problems_init(&problems, arena);
	fl_cedar_value_print(&out, value);
	int r = fl_cedar_parse_expr(arena, fl_buf_str(&out), NULL, &x, &problems);

	/* JSON may nest as deep as expressions, and one more in parentheses. */
	if (r != 0 && r != FL_CEDAR_E_LIMIT && r != FL_CEDAR_E_MEMORY && !fl_buf_is_overflown(&out))
		abort();
	if (r == 0 && (!naive_eval(&request, x, arena, &again) || !naive_eq(value, again) ||
	               !fl_cedar_value_eq(value, value)))
		abort();
	fl_buf_fini(&out);
}

static void read_value(struct fl_str text, const struct fl_cedar_type *type,
                       struct fl_problems *problems, struct fl_arena *arena)
{
	struct fl_cedar_json_source source = {.text = text, .problems = problems};
	struct fl_cedar_request request = {.principal = &u, .action = &v, .resource = &g};
	const struct fl_cedar_uid *uid;
	struct fl_cedar_json json;
	struct fl_cedar_value value;

	if (fl_cedar_json_parse(arena, text, NULL, &json, problems) != 0)
		return;
	if (fl_cedar_uid_from_json(&json, &source, arena, &uid) == 0 &&
	    !fl_cedar_is_type_name(uid->type))
		abort();
	if (fl_cedar_value_from_json(&json, &source, type, arena, &value) == 0)
		check_print(value, arena);
	if (fl_cedar_context_from_json(&json, &source, type, arena, &request.context) == 0)
		(void)fl_cedar_request_check(&request, schema, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str text = fl_str_n((const char *)data, size);
	struct fl_arena arena;
	struct fl_problems problems;

	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	if (schema == NULL)
		prepare(&problems);
	read_value(text, NULL, &problems, &arena);
	read_value(text, fl_cedar_schema_action(schema, &v)->context, &problems, &arena);
	fl_arena_fini(&arena);
	return 0;
}
