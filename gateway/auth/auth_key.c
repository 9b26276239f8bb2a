/* gateway/auth/auth_key.c - data_dir/auth.key: what hashes of credentials are keyed with
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE */

#include "gateway/auth/auth_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define DIGITS ((size_t)FL_AUTH_KEY_BYTES * 2)
#define NAME "auth.key"
#define HINT_LOST "restore it from a backup; without it all API keys must be made anew"

void fl_auth_key_init(const unsigned char bytes[FL_AUTH_KEY_BYTES], struct fl_auth_key *ret)
{
	static const char what[] = "fairlead auth.key id";
	unsigned char id[crypto_generichash_BYTES_MIN];

	memcpy(ret->bytes, bytes, sizeof ret->bytes);
	(void)crypto_generichash(id, sizeof id, (const unsigned char *)what, sizeof what - 1, bytes,
	                         FL_AUTH_KEY_BYTES);
	(void)sodium_bin2hex(ret->id, sizeof ret->id, id, FL_AUTH_KEY_ID_LEN / 2);
}

static int take(int fd, const char *path, struct fl_auth_key *ret, struct fl_error *err)
{
	unsigned char bytes[FL_AUTH_KEY_BYTES];
	char text[DIGITS + 2];
	struct stat st;
	size_t n = 0;
	ssize_t got;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)fl_error_set(err, "auth_key_unreadable", "%s is not a regular file", path);
		fl_error_hint(err, HINT_LOST);
		return -1;
	}
	if ((st.st_mode & 077) != 0) {
		(void)fl_error_set(err, "auth_key_exposed", "others may read or write %s", path);
		fl_error_hint(err, "chmod 600 it; if others did read it, make all API keys anew");
		return -1;
	}
	got = read(fd, text, sizeof text);
	if ((got == (ssize_t)DIGITS || (got == (ssize_t)DIGITS + 1 && text[DIGITS] == '\n')) &&
	    sodium_hex2bin(bytes, sizeof bytes, text, DIGITS, NULL, &n, NULL) == 0 &&
	    n == sizeof bytes)
		fl_auth_key_init(bytes, ret);
	else
		n = 0;
	sodium_memzero(text, sizeof text);
	sodium_memzero(bytes, sizeof bytes);
	if (n != 0)
		return 0;
	(void)fl_error_set(err, "auth_key_unreadable", "%s does not hold %zu hex digits", path,
	                   DIGITS);
	fl_error_hint(err, HINT_LOST);
	return -1;
}

/* 1: there is none. */
static int read_key(const char *path, struct fl_auth_key *ret, struct fl_error *err)
{
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* a pipe waits */

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0) {
		(void)fl_error_set(err, "auth_key_unreadable", "cannot open %s: %s", path,
		                   fl_errno_text(errno));
		fl_error_hint(err, "let user %u read it; do not remove it: all API keys hang on it",
		              (unsigned)geteuid());
		return -1;
	}
	rc = take(fd, path, ret, err);
	(void)close(fd);
	return rc;
}

/* What root makes here is for the gateway, which runs as the folder's owner. */
static void give_to_owner(const char *data_dir, const char *path)
{
	struct stat st;

	if (geteuid() == 0 && stat(data_dir, &st) == 0 && st.st_uid != 0 &&
	    lchown(path, st.st_uid, st.st_gid) < 0)
		return; /* the gateway will say that it cannot read it */
}

/* Under a name of our own first: a key that others use already is never replaced. */
static int make_key(const char *data_dir, const char *path, struct fl_error *err)
{
	unsigned char bytes[FL_AUTH_KEY_BYTES];
	char line[DIGITS + 2], own[PATH_MAX + 40];
	int rc, why;

	randombytes_buf(bytes, sizeof bytes);
	(void)sodium_bin2hex(line, DIGITS + 1, bytes, sizeof bytes);
	(void)memcpy(line + DIGITS, "\n", 2);
	(void)snprintf(own, sizeof own, "%s.%ld", path, (long)getpid());
	rc = fl_file_replace(own, fl_str_n(line, DIGITS + 1), 0600, err);
	sodium_memzero(bytes, sizeof bytes);
	sodium_memzero(line, sizeof line);
	if (rc < 0) {
		fl_error_hint(err, "let the gateway's user write in data_dir");
		return -1;
	}
	give_to_owner(data_dir, own);
	rc = link(own, path);
	why = errno;
	(void)unlink(own);
	if (rc < 0 && why != EEXIST)
		return fl_error_set(err, "file_unwritable", "cannot make %s: %s", path,
		                    fl_errno_text(why));
	fl_file_sync_folder_of(path);
	return 0;
}

int fl_auth_key_load(const char *data_dir, struct fl_auth_key *ret, struct fl_error *err)
{
	char path[PATH_MAX];
	int rc, n = snprintf(path, sizeof path, "%s/" NAME, data_dir);

	if (sodium_init() < 0)
		return fl_error_set(err, "no_random", "no source of random numbers");
	if (n < 0 || (size_t)n >= sizeof path)
		return fl_error_set(err, "auth_key_unreadable", "the path of data_dir is too long");
	rc = read_key(path, ret, err);
	if (rc != 1)
		return rc;
	if (make_key(data_dir, path, err) < 0)
		return -1;
	rc = read_key(path, ret, err);
	return rc == 1 ? fl_error_set(err, "auth_key_unreadable", "%s is gone", path) : rc;
}
