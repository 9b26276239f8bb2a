/* gateway/connector/note.c - the ELF notes of a connector: who it is, which build
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/note.h"

#include <fairlead/note.h>

#define PUT_NOTE "put FAIRLEAD_NOTE(id, version); once at file scope"

struct reader {
	struct fl_note *ret;
	struct fl_problems *problems;
};

static void malformed(struct reader *r, const char *what)
{
	fl_elf_problem(r->problems, "note_malformed", PUT_NOTE, "the note of fairlead %s", what);
}

/* u32 major, u32 minor, id NUL version NUL; see fairlead/note.h. */
static void read_fairlead(struct reader *r, struct fl_str description)
{
	struct fl_note *note = r->ret;
	struct fl_str texts;
	uint32_t abi[2];

	if (note->is_there) {
		malformed(r, "is there twice");
		return;
	}
	if (!fl_elf_item(description, 0, abi, sizeof abi)) {
		malformed(r, "is cut off");
		return;
	}
	texts = fl_str_n(description.p + sizeof abi, description.n - sizeof abi);
	note->is_there = true;
	note->abi_major = abi[0];
	note->abi_minor = abi[1];
	note->id = fl_elf_string(texts, 0);
	note->version = fl_elf_string(texts, (uint64_t)note->id.n + 1);
	if (note->id.n == 0 || note->version.n == 0)
		malformed(r, "has no id or version");
	if (note->abi_major != FAIRLEAD_ABI_MAJOR)
		fl_elf_problem(r->problems, "abi_major", "build it with the headers of version 1",
		               "is for version %u of the ABI, this host has version %u",
		               note->abi_major, (unsigned)FAIRLEAD_ABI_MAJOR);
}

static void take(struct reader *r, struct fl_str owner, uint32_t type, struct fl_str description)
{
	/* sizeof counts the NUL, as the note does. */
	if (type == FAIRLEAD_NOTE_TYPE &&
	    fl_str_eq(owner, fl_str_n(FAIRLEAD_NOTE_OWNER, sizeof FAIRLEAD_NOTE_OWNER)))
		read_fairlead(r, description);
	else if (type == NT_GNU_BUILD_ID &&
	         fl_str_eq(owner, fl_str_n(ELF_NOTE_GNU, sizeof ELF_NOTE_GNU)))
		r->ret->build_id = description;
}

static size_t padded(size_t n, size_t align)
{
	return (n + align - 1) / align * align;
}

/* One note after the other; the last one's padding may be missing. */
static bool read_notes(struct reader *r, struct fl_str notes, size_t align)
{
	Elf64_Nhdr head;

	while (notes.n != 0) {
		size_t at, description;

		if (!fl_elf_item(notes, 0, &head, sizeof head))
			return false;
		at = sizeof head + padded(head.n_namesz, 4);
		description = padded(at, align);
		if (head.n_namesz > notes.n || at > notes.n || description > notes.n ||
		    head.n_descsz > notes.n - description)
			return false;
		take(r, fl_str_n(notes.p + sizeof head, head.n_namesz), head.n_type,
		     fl_str_n(notes.p + description, head.n_descsz));
		at = description + padded(head.n_descsz, align);
		notes = at >= notes.n ? FL_STR_NULL : fl_str_n(notes.p + at, notes.n - at);
	}
	return true;
}

void fl_note_read(const struct fl_elf *elf, struct fl_note *ret, struct fl_problems *problems)
{
	struct reader r = {.ret = ret, .problems = problems};
	struct fl_str notes;
	bool is_whole = true;
	Elf64_Phdr s;

	*ret = (struct fl_note){.is_there = false};
	for (size_t i = 0; fl_elf_item(elf->segments, i, &s, sizeof s); i++)
		if (s.p_type == PT_NOTE)
			is_whole = fl_elf_slice(elf, s.p_offset, s.p_filesz, &notes) &&
			           read_notes(&r, notes, s.p_align == 8 ? 8 : 4) && is_whole;
	if (!is_whole)
		fl_elf_problem(problems, "note_malformed", PUT_NOTE, "a note is cut off");
	else if (!ret->is_there)
		fl_elf_problem(problems, "note_missing", PUT_NOTE, "has no note .note.fairlead");
}
