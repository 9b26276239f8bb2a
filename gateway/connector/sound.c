/* gateway/connector/sound.c - what the loader believes of a file without looking
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/sound.h"

#include <unistd.h>

#define LINK_AGAIN "link it again, with an unmodified linker, and do not edit the result"
#define TLS_MAX ((uint64_t)1 << 20)
#ifndef PT_GNU_PROPERTY
#define PT_GNU_PROPERTY 0x6474e553
#endif

struct fault {
	const char *code, *detail, *hint;
};

static void tell(struct fl_problems *problems, const struct fault *fault)
{
	for (const struct fl_problem *p = problems->first; p != NULL; p = p->next)
		if (fl_str_is(p->detail, fault->detail))
			return;
	fl_elf_problem(problems, fault->code, fault->hint, "%s", fault->detail);
}

static void malformed(struct fl_problems *problems, const char *detail)
{
	const struct fault fault = {"elf_malformed", detail, LINK_AGAIN};

	tell(problems, &fault);
}

bool fl_sound_is_in(const struct fl_elf *elf, uint64_t address, uint64_t n, uint32_t flags)
{
	Elf64_Phdr s;

	for (size_t i = 0; fl_elf_item(elf->segments, i, &s, sizeof s); i++)
		if (s.p_type == PT_LOAD && (s.p_flags & flags) == flags && address >= s.p_vaddr &&
		    n <= s.p_memsz && address - s.p_vaddr <= s.p_memsz - n)
			return true;
	return false;
}

/* ---- segments ---- */

/* The bytes at its address are those at its offset, no more in memory than in the file. */
static bool is_mapped_as_is(const struct fl_elf *elf, const Elf64_Phdr *s)
{
	struct fl_str bytes;

	return s->p_memsz == s->p_filesz &&
	       (s->p_filesz == 0 || (fl_elf_at(elf, s->p_vaddr, s->p_filesz, &bytes) &&
	                             bytes.p == elf->file.p + s->p_offset));
}

static bool is_tls_sound(const struct fl_elf *elf, const Elf64_Phdr *s)
{
	struct fl_str bytes;

	return s->p_filesz <= s->p_memsz && s->p_memsz <= TLS_MAX &&
	       (s->p_align & (s->p_align - 1)) == 0 &&
	       s->p_align <= (uint64_t)sysconf(_SC_PAGESIZE) &&
	       (s->p_filesz == 0 || fl_elf_at(elf, s->p_vaddr, s->p_filesz, &bytes));
}

static bool is_segment_sound(const struct fl_elf *elf, const Elf64_Phdr *s)
{
	switch (s->p_type) {
	case PT_LOAD: /* only what is writable has more in memory: zeroed data */
		return (s->p_flags & PF_R) != 0 &&
		       ((s->p_flags & PF_W) != 0 || s->p_memsz == s->p_filesz);
	case PT_PHDR:
		return s->p_offset == elf->head.e_phoff && is_mapped_as_is(elf, s);
	case PT_DYNAMIC:
	case PT_NOTE:
	case PT_GNU_PROPERTY:
	case PT_GNU_EH_FRAME:
		return is_mapped_as_is(elf, s);
	case PT_TLS:
		return is_tls_sound(elf, s);
	case PT_GNU_RELRO:
		return fl_sound_is_in(elf, s->p_vaddr, s->p_memsz, PF_W);
	default:
		return true;
	}
}

static void check_segments(const struct fl_elf *elf, struct fl_problems *problems)
{
	size_t tls = 0, relro = 0;
	Elf64_Phdr s;

	for (size_t i = 0; fl_elf_item(elf->segments, i, &s, sizeof s); i++) {
		tls += s.p_type == PT_TLS;
		relro += s.p_type == PT_GNU_RELRO;
		if (!is_segment_sound(elf, &s))
			malformed(problems, "a segment is not where it says");
	}
	if (tls > 1 || relro > 1)
		malformed(problems, "has a segment twice that there is once");
}

/* ---- the dynamic table ---- */

static bool has(const struct fl_elf *elf, int64_t tag)
{
	uint64_t value;

	return fl_elf_tag(elf, tag, &value);
}

/* Absent, or the address of code. */
static bool is_code(const struct fl_elf *elf, int64_t tag)
{
	uint64_t address;

	return !fl_elf_tag(elf, tag, &address) || fl_sound_is_in(elf, address, 1, PF_X);
}

static bool is_name(const struct fl_elf *elf, int64_t tag)
{
	uint64_t at;

	return !fl_elf_tag(elf, tag, &at) || fl_elf_string(elf->strings, at).p != NULL;
}

