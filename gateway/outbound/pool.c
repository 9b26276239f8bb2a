/* gateway/outbound/pool.c - the connections of one target policy on one loop
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/outbound/clock.h"
#include "gateway/outbound/poll.h"
#include "gateway/outbound/request.h"

#define NOT_DUE UINT64_MAX
/* A libcurl call can ask to be called again at once; more often than this it waits for the loop's
 * next round, so that one pool cannot keep the loop. */
#define PUMPS_MAX 4

struct fl_outbound_socket {
	struct fl_loop_io io;
	struct fl_outbound_pool *pool;
	uint32_t wanted, registered; /* EPOLL* bits: libcurl's wish; what the loop was told */
	enum { FOREIGN, CONNECTING, PROVEN } state;
	uint64_t cookie; /* the kernel's number of the socket, which is never used again */
};

/* When may a descriptor stay registered though libcurl says REMOVE? Only if libcurl will tell when
 * it closes it. FOREIGN ones (the resolver's) it closes without a word, and so does 7.88 with
 * sockets that did not get to be a connection (CONNECTING). Once a request is about to be sent it
 * is one, and ends by close_socket (PROVEN). A registration that outlived its descriptor would
 * later hit whoever got the same number. */

static struct fl_outbound_socket *find(const struct fl_outbound_pool *pool, curl_socket_t fd)
{
	return (size_t)fd < pool->sockets->n ? pool->sockets->by_fd[fd] : NULL;
}

static void arm(struct fl_outbound_pool *pool)
{
	int rc;

	if (pool->due_ns == NOT_DUE || (pool->timer.at && pool->timer.deadline_ns <= pool->due_ns))
		return; /* a timer that fires too early looks again */
	rc = fl_loop_timer_set(pool->loop, &pool->timer, pool->due_ns);
	(void)rc; /* no memory for the timer: the pool's next event tries again */
}

/* Before a request that must not be repeated, an idle connection is looked at once more. */
static bool is_quiet(void *ctx, int fd)
{
	const struct fl_outbound_pool *pool = ctx;
	const struct fl_outbound_socket *s = find(pool, fd);

	return s && s->pool == pool && s->state == PROVEN && (s->registered & EPOLLIN) &&
	       !pool->is_careful;
}

/* Tells libcurl what happened, and again while it asks for it, then takes what is complete. */
static void pump(struct fl_outbound_pool *pool, curl_socket_t fd, int bits)
{
	int running;

	pool->is_pumping = true;
	fl_outbound_poll_answer(is_quiet, pool);
	fl_outbound_clock_hold();
	if (fd == CURL_SOCKET_TIMEOUT)
		pool->due_ns = NOT_DUE;
	(void)curl_multi_socket_action(pool->multi, fd, bits, &running);
	for (int i = 0; pool->due_ns == 0 && i < PUMPS_MAX; i++) {
		pool->due_ns = NOT_DUE;
		(void)curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	fl_outbound_clock_release();
	fl_outbound_poll_answer(NULL, NULL);
	pool->is_pumping = false;
	fl_outbound_request_collect(pool);
	arm(pool);
}

static void on_timer(struct fl_loop_timer *timer)
{
	struct fl_outbound_pool *pool = FL_CONTAINER_OF(timer, struct fl_outbound_pool, timer);
	struct fl_outbound *client = pool->client;

	if (pool->due_ns != NOT_DUE && pool->due_ns <= fl_clock_mono_ns())
		pump(pool, CURL_SOCKET_TIMEOUT, 0);
	else
		arm(pool);
	fl_outbound_request_deliver(client);
}

static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct fl_outbound_pool *pool = ctx;

	(void)multi;
	if (timeout_ms < 0)
		pool->due_ns = NOT_DUE;
	else if (timeout_ms == 0)
		pool->due_ns = 0;
	else
		pool->due_ns = fl_clock_mono_ns() + (uint64_t)timeout_ms * FL_NS_PER_MS;
	if (!pool->is_pumping)
		arm(pool);
	return 0;
}

/* ---- descriptors ---- */

static struct fl_outbound_socket *forget(struct fl_outbound_pool *pool,
					  struct fl_outbound_socket *s)
{
	if (s->registered)
		fl_loop_io_del(pool->loop, &s->io);
	pool->sockets->by_fd[s->io.fd] = NULL;
	free(s);
	return NULL;
}

static bool grow_table(struct fl_outbound_sockets *table, size_t fd)
{
	size_t n = table->n ? table->n : 64;
	struct fl_outbound_socket **by_fd;

	while (n <= fd)
		n *= 2;
	by_fd = realloc(table->by_fd, n * sizeof *by_fd);
	if (!by_fd)
		return false;
	memset(by_fd + table->n, 0, (n - table->n) * sizeof *by_fd);
	table->by_fd = by_fd;
	table->n = n;
	return true;
}

static void on_socket(struct fl_loop_io *io, uint32_t events);

static uint64_t cookie_of(curl_socket_t fd)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof cookie;

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

static struct fl_outbound_socket *remember(struct fl_outbound_pool *pool, curl_socket_t fd)
{
	struct fl_outbound_socket *s;

	if ((size_t)fd >= pool->sockets->n && !grow_table(pool->sockets, (size_t)fd))
		return NULL;
	s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->io = (struct fl_loop_io){.fd = fd, .on_event = on_socket};
	s->pool = pool;
	s->cookie = cookie_of(fd);
	pool->sockets->by_fd[fd] = s;
	return s;
}

static int set_registered(struct fl_outbound_socket *s, uint32_t events)
{
	struct fl_loop *loop = s->pool->loop;
	uint32_t before = s->registered;

	if (events == before)
		return 0;
	s->registered = events;
	if (events == 0) {
		fl_loop_io_del(loop, &s->io);
		return 0;
	}
	if ((before ? fl_loop_io_mod(loop, &s->io, events)
		    : fl_loop_io_add(loop, &s->io, events)) == 0)
		return 0;
	s->registered = before;
	return -1;
}

