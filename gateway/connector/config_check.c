/* gateway/connector/config_check.c - does an instance's configuration fit its connector's schema?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/config_check.h"

#include <jansson.h>
#include <math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "gateway/connector/pointer.h"

#define DEPTH_MAX 32u
#define UNIQUE_MAX 1000u /* items that are compared with each other */

struct check {
	const struct fl_cfg_instance *instance;
	struct fl_problems *problems;
	struct fl_pointer at; /* from the configuration's root */
	unsigned depth;
	size_t faults;
};

/* ---- telling ---- */

/* Of the value itself, or of the nearest that has a place: a member that is missing has none. */
static struct fl_position place_of(const struct check *c)
{
	struct fl_str pointer = fl_pointer_str(&c->at);

	for (;;) {
		for (size_t i = 0; i < c->instance->places_n; i++)
			if (fl_str_eq(c->instance->places[i].pointer, pointer))
				return c->instance->places[i].at;
		if (pointer.n == 0)
			return c->instance->at;
		do
			pointer.n--;
		while (pointer.n != 0 && pointer.p[pointer.n] != '/');
	}
}

/* Of many faults the later ones are only counted: looking for the place of each would take a time
 * that grows with the square of the configuration. */
static struct fl_problem *add(struct check *c, const char *code, const char *hint,
                              struct fl_str text)
{
	bool is_kept = !fl_problems_is_full(c->problems);
	struct fl_str pointer =
	    is_kept ? fl_arena_printf(c->problems->arena, "/instances/%.*s/config%.*s",
	                              FL_STR_ARGS(c->instance->name),
	                              FL_STR_ARGS(fl_pointer_str(&c->at)))
		    : FL_STR_NULL;
	struct fl_problem *p = fl_problems_add(
	    c->problems, code, is_kept ? place_of(c) : c->instance->at, pointer,
	    "instance \"%.*s\": %s%.*s %.*s", FL_STR_ARGS(c->instance->name),
	    c->at.n == 0 ? "config" : "", FL_STR_ARGS(fl_pointer_str(&c->at)), FL_STR_ARGS(text));

	if (hint != NULL)
		fl_problem_hint(c->problems, p, "%s", hint);
	return p;
}

static void bad(struct check *c, const char *hint, const char *fmt, ...) FL_PRINTF(3, 4);

static void bad(struct check *c, const char *hint, const char *fmt, ...)
{
	struct fl_str text;
	va_list ap;

	va_start(ap, fmt);
	text = fl_arena_vprintf(c->problems->arena, fmt, ap);
	va_end(ap);
	(void)add(c, "config_invalid", hint, text);
	c->faults++;
}

/* ---- one keyword each ---- */

static void check_value(struct check *c, const json_t *schema, const json_t *value);

static bool is_type(const char *type, const json_t *value)
{
	if (strcmp(type, "integer") == 0)
		return json_is_integer(value) ||
		       (json_is_real(value) &&
		        trunc(json_real_value(value)) == json_real_value(value));
	return (strcmp(type, "object") == 0 && json_is_object(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "number") == 0 && json_is_number(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
	       (strcmp(type, "null") == 0 && json_is_null(value));
}

static bool check_type(struct check *c, const json_t *types, const json_t *value)
{
	struct fl_buf names;
	bool fits = false;

	fl_buf_init(&names, 200);
	if (json_is_string(types)) {
		fits = is_type(json_string_value(types), value);
		fl_buf_add_c(&names, json_string_value(types));
	}
	for (size_t i = 0; i < json_array_size(types); i++) {
		const char *name = json_string_value(json_array_get(types, i));

		fits = fits || (name != NULL && is_type(name, value));
		fl_buf_printf(&names, "%s%s", i == 0 ? "" : " or ", name == NULL ? "?" : name);
	}
	if (!fits)
		bad(c, NULL, "must be of type %s", fl_buf_cstr(&names));
	fl_buf_fini(&names);
	return fits;
}

static void check_enum(struct check *c, const json_t *values, const json_t *value)
{
	char *all;

	for (size_t i = 0; i < json_array_size(values); i++)
		if (json_equal(json_array_get(values, i), value))
			return;
	all = json_dumps(values, JSON_COMPACT | JSON_ENCODE_ANY);
	bad(c, NULL, "must be one of %.200s", all == NULL ? "those allowed" : all);
	free(all);
}

static void check_const(struct check *c, const json_t *only, const json_t *value)
{
	char *text;

	if (json_equal(only, value))
		return;
	text = json_dumps(only, JSON_COMPACT | JSON_ENCODE_ANY);
	bad(c, NULL, "must be %.200s", text == NULL ? "what it must be" : text);
	free(text);
}

/* A limit of a schema; false when it is not there. */
static bool limit_of(const json_t *schema, const char *keyword, double *ret)
{
	const json_t *limit = json_object_get(schema, keyword);

	if (!json_is_number(limit))
		return false;
	*ret = json_number_value(limit);
	return true;
}

static void check_count(struct check *c, const json_t *schema, const char *least, const char *most,
                        size_t n, const char *what)
{
	double limit;

	if (limit_of(schema, least, &limit) && (double)n < limit)
		bad(c, NULL, "must have at least %.0f %s", limit, what);
	if (limit_of(schema, most, &limit) && (double)n > limit)
		bad(c, NULL, "must have at most %.0f %s", limit, what);
}

static void check_number(struct check *c, const json_t *schema, const json_t *value)
{
	double limit, v = json_number_value(value);

	if (limit_of(schema, "minimum", &limit) && v < limit)
		bad(c, NULL, "must be at least %g", limit);
	if (limit_of(schema, "maximum", &limit) && v > limit)
		bad(c, NULL, "must be at most %g", limit);
	if (limit_of(schema, "exclusiveMinimum", &limit) && v <= limit)
		bad(c, NULL, "must be more than %g", limit);
	if (limit_of(schema, "exclusiveMaximum", &limit) && v >= limit)
		bad(c, NULL, "must be less than %g", limit);
}

static size_t characters(const json_t *value)
{
	const char *p = json_string_value(value);
	size_t n = 0;

	for (size_t i = 0; i < json_string_length(value); i++)
		n += ((unsigned char)p[i] & 0xc0) != 0x80;
	return n;
}

static void check_string(struct check *c, const json_t *schema, const json_t *value)
{
	check_count(c, schema, "minLength", "maxLength", characters(value), "characters");
	/* The connector would have the value itself, and so would whoever reads its configuration.
	 */
	if (json_is_true(json_object_get(schema, "x-fairlead-secret")) &&
	    strstr(json_string_value(value), "${secret:") == NULL)
		fl_problem_warn(c->problems,
		                add(c, "secret_literal",
		                    "define it under secrets:, grant it, and write ${secret:NAME}",
		                    FL_STR("is a secret, written out")));
}

/* ---- what is inside ---- */

static void enter(struct check *c, const json_t *schema, const json_t *value, size_t mark)
{
	c->depth++;
	if (c->depth <= DEPTH_MAX)
		check_value(c, schema, value);
	c->depth--;
	fl_pointer_pop(&c->at, mark);
}

static const char *nearest_key(const json_t *properties, const char *key)
{
	const char *names[64], *name;
	json_t *item;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)properties, name, item)
	{
		(void)item;
		if (n < FL_ARRAY_LEN(names))
			names[n++] = name;
	}
	return fl_str_nearest(fl_str(key), names, n);
}

