/* gateway/connector/check.c - everything that is wrong with a connector file, without running it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/check.h"

#include <stdio.h>

#include "gateway/connector/import.h"
#include "gateway/connector/sound.h"
#include "gateway/connector/version.h"

#include <fairlead/ext/exec.h>
#include <fairlead/ext/http.h>
#include <fairlead/ext/kv.h>
#include <fairlead/ext/metric.h>
#include <fairlead/ext/timer.h>

const char *const fl_connector_extensions[] = {
    FAIRLEAD_EXT_EXEC,   FAIRLEAD_EXT_HTTP,  FAIRLEAD_EXT_KV,
    FAIRLEAD_EXT_METRIC, FAIRLEAD_EXT_TIMER, NULL,
};

#define ENTRY "fairlead_plugin_entry_v"

struct check {
	const struct fl_elf *elf;
	struct fl_connector_file *file;
	struct fl_problems *problems;
};

#define BAD(c, code, hint, ...) fl_elf_problem((c)->problems, code, hint, __VA_ARGS__)

/* What a file does a thousand times is told once. */
static bool is_told(const struct check *c, const char *code)
{
	for (const struct fl_problem *p = c->problems->first; p != NULL; p = p->next)
		if (strcmp(p->code, code) == 0)
			return true;
	return false;
}

/* ---- segments ---- */

static void check_segments(struct check *c)
{
	bool has_stack = false, has_relro = false;
	Elf64_Phdr s;

	for (size_t i = 0; fl_elf_item(c->elf->segments, i, &s, sizeof s); i++) {
		bool is_exec = (s.p_flags & PF_X) != 0;

		has_relro = has_relro || s.p_type == PT_GNU_RELRO;
		has_stack = has_stack || s.p_type == PT_GNU_STACK;
		if (s.p_type == PT_GNU_STACK && is_exec)
			BAD(c, "elf_exec_stack", "link with -Wl,-z,noexecstack",
			    "asks for an executable stack");
		else if (s.p_type == PT_LOAD && is_exec && (s.p_flags & PF_W) != 0)
			BAD(c, "elf_write_exec", "leave out -z execstack, -N and the like",
			    "a segment is writable and executable");
		else if (s.p_type == PT_INTERP)
			BAD(c, "elf_interp", "link with -shared",
			    "has an interpreter: it is a program");
	}
	if (!has_stack)
		BAD(c, "elf_exec_stack", "link with -Wl,-z,noexecstack",
		    "does not say that its stack is not executable");
	if (!has_relro)
		BAD(c, "elf_relro", "link with -Wl,-z,relro", "its relocations stay writable");
}

/* ---- the dynamic table ---- */

static const struct {
	int64_t tag;
	uint64_t bits; /* 0: the tag by itself; else any of these bits of its value */
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
    {DT_FLAGS_1, DF_1_NOOPEN, "elf_flags", "asks not to be loaded at run time",
     "leave out -z nodlopen"},
    {DT_FLAGS_1, DF_1_PIE, "elf_type", "is a program", "link with -shared, not -pie"},
    {DT_RPATH, 0, "elf_rpath", "has a library search path", "link without -rpath"},
    {DT_RUNPATH, 0, "elf_rpath", "has a library search path", "link without -rpath"},
    {DT_AUDIT, 0, "elf_audit", "asks for an audit library", "link without --audit"},
    {DT_DEPAUDIT, 0, "elf_audit", "asks for an audit library", "link without --depaudit"},
    {DT_FILTER, 0, "elf_filter", "is a filter library", "link without -F and -f"},
    {DT_AUXILIARY, 0, "elf_filter", "is a filter library", "link without -F and -f"},
    {DT_PREINIT_ARRAY, 0, "elf_preinit", "has functions that run before all others",
     "leave out .preinit_array"},
};

static void check_needed(struct check *c, struct fl_str name)
{
	static const char *const allowed[] = {
	    "libc.so.6",     "libm.so.6",
	    "libgcc_s.so.1", "ld-linux-x86-64.so.2",
	    "libdl.so.2",    "ld-linux-aarch64.so.1",
	    "librt.so.1",    "libpthread.so.0",
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(allowed); i++)
		if (fl_str_is(name, allowed[i]))
			return;
	BAD(c, "elf_needed", "link it statically; only libc, libm and libgcc_s may be shared",
	    "needs \"%.*s\" at run time", FL_ELF_NAME(name));
}

static void check_dynamic(struct check *c)
{
	bool is_bound = false;
	Elf64_Dyn d;

	for (size_t i = 0; fl_elf_item(c->elf->dynamic, i, &d, sizeof d); i++) {
		if (d.d_tag == DT_NEEDED)
			check_needed(c, fl_elf_string(c->elf->strings, d.d_un.d_val));
		is_bound = is_bound || d.d_tag == DT_BIND_NOW ||
		           (d.d_tag == DT_FLAGS && (d.d_un.d_val & DF_BIND_NOW) != 0) ||
		           (d.d_tag == DT_FLAGS_1 && (d.d_un.d_val & DF_1_NOW) != 0);
		for (size_t k = 0; k < FL_ARRAY_LEN(refused_tags); k++)
			if (d.d_tag == refused_tags[k].tag &&
			    (refused_tags[k].bits == 0 ||
			     (d.d_un.d_val & refused_tags[k].bits) != 0) &&
			    !is_told(c, refused_tags[k].code))
				BAD(c, refused_tags[k].code, refused_tags[k].hint, "%s",
				    refused_tags[k].detail);
	}
	if (!is_bound)
		BAD(c, "elf_lazy", "link with -Wl,-z,now", "symbols are bound lazily");
}

