/* tests/unit/base/test_base.c - base/
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "base/thread.h"

static pthread_mutex_t named = PTHREAD_MUTEX_INITIALIZER; /* held until the thread has its name */

static void *look_at_thread(void *arg)
{
	sigset_t mask;

	(void)pthread_mutex_lock(&named);
	(void)prctl(PR_GET_NAME, arg);
	(void)pthread_mutex_unlock(&named);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGTERM) && sigismember(&mask, SIGHUP) ? arg : NULL;
}

static void thread_starts(void **state)
{
	char name[16] = "";
	sigset_t mask;
	pthread_t thread;
	void *result;

	(void)state;
	(void)pthread_mutex_lock(&named);
	assert_int_equal(fl_thread_create(&thread, "named-and-too-long", look_at_thread, name), 0);
	(void)pthread_mutex_unlock(&named);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, name);
	assert_string_equal(name, "named-and-too-l");
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	assert_false(sigismember(&mask, SIGTERM));
}

static void arena_cap(void **state)
{
	struct fl_arena a;

	(void)state;
	fl_arena_init(&a, 64, 1024);
	assert_non_null(fl_arena_alloc(&a, 10));
	assert_non_null(fl_arena_alloc(&a, 200));
	assert_null(fl_arena_alloc(&a, 4096));
	assert_true(fl_arena_is_overflown(&a));
	assert_null(fl_arena_array(&a, SIZE_MAX / 2, 16));
	fl_arena_reset(&a);
	assert_false(fl_arena_is_overflown(&a));
	assert_string_equal(fl_arena_printf(&a, "%d-%s", 7, "x").p, "7-x");
	fl_arena_fini(&a);
}

static void str_numbers(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_true(fl_str_to_u64(FL_STR("18446744073709551615"), &v));
	assert_int_equal(v, UINT64_MAX);
	v = 7;
	assert_false(fl_str_to_u64(FL_STR("18446744073709551616"), &v));
	assert_false(fl_str_to_u64(FL_STR(""), &v));
	assert_false(fl_str_to_u64(FL_STR("+1"), &v));
	assert_false(fl_str_to_u64(FL_STR("1 "), &v));
	assert_int_equal(v, 7);
}

static void str_utf8(void **state)
{
	static const struct {
		struct fl_str s;
		bool ok;
	} rows[] = {
	    {FL_STR_INIT("h\xc3\xa9"), true},	{FL_STR_INIT("\xf0\x9f\x98\x80"), true},
	    {FL_STR_INIT("\xc0\x80"), false},	{FL_STR_INIT("\xed\xa0\x80"), false},
	    {FL_STR_INIT("\xf4\x90\x80\x80"), false}, {FL_STR_INIT("\xe2\x82"), false},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		assert_int_equal(fl_str_is_utf8(rows[i].s), rows[i].ok);
}

static void str_nearest(void **state)
{
	static const char *const keys[] = {"listen", "workers", "data_dir"};

	(void)state;
	assert_string_equal(fl_str_nearest(FL_STR("worker"), keys, 3), "workers");
	assert_string_equal(fl_str_nearest(FL_STR("datadir"), keys, 3), "data_dir");
	assert_null(fl_str_nearest(FL_STR("unrelated"), keys, 3));
}

static void buf_json(void **state)
{
	struct fl_buf b;

	(void)state;
	fl_buf_init(&b, 1000);
	fl_buf_add_json(&b, fl_str_n("a\"\\\n\0\xff\xc3\xa9", 8));
	assert_string_equal(fl_buf_cstr(&b), "\"a\\\"\\\\\\n\\u0000\xef\xbf\xbd\xc3\xa9\"");
	fl_buf_clear(&b);
	for (int i = 0; i < 200; i++)
		fl_buf_add_c(&b, "0123456789");
	assert_true(fl_buf_is_overflown(&b));
	assert_true(b.len <= 1000);
	fl_buf_fini(&b);
}

static void map_many(void **state)
{
	struct fl_map m;
	char keys[1000][8];
	void *old;

	(void)state;
	fl_map_init(&m);
	assert_null(fl_map_find(&m, FL_STR("x")));
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(keys[i], sizeof keys[i], "k%d", i);
		assert_int_equal(fl_map_put(&m, fl_str(keys[i]), keys[i], &old), 0);
		assert_null(old);
	}
	for (int i = 0; i < 1000; i += 2)
		assert_ptr_equal(fl_map_take(&m, fl_str(keys[i])), keys[i]);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(fl_map_find(&m, fl_str(keys[i])), i % 2 ? keys[i] : NULL);
	assert_int_equal(m.count, 500);
	fl_map_fini(&m);
}

