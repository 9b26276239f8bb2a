/* tests/unit/connector/test_module.c - what is mapped, what is refused, and what goes away again
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE */

#include "tests/unit/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "gateway/connector/module.h"

static struct fl_modules modules;
static struct fl_error err;
static char dir[FOLDER_PATH_MAX];

static int setup(void **state)
{
	(void)state;
	err = FL_ERROR_INIT;
	folder_make(dir, "module");
	if (fl_modules_init(&modules, dir, 2, &err) != 0)
		fail_msg("%s", err.message);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_modules_fini(&modules);
	(void)folder_drop(dir);
	return 0;
}

static const char *path_of(const char *name)
{
	static char path[512];
	const char *build = getenv("top_builddir");

	(void)snprintf(path, sizeof path, "%s/%s.so", build ? build : ".", name);
	return path;
}

static struct fl_module *load(const char *name)
{
	struct fl_module *module = NULL;

	err = FL_ERROR_INIT;
	return fl_modules_load(&modules, path_of(name), &module, &err) == 0 ? module : NULL;
}

/* A file of the build folder, changed, under another name. */
static struct fl_module *load_changed(const char *name, void (*change)(struct fl_buf *bytes))
{
	struct fl_str bytes;
	struct fl_module *module = NULL;
	struct fl_buf changed;
	char path[96];

	err = FL_ERROR_INIT;
	(void)snprintf(path, sizeof path, "%s/changed.so", dir);
	fl_buf_init(&changed, 16u << 20);
	assert_int_equal(fl_file_read(path_of(name), 16u << 20, &bytes, &err), 0);
	fl_buf_add(&changed, bytes);
	free((char *)(uintptr_t)bytes.p);
	change(&changed);
	assert_int_equal(fl_file_replace(path, fl_buf_str(&changed), 0600, &err), 0);
	fl_buf_fini(&changed);
	if (fl_modules_load(&modules, path, &module, &err) != 0)
		module = NULL;
	(void)unlink(path);
	return module;
}

static struct fl_host_counts counts(void)
{
	struct fl_host_counts c = {0};

	fl_modules_counts(&modules, &c);
	return c;
}

static unsigned entries_of(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n - 2;
}

static unsigned copies(void)
{
	char gen[96];

	(void)snprintf(gen, sizeof gen, "%s/gen", dir);
	return entries_of(gen);
}

/* ---- refusals ---- */

