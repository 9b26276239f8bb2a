/* admin/plugin/look.c - what stands in a connector file, read without mapping or running it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/plugin/look.h"

#include <elf.h>
#include <stdio.h>

#include <fairlead/note.h>
#include <fairlead/sdk/json.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_NONE
#endif

struct view {
	struct fl_str file;
	Elf64_Ehdr head;
	struct fl_look *look;
	struct fl_problems *problems;
};

/* Names out of the file go to terminals: what is not printable ASCII becomes "?". */
static void bad(struct view *v, const char *code, const char *detail, const char *hint)
{
	char text[400];
	struct fl_problem *p;

	(void)snprintf(text, sizeof text, "%s", detail);
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	p = fl_problems_add(v->problems, code, (struct fl_position){0}, FL_STR_NULL, "%s", text);
	fl_problem_hint(v->problems, p, "%s", hint);
}

/* `n` bytes at `offset`; false when they are not all there. */
static bool slice(const struct view *v, uint64_t offset, uint64_t n, struct fl_str *ret)
{
	if (offset > v->file.n || n > v->file.n - offset)
		return false;
	*ret = fl_str_n(v->file.p + offset, (size_t)n);
	return true;
}

/* The item at `index` of a table, copied out (the file's bytes need not be aligned). */
static bool item(struct fl_str table, size_t index, void *to, size_t bytes)
{
	if (index >= table.n / bytes)
		return false;
	memcpy(to, table.p + index * bytes, bytes);
	return true;
}

/* The NUL-terminated string at `offset` of a string table; empty when it has no end. */
static struct fl_str string_at(struct fl_str table, uint64_t offset)
{
	const char *end;

	if (offset >= table.n)
		return FL_STR_NULL;
	end = memchr(table.p + offset, '\0', table.n - (size_t)offset);
	return end == NULL ? FL_STR_NULL
	                   : fl_str_n(table.p + offset, (size_t)(end - table.p) - (size_t)offset);
}

/* ---- sections: manifest, note ---- */

/* See fairlead/note.h for the layout. */
static void read_note(struct view *v, struct fl_str note)
{
	uint32_t head[3], abi[2];
	struct fl_str text, rest;

	if (note.n < 32) {
		bad(v, "note_malformed", "the note .note.fairlead is cut off",
		    "use FAIRLEAD_NOTE()");
		return;
	}
	memcpy(head, note.p, sizeof head);
	memcpy(abi, note.p + 24, sizeof abi);
	if (head[0] != sizeof FAIRLEAD_NOTE_OWNER || head[1] < 8 || head[1] > note.n - 24 ||
	    head[2] != FAIRLEAD_NOTE_TYPE ||
	    memcmp(note.p + 12, FAIRLEAD_NOTE_OWNER, sizeof FAIRLEAD_NOTE_OWNER) != 0) {
		bad(v, "note_malformed",
		    "the note .note.fairlead is not as FAIRLEAD_NOTE() writes it",
		    "put FAIRLEAD_NOTE(id, version); once at file scope");
		return;
	}
	text = fl_str_n(note.p + 32, head[1] - 8);
	v->look->note_id = fl_str_split(text, '\0', &rest);
	v->look->note_version = fl_str_split(rest, '\0', &rest);
	v->look->note_major = abi[0];
	v->look->note_minor = abi[1];
	v->look->has_note = true;
	if (abi[0] != FAIRLEAD_ABI_MAJOR)
		bad(v, "abi_major", "the note names another major version of the ABI",
		    "build it with the headers of version 1");
}

/* ---- dynamic symbols ---- */

static void check_symbol(struct view *v, const Elf64_Sym *sym, struct fl_str name)
{
	static const char *const of_the_linker[] = {"_init", "_fini", "_edata", "_end",
	                                            "__bss_start"};
	unsigned bind = ELF64_ST_BIND(sym->st_info);
	char detail[256];

	if (sym->st_shndx == SHN_UNDEF || bind == STB_LOCAL)
		return;
	if (fl_str_starts(name, FL_STR("fairlead_plugin_entry_v"))) {
		v->look->has_entry =
		    v->look->has_entry || fl_str_is(name, "fairlead_plugin_entry_v1");
		return;
	}
	for (size_t i = 0; i < FL_ARRAY_LEN(of_the_linker); i++)
		if (fl_str_is(name, of_the_linker[i]))
			return;
	(void)snprintf(detail, sizeof detail, "exports \"%.128s\"", name.n == 0 ? "?" : name.p);
	bad(v, bind == STB_GNU_UNIQUE ? "elf_unique" : "elf_exports", detail,
	    bind == STB_GNU_UNIQUE ? "compile with -fno-gnu-unique -fvisibility=hidden"
	                           : "compile with -fvisibility=hidden; export only the entry");
}

