/* gateway/connector/elf.c - the parts of an ELF file, read without mapping or running it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/elf.h"

#include <stdio.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#error "say which machine this is"
#endif

#define SPAN_MAX ((uint64_t)1 << 30) /* address space that one connector may take */
#define COPY_AGAIN "copy the file again"
#define LINK_AGAIN "link it again, with an unmodified linker, and do not edit the result"

void fl_elf_problem(struct fl_problems *problems, const char *code, const char *hint,
                    const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	fl_problem_hint(
	    problems,
	    fl_problems_add(problems, code, (struct fl_position){0}, FL_STR_NULL, "%s", text), "%s",
	    hint);
}

bool fl_elf_slice(const struct fl_elf *elf, uint64_t offset, uint64_t n, struct fl_str *ret)
{
	if (offset > elf->file.n || n > elf->file.n - offset)
		return false;
	*ret = fl_str_n(elf->file.p + offset, (size_t)n);
	return true;
}

bool fl_elf_item(struct fl_str table, size_t index, void *to, size_t bytes)
{
	if (index >= table.n / bytes)
		return false;
	memcpy(to, table.p + index * bytes, bytes);
	return true;
}

struct fl_str fl_elf_string(struct fl_str table, uint64_t offset)
{
	const char *end;

	if (offset >= table.n)
		return FL_STR_NULL;
	end = memchr(table.p + offset, '\0', table.n - (size_t)offset);
	return end == NULL ? FL_STR_NULL
	                   : fl_str_n(table.p + offset, (size_t)(end - table.p) - (size_t)offset);
}

bool fl_elf_at(const struct fl_elf *elf, uint64_t address, uint64_t n, struct fl_str *ret)
{
	Elf64_Phdr s;

	for (size_t i = 0; fl_elf_item(elf->segments, i, &s, sizeof s); i++)
		if (s.p_type == PT_LOAD && address >= s.p_vaddr &&
		    address - s.p_vaddr < s.p_filesz && n <= s.p_filesz - (address - s.p_vaddr))
			return fl_elf_slice(elf, s.p_offset + (address - s.p_vaddr), n, ret);
	return false;
}

bool fl_elf_tag(const struct fl_elf *elf, int64_t tag, uint64_t *ret)
{
	bool is_there = false;
	Elf64_Dyn d;

	for (size_t i = 0; fl_elf_item(elf->dynamic, i, &d, sizeof d); i++)
		if (d.d_tag == tag) {
			*ret = d.d_un.d_val;
			is_there = true;
		}
	return is_there;
}

struct fl_str fl_elf_section(const struct fl_elf *elf, const char *name, size_t *ret_n)
{
	struct fl_str found = FL_STR_NULL, bytes;
	Elf64_Shdr s;

	*ret_n = 0;
	for (size_t i = 1; fl_elf_item(elf->sections, i, &s, sizeof s); i++)
		if (fl_str_is(fl_elf_string(elf->section_names, s.sh_name), name) &&
		    s.sh_type != SHT_NOBITS && fl_elf_slice(elf, s.sh_offset, s.sh_size, &bytes) &&
		    (*ret_n)++ == 0)
			found = bytes;
	return found;
}

/* ---- opening ---- */

static bool truncated(struct fl_problems *problems, const char *what)
{
	fl_elf_problem(problems, "elf_truncated", COPY_AGAIN, "%s is not all there", what);
	return false;
}

static bool malformed(struct fl_problems *problems, const char *what)
{
	fl_elf_problem(problems, "elf_malformed", LINK_AGAIN, "%s", what);
	return false;
}

static bool read_head(struct fl_elf *elf, struct fl_problems *problems)
{
	size_t n = elf->file.n;

	if (n < SELFMAG || memcmp(elf->file.p, ELFMAG, SELFMAG) != 0) {
		fl_elf_problem(problems, "elf_magic", "give the .so that the linker wrote",
		               "is no ELF file");
		return false;
	}
	if (n < sizeof elf->head)
		return truncated(problems, "the ELF header");
	memcpy(&elf->head, elf->file.p, sizeof elf->head);
	if (elf->head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf->head.e_ident[EI_DATA] != ELFDATA2LSB || elf->head.e_machine != MACHINE) {
		fl_elf_problem(problems, "elf_machine", "compile it for the machine of the gateway",
		               "is for another kind of machine (%u)", elf->head.e_machine);
		return false;
	}
	if (elf->head.e_type != ET_DYN) {
		fl_elf_problem(problems, "elf_type", "link with -shared", "is no shared object");
		return false;
	}
	return true;
}

