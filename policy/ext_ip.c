/* policy/ext_ip.c - the texts of addresses
 * SPDX-License-Identifier: Apache-2.0
 *
 * IPv4: four numbers without leading zeros. IPv6: groups of one to four hexadecimal digits, `::` at
 * most once and for at least one group, no IPv4 tail, no zone. Both with an optional prefix length.
 */
#include "policy/ext_text.h"

#include <stdio.h>

/* A decimal number of at most three digits without leading zeros, up to `max`. */
static bool small_number(struct fl_str s, unsigned max, unsigned *ret)
{
	uint64_t v;

	if (s.n > 3 || !fl_str_to_u64(s, &v) || v > max || (s.n > 1 && s.p[0] == '0'))
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool read_v4(struct fl_str s, unsigned char *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		struct fl_str rest = FL_STR_NULL, part = fl_str_split(s, '.', &rest);
		unsigned v;

		if ((rest.p == NULL) != (i == 3) || !small_number(part, 255, &v))
			return false;
		bytes[i] = (unsigned char)v;
		s = rest;
	}
	return true;
}

static bool read_group(struct fl_str s, unsigned *ret)
{
	unsigned v = 0;

	if (s.n == 0 || s.n > 4)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		static const char digits[] = "0123456789abcdef";
		char c = s.p[i] >= 'A' && s.p[i] <= 'F' ? (char)(s.p[i] + 32) : s.p[i];
		const char *at = c == '\0' ? NULL : strchr(digits, c);

		if (at == NULL)
			return false;
		v = v * 16 + (unsigned)(at - digits);
	}
	*ret = v;
	return true;
}

/* Groups joined by single colons, none for an empty text. */
static bool read_groups(struct fl_str s, unsigned *groups, size_t max, size_t *ret_n)
{
	size_t n = 0;

	*ret_n = 0;
	if (s.n == 0)
		return true;
	for (struct fl_str rest = FL_STR_NULL;; s = rest) {
		struct fl_str part = fl_str_split(s, ':', &rest);

		if (n == max || !read_group(part, &groups[n]))
			return false;
		n++;
		if (rest.p == NULL)
			break;
	}
	*ret_n = n;
	return true;
}

static bool read_v6(struct fl_str s, unsigned char *bytes)
{
	unsigned head[8], tail[8];
	size_t n_head, n_tail = 0;
	const char *gap = NULL;

	for (size_t i = 0; i + 1 < s.n && gap == NULL; i++)
		if (s.p[i] == ':' && s.p[i + 1] == ':')
			gap = s.p + i;
	struct fl_str before = gap == NULL ? s : fl_str_n(s.p, (size_t)(gap - s.p));

	if (!read_groups(before, head, 8, &n_head))
		return false;
	if (gap == NULL && n_head != 8)
		return false;
	if (gap != NULL && (!read_groups(fl_str_n(gap + 2, s.n - before.n - 2), tail, 8, &n_tail) ||
	                    n_head + n_tail > 7))
		return false;
	memset(bytes, 0, 16);
	for (size_t i = 0; i < n_head; i++) {
		bytes[2 * i] = (unsigned char)(head[i] >> 8);
		bytes[2 * i + 1] = (unsigned char)head[i];
	}
	for (size_t i = 0; i < n_tail; i++) {
		bytes[2 * (8 - n_tail + i)] = (unsigned char)(tail[i] >> 8);
		bytes[2 * (8 - n_tail + i) + 1] = (unsigned char)tail[i];
	}
	return true;
}

bool fl_cedar_ip_read(struct fl_str s, struct fl_cedar_ip *ret)
{
	struct fl_str prefix = FL_STR_NULL, address = fl_str_split(s, '/', &prefix);
	struct fl_cedar_ip ip = {.is_v6 = s.n != 0 && memchr(s.p, ':', s.n) != NULL};
	unsigned max = ip.is_v6 ? 128 : 32, bits = max;

	if (!(ip.is_v6 ? read_v6(address, ip.bytes) : read_v4(address, ip.bytes)) ||
	    (prefix.p != NULL && !small_number(prefix, max, &bits)))
		return false;
	ip.prefix_bits = (uint8_t)bits;
	*ret = ip;
	return true;
}

static unsigned group(const struct fl_cedar_ip *ip, unsigned i)
{
	return (unsigned)ip->bytes[2 * i] << 8 | ip->bytes[2 * i + 1];
}

/* The longest run of zero groups, at least two. */
static void zero_run(const struct fl_cedar_ip *ip, unsigned *ret_from, unsigned *ret_n)
{
	*ret_from = *ret_n = 0;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && group(ip, i + n) == 0)
			n++;
		if (n > 1 && n > *ret_n) {
			*ret_from = i;
			*ret_n = n;
		}
		if (n > 0)
			i += n - 1;
	}
}

void fl_cedar_ip_write(struct fl_buf *out, const struct fl_cedar_ip *ip)
{
	unsigned from, n;

	if (!ip->is_v6) {
		fl_buf_printf(out, "%u.%u.%u.%u", ip->bytes[0], ip->bytes[1], ip->bytes[2],
		              ip->bytes[3]);
	} else {
		zero_run(ip, &from, &n);
		for (unsigned i = 0; i < 8; i++) {
			if (n != 0 && i == from) {
				fl_buf_add_c(out, "::");
				i += n - 1;
				continue;
			}
			fl_buf_printf(out, "%s%x", i == 0 || (n != 0 && i == from + n) ? "" : ":",
			              group(ip, i));
		}
	}
	if (ip->prefix_bits != (ip->is_v6 ? 128 : 32))
		fl_buf_printf(out, "/%u", ip->prefix_bits);
}
