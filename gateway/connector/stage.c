/* gateway/connector/stage.c - private: copies of connectors that nobody else can change
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for asprintf() */

#include "gateway/connector/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY "plugin.so"

static int refuse(struct fl_error *err, int code, const char *what, const char *path)
{
	bool is_full = code == ENOSPC || code == EDQUOT || code == EFBIG;

	(void)fl_error_set(err, is_full ? "stage_full" : "stage_unwritable", "cannot %s %s: %s",
	                   what, path, fl_errno_text(code));
	fl_error_hint(err, "%s",
	              is_full ? "free room on that disk, or put server.data_dir on another"
	                      : "server.data_dir must belong to the user that runs fairlead");
	return -1;
}

/* ---- emptying ---- */

static void remove_below(const char *gen_dir, const char *name)
{
	char *file = NULL, *dir = NULL;

	if (asprintf(&file, "%s/%s/" COPY, gen_dir, name) > 0)
		(void)unlink(file);
	if (asprintf(&dir, "%s/%s", gen_dir, name) > 0) {
		(void)rmdir(dir);
		(void)unlink(dir); /* in case it is a file */
	}
	free(file);
	free(dir);
}

static int empty(const char *gen_dir, struct fl_error *err)
{
	DIR *dir = opendir(gen_dir);
	const struct dirent *e;

	if (!dir)
		return refuse(err, errno, "read", gen_dir);
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_below(gen_dir, e->d_name);
	(void)closedir(dir);
	return 0;
}

/* ---- writing ---- */

static int write_all(int fd, struct fl_str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		bytes = fl_str_n(bytes.p + n, bytes.n - (size_t)n);
	}
	return 0;
}

static int write_file(const char *path, struct fl_str bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400), code;

	if (fd < 0)
		return errno;
	code = write_all(fd, bytes);
	/* No fsync: after a crash these are made anew. close() tells of a full disk, too. */
	if (close(fd) != 0 && code == 0)
		code = errno;
	return code;
}

int fl_stage_put(const char *gen_dir, const char *name, struct fl_str bytes, char **ret_path,
                 struct fl_error *err)
{
	char *dir = NULL, *path = NULL;
	int code = ENOMEM;

	if (asprintf(&dir, "%s/%s", gen_dir, name) > 0 && asprintf(&path, "%s/" COPY, dir) > 0)
		code = mkdir(dir, 0700) == 0 ? write_file(path, bytes) : errno;
	free(dir);
	if (code == 0) {
		*ret_path = path;
		return 0;
	}
	(void)refuse(err, code, "write a connector below", gen_dir);
	if (path && code != EEXIST)
		fl_stage_drop(path);
	free(path);
	return -1;
}

void fl_stage_drop(const char *path)
{
	char *dir = strndup(path, strlen(path) - strlen("/" COPY));

	(void)unlink(path);
	if (dir)
		(void)rmdir(dir);
	free(dir);
}

/* ---- trying it out ---- */

static int try_mapping(const char *gen_dir, const char *path, struct fl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *page;

	if (fd < 0)
		return refuse(err, errno, "open", path);
	page = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	if (page != MAP_FAILED) {
		(void)munmap(page, 1);
		return 0;
	}
	(void)fl_error_set(err, "stage_noexec", "code cannot be mapped from %s: %s", gen_dir,
	                   fl_errno_text(errno));
	fl_error_hint(err, "its file system is mounted noexec; put server.data_dir on another");
	return -1;
}

int fl_stage_init(const char *gen_dir, struct fl_error *err)
{
	char page[64] = {0}, *path;
	int rc;

	if (mkdir(gen_dir, 0700) != 0 && errno != EEXIST)
		return refuse(err, errno, "make", gen_dir);
	if (chmod(gen_dir, 0700) != 0)
		return refuse(err, errno, "change the mode of", gen_dir);
	if (empty(gen_dir, err) != 0 ||
	    fl_stage_put(gen_dir, "try", fl_str_n(page, sizeof page), &path, err) != 0)
		return -1;
	rc = try_mapping(gen_dir, path, err);
	fl_stage_drop(path);
	free(path);
	return rc;
}
