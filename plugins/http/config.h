/* plugins/http/config.h - what the http connector is told to do
 * SPDX-License-Identifier: Apache-2.0
 *
 * Read once in create(), immutable afterwards, so requests of many threads may look at it. All
 * strings live in the instance's own memory.
 */
#ifndef FL_PLUGINS_HTTP_CONFIG_H
#define FL_PLUGINS_HTTP_CONFIG_H

#include <fairlead/sdk/config.h>

#define HTTP_TARGETS_MAX 16u
#define HTTP_WEIGHT_MAX 100u
#define HTTP_EDITS_MAX 32u /* of each kind: set, remove */
#define HTTP_PIECES_MAX 32u
#define HTTP_DROPS_MAX 96u

/* Field names that are not copied. `mask` has a bit for each, so most names need one test. */
struct http_drops {
	uint64_t mask;
	size_t n;
	fairlead_str names[HTTP_DROPS_MAX];
};

struct http_edit {
	size_t set_n;
	fairlead_kv set[HTTP_EDITS_MAX]; /* names in lower case */
	struct http_drops drops;         /* framing and hop-by-hop fields, removed and set ones */
};

struct http_piece { /* of a path template */
	fairlead_str text;
	size_t is_param;
};

struct http_target {
	fairlead_str url; /* scheme, authority, path without its last "/" */
	uint32_t weight, reserved0;
};

/* Fields of the request that the connector writes itself unless the configuration sets or removes
 * them. */
enum http_own {
	HTTP_OWN_HOST,
	HTTP_OWN_FORWARDED_FOR,
	HTTP_OWN_FORWARDED_PROTO,
	HTTP_OWN_FORWARDED_HOST,
	HTTP_OWN_TRACEPARENT,
	HTTP_OWN_COUNT,
};

extern const char *const http_own_names[HTTP_OWN_COUNT];

struct http_config {
	size_t targets_n, order_n, pieces_n;
	struct http_target targets[HTTP_TARGETS_MAX];
	uint8_t order[HTTP_TARGETS_MAX * HTTP_WEIGHT_MAX]; /* targets, interleaved by weight */
	fairlead_str strip_prefix, prefix;
	struct http_piece
	    pieces[HTTP_PIECES_MAX]; /* "path"; when there are any, it replaces both */
	struct http_edit request, response;
	int is_own[HTTP_OWN_COUNT];
	int pass_host;
	uint32_t timeout_ms; /* 0: what is left of the request's deadline */
};

/* Reads `json` into *config. `memory` (json.n bytes) keeps its strings. 1, or 0 with c->why. */
int http_config_read(struct http_config *config, fairlead_str json, char *memory, sdk_config *c);
/* Is `name` (lower case) not to be copied? */
static inline int http_drops_has(const struct http_drops *d, fairlead_str name)
{
	if (name.n == 0 || (d->mask >> ((name.n * 7u + (unsigned char)name.p[0]) & 63u) & 1u) == 0)
		return 0;
	for (size_t i = 0; i < d->n; i++)
		if (sdk_str_eq(d->names[i], name))
			return 1;
	return 0;
}

#endif
