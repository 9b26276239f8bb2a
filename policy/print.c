/* policy/print.c - AST and values to policy text
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/print.h"

#include <inttypes.h>

/* How tightly an expression binds; an operand that binds less is put in parentheses. */
enum binding {
	B_EXPR, /* if */
	B_OR,
	B_AND,
	B_RELATION,
	B_ADD,
	B_MULT,
	B_UNARY,
	B_MEMBER
};

static const struct operator
{
	const char *text; /* between two operands; NULL: printed by a function of its own */
	uint8_t binding, left, right;
}
operators[FL_CEDAR_X_KINDS] = {
    [FL_CEDAR_X_LITERAL] = {NULL, B_MEMBER, 0, 0},
    [FL_CEDAR_X_VAR] = {NULL, B_MEMBER, 0, 0},
    [FL_CEDAR_X_NOT] = {NULL, B_UNARY, 0, 0},
    [FL_CEDAR_X_NEG] = {NULL, B_UNARY, 0, 0},
    [FL_CEDAR_X_AND] = {" && ", B_AND, B_RELATION, B_RELATION},
    [FL_CEDAR_X_OR] = {" || ", B_OR, B_AND, B_AND},
    [FL_CEDAR_X_EQ] = {" == ", B_RELATION, B_ADD, B_ADD},
    [FL_CEDAR_X_NE] = {" != ", B_RELATION, B_ADD, B_ADD},
    [FL_CEDAR_X_LT] = {" < ", B_RELATION, B_ADD, B_ADD},
    [FL_CEDAR_X_LE] = {" <= ", B_RELATION, B_ADD, B_ADD},
    [FL_CEDAR_X_GT] = {" > ", B_RELATION, B_ADD, B_ADD},
    [FL_CEDAR_X_GE] = {" >= ", B_RELATION, B_ADD, B_ADD},
    [FL_CEDAR_X_IN] = {" in ", B_RELATION, B_ADD, B_ADD},
    [FL_CEDAR_X_ADD] = {" + ", B_ADD, B_ADD, B_MULT},
    [FL_CEDAR_X_SUB] = {" - ", B_ADD, B_ADD, B_MULT},
    [FL_CEDAR_X_MUL] = {" * ", B_MULT, B_MULT, B_UNARY},
    [FL_CEDAR_X_IF] = {NULL, B_EXPR, 0, 0},
    [FL_CEDAR_X_GET] = {NULL, B_MEMBER, 0, 0},
    [FL_CEDAR_X_HAS] = {NULL, B_RELATION, 0, 0},
    [FL_CEDAR_X_LIKE] = {NULL, B_RELATION, 0, 0},
    [FL_CEDAR_X_IS] = {NULL, B_RELATION, 0, 0},
    [FL_CEDAR_X_SET] = {NULL, B_MEMBER, 0, 0},
    [FL_CEDAR_X_RECORD] = {NULL, B_MEMBER, 0, 0},
    [FL_CEDAR_X_CALL] = {NULL, B_MEMBER, 0, 0},
};

static void print(struct fl_buf *out, const struct fl_cedar_expr *x, unsigned least);

static unsigned binding(const struct fl_cedar_expr *x)
{
	bool is_negative = x->kind == FL_CEDAR_X_LITERAL && x->value.kind == FL_CEDAR_LONG &&
	                   x->value.u.number < 0;

	return is_negative ? B_UNARY : operators[x->kind].binding;
}

static void print_attr(struct fl_buf *out, struct fl_cedar_name name)
{
	struct fl_str s = fl_cedar_name_str(name);

	if (fl_cedar_is_ident(s))
		fl_buf_add(out, s);
	else
		fl_cedar_print_string(out, s);
}

static void print_args(struct fl_buf *out, const struct fl_cedar_expr *x, uint32_t from)
{
	for (uint32_t i = from; i < x->n; i++) {
		if (i > from)
			fl_buf_add_c(out, ", ");
		print(out, x->args[i], B_EXPR);
	}
}

static void print_record(struct fl_buf *out, const struct fl_cedar_expr *x)
{
	fl_buf_add_char(out, '{');
	for (uint32_t i = 0; i < x->n; i++) {
		if (i > 0)
			fl_buf_add_c(out, ", ");
		print_attr(out, x->names[i]);
		fl_buf_add_c(out, ": ");
		print(out, x->args[i], B_EXPR);
	}
	fl_buf_add_char(out, '}');
}

static void print_call(struct fl_buf *out, const struct fl_cedar_expr *x)
{
	const struct fl_cedar_fn *fn = fl_cedar_fn((enum fl_cedar_fn_id)x->fn);

	if (fn->is_method) {
		print(out, x->args[0], B_MEMBER);
		fl_buf_add_char(out, '.');
	}
	fl_buf_add_c(out, fn->name);
	fl_buf_add_char(out, '(');
	print_args(out, x, fn->is_method ? 1 : 0);
	fl_buf_add_char(out, ')');
}