static void clock_iso(void **state)
{
	char text[FL_CLOCK_ISO_SIZE];

	(void)state;
	fl_clock_iso(UINT64_C(1700000000123000000), text);
	assert_string_equal(text, "2023-11-14T22:13:20.123Z");
}

static void problems_print(void **state)
{
	struct fl_arena a;
	struct fl_problems list;
	struct fl_buf out;

	(void)state;
	fl_arena_init(&a, 4096, 1 << 20);
	fl_problems_init(&list, &a);
	struct fl_problem *p = fl_problems_add(&list, "key_unknown", (struct fl_position){"f.yaml", 3, 7},
					       FL_STR("/routes/a"), "unknown key \"%s\"", "hots");

	fl_problem_hint(&list, p, "did you mean \"host\"?");
	fl_buf_init(&out, 4096);
	fl_problems_print(&list, &out);
	assert_string_equal(fl_buf_cstr(&out), "f.yaml:3:7: error: unknown key \"hots\" [key_unknown] "
					       "(did you mean \"host\"?)\n");
	assert_false(fl_problems_is_full(&list));
	for (unsigned i = 0; i < 2 * FL_PROBLEMS_MAX; i++)
		(void)fl_problems_add(&list, "more", (struct fl_position){0}, FL_STR(""), "x");
	assert_int_equal(list.errors, 2 * FL_PROBLEMS_MAX + 1);
	assert_true(fl_problems_is_full(&list));
	fl_buf_fini(&out);
	fl_arena_fini(&a);
}

static void problems_print_controls(void **state)
{
	struct fl_arena a;
	struct fl_problems list;
	struct fl_buf out;

	(void)state;
	fl_arena_init(&a, 4096, 1 << 20);
	fl_problems_init(&list, &a);
	struct fl_problem *p = fl_problems_add(&list, "odd", (struct fl_position){NULL, 0, 0},
					       FL_STR(""), "%s", "\x1b[31m\nred\x7f \xc2\x9bm \xc2\xa0 \xc3\xa4");

	fl_problem_hint(&list, p, "a\rb");
	fl_buf_init(&out, 4096);
	fl_problems_print(&list, &out);
	assert_string_equal(fl_buf_cstr(&out),
			    "error: \\x1b[31m\\x0ared\\x7f \\x9bm \xc2\xa0 \xc3\xa4 [odd] (a\\x0db)\n");
	fl_buf_fini(&out);
	fl_arena_fini(&a);
}

static void json_writer(void **state)
{
	struct fl_json j;
	struct fl_buf b;

	(void)state;
	fl_buf_init(&b, 1000);
	fl_json_init(&j, &b);
	fl_json_object(&j, NULL);
	fl_json_add_u64(&j, "count", 2);
	fl_json_array(&j, "names");
	fl_json_add_c(&j, NULL, "a\"b");
	fl_json_add_c(&j, NULL, NULL);
	fl_json_object(&j, NULL);
	fl_json_end(&j);
	fl_json_end(&j);
	fl_json_add_bool(&j, "yes", true);
	fl_json_add_raw(&j, "raw", FL_STR("[1]"));
	fl_json_end(&j);
	assert_string_equal(fl_buf_cstr(&b),
			    "{\"count\":2,\"names\":[\"a\\\"b\",null,{}],\"yes\":true,\"raw\":[1]}");
	fl_buf_fini(&b);
}

static void json_problems(void **state)
{
	struct fl_problems list;
	char file[] = "f.yaml"; /* the list outlives who parsed it */
	struct fl_problem *warning;
	struct fl_arena a;
	struct fl_json j;
	struct fl_buf b;

	(void)state;
	fl_arena_init(&a, 1024, 1 << 20);
	fl_buf_init(&b, 1000);
	fl_problems_init(&list, &a);
	fl_problem_hint(&list,
			fl_problems_add(&list, "unknown_key", (struct fl_position){file, 3, 5},
					FL_STR("/a"), "no key \"%s\"", "a"),
			"remove it");
	file[0] = 'g';
	warning = fl_problems_add(&list, "literal_secret", (struct fl_position){.file = NULL},
				  FL_STR(""), "a secret stands in the file");
	fl_problem_warn(&list, warning);
	assert_int_equal(list.errors, 1);
	assert_int_equal(list.warnings, 1);
	fl_json_init(&j, &b);
	fl_json_object(&j, NULL);
	fl_json_add_problems(&j, "errors", &list, FL_JSON_ERRORS);
	fl_json_add_problems(&j, "warnings", &list, FL_JSON_WARNINGS);
	fl_json_end(&j);
	assert_string_equal(
	    fl_buf_cstr(&b),
	    "{\"errors\":[{\"code\":\"unknown_key\",\"detail\":\"no key \\\"a\\\"\",\"pointer\":\"/a\","
	    "\"hint\":\"remove it\",\"file\":\"f.yaml\",\"line\":3,\"column\":5}],"
	    "\"warnings\":[{\"code\":\"literal_secret\",\"detail\":\"a secret stands in the file\","
	    "\"pointer\":\"\"}]}");
	fl_buf_fini(&b);
	fl_arena_fini(&a);
}