static void read_symbols(struct view *v, struct fl_str symbols, struct fl_str names)
{
	Elf64_Sym sym;

	for (size_t i = 1; item(symbols, i, &sym, sizeof sym); i++) {
		check_symbol(v, &sym, string_at(names, sym.st_name));
		if (ELF64_ST_TYPE(sym.st_info) == STT_GNU_IFUNC && sym.st_shndx != SHN_UNDEF)
			bad(v, "elf_ifunc",
			    "defines an indirect function, which runs while loading",
			    "do not use the ifunc attribute or target_clones");
	}
}

static void read_sections(struct view *v)
{
	struct fl_str table, names = FL_STR_NULL, bytes, linked;
	Elf64_Shdr section, other;

	if (v->head.e_shentsize != sizeof section ||
	    !slice(v, v->head.e_shoff, (uint64_t)v->head.e_shnum * sizeof section, &table)) {
		bad(v, "elf_truncated", "the section table is not all there",
		    "copy the file again; do not strip its section headers");
		return;
	}
	if (item(table, v->head.e_shstrndx, &section, sizeof section))
		(void)slice(v, section.sh_offset, section.sh_size, &names);
	for (size_t i = 1; item(table, i, &section, sizeof section); i++) {
		struct fl_str name = string_at(names, section.sh_name);

		if (section.sh_type == SHT_NOBITS)
			continue;
		if (!slice(v, section.sh_offset, section.sh_size, &bytes)) {
			bad(v, "elf_truncated", "a section is not all there",
			    "copy the file again");
			return;
		}
		if (fl_str_is(name, ".fairlead.manifest")) {
			v->look->manifest = bytes;
			v->look->manifests++;
		} else if (fl_str_is(name, ".note.fairlead")) {
			read_note(v, bytes);
		} else if (section.sh_type == SHT_DYNSYM &&
		           item(table, section.sh_link, &other, sizeof other) &&
		           slice(v, other.sh_offset, other.sh_size, &linked)) {
			read_symbols(v, bytes, linked);
		}
	}
}

/* ---- segments ---- */

static const struct {
	int64_t tag;
	uint64_t flag; /* 0: the tag by itself; else this bit of its value */
	const char *code, *detail, *hint;
} refused_tags[] = {
    {DT_TEXTREL, 0, "elf_textrel", "has text relocations", "compile with -fPIC"},
    {DT_FLAGS, DF_TEXTREL, "elf_textrel", "has text relocations", "compile with -fPIC"},
    {DT_FLAGS, DF_STATIC_TLS, "elf_static_tls", "has initial-exec thread-local storage",
     "leave out -ftls-model=initial-exec, or avoid thread-local variables"},
    {DT_FLAGS_1, DF_1_NODELETE, "elf_nodelete", "asks never to be unloaded",
     "leave out -z nodelete"},
    {DT_FLAGS_1, DF_1_INTERPOSE | DF_1_INITFIRST | DF_1_GLOBAL, "elf_flags",
     "asks the loader for a special place", "leave out -z interpose, initfirst and global"},
    {DT_RPATH, 0, "elf_rpath", "has a library search path", "link without -rpath"},
    {DT_RUNPATH, 0, "elf_rpath", "has a library search path", "link without -rpath"},
    {DT_AUDIT, 0, "elf_audit", "asks for an audit library", "link without -z audit"},
    {DT_DEPAUDIT, 0, "elf_audit", "asks for an audit library", "link without -z depaudit"},
    {DT_FILTER, 0, "elf_filter", "is a filter library", "link without -F and -f"},
    {DT_AUXILIARY, 0, "elf_filter", "is a filter library", "link without -F and -f"},
};

