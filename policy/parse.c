/* policy/parse.c - policies: annotations, scope, clauses
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/parse.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/parser.h"

/* One policy's lists; grows when one is larger. */
#define SCRATCH_BYTES 4096u

static bool annotation(struct fl_cedar_parser *p, struct fl_cedar_policy *policy)
{
	struct fl_cedar_span start = p->lx.token.span;
	struct fl_cedar_annotation a = {0};

	fl_cedar_parser_next(p);
	/* Any word will do, reserved ones too. */
	a.key = p->lx.token.text;
	if (!fl_cedar_parser_expect(p, FL_CEDAR_T_IDENT, "the key of an annotation"))
		return false;
	if (fl_cedar_parser_accept(p, FL_CEDAR_T_LPAREN)) {
		a.has_value = true;
		if (!fl_cedar_parser_string(p, "the value of the annotation, a string", &a.value) ||
		    !fl_cedar_parser_expect(p, FL_CEDAR_T_RPAREN, "`)`"))
			return false;
	}
	a.span = fl_cedar_parser_span(p, start);
	policy->annotations = fl_cedar_parser_grow(p, policy->annotations, policy->n_annotations,
	                                           sizeof *policy->annotations);
	if (policy->annotations == NULL)
		return false;
	policy->annotations[policy->n_annotations++] = a;
	return true;
}

static int compare_annotations(const void *a, const void *b)
{
	const struct fl_cedar_annotation *const *x = a, *const *y = b;
	int d = fl_str_cmp((*x)->key, (*y)->key);

	return d != 0 ? d : ((*x)->span.at > (*y)->span.at) - ((*x)->span.at < (*y)->span.at);
}

/* Sorted, so that many annotations cost no square. */
static bool annotations_are_unique(struct fl_cedar_parser *p, const struct fl_cedar_policy *policy)
{
	size_t n = policy->n_annotations;
	const struct fl_cedar_annotation **sorted =
	    n < 2 ? NULL : fl_arena_array(&p->scratch, n, sizeof *sorted);

	if (n < 2)
		return true;
	if (sorted == NULL) {
		(void)fl_cedar_parser_no_memory(p);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = &policy->annotations[i];
	qsort(sorted, n, sizeof *sorted, compare_annotations);
	for (size_t i = 1; i < n; i++) {
		if (!fl_str_eq(sorted[i]->key, sorted[i - 1]->key))
			continue;
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, sorted[i]->span,
		                           "the annotation @%.*s is there twice",
		                           FL_STR_ARGS(sorted[i]->key));
		return false;
	}
	return true;
}

struct scope_rule {
	const char *name;
	const char *slot; /* NULL: none */
	enum fl_cedar_slots slot_bit;
	bool is_action;
};

static bool push_uid(struct fl_cedar_parser *p, struct fl_cedar_scope *scope,
                     struct fl_cedar_span span, struct fl_str type, struct fl_str id)
{
	size_t n = scope->n_uids;

	scope->uids = fl_cedar_parser_grow(p, scope->uids, n, sizeof *scope->uids);
	scope->uid_spans = fl_cedar_parser_grow(p, scope->uid_spans, n, sizeof *scope->uid_spans);
	const struct fl_cedar_uid *uid = fl_cedar_parser_uid(p, span, type, id);

	if (scope->uids == NULL || scope->uid_spans == NULL || uid == NULL)
		return false;
	scope->uids[n] = uid;
	scope->uid_spans[n] = span;
	scope->n_uids++;
	return true;
}

/* An action's type is `Action` in any namespace. */
static bool is_action_type(struct fl_str type)
{
	static const struct fl_str word = FL_STR_INIT("Action"), tail = FL_STR_INIT("::Action");

	return fl_str_eq(type, word) ||
	       (type.n > tail.n && fl_str_eq(fl_str_n(type.p + type.n - tail.n, tail.n), tail));
}

static bool scope_entity(struct fl_cedar_parser *p, const struct scope_rule *rule,
                         struct fl_cedar_scope *scope)
{
	struct fl_cedar_span start = p->lx.token.span;
	const char *what = rule->is_action ? "an action such as Action::\"view\""
	                                   : "an entity such as User::\"ann\"";
	struct fl_str type, id;

	if (!fl_cedar_parser_path(p, what, &type) ||
	    !fl_cedar_parser_expect(p, FL_CEDAR_T_PATH, "`::` and the id of the entity") ||
	    !fl_cedar_parser_string(p, "the id of the entity, a string", &id))
		return false;
	if (rule->is_action && !is_action_type(type)) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, start,
		                           "the type of an action is `Action`, not `%.*s`",
		                           FL_STR_ARGS(type));
		return false;
	}
	return push_uid(p, scope, fl_cedar_parser_span(p, start), type, id);
}

