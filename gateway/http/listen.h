/* gateway/http/listen.h - listening sockets
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bound by us, once: SO_REUSEADDR on (a restart need not wait for TIME_WAIT), SO_REUSEPORT off (no
 * other process can share the port). All workers accept from the same socket.
 */
#ifndef FL_GATEWAY_HTTP_LISTEN_H
#define FL_GATEWAY_HTTP_LISTEN_H

#include "base/error.h"
#include "base/str.h"

struct fl_listener {
	int fd;
	uint16_t port; /* 0: a Unix socket */
	char unix_path[108]; /* removed when closed; "": TCP */
};

/* "127.0.0.1:8080", "[::1]:8080"; with `may_be_unix` also "unix:/path", made 0660. A Unix socket
 * that nobody listens on any more is replaced. Errors, with a hint: listen_in_use, listen_denied,
 * listen_invalid. [control] */
FL_MUST_USE int fl_listen_open(struct fl_str text, bool may_be_unix, struct fl_listener *ret,
			       struct fl_error *err);
void fl_listen_close(struct fl_listener *listener);

#endif