static void check_dynamic(const struct fl_elf *elf, struct fl_problems *problems)
{
	uint64_t value;

	if ((fl_elf_tag(elf, DT_SYMENT, &value) && value != sizeof(Elf64_Sym)) ||
	    !has(elf, DT_SYMENT) || has(elf, DT_RELA) != has(elf, DT_RELAENT) ||
	    has(elf, DT_JMPREL) != has(elf, DT_PLTREL) ||
	    (fl_elf_tag(elf, DT_PLTGOT, &value) && !fl_sound_is_in(elf, value, 24, PF_W)) ||
	    !is_name(elf, DT_SONAME))
		malformed(problems, "the dynamic table does not fit together");
	if (!is_code(elf, DT_INIT) || !is_code(elf, DT_FINI))
		malformed(problems, "a function to run at loading or unloading is no code");
}

/* ---- relocations ---- */

static const struct fault fault_symbol = {
    "elf_malformed", "a relocation names a symbol that does not fit", LINK_AGAIN};
static const struct fault fault_tls_symbol = {
    "elf_malformed", "a relocation is for thread-local storage that is not there", LINK_AGAIN};
static const struct fault fault_count = {
    "elf_malformed", "the relocations are not in the order that they say", LINK_AGAIN};
static const struct fault fault_ifunc = {"elf_ifunc",
                                         "has indirect functions, which run while loading",
                                         "do not use the ifunc attribute or target_clones"};
static const struct fault fault_static_tls = {
    "elf_static_tls", "has initial-exec thread-local storage",
    "leave out -ftls-model=initial-exec, or avoid thread-local variables"};
static const struct fault fault_text = {"elf_textrel", "has text relocations",
                                        "compile with -fPIC"};
static const struct fault fault_type = {"elf_relocation", "has a relocation of an unusual type",
                                        "compile with -fPIC"};
static const struct fault fault_packed = {"elf_relocation", "has packed relocations",
                                          "leave out -z pack-relative-relocs"};

/* clang-format off */
enum kind { RELATIVE, SYMBOL, TLS, REFUSED };
static const struct {
	uint32_t type;
	enum kind kind;
	const struct fault *fault; /* of REFUSED */
} relocations[] = {
#if defined(__x86_64__)
	{R_X86_64_RELATIVE, RELATIVE, NULL}, {R_X86_64_GLOB_DAT, SYMBOL, NULL},
	{R_X86_64_JUMP_SLOT, SYMBOL, NULL}, {R_X86_64_64, SYMBOL, NULL},
	{R_X86_64_DTPMOD64, TLS, NULL}, {R_X86_64_DTPOFF64, TLS, NULL},
	{R_X86_64_TLSDESC, TLS, NULL}, {R_X86_64_TPOFF64, REFUSED, &fault_static_tls},
	{R_X86_64_IRELATIVE, REFUSED, &fault_ifunc},
#else
	{R_AARCH64_RELATIVE, RELATIVE, NULL}, {R_AARCH64_GLOB_DAT, SYMBOL, NULL},
	{R_AARCH64_JUMP_SLOT, SYMBOL, NULL}, {R_AARCH64_ABS64, SYMBOL, NULL},
	{R_AARCH64_TLS_DTPMOD, TLS, NULL}, {R_AARCH64_TLS_DTPREL, TLS, NULL},
	{R_AARCH64_TLSDESC, TLS, NULL}, {R_AARCH64_TLS_TPREL, REFUSED, &fault_static_tls},
	{R_AARCH64_IRELATIVE, REFUSED, &fault_ifunc},
#endif
};
/* clang-format on */

#define NO_TYPE FL_ARRAY_LEN(relocations)

static size_t find_type(const Elf64_Rela *r)
{
	size_t i = 0;

	while (i < NO_TYPE && relocations[i].type != (uint32_t)ELF64_R_TYPE(r->r_info))
		i++;
	return i;
}

static bool is_relative(const Elf64_Rela *r)
{
	size_t i = find_type(r);

	return i < NO_TYPE && relocations[i].kind == RELATIVE;
}

/* Is there thread-local storage, and does the relocation name some of this file's? */
static bool is_own_tls(const struct fl_elf *elf, uint64_t symbol)
{
	bool has_tls = false;
	Elf64_Sym sym;
	Elf64_Phdr s;

	for (size_t i = 0; fl_elf_item(elf->segments, i, &s, sizeof s); i++)
		has_tls = has_tls || s.p_type == PT_TLS;
	return has_tls && (symbol == 0 ||
	                   (fl_elf_item(elf->symbols, symbol, &sym, sizeof sym) &&
	                    sym.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(sym.st_info) == STT_TLS));
}

