/* fairlead/note.h - the note that names a connector without running it
 * SPDX-License-Identifier: Apache-2.0
 *
 * Put FAIRLEAD_NOTE("com.example.greet", "1.2.0"); once at file scope. It becomes the ELF section
 * .note.fairlead, is mapped as a PT_NOTE, survives strip, and is what the host compares with the
 * manifest and with the function table: the three must name the same connector and version.
 *
 * Layout, all numbers in the byte order of the file:
 *	u32 namesz = 9, u32 descsz, u32 type = FAIRLEAD_NOTE_TYPE
 *	"fairlead" NUL, padded to 12 bytes
 *	u32 ABI major, u32 ABI minor, id NUL version NUL (descsz ends here), padded to 4 bytes
 */
#ifndef FAIRLEAD_NOTE_H
#define FAIRLEAD_NOTE_H

#include "plugin.h"

#define FAIRLEAD_NOTE_OWNER "fairlead"
#define FAIRLEAD_NOTE_TYPE 1u

/* Both arguments are string literals, as in the manifest. */
#define FAIRLEAD_NOTE(id, version)                                                                 \
	static const struct {                                                                      \
		uint32_t namesz, descsz, type;                                                     \
		char owner[12];                                                                    \
		uint32_t major, minor;                                                             \
		char text[(sizeof(id) + sizeof(version) + 3u) / 4u * 4u];                          \
	} fairlead_note_ __attribute__((section(".note.fairlead"), used, aligned(4))) = {          \
	    sizeof(FAIRLEAD_NOTE_OWNER),                                                           \
	    2u * sizeof(uint32_t) + sizeof(id) + sizeof(version),                                  \
	    FAIRLEAD_NOTE_TYPE,                                                                    \
	    FAIRLEAD_NOTE_OWNER,                                                                   \
	    FAIRLEAD_ABI_MAJOR,                                                                    \
	    FAIRLEAD_ABI_MINOR,                                                                    \
	    id "\0" version}

#endif
