/* fairlead/plugin.h - the connector ABI, version 1
 * SPDX-License-Identifier: Apache-2.0
 *
 * A connector is one ELF shared object that exports exactly one symbol, fairlead_plugin_entry_v1(),
 * and carries its manifest in the section .fairlead.manifest. This header and those in fairlead/ext/
 * are all a connector author needs. Only <stddef.h> and <stdint.h> are used; it compiles alone as
 * C99 to C17 and C++11 to C++17.
 *
 * THE RULES, once:
 *
 * Remotable     Arguments are values, (pointer, length) pairs borrowed for the duration of the call,
 *               or 64-bit ids. The same binary runs inside the gateway or in a process of its own;
 *               nothing in this contract can tell the difference except fairlead_create.mode.
 * Memory        What you are given is borrowed for the call, unless its comment says "until the
 *               terminal call". What you give is copied by the host before the call returns.
 *               Nobody frees the other side's memory.
 * Strings       Text is UTF-8, never NUL-terminated, always with a length. Header values and bodies
 *               are any bytes.
 * One answer    Every request that handle() accepts (FAIRLEAD_OK or FAIRLEAD_PENDING) owes exactly
 *               one terminal call, reply() or fail(), even after on_cancel(). The host answers the
 *               client on its own clock and waits for what is owed only before it unloads.
 * No re-entry   No host function calls back into the connector before the connector's current
 *               callback has returned. Completions arrive later, through on_event().
 * Ids           fairlead_id is an epoch and a slot, never a pointer. An id that is finished, foreign
 *               or forged gets FAIRLEAD_E_STALE and has no effect; it is counted as a contract
 *               violation (a late answer to a cancelled request is counted apart and is not one).
 * Unwinding     No exception, panic or longjmp may leave a connector function: it ends the process.
 *
 * THREADS. The bracketed tag on each function says who calls it and in which state:
 *   [lifecycle]   one thread at a time; never concurrent with any other callback of this instance
 *   [inst]        a request callback. Manifest "threading": "serial" (default) or "sharded": never
 *                 concurrent within one instance (sharded makes one instance per worker);
 *                 "parallel": several [inst] callbacks may run at once. Must not block.
 *   [blocking]    on a pool thread that the host owns; may block
 *   [any]         from any thread that the host gave the connector
 * STATES of an instance, the second half of the tag. Without one: from the beginning of create() to
 * the return of destroy().
 *   new           create() runs or has not succeeded
 *   created       create() returned FAIRLEAD_OK
 *   starting      start() was called, ready() was not
 *   running       ready() was called with FAIRLEAD_OK; requests come
 *   quiescing     quiesce() was called: no new requests, what is owed goes on
 *   quiesced      nothing is owed any more, or the drain deadline passed
 *   stopped       stop() returned
 *
 * GROWTH within version 1: fields and function slots are only appended, new flag bits mean nothing
 * when zero, new event kinds may appear (ignore those you do not know). A struct's first member says
 * how much of it the other side has: test with FAIRLEAD_HAS() before reading a later field.
 */
#ifndef FAIRLEAD_PLUGIN_H
#define FAIRLEAD_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FAIRLEAD_ABI_MAJOR 1
#define FAIRLEAD_ABI_MINOR 0

/* Calling convention of every function that crosses the border (empty on today's platforms). */
#define FAIRLEAD_CALL
/* Put before the entry function: the one symbol that a connector exports. */
#if defined(__GNUC__)
#define FAIRLEAD_EXPORT __attribute__((visibility("default"), used))
#else
#define FAIRLEAD_EXPORT
#endif

/* True when `field` of *ptr (a size-prefixed struct of `type`) was filled in by the other side. */
#define FAIRLEAD_HAS(ptr, type, field)                                                             \
	((ptr)->struct_size >= offsetof(type, field) + sizeof((ptr)->field))

/* ---- values ---- */

