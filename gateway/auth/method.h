/* gateway/auth/method.h - ways to prove who calls: what each of them is to the pipeline
 * SPDX-License-Identifier: Apache-2.0
 *
 * The methods of the configuration's `auth`, compiled; immutable, part of a snapshot. A kind of
 * method is one row of the table in method.c and one file. The authenticate stage asks those that
 * the route lists, in that order, until one accepts; see gateway/pipeline/authenticate.c. API keys
 * are asked there, too, but are no kind: gateway/auth/credentials.h.
 */
#ifndef FL_GATEWAY_AUTH_METHOD_H
#define FL_GATEWAY_AUTH_METHOD_H

#include <fairlead/plugin.h>

#include "base/arena.h"
#include "gateway/auth/principal.h"

enum fl_auth_verdict {
	FL_AUTH_NOT_OFFERED, /* no credential of this kind is there */
	FL_AUTH_ACCEPTED, /* `principal` is set */
	FL_AUTH_REFUSED, /* there is one, and it is wrong; `why` is set */
	FL_AUTH_NEEDS_BODY, /* of look() only: ask again when the body is there */
	FL_AUTH_ANSWER, /* a handshake: `answer` is the response, and no connector is asked */
};

struct fl_jwt_cache;

#define FL_AUTH_HEADERS_MAX 128u /* more than the transport lets through */

struct fl_auth_answer { /* x-request-id and framing are added */
	uint32_t status;
	fairlead_kv headers[4];
	size_t headers_n;
	struct fl_str body;
};

/* One request, as a method sees it. Everything is borrowed for as long as the request lives. */
struct fl_auth_attempt {
	/* ---- what there is to look at ---- */
	const fairlead_kv *headers; /* lower-case names */
	size_t headers_n; /* at most FL_AUTH_HEADERS_MAX */
	struct fl_str method, path, query; /* as received; the query without "?" */
	struct fl_str host, scheme, client;
	struct fl_str body; /* raw; of check_body() only */
	uint64_t wall_ns; /* since 1970 */
	struct fl_arena *arena; /* the request's */
	struct fl_jwt_cache *tokens; /* the worker's; NULL: nothing is remembered */
	/* ---- what comes of it ---- */
	struct fl_principal principal; /* ACCEPTED; its `method` is set by the caller */
	struct fl_auth_answer answer; /* ANSWER */
	const char *why; /* REFUSED: for the log, never for the caller; static */
	uint64_t hidden[FL_AUTH_HEADERS_MAX / 64]; /* fl_auth_hide() */
};

/* headers[i] is a credential: it goes no further than to the methods, whatever they say of it. */
static inline void fl_auth_hide(struct fl_auth_attempt *attempt, size_t i)
{
	attempt->hidden[i / 64] |= UINT64_C(1) << i % 64;
}

static inline bool fl_auth_is_hidden(const struct fl_auth_attempt *attempt, size_t i)
{
	return attempt->hidden[i / 64] >> i % 64 & 1;
}

/* Is the field "Authorization: Bearer TOKEN"? [any] */
bool fl_auth_bearer(const fairlead_kv *field, struct fl_str *ret);

/* What kinds share: what a compiled method is made of. */
struct fl_auth_parts {
	const struct fl_config *config; /* outlives the method */
	struct fl_replay *replay; /* the same; NULL: only to be checked, not to serve */
	const struct fl_credentials *credentials; /* the same */
};

struct fl_credentials;

struct fl_auth_kind {
	const char *name; /* what policies and the log call it: "webhook" */
	const char *scheme; /* for WWW-Authenticate, and of the Authorization that it reads */
	const char *(*challenge)(const void *state); /* the scheme and what else the caller must
						      * know; NULL: the scheme suffices */
	const char *fault; /* behind it when what came was wrong: error="invalid_token"; or NULL */
	/* *ret NULL, and told in `problems`, when it cannot be. Also warns of what is weak. [control],
	 * may block */
	void (*build)(const struct fl_auth_parts *parts, const struct fl_cfg_auth_method *method,
		      void **ret, struct fl_problems *problems);
	void (*destroy)(void *state); /* accepts NULL */
	/* From the head. [loop of a worker] no malloc, no lock, no system call. */
	enum fl_auth_verdict (*look)(const void *state, struct fl_auth_attempt *attempt);
	/* After FL_AUTH_NEEDS_BODY; NULL where look() never says so. The same. */
	enum fl_auth_verdict (*check_body)(const void *state, struct fl_auth_attempt *attempt);
};

struct fl_authenticator {
	const struct fl_auth_kind *kind;
	const struct fl_cfg_auth_method *config;
	void *state;
};

/* The methods that a route lists. */
#define FL_AUTH_ROUTE_MAX 8u
struct fl_auth_list {
	const char *challenge; /* WWW-Authenticate: the schemes that the route takes */
	const char *challenge_wrong; /* the same to who came with something wrong */
	size_t n;
	const struct fl_authenticator *items[FL_AUTH_ROUTE_MAX];
};

/* What policies and the log call a kind: "webhook". [any] */
const char *fl_auth_kind_name(enum fl_cfg_auth_kind kind);

struct fl_auth;

/* All of config->auth, and a list for each of config->routes that has one. NULL when there was an
 * error, which is told. [control] */
struct fl_auth *fl_auth_build(const struct fl_auth_parts *parts, struct fl_problems *problems);
struct fl_auth *fl_auth_destroy(struct fl_auth *auth); /* accepts NULL; returns NULL */
/* NULL: the route lists none. [any] */
const struct fl_auth_list *fl_auth_list(const struct fl_auth *auth, size_t route);

#endif
