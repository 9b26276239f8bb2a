/* tests/unit/auth/test_auth_key.c - data_dir/auth.key is made once, and read by its owner only
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/folder.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "gateway/auth/auth_key.h"

static char dir[FOLDER_PATH_MAX], path[FOLDER_PATH_MAX + 16];

static int make_dir(void **state)
{
	(void)state;
	folder_make(dir, "auth");
	(void)snprintf(path, sizeof path, "%s/auth.key", dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	assert_int_equal(folder_drop(dir), 0); /* nothing else was left behind */
	return 0;
}

static void put(const char *text)
{
	struct fl_error err = FL_ERROR_INIT;

	assert_int_equal(fl_file_replace(path, fl_str(text), 0600, &err), 0);
}

static const char *code(void)
{
	static struct fl_error err;
	struct fl_auth_key key;

	err = FL_ERROR_INIT;
	if (fl_auth_key_load(dir, &key, &err) == 0)
		return "";
	assert_true(err.message[0] != '\0');
	return err.code;
}

static void made_once(void **state)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_auth_key first, second;
	struct stat st;

	(void)state;
	assert_int_equal(fl_auth_key_load(dir, &first, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 65);
	assert_int_equal(fl_auth_key_load(dir, &second, &err), 0);
	assert_memory_equal(first.bytes, second.bytes, sizeof first.bytes);
	assert_string_equal(first.id, second.id);
	assert_int_equal(strspn(first.id, "0123456789abcdef"), FL_AUTH_KEY_ID_LEN);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(fl_auth_key_load(dir, &second, &err), 0);
	assert_memory_not_equal(first.bytes, second.bytes, sizeof first.bytes);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void bad_files(void **state)
{
	(void)state;
	put(ZEROS);
	assert_string_equal(code(), "");
	put(ZEROS "\n");
	assert_string_equal(code(), "");
	put("");
	assert_string_equal(code(), "auth_key_unreadable");
	put(ZEROS "0");
	assert_string_equal(code(), "auth_key_unreadable");
	put(ZEROS "\n\n");
	assert_string_equal(code(), "auth_key_unreadable");
	put("x" ZEROS);
	assert_string_equal(code(), "auth_key_unreadable");
	put(ZEROS);
	assert_int_equal(chmod(path, 0640), 0);
	assert_string_equal(code(), "auth_key_exposed");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_string_equal(code(), "auth_key_unreadable");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes, and nobody waits for it */
	assert_string_equal(code(), "auth_key_unreadable");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_string_equal(code(), "auth_key_unreadable");
}

#define MAKERS 8u

/* In a process of its own, with the others. */
static void make_and_tell(int start_fd, int id_fd)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_auth_key key = {.id = ""};
	char c;

	(void)!read(start_fd, &c, 1); /* until the parent closes it */
	(void)!fl_auth_key_load(dir, &key, &err);
	(void)!write(id_fd, key.id, sizeof key.id);
	_exit(0);
}

static void made_by_many(void **state)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_auth_key key;
	char id[sizeof key.id];
	int start[2], ids[2];

	(void)state;
	assert_int_equal(pipe(start), 0);
	assert_int_equal(pipe(ids), 0);
	for (unsigned i = 0; i < MAKERS; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			(void)close(start[1]);
			make_and_tell(start[0], ids[1]);
		}
	}
	(void)close(start[0]);
	(void)close(start[1]);
	for (unsigned i = 0; i < MAKERS; i++)
		assert_true(wait(NULL) > 0);
	assert_int_equal(fl_auth_key_load(dir, &key, &err), 0);
	for (unsigned i = 0; i < MAKERS; i++) {
		assert_int_equal(read(ids[0], id, sizeof id), sizeof id);
		assert_string_equal(id, key.id);
	}
	(void)close(ids[0]);
	(void)close(ids[1]);
}

static void no_folder(void **state)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_auth_key key;
	char gone[FOLDER_PATH_MAX + 16];

	(void)state;
	(void)snprintf(gone, sizeof gone, "%s/gone", dir);
	assert_int_not_equal(fl_auth_key_load(gone, &key, &err), 0);
	assert_string_equal(err.code, "file_unwritable");
}

#define FILES(sentence, fn) FL_CASE_SETUP(sentence, fn, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FILES("it is made once", made_once),
	    FILES("processes that make it at once get the same", made_by_many),
	    FILES("a file that is not as it was made is refused", bad_files),
	    FILES("no data_dir", no_folder),
	};

	return cmocka_run_group_tests_name("auth.key", tests, NULL, NULL);
}
