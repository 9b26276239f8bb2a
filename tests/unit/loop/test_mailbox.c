/* tests/unit/loop/test_mailbox.c - gateway/loop/: messages and wake-ups between threads
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdlib.h>

#include "gateway/loop/loop.h"
#include "gateway/loop/mailbox.h"

#define POSTERS 4
#define POSTS 20000u

static struct fl_loop *made(void)
{
	struct fl_loop *loop = NULL;

	assert_int_equal(fl_loop_create(&loop), 0);
	return loop;
}

static void on_nothing(struct fl_loop_task *task)
{
	(void)task;
}

static void only_a_sleeper_is_woken_and_once(void **state)
{
	struct fl_mailbox box = {NULL};
	struct fl_loop_task a = {NULL, on_nothing}, b = a, c = a;

	(void)state;
	assert_false(fl_mailbox_post(&box, &a));
	assert_false(fl_mailbox_sleep(&box)); /* there is mail */
	assert_ptr_equal(fl_mailbox_take(&box), &a);
	assert_null(fl_mailbox_take(&box));
	assert_true(fl_mailbox_sleep(&box));
	assert_true(fl_mailbox_post(&box, &a));
	assert_false(fl_mailbox_post(&box, &b));
	fl_mailbox_wake(&box);
	assert_false(fl_mailbox_post(&box, &c));
	assert_ptr_equal(fl_mailbox_take(&box), &a);
	assert_ptr_equal(a.next, &b);
	assert_ptr_equal(b.next, &c);
	assert_null(c.next);
	assert_true(fl_mailbox_sleep(&box)); /* slept for nothing */
	fl_mailbox_wake(&box);
	assert_null(fl_mailbox_take(&box));
	assert_false(fl_mailbox_post(&box, &a));
}

struct note {
	struct fl_loop_task task;
	struct fl_loop *loop;
	struct note *then; /* is posted by the callback */
	int calls;
};

static void on_note(struct fl_loop_task *task)
{
	struct note *note = FL_CONTAINER_OF(task, struct note, task);

	note->calls++;
	if (note->then)
		fl_loop_post(note->loop, &note->then->task);
}

static void a_message_posted_by_a_message_waits_a_round(void **state)
{
	struct fl_loop *loop = made();
	struct note b = {.task.on_task = on_note, .loop = loop}, a = b;

	(void)state;
	a.then = &b;
	fl_loop_post(loop, &a.task);
	fl_loop_run_once(loop, UINT64_MAX); /* does not wait: there is mail */
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 0);
	fl_loop_run_once(loop, UINT64_MAX);
	assert_int_equal(b.calls, 1);
	fl_loop_destroy(loop);
}

static void destroy_runs_what_is_queued(void **state)
{
	struct fl_loop *loop = made();
	struct note b = {.task.on_task = on_note, .loop = loop}, a = b;

	(void)state;
	a.then = &b;
	fl_loop_post(loop, &a.task);
	assert_null(fl_loop_destroy(loop));
	assert_int_equal(a.calls + b.calls, 2);
	assert_null(fl_loop_destroy(NULL));
}

/* ---- several threads ---- */

struct counted {
	struct fl_loop_task task;
	unsigned poster, number;
};

struct poster {
	struct fl_loop *loop;
	struct counted posts[POSTS];
	unsigned seen; /* [loop] */
};

static struct poster posters[POSTERS];
static struct fl_loop *counting_loop;
static unsigned in_order, out_of_order, last_seen; /* [loop] */

static void on_counted(struct fl_loop_task *task)
{
	struct counted *post = FL_CONTAINER_OF(task, struct counted, task);
	struct poster *poster = &posters[post->poster];

	if (post->number == poster->seen++)
		in_order++;
	else
		out_of_order++;
	if (post->number == POSTS - 1 && ++last_seen == POSTERS)
		fl_loop_stop(counting_loop);
}

static void *post_all(void *arg)
{
	struct poster *poster = arg;

	for (unsigned i = 0; i < POSTS; i++)
		fl_loop_post(poster->loop, &poster->posts[i].task);
	return NULL;
}

/* A message that is lost, or a wake-up that is missing, hangs the test. */
static void order_is_kept_for_each_poster(void **state)
{
	pthread_t threads[POSTERS];

	(void)state;
	counting_loop = made();
	for (unsigned p = 0; p < POSTERS; p++) {
		posters[p].loop = counting_loop;
		for (unsigned i = 0; i < POSTS; i++)
			posters[p].posts[i] = (struct counted){{NULL, on_counted}, p, i};
		assert_int_equal(pthread_create(&threads[p], NULL, post_all, &posters[p]), 0);
	}
	fl_loop_run(counting_loop);
	for (unsigned p = 0; p < POSTERS; p++)
		assert_int_equal(pthread_join(threads[p], NULL), 0);
	assert_int_equal(in_order, POSTERS * POSTS);
	assert_int_equal(out_of_order, 0);
	fl_loop_destroy(counting_loop);
}

struct ball { /* is thrown between two loops, each of which sleeps meanwhile */
	struct fl_loop_task task;
	struct fl_loop *loops[2];
	unsigned throws;
	bool wrong_thread;
};

static void on_ball(struct fl_loop_task *task)
{
	struct ball *ball = FL_CONTAINER_OF(task, struct ball, task);
	struct fl_loop *here = ball->loops[ball->throws & 1],
		       *there = ball->loops[~ball->throws & 1];

	ball->wrong_thread |= !fl_loop_is_mine(here) || fl_loop_is_mine(there);
	if (++ball->throws < POSTS) {
		fl_loop_post(there, &ball->task);
		return;
	}
	fl_loop_stop(here);
	fl_loop_stop(there);
}

static void *run_loop(void *arg)
{
	fl_loop_run(arg);
	return NULL;
}

static void a_post_wakes_the_sleeper(void **state)
{
	struct ball ball = {.task.on_task = on_ball, .loops = {made(), made()}};
	pthread_t thread;

	(void)state;
	assert_false(fl_loop_is_mine(ball.loops[0]));
	assert_int_equal(pthread_create(&thread, NULL, run_loop, ball.loops[1]), 0);
	fl_loop_post(ball.loops[0], &ball.task);
	fl_loop_run(ball.loops[0]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(ball.throws, POSTS);
	assert_false(ball.wrong_thread);
	assert_true(fl_loop_is_mine(ball.loops[0]));
	assert_false(fl_loop_is_mine(ball.loops[1]));
	fl_loop_destroy(ball.loops[0]);
	fl_loop_destroy(ball.loops[1]);
}

static void a_loop_stopped_before_it_runs_returns(void **state)
{
	struct fl_loop *loop = made();

	(void)state;
	fl_loop_stop(loop);
	fl_loop_run(loop);
	fl_loop_stop(loop); /* and can be run and stopped again */
	fl_loop_run(loop);
	fl_loop_destroy(loop);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    FL_CASE("only a sleeper is woken, and by one poster", only_a_sleeper_is_woken_and_once),
	    FL_CASE("a message posted by a message waits for the next round",
	            a_message_posted_by_a_message_waits_a_round),
	    FL_CASE("destroy runs what is queued", destroy_runs_what_is_queued),
	    FL_CASE("order is kept for each of several posters", order_is_kept_for_each_poster),
	    FL_CASE("a post wakes the sleeper", a_post_wakes_the_sleeper),
	    FL_CASE("a loop stopped before it runs returns at once",
	            a_loop_stopped_before_it_runs_returns),
	};

	return cmocka_run_group_tests_name("mailbox", cases, NULL, NULL);
}
