/* gateway/config/schema.h - the table of keys
 * SPDX-License-Identifier: Apache-2.0
 *
 * One row per key of the configuration. The table drives checking, "did you mean", defaults and
 * where a value is stored, and is what docs/configuration.md, fairlead.conf(5) and the JSON Schema for
 * editors are made from (describe.h). Nothing about a key is said anywhere else.
 */
#ifndef FL_GATEWAY_CONFIG_SCHEMA_H
#define FL_GATEWAY_CONFIG_SCHEMA_H

#include "gateway/config/format.h"
#include "gateway/config/model.h"
#include "gateway/config/tree.h"

enum fl_cfg_type { /* what is stored at `offset` */
	FL_CFG_TYPE_MAP, /* nothing; the rows below it share the struct */
	FL_CFG_TYPE_NAMED, /* struct fl_cfg_items: one struct per entry, `item_bytes` each */
	FL_CFG_TYPE_LISTED, /* the same from a list of maps; the items have no name */
	FL_CFG_TYPE_STRING, /* struct fl_str; min, max: bytes */
	FL_CFG_TYPE_STRINGS, /* struct fl_cfg_strings; min, max: items; items NULL: not given */
	FL_CFG_TYPE_BOOL, /* bool */
	FL_CFG_TYPE_COUNT, /* uint64_t */
	FL_CFG_TYPE_SIZE, /* uint64_t, bytes */
	FL_CFG_TYPE_DURATION, /* uint64_t, nanoseconds */
	FL_CFG_TYPE_RATE, /* struct fl_cfg_rate */
	FL_CFG_TYPE_TIME, /* uint64_t, nanoseconds since 1970 */
	FL_CFG_TYPE_WORDS, /* uint32_t: a list of `words`; bit i: the one at place i */
	FL_CFG_TYPE_NODE, /* struct fl_cfg_node *: a map that others read */
	FL_CFG_TYPE_N,
};

enum { /* flags of a row */
	FL_CFG_IS_NEEDED = 1, /* an error when it is not there */
	FL_CFG_OF_CONNECTOR = 2, /* its map is the connector's: any keys, ${secret:} stays */
	FL_CFG_OF_SECRETS = 4, /* its map holds a string per secret */
	FL_CFG_OF_HEADERS = 8, /* its map holds a string or {present: true} per header */
	FL_CFG_OF_LABELS = 16, /* its map holds a string per label */
	FL_CFG_TAKES_ONE = 32, /* a single text stands for a list of it */
};

struct fl_cfg_key {
	const char *path; /* "routes.*.match.path"; * stands for a name, or for a list's items */
	enum fl_cfg_type type;
	enum fl_cfg_format format; /* of strings and of a list's items; of the names of a map */
	unsigned flags;
	const char *fallback; /* the default, as one would write it; NULL: none */
	const char *fallback_text; /* how documents tell a default that depends; else NULL */
	const char *words; /* "stdout|off": texts that are taken as they are; the only ones if
			    * `only_words`. For COUNT: the word that means 0 */
	bool only_words;
	uint64_t min, max; /* by type; max 0: no limits */
	size_t offset; /* in the struct of its section */
	size_t item_bytes; /* NAMED, LISTED */
	const char *example; /* for keys that are needed, and for documents */
	const char *help; /* one or two sentences */
};

#define FL_CFG_KEYS_MAX 192u
extern const struct fl_cfg_key fl_cfg_keys[];
extern const size_t fl_cfg_keys_n;

/* The rows as a tree: first row below row i is first[i], its next sibling next[]; -1 ends. */
struct fl_cfg_schema {
	int first[FL_CFG_KEYS_MAX], next[FL_CFG_KEYS_MAX];
	int top; /* first of the rows at the top */
};
void fl_cfg_schema_init(struct fl_cfg_schema *s);
/* The last part of a row's path. */
const char *fl_cfg_key_name(const struct fl_cfg_key *key);
bool fl_cfg_key_has_word(const struct fl_cfg_key *key, struct fl_str text);
/* How many words there are, and the place of one; FL_CFG_WORDS_MAX: it is none of them. */
#define FL_CFG_WORDS_MAX 16u
size_t fl_cfg_key_words(const struct fl_cfg_key *key);
size_t fl_cfg_key_word_index(const struct fl_cfg_key *key, struct fl_str text);
/* In the order of enum fl_method. */
#define FL_CFG_METHODS "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS"
#define FL_CFG_METHODS_N 7u
/* In the order of enum fl_cfg_limit_by; the last is written "header:NAME". */
#define FL_CFG_LIMIT_WORDS "consumer|address|route|instance"
/* In the order of the table of gateway/auth/recipe.c. */
#define FL_CFG_RECIPES                                                                             \
	"github|slack|stripe|standard-webhooks|svix|pagerduty|shopify|twilio|linear|sendgrid|"     \
	"discord|generic"
