/* policy/parse_expr.c - expressions
 * SPDX-License-Identifier: Apache-2.0
 *
 *	expr     = or | "if" expr "then" expr "else" expr
 *	or       = and { "||" and }
 *	and      = relation { "&&" relation }
 *	relation = add [ op add ] | add "has" names | add "like" STRING | add "is" path [ "in" add ]
 *	add      = mult { ("+" | "-") mult }
 *	mult     = unary { "*" unary }
 *	unary    = up to four "!", or up to four "-", member
 *	member   = primary { "." IDENT [ "(" exprs ")" ] | "[" STRING "]" }
 */
#include <stdio.h>

#include "policy/parser.h"

const char *const fl_cedar_var_names[FL_CEDAR_VARS] = {
    [FL_CEDAR_PRINCIPAL] = "principal",
    [FL_CEDAR_ACTION] = "action",
    [FL_CEDAR_RESOURCE] = "resource",
    [FL_CEDAR_CONTEXT] = "context",
};

struct list {
	struct fl_cedar_expr **items;
	size_t n;
};

static bool push(struct fl_cedar_parser *p, struct list *list, struct fl_cedar_expr *x)
{
	if (x == NULL)
		return false;
	list->items = fl_cedar_parser_grow(p, list->items, list->n, sizeof *list->items);
	if (list->items == NULL)
		return false;
	list->items[list->n++] = x;
	return true;
}

/* A node over its operands; spans from `start` to the last token taken. */
static struct fl_cedar_expr *make(struct fl_cedar_parser *p, enum fl_cedar_expr_kind kind,
                                  struct fl_cedar_span start, struct fl_cedar_expr *const *args,
                                  size_t n)
{
	struct fl_cedar_expr *x = fl_arena_alloc(p->arena, sizeof *x + n * sizeof *x->args);
	unsigned height = 0;

	if (x == NULL)
		return fl_cedar_parser_no_memory(p);
	*x = (struct fl_cedar_expr){.kind = (uint8_t)kind, .n = (uint32_t)n};
	for (size_t i = 0; i < n; i++) {
		x->args[i] = args[i];
		if (args[i]->height > height)
			height = args[i]->height;
	}
	if (height >= FL_CEDAR_HEIGHT_MAX)
		return fl_cedar_parser_fail(p, FL_CEDAR_E_LIMIT, start,
		                            "the expression is higher than %u operations",
		                            FL_CEDAR_HEIGHT_MAX);
	x->height = (uint16_t)(height + 1);
	x->span = fl_cedar_parser_span(p, start);
	return x;
}

/* The same over at most three operands that stand in locals. */
static struct fl_cedar_expr *make_of(struct fl_cedar_parser *p, enum fl_cedar_expr_kind kind,
                                     struct fl_cedar_span start, struct fl_cedar_expr *a,
                                     struct fl_cedar_expr *b, struct fl_cedar_expr *c)
{
	struct fl_cedar_expr *const args[] = {a, b, c};

	return make(p, kind, start, args, a == NULL ? 0 : b == NULL ? 1 : c == NULL ? 2 : 3);
}

static struct fl_cedar_expr *make_const(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                        struct fl_cedar_value value)
{
	struct fl_cedar_expr *x = make(p, FL_CEDAR_X_LITERAL, start, NULL, 0);

	if (x == NULL)
		return NULL;
	x->is_const = true;
	x->value = value;
	return x;
}

static bool set_names(struct fl_cedar_parser *p, struct fl_cedar_expr *x,
                      const struct fl_str *names, size_t n)
{
	if (x == NULL)
		return false;
	x->names = n == 1 && x->kind != FL_CEDAR_X_RECORD
	               ? &x->name
	               : fl_arena_array(p->arena, n, sizeof *x->names);
	x->n_names = (uint32_t)n;
	if (x->names == NULL) {
		(void)fl_cedar_parser_no_memory(p);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		x->names[i] = fl_cedar_name(names[i]);
	return true;
}

static bool all_const(const struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!list->items[i]->is_const)
			return false;
	return true;
}

