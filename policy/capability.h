/* policy/capability.h - what attributes and tags are known to be there
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sets are immutable lists that share their tails. When the arena is full a set comes out too
 * small, which makes the validator refuse more, never less; its caller looks at the arena.
 */
#ifndef FL_POLICY_CAPABILITY_H
#define FL_POLICY_CAPABILITY_H

#include "policy/typecheck.h"

bool fl_cedar_caps_have(const struct fl_cedar_capability *caps,
                        const struct fl_cedar_capability *wanted);
/* `caps` and `cap`. */
const struct fl_cedar_capability *fl_cedar_caps_add(struct fl_arena *arena,
                                                    const struct fl_cedar_capability *caps,
                                                    struct fl_cedar_capability cap);
/* What is in both. */
const struct fl_cedar_capability *fl_cedar_caps_both(struct fl_arena *arena,
                                                     const struct fl_cedar_capability *a,
                                                     const struct fl_cedar_capability *b);

#endif
