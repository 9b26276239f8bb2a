/* tests/differential/driver.c - the library behind a line protocol
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads one JSON object a line, {"op": ..., ...}, and answers each with one line. The official
 * engine is asked the same by main.mjs. Texts of policies, schemas, entities and requests travel as
 * strings, so that what is no JSON, or stranger than JavaScript's numbers, arrives as it was
 * written.
 *
 *	{"op":"schema","text":T,"json":B}	the schema from now on; no text: none
 *	{"op":"policies","text":T}		the set from now on: ids policy0, policy1, ...
 *	{"op":"policies","static":[{"id","text"}],"templates":[the same],
 *	 "links":[{"template","id","principal"?,"resource"?}]}
 *	{"op":"entities","text":T}		the store from now on, read by the schema
 *	{"op":"request","text":T,"validate":B}	decides; T: {principal, action, resource, context}
 *	{"op":"context","text":T,"action":T}	reads a context by the schema
 *	{"op":"validate"}			which policies are not valid by the schema
 *	{"op":"print","text":T}			policies, parsed and printed
 *
 * Answers: {"ok":true, ...} or {"ok":false,"why":...}. A decision is made in all three modes; the
 * answer has "modes" when they differ.
 *
 *	differential_cedar --replay FILE	asks the lines {"q": question, "a": the official
 * engine's answer} of a file and compares; prints TAP
 */
#include "config.h" /* _GNU_SOURCE, for memmem() */

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "policy/validate.h"

#define ROOM (256u << 20)
#define ANSWER_MAX (64u << 20)

struct world {
	struct fl_cedar_schema *schema; /* NULL: none */
	struct fl_cedar_set *set;
	struct fl_cedar_entities *entities;
	/* of the line at hand */
	struct fl_arena arena, scratch;
	struct fl_problems problems;
	struct fl_json out;
};

static struct fl_str text_of(const struct fl_cedar_json *line, const char *key)
{
	return fl_cedar_json_str(fl_cedar_json_find(line, key));
}

static bool is_true(const struct fl_cedar_json *line, const char *key)
{
	const struct fl_cedar_json *v = fl_cedar_json_find(line, key);

	return v != NULL && v->kind == FL_CEDAR_JSON_BOOL && v->u.boolean;
}

static void refuse(struct world *w, const struct fl_error *err)
{
	struct fl_buf why;

	fl_buf_init(&why, 1 << 16);
	fl_problems_print(&w->problems, &why);
	if (err != NULL && err->code != NULL)
		fl_buf_add_c(&why, err->message);
	fl_json_add_bool(&w->out, "ok", false);
	fl_json_add(&w->out, "why", fl_buf_str(&why));
	fl_buf_fini(&why);
}

static void op_schema(struct world *w, const struct fl_cedar_json *line)
{
	struct fl_str text = text_of(line, "text");
	int r = 0;

	w->schema = fl_cedar_schema_destroy(w->schema);
	if (text.p != NULL) {
		w->schema = fl_cedar_schema_create(ROOM);
		r = is_true(line, "json")
		        ? fl_cedar_schema_add_json(w->schema, text, NULL, &w->problems)
		        : fl_cedar_schema_add(w->schema, text, NULL, &w->problems);
		if (r == 0)
			r = fl_cedar_schema_finish(w->schema, &w->problems);
	}
	if (r == 0) {
		fl_json_add_bool(&w->out, "ok", true);
		return;
	}
	refuse(w, NULL);
	w->schema = fl_cedar_schema_destroy(w->schema);
}

/* {"id","text"} objects, each of one static policy or one template. */
static int add_named(struct world *w, const struct fl_cedar_json *list, bool is_template, size_t *n,
                     struct fl_error *err)
{
	for (uint32_t i = 0; list != NULL && i < list->n; i++) {
		const struct fl_cedar_json *item = &list->u.items[i];
		int r = fl_cedar_set_add(w->set, text_of(item, "text"), NULL, &w->problems);

		if (r != 0)
			return r;
		const struct fl_cedar_policy *p = fl_cedar_set_policy(w->set, *n);

		if (p == NULL || fl_cedar_set_policy(w->set, *n + 1) != NULL ||
		    (p->slots != 0) != is_template) {
			(void)fl_error_set(err, "kind", "not one policy of this kind");
			return FL_CEDAR_E_INVALID;
		}
		r = fl_cedar_set_rename(w->set, (*n)++, text_of(item, "id"), err);
		if (r != 0)
			return r;
	}
	return 0;
}