/* expr { "," expr } [ "," ] up to `close`, which is taken. */
static bool expr_list(struct fl_cedar_parser *p, enum fl_cedar_token_kind close, const char *what,
                      struct list *ret)
{
	*ret = (struct list){0};
	while (p->lx.token.kind != close) {
		if (!push(p, ret, fl_cedar_parser_expr(p)))
			return false;
		if (!fl_cedar_parser_accept(p, FL_CEDAR_T_COMMA))
			break;
	}
	return fl_cedar_parser_expect(p, close, what);
}

static struct fl_cedar_expr *set(struct fl_cedar_parser *p, struct fl_cedar_span start)
{
	struct list list;

	fl_cedar_parser_next(p);
	if (!expr_list(p, FL_CEDAR_T_RBRACKET, "`,` or `]`", &list))
		return NULL;
	struct fl_cedar_expr *x = make(p, FL_CEDAR_X_SET, start, list.items, list.n);

	if (x == NULL || !all_const(&list))
		return x;
	struct fl_cedar_value *values = fl_arena_array(p->arena, list.n, sizeof *values);

	if (values == NULL)
		return fl_cedar_parser_no_memory(p);
	for (size_t i = 0; i < list.n; i++)
		values[i] = list.items[i]->value;
	x->value = fl_cedar_set_make(values, list.n);
	x->is_const = true;
	return x;
}

/* Refuses a name that is there twice; a record of constants is one itself. */
static struct fl_cedar_expr *finish_record(struct fl_cedar_parser *p, struct fl_cedar_expr *x,
                                           const struct list *list)
{
	bool is_const = all_const(list);
	struct fl_cedar_field *fields =
	    fl_arena_array(is_const ? p->arena : &p->scratch, list->n, sizeof *fields);
	struct fl_str twice;

	if (fields == NULL)
		return fl_cedar_parser_no_memory(p);
	for (size_t i = 0; i < list->n; i++) {
		fields[i].name = x->names[i];
		if (list->items[i]->is_const)
			fields[i].value = list->items[i]->value;
	}
	struct fl_cedar_value v;

	if (fl_cedar_record_make(fields, list->n, &v, &twice) != 0)
		return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, x->span,
		                            "the record has `%.*s` twice", FL_STR_ARGS(twice));
	if (is_const)
		x->value = v;
	x->is_const = is_const;
	return x;
}

static struct fl_cedar_expr *record(struct fl_cedar_parser *p, struct fl_cedar_span start)
{
	struct list list = {0};
	struct fl_str *names = NULL;

	fl_cedar_parser_next(p);
	while (p->lx.token.kind != FL_CEDAR_T_RBRACE) {
		struct fl_str name;

		if (!(p->lx.token.kind == FL_CEDAR_T_STRING
		          ? fl_cedar_parser_string(p, "an attribute name", &name)
		          : fl_cedar_parser_ident(p, "an attribute name or `}`", &name)) ||
		    !fl_cedar_parser_expect(p, FL_CEDAR_T_COLON, "`:` behind the attribute name"))
			return NULL;
		names = fl_cedar_parser_grow(p, names, list.n, sizeof *names);
		if (names == NULL)
			return NULL;
		names[list.n] = name;
		if (!push(p, &list, fl_cedar_parser_expr(p)))
			return NULL;
		if (!fl_cedar_parser_accept(p, FL_CEDAR_T_COMMA))
			break;
	}
	if (!fl_cedar_parser_expect(p, FL_CEDAR_T_RBRACE, "`,` or `}`"))
		return NULL;
	struct fl_cedar_expr *x = make(p, FL_CEDAR_X_RECORD, start, list.items, list.n);

	return set_names(p, x, names, list.n) ? finish_record(p, x, &list) : NULL;
}

static struct fl_cedar_expr *call(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                  enum fl_cedar_fn_id fn, const struct list *args)
{
	struct fl_cedar_expr *x = make(p, FL_CEDAR_X_CALL, start, args->items, args->n);

	if (x == NULL)
		return NULL;
	x->fn = (uint8_t)fn;
	const struct fl_cedar_fn *f = fl_cedar_fn(fn);

	if (f->is_core && args->n != f->arity)
		return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, x->span,
		                            "`%s` takes %u argument%s, not %zu", f->name,
		                            f->arity - 1u, f->arity == 2 ? "" : "s", args->n - 1);
	if (f->is_method || args->n != 1 || args->items[0]->kind != FL_CEDAR_X_LITERAL ||
	    args->items[0]->value.kind != FL_CEDAR_STRING)
		return x;
	int r = fl_cedar_ext_parse(f->result, fl_cedar_text(args->items[0]->value), p->arena,
	                           &x->value);

	if (r == FL_CEDAR_E_MEMORY)
		return fl_cedar_parser_no_memory(p);
	x->is_const = r == 0;
	return x;
}

