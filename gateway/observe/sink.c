/* gateway/observe/sink.c - the file that a log goes to
 * SPDX-License-Identifier: Apache-2.0
 *
 * A pipe whose reader is stuck must not keep the gateway from stopping. Standard output may be
 * shared with other programs, so it cannot be made non-blocking; but a pipe that poll() calls
 * writable takes PIPE_BUF bytes without blocking.
 */
#include "gateway/observe/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define LOOK_MS 100     /* how often a wait for a slow reader asks whether to give up */
#define PIECES_MAX 1024 /* IOV_MAX of Linux */

const struct fl_access_names fl_access_names = {
    "access log", "access_log_open", "access_log.reopen_failed", "access_log.write_failed",
    "access_log.write_works_again"};
const struct fl_access_names fl_decision_names = {
    "decision log", "decision_log_open", "decision_log.reopen_failed", "decision_log.write_failed",
    "decision_log.write_works_again"};

static int open_path(const char *path)
{
	/* Non-blocking, so that a pipe without a reader is an error instead of a hang. */
	int fd =
	    open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

	return fd < 0 ? -errno : fd;
}

static void use(struct fl_access_sink *sink, int fd)
{
	struct stat st;

	sink->fd = fd;
	sink->is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (!sink->is_file || st.st_size == 0)
		sink->is_mid_line = false;
}

int fl_access_sink_open(struct fl_access_sink *sink, const struct fl_access_names *names,
                        const char *path, struct fl_error *err)
{
	*sink = (struct fl_access_sink){.names = names, .fd = -1};
	if (strcmp(path, "stdout") == 0) {
		use(sink, STDOUT_FILENO);
		return 0;
	}
	int fd = open_path(path);

	if (fd < 0) {
		(void)fl_error_set(err, names->open_failed, "cannot open the %s %s: %s",
		                   names->what, path, fl_errno_text(-fd));
		fl_error_hint(err, "name a file in a folder that this user may write to, or "
		                   "\"stdout\" or \"off\"");
		return fd;
	}
	use(sink, fd);
	sink->path = strdup(path);
	if (sink->path)
		return 0;
	fl_access_sink_close(sink);
	return -ENOMEM;
}

void fl_access_sink_close(struct fl_access_sink *sink)
{
	if (sink->fd >= 0 && sink->fd != STDOUT_FILENO)
		(void)close(sink->fd);
	free(sink->path);
	*sink = (struct fl_access_sink){.fd = -1};
}

void fl_access_sink_reopen(struct fl_access_sink *sink)
{
	if (sink->path == NULL)
		return;
	int fd = open_path(sink->path);

	if (fd < 0) {
		fl_log(FL_LOG_ERROR_LEVEL, sink->names->reopen_failed, FL_LOG_C("path", sink->path),
		       FL_LOG_C("error", fl_errno_text(-fd)),
		       FL_LOG_C("hint", "lines go on into the file that is open already"));
		return;
	}
	(void)close(sink->fd);
	use(sink, fd);
}

static uint64_t count_lines(const struct iovec *pieces, int n)
{
	uint64_t lines = 0;

	for (int i = 0; i < n; i++) {
		const char *at = pieces[i].iov_base, *end = at + pieces[i].iov_len;

		while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
			lines++;
			at++;
		}
	}
	return lines;
}

static void tell(struct fl_access_sink *sink, int rc, uint64_t lost)
{
	const char *path = sink->path ? sink->path : "stdout";

	if (rc < 0 && !sink->is_failing)
		fl_log(FL_LOG_ERROR_LEVEL, sink->names->write_failed, FL_LOG_C("path", path),
		       FL_LOG_C("error", fl_errno_text(-rc)), FL_LOG_U64("lines_lost", lost),
		       FL_LOG_C("hint", "requests are served; lines are dropped and counted until "
		                        "writing works again"));
	if (rc == 0 && sink->is_failing)
		fl_log(FL_LOG_INFO, sink->names->write_works, FL_LOG_C("path", path));
	sink->is_failing = rc < 0;
}

/* Waits until a pipe or terminal takes something. */
static int wait_writable(const struct fl_access_sink *sink, fl_access_give_up_fn give_up, void *ctx)
{
	struct pollfd fd = {.fd = sink->fd, .events = POLLOUT};

	while (poll(&fd, 1, LOOK_MS) <= 0)
		if (give_up(ctx))
			return -ETIMEDOUT;
	return 0;
}

static ssize_t write_some(const struct fl_access_sink *sink, const struct iovec *pieces, int n,
                          fl_access_give_up_fn give_up, void *ctx)
{
	if (sink->is_file)
		return writev(sink->fd, pieces, n < PIECES_MAX ? n : PIECES_MAX);
	size_t bytes = pieces[0].iov_len < PIPE_BUF ? pieces[0].iov_len : PIPE_BUF;
	int r = wait_writable(sink, give_up, ctx);

	if (r < 0) {
		errno = -r;
		return -1;
	}
	return write(sink->fd, pieces[0].iov_base, bytes);
}

static int write_all(struct fl_access_sink *sink, struct iovec **pieces, int *n,
                     fl_access_give_up_fn give_up, void *ctx)
{
	while (*n > 0) {
		ssize_t done = write_some(sink, *pieces, *n, give_up, ctx);

		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		for (size_t left = (size_t)done; left > 0;) {
			struct iovec *piece = *pieces;
			size_t part = left < piece->iov_len ? left : piece->iov_len;

			piece->iov_base = (char *)piece->iov_base + part;
			piece->iov_len -= part;
			left -= part;
			sink->is_mid_line = ((char *)piece->iov_base)[-1] != '\n';
			if (piece->iov_len == 0) {
				++*pieces;
				--*n;
			}
		}
	}
	return 0;
}

uint64_t fl_access_sink_write(struct fl_access_sink *sink, struct iovec *pieces, int n,
                              fl_access_give_up_fn give_up, void *ctx)
{
	struct iovec feed = {(char[]){'\n'}, 1}, *at = &feed;
	int one = 1, rc = 0;

	if (sink->is_mid_line) /* a write failed in the middle of a line: end it */
		rc = write_all(sink, &at, &one, give_up, ctx);
	if (rc == 0)
		rc = write_all(sink, &pieces, &n, give_up, ctx);
	uint64_t lost = count_lines(pieces, n);

	tell(sink, rc, lost);
	return lost;
}
