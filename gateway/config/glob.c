/* gateway/config/glob.c - the files that a value names
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/glob.h"

#include <glob.h>

struct fl_str fl_cfg_shown_name(struct fl_cfg_load *load, const struct fl_cfg_node *item,
                                struct fl_str path)
{
	const char *slash = strrchr(item->file->name, '/');
	struct fl_str dir =
	    slash ? fl_str_n(item->file->name, (size_t)(slash - item->file->name)) : FL_STR_NULL;
	struct fl_str below = path, own = fl_str(item->file->dir);
	const char *shown_dir = dir.n ? fl_arena_str(&load->scratch, dir).p : NULL;

	if (fl_str_starts(path, own) && path.n > own.n && path.p[own.n] == '/')
		below = fl_str_n(path.p + own.n + 1, path.n - own.n - 1);
	return fl_cfg_join(&load->scratch, shown_dir, below);
}

/* The folder may hold characters that mean something to glob(); the pattern's are meant. */
static struct fl_str pattern_of(struct fl_cfg_load *load, const struct fl_cfg_node *item)
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

static bool is_pattern(struct fl_str s)
{
	return memchr(s.p, '*', s.n) || memchr(s.p, '?', s.n) || memchr(s.p, '[', s.n);
}

static size_t match(struct fl_cfg_load *load, struct fl_cfg_node *item, fl_cfg_file_fn fn,
                    void *ctx)
{
	struct fl_str pattern = pattern_of(load, item);
	size_t n = 0;
	glob_t found;

	if (pattern.p == NULL || glob(pattern.p, 0, NULL, &found) != 0)
		return 0;
	for (; n < found.gl_pathc; n++) {
		struct fl_str path = fl_arena_str(&load->scratch, fl_str(found.gl_pathv[n]));

		if (path.p != NULL)
			fn(ctx, item, path);
	}
	globfree(&found);
	return n;
}

size_t fl_cfg_each_file(struct fl_cfg_load *load, struct fl_cfg_node *item, fl_cfg_file_fn fn,
                        void *ctx)
{
	if (item->file->dir == NULL) {
		struct fl_problem *p =
		    fl_cfg_bad(load, item, "file_denied", "files may not be included from here");

		fl_cfg_hint(load, p, "load the configuration from a file");
		return 1;
	}
	if (is_pattern(item->text))
		return match(load, item, fn, ctx);
	struct fl_str path = fl_cfg_join(&load->scratch, item->file->dir, item->text);

	if (path.p != NULL)
		fn(ctx, item, path);
	return 1;
}
