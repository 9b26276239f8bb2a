/* gateway/wait.c - what the main thread waits for: signals, and the configuration file's change
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE */

#include "gateway/wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"

/* An editor writes in several steps; the last one counts. */
#define QUIET_NS (50 * FL_NS_PER_MS)

static void exit_now(int number)
{
	_exit(128 + number);
}

/* From now on the signals that stop end the process: somebody does not want to wait. */
static void stop_at_once_next_time(void)
{
	struct sigaction action = {.sa_handler = exit_now};
	sigset_t set;

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int open_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void folder_of(const char *path, char ret[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(ret, PATH_MAX, "%.*s",
	               slash == NULL   ? 1
	               : slash == path ? 1
	                               : (int)(slash - path),
	               slash == NULL ? "." : path);
}

static int watch(struct fl_wait *wait, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	folder_of(path, folder);
	(void)snprintf(wait->name, sizeof wait->name, "%s", slash == NULL ? path : slash + 1);
	wait->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (wait->inotify_fd < 0)
		return -1;
	wait->file_watch =
	    inotify_add_watch(wait->inotify_fd, folder, IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
	return wait->file_watch;
}

int fl_wait_watch_beside(struct fl_wait *wait, const char *path, struct fl_error *err)
{
	char folder[PATH_MAX];
	int added;

	if (wait->inotify_fd < 0)
		return 0;
	folder_of(path, folder);
	added = inotify_add_watch(wait->inotify_fd, folder,
	                          IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
	                              IN_ONLYDIR | IN_MASK_ADD);
	if (added < 0) {
		(void)fl_error_set(err, "watch_failed", "cannot watch %s: %s", folder,
		                   fl_errno_text(errno));
		fl_error_hint(err, "reload with SIGHUP when a file there changes, or raise "
		                   "fs.inotify.max_user_watches");
		return -1;
	}
	if (added == wait->file_watch)
		atomic_store(&wait->is_any_counted, true);
	return 0;
}

int fl_wait_open(struct fl_wait *wait, const char *path, struct fl_error *err)
{
	*wait = (struct fl_wait){.signal_fd = open_signals(), .inotify_fd = -1};
	if (wait->signal_fd < 0)
		return fl_error_set(err, "watch_failed", "cannot wait for signals: %s",
		                    fl_errno_text(errno));
	if (path == NULL || watch(wait, path) >= 0)
		return 0;
	(void)fl_error_set(err, "watch_failed", "cannot watch the folder of %s: %s", path,
	                   fl_errno_text(errno));
	fl_error_hint(err, "run without --watch and reload with SIGHUP, or raise "
	                   "fs.inotify.max_user_instances");
	fl_wait_close(wait);
	return -1;
}

void fl_wait_close(struct fl_wait *wait)
{
	if (wait->signal_fd >= 0)
		(void)close(wait->signal_fd);
	if (wait->inotify_fd >= 0)
		(void)close(wait->inotify_fd);
	wait->signal_fd = wait->inotify_fd = -1;
}

static bool concerns_us(const struct fl_wait *wait, const struct inotify_event *event)
{
	if ((event->mask & IN_Q_OVERFLOW) != 0)
		return true;
	if (event->len == 0)
		return false;
	if (strcmp(event->name, wait->name) == 0 || strcmp(event->name, "..data") == 0)
		return true;
	if (event->wd == wait->file_watch && !atomic_load(&wait->is_any_counted))
		return false;
	return event->name[0] != '.' && event->name[strlen(event->name) - 1] != '~';
}

static void read_changes(struct fl_wait *wait)
{
	union {
		struct inotify_event align;
		char bytes[4096];
	} buffer;
	ssize_t n;

	while ((n = read(wait->inotify_fd, buffer.bytes, sizeof buffer.bytes)) > 0) {
		for (size_t at = 0; at < (size_t)n;) {
			const struct inotify_event *event = (const void *)(buffer.bytes + at);

			if (concerns_us(wait, event))
				wait->quiet_at_ns = fl_clock_mono_ns() + QUIET_NS;
			at += sizeof *event + event->len;
		}
	}
}

static int ms_until(uint64_t at_ns)
{
	uint64_t now = fl_clock_mono_ns();

	return at_ns <= now ? 0 : (int)((at_ns - now + FL_NS_PER_MS - 1) / FL_NS_PER_MS);
}

enum fl_wait_event fl_wait_next(struct fl_wait *wait)
{
	struct pollfd fds[] = {{wait->signal_fd, POLLIN, 0}, {wait->inotify_fd, POLLIN, 0}};
	struct signalfd_siginfo signal;

	for (;;) {
		int n = poll(fds, 2, wait->quiet_at_ns == 0 ? -1 : ms_until(wait->quiet_at_ns));

		if (n > 0 && (fds[1].revents & POLLIN) != 0)
			read_changes(wait);
		if (n > 0 && (fds[0].revents & POLLIN) != 0 &&
		    read(wait->signal_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
			if (signal.ssi_signo == SIGHUP)
				return FL_WAIT_HANGUP;
			stop_at_once_next_time();
			return FL_WAIT_STOP;
		}
		if (wait->quiet_at_ns != 0 && fl_clock_mono_ns() >= wait->quiet_at_ns) {
			wait->quiet_at_ns = 0;
			return FL_WAIT_CHANGED;
		}
	}
}
