/* policy/links_json.c - links of templates from JSON
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/links_json.h"

#include "policy/entities_json.h"
#include "policy/json.h"

/* The parsed text needs about so many bytes for each of its own; more is no honest input. */
#define TREE_FACTOR 64u

struct reader {
	struct fl_cedar_set *set;
	struct fl_cedar_json_source source;
	struct fl_arena arena; /* of the parsed text and the names in it */
};

static int invalid(struct reader *r, const struct fl_cedar_json *at, const char *what)
{
	(void)fl_problems_add(r->source.problems, "link_invalid",
	                      fl_cedar_json_position(r->source.text, r->source.file, at->at),
	                      FL_STR_NULL, "%s", what);
	return FL_CEDAR_E_INVALID;
}

static int read_slots(struct reader *r, const struct fl_cedar_json *link,
                      const struct fl_cedar_uid *slots[2])
{
	static const char *const names[] = {"?principal", "?resource"};
	const struct fl_cedar_json *values = fl_cedar_json_find(link, "values");

	if (values == NULL || values->kind != FL_CEDAR_JSON_OBJECT)
		return invalid(r, values == NULL ? link : values,
		               "a link needs `values`, an object of ?principal and ?resource");
	for (uint32_t i = 0; i < values->n; i++) {
		const struct fl_cedar_json_member *m = &values->u.members[i];
		size_t k = fl_str_is(m->key, names[0]) ? 0 : 1;
		int rc;

		if (!fl_str_is(m->key, names[k]))
			return invalid(r, &m->value,
			               "a template has the slots ?principal and ?resource");
		rc = fl_cedar_uid_from_json(&m->value, &r->source, &r->arena, &slots[k]);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int read_link(struct reader *r, const struct fl_cedar_json *link)
{
	struct fl_str template_id = fl_cedar_json_str(fl_cedar_json_find(link, "templateId"));
	struct fl_str id = fl_cedar_json_str(fl_cedar_json_find(link, "newId"));
	const struct fl_cedar_uid *slots[2] = {NULL, NULL};
	struct fl_error err = FL_ERROR_INIT;
	int rc;

	if (template_id.p == NULL || id.p == NULL)
		return invalid(r, link, "a link needs `templateId` and `newId`, strings");
	rc = read_slots(r, link, slots);
	if (rc != 0)
		return rc;
	rc = fl_cedar_set_link(r->set, template_id, id, slots[0], slots[1], &err);
	if (rc == 0 || rc == FL_CEDAR_E_MEMORY)
		return rc;
	return invalid(r, link, err.message);
}

static int read_all(struct reader *r)
{
	struct fl_cedar_json list;
	int rc = fl_cedar_json_parse(&r->arena, r->source.text, r->source.file, &list,
	                             r->source.problems);

	if (rc != 0)
		return rc;
	if (list.kind != FL_CEDAR_JSON_ARRAY)
		return invalid(r, &list, "expected an array of links");
	for (uint32_t i = 0; i < list.n && rc != FL_CEDAR_E_MEMORY; i++) {
		int one = read_link(r, &list.u.items[i]);

		rc = one == 0 ? rc : one;
	}
	return rc;
}

int fl_cedar_set_link_json(struct fl_cedar_set *set, struct fl_str text, const char *file,
                           struct fl_problems *problems)
{
	struct reader r = {.set = set, .source = {text, file, problems}};
	int rc;

	fl_arena_init(&r.arena, 4096,
	              text.n > SIZE_MAX / TREE_FACTOR - 4096 ? SIZE_MAX
	                                                     : 4096 + text.n * TREE_FACTOR);
	rc = read_all(&r);
	fl_arena_fini(&r.arena);
	return rc;
}