/* Data that may be changed; the dynamic table itself may not. */
static bool is_target(const struct fl_elf *elf, const Elf64_Rela *r, uint64_t bytes)
{
	Elf64_Phdr s;

	for (size_t i = 0; fl_elf_item(elf->segments, i, &s, sizeof s); i++)
		if (s.p_type == PT_DYNAMIC && r->r_offset + bytes > s.p_vaddr &&
		    r->r_offset < s.p_vaddr + s.p_memsz)
			return false;
	return fl_sound_is_in(elf, r->r_offset, bytes, PF_W);
}

static const struct fault *relocation_fault(const struct fl_elf *elf, const Elf64_Rela *r)
{
	uint64_t symbol = ELF64_R_SYM(r->r_info);
	size_t type = find_type(r);

	if (ELF64_R_TYPE(r->r_info) == 0)
		return NULL; /* R_*_NONE */
	if (symbol != 0 && symbol >= elf->symbols.n / sizeof(Elf64_Sym))
		return &fault_symbol;
	if (type == NO_TYPE)
		return &fault_type;
	if (relocations[type].kind == REFUSED)
		return relocations[type].fault;
	if (relocations[type].kind == RELATIVE && symbol != 0)
		return &fault_symbol;
	if (relocations[type].kind == TLS && !is_own_tls(elf, symbol))
		return &fault_tls_symbol;
	return is_target(elf, r, relocations[type].kind == TLS ? 16 : 8) ? NULL : &fault_text;
}

static void check_relocations(const struct fl_elf *elf, struct fl_str table,
                              struct fl_problems *problems)
{
	Elf64_Rela r;

	for (size_t i = 0; fl_elf_item(table, i, &r, sizeof r); i++) {
		const struct fault *fault = relocation_fault(elf, &r);

		if (fault != NULL)
			tell(problems, fault);
	}
}

/* The loader takes the first DT_RELACOUNT ones for relative without looking. */
static void check_count(const struct fl_elf *elf, struct fl_problems *problems)
{
	uint64_t n;
	Elf64_Rela r;

	if (has(elf, DT_RELR))
		tell(problems, &fault_packed);
	if (!fl_elf_tag(elf, DT_RELACOUNT, &n))
		return;
	for (uint64_t i = 0; i < n; i++)
		if (!fl_elf_item(elf->relocations, (size_t)i, &r, sizeof r) || !is_relative(&r)) {
			tell(problems, &fault_count);
			return;
		}
}

/* ---- constructors and destructors ---- */

/* Each item of the array becomes an address of code by a relocation of its own. */
static bool is_array_sound(const struct fl_elf *elf, int64_t address_tag, int64_t size_tag)
{
	uint64_t address, bytes, seen = 0;
	struct fl_str items;
	Elf64_Rela r;

	if (!fl_elf_tag(elf, address_tag, &address) || !fl_elf_tag(elf, size_tag, &bytes))
		return !has(elf, address_tag) && !has(elf, size_tag);
	if (bytes % sizeof(uint64_t) != 0 ||
	    (bytes != 0 && !fl_elf_at(elf, address, bytes, &items)))
		return false;
	for (size_t i = 0; fl_elf_item(elf->relocations, i, &r, sizeof r); i++) {
		if (r.r_offset < address || r.r_offset - address >= bytes)
			continue;
		if ((r.r_offset - address) % sizeof(uint64_t) != 0 || !is_relative(&r) ||
		    !fl_sound_is_in(elf, (uint64_t)r.r_addend, 1, PF_X))
			return false;
		seen++;
	}
	return seen == bytes / sizeof(uint64_t);
}

void fl_sound_check(const struct fl_elf *elf, struct fl_problems *problems)
{
	check_segments(elf, problems);
	check_dynamic(elf, problems);
	check_relocations(elf, elf->relocations, problems);
	check_relocations(elf, elf->plt_relocations, problems);
	check_count(elf, problems);
	if (!has(elf, DT_RELR) && (!is_array_sound(elf, DT_INIT_ARRAY, DT_INIT_ARRAYSZ) ||
	                           !is_array_sound(elf, DT_FINI_ARRAY, DT_FINI_ARRAYSZ)))
		malformed(problems, "the list of constructors or destructors is not sound");
}
