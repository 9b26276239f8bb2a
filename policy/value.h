/* policy/value.h - Cedar values at run time
 * SPDX-License-Identifier: Apache-2.0
 *
 * A value is 16 bytes and is passed by copy; what it points to belongs to an arena and is never
 * changed afterwards, so values may be shared by threads. Invariants that all code relies on:
 *
 * - a set is sorted by fl_cedar_value_cmp() and holds no two equal members;
 * - a record is sorted by fl_cedar_name_cmp() and holds no two equal names;
 * - text and names are UTF-8 with a length and may hold NUL bytes.
 *
 * Use fl_cedar_set_make() and fl_cedar_record_make(): they establish the first two. How deep values
 * nest is bounded by whoever builds them (parsers and evaluator do); compare, copy and print recurse.
 */
#ifndef FL_POLICY_VALUE_H
#define FL_POLICY_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"
#include "policy/limits.h"

enum fl_cedar_kind {
	FL_CEDAR_BOOL,
	FL_CEDAR_LONG,
	FL_CEDAR_STRING,
	FL_CEDAR_ENTITY,
	FL_CEDAR_SET,
	FL_CEDAR_RECORD,
	FL_CEDAR_DECIMAL,  /* number: ten-thousandths */
	FL_CEDAR_DATETIME, /* number: milliseconds since 1970-01-01T00:00:00Z */
	FL_CEDAR_DURATION, /* number: milliseconds */
	FL_CEDAR_IP,
	FL_CEDAR_KINDS
};

/* The name of an entity: `App::User::"ann"` has type "App::User" (no blanks) and id "ann". `hash` is
 * fl_cedar_uid_hash() of both: make uids with fl_cedar_uid_make() or fl_cedar_uid(). */
struct fl_cedar_uid {
	struct fl_str type, id;
	uint64_t hash;
	uint64_t type_hash;
};

/* An address with its prefix. IPv4 is kept in the first 4 bytes; host bits are kept. */
struct fl_cedar_ip {
	unsigned char bytes[16];
	uint8_t prefix_bits;
	bool is_v6;
};

struct fl_cedar_value {
	uint8_t kind; /* enum fl_cedar_kind */
	uint32_t n;   /* bytes of text, members of a set, fields of a record */
	union {
		bool boolean;
		int64_t number;
		const char *text;
		const struct fl_cedar_uid *uid;
		const struct fl_cedar_value *items;
		const struct fl_cedar_field *fields;
		const struct fl_cedar_ip *ip;
	} u;
};

/* A name with its hash: fl_cedar_name(). */
struct fl_cedar_name {
	const char *p;
	uint32_t n;
	uint32_t hash;
};

struct fl_cedar_field {
	struct fl_cedar_name name;
	struct fl_cedar_value value;
};

struct fl_cedar_name fl_cedar_name(struct fl_str s);
/* By length, then bytes. */
int fl_cedar_name_cmp(struct fl_cedar_name a, struct fl_cedar_name b);

static inline struct fl_str fl_cedar_name_str(struct fl_cedar_name n)
{
	return fl_str_n(n.p, n.n);
}

