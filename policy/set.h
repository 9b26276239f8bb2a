/* policy/set.h - the inside of a policy set
 * SPDX-License-Identifier: Apache-2.0
 *
 * For set.c, index.c and authorize.c; programs see policy/cedar.h.
 */
#ifndef FL_POLICY_SET_H
#define FL_POLICY_SET_H

#include "base/map.h"
#include "policy/index.h"

struct fl_cedar_set {
	struct fl_arena arena;
	struct fl_cedar_limits limits;
	struct fl_cedar_policy **policies; /* and templates */
	size_t n_policies;
	struct fl_cedar_row **rows;
	size_t n_rows;
	struct fl_cedar_index index;
	bool is_finished;
	/* Until it is finished: both lists above while they grow, and who has which id. */
	struct fl_arena building;
	struct fl_map ids; /* id: struct entry */
};

#endif
