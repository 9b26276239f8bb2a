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

#define FL_ROUTE_ALIGN 64u /* of nodes and entries: a cache line */

struct fl_route_entry {              /* one route, at the place where its template ends */
	struct fl_route_entry *next; /* fewer header conditions, or as many */
	const void *target;
	const struct fl_route_header_rule *headers;
	const struct fl_str *params; /* names, in the order of the template */
	size_t headers_n, params_n;
	uint32_t methods;      /* bits 1u << FL_METHOD_* */
	bool has_implied_head; /* GET without HEAD: serves HEAD unless another route lists it */
	/* for messages */
	struct fl_str name;
	struct fl_position at;
};

struct fl_route_node {
	struct fl_route_node *only; /* the first literal child, so that most nodes need no hash */
	struct fl_route_node *param;
	struct fl_route_entry *here; /* templates that end at this node */
	struct fl_route_entry *rest; /* templates that end with "**" after it */
	struct fl_map *literals; /* segment -> node; NULL: fewer than two */
	const void *likely;      /* target of a route at or below this node; NULL: of none yet */
	struct fl_str segment; /* that leads here from its parent; its text stands behind the node,
				* since the node is read anyway */
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

/* A template is laid down in one go: its nodes and its entry stand in the lines after the first of
 * its own nodes. Asking for them at once costs the time of one; where it is wrong it costs nothing
 * that counts. */
static inline void fl_route_prefetch(const struct fl_route_node *node)
{
	__builtin_prefetch(node->likely);
	for (size_t line = 1; line < 4; line++)
		__builtin_prefetch((const char *)node + line * FL_ROUTE_ALIGN);
}

/* The literal child, or NULL. */
static inline struct fl_route_node *fl_route_node_literal(const struct fl_route_node *node,
                                                          struct fl_str segment)
{
	if (!node->only)
		return NULL;
	if (fl_str_eq(node->only->segment, segment))
		return node->only;
	if (!node->literals)
		return NULL;
	return fl_map_find(node->literals, segment);
}

#endif
