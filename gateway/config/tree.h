/* gateway/config/tree.h - a configuration as a tree of nodes that know where they stand
 * SPDX-License-Identifier: Apache-2.0
 *
 * Internal to gateway/config. One struct fl_cfg_load goes through the stages of a load, in this
 * order, each in a file of its own:
 *
 *	read.c        file -> bytes, bounded
 *	text.c        bytes -> text: UTF-8, nothing that editors hide
 *	parse.c       text -> tree (YAML 1.2 core; JSON is a subset)
 *	include.c     the trees of included files become part of the first one
 *	check.c       tree -> structs, by the table of keys (schema.c); uses
 *	                substitute.c  ${env:}, ${file:}, ${secret:}
 *	                value.c       durations, sizes, numbers
 *	                format.c      addresses, names, paths
 *	compile.c     structs -> struct fl_config: references, inheritance, digest (canon.c)
 *
 * A stage notes every problem it finds and goes on; there is a configuration only if none did.
 */
#ifndef FL_GATEWAY_CONFIG_TREE_H
#define FL_GATEWAY_CONFIG_TREE_H

#include "base/buf.h"
#include "gateway/config/limits.h"
#include "gateway/config/model.h"

enum fl_cfg_kind {
	FL_CFG_NULL,
	FL_CFG_BOOL, /* text is "true" or "false" */
	FL_CFG_INT,
	FL_CFG_FLOAT,
	FL_CFG_STRING,
	FL_CFG_LIST,
	FL_CFG_MAP,
};

struct fl_cfg_file {
	struct fl_cfg_file *next; /* read before this one */
	const char *name; /* for positions; lives as long as the problems */
	const char *dir; /* relative paths start here; NULL: no access to files */
	const char *real; /* canonical path, to tell a repeated include; NULL: from memory */
};

struct fl_cfg_node {
	struct fl_cfg_node *parent, *next, *first, *last;
	const struct fl_cfg_file *file;
	struct fl_str key; /* of a map's entry, decoded */
	struct fl_str text; /* of a scalar: decoded, after substitution */
	struct fl_str written; /* before substitution; p is NULL when there was none */
	uint32_t line, column; /* of the value */
	uint32_t key_line, key_column; /* of its key; 0 when it has none */
	uint32_t index; /* in its parent */
	uint32_t n; /* children */
	uint8_t kind;
	bool is_open; /* the parser is inside: an alias may not refer to it yet */
};

struct fl_cfg_load {
	struct fl_arena scratch; /* tree and bytes; wiped at the end */
	struct fl_problems *problems;
	struct fl_cfg_file *files; /* newest first */
	struct fl_cfg_node *root;
	size_t files_n, bytes, nodes, alias_cost;
	bool is_full; /* a limit on memory was hit and told */
	bool ends_midline; /* a file's last line is not ended */
};

void fl_cfg_load_init(struct fl_cfg_load *load, struct fl_problems *problems);
void fl_cfg_load_fini(struct fl_cfg_load *load);

/* A new last child of `parent` (NULL: none). NULL, and noted, over the limits. */
struct fl_cfg_node *fl_cfg_node_add(struct fl_cfg_load *load, struct fl_cfg_node *parent,
				    enum fl_cfg_kind kind);
/* Makes `child` the last child of `parent`. */
void fl_cfg_node_append(struct fl_cfg_node *parent, struct fl_cfg_node *child);
/* The value of `key`, or NULL; `map` may be NULL. */
struct fl_cfg_node *fl_cfg_node_find(const struct fl_cfg_node *map, const char *key);
/* Where the value stands, and where its key does (the value when it has no key). */
struct fl_position fl_cfg_at(const struct fl_cfg_node *node);
struct fl_position fl_cfg_at_key(const struct fl_cfg_node *node);
/* RFC 6901, in scratch; the root is "". `above` is where it begins, NULL: at the root. */
struct fl_str fl_cfg_pointer(struct fl_cfg_load *load, const struct fl_cfg_node *node,
			     const struct fl_cfg_node *above);
/* The same for a problem; nothing when no more are kept. */
struct fl_str fl_cfg_pointer_to_tell(struct fl_cfg_load *load, const struct fl_cfg_node *node);
/* "a string", "a list", ... */
const char *fl_cfg_kind_name(enum fl_cfg_kind kind);

/* Notes an error at a value; at a key; the hint goes onto the result. */
#define fl_cfg_bad(load, node, code, ...)                                                          \
	fl_problems_add((load)->problems, (code), fl_cfg_at(node),                                 \
			fl_cfg_pointer_to_tell((load), (node)), __VA_ARGS__)
#define fl_cfg_bad_key(load, node, code, ...)                                                      \
	fl_problems_add((load)->problems, (code), fl_cfg_at_key(node),                             \
			fl_cfg_pointer_to_tell((load), (node)), __VA_ARGS__)
#define fl_cfg_hint(load, problem, ...) fl_problem_hint((load)->problems, (problem), __VA_ARGS__)

/* ---- stages ---- */

/* A regular file of at most `max_bytes`. Codes: file_unreadable, file_too_large,
 * out_of_memory. */
FL_MUST_USE int fl_cfg_read(struct fl_arena *arena, const char *path, size_t max_bytes,
			    struct fl_str *ret, struct fl_error *err);
/* `path` below `dir` unless it is absolute; NUL-terminated, in the arena. */
struct fl_str fl_cfg_join(struct fl_arena *arena, const char *dir, struct fl_str path);
/* False, and noted, when the text is not plain UTF-8. */
bool fl_cfg_text_check(struct fl_cfg_load *load, const struct fl_cfg_file *file,
		       struct fl_str text);
/* A text in JSON with its "\ud83d\ude00" as YAML writes them, in scratch; any other as it is. */
struct fl_str fl_cfg_join_pairs(struct fl_cfg_load *load, struct fl_str text);
/* The root of the tree, a map; NULL, and noted, when the text has none. */
struct fl_cfg_node *fl_cfg_parse(struct fl_cfg_load *load, const struct fl_cfg_file *file,
				 struct fl_str text);
/* Reads the files that `root` includes, and those that they include, into it. */
void fl_cfg_include(struct fl_cfg_load *load, struct fl_cfg_node *root);

enum fl_cfg_subst {
	FL_CFG_SUBST_PLAIN, /* ${secret:} is an error here */
	FL_CFG_SUBST_CONNECTOR, /* ${secret:} stays, for the host to put in */
};
/* Replaces what is written as ${...} in a string's text. False when it could not. */
bool fl_cfg_substitute(struct fl_cfg_load *load, struct fl_cfg_node *node, enum fl_cfg_subst mode);
/* Calls `fn` for each ${secret:NAME} of a text that was substituted for a connector. */
typedef void (*fl_cfg_secret_fn)(void *ctx, struct fl_str name);
void fl_cfg_each_secret(struct fl_str text, fl_cfg_secret_fn fn, void *ctx);

#endif
