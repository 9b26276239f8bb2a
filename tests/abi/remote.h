/* tests/abi/remote.h - the parent of a connector in a child process
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_ABI_REMOTE_H
#define FL_TESTS_ABI_REMOTE_H

#include <sys/types.h>

#include "plugin-api/conform/wire.h"

struct remote { /* one child; calls of its host since the last command */
	int fd;
	pid_t pid;
	uint64_t next_id;
	fairlead_status ready;
	int is_drained;
	struct wire_in answer, http; /* last WIRE_REPLY or WIRE_FAIL; last WIRE_HTTP_SEND */
	int has_answer, has_http;
	unsigned answers;
};

/* Starts build/conform_child for a connector. 0, or -1. */
int remote_open(struct remote *r, const char *connector);
/* Sends a command (out from wire_begin()) and reads frames until its result. 0 and *ret, or -1 when
 * the child died or broke the protocol. */
int remote_call(struct remote *r, struct wire_out *out, enum wire_type type, fairlead_status *ret);
/* A command without arguments. */
int remote_simple(struct remote *r, enum wire_type type, fairlead_status *ret);
/* Closes the socket; the exit status of the child. */
int remote_close(struct remote *r);

#endif