static void check_needed(struct view *v, struct fl_str name)
{
	static const char *const allowed[] = {"libc.so.6",
	                                      "libm.so.6",
	                                      "libgcc_s.so.1",
	                                      "ld-linux-x86-64.so.2",
	                                      "ld-linux-aarch64.so.1",
	                                      "libpthread.so.0",
	                                      "libdl.so.2",
	                                      "librt.so.1"};
	char detail[256];

	for (size_t i = 0; i < FL_ARRAY_LEN(allowed); i++)
		if (fl_str_is(name, allowed[i]))
			return;
	(void)snprintf(detail, sizeof detail, "needs \"%.128s\" at run time",
	               name.n == 0 ? "?" : name.p);
	bad(v, "elf_needed", detail, "link it statically");
}

/* The string table of the dynamic section, by its address. */
static struct fl_str dynamic_strings(const struct view *v, struct fl_str segments,
                                     struct fl_str dynamic)
{
	uint64_t address = 0, bytes = 0;
	struct fl_str strings = FL_STR_NULL;
	Elf64_Phdr segment;
	Elf64_Dyn d;

	for (size_t i = 0; item(dynamic, i, &d, sizeof d) && d.d_tag != DT_NULL; i++) {
		if (d.d_tag == DT_STRTAB)
			address = d.d_un.d_ptr;
		else if (d.d_tag == DT_STRSZ)
			bytes = d.d_un.d_val;
	}
	for (size_t i = 0; item(segments, i, &segment, sizeof segment); i++)
		if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
		    address - segment.p_vaddr < segment.p_filesz && segment.p_offset <= v->file.n)
			(void)slice(v, segment.p_offset + (address - segment.p_vaddr), bytes,
			            &strings);
	return strings;
}

static void read_dynamic(struct view *v, struct fl_str segments, struct fl_str dynamic)
{
	struct fl_str strings = dynamic_strings(v, segments, dynamic);
	bool is_bound = false;
	Elf64_Dyn d;

	for (size_t i = 0; item(dynamic, i, &d, sizeof d) && d.d_tag != DT_NULL; i++) {
		if (d.d_tag == DT_NEEDED)
			check_needed(v, string_at(strings, d.d_un.d_val));
		is_bound = is_bound || d.d_tag == DT_BIND_NOW ||
		           (d.d_tag == DT_FLAGS && (d.d_un.d_val & DF_BIND_NOW) != 0) ||
		           (d.d_tag == DT_FLAGS_1 && (d.d_un.d_val & DF_1_NOW) != 0);
		for (size_t k = 0; k < FL_ARRAY_LEN(refused_tags); k++)
			if (d.d_tag == refused_tags[k].tag &&
			    (refused_tags[k].flag == 0 ||
			     (d.d_un.d_val & refused_tags[k].flag) != 0))
				bad(v, refused_tags[k].code, refused_tags[k].detail,
				    refused_tags[k].hint);
	}
	if (!is_bound)
		bad(v, "elf_lazy", "symbols are bound lazily", "link with -Wl,-z,now");
}

static void read_segments(struct view *v)
{
	struct fl_str table, bytes;
	bool has_stack = false, has_relro = false;
	Elf64_Phdr s;

	if (v->head.e_phentsize != sizeof s ||
	    !slice(v, v->head.e_phoff, (uint64_t)v->head.e_phnum * sizeof s, &table)) {
		bad(v, "elf_truncated", "the segment table is not all there",
		    "copy the file again");
		return;
	}
	for (size_t i = 0; item(table, i, &s, sizeof s); i++) {
		if (!slice(v, s.p_offset, s.p_filesz, &bytes)) {
			bad(v, "elf_truncated", "a segment is not all there",
			    "copy the file again");
			return;
		}
		has_relro = has_relro || s.p_type == PT_GNU_RELRO;
		if (s.p_type == PT_GNU_STACK) {
			has_stack = true;
			if ((s.p_flags & PF_X) != 0)
				bad(v, "elf_exec_stack", "asks for an executable stack",
				    "link with -Wl,-z,noexecstack");
		} else if (s.p_type == PT_LOAD && (s.p_flags & PF_W) != 0 &&
		           (s.p_flags & PF_X) != 0) {
			bad(v, "elf_write_exec", "a segment is writable and executable",
			    "leave out -z execstack, -N and the like");
		} else if (s.p_type == PT_INTERP) {
			bad(v, "elf_interp", "has an interpreter: it is a program",
			    "link with -shared");
		} else if (s.p_type == PT_DYNAMIC) {
			read_dynamic(v, table, bytes);
		}
	}
	if (!has_stack)
		bad(v, "elf_exec_stack", "does not say that its stack is not executable",
		    "link with -Wl,-z,noexecstack");
	if (!has_relro)
		bad(v, "elf_relro", "its relocations stay writable", "link with -Wl,-z,relro");
}

