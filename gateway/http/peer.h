/* gateway/http/peer.h - who is at the other end of a connection, and on whose behalf
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_HTTP_PEER_H
#define FL_GATEWAY_HTTP_PEER_H

#include <sys/socket.h>

#include "base/error.h"
#include "gateway/config/model.h"
#include "gateway/http/guard.h"

struct fl_address { /* IPv4 as ::ffff:a.b.c.d */
	unsigned char bytes[16];
};

struct fl_peer {
	struct fl_address address;
	char text[46]; /* without port; "unix" on a Unix socket */
	size_t text_n;
	bool is_unix, is_trusted;
	uint32_t uid; /* of a Unix socket's peer */
};

/* The proxies that may speak for others: addresses and CIDR blocks. Immutable. */
struct fl_trusted;

/* Error: listen_invalid, naming the entry. NULL `list` trusts nobody. */
FL_MUST_USE int fl_trusted_create(const struct fl_cfg_strings *list, struct fl_trusted **ret,
				  struct fl_error *err);
struct fl_trusted *fl_trusted_destroy(struct fl_trusted *trusted);
bool fl_trusted_has(const struct fl_trusted *trusted, const struct fl_address *address);

/* From an accepted socket. */
void fl_peer_read(int fd, const struct sockaddr *address, const struct fl_trusted *trusted,
		  struct fl_peer *ret);

/* On whose behalf a trusted peer asks: the last address of all X-Forwarded-For fields that is not
 * trusted itself. An entry that is no address ends the search: whoever wrote it is the client.
 * `out` holds the text; returns its length, 0: the peer itself. */
size_t fl_peer_forwarded(const struct fl_trusted *trusted, const struct fl_guard_field *fields,
			 size_t n, char out[46]);

#endif
