/* tests/unit/admin/test_notify.c - gateway/notify
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/notify.h"

/* Binds a service manager's socket; `name` begins with '@' for an abstract one. */
static int manager(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", name);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
	                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
	                 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static const char *heard(int fd)
{
	static char text[200];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void says(int fd)
{
	fl_notify_ready();
	assert_string_equal(heard(fd), "READY=1");
	fl_notify_reloading();
	assert_int_equal(strncmp(heard(fd), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	fl_notify_stopping();
	assert_string_equal(heard(fd), "STOPPING=1");
}

static void by_path(void **state)
{
	char dir[FOLDER_PATH_MAX], path[FOLDER_PATH_MAX + 8];
	int fd;

	(void)state;
	folder_make(dir, "notify");
	(void)snprintf(path, sizeof path, "%s/notify", dir);
	fd = manager(path);
	says(fd);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(folder_drop(dir), 0);
}

static void by_abstract_name(void **state)
{
	char name[64];
	int fd;

	(void)state;
	(void)snprintf(name, sizeof name, "@fairlead-notify-%ld", (long)getpid());
	fd = manager(name);
	says(fd);
	assert_int_equal(close(fd), 0);
}

/* No manager, or a name that is none: nothing happens. */
static void nobody(void **state)
{
	static const char *const names[] = {"", "/", "relative", "/nowhere/at/all"};
	char long_name[200];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(names); i++) {
		assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
		fl_notify_ready();
	}
	memset(long_name, '/', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	assert_int_equal(setenv("NOTIFY_SOCKET", long_name, 1), 0);
	fl_notify_ready();
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	fl_notify_ready();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    FL_CASE("a manager at a path hears READY, RELOADING and STOPPING", by_path),
	    FL_CASE("so does one with an abstract name", by_abstract_name),
	    FL_CASE("without one, or with a name that cannot be, nothing happens", nobody),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
