/* policy/eval.c - what an expression evaluates to
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for memmem() */

#include "policy/eval.h"

static bool fail(struct fl_cedar_eval *ev, enum fl_cedar_fault_kind kind,
                 const struct fl_cedar_expr *at, struct fl_cedar_value got, const char *why)
{
	ev->fault = (struct fl_cedar_fault){.kind = kind, .at = at, .got = got, .why = why};
	return false;
}

static bool fail_name(struct fl_cedar_eval *ev, enum fl_cedar_fault_kind kind,
                      const struct fl_cedar_expr *at, struct fl_cedar_value got,
                      struct fl_cedar_name name)
{
	(void)fail(ev, kind, at, got, NULL);
	ev->fault.name = fl_cedar_name_str(name);
	return false;
}

static bool out_of_memory(struct fl_cedar_eval *ev, const struct fl_cedar_expr *at)
{
	return fail(ev, FL_CEDAR_FAULT_MEMORY, at, fl_cedar_bool(false), NULL);
}

const struct fl_cedar_entity *fl_cedar_eval_entity(const struct fl_cedar_eval *ev,
                                                   const struct fl_cedar_uid *uid)
{
	const struct fl_cedar_request *rq = ev->request;

	if (uid == rq->principal)
		return ev->vars[FL_CEDAR_PRINCIPAL];
	if (uid == rq->resource)
		return ev->vars[FL_CEDAR_RESOURCE];
	if (uid == rq->action)
		return ev->vars[FL_CEDAR_ACTION];
	for (size_t i = 0; i < rq->n_own; i++)
		if (fl_cedar_uid_eq(rq->own[i]->uid, uid))
			return rq->own[i];
	return rq->entities == NULL ? NULL : fl_cedar_entities_find(rq->entities, uid);
}

void fl_cedar_eval_init(struct fl_cedar_eval *ev, const struct fl_cedar_request *request,
                        struct fl_arena *scratch)
{
	const struct fl_cedar_uid *uids[] = {
	    [FL_CEDAR_PRINCIPAL] = request->principal,
	    [FL_CEDAR_ACTION] = request->action,
	    [FL_CEDAR_RESOURCE] = request->resource,
	};

	ev->request = request;
	ev->scratch = scratch;
	ev->fault.kind = FL_CEDAR_FAULT_NONE;
	for (size_t i = 0; i < FL_ARRAY_LEN(uids); i++) {
		ev->vars[i] = NULL;
		for (size_t k = 0; k < request->n_own && ev->vars[i] == NULL; k++)
			if (fl_cedar_uid_eq(request->own[k]->uid, uids[i]))
				ev->vars[i] = request->own[k];
		if (ev->vars[i] == NULL && request->entities != NULL)
			ev->vars[i] = fl_cedar_entities_find(request->entities, uids[i]);
	}
}

bool fl_cedar_eval_bool(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x, bool *ret)
{
	struct fl_cedar_value v;

	if (!fl_cedar_eval(ev, x, &v))
		return false;
	if (v.kind != FL_CEDAR_BOOL)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v, "a Bool");
	*ret = v.u.boolean;
	return true;
}

static bool eval_var(const struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                     struct fl_cedar_value *ret)
{
	const struct fl_cedar_request *rq = ev->request;

	*ret = x->var == FL_CEDAR_CONTEXT
	           ? rq->context
	           : fl_cedar_entity(x->var == FL_CEDAR_PRINCIPAL ? rq->principal
	                             : x->var == FL_CEDAR_ACTION  ? rq->action
	                                                          : rq->resource);
	return true;
}

/* && stops at the first false, || at the first true. */
static bool eval_chain(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                       struct fl_cedar_value *ret)
{
	bool stop = x->kind == FL_CEDAR_X_OR, b = !stop;

	for (uint32_t i = 0; i < x->n && b != stop; i++)
		if (!fl_cedar_eval_bool(ev, x->args[i], &b))
			return false;
	*ret = fl_cedar_bool(b);
	return true;
}

static bool eval_compare(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                         const struct fl_cedar_value *v, struct fl_cedar_value *ret)
{
	int64_t a = v[0].u.number, b = v[1].u.number;

	if (v[0].kind != FL_CEDAR_LONG && v[0].kind != FL_CEDAR_DATETIME &&
	    v[0].kind != FL_CEDAR_DURATION)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v[0], "a Long, a datetime or a duration");
	if (v[1].kind != v[0].kind)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v[1], "a value of the left side's type");
	*ret = fl_cedar_bool(x->kind == FL_CEDAR_X_LT   ? a < b
	                     : x->kind == FL_CEDAR_X_LE ? a <= b
	                     : x->kind == FL_CEDAR_X_GT ? a > b
	                                                : a >= b);
	return true;
}

