/* gateway/observe/line.c - one line of the access log, and one of the decision log
 * SPDX-License-Identifier: Apache-2.0
 *
 * On the request path: no printf, no allocation. Each put_ function writes at `at` and returns the
 * place after what it wrote; the caps below keep the whole under FL_ACCESS_LINE_MAX.
 */
#include "gateway/observe/line.h"

#include "base/buf.h"

#define PATH_MAX_BYTES 1024u
#define NAME_MAX_BYTES 256u /* host, user agent */
#define TEXT_MAX_BYTES 128u
#define TEXTS 12u           /* fields of that size */
#define REST_MAX_BYTES 512u /* keys, punctuation, time, numbers */
#define ESCAPE_MAX_BYTES 6u /* \u0000 */

_Static_assert(PATH_MAX_BYTES + 2 * NAME_MAX_BYTES + TEXTS * TEXT_MAX_BYTES + REST_MAX_BYTES <=
                   FL_ACCESS_LINE_MAX,
               "the longest line fits");

#define PUT(at, literal)                                                                           \
	((char *)memcpy((at), (literal), sizeof(literal) - 1) + sizeof(literal) - 1)

static char *put_digits(char *at, unsigned v, unsigned width)
{
	for (unsigned i = width; i-- > 0; v /= 10)
		at[i] = (char)('0' + v % 10);
	return at + width;
}

static char *put_u64(char *at, uint64_t v)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	memcpy(at, digits + n, sizeof digits - n);
	return at + sizeof digits - n;
}

/* Milliseconds with three decimals. */
static char *put_ms(char *at, uint64_t ns)
{
	uint64_t us = ns / 1000;

	at = put_u64(at, us / 1000);
	*at++ = '.';
	return put_digits(at, (unsigned)(us % 1000), 3);
}

