/* gateway/observe/access.h - the access log: one JSON line per request, batched, never blocking
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each worker formats its lines into a ring of its own; one writer thread carries them to the file
 * in large writes: when a ring is half full, and else every second while there is something. When a
 * ring is full, or the file cannot be written to, lines are dropped and counted.
 *
 *	{"time":"2026-11-24T11:17:43.123Z","request_id":...,"trace_id":...,"client":...,"method":...,
 *	 "host":...,"path":...,"status":200,"bytes_in":0,"bytes_out":2,"duration_ms":0.125,
 *	 "upstream_ms":0.098,"route":...,"instance":...,"consumer":...,"auth":...,
 *	 "user_agent":...,"decision":...,"error":...,"limit":...,"auth_refused":...}
 *
 * What is empty or 0 is left out, but for time, status, bytes_* and duration_ms. Values are escaped,
 * what is not UTF-8 becomes U+FFFD. Long ones are cut and end in "...": path at 1024 bytes as
 * printed, host and user_agent at 256, others at 128; so a line has at most FL_ACCESS_LINE_MAX.
 */
#ifndef FL_GATEWAY_OBSERVE_ACCESS_H
#define FL_GATEWAY_OBSERVE_ACCESS_H

#include "base/error.h"
#include "base/str.h"

#define FL_ACCESS_LINE_MAX 4096u /* with its line feed */

struct fl_access_log;

struct fl_access_record { /* all borrowed for the call */
	uint64_t wall_ns, duration_ns, upstream_ns; /* upstream_ns 0: none */
	struct fl_str client, method, path, host, user_agent;
	struct fl_str route, instance, consumer, request_id, trace_id;
	uint64_t bytes_in, bytes_out;
	uint32_t status;
	const char *decision; /* of the policies: "allow", "deny", ...; NULL: none was made */
	const char *auth; /* how the caller proved who it is: "api_key"; NULL: it did not */
	const char *auth_refused; /* what was wrong with a proof, in words; or NULL */
	struct fl_str limit; /* that refused; or empty */
	const char *error; /* stable code of the problem, or NULL */
};

/* `path`: a file (made 0640), "stdout" or "off" (then *ret is NULL, which all calls accept). Rings are
 * of `ring_bytes`, rounded up to a power of two of at least 16 KiB. Error: access_log_open. Starts the
 * writer thread. [control] */
FL_MUST_USE int fl_access_log_open(const char *path, unsigned workers, size_t ring_bytes,
				   struct fl_access_log **ret, struct fl_error *err);
/* Writes what is queued, then closes; drops it when that takes over two seconds. Nobody adds any more.
 * [control], blocks */
struct fl_access_log *fl_access_log_close(struct fl_access_log *log);
/* [loop of that worker] no lock, no system call (but a wake-up when the ring is half full). */
void fl_access_log_add(struct fl_access_log *log, unsigned worker, const struct fl_access_record *r);
/* After rotation: what was added before goes to the old file. Opens later, on the writer thread; if
 * that fails the old file stays. [any, also a signal handler] */
void fl_access_log_reopen(struct fl_access_log *log);
/* Lines that are in no file. [any] */
uint64_t fl_access_log_dropped(const struct fl_access_log *log);

#endif
