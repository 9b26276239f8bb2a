/* tests/fuzz/connector_file.c - what fairlead-plugin reads out of a connector file
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/fuzz/fuzz.h"

#include "admin/plugin/look.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_problems problems;
	struct fl_arena arena;
	struct fl_look look;

	fl_arena_init(&arena, 4096, 1u << 20);
	fl_problems_init(&problems, &arena);
	fl_look_file(fl_str_n((const char *)data, size), &look, &problems);
	if (look.manifest.n != 0)
		fl_look_manifest(&look, &problems);
	fl_look_compare(&look, &problems);
	fl_arena_fini(&arena);
	return 0;
}