static char *put_time(char *at, struct fl_access_clock *clock, uint64_t wall_ns)
{
	uint64_t ms = wall_ns / FL_NS_PER_MS;

	if (ms != clock->millisecond || clock->text[0] == '\0') {
		if (ms / 1000 != clock->second || clock->text[0] == '\0')
			fl_clock_iso(wall_ns, clock->text);
		else /* 2026-11-24T11:17:43.123Z */
			(void)put_digits(clock->text + 20, (unsigned)(ms % 1000), 3);
		clock->second = ms / 1000;
		clock->millisecond = ms;
	}
	memcpy(at, clock->text, FL_CLOCK_ISO_SIZE - 1);
	return at + FL_CLOCK_ISO_SIZE - 1;
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Is one of the eight bytes such that JSON escapes it, or not ASCII? May be wrong in saying yes. */
static bool has_special(uint64_t eight)
{
	uint64_t quote = eight ^ EACH_BYTE('"'), backslash = eight ^ EACH_BYTE('\\');
	uint64_t low = eight - EACH_BYTE(0x20);

	quote -= EACH_BYTE(1);
	backslash -= EACH_BYTE(1);
	return ((low | quote | backslash | eight) & EACH_BYTE(0x80)) != 0;
}

static bool is_special(unsigned char c)
{
	return c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
}

/* How many bytes from `p` can be copied as they are. */
static size_t plain_run(const char *p, size_t n)
{
	size_t i = 0;
	uint64_t eight;

	for (; i + sizeof eight <= n; i += sizeof eight) {
		memcpy(&eight, p + i, sizeof eight);
		if (has_special(eight))
			break;
	}
	while (i < n && !is_special((unsigned char)p[i]))
		i++;
	return i;
}

/* The length of the UTF-8 character at `p`; 1 for a byte that begins none. */
static size_t character(const char *p, size_t n)
{
	for (size_t len = 2; len <= 4 && len <= n; len++)
		if (fl_str_is_utf8(fl_str_n(p, len)))
			return len;
	return 1;
}

/* At most `max` bytes, never half a character. */
static char *put_special_text(char *at, struct fl_str s, size_t max)
{
	char *end = at + max - ESCAPE_MAX_BYTES - 3; /* the last escape and the dots */

	for (size_t i = 0; i < s.n;) {
		if (at > end)
			return PUT(at, "...");
		size_t left = s.n - i, room = (size_t)(end - at) + 1;
		size_t n = plain_run(s.p + i, left < room ? left : room);

		memcpy(at, s.p + i, n);
		at += n;
		i += n;
		if (i == s.n || n == room)
			continue;
		n = (s.p[i] & 0x80) ? character(s.p + i, s.n - i) : 1;
		at += fl_json_escape(at, fl_str_n(s.p + i, n));
		i += n;
	}
	return at;
}

static char *put_text(char *at, struct fl_str s, size_t max)
{
	if (FL_UNLIKELY(s.n > max || plain_run(s.p, s.n) != s.n))
		return put_special_text(at, s, max);
	memcpy(at, s.p, s.n);
	return at + s.n;
}

/* ,"key":"value" */
#define PUT_TEXT(at, key, s, max)                                                                  \
	((s).n == 0 ? (at) : put_quote(put_text(PUT(at, ",\"" key "\":\""), s, max)))

static char *put_quote(char *at)
{
	*at = '"';
	return at + 1;
}

size_t fl_access_line(char *out, struct fl_access_clock *clock, const void *access_record)
{
	const struct fl_access_record *r = access_record;
	char *at = put_time(PUT(out, "{\"time\":\""), clock, r->wall_ns);
	struct fl_str decision = fl_str(r->decision), error = fl_str(r->error);
	struct fl_str auth = fl_str(r->auth), refused = fl_str(r->auth_refused);

	at = put_quote(at);
	at = PUT_TEXT(at, "request_id", r->request_id, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "trace_id", r->trace_id, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "client", r->client, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "method", r->method, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "host", r->host, NAME_MAX_BYTES);
	at = PUT_TEXT(at, "path", r->path, PATH_MAX_BYTES);
	at = put_u64(PUT(at, ",\"status\":"), r->status);
	at = put_u64(PUT(at, ",\"bytes_in\":"), r->bytes_in);
	at = put_u64(PUT(at, ",\"bytes_out\":"), r->bytes_out);
	at = put_ms(PUT(at, ",\"duration_ms\":"), r->duration_ns);
	if (r->upstream_ns != 0)
		at = put_ms(PUT(at, ",\"upstream_ms\":"), r->upstream_ns);
	at = PUT_TEXT(at, "route", r->route, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "instance", r->instance, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "consumer", r->consumer, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "auth", auth, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "user_agent", r->user_agent, NAME_MAX_BYTES);
	at = PUT_TEXT(at, "decision", decision, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "error", error, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "limit", r->limit, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "auth_refused", refused, TEXT_MAX_BYTES);
	at = PUT(at, "}\n");
	return (size_t)(at - out);
}

/* ---- the decision log ---- */

#define UID_MAX_BYTES 256u

_Static_assert(3 * UID_MAX_BYTES + 2 * FL_DECISION_IDS_MAX * (TEXT_MAX_BYTES + 3) +
                       4 * TEXT_MAX_BYTES + FL_DECISION_CONTEXT_MAX + REST_MAX_BYTES <=
                   FL_ACCESS_LINE_MAX,
               "the longest line fits");

/* ["a","b"]; of more than there is room for the first, and "...". */
static char *put_ids(char *at, const struct fl_str *ids, size_t n)
{
	char before = '[';

	for (size_t i = 0; i < n; i++) {
		struct fl_str id =
		    i + 1 == FL_DECISION_IDS_MAX && n > i + 1 ? FL_STR("...") : ids[i];

		if (i == FL_DECISION_IDS_MAX)
			break;
		*at++ = before;
		*at++ = '"';
		at = put_quote(put_text(at, id, TEXT_MAX_BYTES));
		before = ',';
	}
	*at++ = ']';
	return at;
}

size_t fl_decision_line(char *out, struct fl_access_clock *clock, const void *decision_record)
{
	const struct fl_decision_record *r = decision_record;
	struct fl_str decision = fl_str(r->decision), shadow = fl_str(r->shadow);
	char *at = put_time(PUT(out, "{\"time\":\""), clock, r->wall_ns);

	at = put_quote(at);
	at = PUT_TEXT(at, "request_id", r->request_id, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "route", r->route, TEXT_MAX_BYTES);
	at = PUT_TEXT(at, "principal", r->principal, UID_MAX_BYTES);
	at = PUT_TEXT(at, "action", r->action, UID_MAX_BYTES);
	at = PUT_TEXT(at, "resource", r->resource, UID_MAX_BYTES);
	at = PUT_TEXT(at, "decision", decision, TEXT_MAX_BYTES);
	if (r->reasons_n != 0)
		at = put_ids(PUT(at, ",\"reasons\":"), r->reasons, r->reasons_n);
	if (r->errors_n != 0)
		at = put_ids(PUT(at, ",\"errors\":"), r->errors, r->errors_n);
	at = PUT_TEXT(at, "shadow", shadow, TEXT_MAX_BYTES);
	if (r->context_json.n > FL_DECISION_CONTEXT_MAX) {
		at = PUT(at, ",\"context\":\"too long\"");
	} else if (r->context_json.n != 0) {
		at = PUT(at, ",\"context\":");
		memcpy(at, r->context_json.p, r->context_json.n);
		at += r->context_json.n;
	}
	at = PUT(at, "}\n");
	return (size_t)(at - out);
}