static void print_text(struct fl_buf *out, struct fl_str s, bool is_pattern)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		static const char named[] = "\"\\\n\r\t", names[] = "\"\\nrt";
		const char *at = c == 0 ? NULL : strchr(named, c);

		if (at != NULL) {
			fl_buf_add_char(out, '\\');
			fl_buf_add_char(out, names[at - named]);
		} else if (c == '*' && is_pattern) {
			fl_buf_add_c(out, "\\*");
		} else if (c == 0) {
			fl_buf_add_c(out, "\\0");
		} else if (c < 0x20 || c == 0x7f) {
			fl_buf_printf(out, "\\x%02x", c);
		} else {
			fl_buf_add_char(out, (char)c);
		}
	}
}

static void print_pattern(struct fl_buf *out, const struct fl_cedar_expr *x)
{
	fl_buf_add_char(out, '"');
	for (uint32_t i = 0; i < x->n_names; i++) {
		if (i > 0)
			fl_buf_add_char(out, '*');
		print_text(out, fl_cedar_name_str(x->names[i]), true);
	}
	fl_buf_add_char(out, '"');
}

static void print_relation(struct fl_buf *out, const struct fl_cedar_expr *x)
{
	print(out, x->args[0], B_ADD);
	if (x->kind == FL_CEDAR_X_LIKE) {
		fl_buf_add_c(out, " like ");
		print_pattern(out, x);
	} else if (x->kind == FL_CEDAR_X_HAS) {
		fl_buf_add_c(out, " has ");
		for (uint32_t i = 0; i < x->n_names; i++) {
			if (i > 0)
				fl_buf_add_char(out, '.');
			print_attr(out, x->names[i]);
		}
	} else {
		fl_buf_add_c(out, " is ");
		fl_buf_add(out, x->type);
		if (x->n > 1) {
			fl_buf_add_c(out, " in ");
			print(out, x->args[1], B_ADD);
		}
	}
}

static void print_member(struct fl_buf *out, const struct fl_cedar_expr *x)
{
	bool is_ident = fl_cedar_is_ident(fl_cedar_name_str(x->names[0]));

	print(out, x->args[0], B_MEMBER);
	fl_buf_add_char(out, is_ident ? '.' : '[');
	print_attr(out, x->names[0]);
	if (!is_ident)
		fl_buf_add_char(out, ']');
}

/* `-5` would read as a literal where a negation of 5 was written: operands of unary operators that
 * are no plain member get parentheses. */
static void print_unary(struct fl_buf *out, const struct fl_cedar_expr *x)
{
	const struct fl_cedar_expr *arg = x->args[0];
	bool is_number = arg->kind == FL_CEDAR_X_LITERAL && arg->value.kind == FL_CEDAR_LONG;

	fl_buf_add_char(out, x->kind == FL_CEDAR_X_NOT ? '!' : '-');
	if (is_number)
		fl_buf_add_char(out, '(');
	print(out, arg, is_number ? B_EXPR : B_MEMBER);
	if (is_number)
		fl_buf_add_char(out, ')');
}

static void print_bare(struct fl_buf *out, const struct fl_cedar_expr *x)
{
	const struct operator* op = & operators[x->kind];

	if (op->text != NULL) {
		for (uint32_t i = 0; i < x->n; i++) {
			if (i > 0)
				fl_buf_add_c(out, op->text);
			print(out, x->args[i], i == 0 ? op->left : op->right);
		}
		return;
	}
	switch ((int)x->kind) {
	case FL_CEDAR_X_LITERAL:
		fl_cedar_value_print(out, x->value);
		break;
	case FL_CEDAR_X_VAR:
		fl_buf_add_c(out, fl_cedar_var_names[x->var]);
		break;
	case FL_CEDAR_X_NOT:
	case FL_CEDAR_X_NEG:
		print_unary(out, x);
		break;
	case FL_CEDAR_X_IF:
		fl_buf_add_c(out, "if ");
		print(out, x->args[0], B_EXPR);
		fl_buf_add_c(out, " then ");
		print(out, x->args[1], B_EXPR);
		fl_buf_add_c(out, " else ");
		print(out, x->args[2], B_EXPR);
		break;
	case FL_CEDAR_X_GET:
		print_member(out, x);
		break;
	case FL_CEDAR_X_SET:
		fl_buf_add_char(out, '[');
		print_args(out, x, 0);
		fl_buf_add_char(out, ']');
		break;
	case FL_CEDAR_X_RECORD:
		print_record(out, x);
		break;
	case FL_CEDAR_X_CALL:
		print_call(out, x);
		break;
	default:
		print_relation(out, x);
	}
}

static void print(struct fl_buf *out, const struct fl_cedar_expr *x, unsigned least)
{
	bool needs_parens = binding(x) < least;

	if (needs_parens)
		fl_buf_add_char(out, '(');
	print_bare(out, x);
	if (needs_parens)
		fl_buf_add_char(out, ')');
}

void fl_cedar_print_expr(struct fl_buf *out, const struct fl_cedar_expr *x)
{
	print(out, x, B_EXPR);
}

