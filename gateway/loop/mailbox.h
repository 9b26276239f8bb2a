/* gateway/loop/mailbox.h - messages from any thread to one, without a lock
 * SPDX-License-Identifier: Apache-2.0
 *
 * One word: the newest message of a list, empty, or "the receiver sleeps". Posting is one
 * compare-and-swap; whoever posts to a sleeper is told to wake it, and nobody else is.
 */
#ifndef FL_GATEWAY_LOOP_MAILBOX_H
#define FL_GATEWAY_LOOP_MAILBOX_H

#include <stdatomic.h>

#include "gateway/loop/loop.h"

struct fl_mailbox { /* zeroed: empty, receiver awake */
	_Atomic(struct fl_loop_task *) newest;
};

/* [any] True: the receiver sleeps; wake it. */
FL_MUST_USE bool fl_mailbox_post(struct fl_mailbox *box, struct fl_loop_task *task);
/* [receiver] Call before sleeping. False: there is mail, do not sleep. */
FL_MUST_USE bool fl_mailbox_sleep(struct fl_mailbox *box);
/* [receiver] Call after sleeping: nobody needs to wake it any more. */
void fl_mailbox_wake(struct fl_mailbox *box);
/* [receiver, awake] Everything that came, oldest first, linked by `next`. */
struct fl_loop_task *fl_mailbox_take(struct fl_mailbox *box);

#endif
