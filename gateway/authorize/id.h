/* gateway/authorize/id.h - what a policy is called
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_AUTHORIZE_ID_H
#define FL_GATEWAY_AUTHORIZE_ID_H

#include "policy/cedar.h"

#define FL_POLICY_ID_MAX 128u /* bytes */

/* One line, not too long, and not what policies without an id are called ("policy7"). */
bool fl_policy_id_is_good(struct fl_str id);
/* Calls each policy of a set that is not finished as its @id says; one without stays "policyN".
 * False: an id is there twice, or cannot be one, which is told; or out of memory, which is not. */
bool fl_policy_ids_use(struct fl_cedar_set *set, struct fl_problems *problems);

#endif
