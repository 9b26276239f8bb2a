/* gateway/config/schema.c - the table of keys
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/schema.h"

#include "base/clock.h"

#define MS(n) ((n) * FL_NS_PER_MS)
#define SEC(n) ((n) * FL_NS_PER_SEC)
#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define TOP(member) offsetof(struct fl_cfg_raw, member)
#define CON(member) offsetof(struct fl_cfg_raw_connector, member)
#define INS(member) offsetof(struct fl_cfg_raw_instance, member)
#define POL(member) offsetof(struct fl_cfg_raw, policies.member)
#define CSM(member) offsetof(struct fl_cfg_raw_consumer, member)
#define CRE(member) offsetof(struct fl_cfg_raw_credential, member)
#define AUT(member) offsetof(struct fl_cfg_raw_auth, member)
#define HOO(member) offsetof(struct fl_cfg_raw_auth, webhook.member)
#define LIM(member) offsetof(struct fl_cfg_raw_limit, member)
#define JWT(member) offsetof(struct fl_cfg_raw_auth, jwt.member)
#define ROU(member) offsetof(struct fl_cfg_raw_route, member)

#define MAP(p, ...) {.path = p, .type = FL_CFG_TYPE_MAP, __VA_ARGS__}
#define NAMED(p, at, item, fmt, ...)                                                               \
	{.path = p, .type = FL_CFG_TYPE_NAMED, .offset = at, .item_bytes = sizeof(item),           \
	 .format = FL_CFG_FORMAT_##fmt, __VA_ARGS__}
#define LISTED(p, at, item, ...)                                                                   \
	{.path = p, .type = FL_CFG_TYPE_LISTED, .offset = at, .item_bytes = sizeof(item), __VA_ARGS__}
#define STRING(p, at, fmt, ...)                                                                    \
	{.path = p, .type = FL_CFG_TYPE_STRING, .offset = at, .format = FL_CFG_FORMAT_##fmt, __VA_ARGS__}
#define STRINGS(p, at, fmt, ...)                                                                   \
	{.path = p, .type = FL_CFG_TYPE_STRINGS, .offset = at, .format = FL_CFG_FORMAT_##fmt, __VA_ARGS__}
#define VALUE(t, p, at, lo, hi, ...)                                                               \
	{.path = p, .type = FL_CFG_TYPE_##t, .offset = at, .min = lo, .max = hi, __VA_ARGS__}

/* Parents stand before their keys. */
/* clang-format off */
const struct fl_cfg_key fl_cfg_keys[] = {
STRING("apiVersion", TOP(api_version), ANY, .flags = FL_CFG_IS_NEEDED, .words = "fairlead/v1", .only_words = true,
	.example = "fairlead/v1", .help = "The language of this file. Included files may leave it out."),
STRINGS("include", TOP(include), ANY, .max = 100, .example = "[\"routes/*.yaml\"]",
	.help = "Files that are read as if they stood here; `*`, `?` and `[]` match several. Each name may be defined once in all files."),

MAP("server", .help = "The process. Read at start only; everything else is live."),
STRINGS("server.listen", TOP(server.listen), LISTEN, .fallback = "[\"127.0.0.1:8080\"]", .min = 1, .max = 16,
	.help = "Where callers connect. Port 0 lets the system choose."),
MAP("server.admin", .help = "The admin API."),
STRINGS("server.admin.listen", TOP(server.admin_listen), ADMIN_LISTEN, .fallback = "[\"127.0.0.1:8901\"]", .min = 1, .max = 8,
	.help = "Where the admin API listens: never reachable from outside. A Unix socket is made with mode 0660."),
VALUE(SIZE, "server.admin.max_body", TOP(server.admin_max_body_bytes), KIB(64), MIB(64), .fallback = "16MiB",
	.help = "Body of a request to the admin API, so the largest connector that can be uploaded."),
STRING("server.data_dir", TOP(server.data_dir), FILE, .fallback_text = "$STATE_DIRECTORY, else /var/lib/fairlead",
	.help = "Admin token, uploaded connectors, private copies of what is loaded. Not on a file system mounted noexec."),
STRINGS("server.connector_dirs", TOP(server.connector_dirs), FILE, .min = 1, .max = 16,
	.fallback_text = "connectors/ beside the program if it is there, and the folder of installed connectors",
	.help = "Where connectors are looked for, in this order."),
VALUE(COUNT, "server.workers", TOP(server.workers), 1, 256, .fallback = "auto", .words = "auto",
	.help = "Threads that serve requests; `auto`: one per processor."),
STRING("server.access_log", TOP(server.access_log), FILE, .fallback = "stdout", .words = "stdout|off",
	.help = "One JSON line per request: a file, `stdout` or `off`."),
STRINGS("server.trusted_proxies", TOP(server.trusted_proxies), NETWORK, .fallback = "[]", .max = 256,
	.help = "Peers whose `Forwarded` and `X-Forwarded-*` fields are believed."),
MAP("server.limits", .help = "What a caller may cost. Over a limit a request is refused, never cut."),
VALUE(SIZE, "server.limits.max_head", TOP(server.limits.max_header_bytes), KIB(4), KIB(32), .fallback = "16KiB",
	.help = "Request line and header fields together."),
VALUE(COUNT, "server.limits.max_headers", TOP(server.limits.max_headers), 8, 100, .fallback = "100",
	.help = "Header fields of a request."),
VALUE(SIZE, "server.limits.max_target", TOP(server.limits.max_target_bytes), 128, KIB(16), .fallback = "8KiB",
	.help = "Path and query."),
VALUE(SIZE, "server.limits.max_body", TOP(server.limits.max_body_bytes), 0, MIB(256), .fallback = "1MiB",
	.help = "Body of a request, on routes that do not say `request.max_body`."),
VALUE(DURATION, "server.limits.header_timeout", TOP(server.limits.header_timeout_ns), MS(100), SEC(120), .fallback = "10s",
	.help = "From the first byte of a request to the end of its header."),
VALUE(DURATION, "server.limits.body_timeout", TOP(server.limits.body_timeout_ns), MS(100), SEC(3600), .fallback = "60s",
	.help = "From the end of the header to the end of the body."),
VALUE(SIZE, "server.limits.min_body_rate", TOP(server.limits.min_body_rate_bytes_per_sec), 0, MIB(1), .fallback = "1KiB",
	.help = "Per second, on average, once a body has taken five seconds; 0: no minimum."),
VALUE(DURATION, "server.limits.idle_timeout", TOP(server.limits.idle_timeout_ns), SEC(1), SEC(3600), .fallback = "75s",
	.help = "How long a connection may wait for its next request."),
VALUE(COUNT, "server.limits.max_connections", TOP(server.limits.max_connections), 1, 65536, .fallback = "4096",
	.help = "Connections at once; each may cost what `max_head` says."),
VALUE(COUNT, "server.limits.max_connections_per_address", TOP(server.limits.max_connections_per_address), 1, 65536,
	.fallback = "1024", .help = "Connections at once from one address."),
VALUE(COUNT, "server.limits.auth_failures", TOP(server.limits.auth_failures), 1, 1000000, .fallback = "20", .words = "off",
	.help = "Wrong keys and passwords a minute from one address (IPv6: one /64) that are looked at; further ones are answered 429 for a while. `off`: all are."),
VALUE(DURATION, "server.limits.drain_timeout", TOP(server.limits.drain_timeout_ns), 0, SEC(3600), .fallback = "30s",
	.help = "How long running requests may take when the server stops."),

VALUE(NODE, "secrets", TOP(secrets), 0, 1024, .format = FL_CFG_FORMAT_SECRET, .flags = FL_CFG_OF_SECRETS,
	.example = "{ github/token: \"${file:github.token}\" }",
	.help = "Name to value, by `${env:NAME}` or `${file:PATH}`; a value written here warns. Instances get those that `grants.secrets` names."),

NAMED("connectors", TOP(connectors), struct fl_cfg_raw_connector, CONNECTOR, .max = 1000,
	.help = "Which version of a connector is wanted, by its id. One that is not listed is used in its newest version."),
STRING("connectors.*.version", CON(c.version), VERSION, .fallback_text = "the newest", .example = "\"1.x\"",
	.help = "`\"1.2.0\"` exactly, `\"1.2.x\"` or `\"1.x\"` the newest of these."),
STRING("connectors.*.sha256", CON(c.sha256), SHA256, .fallback_text = "any",
	.help = "Of the connector's file: nothing else is loaded."),
STRING("connectors.*.file", CON(c.file), FILE, .fallback_text = "looked up in `server.connector_dirs` and among the uploaded",
	.help = "The connector's file."),

NAMED("instances", TOP(instances), struct fl_cfg_raw_instance, NAME, .max = 1000,
	.help = "A connector with a name and a configuration."),
STRING("instances.*.connector", INS(connector), CONNECTOR, .flags = FL_CFG_IS_NEEDED, .example = "http",
	.help = "Id of the connector."),
STRING("instances.*.owner", INS(i.owner), ANY, .max = 128, .fallback = "",
	.help = "Who answers for it; shown in status and logs."),
STRING("instances.*.mode", INS(i.mode), ANY, .fallback = "inproc", .words = "inproc", .only_words = true,
	.help = "Where it runs: `inproc`, inside the gateway's process and fully trusted."),
VALUE(DURATION, "instances.*.timeout", INS(i.timeout_ns), MS(1), SEC(3600), .fallback = "30s",
	.help = "For a request, on routes that do not say `request.timeout`."),
VALUE(DURATION, "instances.*.connect_timeout", INS(i.connect_timeout_ns), MS(1), SEC(120), .fallback = "3s",
	.help = "For one connection that it asks the gateway to make."),
VALUE(SIZE, "instances.*.max_response", INS(i.max_response_bytes), KIB(1), MIB(256), .fallback = "8MiB",
	.help = "Body of an answer that it gets from elsewhere."),
MAP("instances.*.concurrency", .help = "Requests at once."),
VALUE(COUNT, "instances.*.concurrency.max", INS(i.max_concurrent), 1, 65536, .fallback = "1024",
	.help = "Requests at once over all workers; more are answered 503."),
VALUE(NODE, "instances.*.config", INS(config), 0, 0, .flags = FL_CFG_OF_CONNECTOR, .fallback_text = "{}",
	.help = "The connector's own configuration; see its page. May hold `${secret:NAME}`, which the gateway puts in when it sends."),
MAP("instances.*.grants", .help = "What the connector may do."),
STRINGS("instances.*.grants.egress", INS(i.grants.egress), EGRESS, .max = 256,
	.fallback_text = "any host for connectors shipped with fairlead, else none", .example = "[\"api.github.com:443\"]",
	.help = "Where it may connect: `host:port` or `*.suffix:port`."),
VALUE(BOOL, "instances.*.grants.private_addresses", INS(i.grants.private_addresses), 0, 0, .fallback = "false",
	.help = "Whether these may be loopback, private or other addresses that are not public."),
STRINGS("instances.*.grants.secrets", INS(i.grants.secrets), SECRET, .fallback = "[]", .max = 256,
	.help = "Secrets that its configuration may refer to."),
VALUE(COUNT, "instances.*.grants.exec_workers", INS(i.grants.exec_workers), 1, 64, .fallback = "4",
	.help = "Threads for its blocking work."),
VALUE(SIZE, "instances.*.grants.kv_quota", INS(i.grants.kv_quota_bytes), 0, MIB(1024), .fallback = "1MiB",
	.help = "Memory for its small state."),
VALUE(COUNT, "instances.*.grants.timers", INS(i.grants.max_timers), 0, 65536, .fallback = "1024",
	.help = "Timers at once."),

NAMED("consumers", TOP(consumers), struct fl_cfg_raw_consumer, NAME, .max = 100000,
	.help = "Whoever calls, and how they prove it. Routes ask for it with `auth`."),
STRINGS("consumers.*.groups", CSM(c.groups), NAME, .fallback = "[]", .max = 64, .example = "[partners]",
	.help = "Groups that it belongs to, for policies."),
STRING("consumers.*.tenant", CSM(c.tenant), NAME, .fallback = "", .fallback_text = "none", .example = "acme",
	.help = "The tenant that it belongs to, for policies."),
STRING("consumers.*.tier", CSM(c.tier), NAME, .fallback = "", .fallback_text = "none", .example = "gold",
	.help = "What was agreed with it, for policies."),
VALUE(BOOL, "consumers.*.suspended", CSM(c.is_suspended), 0, 0, .fallback = "false",
	.help = "Told to policies, which may refuse it. To lock it out without policies, remove its credentials."),
VALUE(NODE, "consumers.*.labels", CSM(labels), 0, 64, .format = FL_CFG_FORMAT_NAME, .flags = FL_CFG_OF_LABELS, .fallback_text = "{}",
	.example = "{ plan: gold }", .help = "Label to its value, for policies; a value has at most 256 bytes."),
LISTED("consumers.*.credentials", CSM(credentials), struct fl_cfg_raw_credential, .max = 16, .fallback_text = "[]",
	.example = "[{ api_key: { hash: \"blake2b:...\" } }]",
	.help = "How it proves who it is: any one of these. Two at once let a key be replaced without an interruption."),
MAP("consumers.*.credentials.*.api_key", .example = "{ hash: \"blake2b:...\" }",
	.help = "A key that the caller sends as `X-API-Key` or `Authorization: Bearer`. A credential is this or `basic`."),
STRING("consumers.*.credentials.*.api_key.hash", CRE(c.hash), KEY_HASH, .flags = FL_CFG_IS_NEEDED,
	.example = "\"blake2b:...\"", .help = "What `fairlead key create` prints; the key itself is stored nowhere."),
MAP("consumers.*.credentials.*.basic", .example = "{ user: reports, hash: \"blake2b:...\" }",
	.help = "A user and a password for HTTP Basic, on routes that list a `basic` method of `auth`."),
STRING("consumers.*.credentials.*.basic.user", CRE(c.user), USER, .flags = FL_CFG_IS_NEEDED, .example = "reports",
	.help = "The name that the caller sends; it may be another than the consumer's."),
STRING("consumers.*.credentials.*.basic.hash", CRE(basic_hash), KEY_HASH, .flags = FL_CFG_IS_NEEDED,
	.example = "\"blake2b:...\"", .help = "What `fairlead key create --basic USER` prints, for this user only; the password is stored nowhere."),
STRING("consumers.*.credentials.*.description", CRE(c.description), ANY, .fallback = "", .max = 256,
	.help = "For people: who has the key, and what for."),
VALUE(TIME, "consumers.*.credentials.*.expires", CRE(c.expires_wall_ns), 0, 0, .fallback_text = "never",
	.example = "\"2027-01-01T00:00:00Z\"", .help = "From then on it is not taken any more. In UTC."),

NAMED("auth", TOP(auth), struct fl_cfg_raw_auth, NAME, .max = 256,
	.help = "Ways to prove who calls, beside API keys: each has a name, which routes list in their `auth`, and one of the keys below."),
MAP("auth.*.webhook", .example = "{ recipe: github, secrets: [\"${secret:github/webhook}\"] }",
	.help = "The sender signs what it sends."),
STRING("auth.*.webhook.recipe", HOO(w.recipe), ANY, .flags = FL_CFG_IS_NEEDED, .words = FL_CFG_RECIPES, .only_words = true, .example = "github",
	.help = "Whose way of signing."),
STRINGS("auth.*.webhook.secrets", HOO(w.secrets), SECRET_REF, .flags = FL_CFG_IS_NEEDED, .min = 1, .max = 8, .example = "[\"${secret:github/webhook}\"]",
	.help = "What the sender signs with. Any one fits, so that one can be replaced by another without a gap."),
VALUE(DURATION, "auth.*.webhook.tolerance", HOO(w.tolerance_ns), SEC(1), SEC(3600), .fallback = "5m",
	.help = "How far the time that is signed may be from the gateway's clock, before or after."),
VALUE(DURATION, "auth.*.webhook.replay_window", HOO(w.replay_window_ns), SEC(1), SEC(86400), .fallback = "10m",
	.help = "How long a delivery that was let in is known, so that a copy is refused; at least twice `tolerance` where the time is signed."),
STRING("auth.*.webhook.public_url", HOO(w.public_url), PUBLIC_URL, .fallback = "", .fallback_text = "the scheme and `Host` of the request", .example = "https://api.example.com",
	.help = "What comes before the path in the URL that the sender knows, for recipes that sign it: `twilio`."),
STRINGS("auth.*.webhook.origins", HOO(w.origins), ANY, .fallback = "[]", .max = 32, .example = "[events.example.com]",
	.help = "Senders of CloudEvents that are told that they may send, when they ask beforehand with `OPTIONS` and `WebHook-Request-Origin`. The route must take `OPTIONS`."),
STRING("auth.*.webhook.header", HOO(w.header), HEADER, .fallback = "", .example = "x-signature",
	.help = "For `generic`, and needed there, like `signed`: the header that holds the signature."),
STRING("auth.*.webhook.prefix", HOO(w.prefix), ANY, .max = 32, .fallback = "", .example = "\"sha256=\"",
	.help = "For `generic`: what comes before each signature. Those with another are passed over."),
STRING("auth.*.webhook.separator", HOO(w.separator), ANY, .fallback = "none", .words = FL_CFG_RECIPE_SEPARATORS, .only_words = true,
	.help = "For `generic`: what is between several signatures in the header."),
STRING("auth.*.webhook.encoding", HOO(w.encoding), ANY, .fallback = "hex", .words = FL_CFG_RECIPE_ENCODINGS, .only_words = true,
	.help = "For `generic`: how a signature is written."),
STRING("auth.*.webhook.algorithm", HOO(w.algorithm), ANY, .fallback = "hmac-sha256", .words = FL_CFG_RECIPE_ALGORITHMS, .only_words = true,
	.help = "For `generic`. A public key stands in `secrets`, too."),
STRING("auth.*.webhook.key", HOO(w.key), ANY, .fallback = "text", .words = FL_CFG_RECIPE_KEYS, .only_words = true,
	.help = "For `generic`: how the secret is written; `text`: its bytes are the key. A public key is 32 bytes, of `ecdsa-p256` a SubjectPublicKeyInfo in DER."),
STRING("auth.*.webhook.signed", HOO(w.signed_text), ANY, .max = 256, .fallback = "", .example = "\"{time}.{body}\"",
	.help = "For `generic`: what is signed, with `{body}`, `{time}`, `{id}`, or `{url}` and `{form}` in it."),
STRING("auth.*.webhook.time_header", HOO(w.time_header), HEADER, .fallback = "", .example = "x-timestamp",
	.help = "For `generic`: the header of `{time}`, in seconds since 1970."),
STRING("auth.*.webhook.id_header", HOO(w.id_header), HEADER, .fallback = "", .example = "x-delivery",
	.help = "For `generic`: the header of `{id}`. A delivery is known by it; else by its signature."),
STRING("auth.*.webhook.consumer", HOO(consumer), NAME, .fallback = "", .fallback_text = "none", .example = "github",
	.help = "Which of `consumers` the sender is."),
MAP("auth.*.basic", .example = "{ realm: reports }",
	.help = "HTTP Basic, for tools that can do nothing else: users are `basic` credentials of `consumers`. Only where the way to the gateway is encrypted."),
STRING("auth.*.basic.realm", AUT(basic.realm), REALM, .fallback = "fairlead", .example = "reports",
	.help = "What the caller's tool shows when it asks for the password."),
MAP("auth.*.jwt", .example = "{ issuer: \"https://idp.example.com\", audience: api, keys: \"${file:jwks.json}\" }",
	.help = "The caller has a signed token, as `Authorization: Bearer`."),
STRING("auth.*.jwt.issuer", JWT(j.issuer), ANY, .flags = FL_CFG_IS_NEEDED, .min = 1, .max = 1024, .example = "\"https://idp.example.com\"",
	.help = "What `iss` must be, to the letter."),
STRINGS("auth.*.jwt.audience", JWT(j.audience), ANY, .flags = FL_CFG_IS_NEEDED | FL_CFG_TAKES_ONE, .min = 1, .max = 16, .example = "[api]",
	.help = "`aud` must hold one of these."),
VALUE(WORDS, "auth.*.jwt.algorithms", JWT(j.algorithms), 1, FL_CFG_JWT_ALGORITHMS_N, .fallback_text = "all", .example = "[ES256, EdDSA]",
	.words = FL_CFG_JWT_ALGORITHMS, .only_words = true,
	.help = "What tokens may be signed with. Each key takes part in those of its kind only, so a token cannot choose. `HS256` is of `secrets`."),
STRING("auth.*.jwt.keys", JWT(j.keys), ANY, .max = 65536, .fallback = "", .fallback_text = "none", .example = "\"${file:jwks.json}\"",
	.help = "Public keys of the issuer: a JWK set, a JWK, or one PEM. RSA needs 2048 bits. Read again at a reload."),
STRINGS("auth.*.jwt.secrets", JWT(j.secrets), SECRET_REF, .fallback = "[]", .max = 8, .example = "[\"${secret:tokens}\"]",
	.help = "Secrets of `HS256`, of 32 bytes at least. Whoever has one can make tokens."),
VALUE(DURATION, "auth.*.jwt.skew", JWT(j.skew_ns), 0, SEC(600), .fallback = "60s",
	.help = "How far the issuer's clock may be from the gateway's."),
VALUE(DURATION, "auth.*.jwt.max_age", JWT(j.max_age_ns), SEC(1), SEC(31536000), .fallback_text = "as long as `exp` says",
	.example = "1h", .help = "How old a token may be by `iat`, which it then needs."),
VALUE(SIZE, "auth.*.jwt.max_token", JWT(j.max_token_bytes), KIB(1), KIB(32), .fallback = "16KiB",
	.help = "Longer tokens are refused unread. The whole head has `server.limits.max_head`."),
MAP("auth.*.jwt.claims", .help = "What becomes of the claims."),
STRING("auth.*.jwt.claims.consumer", JWT(j.consumer_claim), ANY, .max = 256, .fallback = "", .fallback_text = "none", .example = "sub",
	.help = "The claim that names one of `consumers`. The issuer can then speak for all of them."),
STRINGS("auth.*.jwt.claims.tags", JWT(j.tags), ANY, .fallback = "[]", .max = 16, .example = "[scope]",
	.help = "Claims that policies see as tags of the principal: texts and lists of texts; `scope` is split at blanks. Labels of the same name go before."),
STRING("auth.*.jwt.consumer", JWT(consumer), NAME, .fallback = "", .fallback_text = "none", .example = "staff",
	.help = "Which of `consumers` the bearer is when no claim names one; without, nobody that is known, and tags are not seen."),

NAMED("limits", TOP(limits), struct fl_cfg_raw_limit, NAME, .max = 1000,
	.help = "How many requests in how much time, counted apart for each caller or whatever `by` says. Routes list them in their `limits`."),
STRINGS("limits.*.by", LIM(by), LIMIT_BY, .flags = FL_CFG_IS_NEEDED | FL_CFG_TAKES_ONE, .min = 1, .max = FL_CFG_LIMIT_PARTS_MAX,
	.words = FL_CFG_LIMIT_WORDS, .example = "[consumer, header:x-tenant]",
	.help = "What is counted apart, or several of these together. Requests that have none (nobody known, no such header) are counted as one."),
VALUE(RATE, "limits.*.rate", LIM(l.rate), 0, 0, .flags = FL_CFG_IS_NEEDED, .example = "100/1m",
	.help = "So many in so much time, which is 1s to 24h in whole seconds."),
VALUE(COUNT, "limits.*.burst", LIM(l.burst), 1, FL_CFG_RATE_MAX, .fallback_text = "the count of `rate`",
	.help = "How many may come at once after a pause. It must be paid off, at `rate`, within 24h."),
VALUE(COUNT, "limits.*.cost", LIM(l.cost), 1, 1000000, .fallback = "1",
	.help = "What one request counts as; at most `burst`."),
VALUE(BOOL, "limits.*.enforce", LIM(l.is_enforced), 0, 0, .fallback = "true",
	.help = "With `false` it counts and reports, and refuses nobody."),
VALUE(COUNT, "limits.*.ipv6_prefix", LIM(l.ipv6_prefix), 1, 128, .fallback = "64",
	.help = "By `address`: how many bits of an IPv6 address count; a household has a whole /64."),

MAP("policies", .example = "{ include: [\"policies/*.cedar\"] }",
	.help = "Cedar policies that decide about every request. Without this key every authenticated request is allowed; with it, what no policy permits is denied."),
STRINGS("policies.include", POL(include), ANY, .fallback = "[]", .max = 100, .example = "[\"policies/*.cedar\"]",
	.help = "Files of policies; `*`, `?` and `[]` match several, and must match one. At most 1 MiB each, 32 MiB with schemas and entities."),
STRINGS("policies.links", POL(links), ANY, .fallback = "[]", .max = 100, .example = "[\"policies/links.json\"]",
	.help = "What the templates among the policies stand for, in Cedar's JSON: `templateId`, `newId`, `values`; at most 16 MiB each."),
STRINGS("policies.schema", POL(schema), ANY, .fallback = "[]", .max = 100, .example = "[\"policies/*.cedarschema\"]",
	.help = "Your own types, in Cedar's schema syntax, beside those that the gateway makes from this configuration."),
STRINGS("policies.entities", POL(entities), ANY, .fallback = "[]", .max = 100, .example = "[\"policies/entities.json\"]",
	.help = "Your own entities, in Cedar's JSON; at most 16 MiB each. Consumers, routes and the like come from this configuration."),
STRING("policies.on_forbid_error", POL(on_forbid_error), ANY, .fallback = "deny", .words = "deny|skip", .only_words = true,
	.help = "When a `forbid` cannot be evaluated: `deny` the request, or `skip` that policy as the language does."),
STRINGS("policies.headers", POL(p.headers), HEADER, .fallback = "[]", .max = 32, .example = "[x-tenant]",
	.help = "Header fields that policies see, as `context.req.hdr`; none that holds credentials or that the gateway drops, as `x-forwarded-for`."),
STRING("policies.decision_log", POL(p.decision_log), FILE, .fallback = "off", .words = "stdout|off",
	.help = "One JSON line per decision that is logged: a file, `stdout` or `off`."),
VALUE(COUNT, "policies.sample", POL(p.sample), 0, 1000000, .fallback = "100",
	.help = "One allowed request in so many is logged; 0: none but those that a policy asks for. What is denied is logged always."),

NAMED("routes", TOP(routes), struct fl_cfg_raw_route, NAME, .max = 50000,
	.help = "Which requests go where. The most specific match wins, whatever the order."),
MAP("routes.*.match", .flags = FL_CFG_IS_NEEDED, .example = "{ path: \"/v1/orders/{id}\" }", .help = "Which requests: all of these must hold."),
STRING("routes.*.match.host", ROU(r.host), HOST, .fallback = "", .fallback_text = "any", .example = "api.example.com",
	.help = "Host without port; `*.example.com` for one label or more before it."),
STRING("routes.*.match.path", ROU(r.path), ROUTE_PATH, .flags = FL_CFG_IS_NEEDED, .example = "\"/v1/orders/{id}\"",
	.help = "Segments: literal, `{name}` for exactly one, `**` at the end for the rest."),
VALUE(WORDS, "routes.*.match.methods", ROU(r.methods), 1, FL_CFG_METHODS_N, .fallback_text = "all", .example = "[GET, PUT]",
	.words = FL_CFG_METHODS, .only_words = true, .help = "`GET` includes `HEAD`."),
VALUE(NODE, "routes.*.match.headers", ROU(headers), 1, 8, .format = FL_CFG_FORMAT_HEADER, .flags = FL_CFG_OF_HEADERS,
	.example = "{ x-tenant: acme, x-debug: { present: true } }",
	.help = "Header to its exact value, or to `{ present: true }` for any value."),
MAP("routes.*.request", .help = "What a request may cost here."),
VALUE(SIZE, "routes.*.request.max_body", ROU(r.max_body_bytes), 0, MIB(256), .fallback_text = "`server.limits.max_body`",
	.help = "Body of a request."),
VALUE(DURATION, "routes.*.request.timeout", ROU(r.timeout_ns), MS(1), SEC(3600), .fallback_text = "the instance's `timeout`",
	.help = "From the request to its answer; then the caller gets 504."),
VALUE(BOOL, "routes.*.request.allow_encoded_slash", ROU(r.allow_encoded_slash), 0, 0, .fallback = "false",
	.help = "Takes `%2F` in the path, as part of a segment; refused otherwise."),
STRINGS("routes.*.auth", ROU(auth), NAME, .min = 1, .max = 8, .fallback = "[\"none\"]", .fallback_text = "`none`", .words = "none|api_key",
	.flags = FL_CFG_TAKES_ONE, .example = "[api_key]",
	.help = "How a caller may prove who it is: any one of these; `api_key`, or a name of `auth`. With `none` among them a request without credentials passes, as nobody; wrong ones never do."),
STRINGS("routes.*.limits", ROU(limits), NAME, .max = FL_CFG_ROUTE_LIMITS_MAX, .fallback = "[]", .flags = FL_CFG_TAKES_ONE, .example = "[per-consumer]",
	.help = "Names of `limits`: a request must pass all of them, and is charged to none when one refuses it."),
MAP("routes.*.to", .flags = FL_CFG_IS_NEEDED, .example = "{ instance: echo, action: reply }", .help = "Who answers."),
STRING("routes.*.to.instance", ROU(instance), NAME, .flags = FL_CFG_IS_NEEDED, .example = "echo",
	.help = "One of `instances`."),
STRING("routes.*.to.action", ROU(r.action), NAME, .flags = FL_CFG_IS_NEEDED, .example = "reply",
	.help = "One of the connector's actions."),
STRING("routes.*.api", ROU(r.api), ANY, .max = 128, .fallback = "",
	.help = "API that policies see it as part of: `resource in Gw::Api::\"...\"`."),
STRING("routes.*.tenant", ROU(r.tenant), ANY, .max = 128, .fallback = "",
	.help = "Tenant that it belongs to, for policies: `Gw::Tenant`."),
STRING("routes.*.owner", ROU(r.owner), ANY, .max = 128, .fallback = "",
	.help = "Group that owns it, for policies: `resource.owner`, a `Gw::Group`."),
VALUE(COUNT, "routes.*.sensitivity", ROU(r.sensitivity), 0, 9, .fallback = "0",
	.help = "How much harm a wrong access does, for policies: `resource.sensitivity`."),
STRING("routes.*.decide_by", ROU(decide_by), ANY, .fallback = "method", .words = "method|action", .only_words = true,
	.help = "What policies see as the action: the request's `method`, or the connector's `action` as `Gw::Action::\"connector/action\"`."),
};
/* clang-format on */
const size_t fl_cfg_keys_n = FL_ARRAY_LEN(fl_cfg_keys);
_Static_assert(FL_ARRAY_LEN(fl_cfg_keys) <= FL_CFG_KEYS_MAX, "struct fl_cfg_schema has room");

