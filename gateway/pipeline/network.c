/* gateway/pipeline/network.c - where a request comes from, as limits count it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/stage.h"
#include "policy/ext.h"

/* A household has a /64. */
struct fl_str fl_request_network(struct fl_request *req)
{
	struct fl_cedar_value ip;

	if (fl_cedar_ext_parse(FL_CEDAR_IP, req->client, &req->arena, &ip) != 0)
		return req->client;
	return fl_str_n((const char *)ip.u.ip->bytes, ip.u.ip->is_v6 ? 8 : 4);
}