typedef int32_t fairlead_status; /* 0 done, > 0 outcome, < 0 error */
#define FAIRLEAD_OK 0
#define FAIRLEAD_PENDING 1           /* accepted; the terminal call or event comes later */
#define FAIRLEAD_E_INVAL (-1)        /* an argument breaks this contract */
#define FAIRLEAD_E_UNSUPPORTED (-2)  /* the other side does not offer this */
#define FAIRLEAD_E_STALE (-3)        /* the id is finished, foreign or forged */
#define FAIRLEAD_E_DENIED (-4)       /* not asked for in the manifest, or not granted */
#define FAIRLEAD_E_AGAIN (-5)        /* a limit is reached; try later */
#define FAIRLEAD_E_TIMEOUT (-6)      /* the deadline passed */
#define FAIRLEAD_E_UPSTREAM (-7)     /* the peer failed or could not be reached */
#define FAIRLEAD_E_INTERNAL (-8)     /* none of the above; the detail says what */
#define FAIRLEAD_E_CANCELLED (-9)    /* withdrawn before it was done */
#define FAIRLEAD_E_TOO_LARGE (-10)   /* over a size limit */
#define FAIRLEAD_E_NOT_FOUND (-11)   /* no such key */
#define FAIRLEAD_E_CONFLICT (-12)    /* the compared version differs */

typedef uint64_t fairlead_id; /* epoch and slot, never a pointer; 0 is none */

typedef struct fairlead_str { /* borrowed bytes; p may be NULL when n is 0 */
	const char *p;
	size_t n;
} fairlead_str;

typedef struct fairlead_kv { /* a header field, a log field, ... */
	fairlead_str k;
	fairlead_str v;
} fairlead_kv;

typedef struct fairlead_inst fairlead_inst; /* the connector's own; the host never looks inside */

/* ---- requests ---- */

/* One request. Everything it points to lives until the connector's terminal call for `id`. */
typedef struct fairlead_request {
	uint32_t struct_size;
	uint32_t flags; /* none defined yet */
	fairlead_id id;
	fairlead_str route;  /* name of the matched route */
	fairlead_str action; /* name of the action in the manifest */
	fairlead_str method; /* HTTP method, e.g. "POST" */
	fairlead_str path;   /* canonical path, percent-encoded, begins with "/" */
	fairlead_str query;  /* raw query without "?", may be empty */
	fairlead_str body;
	const fairlead_kv *headers; /* names in lower case; hop-by-hop fields, credentials and
				     * spoofable fields already removed */
	size_t headers_n;
	fairlead_str principal;   /* who calls: consumer name, empty when anonymous */
	fairlead_str tenant;      /* empty when there is none */
	fairlead_str traceparent; /* W3C Trace Context of the gateway's span */
	uint64_t deadline_ns;     /* monotonic, same clock as fairlead.timer/1; 0: none */
	uint32_t attempt;         /* 1 for the first try */
	uint32_t reserved0;
	const fairlead_kv *params; /* path parameters in template order, values as in the path,
				    * percent-encoded; "**" is named "**" */
	size_t params_n;
	fairlead_str client; /* address of the caller as text, without port; empty: unknown */
	fairlead_str scheme; /* "http" or "https", as the caller used it; empty: unknown */
	fairlead_str host;   /* host the caller asked for, with port unless it is the default */
} fairlead_request;

/* What went wrong, when http_status >= 400 or for fail(); drives retry and breaker. */
#define FAIRLEAD_CLASS_NONE 0u      /* success, or the caller's own mistake */
#define FAIRLEAD_CLASS_TRANSIENT 1u /* may succeed when tried again */
#define FAIRLEAD_CLASS_PERMANENT 2u /* will not */
#define FAIRLEAD_CLASS_TIMEOUT 3u   /* unknown whether it took effect */
#define FAIRLEAD_CLASS_AUTH 4u      /* the credential for the peer was refused */

/* Copied by the host before reply() returns. All-zero is a fault: http_status must be 200..599. */
typedef struct fairlead_response {
	uint32_t struct_size;
	uint32_t flags; /* none defined yet */
	uint32_t http_status;
	uint32_t error_class; /* FAIRLEAD_CLASS_* */
	const fairlead_kv *headers; /* at most 64; framing and hop-by-hop fields are dropped */
	size_t headers_n;
	fairlead_str body;
} fairlead_response;

