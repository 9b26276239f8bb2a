/* gateway/config/check.c - a tree becomes structs, by the table of keys
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/schema.h"

#include "gateway/config/value.h"

struct check {
	struct fl_cfg_load *load;
	struct fl_cfg_schema schema;
};

static void check_map(struct check *c, struct fl_cfg_node *node, int row, void *target);

static void *at(void *target, const struct fl_cfg_key *key)
{
	return (char *)target + key->offset;
}

/* What to quote in a message: as written, since a substituted value may be private; not too long. */
static struct fl_str shown(const struct fl_cfg_node *node)
{
	return fl_str_cut(node->written.p != NULL ? node->written : node->text, 80);
}

/* ---- types ---- */

static const char *const expected[FL_CFG_TYPE_N] = {
    [FL_CFG_TYPE_MAP] = "a map",
    [FL_CFG_TYPE_NAMED] = "a map from names to maps",
    [FL_CFG_TYPE_LISTED] = "a list of maps",
    [FL_CFG_TYPE_STRING] = "a string",
    [FL_CFG_TYPE_STRINGS] = "a list of strings",
    [FL_CFG_TYPE_BOOL] = "true or false",
    [FL_CFG_TYPE_COUNT] = "a whole number",
    [FL_CFG_TYPE_SIZE] = "a size",
    [FL_CFG_TYPE_DURATION] = "a duration",
    [FL_CFG_TYPE_RATE] = "a rate",
    [FL_CFG_TYPE_TIME] = "a time",
    [FL_CFG_TYPE_WORDS] = "a list of words",
    [FL_CFG_TYPE_NODE] = "a map",
};

static void hint_type(struct check *c, struct fl_problem *p, const struct fl_cfg_node *node,
		      const struct fl_cfg_key *key)
{
	if (node->kind == FL_CFG_NULL)
		fl_cfg_hint(c->load, p, "give it a value or remove the key");
	else if (key->type == FL_CFG_TYPE_DURATION && node->kind == FL_CFG_INT)
		fl_cfg_hint(c->load, p, "say the unit: \"%.*sms\" or \"%.*ss\"",
			    FL_STR_ARGS(node->text), FL_STR_ARGS(node->text));
	else if (key->type == FL_CFG_TYPE_STRING && node->kind < FL_CFG_LIST)
		fl_cfg_hint(c->load, p, "quote it: \"%.*s\"", FL_STR_ARGS(node->text));
	else if ((key->type == FL_CFG_TYPE_STRINGS || key->type == FL_CFG_TYPE_WORDS) &&
		 node->kind < FL_CFG_LIST)
		fl_cfg_hint(c->load, p, "write a list: [\"%.*s\"]", FL_STR_ARGS(shown(node)));
	else if (key->type == FL_CFG_TYPE_BOOL && node->kind == FL_CFG_STRING)
		fl_cfg_hint(c->load, p, "write true or false, without quotes");
	else if (key->type == FL_CFG_TYPE_COUNT && node->kind == FL_CFG_STRING)
		fl_cfg_hint(c->load, p, "write the number without quotes");
	else if (key->example != NULL)
		fl_cfg_hint(c->load, p, "for example: %s", key->example);
}

static void refuse_type(struct check *c, const struct fl_cfg_node *node,
			const struct fl_cfg_key *key)
{
	bool is_bare =
	    key->type == FL_CFG_TYPE_DURATION && node->kind == FL_CFG_INT && node->text.n <= 20;
	struct fl_problem *p =
	    fl_cfg_bad(c->load, node, is_bare ? "duration_unit" : "wrong_type",
		       "\"%s\" must be %s, not %s", fl_cfg_key_name(key), expected[key->type],
		       fl_cfg_kind_name(node->kind));

	hint_type(c, p, node, key);
}

/* Is the node of a kind that can hold the type? What came out of ${...} is a string that may be
 * read as any scalar. */
