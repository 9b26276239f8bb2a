/* plugin-api/conform/wire.c - the connector ABI as frames on a socket
 * SPDX-License-Identifier: Apache-2.0
 */
#include "plugin-api/conform/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- writing ---- */

/* The map's header is map 16: three bytes, filled in by wire_send(). */
void wire_begin(struct wire_out *out)
{
	static const char map16[] = {(char)0xde, 0, 0};

	msgpack_sbuffer_init(&out->body);
	msgpack_packer_init(&out->pack, &out->body, msgpack_sbuffer_write);
	(void)msgpack_sbuffer_write(&out->body, map16, sizeof map16);
	out->fields = 0;
}

static void put_key(struct wire_out *out, enum wire_key key)
{
	(void)msgpack_pack_uint8(&out->pack, (uint8_t)key);
	out->fields++;
}

void wire_put_u64(struct wire_out *out, enum wire_key key, uint64_t v)
{
	put_key(out, key);
	(void)msgpack_pack_uint64(&out->pack, v);
}

void wire_put_i32(struct wire_out *out, enum wire_key key, int32_t v)
{
	put_key(out, key);
	(void)msgpack_pack_int32(&out->pack, v);
}

static void put_bin(struct wire_out *out, fairlead_str s)
{
	(void)msgpack_pack_bin(&out->pack, s.n);
	if (s.n != 0)
		(void)msgpack_pack_bin_body(&out->pack, s.p, s.n);
}

void wire_put_str(struct wire_out *out, enum wire_key key, fairlead_str s)
{
	if (s.n == 0)
		return;
	put_key(out, key);
	put_bin(out, s);
}

void wire_put_kv(struct wire_out *out, enum wire_key key, const fairlead_kv *list, size_t n)
{
	put_key(out, key);
	(void)msgpack_pack_array(&out->pack, 2 * n);
	for (size_t i = 0; i < n; i++) {
		put_bin(out, list[i].k);
		put_bin(out, list[i].v);
	}
}