static bool eval_arithmetic(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                            const struct fl_cedar_value *v, struct fl_cedar_value *ret)
{
	int64_t a = v[0].u.number, b = v[1].u.number, sum;

	for (size_t i = 0; i < 2; i++)
		if (v[i].kind != FL_CEDAR_LONG)
			return fail(ev, FL_CEDAR_FAULT_TYPE, x, v[i], "a Long");
	bool over = x->kind == FL_CEDAR_X_ADD   ? __builtin_add_overflow(a, b, &sum)
	            : x->kind == FL_CEDAR_X_SUB ? __builtin_sub_overflow(a, b, &sum)
	                                        : __builtin_mul_overflow(a, b, &sum);

	if (over)
		return fail(ev, FL_CEDAR_FAULT_OVERFLOW, x, v[0], NULL);
	*ret = fl_cedar_long(sum);
	return true;
}

bool fl_cedar_eval_in(const struct fl_cedar_uid *uid, const struct fl_cedar_entity *entity,
                      const struct fl_cedar_uid *ancestor)
{
	return fl_cedar_uid_eq(uid, ancestor) ||
	       (entity != NULL && fl_cedar_entity_has_ancestor(entity, ancestor));
}

/* `left` is an entity below `right`, an entity or a set of nothing but entities. */
static bool eval_in(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                    struct fl_cedar_value left, struct fl_cedar_value right,
                    struct fl_cedar_value *ret)
{
	const struct fl_cedar_value *items = right.kind == FL_CEDAR_SET ? right.u.items : &right;
	uint32_t n = right.kind == FL_CEDAR_SET ? right.n : 1;
	bool is_in = false;

	if (left.kind != FL_CEDAR_ENTITY)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, left, "an entity");
	/* Sets are sorted by kind: the ends tell of all. */
	if (n > 0 && items[0].kind != FL_CEDAR_ENTITY)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, items[0], "an entity or a set of entities");
	if (n > 0 && items[n - 1].kind != FL_CEDAR_ENTITY)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, items[n - 1],
		            "a set of nothing but entities");
	const struct fl_cedar_entity *e = fl_cedar_eval_entity(ev, left.u.uid);

	for (uint32_t i = 0; i < n && !is_in; i++)
		is_in = fl_cedar_eval_in(left.u.uid, e, items[i].u.uid);
	*ret = fl_cedar_bool(is_in);
	return true;
}

static bool eval_binary(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                        struct fl_cedar_value *ret)
{
	struct fl_cedar_value v[2];

	if (!fl_cedar_eval(ev, x->args[0], &v[0]) || !fl_cedar_eval(ev, x->args[1], &v[1]))
		return false;
	switch ((int)x->kind) {
	case FL_CEDAR_X_EQ:
	case FL_CEDAR_X_NE:
		*ret = fl_cedar_bool(fl_cedar_value_eq(v[0], v[1]) == (x->kind == FL_CEDAR_X_EQ));
		return true;
	case FL_CEDAR_X_IN:
		return eval_in(ev, x, v[0], v[1], ret);
	case FL_CEDAR_X_ADD:
	case FL_CEDAR_X_SUB:
	case FL_CEDAR_X_MUL:
		return eval_arithmetic(ev, x, v, ret);
	default:
		return eval_compare(ev, x, v, ret);
	}
}

static bool eval_unary(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                       struct fl_cedar_value *ret)
{
	struct fl_cedar_value v;
	int64_t minus;
	bool b;

	if (x->kind == FL_CEDAR_X_NOT) {
		if (!fl_cedar_eval_bool(ev, x->args[0], &b))
			return false;
		*ret = fl_cedar_bool(!b);
		return true;
	}
	if (!fl_cedar_eval(ev, x->args[0], &v))
		return false;
	if (v.kind != FL_CEDAR_LONG)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v, "a Long");
	if (__builtin_sub_overflow((int64_t)0, v.u.number, &minus))
		return fail(ev, FL_CEDAR_FAULT_OVERFLOW, x, v, NULL);
	*ret = fl_cedar_long(minus);
	return true;
}