static bool has_kind(const struct fl_cfg_node *node, const struct fl_cfg_key *key)
{
	bool was_substituted = node->written.p != NULL;

	if (key->flags & FL_CFG_TAKES_ONE && node->kind == FL_CFG_STRING)
		return true;
	switch (key->type) {
	case FL_CFG_TYPE_MAP:
	case FL_CFG_TYPE_NAMED:
	case FL_CFG_TYPE_NODE: /* "routes:" with nothing below it is an empty map */
		return node->kind == FL_CFG_MAP || node->kind == FL_CFG_NULL;
	case FL_CFG_TYPE_STRING:
	case FL_CFG_TYPE_DURATION:
	case FL_CFG_TYPE_RATE:
	case FL_CFG_TYPE_TIME:
		return node->kind == FL_CFG_STRING;
	case FL_CFG_TYPE_LISTED: /* and so is an empty list */
		return node->kind == FL_CFG_LIST || node->kind == FL_CFG_NULL;
	case FL_CFG_TYPE_STRINGS:
	case FL_CFG_TYPE_WORDS:
		return node->kind == FL_CFG_LIST;
	case FL_CFG_TYPE_BOOL:
		return node->kind == FL_CFG_BOOL || was_substituted;
	case FL_CFG_TYPE_COUNT:
		return node->kind == FL_CFG_INT || was_substituted;
	case FL_CFG_TYPE_SIZE:
		return node->kind == FL_CFG_INT || node->kind == FL_CFG_STRING;
	case FL_CFG_TYPE_N:
		break;
	}
	return false;
}

/* ---- values ---- */

static void refuse_value(struct check *c, const struct fl_cfg_node *node, const struct fl_cfg_key *key,
			 const char *must_be)
{
	static const char *words[FL_CFG_WORDS_MAX];
	struct fl_problem *p = fl_cfg_bad(c->load, node, "bad_value", "\"%.*s\" is not %s",
					  FL_STR_ARGS(shown(node)), must_be);
	struct fl_str rest = fl_str(key->words);
	size_t n = 0;
	const char *near;

	if (!key->only_words)
		return;
	while (rest.p != NULL && n < FL_ARRAY_LEN(words)) {
		struct fl_str word = fl_arena_str(&c->load->scratch, fl_str_split(rest, '|', &rest));

		if (word.p != NULL)
			words[n++] = word.p;
	}
	near = fl_str_nearest(node->text, words, n);
	if (near != NULL)
		fl_cfg_hint(c->load, p, "did you mean \"%s\"?", near);
	else
		fl_cfg_hint(c->load, p, "there is: %s", key->words);
}

static void add_limit(struct fl_buf *out, const struct fl_cfg_key *key, uint64_t v)
{
	if (key->type == FL_CFG_TYPE_DURATION)
		fl_cfg_value_add_duration(out, v);
	else if (key->type == FL_CFG_TYPE_SIZE)
		fl_cfg_value_add_size(out, v);
	else
		fl_buf_add_u64(out, v);
}

/* `v` counts what the row's limits count; `what` names it: "", " items", " bytes". */
static bool check_range(struct check *c, const struct fl_cfg_node *node, const struct fl_cfg_key *key,
			uint64_t v, const char *what)
{
	struct fl_buf text;

	if (key->max == 0 || (v >= key->min && v <= key->max))
		return true;
	fl_buf_init(&text, 100);
	add_limit(&text, key, key->min);
	fl_buf_add_c(&text, " to ");
	add_limit(&text, key, key->max);
	struct fl_problem *p = fl_cfg_bad(c->load, node, "out_of_range", "\"%s\" may be %s%s",
					  fl_cfg_key_name(key), fl_buf_cstr(&text), what);

	if (*what == '\0')
		fl_cfg_hint(c->load, p, "it is %.*s", FL_STR_ARGS(shown(node)));
	else
		fl_cfg_hint(c->load, p, "it has %llu", (unsigned long long)v);
	fl_buf_fini(&text);
	return false;
}

static bool check_text(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key)
{
	if (key->words != NULL && fl_cfg_key_has_word(key, node->text))
		return true;
	if (key->only_words)
		refuse_value(c, node, key, "one of the values that it may have");
	else if (!fl_cfg_format_check(&c->load->scratch, key->format, node->file->dir, &node->text))
		refuse_value(c, node, key, fl_cfg_format_text(key->format));
	else
		return true;
	return false;
}

static void take_string(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key,
			struct fl_str *ret)
{
	if (check_text(c, node, key) && check_range(c, node, key, node->text.n, " bytes"))
		*ret = node->text;
}

