/* tests/unit/policy/naive.c - a second evaluator, straight from the rules
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/policy/naive.h"

#include <stdlib.h>

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 bits;

struct naive {
	const struct fl_cedar_request *rq;
	struct fl_arena *arena;
};

#define DAY_MS 86400000

static bool eval(const struct naive *n, const struct fl_cedar_expr *x, struct fl_cedar_value *ret);

static bool same_text(struct fl_str a, struct fl_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static bool same_uid(const struct fl_cedar_uid *a, const struct fl_cedar_uid *b)
{
	return same_text(a->type, b->type) && same_text(a->id, b->id);
}

static bool holds(struct fl_cedar_value set, struct fl_cedar_value item)
{
	for (uint32_t i = 0; i < set.n; i++)
		if (naive_eq(set.u.items[i], item))
			return true;
	return false;
}

static bool all_in(struct fl_cedar_value items, struct fl_cedar_value set)
{
	for (uint32_t i = 0; i < items.n; i++)
		if (!holds(set, items.u.items[i]))
			return false;
	return true;
}

/* Each pair is looked at once: comparing both ways would double the work with each level. */
static bool same_items(struct fl_cedar_value a, struct fl_cedar_value b)
{
	bool *found = calloc(b.n + 1, sizeof *found), is_same = true;

	FL_ASSERT(found != NULL);
	for (uint32_t i = 0; i < a.n && is_same; i++) {
		is_same = false;
		for (uint32_t k = 0; k < b.n; k++)
			if (naive_eq(a.u.items[i], b.u.items[k]))
				is_same = found[k] = true;
	}
	for (uint32_t k = 0; k < b.n; k++)
		is_same = is_same && found[k];
	free(found);
	return is_same;
}

static const struct fl_cedar_value *field(struct fl_cedar_value record, struct fl_str name)
{
	for (uint32_t i = 0; i < record.n; i++)
		if (same_text(fl_cedar_name_str(record.u.fields[i].name), name))
			return &record.u.fields[i].value;
	return NULL;
}

static bool same_fields(struct fl_cedar_value a, struct fl_cedar_value b)
{
	for (uint32_t i = 0; i < a.n; i++) {
		const struct fl_cedar_value *other =
		    field(b, fl_cedar_name_str(a.u.fields[i].name));

		if (other == NULL || !naive_eq(a.u.fields[i].value, *other))
			return false;
	}
	return a.n == b.n;
}

static bool same_ip(const struct fl_cedar_ip *a, const struct fl_cedar_ip *b)
{
	return a->is_v6 == b->is_v6 && a->prefix_bits == b->prefix_bits &&
	       memcmp(a->bytes, b->bytes, a->is_v6 ? 16 : 4) == 0;
}

bool naive_eq(struct fl_cedar_value a, struct fl_cedar_value b)
{
	if (a.kind != b.kind)
		return false;
	switch ((enum fl_cedar_kind)a.kind) {
	case FL_CEDAR_BOOL:
		return a.u.boolean == b.u.boolean;
	case FL_CEDAR_LONG:
	case FL_CEDAR_DECIMAL:
	case FL_CEDAR_DATETIME:
	case FL_CEDAR_DURATION:
		return a.u.number == b.u.number;
	case FL_CEDAR_STRING:
		return same_text(fl_cedar_text(a), fl_cedar_text(b));
	case FL_CEDAR_ENTITY:
		return same_uid(a.u.uid, b.u.uid);
	case FL_CEDAR_SET:
		return same_items(a, b);
	case FL_CEDAR_RECORD:
		return same_fields(a, b);
	case FL_CEDAR_IP:
		return same_ip(a.u.ip, b.u.ip);
	case FL_CEDAR_KINDS:
		break;
	}
	return false;
}

/* ---- Entities ---- */