/* In the order of enum fl_jws_algorithm. */
#define FL_CFG_JWT_ALGORITHMS "RS256|RS384|RS512|PS256|ES256|ES384|EdDSA|HS256"
#define FL_CFG_JWT_ALGORITHMS_N 8u
/* In the order of the enums of gateway/auth/recipe.h. */
#define FL_CFG_RECIPE_ALGORITHMS "hmac-sha256|hmac-sha1|ed25519|ecdsa-p256"
#define FL_CFG_RECIPE_ENCODINGS "hex|base64|base64url"
#define FL_CFG_RECIPE_KEYS FL_CFG_RECIPE_ENCODINGS "|text"
#define FL_CFG_RECIPE_SEPARATORS "none|comma|space"

/* ---- where rows store: what check.c fills and compile.c reads ---- */

struct fl_cfg_items {
	void *items; /* structs that begin with struct fl_cfg_item */
	size_t n;
};

struct fl_cfg_item {
	struct fl_str name; /* {NULL,0} in a list */
	struct fl_cfg_node *node;
};

struct fl_cfg_raw_connector {
	struct fl_cfg_item item;
	struct fl_cfg_connector c;
};

struct fl_cfg_raw_instance {
	struct fl_cfg_item item;
	struct fl_cfg_instance i;
	struct fl_str connector;
	struct fl_cfg_node *config; /* NULL: not given */
};

struct fl_cfg_raw_credential {
	struct fl_cfg_item item;
	struct fl_cfg_credential c; /* `hash`: of an API key */
	struct fl_str basic_hash;
};

struct fl_cfg_raw_consumer {
	struct fl_cfg_item item;
	struct fl_cfg_consumer c;
	struct fl_cfg_items credentials;
	struct fl_cfg_node *labels; /* NULL: not given */
};

struct fl_cfg_raw_webhook {
	struct fl_cfg_webhook w;
	struct fl_str consumer;
};

struct fl_cfg_raw_jwt {
	struct fl_cfg_jwt j;
	struct fl_str consumer;
};

/* Side by side, not in a union: the defaults of all kinds are set. */
struct fl_cfg_raw_auth {
	struct fl_cfg_item item;
	struct fl_cfg_raw_webhook webhook;
	struct fl_cfg_basic basic;
	struct fl_cfg_raw_jwt jwt;
};

struct fl_cfg_raw_limit {
	struct fl_cfg_item item;
	struct fl_cfg_limit l;
	struct fl_cfg_strings by;
};

struct fl_cfg_raw_route {
	struct fl_cfg_item item;
	struct fl_cfg_route r;
	struct fl_cfg_strings auth, limits;
	struct fl_str instance, decide_by;
	struct fl_cfg_node *headers; /* NULL: not given */
};

struct fl_cfg_raw_policies {
	struct fl_cfg_policies p; /* but for the files */
	struct fl_cfg_strings include, links, schema, entities;
	struct fl_str on_forbid_error;
};

struct fl_cfg_raw {
	struct fl_str api_version;
	struct fl_cfg_strings include;
	struct fl_cfg_server server;
	struct fl_cfg_node *secrets; /* NULL: not given */
	struct fl_cfg_raw_policies policies;
	struct fl_cfg_items connectors, instances, consumers, auth, limits, routes;
};

/* Checks the tree by the table and fills *raw, defaults included. Values that are not good are noted
 * and left at their default. */
void fl_cfg_check(struct fl_cfg_load *load, struct fl_cfg_node *root, struct fl_cfg_raw *raw);
/* Makes a configuration of it; NULL when there was any error. */
struct fl_config *fl_cfg_compile(struct fl_cfg_load *load, const struct fl_cfg_raw *raw);

/* Canonical JSON: keys sorted by bytes, no blanks. False, and noted, when JSON cannot hold it. */
bool fl_cfg_canon(struct fl_cfg_load *load, const struct fl_cfg_node *node, struct fl_buf *out);
/* The whole as canonical JSON, ${...} as written and secrets never told: for people to read. */
bool fl_cfg_export(struct fl_cfg_load *load, const struct fl_cfg_node *root, struct fl_arena *arena,
		   struct fl_str *ret);
/* BLAKE2b-256, in hex, of the canonical JSON of the whole and of the files of policies; secrets count
 * as they were written. */
bool fl_cfg_digest(struct fl_cfg_load *load, const struct fl_cfg_node *root,
		   const struct fl_cfg_policies *policies, char ret[65]);
/* Reads the files that policies: names into the arena of `config`. */
void fl_cfg_read_policies(struct fl_cfg_load *load, struct fl_config *config);

#endif
