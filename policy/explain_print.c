/* policy/explain_print.c - explanations as text and as JSON
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/explain.h"

/* Of one expression or value in an explanation; what is longer is cut. */
#define PIECE_BYTES (16u << 10)

/* Policy text comes out by pieces, so that each can be cut and escaped. */
struct printer {
	struct fl_buf *out;
	struct fl_json *json;
	struct fl_buf piece;
};

static struct fl_str take(struct printer *p)
{
	struct fl_str s = fl_buf_str(&p->piece);

	if (!fl_buf_is_overflown(&p->piece))
		return s;
	p->piece.overflown = false;
	p->piece.len = fl_str_cut(s, s.n - 3).n;
	fl_buf_add_c(&p->piece, "...");
	return fl_buf_str(&p->piece);
}

static struct fl_str expr_text(struct printer *p, const struct fl_cedar_expr *x)
{
	fl_buf_clear(&p->piece);
	fl_cedar_print_expr(&p->piece, x);
	return take(p);
}

static struct fl_str value_text(struct printer *p, struct fl_cedar_value v)
{
	fl_buf_clear(&p->piece);
	fl_cedar_value_print(&p->piece, v);
	return take(p);
}

static struct fl_str fault_text(struct printer *p, const struct fl_cedar_fault *fault)
{
	fl_buf_clear(&p->piece);
	fl_cedar_fault_print(&p->piece, fault);
	return take(p);
}

static struct fl_str scope_text(struct printer *p, const char *name, const struct fl_cedar_scope *s)
{
	fl_buf_clear(&p->piece);
	fl_cedar_print_scope(&p->piece, name, s);
	return take(p);
}

static const struct fl_cedar_scope *scope_of(const struct fl_cedar_step *step,
                                             const char **ret_name)
{
	const struct fl_cedar_policy *p = step->row->policy;
	const struct fl_cedar_scope *const scopes[] = {&p->principal, &p->action, &p->resource};

	*ret_name = fl_cedar_var_names[step->scope];
	return scopes[step->scope];
}

static const char *clause_kind(const struct fl_cedar_step *step)
{
	return step->row->policy->clauses[step->clause].is_unless ? "unless" : "when";
}

static const char *effect(const struct fl_cedar_row *row)
{
	return row->policy->is_forbid ? "forbid" : "permit";
}

const char *fl_cedar_verdict_name(enum fl_cedar_verdict verdict)
{
	static const char *const names[] = {
	    [FL_CEDAR_OUT_OF_SCOPE] = "out_of_scope",
	    [FL_CEDAR_NOT_SATISFIED] = "not_satisfied",
	    [FL_CEDAR_SATISFIED] = "satisfied",
	    [FL_CEDAR_ERROR] = "error",
	};

	return names[verdict];
}

/* ---- text ---- */

/* `text` */
static void add_quoted(struct printer *p, struct fl_str text)
{
	fl_buf_add_char(p->out, '`');
	fl_buf_add_printable(p->out, text);
	fl_buf_add_char(p->out, '`');
}

/* orders.cedar:2:24 */
static void add_place(struct printer *p, const struct fl_cedar_row *row,
                      const struct fl_cedar_span *span)
{
	if (row->policy->file != NULL) {
		fl_buf_add_printable(p->out, fl_str(row->policy->file));
		fl_buf_add_char(p->out, ':');
	}
	fl_buf_printf(p->out, "%u:%u", span->line, span->column);
}

static void print_clause(struct printer *p, const struct fl_cedar_step *step)
{
	fl_buf_printf(p->out, "    %s, clause %zu: ", clause_kind(step), step->clause + 1);
	add_quoted(p, expr_text(p, step->part));
	if (step->verdict == FL_CEDAR_ERROR)
		fl_buf_add_c(p->out, " failed");
	else
		fl_buf_add_c(p->out, step->part_is_true ? " is true" : " is false");
	fl_buf_add_c(p->out, " (");
	add_place(p, step->row, &step->part->span);
	fl_buf_add_c(p->out, ")\n");
}

static void print_details(struct printer *p, const struct fl_cedar_step *step)
{
	const struct fl_cedar_scope *scope;
	const char *name;

	switch (step->verdict) {
	case FL_CEDAR_OUT_OF_SCOPE:
		scope = scope_of(step, &name);
		fl_buf_add_c(p->out, "    ");
		add_quoted(p, scope_text(p, name, scope));
		fl_buf_add_c(p->out, " does not hold (");
		add_place(p, step->row, &scope->span);
		fl_buf_add_c(p->out, ")\n");
		break;
	case FL_CEDAR_NOT_SATISFIED:
		print_clause(p, step);
		break;
	case FL_CEDAR_ERROR:
		print_clause(p, step);
		fl_buf_add_c(p->out, "      ");
		fl_buf_add_printable(p->out, fault_text(p, &step->fault));
		fl_buf_add_char(p->out, '\n');
		break;
	case FL_CEDAR_SATISFIED:
		break;
	}
	for (size_t i = 0; i < step->n_values; i++) {
		fl_buf_add_c(p->out, "      ");
		add_quoted(p, expr_text(p, step->values[i].expr));
		fl_buf_add_c(p->out, " is ");
		fl_buf_add_printable(p->out, value_text(p, step->values[i].value));
		fl_buf_add_char(p->out, '\n');
	}
}