static bool read_sections(struct fl_elf *elf, struct fl_problems *problems)
{
	Elf64_Shdr s;
	struct fl_str bytes;

	if (elf->head.e_shoff == 0 || elf->head.e_shnum == 0) {
		fl_elf_problem(problems, "elf_sections", "do not strip section headers",
		               "has no section headers, so no manifest can be found");
		return false;
	}
	if (elf->head.e_shentsize != sizeof s ||
	    !fl_elf_slice(elf, elf->head.e_shoff, (uint64_t)elf->head.e_shnum * sizeof s,
	                  &elf->sections))
		return truncated(problems, "the section table");
	for (size_t i = 1; fl_elf_item(elf->sections, i, &s, sizeof s); i++)
		if (s.sh_type != SHT_NOBITS && !fl_elf_slice(elf, s.sh_offset, s.sh_size, &bytes))
			return truncated(problems, "a section");
	if (fl_elf_item(elf->sections, elf->head.e_shstrndx, &s, sizeof s) &&
	    s.sh_type == SHT_STRTAB)
		return fl_elf_slice(elf, s.sh_offset, s.sh_size, &elf->section_names);
	return malformed(problems, "the sections have no names");
}

/* What the kernel and the loader ask of a PT_LOAD, each after the one before. */
static bool check_load(const Elf64_Phdr *s, uint64_t first, uint64_t *end,
                       struct fl_problems *problems)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (s->p_filesz > s->p_memsz || s->p_memsz > SPAN_MAX || s->p_vaddr > UINT64_MAX / 2)
		return malformed(problems, "a segment has impossible sizes");
	if (s->p_align < page || (s->p_align & (s->p_align - 1)) != 0 ||
	    (s->p_vaddr - s->p_offset) % page != 0)
		return malformed(problems, "a segment is not aligned to pages");
	/* Where two share a page, the later mapping would hide what the earlier brought. */
	if (s->p_vaddr / page * page < *end)
		return malformed(problems, "segments overlap or are out of order");
	*end = (s->p_vaddr + s->p_memsz + page - 1) / page * page;
	if (*end - first > SPAN_MAX) {
		fl_elf_problem(problems, "elf_too_large", "make static data smaller",
		               "takes more than 1 GiB of address space");
		return false;
	}
	return true;
}

static bool read_segments(struct fl_elf *elf, struct fl_problems *problems)
{
	struct fl_str bytes;
	uint64_t first = 0, end = 0;
	bool has_load = false;
	Elf64_Phdr s;

	if (elf->head.e_phnum == 0 || elf->head.e_phnum == PN_XNUM ||
	    elf->head.e_phentsize != sizeof s)
		return malformed(problems, "has no segments");
	if (!fl_elf_slice(elf, elf->head.e_phoff, (uint64_t)elf->head.e_phnum * sizeof s,
	                  &elf->segments))
		return truncated(problems, "the segment table");
	for (size_t i = 0; fl_elf_item(elf->segments, i, &s, sizeof s); i++) {
		if (!fl_elf_slice(elf, s.p_offset, s.p_filesz, &bytes))
			return truncated(problems, "a segment");
		if (s.p_type != PT_LOAD)
			continue;
		if (!has_load)
			first = s.p_vaddr;
		has_load = true;
		if (!check_load(&s, first, &end, problems))
			return false;
	}
	return has_load || malformed(problems, "has no segment to load");
}

/* The loader reads the table until DT_NULL, at its address. */
static bool read_dynamic(struct fl_elf *elf, struct fl_problems *problems)
{
	size_t found = 0, n = 0;
	Elf64_Phdr s;
	Elf64_Dyn d;

	for (size_t i = 0; fl_elf_item(elf->segments, i, &s, sizeof s); i++)
		if (s.p_type == PT_DYNAMIC && found++ == 0 &&
		    !fl_elf_at(elf, s.p_vaddr, s.p_filesz, &elf->dynamic))
			return malformed(problems, "the dynamic table is in no segment");
	if (found != 1)
		return malformed(problems, "has no dynamic table, or several");
	while (fl_elf_item(elf->dynamic, n, &d, sizeof d) && d.d_tag != DT_NULL)
		n++;
	if (!fl_elf_item(elf->dynamic, n, &d, sizeof d))
		return malformed(problems, "the dynamic table has no end");
	elf->dynamic.n = n * sizeof d;
	return true;
}

/* ---- the tables that the dynamic table names ---- */

