/* tests/unit/connector/test_elf.c - gateway/connector/elf.h, note.h, import.h, check.h
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bad connectors are linked badly where the linker can be told to, else a good one is patched.
 */
#include "tests/unit/test.h"

#include <elf.h>

#include "gateway/connector/check.h"
#include "tests/unit/connector/file.h"

/* The codes of all problems of a file, in order, joined by blanks. */
struct verdict {
	char codes[512];
	bool is_inline_ok, starts_threads;
};

static struct verdict judge(const char *p, size_t n, const struct fl_str *manifest)
{
	struct verdict v = {.codes = ""};
	struct fl_connector_file file;
	struct fl_problems problems;
	struct fl_arena arena;
	size_t at = 0;

	fl_arena_init(&arena, 4096, 1u << 20);
	fl_problems_init(&problems, &arena);
	fl_connector_file_read(fl_str_n(p, n), manifest, &file, &problems);
	for (const struct fl_problem *q = problems.first; q != NULL; q = q->next) {
		at += (size_t)snprintf(v.codes + at, sizeof v.codes - at, "%s%s", at ? " " : "",
				       q->code);
		assert_true(at < sizeof v.codes);
		assert_true(q->detail.n > 0 && q->hint.n > 0);
	}
	v.is_inline_ok = !file.marks_threads;
	v.starts_threads = file.starts_threads;
	fl_connector_file_fini(&file);
	fl_arena_fini(&arena);
	return v;
}

static void assert_codes(const char *name, const char *codes)
{
	size_t n;
	char *p = mock_bytes(name, &n);
	struct verdict v = judge(p, n, NULL);

	if (strcmp(v.codes, codes) != 0)
		fail_msg("%s: \"%s\", expected \"%s\"", name, v.codes, codes);
	free(p);
}

