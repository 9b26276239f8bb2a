/* tests/unit/connector/file.h - the connectors that tests/mock/load.inc builds, as bytes
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_UNIT_CONNECTOR_FILE_H
#define FL_TESTS_UNIT_CONNECTOR_FILE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static inline const char *build_path(char *to, size_t n, const char *below)
{
	const char *top = getenv("top_builddir");

	(void)snprintf(to, n, "%s/%s", top == NULL ? "." : top, below);
	return to;
}

static inline const char *mock_path(char *to, size_t n, const char *name)
{
	char below[128];

	(void)snprintf(below, sizeof below, "tests/mock/load/%s.so", name);
	return build_path(to, n, below);
}

/* The caller frees. */
static inline char *file_bytes(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "rb");
	char *p = malloc(1u << 20);

	assert_non_null(f);
	assert_non_null(p);
	*ret_n = fread(p, 1, 1u << 20, f);
	assert_true(*ret_n > 0 && *ret_n < 1u << 20);
	(void)fclose(f);
	return p;
}

static inline char *mock_bytes(const char *name, size_t *ret_n)
{
	char path[1024];

	return file_bytes(mock_path(path, sizeof path, name), ret_n);
}

#endif