/* Behind a path that names no entity. */
static struct fl_cedar_expr *function_call(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                           struct fl_str name)
{
	enum fl_cedar_fn_id fn;
	struct list args;

	if (!fl_cedar_fn_find(name, false, &fn))
		return fl_cedar_parser_fail(
		    p, FL_CEDAR_E_SYNTAX, start,
		    fl_cedar_fn_find(name, true, &fn) ? "`%.*s` is a method: write x.%.*s(...)"
						      : "there is no function `%.*s`; known are "
							"decimal, ip, datetime, duration%.*s",
		    FL_STR_ARGS(name), fl_cedar_fn_find(name, true, &fn) ? (int)name.n : 0, name.p);
	fl_cedar_parser_next(p);
	if (!expr_list(p, FL_CEDAR_T_RPAREN, "`,` or `)`", &args))
		return NULL;
	return call(p, start, fn, &args);
}

static struct fl_cedar_expr *name(struct fl_cedar_parser *p, struct fl_cedar_span start)
{
	struct fl_str path, id;

	if (!fl_cedar_parser_path(p, "an expression", &path))
		return NULL;
	if (fl_cedar_parser_accept(p, FL_CEDAR_T_PATH)) {
		if (!fl_cedar_parser_string(p, "the id of an entity, a string", &id))
			return NULL;
		const struct fl_cedar_uid *uid = fl_cedar_parser_uid(p, start, path, id);

		return uid == NULL ? NULL : make_const(p, start, fl_cedar_entity(uid));
	}
	if (p->lx.token.kind == FL_CEDAR_T_LPAREN)
		return function_call(p, start, path);
	for (size_t i = 0; i < FL_CEDAR_VARS; i++) {
		if (!fl_str_is(path, fl_cedar_var_names[i]))
			continue;
		struct fl_cedar_expr *x = make(p, FL_CEDAR_X_VAR, start, NULL, 0);

		if (x != NULL)
			x->var = (uint8_t)i;
		return x;
	}
	return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, start,
	                            "there is no variable `%.*s`; known are principal, action, "
	                            "resource, context",
	                            FL_STR_ARGS(path));
}

/* A number token; `negative` when one `-` of those before it belongs to it. */
static struct fl_cedar_expr *number(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                    bool negative)
{
	uint64_t v, max = (uint64_t)INT64_MAX + (negative ? 1 : 0);

	if (!fl_str_to_u64(p->lx.token.text, &v) || v > max)
		return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
		                            "the number is out of range: a Long goes from "
		                            "-9223372036854775808 to 9223372036854775807");
	fl_cedar_parser_next(p);
	return make_const(p, start, fl_cedar_long(negative ? (int64_t)(0 - v) : (int64_t)v));
}

static struct fl_cedar_expr *primary(struct fl_cedar_parser *p)
{
	struct fl_cedar_span start = p->lx.token.span;
	struct fl_cedar_expr *x;
	struct fl_str s;

	switch ((int)p->lx.token.kind) {
	case FL_CEDAR_T_NUMBER:
		return number(p, start, false);
	case FL_CEDAR_T_STRING:
		return fl_cedar_parser_string(p, "a string", &s)
		           ? make_const(p, start, fl_cedar_string(s))
		           : NULL;
	case FL_CEDAR_T_LPAREN:
		fl_cedar_parser_next(p);
		x = fl_cedar_parser_expr(p);
		return x != NULL && fl_cedar_parser_expect(p, FL_CEDAR_T_RPAREN, "`)`") ? x : NULL;
	case FL_CEDAR_T_LBRACKET:
		return set(p, start);
	case FL_CEDAR_T_LBRACE:
		return record(p, start);
	case FL_CEDAR_T_QUESTION:
		return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, start,
		                            "a slot stands only in the scope, not in a condition");
	case FL_CEDAR_T_IDENT:
		break;
	default:
		return fl_cedar_parser_expected(p, "an expression");
	}
	if (fl_cedar_lexer_is(&p->lx, "true") || fl_cedar_lexer_is(&p->lx, "false")) {
		bool b = fl_cedar_lexer_is(&p->lx, "true");

		fl_cedar_parser_next(p);
		return make_const(p, start, fl_cedar_bool(b));
	}
	if (fl_cedar_lexer_is(&p->lx, "if"))
		return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, start,
		                            "`if` needs parentheses inside another expression");
	return name(p, start);
}