/* entity | slot | "(" the same ")" | for actions "[" entities "]" */
static bool scope_operand(struct fl_cedar_parser *p, const struct scope_rule *rule, bool may_list,
                          struct fl_cedar_policy *policy, struct fl_cedar_scope *scope)
{
	unsigned parens = 0;

	while (fl_cedar_parser_accept(p, FL_CEDAR_T_LPAREN))
		if (++parens > FL_CEDAR_NESTING_MAX) {
			(void)fl_cedar_parser_fail(p, FL_CEDAR_E_LIMIT, p->lx.token.span,
			                           "nested deeper than %u levels",
			                           FL_CEDAR_NESTING_MAX);
			return false;
		}
	if (p->lx.token.kind == FL_CEDAR_T_QUESTION) {
		struct fl_cedar_span start = p->lx.token.span;

		fl_cedar_parser_next(p);
		if (rule->slot == NULL || !fl_cedar_lexer_is(&p->lx, rule->slot) ||
		    p->lx.token.span.at != start.at + 1) {
			(void)fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, start,
			                           rule->slot == NULL
			                               ? "the scope of `%s` takes no slot"
			                               : "the only slot here is ?%s",
			                           rule->name);
			return false;
		}
		fl_cedar_parser_next(p);
		scope->is_slot = true;
		policy->slots |= (unsigned)rule->slot_bit;
	} else if (may_list && fl_cedar_parser_accept(p, FL_CEDAR_T_LBRACKET)) {
		scope->kind = FL_CEDAR_SCOPE_IN_LIST;
		while (p->lx.token.kind != FL_CEDAR_T_RBRACKET) {
			if (!scope_operand(p, rule, false, policy, scope))
				return false;
			if (!fl_cedar_parser_accept(p, FL_CEDAR_T_COMMA))
				break;
		}
		if (!fl_cedar_parser_expect(p, FL_CEDAR_T_RBRACKET, "`,` or `]`"))
			return false;
	} else if (!scope_entity(p, rule, scope)) {
		return false;
	}
	for (; parens > 0; parens--)
		if (!fl_cedar_parser_expect(p, FL_CEDAR_T_RPAREN, "`)`"))
			return false;
	return true;
}

static bool scope_type(struct fl_cedar_parser *p, const struct scope_rule *rule,
                       struct fl_cedar_scope *scope)
{
	if (rule->is_action) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
		                           "`is` cannot stand in the scope of `action`");
		return false;
	}
	fl_cedar_parser_next(p);
	scope->type_span = p->lx.token.span;
	if (!fl_cedar_parser_path(p, "the name of an entity type", &scope->type))
		return false;
	scope->type_span = fl_cedar_parser_span(p, scope->type_span);
	scope->kind = FL_CEDAR_SCOPE_IS;
	if (p->lx.token.kind == FL_CEDAR_T_EQ) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
		                           "`is` goes with `in`, not with `==`");
		return false;
	}
	return true;
}

static bool scope(struct fl_cedar_parser *p, const struct scope_rule *rule,
                  struct fl_cedar_policy *policy, struct fl_cedar_scope *s)
{
	struct fl_cedar_span start = p->lx.token.span;
	char what[48];

	(void)snprintf(what, sizeof what, "the scope variable `%s`", rule->name);
	if (!fl_cedar_lexer_is(&p->lx, rule->name)) {
		(void)fl_cedar_parser_expected(p, what);
		return false;
	}
	fl_cedar_parser_next(p);
	if (fl_cedar_lexer_is(&p->lx, "is") && !scope_type(p, rule, s))
		return false;
	if (s->kind == FL_CEDAR_SCOPE_ANY && fl_cedar_parser_accept(p, FL_CEDAR_T_EQ)) {
		s->kind = FL_CEDAR_SCOPE_EQ;
		if (!scope_operand(p, rule, false, policy, s))
			return false;
	} else if (fl_cedar_lexer_is(&p->lx, "in")) {
		fl_cedar_parser_next(p);
		s->kind = s->kind == FL_CEDAR_SCOPE_IS ? FL_CEDAR_SCOPE_IS_IN : FL_CEDAR_SCOPE_IN;
		if (!scope_operand(p, rule, rule->is_action, policy, s))
			return false;
	} else if (p->lx.token.kind == FL_CEDAR_T_COLON) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, p->lx.token.span,
		                           "a type is given with `is`, not with `:`");
		return false;
	}
	s->span = fl_cedar_parser_span(p, start);
	s->uids = fl_cedar_parser_keep(p, s->uids, s->n_uids, sizeof *s->uids);
	s->uid_spans = fl_cedar_parser_keep(p, s->uid_spans, s->n_uids, sizeof *s->uid_spans);
	return p->code == 0;
}