static void test_refusals(void **state)
{
	static const struct {
		const char *name, *code;
	} cases[] = {
	    {"tests/mock/load/size_zero", "abi_struct_size"},
	    {"tests/mock/load/size_small", "abi_struct_size"},
	    {"tests/mock/load/size_huge", "abi_struct_size"},
	    {"tests/mock/load/no_create", "abi_mandatory"},
	    {"tests/mock/load/no_handle", "abi_mandatory"},
	    {"tests/mock/load/no_destroy", "abi_mandatory"},
	    {"tests/mock/load/entry_null", "abi_entry"},
	    {"tests/mock/load/other_id", "identity"},
	    {"tests/mock/load/other_version", "identity"},
	    {"tests/mock/load/no_entry", "elf_entry"},
	    {"tests/mock/load/undefined", "elf_undefined"},
	    {"tests/mock/load/exec_stack", "elf_exec_stack"},
	    {"tests/mock/load/unique", "elf_unique_symbol"},
	    {"tests/mock/load/export", "elf_exports"},
	    {"tests/mock/load/worker", "load_mode"},
	    {"tests/mock/load/nowhere", "file_unreadable"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		assert_null(load(cases[i].name));
		if (!err.code || strcmp(err.code, cases[i].code) != 0)
			fail_msg("%s: %s, not %s", cases[i].name, err.code ? err.code : "loaded",
			         cases[i].code);
		assert_true(err.message[0] != '\0' && err.hint[0] != '\0');
	}
	assert_int_equal(counts().load_failures_total, FL_ARRAY_LEN(cases));
	assert_int_equal(counts().modules_live, 0);
	assert_int_equal(copies(), 0);
}

/* The name of a function that it imports: only the loader knows that libc has no such one. */
static void import_nothing(struct fl_buf *bytes)
{
	char *name = memmem(bytes->p, bytes->len, "\0malloc", 8);

	assert_non_null(name);
	memcpy(name + 1, "mallox", 6);
}

static void test_loader_refuses(void **state)
{
	(void)state;
	assert_null(load_changed("connectors/echo", import_nothing));
	assert_string_equal(err.code, "load_failed");
	assert_non_null(strstr(err.message, "mallox"));
	assert_int_equal(counts().load_failures_total, 1);
	assert_int_equal(copies(), 0);
}

/* ---- what is loaded ---- */

static void test_same_bytes(void **state)
{
	struct fl_module *first = load("connectors/echo"), *second = load("connectors/echo");

	(void)state;
	assert_non_null(first);
	assert_ptr_equal(first, second);
	assert_int_equal(counts().loads_total, 1);
	assert_int_equal(copies(), 1);
	assert_int_equal(fl_module_class(first), 'U');
	assert_true(fl_module_is_inline_ok(first));
	assert_true(fl_str_is(fl_module_manifest(first)->id, "echo"));
	assert_int_equal(strlen(fl_module_digest(first)), 64);
	second = fl_module_unref(second);
	assert_int_equal(counts().modules_live, 1);
	first = fl_module_unref(first);
	assert_int_equal(counts().modules_live, 0);
	assert_int_equal(counts().unloads_total, 1);
	assert_int_equal(copies(), 0);
}

static void test_private_copy(void **state)
{
	struct fl_module *module = load("connectors/echo");
	char path[300];
	struct stat st;

	(void)state;
	assert_non_null(module);
	(void)snprintf(path, sizeof path, "%s/gen", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	(void)snprintf(path, sizeof path, "%s/gen/%s-1/plugin.so", dir, fl_module_digest(module));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	module = fl_module_unref(module);
	assert_int_not_equal(stat(path, &st), 0);
}

/* A table of a later minor version is longer: what we do not know is left alone. */
static void test_larger_table(void **state)
{
	struct fl_module *module = load("tests/mock/load/size_larger");

	(void)state;
	assert_non_null(module);
	module = fl_module_unref(module);
}

/* Sanitizers need the code at exit to name it. */
static void skip_if_kept(void)
{
	if (!modules.keeps_mappings)
		return;
	print_message("FAIRLEAD_NO_DLCLOSE=1: nothing is unmapped here\n");
	skip();
}

static void test_pinned(void **state)
{
	struct fl_module *module;

	(void)state;
	module = load("tests/mock/load/threads");
	assert_non_null(module);
	assert_int_equal(fl_module_class(module), 'P');
	assert_false(fl_module_is_inline_ok(module));
	module = fl_module_unref(module);
	assert_int_equal(counts().modules_pinned, 1);
	assert_int_equal(counts().unloads_total, 0);
	module = load("tests/mock/load/threads"); /* still there: taken up again */
	assert_non_null(module);
	assert_int_equal(counts().loads_total, 1);
	module = fl_module_unref(module);
}

static void add_a_byte(struct fl_buf *bytes)
{
	fl_buf_add_char(bytes, 'x');
}

static void add_two_bytes(struct fl_buf *bytes)
{
	fl_buf_add_c(bytes, "xy");
}

/* Two of one connector may stay behind here; others, and those that are there, may still come. */
static void test_retained(void **state)
{
	struct fl_module *module;

	(void)state;
	module = load("tests/mock/load/threads");
	assert_non_null(module);
	module = fl_module_unref(module);
	module = load_changed("tests/mock/load/threads", add_a_byte);
	assert_non_null(module);
	module = fl_module_unref(module);
	assert_int_equal(counts().modules_pinned, 2);
	assert_null(load_changed("tests/mock/load/threads", add_two_bytes));
	assert_string_equal(err.code, "load_retained");
	assert_non_null(strstr(err.hint, "restart"));
	module = load("tests/mock/load/threads");
	assert_non_null(module);
	module = fl_module_unref(module);
	module = load("connectors/echo");
	assert_non_null(module);
	module = fl_module_unref(module);
}

/* A thread that still has a destructor of the connector to run. */
static pthread_barrier_t barrier;
static void *use_and_wait(void *arg)
{
	const fairlead_plugin *plugin = arg;
	fairlead_inst *inst;

	if (plugin->create(NULL, NULL, &inst) == FAIRLEAD_OK)
		plugin->destroy(inst);
	(void)pthread_barrier_wait(&barrier);
	(void)pthread_barrier_wait(&barrier);
	return NULL;
}

static void test_stays(void **state)
{
	struct fl_module *module = load("tests/mock/load/stays");
	pthread_t thread;

	(void)state;
	assert_non_null(module);
	assert_int_equal(fl_module_class(module), 'U');
	assert_false(fl_module_is_inline_ok(module));
	skip_if_kept();
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, use_and_wait,
					(void *)(uintptr_t)fl_module_plugin(module)),
			 0);
	(void)pthread_barrier_wait(&barrier);
	module = fl_module_unref(module);
	assert_int_equal(counts().modules_pinned, 1);
	assert_int_equal(counts().unloads_total, 0);
	module = load("tests/mock/load/stays"); /* the old mapping may go at any time */
	assert_non_null(module);
	assert_int_equal(fl_module_generation(module), 2);
	module = fl_module_unref(module);
	assert_int_equal(counts().modules_pinned, 1);
	assert_int_equal(counts().unloads_total, 1);
	(void)pthread_barrier_wait(&barrier);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)pthread_barrier_destroy(&barrier);
	(void)fl_module_unref(load("connectors/echo"));
	assert_int_equal(counts().modules_pinned, 0);
	assert_int_equal(counts().unloads_total, 3);
	assert_int_equal(copies(), 0);
}

static long rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0, all = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &all, &pages), 2);
	(void)fclose(f);
	return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void cycle(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct fl_module *module = load(i % 2 ? "connectors/echo" : "tests/e2e/echo-2");

		if (!module)
			fail_msg("%s", err.message);
		module = fl_module_unref(module);
	}
}

