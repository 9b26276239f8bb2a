/* fairlead/sdk/config.h - reading a connector's configuration by a table of keys
 * SPDX-License-Identifier: Apache-2.0
 *
 * Compiled into a connector; no part of the ABI. One row per key, each with a function that reads
 * the value; unknown and repeated keys are refused. The first problem is kept in `why` with the
 * JSON Pointer of its place: what create() tells the host.
 *
 *	static int read_url(sdk_config *c)
 *	{
 *		return sdk_config_string(c, &((struct fairlead_inst *)c->target)->url);
 *	}
 *	static const sdk_config_key keys[] = {{"url", read_url}};
 *
 *	sdk_config c;
 *	sdk_config_over(&c, args->config_json, inst, inst->text, args->config_json.n);
 *	if (!sdk_config_keys(&c, keys, 1) || !sdk_config_done(&c))
 *		return sdk_refuse(host, args->self, FAIRLEAD_E_INVAL, sdk_text_str(&c.why));
 *
 * Decoded strings are put into memory of the caller and live as long as it; they are never longer
 * than the text they come from.
 */
#ifndef FAIRLEAD_SDK_CONFIG_H
#define FAIRLEAD_SDK_CONFIG_H

#include "json.h"

typedef struct sdk_config {
	sdk_json json;
	sdk_text strings; /* where decoded strings go */
	sdk_text path;    /* JSON Pointer of the value that is read */
	sdk_text why;     /* the first problem; empty: none */
	void *target;     /* what the rows write to */
	char path_memory[256], why_memory[512];
} sdk_config;

typedef struct sdk_config_key {
	const char *name;
	/* Reads one value from c->json. 1, or 0 after sdk_config_bad() or an error of the reader.
	 */
	int (*read)(sdk_config *c);
} sdk_config_key;

/* `memory` must have room for the decoded strings: the size of `text` always suffices. */
static inline void sdk_config_over(sdk_config *c, fairlead_str text, void *target, char *memory,
                                   size_t memory_n)
{
	c->json = sdk_json_over(text);
	c->strings = sdk_text_in(memory, memory_n);
	c->path = sdk_text_in(c->path_memory, sizeof c->path_memory);
	c->why = sdk_text_in(c->why_memory, sizeof c->why_memory);
	c->target = target;
}

/* Notes what is wrong with the present value, unless something is noted already. Returns 0. */
static inline int sdk_config_bad(sdk_config *c, const char *what)
{
	if (c->why.n != 0)
		return 0;
	sdk_add_c(&c->why, "config ");
	sdk_add(&c->why, sdk_text_str(&c->path));
	sdk_add_c(&c->why, c->path.n == 0 ? "(whole): " : ": ");
	sdk_add_c(&c->why, what);
	return 0;
}

/* Reads an object by its table. At most 64 keys. */
static inline int sdk_config_keys(sdk_config *c, const sdk_config_key *keys, size_t n)
{
	uint64_t seen = 0;
	fairlead_str key;
	size_t outer = c->path.n, i;

	(void)sdk_json_object(&c->json);
	while (sdk_json_key(&c->json, &key)) {
		c->path.n = outer;
		sdk_add_c(&c->path, "/");
		sdk_add(&c->path, key);
		for (i = 0; i < n && !sdk_json_is(key, keys[i].name); i++)
			;
		if (i == n)
			return sdk_config_bad(c, "no such key");
		if ((seen & (UINT64_C(1) << i)) != 0)
			return sdk_config_bad(c, "the key is there twice");
		seen |= UINT64_C(1) << i;
		if (!keys[i].read(c))
			return sdk_config_bad(c, c->json.error == NULL ? "not a good value"
			                                               : c->json.error);
	}
	if (c->json.error != NULL)
		return sdk_config_bad(c, c->json.error);
	c->path.n = outer;
	return 1;
}

/* 1: all was read and no problem noted. */
static inline int sdk_config_done(sdk_config *c)
{
	if (c->why.n == 0 && !sdk_json_done(&c->json))
		return sdk_config_bad(c, c->json.error);
	return c->why.n == 0;
}

/* A string, decoded and without NUL bytes. */
static inline int sdk_config_string(sdk_config *c, fairlead_str *ret)
{
	size_t start = c->strings.n;
	fairlead_str raw;

	if (!sdk_json_string(&c->json, &raw))
		return 0;
	sdk_json_decode(&c->strings, raw);
	if (c->strings.is_full)
		return sdk_config_bad(c, "the configuration is too long");
	*ret = sdk_str_n(c->strings.p + start, c->strings.n - start);
	if (ret->n != 0 && memchr(ret->p, '\0', ret->n) != NULL)
		return sdk_config_bad(c, "a NUL byte has no place here");
	return 1;
}

/* A duration as the gateway writes it: "250ms", "5s", "1m"; from 1 ms to 1 h. */
static inline int sdk_config_duration_ms(sdk_config *c, uint32_t *ret)
{
	static const char bad[] =
	    "a duration from \"1ms\" to \"1h\" is expected, such as \"250ms\" or \"5s\"";
	fairlead_str s;
	uint64_t v = 0;
	size_t i;

	if (!sdk_json_string(&c->json, &s))
		return sdk_config_bad(c, bad);
	for (i = 0; i < s.n && i < 7 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		v = v * 10u + (uint64_t)(s.p[i] - '0');
	s = sdk_str_n(s.p + i, s.n - i);
	v *= sdk_str_is(s, "ms")  ? 1u
	     : sdk_str_is(s, "s") ? 1000u
	     : sdk_str_is(s, "m") ? 60000u
	     : sdk_str_is(s, "h") ? 3600000u
	                          : 0u;
	if (v == 0 || v > 3600000u)
		return sdk_config_bad(c, bad);
	*ret = (uint32_t)v;
	return 1;
}

#endif
