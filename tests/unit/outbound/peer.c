/* tests/unit/outbound/peer.c - a server that misbehaves on request, in a thread
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "tests/unit/outbound/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"

#define CONNECTIONS_MAX 512
#define HEAD_MAX 65536

struct peer {
	int listen_fd, stop_pipe[2];
	unsigned port;
	pthread_t acceptor, threads[CONNECTIONS_MAX];
	unsigned threads_n;
	struct peer_counts counts;
};

struct connection {
	struct peer *peer;
	int fd;
	unsigned served;
	char head[HEAD_MAX]; /* of the request, NUL-terminated */
	size_t used;
};

enum after { KEEP, CLOSE, RESET };

/* Waits for the other side or for the end of the test; false: the end. */
static bool wait_for(struct connection *c, short events)
{
	struct pollfd fds[2] = {{.fd = c->fd, .events = events},
				{.fd = c->peer->stop_pipe[0], .events = POLLIN}};

	return poll(fds, 2, -1) > 0 && !(fds[1].revents & POLLIN);
}

static bool say(struct connection *c, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done;

		if (!wait_for(c, POLLOUT))
			return false;
		done = send(c->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

static enum after answer(struct connection *c, const char *text)
{
	return say(c, text, strlen(text)) ? KEEP : CLOSE;
}

static enum after hang(struct connection *c)
{
	struct pollfd stop = {.fd = c->peer->stop_pipe[0], .events = POLLIN};

	(void)poll(&stop, 1, -1);
	return CLOSE;
}

static enum after echo(struct connection *c)
{
	char head[128];

	(void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
		       strlen(c->head));
	return say(c, head, strlen(head)) ? answer(c, c->head) : CLOSE;
}

static enum after huge(struct connection *c)
{
	static const char block[65536];

	if (answer(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n") == CLOSE)
		return CLOSE;
	while (say(c, block, sizeof block))
		;
	return CLOSE;
}

static enum after many_fields(struct connection *c)
{
	if (answer(c, "HTTP/1.1 200 OK\r\n") == CLOSE)
		return CLOSE;
	for (int i = 0; i < 129; i++)
		if (answer(c, "a: b\r\n") == CLOSE)
			return CLOSE;
	return answer(c, "Content-Length: 0\r\n\r\n");
}

static enum after long_fields(struct connection *c)
{
	static char line[4096];

	memset(line, 'x', sizeof line);
	memcpy(line, "a: ", 3);
	memcpy(line + sizeof line - 2, "\r\n", 2);
	if (answer(c, "HTTP/1.1 200 OK\r\n") == CLOSE)
		return CLOSE;
	for (int i = 0; i < 9; i++)
		if (!say(c, line, sizeof line))
			return CLOSE;
	return answer(c, "Content-Length: 0\r\n\r\n");
}

static enum after endless_1xx(struct connection *c)
{
	while (answer(c, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") == KEEP)
		;
	return CLOSE;
}

/* A byte now and then: never idle, never done. */
static enum after trickle(struct connection *c)
{
	struct pollfd stop = {.fd = c->peer->stop_pipe[0], .events = POLLIN};

	if (answer(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") == CLOSE)
		return CLOSE;
	while (poll(&stop, 1, 5) == 0)
		if (!say(c, ".", 1))
			return CLOSE;
	return CLOSE;
}

static enum after second_dies(struct connection *c)
{
	return c->served > 1 ? CLOSE : answer(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

static enum after idle_close(struct connection *c)
{
	(void)answer(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	return CLOSE;
}

static const struct {
	const char *path;
	const char *text; /* what it answers, or */
	enum after (*act)(struct connection *c);
	enum after then;
} behaviours[] = {
    {"/ok", "HTTP/1.1 200 OK\r\nX-Some-Name:  Va Lue \r\nServer:\r\nConnection: keep-alive, X-Hop\r\n"
	    "X-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nhello", NULL, KEEP},
    {"/empty", "HTTP/1.1 204 No Content\r\n\r\n", NULL, KEEP},
    {"/head", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"1\"\r\n\r\n", NULL, KEEP},
    {"/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n", NULL, KEEP},
    {"/early", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
	       "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", NULL, KEEP},
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nSet-Cookie: a=b\r\n"
		  "Content-Length: 0\r\n\r\n", NULL, KEEP},
    {"/short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12345", NULL, CLOSE},
    {"/cut-head", "HTTP/1.1 200 OK\r\nContent-Le", NULL, CLOSE},
    {"/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", NULL, CLOSE},
    {"/silent", "", NULL, CLOSE},
    {"/reset", "", NULL, RESET},
    {"/reset-later", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12345", NULL, RESET},
    {"/garbage", "\x16\x03\x01 this is not HTTP\r\n\r\n", NULL, CLOSE},
    {"/http09", "just text", NULL, CLOSE},
    {"/fold", "HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\nContent-Length: 0\r\n\r\n", NULL, KEEP},
    {"/bad-name", "HTTP/1.1 200 OK\r\nA b: c\r\nContent-Length: 0\r\n\r\n", NULL, KEEP},
    {"/bad-value", "HTTP/1.1 200 OK\r\nA: b\001c\r\nContent-Length: 0\r\n\r\n", NULL, KEEP},
    {"/switch", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", NULL, CLOSE},
    {"/hang", NULL, hang, CLOSE},
    {"/echo", NULL, echo, KEEP},
    {"/huge", NULL, huge, CLOSE},
    {"/many-fields", NULL, many_fields, CLOSE},
    {"/long-fields", NULL, long_fields, CLOSE},
    {"/endless-1xx", NULL, endless_1xx, CLOSE},
    {"/trickle", NULL, trickle, CLOSE},
    {"/second-dies", NULL, second_dies, KEEP},
    {"/idle-close", NULL, idle_close, CLOSE},
};

static enum after act(struct connection *c)
{
	const char *path = strchr(c->head, ' ');

	c->served++;
	atomic_fetch_add(&c->peer->counts.requests, 1);
	for (size_t i = 0; path && i < FL_ARRAY_LEN(behaviours); i++) {
		size_t n = strlen(behaviours[i].path);
		enum after after;

		if (strncmp(path + 1, behaviours[i].path, n) != 0 || !strchr(" ?", path[1 + n]))
			continue;
		after = behaviours[i].act ? behaviours[i].act(c) : answer(c, behaviours[i].text);
		return after == KEEP ? behaviours[i].then : after;
	}
	return answer(c, "HTTP/1.1 500 No such behaviour\r\nContent-Length: 0\r\n\r\n");
}

/* The whole request: the head, and as many bytes as its Content-Length says. */
static bool is_whole(struct connection *c)
{
	char *end = strstr(c->head, "\r\n\r\n"), *length = strcasestr(c->head, "\r\ncontent-length:");
	size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;

	return end && c->used >= (size_t)(end + 4 - c->head) + body;
}

static bool read_request(struct connection *c)
{
	c->used = 0;
	for (;;) {
		ssize_t n;

		if (!wait_for(c, POLLIN))
			return false;
		n = recv(c->fd, c->head + c->used, HEAD_MAX - 1 - c->used, 0);
		if (n <= 0)
			return false;
		c->used += (size_t)n;
		c->head[c->used] = '\0';
		if (is_whole(c))
			return true;
	}
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	struct linger hard = {.l_onoff = 1};
	enum after after = KEEP;

	while (after == KEEP && read_request(c))
		after = act(c);
	if (after == RESET)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	(void)close(c->fd);
	atomic_fetch_sub(&c->peer->counts.open, 1);
	free(c);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct peer *peer = arg;
	struct pollfd fds[2] = {{.fd = peer->listen_fd, .events = POLLIN},
				{.fd = peer->stop_pipe[0], .events = POLLIN}};

	while (poll(fds, 2, -1) > 0 && !(fds[1].revents & POLLIN)) {
		struct connection *c = calloc(1, sizeof *c);

		if (!c || peer->threads_n == CONNECTIONS_MAX)
			abort();
		c->peer = peer;
		c->fd = accept(peer->listen_fd, NULL, NULL);
		atomic_fetch_add(&peer->counts.connections, 1);
		atomic_fetch_add(&peer->counts.open, 1);
		if (pthread_create(&peer->threads[peer->threads_n++], NULL, serve, c) != 0)
			abort();
	}
	return NULL;
}

struct peer *peer_start(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof at;
	struct peer *peer = calloc(1, sizeof *peer);

	if (!peer || pipe(peer->stop_pipe) != 0)
		abort();
	peer->listen_fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(peer->listen_fd, (struct sockaddr *)&at, n) != 0 ||
	    listen(peer->listen_fd, CONNECTIONS_MAX) != 0 ||
	    getsockname(peer->listen_fd, (struct sockaddr *)&at, &n) != 0 ||
	    pthread_create(&peer->acceptor, NULL, accept_all, peer) != 0)
		abort();
	peer->port = ntohs(at.sin_port);
	return peer;
}

void peer_stop(struct peer *peer)
{
	(void)!write(peer->stop_pipe[1], "x", 1);
	(void)pthread_join(peer->acceptor, NULL);
	for (unsigned i = 0; i < peer->threads_n; i++)
		(void)pthread_join(peer->threads[i], NULL);
	(void)close(peer->listen_fd);
	(void)close(peer->stop_pipe[0]);
	(void)close(peer->stop_pipe[1]);
	free(peer);
}

unsigned peer_port(const struct peer *peer)
{
	return peer->port;
}

const struct peer_counts *peer_counts(const struct peer *peer)
{
	return &peer->counts;
}
