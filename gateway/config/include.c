/* gateway/config/include.c - included files become part of the first one
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sections merge by name: "routes:" in two files makes one map. The same name in both is an error
 * that tells both places; nothing overrides anything.
 */
#include "gateway/config/tree.h"

#include "base/map.h"
#include "gateway/config/glob.h"
#include "gateway/config/load.h"

static void include_from(struct fl_cfg_load *load, struct fl_cfg_node *root,
			 struct fl_cfg_node *from);

static void refuse_twice(struct fl_cfg_load *load, const struct fl_cfg_node *first,
			 const struct fl_cfg_node *again)
{
	struct fl_problem *p = fl_cfg_bad_key(load, again, "duplicate_key",
					      "\"%.*s\" is defined in two files", FL_STR_ARGS(again->key));

	fl_cfg_hint(load, p, "the other one is at %s:%u; remove one", first->file->name,
		    first->key_line);
}

static bool index_keys(struct fl_map *keys, const struct fl_cfg_node *map)
{
	fl_map_init(keys);
	for (struct fl_cfg_node *n = map->first; n != NULL; n = n->next)
		if (fl_map_put(keys, n->key, n, NULL) != 0)
			return false;
	return true;
}

/* Moves the entries of `from` to `to`. */
static void merge_section(struct fl_cfg_load *load, struct fl_cfg_node *to, struct fl_cfg_node *from)
{
	struct fl_map seen;

	if (to->kind == FL_CFG_NULL)
		to->kind = FL_CFG_MAP;
	if (from->kind == FL_CFG_NULL)
		return;
	if (to->kind != FL_CFG_MAP || from->kind != FL_CFG_MAP) {
		refuse_twice(load, to, from);
		return;
	}
	for (struct fl_cfg_node *n = index_keys(&seen, to) ? from->first : NULL, *next; n != NULL;
	     n = next) {
		struct fl_cfg_node *first = fl_map_find(&seen, n->key);

		next = n->next;
		if (first != NULL)
			refuse_twice(load, first, n);
		else
			fl_cfg_node_append(to, n);
	}
	fl_map_fini(&seen);
}

/* Moves what stands in `root` of an included file to the tree. */
static void merge(struct fl_cfg_load *load, struct fl_cfg_node *to, struct fl_cfg_node *root)
{
	struct fl_map sections;

	for (struct fl_cfg_node *n = index_keys(&sections, to) ? root->first : NULL, *next; n != NULL;
	     n = next) {
		struct fl_cfg_node *section = fl_map_find(&sections, n->key);

		next = n->next;
		if (fl_str_is(n->key, "include"))
			continue; /* done already */
		if (section == NULL)
			fl_cfg_node_append(to, n);
		else if (!fl_str_is(n->key, "apiVersion") || !fl_str_eq(n->text, section->text))
			merge_section(load, section, n);
	}
	fl_map_fini(&sections);
}

struct inclusion {
	struct fl_cfg_load *load;
	struct fl_cfg_node *root;
};

static void include_one(void *ctx, struct fl_cfg_node *item, struct fl_str path)
{
	struct inclusion *to = ctx;
	struct fl_str shown = fl_cfg_shown_name(to->load, item, path);
	struct fl_cfg_node *tree =
	    shown.p ? fl_cfg_load_one(to->load, path.p, shown.p, item) : NULL;

	if (tree == NULL)
		return;
	include_from(to->load, to->root, tree);
	merge(to->load, to->root, tree);
}

/* No match is fine: an empty folder of routes has none. */
static void include_item(struct fl_cfg_load *load, struct fl_cfg_node *root, struct fl_cfg_node *item)
{
	struct inclusion to = {load, root};

	if (item->kind != FL_CFG_STRING || item->text.n == 0 ||
	    !fl_cfg_substitute(load, item, FL_CFG_SUBST_PLAIN) || item->text.n == 0)
		return; /* check.c tells the type */
	(void)fl_cfg_each_file(load, item, include_one, &to);
}

/* What `from`, the root of a file, includes goes into `root`. */
static void include_from(struct fl_cfg_load *load, struct fl_cfg_node *root, struct fl_cfg_node *from)
{
	struct fl_cfg_node *list = fl_cfg_node_find(from, "include");

	if (list == NULL || list->kind != FL_CFG_LIST)
		return;
	for (struct fl_cfg_node *item = list->first; item != NULL; item = item->next)
		include_item(load, root, item);
}

void fl_cfg_include(struct fl_cfg_load *load, struct fl_cfg_node *root)
{
	include_from(load, root, root);
}