/* The attributes of `v`; *ret_missing when it is an entity that is not there. */
static bool attributes(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                       struct fl_cedar_value v, struct fl_cedar_value *ret, bool *ret_missing)
{
	*ret_missing = false;
	*ret = v;
	if (v.kind == FL_CEDAR_RECORD)
		return true;
	if (v.kind != FL_CEDAR_ENTITY)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v, "an entity or a record");
	const struct fl_cedar_entity *e = fl_cedar_eval_entity(ev, v.u.uid);

	*ret_missing = e == NULL;
	*ret = e == NULL ? fl_cedar_record_empty() : e->attrs;
	return true;
}

static bool eval_get(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                     struct fl_cedar_value *ret)
{
	struct fl_cedar_value v, attrs;
	bool is_missing;

	if (!fl_cedar_eval(ev, x->args[0], &v) || !attributes(ev, x, v, &attrs, &is_missing))
		return false;
	if (is_missing)
		return fail(ev, FL_CEDAR_FAULT_NO_ENTITY, x, v, NULL);
	const struct fl_cedar_value *found = fl_cedar_record_find(attrs, x->names[0]);

	if (found == NULL)
		return fail_name(ev, FL_CEDAR_FAULT_NO_ATTR, x, v, x->names[0]);
	*ret = *found;
	return true;
}

static bool eval_has(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                     struct fl_cedar_value *ret)
{
	struct fl_cedar_value v, attrs;
	bool is_missing;

	if (!fl_cedar_eval(ev, x->args[0], &v))
		return false;
	for (uint32_t i = 0; i < x->n_names; i++) {
		if (!attributes(ev, x, v, &attrs, &is_missing))
			return false;
		const struct fl_cedar_value *found = fl_cedar_record_find(attrs, x->names[i]);

		if (found == NULL) {
			*ret = fl_cedar_bool(false);
			return true;
		}
		v = *found;
	}
	*ret = fl_cedar_bool(true);
	return true;
}

bool fl_cedar_like(struct fl_str s, const struct fl_cedar_name *parts, size_t n)
{
	struct fl_str first = fl_cedar_name_str(parts[0]), last = fl_cedar_name_str(parts[n - 1]);

	if (n == 1)
		return fl_str_eq(s, first);
	if (!fl_str_starts(s, first))
		return false;
	s = fl_str_n(s.p + first.n, s.n - first.n);
	if (s.n < last.n || (last.n != 0 && memcmp(s.p + s.n - last.n, last.p, last.n) != 0))
		return false;
	s.n -= last.n;
	/* What is left must hold the others in this order; the leftmost place of each is as good as
	 * any. */
	for (size_t i = 1; i + 1 < n; i++) {
		if (parts[i].n == 0)
			continue;
		const char *at = s.n == 0 ? NULL : memmem(s.p, s.n, parts[i].p, parts[i].n);

		if (at == NULL)
			return false;
		size_t used = (size_t)(at - s.p) + parts[i].n;

		s = fl_str_n(s.p + used, s.n - used);
	}
	return true;
}

static bool eval_like(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                      struct fl_cedar_value *ret)
{
	struct fl_cedar_value v;

	if (!fl_cedar_eval(ev, x->args[0], &v))
		return false;
	if (v.kind != FL_CEDAR_STRING)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v, "a String");
	*ret = fl_cedar_bool(fl_cedar_like(fl_cedar_text(v), x->names, x->n_names));
	return true;
}

static bool eval_is(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                    struct fl_cedar_value *ret)
{
	struct fl_cedar_value v, in;

	if (!fl_cedar_eval(ev, x->args[0], &v))
		return false;
	if (v.kind != FL_CEDAR_ENTITY)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v, "an entity");
	if (x->n == 1 || !fl_cedar_uid_is_type(v.u.uid, x->type)) {
		*ret = fl_cedar_bool(fl_cedar_uid_is_type(v.u.uid, x->type));
		return true;
	}
	return fl_cedar_eval(ev, x->args[1], &in) && eval_in(ev, x, v, in, ret);
}

static bool eval_set(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                     struct fl_cedar_value *ret)
{
	struct fl_cedar_value *items = fl_arena_alloc(ev->scratch, x->n * sizeof *items);

	if (items == NULL)
		return out_of_memory(ev, x);
	for (uint32_t i = 0; i < x->n; i++)
		if (!fl_cedar_eval(ev, x->args[i], &items[i]))
			return false;
	*ret = fl_cedar_set_make(items, x->n);
	return true;
}

