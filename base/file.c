/* base/file.c - whole files
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define STREAM_STEP (64u << 10)

/* 0, or an errno. A file that shrinks meanwhile is read as far as it goes. */
static int read_whole(int fd, char *p, size_t *n)
{
	size_t done = 0;

	while (done < *n) {
		ssize_t got = read(fd, p + done, *n - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*n = done;
	return 0;
}

static int read_open(int fd, const char *path, size_t max_bytes, struct fl_str *ret,
                     struct fl_error *err)
{
	struct stat st;
	size_t n;
	char *p;
	int code;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fl_error_set(err, "file_unreadable", "%s is not a regular file", path);
	if ((uintmax_t)st.st_size > max_bytes)
		return fl_error_set(err, "file_too_large", "%s is over %zu bytes", path, max_bytes);
	n = (size_t)st.st_size;
	p = malloc(n + 1);
	code = p == NULL ? ENOMEM : read_whole(fd, p, &n);
	if (code != 0) {
		free(p);
		return fl_error_set(err, "file_unreadable", "cannot read %s: %s", path,
		                    fl_errno_text(code));
	}
	p[n] = '\0';
	*ret = fl_str_n(p, n);
	return 0;
}

int fl_file_read(const char *path, size_t max_bytes, struct fl_str *ret, struct fl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0)
		return fl_error_set(err, "file_unreadable", "cannot open %s: %s", path,
		                    fl_errno_text(errno));
	rc = read_open(fd, path, max_bytes, ret, err);
	(void)close(fd);
	return rc;
}

int fl_file_read_stream(int fd, const char *name, size_t max_bytes, struct fl_str *ret,
                        struct fl_error *err)
{
	struct fl_buf buf;
	ssize_t got = 1;

	fl_buf_init(&buf, max_bytes + STREAM_STEP); /* so that one byte too many is seen */
	while (got > 0 && buf.len <= max_bytes) {
		char *at = fl_buf_reserve(&buf, STREAM_STEP);

		got = at == NULL ? -1 : read(fd, at, STREAM_STEP);
		if (got > 0)
			buf.len += (size_t)got;
		else if (got < 0 && at != NULL && errno == EINTR)
			got = 1;
	}
	if (got < 0) {
		fl_buf_fini(&buf);
		return fl_error_set(err, "file_unreadable", "cannot read %s: %s", name,
		                    fl_errno_text(errno));
	}
	if (buf.len > max_bytes) {
		fl_buf_fini(&buf);
		return fl_error_set(err, "file_too_large", "%s is over %zu bytes", name, max_bytes);
	}
	(void)fl_buf_cstr(&buf);
	*ret = fl_buf_str(&buf); /* the memory goes to the caller */
	return 0;
}

/* 0, or an errno. */
static int write_whole(int fd, struct fl_str bytes)
{
	while (bytes.n != 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		bytes = fl_str_n(bytes.p + n, bytes.n - (size_t)n);
	}
	return 0;
}

static int write_beside(const char *beside, struct fl_str bytes, mode_t mode)
{
	int fd, code;

	(void)unlink(beside); /* left by a crash */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return errno;
	code = write_whole(fd, bytes);
	if (code == 0 && fdatasync(fd) < 0)
		code = errno;
	if (close(fd) < 0 && code == 0)
		code = errno;
	return code;
}

/* Best effort: the file is whole either way, and not every file system can be asked. */
void fl_file_sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int fd;

	if (slash != NULL)
		(void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

int fl_file_replace(const char *path, struct fl_str bytes, mode_t mode, struct fl_error *err)
{
	char beside[PATH_MAX];
	int code, n = snprintf(beside, sizeof beside, "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof beside)
		return fl_error_set(err, "file_unwritable", "the path is too long: %.200s", path);
	code = write_beside(beside, bytes, mode);
	if (code == 0 && rename(beside, path) < 0)
		code = errno;
	if (code == 0) {
		fl_file_sync_folder_of(path);
		return 0;
	}
	(void)unlink(beside);
	return fl_error_set(err, "file_unwritable", "cannot write %s: %s", path,
	                    fl_errno_text(code));
}