static void take_bool(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key, bool *ret)
{
	if (fl_str_is(node->text, "true") || fl_str_is(node->text, "false"))
		*ret = node->text.n == 4;
	else
		refuse_value(c, node, key, "true or false");
}

static void take_number(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key,
			uint64_t *ret)
{
	static const char *const forms[FL_CFG_TYPE_N] = {
	    [FL_CFG_TYPE_COUNT] = "a whole number that is not negative",
	    [FL_CFG_TYPE_SIZE] = "a size such as \"512B\", \"64KiB\" or \"1MiB\"",
	    [FL_CFG_TYPE_TIME] = "a time in UTC such as \"2027-01-01T00:00:00Z\"",
	    [FL_CFG_TYPE_DURATION] = "a duration such as \"250ms\", \"5s\", \"1m\" or \"1h\"",
	};
	uint64_t v = 0;
	bool ok = key->type == FL_CFG_TYPE_COUNT  ? fl_cfg_value_count(node->text, &v)
		  : key->type == FL_CFG_TYPE_SIZE ? fl_cfg_value_size(node->text, &v)
		  : key->type == FL_CFG_TYPE_TIME ? fl_cfg_value_time(node->text, &v)
						  : fl_cfg_value_duration(node->text, &v);

	if (!ok)
		refuse_value(c, node, key, forms[key->type]);
	else if (check_range(c, node, key, v, ""))
		*ret = v;
}

static void take_rate(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key,
		      struct fl_cfg_rate *ret)
{
	if (!fl_cfg_value_rate(node->text, ret))
		refuse_value(c, node, key,
			     "a rate such as \"100/1m\": 1 to 1000000000 in whole seconds from 1s to 24h");
}

/* A secret stays as it was written: for whoever reads the configuration, and for messages. */
static bool is_secret_ref(struct check *c, struct fl_cfg_node *item, const struct fl_cfg_key *key)
{
	struct fl_str written = item->text;

	if (!check_text(c, item, key))
		return false;
	item->written = written;
	return true;
}

static bool is_item(struct check *c, struct fl_cfg_node *item, const struct fl_cfg_key *key)
{
	if (item->kind == FL_CFG_STRING && key->format == FL_CFG_FORMAT_SECRET_REF)
		return is_secret_ref(c, item, key);
	if (item->kind == FL_CFG_STRING && fl_cfg_substitute(c->load, item, FL_CFG_SUBST_PLAIN))
		return check_text(c, item, key);
	if (item->kind == FL_CFG_STRING)
		return false;
	struct fl_problem *p = fl_cfg_bad(c->load, item, "wrong_type", "\"%s\" is a list of strings; this is %s",
					  fl_cfg_key_name(key), fl_cfg_kind_name(item->kind));

	if (item->kind < FL_CFG_LIST && item->text.n != 0)
		fl_cfg_hint(c->load, p, "quote it: \"%.*s\"", FL_STR_ARGS(shown(item)));
	return false;
}

static void take_strings(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key,
			 struct fl_cfg_strings *ret)
{
	/* One more, so that an empty list is not the same as none. */
	struct fl_str *items = fl_arena_array(&c->load->scratch, node->n + 1u, sizeof *items);
	size_t n = 0;

	if (items == NULL)
		return;
	if (node->kind == FL_CFG_STRING) { /* FL_CFG_TAKES_ONE */
		if (check_text(c, node, key))
			items[n++] = node->text;
		*ret = (struct fl_cfg_strings){items, n};
		return;
	}
	if (!check_range(c, node, key, node->n, " items"))
		return;
	for (struct fl_cfg_node *item = node->first; item != NULL; item = item->next)
		if (is_item(c, item, key))
			items[n++] = item->text;
	*ret = (struct fl_cfg_strings){items, n};
}

static void take_words(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key,
		       uint32_t *ret)
{
	uint32_t bits = 0;

	if (node->kind == FL_CFG_STRING) {
		if (check_text(c, node, key))
			*ret = 1u << fl_cfg_key_word_index(key, node->text);
		return;
	}
	if (!check_range(c, node, key, node->n, " items"))
		return;
	for (struct fl_cfg_node *item = node->first; item != NULL; item = item->next)
		if (is_item(c, item, key))
			bits |= 1u << fl_cfg_key_word_index(key, item->text);
	*ret = bits;
}

/* ---- maps that are read elsewhere ---- */