void fl_cedar_print_scope(struct fl_buf *out, const char *name, const struct fl_cedar_scope *s)
{
	fl_buf_add_c(out, name);
	if (s->kind == FL_CEDAR_SCOPE_IS || s->kind == FL_CEDAR_SCOPE_IS_IN) {
		fl_buf_add_c(out, " is ");
		fl_buf_add(out, s->type);
	}
	if (s->kind == FL_CEDAR_SCOPE_ANY || s->kind == FL_CEDAR_SCOPE_IS)
		return;
	fl_buf_add_c(out, s->kind == FL_CEDAR_SCOPE_EQ ? " == " : " in ");
	if (s->is_slot) {
		fl_buf_add_char(out, '?');
		fl_buf_add_c(out, name);
		return;
	}
	if (s->kind == FL_CEDAR_SCOPE_IN_LIST)
		fl_buf_add_char(out, '[');
	for (size_t i = 0; i < s->n_uids; i++) {
		if (i > 0)
			fl_buf_add_c(out, ", ");
		fl_cedar_print_uid(out, s->uids[i]);
	}
	if (s->kind == FL_CEDAR_SCOPE_IN_LIST)
		fl_buf_add_char(out, ']');
}

void fl_cedar_print_policy(struct fl_buf *out, const struct fl_cedar_policy *policy)
{
	for (size_t i = 0; i < policy->n_annotations; i++) {
		const struct fl_cedar_annotation *a = &policy->annotations[i];

		fl_buf_add_char(out, '@');
		fl_buf_add(out, a->key);
		if (a->has_value) {
			fl_buf_add_char(out, '(');
			fl_cedar_print_string(out, a->value);
			fl_buf_add_char(out, ')');
		}
		fl_buf_add_char(out, '\n');
	}
	fl_buf_add_c(out, policy->is_forbid ? "forbid (" : "permit (");
	fl_cedar_print_scope(out, "principal", &policy->principal);
	fl_buf_add_c(out, ", ");
	fl_cedar_print_scope(out, "action", &policy->action);
	fl_buf_add_c(out, ", ");
	fl_cedar_print_scope(out, "resource", &policy->resource);
	fl_buf_add_char(out, ')');
	for (size_t i = 0; i < policy->n_clauses; i++) {
		const struct fl_cedar_clause *c = &policy->clauses[i];

		fl_buf_add_c(out, c->is_unless ? "\nunless { " : "\nwhen { ");
		fl_cedar_print_expr(out, c->body);
		fl_buf_add_c(out, " }");
	}
	fl_buf_add_c(out, ";\n");
}

void fl_cedar_print_string(struct fl_buf *out, struct fl_str s)
{
	fl_buf_add_char(out, '"');
	print_text(out, s, false);
	fl_buf_add_char(out, '"');
}

void fl_cedar_print_uid(struct fl_buf *out, const struct fl_cedar_uid *uid)
{
	fl_buf_add(out, uid->type);
	fl_buf_add_c(out, "::");
	fl_cedar_print_string(out, uid->id);
}

static void print_fields(struct fl_buf *out, struct fl_cedar_value v)
{
	fl_buf_add_char(out, '{');
	for (uint32_t i = 0; i < v.n; i++) {
		if (i > 0)
			fl_buf_add_c(out, ", ");
		print_attr(out, v.u.fields[i].name);
		fl_buf_add_c(out, ": ");
		fl_cedar_value_print(out, v.u.fields[i].value);
	}
	fl_buf_add_char(out, '}');
}

static void print_items(struct fl_buf *out, struct fl_cedar_value v)
{
	fl_buf_add_char(out, '[');
	for (uint32_t i = 0; i < v.n; i++) {
		if (i > 0)
			fl_buf_add_c(out, ", ");
		fl_cedar_value_print(out, v.u.items[i]);
	}
	fl_buf_add_char(out, ']');
}

void fl_cedar_value_print(struct fl_buf *out, struct fl_cedar_value v)
{
	switch ((enum fl_cedar_kind)v.kind) {
	case FL_CEDAR_BOOL:
		fl_buf_add_c(out, v.u.boolean ? "true" : "false");
		break;
	case FL_CEDAR_LONG:
		fl_buf_printf(out, "%" PRId64, v.u.number);
		break;
	case FL_CEDAR_STRING:
		fl_cedar_print_string(out, fl_cedar_text(v));
		break;
	case FL_CEDAR_ENTITY:
		fl_cedar_print_uid(out, v.u.uid);
		break;
	case FL_CEDAR_SET:
		print_items(out, v);
		break;
	case FL_CEDAR_RECORD:
		print_fields(out, v);
		break;
	case FL_CEDAR_DECIMAL:
	case FL_CEDAR_DATETIME:
	case FL_CEDAR_DURATION:
	case FL_CEDAR_IP:
	case FL_CEDAR_KINDS:
		fl_cedar_ext_print(out, v);
	}
}
