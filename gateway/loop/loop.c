/* gateway/loop/loop.c - rounds of one thread's event loop
 * SPDX-License-Identifier: Apache-2.0
 *
 * A round: the hook, one epoll_wait(), one look at the clock, then descriptors, messages, timers.
 * The time until the next timer is reckoned from the clock of the round before, so that a round
 * reads it once; a timer may be late by what the callbacks of one round take, and a millisecond.
 */
#include "gateway/loop/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/loop/mailbox.h"
#include "gateway/loop/timers.h"

#define EVENTS_MAX 256

struct fl_loop {
	/* loop thread */
	int epoll_fd;
	bool is_expiring;
	uint64_t now_ns;
	struct fl_timers timers;
	fl_loop_hook_fn hook;
	void *hook_ctx;
	size_t io_n;            /* descriptors added */
	int event_at, events_n; /* events[event_at..events_n) wait for their callback */
	struct epoll_event events[EVENTS_MAX];

	/* any thread */
	_Alignas(64) struct fl_mailbox mailbox;
	atomic_bool is_stopping;
	_Atomic(const void *) owner; /* &me of the thread that ran it last */
	int wake_fd;
	struct fl_loop_io wake; /* immutable after create */
};

static _Thread_local char me; /* its address names the thread */

/* The descriptor is edge-triggered: each write is one event, nothing needs to be read. */
static void on_wake(struct fl_loop_io *io, uint32_t events)
{
	(void)io;
	(void)events;
}

static void wake(struct fl_loop *loop)
{
	uint64_t one = 1;
	ssize_t n = write(loop->wake_fd, &one, sizeof one);

	FL_ASSERT(n == (ssize_t)sizeof one);
}

static int control(struct fl_loop *loop, int what, struct fl_loop_io *io, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = io};

	return epoll_ctl(loop->epoll_fd, what, io->fd, &event) == 0 ? 0 : -errno;
}

static int open_descriptors(struct fl_loop *loop)
{
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0)
		return -errno;
	loop->wake = (struct fl_loop_io){.fd = loop->wake_fd, .on_event = on_wake};
	return control(loop, EPOLL_CTL_ADD, &loop->wake, EPOLLIN | EPOLLET);
}

static struct fl_loop *release(struct fl_loop *loop)
{
	if (loop->epoll_fd >= 0)
		(void)close(loop->epoll_fd);
	if (loop->wake_fd >= 0)
		(void)close(loop->wake_fd);
	fl_timers_fini(&loop->timers);
	free(loop);
	return NULL;
}

int fl_loop_create(struct fl_loop **ret)
{
	struct fl_loop *loop = aligned_alloc(64, sizeof *loop);

	if (!loop)
		return -ENOMEM;
	*loop = (struct fl_loop){.epoll_fd = -1, .wake_fd = -1, .now_ns = fl_clock_mono_ns()};
	int r = open_descriptors(loop);

	if (r < 0) {
		(void)release(loop);
		return r;
	}
	*ret = loop;
	return 0;
}

static bool run_tasks(struct fl_loop *loop)
{
	struct fl_loop_task *task = fl_mailbox_take(&loop->mailbox);
	bool any = task != NULL;

	while (task) {
		struct fl_loop_task *next = task->next; /* the task may be gone after the call */

		task->on_task(task);
		task = next;
	}
	return any;
}

struct fl_loop *fl_loop_destroy(struct fl_loop *loop)
{
	if (!loop)
		return NULL;
	while (run_tasks(loop))
		;
	FL_ASSERT(loop->io_n == 0 && loop->timers.n == 0);
	return release(loop);
}

static void run_events(struct fl_loop *loop)
{
	while (loop->event_at < loop->events_n) {
		const struct epoll_event *event = &loop->events[loop->event_at++];
		struct fl_loop_io *io = event->data.ptr;

		if (io)
			io->on_event(io, event->events);
	}
}

static void run_timers(struct fl_loop *loop)
{
	struct fl_loop_timer *timer;

	loop->is_expiring = true;
	while ((timer = fl_timers_take_due(&loop->timers, loop->now_ns)) != NULL)
		timer->on_expire(timer);
	loop->is_expiring = false;
}

