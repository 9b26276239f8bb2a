/* gateway/auth/replay_file.h - data_dir/deliveries: what was let in before a restart
 * SPDX-License-Identifier: Apache-2.0
 *
 * A thread adds once a second what is new, and has it put on the disk. So a crash, of the process or
 * of the machine, loses the last second at most: a copy of a delivery of that second is let in again.
 * An orderly end loses nothing. The file is written anew, without what is over, at each start and
 * when it has grown to FL_REPLAY_FILE_MAX. It holds keyed hashes and times, nothing of the
 * deliveries; with another auth.key they match nothing.
 */
#ifndef FL_GATEWAY_AUTH_REPLAY_FILE_H
#define FL_GATEWAY_AUTH_REPLAY_FILE_H

#include "gateway/auth/replay.h"

#define FL_REPLAY_FILE_MAX (32u << 20)

struct fl_replay_file;

/* Fills `replay`, which outlives it, and starts the thread. A file that is none, or cut off, gives
 * what it has, and what it has not is logged. Codes: file_unwritable, file_unreadable,
 * out_of_memory. [control], blocks on the disk */
FL_MUST_USE int fl_replay_file_open(const char *data_dir, struct fl_replay *replay,
                                    struct fl_replay_file **ret, struct fl_error *err);
/* Writes what is new. Accepts NULL; returns NULL. [control], blocks on the disk */
struct fl_replay_file *fl_replay_file_close(struct fl_replay_file *file);

#endif
