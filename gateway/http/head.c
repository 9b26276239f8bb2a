/* gateway/http/head.c - what of a request's head goes on, and in what form
 * SPDX-License-Identifier: Apache-2.0
 *
 * The fields are copied into the request's arena in one piece and cut there: a call may outlive its
 * connection. Dropped are fields of this hop, those that Connection names (of the client's own: the
 * gateway adds its fields later), and those by which a caller could pretend to be the gateway or a
 * proxy; what a trusted proxy says is taken into `client` and `scheme` first.
 */
#include "gateway/http/internal.h"

#include "gateway/outbound/field.h"

/* Most requests say "keep-alive" or nothing. */
static bool names_fields(const struct fl_guard_request *seen)
{
	struct fl_str value = fl_str_trim(seen->connection);

	return seen->connections_n > 1 ||
	       (seen->connections_n == 1 && !fl_str_eq_nocase(value, FL_STR("keep-alive")) &&
	        !fl_str_eq_nocase(value, FL_STR("close")));
}

static bool is_nominated(const struct fl_guard_head *head, struct fl_str name)
{
	for (size_t i = 0; i < head->fields_n; i++)
		if (fl_str_eq_nocase(head->fields[i].name, FL_STR("connection")) &&
		    fl_outbound_field_is_listed(head->fields[i].value, name))
			return true;
	return false;
}

static void to_lower(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)fl_guard_lower[(unsigned char)p[i]];
}

static struct fl_str without_tail(const char *p, size_t n)
{
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	return fl_str_n(p, n);
}

static void take_host(struct fl_request *req, struct fl_str host)
{
	char *name = fl_arena_alloc(&req->arena, host.n);

	req->host = host;
	if (!name || !fl_guard_split_host(host, &req->host_name))
		return;
	for (size_t i = 0; i < req->host_name.n; i++) {
		char c = host.p[i];

		name[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	req->host_name.p = name;
}

/* Copies the block of fields and lists those that stay. */
static void take_fields(struct fl_request *req, const struct fl_guard_head *head,
                        const struct fl_guard_request *seen)
{
	const char *from = head->version + 10;
	size_t n = head->head_bytes - (size_t)(from - head->method);
	char *to = fl_arena_alloc(&req->arena, n);
	fairlead_kv *kv = fl_arena_alloc(&req->arena, (head->fields_n + 1) * sizeof *kv);
	bool has_nominated = names_fields(seen);

	if (!to || !kv)
		return;
	memcpy(to, from, n);
	req->headers = kv;
	for (size_t i = 0; i < head->fields_n; i++) {
		const struct fl_guard_field *f = &head->fields[i];
		char *name = to + (f->name.p - from);
		struct fl_str value = without_tail(to + (f->value.p - from), f->value.n);

		to_lower(name, f->name.n);
		if (fl_outbound_field_is_dropped(fl_str_n(name, f->name.n)) ||
		    (has_nominated && is_nominated(head, f->name)))
			continue;
		*kv++ = (fairlead_kv){{name, f->name.n}, {value.p, value.n}};
	}
	req->headers_n = (size_t)(kv - req->headers);
	if (seen->host.n)
		take_host(req, fl_str_n(to + (seen->host.p - from), seen->host.n));
}

static struct fl_str forwarded_scheme(const struct fl_guard_head *head)
{
	for (size_t i = head->fields_n; i-- > 0;)
		if (fl_str_eq_nocase(head->fields[i].name, FL_STR("x-forwarded-proto")))
			return fl_str_eq_nocase(fl_str_trim(head->fields[i].value), FL_STR("https"))
			           ? FL_STR("https")
			           : FL_STR("http");
	return FL_STR("http");
}

static void take_peer(struct fl_exchange *x, const struct fl_guard_head *head)
{
	const struct fl_peer *peer = &x->connection->peer;
	struct fl_request *req = &x->req;
	char text[46];
	size_t n = 0;

	req->is_trusted_peer = peer->is_trusted;
	req->scheme = FL_STR("http");
	if (peer->is_trusted) {
		n = fl_peer_forwarded(x->worker->http->trusted, head->fields, head->fields_n, text);
		req->scheme = forwarded_scheme(head);
	}
	req->client =
	    fl_arena_str(&req->arena, n ? fl_str_n(text, n) : fl_str_n(peer->text, peer->text_n));
}

bool fl_head_take(struct fl_exchange *x, const struct fl_guard_head *head,
                  const struct fl_guard_request *seen)
{
	struct fl_request *req = &x->req;

	req->method = seen->method;
	req->method_name = fl_str(fl_method_name(seen->method));
	req->raw_path = seen->path;
	req->query = seen->query;
	take_fields(req, head, seen);
	take_peer(x, head);
	return !fl_arena_is_overflown(&req->arena);
}