/* ---- symbols ---- */

static void check_export(struct check *c, const Elf64_Sym *sym, struct fl_str name)
{
	static const char *const of_the_linker[] = {"_init", "_fini", "_edata", "_end",
	                                            "__bss_start"};
	unsigned bind = ELF64_ST_BIND(sym->st_info),
		 visibility = ELF64_ST_VISIBILITY(sym->st_other);

	if (ELF64_ST_TYPE(sym->st_info) == STT_GNU_IFUNC)
		BAD(c, "elf_ifunc", "do not use the ifunc attribute or target_clones",
		    "\"%.*s\" is an indirect function, which runs while loading",
		    FL_ELF_NAME(name));
	if (bind == STB_GNU_UNIQUE) {
		BAD(c, "elf_unique_symbol", "compile with -fno-gnu-unique -fvisibility=hidden",
		    "\"%.*s\" is unique in the process, which forbids unloading",
		    FL_ELF_NAME(name));
		return;
	}
	if (visibility == STV_HIDDEN || visibility == STV_INTERNAL)
		return;
	if (fl_str_is(name, ENTRY "1")) {
		c->file->has_entry = ELF64_ST_TYPE(sym->st_info) == STT_FUNC &&
		                     sym->st_shndx < SHN_LORESERVE &&
		                     fl_sound_is_in(c->elf, sym->st_value, 1, PF_X);
		return;
	}
	if (fl_str_starts(name, FL_STR(ENTRY)))
		return; /* for hosts of another version */
	for (size_t i = 0; i < FL_ARRAY_LEN(of_the_linker); i++)
		if (fl_str_is(name, of_the_linker[i]))
			return;
	BAD(c, "elf_exports", "compile with -fvisibility=hidden; export only the entry",
	    "exports \"%.*s\"", FL_ELF_NAME(name));
}

static void check_import(struct check *c, const Elf64_Sym *sym, struct fl_str name, size_t index)
{
	const struct fl_import_rule *rule = fl_import_rule(name);
	uint16_t version = 0;

	if (rule != NULL && rule->kind == FL_IMPORT_FORBIDDEN)
		BAD(c, "elf_forbidden_import", rule->hint, "uses %.*s(): %s", FL_ELF_NAME(name),
		    rule->why);
	else if (rule != NULL && rule->kind == FL_IMPORT_THREADS)
		c->file->starts_threads = true;
	else if (rule != NULL)
		c->file->marks_threads = true;
#ifdef __GLIBC__
	/* What libc, libm and libgcc_s bring has a version. Anything else would be taken from
	 * whatever the host happens to be linked with. */
	if (ELF64_ST_BIND(sym->st_info) == STB_WEAK)
		return;
	if (!fl_elf_item(c->elf->symbol_versions, index, &version, sizeof version) ||
	    (version & 0x7fffu) <= VER_NDX_GLOBAL)
		BAD(c, "elf_undefined",
		    "link with -Wl,-z,defs, and statically with what defines it",
		    "uses \"%.*s\", which neither it nor libc defines", FL_ELF_NAME(name));
#endif
}

/* What the loader takes on trust when it looks a symbol up. */
static bool is_symbol_sound(const Elf64_Sym *sym, struct fl_str name)
{
	unsigned bind = ELF64_ST_BIND(sym->st_info), type = ELF64_ST_TYPE(sym->st_info);

	if (name.p == NULL || (bind > STB_WEAK && bind != STB_GNU_UNIQUE))
		return false;
	return sym->st_shndx != SHN_UNDEF || (bind != STB_LOCAL && name.n != 0 &&
	                                      type <= STT_FUNC && sym->st_other == STV_DEFAULT);
}

static void check_symbols(struct check *c)
{
	Elf64_Sym sym;

	for (size_t i = 1; fl_elf_item(c->elf->symbols, i, &sym, sizeof sym); i++) {
		struct fl_str name = fl_elf_string(c->elf->strings, sym.st_name);

		if (!is_symbol_sound(&sym, name))
			BAD(c, "elf_malformed", "link it again with an unmodified linker",
			    "a symbol is none that a linker writes");
		if (ELF64_ST_BIND(sym.st_info) == STB_LOCAL)
			continue;
		if (sym.st_shndx == SHN_UNDEF)
			check_import(c, &sym, name, i);
		else
			check_export(c, &sym, name);
	}
	if (!c->file->has_entry)
		BAD(c, "elf_entry", "define it with FAIRLEAD_EXPORT, and not static",
		    "does not export the function fairlead_plugin_entry_v1");
}

/* ---- symbol versions ---- */

