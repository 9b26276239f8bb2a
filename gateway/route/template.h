/* gateway/route/template.h - path templates and host patterns, taken apart and checked
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to this folder. [any]
 */
#ifndef FL_GATEWAY_ROUTE_TEMPLATE_H
#define FL_GATEWAY_ROUTE_TEMPLATE_H

#include "gateway/route/table.h"

#define FL_ROUTE_TEMPLATE_MAX 2048u /* bytes; a request's path may be longer, by "**" */
#define FL_ROUTE_SEGMENTS_MAX 64u
#define FL_ROUTE_HOST_MAX 253u /* RFC 1035 section 2.3.4 */

struct fl_route_segment {
	enum { FL_SEGMENT_LITERAL, FL_SEGMENT_PARAM, FL_SEGMENT_REST } kind;
	struct fl_str text; /* of a param: its name; of the rest: "**" */
};

struct fl_route_template {
	struct fl_route_segment segments[FL_ROUTE_SEGMENTS_MAX];
	size_t n, params_n;
};

/* Slices of `path`. False, with a problem at the rule, when it is not a template. */
bool fl_route_template_parse(const struct fl_route_rule *rule, struct fl_problems *problems,
                             struct fl_route_template *ret);
/* "", a host name, "*." and a host name, or an IPv6 address in brackets. */
bool fl_route_host_check(const struct fl_route_rule *rule, struct fl_problems *problems);
bool fl_route_headers_check(const struct fl_route_rule *rule, struct fl_problems *problems);
/* A problem at the rule, under /routes/NAME/match/FIELD. */
struct fl_problem *fl_route_problem(const struct fl_route_rule *rule, struct fl_problems *problems,
                                    const char *code, const char *field, const char *fmt, ...)
    FL_PRINTF(5, 6);

#endif
