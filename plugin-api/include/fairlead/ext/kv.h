/* fairlead/ext/kv.h - fairlead.kv/1: small state that outlives generations
 * SPDX-License-Identifier: Apache-2.0
 *
 * One namespace per connector id, shared by its instances and generations. Keys up to 512 bytes,
 * values up to 64 KiB (beyond: FAIRLEAD_E_INVAL); in all what the operator grants, 1 MiB unless it
 * says otherwise. In memory for now: it survives reloads, not a restart of the gateway.
 */
#ifndef FAIRLEAD_EXT_KV_H
#define FAIRLEAD_EXT_KV_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FAIRLEAD_EXT_KV "fairlead.kv/1"

/* Payload of FAIRLEAD_EVENT_KV; status FAIRLEAD_OK, or FAIRLEAD_E_NOT_FOUND, FAIRLEAD_E_CONFLICT
 * (then version and value are the present ones) or FAIRLEAD_E_TOO_LARGE (quota). */
typedef struct fairlead_kv_result {
	uint32_t struct_size;
	uint32_t reserved0;
	uint64_t version; /* of the entry; rises with every change; 0: absent */
	fairlead_str value; /* of get, and on conflict; borrowed for the call of on_event() */
} fairlead_kv_result;

typedef struct fairlead_kv_store {
	uint32_t struct_size;
	uint32_t reserved0;
	/* Each: FAIRLEAD_PENDING and *ret_op, then one FAIRLEAD_EVENT_KV. < 0: no event.
	 * [any & starting, running or quiescing] */
	fairlead_status(FAIRLEAD_CALL *get)(fairlead_id self, fairlead_id req, fairlead_str key,
					    fairlead_id *ret_op);
	/* ttl_ns 0: until removed. */
	fairlead_status(FAIRLEAD_CALL *put)(fairlead_id self, fairlead_id req, fairlead_str key,
					    fairlead_str value, uint64_t ttl_ns, fairlead_id *ret_op);
	/* Puts only if the entry's version is `version` (0: only if it is absent). */
	fairlead_status(FAIRLEAD_CALL *cas)(fairlead_id self, fairlead_id req, fairlead_str key,
					    uint64_t version, fairlead_str value, uint64_t ttl_ns,
					    fairlead_id *ret_op);
	fairlead_status(FAIRLEAD_CALL *remove)(fairlead_id self, fairlead_id req, fairlead_str key,
					       fairlead_id *ret_op);
} fairlead_kv_store;

#ifdef __cplusplus
}
#endif
#endif
