/* gateway/connector/elf.h - the parts of an ELF file, read without mapping or running it
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the loader would use is found the way the loader finds it: through the segments and the
 * dynamic table, not through the section headers (those only lead to the manifest). The bytes come
 * from outside: every offset and count is compared with what is there, tables are copied out item
 * by item because nothing says they are aligned. All strings are borrowed from the file.
 */
#ifndef FL_GATEWAY_CONNECTOR_ELF_H
#define FL_GATEWAY_CONNECTOR_ELF_H

#include <elf.h>

#include "base/error.h"

struct fl_elf {
	struct fl_str file;
	Elf64_Ehdr head;
	struct fl_str segments, sections; /* tables of Elf64_Phdr, Elf64_Shdr */
	struct fl_str section_names;
	struct fl_str dynamic;         /* Elf64_Dyn, without DT_NULL and what follows */
	struct fl_str strings;         /* of the dynamic table and its symbols */
	struct fl_str symbols;         /* Elf64_Sym; all that the loader can reach */
	struct fl_str symbol_versions; /* u16, one a symbol; empty: none */
	struct fl_str relocations, plt_relocations; /* Elf64_Rela */
};

/* Reads the tables. False, with problems, when the rest would make no sense: not an ELF file of
 * this machine (elf_magic, elf_machine, elf_type), not all there (elf_truncated), or put together
 * in a way that no linker does (elf_malformed). */
FL_MUST_USE bool fl_elf_open(struct fl_str file, struct fl_elf *ret, struct fl_problems *problems);

/* `n` bytes at an offset of the file; false when they are not all there. */
FL_MUST_USE bool fl_elf_slice(const struct fl_elf *elf, uint64_t offset, uint64_t n,
                              struct fl_str *ret);
/* `n` bytes that will be mapped at an address; false when a segment does not bring them all. */
FL_MUST_USE bool fl_elf_at(const struct fl_elf *elf, uint64_t address, uint64_t n,
                           struct fl_str *ret);
/* Copies item `index` of a table of items of `bytes`; false past the end. */
FL_MUST_USE bool fl_elf_item(struct fl_str table, size_t index, void *to, size_t bytes);
/* The NUL-terminated string at an offset of a string table; empty when it has no end. */
struct fl_str fl_elf_string(struct fl_str table, uint64_t offset);
/* The value of a tag of the dynamic table; false when it is not there. Of several the last, as the
 * loader has it. */
FL_MUST_USE bool fl_elf_tag(const struct fl_elf *elf, int64_t tag, uint64_t *ret);
/* The bytes of the section `name`; *ret_n counts the sections of that name (the first wins). */
struct fl_str fl_elf_section(const struct fl_elf *elf, const char *name, size_t *ret_n);

/* Adds an error. Names out of the file go to terminals and logs: what is not printable ASCII
 * becomes
 * "?". */
void fl_elf_problem(struct fl_problems *problems, const char *code, const char *hint,
                    const char *fmt, ...) FL_PRINTF(4, 5);
/* For "%.*s": a name out of the file, cut. */
#define FL_ELF_NAME(s) ((int)((s).n < 128 ? (s).n : 128)), ((s).n ? (s).p : "")

#endif
