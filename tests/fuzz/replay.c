/* tests/fuzz/replay.c - main() of a fuzz target without a fuzzer: replays its corpus
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs every file below $top_srcdir/tests/fuzz/corpus/<name> (name: the program's without
 * "fuzz_") or those named as arguments. An empty corpus is a failure: it would test nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t len = 0, cap = 0, n = 0;

	if (f == NULL)
		return -1;
	do {
		len += n;
		if (len == cap) {
			cap = cap == 0 ? 65536 : cap * 2;
			data = realloc(data, cap);
			if (data == NULL)
				abort();
		}
		n = fread(data + len, 1, cap - len, f);
	} while (n != 0);
	(void)fclose(f);
	/* An exact copy, so that a sanitizer sees the first byte past the end. */
	uint8_t *exact = malloc(len == 0 ? 1 : len);

	if (exact == NULL)
		abort();
	if (len != 0)
		memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	free(data);
	return 0;
}

static int replay_dir(const char *dir)
{
	DIR *d = opendir(dir);
	int count = 0;
	char path[4096];

	if (d == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		count += replay_file(path) == 0;
	}
	(void)closedir(d);
	return count;
}

int main(int argc, char **argv)
{
	const char *src = getenv("top_srcdir");
	const char *base = strrchr(argv[0], '/');
	char dir[4096];
	int count = 0;

	base = base == NULL ? argv[0] : base + 1;
	if (strncmp(base, "fuzz_", 5) == 0)
		base += 5;
	for (int i = 1; i < argc; i++)
		count += replay_file(argv[i]) == 0;
	if (argc == 1) {
		(void)snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", src ? src : ".", base);
		count = replay_dir(dir);
	}
	(void)printf("1..1\n%s 1 - %s: %d corpus files replayed\n", count > 0 ? "ok" : "not ok", base, count);
	return count > 0 ? 0 : 1;
}
