/* tests/unit/outbound/peer.h - a server that misbehaves on request, in a thread
 * SPDX-License-Identifier: Apache-2.0
 *
 * The path of a request says what the peer does; see the table in peer.c. One thread a connection.
 */
#ifndef FL_TESTS_UNIT_OUTBOUND_PEER_H
#define FL_TESTS_UNIT_OUTBOUND_PEER_H

#include <stdatomic.h>

struct peer;

struct peer_counts {
	atomic_uint connections, requests, open;
};

/* Listens on an ephemeral port of 127.0.0.1. */
struct peer *peer_start(void);
/* Ends all connections and joins all threads. */
void peer_stop(struct peer *peer);
unsigned peer_port(const struct peer *peer);
const struct peer_counts *peer_counts(const struct peer *peer);

#endif
