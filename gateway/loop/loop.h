/* gateway/loop/loop.h - one thread's event loop: descriptors, timers, mailbox
 * SPDX-License-Identifier: Apache-2.0
 *
 * A loop belongs to the thread that runs it. All calls are [loop] (from that thread, or before it
 * runs) unless tagged [any]. Callbacks never nest: what a callback starts is called back later.
 * Embed struct fl_loop_io, fl_loop_timer and fl_loop_task in your own objects; the loop allocates
 * nothing per event.
 */
#ifndef FL_GATEWAY_LOOP_LOOP_H
#define FL_GATEWAY_LOOP_LOOP_H

#include <stdint.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/str.h"

struct fl_loop;

/* A descriptor. The owner keeps it alive and at its address until fl_loop_io_del() returned; after
 * that no callback comes, not even for an event already fetched. Events are EPOLL* bits. */
struct fl_loop_io {
	int fd;
	void (*on_event)(struct fl_loop_io *io, uint32_t events);
};

/* A one-shot timer: at an absolute monotonic deadline. Zero-initialise before first use. */
struct fl_loop_timer {
	void (*on_expire)(struct fl_loop_timer *timer);
	uint64_t deadline_ns;
	size_t at; /* the loop's: place in the heap + 1; 0: not set */
};

/* A message to a loop, whose it is from post until on_task is called (which may free it). */
struct fl_loop_task {
	struct fl_loop_task *next;
	void (*on_task)(struct fl_loop_task *task);
};

FL_MUST_USE int fl_loop_create(struct fl_loop **ret);
/* Nothing may be registered any more and nobody may be posting; tasks still queued are run first.
 * Accepts NULL. */
struct fl_loop *fl_loop_destroy(struct fl_loop *loop);
/* Runs until fl_loop_stop(). A round: the hook, the wait, then descriptors, messages, timers. */
void fl_loop_run(struct fl_loop *loop);
/* One round: waits at most `max_wait_ns`, then calls what is due. For tests and nested owners. */
void fl_loop_run_once(struct fl_loop *loop, uint64_t max_wait_ns);
/* [any] fl_loop_run() returns after the current round, or at once when it does not run yet. */
void fl_loop_stop(struct fl_loop *loop);
/* Is the calling thread the one that runs this loop, or ran it last? False before it ran. [any] */
bool fl_loop_is_mine(const struct fl_loop *loop);
/* The monotonic time at the start of this round (cheap); fl_clock_mono_ns() for now. */
uint64_t fl_loop_now_ns(const struct fl_loop *loop);

/* -errno of epoll_ctl(2). An event that was fetched before fl_loop_io_mod() may still come. */
FL_MUST_USE int fl_loop_io_add(struct fl_loop *loop, struct fl_loop_io *io, uint32_t events);
FL_MUST_USE int fl_loop_io_mod(struct fl_loop *loop, struct fl_loop_io *io, uint32_t events);
void fl_loop_io_del(struct fl_loop *loop, struct fl_loop_io *io);

/* Sets or moves the timer; a deadline that is past is due in this round, or in the next when a
 * timer's callback sets it. -ENOMEM leaves all as it was. No system call, no allocation once the
 * heap has grown. */
FL_MUST_USE int fl_loop_timer_set(struct fl_loop *loop, struct fl_loop_timer *timer,
                                  uint64_t deadline_ns);
/* Accepts a timer that is not set. */
void fl_loop_timer_cancel(struct fl_loop *loop, struct fl_loop_timer *timer);

/* Queues a message; wakes the loop if it sleeps. Never blocks, never allocates. Order is kept
 * between posts of one thread. [any] */
void fl_loop_post(struct fl_loop *loop, struct fl_loop_task *task);

/* Called once each round just before the loop waits, and may say that it must not wait (return
 * true). One hook a loop; used by the HTTP listener. */
typedef bool (*fl_loop_hook_fn)(void *ctx);
void fl_loop_set_before_wait(struct fl_loop *loop, fl_loop_hook_fn hook, void *ctx);

#endif
