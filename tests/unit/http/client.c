/* tests/unit/http/client.c - a client that sends bytes and reads answers
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "tests/unit/http/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/test.h"

static struct client open_to(int family, const void *address, socklen_t size)
{
	struct client c = {.fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	int one = 1;

	assert_true(c.fd >= 0);
	assert_int_equal(connect(c.fd, address, size), 0);
	if (family == AF_INET)
		(void)setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return c;
}

struct client client_open(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons(port),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return open_to(AF_INET, &address, sizeof address);
}

struct client client_open_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return open_to(AF_UNIX, &address, sizeof address);
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c->bytes);
	*c = (struct client){.fd = -1};
}

static bool send_all(struct client *c, struct fl_str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		bytes = fl_str_n(bytes.p + n, bytes.n - (size_t)n);
	}
	return true;
}

void client_send(struct client *c, struct fl_str bytes)
{
	(void)send_all(c, bytes); /* a peer that closed shows when reading */
}

void client_send_pieces(struct client *c, struct fl_str bytes, size_t step)
{
	for (size_t at = 0; at < bytes.n; at += step) {
		size_t n = bytes.n - at < step ? bytes.n - at : step;

		if (!send_all(c, fl_str_n(bytes.p + at, n)))
			return;
	}
}

/* More bytes; 0 at the end, -1 on a reset. */
static ssize_t receive(struct client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	ssize_t n;

	assert_int_equal(poll(&p, 1, CLIENT_WAIT_MS), 1);
	if (c->cap - c->n < 65536) {
		c->cap = c->cap * 2 + 131072;
		c->bytes = realloc(c->bytes, c->cap);
		assert_non_null(c->bytes);
	}
	n = recv(c->fd, c->bytes + c->n, c->cap - c->n - 1, 0);
	if (n > 0)
		c->n += (size_t)n;
	return n;
}

struct fl_str answer_header(const struct answer *a, const char *name)
{
	struct fl_str rest = fl_str(a->head);

	while (rest.p) {
		struct fl_str value, line = fl_str_split(rest, '\n', &rest);
		struct fl_str key = fl_str_split(line, ':', &value);

		if (value.p && fl_str_eq_nocase(key, fl_str(name))) {
			if (value.n > 0 && value.p[value.n - 1] == '\r')
				value.n--;
			return fl_str_trim(value);
		}
	}
	return FL_STR("");
}

void client_read(struct client *c, bool is_head, struct answer *ret)
{
	char *end = NULL;
	uint64_t body_n = 0;

	free(ret->body);
	memset(ret, 0, sizeof *ret);
	while (!(c->n > 0 && (end = memmem(c->bytes, c->n, "\r\n\r\n", 4)) != NULL))
		if (receive(c) <= 0)
			return;
	size_t head_n = (size_t)(end - c->bytes) + 4;

	assert_true(head_n < sizeof ret->head);
	memcpy(ret->head, c->bytes, head_n);
	ret->head[head_n] = '\0';
	ret->status = (unsigned)strtoul(ret->head + 9, NULL, 10);
	ret->says_close = fl_str_eq_nocase(answer_header(ret, "connection"), FL_STR("close"));
	if (!is_head && ret->status >= 200)
		(void)fl_str_to_u64(answer_header(ret, "content-length"), &body_n);
	while (c->n < head_n + body_n && receive(c) > 0)
		;
	ret->body_n = c->n - head_n < body_n ? c->n - head_n : (size_t)body_n;
	ret->body = calloc(1, ret->body_n + 1);
	assert_non_null(ret->body);
	memcpy(ret->body, c->bytes + head_n, ret->body_n);
	c->n -= head_n + ret->body_n;
	memmove(c->bytes, c->bytes + head_n + ret->body_n, c->n);
}

bool client_is_closed(struct client *c)
{
	size_t before = c->n;

	return receive(c) <= 0 && before == 0;
}

bool client_is_open(const struct client *c)
{
	char byte;

	return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool client_hears_nothing(const struct client *c, int wait_ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	return poll(&p, 1, wait_ms) == 0;
}

void answer_fini(struct answer *a)
{
	free(a->body);
	a->body = NULL;
}
