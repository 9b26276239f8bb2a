/* gateway/config/load.c - from a path or a text to a configuration
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/load.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/config/schema.h"

static struct fl_str dirname_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return FL_STR(".");
	return slash == path ? FL_STR("/") : fl_str_n(path, (size_t)(slash - path));
}

/* The folder of `path` as an absolute path: as it is named, not where links lead. */
static const char *absolute_dir(struct fl_cfg_load *load, const char *path)
{
	struct fl_str dir = dirname_of(path);
	char *cwd = dir.p[0] == '/' ? NULL : getcwd(NULL, 0);
	struct fl_str all = cwd == NULL		      ? fl_arena_str(&load->scratch, dir)
			    : fl_str_is(dir, ".") ? fl_arena_str(&load->scratch, fl_str(cwd))
						      : fl_cfg_join(&load->scratch, cwd, dir);

	free(cwd);
	return all.p;
}

static struct fl_cfg_file *add_file(struct fl_cfg_load *load, const char *name, const char *dir)
{
	struct fl_cfg_file *file = fl_arena_zalloc(&load->scratch, sizeof *file);

	if (file == NULL)
		return NULL;
	file->name = fl_arena_str(load->problems->arena, fl_str(name)).p;
	file->dir = dir == NULL ? NULL : fl_arena_str(&load->scratch, fl_str(dir)).p;
	file->next = load->files;
	load->files = file;
	load->files_n++;
	return file;
}

/* Problems of a whole file: at the place that names it, or at the file's own beginning. */
static struct fl_problem *refuse(struct fl_cfg_load *load, const char *name,
				 const struct fl_cfg_node *from, const char *code, const char *text)
{
	if (from != NULL)
		return fl_cfg_bad(load, from, code, "%s", text);
	struct fl_str kept = fl_arena_str(load->problems->arena, fl_str(name));

	return fl_problems_add(load->problems, code, (struct fl_position){.file = kept.p},
			       FL_STR_NULL, "%s", text);
}

/* The canonical path, when no other file has it. */
static bool take_real(struct fl_cfg_load *load, struct fl_cfg_file *file, const char *path,
		      const struct fl_cfg_node *from)
{
	char *real = realpath(path, NULL);
	bool ok = true;

	if (real == NULL)
		return true; /* reading it tells why */
	for (const struct fl_cfg_file *f = file->next; f != NULL; f = f->next)
		ok = ok && (f->real == NULL || strcmp(f->real, real) != 0);
	file->real = fl_arena_str(&load->scratch, fl_str(real)).p;
	free(real);
	if (!ok)
		fl_cfg_hint(load, refuse(load, file->name, from, "include_repeated",
					 "this file is included already"),
			    "include each file once; two that include each other are one file");
	return ok;
}

struct fl_cfg_node *fl_cfg_load_one(struct fl_cfg_load *load, const char *path, const char *name,
				    const struct fl_cfg_node *from)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_cfg_file *file;
	struct fl_str text;

	if (load->files_n == FL_CFG_FILES_MAX) {
		fl_cfg_hint(load, refuse(load, name, from, "too_many_files", "too many files are included"),
			    "at most %u; join some", FL_CFG_FILES_MAX);
		return NULL;
	}
	file = add_file(load, name, absolute_dir(load, path));
	if (file == NULL || !take_real(load, file, path, from))
		return NULL;
	if (fl_cfg_read(&load->scratch, path, FL_CFG_BYTES_MAX - load->bytes, &text, &err) != 0) {
		fl_cfg_hint(load, refuse(load, name, from, err.code, err.message), "%s", err.hint);
		return NULL;
	}
	load->bytes += text.n;
	return fl_cfg_text_check(load, file, text) ? fl_cfg_parse(load, file, text) : NULL;
}

static struct fl_config *build(struct fl_cfg_load *load, struct fl_cfg_node *root)
{
	struct fl_config *config = NULL;
	struct fl_cfg_raw *raw = fl_arena_zalloc(&load->scratch, sizeof *raw);

	if (root != NULL && raw != NULL) {
		load->root = root;
		fl_cfg_include(load, root);
		fl_cfg_check(load, root, raw);
		config = fl_cfg_compile(load, raw);
	}
	if (fl_arena_is_overflown(&load->scratch) && !load->is_full) {
		struct fl_problem *p =
		    fl_problems_add(load->problems, "out_of_memory", (struct fl_position){.file = NULL},
				    FL_STR_NULL, "the configuration needs too much memory");

		fl_cfg_hint(load, p, "at most %u MiB are used to read one", FL_CFG_MEMORY_MAX >> 20);
	}
	if (load->problems->errors != 0)
		config = fl_config_unref(config);
	fl_cfg_load_fini(load);
	return config;
}

struct fl_config *fl_config_load_file(const char *path, struct fl_problems *problems)
{
	struct fl_cfg_load load;

	FL_ASSERT(problems->errors == 0);
	fl_cfg_load_init(&load, problems);
	return build(&load, fl_cfg_load_one(&load, path, path, NULL));
}

struct fl_config *fl_config_load_text(const char *name, struct fl_str text, const char *dir,
				      struct fl_problems *problems)
{
	struct fl_cfg_load load;
	struct fl_cfg_node *root = NULL;

	FL_ASSERT(problems->errors == 0);
	fl_cfg_load_init(&load, problems);
	struct fl_cfg_file *file = add_file(&load, name, dir);

	if (text.n > FL_CFG_BYTES_MAX) {
		struct fl_problem *p = refuse(&load, name, NULL, "file_too_large",
					      "the configuration is too large");

		fl_cfg_hint(&load, p, "at most %u bytes", FL_CFG_BYTES_MAX);
	} else if (file != NULL && fl_cfg_text_check(&load, file, text)) {
		load.bytes = text.n;
		root = fl_cfg_parse(&load, file, text);
	}
	return build(&load, root);
}

struct fl_config *fl_config_ref(struct fl_config *config)
{
	unsigned before = atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);

	FL_ASSERT(before > 0);
	return config;
}

struct fl_config *fl_config_unref(struct fl_config *config)
{
	if (config == NULL || atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) > 1)
		return NULL;
	fl_arena_wipe(&config->arena);
	fl_arena_fini(&config->arena);
	free(config);
	return NULL;
}