/* The highest symbol that a lookup can reach is in the chain of the highest bucket. */
static bool count_gnu_hash(const struct fl_elf *elf, uint64_t address, uint64_t *ret)
{
	uint32_t head[4]; /* buckets, first symbol, bloom words, bloom shift */
	uint32_t value, last = 0;
	struct fl_str bytes;
	uint64_t chains;

	if (!fl_elf_at(elf, address, sizeof head, &bytes) ||
	    !fl_elf_item(bytes, 0, head, sizeof head))
		return false;
	/* The loader masks with bloom words - 1 and divides by the buckets. */
	if (head[0] == 0 || head[2] == 0 || (head[2] & (head[2] - 1)) != 0 || head[3] > 31)
		return false;
	address += sizeof head + (uint64_t)head[2] * 8u;
	chains = address + (uint64_t)head[0] * 4u;
	if (!fl_elf_at(elf, address, (uint64_t)head[0] * 4u, &bytes))
		return false;
	for (size_t i = 0; fl_elf_item(bytes, i, &value, sizeof value); i++)
		last = value > last ? value : last;
	*ret = head[1];
	if (last == 0)
		return true; /* exports nothing */
	if (last < head[1])
		return false;
	do {
		if (!fl_elf_at(elf, chains + (uint64_t)(last - head[1]) * 4u, 4u, &bytes) ||
		    last == UINT32_MAX)
			return false;
		memcpy(&value, bytes.p, sizeof value);
		last++;
	} while ((value & 1u) == 0);
	*ret = last;
	return true;
}

static bool count_sysv_hash(const struct fl_elf *elf, uint64_t address, uint64_t *ret)
{
	uint32_t head[2]; /* buckets, chains: one a symbol */
	struct fl_str bytes;

	if (!fl_elf_at(elf, address, sizeof head, &bytes) ||
	    !fl_elf_item(bytes, 0, head, sizeof head) || head[0] == 0 ||
	    !fl_elf_at(elf, address + 8u, ((uint64_t)head[0] + head[1]) * 4u, &bytes))
		return false;
	*ret = head[1];
	return true;
}

/* The number of symbols stands nowhere: the hash table knows what a lookup reaches, the section
 * header what the linker wrote. The larger of the two, as far as it is there, leaves nothing out.
 */
static bool read_symbols(struct fl_elf *elf, struct fl_problems *problems)
{
	uint64_t address, hash = 0, n = 0, of_section = 0;
	Elf64_Shdr s;

	if (fl_elf_tag(elf, DT_GNU_HASH, &hash) ? !count_gnu_hash(elf, hash, &n)
	    : fl_elf_tag(elf, DT_HASH, &hash)   ? !count_sysv_hash(elf, hash, &n)
	                                        : true)
		return malformed(problems, "has no usable table of symbol hashes");
	if (!fl_elf_tag(elf, DT_SYMTAB, &address))
		return malformed(problems, "has no symbol table");
	for (size_t i = 1; fl_elf_item(elf->sections, i, &s, sizeof s); i++)
		if (s.sh_type == SHT_DYNSYM && s.sh_addr == address)
			of_section = s.sh_size / sizeof(Elf64_Sym);
	n = of_section > n ? of_section : n;
	return fl_elf_at(elf, address, n * sizeof(Elf64_Sym), &elf->symbols) ||
	       malformed(problems, "the symbol table is in no segment");
}

/* A table whose address and size are two tags; neither there: empty. */
static bool read_table(const struct fl_elf *elf, int64_t address_tag, int64_t size_tag,
                       struct fl_str *ret)
{
	uint64_t address = 0, bytes = 0;
	bool has_address = fl_elf_tag(elf, address_tag, &address);
	bool has_bytes = fl_elf_tag(elf, size_tag, &bytes);

	if (has_address != has_bytes)
		return bytes == 0 && !has_address;
	return bytes == 0 || fl_elf_at(elf, address, bytes, ret);
}

static bool read_tables(struct fl_elf *elf, struct fl_problems *problems)
{
	uint64_t value;

	if (!read_table(elf, DT_STRTAB, DT_STRSZ, &elf->strings) || elf->strings.n == 0)
		return malformed(problems, "the string table is in no segment");
	if (!read_symbols(elf, problems))
		return false;
	if (fl_elf_tag(elf, DT_VERSYM, &value) &&
	    !fl_elf_at(elf, value, elf->symbols.n / sizeof(Elf64_Sym) * 2u, &elf->symbol_versions))
		return malformed(problems, "the table of symbol versions is in no segment");
	if (fl_elf_tag(elf, DT_REL, &value) ||
	    (fl_elf_tag(elf, DT_PLTREL, &value) && value != DT_RELA) ||
	    (fl_elf_tag(elf, DT_RELAENT, &value) && value != sizeof(Elf64_Rela)) ||
	    !read_table(elf, DT_RELA, DT_RELASZ, &elf->relocations) ||
	    !read_table(elf, DT_JMPREL, DT_PLTRELSZ, &elf->plt_relocations))
		return malformed(problems, "the relocations are in no segment");
	return true;
}

bool fl_elf_open(struct fl_str file, struct fl_elf *ret, struct fl_problems *problems)
{
	*ret = (struct fl_elf){.file = file};
	return read_head(ret, problems) && read_segments(ret, problems) &&
	       read_sections(ret, problems) && read_dynamic(ret, problems) &&
	       read_tables(ret, problems);
}
