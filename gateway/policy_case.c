/* gateway/policy_case.c - runs a test in the format of Cedar's official tests
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/policy_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/cmd.h"
#include "policy/explain.h"
#include "policy/validate.h"

#define SCRATCH_BYTES (64u << 20) /* of one request: its names, its decision, the explanation */

struct run {
	const char *path, *root;
	enum fl_cedar_mode mode;
	struct fl_policy_tally *tally;
	struct fl_buf *out;
	struct fl_policy_input in;
	struct fl_cedar_json_source source; /* the test's own text */
	struct fl_cedar_json test;
	struct fl_arena scratch; /* of one request */
	bool is_failed;
};

/* ---- telling ---- */

/* The first time: which test it is. */
static void fail(struct run *run)
{
	if (!run->is_failed)
		fl_buf_printf(run->out, "FAIL %s\n", run->path);
	run->is_failed = true;
}

static bool broken(struct run *run)
{
	fail(run);
	run->tally->broken++;
	run->tally->is_refused |= run->in.is_refused;
	fl_problems_print(&run->in.problems, run->out);
	return false;
}

/* `  request 3 (a partner reads): decision is deny, expected allow` */
static void differ(struct run *run, uint32_t i, const char *what, struct fl_str got,
                   struct fl_str want)
{
	const struct fl_cedar_json *requests = fl_cedar_json_find(&run->test, "requests");
	struct fl_str about =
	    fl_cedar_json_str(fl_cedar_json_find(&requests->u.items[i], "description"));

	fail(run);
	fl_buf_printf(run->out, "  request %u", i + 1);
	if (about.n > 0) {
		fl_buf_add_c(run->out, " (");
		fl_buf_add_printable(run->out, about);
		fl_buf_add_char(run->out, ')');
	}
	fl_buf_printf(run->out, ": %s is ", what);
	fl_buf_add_printable(run->out, got);
	fl_buf_add_c(run->out, ", expected ");
	fl_buf_add_printable(run->out, want);
	fl_buf_add_char(run->out, '\n');
}

/* ---- what the test says ---- */

static bool invalid(struct run *run, uint32_t at, const char *fmt, ...) FL_PRINTF(3, 4);

static bool invalid(struct run *run, uint32_t at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fl_problems_vadd(&run->in.problems, "test_invalid",
	                       fl_cedar_json_position(run->source.text, run->path, at), FL_STR_NULL,
	                       fmt, ap);
	va_end(ap);
	return false;
}

static const struct member {
	const char *name;
	enum fl_cedar_json_kind kind;
	bool is_needed;
	const char *words; /* that it may be; NULL: any */
} members[] = {
    {"policies", FL_CEDAR_JSON_STRING, true, NULL},
    {"entities", FL_CEDAR_JSON_STRING, true, NULL},
    {"schema", FL_CEDAR_JSON_STRING, false, NULL},
    {"shouldValidate", FL_CEDAR_JSON_BOOL, false, NULL},
    {"requests", FL_CEDAR_JSON_ARRAY, true, NULL},
    {"policyFormat", FL_CEDAR_JSON_STRING, false, "cedar"},
    {"schemaFormat", FL_CEDAR_JSON_STRING, false, "cedar|json"},
};

static bool is_word(const char *words, struct fl_str word)
{
	struct fl_str rest = fl_str(words);

	while (rest.p != NULL)
		if (fl_str_eq(fl_str_split(rest, '|', &rest), word))
			return true;
	return false;
}