const char *fl_cfg_key_name(const struct fl_cfg_key *key)
{
	const char *dot = strrchr(key->path, '.');

	return dot ? dot + 1 : key->path;
}

/* The row whose keys `path` belongs to: "routes" for "routes.*.match". -1: the top. */
static int parent_of(const char *path)
{
	size_t n = strlen(path) - strlen(strrchr(path, '.') ? strrchr(path, '.') : path);

	if (n >= 2 && memcmp(path + n - 2, ".*", 2) == 0)
		n -= 2;
	for (size_t i = 0; n != 0 && i < fl_cfg_keys_n; i++)
		if (strlen(fl_cfg_keys[i].path) == n && memcmp(fl_cfg_keys[i].path, path, n) == 0)
			return (int)i;
	FL_ASSERT(n == 0);
	return -1;
}

void fl_cfg_schema_init(struct fl_cfg_schema *s)
{
	int last[FL_CFG_KEYS_MAX], last_top = -1;

	s->top = -1;
	for (int i = 0; i < (int)fl_cfg_keys_n; i++) {
		int up = parent_of(fl_cfg_keys[i].path);
		int *tail = up < 0 ? &last_top : &last[up];
		int *head = up < 0 ? &s->top : &s->first[up];

		s->first[i] = s->next[i] = last[i] = -1;
		if (*tail < 0)
			*head = i;
		else
			s->next[*tail] = i;
		*tail = i;
	}
}

size_t fl_cfg_key_word_index(const struct fl_cfg_key *key, struct fl_str text)
{
	struct fl_str rest = fl_str(key->words);

	for (size_t i = 0; rest.p != NULL; i++)
		if (fl_str_eq(fl_str_split(rest, '|', &rest), text))
			return i;
	return FL_CFG_WORDS_MAX;
}

size_t fl_cfg_key_words(const struct fl_cfg_key *key)
{
	struct fl_str rest = fl_str(key->words);
	size_t n = 0;

	for (; rest.p != NULL; n++)
		(void)fl_str_split(rest, '|', &rest);
	return n;
}

bool fl_cfg_key_has_word(const struct fl_cfg_key *key, struct fl_str text)
{
	return fl_cfg_key_word_index(key, text) < FL_CFG_WORDS_MAX;
}
