/* gateway/connector/catalogue.c - which connectors and versions there are
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE */

#include "gateway/connector/catalogue.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "gateway/connector/check.h"
#include "gateway/connector/semver.h"
#include "gateway/connector/shelf.h"

struct fl_catalogue {
	struct fl_shelf shelf;
};

/* ---- open and close ---- */

static int unwritable(const char *path, int why, struct fl_error *err)
{
	(void)fl_error_set(err, "catalogue_unwritable", "cannot make the folder %s: %s", path,
	                   fl_errno_text(why));
	fl_error_hint(err, "let user %u write in data_dir, and free the disk", (unsigned)geteuid());
	return -1;
}

static int make_folder(const char *path, struct fl_error *err)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : unwritable(path, errno, err);
}

static int keep_folders(struct fl_shelf *shelf, const struct fl_cfg_strings *dirs)
{
	shelf->folders = calloc(dirs->n + 1, sizeof *shelf->folders);
	if (shelf->folders == NULL)
		return -1;
	for (size_t i = 0; i < dirs->n; i++) {
		shelf->folders[i].path = strndup(dirs->items[i].p, dirs->items[i].n);
		if (shelf->folders[i].path == NULL)
			return -1;
		shelf->folders_n++;
	}
	return 0;
}

int fl_catalogue_open(const char *data_dir, const struct fl_cfg_strings *connector_dirs,
                      struct fl_catalogue **ret, struct fl_error *err)
{
	struct fl_catalogue *c = calloc(1, sizeof *c);
	int rc = -1;

	if (c != NULL && data_dir != NULL &&
	    asprintf(&c->shelf.uploads, "%s/connectors", data_dir) < 0)
		c->shelf.uploads = NULL;
	if (c == NULL || (data_dir != NULL && c->shelf.uploads == NULL) ||
	    keep_folders(&c->shelf, connector_dirs) < 0)
		(void)fl_error_set(err, "out_of_memory", "no memory for the catalogue");
	else
		rc = data_dir == NULL ? 0 : make_folder(c->shelf.uploads, err);
	if (rc < 0) {
		(void)fl_catalogue_close(c);
		return -1;
	}
	if (data_dir != NULL)
		fl_shelf_read_uploads(&c->shelf);
	fl_shelf_refresh(&c->shelf);
	*ret = c;
	return 0;
}

struct fl_catalogue *fl_catalogue_close(struct fl_catalogue *catalogue)
{
	if (catalogue == NULL)
		return NULL;
	fl_shelf_fini(&catalogue->shelf);
	free(catalogue);
	return NULL;
}

/* ---- order ---- */

/* By id, then from new to old, then uploaded before shipped, then by folder. */
static int compare(const struct fl_shelf_file *a, const struct fl_shelf_file *b)
{
	struct fl_semver x = {.major = 0}, y = {.major = 0};
	int order = fl_str_cmp(a->entry.id, b->entry.id);

	if (order != 0)
		return order;
	if (fl_semver_parse(a->entry.version, &x) && fl_semver_parse(b->entry.version, &y))
		order = fl_semver_cmp(&y, &x);
	if (order == 0)
		order = fl_str_cmp(b->entry.version, a->entry.version); /* build metadata */
	if (order == 0)
		order = (b->entry.origin == FL_CATALOGUE_UPLOADED) -
		        (a->entry.origin == FL_CATALOGUE_UPLOADED);
	return order;
}

static int compare_pointers(const void *a, const void *b)
{
	return compare(*(const struct fl_shelf_file *const *)a,
	               *(const struct fl_shelf_file *const *)b);
}

static bool is_listed(const struct fl_shelf_file *file)
{
	return file->entry.origin != FL_CATALOGUE_FILE;
}

void fl_catalogue_each(struct fl_catalogue *catalogue, struct fl_str id, fl_catalogue_fn fn,
                       void *ctx)
{
	const struct fl_shelf_file **all;
	size_t n = 0;

	fl_shelf_refresh(&catalogue->shelf);
	for (const struct fl_shelf_file *file = catalogue->shelf.files; file != NULL;
	     file = file->next)
		n++;
	all = calloc(n + 1, sizeof(struct fl_shelf_file *));
	n = 0;
	for (const struct fl_shelf_file *file = catalogue->shelf.files; all != NULL && file != NULL;
	     file = file->next)
		if (is_listed(file) && (id.n == 0 || fl_str_eq(file->entry.id, id)))
			all[n++] = file;
	if (n != 0)
		qsort(all, n, sizeof(struct fl_shelf_file *), compare_pointers);
	for (size_t i = 0; i < n; i++)
		fn(ctx, &all[i]->entry);
	free(all);
}

