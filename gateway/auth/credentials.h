/* gateway/auth/credentials.h - whose API key is this?
 * SPDX-License-Identifier: Apache-2.0
 *
 * The credentials of a configuration, compiled; immutable, part of a snapshot. What is looked up is
 * the keyed hash of what the caller sent, so how long it takes says nothing of keys: without
 * auth.key nobody can choose hashes. Known or not, over or not: the way through memory is the same;
 * `make bench-authenticate` measures it.
 */
#ifndef FL_GATEWAY_AUTH_CREDENTIALS_H
#define FL_GATEWAY_AUTH_CREDENTIALS_H

#include "gateway/auth/api_key.h"
#include "gateway/config/model.h"

struct fl_credentials;

/* `config` and `key` must outlive it. A hash that was made with another auth.key is in nobody's
 * hands and is told as a warning, credential_foreign. NULL: no memory (told). [control] */
struct fl_credentials *fl_credentials_build(const struct fl_config *config,
                                            const struct fl_auth_key *key,
                                            struct fl_problems *problems);
struct fl_credentials *
fl_credentials_destroy(struct fl_credentials *credentials); /* accepts NULL */
/* NULL: it is no key, not known, or was good until before `wall_ns`. The consumer is the
 * configuration's. [any] no memory, no lock, no system call. */
const struct fl_cfg_consumer *fl_credentials_find(const struct fl_credentials *credentials,
                                                  struct fl_str api_key, uint64_t wall_ns);
/* The same of "USER:PASSWORD": of `basic` credentials only. */
const struct fl_cfg_consumer *fl_credentials_find_basic(const struct fl_credentials *credentials,
                                                        struct fl_str pair, uint64_t wall_ns);

#endif
