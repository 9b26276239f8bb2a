/* gateway/config/model.h - the desired state, typed and checked
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a configuration file or the admin API means after parsing, substitution and validation.
 * Immutable and shared by reference; everything lives in its arena. References between objects are
 * checked (they are indexes into the arrays here). What it takes to serve it - route table, loaded
 * connectors - is built from it by gateway/pipeline/snapshot.h.
 */
#ifndef FL_GATEWAY_CONFIG_MODEL_H
#define FL_GATEWAY_CONFIG_MODEL_H

#include "base/error.h"
#include "base/str.h"

struct fl_cfg_strings {
	const struct fl_str *items;
	size_t n;
};

struct fl_cfg_limits { /* server.limits; every default is in the table of keys (schema.c) */
	uint64_t max_header_bytes, max_headers, max_target_bytes, max_body_bytes;
	uint64_t header_timeout_ns, body_timeout_ns, idle_timeout_ns;
	uint64_t min_body_rate_bytes_per_sec;
	uint64_t max_connections, max_connections_per_address;
	uint64_t auth_failures; /* per minute and address; 0: as many as they like */
	uint64_t drain_timeout_ns;
};

struct fl_cfg_server { /* start-up only */
	struct fl_cfg_strings listen; /* "127.0.0.1:8080", "[::1]:8080" */
	struct fl_cfg_strings admin_listen; /* also "unix:/path" */
	uint64_t admin_max_body_bytes; /* the largest upload */
	struct fl_str data_dir; /* absolute */
	struct fl_cfg_strings connector_dirs; /* where shipped connectors are looked for */
	uint64_t workers; /* 0: one per core */
	struct fl_str access_log; /* path, "stdout", "off" */
	struct fl_cfg_strings trusted_proxies; /* addresses or CIDR */
	struct fl_cfg_limits limits;
};

struct fl_cfg_secret { /* a named secret; the value came from ${env:} or ${file:}; see secret/ */
	struct fl_str name;
	struct fl_str value; /* never printed; wiped with the configuration */
	struct fl_str reference; /* as written, for export; "" when the file holds the value itself */
	struct fl_position at;
};

struct fl_cfg_connector { /* connectors: what may run, and which version is wanted */
	struct fl_str id;
	struct fl_str version; /* "1.2.0", "1.x", "" = newest */
	struct fl_str sha256; /* lower-case hex, or "" */
	struct fl_str file; /* absolute path instead of a look-up, or "" */
	struct fl_position at;
};

struct fl_cfg_grants {
	bool egress_any; /* no list was given: any host, for connectors shipped with fairlead only */
	struct fl_cfg_strings egress; /* "host:port" patterns */
	bool private_addresses; /* may connect to private, loopback, ... addresses */
	struct fl_cfg_strings secrets;
	uint64_t exec_workers, kv_quota_bytes, max_timers;
};

struct fl_cfg_place { /* of a value in an instance's configuration */
	struct fl_str pointer; /* RFC 6901, from there: "", "/rewrite/path" */
	struct fl_position at;
};

struct fl_cfg_instance {
	struct fl_str name, owner;
	size_t connector; /* index into connectors */
	struct fl_str mode; /* "inproc" */
	struct fl_str config_json; /* the connector's own configuration, canonical JSON object */
	const struct fl_cfg_place *places; /* its values, in the order of the file */
	size_t places_n;
	uint64_t timeout_ns, connect_timeout_ns, max_response_bytes, max_concurrent;
	struct fl_cfg_grants grants;
	struct fl_position at;
};

struct fl_cfg_label {
	struct fl_str name, value;
};

struct fl_cfg_credential { /* of a consumer */
	struct fl_str hash; /* of an API key: see gateway/auth/api_key.h; or of "USER:PASSWORD" */
	struct fl_str user; /* of HTTP Basic; "": it is an API key */
	struct fl_str description;
	uint64_t expires_wall_ns; /* since 1970; 0: never */
	struct fl_position at;
};