static const struct fl_cedar_entity *entity(const struct naive *n, const struct fl_cedar_uid *uid)
{
	for (size_t i = 0; i < n->rq->n_own; i++)
		if (same_uid(n->rq->own[i]->uid, uid))
			return n->rq->own[i];
	for (size_t i = 0; n->rq->entities != NULL && i < fl_cedar_entities_count(n->rq->entities);
	     i++)
		if (same_uid(fl_cedar_entities_at(n->rq->entities, i)->uid, uid))
			return fl_cedar_entities_at(n->rq->entities, i);
	return NULL;
}

static bool is_in(const struct naive *n, const struct fl_cedar_uid *uid,
                  const struct fl_cedar_uid *above)
{
	const struct fl_cedar_entity *e = entity(n, uid);

	if (same_uid(uid, above))
		return true;
	for (size_t i = 0; e != NULL && i < e->n_parents; i++)
		if (is_in(n, e->parents[i], above))
			return true;
	return false;
}

/* x in an entity, or in a set of nothing but entities. */
static bool eval_in(const struct naive *n, struct fl_cedar_value left, struct fl_cedar_value right,
                    bool *ret)
{
	*ret = false;
	if (left.kind != FL_CEDAR_ENTITY)
		return false;
	if (right.kind == FL_CEDAR_ENTITY) {
		*ret = is_in(n, left.u.uid, right.u.uid);
		return true;
	}
	if (right.kind != FL_CEDAR_SET)
		return false;
	for (uint32_t i = 0; i < right.n; i++) {
		if (right.u.items[i].kind != FL_CEDAR_ENTITY)
			return false;
		if (is_in(n, left.u.uid, right.u.items[i].u.uid))
			*ret = true;
	}
	return true;
}

/* ---- Expressions ---- */

static bool eval_bool(const struct naive *n, const struct fl_cedar_expr *x, bool *ret)
{
	struct fl_cedar_value v;

	if (!eval(n, x, &v) || v.kind != FL_CEDAR_BOOL)
		return false;
	*ret = v.u.boolean;
	return true;
}

static bool eval_and_or(const struct naive *n, const struct fl_cedar_expr *x, bool *ret)
{
	for (uint32_t i = 0; i < x->n; i++) {
		if (!eval_bool(n, x->args[i], ret))
			return false;
		if (*ret == (x->kind == FL_CEDAR_X_OR))
			return true;
	}
	return true;
}

static bool fits(wide w, struct fl_cedar_value *ret, enum fl_cedar_kind kind)
{
	if (w > INT64_MAX || w < INT64_MIN)
		return false;
	*ret = fl_cedar_number(kind, (int64_t)w);
	return true;
}

static bool is_ordered(struct fl_cedar_value v)
{
	return v.kind == FL_CEDAR_LONG || v.kind == FL_CEDAR_DATETIME ||
	       v.kind == FL_CEDAR_DURATION;
}

static bool eval_binary(const struct naive *n, const struct fl_cedar_expr *x,
                        struct fl_cedar_value *ret)
{
	struct fl_cedar_value a, b;
	bool are_longs, are_ordered, in;

	if (!eval(n, x->args[0], &a) || !eval(n, x->args[1], &b))
		return false;
	are_longs = a.kind == FL_CEDAR_LONG && b.kind == FL_CEDAR_LONG;
	are_ordered = is_ordered(a) && a.kind == b.kind;
	switch ((int)x->kind) {
	case FL_CEDAR_X_EQ:
		*ret = fl_cedar_bool(naive_eq(a, b));
		return true;
	case FL_CEDAR_X_NE:
		*ret = fl_cedar_bool(!naive_eq(a, b));
		return true;
	case FL_CEDAR_X_LT:
		*ret = fl_cedar_bool(are_ordered && a.u.number < b.u.number);
		return are_ordered;
	case FL_CEDAR_X_LE:
		*ret = fl_cedar_bool(are_ordered && a.u.number <= b.u.number);
		return are_ordered;
	case FL_CEDAR_X_GT:
		*ret = fl_cedar_bool(are_ordered && a.u.number > b.u.number);
		return are_ordered;
	case FL_CEDAR_X_GE:
		*ret = fl_cedar_bool(are_ordered && a.u.number >= b.u.number);
		return are_ordered;
	case FL_CEDAR_X_IN:
		if (!eval_in(n, a, b, &in))
			return false;
		*ret = fl_cedar_bool(in);
		return true;
	case FL_CEDAR_X_ADD:
		return are_longs && fits((wide)a.u.number + b.u.number, ret, FL_CEDAR_LONG);
	case FL_CEDAR_X_SUB:
		return are_longs && fits((wide)a.u.number - b.u.number, ret, FL_CEDAR_LONG);
	default:
		return are_longs && fits((wide)a.u.number * b.u.number, ret, FL_CEDAR_LONG);
	}
}

