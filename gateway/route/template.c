/* gateway/route/template.c - path templates and host patterns, taken apart and checked
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/route/template.h"

#include <stdarg.h>

/* RFC 6901: "~" and "/" of a name are escaped. */
static struct fl_str pointer_of(struct fl_arena *arena, struct fl_str name, const char *field)
{
	struct fl_str out = FL_STR("/routes/");

	for (size_t i = 0, from = 0; i <= name.n; i++) {
		const char *escape;

		if (i < name.n && name.p[i] != '~' && name.p[i] != '/')
			continue;
		escape = i == name.n ? "" : name.p[i] == '~' ? "~0" : "~1";
		out = fl_arena_printf(arena, "%.*s%.*s%s", FL_STR_ARGS(out), (int)(i - from),
		                      name.p + from, escape);
		from = i + 1;
	}
	return fl_arena_printf(arena, "%.*s/match/%s", FL_STR_ARGS(out), field);
}

struct fl_problem *fl_route_problem(const struct fl_route_rule *rule, struct fl_problems *problems,
                                    const char *code, const char *field, const char *fmt, ...)
{
	struct fl_str pointer = pointer_of(problems->arena, rule->name, field), detail;
	va_list ap;

	va_start(ap, fmt);
	detail = fl_arena_vprintf(problems->arena, fmt, ap);
	va_end(ap);
	return fl_problems_add(problems, code, rule->at, pointer, "route \"%.*s\": %.*s",
	                       FL_STR_ARGS(rule->name), FL_STR_ARGS(detail));
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* ---- paths ---- */

/* Refusals of one path: code, what is wrong (after the path), how to mend it. */
static bool refuse(const struct fl_route_rule *rule, struct fl_problems *problems, const char *code,
                   const char *what, const char *hint)
{
	struct fl_problem *p = fl_route_problem(rule, problems, code, "path", "path \"%.*s\" %s",
	                                        FL_STR_ARGS(rule->path), what);

	fl_problem_hint(problems, p, "%s", hint);
	return false;
}

/* The value of "%XX" with upper-case digits, or -1. */
static int escape_value(const char *p, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *high, *low;

	if (n < 3 || !is_in(p[1], digits) || !is_in(p[2], digits))
		return -1;
	high = strchr(digits, p[1]);
	low = strchr(digits, p[2]);
	return (int)((high - digits) * 16 + (low - digits));
}

/* RFC 3986 pchar, in the canonical form that paths are brought to before they are matched. */
static bool is_canonical(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		int value;

		if (is_alnum(s.p[i]) || is_in(s.p[i], "-._~!$&'()+,=:@"))
			continue;
		value = s.p[i] == '%' ? escape_value(s.p + i, s.n - i) : -1;
		if (value < 0 || is_alnum((char)value) || is_in((char)value, "-._~"))
			return false;
		i += 2;
	}
	return true;
}

static bool is_dots(struct fl_str s)
{
	return fl_str_eq(s, FL_STR(".")) || fl_str_eq(s, FL_STR(".."));
}

static bool is_param_name(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
			return false;
	return s.n > 0;
}

static bool parse_param(const struct fl_route_rule *rule, struct fl_problems *problems,
                        struct fl_str name, struct fl_route_template *t)
{
	if (!is_param_name(name))
		return refuse(rule, problems, "route_param_invalid",
		              "has a parameter without a proper name",
		              "a name is letters, digits, \"_\" and \"-\": {order_id}");
	for (size_t i = 0; i < t->n; i++)
		if (t->segments[i].kind == FL_SEGMENT_PARAM && fl_str_eq(t->segments[i].text, name))
			return refuse(rule, problems, "route_param_repeated",
			              "has two parameters of the same name", "rename one of them");
	t->segments[t->n++] = (struct fl_route_segment){FL_SEGMENT_PARAM, name};
	t->params_n++;
	return true;
}