/* ---- the whole ---- */

void fl_look_file(struct fl_str file, struct fl_look *ret, struct fl_problems *problems)
{
	struct view v = {.file = file, .look = ret, .problems = problems};

	*ret = (struct fl_look){.has_note = false};
	if (file.n < sizeof v.head || memcmp(file.p, ELFMAG, SELFMAG) != 0) {
		bad(&v, "elf_magic", "is no ELF file", "give the .so that the linker wrote");
		return;
	}
	memcpy(&v.head, file.p, sizeof v.head);
	if (v.head.e_ident[EI_CLASS] != ELFCLASS64 || v.head.e_ident[EI_DATA] != ELFDATA2LSB ||
	    v.head.e_machine != MACHINE) {
		bad(&v, "elf_machine", "is for another kind of machine",
		    "compile it for the machine of the gateway");
		return;
	}
	if (v.head.e_type != ET_DYN)
		bad(&v, "elf_type", "is no shared object", "link with -shared");
	read_segments(&v);
	read_sections(&v);
	if (!ret->has_entry)
		bad(&v, "elf_entry", "does not export fairlead_plugin_entry_v1",
		    "define it with FAIRLEAD_EXPORT, and not static");
	if (!ret->has_note)
		bad(&v, "note_missing", "has no note .note.fairlead",
		    "put FAIRLEAD_NOTE(id, version); once at file scope");
}

static void read_abi(sdk_json *j, struct fl_look *look)
{
	fairlead_str key;

	(void)sdk_json_object(j);
	while (sdk_json_key(j, &key)) {
		if (sdk_json_is(key, "major"))
			(void)sdk_json_u64(j, &look->abi_major);
		else if (sdk_json_is(key, "min_minor"))
			(void)sdk_json_u64(j, &look->abi_min_minor);
		else
			(void)sdk_json_skip(j, NULL);
	}
}

void fl_look_manifest(struct fl_look *ret, struct fl_problems *problems)
{
	sdk_json j = sdk_json_over(sdk_str_n(ret->manifest.p, ret->manifest.n));
	struct view v = {.look = ret, .problems = problems};
	fairlead_str key, id = {NULL, 0}, version = {NULL, 0};

	(void)sdk_json_object(&j);
	while (sdk_json_key(&j, &key)) {
		if (sdk_json_is(key, "id"))
			(void)sdk_json_string(&j, &id);
		else if (sdk_json_is(key, "version"))
			(void)sdk_json_string(&j, &version);
		else if (sdk_json_is(key, "abi"))
			read_abi(&j, ret);
		else
			(void)sdk_json_skip(&j, NULL);
	}
	if (!sdk_json_done(&j)) {
		bad(&v, "manifest_json", j.error, "the manifest is one JSON object in UTF-8");
		return;
	}
	ret->id = fl_str_n(id.p, id.n);
	ret->version = fl_str_n(version.p, version.n);
	if (id.n == 0)
		bad(&v, "manifest_id", "the manifest has no \"id\"",
		    "give it one, such as com.example.x");
	if (version.n == 0)
		bad(&v, "manifest_version", "the manifest has no \"version\"",
		    "give it one, such as 1.0.0");
	if (ret->abi_major != FAIRLEAD_ABI_MAJOR)
		bad(&v, "manifest_abi", "the manifest's abi.major is not 1",
		    "\"abi\": {\"major\": 1, \"min_minor\": 0}");
}

void fl_look_compare(const struct fl_look *look, struct fl_problems *problems)
{
	struct view v = {.problems = problems};
	char detail[400];

	if (!look->has_note || look->id.n == 0 || look->version.n == 0 ||
	    (fl_str_eq(look->id, look->note_id) && fl_str_eq(look->version, look->note_version)))
		return;
	(void)snprintf(detail, sizeof detail, "the note names %.*s %.*s, the manifest %.*s %.*s",
	               FL_STR_ARGS(look->note_id), FL_STR_ARGS(look->note_version),
	               FL_STR_ARGS(look->id), FL_STR_ARGS(look->version));
	bad(&v, "identity", detail,
	    "keep id and version in the manifest and hand them to the compiler");
}
