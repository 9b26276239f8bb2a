/* gateway/connector/note.h - the ELF notes of a connector: who it is, which build
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONNECTOR_NOTE_H
#define FL_GATEWAY_CONNECTOR_NOTE_H

#include "gateway/connector/elf.h"

struct fl_note {
	bool is_there; /* the note that FAIRLEAD_NOTE() writes (fairlead/note.h) */
	uint32_t abi_major, abi_minor;
	struct fl_str id, version;
	struct fl_str build_id; /* GNU build id, raw; empty: none */
};

/* Reads the PT_NOTE segments, which survive strip. Problems: note_missing, note_malformed,
 * abi_major. */
void fl_note_read(const struct fl_elf *elf, struct fl_note *ret, struct fl_problems *problems);

#endif
