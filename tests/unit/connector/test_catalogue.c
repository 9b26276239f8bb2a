/* tests/unit/connector/test_catalogue.c - gateway/connector/catalogue
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for memmem() */

#include "tests/unit/folder.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "gateway/connector/catalogue.h"
#include "tests/unit/connector/file.h"

static struct {
	char dir[FOLDER_PATH_MAX], data[FOLDER_PATH_MAX + 8], shipped[FOLDER_PATH_MAX + 8];
	struct fl_arena arena;
	struct fl_catalogue *catalogue;
	struct fl_problems problems;
	struct fl_error err;
	struct fl_catalogue_entry entry;
} f;

/* ---- set-up: echo 1.0.0 is shipped ---- */

static struct fl_str bytes_of(const char *below)
{
	char path[PATH_MAX];
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str bytes;

	assert_int_equal(fl_file_read(build_path(path, sizeof path, below), 1u << 20, &bytes, &err),
	                 0);
	return bytes;
}

static void free_bytes(struct fl_str bytes)
{
	free((char *)(uintptr_t)bytes.p);
}

static void ship(const char *below, const char *as)
{
	char path[128];
	struct fl_str bytes = bytes_of(below);

	(void)snprintf(path, sizeof path, "%s/%s", f.shipped, as);
	assert_int_equal(fl_file_replace(path, bytes, 0644, NULL), 0);
	free_bytes(bytes);
}

static void open_it(void)
{
	struct fl_str dirs[] = {FL_STR("/nowhere/at/all"), fl_str(f.shipped)};

	f.err = FL_ERROR_INIT;
	assert_int_equal(
	    fl_catalogue_open(f.data, &(struct fl_cfg_strings){dirs, 2}, &f.catalogue, &f.err), 0);
}

static int set_up(void **state)
{
	(void)state;
	fl_log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	folder_make(f.dir, "catalogue");
	(void)snprintf(f.data, sizeof f.data, "%s/data", f.dir);
	(void)snprintf(f.shipped, sizeof f.shipped, "%s/shipped", f.dir);
	assert_int_equal(mkdir(f.data, 0700), 0);
	assert_int_equal(mkdir(f.shipped, 0700), 0);
	fl_arena_init(&f.arena, 4096, 8u << 20);
	ship("connectors/echo.so", "echo.so");
	open_it();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	f.catalogue = fl_catalogue_close(f.catalogue);
	fl_arena_fini(&f.arena);
	(void)folder_drop(f.dir);
	return 0;
}

static int resolve(const char *id, const char *version, const char *sha256, const char *file)
{
	f.err = FL_ERROR_INIT;
	return fl_catalogue_resolve(
	    f.catalogue,
	    &(struct fl_catalogue_want){fl_str(id), fl_str(version), fl_str(sha256), fl_str(file)},
	    &f.arena, &f.entry, &f.err);
}

static int put(const char *id, const char *version, struct fl_str bytes, bool may_replace)
{
	fl_problems_init(&f.problems, &f.arena);
	return fl_catalogue_put(f.catalogue, fl_str(id), fl_str(version), bytes, may_replace,
	                        &f.arena, &f.entry, &f.problems);
}

/* Echo 2.0.0 with another byte in its manifest: other bytes, same version. */
static struct fl_str other_echo(void)
{
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so");
	char *at = memmem(bytes.p, bytes.n, "The fairlead authors", 20);

	assert_non_null(at);
	*at = 't';
	return bytes;
}

/* ---- cases ---- */

static void resolves_shipped(void **state)
{
	static const char *const fit[] = {"", "1.0.0", "1.x", "1.0.x"};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(fit); i++) {
		assert_int_equal(resolve("echo", fit[i], NULL, NULL), 0);
		assert_string_equal(f.entry.version.p, "1.0.0");
		assert_int_equal(f.entry.origin, FL_CATALOGUE_SHIPPED);
		assert_int_equal(f.entry.sha256.n, 64);
		assert_true(fl_str_starts(f.entry.path, fl_str(f.shipped)));
	}
}

static void says_what_there_is(void **state)
{
	(void)state;
	assert_int_equal(resolve("ecko", "", NULL, NULL), -1);
	assert_string_equal(f.err.code, "connector_unknown");
	assert_string_equal(f.err.hint, "did you mean \"echo\"?");
	assert_int_equal(resolve("com.example.thing", "", NULL, NULL), -1);
	assert_non_null(strstr(f.err.hint, "install"));
	assert_int_equal(resolve("echo", "2.x", NULL, NULL), -1);
	assert_string_equal(f.err.code, "connector_version_unknown");
	assert_string_equal(f.err.hint, "there is: 1.0.0");
	assert_int_equal(resolve("echo", "1.x", "00", NULL), -1);
	assert_string_equal(f.err.code, "connector_digest");
}