/* Why on_cancel() is called. */
#define FAIRLEAD_CANCEL_CLIENT_GONE 1u
#define FAIRLEAD_CANCEL_DEADLINE 2u
#define FAIRLEAD_CANCEL_DRAIN 3u
#define FAIRLEAD_CANCEL_OPERATOR 4u

/* ---- events: the completion of a host operation ---- */

#define FAIRLEAD_EVENT_HTTP 1u  /* payload: fairlead_http_response, see ext/http.h */
#define FAIRLEAD_EVENT_TIMER 2u /* payload: NULL */
#define FAIRLEAD_EVENT_EXEC 3u  /* payload: NULL; status is what run() returned */
#define FAIRLEAD_EVENT_KV 4u    /* payload: fairlead_kv_result, see ext/kv.h */

/* Exactly one per operation id, also when it was cancelled (status FAIRLEAD_E_CANCELLED). */
typedef struct fairlead_event {
	uint32_t struct_size;
	uint32_t kind;
	fairlead_id op;  /* as returned by the host when the operation was started */
	fairlead_id req; /* the request it was started for; 0: none. That request may be over. */
	fairlead_status status;
	uint32_t reserved0;
	const void *payload; /* by kind; borrowed for the call. Status < 0: NULL, unless the kind's
			      * header gives that status a payload. */
} fairlead_event;

/* ---- life of an instance ---- */

#define FAIRLEAD_MODE_INPROC 1u
#define FAIRLEAD_MODE_WORKER 2u
#define FAIRLEAD_MODE_PROBE 3u /* created to be checked: start() will not be called */

typedef struct fairlead_create { /* valid during create() only */
	uint32_t struct_size;
	uint32_t mode; /* FAIRLEAD_MODE_* */
	fairlead_id self; /* who you are in every host call; stale after destroy() */
	uint64_t generation; /* of this instance: counts configurations, not code */
	fairlead_str instance; /* its configured name */
	fairlead_str config_json; /* a JSON object, already checked against the manifest's
				   * config_schema as far as the host supports it; secret
				   * references stand unresolved, as "${secret:NAME}" */
	fairlead_str host_version; /* for logs only; never decide by it */
} fairlead_create;

#define FAIRLEAD_LOG_DEBUG 0u
#define FAIRLEAD_LOG_INFO 1u
#define FAIRLEAD_LOG_WARN 2u
#define FAIRLEAD_LOG_ERROR 3u

/* What the host offers. Constant for the life of the process; never freed. */
typedef struct fairlead_host {
	uint32_t struct_size;
	uint32_t abi_minor;
	/* The function table of extension `id` ("fairlead.http/1", NUL-terminated), constant for
	 * the life of the process; NULL: absent, not asked for in the manifest, or not granted.
	 * [any] */
	const void *(FAIRLEAD_CALL *get_ext)(fairlead_id self, const char *id);
	/* Terminal call: answers request `req`. FAIRLEAD_E_STALE: it owes nothing (any more);
	 * FAIRLEAD_E_INVAL, FAIRLEAD_E_TOO_LARGE: the response cannot be sent, a 502 was, and the
	 * debt is paid. [any & running or quiescing] */
	fairlead_status(FAIRLEAD_CALL *reply)(fairlead_id self, fairlead_id req,
					      const fairlead_response *response);
	/* Terminal call: the request failed. The client gets 504 for FAIRLEAD_E_TIMEOUT, 503 for
	 * FAIRLEAD_E_AGAIN, 400 for FAIRLEAD_E_INVAL, 413 for FAIRLEAD_E_TOO_LARGE, 502 for all
	 * else; `detail` goes to the log, never to the client. [any & running or quiescing] */
	fairlead_status(FAIRLEAD_CALL *fail)(fairlead_id self, fairlead_id req,
					     fairlead_status code, fairlead_str detail);
	/* Never blocks; over 100 lines a second of one instance are dropped and counted.
	 * `req` 0: about no request. At most 16 fields, 2 KiB in all; the rest is cut. [any] */
	void(FAIRLEAD_CALL *log)(fairlead_id self, uint32_t level, fairlead_id req,
				 fairlead_str msg, const fairlead_kv *fields, size_t fields_n);
	/* Ends start(): FAIRLEAD_OK, or an error and why. Once; at the latest 30 s (default)
	 * after start() was called. May be called inside start(). A create() that refuses may
	 * call it too, to say why. [any & starting, or new] */
	fairlead_status(FAIRLEAD_CALL *ready)(fairlead_id self, fairlead_status status,
					      fairlead_str detail);
	/* Says after quiesce() that nothing is left to do beyond what is owed. Once; may be
	 * called inside quiesce(). [any & quiescing] */
	fairlead_status(FAIRLEAD_CALL *drained)(fairlead_id self);
} fairlead_host;

