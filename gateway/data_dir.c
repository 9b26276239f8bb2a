/* gateway/data_dir.c - the folder that belongs to one running gateway
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE */

#include "gateway/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int make_folders(const char *path)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof part)
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= n; i++) {
		if (i != n && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int refuse(const char *path, int why, struct fl_error *err)
{
	(void)fl_error_set(err, "data_dir_unwritable", "cannot write in data_dir %s: %s", path,
	                   fl_errno_text(why));
	fl_error_hint(err, "let user %u write there, or set server.data_dir to a folder of its own",
	              (unsigned)geteuid());
	return -1;
}

static int refuse_taken(const char *path, int fd, struct fl_error *err)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

	if (n > 0)
		pid[strcspn(pid, "\n")] = '\0';
	(void)close(fd);
	(void)fl_error_set(err, "data_dir_in_use", "another fairlead%s%s uses data_dir %s",
	                   n > 0 ? ", process " : "", pid, path);
	fl_error_hint(err, "stop it, or set server.data_dir to another folder for this one");
	return -1;
}

int fl_data_dir_make(const char *path, struct fl_error *err)
{
	int rc = make_folders(path);

	return rc < 0 ? refuse(path, -rc, err) : 0;
}

int fl_data_dir_take(const char *path, int *ret_lock_fd, struct fl_error *err)
{
	char name[PATH_MAX + 16], pid[24];
	int fd, n, rc;

	if (fl_data_dir_make(path, err) < 0)
		return -1;
	(void)snprintf(name, sizeof name, "%s/connectors", path);
	if (mkdir(name, 0700) < 0 && errno != EEXIST)
		return refuse(path, errno, err);
	(void)snprintf(name, sizeof name, "%s/lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return refuse(path, errno, err);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return refuse_taken(path, fd, err);
	n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n) {
		rc = errno;
		(void)close(fd);
		return refuse(path, rc, err);
	}
	*ret_lock_fd = fd;
	return 0;
}

int fl_data_dir_tell(const char *path, struct fl_str json, struct fl_error *err)
{
	char name[PATH_MAX + 16];

	(void)snprintf(name, sizeof name, "%s/run.json", path);
	return fl_file_replace(name, json, 0600, err);
}

void fl_data_dir_release(const char *path, int lock_fd)
{
	char name[PATH_MAX + 16];

	(void)snprintf(name, sizeof name, "%s/run.json", path);
	(void)unlink(name);
	(void)close(lock_fd);
}
