/* gateway/config/json.c - characters that JSON writes as two escapes
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON is YAML but for one thing: a character beyond U+FFFF is "\ud83d\ude00" in JSON and
 * "\U0001f600" in YAML. A text that is JSON as far as its bytes tell gets the latter, and blanks
 * behind the string for the two bytes that are saved, so that nothing else moves.
 */
#include "config.h" /* _GNU_SOURCE, for memmem() */

#include "gateway/config/tree.h"

#include <stdio.h>

#define PAIR_BYTES 12u /* \ud83d\ude00 */
#define YAML_BYTES 10u /* \U0001f600 */

struct reader {
	struct fl_str text;
	size_t at;
	char *out;
	size_t out_n, saved;
	char last; /* that is no blank, outside of strings */
};

/* The code unit of the escape at `p`, which has six bytes; 0: it is none. */
static uint32_t unit(const char *p)
{
	uint32_t value = 0;

	if (p[0] != '\\' || p[1] != 'u')
		return 0;
	for (unsigned i = 2; i < 6; i++) {
		char c = (char)(p[i] | 0x20); /* digits have this bit anyway */

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint32_t)(c - 'a' + 10);
		else
			return 0;
	}
	return value;
}

/* 0: there is no pair. */
static uint32_t pair(const struct reader *r)
{
	uint32_t high, low;

	if (r->text.n - r->at < PAIR_BYTES)
		return 0;
	high = unit(r->text.p + r->at);
	low = unit(r->text.p + r->at + PAIR_BYTES / 2);
	if (high < 0xd800 || high > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return 0;
	return 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
}

static void copy(struct reader *r, size_t n)
{
	memcpy(r->out + r->out_n, r->text.p + r->at, n);
	r->out_n += n;
	r->at += n;
}

/* From the opening quote to the closing one, or the end of the text. */
static void copy_string(struct reader *r)
{
	copy(r, 1);
	while (r->at < r->text.n && r->text.p[r->at] != '"') {
		uint32_t c = pair(r);

		if (c != 0) {
			char yaml[YAML_BYTES + 1];

			(void)snprintf(yaml, sizeof yaml, "\\U%08x", (unsigned)c);
			memcpy(r->out + r->out_n, yaml, YAML_BYTES);
			r->out_n += YAML_BYTES;
			r->at += PAIR_BYTES;
			r->saved += PAIR_BYTES - YAML_BYTES;
		} else {
			bool is_escape = r->text.p[r->at] == '\\' && r->text.n - r->at > 1;

			copy(r, is_escape ? 2 : 1);
		}
	}
	if (r->at == r->text.n)
		return;
	copy(r, 1);
	memset(r->out + r->out_n, ' ', r->saved);
	r->out_n += r->saved;
	r->saved = 0;
}

/* False: this is no JSON, and a quote need not be one. */
static bool copy_other(struct reader *r)
{
	char c = r->text.p[r->at];

	if (strchr(" \t\r\n", c) == NULL) {
		if (r->last == '\0' && c != '{')
			return false;
		if (strchr("{}[]:,+-.0123456789aeEflnrstu", c) == NULL)
			return false;
		r->last = c;
	}
	copy(r, 1);
	return true;
}

struct fl_str fl_cfg_join_pairs(struct fl_cfg_load *load, struct fl_str text)
{
	struct reader r = {.text = text};

	if (memmem(text.p, text.n, "\\ud", 3) == NULL && memmem(text.p, text.n, "\\uD", 3) == NULL)
		return text;
	r.out = fl_arena_alloc(&load->scratch, text.n);
	while (r.out != NULL && r.at < text.n) {
		if (text.p[r.at] != '"') {
			if (!copy_other(&r))
				return text;
		} else if (r.last == '\0' || strchr("{[,:", r.last) == NULL) {
			return text;
		} else {
			copy_string(&r);
			r.last = '"';
		}
	}
	return r.out == NULL ? text : fl_str_n(r.out, r.out_n);
}
