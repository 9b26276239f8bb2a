/* gateway/notify.c - tells the service manager how it goes (sd_notify(3), without the library)
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

static void notify(struct fl_str text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path == NULL ? 0 : strlen(path);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	int fd;

	if (n < 2 || n >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* an abstract name */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, text.p, text.n, MSG_NOSIGNAL, (const struct sockaddr *)&to, len);
	(void)close(fd);
}

void fl_notify_ready(void)
{
	notify(FL_STR("READY=1"));
}

void fl_notify_reloading(void)
{
	char text[64];
	int n = snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu",
	                 (unsigned long long)(fl_clock_mono_ns() / 1000));

	notify(fl_str_n(text, (size_t)n));
}

void fl_notify_stopping(void)
{
	notify(FL_STR("STOPPING=1"));
}
