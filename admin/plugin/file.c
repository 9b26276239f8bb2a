/* admin/plugin/file.c - reading files and complaining, for the commands of fairlead-plugin
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for strerrordesc_np() */

#include "admin/plugin/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *fl_plugin_errno(int code)
{
	const char *text = strerrordesc_np(code);

	return text == NULL ? "unknown error" : text;
}

int fl_plugin_complain(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("fairlead-plugin: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return FL_PLUGIN_EXIT_USAGE;
}

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

int fl_plugin_read_file(const char *path, size_t max_bytes, struct fl_str *ret,
                        struct fl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *p;
	size_t n;
	int code;

	if (fd < 0)
		return fl_error_set(err, "file_unreadable", "%s: %s", path, fl_plugin_errno(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return fl_error_set(err, "file_unreadable", "%s: is not a regular file", path);
	}
	if ((uintmax_t)st.st_size > max_bytes) {
		(void)close(fd);
		return fl_error_set(err, "file_too_large", "%s: is over %zu bytes", path,
		                    max_bytes);
	}
	n = (size_t)st.st_size;
	p = malloc(n + 1);
	code = p == NULL ? ENOMEM : read_whole(fd, p, &n);
	(void)close(fd);
	if (code != 0) {
		free(p);
		return fl_error_set(err, "file_unreadable", "%s: %s", path, fl_plugin_errno(code));
	}
	*ret = fl_str_n(p, n);
	return 0;
}
