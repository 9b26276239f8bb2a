/* gateway/http/listen.c - listening sockets
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "gateway/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un local;
};

static int invalid(struct fl_str text, struct fl_error *err)
{
	(void)fl_error_set(err, "listen_invalid", "cannot listen on \"%.*s\": not an address",
	                   FL_STR_ARGS(text));
	fl_error_hint(err, "write 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080");
	return -EINVAL;
}

/* What bind() and its like said, with what to do about it. */
static int failed(struct fl_str text, int number, struct fl_error *err)
{
	static const struct {
		int number;
		const char *code, *what, *hint;
	} table[] = {
	    {EADDRINUSE, "listen_in_use", "the address is in use",
	     "stop what listens there (ss -ltnp shows it), or configure another port"},
	    {EACCES, "listen_denied", "permission denied",
	     "use a port from 1024 on, or give the service CAP_NET_BIND_SERVICE; for a Unix "
	     "socket, "
	     "write access to its folder"},
	    {EPERM, "listen_denied", "not permitted", "a security module or firewall forbids it"},
	    {EADDRNOTAVAIL, "listen_invalid", "this host does not have the address",
	     "ip address shows the addresses of this host; 0.0.0.0 stands for all of them"},
	    {EAFNOSUPPORT, "listen_invalid", "this host does not speak that address family",
	     "use an IPv4 address"},
	    {ENOENT, "listen_invalid", "the folder of the socket does not exist", "create it"},
	    {ENOTDIR, "listen_invalid", "the folder of the socket is not a folder", "create it"},
	};
	size_t i = 0;

	while (i < sizeof table / sizeof table[0] && table[i].number != number)
		i++;
	if (i == sizeof table / sizeof table[0]) {
		(void)fl_error_set(err, "listen_invalid",
		                   "cannot listen on \"%.*s\": error %d (%s)", FL_STR_ARGS(text),
		                   number, strerrorname_np(number));
	} else {
		(void)fl_error_set(err, table[i].code, "cannot listen on \"%.*s\": %s",
		                   FL_STR_ARGS(text), table[i].what);
		fl_error_hint(err, "%s", table[i].hint);
	}
	return -number;
}

static bool parse_tcp(struct fl_str text, union address *ret, socklen_t *size)
{
	const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
	char host[64];
	uint64_t port;

	if (!colon ||
	    !fl_str_to_u64(fl_str_n(colon + 1, text.n - (size_t)(colon - text.p) - 1), &port) ||
	    port > 65535)
		return false;
	struct fl_str name = fl_str_n(text.p, (size_t)(colon - text.p));
	bool is_six = name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']';

	if (is_six)
		name = fl_str_n(name.p + 1, name.n - 2);
	if (name.n == 0 || name.n >= sizeof host)
		return false;
	memcpy(host, name.p, name.n);
	host[name.n] = '\0';
	if (is_six) {
		ret->six.sin6_family = AF_INET6;
		ret->six.sin6_port = htons((uint16_t)port);
		*size = sizeof ret->six;
		return inet_pton(AF_INET6, host, &ret->six.sin6_addr) == 1;
	}
	ret->four.sin_family = AF_INET;
	ret->four.sin_port = htons((uint16_t)port);
	*size = sizeof ret->four;
	return inet_pton(AF_INET, host, &ret->four.sin_addr) == 1;
}

static int open_tcp(const union address *address, socklen_t size, int *fd)
{
	int one = 1;

	*fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return -errno;
	/* Accepted sockets inherit TCP_NODELAY. */
	if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
	    (address->any.sa_family == AF_INET6 &&
	     setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) ||
	    bind(*fd, &address->any, size) != 0 || listen(*fd, BACKLOG) != 0)
		return -errno;
	return 0;
}

/* Does the path hold a socket that nobody listens on? */
static bool is_stale(const union address *address)
{
	struct stat st;
	int fd, r;

	if (lstat(address->local.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	r = connect(fd, &address->any, sizeof address->local);
	bool is_refused = r != 0 && errno == ECONNREFUSED;

	(void)close(fd);
	return is_refused;
}

static int open_unix(const union address *address, int *fd)
{
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return -errno;
	if (is_stale(address))
		(void)unlink(address->local.sun_path);
	if (bind(*fd, &address->any, sizeof address->local) != 0)
		return -errno;
	/* Nobody can connect before listen(). */
	if (chmod(address->local.sun_path, 0660) != 0 || listen(*fd, BACKLOG) != 0) {
		int r = -errno;

		(void)unlink(address->local.sun_path);
		return r;
	}
	return 0;
}

static uint16_t port_of(int fd)
{
	union address address = {.any.sa_family = AF_UNSPEC};
	socklen_t size = sizeof address;

	if (getsockname(fd, &address.any, &size) != 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port
	                                               : address.four.sin_port);
}

int fl_listen_open(struct fl_str text, bool may_be_unix, struct fl_listener *ret,
                   struct fl_error *err)
{
	union address address;
	struct fl_str path = text;
	socklen_t size;
	bool is_unix = may_be_unix && fl_str_starts(text, FL_STR("unix:"));
	int r;

	*ret = (struct fl_listener){.fd = -1};
	memset(&address, 0, sizeof address);
	if (is_unix) {
		address.any.sa_family = AF_UNIX;
		path = fl_str_n(text.p + 5, text.n - 5);
		if (path.n == 0 || path.p[0] != '/' || path.n >= sizeof ret->unix_path ||
		    memchr(path.p, '\0', path.n))
			return invalid(text, err);
		memcpy(address.local.sun_path, path.p, path.n);
		r = open_unix(&address, &ret->fd);
	} else {
		if (!parse_tcp(text, &address, &size))
			return invalid(text, err);
		r = open_tcp(&address, size, &ret->fd);
	}
	if (r < 0) {
		fl_listen_close(ret);
		return failed(text, -r, err);
	}
	if (is_unix)
		memcpy(ret->unix_path, path.p, path.n);
	else
		ret->port = port_of(ret->fd);
	return 0;
}

void fl_listen_close(struct fl_listener *listener)
{
	if (listener->fd >= 0)
		(void)close(listener->fd);
	if (listener->unix_path[0] != '\0')
		(void)unlink(listener->unix_path);
	*listener = (struct fl_listener){.fd = -1};
}
