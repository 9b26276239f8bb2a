/* gateway/observe/access.c - the access log's writer thread, which the decision log has, too
 * SPDX-License-Identifier: Apache-2.0
 *
 * The writer ticks once a second while there is something to write. When a tick brings nothing it
 * says that it sleeps, looks at the rings once more, and waits without end; a worker publishes its
 * line, then looks whether the writer sleeps. Both in one total order (seq_cst), so at least one
 * sees the other.
 */
#include "gateway/observe/access.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"
#include "gateway/observe/ring.h"
#include "gateway/observe/lines.h"

#define TICK_MS 1000
#define CLOSE_MAX_NS (2 * FL_NS_PER_SEC)
#define RING_MIN_BYTES 16384u
#define RING_MAX_BYTES (1u << 30)

struct fl_access_log {
	/* immutable after open */
	unsigned workers;
	int wake_fd;
	pthread_t writer;
	struct fl_access_ring *rings;
	/* writer */
	struct fl_access_sink sink;
	struct iovec *pieces; /* two a worker */
	size_t *heads;
	/* any */
	_Atomic uint64_t lost;              /* by the writer */
	_Atomic uint64_t close_deadline_ns; /* 0: not closing */
	atomic_bool is_asleep, must_reopen;
	_Atomic unsigned refs;
};

/* Async-signal-safe. */
static void wake(struct fl_access_log *log)
{
	uint64_t one = 1;

	/* Fails only when the counter is full, and then the writer is woken already. */
	if (write(log->wake_fd, &one, sizeof one) < 0)
		return;
}

void fl_lines_add(struct fl_access_log *log, unsigned worker, fl_access_line_fn format,
                  const void *record)
{
	bool is_half_full;

	if (log == NULL)
		return;
	FL_ASSERT(worker < log->workers);
	if (!fl_access_ring_add(&log->rings[worker], format, record, &is_half_full))
		return;
	if (FL_UNLIKELY(is_half_full) ||
	    FL_UNLIKELY(atomic_load_explicit(&log->is_asleep, memory_order_seq_cst) &&
	                atomic_exchange_explicit(&log->is_asleep, false, memory_order_seq_cst)))
		wake(log);
}

void fl_access_log_add(struct fl_access_log *log, unsigned worker, const struct fl_access_record *r)
{
	fl_lines_add(log, worker, fl_access_line, r);
}

void fl_access_log_reopen(struct fl_access_log *log)
{
	if (log == NULL)
		return;
	int saved_errno = errno;

	atomic_store_explicit(&log->must_reopen, true, memory_order_release);
	wake(log);
	errno = saved_errno;
}

uint64_t fl_access_log_dropped(const struct fl_access_log *log)
{
	if (log == NULL)
		return 0;
	uint64_t n = atomic_load_explicit(&log->lost, memory_order_relaxed);

	for (unsigned w = 0; w < log->workers; w++)
		n += atomic_load_explicit(&log->rings[w].dropped, memory_order_relaxed);
	return n;
}

static bool is_late(void *ctx)
{
	struct fl_access_log *log = ctx;
	uint64_t deadline_ns = atomic_load_explicit(&log->close_deadline_ns, memory_order_acquire);

	return deadline_ns != 0 && fl_clock_mono_ns() >= deadline_ns;
}

static bool has_lines(const struct fl_access_log *log)
{
	struct iovec pieces[2];
	size_t head;

	for (unsigned w = 0; w < log->workers; w++)
		if (fl_access_ring_peek(&log->rings[w], pieces, &head) > 0)
			return true;
	return false;
}

/* Carries what is in the rings now to the file; false: there was nothing. */
static bool drain(struct fl_access_log *log)
{
	int n = 0;

	for (unsigned w = 0; w < log->workers; w++)
		n += fl_access_ring_peek(&log->rings[w], log->pieces + n, &log->heads[w]);
	if (n == 0)
		return false;
	uint64_t lost = fl_access_sink_write(&log->sink, log->pieces, n, is_late, log);

	atomic_fetch_add_explicit(&log->lost, lost, memory_order_relaxed);
	for (unsigned w = 0; w < log->workers; w++)
		fl_access_ring_take(&log->rings[w], log->heads[w]);
	return true;
}

