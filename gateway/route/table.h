/* gateway/route/table.h - which route does a request belong to
 * SPDX-License-Identifier: Apache-2.0
 *
 * Immutable once built; read by any thread. Paths are canonical (gateway/pipeline decides what that
 * is) and matched by bytes. A template is literal segments, "{name}" (one segment, not empty) and,
 * as last segment, "**" (the rest, may be empty: "/a" + "/" + "**" also matches "/a"). Cost does not grow
 * with the number of routes.
 *
 * Order when several match, most specific first: exact host, "*.suffix" host (longest), no host;
 * then at the first differing segment literal before "{name}" before "**"; then methods; then the
 * route with more header conditions. Two routes that this order cannot tell apart for some request
 * are ambiguous: an error that names both.
 */
#ifndef FL_GATEWAY_ROUTE_TABLE_H
#define FL_GATEWAY_ROUTE_TABLE_H

#include "base/error.h"
#include "base/str.h"

#define FL_ROUTE_PARAMS_MAX 16u
#define FL_ROUTE_HEADERS_MAX 8u

enum fl_method {
	FL_METHOD_GET, FL_METHOD_HEAD, FL_METHOD_POST, FL_METHOD_PUT, FL_METHOD_PATCH,
	FL_METHOD_DELETE, FL_METHOD_OPTIONS, FL_METHOD_N,
};
#define FL_METHODS_ALL ((1u << FL_METHOD_N) - 1u)
/* The method by its exact name, or FL_METHOD_N. */
enum fl_method fl_method_parse(struct fl_str name);
const char *fl_method_name(enum fl_method method);

struct fl_route_header_rule {
	struct fl_str name; /* lower case */
	struct fl_str value; /* exact; empty with is_present */
	bool is_present; /* any value will do */
};

struct fl_route_rule { /* all borrowed during build only */
	struct fl_str name;
	struct fl_position at; /* for problems */
	struct fl_str host; /* "", "api.example.com", "*.example.com"; lower case, no port */
	struct fl_str path;
	uint32_t methods; /* bits 1u << FL_METHOD_*; GET includes HEAD unless listed apart */
	const struct fl_route_header_rule *headers;
	size_t headers_n;
	const void *target; /* what a match returns; borrowed for the life of the table */
};

struct fl_route_table;

/* Problems: route_path_invalid, route_ambiguous, route_param_repeated, route_host_invalid, ... each
 * with the rule's position. NULL when there was an error. [control] */
struct fl_route_table *fl_route_table_build(const struct fl_route_rule *rules, size_t n,
					    struct fl_problems *problems);
struct fl_route_table *fl_route_table_destroy(struct fl_route_table *table);

/* How the table reads a request's header (first value); returns false when absent. */
typedef bool (*fl_route_header_fn)(const void *ctx, struct fl_str lower_name, struct fl_str *ret);

struct fl_route_query {
	enum fl_method method;
	struct fl_str host; /* lower case, without port */
	struct fl_str path; /* canonical, begins with "/" */
	fl_route_header_fn header;
	const void *ctx;
};

struct fl_route_param {
	struct fl_str name, value; /* value: as in the path, still percent-encoded; "**" for the rest */
};

struct fl_route_match {
	const void *target; /* NULL unless FL_ROUTE_FOUND */
	uint32_t allowed_methods; /* for FL_ROUTE_METHOD: the Allow field */
	size_t params_n;
	struct fl_route_param params[FL_ROUTE_PARAMS_MAX];
};

enum { FL_ROUTE_FOUND = 0, FL_ROUTE_NONE = 1, FL_ROUTE_METHOD = 2 };
/* One of the above. No allocation, no lock. [any] */
int fl_route_table_find(const struct fl_route_table *table, const struct fl_route_query *query,
			struct fl_route_match *ret);

#endif
