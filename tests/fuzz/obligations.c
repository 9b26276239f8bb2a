/* tests/fuzz/obligations.c - what annotations of policies ask for
 * SPDX-License-Identifier: Apache-2.0
 *
 * A policy without a problem has obligations whose members are as their kind says.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "gateway/authorize/obligation.h"
#include "policy/cedar.h"

static void check(const struct fl_obligation *o)
{
	if (o->kind >= FL_OBLIGATION_KINDS)
		abort();
	if (o->kind == FL_OBLIGATION_STATUS && (o->number < 400 || o->number > 499))
		abort();
	if (o->kind == FL_OBLIGATION_RATE_LIMIT && (o->number == 0 || o->period_ns == 0))
		abort();
	/* What goes into a header ends no line. */
	if (o->kind == FL_OBLIGATION_HEADER_SET)
		for (size_t i = 0; i < o->text.n; i++)
			if (o->text.p[i] == '\r' || o->text.p[i] == '\n' || o->text.p[i] == '\0')
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_cedar_policies_ast ast;

	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	if (fl_cedar_parse_policies(&arena, fl_str_n((const char *)data, size), NULL, NULL, &ast,
	                            &problems) == 0)
		for (size_t i = 0; i < ast.n; i++) {
			const struct fl_obligation *list = NULL;
			size_t n = 0, before = problems.errors;
			bool is_shadow,
			    is_good = fl_obligations_read(ast.policies[i], &arena, &problems, &list,
			                                  &n, &is_shadow);

			if (is_good != (problems.errors == before) &&
			    !fl_arena_is_overflown(&arena))
				abort();
			for (size_t k = 0; is_good && k < n; k++)
				check(&list[k]);
		}
	fl_arena_fini(&arena);
	return 0;
}