static void files(void **state)
{
	char dir[FOLDER_PATH_MAX], path[FOLDER_PATH_MAX + 8], beside[FOLDER_PATH_MAX + 16];
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str text;
	struct stat st;

	(void)state;
	folder_make(dir, "base");
	(void)snprintf(path, sizeof path, "%s/file", dir);
	(void)snprintf(beside, sizeof beside, "%s.new", path);
	assert_int_equal(fl_file_replace(path, FL_STR("one"), 0600, &err), 0);
	assert_int_equal(fl_file_replace(path, FL_STR("two!"), 0600, &err), 0);
	assert_int_equal(fl_file_read(path, 4, &text, &err), 0);
	assert_string_equal(text.p, "two!");
	assert_int_equal(text.n, 4);
	free((char *)(uintptr_t)text.p);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_not_equal(access(beside, F_OK), 0);

	assert_int_equal(fl_file_read(path, 3, &text, &err), -1);
	assert_string_equal(err.code, "file_too_large");
	err = FL_ERROR_INIT;
	assert_int_equal(fl_file_read(dir, 100, &text, &err), -1);
	assert_string_equal(err.code, "file_unreadable");
	err = FL_ERROR_INIT;
	assert_int_equal(fl_file_replace("/nowhere/at/all", FL_STR(""), 0600, &err), -1);
	assert_string_equal(err.code, "file_unwritable");
	assert_int_equal(unlink(path), 0);
	err = FL_ERROR_INIT;
	assert_int_equal(fl_file_read(path, 3, &text, &err), -1);
	assert_string_equal(err.code, "file_unreadable");
	assert_int_equal(folder_drop(dir), 0);
}

static void streams(void **state)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str text;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abcdef", 6), 6);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(fl_file_read_stream(ends[0], "it", 6, &text, &err), 0);
	assert_string_equal(text.p, "abcdef");
	free((char *)(uintptr_t)text.p);
	assert_int_equal(fl_file_read_stream(ends[0], "it", 0, &text, &err), 0); /* at its end */
	assert_int_equal(text.n, 0);
	free((char *)(uintptr_t)text.p);
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abcdef", 6), 6);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(fl_file_read_stream(ends[0], "it", 5, &text, &err), -1);
	assert_string_equal(err.message, "it is over 5 bytes");
	assert_int_equal(close(ends[0]), 0);
	err = FL_ERROR_INIT;
	assert_int_equal(fl_file_read_stream(-1, "it", 5, &text, &err), -1);
	assert_string_equal(err.code, "file_unreadable");
}

static void cut(void **state)
{
	const struct fl_str s = FL_STR("a\xc3\xa9z"); /* a, e with acute, z */
	static const size_t kept[] = {0, 1, 1, 3, 4, 4};

	(void)state;
	for (size_t max = 0; max < FL_ARRAY_LEN(kept); max++)
		assert_int_equal(fl_str_cut(s, max).n, kept[max]);
}

static void errno_text(void **state)
{
	(void)state;
	assert_string_equal(fl_errno_text(2), "No such file or directory");
	assert_string_equal(fl_errno_text(99999), "unknown error");
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    FL_CASE("an arena refuses past its cap and recovers by reset", arena_cap),
	    FL_CASE("a number is taken only whole and in range", str_numbers),
	    FL_CASE("UTF-8 is checked as RFC 3629 says", str_utf8),
	    FL_CASE("the nearest key is suggested, a far one is not", str_nearest),
	    FL_CASE("JSON strings are escaped, a full buffer latches", buf_json),
	    FL_CASE("a file is read whole and replaced whole", files),
	    FL_CASE("a stream is read to its end, and no further than its bound", streams),
	    FL_CASE("JSON is written with commas where they belong", json_writer),
	    FL_CASE("problems as JSON leave out what is not known", json_problems),
	    FL_CASE("a map finds what was put and not what was taken", map_many),
	    FL_CASE("times print as RFC 3339 with milliseconds", clock_iso),
	    FL_CASE("a thread gets no signals, its starter still does", thread_starts),
	    FL_CASE("problems print with position, code and hint, and are capped", problems_print),
	    FL_CASE("problems print no control characters", problems_print_controls),
	    FL_CASE("a cut leaves no half character", cut),
	    FL_CASE("what an errno means", errno_text),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
