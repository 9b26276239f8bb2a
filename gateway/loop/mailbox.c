/* gateway/loop/mailbox.c - messages from any thread to one, without a lock
 * SPDX-License-Identifier: Apache-2.0
 *
 * The receiver always takes the whole list, so that no message can leave and come back between a
 * poster's look and its swap (the ABA trap of linked stacks), and turns it round once.
 */
#include "gateway/loop/mailbox.h"

static struct fl_loop_task asleep; /* its address is the mark; never a message */

bool fl_mailbox_post(struct fl_mailbox *box, struct fl_loop_task *task)
{
	struct fl_loop_task *newest = atomic_load_explicit(&box->newest, memory_order_relaxed);

	do {
		task->next = newest == &asleep ? NULL : newest;
	} while (!atomic_compare_exchange_weak_explicit(
	    &box->newest, &newest, task, memory_order_release, memory_order_relaxed));
	return newest == &asleep;
}

bool fl_mailbox_sleep(struct fl_mailbox *box)
{
	struct fl_loop_task *empty = NULL;

	return atomic_compare_exchange_strong_explicit(&box->newest, &empty, &asleep,
	                                               memory_order_relaxed, memory_order_relaxed);
}

void fl_mailbox_wake(struct fl_mailbox *box)
{
	struct fl_loop_task *mark = &asleep;

	/* Fails when there is mail: whoever posted it took the mark away. */
	(void)atomic_compare_exchange_strong_explicit(&box->newest, &mark, NULL,
	                                              memory_order_relaxed, memory_order_relaxed);
}

struct fl_loop_task *fl_mailbox_take(struct fl_mailbox *box)
{
	struct fl_loop_task *oldest = NULL;

	if (atomic_load_explicit(&box->newest, memory_order_relaxed) == NULL)
		return NULL;
	struct fl_loop_task *task =
	    atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);

	while (task) {
		struct fl_loop_task *next = task->next;

		task->next = oldest;
		oldest = task;
		task = next;
	}
	return oldest;
}
