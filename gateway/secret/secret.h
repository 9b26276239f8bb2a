/* gateway/secret/secret.h - named secrets in guarded memory
 * SPDX-License-Identifier: Apache-2.0
 *
 * The values live in one block of libsodium's guarded memory: between guard pages, locked where the
 * system lets us, left out of core dumps, read-only once filled, wiped when freed. They come in as
 * a set when a configuration goes live and leave as a set; a reader sees the old or the new set,
 * never half of each. There is deliberately no way to list, print or format a value.
 *
 * Limits: FL_SECRETS_MAX names of FL_SECRET_NAME_MAX bytes, values of FL_SECRET_VALUE_MAX bytes: what
 * tokens and keys need, and little enough that the whole set can be locked.
 */
#ifndef FL_GATEWAY_SECRET_SECRET_H
#define FL_GATEWAY_SECRET_SECRET_H

#include "base/buf.h"
#include "base/error.h"

#define FL_SECRETS_MAX 1024u
#define FL_SECRET_NAME_MAX 128u
#define FL_SECRET_VALUE_MAX (64u << 10)

struct fl_secrets;

struct fl_secret {
	struct fl_str name, value;
};

FL_MUST_USE int fl_secrets_create(struct fl_secrets **ret);
/* Wipes. Nobody may be reading. Accepts NULL. */
struct fl_secrets *fl_secrets_destroy(struct fl_secrets *secrets);
/* The set from now on; the one before is wiped. Copies `set`; wiping the caller's copy is the
 * caller's. On failure (-1) the old set stays; codes "secret_invalid" (empty or too long name or
 * value, a name twice, too many) and "secret_memory". May wait for readers. [any] */
FL_MUST_USE int fl_secrets_replace(struct fl_secrets *secrets, const struct fl_secret *set,
				   size_t n, struct fl_error *err);
/* Appends the value to `out` (which the caller wipes); false when there is no secret of that name
 * or `out` overflowed. `secrets` is a struct fl_secrets *, void so that it is an
 * fl_host_secret_fn. Takes a lock: for requests that do reference a secret. Reserve room in `out`
 * first: growing would leave a copy behind in freed memory. [any] */
bool fl_secrets_append(void *secrets, struct fl_str name, struct fl_buf *out);

#endif
