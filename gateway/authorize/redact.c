/* gateway/authorize/redact.c - takes members out of a JSON text
 * SPDX-License-Identifier: Apache-2.0
 *
 * A value that no pointer leads into is copied as it stands; an object or array that one leads into
 * is written anew from its members.
 */
#include "gateway/authorize/redact.h"

#include "policy/json.h"

struct writer {
	struct fl_str text;
	struct fl_arena *arena;
	char *at;
	bool is_full; /* the arena */
};

struct pointers { /* what is left of those that led here; each begins with "/" */
	const struct fl_str *items;
	size_t n;
};

static void put(struct writer *w, size_t from, size_t to)
{
	memcpy(w->at, w->text.p + from, to - from);
	w->at += to - from;
}

/* Is the first token of the pointer `name`? *ret is what follows it. */
static bool steps_to(struct fl_str pointer, struct fl_str name, struct fl_str *ret)
{
	size_t i = 1, k = 0;

	for (; i < pointer.n && pointer.p[i] != '/'; i++, k++) {
		char c = pointer.p[i];

		if (c == '~' && i + 1 < pointer.n)
			c = pointer.p[++i] == '0' ? '~' : '/';
		if (k >= name.n || name.p[k] != c)
			return false;
	}
	*ret = fl_str_n(pointer.p + i, pointer.n - i);
	return k == name.n;
}

/* Those that lead to or into the member; *ret_is_cut: one leads to it. */
static struct pointers step(struct writer *w, struct pointers from, struct fl_str name,
                            bool *ret_is_cut)
{
	struct fl_str *items = NULL, left;
	size_t n = 0;

	*ret_is_cut = false;
	for (size_t i = 0; i < from.n && !w->is_full; i++) {
		if (!steps_to(from.items[i], name, &left))
			continue;
		*ret_is_cut = *ret_is_cut || left.n == 0;
		if (!items)
			items = fl_arena_alloc(w->arena, from.n * sizeof *items);
		if (items)
			items[n++] = left;
		else
			w->is_full = true;
	}
	return (struct pointers){items, n};
}

static void write_value(struct writer *w, const struct fl_cedar_json *json, struct pointers ways);

/* The member that is written in the text from `at` on, unless it is cut; `name` leads to it. */
static void write_member(struct writer *w, size_t at, struct fl_str name,
                         const struct fl_cedar_json *value, struct pointers ways, bool *is_first)
{
	bool is_cut;
	struct pointers left = step(w, ways, name, &is_cut);

	if (is_cut)
		return;
	if (!*is_first)
		*w->at++ = ',';
	*is_first = false;
	put(w, at, value->at);
	write_value(w, value, left);
}

static struct fl_str index_name(char text[10], uint32_t i)
{
	size_t n = 10;

	do
		text[--n] = (char)('0' + i % 10);
	while ((i /= 10) != 0);
	return fl_str_n(text + n, 10 - n);
}

static void write_value(struct writer *w, const struct fl_cedar_json *json, struct pointers ways)
{
	bool is_object = json->kind == FL_CEDAR_JSON_OBJECT, is_first = true;
	char text[10];

	if (ways.n == 0 || (!is_object && json->kind != FL_CEDAR_JSON_ARRAY)) {
		put(w, json->at, json->end);
		return;
	}
	*w->at++ = is_object ? '{' : '[';
	for (uint32_t i = 0; i < json->n && !w->is_full; i++) {
		const struct fl_cedar_json_member *member = &json->u.members[i];

		if (is_object)
			write_member(w, member->at, member->key, &member->value, ways, &is_first);
		else
			write_member(w, json->u.items[i].at, index_name(text, i), &json->u.items[i],
			             ways, &is_first);
	}
	*w->at++ = is_object ? '}' : ']';
}

bool fl_redact(struct fl_str json, const struct fl_str *pointers, size_t pointers_n,
               struct fl_arena *arena, struct fl_str *ret)
{
	struct writer w = {.text = json, .arena = arena};
	struct fl_problems problems;
	struct fl_cedar_json value;
	char *out;

	fl_problems_init(&problems, arena);
	if (fl_cedar_json_parse(arena, json, NULL, &value, &problems) != 0)
		return false;
	out = w.at = fl_arena_alloc(arena, json.n);
	if (!out)
		return false;
	write_value(&w, &value, (struct pointers){pointers, pointers_n});
	if (w.is_full)
		return false;
	*ret = fl_str_n(out, (size_t)(w.at - out));
	return true;
}
