/* gateway/observe/lines.h - private: what the access log and the decision log have in common
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_OBSERVE_LINES_H
#define FL_GATEWAY_OBSERVE_LINES_H

#include "gateway/observe/line.h"
#include "gateway/observe/sink.h"

/* As fl_access_log_open(), with the names of the log. */
FL_MUST_USE int fl_lines_open(const struct fl_access_names *names, const char *path,
                              unsigned workers, size_t ring_bytes, struct fl_access_log **ret,
                              struct fl_error *err);
/* One more fl_access_log_close() is due. Accepts NULL. [any] */
struct fl_access_log *fl_lines_ref(struct fl_access_log *log);
/* [loop of that worker] */
void fl_lines_add(struct fl_access_log *log, unsigned worker, fl_access_line_fn format,
                  const void *record);

#endif
