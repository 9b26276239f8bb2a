/* tests/unit/loop/test_loop.c - gateway/loop/: rounds, descriptors, timers on one thread
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "gateway/loop/loop.h"
#include "gateway/loop/timers.h"

static struct fl_loop *loop; /* of the case */

static int setup(void **state)
{
	(void)state;
	return fl_loop_create(&loop);
}

/* Asserts that nothing is left in it. */
static int teardown(void **state)
{
	(void)state;
	fl_loop_destroy(loop);
	return 0;
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)

/* ---- descriptors ---- */

struct end { /* the reading end of a pipe with one byte in it */
	struct fl_loop_io io;
	struct end *victim; /* is deleted by the callback */
	bool re_add;
	int write_fd, calls;
	uint32_t events;
};

static void on_end(struct fl_loop_io *io, uint32_t events)
{
	struct end *end = FL_CONTAINER_OF(io, struct end, io);

	end->calls++;
	end->events = events;
	if (end->victim == NULL)
		return;
	fl_loop_io_del(loop, &end->victim->io);
	if (end->re_add)
		assert_int_equal(fl_loop_io_add(loop, &end->victim->io, EPOLLIN), 0);
}

static void open_end(struct end *end)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	*end = (struct end){.io = {fds[0], on_end}, .write_fd = fds[1]};
	assert_int_equal(fl_loop_io_add(loop, &end->io, EPOLLIN), 0);
}

static void close_end(struct end *end)
{
	assert_int_equal(close(end->io.fd), 0);
	assert_int_equal(close(end->write_fd), 0);
}

static void descriptors_report(void **state)
{
	struct end end;

	(void)state;
	open_end(&end);
	fl_loop_run_once(loop, 0);
	fl_loop_run_once(loop, UINT64_MAX); /* level-triggered: it comes again */
	assert_int_equal(end.calls, 2);
	assert_int_equal(end.events, EPOLLIN);
	assert_int_equal(fl_loop_io_mod(loop, &end.io, 0), 0);
	fl_loop_run_once(loop, 0);
	assert_int_equal(end.calls, 2);
	fl_loop_io_del(loop, &end.io);
	fl_loop_run_once(loop, 0);
	assert_int_equal(end.calls, 2);
	close_end(&end);
}

/* Each of two ready descriptors deletes the other: exactly one callback, whichever came first. */
static void deleted_gets_no_callback(void **state)
{
	struct end a, b;

	(void)state;
	open_end(&a);
	open_end(&b);
	a.victim = &b;
	b.victim = &a;
	fl_loop_run_once(loop, 0);
	assert_int_equal(a.calls + b.calls, 1);
	fl_loop_io_del(loop, a.calls ? &a.io : &b.io);
	close_end(&a);
	close_end(&b);
}

/* The fetched event was the old registration's; the new one reports in the next round. */
static void added_again_waits_a_round(void **state)
{
	struct end a, b;

	(void)state;
	open_end(&a);
	open_end(&b);
	a.victim = &b;
	b.victim = &a;
	a.re_add = b.re_add = true;
	fl_loop_run_once(loop, 0);
	assert_int_equal(a.calls + b.calls, 1);
	a.victim = b.victim = NULL;
	fl_loop_run_once(loop, 0);
	assert_int_equal(a.calls + b.calls, 3);
	fl_loop_io_del(loop, &a.io);
	fl_loop_io_del(loop, &b.io);
	close_end(&a);
	close_end(&b);
}

static void deletes_itself(void **state)
{
	struct end a;

	(void)state;
	open_end(&a);
	a.victim = &a;
	fl_loop_run_once(loop, 0);
	fl_loop_run_once(loop, 0);
	assert_int_equal(a.calls, 1);
	close_end(&a);
}

/* As libmicrohttpd's own epoll descriptor is used. */
static void watches_an_epoll_descriptor(void **state)
{
	struct end inner, outer = {.io = {epoll_create1(0), on_end}};
	struct epoll_event event = {.events = EPOLLIN};

	(void)state;
	open_end(&inner);
	fl_loop_io_del(loop, &inner.io);
	assert_int_equal(epoll_ctl(outer.io.fd, EPOLL_CTL_ADD, inner.io.fd, &event), 0);
	assert_int_equal(fl_loop_io_add(loop, &outer.io, EPOLLIN), 0);
	fl_loop_run_once(loop, UINT64_MAX);
	fl_loop_run_once(loop, UINT64_MAX);
	assert_int_equal(outer.calls, 2);
	assert_int_equal(inner.calls, 0);
	fl_loop_io_del(loop, &outer.io);
	assert_int_equal(close(outer.io.fd), 0);
	close_end(&inner);
}

