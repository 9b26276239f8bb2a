/* admin/plugin/embed.c - fairlead-plugin embed: a manifest into a connector
 * SPDX-License-Identifier: Apache-2.0
 *
 * objcopy writes a new file beside the target, which one rename puts in place.
 */
#include "admin/plugin/plugin.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "gateway/connector/check.h"

extern char **environ;

/* 0, or the exit status of the program after a complaint. */
static int run_objcopy(const char *in, const char *manifest, const char *out)
{
	char add[4200];
	char *argv[] = {(char *)(uintptr_t) "objcopy",
	                (char *)(uintptr_t) "--remove-section=.fairlead.manifest",
	                (char *)(uintptr_t) "--add-section",
	                add,
	                (char *)(uintptr_t) "--set-section-flags",
	                (char *)(uintptr_t) ".fairlead.manifest=noload,readonly",
	                (char *)(uintptr_t) "--",
	                (char *)(uintptr_t)in,
	                (char *)(uintptr_t)out,
	                NULL};
	pid_t pid;
	int status, code;

	if (snprintf(add, sizeof add, ".fairlead.manifest=%s", manifest) >= (int)sizeof add)
		return fl_plugin_complain("%s: the name is too long", manifest);
	code = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (code != 0)
		return fl_plugin_complain("objcopy: %s; it is in the package binutils",
		                          fl_errno_text(code));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fl_plugin_complain("objcopy: %s", fl_errno_text(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fl_plugin_complain("objcopy failed");
	return 0;
}

/* What is wrong with file and manifest together; prints it. */
static int check(const char *path, struct fl_str file, struct fl_str manifest)
{
	struct fl_connector_file read;
	struct fl_problems problems;
	struct fl_arena arena;
	struct fl_buf out;
	int status;

	fl_arena_init(&arena, 4096, 1u << 20);
	fl_problems_init(&problems, &arena);
	fl_buf_init(&out, 1u << 20);
	fl_connector_file_read(file, &manifest, &read, &problems);
	fl_problems_print(&problems, &out);
	(void)fputs(fl_buf_cstr(&out), stderr);
	status = problems.errors == 0 ? 0 : FL_PLUGIN_EXIT_REFUSED;
	if (status != 0)
		(void)fl_plugin_complain("%s: nothing was written", path);
	fl_buf_fini(&out);
	fl_connector_file_fini(&read);
	fl_arena_fini(&arena);
	return status;
}

static int embed(const char *path, const char *manifest_path, const char *out)
{
	struct fl_str file = FL_STR_NULL, manifest = FL_STR_NULL;
	struct fl_error err = FL_ERROR_INIT;
	char tmp[4200];
	int status;

	if (snprintf(tmp, sizeof tmp, "%s.embed-%ld", out, (long)getpid()) >= (int)sizeof tmp)
		return fl_plugin_complain("%s: the name is too long", out);
	if (fl_file_read(path, FL_CONNECTOR_MAX_BYTES, &file, &err) != 0 ||
	    fl_file_read(manifest_path, FL_MANIFEST_MAX_BYTES, &manifest, &err) != 0)
		status = fl_plugin_complain("%s", err.message);
	else
		status = check(path, file, manifest);
	if (status == 0)
		status = run_objcopy(path, manifest_path, tmp);
	if (status == 0 && rename(tmp, out) != 0)
		status = fl_plugin_complain("%s: %s", out, fl_errno_text(errno));
	if (status != 0)
		(void)unlink(tmp);
	free((void *)(uintptr_t)file.p);
	free((void *)(uintptr_t)manifest.p);
	return status;
}

int fl_plugin_embed(void *ctx, int argc, char **argv)
{
	const char *out = NULL;
	int c;

	(void)ctx;
	while ((c = getopt(argc, argv, "+o:")) != -1) {
		if (c != 'o')
			return FL_COMMAND_USAGE;
		out = optarg;
	}
	if (optind != argc - 2)
		return FL_COMMAND_USAGE;
	return embed(argv[optind], argv[optind + 1], out == NULL ? argv[optind] : out);
}