/* Behind the dot: an attribute or a method. */
static struct fl_cedar_expr *member(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                    struct fl_cedar_expr *x)
{
	struct fl_cedar_span at = p->lx.token.span;
	struct fl_str attr;
	enum fl_cedar_fn_id fn;
	struct list args = {0}, rest;

	if (!fl_cedar_parser_ident(p, "the name of an attribute or a method", &attr))
		return NULL;
	if (p->lx.token.kind != FL_CEDAR_T_LPAREN) {
		x = make_of(p, FL_CEDAR_X_GET, start, x, NULL, NULL);
		return set_names(p, x, &attr, 1) ? x : NULL;
	}
	if (!fl_cedar_fn_find(attr, true, &fn))
		return fl_cedar_parser_fail(
		    p, FL_CEDAR_E_SYNTAX, at,
		    fl_cedar_fn_find(attr, false, &fn) ? "`%.*s` is a function: write %.*s(...)"
						       : "there is no method `%.*s`%.*s",
		    FL_STR_ARGS(attr), fl_cedar_fn_find(attr, false, &fn) ? (int)attr.n : 0,
		    attr.p);
	fl_cedar_parser_next(p);
	if (!push(p, &args, x) || !expr_list(p, FL_CEDAR_T_RPAREN, "`,` or `)`", &rest))
		return NULL;
	for (size_t i = 0; i < rest.n; i++)
		if (!push(p, &args, rest.items[i]))
			return NULL;
	return call(p, start, fn, &args);
}

/* Accesses behind `x`. */
static struct fl_cedar_expr *members(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                     struct fl_cedar_expr *x)
{
	struct fl_str attr;

	while (x != NULL) {
		if (fl_cedar_parser_accept(p, FL_CEDAR_T_DOT)) {
			x = member(p, start, x);
		} else if (fl_cedar_parser_accept(p, FL_CEDAR_T_LBRACKET)) {
			if (!fl_cedar_parser_string(p, "the name of an attribute, a string",
			                            &attr) ||
			    !fl_cedar_parser_expect(p, FL_CEDAR_T_RBRACKET, "`]`"))
				return NULL;
			x = make_of(p, FL_CEDAR_X_GET, start, x, NULL, NULL);
			if (!set_names(p, x, &attr, 1))
				return NULL;
		} else if (p->lx.token.kind == FL_CEDAR_T_LPAREN) {
			return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
			                            "only functions and methods can be called");
		} else {
			return x;
		}
	}
	return NULL;
}

static bool is_access(enum fl_cedar_token_kind kind)
{
	return kind == FL_CEDAR_T_DOT || kind == FL_CEDAR_T_LBRACKET || kind == FL_CEDAR_T_LPAREN;
}

#define UNARY_MAX 4u

static struct fl_cedar_expr *unary(struct fl_cedar_parser *p)
{
	enum fl_cedar_token_kind op = p->lx.token.kind;
	struct fl_cedar_span at[UNARY_MAX + 1], start;
	struct fl_cedar_expr *x;
	unsigned n = 0;

	if (op == FL_CEDAR_T_NOT || op == FL_CEDAR_T_MINUS) {
		for (; p->lx.token.kind == op; n++) {
			if (n == UNARY_MAX)
				return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
				                            "at most %u `!` or `-` in a row",
				                            UNARY_MAX);
			at[n] = p->lx.token.span;
			fl_cedar_parser_next(p);
		}
	}
	/* The last minus belongs to the number: so the smallest Long can be written. */
	if (op == FL_CEDAR_T_MINUS && p->lx.token.kind == FL_CEDAR_T_NUMBER &&
	    !is_access(fl_cedar_lexer_peek(&p->lx))) {
		x = number(p, at[--n], true);
	} else {
		start = p->lx.token.span;
		x = members(p, start, primary(p));
	}
	while (x != NULL && n > 0) {
		n--;
		x = make_of(p, op == FL_CEDAR_T_NOT ? FL_CEDAR_X_NOT : FL_CEDAR_X_NEG, at[n], x,
		            NULL, NULL);
	}
	return x;
}