static bool eval_record(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                        struct fl_cedar_value *ret)
{
	struct fl_cedar_field *fields = fl_arena_alloc(ev->scratch, x->n * sizeof *fields);

	if (fields == NULL)
		return out_of_memory(ev, x);
	for (uint32_t i = 0; i < x->n; i++) {
		fields[i].name = x->names[i];
		if (!fl_cedar_eval(ev, x->args[i], &fields[i].value))
			return false;
	}
	int r = fl_cedar_record_make(fields, x->n, ret, NULL);

	FL_ASSERT(r == 0); /* the parser refuses a name that is there twice */
	return true;
}

/* Searching a set of n takes about log n looks, walking through it n in all. */
#define SEARCH_RATIO 8u

/* Is `item` in the set, at *at or behind? Goes there. */
static bool walk_to(struct fl_cedar_value set, struct fl_cedar_value item, uint32_t *at)
{
	for (; *at < set.n; ++*at) {
		int d = fl_cedar_value_cmp(set.u.items[*at], item);

		if (d >= 0)
			return d == 0;
	}
	return false;
}

/* Does `set` hold all of `wanted`, or (any) one of them? Both are sorted. */
static bool set_holds(struct fl_cedar_value set, struct fl_cedar_value wanted, bool any)
{
	bool walks = wanted.n > set.n / SEARCH_RATIO;
	uint32_t at = 0;

	for (uint32_t i = 0; i < wanted.n; i++)
		if ((walks ? walk_to(set, wanted.u.items[i], &at)
		           : fl_cedar_set_has(set, wanted.u.items[i])) == any)
			return any;
	return !any;
}

static bool call_set(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                     const struct fl_cedar_value *v, struct fl_cedar_value *ret)
{
	bool takes_sets = x->fn == FL_CEDAR_FN_CONTAINS_ALL || x->fn == FL_CEDAR_FN_CONTAINS_ANY;

	if (v[0].kind != FL_CEDAR_SET)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v[0], "a Set");
	if (takes_sets && v[1].kind != FL_CEDAR_SET)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v[1], "a Set");
	*ret = fl_cedar_bool(x->fn == FL_CEDAR_FN_CONTAINS ? fl_cedar_set_has(v[0], v[1])
	                     : x->fn == FL_CEDAR_FN_IS_EMPTY
	                         ? v[0].n == 0
	                         : set_holds(v[0], v[1], x->fn == FL_CEDAR_FN_CONTAINS_ANY));
	return true;
}

static bool call_tag(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                     const struct fl_cedar_value *v, struct fl_cedar_value *ret)
{
	if (v[0].kind != FL_CEDAR_ENTITY)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v[0], "an entity");
	if (v[1].kind != FL_CEDAR_STRING)
		return fail(ev, FL_CEDAR_FAULT_TYPE, x, v[1], "a String");
	const struct fl_cedar_entity *e = fl_cedar_eval_entity(ev, v[0].u.uid);
	struct fl_cedar_name name = fl_cedar_name(fl_cedar_text(v[1]));
	const struct fl_cedar_value *tag = e == NULL ? NULL : fl_cedar_record_find(e->tags, name);

	if (x->fn == FL_CEDAR_FN_HAS_TAG) {
		*ret = fl_cedar_bool(tag != NULL);
		return true;
	}
	if (e == NULL)
		return fail(ev, FL_CEDAR_FAULT_NO_ENTITY, x, v[0], NULL);
	if (tag == NULL)
		return fail_name(ev, FL_CEDAR_FAULT_NO_TAG, x, v[0], name);
	*ret = *tag;
	return true;
}

static bool call_extension(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                           const struct fl_cedar_fn *fn, const struct fl_cedar_value *v,
                           struct fl_cedar_value *ret)
{
	const char *why = "the text is not of this type";
	int r;

	if (fn->is_method) {
		r = fl_cedar_ext_call((enum fl_cedar_fn_id)x->fn, v, x->n, ret, &why);
	} else if (x->n != 1 || v[0].kind != FL_CEDAR_STRING) {
		why = "it takes one String";
		r = FL_CEDAR_E_VALUE;
	} else {
		r = fl_cedar_ext_parse(fn->result, fl_cedar_text(v[0]), ev->scratch, ret);
	}
	if (r == FL_CEDAR_E_MEMORY)
		return out_of_memory(ev, x);
	return r == 0 ||
	       fail(ev, FL_CEDAR_FAULT_EXTENSION, x, x->n > 0 ? v[0] : fl_cedar_bool(false), why);
}