/* What stands below `config:` is the connector's; only substitution is done. */
static void substitute_below(struct check *c, struct fl_cfg_node *node)
{
	(void)fl_cfg_substitute(c->load, node, FL_CFG_SUBST_CONNECTOR);
	for (struct fl_cfg_node *n = node->first; n != NULL; n = n->next)
		substitute_below(c, n);
}

static bool check_entry_name(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key)
{
	struct fl_str name = node->key;

	if (fl_cfg_format_check(&c->load->scratch, key->format, NULL, &name)) {
		node->key = name;
		return true;
	}
	(void)fl_cfg_bad_key(c->load, node, "bad_value", "\"%.*s\" is not %s",
			     FL_STR_ARGS(fl_str_cut(name, 80)),
			     fl_cfg_format_text(key->format));
	return false;
}

static void check_secret(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key)
{
	struct fl_problem *p;

	if (node->kind != FL_CFG_STRING) {
		p = fl_cfg_bad(c->load, node, "wrong_type", "a secret must be a string, not %s",
			       fl_cfg_kind_name(node->kind));
		fl_cfg_hint(c->load, p, "for example: %s", key->example);
		return;
	}
	if (!fl_cfg_substitute(c->load, node, FL_CFG_SUBST_PLAIN))
		return;
	if (node->text.n == 0 || node->text.n > FL_CFG_VALUE_MAX) {
		p = fl_cfg_bad(c->load, node, "secret_invalid", "the secret \"%.*s\" is %s",
			       FL_STR_ARGS(node->key), node->text.n == 0 ? "empty" : "too long");
		fl_cfg_hint(c->load, p, "it may have 1 to %u bytes", FL_CFG_VALUE_MAX);
	} else if (node->written.p == NULL) {
		p = fl_cfg_bad(c->load, node, "secret_literal", "the secret \"%.*s\" is written in the file",
			       FL_STR_ARGS(node->key));
		fl_cfg_hint(c->load, p, "keep it elsewhere: ${env:NAME} or ${file:PATH}");
		fl_problem_warn(c->load->problems, p);
	}
}

static void check_label(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key)
{
	if (node->kind != FL_CFG_STRING) {
		struct fl_problem *p = fl_cfg_bad(c->load, node, "wrong_type",
						  "a label's value must be a string, not %s",
						  fl_cfg_kind_name(node->kind));

		fl_cfg_hint(c->load, p, "for example: %s", key->example);
		return;
	}
	if (!fl_cfg_substitute(c->load, node, FL_CFG_SUBST_PLAIN) || node->text.n <= FL_CFG_LABEL_MAX)
		return;
	struct fl_problem *p = fl_cfg_bad(c->load, node, "out_of_range",
					  "the value of a label may be at most %u bytes", FL_CFG_LABEL_MAX);

	fl_cfg_hint(c->load, p, "it has %zu", node->text.n);
}

static bool is_present_map(const struct fl_cfg_node *node)
{
	const struct fl_cfg_node *present = fl_cfg_node_find(node, "present");

	return present != NULL && node->n == 1 && present->kind == FL_CFG_BOOL &&
	       fl_str_is(present->text, "true");
}

static void check_header(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key)
{
	if (node->kind == FL_CFG_STRING) {
		(void)fl_cfg_substitute(c->load, node, FL_CFG_SUBST_PLAIN);
	} else if (!is_present_map(node)) {
		struct fl_problem *p = fl_cfg_bad(c->load, node, "wrong_type",
						  "a header's value must be a string or { present: true }");

		fl_cfg_hint(c->load, p, "for example: %s", key->example);
	}
}

static void take_node(struct check *c, struct fl_cfg_node *node, const struct fl_cfg_key *key,
		      struct fl_cfg_node **ret)
{
	node->kind = FL_CFG_MAP; /* it may have been nothing */
	*ret = node;
	if (key->flags & FL_CFG_OF_CONNECTOR) {
		substitute_below(c, node);
		return;
	}
	if (!check_range(c, node, key, node->n, " entries"))
		return;
	for (struct fl_cfg_node *n = node->first; n != NULL; n = n->next) {
		if (!check_entry_name(c, n, key))
			continue;
		if (key->flags & FL_CFG_OF_SECRETS)
			check_secret(c, n, key);
		else if (key->flags & FL_CFG_OF_LABELS)
			check_label(c, n, key);
		else
			check_header(c, n, key);
	}
}

