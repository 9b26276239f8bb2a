/* gateway/authorize/context.h - private: the `context` of a request to the data plane
 * SPDX-License-Identifier: Apache-2.0
 *
 *	{ now: datetime, amr: Set<String> (["api_key"] or []),
 *	  client: { ip: ipaddr, tls: Bool },
 *	  req: { method, host: String, contentLength, targetBytes, headerBytes: Long,
 *	         hdr: { the headers that the configuration declares, where the request has them } }
 *	}
 *
 * It must be of the type that the bundle's schema gives it. Names are hashed and put in order once
 * a bundle; a request copies the frame and fills it in.
 */
#ifndef FL_GATEWAY_AUTHORIZE_CONTEXT_H
#define FL_GATEWAY_AUTHORIZE_CONTEXT_H

#include "gateway/authorize/decide.h"

/* For the headers of bundle->config->policies; lives in `arena`. NULL: it is full. [control] */
const struct fl_context *fl_context_prepare(const struct fl_cfg_strings *headers,
                                            struct fl_arena *arena);
/* False: the arena is full, or the client's address is none. */
bool fl_context_make(const struct fl_context *frame, const struct fl_decide_request *request,
                     struct fl_arena *scratch, struct fl_cedar_value *ret);

#endif