static struct fl_cedar_expr *mult(struct fl_cedar_parser *p)
{
	struct fl_cedar_span start = p->lx.token.span;
	struct fl_cedar_expr *x = unary(p), *y;

	while (x != NULL) {
		if (p->lx.token.kind == FL_CEDAR_T_SLASH || p->lx.token.kind == FL_CEDAR_T_PERCENT)
			return fl_cedar_parser_fail(
			    p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
			    "the language has no division and no remainder");
		if (!fl_cedar_parser_accept(p, FL_CEDAR_T_STAR))
			return x;
		y = unary(p);
		x = y == NULL ? NULL : make_of(p, FL_CEDAR_X_MUL, start, x, y, NULL);
	}
	return NULL;
}

static struct fl_cedar_expr *add(struct fl_cedar_parser *p)
{
	struct fl_cedar_span start = p->lx.token.span;
	struct fl_cedar_expr *x = mult(p), *y;

	while (x != NULL) {
		enum fl_cedar_token_kind op = p->lx.token.kind;

		if (op != FL_CEDAR_T_PLUS && op != FL_CEDAR_T_MINUS)
			return x;
		fl_cedar_parser_next(p);
		y = mult(p);
		x = y == NULL ? NULL
		              : make_of(p, op == FL_CEDAR_T_PLUS ? FL_CEDAR_X_ADD : FL_CEDAR_X_SUB,
		                        start, x, y, NULL);
	}
	return NULL;
}

/* Behind `has`: one string, or identifiers joined by dots. */
static struct fl_cedar_expr *has(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                 struct fl_cedar_expr *x)
{
	struct fl_str *names = NULL, name;
	size_t n = 0;
	bool is_string = p->lx.token.kind == FL_CEDAR_T_STRING;

	do {
		if (!(is_string ? fl_cedar_parser_string(p, "an attribute name", &name)
		                : fl_cedar_parser_ident(p, "an attribute name", &name)))
			return NULL;
		names = fl_cedar_parser_grow(p, names, n, sizeof *names);
		if (names == NULL)
			return NULL;
		names[n++] = name;
	} while (!is_string && fl_cedar_parser_accept(p, FL_CEDAR_T_DOT));
	x = make_of(p, FL_CEDAR_X_HAS, start, x, NULL, NULL);
	return set_names(p, x, names, n) ? x : NULL;
}

static struct fl_cedar_expr *like(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                  struct fl_cedar_expr *x)
{
	struct fl_cedar_token t = p->lx.token;
	struct fl_str *parts;
	const char *why = NULL;
	size_t n, at = 0;

	if (!fl_cedar_parser_expect(p, FL_CEDAR_T_STRING, "a pattern, a string"))
		return NULL;
	int r = fl_cedar_unescape_pattern(p->arena, t.text, &parts, &n, &why, &at);

	if (r == FL_CEDAR_E_MEMORY)
		return fl_cedar_parser_no_memory(p);
	if (r != 0)
		return fl_cedar_parser_fail(p, r, t.span, "%s, at byte %zu of the pattern", why,
		                            at);
	x = make_of(p, FL_CEDAR_X_LIKE, start, x, NULL, NULL);
	return set_names(p, x, parts, n) ? x : NULL;
}

static struct fl_cedar_expr *is(struct fl_cedar_parser *p, struct fl_cedar_span start,
                                struct fl_cedar_expr *x)
{
	struct fl_str type;
	struct fl_cedar_expr *y = NULL;

	if (!fl_cedar_parser_path(p, "the name of an entity type", &type))
		return NULL;
	if (fl_cedar_lexer_is(&p->lx, "in")) {
		fl_cedar_parser_next(p);
		y = add(p);
		if (y == NULL)
			return NULL;
	}
	x = make_of(p, FL_CEDAR_X_IS, start, x, y, NULL);
	if (x != NULL)
		x->type = type;
	return x;
}