static bool scopes(struct fl_cedar_parser *p, struct fl_cedar_policy *policy)
{
	static const struct scope_rule rules[] = {
	    {"principal", "principal", FL_CEDAR_SLOT_PRINCIPAL, false},
	    {"action", NULL, 0, true},
	    {"resource", "resource", FL_CEDAR_SLOT_RESOURCE, false},
	};
	struct fl_cedar_scope *parts[] = {&policy->principal, &policy->action, &policy->resource};

	if (!fl_cedar_parser_expect(p, FL_CEDAR_T_LPAREN, "`(` and the scope"))
		return false;
	for (size_t i = 0; i < FL_ARRAY_LEN(rules); i++) {
		if (!scope(p, &rules[i], policy, parts[i]))
			return false;
		if (i + 1 < FL_ARRAY_LEN(rules) &&
		    !fl_cedar_parser_expect(p, FL_CEDAR_T_COMMA, "`,`, `==`, `in` or `is`"))
			return false;
	}
	(void)fl_cedar_parser_accept(p, FL_CEDAR_T_COMMA);
	return fl_cedar_parser_expect(p, FL_CEDAR_T_RPAREN, "`)`, `==`, `in` or `is`");
}

static bool clause(struct fl_cedar_parser *p, struct fl_cedar_policy *policy)
{
	struct fl_cedar_clause c = {.is_unless = fl_cedar_lexer_is(&p->lx, "unless")};
	struct fl_cedar_span start = p->lx.token.span;

	fl_cedar_parser_next(p);
	if (!fl_cedar_parser_expect(p, FL_CEDAR_T_LBRACE, "`{` and a condition"))
		return false;
	c.body = fl_cedar_parser_expr(p);
	if (c.body == NULL || !fl_cedar_parser_expect(p, FL_CEDAR_T_RBRACE, "an operator or `}`"))
		return false;
	c.span = fl_cedar_parser_span(p, start);
	policy->clauses =
	    fl_cedar_parser_grow(p, policy->clauses, policy->n_clauses, sizeof *policy->clauses);
	if (policy->clauses == NULL)
		return false;
	policy->clauses[policy->n_clauses++] = c;
	return true;
}

static struct fl_cedar_policy *parse_policy(struct fl_cedar_parser *p)
{
	struct fl_cedar_span start = p->lx.token.span;
	struct fl_cedar_policy *policy = fl_arena_zalloc(p->arena, sizeof *policy);

	if (policy == NULL)
		return fl_cedar_parser_no_memory(p);
	policy->file = p->file;
	while (p->lx.token.kind == FL_CEDAR_T_AT)
		if (!annotation(p, policy))
			return NULL;
	policy->is_forbid = fl_cedar_lexer_is(&p->lx, "forbid");
	if (!policy->is_forbid && !fl_cedar_lexer_is(&p->lx, "permit"))
		return fl_cedar_parser_expected(p, "`permit`, `forbid` or an annotation");
	fl_cedar_parser_next(p);
	if (!annotations_are_unique(p, policy) || !scopes(p, policy))
		return NULL;
	while (fl_cedar_lexer_is(&p->lx, "when") || fl_cedar_lexer_is(&p->lx, "unless"))
		if (!clause(p, policy))
			return NULL;
	if (!fl_cedar_parser_expect(p, FL_CEDAR_T_SEMICOLON, "`when`, `unless` or `;`"))
		return NULL;
	policy->annotations = fl_cedar_parser_keep(p, policy->annotations, policy->n_annotations,
	                                           sizeof *policy->annotations);
	policy->clauses =
	    fl_cedar_parser_keep(p, policy->clauses, policy->n_clauses, sizeof *policy->clauses);
	policy->span = fl_cedar_parser_span(p, start);
	policy->source = fl_str_n(p->lx.text.p + policy->span.at, policy->span.len);
	return p->code == 0 ? policy : NULL;
}

/* Goes behind the next `;`. False at the end, or where the text cannot be read any further. */
static bool resynchronise(struct fl_cedar_parser *p)
{
	p->depth = 0;
	while (p->lx.token.kind != FL_CEDAR_T_END && p->lx.token.kind != FL_CEDAR_T_BAD) {
		bool is_end = p->lx.token.kind == FL_CEDAR_T_SEMICOLON;

		fl_cedar_parser_next(p);
		if (is_end)
			return true;
	}
	return false;
}

