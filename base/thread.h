/* base/thread.h - starting a thread
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_BASE_THREAD_H
#define FL_BASE_THREAD_H

#include <pthread.h>

#include "base/macros.h"

typedef void *(*fl_thread_fn)(void *arg);

/* Starts a thread that gets no signals (they are for the main thread) and has a name in ps and
 * debuggers, of which the first 15 bytes count. 0 or -errno. */
FL_MUST_USE int fl_thread_create(pthread_t *ret, const char *name, fl_thread_fn run, void *arg);

#endif
