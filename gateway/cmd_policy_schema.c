/* gateway/cmd_policy_schema.c - fairlead policy schema: what policies can speak of
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/cmd.h"
#include "gateway/cmd_policy.h"
#include "gateway/config/load.h"
#include "gateway/known.h"

static void print(const struct fl_config *config, const struct fl_known *known)
{
	struct fl_buf out;

	fl_buf_init(&out, FL_POLICY_OUTPUT_MAX);
	fl_bundle_schema_text(config, known->connectors, &out);
	fl_policy_put(&out);
	fl_buf_fini(&out);
}

/* A connector that is not found is told, and the schema is printed without what it would add. */
static int print_schema(const char *path)
{
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_error err = FL_ERROR_INIT;
	struct fl_known known;
	int status = 0;

	fl_arena_init(&arena, 4096, FL_POLICY_STORE_MAX);
	fl_problems_init(&problems, &arena);
	struct fl_config *config = fl_config_load_file(path, &problems);

	if (config != NULL) {
		if (fl_known_init(&known, config, &problems, &err) == 0)
			print(config, &known);
		else
			(void)fl_problems_add(&problems, err.code, (struct fl_position){.line = 0},
			                      FL_STR_NULL, "%s", err.message);
		fl_known_fini(&known);
	}
	fl_policy_tell(&problems);
	if (problems.errors > 0)
		status = err.code != NULL ? FL_CMD_EXIT_FAILED : FL_CMD_EXIT_CONFIG;
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	return status;
}

int fl_cmd_policy_schema(void *ctx, int argc, char **argv)
{
	(void)ctx;
	return argc == 2 && argv[1][0] != '-' ? print_schema(argv[1]) : FL_COMMAND_USAGE;
}
