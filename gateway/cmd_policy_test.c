/* gateway/cmd_policy_test.c - fairlead policy test: runs tests of policies
 * SPDX-License-Identifier: Apache-2.0
 *
 * In a folder every *.json is a test, in folders below it too, but *.entities.json.
 */
#include <errno.h>
#include <fts.h>
#include <stdio.h>

#include "gateway/cmd.h"
#include "gateway/cmd_policy.h"
#include "gateway/policy_case.h"

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool ends_with(struct fl_str s, struct fl_str end)
{
	return s.n >= end.n && fl_str_eq(fl_str_n(s.p + s.n - end.n, end.n), end);
}

/* A file that was named is a test whatever it is called. */
static bool is_test(const FTSENT *e)
{
	struct fl_str name = fl_str(e->fts_name);

	return e->fts_level == 0 ||
	       (ends_with(name, FL_STR(".json")) && !ends_with(name, FL_STR(".entities.json")));
}

struct run {
	const struct fl_policy_options *o;
	struct fl_policy_tally tally;
	struct fl_buf out;
};

static void visit(struct run *run, const FTSENT *e)
{
	if (e->fts_info == FTS_F && is_test(e)) {
		fl_policy_case_run(e->fts_path, run->o->root, run->o->mode, &run->tally, &run->out);
		if (!run->o->is_json)
			fl_policy_put(&run->out);
	} else if (e->fts_info == FTS_NS || e->fts_info == FTS_DNR || e->fts_info == FTS_ERR) {
		run->tally.is_refused = true;
		(void)fprintf(stderr, "fairlead policy test: cannot read %s: %s\n", e->fts_path,
		              fl_errno_text(e->fts_errno));
	}
	fl_buf_clear(&run->out);
}

static bool walk(struct run *run, char **paths)
{
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	const FTSENT *e;

	if (tree == NULL) {
		(void)fprintf(stderr, "fairlead policy test: %s\n", fl_errno_text(errno));
		return false;
	}
	while ((e = fts_read(tree)) != NULL)
		visit(run, e);
	(void)fts_close(tree);
	return true;
}

static void print_json(const struct fl_policy_tally *t)
{
	const struct {
		const char *key;
		size_t n;
	} counts[] = {
	    {"passed", t->passed},
	    {"failed", t->failed},
	    {"requests", t->requests},
	    {"broken", t->broken},
	    {"decision_bad", t->decision_bad},
	    {"reason_bad", t->reason_bad},
	    {"error_bad", t->error_bad},
	    {"verdict_bad", t->verdict_bad},
	};
	struct fl_buf out;
	struct fl_json j;

	fl_buf_init(&out, 4096);
	fl_json_init(&j, &out);
	fl_json_object(&j, NULL);
	for (size_t i = 0; i < FL_ARRAY_LEN(counts); i++)
		fl_json_add_u64(&j, counts[i].key, counts[i].n);
	fl_json_end(&j);
	fl_buf_add_char(&out, '\n');
	fl_policy_put(&out);
	fl_buf_fini(&out);
}

static int finish(const struct run *run)
{
	const struct fl_policy_tally *t = &run->tally;

	if (run->o->is_json)
		print_json(t);
	else
		(void)printf("%zu requests; %zu passed, %zu failed\n", t->requests, t->passed,
		             t->failed);
	if (t->is_refused || t->failed > 0)
		return FL_CMD_EXIT_FAILED;
	if (t->passed > 0)
		return 0;
	(void)fprintf(stderr, "fairlead policy test: no test there: name *.json files or folders "
	                      "that have some\n");
	return FL_CMD_EXIT_FAILED;
}

int fl_cmd_policy_test(void *ctx, int argc, char **argv)
{
	struct fl_policy_options o;
	struct run run = {.o = &o};
	int status;

	(void)ctx;
	if (!fl_policy_options_parse(
		argc, argv, FL_POLICY_OPT_ROOT | FL_POLICY_OPT_MODE | FL_POLICY_OPT_JSON, &o) ||
	    o.n_rest == 0)
		return FL_COMMAND_USAGE;
	fl_buf_init(&run.out, FL_POLICY_OUTPUT_MAX);
	status = walk(&run, o.rest) ? finish(&run) : FL_CMD_EXIT_FAILED;
	fl_buf_fini(&run.out);
	return status;
}