/* ---- defaults ---- */

/* "[]" or "[\"one\"]": all that defaults of lists need to be. */
static struct fl_cfg_strings fallback_list(struct check *c, const char *text)
{
	struct fl_str *items = fl_arena_array(&c->load->scratch, 2, sizeof *items);
	size_t len = strlen(text);

	if (items == NULL || len < 4)
		return (struct fl_cfg_strings){items, 0};
	items[0] = fl_str_n(text + 2, len - 4);
	return (struct fl_cfg_strings){items, 1};
}

static void set_fallback(struct check *c, const struct fl_cfg_key *key, void *target)
{
	struct fl_str text = fl_str(key->fallback);
	bool ok = true;

	if (key->fallback == NULL)
		return;
	if (key->type == FL_CFG_TYPE_STRING)
		*(struct fl_str *)at(target, key) = text;
	else if (key->type == FL_CFG_TYPE_STRINGS)
		*(struct fl_cfg_strings *)at(target, key) = fallback_list(c, key->fallback);
	else if (key->type == FL_CFG_TYPE_BOOL)
		*(bool *)at(target, key) = fl_str_is(text, "true");
	else if (key->type == FL_CFG_TYPE_WORDS)
		*(uint32_t *)at(target, key) = 1u << fl_cfg_key_word_index(key, text);
	else if (key->type == FL_CFG_TYPE_SIZE)
		ok = fl_cfg_value_size(text, at(target, key));
	else if (key->type == FL_CFG_TYPE_DURATION)
		ok = fl_cfg_value_duration(text, at(target, key));
	else if (!fl_cfg_key_has_word(key, text)) /* the word means 0, and 0 is there */
		ok = fl_cfg_value_count(text, at(target, key));
	FL_ASSERT(ok);
}

static void set_fallbacks(struct check *c, int row, void *target)
{
	for (; row >= 0; row = c->schema.next[row]) {
		set_fallback(c, &fl_cfg_keys[row], target);
		if (fl_cfg_keys[row].type == FL_CFG_TYPE_MAP)
			set_fallbacks(c, c->schema.first[row], target);
	}
}

/* ---- maps ---- */

/* The entries of a map from names, or the items of a list. */
static void take_items(struct check *c, struct fl_cfg_node *node, int row, struct fl_cfg_items *ret)
{
	const struct fl_cfg_key *key = &fl_cfg_keys[row];
	size_t n = 0, size = key->item_bytes;
	char *items;

	if (!check_range(c, node, key, node->n, key->type == FL_CFG_TYPE_NAMED ? " entries" : " items"))
		return;
	items = fl_arena_array(&c->load->scratch, node->n + 1u, size); /* the last: defaults */
	if (items == NULL)
		return;
	set_fallbacks(c, c->schema.first[row], items + node->n * size);
	for (struct fl_cfg_node *child = node->first; child != NULL; child = child->next, n++) {
		struct fl_cfg_item *item = (void *)(items + n * size);

		memcpy(item, items + node->n * size, size);
		if (key->type == FL_CFG_TYPE_NAMED)
			(void)check_entry_name(c, child, key);
		item->name = child->key;
		item->node = child;
		if (child->kind == FL_CFG_MAP || child->kind == FL_CFG_NULL) {
			check_map(c, child, row, item);
		} else {
			struct fl_str what = key->type == FL_CFG_TYPE_NAMED ? child->key
									    : fl_str(fl_cfg_key_name(key));
			struct fl_problem *p =
			    fl_cfg_bad(c->load, child, "wrong_type", "\"%.*s\" must be a map, not %s",
				       FL_STR_ARGS(what), fl_cfg_kind_name(child->kind));

			fl_cfg_hint(c->load, p, "write its keys below it, or as { key: value }");
		}
	}
	*ret = (struct fl_cfg_items){items, n};
}

