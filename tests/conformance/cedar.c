/* tests/conformance/cedar.c - runs Cedar's official tests
 * SPDX-License-Identifier: Apache-2.0
 *
 *	conformance_cedar --root DIR [--suite tests|corpus] [--mode full|fast|linear] [--list]
 *
 * DIR holds tests/, sample-data/ and corpus/ as the archive has them. Each request's decision,
 *reason set and error set are compared; FAST is compared in its decision only. Prints one TAP line
 *a suite and mode, and "# " lines with what differs.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "policy/validate.h"

#define TEXT_MAX (16u << 20)
#define STORE_MAX (256u << 20)

struct totals {
	size_t tests, requests, broken, decision_bad, reason_bad, error_bad, verdict_bad;
	uint64_t authorize_ns;
};

struct run {
	const char *root;
	enum fl_cedar_mode mode;
	bool lists;
	struct totals sum;
	/* of the test at hand */
	const char *name;
	struct fl_arena arena, scratch;
	struct fl_problems problems;
	struct fl_cedar_set *set;
	struct fl_cedar_schema *schema;
	struct fl_cedar_entities *entities;
};

static void report(struct run *run, const char *what)
{
	struct fl_buf out;

	if (!run->lists)
		return;
	fl_buf_init(&out, 1 << 16);
	fl_problems_print(&run->problems, &out);
	(void)printf("# %s: %s %s\n", run->name, what, fl_buf_cstr(&out));
	fl_buf_fini(&out);
}

static bool broken(struct run *run, const char *what)
{
	run->sum.broken++;
	report(run, what);
	return false;
}

static bool read_file(struct run *run, const char *path, struct fl_str *ret)
{
	char full[4096];
	FILE *f;
	struct stat st;

	(void)snprintf(full, sizeof full, "%s/%s", run->root, path);
	f = fopen(full, "rb");
	if (f == NULL)
		return broken(run, path);
	char *text = fstat(fileno(f), &st) != 0 || st.st_size > TEXT_MAX
	                 ? NULL
	                 : fl_arena_alloc(&run->arena, (size_t)st.st_size + 1);
	bool is_read = text != NULL && fread(text, 1, (size_t)st.st_size, f) == (size_t)st.st_size;

	(void)fclose(f);
	if (!is_read)
		return broken(run, path);
	*ret = fl_str_n(text, (size_t)st.st_size);
	return true;
}

/* The archive names its corpus folder otherwise than the files do. */
static bool read_named(struct run *run, const struct fl_cedar_json *test, const char *key,
                       struct fl_str *ret)
{
	struct fl_str name = fl_cedar_json_str(fl_cedar_json_find(test, key));
	struct fl_str old = FL_STR("corpus-tests/");
	const char *folder = "";

	if (fl_str_starts(name, old)) {
		name = fl_str_n(name.p + old.n, name.n - old.n);
		folder = "corpus/";
	}
	struct fl_str path = fl_arena_printf(&run->arena, "%s%.*s", folder, FL_STR_ARGS(name));

	return path.p == NULL ? broken(run, key) : read_file(run, path.p, ret);
}

static bool load_entities(struct run *run, struct fl_str text)
{
	struct fl_error err = FL_ERROR_INIT;

	if (fl_cedar_entities_read(run->entities, text, NULL, run->schema, &run->problems) == 0 &&
	    fl_cedar_entities_add_actions(run->entities, run->schema, &err) == 0 &&
	    fl_cedar_entities_finish(run->entities, &err) == 0 &&
	    fl_cedar_entities_check(run->entities, run->schema, &err) == 0)
		return true;
	return broken(run, err.code == NULL ? "entities" : err.message);
}