/* The attribute of an entity or a record; *ret NULL: there is none. False: neither. */
static bool attribute(const struct naive *n, struct fl_cedar_value v, struct fl_cedar_name name,
                      const struct fl_cedar_value **ret)
{
	if (v.kind == FL_CEDAR_RECORD) {
		*ret = field(v, fl_cedar_name_str(name));
		return true;
	}
	if (v.kind != FL_CEDAR_ENTITY)
		return false;
	const struct fl_cedar_entity *e = entity(n, v.u.uid);

	*ret = e == NULL ? NULL : field(e->attrs, fl_cedar_name_str(name));
	return true;
}

static bool eval_get(const struct naive *n, const struct fl_cedar_expr *x,
                     struct fl_cedar_value *ret)
{
	const struct fl_cedar_value *found;
	struct fl_cedar_value v;

	if (!eval(n, x->args[0], &v) || !attribute(n, v, x->names[0], &found) || found == NULL)
		return false;
	*ret = *found;
	return true;
}

/* x has a.b.c is x has a && x.a has b && x.a.b has c. */
static bool eval_has(const struct naive *n, const struct fl_cedar_expr *x, bool *ret)
{
	const struct fl_cedar_value *found;
	struct fl_cedar_value v;

	if (!eval(n, x->args[0], &v))
		return false;
	*ret = true;
	for (uint32_t i = 0; i < x->n_names && *ret; i++) {
		if (!attribute(n, v, x->names[i], &found))
			return false;
		*ret = found != NULL;
		if (found != NULL)
			v = *found;
	}
	return true;
}

/* Byte by byte: reach[k] says whether what was read so far matches the first k pieces, a piece
 * being a byte or (between parts) a star. */
static bool eval_like(const struct naive *n, const struct fl_cedar_expr *x, bool *ret)
{
	struct fl_cedar_value v;
	size_t pieces = x->n_names - 1, at = 0;

	if (!eval(n, x->args[0], &v) || v.kind != FL_CEDAR_STRING)
		return false;
	for (uint32_t i = 0; i < x->n_names; i++)
		pieces += x->names[i].n;
	int *pattern = fl_arena_array(n->arena, pieces + 1, sizeof *pattern);
	bool *reach = fl_arena_array(n->arena, pieces + 1, sizeof *reach);

	FL_ASSERT(pattern != NULL && reach != NULL);
	for (uint32_t i = 0; i < x->n_names; i++) {
		if (i > 0)
			pattern[at++] = -1;
		for (uint32_t k = 0; k < x->names[i].n; k++)
			pattern[at++] = (unsigned char)x->names[i].p[k];
	}
	reach[0] = true;
	for (size_t k = 0; k < pieces; k++)
		reach[k + 1] = reach[k] && pattern[k] == -1;
	for (uint32_t i = 0; i < v.n; i++) {
		for (size_t k = pieces; k > 0; k--)
			reach[k] =
			    pattern[k - 1] == -1
				? reach[k]
				: reach[k - 1] && pattern[k - 1] == (unsigned char)v.u.text[i];
		reach[0] = false;
		for (size_t k = 0; k < pieces; k++)
			if (pattern[k] == -1)
				reach[k + 1] = reach[k + 1] || reach[k];
	}
	*ret = reach[pieces];
	return true;
}