/* What the connector offers: one constant table. Mandatory: create, handle, destroy; with host
 * operations on_event; with fairlead.exec/1 run. The host calls, strictly in this order:
 * create, start, (handle | on_event | on_cancel | run)*, quiesce, (the same, for what is owed)*,
 * stop, destroy. destroy is called exactly once if create succeeded, never otherwise. */
typedef struct fairlead_plugin {
	uint32_t struct_size;
	uint32_t abi_minor; /* FAIRLEAD_ABI_MINOR it was built with */
	const char *id; /* NUL-terminated; as in the manifest */
	const char *version;
	/* Checks the configuration and allocates. No input or output, no host operation but
	 * get_ext and log. Writes *out only when it returns FAIRLEAD_OK; otherwise `ready` may
	 * have been called with the reason, and destroy() is not called. Limit 1 s.
	 * [lifecycle & new] */
	fairlead_status(FAIRLEAD_CALL *create)(const fairlead_host *host,
					       const fairlead_create *args, fairlead_inst **out);
	/* May use host services; ends when host->ready() is called. NULL: ready at once.
	 * [lifecycle & created] */
	fairlead_status(FAIRLEAD_CALL *start)(fairlead_inst *inst);
	/* One request. FAIRLEAD_OK: the terminal call was made. FAIRLEAD_PENDING: it will be.
	 * < 0: refused; no terminal call may follow and the client gets what fail() would give.
	 * [inst & running] */
	fairlead_status(FAIRLEAD_CALL *handle)(fairlead_inst *inst, const fairlead_request *req);
	/* A host operation is complete. [inst & running or quiescing] */
	void(FAIRLEAD_CALL *on_event)(fairlead_inst *inst, const fairlead_event *event);
	/* Nobody waits for `req` any more. At most once, never after the terminal call. The
	 * terminal call is still owed; it has no effect but to pay. NULL: not told; the host
	 * withdraws the fairlead.http/1 operations of `req`, whose events come as E_CANCELLED.
	 * [inst & running or quiescing] */
	void(FAIRLEAD_CALL *on_cancel)(fairlead_inst *inst, fairlead_id req, uint32_t reason);
	/* Blocking work submitted through fairlead.exec/1. [blocking & running or quiescing] */
	fairlead_status(FAIRLEAD_CALL *run)(fairlead_inst *inst, uint64_t work);
	/* No new requests will come; timers are cancelled. Finish, then call host->drained().
	 * NULL: drained when nothing is owed. [lifecycle & running] */
	void(FAIRLEAD_CALL *quiesce)(fairlead_inst *inst, uint64_t deadline_ns);
	/* Nothing is owed any more, or the deadline passed. NULL: nothing to stop. Limit 5 s.
	 * [lifecycle & quiesced] */
	void(FAIRLEAD_CALL *stop)(fairlead_inst *inst);
	/* Frees what create() allocated. Limit 1 s.
	 * [lifecycle & stopped, or created and never started] */
	void(FAIRLEAD_CALL *destroy)(fairlead_inst *inst);
	/* The connector's side of an extension; NULL: none. Pure. [lifecycle & new] */
	const void *(FAIRLEAD_CALL *get_ext)(const char *id);
} fairlead_plugin;

/* The entry. Pure: no side effect, returns the address of a constant table. */
FAIRLEAD_EXPORT const fairlead_plugin *FAIRLEAD_CALL fairlead_plugin_entry_v1(void);

typedef const fairlead_plugin *(FAIRLEAD_CALL *fairlead_plugin_entry_fn)(void);

#ifdef __cplusplus
}
#endif
#endif