static bool load(struct run *run, const struct fl_cedar_json *test)
{
	struct fl_cedar_limits limits = {.policy_bytes = TEXT_MAX, .text_bytes = TEXT_MAX};
	struct fl_str policies, entities, schema;

	run->set = fl_cedar_set_create(&limits, STORE_MAX);
	run->schema = fl_cedar_schema_create(STORE_MAX);
	run->entities = fl_cedar_entities_create(STORE_MAX);
	if (run->set == NULL || run->schema == NULL || run->entities == NULL)
		return broken(run, "memory");
	if (!read_named(run, test, "policies", &policies) ||
	    !read_named(run, test, "schema", &schema) ||
	    !read_named(run, test, "entities", &entities))
		return false;
	if (fl_cedar_set_add(run->set, policies, NULL, &run->problems) != 0 ||
	    fl_cedar_set_finish(run->set) != 0)
		return broken(run, "policies");
	struct fl_str format = fl_cedar_json_str(fl_cedar_json_find(test, "schemaFormat"));
	int r = fl_str_is(format, "json")
	            ? fl_cedar_schema_add_json(run->schema, schema, NULL, &run->problems)
	            : fl_cedar_schema_add(run->schema, schema, NULL, &run->problems);

	if (r != 0 || fl_cedar_schema_finish(run->schema, &run->problems) != 0)
		return broken(run, "schema");
	const struct fl_cedar_json *should = fl_cedar_json_find(test, "shouldValidate");
	int valid = fl_cedar_validate(run->schema, run->set, &run->problems);

	if (should == NULL || should->u.boolean != (valid == 0)) {
		run->sum.verdict_bad++;
		report(run, valid == 0 ? "valid" : "not valid");
	}
	return load_entities(run, entities);
}

static bool names(const struct fl_cedar_json *list, struct fl_str id)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (fl_str_eq(fl_cedar_json_str(&list->u.items[i]), id))
			return true;
	return false;
}

/* Both lists are free of repetitions. */
static bool same_reasons(const struct fl_cedar_json *want, const struct fl_cedar_answer *got)
{
	bool same = want != NULL && want->n == got->n_reasons;

	for (size_t i = 0; i < got->n_reasons && same; i++)
		same = names(want, got->reasons[i]->id);
	return same;
}

static bool same_errors(const struct fl_cedar_json *want, const struct fl_cedar_answer *got)
{
	bool same = want != NULL && want->n == got->n_errors;

	for (size_t i = 0; i < got->n_errors && same; i++)
		same = names(want, got->errors[i].row->id);
	return same;
}

static void compare(struct run *run, const struct fl_cedar_json *rq,
                    const struct fl_cedar_answer *got)
{
	struct fl_str want = fl_cedar_json_str(fl_cedar_json_find(rq, "decision"));

	if (!fl_str_is(want, got->is_allowed ? "allow" : "deny")) {
		run->sum.decision_bad++;
		report(run, "decision");
	}
	if (run->mode == FL_CEDAR_FAST)
		return;
	if (!same_reasons(fl_cedar_json_find(rq, "reason"), got)) {
		run->sum.reason_bad++;
		report(run, "reason");
	}
	if (!same_errors(fl_cedar_json_find(rq, "errors"), got)) {
		run->sum.error_bad++;
		report(run, "errors");
	}
}

static bool decide(struct run *run, const struct fl_cedar_json_source *source,
                   const struct fl_cedar_json *rq)
{
	static const char *const keys[] = {"principal", "action", "resource"};
	const struct fl_cedar_uid *uids[3];
	const struct fl_cedar_json *context = fl_cedar_json_find(rq, "context");
	struct fl_cedar_request request = {.entities = run->entities,
	                                   .context = fl_cedar_record_empty()};
	const struct fl_cedar_json *validates = fl_cedar_json_find(rq, "validateRequest");
	struct fl_error err = FL_ERROR_INIT;
	struct fl_cedar_answer answer;

	for (size_t i = 0; i < FL_ARRAY_LEN(keys); i++) {
		const struct fl_cedar_json *uid = fl_cedar_json_find(rq, keys[i]);

		if (uid == NULL || fl_cedar_uid_from_json(uid, source, &run->arena, &uids[i]) != 0)
			return broken(run, keys[i]);
	}
	request.principal = uids[0];
	request.action = uids[1];
	request.resource = uids[2];
	const struct fl_cedar_action *action = fl_cedar_schema_action(run->schema, uids[1]);

	if (context != NULL &&
	    fl_cedar_context_from_json(context, source, action == NULL ? NULL : action->context,
	                               &run->arena, &request.context) != 0)
		return broken(run, "context");
	if ((validates == NULL || validates->u.boolean) &&
	    fl_cedar_request_check(&request, run->schema, &err) != 0)
		return broken(run, err.message);
	fl_arena_reset(&run->scratch);
	uint64_t start = fl_clock_mono_ns();
	int r = fl_cedar_authorize(run->set, &request, run->mode, &run->scratch, &answer);

	run->sum.authorize_ns += fl_clock_mono_ns() - start;
	run->sum.requests++;
	if (r != 0)
		return broken(run, "authorize");
	compare(run, rq, &answer);
	return true;
}

