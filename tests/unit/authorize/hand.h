/* tests/unit/authorize/hand.h - a bundle made by hand: policies as they are, no schema
 * SPDX-License-Identifier: Apache-2.0
 *
 * Consumers: "partner" in Group "partners" of Tenant "acme", with the label scope: orders:read;
 * "internal"; "bad", who is suspended. Headers that policies see: x-tenant, x-purpose.
 */
#ifndef FL_TESTS_UNIT_AUTHORIZE_HAND_H
#define FL_TESTS_UNIT_AUTHORIZE_HAND_H

#include "gateway/authorize/decide.h"

extern const struct fl_cfg_consumer hand_consumers[3];

/* Over the routes of `config`, which has those consumers; each is in Api "orders", and the i-th has
 * sensitivity i. Takes the reference to `config`, and gives none back. Policies with
 * @mode("shadow") are shadowed. Fails the program on any problem. */
struct fl_bundle *hand_bundle(struct fl_config *config, const char *policies);
/* All but its config. */
struct fl_bundle *hand_free(struct fl_bundle *bundle);

#endif
