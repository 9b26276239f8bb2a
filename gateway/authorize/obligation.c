/* gateway/authorize/obligation.c - what a policy asks for beside its decision
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/authorize/obligation.h"

#include "base/clock.h"
#include "gateway/config/value.h"
#include "gateway/outbound/field.h"
#include "policy/cedar.h"

#define REDACT_MAX 32u /* places that one policy names */
#define TEXT_MAX 1024u /* bytes of an annotation that means something here */
#define TIMEOUT_MAX_NS (3600u * FL_NS_PER_SEC)
#define BODY_MAX ((uint64_t)256u << 20)

enum where { ON_PERMIT = 1, ON_FORBID = 2, ON_ANY = 3 };

struct list { /* of one policy */
	struct fl_obligation *items;
	size_t n;
	bool is_shadow;
};

/* Reads `text`; adds to the list. False: it is malformed. */
typedef bool (*parse_fn)(struct list *list, struct fl_obligation *o, struct fl_str text);

static void add(struct list *list, const struct fl_obligation *o)
{
	list->items[list->n++] = *o;
}

static bool add_number(struct list *list, struct fl_obligation *o, uint64_t number, uint64_t min,
                       uint64_t max)
{
	if (number < min || number > max)
		return false;
	o->number = number;
	add(list, o);
	return true;
}

/* ---- values ---- */

static bool parse_rate(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	struct fl_cfg_rate rate;

	if (!fl_cfg_value_rate(text, &rate))
		return false;
	o->period_ns = rate.period_ns;
	return add_number(list, o, rate.count, 1, FL_CFG_RATE_MAX);
}

static bool parse_timeout(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	uint64_t ns;

	return fl_cfg_value_duration(text, &ns) &&
	       add_number(list, o, ns, FL_NS_PER_MS, TIMEOUT_MAX_NS);
}

/* As in a configuration, and "64k", "1m" for short. */
static bool parse_size(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	char last = text.n == 0 ? '\0' : text.p[text.n - 1];
	unsigned shift = last == 'k' ? 10 : last == 'm' ? 20 : 0;
	uint64_t bytes = 0;
	bool ok = shift == 0 ? fl_cfg_value_size(text, &bytes)
	                     : fl_str_to_u64(fl_str_n(text.p, text.n - 1), &bytes);

	return ok && bytes <= BODY_MAX && add_number(list, o, bytes << shift, 0, BODY_MAX);
}

static bool parse_status(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	uint64_t n;

	return fl_str_to_u64(text, &n) && add_number(list, o, n, 400, 499);
}

static bool parse_approval(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	uint64_t n;

	return fl_str_to_u64(text, &n) && add_number(list, o, n, 1, 10);
}

/* RFC 6901, but for the whole document. */
static bool is_pointer(struct fl_str s)
{
	if (s.n < 2 || s.p[0] != '/')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' ||
		    (s.p[i] == '~' && (i + 1 == s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '1'))))
			return false;
	return true;
}

static bool is_lower_token(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return false;
	return s.n <= 128 && fl_outbound_field_is_token(s);
}

/* A field that a policy may touch: not one that belongs to a connection, frames a message or is
 * what the gateway says of a request itself. */
static bool is_field(struct fl_str name)
{
	return is_lower_token(name) && !fl_outbound_field_is_hop(name) &&
	       !fl_str_is(name, "host") && !fl_str_is(name, "x-request-id") &&
	       !fl_str_is(name, "traceparent");
}

static bool parse_redact(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	size_t n = 0;

	while (text.p != NULL) {
		struct fl_str item = fl_str_trim(fl_str_split(text, ',', &text)), what;
		struct fl_str kind = fl_str_split(item, ':', &what);

		o->is_header = fl_str_is(kind, "header");
		o->text = what;
		if (o->is_header ? !is_field(what) : !fl_str_is(kind, "body") || !is_pointer(what))
			return false;
		if (++n > REDACT_MAX)
			return false;
		add(list, o);
	}
	return true;
}

/* Who somebody is must not come from a policy. */
static bool is_credential(struct fl_str name)
{
	static const char *const names[] = {
	    "authorization", "proxy-authorization", "www-authenticate", "cookie",
	    "set-cookie",    "set-cookie2",         "x-api-key",
	};

	for (size_t i = 0; i < FL_ARRAY_LEN(names); i++)
		if (fl_str_is(name, names[i]))
			return true;
	return false;
}

static bool parse_header_set(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	o->name = fl_str_trim(fl_str_split(text, ':', &o->text));
	o->text = fl_str_trim(o->text);
	if (!is_field(o->name) || is_credential(o->name) || o->text.n == 0 ||
	    !fl_outbound_field_is_value(o->text))
		return false;
	add(list, o);
	return true;
}

static bool parse_log(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	if (!fl_str_is(text, "full"))
		return false;
	add(list, o);
	return true;
}

/* Told to callers: one line. */
static bool parse_advice(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	o->text = text;
	if (text.n == 0 || text.n > 200 || !fl_outbound_field_is_value(text))
		return false;
	add(list, o);
	return true;
}

static bool parse_mode(struct list *list, struct fl_obligation *o, struct fl_str text)
{
	(void)o;
	list->is_shadow = true;
	return fl_str_is(text, "shadow");
}

/* ---- the table ---- */

