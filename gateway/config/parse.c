/* gateway/config/parse.c - text to tree
 * SPDX-License-Identifier: Apache-2.0
 *
 * libyaml's events, read as YAML 1.2's core schema: yes, no, on and off are strings. No tags but
 * !!str, no merge keys, one document. Aliases are copied, up to a limit.
 */
#include "gateway/config/tree.h"

#include <yaml.h>

#include "base/map.h"
#include "gateway/config/value.h"

struct parser {
	yaml_parser_t yaml;
	struct fl_cfg_load *load;
	const struct fl_cfg_file *file;
	struct fl_str text;
	struct fl_map anchors;
	struct fl_cfg_node *root;
	struct fl_cfg_node *open[FL_CFG_DEPTH_MAX]; /* lists and maps we are inside of */
	size_t depth;
	struct fl_str key; /* of the value to come, when the innermost is a map */
	yaml_mark_t key_mark;
	yaml_mark_t end;   /* of the last scalar */
	bool is_bracketed; /* the root: { ... } */
	bool has_key, is_done;
};

static struct fl_position position(const struct parser *p, yaml_mark_t mark)
{
	return (struct fl_position){p->file->name, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

/* Notes a problem at `mark`; parsing ends. */
static bool stop(struct parser *p, yaml_mark_t mark, const char *code, const char *what,
		 const char *hint)
{
	struct fl_str where =
	    p->depth == 0 ? FL_STR_NULL : fl_cfg_pointer(p->load, p->open[p->depth - 1], NULL);
	struct fl_problem *problem =
	    fl_problems_add(p->load->problems, code, position(p, mark), where, "%s", what);

	fl_cfg_hint(p->load, problem, "%s", hint);
	return false;
}

/* The same at a value that is in the tree. */
static bool stop_at(struct parser *p, const struct fl_cfg_node *node, const char *code,
		    const char *what, const char *hint)
{
	fl_cfg_hint(p->load, fl_cfg_bad(p->load, node, code, "%s", what), "%s", hint);
	return false;
}

/* ---- what libyaml refuses ---- */

/* What follows `mark`, whose index counts characters. */
static struct fl_str text_at(const struct parser *p, yaml_mark_t mark)
{
	size_t at = 0;

	for (size_t i = 0; i < mark.index && at < p->text.n; i++)
		do
			at++;
		while (at < p->text.n && ((unsigned char)p->text.p[at] & 0xc0) == 0x80);
	return fl_str_n(p->text.p + at, p->text.n - at);
}

static bool is_blank(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (memchr(" \t\r\n", s.p[i], 4) == NULL)
			return false;
	return true;
}

static const char *syntax_hint(const struct parser *p, yaml_mark_t mark)
{
	const char *problem = p->yaml.problem ? p->yaml.problem : "";
	struct fl_str rest = text_at(p, mark);

	if (is_blank(rest))
		return "the text ends too early: a bracket or quote is not closed, or the file is cut off";
	if (rest.p[0] == '\t')
		return "indent with spaces; YAML allows no tabs there";
	if (strstr(problem, "mapping values are not allowed"))
		return "quote a string that holds \": \"";
	if (strstr(problem, "cannot start any token"))
		return "quote a string that begins with this character";
	if (strstr(problem, "Unicode character escape"))
		return "write the character itself instead of two \\u escapes";
	return "look for wrong indentation, a missing \":\", \",\" or quote";
}

static bool stop_syntax(struct parser *p)
{
	yaml_mark_t mark = p->yaml.problem_mark;
	char what[300];

	if (p->yaml.error == YAML_MEMORY_ERROR)
		return stop(p, mark, "out_of_memory", "no memory to read the configuration",
			    "raise the memory limit of the process");
	(void)snprintf(what, sizeof what, "%s%s%s", p->yaml.problem ? p->yaml.problem : "not YAML",
		       p->yaml.context ? " " : "", p->yaml.context ? p->yaml.context : "");
	return stop(p, mark, "yaml_syntax", what, syntax_hint(p, mark));
}

/* ---- building ---- */

static struct fl_str keep(struct parser *p, const yaml_char_t *bytes, size_t n)
{
	return fl_arena_str(&p->load->scratch, fl_str_n((const char *)bytes, n));
}

static void place(struct parser *p, struct fl_cfg_node *node, yaml_mark_t mark)
{
	node->file = p->file;
	node->line = (uint32_t)mark.line + 1;
	node->column = (uint32_t)mark.column + 1;
	if (p->has_key) {
		node->key = p->key;
		node->key_line = (uint32_t)p->key_mark.line + 1;
		node->key_column = (uint32_t)p->key_mark.column + 1;
		p->has_key = false;
	}
	if (p->depth == 0)
		p->root = node;
}

static struct fl_cfg_node *add(struct parser *p, enum fl_cfg_kind kind, yaml_mark_t mark)
{
	struct fl_cfg_node *node =
	    fl_cfg_node_add(p->load, p->depth ? p->open[p->depth - 1] : NULL, kind);

	if (node != NULL)
		place(p, node, mark);
	return node;
}

static bool remember_anchor(struct parser *p, const yaml_char_t *anchor, struct fl_cfg_node *node)
{
	if (anchor == NULL)
		return true;
	struct fl_str name = keep(p, anchor, strlen((const char *)anchor));

	return name.p != NULL && fl_map_put(&p->anchors, name, node, NULL) == 0;
}

static bool is_plain_tag(const yaml_char_t *tag)
{
	return tag == NULL || strcmp((const char *)tag, "!") == 0 ||
	       strcmp((const char *)tag, YAML_STR_TAG) == 0;
}

static bool expects_key(const struct parser *p)
{
	return p->depth != 0 && p->open[p->depth - 1]->kind == FL_CFG_MAP && !p->has_key;
}

static bool take_key(struct parser *p, const yaml_event_t *e)
{
	p->key = keep(p, e->data.scalar.value, e->data.scalar.length);
	p->key_mark = e->start_mark;
	p->has_key = true;
	if (memchr(e->data.scalar.value, '\0', e->data.scalar.length) != NULL)
		return stop(p, e->start_mark, "text_nul", "there is a NUL in the key", "remove it");
	if (p->key.n > FL_CFG_KEY_MAX)
		return stop(p, e->start_mark, "key_too_long", "a key may have 1024 bytes",
			    "shorten it; is a \":\" missing?");
	if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && fl_str_is(p->key, "<<"))
		return stop(p, e->start_mark, "yaml_merge",
			    "merge keys (<<) are not part of YAML 1.2",
			    "write the keys out, or give the whole map by an alias");
	return p->key.p != NULL;
}

static bool on_scalar(struct parser *p, const yaml_event_t *e)
{
	bool is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && e->data.scalar.tag == NULL;

	if (!is_plain_tag(e->data.scalar.tag))
		return stop(p, e->start_mark, "yaml_tag", "tags are not supported", "remove it");
	if (expects_key(p) && e->data.scalar.anchor == NULL)
		return take_key(p, e);
	if (expects_key(p))
		return stop(p, e->start_mark, "yaml_key", "a key may not have an anchor", "remove it");
	struct fl_cfg_node *node = add(p, FL_CFG_STRING, e->start_mark);

	if (node == NULL)
		return false;
	node->text = keep(p, e->data.scalar.value, e->data.scalar.length);
	if (memchr(e->data.scalar.value, '\0', e->data.scalar.length) != NULL)
		return stop_at(p, node, "text_nul", "there is a NUL in the string", "remove it");
	if (is_plain) {
		node->kind = (uint8_t)fl_cfg_value_kind(node->text);
		if ((node->kind == FL_CFG_INT || node->kind == FL_CFG_FLOAT) &&
		    node->text.n > FL_CFG_NUMBER_MAX)
			return stop_at(p, node, "number_too_long",
				       "no number is written with so many digits",
				       "quote it if it is meant as a string");
		if (node->kind == FL_CFG_BOOL)
			node->text = (node->text.p[0] | 0x20) == 't' ? FL_STR("true") : FL_STR("false");
	}
	return node->text.p != NULL && remember_anchor(p, e->data.scalar.anchor, node);
}

static bool too_deep(struct parser *p, yaml_mark_t mark)
{
	return stop(p, mark, "too_deep", "maps and lists may be nested 32 levels deep", "flatten it");
}

static bool on_begin(struct parser *p, const yaml_event_t *e, enum fl_cfg_kind kind,
		     const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (expects_key(p))
		return stop(p, e->start_mark, "yaml_key", "a key must be a string",
			    "quote a key that holds \"{\", \"[\" or \"?\"");
	if (tag != NULL)
		return stop(p, e->start_mark, "yaml_tag", "tags are not supported", "remove it");
	if (p->depth == FL_CFG_DEPTH_MAX)
		return too_deep(p, e->start_mark);
	struct fl_cfg_node *node = add(p, kind, e->start_mark);

	if (node == NULL || !remember_anchor(p, anchor, node))
		return false;
	node->is_open = true;
	p->open[p->depth++] = node;
	return true;
}

/* ---- keys that are there twice ---- */

static void refuse_twice(struct parser *p, const struct fl_cfg_node *first,
			 const struct fl_cfg_node *again)
{
	struct fl_problem *problem =
	    fl_cfg_bad_key(p->load, again, "duplicate_key", "the key \"%.*s\" is there twice",
			   FL_STR_ARGS(again->key));

	fl_cfg_hint(p->load, problem, "the first one is on line %u; remove one", first->key_line);
}

static bool check_twice_big(struct parser *p, struct fl_cfg_node *map)
{
	struct fl_map seen;
	bool ok = true;

	fl_map_init(&seen);
	for (struct fl_cfg_node *n = map->first; n != NULL && ok; n = n->next) {
		struct fl_cfg_node *first = fl_map_find(&seen, n->key);

		if (first != NULL)
			refuse_twice(p, first, n);
		else
			ok = fl_map_put(&seen, n->key, n, NULL) == 0;
	}
	fl_map_fini(&seen);
	return ok;
}

static bool check_twice(struct parser *p, struct fl_cfg_node *map)
{
	if (map->n > 16)
		return check_twice_big(p, map);
	for (struct fl_cfg_node *n = map->first; n != NULL; n = n->next)
		for (struct fl_cfg_node *m = map->first; m != n; m = m->next)
			if (fl_str_eq(m->key, n->key)) {
				refuse_twice(p, m, n);
				break;
			}
	return true;
}

static bool on_end(struct parser *p)
{
	struct fl_cfg_node *node = p->open[--p->depth];

	node->is_open = false;
	return node->kind != FL_CFG_MAP || check_twice(p, node);
}

/* ---- aliases ---- */

/* Copies what is below `from`; positions stay those of the original. `depth`: how many lists and
 * maps `to` is inside of. */
static bool copy_below(struct parser *p, struct fl_cfg_node *to, const struct fl_cfg_node *from,
		       size_t depth)
{
	struct fl_cfg_load *load = p->load;

	load->alias_cost += 1 + from->text.n / FL_CFG_ALIAS_BYTES + from->key.n / FL_CFG_ALIAS_BYTES;
	if (load->alias_cost > FL_CFG_ALIAS_MAX ||
	    (from->kind >= FL_CFG_LIST && depth == FL_CFG_DEPTH_MAX))
		return false;
	for (const struct fl_cfg_node *n = from->first; n != NULL; n = n->next) {
		struct fl_cfg_node *copy = fl_cfg_node_add(load, to, n->kind);

		if (copy == NULL)
			return false;
		copy->file = n->file;
		copy->key = n->key;
		copy->text = n->text;
		copy->line = n->line;
		copy->column = n->column;
		copy->key_line = n->key_line;
		copy->key_column = n->key_column;
		if (!copy_below(p, copy, n, depth + 1))
			return false;
	}
	return true;
}

static bool on_alias(struct parser *p, const yaml_event_t *e)
{
	struct fl_cfg_node *from = fl_map_find(&p->anchors, fl_str((const char *)e->data.alias.anchor));

	if (expects_key(p))
		return stop(p, e->start_mark, "yaml_key", "a key may not be an alias", "write it out");
	if (from == NULL)
		return stop(p, e->start_mark, "yaml_alias", "no anchor of this name stands before it",
			    "write &name where the value stands, above this line");
	if (from->is_open)
		return stop(p, e->start_mark, "yaml_alias", "the alias refers to what it is part of",
			    "write it out");
	struct fl_cfg_node *node = add(p, from->kind, e->start_mark);

	if (node == NULL)
		return false;
	node->text = from->text;
	if (copy_below(p, node, from, p->depth))
		return true;
	if (p->load->alias_cost > FL_CFG_ALIAS_MAX)
		return stop(p, e->start_mark, "too_many_aliases",
			    "aliases blow the configuration up beyond the limit",
			    "write it out, or use fewer aliases");
	if (p->load->is_full || fl_arena_is_overflown(&p->load->scratch))
		return false; /* told elsewhere */
	return too_deep(p, e->start_mark);
}

/* ---- the loop over events ---- */

static bool on_document(struct parser *p, const yaml_event_t *e)
{
	if (p->is_done)
		return stop(p, e->start_mark, "yaml_documents", "there is a second document",
			    "keep one; use include: for several files");
	p->is_done = true;
	return true;
}

static bool on_event(struct parser *p, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(p, e);
	case YAML_SCALAR_EVENT:
		p->end = e->end_mark;
		return on_scalar(p, e);
	case YAML_SEQUENCE_START_EVENT:
		return on_begin(p, e, FL_CFG_LIST, e->data.sequence_start.anchor,
				e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		if (p->depth == 0)
			p->is_bracketed = e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
		return on_begin(p, e, FL_CFG_MAP, e->data.mapping_start.anchor,
				e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(p);
	case YAML_ALIAS_EVENT:
		return on_alias(p, e);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return true;
}

static bool run(struct parser *p)
{
	bool more = true;

	while (more) {
		yaml_event_t e;

		if (!yaml_parser_parse(&p->yaml, &e))
			return stop_syntax(p);
		bool ok = on_event(p, &e);

		more = e.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
		if (!ok)
			return false;
	}
	return true;
}

/* A map without brackets has no end of its own: what is cut off in the middle of a line is often a
 * configuration, with another value there, and without what came after it. But editors leave the
 * last newline out, too: so it is told, and a reload looks at what was before (struct fl_config). */
static void check_end(struct parser *p)
{
	struct fl_str text = fl_str_trim(p->text);
	struct fl_problem *problem;

	if (p->is_bracketed || text.p[text.n - 1] == '\n')
		return;
	problem = fl_problems_add(p->load->problems, "cut_off", position(p, p->end), FL_STR_NULL,
				  "the last line is not ended: the text may be cut off");
	fl_cfg_hint(p->load, problem, "end it with a newline, if it is whole");
	fl_problem_warn(p->load->problems, problem);
	p->load->ends_midline = true;
}

static struct fl_cfg_node *check_root(struct parser *p)
{
	yaml_mark_t begin = {0};

	if (p->root == NULL || p->root->kind == FL_CFG_NULL)
		(void)stop(p, begin, "yaml_empty", "there is no configuration in the text",
			   "`fairlead init` writes one to begin with");
	else if (p->root->kind != FL_CFG_MAP)
		(void)stop(p, begin, "wrong_type", "a configuration is a map of keys",
			   "begin with \"apiVersion: fairlead/v1\"");
	else {
		check_end(p);
		return p->root;
	}
	return NULL;
}

struct fl_cfg_node *fl_cfg_parse(struct fl_cfg_load *load, const struct fl_cfg_file *file,
				 struct fl_str text)
{
	struct parser p = {.load = load, .file = file, .text = text};
	struct fl_cfg_node *root = NULL;

	p.text = text = fl_cfg_join_pairs(load, text);
	if (!yaml_parser_initialize(&p.yaml)) {
		(void)stop(&p, (yaml_mark_t){0}, "out_of_memory", "no memory to read the configuration",
			   "raise the memory limit of the process");
		return NULL;
	}
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.yaml, (const unsigned char *)(text.n ? text.p : ""), text.n);
	fl_map_init(&p.anchors);
	if (run(&p))
		root = check_root(&p);
	fl_map_fini(&p.anchors);
	yaml_parser_delete(&p.yaml);
	return root;
}
