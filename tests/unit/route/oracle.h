/* tests/unit/route/oracle.h - the order of table.h, tried out on every rule
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_UNIT_ROUTE_ORACLE_H
#define FL_TESTS_UNIT_ROUTE_ORACLE_H

#include "gateway/route/table.h"

/* The best of the rules that match, or NULL; rules have no header conditions. */
const struct fl_route_rule *oracle_find(const struct fl_route_rule *rules, size_t n,
					const struct fl_route_query *query);
/* Does this rule match, methods aside? */
bool oracle_matches(const struct fl_route_rule *rule, const struct fl_route_query *query);

#endif
