/* gateway/http/peer.c - who is at the other end of a connection, and on whose behalf
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "gateway/http/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

struct block {
	struct fl_address address;
	unsigned bits; /* of 128 */
};

struct fl_trusted {
	size_t n;
	struct block blocks[];
};

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void from_v4(const void *four, struct fl_address *ret)
{
	memcpy(ret->bytes, mapped, sizeof mapped);
	memcpy(ret->bytes + sizeof mapped, four, 4);
}

static bool is_v4(const struct fl_address *address)
{
	return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

/* Writes the shortest usual form; returns its length. */
static size_t print(const struct fl_address *address, char out[46])
{
	const void *from = is_v4(address) ? address->bytes + sizeof mapped : address->bytes;

	if (!inet_ntop(is_v4(address) ? AF_INET : AF_INET6, from, out, 46))
		out[0] = '\0';
	return strlen(out);
}

static bool parse(struct fl_str s, struct fl_address *ret)
{
	char text[46];
	unsigned char four[4];

	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, four) == 1) {
		from_v4(four, ret);
		return true;
	}
	return inet_pton(AF_INET6, text, ret->bytes) == 1;
}

static bool parse_block(struct fl_str s, struct block *ret)
{
	struct fl_str length, address = fl_str_split(s, '/', &length);
	uint64_t bits = 0;

	if (!parse(address, &ret->address))
		return false;
	unsigned most = memchr(address.p, ':', address.n) ? 128 : 32;

	if (!length.p)
		bits = most;
	else if (!fl_str_to_u64(length, &bits) || bits > most)
		return false;
	ret->bits = (unsigned)bits + 128 - most;
	return true;
}

int fl_trusted_create(const struct fl_cfg_strings *list, struct fl_trusted **ret,
                      struct fl_error *err)
{
	size_t n = list ? list->n : 0;
	struct fl_trusted *t = calloc(1, sizeof *t + n * sizeof t->blocks[0]);

	if (!t)
		return -ENOMEM;
	t->n = n;
	for (size_t i = 0; i < n; i++) {
		if (parse_block(list->items[i], &t->blocks[i]))
			continue;
		(void)fl_error_set(err, "listen_invalid",
		                   "server.trusted_proxies: \"%.*s\" is not an address",
		                   FL_STR_ARGS(list->items[i]));
		fl_error_hint(err, "write 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32");
		free(t);
		return -EINVAL;
	}
	*ret = t;
	return 0;
}

struct fl_trusted *fl_trusted_destroy(struct fl_trusted *trusted)
{
	free(trusted);
	return NULL;
}

static bool is_within(const struct fl_address *address, const struct block *block)
{
	unsigned whole = block->bits / 8, rest = block->bits % 8;

	if (memcmp(address->bytes, block->address.bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       ((address->bytes[whole] ^ block->address.bytes[whole]) >> (8 - rest)) == 0;
}

bool fl_trusted_has(const struct fl_trusted *trusted, const struct fl_address *address)
{
	for (size_t i = 0; i < trusted->n; i++)
		if (is_within(address, &trusted->blocks[i]))
			return true;
	return false;
}

void fl_peer_read(int fd, const struct sockaddr *address, const struct fl_trusted *trusted,
                  struct fl_peer *ret)
{
	*ret = (struct fl_peer){.uid = UINT32_MAX};
	if (address->sa_family == AF_INET) {
		from_v4(&((const struct sockaddr_in *)(const void *)address)->sin_addr,
		        &ret->address);
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)address;

		memcpy(ret->address.bytes, &six->sin6_addr, sizeof ret->address.bytes);
	} else {
		struct ucred who;
		socklen_t size = sizeof who;

		ret->is_unix = true;
		memcpy(ret->text, "unix", 5);
		ret->text_n = 4;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0)
			ret->uid = who.uid;
		return;
	}
	ret->text_n = print(&ret->address, ret->text);
	ret->is_trusted = fl_trusted_has(trusted, &ret->address);
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80" */
static bool parse_entry(struct fl_str s, struct fl_address *ret)
{
	const char *end;

	if (s.n > 0 && s.p[0] == '[') {
		end = memchr(s.p, ']', s.n);
		return end && parse(fl_str_n(s.p + 1, (size_t)(end - s.p) - 1), ret);
	}
	end = s.n ? memchr(s.p, ':', s.n) : NULL;
	if (end && !memchr(end + 1, ':', s.n - (size_t)(end - s.p) - 1))
		s.n = (size_t)(end - s.p);
	return parse(s, ret);
}

/* Cuts the last item of a comma-separated list off. */
static struct fl_str take_last(struct fl_str *list)
{
	size_t at = list->n;

	while (at > 0 && list->p[at - 1] != ',')
		at--;
	struct fl_str item = fl_str_n(list->p + at, list->n - at);

	*list = fl_str_n(list->p, at > 0 ? at - 1 : 0);
	if (at == 0)
		list->p = NULL;
	return fl_str_trim(item);
}

size_t fl_peer_forwarded(const struct fl_trusted *trusted, const struct fl_guard_field *fields,
                         size_t n, char out[46])
{
	struct fl_address address;
	size_t out_n = 0;

	for (size_t i = n; i-- > 0;) {
		struct fl_str list = fields[i].value;

		if (!fl_str_eq_nocase(fields[i].name, FL_STR("x-forwarded-for")))
			continue;
		while (list.p) {
			if (!parse_entry(take_last(&list), &address))
				return out_n;
			out_n = print(&address, out);
			if (!fl_trusted_has(trusted, &address))
				return out_n;
		}
	}
	return out_n;
}
