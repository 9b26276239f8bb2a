/* gateway/policy_request.c - requests of the offline policy tools
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/policy_input.h"

/* ---- as the official tests write them ---- */

static bool invalid(const struct fl_cedar_json_source *source, uint32_t at, const char *fmt, ...)
    FL_PRINTF(3, 4);

static bool invalid(const struct fl_cedar_json_source *source, uint32_t at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fl_problems_vadd(source->problems, "request_invalid",
	                       fl_cedar_json_position(source->text, source->file, at), FL_STR_NULL,
	                       fmt, ap);
	va_end(ap);
	return false;
}

static bool has_known_members(const struct fl_cedar_json *json,
                              const struct fl_cedar_json_source *source)
{
	static const char *const known[] = {"principal", "action",          "resource",
	                                    "context",   "decision",        "reason",
	                                    "errors",    "validateRequest", "description"};

	for (uint32_t i = 0; i < json->n; i++) {
		struct fl_str key = json->u.members[i].key;
		const char *near = fl_str_nearest(key, known, FL_ARRAY_LEN(known));
		bool is_known = false;

		for (size_t k = 0; k < FL_ARRAY_LEN(known) && !is_known; k++)
			is_known = fl_str_is(key, known[k]);
		if (!is_known)
			return invalid(source, json->u.members[i].at,
			               "a request has no member `%.*s`%s%s%s", FL_STR_ARGS(key),
			               near == NULL ? "" : "; did you mean `",
			               near == NULL ? "" : near, near == NULL ? "" : "`?");
	}
	return true;
}

static bool read_uid(const struct fl_cedar_json *json, const struct fl_cedar_json_source *source,
                     const char *name, struct fl_arena *arena, const struct fl_cedar_uid **ret)
{
	const struct fl_cedar_json *uid = fl_cedar_json_find(json, name);

	if (uid == NULL)
		return invalid(source, json->at,
		               "a request needs `%s`: {\"type\": ..., \"id\": ...}", name);
	return fl_cedar_uid_from_json(uid, source, arena, ret) == 0;
}

/* The type that the action's context is of, or NULL. */
static const struct fl_cedar_type *context_type(const struct fl_policy_input *in,
                                                const struct fl_cedar_uid *action)
{
	const struct fl_cedar_action *a =
	    in->schema == NULL ? NULL : fl_cedar_schema_action(in->schema, action);

	return a == NULL ? NULL : a->context;
}

bool fl_policy_request_read(const struct fl_policy_input *in, const struct fl_cedar_json *json,
                            const struct fl_cedar_json_source *source, struct fl_arena *arena,
                            struct fl_cedar_request *ret)
{
	const struct fl_cedar_json *context = fl_cedar_json_find(json, "context");
	const struct fl_cedar_json *validates = fl_cedar_json_find(json, "validateRequest");
	struct fl_cedar_request rq = {.entities = in->entities, .context = fl_cedar_record_empty()};
	struct fl_error err = FL_ERROR_INIT;

	if (json->kind != FL_CEDAR_JSON_OBJECT)
		return invalid(source, json->at, "a request is an object, not %s",
		               fl_cedar_json_describe(json));
	if (!has_known_members(json, source) ||
	    !read_uid(json, source, "principal", arena, &rq.principal) ||
	    !read_uid(json, source, "action", arena, &rq.action) ||
	    !read_uid(json, source, "resource", arena, &rq.resource))
		return false;
	if (validates != NULL && validates->kind != FL_CEDAR_JSON_BOOL)
		return invalid(source, validates->at, "`validateRequest` is true or false");
	if (context != NULL &&
	    fl_cedar_context_from_json(context, source, context_type(in, rq.action), arena,
	                               &rq.context) != 0)
		return false;
	if (in->schema != NULL && (validates == NULL || validates->u.boolean) &&
	    fl_cedar_request_check(&rq, in->schema, &err) != 0)
		return invalid(source, json->at, "%s", err.message);
	*ret = rq;
	return true;
}

/* ---- as the command line has them ---- */

/* `App::User::"ann"`. NULL: it is not, and the problem says so. */
static const struct fl_cedar_uid *parse_uid(struct fl_policy_input *in, const char *text,
                                            const char *option)
{
	struct fl_problems ignored; /* what the parser expected may be more than a name */
	struct fl_cedar_expr *x;

	fl_problems_init(&ignored, &in->arena);
	if (fl_cedar_parse_expr(&in->arena, fl_str(text), option, &x, &ignored) == 0 &&
	    x->kind == FL_CEDAR_X_LITERAL && x->value.kind == FL_CEDAR_ENTITY)
		return x->value.u.uid;
	(void)fl_policy_input_fail(in, "request_invalid", option,
	                           "not the name of an entity, such as User::\"ann\"");
	return NULL;
}

static bool parse_context(struct fl_policy_input *in, struct fl_str text,
                          struct fl_cedar_request *rq)
{
	const struct fl_cedar_json_source source = {
	    .text = text, .file = "--context", .problems = &in->problems};
	struct fl_cedar_json json;

	rq->context = fl_cedar_record_empty();
	if (text.n == 0)
		return true;
	return fl_cedar_json_parse(&in->arena, text, source.file, &json, &in->problems) == 0 &&
	       fl_cedar_context_from_json(&json, &source, context_type(in, rq->action), &in->arena,
	                                  &rq->context) == 0;
}

bool fl_policy_request_make(struct fl_policy_input *in, const char *const uids[3],
                            struct fl_str context, struct fl_cedar_request *ret)
{
	struct fl_cedar_request rq = {.entities = in->entities};
	struct fl_error err = FL_ERROR_INIT;

	rq.principal = parse_uid(in, uids[0], "--principal");
	rq.action = parse_uid(in, uids[1], "--action");
	rq.resource = parse_uid(in, uids[2], "--resource");
	if (rq.principal == NULL || rq.action == NULL || rq.resource == NULL ||
	    !parse_context(in, context, &rq))
		return false;
	if (in->schema != NULL && fl_cedar_request_check(&rq, in->schema, &err) != 0)
		return fl_policy_input_fail(in, "request_invalid", NULL, err.message);
	*ret = rq;
	return true;
}
