/* gateway/cmd_policy_authorize.c - fairlead policy authorize and explain: decide requests
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "gateway/cmd_policy.h"
#include "policy/explain.h"

#define OPTIONS                                                                                    \
	(FL_POLICY_OPT_JSON | FL_POLICY_OPT_POLICIES | FL_POLICY_OPT_SCHEMA | FL_POLICY_OPT_DATA | \
	 FL_POLICY_OPT_REQUEST | FL_POLICY_OPT_CONFIG)

static void print_error(struct fl_buf *out, const struct fl_cedar_policy_error *e)
{
	const struct fl_cedar_span *at = &e->fault.at->span;
	struct fl_buf text;

	fl_buf_init(&text, FL_POLICY_OUTPUT_MAX);
	fl_cedar_fault_print(&text, &e->fault);
	fl_buf_add_c(out, "  ");
	fl_buf_add_printable(out, e->row->id);
	fl_buf_add_c(out, " failed: ");
	fl_buf_add_printable(out, fl_buf_str(&text));
	fl_buf_printf(out, " (%s:%u:%u)\n", e->row->policy->file, at->line, at->column);
	fl_buf_fini(&text);
}

static void print_answer(struct fl_buf *out, const struct fl_cedar_answer *answer)
{
	fl_buf_add_c(out, answer->is_allowed ? "allow" : "deny");
	for (size_t i = 0; i < answer->n_reasons; i++) {
		fl_buf_add_c(out, i == 0 ? " by " : ", ");
		fl_buf_add_printable(out, answer->reasons[i]->id);
	}
	fl_buf_add_char(out, '\n');
	for (size_t i = 0; i < answer->n_errors; i++)
		print_error(out, &answer->errors[i]);
}

static bool authorize(const struct fl_policy_options *o, const struct fl_policy_input *in,
                      const struct fl_cedar_request *request, struct fl_arena *scratch,
                      struct fl_buf *out)
{
	struct fl_cedar_answer answer;
	struct fl_json j;

	if (fl_cedar_authorize(in->set, request, o->mode, scratch, &answer) != 0)
		return false;
	if (!o->is_json) {
		print_answer(out, &answer);
		return true;
	}
	fl_json_init(&j, out);
	fl_cedar_answer_json(&j, NULL, &answer);
	fl_buf_add_char(out, '\n');
	return true;
}

static void print_request(struct fl_buf *out, const struct fl_cedar_request *request)
{
	const struct fl_cedar_uid *const uids[] = {request->principal, request->action,
	                                           request->resource};
	struct fl_buf text;

	fl_buf_init(&text, FL_POLICY_REQUEST_MAX);
	for (size_t i = 0; i < FL_ARRAY_LEN(uids); i++) {
		fl_buf_add_c(&text, i == 0 ? "" : ", ");
		fl_cedar_print_uid(&text, uids[i]);
	}
	fl_buf_add_printable(out, fl_buf_str(&text));
	fl_buf_add_char(out, '\n');
	fl_buf_fini(&text);
}

static bool explain(const struct fl_policy_options *o, const struct fl_policy_input *in,
                    const struct fl_cedar_request *request, struct fl_arena *scratch,
                    struct fl_buf *out)
{
	struct fl_cedar_explanation why;
	struct fl_json j;

	if (fl_cedar_explain(in->set, request, scratch, &why) != 0)
		return false;
	if (!o->is_json) {
		print_request(out, request);
		fl_cedar_explanation_print(out, &why);
		return true;
	}
	fl_json_init(&j, out);
	fl_cedar_explanation_json(&j, NULL, &why);
	fl_buf_add_char(out, '\n');
	return true;
}

static int run(int argc, char **argv, unsigned allowed, fl_policy_request_fn *fn)
{
	struct fl_policy_options o;

	if (!fl_policy_options_parse(argc, argv, allowed, &o) || o.n_rest > 0)
		return FL_COMMAND_USAGE;
	if (fl_policy_options_name_policies(&o))
		return fl_policy_each_request(&o, fn);
	(void)fprintf(stderr,
	              "fairlead policy %s: say which policies: --policies FILE with its data, or "
	              "-c CONFIG alone\n",
	              argv[0]);
	return FL_COMMAND_USAGE;
}

int fl_cmd_policy_authorize(void *ctx, int argc, char **argv)
{
	(void)ctx;
	return run(argc, argv, OPTIONS | FL_POLICY_OPT_MODE, authorize);
}

int fl_cmd_policy_explain(void *ctx, int argc, char **argv)
{
	(void)ctx;
	return run(argc, argv, OPTIONS, explain);
}
