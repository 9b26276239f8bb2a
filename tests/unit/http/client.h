/* tests/unit/http/client.h - a client that sends bytes and reads answers
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every wait ends after CLIENT_WAIT_MS, and then fails the test.
 */
#ifndef FL_TESTS_UNIT_HTTP_CLIENT_H
#define FL_TESTS_UNIT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CLIENT_WAIT_MS 10000

struct client {
	int fd;
	char *bytes; /* received, not yet taken */
	size_t n, cap;
};

struct answer {
	unsigned status; /* 0: the connection ended instead */
	char head[65536];
	char *body; /* NUL-terminated; freed by the next client_read() into it, or answer_fini() */
	size_t body_n;
	bool says_close;
};

struct client client_open(uint16_t port);
struct client client_open_unix(const char *path);
void client_close(struct client *c);
void client_send(struct client *c, struct fl_str bytes);
/* In pieces of `step` bytes, each a segment of its own. Stops early when the peer has closed. */
void client_send_pieces(struct client *c, struct fl_str bytes, size_t step);
/* The next answer; `is_head`: it has no body, whatever it says. */
void client_read(struct client *c, bool is_head, struct answer *ret);
/* True when the peer closes (or resets) and nothing more comes. */
bool client_is_closed(struct client *c);
/* True when the connection is still open and silent right now. */
bool client_is_open(const struct client *c);
/* True when neither bytes nor the end came for so long. */
bool client_hears_nothing(const struct client *c, int wait_ms);
void answer_fini(struct answer *a);
/* The value of a header of the answer, or an empty string. */
struct fl_str answer_header(const struct answer *a, const char *name);

#endif
