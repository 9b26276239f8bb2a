/* base/str.h - a borrowed run of bytes with a length
 * SPDX-License-Identifier: Apache-2.0
 *
 * struct fl_str never owns memory and is not NUL-terminated. All comparisons are by bytes.
 */
#ifndef FL_BASE_STR_H
#define FL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fl_str {
	const char *p;
	size_t n;
};

#define FL_STR(literal) ((struct fl_str){(literal), sizeof(literal) - 1})
/* The same in the initialiser of a static object. */
#define FL_STR_INIT(literal) {(literal), sizeof(literal) - 1}
#define FL_STR_NULL ((struct fl_str){NULL, 0})
/* For printf: "%.*s", FL_STR_ARGS(s) */
#define FL_STR_ARGS(s) ((int)(s).n), ((s).p ? (s).p : "")

static inline struct fl_str fl_str(const char *cstr)
{
	return (struct fl_str){cstr, cstr ? strlen(cstr) : 0};
}

static inline struct fl_str fl_str_n(const char *p, size_t n)
{
	return (struct fl_str){p, n};
}

static inline bool fl_str_eq(struct fl_str a, struct fl_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool fl_str_is(struct fl_str a, const char *cstr)
{
	return fl_str_eq(a, fl_str(cstr));
}

static inline bool fl_str_starts(struct fl_str s, struct fl_str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* ASCII letters only; for HTTP field names, hosts and tokens. */
bool fl_str_eq_nocase(struct fl_str a, struct fl_str b);
int fl_str_cmp(struct fl_str a, struct fl_str b);
/* Without SP and HTAB at both ends. */
struct fl_str fl_str_trim(struct fl_str s);
/* The part before the first `sep`; *rest is what follows it (NULL when there is no `sep`). */
struct fl_str fl_str_split(struct fl_str s, char sep, struct fl_str *rest);
/* A decimal number that fits; false, *ret untouched, on an empty string, sign, blank or overflow. */
bool fl_str_to_u64(struct fl_str s, uint64_t *ret);
/* At most the first `max` bytes, without a UTF-8 character that would be cut. */
struct fl_str fl_str_cut(struct fl_str s, size_t max);
/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
bool fl_str_is_utf8(struct fl_str s);
/* For "did you mean", one candidate after the other: `best` is the nearest by edit distance so far, or
 * FL_STR_NULL when none is near; borrowed from the caller. */
struct fl_nearest {
	struct fl_str word, best;
	size_t distance; /* what would be too far */
};
void fl_nearest_init(struct fl_nearest *nearest, struct fl_str word);
void fl_nearest_try(struct fl_nearest *nearest, struct fl_str candidate);
/* The nearest of `n` candidates by edit distance for "did you mean", or NULL when none is near. */
const char *fl_str_nearest(struct fl_str s, const char *const *candidates, size_t n);

#endif