static void on_socket(struct fl_loop_io *io, uint32_t events)
{
	struct fl_outbound_socket *s = FL_CONTAINER_OF(io, struct fl_outbound_socket, io);
	struct fl_outbound_pool *pool = s->pool;
	struct fl_outbound *client = pool->client;
	uint32_t failed = events & (EPOLLERR | EPOLLHUP);
	uint32_t ready = failed ? s->wanted : events & s->wanted;
	int bits = (ready & EPOLLIN ? CURL_CSELECT_IN : 0) |
		   (ready & EPOLLOUT ? CURL_CSELECT_OUT : 0) | (failed ? CURL_CSELECT_ERR : 0);

	/* Heard what nobody wants to hear: an idle connection that was closed, or room to send. */
	if (!ready || (events & (EPOLLIN | EPOLLOUT) & ~s->wanted))
		(void)set_registered(s, s->wanted);
	if (!ready)
		return;
	pump(pool, io->fd, bits);
	fl_outbound_request_deliver(client);
}

static void lose_interest(struct fl_outbound_pool *pool, struct fl_outbound_socket *s)
{
	s->wanted = 0;
	if (s->state == PROVEN)
		return;
	(void)set_registered(s, 0);
	if (s->state == FOREIGN || cookie_of(s->io.fd) != s->cookie)
		(void)forget(pool, s);
}

/* libcurl says which events of a descriptor it wants. */
static int set_interest(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
	struct fl_outbound_pool *pool = ctx;
	struct fl_outbound_socket *s = find(pool, fd);

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		if (s)
			lose_interest(pool, s);
		return 0;
	}
	if (s && s->wanted == 0 && s->state == CONNECTING && cookie_of(fd) != s->cookie)
		s = forget(pool, s);
	if (!s)
		s = remember(pool, fd);
	if (!s)
		return -1;
	s->wanted = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0u) |
		    (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0u);
	return set_registered(s, s->registered | s->wanted);
}

curl_socket_t fl_outbound_pool_open_socket(struct fl_outbound_pool *pool,
					   const struct curl_sockaddr *address)
{
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			address->protocol);
	struct fl_outbound_socket *s;
	uint32_t wanted = 0;

	if (fd < 0)
		return CURL_SOCKET_BAD;
	/* The next address, right after the last one's socket was closed: libcurl takes the same
	 * number for the same descriptor and does not say again what it wants. */
	s = find(pool, fd);
	if (s) {
		wanted = s->wanted;
		(void)forget(pool, s);
	}
	s = remember(pool, fd);
	if (!s || set_registered(s, wanted) != 0) {
		if (s)
			(void)forget(pool, s);
		(void)close(fd);
		return CURL_SOCKET_BAD;
	}
	s->state = CONNECTING;
	s->wanted = wanted;
	return fd;
}

void fl_outbound_pool_prove_socket(struct fl_outbound_pool *pool, curl_socket_t fd)
{
	struct fl_outbound_socket *s = fd >= 0 ? find(pool, fd) : NULL;

	if (s && s->state == CONNECTING && s->pool == pool && cookie_of(fd) == s->cookie)
		s->state = PROVEN;
}

int fl_outbound_pool_close_socket(void *ctx, curl_socket_t fd)
{
	struct fl_outbound_pool *pool = ctx;
	struct fl_outbound_socket *s = find(pool, fd);

	if (s)
		(void)forget(pool, s);
	return close(fd);
}

/* ---- life ---- */

int fl_outbound_pool_create(struct fl_outbound *client, struct fl_loop *loop,
			    struct fl_outbound_sockets *sockets, uint64_t id,
			    struct fl_outbound_pool **ret)
{
	struct fl_outbound_pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return -ENOMEM;
	pool->client = client;
	pool->loop = loop;
	pool->sockets = sockets;
	pool->id = id;
	pool->due_ns = NOT_DUE;
	pool->timer.on_expire = on_timer;
	pool->multi = curl_multi_init();
	if (!pool->multi) {
		free(pool);
		return -ENOMEM;
	}
	(void)curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, set_interest);
	(void)curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
	(void)curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	(void)curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS,
				(long)FL_OUTBOUND_IDLE_CONNECTIONS);
	*ret = pool;
	return 0;
}

void fl_outbound_pool_destroy(struct fl_outbound_pool *pool)
{
	FL_ASSERT(pool->running_n == 0);
	fl_outbound_request_free_spares(pool);
	fl_outbound_origins_fini(&pool->origins);
	(void)curl_multi_cleanup(pool->multi);
	for (size_t fd = 0; fd < pool->sockets->n; fd++) { /* closed without a word */
		struct fl_outbound_socket *s = pool->sockets->by_fd[fd];

		if (s && s->pool == pool)
			(void)forget(pool, s);
	}
	fl_loop_timer_cancel(pool->loop, &pool->timer);
	free(pool);
}

int fl_outbound_pool_start(struct fl_outbound_pool *pool, CURL *easy, bool is_idempotent)
{
	pool->is_careful = !is_idempotent;
	pool->is_pumping = true;
	if (curl_multi_add_handle(pool->multi, easy) != CURLM_OK) {
		pool->is_pumping = pool->is_careful = false;
		return -ENOMEM;
	}
	pump(pool, CURL_SOCKET_TIMEOUT, 0);
	pool->is_careful = false;
	return 0;
}

void fl_outbound_pool_stop(struct fl_outbound_pool *pool, CURL *easy)
{
	(void)curl_multi_remove_handle(pool->multi, easy);
}
