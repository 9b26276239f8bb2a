/* gateway/observe/decision.c - the decision log: one JSON line per decision that is logged
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/observe/decision.h"

#include "gateway/observe/lines.h"

#define RING_BYTES (1u << 20) /* a worker's lines until the writer comes: 2,000 or so */

int fl_decision_log_open(const char *path, unsigned workers, struct fl_access_log **ret,
                         struct fl_error *err)
{
	return fl_lines_open(&fl_decision_names, path, workers, RING_BYTES, ret, err);
}

struct fl_access_log *fl_decision_log_ref(struct fl_access_log *log)
{
	return fl_lines_ref(log);
}

struct fl_access_log *fl_decision_log_unref(struct fl_access_log *log)
{
	return fl_access_log_close(log);
}

void fl_decision_log_add(struct fl_access_log *log, unsigned worker,
                         const struct fl_decision_record *record)
{
	fl_lines_add(log, worker, fl_decision_line, record);
}
