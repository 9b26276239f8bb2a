/* base/thread.c - starting a thread
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for pthread_setname_np() */

#include "base/thread.h"

#include <signal.h>
#include <stdio.h>

int fl_thread_create(pthread_t *ret, const char *name, fl_thread_fn run, void *arg)
{
	char text[16];
	sigset_t all, before;
	int rc;

	/* A thread inherits the mask, so that no signal can come before it sets its own. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(ret, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return -rc;
	(void)snprintf(text, sizeof text, "%s", name);
	(void)pthread_setname_np(*ret, text);
	return 0;
}