/* ---- resolve ---- */

static int give(const struct fl_shelf_file *file, struct fl_arena *arena,
                struct fl_catalogue_entry *ret, struct fl_error *err)
{
	const struct fl_catalogue_entry *e = &file->entry;
	struct fl_catalogue_entry copy = {.id = fl_arena_str(arena, e->id),
	                                  .version = fl_arena_str(arena, e->version),
	                                  .sha256 = fl_arena_str(arena, e->sha256),
	                                  .path = fl_arena_str(arena, e->path),
	                                  .manifest_json = fl_arena_str(arena, e->manifest_json),
	                                  .origin = e->origin};

	if (fl_arena_is_overflown(arena))
		return fl_error_set(err, "out_of_memory", "no memory for the catalogue");
	*ret = copy;
	return 0;
}

static int refuse_digest(const struct fl_catalogue_want *want, const struct fl_shelf_file *file,
                         struct fl_error *err)
{
	(void)fl_error_set(err, "connector_digest", "%s has SHA-256 %s, not the configured one",
	                   file->entry.path.p, file->entry.sha256.p);
	fl_error_hint(err, "put the file there that has %.*s, or change connectors.%.*s.sha256",
	              FL_STR_ARGS(want->sha256), FL_STR_ARGS(want->id));
	return -1;
}

static bool has_digest(const struct fl_catalogue_want *want, const struct fl_shelf_file *file)
{
	return want->sha256.n == 0 || fl_str_eq(want->sha256, file->entry.sha256);
}

static int resolve_file(struct fl_catalogue *c, const struct fl_catalogue_want *want,
                        struct fl_arena *arena, struct fl_catalogue_entry *ret,
                        struct fl_error *err)
{
	struct fl_str path = fl_arena_str(arena, want->file);
	struct fl_shelf_file *file;

	if (path.p == NULL)
		return fl_error_set(err, "out_of_memory", "no memory for the catalogue");
	file = fl_shelf_take(&c->shelf, path.p, FL_CATALOGUE_FILE, err);
	if (file == NULL)
		return -1;
	if (!fl_str_eq(file->entry.id, want->id) ||
	    !fl_semver_matches(want->version, file->entry.version)) {
		(void)fl_error_set(err, "connector_mismatch", "%s is %s %s", path.p,
		                   file->entry.id.p, file->entry.version.p);
		fl_error_hint(err, "the configuration wants \"%.*s\" %.*s from it",
		              FL_STR_ARGS(want->id), FL_STR_ARGS(want->version));
		return -1;
	}
	return has_digest(want, file) ? give(file, arena, ret, err)
	                              : refuse_digest(want, file, err);
}

static void list_versions(const struct fl_catalogue *c, struct fl_str id, struct fl_buf *out)
{
	for (const struct fl_shelf_file *file = c->shelf.files; file != NULL; file = file->next)
		if (is_listed(file) && fl_str_eq(file->entry.id, id))
			fl_buf_printf(out, "%s%s", out->len == 0 ? "" : ", ",
			              file->entry.version.p);
}

static int refuse_version(const struct fl_catalogue *c, const struct fl_catalogue_want *want,
                          struct fl_error *err)
{
	struct fl_buf versions;

	fl_buf_init(&versions, sizeof err->hint);
	list_versions(c, want->id, &versions);
	(void)fl_error_set(err, "connector_version_unknown",
	                   "connector \"%.*s\" has no version \"%.*s\"", FL_STR_ARGS(want->id),
	                   FL_STR_ARGS(want->version.n == 0 ? FL_STR("x") : want->version));
	fl_error_hint(err, "there is: %s", fl_buf_cstr(&versions));
	fl_buf_fini(&versions);
	return -1;
}

