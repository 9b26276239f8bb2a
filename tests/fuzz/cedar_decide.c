/* tests/fuzz/cedar_decide.c - policies decide and are validated
 * SPDX-License-Identifier: Apache-2.0
 *
 * Any policies over a fixed schema and store: all modes and a naive authorizer give the same
 * decision, and so does its explanation; a policy that validates fails by nothing but overflow.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "policy/explain.h"
#include "policy/validate.h"
#include "tests/unit/policy/naive.h"

static const char schema_text[] =
    "entity G in [G]; entity U in [G] {n: Long, o?: String, r?: {p?: {q: Long}}, e: U, b: Bool,"
    "s: Set<Long>, t: datetime, ip: ipaddr, d: decimal} tags Set<String>;"
    "action v in [w] appliesTo {principal: U, resource: [U, G], context: {k?: Long, b: Bool}};"
    "action w;";

static const char entities_text[] =
    "[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"parents\":[{\"type\":\"G\",\"id\":\"g\"}],\"attrs\":"
    "{"
    "\"n\":7,\"o\":\"x\",\"r\":{\"p\":{\"q\":1}},\"e\":{\"type\":\"U\",\"id\":\"a\"},\"b\":true,"
    "\"s\":[1,2],\"t\":\"2024-01-01\",\"ip\":\"10.0.0.1\",\"d\":\"1.5\"},\"tags\":{\"t\":[\"v\"]}},"
    "{\"uid\":{\"type\":\"G\",\"id\":\"g\"},\"parents\":[],\"attrs\":{}}]";

static struct fl_cedar_schema *schema;
static struct fl_cedar_entities *store;
static struct fl_cedar_uid a, g, v;

static void prepare(void)
{
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_error err = FL_ERROR_INIT;

	fl_arena_init(&arena, 4096, 1 << 20);
	fl_problems_init(&problems, &arena);
	schema = fl_cedar_schema_create(1 << 20);
	store = fl_cedar_entities_create(1 << 20);
	if (fl_cedar_schema_add(schema, fl_str(schema_text), NULL, &problems) != 0 ||
	    fl_cedar_schema_finish(schema, &problems) != 0 ||
	    fl_cedar_entities_read(store, fl_str(entities_text), NULL, schema, &problems) != 0 ||
	    fl_cedar_entities_add_actions(store, schema, &err) != 0 ||
	    fl_cedar_entities_finish(store, &err) != 0 ||
	    fl_cedar_entities_check(store, schema, &err) != 0)
		abort();
	fl_arena_fini(&arena);
	a = fl_cedar_uid(FL_STR("U"), FL_STR("a"));
	g = fl_cedar_uid(FL_STR("G"), FL_STR("g"));
	v = fl_cedar_uid(FL_STR("Action"), FL_STR("v"));
}

/* A literal of an entity that is absent makes a sound policy fail, too. */
static void check_sound(const struct fl_cedar_answer *answer)
{
	for (size_t i = 0; i < answer->n_errors; i++)
		if (answer->errors[i].fault.kind != FL_CEDAR_FAULT_OVERFLOW &&
		    answer->errors[i].fault.kind != FL_CEDAR_FAULT_NO_ENTITY &&
		    answer->errors[i].fault.kind != FL_CEDAR_FAULT_EXTENSION)
			abort();
}

static void explain(const struct fl_cedar_set *set, const struct fl_cedar_request *request,
                    const struct fl_cedar_answer *answer, struct fl_arena *scratch)
{
	struct fl_cedar_explanation why;
	struct fl_buf out;

	fl_buf_init(&out, 16 << 20);
	if (fl_cedar_explain(set, request, scratch, &why) == 0) {
		if (why.answer.is_allowed != answer->is_allowed ||
		    why.answer.n_reasons != answer->n_reasons ||
		    why.answer.n_errors != answer->n_errors)
			abort();
		fl_cedar_explanation_print(&out, &why);
	}
	fl_buf_fini(&out);
}

/* The naive one looks at each pair of members: sets of the input's size cost its square. */
#define NAIVE_BYTES 20000u

static void decide(const struct fl_cedar_set *set, const struct fl_cedar_uid *resource, size_t size,
                   bool is_sound)
{
	struct fl_cedar_field b = {.name = fl_cedar_name(FL_STR("b")),
	                           .value = fl_cedar_bool(true)};
	struct fl_cedar_request request = {
	    .principal = &a, .action = &v, .resource = resource, .entities = store};
	struct fl_cedar_answer answers[3];
	struct fl_arena scratch;
	int r = fl_cedar_record_make(&b, 1, &request.context, NULL);

	fl_arena_init(&scratch, 65536, 256 << 20);
	for (int mode = FL_CEDAR_FULL; mode <= FL_CEDAR_LINEAR && r == 0; mode++)
		r = fl_cedar_authorize(set, &request, (enum fl_cedar_mode)mode, &scratch,
		                       &answers[mode]);
	if (r == 0) {
		if (answers[0].is_allowed != answers[1].is_allowed ||
		    answers[0].is_allowed != answers[2].is_allowed ||
		    answers[0].n_reasons != answers[2].n_reasons ||
		    answers[0].n_errors != answers[2].n_errors)
			abort();
		if (is_sound)
			check_sound(&answers[0]);
		if (size <= NAIVE_BYTES && naive_differs(set, &request, &answers[0], &scratch))
			abort();
		explain(set, &request, &answers[0], &scratch);
	}
	fl_arena_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, 256 << 20);
	struct fl_arena arena;
	struct fl_problems problems;

	if (schema == NULL)
		prepare();
	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	if (fl_cedar_set_add(set, fl_str_n((const char *)data, size), NULL, &problems) == 0 &&
	    fl_cedar_set_finish(set) == 0) {
		bool is_sound = fl_cedar_validate(schema, set, &problems) == 0;

		decide(set, &a, size, is_sound);
		decide(set, &g, size, is_sound);
	}
	(void)fl_cedar_set_destroy(set);
	fl_arena_fini(&arena);
	return 0;
}
