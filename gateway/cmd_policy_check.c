/* gateway/cmd_policy_check.c - fairlead policy check: what is wrong with policies
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the gateway would say of them when it loads them: syntax, annotations, ids, and, with a
 * schema, types.
 */
#include <stdio.h>

#include "gateway/authorize/bundle.h"
#include "gateway/cmd.h"
#include "gateway/cmd_policy.h"
#include "policy/validate.h"

static void check_annotations(struct fl_policy_input *in)
{
	const struct fl_cedar_policy *p;
	const struct fl_obligation *obligations;
	size_t n;
	bool is_shadow;

	for (size_t i = 0; (p = fl_cedar_set_policy(in->set, i)) != NULL; i++)
		(void)fl_obligations_read(p, &in->arena, &in->problems, &obligations, &n,
		                          &is_shadow);
}

/* Shadowed ones, too: each of the two sets has all policies. */
static size_t count_policies(const struct fl_policy_input *in)
{
	const struct fl_cedar_set *set = in->set;
	size_t n = 0;

	if (set == NULL && in->bundle != NULL)
		set = in->bundle->shadow.set;
	while (set != NULL && fl_cedar_set_policy(set, n) != NULL)
		n++;
	return n;
}

static void print(const struct fl_policy_options *o, const struct fl_policy_input *in)
{
	const struct fl_problems *list = &in->problems;
	size_t n = count_policies(in);
	struct fl_buf out;
	struct fl_json j;

	if (!o->is_json) {
		fl_policy_tell(list);
		if (list->errors == 0)
			(void)printf("%zu polic%s, %s%s\n", n, n == 1 ? "y" : "ies",
			             in->schema == NULL ? "not validated: no --schema" : "valid",
			             list->warnings > 0 ? ", with warnings" : "");
		else
			(void)fprintf(stderr, "%zu errors, %zu warnings\n", list->errors,
			              list->warnings);
		return;
	}
	fl_buf_init(&out, FL_POLICY_OUTPUT_MAX);
	fl_json_init(&j, &out);
	fl_json_object(&j, NULL);
	fl_json_add_bool(&j, "valid", list->errors == 0);
	fl_json_add_problems(&j, "errors", list, FL_JSON_ERRORS);
	fl_json_add_problems(&j, "warnings", list, FL_JSON_WARNINGS);
	fl_json_end(&j);
	fl_buf_add_char(&out, '\n');
	fl_policy_put(&out);
	fl_buf_fini(&out);
}

/* The bundle of a configuration is checked when it is made. */
static void check_files(const struct fl_policy_options *o, struct fl_policy_input *in)
{
	bool is_loaded = fl_policy_input_load(in, &o->files);

	if (in->set != NULL)
		check_annotations(in);
	if (is_loaded && in->schema != NULL &&
	    fl_cedar_validate(in->schema, in->set, &in->problems) == FL_CEDAR_E_MEMORY)
		in->is_refused = true;
}

static int check(const struct fl_policy_options *o)
{
	struct fl_policy_input in;
	int status;

	fl_policy_input_init(&in);
	if (o->config != NULL)
		(void)fl_policy_input_config(&in, o->config);
	else
		check_files(o, &in);
	status = fl_policy_input_status(&in);
	if (status == FL_CMD_EXIT_FAILED)
		fl_policy_tell(&in.problems); /* and nobody knows whether they are right */
	else
		print(o, &in);
	fl_policy_input_fini(&in);
	return status;
}

int fl_cmd_policy_check(void *ctx, int argc, char **argv)
{
	struct fl_policy_options o;

	(void)ctx;
	if (!fl_policy_options_parse(
		argc, argv, FL_POLICY_OPT_JSON | FL_POLICY_OPT_SCHEMA | FL_POLICY_OPT_CONFIG, &o))
		return FL_COMMAND_USAGE;
	o.files.uses_ids = o.n_rest > 0;
	for (int i = 0; i < o.n_rest; i++)
		if (!fl_policy_add_path(&o.files.policies, o.rest[i]))
			return FL_COMMAND_EXIT_USAGE;
	return fl_policy_options_name_policies(&o) ? check(&o) : FL_COMMAND_USAGE;
}
