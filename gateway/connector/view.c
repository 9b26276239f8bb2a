/* gateway/connector/view.c - private: a request copied for another thread
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/view.h"

#include <stdlib.h>

static const size_t strings[] = {
    offsetof(fairlead_request, route), offsetof(fairlead_request, action),
    offsetof(fairlead_request, method), offsetof(fairlead_request, path),
    offsetof(fairlead_request, query), offsetof(fairlead_request, body),
    offsetof(fairlead_request, principal), offsetof(fairlead_request, tenant),
    offsetof(fairlead_request, traceparent), offsetof(fairlead_request, client),
    offsetof(fairlead_request, scheme), offsetof(fairlead_request, host),
};

static fairlead_str *string_at(fairlead_request *r, size_t i)
{
	return (fairlead_str *)(void *)((char *)r + strings[i]);
}

static size_t bytes_of(const fairlead_kv *kv, size_t n)
{
	size_t bytes = n * sizeof *kv;

	for (size_t i = 0; i < n; i++)
		bytes += kv[i].k.n + kv[i].v.n;
	return bytes;
}

static void move_string(fairlead_str *s, char **at)
{
	if (s->n > 0)
		memcpy(*at, s->p, s->n);
	s->p = *at;
	*at += s->n;
}

static const fairlead_kv *move_pairs(const fairlead_kv *from, size_t n, fairlead_kv *to, char **at)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = from[i];
		move_string(&to[i].k, at);
		move_string(&to[i].v, at);
	}
	return to;
}

struct fl_view *fl_view_copy(const fairlead_request *request)
{
	size_t bytes = sizeof(struct fl_view) + bytes_of(request->headers, request->headers_n) +
		       bytes_of(request->params, request->params_n);
	fairlead_request r = *request;
	struct fl_view *view;
	fairlead_kv *pairs;
	char *at;

	for (size_t i = 0; i < FL_ARRAY_LEN(strings); i++)
		bytes += string_at(&r, i)->n;
	view = malloc(bytes);
	if (!view)
		return NULL;
	pairs = (fairlead_kv *)(void *)(view + 1);
	at = (char *)(pairs + r.headers_n + r.params_n);
	r.headers = move_pairs(request->headers, r.headers_n, pairs, &at);
	r.params = move_pairs(request->params, r.params_n, pairs + r.headers_n, &at);
	for (size_t i = 0; i < FL_ARRAY_LEN(strings); i++)
		move_string(string_at(&r, i), &at);
	view->request = r;
	return view;
}
