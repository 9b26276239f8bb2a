/* tests/unit/http/test_library.c - what libmicrohttpd must be, and what it says
 * SPDX-License-Identifier: Apache-2.0
 *
 * The linker leads two calls of the gateway's code here (--wrap), so that the library and the guard
 * can be other ones than they are.
 */
#include "config.h" /* _GNU_SOURCE, for memfd_create() */

#include "tests/unit/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/http/internal.h"

static const char *version; /* NULL: what it is */
static enum { AS_IT_IS, TAKES_ALL, TAKES_NOTHING } guard;
static MHD_PanicCallback on_panic;

const char *__real_MHD_get_version(void);
const char *__wrap_MHD_get_version(void);
void __real_MHD_set_panic_func(MHD_PanicCallback callback, void *ctx);
void __wrap_MHD_set_panic_func(MHD_PanicCallback callback, void *ctx);
enum fl_refusal __real_fl_guard_check(const struct fl_guard_head *head,
                                      const struct fl_guard_limits *limits,
                                      struct fl_guard_request *ret);
enum fl_refusal __wrap_fl_guard_check(const struct fl_guard_head *head,
                                      const struct fl_guard_limits *limits,
                                      struct fl_guard_request *ret);

const char *__wrap_MHD_get_version(void)
{
	return version ? version : __real_MHD_get_version();
}

void __wrap_MHD_set_panic_func(MHD_PanicCallback callback, void *ctx)
{
	on_panic = callback;
	__real_MHD_set_panic_func(callback, ctx);
}

enum fl_refusal __wrap_fl_guard_check(const struct fl_guard_head *head,
                                      const struct fl_guard_limits *limits,
                                      struct fl_guard_request *ret)
{
	enum fl_refusal refusal = __real_fl_guard_check(head, limits, ret);

	if (guard == TAKES_ALL)
		return FL_REFUSAL_NONE;
	return guard == TAKES_NOTHING ? FL_REFUSAL_HEAD : refusal;
}

/* The code of the refusal to start, "" when it starts; there must be a hint. */
static const char *start(void)
{
	static const struct fl_str item = FL_STR_INIT("127.0.0.1:0");
	static struct fl_str listen[1];
	static struct fl_error err;
	struct fl_cfg_server config = {.listen = {listen, 1}};
	struct fl_http *http = NULL;

	listen[0] = item;
	config.limits = (struct fl_cfg_limits){.max_header_bytes = 16384,
	                                       .max_headers = 100,
	                                       .max_target_bytes = 8192,
	                                       .max_connections = 10,
	                                       .max_connections_per_address = 10};
	err = FL_ERROR_INIT;
	if (fl_http_create(&(struct fl_http_config){.server = &config, .workers = 1}, &http,
	                   &err) == 0) {
		http = fl_http_destroy(http);
		return "";
	}
	assert_null(http);
	assert_true(err.hint[0] != '\0');
	return err.code;
}

static int back(void **state)
{
	(void)state;
	version = NULL;
	guard = AS_IT_IS;
	return 0;
}

static void test_version(void **state)
{
	(void)state;
	assert_string_equal(start(), "");
	version = "0.9.76";
	assert_string_equal(start(), "http_library");
	version = "1.0.1";
	assert_string_equal(start(), "http_library");
}

static void test_self_test(void **state)
{
	(void)state;
	guard = TAKES_ALL;
	assert_string_equal(start(), "guard_self_test");
	guard = TAKES_NOTHING;
	assert_string_equal(start(), "guard_self_test");
}

static void test_panic(void **state)
{
	char said[200] = "";
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_string_equal(start(), "");
	assert_non_null(on_panic);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(fds[1], STDERR_FILENO);
		on_panic(NULL, "daemon.c", 1, "epoll is broken\n");
		_exit(0);
	}
	(void)close(fds[1]);
	assert_true(read(fds[0], said, sizeof said - 1) > 0);
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(said, "libmicrohttpd gave up"));
}

static void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fl_library_log(NULL, format, ap);
	va_end(ap);
}

static void test_log_is_limited(void **state)
{
	int fd = memfd_create("log", 0);
	char text[4096] = "";
	unsigned lines = 0;

	(void)state;
	assert_true(fd >= 0);
	fl_log_set_fd(fd);
	fl_log_set_level(FL_LOG_DEBUG);
	for (unsigned i = 0; i < 1000; i++)
		say("accept() failed: %u\n", i);
	fl_log_set_level(FL_LOG_INFO);
	fl_log_set_fd(STDERR_FILENO);
	assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
	(void)close(fd);
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_in_range(lines, 1, 3); /* one a second */
	assert_non_null(strstr(text, "accept() failed: 0"));
}

int main(void)
{
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, NULL, back)
	const struct CMUnitTest tests[] = {
	    CASE("a version that the guard was not checked with does not serve", test_version),
	    CASE("a guard that lets a forgery pass, or nothing, does not serve", test_self_test),
	    CASE("when the library gives up it says so and aborts", test_panic),
	    CASE("what the library says is a line a second at most", test_log_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