struct fl_cfg_consumer { /* whoever calls */
	struct fl_str name;
	struct fl_cfg_strings groups;
	struct fl_str tenant, tier; /* "": none */
	bool is_suspended; /* known, and told to policies; nothing else follows */
	const struct fl_cfg_label *labels;
	size_t labels_n;
	const struct fl_cfg_credential *credentials;
	size_t credentials_n;
	struct fl_position at;
};

/* How a caller may prove who it is; bits of fl_cfg_route.auth. All else is a method of `auth`. */
enum fl_cfg_auth {
	FL_CFG_AUTH_NONE = 1, /* a request without credentials passes, as nobody */
	FL_CFG_AUTH_API_KEY = 2,
};

/* What a method of `auth` looks at: the key below its name. In the order of the table of
 * gateway/auth/method.c. */
enum fl_cfg_auth_kind {
	FL_CFG_BY_WEBHOOK,
	FL_CFG_BY_BASIC,
	FL_CFG_BY_JWT,
	FL_CFG_BY_N,
};

struct fl_cfg_webhook { /* gateway/auth/webhook.h */
	struct fl_str recipe;
	struct fl_cfg_strings secrets; /* their names; each is in fl_config.secrets */
	uint64_t tolerance_ns, replay_window_ns;
	struct fl_str public_url; /* "https://api.example.com", or "" */
	struct fl_cfg_strings origins; /* of CloudEvents that may ask beforehand */
	/* what a recipe says; of `generic` only: gateway/auth/recipe.h */
	struct fl_str header, prefix, signed_text, time_header, id_header;
	struct fl_str encoding, algorithm, separator, key; /* one of their words */
	const struct fl_cfg_consumer *consumer; /* NULL: nobody that is known */
};

struct fl_cfg_basic { /* gateway/auth/basic.h */
	struct fl_str realm;
};

struct fl_cfg_jwt { /* gateway/auth/jwt.h */
	struct fl_str issuer;
	struct fl_cfg_strings audience; /* any of them */
	uint32_t algorithms; /* bits in the order of enum fl_jws_algorithm; 0 is never stored */
	struct fl_str keys; /* public: a JWK set, a JWK or a PEM; "": none */
	struct fl_cfg_strings secrets; /* names of those of HS256; each is in fl_config.secrets */
	uint64_t skew_ns, max_age_ns; /* max_age 0: any */
	uint64_t max_token_bytes;
	struct fl_str consumer_claim; /* "": none */
	struct fl_cfg_strings tags; /* claims that become tags */
	const struct fl_cfg_consumer *consumer; /* when no claim names one; NULL: nobody known */
};

struct fl_cfg_auth_method {
	struct fl_str name;
	enum fl_cfg_auth_kind kind;
	union {
		struct fl_cfg_webhook webhook;
		struct fl_cfg_basic basic;
		struct fl_cfg_jwt jwt;
	} by;
	struct fl_position at;
};

/* What a limit counts apart. */
enum fl_cfg_limit_by {
	FL_CFG_LIMIT_CONSUMER,
	FL_CFG_LIMIT_ADDRESS,
	FL_CFG_LIMIT_ROUTE,
	FL_CFG_LIMIT_INSTANCE,
	FL_CFG_LIMIT_HEADER,
};

#define FL_CFG_LIMIT_PARTS_MAX 4u
#define FL_CFG_ROUTE_LIMITS_MAX 8u
#define FL_CFG_RATE_MAX 1000000000u

struct fl_cfg_rate {
	uint64_t count, period_ns; /* whole seconds */
};

struct fl_cfg_limit {
	struct fl_str name;
	struct {
		enum fl_cfg_limit_by by;
		struct fl_str header; /* in lower case */
	} parts[FL_CFG_LIMIT_PARTS_MAX];
	size_t parts_n; /* at least 1 */
	struct fl_cfg_rate rate;
	uint64_t burst; /* at least `cost`, and paid off within a day */
	uint64_t cost; /* of a request */
	uint64_t ipv6_prefix; /* bits of an IPv6 address that count */
	bool is_enforced; /* else it counts, and refuses nobody */
	struct fl_position at;
};

