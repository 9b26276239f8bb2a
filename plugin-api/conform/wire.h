/* plugin-api/conform/wire.h - the connector ABI as frames on a socket
 * SPDX-License-Identifier: Apache-2.0
 *
 * A frame is a header of 16 bytes, little-endian { u32 len, u16 type, u16 flags, u64 id }, and
 * `len` bytes of msgpack: one map with small whole numbers as keys. `id` ties an answer to its
 * command. Unknown keys are ignored; unknown types end the session.
 *
 * What the other side sends is hostile until wire_check() walked over it: depth, number of elements
 * and every length are compared with the bytes that are there before anything is allocated
 * (msgpack-c reserves gigabytes for five bytes that claim to be a huge array).
 */
#ifndef FL_PLUGIN_API_CONFORM_WIRE_H
#define FL_PLUGIN_API_CONFORM_WIRE_H

#include <msgpack.h>

#include <fairlead/plugin.h>

#define WIRE_HEADER_BYTES 16u
#define WIRE_FRAME_MAX (UINT32_C(1) << 20) /* bytes after the header */
#define WIRE_DEPTH_MAX 16u
#define WIRE_ELEMENTS_MAX 4096u
#define WIRE_KV_MAX 128u

enum wire_type {
	/* commands to the child: its callbacks; each is answered with WIRE_RESULT */
	WIRE_CREATE = 1,
	WIRE_START,
	WIRE_HANDLE,
	WIRE_EVENT,
	WIRE_CANCEL,
	WIRE_RUN,
	WIRE_QUIESCE,
	WIRE_STOP,
	WIRE_DESTROY,
	/* from the child: the end of a callback, and calls of the host */
	WIRE_RESULT = 32,
	WIRE_REPLY,
	WIRE_FAIL,
	WIRE_LOG,
	WIRE_READY,
	WIRE_DRAINED,
	WIRE_HTTP_SEND,
	WIRE_HTTP_CANCEL,
};

enum wire_key {
	WIRE_K_STATUS = 1,
	WIRE_K_REQ,
	WIRE_K_OP,
	WIRE_K_KIND,
	WIRE_K_HTTP_STATUS,
	WIRE_K_HEADERS,
	WIRE_K_BODY,
	WIRE_K_DETAIL,
	WIRE_K_METHOD,
	WIRE_K_PATH,
	WIRE_K_QUERY,
	WIRE_K_ROUTE,
	WIRE_K_ACTION,
	WIRE_K_PARAMS,
	WIRE_K_CLIENT,
	WIRE_K_SCHEME,
	WIRE_K_HOST,
	WIRE_K_PRINCIPAL,
	WIRE_K_TENANT,
	WIRE_K_TRACEPARENT,
	WIRE_K_DEADLINE,
	WIRE_K_ATTEMPT,
	WIRE_K_CONFIG,
	WIRE_K_INSTANCE,
	WIRE_K_GENERATION,
	WIRE_K_URL,
	WIRE_K_CLASS,
	WIRE_K_LEVEL,
	WIRE_K_TIMEOUT,
	WIRE_K_CONNECT_TIMEOUT,
	WIRE_K_MAX_BYTES,
	WIRE_K_ELAPSED,
	WIRE_K_REASON,
	WIRE_K_WORK,
};

/* ---- writing ---- */

struct wire_out {
	msgpack_sbuffer body;
	msgpack_packer pack;
	uint32_t fields; /* patched into the map's header when sent */
};

void wire_begin(struct wire_out *out);
void wire_put_u64(struct wire_out *out, enum wire_key key, uint64_t v);
void wire_put_i32(struct wire_out *out, enum wire_key key, int32_t v);
/* Empty strings are left out. */
void wire_put_str(struct wire_out *out, enum wire_key key, fairlead_str s);
void wire_put_kv(struct wire_out *out, enum wire_key key, const fairlead_kv *list, size_t n);
/* Sends the frame and frees what `out` holds. 0, or -1: too large, or the peer is gone. */
int wire_send(struct wire_out *out, int fd, enum wire_type type, uint64_t id);

/* ---- reading ---- */

struct wire_in { /* one received frame; all that was read from it lives until wire_free() */
	uint16_t type, flags;
	uint32_t len;
	uint64_t id;
	char *bytes;
	msgpack_unpacked unpacked;
};

/* Waits for one frame. 0; 1: the peer closed between frames; -1: cut off, or refused. */
int wire_receive(int fd, struct wire_in *ret);
void wire_free(struct wire_in *in);
/* Is this one msgpack map within the limits? Allocates nothing. */
int wire_check(const char *p, size_t n);
/* The value under a key; 0 or empty when it is absent or of another kind. */
uint64_t wire_u64(const struct wire_in *in, enum wire_key key);
int32_t wire_i32(const struct wire_in *in, enum wire_key key);
fairlead_str wire_str(const struct wire_in *in, enum wire_key key);
/* Fills at most WIRE_KV_MAX pairs; returns their number. */
size_t wire_kv(const struct wire_in *in, enum wire_key key, fairlead_kv list[WIRE_KV_MAX]);

#endif