static bool eval_is(const struct naive *n, const struct fl_cedar_expr *x, bool *ret)
{
	struct fl_cedar_value v, above;

	if (!eval(n, x->args[0], &v) || v.kind != FL_CEDAR_ENTITY)
		return false;
	*ret = same_text(v.u.uid->type, x->type);
	if (!*ret || x->n == 1)
		return true;
	return eval(n, x->args[1], &above) && eval_in(n, v, above, ret);
}

static bool eval_set(const struct naive *n, const struct fl_cedar_expr *x,
                     struct fl_cedar_value *ret)
{
	struct fl_cedar_value *items = fl_arena_array(n->arena, x->n, sizeof *items);

	FL_ASSERT(items != NULL);
	for (uint32_t i = 0; i < x->n; i++)
		if (!eval(n, x->args[i], &items[i]))
			return false;
	*ret = (struct fl_cedar_value){.kind = FL_CEDAR_SET, .n = x->n, .u.items = items};
	return true;
}

static bool eval_record(const struct naive *n, const struct fl_cedar_expr *x,
                        struct fl_cedar_value *ret)
{
	struct fl_cedar_field *fields = fl_arena_array(n->arena, x->n, sizeof *fields);

	FL_ASSERT(fields != NULL);
	for (uint32_t i = 0; i < x->n; i++) {
		fields[i].name = x->names[i];
		if (!eval(n, x->args[i], &fields[i].value))
			return false;
	}
	*ret = (struct fl_cedar_value){.kind = FL_CEDAR_RECORD, .n = x->n, .u.fields = fields};
	return true;
}

/* ---- Functions and methods ---- */

/* The first and the last address of a range. */
static void ends(const struct fl_cedar_ip *ip, bits *first, bits *last)
{
	unsigned width = ip->is_v6 ? 128 : 32;
	bits address = 0, hosts = 0;

	for (unsigned i = 0; i < width / 8; i++)
		address = address << 8 | ip->bytes[i];
	for (unsigned i = ip->prefix_bits; i < width; i++)
		hosts = hosts << 1 | 1;
	*first = address & ~hosts;
	*last = address | hosts;
}

static bool within(const struct fl_cedar_ip *a, const struct fl_cedar_ip *b)
{
	bits a_first, a_last, b_first, b_last;

	ends(a, &a_first, &a_last);
	ends(b, &b_first, &b_last);
	return a->is_v6 == b->is_v6 && a_first >= b_first && a_last <= b_last;
}

static bool ip_method(unsigned fn, const struct fl_cedar_ip *ip, const struct fl_cedar_ip *other)
{
	static const struct fl_cedar_ip loopback = {{127}, 8, false}, multicast = {{224}, 4, false};
	static const struct fl_cedar_ip multicast6 = {{0xff}, 8, true};
	static const struct fl_cedar_ip loopback6 = {{[15] = 1}, 128, true};

	switch (fn) {
	case FL_CEDAR_FN_IS_IPV4:
		return !ip->is_v6;
	case FL_CEDAR_FN_IS_IPV6:
		return ip->is_v6;
	case FL_CEDAR_FN_IS_LOOPBACK:
		return within(ip, &loopback) || within(ip, &loopback6);
	case FL_CEDAR_FN_IS_MULTICAST:
		return within(ip, &multicast) || within(ip, &multicast6);
	default:
		return within(ip, other);
	}
}

static int64_t floor_day(int64_t ms, wide *ret_day)
{
	int64_t rest = ms % DAY_MS;

	if (rest < 0)
		rest += DAY_MS;
	*ret_day = (wide)ms - rest;
	return rest;
}

