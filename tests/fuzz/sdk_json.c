/* tests/fuzz/sdk_json.c - the SDK's JSON reader and writer
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the reader takes, decoding its strings and writing them again must be readable and
 * decode to the same.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include <fairlead/sdk/json.h>

static void check_string(fairlead_str raw)
{
	size_t cap = raw.n * 6 + 16;
	char *one = malloc(cap), *two = malloc(cap), *three = malloc(cap);
	sdk_text decoded, written, again;
	fairlead_str back;
	sdk_json j;

	if (one == NULL || two == NULL || three == NULL)
		abort();
	decoded = sdk_text_in(one, cap);
	written = sdk_text_in(two, cap);
	again = sdk_text_in(three, cap);
	sdk_json_decode(&decoded, raw);
	if (decoded.is_full || decoded.n > raw.n)
		abort();
	sdk_add_json(&written, sdk_text_str(&decoded));
	j = sdk_json_over(sdk_text_str(&written));
	if (written.is_full || !sdk_json_string(&j, &back) || !sdk_json_done(&j))
		abort();
	sdk_json_decode(&again, back);
	if (!sdk_str_eq(sdk_text_str(&decoded), sdk_text_str(&again)))
		abort();
	free(one);
	free(two);
	free(three);
}

/* Walks with the pull interface; the depth is bounded by the reader. */
static void walk(sdk_json *j)
{
	fairlead_str s;
	char c = sdk_json_peek(j);

	if (c == '{') {
		(void)sdk_json_object(j);
		while (sdk_json_key(j, &s)) {
			check_string(s);
			walk(j);
		}
	} else if (c == '[') {
		(void)sdk_json_array(j);
		while (sdk_json_item(j))
			walk(j);
	} else if (c == '"') {
		if (sdk_json_string(j, &s))
			check_string(s);
	} else {
		(void)sdk_json_skip(j, &s);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fairlead_str text = sdk_str_n((const char *)data, size);
	sdk_json walked = sdk_json_over(text), skipped = sdk_json_over(text);

	walk(&walked);
	(void)sdk_json_skip(&skipped, NULL);
	if (sdk_json_done(&walked) != sdk_json_done(&skipped))
		abort();
	return 0;
}