static bool check_member(struct run *run, const struct fl_cedar_json_member *m)
{
	const char *names[FL_ARRAY_LEN(members)], *near;
	const struct member *known = NULL;

	for (size_t i = 0; i < FL_ARRAY_LEN(members); i++) {
		names[i] = members[i].name;
		if (fl_str_is(m->key, names[i]))
			known = &members[i];
	}
	near = fl_str_nearest(m->key, names, FL_ARRAY_LEN(names));
	if (known == NULL)
		return invalid(run, m->at, "a test has no member `%.*s`%s%s%s", FL_STR_ARGS(m->key),
		               near == NULL ? "" : "; did you mean `", near == NULL ? "" : near,
		               near == NULL ? "" : "`?");
	if (m->value.kind != known->kind)
		return invalid(run, m->value.at, "`%s` of a test cannot be %s", known->name,
		               fl_cedar_json_describe(&m->value));
	if (known->words != NULL && !is_word(known->words, fl_cedar_json_str(&m->value)))
		return invalid(run, m->value.at, "`%s` of a test can be %s here", known->name,
		               known->words);
	return true;
}

static bool check_test(struct run *run)
{
	bool has_schema = fl_cedar_json_find(&run->test, "schema") != NULL;

	if (run->test.kind != FL_CEDAR_JSON_OBJECT)
		return invalid(run, run->test.at, "a test is an object, not %s",
		               fl_cedar_json_describe(&run->test));
	for (uint32_t i = 0; i < run->test.n; i++)
		if (!check_member(run, &run->test.u.members[i]))
			return false;
	for (size_t i = 0; i < FL_ARRAY_LEN(members); i++)
		if (members[i].is_needed && fl_cedar_json_find(&run->test, members[i].name) == NULL)
			return invalid(run, run->test.at, "a test needs `%s`", members[i].name);
	if ((fl_cedar_json_find(&run->test, "shouldValidate") != NULL) != has_schema)
		return invalid(run, run->test.at,
		               "a test has both `schema` and `shouldValidate`, or neither");
	return true;
}

/* ---- files ---- */

static const char *file_of(struct run *run, const char *key)
{
	struct fl_str name = fl_cedar_json_str(fl_cedar_json_find(&run->test, key));

	return name.p == NULL ? NULL : fl_arena_str(&run->in.arena, name).p;
}

/* The nearest folder above the test in which `name` is. */
static const char *find_root(struct run *run, const char *name)
{
	char *real = realpath(run->path, NULL);
	struct fl_str folder = fl_arena_str(&run->in.arena, fl_str(real));
	struct fl_str found = FL_STR_NULL;

	free(real);
	while (folder.n > 0) {
		while (folder.n > 0 && folder.p[folder.n - 1] != '/')
			folder.n--;
		folder.n -= folder.n > 0;
		struct fl_str full =
		    fl_arena_printf(&run->in.arena, "%.*s/%s", FL_STR_ARGS(folder), name);

		if (full.p != NULL && access(full.p, F_OK) == 0) {
			found = folder.n == 0 ? FL_STR("/") : folder;
			break;
		}
	}
	return found.p == NULL ? NULL : fl_arena_str(&run->in.arena, found).p;
}

static const char *last_part(const char *path)
{
	const char *slash = path == NULL ? NULL : strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Cedar's generated tests name a folder that their archive has under another name: then their files
 * stand beside them. */
static const char *find_beside(struct run *run, struct fl_policy_files *files)
{
	const char *policies = last_part(files->policies.at[0]), *root = find_root(run, policies);

	if (root == NULL)
		return NULL;
	files->policies.at[0] = policies;
	files->entities.at[0] = last_part(files->entities.at[0]);
	files->schemas.at[0] = last_part(files->schemas.at[0]);
	return root;
}

static bool load(struct run *run)
{
	const char *policies = file_of(run, "policies"), *schema = file_of(run, "schema");
	struct fl_policy_files files = {
	    .root = run->root,
	    .policies = {.at = {policies}, .n = 1},
	    .entities = {.at = {file_of(run, "entities")}, .n = 1},
	    .schemas = {.at = {schema}, .n = schema != NULL},
	};

	if (policies == NULL || files.entities.at[0] == NULL)
		return false; /* memory */
	if (files.root == NULL)
		files.root = find_root(run, policies);
	if (files.root == NULL)
		files.root = find_beside(run, &files);
	if (files.root != NULL)
		return fl_policy_input_load(&run->in, &files);
	return invalid(run, fl_cedar_json_find(&run->test, "policies")->at,
	               "neither a folder above the test has %s, nor is it beside the test: write "
	               "the name relative to one of these folders, or say which with --root",
	               policies);
}

/* ---- running ---- */

static void check_verdict(struct run *run)
{
	bool should = fl_cedar_json_find(&run->test, "shouldValidate")->u.boolean;
	bool is_valid = fl_cedar_validate(run->in.schema, run->in.set, &run->in.problems) == 0;

	if (should == is_valid)
		return;
	fail(run);
	run->tally->verdict_bad++;
	fl_buf_printf(run->out, "  validation: the policies are %svalid, expected %svalid\n",
	              is_valid ? "" : "not ", should ? "" : "not ");
	if (!is_valid)
		fl_problems_print(&run->in.problems, run->out);
}

static bool names(const struct fl_cedar_json *list, struct fl_str id)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (fl_str_eq(fl_cedar_json_str(&list->u.items[i]), id))
			return true;
	return false;
}

