/* gateway/config/include.c - included files become part of the first one
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sections merge by name: "routes:" in two files makes one map. The same name in both is an error
 * that tells both places; nothing overrides anything.
 */
#include "gateway/config/tree.h"

#include <glob.h>
#include <stdlib.h>

#include "base/map.h"
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

static void include_one(struct fl_cfg_load *load, struct fl_cfg_node *root, struct fl_cfg_node *item,
			struct fl_str path)
{
	/* Messages name the file as the including one is named: relative stays relative. */
	const char *slash = strrchr(item->file->name, '/');
	struct fl_str dir = slash ? fl_str_n(item->file->name, (size_t)(slash - item->file->name)) :
				    FL_STR_NULL;
	struct fl_str below = path, own = fl_str(item->file->dir);
	const char *shown_dir = dir.n ? fl_arena_str(&load->scratch, dir).p : NULL;

	if (fl_str_starts(path, own) && path.n > own.n && path.p[own.n] == '/')
		below = fl_str_n(path.p + own.n + 1, path.n - own.n - 1);
	struct fl_str shown = fl_cfg_join(&load->scratch, shown_dir, below);
	struct fl_cfg_node *tree = shown.p ? fl_cfg_load_one(load, path.p, shown.p, item) : NULL;

	if (tree == NULL)
		return;
	include_from(load, root, tree);
	merge(load, root, tree);
}

/* The folder may hold characters that mean something to glob(); the pattern's are meant. */
static struct fl_str glob_pattern(struct fl_cfg_load *load, const struct fl_cfg_node *item)
{
	struct fl_buf out;

	fl_buf_init(&out, 16384);
	for (const char *p = item->text.p[0] == '/' ? "" : item->file->dir; *p != '\0'; p++) {
		if (strchr("*?[]\\", *p) != NULL)
			fl_buf_add_char(&out, '\\');
		fl_buf_add_char(&out, *p);
	}
	if (item->text.p[0] != '/')
		fl_buf_add_char(&out, '/');
	fl_buf_add(&out, item->text);
	struct fl_str s = fl_arena_str(&load->scratch, fl_buf_str(&out));

	fl_buf_fini(&out);
	return s;
}

/* No match is fine: an empty folder of routes has none. */
static void include_glob(struct fl_cfg_load *load, struct fl_cfg_node *root, struct fl_cfg_node *item)
{
	struct fl_str pattern = glob_pattern(load, item);
	glob_t found;

	if (pattern.p == NULL || glob(pattern.p, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct fl_str path = fl_arena_str(&load->scratch, fl_str(found.gl_pathv[i]));

		if (path.p != NULL)
			include_one(load, root, item, path);
	}
	globfree(&found);
}

static bool is_pattern(struct fl_str s)
{
	return memchr(s.p, '*', s.n) || memchr(s.p, '?', s.n) || memchr(s.p, '[', s.n);
}

static void include_item(struct fl_cfg_load *load, struct fl_cfg_node *root, struct fl_cfg_node *item)
{
	if (item->kind != FL_CFG_STRING || item->text.n == 0 ||
	    !fl_cfg_substitute(load, item, FL_CFG_SUBST_PLAIN) || item->text.n == 0)
		return; /* check.c tells the type */
	if (item->file->dir == NULL) {
		struct fl_problem *p =
		    fl_cfg_bad(load, item, "file_denied", "files may not be included from here");

		fl_cfg_hint(load, p, "load the configuration from a file");
	} else if (is_pattern(item->text)) {
		include_glob(load, root, item);
	} else {
		struct fl_str path = fl_cfg_join(&load->scratch, item->file->dir, item->text);

		if (path.p != NULL)
			include_one(load, root, item, path);
	}
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