static void linked_badly(void **state)
{
	static const struct {
		const char *name, *codes;
	} rows[] = {
	    {"good", ""},
	    {"stripped", ""},
	    {"sysv_hash", ""},
	    {"marks_threads", ""},
	    {"threads", ""},
	    {"exec_stack", "elf_exec_stack"},
	    {"lazy", "elf_lazy"},
	    {"no_relro", "elf_relro"},
	    {"nodelete", "elf_nodelete"},
	    {"interpose", "elf_flags"},
	    {"initfirst", "elf_flags"},
	    {"global", "elf_flags"},
	    {"nodlopen", "elf_flags"},
	    {"rpath", "elf_rpath"},
	    {"runpath", "elf_rpath"},
	    {"audit", "elf_audit"},
	    {"depaudit", "elf_audit"},
	    {"filter", "elf_filter"},
	    {"auxiliary", "elf_filter"},
	    {"needed", "elf_needed"},
	    {"textrel", "elf_textrel"},
	    {"unique", "elf_unique_symbol"},
	    {"ifunc", "elf_ifunc"},
	    {"static_tls", "elf_static_tls"},
	    {"interp", "elf_interp"},
	    {"export", "elf_exports"},
	    {"no_entry", "elf_entry"},
	    {"no_note", "note_missing"},
	    {"undefined", "elf_undefined"},
	    {"glibc_private", "elf_glibc_private"},
	    {"call_dlopen", "elf_forbidden_import"},
	    {"call_fork", "elf_forbidden_import"},
	    {"call_system", "elf_forbidden_import"},
	    {"call__exit", "elf_forbidden_import"},
	    {"call_sigaction", "elf_forbidden_import"},
	    {"call_setuid", "elf_forbidden_import"},
	    {"call_setenv", "elf_forbidden_import"},
	    {"call_prctl", "elf_forbidden_import"},
	    {"call_pthread_create", "elf_forbidden_import"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		assert_codes(rows[i].name, rows[i].codes);
}

static void facts(void **state)
{
	static const struct {
		const char *name;
		bool is_inline_ok, starts_threads;
	} rows[] = {{"good", true, false}, {"marks_threads", false, false}, {"threads", true, true}};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		size_t n;
		char *p = mock_bytes(rows[i].name, &n);
		struct verdict v = judge(p, n, NULL);

		assert_int_equal(v.is_inline_ok, rows[i].is_inline_ok);
		assert_int_equal(v.starts_threads, rows[i].starts_threads);
		free(p);
	}
}

/* ---- patches of a good one ---- */

struct image { /* a good connector, its tables found without any checks */
	char *p;
	size_t n;
	Elf64_Ehdr *head;
	Elf64_Phdr *segments;
	Elf64_Shdr *sections;
};

static struct image image(void)
{
	struct image m = {.p = NULL};

	m.p = mock_bytes("good", &m.n);
	m.head = (void *)m.p;
	m.segments = (void *)(m.p + m.head->e_phoff);
	m.sections = (void *)(m.p + m.head->e_shoff);
	return m;
}

static Elf64_Phdr *segment(struct image *m, uint32_t type, uint32_t flags)
{
	for (unsigned i = 0; i < m->head->e_phnum; i++)
		if (m->segments[i].p_type == type && (m->segments[i].p_flags & flags) == flags)
			return &m->segments[i];
	fail_msg("no segment of type %u", type);
	return NULL;
}

static Elf64_Shdr *section(struct image *m, const char *name)
{
	const char *names = m->p + m->sections[m->head->e_shstrndx].sh_offset;

	for (unsigned i = 0; i < m->head->e_shnum; i++)
		if (strcmp(names + m->sections[i].sh_name, name) == 0)
			return &m->sections[i];
	fail_msg("no section %s", name);
	return NULL;
}

/* The last one is DT_NULL, and the linker leaves room for more. */
static Elf64_Dyn *dynamic(struct image *m, int64_t tag)
{
	Elf64_Dyn *d = (void *)(m->p + section(m, ".dynamic")->sh_offset);

	for (; d->d_tag != tag; d++)
		assert_int_not_equal(d->d_tag, DT_NULL);
	return d;
}

static void add_dynamic(struct image *m, int64_t tag, uint64_t value)
{
	Elf64_Dyn *d = dynamic(m, DT_NULL);

	assert_int_equal(d[1].d_tag, DT_NULL);
	d->d_tag = tag;
	d->d_un.d_val = value;
}

static void replace(struct image *m, const char *from, const char *to)
{
	size_t n = strlen(from);

	assert_int_equal(strlen(to), n);
	for (size_t i = 0; i + n <= m->n; i++)
		if (memcmp(m->p + i, from, n) == 0) {
			memcpy(m->p + i, to, n);
			return;
		}
	fail_msg("no %s", from);
}

/* The first ones are relative, that of the constructors before all; the last names a symbol. */
static Elf64_Rela *first_relocation(struct image *m)
{
	return (void *)(m->p + section(m, ".rela.dyn")->sh_offset);
}

static Elf64_Rela *relocation(struct image *m)
{
	return first_relocation(m) + section(m, ".rela.dyn")->sh_size / sizeof(Elf64_Rela) - 1;
}

static Elf64_Sym *import(struct image *m)
{
	Elf64_Sym *sym = (void *)(m->p + section(m, ".dynsym")->sh_offset);

	return &sym[1];
}

static Elf64_Sym *entry(struct image *m)
{
	Elf64_Sym *sym = (void *)(m->p + section(m, ".dynsym")->sh_offset);

	return &sym[section(m, ".dynsym")->sh_size / sizeof *sym - 1];
}

static Elf64_Verneed *need(struct image *m)
{
	return (void *)(m->p + section(m, ".gnu.version_r")->sh_offset);
}

static uint32_t *gnu_hash(struct image *m)
{
	return (void *)(m->p + section(m, ".gnu.hash")->sh_offset);
}

static uint32_t *note(struct image *m)
{
	return (void *)(m->p + section(m, ".note.fairlead")->sh_offset);
}

/* clang-format off */
static void p_magic(struct image *m) { m->p[1] = 'e'; }
static void p_class(struct image *m) { m->p[EI_CLASS] = ELFCLASS32; }
static void p_data(struct image *m) { m->p[EI_DATA] = ELFDATA2MSB; }
static void p_machine(struct image *m) { m->head->e_machine = EM_RISCV; }
static void p_exec(struct image *m) { m->head->e_type = ET_EXEC; }
static void p_object(struct image *m) { m->head->e_type = ET_REL; }
static void p_no_sections(struct image *m) { m->head->e_shoff = 0; m->head->e_shnum = 0; }
static void p_sections_size(struct image *m) { m->head->e_shentsize = 63; }
static void p_sections_far(struct image *m) { m->head->e_shoff = UINT64_MAX - 8; }
static void p_section_far(struct image *m) { section(m, ".comment")->sh_offset = UINT64_MAX - 8; }
static void p_names(struct image *m) { m->head->e_shstrndx = 60000; }
static void p_no_segments(struct image *m) { m->head->e_phnum = 0; }
static void p_segments_size(struct image *m) { m->head->e_phentsize = 55; }
static void p_segments_far(struct image *m) { m->head->e_phoff = m->n - 8; }
static void p_segment_far(struct image *m) { segment(m, PT_LOAD, PF_W)->p_offset = UINT64_MAX - 4095; }
static void p_segment_larger(struct image *m) { segment(m, PT_LOAD, PF_X)->p_memsz = 1; }
static void p_segment_huge(struct image *m) { segment(m, PT_LOAD, PF_W)->p_memsz = UINT64_MAX - 8; }
static void p_segment_big(struct image *m) { segment(m, PT_LOAD, PF_W)->p_memsz = (1u << 30) - 1; }
static void p_segment_odd(struct image *m) { segment(m, PT_LOAD, PF_X)->p_align = 3; }
static void p_segment_skewed(struct image *m) { segment(m, PT_LOAD, PF_X)->p_vaddr += 8; }
static void p_segment_over(struct image *m) { segment(m, PT_LOAD, PF_W)->p_vaddr &= 4095; }
static void p_no_load(struct image *m)
{
	for (unsigned i = 0; i < m->head->e_phnum; i++)
		if (m->segments[i].p_type == PT_LOAD)
			m->segments[i].p_type = PT_NULL;
}
static void p_write_exec(struct image *m) { segment(m, PT_LOAD, PF_X)->p_flags |= PF_W; }
static void p_no_stack(struct image *m) { segment(m, PT_GNU_STACK, 0)->p_type = PT_NULL; }
static void p_no_dynamic(struct image *m) { segment(m, PT_DYNAMIC, 0)->p_type = PT_NULL; }
static void p_two_dynamics(struct image *m) { segment(m, PT_GNU_EH_FRAME, 0)->p_type = PT_DYNAMIC; }
static void p_dynamic_away(struct image *m) { segment(m, PT_DYNAMIC, 0)->p_vaddr += 1u << 20; }
static void p_dynamic_endless(struct image *m) { segment(m, PT_DYNAMIC, 0)->p_filesz = 16; }
static void p_preinit(struct image *m) { add_dynamic(m, DT_PREINIT_ARRAY, 0); }
static void p_pie(struct image *m) { dynamic(m, DT_FLAGS_1)->d_un.d_val |= DF_1_PIE; }
static void p_rel(struct image *m) { add_dynamic(m, DT_REL, 0); }
static void p_no_hash(struct image *m) { dynamic(m, DT_GNU_HASH)->d_tag = DT_DEBUG; }
static void p_hash_away(struct image *m) { dynamic(m, DT_GNU_HASH)->d_un.d_val = 1u << 30; }
static void p_hash_no_buckets(struct image *m) { gnu_hash(m)[0] = 0; }
static void p_hash_bloom(struct image *m) { gnu_hash(m)[2] = 3; }
static void p_hash_buckets(struct image *m) { gnu_hash(m)[0] = UINT32_MAX; }
static void p_hash_first(struct image *m) { gnu_hash(m)[1] = 1u << 30; }
static void p_no_symbols(struct image *m) { dynamic(m, DT_SYMTAB)->d_tag = DT_DEBUG; }
static void p_symbols_away(struct image *m) { dynamic(m, DT_SYMTAB)->d_un.d_val = 1u << 30; }
static void p_strings_away(struct image *m) { dynamic(m, DT_STRTAB)->d_un.d_val = 1u << 30; }
static void p_strings_long(struct image *m) { dynamic(m, DT_STRSZ)->d_un.d_val = UINT64_MAX; }
static void p_versym_away(struct image *m) { dynamic(m, DT_VERSYM)->d_un.d_val = 1u << 30; }
static void p_verneed_away(struct image *m) { dynamic(m, DT_VERNEED)->d_un.d_val = 1u << 30; }
static void p_rela_away(struct image *m) { dynamic(m, DT_RELA)->d_un.d_val = 1u << 30; }
static void p_rela_long(struct image *m) { dynamic(m, DT_RELASZ)->d_un.d_val = 1u << 30; }
static void p_rela_type(struct image *m) { relocation(m)->r_info = ELF64_R_INFO(0, R_X86_64_COPY); }
static void p_rela_ifunc(struct image *m) { relocation(m)->r_info = ELF64_R_INFO(0, R_X86_64_IRELATIVE); }
static void p_rela_symbol(struct image *m) { relocation(m)->r_info = ELF64_R_INFO(99, R_X86_64_64); }
static void p_rela_target(struct image *m) { relocation(m)->r_offset = 0; }
static void p_rela_tls(struct image *m) { relocation(m)->r_info = ELF64_R_INFO(0, R_X86_64_DTPMOD64); }
static void p_rela_relative(struct image *m) { relocation(m)->r_info = ELF64_R_INFO(1, R_X86_64_RELATIVE); }
static void p_rela_dynamic(struct image *m) { relocation(m)->r_offset = section(m, ".dynamic")->sh_addr; }
static void p_rela_count(struct image *m) { dynamic(m, DT_RELACOUNT)->d_un.d_val = 99; }
static void p_rela_entry(struct image *m) { dynamic(m, DT_RELAENT)->d_un.d_val = 25; }
static void p_rela_no_entry(struct image *m) { dynamic(m, DT_RELAENT)->d_tag = DT_DEBUG; }
static void p_relr(struct image *m) { add_dynamic(m, DT_RELR, 0); }
static void p_plt_rel(struct image *m) { dynamic(m, DT_PLTREL)->d_tag = DT_DEBUG; }
static void p_plt_got(struct image *m) { dynamic(m, DT_PLTGOT)->d_un.d_val = 0; }
static void p_symbol_size(struct image *m) { dynamic(m, DT_SYMENT)->d_un.d_val = 23; }
static void p_soname(struct image *m) { add_dynamic(m, DT_SONAME, 1u << 30); }
static void p_init(struct image *m) { dynamic(m, DT_INIT)->d_un.d_val = 0; }
static void p_fini(struct image *m) { dynamic(m, DT_FINI)->d_un.d_val = 1u << 30; }
static void p_init_array(struct image *m) { dynamic(m, DT_INIT_ARRAY)->d_un.d_val += 16; }
static void p_init_array_far(struct image *m) { dynamic(m, DT_INIT_ARRAY)->d_un.d_val = 1u << 30; }
static void p_init_array_odd(struct image *m) { dynamic(m, DT_INIT_ARRAYSZ)->d_un.d_val = 7; }
static void p_init_array_half(struct image *m) { dynamic(m, DT_INIT_ARRAYSZ)->d_tag = DT_DEBUG; }
static void p_init_array_data(struct image *m) { first_relocation(m)->r_addend = 8; }
static void p_init_array_skewed(struct image *m) { first_relocation(m)->r_offset++; }
static void p_load_unreadable(struct image *m) { segment(m, PT_LOAD, PF_X)->p_flags = PF_X; }
static void p_load_zeroed(struct image *m) { segment(m, PT_LOAD, PF_X)->p_memsz += 8; }
static void p_relro_away(struct image *m) { segment(m, PT_GNU_RELRO, 0)->p_vaddr = 0; }
static void p_relro_long(struct image *m) { segment(m, PT_GNU_RELRO, 0)->p_memsz = UINT64_MAX; }
static void p_relro_twice(struct image *m)
{
	*segment(m, PT_GNU_EH_FRAME, 0) = *segment(m, PT_GNU_RELRO, 0);
}
static void p_note_long(struct image *m) { segment(m, PT_NOTE, 0)->p_memsz = 1u << 20; }
static void p_note_away(struct image *m) { segment(m, PT_NOTE, 0)->p_vaddr += 8; }
static void p_tls_away(struct image *m)
{
	*segment(m, PT_GNU_EH_FRAME, 0) = (Elf64_Phdr){
	    .p_type = PT_TLS, .p_vaddr = 1u << 30, .p_filesz = 8, .p_memsz = 8, .p_align = 8};
}
static void p_tls_huge(struct image *m)
{
	*segment(m, PT_GNU_EH_FRAME, 0) =
	    (Elf64_Phdr){.p_type = PT_TLS, .p_memsz = (1u << 20) + 1, .p_align = 8};
}
static void p_symbol_name(struct image *m) { import(m)->st_name = 1u << 30; }
static void p_symbol_local(struct image *m) { import(m)->st_info = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE); }
static void p_symbol_bind(struct image *m) { import(m)->st_info = ELF64_ST_INFO(9, STT_FUNC); }
static void p_symbol_type(struct image *m) { import(m)->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_TLS); }
static void p_symbol_hidden(struct image *m) { import(m)->st_other = STV_HIDDEN; }
static void p_entry_data(struct image *m) { entry(m)->st_value = 8; }
static void p_entry_absolute(struct image *m) { entry(m)->st_shndx = SHN_ABS; }
static void p_entry_object(struct image *m) { entry(m)->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT); }
static void p_version_index(struct image *m)
{
	((uint16_t *)(void *)(m->p + section(m, ".gnu.version")->sh_offset))[1] = 99;
}
static void p_version_cut(struct image *m) { need(m)->vn_next = 1u << 30; }
static void p_version_of(struct image *m) { need(m)->vn_file = 1; }
static void p_version_count(struct image *m) { need(m)->vn_cnt++; }
static void p_version_revision(struct image *m) { need(m)->vn_version = 2; }
static void p_version_none(struct image *m) { dynamic(m, DT_VERNEED)->d_tag = DT_DEBUG; }
static void p_glibc(struct image *m) { replace(m, "GLIBC_2.", "GLIBC_9."); }
static void p_note_owner(struct image *m) { ((char *)note(m))[12] = 'F'; }
static void p_note_cut(struct image *m) { note(m)[1] = 1u << 30; }
static void p_note_short(struct image *m) { note(m)[1] = 4; }
static void p_note_major(struct image *m) { note(m)[6] = 2; }
static void p_note_id(struct image *m) { ((char *)note(m))[32] = 'k'; }
static void p_note_no_id(struct image *m) { ((char *)note(m))[32] = '\0'; }
static void p_no_manifest(struct image *m) { replace(m, ".fairlead.manifest", ".fairlead.manifesT"); }
static void p_two_manifests(struct image *m) { section(m, ".comment")->sh_name = section(m, ".fairlead.manifest")->sh_name; }
static void p_manifest_cut(struct image *m) { section(m, ".fairlead.manifest")->sh_size -= 4; }
static void p_manifest_minor(struct image *m) { replace(m, "\"min_minor\": 0", "\"min_minor\": 7"); }
static void p_manifest_extension(struct image *m)
{
	replace(m, "\"threading\": \"parallel\"", "\"requires\":[\"a.b.cd/1\"]");
}
/* clang-format on */