/* Id `i` of what was decided. */
typedef struct fl_str (*id_fn)(const struct fl_cedar_answer *answer, size_t i);

static struct fl_str reason_id(const struct fl_cedar_answer *answer, size_t i)
{
	return answer->reasons[i]->id;
}

static struct fl_str error_id(const struct fl_cedar_answer *answer, size_t i)
{
	return answer->errors[i].row->id;
}

/* Both as sets; those of the answer are distinct. */
static bool same_ids(const struct fl_cedar_json *want, const struct fl_cedar_answer *got, size_t n,
                     id_fn id)
{
	size_t distinct = 0;

	for (uint32_t i = 0; i < want->n; i++) {
		struct fl_cedar_json before = *want;

		before.n = i;
		distinct += !names(&before, fl_cedar_json_str(&want->u.items[i]));
	}
	for (size_t i = 0; i < n; i++)
		if (!names(want, id(got, i)))
			return false;
	return distinct == n;
}

static void print_ids(struct fl_buf *out, const struct fl_cedar_answer *answer, size_t n, id_fn id)
{
	fl_buf_clear(out);
	fl_buf_add_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		fl_buf_add_c(out, i == 0 ? "" : ", ");
		fl_buf_add(out, id(answer, i));
	}
	fl_buf_add_char(out, ']');
}

static bool compare_ids(struct run *run, uint32_t i, const char *key,
                        const struct fl_cedar_answer *answer, size_t n, id_fn id)
{
	const struct fl_cedar_json *requests = fl_cedar_json_find(&run->test, "requests");
	const struct fl_cedar_json *want = fl_cedar_json_find(&requests->u.items[i], key);
	struct fl_buf got, expected;

	if (same_ids(want, answer, n, id))
		return true;
	fl_buf_init(&got, FL_POLICY_REQUEST_MAX);
	fl_buf_init(&expected, FL_POLICY_REQUEST_MAX);
	print_ids(&got, answer, n, id);
	fl_buf_add_char(&expected, '[');
	for (uint32_t k = 0; k < want->n; k++) {
		fl_buf_add_c(&expected, k == 0 ? "" : ", ");
		fl_buf_add(&expected, fl_cedar_json_str(&want->u.items[k]));
	}
	fl_buf_add_char(&expected, ']');
	differ(run, i, key, fl_buf_str(&got), fl_buf_str(&expected));
	fl_buf_fini(&got);
	fl_buf_fini(&expected);
	return false;
}

static bool compare(struct run *run, uint32_t i, const struct fl_cedar_answer *answer)
{
	const struct fl_cedar_json *requests = fl_cedar_json_find(&run->test, "requests");
	struct fl_str want =
	    fl_cedar_json_str(fl_cedar_json_find(&requests->u.items[i], "decision"));
	struct fl_str got = answer->is_allowed ? FL_STR("allow") : FL_STR("deny");
	bool is_same = fl_str_eq(want, got), same_reasons = true, same_errors = true;

	if (!is_same)
		differ(run, i, "decision", got, want);
	run->tally->decision_bad += !is_same;
	if (run->mode != FL_CEDAR_FAST) {
		same_reasons = compare_ids(run, i, "reason", answer, answer->n_reasons, reason_id);
		same_errors = compare_ids(run, i, "errors", answer, answer->n_errors, error_id);
	}
	run->tally->reason_bad += !same_reasons;
	run->tally->error_bad += !same_errors;
	return is_same && same_reasons && same_errors;
}