static int add_link(struct world *w, const struct fl_cedar_json *link,
                    const struct fl_cedar_json_source *source, struct fl_error *err)
{
	static const char *const keys[] = {"principal", "resource"};
	const struct fl_cedar_uid *slots[2] = {NULL, NULL};

	for (size_t i = 0; i < 2; i++) {
		const struct fl_cedar_json *uid = fl_cedar_json_find(link, keys[i]);
		int r = uid == NULL ? 0 : fl_cedar_uid_from_json(uid, source, &w->arena, &slots[i]);

		if (r != 0)
			return r;
	}
	return fl_cedar_set_link(w->set, text_of(link, "template"), text_of(link, "id"), slots[0],
	                         slots[1], err);
}

static void op_policies(struct world *w, const struct fl_cedar_json *line,
                        const struct fl_cedar_json_source *source)
{
	struct fl_cedar_limits limits = {.policy_bytes = 1 << 20, .text_bytes = 16 << 20};
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str text = text_of(line, "text");
	const struct fl_cedar_json *links = fl_cedar_json_find(line, "links");
	size_t n = 0;
	int r;

	(void)fl_cedar_set_destroy(w->set);
	w->set = fl_cedar_set_create(&limits, ROOM);
	if (text.p != NULL)
		r = fl_cedar_set_add(w->set, text, NULL, &w->problems);
	else
		r = add_named(w, fl_cedar_json_find(line, "static"), false, &n, &err);
	if (r == 0)
		r = add_named(w, fl_cedar_json_find(line, "templates"), true, &n, &err);
	for (uint32_t i = 0; links != NULL && i < links->n && r == 0; i++)
		r = add_link(w, &links->u.items[i], source, &err);
	if (fl_cedar_set_finish(w->set) != 0 || r != 0)
		refuse(w, &err);
	else
		fl_json_add_bool(&w->out, "ok", true);
}

static void op_entities(struct world *w, const struct fl_cedar_json *line)
{
	struct fl_error err = FL_ERROR_INIT;

	(void)fl_cedar_entities_destroy(w->entities);
	w->entities = fl_cedar_entities_create(ROOM);
	int r = fl_cedar_entities_read(w->entities, text_of(line, "text"), NULL, w->schema,
	                               &w->problems);

	if (r == 0 && w->schema != NULL)
		r = fl_cedar_entities_add_actions(w->entities, w->schema, &err);
	if (r == 0)
		r = fl_cedar_entities_finish(w->entities, &err);
	if (r == 0 && w->schema != NULL)
		r = fl_cedar_entities_check(w->entities, w->schema, &err);
	if (r == 0) {
		fl_json_add_bool(&w->out, "ok", true);
		return;
	}
	refuse(w, &err);
	w->entities = fl_cedar_entities_destroy(w->entities);
}

/* The names and the context of a request, read by the schema when there is one. */
static bool read_request(struct world *w, struct fl_str text, struct fl_cedar_request *ret)
{
	static const char *const keys[] = {"principal", "action", "resource"};
	struct fl_cedar_json_source source = {.text = text, .problems = &w->problems};
	const struct fl_cedar_uid *uids[3] = {NULL};
	struct fl_cedar_json json;

	if (fl_cedar_json_parse(&w->arena, text, NULL, &json, &w->problems) != 0)
		return false;
	for (size_t i = 0; i < FL_ARRAY_LEN(keys); i++) {
		const struct fl_cedar_json *uid = fl_cedar_json_find(&json, keys[i]);

		if (uid == NULL || fl_cedar_uid_from_json(uid, &source, &w->arena, &uids[i]) != 0)
			return false;
	}
	const struct fl_cedar_json *context = fl_cedar_json_find(&json, "context");
	const struct fl_cedar_action *action =
	    w->schema == NULL ? NULL : fl_cedar_schema_action(w->schema, uids[1]);

	*ret = (struct fl_cedar_request){.principal = uids[0],
	                                 .action = uids[1],
	                                 .resource = uids[2],
	                                 .entities = w->entities,
	                                 .context = fl_cedar_record_empty()};
	return context != NULL &&
	       fl_cedar_context_from_json(context, &source, action == NULL ? NULL : action->context,
	                                  &w->arena, &ret->context) == 0;
}