static const struct row {
	const char *name;
	enum where where;
	enum fl_obligation_kind kind;
	parse_fn parse; /* NULL: for people, not looked at */
	const char *example;
} rows[] = {
    {"rate_limit", ON_PERMIT, FL_OBLIGATION_RATE_LIMIT, parse_rate, "600/min (s, min, h, d, or 1s to 24h)"},
    {"timeout", ON_PERMIT, FL_OBLIGATION_TIMEOUT, parse_timeout, "2s (1ms to 1h)"},
    {"max_body", ON_PERMIT, FL_OBLIGATION_MAX_BODY, parse_size, "64KiB (at most 256MiB)"},
    {"redact", ON_PERMIT, FL_OBLIGATION_REDACT, parse_redact, "body:/customer/ssn, header:x-debug"},
    {"header_set", ON_PERMIT, FL_OBLIGATION_HEADER_SET, parse_header_set, "x-scope: partner"},
    {"log", ON_PERMIT, FL_OBLIGATION_LOG, parse_log, "full"},
    {"advice", ON_FORBID, FL_OBLIGATION_ADVICE, parse_advice, "step_up:mfa"},
    {"status", ON_FORBID, FL_OBLIGATION_STATUS, parse_status, "402 (400 to 499)"},
    {"require_approval", ON_FORBID, FL_OBLIGATION_REQUIRE_APPROVAL, parse_approval, "2 (1 to 10)"},
    {"mode", ON_ANY, FL_OBLIGATION_KINDS, parse_mode, "shadow"},
    {"id", ON_ANY, FL_OBLIGATION_KINDS, NULL, NULL},
    {"owner", ON_ANY, FL_OBLIGATION_KINDS, NULL, NULL},
    {"severity", ON_ANY, FL_OBLIGATION_KINDS, NULL, NULL},
    {"ticket", ON_ANY, FL_OBLIGATION_KINDS, NULL, NULL},
};

static const struct row *find_row(struct fl_str name)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		if (fl_str_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static struct fl_position position(const struct fl_cedar_policy *policy,
                                   const struct fl_cedar_annotation *a)
{
	return (struct fl_position){policy->file, a->span.line, a->span.column};
}

static bool refuse_unknown(const struct fl_cedar_policy *policy,
                           const struct fl_cedar_annotation *a, struct fl_problems *problems)
{
	const char *names[FL_ARRAY_LEN(rows)];
	struct fl_problem *p =
	    fl_problems_add(problems, "policy_annotation_unknown", position(policy, a), FL_STR_NULL,
	                    "there is no annotation @%.*s", FL_STR_ARGS(fl_str_cut(a->key, 80)));

	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		names[i] = rows[i].name;
	const char *near = fl_str_nearest(a->key, names, FL_ARRAY_LEN(names));

	if (near != NULL)
		fl_problem_hint(problems, p, "did you mean @%s?", near);
	else
		fl_problem_hint(problems, p, "annotations of your own begin with @x_");
	return false;
}

static bool read_one(const struct fl_cedar_policy *policy, const struct fl_cedar_annotation *a,
                     struct list *list, struct fl_problems *problems)
{
	const struct row *row = find_row(a->key);
	struct fl_problem *p;

	if (fl_str_starts(a->key, FL_STR("x_")))
		return true;
	if (row == NULL)
		return refuse_unknown(policy, a, problems);
	if ((row->where & (policy->is_forbid ? ON_FORBID : ON_PERMIT)) == 0) {
		p = fl_problems_add(problems, "policy_annotation_misplaced", position(policy, a),
		                    FL_STR_NULL, "@%s means nothing on a %s", row->name,
		                    policy->is_forbid ? "forbid" : "permit");
		fl_problem_hint(problems, p, "it belongs on a %s",
		                policy->is_forbid ? "permit" : "forbid");
		return false;
	}
	struct fl_obligation o = {.kind = row->kind, .at = position(policy, a)};

	if (row->parse == NULL || (a->value.n <= TEXT_MAX && row->parse(list, &o, a->value)))
		return true;
	p = fl_problems_add(problems, "policy_annotation_invalid", position(policy, a), FL_STR_NULL,
	                    "@%s cannot be \"%.*s\"", row->name,
	                    FL_STR_ARGS(fl_str_cut(a->value, 80)));
	fl_problem_hint(problems, p, "for example: %s", row->example);
	return false;
}

bool fl_obligation_is(struct fl_str name)
{
	const struct row *row = find_row(name);

	return row != NULL && row->kind != FL_OBLIGATION_KINDS;
}

bool fl_obligations_read(const struct fl_cedar_policy *policy, struct fl_arena *arena,
                         struct fl_problems *problems, const struct fl_obligation **ret,
                         size_t *ret_n, bool *ret_is_shadow)
{
	/* Each annotation is there once: one entry a row, and more of @redact. */
	struct fl_obligation room[FL_ARRAY_LEN(rows) + REDACT_MAX];
	struct list list = {.items = room};
	bool ok = true;

	for (size_t i = 0; i < policy->n_annotations; i++)
		ok = read_one(policy, &policy->annotations[i], &list, problems) && ok;
	struct fl_obligation *kept = fl_arena_array(arena, list.n, sizeof *kept);

	if (kept != NULL && list.n != 0)
		memcpy(kept, room, list.n * sizeof *kept);
	*ret = kept;
	*ret_n = kept == NULL ? 0 : list.n;
	*ret_is_shadow = list.is_shadow;
	return ok;
}