static int refuse_id(const struct fl_catalogue *c, const struct fl_catalogue_want *want,
                     struct fl_error *err)
{
	const char *names[64], *near;
	size_t n = 0;

	for (const struct fl_shelf_file *file = c->shelf.files;
	     file != NULL && n < FL_ARRAY_LEN(names); file = file->next)
		if (is_listed(file))
			names[n++] = file->entry.id.p;
	near = fl_str_nearest(want->id, names, n);
	(void)fl_error_set(err, "connector_unknown", "there is no connector \"%.*s\"",
	                   FL_STR_ARGS(want->id));
	if (near != NULL)
		fl_error_hint(err, "did you mean \"%s\"?", near);
	else
		fl_error_hint(err,
		              "install it: fairleadctl connector install FILE.so, or put it into a "
		              "folder of server.connector_dirs");
	return -1;
}

struct choice {
	const struct fl_shelf_file *best, *other,
	    *any; /* fits; but for the digest; but for the version */
};

static struct choice choose(const struct fl_catalogue *c, const struct fl_catalogue_want *want)
{
	struct choice ret = {NULL, NULL, NULL};

	for (const struct fl_shelf_file *file = c->shelf.files; file != NULL; file = file->next) {
		if (!is_listed(file) || !fl_str_eq(file->entry.id, want->id))
			continue;
		ret.any = file;
		if (!fl_semver_matches(want->version, file->entry.version))
			continue;
		ret.other = file;
		if (has_digest(want, file) && (ret.best == NULL || compare(file, ret.best) < 0))
			ret.best = file;
	}
	return ret;
}

int fl_catalogue_resolve(struct fl_catalogue *c, const struct fl_catalogue_want *want,
                         struct fl_arena *arena, struct fl_catalogue_entry *ret,
                         struct fl_error *err)
{
	struct fl_error gone = FL_ERROR_INIT;
	struct choice found;

	if (want->file.n != 0)
		return resolve_file(c, want, arena, ret, err);
	fl_shelf_refresh(&c->shelf);
	found = choose(c, want);
	/* Written in place, or gone: the folder does not tell. */
	if (found.best != NULL && fl_shelf_take(&c->shelf, found.best->entry.path.p,
	                                        found.best->entry.origin, &gone) != found.best)
		found = choose(c, want);
	if (found.best != NULL)
		return give(found.best, arena, ret, err);
	if (found.other != NULL)
		return refuse_digest(want, found.other, err);
	return found.any != NULL ? refuse_version(c, want, err) : refuse_id(c, want, err);
}

/* ---- put ---- */

static int check_upload(struct fl_str id, struct fl_str version, struct fl_str bytes,
                        struct fl_problems *problems)
{
	struct fl_connector_file parts;
	struct fl_problem *p;

	fl_connector_file_read(bytes, NULL, &parts, problems);
	if (problems->errors == 0 &&
	    (!fl_str_eq(parts.manifest->id, id) || !fl_str_eq(parts.manifest->version, version))) {
		p = fl_problems_add(problems, "connector_mismatch",
		                    (struct fl_position){.file = NULL}, FL_STR(""),
		                    "the manifest says %.*s %.*s", FL_STR_ARGS(parts.manifest->id),
		                    FL_STR_ARGS(parts.manifest->version));
		fl_problem_hint(problems, p, "upload it under that id and version");
	}
	fl_connector_file_fini(&parts);
	return problems->errors == 0 ? 0 : -1;
}

/* The one that this version is now: shipped ones first, they cannot be replaced. */
static struct fl_shelf_file *find_version(struct fl_catalogue *c, struct fl_str id,
                                          struct fl_str version)
{
	struct fl_shelf_file *found = NULL;

	for (struct fl_shelf_file *file = c->shelf.files; file != NULL; file = file->next)
		if (is_listed(file) && fl_str_eq(file->entry.id, id) &&
		    fl_str_eq(file->entry.version, version) &&
		    (found == NULL || file->entry.origin == FL_CATALOGUE_SHIPPED))
			found = file;
	return found;
}

static int tell(struct fl_problems *problems, const struct fl_error *err)
{
	struct fl_problem *p =
	    fl_problems_add(problems, err->code, (struct fl_position){.file = NULL}, FL_STR(""),
	                    "%s", err->message);

	fl_problem_hint(problems, p, "%s", err->hint);
	return -1;
}

