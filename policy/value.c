/* policy/value.c - Cedar values at run time
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/value.h"

#include "base/map.h"
#include "base/sort.h"

/* Names are compared by their bytes when hashes agree, so a hash that can be guessed harms nothing;
 * uids are keys of hash tables, so theirs is keyed (fl_hash). */
struct fl_cedar_name fl_cedar_name(struct fl_str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return (struct fl_cedar_name){.p = s.p == NULL ? "" : s.p, .n = (uint32_t)s.n, .hash = h};
}

static int compare_bytes(const char *a, size_t a_n, const char *b, size_t b_n)
{
	if (a_n != b_n)
		return a_n < b_n ? -1 : 1;
	return a_n == 0 ? 0 : memcmp(a, b, a_n);
}

int fl_cedar_name_cmp(struct fl_cedar_name a, struct fl_cedar_name b)
{
	return compare_bytes(a.p, a.n, b.p, b.n);
}

uint64_t fl_cedar_type_hash(struct fl_str type)
{
	return fl_hash(type);
}

struct fl_cedar_uid fl_cedar_uid(struct fl_str type, struct fl_str id)
{
	uint64_t type_hash = fl_hash(type);

	return (struct fl_cedar_uid){
	    .type = type,
	    .id = id,
	    .type_hash = type_hash,
	    .hash = type_hash + fl_hash(id) * UINT64_C(0x9e3779b97f4a7c15),
	};
}

const struct fl_cedar_uid *fl_cedar_uid_make(struct fl_arena *arena, struct fl_str type,
                                             struct fl_str id)
{
	struct fl_cedar_uid *uid = fl_arena_alloc(arena, sizeof *uid);
	struct fl_cedar_uid copy = {
	    .type = fl_arena_str(arena, type),
	    .id = fl_arena_str(arena, id),
	};

	if (uid == NULL || copy.type.p == NULL || copy.id.p == NULL)
		return NULL;
	*uid = fl_cedar_uid(copy.type, copy.id);
	return uid;
}

int fl_cedar_uid_cmp(const struct fl_cedar_uid *a, const struct fl_cedar_uid *b)
{
	if (a == b)
		return 0;
	int d = compare_bytes(a->type.p, a->type.n, b->type.p, b->type.n);

	return d != 0 ? d : compare_bytes(a->id.p, a->id.n, b->id.p, b->id.n);
}

static int compare_ip(const struct fl_cedar_ip *a, const struct fl_cedar_ip *b)
{
	if (a->is_v6 != b->is_v6)
		return a->is_v6 ? 1 : -1;
	if (a->prefix_bits != b->prefix_bits)
		return a->prefix_bits < b->prefix_bits ? -1 : 1;
	return memcmp(a->bytes, b->bytes, a->is_v6 ? 16 : 4);
}

static int compare_sets(struct fl_cedar_value a, struct fl_cedar_value b)
{
	for (uint32_t i = 0; i < a.n; i++) {
		int d = fl_cedar_value_cmp(a.u.items[i], b.u.items[i]);

		if (d != 0)
			return d;
	}
	return 0;
}

static int compare_records(struct fl_cedar_value a, struct fl_cedar_value b)
{
	for (uint32_t i = 0; i < a.n; i++) {
		int d = fl_cedar_name_cmp(a.u.fields[i].name, b.u.fields[i].name);

		if (d == 0)
			d = fl_cedar_value_cmp(a.u.fields[i].value, b.u.fields[i].value);
		if (d != 0)
			return d;
	}
	return 0;
}

int fl_cedar_value_cmp(struct fl_cedar_value a, struct fl_cedar_value b)
{
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	if ((a.kind == FL_CEDAR_SET || a.kind == FL_CEDAR_RECORD) && a.n != b.n)
		return a.n < b.n ? -1 : 1;
	switch ((enum fl_cedar_kind)a.kind) {
	case FL_CEDAR_BOOL:
		return (int)a.u.boolean - (int)b.u.boolean;
	case FL_CEDAR_STRING:
		return compare_bytes(a.u.text, a.n, b.u.text, b.n);
	case FL_CEDAR_ENTITY:
		return fl_cedar_uid_cmp(a.u.uid, b.u.uid);
	case FL_CEDAR_SET:
		return compare_sets(a, b);
	case FL_CEDAR_RECORD:
		return compare_records(a, b);
	case FL_CEDAR_IP:
		return compare_ip(a.u.ip, b.u.ip);
	case FL_CEDAR_LONG:
	case FL_CEDAR_DECIMAL:
	case FL_CEDAR_DATETIME:
	case FL_CEDAR_DURATION:
	case FL_CEDAR_KINDS:
		break;
	}
	return (a.u.number > b.u.number) - (a.u.number < b.u.number);
}

bool fl_cedar_value_eq(struct fl_cedar_value a, struct fl_cedar_value b)
{
	if (a.kind == FL_CEDAR_ENTITY && b.kind == FL_CEDAR_ENTITY)
		return fl_cedar_uid_eq(a.u.uid, b.u.uid);
	return fl_cedar_value_cmp(a, b) == 0;
}

static int compare_items(const void *a, const void *b)
{
	const struct fl_cedar_value *x = a, *y = b;

	return fl_cedar_value_cmp(*x, *y);
}

static bool is_ascending(const struct fl_cedar_value *items, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (fl_cedar_value_cmp(items[i - 1], items[i]) >= 0)
			return false;
	return true;
}

