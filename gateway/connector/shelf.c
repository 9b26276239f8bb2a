/* gateway/connector/shelf.c - the connector files that the catalogue knows
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE */

#include "gateway/connector/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "gateway/connector/check.h"

#define FILE_ARENA_MAX ((size_t)2 << 20) /* a manifest and some names */
#define PROBLEMS_MAX ((size_t)256 << 10)
/* A folder's time ticks coarsely: a change right after reading would go unseen. */
#define FRESH_NS FL_NS_PER_SEC

/* ---- one file ---- */

static bool is_same_file(const struct fl_shelf_file *file, const struct stat *st)
{
	return file->device == st->st_dev && file->inode == st->st_ino &&
	       file->size == st->st_size && file->changed.tv_sec == st->st_mtim.tv_sec &&
	       file->changed.tv_nsec == st->st_mtim.tv_nsec;
}

static struct fl_shelf_file *find(const struct fl_shelf *shelf, const char *path)
{
	for (struct fl_shelf_file *file = shelf->files; file != NULL; file = file->next)
		if (fl_str_is(file->entry.path, path))
			return file;
	return NULL;
}

void fl_shelf_forget(struct fl_shelf *shelf, struct fl_shelf_file *file)
{
	struct fl_shelf_file **at = &shelf->files;

	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	fl_arena_fini(&file->arena);
	free(file);
}

static struct fl_shelf_file *create(const char *path, enum fl_catalogue_origin origin,
                                    const struct stat *st)
{
	struct fl_shelf_file *file = calloc(1, sizeof *file);

	if (file == NULL)
		return NULL;
	fl_arena_init(&file->arena, 1024, FILE_ARENA_MAX);
	file->entry.path = fl_arena_str(&file->arena, fl_str(path));
	file->entry.origin = origin;
	file->device = st->st_dev;
	file->inode = st->st_ino;
	file->size = st->st_size;
	file->changed = st->st_mtim;
	return file;
}

/* Id, version and manifest; a connector with faults is kept, so that asking for it tells them. */
static int describe(struct fl_shelf_file *file, struct fl_str bytes, struct fl_error *err)
{
	struct fl_connector_file parts;
	struct fl_problems problems;
	struct fl_arena arena;
	int rc = 0;

	fl_arena_init(&arena, 4096, PROBLEMS_MAX);
	fl_problems_init(&problems, &arena);
	fl_connector_file_read(bytes, NULL, &parts, &problems);
	if (parts.manifest != NULL && parts.manifest->id.n != 0 && parts.manifest->version.n != 0) {
		file->entry.id = fl_arena_str(&file->arena, parts.manifest->id);
		file->entry.version = fl_arena_str(&file->arena, parts.manifest->version);
		file->entry.manifest_json = fl_arena_str(&file->arena, parts.manifest_json);
	} else {
		const struct fl_problem *first = problems.first;

		rc = fl_error_set(
		    err, first == NULL ? "connector_unreadable" : first->code, "%s: %.*s",
		    file->entry.path.p,
		    FL_STR_ARGS(first == NULL ? FL_STR("no connector") : first->detail));
		if (first != NULL)
			fl_error_hint(err, "%.*s", FL_STR_ARGS(first->hint));
	}
	fl_connector_file_fini(&parts);
	fl_arena_fini(&arena);
	return rc;
}

static int fill(struct fl_shelf_file *file, struct fl_error *err)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char hex[2 * crypto_hash_sha256_BYTES + 1];
	struct fl_str bytes;
	int rc;

	if (fl_file_read(file->entry.path.p, FL_CONNECTOR_MAX_BYTES, &bytes, err) < 0) {
		fl_error_hint(err,
		              "it must be a file that the gateway may read, of at most %zu MiB",
		              FL_CONNECTOR_MAX_BYTES >> 20);
		return -1;
	}
	(void)crypto_hash_sha256(digest, (const unsigned char *)bytes.p, bytes.n);
	(void)sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
	file->entry.sha256 = fl_arena_str(&file->arena, fl_str(hex));
	rc = describe(file, bytes, err);
	free((char *)(uintptr_t)bytes.p);
	if (rc == 0 && fl_arena_is_overflown(&file->arena))
		return fl_error_set(err, "out_of_memory", "no memory for %s", file->entry.path.p);
	return rc;
}

struct fl_shelf_file *fl_shelf_take(struct fl_shelf *shelf, const char *path,
                                    enum fl_catalogue_origin origin, struct fl_error *err)
{
	struct fl_shelf_file *file = find(shelf, path);
	struct stat st;

	if (stat(path, &st) < 0) {
		(void)fl_error_set(err, "connector_unreadable", "cannot read %s: %s", path,
		                   fl_errno_text(errno));
		fl_error_hint(err, "put it there, or say where it is with \"file:\"");
		if (file != NULL)
			fl_shelf_forget(shelf, file);
		return NULL;
	}
	if (file != NULL && is_same_file(file, &st))
		return file;
	if (file != NULL)
		fl_shelf_forget(shelf, file);
	file = create(path, origin, &st);
	if (file == NULL) {
		(void)fl_error_set(err, "out_of_memory", "no memory for %s", path);
		return NULL;
	}
	file->next = shelf->files;
	shelf->files = file;
	if (fill(file, err) == 0)
		return file;
	fl_shelf_forget(shelf, file);
	return NULL;
}

