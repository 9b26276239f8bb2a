/* fairlead/ext/timer.h - fairlead.timer/1: one-shot timers
 * SPDX-License-Identifier: Apache-2.0
 *
 * At most 1,024 live timers an instance (configurable). All are cancelled at quiesce().
 */
#ifndef FAIRLEAD_EXT_TIMER_H
#define FAIRLEAD_EXT_TIMER_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FAIRLEAD_EXT_TIMER "fairlead.timer/1"

typedef struct fairlead_timer {
	uint32_t struct_size;
	uint32_t reserved0;
	/* FAIRLEAD_PENDING and *ret_op: one FAIRLEAD_EVENT_TIMER comes at or after `delay_ns` from
	 * now (status FAIRLEAD_OK), or at cancellation (FAIRLEAD_E_CANCELLED). < 0: no event.
	 * [any & starting or running] */
	fairlead_status(FAIRLEAD_CALL *set)(fairlead_id self, fairlead_id req, uint64_t delay_ns,
					    fairlead_id *ret_op);
	/* The one event still comes. FAIRLEAD_E_STALE: it fired or was cancelled.
	 * [any & starting, running or quiescing] */
	fairlead_status(FAIRLEAD_CALL *cancel)(fairlead_id self, fairlead_id op);
	/* The monotonic clock of every deadline_ns in this ABI. [any] */
	uint64_t(FAIRLEAD_CALL *now_ns)(fairlead_id self);
} fairlead_timer;

#ifdef __cplusplus
}
#endif
#endif