/* The binary operator at the current token, or FL_CEDAR_X_KINDS. */
static enum fl_cedar_expr_kind relation_op(const struct fl_cedar_parser *p)
{
	switch ((int)p->lx.token.kind) {
	case FL_CEDAR_T_EQ:
		return FL_CEDAR_X_EQ;
	case FL_CEDAR_T_NE:
		return FL_CEDAR_X_NE;
	case FL_CEDAR_T_LT:
		return FL_CEDAR_X_LT;
	case FL_CEDAR_T_LE:
		return FL_CEDAR_X_LE;
	case FL_CEDAR_T_GT:
		return FL_CEDAR_X_GT;
	case FL_CEDAR_T_GE:
		return FL_CEDAR_X_GE;
	default:
		return fl_cedar_lexer_is(&p->lx, "in") ? FL_CEDAR_X_IN : FL_CEDAR_X_KINDS;
	}
}

static const struct word_op {
	const char *word;
	struct fl_cedar_expr *(*parse)(struct fl_cedar_parser *p, struct fl_cedar_span start,
	                               struct fl_cedar_expr *x);
} word_ops[] = {{"has", has}, {"like", like}, {"is", is}};

static struct fl_cedar_expr *relation(struct fl_cedar_parser *p)
{
	struct fl_cedar_span start = p->lx.token.span;
	struct fl_cedar_expr *x = add(p), *y;
	enum fl_cedar_expr_kind op = relation_op(p);

	if (x == NULL)
		return NULL;
	if (op != FL_CEDAR_X_KINDS) {
		fl_cedar_parser_next(p);
		y = add(p);
		x = y == NULL ? NULL : make_of(p, op, start, x, y, NULL);
	} else if (p->lx.token.kind == FL_CEDAR_T_ASSIGN) {
		return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
		                            "`=` is no operator; equality is `==`");
	} else {
		for (size_t i = 0; i < FL_ARRAY_LEN(word_ops); i++) {
			if (!fl_cedar_lexer_is(&p->lx, word_ops[i].word))
				continue;
			fl_cedar_parser_next(p);
			x = word_ops[i].parse(p, start, x);
			break;
		}
	}
	if (x != NULL && relation_op(p) != FL_CEDAR_X_KINDS)
		return fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
		                            "comparisons do not chain: use parentheses or `&&`");
	return x;
}

/* One operand, or a node over all that `op` joins. */
static struct fl_cedar_expr *chain(struct fl_cedar_parser *p, enum fl_cedar_token_kind op,
                                   enum fl_cedar_expr_kind kind,
                                   struct fl_cedar_expr *(*operand)(struct fl_cedar_parser *p))
{
	struct fl_cedar_span start = p->lx.token.span;
	struct fl_cedar_expr *x = operand(p);
	struct list list = {0};

	if (x == NULL || p->lx.token.kind != op)
		return x;
	if (!push(p, &list, x))
		return NULL;
	while (fl_cedar_parser_accept(p, op))
		if (!push(p, &list, operand(p)))
			return NULL;
	return make(p, kind, start, list.items, list.n);
}

static struct fl_cedar_expr * and (struct fl_cedar_parser * p)
{
	return chain(p, FL_CEDAR_T_AND, FL_CEDAR_X_AND, relation);
}

static struct fl_cedar_expr *if_else(struct fl_cedar_parser *p)
{
	static const char *const words[] = {"if", "then", "else"};
	struct fl_cedar_span start = p->lx.token.span;
	struct fl_cedar_expr *parts[3];

	for (size_t i = 0; i < 3; i++) {
		char what[16];

		(void)snprintf(what, sizeof what, "`%s`", words[i]);
		if (!fl_cedar_lexer_is(&p->lx, words[i]))
			return fl_cedar_parser_expected(p, what);
		fl_cedar_parser_next(p);
		parts[i] = fl_cedar_parser_expr(p);
		if (parts[i] == NULL)
			return NULL;
	}
	return make_of(p, FL_CEDAR_X_IF, start, parts[0], parts[1], parts[2]);
}

struct fl_cedar_expr *fl_cedar_parser_expr(struct fl_cedar_parser *p)
{
	struct fl_cedar_expr *x;

	if (!fl_cedar_parser_enter(p))
		return NULL;
	x = fl_cedar_lexer_is(&p->lx, "if") ? if_else(p)
	                                    : chain(p, FL_CEDAR_T_OR, FL_CEDAR_X_OR, and);
	fl_cedar_parser_leave(p);
	return x;
}