/* What was made for a version goes again when it stays empty; others' folders are not empty. */
static void drop_empty(const struct fl_catalogue *c, struct fl_str id, struct fl_str version)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/%.*s/%.*s", c->shelf.uploads, FL_STR_ARGS(id),
	               FL_STR_ARGS(version));
	(void)rmdir(path);
	(void)snprintf(path, sizeof path, "%s/%.*s", c->shelf.uploads, FL_STR_ARGS(id));
	(void)rmdir(path);
}

static int make_folders(const struct fl_catalogue *c, struct fl_str id, struct fl_str version,
                        struct fl_error *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/%.*s", c->shelf.uploads, FL_STR_ARGS(id));
	if (make_folder(path, err) < 0)
		return -1;
	fl_file_sync_folder_of(path);
	(void)snprintf(path, sizeof path, "%s/%.*s/%.*s", c->shelf.uploads, FL_STR_ARGS(id),
	               FL_STR_ARGS(version));
	if (make_folder(path, err) < 0)
		return -1;
	fl_file_sync_folder_of(path);
	return 0;
}

/* Folders, then the file in one rename; *ret_path is what it became. Ids and versions are made of
 * what needs no escape in a path, which the manifest's check has seen to. */
static int store(struct fl_catalogue *c, struct fl_str id, struct fl_str version,
                 const char *sha256, struct fl_str bytes, char ret_path[PATH_MAX],
                 struct fl_error *err)
{
	if (snprintf(ret_path, PATH_MAX, "%s/%.*s/%.*s/%s.so", c->shelf.uploads, FL_STR_ARGS(id),
	             FL_STR_ARGS(version), sha256) >= PATH_MAX)
		return unwritable(c->shelf.uploads, ENAMETOOLONG, err);
	if (make_folders(c, id, version, err) < 0)
		return -1;
	if (fl_file_replace(ret_path, bytes, 0600, err) < 0) {
		err->code = "catalogue_unwritable";
		fl_error_hint(err, "free the disk; nothing was changed");
		return -1;
	}
	return 0;
}

static int add(struct fl_catalogue *c, struct fl_str id, struct fl_str version, const char *sha256,
               struct fl_str bytes, struct fl_shelf_file *old, struct fl_shelf_file **ret,
               struct fl_error *err)
{
	char path[PATH_MAX];

	if (store(c, id, version, sha256, bytes, path, err) < 0) {
		drop_empty(c, id, version);
		return -1;
	}
	*ret = fl_shelf_take(&c->shelf, path, FL_CATALOGUE_UPLOADED, err);
	if (*ret == NULL)
		return -1;
	if (old != NULL) {
		(void)unlink(old->entry.path.p);
		fl_file_sync_folder_of(old->entry.path.p);
		fl_shelf_forget(&c->shelf, old);
	}
	return 0;
}

int fl_catalogue_put(struct fl_catalogue *c, struct fl_str id, struct fl_str version,
                     struct fl_str bytes, bool may_replace, struct fl_arena *arena,
                     struct fl_catalogue_entry *ret, struct fl_problems *problems)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char sha256[2 * crypto_hash_sha256_BYTES + 1];
	struct fl_error err = FL_ERROR_INIT;
	struct fl_shelf_file *file;
	int rc = FL_CATALOGUE_ADDED;

	if (check_upload(id, version, bytes, problems) < 0)
		return -1;
	(void)crypto_hash_sha256(digest, (const unsigned char *)bytes.p, bytes.n);
	(void)sodium_bin2hex(sha256, sizeof sha256, digest, sizeof digest);
	fl_shelf_refresh(&c->shelf);
	file = find_version(c, id, version);
	if (file != NULL && fl_str_is(file->entry.sha256, sha256))
		rc = FL_CATALOGUE_SAME;
	else if (file != NULL && (!may_replace || file->entry.origin == FL_CATALOGUE_SHIPPED))
		rc = FL_CATALOGUE_E_TAKEN;
	else if (add(c, id, version, sha256, bytes, file, &file, &err) < 0)
		return tell(problems, &err);
	return give(file, arena, ret, &err) < 0 ? tell(problems, &err) : rc;
}