static void takes_files(void **state)
{
	char path[PATH_MAX], sha256[65];

	(void)state;
	(void)build_path(path, sizeof path, "tests/e2e/echo-2.so");
	assert_int_equal(resolve("echo", "2.x", NULL, path), 0);
	assert_int_equal(f.entry.origin, FL_CATALOGUE_FILE);
	(void)snprintf(sha256, sizeof sha256, "%s", f.entry.sha256.p);
	assert_int_equal(resolve("echo", "", sha256, path), 0);
	assert_int_equal(resolve("echo", "", "00", path), -1);
	assert_string_equal(f.err.code, "connector_digest");
	assert_int_equal(resolve("http", "", NULL, path), -1);
	assert_string_equal(f.err.code, "connector_mismatch");
	assert_int_equal(resolve("echo", "1.x", NULL, path), -1);
	assert_string_equal(f.err.code, "connector_mismatch");
	assert_int_equal(resolve("echo", "", NULL, "/nowhere.so"), -1);
	assert_string_equal(f.err.code, "connector_unreadable");
	/* A file is nobody else's candidate. */
	assert_int_equal(resolve("echo", "2.x", NULL, NULL), -1);
}

static void adds_once(void **state)
{
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so");
	struct stat st;

	(void)state;
	assert_int_equal(put("echo", "2.0.0", bytes, false), FL_CATALOGUE_ADDED);
	assert_int_equal(stat(f.entry.path.p, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(put("echo", "2.0.0", bytes, false), FL_CATALOGUE_SAME);
	assert_int_equal(resolve("echo", "", NULL, NULL), 0);
	assert_string_equal(f.entry.version.p, "2.0.0");
	f.catalogue = fl_catalogue_close(f.catalogue);
	open_it(); /* it is still there after a restart */
	assert_int_equal(resolve("echo", "2.0.0", NULL, NULL), 0);
	assert_int_equal(f.entry.origin, FL_CATALOGUE_UPLOADED);
	free_bytes(bytes);
}

static void replaces_when_it_may(void **state)
{
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so"), other = other_echo();
	char first[PATH_MAX];

	(void)state;
	assert_int_equal(put("echo", "2.0.0", bytes, false), FL_CATALOGUE_ADDED);
	(void)snprintf(first, sizeof first, "%s", f.entry.path.p);
	assert_int_equal(put("echo", "2.0.0", other, false), FL_CATALOGUE_E_TAKEN);
	assert_string_equal(f.entry.path.p, first);
	assert_int_equal(put("echo", "2.0.0", other, true), FL_CATALOGUE_ADDED);
	assert_string_not_equal(f.entry.path.p, first);
	assert_int_not_equal(access(first, F_OK), 0);
	free_bytes(bytes);
	free_bytes(other);
}

static void never_replaces_shipped(void **state)
{
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so"), other = other_echo();

	(void)state;
	ship("tests/e2e/echo-2.so", "echo-2.so");
	assert_int_equal(put("echo", "2.0.0", other, true), FL_CATALOGUE_E_TAKEN);
	assert_int_equal(put("echo", "2.0.0", bytes, true), FL_CATALOGUE_SAME);
	assert_int_equal(f.entry.origin, FL_CATALOGUE_SHIPPED);
	free_bytes(bytes);
	free_bytes(other);
}

static void refuses_uploads(void **state)
{
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so");

	(void)state;
	assert_int_equal(put("echo", "2.0.1", bytes, true), -1);
	assert_string_equal(f.problems.first->code, "connector_mismatch");
	assert_int_equal(put("../../echo", "2.0.0", bytes, true), -1);
	assert_string_equal(f.problems.first->code, "connector_mismatch");
	assert_int_equal(put("echo", "2.0.0", fl_str_n(bytes.p, bytes.n / 2), true), -1);
	assert_true(fl_str_starts(fl_str(f.problems.first->code), FL_STR("elf_")));
	assert_int_equal(put("echo", "2.0.0", FL_STR(""), true), -1);
	assert_int_equal(resolve("echo", "2.0.0", NULL, NULL), -1);
	free_bytes(bytes);
}

static void disk_refuses(void **state)
{
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so");
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof path, "%s/connectors/echo", f.data);
	assert_int_equal(fl_file_replace(path, FL_STR("in the way"), 0600, NULL), 0);
	assert_int_equal(put("echo", "2.0.0", bytes, true), -1);
	assert_string_equal(f.problems.first->code, "catalogue_unwritable");
	assert_true(f.problems.first->hint.n != 0);
	free_bytes(bytes);
}

/* A put while files may not grow over `most` bytes, as on a full disk. */
static int put_when_full(struct fl_str bytes, rlim_t most)
{
	const struct rlimit few = {most, RLIM_INFINITY};
	struct rlimit before;
	int rc;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	rc = put("echo", "2.0.0", bytes, true);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	return rc;
}

static void disk_fills_up(void **state)
{
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so"), other = other_echo();
	char path[128], first[PATH_MAX];

	(void)state;
	assert_int_equal(put_when_full(bytes, bytes.n / 2), -1);
	assert_string_equal(f.problems.first->code, "catalogue_unwritable");
	assert_non_null(strstr(f.problems.first->hint.p, "free the disk"));
	(void)snprintf(path, sizeof path, "%s/connectors/echo", f.data);
	assert_int_not_equal(access(path, F_OK), 0); /* no empty folder either */
	assert_int_equal(resolve("echo", "2.0.0", NULL, NULL), -1);

	/* What is there stays, and its folder has nothing else. */
	assert_int_equal(put("echo", "2.0.0", bytes, false), FL_CATALOGUE_ADDED);
	(void)snprintf(first, sizeof first, "%s", f.entry.path.p);
	assert_int_equal(put_when_full(other, bytes.n / 2), -1);
	assert_int_equal(resolve("echo", "2.0.0", NULL, NULL), 0);
	assert_string_equal(f.entry.path.p, first);
	assert_int_equal(unlink(first), 0);
	(void)snprintf(path, sizeof path, "%s/connectors/echo/2.0.0", f.data);
	assert_int_equal(rmdir(path), 0);
	free_bytes(bytes);
	free_bytes(other);
}

static void follows_folders(void **state)
{
	char path[128];
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so");

	(void)state;
	(void)snprintf(path, sizeof path, "%s/echo-2.so", f.shipped);
	ship("tests/e2e/echo-2.so", "echo-2.so");
	assert_int_equal(resolve("echo", "", NULL, NULL), 0);
	assert_string_equal(f.entry.version.p, "2.0.0");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(resolve("echo", "", NULL, NULL), 0);
	assert_string_equal(f.entry.version.p, "1.0.0");
	/* Written in place: the folder does not change, the file does. */
	int fd = open(f.entry.path.p, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
	assert_int_equal(close(fd), 0);
	assert_int_equal(resolve("echo", "", NULL, NULL), 0);
	assert_string_equal(f.entry.version.p, "2.0.0");
	free_bytes(bytes);
}

static void passes_over(void **state)
{
	char path[256];

	(void)state;
	(void)snprintf(path, sizeof path, "%s/broken.so", f.shipped);
	assert_int_equal(fl_file_replace(path, FL_STR("no connector"), 0644, NULL), 0);
	(void)snprintf(path, sizeof path, "%s/readme.txt", f.shipped);
	assert_int_equal(fl_file_replace(path, FL_STR("text"), 0644, NULL), 0);
	assert_int_equal(resolve("echo", "", NULL, NULL), 0);
	/* An upload whose bytes are not what its name says. */
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so"), other = other_echo();

	assert_int_equal(put("echo", "2.0.0", bytes, false), FL_CATALOGUE_ADDED);
	assert_int_equal(fl_file_replace(f.entry.path.p, other, 0600, NULL), 0);
	f.catalogue = fl_catalogue_close(f.catalogue);
	open_it();
	assert_int_equal(resolve("echo", "2.0.0", NULL, NULL), -1);
	free_bytes(bytes);
	free_bytes(other);
}

static void note_entry(void *ctx, const struct fl_catalogue_entry *entry)
{
	struct fl_buf *out = ctx;

	fl_buf_printf(out, "%.*s %.*s;", FL_STR_ARGS(entry->id), FL_STR_ARGS(entry->version));
}

static void lists_in_order(void **state)
{
	struct fl_str bytes = bytes_of("tests/e2e/echo-2.so");
	struct fl_buf out;

	(void)state;
	fl_buf_init(&out, 1000);
	ship("connectors/http.so", "http.so");
	assert_int_equal(put("echo", "2.0.0", bytes, false), FL_CATALOGUE_ADDED);
	fl_catalogue_each(f.catalogue, FL_STR(""), note_entry, &out);
	assert_string_equal(fl_buf_cstr(&out), "echo 2.0.0;echo 1.0.0;http 1.0.0;");
	fl_buf_clear(&out);
	fl_catalogue_each(f.catalogue, FL_STR("http"), note_entry, &out);
	assert_string_equal(fl_buf_cstr(&out), "http 1.0.0;");
	fl_buf_fini(&out);
	free_bytes(bytes);
}

static void needs_a_folder(void **state)
{
	struct fl_catalogue *c;
	struct fl_error err = FL_ERROR_INIT;

	(void)state;
	assert_int_equal(
	    fl_catalogue_open("/nowhere/at/all", &(struct fl_cfg_strings){NULL, 0}, &c, &err), -1);
	assert_string_equal(err.code, "catalogue_unwritable");
	assert_true(err.hint[0] != '\0');
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)
	    CASE("what is shipped is found by version, range, or without", resolves_shipped),
	    CASE("what is not found is told with what there is", says_what_there_is),
	    CASE("a file that the configuration names must be what it wants", takes_files),
	    CASE("an upload is added once and survives a restart", adds_once),
	    CASE("an upload is replaced only when it may be", replaces_when_it_may),
	    CASE("what is shipped is never replaced", never_replaces_shipped),
	    CASE("an upload must be loadable and say what it is uploaded as", refuses_uploads),
	    CASE("a disk that refuses leaves everything as it was", disk_refuses),
	    CASE("a disk that fills up keeps no part of an upload", disk_fills_up),
	    CASE("folders and files that change are read again", follows_folders),
	    CASE("what cannot be a connector is passed over", passes_over),
	    CASE("the list is by id, then from new to old", lists_in_order),
	    FL_CASE("a folder that cannot be made is told", needs_a_folder),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
