/* gateway/pipeline/ids.c - numbers that nobody else has: request ids, trace ids
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/pipeline/ids.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

int fl_ids_init(struct fl_ids *ids)
{
	ssize_t n;

	do
		n = getrandom(ids->state, sizeof ids->state, 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof ids->state)
		return n < 0 ? -errno : -EIO;
	ids->state[0] |= 1; /* the one state it cannot leave is all zero */
	return 0;
}

static uint64_t rotate(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

uint64_t fl_ids_next(struct fl_ids *ids)
{
	uint64_t *s = ids->state;
	uint64_t result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t fl_ids_next_nonzero(struct fl_ids *ids)
{
	uint64_t v;

	do
		v = fl_ids_next(ids);
	while (v == 0);
	return v;
}

/* Spreads the lowest 8 digits to a byte each and makes them text, all at once. */
static uint64_t hex8(uint32_t v)
{
	uint64_t x = v;

	x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
	x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	/* 1 in each byte that holds 10 or more: those need 'a' - '0' - 10 on top of '0' */
	uint64_t letters = (x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);

	return htobe64(x + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10));
}

char *fl_ids_hex(char *out, uint64_t v, unsigned digits)
{
	uint64_t text[2] = {hex8((uint32_t)(v >> 32)), hex8((uint32_t)v)};

	memcpy(out, (const char *)text + 16 - digits, digits);
	return out + digits;
}

void fl_ids_uuid(struct fl_ids *ids, uint64_t wall_ms, char out[FL_IDS_UUID_LEN])
{
	uint64_t a = fl_ids_next(ids), b = fl_ids_next(ids);

	out = fl_ids_hex(out, wall_ms >> 16, 8);
	*out++ = '-';
	out = fl_ids_hex(out, wall_ms, 4);
	*out++ = '-';
	out = fl_ids_hex(out, UINT64_C(0x7000) | (a & 0x0fff), 4);
	*out++ = '-';
	out = fl_ids_hex(out, UINT64_C(0x8000) | (a >> 12 & 0x3fff), 4);
	*out++ = '-';
	(void)fl_ids_hex(out, b, 12);
}
