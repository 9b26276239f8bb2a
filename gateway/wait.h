/* gateway/wait.h - what the main thread waits for: signals, and the configuration file's change
 * SPDX-License-Identifier: Apache-2.0
 *
 * Signals are blocked in every thread and read from a descriptor, so nothing runs in a handler. The
 * file is watched through its folder: editors replace a file by renaming, and a mounted Kubernetes
 * ConfigMap by renaming the folder "..data" beside it. What it names by patterns (policies) is watched
 * as a folder, since a new file there counts as well.
 */
#ifndef FL_GATEWAY_WAIT_H
#define FL_GATEWAY_WAIT_H

#include <limits.h>
#include <stdatomic.h>

#include "base/error.h"

enum fl_wait_event {
	FL_WAIT_STOP,    /* SIGTERM or SIGINT; the next one ends the process at once */
	FL_WAIT_HANGUP,  /* SIGHUP */
	FL_WAIT_CHANGED, /* the file was written or replaced, and has been quiet for a moment */
};

struct fl_wait {
	int signal_fd, inotify_fd; /* -1: not watched */
	char name[NAME_MAX + 1];
	int file_watch;              /* of the file's folder */
	_Atomic bool is_any_counted; /* whatever changes in that folder counts */
	uint64_t quiet_at_ns; /* 0: no change is waiting */
};

/* Before the first thread is started: they inherit what is blocked. `path`: the file to watch, or
 * NULL. Errors: watch_failed. */
FL_MUST_USE int fl_wait_open(struct fl_wait *wait, const char *path, struct fl_error *err);
/* From now on whatever changes in the folder of `path` counts as well, but for names that begin with a
 * dot or end with "~". Nothing when no file is watched. Errors: watch_failed. [any] */
FL_MUST_USE int fl_wait_watch_beside(struct fl_wait *wait, const char *path, struct fl_error *err);
/* Blocks. [main thread] */
enum fl_wait_event fl_wait_next(struct fl_wait *wait);
void fl_wait_close(struct fl_wait *wait);

#endif
