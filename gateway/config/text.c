/* gateway/config/text.c - is it plain UTF-8 text?
 * SPDX-License-Identifier: Apache-2.0
 *
 * libyaml would take UTF-16, and tells byte offsets for what it refuses; here each finding has its
 * line, its column and what to do.
 */
#include "gateway/config/tree.h"

#include <stdio.h>

struct scan {
	const unsigned char *p;
	size_t at, n;
	uint32_t line, column;
};

static void refuse(struct fl_cfg_load *load, const struct fl_cfg_file *file, const struct scan *s,
		   const char *code, const char *what, const char *hint)
{
	struct fl_problem *p =
	    fl_problems_add(load->problems, code,
			    (struct fl_position){file->name, s->line, s->column}, FL_STR_NULL, "%s",
			    what);

	fl_cfg_hint(load, p, "%s", hint);
}

/* Bytes of the sequence at s->at; 0 when it is not well-formed. */
static size_t sequence(const struct scan *s)
{
	const char *p = (const char *)s->p + s->at;
	size_t len = s->p[s->at] < 0x80 ? 1 : s->p[s->at] < 0xe0 ? 2 : s->p[s->at] < 0xf0 ? 3 : 4;

	if (len > s->n - s->at || (len > 1 && !fl_str_is_utf8(fl_str_n(p, len))))
		return 0;
	return len;
}

/* YAML 1.2, 5.1: what may not stand in a text though it is UTF-8. */
static bool is_control(const unsigned char *p, size_t len)
{
	if (len == 1)
		return (p[0] < 0x20 && p[0] != '\t' && p[0] != '\n' && p[0] != '\r') || p[0] == 0x7f;
	if (len == 2)
		return p[0] == 0xc2 && p[1] < 0xa0 && p[1] != 0x85;
	return len == 3 && p[0] == 0xef &&
	       ((p[1] == 0xbb && p[2] == 0xbf) || (p[1] == 0xbf && p[2] >= 0xbe));
}

static bool check_begin(struct fl_cfg_load *load, const struct fl_cfg_file *file,
			const struct scan *s)
{
	if (s->n >= 2 && ((s->p[0] == 0xff && s->p[1] == 0xfe) || (s->p[0] == 0xfe && s->p[1] == 0xff)))
		refuse(load, file, s, "text_encoding", "the file is in UTF-16", "save it as UTF-8");
	else if (s->n >= 3 && memcmp(s->p, "\xef\xbb\xbf", 3) == 0)
		refuse(load, file, s, "text_encoding", "the file begins with a byte order mark",
		       "save it as UTF-8 without BOM");
	else
		return true;
	return false;
}

bool fl_cfg_text_check(struct fl_cfg_load *load, const struct fl_cfg_file *file, struct fl_str text)
{
	struct scan s = {(const unsigned char *)text.p, 0, text.n, 1, 1};

	if (!check_begin(load, file, &s))
		return false;
	while (s.at < s.n) {
		unsigned char c = s.p[s.at];
		size_t len = sequence(&s);
		char what[80];

		if (c == 0) {
			refuse(load, file, &s, "text_nul", "there is a NUL byte in the text",
			       "the file is damaged or not text; restore it");
			return false;
		}
		if (len == 0) {
			(void)snprintf(what, sizeof what, "byte 0x%02x does not belong to UTF-8 text", c);
			refuse(load, file, &s, "text_encoding", what,
			       "save the file as UTF-8; it may be cut off or in another encoding");
			return false;
		}
		if (is_control(s.p + s.at, len)) {
			refuse(load, file, &s, "text_control", "there is an invisible control character",
			       "remove it; in a string write it as an escape, such as \"\\x1b\"");
			return false;
		}
		s.at += len;
		s.column++;
		if (c == '\n' || (c == '\r' && (s.at == s.n || s.p[s.at] != '\n'))) {
			s.line++;
			s.column = 1;
		}
	}
	return true;
}
