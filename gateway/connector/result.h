/* gateway/connector/result.h - private: what came out of a call, checked and copied
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pure; all calls [any]. A response is bytes from a connector: nothing of it is believed.
 */
#ifndef FL_GATEWAY_CONNECTOR_RESULT_H
#define FL_GATEWAY_CONNECTOR_RESULT_H

#include "gateway/connector/call.h"

#define FL_RESPONSE_FIELDS_MAX 64u
#define FL_RESPONSE_HEAD_MAX (32u << 10) /* bytes of names and values */
#define FL_DETAIL_MAX 512u
#define FL_RESPONSE_BODY_MAX (16u << 20) /* when the instance sets no limit */

/* Checks `response` and copies it into `arena`. FAIRLEAD_OK; or FAIRLEAD_E_INVAL or
 * FAIRLEAD_E_TOO_LARGE, *ret_what says what is wrong and *ret is the 502 in its place. */
fairlead_status fl_result_from_response(struct fl_arena *arena, const fairlead_response *response,
					size_t max_body, struct fl_call_result *ret,
					const char **ret_what);
/* fail() or a negative return of handle(). */
void fl_result_from_failure(struct fl_arena *arena, fairlead_status status, struct fl_str detail,
			    struct fl_call_result *ret);
/* A 502 for a broken contract; `what` is static. */
void fl_result_broken(struct fl_call_result *ret, fairlead_status status, const char *what);
/* A deep copy. */
void fl_result_copy(struct fl_arena *arena, const struct fl_call_result *from,
		    struct fl_call_result *ret);

#endif
