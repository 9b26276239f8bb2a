/* tests/fuzz/redact.c - members taken out of a JSON text: a pointer in each line, then the text
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is left is JSON, no longer, and taking the same out again changes nothing but arrays, whose
 * items move up.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "gateway/authorize/redact.h"
#include "policy/json.h"

#define POINTERS_MAX 4u

static bool parses(struct fl_str text, struct fl_arena *arena)
{
	struct fl_problems problems;
	struct fl_cedar_json json;

	fl_problems_init(&problems, arena);
	return fl_cedar_json_parse(arena, text, NULL, &json, &problems) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str rest = fl_str_n((const char *)data, size), pointers[POINTERS_MAX], out, again;
	bool has_number = false;
	struct fl_arena arena;
	size_t n = 0;

	while (n < POINTERS_MAX && rest.n > 1 && rest.p[0] == '/') {
		pointers[n] = fl_str_split(rest, '\n', &rest);
		for (size_t i = 0; i < pointers[n].n; i++)
			has_number =
			    has_number || (pointers[n].p[i] >= '0' && pointers[n].p[i] <= '9');
		n++;
	}
	if (rest.p == NULL)
		return 0;
	fl_arena_init(&arena, 4096, 64 << 20);
	if (fl_redact(rest, pointers, n, &arena, &out)) {
		if (!parses(rest, &arena) || !parses(out, &arena) || out.n > rest.n)
			abort();
		if (!fl_redact(out, pointers, n, &arena, &again) && !fl_arena_is_overflown(&arena))
			abort();
		if (!has_number && !fl_arena_is_overflown(&arena) && !fl_str_eq(out, again))
			abort();
	}
	fl_arena_fini(&arena);
	return 0;
}
