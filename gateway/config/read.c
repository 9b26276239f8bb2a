/* gateway/config/read.c - a file, whole and bounded
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(struct fl_error *err, const char *path, int code)
{
	(void)fl_error_set(err, code == ENOMEM ? "out_of_memory" : "file_unreadable",
			   "cannot read %s: %s", path, fl_errno_text(code));
	if (code == ENOMEM)
		fl_error_hint(err, "at most %u MiB are used to read a configuration",
			      FL_CFG_MEMORY_MAX >> 20);
	else if (code == EACCES)
		fl_error_hint(err, "let the user that runs fairlead read it");
	else
		fl_error_hint(err, "relative paths start at the folder of the file that names them");
	return -1;
}

static int check_file(int fd, const char *path, size_t max_bytes, struct fl_error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(err, path, errno);
	if (S_ISDIR(st.st_mode))
		return refuse(err, path, EISDIR);
	if (!S_ISREG(st.st_mode)) { /* a pipe could make us wait for ever */
		(void)fl_error_set(err, "file_unreadable", "%s is not a regular file", path);
		fl_error_hint(err, "write it to a file");
		return -1;
	}
	if ((uint64_t)st.st_size > max_bytes) {
		(void)fl_error_set(err, "file_too_large", "%s has %llu bytes; at most %zu are read",
				   path, (unsigned long long)st.st_size, max_bytes);
		fl_error_hint(err, "is it the right file?");
		return -1;
	}
	return 0;
}

/* Reads to the end; `to` has room for one byte more than the file has. A file that has that byte is
 * being written, or tells no size (/proc): half of it must not pass for the whole. */
static int read_all(int fd, const char *path, char *to, size_t bytes, size_t *ret, struct fl_error *err)
{
	size_t len = 0;

	while (len <= bytes) {
		ssize_t n = read(fd, to + len, bytes + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(err, path, errno);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len > bytes) {
		(void)fl_error_set(err, "file_unreadable", "%s has more bytes than it tells", path);
		fl_error_hint(err, "write a new file and rename it over the old one");
		return -1;
	}
	*ret = len;
	return 0;
}

int fl_cfg_read(struct fl_arena *arena, const char *path, size_t max_bytes, struct fl_str *ret,
		struct fl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t len = 0;
	int r = -1;

	if (fd < 0)
		return refuse(err, path, errno);
	if (check_file(fd, path, max_bytes, err) == 0 && fstat(fd, &st) == 0) {
		size_t room = (size_t)st.st_size;
		char *bytes = fl_arena_alloc(arena, room + 1);

		if (bytes == NULL)
			(void)refuse(err, path, ENOMEM);
		else if ((r = read_all(fd, path, bytes, room, &len, err)) == 0)
			*ret = fl_str_n(bytes, len);
	}
	(void)close(fd);
	return r;
}

struct fl_str fl_cfg_join(struct fl_arena *arena, const char *dir, struct fl_str path)
{
	if (dir == NULL || (path.n != 0 && path.p[0] == '/'))
		return fl_arena_str(arena, path);
	return fl_arena_printf(arena, "%s/%.*s", dir, FL_STR_ARGS(path));
}
