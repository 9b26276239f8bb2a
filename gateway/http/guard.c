/* gateway/http/guard.c - refuse what two parsers could read in two ways
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/http/guard.h"

#include "base/macros.h"

#define HOST_MAX 262u /* 255 bytes of a name, brackets or dot, and a port */

/* ALPHA, DIGIT and !#$%&'*+-.^`|~ (a token of RFC 9110 section 5.6.2, but "_", which some servers
 * take for "-"). */
const unsigned char fl_guard_lower[256] = {
    /* clang-format off */
    [0x20] = 0, '!', 0, '#', '$', '%', '&', '\'', 0, 0, '*', '+', 0, '-', '.', 0,
    [0x30] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0, 0, 0, 0, 0, 0,
    [0x40] = 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    [0x50] = 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0, 0, 0, '^', 0,
    [0x60] = '`', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    [0x70] = 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0, '|', 0, '~', 0,
    /* clang-format on */
};

static bool is_name(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (fl_guard_lower[(unsigned char)s.p[i]] == 0)
			return false;
	return s.n > 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Is one of these bytes below 0x20 or 0x7f? HTAB is looked at again by the caller. */
static bool may_be_control(const char p[8])
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	uint64_t x;

	memcpy(&x, p, sizeof x);
	uint64_t below = (x - ones * 0x20) & ~x, del = x ^ (ones * 0x7f);

	return ((below | ((del - ones) & ~del)) & highs) != 0;
}