static void run_test(struct run *run, const char *path)
{
	struct fl_cedar_json test;
	struct fl_str text;

	run->name = path;
	run->sum.tests++;
	fl_arena_init(&run->arena, 1 << 16, STORE_MAX);
	fl_problems_init(&run->problems, &run->arena);
	struct fl_cedar_json_source source = {.problems = &run->problems};

	if (read_file(run, path, &text) &&
	    (fl_cedar_json_parse(&run->arena, text, path, &test, &run->problems) == 0 ||
	     broken(run, "json")) &&
	    load(run, &test)) {
		const struct fl_cedar_json *requests = fl_cedar_json_find(&test, "requests");

		source.text = text;
		source.file = path;
		for (uint32_t i = 0; requests != NULL && i < requests->n; i++)
			if (!decide(run, &source, &requests->u.items[i]))
				break;
	}
	run->set = fl_cedar_set_destroy(run->set);
	run->schema = fl_cedar_schema_destroy(run->schema);
	run->entities = fl_cedar_entities_destroy(run->entities);
	fl_arena_fini(&run->arena);
}

static bool is_test(const char *name)
{
	struct fl_str s = fl_str(name), tail = FL_STR(".json"), not = FL_STR(".entities.json");

	return s.n > tail.n && fl_str_eq(fl_str_n(s.p + s.n - tail.n, tail.n), tail) &&
	       !(s.n > not .n && fl_str_eq(fl_str_n(s.p + s.n - not .n, not .n), not ));
}

static void run_folder(struct run *run, const char *folder)
{
	struct dirent **entries;
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/%s", run->root, folder);
	int n = scandir(path, &entries, NULL, alphasort);

	if (n < 0) {
		run->name = folder;
		(void)broken(run, "cannot read the folder");
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		(void)snprintf(path, sizeof path, "%s/%s", folder, name);
		if (name[0] != '.' && entries[i]->d_type == DT_DIR)
			run_folder(run, path);
		else if (is_test(name))
			run_test(run, path);
		free(entries[i]);
	}
	free(entries);
}

static int run_suite(const char *root, const char *suite, enum fl_cedar_mode mode, bool lists,
                     int number)
{
	static const char *const modes[] = {"full", "fast", "linear"};
	struct run run = {.root = root, .mode = mode, .lists = lists};
	const struct totals *t = &run.sum;

	fl_arena_init(&run.scratch, 1 << 16, STORE_MAX);
	run_folder(&run, suite);
	fl_arena_fini(&run.scratch);
	size_t bad = t->broken + t->decision_bad + t->reason_bad + t->error_bad + t->verdict_bad;
	bool is_ok = bad == 0 && t->requests > 0;

	(void)printf("%sok %d - cedar %s, %s: tests %zu requests %zu broken %zu "
	             "decision_bad %zu "
	             "reason_bad %zu error_bad %zu verdict_bad %zu\n",
	             is_ok ? "" : "not ", number, suite, modes[mode], t->tests, t->requests,
	             t->broken, t->decision_bad, t->reason_bad, t->error_bad, t->verdict_bad);
	if (t->requests > 0)
		(void)printf("# %" PRIu64 " ns a decision\n", t->authorize_ns / t->requests);
	return is_ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const char *const suites[] = {"tests", "corpus"};
	const char *root = NULL;
	bool lists = false;
	int failures = 0, n = 0;

	for (int i = 1; i < argc; i++) {
		if (fl_str_is(fl_str(argv[i]), "--list"))
			lists = true;
		else if (fl_str_is(fl_str(argv[i]), "--root") && i + 1 < argc)
			root = argv[++i];
	}
	if (root == NULL) {
		(void)fprintf(stderr, "usage: %s --root DIR [--list]\n", argv[0]);
		return 2;
	}
	(void)printf("1..6\n");
	for (size_t i = 0; i < FL_ARRAY_LEN(suites); i++)
		for (int mode = FL_CEDAR_FULL; mode <= FL_CEDAR_LINEAR; mode++)
			failures +=
			    run_suite(root, suites[i], (enum fl_cedar_mode)mode, lists, ++n);
	return failures == 0 ? 0 : 1;
}