static void put_le(unsigned char *p, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_le(const unsigned char *p, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = bytes; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static int write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n != 0) {
		ssize_t done = send(fd, at, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

int wire_send(struct wire_out *out, int fd, enum wire_type type, uint64_t id)
{
	unsigned char header[WIRE_HEADER_BYTES] = {0};
	int result = -1;

	if (out->body.size <= WIRE_FRAME_MAX) {
		out->body.data[1] = (char)(out->fields >> 8);
		out->body.data[2] = (char)out->fields;
		put_le(header, out->body.size, 4);
		put_le(header + 4, (uint64_t)type, 2);
		put_le(header + 8, id, 8);
		result = write_all(fd, header, sizeof header);
		if (result == 0)
			result = write_all(fd, out->body.data, out->body.size);
	}
	msgpack_sbuffer_destroy(&out->body);
	return result;
}

/* ---- checking ---- */

struct walk {
	const unsigned char *at, *end;
	uint32_t elements;
};

static int skip_bytes(struct walk *w, uint64_t n)
{
	if (n > (uint64_t)(w->end - w->at))
		return 0;
	w->at += n;
	return 1;
}

/* A big-endian length of `bytes` bytes. */
static int take_length(struct walk *w, size_t bytes, uint64_t *ret)
{
	uint64_t v = 0;

	if ((size_t)(w->end - w->at) < bytes)
		return 0;
	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | *w->at++;
	*ret = v;
	return 1;
}

/* What follows a type byte from 0xc0 on: `fixed` bytes, or a length of `length_bytes` and then that
 * many bytes (plus `fixed`) or elements. 0xc1 and the extension types are refused. */
static const struct {
	uint8_t is_known, length_bytes, fixed, per_element;
} kinds[32] = {
    {1, 0, 0, 0}, {0, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 0, 0}, /* nil, -, false, true */
    {1, 1, 0, 0}, {1, 2, 0, 0}, {1, 4, 0, 0}, {0, 0, 0, 0}, /* bin 8, 16, 32; ext 8 */
    {0, 0, 0, 0}, {0, 0, 0, 0}, {1, 0, 4, 0}, {1, 0, 8, 0}, /* ext 16, 32; float 32, 64 */
    {1, 0, 1, 0}, {1, 0, 2, 0}, {1, 0, 4, 0}, {1, 0, 8, 0}, /* uint 8 to 64 */
    {1, 0, 1, 0}, {1, 0, 2, 0}, {1, 0, 4, 0}, {1, 0, 8, 0}, /* int 8 to 64 */
    {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, /* fixext */
    {0, 0, 0, 0}, {1, 1, 0, 0}, {1, 2, 0, 0}, {1, 4, 0, 0}, /* fixext 16; str 8, 16, 32 */
    {1, 2, 0, 1}, {1, 4, 0, 1}, {1, 2, 0, 2}, {1, 4, 0, 2}, /* array 16, 32; map 16, 32 */
};

/* Reads one type byte and its scalar; *ret_children: how many elements follow as its content. */
static int step(struct walk *w, uint64_t *ret_children)
{
	unsigned char c;
	uint64_t n = 0;

	*ret_children = 0;
	if (w->at == w->end || ++w->elements > WIRE_ELEMENTS_MAX)
		return 0;
	c = *w->at++;
	if (c < 0x80 || c >= 0xe0)
		return 1;
	if (c < 0xa0) {
		n = (c & 0x0f) * (c < 0x90 ? 2u : 1u);
	} else if (c < 0xc0) {
		return skip_bytes(w, c & 0x1f);
	} else {
		if (!kinds[c - 0xc0].is_known || !take_length(w, kinds[c - 0xc0].length_bytes, &n))
			return 0;
		if (kinds[c - 0xc0].per_element == 0)
			return skip_bytes(w, n + kinds[c - 0xc0].fixed);
		n *= kinds[c - 0xc0].per_element;
	}
	*ret_children = n;
	return n <= (uint64_t)(w->end - w->at); /* an element takes a byte at least */
}

int wire_check(const char *p, size_t n)
{
	struct walk w = {(const unsigned char *)p, (const unsigned char *)p + n, 0};
	uint64_t left[WIRE_DEPTH_MAX] = {1};
	size_t depth = 1;

	if (n == 0 || !((w.at[0] & 0xf0) == 0x80 || w.at[0] == 0xde || w.at[0] == 0xdf))
		return 0;
	while (depth != 0) {
		uint64_t children;

		if (left[depth - 1] == 0) {
			depth--;
			continue;
		}
		left[depth - 1]--;
		if (!step(&w, &children))
			return 0;
		if (children == 0)
			continue;
		if (depth == WIRE_DEPTH_MAX)
			return 0;
		left[depth++] = children;
	}
	return w.at == w.end;
}

/* ---- reading ---- */

/* 0; 1: closed before the first byte; -1: closed or failed later. */
static int read_all(int fd, void *p, size_t n)
{
	char *at = p;
	size_t done = 0;

	while (done < n) {
		ssize_t got = recv(fd, at + done, n - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return done == 0 && got == 0 ? 1 : -1;
		done += (size_t)got;
	}
	return 0;
}

int wire_receive(int fd, struct wire_in *ret)
{
	unsigned char header[WIRE_HEADER_BYTES];
	struct wire_in in = {.type = 0};
	size_t at = 0;
	int result = read_all(fd, header, sizeof header);

	if (result != 0)
		return result;
	in.len = (uint32_t)get_le(header, 4);
	in.type = (uint16_t)get_le(header + 4, 2);
	in.flags = (uint16_t)get_le(header + 6, 2);
	in.id = get_le(header + 8, 8);
	if (in.len == 0 || in.len > WIRE_FRAME_MAX)
		return -1;
	in.bytes = malloc(in.len);
	if (in.bytes == NULL)
		return -1;
	msgpack_unpacked_init(&in.unpacked);
	if (read_all(fd, in.bytes, in.len) != 0 || !wire_check(in.bytes, in.len) ||
	    msgpack_unpack_next(&in.unpacked, in.bytes, in.len, &at) != MSGPACK_UNPACK_SUCCESS) {
		wire_free(&in);
		return -1;
	}
	*ret = in;
	return 0;
}

void wire_free(struct wire_in *in)
{
	msgpack_unpacked_destroy(&in->unpacked);
	free(in->bytes);
	in->bytes = NULL;
}

static const msgpack_object *find(const struct wire_in *in, enum wire_key key)
{
	const msgpack_object_map *map = &in->unpacked.data.via.map;

	for (uint32_t i = 0; i < map->size; i++)
		if (map->ptr[i].key.type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
		    map->ptr[i].key.via.u64 == (uint64_t)key)
			return &map->ptr[i].val;
	return NULL;
}

uint64_t wire_u64(const struct wire_in *in, enum wire_key key)
{
	const msgpack_object *o = find(in, key);

	return o != NULL && o->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? o->via.u64 : 0;
}

int32_t wire_i32(const struct wire_in *in, enum wire_key key)
{
	const msgpack_object *o = find(in, key);

	if (o == NULL || (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER &&
	                  o->type != MSGPACK_OBJECT_NEGATIVE_INTEGER))
		return 0;
	return o->via.i64 < INT32_MIN || o->via.i64 > INT32_MAX ? 0 : (int32_t)o->via.i64;
}

static fairlead_str bytes_of(const msgpack_object *o)
{
	fairlead_str s = {NULL, 0};

	if (o != NULL && o->type == MSGPACK_OBJECT_BIN)
		s = (fairlead_str){o->via.bin.ptr, o->via.bin.size};
	return s;
}

fairlead_str wire_str(const struct wire_in *in, enum wire_key key)
{
	return bytes_of(find(in, key));
}

size_t wire_kv(const struct wire_in *in, enum wire_key key, fairlead_kv list[WIRE_KV_MAX])
{
	const msgpack_object *o = find(in, key);
	size_t n = 0;

	if (o == NULL || o->type != MSGPACK_OBJECT_ARRAY)
		return 0;
	while (n < WIRE_KV_MAX && 2 * n + 1 < o->via.array.size) {
		list[n].k = bytes_of(&o->via.array.ptr[2 * n]);
		list[n].v = bytes_of(&o->via.array.ptr[2 * n + 1]);
		n++;
	}
	return n;
}