static bool is_value(struct fl_str s)
{
	for (size_t i = 0; i < s.n;) {
		if (s.n - i >= 8 && !may_be_control(s.p + i)) {
			i += 8;
			continue;
		}
		unsigned char c = (unsigned char)s.p[i++];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

bool fl_guard_is_target(struct fl_str target)
{
	for (size_t i = 0; i < target.n; i++) {
		unsigned char c = (unsigned char)target.p[i];

		if (c <= 0x20 || c >= 0x7f || c == '#')
			return false;
	}
	return target.n > 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_port(struct fl_str s)
{
	uint64_t port;

	return s.n <= 5 && fl_str_to_u64(s, &port) && port <= 65535;
}

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

bool fl_guard_split_host(struct fl_str host, struct fl_str *name)
{
	size_t n = 0;

	if (host.n > 0 && host.p[0] == '[') {
		for (n = 1;
		     n < host.n && (is_hex(host.p[n]) || host.p[n] == ':' || host.p[n] == '.');)
			n++;
		if (n == 1 || n == host.n || host.p[n] != ']')
			return false;
		n++;
	} else {
		while (n < host.n && is_host_byte(host.p[n]))
			n++;
	}
	if (n == 0 || host.n > HOST_MAX)
		return false;
	*name = fl_str_n(host.p, n);
	return n == host.n ||
	       (host.p[n] == ':' && is_port(fl_str_n(host.p + n + 1, host.n - n - 1)));
}

/* ---- the request line ---- */

static enum fl_refusal check_version(const char *version, struct fl_guard_request *ret)
{
	if (strncmp(version, "HTTP/1.", 7) != 0 || version[7] == '\0' || version[8] != '\0')
		return FL_REFUSAL_REQUEST_LINE;
	ret->is_http10 = version[7] == '0';
	return version[7] == '0' || version[7] == '1' ? FL_REFUSAL_NONE : FL_REFUSAL_VERSION;
}

static enum fl_refusal check_method(struct fl_str method, struct fl_guard_request *ret)
{
	ret->method = fl_method_parse(method);
	if (ret->method != FL_METHOD_N)
		return FL_REFUSAL_NONE;
	if (fl_str_is(method, "CONNECT") || fl_str_is(method, "TRACE"))
		return FL_REFUSAL_METHOD_DENIED;
	return is_name(method) ? FL_REFUSAL_METHOD_UNKNOWN : FL_REFUSAL_METHOD;
}

static enum fl_refusal check_request_line(const struct fl_guard_head *head,
                                          const struct fl_guard_limits *limits,
                                          struct fl_guard_request *ret)
{
	size_t method_n = strnlen(head->method, head->head_bytes), line_n;
	enum fl_refusal refusal;

	if (__builtin_add_overflow(method_n, head->target.n, &line_n) || line_n > SIZE_MAX / 2 ||
	    line_n + 2 + 8 + 4 > head->head_bytes || head->raw != head->method + method_n + 1 ||
	    head->version != head->raw + head->target.n + 1)
		return FL_REFUSAL_REQUEST_LINE;
	refusal = check_method(fl_str_n(head->method, method_n), ret);
	if (refusal == FL_REFUSAL_NONE)
		refusal = check_version(head->version, ret);
	if (refusal != FL_REFUSAL_NONE)
		return refusal;
	if (head->target.n > limits->max_target_bytes)
		return FL_REFUSAL_TARGET_LONG;
	return fl_guard_is_target(head->target) ? FL_REFUSAL_NONE : FL_REFUSAL_TARGET;
}

static bool strip_scheme(struct fl_str *target)
{
	static const struct fl_str schemes[] = {FL_STR_INIT("http://"), FL_STR_INIT("https://")};

	for (size_t i = 0; i < FL_ARRAY_LEN(schemes); i++) {
		struct fl_str scheme = schemes[i];

		if (target->n >= scheme.n &&
		    fl_str_eq_nocase(fl_str_n(target->p, scheme.n), scheme)) {
			*target = fl_str_n(target->p + scheme.n, target->n - scheme.n);
			return true;
		}
	}
	return false;
}

/* Origin form, or absolute form of the authority that Host names (RFC 9112 section 3.2). */
static enum fl_refusal split_target(struct fl_str target, struct fl_guard_request *ret)
{
	if (target.p[0] != '/') {
		size_t n = 0;

		if (!strip_scheme(&target))
			return FL_REFUSAL_TARGET;
		while (n < target.n && target.p[n] != '/' && target.p[n] != '?')
			n++;
		if (!fl_str_eq_nocase(fl_str_n(target.p, n), ret->host))
			return FL_REFUSAL_HOST_DIFFERS;
		target = fl_str_n(target.p + n, target.n - n);
	}
	ret->path = fl_str_split(target, '?', &ret->query);
	if (ret->path.n == 0)
		ret->path = FL_STR("/");
	return FL_REFUSAL_NONE;
}

/* ---- the fields ---- */

struct seen {
	size_t hosts_n, lengths_n, codings_n, expects_n;
	struct fl_str length, coding, expect;
};

/* Notes the fields that frame or address the message. */
static void note(const struct fl_guard_field *f, struct seen *seen, struct fl_guard_request *ret)
{
	switch (f->name.n) {
	case 4:
		if (fl_str_eq_nocase(f->name, FL_STR("host")) && seen->hosts_n++ == 0)
			ret->host = fl_str_trim(f->value);
		break;
	case 6:
		if (fl_str_eq_nocase(f->name, FL_STR("expect")) && seen->expects_n++ == 0)
			seen->expect = f->value;
		break;
	case 10:
		if (fl_str_eq_nocase(f->name, FL_STR("connection")) && ret->connections_n++ == 0)
			ret->connection = f->value;
		break;
	case 14:
		if (fl_str_eq_nocase(f->name, FL_STR("content-length")) && seen->lengths_n++ == 0)
			seen->length = f->value;
		break;
	case 17:
		if (fl_str_eq_nocase(f->name, FL_STR("transfer-encoding")) &&
		    seen->codings_n++ == 0)
			seen->coding = f->value;
		break;
	default:
		break;
	}
}

/* Does this field begin at `at` and end, CRLF included, not after `end`? Returns where the next one
 * begins, or NULL. */
static const char *follow(const char *at, const char *end, const struct fl_guard_field *f)
{
	const char *value;

	if (f->name.p != at || f->name.n >= (size_t)(end - at))
		return NULL;
	at += f->name.n; /* the colon's place */
	if (*at != '\0')
		return NULL;
	value = ++at;
	while (at < end && is_blank(*at))
		at++;
	if (f->value.p != at || f->value.p < value || f->value.n + 2 > (size_t)(end - at))
		return NULL;
	at += f->value.n;
	return at[0] == '\0' && at[1] == '\0' ? at + 2 : NULL;
}

static enum fl_refusal check_fields(const struct fl_guard_head *head, struct seen *seen,
                                    struct fl_guard_request *ret)
{
	const char *end = head->method + head->head_bytes, *next = head->version + 8;

	if (next[0] != '\0' || next[1] != '\0')
		return FL_REFUSAL_HEAD;
	next += 2;
	for (size_t i = 0; i < head->fields_n; i++) {
		const struct fl_guard_field *f = &head->fields[i];

		if (f->name.n == 0)
			return FL_REFUSAL_HEAD;
		next = follow(next, end, f);
		if (!next)
			return FL_REFUSAL_HEAD;
		if (!is_name(f->name))
			return FL_REFUSAL_FIELD_NAME;
		if (!is_value(f->value))
			return FL_REFUSAL_FIELD_VALUE;
		note(f, seen, ret);
	}
	return end - next == 2 && next[0] == '\0' && next[1] == '\0' ? FL_REFUSAL_NONE
	                                                             : FL_REFUSAL_HEAD;
}

static enum fl_refusal check_host(const struct seen *seen, const struct fl_guard_request *ret)
{
	struct fl_str name;

	if (seen->hosts_n > 1)
		return FL_REFUSAL_HOST_REPEATED;
	if (seen->hosts_n == 0)
		return ret->is_http10 ? FL_REFUSAL_NONE : FL_REFUSAL_HOST_MISSING;
	return fl_guard_split_host(ret->host, &name) ? FL_REFUSAL_NONE : FL_REFUSAL_HOST;
}

static enum fl_refusal check_coding(const struct seen *seen, struct fl_guard_request *ret)
{
	if (seen->lengths_n > 0)
		return FL_REFUSAL_FRAMING;
	if (seen->codings_n > 1)
		return FL_REFUSAL_CODING_REPEATED;
	if (ret->is_http10)
		return FL_REFUSAL_CODING_10;
	ret->is_chunked = true;
	return fl_str_eq_nocase(seen->coding, FL_STR("chunked")) ? FL_REFUSAL_NONE
	                                                         : FL_REFUSAL_CODING;
}

static enum fl_refusal check_framing(const struct seen *seen, struct fl_guard_request *ret)
{
	if (seen->codings_n > 0)
		return check_coding(seen, ret);
	if (seen->lengths_n > 1)
		return FL_REFUSAL_LENGTH_REPEATED;
	if (seen->lengths_n == 1 && !fl_str_to_u64(seen->length, &ret->content_length))
		return FL_REFUSAL_LENGTH;
	ret->has_length = seen->lengths_n == 1;
	return FL_REFUSAL_NONE;
}

static enum fl_refusal check_expect(const struct seen *seen, struct fl_guard_request *ret)
{
	if (seen->expects_n == 0)
		return FL_REFUSAL_NONE;
	if (seen->expects_n > 1 || !fl_str_eq_nocase(seen->expect, FL_STR("100-continue")))
		return FL_REFUSAL_EXPECT;
	ret->expects_continue = !ret->is_http10;
	return ret->is_chunked || ret->content_length > 0 ? FL_REFUSAL_NONE
	                                                  : FL_REFUSAL_EXPECT_EMPTY;
}

enum fl_refusal fl_guard_check(const struct fl_guard_head *head,
                               const struct fl_guard_limits *limits, struct fl_guard_request *ret)
{
	struct seen seen = {.hosts_n = 0};
	enum fl_refusal refusal;

	*ret = (struct fl_guard_request){.method = FL_METHOD_N};
	if ((refusal = check_request_line(head, limits, ret)) != FL_REFUSAL_NONE)
		return refusal;
	if (head->head_bytes > limits->max_head_bytes)
		return FL_REFUSAL_HEAD_LARGE;
	if (head->fields_n > limits->max_fields)
		return FL_REFUSAL_FIELDS;
	if ((refusal = check_fields(head, &seen, ret)) != FL_REFUSAL_NONE ||
	    (refusal = check_host(&seen, ret)) != FL_REFUSAL_NONE ||
	    (refusal = check_framing(&seen, ret)) != FL_REFUSAL_NONE ||
	    (refusal = check_expect(&seen, ret)) != FL_REFUSAL_NONE)
		return refusal;
	return split_target(head->target, ret);
}
