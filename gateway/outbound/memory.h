/* gateway/outbound/memory.h - libcurl's memory, kept for the next request
 * SPDX-License-Identifier: Apache-2.0
 *
 * libcurl allocates some thirty blocks a request and frees them again, large ones among them, for
 * which the C library takes its slow paths. Blocks of a few sizes are kept in lists of the calling
 * thread instead: on the threads that asked for it, up to so many bytes for each size, and not in builds
 * with sanitizers, which shall see every block. Private to this folder.
 */
#ifndef FL_GATEWAY_OUTBOUND_MEMORY_H
#define FL_GATEWAY_OUTBOUND_MEMORY_H

#include <stddef.h>

/* curl_global_init() with these functions. 0, or -1. */
int fl_outbound_memory_init(void);
/* This thread keeps blocks from now on, until it ends. Cheap when it does already. */
void fl_outbound_memory_keep(void);
/* Bytes that this thread keeps now; always 0 in builds with sanitizers. For tests. */
size_t fl_outbound_memory_kept(void);

#endif