/* ---- folders ---- */

static bool is_connector_name(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && name[0] != '.' && strcmp(name + n - 3, ".so") == 0;
}

static void take_or_log(struct fl_shelf *shelf, const char *path, enum fl_catalogue_origin origin)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_shelf_file *file = fl_shelf_take(shelf, path, origin, &err);

	if (file != NULL)
		file->is_seen = true;
	else
		fl_log(FL_LOG_WARN, "catalogue.passed_over", FL_LOG_C("file", path),
		       FL_LOG_ERROR(&err));
}

/* Calls `fn` with the path of everything in a folder. */
static void each_in(struct fl_shelf *shelf, const char *folder,
                    void (*fn)(struct fl_shelf *shelf, const char *path, const char *name))
{
	char path[PATH_MAX];
	const struct dirent *item;
	DIR *dir = opendir(folder);

	if (dir == NULL)
		return;
	while ((item = readdir(dir)) != NULL) {
		int n = snprintf(path, sizeof path, "%s/%s", folder, item->d_name);

		if (item->d_name[0] != '.' && n > 0 && (size_t)n < sizeof path)
			fn(shelf, path, item->d_name);
	}
	(void)closedir(dir);
}

static void take_shipped(struct fl_shelf *shelf, const char *path, const char *name)
{
	if (is_connector_name(name))
		take_or_log(shelf, path, FL_CATALOGUE_SHIPPED);
}

static bool is_in(const struct fl_shelf_file *file, const char *folder)
{
	size_t n = strlen(folder);

	return file->entry.origin == FL_CATALOGUE_SHIPPED && file->entry.path.n > n &&
	       memcmp(file->entry.path.p, folder, n) == 0 && file->entry.path.p[n] == '/' &&
	       memchr(file->entry.path.p + n + 1, '/', file->entry.path.n - n - 1) == NULL;
}

static void read_folder(struct fl_shelf *shelf, const struct fl_shelf_folder *folder)
{
	struct fl_shelf_file *next;

	for (struct fl_shelf_file *file = shelf->files; file != NULL; file = file->next)
		file->is_seen = false;
	each_in(shelf, folder->path, take_shipped);
	for (struct fl_shelf_file *file = shelf->files; file != NULL; file = next) {
		next = file->next;
		if (!file->is_seen && is_in(file, folder->path))
			fl_shelf_forget(shelf, file);
	}
}

void fl_shelf_refresh(struct fl_shelf *shelf)
{
	for (size_t i = 0; i < shelf->folders_n; i++) {
		struct fl_shelf_folder *folder = &shelf->folders[i];
		uint64_t changed_ns, now_ns = fl_clock_wall_ns();
		struct stat st = {.st_mtim = {.tv_sec = 0}};

		(void)stat(folder->path, &st); /* one that is not there has no time and no files */
		changed_ns =
		    (uint64_t)st.st_mtim.tv_sec * FL_NS_PER_SEC + (uint64_t)st.st_mtim.tv_nsec;
		if (folder->read_at_ns > changed_ns + FRESH_NS &&
		    folder->changed.tv_sec == st.st_mtim.tv_sec &&
		    folder->changed.tv_nsec == st.st_mtim.tv_nsec)
			continue;
		read_folder(shelf, folder);
		folder->changed = st.st_mtim;
		folder->read_at_ns = now_ns;
	}
}

/* data_dir/connectors/ID/VERSION/SHA256.so: what lies elsewhere than its content says is not ours.
 */
static void take_upload(struct fl_shelf *shelf, const char *path, const char *name)
{
	struct fl_shelf_file *file;
	char expected[PATH_MAX];

	if (!is_connector_name(name))
		return;
	take_or_log(shelf, path, FL_CATALOGUE_UPLOADED);
	file = find(shelf, path);
	if (file == NULL)
		return;
	(void)snprintf(expected, sizeof expected, "%s/%s/%s/%s.so", shelf->uploads,
	               file->entry.id.p, file->entry.version.p, file->entry.sha256.p);
	if (strcmp(expected, path) == 0)
		return;
	fl_log(FL_LOG_WARN, "catalogue.passed_over", FL_LOG_C("file", path),
	       FL_LOG_C("error", "its content is not what its path says"),
	       FL_LOG_C("hint", "upload it again"));
	fl_shelf_forget(shelf, file);
}

static void take_version(struct fl_shelf *shelf, const char *path, const char *name)
{
	(void)name;
	each_in(shelf, path, take_upload);
}

static void take_id(struct fl_shelf *shelf, const char *path, const char *name)
{
	(void)name;
	each_in(shelf, path, take_version);
}

void fl_shelf_read_uploads(struct fl_shelf *shelf)
{
	each_in(shelf, shelf->uploads, take_id);
}

void fl_shelf_fini(struct fl_shelf *shelf)
{
	while (shelf->files != NULL)
		fl_shelf_forget(shelf, shelf->files);
	for (size_t i = 0; i < shelf->folders_n; i++)
		free(shelf->folders[i].path);
	free(shelf->folders);
	free(shelf->uploads);
}