static bool number_method(unsigned fn, int64_t a, int64_t b, struct fl_cedar_value *ret)
{
	wide day;
	int64_t rest = floor_day(a, &day);

	switch (fn) {
	case FL_CEDAR_FN_LESS_THAN:
		*ret = fl_cedar_bool(a < b);
		return true;
	case FL_CEDAR_FN_LESS_THAN_OR_EQUAL:
		*ret = fl_cedar_bool(a <= b);
		return true;
	case FL_CEDAR_FN_GREATER_THAN:
		*ret = fl_cedar_bool(a > b);
		return true;
	case FL_CEDAR_FN_GREATER_THAN_OR_EQUAL:
		*ret = fl_cedar_bool(a >= b);
		return true;
	case FL_CEDAR_FN_OFFSET:
		return fits((wide)a + b, ret, FL_CEDAR_DATETIME);
	case FL_CEDAR_FN_DURATION_SINCE:
		return fits((wide)a - b, ret, FL_CEDAR_DURATION);
	case FL_CEDAR_FN_TO_DATE:
		return fits(day, ret, FL_CEDAR_DATETIME);
	case FL_CEDAR_FN_TO_TIME:
		return fits(rest, ret, FL_CEDAR_DURATION);
	case FL_CEDAR_FN_TO_MILLISECONDS:
		return fits(a, ret, FL_CEDAR_LONG);
	case FL_CEDAR_FN_TO_SECONDS:
		return fits(a / 1000, ret, FL_CEDAR_LONG);
	case FL_CEDAR_FN_TO_MINUTES:
		return fits(a / 60000, ret, FL_CEDAR_LONG);
	case FL_CEDAR_FN_TO_HOURS:
		return fits(a / 3600000, ret, FL_CEDAR_LONG);
	default:
		return fits(a / DAY_MS, ret, FL_CEDAR_LONG);
	}
}

/* What each method of an extension type takes, its receiver first. */
static const struct {
	uint8_t fn, n;
	enum fl_cedar_kind kinds[2];
} methods[] = {
    {FL_CEDAR_FN_LESS_THAN, 2, {FL_CEDAR_DECIMAL, FL_CEDAR_DECIMAL}},
    {FL_CEDAR_FN_LESS_THAN_OR_EQUAL, 2, {FL_CEDAR_DECIMAL, FL_CEDAR_DECIMAL}},
    {FL_CEDAR_FN_GREATER_THAN, 2, {FL_CEDAR_DECIMAL, FL_CEDAR_DECIMAL}},
    {FL_CEDAR_FN_GREATER_THAN_OR_EQUAL, 2, {FL_CEDAR_DECIMAL, FL_CEDAR_DECIMAL}},
    {FL_CEDAR_FN_IS_IPV4, 1, {FL_CEDAR_IP, FL_CEDAR_IP}},
    {FL_CEDAR_FN_IS_IPV6, 1, {FL_CEDAR_IP, FL_CEDAR_IP}},
    {FL_CEDAR_FN_IS_LOOPBACK, 1, {FL_CEDAR_IP, FL_CEDAR_IP}},
    {FL_CEDAR_FN_IS_MULTICAST, 1, {FL_CEDAR_IP, FL_CEDAR_IP}},
    {FL_CEDAR_FN_IS_IN_RANGE, 2, {FL_CEDAR_IP, FL_CEDAR_IP}},
    {FL_CEDAR_FN_OFFSET, 2, {FL_CEDAR_DATETIME, FL_CEDAR_DURATION}},
    {FL_CEDAR_FN_DURATION_SINCE, 2, {FL_CEDAR_DATETIME, FL_CEDAR_DATETIME}},
    {FL_CEDAR_FN_TO_DATE, 1, {FL_CEDAR_DATETIME, FL_CEDAR_DATETIME}},
    {FL_CEDAR_FN_TO_TIME, 1, {FL_CEDAR_DATETIME, FL_CEDAR_DATETIME}},
    {FL_CEDAR_FN_TO_MILLISECONDS, 1, {FL_CEDAR_DURATION, FL_CEDAR_DURATION}},
    {FL_CEDAR_FN_TO_SECONDS, 1, {FL_CEDAR_DURATION, FL_CEDAR_DURATION}},
    {FL_CEDAR_FN_TO_MINUTES, 1, {FL_CEDAR_DURATION, FL_CEDAR_DURATION}},
    {FL_CEDAR_FN_TO_HOURS, 1, {FL_CEDAR_DURATION, FL_CEDAR_DURATION}},
    {FL_CEDAR_FN_TO_DAYS, 1, {FL_CEDAR_DURATION, FL_CEDAR_DURATION}},
};