struct fl_cfg_text { /* a file that was read with the configuration */
	struct fl_str path, text;
};

struct fl_cfg_texts {
	const struct fl_cfg_text *items;
	size_t n;
};

struct fl_cfg_policies {
	bool is_given; /* without: every authenticated request is allowed */
	struct fl_cfg_texts policies, links, schemas, entities;
	struct fl_cfg_strings headers; /* that policies may look at; lower case */
	bool skips_failed_forbids; /* on_forbid_error: skip */
	struct fl_str decision_log; /* absolute path, "stdout" or "off" */
	uint64_t sample; /* one decision in so many is logged; 0: none but those that ask for it */
	struct fl_position at;
};

struct fl_cfg_header_match {
	struct fl_str name, value; /* name in lower case */
	bool is_present;
};

struct fl_cfg_route {
	struct fl_str name;
	struct fl_str host, path; /* as in route/table.h */
	uint32_t methods; /* bits in the order of enum fl_method; 0 is never stored */
	const struct fl_cfg_header_match *headers;
	size_t headers_n;
	size_t instance; /* index into instances */
	struct fl_str action;
	uint64_t max_body_bytes, timeout_ns;
	bool allow_encoded_slash; /* the per-route opt-ins of the guard */
	uint32_t auth; /* bits of enum fl_cfg_auth */
	const size_t *auth_methods; /* indexes into fl_config.auth, in the order of the file */
	size_t auth_methods_n; /* with `auth` never nothing; any one suffices */
	const size_t *limits; /* indexes into fl_config.limits, each once, in the order of the file */
	size_t limits_n;
	/* what policies see of it */
	struct fl_str api, tenant, owner; /* "": none */
	uint64_t sensitivity;
	bool is_decided_by_action; /* the connector's action, not the method */
	struct fl_position at;
};

struct fl_config {
	struct fl_arena arena;
	_Atomic unsigned refs; /* 1 after loading */
	struct fl_cfg_server server;
	const struct fl_cfg_secret *secrets;
	size_t secrets_n;
	const struct fl_cfg_connector *connectors;
	size_t connectors_n;
	const struct fl_cfg_instance *instances;
	size_t instances_n;
	const struct fl_cfg_consumer *consumers;
	size_t consumers_n;
	const struct fl_cfg_auth_method *auth;
	size_t auth_n;
	const struct fl_cfg_limit *limits;
	size_t limits_n;
	struct fl_cfg_policies policies;
	const struct fl_cfg_route *routes;
	size_t routes_n;
	bool ends_midline; /* the last line of a file is not ended: it may be cut off */
	struct fl_str canonical_json; /* sorted keys; references as written, never what they hold */
	char digest[65]; /* BLAKE2b-256, hex, of the same with ${env:} and ${file:} replaced outside secrets */
};

/* Reads, substitutes, validates. All problems at once in `problems` (its arena must outlive them).
 * NULL when there was an error. `path` names the file; includes resolve relative to the file that
 * names them. [control]; blocks on the disk. */
struct fl_config *fl_config_load_file(const char *path, struct fl_problems *problems);
/* The same from memory; `name` stands for the file in positions, `dir` resolves ${file:}. */
struct fl_config *fl_config_load_text(const char *name, struct fl_str text, const char *dir,
				      struct fl_problems *problems);
/* A configuration is shared by the snapshots that serve it (an activation makes a new snapshot of
 * the same configuration) and by whoever reads it. [any] */
struct fl_config *fl_config_ref(struct fl_config *config);
/* The last one wipes secrets and frees. Accepts NULL; returns NULL. [any] */
struct fl_config *fl_config_unref(struct fl_config *config);

#endif
