/* tests/fuzz/guard.c - the guard against a strict reader of the same bytes
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bytes are laid out as libmicrohttpd lays them out, and read again by a parser that knows
 * nothing of that. What the guard lets pass must be one well-formed head (RFC 9112), seen the same
 * by both; what is well-formed must not be refused for its form.
 */
#include "tests/fuzz/fuzz.h"

#include "base/macros.h"
#include "gateway/http/wire.h"
#include "tests/unit/http/lay.h"

static const struct fl_guard_limits limits = {65536, 200, 16384};

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

static bool is_token_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       is_one_of(c, "!#$%&'*+-.^`|~");
}

/* name ":" value CRLF; the number of bytes, or 0. */
static size_t strict_field(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && is_token_byte(p[i]))
		i++;
	if (i == 0 || i == n || p[i++] != ':')
		return 0;
	for (; i < n && p[i] != '\r'; i++)
		if (((unsigned char)p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f)
			return 0;
	return i + 1 < n && p[i + 1] == '\n' ? i + 2 : 0;
}

/* METHOD SP target SP HTTP/1.0 or 1.1 CRLF; the number of bytes, or 0. */
static size_t strict_line(const char *p, size_t n)
{
	size_t i = 0, begin;

	while (i < n && is_token_byte(p[i]))
		i++;
	if (i == 0 || i == n || p[i++] != ' ')
		return 0;
	for (begin = i; i < n && p[i] > 0x20 && p[i] < 0x7f; i++)
		;
	if (i == begin || n - i < 11 || memcmp(p + i, " HTTP/1.", 8) != 0 ||
	    !is_one_of(p[i + 8], "01") || memcmp(p + i + 9, "\r\n", 2) != 0)
		return 0;
	return i + 11;
}

/* The whole head after empty lines; 0: not strict, or not whole. */
static size_t strict_head(const char *p, size_t n)
{
	size_t i = 0, step;

	while (n - i >= 2 && memcmp(p + i, "\r\n", 2) == 0)
		i += 2;
	step = strict_line(p + i, n - i);
	if (step == 0)
		return 0;
	i += step;
	while (n - i >= 2 && memcmp(p + i, "\r\n", 2) != 0) {
		step = strict_field(p + i, n - i);
		if (step == 0)
			return 0;
		i += step;
	}
	return n - i >= 2 ? i + 2 : 0;
}

static bool is_about_form(enum fl_refusal refusal)
{
	return refusal == FL_REFUSAL_HEAD || refusal == FL_REFUSAL_REQUEST_LINE ||
	       refusal == FL_REFUSAL_FIELD_NAME || refusal == FL_REFUSAL_FIELD_VALUE;
}

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

/* Whatever the pieces, the bytes are judged alike. */
static struct fl_wire feed(struct fl_str bytes, size_t step)
{
	struct fl_wire wire = {.is_bad = false};

	for (size_t at = 0; at < bytes.n; at += step)
		fl_wire_feed(&wire, bytes.p + at, bytes.n - at < step ? bytes.n - at : step);
	return wire;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str bytes = fl_str_n((const char *)data, size);
	struct fl_wire wire = feed(bytes, SIZE_MAX), by_three = feed(bytes, 3);
	size_t strict_n = strict_head(bytes.p, size);
	struct fl_guard_request request;
	struct lay l;

	require(wire.is_past_head == by_three.is_past_head &&
	        (wire.is_bad == by_three.is_bad || !wire.is_past_head) &&
	        wire.ahead_n == by_three.ahead_n);
	if (strict_n)
		require(wire.is_past_head && !wire.is_bad && wire.ahead_n == size - strict_n);
	if (lay_request(&l, bytes) == LAY_HEAD) {
		enum fl_refusal refusal = fl_guard_check(&l.head, &limits, &request);

		if (refusal == FL_REFUSAL_NONE && (wire.is_bad || !wire.is_past_head))
			refusal = FL_REFUSAL_HEAD;
		if (refusal == FL_REFUSAL_NONE)
			require(strict_n && l.left == size - strict_n && l.left == wire.ahead_n);
		if (strict_n)
			require(!is_about_form(refusal) || memchr(bytes.p, '#', strict_n));
	}
	lay_free(&l);
	return 0;
}
