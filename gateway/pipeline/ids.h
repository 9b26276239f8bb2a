/* gateway/pipeline/ids.h - numbers that nobody else has: request ids, trace ids
 * SPDX-License-Identifier: Apache-2.0
 *
 * xoshiro256++ (Blackman, Vigna, 2019) seeded by the kernel, one per worker: a few nanoseconds, no
 * system call. The ids are unique, not secret: whoever sees enough of them can guess the next.
 */
#ifndef FL_GATEWAY_PIPELINE_IDS_H
#define FL_GATEWAY_PIPELINE_IDS_H

#include <stdint.h>

#include "base/macros.h"

#define FL_IDS_UUID_LEN 36u

struct fl_ids {
	uint64_t state[4];
};

/* Seeds; 0 or -errno. */
FL_MUST_USE int fl_ids_init(struct fl_ids *ids);
uint64_t fl_ids_next(struct fl_ids *ids);
/* Never 0: W3C Trace Context has no all-zero id. */
uint64_t fl_ids_next_nonzero(struct fl_ids *ids);
/* A UUID of version 7 (RFC 9562): sorts by time, 74 random bits. No NUL is written. */
void fl_ids_uuid(struct fl_ids *ids, uint64_t wall_ms, char out[FL_IDS_UUID_LEN]);
/* 16 lower-case hexadecimal digits; returns what follows them. */
char *fl_ids_hex(char *out, uint64_t v);

#endif