static void check_value(struct check *c, struct fl_cfg_node *node, int row, void *target)
{
	const struct fl_cfg_key *key = &fl_cfg_keys[row];

	if (node->kind == FL_CFG_STRING && !fl_cfg_substitute(c->load, node, FL_CFG_SUBST_PLAIN))
		return;
	if (key->type == FL_CFG_TYPE_COUNT && key->words != NULL &&
	    fl_str_is(node->text, key->words)) {
		*(uint64_t *)at(target, key) = 0;
		return;
	}
	if (!has_kind(node, key)) {
		refuse_type(c, node, key);
		return;
	}
	switch (key->type) {
	case FL_CFG_TYPE_MAP:
		check_map(c, node, row, target);
		break;
	case FL_CFG_TYPE_NAMED:
	case FL_CFG_TYPE_LISTED:
		take_items(c, node, row, at(target, key));
		break;
	case FL_CFG_TYPE_STRING:
		take_string(c, node, key, at(target, key));
		break;
	case FL_CFG_TYPE_STRINGS:
		take_strings(c, node, key, at(target, key));
		break;
	case FL_CFG_TYPE_BOOL:
		take_bool(c, node, key, at(target, key));
		break;
	case FL_CFG_TYPE_COUNT:
	case FL_CFG_TYPE_SIZE:
	case FL_CFG_TYPE_DURATION:
	case FL_CFG_TYPE_TIME:
		take_number(c, node, key, at(target, key));
		break;
	case FL_CFG_TYPE_RATE:
		take_rate(c, node, key, at(target, key));
		break;
	case FL_CFG_TYPE_WORDS:
		take_words(c, node, key, at(target, key));
		break;
	case FL_CFG_TYPE_NODE:
		take_node(c, node, key, at(target, key));
		break;
	case FL_CFG_TYPE_N:
		break;
	}
}

static int first_row(const struct check *c, int row)
{
	return row < 0 ? c->schema.top : c->schema.first[row];
}

static void refuse_key(struct check *c, const struct fl_cfg_node *node, int row)
{
	const char *names[FL_CFG_KEYS_MAX];
	struct fl_buf all;
	size_t n = 0;
	struct fl_problem *p =
	    fl_cfg_bad_key(c->load, node, "unknown_key", "there is no key \"%.*s\" here",
			   FL_STR_ARGS(fl_str_cut(node->key, 80)));

	fl_buf_init(&all, 1000);
	for (int r = first_row(c, row); r >= 0; r = c->schema.next[r]) {
		names[n++] = fl_cfg_key_name(&fl_cfg_keys[r]);
		fl_buf_printf(&all, "%s%s", n == 1 ? "" : ", ", names[n - 1]);
	}
	const char *near = fl_str_nearest(node->key, names, n);

	if (near != NULL)
		fl_cfg_hint(c->load, p, "did you mean \"%s\"?", near);
	else
		fl_cfg_hint(c->load, p, "there is: %s", fl_buf_cstr(&all));
	fl_buf_fini(&all);
}

static void check_needed(struct check *c, const struct fl_cfg_node *map, int row)
{
	for (int r = first_row(c, row); r >= 0; r = c->schema.next[r]) {
		const struct fl_cfg_key *key = &fl_cfg_keys[r];

		if (!(key->flags & FL_CFG_IS_NEEDED) || fl_cfg_node_find(map, fl_cfg_key_name(key)))
			continue;
		struct fl_problem *p = fl_cfg_bad_key(c->load, map, "missing_key", "the key \"%s\" is missing",
						      fl_cfg_key_name(key));

		fl_cfg_hint(c->load, p, "for example: %s: %s", fl_cfg_key_name(key), key->example);
	}
}

static void check_map(struct check *c, struct fl_cfg_node *node, int row, void *target)
{
	node->kind = FL_CFG_MAP; /* it may have been nothing */
	for (struct fl_cfg_node *child = node->first; child != NULL; child = child->next) {
		int r = first_row(c, row);

		while (r >= 0 && !fl_str_is(child->key, fl_cfg_key_name(&fl_cfg_keys[r])))
			r = c->schema.next[r];
		if (r < 0)
			refuse_key(c, child, row);
		else
			check_value(c, child, r, target);
	}
	check_needed(c, node, row);
}

void fl_cfg_check(struct fl_cfg_load *load, struct fl_cfg_node *root, struct fl_cfg_raw *raw)
{
	struct check c = {.load = load};

	*raw = (struct fl_cfg_raw){.secrets = NULL};
	fl_cfg_schema_init(&c.schema);
	set_fallbacks(&c, c.schema.top, raw);
	check_map(&c, root, -1, raw);
}
