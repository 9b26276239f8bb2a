/* tests/unit/folder.h - a folder of a test's own, which is gone when the test is
 * SPDX-License-Identifier: Apache-2.0
 *
 * Below $TMPDIR, or /tmp. Its path is short enough for a socket in it.
 */
#ifndef FL_TESTS_UNIT_FOLDER_H
#define FL_TESTS_UNIT_FOLDER_H

#include "tests/unit/test.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_PATH_MAX 64

/* `name` is for people who find it after a crash. */
static inline void folder_make(char path[static FOLDER_PATH_MAX], const char *name)
{
	const char *below = getenv("TMPDIR");
	int n = snprintf(path, FOLDER_PATH_MAX, "%s/fl-%s-XXXXXX", below ? below : "/tmp", name);

	if (n < 0 || n >= FOLDER_PATH_MAX)
		fail_msg("TMPDIR is too long: %s", below);
	assert_non_null(mkdtemp(path));
}

/* Removes it and all that is in it. Returns how many things were left there. */
static inline unsigned folder_drop(char *path)
{
	char *const paths[] = {path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	unsigned n = 0;

	assert_non_null(walk);
	for (FTSENT *at; (at = fts_read(walk)) != NULL;) {
		if (at->fts_info == FTS_D) {
			(void)chmod(at->fts_accpath, 0700); /* a test may have closed it */
			continue;
		}
		assert_int_equal(remove(at->fts_accpath), 0);
		n += at->fts_level > FTS_ROOTLEVEL;
	}
	assert_int_equal(fts_close(walk), 0);
	return n;
}

#endif
