/* tests/bench/proc.c - what a process has used, from /proc
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/bench/proc.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

static uint64_t thread_cpu_ns(int pid, const char *thread)
{
	char path[320];
	uint64_t ns = 0;
	FILE *file;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, thread);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &ns) != 1)
		ns = 0;
	(void)fclose(file);
	return ns;
}

uint64_t bench_proc_cpu_ns(int pid)
{
	char path[64];
	uint64_t ns = 0;
	struct dirent *entry;
	DIR *dir;

	(void)snprintf(path, sizeof path, "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ns += thread_cpu_ns(pid, entry->d_name);
	(void)closedir(dir);
	return ns;
}