static bool modes_agree(const struct fl_cedar_answer answers[3])
{
	const struct fl_cedar_answer *full = &answers[0], *fast = &answers[1],
				     *linear = &answers[2];
	bool same = full->is_allowed == fast->is_allowed &&
	            full->is_allowed == linear->is_allowed &&
	            full->n_reasons == linear->n_reasons && full->n_errors == linear->n_errors &&
	            fast->n_reasons == (full->n_reasons > 0 ? 1 : 0);

	for (size_t i = 0; i < full->n_reasons && same; i++)
		same = full->reasons[i] == linear->reasons[i];
	for (size_t i = 0; i < full->n_errors && same; i++)
		same = full->errors[i].row == linear->errors[i].row;
	return same;
}

static void tell(struct world *w, const struct fl_cedar_answer answers[3])
{
	const struct fl_cedar_answer *full = &answers[0];

	fl_json_add_bool(&w->out, "ok", true);
	fl_json_add_bool(&w->out, "allow", full->is_allowed);
	fl_json_array(&w->out, "reason");
	for (size_t i = 0; i < full->n_reasons; i++)
		fl_json_add(&w->out, NULL, full->reasons[i]->id);
	fl_json_end(&w->out);
	fl_json_array(&w->out, "errors");
	for (size_t i = 0; i < full->n_errors; i++)
		fl_json_add(&w->out, NULL, full->errors[i].row->id);
	fl_json_end(&w->out);
	if (!modes_agree(answers))
		fl_json_add_c(&w->out, "modes", "the modes full, fast and linear differ");
}

static void op_request(struct world *w, const struct fl_cedar_json *line)
{
	struct fl_cedar_request request;
	struct fl_cedar_answer answers[3];
	struct fl_error err = FL_ERROR_INIT;
	int r = 0;

	if (!read_request(w, text_of(line, "text"), &request) ||
	    (w->schema != NULL && is_true(line, "validate") &&
	     fl_cedar_request_check(&request, w->schema, &err) != 0)) {
		refuse(w, &err);
		return;
	}
	for (int mode = FL_CEDAR_FULL; mode <= FL_CEDAR_LINEAR && r == 0; mode++)
		r = fl_cedar_authorize(w->set, &request, (enum fl_cedar_mode)mode, &w->scratch,
		                       &answers[mode]);
	if (r != 0)
		refuse(w, NULL);
	else
		tell(w, answers);
}

static void op_context(struct world *w, const struct fl_cedar_json *line)
{
	struct fl_cedar_request request;

	if (!read_request(w, text_of(line, "text"), &request))
		refuse(w, NULL);
	else
		fl_json_add_bool(&w->out, "ok", true);
}

static bool is_impossible(const struct fl_problems *problems)
{
	for (const struct fl_problem *p = problems->first; p != NULL; p = p->next)
		if (fl_str_is(fl_str(p->code), "impossible_policy"))
			return true;
	return false;
}

/* The policies, or templates, that are not valid; or those that no request can satisfy. */
static void list_policies(struct world *w, const char *key, bool wants_impossible)
{
	fl_json_array(&w->out, key);
	for (size_t i = 0; fl_cedar_set_policy(w->set, i) != NULL; i++) {
		const struct fl_cedar_policy *p = fl_cedar_set_policy(w->set, i);

		fl_problems_init(&w->problems, &w->arena);
		int r = fl_cedar_validate_policy(w->schema, p, &w->problems);

		if (wants_impossible ? is_impossible(&w->problems) : r != 0)
			fl_json_add(&w->out, NULL, p->id);
	}
	fl_json_end(&w->out);
}

