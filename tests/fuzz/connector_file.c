/* tests/fuzz/connector_file.c - what is read out of a connector file
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/fuzz/fuzz.h"

#include "gateway/connector/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_connector_file file;
	struct fl_problems problems;
	struct fl_arena arena;

	fl_arena_init(&arena, 4096, 1u << 20);
	fl_problems_init(&problems, &arena);
	fl_connector_file_read(fl_str_n((const char *)data, size), NULL, &file, &problems);
	fl_connector_file_fini(&file);
	fl_arena_fini(&arena);
	return 0;
}
