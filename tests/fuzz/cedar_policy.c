/* tests/fuzz/cedar_policy.c - policy text
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the parser takes, printed, it takes again and prints the same.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "policy/cedar.h"

static void print(struct fl_buf *out, const struct fl_cedar_policies_ast *ast)
{
	for (size_t i = 0; i < ast->n; i++)
		fl_cedar_print_policy(out, ast->policies[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_cedar_limits limits = {.policy_bytes = 1 << 20};
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_cedar_policies_ast ast;
	struct fl_buf one, two;

	fl_arena_init(&arena, 4096, 256 << 20);
	fl_problems_init(&problems, &arena);
	fl_buf_init(&one, 1 << 20);
	fl_buf_init(&two, 1 << 20);
	int r = fl_cedar_parse_policies(&arena, fl_str_n((const char *)data, size), NULL, &limits,
	                                &ast, &problems);

	if ((r == 0) != (problems.errors == 0))
		abort();
	if (r == 0) {
		print(&one, &ast);
		/* Parentheses may be more than they were; then a limit may be crossed. */
		r = fl_cedar_parse_policies(&arena, fl_buf_str(&one), NULL, &limits, &ast,
		                            &problems);
		if (r == 0)
			print(&two, &ast);
		else if (r != FL_CEDAR_E_LIMIT && !fl_buf_is_overflown(&one))
			abort();
		if (r == 0 && !fl_str_eq(fl_buf_str(&one), fl_buf_str(&two)))
			abort();
	}
	fl_buf_fini(&one);
	fl_buf_fini(&two);
	fl_arena_fini(&arena);
	return 0;
}
