/* gateway/auth/replay.h - deliveries that have been let in
 * SPDX-License-Identifier: Apache-2.0
 *
 * So that a copy of one is let in no second time. One for the process: it outlives configurations.
 * Of a delivery a hash of 16 bytes is kept, keyed with auth.key, until its time is over. Room is for
 * FL_REPLAY_ENTRIES at once: 400 a second at ten minutes each. Above that the one that would be
 * forgotten first is forgotten early, and counted.
 */
#ifndef FL_GATEWAY_AUTH_REPLAY_H
#define FL_GATEWAY_AUTH_REPLAY_H

#include "gateway/auth/auth_key.h"

#define FL_REPLAY_ENTRIES (256u << 10)
#define FL_REPLAY_HASH_BYTES 16u

struct fl_replay;

struct fl_replay_hash {
	unsigned char bytes[FL_REPLAY_HASH_BYTES];
};

/* 6 MiB, of which the system gives what is used. [control] */
FL_MUST_USE int fl_replay_create(const struct fl_auth_key *key, struct fl_replay **ret,
                                 struct fl_error *err);
struct fl_replay *fl_replay_destroy(struct fl_replay *replay); /* accepts NULL; returns NULL */
/* `source` and `event` together name a delivery. [any] */
void fl_replay_hash(const struct fl_replay *replay, struct fl_str source, struct fl_str event,
                    struct fl_replay_hash *ret);
/* True: it was not there, and is until `until_s`. Of many that ask at once for the same hash one
 * gets true. Times are in seconds since 1970. [any] a short lock that hashes by chance share */
bool fl_replay_enter(struct fl_replay *replay, const struct fl_replay_hash *hash, uint64_t now_s,
                     uint64_t until_s);
/* It may come again: what became of it was a failure. [any] the same lock */
void fl_replay_leave(struct fl_replay *replay, const struct fl_replay_hash *hash);
/* Tells what entered, or left (`until_s` 0), since the last call; with `of_all` also what entered
 * before. What left and made room at once for another is not told. `tell` is called with a lock
 * held. [one thread at a time] */
typedef void (*fl_replay_fn)(void *ctx, const struct fl_replay_hash *hash, uint64_t until_s);
void fl_replay_changes(struct fl_replay *replay, bool of_all, fl_replay_fn tell, void *ctx);
/* How many were forgotten early. [any] */
uint64_t fl_replay_crowded(const struct fl_replay *replay);

#endif
