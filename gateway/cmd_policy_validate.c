/* gateway/cmd_policy_validate.c - fairlead policy validate: policies against a schema
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "gateway/cmd.h"
#include "gateway/cmd_policy.h"
#include "policy/validate.h"

/* "/policy0" names a policy. */
static struct fl_str policy_of(const struct fl_problem *p)
{
	return p->pointer.n > 0 ? fl_str_n(p->pointer.p + 1, p->pointer.n - 1) : FL_STR_NULL;
}

static void json_problem(struct fl_json *j, const struct fl_problem *p)
{
	fl_json_object(j, NULL);
	if (p->pointer.n > 0)
		fl_json_add(j, "policy", policy_of(p));
	fl_json_add_c(j, "kind", p->code);
	fl_json_add(j, "message", p->detail);
	if (p->at.file != NULL)
		fl_json_add_c(j, "file", p->at.file);
	if (p->at.line != 0) {
		fl_json_add_u64(j, "line", p->at.line);
		fl_json_add_u64(j, "column", p->at.column);
	}
	fl_json_end(j);
}

static void json_list(struct fl_json *j, const char *key, const struct fl_problems *list,
                      bool is_warning)
{
	fl_json_array(j, key);
	for (const struct fl_problem *p = list->first; p != NULL; p = p->next)
		if (p->is_warning == is_warning)
			json_problem(j, p);
	fl_json_end(j);
}

/* Not all are listed when there are many: hence the counts. */
static void print_json(const struct fl_problems *list)
{
	struct fl_buf out;
	struct fl_json j;

	fl_buf_init(&out, FL_POLICY_OUTPUT_MAX);
	fl_json_init(&j, &out);
	fl_json_object(&j, NULL);
	fl_json_add_bool(&j, "valid", list->errors == 0);
	json_list(&j, "errors", list, false);
	json_list(&j, "warnings", list, true);
	fl_json_add_u64(&j, "error_count", list->errors);
	fl_json_add_u64(&j, "warning_count", list->warnings);
	fl_json_end(&j);
	fl_buf_add_char(&out, '\n');
	fl_policy_put(&out);
	fl_buf_fini(&out);
}

static void print(const struct fl_problems *list)
{
	fl_policy_tell(list);
	if (list->errors == 0)
		(void)printf("valid%s\n", list->warnings > 0 ? ", with warnings" : "");
	else
		(void)fprintf(stderr, "%zu errors, %zu warnings\n", list->errors, list->warnings);
}

static int validate(const struct fl_policy_options *o)
{
	struct fl_policy_input in;
	int status;

	fl_policy_input_init(&in);
	if (fl_policy_input_load(&in, &o->files) &&
	    fl_cedar_validate(in.schema, in.set, &in.problems) == FL_CEDAR_E_MEMORY)
		in.is_refused = true;
	status = fl_policy_input_status(&in);
	if (status == FL_CMD_EXIT_FAILED)
		fl_policy_tell(&in.problems); /* and nobody knows whether they are valid */
	else if (o->is_json)
		print_json(&in.problems);
	else
		print(&in.problems);
	fl_policy_input_fini(&in);
	return status;
}

int fl_cmd_policy_validate(void *ctx, int argc, char **argv)
{
	struct fl_policy_options o;

	(void)ctx;
	if (!fl_policy_options_parse(argc, argv,
	                             FL_POLICY_OPT_JSON | FL_POLICY_OPT_POLICIES |
	                                 FL_POLICY_OPT_SCHEMA | FL_POLICY_OPT_DATA,
	                             &o) ||
	    o.n_rest > 0)
		return FL_COMMAND_USAGE;
	if (o.files.policies.n > 0 && o.files.schemas.n > 0)
		return validate(&o);
	(void)fprintf(stderr, "fairlead policy validate: --%s FILE is missing\n",
	              o.files.policies.n == 0 ? "policies" : "schema");
	return FL_COMMAND_USAGE;
}