static void patched(void **state)
{
	static const struct {
		void (*patch)(struct image *m);
		const char *codes;
	} rows[] = {
	    {p_magic, "elf_magic"},
	    {p_class, "elf_machine"},
	    {p_data, "elf_machine"},
	    {p_machine, "elf_machine"},
	    {p_exec, "elf_type"},
	    {p_object, "elf_type"},
	    {p_pie, "elf_type"},
	    {p_no_sections, "elf_sections"},
	    {p_sections_size, "elf_truncated"},
	    {p_sections_far, "elf_truncated"},
	    {p_section_far, "elf_truncated"},
	    {p_names, "elf_malformed"},
	    {p_no_segments, "elf_malformed"},
	    {p_segments_size, "elf_malformed"},
	    {p_segments_far, "elf_truncated"},
	    {p_segment_far, "elf_truncated"},
	    {p_segment_larger, "elf_malformed"},
	    {p_segment_huge, "elf_malformed"},
	    {p_segment_big, "elf_too_large"},
	    {p_segment_odd, "elf_malformed"},
	    {p_segment_skewed, "elf_malformed"},
	    {p_segment_over, "elf_malformed"},
	    {p_no_load, "elf_malformed"},
	    {p_write_exec, "elf_write_exec"},
	    {p_no_stack, "elf_exec_stack"},
	    {p_no_dynamic, "elf_malformed"},
	    {p_two_dynamics, "elf_malformed"},
	    {p_dynamic_away, "elf_malformed"},
	    {p_dynamic_endless, "elf_malformed"},
	    {p_preinit, "elf_preinit"},
	    {p_rel, "elf_malformed"},
	    {p_no_hash, "elf_malformed"},
	    {p_hash_away, "elf_malformed"},
	    {p_hash_no_buckets, "elf_malformed"},
	    {p_hash_bloom, "elf_malformed"},
	    {p_hash_buckets, "elf_malformed"},
	    {p_hash_first, "elf_malformed"},
	    {p_no_symbols, "elf_malformed"},
	    {p_symbols_away, "elf_malformed"},
	    {p_strings_away, "elf_malformed"},
	    {p_strings_long, "elf_malformed"},
	    {p_versym_away, "elf_malformed"},
	    {p_verneed_away, "elf_malformed"},
	    {p_rela_away, "elf_malformed"},
	    {p_rela_long, "elf_malformed"},
	    {p_rela_type, "elf_relocation"},
	    {p_rela_ifunc, "elf_ifunc"},
	    {p_rela_symbol, "elf_malformed"},
	    {p_rela_target, "elf_textrel"},
	    {p_rela_tls, "elf_malformed"},
	    {p_rela_relative, "elf_malformed"},
	    {p_rela_dynamic, "elf_textrel"},
	    {p_rela_count, "elf_malformed"},
	    {p_rela_entry, "elf_malformed"},
	    {p_rela_no_entry, "elf_malformed"},
	    {p_relr, "elf_relocation"},
	    {p_plt_rel, "elf_malformed"},
	    {p_plt_got, "elf_malformed"},
	    {p_symbol_size, "elf_malformed"},
	    {p_soname, "elf_malformed"},
	    {p_init, "elf_malformed"},
	    {p_fini, "elf_malformed"},
	    {p_init_array, "elf_malformed"},
	    {p_init_array_far, "elf_malformed"},
	    {p_init_array_odd, "elf_malformed"},
	    {p_init_array_half, "elf_malformed"},
	    {p_init_array_data, "elf_malformed"},
	    {p_init_array_skewed, "elf_malformed"},
	    {p_load_unreadable, "elf_malformed"},
	    {p_load_zeroed, "elf_malformed"},
	    {p_relro_away, "elf_malformed"},
	    {p_relro_long, "elf_malformed"},
	    {p_relro_twice, "elf_malformed"},
	    {p_note_long, "elf_malformed"},
	    {p_note_away, "elf_malformed"},
	    {p_tls_away, "elf_malformed"},
	    {p_tls_huge, "elf_malformed"},
	    {p_symbol_name, "elf_malformed"},
	    {p_symbol_local, "elf_malformed"},
	    {p_symbol_bind, "elf_malformed"},
	    {p_symbol_type, "elf_malformed"},
	    {p_symbol_hidden, "elf_malformed"},
	    {p_entry_data, "elf_entry"},
	    {p_entry_absolute, "elf_entry"},
	    {p_entry_object, "elf_entry"},
	    {p_version_index, "elf_malformed"},
	    {p_version_cut, "elf_malformed"},
	    {p_version_of, "elf_malformed"},
	    {p_version_count, "elf_malformed"},
	    {p_version_revision, "elf_malformed"},
	    {p_version_none, "elf_malformed"},
	    {p_glibc, "elf_glibc_version"},
	    {p_note_owner, "note_missing"},
	    {p_note_cut, "note_malformed"},
	    {p_note_short, "note_malformed"},
	    {p_note_major, "abi_major"},
	    {p_note_id, "identity"},
	    {p_note_no_id, "note_malformed"},
	    {p_no_manifest, "manifest_section"},
	    {p_two_manifests, "manifest_section"},
	    {p_manifest_cut, "manifest_json"},
	    {p_manifest_minor, "abi_minor"},
	    {p_manifest_extension, "abi_extension"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct image m = image();
		struct verdict v;

		rows[i].patch(&m);
		v = judge(m.p, m.n, NULL);
		if (strncmp(v.codes, rows[i].codes, strlen(rows[i].codes)) != 0)
			fail_msg("patch %zu: \"%s\", expected \"%s\"", i, v.codes, rows[i].codes);
		free(m.p);
	}
}

static void several_at_once(void **state)
{
	struct image m = image();
	struct fl_str manifest = FL_STR("{\"id\":\"Load\",\"version\":\"1\",\"abi\":{\"major\":1}}");
	struct verdict v;

	(void)state;
	p_no_stack(&m);
	p_write_exec(&m);
	p_rela_ifunc(&m);
	v = judge(m.p, m.n, &manifest);
	assert_string_equal(v.codes, "elf_write_exec elf_exec_stack elf_ifunc manifest_value "
				     "manifest_value identity");
	free(m.p);
}

/* In a copy of exactly its length, so that a sanitizer sees each byte read too far. */
static struct verdict judge_exact(const char *p, size_t n)
{
	char *copy = malloc(n + (n == 0));
	struct verdict v;

	assert_non_null(copy);
	memcpy(copy, p, n);
	v = judge(copy, n, NULL);
	free(copy);
	return v;
}

static void cut_off(void **state)
{
	size_t n;
	char *p = mock_bytes("stripped", &n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		if (judge_exact(p, i).codes[0] == '\0')
			fail_msg("cut off after %zu bytes it passes", i);
	assert_string_equal(judge_exact(p, n).codes, "");
	free(p);
}

/* Each byte of what the reader interprets, set to values that hurt. */
static void damaged(void **state)
{
	static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	size_t n, refused = 0;
	char *p = mock_bytes("stripped", &n), *copy = malloc(n);

	(void)state;
	assert_non_null(copy);
	memcpy(copy, p, n);
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\0' && i >= 0x1000 && i % 8 != 0)
			continue; /* padding, mostly */
		for (size_t k = 0; k < sizeof values; k++) {
			copy[i] = (char)values[k];
			refused += judge(copy, n, NULL).codes[0] != '\0';
		}
		copy[i] = p[i];
	}
	assert_true(refused > 1000);
	free(copy);
	free(p);
}

static void bundled(void **state)
{
	static const char *const names[] = {"connectors/echo.so", "connectors/http.so",
					    "connectors/github.so"};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(names); i++) {
		char path[1024];
		size_t n;
		char *p = file_bytes(build_path(path, sizeof path, names[i]), &n);
		struct verdict v = judge(p, n, NULL);

		assert_string_equal(v.codes, "");
		assert_true(v.is_inline_ok);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("elf: what is linked badly is refused with its own code", linked_badly),
	    FL_CASE("elf: what it may import decides where it may run", facts),
	    FL_CASE("elf: what is damaged is refused with its own code", patched),
	    FL_CASE("elf: everything that is wrong is told at once", several_at_once),
	    FL_CASE("elf: a connector cut off after any byte is refused", cut_off),
	    FL_CASE("elf: no damaged byte makes the reader read too far", damaged),
	    FL_CASE("elf: the bundled connectors pass", bundled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