static bool extension_method(const struct fl_cedar_expr *x, const struct fl_cedar_value *v,
                             struct fl_cedar_value *ret)
{
	size_t i = 0;

	while (i < FL_ARRAY_LEN(methods) && methods[i].fn != x->fn)
		i++;
	FL_ASSERT(i < FL_ARRAY_LEN(methods));
	if (x->n != methods[i].n || v[0].kind != methods[i].kinds[0] ||
	    (x->n == 2 && v[1].kind != methods[i].kinds[1]))
		return false;
	if (v[0].kind != FL_CEDAR_IP)
		return number_method(x->fn, v[0].u.number, x->n == 2 ? v[1].u.number : 0, ret);
	*ret = fl_cedar_bool(ip_method(x->fn, v[0].u.ip, x->n == 2 ? v[1].u.ip : NULL));
	return true;
}

static bool construct(const struct naive *n, enum fl_cedar_kind kind, uint32_t count,
                      const struct fl_cedar_value *v, struct fl_cedar_value *ret)
{
	return count == 1 && v[0].kind == FL_CEDAR_STRING &&
	       fl_cedar_ext_parse(kind, fl_cedar_text(v[0]), n->arena, ret) == 0;
}

static bool set_method(unsigned fn, const struct fl_cedar_value *v, struct fl_cedar_value *ret)
{
	bool any = false;

	if (v[0].kind != FL_CEDAR_SET ||
	    (fn != FL_CEDAR_FN_CONTAINS && fn != FL_CEDAR_FN_IS_EMPTY && v[1].kind != FL_CEDAR_SET))
		return false;
	if (fn == FL_CEDAR_FN_CONTAINS_ANY)
		for (uint32_t i = 0; i < v[1].n; i++)
			any = any || holds(v[0], v[1].u.items[i]);
	*ret = fl_cedar_bool(fn == FL_CEDAR_FN_CONTAINS       ? holds(v[0], v[1])
	                     : fn == FL_CEDAR_FN_IS_EMPTY     ? v[0].n == 0
	                     : fn == FL_CEDAR_FN_CONTAINS_ALL ? all_in(v[1], v[0])
	                                                      : any);
	return true;
}

static bool tag_method(const struct naive *n, unsigned fn, const struct fl_cedar_value *v,
                       struct fl_cedar_value *ret)
{
	if (v[0].kind != FL_CEDAR_ENTITY || v[1].kind != FL_CEDAR_STRING)
		return false;
	const struct fl_cedar_entity *e = entity(n, v[0].u.uid);
	const struct fl_cedar_value *tag = e == NULL ? NULL : field(e->tags, fl_cedar_text(v[1]));

	if (fn == FL_CEDAR_FN_HAS_TAG) {
		*ret = fl_cedar_bool(tag != NULL);
		return true;
	}
	if (tag == NULL)
		return false;
	*ret = *tag;
	return true;
}

static bool eval_call(const struct naive *n, const struct fl_cedar_expr *x,
                      struct fl_cedar_value *ret)
{
	struct fl_cedar_value *v = fl_arena_array(n->arena, x->n + 1, sizeof *v);