static void op_validate(struct world *w)
{
	fl_json_add_bool(&w->out, "ok", true);
	list_policies(w, "invalid", false);
	list_policies(w, "impossible", true);
	fl_problems_init(&w->problems, &w->arena);
	(void)fl_cedar_validate(w->schema, w->set, &w->problems);
	fl_json_array(&w->out, "codes");
	for (const struct fl_problem *p = w->problems.first; p != NULL; p = p->next)
		fl_json_add_c(&w->out, NULL, p->code);
	fl_json_end(&w->out);
	/* Of the whole set, with what filling the slots of templates adds. */
	fl_json_add_bool(&w->out, "valid", w->problems.errors == 0);
}

static void op_print(struct world *w, const struct fl_cedar_json *line)
{
	struct fl_cedar_limits limits = {.policy_bytes = 1 << 20, .text_bytes = 16 << 20};
	struct fl_cedar_policies_ast ast;
	struct fl_buf text;

	if (fl_cedar_parse_policies(&w->arena, text_of(line, "text"), NULL, &limits, &ast,
	                            &w->problems) != 0) {
		refuse(w, NULL);
		return;
	}
	fl_buf_init(&text, ANSWER_MAX);
	for (size_t i = 0; i < ast.n; i++)
		fl_cedar_print_policy(&text, ast.policies[i]);
	fl_json_add_bool(&w->out, "ok", true);
	fl_json_add(&w->out, "printed", fl_buf_str(&text));
	fl_buf_fini(&text);
}

static void dispatch(struct world *w, struct fl_str text)
{
	struct fl_cedar_json_source source = {.text = text, .problems = &w->problems};
	struct fl_cedar_json line;

	if (fl_cedar_json_parse(&w->arena, text, NULL, &line, &w->problems) != 0) {
		refuse(w, NULL);
		return;
	}
	struct fl_str op = text_of(&line, "op");

	if (fl_str_is(op, "schema"))
		op_schema(w, &line);
	else if (fl_str_is(op, "policies"))
		op_policies(w, &line, &source);
	else if (fl_str_is(op, "entities"))
		op_entities(w, &line);
	else if (fl_str_is(op, "request") && w->set != NULL)
		op_request(w, &line);
	else if (fl_str_is(op, "context"))
		op_context(w, &line);
	else if (fl_str_is(op, "validate") && w->schema != NULL && w->set != NULL)
		op_validate(w);
	else if (fl_str_is(op, "print"))
		op_print(w, &line);
	else
		refuse(w, NULL);
}

static void world_init(struct world *w, struct fl_buf *out)
{
	*w = (struct world){.schema = NULL};
	fl_arena_init(&w->arena, 1 << 20, ROOM);
	fl_arena_init(&w->scratch, 1 << 20, ROOM);
	fl_buf_init(out, ANSWER_MAX);
}

static void world_fini(struct world *w, struct fl_buf *out)
{
	fl_buf_fini(out);
	fl_arena_fini(&w->scratch);
	fl_arena_fini(&w->arena);
	(void)fl_cedar_schema_destroy(w->schema);
	(void)fl_cedar_set_destroy(w->set);
	(void)fl_cedar_entities_destroy(w->entities);
}

/* One answer into `out`; what it points to lives until the next. */
static void answer(struct world *w, struct fl_str line, struct fl_buf *out)
{
	fl_arena_reset(&w->arena);
	fl_arena_reset(&w->scratch);
	fl_problems_init(&w->problems, &w->arena);
	fl_buf_clear(out);
	fl_json_init(&w->out, out);
	fl_json_object(&w->out, NULL);
	dispatch(w, line);
	fl_json_end(&w->out);
}

/* The same strings, in any order; lists hold none twice. */
static bool same_set(const struct fl_cedar_json *a, const struct fl_cedar_json *b)
{
	if (a == NULL || b == NULL || a->n != b->n)
		return a == b;
	for (uint32_t i = 0; i < a->n; i++) {
		bool is_there = false;

		for (uint32_t k = 0; k < b->n && !is_there; k++)
			is_there = fl_str_eq(fl_cedar_json_str(&a->u.items[i]),
			                     fl_cedar_json_str(&b->u.items[k]));
		if (!is_there)
			return false;
	}
	return true;
}

