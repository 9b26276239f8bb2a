/* tests/unit/policy/fixture.h - an arena and a list of problems for each case
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_UNIT_POLICY_FIXTURE_H
#define FL_TESTS_UNIT_POLICY_FIXTURE_H

#include "tests/unit/test.h"

#include "policy/cedar.h"

static struct fl_arena arena;
static struct fl_problems problems;

static int setup_arena(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	return 0;
}

static int teardown_arena(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup_arena, teardown_arena)

#endif