static void wait_for_wake(struct fl_access_log *log, int timeout_ms)
{
	struct pollfd fd = {.fd = log->wake_fd, .events = POLLIN};
	uint64_t count;

	if (poll(&fd, 1, timeout_ms) > 0 && read(log->wake_fd, &count, sizeof count) < 0)
		FL_ASSERT(errno == EAGAIN);
}

static void sleep_until_woken(struct fl_access_log *log)
{
	atomic_store_explicit(&log->is_asleep, true, memory_order_seq_cst);
	if (!has_lines(log))
		wait_for_wake(log, -1);
	atomic_store_explicit(&log->is_asleep, false, memory_order_relaxed);
}

static void *run_writer(void *arg)
{
	struct fl_access_log *log = arg;

	for (;;) {
		/* Looked at before the rings: what was added before close() is still written. */
		bool is_closing =
		    atomic_load_explicit(&log->close_deadline_ns, memory_order_acquire) != 0;
		bool must_reopen =
		    atomic_exchange_explicit(&log->must_reopen, false, memory_order_acquire);
		bool was_something = drain(log);

		if (must_reopen)
			fl_access_sink_reopen(&log->sink);
		if (is_closing)
			return NULL;
		if (was_something)
			wait_for_wake(log, TICK_MS);
		else
			sleep_until_woken(log);
	}
}

static struct fl_access_log *release(struct fl_access_log *log)
{
	fl_access_sink_close(&log->sink);
	for (unsigned w = 0; log->rings && w < log->workers; w++)
		fl_access_ring_fini(&log->rings[w]);
	if (log->wake_fd >= 0)
		(void)close(log->wake_fd);
	free(log->rings);
	free(log->pieces);
	free(log->heads);
	free(log);
	return NULL;
}

static int make_rings(struct fl_access_log *log, size_t ring_bytes)
{
	size_t size = RING_MIN_BYTES;

	while (size < ring_bytes && size < RING_MAX_BYTES)
		size *= 2;
	log->rings = aligned_alloc(64, log->workers * sizeof *log->rings);
	log->pieces = calloc(log->workers, 2 * sizeof *log->pieces);
	log->heads = calloc(log->workers, sizeof *log->heads);
	if (!log->rings || !log->pieces || !log->heads)
		return -ENOMEM;
	memset(log->rings, 0, log->workers * sizeof *log->rings);
	for (unsigned w = 0; w < log->workers; w++)
		if (fl_access_ring_init(&log->rings[w], size) < 0)
			return -ENOMEM;
	log->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return log->wake_fd < 0 ? -errno : 0;
}

int fl_lines_open(const struct fl_access_names *names, const char *path, unsigned workers,
                  size_t ring_bytes, struct fl_access_log **ret, struct fl_error *err)
{
	FL_ASSERT(workers > 0);
	if (strcmp(path, "off") == 0) {
		*ret = NULL;
		return 0;
	}
	struct fl_access_log *log = calloc(1, sizeof *log);

	if (log == NULL)
		return fl_error_set(err, names->open_failed, "out of memory");
	atomic_init(&log->refs, 1);
	log->workers = workers;
	log->wake_fd = -1;
	int r = fl_access_sink_open(&log->sink, names, path, err);

	if (r == 0)
		r = make_rings(log, ring_bytes);
	if (r == 0)
		/* Without signals, so a pipe that breaks is an error here, not a SIGPIPE. */
		r = fl_thread_create(&log->writer, "fl-access-log", run_writer, log);
	if (r < 0) {
		(void)fl_error_set(err, names->open_failed, "cannot start the %s: %s", names->what,
		                   fl_errno_text(-r));
		(void)release(log);
		return r;
	}
	*ret = log;
	return 0;
}

int fl_access_log_open(const char *path, unsigned workers, size_t ring_bytes,
                       struct fl_access_log **ret, struct fl_error *err)
{
	return fl_lines_open(&fl_access_names, path, workers, ring_bytes, ret, err);
}

struct fl_access_log *fl_lines_ref(struct fl_access_log *log)
{
	if (log != NULL)
		atomic_fetch_add_explicit(&log->refs, 1, memory_order_relaxed);
	return log;
}

struct fl_access_log *fl_access_log_close(struct fl_access_log *log)
{
	if (log == NULL || atomic_fetch_sub_explicit(&log->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	atomic_store_explicit(&log->close_deadline_ns, fl_clock_mono_ns() + CLOSE_MAX_NS,
	                      memory_order_release);
	wake(log);
	(void)pthread_join(log->writer, NULL);
	return release(log);
}