static bool eval_call(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                      struct fl_cedar_value *ret)
{
	const struct fl_cedar_fn *fn = fl_cedar_fn((enum fl_cedar_fn_id)x->fn);
	struct fl_cedar_value few[2] = {{0}}, *v = few;

	/* Only a call with a wrong number of arguments has more. */
	if (x->n > FL_ARRAY_LEN(few)) {
		v = fl_arena_alloc(ev->scratch, x->n * sizeof *v);
		if (v == NULL)
			return out_of_memory(ev, x);
	}
	for (uint32_t i = 0; i < x->n; i++)
		if (!fl_cedar_eval(ev, x->args[i], &v[i]))
			return false;
	if (!fn->is_core)
		return call_extension(ev, x, fn, v, ret);
	return x->fn == FL_CEDAR_FN_HAS_TAG || x->fn == FL_CEDAR_FN_GET_TAG
	           ? call_tag(ev, x, v, ret)
	           : call_set(ev, x, v, ret);
}

static bool eval_if(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                    struct fl_cedar_value *ret)
{
	bool b;

	return fl_cedar_eval_bool(ev, x->args[0], &b) && fl_cedar_eval(ev, x->args[b ? 1 : 2], ret);
}

bool fl_cedar_eval(struct fl_cedar_eval *ev, const struct fl_cedar_expr *x,
                   struct fl_cedar_value *ret)
{
	if (x->is_const) {
		*ret = x->value;
		return true;
	}
	switch ((enum fl_cedar_expr_kind)x->kind) {
	case FL_CEDAR_X_VAR:
		return eval_var(ev, x, ret);
	case FL_CEDAR_X_NOT:
	case FL_CEDAR_X_NEG:
		return eval_unary(ev, x, ret);
	case FL_CEDAR_X_AND:
	case FL_CEDAR_X_OR:
		return eval_chain(ev, x, ret);
	case FL_CEDAR_X_IF:
		return eval_if(ev, x, ret);
	case FL_CEDAR_X_GET:
		return eval_get(ev, x, ret);
	case FL_CEDAR_X_HAS:
		return eval_has(ev, x, ret);
	case FL_CEDAR_X_LIKE:
		return eval_like(ev, x, ret);
	case FL_CEDAR_X_IS:
		return eval_is(ev, x, ret);
	case FL_CEDAR_X_SET:
		return eval_set(ev, x, ret);
	case FL_CEDAR_X_RECORD:
		return eval_record(ev, x, ret);
	case FL_CEDAR_X_CALL:
		return eval_call(ev, x, ret);
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
		return eval_binary(ev, x, ret);
	case FL_CEDAR_X_LITERAL:
	case FL_CEDAR_X_KINDS:
		break;
	}
	FL_ASSERT(!"a kind of expression");
	return false;
}

void fl_cedar_fault_print(struct fl_buf *out, const struct fl_cedar_fault *f)
{
	switch (f->kind) {
	case FL_CEDAR_FAULT_NONE:
		break;
	case FL_CEDAR_FAULT_TYPE:
		fl_buf_printf(out, "expected %s, got %s ", f->why,
		              fl_cedar_kind_name((enum fl_cedar_kind)f->got.kind));
		fl_cedar_value_print(out, f->got);
		break;
	case FL_CEDAR_FAULT_NO_ENTITY:
		fl_buf_add_c(out, "the entity ");
		fl_cedar_value_print(out, f->got);
		fl_buf_add_c(out, " does not exist");
		break;
	case FL_CEDAR_FAULT_NO_ATTR:
	case FL_CEDAR_FAULT_NO_TAG:
		fl_buf_add_c(out, f->got.kind == FL_CEDAR_ENTITY ? "the entity " : "the record ");
		fl_cedar_value_print(out, f->got);
		fl_buf_add_c(out, f->kind == FL_CEDAR_FAULT_NO_TAG ? " has no tag "
		                                                   : " has no attribute ");
		fl_cedar_print_string(out, f->name);
		break;
	case FL_CEDAR_FAULT_OVERFLOW:
		fl_buf_add_c(out, "the result does not fit a Long");
		break;
	case FL_CEDAR_FAULT_EXTENSION:
		fl_buf_printf(out, "`%s` failed: %s",
		              fl_cedar_fn((enum fl_cedar_fn_id)f->at->fn)->name, f->why);
		break;
	case FL_CEDAR_FAULT_MEMORY:
		fl_buf_add_c(out, "the memory for one decision is used up");
		break;
	}
}