static void explain(struct run *run, const struct fl_cedar_request *request)
{
	struct fl_cedar_explanation why;

	if (fl_cedar_explain(run->in.set, request, &run->scratch, &why) == 0)
		fl_cedar_explanation_print(run->out, &why);
}

static bool is_list_of_strings(const struct fl_cedar_json *json)
{
	bool is_list = json != NULL && json->kind == FL_CEDAR_JSON_ARRAY;

	for (uint32_t i = 0; is_list && i < json->n; i++)
		is_list = json->u.items[i].kind == FL_CEDAR_JSON_STRING;
	return is_list;
}

/* What only tests have; the rest is looked at where the request is read. */
static bool check_expectations(struct run *run, const struct fl_cedar_json *rq)
{
	struct fl_str decision = fl_cedar_json_str(fl_cedar_json_find(rq, "decision"));

	if (!is_word("allow|deny", decision))
		return invalid(run, rq->at, "a request of a test needs `decision`: allow or deny");
	if (!is_list_of_strings(fl_cedar_json_find(rq, "reason")) ||
	    !is_list_of_strings(fl_cedar_json_find(rq, "errors")))
		return invalid(run, rq->at,
		               "a request of a test needs `reason` and `errors`: lists of policy "
		               "ids, policy0 being the first of the file");
	return true;
}

static void run_request(struct run *run, uint32_t i)
{
	const struct fl_cedar_json *rq = &fl_cedar_json_find(&run->test, "requests")->u.items[i];
	struct fl_cedar_request request;
	struct fl_cedar_answer answer;

	fl_arena_reset(&run->scratch);
	fl_problems_init(&run->in.problems, &run->in.arena); /* those before are told */
	if (!fl_policy_request_read(&run->in, rq, &run->source, &run->scratch, &request) ||
	    !check_expectations(run, rq)) {
		(void)broken(run);
		return;
	}
	run->tally->requests++;
	if (fl_cedar_authorize(run->in.set, &request, run->mode, &run->scratch, &answer) != 0) {
		(void)invalid(run, rq->at, "deciding takes more than %u bytes", SCRATCH_BYTES);
		(void)broken(run);
		return;
	}
	if (!compare(run, i, &answer))
		explain(run, &request);
}

static bool read_test(struct run *run)
{
	run->source =
	    (struct fl_cedar_json_source){.file = run->path, .problems = &run->in.problems};
	return fl_policy_input_text(&run->in, NULL, run->path, FL_POLICY_JSON_MAX,
	                            &run->source.text) &&
	       fl_cedar_json_parse(&run->in.arena, run->source.text, run->path, &run->test,
	                           &run->in.problems) == 0 &&
	       check_test(run);
}

void fl_policy_case_run(const char *path, const char *root, enum fl_cedar_mode mode,
                        struct fl_policy_tally *tally, struct fl_buf *out)
{
	struct run run = {.path = path, .root = root, .mode = mode, .tally = tally, .out = out};

	fl_arena_init(&run.scratch, 64u << 10, SCRATCH_BYTES);
	fl_policy_input_init(&run.in);
	if ((read_test(&run) && load(&run)) || broken(&run)) {
		const struct fl_cedar_json *requests = fl_cedar_json_find(&run.test, "requests");

		if (run.in.schema != NULL)
			check_verdict(&run);
		for (uint32_t i = 0; i < requests->n; i++)
			run_request(&run, i);
	}
	tally->failed += run.is_failed;
	tally->passed += !run.is_failed;
	fl_policy_input_fini(&run.in);
	fl_arena_fini(&run.scratch);
}
