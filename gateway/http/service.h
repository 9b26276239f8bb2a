/* gateway/http/service.h - a small HTTP service on a thread and daemon of its own
 * SPDX-License-Identifier: Apache-2.0
 *
 * For the admin API: guarded like the data plane, but requests come whole, answers may come from any
 * thread, and it starves nobody and is starved by nobody. Connections and bodies are bounded.
 */
#ifndef FL_GATEWAY_HTTP_SERVICE_H
#define FL_GATEWAY_HTTP_SERVICE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "gateway/config/model.h"
#include "gateway/outbound/client.h"
#include "gateway/route/table.h"

struct fl_service;

/* One request; everything lives until fl_service_reply(). */
struct fl_service_call {
	struct fl_service *service;
	struct fl_arena *arena; /* [thread that holds the call] scratch until the reply */
	enum fl_method method;
	struct fl_str path; /* canonical: as received, refused unless canonical; without query */
	struct fl_str query;
	struct fl_str host; /* as received */
	const struct fl_header *headers; /* lower-case names; hop-by-hop removed */
	size_t headers_n;
	struct fl_str body;
	struct fl_str client; /* address as text; "unix" on a Unix socket */
	bool is_unix;
	uint32_t peer_uid; /* of a Unix socket's peer */
};

struct fl_service_reply {
	uint32_t status;
	const struct fl_header *headers; /* besides framing; copied */
	size_t headers_n;
	struct fl_str body; /* copied */
};

/* [service thread] Answers with fl_service_reply(), now or later. Must not block. */
typedef void (*fl_service_handler_fn)(void *ctx, struct fl_service_call *call);

struct fl_service_config {
	const struct fl_cfg_strings *listen; /* "127.0.0.1:8901", "unix:/path" (made 0660) */
	uint64_t max_body_bytes, max_connections;
	fl_service_handler_fn handler;
	void *ctx;
};

FL_MUST_USE int fl_service_create(const struct fl_service_config *config, struct fl_service **ret,
				  struct fl_error *err);
FL_MUST_USE int fl_service_start(struct fl_service *service, struct fl_error *err);
uint16_t fl_service_port(const struct fl_service *service, size_t i); /* 0 for Unix sockets */
/* The value of a header, or {NULL,0}. */
struct fl_str fl_service_header(const struct fl_service_call *call, const char *lower_name);
/* Exactly once per call; the call is invalid afterwards. [any] */
void fl_service_reply(struct fl_service_call *call, const struct fl_service_reply *reply);
/* Every call must have been answered. Joins the thread. */
void fl_service_stop(struct fl_service *service);
struct fl_service *fl_service_destroy(struct fl_service *service);

#endif
