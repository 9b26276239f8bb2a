/* tests/unit/observe/test_access.c - gateway/observe/: the access log's rings, writer and file
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for F_SETPIPE_SZ */

#include "tests/unit/folder.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/observe/access.h"

#define RING_BYTES 16384u

static struct {
	char folder[FOLDER_PATH_MAX], file[FOLDER_PATH_MAX + 32], other[FOLDER_PATH_MAX + 32];
	int log_fd; /* the operator's log */
} f;

static int setup(void **state)
{
	(void)state;
	folder_make(f.folder, "access");
	(void)snprintf(f.file, sizeof f.file, "%s/access.log", f.folder);
	(void)snprintf(f.other, sizeof f.other, "%s/other", f.folder);
	char log_path[96];

	(void)snprintf(log_path, sizeof log_path, "%s/log", f.folder);
	f.log_fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(f.log_fd >= 0);
	assert_int_equal(unlink(log_path), 0);
	fl_log_set_fd(f.log_fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_log_set_fd(STDERR_FILENO);
	(void)close(f.log_fd);
	(void)unlink(f.file);
	(void)unlink(f.other);
	return (int)folder_drop(f.folder);
}

static struct fl_access_log *opened(const char *path, unsigned workers)
{
	struct fl_access_log *log = NULL;
	struct fl_error err = FL_ERROR_INIT;

	if (fl_access_log_open(path, workers, RING_BYTES, &log, &err) != 0)
		fail_msg("%s: %s", err.code, err.message);
	return log;
}

static void add(struct fl_access_log *log, unsigned worker, uint64_t number)
{
	struct fl_access_record r = {
	    .status = 200, .path = FL_STR("/some/path"), .bytes_in = number};

	r.bytes_out = worker;
	fl_access_log_add(log, worker, &r);
}

static char *contents(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t n = 0, cap = 1 << 24;
	char *text = malloc(cap);

	assert_non_null(file);
	assert_non_null(text);
	n = fread(text, 1, cap - 1, file);
	text[n] = '\0';
	(void)fclose(file);
	return text;
}

/* The next line of *at as JSON, or NULL at the end. Fails on a line that is not whole. */
static json_t *next_line(char **at)
{
	char *end = strchr(*at, '\n');

	if (**at == '\0')
		return NULL;
	assert_non_null(end);
	json_t *json = json_loadb(*at, (size_t)(end - *at), 0, NULL);

	if (json == NULL)
		fail_msg("not JSON: %.*s", (int)(end - *at), *at);
	*at = end + 1;
	return json;
}

static uint64_t number_of(json_t *line, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(line, key));
}

/* How many lines; each worker's numbers must rise. */
static unsigned checked(char *text, unsigned workers)
{
	uint64_t next[8] = {0};
	unsigned lines = 0;
	json_t *line;

	for (char *at = text; (line = next_line(&at)) != NULL; lines++) {
		uint64_t worker = number_of(line, "bytes_out"),
			 number = number_of(line, "bytes_in");

		assert_true(worker < workers);
		assert_true(number >= next[worker]);
		next[worker] = number + 1;
		json_decref(line);
	}
	return lines;
}

static unsigned log_lines(const char *event)
{
	static char text[65536];
	ssize_t n = pread(f.log_fd, text, sizeof text - 1, 0);
	unsigned lines = 0;

	assert_true(n >= 0);
	text[n] = '\0';
	for (const char *at = text; (at = strstr(at, event)) != NULL; at++)
		lines++;
	return lines;
}

