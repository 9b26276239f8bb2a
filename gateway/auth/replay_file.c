/* gateway/auth/replay_file.c - data_dir/deliveries: what was let in before a restart
 * SPDX-License-Identifier: Apache-2.0
 *
 * A head and records of the same length, in the byte order of the machine. A later record of a hash
 * holds, and one without a time takes it away.
 */
#include "config.h" /* _GNU_SOURCE */

#include "gateway/auth/replay_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/thread.h"

#define NAME "deliveries"
#define PERIOD_S 1

struct record {
	struct fl_replay_hash hash;
	uint64_t until_s; /* 0: it may come again */
};

static const char head[sizeof(struct record)] = "fairlead deliveries 1\n";

struct fl_replay_file {
	struct fl_replay *replay;
	char path[PATH_MAX];
	struct fl_buf records; /* to be written */
	int fd;
	size_t size; /* of the file */
	bool is_failing; /* told once */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool is_ending; /* guarded by lock */
};

/* ---- reading ---- */

static void take(struct fl_replay_file *file, struct fl_str bytes, uint64_t now_s)
{
	struct record r;

	for (size_t at = sizeof head; at + sizeof r <= bytes.n; at += sizeof r) {
		memcpy(&r, bytes.p + at, sizeof r);
		if (r.until_s > now_s && r.until_s <= INT64_MAX)
			(void)!fl_replay_enter(file->replay, &r.hash, now_s, r.until_s);
		else
			fl_replay_leave(file->replay, &r.hash);
	}
}

static int load(struct fl_replay_file *file, uint64_t now_s, struct fl_error *err)
{
	struct fl_str bytes;

	if (access(file->path, F_OK) != 0)
		return 0;
	if (fl_file_read(file->path, 2 * (size_t)FL_REPLAY_FILE_MAX, &bytes, err) != 0)
		return -1;
	if (bytes.n >= sizeof head && memcmp(bytes.p, head, sizeof head) == 0)
		take(file, bytes, now_s);
	if (bytes.n < sizeof head || bytes.n % sizeof head != 0 ||
	    memcmp(bytes.p, head, sizeof head) != 0)
		fl_log(FL_LOG_WARN, "deliveries.cut", FL_LOG_C("path", file->path),
		       FL_LOG_C("hint", "copies of webhooks that came before may be let in again"));
	free((void *)(uintptr_t)bytes.p);
	return 0;
}

/* ---- writing ---- */

static void add(void *ctx, const struct fl_replay_hash *hash, uint64_t until_s)
{
	const struct record r = {*hash, until_s};
	struct fl_replay_file *file = ctx;

	fl_buf_add(&file->records, fl_str_n((const char *)&r, sizeof r));
}

/* The file as it would be if all had come now. */
static int write_anew(struct fl_replay_file *file, struct fl_error *err)
{
	fl_buf_clear(&file->records);
	fl_buf_add(&file->records, fl_str_n(head, sizeof head));
	fl_replay_changes(file->replay, true, add, file);
	if (fl_buf_is_overflown(&file->records))
		return fl_error_set(err, "out_of_memory", "no memory to write %s", file->path);
	if (fl_file_replace(file->path, fl_buf_str(&file->records), 0600, err) != 0)
		return -1;
	if (file->fd >= 0)
		(void)close(file->fd);
	file->size = file->records.len;
	fl_buf_clear(&file->records);
	file->fd = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	return file->fd >= 0 ? 0
	                     : fl_error_set(err, "file_unwritable", "cannot open %s: %s",
	                                    file->path, fl_errno_text(errno));
}

static bool write_all(int fd, struct fl_str s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			s = fl_str_n(s.p + n, s.n - (size_t)n);
	}
	return fdatasync(fd) == 0;
}

/* Adds what is new. After a failure the file may end in a part of a record: it is written anew. */
static int write_new(struct fl_replay_file *file, struct fl_error *err)
{
	if (file->is_failing || file->size > FL_REPLAY_FILE_MAX)
		return write_anew(file, err);
	fl_buf_clear(&file->records);
	fl_replay_changes(file->replay, false, add, file);
	if (file->records.len == 0)
		return 0;
	if (fl_buf_is_overflown(&file->records) ||
	    !write_all(file->fd, fl_buf_str(&file->records)))
		return fl_error_set(err, "file_unwritable", "cannot add to %s: %s", file->path,
		                    fl_errno_text(errno));
	file->size += file->records.len;
	return 0;
}

static void save(struct fl_replay_file *file)
{
	struct fl_error err = FL_ERROR_INIT;
	bool was_failing = file->is_failing;

	file->is_failing = write_new(file, &err) != 0;
	if (file->is_failing && !was_failing)
		fl_log(FL_LOG_WARN, "deliveries.unwritable", FL_LOG_ERROR(&err));
}

static void *run(void *arg)
{
	struct fl_replay_file *file = arg;
	struct timespec at;
	bool is_ending;

	do {
		(void)clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec += PERIOD_S;
		(void)pthread_mutex_lock(&file->lock);
		while (!file->is_ending &&
		       pthread_cond_timedwait(&file->ended, &file->lock, &at) == 0)
			continue;
		is_ending = file->is_ending;
		(void)pthread_mutex_unlock(&file->lock);
		save(file);
	} while (!is_ending);
	return NULL;
}

/* ---- the whole ---- */

static void release(struct fl_replay_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	(void)pthread_cond_destroy(&file->ended);
	(void)pthread_mutex_destroy(&file->lock);
	fl_buf_fini(&file->records);
	free(file);
}

static struct fl_replay_file *make(const char *data_dir, struct fl_replay *replay)
{
	struct fl_replay_file *file = calloc(1, sizeof *file);
	pthread_condattr_t attr;

	if (!file)
		return NULL;
	file->replay = replay;
	file->fd = -1;
	(void)snprintf(file->path, sizeof file->path, "%s/" NAME, data_dir);
	fl_buf_init(&file->records, (size_t)FL_REPLAY_ENTRIES * sizeof(struct record) + sizeof head);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&file->ended, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_mutex_init(&file->lock, NULL);
	return file;
}

int fl_replay_file_open(const char *data_dir, struct fl_replay *replay,
                        struct fl_replay_file **ret, struct fl_error *err)
{
	struct fl_replay_file *file = make(data_dir, replay);

	if (!file)
		return fl_error_set(err, "out_of_memory", "no memory for the ids of deliveries");
	if (load(file, fl_clock_wall_ns() / FL_NS_PER_SEC, err) != 0 ||
	    write_anew(file, err) != 0) {
		release(file);
		return -1;
	}
	if (fl_thread_create(&file->thread, "deliveries", run, file) != 0) {
		release(file);
		return fl_error_set(err, "out_of_memory", "cannot start a thread");
	}
	*ret = file;
	return 0;
}

struct fl_replay_file *fl_replay_file_close(struct fl_replay_file *file)
{
	if (!file)
		return NULL;
	(void)pthread_mutex_lock(&file->lock);
	file->is_ending = true;
	(void)pthread_cond_signal(&file->ended);
	(void)pthread_mutex_unlock(&file->lock);
	(void)pthread_join(file->thread, NULL);
	release(file);
	return NULL;
}