	FL_ASSERT(v != NULL);
	for (uint32_t i = 0; i < x->n; i++)
		if (!eval(n, x->args[i], &v[i]))
			return false;
	switch (x->fn) {
	case FL_CEDAR_FN_DECIMAL:
		return construct(n, FL_CEDAR_DECIMAL, x->n, v, ret);
	case FL_CEDAR_FN_IP:
		return construct(n, FL_CEDAR_IP, x->n, v, ret);
	case FL_CEDAR_FN_DATETIME:
		return construct(n, FL_CEDAR_DATETIME, x->n, v, ret);
	case FL_CEDAR_FN_DURATION:
		return construct(n, FL_CEDAR_DURATION, x->n, v, ret);
	case FL_CEDAR_FN_CONTAINS:
	case FL_CEDAR_FN_CONTAINS_ALL:
	case FL_CEDAR_FN_CONTAINS_ANY:
	case FL_CEDAR_FN_IS_EMPTY:
		return set_method(x->fn, v, ret);
	case FL_CEDAR_FN_HAS_TAG:
	case FL_CEDAR_FN_GET_TAG:
		return tag_method(n, x->fn, v, ret);
	default:
		return extension_method(x, v, ret);
	}
}

static bool eval_var(const struct naive *n, const struct fl_cedar_expr *x,
                     struct fl_cedar_value *ret)
{
	switch ((enum fl_cedar_var)x->var) {
	case FL_CEDAR_PRINCIPAL:
		*ret = fl_cedar_entity(n->rq->principal);
		return true;
	case FL_CEDAR_ACTION:
		*ret = fl_cedar_entity(n->rq->action);
		return true;
	case FL_CEDAR_RESOURCE:
		*ret = fl_cedar_entity(n->rq->resource);
		return true;
	case FL_CEDAR_CONTEXT:
		*ret = n->rq->context;
	}
	return true;
}

static bool eval(const struct naive *n, const struct fl_cedar_expr *x, struct fl_cedar_value *ret)
{
	bool b = false, is_done;
	struct fl_cedar_value v;

	switch ((enum fl_cedar_expr_kind)x->kind) {
	case FL_CEDAR_X_LITERAL:
		*ret = x->value;
		return true;
	case FL_CEDAR_X_VAR:
		return eval_var(n, x, ret);
	case FL_CEDAR_X_IF:
		return eval_bool(n, x->args[0], &b) && eval(n, x->args[b ? 1 : 2], ret);
	case FL_CEDAR_X_GET:
		return eval_get(n, x, ret);
	case FL_CEDAR_X_SET:
		return eval_set(n, x, ret);
	case FL_CEDAR_X_RECORD:
		return eval_record(n, x, ret);
	case FL_CEDAR_X_CALL:
		return eval_call(n, x, ret);
	case FL_CEDAR_X_NEG:
		return eval(n, x->args[0], &v) && v.kind == FL_CEDAR_LONG &&
		       fits(-(wide)v.u.number, ret, FL_CEDAR_LONG);
	case FL_CEDAR_X_NOT:
		is_done = eval_bool(n, x->args[0], &b);
		b = !b;
		break;
	case FL_CEDAR_X_AND:
	case FL_CEDAR_X_OR:
		is_done = eval_and_or(n, x, &b);
		break;
	case FL_CEDAR_X_HAS:
		is_done = eval_has(n, x, &b);
		break;
	case FL_CEDAR_X_LIKE:
		is_done = eval_like(n, x, &b);
		break;
	case FL_CEDAR_X_IS:
		is_done = eval_is(n, x, &b);
		break;
	case FL_CEDAR_X_EQ:
	case FL_CEDAR_X_NE:
	case FL_CEDAR_X_LT:
	case FL_CEDAR_X_LE:
	case FL_CEDAR_X_GT:
	case FL_CEDAR_X_GE:
	case FL_CEDAR_X_IN:
	case FL_CEDAR_X_ADD:
	case FL_CEDAR_X_SUB:
	case FL_CEDAR_X_MUL:
		return eval_binary(n, x, ret);
	case FL_CEDAR_X_KINDS:
	default:
		return false;
	}
	*ret = fl_cedar_bool(b);
	return is_done;
}