static void close_writes_what_is_queued(void **state)
{
	struct fl_access_log *log = opened(f.file, 1);
	struct stat st;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		add(log, 0, i);
	assert_int_equal(fl_access_log_dropped(log), 0);
	assert_null(fl_access_log_close(log));
	char *text = contents(f.file);

	assert_int_equal(checked(text, 1), 20);
	free(text);
	assert_int_equal(stat(f.file, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640u, 0);
	log = opened(f.file, 1); /* appends */
	add(log, 0, 20);
	(void)fl_access_log_close(log);
	text = contents(f.file);
	assert_int_equal(checked(text, 1), 21);
	free(text);
}

static void off_is_no_log(void **state)
{
	struct fl_access_log *log = (void *)&f;
	struct fl_access_record r = {.status = 200};

	(void)state;
	assert_int_equal(fl_access_log_open("off", 1, RING_BYTES, &log, NULL), 0);
	assert_null(log);
	fl_access_log_add(log, 0, &r);
	fl_access_log_reopen(log);
	assert_int_equal(fl_access_log_dropped(log), 0);
	assert_null(fl_access_log_close(log));
}

static void a_path_that_cannot_be_opened_is_an_error(void **state)
{
	struct fl_access_log *log = NULL;
	struct fl_error err = FL_ERROR_INIT;
	char path[200];

	(void)state;
	(void)snprintf(path, sizeof path, "%s/absent/access.log", f.folder);
	assert_true(fl_access_log_open(path, 1, RING_BYTES, &log, &err) < 0);
	assert_string_equal(err.code, "access_log_open");
	assert_non_null(strstr(err.message, path));
	assert_true(err.hint[0] != '\0');
	err = FL_ERROR_INIT;
	assert_int_equal(mkfifo(f.other, 0600), 0); /* nobody reads: an error, not a hang */
	assert_true(fl_access_log_open(f.other, 1, RING_BYTES, &log, &err) < 0);
	assert_null(log);
}

/* ---- a pipe as the log's file: its reader is the test ---- */

static int reader(void)
{
	assert_int_equal(mkfifo(f.file, 0600), 0);
	int fd = open(f.file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	/* Less than the ring holds. */
	assert_true(fcntl(fd, F_SETPIPE_SZ, 4096) >= 4096);
	return fd;
}

/* Reads until `lines` line feeds have come, or (0) to the end. */
static char *read_lines(int fd, unsigned lines)
{
	size_t n = 0, cap = 1 << 22;
	char *text = malloc(cap);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_non_null(text);
	for (unsigned seen = 0; lines == 0 || seen < lines;) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		ssize_t got = read(fd, text + n, cap - 1 - n);

		assert_true(got >= 0);
		if (got == 0)
			break;
		for (ssize_t i = 0; i < got; i++)
			seen += text[n++] == '\n';
	}
	text[n] = '\0';
	return text;
}

static void lines_come_without_waiting_for_half_a_ring(void **state)
{
	int fd = reader();
	struct fl_access_log *log = opened(f.file, 2);

	(void)state;
	for (unsigned i = 0; i < 3; i++) { /* from sleep, within a tick, from sleep or a tick */
		add(log, i % 2, i);
		free(read_lines(fd, 1));
	}
	(void)fl_access_log_close(log);
	(void)close(fd);
}

static void a_full_ring_drops_and_counts(void **state)
{
	enum { N = 5000 };
	int fd = reader();
	struct fl_access_log *log = opened(f.file, 1);

	(void)state;
	for (unsigned i = 0; i < N; i++) /* the pipe and the ring hold less */
		add(log, 0, i);
	uint64_t dropped = fl_access_log_dropped(log);

	assert_true(dropped > 0 && dropped < N);
	char *text = read_lines(fd, (unsigned)(N - dropped));

	assert_int_equal(checked(text, 1), N - dropped);
	free(text);
	add(log, 0, N); /* there is room again */
	text = read_lines(fd, 1);
	assert_int_equal(checked(text, 1), 1);
	free(text);
	assert_int_equal(fl_access_log_dropped(log), dropped);
	(void)fl_access_log_close(log);
	(void)close(fd);
}

static void a_stuck_reader_does_not_hold_up_close(void **state)
{
	int fd = reader();
	struct fl_access_log *log = opened(f.file, 1);

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		add(log, 0, i);
	(void)fl_access_log_close(log); /* hangs, if it can */
	(void)close(fd);
	assert_int_equal(log_lines("access_log.write_failed"), 1);
}

static void a_reader_that_leaves_is_told_once(void **state)
{
	int fd = reader();
	struct fl_access_log *log = opened(f.file, 1);

	(void)state;
	add(log, 0, 0);
	free(read_lines(fd, 1));
	(void)close(fd);
	for (unsigned i = 1; i < 2000; i++)
		add(log, 0, i);
	(void)fl_access_log_close(log);
	assert_int_equal(log_lines("access_log.write_failed"), 1);
	assert_int_equal(log_lines("Broken pipe"), 1);
}

static void a_full_disk_drops_and_counts(void **state)
{
	struct fl_access_log *log = opened("/dev/full", 1);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		add(log, 0, i);
	while (fl_access_log_dropped(log) == 0) /* at the latest after a tick */
		(void)poll(NULL, 0, 1);
	for (unsigned i = 0; i < 100; i++)
		add(log, 0, i);
	(void)fl_access_log_close(log);
	assert_int_equal(log_lines("access_log.write_failed"), 1);
	assert_int_equal(log_lines("No space left on device"), 1);
}

/* ---- rotation ---- */

static void await_creation(int inotify_fd)
{
	char event[sizeof(struct inotify_event) + NAME_MAX + 1];
	struct pollfd p = {.fd = inotify_fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_true(read(inotify_fd, event, sizeof event) > 0);
}

static void reopen_goes_on_in_a_new_file(void **state)
{
	int watch = inotify_init1(IN_CLOEXEC);
	struct fl_access_log *log = opened(f.file, 1);

	(void)state;
	add(log, 0, 1);
	assert_int_equal(rename(f.file, f.other), 0);
	assert_true(inotify_add_watch(watch, f.folder, IN_CREATE) >= 0);
	fl_access_log_reopen(log);
	await_creation(watch);
	add(log, 0, 2);
	(void)fl_access_log_close(log);
	(void)close(watch);
	char *before = contents(f.other), *after = contents(f.file), *at = before;
	json_t *line = next_line(&at);

	assert_int_equal(number_of(line, "bytes_in"), 1);
	assert_int_equal(*at, '\0');
	json_decref(line);
	at = after;
	line = next_line(&at);
	assert_int_equal(number_of(line, "bytes_in"), 2);
	assert_int_equal(*at, '\0');
	json_decref(line);
	free(before);
	free(after);
}

static void reopen_that_fails_keeps_the_old_file(void **state)
{
	struct fl_access_log *log = opened(f.file, 1);

	(void)state;
	add(log, 0, 1);
	assert_int_equal(rename(f.file, f.other), 0);
	assert_int_equal(mkdir(f.file, 0700), 0); /* in the way */
	fl_access_log_reopen(log);
	while (log_lines("access_log.reopen_failed") == 0)
		(void)poll(NULL, 0, 1);
	add(log, 0, 2);
	assert_int_equal(fl_access_log_dropped(log), 0);
	(void)fl_access_log_close(log);
	assert_int_equal(rmdir(f.file), 0);
	char *text = contents(f.other);

	assert_int_equal(checked(text, 1), 2);
	free(text);
}

static void stdout_is_a_file_like_others(void **state)
{
	int saved = dup(STDOUT_FILENO), fd = open(f.file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	(void)fflush(stdout);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	struct fl_access_log *log = opened("stdout", 1);

	add(log, 0, 1);
	fl_access_log_reopen(log);
	(void)fl_access_log_close(log);
	assert_int_equal(write(STDOUT_FILENO, "", 0), 0); /* still open */
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	(void)close(saved);
	(void)close(fd);
	char *text = contents(f.file);

	assert_int_equal(checked(text, 1), 1);
	free(text);
}

/* ---- several workers ---- */

enum { WORKERS = 4, LINES = 20000 };

static struct worker {
	struct fl_access_log *log;
	unsigned index;
} workers[WORKERS];

static void *serve(void *arg)
{
	struct worker *worker = arg;

	for (unsigned i = 0; i < LINES; i++)
		add(worker->log, worker->index, i);
	return NULL;
}

static void lines_of_several_workers_do_not_mix(void **state)
{
	struct fl_access_log *log = opened(f.file, WORKERS);
	pthread_t threads[WORKERS];

	(void)state;
	for (unsigned w = 0; w < WORKERS; w++) {
		workers[w] = (struct worker){log, w};
		assert_int_equal(pthread_create(&threads[w], NULL, serve, &workers[w]), 0);
	}
	for (unsigned w = 0; w < WORKERS; w++)
		assert_int_equal(pthread_join(threads[w], NULL), 0);
	uint64_t dropped = fl_access_log_dropped(log);

	(void)fl_access_log_close(log);
	char *text = contents(f.file);

	assert_int_equal(checked(text, WORKERS), WORKERS * LINES - dropped);
	free(text);
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    CASE("close writes what is queued, at the file's end", close_writes_what_is_queued),
	    CASE("\"off\" is no log, which all calls accept", off_is_no_log),
	    CASE("a path that cannot be opened is an error",
	         a_path_that_cannot_be_opened_is_an_error),
	    CASE("lines come without waiting for half a ring",
	         lines_come_without_waiting_for_half_a_ring),
	    CASE("a full ring drops and counts", a_full_ring_drops_and_counts),
	    CASE("a stuck reader does not hold up close", a_stuck_reader_does_not_hold_up_close),
	    CASE("a reader that leaves is told once", a_reader_that_leaves_is_told_once),
	    CASE("a full disk drops and counts, and is told once", a_full_disk_drops_and_counts),
	    CASE("reopen goes on in a new file", reopen_goes_on_in_a_new_file),
	    CASE("reopen that fails keeps the old file", reopen_that_fails_keeps_the_old_file),
	    CASE("standard output is a file like others", stdout_is_a_file_like_others),
	    CASE("lines of several workers do not mix", lines_of_several_workers_do_not_mix),
	};

	return cmocka_run_group_tests_name("access log", cases, NULL, NULL);
}
