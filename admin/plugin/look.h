/* admin/plugin/look.h - what stands in a connector file, read without mapping or running it
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bytes come from outside: every offset and count is compared with what is there. What is wrong
 * becomes a problem with a hint; only when the file is no ELF file of this machine at all is the
 * rest left out. The gateway checks again, and more, when it loads.
 */
#ifndef FL_ADMIN_PLUGIN_LOOK_H
#define FL_ADMIN_PLUGIN_LOOK_H

#include "base/error.h"

struct fl_look { /* strings borrowed from the file or manifest; empty: not there */
	struct fl_str manifest;
	size_t manifests;          /* how many sections have its name */
	struct fl_str id, version; /* of the manifest, as in the JSON text */
	uint64_t abi_major, abi_min_minor;
	struct fl_str note_id, note_version;
	uint32_t note_major, note_minor;
	bool has_note, has_entry;
};

/* Fills what it finds, but does not look into the manifest. */
void fl_look_file(struct fl_str file, struct fl_look *ret, struct fl_problems *problems);
/* Reads id, version and abi out of ret->manifest. */
void fl_look_manifest(struct fl_look *ret, struct fl_problems *problems);
/* Do manifest and note name the same connector? */
void fl_look_compare(const struct fl_look *look, struct fl_problems *problems);

#endif
