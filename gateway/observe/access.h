/* gateway/observe/access.h - the access log: one JSON line per request, batched, never blocking
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each worker formats its lines into a ring of its own; one writer thread carries them to the file
 * in large writes. When a ring is full the line is dropped and counted. SIGHUP reopens the file.
 */
#ifndef FL_GATEWAY_OBSERVE_ACCESS_H
#define FL_GATEWAY_OBSERVE_ACCESS_H

#include "base/error.h"
#include "base/str.h"

struct fl_access_log;

struct fl_access_record { /* all borrowed for the call */
	uint64_t wall_ns, duration_ns, upstream_ns; /* upstream_ns 0: none */
	struct fl_str client, method, path, host, user_agent;
	struct fl_str route, instance, consumer, request_id, trace_id;
	uint64_t bytes_in, bytes_out;
	uint32_t status;
	const char *error; /* stable code of the problem, or NULL */
};

/* `path`: a file, "stdout" or "off" (then *ret is NULL, which all calls accept). */
FL_MUST_USE int fl_access_log_open(const char *path, unsigned workers, size_t ring_bytes,
				   struct fl_access_log **ret, struct fl_error *err);
/* Writes what is queued, then closes. */
struct fl_access_log *fl_access_log_close(struct fl_access_log *log);
/* [loop of that worker] no lock, no system call (but a wake-up when the ring is half full). */
void fl_access_log_add(struct fl_access_log *log, unsigned worker, const struct fl_access_record *r);
/* After rotation. [any] */
void fl_access_log_reopen(struct fl_access_log *log);
uint64_t fl_access_log_dropped(const struct fl_access_log *log);

#endif
