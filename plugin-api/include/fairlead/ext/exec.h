/* fairlead/ext/exec.h - fairlead.exec/1: blocking work on threads that the host owns
 * SPDX-License-Identifier: Apache-2.0
 *
 * For libraries that block. The pool has permissions.exec_workers threads (manifest, granted by the
 * operator), belongs to the instance's generation and is joined before the connector is unloaded.
 */
#ifndef FAIRLEAD_EXT_EXEC_H
#define FAIRLEAD_EXT_EXEC_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FAIRLEAD_EXT_EXEC "fairlead.exec/1"

typedef struct fairlead_exec {
	uint32_t struct_size;
	uint32_t reserved0;
	/* Queues `work`, a value of the connector's own. FAIRLEAD_PENDING and *ret_op: run(inst,
	 * work) is called on a pool thread, then one FAIRLEAD_EVENT_EXEC with its status.
	 * FAIRLEAD_E_AGAIN: the queue (1,024 by default) is full.
	 * [any & starting, running or quiescing] */
	fairlead_status(FAIRLEAD_CALL *submit)(fairlead_id self, fairlead_id req, uint64_t work,
					       fairlead_id *ret_op);
} fairlead_exec;

#ifdef __cplusplus
}
#endif
#endif
