/* tests/unit/config/files.h - files for cases about configurations that read some
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_UNIT_CONFIG_FILES_H
#define FL_TESTS_UNIT_CONFIG_FILES_H

#include "tests/unit/config/load.h"
#include "tests/unit/folder.h"

#include "base/file.h"

static char dir[FOLDER_PATH_MAX]; /* of the case */

static int make_dir(void **state)
{
	folder_make(dir, "config");
	return setup(state);
}

static int drop_dir(void **state)
{
	(void)folder_drop(dir);
	return teardown(state);
}

#define FILES(sentence, fn) FL_CASE_SETUP(sentence, fn, make_dir, drop_dir)

/* Until the next call. */
static const char *path_of(const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void put_bytes(const char *name, struct fl_str text)
{
	struct fl_error err = FL_ERROR_INIT;

	assert_int_equal(fl_file_replace(path_of(name), text, 0600, &err), 0);
}

#endif