static bool begin(struct fl_cedar_parser *p, struct fl_str text, size_t max_bytes)
{
	struct fl_cedar_span start = {.line = 1, .column = 1};

	if (text.n > max_bytes) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_LIMIT, start,
		                           "the text has %zu bytes; at most %zu are read", text.n,
		                           max_bytes);
		return false;
	}
	if (!fl_str_is_utf8(text)) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_SYNTAX, start, "the text is not UTF-8");
		return false;
	}
	fl_cedar_lexer_init(&p->lx, text);
	fl_arena_init(&p->scratch, SCRATCH_BYTES, p->arena->max_bytes);
	return true;
}

static void end(struct fl_cedar_parser *p)
{
	fl_arena_fini(&p->scratch);
	fl_map_fini(&p->uids);
}

static size_t limit(const size_t *given, size_t standard)
{
	return given == NULL || *given == 0 ? standard : *given;
}

/* Checks what can be known only behind the policy. */
static bool keep(struct fl_cedar_parser *p, struct fl_cedar_policy *policy,
                 const struct fl_cedar_limits *limits, struct fl_cedar_policies_ast *ret)
{
	size_t bytes =
	    limit(limits == NULL ? NULL : &limits->policy_bytes, FL_CEDAR_POLICY_BYTES_MAX);
	size_t count = limit(limits == NULL ? NULL : &limits->policies, FL_CEDAR_POLICIES_MAX);

	if (policy->span.len > bytes) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_LIMIT, policy->span,
		                           "the policy has %u bytes; at most %zu are read",
		                           policy->span.len, bytes);
		return false;
	}
	if (ret->n >= count) {
		(void)fl_cedar_parser_fail(p, FL_CEDAR_E_LIMIT, policy->span,
		                           "more than %zu policies", count);
		return false;
	}
	ret->policies = fl_cedar_grow(p->arena, ret->policies, ret->n, sizeof *ret->policies);
	if (ret->policies == NULL) {
		(void)fl_cedar_parser_no_memory(p);
		return false;
	}
	ret->policies[ret->n++] = policy;
	return true;
}

int fl_cedar_parse_policies(struct fl_arena *arena, struct fl_str text, const char *file,
                            const struct fl_cedar_limits *limits, struct fl_cedar_policies_ast *ret,
                            struct fl_problems *problems)
{
	struct fl_cedar_parser p = {.arena = arena, .problems = problems, .file = file};
	struct fl_cedar_policies_ast out = {0};
	int first = 0;

	if (!begin(&p, text,
	           limit(limits == NULL ? NULL : &limits->text_bytes, FL_CEDAR_TEXT_BYTES_MAX)))
		return p.code;
	while (p.lx.token.kind != FL_CEDAR_T_END) {
		struct fl_cedar_policy *policy = parse_policy(&p);
		bool is_read = policy != NULL;

		fl_arena_reset(&p.scratch);
		if (is_read)
			(void)keep(&p, policy, limits, &out);
		if (p.code == 0)
			continue;
		if (first == 0)
			first = p.code;
		/* A crossed count would be crossed again and again. */
		if (p.code == FL_CEDAR_E_MEMORY || (is_read && p.code == FL_CEDAR_E_LIMIT))
			break;
		p.code = 0;
		if (!resynchronise(&p))
			break;
	}
	end(&p);
	if (first == 0)
		*ret = out;
	return first;
}

int fl_cedar_parse_expr(struct fl_arena *arena, struct fl_str text, const char *file,
                        struct fl_cedar_expr **ret, struct fl_problems *problems)
{
	struct fl_cedar_parser p = {.arena = arena, .problems = problems, .file = file};
	struct fl_cedar_expr *x = NULL;

	if (begin(&p, text, FL_CEDAR_TEXT_BYTES_MAX))
		x = fl_cedar_parser_expr(&p);
	if (x != NULL && p.lx.token.kind != FL_CEDAR_T_END)
		(void)fl_cedar_parser_expected(&p, "an operator or the end of the text");
	end(&p);
	if (p.code == 0)
		*ret = x;
	return p.code;
}

const struct fl_str *fl_cedar_policy_annotation(const struct fl_cedar_policy *policy,
                                                const char *key)
{
	for (size_t i = 0; i < policy->n_annotations; i++)
		if (fl_str_is(policy->annotations[i].key, key))
			return &policy->annotations[i].value;
	return NULL;
}
