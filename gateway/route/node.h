/* gateway/route/node.h - the table from the inside: a trie of path segments per host pattern
 * SPDX-License-Identifier: Apache-2.0
 *
 * "/v1/{id}/x" is the way "v1", param, "x" from the root; "/a/" ends with the empty segment. Every
 * request that reaches a node has the same segments before it, so what is most specific is found by
 * trying, at each node, the literal child, then the param child, then "**". Each node is reached in
 * one way only: a look-up visits no node twice, and only nodes whose template so far matches.
 * Private to this folder.
 */
#ifndef FL_GATEWAY_ROUTE_NODE_H
#define FL_GATEWAY_ROUTE_NODE_H

#include "base/arena.h"
#include "base/map.h"
#include "gateway/route/table.h"

struct fl_route_entry {              /* one route, at the place where its template ends */
	struct fl_route_entry *next; /* fewer header conditions, or as many */
	const void *target;
	struct fl_str name;
	struct fl_position at;
	uint32_t methods;      /* bits 1u << FL_METHOD_* */
	bool has_implied_head; /* GET without HEAD: serves HEAD unless another route lists it */
	const struct fl_route_header_rule *headers;
	size_t headers_n;
	const struct fl_str *params; /* names, in the order of the template */
	size_t params_n;
};

struct fl_route_node {
	struct fl_str only_segment; /* the first literal child, so that most nodes need no hash */
	struct fl_route_node *only;
	struct fl_map literals; /* segment -> node; used from the second child on */
	struct fl_route_node *param;
	struct fl_route_entry *here; /* templates that end at this node */
	struct fl_route_entry *rest; /* templates that end with "**" after it */
};

struct fl_route_host {         /* one host pattern */
	struct fl_str pattern; /* without "*" */
	struct fl_route_node root;
};

struct fl_route_table {
	struct fl_arena arena;
	struct fl_map hosts; /* "api.example.com" and ".example.com" (for "*.") -> fl_route_host */
	struct fl_route_host any;
	bool has_wildcards;
};

/* The literal child, or NULL. */
static inline struct fl_route_node *fl_route_node_literal(const struct fl_route_node *node,
                                                          struct fl_str segment)
{
	if (!node->only)
		return NULL;
	if (fl_str_eq(node->only_segment, segment))
		return node->only;
	return node->literals.count ? fl_map_find(&node->literals, segment) : NULL;
}

#endif