/* Milliseconds, rounded up, until the next timer, but at most `max_wait_ns`; -1: for ever. */
static int wait_ms(const struct fl_loop *loop, uint64_t max_wait_ns)
{
	uint64_t next_ns = fl_timers_next_ns(&loop->timers), wait_ns = max_wait_ns;

	if (next_ns != UINT64_MAX) {
		uint64_t left_ns = next_ns > loop->now_ns ? next_ns - loop->now_ns : 0;

		if (left_ns < wait_ns)
			wait_ns = left_ns;
	}
	if (wait_ns == UINT64_MAX)
		return -1;
	uint64_t ms = wait_ns / FL_NS_PER_MS + (wait_ns % FL_NS_PER_MS != 0);

	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void run_round(struct fl_loop *loop, uint64_t max_wait_ns)
{
	bool must_not_wait = loop->hook && loop->hook(loop->hook_ctx);
	int timeout_ms = must_not_wait ? 0 : wait_ms(loop, max_wait_ns);

	bool is_sleeping = timeout_ms != 0 && fl_mailbox_sleep(&loop->mailbox);
	int n = epoll_wait(loop->epoll_fd, loop->events, EVENTS_MAX, is_sleeping ? timeout_ms : 0);

	FL_ASSERT(n >= 0 || errno == EINTR);
	if (is_sleeping)
		fl_mailbox_wake(&loop->mailbox);
	loop->now_ns = fl_clock_mono_ns();
	loop->event_at = 0;
	loop->events_n = n > 0 ? n : 0;
	run_events(loop);
	(void)run_tasks(loop);
	run_timers(loop);
}

static void take_over(struct fl_loop *loop)
{
	atomic_store_explicit(&loop->owner, &me, memory_order_relaxed);
	loop->now_ns = fl_clock_mono_ns();
}

void fl_loop_run(struct fl_loop *loop)
{
	take_over(loop);
	while (!atomic_load_explicit(&loop->is_stopping, memory_order_acquire))
		run_round(loop, UINT64_MAX);
	atomic_store_explicit(&loop->is_stopping, false, memory_order_relaxed);
}

void fl_loop_run_once(struct fl_loop *loop, uint64_t max_wait_ns)
{
	take_over(loop);
	run_round(loop, max_wait_ns);
}

void fl_loop_stop(struct fl_loop *loop)
{
	atomic_store_explicit(&loop->is_stopping, true, memory_order_release);
	wake(loop);
}

bool fl_loop_is_mine(const struct fl_loop *loop)
{
	return atomic_load_explicit(&loop->owner, memory_order_relaxed) == &me;
}

uint64_t fl_loop_now_ns(const struct fl_loop *loop)
{
	return loop->now_ns;
}

int fl_loop_io_add(struct fl_loop *loop, struct fl_loop_io *io, uint32_t events)
{
	int r = control(loop, EPOLL_CTL_ADD, io, events);

	loop->io_n += r == 0;
	return r;
}

int fl_loop_io_mod(struct fl_loop *loop, struct fl_loop_io *io, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, io, events);
}

void fl_loop_io_del(struct fl_loop *loop, struct fl_loop_io *io)
{
	FL_ASSERT(loop->io_n > 0);
	loop->io_n--;
	(void)control(loop, EPOLL_CTL_DEL, io, 0); /* fails when the owner has closed it: as good */
	for (int i = loop->event_at; i < loop->events_n; i++)
		if (loop->events[i].data.ptr == io)
			loop->events[i].data.ptr = NULL;
}

int fl_loop_timer_set(struct fl_loop *loop, struct fl_loop_timer *timer, uint64_t deadline_ns)
{
	/* While timers are expiring one that is set is for a later round, so that a timer which
	 * sets itself again does not hold up the loop. */
	uint64_t due_ns =
	    loop->is_expiring && deadline_ns <= loop->now_ns ? loop->now_ns + 1 : deadline_ns;
	int r = fl_timers_set(&loop->timers, timer, due_ns);

	if (r == 0)
		timer->deadline_ns = deadline_ns;
	return r;
}

void fl_loop_timer_cancel(struct fl_loop *loop, struct fl_loop_timer *timer)
{
	fl_timers_cancel(&loop->timers, timer);
}

void fl_loop_post(struct fl_loop *loop, struct fl_loop_task *task)
{
	if (fl_mailbox_post(&loop->mailbox, task))
		wake(loop);
}

void fl_loop_set_before_wait(struct fl_loop *loop, fl_loop_hook_fn hook, void *ctx)
{
	loop->hook = hook;
	loop->hook_ctx = ctx;
}