bool naive_eval(const struct fl_cedar_request *request, const struct fl_cedar_expr *x,
                struct fl_arena *arena, struct fl_cedar_value *ret)
{
	const struct naive n = {.rq = request, .arena = arena};

	return eval(&n, x, ret);
}

/* ---- The authorizer ---- */

static bool in_scope(const struct naive *n, const struct fl_cedar_scope *s,
                     const struct fl_cedar_uid *slot, const struct fl_cedar_uid *uid)
{
	bool is_any = s->kind == FL_CEDAR_SCOPE_ANY || s->kind == FL_CEDAR_SCOPE_IS;

	if ((s->kind == FL_CEDAR_SCOPE_IS || s->kind == FL_CEDAR_SCOPE_IS_IN) &&
	    !same_text(s->type, uid->type))
		return false;
	if (s->kind == FL_CEDAR_SCOPE_EQ)
		return same_uid(uid, s->is_slot ? slot : s->uids[0]);
	if (s->is_slot)
		return is_in(n, uid, slot);
	for (size_t i = 0; i < s->n_uids && !is_any; i++)
		is_any = is_in(n, uid, s->uids[i]);
	return is_any;
}

enum fl_cedar_verdict naive_verdict(const struct fl_cedar_request *request,
                                    const struct fl_cedar_row *row, struct fl_arena *arena)
{
	const struct naive n = {.rq = request, .arena = arena};
	const struct fl_cedar_policy *p = row->policy;

	if (!in_scope(&n, &p->principal, row->principal, request->principal) ||
	    !in_scope(&n, &p->action, NULL, request->action) ||
	    !in_scope(&n, &p->resource, row->resource, request->resource))
		return FL_CEDAR_OUT_OF_SCOPE;
	for (size_t i = 0; i < p->n_clauses; i++) {
		bool b;

		if (!eval_bool(&n, p->clauses[i].body, &b))
			return FL_CEDAR_ERROR;
		if (b == p->clauses[i].is_unless)
			return FL_CEDAR_NOT_SATISFIED;
	}
	return FL_CEDAR_SATISFIED;
}

static bool is_reason(const struct fl_cedar_answer *answer, const struct fl_cedar_row *row)
{
	for (size_t i = 0; i < answer->n_reasons; i++)
		if (answer->reasons[i] == row)
			return true;
	return false;
}

static bool is_error(const struct fl_cedar_answer *answer, const struct fl_cedar_row *row)
{
	for (size_t i = 0; i < answer->n_errors; i++)
		if (answer->errors[i].row == row)
			return true;
	return false;
}

const char *naive_differs(const struct fl_cedar_set *set, const struct fl_cedar_request *request,
                          const struct fl_cedar_answer *answer, struct fl_arena *arena)
{
	size_t permits = 0, forbids = 0, errors = 0;
	const struct fl_cedar_row *row;

	for (size_t i = 0; (row = fl_cedar_set_row(set, i)) != NULL; i++) {
		enum fl_cedar_verdict verdict = naive_verdict(request, row, arena);

		if (verdict == FL_CEDAR_SATISFIED && row->policy->is_forbid)
			forbids++;
		else if (verdict == FL_CEDAR_SATISFIED)
			permits++;
		if (verdict == FL_CEDAR_ERROR)
			errors++;
		if ((verdict == FL_CEDAR_ERROR) != is_error(answer, row))
			return "errors";
		if (verdict != FL_CEDAR_SATISFIED && is_reason(answer, row))
			return "reasons";
	}
	if (answer->is_allowed != (forbids == 0 && permits > 0))
		return "decision";
	/* All reasons are satisfied; so many of the right effect are all. */
	if (answer->n_errors != errors || answer->n_reasons != (forbids > 0 ? forbids : permits))
		return "reasons or errors";
	for (size_t i = 0; i < answer->n_reasons; i++)
		if (answer->reasons[i]->policy->is_forbid == answer->is_allowed)
			return "effect of reasons";
	return NULL;
}
