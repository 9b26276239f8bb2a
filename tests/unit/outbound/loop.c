/* tests/unit/outbound/loop.c - as much of gateway/loop/ as the outbound client uses
 * SPDX-License-Identifier: Apache-2.0
 *
 * So that the client is tested by itself. One thread, at most TIMERS_MAX timers, no mailbox.
 */
#include "gateway/loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TIMERS_MAX 256
#define EVENTS_MAX 256

struct fl_loop {
	int epoll_fd, fetched_n;
	uint64_t now_ns;
	struct fl_loop_io *fetched[EVENTS_MAX];
	struct fl_loop_timer *timers[TIMERS_MAX];
	size_t timers_n;
};

int fl_loop_create(struct fl_loop **ret)
{
	struct fl_loop *loop = calloc(1, sizeof *loop);

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	*ret = loop;
	return 0;
}

struct fl_loop *fl_loop_destroy(struct fl_loop *loop)
{
	FL_ASSERT(loop->timers_n == 0);
	(void)close(loop->epoll_fd);
	free(loop);
	return NULL;
}

uint64_t fl_loop_now_ns(const struct fl_loop *loop)
{
	return loop->now_ns;
}

static int control(struct fl_loop *loop, int what, struct fl_loop_io *io, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = io};

	return epoll_ctl(loop->epoll_fd, what, io->fd, &event) == 0 ? 0 : -errno;
}

int fl_loop_io_add(struct fl_loop *loop, struct fl_loop_io *io, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, io, events);
}

int fl_loop_io_mod(struct fl_loop *loop, struct fl_loop_io *io, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, io, events);
}

void fl_loop_io_del(struct fl_loop *loop, struct fl_loop_io *io)
{
	(void)control(loop, EPOLL_CTL_DEL, io, 0);
	for (int i = 0; i < loop->fetched_n; i++)
		if (loop->fetched[i] == io)
			loop->fetched[i] = NULL;
}

int fl_loop_timer_set(struct fl_loop *loop, struct fl_loop_timer *timer, uint64_t deadline_ns)
{
	if (timer->at == 0) {
		if (loop->timers_n == TIMERS_MAX)
			return -ENOMEM;
		loop->timers[loop->timers_n++] = timer;
		timer->at = loop->timers_n;
	}
	timer->deadline_ns = deadline_ns;
	return 0;
}

void fl_loop_timer_cancel(struct fl_loop *loop, struct fl_loop_timer *timer)
{
	size_t at = timer->at;

	if (at == 0)
		return;
	loop->timers[at - 1] = loop->timers[--loop->timers_n];
	loop->timers[at - 1]->at = at;
	timer->at = 0;
}

static int wait_ms(const struct fl_loop *loop, uint64_t max_wait_ns)
{
	uint64_t now_ns = fl_clock_mono_ns(), until_ns = now_ns + max_wait_ns;

	for (size_t i = 0; i < loop->timers_n; i++)
		if (loop->timers[i]->deadline_ns < until_ns)
			until_ns = loop->timers[i]->deadline_ns;
	if (until_ns <= now_ns)
		return 0;
	return (int)((until_ns - now_ns + FL_NS_PER_MS - 1) / FL_NS_PER_MS);
}

/* Each timer that is due now, once; a callback may set and cancel others. */
static void expire_timers(struct fl_loop *loop)
{
	size_t budget = loop->timers_n;

	for (size_t i = 0; i < loop->timers_n && budget > 0;) {
		struct fl_loop_timer *timer = loop->timers[i];

		if (timer->deadline_ns > loop->now_ns) {
			i++;
			continue;
		}
		budget--;
		fl_loop_timer_cancel(loop, timer);
		timer->on_expire(timer);
		i = 0;
	}
}

void fl_loop_run_once(struct fl_loop *loop, uint64_t max_wait_ns)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, wait_ms(loop, max_wait_ns));

	loop->now_ns = fl_clock_mono_ns();
	loop->fetched_n = n > 0 ? n : 0;
	for (int i = 0; i < loop->fetched_n; i++)
		loop->fetched[i] = events[i].data.ptr;
	for (int i = 0; i < loop->fetched_n; i++)
		if (loop->fetched[i])
			loop->fetched[i]->on_event(loop->fetched[i], events[i].events);
	loop->fetched_n = 0;
	expire_timers(loop);
}
