/* fairlead/sdk/str.h - strings of the connector ABI, made comfortable
 * SPDX-License-Identifier: Apache-2.0
 *
 * Helpers that are compiled into a connector; they are no part of the ABI and may change between
 * releases. Everything is static inline, allocates nothing and is [any].
 */
#ifndef FAIRLEAD_SDK_STR_H
#define FAIRLEAD_SDK_STR_H

#include <string.h>

#include "../plugin.h"

static inline fairlead_str sdk_str_n(const char *p, size_t n)
{
	fairlead_str s;

	s.p = p;
	s.n = n;
	return s;
}

/* From a NUL-terminated string; NULL is empty. The compiler folds strlen() of a literal. */
static inline fairlead_str sdk_str(const char *cstr)
{
	return sdk_str_n(cstr, cstr == NULL ? 0 : strlen(cstr));
}

static inline int sdk_str_eq(fairlead_str a, fairlead_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline int sdk_str_is(fairlead_str a, const char *cstr)
{
	return sdk_str_eq(a, sdk_str(cstr));
}

static inline int sdk_str_starts(fairlead_str s, fairlead_str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* ASCII letters only: HTTP field names. */
static inline int sdk_str_is_nocase(fairlead_str a, const char *lower)
{
	for (size_t i = 0; i < a.n; i++) {
		char c = a.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (lower[i] == '\0' || c != lower[i])
			return 0;
	}
	return lower[a.n] == '\0';
}

static inline fairlead_kv sdk_kv(fairlead_str k, fairlead_str v)
{
	fairlead_kv kv;

	kv.k = k;
	kv.v = v;
	return kv;
}

/* The first value under a name (of a header: in lower case); {NULL, 0} when there is none. */
static inline fairlead_str sdk_find(const fairlead_kv *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (sdk_str_is(list[i].k, name))
			return list[i].v;
	return sdk_str_n(NULL, 0);
}

static inline fairlead_str sdk_header(const fairlead_request *req, const char *lower_name)
{
	return sdk_find(req->headers, req->headers_n, lower_name);
}

/* A parameter of the route's path template. */
static inline fairlead_str sdk_param(const fairlead_request *req, const char *name)
{
	if (!FAIRLEAD_HAS(req, fairlead_request, params_n))
		return sdk_str_n(NULL, 0);
	return sdk_find(req->params, req->params_n, name);
}

/* ---- text that is put together in memory of the caller ---- */

/* Appends until it is full; then `is_full` latches, later appends do nothing, and the writer checks
 * once at the end. */
typedef struct sdk_text {
	char *p;
	size_t n, cap;
	int is_full, reserved0;
} sdk_text;

static inline sdk_text sdk_text_in(char *memory, size_t cap)
{
	sdk_text t;

	t.p = memory;
	t.n = 0;
	t.cap = cap;
	t.is_full = t.reserved0 = 0;
	return t;
}

static inline void sdk_add_n(sdk_text *t, const char *p, size_t n)
{
	if (t->is_full || n > t->cap - t->n) {
		t->is_full = 1;
		return;
	}
	if (n != 0)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

static inline void sdk_add(sdk_text *t, fairlead_str s)
{
	sdk_add_n(t, s.p, s.n);
}

static inline void sdk_add_c(sdk_text *t, const char *cstr)
{
	sdk_add_n(t, cstr, strlen(cstr));
}

static inline void sdk_add_u64(sdk_text *t, uint64_t v)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + v % 10u);
		v /= 10u;
	} while (v != 0);
	sdk_add_n(t, digits + n, sizeof digits - n);
}

static inline fairlead_str sdk_text_str(const sdk_text *t)
{
	return sdk_str_n(t->p, t->n);
}

#endif
