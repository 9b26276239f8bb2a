/* gateway/config/tree.c - a configuration as a tree of nodes that know where they stand
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/tree.h"

void fl_cfg_load_init(struct fl_cfg_load *load, struct fl_problems *problems)
{
	*load = (struct fl_cfg_load){.problems = problems};
	fl_arena_init(&load->scratch, 64u << 10, FL_CFG_MEMORY_MAX);
}

void fl_cfg_load_fini(struct fl_cfg_load *load)
{
	fl_arena_wipe(&load->scratch);
	fl_arena_fini(&load->scratch);
}

static struct fl_cfg_node *refuse_node(struct fl_cfg_load *load, const struct fl_cfg_node *parent)
{
	if (load->is_full)
		return NULL;
	load->is_full = true;
	struct fl_problem *p =
	    fl_problems_add(load->problems, "too_many_nodes",
			    parent ? fl_cfg_at(parent) : (struct fl_position){.file = NULL},
			    FL_STR_NULL, "the configuration has more than %u values",
			    FL_CFG_NODES_MAX);

	fl_cfg_hint(load, p, "remove what is not needed");
	return NULL;
}

struct fl_cfg_node *fl_cfg_node_add(struct fl_cfg_load *load, struct fl_cfg_node *parent,
				    enum fl_cfg_kind kind)
{
	if (load->nodes == FL_CFG_NODES_MAX)
		return refuse_node(load, parent);
	struct fl_cfg_node *node = fl_arena_zalloc(&load->scratch, sizeof *node);

	if (node == NULL)
		return NULL; /* the arena is overflown: told at the end */
	load->nodes++;
	node->kind = (uint8_t)kind;
	if (parent != NULL)
		fl_cfg_node_append(parent, node);
	return node;
}

void fl_cfg_node_append(struct fl_cfg_node *parent, struct fl_cfg_node *child)
{
	child->parent = parent;
	child->next = NULL;
	child->index = parent->n++;
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

struct fl_cfg_node *fl_cfg_node_find(const struct fl_cfg_node *map, const char *key)
{
	struct fl_str want = fl_str(key);

	if (map == NULL || map->kind != FL_CFG_MAP)
		return NULL;
	for (struct fl_cfg_node *n = map->first; n != NULL; n = n->next)
		if (fl_str_eq(n->key, want))
			return n;
	return NULL;
}

struct fl_position fl_cfg_at(const struct fl_cfg_node *node)
{
	return (struct fl_position){node->file ? node->file->name : NULL, node->line, node->column};
}

struct fl_position fl_cfg_at_key(const struct fl_cfg_node *node)
{
	if (node->key_line == 0)
		return fl_cfg_at(node);
	return (struct fl_position){node->file->name, node->key_line, node->key_column};
}

static void add_token(struct fl_buf *out, struct fl_str key)
{
	for (size_t i = 0; i < key.n; i++) {
		if (key.p[i] == '~')
			fl_buf_add_c(out, "~0");
		else if (key.p[i] == '/')
			fl_buf_add_c(out, "~1");
		else
			fl_buf_add_char(out, key.p[i]);
	}
}

/* Recurses up at most FL_CFG_DEPTH_MAX levels. */
static void add_pointer(struct fl_buf *out, const struct fl_cfg_node *node,
			const struct fl_cfg_node *above)
{
	if (node == above || node->parent == NULL)
		return;
	add_pointer(out, node->parent, above);
	fl_buf_add_char(out, '/');
	if (node->parent->kind == FL_CFG_LIST)
		fl_buf_add_u64(out, node->index);
	else
		add_token(out, node->key);
}

struct fl_str fl_cfg_pointer(struct fl_cfg_load *load, const struct fl_cfg_node *node,
			     const struct fl_cfg_node *above)
{
	struct fl_buf out;

	if (fl_arena_is_overflown(&load->scratch))
		return FL_STR_NULL;
	fl_buf_init(&out, 64u << 10);
	add_pointer(&out, node, above);
	struct fl_str s = fl_arena_str(&load->scratch, fl_buf_str(&out));

	fl_buf_fini(&out);
	return s;
}

struct fl_str fl_cfg_pointer_to_tell(struct fl_cfg_load *load, const struct fl_cfg_node *node)
{
	return fl_problems_is_full(load->problems) ? FL_STR_NULL : fl_cfg_pointer(load, node, NULL);
}

const char *fl_cfg_kind_name(enum fl_cfg_kind kind)
{
	static const char *const names[] = {
	    [FL_CFG_NULL] = "nothing",	  [FL_CFG_BOOL] = "true or false",
	    [FL_CFG_INT] = "a whole number", [FL_CFG_FLOAT] = "a number with a fraction",
	    [FL_CFG_STRING] = "a string", [FL_CFG_LIST] = "a list",
	    [FL_CFG_MAP] = "a map",
	};

	return names[kind];
}