/* "GLIBC_2.34" -> 2034; 0: no number. */
static uint64_t version_number(struct fl_str name)
{
	struct fl_str minor, patch, major = fl_str_split(name, '.', &minor);
	uint64_t a, b;

	minor = fl_str_split(minor, '.', &patch);
	return fl_str_to_u64(major, &a) && fl_str_to_u64(minor, &b) && a < 1000 && b < 1000
	           ? a * 1000 + b
	           : 0;
}

static void check_version(void *ctx, struct fl_str library, struct fl_str name)
{
	struct check *c = ctx;
	const char *host = fl_host_libc_version();
	struct fl_str number;

	(void)library;
	if (!fl_str_starts(name, FL_STR("GLIBC_")) || host == NULL)
		return;
	number = fl_str_n(name.p + 6, name.n - 6);
	if (fl_str_is(number, "PRIVATE"))
		BAD(c, "elf_glibc_private", "use only what the C library documents",
		    "uses private parts of glibc");
	else if (version_number(number) > version_number(fl_str(host)))
		BAD(c, "elf_glibc_version",
		    "build it on a system with the glibc of the gateway or an older one",
		    "needs glibc %.*s, here is %s", FL_ELF_NAME(number), host);
}

static void check_versions(struct check *c)
{
	struct fl_versions versions;
	uint16_t index;

	if (!fl_versions_read(c->elf, &versions, check_version, c))
		BAD(c, "elf_malformed", "link it again with an unmodified linker",
		    "the tables of symbol versions are not all there");
	for (size_t i = 0; fl_elf_item(c->elf->symbol_versions, i, &index, sizeof index); i++)
		if (!fl_versions_has(&versions, index)) {
			BAD(c, "elf_malformed", "link it again with an unmodified linker",
			    "a symbol has a version that is not there");
			return;
		}
}

/* ---- manifest and agreement ---- */

static void check_manifest(struct check *c, const struct fl_str *given)
{
	size_t n = 1;

	c->file->manifest_json =
	    given != NULL ? *given : fl_elf_section(c->elf, ".fairlead.manifest", &n);
	if (n != 1)
		BAD(c, "manifest_section", "fairlead-plugin embed FILE.so MANIFEST.json",
		    "has %zu sections .fairlead.manifest, not one", n);
	if (n != 0)
		c->file->manifest = fl_manifest_parse(c->file->manifest_json, c->problems);
}

static bool is_known(struct fl_str extension)
{
	for (size_t i = 0; fl_connector_extensions[i] != NULL; i++)
		if (fl_str_is(extension, fl_connector_extensions[i]))
			return true;
	return false;
}

static void check_abi(struct check *c, const struct fl_manifest *m)
{
	if (m->abi_major == FAIRLEAD_ABI_MAJOR && m->abi_min_minor > FAIRLEAD_ABI_MINOR)
		BAD(c, "abi_minor", "use a newer fairlead, or lower abi.min_minor",
		    "needs ABI 1.%llu, this host has 1.%u", (unsigned long long)m->abi_min_minor,
		    (unsigned)FAIRLEAD_ABI_MINOR);
	for (size_t i = 0; i < m->required.n; i++)
		if (!is_known(m->required.items[i]))
			BAD(c, "abi_extension", "use a newer fairlead, or move it to \"optional\"",
			    "requires the extension \"%.*s\", which this host does not have",
			    FL_ELF_NAME(m->required.items[i]));
}

static void check_agreement(struct check *c, const struct fl_manifest *m)
{
	const struct fl_note *note = &c->file->note;

	if (note->is_there && m->id.n != 0 && m->version.n != 0 &&
	    (!fl_str_eq(note->id, m->id) || !fl_str_eq(note->version, m->version)))
		BAD(c, "identity",
		    "keep id and version in the manifest and hand them to the compiler",
		    "the note names %.*s %.*s, the manifest %.*s %.*s", FL_ELF_NAME(note->id),
		    FL_ELF_NAME(note->version), FL_ELF_NAME(m->id), FL_ELF_NAME(m->version));
	if (c->file->starts_threads && !m->permissions.threads)
		BAD(c, "elf_forbidden_import",
		    "use fairlead.exec/1, or declare permissions.threads in the manifest",
		    "starts threads without declaring it");
}

void fl_connector_file_read(struct fl_str file, const struct fl_str *manifest_json,
                            struct fl_connector_file *ret, struct fl_problems *problems)
{
	struct fl_elf elf;
	struct check c = {.elf = &elf, .file = ret, .problems = problems};

	*ret = (struct fl_connector_file){.has_entry = false};
	if (!fl_elf_open(file, &elf, problems))
		return;
	check_segments(&c);
	check_dynamic(&c);
	check_symbols(&c);
	check_versions(&c);
	fl_sound_check(&elf, problems);
	fl_note_read(&elf, &ret->note, problems);
	check_manifest(&c, manifest_json);
	if (ret->manifest != NULL) {
		check_abi(&c, ret->manifest);
		check_agreement(&c, ret->manifest);
	}
}

void fl_connector_file_fini(struct fl_connector_file *file)
{
	file->manifest = fl_manifest_destroy(file->manifest);
}
