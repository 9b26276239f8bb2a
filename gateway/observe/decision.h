/* gateway/observe/decision.h - the decision log: one JSON line per decision that is logged
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rings, writer and file are those of the access log (access.h): never blocking, dropped and
 * counted when there is no room. The log is shared by the snapshots that decide; the last one closes
 * it.
 *
 *	{"time":"2026-11-24T11:17:43.123Z","request_id":...,"route":"orders",
 *	 "principal":"Gw::Consumer::\"partner\"","action":...,"resource":...,"decision":"deny",
 *	 "reasons":["suspended"],"errors":[...],"shadow":"deny_to_allow","context":{...}}
 *
 * What is empty is left out. Ids and names are cut at 128 bytes as printed, principal, action and
 * resource at 256; of more than FL_DECISION_IDS_MAX ids the last that is printed is "...".
 */
#ifndef FL_GATEWAY_OBSERVE_DECISION_H
#define FL_GATEWAY_OBSERVE_DECISION_H

#include "gateway/observe/access.h"

#define FL_DECISION_IDS_MAX 5u
#define FL_DECISION_CONTEXT_MAX 900u /* one that is longer is "too long" */

struct fl_decision_record { /* all borrowed for the call */
	uint64_t wall_ns;
	struct fl_str request_id, route;
	struct fl_str principal, action, resource; /* in Cedar's syntax */
	const char *decision;                      /* allow, deny, ...: a word */
	const char *shadow; /* how the shadowed policies differ; NULL: they do not */
	const struct fl_str *reasons, *errors; /* ids of policies */
	size_t reasons_n, errors_n;
	struct fl_str context_json; /* an object, on one line; or empty */
};

/* As fl_access_log_open(); error: decision_log_open. It has one reference. [control] */
FL_MUST_USE int fl_decision_log_open(const char *path, unsigned workers, struct fl_access_log **ret,
                                     struct fl_error *err);
/* Accept NULL. [any]; the last fl_decision_log_unref() blocks as fl_access_log_close() */
struct fl_access_log *fl_decision_log_ref(struct fl_access_log *log);
struct fl_access_log *fl_decision_log_unref(struct fl_access_log *log);
/* [loop of that worker] */
void fl_decision_log_add(struct fl_access_log *log, unsigned worker,
                         const struct fl_decision_record *record);

#endif