/* Of their answer only what must be equal was kept. */
static bool same_answer(const struct fl_cedar_json *ours, const struct fl_cedar_json *theirs)
{
	static const char *const flags[] = {"ok", "allow", "valid"};
	static const char *const lists[] = {"reason", "errors", "invalid"};
	bool same = fl_cedar_json_find(ours, "modes") == NULL;

	for (size_t i = 0; i < FL_ARRAY_LEN(flags) && same; i++)
		same = fl_cedar_json_find(theirs, flags[i]) == NULL ||
		       is_true(ours, flags[i]) == is_true(theirs, flags[i]);
	for (size_t i = 0; i < FL_ARRAY_LEN(lists) && same; i++)
		same = fl_cedar_json_find(theirs, lists[i]) == NULL ||
		       same_set(fl_cedar_json_find(ours, lists[i]),
		                fl_cedar_json_find(theirs, lists[i]));
	return same;
}

/* The question and the answer of a line, as they are written. */
static bool halves(struct fl_str line, struct fl_str *ret_q, struct fl_str *ret_a)
{
	static const char start[] = "{\"a\":", middle[] = ",\"q\":";
	const char *at;

	if (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	if (line.n == 0 || line.p[--line.n] != '}' || !fl_str_starts(line, fl_str(start)) ||
	    (at = memmem(line.p, line.n, middle, sizeof middle - 1)) == NULL)
		return false;
	*ret_a = fl_str_n(line.p + sizeof start - 1, (size_t)(at - line.p) - sizeof start + 1);
	at += sizeof middle - 1;
	*ret_q = fl_str_n(at, (size_t)(line.p + line.n - at));
	return true;
}

static bool replay_line(struct world *w, struct fl_str line, struct fl_buf *out)
{
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_cedar_json ours, theirs;
	struct fl_str q, a;

	if (!halves(line, &q, &a))
		return false;
	answer(w, q, out);
	fl_arena_init(&arena, 1 << 16, ROOM);
	fl_problems_init(&problems, &arena);
	bool same = fl_cedar_json_parse(&arena, a, NULL, &theirs, &problems) == 0 &&
	            fl_cedar_json_parse(&arena, fl_buf_str(out), NULL, &ours, &problems) == 0 &&
	            same_answer(&ours, &theirs);

	fl_arena_fini(&arena);
	return same;
}

static int replay(FILE *f)
{
	struct world w;
	struct fl_buf out;
	char *line = NULL;
	size_t cap = 0, n_lines = 0, failures = 0;
	ssize_t n;

	world_init(&w, &out);
	while ((n = getline(&line, &cap, f)) > 0) {
		n_lines++;
		if (replay_line(&w, fl_str_n(line, (size_t)n), &out))
			continue;
		failures++;
		(void)printf("# line %zu: %.200s\n# ours: %s\n", n_lines, line, fl_buf_cstr(&out));
	}
	free(line);
	world_fini(&w, &out);
	bool is_ok = failures == 0 && n_lines > 0;

	(void)printf("1..1\n%sok 1 - the official engine's answers: %zu, %zu differ\n",
	             is_ok ? "" : "not ", n_lines, failures);
	return is_ok ? 0 : 1;
}

static void serve(void)
{
	struct world w;
	struct fl_buf out;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	world_init(&w, &out);
	while ((n = getline(&line, &cap, stdin)) > 0) {
		answer(&w, fl_str_n(line, (size_t)n), &out);
		(void)printf("%s\n", fl_buf_cstr(&out));
		(void)fflush(stdout);
	}
	free(line);
	world_fini(&w, &out);
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		serve();
		return 0;
	}
	FILE *f = argc == 3 && fl_str_is(fl_str(argv[1]), "--replay") ? fopen(argv[2], "r") : NULL;

	if (f == NULL) {
		(void)fprintf(stderr, "usage: %s [--replay FILE]\n", argv[0]);
		return 2;
	}
	int status = replay(f);

	(void)fclose(f);
	return status;
}
