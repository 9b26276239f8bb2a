/* fairlead/sdk/reply.h - answers and log lines in one call
 * SPDX-License-Identifier: Apache-2.0
 *
 * Compiled into a connector; no part of the ABI. Each sdk_reply* and sdk_fail is the one terminal
 * call of its request; `return sdk_reply_text(...)` reads well in handle(). [any]
 */
#ifndef FAIRLEAD_SDK_REPLY_H
#define FAIRLEAD_SDK_REPLY_H

#include "json.h"

/* What a connector keeps from create(): who it talks to and who it is. */
typedef struct sdk_self {
	const fairlead_host *host;
	fairlead_id id;
} sdk_self;

static inline fairlead_status sdk_reply(sdk_self self, fairlead_id req, uint32_t http_status,
                                        const fairlead_kv *headers, size_t headers_n,
                                        fairlead_str body)
{
	fairlead_response r;

	memset(&r, 0, sizeof r);
	r.struct_size = sizeof r;
	r.http_status = http_status;
	r.error_class = http_status >= 500 ? FAIRLEAD_CLASS_TRANSIENT : FAIRLEAD_CLASS_NONE;
	r.headers = headers;
	r.headers_n = headers_n;
	r.body = body;
	(void)self.host->reply(self.id, req, &r);
	return FAIRLEAD_OK;
}

/* A body of the given content type. */
static inline fairlead_status sdk_reply_as(sdk_self self, fairlead_id req, uint32_t http_status,
                                           const char *content_type, fairlead_str body)
{
	fairlead_kv header = sdk_kv(sdk_str("content-type"), sdk_str(content_type));

	return sdk_reply(self, req, http_status, &header, 1, body);
}

static inline fairlead_status sdk_reply_text(sdk_self self, fairlead_id req, uint32_t http_status,
                                             const char *text)
{
	return sdk_reply_as(self, req, http_status, "text/plain; charset=utf-8", sdk_str(text));
}

static inline fairlead_status sdk_reply_json(sdk_self self, fairlead_id req, uint32_t http_status,
                                             fairlead_str json)
{
	return sdk_reply_as(self, req, http_status, "application/json", json);
}

/* A problem for the caller to read (RFC 9457). A detail of over about 1 KiB is left out; `title` is
 * short. */
static inline fairlead_status sdk_reply_problem(sdk_self self, fairlead_id req,
                                                uint32_t http_status, const char *title,
                                                fairlead_str detail)
{
	char memory[1536];
	sdk_text t = sdk_text_in(memory, sizeof memory - 8);

	sdk_add_c(&t, "{\"type\":\"about:blank\",\"title\":");
	sdk_add_json(&t, sdk_str(title));
	sdk_add_c(&t, ",\"status\":");
	sdk_add_u64(&t, http_status);
	if (detail.n != 0) {
		size_t before = t.n;

		sdk_add_c(&t, ",\"detail\":");
		sdk_add_json(&t, detail);
		if (t.is_full) /* too long: leave it out */
			t.n = before;
	}
	t.is_full = 0;
	t.cap = sizeof memory;
	sdk_add_c(&t, "}\n");
	return sdk_reply_as(self, req, http_status, "application/problem+json", sdk_text_str(&t));
}

/* The request failed; `detail` goes to the log only. */
static inline fairlead_status sdk_fail(sdk_self self, fairlead_id req, fairlead_status code,
                                       const char *detail)
{
	(void)self.host->fail(self.id, req, code, sdk_str(detail));
	return FAIRLEAD_OK;
}

static inline void sdk_log(sdk_self self, uint32_t level, fairlead_id req, const char *message)
{
	self.host->log(self.id, level, req, sdk_str(message), NULL, 0);
}

/* Tells why create() or start() refuses, and returns the status. */
static inline fairlead_status sdk_refuse(const fairlead_host *host, fairlead_id self,
                                         fairlead_status status, fairlead_str why)
{
	(void)host->ready(self, status, why);
	return status;
}

#endif