struct fl_cedar_value fl_cedar_set_make(struct fl_cedar_value *items, size_t n)
{
	FL_ASSERT(n <= UINT32_MAX);
	if (!is_ascending(items, n)) {
		size_t kept = 1;

		fl_sort(items, n, sizeof *items, compare_items);
		for (size_t i = 1; i < n; i++)
			if (fl_cedar_value_cmp(items[kept - 1], items[i]) != 0)
				items[kept++] = items[i];
		n = kept;
	}
	return (struct fl_cedar_value){.kind = FL_CEDAR_SET, .n = (uint32_t)n, .u.items = items};
}

static int compare_fields(const void *a, const void *b)
{
	const struct fl_cedar_field *x = a, *y = b;

	return fl_cedar_name_cmp(x->name, y->name);
}

int fl_cedar_record_make(struct fl_cedar_field *fields, size_t n, struct fl_cedar_value *ret,
                         struct fl_str *ret_duplicate)
{
	FL_ASSERT(n <= UINT32_MAX);
	fl_sort(fields, n, sizeof *fields, compare_fields);
	for (size_t i = 1; i < n; i++) {
		if (fl_cedar_name_cmp(fields[i - 1].name, fields[i].name) != 0)
			continue;
		if (ret_duplicate != NULL)
			*ret_duplicate = fl_cedar_name_str(fields[i].name);
		return FL_CEDAR_E_DUPLICATE;
	}
	*ret =
	    (struct fl_cedar_value){.kind = FL_CEDAR_RECORD, .n = (uint32_t)n, .u.fields = fields};
	return 0;
}

bool fl_cedar_set_has(struct fl_cedar_value set, struct fl_cedar_value item)
{
	uint32_t lo = 0, hi = set.n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int d = fl_cedar_value_cmp(set.u.items[mid], item);

		if (d == 0)
			return true;
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* Up to here a look at each hash is cheaper than halving. */
#define RECORD_LINEAR_MAX 8u

const struct fl_cedar_value *fl_cedar_record_find(struct fl_cedar_value record,
                                                  struct fl_cedar_name name)
{
	uint32_t lo = 0, hi = record.n;

	while (hi - lo > RECORD_LINEAR_MAX) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (fl_cedar_name_cmp(record.u.fields[mid].name, name) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	for (; lo < hi; lo++)
		if (fl_cedar_name_eq(record.u.fields[lo].name, name))
			return &record.u.fields[lo].value;
	return NULL;
}

static int copy_value(struct fl_arena *arena, struct fl_cedar_value v, struct fl_cedar_value *ret,
                      unsigned depth);

static int copy_set(struct fl_arena *arena, struct fl_cedar_value v, struct fl_cedar_value *ret,
                    unsigned depth)
{
	struct fl_cedar_value *items = fl_arena_array(arena, v.n, sizeof *items);

	if (items == NULL)
		return FL_CEDAR_E_MEMORY;
	for (uint32_t i = 0; i < v.n; i++) {
		int r = copy_value(arena, v.u.items[i], &items[i], depth + 1);

		if (r != 0)
			return r;
	}
	v.u.items = items;
	*ret = v;
	return 0;
}

static int copy_record(struct fl_arena *arena, struct fl_cedar_value v, struct fl_cedar_value *ret,
                       unsigned depth)
{
	struct fl_cedar_field *fields = fl_arena_array(arena, v.n, sizeof *fields);

	if (fields == NULL)
		return FL_CEDAR_E_MEMORY;
	for (uint32_t i = 0; i < v.n; i++) {
		struct fl_str name = fl_arena_str(arena, fl_cedar_name_str(v.u.fields[i].name));
		int r = name.p == NULL
		            ? FL_CEDAR_E_MEMORY
		            : copy_value(arena, v.u.fields[i].value, &fields[i].value, depth + 1);

		if (r != 0)
			return r;
		fields[i].name = v.u.fields[i].name;
		fields[i].name.p = name.p;
	}
	v.u.fields = fields;
	*ret = v;
	return 0;
}

static int copy_value(struct fl_arena *arena, struct fl_cedar_value v, struct fl_cedar_value *ret,
                      unsigned depth)
{
	if (depth > FL_CEDAR_JSON_DEPTH_MAX)
		return FL_CEDAR_E_LIMIT;
	if (v.kind == FL_CEDAR_SET)
		return copy_set(arena, v, ret, depth);
	if (v.kind == FL_CEDAR_RECORD)
		return copy_record(arena, v, ret, depth);
	if (v.kind == FL_CEDAR_STRING) {
		struct fl_str s = fl_arena_str(arena, fl_cedar_text(v));

		v.u.text = s.p;
		if (s.p == NULL)
			return FL_CEDAR_E_MEMORY;
	} else if (v.kind == FL_CEDAR_ENTITY) {
		v.u.uid = fl_cedar_uid_make(arena, v.u.uid->type, v.u.uid->id);
		if (v.u.uid == NULL)
			return FL_CEDAR_E_MEMORY;
	} else if (v.kind == FL_CEDAR_IP) {
		struct fl_cedar_ip *ip = fl_arena_alloc(arena, sizeof *ip);

		if (ip == NULL)
			return FL_CEDAR_E_MEMORY;
		*ip = *v.u.ip;
		v.u.ip = ip;
	}
	*ret = v;
	return 0;
}

int fl_cedar_value_copy(struct fl_arena *arena, struct fl_cedar_value v, struct fl_cedar_value *ret)
{
	return copy_value(arena, v, ret, 1);
}

const char *fl_cedar_kind_name(enum fl_cedar_kind kind)
{
	static const char *const names[FL_CEDAR_KINDS] = {
	    "Bool",   "Long",    "String",   "entity",   "Set",
	    "Record", "decimal", "datetime", "duration", "ipaddr",
	};

	FL_ASSERT((unsigned)kind < FL_CEDAR_KINDS);
	return names[kind];
}