static void check_extra(struct check *c, const json_t *schema, const char *key, const json_t *value)
{
	const json_t *extra = json_object_get(schema, "additionalProperties");
	const char *near;
	char hint[120];

	if (json_is_object(extra))
		enter(c, extra, value, fl_pointer_push(&c->at, fl_str(key)));
	if (!json_is_false(extra))
		return;
	near = nearest_key(json_object_get(schema, "properties"), key);
	(void)snprintf(hint, sizeof hint, "did you mean \"%.90s\"?", near == NULL ? "" : near);
	bad(c, near == NULL ? NULL : hint, "has no key \"%.100s\"", key);
}

static void check_object(struct check *c, const json_t *schema, const json_t *value)
{
	const json_t *properties = json_object_get(schema, "properties");
	const json_t *required = json_object_get(schema, "required");
	const char *key;
	json_t *member;

	for (size_t i = 0; i < json_array_size(required); i++) {
		key = json_string_value(json_array_get(required, i));
		if (key != NULL && json_object_get(value, key) == NULL)
			bad(c, NULL, "needs the key \"%.100s\"", key);
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		const json_t *known = json_object_get(properties, key);

		if (known != NULL)
			enter(c, known, member, fl_pointer_push(&c->at, fl_str(key)));
		else
			check_extra(c, schema, key, member);
	}
	check_count(c, schema, "minProperties", "maxProperties", json_object_size(value), "keys");
}

static void check_array(struct check *c, const json_t *schema, const json_t *value)
{
	const json_t *items = json_object_get(schema, "items");
	size_t n = json_array_size(value);

	for (size_t i = 0; items != NULL && i < n; i++)
		enter(c, items, json_array_get(value, i), fl_pointer_push_index(&c->at, i));
	check_count(c, schema, "minItems", "maxItems", n, "items");
	if (!json_is_true(json_object_get(schema, "uniqueItems")) || n > UNIQUE_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (json_equal(json_array_get(value, i), json_array_get(value, k))) {
				bad(c, NULL, "has the same item twice");
				return;
			}
}

static void check_all_of(struct check *c, const json_t *all, const json_t *value)
{
	c->depth++;
	for (size_t i = 0; c->depth <= DEPTH_MAX && i < json_array_size(all); i++)
		check_value(c, json_array_get(all, i), value);
	c->depth--;
}

static void check_value(struct check *c, const json_t *schema, const json_t *value)
{
	const json_t *keyword;

	if (json_is_false(schema))
		bad(c, NULL, "may not be here");
	keyword = json_object_get(schema, "type");
	if ((json_is_string(keyword) || json_is_array(keyword)) && !check_type(c, keyword, value))
		return; /* what else is wrong with it says nothing */
	keyword = json_object_get(schema, "enum");
	if (json_is_array(keyword))
		check_enum(c, keyword, value);
	keyword = json_object_get(schema, "const");
	if (keyword != NULL)
		check_const(c, keyword, value);
	if (json_is_object(value))
		check_object(c, schema, value);
	else if (json_is_array(value))
		check_array(c, schema, value);
	else if (json_is_number(value))
		check_number(c, schema, value);
	else if (json_is_string(value))
		check_string(c, schema, value);
	check_all_of(c, json_object_get(schema, "allOf"), value);
}

bool fl_connector_config_check(const struct fl_manifest *manifest,
                               const struct fl_cfg_instance *instance, struct fl_problems *problems)
{
	struct check c = {.instance = instance, .problems = problems};
	json_t *schema, *value;

	if (manifest->config_schema_json.n == 0)
		return true;
	schema = json_loadb(manifest->config_schema_json.p, manifest->config_schema_json.n,
	                    JSON_DECODE_ANY, NULL);
	value = json_loadb(instance->config_json.p, instance->config_json.n, JSON_DECODE_ANY, NULL);
	if (schema != NULL && value != NULL)
		check_value(&c, schema, value);
	json_decref(schema);
	json_decref(value);
	return c.faults == 0;
}