static void test_cycles(void **state)
{
	long before;
	unsigned files;

	(void)state;
	skip_if_kept();
	cycle(100);
	before = rss_kib();
	files = entries_of("/proc/self/fd");
	cycle(3000);
	assert_int_equal(counts().unloads_total, 3100);
	assert_int_equal(entries_of("/proc/self/fd"), files);
	assert_true(rss_kib() - before <= 2048);
}

/* One thread unmaps while another maps: the kernel gives the same addresses out again at once. */
static void *cycle_other(void *arg)
{
	for (unsigned i = 0; i < 1500; i++) {
		struct fl_module *module = NULL;
		struct fl_error own = FL_ERROR_INIT;

		if (fl_modules_load(&modules, arg, &module, &own) != 0)
			return arg;
		module = fl_module_unref(module);
	}
	return NULL;
}

static void test_cycles_beside(void **state)
{
	char other[512];
	pthread_t thread;
	void *failed;

	(void)state;
	skip_if_kept();
	(void)snprintf(other, sizeof other, "%s", path_of("connectors/http"));
	assert_int_equal(pthread_create(&thread, NULL, cycle_other, other), 0);
	cycle(1500);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(counts().modules_pinned, 0);
	assert_int_equal(counts().unloads_total, 3000);
}

/* ---- the folder of private copies ---- */

static void test_emptied_at_start(void **state)
{
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof path, "%s/gen/old-1", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/gen/old-1/plugin.so", dir);
	assert_int_equal(fl_file_replace(path, FL_STR("x"), 0400, &err), 0);
	fl_modules_fini(&modules);
	assert_int_equal(fl_modules_init(&modules, dir, 0, &err), 0);
	assert_int_equal(copies(), 0);
}

static void test_full_disk(void **state)
{
	const struct rlimit none = {4096, RLIM_INFINITY};
	struct rlimit before;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_null(load("connectors/echo"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_string_equal(err.code, "stage_full");
	assert_non_null(strstr(err.hint, "data_dir"));
	assert_int_equal(copies(), 0);
	assert_non_null(load("connectors/echo")); /* and again when there is room */
}

static void test_noexec(void **state)
{
	char other[FOLDER_PATH_MAX];
	struct fl_modules refused;

	(void)state;
	folder_make(other, "noexec");
	if (mount("none", other, "tmpfs", MS_NOEXEC, "size=1m") != 0) {
		(void)folder_drop(other);
		print_message("no mount here (%s): noexec is not tried\n", strerrorname_np(errno));
		skip();
	}
	assert_int_equal(fl_modules_init(&refused, other, 0, &err), -1);
	(void)umount(other);
	(void)folder_drop(other);
	assert_string_equal(err.code, "stage_noexec");
	assert_non_null(strstr(err.hint, "noexec"));
}

/* ---- a constructor that hangs ---- */

static void test_hang(void **state)
{
	struct fl_module *before = load("connectors/echo");

	(void)state;
	assert_non_null(before);
	(void)alarm(30); /* what would hang is a failure */
	modules.load_limit_ns = 100 * FL_NS_PER_MS;
	assert_null(load("tests/mock/load/hang"));
	assert_string_equal(err.code, "load_timeout");
	assert_null(load("tests/e2e/echo-2")); /* it holds the loader's lock */
	assert_string_equal(err.code, "load_stuck");
	assert_non_null(strstr(err.hint, "restart"));
	assert_int_equal(counts().zombies, 1);
	before = fl_module_unref(before); /* does not ask the loader either */
	if (!modules.keeps_mappings) {
		assert_int_equal(counts().modules_pinned, 1);
		assert_int_equal(counts().unloads_total, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)
	    CASE("each connector that is wrong is refused for its reason", test_refusals),
	    CASE("what only the loader can see is told in its words", test_loader_refuses),
	    CASE("the same bytes are mapped once", test_same_bytes),
	    CASE("what is mapped is a copy that nobody else may write", test_private_copy),
	    CASE("a longer table is taken as far as it is known", test_larger_table),
	    CASE("one that starts threads stays mapped, and is counted", test_pinned),
	    CASE("no more than max_retained of a connector stay mapped", test_retained),
	    CASE("what a thread keeps mapped is counted until it is gone", test_stays),
	    CASE("3,000 times loaded and unloaded, memory and descriptors stay", test_cycles),
	    CASE("loading beside unloading takes nothing for what it is not", test_cycles_beside),
	    CASE("old copies are removed at start", test_emptied_at_start),
	    CASE("a full disk refuses and leaves nothing behind", test_full_disk),
	    CASE("a file system mounted noexec is told at start", test_noexec),
	    CASE("a constructor that hangs is given up", test_hang),
	};

	int failed = cmocka_run_group_tests_name("modules", tests, NULL, NULL);

	/* exit() would wait for the constructor that hangs. */
	(void)fflush(NULL);
	_exit(failed);
}
