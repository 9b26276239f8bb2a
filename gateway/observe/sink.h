/* gateway/observe/sink.h - the file that a log goes to
 * SPDX-License-Identifier: Apache-2.0
 *
 * Used by the writer thread only. Says in the operator's log, once, when writing begins to fail and
 * when it works again.
 */
#ifndef FL_GATEWAY_OBSERVE_SINK_H
#define FL_GATEWAY_OBSERVE_SINK_H

#include <stdatomic.h>
#include <sys/uio.h>

#include "base/error.h"
#include "base/str.h"

struct fl_access_names { /* of a log, in what is said of it; all static */
	const char *what, *open_failed, *reopen_failed, *write_failed, *write_works;
};

extern const struct fl_access_names fl_access_names, fl_decision_names;

struct fl_access_sink {
	const struct fl_access_names *names;
	char *path; /* NULL: standard output, which is not ours to close */
	int fd;
	bool is_file; /* else a pipe, terminal or device: may make us wait */
	bool is_failing, is_mid_line;
};

/* Error: names->open_failed. */
FL_MUST_USE int fl_access_sink_open(struct fl_access_sink *sink,
                                    const struct fl_access_names *names, const char *path,
                                    struct fl_error *err);
void fl_access_sink_close(struct fl_access_sink *sink);
/* Opens the path anew; when that fails the old file stays. */
void fl_access_sink_reopen(struct fl_access_sink *sink);
/* Writes all pieces (which it uses up), waiting for a slow reader until `give_up` says no more.
 * Returns how many lines could not be written. */
typedef bool (*fl_access_give_up_fn)(void *ctx);
uint64_t fl_access_sink_write(struct fl_access_sink *sink, struct iovec *pieces, int n,
                              fl_access_give_up_fn give_up, void *ctx);

#endif