static void refuses_bad_descriptors(void **state)
{
	struct fl_loop_io bad = {.fd = -1, .on_event = on_end};
	struct end end;

	(void)state;
	assert_int_equal(fl_loop_io_add(loop, &bad, EPOLLIN), -EBADF);
	open_end(&end);
	assert_int_equal(fl_loop_io_add(loop, &end.io, EPOLLIN), -EEXIST);
	bad.fd = end.write_fd;
	assert_int_equal(fl_loop_io_mod(loop, &bad, EPOLLIN), -ENOENT);
	fl_loop_io_del(loop, &end.io);
	close_end(&end);
}

static void more_ready_than_one_wait_fetches(void **state)
{
	enum { N = 300 };
	static struct end ends[N];
	int rounds = 0, served;

	(void)state;
	for (int i = 0; i < N; i++)
		open_end(&ends[i]);
	do {
		fl_loop_run_once(loop, 0);
		served = 0;
		for (int i = 0; i < N; i++)
			served += ends[i].calls > 0;
	} while (served < N && ++rounds < 10);
	assert_int_equal(served, N);
	for (int i = 0; i < N; i++) {
		fl_loop_io_del(loop, &ends[i].io);
		close_end(&ends[i]);
	}
}

/* ---- timers ---- */

struct alarm {
	struct fl_loop_timer timer;
	struct fl_loop *loop;
	struct fl_loop_timer *victim; /* is cancelled by the callback */
	uint64_t again_ns;            /* sets itself again */
	int calls, place;             /* which in turn */
};

static int expired_n;

static void on_alarm(struct fl_loop_timer *timer)
{
	struct alarm *alarm = FL_CONTAINER_OF(timer, struct alarm, timer);

	assert_int_equal(timer->at, 0);
	assert_true(timer->deadline_ns <= fl_loop_now_ns(alarm->loop));
	alarm->calls++;
	alarm->place = ++expired_n;
	if (alarm->victim)
		fl_loop_timer_cancel(alarm->loop, alarm->victim);
	if (alarm->again_ns)
		assert_int_equal(fl_loop_timer_set(alarm->loop, timer, alarm->again_ns), 0);
}

static void timers_expire_soonest_first(void **state)
{
	struct alarm alarms[3];
	uint64_t start_ns = fl_clock_mono_ns();

	(void)state;
	expired_n = 0;
	for (int i = 0; i < 3; i++) {
		alarms[i] = (struct alarm){.timer.on_expire = on_alarm, .loop = loop};
		assert_int_equal(fl_loop_timer_set(loop, &alarms[i].timer,
		                                   start_ns + (uint64_t)(3 - i) * FL_NS_PER_MS),
		                 0);
	}
	while (alarms[0].calls == 0)
		fl_loop_run_once(loop, UINT64_MAX);
	assert_true(fl_clock_mono_ns() >= start_ns + 3 * FL_NS_PER_MS);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(alarms[i].calls, 1);
		assert_int_equal(alarms[i].place, 3 - i);
	}
}

static void a_moved_timer_expires_once(void **state)
{
	struct alarm a = {.timer.on_expire = on_alarm, .loop = loop};

	(void)state;
	assert_int_equal(fl_loop_timer_set(loop, &a.timer, UINT64_MAX), 0);
	fl_loop_run_once(loop, 0);
	assert_int_equal(a.calls, 0);
	assert_int_equal(fl_loop_timer_set(loop, &a.timer, 1), 0);
	assert_int_equal(a.timer.deadline_ns, 1);
	fl_loop_run_once(loop, UINT64_MAX);
	fl_loop_run_once(loop, 0);
	assert_int_equal(a.calls, 1);
	fl_loop_timer_cancel(loop, &a.timer); /* not set: accepted */
}

static void a_cancelled_timer_that_is_due_is_not_called(void **state)
{
	struct alarm a = {.timer.on_expire = on_alarm, .loop = loop}, b = a;

	(void)state;
	a.victim = &b.timer;
	b.victim = &a.timer;
	assert_int_equal(fl_loop_timer_set(loop, &a.timer, 1), 0);
	assert_int_equal(fl_loop_timer_set(loop, &b.timer, 2), 0);
	fl_loop_run_once(loop, 0);
	fl_loop_run_once(loop, 0);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 0);
}

