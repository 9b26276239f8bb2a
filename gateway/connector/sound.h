/* gateway/connector/sound.h - private: what the loader believes of a file without looking
 * SPDX-License-Identifier: Apache-2.0
 *
 * ld.so and the unwinder follow addresses and counts of the file unchecked: one damaged byte there
 * takes the process down. So each is compared here with what the file really maps. Damage inside
 * code and constants cannot be seen; that is what digests are for.
 */
#ifndef FL_GATEWAY_CONNECTOR_SOUND_H
#define FL_GATEWAY_CONNECTOR_SOUND_H

#include "gateway/connector/elf.h"

/* Problems: elf_malformed, elf_relocation, elf_textrel, elf_ifunc, elf_static_tls. */
void fl_sound_check(const struct fl_elf *elf, struct fl_problems *problems);
/* Will the address be mapped with all of `flags` (PF_*), and `n` bytes from it? */
FL_MUST_USE bool fl_sound_is_in(const struct fl_elf *elf, uint64_t address, uint64_t n,
                                uint32_t flags);

#endif
