/* admin/api/token.c - the admin token: read, or made at the first start
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE */

#include "admin/api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int read_token(int fd, const char *path, char ret[FL_API_TOKEN_LEN + 1],
                      struct fl_error *err)
{
	char text[FL_API_TOKEN_LEN + 3] = "";
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)fl_error_set(err, "token_unreadable", "%s is not a regular file", path);
		fl_error_hint(err, "remove it so that a new one is made");
		return -1;
	}
	if ((st.st_mode & 077) != 0) {
		(void)fl_error_set(err, "token_exposed", "others may read or write %s", path);
		fl_error_hint(err, "chmod 600 it, or remove it so that a new one is made");
		return -1;
	}
	n = read(fd, text, sizeof text - 1);
	if (n < (ssize_t)FL_API_TOKEN_LEN || strspn(text, "0123456789abcdef") < FL_API_TOKEN_LEN ||
	    (n > (ssize_t)FL_API_TOKEN_LEN && text[FL_API_TOKEN_LEN] != '\n')) {
		sodium_memzero(text, sizeof text);
		(void)fl_error_set(err, "token_unreadable", "%s does not hold %u hex digits", path,
		                   FL_API_TOKEN_LEN);
		fl_error_hint(err, "remove it so that a new one is made");
		return -1;
	}
	memcpy(ret, text, FL_API_TOKEN_LEN);
	ret[FL_API_TOKEN_LEN] = '\0';
	sodium_memzero(text, sizeof text);
	return 0;
}

static int make_token(const char *path, char ret[FL_API_TOKEN_LEN + 1], struct fl_error *err)
{
	unsigned char bytes[FL_API_TOKEN_LEN / 2];
	char line[FL_API_TOKEN_LEN + 2];
	int rc;

	randombytes_buf(bytes, sizeof bytes);
	(void)sodium_bin2hex(ret, FL_API_TOKEN_LEN + 1, bytes, sizeof bytes);
	sodium_memzero(bytes, sizeof bytes);
	(void)snprintf(line, sizeof line, "%s\n", ret);
	rc = fl_file_replace(path, fl_str(line), 0600, err);
	sodium_memzero(line, sizeof line);
	if (rc < 0)
		fl_error_hint(err, "let the gateway's user write in data_dir");
	return rc;
}

int fl_api_token_load(const char *data_dir, char ret[FL_API_TOKEN_LEN + 1], struct fl_error *err)
{
	char path[4096];
	int fd, rc, n = snprintf(path, sizeof path, "%s/admin.token", data_dir);

	if (sodium_init() < 0)
		return fl_error_set(err, "no_random", "no source of random numbers");
	if (n < 0 || (size_t)n >= sizeof path - 8)
		return fl_error_set(err, "token_unreadable", "the path of data_dir is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* a pipe waits */
	if (fd < 0 && errno == ENOENT)
		return make_token(path, ret, err);
	if (fd < 0)
		return fl_error_set(err, "token_unreadable", "cannot open %s: %s", path,
		                    fl_errno_text(errno));
	rc = read_token(fd, path, ret, err);
	(void)close(fd);
	return rc;
}
