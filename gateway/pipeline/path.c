/* gateway/pipeline/path.c - the one form of a path
 * SPDX-License-Identifier: Apache-2.0
 *
 * As long as nothing had to change, what was written is what was read (`out` is NULL).
 */
#include "gateway/pipeline/path.h"

enum class {
	BAD = '.', /* may not stand in a path; so may no byte above 127 */
	DATA = 'd', /* stands for itself, raw only: escaped it stays escaped */
	UNRESERVED = 'u', /* stands for itself, raw or escaped */
	ENCODE = 'e', /* is escaped */
	SLASH = '/',
	PERCENT = '%',
	BACKSLASH = '\\',
	SEMICOLON = ';',
};

static const char class_of[256] = /* 16 bytes of ASCII a line */
    "................"
    "................"
    ".de.d%ddddddduu/"
    "uuuuuuuuuud;ede."
    "duuuuuuuuuuuuuuu"
    "uuuuuuuuuuue\\eeu"
    "euuuuuuuuuuuuuuu"
    "uuuuuuuuuuueeeu.";

/* One more than the value of a hexadecimal digit. */
static const uint8_t hex_plus_one[256] = {
    ['0'] = 1,	['1'] = 2,  ['2'] = 3,	['3'] = 4,  ['4'] = 5,	['5'] = 6,  ['6'] = 7,	['7'] = 8,
    ['8'] = 9,	['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

#define ESCAPE_LEN 3u /* "%2F" */

struct work {
	struct fl_arena *arena;
	const unsigned char *in;
	size_t in_n, at; /* read up to here */
	char *out;
	size_t n; /* written; without `out`: n == at */
	size_t segment; /* where the present one begins in what was written */
	bool has_encoded_slash;
};

/* From now on the output differs from the input. False without memory. */
static bool part(struct work *w)
{
	if (w->out)
		return true;
	w->out = fl_arena_alloc(w->arena, w->in_n * ESCAPE_LEN);
	if (w->out)
		memcpy(w->out, w->in, w->n);
	return w->out != NULL;
}

static enum fl_path_fault keep(struct work *w, size_t n)
{
	if (w->out)
		memcpy(w->out + w->n, w->in + w->at, n);
	w->n += n;
	w->at += n;
	return FL_PATH_OK;
}

static enum fl_path_fault put(struct work *w, char c, size_t read)
{
	if (!part(w))
		return FL_PATH_E_MEMORY;
	w->out[w->n++] = c;
	w->at += read;
	return FL_PATH_OK;
}

static enum fl_path_fault put_escape(struct work *w, unsigned char byte, size_t read)
{
	static const char digits[] = "0123456789ABCDEF";

	if (!part(w))
		return FL_PATH_E_MEMORY;
	w->out[w->n++] = '%';
	w->out[w->n++] = digits[byte >> 4];
	w->out[w->n++] = digits[byte & 15];
	w->at += read;
	return FL_PATH_OK;
}

static enum fl_path_fault end_segment(const struct work *w)
{
	const char *text = w->out ? w->out : (const char *)w->in;
	size_t n = w->n - w->segment;

	text += w->segment;
	if ((n == 1 && text[0] == '.') || (n == 2 && text[0] == '.' && text[1] == '.'))
		return FL_PATH_E_DOT_SEGMENT;
	return FL_PATH_OK;
}

static enum fl_path_fault slash(struct work *w)
{
	enum fl_path_fault fault = end_segment(w);

	if (fault != FL_PATH_OK)
		return fault;
	if (w->n == w->segment && w->n != 0)
		return FL_PATH_E_EMPTY_SEGMENT;
	(void)keep(w, 1);
	w->segment = w->n;
	return FL_PATH_OK;
}

/* The byte that is escaped at `at`, or -1. */
static int peek_escape(const struct work *w, size_t at)
{
	if (at > w->in_n || w->in_n - at < ESCAPE_LEN || w->in[at] != '%')
		return -1;
	unsigned high = hex_plus_one[w->in[at + 1]], low = hex_plus_one[w->in[at + 2]];

	return high && low ? (int)((high - 1) * 16 + (low - 1)) : -1;
}

static enum fl_path_fault keep_escape(struct work *w, unsigned char byte)
{
	bool is_upper = w->in[w->at + 1] < 'a' && w->in[w->at + 2] < 'a';

	return is_upper ? keep(w, ESCAPE_LEN) : put_escape(w, byte, ESCAPE_LEN);
}

/* A whole character, so that cut-off and overlong ones are seen. */
static enum fl_path_fault utf8(struct work *w, unsigned char first)
{
	size_t n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	char bytes[4];

	for (size_t i = 0; i < n; i++) {
		int byte = peek_escape(w, w->at + i * ESCAPE_LEN);

		if (byte < 0)
			return FL_PATH_E_UTF8;
		bytes[i] = (char)byte;
	}
	if (!fl_str_is_utf8(fl_str_n(bytes, n)))
		return FL_PATH_E_UTF8;
	for (size_t i = 0; i < n; i++) {
		enum fl_path_fault fault = keep_escape(w, (unsigned char)bytes[i]);

		if (fault != FL_PATH_OK)
			return fault;
	}
	return FL_PATH_OK;
}

static enum fl_path_fault encoded_slash(struct work *w)
{
	enum fl_path_fault fault = end_segment(w);

	if (fault == FL_PATH_OK)
		fault = keep_escape(w, '/');
	w->segment = w->n;
	w->has_encoded_slash = true;
	return fault;
}

static enum fl_path_fault escape(struct work *w)
{
	int byte = peek_escape(w, w->at);

	if (byte < 0)
		return FL_PATH_E_ESCAPE;
	if (byte < 0x20 || byte == 0x7f)
		return FL_PATH_E_CONTROL;
	if (byte == '\\')
		return FL_PATH_E_BACKSLASH;
	if (byte == '/')
		return encoded_slash(w);
	if (byte >= 0x80)
		return utf8(w, (unsigned char)byte);
	if (class_of[byte] == UNRESERVED)
		return put(w, (char)byte, ESCAPE_LEN);
	return keep_escape(w, (unsigned char)byte);
}

static enum fl_path_fault step(struct work *w)
{
	switch ((enum class)class_of[w->in[w->at]]) {
	case DATA:
	case UNRESERVED:
		return keep(w, 1);
	case ENCODE:
		return put_escape(w, w->in[w->at], 1);
	case SLASH:
		return slash(w);
	case PERCENT:
		return escape(w);
	case BACKSLASH:
		return FL_PATH_E_BACKSLASH;
	case SEMICOLON:
		return FL_PATH_E_SEMICOLON;
	case BAD:
	default:
		return FL_PATH_E_CHARACTER;
	}
}

enum fl_path_fault fl_path_canonical(struct fl_arena *arena, struct fl_str raw,
				     struct fl_path *ret)
{
	struct work w = {.arena = arena, .in = (const unsigned char *)raw.p, .in_n = raw.n};
	enum fl_path_fault fault = FL_PATH_OK;

	if (raw.n == 0 || raw.p[0] != '/')
		return FL_PATH_E_RELATIVE;
	while (fault == FL_PATH_OK && w.at < w.in_n)
		fault = step(&w);
	if (fault == FL_PATH_OK)
		fault = end_segment(&w);
	if (fault == FL_PATH_OK)
		*ret = (struct fl_path){.text = w.out ? fl_str_n(w.out, w.n) : raw,
					.has_encoded_slash = w.has_encoded_slash};
	return fault;
}

#define REFUSED .title = "Ambiguous path", .status = 400, .must_close = true

static const struct fl_problem_type problems[FL_PATH_FAULTS] = {
	[FL_PATH_E_RELATIVE] = {"path_relative", REFUSED, .detail =
		"The path does not begin with \"/\"."},
	[FL_PATH_E_CHARACTER] = {"path_character", REFUSED, .detail =
		"The path holds a byte that no path may hold. Percent-encode it as UTF-8."},
	[FL_PATH_E_SEMICOLON] = {"path_semicolon", REFUSED, .detail =
		"The path holds \";\", at which some readers cut it. Send it as \"%3B\"."},
	[FL_PATH_E_BACKSLASH] = {"path_backslash", REFUSED, .detail =
		"The path holds \"\\\", raw or escaped, which some readers take for \"/\"."},
	[FL_PATH_E_ESCAPE] = {"path_escape", REFUSED, .detail =
		"The path holds a \"%\" without two hexadecimal digits after it. A \"%\" itself is "
		"sent as \"%25\"."},
	[FL_PATH_E_CONTROL] = {"path_control", REFUSED, .detail =
		"The path holds an escaped control byte (%00 to %1F, %7F)."},
	[FL_PATH_E_UTF8] = {"path_utf8", REFUSED, .detail =
		"The escaped bytes of the path are not well-formed UTF-8."},
	[FL_PATH_E_EMPTY_SEGMENT] = {"path_empty_segment", REFUSED, .detail =
		"The path holds \"//\", which some readers take for \"/\". Send one."},
	[FL_PATH_E_DOT_SEGMENT] = {"path_dot_segment", REFUSED, .detail =
		"The path holds \".\" or \"..\" as a segment. Send the path that it leads to."},
};

const struct fl_problem_type *fl_path_problem(enum fl_path_fault fault)
{
	FL_ASSERT(fault > FL_PATH_OK && fault < FL_PATH_FAULTS);
	return fault == FL_PATH_E_MEMORY ? fl_problem_type(FL_PROBLEM_MEMORY) : &problems[fault];
}