static bool parse_segment(const struct fl_route_rule *rule, struct fl_problems *problems,
                          struct fl_str s, bool is_last, struct fl_route_template *t)
{
	if (t->n == FL_ROUTE_SEGMENTS_MAX)
		return refuse(rule, problems, "route_path_invalid", "has more than 64 segments",
		              "use \"**\" for the rest");
	if (fl_str_eq(s, FL_STR("**"))) {
		if (!is_last)
			return refuse(rule, problems, "route_path_invalid",
			              "has \"**\" before its end",
			              "\"**\" is the last segment or none");
		t->segments[t->n++] = (struct fl_route_segment){FL_SEGMENT_REST, s};
		t->params_n++;
		return true;
	}
	if (s.n >= 2 && s.p[0] == '{' && s.p[s.n - 1] == '}')
		return parse_param(rule, problems, fl_str_n(s.p + 1, s.n - 2), t);
	if (s.n > 0 && (memchr(s.p, '{', s.n) || memchr(s.p, '}', s.n) || memchr(s.p, '*', s.n)))
		return refuse(rule, problems, "route_path_invalid",
		              "has a parameter or \"*\" within a segment",
		              "a parameter is a whole segment, /a/{name}/b; the rest is /**");
	if ((s.n == 0 && !is_last) || is_dots(s))
		return refuse(rule, problems, "route_path_invalid",
		              "has an empty or dot segment, which no request has",
		              "write the path without \"//\", \"/./\" and \"/../\"");
	if (!is_canonical(s))
		return refuse(
		    rule, problems, "route_path_invalid", "is not in canonical form",
		    "percent-encode in upper case, and only what needs it: %C3%A9, not %7e or %c3");
	t->segments[t->n++] = (struct fl_route_segment){FL_SEGMENT_LITERAL, s};
	return true;
}

bool fl_route_template_parse(const struct fl_route_rule *rule, struct fl_problems *problems,
                             struct fl_route_template *ret)
{
	struct fl_str rest = rule->path;

	ret->n = ret->params_n = 0;
	if (rest.n == 0 || rest.p[0] != '/')
		return refuse(rule, problems, "route_path_invalid", "does not begin with \"/\"",
		              "write \"/orders/{id}\", or \"/**\" for every path");
	if (rest.n > FL_ROUTE_TEMPLATE_MAX)
		return refuse(rule, problems, "route_path_invalid", "is longer than 2048 bytes",
		              "use \"**\" for the rest");
	rest = fl_str_n(rest.p + 1, rest.n - 1);
	for (bool is_last = false; !is_last;) {
		struct fl_str tail, segment = fl_str_split(rest, '/', &tail);

		is_last = tail.p == NULL;
		if (!parse_segment(rule, problems, segment, is_last, ret))
			return false;
		rest = tail;
	}
	if (ret->params_n > FL_ROUTE_PARAMS_MAX)
		return refuse(rule, problems, "route_params_too_many",
		              "has more than 16 parameters", "leave some out, or use \"**\"");
	return true;
}

/* ---- hosts ---- */

static bool is_ipv6_literal(struct fl_str s)
{
	if (s.n < 4 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < s.n; i++)
		if (!is_in(s.p[i], "0123456789abcdef:."))
			return false;
	return true;
}

static bool is_host_name(struct fl_str s)
{
	if (s.n == 0 || s.n > FL_ROUTE_HOST_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && (i == 0 || i + 1 == s.n || s.p[i - 1] == '.'))
			return false;
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !is_in(s.p[i], "0123456789-._"))
			return false;
	}
	return true;
}

bool fl_route_host_check(const struct fl_route_rule *rule, struct fl_problems *problems)
{
	struct fl_str host = rule->host, name = host;
	struct fl_problem *p;

	if (fl_str_starts(host, FL_STR("*.")))
		name = fl_str_n(host.p + 2, host.n - 2);
	if (host.n == 0 || is_host_name(name) || is_ipv6_literal(host))
		return true;
	p = fl_route_problem(rule, problems, "route_host_invalid", "host",
	                     "host \"%.*s\" is no host name", FL_STR_ARGS(host));
	fl_problem_hint(
	    problems, p,
	    "lower case and without port: api.example.com, *.example.com, [2001:db8::1]");
	return false;
}

/* ---- header conditions ---- */

static bool is_header_name(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !is_in(s.p[i], "0123456789-!#$%&'*+.^`|~"))
			return false;
	return s.n > 0;
}

bool fl_route_headers_check(const struct fl_route_rule *rule, struct fl_problems *problems)
{
	struct fl_problem *p;

	if (rule->headers_n > FL_ROUTE_HEADERS_MAX) {
		p = fl_route_problem(rule, problems, "route_headers_too_many", "headers",
		                     "%zu header conditions", rule->headers_n);
		fl_problem_hint(problems, p, "at most %u are tested", FL_ROUTE_HEADERS_MAX);
		return false;
	}
	for (size_t i = 0; i < rule->headers_n; i++) {
		struct fl_str name = rule->headers[i].name;
		bool is_repeated = false;

		for (size_t k = 0; k < i; k++)
			is_repeated |= fl_str_eq(rule->headers[k].name, name);
		if (!is_repeated && is_header_name(name))
			continue;
		p = fl_route_problem(rule, problems, "route_header_invalid", "headers",
		                     "header condition \"%.*s\" %s", FL_STR_ARGS(name),
		                     is_repeated ? "is there twice" : "is no header name");
		fl_problem_hint(problems, p,
		                "one condition for each header, named in lower case: x-tenant");
		return false;
	}
	return true;
}