static void a_timer_that_sets_itself_again_waits_a_round(void **state)
{
	struct alarm a = {.timer.on_expire = on_alarm, .loop = loop, .again_ns = 1};

	(void)state;
	assert_int_equal(fl_loop_timer_set(loop, &a.timer, 1), 0);
	for (int rounds = 1; rounds <= 3; rounds++) {
		fl_loop_run_once(loop, UINT64_MAX);
		assert_int_equal(a.calls, rounds);
	}
	fl_loop_timer_cancel(loop, &a.timer);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* Against a plain array: sets, moves, cancels and takes at random, few distinct times. */
static void the_heap_agrees_with_an_array(void **state)
{
	enum { N = 500, STEPS = 200000 };
	static struct fl_loop_timer timers[N];
	static uint64_t due[N]; /* 0: not set */
	struct fl_timers heap = {0};
	uint64_t seed = 1;
	size_t taken = 0;

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		size_t i = next_random(&seed) % N, what = next_random(&seed) % 10;
		uint64_t soonest = UINT64_MAX;

		if (what < 6) {
			due[i] = 1 + next_random(&seed) % 1000;
			assert_int_equal(fl_timers_set(&heap, &timers[i], due[i]), 0);
		} else if (what < 8) {
			due[i] = 0;
			fl_timers_cancel(&heap, &timers[i]);
		} else {
			struct fl_loop_timer *t = fl_timers_take_due(&heap, 500);

			for (size_t j = 0; j < N; j++)
				if (due[j] != 0 && due[j] < soonest)
					soonest = due[j];
			assert_int_equal(t != NULL, soonest <= 500);
			if (t == NULL)
				continue;
			assert_int_equal(due[t - timers], soonest);
			due[t - timers] = 0;
			taken++;
		}
	}
	assert_true(taken > STEPS / 10);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(timers[i].at != 0, due[i] != 0);
	fl_timers_fini(&heap);
}

/* ---- rounds ---- */

static bool may_not_wait(void *ctx)
{
	++*(int *)ctx;
	return true;
}

static void the_hook_forbids_waiting(void **state)
{
	int calls = 0;

	(void)state;
	fl_loop_set_before_wait(loop, may_not_wait, &calls);
	fl_loop_run_once(loop, UINT64_MAX);
	fl_loop_run_once(loop, UINT64_MAX);
	assert_int_equal(calls, 2);
}

static void the_wait_ends_at_its_maximum(void **state)
{
	uint64_t start_ns = fl_clock_mono_ns();

	(void)state;
	fl_loop_run_once(loop, 3 * FL_NS_PER_MS);
	assert_true(fl_loop_now_ns(loop) >= start_ns + 3 * FL_NS_PER_MS);
	assert_true(fl_loop_now_ns(loop) <= fl_clock_mono_ns());
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    CASE("a descriptor reports while it is added and ready", descriptors_report),
	    CASE("a descriptor deleted after its event was fetched gets no callback",
	         deleted_gets_no_callback),
	    CASE("a descriptor added again waits for the next round", added_again_waits_a_round),
	    CASE("a descriptor may delete itself", deletes_itself),
	    CASE("an epoll descriptor is watched level-triggered", watches_an_epoll_descriptor),
	    CASE("what epoll refuses is told and not counted", refuses_bad_descriptors),
	    CASE("more ready descriptors than one wait fetches are all served",
	         more_ready_than_one_wait_fetches),
	    CASE("timers expire soonest first and not early", timers_expire_soonest_first),
	    CASE("a moved timer expires once, at its new deadline", a_moved_timer_expires_once),
	    CASE("a cancelled timer that is due is not called",
	         a_cancelled_timer_that_is_due_is_not_called),
	    CASE("a timer that sets itself again waits for the next round",
	         a_timer_that_sets_itself_again_waits_a_round),
	    CASE("the heap agrees with a plain array", the_heap_agrees_with_an_array),
	    CASE("the hook runs each round and forbids waiting", the_hook_forbids_waiting),
	    CASE("a wait ends at its maximum", the_wait_ends_at_its_maximum),
	};

	return cmocka_run_group_tests_name("loop", cases, NULL, NULL);
}
