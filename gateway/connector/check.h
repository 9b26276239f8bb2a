/* gateway/connector/check.h - everything that is wrong with a connector file, without running it
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rules of docs/man/fairlead-connector.7. Each refusal has a stable code (elf_*, note_*, abi_*,
 * manifest_*, identity), a sentence and a hint with the compiler or linker flag that mends it. The
 * import rules are a lint, not a border: code in our process can do anything. They exist so that
 * an honest connector does not by accident break what the process shares.
 */
#ifndef FL_GATEWAY_CONNECTOR_CHECK_H
#define FL_GATEWAY_CONNECTOR_CHECK_H

#include "gateway/connector/manifest.h"
#include "gateway/connector/note.h"

#define FL_CONNECTOR_MAX_BYTES ((size_t)64 << 20)

struct fl_connector_file { /* strings borrowed from the file and, once parsed, the manifest */
	struct fl_note note;
	struct fl_str manifest_json;
	struct fl_manifest *manifest; /* NULL: none that could be read */
	bool has_entry;
	bool starts_threads; /* imports pthread_create or the like */
	bool marks_threads;  /* imports what leaves something behind in the calling thread:
	                      * thread-local destructors, thread-specific keys */
};

/* Fills *ret as far as it goes. The connector can be loaded when `problems` got no error.
 * `manifest_json`: takes the place of the one in the file, unless NULL. */
void fl_connector_file_read(struct fl_str file, const struct fl_str *manifest_json,
                            struct fl_connector_file *ret, struct fl_problems *problems);
void fl_connector_file_fini(struct fl_connector_file *file);

/* The ids of the extensions that this host offers ("fairlead.http/1", ...), NULL at the end. */
extern const char *const fl_connector_extensions[];

#endif