static void print_step(struct printer *p, const struct fl_cedar_step *step)
{
	static const char *const verdicts[] = {
	    [FL_CEDAR_OUT_OF_SCOPE] = "out of scope",
	    [FL_CEDAR_NOT_SATISFIED] = "not satisfied",
	    [FL_CEDAR_SATISFIED] = "satisfied",
	    [FL_CEDAR_ERROR] = "error, so it does not count",
	};

	fl_buf_add_c(p->out, "  ");
	fl_buf_add_printable(p->out, step->row->id);
	fl_buf_printf(p->out, "  %s  ", effect(step->row));
	add_place(p, step->row, &step->row->policy->span);
	fl_buf_printf(p->out, "  %s\n", verdicts[step->verdict]);
	print_details(p, step);
}

static void print_decision(struct printer *p, const struct fl_cedar_answer *answer)
{
	fl_buf_add_c(p->out, answer->is_allowed       ? "allow: permitted by "
	                     : answer->n_reasons == 0 ? "deny: no policy permits"
	                                              : "deny: forbidden by ");
	for (size_t i = 0; i < answer->n_reasons; i++) {
		if (i > 0)
			fl_buf_add_c(p->out, ", ");
		fl_buf_add_printable(p->out, answer->reasons[i]->id);
	}
	fl_buf_add_char(p->out, '\n');
}

void fl_cedar_explanation_print(struct fl_buf *out, const struct fl_cedar_explanation *why)
{
	struct printer p = {.out = out};

	fl_buf_init(&p.piece, PIECE_BYTES);
	print_decision(&p, &why->answer);
	for (size_t i = 0; i < why->n_steps; i++)
		print_step(&p, &why->steps[i]);
	if (why->n_others > 0)
		fl_buf_printf(out, "  and %zu polic%s that cannot concern this request\n",
		              why->n_others, why->n_others == 1 ? "y" : "ies");
	fl_buf_fini(&p.piece);
}

/* ---- JSON ---- */

static void json_place(struct printer *p, const struct fl_cedar_span *span)
{
	fl_json_add_u64(p->json, "line", span->line);
	fl_json_add_u64(p->json, "column", span->column);
}

static void json_scope(struct printer *p, const struct fl_cedar_step *step)
{
	const char *name;
	const struct fl_cedar_scope *scope = scope_of(step, &name);

	fl_json_object(p->json, "scope");
	fl_json_add(p->json, "text", scope_text(p, name, scope));
	json_place(p, &scope->span);
	fl_json_end(p->json);
}

static void json_clause(struct printer *p, const struct fl_cedar_step *step)
{
	fl_json_object(p->json, "clause");
	fl_json_add_u64(p->json, "index", step->clause);
	fl_json_add_c(p->json, "kind", clause_kind(step));
	json_place(p, &step->row->policy->clauses[step->clause].span);
	fl_json_end(p->json);
	fl_json_object(p->json, "part");
	fl_json_add(p->json, "text", expr_text(p, step->part));
	if (step->verdict == FL_CEDAR_NOT_SATISFIED)
		fl_json_add_bool(p->json, "is_true", step->part_is_true);
	json_place(p, &step->part->span);
	fl_json_end(p->json);
}

static void json_values(struct printer *p, const struct fl_cedar_step *step)
{
	fl_json_array(p->json, "values");
	for (size_t i = 0; i < step->n_values; i++) {
		fl_json_object(p->json, NULL);
		fl_json_add(p->json, "text", expr_text(p, step->values[i].expr));
		fl_json_add(p->json, "value", value_text(p, step->values[i].value));
		fl_json_end(p->json);
	}
	fl_json_end(p->json);
}

static void json_step(struct printer *p, const struct fl_cedar_step *step)
{
	fl_json_object(p->json, NULL);
	fl_json_add(p->json, "policy", step->row->id);
	fl_json_add_c(p->json, "effect", effect(step->row));
	fl_json_add_c(p->json, "verdict", fl_cedar_verdict_name(step->verdict));
	if (step->row->policy->file != NULL)
		fl_json_add_c(p->json, "file", step->row->policy->file);
	json_place(p, &step->row->policy->span);
	if (step->verdict == FL_CEDAR_OUT_OF_SCOPE)
		json_scope(p, step);
	if (step->verdict == FL_CEDAR_NOT_SATISFIED || step->verdict == FL_CEDAR_ERROR)
		json_clause(p, step);
	if (step->verdict == FL_CEDAR_NOT_SATISFIED)
		json_values(p, step);
	if (step->verdict == FL_CEDAR_ERROR)
		fl_json_add(p->json, "message", fault_text(p, &step->fault));
	fl_json_end(p->json);
}

static void json_answer(struct fl_json *j, const struct fl_cedar_answer *answer)
{
	fl_json_add_c(j, "decision", answer->is_allowed ? "allow" : "deny");
	fl_json_array(j, "reason");
	for (size_t i = 0; i < answer->n_reasons; i++)
		fl_json_add(j, NULL, answer->reasons[i]->id);
	fl_json_end(j);
	fl_json_array(j, "errors");
	for (size_t i = 0; i < answer->n_errors; i++)
		fl_json_add(j, NULL, answer->errors[i].row->id);
	fl_json_end(j);
}

void fl_cedar_answer_json(struct fl_json *j, const char *key, const struct fl_cedar_answer *answer)
{
	fl_json_object(j, key);
	json_answer(j, answer);
	fl_json_end(j);
}

void fl_cedar_explanation_json(struct fl_json *j, const char *key,
                               const struct fl_cedar_explanation *why)
{
	struct printer p = {.json = j};

	fl_buf_init(&p.piece, PIECE_BYTES);
	fl_json_object(j, key);
	json_answer(j, &why->answer);
	fl_json_array(j, "policies");
	for (size_t i = 0; i < why->n_steps; i++)
		json_step(&p, &why->steps[i]);
	fl_json_end(j);
	fl_json_add_u64(j, "not_concerned", why->n_others);
	fl_json_end(j);
	fl_buf_fini(&p.piece);
}