static inline bool fl_cedar_name_eq(struct fl_cedar_name a, struct fl_cedar_name b)
{
	return a.hash == b.hash && a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

uint64_t fl_cedar_type_hash(struct fl_str type);
/* A uid whose text is borrowed. */
struct fl_cedar_uid fl_cedar_uid(struct fl_str type, struct fl_str id);
/* A copy in the arena; NULL when it is full. */
const struct fl_cedar_uid *fl_cedar_uid_make(struct fl_arena *arena, struct fl_str type,
					     struct fl_str id);
/* By type (length, bytes), then id (length, bytes). */
int fl_cedar_uid_cmp(const struct fl_cedar_uid *a, const struct fl_cedar_uid *b);

static inline bool fl_cedar_uid_eq(const struct fl_cedar_uid *a, const struct fl_cedar_uid *b)
{
	return a == b ||
	       (a->hash == b->hash && fl_str_eq(a->id, b->id) && fl_str_eq(a->type, b->type));
}

static inline bool fl_cedar_uid_is_type(const struct fl_cedar_uid *a, struct fl_str type)
{
	return fl_str_eq(a->type, type);
}

static inline struct fl_cedar_value fl_cedar_bool(bool b)
{
	return (struct fl_cedar_value){.kind = FL_CEDAR_BOOL, .u.boolean = b};
}

static inline struct fl_cedar_value fl_cedar_long(int64_t i)
{
	return (struct fl_cedar_value){.kind = FL_CEDAR_LONG, .u.number = i};
}

/* Decimal, datetime, duration in their units. */
static inline struct fl_cedar_value fl_cedar_number(enum fl_cedar_kind kind, int64_t i)
{
	return (struct fl_cedar_value){.kind = (uint8_t)kind, .u.number = i};
}

/* Borrows the text. At most 4 GiB. */
static inline struct fl_cedar_value fl_cedar_string(struct fl_str s)
{
	return (struct fl_cedar_value){.kind = FL_CEDAR_STRING, .n = (uint32_t)s.n, .u.text = s.p};
}

static inline struct fl_str fl_cedar_text(struct fl_cedar_value v)
{
	return fl_str_n(v.u.text, v.n);
}

static inline struct fl_cedar_value fl_cedar_entity(const struct fl_cedar_uid *uid)
{
	return (struct fl_cedar_value){.kind = FL_CEDAR_ENTITY, .u.uid = uid};
}

/* The empty record, e.g. an absent context. */
static inline struct fl_cedar_value fl_cedar_record_empty(void)
{
	return (struct fl_cedar_value){.kind = FL_CEDAR_RECORD};
}

/* Sorts `items` in place, drops repetitions and returns the set, which borrows the array. */
struct fl_cedar_value fl_cedar_set_make(struct fl_cedar_value *items, size_t n);
/* Sorts `fields` in place; *ret borrows the array. FL_CEDAR_E_DUPLICATE: *ret_duplicate (may be
 * NULL) is the name that is there twice. */
int fl_cedar_record_make(struct fl_cedar_field *fields, size_t n, struct fl_cedar_value *ret,
			 struct fl_str *ret_duplicate);

/* Total: values of different kinds are unequal. */
bool fl_cedar_value_eq(struct fl_cedar_value a, struct fl_cedar_value b);
/* A total order for sets; by kind first, otherwise without meaning. */
int fl_cedar_value_cmp(struct fl_cedar_value a, struct fl_cedar_value b);
bool fl_cedar_set_has(struct fl_cedar_value set, struct fl_cedar_value item);
/* The field's value, or NULL. `record` must be a record. */
const struct fl_cedar_value *fl_cedar_record_find(struct fl_cedar_value record,
						  struct fl_cedar_name name);
/* A deep copy that borrows nothing. FL_CEDAR_E_MEMORY; FL_CEDAR_E_LIMIT over
 * FL_CEDAR_JSON_DEPTH_MAX levels. */
int fl_cedar_value_copy(struct fl_arena *arena, struct fl_cedar_value v, struct fl_cedar_value *ret);

/* "Long", "ipaddr", ... as the language calls them. */
const char *fl_cedar_kind_name(enum fl_cedar_kind kind);
/* In Cedar syntax; extension values as their constructor call. Sets and records come out in their
 * internal order, which is stable. */
void fl_cedar_value_print(struct fl_buf *out, struct fl_cedar_value v);
/* `"text"` with Cedar escapes. */
void fl_cedar_print_string(struct fl_buf *out, struct fl_str s);
/* `App::User::"ann"` */
void fl_cedar_print_uid(struct fl_buf *out, const struct fl_cedar_uid *uid);

#endif
