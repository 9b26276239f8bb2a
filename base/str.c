/* base/str.c - a borrowed run of bytes with a length
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/str.h"

#include "base/macros.h"

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool fl_str_eq_nocase(struct fl_str a, struct fl_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int fl_str_cmp(struct fl_str a, struct fl_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

struct fl_str fl_str_trim(struct fl_str s)
{
	while (s.n != 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n != 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

struct fl_str fl_str_split(struct fl_str s, char sep, struct fl_str *rest)
{
	const char *at = s.n == 0 ? NULL : memchr(s.p, sep, s.n);

	if (at == NULL) {
		*rest = FL_STR_NULL;
		return s;
	}
	size_t head = (size_t)(at - s.p);

	*rest = fl_str_n(at + 1, s.n - head - 1);
	return fl_str_n(s.p, head);
}

bool fl_str_to_u64(struct fl_str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

/* How many bytes the well-formed sequence at p has; 0 when it is not well-formed. RFC 3629, 4. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	size_t need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n < need)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return need;
}

struct fl_str fl_str_cut(struct fl_str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return fl_str_n(s.p, max);
}

bool fl_str_is_utf8(struct fl_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n;) {
		size_t step = utf8_sequence(p + i, s.n - i);

		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

#define NEAREST_MAX 48u

static size_t distance(struct fl_str a, struct fl_str b)
{
	unsigned char row[NEAREST_MAX + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned char diagonal = row[0];

		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned char above = row[j];
			unsigned char best =
			    (unsigned char)(diagonal + (lower(a.p[i - 1]) != lower(b.p[j - 1])));

			if (above + 1 < best)
				best = (unsigned char)(above + 1);
			if (row[j - 1] + 1 < best)
				best = (unsigned char)(row[j - 1] + 1);
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b.n];
}

void fl_nearest_init(struct fl_nearest *nearest, struct fl_str word)
{
	*nearest = (struct fl_nearest){
	    .word = word,
	    .distance = word.n > NEAREST_MAX ? 0 : word.n < 4 ? 2 : word.n / 3 + 2,
	};
}

void fl_nearest_try(struct fl_nearest *nearest, struct fl_str candidate)
{
	size_t d;

	if (nearest->distance == 0 || candidate.n > NEAREST_MAX)
		return;
	d = distance(nearest->word, candidate);
	if (d < nearest->distance) {
		nearest->best = candidate;
		nearest->distance = d;
	}
}

const char *fl_str_nearest(struct fl_str s, const char *const *candidates, size_t n)
{
	struct fl_nearest nearest;

	fl_nearest_init(&nearest, s);
	for (size_t i = 0; i < n; i++)
		fl_nearest_try(&nearest, fl_str(candidates[i]));
	return nearest.best.p;
}
