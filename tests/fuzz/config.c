/* tests/fuzz/config.c - the configuration reader, without access to files
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "gateway/config/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_problems problems;
	struct fl_config *config;
	struct fl_arena arena;
	struct fl_buf text;

	fl_arena_init(&arena, 4096, 16u << 20);
	fl_problems_init(&problems, &arena);
	config = fl_config_load_text("f", fl_str_n((const char *)data, size), NULL, &problems);
	/* There is a configuration, or a reason why not; both can be printed. */
	FL_ASSERT((config == NULL) == (problems.errors > 0));
	fl_buf_init(&text, 16u << 20);
	fl_problems_print(&problems, &text);
	FL_ASSERT(fl_str_is_utf8(fl_buf_str(&text)));
	if (config)
		FL_ASSERT(fl_str_is_utf8(config->canonical_json));
	fl_buf_fini(&text);
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	return 0;
}
