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

/* 8 digits. Spreads them to a byte each and makes them text, all at once. */
static char *hex8(char *out, uint32_t v)
{
	uint64_t x = v;

	x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
	x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	/* 1 in each byte that holds 10 or more: those need 'a' - '0' - 10 on top of '0' */
	uint64_t letters = (x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);

	x = htobe64(x + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10));
	memcpy(out, &x, sizeof x);
	return out + sizeof x;
}

char *fl_ids_hex(char *out, uint64_t v)
{
	return hex8(hex8(out, (uint32_t)(v >> 32)), (uint32_t)v);
}

/* "-1234-5678" */
static char *hex4_twice(char *out, uint32_t v)
{
	char digits[8];

	(void)hex8(digits, v);
	out[0] = '-';
	memcpy(out + 1, digits, 4);
	out[5] = '-';
	memcpy(out + 6, digits + 4, 4);
	return out + 10;
}

void fl_ids_uuid(struct fl_ids *ids, uint64_t wall_ms, char out[FL_IDS_UUID_LEN])
{
	uint64_t a = fl_ids_next(ids), b = fl_ids_next(ids);
	uint32_t version = 0x7000 | (a & 0x0fff), variant = 0x8000 | (a >> 12 & 0x3fff);

	out = hex8(out, (uint32_t)(wall_ms >> 16));
	out = hex4_twice(out, (uint32_t)(wall_ms << 16) | version);
	out = hex4_twice(out, variant << 16 | (uint32_t)(a >> 48));
	(void)hex8(out, (uint32_t)b);
}
