/* gateway/connector/version.c - the symbol versions that a connector needs and defines
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lists of lists. All links are relative and unsigned, so every list ends; what they add up to is
 * capped all the same, because lists may share their ends.
 */
#include "gateway/connector/version.h"

#define STEPS_MAX 10000u
#define INDEX_MASK 0x7fffu /* the bit above means hidden */

struct walk {
	const struct fl_elf *elf;
	struct fl_versions *ret;
	fl_version_fn fn;
	void *ctx;
	unsigned steps;
};

static bool take(struct walk *w, uint64_t at, void *to, size_t bytes)
{
	struct fl_str found;

	if (w->steps++ == STEPS_MAX || !fl_elf_at(w->elf, at, bytes, &found))
		return false;
	memcpy(to, found.p, bytes);
	return true;
}

static bool add(struct walk *w, unsigned index)
{
	index &= INDEX_MASK;
	w->ret->known[index / 64] |= UINT64_C(1) << index % 64;
	return index != VER_NDX_LOCAL;
}

/* Would the loader find that library among those it loaded? */
static bool is_needed(const struct fl_elf *elf, struct fl_str library)
{
	Elf64_Dyn d;

	for (size_t i = 0; fl_elf_item(elf->dynamic, i, &d, sizeof d); i++)
		if (d.d_tag == DT_NEEDED &&
		    fl_str_eq(fl_elf_string(elf->strings, d.d_un.d_val), library))
			return true;
	return false;
}

static bool read_need(struct walk *w, uint64_t at, const Elf64_Verneed *need)
{
	struct fl_str library = fl_elf_string(w->elf->strings, need->vn_file);
	unsigned n = 0;
	Elf64_Vernaux aux;

	if (need->vn_version != VER_NEED_CURRENT || !is_needed(w->elf, library))
		return false;
	at += need->vn_aux;
	do {
		struct fl_str name;

		if (!take(w, at, &aux, sizeof aux))
			return false;
		name = fl_elf_string(w->elf->strings, aux.vna_name);
		if (name.n == 0 || !add(w, aux.vna_other))
			return false;
		w->fn(w->ctx, library, name);
		at += aux.vna_next;
		n++;
	} while (aux.vna_next != 0);
	return n == need->vn_cnt;
}

static bool read_needs(struct walk *w, uint64_t at)
{
	Elf64_Verneed need;

	do {
		if (!take(w, at, &need, sizeof need) || !read_need(w, at, &need))
			return false;
		at += need.vn_next;
	} while (need.vn_next != 0);
	return true;
}

static bool read_definitions(struct walk *w, uint64_t at)
{
	Elf64_Verdef def;
	Elf64_Verdaux aux;

	do {
		if (!take(w, at, &def, sizeof def) || def.vd_version != VER_DEF_CURRENT ||
		    !add(w, def.vd_ndx) || !take(w, at + def.vd_aux, &aux, sizeof aux) ||
		    fl_elf_string(w->elf->strings, aux.vda_name).n == 0)
			return false;
		at += def.vd_next;
	} while (def.vd_next != 0);
	return true;
}

bool fl_versions_read(const struct fl_elf *elf, struct fl_versions *ret, fl_version_fn fn,
                      void *ctx)
{
	struct walk w = {.elf = elf, .ret = ret, .fn = fn, .ctx = ctx};
	uint64_t needs, definitions, n, symbols;
	bool has_needs = fl_elf_tag(elf, DT_VERNEED, &needs);
	bool has_definitions = fl_elf_tag(elf, DT_VERDEF, &definitions);

	*ret = (struct fl_versions){.known = {1u << VER_NDX_LOCAL | 1u << VER_NDX_GLOBAL}};
	if (has_needs != fl_elf_tag(elf, DT_VERNEEDNUM, &n) ||
	    has_definitions != fl_elf_tag(elf, DT_VERDEFNUM, &n) ||
	    (has_needs || has_definitions) != fl_elf_tag(elf, DT_VERSYM, &symbols))
		return false;
	return (!has_needs || read_needs(&w, needs)) &&
	       (!has_definitions || read_definitions(&w, definitions));
}

bool fl_versions_has(const struct fl_versions *versions, uint16_t index)
{
	unsigned i = index & INDEX_MASK;

	return (versions->known[i / 64] >> i % 64 & 1) != 0;
}
